// SPDX-License-Identifier: Apache-2.0
/* core/code/read.c - what staff may ask about a code and a batch. Changes nothing. */
#include "core/code/code_int.h"

#define RUNS_TOLD 500u

static void put(struct tb_buf *out, uint32_t field, uint64_t v)
{
    if (v != 0)
        tb_wire_put_uint(out, field, v);
}

static void put_text(struct tb_buf *out, uint32_t field, struct tb_str s)
{
    if (s.n != 0)
        tb_wire_put_bytes(out, field, s);
}

static void put_binding(const struct tb_txn *t, uint32_t binding, struct tb_buf *out)
{
    struct tb_block *b = tb_read(t, TB_KIND_CODE_BINDING, binding);
    if (b == NULL)
        return;
    const struct tb_code_binding *head = tb_block_head_const(b);
    put(out, 5, binding);
    put(out, 6, head->product);
    put(out, 7, head->store);
    put(out, 8, head->associate);
    put_text(out, 9, tb_config_text(t, b, head->region));
    put_text(out, 10, tb_config_text(t, b, head->campaign));
    put_text(out, 11, tb_config_text(t, b, head->lot));
}

static void put_packages(const struct tb_txn *t, uint32_t package, struct tb_buf *out)
{
    for (uint32_t i = 0; package != 0 && i < TB_CODE_LEVELS_MAX; i++) {
        const struct tb_code_package *p = tb_block_head_const(tb_read(t, TB_KIND_CODE_PACKAGE, package));
        struct tb_code_ref outside = {p->batch, p->serial};
        uint8_t region[48];
        struct tb_buf part;
        tb_buf_init(&part, region, sizeof region);
        put(&part, 1, package);
        put(&part, 2, p->batch);
        put(&part, 3, p->serial);
        put(&part, 4, p->store);
        tb_wire_put_bytes(out, 12, tb_buf_as_str(&part));
        package = tb_code_span_at(t, tb_code_batch_of(t, outside), outside.serial).run.package;
    }
}

enum tb_outcome tb_code_get(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_code_get *in = cmd->input;
    struct tb_block *batch = tb_code_batch_of(t, in->code);
    if (batch == NULL)
        return tb_refuse(a, TB_CODE_UNKNOWN_CODE, "code");
    struct tb_code_first first;
    bool need;
    bool scanned = tb_code_is_scanned(t, in->code);
    if (scanned) {
        bool found = tb_code_first_of(t, in->code, &first, &need);
        if (need)
            return TB_NEED;
        tb_assert(found);
    }
    struct tb_code_run run = tb_code_span_at(t, batch, in->code.serial).run;
    put(&a->body, 1, in->code.batch);
    put(&a->body, 2, in->code.serial);
    put(&a->body, 3, run.state);
    put(&a->body, 4, run.marks);
    put_binding(t, run.binding, &a->body);
    put_packages(t, run.package, &a->body);
    struct tb_block *package = tb_code_package_of(t, in->code);
    if (package != NULL) {
        const struct tb_code_children *c = tb_section(t, package, TB_CODE_PACKAGE_CHILD);
        uint64_t n = 0;
        for (uint32_t i = 0; i < package->n[TB_CODE_PACKAGE_CHILD]; i++)
            n += c[i].n;
        put(&a->body, 13, n);
    }
    if (!scanned)
        return TB_DONE;
    put(&a->body, 14, 1);
    put(&a->body, 15, tb_code_is_redeemed(t, in->code));
    put(&a->body, 16, (uint64_t)first.at_s * 1000);
    put(&a->body, 17, first.profile);
    put(&a->body, 18, first.store);
    put(&a->body, 19, first.touchpoint);
    put(&a->body, 20, first.scans);
    put(&a->body, 21, first.flags & 1u);
    return TB_DONE;
}

static void put_run(const struct tb_code_span *span, uint64_t from, struct tb_buf *out)
{
    uint8_t region[64];
    struct tb_buf part;
    tb_buf_init(&part, region, sizeof region);
    put(&part, 1, from);
    put(&part, 2, span->until - from);
    put(&part, 3, span->run.state);
    put(&part, 4, span->run.marks);
    put(&part, 5, span->run.binding);
    put(&part, 6, span->run.package);
    tb_wire_put_bytes(out, 3, tb_buf_as_str(&part));
}

enum tb_outcome tb_code_batch_get(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_code_batch_get *in = cmd->input;
    uint32_t id = tb_find_code(t, TB_KIND_CODE_BATCH, in->batch);
    if (id == 0)
        return tb_refuse(a, TB_CODE_NOT_FOUND, "batch");
    struct tb_block *b = tb_read(t, TB_KIND_CODE_BATCH, id);
    const struct tb_shape *shape = &t->store->shape[TB_KIND_CODE_BATCH];
    size_t size = tb_block_packed_size(shape, b);
    struct tb_buf packed;
    void *region = tb_arena_alloc(t->scratch, size);
    tb_assert(region != NULL);
    tb_buf_init(&packed, region, size);
    tb_block_pack(shape, b, &packed);
    tb_wire_put_uint(&a->body, 1, id);
    tb_wire_put_bytes(&a->body, 2, tb_buf_as_str(&packed));
    uint64_t count = tb_code_batch_head(b)->count;
    uint64_t at = in->from;
    for (uint32_t i = 0; i < RUNS_TOLD && at < count; i++) {
        struct tb_code_span span = tb_code_span_at(t, b, at);
        put_run(&span, at, &a->body);
        at = span.until;
    }
    put(&a->body, 4, at < count ? at : 0);
    return TB_DONE;
}
