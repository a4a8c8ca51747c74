// SPDX-License-Identifier: Apache-2.0
/* Scans: what is answered to whom, once and again; guesses; diversion; what it costs. */
#include "code_kit.h"

#define REF(b, s) ((struct tb_code_ref){(b), (s)})

static struct tb_identifier phone(struct fx *f, uint32_t n)
{
    static char text[8][24];
    static uint32_t at;
    char *p = text[at++ % 8]; /* the identifier borrows it */
    snprintf(p, sizeof text[0], "+86139%08u", n);
    return fx_id(f, "phone", p, true);
}

/* Never printed, blank, bound, frozen or void before it was activated: one answer, byte by byte,
 * and nobody becomes a person by it.                                                       */
static void test_not_in_force_is_one_answer(void **state)
{
    (void)state;
    struct fx *f = kit_new(true);
    uint32_t b = kit_batch(f, "b", 0, 100);
    struct tb_cmd_codes_bind bind = kit_bind("b", 10, 40);
    fx_done(f, TB_OP_CODES_BIND, &bind);
    struct tb_cmd_codes_move ice = kit_move("b", 20, 10, TB_CODE_FREEZE);
    fx_done(f, TB_OP_CODES_MOVE, &ice);
    struct tb_cmd_codes_move gone = kit_move("b", 30, 10, TB_CODE_VOID_FOR_GOOD);
    fx_done(f, TB_OP_CODES_MOVE, &gone);
    const struct tb_code_ref row[] = {{0, 0},     {b + 1, 0}, {b, 100}, {b, UINT32_MAX}, {1u << 29, 5},
                                      {b, 0},     {b, 10},    {b, 25},  {b, 35}};
    for (uint32_t i = 0; i < TB_COUNT_OF(row); i++) {
        struct tb_identifier who = phone(f, 5);
        struct tb_cmd_code_scan in = kit_scan(f, row[i], &who);
        int64_t persons = fx_count(f, TB_COUNT_PERSONS);
        assert_int_equal(fx_run(f, TB_OP_CODE_SCAN, &in), TB_DONE); /* it leaves a record */
        assert_int_equal(f->a.code, TB_CODE_UNKNOWN_CODE);
        assert_string_equal(f->a.field, "code");
        assert_int_equal(f->a.body.n, 0);
        assert_int_equal(f->event_n, 1);
        assert_int_equal(fx_count(f, TB_COUNT_PERSONS), persons);
    }
    fx_free(f);
}

static void test_another_tenants_code(void **state)
{
    (void)state;
    struct fx *f = kit_new(true);
    uint32_t b = kit_batch(f, "b", 0, 100);
    kit_activate(f, "b", 0, 100);
    uint32_t mine = f->tenant;
    f->tenant = 0;
    struct tb_cmd_tenant_put put = {
        .put.code = S("other"), .name = S("Other"), .zone = S("UTC"), .currency = S("EUR")};
    fx_done(f, TB_OP_TENANT_PUT, &put);
    f->tenant = (uint32_t)fx_uint(f, 1, 0);
    struct tb_cmd_code_scan in = kit_scan(f, REF(b, 5), NULL);
    assert_int_equal(fx_run(f, TB_OP_CODE_SCAN, &in), TB_DONE);
    assert_int_equal(f->a.code, TB_CODE_UNKNOWN_CODE);
    struct tb_cmd_code_get get = {.code = {b, 5}};
    fx_refused(f, TB_OP_CODE_GET, &get, TB_CODE_UNKNOWN_CODE, "code");
    f->tenant = mine;
    assert_int_equal(kit_scanned(f, REF(b, 5), NULL), TB_SCAN_FIRST);
    fx_free(f);
}

