// SPDX-License-Identifier: Apache-2.0
/* engine/due.h - which block wants to be fired when: a heap of instants near enough.
 *
 * Only instants before the horizon are kept; the owner sweeps all blocks now and then
 * and arms what has come nearer. A block is armed once, for its earliest instant; an
 * entry that was overtaken is skipped when it comes up. Cell's thread alone.            */
#ifndef TB_ENGINE_DUE_H
#define TB_ENGINE_DUE_H

#include "core/store/map.h"

struct tb_due {
    int64_t at_ms;
    uint64_t id;
    uint32_t tenant;
    uint8_t kind;
};

struct tb_due_queue {
    struct tb_due *heap;
    uint32_t n;
    uint32_t cap;
    struct tb_map armed; /* (kind, id) -> at_ms */
};

void tb_due_init(struct tb_due_queue *q, struct tb_pool *pool);
void tb_due_deinit(struct tb_due_queue *q);
/* Keeps the earlier instant when it is armed already. */
void tb_due_arm(struct tb_due_queue *q, const struct tb_due *d);
/* Takes the earliest that is due; false when none is. */
bool tb_due_pop(struct tb_due_queue *q, int64_t now_ms, struct tb_due *out);
/* INT64_MAX when empty. */
int64_t tb_due_next_ms(const struct tb_due_queue *q);

#endif
