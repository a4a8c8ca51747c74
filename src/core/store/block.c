// SPDX-License-Identifier: Apache-2.0
#include "core/store/block.h"

#include <string.h>

static size_t section_bytes(const struct tb_shape *s, uint32_t section, uint32_t n)
{
    return n ? (size_t)tb_block_capacity(n, s->elem_bytes[section]) * s->elem_bytes[section] : 0;
}

size_t tb_block_bytes(const struct tb_shape *s, const uint16_t *n)
{
    size_t bytes = sizeof(struct tb_block) + s->head_bytes;
    for (uint32_t i = 0; i < s->section_n; i++)
        bytes += section_bytes(s, i, n[i]);
    return bytes;
}

struct tb_block *tb_block_create(struct tb_pool *p, const struct tb_shape *s, uint8_t kind,
                                 uint64_t id)
{
    static const uint16_t none[TB_SECTIONS_MAX];
    return tb_block_create_sized(p, s, kind, id, none);
}

void tb_block_destroy(struct tb_pool *p, const struct tb_shape *s, struct tb_block *b)
{
    tb_assert(b->section_n == s->section_n);
    tb_pool_free(p, b, b->bytes);
}

struct tb_block *tb_block_create_sized(struct tb_pool *p, const struct tb_shape *s, uint8_t kind,
                                       uint64_t id, const uint16_t *n)
{
    size_t bytes = sizeof(struct tb_block) + s->head_bytes;
    size_t half = bytes; /* what lies before section TB_SECTION_HALF */
    for (uint32_t i = 0; i < s->section_n; i++) {
        if (n[i] != 0)
            bytes += section_bytes(s, i, n[i]);
        if (i < TB_SECTION_HALF)
            half = bytes;
    }
    tb_assert(bytes <= UINT32_MAX);
    struct tb_block *b = tb_pool_alloc(p, bytes);
    memset(b, 0, bytes);
    b->id = id;
    b->kind = kind;
    b->section_n = (uint8_t)s->section_n;
    memcpy(b->n, n, s->section_n * sizeof *n);
    b->bytes = (uint32_t)bytes;
    if (s->section_n > TB_SECTION_HALF)
        tb_block_keep_half(b, half);
    return b;
}

/* Gives the section, which starts at offset off, room for n elements. What stands before
 * it and behind it keeps its layout; a size of the same class stays in its place.       */
static struct tb_block *relayout(struct tb_pool *p, const struct tb_shape *s, struct tb_block *b,
                                 uint32_t section, uint32_t n, size_t off)
{
    tb_assert(n <= TB_SECTION_ELEMENTS_MAX);
    size_t before = section_bytes(s, section, b->n[section]);
    size_t after = section_bytes(s, section, n);
    size_t old_bytes = b->bytes;
    size_t bytes = old_bytes - before + after;
    tb_assert(off + before <= old_bytes && bytes <= UINT32_MAX);
    uint32_t keep = n < b->n[section] ? n : b->n[section];
    size_t used = (size_t)keep * s->elem_bytes[section];
    struct tb_block *to = b;
    if (tb_pool_size(bytes) != tb_pool_size(old_bytes)) {
        to = tb_pool_alloc(p, bytes);
        memcpy(to, b, off + used);
    }
    uint8_t *at = (uint8_t *)to + off;
    memmove(at + after, (const uint8_t *)b + off + before, old_bytes - off - before);
    memset(at + used, 0, after - used);
    to->n[section] = (uint16_t)n;
    to->bytes = (uint32_t)bytes;
    if (section < TB_SECTION_HALF && to->half != 0)
        tb_block_keep_half(to, sizeof *to + to->half * (size_t)8 - before + after);
    if (to != b)
        tb_pool_free(p, b, old_bytes);
    return to;
}

struct tb_block *tb_block_insert(struct tb_pool *p, const struct tb_shape *s, struct tb_block *b,
                                 uint32_t section, uint32_t at, const void *elems, uint32_t count,
                                 void **place)
{
    uint32_t n = b->n[section];
    uint32_t size = s->elem_bytes[section];
    tb_assert(at <= n);
    tb_assert((uintptr_t)elems - (uintptr_t)b >= b->bytes); /* not a part of the block */
    size_t off = (size_t)((uint8_t *)tb_block_section(s, b, section) - (uint8_t *)b);
    if (tb_block_capacity(n, size) == tb_block_capacity(n + count, size))
        b->n[section] = (uint16_t)(n + count);
    else
        b = relayout(p, s, b, section, n + count, off);
    uint8_t *to = (uint8_t *)b + off + (size_t)at * size;
    if (at < n)
        memmove(to + (size_t)count * size, to, (size_t)(n - at) * size);
    if (elems != NULL)
        memcpy(to, elems, (size_t)count * size);
    else
        memset(to, 0, (size_t)count * size);
    if (place != NULL)
        *place = to;
    return b;
}

