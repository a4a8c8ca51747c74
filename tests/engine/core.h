// SPDX-License-Identifier: Apache-2.0
/* tests/engine/core.h - a small core behind core/core.h, to test the engine alone.
 *
 * A person has a balance that never goes below zero; its number names it outside. Orders
 * are sparse and may be cold. Everything the engine must handle is in it: several steps
 * with a late refusal, cold rows, timers, jobs, dropped blocks, reads.                  */
#ifndef TB_TESTS_ENGINE_CORE_H
#define TB_TESTS_ENGINE_CORE_H

#include "core/core.h"
#include "core/job/job.h"

enum {
    TEST_KIND_PERSON = 2,
    TEST_KIND_ORDER = 4,
    TEST_KINDS = TB_KIND_JOB + 1,
};
enum { TEST_MAP_PERSON = 0, TEST_MAP_KEY = 1 /* facts */ };
enum { TEST_COUNTER_PERSON = 1, TEST_COUNTER_ORDER = 2, TEST_COUNTER_JOB = 3 };

enum {
    TEST_OP_ADD = 100,  /* creates the person, adds amount; INSUFFICIENT below zero */
    TEST_OP_GET = 101,  /* READ: field 1 = balance, field 2 = number of additions */
    TEST_OP_BOOK = 102, /* an order of the person, with `order` as its outside key (0 = none), taken
                           for ever: ORDER_EXISTS; field 1 = its id */
    TEST_OP_TAKE = 103, /* takes amount from an order, which may be cold */
    TEST_OP_DROP = 104, /* an order goes */
    TEST_OP_JOB = 105,  /* adds 1 to every person of the tenant, 10 a step */
};

struct test_input {
    uint64_t person; /* its number */
    int64_t amount;
    int64_t due_ms; /* 0 = no timer */
    uint64_t order;
    struct tb_str note;
};

struct test_person {
    uint32_t tenant;
    uint32_t additions;
    int64_t balance;
    int64_t due_ms;
    uint64_t number;
    uint64_t last_seq;
};

struct test_order {
    uint32_t tenant;
    uint32_t taken;
    uint64_t person;
    int64_t left;
};

/* Field 1 (or another) of an answer. */
uint64_t test_answer(const struct tb_answer *a, uint32_t field);
/* Balance of a person; -1 = there is none. */
int64_t test_balance(struct tb_core *c, uint32_t tenant, uint64_t person);
/* How many additions events a person has seen. */
uint64_t test_additions(struct tb_core *c, uint32_t tenant, uint64_t person);
/* Everything but orders (they may be cold), in a fixed order, for comparing two stores. */
void test_dump(struct tb_core *c, void (*line)(void *user, const void *bytes, size_t n), void *user);

#endif
