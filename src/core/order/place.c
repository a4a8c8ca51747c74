// SPDX-License-Identifier: Apache-2.0
/* Taking in an order: once, whatever path it comes by. */
#include "core/membership/membership.h"
#include "core/order/order_int.h"
#include "core/order/take.h"
#include "core/promotion/book.h"

bool tb_order_key_is(const struct tb_txn *t, struct tb_block *b, struct tb_str key)
{
    const struct tb_order *order = tb_block_head_const(b);
    const char *bytes = tb_section(t, b, TB_ORDER_BYTES);
    return order->tenant == t->tenant &&
           tb_str_eq((struct tb_str){bytes + order->key_at, order->key_n}, key);
}

/* The block behind a map entry, loading it when it is cold. */
static struct tb_block *order_at(struct tb_txn *t, uint64_t order, bool *need)
{
    struct tb_block *b = tb_read(t, TB_KIND_ORDER, order);
    if (b == NULL) {
        tb_txn_need(t, TB_KIND_ORDER, order);
        *need = true;
    }
    return b;
}

struct tb_block *tb_order_find(struct tb_txn *t, struct tb_str key, bool *need)
{
    uint64_t order;
    *need = false;
    if (key.n == 0 || !tb_map_find(t, TB_MAP_ORDER, tb_key_text(t, t->tenant, TB_MAP_ORDER, key), &order))
        return NULL;
    struct tb_block *b = order_at(t, order, need);
    return b != NULL && tb_order_key_is(t, b, key) ? b : NULL;
}

/* What an answer says was earned, and what the member then has of that unit. */
struct earned_row {
    uint32_t unit;
    int64_t amount;
    struct tb_balance balance;
};
#define EARNED_ROWS_MAX 5u

static void put_earned(const struct earned_row *row, struct tb_answer *a)
{
    tb_buf_byte(&a->body, 4 << 3 | 2);
    size_t length = a->body.n; /* one byte: four numbers are shorter than 128 bytes */
    tb_buf_byte(&a->body, 0);
    tb_wire_put_uint(&a->body, 1, row->unit);
    tb_wire_put_uint(&a->body, 2, (uint64_t)row->amount);
    tb_wire_put_uint(&a->body, 3, tb_zigzag(row->balance.available));
    tb_wire_put_uint(&a->body, 4, (uint64_t)row->balance.pending);
    if (!a->body.overflowed)
        a->body.p[length] = (uint8_t)(a->body.n - length - 1);
}

/* Two rules may have given the same unit: one look is enough for both. */
static void find_balance(const struct tb_txn *t, struct tb_block *person, struct earned_row *row,
                         uint32_t i)
{
    for (uint32_t k = 0; k < i; k++)
        if (row[k].unit == row[i].unit) {
            row[i].balance = row[k].balance;
            return;
        }
    row[i].balance = tb_ledger_balance(t, person, row[i].unit, t->now_ms);
}

static void put_member(struct tb_txn *t, struct tb_block *person, struct earned_row *row, uint32_t n,
                       struct tb_answer *a)
{
    tb_wire_put_uint(&a->body, 2, tb_person_id(person));
    for (uint32_t i = 0; i < n; i++) {
        find_balance(t, person, row, i);
        put_earned(&row[i], a);
    }
    uint32_t scheme;
    uint32_t tier;
    if (tb_membership_tier(t, person, &scheme, &tier)) {
        tb_wire_put_uint(&a->body, 5, tier + 1);
        tb_wire_put_uint(&a->body, 6, scheme);
    }
}

static void answer_placed(struct tb_txn *t, const struct tb_ev_order_placed *ev,
                          const struct tb_resolved *who, struct tb_answer *a)
{
    struct earned_row row[EARNED_ROWS_MAX];
    uint32_t n = 0;
    tb_wire_put_uint(&a->body, 1, ev->order);
    if (who->created)
        tb_wire_put_uint(&a->body, 7, 1);
    for (; n < ev->earn_n && n < EARNED_ROWS_MAX; n++) {
        row[n].unit = (uint32_t)ev->earn[n].unit;
        row[n].amount = ev->earn[n].amount;
    }
    if (ev->profile)
        put_member(t, tb_read(t, TB_KIND_PERSON, who->person), row, n, a);
}

static void answer_stood(struct tb_txn *t, struct tb_block *b, struct tb_answer *a)
{
    const struct tb_order *order = tb_block_head_const(b);
    const struct tb_order_earn *earn = tb_section(t, b, TB_ORDER_EARN);
    struct earned_row row[EARNED_ROWS_MAX];
    uint32_t n = 0;
    tb_wire_put_uint(&a->body, 1, b->id);
    tb_wire_put_uint(&a->body, 3, 1);
    for (; n < b->n[TB_ORDER_EARN] && n < EARNED_ROWS_MAX; n++) {
        row[n].unit = earn[n].unit;
        row[n].amount = earn[n].amount;
    }
    if (order->profile)
        put_member(t, tb_read(t, TB_KIND_PERSON, tb_person_by_profile(t, order->profile)), row, n, a);
}

