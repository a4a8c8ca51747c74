// SPDX-License-Identifier: Apache-2.0
/* tests/contract/contract.h - what the contract programs share: a scratch folder, a
 * private PostgreSQL server, chained batches, children that can be killed.            */
#ifndef TB_TESTS_CONTRACT_H
#define TB_TESTS_CONTRACT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include <cmocka.h>

#include "engine/port_journal.h"

enum backend { MEMORY, SQLITE, POSTGRES };
extern enum backend backend;
extern const char *scratch;  /* the program's folder */
extern const char *conninfo; /* of its server; NULL: none */
extern char store[600];      /* file, folder, schema or table of the test that runs */
/* The next test's store; suffix: of a file. */
void store_next(const char *name, const char *suffix);

/* main of a suite: NAME memory|sqlite|postgres. A case that needs a process of its own starts
 * NAME BACKEND child STORE CONNINFO ...; then child is called.                           */
int contract_main(int argc, char **argv, int (*run)(void), int (*child)(int argc, char **argv));
/* The groups that fit the backend; how many tests failed. lasting: not for memory; own: of one backend. */
struct tests {
    const struct CMUnitTest *test;
    size_t n;
};
#define TESTS(array) ((struct tests){array, sizeof(array) / sizeof *(array)})
int run_groups(struct tests all, struct tests lasting, const struct tests own[3]);

/* A folder that scratch_end removes. Beside the executable, so that it is on a disk. */
const char *scratch_begin(void);
void scratch_end(void);

/* Starts the server below the scratch folder; exits with 77 when there is none. Returns
 * its conninfo. verb: restart, kill, again (tools/pg_for_tests.sh).                     */
const char *server_start(void);
void server_do(const char *verb);
void server_stop(void);
/* Runs SQL on a connection of its own; asserts success. */
void server_sql(const char *sql);

/* The batch that follows prev (NULL: batch 1). body is borrowed. */
struct tb_batch batch_after(const struct tb_batch *prev, uint64_t writer, struct tb_str body);

/* Starts this program again with the arguments, its stdout on the returned pipe. env is
 * NAME=VALUE pairs, NULL-terminated, or NULL.                                           */
pid_t child_start(const char *const *argv, char *const *env, int *out_fd);
/* Waits until it has written something (10 s at most). */
void child_speaks(int fd);
int child_wait(pid_t pid); /* exit code, or 128 + signal */

int64_t clock_ms(void);
extern char *program_path;

#endif
