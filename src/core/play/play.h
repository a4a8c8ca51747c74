// SPDX-License-Identifier: Apache-2.0
/* core/play/play.h - what brings people back: check-in, draws, stamp cards, tasks, red packets,
 * what the scan of an item code gives, first messages one after the other.
 *
 * A game is a configuration object of one of six kinds; what one profile has done in it is a
 * seat. Value is the ledger's alone: costs are spent and prizes earned in the command that
 * plays, in any unit (points, chances, stamps, coupons), so neither can happen without the
 * other. Limits, streaks, misses and milestones are judged on the person, over the seats of
 * all her profiles: a merge adds seats together and an unmerge parts them, and nothing is
 * copied. A seat is written by its own profile's plays only, but for what a win or a full card
 * ends on the others.
 *
 * A game's rules are published when it opens, with the SHA-256 of the seed that every draw
 * will come from, and stay as they are; the seed is told when it has ended (chance.h says how
 * draws come from it, `tongbao verify draw` checks one).
 *
 * Bounds: a person's check-in days are kept for TB_MAKEUP_DAYS_MAX days, longer where they are
 * part of a run that is still alive; packets and seats stay in memory.
 * Pure; the cell's thread alone; inputs are borrowed. Not here: group buy, bargain, mall.    */
#ifndef TB_CORE_PLAY_H
#define TB_CORE_PLAY_H

#include "core/catalog/catalog.h"
#include "core/identity/identity.h"
#include "core/play/chance.h"

#define TB_GAMES_MAX 512u /* a tenant's */
#define TB_CHANNELS_MAX 64u
#define TB_PRIZES_MAX 64u
#define TB_REWARDS_MAX 400u
#define TB_CARD_SIZE_MAX 60
#define TB_CARD_MILESTONES_MAX 60u /* bits of a mask */
#define TB_MAKEUP_DAYS_MAX 62
#define TB_PACKET_SHARES_MAX 5000
#define TB_PACKET_LIFETIME_MAX_MS (90 * TB_DAY_MS)
#define TB_CONDITION_MAX 2000u /* bytes */
#define TB_TASKS_TOLD 4u       /* with a refusal for want of points */
#define TB_TARGETS_MAX 64u     /* of a SCAN game */
#define TB_SCAN_REWARDS_MAX 8u

/* ---- enums: journaled, never renumber ------------------------------------------------------ */

enum tb_game_kind {
    TB_GAME_CHECKIN = 1,
    TB_GAME_DRAW, /* wheel, scratch card, box: how it looks is the page's business */
    TB_GAME_STAMPS,
    TB_GAME_TASK,
    TB_GAME_SCAN, /* what the first scan of an item code gives */
    TB_GAME_SEQUENCE, /* messages, each once, the next one at the next touch; some give something */
};
#define TB_GAME_KINDS 7u

enum tb_game_state { TB_GAME_DRAFT = 0, TB_GAME_OPEN, TB_GAME_PAUSED, TB_GAME_ENDED };

enum tb_game_flag {
    TB_GAME_FOR_SHARING = 1, /* what is rewarded is bringing friends or sharing */
    TB_GAME_ODDS_HIDDEN = 2, /* the page does not show the odds */
    TB_GAME_WRAPS = 4,       /* CHECKIN: the ladder begins anew behind its end; else its last step stays */
    TB_GAME_MEMBER_ZONE = 8, /* CHECKIN: days of the zone that the command names */
    TB_GAME_INSIDE_ONLY = 16, /* SCAN: nothing for codes scanned outside of the region they are bound to */
};
#define TB_GAME_FLAGS_ALL 31u

enum tb_reward_kind {
    TB_REWARD_STEP = 1,  /* CHECKIN: day `at` of the ladder; TASK: what it gives */
    TB_REWARD_MILESTONE, /* CHECKIN: a streak of `at` days; STAMPS: `at` stamps on the card */
    TB_REWARD_STORE,     /* SCAN: for the payee of the store that is credited; STEP is the shopper's */
    TB_REWARD_ASSOCIATE, /* SCAN: for the payee of the associate that is credited */
};
#define TB_REWARD_KINDS 5u

