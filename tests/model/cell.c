// SPDX-License-Identifier: Apache-2.0
#include "cell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCRATCH_BYTES (2u << 20)
#define BODY_BYTES 4096u
#define HASH(x) tb_mix((x) + 1)

/* ---- what the engine lends ----------------------------------------------------------- */

static const struct tb_zone shanghai = {.name = "Asia/Shanghai", .first_offset_ms = 28800000};

/* US rule since 2007: second Sunday of March 02:00 EST to first Sunday of November. */
static const struct tb_zone *new_york(void)
{
    enum { FIRST = 2020, YEARS = 40 };
    static int64_t at[2 * YEARS];
    static int32_t offset[2 * YEARS];
    static struct tb_zone z = {.name = "America/New_York", .first_offset_ms = -18000000,
                               .n = 2 * YEARS, .at_ms = at, .offset_ms = offset};
    for (int32_t y = 0; at[2 * YEARS - 1] == 0 && y < YEARS; y++) {
        int32_t march = tb_days_from_date((struct tb_date){FIRST + y, 3, 1});
        int32_t november = tb_days_from_date((struct tb_date){FIRST + y, 11, 1});
        march += 6 - tb_weekday(march) + 7;
        november += 6 - tb_weekday(november);
        at[2 * y] = march * TB_DAY_MS + 7 * TB_HOUR_MS;
        offset[2 * y] = -14400000;
        at[2 * y + 1] = november * TB_DAY_MS + 6 * TB_HOUR_MS;
        offset[2 * y + 1] = -18000000;
    }
    return &z;
}

const struct tb_zone *cell_zone(uint32_t no)
{
    return no == 0 ? &tb_zone_utc : no == 1 ? &shanghai : new_york();
}

static const char *const zone_name[] = {"UTC", "Asia/Shanghai", "America/New_York"};

static const struct tb_zone *zone(void *user, struct tb_str name)
{
    (void)user;
    for (uint32_t i = 0; i < 3; i++)
        if (tb_str_eq_c(name, zone_name[i]))
            return cell_zone(i);
    return NULL;
}

static uint32_t seal(void *user, uint32_t tenant, uint32_t profile, uint32_t number,
                     struct tb_str plain, uint8_t *out)
{
    (void)user;
    (void)tenant;
    for (uint32_t i = 0; i < plain.n; i++)
        out[i] = (uint8_t)(plain.p[i] ^ 0x5a);
    for (uint32_t i = 0; i < 16; i++)
        out[plain.n + i] = (uint8_t)(profile * 7 + number * 31 + i);
    return plain.n + 16;
}

static void *take(void *user, size_t size)
{
    struct region **list = user;
    size = (size + sizeof(struct region) + 127) & ~(size_t)63;
    struct region *r = aligned_alloc(64, size);
    tb_assert(r != NULL);
    memset(r, 0, size);
    r->next = *list;
    *list = r;
    return (char *)r + 64;
}

/* Regions live as long as the cell. */
static void give(void *user, void *region, size_t size)
{
    (void)user;
    (void)region;
    (void)size;
}

static void side_open(struct core_side *s)
{
    struct tb_core_env env = {.hash_key = {1, 2}, .zone = zone, .seal = seal};
    tb_core_init(&s->core, (struct tb_mem){&s->regions, take, give}, &env);
    tb_arena_init(&s->scratch, malloc(SCRATCH_BYTES), SCRATCH_BYTES);
    tb_txn_init(&s->txn, &s->core.store, &s->scratch, malloc(TB_ENTRY_BYTES_MAX));
    s->txn.env = &s->core.env;
    s->txn.core = &s->core;
}

static void side_close(struct core_side *s)
{
    for (struct region *r = s->regions, *next; r != NULL; r = next) {
        next = r->next;
        free(r);
    }
    free(s->scratch.base);
    free(s->txn.events.p);
}

/* ---- running ----------------------------------------------------------------------------- */

static void trouble(struct cell *c, const char *what)
{
    if (c->trouble[0] == 0)
        snprintf(c->trouble, sizeof c->trouble, "%s", what);
}

static void keep_events(struct cell *c)
{
    if (c->log_n == c->log_cap) {
        c->log_cap = c->log_cap ? c->log_cap * 2 : 1024;
        c->log = realloc(c->log, c->log_cap * sizeof *c->log);
        tb_assert(c->log != NULL);
    }
    uint32_t n = (uint32_t)c->live.txn.events.n;
    struct entry e = {c->seq, c->now_ms, c->tenant, n, malloc(n + 1)};
    tb_assert(e.p != NULL);
    memcpy(e.p, c->live.txn.events.p, n);
    c->log[c->log_n++] = e;
}

