// SPDX-License-Identifier: Apache-2.0
/* engine/bell.h - sleeping until somebody has work for you (an event count on a futex).
 *
 *   ticket = tb_bell_ticket(b); if (nothing to do) tb_bell_wait(b, ticket, ns);
 *
 * Nothing is lost: a ring after the ticket was taken ends the wait. Ringing costs one
 * atomic add while nobody sleeps.                                                       */
#ifndef TB_ENGINE_BELL_H
#define TB_ENGINE_BELL_H

#include <stdatomic.h>

#include "base/assert.h"

struct tb_bell {
    _Atomic uint32_t rings;
    _Atomic uint32_t sleepers;
};

static inline uint32_t tb_bell_ticket(struct tb_bell *b)
{
    return atomic_load(&b->rings);
}

void tb_bell_ring(struct tb_bell *b);
/* Returns at a ring, after timeout_ns, or for no reason. */
void tb_bell_wait(struct tb_bell *b, uint32_t ticket, int64_t timeout_ns);

#endif
