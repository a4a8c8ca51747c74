// SPDX-License-Identifier: Apache-2.0
/* Batches, binding, moving and packing: every answer in order of precedence, and random
 * histories against a plain array of codes. What a scan answers is in test_code_scan.c.    */
#include "code_kit.h"

#define REF(b, s) ((struct tb_code_ref){(b), (s)})

static void test_batches(void **state)
{
    (void)state;
    struct fx *f = kit_new(true);
    uint32_t b = kit_batch(f, "b", 0, 1000);
    assert_true(b != 0 && b < 1u << 30);
    struct tb_cmd_code_batch_put in = {.put.code = S("b"), .scene = TB_SCENE_INSIDE, .count = 1000};
    fx_done(f, TB_OP_CODE_BATCH_PUT, &in); /* alarms off */
    assert_int_equal(fx_uint(f, 1, 0), b);
    assert_int_equal(fx_uint(f, 2, 0), 2);
    static const struct {
        int64_t scene, level, count, scans, persons, days;
        const char *field;
    } bad[] = {{9, 9, 0, -1, 0, 0, "scene"},
               {TB_SCENE_OUTSIDE, 0, 1000, 0, 0, 0, "scene"},
               {TB_SCENE_INSIDE, 4, 0, 0, 0, 0, "level"},
               {TB_SCENE_INSIDE, 1, 1000, 0, 0, 0, "level"},
               {TB_SCENE_INSIDE, 0, 999, 0, 0, 0, "count"},
               {TB_SCENE_INSIDE, 0, 0, 0, 0, 0, "count"},
               {TB_SCENE_INSIDE, 0, INT64_C(4294967296), 0, 0, 0, "count"},
               {TB_SCENE_INSIDE, 0, 1000, -1, 9, 0, "divert_scans"},
               {TB_SCENE_INSIDE, 0, 1000, 1, 0, 1, "divert_persons"},
               {TB_SCENE_INSIDE, 0, 1000, 1, 9, 0, "divert_persons"},
               {TB_SCENE_INSIDE, 0, 1000, 1, 8, 0, "divert_days"}};
    for (size_t i = 0; i < TB_COUNT_OF(bad); i++) {
        struct tb_cmd_code_batch_put put = {.put.code = S("b"),
                                            .scene = bad[i].scene,
                                            .level = bad[i].level,
                                            .count = bad[i].count,
                                            .divert_scans = bad[i].scans,
                                            .divert_persons = bad[i].persons,
                                            .divert_days = bad[i].days};
        fx_refused(f, TB_OP_CODE_BATCH_PUT, &put, TB_CODE_INVALID, bad[i].field);
    }
    struct tb_cmd_codes_bind bind = kit_bind("b", 900, 100);
    fx_done(f, TB_OP_CODES_BIND, &bind);
    in.count = 2000;
    fx_done(f, TB_OP_CODE_BATCH_PUT, &in);
    assert_int_equal(kit_get(f, REF(b, 999), 3), TB_CODE_IS_BOUND);
    assert_int_equal(kit_get(f, REF(b, 1000), 3), TB_CODE_IS_BLANK); /* new serials are blank */
    assert_int_equal(fx_uint(f, 5, 0), 0);
    fx_free(f);
}

