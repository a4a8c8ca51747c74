// SPDX-License-Identifier: Apache-2.0
/* The published tables after a random history are, row for row, what publishing everything
 * anew from records and history gives; through marks, sweeps, crashes; and they add up.   */
#include "publish_shop.h"

#include "engine/publish_check.h"
#include "state/memory/state_memory.h"

#define MEMBERS 600u /* more than two ranges */

struct chance {
    uint64_t seed;
    uint64_t state;
};

static uint32_t pick(struct chance *c, uint32_t n)
{
    c->state += UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(tb_mix(c->state) % n);
}

/* ---- random commands ------------------------------------------------------------------------ */

struct history {
    struct pw *w;
    struct chance c;
    uint64_t hold[64];
    uint64_t transfer[64];
    uint32_t hold_n;
    uint32_t transfer_n;
    uint64_t done[TB_OP_MAX];
    struct shop shop;
};

static uint32_t pick_any(void *user, uint32_t n)
{
    return pick(user, n);
}

static enum tb_code run(struct history *h, uint32_t op, const void *input)
{
    enum tb_code code = pw_run(h->w, op, input);
    h->done[op] += code == TB_CODE_OK;
    return code;
}

static struct tb_who who(struct history *h)
{
    return (struct tb_who){.identifier = pw_id(h->w->phone, pick(&h->c, MEMBERS))};
}

static void contact(struct history *h)
{
    struct pw *w = h->w;
    uint32_t m = pick(&h->c, MEMBERS);
    struct tb_identifier ids[2] = {pw_id(w->phone, m), pw_id(w->card, pick(&h->c, 3) ? m : pick(&h->c, MEMBERS))};
    struct tb_cmd_contact in = {.identifier = ids, .identifier_n = 1 + pick(&h->c, 2),
                                .facts = {.occurred_ms = w->now_ms - (int64_t)pick(&h->c, 5) * TB_DAY_MS,
                                          .kind = pick(&h->c, 4) ? 0 : TB_CONTACT_FOLLOW}};
    (void)run(h, TB_OP_CONTACT, &in);
}

static void buy(struct history *h)
{
    uint64_t order;
    h->done[TB_OP_ORDER] += pw_buy(h->w, pick(&h->c, MEMBERS), 100 + pick(&h->c, 20000), &order) == TB_CODE_OK;
}

static void give_back(struct history *h)
{
    char key[24], order[24];
    static uint64_t no;
    if (h->w->orders == 0)
        return;
    uint32_t n = (uint32_t)snprintf(order, sizeof order, "B%u", 1 + pick(&h->c, (uint32_t)h->w->orders));
    uint32_t k = (uint32_t)snprintf(key, sizeof key, "R%" PRIu64, ++no);
    struct tb_return_line_input line = {.line = pick(&h->c, 2), .quantity = 1000, .net = TB_NET_SHARE};
    struct tb_cmd_return in = {.order = {order, n}, .key = {key, k}, .line = &line, .line_n = 1, .input_hash = no};
    struct tb_cmd_order_cancel cancel = {.order = {order, n}, .input_hash = no};
    if (pick(&h->c, 4))
        (void)run(h, TB_OP_RETURN, &in);
    else
        (void)run(h, TB_OP_ORDER_CANCEL, &cancel);
}

static void adjust(struct history *h)
{
    struct tb_cmd_adjust in = {.member = who(h), .unit = TB_STR("points"),
                               .amount = (int64_t)pick(&h->c, 400) - 150, .reason = TB_STR("test")};
    if (run(h, TB_OP_ADJUST, &in) == TB_CODE_OK)
        h->transfer[h->transfer_n++ % 64] = pw_uint(h->w, 1);
}

static void move(struct history *h)
{
    struct tb_cmd_transfer in = {.from = who(h), .to = who(h), .unit = TB_STR("points"),
                                 .amount = 1 + pick(&h->c, 60), .reason = TB_STR("gift")};
    struct tb_cmd_reverse back = {.transfer = h->transfer[pick(&h->c, 64)], .reason = TB_STR("undo")};
    if (pick(&h->c, 3) == 0)
        (void)run(h, TB_OP_REVERSE, &back);
    else if (run(h, TB_OP_TRANSFER, &in) == TB_CODE_OK)
        h->transfer[h->transfer_n++ % 64] = pw_uint(h->w, 1);
}

