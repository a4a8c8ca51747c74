// SPDX-License-Identifier: Apache-2.0
/* core/code/batch.c - batches, and what is done to ranges of them: binding and moving. */
#include "core/catalog/put.h"
#include "core/code/code_int.h"

/* ---- batches ------------------------------------------------------------------------------- */

static void check_batch(struct tb_put_run *p, const struct tb_cmd_code_batch_put *in)
{
    const struct tb_code_batch *old = tb_put_old(p);
    tb_check_text(p, "name", in->name, 0, TB_NAME_MAX);
    tb_check_range(p, "scene", in->scene, 0, TB_CODE_SCENES - 1);
    tb_check(p, old == NULL || old->scene == in->scene, "scene");
    tb_check_range(p, "level", in->level, 0, TB_CODE_LEVELS_MAX - 1);
    tb_check(p, old == NULL || old->level == in->level, "level");
    tb_check_range(p, "count", in->count, 1, TB_CODE_SERIALS_MAX);
    tb_check(p, old == NULL || (uint64_t)in->count >= old->count, "count");
    tb_check_range(p, "divert_scans", in->divert_scans, 0, 1000000);
    tb_check_range(p, "divert_persons", in->divert_persons, in->divert_scans ? 1 : 0,
                   TB_CODE_OUTSIDE_PERSONS);
    tb_check_range(p, "divert_days", in->divert_days, in->divert_scans ? 1 : 0, 366);
}

enum tb_outcome tb_code_batch_put(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_code_batch_put *in = cmd->input;
    struct tb_put_run p = tb_put_begin(t, a, TB_KIND_CODE_BATCH, t->tenant, &in->put);
    check_batch(&p, in);
    struct tb_ev_code_batch_put ev = {.code = in->put.code,
                                      .name = in->name,
                                      .scene = (uint64_t)in->scene,
                                      .level = (uint64_t)in->level,
                                      .count = (uint64_t)in->count,
                                      .divert_scans = (uint64_t)in->divert_scans,
                                      .divert_persons = (uint64_t)in->divert_persons,
                                      .divert_days = (uint64_t)in->divert_days};
    TB_PUT_EMIT(&p, code_batch_put, &ev);
    return tb_put_end(&p);
}

void tb_code_apply_code_batch_put(struct tb_txn *t, const struct tb_ev_code_batch_put *ev)
{
    const enum tb_kind kind = TB_KIND_CODE_BATCH;
    struct tb_config c = tb_config_fold(t, &(struct tb_config_fold){.kind = kind,
                                                                   .id = ev->id,
                                                                   .tenant = ev->tenant,
                                                                   .version = ev->version,
                                                                   .content = ev->content,
                                                                   .code = ev->code});
    c.name = tb_config_add_text(t, kind, ev->id, ev->name);
    struct tb_code_batch *head = tb_block_head(tb_write(t, kind, ev->id));
    uint64_t before = head->count;
    head->c = c;
    head->scene = (uint8_t)ev->scene;
    head->level = (uint8_t)ev->level;
    head->count = ev->count;
    head->divert_scans = (uint32_t)ev->divert_scans;
    head->divert_persons = (uint16_t)ev->divert_persons;
    head->divert_days = (uint32_t)ev->divert_days;
    if (head->created_ms == 0)
        head->created_ms = t->now_ms;
    if (before == 0 || ev->count == before || head->root == 0)
        return;
    struct tb_code_change blank = {.batch = (uint32_t)ev->id,
                                   .from = before, /* the last run would grow into them */
                                   .until = ev->count,
                                   .what = TB_CODE_SET_BINDING | TB_CODE_SET_PACKAGE |
                                           TB_CODE_SET_STATE | TB_CODE_CUT_MARKS,
                                   .to = {.marks = UINT8_MAX}};
    tb_code_runs_change(t, &blank);
}

/* ---- binding -------------------------------------------------------------------------------- */

/* The texts of a binding as one key: equal bindings have equal bytes. */
static struct tb_str binding_bytes(struct tb_txn *t, const struct tb_code_binding *b,
                                   const struct tb_cmd_codes_bind *in)
{
    size_t size = sizeof(uint32_t) * 5 + in->region.n + in->campaign.n + in->lot.n;
    uint8_t *p = tb_arena_alloc(t->scratch, size);
    tb_assert(p != NULL);
    uint32_t head[5] = {b->product, b->store, b->associate, in->region.n, in->campaign.n};
    struct tb_buf out;
    tb_buf_init(&out, p, size);
    tb_buf_put(&out, head, sizeof head);
    tb_buf_str(&out, in->region);
    tb_buf_str(&out, in->campaign);
    tb_buf_str(&out, in->lot);
    return tb_buf_as_str(&out);
}

static uint32_t binding_like(const struct tb_txn *t, struct tb_str bytes)
{
    uint64_t id;
    if (!tb_map_find(t, TB_MAP_CODE, tb_key_code(t, t->tenant, TB_KIND_CODE_BINDING, bytes), &id))
        return 0;
    struct tb_block *b = tb_read(t, TB_KIND_CODE_BINDING, id);
    tb_assert(b != NULL);
    struct tb_str theirs = {tb_section(t, b, TB_CODE_BINDING_BYTES), b->n[TB_CODE_BINDING_BYTES]};
    return tb_str_eq(theirs, bytes) ? (uint32_t)id : 0;
}

static bool text_fits(struct tb_str s, uint32_t max)
{
    return s.n <= max && tb_utf8_valid(s) && (s.n == 0 || memchr(s.p, 0, s.n) == NULL);
}

