// SPDX-License-Identifier: Apache-2.0
/* http/op_cards.c - gift cards, gifts, stored value; and what a unit of prepaid value says of them.
 *
 * A card's code comes in the body, never in a path: paths end in logs. Core sees (batch, serial).   */
#include <string.h>

#include "base/num.h"
#include "core/card/card.h"
#include "http/app_int.h"

#define CODE_TEXT_MAX 512u
#define CALLER_MAX 128u

static const char *const states[TB_CARD_STATES] = {NULL,      "live",    "blocked",    "replaced",
                                                   "offered", "claimed", "taken_back", "lapsed", "returned"};
static const char *const verbs[] = {"block",  "unblock", "replace",  "split", "rest",
                                    "refund", "take",    "register", "return"};
static const char *const bonus_backs[TB_BONUS_BACKS] = {"in_proportion", "first", "nothing"};
_Static_assert(TB_COUNT_OF(verbs) == TB_CARD_REGISTER + 1, "every verb of a card has its word; the last is RETURN");

/* ---- units ------------------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    size_t in, head;
} amounts[] = {
    {"anonymous_max", offsetof(struct tb_cmd_unit_put, anonymous_max), offsetof(struct tb_unit, anonymous_max)},
    {"rest_max", offsetof(struct tb_cmd_unit_put, rest_max), offsetof(struct tb_unit, rest_max)},
    {"top_up_min", offsetof(struct tb_cmd_unit_put, top_up_min), offsetof(struct tb_unit, top_up_min)},
    {"top_up_max", offsetof(struct tb_cmd_unit_put, top_up_max), offsetof(struct tb_unit, top_up_max)},
};

uint32_t tb_read_prepaid(struct tb_work *w, struct tb_json_object *o, struct tb_cmd_unit_put *in)
{
    struct tb_json_array list;
    struct tb_json_object item;
    uint32_t back = 0;
    for (uint32_t i = 0; i < TB_COUNT_OF(amounts); i++)
        *(int64_t *)(void *)((uint8_t *)in + amounts[i].in) = tb_may_i64(o, amounts[i].name, 0, TB_AMOUNT_MAX, 0);
    in->bonus_unit = tb_may_str(o, "bonus_unit", TB_CODE_MAX);
    (void)tb_json_may_enum(o, TB_STR("bonus_back"), bonus_backs, TB_BONUS_BACKS, &back);
    in->bonus_back = back;
    in->spend_order = tb_may_i64(o, "spend_order", 0, 1000, 0);
    in->item = tb_may_str(o, "item", TB_CODE_MAX);
    uint32_t flags = tb_may_bool(o, "earned_at_sale") ? TB_UNIT_EARNED_AT_SALE : 0u;
    if (!tb_json_may_array(o, TB_STR("steps"), 0, TB_UNIT_STEPS_MAX, &list))
        return flags;
    struct tb_unit_step *step = TB_NEW_ARRAY(w->arena, struct tb_unit_step, list.n + 1);
    in->step = step;
    while (step != NULL && tb_json_next_object(&list, &item)) {
        step[in->step_n].at = tb_json_need_i64(&item, TB_STR("at"), 1, TB_AMOUNT_MAX);
        step[in->step_n++].bonus = tb_json_need_i64(&item, TB_STR("bonus"), 1, TB_AMOUNT_MAX);
        tb_json_end(&item);
    }
    return flags;
}

void tb_out_prepaid(struct tb_work *w, struct tb_json_out *o, const struct tb_view *v)
{
    const struct tb_unit *u = v->head;
    const struct tb_unit_step *step = v->section[TB_UNIT_STEP];
    if (u->kind != TB_UNIT_STORED_VALUE && u->kind != TB_UNIT_GIFT_CARD)
        return;
    for (uint32_t i = 0; i < TB_COUNT_OF(amounts); i++)
        tb_json_out_key_i64(o, amounts[i].name, *(const int64_t *)(const void *)((const uint8_t *)u + amounts[i].head));
    tb_out_code(w, o, "bonus_unit", TB_KIND_UNIT, u->bonus_unit);
    tb_out_word(o, "bonus_back", bonus_backs, TB_BONUS_BACKS, u->bonus_back);
    tb_json_out_key_i64(o, "spend_order", u->spend_order);
    tb_out_code(w, o, "item", TB_KIND_PRODUCT, u->item);
    tb_json_out_key_bool(o, "givable", (u->flags & TB_UNIT_GIVABLE) != 0);
    tb_json_out_key_bool(o, "earned_at_sale", (u->flags & TB_UNIT_EARNED_AT_SALE) != 0);
    tb_json_out_key_open(o, "steps", '[');
    for (uint32_t i = 0; i < v->n[TB_UNIT_STEP]; i++) {
        tb_json_out_open(o, '{');
        tb_json_out_key_i64(o, "at", step[i].at);
        tb_json_out_key_i64(o, "bonus", step[i].bonus);
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
}

/* ---- cards ------------------------------------------------------------------------------------------ */

