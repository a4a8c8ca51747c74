// SPDX-License-Identifier: Apache-2.0
/* Rows to groups, groups to ORDER, RETURN and ENROL commands. See orders.h.
 *
 * The commands of one group go in this order: its sale in parts, its returns, the enrolment
 * of a customer seen for the first time. Waves keep the order of groups, so a return always
 * follows its purchase. A customer who has only cancellations is unknown to the ENROL that
 * asks for her; a contact is sent then, and the ENROL again.
 * Value: file = sold + returned + rounding + what the report lists as not booked.         */
#include <stdlib.h>
#include <string.h>

#include "cli/import/orders.h"
#include "cli/import/send.h"
#include "core/ops.h"

#define NANO 1000000000
#define MICRO 1000000
#define BATCH_GROUPS 3000u /* with their enrolments, about a wave */
#define BATCH_LINES 20000u

static bool digits_factor(uint32_t digits, tb_nano *nano_per_minor)
{
    *nano_per_minor = NANO;
    for (uint32_t i = 0; i < digits; i++)
        *nano_per_minor /= 10;
    return digits <= 9;
}

/* nano >= 0, to minor units by the map's rounding. */
static bool to_minor(const struct tb_import *imp, tb_nano nano, int64_t *minor)
{
    tb_nano per;
    if (!digits_factor(imp->digits, &per))
        return false;
    tb_nano whole = nano / per;
    tb_nano twice = nano % per * 2;
    bool up = false;
    switch (imp->map->rounding) {
    case TB_ROUND_DOWN:
        break;
    case TB_ROUND_HALF_EVEN:
        up = twice > per || (twice == per && whole % 2 == 1);
        break;
    case TB_ROUND_HALF_UP:
        up = twice >= per;
        break;
    case TB_ROUND_UP:
        up = twice > 0;
        break;
    }
    whole += up;
    if (whole > TB_AMOUNT_MAX)
        return false;
    *minor = (int64_t)whole;
    return true;
}

tb_nano tb_orders_minor_nano(const struct tb_import *imp, int64_t minor)
{
    tb_nano per;
    (void)digits_factor(imp->digits, &per);
    return minor * per;
}

/* ---- one row ----------------------------------------------------------------------------------- */

struct facts {
    struct tb_str key;
    struct tb_str sku;
    int64_t milli; /* with its sign */
    int64_t micro; /* price of one */
    tb_nano nano;  /* value with its sign */
    bool valued;
    bool cancels;
    const char *reason; /* it is rejected */
};

static void read_value(struct tb_import *imp, const struct tb_row *row, struct facts *f)
{
    const struct tb_import_map *m = imp->map;
    int64_t quantity = MICRO;
    int64_t money;
    if (m->quantity.n > 0 && !tb_decimal_micro(tb_template_fill(&m->quantity, row, &imp->arena), &quantity)) {
        f->reason = "quantity_invalid";
        return;
    }
    f->milli = quantity / 1000;
    if (quantity % 1000 != 0) {
        f->reason = "quantity_too_fine";
        return;
    }
    const struct tb_template *t = m->price.n > 0 ? &m->price : &m->net;
    if (!tb_decimal_micro(tb_template_fill(t, row, &imp->arena), &money)) {
        f->reason = m->price.n > 0 ? "price_invalid" : "net_invalid";
        return;
    }
    f->micro = m->price.n > 0 ? money : 0;
    f->nano = m->price.n > 0 ? (tb_nano)f->milli * money : (tb_nano)money * 1000;
    f->valued = true;
}

static void judge(struct tb_import *imp, const struct tb_row *row, struct facts *f)
{
    const struct tb_import_map *m = imp->map;
    f->key = tb_template_fill(&m->key, row, &imp->arena);
    f->sku = tb_template_fill(&m->sku, row, &imp->arena);
    f->cancels = m->cancels && tb_conditions_hold(m->cancel_when, m->cancel_when_n, row, &imp->arena);
    if (f->reason != NULL)
        return;
    if (f->key.n == 0 || f->key.n > TB_ORDER_KEY_MAX - 6)
        f->reason = "order_key_invalid";
    else if (f->sku.n == 0 || f->sku.n > TB_CODE_MAX)
        f->reason = "product_invalid";
    else if (f->cancels && f->milli >= 0)
        f->reason = "cancellation_not_negative";
    else if (!f->cancels && f->milli <= 0)
        f->reason = "quantity_not_positive";
    else if (f->cancels ? f->nano > 0 : f->nano < 0)
        f->reason = "value_negative";
}

