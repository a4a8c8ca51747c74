// SPDX-License-Identifier: Apache-2.0
/* The points mall: exact numbers, every answer in its order, and random histories against a plain model. Each
 * test ends with the fixture's proof: replay = live, loading = live, the audit finds nothing. */
#include "core/mall/mall.h"
#include "core/promotion/commands.h"
#include "play_kit.h"

static struct tb_cmd_mall_put mug(void)
{
    return (struct tb_cmd_mall_put){
        .put.code = S("mug"), .name = S("Mug"), .unit = S("points"), .points = 300, .cash = 990, .stock = 2};
}

static struct tb_cmd_mall_exchange take(uint32_t profile, const char *goods, int64_t quantity)
{
    return (struct tb_cmd_mall_exchange){.who = play_who(profile), .goods = tb_str_of(goods), .quantity = quantity};
}

static uint64_t taken(struct fx *f, uint32_t profile, const char *goods, int64_t quantity)
{
    struct tb_cmd_mall_exchange in = take(profile, goods, quantity);
    fx_done(f, TB_OP_MALL_EXCHANGE, &in);
    return fx_uint(f, 1, 0);
}

static struct tb_cmd_mall_move to(uint64_t exchange, uint32_t state)
{
    return (struct tb_cmd_mall_move){.exchange = exchange, .state = state, .reason = S("r")};
}

static void moved(struct fx *f, uint64_t exchange, uint32_t state)
{
    struct tb_cmd_mall_move in = to(exchange, state);
    fx_done(f, TB_OP_MALL_MOVE, &in);
    assert_int_equal(fx_uint(f, 2, 0), state);
}

static const struct tb_exchange *seen(struct fx *f, uint64_t exchange)
{
    return tb_block_head(tb_store_get(&f->core.store, TB_KIND_EXCHANGE, exchange));
}

static int64_t stock(struct fx *f, const char *goods, enum tb_tenant_account account)
{
    uint32_t id = fx_code(f, TB_KIND_GOODS, goods);
    const struct tb_goods *g = tb_block_head(tb_store_get(&f->core.store, TB_KIND_GOODS, id));
    return tb_ledger_book(&f->txn, g->stock_unit, account);
}

static void on_its_way(void **state)
{
    (void)state;
    struct fx *f = play_new(true);
    struct tb_cmd_mall_put put = mug();
    fx_done(f, TB_OP_MALL_PUT, &put);
    uint32_t anna = play_member(f, "1");
    play_adjust(f, anna, "points", 1000);
    uint64_t one = taken(f, anna, "mug", 1);
    assert_int_equal(fx_uint(f, 2, 0), TB_EXCHANGE_ORDERED);
    assert_int_equal(fx_uint(f, 3, 0), 300);
    assert_int_equal(fx_uint(f, 5, 0), 990);
    assert_int_equal(fx_uint(f, 6, 0), 1400); /* 700, zigzag */
    assert_int_equal(stock(f, "mug", TB_ACCOUNT_FUND), 1);
    assert_int_equal(stock(f, "mug", TB_ACCOUNT_HELD), 1);
    moved(f, one, TB_EXCHANGE_READY);
    struct tb_cmd_mall_move go = to(one, TB_EXCHANGE_COLLECTED);
    fx_refused(f, TB_OP_MALL_MOVE, &go, TB_CODE_TENDERS_DIFFER, "paid");
    go.paid = 991;
    fx_refused(f, TB_OP_MALL_MOVE, &go, TB_CODE_TENDERS_DIFFER, "paid");
    struct tb_cmd_mall_move pay = {.exchange = one, .paid = 500, .tender = TB_TENDER_CASH, .reference = S("box 7")};
    fx_done(f, TB_OP_MALL_MOVE, &pay);
    assert_int_equal(fx_uint(f, 5, 0), 490);
    go.paid = 490;
    fx_done(f, TB_OP_MALL_MOVE, &go);
    assert_int_equal(stock(f, "mug", TB_ACCOUNT_HELD), 0);
    assert_int_equal(stock(f, "mug", TB_ACCOUNT_SPENT), 1);
    moved(f, one, TB_EXCHANGE_DONE);
    go = to(one, TB_EXCHANGE_CANCELLED);
    fx_refused(f, TB_OP_MALL_MOVE, &go, TB_CODE_EXCHANGE_STATE, "state");
    assert_int_equal(seen(f, one)->paid, 990);
    (void)taken(f, anna, "mug", 1);
    struct tb_cmd_mall_exchange more = take(anna, "mug", 1);
    fx_refused(f, TB_OP_MALL_EXCHANGE, &more, TB_CODE_OUT_OF_STOCK, "goods");
    assert_int_equal(play_balance(f, anna, "points"), 400);
    fx_free(f);
}

