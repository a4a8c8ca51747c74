// SPDX-License-Identifier: Apache-2.0
#include "cell_int.h"

#define HASH(x) tb_mix((x) + 1)

/* ---- running ----------------------------------------------------------------------------- */

void cell_trouble(struct cell *c, const char *what)
{
    if (c->trouble[0] == 0)
        snprintf(c->trouble, sizeof c->trouble, "%s", what);
}

static void keep_events(struct cell *c)
{
    if (c->log_n == c->log_cap) {
        c->log_cap = c->log_cap ? c->log_cap * 2 : 1024;
        c->log = realloc(c->log, c->log_cap * sizeof *c->log);
        tb_assert(c->log != NULL);
    }
    uint32_t n = (uint32_t)c->live.txn.events.n;
    struct entry e = {c->seq, c->now_ms, c->tenant, n, malloc(n + 1)};
    tb_assert(e.p != NULL);
    memcpy(e.p, c->live.txn.events.p, n);
    c->log[c->log_n++] = e;
}

bool cell_thaw(struct cell *c, uint32_t kind, uint64_t id)
{
    for (uint32_t i = 0; i < c->cold_n; i++)
        if (c->cold[i].kind == kind && c->cold[i].id == id) {
            struct cold *o = &c->cold[i];
            bool good = tb_core_load(&c->live.core, (enum tb_kind)kind, id,
                                     (struct tb_str){o->p, o->n});
            free(o->p);
            *o = c->cold[--c->cold_n];
            return good;
        }
    return false;
}

static enum tb_outcome once(struct cell *c, enum tb_op op, const void *input)
{
    static const uint8_t entropy[TB_ENTROPY_BYTES] = {1, 2, 3};
    struct tb_command cmd = {.op = op, .tenant = c->tenant, .actor = 1, .input = input};
    c->a.code = TB_CODE_OK;
    c->a.field[0] = 0;
    c->a.body.n = 0;
    tb_txn_begin(&c->live.txn, c->tenant, c->now_ms, c->seq, entropy);
    enum tb_outcome outcome = tb_core_run(&c->live.core, &c->live.txn, &cmd, &c->a);
    if (outcome == TB_DONE) {
        keep_events(c);
        tb_txn_commit(&c->live.txn);
        tb_store_batch_done(&c->live.core.store);
    } else {
        tb_txn_undo(&c->live.txn);
    }
    tb_arena_reset(&c->live.scratch);
    return outcome;
}

enum tb_code cell_command(struct cell *c, enum tb_op op, const void *input)
{
    c->seq++;
    enum tb_outcome outcome;
    for (uint32_t tries = 0; (outcome = once(c, op, input)) == TB_NEED; tries++) {
        if (tries == 8 || c->live.txn.need_n == 0)
            cell_trouble(c, "NEED for ever");
        for (uint32_t i = 0; i < c->live.txn.need_n; i++)
            if (!cell_thaw(c, c->live.txn.need[i].kind, c->live.txn.need[i].id))
                cell_trouble(c, "NEED of a row that does not exist");
        c->loads++;
        if (c->trouble[0])
            return TB_CODE_COUNT;
    }
    return c->a.code;
}

void cell_must(struct cell *c, enum tb_op op, const void *input)
{
    if (cell_command(c, op, input) != TB_CODE_OK) {
        fprintf(stderr, "set-up: %s %s %s\n", tb_op_name(op), tb_code_name(c->a.code), c->a.field);
        abort();
    }
}

bool cell_field(const struct tb_buf *body, uint32_t wanted, uint64_t *v, struct tb_str *s)
{
    struct tb_str in = tb_buf_as_str(body);
    uint32_t at;
    bool bad = false;
    while (tb_wire_next(&in, &at, v, s, &bad))
        if (at == wanted)
            return true;
    return false;
}