/* What a SCAN game is about. Targets of one kind are alternatives; of every kind that is there
 * one must hold; none at all: every code.                                                   */
enum tb_target_by {
    TB_TARGET_PRODUCT = 1, /* code */
    TB_TARGET_CATEGORY,    /* path, with what is below it */
    TB_TARGET_BRAND,
    TB_TARGET_REGION,   /* of the shopper, as far as it is known, else where the code is meant to be sold */
    TB_TARGET_CAMPAIGN, /* text of the binding */
    TB_TARGET_LOT,
    TB_TARGET_BATCH, /* code */
};
#define TB_TARGET_BYS 8u

/* Why a scan gave nothing; in order of precedence, as far as one game goes. Among games the one
 * that came closest speaks.                                                                 */
enum tb_scan_award {
    TB_AWARD_NO_CAMPAIGN = 0, /* no open game is about this code */
    TB_AWARD_GIVEN,
    TB_AWARD_TAKEN,        /* the code has given already, or somebody else scanned it first */
    TB_AWARD_NOBODY,       /* nobody was recognised */
    TB_AWARD_OUTSIDE,      /* INSIDE_ONLY */
    TB_AWARD_NOT_ELIGIBLE, /* the condition */
    TB_AWARD_LIMIT,        /* per_day, per_member */
    TB_AWARD_REFUSED,      /* the units' own rules: caps, a coupon's stock */
};
#define TB_AWARDS 8u

/* What a platform forbids; bits. */
enum tb_channel_forbids {
    TB_FORBIDS_SHARING = 1,     /* games FOR_SHARING */
    TB_FORBIDS_HIDDEN_ODDS = 2, /* draws with ODDS_HIDDEN */
    TB_FORBIDS_PACKETS = 4,
};
#define TB_FORBIDS_ALL 7u

/* Why the fallback was given instead of the prize that was drawn; in order of precedence. */
enum tb_draw_why {
    TB_DRAW_AS_DRAWN = 0,
    TB_DRAW_LOCKED,     /* the member's draw number is below the prize's unlock */
    TB_DRAW_MEMBER_CAP, /* she has had it as often as one may */
    TB_DRAW_STOCK,      /* none is left */
    TB_DRAW_RELEASE,    /* none is left of what is released by now */
    TB_DRAW_LEDGER,     /* the unit's own rules refuse it (a cap, a coupon's stock) */
};

enum tb_packet_mode { TB_PACKET_EQUAL = 1, TB_PACKET_RANDOM };

/* ---- blocks ---------------------------------------------------------------------------------- */

enum tb_game_section {
    TB_GAME_BYTES = TB_CONFIG_BYTES,
    TB_GAME_PRIZE,
    TB_GAME_REWARD,
    TB_GAME_CONDITION, /* compiled, words of 8 bytes */
    TB_GAME_TARGET,
    TB_GAME_SECTIONS
};

struct tb_game {
    struct tb_config c;
    struct tb_text condition; /* who may play: an expression as an ENROL rule's; none = everybody */
    int64_t from_ms;
    int64_t until_ms;  /* INT64_MAX = open */
    int64_t opened_ms; /* 0 = never yet */
    int64_t ended_ms;
    int64_t cost;
    int64_t plays; /* by everybody */
    uint32_t edition; /* version at the first opening: part of every draw */
    uint32_t flags;   /* enum tb_game_flag */
    uint32_t per_day;    /* plays of one member, 0 = no limit; CHECKIN: make-ups in a month */
    uint32_t per_member; /* ever; TASK: in its period */
    uint32_t cost_unit;  /* DRAW: of a draw; CHECKIN: of a make-up; 0 = free */
    uint32_t free_day;   /* DRAW: a member's first draws of a day cost nothing */
    uint32_t pity_after; /* DRAW: after so many draws without a prize `pity` is due */
    uint32_t unit;       /* STAMPS */
    uint32_t attributes; /* how many were declared when the condition was compiled */
    uint16_t pity;       /* prize, from 1; 0 = none */
    uint16_t fallback;   /* prize, from 1 */
    uint16_t size;       /* STAMPS: of a card */
    uint16_t window_days; /* CHECKIN: how far back a day can be made up; 0 = not at all */
    uint8_t kind;        /* enum tb_game_kind */
    uint8_t state;       /* enum tb_game_state */
    uint8_t period;      /* TASK: enum tb_cap_period */
    uint8_t broken;      /* a newer program's compiler refuses the condition: nobody may play */
    uint8_t seed[TB_SEED_BYTES]; /* a secret until the game has ended */
    uint8_t seed_hash[TB_SHA256_BYTES];
    uint8_t rules_hash[TB_SHA256_BYTES]; /* of tb_play_rules_text at the put */
};

