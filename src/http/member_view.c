// SPDX-License-Identifier: Apache-2.0
/* http/member_view.c - a member as JSON, from a copy of her block.
 *
 * Values are opened here, on the IO thread, and masked unless the note says whole.       */
#include "http/member_view.h"

#include <string.h>

#include "core/consent/consent.h"
#include "core/ledger/ledger.h"
#include "core/membership/membership.h"

static const char *const roles[] = {NULL, "buyer_for", "user_of", "guardian_of"};
static const char *const subjects[] = {NULL, "person", "child", "pet"};
static const char *const classes[] = {"person", "follower", "member", "buyer", "regular",
                                      "anonymous_card"};
const char *const tb_words_actor[] = {NULL, "self", "guardian", "staff", "import"};

/* ---- the view ----------------------------------------------------------------------------------- */

struct person_view {
    struct tb_work *w;
    struct tb_json_out *o;
    struct tb_view v;
    const struct tb_view_note *note;
};

static struct tb_str bytes_at(const struct tb_view *v, uint64_t at, uint64_t n)
{
    if (at + n > v->n[TB_PERSON_BYTES])
        return TB_STR_NONE;
    return (struct tb_str){(const char *)v->section[TB_PERSON_BYTES] + at, (uint32_t)n};
}

static void out_value(struct person_view *p, enum tb_normaliser kind, struct tb_str plain)
{
    char text[TB_PERSONAL_MAX + 16];
    struct tb_buf b;
    if (p->note->whole) {
        tb_json_out_key_str(p->o, "value", plain);
        return;
    }
    tb_buf_init(&b, text, sizeof text);
    tb_mask(&b, kind, plain);
    tb_json_out_key_str(p->o, "value", tb_buf_as_str(&b));
}

static void out_identifier(struct person_view *p, const struct tb_profile *f)
{
    uint8_t plain[TB_PERSONAL_MAX + TB_SEAL_OVERHEAD];
    struct tb_buf b;
    const struct tb_known *ns = tb_work_object(p->w, TB_KIND_NAMESPACE, f->ns);
    struct tb_json_out *o = p->o;
    tb_json_out_open(o, '{');
    tb_out_id(p->w, o, "id", TB_ID_MEMBER, f->no);
    tb_json_out_key_str(o, "ns", ns ? ns->code : TB_STR_NONE);
    tb_buf_init(&b, plain, sizeof plain);
    if (ns != NULL && !(f->flags & TB_PROFILE_ERASED) &&
        tb_work_open(p->w, f->no, 1, bytes_at(&p->v, f->sealed_at, f->sealed_n), &b))
        out_value(p, (enum tb_normaliser)ns->normaliser, tb_buf_as_str(&b));
    tb_json_out_key_bool(o, "verified", (f->flags & TB_PROFILE_VERIFIED) != 0);
    tb_json_out_key_bool(o, "current", (f->flags & TB_PROFILE_CURRENT) != 0);
    if (f->flags & TB_PROFILE_FOLLOWER)
        tb_json_out_key_bool(o, "follower", true);
    if (f->flags & TB_PROFILE_ERASED)
        tb_json_out_key_bool(o, "erased", true);
    tb_out_time(o, "since", f->since_ms);
    tb_out_time(o, "until", (int64_t)f->until_s * 1000);
    tb_json_out_close(o, '}');
}

static void out_identifiers(struct person_view *p)
{
    const struct tb_profile *f = p->v.section[TB_PERSON_PROFILE];
    tb_json_out_key_open(p->o, "identifiers", '[');
    for (uint32_t i = 0; i < p->v.n[TB_PERSON_PROFILE]; i++)
        out_identifier(p, &f[i]);
    tb_json_out_close(p->o, ']');
}

