// SPDX-License-Identifier: Apache-2.0
/* core/issue/issue.h - coupons to many: by audience, and by codes that are handed out.
 *
 * ISSUE (kind 57): one run over the tenant's persons. It counts who matches an audience, who of them may take
 *     part and who has consented; with a template it also gives each one coupon, by the same path as a single
 *     one (tb_coupon_issue): stock, limits of a member and members-only are asked there and nowhere else.
 *     A run is a job with a cursor (core/job): a slice of persons a step, so no batch is held up; a restart goes
 *     on behind the last durable step. Persons that come into being later are not part of it. A merge keeps the
 *     lower block and a split takes a new number, so nobody is visited twice and nobody gets two.
 *     A run is named by its code: the same put again answers the same and starts nothing.
 *
 * COUPON_CODE (kind 58): what a word or a batch of item codes is worth.
 *     public   the object's code is the word itself, in capitals: N uses in all, M of a member
 *     unique   the object's code is that of a batch of item codes (core/code): each code in force works once. The
 *              codes are computed, so nothing is stored before one is used; `tongbao codes print` prints them.
 *     Both are claimed by COUPON_CLAIM. A wrong word or code is final with one event, which counts towards the
 *     limits of guessing (core/code/code.h): the caller's and the tenant's.
 *
 * Pure; the cell's thread alone; inputs are borrowed. Not here: one coupon (core/promotion).        */
#ifndef TB_CORE_ISSUE_H
#define TB_CORE_ISSUE_H

#include "core/job/job.h"
#include "core/promotion/commands.h"

#define TB_ISSUES_MAX 10000u       /* a tenant's, ever */
#define TB_ISSUES_RUNNING_MAX 8u   /* at the same time */
#define TB_COUPON_CODES_MAX 20000u /* a tenant's */

/* ---- blocks ---------------------------------------------------------------------------------- */

enum tb_issue_state {
    TB_ISSUE_RUNNING = 0,
    TB_ISSUE_DONE,
    TB_ISSUE_STOPPED,      /* by hand */
    TB_ISSUE_OUT_OF_STOCK, /* the template's stock ended it */
    TB_ISSUE_LIMIT,        /* as many as were allowed */
    TB_ISSUE_OVER,         /* the template's validity ended while it ran */
};
#define TB_ISSUE_STATES 6u

/* Why somebody who matches got none. In order of precedence. */
enum tb_issue_skip {
    TB_SKIP_NO_CONSENT = 0,
    TB_SKIP_NOT_ENROLLED,
    TB_SKIP_HAS_HERS, /* a limit of the template for a member */
    TB_SKIP_FULL,     /* a bound on what one member holds */
};
#define TB_ISSUE_SKIPS 4u

enum tb_issue_section { TB_ISSUE_BYTES = TB_CONFIG_BYTES, TB_ISSUE_SECTIONS };

struct tb_issue {
    struct tb_config c;
    struct tb_text audience; /* expression over the member; empty: everybody */
    struct tb_text reason;
    uint32_t unit;     /* template; 0 = it only counts */
    uint32_t campaign; /* whose audience it is, 0 = none */
    uint32_t offer;    /* the version asked */
    uint32_t purpose;  /* consent that is needed, 0 = any purpose of marketing counts, none is needed */
    uint32_t actor;
    uint32_t state;    /* enum tb_issue_state */
    uint64_t job;
    uint64_t last;     /* persons that existed when it began */
    int64_t limit;     /* coupons at most, 0 = no bound */
    int64_t started_ms;
    int64_t ended_ms;  /* 0 = it runs */
    int64_t looked;    /* persons */
    int64_t matched;   /* the audience holds */
    int64_t eligible;  /* and may take part: enrolled, first order, limits; campaigns only, else = matched */
    int64_t consented; /* eligible, and consent was given */
    int64_t held_out;  /* eligible, and in the campaign's control arm */
    int64_t issued;
    int64_t skipped[TB_ISSUE_SKIPS];
};

enum tb_coupon_code_section { TB_COUPON_CODE_BYTES = TB_CONFIG_BYTES, TB_COUPON_CODE_SECTIONS };

