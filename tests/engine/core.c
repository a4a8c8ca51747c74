// SPDX-License-Identifier: Apache-2.0
#include "core.h"

#include <string.h>

#include "core/ops.h"
#include "events.gen.h"

static const struct tb_shape shapes[TEST_KINDS] = {
    [TEST_KIND_PERSON] = {.name = "person", .version = 1, .head_bytes = sizeof(struct test_person),
                          .section_n = 2, .elem_bytes = {8, 1}},
    [TEST_KIND_ORDER] = {.name = "order", .version = 1, .head_bytes = sizeof(struct test_order),
                         .section_n = 1, .elem_bytes = {1}, .sparse = true},
    [TB_KIND_JOB] = {.name = "job", .version = 1, .head_bytes = sizeof(struct tb_job)},
};

static uint64_t person_key(uint32_t tenant, uint64_t number)
{
    uint64_t k = tb_mix(number * 1048576 + tenant + 1);
    return k ? k : 1;
}

static uint64_t find_person(const struct tb_txn *t, uint64_t number)
{
    uint64_t id = 0;
    (void)tb_map_find(t, TEST_MAP_PERSON, person_key(t->tenant, number), &id);
    return id;
}

void tb_core_init(struct tb_core *c, struct tb_mem mem, const struct tb_core_env *env)
{
    tb_store_init(&c->store, mem, shapes, TEST_KINDS);
    c->env = *env;
    c->store.fact_maps = 1u << TEST_MAP_KEY;
}

bool tb_op_reads(uint32_t op)
{
    return op == TEST_OP_GET;
}

void tb_core_ahead(struct tb_core *c, const struct tb_command *cmd, const struct tb_prefetch *carry)
{
    (void)c;
    (void)cmd;
    (void)carry;
}

void tb_core_prefetch(struct tb_core *c, const struct tb_command *cmd, uint32_t pass,
                      struct tb_prefetch *carry)
{
    const struct test_input *in = cmd->input;
    (void)carry;
    if (pass == 0 && cmd->op >= TEST_OP_ADD)
        tb_map_prefetch(&c->store.map[TEST_MAP_PERSON], person_key(cmd->tenant, in->person));
}

/* ---- apply ---------------------------------------------------------------------------------- */

void tb_test_apply_created(struct tb_txn *t, const struct tb_ev_created *ev)
{
    struct test_person *p = tb_block_head(tb_create(t, TEST_KIND_PERSON, ev->id));
    p->tenant = (uint32_t)ev->tenant;
    p->number = ev->number;
    tb_map_set(t, TEST_MAP_PERSON, person_key(p->tenant, ev->number), ev->id);
    tb_counter_used(t, TEST_COUNTER_PERSON, ev->id);
}

void tb_test_apply_added(struct tb_txn *t, const struct tb_ev_added *ev)
{
    struct tb_block *b = tb_write(t, TEST_KIND_PERSON, ev->id);
    struct test_person *p = tb_block_head(b);
    p->balance += ev->amount;
    p->additions++;
    p->last_seq = t->seq;
    if (ev->due_ms != 0)
        p->due_ms = (int64_t)ev->due_ms;
    if (b->n[0] >= 8)
        tb_cut(t, TEST_KIND_PERSON, ev->id, 0, 0, 1);
    (void)tb_push(t, TEST_KIND_PERSON, ev->id, 0, &ev->amount);
    b = tb_read(t, TEST_KIND_PERSON, ev->id);
    if (b->n[1] > 64)
        tb_cut(t, TEST_KIND_PERSON, ev->id, 1, 0, 32);
    (void)tb_push_bytes(t, TEST_KIND_PERSON, ev->id, 1, ev->note);
}

void tb_test_apply_fired(struct tb_txn *t, const struct tb_ev_fired *ev)
{
    struct test_person *p = tb_block_head(tb_write(t, TEST_KIND_PERSON, ev->id));
    p->balance += 1000;
    p->due_ms = (int64_t)ev->again_ms;
}

