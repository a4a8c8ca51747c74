// SPDX-License-Identifier: Apache-2.0
/* core/card/card.h - prepaid value: gift cards with codes, gifts with a time-out, stored value with a bonus.
 *
 * PLASTIC  a gift card: an item code (core/code) that a till has put in force. It is a profile of namespace
 *          gift_card that owns lots of one GIFT_CARD unit: partial use is a spend, a return is the refund to the
 *          lot, registering it joins the profile to its holder (identity LINK), blocking it pins all it has and all
 *          that comes back to it, replacing it puts another code on the same profile, so that what comes back later is
 *          on the new code, splitting hands lots over with their days and expiries. Blocking and replacing end what
 *          open baskets and gifts reserve of it: who found it has begun nothing. Before its sale the code is
 *          paper: nothing is stored for it.
 * GIFT     value on its way: a hold on the giver's lots. Claimed, its lots go to the receiver; taken back, or not
 *          claimed by the deadline, the hold ends and the giver has them as before: the ledger itself returns it.
 *
 * Stored value is units of kind STORED_VALUE: principal, and what it gives besides, a bonus unit of its own. A top-up
 * is an earning of both (the bonus by a table of steps); paying draws the units in the tenant's spend order;
 * money is paid back from the principal, and the bonus goes by the unit's rule (enum tb_bonus_back).
 *
 * What the law asks is data of the unit, with careful defaults (single-purpose prepaid cards, PR China, MOFCOM order
 * 2012/9: 1,000 yuan on an unregistered card, 5,000 on a registered one; no expiry unless one is set): anonymous_max,
 * balance_max, rest_max, expiry. Whether they fit is for the retailer's lawyers.
 * Earned once: with TB_UNIT_EARNED_AT_SALE the sale earned and paying with the unit earns nothing (core/checkout);
 * without it paying earns. The sale of a card may stand on an order's receipt, but it is in no net of it: revenue
 * comes when the card pays (IFRS 15), so it earns nothing and counts as nobody's spending.
 *
 * Item cards: units of a GIFT_CARD unit with an `item` are pieces of that product; TAKE hands them out, to who has the
 * card: SPLIT gives some of them away, GIVE (to a member, who could not take them) does not.
 * Concurrency: one cell decides one command after the other, each as a whole.
 * Pure; the cell's thread alone; inputs are borrowed. Not here: tenders (core/checkout), symbols (border/code).   */
#ifndef TB_CORE_CARD_H
#define TB_CORE_CARD_H

#include "core/catalog/catalog.h"
#include "core/code/code.h"
#include "core/identity/identity.h"

#define TB_PREPAID_ANONYMOUS_MAX INT64_C(100000) /* minor units, when the unit says nothing */
#define TB_PREPAID_REGISTERED_MAX INT64_C(500000)
#define TB_PREPAID_REST_MAX INT64_C(1000)
#define TB_GIFT_LIFETIME_MIN_MS INT64_C(60000)
#define TB_GIFT_LIFETIME_MAX_MS (30 * TB_DAY_MS)
#define TB_CARD_FACE_MAX 64u /* bytes */
#define TB_CARD_NAMESPACE "gift_card"

enum tb_card_kind { TB_CARD_PLASTIC = 1, TB_CARD_GIFT };

enum tb_card_state { /* journaled, never renumber */
    TB_CARD_LIVE = 1,
    TB_CARD_BLOCKED,  /* lost: all it has is pinned */
    TB_CARD_REPLACED, /* by another code, for good */
    TB_CARD_OFFERED,  /* a gift that waits */
    TB_CARD_CLAIMED,
    TB_CARD_TAKEN_BACK,
    TB_CARD_LAPSED,
    TB_CARD_RETURNED, /* unused: its sale was undone, the code is void */
};
#define TB_CARD_STATES 9u

enum tb_card_section { TB_CARD_BYTES = 0, TB_CARD_SECTIONS };

