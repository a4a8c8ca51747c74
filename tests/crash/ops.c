// SPDX-License-Identifier: Apache-2.0
#include "ops.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "events.gen.h"

#define KEY_FACTOR UINT64_C(0x9e3779b97f4a7c15)
#define HOLD_MS (INT64_C(90) * 86400000)

/* ---- keys ------------------------------------------------------------------------------------- */

uint64_t op_key(uint32_t book, uint64_t n)
{
    return ((uint64_t)book << 40 | (n + 1)) * KEY_FACTOR;
}

void op_of_key(uint64_t key, uint32_t *book, uint64_t *n)
{
    uint64_t inverse = KEY_FACTOR; /* Newton: each step doubles the bits that are right */
    for (int i = 0; i < 6; i++)
        inverse *= 2 - KEY_FACTOR * inverse;
    uint64_t v = key * inverse;
    *book = (uint32_t)(v >> 40);
    *n = (v & ((UINT64_C(1) << 40) - 1)) - 1;
}

/* ---- members ------------------------------------------------------------------------------------ */

void member_card(uint32_t member, char text[24])
{
    (void)snprintf(text, 24, "CARD%06u", member);
}

void member_phone(uint32_t member, char text[24])
{
    (void)snprintf(text, 24, "+861391234%04u", member);
}

static uint32_t namespace_of(const struct world *w, uint32_t member, bool phone)
{
    return phone ? w->phone[member % TENANTS] : w->card[member % TENANTS];
}

void member_key(struct world *w, uint32_t member, bool phone, uint64_t key[2])
{
    char text[24];
    char normal[TB_IDENTIFIER_BYTES_MAX + 1];
    struct tb_buf out;
    bool blocked;
    (phone ? member_phone : member_card)(member, text);
    tb_buf_init(&out, normal, sizeof normal);
    enum tb_normal_answer a = tb_desk_identifier(
        w->folder->desk, w->tenant[member % TENANTS], namespace_of(w, member, phone),
        phone ? TB_IDENTIFIER_PHONE : TB_IDENTIFIER_CARD, tb_str_of(text), NULL, &out, key, &blocked);
    tb_assert(a == TB_NORMAL_DONE && !blocked && out.n == strlen(text));
}

static void identify(struct world *w, struct slot *s, uint32_t place, bool phone)
{
    uint32_t member = s->intent.member;
    (phone ? member_phone : member_card)(member, s->text[place]);
    s->id[place] = (struct tb_identifier){.ns = namespace_of(w, member, phone),
                                          .verified = true,
                                          .plain = tb_str_of(s->text[place])};
    member_key(w, member, phone, s->id[place].key);
}

/* ---- commands ------------------------------------------------------------------------------------- */

static void fill_order(struct slot *s)
{
    bool again = s->intent.kind == OP_ORDER_AGAIN;
    (void)snprintf(s->key, sizeof s->key, "order-%u-%llu", s->intent.book,
                   (unsigned long long)(again ? s->intent.other : s->intent.n));
    s->line = (struct tb_order_line_input){
        .sku = TB_STR("SKU"), .quantity = 1000, .net = s->intent.amount * 100, .gross = s->intent.amount * 100};
    s->order = (struct tb_cmd_order){.key = tb_str_of(s->key),
                                     .identifier = s->id,
                                     .identifier_n = 1,
                                     .occurred_ms = s->intent.at_ms,
                                     .line = &s->line,
                                     .line_n = 1,
                                     .input_hash = (uint64_t)s->intent.amount * KEY_FACTOR + 1};
    s->r.command.op = TB_OP_ORDER;
    s->r.command.input = &s->order;
}

static void fill_ledger(struct slot *s)
{
    struct tb_who who = {.identifier = s->id[0]};
    s->adjust = (struct tb_cmd_adjust){
        .member = who, .unit = TB_STR("points"), .amount = s->intent.amount, .reason = TB_STR("test")};
    s->hold = (struct tb_cmd_hold){
        .member = who, .unit = TB_STR("points"), .amount = s->intent.amount, .lifetime_ms = HOLD_MS};
    s->post = (struct tb_cmd_hold_post){
        .hold = s->intent.other, .final = true, .reason = TB_STR("test")};
    s->release = (struct tb_cmd_hold_void){.hold = s->intent.other};
}

