// SPDX-License-Identifier: Apache-2.0
/* http/accounting.h - the books of a tenant, from its feed: journal entries by period, cohorts (core/books).
 *
 * The feed (engine/cell.h) is read from its first entry: cohorts are cumulative, and SQL keeps all of the
 * history even where the journal was pruned. The published tables would not do: a transfer's row does not name
 * its lots, so it has no cohort. Days are of the tenant's zone; an entry belongs to the day on which it was
 * decided, so periods that are over never change (docs/design/0017-accounting.md).
 *
 * Invariant   every period's entries are balanced, and all of them up to a day add up to the liability then.
 * Threads     one a run, any thread that may block: about 2 us an entry of the history.
 * Memory      20 MB of address space, touched as far as there are cohorts.                      */
#ifndef TB_HTTP_ACCOUNTING_H
#define TB_HTTP_ACCOUNTING_H

#include "base/fault.h"
#include "core/books/books.h"
#include "engine/cell.h"
#include "http/json_write.h"

enum tb_accounting_by { TB_ACCOUNTING_MONTH = 0, TB_ACCOUNTING_DAY };

struct tb_accounting {
    uint32_t tenant;
    const struct tb_zone *zone;
    int32_t from_day;
    int32_t to_day; /* up to, not including */
    int32_t today;  /* periods that end before it are over: their entries are final */
    enum tb_accounting_by by;
    bool (*go_on)(void *asker); /* asked now and then; NULL = always */
    void *asker;
    /* first .. last: days of the period. Either may be NULL. */
    void (*entry)(void *user, int32_t first, int32_t last, const struct tb_books_entry *e);
    void (*period)(void *user, int32_t first, int32_t last, const struct tb_books *b);
    void *user;
};

enum tb_accounting_answer {
    TB_ACCOUNTING_DONE = 0,
    TB_ACCOUNTING_STOPPED, /* go_on said so */
    TB_ACCOUNTING_TOO_LARGE, /* more units or cohorts than the books hold */
    TB_ACCOUNTING_FAULT,
};

/* The last call of entry and period come before it returns. *as_of_seq: tenant's entries that were read. */
TB_MUST_USE enum tb_accounting_answer tb_accounting_run(struct tb_cell *cell, const struct tb_accounting *a,
                                                        uint64_t *as_of_seq, struct tb_fault *fault);

/* "2026-03" (ten bytes of room); the row of debts: "debt". */
void tb_accounting_cohort(struct tb_buf *b, int32_t month);
/* An entry's number: the same in every export of its period, unique in a tenant's books. */
void tb_accounting_number(struct tb_buf *b, int32_t first, int32_t last, const struct tb_books_entry *e);
extern const char *const tb_accounting_origins[TB_BOOKS_ORIGINS]; /* "sale", "grant", "card" */
/* Entries of these reasons say where their value came from. */
static inline bool tb_accounting_by_origin(const struct tb_books_entry *e)
{
    return e->reason == TB_BOOKS_DEFERRED || e->reason == TB_BOOKS_TAKEN_BACK;
}

/* The whole report as one JSON object: schema Accounting of api/operations.toml. Uses a's periods and go_on,
 * not its other callbacks. */
TB_MUST_USE enum tb_accounting_answer tb_accounting_report(struct tb_cell *cell, const struct tb_accounting *a,
                                                           struct tb_str currency, struct tb_json_out *o,
                                                           struct tb_fault *fault);

#endif