static struct tb_code_ref need_code(struct tb_work *w, struct tb_json_object *o, const char *name)
{
    return tb_item_code(w, name, tb_json_need_str(o, tb_str_of(name), 1, CODE_TEXT_MAX));
}

/* A card is named by the id that stands in field `name`; false: it is not. */
static bool may_id(struct tb_work *w, struct tb_json_object *o, const char *name, enum tb_id_kind kind, uint64_t *id)
{
    struct tb_str text = tb_may_str(o, name, 32);
    if (text.n > 0 && !tb_id_parse(&w->app->hash_key, kind, w->tenant, text, id))
        tb_work_no(w, TB_CODE_UNKNOWN_CODE, name);
    return text.n > 0;
}

void tb_read_card_sale(struct tb_work *w, struct tb_json_object *o, struct tb_cmd_card_sell *in)
{
    in->code = need_code(w, o, "code");
    in->unit = tb_json_need_str(o, TB_STR("unit"), 1, TB_CODE_MAX);
    in->amount = tb_json_need_i64(o, TB_STR("amount"), 1, TB_AMOUNT_MAX);
    in->face = tb_may_str(o, "face", TB_CARD_FACE_MAX);
    in->reason = tb_may_str(o, "reason", TB_REASON_MAX);
    (void)tb_json_may_enum(o, TB_STR("tender"), tb_words_tender, TB_TENDER_KINDS, &in->tender);
}

static void sell_read(struct tb_work *w, struct tb_json_object *o)
{
    tb_read_card_sale(w, o, w->input);
}

static void sell_write(struct tb_work *w, struct tb_json_out *o)
{
    struct tb_str body = tb_work_answer(w);
    tb_json_out_open(o, '{');
    tb_json_out_key_i64(o, "amount", (int64_t)tb_wire_u64(body, 2));
    tb_out_time(o, "expires", (int64_t)tb_wire_u64(body, 3));
    tb_json_out_close(o, '}');
}

static void look_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_card_look *in = w->input;
    struct tb_str caller = tb_may_str(o, "caller", CALLER_MAX);
    in->staff = caller.n == 0;
    /* a lost card, by what is left of it */
    bool named = in->staff && (may_id(w, o, "card", TB_ID_CARD, &in->card) ||
                               may_id(w, o, "identifier", TB_ID_MEMBER, &in->profile));
    if (!named)
        in->code = need_code(w, o, "code");
    in->caller = in->staff ? 0 : tb_siphash(&w->app->hash_key, caller.p, caller.n);
}

/* By a member who is signed in: she is the caller. */
static void my_look_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_card_look *in = w->input;
    in->code = need_code(w, o, "code");
    in->caller = tb_siphash(&w->app->hash_key, w->param[0].p, w->param[0].n);
}

static void look_write(struct tb_work *w, struct tb_json_out *o)
{
    uint64_t v[10];
    struct tb_str body = tb_work_answer(w);
    struct tb_str face = tb_wire_str(body, 8);
    tb_wire_numbers(body, v, TB_COUNT_OF(v));
    tb_json_out_open(o, '{');
    tb_out_id(w, o, "card", TB_ID_CARD, v[1]);
    tb_out_word(o, "state", states, TB_CARD_STATES, v[6]);
    tb_out_code(w, o, "unit", TB_KIND_UNIT, v[2]);
    tb_json_out_key_i64(o, "available", (int64_t)v[3]);
    tb_json_out_key_i64(o, "held", (int64_t)v[4]);
    tb_json_out_key_i64(o, "sold_for", (int64_t)v[9]);
    tb_out_time(o, "expires_next", (int64_t)v[5]);
    tb_json_out_key_bool(o, "registered", v[7] != 0);
    tb_out_text(o, "face", face);
    tb_json_out_close(o, '}');
}

