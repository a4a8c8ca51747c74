// SPDX-License-Identifier: Apache-2.0
/* Prints the published tables, tab-separated, for tools/gen_tables_doc.py. */
#include <stdio.h>

#include "engine/publish.h"

int main(void)
{
    static const char *const type[] = {"integer", "text", "blob"};
    uint32_t n;
    const struct tb_table *t = tb_publish_tables(&n);
    for (uint32_t i = 0; i < n; i++) {
        printf("table\t%s\t%s\t%s\n", t[i].name, t[i].insert_only ? "appended" : "current", t[i].remark);
        for (uint32_t c = 0; c < t[i].column_n; c++)
            printf("column\t%s\t%s\t%s\t%s\n", t[i].column[c].name, type[t[i].column[c].type],
                   c < t[i].key_n ? "key" : "", t[i].column[c].remark);
    }
    return 0;
}
