// SPDX-License-Identifier: Apache-2.0
/* tongbao plan | apply - a tenant's configuration as files (cli/config/config.h). */
#include "cli/config/config.h"

int tb_cmd_plan(struct tb_cli *cli)
{
    struct tb_conf c;
    uint32_t differ = 0;
    if (cli->args.n != 1) {
        tb_verb_usage(tb_verb_find("plan"), cli->err);
        return TB_EXIT_USAGE;
    }
    int code = tb_conf_open(&c, cli);
    if (code == TB_EXIT_OK)
        code = tb_conf_read(&c, cli->args.positional[0]);
    if (code == TB_EXIT_OK)
        code = tb_conf_plan(&c, &differ);
    tb_conf_close(&c);
    return code;
}

int tb_cmd_apply(struct tb_cli *cli)
{
    struct tb_conf c;
    int64_t number = 0;
    bool back = tb_args_has(&cli->args, TB_OPT_ROLLBACK);
    bool out = tb_args_has(&cli->args, TB_OPT_EXPORT);
    bool numbered = back && cli->args.n == 1;
    if ((back && out) || (back ? cli->args.n > 1 : !out && cli->args.n != 1) ||
        (numbered && (!tb_str_to_i64(tb_str_of(cli->args.positional[0]), &number) || number < 1 || number > 9999))) {
        tb_verb_usage(tb_verb_find("apply"), cli->err);
        return TB_EXIT_USAGE;
    }
    int code = tb_conf_open(&c, cli);
    if (code == TB_EXIT_OK && back) {
        code = tb_conf_rollback(&c, (uint32_t)number);
    } else if (code == TB_EXIT_OK && out) {
        code = tb_conf_export(&c, cli->args.positional, (uint32_t)cli->args.n);
    } else if (code == TB_EXIT_OK) {
        code = tb_conf_read(&c, cli->args.positional[0]);
        if (code == TB_EXIT_OK)
            code = tb_conf_apply(&c);
    }
    tb_conf_close(&c);
    return code;
}
