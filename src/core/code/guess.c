// SPDX-License-Identifier: Apache-2.0
/* core/code/guess.c - how often somebody, and everybody, was wrong within the hour.
 *
 * A window begins with the first wrong code after the last one is over. A caller who is
 * forgotten because 64 newer ones share its block begins anew; the tenant's total does not. */
#include "core/code/code_int.h"

#define BLOCKS 16u
#define CALLERS (TB_GUESS_CALLERS / BLOCKS)

static uint64_t totals_of(const struct tb_txn *t)
{
    return (uint64_t)(t->tenant - 1) * 32 + 1;
}

static uint64_t block_of(const struct tb_txn *t, uint64_t caller)
{
    return totals_of(t) + 1 + tb_mix(caller) % BLOCKS;
}

static bool running(const struct tb_txn *t, int64_t since_ms)
{
    return t->now_ms >= since_ms && t->now_ms - since_ms < TB_GUESS_WINDOW_MS;
}

/* Index of the caller in its block, or where it belongs. */
static uint32_t place_of(const struct tb_code_caller *c, uint32_t n, uint64_t caller)
{
    uint32_t i = 0;
    while (i < n && c[i].caller < caller)
        i++;
    return i;
}

static struct tb_code_caller find_caller(const struct tb_txn *t, uint64_t caller)
{
    struct tb_block *b = tb_read(t, TB_KIND_CODE_GUESS, block_of(t, caller));
    if (b == NULL || b->n[TB_CODE_GUESS_CALLER] == 0)
        return (struct tb_code_caller){0};
    const struct tb_code_caller *c = tb_section(t, b, TB_CODE_GUESS_CALLER);
    uint32_t i = place_of(c, b->n[TB_CODE_GUESS_CALLER], caller);
    bool found = i < b->n[TB_CODE_GUESS_CALLER] && c[i].caller == caller;
    return found ? c[i] : (struct tb_code_caller){0};
}

struct limits {
    uint32_t caller;
    uint32_t tenant;
};

static struct limits limits_of(const struct tb_txn *t)
{
    const struct tb_tenant *own = tb_block_head_const(tb_read(t, TB_KIND_TENANT, t->tenant));
    return (struct limits){own->guess_caller ? own->guess_caller : TB_GUESS_CALLER_MAX,
                           own->guess_tenant ? own->guess_tenant : TB_GUESS_TENANT_MAX};
}

bool tb_code_limited(const struct tb_txn *t, uint64_t caller, bool known)
{
    const struct tb_block *b = tb_read(t, TB_KIND_CODE_GUESS, totals_of(t));
    if (b == NULL)
        return false;
    const struct tb_code_guess *totals = tb_block_head_const(b);
    struct limits most = limits_of(t);
    if (!known && totals->misses >= most.tenant && running(t, totals->since_ms))
        return true;
    if (caller == 0)
        return false;
    struct tb_code_caller c = find_caller(t, caller);
    return c.misses >= most.caller && running(t, c.since_ms);
}

/* Who has to go from a full block: the window that began first. */
static uint64_t oldest(const struct tb_txn *t, uint64_t caller)
{
    struct tb_block *b = tb_read(t, TB_KIND_CODE_GUESS, block_of(t, caller));
    if (b == NULL || b->n[TB_CODE_GUESS_CALLER] < CALLERS)
        return 0;
    const struct tb_code_caller *c = tb_section(t, b, TB_CODE_GUESS_CALLER);
    uint32_t old = 0;
    for (uint32_t i = 1; i < b->n[TB_CODE_GUESS_CALLER]; i++)
        if (c[i].since_ms < c[old].since_ms)
            old = i;
    return c[old].caller;
}

void tb_code_missed(struct tb_txn *t, uint64_t caller)
{
    const struct tb_block *b = tb_read(t, TB_KIND_CODE_GUESS, totals_of(t));
    struct tb_code_guess totals = {.since_ms = t->now_ms};
    if (b != NULL && running(t, ((const struct tb_code_guess *)tb_block_head_const(b))->since_ms))
        totals = *(const struct tb_code_guess *)tb_block_head_const(b);
    struct tb_ev_code_missed ev = {
        .caller = caller, .since_ms = totals.since_ms, .misses = totals.misses + 1};
    if (caller != 0) {
        struct tb_code_caller c = find_caller(t, caller);
        bool goes_on = c.misses > 0 && running(t, c.since_ms);
        ev.caller_since_ms = goes_on ? c.since_ms : t->now_ms;
        ev.caller_misses = goes_on ? c.misses + 1 : 1;
        ev.forgotten = c.misses > 0 ? 0 : oldest(t, caller);
    }
    tb_emit_code_missed(t, &ev);
}

static struct tb_code_guess *guess_for_writing(struct tb_txn *t, uint64_t id)
{
    struct tb_block *b = tb_read(t, TB_KIND_CODE_GUESS, id);
    b = b ? tb_write(t, TB_KIND_CODE_GUESS, id) : tb_create(t, TB_KIND_CODE_GUESS, id);
    struct tb_code_guess *head = tb_block_head(b);
    head->tenant = t->tenant;
    return head;
}

void tb_code_apply_code_missed(struct tb_txn *t, const struct tb_ev_code_missed *ev)
{
    struct tb_code_guess *totals = guess_for_writing(t, totals_of(t));
    totals->since_ms = ev->since_ms;
    totals->misses = (uint32_t)ev->misses;
    if (ev->caller == 0)
        return;
    uint64_t id = block_of(t, ev->caller);
    (void)guess_for_writing(t, id);
    struct tb_block *b = tb_read(t, TB_KIND_CODE_GUESS, id);
    const struct tb_code_caller *c = tb_section(t, b, TB_CODE_GUESS_CALLER);
    if (ev->forgotten != 0) {
        uint32_t at = place_of(c, b->n[TB_CODE_GUESS_CALLER], ev->forgotten);
        tb_assert(at < b->n[TB_CODE_GUESS_CALLER] && c[at].caller == ev->forgotten);
        tb_cut(t, TB_KIND_CODE_GUESS, id, TB_CODE_GUESS_CALLER, at, 1);
        b = tb_read(t, TB_KIND_CODE_GUESS, id);
        c = tb_section(t, b, TB_CODE_GUESS_CALLER);
    }
    struct tb_code_caller now = {.caller = ev->caller,
                                 .since_ms = ev->caller_since_ms,
                                 .misses = (uint32_t)ev->caller_misses};
    uint32_t at = place_of(c, b->n[TB_CODE_GUESS_CALLER], ev->caller);
    if (at < b->n[TB_CODE_GUESS_CALLER] && c[at].caller == ev->caller)
        ((struct tb_code_caller *)tb_section(t, b, TB_CODE_GUESS_CALLER))[at] = now;
    else
        (void)tb_push_at(t, TB_KIND_CODE_GUESS, id, TB_CODE_GUESS_CALLER, at, &now);
}