struct tb_prize {
    struct tb_text code;
    struct tb_text name;
    int64_t amount;
    int64_t value;  /* minor units, as far as ceilings go */
    int64_t stock;  /* 0 = without end */
    int64_t given;
    int64_t release_every_ms; /* release_n more become available with each such time since opened */
    uint32_t release_n;       /* 0 = all at once */
    uint32_t ppm;
    uint32_t unit; /* 0 = nothing: a miss */
    uint32_t per_member;
    uint32_t unlock; /* not before her draw of that number */
    uint32_t zero;
};

struct tb_reward {
    int64_t amount;
    uint32_t unit;
    uint32_t at;
    uint32_t kind; /* enum tb_reward_kind */
    uint32_t monthly; /* MILESTONE of CHECKIN: once in a month instead of once in a streak */
};

struct tb_target {
    struct tb_text text; /* CATEGORY, BRAND, REGION, CAMPAIGN, LOT */
    uint32_t by;         /* enum tb_target_by */
    uint32_t id;         /* PRODUCT, BATCH */
};

enum tb_seat_section { TB_SEAT_RUN = 0, TB_SEAT_MILESTONE, TB_SEAT_PRIZE, TB_SEAT_SECTIONS };

/* Kind SEAT: what one profile has done in one game. */
struct tb_seat {
    uint32_t tenant;
    uint32_t game;
    uint32_t profile;
    uint32_t plays; /* draws, check-ins, cards filled, tasks done, scans rewarded, steps shown */
    uint32_t misses; /* DRAW: since the person's last prize */
    int32_t day;     /* DRAW, SCAN, SEQUENCE: of the counts; TASK: first day of the period */
    uint32_t day_n;
    uint32_t day_free;
    int32_t month; /* CHECKIN: of made_up, year * 12 + month - 1 */
    uint32_t made_up;
    uint64_t mask; /* STAMPS: milestones given on the running card */
    int64_t last_ms;
};
/* Days that this profile has filled, sorted, joined. */
struct tb_seat_run {
    int32_t from;
    int32_t to;
};
struct tb_seat_milestone {
    uint32_t reward; /* its length */
    int32_t day;     /* last day of the run that it was given for */
};
struct tb_seat_prize {
    uint32_t prize; /* index */
    uint32_t n;
};

enum tb_packet_section { TB_PACKET_CLAIM = 0, TB_PACKET_SECTIONS };

struct tb_packet {
    uint32_t tenant;
    uint32_t unit;
    uint32_t profile; /* sender, 0 = the shop */
    uint32_t shares;
    uint64_t hold; /* that reserves the sender's part */
    int64_t total;
    int64_t left;
    int64_t made_ms;
    int64_t deadline_ms;
    int64_t closed_ms; /* 0 = open */
    uint32_t mode;     /* enum tb_packet_mode */
    uint32_t zero;
    uint8_t seed[TB_SEED_BYTES];
};
struct tb_packet_claim {
    uint32_t profile;
    uint32_t zero;
    int64_t amount;
    int64_t at_ms;
};

enum tb_channel_section { TB_CHANNEL_BYTES = TB_CONFIG_BYTES, TB_CHANNEL_SECTIONS };

struct tb_channel {
    struct tb_config c;
    int64_t prize_ceiling; /* minor units, 0 = none */
    uint32_t forbids;      /* enum tb_channel_forbids */
    uint32_t zero;
};

/* ---- commands: configuration ------------------------------------------------------------------- */

