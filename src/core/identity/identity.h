// SPDX-License-Identifier: Apache-2.0
/* core/identity/identity.h - who is this? Contacts, profiles, persons, devices.
 *
 * An identifier is a value in a namespace. What it does follows from the namespace:
 *   unique, strong  person scope: every tenure of a value is a profile, and evidence (two
 *                   identifiers in one contact) joins profiles to a person, unless the
 *                   person would then have two values of a unique namespace, more values
 *                   than a limit within its window, or two profiles parted by hand.
 *   weak, or household scope   a node that remembers with whom it was seen: suggests.
 *   ephemeral, or device scope such a node with visits and a retention; a contact that has
 *                   nothing else answers with the one person attached to it, if any.
 * Which profiles form a person depends on the set of evidence, not on the order in which it
 * came (docs/design/0003-identity.md says how and proves it). No value moves in a merge.
 *
 * A contact makes a person, never a member: enrolment is an act of its own.
 *
 * Pure; the cell's thread alone; inputs are borrowed for the call. Not here: reading
 * plaintext, normalising, the default blocked values (the border's), consents.           */
#ifndef TB_CORE_IDENTITY_H
#define TB_CORE_IDENTITY_H

#include "core/core.h"
#include "core/person.h"
#include "events.gen.h"

/* ---- bounds ------------------------------------------------------------------------ */

#define TB_IDENTIFIERS_MAX 16u     /* of one command */
#define TB_COMPONENT_MAX 1000u     /* profiles; beyond, the component freezes */
#define TB_COMPONENT_EDGES_MAX 20000u
#define TB_HOT_PARTNERS 20u /* a strong value tied to more unique values is quarantined */
#define TB_DEVICE_ATTACH_MAX 24u   /* profiles seen on one device; beyond, it is shared for good */
#define TB_DEVICE_VISITS_MAX 16u   /* kept, newest; older ones are in the history */
#define TB_PERSON_DEVICES_MAX 200u /* remembered with a person */
#define TB_REASON_MAX 200u         /* bytes */

/* ---- devices and weak values -------------------------------------------------------- */

enum tb_device_flag {
    TB_DEVICE_SHARED = 1, /* more profiles than TB_DEVICE_ATTACH_MAX were seen on it */
    TB_DEVICE_WEAK = 2,   /* a weak or household value: suggests, answers for nobody */
};

struct tb_device {
    uint32_t tenant;
    uint32_t ns;
    uint64_t key[2];
    int64_t first_ms;
    int64_t last_ms; /* to the day */
    uint32_t flags;
    uint32_t visits; /* ever; those in VISIT are among them */
    uint32_t touchpoint; /* of the newest visit */
    uint32_t salt;
};

enum tb_device_section { TB_DEVICE_ATTACH = 0, TB_DEVICE_VISIT, TB_DEVICE_SECTIONS };

/* Sorted by profile. */
struct tb_attached {
    uint32_t profile;
    uint32_t reserved;
    int64_t first_ms;
    int64_t last_ms; /* to the day */
};

/* Sorted by first_ms. Dwell = last_ms - first_ms. */
struct tb_visit {
    uint32_t touchpoint;
    uint32_t reserved;
    int64_t first_ms;
    int64_t last_ms;
};

#define TB_DEVICE_SHAPE                                                                    \
    {                                                                                      \
        .name = "device", .version = 1, .head_bytes = sizeof(struct tb_device),            \
        .section_n = TB_DEVICE_SECTIONS,                                                   \
        .elem_bytes = {sizeof(struct tb_attached), sizeof(struct tb_visit)}                \
    }

/* ---- what a caller says about a contact ---------------------------------------------- */

/* A normalised value that the border's blocked list let through. */
struct tb_identifier {
    uint32_t ns; /* namespace block */
    bool verified;
    uint64_t key[2];      /* blind key of the normalised value */
    struct tb_str plain;  /* to seal once; empty = do not keep it. At most TB_PERSONAL_MAX */
};