/* The order that stands under this key or receipt. */
enum stands { STANDS_NOT, STANDS_SAME, STANDS_OTHER, STANDS_COLD };

static enum stands standing(struct tb_txn *t, const struct tb_cmd_order *in, struct tb_block **b,
                            const char **field)
{
    bool need;
    *field = "order";
    *b = tb_order_find(t, in->key, &need);
    if (need)
        return STANDS_COLD;
    if (*b != NULL)
        return ((const struct tb_order *)tb_block_head_const(*b))->input_hash == in->input_hash
                   ? STANDS_SAME
                   : STANDS_OTHER;
    uint64_t order;
    if (in->receipt.n == 0 ||
        !tb_map_find(t, TB_MAP_RECEIPT, tb_key_text(t, t->tenant, TB_MAP_RECEIPT, in->receipt), &order))
        return STANDS_NOT;
    *field = "receipt";
    *b = order_at(t, order, &need);
    if (*b == NULL)
        return STANDS_COLD;
    /* the same receipt under another key: the same sale when the money agrees */
    const struct tb_order *o = tb_block_head_const(*b);
    if (in->pricing != NULL) /* its price is not known yet */
        return in->line_n == 0 || (*b)->n[TB_ORDER_LINE] == in->line_n ? STANDS_SAME : STANDS_OTHER;
    int64_t net = 0;
    for (uint32_t i = 0; i < in->line_n; i++)
        if (!tb_add(net, in->line[i].net, &net))
            return STANDS_OTHER;
    return o->net == net && (*b)->n[TB_ORDER_LINE] == in->line_n ? STANDS_SAME : STANDS_OTHER;
}

enum tb_outcome tb_order_lines(struct tb_txn *t, const struct tb_cmd_order *in, struct tb_order_facts *f,
                               struct tb_answer *a)
{
    if (in->line_n == 0 || in->line_n > TB_ORDER_LINES_MAX)
        return tb_refuse(a, TB_CODE_INVALID, "lines");
    if (in->tender_n > TB_ORDER_TENDERS_MAX)
        return tb_refuse(a, TB_CODE_INVALID, "tenders");
    f->line = tb_arena_take(t->scratch, in->line_n * sizeof *f->line); /* all are written */
    f->tender = tb_arena_take(t->scratch, (in->tender_n + 1) * sizeof *f->tender);
    tb_assert(f->line != NULL && f->tender != NULL);
    for (uint32_t i = 0; i < in->line_n; i++) {
        const struct tb_order_line_input *l = &in->line[i];
        if (l->sku.n == 0 || l->sku.n > TB_CODE_MAX || l->quantity <= 0 || l->net < 0 ||
            !tb_amount_ok(l->quantity) || !tb_amount_ok(l->net) || l->gross < 0 || !tb_amount_ok(l->gross))
            return tb_refuse(a, TB_CODE_INVALID, "lines");
        if (!tb_add(f->net, l->net, &f->net) || !tb_amount_ok(f->net))
            return tb_refuse(a, TB_CODE_AMOUNT_OVERFLOW, "lines");
        uint32_t product = in->pricing != NULL && in->pricing->product != NULL
                               ? in->pricing->product[i]
                               : tb_find_code(t, TB_KIND_PRODUCT, l->sku);
        f->line[i] = (struct tb_ev_order_line){.product = product,
                                               .sku = product ? TB_STR_NONE : l->sku,
                                               .quantity = l->quantity,
                                               .net = l->net,
                                               .gross = l->gross == l->net ? 0 : l->gross};
    }
    int64_t paid = 0;
    for (uint32_t i = 0; i < in->tender_n; i++) {
        f->tender[i] = (struct tb_ev_order_tender){.kind = in->tender[i].kind,
                                                   .amount = in->tender[i].amount};
        if (in->tender[i].amount < 0 || in->tender[i].kind >= TB_TENDER_KINDS)
            return tb_refuse(a, TB_CODE_INVALID, "tenders");
        if (!tb_add(paid, in->tender[i].amount, &paid))
            return tb_refuse(a, TB_CODE_AMOUNT_OVERFLOW, "tenders");
    }
    if (in->tender_n > 0 && paid != f->net + (in->pricing ? in->pricing->shipping : 0))
        return tb_refuse(a, TB_CODE_TENDERS_DIFFER, "tenders");
    return TB_DONE;
}

