// SPDX-License-Identifier: Apache-2.0
/* core/card/card_int.h - shared inside the room. */
#ifndef TB_CORE_CARD_INT_H
#define TB_CORE_CARD_INT_H

#include "base/num.h"
#include "core/card/card.h"
#include "core/code/code_int.h"
#include "core/ledger/ledger.h"
#include "core/ops.h"
#include "events.gen.h"

static inline const struct tb_unit *tb_card_unit(const struct tb_txn *t, uint32_t unit)
{
    return tb_block_head_const(tb_read(t, TB_KIND_UNIT, unit));
}

/* The card of a code that was sold; NULL = none. */
struct tb_block *tb_card_of(const struct tb_txn *t, struct tb_code_ref code);
struct tb_block *tb_card_block(const struct tb_txn *t, uint64_t card);
uint64_t tb_card_key(struct tb_code_ref code); /* in TB_MAP_CARD */
/* In TB_MAP_CARD: the newest card of a profile, which has all that the profile has. */
static inline uint64_t tb_card_profile_key(uint32_t profile)
{
    return tb_key_number(profile, UINT64_C(1) << 43);
}
/* The card of that number, or the newest of a profile: NULL = none, or a gift. */
struct tb_block *tb_card_numbered(const struct tb_txn *t, uint64_t card);
struct tb_block *tb_card_owned_by(const struct tb_txn *t, uint64_t profile);

/* A printed code that may become a card: OK or what CARD_SELL answers, from UNKNOWN_CODE to UNKNOWN_NAMESPACE. */
enum tb_code tb_card_fresh(const struct tb_txn *t, struct tb_code_ref code);
/* Puts the code in force as a card of the unit: of the profile given, or (0) of one of its own with nothing on it,
 * which it then names. The outcome of tb_identity_resolve. */
struct tb_card_made {
    struct tb_code_ref code;
    uint32_t unit;
    int64_t amount;
    struct tb_str face;
    uint64_t order; /* 0, or whose receipt it is on */
    uint32_t tender;
    uint32_t profile;
    uint64_t card;
};
enum tb_outcome tb_card_make(struct tb_txn *t, struct tb_card_made *m, struct tb_answer *a);

/* Somebody's: the person is enrolled, or the card is joined with another profile. */
bool tb_card_registered(const struct tb_txn *t, uint32_t profile);

/* gift.c: verbs GIVE, CLAIM, TAKE_BACK. */
enum tb_outcome tb_card_give(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a);
enum tb_outcome tb_card_claim(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a);
enum tb_outcome tb_card_take_back(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a);

#endif