/* Everything comes back: to the lots with their own expiry, to the stock, to the limit of its period. */
static void cancelled(void **state)
{
    (void)state;
    struct fx *f = play_new(true);
    struct tb_cmd_unit_put old = {.put.code = S("points"),
                                  .negative = TB_NEGATIVE_UNLIMITED,
                                  .expiry = TB_EXPIRY_ROLLING_DAYS,
                                  .expiry_n = 30};
    fx_done(f, TB_OP_UNIT_PUT, &old);
    struct tb_cmd_mall_put put = mug();
    put.per_member = 1;
    put.period = TB_PERIOD_MONTH;
    fx_done(f, TB_OP_MALL_PUT, &put);
    uint32_t anna = play_member(f, "1");
    play_adjust(f, anna, "points", 200);
    f->now_ms += 10 * FX_DAY;
    play_adjust(f, anna, "points", 200);
    uint64_t one = taken(f, anna, "mug", 1);
    assert_int_equal(play_balance(f, anna, "points"), 100);
    struct tb_cmd_mall_exchange more = take(anna, "mug", 1);
    fx_refused(f, TB_OP_MALL_EXCHANGE, &more, TB_CODE_PLAY_LIMIT, "member");
    struct tb_cmd_mall_move pay = {.exchange = one, .paid = 990};
    fx_done(f, TB_OP_MALL_MOVE, &pay);
    moved(f, one, TB_EXCHANGE_CANCELLED);
    assert_int_equal(fx_uint(f, 3, 0), 300);
    assert_int_equal(fx_uint(f, 4, 0), 990);
    assert_int_equal(play_balance(f, anna, "points"), 400);
    assert_int_equal(stock(f, "mug", TB_ACCOUNT_FUND), 2);
    struct tb_balance b = tb_ledger_balance(&f->txn, fx_person(f, anna), fx_code(f, TB_KIND_UNIT, "points"), f->now_ms);
    assert_int_equal(b.expires_next, 200);
    assert_true(b.expires_next_ms == FX_NOW + 30 * FX_DAY);
    /* sent, lost, cancelled: the piece is gone; sent and back: it is on the shelf */
    put.cash = 0;
    fx_done(f, TB_OP_MALL_PUT, &put);
    uint64_t two = taken(f, anna, "mug", 1);
    moved(f, two, TB_EXCHANGE_SHIPPED);
    moved(f, two, TB_EXCHANGE_CANCELLED);
    assert_int_equal(stock(f, "mug", TB_ACCOUNT_FUND), 1);
    assert_int_equal(stock(f, "mug", TB_ACCOUNT_SPENT), 1);
    uint64_t three = taken(f, anna, "mug", 1);
    moved(f, three, TB_EXCHANGE_SHIPPED);
    struct tb_cmd_mall_move back = to(three, TB_EXCHANGE_CANCELLED);
    back.goods_back = true;
    fx_done(f, TB_OP_MALL_MOVE, &back);
    assert_int_equal(stock(f, "mug", TB_ACCOUNT_FUND), 1);
    assert_int_equal(play_balance(f, anna, "points"), 400);
    /* what expired meanwhile does not live again */
    uint64_t four = taken(f, anna, "mug", 1);
    f->now_ms += 25 * FX_DAY;
    moved(f, four, TB_EXCHANGE_CANCELLED);
    assert_int_equal(play_balance(f, anna, "points"), 200);
    fx_free(f);
}

