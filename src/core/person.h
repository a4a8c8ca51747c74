// SPDX-License-Identifier: Apache-2.0
/* core/person.h - the block of one person: everything that is in memory about her.
 *
 * A person is a set of profiles (tenures of person-scope identifiers) that evidence
 * joins. Every element is tagged with the profile it belongs to, so that joining and
 * separating persons moves elements between blocks and changes no value.
 *
 * A person answers to the id of its oldest profile; every profile's id leads to it.
 * Owners: PROFILE, EDGE, ENROL, ROLE identity · ACCOUNT, LOT, HOLD, PIECE, CAP ledger ·
 * ATTRIBUTE, CONSENT consent · DAY, LIFE order · TIER membership.                     */
#ifndef TB_CORE_PERSON_H
#define TB_CORE_PERSON_H

#include "core/kinds.h"

enum tb_person_section {
    TB_PERSON_PROFILE = 0,
    TB_PERSON_ACCOUNT,
    TB_PERSON_LOT,
    TB_PERSON_HOLD,
    TB_PERSON_PIECE,
    TB_PERSON_ATTRIBUTE,
    TB_PERSON_CONSENT,
    TB_PERSON_EDGE,
    TB_PERSON_DAY,
    TB_PERSON_LIFE,
    TB_PERSON_TIER,
    TB_PERSON_ENROL,
    TB_PERSON_ROLE,
    TB_PERSON_CAP,
    TB_PERSON_BYTES, /* sealed values and attribute texts */
    TB_PERSON_SECTIONS
};

enum tb_person_flag {
    TB_PERSON_FROZEN = 1,         /* its component is beyond the bound: no more joining */
    TB_PERSON_ERASED = 2,         /* every profile is */
    TB_PERSON_FOLLOWER = 4,       /* a profile is */
    TB_PERSON_ANONYMOUS_CARD = 8, /* enrolled with a card, nothing else is known */
    TB_PERSON_THING = 16,         /* every profile is: nobody, counted as nobody */
};

struct tb_person {
    uint32_t tenant;
    uint32_t oldest_profile; /* the id it answers to */
    int64_t first_seen_ms;   /* smallest over profiles and devices attached */
    int64_t last_seen_ms; /* to the day (UTC): one event a day is enough to keep it */
    uint64_t last_seq; /* newest timeline entry; entries chain backwards */
    uint32_t flags;    /* enum tb_person_flag */
    uint32_t reserved;
    uint32_t last_touchpoint; /* of the contact that brought the newest day; a convenience */
    uint32_t last_store;
};

enum tb_profile_flag {
    TB_PROFILE_VERIFIED = 1,
    TB_PROFILE_ERASED = 2,   /* a tombstone: evidence up to until_s is dropped */
    TB_PROFILE_CURRENT = 4,  /* the identifier map leads here: the tenure of today */
    TB_PROFILE_FOLLOWER = 8, /* follows the official account */
    TB_PROFILE_HOT = 16,     /* quarantined: its edges join nobody */
    TB_PROFILE_THING = 32,   /* a gift card: owns value, is nobody; no person answers to its id but itself */
};

/* One tenure of one person-scope identifier, or a part of one (docs/design/0003). The
 * section is sorted by no. */
struct tb_profile {
    uint32_t no;
    uint32_t ns;        /* namespace block */
    uint64_t key[2];    /* blind index of the normalised value */
    int64_t since_ms;   /* oldest evidence */
    uint32_t until_s;   /* seconds since 1970; 0 = still held */
    int32_t last_day;   /* days since 1970 (UTC) of the newest evidence */
    uint32_t ring;      /* next profile of the same value, around in a ring; 0 = alone */
    uint32_t anchor;    /* profile of the unique value whose tenure this is; 0 = not split */
    uint16_t sealed_at; /* the sealed value in BYTES */
    uint16_t sealed_n;  /* 0 = the value is not kept */
    uint16_t flags;     /* enum tb_profile_flag */
    uint16_t number;    /* last number used for sealing under this profile's key */
};

struct tb_account {
    uint32_t profile;
    uint32_t unit;
    int64_t credits; /* posted, available */
    int64_t debits;
    int64_t held;    /* part of credits - debits that holds reserve */
    int64_t pending; /* earned, not yet released */
    int64_t crossed; /* received from (+) or given to (-) the person's other profiles */
};

