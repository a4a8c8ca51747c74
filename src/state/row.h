// SPDX-License-Identifier: Apache-2.0
/* state/row.h - which row a state refuses, in words; for the adapters.
 *
 * A row that a state cannot take stops every flush, so the fault must lead to it: table, key,
 * column, reason. Keys are numbers; of a text key only its length is said, for it may be
 * personal. Pure; no allocation.                                                          */
#ifndef TB_STATE_ROW_H
#define TB_STATE_ROW_H

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "engine/port_state.h"

#define TB_ROW_NAME_MAX 128

/* "orders(order_no 17)"; cut where it does not fit. */
static inline void tb_row_name(const struct tb_table *t, const struct tb_value *key, char out[TB_ROW_NAME_MAX])
{
    struct tb_buf b;
    tb_buf_init(&b, out, TB_ROW_NAME_MAX - 1);
    tb_buf_printf(&b, "%s(", t->name);
    for (uint32_t i = 0; i < t->key_n; i++) {
        tb_buf_printf(&b, "%s%s ", i > 0 ? ", " : "", t->column[i].name);
        if (t->column[i].type == TB_COLUMN_I64)
            tb_buf_printf(&b, "%" PRId64, key[i].i64);
        else
            tb_buf_printf(&b, "of %" PRIu32 " bytes", key[i].str.n);
    }
    tb_buf_c(&b, ")");
    out[b.n] = 0;
}

/* Every text is UTF-8 without NUL; else false with the fault. */
static inline bool tb_row_ok(const struct tb_table *t, const struct tb_value *v, struct tb_fault *f)
{
    char name[TB_ROW_NAME_MAX];
    for (uint32_t i = 0; i < t->column_n; i++) {
        if (t->column[i].type != TB_COLUMN_TEXT || v[i].null || v[i].str.n == 0)
            continue;
        if (memchr(v[i].str.p, 0, v[i].str.n) == NULL && tb_utf8_valid(v[i].str))
            continue;
        tb_row_name(t, v, name);
        tb_fault_set(f, false, "state: %s: column %s is not UTF-8, or has NUL in it", name, t->column[i].name);
        return false;
    }
    return true;
}

#endif
