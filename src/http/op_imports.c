// SPDX-License-Identifier: Apache-2.0
/* http/op_imports.c - files that are imported in the background: what is asked goes to the port (app.h).
 *
 * A file comes in pieces of at most PIECE_BYTES, as base64 in JSON, each with its place: a piece that comes
 * twice changes nothing, and whoever was cut off asks how much has come. Nothing is parsed here.     */
#include <sodium.h>
#include <stdlib.h>

#include "http/app_int.h"
#include "http/people.h"

#define PIECE_BYTES (512u << 10)
#define PIECE_CHARS ((PIECE_BYTES + 2) / 3 * 4)
#define MAP_CHARS (128u << 10)
#define ANSWER_BYTES (2u << 20)

static void read_import(struct tb_call *call, struct tb_app_import *x)
{
    static const char *const kinds[] = {"orders", "members", "products", "contacts"};
    struct tb_json_object o = tb_json_root(&call->read);
    x->act = TB_APP_IMPORT_PUT;
    x->kind = tb_json_need_enum(&o, TB_STR("kind"), kinds, TB_COUNT_OF(kinds));
    x->size = tb_json_need_i64(&o, TB_STR("size"), 1, INT64_C(1) << 40);
    x->name = tb_may_str(&o, "name", 100);
    tb_json_end(&o);
}

static void read_piece(struct tb_call *call, struct tb_app_import *x)
{
    struct tb_json_object o = tb_json_root(&call->read);
    struct tb_str data;
    size_t n = 0;
    x->act = TB_APP_IMPORT_PIECE;
    x->offset = tb_json_need_i64(&o, TB_STR("offset"), 0, INT64_C(1) << 40);
    data = tb_json_need_str(&o, TB_STR("data"), 4, PIECE_CHARS);
    tb_json_end(&o);
    if (call->refusal.problem != TB_PROBLEM_NONE)
        return;
    uint8_t *bytes = malloc(PIECE_BYTES);
    tb_assert(bytes != NULL);
    x->bytes = bytes;
    if (sodium_base642bin(bytes, PIECE_BYTES, data.p, data.n, NULL, &n, NULL, sodium_base64_VARIANT_ORIGINAL) != 0 ||
        n == 0)
        tb_refusal_set(&call->refusal, TB_PROBLEM_INVALID_VALUE, "data", "Base64, at most 512 KiB.");
    x->n = (uint32_t)n;
}

static void read_run(struct tb_call *call, struct tb_app_import *x)
{
    struct tb_json_object o = tb_json_root(&call->read);
    x->act = TB_APP_IMPORT_RUN;
    x->map = tb_json_need_str(&o, TB_STR("map"), 2, MAP_CHARS);
    x->dry = tb_may_bool(&o, "dry_run");
    tb_json_end(&o);
}

static void read_call(struct tb_call *call, struct tb_app_import *x)
{
    switch (call->req->op) {
    case TB_API_PUT_IMPORT:
        read_import(call, x);
        break;
    case TB_API_POST_IMPORT_PIECE:
        read_piece(call, x);
        break;
    case TB_API_POST_IMPORT_RUN:
        read_run(call, x);
        break;
    case TB_API_GET_IMPORT_HEAD:
        x->act = TB_APP_IMPORT_HEAD;
        break;
    case TB_API_POST_IMPORT_STOP:
        x->act = TB_APP_IMPORT_STOP;
        break;
    case TB_API_DELETE_IMPORT:
        x->act = TB_APP_IMPORT_DROP;
        break;
    case TB_API_GET_IMPORT:
        x->act = TB_APP_IMPORT_GET;
        break;
    case TB_API_GET_IMPORT_REJECTS:
        x->act = TB_APP_IMPORT_REJECTS;
        x->offset = tb_call_query_i64(call, TB_STR("offset"), 0, INT64_C(1) << 40, 0);
        break;
    default:
        tb_assert(call->req->op == TB_API_LIST_IMPORTS);
        x->act = TB_APP_IMPORT_LIST;
        break;
    }
}

/* What a key may not write line by line it may not import either; orders make value, so their role counts as well. */
static uint32_t kinds_of(const struct tb_principal *who)
{
    static const uint64_t needed[] = {
        UINT64_C(1) << TB_API_SCOPE_ORDERS_WRITE, UINT64_C(1) << TB_API_SCOPE_MEMBERS_WRITE,
        UINT64_C(1) << TB_API_SCOPE_CONFIG_WRITE, UINT64_C(1) << TB_API_SCOPE_CONTACTS_WRITE};
    uint32_t kinds = 0;
    for (uint32_t i = 0; i < TB_COUNT_OF(needed); i++)
        kinds |= (who->scopes & needed[i]) != 0 ? 1u << i : 0;
    return (who->roles & tb_operation_table[TB_API_POST_ORDER].roles) != 0 ? kinds : kinds & ~1u;
}

/* On the side thread. */
static void run(void *user, struct tb_call *call)
{
    struct tb_app *app = user;
    struct tb_buf out;
    struct tb_app_import x = {.tenant = call->who.tenant, .by = call->who.key, .code = call->param[0], .out = &out,
                              .kinds = kinds_of(&call->who)};
    read_call(call, &x);
    if (app->o.imports == NULL && call->refusal.problem == TB_PROBLEM_NONE)
        tb_refusal_set(&call->refusal, TB_PROBLEM_NOT_FOUND, NULL, NULL);
    if (!tb_call_ok(call)) {
        free((void *)(uintptr_t)x.bytes);
        return;
    }
    void *region = malloc(ANSWER_BYTES);
    tb_assert(region != NULL);
    tb_buf_init(&out, region, ANSWER_BYTES);
    app->o.imports->act(app->o.imports->user, &x);
    free((void *)(uintptr_t)x.bytes);
    if (x.problem == TB_PROBLEM_NONE && !out.overflowed) {
        const char *type = x.act == TB_APP_IMPORT_REJECTS ? "text/plain; charset=utf-8" : TB_JSON;
        tb_http_reply_owned(call->req, call->op->status, type, region, out.n);
        return;
    }
    free(region);
    tb_call_refuse(call, x.problem != TB_PROBLEM_NONE ? x.problem : TB_PROBLEM_ANSWER_TOO_LARGE, x.field,
                   x.detail[0] ? x.detail : NULL);
}

void tb_op_imports(void *user, struct tb_call *call)
{
    struct tb_app *app = user;
    tb_side_push(app->reports, run, call);
}
