// SPDX-License-Identifier: Apache-2.0
/* core/code/set.c - which single codes were scanned and redeemed, and who was first. */
#include "core/code/code_int.h"

#define PIECE_MASK ((1u << TB_CODE_PIECE_BITS) - 1)

_Static_assert(1u << TB_CODE_PIECE_BITS == TB_BITS_RANGE, "a piece is one set of bits");
_Static_assert(16u << TB_CODE_FIRSTS_BITS == TB_BITS_RANGE, "tb_code_set.first has 16 places");

struct tb_block *tb_code_set_of(const struct tb_txn *t, struct tb_code_ref ref)
{
    uint64_t id;
    if (!tb_map_find(t, TB_MAP_CODE_SET, tb_code_piece_key(ref), &id))
        return NULL;
    struct tb_block *b = tb_read(t, TB_KIND_CODE_SET, id);
    tb_assert(b != NULL);
    const struct tb_code_set *set = tb_block_head_const(b);
    tb_assert(set->batch == ref.batch && set->piece == ref.serial >> TB_CODE_PIECE_BITS);
    return b;
}

struct tb_bits tb_code_bits(const struct tb_txn *t, struct tb_block *b, uint32_t section)
{
    const struct tb_code_set *set = tb_block_head_const(b);
    bool scanned = section == TB_CODE_SET_SCANNED;
    return (struct tb_bits){.p = b->n[section] ? tb_section(t, b, section) : NULL,
                            .bytes = b->n[section],
                            .n = scanned ? set->scanned_n : set->redeemed_n,
                            .runs = scanned ? set->scanned_runs : set->redeemed_runs,
                            .form = scanned ? set->scanned_form : set->redeemed_form};
}

static bool has(const struct tb_txn *t, struct tb_code_ref ref, uint32_t section)
{
    struct tb_block *b = tb_code_set_of(t, ref);
    if (b == NULL)
        return false;
    struct tb_bits bits = tb_code_bits(t, b, section);
    return tb_bits_has(&bits, ref.serial & PIECE_MASK);
}

bool tb_code_is_redeemed(const struct tb_txn *t, struct tb_code_ref ref)
{
    return has(t, ref, TB_CODE_SET_REDEEMED);
}

bool tb_code_is_scanned(const struct tb_txn *t, struct tb_code_ref ref)
{
    return has(t, ref, TB_CODE_SET_SCANNED) || tb_code_is_redeemed(t, ref);
}

void tb_code_set_put(struct tb_txn *t, uint32_t id, uint32_t section, uint32_t v, bool on)
{
    uint8_t bytes[TB_BITS_BYTES_MAX];
    struct tb_bits after;
    struct tb_block *b = tb_write(t, TB_KIND_CODE_SET, id);
    struct tb_bits before = tb_code_bits(t, b, section);
    tb_bits_put(&before, v, on, bytes, &after);
    if (after.bytes < before.bytes)
        tb_cut(t, TB_KIND_CODE_SET, id, section, after.bytes, (uint32_t)before.bytes - after.bytes);
    else if (after.bytes > before.bytes)
        (void)tb_push_bytes(t, TB_KIND_CODE_SET, id, section,
                            (struct tb_str){(const char *)bytes, (uint32_t)after.bytes - before.bytes});
    b = tb_read(t, TB_KIND_CODE_SET, id);
    if (after.bytes > 0)
        memcpy(tb_section(t, b, section), bytes, after.bytes);
    struct tb_code_set *set = tb_block_head(b);
    if (section == TB_CODE_SET_SCANNED) {
        set->scanned_n = after.n;
        set->scanned_runs = after.runs;
        set->scanned_form = after.form;
    } else {
        set->redeemed_n = after.n;
        set->redeemed_runs = after.runs;
        set->redeemed_form = after.form;
    }
}

bool tb_code_first_of(struct tb_txn *t, struct tb_code_ref ref, struct tb_code_first *out, bool *need)
{
    struct tb_block *b = tb_code_set_of(t, ref);
    *need = false;
    *out = (struct tb_code_first){0};
    if (b == NULL)
        return false;
    const struct tb_code_set *set = tb_block_head_const(b);
    uint32_t id = set->first[ref.serial >> TB_CODE_FIRSTS_BITS & 15];
    if (id == 0)
        return false;
    struct tb_block *firsts = tb_read(t, TB_KIND_CODE_FIRST, id);
    if (firsts == NULL) {
        tb_txn_need(t, TB_KIND_CODE_FIRST, id);
        *need = true;
        return false;
    }
    const struct tb_code_first *scan = tb_section(t, firsts, TB_CODE_FIRSTS_SCAN);
    for (uint32_t i = 0; i < firsts->n[TB_CODE_FIRSTS_SCAN]; i++)
        if (scan[i].serial == (uint8_t)ref.serial) {
            *out = scan[i];
            return true;
        }
    return false;
}
