// SPDX-License-Identifier: Apache-2.0
/* Attributes: earned data with a declared purpose. */
#include "base/num.h"
#include "core/catalog/catalog.h"
#include "core/consent/consent.h"

static const struct tb_attribute_decl *declared(const struct tb_store *s, uint32_t tenant,
                                                uint32_t attribute)
{
    const struct tb_block *b = tb_store_get(s, TB_KIND_ATTRIBUTE, attribute);
    const struct tb_attribute_decl *d = b ? tb_block_head_const(b) : NULL;
    return d != NULL && d->c.tenant == tenant ? d : NULL;
}

static struct tb_attribute *find(const struct tb_txn *t, struct tb_block *b, uint32_t profile,
                                 uint32_t attribute, uint32_t *at)
{
    struct tb_attribute *x = tb_section(t, b, TB_PERSON_ATTRIBUTE);
    uint32_t n = b->n[TB_PERSON_ATTRIBUTE];
    uint32_t i = 0;
    while (i < n && (x[i].profile < profile ||
                     (x[i].profile == profile && x[i].attribute < attribute)))
        i++;
    *at = i;
    return i < n && x[i].profile == profile && x[i].attribute == attribute ? &x[i] : NULL;
}

/* True when news of that source and time would replace x. */
static bool gives_way(const struct tb_attribute *x, uint32_t source, int32_t at_s)
{
    if (x->source != source)
        return source < x->source;
    return at_s > x->at_s;
}

const struct tb_attribute *tb_person_attribute(const struct tb_txn *t, struct tb_block *person,
                                               uint32_t attribute)
{
    const struct tb_attribute *x = tb_section(t, person, TB_PERSON_ATTRIBUTE);
    const struct tb_attribute *best = NULL;
    for (uint32_t i = 0; i < person->n[TB_PERSON_ATTRIBUTE]; i++)
        if (x[i].attribute == attribute &&
            (best == NULL || gives_way(best, x[i].source, x[i].at_s)))
            best = &x[i];
    return best != NULL && !(best->flags & TB_ATTRIBUTE_REMOVED) ? best : NULL;
}

struct tb_str tb_attribute_bytes(const struct tb_txn *t, struct tb_block *person,
                                 const struct tb_attribute *a)
{
    if (!(a->flags & TB_ATTRIBUTE_IN_BYTES))
        return TB_STR_NONE;
    const char *bytes = tb_section(t, person, TB_PERSON_BYTES);
    return (struct tb_str){bytes + (a->value >> 16), (uint32_t)(a->value & 0xffff)};
}

/* ---- deciding ---------------------------------------------------------------------------- */

static bool value_fits(const struct tb_txn *t, const struct tb_attribute_input *in)
{
    struct tb_block *b = tb_read(t, TB_KIND_ATTRIBUTE, in->attribute);
    const struct tb_attribute_decl *d = tb_block_head(b);
    if (in->removed)
        return true;
    switch ((enum tb_attribute_type)d->type) {
    case TB_ATTRIBUTE_INT:
        return tb_amount_ok(in->value);
    case TB_ATTRIBUTE_BOOL:
        return in->value == 0 || in->value == 1;
    case TB_ATTRIBUTE_TEXT:
        return in->text.n <= TB_PERSONAL_MAX && tb_utf8_valid(in->text);
    case TB_ATTRIBUTE_DATE:
        return in->value >= TB_MS_MIN / TB_DAY_MS && in->value <= TB_MS_MAX / TB_DAY_MS;
    case TB_ATTRIBUTE_TIME:
        return in->value >= TB_MS_MIN && in->value <= TB_MS_MAX;
    case TB_ATTRIBUTE_CHOICE:
        return in->value >= 0 && in->value < b->n[TB_ATTRIBUTE_CHOICES];
    }
    return false;
}

static bool equals(const struct tb_txn *t, struct tb_block *b, const struct tb_attribute *x,
                   const struct tb_attribute_input *in)
{
    if (((x->flags & TB_ATTRIBUTE_REMOVED) != 0) != in->removed || x->number != 0)
        return false;
    if (x->flags & TB_ATTRIBUTE_IN_BYTES)
        return tb_str_eq(tb_attribute_bytes(t, b, x), in->text);
    return in->removed || x->value == in->value;
}

