// SPDX-License-Identifier: Apache-2.0
/* state/sqlite/ease.h - large syncs go to the disk by the MiB, so that the journal's small ones pass between.
 *
 * A checkpoint syncs the log and then the file, hundreds of MiB each. Given to the disk at once, a sync of the
 * journal waits behind all of it, and with it every answer. What is eased is on the disk already when SQLite syncs:
 * its syncs stay, and durability rests on them alone (sync_file_range promises nothing).
 * For the thread that writes. Not here: when a checkpoint is due (state_sqlite.c).                     */
#ifndef TB_STATE_SQLITE_EASE_H
#define TB_STATE_SQLITE_EASE_H

#include <sqlite3.h>

#define TB_EASE_TOGETHER ((off_t)1 << 20) /* bytes on their way at once */

struct tb_ease {
    sqlite3_io_methods methods; /* the file's own, but for xSync: first, the file's pointer leads here */
    int (*sync)(sqlite3_file *file, int flags);
    int fd; /* closing any descriptor of a file drops the process' locks on it: after the connection */
};

/* The syncs of db's main file are eased until it is closed; without effect where path cannot be opened. */
void tb_ease_begin(struct tb_ease *e, sqlite3 *db, const char *path);
/* After the connection is closed, and when tb_ease_begin never was called (all zero). */
void tb_ease_end(struct tb_ease *e);
/* What is dirty of the log of the file at path. */
void tb_ease_log(const char *path);

#endif
