// SPDX-License-Identifier: Apache-2.0
/* core/code/scan.c - somebody scans a code: is it genuine, and who was there before? */
#include "core/code/code_int.h"

struct scan {
    struct tb_code_ref ref;
    uint32_t store;
    uint32_t touchpoint;
    struct tb_str region;
    struct tb_block *batch;
    struct tb_code_run run;
    struct tb_code_first first;
    bool scanned; /* before */
    bool window;  /* the scan counts for an alarm */
    struct tb_code_outside outside; /* after this scan */
    uint32_t counted;               /* profile that is new in it */
};

/* Where the shopper is: as she says, else where the store is. */
static struct tb_str region_of(const struct tb_txn *t, const struct tb_cmd_code_scan *in, uint32_t store)
{
    struct tb_block *b = store && in->region.n == 0 ? tb_read(t, TB_KIND_STORE, store) : NULL;
    if (b == NULL)
        return in->region;
    return tb_config_text(t, b, ((const struct tb_store_place *)tb_block_head_const(b))->region);
}

static enum tb_outcome check_places(struct tb_txn *t, const struct tb_cmd_code_scan *in, struct scan *s,
                                    struct tb_answer *a)
{
    s->touchpoint = in->touchpoint.n ? tb_find_code(t, TB_KIND_TOUCHPOINT, in->touchpoint) : 0;
    if (in->touchpoint.n && s->touchpoint == 0)
        return tb_refuse(a, TB_CODE_UNKNOWN_TOUCHPOINT, "touchpoint");
    s->store = in->store.n ? tb_find_code(t, TB_KIND_STORE, in->store) : 0;
    if (in->store.n && s->store == 0)
        return tb_refuse(a, TB_CODE_UNKNOWN_STORE, "store");
    if (s->touchpoint && s->store == 0)
        s->store = ((const struct tb_touchpoint *)tb_block_head_const(
                        tb_read(t, TB_KIND_TOUCHPOINT, s->touchpoint)))
                       ->store;
    enum tb_code code = tb_identity_time(t, in->occurred_ms);
    if (code != TB_CODE_OK)
        return tb_refuse(a, code, "occurred_at");
    s->region = region_of(t, in, s->store);
    return TB_DONE;
}

static bool limited(const struct tb_txn *t, const struct tb_cmd_code_scan *in)
{
    if (!tb_code_limited(t, in->caller, false))
        return false;
    bool known = false;
    if (in->member != 0)
        known = tb_person_by_profile(t, (uint32_t)in->member) != 0;
    for (uint32_t i = 0; i < in->identifier_n && i < TB_IDENTIFIERS_MAX; i++)
        known = known || tb_identity_find(t, &in->identifier[i]) != 0;
    return tb_code_limited(t, in->caller, known);
}

/* The person, created when she is new; an identifier that says nothing leaves nobody. */
static enum tb_outcome recognise(struct tb_txn *t, const struct tb_cmd_code_scan *in, const struct scan *s,
                                 struct tb_resolved *who, struct tb_answer *a)
{
    *who = (struct tb_resolved){0};
    if (in->member != 0) { /* who signed in was recognised then: this is no contact of hers */
        struct tb_who named = {.profile = in->member};
        who->person = tb_identity_who(t, &named, &who->profile, a);
        return who->person ? TB_DONE : tb_refuse(a, a->code, "member");
    }
    if (in->identifier_n == 0)
        return TB_DONE;
    struct tb_contact_facts contact = {
        .occurred_ms = in->occurred_ms, .touchpoint = s->touchpoint, .store = s->store};
    enum tb_outcome outcome = tb_identity_resolve(t, in->identifier, in->identifier_n, &contact, who, a);
    if (outcome == TB_REFUSED && (a->code == TB_CODE_IDENTIFIER_BLOCKED || a->code == TB_CODE_ERASED ||
                                  a->code == TB_CODE_NO_IDENTIFIER || a->code == TB_CODE_DISABLED)) {
        *who = (struct tb_resolved){0};
        a->code = TB_CODE_OK;
        a->field[0] = 0;
        return TB_DONE;
    }
    return outcome;
}