enum tb_outcome tb_order_places(struct tb_txn *t, const struct tb_cmd_order *in, struct tb_order_facts *f,
                                struct tb_answer *a)
{
    const struct tb_tenant *tenant = tb_tenant_of(t);
    tb_assert(tenant != NULL);
    if (in->currency.n && !tb_str_eq_c(in->currency, (const char *)tenant->currency))
        return tb_refuse(a, TB_CODE_UNKNOWN_CURRENCY, "currency");
    f->store = in->store.n ? tb_find_code(t, TB_KIND_STORE, in->store) : 0;
    if (in->store.n && f->store == 0)
        return tb_refuse(a, TB_CODE_UNKNOWN_STORE, "store");
    f->associate = in->associate.n ? tb_find_code(t, TB_KIND_ASSOCIATE, in->associate) : 0;
    if (in->associate.n && f->associate == 0)
        return tb_refuse(a, TB_CODE_UNKNOWN_ASSOCIATE, "associate");
    f->touchpoint = in->touchpoint.n ? tb_find_code(t, TB_KIND_TOUCHPOINT, in->touchpoint) : 0;
    if (in->touchpoint.n && f->touchpoint == 0)
        return tb_refuse(a, TB_CODE_UNKNOWN_TOUCHPOINT, "touchpoint");
    enum tb_code code = tb_identity_time(t, in->occurred_ms);
    return code == TB_CODE_OK ? TB_DONE : tb_refuse(a, code, "occurred_at");
}

/* Who bought: a profile, or nobody when the identifiers say nothing (a probe, a blocked
 * value): the order stands either way. */
enum tb_outcome tb_order_recognise(struct tb_txn *t, const struct tb_cmd_order *in, const struct tb_order_facts *f,
                                   struct tb_resolved *who, struct tb_answer *a)
{
    *who = (struct tb_resolved){0};
    if (in->profile) {
        struct tb_who named = {.profile = in->profile};
        who->person = tb_identity_who(t, &named, &who->profile, a);
        return who->person ? TB_DONE : tb_refuse(a, a->code, "member");
    }
    if (in->identifier_n == 0)
        return TB_DONE;
    struct tb_contact_facts contact = {
        .occurred_ms = in->occurred_ms, .touchpoint = f->touchpoint, .store = f->store};
    enum tb_outcome outcome =
        tb_identity_resolve(t, in->identifier, in->identifier_n, &contact, who, a);
    if (outcome == TB_REFUSED && (a->code == TB_CODE_IDENTIFIER_BLOCKED || a->code == TB_CODE_ERASED ||
                                  a->code == TB_CODE_NO_IDENTIFIER || a->code == TB_CODE_DISABLED)) {
        *who = (struct tb_resolved){0};
        a->code = TB_CODE_OK;
        a->field[0] = 0;
        return TB_DONE;
    }
    return outcome;
}

enum tb_outcome tb_order_stood(struct tb_txn *t, const struct tb_cmd_order *in, bool *stands, struct tb_answer *a)
{
    *stands = false;
    if (in->key.n == 0 || in->key.n > TB_ORDER_KEY_MAX)
        return tb_refuse(a, TB_CODE_INVALID, "order");
    if (in->receipt.n > 3 * TB_CODE_MAX)
        return tb_refuse(a, TB_CODE_INVALID, "receipt");
    struct tb_block *b;
    const char *field;
    switch (standing(t, in, &b, &field)) {
    case STANDS_COLD:
        return TB_NEED;
    case STANDS_OTHER:
        return tb_refuse(a, TB_CODE_ORDER_EXISTS, field);
    case STANDS_SAME:
        *stands = true;
        answer_stood(t, b, a);
        return TB_DONE;
    case STANDS_NOT:
        break;
    }
    return TB_DONE;
}

/* The order as it is about to be placed, but for what it earns. */
static struct tb_ev_order_placed draft_of(const struct tb_txn *t, const struct tb_cmd_order *in,
                                          const struct tb_order_facts *f, const struct tb_resolved *who)
{
    return (struct tb_ev_order_placed){.order = tb_counter_next(t, TB_COUNTER_ORDER),
                                       .key = in->key,
                                       .receipt = in->receipt,
                                       .till = in->receipt.n ? TB_STR_NONE : in->till,
                                       .profile = who->profile,
                                       .store = f->store,
                                       .associate = f->associate,
                                       .touchpoint = f->touchpoint,
                                       .occurred_ms = in->occurred_ms,
                                       .net = f->net,
                                       .line = f->line,
                                       .line_n = in->line_n,
                                       .tender = f->tender,
                                       .tender_n = in->tender_n,
                                       .input_hash = in->input_hash,
                                       .day = tb_tenant_day(t, in->occurred_ms, NULL, NULL),
                                       .channel = in->channel};
}

