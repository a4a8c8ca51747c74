// SPDX-License-Identifier: Apache-2.0
/* cli/import/import.h - one import under way: what its kinds (orders, people, products)
 * share.
 *
 *   rows -> rules (ignore, reject) -> the kind's own reading -> commands in waves -> tally
 *
 * A kind is a struct tb_import_kind_ops: it takes a row that passed the rules, and flushes
 * what it has gathered. It calls tb_import_reject for what it refuses and raises the counts
 * of tally for what was done. Rows that an earlier, interrupted run has accounted for are
 * given again (imp->skipping), so that a kind which remembers (orders to match, customers
 * seen) remembers the same; it neither sends nor counts them.
 * Threads   one.                                                                         */
#ifndef TB_CLI_IMPORT_IMPORT_H
#define TB_CLI_IMPORT_IMPORT_H

#include "cli/cli.h"
#include "cli/import/map.h"
#include "cli/import/tally.h"
#include "cli/wave.h"
#include "core/identity/identity.h"

#define TB_IMPORT_WAVE 4096u

struct tb_import;

struct tb_import_kind_ops {
    /* False: the import ends with imp->fault. */
    bool (*open)(struct tb_import *imp);
    bool (*row)(struct tb_import *imp, const struct tb_row *row);
    /* all: the file has ended (or the import is being stopped: then not all). */
    bool (*flush)(struct tb_import *imp, bool all);
    void (*close)(struct tb_import *imp);
};
extern const struct tb_import_kind_ops tb_import_orders, tb_import_people, tb_import_products;

struct tb_import {
    struct tb_cli *cli;
    struct tb_import_map *map;
    struct tb_desk *desk;
    const struct tb_import_kind_ops *ops;
    void *kind; /* the kind's own */
    uint32_t tenant;  /* 0: a dry run for a tenant that is not there yet */
    uint32_t digits;  /* of the tenant's currency */
    struct tb_hash_key hash_key;
    bool dry;
    bool skipping;    /* the row at hand was accounted for before */
    int64_t skip_row; /* rows up to this one, in the first file */
    int64_t skip_groups;
    int64_t saved_ns; /* of the last checkpoint */
    bool last_checkpoint; /* the next one is due whatever the time */
    struct tb_tally tally;
    struct tb_wave wave;
    struct tb_arena arena; /* of the row at hand */
    FILE *rejects;
    long rejects_most; /* bytes; rows beyond are counted alone. 0 = no bound */
    const char *file; /* base name of the file at hand */
    char progress[4200];
    void *known; /* codes asked for, import.c */
    uint32_t known_n;
    struct tb_bar bar;
    struct tb_fault fault;
};

/* One row is rejected: counted and written down, unless it is being skipped. */
void tb_import_reject(struct tb_import *imp, int64_t row, int64_t line, struct tb_str reason,
                      const char *detail);
/* The same for a refusal of core. */
void tb_import_reject_code(struct tb_import *imp, int64_t row, int64_t line,
                           const struct tb_answer *a);
/* The map's identifiers of a row; strings live in a. False: rejected with *reason. Values
 * that are empty or identify nobody are left out.                                         */
bool tb_import_identifiers(struct tb_import *imp, const struct tb_row *row, struct tb_arena *a,
                           struct tb_identifier *out, uint32_t *n, const char **reason);
/* The number of an object of the tenant by its code; 0: there is none (remembered). */
uint32_t tb_import_object(struct tb_import *imp, enum tb_kind kind, struct tb_str code);
/* Everything sent so far has been answered and counted: remembers how far, twice a second. */
bool tb_import_checkpoint(struct tb_import *imp);

/* A set of 64-bit fingerprints that only grows. */
struct tb_seen {
    uint64_t *slot;
    uint32_t cap;
    uint32_t n;
};
/* True when it was not there. */
bool tb_seen_add(struct tb_seen *s, uint64_t key);
void tb_seen_free(struct tb_seen *s);

#endif
