// SPDX-License-Identifier: Apache-2.0
/* The run: the journal folded, orders judged on the way. See backtest.h. */
#include "backtest/backtest.h"

#include <stdlib.h>
#include <string.h>

#include "engine/entry.h"
#include "events.gen.h"

#define SCRATCH_BYTES ((size_t)64 << 20)
#define DECODED_BYTES ((size_t)8 << 20)
#define STEP_BATCHES 64u /* between two looks at the progress */

/* ---- the entry under way ------------------------------------------------------------------------------ */

/* What the entry holds, before its first event is folded. */
static void look_ahead(struct tb_backtest *b, const struct tb_entry *e)
{
    struct tb_str list = e->bytes;
    struct tb_str body;
    uint32_t type;
    bool bad = false;
    b->seq = e->seq;
    b->placed = b->priced = TB_STR_NONE;
    b->order_no = 0;
    b->judged = false;
    while (tb_event_next(&list, &type, &body, &bad)) {
        if (type == TB_EVENT_ORDER_PLACED) {
            uint32_t field;
            uint64_t v;
            struct tb_str s;
            struct tb_str in = body;
            b->placed = body;
            if (tb_wire_next(&in, &field, &v, &s, &bad) && field == 1)
                b->order_no = v;
        } else if (type == TB_EVENT_ORDER_PRICED) {
            b->priced = body;
        }
    }
}

static uint64_t field_of(struct tb_str in, uint32_t wanted)
{
    uint32_t field;
    uint64_t v;
    struct tb_str s;
    bool bad = false;
    while (tb_wire_next(&in, &field, &v, &s, &bad))
        if (field == wanted)
            return v;
    return 0;
}

/* The event is the order's own: what it spends, uses, earns, or itself. */
static bool belongs(const struct tb_backtest *b, uint32_t type, struct tb_str body)
{
    switch (type) {
    case TB_EVENT_ORDER_PLACED:
        return true;
    case TB_EVENT_POSTED:
        return field_of(body, 10) == b->order_no;
    case TB_EVENT_MOVED:
        return field_of(body, 5) == b->order_no;
    case TB_EVENT_CAMPAIGN_USED: /* uses, zigzag: > 0 is counted, < 0 is a basket that ends */
        return field_of(body, 4) != 0 && field_of(body, 4) % 2 == 0;
    default:
        return false;
    }
}

static bool configures(uint32_t type)
{
    return (type >= TB_EVENT_TENANT_PUT && type < 40) || type == TB_EVENT_CAMPAIGN_PUT;
}

static void before(void *user, const struct tb_entry *e, uint32_t type, struct tb_str body)
{
    struct tb_backtest *b = user;
    /* the tenant's own entries; units and stores may be made by the cell's */
    b->config_changed = b->config_changed || configures(type);
    if (e->tenant != b->o.tenant)
        return;
    if (e->seq != b->seq)
        look_ahead(b, e);
    if (b->placed.p != NULL && !b->judged && belongs(b, type, body)) {
        b->judged = true;
        tb_bt_judge(b, e->now_ms);
    }
    if (type == TB_EVENT_ORDER_RETURNED)
        tb_bt_return(b, body, e->now_ms);
}

/* ---- folding ----------------------------------------------------------------------------------------------- */

static enum tb_bt_answer fold_all(struct tb_backtest *b, struct tb_replay *r, bool fold, uint64_t last,
                                  struct tb_fault *fault)
{
    while (tb_replay_figures(r)->last < last) {
        uint64_t done = tb_replay_figures(r)->last;
        uint64_t upto = done + STEP_BATCHES < last ? done + STEP_BATCHES : last;
        if (!tb_replay_to(r, upto, fold, fault))
            return TB_BT_FAULT;
        if (tb_replay_figures(r)->last == done)
            return TB_BT_DONE; /* nothing more is durable */
        if (b->o.go_on != NULL && !b->o.go_on(b->o.user, tb_replay_figures(r)->last, last))
            return TB_BT_STOPPED;
    }
    return TB_BT_DONE;
}

static int by_person(const void *x, const void *y)
{
    uint32_t a = *(const uint32_t *)x;
    uint32_t b = *(const uint32_t *)y;
    return a < b ? -1 : a > b;
}