/* Kind CARD. */
struct tb_card {
    uint32_t tenant;
    uint32_t kind;  /* enum tb_card_kind */
    uint32_t state; /* enum tb_card_state */
    uint32_t unit;
    uint32_t profile; /* PLASTIC: the card's own; GIFT: the giver's */
    uint32_t other;   /* PLASTIC: card that replaced it; GIFT: profile that claimed it */
    uint32_t batch;   /* PLASTIC: its code */
    uint32_t serial;
    uint64_t hold;  /* BLOCKED, OFFERED */
    int64_t amount; /* PLASTIC: when it was sold; GIFT: what is given */
    int64_t made_ms;
    int64_t moved_ms;
    int64_t deadline_ms; /* GIFT */
    uint32_t face_at;    /* which picture, for the page: a word in BYTES */
    uint32_t face_n;
    uint64_t order;  /* on whose receipt it was sold, 0 = on its own */
    uint32_t tender; /* enum tb_tender_kind */
    uint32_t reserved;
};

/* ---- commands ----------------------------------------------------------------------------------- */

/* CARD_SELL: puts a printed code in force with that much on it. Answers in order: UNKNOWN_UNIT, INVALID "unit" (not
 * GIFT_CARD), "face", "tender", "reason", UNKNOWN_CODE (not the tenant's), CARD_SOLD, CODE_VOID, CODE_FROZEN,
 * CODE_NOT_BOUND, TOO_MANY, UNKNOWN_NAMESPACE (gift_card is not declared), AMOUNT_NOT_POSITIVE, NOT_OPEN (the unit's
 * window), CAP_EXCEEDED (the bound of an unregistered card), OUT_OF_STOCK. Body: 1 card, 2 amount, 3 expiry (ms, 0 =
 * never).                                                                                             */
struct tb_cmd_card_sell {
    struct tb_code_ref code;
    struct tb_str unit;
    int64_t amount; /* minor units, or pieces of an item card */
    struct tb_str face;
    struct tb_str reason; /* the receipt or the like */
    uint32_t tender; /* enum tb_tender_kind: how it was paid */
};

/* CARD_LOOK: what is on the card of a code. Who asks wrong codes waits (core/code/code.h): SCAN_LIMITED; UNKNOWN_CODE
 * for whatever was not sold, with a record (the outcome is DONE). Staff may name a lost card by what is left of it: its
 * number, from a receipt (replaced: the card that has its money now), or its own profile, from its holder's
 * identifiers. Body: 1 card, 2 unit, 3 available,
 * 4 pinned, 5 instant at which something expires next (ms, 0 = never), 6 enum tb_card_state, 7 1 = registered, 8 face,
 * 9 sold for.                                                                                                */
struct tb_cmd_card_look {
    struct tb_code_ref code;
    uint64_t card;    /* or its number; staff alone */
    uint64_t profile; /* or its own profile; staff alone */
    uint64_t caller;  /* fingerprint of who asks; 0 = unknown */
    bool staff;       /* a till: not limited, and not counted */
};

enum tb_card_verb {
    TB_CARD_BLOCK = 1, /* reason */
    TB_CARD_UNBLOCK,   /* reason */
    TB_CARD_REPLACE,   /* fresh, reason: all goes over, the old code is void */
    TB_CARD_SPLIT,     /* fresh, amount: a part goes over */
    TB_CARD_REST,      /* pays a small rest out */
    TB_CARD_REFUND,    /* amount (0 = all), reason: pays out whatever the rest */
    TB_CARD_TAKE,      /* amount: pieces of an item card are handed out */
    TB_CARD_REGISTER,  /* member: whose it is from now on */
    TB_CARD_GIVE,      /* of a card or of `member`, unit, amount (0: all of the card), lifetime */
    TB_CARD_CLAIM,     /* gift, member */
    TB_CARD_TAKE_BACK, /* gift, member: the giver */
    TB_CARD_RETURN,    /* reason: unused, the sale is undone; money goes back as it came */
};
#define TB_CARD_VERBS 13u