static bool thaw(struct cell *c, uint32_t kind, uint64_t id)
{
    for (uint32_t i = 0; i < c->cold_n; i++)
        if (c->cold[i].kind == kind && c->cold[i].id == id) {
            struct cold *o = &c->cold[i];
            bool good = tb_core_load(&c->live.core, (enum tb_kind)kind, id,
                                     (struct tb_str){o->p, o->n});
            free(o->p);
            *o = c->cold[--c->cold_n];
            return good;
        }
    return false;
}

static enum tb_outcome once(struct cell *c, enum tb_op op, const void *input)
{
    static const uint8_t entropy[TB_ENTROPY_BYTES] = {1, 2, 3};
    struct tb_command cmd = {.op = op, .tenant = c->tenant, .actor = 1, .input = input};
    c->a.code = TB_CODE_OK;
    c->a.field[0] = 0;
    c->a.body.n = 0;
    tb_txn_begin(&c->live.txn, c->tenant, c->now_ms, c->seq, entropy);
    enum tb_outcome outcome = tb_core_run(&c->live.core, &c->live.txn, &cmd, &c->a);
    if (outcome == TB_DONE) {
        keep_events(c);
        tb_txn_commit(&c->live.txn);
        tb_store_batch_done(&c->live.core.store);
    } else {
        tb_txn_undo(&c->live.txn);
    }
    tb_arena_reset(&c->live.scratch);
    return outcome;
}

static enum tb_code run(struct cell *c, enum tb_op op, const void *input)
{
    c->seq++;
    enum tb_outcome outcome;
    for (uint32_t tries = 0; (outcome = once(c, op, input)) == TB_NEED; tries++) {
        if (tries == 8 || c->live.txn.need_n == 0)
            trouble(c, "NEED for ever");
        for (uint32_t i = 0; i < c->live.txn.need_n; i++)
            if (!thaw(c, c->live.txn.need[i].kind, c->live.txn.need[i].id))
                trouble(c, "NEED of a row that does not exist");
        c->loads++;
        if (c->trouble[0])
            return TB_CODE_COUNT;
    }
    return c->a.code;
}

static void must(struct cell *c, enum tb_op op, const void *input)
{
    if (run(c, op, input) != TB_CODE_OK) {
        fprintf(stderr, "set-up: %s %s %s\n", tb_op_name(op), tb_code_name(c->a.code), c->a.field);
        abort();
    }
}

static bool field(const struct tb_buf *body, uint32_t wanted, uint64_t *v, struct tb_str *s)
{
    struct tb_str in = tb_buf_as_str(body);
    uint32_t at;
    bool bad = false;
    while (tb_wire_next(&in, &at, v, s, &bad))
        if (at == wanted)
            return true;
    return false;
}

