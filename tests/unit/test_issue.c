// SPDX-License-Identifier: Apache-2.0
/* Coupons to an audience, counting one, and codes that are worth a coupon.
 * Each test ends with the fixture's proof: replay = live, loading = live, the audit finds nothing. */
#include "promotion_kit.h"

#include "core/code/code.h"
#include "core/issue/issue.h"
#include "core/job/job.h"
#include "core/play/play.h"

static const struct tb_issue *issue_of(struct fx *f, const char *code)
{
    uint32_t id = fx_code(f, TB_KIND_ISSUE, code);
    assert_int_not_equal(id, 0);
    return tb_block_head(tb_store_get(&f->core.store, TB_KIND_ISSUE, id));
}

/* Steps that the engine would take; how many. */
static uint32_t run_jobs(struct fx *f, uint32_t most)
{
    uint32_t steps = 0;
    for (uint64_t id = 1; id <= f->core.store.counter[TB_COUNTER_JOB]; id++)
        while (steps < most && tb_store_get(&f->core.store, TB_KIND_JOB, id) != NULL) {
            struct tb_cmd_job_step in = {.job = id};
            fx_done(f, TB_OP_JOB_STEP, &in);
            steps++;
        }
    return steps;
}

static uint32_t held(struct fx *f, uint32_t profile, uint32_t unit)
{
    struct tb_block *b = fx_person(f, profile);
    const struct tb_lot *lot = tb_block_section(&tb_shapes[TB_KIND_PERSON], b, TB_PERSON_LOT);
    uint32_t n = 0;
    for (uint32_t i = 0; i < b->n[TB_PERSON_LOT]; i++)
        n += lot[i].unit == unit;
    return n;
}

static void members(struct fx *f, uint32_t *profile, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        char phone[16];
        snprintf(phone, sizeof phone, "139%08u", i);
        profile[i] = kit_member(f, phone);
    }
}

static void buy(struct fx *f, uint32_t i, const char *key, int64_t net)
{
    char phone[16];
    snprintf(phone, sizeof phone, "139%08u", i);
    struct tb_identifier id = fx_id(f, "phone", phone, true);
    struct tb_order_line_input line = {.sku = S("milk"), .quantity = 1000, .net = net};
    struct tb_cmd_order in = {.key = tb_str_of(key), .identifier = &id, .identifier_n = 1, .occurred_ms = f->now_ms,
                              .line = &line, .line_n = 1, .input_hash = 1};
    fx_done(f, TB_OP_ORDER, &in);
}

static struct tb_cmd_issue run_of(const char *code, const char *unit, const char *audience)
{
    return (struct tb_cmd_issue){.put.code = tb_str_of(code),
                                 .unit = tb_str_of(unit),
                                 .audience = tb_str_of(audience),
                                 .reason = S("spring")};
}

static void an_audience_gets_one_each(void **state)
{
    (void)state;
    struct fx *f = kit_shop(true);
    uint32_t profile[450];
    members(f, profile, TB_COUNT_OF(profile));
    for (uint32_t i = 0; i < 450; i += 3) {
        char key[16];
        snprintf(key, sizeof key, "b%u", i);
        buy(f, i, key, 50000);
    }
    uint32_t unit = fx_code(f, TB_KIND_UNIT, "ten");
    struct tb_cmd_issue in = run_of("spring", "ten", "spent() >= 100.0");
    fx_done(f, TB_OP_ISSUE, &in);
    assert_int_equal(fx_uint(f, 3, 0), 1);
    assert_int_equal(issue_of(f, "spring")->state, TB_ISSUE_RUNNING);
    assert_int_equal(run_jobs(f, 1), 1); /* a slice */
    const struct tb_issue *i = issue_of(f, "spring");
    assert_int_equal(i->state, TB_ISSUE_RUNNING);
    assert_true(i->looked > 0 && i->looked <= TB_JOB_SLICE);
    fx_done(f, TB_OP_ISSUE, &in); /* the same again, while it runs */
    assert_int_equal(fx_uint(f, 4, 0), 0);
    assert_in_range(run_jobs(f, 100), 2, 3);
    i = issue_of(f, "spring");
    assert_int_equal(i->state, TB_ISSUE_DONE);
    assert_int_equal(i->looked, 450);
    assert_int_equal(i->matched, 150);
    assert_int_equal(i->issued, 150);
    for (uint32_t k = 0; k < 450; k++)
        assert_int_equal(held(f, profile[k], unit), k % 3 == 0);
    fx_done(f, TB_OP_ISSUE, &in); /* and afterwards */
    assert_int_equal(run_jobs(f, 100), 0);
    in.limit = 7;
    fx_refused(f, TB_OP_ISSUE, &in, TB_CODE_ISSUE_STARTED, "code");
    fx_free(f);
}