struct tb_block *tb_block_remove(struct tb_pool *p, const struct tb_shape *s, struct tb_block *b,
                                 uint32_t section, uint32_t at, uint32_t count)
{
    uint32_t n = b->n[section];
    uint32_t size = s->elem_bytes[section];
    tb_assert(at + count <= n);
    uint8_t *base = tb_block_section(s, b, section);
    memmove(base + (size_t)at * size, base + (size_t)(at + count) * size,
            (size_t)(n - at - count) * size);
    memset(base + (size_t)(n - count) * size, 0, (size_t)count * size);
    if (tb_block_capacity(n, size) == tb_block_capacity(n - count, size)) {
        b->n[section] = (uint16_t)(n - count);
        return b;
    }
    return relayout(p, s, b, section, n - count, (size_t)(base - (uint8_t *)b));
}

/* Of a section's size and count, in the packed form. */
#define PACKED_SECTION 6u
#define PACKED_HEAD 6u

size_t tb_block_packed_size(const struct tb_shape *s, const struct tb_block *b)
{
    size_t bytes = PACKED_HEAD + (size_t)s->section_n * PACKED_SECTION + s->head_bytes;
    for (uint32_t i = 0; i < s->section_n; i++)
        bytes += (size_t)b->n[i] * s->elem_bytes[i];
    return bytes;
}

static uint8_t *put_u16(uint8_t *p, uint16_t v)
{
    memcpy(p, &v, sizeof v); /* little-endian hosts */
    return p + sizeof v;
}

/* The next of several runs of bytes. */
static uint8_t *put_run(uint8_t *p, const void *from, size_t n)
{
    memcpy(p, from, n);
    return p + n;
}

void tb_block_pack(const struct tb_shape *s, struct tb_block *b, struct tb_buf *out)
{
    size_t bytes = tb_block_packed_size(s, b);
    if (out->overflowed || bytes > out->cap - out->n) {
        out->overflowed = true;
        return;
    }
    uint8_t *p = out->p + out->n;
    p = put_u16(p, s->version);
    p = put_u16(p, s->head_bytes);
    p = put_u16(p, s->section_n);
    for (uint32_t i = 0; i < s->section_n; i++) {
        uint32_t n = b->n[i];
        p = put_u16(p, s->elem_bytes[i]);
        memcpy(p, &n, sizeof n);
        p += sizeof n;
    }
    p = put_run(p, b + 1, s->head_bytes);
    const uint8_t *from = (const uint8_t *)(b + 1) + s->head_bytes;
    for (uint32_t i = 0; i < s->section_n; i++)
        if (b->n[i] != 0) {
            p = put_run(p, from, (size_t)b->n[i] * s->elem_bytes[i]);
            from += section_bytes(s, i, b->n[i]);
        }
    out->n += bytes;
    tb_assert(p == out->p + out->n);
}

struct packed {
    const uint8_t *p;
    size_t left;
};

static bool take(struct packed *in, uint32_t bytes, uint32_t *v)
{
    if (in->left < bytes)
        return false;
    *v = 0;
    for (uint32_t i = 0; i < bytes; i++)
        *v |= (uint32_t)in->p[i] << (8 * i);
    in->p += bytes;
    in->left -= bytes;
    return true;
}

/* Reads the sizes; false when they do not fit the shape or the bytes that follow. */
static bool packed_head(const struct tb_shape *s, struct packed *in, uint32_t *head,
                        uint32_t *sections, uint32_t *elem, uint16_t *n)
{
    uint32_t version;
    if (!take(in, 2, &version) || version > s->version || !take(in, 2, head) ||
        *head > s->head_bytes || !take(in, 2, sections) || *sections > s->section_n)
        return false;
    uint64_t expect = *head;
    for (uint32_t i = 0; i < *sections; i++) {
        uint32_t count;
        if (!take(in, 2, &elem[i]) || !take(in, 4, &count) || elem[i] > s->elem_bytes[i] ||
            count > TB_SECTION_ELEMENTS_MAX)
            return false;
        n[i] = (uint16_t)count;
        expect += (uint64_t)elem[i] * n[i];
    }
    return expect == in->left;
}

struct tb_block *tb_block_unpack(struct tb_pool *p, const struct tb_shape *s, uint8_t kind,
                                 uint64_t id, struct tb_str in_bytes)
{
    struct packed in = {(const uint8_t *)in_bytes.p, in_bytes.n};
    uint32_t head;
    uint32_t sections;
    uint32_t elem[TB_SECTIONS_MAX] = {0};
    uint16_t n[TB_SECTIONS_MAX] = {0};
    if (!packed_head(s, &in, &head, &sections, elem, n))
        return NULL;
    struct tb_block *b = tb_block_create_sized(p, s, kind, id, n);
    memcpy(b + 1, in.p, head);
    in.p += head;
    for (uint32_t i = 0; i < sections; i++) {
        uint8_t *to = tb_block_section(s, b, i);
        for (uint32_t k = 0; k < n[i]; k++, in.p += elem[i])
            memcpy(to + (size_t)k * s->elem_bytes[i], in.p, elem[i]);
    }
    return b;
}
