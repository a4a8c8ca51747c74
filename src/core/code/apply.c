// SPDX-License-Identifier: Apache-2.0
/* core/code/apply.c - folding the room's events. Nothing here decides or refuses. */
#include "core/code/code_int.h"

static struct tb_text add_text(struct tb_txn *t, uint64_t binding, struct tb_str s)
{
    return (struct tb_text){tb_push_bytes(t, TB_KIND_CODE_BINDING, binding, TB_CODE_BINDING_BYTES, s), s.n};
}

static struct tb_str binding_key(const struct tb_txn *t, struct tb_block *b)
{
    return (struct tb_str){tb_section(t, b, TB_CODE_BINDING_BYTES), b->n[TB_CODE_BINDING_BYTES]};
}

/* BYTES begins with the numbers, so that the whole of it is the binding's key. */
static void make_binding(struct tb_txn *t, const struct tb_ev_codes_bound *ev)
{
    uint32_t head[5] = {(uint32_t)ev->product, (uint32_t)ev->store, (uint32_t)ev->associate,
                        ev->region.n, ev->campaign.n};
    (void)tb_create(t, TB_KIND_CODE_BINDING, ev->binding);
    tb_counter_used(t, TB_COUNTER_CODE_BINDING, ev->binding);
    (void)tb_push_bytes(t, TB_KIND_CODE_BINDING, ev->binding, TB_CODE_BINDING_BYTES,
                        (struct tb_str){(const char *)head, sizeof head});
    struct tb_text region = add_text(t, ev->binding, ev->region);
    struct tb_text campaign = add_text(t, ev->binding, ev->campaign);
    struct tb_text lot = add_text(t, ev->binding, ev->lot);
    struct tb_block *b = tb_write(t, TB_KIND_CODE_BINDING, ev->binding);
    *(struct tb_code_binding *)tb_block_head(b) = (struct tb_code_binding){.tenant = t->tenant,
                                                                         .product = head[0],
                                                                         .store = head[1],
                                                                         .associate = head[2],
                                                                         .region = region,
                                                                         .campaign = campaign,
                                                                         .lot = lot,
                                                                         .made_ms = t->now_ms};
    tb_map_set(t, TB_MAP_CODE, tb_key_code(t, t->tenant, TB_KIND_CODE_BINDING, binding_key(t, b)),
               ev->binding);
}

void tb_code_apply_codes_bound(struct tb_txn *t, const struct tb_ev_codes_bound *ev)
{
    if (tb_read(t, TB_KIND_CODE_BINDING, ev->binding) == NULL)
        make_binding(t, ev);
    struct tb_code_change c = {.batch = (uint32_t)ev->batch,
                               .from = ev->from,
                               .until = ev->from + ev->n,
                               .what = TB_CODE_SET_BINDING | TB_CODE_SET_STATE,
                               .to = {.binding = (uint32_t)ev->binding,
                                      .state = ev->active ? TB_CODE_IS_ACTIVE : TB_CODE_IS_BOUND}};
    tb_code_runs_change(t, &c);
}

void tb_code_apply_codes_moved(struct tb_txn *t, const struct tb_ev_codes_moved *ev)
{
    struct tb_code_change c = {
        .batch = (uint32_t)ev->batch, .from = ev->from, .until = ev->from + ev->n};
    switch ((enum tb_code_verb)ev->verb) {
    case TB_CODE_ACTIVATE:
        c.what = TB_CODE_SET_STATE;
        c.to.state = TB_CODE_IS_ACTIVE;
        break;
    case TB_CODE_FREEZE:
        c.what = TB_CODE_ADD_MARKS;
        c.to.marks = TB_CODE_IS_FROZEN;
        break;
    case TB_CODE_THAW:
        c.what = TB_CODE_CUT_MARKS;
        c.to.marks = TB_CODE_IS_FROZEN;
        break;
    case TB_CODE_VOID_FOR_GOOD:
        c.what = TB_CODE_ADD_MARKS;
        c.to.marks = TB_CODE_IS_VOID;
        break;
    }
    tb_code_runs_change(t, &c);
}

