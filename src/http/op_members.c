// SPDX-License-Identifier: Apache-2.0
/* http/op_members.c - one member: the whole view, and acts on who she is.
 *
 * Values are opened here, on the IO thread, and masked; only reveal and export print them
 * whole, and both leave a record in the journal first.                                   */
#include <string.h>

#include "base/num.h"
#include "core/consent/consent.h"
#include "core/ledger/ledger.h"
#include "core/membership/membership.h"
#include "http/app_int.h"
#include "border/keystore.h"

static const char *const roles[] = {NULL, "buyer_for", "user_of", "guardian_of"};
static const char *const subjects[] = {NULL, "person", "child", "pet"};
static const char *const classes[] = {"person", "follower", "member", "buyer", "regular",
                                      "anonymous_card"};
const char *const tb_words_actor[] = {NULL, "self", "guardian", "staff", "import"};

struct view_note {
    bool brief; /* for look-ups at the till: no history of consents, devices, roles */
    bool whole; /* unmasked */
};

/* ---- the view ----------------------------------------------------------------------------------- */

struct person_view {
    struct tb_work *w;
    struct tb_json_out *o;
    struct tb_view v;
    const struct view_note *note;
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
    tb_json_out_key(p->o, "identifiers");
    tb_json_out_open(p->o, '[');
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
        tb_json_out_key(o, "expires_next");
        tb_json_out_open(o, '{');
        tb_out_time(o, "at", b.expires_next_ms);
        tb_json_out_key_i64(o, "amount", b.expires_next);
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, '}');
}

static void out_balances(struct person_view *p)
{
    const struct tb_account *a = p->v.section[TB_PERSON_ACCOUNT];
    tb_json_out_key(p->o, "balances");
    tb_json_out_open(p->o, '[');
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
    tb_json_out_key(o, "lots");
    tb_json_out_open(o, '[');
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
    tb_json_out_key(o, "holds");
    tb_json_out_open(o, '[');
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
    tb_json_out_key(o, "tiers");
    tb_json_out_open(o, '[');
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
    tb_json_out_key(o, "attributes");
    tb_json_out_open(o, '{');
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
    tb_json_out_key(o, "consents");
    tb_json_out_open(o, '[');
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
    tb_json_out_key(o, "roles");
    tb_json_out_open(o, '[');
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
    tb_json_out_key(o, "devices");
    tb_json_out_open(o, '[');
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
    tb_json_out_key(o, "suggestions");
    tb_json_out_open(o, '[');
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
    tb_json_out_key(p->o, "orders");
    tb_json_out_open(p->o, '{');
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

static void out_head(struct person_view *p, uint64_t id, uint64_t bits)
{
    const struct tb_person *h = p->v.head;
    struct tb_json_out *o = p->o;
    tb_out_id(p->w, o, "id", TB_ID_MEMBER, id);
    out_enrolment(p);
    tb_json_out_key(o, "classes");
    tb_json_out_open(o, '[');
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

static void view_write(struct tb_work *w, struct tb_json_out *o)
{
    static const struct view_note full = {false, false};
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
    }
    tb_json_out_close(o, '}');
    tb_arena_release(w->arena, mark);
}

/* "view": brief or full */
static void note_view(struct tb_work *w, bool brief)
{
    struct view_note *note = TB_NEW(w->arena, struct view_note);
    struct tb_str view = tb_call_query_str(w->call, TB_STR("view"), 8);
    if (view.n > 0 && !tb_str_eq_c(view, "brief") && !tb_str_eq_c(view, "full"))
        tb_refusal_set(w->refusal, TB_PROBLEM_NOT_AN_OPTION, "view", "brief or full");
    if (note != NULL)
        note->brief = view.n ? tb_str_eq_c(view, "brief") : brief;
    w->note = note;
}

static void get_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_member_get *in = w->input;
    in->detail = true;
    tb_path_who(w, o, &in->who);
    note_view(w, false);
}

static void find_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_member_get *in = w->input;
    struct tb_str ns = tb_call_query_str(w->call, TB_STR("ns"), TB_CODE_MAX);
    struct tb_str value = tb_call_query_str(w->call, TB_STR("value"), 256);
    in->detail = true;
    note_view(w, true);
    if (ns.n == 0 || value.n == 0) {
        tb_refusal_set(w->refusal, TB_PROBLEM_MISSING_FIELD, ns.n ? "value" : "ns", NULL);
        return;
    }
    if (!tb_make_identifier(w, ns, value, false, &in->who.identifier, o) && w->blocked)
        tb_work_no(w, TB_CODE_UNKNOWN_MEMBER, "value");
}

