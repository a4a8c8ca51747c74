// SPDX-License-Identifier: Apache-2.0
/* tests/contract/journal_kit.h - a store a test, and the shorthands of test_journal.c. */
#ifndef TB_TESTS_JOURNAL_KIT_H
#define TB_TESTS_JOURNAL_KIT_H

#include "contract.h"

extern struct tb_fault fault;
extern char bytes[TB_BATCH_BYTES_MAX];

/* Every test has a store of its own. */
void fresh_store(void);
enum tb_journal_answer try_open(struct tb_journal **j);
struct tb_journal *open_store(void);
enum tb_journal_answer append(struct tb_journal *j, const struct tb_batch *b, uint32_t n);
void append_done(struct tb_journal *j, const struct tb_batch *b, uint32_t n);
/* Appends n batches of `size` bytes after *last (number 0: none) and moves it. */
void append_many(struct tb_journal *j, struct tb_batch *last, int n, uint32_t size);
/* Reads from `from` to the end: the answer that is not DONE; *count batches before it. */
enum tb_journal_answer read_all(struct tb_journal *j, uint64_t from, uint64_t *count);
uint64_t first_of(struct tb_journal *j);
struct tb_batch last_of(struct tb_journal *j);
/* SQLite, one segment of 1 MiB, nothing free beyond the reserve: how many batches of 64 KiB are
 * taken before NO_SPACE, which is checked.                                                    */
uint64_t fill_without_space(bool no_prefill);
/* What a child has written: the last number; before when it wrote none. */
uint64_t last_acknowledged(FILE *out, uint64_t before);
/* SQLite: a segment's file; changes one bit where it holds the needle. */
void segment_path(char *path, size_t n, int seq);
void flip_byte(const char *path, const char *needle, size_t needle_n);

/* journal_own.c: of one implementation each */
void test_damaged_page(void **state);
void test_sealed_is_plain(void **state);
void test_no_space(void **state);
void test_used_log(void **state);
void test_lock(void **state);
void test_failed_sync(void **state);
void test_two_writers(void **state);
void test_restart(void **state);
void test_frozen_writer(void **state);
void test_server_is_checked(void **state);
void test_switches(void **state);

#endif
