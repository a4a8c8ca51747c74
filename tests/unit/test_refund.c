// SPDX-License-Identifier: Apache-2.0
/* The refund matrix: rows and columns add up, seats never fall, trap 14 to the cent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/checkout/refund.h"

static void trap_14(void **state)
{
    (void)state;
    const int64_t net[3] = {7991, 4791, 3191};
    const int64_t tender[3] = {3000, 6000, 6973};
    int64_t cell[9];
    const int64_t want[9] = {1501, 3002, 3488, 900, 1800, 2091, 599, 1198, 1394};
    tb_refund_matrix(net, 3, tender, 3, cell);
    assert_memory_equal(cell, want, sizeof want);
}

static uint64_t seed = 1;

static uint64_t dice(uint64_t n)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (seed >> 33) % n;
}

static void check_row(const int64_t *row, uint32_t tenders)
{
    int64_t whole = 0;
    int64_t before[TB_REFUND_TENDERS_MAX] = {0};
    int64_t seat[TB_REFUND_TENDERS_MAX];
    for (uint32_t k = 0; k < tenders; k++)
        whole += row[k];
    int64_t step = whole > 60 ? whole / 60 : 1;
    for (int64_t back = 0; back <= whole; back += back + step > whole && back < whole ? whole - back : step) {
        int64_t sum = 0;
        tb_refund_row(row, tenders, back, seat);
        for (uint32_t k = 0; k < tenders; k++) {
            assert_true(seat[k] >= before[k] && seat[k] <= row[k]);
            before[k] = seat[k];
            sum += seat[k];
        }
        assert_int_equal(sum, back);
    }
    for (uint32_t k = 0; k < tenders; k++)
        assert_int_equal(before[k], row[k]);
}

static void random_matrices(void **state)
{
    (void)state;
    for (uint32_t round = 0; round < 20000; round++) {
        uint32_t rows = 1 + (uint32_t)dice(6);
        uint32_t tenders = 1 + (uint32_t)dice(5);
        int64_t net[6];
        int64_t tender[5];
        int64_t cell[30];
        int64_t left = 0;
        uint64_t size = dice(3) ? 12 : 100000;
        for (uint32_t i = 0; i < rows; i++)
            left += net[i] = (int64_t)dice(size);
        for (uint32_t k = 0; k < tenders; k++) {
            tender[k] = k + 1 == tenders ? left : (int64_t)dice((uint64_t)left + 1);
            left -= tender[k];
        }
        tb_refund_matrix(net, rows, tender, tenders, cell);
        for (uint32_t k = 0; k < tenders; k++) {
            int64_t sum = 0;
            for (uint32_t i = 0; i < rows; i++)
                sum += cell[i * tenders + k];
            assert_int_equal(sum, tender[k]);
        }
        for (uint32_t i = 0; i < rows; i++) {
            int64_t sum = 0;
            for (uint32_t k = 0; k < tenders; k++) {
                assert_true(cell[i * tenders + k] >= 0);
                sum += cell[i * tenders + k];
            }
            assert_int_equal(sum, net[i]);
            check_row(cell + i * tenders, tenders);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(trap_14), cmocka_unit_test(random_matrices)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