void op_fill(struct world *w, struct slot *s)
{
    const struct record *i = &s->intent;
    identify(w, s, 0, i->kind != OP_CONTACT && (i->at_ms & 1) != 0);
    s->r = (struct tb_job_request){.done = s->r.done,
                                   .user = s->r.user,
                                   .command.tenant = w->tenant[i->member % TENANTS],
                                   .key_hash = op_key(i->book, i->n),
                                   .input_hash = (op_key(i->book, i->n) ^ i->kind) + 1};
    fill_ledger(s);
    switch ((enum op_kind)i->kind) {
    case OP_ORDER:
    case OP_ORDER_AGAIN:
        fill_order(s);
        break;
    case OP_CONTACT:
        identify(w, s, 1, true);
        s->contact = (struct tb_cmd_contact){
            .identifier = s->id, .identifier_n = 2, .facts = {.occurred_ms = i->at_ms}};
        s->r.command.op = TB_OP_CONTACT;
        s->r.command.input = &s->contact;
        break;
    case OP_ADJUST:
        s->r.command.op = TB_OP_ADJUST;
        s->r.command.input = &s->adjust;
        break;
    case OP_HOLD:
        s->r.command.op = TB_OP_HOLD;
        s->r.command.input = &s->hold;
        break;
    case OP_POST:
        s->r.command.op = TB_OP_HOLD_POST;
        s->r.command.input = &s->post;
        break;
    case OP_VOID:
        s->r.command.op = TB_OP_HOLD_VOID;
        s->r.command.input = &s->release;
        break;
    }
    tb_buf_init(&s->r.answer.body, s->region, sizeof s->region);
}

void op_fill_read(struct world *w, struct slot *s, uint32_t member)
{
    s->intent = (struct record){.type = RECORD_READ, .member = member};
    identify(w, s, 0, false);
    s->r = (struct tb_job_request){.done = s->r.done,
                                   .user = s->r.user,
                                   .command = {.op = TB_OP_MEMBER_GET, .tenant = w->tenant[member % TENANTS]}};
    s->get = (struct tb_cmd_member_get){.who = {.identifier = s->id[0]}, .detail = true};
    s->r.command.input = &s->get;
    tb_buf_init(&s->r.answer.body, s->region, sizeof s->region);
}

/* ---- answers ------------------------------------------------------------------------------------- */

static int64_t zigzag(uint64_t v)
{
    return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

/* Field of a message; 0 when absent. */
static uint64_t number_in(struct tb_str in, uint32_t field)
{
    uint32_t at;
    uint64_t v;
    struct tb_str s;
    bool bad = false;
    while (tb_wire_next(&in, &at, &v, &s, &bad))
        if (at == field)
            return v;
    return 0;
}

static int64_t earned(struct tb_str in)
{
    uint32_t at;
    uint64_t v;
    struct tb_str s;
    bool bad = false;
    while (tb_wire_next(&in, &at, &v, &s, &bad))
        if (at == 4)
            return (int64_t)number_in(s, 2);
    return 0;
}

static bool expect(const struct slot *s, bool ok, const char *what)
{
    if (!ok)
        (void)fprintf(stderr, "command %u/%llu kind %u: %s (code %s)\n", s->intent.book,
                      (unsigned long long)s->intent.n, s->intent.kind, what,
                      tb_code_name(s->r.answer.code));
    return ok;
}

static bool read_ok(struct slot *s, struct tb_str body)
{
    struct record *to = &s->result;
    int64_t asked = s->intent.amount;
    switch ((enum op_kind)s->intent.kind) {
    case OP_ORDER:
        to->amount = earned(body);
        return expect(s, to->amount == asked && number_in(body, 3) == 0, "an order earns a point a yuan, once");
    case OP_ORDER_AGAIN:
        return expect(s, number_in(body, 3) == 1, "the order stood before");
    case OP_CONTACT:
        return expect(s, number_in(body, 2) != 0, "a contact books to somebody");
    case OP_ADJUST:
        to->amount = zigzag(number_in(body, 2));
        if (asked < 0 && to->amount > 0)
            to->amount = -to->amount;
        return expect(s, asked > 0 ? to->amount == asked : to->amount >= asked, "an adjustment moves what was asked");
    case OP_HOLD:
        to->other = number_in(body, 1);
        return expect(s, to->other != 0, "a hold has a number");
    case OP_POST:
        to->amount = -asked;
        return expect(s, (int64_t)number_in(body, 2) == asked || zigzag(number_in(body, 2)) == asked,
                      "all that was held is posted");
    case OP_VOID:
        return true;
    }
    return expect(s, false, "no such kind");
}

bool op_read_answer(struct slot *s)
{
    static const struct tb_hash_key key = {7, 9};
    const struct tb_job_request *r = &s->r;
    struct tb_str body = tb_buf_as_str(&r->answer.body);
    s->result = (struct record){.type = RECORD_RESULT,
                                .book = s->intent.book,
                                .n = s->intent.n,
                                .kind = s->intent.kind,
                                .member = s->intent.member,
                                .at_ms = s->intent.at_ms,
                                .code = r->answer.code,
                                .repeated = r->repeated,
                                .seq = r->seq,
                                .tenant_seq = r->tenant_seq,
                                .digest = tb_siphash(&key, body.p, body.n)};
    if (s->intent.kind == OP_ORDER || s->intent.kind == OP_ORDER_AGAIN || s->intent.kind == OP_CONTACT)
        if (!expect(s, r->answer.code == TB_CODE_OK, "this is never refused"))
            return false;
    return r->answer.code != TB_CODE_OK || read_ok(s, body);
}

/* ---- the retailers ------------------------------------------------------------------------------------ */

struct waiting {
    struct tb_job_request r;
    uint8_t region[4096];
    _Atomic bool done;
};

static void waited(struct tb_job_request *r)
{
    ((struct waiting *)r->user)->done = true;
}

static bool run(struct folder *f, uint32_t tenant, uint32_t op, const void *input, uint32_t *number)
{
    struct waiting w = {.r = {.command = {.op = op, .tenant = tenant, .input = input}, .done = waited}};
    w.r.user = &w;
    tb_buf_init(&w.r.answer.body, w.region, sizeof w.region);
    enum tb_submit taken = tb_cell_submit(f->cell, &w.r);
    if (taken != TB_SUBMIT_TAKEN) {
        (void)fprintf(stderr, "setup: %s: %s\n", tb_op_name(op), tb_submit_name(taken));
        return false;
    }
    while (!w.done)
        (void)nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL);
    if (w.r.finish != TB_FINISH_DONE || w.r.answer.code != TB_CODE_OK) {
        (void)fprintf(stderr, "setup: %s: %s %s %s\n", tb_op_name(op), tb_finish_name(w.r.finish),
                      tb_code_name(w.r.answer.code), w.r.answer.field);
        return false;
    }
    if (number != NULL)
        *number = (uint32_t)number_in(tb_buf_as_str(&w.r.answer.body), 1);
    return true;
}

