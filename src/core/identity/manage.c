// SPDX-License-Identifier: Apache-2.0
/* Acts of people: enrolling, linking and parting by hand, roles, erasure, revealing. */
#include "core/approval/approval.h"
#include "core/identity/component.h"
#include "core/ledger/ledger.h"
#include "core/membership/membership.h"

/* Profiles named in the answer of ERASE, which is kept; the event names all. */
#define ERASED_LISTED 64u

static struct tb_block *person_block(const struct tb_txn *t, uint32_t person)
{
    struct tb_block *b = tb_read(t, TB_KIND_PERSON, person);
    tb_assert(b != NULL);
    return b;
}

static uint32_t id_of_profile(const struct tb_txn *t, uint64_t profile)
{
    return tb_person_id(person_block(t, tb_person_by_profile(t, profile)));
}

enum tb_outcome tb_identity_enrol(struct tb_txn *t, const struct tb_command *cmd,
                                  struct tb_answer *a)
{
    const struct tb_cmd_enrol *in = cmd->input;
    uint32_t profile;
    uint32_t person = tb_identity_who(t, &in->who, &profile, a);
    if (person == 0)
        return TB_REFUSED;
    if (in->touchpoint != 0) {
        const struct tb_touchpoint *place = tb_head_of(t, TB_KIND_TOUCHPOINT, in->touchpoint);
        if (place == NULL || place->c.tenant != t->tenant)
            return tb_refuse(a, TB_CODE_UNKNOWN_TOUCHPOINT, "touchpoint");
    }
    struct tb_block *b = person_block(t, person);
    bool card_only = (tb_person_of(b)->flags & TB_PERSON_ANONYMOUS_CARD) != 0;
    if (b->n[TB_PERSON_ENROL] > 0 && !(card_only && !(in->flags & TB_ENROL_ANONYMOUS)))
        return tb_refuse(a, TB_CODE_ALREADY_ENROLLED, "");
    enum tb_code code = tb_identity_time(t, in->occurred_ms);
    if (code != TB_CODE_OK)
        return tb_refuse(a, code, "occurred_at");
    if (in->terms_version == 0 || (in->flags & ~(uint32_t)TB_ENROL_ANONYMOUS))
        return tb_refuse(a, TB_CODE_INVALID, in->terms_version ? "flags" : "terms_version");
    tb_membership_fire(t, person); /* a review that was due knew of no enrolment */
    tb_emit_enrolled(t, &(struct tb_ev_enrolled){.profile = profile,
                                                 .touchpoint = in->touchpoint,
                                                 .terms_version = in->terms_version,
                                                 .at_ms = in->occurred_ms,
                                                 .flags = in->flags});
    tb_wire_put_uint(&a->body, 1, id_of_profile(t, profile));
    tb_wire_put_uint(&a->body, 2, profile);
    return TB_DONE;
}

/* Recomputes everything that hangs together with the two profiles. */
static enum tb_component_state recompute(struct tb_txn *t, uint32_t x, uint32_t y,
                                         enum tb_join_reason reason)
{
    size_t mark = tb_arena_mark(t->scratch);
    struct tb_component k;
    tb_component_init(&k, t);
    tb_component_add_person(&k, tb_person_by_profile(t, x));
    tb_component_add_person(&k, tb_person_by_profile(t, y));
    tb_component_close(&k);
    struct tb_settle s = {.at_ms = t->now_ms, .reason = reason};
    if (k.state == TB_COMPONENT_OK && !tb_component_settle(&k, &s))
        k.state = TB_COMPONENT_NO_MEMORY;
    tb_arena_release(t->scratch, mark);
    return k.state;
}

static enum tb_outcome refuse_state(enum tb_component_state state, struct tb_answer *a)
{
    return tb_refuse(a, state == TB_COMPONENT_FROZEN ? TB_CODE_FROZEN : TB_CODE_TOO_LARGE, "");
}

static bool reason_given(struct tb_str reason)
{
    return reason.n > 0 && reason.n <= TB_REASON_MAX;
}