static void test_first_and_seen_before(void **state)
{
    (void)state;
    struct fx *f = kit_new(true);
    uint32_t b = kit_batch(f, "b", 0, 100);
    kit_activate(f, "b", 0, 100);
    struct tb_identifier ann = phone(f, 1);
    struct tb_identifier bob = phone(f, 2);
    struct tb_cmd_code_scan in = kit_scan(f, REF(b, 5), &ann);
    in.touchpoint = S("scan");
    int64_t at_ms = f->now_ms;
    fx_done(f, TB_OP_CODE_SCAN, &in);
    assert_int_equal(fx_uint(f, 1, 0), TB_SCAN_FIRST);
    assert_int_equal(fx_uint(f, 4, 0), 1); /* she is new */
    assert_int_equal(fx_uint(f, 10, 0), fx_code(f, TB_KIND_PRODUCT, "mouse"));
    uint64_t profile = fx_uint(f, 3, 0);
    f->now_ms += FX_DAY;
    assert_int_equal(kit_scanned(f, REF(b, 5), &ann), TB_SCAN_AGAIN);
    assert_int_equal(fx_uint(f, 3, 0), profile);
    assert_int_equal(fx_uint(f, 5, 0), at_ms);
    assert_int_equal(fx_uint(f, 6, 0), fx_code(f, TB_KIND_STORE, "gz"));
    assert_int_equal(fx_uint(f, 7, 0), fx_code(f, TB_KIND_TOUCHPOINT, "scan"));
    assert_int_equal(fx_uint(f, 8, 0), 2);
    assert_int_equal(kit_get(f, REF(b, 5), 21), 0);
    assert_int_equal(kit_scanned(f, REF(b, 5), &bob), TB_SCAN_OTHERS);
    assert_int_equal(fx_uint(f, 5, 0), at_ms);
    assert_int_equal(kit_scanned(f, REF(b, 5), NULL), TB_SCAN_OTHERS); /* nobody is not she */
    assert_int_equal(kit_get(f, REF(b, 5), 20), 4);
    assert_int_equal(fx_uint(f, 17, 0), profile);
    assert_int_equal(fx_uint(f, 21, 0), 1);
    assert_int_equal(kit_scanned(f, REF(b, 6), NULL), TB_SCAN_FIRST);
    assert_int_equal(kit_scanned(f, REF(b, 6), &ann), TB_SCAN_OTHERS);
    assert_int_equal(kit_scanned(f, REF(b, 6), NULL), TB_SCAN_OTHERS);
    struct tb_identifier both[2] = {fx_id(f, "phone", "+8613900000001", true),
                                    fx_id(f, "unionid", "o1", true)};
    struct tb_identifier union_id = both[1];
    assert_int_equal(kit_scanned(f, REF(b, 7), &union_id), TB_SCAN_FIRST);
    assert_int_equal(kit_scanned(f, REF(b, 7), &ann), TB_SCAN_OTHERS);
    (void)fx_contact(f, both, 2, f->now_ms); /* they turn out to be one person */
    assert_int_equal(kit_scanned(f, REF(b, 7), &ann), TB_SCAN_AGAIN);
    fx_free(f);
}

static void test_frozen_void_open(void **state)
{
    (void)state;
    struct fx *f = kit_new(true);
    uint32_t b = kit_batch(f, "b", 0, 100);
    uint32_t wall = kit_scene(f, "wall", TB_SCENE_STORE, 5);
    kit_activate(f, "b", 0, 100);
    struct tb_identifier ann = phone(f, 1);
    assert_int_equal(kit_scanned(f, REF(b, 1), &ann), TB_SCAN_FIRST);
    struct tb_cmd_codes_move move = kit_move("b", 0, 10, TB_CODE_FREEZE);
    fx_done(f, TB_OP_CODES_MOVE, &move);
    assert_int_equal(kit_scanned(f, REF(b, 1), &ann), TB_SCAN_FROZEN);
    assert_int_equal(kit_scanned(f, REF(b, 2), &ann), TB_SCAN_FROZEN);
    move.verb = TB_CODE_THAW;
    fx_done(f, TB_OP_CODES_MOVE, &move);
    assert_int_equal(kit_scanned(f, REF(b, 1), &ann), TB_SCAN_AGAIN);
    assert_int_equal(kit_scanned(f, REF(b, 2), &ann), TB_SCAN_FIRST); /* frozen scans claim nothing */
    move.verb = TB_CODE_FREEZE;
    fx_done(f, TB_OP_CODES_MOVE, &move);
    move.verb = TB_CODE_VOID_FOR_GOOD;
    fx_done(f, TB_OP_CODES_MOVE, &move);
    assert_int_equal(kit_scanned(f, REF(b, 3), &ann), TB_SCAN_VOID); /* both: void comes first */
    struct tb_cmd_codes_bind bind = {
        .target = {.batch = S("wall"), .n = 5}, .store = S("bj"), .associate = S("ann"), .activate = true};
    fx_done(f, TB_OP_CODES_BIND, &bind);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(kit_scanned(f, REF(wall, 0), &ann), TB_SCAN_OPEN);
        assert_int_equal(fx_uint(f, 12, 0), fx_code(f, TB_KIND_STORE, "bj"));
        assert_int_equal(fx_uint(f, 13, 0), fx_code(f, TB_KIND_ASSOCIATE, "ann"));
        assert_int_equal(fx_uint(f, 8, 0), 0);
    }
    fx_free(f);
}

