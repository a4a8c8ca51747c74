// SPDX-License-Identifier: Apache-2.0
/* core/approval/erasure.c - a member asks to be erased, takes it back, and it is done. Invariant: of a person's
 * profiles at most the newest request each is looked at, and what waits is found without a search. Not here: erasing
 * (core/identity/manage.c), declining (approval.c). */
#include "core/approval/approval_int.h"
#include "core/ops.h"
#include "core/person.h"

struct found {
    uint64_t request; /* 0 = none */
    struct tb_approval r;
};

/* Of one profile. */
static struct found of_profile(const struct tb_txn *t, uint32_t profile)
{
    struct found f = {0};
    if (tb_map_find(t, TB_MAP_ERASURE, tb_erasure_key(t->tenant, profile), &f.request)) {
        struct tb_block *b = tb_read(t, TB_KIND_REQUEST, f.request);
        tb_assert(b != NULL);
        f.r = *(const struct tb_approval *)tb_block_head_const(b);
        tb_assert(f.r.act == TB_REQUEST_ERASE && f.r.profile == profile);
    }
    return f;
}

/* Waiting comes before decided, decided before taken back; among equals the newest. */
static uint32_t rank(const struct found *f)
{
    if (f->request == 0)
        return 0;
    return f->r.state == TB_REQUEST_WAITING ? 3 : f->r.state == TB_REQUEST_WITHDRAWN ? 1 : 2;
}

static struct found of_person(const struct tb_txn *t, struct tb_block *person)
{
    struct found best = {0};
    const struct tb_profile *p = tb_section(t, person, TB_PERSON_PROFILE);
    for (uint32_t i = 0; i < person->n[TB_PERSON_PROFILE]; i++) {
        struct found f = of_profile(t, p[i].no);
        if (rank(&f) > rank(&best) || (rank(&f) == rank(&best) && f.request > best.request))
            best = f;
    }
    return best;
}

void tb_erasure_put(const struct tb_txn *t, struct tb_block *person, struct tb_buf *out)
{
    struct found f = of_person(t, person);
    if (rank(&f) < 2)
        return;
    const char *bytes = tb_section(t, tb_read(t, TB_KIND_REQUEST, f.request), TB_REQUEST_BYTES);
    tb_wire_put_uint(out, 1, f.request);
    tb_wire_put_uint(out, 2, f.r.state);
    tb_wire_put_uint(out, 3, (uint64_t)f.r.asked_ms);
    tb_wire_put_uint(out, 4, (uint64_t)f.r.deadline_ms);
    tb_wire_put_uint(out, 5, (uint64_t)f.r.decided_ms);
    if (f.r.note_n)
        tb_wire_put_bytes(out, 6, (struct tb_str){bytes + f.r.reason_n, f.r.note_n});
}

static void ask(struct tb_txn *t, const struct found *f, uint32_t profile)
{
    bool again = f->r.state == TB_REQUEST_WITHDRAWN;
    tb_emit_request_made(
        t, &(struct tb_ev_request_made){.request = again ? f->request : tb_counter_next(t, TB_COUNTER_REQUEST),
                                        .act = TB_REQUEST_ERASE,
                                        .profile = again ? f->r.profile : profile,
                                        .deadline_ms = (uint64_t)(t->now_ms + TB_REQUEST_LIFETIME_MS)});
}

static void end(struct tb_txn *t, const struct found *f, enum tb_request_state state, uint32_t by)
{
    tb_emit_request_moved(t, &(struct tb_ev_request_moved){
                                 .request = f->request, .state = state, .profile = f->r.profile, .decided_by = by});
}

enum tb_outcome tb_erasure_ask(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_erasure *in = cmd->input;
    uint32_t profile = 0;
    uint32_t person = tb_identity_who(t, &in->who, &profile, a);
    if (person == 0)
        return TB_REFUSED;
    struct found f = of_person(t, tb_read(t, TB_KIND_PERSON, person));
    bool waits = f.request != 0 && f.r.state == TB_REQUEST_WAITING;
    if (in->back && !waits)
        return tb_refuse(a, TB_CODE_REQUEST_CLOSED, "");
    if (in->back)
        end(t, &f, TB_REQUEST_WITHDRAWN, 0);
    else if (!waits)
        ask(t, &f, profile);
    tb_erasure_put(t, tb_read(t, TB_KIND_PERSON, person), &a->body);
    return TB_DONE;
}

void tb_erasure_done(struct tb_txn *t, const struct tb_command *cmd, uint32_t person)
{
    uint32_t n = tb_read(t, TB_KIND_PERSON, person)->n[TB_PERSON_PROFILE];
    for (uint32_t i = 0; i < n; i++) {
        const struct tb_profile *p = tb_section(t, tb_read(t, TB_KIND_PERSON, person), TB_PERSON_PROFILE);
        struct found f = of_profile(t, p[i].no);
        if (f.request != 0 && f.r.state == TB_REQUEST_WAITING)
            end(t, &f, TB_REQUEST_APPROVED, cmd->actor);
    }
}
