// SPDX-License-Identifier: Apache-2.0
/* Rows of configuration, books, jobs and devices, from their blocks. Configuration is never
 * removed, so rows are only put; what a list may lose (nothing today) would need a drop.   */
#include "core/approval/approval.h"
#include "core/card/card.h"
#include "core/catalog/catalog.h"
#include "core/code/code.h"
#include "core/identity/identity.h"
#include "core/job/job.h"
#include "core/ledger/ledger.h"
#include "core/mall/mall.h"
#include "engine/publish_int.h"

static struct tb_str text_in(struct tb_block *b, uint32_t section, struct tb_text t)
{
    return (struct tb_str){(const char *)section_of(b, section) + t.at, t.n};
}

static struct tb_str text_of(struct tb_block *b, struct tb_text t)
{
    return text_in(b, TB_CONFIG_BYTES, t);
}

/* number, tenant, code [, name], version */
static void begin(struct row *r, struct tb_publish *p, enum publish_table t, struct tb_block *b,
                  bool named)
{
    const struct tb_config *c = tb_config_of(b);
    row_begin(r, p, t);
    row_i64(r, (int64_t)b->id);
    row_i64(r, c->tenant);
    row_text(r, text_of(b, c->code));
    if (named)
        row_text(r, text_of(b, c->name));
    row_i64(r, c->version);
}

static void tenant(struct tb_publish *p, struct tb_block *b)
{
    static const uint8_t counts[] = {TB_COUNT_PERSONS,         TB_COUNT_FOLLOWERS,
                                     TB_COUNT_MEMBERS,         TB_COUNT_BUYERS,
                                     TB_COUNT_REGULARS,        TB_COUNT_ANONYMOUS_CARDS,
                                     TB_COUNT_DEVICES,         TB_COUNT_FROZEN,
                                     TB_COUNT_REFUSED_ATTRIBUTES};
    const struct tb_tenant *t = tb_block_head_const(b);
    struct row r;
    row_begin(&r, p, T_TENANTS);
    row_i64(&r, (int64_t)b->id);
    row_text(&r, text_of(b, t->c.code));
    row_text(&r, text_of(b, t->c.name));
    row_i64(&r, t->c.version);
    row_text(&r, text_of(b, t->zone));
    row_text(&r, tb_str_of((const char *)t->currency));
    row_i64(&r, t->currency_digits);
    row_i64(&r, t->accept_days);
    row_i64(&r, t->regular_orders);
    for (uint32_t i = 0; i < TB_COUNT_OF(counts); i++)
        row_i64(&r, t->counts[counts[i]]);
    row_put(&r);
}

static void unit(struct tb_publish *p, struct tb_block *b)
{
    const struct tb_unit *u = tb_block_head_const(b);
    struct row r;
    begin(&r, p, T_UNITS, b, true);
    row_i64(&r, u->kind);
    row_i64(&r, u->negative);
    row_i64(&r, u->release);
    row_i64(&r, u->release_n);
    row_i64(&r, u->expiry);
    row_i64(&r, u->expiry_n);
    row_i64(&r, u->rounding);
    row_i64(&r, u->face_ppm);
    row_put(&r);
}

static void namespace(struct tb_publish *p, struct tb_block *b)
{
    const struct tb_namespace *n = tb_block_head_const(b);
    struct row r;
    begin(&r, p, T_NAMESPACES, b, false);
    row_i64(&r, n->class_no);
    row_i64(&r, n->scope);
    row_i64(&r, n->priority);
    row_i64(&r, n->retention_days);
    row_put(&r);
}

static void store(struct tb_publish *p, struct tb_block *b)
{
    const struct tb_store_place *s = tb_block_head_const(b);
    struct row r;
    begin(&r, p, T_STORES, b, true);
    row_text(&r, text_of(b, s->region));
    row_i64(&r, s->latitude_e7);
    row_i64(&r, s->longitude_e7);
    row_i64(&r, s->trade_radius_m);
    row_i64(&r, s->closed);
    row_put(&r);
}