static void what_stops_a_run(void **state)
{
    (void)state;
    struct fx *f = kit_shop(true);
    uint32_t profile[30];
    members(f, profile, TB_COUNT_OF(profile));
    struct tb_identifier stranger = fx_id(f, "phone", "13800000000", true);
    (void)fx_contact(f, &stranger, 1, f->now_ms); /* not enrolled */
    kit_template(f, "few", 10, 0);
    kit_template(f, "once", 0, 1);
    uint32_t few = fx_code(f, TB_KIND_UNIT, "few");
    struct tb_cmd_issue in = run_of("to-all", "few", "");
    fx_done(f, TB_OP_ISSUE, &in);
    (void)run_jobs(f, 100);
    assert_int_equal(issue_of(f, "to-all")->state, TB_ISSUE_OUT_OF_STOCK);
    assert_int_equal(issue_of(f, "to-all")->issued, 10);
    assert_int_equal(kit_book(f, few, TB_ACCOUNT_ISSUER), -10);

    (void)kit_claim(f, "13900000003", "once"); /* she has hers */
    in = run_of("each", "once", "");
    in.limit = 20;
    fx_done(f, TB_OP_ISSUE, &in);
    (void)run_jobs(f, 100);
    assert_int_equal(issue_of(f, "each")->state, TB_ISSUE_LIMIT);
    assert_int_equal(issue_of(f, "each")->issued, 20);
    assert_int_equal(issue_of(f, "each")->skipped[TB_SKIP_HAS_HERS], 1);

    struct tb_cmd_unit_put put = {.put.code = S("members"), .kind = TB_UNIT_COUPON, .flags = TB_UNIT_MEMBERS_ONLY,
                                  .valid_until_ms = f->now_ms + FX_DAY};
    fx_done(f, TB_OP_UNIT_PUT, &put);
    in = run_of("members", "members", "");
    fx_done(f, TB_OP_ISSUE, &in);
    (void)run_jobs(f, 100);
    assert_int_equal(issue_of(f, "members")->state, TB_ISSUE_DONE);
    assert_int_equal(issue_of(f, "members")->issued, 30);
    assert_int_equal(issue_of(f, "members")->skipped[TB_SKIP_NOT_ENROLLED], 1);

    in = run_of("stopped", "ten", "");
    fx_done(f, TB_OP_ISSUE, &in);
    struct tb_cmd_issue stop = {.put.code = S("stopped"), .verb = TB_ISSUE_STOP};
    fx_done(f, TB_OP_ISSUE, &stop);
    assert_int_equal(fx_uint(f, 4, 0), 1);
    fx_done(f, TB_OP_ISSUE, &stop);
    assert_int_equal(fx_uint(f, 4, 0), 0);
    assert_int_equal(run_jobs(f, 100), 0);
    assert_int_equal(issue_of(f, "stopped")->state, TB_ISSUE_STOPPED);
    stop.put.code = S("none");
    fx_refused(f, TB_OP_ISSUE, &stop, TB_CODE_NOT_FOUND, "");

    in = run_of("late", "members", "");
    fx_done(f, TB_OP_ISSUE, &in);
    f->now_ms += 2 * FX_DAY;
    (void)run_jobs(f, 100);
    assert_int_equal(issue_of(f, "late")->state, TB_ISSUE_OVER);
    assert_int_equal(issue_of(f, "late")->issued, 0);
    in = run_of("too-late", "members", "");
    fx_refused(f, TB_OP_ISSUE, &in, TB_CODE_NOT_OPEN, "unit");
    fx_free(f);
}

