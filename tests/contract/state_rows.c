// SPDX-License-Identifier: Apache-2.0
/* Cases of test_state.c about new rows and changes of them: an adapter may have a quicker way for what is
 * beyond everything that a table holds. */
#include "state_kit.h"

#include <inttypes.h>

/* Rows beyond all others and changes of them in one transaction: an adapter may have a quicker way for the new. */
void test_new_rows(void **state)
{
    (void)state;
    struct tb_state *s = fresh();
    begin(s);
    put(s, RECORD, ROW(i64(300), i64(1), str("far")));
    put(s, RECORD, ROW(i64(7), i64(1), str("of another kind, lower than the first")));
    put(s, RECORD, ROW(i64(7), i64(3), str("old")));
    put(s, RECORD, ROW(i64(7), i64(2), str("between")));
    put(s, RECORD, ROW(i64(7), i64(3), str("changed at once")));
    put(s, RECORD, ROW(i64(-1), i64(3), str("below")));
    put(s, ORDER, ROW(i64(5), str("five")));
    put(s, ORDER, ROW(i64(4), str("four")));
    put(s, ORDER, ROW(i64(5), str("left alone")));
    done(s->ops->drop(s, &table[ORDER], ROW(i64(6)), &fault)); /* not there */
    put(s, ORDER, ROW(i64(6), str("put after its drop")));
    put(s, ORDER, ROW(i64(7), null()));
    done(s->ops->drop(s, &table[ORDER], ROW(i64(7)), &fault));
    put(s, ORDER, ROW(i64(8), str("gone")));
    done(s->ops->drop_prefix(s, &table[ORDER], ROW(i64(8)), &fault));
    put(s, ORDER, ROW(i64(9), null()));
    done(commit(s, 1, 1));
    scan_is(s, RECORD, NULL,
            "-1|3|below\n7|1|of another kind, lower than the first\n7|2|between\n7|3|changed at once\n"
            "300|1|far\n");
    scan_is(s, ORDER, NULL, "4|four\n5|five\n6|put after its drop\n9|NULL\n");
    begin(s);
    put(s, ORDER, ROW(i64(10), str("never")));
    put(s, RECORD, ROW(i64(7), i64(9), str("never")));
    s->ops->abandon(s);
    begin(s);
    put(s, ORDER, ROW(i64(10), str("ten")));
    put(s, ORDER, ROW(i64(9), str("left alone")));
    put(s, RECORD, ROW(i64(7), i64(4), str("four")));
    put(s, RECORD, ROW(i64(300), i64(1), str("changed")));
    done(commit(s, 1, 2));
    scan_is(s, RECORD, ROW(i64(7), i64(3)), "7|3|changed at once\n7|4|four\n300|1|changed\n");
    scan_is(s, ORDER, NULL, "4|four\n5|five\n6|put after its drop\n9|NULL\n10|ten\n");
    s->ops->close(s);
}

/* More than a transaction sends at once, new and changed in turns. */
void test_many_rows(void **state)
{
    (void)state;
    enum { N = 10000 };
    static char bytes[1200];
    struct tb_state *s = fresh();
    struct tb_state_reader *r;
    memset(bytes, 'x', sizeof bytes - 1);
    for (uint64_t pass = 1; pass <= 2; pass++) {
        begin(s);
        for (int64_t i = 1; i <= N; i++) {
            put(s, RECORD, ROW(i64(1), i64(i), str(bytes + (i & 511))));
            put(s, RECORD, ROW(i64(1), i64((i + 1) / 2), str(pass == 1 ? "first" : "second")));
            put(s, ORDER, ROW(i64(i), str(pass == 1 ? "first" : "second")));
        }
        done(commit(s, 1, pass));
    }
    r = reader(s);
    for (int64_t i = 1; i <= N; i += 4999) {
        struct rows rows = {.table = &table[RECORD]};
        char wanted[1300];
        snprintf(wanted, sizeof wanted, "1|%" PRId64 "|%s\n", i, i <= N / 2 ? "second" : bytes + (i & 511));
        done(s->ops->get(r, &table[RECORD], ROW(i64(1), i64(i)), take_row, &rows, &fault));
        assert_string_equal(rows.text, wanted);
        rows = (struct rows){.table = &table[ORDER]};
        snprintf(wanted, sizeof wanted, "%" PRId64 "|first\n", i);
        done(s->ops->get(r, &table[ORDER], ROW(i64(i)), take_row, &rows, &fault));
        assert_string_equal(rows.text, wanted);
    }
    s->ops->reader_close(r);
    s->ops->close(s);
}

/* Who wrote while we held another's place takes nothing from us but one try. */
void test_another_writer(void **state)
{
    (void)state;
    struct tb_state *s = fresh(), *other = open_store();
    begin(s);
    put(s, ORDER, ROW(i64(1), str("ours")));
    done(commit(s, 1, 1));
    begin(other);
    put(other, ORDER, ROW(i64(2), str("the other's")));
    done(commit(other, 1, 2));
    begin(s);
    put(s, ORDER, ROW(i64(2), str("ours")));
    put(s, ORDER, ROW(i64(3), str("ours")));
    assert_int_equal(commit(s, 1, 3), TB_STATE_FAULT);
    assert_true(fault.retryable);
    begin(s);
    put(s, ORDER, ROW(i64(2), str("ours")));
    put(s, ORDER, ROW(i64(3), str("ours")));
    done(commit(s, 1, 3));
    scan_is(s, ORDER, NULL, "1|ours\n2|the other's\n3|ours\n");
    other->ops->close(other);
    s->ops->close(s);
}