static void test_scan_answers(void **state)
{
    (void)state;
    struct fx *f = kit_new(true);
    uint32_t b = kit_batch(f, "b", 0, 10);
    kit_activate(f, "b", 0, 10);
    struct tb_identifier who = phone(f, 1);
    who.ns = 999999;
    struct tb_cmd_code_scan in = kit_scan(f, REF(b, 5), &who);
    in.region = S("\xff");
    in.touchpoint = S("none");
    in.store = S("none");
    in.occurred_ms = f->now_ms + 3 * FX_DAY;
    fx_refused(f, TB_OP_CODE_SCAN, &in, TB_CODE_INVALID, "region");
    in.region = TB_STR_NONE;
    fx_refused(f, TB_OP_CODE_SCAN, &in, TB_CODE_UNKNOWN_TOUCHPOINT, "touchpoint");
    in.touchpoint = S("scan");
    fx_refused(f, TB_OP_CODE_SCAN, &in, TB_CODE_UNKNOWN_STORE, "store");
    in.store = S("bj");
    fx_refused(f, TB_OP_CODE_SCAN, &in, TB_CODE_TIME_IN_FUTURE, "occurred_at");
    in.occurred_ms = f->now_ms;
    fx_refused(f, TB_OP_CODE_SCAN, &in, TB_CODE_UNKNOWN_NAMESPACE, "identifiers/0");
    in.identifier_n = 0;
    fx_done(f, TB_OP_CODE_SCAN, &in);
    assert_int_equal(fx_uint(f, 6, 0), fx_code(f, TB_KIND_STORE, "bj")); /* named before the touchpoint's */
    fx_free(f);
}

static void test_redeem(void **state)
{
    (void)state;
    struct fx *f = kit_new(true);
    uint32_t b = kit_batch(f, "b", 0, 100);
    struct tb_cmd_codes_bind bind = kit_bind("b", 0, 50);
    fx_done(f, TB_OP_CODES_BIND, &bind);
    struct tb_identifier ann = phone(f, 1);
    struct tb_cmd_code_redeem in = {.code = {b, 100}, .who.identifier = ann};
    fx_refused(f, TB_OP_CODE_REDEEM, &in, TB_CODE_UNKNOWN_CODE, "code");
    in.code.serial = 5;
    fx_refused(f, TB_OP_CODE_REDEEM, &in, TB_CODE_UNKNOWN_CODE, "code");
    struct tb_cmd_codes_move move = kit_move("b", 0, 50, TB_CODE_ACTIVATE);
    fx_done(f, TB_OP_CODES_MOVE, &move);
    fx_refused(f, TB_OP_CODE_REDEEM, &in, TB_CODE_CODE_NOT_SCANNED, "code");
    assert_int_equal(kit_scanned(f, REF(b, 5), &ann), TB_SCAN_FIRST);
    move.verb = TB_CODE_FREEZE;
    fx_done(f, TB_OP_CODES_MOVE, &move);
    fx_refused(f, TB_OP_CODE_REDEEM, &in, TB_CODE_CODE_FROZEN, "code");
    move.verb = TB_CODE_THAW;
    fx_done(f, TB_OP_CODES_MOVE, &move);
    struct tb_identifier nobody = phone(f, 77);
    in.who.identifier = nobody;
    fx_refused(f, TB_OP_CODE_REDEEM, &in, TB_CODE_UNKNOWN_MEMBER, "member");
    in.who.identifier = ann;
    fx_done(f, TB_OP_CODE_REDEEM, &in);
    fx_refused(f, TB_OP_CODE_REDEEM, &in, TB_CODE_CODE_REDEEMED, "code");
    assert_int_equal(kit_scanned(f, REF(b, 5), &ann), TB_SCAN_AGAIN);
    assert_int_equal(fx_uint(f, 14, 0), 1);
    assert_int_equal(kit_get(f, REF(b, 5), 15), 1);
    move.verb = TB_CODE_VOID_FOR_GOOD;
    fx_done(f, TB_OP_CODES_MOVE, &move);
    fx_refused(f, TB_OP_CODE_REDEEM, &in, TB_CODE_CODE_VOID, "code");
    fx_free(f);
}

