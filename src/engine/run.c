// SPDX-License-Identifier: Apache-2.0
/* engine/run.c - one batch: decide, apply, encode; then copy what it changed.
 *
 * Invariant: after a command the store is either as before (refused, needs rows, read) or
 * what replaying the entry just written would make of it.                               */
#include <string.h>

#include "engine/inside.h"
#include "events.gen.h"

/* No further command starts in a batch that is longer: the longest entry still fits. */
#define BATCH_FULL (TB_BATCH_BYTES_MAX - TB_ENTRY_BYTES_MAX - 4096u)
#define TRIES_MAX 16u
#define LOADS_MAX 32u /* under way for one tenant */
#define SAMPLE_EVERY 16u

static void done(struct tb_flight *f, struct tb_job_request *r, enum tb_finish finish)
{
    r->finish = finish;
    f->done[f->done_n++] = r;
}

/* The answer that the key got before. */
static void repeat(struct tb_cell *c, struct tb_flight *f, struct tb_job_request *r,
                   const struct tb_idem_row *row)
{
    if (row->input != r->input_hash) {
        done(f, r, TB_FINISH_IDEMPOTENCY_MISMATCH);
        return;
    }
    r->answer.code = (enum tb_code)row->code;
    tb_str_put_c(r->answer.field, sizeof r->answer.field, tb_idem_field(row));
    r->answer.body.n = 0;
    r->answer.body.overflowed = false;
    tb_buf_str(&r->answer.body, tb_idem_answer(row));
    r->repeated = true;
    r->seq = row->seq;
    r->tenant_seq = row->tenant_seq;
    cell_count(&c->n_repeats, 1);
    done(f, r, TB_FINISH_DONE);
}

static bool shares(const struct tb_load *l, const struct tb_load *wanted)
{
    if (wanted->history_seq != 0 && l->history_seq == wanted->history_seq)
        return true;
    for (uint32_t i = 0; i < wanted->need_n; i++)
        for (uint32_t k = 0; k < l->need_n; k++)
            if (l->need[k].kind == wanted->need[i].kind && l->need[k].id == wanted->need[i].id)
                return true;
    return false;
}

/* The request waits with the rows that it needs, and with it only those that need them too: a
 * row is under way once, so nobody changes it meanwhile. When the tenant has many loads under
 * way it waits for the newest of them, whatever that brings, and asks again.               */
static void park(struct tb_cell *c, struct tb_flight *f, struct tb_job_request *r,
                 const struct tb_load *wanted)
{
    struct tb_tenant_line *line = &c->fair.line[r->command.tenant];
    struct tb_load *l = line->loads;
    while (l != NULL && !shares(l, wanted))
        l = l->older;
    if (l == NULL && line->loads_n >= LOADS_MAX)
        l = line->loads;
    else if (++r->tries > TRIES_MAX) {
        done(f, r, TB_FINISH_FAULT);
        return;
    }
    bool fresh = l == NULL;
    if (fresh) {
        l = tb_heap_take(sizeof *l);
        *l = *wanted;
        l->tenant = r->command.tenant;
        l->older = line->loads;
        line->loads = l;
        line->loads_n++;
    }
    r->next = NULL;
    if (l->first == NULL)
        l->first = r;
    else
        l->last->next = r;
    l->last = r;
    if (fresh)
        tb_load_ask(c, l);
}

bool tb_run_is_gone(const struct tb_cell *c, struct tb_need n)
{
    for (uint32_t i = 0; i < c->gone_n; i++)
        if (c->gone[i].kind == n.kind && c->gone[i].id == n.id)
            return true;
    return false;
}

static void note_gone(struct tb_cell *c, struct tb_dirty d)
{
    uint32_t kept = 0;
    uint32_t now = c->core.store.batch;
    for (uint32_t i = 0; i < c->gone_n; i++)
        if (now - c->gone[i].batch <= c->o.flights + 4)
            c->gone[kept++] = c->gone[i];
    c->gone_n = kept;
    if (c->gone_n == c->gone_cap) {
        c->gone_cap = c->gone_cap ? c->gone_cap * 2 : 16;
        c->gone = tb_heap_resize(c->gone, c->gone_cap * sizeof *c->gone);
    }
    c->gone[c->gone_n++] = (struct tb_gone){d.id, d.kind, now};
}