/* What a cap has seen in its running period; only where the unit has caps. */
struct tb_cap_use {
    uint32_t profile;
    uint32_t unit;
    int32_t start_day; /* of the period, tenant's zone */
    uint32_t kind;     /* 1 earned, 2 spent */
    int64_t amount;
};

enum tb_lot_state {
    TB_LOT_AVAILABLE = 0,
    TB_LOT_PENDING, /* due_ms is its release; the event decides the expiry then */
};

struct tb_lot {
    uint64_t id;
    int64_t left;
    int64_t due_ms; /* expiry (usable before it), INT64_MAX = never; or release */
    uint32_t profile;
    uint32_t unit;
    int32_t earned_day; /* tenant's day */
    uint32_t state;     /* enum tb_lot_state */
};

struct tb_hold {
    uint64_t id;
    int64_t amount; /* still reserved */
    int64_t deadline_ms;
    uint32_t profile; /* it was asked for */
    uint32_t unit;
};

/* What a hold took from one lot. */
struct tb_piece {
    uint64_t hold;
    uint64_t lot;
    int64_t amount;
    int64_t due_ms; /* the lot's expiry */
    uint32_t profile;
    uint32_t unit;
    int32_t earned_day;
    uint32_t reserved;
};

enum tb_attribute_source {
    TB_SOURCE_DECLARED = 1, /* in order of precedence: the member said so */
    TB_SOURCE_VERIFIED = 2,
    TB_SOURCE_OBSERVED = 3,
    TB_SOURCE_IMPORTED = 4,
    TB_SOURCE_INFERRED = 5,
};
#define TB_SOURCES 5u

/* The value stands in BYTES: value = offset << 16 | length. */
#define TB_ATTRIBUTE_IN_BYTES 0x80u
/* Taken back: no value, but older news stay refused. */
#define TB_ATTRIBUTE_REMOVED 0x40u

/* Sorted by profile, then attribute. */
struct tb_attribute {
    uint32_t profile;
    uint32_t attribute; /* declaration block */
    int64_t value;      /* int, bool, date (days), time (ms), choice; or a place in BYTES */
    int32_t at_s;       /* event time, seconds since 1970 */
    uint8_t source;     /* enum tb_attribute_source */
    uint8_t flags;      /* TB_ATTRIBUTE_... */
    uint16_t number;    /* of the sealed value, 0 = not sealed */
};

enum tb_consent_state {
    TB_CONSENT_GRANTED = 1,
    TB_CONSENT_DENIED,
    TB_CONSENT_WITHDRAWN,
};

enum tb_consent_actor {
    TB_ACTOR_SELF = 1,
    TB_ACTOR_GUARDIAN,
    TB_ACTOR_STAFF,
    TB_ACTOR_IMPORT,
};

enum tb_consent_flag {
    TB_CONSENT_PROVEN = 1, /* the record carries a proof */
    TB_CONSENT_PERSON = 2, /* speaks for the person, not for the endpoint alone */
};

/* Newest record per (endpoint, purpose, channel, PERSON); the history is in SQL. Sorted by
 * profile. */
struct tb_consent {
    uint32_t profile; /* the endpoint */
    uint32_t purpose;
    int64_t occurred_ms;
    int64_t received_ms;
    int64_t expires_ms; /* 0 = never */
    uint8_t channel;    /* 0 = every channel */
    uint8_t state;      /* enum tb_consent_state */
    uint8_t actor;      /* enum tb_consent_actor */
    uint8_t flags;      /* enum tb_consent_flag */
    uint32_t text_version;
};

enum tb_edge_flag {
    TB_EDGE_SEEN = 1,   /* evidence; the times count */
    TB_EDGE_ALWAYS = 2, /* somebody joined them by hand */
    TB_EDGE_NEVER = 4,  /* somebody parted them by hand: they are never in one person */
    TB_EDGE_DEVICE = 8, /* b is a device block that the person was seen on */
    TB_EDGE_EXPIRED = 16, /* with DEVICE: it was forgotten; first_ms is its first sight */
};

/* What says that two profiles' identifiers belong to one person. Kept in the block of
 * both ends when they are in different persons (an edge that a rule refuses). The section
 * is sorted: evidence by (a, b), then devices by (a, b). */
struct tb_edge {
    uint32_t a; /* profile numbers, a < b */
    uint32_t b;
    int64_t first_ms;    /* oldest evidence */
    int64_t verified_ms; /* oldest evidence with both verified; 0 = none */
    uint32_t flags;      /* enum tb_edge_flag */
    uint32_t actor;      /* key block that parted or joined them, 0 = nobody */
};

