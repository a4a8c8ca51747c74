// SPDX-License-Identifier: Apache-2.0
/* What the engine lends: memory, zones, sealing; and the tenant to work in. */
#include "cell_int.h"

#define SCRATCH_BYTES (2u << 20)
#define BODY_BYTES 4096u

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

const char *const cell_zone_name[3] = {"UTC", "Asia/Shanghai", "America/New_York"};

static const struct tb_zone *zone(void *user, struct tb_str name)
{
    (void)user;
    for (uint32_t i = 0; i < 3; i++)
        if (tb_str_eq_c(name, cell_zone_name[i]))
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

void cell_side_open(struct core_side *s)
{
    struct tb_core_env env = {.hash_key = {1, 2}, .zone = zone, .seal = seal};
    tb_core_init(&s->core, (struct tb_mem){&s->regions, take, give}, &env);
    tb_arena_init(&s->scratch, malloc(SCRATCH_BYTES), SCRATCH_BYTES);
    tb_txn_init(&s->txn, &s->core.store, &s->scratch, malloc(TB_ENTRY_BYTES_MAX));
    s->txn.env = &s->core.env;
    s->txn.core = &s->core;
}

void cell_side_close(struct core_side *s)
{
    for (struct region *r = s->regions, *next; r != NULL; r = next) {
        next = r->next;
        free(r);
    }
    free(s->scratch.base);
    free(s->txn.events.p);
}

/* ---- the tenant ---------------------------------------------------------------------------- */

const char *const cell_unit_code[UNITS] = {"points", "gold", "growth"};
static const char *const ns_code[NAMESPACES] = {"unionid", "card", "phone", "email"};

void cell_put_unit(struct cell *c, uint32_t no, uint32_t variant)
{
    const struct unit_def *u = &c->def->unit[no][variant];
    struct tb_cmd_unit_put put = {.put.code = tb_str_of(cell_unit_code[no]),
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
    cell_must(c, TB_OP_UNIT_PUT, &put);
}

void cell_put_rule(struct cell *c, uint32_t no, uint32_t variant)
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
                                  .unit = tb_str_of(cell_unit_code[r->unit]),
                                  .condition = tb_str_of(condition),
                                  .amount = tb_str_of(amount),
                                  .from_ms = r->from_ms,
                                  .until_ms = r->until_ms,
                                  .priority = r->priority,
                                  .disabled = r->disabled};
    cell_must(c, TB_OP_RULE_PUT, &put);
}

static void run_jobs(struct cell *c)
{
    uint64_t top = c->live.core.store.counter[TB_COUNTER_JOB];
    for (uint64_t id = 1; id <= top; id++)
        while (tb_store_get(&c->live.core.store, TB_KIND_JOB, id) != NULL) {
            struct tb_cmd_job_step in = {.job = id};
            cell_must(c, TB_OP_JOB_STEP, &in);
        }
}

void cell_put_scheme(struct cell *c, uint32_t variant)
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
        .unit = d->measure == TB_MEASURE_QUALIFYING ? tb_str_of(cell_unit_code[2]) : TB_STR_NONE,
        .tier = tier,
        .tier_n = TIERS};
    cell_must(c, TB_OP_TIER_SCHEME_PUT, &put);
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
        cell_must(c, TB_OP_PRODUCT_PUT, &put);
    }
}

static void put_store(struct cell *c)
{
    struct tb_cmd_store_put store = {.put.code = TB_STR("S1"), .name = TB_STR("S1")};
    cell_must(c, TB_OP_STORE_PUT, &store);
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
    cell_side_open(&c->live);
    tb_buf_init(&c->a.body, malloc(BODY_BYTES), BODY_BYTES);
    c->def = def;
    c->now_ms = now_ms;
    c->made_n = steps_max;
    c->made = calloc(steps_max, sizeof *c->made);
    struct tb_cmd_tenant_put put = {.put = {.code = TB_STR("shop")},
                                    .name = TB_STR("Shop"),
                                    .zone = tb_str_of(cell_zone_name[def->zone]),
                                    .currency = TB_STR("CNY"),
                                    .claim_policy = def->claim_policy,
                                    .regular_orders = 3};
    cell_must(c, TB_OP_TENANT_PUT, &put);
    uint64_t v = 0;
    struct tb_str s;
    tb_assert(cell_field(&c->a.body, 1, &v, &s));
    c->tenant = (uint32_t)v;
    for (uint32_t i = 0; i < UNITS; i++) {
        cell_put_unit(c, i, 0);
        c->unit[i] = code_of(c, TB_KIND_UNIT, cell_unit_code[i]);
    }
    for (uint32_t i = 0; i < NAMESPACES; i++)
        c->ns[i] = code_of(c, TB_KIND_NAMESPACE, ns_code[i]);
    put_products(c);
    put_store(c);
    cell_put_scheme(c, 0);
    c->scheme = code_of(c, TB_KIND_TIER_SCHEME, "club");
    for (uint32_t i = 0; i < RULES; i++)
        cell_put_rule(c, i, 0);
    c->till = code_of(c, TB_KIND_TOUCHPOINT, "till");
    return c;
}

void cell_free(struct cell *c)
{
    cell_side_close(&c->live);
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
