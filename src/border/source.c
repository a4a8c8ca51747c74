// SPDX-License-Identifier: Apache-2.0
/* border/source.c - see source.h. Three layers, each reading the one below: the file, zstd
 * (passed through where the file is plain), one member of a tar archive. Invariant: a
 * damaged or cut input ends in a fault, never in a shorter file. Not here: rows.        */
#include "border/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#define IN_BYTES (128u << 10)
#define TAR_BLOCK 512u
#define NAME_BYTES 1024u
#define LONG_NAME_BYTES (16u * TAR_BLOCK)
#define WINDOW_LOG_MAX 27 /* 128 MiB */

struct tb_source {
    int fd;
    int64_t total;
    int64_t done;
    ZSTD_DStream *zstd; /* NULL: plain */
    size_t zstd_hint;   /* 0 at the end of a frame */
    ZSTD_inBuffer in;
    bool in_ended;
    bool failed;
    bool member;          /* reading an archive's member */
    uint64_t member_left; /* bytes of it not yet given */
    uint8_t buffer[IN_BYTES];
};

static bool set_failed(struct tb_source *s)
{
    s->failed = true;
    return false;
}

/* Makes at least one byte available in s->in unless the file has ended. */
static bool fill(struct tb_source *s, struct tb_fault *fault)
{
    if (s->in.pos < s->in.size || s->in_ended)
        return true;
    ssize_t n;
    do
        n = read(s->fd, s->buffer, sizeof s->buffer);
    while (n < 0 && errno == EINTR);
    if (n < 0) {
        tb_fault_set(fault, true, "the file cannot be read: %s", strerror(errno));
        return set_failed(s);
    }
    s->in = (ZSTD_inBuffer){s->buffer, (size_t)n, 0};
    s->done += n;
    s->in_ended = n == 0;
    return true;
}

static int64_t read_plain(struct tb_source *s, void *into, size_t cap, struct tb_fault *fault)
{
    if (!fill(s, fault))
        return -1;
    size_t n = s->in.size - s->in.pos;
    if (n > cap)
        n = cap;
    memcpy(into, s->buffer + s->in.pos, n);
    s->in.pos += n;
    return (int64_t)n;
}

static int64_t read_zstd(struct tb_source *s, void *into, size_t cap, struct tb_fault *fault)
{
    ZSTD_outBuffer out = {into, cap, 0};
    while (out.pos == 0) {
        if (!fill(s, fault))
            return -1;
        if (s->in_ended && s->zstd_hint == 0)
            return 0; /* frames may follow each other; the file ends between two */
        size_t in_before = s->in.pos;
        s->zstd_hint = ZSTD_decompressStream(s->zstd, &out, &s->in);
        if (ZSTD_isError(s->zstd_hint)) {
            tb_fault_set(fault, false, "the zstd data is damaged: %s", ZSTD_getErrorName(s->zstd_hint));
            set_failed(s);
            return -1;
        }
        if (s->in_ended && out.pos == 0 && s->in.pos == in_before) {
            tb_fault_set(fault, false, "the zstd data is cut short");
            set_failed(s);
            return -1;
        }
    }
    return (int64_t)out.pos;
}

static int64_t read_unpacked(struct tb_source *s, void *into, size_t cap, struct tb_fault *fault)
{
    return s->zstd ? read_zstd(s, into, cap, fault) : read_plain(s, into, cap, fault);
}

/* n bytes exactly; *short_at_start tells a clean end from a cut. into may be NULL (skip). */
static bool read_exact(struct tb_source *s, void *into, uint64_t n, bool *short_at_start,
                       struct tb_fault *fault)
{
    uint8_t waste[4096];
    uint64_t have = 0;
    *short_at_start = false;
    while (have < n) {
        uint64_t want = n - have;
        if (!into && want > sizeof waste)
            want = sizeof waste;
        int64_t got = read_unpacked(s, into ? (uint8_t *)into + have : waste, (size_t)want, fault);
        if (got < 0)
            return false;
        if (got == 0) {
            *short_at_start = have == 0;
            tb_fault_set(fault, false, "the archive is cut short");
            return false;
        }
        have += (uint64_t)got;
    }
    return true;
}

