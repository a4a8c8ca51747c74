// SPDX-License-Identifier: Apache-2.0
/* core/code/pack.c - items in cartons, cartons on pallets; and a label for a damaged one.
 *
 * Invariant: a code is in one package at most, and of a lower level than it; so going up
 * ends, and going down meets every code once.                                           */
#include "core/code/code_int.h"

static struct tb_code_run run_of(const struct tb_txn *t, struct tb_code_ref ref)
{
    return tb_code_span_at(t, tb_code_batch_of(t, ref), ref.serial).run;
}

static uint64_t children_of(const struct tb_txn *t, struct tb_code_ref ref, uint64_t *package)
{
    struct tb_block *b = tb_code_package_of(t, ref);
    uint64_t n = 0;
    *package = b ? b->id : 0;
    const struct tb_code_children *child = b ? tb_section(t, b, TB_CODE_PACKAGE_CHILD) : NULL;
    for (uint32_t i = 0; b != NULL && i < b->n[TB_CODE_PACKAGE_CHILD]; i++)
        n += child[i].n;
    return n;
}

static enum tb_outcome answer(struct tb_txn *t, struct tb_code_ref parent, struct tb_answer *a)
{
    uint64_t package;
    uint64_t n = children_of(t, parent, &package);
    tb_wire_put_uint(&a->body, 1, package);
    tb_wire_put_uint(&a->body, 2, n);
    return TB_DONE;
}

/* The batch that holds the whole range; NULL when none does. */
static struct tb_block *batch_of_range(const struct tb_txn *t, const struct tb_code_children *range)
{
    struct tb_block *b = tb_code_batch_of(t, (struct tb_code_ref){range->batch, range->from});
    if (b == NULL || range->n == 0 || (uint64_t)range->from + range->n > tb_code_batch_head(b)->count)
        return NULL;
    return b;
}

/* One range into the package, when every code in it may be packed. */
static enum tb_code pack_range(struct tb_txn *t, struct tb_code_ref parent, uint32_t level,
                               const struct tb_code_children *child)
{
    struct tb_block *batch = batch_of_range(t, child);
    if (batch == NULL)
        return TB_CODE_UNKNOWN_CODE;
    const struct tb_code_batch *head = tb_code_batch_head(batch);
    bool below = head->level < level;
    uint32_t runs = 0;
    uint64_t until = (uint64_t)child->from + child->n;
    for (uint64_t at = child->from; at < until; runs++) {
        struct tb_code_span span = tb_code_span_at(t, batch, at);
        if (span.run.marks & TB_CODE_IS_VOID)
            return TB_CODE_CODE_VOID;
        if (below && span.run.package)
            return TB_CODE_CODE_PACKED;
        if (runs >= TB_CODE_RUNS_MAX)
            return TB_CODE_TOO_MANY;
        at = span.until;
    }
    if (!below)
        return TB_CODE_INVALID;
    struct tb_block *package = tb_code_package_of(t, parent);
    if (!tb_code_room_for(head, runs) ||
        (package != NULL && package->n[TB_CODE_PACKAGE_CHILD] >= TB_CODE_CHILD_RUNS_MAX))
        return TB_CODE_TOO_MANY;
    struct tb_ev_codes_packed ev = {
        .package = package ? package->id : tb_counter_next(t, TB_COUNTER_CODE_PACKAGE),
        .parent_batch = package ? 0 : parent.batch,
        .parent_serial = package ? 0 : parent.serial,
        .level = package ? 0 : level,
        .batch = child->batch,
        .from = child->from,
        .n = child->n};
    tb_emit_codes_packed(t, &ev);
    return TB_CODE_OK;
}

enum tb_outcome tb_codes_pack(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_codes_pack *in = cmd->input;
    if (in->child_n == 0)
        return tb_refuse(a, TB_CODE_INVALID, "children");
    struct tb_block *batch = tb_code_batch_of(t, in->parent);
    if (batch == NULL)
        return tb_refuse(a, TB_CODE_UNKNOWN_CODE, "parent");
    if (run_of(t, in->parent).marks & TB_CODE_IS_VOID)
        return tb_refuse(a, TB_CODE_CODE_VOID, "parent");
    uint32_t level = tb_code_batch_head(batch)->level;
    if (in->child_n > TB_CODE_CHILD_RUNS_MAX)
        return tb_refuse(a, TB_CODE_TOO_MANY, "children");
    for (uint32_t i = 0; i < in->child_n; i++) {
        enum tb_code code = pack_range(t, in->parent, level, &in->child[i]);
        if (code != TB_CODE_OK)
            return tb_refuse(a, code, "children");
    }
    return answer(t, in->parent, a);
}

static enum tb_code unpack_range(struct tb_txn *t, uint32_t package, const struct tb_code_children *child)
{
    struct tb_block *batch = batch_of_range(t, child);
    if (batch == NULL)
        return TB_CODE_UNKNOWN_CODE;
    uint64_t until = (uint64_t)child->from + child->n;
    uint32_t runs = 0;
    for (uint64_t at = child->from; at < until; runs++) {
        struct tb_code_span span = tb_code_span_at(t, batch, at);
        if (span.run.package != package)
            return TB_CODE_CODE_NOT_PACKED;
        if (runs >= TB_CODE_RUNS_MAX)
            return TB_CODE_TOO_MANY;
        at = span.until;
    }
    const struct tb_block *b = tb_read(t, TB_KIND_CODE_PACKAGE, package);
    if (!tb_code_room_for(tb_code_batch_head(batch), runs) ||
        b->n[TB_CODE_PACKAGE_CHILD] > TB_CODE_CHILD_RUNS_MAX)
        return TB_CODE_TOO_MANY;
    struct tb_ev_codes_unpacked ev = {
        .package = package, .batch = child->batch, .from = child->from, .n = child->n};
    tb_emit_codes_unpacked(t, &ev);
    return TB_CODE_OK;
}

