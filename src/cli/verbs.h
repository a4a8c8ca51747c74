// SPDX-License-Identifier: Apache-2.0
/* cli/verbs.h - the rows of the verb table: name, place, options, function, texts. One row
 * a verb; main.c makes the table, the help and the dispatch from it.                      */
#ifndef TB_CLI_VERBS_H
#define TB_CLI_VERBS_H

#include "cli/cli.h"

#define TB_OPTS_FOLDER (TB_OPT_BIT(DATA) | TB_OPT_BIT(JOURNAL) | TB_OPT_BIT(STATE))
#define TB_USAGE_FOLDER "  --data DIR        the data folder (./data; or TONGBAO_DATA)\n" \
                        "  --journal URL     postgres://... instead of DATA/journal (or TONGBAO_JOURNAL)\n" \
                        "  --state URL       postgres://... instead of DATA/state.db (or TONGBAO_STATE)"

/* clang-format off */
#define TB_VERBS \
    {.name = "serve", .place = TB_VERB_ALONE, .run = tb_cmd_serve, \
     .options = TB_OPTS_FOLDER | TB_OPT_BIT(LISTEN) | TB_OPT_BIT(THREADS) | TB_OPT_BIT(LIVE) | \
                TB_OPT_BIT(UNLIMITED) | TB_OPT_BIT(NO_SUPERVISOR), \
     .usage = "serve [--data DIR] [--listen HOST:PORT]", \
     .what = "answers the HTTP API until SIGTERM or SIGINT\n" \
             "Waits while another process serves the same folder; on a PostgreSQL journal it follows\n" \
             "and takes over when the leader is silent for two seconds.\n\n" \
             "  --listen H:P      127.0.0.1:8780 when it is left out\n" \
             "  --threads N       threads for HTTP\n" \
             "  --unlimited       no rate limits (benchmarks)\n" \
             "  --no-supervisor   one process; ends with code 75 where it would start again\n" TB_USAGE_FOLDER}, \
    {.name = "key", .place = TB_VERB_ON_FOLDER, .run = tb_cmd_key, \
     .options = TB_OPTS_FOLDER | TB_OPT_BIT(TENANT) | TB_OPT_BIT(ROLE) | TB_OPT_BIT(NAME) | TB_OPT_BIT(STORE) | \
                TB_OPT_BIT(CREATE_TENANT) | TB_OPT_BIT(CURRENCY) | TB_OPT_BIT(ZONE), \
     .usage = "key create --tenant T --role R [--name N] [--store S]\n" \
              "       tongbao key list [--tenant T]\n" \
              "       tongbao key revoke --tenant T CODE", \
     .what = "API keys: create prints one once, list, revoke\n" \
             "Roles: owner marketer store associate service auditor developer; operator (without\n" \
             "--tenant) makes tenants. Several are joined by commas.\n\n" \
             "  --name N          what the key is for\n" \
             "  --store S         bind it to one store\n" \
             "  --create-tenant   make the tenant when it is not there: --name of the company,\n" \
             "                    --currency (CNY) and --zone (Asia/Shanghai)\n" TB_USAGE_FOLDER}, \
    {.name = "bench", .place = TB_VERB_ALONE, .run = tb_cmd_bench, \
     .options = TB_OPTS_FOLDER | TB_OPT_BIT(TENANTS) | TB_OPT_BIT(MEMBERS) | TB_OPT_BIT(SECONDS) | TB_OPT_BIT(RATE), \
     .usage = "bench [--members N] [--tenants N] [--seconds S] [--rate R]", \
     .what = "measures the engine on this machine, in a fresh folder (bench/README.md)\n\n" \
             "  --members N       in all tenants together (100000)\n" \
             "  --tenants N       with more than one, one floods (1)\n" \
             "  --seconds S       of each part (5)\n" \
             "  --rate R          also R purchases a second, sustained for three times as long\n" TB_USAGE_FOLDER}, \
    {.name = "import", .place = TB_VERB_ON_FOLDER, .run = tb_cmd_import, \
     .options = TB_OPTS_FOLDER | TB_OPT_BIT(MAP) | TB_OPT_BIT(DRY_RUN) | TB_OPT_BIT(REJECTS) | TB_OPT_BIT(REPORT) | \
                TB_OPT_BIT(RESTART) | TB_OPT_BIT(QUIET), \
     .usage = "import orders|members|products|contacts --map FILE FILE...", \
     .what = "takes rows from CSV, NDJSON or columns, packed with zstd too\n" \
             "A file inside an archive is ARCHIVE.tar.zst:NAME. Every row is accepted, ignored or rejected\n" \
             "with a reason. An import that was interrupted goes on when the same words are given again;\n" \
             "repeating one changes nothing. docs/import.md describes map files, examples/ has some.\n\n" \
             "  --map FILE        which columns become what\n" \
             "  --dry-run         writes nothing; says what would be new\n" \
             "  --rejects FILE    where the rejected rows go (DATA/imports/...)\n" \
             "  --report FILE     the figures as JSON\n" \
             "  --restart         from the first row, not from where an interrupted one stopped\n" \
             "  --quiet           no progress bar\n" TB_USAGE_FOLDER}, \
    {.name = "verify-version", .place = TB_VERB_ALONE, .run = tb_cmd_verify_version, .options = TB_OPTS_FOLDER, \
     .usage = "verify-version [--data DIR]", \
     .what = "prints the versions of program, schema and libraries\n" \
             "With --data it says whether this program may open the folder (nothing is changed).\n" TB_USAGE_FOLDER}
/* clang-format on */

#endif