static void test_bind_answers(void **state)
{
    (void)state;
    struct fx *f = kit_new(true);
    uint32_t b = kit_batch(f, "b", 0, 1000);
    struct tb_cmd_codes_bind in = kit_bind("b", 100, 100);
    fx_done(f, TB_OP_CODES_BIND, &in);
    uint64_t binding = fx_uint(f, 1, 0);
    assert_int_equal(fx_uint(f, 2, 0), 100);
    struct tb_cmd_codes_move gone = kit_move("b", 500, 10, TB_CODE_VOID_FOR_GOOD);
    fx_done(f, TB_OP_CODES_MOVE, &gone);
    struct tb_cmd_codes_bind bad = kit_bind("none", 0, 5000);
    bad.product = S("none");
    fx_refused(f, TB_OP_CODES_BIND, &bad, TB_CODE_NOT_FOUND, "batch");
    bad.target.batch = S("b");
    fx_refused(f, TB_OP_CODES_BIND, &bad, TB_CODE_UNKNOWN_CODE, "n");
    bad.target.n = 1000;
    bad.store = S("none");
    fx_refused(f, TB_OP_CODES_BIND, &bad, TB_CODE_UNKNOWN_PRODUCT, "product");
    bad.product = S("mouse");
    bad.associate = S("none");
    fx_refused(f, TB_OP_CODES_BIND, &bad, TB_CODE_UNKNOWN_STORE, "store");
    bad.store = S("gz");
    bad.region = S("\xff");
    fx_refused(f, TB_OP_CODES_BIND, &bad, TB_CODE_UNKNOWN_ASSOCIATE, "associate");
    bad.associate = S("ann");
    fx_refused(f, TB_OP_CODES_BIND, &bad, TB_CODE_INVALID, "region");
    bad.region = S("cn/south");
    fx_refused(f, TB_OP_CODES_BIND, &bad, TB_CODE_CODE_BOUND, "n");
    bad.target.from = 400;
    bad.target.n = 300;
    fx_refused(f, TB_OP_CODES_BIND, &bad, TB_CODE_CODE_VOID, "n");
    struct tb_cmd_codes_bind nothing = {.target = in.target};
    fx_refused(f, TB_OP_CODES_BIND, &nothing, TB_CODE_INVALID, "product");
    struct tb_cmd_codes_bind overlap = kit_bind("b", 199, 2);
    fx_refused(f, TB_OP_CODES_BIND, &overlap, TB_CODE_CODE_BOUND, "n");
    assert_int_equal(kit_get(f, REF(b, 200), 3), TB_CODE_IS_BLANK); /* refused whole */
    overlap.target.from = 200;
    fx_done(f, TB_OP_CODES_BIND, &overlap);
    assert_int_equal(fx_uint(f, 1, 0), binding); /* equal bindings are one */
    struct tb_cmd_code_batch_get get = {.batch = S("b")};
    fx_done(f, TB_OP_CODE_BATCH_GET, &get);
    assert_int_equal(fx_bytes(f, 3, 4).n > 0, 1); /* blank, bound, blank, void, blank */
    assert_int_equal(fx_bytes(f, 3, 5).n, 0);
    fx_free(f);
}

static void test_move_answers(void **state)
{
    (void)state;
    struct fx *f = kit_new(true);
    uint32_t b = kit_batch(f, "b", 0, 100);
    struct tb_cmd_codes_bind bind = kit_bind("b", 0, 50);
    fx_done(f, TB_OP_CODES_BIND, &bind);
    struct tb_cmd_codes_move in = kit_move("none", 0, 60, 9);
    in.reason = TB_STR_NONE;
    fx_refused(f, TB_OP_CODES_MOVE, &in, TB_CODE_INVALID, "verb");
    in.verb = TB_CODE_FREEZE;
    fx_refused(f, TB_OP_CODES_MOVE, &in, TB_CODE_REASON_REQUIRED, "reason");
    in.verb = TB_CODE_ACTIVATE;
    fx_refused(f, TB_OP_CODES_MOVE, &in, TB_CODE_NOT_FOUND, "batch");
    in.target.batch = S("b");
    fx_refused(f, TB_OP_CODES_MOVE, &in, TB_CODE_CODE_NOT_BOUND, "n");
    struct tb_cmd_codes_move gone = kit_move("b", 40, 10, TB_CODE_VOID_FOR_GOOD);
    fx_done(f, TB_OP_CODES_MOVE, &gone);
    fx_done(f, TB_OP_CODES_MOVE, &gone); /* as it is wanted */
    fx_refused(f, TB_OP_CODES_MOVE, &in, TB_CODE_CODE_VOID, "n");
    in.target.n = 40;
    fx_done(f, TB_OP_CODES_MOVE, &in);
    assert_int_equal(kit_get(f, REF(b, 39), 3), TB_CODE_IS_ACTIVE);
    assert_int_equal(kit_get(f, REF(b, 45), 4), TB_CODE_IS_VOID);
    struct tb_cmd_codes_move ice = kit_move("b", 10, 10, TB_CODE_FREEZE);
    fx_done(f, TB_OP_CODES_MOVE, &ice);
    assert_int_equal(kit_get(f, REF(b, 15), 4), TB_CODE_IS_FROZEN);
    ice.verb = TB_CODE_THAW;
    ice.target.from = 0;
    ice.target.n = 15;
    fx_done(f, TB_OP_CODES_MOVE, &ice);
    assert_int_equal(kit_get(f, REF(b, 14), 4), 0);
    assert_int_equal(kit_get(f, REF(b, 15), 4), TB_CODE_IS_FROZEN);
    struct tb_cmd_code_get get = {.code = {b, 100}};
    fx_refused(f, TB_OP_CODE_GET, &get, TB_CODE_UNKNOWN_CODE, "code");
    fx_free(f);
}