/* Emits the value; false when it stands already or loses. */
static bool set(struct tb_txn *t, uint32_t person, uint32_t profile,
                const struct tb_attribute_input *in, const struct tb_cmd_attributes_set *cmd)
{
    struct tb_block *b = tb_read(t, TB_KIND_PERSON, person);
    const struct tb_attribute_decl *d = declared(t->store, t->tenant, in->attribute);
    int32_t at_s = (int32_t)(cmd->occurred_ms / 1000 > INT32_MAX ? INT32_MAX
                             : cmd->occurred_ms / 1000 < INT32_MIN ? INT32_MIN
                                                                   : cmd->occurred_ms / 1000);
    uint32_t at;
    const struct tb_attribute *x = find(t, b, profile, in->attribute, &at);
    if (x != NULL && (!gives_way(x, cmd->source, at_s) ||
                      (x->source == cmd->source && x->at_s == at_s && equals(t, b, x, in))))
        return false;
    struct tb_ev_attribute_set ev = {.profile = profile, .attribute = in->attribute,
                                     .source = cmd->source, .at_s = at_s, .removed = in->removed};
    uint8_t sealed[TB_PERSONAL_MAX + TB_SEAL_OVERHEAD];
    char digits[24];
    struct tb_buf number;
    tb_buf_init(&number, digits, sizeof digits);
    tb_buf_i64(&number, in->value);
    bool text = d->type == TB_ATTRIBUTE_TEXT;
    if (!in->removed && d->personal) {
        ev.number = (uint64_t)tb_person_profile(t, b, profile)->number + 1;
        uint32_t n = t->env->seal(t->env->user, t->tenant, profile, (uint32_t)ev.number,
                                  text ? in->text : tb_buf_as_str(&number), sealed);
        ev.sealed = (struct tb_str){(const char *)sealed, n};
    } else if (!in->removed && text) {
        ev.text = in->text;
    } else if (!in->removed) {
        ev.value = in->value;
    }
    tb_emit_attribute_set(t, &ev);
    return true;
}

static enum tb_outcome refuse_at(struct tb_answer *a, enum tb_code code, uint32_t index)
{
    char field[24];
    struct tb_buf b;
    tb_buf_init(&b, field, sizeof field - 1);
    tb_buf_c(&b, "attributes/");
    tb_buf_i64(&b, index);
    field[b.n] = 0;
    return tb_refuse(a, code, field);
}

static uint32_t undeclared(const struct tb_txn *t, const struct tb_cmd_attributes_set *in,
                           uint32_t *first)
{
    uint32_t n = 0;
    for (uint32_t i = in->attribute_n; i-- > 0;)
        if (declared(t->store, t->tenant, in->attribute[i].attribute) == NULL) {
            *first = i;
            n++;
        }
    return n;
}

enum tb_outcome tb_consent_attributes_set(struct tb_txn *t, const struct tb_command *cmd,
                                          struct tb_answer *a)
{
    const struct tb_cmd_attributes_set *in = cmd->input;
    uint32_t profile;
    uint32_t person = tb_identity_who(t, &in->who, &profile, a);
    if (person == 0)
        return TB_REFUSED;
    struct tb_block *b = tb_read(t, TB_KIND_PERSON, person);
    uint32_t numbers = tb_person_profile(t, b, profile)->number;
    if (in->attribute_n > TB_ATTRIBUTES_SET_MAX || numbers + in->attribute_n > UINT16_MAX ||
        b->n[TB_PERSON_BYTES] + in->attribute_n * (TB_PERSONAL_MAX + TB_SEAL_OVERHEAD) >
            TB_SECTION_ELEMENTS_MAX)
        return tb_refuse(a, TB_CODE_TOO_MANY, "attributes");
    uint32_t first = 0;
    uint32_t unknown = undeclared(t, in, &first);
    if (unknown > 0) {
        tb_emit_attribute_refused(t, &(struct tb_ev_attribute_refused){.count = unknown});
        (void)refuse_at(a, TB_CODE_UNKNOWN_ATTRIBUTE, first);
        return TB_DONE; /* the count stands */
    }
    enum tb_code code = tb_identity_time(t, in->occurred_ms);
    if (code != TB_CODE_OK)
        return tb_refuse(a, code, "occurred_at");
    if (in->source < TB_SOURCE_DECLARED || in->source > TB_SOURCE_INFERRED)
        return tb_refuse(a, TB_CODE_INVALID, "source");
    for (uint32_t i = 0; i < in->attribute_n; i++)
        if (!value_fits(t, &in->attribute[i]))
            return refuse_at(a, TB_CODE_INVALID, i);
    tb_wire_put_uint(&a->body, 1, tb_person_id(b));
    for (uint32_t i = 0; i < in->attribute_n; i++)
        if (!set(t, person, profile, &in->attribute[i], in))
            tb_wire_put_uint(&a->body, 2, i);
    return TB_DONE;
}

