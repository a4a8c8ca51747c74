// SPDX-License-Identifier: Apache-2.0
/* http/op_promotion_view.c - a campaign as it stands, its versions, and the list of all.
 *
 * What a put says is printed under the same names, so that a body can be read back, changed and put again;
 * what only the engine knows stands in `figures`, `versions` and the fields before. The salt of the hold-out
 * never leaves. */
#include <string.h>

#include "base/num.h"
#include "http/op_promotion_words.h"

/* ---- the codes that a version names (field 9 of the answer, in order of its rows) -------------------- */

struct names {
    struct tb_wire at;
    uint32_t section;
};

static struct tb_str next_name(struct names *n)
{
    while (tb_wire_step(&n->at))
        if (n->at.field == 9 && tb_wire_u64(n->at.s, 1) == n->section)
            return tb_wire_str(n->at.s, 2);
    return TB_STR_NONE;
}

static struct names names_of(struct tb_work *w, uint32_t section)
{
    return (struct names){tb_wire_of(tb_work_answer(w)), section};
}

/* ---- the rows of a version ---------------------------------------------------------------------------- */

static void out_some(struct tb_json_out *o, const char *key, int64_t v)
{
    if (v != 0)
        tb_json_out_key_i64(o, key, v);
}

static void out_times(struct tb_json_out *o, const struct tb_view *v)
{
    const struct tb_offer_time *t = v->section[TB_OFFER_TIME];
    tb_json_out_key_open(o, "times", '[');
    for (uint32_t i = 0; i < v->n[TB_OFFER_TIME]; i++) {
        tb_json_out_open(o, '{');
        tb_out_word(o, "kind", tb_promotion_time_kinds, 2, t[i].black_out);
        if (t[i].black_out) {
            tb_json_out_key_time(o, "from", t[i].from_ms);
            tb_json_out_key_time(o, "until", t[i].until_ms);
        } else {
            tb_json_out_key_open(o, "weekdays", '[');
            for (uint32_t d = 0; d < TB_PROMOTION_DAYS; d++)
                if (t[i].weekdays >> d & 1)
                    tb_json_out_str(o, tb_str_of(tb_promotion_days[d]));
            tb_json_out_close(o, ']');
            tb_json_out_key_i64(o, "from_s", t[i].from_s);
            tb_json_out_key_i64(o, "until_s", t[i].until_s);
        }
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
}

static void out_places(struct tb_work *w, struct tb_json_out *o, const struct tb_view *v)
{
    const struct tb_offer_place *p = v->section[TB_OFFER_PLACE];
    struct names names = names_of(w, TB_OFFER_PLACE);
    tb_json_out_key_open(o, "places", '[');
    for (uint32_t i = 0; i < v->n[TB_OFFER_PLACE]; i++) {
        tb_json_out_open(o, '{');
        tb_out_word(o, "by", tb_promotion_place_bys, TB_PLACE_BYS, p[i].by);
        if (p[i].by == TB_PLACE_CHANNEL)
            tb_json_out_key_i64(o, "channel", p[i].id);
        else
            tb_json_out_key_str(o, "code", next_name(&names));
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
}

static void out_scope(struct tb_work *w, struct tb_json_out *o, const struct tb_view *v)
{
    const struct tb_offer_scope *s = v->section[TB_OFFER_SCOPE];
    struct names names = names_of(w, TB_OFFER_SCOPE);
    tb_json_out_key_open(o, "scope", '[');
    for (uint32_t i = 0; i < v->n[TB_OFFER_SCOPE]; i++) {
        tb_json_out_open(o, '{');
        tb_out_word(o, "slot", tb_promotion_slots, TB_SCOPE_SLOTS, s[i].slot);
        tb_out_word(o, "by", tb_promotion_scope_bys, TB_SCOPE_BYS, s[i].by);
        if (s[i].by != TB_SCOPE_ALL)
            tb_json_out_key_str(o, "value",
                                s[i].by == TB_SCOPE_PRODUCT ? next_name(&names) : tb_view_text(v, s[i].text));
        tb_json_out_key_bool(o, "excluded", s[i].excluded != 0);
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
}

static void out_steps(struct tb_json_out *o, const struct tb_view *v)
{
    const struct tb_offer_step *s = v->section[TB_OFFER_STEP];
    tb_json_out_key_open(o, "steps", '[');
    for (uint32_t i = 0; i < v->n[TB_OFFER_STEP]; i++) {
        tb_json_out_open(o, '{');
        tb_json_out_key_i64(o, "at", s[i].at);
        out_some(o, "off", s[i].off);
        out_some(o, "ppm", s[i].ppm);
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
}

static void out_prices(struct tb_work *w, struct tb_json_out *o, const struct tb_view *v)
{
    const struct tb_offer_price *p = v->section[TB_OFFER_PRICE];
    struct names names = names_of(w, TB_OFFER_PRICE);
    tb_json_out_key_open(o, "prices", '[');
    for (uint32_t i = 0; i < v->n[TB_OFFER_PRICE]; i++) {
        tb_json_out_open(o, '{');
        tb_json_out_key_str(o, "sku", next_name(&names));
        tb_json_out_key_i64(o, "price", p[i].price);
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
}

static void out_limits(struct tb_json_out *o, const struct tb_view *v)
{
    const struct tb_offer_limit *l = v->section[TB_OFFER_LIMIT];
    tb_json_out_key_open(o, "limits", '[');
    for (uint32_t i = 0; i < v->n[TB_OFFER_LIMIT]; i++) {
        tb_json_out_open(o, '{');
        tb_out_word(o, "scope", tb_promotion_limit_scopes, TB_LIMIT_SCOPES, l[i].scope);
        tb_out_word(o, "period", tb_promotion_periods, TB_CAP_PERIODS, l[i].period);
        out_some(o, "uses", l[i].uses);
        out_some(o, "amount", l[i].amount);
        out_some(o, "pieces", l[i].pieces);
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
}

static void out_funding(struct tb_json_out *o, const struct tb_view *v)
{
    const struct tb_offer_funder *f = v->section[TB_OFFER_FUNDER];
    tb_json_out_key_open(o, "funding", '[');
    for (uint32_t i = 0; i < v->n[TB_OFFER_FUNDER]; i++) {
        tb_json_out_open(o, '{');
        tb_json_out_key_str(o, "payer", tb_view_text(v, f[i].payer));
        tb_json_out_key_i64(o, "ppm", f[i].ppm);
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
}

/* ---- one campaign ---------------------------------------------------------------------------------------- */

static int64_t head_number(const struct tb_offer_version *v, const struct tb_promotion_number *f)
{
    const uint8_t *at = (const uint8_t *)v + f->head;
    int64_t wide;
    int32_t narrow;
    if (f->width == sizeof wide) {
        memcpy(&wide, at, sizeof wide);
        return wide;
    }
    tb_assert(f->width == sizeof narrow);
    memcpy(&narrow, at, sizeof narrow);
    return narrow; /* only the sequence is ever below 0, and none is above INT32_MAX */
}

static void out_plain(struct tb_json_out *o, const struct tb_offer_version *v)
{
    for (uint32_t i = 0; i < TB_PROMOTION_CHOICES; i++) {
        const struct tb_promotion_choice *f = &tb_promotion_choices[i];
        tb_out_word(o, f->name, f->words, f->n, *((const uint8_t *)v + f->head));
    }
    for (uint32_t i = 0; i < TB_PROMOTION_NUMBERS; i++)
        tb_json_out_key_i64(o, tb_promotion_numbers[i].name, head_number(v, &tb_promotion_numbers[i]));
    for (uint32_t i = 0; i < TB_PROMOTION_SWITCHES; i++)
        tb_json_out_key_bool(o, tb_promotion_switches[i].name, (v->flags & tb_promotion_switches[i].bit) != 0);
}

static void out_version(struct tb_work *w, struct tb_json_out *o, const struct tb_view *view)
{
    const struct tb_offer_version *v = view->head;
    tb_out_word(o, "mechanic", tb_promotion_mechanics, TB_PRICE_POINTS + 1, v->mechanic);
    tb_out_time(o, "from", v->from_ms);
    tb_out_time(o, "until", v->until_ms);
    tb_out_text(o, "audience", tb_view_text(view, v->audience));
    tb_out_text(o, "condition", tb_view_text(view, v->condition));
    tb_out_text(o, "formula", tb_view_text(view, v->formula));
    tb_out_word(o, "rounding", tb_promotion_roundings, TB_ROUND_UP + 1, v->rounding);
    tb_out_text(o, "group", tb_view_text(view, v->group));
    tb_out_code(w, o, "coupon", TB_KIND_UNIT, v->coupon_unit);
    tb_out_code(w, o, "gift_product", TB_KIND_PRODUCT, v->gift_product);
    tb_out_code(w, o, "gift_unit", TB_KIND_UNIT, v->gift_unit);
    out_plain(o, v);
    tb_json_out_key_open(o, "slots", '[');
    for (uint32_t i = 0; i < v->slots && i < TB_PRICE_SLOTS_MAX; i++)
        tb_json_out_i64(o, v->slot_count[i]);
    tb_json_out_close(o, ']');
    out_times(o, view);
    out_places(w, o, view);
    out_scope(w, o, view);
    out_steps(o, view);
    out_prices(w, o, view);
    out_limits(o, view);
    out_funding(o, view);
}

static void out_counts(struct tb_json_out *o, const struct tb_campaign *c)
{
    tb_json_out_key_i64(o, "uses", c->uses);
    tb_json_out_key_i64(o, "amount", c->amount);
    tb_json_out_key_i64(o, "pieces", c->pieces);
    tb_json_out_key_i64(o, "shown", c->shown);
    tb_json_out_key_i64(o, "held_out", c->held_out);
}

static void out_figures(struct tb_work *w, struct tb_json_out *o, const struct tb_campaign *c)
{
    struct tb_str body = tb_work_answer(w);
    tb_json_out_key_open(o, "figures", '{');
    out_counts(o, c);
    if (c->budget != 0) {
        tb_json_out_key_i64(o, "granted", c->granted);
        tb_json_out_key_i64(o, "left", tb_wire_i64(body, 3));
        tb_json_out_key_i64(o, "held", tb_wire_i64(body, 4));
        tb_json_out_key_i64(o, "spent", tb_wire_i64(body, 5));
    }
    tb_json_out_close(o, '}');
}

/* Code to the offer in force: what the campaign alone says. */
static void out_head(struct tb_work *w, struct tb_json_out *o, const struct tb_view *view)
{
    const struct tb_campaign *c = view->head;
    tb_json_out_key_str(o, "code", tb_view_text(view, c->c.code));
    tb_json_out_key_i64(o, "version", c->c.version);
    tb_json_out_key_str(o, "name", tb_view_text(view, c->c.name));
    tb_out_word(o, "state", tb_promotion_states, TB_CAMPAIGN_STATES, c->state);
    tb_json_out_key_i64(o, "versions", c->versions);
    if (c->live != 0)
        tb_out_id(w, o, "live_offer", TB_ID_OFFER, c->live);
}

static void get_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_campaign_get *in = w->input;
    in->campaign = tb_path_text(w, o, 0, TB_STR("code"), TB_CODE_MAX);
    in->version = (uint32_t)tb_call_query_i64(w->call, TB_STR("version"), 1, UINT32_MAX, 0);
}

static void get_write(struct tb_work *w, struct tb_json_out *o)
{
    struct tb_str body = tb_work_answer(w);
    struct tb_view campaign, offer;
    size_t mark = tb_arena_mark(w->arena);
    tb_json_out_open(o, '{');
    if (!tb_view_read(TB_KIND_CAMPAIGN, tb_wire_str(body, 1), w->arena, &campaign) ||
        !tb_view_read(TB_KIND_OFFER, tb_wire_str(body, 2), w->arena, &offer)) {
        o->b->overflowed = true;
        return;
    }
    out_head(w, o, &campaign);
    tb_out_id(w, o, "offer", TB_ID_OFFER, tb_wire_u64(body, 7));
    tb_json_out_key_i64(o, "offer_version", ((const struct tb_offer_version *)offer.head)->version);
    tb_out_time(o, "made_at", ((const struct tb_offer_version *)offer.head)->made_ms);
    out_version(w, o, &offer);
    out_figures(w, o, campaign.head);
    tb_json_out_close(o, '}');
    tb_arena_release(w->arena, mark);
}

/* ---- its versions ------------------------------------------------------------------------------------------ */

static void versions_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_campaign_get *in = w->input;
    in->campaign = tb_path_text(w, o, 0, TB_STR("code"), TB_CODE_MAX);
}

static void out_runs(struct tb_work *w, struct tb_json_out *o, const struct tb_view *v)
{
    const struct tb_campaign_run *run = v->section[TB_CAMPAIGN_RUN];
    tb_json_out_key_open(o, "runs", '[');
    for (uint32_t i = 0; i < v->n[TB_CAMPAIGN_RUN]; i++) {
        tb_json_out_open(o, '{');
        tb_out_id(w, o, "offer", TB_ID_OFFER, run[i].offer);
        tb_out_time(o, "from", run[i].from_ms);
        tb_out_time(o, "until", run[i].until_ms);
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
}

static void versions_write(struct tb_work *w, struct tb_json_out *o)
{
    struct tb_wire body = tb_wire_of(tb_work_answer(w));
    struct tb_view campaign;
    size_t mark = tb_arena_mark(w->arena);
    tb_json_out_open(o, '{');
    if (!tb_view_read(TB_KIND_CAMPAIGN, tb_wire_str(body.rest, 1), w->arena, &campaign)) {
        o->b->overflowed = true;
        return;
    }
    tb_json_out_key_open(o, "items", '[');
    while (tb_wire_step(&body)) {
        uint64_t v[8];
        if (body.field != 8)
            continue;
        tb_wire_numbers(body.s, v, TB_COUNT_OF(v));
        tb_json_out_open(o, '{');
        tb_out_id(w, o, "offer", TB_ID_OFFER, v[1]);
        tb_json_out_key_i64(o, "offer_version", (int64_t)v[2]);
        tb_out_word(o, "mechanic", tb_promotion_mechanics, TB_PRICE_POINTS + 1, v[7]);
        tb_out_time(o, "made_at", (int64_t)v[3]);
        tb_out_time(o, "from", (int64_t)v[4]);
        tb_out_time(o, "until", (int64_t)v[5]);
        tb_json_out_key_bool(o, "was_live", v[6] != 0);
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
    out_runs(w, o, &campaign);
    tb_json_out_close(o, '}');
    tb_arena_release(w->arena, mark);
}

/* ---- all of them ---------------------------------------------------------------------------------------------- */

static void list_read(struct tb_work *w, struct tb_json_object *o)
{
    (void)o;
    tb_read_objects(w, TB_KIND_CAMPAIGN);
}

static void out_listed(struct tb_work *w, struct tb_json_out *o, enum tb_kind kind, const struct tb_view *v)
{
    (void)kind;
    tb_json_out_open(o, '{');
    out_head(w, o, v);
    out_counts(o, v->head);
    tb_json_out_close(o, '}');
}

static void list_write(struct tb_work *w, struct tb_json_out *o)
{
    tb_work_out_list(w, o, TB_KIND_CAMPAIGN, out_listed);
}

TB_WORK(campaign_get, TB_OP_CAMPAIGN_GET, tb_cmd_campaign_get, get_read, get_write);
TB_WORK(campaign_versions, TB_OP_CAMPAIGN_GET, tb_cmd_campaign_get, versions_read, versions_write);
TB_WORK(campaign_list, TB_OP_OBJECT_LIST, tb_cmd_object_list, list_read, list_write);
