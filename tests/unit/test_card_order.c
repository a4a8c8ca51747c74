// SPDX-License-Identifier: Apache-2.0
/* Gift cards on the receipt of an order: sold with it or not at all, in no net and no total of it, a liability in the
 * books until they pay, and void again while they are unused.                                        */
#include "checkout_kit.h"

#include "core/books/books.h"
#include "core/card/card.h"

#define YUAN(x) (INT64_C(100) * (x))
#define UNITS 8
#define COHORTS 64

static uint32_t batch;

struct store {
    struct checkout_kit *k;
    struct tb_cmd_card_sell card[2];
    struct tb_books books;
    struct tb_books_unit unit[UNITS];
    struct tb_cohort cohort[COHORTS];
    struct tb_arena scratch;
    uint8_t region[65536];
    int64_t moved[TB_BOOKS_REASONS]; /* entries of the last period, by reason: gift cards */
    int64_t points;                  /* deferred of sales for points */
    int64_t debit;
    int64_t credit;
};

/* Every command's events go into the books. */
static void take(struct store *s)
{
    tb_arena_reset(&s->scratch);
    assert_true(tb_books_take(&s->books, tb_buf_as_str(&s->k->f->txn.events), &s->scratch));
}

static void done(struct store *s, enum tb_op op, const void *input)
{
    fx_done(s->k->f, op, input);
    take(s);
}

static void on_entry(void *user, const struct tb_books_entry *e)
{
    struct store *s = user;
    bool cards = e->unit != NULL && e->unit->kind == TB_UNIT_GIFT_CARD;
    int64_t amount = e->credit == TB_BOOKS_LIABILITY ? e->amount : -e->amount;
    if (cards)
        s->moved[e->reason] += amount;
    else if (e->reason == TB_BOOKS_DEFERRED)
        s->points += amount;
    s->debit += e->debit == TB_BOOKS_LIABILITY ? e->amount : 0;
    s->credit += e->credit == TB_BOOKS_LIABILITY ? e->amount : 0;
    if (cards) /* never against sales */
        assert_true(e->debit != TB_BOOKS_SALES && e->credit != TB_BOOKS_SALES);
}

static void end_period(struct store *s)
{
    memset(s->moved, 0, sizeof s->moved);
    s->points = 0;
    tb_books_end_period(&s->books, on_entry, s);
    assert_int_equal(tb_books_breaks(&s->books), 0);
}

static struct tb_code_ref code(uint32_t serial)
{
    return (struct tb_code_ref){batch, serial};
}

static struct store *open_store(void)
{
    struct store *s = calloc(1, sizeof *s);
    s->k = kit_new();
    tb_arena_init(&s->scratch, s->region, sizeof s->region);
    tb_books_init(&s->books, s->unit, UNITS, s->cohort, COHORTS);
    struct tb_cmd_unit_put points = {.put.code = S("points"),
                                     .negative = TB_NEGATIVE_WITHIN_BALANCE,
                                     .face_ppm = 1000000,
                                     .expected_ppm = 900000};
    struct tb_cmd_unit_put unit = {.put.code = S("gc"), .kind = TB_UNIT_GIFT_CARD};
    struct tb_cmd_namespace_put ns = {
        .put.code = S("gift_card"), .class_no = TB_CLASS_STRONG, .scope = TB_SCOPE_PERSON, .priority = 900};
    struct tb_cmd_code_batch_put codes = {.put.code = S("cards"), .scene = TB_SCENE_INSIDE, .count = 20};
    struct tb_cmd_codes_bind bind = {.target = {.batch = S("cards"), .n = 10}, .campaign = S("gift cards")};
    done(s, TB_OP_UNIT_PUT, &points);
    done(s, TB_OP_UNIT_PUT, &unit);
    done(s, TB_OP_NAMESPACE_PUT, &ns);
    fx_done(s->k->f, TB_OP_CODE_BATCH_PUT, &codes);
    batch = (uint32_t)fx_uint(s->k->f, 1, 0);
    done(s, TB_OP_CODES_BIND, &bind);
    return s;
}

static void close_store(struct store *s)
{
    kit_free(s->k); /* replay = live */
    free(s);
}