/* Two pallets of ten cartons of 24; the second is frozen, then recalled. */
static void test_packing(void **state)
{
    (void)state;
    struct fx *f = kit_new(true);
    uint32_t item = kit_batch(f, "item", 0, 480);
    uint32_t carton = kit_batch(f, "carton", 1, 20);
    uint32_t pallet = kit_batch(f, "pallet", 2, 3);
    for (uint32_t c = 0; c < 20; c++)
        kit_pack(f, REF(carton, c), REF(item, c * 24), 24);
    kit_pack(f, REF(pallet, 0), REF(carton, 0), 10);
    kit_pack(f, REF(pallet, 1), REF(carton, 10), 10);
    fx_prove(f);
    struct tb_cmd_codes_bind bind = {.target.parent = {pallet, 1}, .product = S("mouse"), .activate = true};
    fx_done(f, TB_OP_CODES_BIND, &bind);
    assert_int_equal(fx_uint(f, 2, 0), 1 + 10 + 240);
    struct tb_cmd_codes_move ice = {
        .target.parent = {pallet, 1}, .verb = TB_CODE_FREEZE, .reason = S("recall")};
    fx_done(f, TB_OP_CODES_MOVE, &ice);
    for (uint32_t s = 0; s < 480; s++) {
        assert_int_equal(kit_get(f, REF(item, s), 4), s < 240 ? 0 : TB_CODE_IS_FROZEN);
        assert_int_equal(fx_uint(f, 3, 0), s < 240 ? TB_CODE_IS_BLANK : TB_CODE_IS_ACTIVE);
        assert_true(fx_bytes(f, 12, 1).n > 0 && fx_bytes(f, 12, 2).n == 0); /* carton and pallet */
    }
    struct tb_code_children seven = {item, 24 * 7 + 3, 2, 0};
    struct tb_cmd_codes_unpack out = {.parent = {carton, 7}, .child = &seven, .child_n = 1};
    fx_done(f, TB_OP_CODES_UNPACK, &out);
    assert_int_equal(fx_uint(f, 2, 0), 22);
    fx_prove(f);
    fx_refused(f, TB_OP_CODES_UNPACK, &out, TB_CODE_CODE_NOT_PACKED, "children");
    kit_pack(f, REF(carton, 3), REF(item, 24 * 7 + 3), 2);
    out.child_n = 0;
    fx_done(f, TB_OP_CODES_UNPACK, &out);
    assert_int_equal(fx_uint(f, 2, 0), 0);
    fx_refused(f, TB_OP_CODES_UNPACK, &out, TB_CODE_CODE_NOT_PACKED, "parent");
    fx_free(f);
}