/* ---- enrolment, links, roles ----------------------------------------------------------------------- */

static void enrol_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_enrol *in = w->input;
    bool given;
    tb_path_who(w, o, &in->who);
    in->touchpoint = tb_work_id(w, TB_KIND_TOUCHPOINT, tb_may_str(o, "touchpoint", TB_CODE_MAX));
    in->terms_version = (uint32_t)tb_json_need_i64(o, TB_STR("terms_version"), 1, 1000000);
    in->flags = tb_may_bool(o, "anonymous") ? TB_ENROL_ANONYMOUS : 0;
    in->occurred_ms = tb_read_occurred(w, o, &given);
}

static void ids_write(struct tb_work *w, struct tb_json_out *o, const char *first,
                      const char *second)
{
    struct tb_str body = tb_work_answer(w);
    tb_out_id(w, o, first, TB_ID_MEMBER, tb_wire_u64(body, 1));
    tb_out_id(w, o, second, TB_ID_MEMBER, tb_wire_u64(body, 2));
}

static void enrol_write(struct tb_work *w, struct tb_json_out *o)
{
    tb_json_out_open(o, '{');
    ids_write(w, o, "id", "booked_to");
    tb_json_out_close(o, '}');
}

static uint64_t need_profile(struct tb_work *w, struct tb_json_object *o, struct tb_str name,
                             const char *field)
{
    uint64_t profile = 0;
    struct tb_str id = tb_json_need_str(o, name, 1, 32);
    if (w->refusal->problem == TB_PROBLEM_NONE &&
        !tb_id_parse(&w->app->hash_key, TB_ID_MEMBER, w->tenant, id, &profile))
        tb_work_no(w, TB_CODE_UNKNOWN_MEMBER, field);
    return profile;
}

static void link_read(struct tb_work *w, struct tb_json_object *o)
{
    static const char *const kinds[] = {"always", "never", "cleared"};
    struct tb_cmd_link *in = w->input;
    in->a = need_profile(w, o, TB_STR("a"), "a");
    in->b = need_profile(w, o, TB_STR("b"), "b");
    in->kind = tb_json_need_enum(o, TB_STR("kind"), kinds, 3) + 1;
    in->reason = tb_may_str(o, "reason", TB_REASON_MAX);
}

static void link_write(struct tb_work *w, struct tb_json_out *o)
{
    tb_json_out_open(o, '{');
    ids_write(w, o, "a", "b");
    tb_json_out_close(o, '}');
}

static void unmerge_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_unmerge *in = w->input;
    struct tb_str id;
    tb_path_who(w, o, &in->who);
    struct tb_json_array list = tb_json_need_array(o, TB_STR("identifiers"), 1, TB_COMPONENT_MAX);
    uint64_t *profile = TB_NEW_ARRAY(w->arena, uint64_t, list.n + 1);
    in->profile = profile;
    while (profile != NULL && tb_json_next_str(&list, 1, 32, &id))
        if (!tb_id_parse(&w->app->hash_key, TB_ID_MEMBER, w->tenant, id, &profile[in->profile_n++]))
            tb_work_no(w, TB_CODE_NOT_LINKED, "identifiers");
    in->reason = tb_may_str(o, "reason", TB_REASON_MAX);
}