/* The same sums as tb_ledger_balance, over the copy. */
static struct tb_balance balance_of(const struct tb_view *v, uint32_t unit, int64_t now_ms)
{
    struct tb_balance b = {.expires_next_ms = INT64_MAX};
    const struct tb_account *a = v->section[TB_PERSON_ACCOUNT];
    for (uint32_t i = 0; i < v->n[TB_PERSON_ACCOUNT]; i++) {
        if (a[i].unit != unit)
            continue;
        b.available += a[i].credits - a[i].debits - a[i].held;
        b.held += a[i].held;
        b.pending += a[i].pending;
    }
    const struct tb_lot *lot = v->section[TB_PERSON_LOT];
    for (uint32_t i = 0; i < v->n[TB_PERSON_LOT]; i++) {
        if (lot[i].unit != unit || lot[i].state != TB_LOT_AVAILABLE)
            continue;
        if (lot[i].due_ms <= now_ms) {
            b.available -= lot[i].left;
        } else if (lot[i].due_ms < b.expires_next_ms) {
            b.expires_next_ms = lot[i].due_ms;
            b.expires_next = lot[i].left;
        } else if (lot[i].due_ms == b.expires_next_ms && lot[i].due_ms != INT64_MAX) {
            b.expires_next += lot[i].left;
        }
    }
    return b;
}

static void out_balance(struct person_view *p, uint32_t unit)
{
    struct tb_balance b = balance_of(&p->v, unit, p->w->now_ms);
    struct tb_json_out *o = p->o;
    tb_json_out_open(o, '{');
    tb_out_code(p->w, o, "unit", TB_KIND_UNIT, unit);
    tb_json_out_key_i64(o, "available", b.available);
    tb_json_out_key_i64(o, "held", b.held);
    tb_json_out_key_i64(o, "pending", b.pending);
    if (b.expires_next_ms != INT64_MAX) {
        tb_json_out_key_open(o, "expires_next", '{');
        tb_out_time(o, "at", b.expires_next_ms);
        tb_json_out_key_i64(o, "amount", b.expires_next);
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, '}');
}

static void out_balances(struct person_view *p)
{
    const struct tb_account *a = p->v.section[TB_PERSON_ACCOUNT];
    tb_json_out_key_open(p->o, "balances", '[');
    for (uint32_t i = 0; i < p->v.n[TB_PERSON_ACCOUNT]; i++) {
        bool seen = false;
        for (uint32_t k = 0; k < i && !seen; k++)
            seen = a[k].unit == a[i].unit;
        if (!seen)
            out_balance(p, a[i].unit);
    }
    tb_json_out_close(p->o, ']');
}