static bool find_namespace(struct folder *f, uint32_t tenant, const char *code, uint32_t *out)
{
    struct tb_cmd_object_get get = {.kind = TB_KIND_NAMESPACE, .code = tb_str_of(code)};
    struct waiting w = {.r = {.command = {.op = TB_OP_OBJECT_GET, .tenant = tenant, .input = &get}, .done = waited}};
    w.r.user = &w;
    tb_buf_init(&w.r.answer.body, w.region, sizeof w.region);
    if (tb_cell_submit(f->cell, &w.r) != TB_SUBMIT_TAKEN)
        return false;
    while (!w.done)
        (void)nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL);
    struct tb_str in = tb_buf_as_str(&w.r.answer.body);
    uint32_t at;
    uint64_t v;
    struct tb_str s;
    bool bad = false;
    if (w.r.finish == TB_FINISH_DONE && tb_wire_next(&in, &at, &v, &s, &bad) && at == 1)
        *out = (uint32_t)number_in(s, 1);
    return *out != 0;
}

static bool make_tenant(struct world *w, uint32_t i)
{
    static const char *const code[TENANTS] = {"east", "west"};
    struct folder *f = w->folder;
    struct tb_cmd_tenant_put tenant = {.put = {.code = tb_str_of(code[i])},
                                       .name = tb_str_of(code[i]),
                                       .zone = TB_STR("Asia/Shanghai"),
                                       .currency = TB_STR("CNY")};
    struct tb_cmd_unit_put unit = {.put = {.code = TB_STR("points")},
                                   .name = TB_STR("Points"),
                                   .kind = TB_UNIT_POINTS,
                                   .negative = TB_NEGATIVE_WITHIN_BALANCE,
                                   .expiry = TB_EXPIRY_ROLLING_MONTHS,
                                   .expiry_n = 12,
                                   .rounding = TB_ROUNDING_MONTH};
    struct tb_cmd_rule_put rule = {.put = {.code = TB_STR("earn")},
                                   .name = TB_STR("a point a yuan"),
                                   .kind = TB_RULE_EARN,
                                   .unit = TB_STR("points"),
                                   .amount = TB_STR("order.net")};
    return run(f, 0, TB_OP_TENANT_PUT, &tenant, &w->tenant[i]) &&
           run(f, w->tenant[i], TB_OP_UNIT_PUT, &unit, NULL) &&
           run(f, w->tenant[i], TB_OP_RULE_PUT, &rule, NULL) &&
           find_namespace(f, w->tenant[i], "card", &w->card[i]) &&
           find_namespace(f, w->tenant[i], "phone", &w->phone[i]);
}

bool world_make(struct world *w, struct folder *f)
{
    *w = (struct world){.folder = f};
    for (uint32_t i = 0; i < TENANTS; i++)
        if (!make_tenant(w, i))
            return false;
    return true;
}
