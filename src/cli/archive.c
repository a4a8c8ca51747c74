// SPDX-License-Identifier: Apache-2.0
/* Copying journals and files. See archive.h. */
#include "cli/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "border/keystore.h"
#include "core/ops.h"
#include "core/store/txn.h"
#include "engine/entry.h"
#include "events.gen.h"
#include "journal/hash.h"

#define GROUP_BATCHES 64u
#define GROUP_BYTES (8u << 20)

/* ---- journals ------------------------------------------------------------------------------------ */

struct copying {
    struct tb_journal *to;
    const struct tb_copy_end *end;
    struct tb_copy_figures *out;
    struct tb_fault *fault;
    struct tb_batch group[GROUP_BATCHES];
    uint32_t n;
    uint8_t *bytes; /* bodies of the group */
    size_t bytes_n;
    bool ended;
};

static bool append_group(struct copying *c)
{
    if (c->n == 0)
        return true;
    enum tb_journal_answer a = c->to->ops->append(c->to, c->group, c->n, c->fault);
    if (a != TB_JOURNAL_DONE) {
        if (c->fault->text[0] == 0)
            tb_fault_set(c->fault, false, a == TB_JOURNAL_TAKEN ? "the target holds another history"
                                                                : "the target's disk is full");
        return false;
    }
    c->out->copied += c->n;
    c->out->last = c->group[c->n - 1].number;
    c->out->last_ms = c->group[c->n - 1].at_ms;
    c->n = 0;
    c->bytes_n = 0;
    return true;
}

/* True when every entry of the batch is wanted. */
static bool wanted_whole(const struct copying *c, const struct tb_batch *b)
{
    struct tb_batch_walk w;
    struct tb_entry e;
    tb_batch_walk(&w, b->body);
    while (tb_batch_next(&w, &e))
        if (e.seq > c->end->seq || e.now_ms > c->end->at_ms)
            return false;
    return b->number <= c->end->batch && b->at_ms <= c->end->at_ms;
}

/* What the writer does not write itself: the events, which stand behind all other fields. */
static struct tb_str events_of(struct tb_str entry)
{
    struct tb_str in = entry;
    for (;;) {
        struct tb_str before = in;
        uint32_t field;
        uint64_t v;
        struct tb_str s;
        bool bad = false;
        if (!tb_wire_next(&in, &field, &v, &s, &bad))
            return TB_STR_NONE;
        if (field == TB_ENTRY_EVENT_FIELD)
            return before;
    }
}

/* The entries of the last batch that are wanted, as a body of their own. Entries rise in seq
 * and in time, so what is kept is a prefix of the batch.                                   */
static bool cut_batch(struct copying *c, struct tb_batch *b, uint8_t *region)
{
    struct tb_batch_walk w;
    struct tb_batch_writer writer;
    struct tb_entry e;
    uint32_t kept = 0;
    tb_batch_begin(&writer, region, TB_BATCH_BYTES_MAX);
    tb_batch_walk(&w, b->body);
    while (b->number <= c->end->batch && tb_batch_next(&w, &e) && e.seq <= c->end->seq && e.now_ms <= c->end->at_ms) {
        e.bytes = events_of(e.bytes);
        tb_batch_entry(&writer, &e);
        kept++;
    }
    tb_batch_end(&writer);
    if (kept == 0)
        return false;
    b->body = tb_buf_as_str(&writer.out);
    tb_batch_hash(b, b->hash);
    return true;
}

static bool take(struct copying *c, struct tb_batch *b, uint8_t *cut_region)
{
    if (!wanted_whole(c, b)) {
        c->ended = true;
        if (!cut_batch(c, b, cut_region))
            return true;
    }
    if ((c->n == GROUP_BATCHES || c->bytes_n + b->body.n > GROUP_BYTES) && !append_group(c))
        return false;
    struct tb_batch *mine = &c->group[c->n++];
    *mine = *b;
    if (b->body.n > 0)
        memcpy(c->bytes + c->bytes_n, b->body.p, b->body.n);
    mine->body.p = (const char *)c->bytes + c->bytes_n;
    c->bytes_n += b->body.n;
    return true;
}

static bool copy_all(struct copying *c, struct tb_journal *from, struct tb_journal_reader *reader)
{
    uint8_t *cut_region = malloc(TB_BATCH_BYTES_MAX);
    c->bytes = malloc(GROUP_BYTES + TB_BATCH_BYTES_MAX);
    tb_assert(cut_region != NULL && c->bytes != NULL);
    bool ok = true;
    while (ok && !c->ended) {
        struct tb_batch b;
        enum tb_journal_answer a = from->ops->reader_next(reader, &b, c->fault);
        if (a == TB_JOURNAL_END)
            break;
        ok = a == TB_JOURNAL_DONE && take(c, &b, cut_region);
    }
    ok = ok && append_group(c);
    free(cut_region);
    free(c->bytes);
    return ok;
}