void tb_test_apply_booked(struct tb_txn *t, const struct tb_ev_booked *ev)
{
    struct test_order *o = tb_block_head(tb_create(t, TEST_KIND_ORDER, ev->order));
    o->tenant = t->tenant;
    o->person = ev->person;
    o->left = ev->amount;
    (void)tb_push_bytes(t, TEST_KIND_ORDER, ev->order, 0, ev->note);
    tb_counter_used(t, TEST_COUNTER_ORDER, ev->order);
    if (ev->mark != 0)
        tb_map_set(t, TEST_MAP_KEY, person_key(t->tenant, ev->mark), ev->order);
}

void tb_test_apply_taken(struct tb_txn *t, const struct tb_ev_taken *ev)
{
    struct test_order *o = tb_block_head(tb_write(t, TEST_KIND_ORDER, ev->order));
    o->left -= ev->amount;
    o->taken++;
}

void tb_test_apply_dropped(struct tb_txn *t, const struct tb_ev_dropped *ev)
{
    tb_drop(t, TEST_KIND_ORDER, ev->order);
}

void tb_test_apply_job_moved(struct tb_txn *t, const struct tb_ev_job_moved *ev)
{
    if (ev->ended) {
        tb_drop(t, TB_KIND_JOB, ev->job);
        return;
    }
    struct tb_block *b = tb_read(t, TB_KIND_JOB, ev->job);
    b = b ? tb_write(t, TB_KIND_JOB, ev->job) : tb_create(t, TB_KIND_JOB, ev->job);
    struct tb_job *j = tb_block_head(b);
    j->tenant = t->tenant;
    j->cursor = ev->cursor;
    j->last = ev->last;
    tb_counter_used(t, TEST_COUNTER_JOB, ev->job);
}

/* ---- decide --------------------------------------------------------------------------------- */

static enum tb_outcome refuse(struct tb_answer *a, enum tb_code code, const char *field)
{
    a->code = code;
    strcpy(a->field, field);
    return TB_REFUSED;
}

static enum tb_outcome add(struct tb_txn *t, const struct test_input *in, struct tb_answer *a)
{
    uint64_t id = find_person(t, in->person);
    if (id == 0) {
        id = tb_counter_next(t, TEST_COUNTER_PERSON);
        struct tb_ev_created ev = {.id = id, .tenant = t->tenant, .number = in->person};
        tb_emit_created(t, &ev);
    }
    t->member = (uint32_t)id;
    struct test_person *p = tb_block_head(tb_read(t, TEST_KIND_PERSON, id));
    t->member_prev_seq = p->last_seq;
    /* Two steps, so that a refusal has something to undo. */
    struct tb_ev_added first = {.id = id, .amount = in->amount / 2, .due_ms = (uint64_t)in->due_ms,
                                .note = in->note};
    tb_emit_added(t, &first);
    struct tb_ev_added second = {.id = id, .amount = in->amount - in->amount / 2};
    tb_emit_added(t, &second);
    p = tb_block_head(tb_read(t, TEST_KIND_PERSON, id));
    if (p->balance < 0)
        return refuse(a, TB_CODE_INSUFFICIENT, "amount");
    tb_wire_put_uint(&a->body, 1, (uint64_t)p->balance);
    return TB_DONE;
}

static enum tb_outcome get(struct tb_txn *t, const struct test_input *in, struct tb_answer *a)
{
    uint64_t id = find_person(t, in->person);
    if (id == 0)
        return refuse(a, TB_CODE_NOT_FOUND, "person");
    const struct test_person *p = tb_block_head(tb_read(t, TEST_KIND_PERSON, id));
    tb_wire_put_uint(&a->body, 1, (uint64_t)p->balance);
    tb_wire_put_uint(&a->body, 2, p->additions);
    return TB_DONE;
}

