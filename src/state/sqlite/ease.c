// SPDX-License-Identifier: Apache-2.0
#include "state/sqlite/ease.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "state/sqlite/inside.h"

#define TO_DISK (SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER)

/* A part that is clean costs a look. */
static void ease(int fd)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return;
    for (off_t at = 0; at < st.st_size; at += TB_EASE_TOGETHER)
        if (sync_file_range(fd, at, TB_EASE_TOGETHER, TO_DISK) != 0)
            return; /* the sync that follows says what is wrong */
}

static int ease_and_sync(sqlite3_file *file, int flags)
{
    const struct tb_ease *e = (const struct tb_ease *)file->pMethods;
    ease(e->fd);
    return e->sync(file, flags);
}

void tb_ease_begin(struct tb_ease *e, sqlite3 *db, const char *path)
{
    sqlite3_file *file = NULL;
    if (sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK || file == NULL ||
        file->pMethods == NULL)
        return;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    *e = (struct tb_ease){.methods = *file->pMethods, .sync = file->pMethods->xSync, .fd = fd};
    e->methods.xSync = ease_and_sync;
    file->pMethods = &e->methods;
}

void tb_ease_end(struct tb_ease *e)
{
    if (e->sync != NULL)
        close(e->fd);
    *e = (struct tb_ease){0};
}

void tb_ease_log(const char *path)
{
    char log[TB_STATE_PATH_MAX + 8];
    snprintf(log, sizeof log, "%s-wal", path);
    int fd = open(log, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    ease(fd);
    close(fd);
}
