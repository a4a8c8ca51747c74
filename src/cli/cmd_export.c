// SPDX-License-Identifier: Apache-2.0
/* tongbao export - members, orders or events of a tenant as NDJSON, one object a line.
 *
 * Members and orders are read from the records of the SQL state (flushed first), so they are
 * of one instant; events come from the feed, in order and without gaps. Personal values are
 * opened: an export is for whoever holds the folder and its keys.                         */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/ids.h"
#include "cli/cli.h"
#include "cli/remote.h"
#include "core/catalog/catalog.h"
#include "core/order/order.h"
#include "core/person.h"
#include "core/schema/schema.h"
#include "engine/entry.h"
#include "events.gen.h"
#include "http/json_write.h"

#define LINE_BYTES (16u << 20)
#define BLOCK_BYTES (8u << 20)
#define QUERY_MS 3600000u
#define FEED_PAGE 1000u

struct codes {
    char **code; /* by number; NULL = none */
    uint32_t n;
};

struct export_run {
    struct tb_cli *cli;
    uint32_t tenant;
    uint32_t kind; /* of the rows being read */
    bool reading_codes;
    struct codes codes[TB_KINDS];
    struct tb_regions regions;
    struct tb_pool pool;
    uint8_t *bytes;
    uint8_t *line;
    uint64_t rows;
    uint64_t last; /* events: newest number printed */
    bool bad;
    struct tb_fault fault;
};

/* ---- codes ---------------------------------------------------------------------------------------- */

static struct tb_str block_text(const struct tb_block *b, struct tb_text t)
{
    const char *bytes = tb_block_section(&tb_shapes[b->kind], (struct tb_block *)(uintptr_t)b, TB_CONFIG_BYTES);
    return (struct tb_str){bytes + t.at, t.n};
}

static void keep_code(struct export_run *x, const struct tb_block *b)
{
    struct codes *c = &x->codes[x->kind];
    struct tb_str code = block_text(b, tb_config_of(b)->code);
    if (b->id >= c->n) {
        uint32_t n = (uint32_t)b->id * 2 + 64;
        c->code = realloc(c->code, n * sizeof *c->code);
        tb_assert(c->code != NULL);
        memset(c->code + c->n, 0, (n - c->n) * sizeof *c->code);
        c->n = n;
    }
    c->code[b->id] = strndup(code.p, code.n);
}

static const char *code_of(const struct export_run *x, uint32_t kind, uint64_t id)
{
    return id < x->codes[kind].n ? x->codes[kind].code[id] : NULL;
}

static void out_code(const struct export_run *x, struct tb_json_out *o, const char *key, uint32_t kind, uint64_t id)
{
    const char *code = id ? code_of(x, kind, id) : NULL;
    if (code != NULL)
        tb_json_out_key_str(o, key, tb_str_of(code));
}

static void out_id(const struct export_run *x, struct tb_json_out *o, const char *key,
                   enum tb_id_kind kind, uint64_t no)
{
    char id[TB_ID_BYTES];
    if (no == 0)
        return;
    tb_id_print(&x->cli->node->env.hash_key, kind, x->tenant, no, id);
    tb_json_out_key_str(o, key, (struct tb_str){id, TB_ID_BYTES});
}

/* ---- a member --------------------------------------------------------------------------------------- */

static const void *section(struct tb_block *b, uint32_t s)
{
    return tb_block_section(&tb_shapes[b->kind], b, s);
}