static enum tb_scan_verdict judge(const struct tb_txn *t, const struct scan *s, const struct tb_resolved *who)
{
    uint8_t scene = tb_code_batch_head(s->batch)->scene;
    if (s->run.marks & TB_CODE_IS_VOID)
        return TB_SCAN_VOID;
    if (s->run.marks & TB_CODE_IS_FROZEN)
        return TB_SCAN_FROZEN;
    if (scene == TB_SCENE_STORE || scene == TB_SCENE_ASSOCIATE)
        return TB_SCAN_OPEN;
    if (!s->scanned)
        return TB_SCAN_FIRST;
    bool same = who->person != 0 && s->first.profile != 0 &&
                tb_person_by_profile(t, s->first.profile) == who->person;
    return same ? TB_SCAN_AGAIN : TB_SCAN_OTHERS;
}

/* What the code is on, and who earns by it: the nearest package that a store received, or
 * whom it was bound to.                                                                    */
static void find_meaning(const struct tb_txn *t, const struct scan *s, struct tb_code_facts *f)
{
    f->scene = tb_code_batch_head(s->batch)->scene;
    f->binding = s->run.binding;
    f->package = s->run.package;
    struct tb_block *b = tb_read(t, TB_KIND_CODE_BINDING, f->binding);
    tb_assert(b != NULL);
    const struct tb_code_binding *binding = tb_block_head_const(b);
    f->product = binding->product;
    f->campaign = tb_config_text(t, b, binding->campaign);
    f->lot = tb_config_text(t, b, binding->lot);
    f->credit_store = binding->store;
    f->credit_associate = binding->associate;
    struct tb_str region = tb_config_text(t, b, binding->region);
    f->outside = region.n > 0 && s->region.n > 0 && !tb_category_within(s->region, region);
    uint32_t up = s->run.package;
    for (uint32_t i = 0; up != 0 && i < TB_CODE_LEVELS_MAX; i++) {
        const struct tb_code_package *p = tb_block_head_const(tb_read(t, TB_KIND_CODE_PACKAGE, up));
        if (p->store != 0) {
            f->credit_store = p->store;
            f->credit_associate = p->associate;
            return;
        }
        struct tb_code_ref outside = {p->batch, p->serial};
        up = tb_code_span_at(t, tb_code_batch_of(t, outside), outside.serial).run.package;
    }
}

/* First scans outside of the bound region, of one carton or, unpacked, of one binding. */
static void count_outside(const struct tb_txn *t, struct scan *s, const struct tb_code_facts *f)
{
    const struct tb_code_batch *batch = tb_code_batch_head(s->batch);
    if (batch->divert_scans == 0 || !f->outside || f->verdict != TB_SCAN_FIRST)
        return;
    s->window = true;
    s->outside =
        f->package
            ? ((const struct tb_code_package *)tb_block_head_const(tb_read(t, TB_KIND_CODE_PACKAGE, f->package)))
                  ->outside
            : ((const struct tb_code_binding *)tb_block_head_const(tb_read(t, TB_KIND_CODE_BINDING, f->binding)))
                  ->outside;
    struct tb_code_outside *o = &s->outside;
    if (o->since_ms == 0 || t->now_ms - o->since_ms >= (int64_t)batch->divert_days * TB_DAY_MS)
        *o = (struct tb_code_outside){.since_ms = t->now_ms, .alarm_ms = o->alarm_ms};
    o->scans++;
    bool seen = f->who.person == 0 || o->persons == TB_CODE_OUTSIDE_PERSONS;
    for (uint32_t i = 0; i < o->persons; i++)
        seen = seen || tb_person_by_profile(t, o->profile[i]) == f->who.person;
    s->counted = seen ? 0 : f->who.profile;
    o->persons += !seen;
}

