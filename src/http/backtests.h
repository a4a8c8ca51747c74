// SPDX-License-Identifier: Apache-2.0
/* http/backtests.h - back-tests that the pages ask for: one at a time, beside the cell (docs/design/0016, 0019).
 *
 * A run folds the journal from its first batch in memory of its own (src/backtest) on a thread of low priority; of
 * the live cell it takes nothing but, at the end, one command that puts its result on record (BACKTEST_KEEP). So a
 * run costs no request anything but the processor's other half, and a result is as durable as an order.
 *
 *   ask -> QUEUED -> RUNNING -> DONE    its result is on record
 *             \          \----> FAILED  problem says why: the journal was pruned, the draft is refused ...
 *              \---------\----> STOPPED by hand, or the server ended
 *
 * Invariant   a tenant has one run at a time; its newest is remembered here, with its result, until the next one
 *             or the end of the process. Older ones: table campaign_backtests.
 * Threads     all functions: any. One thread of its own does the work.
 * Limits      TENANTS_MAX tenants at once; TB_BACKTEST_DAYS_MAX days a run; memory of a run: as tongbao backtest. */
#ifndef TB_HTTP_BACKTESTS_H
#define TB_HTTP_BACKTESTS_H

#include "core/promotion/commands.h"
#include "http/app_int.h"

#define TB_BACKTEST_DAYS_MAX 400

struct tb_backtests;

struct tb_backtest_ask {
    uint32_t tenant;
    uint32_t actor; /* key */
    struct tb_str campaign;
    uint32_t offer_version;
    int32_t from_day;
    int32_t to_day;       /* not included */
    bool today;           /* once more with the state of today, to compare */
    struct tb_str body;   /* of the version, as GET prints it: copied */
};

enum tb_backtest_start {
    TB_BACKTEST_STARTED = 0,
    TB_BACKTEST_BUSY, /* the tenant's run is not over, or too many tenants have one */
    TB_BACKTEST_NO_JOURNAL,
};

TB_MUST_USE struct tb_backtests *tb_backtests_start(struct tb_app *app, struct tb_fault *fault);
/* Ends the run under way and waits for it. NULL is fine. */
void tb_backtests_stop(struct tb_backtests *b);

enum tb_backtest_start tb_backtests_ask(struct tb_backtests *b, const struct tb_backtest_ask *ask, uint64_t *id);
/* Prints the members of schema Backtest but its result, of the tenant's newest run, into the object that is open; with
 * a key, "key": {...}. id 0: whatever run it is. False, and nothing printed: none of that campaign and number is
 * remembered.                                                                                            */
bool tb_backtests_print(struct tb_backtests *b, uint32_t tenant, struct tb_str campaign, uint64_t id, const char *key,
                        struct tb_json_out *o);
/* "result": {...}; nothing before there is one. */
void tb_backtests_print_result(struct tb_backtests *b, uint32_t tenant, struct tb_str campaign, uint64_t id,
                               struct tb_json_out *o);
/* False: no such run is remembered. One that is over stays as it ended. */
bool tb_backtests_cancel(struct tb_backtests *b, uint32_t tenant, struct tb_str campaign, uint64_t id);

#endif