static enum tb_outcome read_binding(struct tb_txn *t, const struct tb_cmd_codes_bind *in,
                                    struct tb_code_binding *b, struct tb_answer *a)
{
    b->product = in->product.n ? tb_find_code(t, TB_KIND_PRODUCT, in->product) : 0;
    if (in->product.n && b->product == 0)
        return tb_refuse(a, TB_CODE_UNKNOWN_PRODUCT, "product");
    b->store = in->store.n ? tb_find_code(t, TB_KIND_STORE, in->store) : 0;
    if (in->store.n && b->store == 0)
        return tb_refuse(a, TB_CODE_UNKNOWN_STORE, "store");
    b->associate = in->associate.n ? tb_find_code(t, TB_KIND_ASSOCIATE, in->associate) : 0;
    if (in->associate.n && b->associate == 0)
        return tb_refuse(a, TB_CODE_UNKNOWN_ASSOCIATE, "associate");
    if (!text_fits(in->region, TB_NAME_MAX))
        return tb_refuse(a, TB_CODE_INVALID, "region");
    if (!text_fits(in->campaign, TB_CODE_FIELD_MAX))
        return tb_refuse(a, TB_CODE_INVALID, "campaign");
    if (!text_fits(in->lot, TB_CODE_FIELD_MAX))
        return tb_refuse(a, TB_CODE_INVALID, "lot");
    if (!b->product && !b->store && !b->associate && !in->region.n && !in->campaign.n && !in->lot.n)
        return tb_refuse(a, TB_CODE_INVALID, "product");
    return TB_DONE;
}

static enum tb_code test_blank(const struct tb_code_run *run)
{
    if (run->marks & TB_CODE_IS_VOID)
        return TB_CODE_CODE_VOID;
    return run->state == TB_CODE_IS_BLANK ? TB_CODE_OK : TB_CODE_CODE_BOUND;
}

enum tb_outcome tb_codes_bind(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_codes_bind *in = cmd->input;
    struct tb_code_reach r;
    struct tb_code_binding b = {0};
    const char *field;
    enum tb_code code = tb_code_reach(t, &in->target, &r, &field);
    if (code == TB_CODE_NOT_FOUND || code == TB_CODE_UNKNOWN_CODE)
        return tb_refuse(a, code, field);
    if (read_binding(t, in, &b, a) != TB_DONE)
        return TB_REFUSED;
    if (code == TB_CODE_OK)
        code = tb_code_test(t, &r, test_blank);
    if (code != TB_CODE_OK)
        return tb_refuse(a, code, field);
    struct tb_str bytes = binding_bytes(t, &b, in);
    uint64_t binding = binding_like(t, bytes);
    for (uint32_t i = 0; i < r.n; i++) {
        bool fresh = binding == 0;
        if (fresh)
            binding = tb_counter_next(t, TB_COUNTER_CODE_BINDING);
        struct tb_ev_codes_bound ev = {.batch = r.range[i].batch,
                                       .from = r.range[i].from,
                                       .n = r.range[i].n,
                                       .binding = binding,
                                       .active = in->activate};
        if (fresh) {
            ev.product = b.product;
            ev.store = b.store;
            ev.associate = b.associate;
            ev.region = in->region;
            ev.campaign = in->campaign;
            ev.lot = in->lot;
        }
        tb_emit_codes_bound(t, &ev);
    }
    tb_wire_put_uint(&a->body, 1, binding);
    tb_wire_put_uint(&a->body, 2, r.codes);
    tb_wire_put_uint(&a->body, 3, r.runs);
    return TB_DONE;
}

/* ---- moving ----------------------------------------------------------------------------------- */

static enum tb_code test_not_void(const struct tb_code_run *run)
{
    return run->marks & TB_CODE_IS_VOID ? TB_CODE_CODE_VOID : TB_CODE_OK;
}

static enum tb_code test_bound(const struct tb_code_run *run)
{
    if (run->marks & TB_CODE_IS_VOID)
        return TB_CODE_CODE_VOID;
    return run->state == TB_CODE_IS_BLANK ? TB_CODE_CODE_NOT_BOUND : TB_CODE_OK;
}

enum tb_outcome tb_codes_move(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_codes_move *in = cmd->input;
    if (in->verb < TB_CODE_ACTIVATE || in->verb > TB_CODE_VOID_FOR_GOOD)
        return tb_refuse(a, TB_CODE_INVALID, "verb");
    if (in->verb != TB_CODE_ACTIVATE && in->reason.n == 0)
        return tb_refuse(a, TB_CODE_REASON_REQUIRED, "reason");
    if (!text_fits(in->reason, TB_REASON_MAX))
        return tb_refuse(a, TB_CODE_INVALID, "reason");
    struct tb_code_reach r;
    const char *field;
    enum tb_code code = tb_code_reach(t, &in->target, &r, &field);
    if (code == TB_CODE_OK && in->verb != TB_CODE_VOID_FOR_GOOD)
        code = tb_code_test(t, &r, test_not_void);
    if (code == TB_CODE_OK && in->verb == TB_CODE_ACTIVATE)
        code = tb_code_test(t, &r, test_bound);
    if (code != TB_CODE_OK)
        return tb_refuse(a, code, field);
    for (uint32_t i = 0; i < r.n; i++) {
        struct tb_ev_codes_moved ev = {.batch = r.range[i].batch,
                                       .from = r.range[i].from,
                                       .n = r.range[i].n,
                                       .verb = in->verb,
                                       .reason = i == 0 ? in->reason : TB_STR_NONE};
        tb_emit_codes_moved(t, &ev);
    }
    tb_wire_put_uint(&a->body, 2, r.codes);
    tb_wire_put_uint(&a->body, 3, r.runs);
    return TB_DONE;
}
