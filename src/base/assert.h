// SPDX-License-Identifier: Apache-2.0
/* base/assert.h - assertions that stay on in every build, and the attributes that
 * make the compiler help.
 *
 * An assertion states an invariant of the program. What a caller or a shop may get
 * wrong is an answer (an enum), never an assertion.                                */
#ifndef TB_BASE_ASSERT_H
#define TB_BASE_ASSERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TB_MUST_USE __attribute__((warn_unused_result))
#define TB_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define TB_NORETURN __attribute__((noreturn))
#define TB_LIKELY(x) __builtin_expect(!!(x), 1)
#define TB_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define TB_COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

/* Prints the place and the condition to stderr and aborts. */
TB_NORETURN __attribute__((cold)) void tb_assert_failed(const char *cond, const char *file, int line);

#define tb_assert(cond) \
    (TB_LIKELY(cond) ? (void)0 : tb_assert_failed(#cond, __FILE__, __LINE__))

#endif
