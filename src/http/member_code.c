// SPDX-License-Identifier: Apache-2.0
#include "http/member_code.h"

#include <sodium.h>
#include <string.h>

#include "border/keystore.h"

#define MAC_BITS 43u
#define MAC_MASK ((UINT64_C(1) << MAC_BITS) - 1)
#define SYMBOLS (TB_MEMBER_CODE_BYTES - 1)

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* What is hashed: no padding. */
struct message {
    char label[8];
    uint64_t what; /* profile, or the hash of it */
    int64_t minute;
    uint64_t tenant;
};

static uint64_t hash(const uint8_t key[TB_BLIND_KEY_BYTES], const char *label, uint32_t tenant, uint64_t what,
                     int64_t minute)
{
    uint64_t out;
    uint8_t bytes[crypto_generichash_BYTES_MIN];
    struct message m = {.what = what, .minute = minute, .tenant = tenant};
    memcpy(m.label, label, sizeof m.label);
    (void)crypto_generichash(bytes, sizeof bytes, (const unsigned char *)&m, sizeof m, key, TB_BLIND_KEY_BYTES);
    memcpy(&out, bytes, sizeof out);
    return out;
}

void tb_member_code_print(struct tb_keystore *keys, uint32_t tenant, uint32_t profile, int64_t now_ms,
                          char code[TB_MEMBER_CODE_BYTES])
{
    uint8_t key[TB_BLIND_KEY_BYTES];
    int64_t minute = now_ms / TB_MEMBER_CODE_MS;
    tb_keystore_blind_key(keys, tenant, key);
    uint64_t mac = hash(key, "code mac", tenant, profile, minute) & MAC_MASK;
    uint64_t hidden = (profile ^ hash(key, "code who", tenant, mac, minute)) & UINT32_MAX;
    code[0] = 'M';
    for (uint32_t i = SYMBOLS; i > 0; i--) {
        code[i] = alphabet[mac & 31];
        mac = mac >> 5 | (hidden & 31) << (MAC_BITS - 5); /* 75 bits as one number, shifted along */
        hidden >>= 5;
    }
}

static int symbol_of(char c)
{
    const char upper = c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
    const char *at = upper ? strchr(alphabet, upper) : NULL;
    return at ? (int)(at - alphabet) : -1;
}

bool tb_member_code_read(struct tb_keystore *keys, uint32_t tenant, struct tb_str text, int64_t now_ms,
                         uint64_t *profile)
{
    uint8_t key[TB_BLIND_KEY_BYTES];
    uint64_t mac = 0;
    uint64_t hidden = 0;
    if (text.n != TB_MEMBER_CODE_BYTES || (text.p[0] | 32) != 'm')
        return false;
    for (uint32_t i = 1; i <= SYMBOLS; i++) {
        int v = symbol_of(text.p[i]);
        if (v < 0)
            return false;
        hidden = (hidden << 5 | mac >> (MAC_BITS - 5)) & UINT32_MAX;
        mac = (mac << 5 | (uint64_t)v) & MAC_MASK;
    }
    tb_keystore_blind_key(keys, tenant, key);
    for (int64_t minute = now_ms / TB_MEMBER_CODE_MS, last = minute - 1; minute >= last; minute--) {
        uint32_t who = (uint32_t)((hidden ^ hash(key, "code who", tenant, mac, minute)) & UINT32_MAX);
        if ((hash(key, "code mac", tenant, who, minute) & MAC_MASK) == mac) {
            *profile = who;
            return true;
        }
    }
    return false;
}
