// SPDX-License-Identifier: Apache-2.0
/* Configuration and catalog: every answer in order of precedence, replacing, bounds,
 * reading and paging. Rules, tiers and attributes: test_catalog_rules.c.                */
#include "catalog_cell.h"

/* ---- tenants ----------------------------------------------------------------------------- */

static void test_tenant_answers(void **state)
{
    struct cell *c = *state;
    const struct tb_cmd_tenant_put good = good_tenant;
#define BAD(change, field) INVALID(tb_catalog_tenant_put, tb_cmd_tenant_put, good, change, field)
    BAD(in.put.code = TB_STR_NONE, "code");
    BAD(in.put.code = S(".x"), "code");
    BAD(in.put.code = S("a b"), "code");
    BAD((in.put.code = S("a b"), in.put.expected_version = 7), "code");
    REFUSED(tb_catalog_tenant_put, tb_cmd_tenant_put, good,
            (in.put.expected_version = 7, in.name = TB_STR_NONE), TB_CODE_VERSION_CONFLICT,
            "expected_version");
    BAD((in.name = TB_STR_NONE, in.zone = S("Mars")), "name");
    BAD((in.name = S("\xff")), "name");
    BAD((in.name = S("a\x01")), "name");
    BAD((in.zone = S("Mars"), in.currency = S("XXX")), "zone");
    BAD((in.zone = TB_STR_NONE), "zone");
    BAD((in.currency = S("XXX"), in.switches = 64), "currency");
    BAD((in.currency = S("cny")), "currency");
    BAD((in.currency = S("CNYX")), "currency");
    BAD((in.switches = 64, in.accept_days = -1), "switches");
    BAD((in.accept_days = -1, in.claim_policy = 9), "accept_days");
    BAD((in.claim_policy = 3, in.regular_orders = -1), "claim_policy");
    BAD((in.regular_orders = 1001, in.guess_caller = -1), "regular_orders");
    BAD((in.guess_caller = -1, in.guess_tenant = -1), "guess_caller");
    BAD(in.guess_tenant = TB_GUESS_LIMIT_MAX + INT64_C(1), "guess_tenant");
#undef BAD
    uint32_t id = done(c, tb_catalog_tenant_put, &good, true, true);
    REFUSED(tb_catalog_tenant_put, tb_cmd_tenant_put, good,
            in.put.expected_version = TB_VERSION_NONE, TB_CODE_VERSION_CONFLICT,
            "expected_version");
    INVALID(tb_catalog_tenant_put, tb_cmd_tenant_put, good, in.zone = S("UTC"), "zone");
    INVALID(tb_catalog_tenant_put, tb_cmd_tenant_put, good, in.currency = S("JPY"), "currency");
    c->tenant = id;
    REFUSED(tb_catalog_tenant_put, tb_cmd_tenant_put, good, in.put.code = S("other"),
            TB_CODE_NOT_FOUND, "");
    c->tenant = 77;
    REFUSED(tb_catalog_tenant_put, tb_cmd_tenant_put, good, in.name = TB_STR_NONE,
            TB_CODE_NOT_FOUND, "");
}

static void test_tenant_defaults(void **state)
{
    struct cell *c = with_tenant(state);
    uint32_t n;
    c->txn.tenant = c->tenant;
    const struct tb_listed *list = tb_catalog_listed(&c->txn, TB_KIND_NAMESPACE, &n);
    assert_int_equal(n, 12);
    uint32_t phone = tb_find_code(&c->txn, TB_KIND_NAMESPACE, S("phone"));
    const struct tb_namespace *ns = head_of(c, TB_KIND_NAMESPACE, phone);
    assert_int_equal(ns->class_no, TB_CLASS_STRONG);
    assert_int_equal(ns->limit, 3);
    assert_int_equal(ns->window_days, 365);
    assert_int_equal(ns->normaliser, TB_NORMALISE_PHONE);
    assert_int_equal(ns->c.tenant, c->tenant);
    for (uint32_t i = 0; i < n; i++) {
        const struct tb_namespace *one = head_of(c, TB_KIND_NAMESPACE, list[i].id);
        assert_int_equal(one->priority, list[i].tag);
        assert_int_equal(one->class_no == TB_CLASS_EPHEMERAL, one->scope == TB_SCOPE_DEVICE);
        assert_true(one->class_no != TB_CLASS_EPHEMERAL || one->retention_days > 0);
    }
    uint32_t face = tb_find_code(&c->txn, TB_KIND_NAMESPACE, S("face"));
    assert_int_equal(
        ((const struct tb_namespace *)head_of(c, TB_KIND_NAMESPACE, face))->hashed_only, 1);
    assert_int_not_equal(tb_find_code(&c->txn, TB_KIND_TOUCHPOINT, S("import")), 0);
    assert_int_equal(tb_find_code(&c->txn, TB_KIND_NAMESPACE, S("Phone")), 0);
    const struct tb_tenant *t = head_of(c, TB_KIND_TENANT, c->tenant);
    assert_string_equal((const char *)t->currency, "CNY");
    assert_int_equal(t->currency_digits, 2);
    assert_int_equal(t->feed_next, 1);
    assert_int_equal(t->objects[TB_KIND_NAMESPACE], 12);
    assert_ptr_equal(tb_tenant_zone(&c->txn), &shanghai);
    /* the same words again change nothing, also for a default */
    (void)done(c, tb_catalog_tenant_put, &good_tenant, false, false);
    struct tb_cmd_namespace_put again = {.put.code = S("erp_id"), .priority = 1, .limit = 1};
    uint32_t events = c->history_n;
    (void)done(c, tb_catalog_namespace_put, &again, false, false);
    assert_int_equal(c->history_n, events);
}

