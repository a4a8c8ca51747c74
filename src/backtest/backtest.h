// SPDX-License-Identifier: Apache-2.0
/* backtest/backtest.h - draft campaigns over the orders of the past (docs/design/0016-backtest.md).
 *
 * One draft, or several that are to live side by side: "the draft" below is each of them.
 * The journal is folded into a scratch cell. Just before an order's own events are folded - her identity is
 * resolved, what was due is done, what the order itself spends, uses and earns is not yet booked - the order is
 * taken through the checkout's course with the draft live: facts, tb_promotion_eligible, tb_price_best,
 * tb_checkout_place. All of that is undone; only what the draft itself would have used (limits, budget, a
 * coupon) stays in the scratch cell, so the next order sees it. A return gives it back.
 *
 * Orders that Tongbao priced are priced anew with everything that was in force then, plus the draft; of others
 * the till's net is the base, and only the draft is asked (no offer of Tongbao applied to them).
 *
 * Numbers of blocks and lots that a draft makes start at TB_BT_CONFIG and TB_BT_LOT, beyond what a journal
 * holds, so the folded events find their own free. Invariants: the journal, the folder and its cell are only
 * read; folding is never disturbed, because no journaled event names what the scratch cell keeps beside it.
 *
 * Threads   one. Memory: the whole folder's state, and about 400 bytes for an order that the draft touches.
 * Not here  options, the campaign's file (cmd_backtest.c), printing (report.c).                 */
#ifndef TB_BACKTEST_H
#define TB_BACKTEST_H

#include <stdio.h>

#include "backtest/replay.h"
#include "core/checkout/checkout_int.h"
#include "core/promotion/commands.h"

#define TB_BT_CONFIG (UINT64_C(1) << 26)
#define TB_BT_LOT (UINT64_C(1) << 60)
#define TB_BT_DRAFTS_MAX 64u
#define TB_BT_CODE "backtest.%u" /* of the drafts in the scratch cell */
#define TB_BT_UNITS_MAX 32u
#define TB_BT_OTHERS_MAX 64u
#define TB_BT_DEEP_PPM 500000 /* an order that loses more of its price than this is a surprise */

/* What became of an order, in order of precedence. */
enum tb_bt_fate {
    TB_BT_NOT_JUDGED = 0, /* the draft names what was not there yet */
    TB_BT_REFUSED,        /* the checkout would refuse it: too large, her identity is blocked */
    TB_BT_HELD_OUT,       /* in the control arm */
    TB_BT_CLOSED,         /* not open to her, or here: see why[] */
    TB_BT_NO_EFFECT,      /* open, and not in the best set */
    TB_BT_IN_FORCE,
    TB_BT_FATES
};

struct tb_bt_line {
    int64_t quantity;
    int64_t net;
    int64_t back; /* quantity */
    bool whole;
};

/* An order that the draft touched. */
struct tb_bt_order {
    uint64_t number;
    int64_t before; /* payable without the draft: what was paid */
    int64_t after;
    int64_t saving; /* of the drafts */
    int64_t back;   /* of saving, by returns */
    int64_t list;
    uint32_t profile;
    int32_t day;
    uint32_t key_at; /* in text */
    uint32_t key_n;
    uint32_t line_at;
    uint32_t line_n;
    uint32_t share_at;
    uint32_t share_n;
    uint32_t others; /* other offers in force with it */
    uint32_t below_cost; /* lines that only the draft brought there */
    uint32_t use_at;
    uint32_t use_n;
};

/* One draft in force in one order. */
struct tb_bt_use {
    struct tb_promotion_use use;
    int64_t back; /* of its amount */
    uint32_t draft;
    bool ended;
};

/* A draft in the scratch cell, and what it did. */
struct tb_bt_draft {
    const struct tb_cmd_campaign_put *put; /* its code: a campaign of that code is left out of the pricing */
    uint32_t campaign; /* 0: not put yet */
    uint32_t coupon_unit;
    uint32_t budget;
    enum tb_code not_put; /* why, the last time */
    char not_put_field[48];
    int64_t orders; /* in force */
    int64_t saving;
    int64_t back;
    int64_t gifts; /* units, goods, coupons given */
    int64_t why[TB_PROMOTION_WHYS];
};

struct tb_bt_day {
    int64_t orders;
    int64_t in_force;
    int64_t saving;
    int64_t before;
    int64_t after;
};

struct tb_bt_unit {
    uint32_t unit;
    int64_t before; /* what the touched orders earned */
    int64_t after;
    int64_t coupons; /* given by the draft, of coupon templates */
};

/* Another campaign that met the draft. */
struct tb_bt_other {
    uint32_t campaign;
    int64_t together; /* orders */
    int64_t displaced; /* orders in which it was in force, and with the draft it is not */
    int64_t lost;      /* its saving there */
};