static void answers_in_order(void **state)
{
    (void)state;
    struct fx *f = kit_shop(true);
    uint32_t profile[2];
    members(f, profile, 2);
    struct tb_cmd_campaign_put campaign = kit_campaign("c");
    fx_done(f, TB_OP_CAMPAIGN_PUT, &campaign);
    static const struct {
        const char *code, *unit, *audience, *campaign, *purpose, *reason;
        int64_t limit;
        enum tb_code no;
        const char *field;
    } row[] = {
        {"", "gone", "", "", "", "", 0, TB_CODE_INVALID, "code"},
        {"x", "gone", "", "gone", "", "", 0, TB_CODE_UNKNOWN_UNIT, "unit"},
        {"x", "budget:none", "", "", "", "r", 0, TB_CODE_UNKNOWN_UNIT, "unit"},
        {"x", "ten", "true", "gone", "", "", 0, TB_CODE_UNKNOWN_CAMPAIGN, "campaign"},
        {"x", "ten", "true", "c", "gone", "", 0, TB_CODE_INVALID, "audience"},
        {"x", "ten", "nonsense(", "", "gone", "", 0, TB_CODE_UNKNOWN_PURPOSE, "purpose"},
        {"x", "ten", "nonsense(", "", "", "", -1, TB_CODE_REASON_REQUIRED, "reason"},
        {"x", "ten", "nonsense(", "", "", "r", -1, TB_CODE_INVALID, "limit"},
        {"x", "ten", "nonsense(", "", "", "r", 0, TB_CODE_EXPRESSION, "audience"},
        {"x", "ten", "order.net > 1", "", "", "r", 0, TB_CODE_EXPRESSION, "audience"},
    };
    for (uint32_t i = 0; i < TB_COUNT_OF(row); i++) {
        struct tb_cmd_issue in = {.put.code = tb_str_of(row[i].code),
                                  .unit = tb_str_of(row[i].unit),
                                  .audience = tb_str_of(row[i].audience),
                                  .campaign = tb_str_of(row[i].campaign),
                                  .purpose = tb_str_of(row[i].purpose),
                                  .reason = tb_str_of(row[i].reason),
                                  .limit = row[i].limit};
        fx_refused(f, TB_OP_ISSUE, &in, row[i].no, row[i].field);
    }
    for (uint32_t i = 0; i < TB_ISSUES_RUNNING_MAX; i++) {
        char code[8];
        snprintf(code, sizeof code, "r%u", i);
        struct tb_cmd_issue in = run_of(code, "ten", "");
        fx_done(f, TB_OP_ISSUE, &in);
    }
    struct tb_cmd_issue more = run_of("more", "ten", "");
    fx_refused(f, TB_OP_ISSUE, &more, TB_CODE_BUSY, "");
    (void)run_jobs(f, 100);
    fx_done(f, TB_OP_ISSUE, &more);
    fx_free(f);
}