/* The money part out of stored value: the unit that the tenant spends first, then the other; a cancellation gives
 * each back to its own lots. Goods leave when points, stored value and money together have paid.       */
static void stored_value(void **state)
{
    (void)state;
    struct fx *f = play_new(true);
    struct tb_cmd_unit_put bonus = {.put.code = S("bonus"), .kind = TB_UNIT_STORED_VALUE, .spend_order = 1,
                                    .expiry = TB_EXPIRY_ROLLING_DAYS, .expiry_n = 30};
    struct tb_cmd_unit_put purse = {.put.code = S("purse"), .kind = TB_UNIT_STORED_VALUE, .spend_order = 2};
    fx_done(f, TB_OP_UNIT_PUT, &bonus);
    fx_done(f, TB_OP_UNIT_PUT, &purse);
    struct tb_cmd_mall_put put = mug();
    fx_done(f, TB_OP_MALL_PUT, &put);
    uint32_t anna = play_member(f, "1");
    play_adjust(f, anna, "points", 1000);
    play_adjust(f, anna, "bonus", 200);
    play_adjust(f, anna, "purse", 1000);
    struct tb_cmd_mall_exchange in = take(anna, "mug", 1);
    in.paid = 100;
    in.stored = 891;
    fx_refused(f, TB_OP_MALL_EXCHANGE, &in, TB_CODE_TENDERS_DIFFER, "stored_value");
    in.stored = 600;
    fx_done(f, TB_OP_MALL_EXCHANGE, &in);
    uint64_t one = fx_uint(f, 1, 0);
    assert_int_equal(fx_uint(f, 5, 0), 290);
    assert_int_equal(play_balance(f, anna, "bonus"), 0);
    assert_int_equal(play_balance(f, anna, "purse"), 600);
    struct tb_cmd_mall_move go = to(one, TB_EXCHANGE_COLLECTED);
    go.stored = 289;
    fx_refused(f, TB_OP_MALL_MOVE, &go, TB_CODE_TENDERS_DIFFER, "paid");
    go.stored = 291;
    fx_refused(f, TB_OP_MALL_MOVE, &go, TB_CODE_TENDERS_DIFFER, "stored_value");
    go.stored = 290;
    fx_done(f, TB_OP_MALL_MOVE, &go);
    assert_int_equal(play_balance(f, anna, "purse"), 310);
    assert_true(seen(f, one)->paid == 100 && seen(f, one)->drawn == 890);
    struct tb_cmd_mall_move back = to(one, TB_EXCHANGE_CANCELLED);
    back.goods_back = true;
    back.stored = 1;
    fx_refused(f, TB_OP_MALL_MOVE, &back, TB_CODE_INVALID, "stored_value");
    back.stored = 0;
    fx_done(f, TB_OP_MALL_MOVE, &back);
    assert_int_equal(fx_uint(f, 3, 0), 300);
    assert_int_equal(fx_uint(f, 4, 0), 100); /* money, from the till */
    assert_int_equal(fx_uint(f, 6, 0), 890);
    assert_int_equal(play_balance(f, anna, "points"), 1000);
    assert_int_equal(play_balance(f, anna, "bonus"), 200);
    assert_int_equal(play_balance(f, anna, "purse"), 1000);
    struct tb_balance b = tb_ledger_balance(&f->txn, fx_person(f, anna), fx_code(f, TB_KIND_UNIT, "bonus"), f->now_ms);
    assert_true(b.expires_next == 200 && b.expires_next_ms == FX_NOW + 30 * FX_DAY); /* its own days */
    fx_free(f);
}