static void test_replace_keeps_counts(void **state)
{
    struct cell *c = with_tenant(state);
    (void)put_unit(c, "points", TB_UNIT_POINTS);
    struct tb_cmd_tenant_put in = good_tenant;
    in.name = S("Helin");
    in.put.expected_version = 1;
    (void)done(c, tb_catalog_tenant_put, &in, false, true);
    assert_int_equal(answer(c, 2), 2);
    refused(c, tb_catalog_tenant_put, &in, TB_CODE_VERSION_CONFLICT, "expected_version");
    const struct tb_tenant *t = head_of(c, TB_KIND_TENANT, c->tenant);
    assert_int_equal(t->objects[TB_KIND_UNIT], 1);
    uint32_t n;
    (void)tb_catalog_listed(&c->txn, TB_KIND_NAMESPACE, &n);
    assert_int_equal(n, 12);
}

/* Two tenants' objects with equal codes are different objects. */
static void test_tenants_apart(void **state)
{
    struct cell *c = with_tenant(state);
    uint32_t first = c->tenant;
    uint32_t unit = put_unit(c, "points", TB_UNIT_POINTS);
    struct tb_cmd_tenant_put other = good_tenant;
    other.put.code = S("chengdian");
    c->tenant = 0;
    c->tenant = done(c, tb_catalog_tenant_put, &other, true, true);
    c->txn.tenant = c->tenant;
    assert_int_equal(tb_find_code(&c->txn, TB_KIND_UNIT, S("points")), 0);
    assert_null(tb_catalog_find(&c->txn, TB_KIND_UNIT, unit));
    assert_int_not_equal(put_unit(c, "points", TB_UNIT_STORED_VALUE), unit);
    struct tb_cmd_object_get get = {.kind = TB_KIND_UNIT, .id = unit};
    refused(c, tb_catalog_object_get, &get, TB_CODE_NOT_FOUND, "");
    c->tenant = first;
    assert_int_equal(run(c, tb_catalog_object_get, &get), TB_CODE_OK);
    c->tenant = 0;
    assert_int_equal(run(c, tb_catalog_object_get, &get), TB_CODE_OK);
    struct tb_cmd_unit_put nowhere = {.put.code = S("bad code")};
    refused(c, tb_catalog_unit_put, &nowhere, TB_CODE_NOT_FOUND, "");
}

/* ---- units ------------------------------------------------------------------------------- */