enum tb_contact_kind { TB_CONTACT_SEEN = 0, TB_CONTACT_FOLLOW, TB_CONTACT_UNFOLLOW };
#define TB_CONTACT_KINDS 3u

struct tb_contact_facts {
    int64_t occurred_ms;
    uint32_t touchpoint; /* block, 0 = none */
    uint32_t store;      /* block, 0 = the touchpoint's */
    uint32_t kind;       /* enum tb_contact_kind */
};

/* CONTACT. Answer body:
 *   1 id of the person (its oldest profile), 0 = none   2 profile that value books to
 *   3 1 = the person is new     4 1 = enrolled          5 device block, when no person-scope
 *   6 index of an identifier that was dropped as blocked (repeated)    identifier was given
 *   7 1 = the component is frozen                       8 enum tb_person_flag
 * Refusals in order: TOO_MANY, NO_IDENTIFIER (none given), UNKNOWN_NAMESPACE, INVALID,
 * UNKNOWN_TOUCHPOINT, UNKNOWN_STORE, TIME_IN_FUTURE, TIME_TOO_OLD; then, when no identifier is
 * left: IDENTIFIER_BLOCKED (one was), DISABLED (one's kind is switched off), ERASED (all belong
 * to an erasure that is newer than the contact).                                           */
struct tb_cmd_contact {
    const struct tb_identifier *identifier;
    uint32_t identifier_n;
    struct tb_contact_facts facts;
};

/* What resolving found. profile 0: nobody (device says which node saw it, if any). */
struct tb_resolved {
    uint32_t profile; /* value of this command books here */
    uint32_t person;  /* block */
    uint32_t device;  /* block, when nothing else was given */
    uint32_t blocked; /* bit per identifier that was dropped as blocked */
    bool created;     /* the person is new */
    bool frozen;
};

/* Recognises, and creates or joins as the evidence says. For every room that takes
 * identifiers. TB_REFUSED with a->code and a->field as CONTACT.                            */
enum tb_outcome tb_identity_resolve(struct tb_txn *t, const struct tb_identifier *ids, uint32_t n,
                                    const struct tb_contact_facts *facts, struct tb_resolved *out,
                                    struct tb_answer *a);

/* Only looks: 0 when no person is known by it (a device answers with its one person). */
uint32_t tb_identity_find(const struct tb_txn *t, const struct tb_identifier *id);

/* A person named by any of her profiles, or by an identifier. */
struct tb_who {
    uint64_t profile;                /* or 0 and: */
    struct tb_identifier identifier; /* ns 0 = none */
};
/* Block of the person, 0 with a->code UNKNOWN_MEMBER or UNKNOWN_NAMESPACE or ERASED. profile
 * (may be NULL) gets the named profile, or the identifier's, or the device person's oldest. */
uint32_t tb_identity_who(const struct tb_txn *t, const struct tb_who *who, uint32_t *profile,
                         struct tb_answer *a);

enum tb_enrol_flag {
    TB_ENROL_ANONYMOUS = 1, /* a card without a name: joins later by her own consent */
};

/* ENROL: her own act. Booked to the named profile. Answer body: 1 id, 2 profile.
 * Refusals: UNKNOWN_MEMBER, UNKNOWN_TOUCHPOINT, ERASED, ALREADY_ENROLLED, TIME_IN_FUTURE,
 * INVALID (terms_version 0). An anonymous card member may enrol again without the flag.   */
struct tb_cmd_enrol {
    struct tb_who who;
    uint32_t touchpoint;
    uint32_t terms_version;
    uint32_t flags; /* enum tb_enrol_flag */
    int64_t occurred_ms;
};

