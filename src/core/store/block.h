// SPDX-License-Identifier: Apache-2.0
/* core/store/block.h - one record: a head and a few arrays in one piece of memory.
 *
 * Everything the cell keeps (a person with profiles, accounts and lots; an order; a
 * rule) is a block of some kind. Its layout is a pure function of the kind's shape
 * and the element counts, so a block is copied with memcpy, compared byte by byte,
 * and costs one cache miss to reach. Elements are plain structs without pointers.
 *
 * Pointers into a block are valid until the next push, remove or write to it.
 *
 * Packed form (what the SQL state keeps): version, sizes and counts, then the head
 * and the elements, little-endian, without slack. A shape may grow: new fields go to
 * the end of a struct, new sections to the end; unpacking zero-fills what an older
 * version lacks. Fields are never removed or reordered.                             */
#ifndef TB_CORE_STORE_BLOCK_H
#define TB_CORE_STORE_BLOCK_H

#include "base/text.h"
#include "core/store/pool.h"

#define TB_SECTIONS_MAX 16
#define TB_SECTION_HALF 8u
#define TB_SECTION_SMALL 24u /* bytes of an element */

struct tb_shape {
    const char *name;
    uint16_t version;
    uint16_t head_bytes; /* multiples of 8 */
    uint16_t section_n;
    uint16_t elem_bytes[TB_SECTIONS_MAX]; /* multiples of 8, or 1 for bytes */
    bool sparse;                          /* few of its ids are in memory (orders) */
};

/* The most elements (or bytes) that one section holds; rooms answer "too many" first. An order's bytes are the
 * longest: 1,000 articles that the catalog does not know, of 64 bytes each, and the key.  */
#define TB_SECTION_ELEMENTS_MAX 65000u

struct tb_block {
    uint64_t id;
    uint8_t kind;
    uint8_t section_n;
    uint16_t half; /* where section TB_SECTION_HALF lies, in eights of bytes behind this; 0 = is to be counted */
    uint32_t written_command; /* stamp of the command that last copied it */
    uint32_t written_batch;   /* stamp of the batch that last listed it as dirty */
    uint16_t n[TB_SECTIONS_MAX];
    uint32_t bytes; /* of the whole block; what tb_block_bytes says of n */
    /* head, then sections */
};
_Static_assert(sizeof(struct tb_block) % 8 == 0, "heads are 8-byte aligned");

/* Slots that the layout keeps for n elements: exact to 4 (small ones, attributes and the like that
 * come together and stay, to 8), then by steps of about an eighth; bytes by eights. */
static inline uint32_t tb_block_capacity(uint32_t n, uint32_t elem_bytes)
{
    if (elem_bytes == 1)
        return (n + 7) & ~7u;
    if (n <= 4 || (n <= 8 && elem_bytes <= TB_SECTION_SMALL))
        return n;
    uint32_t step = 2u << (n < 16 ? 0 : 28 - (uint32_t)__builtin_clz(n));
    return (n + step - 1) & ~(step - 1);
}
size_t tb_block_bytes(const struct tb_shape *s, const uint16_t *n);

static inline void *tb_block_head(struct tb_block *b)
{
    return b + 1;
}

static inline const void *tb_block_head_const(const struct tb_block *b)
{
    return b + 1;
}

static inline void *tb_block_section(const struct tb_shape *s, struct tb_block *b,
                                     uint32_t section)
{
    tb_assert(section < s->section_n);
    uint8_t *p = (uint8_t *)(b + 1) + s->head_bytes;
    uint32_t i = 0;
    if (section >= TB_SECTION_HALF && b->half != 0) {
        p = (uint8_t *)(b + 1) + b->half * (size_t)8;
        i = TB_SECTION_HALF;
    }
    for (; i < section; i++)
        if (b->n[i])
            p += (size_t)tb_block_capacity(b->n[i], s->elem_bytes[i]) * s->elem_bytes[i];
    return p;
}

/* Where the next section begins, from where this one of n elements does. */
static inline void *tb_block_behind(const void *section, uint32_t n, uint32_t elem_bytes)
{
    return (uint8_t *)(uintptr_t)section + (n ? (size_t)tb_block_capacity(n, elem_bytes) * elem_bytes : 0);
}

/* Of a section behind many others: walking over those would cost more than it. off: of section TB_SECTION_HALF in the
 * block. */
static inline void tb_block_keep_half(struct tb_block *b, size_t off)
{
    size_t eights = (off - sizeof *b) / 8;
    b->half = eights <= UINT16_MAX ? (uint16_t)eights : 0;
}

struct tb_block *tb_block_create(struct tb_pool *p, const struct tb_shape *s, uint8_t kind,
                                 uint64_t id);
/* With n[i] zeroed elements in section i: one layout instead of one per insertion. */
struct tb_block *tb_block_create_sized(struct tb_pool *p, const struct tb_shape *s, uint8_t kind,
                                       uint64_t id, const uint16_t *n);
void tb_block_destroy(struct tb_pool *p, const struct tb_shape *s, struct tb_block *b);
/* Inserts count zeroed elements (NULL) or copies of elems before index at; returns the
 * block, which may have moved; the old one is freed. *place (unless NULL): the first of them. */
struct tb_block *tb_block_insert(struct tb_pool *p, const struct tb_shape *s, struct tb_block *b,
                                 uint32_t section, uint32_t at, const void *elems, uint32_t count,
                                 void **place);
struct tb_block *tb_block_remove(struct tb_pool *p, const struct tb_shape *s, struct tb_block *b,
                                 uint32_t section, uint32_t at, uint32_t count);

size_t tb_block_packed_size(const struct tb_shape *s, const struct tb_block *b);
void tb_block_pack(const struct tb_shape *s, struct tb_block *b, struct tb_buf *out);
/* NULL when the bytes are not a packed block of this shape or of an older version. */
struct tb_block *tb_block_unpack(struct tb_pool *p, const struct tb_shape *s, uint8_t kind,
                                 uint64_t id, struct tb_str in);

#endif