/* What a purse does not have is refused whole: points, pieces and the other purse are where they were. */
static void stored_value_missing(void **state)
{
    (void)state;
    struct fx *f = play_new(true);
    struct tb_cmd_unit_put purse = {.put.code = S("purse"), .kind = TB_UNIT_STORED_VALUE};
    fx_done(f, TB_OP_UNIT_PUT, &purse);
    struct tb_cmd_mall_put put = mug();
    fx_done(f, TB_OP_MALL_PUT, &put);
    uint32_t anna = play_member(f, "1");
    play_adjust(f, anna, "purse", 989);
    struct tb_cmd_mall_exchange in = take(anna, "mug", 1);
    in.stored = -1;
    fx_refused(f, TB_OP_MALL_EXCHANGE, &in, TB_CODE_INVALID, "stored_value");
    in.stored = 990;
    fx_refused(f, TB_OP_MALL_EXCHANGE, &in, TB_CODE_INSUFFICIENT, "member"); /* points first */
    play_adjust(f, anna, "points", 1000);
    fx_refused(f, TB_OP_MALL_EXCHANGE, &in, TB_CODE_INSUFFICIENT, "stored_value");
    assert_true(play_balance(f, anna, "points") == 1000 && play_balance(f, anna, "purse") == 989);
    assert_int_equal(stock(f, "mug", TB_ACCOUNT_FUND), 2);
    in.stored = 0;
    fx_done(f, TB_OP_MALL_EXCHANGE, &in);
    struct tb_cmd_mall_move go = to(fx_uint(f, 1, 0), TB_EXCHANGE_SHIPPED);
    go.stored = 990;
    fx_refused(f, TB_OP_MALL_MOVE, &go, TB_CODE_INSUFFICIENT, "stored_value");
    assert_int_equal(stock(f, "mug", TB_ACCOUNT_HELD), 1);
    go.paid = 1;
    go.stored = 989;
    fx_done(f, TB_OP_MALL_MOVE, &go);
    assert_int_equal(play_balance(f, anna, "purse"), 0);
    fx_free(f);
}

static void tiers(struct fx *f)
{
    struct tb_tier_input tier[] = {{.code = S("base"), .name = S("Base")},
                                   {.code = S("gold"), .name = S("Gold"), .reach = 2, .keep = 1}};
    struct tb_cmd_tier_scheme_put put = {.put.code = S("main"),
                                         .name = S("Main"),
                                         .measure = TB_MEASURE_VISITS,
                                         .window = TB_WINDOW_LIFETIME,
                                         .tier = tier,
                                         .tier_n = 2};
    fx_done(f, TB_OP_TIER_SCHEME_PUT, &put);
}

