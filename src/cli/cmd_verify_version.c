// SPDX-License-Identifier: Apache-2.0
/* tongbao verify-version - which program is this, and may it open that folder? Read-only: the
 * SQL state says NEWER before anything is changed.                                         */
#include <sys/stat.h>

#include "border/zone.h"
#include "cli/cli.h"

int tb_cmd_verify_version(struct tb_cli *cli)
{
    fprintf(cli->out, "tongbao %s\nbuilt for %s\ntime zones %s\n", TB_VERSION,
#if defined(__x86_64__)
            "x86-64",
#elif defined(__aarch64__)
            "aarch64",
#else
            "this machine",
#endif
            tb_zone_edition());
    if (!tb_args_has(&cli->args, TB_OPT_DATA))
        return TB_EXIT_OK;
    struct tb_node_options options;
    struct tb_node *n;
    struct tb_fault fault;
    tb_cli_node_options(cli, &options);
    options.must_exist = true;
    options.brief = true;
    enum tb_node_answer a = tb_node_open(&options, &n, &fault);
    if (a == TB_NODE_BUSY) {
        fprintf(cli->out, "%s is being served: the serving process has accepted it\n", options.data);
        return TB_EXIT_OK;
    }
    if (a != TB_NODE_DONE)
        return tb_cli_say(cli, TB_EXIT_REFUSED, "%s", fault.text);
    fprintf(cli->out, "%s can be opened\n", options.data);
    tb_node_close(n);
    return TB_EXIT_OK;
}