static void basket(struct store *s, const char *key, uint32_t cards)
{
    static const struct tb_cmd_card_sell both[2] = {
        {.unit = {"gc", 2}, .amount = YUAN(50), .tender = TB_TENDER_CASH},
        {.unit = {"gc", 2}, .amount = YUAN(200), .tender = TB_TENDER_WECHAT},
    };
    kit_clear(s->k);
    kit_line(s->k, 2, YUAN(100));
    memcpy(s->card, both, sizeof both);
    s->card[0].code = code(1);
    s->card[1].code = code(2);
    s->k->in.quote.order.key = tb_str_of(key);
    s->k->in.quote.order.input_hash = 1;
    s->k->in.payable = -1;
    s->k->in.card = s->card;
    s->k->in.card_n = cards;
}

static int64_t on(struct store *s, uint32_t serial)
{
    struct tb_cmd_card_look in = {.code = code(serial), .staff = true};
    done(s, TB_OP_CARD_LOOK, &in);
    return (int64_t)fx_uint(s->k->f, 3, 0);
}

static struct tb_cmd_card_act back(uint32_t serial)
{
    return (struct tb_cmd_card_act){.verb = TB_CARD_RETURN, .code = code(serial), .reason = S("not wanted")};
}

static void no_revenue(void **state)
{
    (void)state;
    struct store *s = open_store();
    basket(s, "plain", 0);
    done(s, TB_OP_CONFIRM, &s->k->in);
    end_period(s);
    int64_t plain = s->points; /* what points take of a sale of 100.00 */
    assert_true(plain > 0);
    basket(s, "A", 2);
    done(s, TB_OP_CONFIRM, &s->k->in);
    uint64_t order = fx_uint(s->k->f, 1, 0);
    assert_int_equal(fx_uint(s->k->f, 10, 0), YUAN(100));
    const struct tb_order *o = tb_block_head_const(kit_order(s->k, order));
    const struct tb_order_tender *tender = kit_section(s->k, order, TB_ORDER_TENDER);
    const struct tb_order_card *row = kit_section(s->k, order, TB_ORDER_CARD);
    assert_int_equal(o->net, YUAN(100));
    assert_int_equal(tender[0].amount, YUAN(100));
    assert_int_equal(kit_order(s->k, order)->n[TB_ORDER_CARD], 2);
    assert_true(row[0].amount == YUAN(50) && row[0].tender == TB_TENDER_CASH && row[1].tender == TB_TENDER_WECHAT);
    assert_int_equal(kit_balance(s->k, "anna", "points"), 200); /* of both sales' goods */
    assert_true(on(s, 1) == YUAN(50) && on(s, 2) == YUAN(200));
    end_period(s);
    assert_int_equal(s->points, plain);
    assert_int_equal(s->moved[TB_BOOKS_DEFERRED], YUAN(250));
    assert_int_equal(s->moved[TB_BOOKS_RELEASED], 0);
    fx_done(s->k->f, TB_OP_CONFIRM, &s->k->in); /* repeated: sold once */
    assert_int_equal(s->k->f->event_n, 0);
    basket(s, "B", 0); /* 60.00 of the second pay: now it is earned, and no longer owed */
    s->k->tender[s->k->in.quote.tender_n++] =
        (struct tb_quote_tender){.kind = TB_TENDER_GIFT_CARD, .amount = YUAN(60), .code = code(2)};
    done(s, TB_OP_CONFIRM, &s->k->in);
    end_period(s);
    assert_int_equal(s->moved[TB_BOOKS_RELEASED], -YUAN(60));
    close_store(s);
}