static void test_unit(void **state)
{
    struct cell *c = with_tenant(state);
    const struct tb_cmd_unit_put good = {.put.code = {"points", 6},
                                         .name = {"积分", 6},
                                         .negative = TB_NEGATIVE_WITHIN_BALANCE,
                                         .expiry = TB_EXPIRY_ROLLING_MONTHS,
                                         .expiry_n = 12,
                                         .rounding = TB_ROUNDING_MONTH,
                                         .earn_cap = 1000,
                                         .earn_cap_period = TB_PERIOD_DAY};
#define BAD(change, field) INVALID(tb_catalog_unit_put, tb_cmd_unit_put, good, change, field)
    BAD((in.kind = TB_UNIT_BUDGET, in.negative = 3), "kind");
    BAD((in.negative = -1, in.release = 4), "negative");
    BAD((in.release = 4, in.release_n = 4), "release");
    BAD((in.release_n = 1, in.expiry = 5), "release_n");
    BAD((in.release = TB_RELEASE_AFTER_DAYS), "release_n");
    BAD((in.release = TB_RELEASE_ON_DATE, in.release_n = 1131), "release_n");
    BAD((in.release = TB_RELEASE_ON_DATE, in.release_n = 229), "release_n");
    BAD((in.expiry = 5, in.rounding = 7), "expiry");
    BAD((in.expiry_n = 0, in.rounding = 7), "expiry_n");
    BAD((in.expiry = TB_EXPIRY_CALENDAR_DATE), "expiry_n");
    BAD((in.rounding = 7, in.earn_cap = -1), "rounding");
    BAD((in.expiry = TB_EXPIRY_NONE, in.expiry_n = 0), "rounding");
    BAD((in.earn_cap = -1, in.balance_max = -1), "earn_cap");
    BAD((in.earn_cap = TB_AMOUNT_MAX + 1), "earn_cap");
    BAD((in.earn_cap_period = 6), "earn_cap_period");
    BAD((in.earn_cap = 0), "earn_cap_period");
    BAD((in.earn_cap_period = TB_PERIOD_NONE, in.earn_cap_order = -1), "earn_cap_period");
    BAD((in.earn_cap_order = -1, in.balance_max = -1), "earn_cap_order");
    BAD((in.balance_max = -1, in.spend_cap = -1), "balance_max");
    BAD((in.spend_cap = -1, in.restore_grace_days = -1), "spend_cap");
    BAD((in.spend_cap = 5), "spend_cap_period");
    BAD((in.restore_grace_days = 3661, in.face_ppm = -1), "restore_grace_days");
    BAD((in.face_ppm = -1, in.expected_ppm = 1000001), "face_ppm");
    BAD((in.expected_ppm = 1000001), "expected_ppm");
    uint32_t id = done(c, tb_catalog_unit_put, &good, true, true);
    const struct tb_unit *u = head_of(c, TB_KIND_UNIT, id);
    assert_int_equal(u->expiry_n, 12);
    assert_int_equal(u->earn_cap, 1000);
    assert_int_equal(u->c.version, 1);
    BAD((in.kind = TB_UNIT_STORED_VALUE), "kind");
    BAD((in.kind = TB_UNIT_STORED_VALUE, in.face_ppm = -1), "face_ppm");
#undef BAD
    struct tb_cmd_unit_put changed = good;
    changed.release = TB_RELEASE_ON_DATE;
    changed.release_n = 1231;
    assert_int_equal(done(c, tb_catalog_unit_put, &changed, false, true), id);
    assert_int_equal(answer(c, 2), 2);
    assert_int_equal(((const struct tb_unit *)head_of(c, TB_KIND_UNIT, id))->release_n, 1231);
    changed.name = TB_STR_NONE;
    (void)done(c, tb_catalog_unit_put, &changed, false, true);
    assert_int_equal(((const struct tb_unit *)head_of(c, TB_KIND_UNIT, id))->c.name.n, 0);
}

static void test_unit_bound(void **state)
{
    struct cell *c = with_tenant(state);
    char code[16];
    for (uint32_t i = 0; i < TB_UNITS_MAX; i++) {
        (void)snprintf(code, sizeof code, "u%u", i);
        (void)put_unit(c, code, TB_UNIT_POINTS);
    }
    struct tb_cmd_unit_put more = {.put.code = S("more")};
    refused(c, tb_catalog_unit_put, &more, TB_CODE_TOO_MANY, "");
    more.kind = 9;
    refused(c, tb_catalog_unit_put, &more, TB_CODE_INVALID, "kind");
    struct tb_cmd_unit_put old = {.put.code = S("u7"), .face_ppm = 10};
    (void)done(c, tb_catalog_unit_put, &old, false, true);
}

/* Two codes with one key cannot be told apart in the map: the second is refused. */
static void test_code_taken(void **state)
{
    struct cell *c = with_tenant(state);
    uint32_t id = put_unit(c, "points", TB_UNIT_POINTS);
    c->txn.tenant = c->tenant;
    uint64_t key = tb_key_code(&c->txn, c->tenant, TB_KIND_UNIT, S("twin"));
    struct tb_map *map = &c->core.store.map[TB_MAP_CODE];
    tb_map_put(map, key, id); /* as if "twin" and "points" had one hash */
    assert_int_equal(tb_find_code(&c->txn, TB_KIND_UNIT, S("twin")), 0);
    struct tb_cmd_unit_put twin = {.put.code = S("twin"), .kind = 9};
    refused(c, tb_catalog_unit_put, &twin, TB_CODE_INVALID, "kind");
    twin.kind = TB_UNIT_POINTS;
    refused(c, tb_catalog_unit_put, &twin, TB_CODE_CODE_TAKEN, "code");
    assert_true(tb_map_remove(map, key));
}

