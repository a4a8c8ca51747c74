// SPDX-License-Identifier: Apache-2.0
/* core/play/play_int.h - shared inside the room. */
#ifndef TB_CORE_PLAY_INT_H
#define TB_CORE_PLAY_INT_H

#include "base/num.h"
#include "core/ledger/ledger.h"
#include "core/ops.h"
#include "core/play/play.h"
#include "events.gen.h"

/* ---- one play at work (seat.c) ------------------------------------------------------------- */

struct tb_play_run {
    struct tb_txn *t;
    struct tb_answer *a;
    uint64_t actor;
    uint32_t game;    /* block */
    uint32_t profile; /* plays are booked to */
    uint32_t person;
    uint32_t seat;    /* of the profile, as it is or will be; see fresh */
    bool fresh;       /* the seat is not there yet */
};

/* Finds, checks and refuses as play.h says; settles what is due for the person. */
enum tb_outcome tb_play_begin(struct tb_play_run *r, struct tb_txn *t, const struct tb_command *cmd,
                              enum tb_game_kind kind, const struct tb_who *who, struct tb_str game,
                              struct tb_str channel, struct tb_answer *a);
/* Whether somebody may play it now, without refusing: OK, GAME_CLOSED, NOT_ELIGIBLE. */
enum tb_code tb_play_open(const struct tb_txn *t, struct tb_block *game, struct tb_block *person);
/* The rules of a channel. OK, UNKNOWN_CHANNEL, CHANNEL_FORBIDS. game NULL: a packet of value. */
enum tb_code tb_play_channel(const struct tb_txn *t, struct tb_str channel, struct tb_block *game);

const struct tb_game *tb_game_head(const struct tb_txn *t, uint32_t game);
struct tb_block *tb_seat_block(const struct tb_txn *t, uint32_t game, uint32_t profile);
/* Seats of the person in the game, in the order of her profiles; *n of them; in scratch. */
struct tb_block **tb_play_seats(const struct tb_txn *t, uint32_t game, struct tb_block *person,
                                uint32_t *n);
/* apply: the seat, made when it is not there. */
struct tb_seat *tb_seat_write(struct tb_txn *t, uint64_t seat, uint64_t game, uint64_t profile);

/* Gives amount of unit. *got 0: a cap of the unit took all of it. */
enum tb_code tb_play_give(struct tb_play_run *r, uint32_t unit, int64_t amount,
                          struct tb_earned *got);
/* Spends; a refusal for want of points says how much is missing and what would fill it. */
enum tb_outcome tb_play_pay(struct tb_play_run *r, uint32_t unit, int64_t amount, const char *field);
/* The profile as proofs name it: tells nothing about its number. */
uint64_t tb_play_player(const struct tb_txn *t, uint32_t game, uint32_t profile);

/* ---- check-in (checkin.c) -------------------------------------------------------------------- */

/* Days of one person: runs of all her seats, joined, sorted; in scratch. */
struct tb_days {
    struct tb_seat_run *run;
    uint32_t n;
};
struct tb_days tb_checkin_days(const struct tb_txn *t, struct tb_block **seat, uint32_t n);
/* What the ladder gives on a day that makes the run so long; NULL: nothing. */
const struct tb_reward *tb_checkin_step(const struct tb_txn *t, struct tb_block *game, int64_t streak);

/* ---- scans (scan.c, payee.c) --------------------------------------------------------------------- */

/* The first reward of a SCAN game for her who scans; false: none, or she is at a limit. *left: times, 0 =
 * not told. */
bool tb_scan_row(const struct tb_txn *t, struct tb_block *game, struct tb_block *person, struct tb_reward *out,
                 uint64_t *left);
/* Profile that rewards of the store or associate go to; 0 = nobody. */
uint32_t tb_play_payee(const struct tb_txn *t, enum tb_kind kind, uint64_t id);

/* ---- tasks (task.c) ---------------------------------------------------------------------------- */

/* Appends what gives unit (0 = any) to the body as field {1 code, 2 amount, 3 times}, or, full, as
 * TASK_LIST has it. At most max rows. */
void tb_task_rows(const struct tb_txn *t, struct tb_block *person, uint32_t unit, struct tb_str channel,
                  uint32_t field, bool full, uint32_t max, struct tb_buf *out);

#endif
