// SPDX-License-Identifier: Apache-2.0
/* tongbao user create: somebody who signs in to the pages. Her password is printed once and kept
 * nowhere; what stays is a key whose secret it makes (http/op_signin.c).                     */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "core/catalog/catalog.h"
#include "core/ops.h"
#include "http/app.h"

#define REGION_BYTES (256u << 10)

/* One role of [roles] in api/operations.toml that a person may have; 0: none. */
static uint64_t role_of(const char *text)
{
    static const char *const name[] = {"owner",        "marketer", "till",      "associate",
                                       "service_desk", "auditor",  "developer"};
    for (uint32_t i = 0; i < TB_COUNT_OF(name); i++)
        if (strcmp(text, name[i]) == 0)
            return UINT64_C(1) << i;
    return 0;
}

static int create(struct tb_cli *cli, char *region)
{
    const struct tb_args *args = &cli->args;
    const char *tenant_code = tb_args_text(args, TB_OPT_TENANT, NULL, "");
    uint64_t roles = role_of(tb_args_text(args, TB_OPT_ROLE, NULL, ""));
    struct tb_fault fault;
    struct tb_answer a;
    struct tb_user_made made;
    if (roles == 0)
        return tb_cli_say(cli, TB_EXIT_USAGE, "user create needs --role, one that a person may have");
    uint32_t tenant = tb_cli_tenant(cli, tenant_code);
    if (tenant == 0)
        return TB_EXIT_REFUSED;
    if (!tb_user_make(cli->node->keys, tb_str_of(tenant_code), tb_str_of(args->positional[1]), &made))
        return tb_cli_say(cli, TB_EXIT_USAGE, "a login is 1 to 30 of a-z 0-9 . - _");
    struct tb_cmd_key_put put = {.put = {.code = {made.code, made.code_n}, .expected_version = 0},
                                 .hash = {(const char *)made.hash, sizeof made.hash},
                                 .roles = roles,
                                 .store = tb_str_of(tb_args_text(args, TB_OPT_STORE, NULL, "")),
                                 .name = tb_str_of(tb_args_text(args, TB_OPT_NAME, NULL, args->positional[1]))};
    if (!tb_node_ask(cli->node, tenant, TB_OP_KEY_PUT, &put, &a, region, REGION_BYTES, &fault))
        return tb_cli_say(cli, TB_EXIT_FAULT, "%s", fault.text);
    if (a.code != TB_CODE_OK)
        return tb_cli_say(cli, TB_EXIT_REFUSED, "%s %s", tb_code_text(a.code), a.field);
    tb_node_keys_changed(cli->node);
    if (cli->tty)
        fprintf(cli->err, "This password is shown once:\n");
    fprintf(cli->out, "%s@%s %s\n", args->positional[1], tenant_code, made.password);
    memset(&made, 0, sizeof made);
    return TB_EXIT_OK;
}

int tb_cmd_user(struct tb_cli *cli)
{
    if (cli->args.n != 2 || strcmp(cli->args.positional[0], "create") != 0) {
        tb_verb_usage(tb_verb_find("user"), cli->err);
        return TB_EXIT_USAGE;
    }
    char *region = malloc(REGION_BYTES);
    tb_assert(region != NULL);
    int code = create(cli, region);
    free(region);
    return code;
}