/* UNMERGE: the listed profiles leave the person; every edge between the two sides becomes a
 * never-link. Answer body: 1 id of what stays, 2 id of what left, 3 = {1 unit, 2 amount that
 * those who left drew from the others' lots (below 0: the other way)}, repeated.
 * Refusals: UNKNOWN_MEMBER, FROZEN, NOT_LINKED (a profile is not the person's, or none or all
 * are listed), REASON_REQUIRED, INVALID (two tenures of one value would part), TOO_MANY.     */
struct tb_cmd_unmerge {
    struct tb_who who;
    const uint64_t *profile;
    uint32_t profile_n;
    struct tb_str reason;
};

enum tb_link_kind { TB_LINK_ALWAYS = 1, TB_LINK_NEVER, TB_LINK_CLEARED };

/* LINK: two profiles are always, or never, one person; or what a hand said is taken back.
 * Answer body: 1, 2 ids of the two persons now.
 * Refusals: UNKNOWN_MEMBER, ERASED, FROZEN, IDENTITY_CONFLICT (ALWAYS: a unique namespace, a
 * limit or a never-link forbids it), REASON_REQUIRED, INVALID (the same profile, or kind, or
 * NEVER between two tenures of one value; ALWAYS says that both are one owner's).            */
struct tb_cmd_link {
    uint64_t a;
    uint64_t b;
    uint32_t kind; /* enum tb_link_kind */
    struct tb_str reason;
};

enum tb_subject_kind { TB_SUBJECT_PERSON = 1, TB_SUBJECT_CHILD, TB_SUBJECT_PET };
#define TB_BENEFICIARIES_MAX 20u

/* ROLE_PUT: for whom she buys, whom she guards. Answer body: 1 id, 2 number of the
 * beneficiary within the profile. Refusals: UNKNOWN_MEMBER (also the subject), ERASED,
 * TOO_MANY, INVALID.                                                                         */
struct tb_cmd_role_put {
    struct tb_who who;
    uint32_t role;         /* enum tb_role_kind */
    uint32_t subject_kind; /* enum tb_subject_kind */
    uint64_t subject;      /* SUBJECT_PERSON: any profile of the other person */
    int32_t birth_month;   /* year * 12 + month - 1; 0 = unknown; a child's or a pet's */
    uint32_t number;       /* an existing beneficiary; 0 = a new one */
    bool removed;
    int64_t occurred_ms;
};

/* ERASE: the whole person. Answer body: 1 number of profiles, 2 profile (the first 64). The
 * border destroys the keys of all (http/erasing.h), also after a crash.
 * What she asked for herself (core/approval) is approved by it.
 * Refusals: UNKNOWN_MEMBER, ERASED, REASON_REQUIRED.                                        */
struct tb_cmd_erase {
    struct tb_who who;
    struct tb_str reason;
};

/* UNFREEZE: the person's identifiers were reviewed and may join others again. A component that
 * is still beyond the bound freezes again with its next contact: block the value that holds it
 * together first. Answer body: 1 id, 2 1 = she was frozen. Refusals: UNKNOWN_MEMBER, ERASED,
 * REASON_REQUIRED.                                                                           */
struct tb_cmd_unfreeze {
    struct tb_who who;
    struct tb_str reason;
};

/* MEMBER_GET (read). Answer body: 1 id, 2 packed person block (detail), 3 = a device seen with
 * her {1 block, 2 namespace, 3 first_ms, 4 last_ms, 5 visits, 6 touchpoint, 7 1 = hers alone},
 * repeated (detail), 4 = a suggestion {1 id of the other person, 2 namespace}, repeated
 * (detail), 5 classes (tb_person_classes), 6 block number, 7 id asked for by identifier,
 * 8 her request to be erased (tb_erasure_put; detail).
 * Refusals: UNKNOWN_NAMESPACE, UNKNOWN_MEMBER. An erased person answers with flag ERASED.    */
struct tb_cmd_member_get {
    struct tb_who who;
    bool detail;
};

