// SPDX-License-Identifier: Apache-2.0
#include "core_fixture.h"

#define SCRATCH_BYTES (16u << 20)
#define BODY_BYTES (1u << 20)

static const struct tb_zone shanghai = {.name = "Asia/Shanghai", .first_offset_ms = 28800000};

static const struct tb_zone *zone(void *user, struct tb_str name)
{
    (void)user;
    if (tb_str_eq_c(name, "Asia/Shanghai"))
        return &shanghai;
    return tb_str_eq_c(name, "UTC") ? &tb_zone_utc : NULL;
}

/* Not encryption: turns bytes over and adds what would authenticate them. */
static uint32_t seal(void *user, uint32_t tenant, uint32_t profile, uint32_t number,
                     struct tb_str plain, uint8_t *out)
{
    (void)user;
    for (uint32_t i = 0; i < plain.n; i++)
        out[i] = (uint8_t)(plain.p[i] ^ 0x5a);
    for (uint32_t i = 0; i < 16; i++)
        out[plain.n + i] = (uint8_t)(tenant + profile * 7 + number * 31 + i);
    return plain.n + 16;
}

/* Every region of a cell hangs on its list. */
struct region {
    struct region *next;
    struct region *prev;
    uint8_t pad[48];
};

static void *take(void *user, size_t size)
{
    struct region *list = user;
    size = (size + sizeof *list + 63) & ~(size_t)63;
    struct region *r = aligned_alloc(64, size);
    assert_non_null(r);
    memset(r, 0, size);
    r->next = list->next;
    r->prev = list;
    if (list->next != NULL)
        list->next->prev = r;
    list->next = r;
    return r + 1;
}

static void give(void *user, void *region, size_t size)
{
    (void)user;
    (void)size;
    struct region *r = (struct region *)region - 1;
    r->prev->next = r->next;
    if (r->next != NULL)
        r->next->prev = r->prev;
    free(r);
}

static void cell_free(struct tb_core *core, struct tb_txn *txn, struct tb_arena *scratch)
{
    struct region *list = core->store.pool.mem.user;
    while (list != NULL) {
        struct region *next = list->next;
        free(list);
        list = next;
    }
    free(scratch->base);
    free(txn->events.p);
}

static void cell_init(struct tb_core *core, struct tb_txn *txn, struct tb_arena *scratch)
{
    struct tb_core_env env = {.hash_key = {1, 2}, .zone = zone, .seal = seal};
    tb_core_init(core, (struct tb_mem){calloc(1, sizeof(struct region)), take, give}, &env);
    tb_arena_init(scratch, malloc(SCRATCH_BYTES), SCRATCH_BYTES);
    tb_txn_init(txn, &core->store, scratch, malloc(TB_ENTRY_BYTES_MAX));
    txn->env = &core->env;
    txn->core = core;
}

struct tb_cmd_tenant_put fx_tenant(void)
{
    return (struct tb_cmd_tenant_put){.put = {.code = S("shop")},
                                      .name = S("Shop"),
                                      .zone = S("Asia/Shanghai"),
                                      .currency = S("CNY"),
                                      .switches = TB_TENANT_PROBES | TB_TENANT_FACES,
                                      .regular_orders = 3};
}

static struct fx *make(bool mirrored)
{
    struct fx *f = calloc(1, sizeof *f);
    cell_init(&f->core, &f->txn, &f->scratch);
    f->mirrored = mirrored;
    if (mirrored)
        cell_init(&f->mirror, &f->mirror_txn, &f->mirror_scratch);
    tb_buf_init(&f->a.body, malloc(BODY_BYTES), BODY_BYTES);
    f->now_ms = FX_NOW;
    struct tb_cmd_tenant_put put = fx_tenant();
    fx_done(f, TB_OP_TENANT_PUT, &put);
    f->tenant = (uint32_t)fx_uint(f, 1, 0);
    return f;
}

struct fx *fx_new(void)
{
    return make(true);
}

struct fx *fx_bench(void)
{
    return make(false);
}

