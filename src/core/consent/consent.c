// SPDX-License-Identifier: Apache-2.0
/* Consent: who may be reached at which endpoint for which purpose. */
#include "core/catalog/catalog.h"
#include "core/consent/consent.h"

static bool denies(uint32_t state)
{
    return state == TB_CONSENT_DENIED || state == TB_CONSENT_WITHDRAWN;
}

static bool same_key(const struct tb_consent *x, const struct tb_consent *y)
{
    return x->profile == y->profile && x->purpose == y->purpose && x->channel == y->channel &&
           (x->flags & TB_CONSENT_PERSON) == (y->flags & TB_CONSENT_PERSON);
}

/* The last act stands; at equal times the denial, then withdrawal over denial, then what
 * ends sooner: an order of all records, so that arrival does not matter.                  */
static bool stands_over(const struct tb_consent *x, const struct tb_consent *y)
{
    if (x->occurred_ms != y->occurred_ms)
        return x->occurred_ms > y->occurred_ms;
    if (x->state != y->state)
        return x->state > y->state;
    uint64_t ends_x = (uint64_t)x->expires_ms - 1; /* 0 = never is the last */
    uint64_t ends_y = (uint64_t)y->expires_ms - 1;
    if (ends_x != ends_y)
        return ends_x < ends_y;
    return (x->flags & TB_CONSENT_PROVEN) > (y->flags & TB_CONSENT_PROVEN);
}

static struct tb_consent *find(const struct tb_txn *t, struct tb_block *b,
                               const struct tb_consent *key)
{
    struct tb_consent *x = tb_section(t, b, TB_PERSON_CONSENT);
    for (uint32_t i = 0; i < b->n[TB_PERSON_CONSENT]; i++)
        if (same_key(&x[i], key))
            return &x[i];
    return NULL;
}

/* ---- reading ------------------------------------------------------------------------------ */

/* The newest record over the profiles for which takes() holds, expired grants left out
 * (*expired says that there was one). */
struct question {
    uint32_t purpose;
    uint32_t channel;
    int64_t now_ms;
    bool person_wide;
    const struct tb_profile *endpoint; /* not person_wide: this value's profiles */
};

static const struct tb_consent *newest(const struct tb_txn *t, struct tb_block *b,
                                       const struct question *q, bool *expired)
{
    const struct tb_consent *x = tb_section(t, b, TB_PERSON_CONSENT);
    const struct tb_consent *best = NULL;
    for (uint32_t i = 0; i < b->n[TB_PERSON_CONSENT]; i++) {
        if (x[i].purpose != q->purpose || (x[i].channel != 0 && x[i].channel != q->channel) ||
            ((x[i].flags & TB_CONSENT_PERSON) != 0) != q->person_wide)
            continue;
        const struct tb_profile *p = tb_person_profile(t, b, x[i].profile);
        if (p == NULL || (!q->person_wide &&
                          (p->ns != q->endpoint->ns || p->key[0] != q->endpoint->key[0] ||
                           p->key[1] != q->endpoint->key[1] || p->until_s != 0)))
            continue;
        if (x[i].state == TB_CONSENT_GRANTED && x[i].expires_ms != 0 &&
            x[i].expires_ms <= q->now_ms) {
            *expired = true;
            continue;
        }
        if (best == NULL || stands_over(&x[i], best))
            best = &x[i];
    }
    return best;
}

