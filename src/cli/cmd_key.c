// SPDX-License-Identifier: Apache-2.0
/* tongbao key create | list | revoke. The secret part is printed once and kept nowhere. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/wave.h"
#include "core/catalog/catalog.h"
#include "core/ops.h"
#include "events.gen.h"
#include "http/app.h"

#define REGION_BYTES (256u << 10)
#define PAGE 100u
#define BLOCK_BYTES (64u << 10)

/* Bits of enum tb_key_role; the words are those of [roles] in api/operations.toml. */
static const char *const role_name[] = {"owner",        "marketer", "till",      "associate",
                                        "service_desk", "auditor",  "developer", "operator"};

static bool read_roles(struct tb_cli *cli, const char *text, uint64_t *roles)
{
    *roles = 0;
    while (*text) {
        size_t n = strcspn(text, ",");
        uint32_t i = 0;
        while (i < TB_COUNT_OF(role_name) && !(strlen(role_name[i]) == n && memcmp(role_name[i], text, n) == 0))
            i++;
        if (i == TB_COUNT_OF(role_name)) {
            (void)tb_cli_say(cli, TB_EXIT_USAGE, "%.*s is not a role (tongbao key --help lists them)", (int)n, text);
            return false;
        }
        *roles |= UINT64_C(1) << i;
        text += n + (text[n] == ',');
    }
    return *roles != 0;
}

static int refused(struct tb_cli *cli, const struct tb_answer *a)
{
    return tb_cli_say(cli, TB_EXIT_REFUSED, "%s %s%s%s", tb_code_text(a->code), a->field[0] ? "(" : "", a->field,
                      a->field[0] ? ")" : "");
}

static int make_tenant(struct tb_cli *cli, const char *code, char *region)
{
    struct tb_fault fault;
    struct tb_answer a;
    const struct tb_args *args = &cli->args;
    struct tb_cmd_tenant_put put = {
        .put = {.code = tb_str_of(code), .expected_version = TB_VERSION_NONE},
        .name = tb_str_of(tb_args_text(args, TB_OPT_NAME, NULL, code)),
        .zone = tb_str_of(tb_args_text(args, TB_OPT_ZONE, NULL, "Asia/Shanghai")),
        .currency = tb_str_of(tb_args_text(args, TB_OPT_CURRENCY, NULL, "CNY"))};
    if (!tb_node_ask(cli->node, 0, TB_OP_TENANT_PUT, &put, &a, region, REGION_BYTES, &fault))
        return tb_cli_say(cli, TB_EXIT_FAULT, "%s", fault.text);
    return a.code == TB_CODE_OK || a.code == TB_CODE_VERSION_CONFLICT ? TB_EXIT_OK : refused(cli, &a);
}

static int create(struct tb_cli *cli, char *region)
{
    uint64_t roles;
    uint32_t tenant = 0;
    struct tb_fault fault;
    struct tb_answer a;
    const struct tb_args *args = &cli->args;
    const char *code = tb_args_text(args, TB_OPT_TENANT, NULL, "");
    if (!read_roles(cli, tb_args_text(args, TB_OPT_ROLE, NULL, ""), &roles))
        return tb_cli_say(cli, TB_EXIT_USAGE, "key create needs --role");
    if (!(roles & TB_KEY_OPERATOR) == (code[0] == 0))
        return tb_cli_say(cli, TB_EXIT_USAGE, "an operator's key has no --tenant, every other key has one");
    if (code[0] != 0 && tb_args_has(args, TB_OPT_CREATE_TENANT)) {
        int made = make_tenant(cli, code, region);
        if (made != TB_EXIT_OK)
            return made;
    }
    if (code[0] != 0 && (tenant = tb_cli_tenant(cli, code)) == 0)
        return TB_EXIT_REFUSED;
    struct tb_key_made made;
    tb_key_make(&made);
    struct tb_cmd_key_put put = {.put = {.code = made.code, .expected_version = TB_VERSION_NONE},
                                 .hash = {(const char *)made.hash, sizeof made.hash},
                                 .roles = roles,
                                 .scopes = 0, /* all that the roles allow */
                                 .store = tb_str_of(tb_args_text(args, TB_OPT_STORE, NULL, "")),
                                 .name = tb_str_of(tb_args_text(args, TB_OPT_NAME, NULL, "command line"))};
    if (!tb_node_ask(cli->node, tenant, TB_OP_KEY_PUT, &put, &a, region, REGION_BYTES, &fault))
        return tb_cli_say(cli, TB_EXIT_FAULT, "%s", fault.text);
    if (a.code != TB_CODE_OK)
        return refused(cli, &a);
    tb_node_keys_changed(cli->node);
    if (cli->tty)
        fprintf(cli->err, "This key is shown once; keep it safe:\n");
    fprintf(cli->out, "%s\n", made.text);
    memset(&made, 0, sizeof made);
    return TB_EXIT_OK;
}

static void print_text(struct tb_cli *cli, struct tb_block *b, struct tb_text t)
{
    const char *bytes = tb_block_section(&tb_shapes[TB_KIND_KEY], b, TB_KEY_BYTES);
    fprintf(cli->out, "%.*s", (int)t.n, bytes + t.at);
}