/* ---- namespaces -------------------------------------------------------------------------- */

static void test_namespace(void **state)
{
    struct cell *c = with_tenant(state);
    const struct tb_blocked keys[] = {{{9, 1}}, {{2, 5}}, {{9, 0}}, {{2, 5}}};
    const struct tb_cmd_namespace_put good = {.put.code = {"openid:wx1", 10},
                                              .class_no = TB_CLASS_STRONG,
                                              .priority = 6,
                                              .blocked = keys,
                                              .blocked_n = 4};
#define BAD(change, field) \
    INVALID(tb_catalog_namespace_put, tb_cmd_namespace_put, good, change, field)
    BAD((in.class_no = 4, in.scope = 3), "class");
    BAD((in.scope = 3, in.priority = 0), "scope");
    BAD((in.scope = TB_SCOPE_DEVICE), "scope");
    BAD((in.class_no = TB_CLASS_EPHEMERAL), "scope");
    BAD((in.priority = 0, in.limit = -1), "priority");
    BAD((in.limit = 1001, in.window_days = -1), "limit");
    BAD((in.class_no = TB_CLASS_UNIQUE, in.limit = 2), "limit");
    BAD((in.window_days = 36501, in.tenure_gap_days = -1), "window_days");
    BAD((in.tenure_gap_days = -1, in.normaliser = 9), "tenure_gap_days");
    BAD((in.normaliser = 9, in.retention_days = -1), "normaliser");
    BAD((in.retention_days = -1), "retention_days");
    BAD((in.class_no = TB_CLASS_EPHEMERAL, in.scope = TB_SCOPE_DEVICE), "retention_days");
    REFUSED(tb_catalog_namespace_put, tb_cmd_namespace_put, good, in.blocked_n = TB_BLOCKED_MAX + 1,
            TB_CODE_TOO_MANY, "blocked");
    uint32_t id = done(c, tb_catalog_namespace_put, &good, true, true);
    struct tb_block *b = tb_read(&c->txn, TB_KIND_NAMESPACE, id);
    assert_int_equal(b->n[TB_NAMESPACE_BLOCKED], 3);
    assert_true(tb_namespace_blocks(&c->txn, b, (uint64_t[2]){9, 0}));
    assert_true(tb_namespace_blocks(&c->txn, b, (uint64_t[2]){2, 5}));
    assert_true(tb_namespace_blocks(&c->txn, b, (uint64_t[2]){9, 1}));
    assert_false(tb_namespace_blocks(&c->txn, b, (uint64_t[2]){9, 2}));
    assert_false(tb_namespace_blocks(&c->txn, b, (uint64_t[2]){0, 0}));
    BAD((in.class_no = TB_CLASS_UNIQUE), "class");
    BAD((in.scope = TB_SCOPE_HOUSEHOLD), "scope");
    BAD((in.normaliser = TB_NORMALISE_CARD), "normaliser");
    BAD((in.hashed_only = true), "hashed_only");
#undef BAD
    /* the same keys in another order are the same list */
    const struct tb_blocked turned[] = {{{2, 5}}, {{9, 0}}, {{9, 1}}};
    struct tb_cmd_namespace_put in = good;
    in.blocked = turned;
    in.blocked_n = 3;
    (void)done(c, tb_catalog_namespace_put, &in, false, false);
    in.priority = 20;
    (void)done(c, tb_catalog_namespace_put, &in, false, true);
    uint32_t n;
    const struct tb_listed *list = tb_catalog_listed(&c->txn, TB_KIND_NAMESPACE, &n);
    assert_int_equal(list[n - 1].id, id);
    assert_int_equal(list[n - 1].tag, 20);
}