/* The person, 0 = refused: nobody, or no reason was given. */
static uint32_t who_for_reason(struct tb_txn *t, const struct tb_who *who, struct tb_str reason, struct tb_answer *a)
{
    uint32_t person = tb_identity_who(t, who, NULL, a);
    if (person == 0 || reason_given(reason))
        return person;
    (void)tb_refuse(a, TB_CODE_REASON_REQUIRED, "reason");
    return 0;
}

/* Tenures of one value: more evidence may show any time that they are one. */
static bool same_value(const struct tb_txn *t, uint32_t x, uint32_t y)
{
    const struct tb_profile *p =
        tb_person_profile(t, person_block(t, tb_person_by_profile(t, x)), x);
    const struct tb_profile *q =
        tb_person_profile(t, person_block(t, tb_person_by_profile(t, y)), y);
    return p->ns == q->ns && p->key[0] == q->key[0] && p->key[1] == q->key[1];
}

enum tb_outcome tb_identity_link(struct tb_txn *t, const struct tb_command *cmd,
                                 struct tb_answer *a)
{
    const struct tb_cmd_link *in = cmd->input;
    uint32_t pa = tb_identity_who(t, &(struct tb_who){.profile = in->a}, NULL, a);
    uint32_t pb = pa ? tb_identity_who(t, &(struct tb_who){.profile = in->b}, NULL, a) : 0;
    if (pa == 0 || pb == 0)
        return tb_refuse(a, a->code, pa ? "b" : "a");
    if ((tb_person_of(person_block(t, pa))->flags | tb_person_of(person_block(t, pb))->flags) &
        TB_PERSON_FROZEN)
        return tb_refuse(a, TB_CODE_FROZEN, "");
    if (!reason_given(in->reason))
        return tb_refuse(a, TB_CODE_REASON_REQUIRED, "reason");
    if (in->a == in->b || in->kind < TB_LINK_ALWAYS || in->kind > TB_LINK_CLEARED)
        return tb_refuse(a, TB_CODE_INVALID, in->a == in->b ? "b" : "kind");
    uint32_t x = (uint32_t)(in->a < in->b ? in->a : in->b);
    uint32_t y = (uint32_t)(in->a < in->b ? in->b : in->a);
    if (in->kind == TB_LINK_NEVER && same_value(t, x, y))
        return tb_refuse(a, TB_CODE_INVALID, "b");
    uint32_t at;
    const struct tb_edge *known = tb_identity_edge(t, person_block(t, pa), x, y, &at);
    if (in->kind != TB_LINK_CLEARED || known != NULL)
        tb_emit_linked(t, &(struct tb_ev_linked){.a = x, .b = y, .kind = in->kind,
                                                 .actor = cmd->actor, .reason = in->reason});
    enum tb_component_state state = recompute(
        t, x, y, in->kind == TB_LINK_NEVER ? TB_JOIN_PARTED : TB_JOIN_BY_HAND);
    if (state != TB_COMPONENT_OK)
        return refuse_state(state, a);
    bool one = tb_person_by_profile(t, x) == tb_person_by_profile(t, y);
    if ((in->kind == TB_LINK_ALWAYS && !one) || (in->kind == TB_LINK_NEVER && one))
        return tb_refuse(a, TB_CODE_IDENTITY_CONFLICT, "");
    tb_wire_put_uint(&a->body, 1, id_of_profile(t, in->a));
    tb_wire_put_uint(&a->body, 2, id_of_profile(t, in->b));
    return TB_DONE;
}

static bool listed(const struct tb_cmd_unmerge *in, uint32_t profile)
{
    for (uint32_t i = 0; i < in->profile_n; i++)
        if (in->profile[i] == profile)
            return true;
    return false;
}

/* OK when the listed profiles are a proper part of the person that no value straddles. */
static enum tb_code check_sides(const struct tb_txn *t, struct tb_block *b,
                                const struct tb_cmd_unmerge *in)
{
    const struct tb_profile *p = tb_section(t, b, TB_PERSON_PROFILE);
    uint32_t n = b->n[TB_PERSON_PROFILE];
    uint32_t leaving = 0;
    for (uint32_t i = 0; i < n; i++)
        leaving += listed(in, p[i].no);
    for (uint32_t i = 0; i < in->profile_n; i++)
        if (tb_person_by_profile(t, in->profile[i]) != b->id)
            return TB_CODE_NOT_LINKED;
    if (leaving == 0 || leaving == n)
        return TB_CODE_NOT_LINKED;
    if (!reason_given(in->reason))
        return TB_CODE_REASON_REQUIRED;
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < i; k++)
            if (p[i].ns == p[k].ns && p[i].key[0] == p[k].key[0] && p[i].key[1] == p[k].key[1] &&
                listed(in, p[i].no) != listed(in, p[k].no))
                return TB_CODE_INVALID;
    return TB_CODE_OK;
}