static void out_identifiers(struct export_run *x, struct tb_json_out *o, struct tb_block *b)
{
    const struct tb_profile *p = section(b, TB_PERSON_PROFILE);
    const char *bytes = section(b, TB_PERSON_BYTES);
    tb_json_out_key_open(o, "identifiers", '[');
    for (uint32_t i = 0; i < b->n[TB_PERSON_PROFILE]; i++) {
        uint8_t plain[TB_PERSONAL_MAX + 64];
        struct tb_buf text;
        tb_buf_init(&text, plain, sizeof plain);
        tb_json_out_open(o, '{');
        out_id(x, o, "id", TB_ID_MEMBER, p[i].no);
        out_code(x, o, "ns", TB_KIND_NAMESPACE, p[i].ns);
        /* an identifier's value is sealed as number 1 of its profile */
        if (p[i].sealed_n > 0 &&
            tb_vault_open(&x->cli->node->vault, x->tenant, p[i].no, 1,
                          (struct tb_str){bytes + p[i].sealed_at, p[i].sealed_n}, &text))
            tb_json_out_key_str(o, "value", tb_buf_as_str(&text));
        tb_json_out_key_bool(o, "verified", (p[i].flags & TB_PROFILE_VERIFIED) != 0);
        tb_json_out_key_time(o, "since", p[i].since_ms);
        if (p[i].until_s != 0)
            tb_json_out_key_time(o, "until", (int64_t)p[i].until_s * 1000);
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
}

static void out_balances(struct export_run *x, struct tb_json_out *o, struct tb_block *b)
{
    const struct tb_account *a = section(b, TB_PERSON_ACCOUNT);
    uint32_t n = b->n[TB_PERSON_ACCOUNT];
    tb_json_out_key_open(o, "balances", '[');
    for (uint32_t i = 0; i < n; i++) {
        int64_t available = 0;
        int64_t held = 0;
        int64_t pending = 0;
        bool first = true;
        for (uint32_t k = 0; k < n; k++) {
            if (a[k].unit != a[i].unit)
                continue;
            first = first && k >= i;
            available += a[k].credits - a[k].debits - a[k].held;
            held += a[k].held;
            pending += a[k].pending;
        }
        if (!first)
            continue; /* the person's accounts of a unit are one balance */
        tb_json_out_open(o, '{');
        out_code(x, o, "unit", TB_KIND_UNIT, a[i].unit);
        tb_json_out_key_i64(o, "available", available);
        tb_json_out_key_i64(o, "held", held);
        tb_json_out_key_i64(o, "pending", pending);
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
}

static void out_member(struct export_run *x, struct tb_json_out *o, struct tb_block *b)
{
    const struct tb_person *p = tb_person_of(b);
    const struct tb_enrol *e = section(b, TB_PERSON_ENROL);
    const struct tb_life *life = section(b, TB_PERSON_LIFE);
    int64_t orders = 0;
    int64_t spend = 0;
    out_id(x, o, "id", TB_ID_MEMBER, p->oldest_profile);
    tb_json_out_key_time(o, "first_seen", p->first_seen_ms);
    tb_json_out_key_time(o, "last_seen", p->last_seen_ms);
    tb_json_out_key_bool(o, "enrolled", b->n[TB_PERSON_ENROL] > 0);
    if (b->n[TB_PERSON_ENROL] > 0)
        tb_json_out_key_time(o, "enrolled_at", e[0].at_ms);
    if (p->flags & TB_PERSON_ERASED)
        tb_json_out_key_bool(o, "erased", true);
    if (p->flags & TB_PERSON_FOLLOWER)
        tb_json_out_key_bool(o, "follower", true);
    out_identifiers(x, o, b);
    out_balances(x, o, b);
    for (uint32_t i = 0; i < b->n[TB_PERSON_LIFE]; i++) {
        orders += life[i].orders;
        spend += life[i].spend;
    }
    tb_json_out_key_i64(o, "orders", orders);
    tb_json_out_key_i64(o, "spend", spend);
}

/* ---- an order ---------------------------------------------------------------------------------------- */

static void out_lines(struct export_run *x, struct tb_json_out *o, struct tb_block *b)
{
    const struct tb_order_line *l = section(b, TB_ORDER_LINE);
    const char *bytes = section(b, TB_ORDER_BYTES);
    tb_json_out_key_open(o, "lines", '[');
    for (uint32_t i = 0; i < b->n[TB_ORDER_LINE]; i++) {
        tb_json_out_open(o, '{');
        if (l[i].product != 0)
            out_code(x, o, "sku", TB_KIND_PRODUCT, l[i].product);
        else
            tb_json_out_key_str(o, "sku", (struct tb_str){bytes + l[i].sku_at, l[i].sku_n});
        tb_json_out_key_i64(o, "quantity_milli", l[i].quantity);
        tb_json_out_key_i64(o, "net", l[i].net);
        if (l[i].returned_quantity != 0) {
            tb_json_out_key_i64(o, "returned_quantity_milli", l[i].returned_quantity);
            tb_json_out_key_i64(o, "returned_net", l[i].returned_net);
        }
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
}

static void out_order(struct export_run *x, struct tb_json_out *o, struct tb_block *b)
{
    static const char *const state[] = {"paid", "part_returned", "returned", "cancelled"};
    const struct tb_order *r = tb_block_head_const(b);
    const char *bytes = section(b, TB_ORDER_BYTES);
    const struct tb_order_tender *t = section(b, TB_ORDER_TENDER);
    tb_json_out_key_str(o, "order", (struct tb_str){bytes + r->key_at, r->key_n});
    out_id(x, o, "id", TB_ID_ORDER, b->id);
    out_id(x, o, "member", TB_ID_MEMBER, r->profile);
    out_code(x, o, "store", TB_KIND_STORE, r->store);
    out_code(x, o, "associate", TB_KIND_ASSOCIATE, r->associate);
    out_code(x, o, "touchpoint", TB_KIND_TOUCHPOINT, r->touchpoint);
    tb_json_out_key_time(o, "occurred_at", r->occurred_ms);
    tb_json_out_key_str(o, "state", tb_str_of(state[r->state % TB_COUNT_OF(state)]));
    tb_json_out_key_i64(o, "net", r->net);
    tb_json_out_key_i64(o, "returned_net", r->returned_net);
    out_lines(x, o, b);
    tb_json_out_key_open(o, "tenders", '[');
    for (uint32_t i = 0; i < b->n[TB_ORDER_TENDER]; i++) {
        tb_json_out_open(o, '{');
        tb_json_out_key_str(o, "kind", tb_str_of(tb_tender_name(t[i].kind)));
        tb_json_out_key_i64(o, "amount", t[i].amount);
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
}

/* ---- rows --------------------------------------------------------------------------------------------- */

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c - 'a' + 10;
}

static struct tb_block *unpack(struct export_run *x, uint64_t id, struct tb_str body)
{
    size_t n = body.n >= 2 ? (body.n - 2) / 2 : 0;
    if (n == 0 || n > BLOCK_BYTES)
        return NULL;
    for (size_t i = 0; i < n; i++)
        x->bytes[i] = (uint8_t)(hex(body.p[2 + 2 * i]) << 4 | hex(body.p[3 + 2 * i]));
    return tb_block_unpack(&x->pool, &tb_shapes[x->kind], (uint8_t)x->kind, id,
                           (struct tb_str){(const char *)x->bytes, (uint32_t)n});
}

static void print_line(struct export_run *x, struct tb_block *b)
{
    struct tb_buf line;
    struct tb_json_out o;
    tb_buf_init(&line, x->line, LINE_BYTES);
    tb_json_out_init(&o, &line);
    tb_json_out_open(&o, '{');
    if (x->kind == TB_KIND_PERSON)
        out_member(x, &o, b);
    else
        out_order(x, &o, b);
    tb_json_out_close(&o, '}');
    tb_buf_byte(&line, '\n');
    if (!line.overflowed)
        (void)fwrite(line.p, 1, line.n, x->cli->out);
    x->bad = x->bad || line.overflowed;
    x->rows++;
}

static bool record_row(void *user, const struct tb_value *v, uint32_t n)
{
    struct export_run *x = user;
    tb_assert(n == 2);
    struct tb_block *b = unpack(x, (uint64_t)v[0].i64, v[1].str);
    if (b == NULL) {
        x->bad = true;
        return true;
    }
    if (x->reading_codes)
        keep_code(x, b);
    else
        print_line(x, b);
    tb_block_destroy(&x->pool, &tb_shapes[x->kind], b);
    return !atomic_load(x->cli->cancel);
}

static bool read_kind(struct export_run *x, struct tb_state_reader *reader, uint32_t kind, bool codes)
{
    char sql[160];
    struct tb_state *s = x->cli->node->state;
    x->kind = kind;
    x->reading_codes = codes;
    /* a tenant's first namespaces were made by the cell's own command: codes are read whole */
    if (codes)
        (void)snprintf(sql, sizeof sql, "SELECT id, body FROM record WHERE kind = %u ORDER BY id", kind);
    else
        (void)snprintf(sql, sizeof sql, "SELECT id, body FROM record WHERE kind = %u AND tenant = %u ORDER BY id",
                       kind, x->tenant);
    return s->ops->query(reader, tb_str_of(sql), QUERY_MS, NULL, record_row, x, &x->fault) == TB_STATE_DONE;
}

static bool export_records(struct export_run *x, uint32_t kind)
{
    static const uint32_t named[] = {TB_KIND_UNIT,      TB_KIND_NAMESPACE,  TB_KIND_STORE,
                                     TB_KIND_PRODUCT,   TB_KIND_ASSOCIATE,  TB_KIND_TOUCHPOINT};
    struct tb_state *s = x->cli->node->state;
    struct tb_state_reader *reader;
    if (!tb_cell_flush(x->cli->node->cell, &x->fault) ||
        s->ops->reader_open(s, &reader, &x->fault) != TB_STATE_DONE)
        return false;
    bool ok = true;
    for (uint32_t i = 0; i < TB_COUNT_OF(named) && ok; i++)
        ok = read_kind(x, reader, named[i], true);
    ok = ok && read_kind(x, reader, kind, false);
    s->ops->reader_close(reader);
    return ok;
}

/* ---- events --------------------------------------------------------------------------------------------- */

static bool print_entry(void *user, const struct tb_entry *e)
{
    struct export_run *x = user;
    struct tb_buf b;
    struct tb_str list = e->bytes;
    struct tb_str body;
    uint32_t type;
    bool bad = false;
    const char *comma = "";
    tb_buf_init(&b, x->line, LINE_BYTES);
    tb_buf_printf(&b, "{\"seq\":%" PRIu64 ",\"at\":\"", e->tenant_seq);
    tb_time_print(&b, e->now_ms);
    tb_buf_printf(&b, "\",\"refused\":%s,\"events\":[", e->code == TB_CODE_OK ? "false" : "true");
    while (tb_event_next(&list, &type, &body, &bad)) {
        const struct tb_schema_message *m = tb_schema_event(type);
        tb_buf_printf(&b, "%s{\"type\":\"%s\",\"data\":", comma, m ? m->name : "unknown");
        if (!tb_event_print(&b, type, body, NULL))
            x->bad = true;
        tb_buf_c(&b, "}");
        comma = ",";
    }
    tb_buf_c(&b, "]}\n");
    x->bad = x->bad || bad || b.overflowed;
    (void)fwrite(b.p, 1, b.n, x->cli->out);
    x->rows++;
    x->last = e->tenant_seq;
    return !atomic_load(x->cli->cancel);
}

static bool export_events(struct export_run *x, uint64_t after)
{
    struct tb_feed_reader *reader;
    if (!tb_feed_open(x->cli->node->cell, x->tenant, &reader, &x->fault))
        return false;
    enum tb_feed got = TB_FEED_DONE;
    uint64_t rows = UINT64_MAX;
    x->last = after;
    while (got == TB_FEED_DONE && rows != x->rows && !atomic_load(x->cli->cancel)) {
        rows = x->rows;
        got = tb_feed_read(reader, x->last, FEED_PAGE, print_entry, x, &x->fault);
    }
    tb_feed_close(reader);
    if (got == TB_FEED_BEHIND)
        tb_fault_set(&x->fault, false, "the history before entry %" PRIu64 " was taken away", x->last + 1);
    return got == TB_FEED_DONE;
}

/* ---- the verb --------------------------------------------------------------------------------------------- */

static int run(struct export_run *x, const char *what)
{
    int64_t after;
    bool ok;
    if (!tb_args_number(&x->cli->args, TB_OPT_AFTER, 0, INT64_MAX, 0, &after, x->cli->err))
        return TB_EXIT_USAGE;
    x->tenant = tb_cli_tenant(x->cli, x->cli->args.value[TB_OPT_TENANT]);
    if (x->tenant == 0)
        return TB_EXIT_REFUSED;
    if (strcmp(what, "events") == 0)
        ok = export_events(x, (uint64_t)after);
    else
        ok = export_records(x, strcmp(what, "members") == 0 ? TB_KIND_PERSON : TB_KIND_ORDER);
    if (!ok)
        return tb_cli_say(x->cli, TB_EXIT_FAULT, "%s", x->fault.text);
    if (x->bad)
        return tb_cli_say(x->cli, TB_EXIT_FAULT, "something could not be read: tongbao check says what");
    if (x->cli->tty)
        fprintf(x->cli->err, "%" PRIu64 " lines\n", x->rows);
    return TB_EXIT_OK;
}

int tb_cmd_export(struct tb_cli *cli)
{
    const char *what = cli->args.n == 1 ? cli->args.positional[0] : "";
    bool known = strcmp(what, "members") == 0 || strcmp(what, "orders") == 0 || strcmp(what, "events") == 0;
    if (known && tb_args_has(&cli->args, TB_OPT_SERVER))
        return tb_remote_export(cli, what);
    if (!known || !tb_args_has(&cli->args, TB_OPT_TENANT)) {
        tb_verb_usage(tb_verb_find("export"), cli->err);
        return TB_EXIT_USAGE;
    }
    struct export_run *x = calloc(1, sizeof *x);
    tb_assert(x != NULL);
    x->cli = cli;
    x->bytes = malloc(BLOCK_BYTES);
    x->line = malloc(LINE_BYTES);
    tb_assert(x->bytes != NULL && x->line != NULL);
    tb_regions_init(&x->regions);
    tb_pool_init(&x->pool, tb_regions_mem(&x->regions));
    int code = run(x, what);
    tb_regions_deinit(&x->regions);
    for (uint32_t k = 0; k < TB_KINDS; k++) {
        for (uint32_t i = 0; i < x->codes[k].n; i++)
            free(x->codes[k].code[i]);
        free(x->codes[k].code);
    }
    free(x->bytes);
    free(x->line);
    free(x);
    return code;
}