static void test_many_blocked(void **state)
{
    struct cell *c = with_tenant(state);
    struct tb_blocked *keys = calloc(TB_BLOCKED_MAX, sizeof *keys);
    for (uint32_t i = 0; i < TB_BLOCKED_MAX; i++)
        keys[i] = (struct tb_blocked){{tb_mix(i + 1), tb_mix(i + 2)}};
    struct tb_cmd_namespace_put in = {
        .put.code = S("erp_id"), .priority = 1, .blocked = keys, .blocked_n = TB_BLOCKED_MAX};
    uint32_t id = done(c, tb_catalog_namespace_put, &in, false, true);
    struct tb_block *b = tb_read(&c->txn, TB_KIND_NAMESPACE, id);
    assert_int_equal(b->n[TB_NAMESPACE_BLOCKED], TB_BLOCKED_MAX);
    for (uint32_t i = 0; i < TB_BLOCKED_MAX; i++)
        assert_true(tb_namespace_blocks(&c->txn, b, keys[i].key));
    free(keys);
}

/* ---- places ------------------------------------------------------------------------------ */

static void test_places(void **state)
{
    struct cell *c = with_tenant(state);
    const struct tb_cmd_store_put store = {.put.code = {"S 01", 4},
                                           .name = {"南山店", 9},
                                           .latitude_e7 = 225400000,
                                           .longitude_e7 = 1139500000,
                                           .trade_radius_m = 800,
                                           .region = {"深圳", 6}};
#define BAD(change, field) INVALID(tb_catalog_store_put, tb_cmd_store_put, store, change, field)
    BAD((in.put.code = S(" S"), in.name = TB_STR_NONE), "code");
    BAD((in.put.code = S("S\n")), "code");
    BAD((in.name = TB_STR_NONE, in.latitude_e7 = INT64_MAX), "name");
    BAD((in.latitude_e7 = 900000001, in.longitude_e7 = INT64_MIN), "latitude");
    BAD((in.longitude_e7 = -1800000001, in.trade_radius_m = -1), "longitude");
    BAD((in.trade_radius_m = 1000001), "trade_radius_m");
    BAD((in.region = S("\xc0\x80")), "region");
#undef BAD
    uint32_t id = done(c, tb_catalog_store_put, &store, true, true);
    const struct tb_store_place *place = head_of(c, TB_KIND_STORE, id);
    assert_int_equal(place->longitude_e7, 1139500000);

    const struct tb_cmd_associate_put associate = {
        .put.code = {"工号7", 7}, .name = {"王", 3}, .store = {"S 01", 4}};
    REFUSED(tb_catalog_associate_put, tb_cmd_associate_put, associate,
            (in.name = TB_STR_NONE, in.store = S("none")), TB_CODE_INVALID, "name");
    REFUSED(tb_catalog_associate_put, tb_cmd_associate_put, associate, in.store = S("none"),
            TB_CODE_UNKNOWN_STORE, "store");
    uint32_t who = done(c, tb_catalog_associate_put, &associate, true, true);
    assert_int_equal(((const struct tb_associate *)head_of(c, TB_KIND_ASSOCIATE, who))->store, id);

    const struct tb_cmd_touchpoint_put door = {.put.code = {"door", 4},
                                               .kind = TB_TOUCH_PROBE,
                                               .store = {"S 01", 4},
                                               .visit_gap_s = 600};
    INVALID(tb_catalog_touchpoint_put, tb_cmd_touchpoint_put, door,
            (in.kind = 15, in.visit_gap_s = -1), "kind");
    INVALID(tb_catalog_touchpoint_put, tb_cmd_touchpoint_put, door,
            (in.visit_gap_s = 86401, in.store = S("none")), "visit_gap_s");
    REFUSED(tb_catalog_touchpoint_put, tb_cmd_touchpoint_put, door, in.store = S("none"),
            TB_CODE_UNKNOWN_STORE, "store");
    (void)done(c, tb_catalog_touchpoint_put, &door, true, true);
    struct tb_cmd_associate_put moved = associate;
    moved.store = TB_STR_NONE;
    moved.left = true;
    (void)done(c, tb_catalog_associate_put, &moved, false, true);
    assert_int_equal(((const struct tb_associate *)head_of(c, TB_KIND_ASSOCIATE, who))->store, 0);
}