static void hold(struct history *h)
{
    uint32_t at = (h->hold_n + 63 - pick(&h->c, 4)) % 64; /* one of the newest: holds end soon */
    struct tb_cmd_hold in = {.member = who(h), .unit = TB_STR("points"), .amount = 1 + pick(&h->c, 80),
                             .lifetime_ms = TB_DAY_MS};
    struct tb_cmd_hold_post post = {.hold = h->hold[at], .amount = pick(&h->c, 2) ? 0 : 1,
                                    .final = pick(&h->c, 2), .reason = TB_STR("spent")};
    struct tb_cmd_hold_void none = {.hold = h->hold[at]};
    switch (pick(&h->c, 4)) {
    case 0:
        (void)run(h, TB_OP_HOLD_POST, &post);
        break;
    case 1:
        (void)run(h, TB_OP_HOLD_VOID, &none);
        break;
    default:
        if (run(h, TB_OP_HOLD, &in) == TB_CODE_OK)
            h->hold[h->hold_n++ % 64] = pw_uint(h->w, 1);
    }
}

static void tell(struct history *h)
{
    struct pw *w = h->w;
    uint32_t i = pick(&h->c, 4);
    struct tb_attribute_input value = {.attribute = w->attribute[i], .value = pick(&h->c, 2),
                                       .removed = pick(&h->c, 5) == 0};
    if (i == 2)
        value.text = TB_STR("hidden");
    if (i == 1)
        value.text = pick(&h->c, 2) ? TB_STR("some text") : TB_STR("\xE4\xBD\xA0\xE5\xA5\xBD");
    struct tb_cmd_attributes_set in = {.who = who(h), .attribute = &value, .attribute_n = 1,
                                       .source = 1 + pick(&h->c, 5), .occurred_ms = w->now_ms};
    (void)run(h, TB_OP_ATTRIBUTES_SET, &in);
}

static void agree(struct history *h)
{
    struct tb_cmd_consent_put in = {.who = who(h), .purpose = h->w->purpose, .channel = pick(&h->c, 3),
                                    .state = 1 + pick(&h->c, 3), .actor = TB_ACTOR_SELF, .text_version = 1,
                                    .occurred_ms = h->w->now_ms - pick(&h->c, 100000),
                                    .person_wide = pick(&h->c, 2), .proof = TB_STR("\x01\x80")};
    (void)run(h, TB_OP_CONSENT_PUT, &in);
}

static void enrol(struct history *h)
{
    struct tb_cmd_enrol in = {.who = who(h), .terms_version = 1, .occurred_ms = h->w->now_ms};
    (void)run(h, TB_OP_ENROL, &in);
}

static void link_two(struct history *h)
{
    struct tb_cmd_member_get get = {.who = who(h)};
    if (run(h, TB_OP_MEMBER_GET, &get) != TB_CODE_OK)
        return;
    uint64_t a = pw_uint(h->w, 1);
    get.who = who(h);
    if (run(h, TB_OP_MEMBER_GET, &get) != TB_CODE_OK)
        return;
    struct tb_cmd_link in = {.a = a, .b = pw_uint(h->w, 1), .kind = 1 + pick(&h->c, 3), .reason = TB_STR("by hand")};
    (void)run(h, TB_OP_LINK, &in);
}

static void probe(struct history *h)
{
    struct tb_cmd_probe in = {.identifier = pw_id(h->w->mac, pick(&h->c, 40)), .touchpoint = h->w->touchpoint,
                              .occurred_ms = h->w->now_ms - pick(&h->c, 3600000)};
    in.identifier.verified = false;
    (void)run(h, TB_OP_PROBE, &in);
}

static struct tb_code_ref item(struct history *h)
{
    return (struct tb_code_ref){h->w->code_batch, pick(&h->c, PW_CODES)};
}

