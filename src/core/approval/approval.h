// SPDX-License-Identifier: Apache-2.0
/* core/approval/approval.h - four eyes: what one person asks for by hand above a limit, another decides.
 *
 * A unit says how much one person may move by hand at once (struct tb_unit.by_hand_max) and in a day of the tenant's
 * zone (by_hand_day_max; what goes up and what comes down add up). An ADJUST or REVERSE of more becomes a request:
 * nothing moves, and the answer says so. DECIDE carries it out with exactly what was asked, or ends it. Approved is
 * judged as of then: what ADJUST or REVERSE refuses leaves the request waiting; and it counts for nobody's day.
 *
 * Who is the same person: keys that are in one pair of hands. A user (a key whose code has a colon, "tenant:login";
 * docs/design/0011) is a person; any other key is in the hands of who made it, and an unknown maker makes it a
 * person of its own. So neither the asker, nor a key that she made, nor the user who made the asking key approves.
 * The asker may end the request herself: withdrawn.
 *
 * A member asks to be erased the same way (ERASURE_ASK): nobody's key asks, and who has the right erases her with ERASE
 * (core/identity), which ends the request as approved; DECIDE may decline it with a reason, which she is told. What is
 * asked by her never lapses: the deadline says by when she is to be answered (15 working days in China: the regulators'
 * rules on apps of 2019, 6.3; a month in the EU: GDPR art. 12.3). She may take it back until then; asked again, it is
 * the same request from then on, so that asking and taking back fill no memory.
 *
 * Invariant   a request is decided once; APPROVED names the transfer that it made, and nothing else does (ERASE makes
 *             none).
 *             tb_tenant.objects[TB_OBJECTS_REQUEST] is how many of the tenant's wait, [TB_OBJECTS_ERASURE] how many
 *             to be erased; TB_MAP_ERASURE leads from a profile to the newest of these. What a person moved alone in a
 *             day stands at the key of those hands (struct tb_hand_day), where the unit bounds the day.
 * Limits      TB_REQUESTS_WAITING_MAX a tenant, erasures aside: a person has one; a request lapses after
 *             TB_REQUEST_LIFETIME_MS. A request stays in memory for ever: 136 bytes and its texts.
 *             A day's bound that is set at noon counts from noon on.
 * Pure; the cell's thread alone; inputs are borrowed. Not here: which roles may decide (api/operations.toml), gift
 * cards (a code is a secret and is not kept) and what tills take for money.                                       */
#ifndef TB_CORE_APPROVAL_H
#define TB_CORE_APPROVAL_H

#include "core/catalog/catalog.h"
#include "core/identity/identity.h"

#define TB_REQUESTS_WAITING_MAX 1000u
#define TB_REQUEST_LIFETIME_MS (14 * TB_DAY_MS)
#define TB_REQUEST_LIST_MAX 100u

enum tb_request_act { /* journaled, never renumber */
    TB_REQUEST_ADJUST = 1,
    TB_REQUEST_REVERSE,
    TB_REQUEST_ERASE, /* unit, amount and asked_by are 0, there is no reason: she needs none */
};
#define TB_REQUEST_ACTS 4u

enum tb_request_state { /* journaled, never renumber */
    TB_REQUEST_WAITING = 1,
    TB_REQUEST_APPROVED,
    TB_REQUEST_DECLINED,
    TB_REQUEST_WITHDRAWN, /* by who asked */
    TB_REQUEST_LAPSED,
};
#define TB_REQUEST_STATES 6u

enum tb_request_over { /* journaled, never renumber */
    TB_REQUEST_OVER_ACT = 0,
    TB_REQUEST_OVER_DAY,
};
#define TB_REQUEST_OVERS 2u

enum tb_request_section { TB_REQUEST_BYTES = 0, TB_REQUEST_SECTIONS };

/* Kind REQUEST. BYTES: the reason, then the note of who decided. */
struct tb_approval {
    uint32_t tenant;
    uint32_t act;   /* enum tb_request_act */
    uint32_t state; /* enum tb_request_state */
    uint32_t unit;
    uint32_t profile;  /* whose value */
    uint32_t asked_by; /* key */
    uint32_t decided_by; /* key; 0 = nobody, it lapsed */
    uint32_t reason_n;
    uint32_t note_n;
    uint32_t over; /* enum tb_request_over: the limit that it is above, the act's first */
    int64_t amount;    /* as ADJUST has it; REVERSE: units that come back, > 0 */
    uint64_t transfer; /* REVERSE: the one to undo */
    uint64_t made;     /* APPROVED: the transfer that it made */
    int64_t asked_ms;
    int64_t deadline_ms;
    int64_t decided_ms;
    uint64_t asked_seq; /* entries of the history */
    uint64_t decided_seq;
};

