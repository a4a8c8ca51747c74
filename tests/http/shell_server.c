// SPDX-License-Identifier: Apache-2.0
/* tests/http/shell_server.c - the shell with the seed rows of the operation table and two
 * keys, for the malformed-input suite: no engine, the operations only read their fields.
 *
 *   shell_server [PORT]     prints "port N", serves until SIGTERM or SIGINT
 *   tb_all  every role and scope;  tb_till  role till, scope orders:write                  */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/num.h"
#include "http/shell.h"

static bool check_key(void *user, struct tb_str token, enum tb_api op, struct tb_principal *out)
{
    (void)user;
    (void)op;
    *out = (struct tb_principal){.tenant = 1, .key = 1};
    if (tb_str_eq_c(token, "tb_all")) {
        out->roles = (1u << TB_API_ROLE_COUNT) - 1;
        out->scopes = (UINT64_C(1) << TB_API_SCOPE_COUNT) - 1;
        return true;
    }
    if (tb_str_eq_c(token, "tb_till")) {
        out->key = 2;
        out->roles = 1u << TB_API_ROLE_TILL;
        out->scopes = UINT64_C(1) << TB_API_SCOPE_ORDERS_WRITE;
        return true;
    }
    return false;
}

static void healthz(void *user, struct tb_call *call)
{
    static const char text[] = "{\"status\":\"ok\"}";
    (void)user;
    tb_http_reply_static(call->req, 200, TB_JSON, text, sizeof text - 1);
}

static void openapi(void *user, struct tb_call *call)
{
    (void)user;
    tb_http_reply_static(call->req, 200, TB_JSON, tb_openapi_json, tb_openapi_json_n);
}

static void get_member(void *user, struct tb_call *call)
{
    struct tb_buf b;
    struct tb_json_out o;
    (void)user;
    tb_call_buf(call, &b, 1024);
    tb_json_out_init(&o, &b);
    tb_json_out_open(&o, '{');
    tb_json_out_key_str(&o, "id", call->param[0]);
    tb_json_out_key_str(&o, "fields", tb_call_query_str(call, TB_STR("fields"), 200));
    tb_json_out_close(&o, '}');
    if (tb_call_ok(call))
        tb_call_reply(call, &b);
}

static void list_events(void *user, struct tb_call *call)
{
    struct tb_buf b;
    (void)user;
    int64_t after = tb_call_query_i64(call, TB_STR("after"), 0, TB_AMOUNT_MAX, 0);
    int64_t limit = tb_call_query_i64(call, TB_STR("limit"), 1, 1000, 100);
    if (!tb_call_ok(call))
        return;
    tb_call_buf(call, &b, 200);
    tb_buf_printf(&b, "{\"after\":%lld,\"limit\":%lld}\n", (long long)after, (long long)limit);
    tb_http_reply(call->req, 200, TB_NDJSON, b.p, b.n);
}

static void read_order(struct tb_json_read *read, struct tb_str *id, int64_t *net)
{
    struct tb_json_object o = tb_json_root(read);
    struct tb_str text;
    *net = 0;
    *id = tb_json_need_str(&o, TB_STR("id"), 1, 64);
    (void)tb_json_may_str(&o, TB_STR("member"), 1, 280, &text);
    (void)tb_json_need_str(&o, TB_STR("store"), 1, 64);
    (void)tb_json_may_str(&o, TB_STR("till"), 1, 64, &text);
    (void)tb_json_may_str(&o, TB_STR("receipt"), 1, 64, &text);
    (void)tb_json_need_str(&o, TB_STR("currency"), 3, 3);
    (void)tb_json_need_time(&o, TB_STR("occurred_at"));
    struct tb_json_array lines = tb_json_need_array(&o, TB_STR("lines"), 1, 500);
    struct tb_json_object line;
    while (tb_json_next_object(&lines, &line)) {
        (void)tb_json_need_str(&line, TB_STR("product"), 1, 64);
        (void)tb_json_need_i64(&line, TB_STR("quantity"), 1, 1000000);
        int64_t amount = tb_json_need_i64(&line, TB_STR("amount"), 0, TB_AMOUNT_MAX);
        tb_json_end(&line);
        if (!tb_add(*net, amount, net) || !tb_amount_ok(*net))
            tb_json_refuse(&line, TB_STR("amount"), TB_PROBLEM_OUT_OF_RANGE, "The sum is too large.");
    }
    struct tb_json_array tenders;
    if (tb_json_may_array(&o, TB_STR("tenders"), 1, 20, &tenders))
        while (tb_json_next_object(&tenders, &line)) {
            (void)tb_json_need_str(&line, TB_STR("kind"), 1, 32);
            (void)tb_json_need_i64(&line, TB_STR("amount"), 0, TB_AMOUNT_MAX);
            tb_json_end(&line);
        }
    tb_json_end(&o);
}