static void scan(struct history *h)
{
    struct tb_identifier id = pw_id(h->w->phone, pick(&h->c, MEMBERS));
    struct tb_cmd_code_scan in = {.code = item(h), .identifier = &id, .identifier_n = pick(&h->c, 4) != 0,
                                  .occurred_ms = h->w->now_ms, .store = pick(&h->c, 2) ? TB_STR("S1") : TB_STR_NONE,
                                  .region = pick(&h->c, 2) ? TB_STR("north/a") : TB_STR_NONE};
    struct tb_cmd_code_redeem redeem = {.code = in.code, .who = {.identifier = id}};
    (void)run(h, TB_OP_CODE_SCAN, &in);
    if (pick(&h->c, 3) == 0)
        (void)run(h, TB_OP_CODE_REDEEM, &redeem);
}

static void pack(struct history *h)
{
    struct tb_code_ref inside = item(h);
    struct tb_code_ref parent = {h->w->carton_batch, pick(&h->c, 8)};
    struct tb_code_children child = {inside.batch, inside.serial, 1, 0};
    struct tb_cmd_codes_pack in = {.parent = parent, .child = &child, .child_n = 1};
    struct tb_cmd_codes_receive receive = {.parent = parent, .store = TB_STR("S1")};
    if (pick(&h->c, 4))
        (void)run(h, TB_OP_CODES_PACK, &in);
    else
        (void)run(h, TB_OP_CODES_RECEIVE, &receive);
}

static void erase(struct history *h)
{
    struct tb_cmd_erase in = {.who = who(h), .reason = TB_STR("asked for it")};
    if (pick(&h->c, 4) == 0)
        (void)run(h, TB_OP_ERASE, &in);
}

static void trade(struct history *h)
{
    shop_act(&h->shop);
}

static void live(struct history *h, uint32_t steps)
{
    static void (*const act[])(struct history *) = {contact, contact, buy,  buy,  buy,   give_back, adjust, move,
                                                    hold,    hold,    tell, tell, agree, enrol,     link_two,
                                                    probe,   probe,   erase, scan,  scan,      scan,   pack,
                                                    trade,   trade,   trade, trade};
    for (uint32_t i = 0; i < steps; i++) {
        act[pick(&h->c, TB_COUNT_OF(act))](h);
        h->w->now_ms += pick(&h->c, 200) ? pick(&h->c, 60000) : 5 * TB_DAY_MS;
        h->w->mono_ns += pick(&h->c, 20000000);
        if (pick(&h->c, 8) == 0)
            pw_steps(h->w);
    }
}

/* ---- comparing ------------------------------------------------------------------------------- */

struct copy {
    struct tb_state *to;
    const struct tb_table *table;
};

static bool copy_row(void *user, const struct tb_value *v, uint32_t n)
{
    struct copy *x = user;
    struct tb_fault f;
    (void)n;
    assert_int_equal(x->to->ops->put(x->to, x->table, v, &f), TB_STATE_DONE);
    return true;
}

/* Records and history alone, published by nobody yet. */
static void copy_engine(struct pw *w, struct tb_state *to, const struct tb_cell_tables *tables)
{
    struct tb_fault f = {0};
    struct tb_checkpoint c;
    struct tb_state_reader *r;
    assert_int_equal(w->state->ops->checkpoint(w->state, &c, &f), TB_STATE_DONE);
    assert_int_equal(w->state->ops->reader_open(w->state, &r, &f), TB_STATE_DONE);
    for (uint32_t i = 0; i < 2; i++) { /* a table a transaction: it borrows what the scan lends */
        struct copy x = {to, &tables->table[i]};
        assert_int_equal(to->ops->begin(to, &f), TB_STATE_DONE);
        assert_int_equal(w->state->ops->scan(r, &w->tables.table[i], NULL, copy_row, &x, &f), TB_STATE_DONE);
        assert_int_equal(to->ops->commit(to, &c, &f), TB_STATE_DONE);
    }
    w->state->ops->reader_close(r);
}

