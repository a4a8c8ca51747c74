// SPDX-License-Identifier: Apache-2.0
#include "book.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/siphash.h"

static uint64_t check_of(const struct record *r)
{
    static const struct tb_hash_key key = {0x746f6e67, 0x62616f21};
    return tb_siphash(&key, r, offsetof(struct record, check));
}

void books_append(const struct books *b, struct record *r)
{
    r->check = check_of(r);
    if (write(b->fd, r, sizeof *r) != (ssize_t)sizeof *r) {
        perror("client log");
        _exit(9);
    }
}

static struct known *place(struct books *b, uint32_t book, uint64_t n)
{
    tb_assert(book < BOOKS && n < UINT32_MAX);
    if (n >= b->book[book].cap) {
        uint64_t cap = b->book[book].cap ? b->book[book].cap * 2 : 4096;
        while (cap <= n)
            cap *= 2;
        struct known *grown = realloc(b->book[book].op, cap * sizeof *grown);
        tb_assert(grown != NULL);
        memset(grown + b->book[book].cap, 0, (cap - b->book[book].cap) * sizeof *grown);
        b->book[book].op = grown;
        b->book[book].cap = cap;
    }
    if (n >= b->book[book].n)
        b->book[book].n = n + 1;
    return &b->book[book].op[n];
}

static void note_result(struct books *b, struct known *k, const struct record *r)
{
    if (r->seq > b->newest_seq)
        b->newest_seq = r->seq;
    if (!k->acked) {
        k->acked = true;
        k->result = *r;
        return;
    }
    const struct record *old = &k->result;
    if (old->code != r->code || old->amount != r->amount || old->digest != r->digest ||
        old->tenant_seq != r->tenant_seq) {
        b->contradictions++;
        (void)fprintf(stderr, "command %u/%llu was answered twice, differently: code %u and %u, "
                              "number %llu and %llu, amount %lld and %lld\n",
                      r->book, (unsigned long long)r->n, old->code, r->code,
                      (unsigned long long)old->tenant_seq, (unsigned long long)r->tenant_seq,
                      (long long)old->amount, (long long)r->amount);
    }
}

void books_note(struct books *b, const struct record *r)
{
    if (r->type == RECORD_VERIFIED) {
        if (r->tenant_seq > b->verified[r->member])
            b->verified[r->member] = r->tenant_seq;
    } else if (r->type == RECORD_INTENT) {
        place(b, r->book, r->n)->intent = *r;
    } else if (r->type == RECORD_RESULT) {
        note_result(b, place(b, r->book, r->n), r);
    }
}

/* A record cut by a kill can only be the last one; appending goes on behind what is whole. */
static bool read_file(struct books *b, int fd, const char *path, bool own)
{
    struct stat s;
    if (fstat(fd, &s) != 0)
        return false;
    size_t n = (size_t)s.st_size / sizeof(struct record);
    struct record *r = malloc((size_t)s.st_size + 1);
    tb_assert(r != NULL);
    for (size_t at = 0; at < n * sizeof *r;) {
        ssize_t got = pread(fd, (char *)r + at, n * sizeof *r - at, (off_t)at);
        if (got <= 0)
            return false;
        at += (size_t)got;
    }
    for (size_t i = 0; i < n; i++) {
        if (r[i].check != check_of(&r[i])) {
            (void)fprintf(stderr, "client log %s: record %zu is damaged\n", path, i);
            return false;
        }
        books_note(b, &r[i]);
    }
    free(r);
    return !own || ftruncate(fd, (off_t)(n * sizeof(struct record))) == 0;
}

bool books_open(struct books *b, const char *own, const char *const *others, uint32_t other_n)
{
    memset(b, 0, sizeof *b);
    b->fd = open(own, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    bool ok = b->fd >= 0 && read_file(b, b->fd, own, true);
    for (uint32_t i = 0; i < other_n && ok; i++) {
        int fd = open(others[i], O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            continue; /* that process never wrote */
        ok = read_file(b, fd, others[i], false);
        close(fd);
    }
    if (!ok)
        perror(own);
    return ok;
}

void books_close(struct books *b)
{
    for (uint32_t i = 0; i < BOOKS; i++)
        free(b->book[i].op);
    close(b->fd);
}