static void test_product(void **state)
{
    struct cell *c = with_tenant(state);
    const struct tb_cmd_product_put good = {.put.code = {"BANK CHARGES", 12},
                                            .name = {"一段奶粉", 12},
                                            .category = {"food/baby/formula", 17},
                                            .brand = {"Bright", 6},
                                            .price = 29900,
                                            .cost = 20000,
                                            .barcode = {"6901234567892", 13},
                                            .supply_days = 14,
                                            .life_to_months = 6,
                                            .never_promoted = true,
                                            .attributes = {"{\"stage\":1}", 11}};
#define BAD(change, field) INVALID(tb_catalog_product_put, tb_cmd_product_put, good, change, field)
    BAD((in.category = S("food//baby"), in.price = -1), "category");
    BAD((in.category = S("/food")), "category");
    BAD((in.category = S("food/")), "category");
    BAD((in.category = S("a/ b")), "category");
    BAD((in.category = S("1/2/3/4/5/6/7/8/9")), "category");
    BAD((in.price = -1, in.cost = -1), "price");
    BAD((in.cost = -1, in.barcode = S("x")), "cost");
    BAD((in.barcode = S("690123456789X"), in.supply_days = -1), "barcode");
    BAD((in.barcode = S("123")), "barcode");
    BAD((in.supply_days = 3661, in.life_from_months = -1), "supply_days");
    BAD((in.life_from_months = -1, in.life_to_months = -1), "life_from_months");
    BAD((in.life_from_months = 7), "life_to_months");
    BAD((in.attributes = S("\xed\xa0\x80")), "attributes");
#undef BAD
    uint32_t id = done(c, tb_catalog_product_put, &good, true, true);
    struct tb_block *b = tb_read(&c->txn, TB_KIND_PRODUCT, id);
    const struct tb_product *p = tb_block_head(b);
    assert_true(tb_str_eq(tb_config_text(&c->txn, b, p->category), good.category));
    assert_true(tb_str_eq(tb_config_text(&c->txn, b, p->attributes), good.attributes));
    assert_int_equal(p->price, 29900);
    struct tb_cmd_product_put cheaper = good;
    cheaper.price = 27900;
    uint32_t bytes = b->n[TB_CONFIG_BYTES];
    (void)done(c, tb_catalog_product_put, &cheaper, false, true);
    (void)done(c, tb_catalog_product_put, &cheaper, false, false);
    b = tb_read(&c->txn, TB_KIND_PRODUCT, id);
    assert_int_equal(b->n[TB_CONFIG_BYTES], bytes); /* the old texts are gone */
}

static void test_category(void **state)
{
    (void)state;
    assert_true(tb_category_within(S("food/baby/formula"), S("food/baby")));
    assert_true(tb_category_within(S("food/baby"), S("food/baby")));
    assert_true(tb_category_within(S("food/baby"), TB_STR_NONE));
    assert_false(tb_category_within(S("food/babyfood"), S("food/baby")));
    assert_false(tb_category_within(S("food"), S("food/baby")));
    assert_false(tb_category_within(TB_STR_NONE, S("food")));
}

/* ---- keys and webhooks ------------------------------------------------------------------- */

static void test_key(void **state)
{
    struct cell *c = with_tenant(state);
    put_store(c, "S1");
    uint8_t hash[32] = {1, 2, 3};
    const struct tb_cmd_key_put good = {.put.code = {"k1", 2},
                                        .hash = {(const char *)hash, 32},
                                        .roles = TB_KEY_STORE,
                                        .store = {"S1", 2},
                                        .expires_ms = NOW_MS + 1};
#define BAD(change, field) INVALID(tb_catalog_key_put, tb_cmd_key_put, good, change, field)
    BAD((in.hash.n = 31, in.roles = 0), "hash");
    BAD((in.roles = 0, in.expires_ms = -1), "roles");
    BAD((in.roles = 256), "roles");
    BAD((in.roles = TB_KEY_OPERATOR), "roles");
    BAD((in.expires_ms = -1, in.store = S("none")), "expires");
    REFUSED(tb_catalog_key_put, tb_cmd_key_put, good, in.store = S("none"), TB_CODE_UNKNOWN_STORE,
            "store");
    struct tb_cmd_key_revoke revoke = {S("k1")};
    refused(c, tb_catalog_key_revoke, &revoke, TB_CODE_NOT_FOUND, "");
    uint32_t id = done(c, tb_catalog_key_put, &good, true, true);
    const struct tb_key *key = head_of(c, TB_KIND_KEY, id);
    assert_memory_equal(key->hash, hash, 32);
    assert_int_equal(key->created_ms, NOW_MS);
    uint8_t other[32] = {9};
    BAD((in.hash.p = (const char *)other), "hash");
    /* the operator's key of that name would be another tenant's */
    uint32_t tenant = c->tenant;
    c->tenant = 0;
    REFUSED(tb_catalog_key_put, tb_cmd_key_put, good, (in.store = TB_STR_NONE, in.roles = 0),
            TB_CODE_CODE_TAKEN, "code");
    struct tb_cmd_key_put operator_key = good;
    operator_key.put.code = S("op");
    operator_key.roles = TB_KEY_OPERATOR;
    operator_key.store = TB_STR_NONE;
    (void)done(c, tb_catalog_key_put, &operator_key, true, true);
    c->tenant = tenant;
    struct tb_cmd_key_revoke theirs = {S("op")};
    refused(c, tb_catalog_key_revoke, &theirs, TB_CODE_NOT_FOUND, "");
    c->tenant = 0; /* the operator may revoke anybody's */
    (void)done(c, tb_catalog_key_revoke, &revoke, false, true);
    c->tenant = tenant;
    (void)done(c, tb_catalog_key_revoke, &revoke, false, false);
    key = head_of(c, TB_KIND_KEY, id);
    assert_int_equal(key->revoked_ms, NOW_MS);
    assert_int_equal(key->c.version, 2);
    REFUSED(tb_catalog_key_put, tb_cmd_key_put, good, (in.put.expected_version = 9, in.roles = 0),
            TB_CODE_KEY_REVOKED, "code");
#undef BAD
}