static char *published_anew(struct pw *w)
{
    struct tb_fault f = {0};
    struct tb_cell_tables tables;
    struct tb_checkpoint c;
    struct tb_state *s = tb_state_memory_open();
    struct tb_publish *publish = tb_publish_create(NULL);
    const struct tb_publisher *p = tb_publish_of(publish);
    assert_true(tb_cell_tables_ensure(&tables, s, p, &f));
    copy_engine(w, s, &tables);
    assert_int_equal(s->ops->checkpoint(s, &c, &f), TB_STATE_DONE);
    while (p->waits(p->user, &c, true)) {
        assert_int_equal(s->ops->begin(s, &f), TB_STATE_DONE);
        p->begin(p->user);
        assert_int_equal(p->catch_up(p->user, s, &c, true, &f), TB_STATE_DONE);
        assert_int_equal(s->ops->commit(s, &c, &f), TB_STATE_DONE);
        p->committed(p->user);
    }
    char *text = pw_dump(s, tables.table + (tables.n - p->table_n), p->table_n);
    tb_publish_destroy(publish);
    s->ops->close(s);
    return text;
}

static void assert_same(const char *is, const char *want)
{
    const char *a = is, *b = want;
    while (*a && *a == *b) {
        if (*a == '\n')
            is = a + 1, want = b + 1;
        a++, b++;
    }
    if (*a != *b)
        fail_msg("published: %.*s\n  anew:      %.*s", (int)strcspn(is, "\n"), is, (int)strcspn(want, "\n"), want);
}

struct sums {
    const struct tb_table *t;
    int64_t unit; /* the only template */
    int64_t sum[3];
    uint64_t rows;
};

static bool add_row(void *user, const struct tb_value *v, uint32_t n)
{
    struct sums *x = user;
    (void)n;
    x->rows++;
    if (strcmp(x->t->name, "balances") == 0)
        x->sum[0] += v[4].i64 + v[5].i64 + v[6].i64;
    if (strcmp(x->t->name, "trial_balance") == 0)
        x->sum[0] += v[3].i64 - v[4].i64;
    if (strcmp(x->t->name, "transfers") == 0)
        x->sum[0] += v[8].i64;
    if (strcmp(x->t->name, "persons") == 0)
        x->sum[0] += v[11].i64, x->sum[1] += v[12].i64, x->sum[2] += v[10].i64 == 0;
    if (strcmp(x->t->name, "orders") == 0 && !v[3].null)
        x->sum[0] += v[9].i64 < 2, x->sum[1] += v[12].i64 - v[13].i64;
    if (strcmp(x->t->name, "code_batches") == 0)
        x->sum[0] += v[12].i64, x->sum[1] += v[14].i64, x->sum[2] += v[16].i64;
    if (strcmp(x->t->name, "campaigns") == 0)
        x->sum[0] += v[10].i64, x->sum[1] += v[11].i64, x->sum[2] += v[13].i64;
    if (strcmp(x->t->name, "campaign_uses") == 0)
        x->sum[0] += v[6].i64, x->sum[1] += v[7].i64, x->sum[2] += v[9].i64;
    if (strcmp(x->t->name, "coupons") == 0)
        x->sum[0] += v[4].i64 == 0, x->sum[1] += v[4].i64 == 1, x->sum[2] += v[4].i64 == 4;
    if (strcmp(x->t->name, "lots") == 0)
        x->sum[0] += v[4].i64 == x->unit;
    if (strcmp(x->t->name, "order_effects") == 0)
        x->sum[0] += !v[11].null && !v[17].i64;
    if (strcmp(x->t->name, "units") == 0 && v[5].i64 == TB_UNIT_COUPON)
        x->sum[0] = v[0].i64;
    if (strcmp(x->t->name, "tenants") == 0)
        x->sum[0] += v[9].i64;
    return true;
}

static struct sums sums_of(struct pw *w, const char *name)
{
    struct sums x = {.unit = w->coupon_unit};
    struct tb_fault f = {0};
    struct tb_state_reader *r;
    for (uint32_t i = 0; i < w->tables.n; i++)
        if (strcmp(w->tables.table[i].name, name) == 0)
            x.t = &w->tables.table[i];
    assert_non_null(x.t);
    assert_int_equal(w->state->ops->reader_open(w->state, &r, &f), TB_STATE_DONE);
    assert_int_equal(w->state->ops->scan(r, x.t, NULL, add_row, &x, &f), TB_STATE_DONE);
    w->state->ops->reader_close(r);
    return x;
}

struct findings {
    char text[4000];
    uint32_t n;
};

static void note_finding(void *user, const char *sentence)
{
    struct findings *f = user;
    f->n++;
    if (strlen(f->text) + strlen(sentence) + 2 < sizeof f->text)
        strcat(strcat(f->text, sentence), "\n");
}

