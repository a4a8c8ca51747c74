// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>

void tb_assert_failed(const char *cond, const char *file, int line)
{
    (void)fprintf(stderr, "assertion failed: %s (%s:%d)\n", cond, file, line);
    abort();
}
