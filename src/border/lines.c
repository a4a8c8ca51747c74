// SPDX-License-Identifier: Apache-2.0
/* border/lines.c - see lines.h. Invariant: in[at..n) is what was read and not yet given.
 * Not here: what a line means.                                                          */
#include "border/lines.h"

#include <string.h>

/* CR LF behind the longest line, and what is read ahead. */
#define BEYOND (64u << 10)

size_t tb_lines_memory_bytes(uint32_t line_bytes_max)
{
    return (size_t)line_bytes_max + BEYOND;
}

void tb_lines_init(struct tb_lines *l, uint32_t line_bytes_max, void *memory, tb_pull_fn pull, void *user)
{
    tb_assert(line_bytes_max > 0);
    memset(l, 0, sizeof *l);
    l->pull = pull;
    l->user = user;
    l->in = memory;
    l->cap = tb_lines_memory_bytes(line_bytes_max);
}

/* Reads on behind what is there; false when nothing more comes or fits. */
static bool more(struct tb_lines *l, struct tb_fault *fault)
{
    if (l->ended || l->faulted)
        return false;
    if (l->at > 0) {
        memmove(l->in, l->in + l->at, l->n - l->at);
        l->n -= l->at;
        l->at = 0;
    }
    if (l->n == l->cap)
        return false;
    int64_t got = l->pull(l->user, l->in + l->n, l->cap - l->n, fault);
    tb_assert(got <= (int64_t)(l->cap - l->n));
    l->faulted = got < 0;
    l->ended = got == 0;
    l->n += got > 0 ? (size_t)got : 0;
    return got > 0;
}

/* Passes over the rest of a line that does not fit. */
static void skip_line(struct tb_lines *l, struct tb_fault *fault)
{
    for (;;) {
        uint8_t *end = memchr(l->in + l->at, '\n', l->n - l->at);
        if (end) {
            l->at = (size_t)(end - l->in) + 1;
            return;
        }
        l->at = l->n;
        if (!more(l, fault))
            return;
    }
}

static struct tb_str trimmed(struct tb_str s, bool first)
{
    if (first && s.n >= 3 && memcmp(s.p, "\xEF\xBB\xBF", 3) == 0)
        s = (struct tb_str){s.p + 3, s.n - 3};
    if (s.n && s.p[s.n - 1] == '\r')
        s.n--;
    return s;
}

static bool is_blank(struct tb_str s)
{
    for (uint32_t i = 0; i < s.n; i++)
        if (s.p[i] != ' ' && s.p[i] != '\t' && s.p[i] != '\r')
            return false;
    return true;
}

enum tb_lines_answer tb_lines_next(struct tb_lines *l, struct tb_str *line, uint64_t *number, struct tb_fault *fault)
{
    size_t longest = l->cap - BEYOND;
    size_t looked = 0; /* bytes behind at that hold no newline */
    for (;;) {
        uint8_t *end = memchr(l->in + l->at + looked, '\n', l->n - l->at - looked);
        looked = l->n - l->at;
        if (!end && looked <= longest + 2 && more(l, fault))
            continue;
        if (l->faulted)
            return TB_LINES_FAULT;
        if (!end && looked == 0)
            return TB_LINES_END;
        *number = ++l->number;
        size_t n = end ? (size_t)(end - l->in) - l->at : looked;
        struct tb_str s = {(const char *)l->in + l->at, (uint32_t)n};
        s = trimmed(s, l->number == 1);
        if (!end && looked > longest + 2) {
            skip_line(l, fault);
            return l->faulted ? TB_LINES_FAULT : TB_LINES_TOO_LONG;
        }
        l->at += end ? n + 1 : n;
        looked = 0;
        if (s.n > longest)
            return TB_LINES_TOO_LONG;
        if (!is_blank(s)) {
            *line = s;
            return TB_LINES_LINE;
        }
    }
}
