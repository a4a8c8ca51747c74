// SPDX-License-Identifier: Apache-2.0
/* engine/loader.c - cold rows: asked for by the cell's thread, fetched by the loader.
 *
 * A row is looked for among the images that are not yet in SQL first, then in SQL; it
 * enters only if it is still absent. A row is under way once at a time (run.c, park), so
 * nobody can have changed it when it enters.                                             */
#include <stdlib.h>
#include <string.h>

#include "engine/inside.h"

void tb_load_free(struct tb_load *l)
{
    for (uint32_t i = 0; i < TB_NEEDS_MAX; i++)
        free(l->got[i].p);
    free(l);
}

struct got {
    struct tb_load *load;
    uint32_t i;
    uint32_t column;
};

static bool take_body(void *user, const struct tb_value *v, uint32_t n)
{
    struct got *g = user;
    tb_assert(g->column < n);
    struct tb_str s = v[g->column].str;
    uint8_t *p = tb_heap_take((size_t)s.n + 1);
    if (s.n > 0)
        memcpy(p, s.p, s.n);
    g->load->got[g->i].p = p;
    g->load->got[g->i].n = s.n;
    return false;
}

static void fetch_block(struct tb_cell *c, struct tb_load *l, uint32_t i)
{
    struct tb_fault f = {0};
    int found = tb_keep_find(c, l->need[i].kind, l->need[i].id, &l->got[i].p, &l->got[i].n);
    if (found != 0)
        return;
    struct tb_value key[2] = {{.i64 = l->need[i].kind}, {.i64 = (int64_t)l->need[i].id}};
    struct got g = {.load = l, .i = i, .column = 4};
    enum tb_state_answer a =
        c->o.state->ops->get(c->loader, TABLE_RECORD(c), key, take_body, &g, &f);
    if (a != TB_STATE_DONE && a != TB_STATE_ABSENT) {
        l->failed = true;
        tb_cell_log(c, "a cold row cannot be read: %s", f.text);
    }
}

static void fetch_entry(struct tb_cell *c, struct tb_load *l)
{
    struct tb_fault f = {0};
    bool dropped;
    struct tb_tail *t = tb_tail_holding_seq(c, l->history_seq, &dropped);
    if (t != NULL) {
        struct tb_batch_walk w;
        struct tb_entry e;
        tb_batch_walk(&w, (struct tb_str){t->bytes, t->n});
        while (tb_batch_next(&w, &e) && e.seq < l->history_seq) {
        }
        if (!w.bad && e.seq == l->history_seq) {
            struct got g = {.load = l};
            struct tb_value v = {.str = e.bytes};
            (void)take_body(&g, &v, 1);
        }
        tb_tail_release(c, t);
        return;
    }
    struct tb_value key = {.i64 = (int64_t)l->history_seq};
    struct got g = {.load = l, .column = 7};
    enum tb_state_answer a =
        c->o.state->ops->get(c->loader, TABLE_HISTORY(c), &key, take_body, &g, &f);
    if (a != TB_STATE_DONE && a != TB_STATE_ABSENT) {
        l->failed = true;
        tb_cell_log(c, "an old answer cannot be read: %s", f.text);
    }
}

void tb_load_fetch(struct tb_cell *c, struct tb_load *l)
{
    if (l->history_seq != 0)
        fetch_entry(c, l);
    for (uint32_t i = 0; i < l->need_n && !l->failed; i++)
        fetch_block(c, l, i);
}

static void fetch(struct tb_cell *c, struct tb_load *l)
{
    tb_load_fetch(c, l);
    struct tb_load *head = atomic_load(&c->loads_back);
    do {
        l->next = head;
    } while (!atomic_compare_exchange_weak(&c->loads_back, &head, l));
    tb_bell_ring(&c->engine_bell);
}

void tb_load_ask(struct tb_cell *c, struct tb_load *l)
{
    c->loads_open++;
    pthread_mutex_lock(&c->loads_lock);
    l->next = NULL;
    if (c->loads_last != NULL)
        c->loads_last->next = l;
    else
        c->loads_first = l;
    c->loads_last = l;
    pthread_mutex_unlock(&c->loads_lock);
    tb_bell_ring(&c->loader_bell);
}

bool tb_loader_turn(struct tb_cell *c)
{
    pthread_mutex_lock(&c->loads_lock);
    struct tb_load *l = c->loads_first;
    if (l != NULL) {
        c->loads_first = l->next;
        if (c->loads_first == NULL)
            c->loads_last = NULL;
    }
    pthread_mutex_unlock(&c->loads_lock);
    if (l == NULL)
        return false;
    fetch(c, l);
    return true;
}

/* The answer of an old key stands in its entry. */
static bool enter_answer(struct tb_cell *c, struct tb_load *l)
{
    struct tb_entry e = {.tenant = l->tenant};
    if (l->got[0].p == NULL ||
        !tb_entry_read((struct tb_str){(const char *)l->got[0].p, l->got[0].n}, &e))
        return false;
    struct tb_idem_row row = {.key = e.key_hash,
                              .input = e.input_hash,
                              .seq = e.seq,
                              .tenant = e.tenant,
                              .at_s = (uint32_t)(e.now_ms / 1000),
                              .code = (uint16_t)e.code};
    tb_idem_add(&c->idem, &row, e.answer, e.field);
    return true;
}

static bool enter_blocks(struct tb_cell *c, struct tb_load *l)
{
    struct tb_store *s = &c->core.store;
    for (uint32_t i = 0; i < l->need_n; i++) {
        struct tb_need n = l->need[i];
        if (tb_store_get(s, n.kind, n.id) != NULL)
            continue;
        if (l->got[i].p == NULL || tb_run_is_gone(c, n))
            return false; /* core asked for what never was, or is gone */
        if (!tb_core_load(&c->core, (enum tb_kind)n.kind, n.id,
                          (struct tb_str){(const char *)l->got[i].p, l->got[i].n}))
            return false;
        struct tb_block *b = tb_store_get(s, n.kind, n.id);
        tb_assert(b != NULL);
        b->written_batch = s->batch - 1; /* not evicted before the command runs again */
        cell_count(&c->n_loads, 1);
    }
    return true;
}

static void take_off(struct tb_tenant_line *line, const struct tb_load *l)
{
    struct tb_load **at = &line->loads;
    while (*at != l)
        at = &(*at)->older;
    *at = l->older;
    line->loads_n--;
}

/* Those who waited run next; when the rows cannot be had, the first of them is told so, and
 * the others ask for themselves.                                                          */
static void wake(struct tb_cell *c, struct tb_load *l, bool ok)
{
    struct tb_job_request *r = l->first;
    if (!ok) {
        l->first = r->next;
        tb_loop_left(c, r);
        tb_cell_finish(c, r, TB_FINISH_FAULT);
    }
    if (l->first != NULL)
        tb_fair_put_front(&c->fair, l->tenant, l->first, l->last);
}

bool tb_load_enter(struct tb_cell *c)
{
    struct tb_load *l = atomic_exchange(&c->loads_back, NULL);
    bool some = l != NULL;
    while (l != NULL) { /* the newest first: the oldest comes to the front */
        struct tb_load *next = l->next;
        bool ok = !l->failed && (l->history_seq != 0 ? enter_answer(c, l) : enter_blocks(c, l));
        take_off(&c->fair.line[l->tenant], l);
        wake(c, l, ok);
        c->loads_open--;
        tb_load_free(l);
        l = next;
    }
    return some;
}