/* The carton pays the store that received it; a pallet's store where the carton has none. */
static void test_credits(void **state)
{
    (void)state;
    struct fx *f = kit_new(true);
    uint32_t item = kit_batch(f, "item", 0, 100);
    uint32_t carton = kit_batch(f, "carton", 1, 5);
    uint32_t pallet = kit_batch(f, "pallet", 2, 1);
    struct tb_cmd_codes_bind bind = kit_bind("item", 0, 100);
    bind.store = S("bj");
    bind.activate = true;
    fx_done(f, TB_OP_CODES_BIND, &bind);
    kit_pack(f, REF(carton, 0), REF(item, 0), 24);
    kit_pack(f, REF(carton, 1), REF(item, 24), 24);
    kit_pack(f, REF(pallet, 0), REF(carton, 0), 2);
    struct tb_cmd_codes_receive in = {.parent = {carton, 9}, .store = S("none"), .associate = S("none")};
    fx_refused(f, TB_OP_CODES_RECEIVE, &in, TB_CODE_UNKNOWN_CODE, "parent");
    in.parent.serial = 3;
    fx_refused(f, TB_OP_CODES_RECEIVE, &in, TB_CODE_CODE_NOT_PACKED, "parent");
    in.parent.serial = 0;
    fx_refused(f, TB_OP_CODES_RECEIVE, &in, TB_CODE_UNKNOWN_STORE, "store");
    in.store = S("gz");
    fx_refused(f, TB_OP_CODES_RECEIVE, &in, TB_CODE_UNKNOWN_ASSOCIATE, "associate");
    in.associate = S("ann");
    uint32_t gz = fx_code(f, TB_KIND_STORE, "gz");
    uint32_t bj = fx_code(f, TB_KIND_STORE, "bj");
    (void)kit_scanned(f, REF(item, 1), NULL);
    assert_int_equal(fx_uint(f, 12, 0), bj); /* nobody received it: the binding's */
    fx_done(f, TB_OP_CODES_RECEIVE, &in);
    (void)kit_scanned(f, REF(item, 2), NULL);
    assert_int_equal(fx_uint(f, 12, 0), gz);
    assert_int_equal(fx_uint(f, 13, 0), fx_code(f, TB_KIND_ASSOCIATE, "ann"));
    (void)kit_scanned(f, REF(item, 30), NULL);
    assert_int_equal(fx_uint(f, 12, 0), bj);
    in.parent = (struct tb_code_ref){pallet, 0};
    fx_done(f, TB_OP_CODES_RECEIVE, &in);
    (void)kit_scanned(f, REF(item, 31), NULL);
    assert_int_equal(fx_uint(f, 12, 0), gz);
    (void)kit_scanned(f, REF(item, 90), NULL);
    assert_int_equal(fx_uint(f, 12, 0), bj);
    fx_free(f);
}

/* ---- guesses ----------------------------------------------------------------------------------- */

static enum tb_code guess(struct fx *f, uint32_t batch, uint64_t caller, const struct tb_identifier *who,
                          bool right)
{
    static uint32_t next;
    struct tb_cmd_code_scan in = kit_scan(f, REF(batch, right ? next++ : 1000000 + next), who);
    in.caller = caller;
    enum tb_outcome outcome = fx_run(f, TB_OP_CODE_SCAN, &in);
    assert_int_equal(outcome, f->a.code == TB_CODE_SCAN_LIMITED ? TB_REFUSED : TB_DONE);
    return f->a.code;
}