static void print_key(struct tb_cli *cli, struct tb_block *b)
{
    const struct tb_key *k = tb_block_head_const(b);
    const char *sep = "";
    print_text(cli, b, k->c.code);
    fprintf(cli->out, "  %-8s ", k->revoked_ms ? "revoked" : "valid");
    for (uint32_t i = 0; i < TB_COUNT_OF(role_name); i++) {
        if (!(k->roles >> i & 1))
            continue;
        fprintf(cli->out, "%s%s", sep, role_name[i]);
        sep = ",";
    }
    uint8_t time[32];
    struct tb_buf at;
    tb_buf_init(&at, time, sizeof time);
    tb_time_print(&at, k->created_ms / 1000 * 1000);
    fprintf(cli->out, "  %.*s  ", (int)at.n, (const char *)time);
    print_text(cli, b, k->c.name);
    fprintf(cli->out, "\n");
}

/* One page of an OBJECT_LIST answer; *after = 0 when it was the last. */
static void print_page(struct tb_cli *cli, const struct tb_answer *a, uint64_t *after, void *pool_region)
{
    struct tb_str in = tb_buf_as_str(&a->body);
    struct tb_str s;
    uint32_t field;
    uint64_t v;
    bool bad = false;
    *after = 0;
    while (tb_wire_next(&in, &field, &v, &s, &bad)) {
        if (field == 2)
            *after = v;
        if (field != 1)
            continue;
        uint64_t id = 0;
        struct tb_str packed = TB_STR_NONE;
        uint32_t inner;
        uint64_t number;
        struct tb_str bytes;
        while (tb_wire_next(&s, &inner, &number, &bytes, &bad)) {
            if (inner == 1)
                id = number;
            else if (inner == 2)
                packed = bytes;
        }
        struct tb_pool *pool = pool_region;
        struct tb_block *b = tb_block_unpack(pool, &tb_shapes[TB_KIND_KEY], TB_KIND_KEY, id, packed);
        if (b == NULL)
            continue;
        print_key(cli, b);
        tb_block_destroy(pool, &tb_shapes[TB_KIND_KEY], b);
    }
}

static int list(struct tb_cli *cli, char *region)
{
    uint32_t tenant = 0;
    const char *code = tb_args_text(&cli->args, TB_OPT_TENANT, NULL, "");
    if (code[0] != 0 && (tenant = tb_cli_tenant(cli, code)) == 0)
        return TB_EXIT_REFUSED;
    struct tb_regions regions;
    struct tb_pool pool;
    tb_regions_init(&regions);
    tb_pool_init(&pool, tb_regions_mem(&regions));
    struct tb_cmd_object_list in = {.kind = TB_KIND_KEY, .limit = PAGE};
    int exit_code = TB_EXIT_OK;
    do {
        struct tb_fault fault;
        struct tb_answer a;
        if (!tb_node_ask(cli->node, tenant, TB_OP_OBJECT_LIST, &in, &a, region, REGION_BYTES, &fault)) {
            exit_code = tb_cli_say(cli, TB_EXIT_FAULT, "%s", fault.text);
            break;
        }
        if (a.code != TB_CODE_OK) {
            exit_code = refused(cli, &a);
            break;
        }
        print_page(cli, &a, &in.after, &pool);
    } while (in.after != 0 && !atomic_load(cli->cancel));
    tb_regions_deinit(&regions);
    return exit_code;
}

static int revoke(struct tb_cli *cli, char *region)
{
    uint32_t tenant = 0;
    struct tb_fault fault;
    struct tb_answer a;
    const char *code = tb_args_text(&cli->args, TB_OPT_TENANT, NULL, "");
    if (code[0] != 0 && (tenant = tb_cli_tenant(cli, code)) == 0)
        return TB_EXIT_REFUSED;
    struct tb_cmd_key_revoke in = {.code = tb_str_of(cli->args.positional[1])};
    if (!tb_node_ask(cli->node, tenant, TB_OP_KEY_REVOKE, &in, &a, region, REGION_BYTES, &fault))
        return tb_cli_say(cli, TB_EXIT_FAULT, "%s", fault.text);
    if (a.code != TB_CODE_OK)
        return refused(cli, &a);
    tb_node_keys_changed(cli->node);
    return TB_EXIT_OK;
}

int tb_cmd_key(struct tb_cli *cli)
{
    const char *what = cli->args.n > 0 ? cli->args.positional[0] : "";
    int (*run)(struct tb_cli *, char *) = NULL;
    if (strcmp(what, "create") == 0 && cli->args.n == 1)
        run = create;
    else if (strcmp(what, "list") == 0 && cli->args.n == 1)
        run = list;
    else if (strcmp(what, "revoke") == 0 && cli->args.n == 2)
        run = revoke;
    if (run == NULL) {
        tb_verb_usage(tb_verb_find("key"), cli->err);
        return TB_EXIT_USAGE;
    }
    char *region = malloc(REGION_BYTES);
    tb_assert(region != NULL);
    int code = run(cli, region);
    free(region);
    return code;
}