/* ---- retention --------------------------------------------------------------------------- */

static int64_t due_of(const struct tb_store *s, uint32_t tenant, const struct tb_attribute *x)
{
    const struct tb_attribute_decl *d = declared(s, tenant, x->attribute);
    if (d == NULL || d->retention_days == 0)
        return INT64_MAX;
    return (int64_t)x->at_s * 1000 + (int64_t)d->retention_days * TB_DAY_MS;
}

int64_t tb_consent_due_ms(const struct tb_store *s, const struct tb_block *b)
{
    struct tb_block *person = (struct tb_block *)(uintptr_t)b; /* sections are found, not written */
    const struct tb_attribute *x =
        tb_block_section(&s->shape[TB_KIND_PERSON], person, TB_PERSON_ATTRIBUTE);
    int64_t due = INT64_MAX;
    for (uint32_t i = 0; i < b->n[TB_PERSON_ATTRIBUTE]; i++) {
        int64_t one = due_of(s, tb_person_of(person)->tenant, &x[i]);
        due = one < due ? one : due;
    }
    return due;
}

void tb_consent_fire(struct tb_txn *t, uint64_t person)
{
    struct tb_block *b = tb_read(t, TB_KIND_PERSON, person);
    for (uint32_t i = 0; b != NULL && i < b->n[TB_PERSON_ATTRIBUTE];) {
        struct tb_attribute x =
            ((struct tb_attribute *)tb_section(t, b, TB_PERSON_ATTRIBUTE))[i];
        if (due_of(t->store, t->tenant, &x) > t->now_ms) {
            i++;
            continue;
        }
        tb_emit_attribute_set(t, &(struct tb_ev_attribute_set){.profile = x.profile,
                                                               .attribute = x.attribute,
                                                               .removed = 2});
        b = tb_read(t, TB_KIND_PERSON, person);
    }
}

/* ---- folding ----------------------------------------------------------------------------- */

void tb_consent_apply_attribute_set(struct tb_txn *t, const struct tb_ev_attribute_set *ev)
{
    uint32_t profile = (uint32_t)ev->profile;
    uint32_t attribute = (uint32_t)ev->attribute;
    uint32_t person = tb_person_by_profile(t, profile);
    uint32_t at;
    struct tb_attribute *x =
        find(t, tb_write(t, TB_KIND_PERSON, person), profile, attribute, &at);
    if (x != NULL) {
        struct tb_attribute old = *x;
        tb_cut(t, TB_KIND_PERSON, person, TB_PERSON_ATTRIBUTE, at, 1);
        if (old.flags & TB_ATTRIBUTE_IN_BYTES)
            tb_person_cut_bytes(t, person, (uint32_t)(old.value >> 16),
                                (uint32_t)(old.value & 0xffff));
    }
    if (ev->removed < 2) {
        struct tb_attribute fresh = {.profile = profile,
                                     .attribute = attribute,
                                     .value = ev->value,
                                     .at_s = (int32_t)ev->at_s,
                                     .source = (uint8_t)ev->source,
                                     .number = (uint16_t)ev->number};
        struct tb_str bytes = ev->sealed.n ? ev->sealed : ev->text;
        if (ev->removed)
            fresh.flags |= TB_ATTRIBUTE_REMOVED;
        else if (bytes.n) {
            fresh.flags |= TB_ATTRIBUTE_IN_BYTES;
            fresh.value =
                (int64_t)tb_person_put_bytes(t, person, profile, attribute, bytes) << 16 | bytes.n;
        }
        (void)tb_push_at(t, TB_KIND_PERSON, person, TB_PERSON_ATTRIBUTE, at, &fresh);
        struct tb_profile *p =
            tb_person_profile(t, tb_write(t, TB_KIND_PERSON, person), profile);
        if (fresh.number > p->number)
            p->number = fresh.number;
    }
    tb_person_touch(t, profile);
}

void tb_consent_apply_attribute_refused(struct tb_txn *t, const struct tb_ev_attribute_refused *ev)
{
    if (tb_read(t, TB_KIND_TENANT, t->tenant) != NULL)
        ((struct tb_tenant *)tb_block_head(tb_write(t, TB_KIND_TENANT, t->tenant)))
            ->counts[TB_COUNT_REFUSED_ATTRIBUTES] += (int64_t)ev->count;
}