static void test_caller_limit(void **state)
{
    (void)state;
    struct fx *f = kit_new(true);
    uint32_t b = kit_batch(f, "b", 0, 1000);
    kit_activate(f, "b", 0, 1000);
    for (uint32_t i = 0; i < TB_GUESS_CALLER_MAX; i++)
        assert_int_equal(guess(f, b, 7, NULL, false), TB_CODE_UNKNOWN_CODE);
    assert_int_equal(guess(f, b, 7, NULL, false), TB_CODE_SCAN_LIMITED);
    assert_int_equal(guess(f, b, 7, NULL, true), TB_CODE_SCAN_LIMITED); /* right or wrong */
    assert_int_equal(guess(f, b, 8, NULL, true), TB_CODE_OK);
    f->now_ms += TB_GUESS_WINDOW_MS - 1;
    assert_int_equal(guess(f, b, 7, NULL, true), TB_CODE_SCAN_LIMITED);
    f->now_ms += 1;
    assert_int_equal(guess(f, b, 7, NULL, true), TB_CODE_OK);
    assert_int_equal(guess(f, b, 7, NULL, false), TB_CODE_UNKNOWN_CODE);
    /* many more callers than are remembered: the newest of a block push out the oldest */
    for (uint64_t c = 100; c < 100 + 3 * TB_GUESS_CALLERS; c++) {
        f->now_ms++;
        assert_int_equal(guess(f, b, c * UINT64_C(0x9e3779b97f4a7c15), NULL, false), TB_CODE_UNKNOWN_CODE);
    }
    fx_free(f);
}

static void test_tenant_limit(void **state)
{
    (void)state;
    struct fx *f = kit_new(true);
    uint32_t b = kit_batch(f, "b", 0, 1000);
    kit_activate(f, "b", 0, 1000);
    struct tb_identifier known = fx_id(f, "phone", "+8613900000001", true);
    struct tb_identifier stranger = fx_id(f, "phone", "+8613900000002", true);
    (void)fx_contact(f, &known, 1, f->now_ms);
    for (uint32_t i = 0; i < TB_GUESS_TENANT_MAX; i++)
        assert_int_equal(guess(f, b, i + 1, &stranger, false), TB_CODE_UNKNOWN_CODE);
    assert_int_equal(guess(f, b, UINT64_MAX, &stranger, true), TB_CODE_SCAN_LIMITED);
    assert_int_equal(guess(f, b, UINT64_MAX, NULL, true), TB_CODE_SCAN_LIMITED);
    assert_int_equal(guess(f, b, UINT64_MAX, &known, true), TB_CODE_OK); /* members are not locked out */
    f->now_ms += TB_GUESS_WINDOW_MS;
    assert_int_equal(guess(f, b, UINT64_MAX, &stranger, true), TB_CODE_OK);
    fx_free(f);
}

/* Who signed in is named by a profile: recognised the same, and not locked out. */
static void test_member(void **state)
{
    (void)state;
    struct fx *f = kit_new(true);
    uint32_t b = kit_batch(f, "b", 0, 1000);
    kit_activate(f, "b", 0, 1000);
    struct tb_identifier her = phone(f, 1);
    uint32_t person = fx_contact(f, &her, 1, f->now_ms);
    struct tb_cmd_code_scan in = kit_scan(f, REF(b, 0), NULL);
    in.member = person;
    fx_done(f, TB_OP_CODE_SCAN, &in);
    assert_int_equal(fx_uint(f, 1, 0), TB_SCAN_FIRST);
    assert_int_equal(fx_uint(f, 2, 0), person);
    assert_int_equal(fx_uint(f, 4, 0), 0); /* not new */
    fx_done(f, TB_OP_CODE_SCAN, &in);
    assert_int_equal(fx_uint(f, 1, 0), TB_SCAN_AGAIN);
    assert_int_equal(kit_scanned(f, REF(b, 0), &her), TB_SCAN_AGAIN); /* by her phone: the same person */
    struct tb_identifier stranger = phone(f, 2);
    assert_int_equal(kit_scanned(f, REF(b, 0), &stranger), TB_SCAN_OTHERS);
    in.member = 999999;
    assert_int_equal(fx_run(f, TB_OP_CODE_SCAN, &in), TB_REFUSED);
    assert_int_equal(f->a.code, TB_CODE_UNKNOWN_MEMBER);
    assert_string_equal(f->a.field, "member");
    for (uint32_t i = 0; i < TB_GUESS_TENANT_MAX; i++)
        (void)guess(f, b, i + 1, NULL, false);
    in.member = person;
    in.code = REF(b, 900);
    assert_int_equal(fx_run(f, TB_OP_CODE_SCAN, &in), TB_DONE);
    in.member = 999999;
    assert_int_equal(fx_run(f, TB_OP_CODE_SCAN, &in), TB_REFUSED);
    assert_int_equal(f->a.code, TB_CODE_SCAN_LIMITED); /* comes before who */
    fx_free(f);
}