/* Touched persons, as they are joined in the end. */
static void count_members(struct tb_backtest *b)
{
    uint32_t n = 0;
    uint32_t *person = malloc(((size_t)b->order_n + 1) * sizeof *person);
    tb_assert(person != NULL);
    for (uint32_t i = 0; i < b->order_n; i++)
        if (b->order[i].profile != 0)
            person[n++] = tb_store_column(&b->core->store, TB_COLUMN_PROFILE_PERSON, b->order[i].profile);
    qsort(person, n, sizeof *person, by_person);
    for (uint32_t i = 0; i < n; i++)
        b->f.members += i == 0 || person[i] != person[i - 1];
    free(person);
}

static void prepare(struct tb_backtest *b, const struct tb_bt_options *o)
{
    *b = (struct tb_backtest){.o = *o, .config_changed = true, .seq = UINT64_MAX};
    b->region[0] = malloc(SCRATCH_BYTES);
    b->region[1] = malloc(DECODED_BYTES);
    b->region[2] = malloc(TB_ENTRY_BYTES_MAX);
    tb_assert(o->campaign_n > 0 && o->campaign_n <= TB_BT_DRAFTS_MAX);
    tb_assert(b->region[0] != NULL && b->region[1] != NULL && b->region[2] != NULL);
    tb_arena_init(&b->scratch, b->region[0], SCRATCH_BYTES);
    tb_arena_init(&b->decoded, b->region[1], DECODED_BYTES);
    b->counter[TB_COUNTER_CONFIG] = TB_BT_CONFIG;
    b->counter[TB_COUNTER_LOT] = TB_BT_LOT;
    for (uint32_t i = 0; i < o->campaign_n; i++)
        b->draft[i].put = &o->campaign[i];
    b->day_first = tb_zone_day_of(o->zone, o->from_ms);
    b->day_n = (uint32_t)(tb_zone_day_of(o->zone, o->to_ms - 1) - b->day_first + 1);
    b->day = calloc(b->day_n, sizeof *b->day);
    tb_assert(b->day != NULL);
}

/* The state of the journal's end is folded first, then its orders are shown once more. */
static enum tb_bt_answer run_today(struct tb_backtest *b, uint64_t last, struct tb_fault *fault)
{
    enum tb_bt_answer answer = fold_all(b, b->replay, true, last, fault);
    struct tb_replay *shown = NULL;
    if (answer == TB_BT_DONE && (shown = tb_replay_open(b->o.journal, b->o.env, fault)) == NULL)
        answer = TB_BT_FAULT;
    if (answer == TB_BT_DONE) {
        tb_replay_watch(shown, before, b);
        answer = fold_all(b, shown, false, tb_replay_figures(b->replay)->last, fault);
    }
    tb_replay_close(shown);
    return answer;
}

enum tb_bt_answer tb_backtest_run(struct tb_backtest *b, const struct tb_bt_options *o, struct tb_fault *fault)
{
    struct tb_batch last = {0};
    prepare(b, o);
    b->replay = tb_replay_open(o->journal, o->env, fault);
    if (b->replay == NULL || o->journal->ops->last(o->journal, &last, fault) != TB_JOURNAL_DONE)
        return TB_BT_FAULT;
    if (tb_replay_figures(b->replay)->first > 1)
        return TB_BT_PRUNED;
    b->core = tb_replay_core(b->replay);
    tb_txn_init(&b->txn, &b->core->store, &b->scratch, b->region[2]);
    b->txn.env = &b->core->env;
    b->txn.core = b->core;
    if (!o->today)
        tb_replay_watch(b->replay, before, b);
    enum tb_bt_answer answer =
        o->today ? run_today(b, last.number, fault) : fold_all(b, b->replay, true, last.number, fault);
    if (answer == TB_BT_DONE)
        count_members(b);
    return answer;
}

void tb_backtest_close(struct tb_backtest *b)
{
    tb_replay_close(b->replay);
    for (uint32_t i = 0; i < TB_COUNT_OF(b->region); i++)
        free(b->region[i]);
    free(b->day);
    free(b->order);
    free(b->line);
    free(b->share);
    free(b->use);
    free(b->text);
}