/* What `tongbao check` says of the tables. */
static struct tb_publish_checked checked(struct pw *w, uint32_t keys_max, struct findings *found)
{
    struct tb_publish_checked c;
    struct tb_fault fault;
    *found = (struct findings){.n = 0};
    if (!tb_publish_check(w->publish, w->state, keys_max, note_finding, found, &c, &fault))
        fail_msg("%s", fault.text);
    assert_false(c.behind);
    return c;
}

static void prove(struct pw *w)
{
    pw_flush(w);
    uint32_t n;
    struct findings found;
    struct tb_publish_checked c = checked(w, 128, &found); /* few keys: coupons need many passes */
    if (c.different != 0)
        fail_msg("%s", found.text);
    assert_true(c.rows > 500);
    (void)tb_publish_tables(&n);
    char *is = pw_dump(w->state, w->tables.table + (w->tables.n - n), n);
    char *want = published_anew(w);
    assert_same(is, want);
    assert_null(strstr(is, "68696464656e")); /* "hidden" */
    assert_null(strstr(is, "32333e3e3f34")); /* the same, sealed */
    assert_int_equal(sums_of(w, "balances").sum[0], -sums_of(w, "trial_balance").sum[0]);
    assert_int_equal(sums_of(w, "balances").sum[0], sums_of(w, "transfers").sum[0]);
    struct sums persons = sums_of(w, "persons"), orders = sums_of(w, "orders");
    assert_int_equal(persons.sum[2], sums_of(w, "tenants").sum[0]); /* the erased do not count */
    assert_int_equal(persons.sum[0], orders.sum[0]);
    assert_int_equal(persons.sum[1], orders.sum[1]);
    struct sums batches = sums_of(w, "code_batches");
    assert_int_equal(batches.sum[0], sums_of(w, "code_scans").rows);
    assert_int_equal(batches.sum[1], sums_of(w, "code_redemptions").rows);
    assert_int_equal(batches.sum[2], sums_of(w, "code_alarms").rows);
    struct sums campaigns = sums_of(w, "campaigns"), uses = sums_of(w, "campaign_uses");
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(campaigns.sum[i], uses.sum[i]);
    struct sums coupons = sums_of(w, "coupons");
    assert_int_equal(coupons.sum[0], sums_of(w, "lots").sum[0] + (int64_t)sums_of(w, "coupon_locks").rows);
    assert_int_equal(coupons.sum[1], sums_of(w, "order_effects").sum[0]);
    free(is);
    free(want);
}

/* ---- tests ------------------------------------------------------------------------------------- */

static void random_history(const struct tb_publish_options *o, uint64_t seed)
{
    static struct pw w;
    struct history h = {.w = &w, .c = {seed, seed * UINT64_C(0x632be59bd9b4e019)}};
    print_message("seed %" PRIu64 "\n", seed);
    uint64_t put_off = 0, left_over = 0; /* appended rows, because a flush came late */
    uint64_t aside = 0;                  /* images that were not in their place */
    pw_open(&w, tb_state_memory_open(), o);
    h.shop = (struct shop){.w = &w, .pick = pick_any, .user = &h.c, .members = MEMBERS, .done = h.done};
    shop_open(&h.shop);
    pw_flush(&w);
    w.coupon_unit = sums_of(&w, "units").sum[0];
    for (uint32_t round = 0; round < 6; round++) {
        live(&h, 830);
        struct tb_publish_figures g;
        tb_publish_figures(w.publish, &g);
        put_off += g.put_off;
        left_over += g.rows_upto != 0;
        aside += sums_of(&w, "record_aside").rows;
        if (round == 1 || round == 3)
            pw_crash(&w); /* with marks, without a flush */
        if (round != 3) {
            prove(&w);
            assert_int_equal(sums_of(&w, "record_aside").rows, 0);
        }
    }
    assert_true(aside > 100 || o->quiet_persons > 100);
    static const uint8_t wanted[] = {TB_OP_CONTACT, TB_OP_ORDER, TB_OP_RETURN, TB_OP_ORDER_CANCEL, TB_OP_ADJUST,
                                     TB_OP_TRANSFER, TB_OP_REVERSE, TB_OP_HOLD, TB_OP_HOLD_POST, TB_OP_HOLD_VOID,
                                     TB_OP_ATTRIBUTES_SET, TB_OP_CONSENT_PUT, TB_OP_ENROL, TB_OP_LINK, TB_OP_PROBE,
                                     TB_OP_ERASE, TB_OP_CODE_SCAN, TB_OP_CODE_REDEEM, TB_OP_CODES_PACK,
                                     TB_OP_CODES_RECEIVE, TB_OP_COUPON_CLAIM, TB_OP_COUPON_ISSUE, TB_OP_COUPON_GIVE,
                                     TB_OP_COUPON_VOID, TB_OP_CHECKOUT, TB_OP_CONFIRM, TB_OP_BASKET_RELEASE,
                                     TB_OP_CAMPAIGN_PUT};
    for (uint32_t i = 0; i < TB_COUNT_OF(wanted); i++)
        if (h.done[wanted[i]] < 3)
            fail_msg("%s never happened", tb_op_name(wanted[i]));
    assert_true(put_off > 3);
    print_message("put off %" PRIu64 " times, %" PRIu64 " rounds ended so\n", put_off, left_over);
    assert_true(sums_of(&w, "code_alarms").rows > 0);
    assert_true(sums_of(&w, "merges").rows > 3);
    assert_true(sums_of(&w, "tier_changes").rows > 3);
    struct sums coupons = sums_of(&w, "coupons");
    assert_true(coupons.sum[1] > 3 && coupons.sum[2] > 3);
    pw_close(&w);
}

