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
    [TB_ID_LOT] = "lot_",      [TB_ID_BASKET] = "bsk_", [TB_ID_OFFER] = "ofr_",
    [TB_ID_COUPON] = "cpn_",   [TB_ID_PACKET] = "pkt_",
    [TB_ID_EXCHANGE] = "exc_", [TB_ID_GIFT] = "gft_", [TB_ID_REQUEST] = "req_",
    [TB_ID_CARD] = "crd_",
};

/* One hash names the place (tenant, kind); each round mixes its half with it (the finaliser
 * of MurmurHash3 with the place as its key).                                               */
static uint64_t place_of(const struct tb_hash_key *key, uint32_t kind, uint32_t tenant)
{
    uint32_t block[2] = {tenant, kind};
    return tb_siphash(key, block, sizeof block);
}

static uint32_t round_of(uint64_t place, uint32_t round, uint32_t half)
{
    uint64_t x = place + (uint64_t)(round + 1) * UINT64_C(0x9E3779B97F4A7C15);
    x ^= half * UINT64_C(0xD6E8FEB86659FD93);
    x = (x ^ x >> 33) * UINT64_C(0xFF51AFD7ED558CCD);
    x = (x ^ x >> 33) * UINT64_C(0xC4CEB9FE1A85EC53);
    return (uint32_t)(x >> 32);
}

static uint64_t encipher(uint64_t place, uint64_t v)
{
    uint32_t left = (uint32_t)(v >> 32);
    uint32_t right = (uint32_t)v;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        uint32_t next = left ^ round_of(place, i, right);
        left = right;
        right = next;
    }
    return (uint64_t)left << 32 | right;
}

static uint64_t decipher(uint64_t place, uint64_t v)
{
    uint32_t left = (uint32_t)(v >> 32);
    uint32_t right = (uint32_t)v;
    for (uint32_t i = ROUNDS; i-- > 0;) {
        uint32_t before = right ^ round_of(place, i, left);
        right = left;
        left = before;
    }
    return (uint64_t)left << 32 | right;
}

void tb_id_print(const struct tb_hash_key *key, enum tb_id_kind kind, uint32_t tenant,
                 uint64_t number, char out[TB_ID_BYTES])
{
    tb_assert(kind < TB_ID_KINDS && number > 0 && number <= TB_ID_NUMBER_MAX);
    uint64_t v = encipher(place_of(key, kind, tenant), number);
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
    v = decipher(place_of(key, kind, tenant), v);
    if (v == 0 || v > (kind == TB_ID_MEMBER ? UINT32_MAX : (uint64_t)TB_ID_NUMBER_MAX))
        return false;
    *number = v;
    return true;
}