static void mirror(struct fx *f)
{
    static const uint8_t entropy[TB_ENTROPY_BYTES];
    struct tb_str list = tb_buf_as_str(&f->txn.events);
    tb_txn_begin(&f->mirror_txn, f->txn.tenant, f->now_ms, f->seq, entropy);
    uint32_t type;
    struct tb_str body;
    bool bad = false;
    while (tb_event_next(&list, &type, &body, &bad)) {
        assert_true(tb_core_replay(&f->mirror, &f->mirror_txn, type, body));
        f->event_n++;
        tb_arena_reset(&f->mirror_scratch);
    }
    assert_false(bad);
    assert_int_equal(f->txn.member, f->mirror_txn.member);
    assert_int_equal(f->txn.member_prev_seq, f->mirror_txn.member_prev_seq);
    tb_txn_commit(&f->mirror_txn);
    tb_store_batch_done(&f->mirror.store);
}

enum tb_outcome fx_run(struct fx *f, enum tb_op op, const void *input)
{
    static const uint8_t entropy[TB_ENTROPY_BYTES] = {1, 2, 3};
    struct tb_command cmd = {.op = op, .tenant = f->tenant, .actor = f->actor ? f->actor : 1, .input = input};
    f->seq++;
    tb_txn_begin(&f->txn, f->tenant, f->now_ms, f->seq, entropy);
    enum tb_outcome outcome = tb_core_run(&f->core, &f->txn, &cmd, &f->a);
    f->event_n = 0;
    f->event_bytes = f->txn.events.n;
    if (outcome == TB_DONE) {
        if (tb_op_reads(op))
            assert_int_equal(f->txn.events.n, 0);
        if (f->mirrored)
            mirror(f);
        tb_txn_commit(&f->txn);
        tb_store_batch_done(&f->core.store);
    } else {
        tb_txn_undo(&f->txn);
    }
    tb_arena_reset(&f->scratch);
    return outcome;
}

enum tb_code fx_step(struct fx *f, fx_step_fn step, void *user)
{
    static const uint8_t entropy[TB_ENTROPY_BYTES] = {1, 2, 3};
    f->seq++;
    tb_txn_begin(&f->txn, f->tenant, f->now_ms, f->seq, entropy);
    enum tb_code code = step(&f->txn, user);
    if (code == TB_CODE_OK) {
        if (f->mirrored)
            mirror(f);
        tb_txn_commit(&f->txn);
        tb_store_batch_done(&f->core.store);
    } else {
        tb_txn_undo(&f->txn);
    }
    tb_arena_reset(&f->scratch);
    return code;
}

void fx_done(struct fx *f, enum tb_op op, const void *input)
{
    enum tb_outcome outcome = fx_run(f, op, input);
    if (outcome != TB_DONE || f->a.code != TB_CODE_OK)
        fail_msg("%s answered %s %s", tb_op_name(op), tb_code_name(f->a.code), f->a.field);
}

void fx_refused(struct fx *f, enum tb_op op, const void *input, enum tb_code code,
                const char *field)
{
    enum tb_outcome outcome = fx_run(f, op, input);
    if (outcome != TB_REFUSED || f->a.code != code || strcmp(f->a.field, field) != 0)
        fail_msg("%s answered %d %s '%s', not %s '%s'", tb_op_name(op), outcome,
                 tb_code_name(f->a.code), f->a.field, tb_code_name(code), field);
}

/* ---- answers --------------------------------------------------------------------------- */

static bool body_field(struct fx *f, uint32_t field, uint32_t number, uint64_t *v, struct tb_str *s)
{
    struct tb_str in = tb_buf_as_str(&f->a.body);
    uint32_t at;
    bool bad = false;
    while (tb_wire_next(&in, &at, v, s, &bad))
        if (at == field && number-- == 0)
            return true;
    assert_false(bad);
    return false;
}

uint64_t fx_uint(struct fx *f, uint32_t field, uint32_t number)
{
    uint64_t v;
    struct tb_str s;
    return body_field(f, field, number, &v, &s) ? v : 0;
}

struct tb_str fx_bytes(struct fx *f, uint32_t field, uint32_t number)
{
    uint64_t v;
    struct tb_str s;
    return body_field(f, field, number, &v, &s) ? s : TB_STR_NONE;
}

/* ---- proving ----------------------------------------------------------------------------- */