bool tb_journal_copy(struct tb_journal *from, struct tb_journal *to, const struct tb_copy_end *end,
                     struct tb_copy_figures *out, struct tb_fault *fault)
{
    struct tb_batch last;
    struct tb_journal_reader *reader;
    *out = (struct tb_copy_figures){0};
    *fault = (struct tb_fault){0};
    if (to->ops->last(to, &last, fault) != TB_JOURNAL_DONE ||
        from->ops->first(from, &out->first, fault) != TB_JOURNAL_DONE)
        return false;
    if (last.number == 0 && out->first > 1) {
        tb_fault_set(fault, false, "the source begins at batch %" PRIu64 ": its beginning was pruned", out->first);
        return false;
    }
    out->last = last.number;
    out->last_ms = last.at_ms;
    if (last.number >= end->batch)
        return true;
    if (from->ops->reader_open(from, last.number + 1, &reader, fault) != TB_JOURNAL_DONE)
        return false;
    struct copying *c = calloc(1, sizeof *c);
    tb_assert(c != NULL);
    c->to = to;
    c->end = end;
    c->out = out;
    c->fault = fault;
    bool ok = copy_all(c, from, reader);
    from->ops->reader_close(reader);
    free(c);
    return ok;
}

/* ---- erasures ---------------------------------------------------------------------------------- */

struct erasing {
    struct tb_keystore *ks;
    struct tb_arena arena;
    struct tb_fault *fault;
};

static bool erase_of_event(struct erasing *x, struct tb_str body)
{
    struct tb_ev_erased ev;
    tb_arena_reset(&x->arena);
    if (!tb_ev_erased_decode(body, &x->arena, &ev)) {
        tb_fault_set(x->fault, false, "an erasure in the journal is malformed");
        return false;
    }
    struct tb_erasure *list = calloc(ev.profile_n + 1u, sizeof *list);
    tb_assert(list != NULL);
    for (uint32_t i = 0; i < ev.profile_n; i++)
        list[i] = (struct tb_erasure){ev.profile[i], ev.at_ms};
    bool ok = tb_keystore_reapply(x->ks, list, ev.profile_n, x->fault) == TB_KEYSTORE_DONE;
    free(list);
    return ok;
}

static bool erase_of_batch(struct erasing *x, const struct tb_batch *b)
{
    struct tb_batch_walk w;
    struct tb_entry e;
    bool ok = true;
    tb_batch_walk(&w, b->body);
    while (ok && tb_batch_next(&w, &e)) {
        struct tb_str list = e.bytes;
        struct tb_str body;
        uint32_t type;
        bool bad = false;
        while (ok && e.command == TB_OP_ERASE && tb_event_next(&list, &type, &body, &bad))
            ok = type != TB_EVENT_ERASED || erase_of_event(x, body);
    }
    return ok;
}

bool tb_journal_erase(struct tb_journal *j, struct tb_keystore *ks, struct tb_fault *fault)
{
    struct erasing x = {.ks = ks, .fault = fault};
    struct tb_journal_reader *reader;
    uint64_t first;
    if (j->ops->first(j, &first, fault) != TB_JOURNAL_DONE ||
        j->ops->reader_open(j, first, &reader, fault) != TB_JOURNAL_DONE)
        return false;
    void *region = malloc(TB_ENTRY_BYTES_MAX);
    tb_assert(region != NULL);
    tb_arena_init(&x.arena, region, TB_ENTRY_BYTES_MAX);
    enum tb_journal_answer a = TB_JOURNAL_DONE;
    bool ok = true;
    while (ok && a == TB_JOURNAL_DONE) {
        struct tb_batch b;
        a = j->ops->reader_next(reader, &b, fault);
        ok = a == TB_JOURNAL_END || (a == TB_JOURNAL_DONE && erase_of_batch(&x, &b));
    }
    j->ops->reader_close(reader);
    free(region);
    return ok;
}

/* ---- files ------------------------------------------------------------------------------------------ */

bool tb_folder_make(const char *path, struct tb_fault *fault)
{
    if (mkdir(path, 0700) == 0 || errno == EEXIST)
        return true;
    tb_fault_set(fault, false, "the folder %.150s cannot be made: %s", path, strerror(errno));
    return false;
}

bool tb_file_copy(const char *from, const char *to, unsigned mode, struct tb_fault *fault)
{
    char bytes[1 << 16];
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = in < 0 ? -1 : open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    bool ok = out >= 0;
    ssize_t n = 1;
    while (ok && n > 0) {
        n = read(in, bytes, sizeof bytes);
        ok = n >= 0 && (n == 0 || write(out, bytes, (size_t)n) == n);
    }
    ok = ok && fsync(out) == 0;
    if (!ok)
        tb_fault_set(fault, false, "%.100s cannot be copied to %.100s: %s", from, to, strerror(errno));
    if (in >= 0)
        (void)close(in);
    if (out >= 0)
        (void)close(out);
    return ok;
}