/* A unit of points, or a coupon's template with amount 1. */
struct tb_prize_input {
    struct tb_str code; /* [A-Za-z0-9._:-], unique in the game */
    struct tb_str name;
    int64_t ppm; /* they add up to 1,000,000 */
    struct tb_str unit; /* empty = nothing */
    int64_t amount;     /* 0 when the unit is empty */
    int64_t value;
    int64_t stock;
    int64_t per_member;
    int64_t unlock;
    int64_t release_every_ms; /* with release_n, or 0 */
    int64_t release_n;
};
struct tb_reward_input {
    int64_t kind; /* enum tb_reward_kind */
    int64_t at;
    struct tb_str unit;
    int64_t amount;
    bool monthly;
};

struct tb_target_input {
    int64_t by; /* enum tb_target_by */
    struct tb_str text;
};

/* GAME_PUT: a put (core/catalog/commands.h) with its answer. kind stays. Once opened, name,
 * until and larger stocks are all that may differ: GAME_OPENED. What a kind does not use is 0.
 * CHECKIN  STEPs 1 .. n, MILESTONEs, per_day, window_days, cost_unit and cost of a make-up
 * DRAW     prizes, seed, fallback (a prize without stock, lock, cap and release), costs, pity
 * STAMPS   unit, size, MILESTONEs at <= size, the last one at size
 * TASK     one STEP at 1, period, per_member
 * SCAN     1 .. 8 rewards at 1: STEP, STORE, ASSOCIATE; targets, per_day, per_member
 * SEQUENCE prizes are its steps in order: code, name (the message), unit and amount or neither; per_day
 * Refusals beyond those of every put: UNKNOWN_UNIT, UNKNOWN_PRODUCT, NOT_FOUND (a target's batch),
 * EXPRESSION, GAME_OPENED.                                                                     */
struct tb_cmd_game_put {
    struct tb_put put;
    struct tb_str name;
    int64_t kind;
    struct tb_str condition;
    int64_t from_ms;
    int64_t until_ms; /* 0 = open */
    uint64_t flags;
    int64_t per_day;
    int64_t per_member;
    struct tb_str cost_unit;
    int64_t cost;
    int64_t free_day;
    int64_t pity_after;
    struct tb_str pity;     /* code of a prize */
    struct tb_str fallback; /* code of a prize */
    struct tb_str seed;     /* DRAW: 32 bytes; empty: stays as it is, or for a new game: entropy's */
    struct tb_str unit;
    int64_t size;
    int64_t window_days;
    int64_t period;
    const struct tb_prize_input *prize;
    uint32_t prize_n;
    const struct tb_reward_input *reward;
    uint32_t reward_n;
    const struct tb_target_input *target;
    uint32_t target_n;
};

/* GAME_MOVE: draft -> open <-> paused -> ended; ended is for good. Answer body: 1 state.
 * UNKNOWN_GAME, INVALID "state" (also a move that there is not), REASON_REQUIRED (not to OPEN). */
struct tb_cmd_game_move {
    struct tb_str game;
    int64_t state;
    struct tb_str reason;
};

/* CHANNEL_PUT: a put. */
struct tb_cmd_channel_put {
    struct tb_put put;
    struct tb_str name;
    uint64_t forbids;
    int64_t prize_ceiling;
};

/* PAYEE_SET: whom rewards of a store or an associate go to: a member; nobody: they go to no one. A put
 * of the store leaves it. NOT_FOUND, UNKNOWN_MEMBER. Answer body: 12 person. */
struct tb_cmd_payee_set {
    enum tb_kind kind; /* TB_KIND_STORE, TB_KIND_ASSOCIATE */
    struct tb_str code;
    struct tb_who who;
};

/* ---- commands: playing ---------------------------------------------------------------------------
 * Refusals of all that follow, in this order: UNKNOWN_GAME, INVALID "game" (of another kind),
 * UNKNOWN_MEMBER (and the like), UNKNOWN_CHANNEL, CHANNEL_FORBIDS, GAME_CLOSED, NOT_ELIGIBLE;
 * then those of the command. INSUFFICIENT has a body: 20 how much is missing, 21 code of the
 * unit, 22 repeated task {1 code, 2 amount, 3 times, 0 = no limit} that gives some of it now. */