static int64_t zigzag(uint64_t v)
{
    return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

/* ---- looking -------------------------------------------------------------------------------- */

static struct tb_identifier identifier(const struct cell *c, struct step_id id)
{
    return (struct tb_identifier){.ns = c->ns[id.ns],
                                  .verified = id.verified,
                                  .key = {HASH(id.value * 16u + id.ns), id.value}};
}

uint32_t cell_profile(struct cell *c, struct step_id id)
{
    struct tb_identifier i = identifier(c, id);
    struct tb_who who = {.identifier = i};
    struct tb_answer a = {.code = TB_CODE_OK};
    uint32_t profile = 0;
    c->live.txn.tenant = c->tenant;
    return tb_identity_who(&c->live.txn, &who, &profile, &a) ? profile : 0;
}

struct tb_block *cell_block(struct cell *c, enum tb_kind kind, uint64_t id)
{
    return tb_store_get(&c->live.core.store, kind, id);
}

int64_t cell_due(struct cell *c)
{
    int64_t due = INT64_MAX;
    for (uint64_t id = 1; id <= c->live.core.store.counter[TB_COUNTER_PERSON]; id++) {
        struct tb_block *b = cell_block(c, TB_KIND_PERSON, id);
        int64_t at = b ? tb_core_due_ms(&c->live.core, b) : INT64_MAX;
        due = at < due ? at : due;
    }
    return due;
}

static void order_key(uint32_t key, char out[16])
{
    snprintf(out, 16, "o%u", key);
}

struct tb_block *cell_order(struct cell *c, uint32_t key)
{
    char text[16];
    order_key(key, text);
    c->live.txn.tenant = c->tenant;
    uint64_t id = 0;
    if (!tb_map_find(&c->live.txn, TB_MAP_ORDER,
                     tb_key_text(&c->live.txn, c->tenant, TB_MAP_ORDER, tb_str_of(text)), &id))
        return NULL;
    if (cell_block(c, TB_KIND_ORDER, id) == NULL)
        (void)cell_thaw(c, TB_KIND_ORDER, id);
    return cell_block(c, TB_KIND_ORDER, id);
}

/* ---- steps -------------------------------------------------------------------------------------- */

static void read_plain(struct cell *c, struct reply *r, uint32_t zigzags)
{
    struct tb_str in = tb_buf_as_str(&c->a.body);
    uint32_t at;
    uint64_t v;
    struct tb_str s;
    bool bad = false;
    while (tb_wire_next(&in, &at, &v, &s, &bad))
        if (at < REPLY_FIELDS && s.p == NULL)
            r->v[at] = zigzags >> at & 1 ? zigzag(v) : (int64_t)v;
}

static void read_unit(struct cell *c, struct reply *r, struct tb_str in, bool order)
{
    uint32_t at;
    uint64_t v;
    struct tb_str s;
    bool bad = false;
    uint32_t unit = UNITS;
    while (tb_wire_next(&in, &at, &v, &s, &bad)) {
        for (uint32_t i = 0; at == 1 && i < UNITS; i++)
            if (c->unit[i] == v)
                unit = i;
        if (unit == UNITS)
            continue;
        if (at == 2 || (at == 4 && !order)) /* one entry for each rule */
            r->unit[unit][at] += (int64_t)v;
        else if (at == 3 || at == 4)
            r->unit[unit][at] = at == 3 ? zigzag(v) : (int64_t)v;
    }
}

static void read_units(struct cell *c, struct reply *r, bool order)
{
    struct tb_str in = tb_buf_as_str(&c->a.body);
    uint32_t at;
    uint64_t v;
    struct tb_str s;
    bool bad = false;
    while (tb_wire_next(&in, &at, &v, &s, &bad)) {
        if (at == 4)
            read_unit(c, r, s, order);
        else if (at < REPLY_FIELDS)
            r->v[at] = at == 8 ? zigzag(v) : (int64_t)v;
    }
}

static uint64_t facts_hash(const struct step *s)
{
    uint64_t h = HASH((uint64_t)s->op * 977 + s->id_n);
    for (uint32_t i = 0; i < s->id_n; i++)
        h = HASH(h ^ (s->id[i].ns * 65536u + s->id[i].value));
    for (uint32_t i = 0; i < s->line_n; i++)
        h = HASH(h ^ HASH((uint64_t)s->line[i].net) ^ (uint64_t)s->line[i].quantity << 20 ^
                 s->line[i].sku << 4 ^ s->line[i].line);
    return HASH(h ^ (uint64_t)s->occurred_ms);
}

static void run_order(struct cell *c, const struct step *s, struct reply *r)
{
    char key[16], receipt[32], sku[STEP_LINES][16];
    struct tb_identifier ids[STEP_IDS];
    struct tb_order_line_input line[STEP_LINES];
    memset(line, 0, sizeof line);
    order_key(s->key, key);
    snprintf(receipt, sizeof receipt, "S1/1/%u", s->key2);
    for (uint32_t i = 0; i < s->id_n; i++)
        ids[i] = identifier(c, s->id[i]);
    for (uint32_t i = 0; i < s->line_n; i++) {
        snprintf(sku[i], sizeof sku[i], "sku%u", s->line[i].sku);
        line[i] = (struct tb_order_line_input){tb_str_of(sku[i]), s->line[i].quantity,
                                               s->line[i].net, 0};
    }
    struct tb_cmd_order in = {.key = tb_str_of(key),
                              .receipt = s->key2 ? tb_str_of(receipt) : TB_STR_NONE,
                              .store = TB_STR("S1"),
                              .till = TB_STR("1"),
                              .identifier = ids,
                              .identifier_n = s->id_n,
                              .occurred_ms = s->occurred_ms,
                              .line = line,
                              .line_n = s->line_n,
                              .input_hash = facts_hash(s)};
    r->code = cell_command(c, TB_OP_ORDER, &in);
    if (r->code == TB_CODE_OK)
        read_units(c, r, true);
}

static void run_return(struct cell *c, const struct step *s, struct reply *r)
{
    char key[16], back[16];
    order_key(s->key, key);
    snprintf(back, sizeof back, "r%u", s->key2);
    struct tb_return_line_input line[STEP_LINES];
    memset(line, 0, sizeof line);
    for (uint32_t i = 0; i < s->line_n; i++)
        line[i] = (struct tb_return_line_input){.line = s->line[i].line,
                                                .quantity = s->line[i].quantity,
                                                .net = s->line[i].net};
    struct tb_cmd_return in = {.order = tb_str_of(key),
                               .key = tb_str_of(back),
                               .line = line,
                               .line_n = s->line_n,
                               .occurred_ms = s->occurred_ms,
                               .input_hash = facts_hash(s)};
    struct tb_cmd_order_cancel cancel = {.order = tb_str_of(key), .input_hash = 5};
    r->code = s->op == STEP_RETURN ? cell_command(c, TB_OP_RETURN, &in) : cell_command(c, TB_OP_ORDER_CANCEL, &cancel);
    if (r->code == TB_CODE_OK)
        read_units(c, r, false);
}

static void run_contact(struct cell *c, const struct step *s, struct reply *r)
{
    struct tb_identifier ids[STEP_IDS];
    for (uint32_t i = 0; i < s->id_n; i++)
        ids[i] = identifier(c, s->id[i]);
    struct tb_cmd_contact in = {.identifier = ids, .identifier_n = s->id_n,
                                .facts = {.occurred_ms = s->occurred_ms, .touchpoint = c->till}};
    r->code = cell_command(c, TB_OP_CONTACT, &in);
    if (r->code == TB_CODE_OK)
        read_plain(c, r, 0);
}

static struct tb_who who(const struct cell *c, struct step_id id)
{
    return (struct tb_who){.identifier = identifier(c, id)};
}

#define NOTHING_MADE (UINT64_C(1) << 40)
#define A_HOLD (UINT64_C(1) << 63) /* else a transfer */

static uint64_t made(const struct cell *c, uint32_t ref, bool hold)
{
    uint64_t no = ref < c->made_n ? c->made[ref] : 0;
    return no != 0 && (no >= A_HOLD) == hold ? no & ~A_HOLD : NOTHING_MADE;
}

static void run_value(struct cell *c, const struct step *s, struct reply *r)
{
    struct tb_str unit = tb_str_of(s->unit < UNITS ? cell_unit_code[s->unit] : "nothing");
    struct tb_str reason = TB_STR("because");
    struct tb_cmd_adjust adjust = {who(c, s->id[0]), unit, s->amount, reason};
    struct tb_cmd_hold hold = {who(c, s->id[0]), unit, s->amount, (int64_t)s->kind * TB_MINUTE_MS};
    struct tb_cmd_hold_post post = {made(c, s->ref, true), s->amount, s->kind == 1, reason};
    struct tb_cmd_hold_void undo = {made(c, s->ref, true)};
    struct tb_cmd_transfer transfer = {who(c, s->id[0]), who(c, s->id[1]), unit, s->amount, reason};
    struct tb_cmd_reverse reverse = {made(c, s->ref, false), s->amount, reason};
    struct tb_cmd_release release = {who(c, s->id[0]), unit};
    switch ((uint32_t)s->op) {
    case STEP_ADJUST:
        r->code = cell_command(c, TB_OP_ADJUST, &adjust);
        read_plain(c, r, 1 << 2 | 1 << 3);
        break;
    case STEP_HOLD:
        r->code = cell_command(c, TB_OP_HOLD, &hold);
        read_plain(c, r, 1 << 2 | 1 << 3);
        break;
    case STEP_POST:
        r->code = cell_command(c, TB_OP_HOLD_POST, &post);
        read_plain(c, r, 1 << 2 | 1 << 3 | 1 << 4);
        break;
    case STEP_VOID:
        r->code = cell_command(c, TB_OP_HOLD_VOID, &undo);
        read_plain(c, r, 1 << 2 | 1 << 3);
        break;
    case STEP_TRANSFER:
        r->code = cell_command(c, TB_OP_TRANSFER, &transfer);
        read_plain(c, r, 1 << 2 | 1 << 3 | 1 << 6);
        break;
    case STEP_REVERSE:
        r->code = cell_command(c, TB_OP_REVERSE, &reverse);
        read_plain(c, r, 1 << 2 | 1 << 3);
        break;
    default:
        r->code = cell_command(c, TB_OP_RELEASE, &release);
        read_plain(c, r, 1 << 2 | 1 << 3);
        break;
    }
    if (r->code == TB_CODE_OK && s->op != STEP_VOID && s->op != STEP_RELEASE && s->no < c->made_n)
        c->made[s->no] = (uint64_t)r->v[1] | (s->op == STEP_HOLD ? A_HOLD : 0);
}

static void run_person(struct cell *c, const struct step *s, struct reply *r)
{
    uint64_t profile[STEP_IDS];
    for (uint32_t i = 0; i < s->id_n; i++)
        profile[i] = cell_profile(c, s->id[i]);
    struct tb_cmd_enrol enrol = {who(c, s->id[0]), c->till, 1, 0, s->occurred_ms};
    struct tb_cmd_unmerge unmerge = {who(c, s->id[0]), profile + 1, s->id_n - 1, TB_STR("because")};
    struct tb_cmd_link link = {profile[0], profile[1], s->kind, TB_STR("because")};
    struct tb_cmd_erase erase = {who(c, s->id[0]), TB_STR("because")};
    r->code = s->op == STEP_ENROL     ? cell_command(c, TB_OP_ENROL, &enrol)
              : s->op == STEP_UNMERGE ? cell_command(c, TB_OP_UNMERGE, &unmerge)
              : s->op == STEP_LINK    ? cell_command(c, TB_OP_LINK, &link)
                                      : cell_command(c, TB_OP_ERASE, &erase);
    read_plain(c, r, 0);
}

static void evict(struct cell *c)
{
    struct tb_store *s = &c->live.core.store;
    static const struct {
        enum tb_kind kind;
        enum tb_counter counter;
    } sparse[] = {{TB_KIND_ORDER, TB_COUNTER_ORDER}, {TB_KIND_TRANSFER, TB_COUNTER_TRANSFER}};
    for (uint32_t k = 0; k < 2; k++)
        for (uint64_t id = 1; id <= s->counter[sparse[k].counter]; id++) {
            struct tb_block *b = tb_store_get(s, sparse[k].kind, id);
            if (b == NULL)
                continue;
            const struct tb_shape *shape = &s->shape[sparse[k].kind];
            size_t size = tb_block_packed_size(shape, b);
            struct cold o = {(uint8_t)sparse[k].kind, id, (uint32_t)size, malloc(size)};
            struct tb_buf out;
            tb_buf_init(&out, o.p, size);
            tb_block_pack(shape, b, &out);
            if (c->cold_n == c->cold_cap) {
                c->cold_cap = c->cold_cap ? c->cold_cap * 2 : 256;
                c->cold = realloc(c->cold, c->cold_cap * sizeof *c->cold);
                tb_assert(c->cold != NULL);
            }
            c->cold[c->cold_n++] = o;
            tb_store_evict(s, sparse[k].kind, id);
        }
}

/* What the due-queue does: fires what is due, also what becomes due by that. */
static void fire(struct cell *c)
{
    for (uint32_t round = 0; round < 50; round++) {
        bool idle = true;
        for (uint64_t id = 1; id <= c->live.core.store.counter[TB_COUNTER_PERSON]; id++) {
            struct tb_block *b = cell_block(c, TB_KIND_PERSON, id);
            if (b == NULL || tb_core_due_ms(&c->live.core, b) > c->now_ms)
                continue;
            idle = false;
            struct tb_cmd_fire in = {TB_KIND_PERSON, id};
            if (cell_command(c, TB_OP_FIRE, &in) != TB_CODE_OK)
                cell_trouble(c, "FIRE was refused");
        }
        if (idle)
            return;
    }
    cell_trouble(c, "what is due stays due after FIRE");
}

/* By which rules a due thing is done is asked when it is done: the engine's due-queue is up to
 * date before they change. Whatever else a command changes needs no sweep before it.        */
static bool needs_sweep(enum step_op op)
{
    return op == STEP_UNIT || op == STEP_SCHEME;
}

void cell_run(struct cell *c, const struct step *s, struct reply *r)
{
    memset(r, 0, sizeof *r);
    c->now_ms = s->now_ms;
    if (needs_sweep(s->op))
        fire(c);
    switch (s->op) {
    case STEP_CONTACT:
        run_contact(c, s, r);
        break;
    case STEP_ORDER:
        run_order(c, s, r);
        break;
    case STEP_RETURN:
    case STEP_CANCEL:
        run_return(c, s, r);
        break;
    case STEP_UNMERGE:
    case STEP_LINK:
    case STEP_ERASE:
    case STEP_ENROL:
        run_person(c, s, r);
        break;
    case STEP_UNIT:
        cell_put_unit(c, s->unit, (uint32_t)s->amount);
        break;
    case STEP_RULE:
        cell_put_rule(c, s->unit, (uint32_t)s->amount);
        break;
    case STEP_SCHEME:
        cell_put_scheme(c, (uint32_t)s->amount);
        break;
    case STEP_FIRE:
        fire(c);
        break;
    case STEP_EVICT:
        evict(c);
        break;
    case STEP_ADJUST:
    case STEP_HOLD:
    case STEP_POST:
    case STEP_VOID:
    case STEP_TRANSFER:
    case STEP_REVERSE:
    case STEP_RELEASE:
    case STEPS:
    default:
        run_value(c, s, r);
        break;
    }
    if (r->code != TB_CODE_OK)
        memset(r->v, 0, sizeof r->v);
}