static void a_campaigns_audience_is_counted(void **state)
{
    (void)state;
    struct fx *f = kit_shop(true);
    uint32_t profile[60];
    members(f, profile, TB_COUNT_OF(profile));
    for (uint32_t i = 0; i < 40; i++) {
        char key[16];
        snprintf(key, sizeof key, "b%u", i);
        buy(f, i, key, 50000);
    }
    struct tb_cmd_purpose_put purpose = {
        .put.code = S("news"), .text = S("We may write to you."), .text_version = 1, .marketing = true};
    fx_done(f, TB_OP_PURPOSE_PUT, &purpose);
    for (uint32_t i = 30; i < 50; i++) {
        struct tb_cmd_consent_put consent = {.who = {.profile = profile[i]},
                                             .purpose = fx_code(f, TB_KIND_PURPOSE, "news"),
                                             .state = TB_CONSENT_GRANTED,
                                             .actor = TB_ACTOR_SELF,
                                             .text_version = 1,
                                             .occurred_ms = f->now_ms};
        fx_done(f, TB_OP_CONSENT_PUT, &consent);
    }
    static const struct tb_offer_limit once = {.scope = TB_LIMIT_MEMBER, .period = TB_PERIOD_LIFETIME, .uses = 1};
    struct tb_cmd_campaign_put put = kit_campaign("buyers");
    put.audience = S("orders() >= 1");
    put.members_only = true;
    put.limit = &once;
    uint32_t c = kit_live(f, &put);
    struct tb_promotion_use use = kit_use(f, c, profile[0]); /* she has used hers */
    assert_int_equal(kit_count(f, &use), TB_CODE_OK);
    struct tb_cmd_issue count = {.verb = TB_ISSUE_COUNT, .campaign = S("buyers")};
    fx_done(f, TB_OP_ISSUE, &count);
    assert_true(run_jobs(f, 100) > 0);
    const struct tb_issue *i = issue_of(f, "audience:buyers");
    assert_int_equal(i->state, TB_ISSUE_DONE);
    assert_int_equal(i->matched, 40);
    assert_int_equal(i->eligible, 39);
    assert_int_equal(i->consented, 10);
    assert_int_equal(i->issued, 0);

    put.holdout_ppm = 500000;
    fx_done(f, TB_OP_CAMPAIGN_PUT, &put); /* the newest version is counted, live or not */
    f->now_ms += 1000;
    fx_done(f, TB_OP_ISSUE, &count);
    assert_true(run_jobs(f, 100) > 0);
    i = issue_of(f, "audience:buyers");
    assert_int_equal(i->c.version, 2);
    assert_int_equal(i->eligible, 39);
    assert_in_range(i->held_out, 8, 31);
    count.campaign = S("none");
    fx_refused(f, TB_OP_ISSUE, &count, TB_CODE_UNKNOWN_CAMPAIGN, "campaign");

    struct tb_cmd_issue in = run_of("consented", "ten", "");
    in.purpose = S("news");
    fx_done(f, TB_OP_ISSUE, &in);
    (void)run_jobs(f, 100);
    assert_int_equal(issue_of(f, "consented")->issued, 20);
    assert_int_equal(issue_of(f, "consented")->skipped[TB_SKIP_NO_CONSENT], 40);
    fx_free(f);
}

/* ---- codes --------------------------------------------------------------------------------------- */

static void a_word_works_so_often(void **state)
{
    (void)state;
    struct fx *f = kit_shop(true);
    uint32_t profile[4];
    members(f, profile, 4);
    struct tb_cmd_coupon_code_put put = {.put.code = S("WEIBO-20"), .unit = S("ten"), .uses_max = 3, .member_max = 2,
                                         .until_ms = f->now_ms + FX_DAY};
    fx_done(f, TB_OP_COUPON_CODE_PUT, &put);
    struct tb_cmd_coupon_claim in = {.member = {.profile = profile[0]}, .claim_code = S("weibo-20"), .caller = 7};
    fx_done(f, TB_OP_COUPON_CLAIM, &in);
    fx_done(f, TB_OP_COUPON_CLAIM, &in);
    fx_refused(f, TB_OP_COUPON_CLAIM, &in, TB_CODE_CAP_EXCEEDED, "member");
    in.member.profile = profile[1];
    fx_done(f, TB_OP_COUPON_CLAIM, &in);
    in.member.profile = profile[2];
    fx_refused(f, TB_OP_COUPON_CLAIM, &in, TB_CODE_OUT_OF_STOCK, "claim_code");
    put.uses_max = 5; /* more of them; what was used stays counted */
    fx_done(f, TB_OP_COUPON_CODE_PUT, &put);
    fx_done(f, TB_OP_COUPON_CLAIM, &in);
    f->now_ms += FX_DAY;
    fx_refused(f, TB_OP_COUPON_CLAIM, &in, TB_CODE_NOT_OPEN, "claim_code");
    put.until_ms = 0;
    put.disabled = true;
    fx_done(f, TB_OP_COUPON_CODE_PUT, &put);
    fx_refused(f, TB_OP_COUPON_CLAIM, &in, TB_CODE_NOT_OPEN, "claim_code");
    assert_int_equal(held(f, profile[0], fx_code(f, TB_KIND_UNIT, "ten")), 2);

    put.put.code = S("lower");
    fx_refused(f, TB_OP_COUPON_CODE_PUT, &put, TB_CODE_INVALID, "code");
    put.put.code = S("X");
    put.unit = S("none");
    put.uses_max = -1;
    fx_refused(f, TB_OP_COUPON_CODE_PUT, &put, TB_CODE_UNKNOWN_UNIT, "unit");
    put.unit = S("ten");
    fx_refused(f, TB_OP_COUPON_CODE_PUT, &put, TB_CODE_INVALID, "uses_max");
    put.uses_max = 0;
    put.unique = true;
    fx_refused(f, TB_OP_COUPON_CODE_PUT, &put, TB_CODE_NOT_FOUND, "unique");
    put.put.code = S("WEIBO-20");
    put.unique = false;
    kit_template(f, "other", 0, 0);
    put.unit = S("other");
    fx_refused(f, TB_OP_COUPON_CODE_PUT, &put, TB_CODE_UNIT_MISMATCH, "unit");
    fx_free(f);
}