/* What a group takes from its first row. */
static bool begin_group(struct tb_import *imp, const struct tb_row *row, struct tb_group *g, const char **reason)
{
    const struct tb_import_map *m = imp->map;
    struct tb_arena plain;
    if (!tb_time_fill(&m->occurred, row, &imp->arena, &g->occurred_ms)) {
        *reason = "time_invalid";
        return false;
    }
    tb_arena_init(&plain, g->plain, sizeof g->plain);
    if (!tb_import_identifiers(imp, row, &plain, g->identifier, &g->identifier_n, reason))
        return false;
    if (g->identifier_n > 0)
        g->customer = (g->identifier[0].key[0] ^ (uint64_t)g->identifier[0].ns << 40) | 1;
    g->store = tb_group_put(g, tb_template_fill(&m->store, row, &imp->arena));
    g->associate = tb_group_put(g, tb_template_fill(&m->associate, row, &imp->arena));
    g->touchpoint = tb_group_put(g, tb_template_fill(&m->touchpoint, row, &imp->arena));
    g->receipt = tb_group_put(g, tb_template_fill(&m->receipt, row, &imp->arena));
    g->till = tb_group_put(g, tb_template_fill(&m->till, row, &imp->arena));
    g->enrols = m->enrols && g->identifier_n > 0 &&
                tb_conditions_hold(m->enrol_when, m->enrol_when_n, row, &imp->arena);
    g->enrol_ms = g->occurred_ms;
    if (g->enrols && m->enrol_at.value.n > 0 && !tb_time_fill(&m->enrol_at, row, &imp->arena, &g->enrol_ms)) {
        *reason = "enrol_time_invalid";
        return false;
    }
    return true;
}

static bool reject_row(struct tb_import *imp, const struct tb_row *row, const struct facts *f, const char *reason)
{
    if (!imp->skipping && f->valued)
        imp->tally.sum[TB_SUM_REFUSED] += f->nano;
    tb_import_reject(imp, (int64_t)row->number, (int64_t)row->line, tb_str_of(reason), "");
    return true;
}

static bool take_row(struct tb_import *imp, const struct tb_row *row)
{
    struct tb_orders *o = imp->kind;
    struct facts f = {0};
    read_value(imp, row, &f);
    if (f.valued && !imp->skipping)
        imp->tally.sum[TB_SUM_FILE] += f.nano;
    if (f.reason == NULL)
        for (uint32_t i = 0; i < imp->map->reject_n && f.reason == NULL; i++)
            if (tb_conditions_hold(imp->map->reject[i].when, imp->map->reject[i].when_n, row, &imp->arena)) {
                if (!imp->skipping && f.valued)
                    imp->tally.sum[TB_SUM_REFUSED] += f.nano;
                tb_import_reject(imp, (int64_t)row->number, (int64_t)row->line, imp->map->reject[i].reason, "");
                return true;
            }
    judge(imp, row, &f);
    if (f.reason != NULL)
        return reject_row(imp, row, &f, f.reason);
    bool fresh;
    const char *reason;
    uint64_t hash = tb_siphash(&imp->hash_key, f.key.p, f.key.n);
    struct tb_group *g = tb_groups_open(&o->open, f.key, hash, &fresh);
    if (fresh && !begin_group(imp, row, g, &reason)) {
        /* its first row is broken: the next one of the order may be good */
        tb_groups_drop(&o->open, g);
        return reject_row(imp, row, &f, reason);
    }
    if (fresh)
        g->cancels = f.cancels;
    if (g->cancels != f.cancels)
        return reject_row(imp, row, &f, "sale_and_cancellation_in_one_order");
    struct tb_sale_line *l = tb_group_line(g);
    l->row = (int64_t)row->number;
    l->line = (int64_t)row->line;
    l->milli = f.milli < 0 ? -f.milli : f.milli;
    l->micro = f.micro;
    l->nano = f.nano < 0 ? -f.nano : f.nano;
    struct tb_text sku = tb_group_put(g, f.sku);
    l->sku_at = sku.at;
    l->sku_n = sku.n;
    tb_groups_touch(&o->open, g, (int64_t)row->number);
    if (!to_minor(imp, l->nano, &l->net)) {
        g->line_n--;
        return reject_row(imp, row, &f, "value_too_large");
    }
    return true;
}

/* ---- closed groups ------------------------------------------------------------------------------- */

static void remember_sale(struct tb_import *imp, const struct tb_group *g, uint32_t from, uint32_t n, struct tb_str key)
{
    struct tb_orders *o = imp->kind;
    if (!imp->map->cancels || g->customer == 0)
        return;
    uint32_t key_at = tb_purchases_key(&o->purchases, key);
    for (uint32_t i = 0; i < n; i++) {
        const struct tb_sale_line *l = &g->line[from + i];
        struct tb_purchase p = {.line = i,
                                .key_at = key_at,
                                .key_n = key.n,
                                .milli_left = l->milli,
                                .net_left = l->net,
                                .at_ms = g->occurred_ms};
        tb_purchases_add(&o->purchases, g->customer, (struct tb_str){g->bytes + l->sku_at, l->sku_n}, &p);
    }
}

