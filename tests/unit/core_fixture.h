// SPDX-License-Identifier: Apache-2.0
/* A cell for tests: runs commands as the engine does, without it.
 *
 * Every command's events are replayed at once into a second cell. fx_prove() then shows
 * that replay = live and loading = live, byte for byte, and that core's own audit finds
 * nothing; refusals are undone, so it shows too that they left no trace. fx_free proves. */
#ifndef TB_TEST_CORE_FIXTURE_H
#define TB_TEST_CORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/catalog/catalog.h"
#include "core/consent/consent.h"
#include "core/identity/identity.h"
#include "core/ops.h"

#define FX_DAY TB_DAY_MS
#define FX_NOW (INT64_C(20700) * TB_DAY_MS) /* 2026-09-04 */
#define S(literal) TB_STR(literal)

struct fx {
    struct tb_core core;
    struct tb_core mirror;
    struct tb_txn txn;
    struct tb_txn mirror_txn;
    struct tb_arena scratch;
    struct tb_arena mirror_scratch;
    struct tb_answer a;
    int64_t now_ms;
    uint64_t seq;
    uint32_t tenant;
    uint32_t actor; /* key of the caller; 0: number 1, of which nothing is known */
    uint64_t event_n;    /* of the last command */
    uint64_t event_bytes;
    bool mirrored; /* false: a bench, no second cell */
};

/* What the tenant was put with. */
struct tb_cmd_tenant_put fx_tenant(void);
struct fx *fx_new(void);      /* with a tenant, all switches on */
struct fx *fx_bench(void);    /* without the second cell */
void fx_free(struct fx *f);   /* proves and frees */
void fx_prove(struct fx *f);

/* Runs, commits or undoes. */
enum tb_outcome fx_run(struct fx *f, enum tb_op op, const void *input);
void fx_done(struct fx *f, enum tb_op op, const void *input); /* asserts DONE with OK */
void fx_refused(struct fx *f, enum tb_op op, const void *input, enum tb_code code,
                const char *field);

/* A room's functions as one command would use them: committed and mirrored when the step says OK,
 * undone otherwise. Returns what it said. */
typedef enum tb_code (*fx_step_fn)(struct tb_txn *t, void *user);
enum tb_code fx_step(struct fx *f, fx_step_fn step, void *user);

/* Field of the last answer's body: its number-th occurrence, 0 when absent. */
uint64_t fx_uint(struct fx *f, uint32_t field, uint32_t number);
struct tb_str fx_bytes(struct fx *f, uint32_t field, uint32_t number);

uint32_t fx_code(struct fx *f, enum tb_kind kind, const char *code);
/* An identifier as the border would make it. */
struct tb_identifier fx_id(struct fx *f, const char *ns, const char *value, bool verified);
/* Changes limits of a namespace that exists. */
void fx_namespace(struct fx *f, const char *code, enum tb_namespace_class class_no,
                  int64_t priority, int64_t limit, int64_t window_days, int64_t gap_days);

/* A contact; returns the booking profile. */
uint32_t fx_contact(struct fx *f, const struct tb_identifier *ids, uint32_t n, int64_t at_ms);
struct tb_block *fx_person(struct fx *f, uint64_t profile);
uint32_t fx_person_no(struct fx *f, uint64_t profile);
struct tb_str fx_packed(struct tb_store *s, struct tb_block *b); /* malloc'ed */
int64_t fx_count(struct fx *f, enum tb_tenant_count count);

#endif