static enum tb_outcome book(struct tb_txn *t, const struct test_input *in, struct tb_answer *a)
{
    uint64_t known;
    if (in->order != 0 && tb_map_find(t, TEST_MAP_KEY, person_key(t->tenant, in->order), &known))
        return refuse(a, TB_CODE_ORDER_EXISTS, "order");
    struct tb_ev_booked ev = {.order = tb_counter_next(t, TEST_COUNTER_ORDER),
                              .person = in->person,
                              .amount = in->amount,
                              .mark = in->order,
                              .note = in->note};
    tb_emit_booked(t, &ev);
    tb_wire_put_uint(&a->body, 1, ev.order);
    return TB_DONE;
}

static enum tb_outcome take(struct tb_txn *t, const struct test_input *in, struct tb_answer *a,
                            bool drop)
{
    if (in->order == 0 || in->order > t->store->counter[TEST_COUNTER_ORDER])
        return refuse(a, TB_CODE_UNKNOWN_ORDER, "order");
    /* Something before the cold row is met, to be undone. */
    uint64_t id = find_person(t, in->person);
    if (id != 0) {
        struct tb_ev_added ev = {.id = id, .amount = in->amount};
        tb_emit_added(t, &ev);
    }
    struct tb_block *b = tb_read(t, TEST_KIND_ORDER, in->order);
    if (b == NULL) {
        tb_txn_need(t, TEST_KIND_ORDER, in->order);
        return TB_NEED;
    }
    const struct test_order *o = tb_block_head(b);
    if (o->tenant != t->tenant)
        return refuse(a, TB_CODE_UNKNOWN_ORDER, "order");
    if (o->left < in->amount)
        return refuse(a, TB_CODE_RETURN_EXCEEDS, "amount");
    struct tb_ev_taken ev = {.order = in->order, .amount = in->amount};
    tb_emit_taken(t, &ev);
    o = tb_block_head(tb_read(t, TEST_KIND_ORDER, in->order));
    tb_wire_put_uint(&a->body, 1, (uint64_t)o->left);
    if (drop) {
        struct tb_ev_dropped gone = {.order = in->order};
        tb_emit_dropped(t, &gone);
    }
    return TB_DONE;
}

static enum tb_outcome fire(struct tb_txn *t, const struct tb_cmd_fire *in)
{
    struct tb_block *b = tb_read(t, in->kind, in->id);
    if (b == NULL || b->kind != TEST_KIND_PERSON)
        return TB_DONE;
    const struct test_person *p = tb_block_head(b);
    if (p->due_ms == 0 || p->due_ms > t->now_ms)
        return TB_DONE;
    struct tb_ev_fired ev = {.id = in->id};
    tb_emit_fired(t, &ev);
    return TB_DONE;
}

static enum tb_outcome job_step(struct tb_txn *t, uint64_t job)
{
    struct tb_block *b = tb_read(t, TB_KIND_JOB, job);
    if (b == NULL)
        return TB_DONE;
    const struct tb_job *j = tb_block_head(b);
    uint64_t at = j->cursor;
    uint64_t last = j->last;
    for (uint32_t i = 0; i < 10 && at < last; i++) {
        struct tb_block *person = tb_read(t, TEST_KIND_PERSON, ++at);
        if (person == NULL || ((struct test_person *)tb_block_head(person))->tenant != t->tenant)
            continue;
        struct tb_ev_added ev = {.id = at, .amount = 1};
        tb_emit_added(t, &ev);
    }
    struct tb_ev_job_moved ev = {.job = job, .cursor = at, .last = last, .ended = at >= last};
    tb_emit_job_moved(t, &ev);
    return TB_DONE;
}