static int64_t zigzag(uint64_t v)
{
    return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

/* ---- the tenant ---------------------------------------------------------------------------- */

static const char *const unit_code[UNITS] = {"points", "gold", "growth"};
static const char *const ns_code[NAMESPACES] = {"unionid", "card", "phone", "email"};

static void put_unit(struct cell *c, uint32_t no, uint32_t variant)
{
    const struct unit_def *u = &c->def->unit[no][variant];
    struct tb_cmd_unit_put put = {.put.code = tb_str_of(unit_code[no]),
                                  .kind = u->kind,
                                  .negative = u->negative,
                                  .release = u->release,
                                  .release_n = u->release_n,
                                  .expiry = u->expiry,
                                  .expiry_n = u->expiry_n,
                                  .rounding = u->rounding,
                                  .earn_cap = u->earn_cap,
                                  .earn_cap_period = u->earn_cap_period,
                                  .earn_cap_order = u->earn_cap_order,
                                  .earn_cap_rejects = u->earn_cap_rejects,
                                  .balance_max = u->balance_max,
                                  .spend_cap = u->spend_cap,
                                  .spend_cap_period = u->spend_cap_period,
                                  .restore_grace_days = u->restore_grace_days};
    must(c, TB_OP_UNIT_PUT, &put);
}

static void put_rule(struct cell *c, uint32_t no, uint32_t variant)
{
    const struct rule_def *r = &c->def->rule[no][variant];
    char code[16], condition[80], amount[80];
    snprintf(code, sizeof code, "rule%u", no);
    snprintf(condition, sizeof condition, "%s", "");
    long long n = r->n, m = r->m;
    switch ((enum rule_form)r->form) {
    case RULE_NET:
        snprintf(amount, sizeof amount, "order.net * %lld.%lld", n / 10, n % 10);
        break;
    case RULE_FLAT_ABOVE:
        snprintf(condition, sizeof condition, "order.net >= %lld", n);
        snprintf(amount, sizeof amount, "%lld", m);
        break;
    case RULE_FOOD:
        snprintf(amount, sizeof amount, "net_of(\"food\") * %lld.%lld", n / 10, n % 10);
        break;
    case RULE_LOYAL:
        snprintf(condition, sizeof condition, "orders(\"30d\") >= 2");
        snprintf(amount, sizeof amount, "%lld", m);
        break;
    case RULE_SPENT:
        snprintf(condition, sizeof condition, "spent(\"60d\") > %lld", n);
        snprintf(amount, sizeof amount, "%lld", m);
        break;
    case RULE_TIER:
    case RULE_FORMS:
    default:
        snprintf(condition, sizeof condition, "in_tier(\"tier1\")");
        snprintf(amount, sizeof amount, "order.net");
        break;
    }
    struct tb_cmd_rule_put put = {.put.code = tb_str_of(code),
                                  .kind = TB_RULE_EARN,
                                  .unit = tb_str_of(unit_code[r->unit]),
                                  .condition = tb_str_of(condition),
                                  .amount = tb_str_of(amount),
                                  .from_ms = r->from_ms,
                                  .until_ms = r->until_ms,
                                  .priority = r->priority,
                                  .disabled = r->disabled};
    must(c, TB_OP_RULE_PUT, &put);
}

static void run_jobs(struct cell *c)
{
    uint64_t top = c->live.core.store.counter[TB_COUNTER_JOB];
    for (uint64_t id = 1; id <= top; id++)
        while (tb_store_get(&c->live.core.store, TB_KIND_JOB, id) != NULL) {
            struct tb_cmd_job_step in = {.job = id};
            must(c, TB_OP_JOB_STEP, &in);
        }
}

static void put_scheme(struct cell *c, uint32_t variant)
{
    const struct scheme_def *d = &c->def->scheme[variant];
    static const char *const code[TIERS] = {"tier0", "tier1", "tier2"};
    struct tb_tier_input tier[TIERS];
    memset(tier, 0, sizeof tier);
    for (uint32_t i = 0; i < TIERS; i++) {
        tier[i].code = tb_str_of(code[i]);
        tier[i].reach = d->reach[i];
        tier[i].keep = d->keep[i];
        tier[i].never_downgrade = d->never[i];
    }
    struct tb_cmd_tier_scheme_put put = {
        .put.code = TB_STR("club"),
        .measure = d->measure,
        .window = d->window,
        .window_months = d->window_months,
        .validity_months = d->validity_months,
        .grace_days = d->grace_days,
        .downgrade = d->downgrade,
        .on_refund = d->on_refund,
        .unit = d->measure == TB_MEASURE_QUALIFYING ? tb_str_of(unit_code[2]) : TB_STR_NONE,
        .tier = tier,
        .tier_n = TIERS};
    must(c, TB_OP_TIER_SCHEME_PUT, &put);
    run_jobs(c);
}

static void put_products(struct cell *c)
{
    for (uint32_t i = 0; i < 8; i++) {
        char code[8];
        snprintf(code, sizeof code, "sku%u", i);
        struct tb_cmd_product_put put = {.put.code = tb_str_of(code),
                                         .name = tb_str_of(code),
                                         .category = i < 4 ? TB_STR("food/x") : TB_STR("toys"),
                                         .price = 100};
        must(c, TB_OP_PRODUCT_PUT, &put);
    }
}

static void put_store(struct cell *c)
{
    struct tb_cmd_store_put store = {.put.code = TB_STR("S1"), .name = TB_STR("S1")};
    must(c, TB_OP_STORE_PUT, &store);
}

static uint32_t code_of(struct cell *c, enum tb_kind kind, const char *code)
{
    c->live.txn.tenant = c->tenant;
    uint32_t id = tb_find_code(&c->live.txn, kind, tb_str_of(code));
    tb_assert(id != 0);
    return id;
}

struct cell *cell_new(const struct catalog_def *def, int64_t now_ms, uint32_t steps_max)
{
    struct cell *c = calloc(1, sizeof *c);
    tb_assert(c != NULL);
    side_open(&c->live);
    tb_buf_init(&c->a.body, malloc(BODY_BYTES), BODY_BYTES);
    c->def = def;
    c->now_ms = now_ms;
    c->made_n = steps_max;
    c->made = calloc(steps_max, sizeof *c->made);
    struct tb_cmd_tenant_put put = {.put = {.code = TB_STR("shop")},
                                    .name = TB_STR("Shop"),
                                    .zone = tb_str_of(zone_name[def->zone]),
                                    .currency = TB_STR("CNY"),
                                    .claim_policy = def->claim_policy,
                                    .regular_orders = 3};
    must(c, TB_OP_TENANT_PUT, &put);
    uint64_t v = 0;
    struct tb_str s;
    tb_assert(field(&c->a.body, 1, &v, &s));
    c->tenant = (uint32_t)v;
    for (uint32_t i = 0; i < UNITS; i++) {
        put_unit(c, i, 0);
        c->unit[i] = code_of(c, TB_KIND_UNIT, unit_code[i]);
    }
    for (uint32_t i = 0; i < NAMESPACES; i++)
        c->ns[i] = code_of(c, TB_KIND_NAMESPACE, ns_code[i]);
    put_products(c);
    put_store(c);
    put_scheme(c, 0);
    c->scheme = code_of(c, TB_KIND_TIER_SCHEME, "club");
    for (uint32_t i = 0; i < RULES; i++)
        put_rule(c, i, 0);
    c->till = code_of(c, TB_KIND_TOUCHPOINT, "till");
    return c;
}

void cell_free(struct cell *c)
{
    side_close(&c->live);
    for (uint32_t i = 0; i < c->log_n; i++)
        free(c->log[i].p);
    for (uint32_t i = 0; i < c->cold_n; i++)
        free(c->cold[i].p);
    free(c->log);
    free(c->cold);
    free(c->made);
    free(c->a.body.p);
    free(c);
}

/* ---- looking -------------------------------------------------------------------------------- */

static struct tb_identifier identifier(const struct cell *c, struct step_id id)
{
    return (struct tb_identifier){.ns = c->ns[id.ns],
                                  .verified = id.verified,
                                  .key = {HASH(id.value * 16u + id.ns), id.value}};
}

uint32_t cell_profile(struct cell *c, struct step_id id)
{
    struct tb_identifier i = identifier(c, id);
    struct tb_who who = {.identifier = i};
    struct tb_answer a = {.code = TB_CODE_OK};
    uint32_t profile = 0;
    c->live.txn.tenant = c->tenant;
    return tb_identity_who(&c->live.txn, &who, &profile, &a) ? profile : 0;
}

struct tb_block *cell_block(struct cell *c, enum tb_kind kind, uint64_t id)
{
    return tb_store_get(&c->live.core.store, kind, id);
}

int64_t cell_due(struct cell *c)
{
    int64_t due = INT64_MAX;
    for (uint64_t id = 1; id <= c->live.core.store.counter[TB_COUNTER_PERSON]; id++) {
        struct tb_block *b = cell_block(c, TB_KIND_PERSON, id);
        int64_t at = b ? tb_core_due_ms(&c->live.core, b) : INT64_MAX;
        due = at < due ? at : due;
    }
    return due;
}

static void order_key(uint32_t key, char out[16])
{
    snprintf(out, 16, "o%u", key);
}

struct tb_block *cell_order(struct cell *c, uint32_t key)
{
    char text[16];
    order_key(key, text);
    c->live.txn.tenant = c->tenant;
    uint64_t id = 0;
    if (!tb_map_find(&c->live.txn, TB_MAP_ORDER,
                     tb_key_text(&c->live.txn, c->tenant, TB_MAP_ORDER, tb_str_of(text)), &id))
        return NULL;
    if (cell_block(c, TB_KIND_ORDER, id) == NULL)
        (void)thaw(c, TB_KIND_ORDER, id);
    return cell_block(c, TB_KIND_ORDER, id);
}

/* ---- steps -------------------------------------------------------------------------------------- */

static void read_plain(struct cell *c, struct reply *r, uint32_t zigzags)
{
    struct tb_str in = tb_buf_as_str(&c->a.body);
    uint32_t at;
    uint64_t v;
    struct tb_str s;
    bool bad = false;
    while (tb_wire_next(&in, &at, &v, &s, &bad))
        if (at < REPLY_FIELDS && s.p == NULL)
            r->v[at] = zigzags >> at & 1 ? zigzag(v) : (int64_t)v;
}

static void read_unit(struct cell *c, struct reply *r, struct tb_str in, bool order)
{
    uint32_t at;
    uint64_t v;
    struct tb_str s;
    bool bad = false;
    uint32_t unit = UNITS;
    while (tb_wire_next(&in, &at, &v, &s, &bad)) {
        for (uint32_t i = 0; at == 1 && i < UNITS; i++)
            if (c->unit[i] == v)
                unit = i;
        if (unit == UNITS)
            continue;
        if (at == 2 || (at == 4 && !order)) /* one entry for each rule */
            r->unit[unit][at] += (int64_t)v;
        else if (at == 3 || at == 4)
            r->unit[unit][at] = at == 3 ? zigzag(v) : (int64_t)v;
    }
}

static void read_units(struct cell *c, struct reply *r, bool order)
{
    struct tb_str in = tb_buf_as_str(&c->a.body);
    uint32_t at;
    uint64_t v;
    struct tb_str s;
    bool bad = false;
    while (tb_wire_next(&in, &at, &v, &s, &bad)) {
        if (at == 4)
            read_unit(c, r, s, order);
        else if (at < REPLY_FIELDS)
            r->v[at] = at == 8 ? zigzag(v) : (int64_t)v;
    }
}

static uint64_t facts_hash(const struct step *s)
{
    uint64_t h = HASH((uint64_t)s->op * 977 + s->id_n);
    for (uint32_t i = 0; i < s->id_n; i++)
        h = HASH(h ^ (s->id[i].ns * 65536u + s->id[i].value));
    for (uint32_t i = 0; i < s->line_n; i++)
        h = HASH(h ^ HASH((uint64_t)s->line[i].net) ^ (uint64_t)s->line[i].quantity << 20 ^
                 s->line[i].sku << 4 ^ s->line[i].line);
    return HASH(h ^ (uint64_t)s->occurred_ms);
}

static void run_order(struct cell *c, const struct step *s, struct reply *r)
{
    char key[16], receipt[32], sku[STEP_LINES][16];
    struct tb_identifier ids[STEP_IDS];
    struct tb_order_line_input line[STEP_LINES];
    memset(line, 0, sizeof line);
    order_key(s->key, key);
    snprintf(receipt, sizeof receipt, "S1/1/%u", s->key2);
    for (uint32_t i = 0; i < s->id_n; i++)
        ids[i] = identifier(c, s->id[i]);
    for (uint32_t i = 0; i < s->line_n; i++) {
        snprintf(sku[i], sizeof sku[i], "sku%u", s->line[i].sku);
        line[i] = (struct tb_order_line_input){tb_str_of(sku[i]), s->line[i].quantity,
                                               s->line[i].net, 0};
    }
    struct tb_cmd_order in = {.key = tb_str_of(key),
                              .receipt = s->key2 ? tb_str_of(receipt) : TB_STR_NONE,
                              .store = TB_STR("S1"),
                              .till = TB_STR("1"),
                              .identifier = ids,
                              .identifier_n = s->id_n,
                              .occurred_ms = s->occurred_ms,
                              .line = line,
                              .line_n = s->line_n,
                              .input_hash = facts_hash(s)};
    r->code = run(c, TB_OP_ORDER, &in);
    if (r->code == TB_CODE_OK)
        read_units(c, r, true);
}

static void run_return(struct cell *c, const struct step *s, struct reply *r)
{
    char key[16], back[16];
    order_key(s->key, key);
    snprintf(back, sizeof back, "r%u", s->key2);
    struct tb_return_line_input line[STEP_LINES];
    memset(line, 0, sizeof line);
    for (uint32_t i = 0; i < s->line_n; i++)
        line[i] = (struct tb_return_line_input){.line = s->line[i].line,
                                                .quantity = s->line[i].quantity,
                                                .net = s->line[i].net};
    struct tb_cmd_return in = {.order = tb_str_of(key),
                               .key = tb_str_of(back),
                               .line = line,
                               .line_n = s->line_n,
                               .occurred_ms = s->occurred_ms,
                               .input_hash = facts_hash(s)};
    struct tb_cmd_order_cancel cancel = {.order = tb_str_of(key), .input_hash = 5};
    r->code = s->op == STEP_RETURN ? run(c, TB_OP_RETURN, &in) : run(c, TB_OP_ORDER_CANCEL, &cancel);
    if (r->code == TB_CODE_OK)
        read_units(c, r, false);
}

static void run_contact(struct cell *c, const struct step *s, struct reply *r)
{
    struct tb_identifier ids[STEP_IDS];
    for (uint32_t i = 0; i < s->id_n; i++)
        ids[i] = identifier(c, s->id[i]);
    struct tb_cmd_contact in = {.identifier = ids, .identifier_n = s->id_n,
                                .facts = {.occurred_ms = s->occurred_ms, .touchpoint = c->till}};
    r->code = run(c, TB_OP_CONTACT, &in);
    if (r->code == TB_CODE_OK)
        read_plain(c, r, 0);
}

static struct tb_who who(const struct cell *c, struct step_id id)
{
    return (struct tb_who){.identifier = identifier(c, id)};
}

#define NOTHING_MADE (UINT64_C(1) << 40)
#define A_HOLD (UINT64_C(1) << 63) /* else a transfer */

static uint64_t made(const struct cell *c, uint32_t ref, bool hold)
{
    uint64_t no = ref < c->made_n ? c->made[ref] : 0;
    return no != 0 && (no >= A_HOLD) == hold ? no & ~A_HOLD : NOTHING_MADE;
}

static void run_value(struct cell *c, const struct step *s, struct reply *r)
{
    struct tb_str unit = tb_str_of(s->unit < UNITS ? unit_code[s->unit] : "nothing");
    struct tb_str reason = TB_STR("because");
    struct tb_cmd_adjust adjust = {who(c, s->id[0]), unit, s->amount, reason};
    struct tb_cmd_hold hold = {who(c, s->id[0]), unit, s->amount, (int64_t)s->kind * TB_MINUTE_MS};
    struct tb_cmd_hold_post post = {made(c, s->ref, true), s->amount, s->kind == 1, reason};
    struct tb_cmd_hold_void undo = {made(c, s->ref, true)};
    struct tb_cmd_transfer transfer = {who(c, s->id[0]), who(c, s->id[1]), unit, s->amount, reason};
    struct tb_cmd_reverse reverse = {made(c, s->ref, false), s->amount, reason};
    struct tb_cmd_release release = {who(c, s->id[0]), unit};
    switch ((uint32_t)s->op) {
    case STEP_ADJUST:
        r->code = run(c, TB_OP_ADJUST, &adjust);
        read_plain(c, r, 1 << 2 | 1 << 3);
        break;
    case STEP_HOLD:
        r->code = run(c, TB_OP_HOLD, &hold);
        read_plain(c, r, 1 << 2 | 1 << 3);
        break;
    case STEP_POST:
        r->code = run(c, TB_OP_HOLD_POST, &post);
        read_plain(c, r, 1 << 2 | 1 << 3 | 1 << 4);
        break;
    case STEP_VOID:
        r->code = run(c, TB_OP_HOLD_VOID, &undo);
        read_plain(c, r, 1 << 2 | 1 << 3);
        break;
    case STEP_TRANSFER:
        r->code = run(c, TB_OP_TRANSFER, &transfer);
        read_plain(c, r, 1 << 2 | 1 << 3 | 1 << 6);
        break;
    case STEP_REVERSE:
        r->code = run(c, TB_OP_REVERSE, &reverse);
        read_plain(c, r, 1 << 2 | 1 << 3);
        break;
    default:
        r->code = run(c, TB_OP_RELEASE, &release);
        read_plain(c, r, 1 << 2 | 1 << 3);
        break;
    }
    if (r->code == TB_CODE_OK && s->op != STEP_VOID && s->op != STEP_RELEASE && s->no < c->made_n)
        c->made[s->no] = (uint64_t)r->v[1] | (s->op == STEP_HOLD ? A_HOLD : 0);
}

static void run_person(struct cell *c, const struct step *s, struct reply *r)
{
    uint64_t profile[STEP_IDS];
    for (uint32_t i = 0; i < s->id_n; i++)
        profile[i] = cell_profile(c, s->id[i]);
    struct tb_cmd_enrol enrol = {who(c, s->id[0]), c->till, 1, 0, s->occurred_ms};
    struct tb_cmd_unmerge unmerge = {who(c, s->id[0]), profile + 1, s->id_n - 1, TB_STR("because")};
    struct tb_cmd_link link = {profile[0], profile[1], s->kind, TB_STR("because")};
    struct tb_cmd_erase erase = {who(c, s->id[0]), TB_STR("because")};
    r->code = s->op == STEP_ENROL     ? run(c, TB_OP_ENROL, &enrol)
              : s->op == STEP_UNMERGE ? run(c, TB_OP_UNMERGE, &unmerge)
              : s->op == STEP_LINK    ? run(c, TB_OP_LINK, &link)
                                      : run(c, TB_OP_ERASE, &erase);
    read_plain(c, r, 0);
}

static void evict(struct cell *c)
{
    struct tb_store *s = &c->live.core.store;
    static const struct {
        enum tb_kind kind;
        enum tb_counter counter;
    } sparse[] = {{TB_KIND_ORDER, TB_COUNTER_ORDER}, {TB_KIND_TRANSFER, TB_COUNTER_TRANSFER}};
    for (uint32_t k = 0; k < 2; k++)
        for (uint64_t id = 1; id <= s->counter[sparse[k].counter]; id++) {
            struct tb_block *b = tb_store_get(s, sparse[k].kind, id);
            if (b == NULL)
                continue;
            const struct tb_shape *shape = &s->shape[sparse[k].kind];
            size_t size = tb_block_packed_size(shape, b);
            struct cold o = {(uint8_t)sparse[k].kind, id, (uint32_t)size, malloc(size)};
            struct tb_buf out;
            tb_buf_init(&out, o.p, size);
            tb_block_pack(shape, b, &out);
            if (c->cold_n == c->cold_cap) {
                c->cold_cap = c->cold_cap ? c->cold_cap * 2 : 256;
                c->cold = realloc(c->cold, c->cold_cap * sizeof *c->cold);
                tb_assert(c->cold != NULL);
            }
            c->cold[c->cold_n++] = o;
            tb_store_evict(s, sparse[k].kind, id);
        }
}

/* What the due-queue does: fires what is due, also what becomes due by that. */
static void fire(struct cell *c)
{
    for (uint32_t round = 0; round < 50; round++) {
        bool idle = true;
        for (uint64_t id = 1; id <= c->live.core.store.counter[TB_COUNTER_PERSON]; id++) {
            struct tb_block *b = cell_block(c, TB_KIND_PERSON, id);
            if (b == NULL || tb_core_due_ms(&c->live.core, b) > c->now_ms)
                continue;
            idle = false;
            struct tb_cmd_fire in = {TB_KIND_PERSON, id};
            if (run(c, TB_OP_FIRE, &in) != TB_CODE_OK)
                trouble(c, "FIRE was refused");
        }
        if (idle)
            return;
    }
    trouble(c, "what is due stays due after FIRE");
}

/* Who belongs to whom and by which rules is asked when a due thing is done: the engine's due-queue
 * is up to date before either changes. Value alone needs no sweep.                            */
static bool needs_sweep(enum step_op op)
{
    return op == STEP_CONTACT || op == STEP_ORDER || op == STEP_LINK || op == STEP_UNMERGE ||
           op == STEP_ENROL || op == STEP_ERASE || op == STEP_UNIT || op == STEP_SCHEME;
}

void cell_run(struct cell *c, const struct step *s, struct reply *r)
{
    memset(r, 0, sizeof *r);
    c->now_ms = s->now_ms;
    if (needs_sweep(s->op))
        fire(c);
    switch (s->op) {
    case STEP_CONTACT:
        run_contact(c, s, r);
        break;
    case STEP_ORDER:
        run_order(c, s, r);
        break;
    case STEP_RETURN:
    case STEP_CANCEL:
        run_return(c, s, r);
        break;
    case STEP_UNMERGE:
    case STEP_LINK:
    case STEP_ERASE:
    case STEP_ENROL:
        run_person(c, s, r);
        break;
    case STEP_UNIT:
        put_unit(c, s->unit, (uint32_t)s->amount);
        break;
    case STEP_RULE:
        put_rule(c, s->unit, (uint32_t)s->amount);
        break;
    case STEP_SCHEME:
        put_scheme(c, (uint32_t)s->amount);
        break;
    case STEP_FIRE:
        fire(c);
        break;
    case STEP_EVICT:
        evict(c);
        break;
    case STEP_ADJUST:
    case STEP_HOLD:
    case STEP_POST:
    case STEP_VOID:
    case STEP_TRANSFER:
    case STEP_REVERSE:
    case STEP_RELEASE:
    case STEPS:
    default:
        run_value(c, s, r);
        break;
    }
    if (r->code != TB_CODE_OK)
        memset(r->v, 0, sizeof r->v);
}

/* ---- proving -------------------------------------------------------------------------------------- */

static void found(void *user, const char *sentence)
{
    struct cell *c = user;
    char text[200];
    snprintf(text, sizeof text, "audit: %.170s", sentence);
    trouble(c, text);
}

bool cell_audit(struct cell *c)
{
    if (tb_core_check(&c->live.core, found, c) != 0)
        trouble(c, "audit: a break without a sentence");
    return c->trouble[0] == 0;
}

static struct tb_str packed(const struct tb_store *s, struct tb_block *b)
{
    const struct tb_shape *shape = &s->shape[b->kind];
    size_t size = tb_block_packed_size(shape, b);
    struct tb_buf out;
    tb_buf_init(&out, malloc(size + 1), size);
    tb_block_pack(shape, b, &out);
    tb_assert(!out.overflowed && out.n == size);
    return tb_buf_as_str(&out);
}

static void same_block(struct cell *c, struct core_side *other, uint32_t kind, uint64_t id)
{
    struct tb_block *a = tb_store_get(&c->live.core.store, kind, id);
    struct tb_block *b = tb_store_get(&other->core.store, kind, id);
    char text[100];
    snprintf(text, sizeof text, "replay: %s %llu ", tb_shapes[kind].name, (unsigned long long)id);
    if ((a == NULL) != (b == NULL)) {
        strcat(text, "is on one side only");
        trouble(c, text);
    }
    if (a == NULL || b == NULL)
        return;
    struct tb_str pa = packed(&c->live.core.store, a);
    struct tb_str pb = packed(&other->core.store, b);
    if (!tb_str_eq(pa, pb)) {
        strcat(text, "differs");
        trouble(c, text);
    }
    struct tb_block *again = tb_block_unpack(&other->core.store.pool, &tb_shapes[kind],
                                             (uint8_t)kind, id, pa);
    struct tb_str pc = again ? packed(&other->core.store, again) : TB_STR_NONE;
    if (!tb_str_eq(pa, pc)) {
        strcat(text, "changes when it is unpacked");
        trouble(c, text);
    }
    free((void *)(uintptr_t)pa.p);
    free((void *)(uintptr_t)pb.p);
    free((void *)(uintptr_t)pc.p);
}

static void same_maps(struct cell *c, struct core_side *other)
{
    for (uint32_t i = 0; i < TB_MAPS; i++) {
        uint64_t at = 0, key, value, there;
        if (c->live.core.store.map[i].n != other->core.store.map[i].n)
            trouble(c, "replay: a map has another number of entries");
        while (tb_map_next(&c->live.core.store.map[i], &at, &key, &value))
            if (!tb_map_get(&other->core.store.map[i], key, &there) || there != value)
                trouble(c, "replay: a map differs");
    }
    for (uint32_t i = 0; i < TB_COUNTERS; i++)
        if (c->live.core.store.counter[i] != other->core.store.counter[i])
            trouble(c, "replay: a counter differs");
}

static void replay(struct cell *c, struct core_side *fresh)
{
    for (uint32_t i = 0; i < c->log_n; i++) {
        const struct entry *e = &c->log[i];
        struct tb_str list = {(const char *)e->p, e->n}, body;
        uint32_t type;
        bool bad = false;
        tb_txn_begin(&fresh->txn, e->tenant, e->now_ms, e->seq, NULL);
        fresh->txn.replaying = true;
        while (tb_event_next(&list, &type, &body, &bad)) {
            if (!tb_core_replay(&fresh->core, &fresh->txn, type, body))
                trouble(c, "replay: an event is refused");
            tb_arena_reset(&fresh->scratch);
        }
        if (bad)
            trouble(c, "replay: an entry does not parse");
        tb_txn_commit(&fresh->txn);
        tb_store_batch_done(&fresh->core.store);
    }
}

bool cell_prove(struct cell *c)
{
    while (c->cold_n)
        if (!thaw(c, c->cold[0].kind, c->cold[0].id))
            trouble(c, "a cold row does not unpack");
    struct core_side fresh = {0};
    side_open(&fresh);
    replay(c, &fresh);
    uint64_t top = 64;
    for (uint32_t i = 0; i < TB_COUNTERS; i++)
        top = c->live.core.store.counter[i] > top ? c->live.core.store.counter[i] : top;
    for (uint32_t kind = 0; kind < TB_KINDS; kind++)
        for (uint64_t id = 1; tb_shapes[kind].name != NULL && id <= top; id++)
            same_block(c, &fresh, kind, id);
    same_maps(c, &fresh);
    side_close(&fresh);
    return cell_audit(c);
}
