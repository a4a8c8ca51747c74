// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/bench/bench.h"
#include "core/catalog/catalog.h"
#include "core/consent/consent.h"
#include "core/ledger/ledger.h"
#include "core/ops.h"

uint64_t tb_bench_field(struct tb_str body, uint32_t wanted)
{
    uint32_t field;
    uint64_t v = 0;
    struct tb_str s;
    bool bad;
    while (tb_wire_next(&body, &field, &v, &s, &bad))
        if (field == wanted)
            return v;
    return 0;
}

bool tb_bench_answers(struct tb_node *node, uint32_t tenant, uint32_t op, const void *input, uint64_t *told, uint32_t n)
{
    uint8_t region[4096];
    struct tb_answer a;
    struct tb_fault fault;
    if (!tb_node_ask(node, tenant, op, input, &a, region, sizeof region, &fault)) {
        (void)fprintf(stderr, "bench: %s\n", fault.text);
        return false;
    }
    if (a.code != TB_CODE_OK) {
        (void)fprintf(stderr, "bench: %s refused: %s %s\n", tb_op_name(op), tb_code_name(a.code),
                      a.field);
        return false;
    }
    for (uint32_t i = 1; i < n; i++)
        told[i] = tb_bench_field(tb_buf_as_str(&a.body), i);
    return true;
}

bool tb_bench_command(struct tb_node *node, uint32_t tenant, uint32_t op, const void *input, uint32_t *number)
{
    uint64_t told[2] = {0};
    if (!tb_bench_answers(node, tenant, op, input, told, TB_COUNT_OF(told)))
        return false;
    if (number != NULL)
        *number = (uint32_t)told[1];
    return true;
}

static bool number_of(struct tb_node *node, uint32_t tenant, enum tb_kind kind, const char *code,
                      uint32_t *out)
{
    uint8_t region[8192];
    struct tb_str packed;
    struct tb_fault fault;
    return tb_node_find(node, tenant, kind, code, out, region, sizeof region, &packed, &fault);
}

static bool fill_tenant(struct tb_bench_world *w, uint32_t i)
{
    char code[32];
    (void)snprintf(code, sizeof code, "bench%u", i);
    struct tb_cmd_tenant_put tenant = {.put = {.code = tb_str_of(code)},
                                       .name = tb_str_of(code),
                                       .zone = TB_STR("Asia/Shanghai"),
                                       .currency = TB_STR("CNY")};
    if (!tb_bench_command(w->node, 0, TB_OP_TENANT_PUT, &tenant, &w->tenant[i]))
        return false;
    uint32_t t = w->tenant[i];
    struct tb_cmd_unit_put unit = {.put = {.code = TB_STR("points")},
                                   .name = TB_STR("Points"),
                                   .kind = TB_UNIT_POINTS,
                                   .negative = TB_NEGATIVE_WITHIN_BALANCE,
                                   .expiry = TB_EXPIRY_ROLLING_MONTHS,
                                   .expiry_n = 12,
                                   .rounding = TB_ROUNDING_MONTH};
    struct tb_cmd_unit_put stars = unit;
    stars.put.code = stars.name = TB_STR("stars");
    struct tb_cmd_store_put store = {.put = {.code = TB_STR("S1")}, .name = TB_STR("S1")};
    struct tb_cmd_rule_put rule = {.put = {.code = TB_STR("earn")},
                                   .name = TB_STR("one point a yuan"),
                                   .kind = TB_RULE_EARN,
                                   .unit = TB_STR("points"),
                                   .amount = TB_STR("order.net")};
    struct tb_cmd_product_put product[2] = {
        {.put = {.code = TB_STR("6901234567892")}, .name = TB_STR("Soy milk 1 l"), .price = 1290},
        {.put = {.code = TB_STR("6909876543210")}, .name = TB_STR("Rice 5 kg"), .price = 4590}};
    struct tb_cmd_purpose_put purpose = {.put = {.code = TB_STR("service")},
                                         .text = TB_STR("to serve you"),
                                         .text_version = 1};
    if (!tb_bench_command(w->node, t, TB_OP_UNIT_PUT, &unit, NULL) ||
        !tb_bench_command(w->node, t, TB_OP_UNIT_PUT, &stars, NULL) ||
        !tb_bench_command(w->node, t, TB_OP_STORE_PUT, &store, NULL) ||
        !tb_bench_command(w->node, t, TB_OP_RULE_PUT, &rule, NULL) ||
        !tb_bench_command(w->node, t, TB_OP_PRODUCT_PUT, &product[0], NULL) ||
        !tb_bench_command(w->node, t, TB_OP_PRODUCT_PUT, &product[1], NULL) ||
        !tb_bench_command(w->node, t, TB_OP_PURPOSE_PUT, &purpose, NULL))
        return false;
    for (uint32_t k = 0; k < 5; k++) {
        char name[8];
        (void)snprintf(name, sizeof name, "a%u", k);
        struct tb_cmd_attribute_put attribute = {.put = {.code = tb_str_of(name)},
                                                 .type = TB_ATTRIBUTE_INT,
                                                 .purpose = TB_STR("service"),
                                                 .benefit = TB_STR("better offers"),
                                                 .retention_days = 3650};
        if (!tb_bench_command(w->node, t, TB_OP_ATTRIBUTE_PUT, &attribute, &w->attribute[i][k]))
            return false;
    }
    return number_of(w->node, t, TB_KIND_NAMESPACE, "phone", &w->phone[i]) &&
           number_of(w->node, t, TB_KIND_NAMESPACE, "card", &w->card[i]);
}

/* SplitMix64, twice: different for each (member, which). */
void tb_bench_key(uint32_t member, uint32_t which, uint64_t key[2])
{
    key[0] = tb_mix(((uint64_t)member << 8 | which) + UINT64_C(0x9e3779b97f4a7c15));
    key[1] = tb_mix(key[0] + UINT64_C(0x632be59bd9b4e019));
}