static void test_pack_answers(void **state)
{
    (void)state;
    struct fx *f = kit_new(true);
    uint32_t item = kit_batch(f, "item", 0, 100);
    uint32_t carton = kit_batch(f, "carton", 1, 3);
    kit_pack(f, REF(carton, 0), REF(item, 0), 10);
    struct tb_cmd_codes_move gone = kit_move("carton", 2, 1, TB_CODE_VOID_FOR_GOOD);
    fx_done(f, TB_OP_CODES_MOVE, &gone);
    gone = kit_move("item", 5, 1, TB_CODE_VOID_FOR_GOOD);
    fx_done(f, TB_OP_CODES_MOVE, &gone);
    struct tb_code_children child[2] = {{item, 20, 10, 0}, {item, 95, 6, 0}};
    struct tb_cmd_codes_pack in = {.parent = {carton, 5}, .child = child};
    fx_refused(f, TB_OP_CODES_PACK, &in, TB_CODE_INVALID, "children");
    in.child_n = 2;
    fx_refused(f, TB_OP_CODES_PACK, &in, TB_CODE_UNKNOWN_CODE, "parent");
    in.parent.serial = 2;
    fx_refused(f, TB_OP_CODES_PACK, &in, TB_CODE_CODE_VOID, "parent");
    in.parent.serial = 1;
    fx_refused(f, TB_OP_CODES_PACK, &in, TB_CODE_UNKNOWN_CODE, "children");
    child[1] = (struct tb_code_children){item, 25, 0, 0};
    fx_refused(f, TB_OP_CODES_PACK, &in, TB_CODE_UNKNOWN_CODE, "children");
    child[1] = (struct tb_code_children){carton, 0, 3, 0};
    fx_refused(f, TB_OP_CODES_PACK, &in, TB_CODE_CODE_VOID, "children");
    child[1].n = 1;
    fx_refused(f, TB_OP_CODES_PACK, &in, TB_CODE_INVALID, "children");
    child[1] = (struct tb_code_children){item, 5, 1, 0};
    fx_refused(f, TB_OP_CODES_PACK, &in, TB_CODE_CODE_VOID, "children");
    child[1] = (struct tb_code_children){item, 29, 2, 0}; /* 29 is in the command twice */
    fx_refused(f, TB_OP_CODES_PACK, &in, TB_CODE_CODE_PACKED, "children");
    child[1] = (struct tb_code_children){item, 9, 2, 0};
    fx_refused(f, TB_OP_CODES_PACK, &in, TB_CODE_CODE_PACKED, "children");
    child[1] = (struct tb_code_children){item, 30, 2, 0};
    fx_done(f, TB_OP_CODES_PACK, &in);
    assert_int_equal(fx_uint(f, 2, 0), 12);
    fx_free(f);
}

/* A wet label: the new one is what the old one was, in its carton; and a carton's. */
static void test_replace(void **state)
{
    (void)state;
    struct fx *f = kit_new(true);
    uint32_t item = kit_batch(f, "item", 0, 100);
    uint32_t spare = kit_batch(f, "spare", 0, 10);
    uint32_t carton = kit_batch(f, "carton", 1, 5);
    kit_activate(f, "item", 0, 50);
    kit_pack(f, REF(carton, 0), REF(item, 0), 24);
    struct tb_cmd_code_replace in = {.old = {item, 100}, .fresh = {spare, 10}};
    fx_refused(f, TB_OP_CODE_REPLACE, &in, TB_CODE_REASON_REQUIRED, "reason");
    in.reason = S("wet");
    fx_refused(f, TB_OP_CODE_REPLACE, &in, TB_CODE_UNKNOWN_CODE, "old");
    in.old.serial = 5;
    fx_refused(f, TB_OP_CODE_REPLACE, &in, TB_CODE_UNKNOWN_CODE, "new");
    in.fresh = (struct tb_code_ref){carton, 1};
    fx_refused(f, TB_OP_CODE_REPLACE, &in, TB_CODE_INVALID, "new");
    in.fresh = in.old;
    fx_refused(f, TB_OP_CODE_REPLACE, &in, TB_CODE_INVALID, "new");
    in.fresh = (struct tb_code_ref){item, 6};
    fx_refused(f, TB_OP_CODE_REPLACE, &in, TB_CODE_CODE_BOUND, "new");
    struct tb_identifier who = fx_id(f, "phone", "+8613912345678", true);
    assert_int_equal(kit_scanned(f, REF(item, 7), &who), TB_SCAN_FIRST);
    in.old.serial = 7;
    fx_refused(f, TB_OP_CODE_REPLACE, &in, TB_CODE_CODE_SCANNED, "old");
    in.old.serial = 5;
    in.fresh = (struct tb_code_ref){spare, 3};
    fx_done(f, TB_OP_CODE_REPLACE, &in);
    fx_refused(f, TB_OP_CODE_REPLACE, &in, TB_CODE_CODE_VOID, "old");
    assert_int_equal(kit_get(f, REF(spare, 3), 3), TB_CODE_IS_ACTIVE);
    assert_true(fx_bytes(f, 12, 0).n > 0);
    assert_int_equal(kit_get(f, REF(item, 5), 4), TB_CODE_IS_VOID);
    assert_int_equal(fx_bytes(f, 12, 0).n, 0);
    fx_prove(f);
    struct tb_cmd_code_replace box = {.old = {carton, 0}, .fresh = {carton, 4}, .reason = S("torn")};
    fx_done(f, TB_OP_CODE_REPLACE, &box);
    assert_int_equal(kit_get(f, REF(carton, 4), 13), 24);
    assert_int_equal(kit_get(f, REF(carton, 0), 13), 0);
    kit_pack(f, REF(carton, 4), REF(item, 30), 1);
    assert_int_equal(fx_uint(f, 2, 0), 25);
    fx_free(f);
}