static void emit_scan(struct tb_txn *t, const struct tb_cmd_code_scan *in, const struct scan *s,
                      struct tb_code_facts *f)
{
    const struct tb_code_batch *batch = tb_code_batch_head(s->batch);
    struct tb_block *set = tb_code_set_of(t, s->ref);
    const struct tb_code_set *head = set ? tb_block_head_const(set) : NULL;
    uint32_t firsts = head ? head->first[s->ref.serial >> TB_CODE_FIRSTS_BITS & 15] : 0;
    struct tb_ev_code_credit credit = {.store = f->credit_store, .associate = f->credit_associate};
    struct tb_ev_code_scanned ev = {.batch = s->ref.batch,
                                    .serial = s->ref.serial,
                                    .verdict = f->verdict,
                                    .profile = f->who.profile,
                                    .at_ms = in->occurred_ms,
                                    .store = s->store,
                                    .touchpoint = s->touchpoint,
                                    .product = f->product,
                                    .region = in->region,
                                    .outside = f->outside,
                                    .credit = &credit,
                                    .credit_n = credit.store != 0 || credit.associate != 0};
    if (f->verdict == TB_SCAN_FIRST) {
        ev.set = set ? set->id : tb_counter_next(t, TB_COUNTER_CODE_SET);
        ev.firsts = firsts ? firsts : tb_counter_next(t, TB_COUNTER_CODE_FIRST);
    } else if (f->verdict == TB_SCAN_AGAIN || f->verdict == TB_SCAN_OTHERS) {
        ev.firsts = firsts;
    }
    if (s->window) {
        ev.package = f->package;
        ev.binding = f->package ? 0 : f->binding;
        ev.outside_since_ms = s->outside.since_ms;
        ev.outside_profile = s->counted;
    }
    uint32_t wants_scans = batch->divert_scans;
    uint32_t wants_persons = batch->divert_persons;
    tb_emit_code_scanned(t, &ev);
    if (!s->window || s->outside.scans < wants_scans || s->outside.persons < wants_persons ||
        s->outside.alarm_ms >= s->outside.since_ms)
        return;
    f->alarm = true;
    struct tb_ev_codes_diverted alarm = {.batch = s->ref.batch,
                                         .package = ev.package,
                                         .binding = ev.binding,
                                         .product = f->product,
                                         .scans = s->outside.scans,
                                         .persons = s->outside.persons,
                                         .region = s->region};
    tb_emit_codes_diverted(t, &alarm);
}

/* A code that nobody may know about: the same for never printed, blank and not activated. */
static enum tb_outcome wrong_code(struct tb_txn *t, const struct tb_cmd_code_scan *in, struct tb_answer *a)
{
    tb_code_missed(t, in->caller);
    (void)tb_refuse(a, TB_CODE_UNKNOWN_CODE, "code");
    return TB_DONE;
}

enum tb_outcome tb_code_scanned(struct tb_txn *t, const struct tb_cmd_code_scan *in,
                                struct tb_code_facts *f, struct tb_answer *a)
{
    struct scan s = {.ref = in->code};
    bool need;
    *f = (struct tb_code_facts){.code = in->code};
    if (in->region.n > TB_NAME_MAX || !tb_utf8_valid(in->region))
        return tb_refuse(a, TB_CODE_INVALID, "region");
    if (check_places(t, in, &s, a) != TB_DONE)
        return TB_REFUSED;
    if (limited(t, in))
        return tb_refuse(a, TB_CODE_SCAN_LIMITED, "code");
    s.batch = tb_code_batch_of(t, s.ref);
    if (s.batch != NULL)
        s.run = tb_code_span_at(t, s.batch, s.ref.serial).run;
    if (s.batch == NULL || s.run.state != TB_CODE_IS_ACTIVE)
        return wrong_code(t, in, a);
    s.scanned = tb_code_first_of(t, s.ref, &s.first, &need);
    if (need)
        return TB_NEED;
    enum tb_outcome outcome = recognise(t, in, &s, &f->who, a);
    if (outcome != TB_DONE)
        return outcome;
    f->verdict = judge(t, &s, &f->who);
    find_meaning(t, &s, f);
    count_outside(t, &s, f);
    emit_scan(t, in, &s, f);
    if (f->verdict >= TB_SCAN_FIRST) {
        bool found = tb_code_first_of(t, s.ref, &f->first, &need);
        tb_assert(found && !need);
        f->redeemed = tb_code_is_redeemed(t, s.ref);
    }
    struct tb_block *binding = tb_read(t, TB_KIND_CODE_BINDING, f->binding); /* it may have moved */
    const struct tb_code_binding *head = tb_block_head_const(binding);
    f->campaign = tb_config_text(t, binding, head->campaign);
    f->lot = tb_config_text(t, binding, head->lot);
    f->region = region_of(t, in, s.store);
    if (f->region.n == 0)
        f->region = tb_config_text(t, binding, head->region);
    return TB_DONE;
}

