// SPDX-License-Identifier: Apache-2.0
/* core/consent/consent.h - what a person told us, and what she allows us to do with it.
 *
 * An attribute is declared first (purpose, benefit, type, retention); what is not declared
 * is refused and counted. A value belongs to the profile that gave it. A person's value is
 * chosen over her profiles: declared before verified before observed before imported before
 * inferred, the newest of one source first, so a merge changes no value and an unmerge
 * gives each side its own back. Personal ones are sealed under the profile's key (number
 * unique per profile): expressions do not see them.
 *
 * Consent is an append-only series of records per (endpoint, purpose, channel); memory
 * keeps the newest, every record is an event. The act that happened last stands; at equal
 * times the denial does. A merge only narrows: an objection that speaks for the person
 * holds for every endpoint that joins her, until a newer proven grant. Imports never
 * raise anything without a proof. A tenure that ended closes its endpoint.
 * (identity-contact-facts 2.2, 2.3)                                                       */
#ifndef TB_CORE_CONSENT_H
#define TB_CORE_CONSENT_H

#include "core/core.h"
#include "core/identity/identity.h"

#define TB_ATTRIBUTES_SET_MAX 64u /* in one command */
#define TB_CONSENTS_MAX 1000u     /* kept per person */
#define TB_PROOF_MAX 64u          /* bytes */

struct tb_attribute_input {
    uint32_t attribute; /* declaration block; 0 = not declared */
    int64_t value;      /* INT; BOOL 0, 1; DATE days; TIME ms; CHOICE index */
    struct tb_str text; /* TEXT, 0 .. TB_PERSONAL_MAX bytes of UTF-8 */
    bool removed;
};

/* ATTRIBUTES_SET. Answer body: 1 id, 2 = index of a value that stands already or lost against a
 * better or newer one (repeated). Refusals: UNKNOWN_MEMBER, UNKNOWN_NAMESPACE, ERASED; TOO_MANY;
 * UNKNOWN_ATTRIBUTE, which is final with one event: the refusal is counted with the tenant
 * (outcome DONE, code UNKNOWN_ATTRIBUTE, nothing is set); TIME_IN_FUTURE, TIME_TOO_OLD,
 * INVALID ("attributes/3").                                                                */
struct tb_cmd_attributes_set {
    struct tb_who who;
    const struct tb_attribute_input *attribute;
    uint32_t attribute_n;
    uint32_t source; /* enum tb_attribute_source */
    int64_t occurred_ms;
};

/* CONSENT_PUT. Answer body: 1 id, 2 effective state now (enum tb_consent_effective).
 * Refusals: UNKNOWN_MEMBER, ERASED, UNKNOWN_PURPOSE, TIME_IN_FUTURE, TIME_TOO_OLD, TOO_MANY,
 * INVALID, PROOF_REQUIRED (a grant by import without one, or not newer than the denial that
 * stands); CONSENT_OLDER, which is final with one event: the record goes to the history and
 * changes nothing.                                                                          */
struct tb_cmd_consent_put {
    struct tb_who who; /* names the endpoint: its profile or identifier */
    uint32_t purpose;  /* block */
    uint32_t channel;  /* 0 = every channel, else 1 .. 255 */
    uint32_t state;    /* enum tb_consent_state */
    uint32_t actor;    /* enum tb_consent_actor */
    uint32_t text_version; /* of the purpose's text; a grant needs one that exists */
    int64_t occurred_ms;
    int64_t expires_ms; /* 0 = never */
    bool person_wide;
    struct tb_str proof; /* hash of the evidence, at most TB_PROOF_MAX bytes */
    uint32_t touchpoint; /* block, 0 = none */
};

enum tb_outcome tb_consent_attributes_set(struct tb_txn *t, const struct tb_command *cmd,
                                          struct tb_answer *a);
enum tb_outcome tb_consent_put(struct tb_txn *t, const struct tb_command *cmd,
                               struct tb_answer *a);

/* The value that counts for the person; NULL when she has none (or it was taken back). */
const struct tb_attribute *tb_person_attribute(const struct tb_txn *t, struct tb_block *person,
                                               uint32_t attribute);
/* The text or sealed bytes of a value with TB_ATTRIBUTE_IN_BYTES; valid until the block is
 * written. */
struct tb_str tb_attribute_bytes(const struct tb_txn *t, struct tb_block *person,
                                 const struct tb_attribute *a);

enum tb_consent_effective {
    TB_EFFECTIVE_UNKNOWN = 0, /* never asked: not granted */
    TB_EFFECTIVE_GRANTED,
    TB_EFFECTIVE_DENIED,
    TB_EFFECTIVE_WITHDRAWN,
    TB_EFFECTIVE_EXPIRED,
    TB_EFFECTIVE_CLOSED, /* the endpoint's tenure ended, or it was erased */
};

/* May the endpoint (a profile of that person) be used for the purpose over the channel? */
enum tb_consent_effective tb_consent_effective(const struct tb_txn *t, struct tb_block *person,
                                               uint32_t endpoint, uint32_t purpose,
                                               uint32_t channel, int64_t now_ms);

/* When an attribute's retention next ends; INT64_MAX = never. */
int64_t tb_consent_due_ms(const struct tb_store *s, const struct tb_block *b);
/* TB_OP_FIRE of a person: purges the attributes whose retention is over. */
void tb_consent_fire(struct tb_txn *t, uint64_t person);

#endif