enum tb_consent_effective tb_consent_effective(const struct tb_txn *t, struct tb_block *person,
                                               uint32_t endpoint, uint32_t purpose,
                                               uint32_t channel, int64_t now_ms)
{
    const struct tb_profile *p = tb_person_profile(t, person, endpoint);
    if (p == NULL || p->until_s != 0 || (p->flags & TB_PROFILE_ERASED))
        return TB_EFFECTIVE_CLOSED;
    bool expired = false;
    bool unused = false;
    struct question q = {purpose, channel, now_ms, false, p};
    const struct tb_consent *own = newest(t, person, &q, &expired);
    q.person_wide = true;
    const struct tb_consent *wide = newest(t, person, &q, &unused);
    if (wide != NULL && denies(wide->state) &&
        !(own != NULL && own->state == TB_CONSENT_GRANTED && (own->flags & TB_CONSENT_PROVEN) &&
          own->occurred_ms > wide->occurred_ms))
        return wide->state == TB_CONSENT_DENIED ? TB_EFFECTIVE_DENIED : TB_EFFECTIVE_WITHDRAWN;
    if (own == NULL)
        return expired ? TB_EFFECTIVE_EXPIRED : TB_EFFECTIVE_UNKNOWN;
    switch ((enum tb_consent_state)own->state) {
    case TB_CONSENT_GRANTED:
        return TB_EFFECTIVE_GRANTED;
    case TB_CONSENT_DENIED:
        return TB_EFFECTIVE_DENIED;
    case TB_CONSENT_WITHDRAWN:
        return TB_EFFECTIVE_WITHDRAWN;
    }
    return TB_EFFECTIVE_UNKNOWN;
}

/* ---- deciding ----------------------------------------------------------------------------- */

static const char *invalid_field(const struct tb_txn *t, const struct tb_cmd_consent_put *in,
                                 const struct tb_purpose *purpose)
{
    if (in->channel > UINT8_MAX)
        return "channel";
    if (in->state < TB_CONSENT_GRANTED || in->state > TB_CONSENT_WITHDRAWN)
        return "state";
    if (in->actor < TB_ACTOR_SELF || in->actor > TB_ACTOR_IMPORT)
        return "actor";
    if (in->text_version > purpose->text_version ||
        (in->state == TB_CONSENT_GRANTED && in->text_version == 0))
        return "text_version";
    if (in->expires_ms < 0 || (in->expires_ms != 0 && in->expires_ms <= in->occurred_ms))
        return "expires_at";
    if (in->proof.n > TB_PROOF_MAX)
        return "proof";
    if (in->touchpoint != 0) {
        const struct tb_block *b = tb_read(t, TB_KIND_TOUCHPOINT, in->touchpoint);
        if (b == NULL || tb_config_of(b)->tenant != t->tenant)
            return "touchpoint";
    }
    return NULL;
}

/* An import raises nothing without a proof that is newer than the denial it would lift. */
static bool import_raises(const struct tb_txn *t, struct tb_block *b, const struct tb_consent *c)
{
    if (c->actor != TB_ACTOR_IMPORT || c->state != TB_CONSENT_GRANTED)
        return false;
    if (!(c->flags & TB_CONSENT_PROVEN))
        return true;
    const struct tb_consent *x = tb_section(t, b, TB_PERSON_CONSENT);
    for (uint32_t i = 0; i < b->n[TB_PERSON_CONSENT]; i++)
        if (x[i].purpose == c->purpose && denies(x[i].state) &&
            (x[i].channel == 0 || x[i].channel == c->channel) &&
            (x[i].profile == c->profile || (x[i].flags & TB_CONSENT_PERSON)) &&
            x[i].occurred_ms >= c->occurred_ms)
            return true;
    return false;
}

