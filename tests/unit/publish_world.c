// SPDX-License-Identifier: Apache-2.0
#include "publish_world.h"

#include "journal/hash.h"
#include "journal/memory/journal_memory.h"

static int64_t wall(void *user)
{
    return ((struct pw *)user)->now_ms;
}

static int64_t mono(void *user)
{
    const struct pw *w = user;
    return w->mono_ns + (w->running ? tb_host_real.mono_ns(NULL) : 0);
}

static void entropy(void *user, void *out, size_t n)
{
    static uint8_t next;
    (void)user;
    memset(out, next++, n);
}

static const struct tb_zone *zone(void *user, struct tb_str name)
{
    (void)user;
    (void)name;
    return &tb_zone_utc;
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

static void start(struct pw *w)
{
    struct tb_fault f = {0};
    w->publish = tb_publish_create(&w->publish_options);
    const struct tb_publisher *p = w->bare ? NULL : tb_publish_of(w->publish);
    if (w->tables.n == 0)
        assert_true(tb_cell_tables_ensure(&w->tables, w->state, p, &f));
    else
        p->bind(p->user, w->tables.table + (w->tables.n - p->table_n), w->tables.table);
    struct tb_cell_options o = {.env = &w->env, .journal = w->journal, .state = w->state,
                                .tables = &w->tables, .host = &w->host,
                                .batch_hash = tb_batch_hash, .publisher = p, .stepping = true};
    if (!tb_cell_create(&o, &w->cell, &f))
        fail_msg("%s", f.text);
}

static void answered(struct tb_job_request *r)
{
    struct pw *w = r->user;
    w->answer = r->answer;
    w->done = true;
    assert_int_equal(r->finish, TB_FINISH_DONE);
}

void pw_steps(struct pw *w)
{
    do
        w->mono_ns += 1000000;
    while (tb_cell_step(w->cell));
}

enum tb_code pw_run(struct pw *w, uint32_t op, const void *input)
{
    struct tb_job_request r = {.command = {.op = op, .tenant = w->tenant, .input = input},
                               .done = answered, .user = w};
    tb_buf_init(&r.answer.body, w->region, sizeof w->region);
    w->done = false;
    assert_int_equal(tb_cell_submit(w->cell, &r), TB_SUBMIT_TAKEN);
    for (uint32_t i = 0; !w->done; i++) {
        assert_true(i < 1000);
        w->mono_ns += w->tick_ns;
        (void)tb_cell_step(w->cell);
    }
    return w->answer.code;
}

uint64_t pw_uint(struct pw *w, uint32_t field)
{
    struct tb_str body = tb_buf_as_str(&w->answer.body), s;
    uint32_t number;
    uint64_t v;
    bool bad;
    while (tb_wire_next(&body, &number, &v, &s, &bad))
        if (number == field)
            return v;
    return 0;
}

struct tb_identifier pw_id(uint32_t ns, uint32_t number)
{
    uint64_t hi = tb_mix((uint64_t)ns << 32 | number);
    return (struct tb_identifier){.ns = ns, .verified = true, .key = {hi, tb_mix(hi)}};
}

enum tb_code pw_buy(struct pw *w, uint32_t member, int64_t net, uint64_t *order)
{
    char key[24];
    struct tb_identifier id = pw_id(w->phone, member);
    *order = ++w->orders;
    uint32_t n = (uint32_t)snprintf(key, sizeof key, "B%" PRIu64, *order);
    struct tb_order_line_input line[2] = {
        {.sku = TB_STR("6901234567892"), .quantity = 1000, .net = net / 3},
        {.sku = TB_STR("6909876543210"), .quantity = 2000, .net = net - net / 3}};
    struct tb_order_tender_input tender = {.kind = 3, .amount = net};
    struct tb_cmd_order o = {.key = {key, n}, .identifier = &id, .identifier_n = 1,
                             .store = TB_STR("S1"), .occurred_ms = w->now_ms, .line = line,
                             .line_n = 2, .tender = &tender, .tender_n = 1,
                             .input_hash = tb_mix(*order)};
    return pw_run(w, TB_OP_ORDER, &o);
}

static void must(struct pw *w, uint32_t op, const void *input)
{
    if (pw_run(w, op, input) != TB_CODE_OK)
        fail_msg("%s: %s %s", tb_op_name(op), tb_code_name(w->answer.code), w->answer.field);
}

static uint32_t number_of(struct pw *w, enum tb_kind kind, const char *code)
{
    struct tb_cmd_object_get get = {.kind = kind, .code = tb_str_of(code)};
    must(w, TB_OP_OBJECT_GET, &get);
    struct tb_str body = tb_buf_as_str(&w->answer.body), s = TB_STR_NONE;
    uint32_t number;
    uint64_t v = 0;
    bool bad;
    assert_true(tb_wire_next(&body, &number, &v, &s, &bad));
    assert_true(tb_wire_next(&s, &number, &v, &body, &bad));
    return (uint32_t)v;
}

static void put_units(struct pw *w)
{
    struct tb_cmd_unit_put points = {.put = {.code = TB_STR("points")}, .name = TB_STR("Points"),
                                     .negative = TB_NEGATIVE_WITHIN_BALANCE,
                                     .expiry = TB_EXPIRY_ROLLING_DAYS, .expiry_n = 40};
    struct tb_cmd_unit_put slow = {.put = {.code = TB_STR("bonus")}, .name = TB_STR("Bonus"),
                                   .negative = TB_NEGATIVE_UNLIMITED,
                                   .release = TB_RELEASE_AFTER_DAYS, .release_n = 3};
    struct tb_cmd_rule_put earn = {.put = {.code = TB_STR("earn")}, .name = TB_STR("Earn"),
                                   .unit = TB_STR("points"), .amount = TB_STR("order.net")};
    struct tb_cmd_rule_put more = {.put = {.code = TB_STR("more")}, .name = TB_STR("More"),
                                   .unit = TB_STR("bonus"), .amount = TB_STR("order.net"),
                                   .condition = TB_STR("order.net > decimal(\"50\")")};
    struct tb_tier_input tier[2] = {{.code = TB_STR("base"), .name = TB_STR("Base")},
                                    {.code = TB_STR("gold"), .name = TB_STR("Gold"), .reach = 20000}};
    struct tb_cmd_tier_scheme_put scheme = {.put = {.code = TB_STR("club")}, .name = TB_STR("Club"),
                                            .measure = TB_MEASURE_SPEND, .window_months = 2,
                                            .validity_months = 1, .tier = tier, .tier_n = 2};
    must(w, TB_OP_UNIT_PUT, &points);
    must(w, TB_OP_UNIT_PUT, &slow);
    must(w, TB_OP_RULE_PUT, &earn);
    if (pw_run(w, TB_OP_RULE_PUT, &more) != TB_CODE_OK) {
        more.condition = TB_STR_NONE;
        must(w, TB_OP_RULE_PUT, &more);
    }
    must(w, TB_OP_TIER_SCHEME_PUT, &scheme);
}

static void put_attributes(struct pw *w)
{
    static const struct {
        const char *code;
        int64_t type;
        bool personal;
    } all[4] = {{"a_int", TB_ATTRIBUTE_INT, false},
                {"a_text", TB_ATTRIBUTE_TEXT, false},
                {"a_secret", TB_ATTRIBUTE_TEXT, true},
                {"a_choice", TB_ATTRIBUTE_CHOICE, false}};
    static const struct tb_str choice[2] = {{"red", 3}, {"blue", 4}};
    struct tb_cmd_purpose_put purpose = {.put = {.code = TB_STR("service")},
                                         .text = TB_STR("to serve you"), .text_version = 1};
    must(w, TB_OP_PURPOSE_PUT, &purpose);
    w->purpose = number_of(w, TB_KIND_PURPOSE, "service");
    for (uint32_t i = 0; i < 4; i++) {
        bool is_choice = all[i].type == TB_ATTRIBUTE_CHOICE;
        struct tb_cmd_attribute_put a = {.put = {.code = tb_str_of(all[i].code)},
                                         .type = all[i].type, .purpose = TB_STR("service"),
                                         .benefit = TB_STR("better offers"),
                                         .retention_days = 100, .personal = all[i].personal,
                                         .choice = is_choice ? choice : NULL,
                                         .choice_n = is_choice ? 2 : 0};
        must(w, TB_OP_ATTRIBUTE_PUT, &a);
        w->attribute[i] = number_of(w, TB_KIND_ATTRIBUTE, all[i].code);
    }
}

/* Meant for the region "north"; store "S1" lies in "south". */
static void put_codes(struct pw *w)
{
    struct tb_cmd_code_batch_put items = {.put = {.code = TB_STR("items")}, .count = PW_CODES, .divert_scans = 2,
                                          .divert_persons = 2, .divert_days = 30};
    struct tb_cmd_code_batch_put cartons = {.put = {.code = TB_STR("cartons")}, .count = 8, .level = 1,
                                            .scene = TB_SCENE_CARTON};
    struct tb_cmd_codes_bind bind = {.target = {.batch = TB_STR("items"), .n = PW_CODES / 2},
                                     .region = TB_STR("north"), .campaign = TB_STR("spring"),
                                     .lot = TB_STR("L7"), .activate = true};
    struct tb_cmd_codes_bind outer = {.target = {.batch = TB_STR("cartons"), .n = 8},
                                      .region = TB_STR("north"), .activate = true};
    must(w, TB_OP_CODE_BATCH_PUT, &items);
    w->code_batch = (uint32_t)pw_uint(w, 1);
    must(w, TB_OP_CODE_BATCH_PUT, &cartons);
    w->carton_batch = (uint32_t)pw_uint(w, 1);
    must(w, TB_OP_CODES_BIND, &bind);
    must(w, TB_OP_CODES_BIND, &outer);
}

static void put_shop(struct pw *w)
{
    struct tb_cmd_tenant_put tenant = {.put = {.code = TB_STR("shop")}, .name = TB_STR("Shop"),
                                       .zone = TB_STR("UTC"), .currency = TB_STR("CNY"),
                                       .switches = TB_TENANT_PROBES, .regular_orders = 3};
    struct tb_cmd_store_put store = {.put = {.code = TB_STR("S1")}, .name = TB_STR("One"),
                                    .region = TB_STR("south")};
    struct tb_cmd_touchpoint_put probe = {.put = {.code = TB_STR("P1")}, .name = TB_STR("Probe"),
                                          .kind = TB_TOUCH_PROBE, .store = TB_STR("S1"),
                                          .visit_gap_s = 600};
    w->tenant = 0;
    must(w, TB_OP_TENANT_PUT, &tenant);
    w->tenant = (uint32_t)pw_uint(w, 1);
    must(w, TB_OP_STORE_PUT, &store);
    must(w, TB_OP_TOUCHPOINT_PUT, &probe);
    w->touchpoint = number_of(w, TB_KIND_TOUCHPOINT, "P1");
    put_units(w);
    put_attributes(w);
    put_codes(w);
    w->phone = number_of(w, TB_KIND_NAMESPACE, "phone");
    w->card = number_of(w, TB_KIND_NAMESPACE, "card");
    w->mac = number_of(w, TB_KIND_NAMESPACE, "wifi_mac");
}

static void open_world(struct pw *w, struct tb_state *state, const struct tb_publish_options *o, bool bare)
{
    memset(w, 0, sizeof *w);
    w->bare = bare;
    w->tick_ns = 100000;
    w->now_ms = INT64_C(20700) * TB_DAY_MS;
    w->mono_ns = 1;
    w->host = (struct tb_host){w, wall, mono, mono, entropy};
    w->env = (struct tb_core_env){.hash_key = {1, 2}, .zone = zone, .seal = seal};
    w->journal = tb_journal_memory_open(NULL);
    w->state = state;
    w->publish_options = *o;
    w->publish_options.host = &w->host;
    start(w);
    put_shop(w);
}

void pw_open(struct pw *w, struct tb_state *state, const struct tb_publish_options *o)
{
    open_world(w, state, o, false);
}

void pw_open_bare(struct pw *w, struct tb_state *state)
{
    open_world(w, state, &(struct tb_publish_options){0}, true);
}

void pw_crash(struct pw *w)
{
    tb_cell_destroy(w->cell);
    tb_publish_destroy(w->publish);
    start(w);
}

void pw_flush(struct pw *w)
{
    struct tb_fault f = {0};
    if (!tb_cell_flush(w->cell, &f))
        fail_msg("%s", f.text);
}

void pw_stop(struct pw *w)
{
    tb_cell_stop(w->cell, true);
    tb_cell_destroy(w->cell);
    tb_publish_destroy(w->publish);
    w->cell = NULL;
    w->publish = NULL;
}

void pw_close(struct pw *w)
{
    if (w->cell != NULL)
        pw_stop(w);
    w->state->ops->close(w->state);
    w->journal->ops->close(w->journal);
}

/* ---- dump ------------------------------------------------------------------------------- */

struct dump {
    FILE *to;
    const struct tb_table *t;
};

static bool print_row(void *user, const struct tb_value *v, uint32_t n)
{
    struct dump *d = user;
    fprintf(d->to, "%s", d->t->name);
    for (uint32_t i = 0; i < n; i++) {
        fprintf(d->to, " %s=", d->t->column[i].name);
        if (v[i].null)
            fprintf(d->to, "-");
        else if (d->t->column[i].type == TB_COLUMN_I64)
            fprintf(d->to, "%" PRId64, v[i].i64);
        else
            for (uint32_t k = 0; k < v[i].str.n; k++)
                fprintf(d->to, "%02x", (uint8_t)v[i].str.p[k]);
    }
    fprintf(d->to, "\n");
    return true;
}

char *pw_dump(struct tb_state *s, const struct tb_table *t, uint32_t n)
{
    struct tb_state_reader *r;
    struct tb_fault f = {0};
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    assert_int_equal(s->ops->reader_open(s, &r, &f), TB_STATE_DONE);
    for (uint32_t i = 0; i < n; i++) {
        struct dump d = {to, &t[i]};
        assert_int_equal(s->ops->scan(r, &t[i], NULL, print_row, &d, &f), TB_STATE_DONE);
    }
    s->ops->reader_close(r);
    fclose(to);
    return text;
}
