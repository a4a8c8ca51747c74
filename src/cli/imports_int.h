// SPDX-License-Identifier: Apache-2.0
/* cli/imports_int.h - the parts of imports*.c. Not for other files. */
#ifndef TB_CLI_IMPORTS_INT_H
#define TB_CLI_IMPORTS_INT_H

#include <pthread.h>

#include "cli/cli.h"
#include "cli/imports.h"
#include "core/catalog/objects.h"

enum import_state { UPLOADING = 0, READY, WAITING, RUNNING, ENDED, STOPPED, FAILED, IMPORT_STATES };

#define IMPORT_NAME_BYTES 200u
#define IMPORT_PATH_BYTES 4600u
#define IMPORT_SUM_CHARS 64u

/* What lies in the folder's file "state". */
struct import_meta {
    uint32_t kind;  /* of import_kinds */
    uint32_t state; /* enum import_state */
    uint32_t dry;   /* the newest run wrote nothing */
    uint32_t by;    /* key number of whoever asked for it */
    int64_t size;   /* that the file is to have */
    int64_t made_ms;
    int64_t asked_ms; /* for the newest run */
    int64_t started_ms;
    int64_t ended_ms;
    int64_t rows;
    char name[IMPORT_NAME_BYTES + 2]; /* and what ends the line */
    char message[260];
    char sum[IMPORT_SUM_CHARS + 2]; /* SHA-256 of a file that was imported for good; "" = not yet */
};

struct tb_imports {
    struct tb_node *node;
    char folder[4100];
    pthread_mutex_t lock; /* everything below, and the folders */
    pthread_cond_t wake;
    pthread_t thread;
    bool stop;
    bool stopped_by_hand;
    _Atomic bool cancel;
    struct tb_cli_progress progress;
    uint32_t tenant;     /* of the running one; 0: none runs */
    char code[TB_CODE_MAX + 1];
};

extern const char *const import_kinds[4];

/* FOLDER/<tenant>/<code>/<file>; file "" = the folder itself. */
const char *import_path(const struct tb_imports *x, uint32_t tenant, const char *code, const char *file,
                        char path[IMPORT_PATH_BYTES]);
TB_MUST_USE bool import_meta_load(const struct tb_imports *x, uint32_t tenant, const char *code,
                                  struct import_meta *m);
TB_MUST_USE bool import_meta_save(const struct tb_imports *x, uint32_t tenant, const char *code,
                                  const struct import_meta *m);
/* imports_head.c: the file's columns and first rows as JSON, or x->problem. */
void import_head(const char *path, struct tb_app_import *x);
/* imports_keep.c; the lock is held, but for the sum. */
void import_clear(const struct tb_imports *x, uint32_t tenant, const char *code);
/* When the file at path goes without a run; 0 = it is gone, or in use. */
int64_t import_file_until(const char *path, const struct import_meta *m);
/* In hexadecimal; "" when it cannot be read. The worker's alone. */
void import_file_sum(const char *path, char hex[IMPORT_SUM_CHARS + 1]);
/* Files whose time is over, and what a process that ended left half-done. */
void import_sweep(const struct tb_imports *x, int64_t now_ms);
/* imports_run.c: the worker. */
void *import_worker(void *imports);

#endif
