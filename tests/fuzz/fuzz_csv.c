// SPDX-License-Identifier: Apache-2.0
/* Arbitrary bytes as CSV: bounded, no crash, and the same rows however the stream is cut. */
#include <stdlib.h>
#include <string.h>

#include "border/csv.h"

struct bytes {
    const uint8_t *p;
    size_t n;
    size_t at;
    size_t piece;
};

static int64_t pull(void *user, void *into, size_t cap, struct tb_fault *fault)
{
    struct bytes *b = user;
    (void)fault;
    size_t n = b->n - b->at;
    if (n > b->piece)
        n = b->piece;
    if (n > cap)
        n = cap;
    if (n)
        memcpy(into, b->p + b->at, n);
    b->at += n;
    return (int64_t)n;
}

/* A digest of everything that the reader said. */
static uint64_t digest(const uint8_t *p, size_t n, size_t piece, const struct tb_csv_limits *limits)
{
    struct bytes b = {p, n, 0, piece};
    struct tb_csv csv;
    struct tb_csv_row row;
    struct tb_fault fault;
    uint64_t h = 14695981039346656037u;
    uint64_t last_line = 0;
    enum tb_csv_answer answer;
    void *memory = malloc(tb_csv_memory_bytes(limits));
    tb_csv_init(&csv, limits, memory, pull, &b);
    while ((answer = tb_csv_next(&csv, &row, &fault)) != TB_CSV_END) {
        tb_assert(answer != TB_CSV_FAULT);
        tb_assert(row.line > last_line && row.number <= n + 1);
        last_line = row.line;
        h = (h ^ (uint64_t)answer ^ (row.line << 8)) * 1099511628211u;
        for (uint32_t i = 0; i < row.n; i++) {
            tb_assert(row.field[i].n <= limits->field_bytes);
            for (uint32_t k = 0; k < row.field[i].n; k++)
                h = (h ^ (uint8_t)row.field[i].p[k]) * 1099511628211u;
            h = (h ^ 0x1ff) * 1099511628211u;
        }
    }
    tb_assert(b.at == n); /* the end is the end of the input, never earlier */
    free(memory);
    return h;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct tb_csv_limits limits = {1 + data[0] % 8, 1 + data[0] / 8, 1 + data[1] / 2u, ",;\t|"[data[0] % 4]};
    uint64_t whole = digest(data + 2, size - 2, SIZE_MAX, &limits);
    tb_assert(digest(data + 2, size - 2, 1, &limits) == whole);
    tb_assert(digest(data + 2, size - 2, 1 + data[1] % 7, &limits) == whole);
    return 0;
}