struct tb_str fx_packed(struct tb_store *s, struct tb_block *b)
{
    const struct tb_shape *shape = &s->shape[b->kind];
    size_t size = tb_block_packed_size(shape, b);
    struct tb_buf out;
    tb_buf_init(&out, malloc(size), size);
    tb_block_pack(shape, b, &out);
    assert_false(out.overflowed);
    assert_int_equal(out.n, size);
    return tb_buf_as_str(&out);
}

static void same_block(struct tb_store *x, struct tb_store *y, uint32_t kind, uint64_t id)
{
    struct tb_block *a = tb_store_get(x, kind, id);
    struct tb_block *b = tb_store_get(y, kind, id);
    if ((a == NULL) != (b == NULL))
        fail_msg("%s %llu is on one side only", x->shape[kind].name, (unsigned long long)id);
    if (a == NULL)
        return;
    struct tb_str pa = fx_packed(x, a);
    struct tb_str pb = fx_packed(y, b);
    if (!tb_str_eq(pa, pb))
        fail_msg("%s %llu differs", x->shape[kind].name, (unsigned long long)id);
    free((void *)(uintptr_t)pa.p);
    free((void *)(uintptr_t)pb.p);
}

static uint64_t highest(const struct tb_store *s)
{
    uint64_t top = 64;
    for (uint32_t i = 0; i < TB_COUNTERS; i++)
        top = s->counter[i] > top ? s->counter[i] : top;
    return top;
}

static void same_store(struct tb_store *x, struct tb_store *y)
{
    uint64_t top = highest(x);
    for (uint32_t kind = 0; kind < TB_KINDS; kind++)
        for (uint64_t id = 1; x->shape[kind].name != NULL && id <= top; id++)
            same_block(x, y, kind, id);
    for (uint32_t i = 0; i < TB_MAPS; i++) {
        if (x->map[i].n != y->map[i].n)
            fail_msg("map %u has %llu and %llu entries", i, (unsigned long long)x->map[i].n,
                     (unsigned long long)y->map[i].n);
        uint64_t at = 0;
        uint64_t key;
        uint64_t value;
        uint64_t other;
        while (tb_map_next(&x->map[i], &at, &key, &value))
            if (!tb_map_get(&y->map[i], key, &other) || other != value)
                fail_msg("map %u differs", i);
    }
    for (uint64_t at = 1; at <= x->counter[TB_COUNTER_PROFILE]; at++)
        assert_int_equal(tb_store_column(x, TB_COLUMN_PROFILE_PERSON, at),
                         tb_store_column(y, TB_COLUMN_PROFILE_PERSON, at));
}

static void found(void *user, const char *sentence)
{
    (void)user;
    fprintf(stderr, "audit: %s\n", sentence);
}

static void load_all(struct tb_store *from, struct tb_core *to)
{
    uint64_t top = highest(from);
    for (uint32_t kind = 0; kind < TB_KINDS; kind++)
        for (uint64_t id = 1; from->shape[kind].name != NULL && id <= top; id++) {
            struct tb_block *b = tb_store_get(from, kind, id);
            if (b == NULL || from->shape[kind].sparse)
                continue;
            struct tb_str packed = fx_packed(from, b);
            assert_true(tb_core_load(to, (enum tb_kind)kind, id, packed));
            free((void *)(uintptr_t)packed.p);
        }
    tb_core_loaded(to);
}

/* Sparse blocks and the maps that lead to them are the engine's to load. */
static void same_loaded(struct tb_store *x, struct tb_store *y)
{
    uint64_t top = highest(x);
    for (uint32_t kind = 0; kind < TB_KINDS; kind++)
        for (uint64_t id = 1; x->shape[kind].name != NULL && id <= top; id++)
            if (!x->shape[kind].sparse)
                same_block(x, y, kind, id);
    static const uint8_t maps[] = {TB_MAP_IDENTIFIER, TB_MAP_DEVICE, TB_MAP_CODE};
    for (uint32_t i = 0; i < TB_COUNT_OF(maps); i++) {
        uint64_t at = 0;
        uint64_t key;
        uint64_t value;
        uint64_t other;
        assert_int_equal(x->map[maps[i]].n, y->map[maps[i]].n);
        while (tb_map_next(&x->map[maps[i]], &at, &key, &value))
            assert_true(tb_map_get(&y->map[maps[i]], key, &other) && other == value);
    }
    assert_int_equal(x->counter[TB_COUNTER_PERSON] >= y->counter[TB_COUNTER_PERSON], 1);
    assert_int_equal(x->counter[TB_COUNTER_PROFILE], y->counter[TB_COUNTER_PROFILE]);
}