/* The tenant's own limits; 0 goes back to those above. */
static void test_own_limits(void **state)
{
    (void)state;
    struct fx *f = kit_new(true);
    uint32_t b = kit_batch(f, "b", 0, 1000);
    kit_activate(f, "b", 0, 1000);
    struct tb_cmd_tenant_put own = fx_tenant();
    own.guess_caller = 2;
    own.guess_tenant = 3;
    assert_int_equal(fx_run(f, TB_OP_TENANT_PUT, &own), TB_DONE);
    for (uint32_t i = 0; i < 2; i++)
        assert_int_equal(guess(f, b, 7, NULL, false), TB_CODE_UNKNOWN_CODE);
    assert_int_equal(guess(f, b, 7, NULL, true), TB_CODE_SCAN_LIMITED);
    assert_int_equal(guess(f, b, 8, NULL, false), TB_CODE_UNKNOWN_CODE);
    assert_int_equal(guess(f, b, 9, NULL, true), TB_CODE_SCAN_LIMITED);
    own.guess_caller = 0;
    own.guess_tenant = 0;
    assert_int_equal(fx_run(f, TB_OP_TENANT_PUT, &own), TB_DONE);
    assert_int_equal(guess(f, b, 7, NULL, true), TB_CODE_OK);
    fx_free(f);
}

/* ---- diversion ---------------------------------------------------------------------------------- */

static bool scan_at(struct fx *f, struct tb_code_ref code, uint32_t who, const char *store)
{
    struct tb_identifier id = phone(f, who);
    struct tb_cmd_code_scan in = kit_scan(f, code, who ? &id : NULL);
    in.store = tb_str_of(store);
    fx_done(f, TB_OP_CODE_SCAN, &in);
    return fx_uint(f, 16, 0) != 0;
}

/* 3 scans by 2 persons within 30 days (code_kit.c). */
static void test_diversion(void **state)
{
    (void)state;
    struct fx *f = kit_new(true);
    uint32_t item = kit_batch(f, "item", 0, 1000);
    uint32_t carton = kit_batch(f, "carton", 1, 5);
    kit_activate(f, "item", 0, 1000);
    kit_pack(f, REF(carton, 0), REF(item, 0), 24);
    kit_pack(f, REF(carton, 1), REF(item, 24), 24);
    assert_false(scan_at(f, REF(item, 0), 1, "bj"));
    assert_int_equal(fx_uint(f, 15, 0), 1);
    assert_false(scan_at(f, REF(item, 0), 2, "bj")); /* the same code again: not another one */
    assert_false(scan_at(f, REF(item, 1), 1, "bj"));
    assert_false(scan_at(f, REF(item, 2), 1, "bj")); /* three codes, one person */
    assert_false(scan_at(f, REF(item, 3), 0, "bj")); /* nobody is no person */
    assert_false(scan_at(f, REF(item, 24), 2, "bj")); /* another carton */
    assert_false(scan_at(f, REF(item, 4), 2, "gz"));  /* inside */
    assert_int_equal(fx_uint(f, 15, 0), 0);
    assert_true(scan_at(f, REF(item, 5), 2, "bj"));
    assert_false(scan_at(f, REF(item, 6), 3, "bj")); /* one alarm a window */
    f->now_ms += 30 * FX_DAY;
    for (uint32_t i = 0; i < 2; i++)
        assert_false(scan_at(f, REF(item, 7 + i), 4 + i, "bj"));
    f->now_ms += 30 * FX_DAY; /* too slow: the count began anew */
    for (uint32_t i = 0; i < 2; i++)
        assert_false(scan_at(f, REF(item, 10 + i), 4 + i, "bj"));
    assert_true(scan_at(f, REF(item, 12), 4, "bj"));
    /* not packed: the whole binding */
    for (uint32_t i = 0; i < 2; i++)
        assert_false(scan_at(f, REF(item, 500 + 100 * i), 10 + i, "bj"));
    assert_true(scan_at(f, REF(item, 900), 12, "bj"));
    struct tb_code_batch *batch = tb_block_head(tb_store_get(&f->core.store, TB_KIND_CODE_BATCH, item));
    assert_int_equal(batch->alarms, 3);
    fx_free(f);
}