static void test_at_once(void **state)
{
    (void)state;
    random_history(&(struct tb_publish_options){.quiet_persons = 1000000, .lag_ms = 1}, 1);
}

static void test_swept(void **state)
{
    (void)state;
    random_history(
        &(struct tb_publish_options){
            .quiet_persons = 1, .lag_ms = 3000, .full_persons = 100, .slice_ms = 1},
        2);
    random_history(&(struct tb_publish_options){.quiet_persons = 3, .lag_ms = 100000000}, 3);
}

/* Nothing is put off for longer than it says, and the row of `published` does not lie. */
static void test_lag(void **state)
{
    (void)state;
    static struct pw w;
    struct tb_publish_figures g;
    uint64_t order;
    pw_open(&w, tb_state_memory_open(), &(struct tb_publish_options){.quiet_persons = 2, .lag_ms = 10000,
                                                                     .full_persons = 100});
    for (uint32_t i = 0; i < 200; i++)
        assert_int_equal(pw_buy(&w, i, 1000, &order), TB_CODE_OK);
    w.mono_ns += INT64_C(1000000000);
    pw_steps(&w);
    tb_publish_figures(w.publish, &g);
    assert_true(g.marked > 100);
    uint64_t complete = g.complete_batch;
    assert_true(sums_of(&w, "persons").rows < 200);
    assert_int_equal(sums_of(&w, "orders").rows, 200); /* never put off */
    for (uint32_t i = 0; i < 50; i++) {
        w.mono_ns += INT64_C(300000000);
        pw_steps(&w);
    }
    tb_publish_figures(w.publish, &g);
    assert_int_equal(g.marked, 0);
    assert_true(g.complete_batch > complete);
    assert_int_equal(sums_of(&w, "persons").rows, 200);
    pw_close(&w);
}

/* A clean end leaves nothing to find; a start after it writes nothing again. */
static void test_clean_start(void **state)
{
    (void)state;
    static struct pw w;
    struct tb_publish_figures g;
    uint64_t order;
    pw_open(&w, tb_state_memory_open(), &(struct tb_publish_options){0});
    for (uint32_t i = 0; i < 300; i++)
        assert_int_equal(pw_buy(&w, i, 1000, &order), TB_CODE_OK);
    pw_flush(&w);
    tb_publish_figures(w.publish, &g);
    assert_int_equal(g.marked, 0);
    pw_crash(&w);
    for (uint32_t i = 0; i < 10; i++) {
        w.mono_ns += INT64_C(300000000);
        pw_steps(&w);
    }
    tb_publish_figures(w.publish, &g);
    assert_int_equal(g.rows, 0);
    prove(&w);
    pw_close(&w);
}