/* Marks every edge between the two sides. False: more than a command may write. */
static bool part(struct tb_txn *t, const struct tb_command *cmd, uint32_t person)
{
    const struct tb_cmd_unmerge *in = cmd->input;
    struct tb_block *b = person_block(t, person);
    for (uint32_t i = 0; i < b->n[TB_PERSON_EDGE]; i++) {
        struct tb_edge e = ((struct tb_edge *)tb_section(t, b, TB_PERSON_EDGE))[i];
        if ((e.flags & TB_EDGE_DEVICE) || listed(in, e.a) == listed(in, e.b) ||
            tb_person_by_profile(t, e.a) != person || tb_person_by_profile(t, e.b) != person)
            continue;
        tb_emit_linked(t, &(struct tb_ev_linked){.a = e.a, .b = e.b, .kind = TB_LINK_NEVER,
                                                 .actor = cmd->actor, .reason = in->reason});
        b = person_block(t, person);
    }
    return !t->events.overflowed;
}

/* What those who left had drawn from the others' lots, per unit. */
static void put_claims(struct tb_txn *t, const struct tb_cmd_unmerge *in, struct tb_answer *a,
                       uint32_t left)
{
    uint32_t side[TB_COMPONENT_MAX];
    struct tb_block *b = person_block(t, left);
    uint32_t n = 0;
    for (uint32_t i = 0; i < in->profile_n && n < TB_COMPONENT_MAX; i++)
        if (tb_person_by_profile(t, in->profile[i]) == left)
            side[n++] = (uint32_t)in->profile[i];
    const struct tb_account *account = tb_section(t, b, TB_PERSON_ACCOUNT);
    for (uint32_t i = 0; i < b->n[TB_PERSON_ACCOUNT]; i++) {
        bool again = false;
        for (uint32_t k = 0; k < i && !again; k++)
            again = account[k].unit == account[i].unit;
        int64_t claim = again ? 0 : tb_ledger_crossed(t, b, side, n, account[i].unit);
        if (claim == 0)
            continue;
        uint8_t bytes[32];
        struct tb_buf part_of;
        tb_buf_init(&part_of, bytes, sizeof bytes);
        tb_wire_put_uint(&part_of, 1, account[i].unit);
        tb_wire_put_uint(&part_of, 2, (uint64_t)claim);
        tb_wire_put_bytes(&a->body, 3, tb_buf_as_str(&part_of));
    }
}

enum tb_outcome tb_identity_unmerge(struct tb_txn *t, const struct tb_command *cmd,
                                    struct tb_answer *a)
{
    const struct tb_cmd_unmerge *in = cmd->input;
    if (in->profile_n > TB_COMPONENT_MAX)
        return tb_refuse(a, TB_CODE_TOO_MANY, "profiles");
    uint32_t person = tb_identity_who(t, &in->who, NULL, a);
    if (person == 0)
        return TB_REFUSED;
    struct tb_block *b = person_block(t, person);
    if (tb_person_of(b)->flags & TB_PERSON_FROZEN)
        return tb_refuse(a, TB_CODE_FROZEN, "");
    enum tb_code code = check_sides(t, b, in);
    if (code != TB_CODE_OK)
        return tb_refuse(a, code, code == TB_CODE_REASON_REQUIRED ? "reason" : "profiles");
    uint32_t gone = (uint32_t)in->profile[0];
    uint32_t stays = 0;
    const struct tb_profile *p = tb_section(t, b, TB_PERSON_PROFILE);
    for (uint32_t i = 0; i < b->n[TB_PERSON_PROFILE]; i++)
        if (!listed(in, p[i].no))
            stays = p[i].no;
    if (!part(t, cmd, person))
        return tb_refuse(a, TB_CODE_TOO_MANY, "profiles");
    enum tb_component_state state = recompute(t, stays, gone, TB_JOIN_PARTED);
    if (state != TB_COMPONENT_OK)
        return refuse_state(state, a);
    uint32_t left = tb_person_by_profile(t, gone);
    if (left == tb_person_by_profile(t, stays))
        return tb_refuse(a, TB_CODE_NOT_LINKED, "profiles");
    tb_wire_put_uint(&a->body, 1, id_of_profile(t, stays));
    tb_wire_put_uint(&a->body, 2, id_of_profile(t, gone));
    put_claims(t, in, a, left);
    return TB_DONE;
}