/* ---- random histories against a plain model ----------------------------------------------- */

#define ITEMS 3000u
#define CARTONS 40u

struct plain {
    uint32_t binding[ITEMS];
    uint8_t state[ITEMS];
    uint8_t marks[ITEMS];
    uint8_t carton[ITEMS]; /* + 1 */
};

struct world {
    struct fx *f;
    struct plain p;
    uint64_t rng;
    uint32_t item;
    uint32_t carton;
    uint64_t done;
    uint64_t refused;
};

static uint32_t pick(struct world *w, uint32_t n)
{
    return (uint32_t)(kit_rng(&w->rng) % n);
}

static void expect(struct world *w, enum tb_op op, const void *in, enum tb_code code)
{
    enum tb_outcome outcome = fx_run(w->f, op, in);
    if (w->f->a.code != code || outcome != (code == TB_CODE_OK ? TB_DONE : TB_REFUSED))
        fail_msg("rng %llu: %s answered %s, not %s", (unsigned long long)w->rng, tb_op_name(op),
                 tb_code_name(w->f->a.code), tb_code_name(code));
    w->done += code == TB_CODE_OK;
    w->refused += code != TB_CODE_OK;
}

static void step_bind(struct world *w, uint32_t from, uint32_t n)
{
    struct tb_cmd_codes_bind in = kit_bind("item", from, n);
    static const char *const lots[] = {"a", "b", "c"};
    in.lot = tb_str_of(lots[pick(w, 3)]);
    in.activate = pick(w, 2);
    enum tb_code code = TB_CODE_OK;
    for (uint32_t s = from; s < from + n && code == TB_CODE_OK; s++)
        code = w->p.marks[s] & TB_CODE_IS_VOID ? TB_CODE_CODE_VOID
               : w->p.state[s]                 ? TB_CODE_CODE_BOUND
                                               : TB_CODE_OK;
    expect(w, TB_OP_CODES_BIND, &in, code);
    for (uint32_t s = from; s < from + n && code == TB_CODE_OK; s++) {
        w->p.binding[s] = (uint32_t)fx_uint(w->f, 1, 0);
        w->p.state[s] = in.activate ? TB_CODE_IS_ACTIVE : TB_CODE_IS_BOUND;
    }
}

