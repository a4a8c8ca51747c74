// SPDX-License-Identifier: Apache-2.0
/* LD_PRELOAD: a disk that loses what was not synced.
 *
 *   LOST_DIR       folder that is watched; absolute. Nothing happens without it.
 *   LOST_AT        the power goes before the k-th change or sync in it (1 = the first)
 *   SIGUSR2        the power goes before the next one
 *   LOST_FAIL_AT   the k-th sync fails with EIO, and what it should have written is lost
 *                  to later syncs as well (Linux marks the pages clean)
 *   LOST_FAIL_WAITS=1  syncs are counted from SIGHUP on
 *   LOST_SEED      which part is lost
 *   LOST_HANDOVER  file by which a process that ends otherwise (SIGUSR1 or exit) tells the
 *                  next what is in the page cache alone
 *   LOST_NORMAL=1  "synchronous=FULL" becomes NORMAL on its way to SQLite: a wrong program,
 *                  that proves the test
 *
 * Syncs are not done for real: the page cache outlives the process. Ends with exit code 97
 * when the power went, 98 at SIGUSR1.                                                    */
/* The plain names and the 64-bit ones are both defined here. */
#undef _FILE_OFFSET_BITS
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lost_undo.h"

int open64(const char *path, int flags, ...);
int ftruncate64(int fd, off_t size);
ssize_t pwrite64(int fd, const void *p, size_t n, off_t at);
struct sqlite3;
int sqlite3_exec(struct sqlite3 *db, const char *sql, int (*row)(void *, int, char **, char **), void *user,
                 char **message);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static ssize_t (*real_write)(int, const void *, size_t);
static int (*real_exec)(struct sqlite3 *, const char *, int (*)(void *, int, char **, char **), void *, char **);
static bool active;
static volatile sig_atomic_t wanted; /* 1 the power goes, 2 a kill */
static long changes;
static long lose_at;
static volatile sig_atomic_t syncs_counted;
static long syncs;
static long fail_at;

static void *find(const char *name)
{
    void *p = dlsym(RTLD_NEXT, name);
    if (p == NULL && strcmp(name, "sqlite3_exec") != 0)
        abort();
    return p;
}

static void on_signal(int no)
{
    if (no == SIGHUP) {
        syncs_counted = 1;
        return;
    }
    wanted = no == SIGUSR2 ? 1 : 2;
}

static long number(const char *name)
{
    const char *v = getenv(name);
    return v != NULL ? strtol(v, NULL, 10) : 0;
}

__attribute__((constructor)) static void start(void)
{
    *(void **)&real.open = find("open64");
    *(void **)&real.pwrite = find("pwrite64");
    *(void **)&real.ftruncate = find("ftruncate64");
    *(void **)&real.unlink = find("unlink");
    *(void **)&real.rename = find("rename");
    *(void **)&real.mkdir = find("mkdir");
    *(void **)&real_write = find("write");
    *(void **)&real_exec = find("sqlite3_exec");
    const char *folder = getenv("LOST_DIR");
    if (folder == NULL)
        return;
    lose_at = number("LOST_AT");
    fail_at = number("LOST_FAIL_AT");
    undo_init(folder, getenv("LOST_HANDOVER"), (uint64_t)number("LOST_SEED"));
    syncs_counted = number("LOST_FAIL_WAITS") == 0;
    (void)signal(SIGHUP, on_signal);
    (void)signal(SIGUSR1, on_signal);
    (void)signal(SIGUSR2, on_signal);
    active = true;
}

__attribute__((noreturn)) static void leave_process(int code)
{
    (void)syscall(SYS_exit_group, code);
    __builtin_unreachable();
}

/* A program that gives up while its threads run on. The lock stays taken. */
void _exit(int code)
{
    if (active) {
        (void)pthread_mutex_lock(&lock);
        undo_hand_over();
    }
    leave_process(code);
}

__attribute__((destructor)) static void end(void)
{
    if (active)
        undo_hand_over();
}

/* The lock stays taken: whoever comes later waits for the end that is near. */
static void before_change(void)
{
    if (++changes == lose_at || wanted == 1) {
        undo_lose();
        leave_process(97);
    }
    if (wanted == 2) {
        undo_hand_over();
        leave_process(98);
    }
}