enum tb_code tb_order_would_earn(struct tb_txn *t, const struct tb_cmd_order *in, const struct tb_order_facts *f,
                                 const struct tb_resolved *who, const struct tb_ev_order_earn **row, uint32_t *n)
{
    struct tb_ev_order_placed ev = draft_of(t, in, f, who);
    tb_assert(who->profile != 0);
    tb_membership_fire(t, who->person);
    enum tb_code code = tb_order_earn(t, in, who->person, true, &ev);
    *row = ev.earn;
    *n = code == TB_CODE_OK ? ev.earn_n : 0;
    return code;
}

enum tb_outcome tb_order_book(struct tb_txn *t, const struct tb_cmd_order *in, const struct tb_order_facts *f,
                              const struct tb_resolved *who, struct tb_answer *a)
{
    struct tb_ev_order_placed ev = draft_of(t, in, f, who);
    if (who->profile) { /* what was due before did not know of the order */
        tb_membership_fire(t, who->person);
        enum tb_code code = tb_order_earn(t, in, who->person, false, &ev);
        if (code != TB_CODE_OK)
            return tb_refuse(a, code, "lines");
    }
    tb_emit_order_placed(t, &ev);
    if (in->pricing != NULL) {
        in->pricing->event->order = ev.order;
        tb_emit_order_priced(t, in->pricing->event);
    }
    tb_promotion_book_sale(t, ev.order);
    if (who->profile)
        tb_membership_evaluate(t, who->person, ev.day, TB_TIER_BY_ORDER);
    answer_placed(t, &ev, who, a);
    return TB_DONE;
}

enum tb_outcome tb_order_place(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_order *in = cmd->input;
    struct tb_order_facts f = {0};
    bool stands;
    enum tb_outcome outcome = tb_order_stood(t, in, &stands, a);
    if (outcome != TB_DONE || stands)
        return outcome;
    if (tb_order_lines(t, in, &f, a) != TB_DONE || tb_order_places(t, in, &f, a) != TB_DONE)
        return TB_REFUSED;
    struct tb_resolved who;
    outcome = tb_order_recognise(t, in, &f, &who, a);
    return outcome == TB_DONE ? tb_order_book(t, in, &f, &who, a) : outcome;
}

#define NAMES_SPARE 256u /* of the answer stays free behind the names */

static void put_names(struct tb_txn *t, struct tb_block *b, struct tb_answer *a)
{
    const struct tb_order_line *line = tb_section(t, b, TB_ORDER_LINE);
    for (uint32_t i = 0; i < b->n[TB_ORDER_LINE]; i++) {
        struct tb_block *product = line[i].product ? tb_read(t, TB_KIND_PRODUCT, line[i].product) : NULL;
        struct tb_str name = product ? tb_config_text(t, product, tb_config_of(product)->name) : TB_STR_NONE;
        if (a->body.cap - a->body.n < name.n + NAMES_SPARE)
            return;
        tb_wire_put_bytes(&a->body, 3, name);
    }
}

enum tb_outcome tb_order_get(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_order_get *in = cmd->input;
    bool need = false;
    struct tb_block *b = NULL;
    if (in->no == 0)
        b = tb_order_find(t, in->order, &need);
    else if (in->no <= t->store->counter[TB_COUNTER_ORDER])
        b = order_at(t, in->no, &need);
    if (need)
        return TB_NEED;
    const struct tb_order *order = b ? tb_block_head_const(b) : NULL;
    if (order == NULL || order->tenant != t->tenant)
        return tb_refuse(a, TB_CODE_UNKNOWN_ORDER, "order");
    if (in->of != 0 &&
        (order->profile == 0 || tb_person_by_profile(t, order->profile) != tb_person_by_profile(t, in->of)))
        return tb_refuse(a, TB_CODE_UNKNOWN_ORDER, "order");
    const struct tb_shape *shape = &t->store->shape[TB_KIND_ORDER];
    size_t size = tb_block_packed_size(shape, b);
    struct tb_buf packed;
    void *region = tb_arena_alloc(t->scratch, size);
    if (region == NULL)
        return tb_refuse(a, TB_CODE_TOO_LARGE, "");
    tb_buf_init(&packed, region, size);
    tb_block_pack(shape, b, &packed);
    tb_wire_put_uint(&a->body, 1, b->id);
    tb_wire_put_bytes(&a->body, 2, tb_buf_as_str(&packed));
    if (in->of != 0)
        put_names(t, b, a);
    return TB_DONE;
}
