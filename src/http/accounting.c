// SPDX-License-Identifier: Apache-2.0
/* Reading a tenant's feed into its books, period by period. See accounting.h. */
#include "http/accounting.h"

#include <stdlib.h>

#include "engine/entry.h"

#define PAGE 4096u
#define SCRATCH_BYTES ((size_t)8 << 20)

struct reading {
    const struct tb_accounting *a;
    struct tb_books books;
    struct tb_arena scratch;
    uint64_t last;   /* tenant_seq */
    int32_t first;   /* of the period that runs; from_day - 1: it is what came before */
    int32_t next;    /* first day behind it */
    bool ended;      /* to_day is reached */
    bool broken;
    bool stopped;
};

/* ---- periods ------------------------------------------------------------------------------------------ */

static int32_t period_after(const struct tb_accounting *a, int32_t day)
{
    struct tb_date d = tb_date_from_days(day);
    int32_t next = a->by == TB_ACCOUNTING_DAY
                       ? day + 1
                       : tb_days_add_months(tb_days_from_date((struct tb_date){d.year, d.month, 1}), 1);
    return next < a->to_day ? next : a->to_day;
}

static void on_entry(void *user, const struct tb_books_entry *e)
{
    struct reading *r = user;
    r->a->entry(r->a->user, r->first, r->next - 1, e);
}

/* Ends the periods before that day. */
static void end_periods(struct reading *r, int32_t day)
{
    const struct tb_accounting *a = r->a;
    while (!r->ended && day >= r->next) {
        bool before = r->first < a->from_day;
        tb_books_end_period(&r->books, before || a->entry == NULL ? NULL : on_entry, r);
        if (!before && a->period != NULL)
            a->period(a->user, r->first, r->next - 1, &r->books);
        r->ended = r->next >= a->to_day;
        r->first = r->next;
        r->next = period_after(a, r->next);
    }
}

static bool take(void *user, const struct tb_entry *e)
{
    struct reading *r = user;
    end_periods(r, tb_zone_day_of(r->a->zone, e->now_ms));
    if (r->ended)
        return false;
    tb_arena_reset(&r->scratch);
    r->last = e->tenant_seq;
    r->broken = !tb_books_take(&r->books, e->bytes, &r->scratch);
    return !r->broken;
}

static bool read_all(struct reading *r, struct tb_feed_reader *feed, struct tb_fault *fault)
{
    const struct tb_accounting *a = r->a;
    for (;;) {
        uint64_t before = r->last;
        enum tb_feed got = tb_feed_read(feed, r->last, PAGE, take, r, fault);
        if (got == TB_FEED_BEHIND)
            tb_fault_set(fault, false, "the history before entry %llu was taken away",
                         (unsigned long long)r->last + 1);
        if (got != TB_FEED_DONE)
            return false;
        if (r->broken || r->ended || r->last == before)
            return true;
        r->stopped = a->go_on != NULL && !a->go_on(a->asker);
        if (r->stopped)
            return true;
    }
}

static enum tb_accounting_answer answer_of(struct reading *r, struct tb_fault *fault)
{
    if (r->stopped)
        return TB_ACCOUNTING_STOPPED;
    if (r->books.full)
        return TB_ACCOUNTING_TOO_LARGE;
    if (r->broken) {
        tb_fault_set(fault, false, "entry %llu of the feed cannot be read", (unsigned long long)r->last);
        return TB_ACCOUNTING_FAULT;
    }
    end_periods(r, r->a->to_day);
    return TB_ACCOUNTING_DONE;
}

enum tb_accounting_answer tb_accounting_run(struct tb_cell *cell, const struct tb_accounting *a, uint64_t *as_of_seq,
                                            struct tb_fault *fault)
{
    struct reading r = {.a = a, .first = a->from_day - 1, .next = a->from_day};
    struct tb_books_unit *unit = calloc(TB_BOOKS_UNITS_MAX, sizeof *unit);
    struct tb_cohort *cohort = calloc(TB_BOOKS_COHORTS_MAX, sizeof *cohort);
    void *region = malloc(SCRATCH_BYTES);
    tb_assert(a->from_day < a->to_day);
    tb_assert(unit != NULL && cohort != NULL && region != NULL);
    tb_books_init(&r.books, unit, TB_BOOKS_UNITS_MAX, cohort, TB_BOOKS_COHORTS_MAX);
    tb_arena_init(&r.scratch, region, SCRATCH_BYTES);
    struct tb_feed_reader *feed = NULL;
    enum tb_accounting_answer answer = TB_ACCOUNTING_FAULT;
    if (tb_feed_open(cell, a->tenant, &feed, fault)) {
        if (read_all(&r, feed, fault))
            answer = answer_of(&r, fault);
        tb_feed_close(feed);
    }
    *as_of_seq = r.last;
    free(region);
    free(cohort);
    free(unit);
    return answer;
}