struct tb_bt_figures {
    int64_t orders; /* in the window */
    int64_t fate[TB_BT_FATES];
    int64_t why[TB_PROMOTION_WHYS]; /* over all drafts, so more than CLOSED where there are several */
    int64_t refused[TB_CODE_COUNT];
    int64_t price_why[TB_PRICE_DEARER + 1]; /* of NO_EFFECT */
    int64_t before; /* paid, of touched orders */
    int64_t after;
    int64_t saving; /* of the draft */
    int64_t back;   /* of it, by returns */
    int64_t others_before; /* saving of other offers on touched orders */
    int64_t others_after;
    int64_t cost_known; /* net of touched lines whose product's cost is known, without the draft */
    int64_t margin_before;
    int64_t margin_after;
    int64_t gift_pieces;
    int64_t gift_value;
    int64_t all_net; /* paid, of all orders in the window */
    int64_t members; /* distinct, touched; known at the end */
    int64_t anonymous; /* touched orders of nobody */
    int64_t below_cost; /* lines */
    int64_t deep;       /* orders beyond TB_BT_DEEP_PPM */
    int64_t unproven;
    int64_t stacked; /* orders with another offer beside it */
    int64_t coupons; /* used */
};

struct tb_bt_options {
    struct tb_journal *journal;
    const struct tb_core_env *env;
    uint32_t tenant;
    const struct tb_zone *zone;
    int64_t from_ms; /* of occurred_at: [from, to) */
    int64_t to_ms;
    bool today; /* every order sees the state of the journal's end: what 0016 compares with */
    const struct tb_cmd_campaign_put *campaign;
    uint32_t campaign_n;
    FILE *orders; /* every touched order as a line of CSV; NULL: none */
    bool (*go_on)(void *user, uint64_t done, uint64_t of); /* batches; false stops */
    void *user;
};

struct tb_backtest {
    struct tb_bt_options o;
    struct tb_replay *replay;
    struct tb_core *core; /* the scratch cell */
    struct tb_txn txn;    /* of what is asked of it */
    struct tb_arena scratch;
    struct tb_arena decoded;
    void *region[3];
    uint64_t counter[TB_COUNTERS_MAX]; /* of the draft's own numbers */
    struct tb_bt_draft draft[TB_BT_DRAFTS_MAX];
    bool config_changed;
    /* the entry under way */
    uint64_t seq;
    struct tb_str placed;
    struct tb_str priced;
    uint64_t order_no;
    bool judged;
    /* figures */
    struct tb_bt_figures f;
    struct tb_bt_unit unit[TB_BT_UNITS_MAX];
    uint32_t unit_n;
    struct tb_bt_other other[TB_BT_OTHERS_MAX];
    uint32_t other_n;
    struct tb_bt_day *day;
    int32_t day_first;
    uint32_t day_n;
    struct tb_bt_order *order; /* by number */
    uint32_t order_n, order_cap;
    struct tb_bt_line *line;
    uint32_t line_n, line_cap;
    struct tb_price_share *share; /* offer: place among the order's uses */
    uint32_t share_n, share_cap;
    struct tb_bt_use *use;
    uint32_t use_n, use_cap;
    char *text;
    uint32_t text_n, text_cap;
};

enum tb_bt_answer { TB_BT_DONE = 0, TB_BT_STOPPED, TB_BT_PRUNED, TB_BT_FAULT };

/* Runs it. b is filled in every case; close it. */
TB_MUST_USE enum tb_bt_answer tb_backtest_run(struct tb_backtest *b, const struct tb_bt_options *o,
                                              struct tb_fault *fault);
void tb_backtest_close(struct tb_backtest *b);

/* report.c: the figures, as lines for people or as one JSON object. */
struct tb_bt_print {
    struct tb_str tenant;
    struct tb_str currency;
    uint32_t digits;
    const char *campaign;
};
void tb_backtest_print(struct tb_backtest *b, const struct tb_bt_print *p, FILE *out);
void tb_backtest_json(struct tb_backtest *b, const struct tb_bt_print *p, struct tb_buf *out);

/* ---- inside: draft.c, judge.c, back.c ---------------------------------------------------------------------- */

/* Puts live what is not yet and can be; false while no draft is. */
bool tb_bt_drafts_ready(struct tb_backtest *b);
/* The draft of that campaign, -1 = none. */
int32_t tb_bt_draft_of(const struct tb_backtest *b, uint32_t campaign);
/* What is asked of the scratch cell takes numbers of its own between these two. */
void tb_bt_numbers_begin(struct tb_backtest *b);
void tb_bt_numbers_end(struct tb_backtest *b);
/* The order of b->placed, before its own events. */
void tb_bt_judge(struct tb_backtest *b, int64_t now_ms);
/* An OrderReturned event's body, before it is folded. */
void tb_bt_return(struct tb_backtest *b, struct tb_str body, int64_t now_ms);

#endif