static bool enter_fd(int fd)
{
    if (!active)
        return false;
    int before = errno;
    (void)pthread_mutex_lock(&lock);
    bool watched = undo_watches_fd(fd);
    if (watched)
        before_change();
    else
        (void)pthread_mutex_unlock(&lock);
    errno = before;
    return watched;
}

static bool enter_path(const char *path, char absolute[PATH_MAX])
{
    if (!active || path[0] != '/')
        return false;
    (void)snprintf(absolute, PATH_MAX, "%s", path);
    if (!undo_watches(absolute))
        return false;
    (void)pthread_mutex_lock(&lock);
    before_change();
    return true;
}

static void leave(bool watched)
{
    int before = errno;
    if (watched)
        (void)pthread_mutex_unlock(&lock);
    errno = before;
}

ssize_t pwrite64(int fd, const void *p, size_t n, off_t at)
{
    bool watched = enter_fd(fd);
    if (watched)
        undo_before_write(fd, at, n);
    ssize_t r = real.pwrite(fd, p, n, at);
    leave(watched);
    return r;
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at) __attribute__((alias("pwrite64")));

ssize_t write(int fd, const void *p, size_t n)
{
    if (real_write == NULL)
        *(void **)&real_write = find("write");
    bool watched = enter_fd(fd);
    if (watched)
        undo_before_write(fd, lseek(fd, 0, SEEK_CUR), n);
    ssize_t r = real_write(fd, p, n);
    leave(watched);
    return r;
}

int ftruncate64(int fd, off_t size)
{
    bool watched = enter_fd(fd);
    if (watched)
        undo_before_truncate(fd, size);
    int r = real.ftruncate(fd, size);
    leave(watched);
    return r;
}

int ftruncate(int fd, off_t size) __attribute__((alias("ftruncate64")));

static int synced(int fd)
{
    bool watched = enter_fd(fd);
    bool failed = watched && syncs_counted && ++syncs == fail_at;
    if (watched)
        undo_synced(fd, failed);
    leave(watched);
    errno = failed ? EIO : errno;
    return failed ? -1 : 0;
}

int fsync(int fd)
{
    return synced(fd);
}

int fdatasync(int fd)
{
    return synced(fd);
}

int open64(const char *path, int flags, ...)
{
    char absolute[PATH_MAX];
    va_list list;
    va_start(list, flags);
    mode_t mode = flags & O_CREAT ? va_arg(list, mode_t) : 0;
    va_end(list);
    if (real.open == NULL)
        *(void **)&real.open = find("open64");
    bool watched = flags & O_CREAT && access(path, F_OK) != 0 && enter_path(path, absolute);
    int fd = real.open(path, flags, mode);
    if (watched && fd >= 0)
        undo_made(absolute, false);
    leave(watched);
    return fd;
}

int open(const char *path, int flags, ...) __attribute__((alias("open64")));

int unlink(const char *path)
{
    char absolute[PATH_MAX];
    bool watched = enter_path(path, absolute);
    if (watched)
        undo_before_gone(absolute);
    int r = real.unlink(path);
    leave(watched);
    return r;
}

int rename(const char *from, const char *to)
{
    char absolute[PATH_MAX];
    bool watched = enter_path(from, absolute);
    if (watched)
        undo_before_renamed(absolute, to);
    int r = real.rename(from, to);
    leave(watched);
    return r;
}

int mkdir(const char *path, mode_t mode)
{
    char absolute[PATH_MAX];
    bool watched = enter_path(path, absolute);
    int r = real.mkdir(path, mode);
    if (watched && r == 0)
        undo_made(absolute, true);
    leave(watched);
    return r;
}

int sqlite3_exec(struct sqlite3 *db, const char *sql, int (*row)(void *, int, char **, char **), void *user,
                 char **message)
{
    static const char full[] = "synchronous=FULL";
    char changed[4096];
    const char *at = sql != NULL ? strstr(sql, full) : NULL;
    if (at == NULL || getenv("LOST_NORMAL") == NULL)
        return real_exec(db, sql, row, user, message);
    (void)snprintf(changed, sizeof changed, "%.*ssynchronous=NORMAL%s", (int)(at - sql), sql,
                   at + sizeof full - 1);
    return real_exec(db, changed, row, user, message);
}
