// SPDX-License-Identifier: Apache-2.0
/* http/side.h - a thread for what may block: passwords (a tenth of a second of work each),
 * reports (SQL on the published tables). IO threads hand a call over and forget it.
 *
 * Invariant   every call that was taken gets exactly one reply from its function.
 *             Of several tenants' calls one of each runs in turn, and of several addresses' that
 *             sign in; one tenant's keep their order.
 * Threads     push: any. The functions run one after another on the side's own thread.
 * Limits      TB_SIDE_CALLS_MAX wait, TB_SIDE_TENANT_MAX of one tenant and TB_SIDE_OWN_MAX of one key
 *             or member; the next is refused (503), so that a flood of sign-ins costs memory and
 *             time that are bounded, and one who floods leaves room for others.           */
#ifndef TB_HTTP_SIDE_H
#define TB_HTTP_SIDE_H

#include "base/fault.h"
#include "http/shell.h"

#define TB_SIDE_CALLS_MAX 64u
#define TB_SIDE_TENANT_MAX 48u
#define TB_SIDE_OWN_MAX 16u

struct tb_side;
typedef void tb_side_fn(void *app, struct tb_call *call);

TB_MUST_USE struct tb_side *tb_side_start(void *app, struct tb_fault *fault);
/* Does what waits, then ends. NULL is fine. */
void tb_side_stop(struct tb_side *s);
/* Runs fn(app, call) soon; false: too many wait, and the call is the caller's still. */
TB_MUST_USE bool tb_side_take(struct tb_side *s, tb_side_fn *fn, struct tb_call *call);
/* The same; OVERLOADED to the caller when too many wait. */
void tb_side_push(struct tb_side *s, tb_side_fn *fn, struct tb_call *call);

#endif