static void test_webhook(void **state)
{
    struct cell *c = with_tenant(state);
    const struct tb_cmd_webhook_put good = {.put.code = {"erp", 3},
                                            .url = {"https://erp.example/in", 22},
                                            .secret = {"0123456789abcdef", 16}};
#define BAD(change, field) INVALID(tb_catalog_webhook_put, tb_cmd_webhook_put, good, change, field)
    BAD((in.url = S("ftp://erp.example"), in.secret = TB_STR_NONE), "url");
    BAD((in.url = S("https://a b.example")), "url");
    BAD((in.secret = TB_STR_NONE), "secret");
    BAD((in.secret = S("short")), "secret");
#undef BAD
    uint32_t id = done(c, tb_catalog_webhook_put, &good, true, true);
    struct tb_cmd_webhook_put moved = good;
    moved.url = S("https://erp2.example/in");
    moved.secret = TB_STR_NONE; /* keeps the old one */
    (void)done(c, tb_catalog_webhook_put, &moved, false, true);
    struct tb_block *b = tb_read(&c->txn, TB_KIND_WEBHOOK, id);
    const struct tb_webhook *w = tb_block_head(b);
    assert_true(tb_str_eq(tb_config_text(&c->txn, b, w->secret), good.secret));
}

/* ---- reading ----------------------------------------------------------------------------- */

/* Numbers of one page, in order; the cursor, 0 at the end. */
static uint32_t page(struct cell *c, struct tb_cmd_object_list *in, uint64_t *ids)
{
    assert_int_equal(run(c, tb_catalog_object_list, in), TB_CODE_OK);
    struct tb_str body = tb_buf_as_str(&c->a.body), one, packed;
    uint32_t field, n = 0;
    uint64_t v, id = 0;
    bool bad = false;
    in->after = 0;
    while (tb_wire_next(&body, &field, &v, &one, &bad)) {
        if (field == 2)
            in->after = v;
        if (field != 1)
            continue;
        assert_true(tb_wire_next(&one, &field, &id, &packed, &bad) && field == 1);
        assert_true(tb_wire_next(&one, &field, &v, &packed, &bad) && field == 2);
        struct tb_block *b = tb_block_unpack(&c->core.store.pool, &tb_shapes[in->kind],
                                             (uint8_t)in->kind, id, packed);
        assert_non_null(b);
        assert_int_equal(tb_config_of(b)->tenant, c->tenant);
        ids[n++] = id;
    }
    assert_false(bad);
    return n;
}

static void test_get(void **state)
{
    struct cell *c = with_tenant(state);
    uint32_t id = put_unit(c, "points", TB_UNIT_POINTS);
    struct tb_cmd_object_get get = {.kind = TB_KIND_UNIT, .code = S("points")};
    assert_int_equal(run(c, tb_catalog_object_get, &get), TB_CODE_OK);
    get.code = S("none");
    refused(c, tb_catalog_object_get, &get, TB_CODE_NOT_FOUND, "");
    get.code = TB_STR_NONE;
    get.id = id;
    assert_int_equal(run(c, tb_catalog_object_get, &get), TB_CODE_OK);
    get.id = UINT64_MAX;
    refused(c, tb_catalog_object_get, &get, TB_CODE_NOT_FOUND, "");
    get.id = 0;
    refused(c, tb_catalog_object_get, &get, TB_CODE_NOT_FOUND, "");
    get.kind = TB_KIND_PERSON;
    refused(c, tb_catalog_object_get, &get, TB_CODE_INVALID, "kind");
    get.kind = (enum tb_kind)99;
    refused(c, tb_catalog_object_get, &get, TB_CODE_INVALID, "kind");
}