static void a_guess_is_counted(void **state)
{
    (void)state;
    struct fx *f = kit_shop(true);
    uint32_t profile[2];
    members(f, profile, 2);
    struct tb_cmd_coupon_code_put put = {.put.code = S("SECRET"), .unit = S("ten")};
    fx_done(f, TB_OP_COUPON_CODE_PUT, &put);
    struct tb_cmd_coupon_claim in = {.member = {.profile = profile[0]}, .claim_code = S("SECRE7"), .caller = 99};
    for (uint32_t i = 0; i < TB_GUESS_CALLER_MAX; i++) {
        assert_int_equal(fx_run(f, TB_OP_COUPON_CLAIM, &in), TB_DONE); /* final, with one event */
        assert_int_equal(f->a.code, TB_CODE_UNKNOWN_CODE);
        assert_int_equal(f->event_n, 1);
    }
    in.claim_code = S("SECRET"); /* even the right one, now */
    fx_refused(f, TB_OP_COUPON_CLAIM, &in, TB_CODE_SCAN_LIMITED, "claim_code");
    in.caller = 98;
    fx_done(f, TB_OP_COUPON_CLAIM, &in);
    in.caller = 99;
    f->now_ms += TB_GUESS_WINDOW_MS;
    fx_done(f, TB_OP_COUPON_CLAIM, &in);
    fx_free(f);
}

