// SPDX-License-Identifier: Apache-2.0
#include "lost_undo.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTOR 512
#define PAGE_SECTORS 8
#define FILES 512
#define NAMES 4096
#define BUCKETS 4096

struct sector {
    struct sector *next;
    uint64_t no;
    bool stuck;   /* a sync of it failed */
    bool had;     /* data is what stood there; else it lay behind the end */
    uint8_t data[SECTOR];
};

struct file {
    dev_t dev;
    ino_t ino;
    int fd; /* ours, never closed: closing would drop the process's locks on the file */
    off_t durable_size;
    bool size_stuck;
    struct sector *bucket[BUCKETS];
};

enum name_change { NAME_MADE = 1, NAME_GONE, NAME_RENAMED };

struct name {
    enum name_change what;
    bool durable;
    char folder[PATH_MAX];
    char path[PATH_MAX];
    char to[PATH_MAX];
    char grave[PATH_MAX]; /* another name of what was removed or replaced; "" = nothing was */
};

struct real_calls real;
static char root[PATH_MAX];
static char graves[PATH_MAX];
static char handover_path[PATH_MAX];
static struct file *files[FILES];
static uint32_t file_n;
static struct name *names[NAMES];
static uint32_t name_n;
static uint32_t grave_n;
static uint64_t chance;

static void need(bool ok, const char *what)
{
    if (ok)
        return;
    (void)fprintf(stderr, "shim_lost_writes: %s: %s\n", what, strerror(errno));
    _exit(96);
}

static uint64_t random_below(uint64_t n)
{
    chance += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = chance;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % n;
}

/* ---- files ------------------------------------------------------------------------------------- */

bool undo_watches(const char *path)
{
    size_t n = strlen(root);
    size_t len = strlen(path);
    return n > 0 && strncmp(path, root, n) == 0 && path[n] == '/' &&
           (len < 4 || strcmp(path + len - 4, "-shm") != 0);
}

static bool path_of(int fd, char path[PATH_MAX])
{
    char link[64];
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, PATH_MAX - 1);
    if (n <= 0)
        return false;
    path[n] = 0;
    return true;
}

bool undo_watches_fd(int fd)
{
    char path[PATH_MAX];
    return path_of(fd, path) && (undo_watches(path) || strcmp(path, root) == 0);
}

static struct file *file_new(const struct stat *s, int fd)
{
    need(file_n < FILES, "too many files");
    struct file *f = calloc(1, sizeof *f);
    need(f != NULL, "memory");
    *f = (struct file){.dev = s->st_dev, .ino = s->st_ino, .fd = fd, .durable_size = s->st_size};
    files[file_n++] = f;
    return f;
}

static struct file *file_of(int fd)
{
    struct stat s;
    char link[64];
    if (fstat(fd, &s) != 0 || !S_ISREG(s.st_mode))
        return NULL;
    for (uint32_t i = 0; i < file_n; i++)
        if (files[i]->dev == s.st_dev && files[i]->ino == s.st_ino)
            return files[i];
    if (!undo_watches_fd(fd))
        return NULL;
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    int own = real.open(link, O_RDWR | O_CLOEXEC);
    need(own >= 0, "open again");
    return file_new(&s, own);
}

static struct sector *sector_of(struct file *f, uint64_t no)
{
    struct sector *s = f->bucket[no % BUCKETS];
    while (s != NULL && s->no != no)
        s = s->next;
    return s;
}

static struct sector *sector_add(struct file *f, uint64_t no)
{
    struct sector *s = calloc(1, sizeof *s);
    need(s != NULL, "memory");
    s->no = no;
    s->next = f->bucket[no % BUCKETS];
    f->bucket[no % BUCKETS] = s;
    return s;
}

/* Remembers what stands in the range, where nothing is remembered yet. */
static void keep(struct file *f, off_t from, off_t to)
{
    for (uint64_t no = (uint64_t)from / SECTOR; (off_t)(no * SECTOR) < to; no++) {
        off_t at = (off_t)(no * SECTOR);
        if (sector_of(f, no) != NULL)
            continue;
        struct sector *s = sector_add(f, no);
        s->had = at < f->durable_size;
        if (s->had)
            need(pread(f->fd, s->data, SECTOR, at) >= 0, "pread");
    }
}

/* A page that is written to is dirty again, whatever a failed sync did to it before. */
static void unstick(struct file *f, off_t from, off_t to)
{
    uint64_t first = (uint64_t)from / SECTOR / PAGE_SECTORS * PAGE_SECTORS;
    for (uint64_t no = first; (off_t)(no / PAGE_SECTORS * PAGE_SECTORS * SECTOR) < to; no++) {
        struct sector *s = sector_of(f, no);
        if (s != NULL)
            s->stuck = false;
    }
}