enum tb_outcome tb_codes_unpack(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_codes_unpack *in = cmd->input;
    if (tb_code_batch_of(t, in->parent) == NULL)
        return tb_refuse(a, TB_CODE_UNKNOWN_CODE, "parent");
    uint64_t package;
    if (children_of(t, in->parent, &package) == 0)
        return tb_refuse(a, TB_CODE_CODE_NOT_PACKED, "parent");
    const struct tb_code_children *child = in->child;
    uint32_t n = in->child_n;
    if (n == 0) {
        struct tb_block *b = tb_read(t, TB_KIND_CODE_PACKAGE, package);
        n = b->n[TB_CODE_PACKAGE_CHILD];
        struct tb_code_children *all = TB_NEW_ARRAY(t->scratch, struct tb_code_children, n);
        tb_assert(all != NULL);
        memcpy(all, tb_section(t, b, TB_CODE_PACKAGE_CHILD), n * sizeof *all);
        child = all;
    }
    if (n > TB_CODE_CHILD_RUNS_MAX)
        return tb_refuse(a, TB_CODE_TOO_MANY, "children");
    for (uint32_t i = 0; i < n; i++) {
        enum tb_code code = unpack_range(t, (uint32_t)package, &child[i]);
        if (code != TB_CODE_OK)
            return tb_refuse(a, code, "children");
    }
    return answer(t, in->parent, a);
}

/* ---- a new label ------------------------------------------------------------------------------- */

static enum tb_code test_replace(struct tb_txn *t, struct tb_code_ref old, struct tb_code_ref fresh,
                                 const char **field)
{
    struct tb_block *a = tb_code_batch_of(t, old);
    struct tb_block *b = tb_code_batch_of(t, fresh);
    *field = a == NULL ? "old" : "new";
    if (a == NULL || b == NULL)
        return TB_CODE_UNKNOWN_CODE;
    if ((old.batch == fresh.batch && old.serial == fresh.serial) ||
        tb_code_batch_head(a)->level != tb_code_batch_head(b)->level)
        return TB_CODE_INVALID;
    struct tb_code_run from = run_of(t, old);
    struct tb_code_run to = run_of(t, fresh);
    *field = from.marks ? "old" : "new";
    if ((from.marks | to.marks) & TB_CODE_IS_VOID)
        return TB_CODE_CODE_VOID;
    if ((from.marks | to.marks) & TB_CODE_IS_FROZEN)
        return TB_CODE_CODE_FROZEN;
    *field = "old";
    if (tb_code_is_scanned(t, old))
        return TB_CODE_CODE_SCANNED;
    *field = "new";
    if (to.state != TB_CODE_IS_BLANK)
        return TB_CODE_CODE_BOUND;
    if (to.package || tb_code_package_of(t, fresh) != NULL)
        return TB_CODE_CODE_PACKED;
    struct tb_block *home = from.package ? tb_read(t, TB_KIND_CODE_PACKAGE, from.package) : NULL;
    if (!tb_code_room_for(tb_code_batch_head(a), 4) || !tb_code_room_for(tb_code_batch_head(b), 4) ||
        (home != NULL && home->n[TB_CODE_PACKAGE_CHILD] >= TB_CODE_CHILD_RUNS_MAX))
        return TB_CODE_TOO_MANY;
    return TB_CODE_OK;
}

enum tb_outcome tb_code_replace(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_code_replace *in = cmd->input;
    if (in->reason.n == 0)
        return tb_refuse(a, TB_CODE_REASON_REQUIRED, "reason");
    if (in->reason.n > TB_REASON_MAX || !tb_utf8_valid(in->reason))
        return tb_refuse(a, TB_CODE_INVALID, "reason");
    const char *field;
    enum tb_code code = test_replace(t, in->old, in->fresh, &field);
    if (code != TB_CODE_OK)
        return tb_refuse(a, code, field);
    struct tb_ev_code_replaced ev = {.batch = in->old.batch,
                                     .serial = in->old.serial,
                                     .new_batch = in->fresh.batch,
                                     .new_serial = in->fresh.serial,
                                     .reason = in->reason};
    tb_emit_code_replaced(t, &ev);
    return TB_DONE;
}

enum tb_outcome tb_codes_receive(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_codes_receive *in = cmd->input;
    if (tb_code_batch_of(t, in->parent) == NULL)
        return tb_refuse(a, TB_CODE_UNKNOWN_CODE, "parent");
    if (run_of(t, in->parent).marks & TB_CODE_IS_VOID)
        return tb_refuse(a, TB_CODE_CODE_VOID, "parent");
    uint64_t package;
    if (children_of(t, in->parent, &package) == 0)
        return tb_refuse(a, TB_CODE_CODE_NOT_PACKED, "parent");
    struct tb_ev_codes_received ev = {.package = package,
                                      .store = tb_find_code(t, TB_KIND_STORE, in->store)};
    if (ev.store == 0)
        return tb_refuse(a, TB_CODE_UNKNOWN_STORE, "store");
    if (in->associate.n) {
        ev.associate = tb_find_code(t, TB_KIND_ASSOCIATE, in->associate);
        if (ev.associate == 0)
            return tb_refuse(a, TB_CODE_UNKNOWN_ASSOCIATE, "associate");
    }
    tb_emit_codes_received(t, &ev);
    return answer(t, in->parent, a);
}
