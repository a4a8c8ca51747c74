// SPDX-License-Identifier: Apache-2.0
/* What a purchase costs the cell's thread: the real core and engine, stepped by one thread
 * over the memory journal and state, so that nothing else is in the figures.
 *
 * usage: bench_purchase MEMBERS PURCHASES [COUPONS [UNKNOWN]]
 * With COUPONS each member claims so many of one template first, beside twenty live campaigns, and every
 * purchase is a confirmation with one of them, as a till makes it of what a quote found. With UNKNOWN the first so
 * many articles of each purchase are none that the catalog knows.
 * The host's monotonic clock is this thread's CPU time: "engine" is CPU alone. For
 * instructions: valgrind --tool=callgrind --toggle-collect=purchases ...               */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/catalog/catalog.h"
#include "core/checkout/checkout.h"
#include "core/consent/consent.h"
#include "core/ops.h"
#include "core/order/order.h"
#include "core/promotion/commands.h"
#include "engine/cell.h"
#include "journal/hash.h"
#include "journal/memory/journal_memory.h"
#include "state/memory/state_memory.h"

#define BATCH 256u
#define LINES 3u

static const struct tb_zone shanghai = {.name = "Asia/Shanghai", .first_offset_ms = 28800000};

static const struct tb_zone *zone(void *user, struct tb_str name)
{
    (void)user;
    (void)name;
    return &shanghai;
}

static uint32_t seal(void *user, uint32_t tenant, uint32_t profile, uint32_t number,
                     struct tb_str plain, uint8_t *out)
{
    (void)user;
    memset(out, (int)(tenant ^ profile ^ number) & 255, TB_SEAL_OVERHEAD);
    memcpy(out + TB_SEAL_OVERHEAD, plain.p, plain.n);
    return plain.n + TB_SEAL_OVERHEAD;
}

static int64_t now_ms(void *user)
{
    (void)user;
    return INT64_C(1795320000000);
}

