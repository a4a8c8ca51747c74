// SPDX-License-Identifier: Apache-2.0
#include "verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/person.h"
#include "engine/entry.h"

#define FEED_STEP 10000u
#define SAY_MAX 20u

struct sums {
    int64_t total[MEMBERS];
    int64_t held[MEMBERS];
};

/* One entry per member and identifier, sorted by key. */
struct who {
    uint64_t key[2];
    uint32_t member;
    bool phone;
};

struct look {
    struct world *w;
    struct findings *out;
    struct sums sums;
    struct who who[MEMBERS * 2];
};

/* ---- what the client knows ---------------------------------------------------------------------- */

static void add_up(const struct books *b, struct sums *to)
{
    memset(to, 0, sizeof *to);
    for (uint32_t book = 0; book < BOOKS; book++)
        for (uint64_t i = 0; i < b->book[book].n; i++) {
            const struct known *k = &b->book[book].op[i];
            if (!k->acked || k->result.code != TB_CODE_OK)
                continue;
            uint32_t m = k->result.member;
            to->total[m] += k->result.amount;
            if (k->intent.kind == OP_HOLD)
                to->held[m] += k->intent.amount;
            if (k->intent.kind == OP_POST || k->intent.kind == OP_VOID)
                to->held[m] -= k->intent.amount;
        }
}

/* ---- what the cell holds -------------------------------------------------------------------------- */

static int by_key(const void *a, const void *b)
{
    return memcmp(((const struct who *)a)->key, ((const struct who *)b)->key, 16);
}

static void sort_members(struct look *l)
{
    for (uint32_t m = 0; m < MEMBERS; m++)
        for (uint32_t p = 0; p < 2; p++) {
            struct who *w = &l->who[m * 2 + p];
            w->member = m;
            w->phone = p == 1;
            member_key(l->w, m, w->phone, w->key);
        }
    qsort(l->who, TB_COUNT_OF(l->who), sizeof l->who[0], by_key);
}

static const struct who *who_of(const struct look *l, const struct tb_profile *p)
{
    struct who wanted;
    memcpy(wanted.key, p->key, sizeof wanted.key);
    return bsearch(&wanted, l->who, TB_COUNT_OF(l->who), sizeof l->who[0], by_key);
}

static void open_sealed(struct look *l, uint32_t tenant, const struct tb_profile *p,
                        const uint8_t *bytes, const struct who *who)
{
    char text[24];
    char plain[TB_PERSONAL_MAX + TB_SEAL_OVERHEAD];
    struct tb_buf out;
    (who->phone ? member_phone : member_card)(who->member, text);
    tb_buf_init(&out, plain, sizeof plain);
    struct tb_str sealed = {(const char *)bytes + p->sealed_at, p->sealed_n};
    if (p->sealed_n == 0 || (tb_vault_open(&l->w->folder->vault, tenant, p->no, 1, sealed, &out) &&
                             tb_str_eq_c(tb_buf_as_str(&out), text)))
        return;
    if (l->out->sealed++ < SAY_MAX)
        (void)fprintf(stderr, "the sealed value of profile %u (%s) does not open\n", p->no, text);
}

static void look_person(struct look *l, const struct tb_shape *shape, struct tb_block *b)
{
    uint32_t tenant = tb_person_of(b)->tenant;
    const struct tb_profile *p = tb_block_section(shape, b, TB_PERSON_PROFILE);
    const struct tb_account *a = tb_block_section(shape, b, TB_PERSON_ACCOUNT);
    const uint8_t *bytes = tb_block_section(shape, b, TB_PERSON_BYTES);
    for (uint32_t i = 0; i < b->n[TB_PERSON_PROFILE]; i++) {
        const struct who *who = who_of(l, &p[i]);
        if (who == NULL) {
            l->out->foreign++;
            continue;
        }
        open_sealed(l, tenant, &p[i], bytes, who);
        for (uint32_t k = 0; k < b->n[TB_PERSON_ACCOUNT]; k++)
            if (a[k].profile == p[i].no) {
                l->sums.total[who->member] += a[k].credits - a[k].debits + a[k].pending;
                l->sums.held[who->member] += a[k].held;
            }
    }
}

static void broken(void *user, const char *sentence)
{
    (void)user;
    (void)fprintf(stderr, "audit: %s\n", sentence);
}

static void look_cell(struct tb_core *core, void *user)
{
    struct look *l = user;
    struct tb_store *s = &core->store;
    for (uint64_t id = 1; id <= s->counter[TB_COUNTER_PERSON]; id++) {
        struct tb_block *b = tb_store_get(s, TB_KIND_PERSON, id);
        if (b != NULL)
            look_person(l, &s->shape[TB_KIND_PERSON], b);
    }
    l->out->breaks = tb_core_check(core, broken, NULL);
}