void fx_prove(struct fx *f)
{
    if (!f->mirrored)
        return;
    same_store(&f->core.store, &f->mirror.store);
    same_store(&f->mirror.store, &f->core.store);
    struct tb_core loaded;
    struct tb_txn txn;
    struct tb_arena scratch;
    cell_init(&loaded, &txn, &scratch);
    load_all(&f->core.store, &loaded);
    same_loaded(&f->core.store, &loaded.store);
    cell_free(&loaded, &txn, &scratch);
    assert_int_equal(tb_core_check(&f->core, found, NULL), 0);
}

void fx_free(struct fx *f)
{
    fx_prove(f);
    free(f->a.body.p);
    cell_free(&f->core, &f->txn, &f->scratch);
    if (f->mirrored)
        cell_free(&f->mirror, &f->mirror_txn, &f->mirror_scratch);
    free(f);
}

/* ---- short cuts ----------------------------------------------------------------------------- */

uint32_t fx_code(struct fx *f, enum tb_kind kind, const char *code)
{
    f->txn.tenant = f->tenant;
    uint32_t id = tb_find_code(&f->txn, kind, tb_str_of(code));
    assert_int_not_equal(id, 0);
    return id;
}

struct tb_identifier fx_id(struct fx *f, const char *ns, const char *value, bool verified)
{
    static const struct tb_hash_key left = {3, 4};
    static const struct tb_hash_key right = {5, 6};
    struct tb_str plain = tb_str_of(value);
    return (struct tb_identifier){.ns = fx_code(f, TB_KIND_NAMESPACE, ns),
                                  .verified = verified,
                                  .key = {tb_siphash(&left, plain.p, plain.n),
                                          tb_siphash(&right, plain.p, plain.n)},
                                  .plain = plain};
}

void fx_namespace(struct fx *f, const char *code, enum tb_namespace_class class_no,
                  int64_t priority, int64_t limit, int64_t window_days, int64_t gap_days)
{
    uint32_t id = fx_code(f, TB_KIND_NAMESPACE, code);
    const struct tb_namespace *old = tb_block_head(tb_store_get(&f->core.store, TB_KIND_NAMESPACE, id));
    struct tb_cmd_namespace_put put = {.put = {.code = tb_str_of(code)},
                                       .class_no = class_no,
                                       .scope = old->scope,
                                       .priority = priority,
                                       .limit = limit,
                                       .window_days = window_days,
                                       .tenure_gap_days = gap_days,
                                       .normaliser = old->normaliser,
                                       .hashed_only = old->hashed_only,
                                       .retention_days = old->retention_days};
    fx_done(f, TB_OP_NAMESPACE_PUT, &put);
}

uint32_t fx_contact(struct fx *f, const struct tb_identifier *ids, uint32_t n, int64_t at_ms)
{
    struct tb_cmd_contact in = {.identifier = ids, .identifier_n = n,
                                .facts = {.occurred_ms = at_ms}};
    fx_done(f, TB_OP_CONTACT, &in);
    return (uint32_t)fx_uint(f, 2, 0);
}

uint32_t fx_person_no(struct fx *f, uint64_t profile)
{
    return tb_store_column(&f->core.store, TB_COLUMN_PROFILE_PERSON, profile);
}

struct tb_block *fx_person(struct fx *f, uint64_t profile)
{
    uint32_t person = fx_person_no(f, profile);
    assert_int_not_equal(person, 0);
    return tb_store_get(&f->core.store, TB_KIND_PERSON, person);
}

int64_t fx_count(struct fx *f, enum tb_tenant_count count)
{
    const struct tb_tenant *tenant =
        tb_block_head(tb_store_get(&f->core.store, TB_KIND_TENANT, f->tenant));
    return tenant->counts[count];
}

/* Tests end with the process: what they keep to compare is not given back piece by piece. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:fx_packed\nleak:section_bytes\nleak:fx_\nleak:test_\n";
}
