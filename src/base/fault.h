// SPDX-License-Identifier: Apache-2.0
/* base/fault.h - what went wrong outside the program (disk, network, data base).
 *
 * A fault is not an answer: nothing was decided. It is filled by the function that
 * met it, owned by the caller, holds no pointers and no personal data.               */
#ifndef TB_BASE_FAULT_H
#define TB_BASE_FAULT_H

#include "base/assert.h"

struct tb_fault {
    bool retryable;
    char text[256]; /* one sentence for the operator, always terminated */
};

/* Writes the sentence; what does not fit is cut. */
void tb_fault_set(struct tb_fault *f, bool retryable, const char *fmt, ...) TB_PRINTF(3, 4);

#endif
