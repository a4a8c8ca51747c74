// SPDX-License-Identifier: Apache-2.0
/* core/play/payee.c - the member whom the rewards of a store or an associate go to. */
#include "core/play/play_int.h"

enum tb_outcome tb_play_payee_set(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_payee_set *in = cmd->input;
    bool store = in->kind == TB_KIND_STORE;
    tb_assert(store || in->kind == TB_KIND_ASSOCIATE);
    uint32_t id = tb_find_code(t, in->kind, in->code);
    if (id == 0)
        return tb_refuse(a, TB_CODE_NOT_FOUND, "code");
    struct tb_ev_payee_set ev = {.store = store ? id : 0, .associate = store ? 0 : id};
    if (in->who.profile != 0 || in->who.identifier.ns != 0) {
        ev.profile = tb_member_find(t, &in->who, "member", a);
        if (ev.profile == 0)
            return TB_REFUSED;
    }
    if (tb_play_payee(t, in->kind, id) != ev.profile)
        tb_emit_payee_set(t, &ev);
    uint32_t person = ev.profile ? tb_person_by_profile(t, (uint32_t)ev.profile) : 0;
    if (person != 0)
        tb_wire_put_uint(&a->body, 12, tb_person_id(tb_read(t, TB_KIND_PERSON, person)));
    return TB_DONE;
}

uint32_t tb_play_payee(const struct tb_txn *t, enum tb_kind kind, uint64_t id)
{
    struct tb_block *b = id ? tb_read(t, kind, id) : NULL;
    if (b == NULL)
        return 0;
    return kind == TB_KIND_STORE ? ((const struct tb_store_place *)tb_block_head_const(b))->payee
                                 : ((const struct tb_associate *)tb_block_head_const(b))->payee;
}

void tb_play_apply_payee_set(struct tb_txn *t, const struct tb_ev_payee_set *ev)
{
    if (ev->store != 0)
        ((struct tb_store_place *)tb_block_head(tb_write(t, TB_KIND_STORE, ev->store)))->payee =
            (uint32_t)ev->profile;
    else
        ((struct tb_associate *)tb_block_head(tb_write(t, TB_KIND_ASSOCIATE, ev->associate)))->payee =
            (uint32_t)ev->profile;
}