static void product(struct tb_publish *p, struct tb_block *b)
{
    const struct tb_product *x = tb_block_head_const(b);
    struct row r;
    begin(&r, p, T_PRODUCTS, b, true);
    row_text(&r, text_of(b, x->category));
    row_text(&r, text_of(b, x->brand));
    row_text(&r, text_of(b, x->barcode));
    row_i64(&r, x->price);
    row_i64(&r, x->cost);
    row_i64(&r, x->weighed);
    row_i64(&r, x->supply_days);
    row_i64(&r, x->life_from_months);
    row_i64(&r, x->life_to_months);
    row_i64(&r, x->never_promoted);
    row_text(&r, text_of(b, x->attributes));
    row_put(&r);
}

static void associate(struct tb_publish *p, struct tb_block *b)
{
    const struct tb_associate *a = tb_block_head_const(b);
    struct row r;
    begin(&r, p, T_ASSOCIATES, b, true);
    row_ref(&r, a->store);
    row_i64(&r, a->left);
    row_put(&r);
}

static void touchpoint(struct tb_publish *p, struct tb_block *b)
{
    const struct tb_touchpoint *t = tb_block_head_const(b);
    struct row r;
    begin(&r, p, T_TOUCHPOINTS, b, true);
    row_i64(&r, t->kind);
    row_ref(&r, t->store);
    row_put(&r);
}

static void declaration(struct tb_publish *p, struct tb_block *b)
{
    const struct tb_attribute_decl *a = tb_block_head_const(b);
    const struct tb_text *choice = section_of(b, TB_ATTRIBUTE_CHOICES);
    struct row r;
    begin(&r, p, T_ATTRIBUTE_DECLARATIONS, b, false);
    row_i64(&r, a->type);
    row_i64(&r, a->personal);
    row_ref(&r, a->purpose);
    row_text(&r, text_of(b, a->benefit));
    row_i64(&r, a->retention_days);
    row_i64(&r, a->is_name);
    row_put(&r);
    publish_names_declared(p, b);
    for (uint32_t i = 0; i < b->n[TB_ATTRIBUTE_CHOICES]; i++) {
        row_begin(&r, p, T_ATTRIBUTE_CHOICES);
        row_i64(&r, (int64_t)b->id);
        row_i64(&r, i);
        row_i64(&r, a->c.tenant);
        row_text(&r, text_of(b, choice[i]));
        row_put(&r);
    }
}

static void purpose(struct tb_publish *p, struct tb_block *b)
{
    const struct tb_purpose *x = tb_block_head_const(b);
    struct row r;
    begin(&r, p, T_PURPOSES, b, false);
    row_text(&r, text_of(b, x->text));
    row_i64(&r, x->text_version);
    row_i64(&r, x->marketing);
    row_put(&r);
}

static void rule(struct tb_publish *p, struct tb_block *b)
{
    const struct tb_rule *x = tb_block_head_const(b);
    struct row r;
    begin(&r, p, T_RULES, b, true);
    row_i64(&r, x->kind);
    row_ref(&r, x->unit);
    row_ref(&r, x->scheme);
    row_text(&r, text_of(b, x->condition));
    row_text(&r, text_of(b, x->amount));
    row_i64(&r, x->from_ms);
    row_due(&r, x->until_ms);
    row_i64(&r, x->priority);
    row_i64(&r, x->disabled);
    row_put(&r);
}

static void scheme(struct tb_publish *p, struct tb_block *b)
{
    const struct tb_tier_scheme *s = tb_block_head_const(b);
    const struct tb_tier *tier = section_of(b, TB_SCHEME_TIER);
    struct row r;
    begin(&r, p, T_TIER_SCHEMES, b, true);
    row_i64(&r, s->measure);
    row_i64(&r, s->window);
    row_i64(&r, s->window_months);
    row_i64(&r, s->validity_months);
    row_i64(&r, s->grace_days);
    row_i64(&r, s->downgrade);
    row_i64(&r, s->on_refund);
    row_ref(&r, s->unit);
    row_put(&r);
    for (uint32_t i = 0; i < b->n[TB_SCHEME_TIER]; i++) {
        row_begin(&r, p, T_TIERS);
        row_i64(&r, (int64_t)b->id);
        row_i64(&r, i);
        row_i64(&r, s->c.tenant);
        row_text(&r, text_of(b, tier[i].code));
        row_text(&r, text_of(b, tier[i].name));
        row_i64(&r, tier[i].reach);
        row_i64(&r, tier[i].keep);
        row_text(&r, text_of(b, tier[i].benefits));
        row_put(&r);
    }
}

