// SPDX-License-Identifier: Apache-2.0
/* border/pull.h - where bytes come from: one callback that every reader takes.
 *
 * Returns how many bytes were written to into (1 .. cap), 0 at the end, -1 on a fault.
 * After 0 or -1 it may be called again and answers the same.                          */
#ifndef TB_BORDER_PULL_H
#define TB_BORDER_PULL_H

#include "base/fault.h"

typedef int64_t (*tb_pull_fn)(void *user, void *into, size_t cap, struct tb_fault *fault);

#endif