static void need(struct tb_cell *c, struct tb_flight *f, struct tb_job_request *r)
{
    struct tb_load l = {.need_n = c->txn.need_n};
    tb_assert(l.need_n > 0);
    memcpy(l.need, c->txn.need, l.need_n * sizeof *l.need);
    tb_txn_undo(&c->txn);
    for (uint32_t i = 0; i < l.need_n; i++)
        if (tb_run_is_gone(c, l.need[i])) {
            done(f, r, TB_FINISH_FAULT);
            return;
        }
    park(c, f, r, &l);
}

void tb_run_note_dirty(struct tb_cell *c, uint32_t from, uint32_t tenant)
{
    uint32_t n = c->core.store.dirty_n;
    if (n > c->dirty_tenant_cap) {
        c->dirty_tenant_cap = n * 2;
        c->dirty_tenant = tb_heap_resize(c->dirty_tenant,
                                         c->dirty_tenant_cap * sizeof *c->dirty_tenant);
    }
    for (uint32_t i = from; i < n; i++)
        c->dirty_tenant[i] = tenant;
}

void tb_run_touch(struct tb_cell *c, uint32_t tenant)
{
    struct tb_tenant_line *line = &c->fair.line[tenant];
    if (line->seq_batch == c->core.store.batch)
        return;
    line->seq_batch = c->core.store.batch;
    if (c->touched_n == c->touched_cap) {
        c->touched_cap = c->touched_cap ? c->touched_cap * 2 : 64;
        c->touched = tb_heap_resize(c->touched, c->touched_cap * sizeof *c->touched);
    }
    c->touched[c->touched_n++] = tenant;
}

static void write_entry(struct tb_cell *c, struct tb_flight *f, struct tb_job_request *r,
                        struct tb_str events)
{
    const struct tb_txn *t = &c->txn;
    struct tb_tenant_line *line = &c->fair.line[r->command.tenant];
    bool keyed = r->key_hash != 0;
    struct tb_entry e = {
        .tenant = r->command.tenant,
        .tenant_seq = ++line->seq,
        .seq = ++c->seq,
        .now_ms = t->now_ms,
        .command = r->command.op,
        .code = r->answer.code,
        .actor = r->command.actor,
        .member = events.n ? t->member : 0,
        .prev_seq = events.n ? t->member_prev_seq : 0,
        .key_hash = r->key_hash,
        .input_hash = keyed ? r->input_hash : 0,
        .answer = keyed ? tb_buf_as_str(&r->answer.body) : TB_STR_NONE,
        .field = r->answer.field[0] != 0 ? tb_str_of(r->answer.field) : TB_STR_NONE,
        .bytes = events,
    };
    tb_batch_entry(&f->writer, &e);
    r->seq = e.seq;
    r->tenant_seq = e.tenant_seq;
    tb_run_touch(c, e.tenant);
    if (!keyed)
        return;
    struct tb_idem_row row = {.key = e.key_hash,
                              .input = e.input_hash,
                              .seq = e.seq,
                              .tenant_seq = e.tenant_seq,
                              .tenant = e.tenant,
                              .at_s = (uint32_t)(e.now_ms / 1000),
                              .code = (uint16_t)e.code};
    tb_idem_add(&c->idem, &row, e.answer, e.field);
}

/* A refusal changes nothing; with a key it is kept. */
static void refused(struct tb_cell *c, struct tb_flight *f, struct tb_job_request *r)
{
    tb_txn_undo(&c->txn);
    cell_count(&c->n_refusals, 1);
    if (!tb_op_reads(r->command.op) && r->key_hash != 0)
        write_entry(c, f, r, TB_STR_NONE);
    done(f, r, TB_FINISH_DONE);
}