/* Each refusal, with a row in which later reasons apply too. */
static void refused(void **state)
{
    (void)state;
    struct fx *f = play_new(true);
    tiers(f);
    static const struct tb_str gold[] = {S("gold")};
    struct tb_cmd_mall_put put = mug();
    put.scheme = S("main");
    put.tier = gold;
    put.tier_n = 1;
    put.stock = 1;
    put.from_ms = FX_NOW + FX_DAY;
    put.flags = TB_GOODS_MEMBERS_ONLY;
    put.per_member = 1;
    put.period = TB_PERIOD_LIFETIME;
    fx_done(f, TB_OP_MALL_PUT, &put);
    uint32_t anna = play_member(f, "1");
    struct tb_cmd_mall_exchange in = take(anna, "cup", 0);
    in.who = play_who(99);
    fx_refused(f, TB_OP_MALL_EXCHANGE, &in, TB_CODE_UNKNOWN_GOODS, "goods");
    in.goods = S("mug");
    fx_refused(f, TB_OP_MALL_EXCHANGE, &in, TB_CODE_UNKNOWN_MEMBER, "member");
    in.who = play_who(anna);
    in.store = S("moon");
    fx_refused(f, TB_OP_MALL_EXCHANGE, &in, TB_CODE_INVALID, "quantity");
    in.quantity = 1001;
    fx_refused(f, TB_OP_MALL_EXCHANGE, &in, TB_CODE_INVALID, "quantity");
    in.quantity = 2;
    in.paid = -1;
    fx_refused(f, TB_OP_MALL_EXCHANGE, &in, TB_CODE_INVALID, "paid");
    in.paid = 5000;
    in.tender = TB_TENDER_KINDS;
    fx_refused(f, TB_OP_MALL_EXCHANGE, &in, TB_CODE_INVALID, "tender");
    in.tender = 0;
    fx_refused(f, TB_OP_MALL_EXCHANGE, &in, TB_CODE_UNKNOWN_STORE, "store");
    in.store = TB_STR_NONE;
    fx_refused(f, TB_OP_MALL_EXCHANGE, &in, TB_CODE_NOT_OPEN, "goods");
    f->now_ms = put.from_ms;
    fx_refused(f, TB_OP_MALL_EXCHANGE, &in, TB_CODE_NOT_ENROLLED, "member");
    struct tb_cmd_enrol enrol = {.who = play_who(anna), .terms_version = 1, .occurred_ms = f->now_ms};
    fx_done(f, TB_OP_ENROL, &enrol);
    fx_refused(f, TB_OP_MALL_EXCHANGE, &in, TB_CODE_NOT_ELIGIBLE, "member");
    put.scheme = TB_STR_NONE;
    put.tier_n = 0;
    fx_done(f, TB_OP_MALL_PUT, &put);
    fx_refused(f, TB_OP_MALL_EXCHANGE, &in, TB_CODE_PLAY_LIMIT, "member");
    put.per_member = 0;
    put.period = 0;
    fx_done(f, TB_OP_MALL_PUT, &put);
    fx_refused(f, TB_OP_MALL_EXCHANGE, &in, TB_CODE_OUT_OF_STOCK, "goods");
    put.stock = 2;
    fx_done(f, TB_OP_MALL_PUT, &put);
    fx_refused(f, TB_OP_MALL_EXCHANGE, &in, TB_CODE_TENDERS_DIFFER, "paid");
    in.paid = 0;
    fx_refused(f, TB_OP_MALL_EXCHANGE, &in, TB_CODE_INSUFFICIENT, "member");
    assert_int_equal(fx_uint(f, 20, 0), 600);
    put.points = TB_AMOUNT_MAX;
    fx_done(f, TB_OP_MALL_PUT, &put);
    fx_refused(f, TB_OP_MALL_EXCHANGE, &in, TB_CODE_AMOUNT_OVERFLOW, "quantity");
    struct tb_cmd_mall_move move = to(1, TB_EXCHANGE_READY);
    fx_refused(f, TB_OP_MALL_MOVE, &move, TB_CODE_UNKNOWN_EXCHANGE, "exchange");
    fx_free(f);
}

static void putting(void **state)
{
    (void)state;
    struct fx *f = play_new(true);
    tiers(f);
    static const struct tb_str twice[] = {S("gold"), S("gold")};
    static const struct tb_str iron[] = {S("base"), S("iron")};
    struct tb_cmd_mall_put put = mug();
    put.unit = S("gems");
    fx_refused(f, TB_OP_MALL_PUT, &put, TB_CODE_UNKNOWN_UNIT, "unit");
    put = mug();
    put.points = 0;
    fx_refused(f, TB_OP_MALL_PUT, &put, TB_CODE_INVALID, "points");
    put.unit = TB_STR_NONE;
    put.cash = 0;
    fx_refused(f, TB_OP_MALL_PUT, &put, TB_CODE_INVALID, "cash");
    put = mug();
    put.scheme = S("main");
    fx_refused(f, TB_OP_MALL_PUT, &put, TB_CODE_INVALID, "tiers");
    put.tier = twice;
    put.tier_n = 2;
    fx_refused(f, TB_OP_MALL_PUT, &put, TB_CODE_INVALID, "tiers/1");
    put.tier = iron;
    fx_refused(f, TB_OP_MALL_PUT, &put, TB_CODE_INVALID, "tiers/1");
    put = mug();
    put.per_member = 1;
    fx_refused(f, TB_OP_MALL_PUT, &put, TB_CODE_INVALID, "period");
    put = mug();
    put.put.code = S("a234567890123456789012345678901234567890123456789012345678901");
    fx_refused(f, TB_OP_MALL_PUT, &put, TB_CODE_INVALID, "code");
    put = mug();
    fx_done(f, TB_OP_MALL_PUT, &put);
    assert_int_equal(fx_uint(f, 3, 0), 1);
    fx_done(f, TB_OP_MALL_PUT, &put);
    assert_int_equal(f->event_n, 0);
    uint32_t anna = play_member(f, "1");
    play_adjust(f, anna, "points", 10000);
    (void)taken(f, anna, "mug", 2);
    put.stock = 1;
    fx_refused(f, TB_OP_MALL_PUT, &put, TB_CODE_INSUFFICIENT, "stock");
    put.stock = 5;
    fx_done(f, TB_OP_MALL_PUT, &put);
    assert_int_equal(stock(f, "mug", TB_ACCOUNT_FUND), 3);
    put.stock = 0;
    fx_done(f, TB_OP_MALL_PUT, &put);
    assert_int_equal(stock(f, "mug", TB_ACCOUNT_FUND), 0);
    uint64_t many = taken(f, anna, "mug", 20);
    put.stock = 22;
    fx_done(f, TB_OP_MALL_PUT, &put);
    moved(f, many, TB_EXCHANGE_CANCELLED);
    assert_int_equal(stock(f, "mug", TB_ACCOUNT_FUND), 20);
    fx_free(f);
}