static void act_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_card_act *in = w->input;
    struct tb_str fresh = tb_may_str(o, "fresh", CODE_TEXT_MAX);
    uint32_t verb = tb_json_need_enum(o, TB_STR("verb"), verbs, TB_COUNT_OF(verbs));
    in->verb = verb == TB_COUNT_OF(verbs) - 1 ? TB_CARD_RETURN : verb + 1;
    if (!may_id(w, o, "card", TB_ID_CARD, &in->card))
        in->code = need_code(w, o, "code");
    if (fresh.n > 0)
        in->fresh = tb_item_code(w, "fresh", fresh);
    if (tb_json_has(o, TB_STR("member")))
        tb_read_who(w, o, TB_STR("member"), &in->member);
    in->amount = tb_may_i64(o, "amount", 1, TB_AMOUNT_MAX, 0);
    in->reason = tb_may_str(o, "reason", TB_REASON_MAX);
}

static void my_card_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_card_act *in = w->input;
    in->verb = TB_CARD_REGISTER;
    in->code = need_code(w, o, "code");
    in->caller = tb_siphash(&w->app->hash_key, w->param[0].p, w->param[0].n);
    tb_path_who(w, o, &in->member);
}

static void act_write(struct tb_work *w, struct tb_json_out *o)
{
    uint64_t v[13];
    tb_wire_numbers(tb_work_answer(w), v, TB_COUNT_OF(v));
    tb_json_out_open(o, '{');
    tb_json_out_key_i64(o, "amount", (int64_t)v[2]);
    tb_json_out_key_i64(o, "left", (int64_t)v[3]);
    tb_out_id(w, o, "transfer", TB_ID_TRANSFER, v[6]);
    tb_out_id(w, o, "member", TB_ID_MEMBER, v[12]);
    if (v[7] != 0)
        tb_out_word(o, "tender", tb_words_tender, TB_TENDER_KINDS, v[7] - 1);
    tb_out_id(w, o, "order", TB_ID_ORDER, v[8]);
    tb_json_out_close(o, '}');
}

/* ---- gifts ------------------------------------------------------------------------------------------ */

static void read_gift(struct tb_work *w, struct tb_json_object *o, struct tb_cmd_card_act *in)
{
    struct tb_str code = tb_may_str(o, "code", CODE_TEXT_MAX);
    in->verb = TB_CARD_GIVE;
    if (code.n > 0)
        in->code = tb_item_code(w, "code", code);
    in->unit = tb_may_str(o, "unit", TB_CODE_MAX);
    in->amount = tb_may_i64(o, "amount", 1, TB_AMOUNT_MAX, 0);
    in->lifetime_ms =
        tb_may_i64(o, "lifetime_s", TB_GIFT_LIFETIME_MIN_MS / 1000, TB_GIFT_LIFETIME_MAX_MS / 1000, 86400) * 1000;
}

static void give_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_card_act *in = w->input;
    read_gift(w, o, in);
    if (tb_json_has(o, TB_STR("member")))
        tb_read_who(w, o, TB_STR("member"), &in->member);
    else if (in->code.batch == 0)
        tb_refusal_set(w->refusal, TB_PROBLEM_MISSING_FIELD, "member", "Either member or code.");
}

static void my_give_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_card_act *in = w->input;
    in->verb = TB_CARD_GIVE;
    in->unit = tb_json_need_str(o, TB_STR("unit"), 1, TB_CODE_MAX);
    in->amount = tb_json_need_i64(o, TB_STR("amount"), 1, TB_AMOUNT_MAX);
    in->lifetime_ms =
        tb_may_i64(o, "lifetime_s", TB_GIFT_LIFETIME_MIN_MS / 1000, TB_GIFT_LIFETIME_MAX_MS / 1000, 86400) * 1000;
    tb_path_who(w, o, &in->member);
}

static void gift_write(struct tb_work *w, struct tb_json_out *o)
{
    uint64_t v[13];
    tb_wire_numbers(tb_work_answer(w), v, TB_COUNT_OF(v));
    tb_json_out_open(o, '{');
    tb_out_id(w, o, "gift", TB_ID_GIFT, v[1]);
    tb_json_out_key_i64(o, "amount", (int64_t)v[2]);
    tb_out_time(o, "deadline", (int64_t)v[5]);
    tb_out_id(w, o, "member", TB_ID_MEMBER, v[12]);
    tb_json_out_close(o, '}');
}