static bool octal(const uint8_t *p, size_t n, uint64_t *out)
{
    uint64_t v = 0;
    size_t i = 0;
    if (p[0] & 0x80) { /* GNU: big-endian binary */
        for (i = 1; i < n; i++) {
            if (v >> 55)
                return false;
            v = v << 8 | p[i];
        }
        *out = v;
        return p[0] == 0x80;
    }
    while (i < n && p[i] == ' ')
        i++;
    for (; i < n && p[i] >= '0' && p[i] <= '7'; i++)
        v = v << 3 | (uint64_t)(p[i] - '0');
    *out = v;
    return i == n || p[i] == ' ' || p[i] == 0;
}

static bool header_sound(const uint8_t h[TAR_BLOCK])
{
    uint64_t stated;
    uint64_t sum = 0;
    for (size_t i = 0; i < TAR_BLOCK; i++)
        sum += i >= 148 && i < 156 ? ' ' : h[i];
    return octal(h + 148, 8, &stated) && stated == sum;
}

/* prefix/name of a ustar header */
static void header_name(const uint8_t h[TAR_BLOCK], char name[NAME_BYTES])
{
    size_t at = 0;
    bool ustar = memcmp(h + 257, "ustar", 5) == 0 && h[262] == 0; /* GNU has a blank there */
    size_t prefix = ustar ? strnlen((const char *)h + 345, 155) : 0;
    if (prefix) {
        memcpy(name, h + 345, prefix);
        name[prefix] = '/';
        at = prefix + 1;
    }
    size_t n = strnlen((const char *)h, 100);
    memcpy(name + at, h, n);
    name[at + n] = 0;
}

/* The path of a pax header: records "LENGTH path=VALUE\n". */
static void pax_path(const char *text, size_t n, char name[NAME_BYTES])
{
    size_t at = 0;
    while (at < n) {
        size_t length = 0;
        size_t i = at;
        for (; i < n && text[i] >= '0' && text[i] <= '9' && length < n; i++)
            length = length * 10 + (size_t)(text[i] - '0');
        if (i >= n || text[i] != ' ' || length > n - at || length < i - at + 2)
            return;
        i++;
        size_t end = at + length - 1; /* of the value; the newline is not part */
        if (end - i > 5 && memcmp(text + i, "path=", 5) == 0 && end - i - 5 < NAME_BYTES) {
            memcpy(name, text + i + 5, end - i - 5);
            name[end - i - 5] = 0;
        }
        at += length;
    }
}

static bool is_member(const char *name, const char *wanted)
{
    if (strncmp(name, "./", 2) == 0)
        name += 2;
    if (strcmp(name, wanted) == 0)
        return true;
    size_t n = strlen(name);
    size_t w = strlen(wanted);
    return n > w && name[n - w - 1] == '/' && strcmp(name + n - w, wanted) == 0;
}

