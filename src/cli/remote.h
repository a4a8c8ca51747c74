// SPDX-License-Identifier: Apache-2.0
/* cli/remote.h - verbs of the command line over HTTP: --server URL --key KEY.
 *
 * What goes: the feed of events out, lines of POST /v1/bulk in. What does not, and why:
 *   members, orders   an export is of one instant, from the records of the folder
 *   imports with a map  they look rows up and make objects in the folder's cell; turn the file
 *                     into lines first
 *   sql               tables hold every tenant; a key is of one
 * The key is --key or TONGBAO_KEY (an option is seen by everybody on the machine).
 * Not here   reading and writing folders (cmd_import.c, cmd_export.c, cmd_sql.c).         */
#ifndef TB_CLI_REMOTE_H
#define TB_CLI_REMOTE_H

#include "cli/cli.h"

/* Each returns the exit code. */
int tb_remote_export(struct tb_cli *cli, const char *what);
int tb_remote_import(struct tb_cli *cli, const char *what);
int tb_remote_sql(struct tb_cli *cli);

#endif