static void a_unique_code_works_once(void **state)
{
    (void)state;
    struct fx *f = kit_shop(true);
    uint32_t profile[2];
    members(f, profile, 2);
    struct tb_cmd_code_batch_put batch = {.put.code = S("SPRING"), .scene = TB_SCENE_INSIDE, .count = 1000000};
    fx_done(f, TB_OP_CODE_BATCH_PUT, &batch);
    uint32_t no = (uint32_t)fx_uint(f, 1, 0);
    struct tb_cmd_coupon_code_put put = {.put.code = S("SPRING"), .unit = S("ten"), .unique = true, .member_max = 2};
    fx_done(f, TB_OP_COUPON_CODE_PUT, &put);
    struct tb_cmd_coupon_claim in = {.member = {.profile = profile[0]}, .serial = {no, 7}, .claim_code = S("TYPED")};
    assert_int_equal(fx_run(f, TB_OP_COUPON_CLAIM, &in), TB_DONE); /* printed, but not in force */
    assert_int_equal(f->a.code, TB_CODE_UNKNOWN_CODE);
    struct tb_cmd_codes_bind bind = {
        .target = {.batch = S("SPRING"), .n = 1000}, .campaign = S("spring"), .activate = true};
    fx_done(f, TB_OP_CODES_BIND, &bind);
    fx_done(f, TB_OP_COUPON_CLAIM, &in);
    uint32_t unit = fx_code(f, TB_KIND_UNIT, "ten");
    assert_int_equal(held(f, profile[0], unit), 1);
    fx_refused(f, TB_OP_COUPON_CLAIM, &in, TB_CODE_CODE_REDEEMED, "claim_code");
    in.member.profile = profile[1]; /* nor by anybody else */
    fx_refused(f, TB_OP_COUPON_CLAIM, &in, TB_CODE_CODE_REDEEMED, "claim_code");
    assert_int_equal(held(f, profile[1], unit), 0);
    struct tb_cmd_codes_move stop = {.target = {.batch = S("SPRING"), .from = 8, .n = 1}, .verb = TB_CODE_VOID_FOR_GOOD,
                                     .reason = S("lost")};
    fx_done(f, TB_OP_CODES_MOVE, &stop);
    in.serial.serial = 8;
    fx_refused(f, TB_OP_COUPON_CLAIM, &in, TB_CODE_CODE_VOID, "claim_code");
    in.serial.serial = 1000; /* behind what was activated */
    assert_int_equal(fx_run(f, TB_OP_COUPON_CLAIM, &in), TB_DONE);
    assert_int_equal(f->a.code, TB_CODE_UNKNOWN_CODE);
    in.serial.serial = 9;
    fx_done(f, TB_OP_COUPON_CLAIM, &in);
    in.serial.serial = 10;
    fx_done(f, TB_OP_COUPON_CLAIM, &in);
    in.serial.serial = 11;
    fx_refused(f, TB_OP_COUPON_CLAIM, &in, TB_CODE_CAP_EXCEEDED, "member");
    in.member.profile = profile[0]; /* what was refused is not spent */
    fx_done(f, TB_OP_COUPON_CLAIM, &in);

    struct tb_cmd_code_batch_put goods = {.put.code = S("GOODS"), .count = 10}; /* of goods: worth nothing here */
    fx_done(f, TB_OP_CODE_BATCH_PUT, &goods);
    in.serial = (struct tb_code_ref){(uint32_t)fx_uint(f, 1, 0), 1};
    bind.target = (struct tb_code_target){.batch = S("GOODS"), .n = 10};
    fx_done(f, TB_OP_CODES_BIND, &bind);
    assert_int_equal(fx_run(f, TB_OP_COUPON_CLAIM, &in), TB_DONE);
    assert_int_equal(f->a.code, TB_CODE_UNKNOWN_CODE);
    fx_free(f);
}

/* ---- packets of coupons ---------------------------------------------------------------------------- */

static void a_packet_of_the_shops_coupons(void **state)
{
    (void)state;
    struct fx *f = kit_shop(true);
    uint32_t profile[5];
    members(f, profile, 5);
    kit_template(f, "few", 2, 1);
    uint32_t unit = fx_code(f, TB_KIND_UNIT, "few");
    struct tb_cmd_packet_send send = {
        .unit = S("few"), .total = 3, .shares = 3, .mode = TB_PACKET_EQUAL, .lifetime_ms = FX_DAY};
    send.total = 4;
    fx_refused(f, TB_OP_PACKET_SEND, &send, TB_CODE_INVALID, "shares");
    send.total = 3;
    send.mode = TB_PACKET_RANDOM;
    fx_refused(f, TB_OP_PACKET_SEND, &send, TB_CODE_INVALID, "mode");
    send.mode = TB_PACKET_EQUAL;
    fx_done(f, TB_OP_PACKET_SEND, &send);
    struct tb_cmd_packet_claim claim = {.packet = fx_uint(f, 1, 0), .who = {.profile = profile[0]}};
    fx_done(f, TB_OP_PACKET_CLAIM, &claim);
    fx_done(f, TB_OP_PACKET_CLAIM, &claim); /* the same answer */
    assert_int_equal(fx_uint(f, 3, 0), 1);
    assert_int_equal(held(f, profile[0], unit), 1);
    claim.who.profile = profile[1];
    fx_done(f, TB_OP_PACKET_CLAIM, &claim);
    claim.who.profile = profile[2]; /* the template's stock is the bound, whatever the packet says */
    fx_refused(f, TB_OP_PACKET_CLAIM, &claim, TB_CODE_OUT_OF_STOCK, "member");
    assert_int_equal(kit_book(f, unit, TB_ACCOUNT_ISSUER), -2);
    fx_free(f);
}