/* ---- damage ------------------------------------------------------------------------------------ */

struct one_row {
    struct tb_value v[32];
    char text[32][256];
    bool there;
};

static bool take_one(void *user, const struct tb_value *v, uint32_t n)
{
    struct one_row *r = user;
    r->there = true;
    for (uint32_t i = 0; i < n; i++) {
        r->v[i] = v[i];
        if (v[i].str.n == 0)
            continue;
        assert_true(v[i].str.n < sizeof r->text[i]);
        r->v[i].str.p = memcpy(r->text[i], v[i].str.p, v[i].str.n);
    }
    return false;
}

/* In place of the row of that key; row NULL: none. */
static void replace(struct pw *w, const struct tb_table *t, const struct tb_value *key, const struct tb_value *row)
{
    const struct tb_state_ops *ops = w->state->ops;
    struct tb_checkpoint at;
    struct tb_fault f;
    assert_int_equal(ops->checkpoint(w->state, &at, &f), TB_STATE_DONE);
    assert_int_equal(ops->begin(w->state, &f), TB_STATE_DONE);
    assert_int_equal(ops->drop(w->state, t, key, &f), TB_STATE_DONE);
    if (row != NULL)
        assert_int_equal(ops->put(w->state, t, row, &f), TB_STATE_DONE);
    assert_int_equal(ops->commit(w->state, &at, &f), TB_STATE_DONE);
}

static void finds(struct pw *w, const struct tb_table *t, const char *what)
{
    struct findings found;
    char begin[80];
    (void)snprintf(begin, sizeof begin, "table %s, row (", t->name);
    assert_int_equal(checked(w, 4096, &found).different, 1);
    if (strncmp(found.text, begin, strlen(begin)) != 0 || strstr(found.text, what) == NULL)
        fail_msg("%s: %s", t->name, found.text);
}

/* One row of each table: a wrong figure, none, one too many. Each is found, alone, and by its name. */
static void damage_one(struct pw *w, const struct tb_table *t)
{
    struct one_row is = {.there = false}, wrong;
    struct tb_state_reader *r;
    struct tb_fault f;
    assert_int_equal(w->state->ops->reader_open(w->state, &r, &f), TB_STATE_DONE);
    assert_int_equal(w->state->ops->scan(r, t, NULL, take_one, &is, &f), TB_STATE_DONE);
    w->state->ops->reader_close(r);
    if (!is.there)
        return;
    uint32_t last = t->column_n - 1;
    wrong = is;
    wrong.v[last] = (struct tb_value){.i64 = is.v[last].null ? 1 : is.v[last].i64 + 1, .str = TB_STR("no")};
    replace(w, t, is.v, wrong.v);
    finds(w, t, "differs from the state");
    replace(w, t, is.v, NULL);
    finds(w, t, "is missing");
    replace(w, t, is.v, is.v);
    wrong = is;
    wrong.v[0].i64 = INT64_MAX - 7;
    replace(w, t, wrong.v, wrong.v);
    finds(w, t, "is of nothing in the state");
    replace(w, t, wrong.v, NULL);
}

static void test_damage(void **state)
{
    (void)state;
    static struct pw w;
    struct history h = {.w = &w, .c = {9, 9}};
    struct findings found;
    uint32_t n, damaged = 0;
    pw_open(&w, tb_state_memory_open(), &(struct tb_publish_options){0});
    h.shop = (struct shop){.w = &w, .pick = pick_any, .user = &h.c, .members = MEMBERS, .done = h.done};
    shop_open(&h.shop);
    pw_flush(&w);
    w.coupon_unit = sums_of(&w, "units").sum[0];
    live(&h, 500);
    pw_flush(&w);
    (void)tb_publish_tables(&n);
    const struct tb_table *table = w.tables.table + (w.tables.n - n);
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(table[i].name, "published") != 0 && strcmp(table[i].name, "member_names") != 0) {
            damage_one(&w, &table[i]);
            damaged++;
        }
    assert_true(damaged > 60);
    assert_int_equal(checked(&w, 4096, &found).different, 0);
    pw_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_damage),
                                       cmocka_unit_test(test_at_once), cmocka_unit_test(test_swept),
                                       cmocka_unit_test(test_lag), cmocka_unit_test(test_clean_start)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