static void test_list(void **state)
{
    struct cell *c = with_tenant(state);
    uint32_t mine = c->tenant;
    struct tb_cmd_tenant_put second = good_tenant;
    second.put.code = S("second");
    c->tenant = 0;
    uint32_t theirs = done(c, tb_catalog_tenant_put, &second, true, true);
    char code[16];
    for (uint32_t i = 0; i < 250; i++) { /* interleaved */
        (void)snprintf(code, sizeof code, "s%u", i);
        c->tenant = i % 5 == 4 ? theirs : mine;
        put_store(c, code);
    }
    c->tenant = mine;
    struct tb_cmd_object_list in = {.kind = TB_KIND_STORE, .limit = 30};
    uint64_t ids[100], last = 0;
    uint32_t seen = 0, pages = 0;
    do {
        uint32_t n = page(c, &in, ids);
        for (uint32_t i = 0; i < n; i++, last = ids[i - 1])
            assert_true(ids[i] > last);
        seen += n;
        pages++;
    } while (in.after != 0);
    assert_int_equal(seen, 200);
    assert_int_equal(pages, 7);
    struct tb_cmd_object_list none = {.kind = TB_KIND_RULE, .limit = 100};
    assert_int_equal(page(c, &none, ids), 0);
    assert_int_equal(none.after, 0);
    struct tb_cmd_object_list bad = {.kind = TB_KIND_ORDER, .after = UINT64_MAX};
    refused(c, tb_catalog_object_list, &bad, TB_CODE_INVALID, "kind");
    bad.kind = TB_KIND_STORE;
    refused(c, tb_catalog_object_list, &bad, TB_CODE_INVALID, "after");
    bad.after = 0;
    refused(c, tb_catalog_object_list, &bad, TB_CODE_INVALID, "limit");
    bad.limit = 101;
    refused(c, tb_catalog_object_list, &bad, TB_CODE_INVALID, "limit");
    bad.limit = 100;
    bad.after = UINT32_MAX;
    assert_int_equal(page(c, &bad, ids), 0);
}

/* A small answer region makes shorter pages, never a lost object. */
static void test_list_small_region(void **state)
{
    struct cell *c = with_tenant(state);
    struct tb_cmd_object_list in = {.kind = TB_KIND_NAMESPACE, .limit = 100};
    uint64_t ids[100];
    uint32_t seen = 0;
    size_t cap = c->a.body.cap;
    c->a.body.cap = 400;
    do {
        uint32_t n = page(c, &in, ids);
        assert_true(n >= 1 && n < 12);
        seen += n;
    } while (in.after != 0);
    assert_int_equal(seen, 12);
    c->a.body.cap = 40;
    refused(c, tb_catalog_object_list, &in, TB_CODE_TOO_LARGE, "");
    c->a.body.cap = cap;
}

/* Numbers without a block in between cost little and lose nothing. */
static void test_list_gaps(void **state)
{
    struct cell *c = with_tenant(state);
    put_store(c, "first");
    c->core.store.counter[TB_COUNTER_CONFIG] = 3000000;
    put_store(c, "last");
    struct tb_cmd_object_list in = {.kind = TB_KIND_STORE, .limit = 100};
    uint64_t ids[100];
    assert_int_equal(page(c, &in, ids), 2);
    assert_int_equal(ids[1], 3000001);
    assert_int_equal(in.after, 0);
    c->history_n = 0; /* the counter was moved by hand: not replayable */
    c->core.store.counter[TB_COUNTER_CONFIG] = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_tenant_answers),
        TEST(test_tenant_defaults),
        TEST(test_replace_keeps_counts),
        TEST(test_tenants_apart),
        TEST(test_unit),
        TEST(test_unit_bound),
        TEST(test_code_taken),
        TEST(test_namespace),
        TEST(test_many_blocked),
        TEST(test_places),
        TEST(test_product),
        TEST(test_category),
        TEST(test_key),
        TEST(test_webhook),
        TEST(test_get),
        TEST(test_list),
        TEST(test_list_small_region),
        cmocka_unit_test_setup(test_list_gaps, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
