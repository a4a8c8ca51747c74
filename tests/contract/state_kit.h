// SPDX-License-Identifier: Apache-2.0
/* tests/contract/state_kit.h - a data base a test, and the shorthands of test_state.c. */
#ifndef TB_TESTS_STATE_KIT_H
#define TB_TESTS_STATE_KIT_H

#include "contract.h"
#include "engine/port_state.h"

extern struct tb_fault fault;

#define SCHEMA 3
enum { RECORD, MEMBER, ORDER, TABLE_N };
extern const struct tb_table table[TABLE_N];

struct tb_value i64(int64_t v);
struct tb_value str(const char *s);
struct tb_value null(void);
#define ROW(...) ((const struct tb_value[]){__VA_ARGS__})

enum tb_state_answer try_open(struct tb_state **s);
/* Fails the test with the fault's text. */
void done(enum tb_state_answer a);
struct tb_state *open_store(void);
struct tb_state *fresh(void);
void begin(struct tb_state *s);
void put(struct tb_state *s, int t, const struct tb_value *v);
enum tb_state_answer commit(struct tb_state *s, uint64_t epoch, uint64_t batch);
struct tb_state_reader *reader(struct tb_state *s);

/* Rows as text, "a|b|c\n" each, so that a test compares whole answers. */
struct rows {
    char text[8192];
    size_t n;
    int count;
    int stop_after;
    const struct tb_table *table; /* NULL: values of query */
};
bool take_row(void *user, const struct tb_value *v, uint32_t n);
void scan_is(struct tb_state *s, int t, const struct tb_value *from, const char *wanted);

/* state_rows.c */
void test_new_rows(void **state);
void test_many_rows(void **state);
void test_another_writer(void **state); /* PostgreSQL alone */

/* state_own.c: where there is SQL; of one implementation each */
void test_query(void **state);
void test_snapshot(void **state);
void test_one_owner(void **state);
void test_restart(void **state);
void test_frozen_flusher(void **state);
void test_remarks(void **state);
void test_switches(void **state);

#endif