static void step_move(struct world *w, uint32_t from, uint32_t n)
{
    uint32_t r = pick(w, 100);
    enum tb_code_verb verb = r < 40   ? TB_CODE_ACTIVATE
                             : r < 65 ? TB_CODE_FREEZE
                             : r < 97 ? TB_CODE_THAW
                                      : TB_CODE_VOID_FOR_GOOD;
    struct tb_cmd_codes_move in = kit_move("item", from, n, verb);
    enum tb_code code = TB_CODE_OK;
    for (uint32_t s = from; s < from + n && verb != TB_CODE_VOID_FOR_GOOD; s++)
        if (w->p.marks[s] & TB_CODE_IS_VOID)
            code = TB_CODE_CODE_VOID;
    for (uint32_t s = from; s < from + n && verb == TB_CODE_ACTIVATE && code == TB_CODE_OK; s++)
        if (w->p.state[s] == TB_CODE_IS_BLANK)
            code = TB_CODE_CODE_NOT_BOUND;
    expect(w, TB_OP_CODES_MOVE, &in, code);
    for (uint32_t s = from; s < from + n && code == TB_CODE_OK; s++) {
        if (verb == TB_CODE_ACTIVATE)
            w->p.state[s] = TB_CODE_IS_ACTIVE;
        else if (verb == TB_CODE_FREEZE)
            w->p.marks[s] |= TB_CODE_IS_FROZEN;
        else if (verb == TB_CODE_THAW)
            w->p.marks[s] &= (uint8_t)~TB_CODE_IS_FROZEN;
        else
            w->p.marks[s] |= TB_CODE_IS_VOID;
    }
}

static void step_pack(struct world *w, uint32_t from, uint32_t n)
{
    uint32_t carton = pick(w, CARTONS);
    struct tb_code_children child = {w->item, from, n, 0};
    struct tb_cmd_codes_pack in = {.parent = {w->carton, carton}, .child = &child, .child_n = 1};
    enum tb_code code = TB_CODE_OK;
    for (uint32_t s = from; s < from + n && code == TB_CODE_OK; s++)
        code = w->p.marks[s] & TB_CODE_IS_VOID ? TB_CODE_CODE_VOID
               : w->p.carton[s]                ? TB_CODE_CODE_PACKED
                                               : TB_CODE_OK;
    expect(w, TB_OP_CODES_PACK, &in, code);
    for (uint32_t s = from; s < from + n && code == TB_CODE_OK; s++)
        w->p.carton[s] = (uint8_t)(carton + 1);
}

static void step_unpack(struct world *w, uint32_t from, uint32_t n)
{
    if (w->p.carton[from] == 0)
        return;
    uint32_t carton = w->p.carton[from] - 1u;
    struct tb_code_children child = {w->item, from, n, 0};
    struct tb_cmd_codes_unpack in = {.parent = {w->carton, carton}, .child = &child, .child_n = 1};
    enum tb_code code = TB_CODE_OK;
    for (uint32_t s = from; s < from + n; s++)
        if (w->p.carton[s] != carton + 1)
            code = TB_CODE_CODE_NOT_PACKED;
    expect(w, TB_OP_CODES_UNPACK, &in, code);
    for (uint32_t s = from; s < from + n && code == TB_CODE_OK; s++)
        w->p.carton[s] = 0;
}

/* Everything that is in a carton, wherever it lies. */
static void step_carton(struct world *w)
{
    uint32_t carton = pick(w, CARTONS);
    bool freeze = pick(w, 2);
    struct tb_cmd_codes_move in = {.target.parent = {w->carton, carton},
                                   .verb = freeze ? TB_CODE_FREEZE : TB_CODE_THAW,
                                   .reason = S("stock")};
    enum tb_code code = TB_CODE_OK;
    for (uint32_t s = 0; s < ITEMS; s++)
        if (w->p.carton[s] == carton + 1 && w->p.marks[s] & TB_CODE_IS_VOID)
            code = TB_CODE_CODE_VOID;
    expect(w, TB_OP_CODES_MOVE, &in, code);
    for (uint32_t s = 0; s < ITEMS && code == TB_CODE_OK; s++)
        if (w->p.carton[s] == carton + 1)
            w->p.marks[s] = (uint8_t)(freeze ? w->p.marks[s] | TB_CODE_IS_FROZEN
                                             : w->p.marks[s] & ~TB_CODE_IS_FROZEN);
}