static void key(struct tb_publish *p, struct tb_block *b)
{
    const struct tb_key *k = tb_block_head_const(b);
    struct row r;
    begin(&r, p, T_API_KEYS, b, true);
    row_i64(&r, k->roles);
    row_ref(&r, k->store);
    row_i64(&r, k->created_ms);
    row_ref(&r, (uint64_t)k->expires_ms);
    row_ref(&r, (uint64_t)k->revoked_ms);
    row_put(&r);
}

static void webhook(struct tb_publish *p, struct tb_block *b)
{
    const struct tb_webhook *w = tb_block_head_const(b);
    struct row r;
    begin(&r, p, T_WEBHOOKS, b, false);
    row_text(&r, text_of(b, w->url));
    row_i64(&r, (int64_t)w->events);
    row_i64(&r, w->disabled);
    row_put(&r);
}

static void unit_book(struct tb_publish *p, struct tb_block *b)
{
    const struct tb_unit_book *k = tb_block_head_const(b);
    struct row r;
    for (uint32_t i = 0; i < TB_TENANT_ACCOUNTS; i++) {
        row_begin(&r, p, T_TRIAL_BALANCE);
        row_i64(&r, (int64_t)b->id);
        row_i64(&r, i);
        row_i64(&r, k->tenant);
        row_i64(&r, k->account[i].credits);
        row_i64(&r, k->account[i].debits);
        row_put(&r);
    }
}

static void unit_day(struct tb_publish *p, struct tb_block *b)
{
    const struct tb_unit_day *d = tb_block_head_const(b);
    struct row r;
    row_begin(&r, p, T_ROLL_FORWARD);
    row_i64(&r, d->unit);
    row_i64(&r, d->day);
    row_i64(&r, d->tenant);
    row_i64(&r, d->earned);
    row_i64(&r, d->reversed);
    row_i64(&r, d->spent);
    row_i64(&r, d->expired);
    row_i64(&r, d->adjusted);
    row_put(&r);
}

static void code_batch(struct tb_publish *p, struct tb_block *b)
{
    const struct tb_code_batch *x = tb_block_head_const(b);
    struct row r;
    begin(&r, p, T_CODE_BATCHES, b, true);
    row_i64(&r, x->scene);
    row_i64(&r, x->level);
    row_i64(&r, (int64_t)x->count);
    row_i64(&r, x->divert_scans);
    row_i64(&r, x->divert_persons);
    row_i64(&r, x->divert_days);
    row_i64(&r, x->created_ms);
    row_i64(&r, (int64_t)x->scans);
    row_i64(&r, (int64_t)x->firsts);
    row_i64(&r, (int64_t)x->redeemed);
    row_i64(&r, (int64_t)x->outside);
    row_i64(&r, (int64_t)x->alarms);
    row_put(&r);
}

static void code_binding(struct tb_publish *p, struct tb_block *b)
{
    const struct tb_code_binding *x = tb_block_head_const(b);
    struct row r;
    row_begin(&r, p, T_CODE_BINDINGS);
    row_i64(&r, (int64_t)b->id);
    row_i64(&r, x->tenant);
    row_ref(&r, x->product);
    row_ref(&r, x->store);
    row_ref(&r, x->associate);
    row_text(&r, text_in(b, TB_CODE_BINDING_BYTES, x->region));
    row_text(&r, text_in(b, TB_CODE_BINDING_BYTES, x->campaign));
    row_text(&r, text_in(b, TB_CODE_BINDING_BYTES, x->lot));
    row_i64(&r, x->made_ms);
    row_i64(&r, x->outside.scans);
    row_put(&r);
}

static void code_package(struct tb_publish *p, struct tb_block *b)
{
    const struct tb_code_package *x = tb_block_head_const(b);
    struct row r;
    row_begin(&r, p, T_CODE_PACKAGES);
    row_i64(&r, (int64_t)b->id);
    row_i64(&r, x->tenant);
    row_i64(&r, x->batch);
    row_i64(&r, x->serial);
    row_i64(&r, x->level);
    row_ref(&r, x->store);
    row_ref(&r, x->associate);
    row_ref(&r, (uint64_t)x->received_ms);
    row_i64(&r, x->packed_ms);
    row_i64(&r, x->outside.scans);
    row_put(&r);
}

