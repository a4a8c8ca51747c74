// SPDX-License-Identifier: Apache-2.0
/* One command to a node's cell and its answer. See node.h. */
#include <string.h>

#include "cli/node.h"
#include "cli/wave.h"
#include "core/catalog/catalog.h"
#include "core/ops.h"
#include "events.gen.h"

void tb_node_keys_changed(struct tb_node *n)
{
    void *user = n->keys_user;
    if (user != NULL)
        n->keys_changed(user);
}

bool tb_node_ask(struct tb_node *n, uint32_t tenant, uint32_t op, const void *input,
                 struct tb_answer *answer, void *region, size_t cap, struct tb_fault *fault)
{
    struct tb_wave w;
    bool ok = tb_wave_init(&w, n->cell, tenant, 1, cap < TB_ANSWER_BYTES_MAX ? TB_ANSWER_BYTES_MAX : (uint32_t)cap);
    if (!ok) {
        tb_fault_set(fault, true, "no memory");
    } else {
        (void)tb_wave_add(&w, op, input);
        ok = tb_wave_run(&w, fault);
    }
    if (ok) {
        *answer = w.request[0].answer;
        tb_assert(answer->body.n <= cap);
        memcpy(region, answer->body.p, answer->body.n);
        answer->body.p = region;
        answer->body.cap = cap;
    }
    tb_wave_deinit(&w);
    return ok;
}

bool tb_node_find(struct tb_node *n, uint32_t tenant, enum tb_kind kind, const char *code,
                  uint32_t *id, void *region, size_t cap, struct tb_str *packed, struct tb_fault *fault)
{
    struct tb_cmd_object_get get = {.kind = kind, .code = tb_str_of(code)};
    struct tb_answer a;
    struct tb_str object;
    *fault = (struct tb_fault){0};
    if (!tb_node_ask(n, tenant, TB_OP_OBJECT_GET, &get, &a, region, cap, fault))
        return false;
    if (a.code != TB_CODE_OK || !tb_answer_bytes(&a, 1, &object))
        return false;
    uint32_t field;
    uint64_t v;
    struct tb_str s;
    bool bad = false;
    *id = 0;
    while (tb_wire_next(&object, &field, &v, &s, &bad)) {
        if (field == 1)
            *id = (uint32_t)v;
        else if (field == 2)
            *packed = s;
    }
    return *id != 0;
}