struct tb_day_bucket {
    uint32_t profile;
    int32_t day;
    int64_t spend; /* minor units, net of returns */
    int64_t qualifying;
    uint32_t orders;
    uint32_t visits;
};

struct tb_life {
    uint32_t profile;
    uint32_t orders;
    int64_t spend;
    int64_t first_order_ms;
    int64_t last_order_ms;
    uint32_t visits; /* days with an order */
    uint32_t reserved;
};

struct tb_tier_state {
    uint32_t profile; /* effective: the highest of her profiles' */
    uint32_t scheme;
    uint32_t tier; /* index in the scheme, 0 = base */
    uint32_t reserved;
    int64_t since_ms;
    int64_t review_ms; /* next evaluation; INT64_MAX = never */
    int64_t grace_ms;  /* a lower tier decided takes effect then; 0 = none */
};

struct tb_enrol {
    uint32_t profile;
    uint32_t touchpoint;
    uint32_t terms_version;
    uint32_t flags;
    int64_t at_ms;
};

enum tb_role_kind {
    TB_ROLE_BUYER_FOR = 1, /* this person buys for the subject */
    TB_ROLE_USER_OF,
    TB_ROLE_GUARDIAN_OF,
};

struct tb_role {
    uint32_t profile;
    uint8_t role;
    uint8_t subject_kind; /* 1 person, 2 child, 3 pet */
    uint16_t number;      /* of this beneficiary within the profile */
    uint32_t subject_profile; /* subject_kind 1 */
    int32_t birth_month;      /* year * 12 + month - 1, 0 = unknown */
    int64_t at_ms;
};

static inline struct tb_person *tb_person_of(struct tb_block *b)
{
    return tb_block_head(b);
}

/* The person that a profile belongs to now; 0 when there is no such profile. */
static inline uint32_t tb_person_by_profile(const struct tb_txn *t, uint64_t profile)
{
    return profile > UINT32_MAX ? 0 : tb_column_get(t, TB_COLUMN_PROFILE_PERSON, profile);
}

/* The profile's element in the block, NULL when it is not there. */
struct tb_profile *tb_person_profile(const struct tb_txn *t, struct tb_block *b, uint32_t no);

/* The person's outside id: its oldest profile by (since_ms, no). */
static inline uint32_t tb_person_id(struct tb_block *b)
{
    return tb_person_of(b)->oldest_profile;
}

/* ---- for apply functions ---------------------------------------------------------- */

/* Every event of a member calls this: the command becomes the newest entry of the
 * person's timeline, and t->member / t->member_prev_seq say so to the engine, which
 * writes Entry.member and Entry.prev_seq. The first member touched by a command counts. */
void tb_person_touch(struct tb_txn *t, uint32_t profile);

/* Moves everything tagged with the profiles (all in person from) to person to, keeping
 * the order within each section, and refreshes both heads; from is dropped when nothing is
 * left of it. The tenant's counts of persons follow. profile[] may be in any order.      */
void tb_person_move_profiles(struct tb_txn *t, uint32_t from, const uint32_t *profile, uint32_t n,
                             uint32_t to);

/* Takes bytes out of BYTES and shifts the places that lie behind them. Whoever pointed
 * into the range must point elsewhere (or be gone) first.                               */
void tb_person_cut_bytes(struct tb_txn *t, uint32_t person, uint32_t at, uint32_t n);

/* Puts the bytes of a profile's value (attribute 0) or attribute to their place in BYTES and
 * shifts what stands behind; returns the place. The element must not point to bytes yet. */
uint32_t tb_person_put_bytes(struct tb_txn *t, uint32_t person, uint32_t profile,
                             uint32_t attribute, struct tb_str bytes);
/* Puts the edge to its place in the block, or replaces the one that stands there. */
void tb_person_put_edge(struct tb_txn *t, uint32_t person, const struct tb_edge *e);

/* What the tenant counts a person as: bits 1 << enum tb_tenant_count. 0 for NULL. */
uint32_t tb_person_classes(const struct tb_txn *t, struct tb_block *b);
/* Moves the tenant's counts from one set of classes to another: call with what
 * tb_person_classes gave before and after a change.                                     */
void tb_person_recount(struct tb_txn *t, uint32_t before, uint32_t after);
/* oldest_profile, first_seen, last_seen and flags from the elements. */
void tb_person_refresh(struct tb_txn *t, uint32_t person);

#endif