static void goods(struct tb_publish *p, struct tb_block *b)
{
    const struct tb_goods *g = tb_block_head_const(b);
    struct row r;
    begin(&r, p, T_MALL_GOODS, b, true);
    row_ref(&r, g->unit);
    row_i64(&r, g->points);
    row_i64(&r, g->cash);
    row_i64(&r, g->stock);
    row_i64(&r, g->stock_unit);
    row_ref(&r, g->scheme);
    row_i64(&r, (int64_t)g->tiers[0]);
    row_i64(&r, g->from_ms);
    row_due(&r, g->until_ms);
    row_i64(&r, g->per_member);
    row_i64(&r, g->period);
    row_ref(&r, g->product);
    row_ref(&r, g->gives);
    row_i64(&r, (g->flags & TB_GOODS_MEMBERS_ONLY) != 0);
    row_i64(&r, (g->flags & TB_GOODS_CLOSED) != 0);
    row_put(&r);
}

static void exchange(struct tb_publish *p, struct tb_block *b)
{
    const struct tb_exchange *x = tb_block_head_const(b);
    struct row r;
    row_begin(&r, p, T_MALL_EXCHANGES);
    row_i64(&r, (int64_t)b->id);
    row_i64(&r, x->tenant);
    row_i64(&r, x->goods);
    row_i64(&r, x->profile);
    row_i64(&r, x->state);
    row_i64(&r, x->quantity);
    row_ref(&r, x->unit);
    row_i64(&r, x->points);
    row_i64(&r, x->cash);
    row_i64(&r, x->paid + x->drawn);
    row_i64(&r, x->tender);
    row_ref(&r, x->transfer);
    row_ref(&r, x->store);
    row_text(&r, text_in(b, TB_EXCHANGE_BYTES, (struct tb_text){x->reference_at, x->reference_n}));
    row_i64(&r, x->left);
    row_i64(&r, x->made_ms);
    row_i64(&r, x->moved_ms);
    row_put(&r);
}

static void card(struct tb_publish *p, struct tb_block *b)
{
    const struct tb_card *c = tb_block_head_const(b);
    struct row r;
    row_begin(&r, p, T_CARDS);
    row_i64(&r, (int64_t)b->id);
    row_i64(&r, c->tenant);
    row_i64(&r, c->kind);
    row_i64(&r, c->state);
    row_i64(&r, c->unit);
    row_i64(&r, c->profile);
    row_ref(&r, c->other);
    row_ref(&r, c->batch);
    row_i64(&r, c->serial);
    row_i64(&r, c->amount);
    row_text(&r, text_in(b, TB_CARD_BYTES, (struct tb_text){c->face_at, c->face_n}));
    row_i64(&r, c->made_ms);
    row_i64(&r, c->moved_ms);
    row_ref(&r, (uint64_t)c->deadline_ms);
    row_put(&r);
}

static void request(struct tb_publish *p, struct tb_block *b)
{
    const struct tb_approval *q = tb_block_head_const(b);
    struct row r;
    row_begin(&r, p, T_REQUESTS);
    row_i64(&r, (int64_t)b->id);
    row_i64(&r, q->tenant);
    row_i64(&r, q->act);
    row_i64(&r, q->state);
    row_i64(&r, q->unit);
    row_i64(&r, q->profile);
    row_i64(&r, q->amount);
    row_ref(&r, q->transfer);
    row_ref(&r, q->made);
    row_text(&r, text_in(b, TB_REQUEST_BYTES, (struct tb_text){0, q->reason_n}));
    row_text(&r, text_in(b, TB_REQUEST_BYTES, (struct tb_text){q->reason_n, q->note_n}));
    row_ref(&r, q->asked_by);
    row_ref(&r, q->decided_by);
    row_i64(&r, q->asked_ms);
    row_i64(&r, q->deadline_ms);
    row_ref(&r, (uint64_t)q->decided_ms);
    row_i64(&r, (int64_t)q->asked_seq);
    row_ref(&r, q->decided_seq);
    row_put(&r);
}