enum tb_outcome tb_consent_put(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_consent_put *in = cmd->input;
    uint32_t profile;
    uint32_t person = tb_identity_who(t, &in->who, &profile, a);
    if (person == 0)
        return TB_REFUSED;
    const struct tb_block *pb = tb_read(t, TB_KIND_PURPOSE, in->purpose);
    if (pb == NULL || tb_config_of(pb)->tenant != t->tenant)
        return tb_refuse(a, TB_CODE_UNKNOWN_PURPOSE, "purpose");
    enum tb_code code = tb_identity_time(t, in->occurred_ms);
    if (code != TB_CODE_OK)
        return tb_refuse(a, code, "occurred_at");
    struct tb_block *b = tb_read(t, TB_KIND_PERSON, person);
    if (b->n[TB_PERSON_CONSENT] >= TB_CONSENTS_MAX)
        return tb_refuse(a, TB_CODE_TOO_MANY, "");
    const char *field = invalid_field(t, in, tb_block_head_const(pb));
    if (field != NULL)
        return tb_refuse(a, TB_CODE_INVALID, field);
    struct tb_consent c = {.profile = profile,
                           .purpose = in->purpose,
                           .occurred_ms = in->occurred_ms,
                           .received_ms = t->now_ms,
                           .expires_ms = in->expires_ms,
                           .channel = (uint8_t)in->channel,
                           .state = (uint8_t)in->state,
                           .actor = (uint8_t)in->actor,
                           .flags = (uint8_t)((in->proof.n ? TB_CONSENT_PROVEN : 0) |
                                              (in->person_wide ? TB_CONSENT_PERSON : 0)),
                           .text_version = in->text_version};
    if (import_raises(t, b, &c))
        return tb_refuse(a, TB_CODE_PROOF_REQUIRED, "proof");
    const struct tb_consent *known = find(t, b, &c);
    bool older = known != NULL && !stands_over(&c, known);
    bool same = older && !stands_over(known, &c);
    if (!same)
        tb_emit_consent_put(t, &(struct tb_ev_consent_put){.profile = profile,
                                                           .purpose = in->purpose,
                                                           .channel = in->channel,
                                                           .state = in->state,
                                                           .occurred_ms = in->occurred_ms,
                                                           .received_ms = t->now_ms,
                                                           .expires_ms = in->expires_ms,
                                                           .actor = in->actor,
                                                           .text_version = in->text_version,
                                                           .proof = in->proof,
                                                           .touchpoint = in->touchpoint,
                                                           .person_wide = in->person_wide,
                                                           .history_only = older});
    b = tb_read(t, TB_KIND_PERSON, person);
    tb_wire_put_uint(&a->body, 1, tb_person_id(b));
    tb_wire_put_uint(&a->body, 2, tb_consent_effective(t, b, profile, in->purpose, in->channel,
                                                       t->now_ms));
    a->code = older && !same ? TB_CODE_CONSENT_OLDER : TB_CODE_OK;
    return TB_DONE;
}

/* ---- folding ------------------------------------------------------------------------------ */

void tb_consent_apply_consent_put(struct tb_txn *t, const struct tb_ev_consent_put *ev)
{
    uint32_t person = tb_person_by_profile(t, ev->profile);
    struct tb_consent c = {.profile = (uint32_t)ev->profile,
                           .purpose = (uint32_t)ev->purpose,
                           .occurred_ms = ev->occurred_ms,
                           .received_ms = ev->received_ms,
                           .expires_ms = ev->expires_ms,
                           .channel = (uint8_t)ev->channel,
                           .state = (uint8_t)ev->state,
                           .actor = (uint8_t)ev->actor,
                           .flags = (uint8_t)((ev->proof.n ? TB_CONSENT_PROVEN : 0) |
                                              (ev->person_wide ? TB_CONSENT_PERSON : 0)),
                           .text_version = (uint32_t)ev->text_version};
    tb_person_touch(t, c.profile);
    if (ev->history_only)
        return;
    struct tb_block *b = tb_write(t, TB_KIND_PERSON, person);
    struct tb_consent *known = find(t, b, &c);
    if (known != NULL) {
        *known = c;
        return;
    }
    const struct tb_consent *x = tb_section(t, b, TB_PERSON_CONSENT);
    uint32_t at = b->n[TB_PERSON_CONSENT];
    while (at > 0 && x[at - 1].profile > c.profile)
        at--;
    (void)tb_push_at(t, TB_KIND_PERSON, person, TB_PERSON_CONSENT, at, &c);
}