/* DRAW. PLAY_LIMIT, INSUFFICIENT, CAP_EXCEEDED (the unit's spend cap). Answer body:
 *   1 prize given, from 1     2 prize drawn    3 enum tb_draw_why    4 amount    5 lot
 *   6 number of the draw      7 player         8 ticket              9 1 = due by pity
 *  10 edition                11 code of the prize given             12 person
 *  13 1 = a free draw        14 balance of the cost unit (zigzag)   15 misses since a prize
 * TASK_DO: a task was done, says a system that knows. PLAY_LIMIT, and what earning refuses.
 * Answer body: 1 unit, 2 amount, 3 times left in the period (absent: no limit), 12 person.    */
struct tb_cmd_play {
    struct tb_who who;
    struct tb_str game;
    struct tb_str channel; /* code, may be empty */
};

/* CHECKIN: today. INVALID "zone", ALREADY_DONE. MAKEUP: a day of the last window_days.
 * INVALID "zone", INVALID "day", ALREADY_DONE, PLAY_LIMIT, INSUFFICIENT, CAP_EXCEEDED. It gives no
 * step of the ladder, only the milestones that the longer run reaches. A milestone whose unit
 * refuses the amount is not given and not remembered. Answer body:
 *   1 day (zigzag)   2 length of the run with it   3 amount of the ladder   4 its unit
 *   5 repeated milestone {1 at, 2 unit, 3 amount}   12 person                                */
struct tb_cmd_checkin {
    struct tb_who who;
    struct tb_str game;
    struct tb_str channel;
    struct tb_str zone; /* IANA; only with MEMBER_ZONE, empty = the tenant's */
    int32_t day;        /* MAKEUP */
};

/* SEQUENCE_NEXT: the next message; input as of DRAW. ALREADY_DONE (she has seen all), PLAY_LIMIT. A gift that its
 * unit refuses is left out. Answer body: 1 step, from 1, 2 steps in all, 3 code, 4 message, 5 unit, 6 amount,
 * 7 lot (of what it gave), 12 person                                                          */

/* STAMP: count stamps more; 0 = looks whether a card is full (stamps may be earned by rules as
 * well); below 0 = taken back, if need be from the next card. Full cards are taken in, each
 * with the reward at its size. INVALID "count", PLAY_LIMIT (the unit's cap takes all of it), what
 * earning refuses. Answer body: 1 stamps now (zigzag), 2 size, 3 cards filled now, 4 ever (the person),
 *   5 repeated reward {1 at, 2 unit, 3 amount}, 12 person                                    */
struct tb_cmd_stamp {
    struct tb_who who;
    struct tb_str game;
    struct tb_str channel;
    int64_t count; /* -1000 .. 1000 */
};

/* CODE_SCAN (core/code/code.h says input, refusals and fields 1 .. 20): the scan, and in the same
 * command what it gives. Of the open SCAN games that are about the code the oldest whose condition and
 * limits let her gives its rewards, and the code is redeemed: it gives once, whatever is opened
 * later. A code that was scanned without giving (no game, nobody recognised) gives to whoever scanned it
 * first, or, when that was nobody, to the next one who is recognised. Store and associate codes give to
 * everybody as often as the limits say. Answer body besides: 21 enum tb_scan_award, 22 game, 23 repeated what she
 * got {1 unit, 2 amount, 3 lot}.                                                             */

/* TASK_LIST (read): what this member can do now to earn (scanning codes too), games that give `unit` alone when it
 * is named. Answer body: 1 repeated {1 game, 2 kind, 3 unit, 4 amount, 5 times left in the
 * period, 0 = no limit}. UNKNOWN_UNIT, UNKNOWN_MEMBER, UNKNOWN_CHANNEL.                       */
struct tb_cmd_task_list {
    struct tb_who who;
    struct tb_str unit;
    struct tb_str channel;
};

/* SEAT_GET (read): where the member is in a game. UNKNOWN_GAME, UNKNOWN_MEMBER. Answer body:
 *   1 plays ever   2 plays today (DRAW, SCAN)   3 misses   4 free draws left today   5 streak alive
 *   6 1 = checked in today   7 stamps on the card (zigzag)   8 cards filled   9 player
 *  10 times left in the period (TASK)   12 person
 *  13 CHECKIN, the newest TB_SEAT_RUNS_TOLD, oldest first: run of filled days {1 first (zigzag), 2 length} */