static void job(struct tb_publish *p, uint64_t id, struct tb_block *b)
{
    struct row r;
    row_begin(&r, p, T_JOBS);
    row_i64(&r, (int64_t)id);
    if (b == NULL) {
        row_drop(&r);
        return;
    }
    const struct tb_job *j = tb_block_head_const(b);
    row_i64(&r, j->tenant);
    row_i64(&r, j->kind);
    row_i64(&r, (int64_t)j->cursor);
    row_i64(&r, (int64_t)j->last);
    row_i64(&r, j->started_ms);
    row_put(&r);
}

static void device(struct tb_publish *p, uint64_t id, struct tb_block *b)
{
    struct row r;
    drop_prefix(p, T_DEVICE_VISITS, id); /* visits merge, so their keys move */
    drop_prefix(p, T_DEVICE_PERSONS, id);
    row_begin(&r, p, T_DEVICES);
    row_i64(&r, (int64_t)id);
    if (b == NULL) {
        row_drop(&r);
        return;
    }
    const struct tb_device *d = tb_block_head_const(b);
    const struct tb_visit *visit = section_of(b, TB_DEVICE_VISIT);
    const struct tb_attached *who = section_of(b, TB_DEVICE_ATTACH);
    row_i64(&r, d->tenant);
    row_i64(&r, d->ns);
    row_i64(&r, d->first_ms);
    row_i64(&r, d->last_ms);
    row_i64(&r, d->visits);
    row_ref(&r, d->touchpoint);
    row_i64(&r, (d->flags & TB_DEVICE_SHARED) != 0);
    row_put(&r);
    for (uint32_t i = 0; i < b->n[TB_DEVICE_VISIT]; i++) {
        row_begin(&r, p, T_DEVICE_VISITS);
        row_i64(&r, (int64_t)id);
        row_i64(&r, visit[i].first_ms);
        row_i64(&r, visit[i].touchpoint);
        row_i64(&r, d->tenant);
        row_i64(&r, visit[i].last_ms);
        row_put(&r);
    }
    for (uint32_t i = 0; i < b->n[TB_DEVICE_ATTACH]; i++) {
        row_begin(&r, p, T_DEVICE_PERSONS);
        row_i64(&r, (int64_t)id);
        row_i64(&r, who[i].profile);
        row_i64(&r, d->tenant);
        row_i64(&r, who[i].first_ms);
        row_i64(&r, who[i].last_ms);
        row_put(&r);
    }
}

void publish_config(struct tb_publish *p, uint32_t tenant_no, enum tb_kind kind, uint64_t id,
                    struct tb_block *b)
{
    static void (*const put[TB_KINDS])(struct tb_publish *, struct tb_block *) = {
        [TB_KIND_TENANT] = tenant,         [TB_KIND_UNIT] = unit,
        [TB_KIND_NAMESPACE] = namespace,   [TB_KIND_STORE] = store,
        [TB_KIND_PRODUCT] = product,       [TB_KIND_ASSOCIATE] = associate,
        [TB_KIND_TOUCHPOINT] = touchpoint, [TB_KIND_ATTRIBUTE] = declaration,
        [TB_KIND_PURPOSE] = purpose,       [TB_KIND_RULE] = rule,
        [TB_KIND_TIER_SCHEME] = scheme,    [TB_KIND_KEY] = key,
        [TB_KIND_WEBHOOK] = webhook,       [TB_KIND_UNIT_BOOK] = unit_book,
        [TB_KIND_UNIT_DAY] = unit_day,     [TB_KIND_ORDER] = publish_order,
        [TB_KIND_CODE_BATCH] = code_batch, [TB_KIND_CODE_BINDING] = code_binding,
        [TB_KIND_CODE_PACKAGE] = code_package, [TB_KIND_GOODS] = goods,
        [TB_KIND_REQUEST] = request,
        [TB_KIND_CARD] = card,                 [TB_KIND_EXCHANGE] = exchange,
        [TB_KIND_GAME] = publish_game,
        [TB_KIND_PACKET] = publish_packet,
        [TB_KIND_CAMPAIGN] = publish_campaign,
    };
    (void)tenant_no;
    if (kind == TB_KIND_JOB)
        job(p, id, b);
    else if (kind == TB_KIND_OFFER)
        publish_offer(p, id, b);
    else if (kind == TB_KIND_DEVICE)
        device(p, id, b);
    else if (b != NULL && kind < TB_KINDS && put[kind] != NULL)
        put[kind](p, b);
}