static enum tb_code check_role(const struct tb_txn *t, struct tb_block *b,
                               const struct tb_cmd_role_put *in, uint32_t profile, uint32_t *number)
{
    const struct tb_role *r = tb_section(t, b, TB_PERSON_ROLE);
    uint32_t newest = 0;
    uint32_t mine = 0;
    bool there = false;
    for (uint32_t i = 0; i < b->n[TB_PERSON_ROLE]; i++) {
        if (r[i].profile != profile)
            continue;
        mine++;
        newest = r[i].number > newest ? r[i].number : newest;
        there |= r[i].number == in->number;
    }
    if (in->subject_kind == TB_SUBJECT_PERSON && !in->removed) {
        uint32_t other = tb_person_by_profile(t, in->subject);
        if (other == 0 || other == b->id ||
            tb_person_of(person_block(t, other))->tenant != t->tenant)
            return TB_CODE_UNKNOWN_MEMBER;
    }
    if (!in->removed && mine >= TB_BENEFICIARIES_MAX)
        return TB_CODE_TOO_MANY;
    *number = in->number ? in->number : newest + 1;
    bool known = in->role >= TB_ROLE_BUYER_FOR && in->role <= TB_ROLE_GUARDIAN_OF &&
                 in->subject_kind >= TB_SUBJECT_PERSON && in->subject_kind <= TB_SUBJECT_PET;
    bool month = in->birth_month == 0 || (in->subject_kind != TB_SUBJECT_PERSON &&
                                          in->birth_month >= 1900 * 12 &&
                                          in->birth_month < 2200 * 12);
    bool named = in->number == 0 ? !in->removed : there;
    return known && month && named && *number <= UINT16_MAX ? TB_CODE_OK : TB_CODE_INVALID;
}

enum tb_outcome tb_identity_role_put(struct tb_txn *t, const struct tb_command *cmd,
                                     struct tb_answer *a)
{
    const struct tb_cmd_role_put *in = cmd->input;
    uint32_t profile;
    uint32_t number = 0;
    uint32_t person = tb_identity_who(t, &in->who, &profile, a);
    if (person == 0)
        return TB_REFUSED;
    enum tb_code code = check_role(t, person_block(t, person), in, profile, &number);
    if (code != TB_CODE_OK)
        return tb_refuse(a, code, code == TB_CODE_UNKNOWN_MEMBER ? "subject" : "role");
    tb_emit_role_put(t, &(struct tb_ev_role_put){
                            .profile = profile,
                            .role = in->role,
                            .subject_kind = in->subject_kind,
                            .number = number,
                            .subject_profile = in->subject_kind == TB_SUBJECT_PERSON ? in->subject : 0,
                            .birth_month = (uint64_t)in->birth_month,
                            .at_ms = in->occurred_ms,
                            .removed = in->removed});
    tb_wire_put_uint(&a->body, 1, id_of_profile(t, profile));
    tb_wire_put_uint(&a->body, 2, number);
    return TB_DONE;
}