void undo_before_write(int fd, off_t at, size_t n)
{
    struct file *f = file_of(fd);
    if (f == NULL || n == 0)
        return;
    struct stat s;
    need(fstat(f->fd, &s) == 0, "fstat");
    keep(f, at, at + (off_t)n);
    unstick(f, at, at + (off_t)n);
    if (at + (off_t)n > s.st_size)
        f->size_stuck = false;
}

void undo_before_truncate(int fd, off_t size)
{
    struct file *f = file_of(fd);
    if (f == NULL)
        return;
    if (size < f->durable_size)
        keep(f, size, f->durable_size);
    f->size_stuck = false;
}

static void sync_sectors(struct file *f, bool failed)
{
    for (uint32_t i = 0; i < BUCKETS; i++)
        for (struct sector **at = &f->bucket[i]; *at != NULL;) {
            struct sector *s = *at;
            if (failed)
                s->stuck = true;
            if (s->stuck) {
                at = &s->next;
                continue;
            }
            *at = s->next;
            free(s);
        }
}

void undo_synced(int fd, bool failed)
{
    struct stat s;
    char path[PATH_MAX];
    if (fstat(fd, &s) != 0)
        return;
    if (S_ISDIR(s.st_mode)) {
        for (uint32_t i = 0; i < name_n && !failed && path_of(fd, path); i++)
            if (strcmp(names[i]->folder, path) == 0)
                names[i]->durable = true;
        return;
    }
    struct file *f = file_of(fd);
    if (f == NULL)
        return;
    sync_sectors(f, failed);
    if (failed && s.st_size != f->durable_size)
        f->size_stuck = true;
    if (!failed && !f->size_stuck)
        f->durable_size = s.st_size;
}

/* ---- names -------------------------------------------------------------------------------------- */

static struct name *name_add(enum name_change what, const char *path)
{
    need(name_n < NAMES, "too many names");
    struct name *n = calloc(1, sizeof *n);
    need(n != NULL, "memory");
    n->what = what;
    (void)snprintf(n->path, sizeof n->path, "%s", path);
    (void)snprintf(n->folder, sizeof n->folder, "%s", path);
    *strrchr(n->folder, '/') = 0;
    names[name_n++] = n;
    return n;
}

static void bury(struct name *n, const char *path)
{
    (void)snprintf(n->grave, sizeof n->grave, "%.3900s/%ld-%u", graves, (long)getpid(), grave_n++);
    if (link(path, n->grave) != 0)
        n->grave[0] = 0;
}

void undo_made(const char *path, bool folder)
{
    (void)folder;
    (void)name_add(NAME_MADE, path);
}

void undo_before_gone(const char *path)
{
    if (access(path, F_OK) == 0)
        bury(name_add(NAME_GONE, path), path);
}

void undo_before_renamed(const char *from, const char *to)
{
    struct name *n = name_add(NAME_RENAMED, from);
    (void)snprintf(n->to, sizeof n->to, "%s", to);
    bury(n, to);
}

static void take_back(const struct name *n)
{
    struct stat s;
    switch (n->what) {
    case NAME_MADE:
        if (stat(n->path, &s) == 0 && S_ISDIR(s.st_mode)) {
            char away[PATH_MAX];
            (void)snprintf(away, sizeof away, "%.3900s/folder-%ld-%u", graves, (long)getpid(), grave_n++);
            (void)real.rename(n->path, away);
        } else {
            (void)real.unlink(n->path);
        }
        break;
    case NAME_GONE:
        if (n->grave[0])
            (void)link(n->grave, n->path);
        break;
    case NAME_RENAMED:
        (void)real.rename(n->to, n->path);
        if (n->grave[0])
            (void)link(n->grave, n->to);
        break;
    }
}

/* In each folder the newest changes go, down to a random one. */
static void lose_names(void)
{
    for (uint32_t i = name_n; i-- > 0;) {
        if (names[i]->durable)
            continue;
        uint32_t same = 0;
        for (uint32_t k = 0; k <= i; k++)
            same += !names[k]->durable && strcmp(names[k]->folder, names[i]->folder) == 0;
        if (random_below(same + 1) == 0) {
            for (uint32_t k = 0; k <= i; k++) /* this one and all before it stay */
                if (strcmp(names[k]->folder, names[i]->folder) == 0)
                    names[k]->durable = true;
            continue;
        }
        take_back(names[i]);
    }
}

/* ---- the loss -------------------------------------------------------------------------------------- */

static void restore(struct file *f, const struct sector *s, off_t size)
{
    static const uint8_t zeros[SECTOR];
    off_t at = (off_t)(s->no * SECTOR);
    size_t n = size - at < SECTOR ? (size_t)(size - at) : SECTOR;
    need(real.pwrite(f->fd, s->had ? s->data : zeros, n, at) == (ssize_t)n, "restore");
}