static void out_lots(struct person_view *p)
{
    const struct tb_lot *lot = p->v.section[TB_PERSON_LOT];
    struct tb_json_out *o = p->o;
    tb_json_out_key_open(o, "lots", '[');
    for (uint32_t i = 0; i < p->v.n[TB_PERSON_LOT]; i++) {
        bool pending = lot[i].state == TB_LOT_PENDING;
        tb_json_out_open(o, '{');
        tb_out_id(p->w, o, "id", TB_ID_LOT, lot[i].id);
        tb_out_code(p->w, o, "unit", TB_KIND_UNIT, lot[i].unit);
        tb_json_out_key_str(o, "state", pending ? TB_STR("pending") : TB_STR("available"));
        tb_json_out_key_i64(o, "left", lot[i].left);
        tb_json_out_key(o, "earned_on");
        tb_json_out_date(o, lot[i].earned_day);
        tb_out_time(o, pending ? "released_at" : "expires_at", lot[i].due_ms);
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
    const struct tb_hold *hold = p->v.section[TB_PERSON_HOLD];
    tb_json_out_key_open(o, "holds", '[');
    for (uint32_t i = 0; i < p->v.n[TB_PERSON_HOLD]; i++) {
        tb_json_out_open(o, '{');
        tb_out_id(p->w, o, "id", TB_ID_HOLD, hold[i].id);
        tb_out_code(p->w, o, "unit", TB_KIND_UNIT, hold[i].unit);
        tb_json_out_key_i64(o, "amount", hold[i].amount);
        tb_out_time(o, "deadline", hold[i].deadline_ms);
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
}

static void out_tiers(struct person_view *p)
{
    const struct tb_person *head = p->v.head;
    const struct tb_tier_state *t = p->v.section[TB_PERSON_TIER];
    struct tb_json_out *o = p->o;
    tb_json_out_key_open(o, "tiers", '[');
    for (uint32_t i = 0; i < p->v.n[TB_PERSON_TIER]; i++) {
        const struct tb_known *k = tb_work_object(p->w, TB_KIND_TIER_SCHEME, t[i].scheme);
        if (t[i].profile != head->oldest_profile || k == NULL || t[i].tier >= k->part_n)
            continue;
        tb_json_out_open(o, '{');
        tb_json_out_key_str(o, "scheme", k->code);
        tb_json_out_key_str(o, "code", k->part[t[i].tier]);
        tb_out_time(o, "since", t[i].since_ms);
        tb_out_time(o, "review_at", t[i].review_ms);
        tb_out_time(o, "grace_until", t[i].grace_ms);
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
}

/* Which of several values counts: the better source, then the newer (core/consent). */
static bool better(const struct tb_attribute *a, const struct tb_attribute *b)
{
    return a->source != b->source ? a->source < b->source : a->at_s > b->at_s;
}

static void out_typed(struct tb_json_out *o, const struct tb_known *k, int64_t v, struct tb_str s)
{
    switch ((enum tb_attribute_type)k->type) {
    case TB_ATTRIBUTE_INT:
        tb_json_out_i64(o, v);
        break;
    case TB_ATTRIBUTE_BOOL:
        tb_json_out_bool(o, v != 0);
        break;
    case TB_ATTRIBUTE_TEXT:
        tb_json_out_str(o, s);
        break;
    case TB_ATTRIBUTE_DATE:
        tb_json_out_date(o, (int32_t)v);
        break;
    case TB_ATTRIBUTE_TIME:
        tb_json_out_time(o, v);
        break;
    case TB_ATTRIBUTE_CHOICE:
        tb_json_out_str(o, (uint64_t)v < k->part_n ? k->part[v] : TB_STR_NONE);
        break;
    }
}

static void out_attribute_value(struct person_view *p, const struct tb_attribute *a,
                                const struct tb_known *k)
{
    uint8_t plain[TB_PERSONAL_MAX + TB_SEAL_OVERHEAD];
    struct tb_buf b;
    struct tb_json_out *o = p->o;
    struct tb_str s = TB_STR_NONE;
    int64_t v = a->value;
    if (a->flags & TB_ATTRIBUTE_IN_BYTES)
        s = bytes_at(&p->v, (uint64_t)a->value >> 16, (uint64_t)a->value & 65535);
    tb_json_out_key(o, "value");
    if (a->number != 0) {
        tb_buf_init(&b, plain, sizeof plain);
        if (!tb_work_open(p->w, a->profile, a->number, s, &b)) {
            tb_json_out_null(o);
            return;
        }
        if (!p->note->whole) {
            tb_json_out_str(o, TB_STR("****"));
            return;
        }
        s = tb_buf_as_str(&b);
        if (!tb_str_to_i64(s, &v)) /* all but texts are sealed as their digits */
            v = 0;
    }
    out_typed(o, k, v, s);
}

static void out_attributes(struct person_view *p)
{
    const struct tb_attribute *a = p->v.section[TB_PERSON_ATTRIBUTE];
    uint32_t n = p->v.n[TB_PERSON_ATTRIBUTE];
    struct tb_json_out *o = p->o;
    tb_json_out_key_open(o, "attributes", '{');
    for (uint32_t i = 0; i < n; i++) {
        bool best = true;
        for (uint32_t k = 0; k < n && best; k++)
            best = k == i || a[k].attribute != a[i].attribute || better(&a[i], &a[k]) ||
                   (!better(&a[k], &a[i]) && i < k);
        const struct tb_known *known =
            best && !(a[i].flags & TB_ATTRIBUTE_REMOVED)
                ? tb_work_object(p->w, TB_KIND_ATTRIBUTE, a[i].attribute)
                : NULL;
        if (known == NULL)
            continue;
        tb_json_out_key_escaped(o, known->code);
        tb_json_out_open(o, '{');
        out_attribute_value(p, &a[i], known);
        tb_out_word(o, "source", tb_words_source, TB_SOURCES + 1, a[i].source);
        tb_out_time(o, "at", (int64_t)a[i].at_s * 1000);
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, '}');
}

static void out_consents(struct person_view *p)
{
    const struct tb_consent *c = p->v.section[TB_PERSON_CONSENT];
    struct tb_json_out *o = p->o;
    tb_json_out_key_open(o, "consents", '[');
    for (uint32_t i = 0; i < p->v.n[TB_PERSON_CONSENT]; i++) {
        tb_json_out_open(o, '{');
        tb_out_id(p->w, o, "endpoint", TB_ID_MEMBER, c[i].profile);
        tb_out_code(p->w, o, "purpose", TB_KIND_PURPOSE, c[i].purpose);
        tb_json_out_key_i64(o, "channel", c[i].channel);
        tb_out_word(o, "state", tb_words_consent, 4, c[i].state);
        tb_out_word(o, "actor", tb_words_actor, 5, c[i].actor);
        tb_json_out_key_i64(o, "text_version", c[i].text_version);
        tb_out_time(o, "occurred_at", c[i].occurred_ms);
        tb_out_time(o, "expires_at", c[i].expires_ms);
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
}

static void out_roles(struct person_view *p)
{
    const struct tb_role *r = p->v.section[TB_PERSON_ROLE];
    struct tb_json_out *o = p->o;
    tb_json_out_key_open(o, "roles", '[');
    for (uint32_t i = 0; i < p->v.n[TB_PERSON_ROLE]; i++) {
        char month[16];
        struct tb_buf b;
        tb_json_out_open(o, '{');
        tb_json_out_key_i64(o, "number", r[i].number);
        tb_out_word(o, "role", roles, TB_COUNT_OF(roles), r[i].role);
        tb_out_word(o, "subject", subjects, TB_COUNT_OF(subjects), r[i].subject_kind);
        tb_out_id(p->w, o, "subject_id", TB_ID_MEMBER, r[i].subject_profile);
        if (r[i].birth_month > 0) {
            tb_buf_init(&b, month, sizeof month);
            tb_buf_printf(&b, "%04d-%02d", r[i].birth_month / 12, r[i].birth_month % 12 + 1);
            tb_json_out_key_str(o, "birth_month", tb_buf_as_str(&b));
        }
        tb_out_time(o, "at", r[i].at_ms);
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
}

static void out_devices(struct person_view *p)
{
    struct tb_json_out *o = p->o;
    struct tb_wire f = tb_wire_of(tb_work_answer(p->w));
    tb_json_out_key_open(o, "devices", '[');
    while (tb_wire_step(&f)) {
        if (f.field != 3)
            continue;
        tb_json_out_open(o, '{');
        tb_out_id(p->w, o, "id", TB_ID_DEVICE, tb_wire_u64(f.s, 1));
        tb_out_code(p->w, o, "ns", TB_KIND_NAMESPACE, tb_wire_u64(f.s, 2));
        tb_out_time(o, "first_seen", (int64_t)tb_wire_u64(f.s, 3));
        tb_out_time(o, "last_seen", (int64_t)tb_wire_u64(f.s, 4));
        tb_json_out_key_i64(o, "visits", (int64_t)tb_wire_u64(f.s, 5));
        tb_out_code(p->w, o, "touchpoint", TB_KIND_TOUCHPOINT, tb_wire_u64(f.s, 6));
        tb_json_out_key_bool(o, "own", tb_wire_u64(f.s, 7) != 0);
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
    f = tb_wire_of(tb_work_answer(p->w));
    tb_json_out_key_open(o, "suggestions", '[');
    while (tb_wire_step(&f)) {
        if (f.field != 4)
            continue;
        tb_json_out_open(o, '{');
        tb_out_id(p->w, o, "id", TB_ID_MEMBER, tb_wire_u64(f.s, 1));
        tb_out_code(p->w, o, "ns", TB_KIND_NAMESPACE, tb_wire_u64(f.s, 2));
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
}

static void out_life(struct person_view *p)
{
    const struct tb_life *l = p->v.section[TB_PERSON_LIFE];
    struct tb_life sum = {0};
    for (uint32_t i = 0; i < p->v.n[TB_PERSON_LIFE]; i++) {
        sum.orders += l[i].orders;
        sum.spend += l[i].spend;
        if (l[i].orders > 0 && (sum.first_order_ms == 0 || l[i].first_order_ms < sum.first_order_ms))
            sum.first_order_ms = l[i].first_order_ms;
        if (l[i].last_order_ms > sum.last_order_ms)
            sum.last_order_ms = l[i].last_order_ms;
    }
    tb_json_out_key_open(p->o, "orders", '{');
    tb_json_out_key_i64(p->o, "count", sum.orders);
    tb_json_out_key_i64(p->o, "spend", sum.spend);
    tb_out_time(p->o, "first_at", sum.first_order_ms);
    tb_out_time(p->o, "last_at", sum.last_order_ms);
    tb_json_out_close(p->o, '}');
}

static void out_enrolment(struct person_view *p)
{
    const struct tb_enrol *e = p->v.section[TB_PERSON_ENROL];
    const struct tb_enrol *first = NULL;
    for (uint32_t i = 0; i < p->v.n[TB_PERSON_ENROL]; i++)
        if (first == NULL || e[i].at_ms < first->at_ms)
            first = &e[i];
    tb_json_out_key_bool(p->o, "enrolled", first != NULL);
    if (first == NULL)
        return;
    tb_out_time(p->o, "enrolled_at", first->at_ms);
    tb_json_out_key_i64(p->o, "terms_version", first->terms_version);
}

static void out_erasure(struct person_view *p)
{
    struct tb_str asked = tb_wire_str(tb_work_answer(p->w), 8);
    if (asked.n == 0)
        return;
    tb_json_out_key_open(p->o, "erasure", '{');
    tb_out_id(p->w, p->o, "request", TB_ID_REQUEST, tb_wire_u64(asked, 1));
    tb_erasure_out(p->o, asked);
    tb_json_out_close(p->o, '}');
}

static void out_head(struct person_view *p, uint64_t id, uint64_t bits)
{
    const struct tb_person *h = p->v.head;
    struct tb_json_out *o = p->o;
    tb_out_id(p->w, o, "id", TB_ID_MEMBER, id);
    out_enrolment(p);
    tb_json_out_key_open(o, "classes", '[');
    for (uint32_t i = 0; i < TB_COUNT_OF(classes); i++)
        if (bits >> i & 1)
            tb_json_out_str(o, tb_str_of(classes[i]));
    tb_json_out_close(o, ']');
    tb_out_time(o, "first_seen", h->first_seen_ms);
    tb_out_time(o, "last_seen", h->last_seen_ms);
    if (h->flags & TB_PERSON_FROZEN)
        tb_json_out_key_bool(o, "frozen", true);
    if (h->flags & TB_PERSON_ERASED)
        tb_json_out_key_bool(o, "erased", true);
    if (!p->note->brief) {
        tb_out_code(p->w, o, "last_touchpoint", TB_KIND_TOUCHPOINT, h->last_touchpoint);
        tb_out_code(p->w, o, "last_store", TB_KIND_STORE, h->last_store);
    }
}

void tb_member_view_write(struct tb_work *w, struct tb_json_out *o)
{
    static const struct tb_view_note full = {false, false};
    struct person_view p = {.w = w, .o = o, .note = w->note ? w->note : &full};
    struct tb_str body = tb_work_answer(w);
    size_t mark = tb_arena_mark(w->arena);
    tb_json_out_open(o, '{');
    if (!tb_view_read(TB_KIND_PERSON, tb_wire_str(body, 2), w->arena, &p.v)) {
        o->b->overflowed = true;
        return;
    }
    out_head(&p, tb_wire_u64(body, 1), tb_wire_u64(body, 5));
    out_identifiers(&p);
    out_balances(&p);
    out_tiers(&p);
    if (!p.note->brief) {
        out_life(&p);
        out_lots(&p);
        out_attributes(&p);
        out_consents(&p);
        out_roles(&p);
        out_devices(&p);
        out_erasure(&p);
    }
    tb_json_out_close(o, '}');
    tb_arena_release(w->arena, mark);
}