static void compare(struct world *w)
{
    for (uint32_t s = 0; s < ITEMS; s++) {
        assert_int_equal(kit_get(w->f, REF(w->item, s), 3), w->p.state[s]);
        assert_int_equal(fx_uint(w->f, 4, 0), w->p.marks[s]);
        assert_int_equal(fx_uint(w->f, 5, 0), w->p.binding[s]);
        assert_int_equal(fx_bytes(w->f, 12, 0).n > 0, w->p.carton[s] > 0);
    }
    fx_prove(w->f);
}

static void history(uint64_t seed, uint32_t steps, uint32_t longest)
{
    struct world w = {.f = kit_new(true), .rng = seed};
    w.item = kit_batch(w.f, "item", 0, ITEMS);
    w.carton = kit_batch(w.f, "carton", 1, CARTONS);
    for (uint32_t i = 0; i < steps; i++) {
        uint32_t from = pick(&w, ITEMS);
        uint32_t n = 1 + pick(&w, longest);
        n = n < ITEMS - from ? n : ITEMS - from;
        uint32_t what = pick(&w, 100);
        if (what < 30)
            step_bind(&w, from, n);
        else if (what < 60)
            step_move(&w, from, n);
        else if (what < 80)
            step_pack(&w, from, n);
        else if (what < 97)
            step_unpack(&w, from, 1 + n / 8);
        else
            step_carton(&w);
        if (i % (steps / 4) == steps / 4 - 1)
            compare(&w);
    }
    assert_true(w.done > steps / 8 && w.refused > steps / 100);
    const struct tb_code_batch *batch = tb_block_head(tb_store_get(&w.f->core.store, TB_KIND_CODE_BATCH, w.item));
    assert_true(longest > 2 || batch->pages > 4); /* single codes: pages have split */
    fx_free(w.f);
}

static void test_random_single_codes(void **state)
{
    (void)state;
    history(1, 12000, 2);
}

static void test_random_ranges(void **state)
{
    (void)state;
    for (uint64_t seed = 2; seed < 8; seed++)
        history(seed, 1500, seed & 1 ? 40 : 300);
}

/* A billion codes bound and activated at once: one event, two blocks. */
static void test_large_batches_cost_nothing(void **state)
{
    (void)state;
    struct fx *f = kit_new(false);
    size_t before = f->core.store.pool.used_bytes;
    uint32_t b = kit_batch(f, "billion", 0, 1000000000);
    size_t made = f->core.store.pool.used_bytes - before;
    kit_activate(f, "billion", 0, 1000000000);
    size_t after = f->core.store.pool.used_bytes - before;
    const struct tb_shape *shape = f->core.store.shape;
    size_t own = tb_block_bytes(&shape[TB_KIND_CODE_BATCH],
                                tb_store_get(&f->core.store, TB_KIND_CODE_BATCH, b)->n);
    printf("a batch of 10^9 codes: its block %zu bytes; with directories and maps of the first batch %zu; "
           "bound and activated %zu\n", own, made, after);
    assert_true(own <= 1024);
    before = f->core.store.pool.used_bytes; /* the second batch finds the directories there */
    (void)kit_batch(f, "second", 0, 1000000000);
    kit_activate(f, "second", 0, 1000000000);
    assert_true(f->core.store.pool.used_bytes - before <= 1024);
    printf("the second one, bound and activated: %zu bytes\n", f->core.store.pool.used_bytes - before);
    fx_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_batches),       cmocka_unit_test(test_bind_answers),
        cmocka_unit_test(test_move_answers),  cmocka_unit_test(test_packing),
        cmocka_unit_test(test_pack_answers),  cmocka_unit_test(test_replace),
        cmocka_unit_test(test_random_ranges), cmocka_unit_test(test_random_single_codes),
        cmocka_unit_test(test_large_batches_cost_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
