// SPDX-License-Identifier: Apache-2.0
#include "core/checkout/refund.h"

#include <string.h>

/* Takes what a row lacks out of column c of that row and gives it to the first rows with room. */
static void repair(int64_t *left, uint32_t row_n, int64_t *cell, uint32_t tender_n, uint32_t c)
{
    uint32_t to = 0;
    for (uint32_t i = 0; i < row_n; i++) {
        while (left[i] < 0) {
            while (to < row_n && left[to] <= 0)
                to++;
            tb_assert(to < row_n);
            int64_t move = -left[i] < left[to] ? -left[i] : left[to];
            cell[i * tender_n + c] -= move;
            cell[to * tender_n + c] += move;
            left[i] += move;
            left[to] -= move;
        }
    }
}

void tb_refund_matrix(const int64_t *net, uint32_t row_n, const int64_t *tender, uint32_t tender_n, int64_t *cell)
{
    tb_assert(tender_n >= 1 && tender_n <= TB_REFUND_TENDERS_MAX && row_n <= TB_REFUND_ROWS_MAX);
    /* the last column holds what is left of each row until it is its turn */
    int64_t left[TB_REFUND_ROWS_MAX];
    int64_t part[TB_REFUND_ROWS_MAX];
    memcpy(left, net, row_n * sizeof *left);
    for (uint32_t c = 0; c + 1 < tender_n; c++) {
        memset(part, 0, row_n * sizeof *part);
        bool split = tender[c] == 0 || tb_split(tender[c], net, row_n, part);
        tb_assert(split);
        for (uint32_t i = 0; i < row_n; i++) {
            cell[i * tender_n + c] = part[i];
            left[i] -= part[i];
        }
        repair(left, row_n, cell, tender_n, c);
    }
    int64_t sum = 0;
    for (uint32_t i = 0; i < row_n; i++) {
        cell[i * tender_n + tender_n - 1] = left[i];
        sum += left[i];
    }
    tb_assert(sum == tender[tender_n - 1]);
}

/* Weight a of the next seat after s against b after t: a / (2s + 1) > b / (2t + 1). */
static bool sooner(int64_t a, int64_t s, int64_t b, int64_t t)
{
    return (__int128)a * (2 * t + 1) > (__int128)b * (2 * s + 1);
}

void tb_refund_row(const int64_t *row, uint32_t tender_n, int64_t back, int64_t *seat)
{
    int64_t whole = 0;
    for (uint32_t i = 0; i < tender_n; i++)
        whole += row[i];
    tb_assert(back >= 0 && back <= whole);
    int64_t given = 0;
    for (uint32_t i = 0; i < tender_n; i++) {
        seat[i] = 0;
        if (whole > 0) {
            bool fits = tb_mul_div(row[i], back, whole, TB_ROUND_HALF_UP, &seat[i]);
            tb_assert(fits);
        }
        given += seat[i];
    }
    /* quotas rounded are seats of a divisor near the right one: a few steps lead to it */
    while (given < back) {
        uint32_t best = 0;
        for (uint32_t i = 1; i < tender_n; i++)
            if (sooner(row[i], seat[i], row[best], seat[best]))
                best = i;
        seat[best]++;
        given++;
    }
    while (given > back) { /* the seat that came last goes: the later column first */
        uint32_t last = tender_n;
        for (uint32_t i = 0; i < tender_n; i++)
            if (seat[i] > 0 && (last == tender_n || !sooner(row[i], seat[i] - 1, row[last], seat[last] - 1)))
                last = i;
        tb_assert(last < tender_n);
        seat[last]--;
        given--;
    }
}