#define TB_SEAT_RUNS_TOLD 40u

/* PACKET_SEND: total in shares, from the member (held at once) or, without one, from the shop.
 * Coupons: one a share (total = shares, equal); a member's own are held and pass on with their expiry.
 * UNKNOWN_UNIT, INVALID "unit" (not points, stored value or coupons), NOT_GIVABLE "unit", INVALID "mode", "shares",
 * "lifetime", UNKNOWN_CHANNEL, CHANNEL_FORBIDS,
 * AMOUNT_NOT_POSITIVE (below one a share), AMOUNT_OVERFLOW, then those of HOLD; of the shop: CAP_EXCEEDED "total" (more
 * than the caller may give alone by the unit's by_hand_max and by_hand_day_max; here nothing waits for approval).
 * Answer body: 1 packet, 4 deadline_ms, 12 person                                            */
struct tb_cmd_packet_send {
    struct tb_who who; /* nobody: the shop */
    struct tb_str unit;
    struct tb_str channel;
    int64_t total;
    int64_t shares; /* 1 .. TB_PACKET_SHARES_MAX */
    int64_t mode;   /* enum tb_packet_mode */
    int64_t lifetime_ms; /* 1 s .. 90 d */
};
/* PACKET_CLAIM: one share a person; asked again she gets the same answer. UNKNOWN_PACKET,
 * UNKNOWN_MEMBER, UNKNOWN_CHANNEL, CHANNEL_FORBIDS, PACKET_CLOSED, PACKET_EMPTY, what earning
 * refuses. Answer body: 1 packet, 2 amount, 3 1 = claimed before, 4 shares left, 12 person    */
struct tb_cmd_packet_claim {
    uint64_t packet;
    struct tb_who who;
    struct tb_str channel;
};
/* PACKET_GET (read). UNKNOWN_PACKET. Answer body: 1 packet, 2 unit, 3 total, 4 left, 5 shares,
 * 6 claimed, 7 mode, 8 deadline_ms, 9 sender, 10 1 = closed, 11 repeated {1 profile, 2 amount,
 * 3 at_ms} (the first 200)                                                                   */
struct tb_cmd_packet_get {
    uint64_t packet;
};

/* ---- for the border ------------------------------------------------------------------------------ */

/* The rules as text, one line each, which the published hash is of:
 *   tongbao draw 1 / game <code> / prize <code> <ppm> <stock> <per_member> <unlock> <release_every_ms>
 *   <release_n> <amount> / pity <after> <code> / fallback <code>
 * Names and units are not part of it. game: packed or live, with its sections.                */
struct tb_rules_prize {
    struct tb_str code;
    int64_t ppm, stock, per_member, unlock, release_every_ms, release_n, amount;
};
struct tb_rules {
    struct tb_str game;
    const struct tb_rules_prize *prize;
    uint32_t prize_n;
    int64_t pity_after;
    struct tb_str pity;
    struct tb_str fallback;
};
#define TB_RULES_TEXT_MAX 16384u
void tb_play_rules_text(const struct tb_rules *r, struct tb_buf *out);

/* ---- for the engine and core.c --------------------------------------------------------------------- */

/* Touches the seat that a play will want, beside the passes over its member: pass 2 finds her profile in
 * carry->found (core.h). */
struct tb_prefetch;
void tb_play_prefetch(struct tb_core *c, uint32_t tenant, struct tb_str game, uint32_t pass,
                      struct tb_prefetch *carry);
void tb_play_index(struct tb_core *c, struct tb_block *b);
/* Compiles conditions that another version of the program has stored and this one cannot read. */
void tb_play_refresh(struct tb_core *c);
int64_t tb_play_due_ms(const struct tb_block *packet);
void tb_play_fire(struct tb_txn *t, uint32_t packet);
/* tb_core_check: stock, sums of packets, runs, seats. */
void tb_play_check(struct tb_audit *a);

#endif