enum tb_outcome tb_core_run(struct tb_core *c, struct tb_txn *t, const struct tb_command *cmd,
                            struct tb_answer *a)
{
    tb_assert(t->core == c);
    switch (cmd->op) {
    case TB_OP_FIRE:
        return fire(t, cmd->input);
    case TB_OP_JOB_STEP:
        return job_step(t, ((const struct tb_cmd_job_step *)cmd->input)->job);
    case TEST_OP_ADD:
        return add(t, cmd->input, a);
    case TEST_OP_GET:
        return get(t, cmd->input, a);
    case TEST_OP_BOOK:
        return book(t, cmd->input, a);
    case TEST_OP_TAKE:
        return take(t, cmd->input, a, false);
    case TEST_OP_DROP:
        return take(t, cmd->input, a, true);
    case TEST_OP_JOB: {
        struct tb_ev_job_moved ev = {.job = tb_counter_next(t, TEST_COUNTER_JOB),
                                     .last = t->store->counter[TEST_COUNTER_PERSON]};
        tb_emit_job_moved(t, &ev);
        return TB_DONE;
    }
    default:
        tb_assert(false);
    }
}

bool tb_core_replay(struct tb_core *c, struct tb_txn *t, uint32_t type, struct tb_str body)
{
    (void)c;
    return tb_event_apply(t, type, body, t->scratch);
}

bool tb_core_load(struct tb_core *c, enum tb_kind kind, uint64_t id, struct tb_str packed)
{
    struct tb_block *b = tb_block_unpack(&c->store.pool, &shapes[kind], (uint8_t)kind, id, packed);
    if (b == NULL)
        return false;
    tb_store_load(&c->store, b);
    if ((int)kind == TEST_KIND_PERSON) {
        const struct test_person *p = tb_block_head(b);
        tb_map_put(&c->store.map[TEST_MAP_PERSON], person_key(p->tenant, p->number), id);
    }
    return true;
}

void tb_core_loaded(struct tb_core *c)
{
    (void)c;
}

int64_t tb_core_due_ms(const struct tb_core *c, const struct tb_block *b)
{
    (void)c;
    if (b->kind != TEST_KIND_PERSON)
        return INT64_MAX;
    const struct test_person *p = tb_block_head_const(b);
    return p->due_ms ? p->due_ms : INT64_MAX;
}

/* ---- for the tests ------------------------------------------------------------------------- */

uint64_t test_answer(const struct tb_answer *a, uint32_t field)
{
    struct tb_str in = tb_buf_as_str(&a->body);
    struct tb_str s;
    uint32_t got;
    uint64_t v;
    bool bad = false;
    while (tb_wire_next(&in, &got, &v, &s, &bad))
        if (got == field)
            return v;
    return 0;
}

static const struct test_person *person_of(struct tb_core *c, uint32_t tenant, uint64_t person)
{
    uint64_t id;
    if (!tb_map_get(&c->store.map[TEST_MAP_PERSON], person_key(tenant, person), &id))
        return NULL;
    return tb_block_head_const(tb_store_get(&c->store, TEST_KIND_PERSON, id));
}

int64_t test_balance(struct tb_core *c, uint32_t tenant, uint64_t person)
{
    const struct test_person *p = person_of(c, tenant, person);
    return p ? p->balance : -1;
}

uint64_t test_additions(struct tb_core *c, uint32_t tenant, uint64_t person)
{
    const struct test_person *p = person_of(c, tenant, person);
    return p ? p->additions : 0;
}

void test_dump(struct tb_core *c, void (*line)(void *user, const void *bytes, size_t n), void *user)
{
    static uint8_t region[1 << 20];
    static const uint32_t kinds[] = {TEST_KIND_PERSON, TB_KIND_JOB};
    static const uint32_t counters[] = {TEST_COUNTER_PERSON, TEST_COUNTER_JOB};
    for (uint32_t k = 0; k < TB_COUNT_OF(kinds); k++)
        for (uint64_t id = 1; id <= c->store.counter[counters[k]]; id++) {
            struct tb_block *b = tb_store_get(&c->store, kinds[k], id);
            if (b == NULL)
                continue;
            struct tb_buf out;
            tb_buf_init(&out, region, sizeof region);
            tb_buf_put(&out, &kinds[k], sizeof kinds[k]);
            tb_buf_put(&out, &id, sizeof id);
            tb_block_pack(&shapes[kinds[k]], b, &out);
            line(user, out.p, out.n);
        }
    line(user, c->store.counter, sizeof c->store.counter);
}
