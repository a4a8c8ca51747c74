// SPDX-License-Identifier: Apache-2.0
/* tests/crash/folder.h - a data folder opened with the real parts: key store, journal, SQL
 * state, cell. As cli/node.h does it, with small segments and flushes, so that seals and
 * checkpoints are under way at most moments.                                            */
#ifndef TB_TESTS_CRASH_FOLDER_H
#define TB_TESTS_CRASH_FOLDER_H

#include "border/open.h"
#include "engine/cell.h"
#include "http/vault.h"

struct folder {
    struct tb_keystore *keys;
    struct tb_desk *desk;
    struct tb_vault vault;
    struct tb_journal *journal;
    struct tb_state *state;
    struct tb_cell_tables tables;
    struct tb_core_env env;
    struct tb_cell_options options;
    struct tb_cell *cell;
};

struct folder_options {
    const char *data;
    const char *journal; /* NULL = data/journal; or a conninfo of libpq */
    const char *state;   /* NULL = data/state.db; or a conninfo */
    uint64_t segment_bytes;
    int64_t space_low_bytes; /* 0 = the engine's */
    int64_t reserve_bytes;   /* 0 = the journal's */
};

/* Opens, recovers, starts. */
TB_MUST_USE bool folder_open(struct folder *f, const struct folder_options *o, struct tb_fault *fault);
/* flush false: leaves the SQL state as it is. */
void folder_close(struct folder *f, bool flush);

#endif