/* CARD_ACT. Answers in order: INVALID "verb" (also: by number what needs the code in hand); SCAN_LIMITED;
 * UNKNOWN_CODE "code" or "card" / UNKNOWN_GIFT "gift"; UNKNOWN_MEMBER;
 * CARD_STATE (blocked or replaced; UNBLOCK: not blocked); REASON_REQUIRED; UNKNOWN_UNIT, INVALID "unit", NOT_GIVABLE,
 * INVALID "lifetime" (GIVE); those of CARD_SELL up to TOO_MANY for `fresh`; AMOUNT_NOT_POSITIVE, INVALID "amount"
 * (TAKE of a card of money, REST and REFUND of an item card), INSUFFICIENT ("code": RETURN of a card that was used),
 * REST_TOO_LARGE, CAP_EXCEEDED (a bound of
 * the receiver), HOLD_ENDED (a gift that was claimed, taken back, or has lapsed), SAME_ACCOUNT (her own gift), those
 * of LINK.
 * Body: 1 card or gift, 2 amount moved, 3 left on the card, 4 fresh card, 5 deadline (ms), 6 TAKE: the transfer
 * (REVERSE brings pieces back), 7 RETURN: enum tb_tender_kind + 1, 8 its order, 12 person of the member. */
struct tb_cmd_card_act {
    uint32_t verb; /* enum tb_card_verb */
    struct tb_code_ref code;
    uint64_t card; /* BLOCK, REPLACE of a card that is lost, and its code with it: its number */
    struct tb_code_ref fresh;
    struct tb_who member;
    struct tb_str unit;
    int64_t amount;
    int64_t lifetime_ms;
    uint64_t gift;
    struct tb_str reason;
    uint64_t caller; /* REGISTER: who asks, when it is not staff; limited and counted as CARD_LOOK's */
};

/* TOP_UP: principal for money, and the bonus of the highest step that the amount reaches. With `back` money is paid
 * back. Answers in order: UNKNOWN_UNIT, INVALID "unit" (not STORED_VALUE, or a bonus), UNKNOWN_MEMBER,
 * AMOUNT_NOT_POSITIVE, NOT_REVERSIBLE (back: the unit pays nothing back), REASON_REQUIRED (back), INVALID "amount"
 * (below or above what one top-up may be), CAP_EXCEEDED (what she may have), INSUFFICIENT (back: of the principal).
 * Body: 1 amount, 2 bonus given or taken, 3 principal available (zigzag), 4 bonus available (zigzag), 5 person. */
struct tb_cmd_top_up {
    struct tb_who member;
    struct tb_str unit;
    int64_t amount;
    struct tb_str reason;
    bool back;
};

/* ---- for other rooms and core.c --------------------------------------------------------------------- */

/* CARD_SELL on the receipt of an order that has been placed, 0 = on its own: the card's number in *card. Refusals name
 * their field behind `at` ("cards/0/"). */
enum tb_outcome tb_card_sell_on(struct tb_txn *t, const struct tb_cmd_card_sell *in, uint64_t order, uint64_t actor,
                                const char *at, uint64_t *card, struct tb_answer *a);

/* The profile that owns what is on the sold card; 0 with UNKNOWN_CODE or CARD_STATE. *unit its unit. */
uint32_t tb_card_profile(const struct tb_txn *t, struct tb_code_ref code, uint32_t *unit, enum tb_code *why);
/* Whether the profile's person may have so much more of the unit, prepaid value: OK or CAP_EXCEEDED. */
enum tb_code tb_card_room(const struct tb_txn *t, uint32_t profile, const struct tb_unit *u, uint32_t unit,
                          int64_t more);
/* Something has come back to the profile: where it is a blocked card's, it is pinned with the rest. */
void tb_card_came_back(struct tb_txn *t, uint32_t profile);
/* Stored-value units in the tenant's spend order; *n of them, in scratch. */
const uint32_t *tb_card_wallet(const struct tb_txn *t, uint32_t *n);

void tb_card_index(struct tb_core *c, struct tb_block *b);
int64_t tb_card_due_ms(const struct tb_block *b);
void tb_card_fire(struct tb_txn *t, uint64_t card);
/* tb_core_check. */
void tb_card_check(struct tb_audit *a);

#endif