void tb_code_tell(struct tb_txn *t, const struct tb_code_facts *f, struct tb_buf *out)
{
    uint32_t person = 0;
    if (f->who.person)
        person = tb_person_id(tb_read(t, TB_KIND_PERSON, f->who.person));
    const struct {
        uint32_t field;
        uint64_t v;
    } row[] = {{1, f->verdict},
               {2, person},
               {3, f->who.profile},
               {4, f->who.created},
               {5, (uint64_t)f->first.at_s * 1000},
               {6, f->first.store},
               {7, f->first.touchpoint},
               {8, f->first.scans},
               {9, f->binding},
               {10, f->product},
               {12, f->credit_store},
               {13, f->credit_associate},
               {14, f->redeemed},
               {15, f->outside},
               {16, f->alarm},
               {17, f->code.batch},
               {18, f->code.serial},
               {19, f->scene},
               {20, f->package}};
    for (uint32_t i = 0; i < TB_COUNT_OF(row); i++)
        if (row[i].v != 0)
            tb_wire_put_uint(out, row[i].field, row[i].v);
    if (f->campaign.n)
        tb_wire_put_bytes(out, 11, f->campaign);
}

/* ---- redeeming ---------------------------------------------------------------------------------- */

enum tb_code tb_code_redeem(struct tb_txn *t, struct tb_code_ref ref, uint32_t profile)
{
    struct tb_block *batch = tb_code_batch_of(t, ref);
    if (batch == NULL)
        return TB_CODE_UNKNOWN_CODE;
    struct tb_code_run run = tb_code_span_at(t, batch, ref.serial).run;
    if (run.state != TB_CODE_IS_ACTIVE)
        return TB_CODE_UNKNOWN_CODE;
    if (run.marks & TB_CODE_IS_VOID)
        return TB_CODE_CODE_VOID;
    if (run.marks & TB_CODE_IS_FROZEN)
        return TB_CODE_CODE_FROZEN;
    if (!tb_code_is_scanned(t, ref))
        return TB_CODE_CODE_NOT_SCANNED;
    if (tb_code_is_redeemed(t, ref))
        return TB_CODE_CODE_REDEEMED;
    struct tb_ev_code_redeemed ev = {.batch = ref.batch, .serial = ref.serial, .profile = profile};
    tb_emit_code_redeemed(t, &ev);
    return TB_CODE_OK;
}

enum tb_outcome tb_code_redeem_by_hand(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_code_redeem *in = cmd->input;
    uint32_t profile = 0;
    bool named = in->who.profile != 0 || in->who.identifier.ns != 0;
    enum tb_code who = TB_CODE_OK;
    if (named && tb_identity_who(t, &in->who, &profile, a) == 0)
        who = a->code;
    a->code = TB_CODE_OK;
    enum tb_code code = tb_code_redeem(t, in->code, profile);
    if (code != TB_CODE_OK)
        return tb_refuse(a, code, "code");
    return who == TB_CODE_OK ? TB_DONE : tb_refuse(a, who, "member");
}

void tb_code_prefetch(const struct tb_store *s, const struct tb_cmd_code_scan *in, uint32_t tenant,
                      uint32_t pass)
{
    tb_identity_prefetch(s, tenant, in->identifier, in->identifier_n, pass);
    uint64_t id;
    uint64_t key = tb_code_piece_key(in->code);
    if (pass == 0)
        tb_map_prefetch(&s->map[TB_MAP_CODE_SET], key);
    else if (tb_map_get(&s->map[TB_MAP_CODE_SET], key, &id)) {
        if (pass == 1)
            tb_store_prefetch_slot(s, TB_KIND_CODE_SET, id);
        else if (pass == 2)
            tb_store_prefetch(s, TB_KIND_CODE_SET, id);
    }
}
