// SPDX-License-Identifier: Apache-2.0
/* An entry as GET /v1/events prints it, for those who follow the feed without HTTP. */
#include <stdlib.h>

#include "http/app_int.h"
#include "http/event_json.h"

/* False: nothing was missing, or none of it exists. */
static bool learn(struct tb_work *w)
{
    bool learnt = false;
    for (uint32_t i = 0; w->wants != NULL && i < w->wants->n; i++) {
        const struct tb_want *want = &w->wants->want[i];
        learnt |= tb_facts_wait(w->app, w->tenant, (enum tb_kind)want->kind, want->id);
    }
    free(w->wants);
    w->wants = NULL;
    return learnt;
}

bool tb_app_print_entry(struct tb_app *app, const struct tb_entry *e, struct tb_buf *out)
{
    struct tb_work w = {.app = app, .tenant = e->tenant};
    struct tb_buf before = *out;
    for (uint32_t round = 0; round < TB_WANTS_ROUNDS_MAX; round++) { /* each brings TB_WANTS_MAX names more */
        struct tb_json_out o;
        *out = before;
        tb_json_out_init(&o, out);
        tb_facts_enter();
        tb_feed_print(&w, &o, e, e->tenant_seq);
        tb_facts_leave();
        if (!learn(&w))
            break;
    }
    return !out->overflowed;
}
