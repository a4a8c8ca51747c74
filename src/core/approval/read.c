// SPDX-License-Identifier: Apache-2.0
/* core/approval/read.c - requests, newest first. */
#include "core/approval/approval.h"

#include "core/ops.h"

#define LIST_WORK_MAX 100000u /* numbers that one list looks at */
#define LIST_BYTES 64u        /* kept free for what follows the rows */

/* {1 number, 2 packed}; false: it does not fit any more. */
static bool row(struct tb_txn *t, struct tb_block *b, struct tb_answer *a)
{
    size_t size = tb_block_packed_size(&tb_shapes[b->kind], b) + 64;
    void *region = tb_arena_alloc(t->scratch, size);
    void *inner = tb_arena_alloc(t->scratch, size);
    struct tb_buf out;
    struct tb_buf packed;
    if (region == NULL || inner == NULL)
        return false;
    tb_buf_init(&out, region, size);
    tb_buf_init(&packed, inner, size);
    tb_block_pack(&tb_shapes[b->kind], b, &packed);
    tb_wire_put_uint(&out, 1, b->id);
    tb_wire_put_bytes(&out, 2, tb_buf_as_str(&packed));
    if (out.overflowed || a->body.cap - a->body.n < out.n + LIST_BYTES)
        return false;
    tb_wire_put_bytes(&a->body, 1, tb_buf_as_str(&out));
    return true;
}

static const struct tb_approval *request_in(const struct tb_txn *t, struct tb_block *b)
{
    const struct tb_approval *r = b ? tb_block_head_const(b) : NULL;
    return r != NULL && r->tenant == t->tenant ? r : NULL;
}

static enum tb_outcome one(struct tb_txn *t, uint64_t request, struct tb_answer *a)
{
    bool given = request <= t->store->counter[TB_COUNTER_REQUEST];
    struct tb_block *b = given ? tb_read(t, TB_KIND_REQUEST, request) : NULL;
    if (request_in(t, b) == NULL)
        return tb_refuse(a, TB_CODE_UNKNOWN_REQUEST, "request");
    return row(t, b, a) ? TB_DONE : tb_refuse(a, TB_CODE_TOO_LARGE, "");
}

/* 4 = {1 unit, 2 amount}: as many as there are units that bound a day. */
static void put_moved_today(const struct tb_txn *t, uint32_t hands, struct tb_buf *out)
{
    struct tb_block *b = hands != 0 ? tb_read(t, TB_KIND_KEY, hands) : NULL;
    const struct tb_hand_day *d = b ? tb_section(t, b, TB_KEY_HAND) : NULL;
    int32_t today = tb_tenant_day(t, t->now_ms, NULL, NULL);
    for (uint32_t i = 0; b != NULL && i < b->n[TB_KEY_HAND]; i++) {
        uint8_t bytes[32];
        struct tb_buf one;
        if (d[i].day != today)
            continue;
        tb_buf_init(&one, bytes, sizeof bytes);
        tb_wire_put_uint(&one, 1, d[i].unit);
        tb_wire_put_uint(&one, 2, (uint64_t)d[i].moved);
        tb_wire_put_bytes(out, 4, tb_buf_as_str(&one));
    }
}

enum tb_outcome tb_request_list(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_request_list *in = cmd->input;
    if (in->request != 0)
        return one(t, in->request, a);
    if (in->limit < 1 || in->limit > TB_REQUEST_LIST_MAX)
        return tb_refuse(a, TB_CODE_INVALID, "limit");
    const struct tb_tenant *tenant = tb_tenant_of(t);
    uint64_t newest = t->store->counter[TB_COUNTER_REQUEST];
    uint64_t from = in->before == 0 || in->before > newest ? newest : in->before - 1;
    uint32_t hands = in->mine && cmd->actor != 0 ? tb_key_hands(t, cmd->actor) : 0;
    uint32_t n = 0;
    const uint32_t *objects = tenant ? tenant->objects : NULL;
    tb_wire_put_uint(&a->body, 2, objects ? objects[TB_OBJECTS_REQUEST] + objects[TB_OBJECTS_ERASURE] : 0);
    if (in->mine)
        put_moved_today(t, hands, &a->body);
    for (uint64_t id = from; id > 0; id--) {
        struct tb_block *b = tb_read(t, TB_KIND_REQUEST, id);
        const struct tb_approval *r = request_in(t, b);
        bool asked_for = r != NULL && (in->state == 0 || r->state == in->state) &&
                         (!in->mine || (r->asked_by != 0 && tb_key_hands(t, r->asked_by) == hands));
        if (from - id >= LIST_WORK_MAX || (asked_for && (n == in->limit || !row(t, b, a)))) {
            tb_wire_put_uint(&a->body, 3, id + 1);
            return TB_DONE;
        }
        n += asked_for;
    }
    return TB_DONE;
}