static void end_read(struct tb_work *w, struct tb_json_object *o, uint32_t verb)
{
    struct tb_cmd_card_act *in = w->input;
    in->verb = verb;
    in->gift = tb_path_id(w, o, TB_STR("gift"), TB_ID_GIFT, TB_CODE_UNKNOWN_GIFT);
    tb_read_who(w, o, TB_STR("member"), &in->member);
}

static void claim_read(struct tb_work *w, struct tb_json_object *o)
{
    end_read(w, o, TB_CARD_CLAIM);
}

static void back_read(struct tb_work *w, struct tb_json_object *o)
{
    end_read(w, o, TB_CARD_TAKE_BACK);
}

static void my_end_read(struct tb_work *w, struct tb_json_object *o, uint32_t verb)
{
    struct tb_cmd_card_act *in = w->input;
    struct tb_str id = tb_json_need_str(o, TB_STR("gift"), 1, 32);
    in->verb = verb;
    if (id.n > 0 && !tb_id_parse(&w->app->hash_key, TB_ID_GIFT, w->tenant, id, &in->gift))
        tb_work_no(w, TB_CODE_UNKNOWN_GIFT, "gift");
    tb_path_who(w, o, &in->member);
}

static void my_claim_read(struct tb_work *w, struct tb_json_object *o)
{
    my_end_read(w, o, TB_CARD_CLAIM);
}

static void my_back_read(struct tb_work *w, struct tb_json_object *o)
{
    my_end_read(w, o, TB_CARD_TAKE_BACK);
}

/* ---- stored value ----------------------------------------------------------------------------------- */

static void top_up_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_top_up *in = w->input;
    tb_read_who(w, o, TB_STR("member"), &in->member);
    in->unit = tb_json_need_str(o, TB_STR("unit"), 1, TB_CODE_MAX);
    in->amount = tb_json_need_i64(o, TB_STR("amount"), 1, TB_AMOUNT_MAX);
    in->reason = tb_may_str(o, "reason", TB_REASON_MAX);
}

static void pay_back_read(struct tb_work *w, struct tb_json_object *o)
{
    top_up_read(w, o);
    ((struct tb_cmd_top_up *)w->input)->back = true;
}

static void top_up_write(struct tb_work *w, struct tb_json_out *o)
{
    uint64_t v[6];
    tb_wire_numbers(tb_work_answer(w), v, TB_COUNT_OF(v));
    tb_json_out_open(o, '{');
    tb_out_id(w, o, "member", TB_ID_MEMBER, v[5]);
    tb_json_out_key_i64(o, "amount", (int64_t)v[1]);
    tb_json_out_key_i64(o, "bonus", (int64_t)v[2]);
    tb_json_out_key_i64(o, "principal", tb_unzigzag(v[3]));
    tb_json_out_key_i64(o, "bonus_left", tb_unzigzag(v[4]));
    tb_json_out_close(o, '}');
}

TB_WORK(card_sell, TB_OP_CARD_SELL, tb_cmd_card_sell, sell_read, sell_write);
TB_WORK(card_look, TB_OP_CARD_LOOK, tb_cmd_card_look, look_read, look_write);
TB_WORK(my_card_look, TB_OP_CARD_LOOK, tb_cmd_card_look, my_look_read, look_write);
TB_WORK(card_act, TB_OP_CARD_ACT, tb_cmd_card_act, act_read, act_write);
TB_WORK(my_gift_card, TB_OP_CARD_ACT, tb_cmd_card_act, my_card_read, act_write);
TB_WORK(gift_give, TB_OP_CARD_ACT, tb_cmd_card_act, give_read, gift_write);
TB_WORK(gift_claim, TB_OP_CARD_ACT, tb_cmd_card_act, claim_read, gift_write);
TB_WORK(gift_back, TB_OP_CARD_ACT, tb_cmd_card_act, back_read, gift_write);
TB_WORK(my_gift_give, TB_OP_CARD_ACT, tb_cmd_card_act, my_give_read, gift_write);
TB_WORK(my_gift_claim, TB_OP_CARD_ACT, tb_cmd_card_act, my_claim_read, gift_write);
TB_WORK(my_gift_back, TB_OP_CARD_ACT, tb_cmd_card_act, my_back_read, gift_write);
TB_WORK(top_up, TB_OP_TOP_UP, tb_cmd_top_up, top_up_read, top_up_write);
TB_WORK(pay_back, TB_OP_TOP_UP, tb_cmd_top_up, pay_back_read, top_up_write);
