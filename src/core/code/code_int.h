// SPDX-License-Identifier: Apache-2.0
/* core/code/code_int.h - shared inside the room. */
#ifndef TB_CORE_CODE_INT_H
#define TB_CORE_CODE_INT_H

#include "base/num.h"
#include "core/code/bits.h"
#include "core/code/code.h"
#include "core/ops.h"
#include "events.gen.h"

#define TB_CODE_PAGE_RUNS 256u
#define TB_CODE_PIECE_BITS 12u
#define TB_CODE_FIRSTS_BITS 8u

/* ---- runs (runs.c) ------------------------------------------------------------------------- */

/* A run, cut to its batch. */
struct tb_code_span {
    uint64_t from;
    uint64_t until;
    struct tb_code_run run;
};

/* The run that holds serial, which must be the batch's (asserted). */
struct tb_code_span tb_code_span_at(const struct tb_txn *t, struct tb_block *batch, uint64_t serial);

enum tb_code_change_what { /* bits: which fields of change.to are set */
    TB_CODE_SET_BINDING = 1,
    TB_CODE_SET_PACKAGE = 2,
    TB_CODE_SET_STATE = 4,
    TB_CODE_ADD_MARKS = 8,
    TB_CODE_CUT_MARKS = 16,
};
struct tb_code_change {
    uint32_t batch;
    uint64_t from;
    uint64_t until;
    uint32_t what;
    struct tb_code_run to;
};
/* apply: sets fields over a range. */
void tb_code_runs_change(struct tb_txn *t, const struct tb_code_change *c);

/* ---- reaching (reach.c) --------------------------------------------------------------------- */

/* Batch, when it is the tenant's and has the serial; else NULL. */
struct tb_block *tb_code_batch_of(const struct tb_txn *t, struct tb_code_ref ref);
static inline const struct tb_code_batch *tb_code_batch_head(const struct tb_block *b)
{
    return tb_block_head_const(b);
}
/* Package that the code is the outside of; NULL = it has never been packed. */
struct tb_block *tb_code_package_of(const struct tb_txn *t, struct tb_code_ref ref);
uint64_t tb_code_key(struct tb_code_ref ref);       /* in TB_MAP_CODE_PACKAGE */
uint64_t tb_code_piece_key(struct tb_code_ref ref); /* in TB_MAP_CODE_SET */

struct tb_code_reach {
    struct tb_code_children *range; /* in the scratch arena */
    uint32_t n;
    uint64_t codes;
    uint32_t runs; /* that they have now */
};
/* What a target means, the parent first, then what is in it; OK, NOT_FOUND, UNKNOWN_CODE,
 * TOO_MANY. field gets the input's field.                                                  */
enum tb_code tb_code_reach(struct tb_txn *t, const struct tb_code_target *target,
                           struct tb_code_reach *out, const char **field);
/* First code of the reach's runs for which the test says other than OK. */
typedef enum tb_code (*tb_code_test_fn)(const struct tb_code_run *run);
enum tb_code tb_code_test(const struct tb_txn *t, const struct tb_code_reach *r, tb_code_test_fn test);
/* True when a batch can take so many more runs. */
bool tb_code_room_for(const struct tb_code_batch *batch, uint32_t runs);

/* ---- sets (set.c) ---------------------------------------------------------------------------- */

struct tb_block *tb_code_set_of(const struct tb_txn *t, struct tb_code_ref ref);
struct tb_bits tb_code_bits(const struct tb_txn *t, struct tb_block *set, uint32_t section);
bool tb_code_is_scanned(const struct tb_txn *t, struct tb_code_ref ref);  /* or redeemed */
bool tb_code_is_redeemed(const struct tb_txn *t, struct tb_code_ref ref);
/* apply */
void tb_code_set_put(struct tb_txn *t, uint32_t set, uint32_t section, uint32_t v, bool on);
/* The first scan. False with *need set: it is cold. */
bool tb_code_first_of(struct tb_txn *t, struct tb_code_ref ref, struct tb_code_first *out, bool *need);

/* ---- guesses (guess.c) -------------------------------------------------------------------------- */

/* Over a limit: the caller's, or the tenant's for somebody unknown. */
bool tb_code_limited(const struct tb_txn *t, uint64_t caller, bool known);
void tb_code_missed(struct tb_txn *t, uint64_t caller);

#endif