#define FILL_SLOTS 4096u

struct fill_slot {
    struct tb_job_request r;
    struct tb_identifier id[2];
    char plain[2][16];
    struct tb_cmd_contact contact;
    struct tb_cmd_attributes_set set;
    struct tb_attribute_input value[5];
    struct tb_cmd_adjust adjust;
    uint8_t region[TB_ANSWER_BYTES_MAX];
    _Atomic uint32_t state; /* 0 free, 1 under way, 2 refused */
};

static void filled(struct tb_job_request *r)
{
    struct fill_slot *s = r->user;
    s->state = r->finish == TB_FINISH_DONE && r->answer.code == TB_CODE_OK ? 0 : 2;
}

static struct fill_slot *free_slot(struct fill_slot *slots, uint32_t *at)
{
    for (;; *at = (*at + 1) % FILL_SLOTS) {
        struct fill_slot *s = &slots[*at];
        if (s->state == 2) {
            (void)fprintf(stderr, "bench: a member was refused: %s\n",
                          tb_code_name(s->r.answer.code));
            return NULL;
        }
        if (s->state == 0) {
            *at = (*at + 1) % FILL_SLOTS;
            return s;
        }
        if (*at == 0) /* a look at all of them costs about as much as this sleep */
            (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
}

static bool submit_patiently(struct tb_cell *cell, struct fill_slot *s)
{
    s->state = 1;
    for (;;) {
        enum tb_submit why = tb_cell_submit(cell, &s->r);
        if (why == TB_SUBMIT_TAKEN)
            return true;
        if (why != TB_SUBMIT_QUEUE_FULL && why != TB_SUBMIT_TENANT_FULL && why != TB_SUBMIT_LAGGING)
            return false;
        (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
}

static void prepare(struct tb_bench_world *w, struct fill_slot *s, uint32_t member)
{
    uint32_t t = member % w->tenant_n;
    for (uint32_t k = 0; k < 2; k++) {
        tb_bench_key(member, k, s->id[k].key);
        s->id[k].ns = k == 0 ? w->phone[t] : w->card[t];
        s->id[k].verified = true;
        (void)snprintf(s->plain[k], sizeof s->plain[k], "1%010u", member);
        s->id[k].plain = (struct tb_str){s->plain[k], 11};
    }
    s->r = (struct tb_job_request){.done = filled, .user = s};
    tb_buf_init(&s->r.answer.body, s->region, sizeof s->region);
    s->r.command.tenant = w->tenant[t];
}

/* First the contact that makes the member, then what she tells, then her two accounts: of one nothing is left. */
#define PASSES 2u
#define PASSES_WITH_ACCOUNTS 5u
static void fill_input(struct tb_bench_world *w, struct fill_slot *s, uint32_t member, uint32_t pass,
                       int64_t now)
{
    if (pass == 0) {
        s->contact = (struct tb_cmd_contact){
            .identifier = s->id, .identifier_n = 2, .facts = {.occurred_ms = now}};
        s->r.command.op = TB_OP_CONTACT;
        s->r.command.input = &s->contact;
        return;
    }
    if (pass >= PASSES) {
        s->adjust = (struct tb_cmd_adjust){.member = {.identifier = s->id[0]},
                                           .unit = pass == PASSES ? TB_STR("points") : TB_STR("stars"),
                                           .amount = pass == PASSES + 2 ? -100 : 100,
                                           .reason = TB_STR("bench")};
        s->r.command.op = TB_OP_ADJUST;
        s->r.command.input = &s->adjust;
        return;
    }
    for (uint32_t k = 0; k < 5; k++)
        s->value[k] = (struct tb_attribute_input){
            .attribute = w->attribute[member % w->tenant_n][k], .value = (int64_t)member + k};
    s->set = (struct tb_cmd_attributes_set){.who = {.identifier = s->id[0]},
                                            .attribute = s->value,
                                            .attribute_n = 5,
                                            .source = TB_SOURCE_DECLARED,
                                            .occurred_ms = now};
    s->r.command.op = TB_OP_ATTRIBUTES_SET;
    s->r.command.input = &s->set;
}

bool tb_bench_fill(struct tb_bench_world *w, const struct tb_bench_options *o)
{
    w->tenant_n = o->tenants;
    w->member_n = o->members;
    w->tenant = calloc(o->tenants, sizeof *w->tenant);
    w->phone = calloc(o->tenants, sizeof *w->phone);
    w->card = calloc(o->tenants, sizeof *w->card);
    w->attribute = calloc(o->tenants, sizeof *w->attribute);
    struct fill_slot *slots = calloc(FILL_SLOTS, sizeof *slots);
    if (w->tenant == NULL || w->phone == NULL || w->card == NULL || w->attribute == NULL || slots == NULL)
        return false;
    for (uint32_t i = 0; i < o->tenants; i++)
        if (!fill_tenant(w, i))
            return false;
    int64_t now = (int64_t)time(NULL) * 1000;
    uint32_t at = 0;
    uint32_t passes = o->accounts ? PASSES_WITH_ACCOUNTS : PASSES;
    for (uint32_t m = 0; m < o->members; m++)
        for (uint32_t pass = 0; pass < passes; pass++) {
            struct fill_slot *s = free_slot(slots, &at);
            if (s == NULL)
                return false;
            prepare(w, s, m);
            fill_input(w, s, m, pass, now);
            if (!submit_patiently(w->node->cell, s))
                return false;
        }
    for (uint32_t i = 0; i < FILL_SLOTS; i++)
        while (slots[i].state == 1)
            (void)nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
    free(slots);
    return true;
}