static void post_order(void *user, struct tb_call *call)
{
    struct tb_str id;
    int64_t net;
    struct tb_buf b;
    struct tb_json_out o;
    (void)user;
    read_order(&call->read, &id, &net);
    if (!tb_call_ok(call))
        return;
    tb_call_buf(call, &b, 1024);
    tb_json_out_init(&o, &b);
    tb_json_out_open(&o, '{');
    tb_json_out_key_str(&o, "order", id);
    tb_json_out_key_i64(&o, "net", net);
    tb_json_out_close(&o, '}');
    tb_call_reply(call, &b);
}

static enum tb_http_line bulk_line(void *user, struct tb_call *call, struct tb_str text,
                                   uint32_t line, bool too_long)
{
    struct tb_refusal refusal = {.problem = TB_PROBLEM_NONE};
    struct tb_json_doc doc;
    size_t mark = tb_arena_mark(call->req->arena);
    (void)user;
    (void)line;
    if (too_long) {
        tb_refusal_set(&refusal, TB_PROBLEM_LINE_TOO_LONG, NULL, NULL);
    } else if (tb_json_parse(tb_http_json(call->req), text, 65536, call->req->arena, &doc,
                             &refusal)) {
        struct tb_json_read read = {&doc, &refusal};
        struct tb_str id;
        int64_t net;
        read_order(&read, &id, &net);
    }
    tb_arena_release(call->req->arena, mark);
    call->req->number[refusal.problem == TB_PROBLEM_NONE ? 0 : 1]++;
    return TB_HTTP_LINE_NEXT;
}

static void bulk_run(void *user, struct tb_call *call)
{
    struct tb_buf b;
    (void)user;
    tb_call_buf(call, &b, 100);
    tb_buf_printf(&b, "{\"good\":%llu,\"bad\":%llu}\n", (unsigned long long)call->req->number[0],
                  (unsigned long long)call->req->number[1]);
    tb_http_reply(call->req, 200, TB_NDJSON, b.p, b.n);
}

int main(int argc, char **argv)
{
    static const struct tb_op_handler handler[TB_API_COUNT] = {
        [TB_API_HEALTHZ] = {.run = healthz},
        [TB_API_OPENAPI] = {.run = openapi},
        [TB_API_GET_MEMBER] = {.run = get_member},
        [TB_API_LIST_EVENTS] = {.run = list_events},
        [TB_API_POST_ORDER] = {.run = post_order},
        [TB_API_BULK_ORDERS] = {.run = bulk_run, .line = bulk_line},
    };
    struct tb_shell_options o = {.auth = check_key, .handler = handler};
    struct tb_fault fault;
    sigset_t wait_for;
    int got;
    o.http.port = argc > 1 ? (uint16_t)atoi(argv[1]) : 0;
    o.http.header_timeout_ms = 1000;
    o.http.connections_per_ip_max = 300;
    o.rate[TB_RATE_LIST] = (struct tb_rate_class){"list", 1, 40};
    (void)sigemptyset(&wait_for);
    (void)sigaddset(&wait_for, SIGTERM);
    (void)sigaddset(&wait_for, SIGINT);
    (void)pthread_sigmask(SIG_BLOCK, &wait_for, NULL);
    struct tb_shell *s = tb_shell_start(&o, &fault);
    if (s == NULL) {
        (void)fprintf(stderr, "%s\n", fault.text);
        return 1;
    }
    (void)printf("port %u\n", tb_http_port(tb_shell_http(s)));
    (void)fflush(stdout);
    (void)sigwait(&wait_for, &got);
    tb_shell_stop(s);
    return 0;
}