/* A merge adds up what both had; an unmerge parts it again. A session sees only its own. */
static void together(void **state)
{
    (void)state;
    struct fx *f = play_new(true);
    struct tb_cmd_mall_put put = mug();
    put.cash = 0;
    put.stock = 0;
    put.per_member = 2;
    put.period = TB_PERIOD_YEAR;
    fx_done(f, TB_OP_MALL_PUT, &put);
    uint32_t a = play_member(f, "1");
    uint32_t b = play_member(f, "2");
    play_adjust(f, a, "points", 1000);
    play_adjust(f, b, "points", 1000);
    uint64_t hers = taken(f, a, "mug", 1);
    uint64_t his = taken(f, b, "mug", 1);
    struct tb_cmd_mall_move cancel = {
        .exchange = his, .state = TB_EXCHANGE_CANCELLED, .by_owner = true, .owner = play_who(a)};
    fx_refused(f, TB_OP_MALL_MOVE, &cancel, TB_CODE_UNKNOWN_EXCHANGE, "exchange");
    play_merge(f, a, b);
    struct tb_cmd_mall_exchange more = take(a, "mug", 1);
    fx_refused(f, TB_OP_MALL_EXCHANGE, &more, TB_CODE_PLAY_LIMIT, "member");
    struct tb_cmd_mall_list list = {.who = play_who(a), .taken = true, .limit = 1};
    fx_done(f, TB_OP_MALL_LIST, &list);
    assert_int_equal(fx_uint(f, 3, 0), his);
    list.after = his;
    fx_done(f, TB_OP_MALL_LIST, &list);
    assert_true(fx_bytes(f, 2, 0).n > 0 && fx_bytes(f, 2, 1).n == 0);
    assert_int_equal(fx_uint(f, 3, 0), 0);
    play_part(f, a, b);
    (void)taken(f, a, "mug", 1);
    fx_refused(f, TB_OP_MALL_MOVE, &cancel, TB_CODE_UNKNOWN_EXCHANGE, "exchange");
    cancel.owner = play_who(b);
    fx_done(f, TB_OP_MALL_MOVE, &cancel);
    assert_int_equal(play_balance(f, b, "points"), 1000);
    moved(f, hers, TB_EXCHANGE_READY);
    cancel.exchange = hers;
    cancel.owner = play_who(a);
    fx_refused(f, TB_OP_MALL_MOVE, &cancel, TB_CODE_EXCHANGE_STATE, "state");
    fx_free(f);
}