static void compare_sums(struct look *l, const struct sums *wanted)
{
    for (uint32_t m = 0; m < MEMBERS; m++) {
        if (l->sums.total[m] == wanted->total[m] && l->sums.held[m] == wanted->held[m])
            continue;
        if (l->out->sums++ < SAY_MAX)
            (void)fprintf(stderr, "member %u has %lld, %lld held; the answers say %lld, %lld held\n", m,
                          (long long)l->sums.total[m], (long long)l->sums.held[m],
                          (long long)wanted->total[m], (long long)wanted->held[m]);
    }
}

/* ---- the feed ---------------------------------------------------------------------------------------- */

struct walk {
    struct books *books;
    struct findings *out;
    uint64_t last; /* tenant_seq */
    uint64_t given;
};

static bool entry(void *user, const struct tb_entry *e)
{
    struct walk *w = user;
    uint32_t book;
    uint64_t n;
    tb_assert(e->tenant_seq == w->last + 1); /* what the feed promises */
    w->last = e->tenant_seq;
    w->given++;
    w->out->entries++;
    if (e->key_hash == 0)
        return true; /* the setup's, and the engine's own */
    op_of_key(e->key_hash, &book, &n);
    struct known *k = book < BOOKS && n < w->books->book[book].n ? &w->books->book[book].op[n] : NULL;
    if (k == NULL || k->intent.type == 0) {
        w->out->foreign++;
        (void)fprintf(stderr, "entry %llu has the key of a command that was never sent\n",
                      (unsigned long long)e->tenant_seq);
        return true;
    }
    if (++k->seen > 1 || (k->acked && k->result.tenant_seq != e->tenant_seq)) {
        w->out->doubled++;
        (void)fprintf(stderr, "command %u/%llu stands at %llu, was answered with %llu\n", book,
                      (unsigned long long)n, (unsigned long long)e->tenant_seq,
                      (unsigned long long)k->result.tenant_seq);
    }
    return true;
}

static void read_feed(struct world *w, struct books *b, uint32_t tenant, uint64_t from,
                      struct findings *out)
{
    struct tb_feed_reader *r;
    struct tb_fault fault = {.text = ""};
    struct walk walk = {.books = b, .out = out, .last = from};
    if (!tb_feed_open(w->folder->cell, w->tenant[tenant], &r, &fault)) {
        out->fault = true;
        (void)fprintf(stderr, "feed: %s\n", fault.text);
        return;
    }
    do {
        walk.given = 0;
        if (tb_feed_read(r, walk.last, FEED_STEP, entry, &walk, &fault) != TB_FEED_DONE) {
            out->fault = true;
            (void)fprintf(stderr, "feed after %llu: %s\n", (unsigned long long)walk.last, fault.text);
            break;
        }
    } while (walk.given > 0);
    tb_feed_close(r);
    out->upto[tenant] = walk.last;
}

static void look_for_lost(const struct books *b, const uint64_t *from, struct findings *out)
{
    for (uint32_t book = 0; book < BOOKS; book++)
        for (uint64_t i = 0; i < b->book[book].n; i++) {
            const struct known *k = &b->book[book].op[i];
            out->acked += k->acked;
            if (!k->acked || k->seen > 0 || k->result.tenant_seq <= from[k->result.member % TENANTS])
                continue;
            if (out->lost++ < SAY_MAX)
                (void)fprintf(stderr, "command %u/%llu kind %u was acknowledged as %llu and is not in the feed\n",
                              book, (unsigned long long)i, k->intent.kind,
                              (unsigned long long)k->result.tenant_seq);
        }
}

/* ---- */

void verify(struct world *w, struct books *b, bool full, struct findings *out)
{
    uint64_t from[TENANTS] = {0};
    struct sums wanted;
    struct look *l = calloc(1, sizeof *l);
    tb_assert(l != NULL);
    *out = (struct findings){.doubled = b->contradictions};
    l->w = w;
    l->out = out;
    sort_members(l);
    add_up(b, &wanted);
    if (!tb_cell_call(w->folder->cell, look_cell, l)) {
        out->fault = true;
        (void)fprintf(stderr, "the cell does not run\n");
    }
    compare_sums(l, &wanted);
    for (uint32_t t = 0; t < TENANTS; t++) {
        from[t] = full ? 0 : b->verified[t];
        read_feed(w, b, t, from[t], out);
    }
    look_for_lost(b, from, out);
    free(l);
}

uint64_t findings_bad(const struct findings *f)
{
    return f->lost + f->doubled + f->foreign + f->sums + f->sealed + f->breaks + f->fault;
}