static void unmerge_write(struct tb_work *w, struct tb_json_out *o)
{
    struct tb_wire f = tb_wire_of(tb_work_answer(w));
    tb_json_out_open(o, '{');
    ids_write(w, o, "stays", "left");
    tb_json_out_key(o, "claims");
    tb_json_out_open(o, '[');
    while (tb_wire_step(&f)) {
        if (f.field != 3)
            continue;
        tb_json_out_open(o, '{');
        tb_out_code(w, o, "unit", TB_KIND_UNIT, tb_wire_u64(f.s, 1));
        tb_json_out_key_i64(o, "amount", (int64_t)tb_wire_u64(f.s, 2));
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
    tb_json_out_close(o, '}');
}

static int32_t read_month(struct tb_json_object *o)
{
    int32_t day = 0;
    struct tb_str text = tb_may_str(o, "birth_month", 7);
    char full[10];
    if (text.n == 0)
        return 0;
    if (text.n == 7) {
        memcpy(full, text.p, 7);
        memcpy(full + 7, "-01", 3);
    }
    if (text.n != 7 || !tb_date_parse((struct tb_str){full, 10}, &day)) {
        tb_json_refuse(o, TB_STR("birth_month"), TB_PROBLEM_INVALID_VALUE, "Written YYYY-MM.");
        return 0;
    }
    struct tb_date d = tb_date_from_days(day);
    return d.year * 12 + d.month - 1;
}

static void role_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_role_put *in = w->input;
    bool given;
    tb_path_who(w, o, &in->who);
    in->role = tb_json_need_enum(o, TB_STR("role"), roles + 1, 3) + 1;
    in->subject_kind = tb_json_need_enum(o, TB_STR("subject"), subjects + 1, 3) + 1;
    if (tb_json_has(o, TB_STR("subject_id")))
        in->subject = need_profile(w, o, TB_STR("subject_id"), "subject_id");
    in->birth_month = read_month(o);
    in->number = (uint32_t)tb_may_i64(o, "number", 0, 65535, 0);
    in->removed = tb_may_bool(o, "removed");
    in->occurred_ms = tb_read_occurred(w, o, &given);
}

static void role_write(struct tb_work *w, struct tb_json_out *o)
{
    tb_json_out_open(o, '{');
    tb_out_id(w, o, "id", TB_ID_MEMBER, tb_wire_u64(tb_work_answer(w), 1));
    tb_json_out_key_i64(o, "number", (int64_t)tb_wire_u64(tb_work_answer(w), 2));
    tb_json_out_close(o, '}');
}

/* ---- erasing ------------------------------------------------------------------------------------------- */

static void erase_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_erase *in = w->input;
    tb_path_who(w, o, &in->who);
    in->reason = tb_may_str(o, "reason", TB_REASON_MAX);
}

/* On the side thread: the journal says erased; now the keys go. After a crash
 * in between the same request does it again (it is unknown to its sender).               */
static void erase_keys(struct tb_work *w)
{
    struct tb_wire f = tb_wire_of(tb_work_answer(w));
    struct tb_fault fault;
    enum tb_keystore_answer a = TB_KEYSTORE_DONE;
    while (tb_wire_step(&f) && a == TB_KEYSTORE_DONE)
        if (f.field == 2) {
            a = tb_keystore_erase(w->app->o.keys, &f.v, 1, w->now_ms, &fault);
            if (a == TB_KEYSTORE_ABSENT)
                a = TB_KEYSTORE_DONE; /* nothing was ever sealed for it */
        }
    w->job.finish = a == TB_KEYSTORE_DONE ? TB_FINISH_DONE : TB_FINISH_UNKNOWN;
}

static void erase_reply(struct tb_work *w)
{
    if (w->job.finish == TB_FINISH_DONE)
        tb_work_reply(w);
    else
        tb_http_refuse_code(w->req, TB_PROBLEM_OUTCOME_UNKNOWN, NULL);
}

static void erase_after(struct tb_work *w)
{
    tb_keyring_slow(w->app->keyring, w, erase_keys, erase_reply);
}

static void erase_write(struct tb_work *w, struct tb_json_out *o)
{
    tb_json_out_open(o, '{');
    tb_json_out_key_i64(o, "identifiers", (int64_t)tb_wire_u64(tb_work_answer(w), 1));
    tb_json_out_key_bool(o, "erased", true);
    tb_json_out_close(o, '}');
}

/* ---- reveal and export ------------------------------------------------------------------------------------ */

static void reveal_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_reveal *in = w->input;
    in->profile = tb_path_id(w, o, TB_STR("identifier"), TB_ID_MEMBER, TB_CODE_UNKNOWN_MEMBER);
    in->attribute = tb_work_id(w, TB_KIND_ATTRIBUTE, tb_may_str(o, "attribute", TB_CODE_MAX));
    in->reason = tb_may_str(o, "reason", TB_REASON_MAX);
}

