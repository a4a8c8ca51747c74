// SPDX-License-Identifier: Apache-2.0
/* base/ids.c - see ids.h. */
#include "base/ids.h"

#include <string.h>

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
#define ROUNDS 4u
#define PREFIX 4u
#define DIGITS 13u

static const char prefix[TB_ID_KINDS][PREFIX + 1] = {
    [TB_ID_MEMBER] = "mbr_", [TB_ID_ORDER] = "ord_",  [TB_ID_HOLD] = "hld_",
    [TB_ID_TRANSFER] = "trf_", [TB_ID_RETURN] = "ret_", [TB_ID_DEVICE] = "dev_",
    [TB_ID_LOT] = "lot_",
};

static uint32_t round_of(const struct tb_hash_key *key, uint32_t kind, uint32_t tenant,
                         uint32_t round, uint32_t half)
{
    uint32_t block[3] = {half, tenant, kind << 8 | round};
    return (uint32_t)tb_siphash(key, block, sizeof block);
}

static uint64_t encipher(const struct tb_hash_key *key, uint32_t kind, uint32_t tenant, uint64_t v)
{
    uint32_t left = (uint32_t)(v >> 32);
    uint32_t right = (uint32_t)v;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        uint32_t next = left ^ round_of(key, kind, tenant, i, right);
        left = right;
        right = next;
    }
    return (uint64_t)left << 32 | right;
}

static uint64_t decipher(const struct tb_hash_key *key, uint32_t kind, uint32_t tenant, uint64_t v)
{
    uint32_t left = (uint32_t)(v >> 32);
    uint32_t right = (uint32_t)v;
    for (uint32_t i = ROUNDS; i-- > 0;) {
        uint32_t before = right ^ round_of(key, kind, tenant, i, left);
        right = left;
        left = before;
    }
    return (uint64_t)left << 32 | right;
}

void tb_id_print(const struct tb_hash_key *key, enum tb_id_kind kind, uint32_t tenant,
                 uint64_t number, char out[TB_ID_BYTES])
{
    tb_assert(kind < TB_ID_KINDS && number > 0 && number <= TB_ID_NUMBER_MAX);
    uint64_t v = encipher(key, kind, tenant, number);
    memcpy(out, prefix[kind], PREFIX);
    for (uint32_t i = DIGITS; i-- > 0; v >>= 5)
        out[PREFIX + i] = alphabet[v & 31];
}

static int digit_of(char c)
{
    if (c >= 'a' && c <= 'z')
        c = (char)(c - 'a' + 'A');
    const char *at = c == 0 ? NULL : strchr(alphabet, c);
    return at == NULL ? -1 : (int)(at - alphabet);
}

bool tb_id_parse(const struct tb_hash_key *key, enum tb_id_kind kind, uint32_t tenant,
                 struct tb_str text, uint64_t *number)
{
    tb_assert(kind < TB_ID_KINDS);
    if (text.n != TB_ID_BYTES || memcmp(text.p, prefix[kind], PREFIX) != 0)
        return false;
    uint64_t v = 0;
    for (uint32_t i = 0; i < DIGITS; i++) {
        int d = digit_of(text.p[PREFIX + i]);
        if (d < 0 || (i == 0 && d > 15))
            return false;
        v = v << 5 | (uint64_t)d;
    }
    v = decipher(key, kind, tenant, v);
    if (v == 0 || v > (kind == TB_ID_MEMBER ? UINT32_MAX : (uint64_t)TB_ID_NUMBER_MAX))
        return false;
    *number = v;
    return true;
}
