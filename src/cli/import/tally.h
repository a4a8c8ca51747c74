// SPDX-License-Identifier: Apache-2.0
/* cli/import/tally.h - what became of every row, and where an interrupted import goes on.
 *
 * Invariant   rows = accepted + rejected + ignored, at the end and for every reason.
 * Files       rejects: "file,row,line,reason,detail" one a rejected row, CSV. Progress:
 *             DATA/imports/<map and files>.progress, a few numbers, replaced atomically; an
 *             import of the same files with the same map goes on after the rows it names.
 * Money       exact sums in billionths of the currency's unit (128 bits).                */
#ifndef TB_CLI_IMPORT_TALLY_H
#define TB_CLI_IMPORT_TALLY_H

#include <stdio.h>

#include "base/fault.h"
#include "base/text.h"

typedef __int128 tb_nano;

/*    NAME, "name in reports" */
#define TB_COUNTS(X)                                  \
    X(ROWS, "rows")                                   \
    X(ACCEPTED, "accepted")                           \
    X(REJECTED, "rejected")                           \
    X(IGNORED, "ignored")                             \
    X(ORDERS, "orders_new")                           \
    X(ORDERS_STOOD, "orders_unchanged")               \
    X(ORDERS_REFUSED, "orders_refused")               \
    X(LINES, "lines_sold")                            \
    X(LINES_BACK, "lines_returned")                   \
    X(LINES_PART, "lines_returned_in_part")           \
    X(RETURNS, "returns_new")                         \
    X(RETURNS_STOOD, "returns_unchanged")             \
    X(RETURNS_REFUSED, "returns_refused")             \
    X(PERSONS, "persons_new")                         \
    X(MERGES, "persons_joined")                       \
    X(CONTACTS, "contacts")                           \
    X(ENROLLED, "members_new")                        \
    X(ENROLLED_STOOD, "members_unchanged")            \
    X(ENROLLED_REFUSED, "members_refused")            \
    X(ATTRIBUTES, "attributes_set")                   \
    X(CONSENTS, "consents_recorded")                  \
    X(PRODUCTS, "products_new")                       \
    X(PRODUCTS_CHANGED, "products_changed")           \
    X(PRODUCTS_STOOD, "products_unchanged")

enum tb_count {
#define TB_COUNT_ROW(name, text) TB_N_##name,
    TB_COUNTS(TB_COUNT_ROW)
#undef TB_COUNT_ROW
    TB_N_COUNT
};

/*    NAME, "name in reports": value of the rows, exactly */
#define TB_SUMS(X)                                       \
    X(FILE, "file")                                      \
    X(SOLD, "sold")                                      \
    X(BACK, "returned")                                  \
    X(ROUNDING, "rounding")                              \
    X(UNMATCHED, "returned_without_purchase")            \
    X(DEARER, "returned_above_the_purchase_price")       \
    X(REFUSED, "rejected")

enum tb_sum {
#define TB_SUM_ROW(name, text) TB_SUM_##name,
    TB_SUMS(TB_SUM_ROW)
#undef TB_SUM_ROW
    TB_SUM_COUNT
};

#define TB_REASONS_MAX 64u
#define TB_REASON_CHARS 64u

struct tb_reason {
    char name[TB_REASON_CHARS + 1];
    bool ignored;
    int64_t rows;
};

struct tb_tally {
    int64_t n[TB_N_COUNT];
    tb_nano sum[TB_SUM_COUNT];
    struct tb_reason reason[TB_REASONS_MAX];
    uint32_t reason_n;
    /* how far: files done, then within the next one */
    int64_t file;
    int64_t row;    /* rows read whose fate is in this tally */
    int64_t groups; /* groups closed, likewise */
    int64_t rejects_bytes;
};

/* Counts rows under a reason. */
void tb_tally_reason(struct tb_tally *t, struct tb_str reason, bool ignored, int64_t rows);

/* A progress file. False from load: there is none that fits. */
TB_MUST_USE bool tb_progress_load(const char *path, struct tb_tally *t);
TB_MUST_USE bool tb_progress_save(const char *path, const struct tb_tally *t, struct tb_fault *fault);

/* What the person reads: one line a figure, and the reasons. */
void tb_tally_print(const struct tb_tally *t, uint32_t digits, bool money, FILE *to);
/* The same as one JSON object. */
void tb_tally_json(const struct tb_tally *t, uint32_t digits, bool money, FILE *to);

/* Rows, rate and time left, drawn over itself a few times a second. */
struct tb_bar {
    FILE *to; /* NULL: not drawn */
    int64_t start_ms;
    int64_t drawn_ms;
    int64_t start_done;
};
void tb_bar_draw(struct tb_bar *b, int64_t rows, int64_t done, int64_t total, bool last);

#endif