static void decided(struct tb_cell *c, struct tb_flight *f, struct tb_job_request *r, bool reads)
{
    struct tb_txn *t = &c->txn;
    struct tb_answer *a = &r->answer;
    if (reads) {
        tb_assert(t->events.n == 0 && t->undo_n == 0);
        tb_txn_commit(t);
        done(f, r, a->body.overflowed ? TB_FINISH_TOO_LARGE : TB_FINISH_DONE);
        return;
    }
    if (t->events.overflowed || a->body.overflowed || a->body.n > TB_ANSWER_BYTES_MAX) {
        a->code = TB_CODE_TOO_LARGE;
        a->body.n = 0;
        a->body.overflowed = false;
        refused(c, f, r);
        return;
    }
    tb_assert(t->undo_n == 0 || t->events.n > 0);
    struct tb_str events = tb_buf_as_str(&t->events);
    uint32_t from = c->core.store.dirty_n;
    tb_txn_commit(t);
    tb_run_note_dirty(c, from, r->command.tenant);
    if (events.n > 0 || r->key_hash != 0)
        write_entry(c, f, r, events);
    if (r->inside == REQUEST_FIRE || r->inside == REQUEST_JOB)
        ((struct tb_internal *)r)->wrote = events.n > 0;
    done(f, r, TB_FINISH_DONE);
}

/* Few commands look at their random bytes: those of one that did not are the next one's. */
static const uint8_t *entropy(struct tb_cell *c)
{
    if (c->txn.drew)
        c->entropy_at++;
    c->txn.drew = false;
    if (c->entropy_at >= ENTROPY_SETS) {
        c->host->entropy(c->host->user, c->entropy, (size_t)ENTROPY_SETS * TB_ENTROPY_BYTES);
        c->entropy_at = 0;
    }
    return c->entropy + (size_t)c->entropy_at * TB_ENTROPY_BYTES;
}

static void run_one(struct tb_cell *c, struct tb_flight *f, struct tb_job_request *r)
{
    bool reads = tb_op_reads(r->command.op);
    if (r->key_hash != 0 && !reads) {
        const struct tb_idem_row *row;
        uint64_t history_seq;
        switch (tb_idem_find(&c->idem, r->command.tenant, r->key_hash, &row, &history_seq)) {
        case TB_IDEM_NEW:
            break;
        case TB_IDEM_ROW:
            repeat(c, f, r, row);
            return;
        case TB_IDEM_COLD:
            park(c, f, r, &(struct tb_load){.history_seq = history_seq});
            return;
        }
    }
    r->answer.code = TB_CODE_OK;
    r->answer.field[0] = 0;
    r->answer.body.n = 0;
    r->answer.body.overflowed = false;
    r->seq = c->seq;
    tb_arena_reset(&c->scratch);
    tb_txn_begin(&c->txn, r->command.tenant, c->now_ms, c->seq + 1, entropy(c));
    switch (tb_core_run(&c->core, &c->txn, &r->command, &r->answer)) {
    case TB_DONE:
        decided(c, f, r, reads);
        return;
    case TB_REFUSED:
        tb_assert(r->answer.code != TB_CODE_OK);
        refused(c, f, r);
        return;
    case TB_NEED:
        need(c, f, r);
        return;
    }
    tb_assert(false);
}

/* Cache misses of commands to come overlap with the running one: each stage of a command goes
 * one pointer deeper, STRIDE commands after the stage before it. So what was fetched is used
 * before it is pushed out again. GROUP commands at a time: a command's own instructions are
 * more than the nearest cache holds, so what runs between two of them is fetched anew.      */
#define STRIDE 5u
#define GROUP 4u
#define STAGES (2u + TB_PREFETCH_PASSES)
#define CARRIED 64u
_Static_assert(STAGES * STRIDE + GROUP <= CARRIED, "what is carried lasts until it is used");

static void prefetch(struct tb_cell *c, const struct tb_job_request *r, uint32_t stage,
                     struct tb_prefetch *carry)
{
    if (stage == 0) {
        for (uint32_t i = 0; i < 3; i++) /* up to where the answer's number goes */
            __builtin_prefetch((const char *)r + i * 64, 1);
    } else if (stage == 1) {
        *carry = (struct tb_prefetch){0};
        for (uint32_t i = 0; i < 3; i++)
            __builtin_prefetch((const char *)r->command.input + i * 64);
        if (r->key_hash != 0)
            tb_idem_prefetch(&c->idem, r->command.tenant, r->key_hash);
    } else {
        tb_core_prefetch(&c->core, &r->command, stage - 2, carry);
    }
}