static void reveal_write(struct tb_work *w, struct tb_json_out *o)
{
    uint8_t plain[TB_PERSONAL_MAX + TB_SEAL_OVERHEAD];
    struct tb_str body = tb_work_answer(w);
    struct tb_buf b;
    uint32_t profile = (uint32_t)tb_wire_u64(body, 1);
    tb_json_out_open(o, '{');
    tb_out_id(w, o, "id", TB_ID_MEMBER, profile);
    tb_buf_init(&b, plain, sizeof plain);
    tb_json_out_key(o, "value");
    if (tb_work_open(w, profile, (uint32_t)tb_wire_u64(body, 2), tb_wire_str(body, 3), &b))
        tb_json_out_str(o, tb_buf_as_str(&b));
    else
        tb_json_out_null(o);
    tb_json_out_close(o, '}');
}

struct export_note {
    struct view_note view; /* first: view_write takes it */
    struct tb_cmd_reveal reveal;
    struct tb_cmd_member_get get;
};

static void export_reply(struct tb_work *w)
{
    tb_work_reply(w);
}

/* The record stands; now the whole view. */
static void export_view(struct tb_work *w)
{
    struct export_note *note = w->note;
    w->job.command = (struct tb_command){TB_OP_MEMBER_GET, w->tenant, w->job.command.actor, &note->get};
    w->job.key_hash = 0;
    tb_work_submit(w, export_reply);
}

/* One record for the member, on an identifier that is kept; without any there is nothing
 * to reveal and nothing to record.                                                        */
static void export_record(struct tb_work *w)
{
    struct export_note *note = w->note;
    struct tb_view v;
    struct tb_str body = tb_work_answer(w);
    size_t mark = tb_arena_mark(w->arena);
    note->reveal.profile = 0;
    if (tb_view_read(TB_KIND_PERSON, tb_wire_str(body, 2), w->arena, &v)) {
        const struct tb_profile *f = v.section[TB_PERSON_PROFILE];
        for (uint32_t i = 0; i < v.n[TB_PERSON_PROFILE] && note->reveal.profile == 0; i++)
            if (f[i].sealed_n > 0 && !(f[i].flags & TB_PROFILE_ERASED))
                note->reveal.profile = f[i].no;
    }
    tb_arena_release(w->arena, mark);
    if (note->reveal.profile == 0) {
        tb_work_reply(w);
        return;
    }
    w->job.command = (struct tb_command){TB_OP_REVEAL, w->tenant, w->job.command.actor, &note->reveal};
    tb_work_hashes(w, w->req->idempotency_key, w->req->path, w->req->body);
    tb_work_submit(w, export_view);
}

static void export_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_member_get *in = w->input;
    struct export_note *note = TB_NEW(w->arena, struct export_note);
    in->detail = true;
    tb_path_who(w, o, &in->who);
    struct tb_str reason = tb_json_need_str(o, TB_STR("reason"), 1, TB_REASON_MAX);
    if (note == NULL) {
        tb_refusal_set(w->refusal, TB_PROBLEM_OVERLOADED, NULL, NULL);
        return;
    }
    note->view.whole = true;
    note->reveal.reason = reason;
    note->get = *in;
    w->note = note;
}

const struct tb_work_op tb_work_member_get = {
    TB_OP_MEMBER_GET, sizeof(struct tb_cmd_member_get), get_read, view_write, NULL, 0};
const struct tb_work_op tb_work_member_find = {
    TB_OP_MEMBER_GET, sizeof(struct tb_cmd_member_get), find_read, view_write, NULL, 0};
const struct tb_work_op tb_work_enrol = {
    TB_OP_ENROL, sizeof(struct tb_cmd_enrol), enrol_read, enrol_write, NULL, 0};
const struct tb_work_op tb_work_link = {
    TB_OP_LINK, sizeof(struct tb_cmd_link), link_read, link_write, NULL, 0};
const struct tb_work_op tb_work_unmerge = {
    TB_OP_UNMERGE, sizeof(struct tb_cmd_unmerge), unmerge_read, unmerge_write, NULL, 0};
const struct tb_work_op tb_work_role_put = {
    TB_OP_ROLE_PUT, sizeof(struct tb_cmd_role_put), role_read, role_write, NULL, 0};
const struct tb_work_op tb_work_erase = {
    TB_OP_ERASE, sizeof(struct tb_cmd_erase), erase_read, erase_write, erase_after, 0};
const struct tb_work_op tb_work_reveal = {
    TB_OP_REVEAL, sizeof(struct tb_cmd_reveal), reveal_read, reveal_write, NULL, 0};
const struct tb_work_op tb_work_export = {
    TB_OP_MEMBER_GET, sizeof(struct tb_cmd_member_get), export_read, view_write, export_record, 0};