static void lose_file(struct file *f, uint64_t keep_of_8)
{
    struct stat s;
    need(fstat(f->fd, &s) == 0, "fstat");
    off_t now = s.st_size;
    off_t size = now;
    if (now != f->durable_size) {
        off_t low = now < f->durable_size ? now : f->durable_size;
        off_t high = now < f->durable_size ? f->durable_size : now;
        uint64_t dice = random_below(3);
        size = dice == 0 ? now : dice == 1 ? f->durable_size
               : low + (off_t)random_below((uint64_t)(high - low) / SECTOR + 1) * SECTOR;
        need(real.ftruncate(f->fd, size) == 0, "ftruncate");
    }
    for (uint32_t i = 0; i < BUCKETS; i++)
        for (const struct sector *x = f->bucket[i]; x != NULL; x = x->next) {
            off_t at = (off_t)(x->no * SECTOR);
            if (at < size && (at >= now || random_below(8) >= keep_of_8))
                restore(f, x, size);
        }
}

void undo_lose(void)
{
    static const uint8_t of_8[] = {0, 1, 4, 4, 7};
    uint64_t keep_of_8 = of_8[random_below(sizeof of_8)];
    for (uint32_t i = 0; i < file_n; i++)
        lose_file(files[i], keep_of_8);
    lose_names();
    if (handover_path[0])
        (void)real.unlink(handover_path);
}

/* ---- to the next process ------------------------------------------------------------------------------- */

struct saved_file {
    dev_t dev;
    ino_t ino;
    off_t durable_size;
    bool size_stuck;
    uint64_t sectors;
    char path[PATH_MAX];
};

static uint64_t count(const struct file *f)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < BUCKETS; i++)
        for (const struct sector *s = f->bucket[i]; s != NULL; s = s->next)
            n++;
    return n;
}

void undo_hand_over(void)
{
    if (handover_path[0] == 0)
        return;
    FILE *out = fopen(handover_path, "w");
    need(out != NULL, "handover");
    (void)fwrite(&file_n, sizeof file_n, 1, out);
    for (uint32_t i = 0; i < file_n; i++) {
        struct file *f = files[i];
        struct saved_file h = {f->dev, f->ino, f->durable_size, f->size_stuck, count(f), ""};
        need(path_of(f->fd, h.path), "path");
        (void)fwrite(&h, sizeof h, 1, out);
        for (uint32_t k = 0; k < BUCKETS; k++)
            for (const struct sector *s = f->bucket[k]; s != NULL; s = s->next)
                (void)fwrite(s, sizeof *s, 1, out);
    }
    (void)fwrite(&name_n, sizeof name_n, 1, out);
    for (uint32_t i = 0; i < name_n; i++)
        (void)fwrite(names[i], sizeof *names[i], 1, out);
    need(fclose(out) == 0, "handover");
}

static void take_file(FILE *in)
{
    struct saved_file h;
    struct stat s = {0};
    need(fread(&h, sizeof h, 1, in) == 1, "handover");
    int fd = real.open(h.path, O_RDWR | O_CLOEXEC); /* a removed one is gone for good */
    struct file *f = NULL;
    if (fd >= 0 && fstat(fd, &s) == 0 && s.st_ino == h.ino && s.st_dev == h.dev) {
        f = file_new(&s, fd);
        f->durable_size = h.durable_size;
        f->size_stuck = h.size_stuck;
    }
    for (uint64_t i = 0; i < h.sectors; i++) {
        struct sector read;
        need(fread(&read, sizeof read, 1, in) == 1, "handover");
        if (f == NULL)
            continue;
        struct sector *to = sector_add(f, read.no);
        to->stuck = read.stuck;
        to->had = read.had;
        memcpy(to->data, read.data, SECTOR);
    }
}

static void take_over(void)
{
    uint32_t n = 0;
    FILE *in = fopen(handover_path, "r");
    if (in == NULL)
        return;
    need(fread(&n, sizeof n, 1, in) == 1, "handover");
    for (uint32_t i = 0; i < n; i++)
        take_file(in);
    need(fread(&n, sizeof n, 1, in) == 1, "handover");
    for (uint32_t i = 0; i < n; i++) {
        struct name *to = malloc(sizeof *to);
        need(to != NULL && i < NAMES && fread(to, sizeof *to, 1, in) == 1, "handover");
        names[name_n++] = to;
    }
    (void)fclose(in);
}

void undo_init(const char *folder, const char *handover, uint64_t seed)
{
    need(realpath(folder, root) != NULL, "folder");
    (void)snprintf(graves, sizeof graves, "%.4000s.graves", root);
    need(real.mkdir(graves, 0700) == 0 || errno == EEXIST, "graves");
    chance = seed;
    if (handover != NULL) {
        (void)snprintf(handover_path, sizeof handover_path, "%s", handover);
        take_over();
    }
}