/* ---- commands ------------------------------------------------------------------------------------------ */

/* REQUEST_DECIDE. Answers in order: UNKNOWN_REQUEST, REQUEST_CLOSED (decided, or its time is over), INVALID "note",
 * KEY_REVOKED (the caller's key is revoked or has expired), INVALID "decision" (approve: an erasure is ERASE's to carry
 * out), REASON_REQUIRED "note" (an erasure is declined with a reason), OWN_REQUEST (approve: the same person, or the
 * engine);
 * approve: then those of ADJUST or REVERSE, of which nothing is kept.
 * Body: of the command that was carried out, then 7 request, 8 enum tb_request_state. */
struct tb_cmd_request_decide {
    uint64_t request;
    bool approve;
    struct tb_str note; /* 0 .. TB_REASON_MAX bytes */
};

/* ERASURE_ASK, by herself. UNKNOWN_MEMBER, UNKNOWN_NAMESPACE, ERASED, REQUEST_CLOSED "" (back: nothing waits). What
 * waits already is answered again. Body: as of tb_erasure_put. */
struct tb_cmd_erasure {
    struct tb_who who;
    bool back; /* take it back */
};

/* READ, newest first. UNKNOWN_REQUEST, INVALID "limit".
 * Body: 1 = {1 number, 2 packed block}, repeated; 2 how many wait; 3 cursor for `before` (absent: that was all);
 * 4 = {1 unit, 2 amount}, repeated (mine): what the caller's hands have moved alone today.
 * A page may hold fewer than limit and still have a cursor. */
struct tb_cmd_request_list {
    uint64_t request; /* this one alone; 0 = a list */
    uint32_t state;   /* enum tb_request_state; 0 = all */
    uint64_t before;  /* 0 = from the newest */
    uint32_t limit;   /* 1 .. TB_REQUEST_LIST_MAX */
    bool mine;        /* only what the caller's hands asked for */
};

/* ---- for the ledger --------------------------------------------------------------------------------------- */

/* True when the caller may not move that much of the unit alone. amount: any sign. */
bool tb_approval_needed(const struct tb_txn *t, const struct tb_command *cmd, uint32_t unit, int64_t amount);
/* She has moved it, alone: tb_approval_needed was false, and the act is done. */
void tb_approval_alone(struct tb_txn *t, const struct tb_command *cmd, uint32_t unit, int64_t amount);

/* Makes the request and fills the answer: 2 amount (zigzag), 3 available (zigzag), 5 person, 7 request, 8 WAITING,
 * 9 deadline (ms). The reason was checked. DONE, or TOO_MANY "" (so many wait). */
struct tb_asked {
    enum tb_request_act act;
    uint32_t unit;
    uint32_t profile;
    int64_t amount;
    uint64_t transfer;
    struct tb_str reason;
};
enum tb_outcome tb_approval_ask(struct tb_txn *t, const struct tb_command *cmd, const struct tb_asked *asked,
                                struct tb_answer *a);

/* ---- for identity ------------------------------------------------------------------------------------------- */

/* Her request, the one that waits or else the newest that was not taken back: 1 number, 2 enum tb_request_state,
 * 3 asked ms, 4 deadline ms, 5 decided ms, 6 note. Nothing when there is none. */
void tb_erasure_put(const struct tb_txn *t, struct tb_block *person, struct tb_buf *out);
/* She is about to be erased: what waits of her is approved. */
void tb_erasure_done(struct tb_txn *t, const struct tb_command *cmd, uint32_t person);

/* ---- for core.c --------------------------------------------------------------------------------------------- */

void tb_request_index(struct tb_core *c, struct tb_block *b);
int64_t tb_request_due_ms(const struct tb_block *b);
void tb_request_fire(struct tb_txn *t, uint64_t request);
/* tb_core_check. */
void tb_request_check(struct tb_audit *a);

#endif