/* ---- cold first scans ------------------------------------------------------------------------------ */

static void test_cold(void **state)
{
    (void)state;
    struct fx *f = kit_new(false);
    struct tb_store *s = &f->core.store;
    uint32_t b = kit_batch(f, "b", 0, 10000);
    kit_activate(f, "b", 0, 10000);
    struct tb_identifier ann = phone(f, 1);
    assert_int_equal(kit_scanned(f, REF(b, 300), &ann), TB_SCAN_FIRST);
    assert_int_equal(kit_scanned(f, REF(b, 600), &ann), TB_SCAN_FIRST);
    struct tb_block *first = tb_store_get(s, TB_KIND_CODE_FIRST, 1);
    struct tb_str packed = fx_packed(s, first);
    tb_store_evict(s, TB_KIND_CODE_FIRST, 1);
    struct tb_cmd_code_scan in = kit_scan(f, REF(b, 300), &ann);
    assert_int_equal(fx_run(f, TB_OP_CODE_SCAN, &in), TB_NEED);
    assert_int_equal(f->txn.need_n, 1);
    assert_int_equal(f->txn.need[0].kind, TB_KIND_CODE_FIRST);
    assert_int_equal(f->txn.need[0].id, 1);
    in.code.serial = 301; /* new, but its neighbour's block is needed to write it down */
    assert_int_equal(fx_run(f, TB_OP_CODE_SCAN, &in), TB_NEED);
    struct tb_cmd_code_get get = {.code = {b, 300}};
    assert_int_equal(fx_run(f, TB_OP_CODE_GET, &get), TB_NEED);
    assert_int_equal(kit_scanned(f, REF(b, 601), &ann), TB_SCAN_FIRST); /* others do not wait */
    struct tb_cmd_code_redeem redeem = {.code = {b, 300}};
    fx_done(f, TB_OP_CODE_REDEEM, &redeem); /* the set tells, it is always there */
    assert_true(tb_core_load(&f->core, TB_KIND_CODE_FIRST, 1, packed));
    assert_int_equal(kit_scanned(f, REF(b, 300), &ann), TB_SCAN_AGAIN);
    fx_free(f);
}

/* ---- many, against a plain model ----------------------------------------------------------------------- */

#define CODES 20000u
#define PEOPLE 50u