struct tb_coupon_code {
    struct tb_config c;
    uint32_t unit; /* template */
    uint8_t unique;
    uint8_t disabled;
    uint8_t zero[2];
    int64_t uses_max;   /* in all, 0 = as the template's stock allows */
    int64_t member_max; /* of one member, 0 = as the template allows */
    int64_t from_ms;
    int64_t until_ms;   /* INT64_MAX = open */
    int64_t uses;
};

#define TB_ISSUE_SHAPE                                                                            \
    {                                                                                             \
        .name = "coupon_issue", .version = 1, .head_bytes = sizeof(struct tb_issue),              \
        .section_n = TB_ISSUE_SECTIONS, .elem_bytes = {1}                                         \
    }
#define TB_COUPON_CODE_SHAPE                                                                      \
    {                                                                                             \
        .name = "coupon_code", .version = 1, .head_bytes = sizeof(struct tb_coupon_code),         \
        .section_n = TB_COUPON_CODE_SECTIONS, .elem_bytes = {1}                                   \
    }

/* ---- commands -------------------------------------------------------------------------------- */

enum tb_issue_verb { TB_ISSUE_START = 0, TB_ISSUE_COUNT, TB_ISSUE_STOP };

/* START: put.code names the run. It stands as it was started: the same again changes nothing, anything else is
 *     ISSUE_STARTED. COUNT: counts a campaign's audience anew, under "audience:<campaign>"; put.code is not used.
 *     STOP: what was issued stays; a run that has ended stays as it ended.
 * Refusals in order: INVALID "code", UNKNOWN_UNIT "unit", UNKNOWN_CAMPAIGN "campaign", INVALID "audience" (both),
 * UNKNOWN_PURPOSE "purpose", REASON_REQUIRED "reason", INVALID "limit", EXPRESSION "audience", NOT_OPEN "unit" (its
 * validity is over), BUSY (as many run as may), ISSUE_STARTED; STOP: NOT_FOUND.
 * Body: as of a put.                                                                              */
struct tb_cmd_issue {
    struct tb_put put;
    enum tb_issue_verb verb;
    struct tb_str name;
    struct tb_str unit;
    struct tb_str audience; /* or: */
    struct tb_str campaign; /* the newest version's audience */
    struct tb_str purpose;
    struct tb_str reason;
    int64_t limit;
};

/* Refusals in order: those of a put (a public word is A-Z, 0-9, '-', '_', '.', at most 56), UNKNOWN_UNIT "unit",
 * INVALID "uses_max", "member_max", "from", "until", NOT_FOUND "unique" (no batch of item codes of that code),
 * UNIT_MISMATCH "unit" (another template than before: uses are counted on it), CODE_TAKEN.          */
struct tb_cmd_coupon_code_put {
    struct tb_put put;
    struct tb_str unit;
    bool unique;
    bool disabled;
    int64_t uses_max;
    int64_t member_max;
    int64_t from_ms;
    int64_t until_ms; /* 0 = open */
};

/* ---- for COUPON_CLAIM (core/promotion/coupon_cmd.c) ------------------------------------------- */

/* The word is tried as an object's, then as a template's own claim code (object 0), then the serial. DONE with OK
 * and what was found; or the refusal "claim_code", which is final where it counts as a guess.
 * UNKNOWN_CODE, SCAN_LIMITED; CODE_VOID, CODE_FROZEN, CODE_REDEEMED (unique); NOT_OPEN; OUT_OF_STOCK (its uses);
 * CAP_EXCEEDED (the member's).                                                                    */
struct tb_claimed {
    uint32_t object;
    uint32_t unit;
};
enum tb_outcome tb_coupon_code_open(struct tb_txn *t, const struct tb_cmd_coupon_claim *in, uint32_t profile,
                                    struct tb_claimed *out, struct tb_answer *a);
/* The coupon was issued: counts the use, and redeems a unique code. */
enum tb_outcome tb_coupon_code_use(struct tb_txn *t, const struct tb_cmd_coupon_claim *in, uint32_t profile,
                                   const struct tb_claimed *c, const struct tb_coupon *coupon, struct tb_answer *a);

/* ---- for core/job ----------------------------------------------------------------------------- */

/* One slice: moves job->cursor on; when the run is over job->cursor is job->last. */
void tb_issue_step(struct tb_txn *t, struct tb_job *job);

#endif