static bool send_sale(struct tb_import *imp, struct tb_group *g)
{
    for (uint32_t from = 0, part = 1; from < g->line_n; from += TB_ORDER_LINES_MAX, part++) {
        uint32_t n = g->line_n - from < TB_ORDER_LINES_MAX ? g->line_n - from : TB_ORDER_LINES_MAX;
        struct tb_str key = tb_orders_part_key(imp, g, part);
        remember_sale(imp, g, from, n, key);
        if (!g->reported && !tb_send_order(imp, g, from, n, key, part))
            return false;
    }
    return true;
}

/* One line of a cancellation takes back purchases; new matches go to the end of o->match. */
static void match_line(struct tb_import *imp, struct tb_group *g, uint32_t at)
{
    struct tb_orders *o = imp->kind;
    struct tb_sale_line *l = &g->line[at];
    struct tb_str sku = {g->bytes + l->sku_at, l->sku_n};
    while (l->matched < l->milli) {
        struct tb_purchase *p = tb_purchases_newest(&o->purchases, g->customer, sku, g->occurred_ms);
        if (p == NULL)
            return;
        int64_t milli = l->milli - l->matched < p->milli_left ? l->milli - l->matched : p->milli_left;
        struct tb_match m = {.purchase = (uint32_t)(p - o->purchases.p),
                             .line = at,
                             .milli = milli,
                             .nano = (tb_nano)milli * l->micro};
        if (!to_minor(imp, m.nano, &m.net) || m.net > p->net_left)
            m.net = p->net_left;
        p->milli_left -= milli;
        p->net_left -= m.net;
        l->matched += milli;
        tb_matches_add(o, &m);
    }
}

static int by_order(const void *a, const void *b, void *user)
{
    const struct tb_purchases *all = user;
    const struct tb_match *x = a;
    const struct tb_match *y = b;
    uint32_t kx = all->p[x->purchase].key_at;
    uint32_t ky = all->p[y->purchase].key_at;
    if (kx != ky)
        return kx < ky ? -1 : 1;
    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    return (x->purchase > y->purchase) - (x->purchase < y->purchase);
}

static bool send_cancellation(struct tb_import *imp, struct tb_group *g)
{
    struct tb_orders *o = imp->kind;
    uint32_t first = o->match_n;
    for (uint32_t i = 0; i < g->line_n && g->customer != 0; i++)
        match_line(imp, g, i);
    uint32_t n = o->match_n - first;
    g->match_from = first;
    g->match_to = first + n;
    if (n > 0)
        qsort_r(o->match + first, n, sizeof *o->match, by_order, &o->purchases);
    for (uint32_t at = first, part = 1; at < first + n; part++) {
        uint32_t end = at;
        while (end < first + n && end - at < TB_ORDER_LINES_MAX &&
               o->purchases.p[o->match[end].purchase].key_at == o->purchases.p[o->match[at].purchase].key_at)
            end++;
        if (!g->reported && !tb_send_return(imp, g, at, end, part))
            return false;
        at = end;
    }
    return true;
}

static bool send_group(struct tb_import *imp, struct tb_group *g)
{
    struct tb_orders *o = imp->kind;
    g->reported = g->number < imp->skip_groups;
    bool ok = g->cancels ? send_cancellation(imp, g) : send_sale(imp, g);
    bool new_customer = g->enrols && tb_seen_add(&o->customers, g->customer);
    if (ok && new_customer && !g->reported)
        ok = tb_send_enrol(imp, g);
    g->next = o->done;
    o->done = g;
    o->done_n++;
    o->done_lines += g->line_n;
    return ok;
}

static bool close_groups(struct tb_import *imp, int64_t before_row)
{
    struct tb_orders *o = imp->kind;
    struct tb_group *g;
    while ((g = tb_groups_close(&o->open, before_row)) != NULL) {
        if (!send_group(imp, g))
            return false;
        if ((o->done_n >= BATCH_GROUPS || o->done_lines >= BATCH_LINES) && !tb_send_finish(imp))
            return false;
    }
    return true;
}

static bool row(struct tb_import *imp, const struct tb_row *row)
{
    return take_row(imp, row) && close_groups(imp, (int64_t)row->number - (int64_t)imp->map->group_window);
}

static bool flush(struct tb_import *imp, bool all)
{
    return (!all || close_groups(imp, INT64_MAX)) && tb_send_finish(imp);
}

static bool open(struct tb_import *imp)
{
    struct tb_orders *o = calloc(1, sizeof *o);
    imp->kind = o;
    if (o == NULL || !tb_send_open(imp)) {
        tb_fault_set(&imp->fault, true, "no memory");
        return false;
    }
    return true;
}

static void close(struct tb_import *imp)
{
    struct tb_orders *o = imp->kind;
    if (o == NULL)
        return;
    tb_send_close(imp);
    tb_groups_free(&o->open);
    tb_purchases_free(&o->purchases);
    tb_seen_free(&o->customers);
    free(o->match);
    free(o);
}

const struct tb_import_kind_ops tb_import_orders = {open, row, flush, close};