static void test_exactly_one_first(void **state)
{
    (void)state;
    struct fx *f = kit_new(true);
    uint32_t b = kit_batch(f, "b", 0, CODES);
    kit_activate(f, "b", 0, CODES);
    static uint8_t first[CODES]; /* person + 1 */
    static uint8_t redeemed[CODES];
    memset(first, 0, sizeof first);
    memset(redeemed, 0, sizeof redeemed);
    struct tb_identifier who[PEOPLE];
    static char text[PEOPLE][24];
    for (uint32_t i = 0; i < PEOPLE; i++) {
        snprintf(text[i], sizeof text[i], "+86139%08u", i + 1);
        who[i] = fx_id(f, "phone", text[i], true);
    }
    uint64_t rng = 11;
    uint64_t firsts = 0;
    for (uint32_t i = 0; i < 30000; i++) {
        uint64_t r = kit_rng(&rng);
        uint32_t person = (uint32_t)(r >> 40) % PEOPLE;
        /* a shelf in order, and a shop at random */
        uint32_t serial = i & 1 ? i / 4 % CODES : (uint32_t)r % CODES;
        if (first[serial] && r >> 62 == 0) {
            struct tb_cmd_code_redeem in = {.code = {b, serial}};
            enum tb_outcome outcome = fx_run(f, TB_OP_CODE_REDEEM, &in);
            assert_int_equal(outcome, redeemed[serial] ? TB_REFUSED : TB_DONE);
            redeemed[serial] = 1;
            continue;
        }
        uint64_t verdict = kit_scanned(f, REF(b, serial), &who[person]);
        assert_int_equal(verdict, first[serial] == 0            ? TB_SCAN_FIRST
                                  : first[serial] == person + 1 ? TB_SCAN_AGAIN
                                                                : TB_SCAN_OTHERS);
        assert_int_equal(fx_uint(f, 14, 0), redeemed[serial]);
        firsts += verdict == TB_SCAN_FIRST;
        if (first[serial] == 0)
            first[serial] = (uint8_t)(person + 1);
    }
    const struct tb_code_batch *batch = tb_block_head(tb_store_get(&f->core.store, TB_KIND_CODE_BATCH, b));
    assert_int_equal(batch->firsts, firsts);
    fx_free(f);
}

/* ---- what it costs --------------------------------------------------------------------------------------- */

static size_t bytes_of(const struct tb_store *s, enum tb_kind kind, uint64_t id)
{
    return tb_pool_size(tb_block_bytes(&s->shape[kind], tb_store_get(s, kind, id)->n));
}

static uint64_t bits_per_code(uint32_t codes, uint32_t percent)
{
    struct fx *f = kit_new(false);
    uint32_t b = kit_batch(f, "b", 0, codes);
    kit_activate(f, "b", 0, codes);
    uint64_t rng = percent;
    uint64_t redeemed = 0;
    for (uint32_t s = 0; s < codes; s++) {
        if (kit_rng(&rng) % 100 >= percent)
            continue;
        (void)kit_scanned(f, REF(b, s), NULL);
        struct tb_cmd_code_redeem in = {.code = {b, s}};
        fx_done(f, TB_OP_CODE_REDEEM, &in);
        redeemed++;
    }
    struct tb_store *s = &f->core.store;
    uint64_t sets = 0;
    uint64_t details = 0;
    for (uint64_t id = 1; id <= s->counter[TB_COUNTER_CODE_SET]; id++)
        sets += bytes_of(s, TB_KIND_CODE_SET, id) + 8 + 32; /* and a slot of directory and map */
    for (uint64_t id = 1; id <= s->counter[TB_COUNTER_CODE_FIRST]; id++)
        details += bytes_of(s, TB_KIND_CODE_FIRST, id);
    printf("%u codes, %u %% redeemed: %.2f bits a redeemed code in sets, %.1f bytes in first scans\n", codes,
           percent, (double)sets * 8 / (double)redeemed, (double)details / (double)redeemed);
    fx_free(f);
    return sets * 800 / redeemed;
}

static void test_cost(void **state)
{
    (void)state;
    assert_true(bits_per_code(200000, 100) <= 100);
    assert_true(bits_per_code(200000, 90) <= 200);
    assert_true(bits_per_code(200000, 70) <= 250);
    assert_true(bits_per_code(200000, 20) <= 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_not_in_force_is_one_answer),
        cmocka_unit_test(test_another_tenants_code),
        cmocka_unit_test(test_first_and_seen_before),
        cmocka_unit_test(test_frozen_void_open),
        cmocka_unit_test(test_scan_answers),
        cmocka_unit_test(test_redeem),
        cmocka_unit_test(test_credits),
        cmocka_unit_test(test_caller_limit),
        cmocka_unit_test(test_tenant_limit), cmocka_unit_test(test_own_limits), cmocka_unit_test(test_member),
        cmocka_unit_test(test_diversion),
        cmocka_unit_test(test_cold),
        cmocka_unit_test(test_exactly_one_first),
        cmocka_unit_test(test_cost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