static void coupons(void **state)
{
    (void)state;
    struct fx *f = play_new(true);
    struct tb_cmd_unit_put unit = {
        .put.code = S("five"), .kind = TB_UNIT_COUPON, .stock = 3, .negative = TB_NEGATIVE_ONLY_PENDING};
    fx_done(f, TB_OP_UNIT_PUT, &unit);
    struct tb_cmd_mall_put put = {
        .put.code = S("voucher"), .unit = S("points"), .points = 50, .stock = 10, .gives = S("five")};
    fx_done(f, TB_OP_MALL_PUT, &put);
    uint32_t anna = play_member(f, "1");
    play_adjust(f, anna, "points", 1000);
    uint64_t one = taken(f, anna, "voucher", 2);
    assert_int_equal(fx_uint(f, 2, 0), TB_EXCHANGE_DONE);
    assert_int_equal(play_balance(f, anna, "five"), 2);
    struct tb_cmd_mall_exchange more = take(anna, "voucher", 2);
    fx_refused(f, TB_OP_MALL_EXCHANGE, &more, TB_CODE_OUT_OF_STOCK, "goods");
    assert_int_equal(play_balance(f, anna, "points"), 900);
    moved(f, one, TB_EXCHANGE_CANCELLED);
    assert_int_equal(play_balance(f, anna, "points"), 1000);
    assert_int_equal(play_balance(f, anna, "five"), 0);
    uint64_t two = taken(f, anna, "voucher", 1);
    uint64_t lot = fx_uint(f, 7, 0);
    struct tb_cmd_coupon_void gone = {.member = play_who(anna), .lot = lot, .reason = S("r")};
    fx_done(f, TB_OP_COUPON_VOID, &gone);
    struct tb_cmd_mall_move back = to(two, TB_EXCHANGE_CANCELLED);
    fx_refused(f, TB_OP_MALL_MOVE, &back, TB_CODE_UNKNOWN_COUPON, "exchange");
    fx_free(f);
}

static void listed(void **state)
{
    (void)state;
    struct fx *f = play_new(true);
    struct tb_cmd_mall_put put = mug();
    fx_done(f, TB_OP_MALL_PUT, &put);
    put.put.code = S("cup");
    put.stock = 0;
    fx_done(f, TB_OP_MALL_PUT, &put);
    struct tb_cmd_mall_list list = {.limit = 1};
    fx_done(f, TB_OP_MALL_LIST, &list);
    assert_true(fx_bytes(f, 1, 0).n > 0 && fx_bytes(f, 1, 1).n == 0);
    list.after = fx_uint(f, 3, 0);
    assert_int_not_equal(list.after, 0);
    fx_done(f, TB_OP_MALL_LIST, &list);
    assert_true(fx_bytes(f, 1, 0).n > 0);
    assert_int_equal(fx_uint(f, 3, 0), 0);
    list = (struct tb_cmd_mall_list){.limit = 101};
    fx_refused(f, TB_OP_MALL_LIST, &list, TB_CODE_INVALID, "limit");
    list = (struct tb_cmd_mall_list){.limit = 10, .taken = true};
    fx_refused(f, TB_OP_MALL_LIST, &list, TB_CODE_UNKNOWN_MEMBER, "member");
    list = (struct tb_cmd_mall_list){.exchange = 4};
    fx_refused(f, TB_OP_MALL_LIST, &list, TB_CODE_UNKNOWN_EXCHANGE, "exchange");
    fx_free(f);
}

/* ---- random histories -------------------------------------------------------------------------- */

#define MEMBERS 3
#define TAKEN 64
#define STEPS 60

/* The same by plain counting. */
struct plain {
    int64_t points[MEMBERS];
    int64_t left; /* on the shelf */
    int64_t gone;
    uint32_t n;
    struct {
        uint64_t no;
        uint32_t who;
        uint32_t state;
        int64_t quantity;
        bool away;
    } x[TAKEN];
};