/* PROBE: a device was near a touchpoint. Answer body: 1 device, 2 id of its person, 0 = none.
 * Refusals: UNKNOWN_NAMESPACE, UNKNOWN_TOUCHPOINT, DISABLED, IDENTIFIER_BLOCKED,
 * TIME_IN_FUTURE, TIME_TOO_OLD, INVALID (not a device namespace).                            */
struct tb_cmd_probe {
    struct tb_identifier identifier;
    uint32_t touchpoint;
    int64_t occurred_ms;
};

/* REVEAL: leaves a record; the border then opens the sealed value in the answer's body:
 * 1 profile, 2 number, 3 sealed bytes. Refusals: UNKNOWN_MEMBER, UNKNOWN_ATTRIBUTE, ERASED,
 * REASON_REQUIRED, NOT_FOUND (nothing is kept).                                              */
struct tb_cmd_reveal {
    uint64_t profile;
    uint32_t attribute; /* block, 0 = the identifier */
    struct tb_str reason;
};

enum tb_join_reason {
    TB_JOIN_EVIDENCE = 1,
    TB_JOIN_BY_HAND,
    TB_JOIN_PARTED, /* by hand */
};

/* ---- commands (core/ops.h) ------------------------------------------------------------ */

enum tb_outcome tb_identity_contact(struct tb_txn *t, const struct tb_command *cmd,
                                    struct tb_answer *a);
enum tb_outcome tb_identity_enrol(struct tb_txn *t, const struct tb_command *cmd,
                                  struct tb_answer *a);
enum tb_outcome tb_identity_unmerge(struct tb_txn *t, const struct tb_command *cmd,
                                    struct tb_answer *a);
enum tb_outcome tb_identity_link(struct tb_txn *t, const struct tb_command *cmd,
                                 struct tb_answer *a);
enum tb_outcome tb_identity_role_put(struct tb_txn *t, const struct tb_command *cmd,
                                     struct tb_answer *a);
enum tb_outcome tb_identity_erase(struct tb_txn *t, const struct tb_command *cmd,
                                  struct tb_answer *a);
enum tb_outcome tb_identity_unfreeze(struct tb_txn *t, const struct tb_command *cmd,
                                     struct tb_answer *a);
enum tb_outcome tb_identity_member_get(struct tb_txn *t, const struct tb_command *cmd,
                                       struct tb_answer *a);
enum tb_outcome tb_identity_probe(struct tb_txn *t, const struct tb_command *cmd,
                                  struct tb_answer *a);
enum tb_outcome tb_identity_reveal(struct tb_txn *t, const struct tb_command *cmd,
                                   struct tb_answer *a);

/* ---- for the engine and other rooms ----------------------------------------------------- */

/* Start-up: a PERSON or DEVICE block came from the SQL state; fills maps, the column of
 * profiles and the counters.                                                                */
void tb_identity_index(struct tb_core *c, struct tb_block *b);
/* Touches what the identifiers will need, each pass a step nearer: 0 map slots, 1 the column
 * of persons, 2 the directory, 3 the blocks.                                               */
void tb_identity_prefetch(const struct tb_store *s, uint32_t tenant,
                          const struct tb_identifier *ids, uint32_t n, uint32_t pass);
/* When a device is forgotten; INT64_MAX = never. */
int64_t tb_identity_due_ms(const struct tb_store *s, const struct tb_block *b);
/* TB_OP_FIRE of a device: forgets it when it is due. */
void tb_identity_fire(struct tb_txn *t, uint64_t device);
/* The one person that a device stands for now; 0 = none or several. */
uint32_t tb_identity_device_person(const struct tb_txn *t, struct tb_block *device);
/* Time from which a command may come: at most a day ahead of now, and as old as the tenant
 * accepts. OK, TIME_IN_FUTURE, TIME_TOO_OLD.                                                */
enum tb_code tb_identity_time(const struct tb_txn *t, int64_t occurred_ms);
/* tb_core_check: every invariant of this room. */
void tb_identity_check(struct tb_audit *a);

#endif