static void undone(void **state)
{
    (void)state;
    struct store *s = open_store();
    basket(s, "A", 2);
    done(s, TB_OP_CONFIRM, &s->k->in);
    uint64_t order = fx_uint(s->k->f, 1, 0);
    basket(s, "B", 0);
    s->k->tender[s->k->in.quote.tender_n++] =
        (struct tb_quote_tender){.kind = TB_TENDER_GIFT_CARD, .amount = YUAN(60), .code = code(2)};
    done(s, TB_OP_CONFIRM, &s->k->in);
    end_period(s);
    struct tb_cmd_card_act first = back(1);
    done(s, TB_OP_CARD_ACT, &first);
    assert_int_equal(fx_uint(s->k->f, 2, 0), YUAN(50));
    assert_int_equal(fx_uint(s->k->f, 7, 0), TB_TENDER_CASH + 1);
    assert_int_equal(fx_uint(s->k->f, 8, 0), order);
    const struct tb_order_card *row = kit_section(s->k, order, TB_ORDER_CARD);
    assert_true(row[0].returned && !row[1].returned);
    end_period(s);
    assert_int_equal(s->moved[TB_BOOKS_TAKEN_BACK], -YUAN(50));
    uint64_t before = kit_fingerprint(s->k);
    fx_refused(s->k->f, TB_OP_CARD_ACT, &first, TB_CODE_CARD_STATE, "code");
    struct tb_cmd_card_act second = back(2);
    fx_refused(s->k->f, TB_OP_CARD_ACT, &second, TB_CODE_INSUFFICIENT, "code");
    second.reason = TB_STR_NONE;
    fx_refused(s->k->f, TB_OP_CARD_ACT, &second, TB_CODE_REASON_REQUIRED, "reason");
    struct tb_cmd_order_cancel cancel = {.order = S("A"), .input_hash = 1};
    fx_refused(s->k->f, TB_OP_ORDER_CANCEL, &cancel, TB_CODE_CARD_STATE, "cards");
    basket(s, "C", 1); /* a void code is sold no more */
    fx_refused(s->k->f, TB_OP_CONFIRM, &s->k->in, TB_CODE_CARD_SOLD, "cards/0/code");
    assert_int_equal(kit_fingerprint(s->k), before);
    kit_cancel(s->k, "B"); /* what the card paid is on it again: unused */
    take(s);
    second = back(2);
    done(s, TB_OP_CARD_ACT, &second);
    done(s, TB_OP_ORDER_CANCEL, &cancel);
    end_period(s);
    assert_int_equal(tb_ledger_book(&s->k->f->txn, fx_code(s->k->f, TB_KIND_UNIT, "gc"), TB_ACCOUNT_ISSUER), 0);
    assert_int_equal(s->debit, s->credit); /* nothing is owed any more */
    close_store(s);
}

static void all_or_nothing(void **state)
{
    (void)state;
    struct store *s = open_store();
    uint64_t before = kit_fingerprint(s->k);
    basket(s, "A", 2);
    s->card[1].code = code(15); /* not bound */
    fx_refused(s->k->f, TB_OP_CONFIRM, &s->k->in, TB_CODE_CODE_NOT_BOUND, "cards/1/code");
    s->card[1].code = code(1); /* the same twice */
    fx_refused(s->k->f, TB_OP_CONFIRM, &s->k->in, TB_CODE_CARD_SOLD, "cards/1/code");
    basket(s, "A", 2);
    s->card[0].amount = 0;
    fx_refused(s->k->f, TB_OP_CONFIRM, &s->k->in, TB_CODE_AMOUNT_NOT_POSITIVE, "cards/0/amount");
    s->card[0].amount = TB_PREPAID_ANONYMOUS_MAX + 1;
    fx_refused(s->k->f, TB_OP_CONFIRM, &s->k->in, TB_CODE_CAP_EXCEEDED, "cards/0/amount");
    s->card[0].tender = TB_TENDER_KINDS;
    fx_refused(s->k->f, TB_OP_CONFIRM, &s->k->in, TB_CODE_INVALID, "cards/0/tender");
    s->card[0].unit = S("points");
    fx_refused(s->k->f, TB_OP_CONFIRM, &s->k->in, TB_CODE_INVALID, "cards/0/unit");
    s->k->in.card_n = TB_CHECKOUT_CARDS_MAX + 1;
    fx_refused(s->k->f, TB_OP_CONFIRM, &s->k->in, TB_CODE_INVALID, "cards");
    assert_int_equal(kit_fingerprint(s->k), before);
    close_store(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_revenue), cmocka_unit_test(undone),
                                       cmocka_unit_test(all_or_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
