// SPDX-License-Identifier: Apache-2.0
/* A back-test's figures as one JSON object. See report.h. */
#include "backtest/report.h"
#include "http/json_write.h"

static void key_date(struct tb_json_out *o, const char *key, int32_t day)
{
    tb_json_out_key(o, key);
    tb_json_out_date(o, day);
}

static void out_counts(struct tb_json_out *o, const char *key, const int64_t *n, const char *const *word,
                       uint32_t words)
{
    tb_json_out_key_open(o, key, '{');
    for (uint32_t i = 0; i < words; i++)
        if (n[i] != 0 && word[i] != NULL)
            tb_json_out_key_i64(o, word[i], n[i]);
    tb_json_out_close(o, '}');
}

static void out_refused(struct tb_json_out *o, const struct tb_bt_figures *f)
{
    tb_json_out_key_open(o, "refused_as", '{');
    for (uint32_t i = 0; i < TB_CODE_COUNT; i++)
        if (f->refused[i] != 0)
            tb_json_out_key_i64(o, tb_code_name((enum tb_code)i), f->refused[i]);
    tb_json_out_close(o, '}');
}

static void out_figures(struct tb_json_out *o, const struct tb_bt_figures *f)
{
    const struct {
        const char *name;
        int64_t v;
    } row[] = {{"orders", f->orders},
               {"net", f->all_net},
               {"members", f->members},
               {"anonymous_orders", f->anonymous},
               {"paid_before", f->before},
               {"paid_after", f->after},
               {"saving", f->saving},
               {"saving_returned", f->back},
               {"others_before", f->others_before},
               {"others_after", f->others_after},
               {"cost_known_net", f->cost_known},
               {"margin_before", f->margin_before},
               {"margin_after", f->margin_after},
               {"gift_pieces", f->gift_pieces},
               {"gift_value", f->gift_value},
               {"coupons_used", f->coupons},
               {"below_cost_lines", f->below_cost},
               {"deep_orders", f->deep},
               {"stacked_orders", f->stacked},
               {"unproven_orders", f->unproven}};
    for (uint32_t i = 0; i < TB_COUNT_OF(row); i++)
        tb_json_out_key_i64(o, row[i].name, row[i].v);
    out_counts(o, "fates", f->fate, tb_bt_fates, TB_BT_FATES);
    out_counts(o, "closed_by", f->why, tb_bt_whys, TB_PROMOTION_WHYS);
    out_counts(o, "no_effect_by", f->price_why, tb_bt_price_whys, TB_PRICE_DEARER + 1);
    out_refused(o, f);
}

static void out_drafts(struct tb_json_out *o, const struct tb_backtest *b)
{
    tb_json_out_key_open(o, "drafts", '[');
    for (uint32_t i = 0; i < b->o.campaign_n; i++) {
        const struct tb_bt_draft *d = &b->draft[i];
        tb_json_out_open(o, '{');
        tb_json_out_key_str(o, "code", d->put->put.code);
        tb_json_out_key_bool(o, "put", d->campaign != 0);
        tb_json_out_key_i64(o, "orders", d->orders);
        tb_json_out_key_i64(o, "saving", d->saving);
        tb_json_out_key_i64(o, "saving_returned", d->back);
        tb_json_out_key_i64(o, "gift_units", d->gifts);
        out_counts(o, "closed_by", d->why, tb_bt_whys, TB_PROMOTION_WHYS);
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
}

static void out_units(struct tb_json_out *o, const struct tb_backtest *b)
{
    tb_json_out_key_open(o, "units", '[');
    for (uint32_t i = 0; i < b->unit_n; i++) {
        const struct tb_bt_unit *u = &b->unit[i];
        tb_json_out_open(o, '{');
        tb_json_out_key_str(o, "unit", tb_bt_code(b, TB_KIND_UNIT, u->unit));
        tb_json_out_key_i64(o, "before", u->before);
        tb_json_out_key_i64(o, "after", u->after);
        tb_json_out_key_i64(o, "coupons", u->coupons);
        tb_json_out_key_i64(o, "liability", tb_bt_points_worth(b, u));
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
}

static void out_others(struct tb_json_out *o, const struct tb_backtest *b)
{
    tb_json_out_key_open(o, "others", '[');
    for (uint32_t i = 0; i < b->other_n; i++) {
        tb_json_out_open(o, '{');
        tb_json_out_key_str(o, "campaign", tb_bt_code(b, TB_KIND_CAMPAIGN, b->other[i].campaign));
        tb_json_out_key_i64(o, "together", b->other[i].together);
        tb_json_out_key_i64(o, "displaced", b->other[i].displaced);
        tb_json_out_key_i64(o, "displaced_saving", b->other[i].lost);
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
}

static void out_days(struct tb_json_out *o, const struct tb_backtest *b)
{
    tb_json_out_key_open(o, "days", '[');
    for (uint32_t i = 0; i < b->day_n; i++) {
        const struct tb_bt_day *d = &b->day[i];
        if (d->orders == 0)
            continue;
        tb_json_out_open(o, '{');
        key_date(o, "day", b->day_first + (int32_t)i);
        tb_json_out_key_i64(o, "orders", d->orders);
        tb_json_out_key_i64(o, "in_force", d->in_force);
        tb_json_out_key_i64(o, "saving", d->saving);
        tb_json_out_key_i64(o, "cost", d->before - d->after);
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
}

static void out_baskets(struct tb_json_out *o, const char *key, const struct tb_backtest *b,
                        const struct tb_bt_order *const *order, uint32_t n)
{
    tb_json_out_key_open(o, key, '[');
    for (uint32_t i = 0; i < n; i++) {
        tb_json_out_open(o, '{');
        tb_json_out_key_str(o, "order", (struct tb_str){b->text + order[i]->key_at, order[i]->key_n});
        key_date(o, "day", order[i]->day);
        tb_json_out_key_i64(o, "lines", order[i]->line_n);
        tb_json_out_key_i64(o, "paid_before", order[i]->before);
        tb_json_out_key_i64(o, "paid_after", order[i]->after);
        tb_json_out_key_i64(o, "saving", order[i]->saving);
        tb_json_out_key_i64(o, "saving_returned", order[i]->back);
        tb_json_out_key_i64(o, "others", order[i]->others);
        tb_json_out_key_i64(o, "below_cost_lines", order[i]->below_cost);
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
}

void tb_backtest_json(struct tb_backtest *b, const struct tb_bt_print *p, struct tb_buf *out)
{
    struct tb_json_out o;
    struct tb_bt_baskets baskets;
    tb_bt_baskets(b, &baskets);
    tb_json_out_init(&o, out);
    tb_json_out_open(&o, '{');
    tb_json_out_key_str(&o, "tenant", p->tenant);
    tb_json_out_key_str(&o, "currency", p->currency);
    key_date(&o, "from", b->day_first);
    key_date(&o, "to", b->day_first + (int32_t)b->day_n);
    tb_json_out_key_str(&o, "state", b->o.today ? TB_STR("today") : TB_STR("then"));
    out_figures(&o, &b->f);
    out_drafts(&o, b);
    out_units(&o, b);
    out_others(&o, b);
    tb_json_out_key_i64(&o, "median_saving", baskets.median);
    tb_json_out_key_i64(&o, "p90_saving", baskets.p90);
    out_baskets(&o, "worst", b, baskets.worst, baskets.worst_n);
    out_baskets(&o, "typical", b, baskets.typical, baskets.typical_n);
    out_days(&o, b);
    tb_json_out_close(&o, '}');
}