/* Before command i of the n from first on; i < 0: nothing runs yet. */
static void prefetch_ahead(struct tb_cell *c, uint32_t first, int32_t i, uint32_t n,
                           struct tb_prefetch *carry)
{
#pragma GCC unroll 8
    for (uint32_t stage = 0; stage < STAGES; stage++) {
        int32_t of = i + (int32_t)((STAGES - stage) * STRIDE);
        if (of >= 0 && of < (int32_t)n)
            prefetch(c, c->picked[first + (uint32_t)of], stage, &carry[(uint32_t)of % CARRIED]);
    }
}

void tb_run_batch(struct tb_cell *c, struct tb_flight *f)
{
    uint32_t n = c->picked_n - c->picked_at;
    uint32_t first = c->picked_at;
    tb_batch_begin(&f->writer, f->body, TB_BATCH_BYTES_MAX);
    f->at_ms = c->now_ms;
    f->first_seq = c->seq + 1;
    uint32_t ran = 0;
    struct tb_prefetch carry[CARRIED] = {0};
    for (int32_t i = -(int32_t)(STAGES * STRIDE); i < 0; i++)
        prefetch_ahead(c, first, i, n, carry);
    for (uint32_t i = 0; i < n && f->writer.out.n <= BATCH_FULL; i++) {
        for (uint32_t k = 0; i % GROUP == 0 && k < GROUP; k++)
            prefetch_ahead(c, first, (int32_t)(i + k), n, carry);
        struct tb_job_request *r = c->picked[c->picked_at++];
        bool sampled = ++c->sample % SAMPLE_EVERY == 0;
        int64_t from = sampled ? cell_mono_ns(c) : 0;
        tb_core_ahead(&c->core, &r->command, &carry[i % CARRIED]);
        run_one(c, f, r);
        if (sampled)
            tb_fair_measured(&c->fair, r->command.op, cell_mono_ns(c) - from);
        ran++;
    }
    tb_batch_end(&f->writer);
    f->last_seq = c->seq;
    cell_count(&c->n_commands, ran);
    cell_count(&c->n_entries, f->writer.entries);
    tb_run_collect(c, &f->images);
}

static void put_u64(uint8_t **p, uint64_t v)
{
    memcpy(*p, &v, sizeof v);
    *p += sizeof v;
}

/* The engine's own records: where the counters and the tenants' feeds stand. */
static void collect_engine(struct tb_cell *c, struct tb_image_list *to)
{
    if (c->touched_n == 0)
        return;
    uint8_t *p = tb_image_list_add(to, TB_KIND_ENGINE, 0, 0, (2 + TB_COUNTERS_MAX) * 8);
    put_u64(&p, c->seq);
    put_u64(&p, TB_COUNTERS_MAX);
    for (uint32_t i = 0; i < TB_COUNTERS_MAX; i++)
        put_u64(&p, c->core.store.counter[i]);
    for (uint32_t i = 0; i < c->touched_n; i++) {
        uint32_t tenant = c->touched[i];
        p = tb_image_list_add(to, TB_KIND_ENGINE, (uint64_t)tenant + 1, tenant, 8);
        put_u64(&p, c->fair.line[tenant].seq);
    }
    c->touched_n = 0;
}

void tb_run_collect(struct tb_cell *c, struct tb_image_list *to)
{
    struct tb_store *s = &c->core.store;
    to->n = 0;
    for (uint32_t i = 0; i < s->dirty_n; i++) {
        struct tb_dirty d = s->dirty[i];
        uint32_t tenant = c->dirty_tenant[i];
        struct tb_block *b = tb_store_get(s, d.kind, d.id);
        if (b == NULL) {
            (void)tb_image_list_add(to, d.kind, d.id, tenant, TB_IMAGE_DROPPED);
            if (s->shape[d.kind].sparse)
                note_gone(c, d);
        } else {
            tb_image_list_add_block(to, b, tenant);
        }
        tb_timers_dirty(c, d.kind, d.id, tenant, b);
    }
    for (uint32_t i = 0; i < s->fact_n; i++)
        tb_image_list_add_fact(to, &s->fact[i]);
    collect_engine(c, to);
    tb_store_batch_done(s);
}