static void a_packet_of_her_own_coupons(void **state)
{
    (void)state;
    struct fx *f = kit_shop(true);
    uint32_t profile[4];
    members(f, profile, 4);
    struct tb_cmd_unit_put put = {.put.code = S("gift"), .kind = TB_UNIT_COUPON, .flags = TB_UNIT_GIVABLE,
                                  .expiry = TB_EXPIRY_ROLLING_DAYS, .expiry_n = 10, .stock = 3};
    fx_done(f, TB_OP_UNIT_PUT, &put);
    uint32_t unit = fx_code(f, TB_KIND_UNIT, "gift");
    for (uint32_t i = 0; i < 3; i++) {
        (void)kit_claim(f, "13900000000", "gift");
        f->now_ms += FX_DAY; /* each expires a day after the one before */
    }
    struct tb_cmd_packet_send send = {.who = {.profile = profile[0]}, .unit = S("ten"), .total = 1, .shares = 1,
                                      .mode = TB_PACKET_EQUAL, .lifetime_ms = FX_DAY};
    fx_refused(f, TB_OP_PACKET_SEND, &send, TB_CODE_NOT_GIVABLE, "unit");
    send.unit = S("gift");
    send.total = send.shares = 4;
    fx_refused(f, TB_OP_PACKET_SEND, &send, TB_CODE_INSUFFICIENT, "total");
    send.total = send.shares = 3;
    fx_done(f, TB_OP_PACKET_SEND, &send);
    uint64_t packet = fx_uint(f, 1, 0);
    assert_int_equal(held(f, profile[0], unit), 0); /* all are held */
    struct tb_cmd_packet_claim claim = {.packet = packet, .who = {.profile = profile[0]}};
    fx_refused(f, TB_OP_PACKET_CLAIM, &claim, TB_CODE_SAME_ACCOUNT, "member");
    claim.who.profile = profile[1];
    fx_done(f, TB_OP_PACKET_CLAIM, &claim);
    struct tb_block *b = fx_person(f, profile[1]);
    const struct tb_lot *lot = tb_block_section(&tb_shapes[TB_KIND_PERSON], b, TB_PERSON_LOT);
    int64_t soonest = lot[0].due_ms;
    assert_true(soonest - f->now_ms <= 7 * FX_DAY); /* its own expiry, and the soonest of the three */
    claim.who.profile = profile[2];
    fx_done(f, TB_OP_PACKET_CLAIM, &claim);
    b = fx_person(f, profile[2]);
    lot = tb_block_section(&tb_shapes[TB_KIND_PERSON], b, TB_PERSON_LOT);
    assert_int_equal(lot[0].due_ms, soonest + FX_DAY);
    assert_int_equal(kit_book(f, unit, TB_ACCOUNT_ISSUER), -3); /* nothing was issued anew */
    f->now_ms += 2 * FX_DAY; /* nobody took the third: it is hers again */
    struct tb_cmd_fire fire = {.kind = TB_KIND_PACKET, .id = packet};
    fx_done(f, TB_OP_FIRE, &fire);
    assert_int_equal(held(f, profile[0], unit), 1);
    claim.who.profile = profile[3];
    fx_refused(f, TB_OP_PACKET_CLAIM, &claim, TB_CODE_PACKET_CLOSED, "packet");
    fx_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_audience_gets_one_each),
        cmocka_unit_test(what_stops_a_run),
        cmocka_unit_test(answers_in_order),
        cmocka_unit_test(a_campaigns_audience_is_counted),
        cmocka_unit_test(a_word_works_so_often),
        cmocka_unit_test(a_guess_is_counted),
        cmocka_unit_test(a_unique_code_works_once),
        cmocka_unit_test(a_packet_of_the_shops_coupons),
        cmocka_unit_test(a_packet_of_her_own_coupons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