enum tb_outcome tb_identity_erase(struct tb_txn *t, const struct tb_command *cmd,
                                  struct tb_answer *a)
{
    const struct tb_cmd_erase *in = cmd->input;
    uint32_t person = who_for_reason(t, &in->who, in->reason, a);
    if (person == 0)
        return TB_REFUSED;
    struct tb_block *b = person_block(t, person);
    uint32_t n = b->n[TB_PERSON_PROFILE];
    uint64_t *profile = TB_NEW_ARRAY(t->scratch, uint64_t, n);
    if (profile == NULL)
        return tb_refuse(a, TB_CODE_TOO_LARGE, "");
    const struct tb_profile *p = tb_section(t, b, TB_PERSON_PROFILE);
    for (uint32_t i = 0; i < n; i++)
        profile[i] = p[i].no;
    tb_erasure_done(t, cmd, person);
    tb_membership_fire(t, person); /* the membership ends, with what was due to it done */
    tb_emit_erased(t, &(struct tb_ev_erased){
                          .person = person, .profile = profile, .profile_n = n, .at_ms = t->now_ms});
    tb_wire_put_uint(&a->body, 1, n);
    for (uint32_t i = 0; i < n && i < ERASED_LISTED; i++)
        tb_wire_put_uint(&a->body, 2, profile[i]);
    return TB_DONE;
}

enum tb_outcome tb_identity_unfreeze(struct tb_txn *t, const struct tb_command *cmd,
                                     struct tb_answer *a)
{
    const struct tb_cmd_unfreeze *in = cmd->input;
    uint32_t person = who_for_reason(t, &in->who, in->reason, a);
    if (person == 0)
        return TB_REFUSED;
    struct tb_block *b = person_block(t, person);
    bool frozen = (tb_person_of(b)->flags & TB_PERSON_FROZEN) != 0;
    tb_wire_put_uint(&a->body, 1, tb_person_id(b));
    tb_wire_put_uint(&a->body, 2, frozen);
    if (frozen)
        tb_emit_person_frozen(t, &(struct tb_ev_person_frozen){.person = person,
                                                               .profiles = b->n[TB_PERSON_PROFILE],
                                                               .lifted = 1,
                                                               .actor = cmd->actor,
                                                               .reason = in->reason});
    return TB_DONE;
}

/* The sealed bytes of a profile's value or attribute; n = 0 when nothing is kept. */
static struct tb_str sealed_of(const struct tb_txn *t, struct tb_block *b, uint32_t profile,
                               uint32_t attribute, uint32_t *number)
{
    const char *bytes = tb_section(t, b, TB_PERSON_BYTES);
    if (attribute == 0) {
        const struct tb_profile *p = tb_person_profile(t, b, profile);
        *number = 1;
        return (struct tb_str){bytes + p->sealed_at, p->sealed_n};
    }
    const struct tb_attribute *x = tb_section(t, b, TB_PERSON_ATTRIBUTE);
    for (uint32_t i = 0; i < b->n[TB_PERSON_ATTRIBUTE]; i++)
        if (x[i].profile == profile && x[i].attribute == attribute && x[i].number != 0) {
            *number = x[i].number;
            return (struct tb_str){bytes + (x[i].value >> 16), (uint32_t)(x[i].value & 0xffff)};
        }
    return TB_STR_NONE;
}

enum tb_outcome tb_identity_reveal(struct tb_txn *t, const struct tb_command *cmd,
                                   struct tb_answer *a)
{
    const struct tb_cmd_reveal *in = cmd->input;
    uint32_t profile;
    uint32_t person = tb_identity_who(t, &(struct tb_who){.profile = in->profile}, &profile, a);
    if (person == 0)
        return TB_REFUSED;
    if (in->attribute != 0) {
        const struct tb_attribute_decl *d = tb_head_of(t, TB_KIND_ATTRIBUTE, in->attribute);
        if (d == NULL || d->c.tenant != t->tenant)
            return tb_refuse(a, TB_CODE_UNKNOWN_ATTRIBUTE, "attribute");
    }
    if (!reason_given(in->reason))
        return tb_refuse(a, TB_CODE_REASON_REQUIRED, "reason");
    uint32_t number = 0;
    struct tb_str sealed = sealed_of(t, person_block(t, person), profile, in->attribute, &number);
    if (sealed.n == 0)
        return tb_refuse(a, TB_CODE_NOT_FOUND, "");
    tb_wire_put_uint(&a->body, 1, profile);
    tb_wire_put_uint(&a->body, 2, number);
    tb_wire_put_bytes(&a->body, 3, sealed);
    tb_emit_revealed(t, &(struct tb_ev_revealed){.profile = profile, .attribute = in->attribute,
                                                 .actor = cmd->actor, .reason = in->reason});
    return TB_DONE;
}
