// SPDX-License-Identifier: Apache-2.0
/* Rows, checked against the table's description, and sets of numbers. */
#include <string.h>

#include "engine/heap.h"
#include "engine/publish_int.h"

#define CHUNK_BYTES ((size_t)1 << 20)

static char *text_room(struct tb_publish *p, size_t n)
{
    if (p->text == NULL || p->text->size - p->text->used < n) {
        size_t size = n > CHUNK_BYTES ? n : CHUNK_BYTES;
        struct text_chunk *c = tb_heap_take(sizeof *c + size);
        *c = (struct text_chunk){.next = p->text, .size = size};
        p->text = c;
    }
    char *room = p->text->bytes + p->text->used;
    p->text->used += n;
    return room;
}

struct tb_str publish_keep(struct tb_publish *p, struct tb_str s)
{
    char *to = text_room(p, s.n);
    memcpy(to, s.p, s.n);
    return (struct tb_str){to, s.n};
}

void row_begin(struct row *r, struct tb_publish *p, enum publish_table t)
{
    r->p = p;
    r->table = &p->table[t];
    r->n = 0;
    tb_assert(r->table->column_n <= ROW_COLUMNS_MAX);
}

static struct tb_value *next(struct row *r, bool number)
{
    tb_assert(r->n < r->table->column_n);
    tb_assert((r->table->column[r->n].type == TB_COLUMN_I64) == number);
    return &r->v[r->n++];
}

void row_i64(struct row *r, int64_t v)
{
    *next(r, true) = (struct tb_value){.i64 = v};
}

void row_ref(struct row *r, uint64_t v)
{
    *next(r, true) = (struct tb_value){.null = v == 0, .i64 = (int64_t)v};
}

void row_due(struct row *r, int64_t v)
{
    *next(r, true) = (struct tb_value){.null = v == INT64_MAX, .i64 = v};
}

void row_null(struct row *r)
{
    tb_assert(r->n < r->table->column_n);
    r->v[r->n++] = (struct tb_value){.null = true};
}

/* A state refuses a text that is not UTF-8, and one such row would stop every flush. */
static bool presentable(const struct row *r, struct tb_str s)
{
    return r->table->column[r->n].type == TB_COLUMN_BLOB ||
           (memchr(s.p, 0, s.n) == NULL && tb_utf8_valid(s));
}

static struct tb_str copied_text(struct row *r, struct tb_str s, bool good)
{
    char *to = text_room(r->p, s.n);
    memcpy(to, s.p, s.n);
    for (uint32_t i = 0; !good && i < s.n; i++)
        if ((uint8_t)to[i] >= 0x80 || to[i] == 0)
            to[i] = '?';
    return (struct tb_str){to, s.n};
}

static void text(struct row *r, struct tb_str s, bool copy)
{
    if (s.n == 0) {
        row_null(r);
        return;
    }
    bool good = presentable(r, s);
    *next(r, false) = (struct tb_value){.str = copy || !good ? copied_text(r, s, good) : s};
}

void row_text(struct row *r, struct tb_str s)
{
    text(r, s, true);
}

void row_borrow(struct row *r, struct tb_str s)
{
    text(r, s, r->p->copy_texts);
}

void row_put(struct row *r)
{
    struct tb_publish *p = r->p;
    tb_assert(r->n == r->table->column_n);
    if (p->answer == TB_STATE_DONE)
        p->answer = p->state->ops->put(p->state, r->table, r->v, p->fault);
    p->rows++;
}

void row_drop(struct row *r)
{
    struct tb_publish *p = r->p;
    tb_assert(r->n == r->table->key_n);
    if (p->answer == TB_STATE_DONE)
        p->answer = p->state->ops->drop(p->state, r->table, r->v, p->fault);
}

void drop_prefix(struct tb_publish *p, enum publish_table t, uint64_t first)
{
    struct tb_value v = {.i64 = (int64_t)first};
    if (p->answer == TB_STATE_DONE)
        p->answer = p->state->ops->drop_prefix(p->state, &p->table[t], &v, p->fault);
}

void numbers_add(struct numbers *l, uint64_t v)
{
    if (l->n == l->cap) {
        l->cap = l->cap ? l->cap * 2 : 256;
        l->v = tb_heap_resize(l->v, l->cap * sizeof *l->v);
    }
    l->v[l->n++] = v;
}

/* ---- sets of numbers --------------------------------------------------------------------- */

bool bits_get(const struct bits *b, uint64_t at)
{
    return at / 64 < b->words && (b->word[at / 64] >> (at % 64) & 1);
}

void bits_set(struct bits *b, uint64_t at)
{
    if (at / 64 >= b->words) {
        uint64_t words = at / 64 + 1;
        words += words / 2 + 64;
        b->word = tb_heap_resize(b->word, words * sizeof *b->word);
        memset(b->word + b->words, 0, (words - b->words) * sizeof *b->word);
        b->words = words;
    }
    b->n += !bits_get(b, at);
    b->word[at / 64] |= UINT64_C(1) << (at % 64);
}

void bits_clear(struct bits *b, uint64_t at)
{
    if (!bits_get(b, at))
        return;
    b->word[at / 64] &= ~(UINT64_C(1) << (at % 64));
    b->n--;
}

uint64_t bits_next(const struct bits *b, uint64_t from)
{
    uint64_t w = from / 64;
    if (b->n == 0 || w >= b->words)
        return UINT64_MAX;
    uint64_t word = b->word[w] & ~UINT64_C(0) << (from % 64);
    while (word == 0 && ++w < b->words)
        word = b->word[w];
    return word == 0 ? UINT64_MAX : w * 64 + (uint64_t)__builtin_ctzll(word);
}