static void plain_take(struct fx *f, struct plain *p, const uint32_t *who, uint64_t *dice)
{
    uint32_t m = (uint32_t)(play_rng(dice) % MEMBERS);
    int64_t quantity = 1 + (int64_t)(play_rng(dice) % 3);
    struct tb_cmd_mall_exchange in = take(who[m], "mug", quantity);
    bool can = p->left >= quantity && p->points[m] >= 300 * quantity && p->n < TAKEN;
    if (p->n == TAKEN)
        return;
    enum tb_outcome outcome = fx_run(f, TB_OP_MALL_EXCHANGE, &in);
    assert_int_equal(outcome == TB_DONE, can);
    if (!can)
        return;
    p->x[p->n].no = fx_uint(f, 1, 0);
    p->x[p->n].who = m;
    p->x[p->n].state = TB_EXCHANGE_ORDERED;
    p->x[p->n++].quantity = quantity;
    p->left -= quantity;
    p->points[m] -= 300 * quantity;
}

static void plain_move(struct fx *f, struct plain *p, uint64_t *dice)
{
    static const uint32_t next[TB_EXCHANGE_STATES] = {0, 0x5c, 0x58, 0x60, 0x60, 0, 0}; /* bits of states */
    if (p->n == 0)
        return;
    uint32_t i = (uint32_t)(play_rng(dice) % p->n);
    uint32_t state = 1 + (uint32_t)(play_rng(dice) % 6);
    struct tb_cmd_mall_move in = to(p->x[i].no, state);
    in.goods_back = play_rng(dice) & 1;
    bool stays = state == p->x[i].state && state != TB_EXCHANGE_CANCELLED;
    bool can = stays || (next[p->x[i].state] >> state & 1);
    enum tb_outcome outcome = fx_run(f, TB_OP_MALL_MOVE, &in);
    if ((outcome == TB_DONE) != can)
        fail_msg("%u -> %u: %s", p->x[i].state, state, tb_code_name(f->a.code));
    if (!can || stays)
        return;
    bool cancels = state == TB_EXCHANGE_CANCELLED;
    bool shelf = cancels && (!p->x[i].away || in.goods_back);
    p->left += shelf ? p->x[i].quantity : 0;
    p->gone -= shelf && p->x[i].away ? p->x[i].quantity : 0;
    p->points[p->x[i].who] += cancels ? 300 * p->x[i].quantity : 0;
    if (state == TB_EXCHANGE_SHIPPED || state == TB_EXCHANGE_COLLECTED) {
        p->x[i].away = true;
        p->gone += p->x[i].quantity;
    }
    p->x[i].state = state;
}

static void histories(void **state)
{
    (void)state;
    uint64_t dice = 7;
    for (uint32_t round = 0; round < 40; round++) {
        struct fx *f = play_new(true);
        struct plain p = {.left = 12};
        uint32_t who[MEMBERS];
        struct tb_cmd_mall_put put = mug();
        put.cash = 0;
        put.stock = 12;
        fx_done(f, TB_OP_MALL_PUT, &put);
        for (uint32_t i = 0; i < MEMBERS; i++) {
            char phone[2] = {(char)('1' + i), 0};
            who[i] = play_member(f, phone);
            p.points[i] = 300 * (int64_t)(1 + play_rng(&dice) % 9);
            play_adjust(f, who[i], "points", p.points[i]);
        }
        for (uint32_t i = 0; i < STEPS; i++) {
            f->now_ms += (int64_t)(play_rng(&dice) % 100000);
            if (play_rng(&dice) % 3 == 0)
                plain_take(f, &p, who, &dice);
            else
                plain_move(f, &p, &dice);
            assert_int_equal(stock(f, "mug", TB_ACCOUNT_FUND), p.left);
            assert_int_equal(stock(f, "mug", TB_ACCOUNT_SPENT), p.gone);
        }
        for (uint32_t i = 0; i < MEMBERS; i++)
            assert_int_equal(play_balance(f, who[i], "points"), p.points[i]);
        fx_free(f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(on_its_way), cmocka_unit_test(cancelled), cmocka_unit_test(stored_value),
        cmocka_unit_test(stored_value_missing), cmocka_unit_test(refused), cmocka_unit_test(putting),
        cmocka_unit_test(together), cmocka_unit_test(coupons), cmocka_unit_test(listed), cmocka_unit_test(histories),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