/* ---- packages --------------------------------------------------------------------------------- */

static void set_package(struct tb_txn *t, const struct tb_code_children *range, uint32_t package)
{
    struct tb_code_change c = {.batch = range->batch,
                               .from = range->from,
                               .until = (uint64_t)range->from + range->n,
                               .what = TB_CODE_SET_PACKAGE,
                               .to = {.package = package}};
    tb_code_runs_change(t, &c);
}

/* Index of the first range that ends behind (batch, from). */
static uint32_t place_of(const struct tb_txn *t, struct tb_block *b, uint32_t batch, uint32_t from)
{
    uint32_t low = 0;
    uint32_t high = b->n[TB_CODE_PACKAGE_CHILD];
    const struct tb_code_children *c = high ? tb_section(t, b, TB_CODE_PACKAGE_CHILD) : NULL;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        bool before = c[middle].batch != batch ? c[middle].batch < batch
                                               : (uint64_t)c[middle].from + c[middle].n <= from;
        if (before)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void add_children(struct tb_txn *t, uint32_t package, const struct tb_code_children *range)
{
    struct tb_block *b = tb_write(t, TB_KIND_CODE_PACKAGE, package);
    uint32_t at = place_of(t, b, range->batch, range->from);
    struct tb_code_children *c =
        tb_push_at(t, TB_KIND_CODE_PACKAGE, package, TB_CODE_PACKAGE_CHILD, at, range);
    b = tb_read(t, TB_KIND_CODE_PACKAGE, package);
    uint32_t n = b->n[TB_CODE_PACKAGE_CHILD];
    if (at + 1 < n && c[1].batch == c->batch && c->from + c->n == c[1].from) {
        c->n += c[1].n;
        tb_cut(t, TB_KIND_CODE_PACKAGE, package, TB_CODE_PACKAGE_CHILD, at + 1, 1);
        c = (struct tb_code_children *)tb_section(t, tb_read(t, TB_KIND_CODE_PACKAGE, package),
                                                  TB_CODE_PACKAGE_CHILD) + at;
    }
    if (at > 0 && c[-1].batch == c->batch && c[-1].from + c[-1].n == c->from) {
        c[-1].n += c->n;
        tb_cut(t, TB_KIND_CODE_PACKAGE, package, TB_CODE_PACKAGE_CHILD, at, 1);
    }
}

/* The range may span several neighbours that were not joined, never a gap. */
static void cut_children(struct tb_txn *t, uint32_t package, struct tb_code_children range)
{
    while (range.n > 0) {
        struct tb_block *b = tb_write(t, TB_KIND_CODE_PACKAGE, package);
        uint32_t at = place_of(t, b, range.batch, range.from);
        tb_assert(at < b->n[TB_CODE_PACKAGE_CHILD]);
        struct tb_code_children *c =
            (struct tb_code_children *)tb_section(t, b, TB_CODE_PACKAGE_CHILD) + at;
        tb_assert(c->batch == range.batch && c->from <= range.from);
        uint32_t before = range.from - c->from;
        uint32_t taken = range.n < c->n - before ? range.n : c->n - before;
        struct tb_code_children behind = {c->batch, range.from + taken, c->n - before - taken, 0};
        range.from += taken;
        range.n -= taken;
        c->n = before;
        if (behind.n > 0)
            (void)tb_push_at(t, TB_KIND_CODE_PACKAGE, package, TB_CODE_PACKAGE_CHILD, at + 1, &behind);
        if (before == 0)
            tb_cut(t, TB_KIND_CODE_PACKAGE, package, TB_CODE_PACKAGE_CHILD, at, 1);
    }
}

void tb_code_apply_codes_packed(struct tb_txn *t, const struct tb_ev_codes_packed *ev)
{
    uint32_t package = (uint32_t)ev->package;
    struct tb_code_children range = {(uint32_t)ev->batch, (uint32_t)ev->from, (uint32_t)ev->n, 0};
    if (tb_read(t, TB_KIND_CODE_PACKAGE, package) == NULL) {
        struct tb_code_package *p = tb_block_head(tb_create(t, TB_KIND_CODE_PACKAGE, package));
        *p = (struct tb_code_package){.tenant = t->tenant,
                                      .batch = (uint32_t)ev->parent_batch,
                                      .serial = (uint32_t)ev->parent_serial,
                                      .level = (uint32_t)ev->level,
                                      .packed_ms = t->now_ms};
        tb_counter_used(t, TB_COUNTER_CODE_PACKAGE, package);
        tb_map_set(t, TB_MAP_CODE_PACKAGE,
                   tb_code_key((struct tb_code_ref){(uint32_t)ev->parent_batch, (uint32_t)ev->parent_serial}),
                   package);
    }
    set_package(t, &range, package);
    add_children(t, package, &range);
}

void tb_code_apply_codes_unpacked(struct tb_txn *t, const struct tb_ev_codes_unpacked *ev)
{
    struct tb_code_children range = {(uint32_t)ev->batch, (uint32_t)ev->from, (uint32_t)ev->n, 0};
    set_package(t, &range, 0);
    cut_children(t, (uint32_t)ev->package, range);
}

void tb_code_apply_codes_received(struct tb_txn *t, const struct tb_ev_codes_received *ev)
{
    struct tb_code_package *p = tb_block_head(tb_write(t, TB_KIND_CODE_PACKAGE, ev->package));
    p->store = (uint32_t)ev->store;
    p->associate = (uint32_t)ev->associate;
    p->received_ms = t->now_ms;
}

void tb_code_apply_code_replaced(struct tb_txn *t, const struct tb_ev_code_replaced *ev)
{
    struct tb_code_ref old = {(uint32_t)ev->batch, (uint32_t)ev->serial};
    struct tb_code_ref fresh = {(uint32_t)ev->new_batch, (uint32_t)ev->new_serial};
    struct tb_code_run run =
        tb_code_span_at(t, tb_read(t, TB_KIND_CODE_BATCH, old.batch), old.serial).run;
    struct tb_code_change gone = {.batch = old.batch,
                                  .from = old.serial,
                                  .until = (uint64_t)old.serial + 1,
                                  .what = TB_CODE_SET_PACKAGE | TB_CODE_ADD_MARKS,
                                  .to = {.marks = TB_CODE_IS_VOID}};
    struct tb_code_change come = {
        .batch = fresh.batch,
        .from = fresh.serial,
        .until = (uint64_t)fresh.serial + 1,
        .what = TB_CODE_SET_PACKAGE | TB_CODE_SET_BINDING | TB_CODE_SET_STATE,
        .to = {.binding = run.binding, .package = run.package, .state = run.state}};
    tb_code_runs_change(t, &gone);
    tb_code_runs_change(t, &come);
    if (run.package != 0) {
        cut_children(t, run.package, (struct tb_code_children){old.batch, old.serial, 1, 0});
        add_children(t, run.package, &(struct tb_code_children){fresh.batch, fresh.serial, 1, 0});
    }
    struct tb_block *contents = tb_code_package_of(t, old);
    if (contents == NULL)
        return;
    uint64_t id = contents->id;
    struct tb_code_package *p = tb_block_head(tb_write(t, TB_KIND_CODE_PACKAGE, id));
    p->batch = fresh.batch;
    p->serial = fresh.serial;
    tb_map_unset(t, TB_MAP_CODE_PACKAGE, tb_code_key(old));
    tb_map_set(t, TB_MAP_CODE_PACKAGE, tb_code_key(fresh), id);
}

/* ---- scans --------------------------------------------------------------------------------------- */

static uint32_t first_place(const struct tb_txn *t, struct tb_block *b, uint8_t serial)
{
    const struct tb_code_first *scan = b->n[0] ? tb_section(t, b, TB_CODE_FIRSTS_SCAN) : NULL;
    uint32_t i = 0;
    while (i < b->n[TB_CODE_FIRSTS_SCAN] && scan[i].serial < serial)
        i++;
    return i;
}

static void put_first(struct tb_txn *t, const struct tb_ev_code_scanned *ev)
{
    struct tb_code_ref ref = {(uint32_t)ev->batch, (uint32_t)ev->serial};
    uint32_t set = (uint32_t)ev->set;
    uint32_t firsts = (uint32_t)ev->firsts;
    if (tb_read(t, TB_KIND_CODE_SET, set) == NULL) {
        struct tb_code_set *head = tb_block_head(tb_create(t, TB_KIND_CODE_SET, set));
        head->batch = ref.batch;
        head->piece = ref.serial >> TB_CODE_PIECE_BITS;
        tb_counter_used(t, TB_COUNTER_CODE_SET, set);
        tb_map_set(t, TB_MAP_CODE_SET, tb_code_piece_key(ref), set);
    }
    tb_code_set_put(t, set, TB_CODE_SET_SCANNED, ref.serial % TB_BITS_RANGE, true);
    struct tb_code_set *head = tb_block_head(tb_write(t, TB_KIND_CODE_SET, set));
    head->first[ref.serial >> TB_CODE_FIRSTS_BITS & 15] = firsts;
    if (tb_read(t, TB_KIND_CODE_FIRST, firsts) == NULL) {
        struct tb_code_firsts *page = tb_block_head(tb_create(t, TB_KIND_CODE_FIRST, firsts));
        page->batch = ref.batch;
        page->piece = ref.serial >> TB_CODE_FIRSTS_BITS;
        tb_counter_used(t, TB_COUNTER_CODE_FIRST, firsts);
    }
    struct tb_code_first first = {.at_s = (uint32_t)(ev->at_ms / 1000),
                                  .profile = (uint32_t)ev->profile,
                                  .store = (uint32_t)ev->store,
                                  .touchpoint = (uint32_t)ev->touchpoint,
                                  .scans = 1,
                                  .serial = (uint8_t)ref.serial};
    uint32_t at = first_place(t, tb_read(t, TB_KIND_CODE_FIRST, firsts), first.serial);
    (void)tb_push_at(t, TB_KIND_CODE_FIRST, firsts, TB_CODE_FIRSTS_SCAN, at, &first);
}

static void count_again(struct tb_txn *t, const struct tb_ev_code_scanned *ev)
{
    struct tb_block *b = tb_write(t, TB_KIND_CODE_FIRST, ev->firsts);
    uint32_t at = first_place(t, b, (uint8_t)ev->serial);
    tb_assert(at < b->n[TB_CODE_FIRSTS_SCAN]);
    struct tb_code_first *first = (struct tb_code_first *)tb_section(t, b, TB_CODE_FIRSTS_SCAN) + at;
    tb_assert(first->serial == (uint8_t)ev->serial);
    first->scans += first->scans < UINT32_MAX;
    first->flags |= ev->verdict == TB_SCAN_OTHERS;
}

static void put_outside(struct tb_txn *t, const struct tb_ev_code_scanned *ev)
{
    struct tb_code_outside *o;
    if (ev->package != 0)
        o = &((struct tb_code_package *)tb_block_head(tb_write(t, TB_KIND_CODE_PACKAGE, ev->package)))->outside;
    else
        o = &((struct tb_code_binding *)tb_block_head(tb_write(t, TB_KIND_CODE_BINDING, ev->binding)))->outside;
    if (o->since_ms != ev->outside_since_ms)
        *o = (struct tb_code_outside){.since_ms = ev->outside_since_ms, .alarm_ms = o->alarm_ms};
    o->scans++;
    if (ev->outside_profile != 0) {
        tb_assert(o->persons < TB_CODE_OUTSIDE_PERSONS);
        o->profile[o->persons++] = (uint32_t)ev->outside_profile;
    }
}

void tb_code_apply_code_scanned(struct tb_txn *t, const struct tb_ev_code_scanned *ev)
{
    if (ev->verdict == TB_SCAN_FIRST)
        put_first(t, ev);
    else if (ev->verdict == TB_SCAN_AGAIN || ev->verdict == TB_SCAN_OTHERS)
        count_again(t, ev);
    if (ev->outside_since_ms != 0)
        put_outside(t, ev);
    struct tb_code_batch *batch = tb_block_head(tb_write(t, TB_KIND_CODE_BATCH, ev->batch));
    batch->scans += ev->verdict >= TB_SCAN_OPEN;
    batch->firsts += ev->verdict == TB_SCAN_FIRST;
    batch->outside += ev->outside != 0;
    if (ev->profile != 0)
        tb_person_touch(t, (uint32_t)ev->profile);
}

void tb_code_apply_code_redeemed(struct tb_txn *t, const struct tb_ev_code_redeemed *ev)
{
    struct tb_code_ref ref = {(uint32_t)ev->batch, (uint32_t)ev->serial};
    uint32_t set = (uint32_t)tb_code_set_of(t, ref)->id;
    tb_code_set_put(t, set, TB_CODE_SET_SCANNED, ref.serial % TB_BITS_RANGE, false);
    tb_code_set_put(t, set, TB_CODE_SET_REDEEMED, ref.serial % TB_BITS_RANGE, true);
    ((struct tb_code_batch *)tb_block_head(tb_write(t, TB_KIND_CODE_BATCH, ref.batch)))->redeemed++;
    if (ev->profile != 0)
        tb_person_touch(t, (uint32_t)ev->profile);
}

void tb_code_apply_codes_diverted(struct tb_txn *t, const struct tb_ev_codes_diverted *ev)
{
    if (ev->package != 0)
        ((struct tb_code_package *)tb_block_head(tb_write(t, TB_KIND_CODE_PACKAGE, ev->package)))
            ->outside.alarm_ms = t->now_ms;
    else
        ((struct tb_code_binding *)tb_block_head(tb_write(t, TB_KIND_CODE_BINDING, ev->binding)))
            ->outside.alarm_ms = t->now_ms;
    ((struct tb_code_batch *)tb_block_head(tb_write(t, TB_KIND_CODE_BATCH, ev->batch)))->alarms++;
}

/* ---- start-up -------------------------------------------------------------------------------------- */

void tb_code_index(struct tb_core *c, struct tb_block *b)
{
    struct tb_store *s = &c->store;
    if (b->kind == TB_KIND_CODE_BINDING) {
        struct tb_txn t = {.store = s, .env = &c->env};
        const struct tb_code_binding *head = tb_block_head_const(b);
        tb_map_put(&s->map[TB_MAP_CODE],
                   tb_key_code(&t, head->tenant, TB_KIND_CODE_BINDING, binding_key(&t, b)), b->id);
    } else if (b->kind == TB_KIND_CODE_PACKAGE) {
        const struct tb_code_package *head = tb_block_head_const(b);
        tb_map_put(&s->map[TB_MAP_CODE_PACKAGE],
                   tb_code_key((struct tb_code_ref){head->batch, head->serial}), b->id);
    } else if (b->kind == TB_KIND_CODE_SET) {
        const struct tb_code_set *head = tb_block_head_const(b);
        struct tb_code_ref ref = {head->batch, head->piece << TB_CODE_PIECE_BITS};
        tb_map_put(&s->map[TB_MAP_CODE_SET], tb_code_piece_key(ref), b->id);
    }
}