static int64_t thread_ns(void *user)
{
    struct timespec t;
    (void)user;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void entropy(void *user, void *out, size_t n)
{
    static uint64_t state;
    (void)user;
    uint8_t *p = out;
    for (size_t i = 0; i < n; i += 8) {
        uint64_t v = tb_mix(state += UINT64_C(0x9e3779b97f4a7c15));
        memcpy(p + i, &v, n - i < 8 ? n - i : 8);
    }
}

static const struct tb_host host = {NULL, now_ms, thread_ns, thread_ns, entropy};

static uint64_t answered;

static void done(struct tb_job_request *r)
{
    if (r->finish != TB_FINISH_DONE || r->answer.code != TB_CODE_OK) {
        fprintf(stderr, "%s: %s %s\n", tb_op_name(r->command.op), tb_finish_name(r->finish),
                tb_code_name(r->answer.code));
        exit(1);
    }
    answered++;
}

struct slot {
    struct tb_job_request r;
    struct tb_identifier id[2];
    struct tb_cmd_contact contact;
    struct tb_cmd_attributes_set set;
    struct tb_attribute_input value[5];
    struct tb_cmd_order order;
    struct tb_cmd_coupon_claim claim;
    struct tb_cmd_confirm confirm;
    uint64_t lot;
    struct tb_order_line_input line[LINES];
    struct tb_order_tender_input tender;
    char key[24];
    uint8_t region[TB_ANSWER_BYTES_MAX];
};

static struct slot slot[BATCH];
static struct tb_cell *cell;
static uint32_t tenant;
static uint32_t attribute[5];
static uint32_t ns[2];
static uint32_t coupons;   /* of each member; 0: plain purchases */
static uint32_t unknown;   /* articles of each order that the catalog does not know */
static uint64_t *lot_of;   /* [coupons][members] */
static uint32_t offer;     /* that takes them */

static void prepare(struct slot *s, uint32_t op, const void *input)
{
    s->r = (struct tb_job_request){.command = {.op = op, .tenant = tenant, .input = input}, .done = done, .user = s};
    tb_buf_init(&s->r.answer.body, s->region, sizeof s->region);
}

static void run(uint32_t n)
{
    struct tb_job_request *list[BATCH];
    enum tb_submit why;
    for (uint32_t i = 0; i < n; i++)
        list[i] = &slot[i].r;
    uint64_t want = answered + n;
    if (tb_cell_submit_many(cell, list, n, &why) != n) {
        fprintf(stderr, "submit: %s\n", tb_submit_name(why));
        exit(1);
    }
    while (answered < want)
        (void)tb_cell_step(cell);
}

static uint64_t answer_field(const struct slot *s, uint32_t wanted)
{
    struct tb_str body = tb_buf_as_str(&s->r.answer.body);
    uint32_t field;
    uint64_t v = 0;
    struct tb_str text;
    bool bad;
    while (tb_wire_next(&body, &field, &v, &text, &bad) && field != wanted)
        ;
    return v;
}

/* A command of its own; the answer's field 1. */
static uint32_t one(uint32_t op, const void *input)
{
    prepare(&slot[0], op, input);
    run(1);
    return (uint32_t)answer_field(&slot[0], 1);
}

static void configure(void)
{
    struct tb_cmd_tenant_put t = {.put = {.code = TB_STR("bench")}, .name = TB_STR("bench"),
                                  .zone = TB_STR("Asia/Shanghai"), .currency = TB_STR("CNY")};
    tenant = 0;
    tenant = one(TB_OP_TENANT_PUT, &t);
    struct tb_cmd_unit_put unit = {.put = {.code = TB_STR("points")}, .name = TB_STR("Points"),
                                   .kind = TB_UNIT_POINTS, .negative = TB_NEGATIVE_WITHIN_BALANCE,
                                   .expiry = TB_EXPIRY_ROLLING_MONTHS, .expiry_n = 12,
                                   .rounding = TB_ROUNDING_MONTH};
    struct tb_cmd_store_put store = {.put = {.code = TB_STR("S1")}, .name = TB_STR("S1")};
    struct tb_cmd_rule_put rule = {.put = {.code = TB_STR("earn")}, .name = TB_STR("one point a yuan"),
                                   .kind = TB_RULE_EARN, .unit = TB_STR("points"), .amount = TB_STR("order.net")};
    struct tb_cmd_product_put product = {.name = TB_STR("a product"), .price = 1290};
    struct tb_cmd_purpose_put purpose = {.put = {.code = TB_STR("service")}, .text = TB_STR("to serve you"),
                                         .text_version = 1};
    (void)one(TB_OP_UNIT_PUT, &unit);
    (void)one(TB_OP_STORE_PUT, &store);
    (void)one(TB_OP_RULE_PUT, &rule);
    (void)one(TB_OP_PURPOSE_PUT, &purpose);
    for (uint32_t i = 0; i < 1000; i++) {
        char sku[24];
        (void)snprintf(sku, sizeof sku, "690%010u", i);
        product.put.code = tb_str_of(sku);
        (void)one(TB_OP_PRODUCT_PUT, &product);
    }
    for (uint32_t k = 0; k < 5; k++) {
        char name[8];
        (void)snprintf(name, sizeof name, "a%u", k);
        struct tb_cmd_attribute_put a = {.put = {.code = tb_str_of(name)}, .type = TB_ATTRIBUTE_INT,
                                         .purpose = TB_STR("service"), .benefit = TB_STR("better offers"),
                                         .retention_days = 3650};
        attribute[k] = one(TB_OP_ATTRIBUTE_PUT, &a);
    }
}

/* Twenty live campaigns: one takes the coupon, the others are 10 % off one article each. */
static void campaigns(void)
{
    static const uint32_t all[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    struct tb_cmd_unit_put unit = {.put = {.code = TB_STR("hot")}, .name = TB_STR("5 off 30"), .kind = TB_UNIT_COUPON,
                                   .expiry = TB_EXPIRY_ROLLING_DAYS, .expiry_n = 30, .rounding = TB_ROUNDING_DAY,
                                   .stock = 1000000000};
    (void)one(TB_OP_UNIT_PUT, &unit);
    for (uint32_t i = 0; i < 20; i++) {
        char code[8];
        char sku[24];
        (void)snprintf(code, sizeof code, "c%u", i);
        (void)snprintf(sku, sizeof sku, "690%010u", i);
        const struct tb_scope_input scope = {.slot = TB_SCOPE_SLOT_X, .by = TB_SCOPE_PRODUCT, .text = tb_str_of(sku)};
        struct tb_cmd_campaign_put in = {.put = {.code = tb_str_of(code)}, .name = tb_str_of(code),
                                         .mechanic = TB_PRICE_PERCENT, .ppm = 100000, .rounding = TB_ROUND_HALF_UP,
                                         .sequence = (int64_t)i, .scope = &scope, .scope_n = 1};
        if (i == 2) {
            in.mechanic = TB_PRICE_AMOUNT;
            in.level = TB_PRICE_ORDER;
            in.ppm = 0;
            in.amount = 500;
            in.min_amount = 3000;
            in.scope_n = 0;
            in.coupon = TB_STR("hot");
            in.coupon_rule = TB_PRICE_JOINT;
        }
        struct tb_cmd_campaign_move move = {.campaign = in.put.code, .state = TB_CAMPAIGN_REVIEW,
                                            .acknowledged = all, .acknowledged_n = TB_COUNT_OF(all)};
        (void)one(TB_OP_CAMPAIGN_PUT, &in);
        (void)one(TB_OP_CAMPAIGN_MOVE, &move);
        move.state = TB_CAMPAIGN_LIVE;
        (void)one(TB_OP_CAMPAIGN_MOVE, &move);
        if (i == 2)
            offer = (uint32_t)answer_field(&slot[0], 3);
    }
}

static void find_namespaces(struct tb_core *core, void *user)
{
    (void)user;
    struct tb_txn t = {.store = &core->store, .env = &core->env, .core = core, .tenant = tenant};
    ns[0] = tb_find_code(&t, TB_KIND_NAMESPACE, TB_STR("phone"));
    ns[1] = tb_find_code(&t, TB_KIND_NAMESPACE, TB_STR("card"));
}

static void identifier(struct slot *s, uint32_t member, uint32_t which)
{
    s->id[which] = (struct tb_identifier){.ns = ns[which], .verified = true, .plain = TB_STR("13800138999")};
    s->id[which].key[0] = tb_mix(((uint64_t)member << 8 | which) + UINT64_C(0x9e3779b97f4a7c15));
    s->id[which].key[1] = tb_mix(s->id[which].key[0] + UINT64_C(0x632be59bd9b4e019));
}

static void fill(uint32_t members)
{
    for (uint32_t m = 0; m < members; m += BATCH) {
        uint32_t n = members - m < BATCH ? members - m : BATCH;
        for (uint32_t i = 0; i < n; i++) {
            struct slot *s = &slot[i];
            identifier(s, m + i, 0);
            identifier(s, m + i, 1);
            s->contact = (struct tb_cmd_contact){
                .identifier = s->id, .identifier_n = 2, .facts = {.occurred_ms = now_ms(NULL)}};
            prepare(s, TB_OP_CONTACT, &s->contact);
        }
        run(n);
        for (uint32_t i = 0; i < n; i++) {
            struct slot *s = &slot[i];
            for (uint32_t k = 0; k < 5; k++)
                s->value[k] = (struct tb_attribute_input){.attribute = attribute[k], .value = (int64_t)m + i};
            s->set = (struct tb_cmd_attributes_set){.who = {.identifier = s->id[0]}, .attribute = s->value,
                                                    .attribute_n = 5, .source = TB_SOURCE_DECLARED,
                                                    .occurred_ms = now_ms(NULL)};
            prepare(s, TB_OP_ATTRIBUTES_SET, &s->set);
        }
        run(n);
    }
}

static void claim(uint32_t members)
{
    for (uint32_t k = 0; k < coupons; k++)
        for (uint32_t m = 0; m < members; m += BATCH) {
            uint32_t n = members - m < BATCH ? members - m : BATCH;
            for (uint32_t i = 0; i < n; i++) {
                struct slot *s = &slot[i];
                identifier(s, m + i, 0);
                s->claim = (struct tb_cmd_coupon_claim){.member = {.identifier = s->id[0]}, .unit = TB_STR("hot")};
                prepare(s, TB_OP_COUPON_CLAIM, &s->claim);
            }
            run(n);
            for (uint32_t i = 0; i < n; i++)
                lot_of[(size_t)k * members + m + i] = answer_field(&slot[i], 1);
        }
}

/* The same purchase with a coupon of whose turn it is; each once in as many (7919 is prime). */
static void fill_confirm(struct slot *s, uint64_t no, uint32_t members)
{
    uint32_t member = (uint32_t)(no * 7919 % members);
    identifier(s, member, 0);
    s->id[0].verified = false;
    s->lot = lot_of[(no / members % coupons) * members + member];
    s->line[0].net = 5000;
    s->confirm = (struct tb_cmd_confirm){.quote = {.order = s->order, .coupon = &s->lot, .coupon_n = 1},
                                         .offer = &offer, .offer_n = 1, .exact = true, .payable = -1};
    s->confirm.quote.order.tender = NULL;
    s->confirm.quote.order.tender_n = 0;
    prepare(s, TB_OP_CONFIRM, &s->confirm);
}

#define ARTICLES 1000u

/* sku: those of the catalog, then as many that it does not know */
static void fill_order(struct slot *s, uint64_t no, uint32_t members, uint64_t *chance, char (*sku)[24])
{
    *chance += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t x = tb_mix(*chance);
    int64_t net = 0;
    identifier(s, (uint32_t)(x % members), 0);
    s->id[0].verified = false;
    for (uint32_t i = 0; i < LINES; i++) {
        uint64_t article = (x >> (10 * i + 20)) % ARTICLES + (i < unknown ? ARTICLES : 0);
        s->line[i] = (struct tb_order_line_input){.sku = {sku[article], 13},
                                                  .quantity = 1000 * (i + 1),
                                                  .net = 100 + (int64_t)((x >> (8 * i)) % 9900)};
        net += s->line[i].net;
    }
    s->tender = (struct tb_order_tender_input){.kind = 3, .amount = net};
    int n = snprintf(s->key, sizeof s->key, "B%llu", (unsigned long long)no);
    s->order = (struct tb_cmd_order){.key = {s->key, (uint32_t)n}, .identifier = s->id, .identifier_n = 1,
                                     .store = TB_STR("S1"), .occurred_ms = now_ms(NULL), .line = s->line,
                                     .line_n = LINES, .tender = &s->tender, .tender_n = 1,
                                     .input_hash = tb_mix(no)};
    prepare(s, TB_OP_ORDER, &s->order);
    if (coupons > 0)
        fill_confirm(s, no, members);
    s->r.key_hash = x | 1;
    s->r.input_hash = tb_mix(no);
}

/* A name that a profiler can be told to watch. */
void purchases(uint32_t n);
__attribute__((noinline)) void purchases(uint32_t n)
{
    run(n);
    __asm__ volatile("");
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    uint32_t members = (uint32_t)strtoul(argv[1], NULL, 10);
    uint64_t wanted = strtoull(argv[2], NULL, 10);
    coupons = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : 0;
    unknown = argc > 4 ? (uint32_t)strtoul(argv[4], NULL, 10) : 0;
    lot_of = calloc((size_t)members * (coupons + 1), sizeof *lot_of);
    if (lot_of == NULL || members == 0 || (coupons > 0 && (uint64_t)members * coupons < wanted + 3 * BATCH))
        return 2;
    struct tb_fault f = {0};
    struct tb_cell_tables tables;
    struct tb_core_env env = {.hash_key = {1, 2}, .zone = zone, .seal = seal};
    struct tb_journal *journal = tb_journal_memory_open(NULL);
    struct tb_state *state = tb_state_memory_open();
    struct tb_cell_options o = {.env = &env, .journal = journal, .state = state, .tables = &tables, .host = &host,
                                .batch_hash = tb_batch_hash, .stepping = true, .batch_commands = BATCH,
                                .flush_ms = 1000000000, .pending_bytes = UINT64_C(64) << 30,
                                .replay_entries = UINT64_MAX / 100};
    if (!tb_cell_tables_ensure(&tables, state, NULL, &f) || !tb_cell_create(&o, &cell, &f)) {
        fprintf(stderr, "%s\n", f.text);
        return 1;
    }
    static struct tb_cell_figures before;
    static struct tb_cell_figures after;
    static char sku[2 * ARTICLES][24];
    for (uint32_t i = 0; i < 2 * ARTICLES; i++)
        (void)snprintf(sku[i], sizeof sku[i], "690%010u", i);
    configure();
    (void)tb_cell_call(cell, find_namespaces, NULL);
    fill(members);
    if (coupons > 0) {
        campaigns();
        claim(members);
    }
    tb_cell_figures(cell, &after);
    printf("%u members: %.0f bytes each\n", members, (double)after.memory_bytes / members);
    uint64_t chance = 42;
    for (uint64_t no = 0; no < wanted + BATCH * 2;) {
        for (uint32_t i = 0; i < BATCH; i++)
            fill_order(&slot[i], ++no, members, &chance, sku);
        if (no <= BATCH * 2) { /* the first makes books and days */
            run(BATCH);
            tb_cell_figures(cell, &before);
        } else {
            purchases(BATCH);
        }
    }
    tb_cell_figures(cell, &after);
    double n = (double)(after.commands - before.commands);
    printf("%.0f purchases: %.0f ns of the cell's thread each, %.1f bytes each\n", n,
           (double)(after.engine_ns - before.engine_ns) / n, (double)(after.bytes - before.bytes) / n);
    free(lot_of);
    tb_cell_destroy(cell);
    state->ops->close(state);
    journal->ops->close(journal);
    return 0;
}
