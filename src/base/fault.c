// SPDX-License-Identifier: Apache-2.0
#include "base/fault.h"

#include <stdarg.h>
#include <stdio.h>

void tb_fault_set(struct tb_fault *f, bool retryable, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    f->retryable = retryable;
    int n = vsnprintf(f->text, sizeof f->text, fmt, args);
    va_end(args);
    if (n < 0)
        f->text[0] = 0;
}
