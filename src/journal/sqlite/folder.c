// SPDX-License-Identifier: Apache-2.0
/* The folder: its lock, what a dead process left in it, its free space. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "journal/sqlite/inside.h"

#define WAIT_STEP_MS 100

static enum tb_journal_answer fault_errno(const char *path, const char *doing,
                                          struct tb_fault *f)
{
    int e = errno;
    tb_fault_set(f, false, "journal: %s: %s: %s", path, doing, strerror(e));
    return e == ENOSPC ? TB_JOURNAL_NO_SPACE : TB_JOURNAL_FAULT;
}

static void write_owner(int fd)
{
    char text[32];
    int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    /* For the operator's eyes only: the lock is what counts. */
    if (ftruncate(fd, 0) == 0 && pwrite(fd, text, (size_t)n, 0) != n)
        errno = 0;
}

enum tb_journal_answer tb_folder_lock(struct tb_journal_sqlite *j, struct tb_fault *f)
{
    char path[TB_SEGMENT_PATH_MAX];
    if (mkdir(j->dir, 0750) != 0 && errno != EEXIST)
        return fault_errno(j->dir, "make the folder", f);
    snprintf(path, sizeof path, "%s/lock", j->dir);
    j->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (j->lock_fd < 0)
        return fault_errno(path, "open", f);
    while (flock(j->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return fault_errno(path, "lock", f);
        if (j->options.go_on_waiting == NULL || !j->options.go_on_waiting(j->options.user)) {
            char owner[32] = "?";
            ssize_t n = pread(j->lock_fd, owner, sizeof owner - 1, 0);
            owner[n > 0 ? (size_t)n : 0] = 0;
            owner[strcspn(owner, "\n")] = 0;
            tb_fault_set(f, true, "journal: %s is in use by process %s", j->dir, owner);
            return TB_JOURNAL_FAULT;
        }
        nanosleep(&(struct timespec){.tv_nsec = WAIT_STEP_MS * 1000000L}, NULL);
    }
    write_owner(j->lock_fd);
    return TB_JOURNAL_DONE;
}

struct tb_slot *tb_slot_add(struct tb_journal_sqlite *j, const struct tb_segment *s,
                            enum tb_slot_state state)
{
    if (j->slot_n == j->slot_cap) {
        j->slot_cap = j->slot_cap ? j->slot_cap * 2 : 64;
        j->slot = realloc(j->slot, j->slot_cap * sizeof(struct tb_slot *));
        tb_assert(j->slot != NULL);
    }
    struct tb_slot *slot = calloc(1, sizeof *slot);
    tb_assert(slot != NULL);
    pthread_mutex_init(&slot->mutex, NULL);
    slot->segment = *s;
    slot->state = state;
    j->slot[j->slot_n++] = slot;
    return slot;
}

static bool parse_name(const char *name, uint32_t *seq, bool *temp)
{
    int end = 0;
    if (sscanf(name, "seg-%" SCNu32 "%n", seq, &end) != 1 || end < 5)
        return false;
    *temp = strcmp(name + end, ".tmp") == 0 || strcmp(name + end, ".tmp-wal") == 0 ||
            strcmp(name + end, ".tmp-journal") == 0;
    return *temp || strcmp(name + end, ".db") == 0;
}

static int by_number(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

/* Numbers of the segments, rising; half-made files are removed. NULL on a fault. */
static uint32_t *list_segments(const char *dir, uint32_t *n, struct tb_fault *f)
{
    DIR *d = opendir(dir);
    if (d == NULL) {
        fault_errno(dir, "list", f);
        return NULL;
    }
    uint32_t cap = 64;
    uint32_t *seqs = malloc(cap * sizeof *seqs);
    *n = 0;
    for (struct dirent *e; seqs != NULL && (e = readdir(d)) != NULL;) {
        uint32_t seq;
        bool temp;
        if (!parse_name(e->d_name, &seq, &temp))
            continue;
        if (temp) {
            unlinkat(dirfd(d), e->d_name, 0);
            continue;
        }
        if (*n == cap)
            seqs = realloc(seqs, (cap *= 2) * sizeof *seqs);
        tb_assert(seqs != NULL);
        seqs[(*n)++] = seq;
    }
    closedir(d);
    tb_assert(seqs != NULL);
    qsort(seqs, *n, sizeof *seqs, by_number);
    return seqs;
}

/* Whether a segment follows the one before: numbers without a gap. The link of the
 * hashes across the border is the reader's to verify.                              */
static bool follows(const struct tb_journal_sqlite *j, const struct tb_segment *s)
{
    return j->slot_n == 0 || s->first == j->last.number + 1;
}

static enum tb_journal_answer recover_one(struct tb_journal_sqlite *j, uint32_t seq,
                                          struct tb_fault *f)
{
    struct tb_segment s = {.seq = seq};
    struct tb_batch last;
    snprintf(s.path, sizeof s.path, "%s/seg-%06" PRIu32 ".db", j->dir, seq);
    enum tb_journal_answer a = tb_segment_recover(&s, &last, f);
    if (a != TB_JOURNAL_DONE)
        return a;
    if (s.last == 0) {
        if (unlink(s.path) != 0 || !tb_segment_sync_folder(s.path))
            return fault_errno(s.path, "remove", f);
        return TB_JOURNAL_DONE;
    }
    if (!follows(j, &s)) {
        tb_fault_set(f, false,
                     "journal: %s starts at batch %" PRIu64 ", the one before ends at %" PRIu64,
                     s.path, s.first, j->last.number);
        return TB_JOURNAL_CORRUPT;
    }
    tb_slot_add(j, &s, TB_SLOT_SEALED);
    j->last = last;
    return TB_JOURNAL_DONE;
}

enum tb_journal_answer tb_folder_recover(struct tb_journal_sqlite *j, struct tb_fault *f)
{
    tb_assert(j->lock_fd >= 0 && j->slot_n == 0);
    uint32_t n = 0;
    uint32_t *seqs = list_segments(j->dir, &n, f);
    if (seqs == NULL)
        return TB_JOURNAL_FAULT;
    unlink(j->spare); /* a second name of a log, or a used one: of no value */
    enum tb_journal_answer a = TB_JOURNAL_DONE;
    for (uint32_t i = 0; a == TB_JOURNAL_DONE && i < n; i++)
        a = recover_one(j, seqs[i], f);
    free(seqs);
    return a;
}

int64_t tb_folder_free_bytes(const struct tb_journal_sqlite *j)
{
    struct statvfs v;
    if (statvfs(j->dir, &v) != 0)
        return INT64_MAX;
    uint64_t bytes = (uint64_t)v.f_bavail * v.f_frsize;
    return bytes > INT64_MAX ? INT64_MAX : (int64_t)bytes;
}
