// SPDX-License-Identifier: Apache-2.0
/* http/route.h - the operation table in C, and finding the row of a request.
 *
 * The rows come from api/operations.toml through tools/gen_operations.py
 * (operations.gen.h, operations.gen.c). Nothing here is changed after start; any thread.
 * A literal segment wins over a parameter at the same place; there is no going back, so
 * the generator refuses tables in which that could hide a path.                         */
#ifndef TB_HTTP_ROUTE_H
#define TB_HTTP_ROUTE_H

#include "http/operations.gen.h"
#include "http/problem.h"
#include "http/server.h"

enum tb_idempotency { TB_IDEMPOTENCY_NONE = 0, TB_IDEMPOTENCY_NATURAL, TB_IDEMPOTENCY_REQUIRED };
enum tb_op_body { TB_OP_BODY_NONE = 0, TB_OP_BODY_JSON, TB_OP_BODY_NDJSON };

struct tb_operation {
    const char *name;
    const char *path;
    const char *command; /* "" for none */
    enum tb_http_method method;
    uint32_t roles;  /* bits of enum tb_api_role; 0: public, no key needed */
    uint64_t scopes; /* one bit of enum tb_api_scope, or 0 */
    enum tb_idempotency idempotency;
    enum tb_rate rate;
    enum tb_op_body body;
    size_t body_limit;
    uint32_t status; /* of success */
    const char *const *query; /* names allowed, ends with NULL */
    uint32_t param_n;
};

struct tb_rate_class {
    const char *name;
    uint32_t per_s;
    uint32_t burst;
};

extern const struct tb_operation tb_operation_table[TB_API_COUNT];
extern const struct tb_rate_class tb_rate_table[TB_RATE_COUNT]; /* the table's defaults */
extern const char *const tb_role_names[TB_API_ROLE_COUNT];
extern const char *const tb_scope_names[TB_API_SCOPE_COUNT];
/* The description of the API, OpenAPI 3.1. */
extern const char tb_openapi_json[];
extern const size_t tb_openapi_json_n;

#define TB_PARAMS_MAX 4
struct tb_route {
    enum tb_api op;                        /* TB_API_NONE: nothing at this path and method */
    uint32_t methods;                     /* bits of the methods that the path offers */
    struct tb_str param[TB_PARAMS_MAX];   /* in the order of the path */
};

struct tb_route tb_route_find(const struct tb_request *req);

/* ---- The trie, written by the generator ---- */
struct tb_route_literal {
    const char *text;
    uint16_t n;
    uint16_t node;
};
struct tb_route_node {
    uint16_t literal_first; /* into tb_route_literals, sorted by (n, text) */
    uint16_t literal_n;
    uint16_t param; /* node index, 0: none */
    uint16_t op[TB_HTTP_METHOD_N];
};
extern const struct tb_route_literal tb_route_literals[];
extern const struct tb_route_node tb_route_nodes[];

#endif
