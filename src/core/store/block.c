// SPDX-License-Identifier: Apache-2.0
#include "core/store/block.h"

#include <string.h>

/* How the sections lie behind the head, in bytes from the block's start; returns the
 * block's size. One pass over the counts, and empty sections cost nothing.            */
static size_t lay_out(const struct tb_shape *s, const uint16_t *n, uint32_t *offset)
{
    size_t at = sizeof(struct tb_block) + s->head_bytes;
    for (uint32_t i = 0; i < s->section_n; i++) {
        offset[i] = (uint32_t)at;
        if (n[i])
            at += (size_t)tb_block_capacity(n[i], s->elem_bytes[i]) * s->elem_bytes[i];
    }
    return at;
}

size_t tb_block_bytes(const struct tb_shape *s, const uint16_t *n)
{
    uint32_t offset[TB_SECTIONS_MAX];
    return lay_out(s, n, offset);
}

static void *section_at(struct tb_block *b, uint32_t offset)
{
    return (uint8_t *)b + offset;
}

struct tb_block *tb_block_create(struct tb_pool *p, const struct tb_shape *s, uint8_t kind,
                                 uint64_t id)
{
    uint16_t none[TB_SECTIONS_MAX] = {0};
    size_t bytes = tb_block_bytes(s, none);
    struct tb_block *b = tb_pool_alloc(p, bytes);
    memset(b, 0, bytes);
    b->id = id;
    b->kind = kind;
    b->section_n = (uint8_t)s->section_n;
    return b;
}

struct tb_block *tb_block_copy(struct tb_pool *p, const struct tb_shape *s,
                               const struct tb_block *b)
{
    size_t bytes = tb_block_bytes(s, b->n);
    struct tb_block *copy = tb_pool_alloc(p, bytes);
    memcpy(copy, b, bytes);
    return copy;
}

void tb_block_destroy(struct tb_pool *p, const struct tb_shape *s, struct tb_block *b)
{
    tb_pool_free(p, b, tb_block_bytes(s, b->n));
}

struct tb_block *tb_block_create_sized(struct tb_pool *p, const struct tb_shape *s, uint8_t kind,
                                       uint64_t id, const uint16_t *n)
{
    size_t bytes = tb_block_bytes(s, n);
    struct tb_block *b = tb_pool_alloc(p, bytes);
    memset(b, 0, bytes);
    b->id = id;
    b->kind = kind;
    b->section_n = (uint8_t)s->section_n;
    memcpy(b->n, n, s->section_n * sizeof *n);
    return b;
}

/* A block with room for n elements in one section. Sections before it and behind it are
 * carried over as two runs: their layout relative to each other does not change.       */
static struct tb_block *relayout(struct tb_pool *p, const struct tb_shape *s, struct tb_block *b,
                                 uint32_t section, uint32_t n)
{
    tb_assert(n <= TB_SECTION_ELEMENTS_MAX);
    uint32_t from[TB_SECTIONS_MAX + 1];
    uint32_t to[TB_SECTIONS_MAX + 1];
    uint16_t counts[TB_SECTIONS_MAX];
    memcpy(counts, b->n, sizeof counts);
    counts[section] = (uint16_t)n;
    size_t old_bytes = lay_out(s, b->n, from);
    size_t bytes = lay_out(s, counts, to);
    from[s->section_n] = (uint32_t)old_bytes;
    to[s->section_n] = (uint32_t)bytes;
    struct tb_block *fresh = tb_pool_alloc(p, bytes);
    memcpy(fresh, b, from[section]);
    fresh->n[section] = (uint16_t)n;
    uint32_t keep = n < b->n[section] ? n : b->n[section];
    size_t used = (size_t)keep * s->elem_bytes[section];
    memcpy(section_at(fresh, to[section]), section_at(b, from[section]), used);
    memset((uint8_t *)section_at(fresh, to[section]) + used, 0,
           to[section + 1] - to[section] - used);
    memcpy(section_at(fresh, to[section + 1]), section_at(b, from[section + 1]),
           old_bytes - from[section + 1]);
    tb_pool_free(p, b, old_bytes);
    return fresh;
}

struct tb_block *tb_block_insert(struct tb_pool *p, const struct tb_shape *s, struct tb_block *b,
                                 uint32_t section, uint32_t at, const void *elems, uint32_t count)
{
    uint32_t n = b->n[section];
    uint32_t size = s->elem_bytes[section];
    tb_assert(at <= n);
    if (tb_block_capacity(n, size) == tb_block_capacity(n + count, size))
        b->n[section] = (uint16_t)(n + count);
    else
        b = relayout(p, s, b, section, n + count);
    uint8_t *base = tb_block_section(s, b, section);
    if (at < n)
        memmove(base + (size_t)(at + count) * size, base + (size_t)at * size,
                (size_t)(n - at) * size);
    if (elems != NULL)
        memcpy(base + (size_t)at * size, elems, (size_t)count * size);
    else
        memset(base + (size_t)at * size, 0, (size_t)count * size);
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
    return relayout(p, s, b, section, n - count);
}

static void put_u16(struct tb_buf *out, uint32_t v)
{
    uint8_t bytes[2] = {(uint8_t)v, (uint8_t)(v >> 8)};
    tb_buf_put(out, bytes, 2);
}

static void put_u32(struct tb_buf *out, uint32_t v)
{
    put_u16(out, v);
    put_u16(out, v >> 16);
}

size_t tb_block_packed_size(const struct tb_shape *s, const struct tb_block *b)
{
    size_t bytes = 6 + (size_t)s->section_n * 6 + s->head_bytes;
    for (uint32_t i = 0; i < s->section_n; i++)
        bytes += (size_t)b->n[i] * s->elem_bytes[i];
    return bytes;
}

void tb_block_pack(const struct tb_shape *s, struct tb_block *b, struct tb_buf *out)
{
    put_u16(out, s->version);
    put_u16(out, s->head_bytes);
    put_u16(out, s->section_n);
    for (uint32_t i = 0; i < s->section_n; i++) {
        put_u16(out, s->elem_bytes[i]);
        put_u32(out, b->n[i]);
    }
    tb_buf_put(out, b + 1, s->head_bytes);
    for (uint32_t i = 0; i < s->section_n; i++)
        tb_buf_put(out, tb_block_section(s, b, i), (size_t)b->n[i] * s->elem_bytes[i]);
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
    size_t bytes = tb_block_bytes(s, n);
    struct tb_block *b = tb_pool_alloc(p, bytes);
    memset(b, 0, bytes);
    b->id = id;
    b->kind = kind;
    b->section_n = (uint8_t)s->section_n;
    memcpy(b->n, n, sizeof n);
    memcpy(b + 1, in.p, head);
    in.p += head;
    for (uint32_t i = 0; i < sections; i++) {
        uint8_t *to = tb_block_section(s, b, i);
        for (uint32_t k = 0; k < n[i]; k++, in.p += elem[i])
            memcpy(to + (size_t)k * s->elem_bytes[i], in.p, elem[i]);
    }
    return b;
}