static uint64_t padded(uint64_t n)
{
    return (n + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
}

/* A long name ('L') or pax header ('x') in front of the member that it describes. */
static bool read_long_name(struct tb_source *s, uint8_t type, uint64_t size, char name[NAME_BYTES],
                           struct tb_fault *fault)
{
    char text[LONG_NAME_BYTES + 1];
    bool at_start;
    if (size > LONG_NAME_BYTES) {
        tb_fault_set(fault, false, "the archive has a name header of %llu bytes", (unsigned long long)size);
        return false;
    }
    if (!read_exact(s, text, padded(size), &at_start, fault))
        return false;
    text[size] = 0;
    if (type == 'x')
        pax_path(text, size, name);
    else if (size < NAME_BYTES)
        memcpy(name, text, size + 1);
    return true;
}

/* Leaves the stream at the first byte of the member. */
static enum tb_source_answer find_member(struct tb_source *s, const char *wanted, struct tb_fault *fault)
{
    uint8_t h[TAR_BLOCK];
    char long_name[NAME_BYTES] = "";
    char name[NAME_BYTES];
    bool at_start;
    for (;;) {
        uint64_t size;
        if (!read_exact(s, h, sizeof h, &at_start, fault)) {
            if (!at_start)
                return TB_SOURCE_FAULT;
            break;
        }
        if (h[0] == 0)
            break; /* the two empty blocks at the end */
        if (!header_sound(h) || !octal(h + 124, 12, &size) || size > (UINT64_C(1) << 50)) {
            tb_fault_set(fault, false, "not a tar archive, or a damaged one");
            return TB_SOURCE_FAULT;
        }
        uint8_t type = h[156];
        if (type == 'x' || type == 'L') {
            if (!read_long_name(s, type, size, long_name, fault))
                return TB_SOURCE_FAULT;
            continue;
        }
        header_name(h, name);
        if ((type == '0' || type == 0 || type == '7') && is_member(long_name[0] ? long_name : name, wanted)) {
            s->member = true;
            s->member_left = size;
            return TB_SOURCE_DONE;
        }
        long_name[0] = 0;
        if (!read_exact(s, NULL, padded(size), &at_start, fault))
            return TB_SOURCE_FAULT;
    }
    tb_fault_set(fault, false, "the archive has no file named %.100s", wanted);
    return TB_SOURCE_NO_MEMBER;
}

static enum tb_source_answer open_file(struct tb_source *s, const char *path, struct tb_fault *fault)
{
    struct stat st;
    s->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (s->fd < 0 || fstat(s->fd, &st) != 0) {
        tb_fault_set(fault, false, "%.150s: %s", path, strerror(errno));
        return TB_SOURCE_ABSENT;
    }
    if (S_ISDIR(st.st_mode)) {
        tb_fault_set(fault, false, "%.150s is a folder", path);
        return TB_SOURCE_FAULT;
    }
    s->total = st.st_size;
    if (!fill(s, fault))
        return TB_SOURCE_FAULT;
    static const uint8_t magic[4] = {0x28, 0xB5, 0x2F, 0xFD};
    if (s->in.size < sizeof magic || memcmp(s->buffer, magic, sizeof magic) != 0)
        return TB_SOURCE_DONE;
    s->zstd = ZSTD_createDStream();
    if (!s->zstd || ZSTD_isError(ZSTD_DCtx_setParameter(s->zstd, ZSTD_d_windowLogMax, WINDOW_LOG_MAX))) {
        tb_fault_set(fault, true, "no memory to unpack %.150s", path);
        return TB_SOURCE_FAULT;
    }
    return TB_SOURCE_DONE;
}

/* Splits "archive:member" unless the whole is a file; false when there is nothing to split. */
static bool split_path(const char *path, char *archive, size_t cap, const char **member)
{
    const char *colon = strrchr(path, ':');
    if (access(path, F_OK) == 0 || !colon || colon == path || colon[1] == 0 || (size_t)(colon - path) >= cap)
        return false;
    memcpy(archive, path, (size_t)(colon - path));
    archive[colon - path] = 0;
    *member = colon + 1;
    return access(archive, F_OK) == 0;
}

enum tb_source_answer tb_source_open(const char *path, struct tb_source **out, struct tb_fault *fault)
{
    char archive[4096];
    const char *member = NULL;
    struct tb_source *s = calloc(1, sizeof *s);
    *out = NULL;
    if (!s) {
        tb_fault_set(fault, true, "no memory to open %.150s", path);
        return TB_SOURCE_FAULT;
    }
    s->fd = -1;
    bool split = split_path(path, archive, sizeof archive, &member);
    enum tb_source_answer answer = open_file(s, split ? archive : path, fault);
    if (answer == TB_SOURCE_DONE && split)
        answer = find_member(s, member, fault);
    if (answer != TB_SOURCE_DONE) {
        tb_source_close(s);
        return answer;
    }
    *out = s;
    return TB_SOURCE_DONE;
}

int64_t tb_source_pull(void *source, void *into, size_t cap, struct tb_fault *fault)
{
    struct tb_source *s = source;
    tb_assert(cap > 0);
    if (s->failed) {
        tb_fault_set(fault, false, "the file could not be read before");
        return -1;
    }
    if (!s->member)
        return read_unpacked(s, into, cap, fault);
    if (s->member_left == 0)
        return 0;
    int64_t n = read_unpacked(s, into, cap < s->member_left ? cap : (size_t)s->member_left, fault);
    if (n == 0) {
        tb_fault_set(fault, false, "the archive is cut short");
        s->failed = true;
        return -1;
    }
    if (n > 0)
        s->member_left -= (uint64_t)n;
    return n;
}

int64_t tb_source_total_bytes(const struct tb_source *s)
{
    return s->total;
}

int64_t tb_source_done_bytes(const struct tb_source *s)
{
    if (s->member && s->member_left == 0)
        return s->total; /* what stands behind the member is not read */
    return s->done - (int64_t)(s->in.size - s->in.pos);
}

void tb_source_close(struct tb_source *s)
{
    if (!s)
        return;
    if (s->fd >= 0)
        close(s->fd);
    ZSTD_freeDStream(s->zstd);
    free(s);
}
