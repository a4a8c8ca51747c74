// SPDX-License-Identifier: Apache-2.0
/* tests/crash/lost_undo.h - what a loss of power may take back. Inside the shim.
 *
 * For every file under one folder: which 512-byte sectors were written since the file was
 * last synced, and what stood there then; for every folder: which names were made, renamed
 * or removed since the folder was last synced. undo_lose restores a random part of it, so
 * that the disk is as some disk could be after the power went.
 *
 * The model   A sector is written wholly or not at all; sectors and sizes of a file are
 *   independent of each other; changes of names in a folder become durable in their order; a
 *   sync of a file says nothing about its name. After a sync that failed the pages count as
 *   clean (Linux): later syncs do not write them, unless they are written to again.
 * Threads     the caller holds one lock around every call.
 * Not here    which calls are watched (shim_lost_writes.c). Memory-mapped writes are not
 *   seen: SQLite's -shm is no durable state, and is removed.                              */
#ifndef TB_TESTS_CRASH_LOST_UNDO_H
#define TB_TESTS_CRASH_LOST_UNDO_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The libc functions that the shim stands in front of. */
struct real_calls {
    int (*open)(const char *, int, ...);
    ssize_t (*pwrite)(int, const void *, size_t, off_t);
    int (*ftruncate)(int, off_t);
    int (*unlink)(const char *);
    int (*rename)(const char *, const char *);
    int (*mkdir)(const char *, mode_t);
};
extern struct real_calls real;

/* folder: absolute. Reads what an earlier process handed over, if the file is there. */
void undo_init(const char *folder, const char *handover, uint64_t seed);
bool undo_watches(const char *path);

/* Before the call that changes. fd must be readable. */
void undo_before_write(int fd, off_t at, size_t n);
void undo_before_truncate(int fd, off_t size);
void undo_synced(int fd, bool failed);
/* After the call that changed. */
void undo_made(const char *path, bool folder);
/* Before unlink or rename: keeps the file alive. */
void undo_before_gone(const char *path);
void undo_before_renamed(const char *from, const char *to);

/* Takes back a random part. The process must end at once. */
void undo_lose(void);
/* Writes everything that is not durable to the file given to undo_init. */
void undo_hand_over(void);
/* True when the descriptor is of a watched file or folder. */
bool undo_watches_fd(int fd);

#endif
