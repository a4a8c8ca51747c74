// SPDX-License-Identifier: Apache-2.0
/* cli/verbs.h - the rows of the verb table: name, place, options, function, texts. One row
 * a verb; main.c makes the table, the help and the dispatch from it.                      */
#ifndef TB_CLI_VERBS_H
#define TB_CLI_VERBS_H

#include "cli/cli.h"

#define TB_OPTS_FOLDER (TB_OPT_BIT(DATA) | TB_OPT_BIT(JOURNAL) | TB_OPT_BIT(STATE))
#define TB_OPTS_SERVER (TB_OPT_BIT(SERVER) | TB_OPT_BIT(KEY))
#define TB_USAGE_SERVER "  --server URL      http://host:port of a server\n" \
                        "  --key KEY         its API key (or TONGBAO_KEY, which others on the machine do not see)"
#define TB_USAGE_FOLDER "  --data DIR        the data folder (./data; or TB_DATA)\n" \
                        "  --journal URL     postgres://... instead of DATA/journal (or TONGBAO_JOURNAL)\n" \
                        "  --state URL       postgres://... instead of DATA/state.db (or TONGBAO_STATE)"

/* clang-format off */
#define TB_VERBS \
    {.name = "serve", .place = TB_VERB_ALONE, .run = tb_cmd_serve, \
     .options = TB_OPTS_FOLDER | TB_OPT_BIT(LISTEN) | TB_OPT_BIT(THREADS) | TB_OPT_BIT(LIVE) | \
                TB_OPT_BIT(UNLIMITED) | TB_OPT_BIT(NO_SUPERVISOR) | TB_OPT_BIT(WEBHOOKS_LOCAL) | TB_OPT_BIT(WEB) | \
                TB_OPT_BIT(INBOX) | TB_OPT_BIT(PLAIN_COOKIES) | TB_OPT_BIT(PROXY), \
     .usage = "serve [--data DIR] [--listen HOST:PORT]", \
     .what = "answers the HTTP API until SIGTERM or SIGINT\n" \
             "Waits while another process serves the same folder; on a PostgreSQL journal it follows\n" \
             "and takes over when the leader is silent for two seconds.\n\n" \
             "  --listen H:P      127.0.0.1:8780 when it is left out\n" \
             "  --threads N       threads for HTTP; left out, as many as cores, 4 at most\n" \
             "  --unlimited       no rate limits (benchmarks)\n" \
             "  --no-supervisor   one process; ends with code 75 where it would start again\n" \
             "  --web DIR         the pages (beside the program when it is left out)\n" \
             "  --inbox           shows members' one-time codes to everybody (demonstrations)\n" \
             "  --proxy ADDRESS   of the reverse proxy in front: it is believed who asks (X-Forwarded-For), so that\n" \
             "                    limits by address count shoppers, not the proxy\n" \
             "  --plain-cookies   for browsers that come over plain HTTP from another machine\n" \
             "  --webhooks-local  webhooks may go to this machine (tests, demonstrations)\n" TB_USAGE_FOLDER}, \
    {.name = "user", .place = TB_VERB_ON_FOLDER, .run = tb_cmd_user, \
     .options = TB_OPTS_FOLDER | TB_OPT_BIT(TENANT) | TB_OPT_BIT(ROLE) | TB_OPT_BIT(NAME) | TB_OPT_BIT(STORE), \
     .usage = "user create LOGIN --tenant T --role R [--name N] [--store S]", \
     .what = "somebody who signs in to the pages as LOGIN@TENANT; prints her password once\n" \
             "Roles as of keys. tongbao key revoke --tenant T T:LOGIN ends her access.\n\n" \
             "  --name N          how she is called\n" \
             "  --store S         where she works\n" TB_USAGE_FOLDER}, \
    {.name = "key", .place = TB_VERB_ON_FOLDER, .run = tb_cmd_key, \
     .options = TB_OPTS_FOLDER | TB_OPT_BIT(TENANT) | TB_OPT_BIT(ROLE) | TB_OPT_BIT(NAME) | TB_OPT_BIT(STORE) | \
                TB_OPT_BIT(CREATE_TENANT) | TB_OPT_BIT(CURRENCY) | TB_OPT_BIT(ZONE), \
     .usage = "key create --tenant T --role R [--name N] [--store S]\n" \
              "       tongbao key list [--tenant T]\n" \
              "       tongbao key revoke --tenant T CODE", \
     .what = "API keys: create prints one once, list, revoke\n" \
             "Roles: owner marketer till associate service_desk auditor developer; operator (without\n" \
             "--tenant) makes tenants. Several are joined by commas.\n\n" \
             "  --name N          what the key is for\n" \
             "  --store S         bind it to one store\n" \
             "  --create-tenant   make the tenant when it is not there: --name of the company,\n" \
             "                    --currency (CNY) and --zone (Asia/Shanghai)\n" TB_USAGE_FOLDER}, \
    {.name = "demo", .place = TB_VERB_ALONE, .run = tb_cmd_demo, \
     .options = TB_OPTS_FOLDER | TB_OPT_BIT(SEED) | TB_OPT_BIT(DIVIDE), \
     .usage = "demo [--data DIR] [--divide N]", \
     .what = "loads the demonstration retailer: a year of a chain that ends today\n\n" \
             "  --divide N        an N-th of its shoppers (1)\n" \
             "  --seed N          another world\n" TB_USAGE_FOLDER}, \
    {.name = "sim", .place = TB_VERB_ALONE, .run = tb_cmd_sim, \
     .options = TB_OPT_BIT(SEED) | TB_OPT_BIT(DIVIDE) | TB_OPT_BIT(LIMIT) | TB_OPT_BIT(TENANT), \
     .usage = "sim [--tenant T] [--divide N] [--limit LINES]", \
     .what = "prints the demonstration's contacts and orders as lines for POST /v1/bulk\n\n" \
             "  --tenant T        helin (when it is left out) or chengdian\n" \
             "  --divide N        an N-th of its shoppers (1)\n" \
             "  --limit LINES     so many at most\n" \
             "  --seed N          another world\n"}, \
    {.name = "bench", .place = TB_VERB_ALONE, .run = tb_cmd_bench, \
     .options = TB_OPTS_FOLDER | TB_OPT_BIT(TENANTS) | TB_OPT_BIT(MEMBERS) | TB_OPT_BIT(SECONDS) | TB_OPT_BIT(RATE) | \
                TB_OPT_BIT(ORDERS) | TB_OPT_BIT(RESTART) | TB_OPT_BIT(TAIL) | TB_OPT_BIT(SCANS) | \
                TB_OPT_BIT(SUSTAIN) | TB_OPT_BIT(CHECKOUT) | TB_OPT_BIT(PLAY) | TB_OPT_BIT(ACCOUNTS), \
     .usage = "bench [--members N] [--accounts] [--tenants N] [--seconds S] [--rate R] [--orders N]\n" \
              "       [--scans] [--checkout] [--play] [--restart]", \
     .what = "measures the engine on this machine, in a fresh folder (bench/README.md)\n\n" \
             "  --members N       in all tenants together (100000)\n" \
             "  --accounts        members begin with two accounts and a lot: what a member costs in memory\n" \
             "  --tenants N       with more than one, one floods (1)\n" \
             "  --seconds S       of each part (5)\n" \
             "  --rate R          also R purchases a second, sustained\n" \
             "  --sustain S       for so long (three times --seconds)\n" \
             "  --orders N        purchases before anything is measured (0)\n" \
             "  --scans           also scans of item codes, of ten million in all tenants together\n" \
             "  --checkout        also quotes against twenty campaigns, claims of one coupon, orders with it\n" \
             "  --play            also draws, and scans that give points\n" \
             "  --restart         also how long starting takes, alone and with a tail to replay\n" \
             "  --tail N          operations in that tail (200000)\n" TB_USAGE_FOLDER}, \
    {.name = "import", .place = TB_VERB_ON_FOLDER, .run = tb_cmd_import, \
     .options = TB_OPTS_FOLDER | TB_OPT_BIT(MAP) | TB_OPT_BIT(DRY_RUN) | TB_OPT_BIT(REJECTS) | TB_OPT_BIT(REPORT) | \
                TB_OPT_BIT(RESTART) | TB_OPT_BIT(QUIET) | TB_OPTS_SERVER, \
     .usage = "import orders|members|products|contacts --map FILE FILE...\n" \
              "       tongbao import lines FILE... --server URL --key KEY", \
     .what = "takes rows from CSV, NDJSON or columns, packed with zstd too\n" \
             "A file inside an archive is ARCHIVE.tar.zst:NAME. Every row is accepted, ignored or rejected\n" \
             "with a reason. An import that was interrupted goes on when the same words are given again;\n" \
             "repeating one changes nothing. docs/import.md describes map files, examples/ has some.\n\n" \
             "  --map FILE        which columns become what\n" \
             "  --dry-run         writes nothing; says what would be new\n" \
             "  --rejects FILE    where the rejected rows go (DATA/imports/...)\n" \
             "  --report FILE     the figures as JSON\n" \
             "  --restart         from the first row, not from where an interrupted one stopped\n" \
             "  --quiet           no progress bar\n" TB_USAGE_FOLDER "\n\n" \
             "lines: of POST /v1/bulk, as tongbao sim prints them; - is what comes in. Over HTTP alone\n" \
             TB_USAGE_SERVER}, \
    {.name = "export", .place = TB_VERB_ON_FOLDER, .run = tb_cmd_export, \
     .options = TB_OPTS_FOLDER | TB_OPT_BIT(TENANT) | TB_OPT_BIT(AFTER) | TB_OPTS_SERVER, \
     .usage = "export members|orders|events --tenant T\n" \
              "       tongbao export events --server URL --key KEY", \
     .what = "prints a tenant's data as NDJSON, personal values opened\n\n" \
             "  --after N         events behind number N of the tenant's feed\n" TB_USAGE_FOLDER "\n\n" \
             "Over HTTP: events, as GET /v1/events prints them, of the key's tenant\n" TB_USAGE_SERVER}, \
    {.name = "check", .place = TB_VERB_ON_FOLDER, .run = tb_cmd_check, .options = TB_OPTS_FOLDER, \
     .usage = "check [--data DIR]", \
     .what = "proves journal, state and books; ends with the number of breaks\n" \
             "The whole journal is folded in memory and compared with the SQL state byte by byte.\n" TB_USAGE_FOLDER}, \
    {.name = "sql", .place = TB_VERB_ON_FOLDER, .run = tb_cmd_sql, \
     .options = TB_OPTS_FOLDER | TB_OPT_BIT(FORMAT) | TB_OPT_BIT(LIMIT) | TB_OPTS_SERVER, \
     .usage = "sql [--format table|csv|json] \"SELECT ...\"", \
     .what = "one read-only statement on the tables (docs/tables.md), also while serving\n\n" \
             "  --format F        table, csv, or json (one object a line)\n" \
             "  --limit N         rows at most\n" TB_USAGE_FOLDER}, \
    {.name = "plan", .place = TB_VERB_ON_FOLDER, .run = tb_cmd_plan, \
     .options = TB_OPTS_FOLDER | TB_OPT_BIT(TENANT) | TB_OPTS_SERVER, \
     .usage = "plan FILE|DIR --tenant T\n" \
              "       tongbao plan FILE|DIR --server URL --key KEY", \
     .what = "shows how a tenant's configuration differs from files, field by field; changes nothing\n" \
             "A file is {\"units\": [{\"code\": ..}], \"rules\": [..], ..}; a folder is all its *.json.\n" \
             "docs/config.md describes them.\n\n" TB_USAGE_FOLDER "\n" TB_USAGE_SERVER}, \
    {.name = "apply", .place = TB_VERB_ON_FOLDER, .run = tb_cmd_apply, \
     .options = TB_OPTS_FOLDER | TB_OPT_BIT(TENANT) | TB_OPT_BIT(HISTORY) | TB_OPT_BIT(ROLLBACK) | \
                TB_OPT_BIT(EXPORT) | TB_OPTS_SERVER, \
     .usage = "apply FILE|DIR --tenant T\n" \
              "       tongbao apply --rollback [VERSION] --tenant T\n" \
              "       tongbao apply --export [KIND...] --tenant T", \
     .what = "makes a tenant's configuration as files say it; stops at the first refusal\n" \
             "What stood before is kept first, as a numbered version.\n\n" \
             "  --rollback [N]    puts back what stood before version N, or the newest\n" \
             "  --export          prints the present configuration as such a file\n" \
             "  --history DIR     where versions are kept (DATA/config/T; over HTTP ./tongbao-history)\n" \
             TB_USAGE_FOLDER "\n" TB_USAGE_SERVER}, \
    {.name = "codes", .place = TB_VERB_ON_FOLDER, .run = tb_cmd_codes, \
     .options = TB_OPTS_FOLDER | TB_OPT_BIT(TENANT) | TB_OPT_BIT(FORMAT) | TB_OPT_BIT(AFTER) | TB_OPT_BIT(LIMIT), \
     .usage = "codes print BATCH [PREFIX] --tenant T\n" \
              "       tongbao codes show CODE --tenant T", \
     .what = "item codes for the printer: serial, code, and PREFIX with the code behind it\n" \
             "show says what stands behind one code.\n\n" \
             "  PREFIX            what a phone opens: https://example.com/01/06901234567892/21/\n" \
             "  --after N         from serial N on (0)\n" \
             "  --limit N         so many at most\n" \
             "  --format F        csv; plain: one code a line; svg: a sheet of QR symbols;\n" \
             "                    png: the same as a picture, symbols alone\n" TB_USAGE_FOLDER}, \
    {.name = "backtest", .place = TB_VERB_ON_FOLDER, .run = tb_cmd_backtest, \
     .options = TB_OPTS_FOLDER | TB_OPT_BIT(TENANT) | TB_OPT_BIT(FROM) | TB_OPT_BIT(TO) | TB_OPT_BIT(FORMAT) | \
                TB_OPT_BIT(TODAY) | TB_OPT_BIT(QUIET) | TB_OPT_BIT(ORDERS), \
     .usage = "backtest CAMPAIGN.json... --tenant T --from DATE --to DATE [--format text|json]", \
     .what = "what a campaign (or several together) would have cost over the orders of the past,\n" \
             "by the engine itself\n" \
             "The file is the body of PUT /v1/campaigns/{code} with its code. Nothing is written; every order\n" \
             "is judged with its member's state as of that order, and with what the draft itself had used.\n\n" \
             "  --from, --to      days of the tenant's zone; --to is not included\n" \
             "  --format F        text, or json (every day, baskets, all counts)\n" \
             "  --orders FILE     every order that a draft touched, as CSV\n" \
             "  --today           every order sees the state of today instead\n" \
             "  --quiet           no progress bar\n" TB_USAGE_FOLDER}, \
    {.name = "accounts", .place = TB_VERB_ON_FOLDER, .run = tb_cmd_accounts, \
     .options = TB_OPTS_FOLDER | TB_OPT_BIT(TENANT) | TB_OPT_BIT(FROM) | TB_OPT_BIT(TO) | TB_OPT_BIT(BY) | \
                TB_OPT_BIT(FORMAT), \
     .usage = "accounts [entries|cohorts] --tenant T --from DATE --to DATE [--by month|day] [--format csv|json]", \
     .what = "what points, coupons and cards are worth on the balance sheet (IFRS 15)\n" \
             "entries are journal lines, each entry balanced; cohorts is what was issued of each unit in each\n" \
             "month, at the end of each period: issued = redeemed + expired + clawed + outstanding.\n\n" \
             "  --from, --to      days of the tenant's zone; --to is not included\n" \
             "  --by P            a period is a month, or a day\n" \
             "  --format F        csv, or json (entries, sums of accounts, cohorts)\n" TB_USAGE_FOLDER}, \
    {.name = "webhooks", .place = TB_VERB_ON_FOLDER, .run = tb_cmd_webhooks, .options = TB_OPTS_FOLDER, \
     .usage = "webhooks [list]\n" \
              "       tongbao webhooks dead [WEBHOOK]\n" \
              "       tongbao webhooks replay [WEBHOOK [SEQUENCE]]", \
     .what = "how far webhooks are, what could not be delivered, sending it again\n\n" TB_USAGE_FOLDER}, \
    {.name = "backup", .place = TB_VERB_ON_FOLDER, .run = tb_cmd_backup, \
     .options = TB_OPTS_FOLDER | TB_OPT_BIT(WITH_MASTER) | TB_OPT_BIT(PRUNE), \
     .usage = "backup DIR", \
     .what = "copies state, journal and keys to a folder, while serving; again: what is new\n\n" \
             "  --with-master     the master key too (else keep DATA/keys/master.key apart)\n" \
             "  --prune           then drop what the copy holds from the live journal\n" TB_USAGE_FOLDER}, \
    {.name = "restore", .place = TB_VERB_ALONE, .run = tb_cmd_restore, \
     .options = TB_OPTS_FOLDER | TB_OPT_BIT(TO_SEQ) | TB_OPT_BIT(TO_TIME) | TB_OPT_BIT(MASTER) | TB_OPT_BIT(ERASED), \
     .usage = "restore BACKUP --data NEW [--to-seq N | --to-time T]", \
     .what = "makes a new data folder from a backup\n\n" \
             "  --to-seq N        up to this entry\n" \
             "  --to-time T       up to this instant (RFC 3339)\n" \
             "  --master FILE     the master key, when the backup has none\n" \
             "  --erased FILE     keys.db that was in use before: what it erased is erased again\n" TB_USAGE_FOLDER}, \
    {.name = "verify", .place = TB_VERB_ALONE, .run = tb_cmd_verify, .options = TB_OPT_BIT(SEED), \
     .usage = "verify draw --seed HEX RULES EDITION PLAYER DRAW [TICKET]", \
     .what = "works a draw out again from its seed, the published rules and its proof\n\n" \
             "RULES is a file with the game's rules_text (- is standard input). Compare seed_hash and\n" \
             "rules_hash with what was published before the first draw; with TICKET the exit code says\n" \
             "whether it was drawn.\n"}, \
    {.name = "verify-version", .place = TB_VERB_ALONE, .run = tb_cmd_verify_version, .options = TB_OPTS_FOLDER, \
     .usage = "verify-version [--data DIR]", \
     .what = "prints the versions of program, schema and libraries\n" \
             "With --data it says whether this program may open the folder (nothing is changed).\n" TB_USAGE_FOLDER}
/* clang-format on */

#endif
