// SPDX-License-Identifier: Apache-2.0
/* border/code/ff1.c - see ff1.h; the steps' names are those of SP 800-38G. */
#include "border/code/ff1.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#define GROUP 64u /* texts that go through the rounds together */

static uint64_t power(uint64_t radix, uint32_t n, bool *fits)
{
    uint64_t p = 1;
    for (uint32_t i = 0; i < n; i++)
        if (__builtin_mul_overflow(p, radix, &p) || p >> 63) {
            *fits = false;
            return 0;
        }
    return p;
}

static uint32_t bytes_of(uint64_t max)
{
    uint32_t bits = max ? 64 - (uint32_t)__builtin_clzll(max) : 1;
    return (bits + 7) / 8;
}

static void cipher(struct tb_ff1 *f, const uint8_t *in, uint8_t *out, uint32_t blocks)
{
    int n = 0;
    int r = EVP_EncryptUpdate(f->aes, out, &n, in, (int)(blocks * 16));
    tb_assert(r == 1 && n == (int)(blocks * 16));
}

static void put_be(uint8_t *at, uint64_t v, uint32_t bytes)
{
    for (uint32_t i = bytes; i-- > 0; v >>= 8)
        at[i] = (uint8_t)v;
}

static void xor_block(uint8_t *to, const uint8_t *with)
{
    for (uint32_t i = 0; i < 16; i++)
        to[i] ^= with[i];
}

/* Step 5 and the part of steps 6.i and 6.ii that is the same in every round. */
static void prepare(struct tb_ff1 *f, const struct tb_ff1_setup *s)
{
    uint8_t p[16] = {1, 2, 1};
    put_be(p + 3, s->radix, 3);
    p[6] = 10;
    p[7] = (uint8_t)(s->n / 2);
    put_be(p + 8, s->n, 4);
    put_be(p + 12, s->tweak_n, 4);
    cipher(f, p, f->chain, 1);
    uint8_t q[TB_FF1_TWEAK_MAX + 32] = {0};
    uint32_t q_n = (s->tweak_n + f->b + 1 + 15) / 16 * 16;
    if (s->tweak_n > 0)
        memcpy(q, s->tweak, s->tweak_n);
    for (uint32_t at = 0; at + 16 < q_n; at += 16) {
        xor_block(f->chain, q + at);
        cipher(f, f->chain, f->chain, 1);
    }
    memcpy(f->last, q + q_n - 16, 16);
    xor_block(f->last, f->chain);
}

bool tb_ff1_init(struct tb_ff1 *f, const struct tb_ff1_setup *s, struct tb_fault *fault)
{
    memset(f, 0, sizeof *f);
    bool fits = s->n >= 2 && s->radix >= 2 && s->radix <= 65536 && s->tweak_n <= TB_FF1_TWEAK_MAX;
    uint32_t u = s->n / 2;
    if (fits) {
        f->mod[0] = power(s->radix, u, &fits);
        f->mod[1] = power(s->radix, s->n - u, &fits);
    }
    if (!fits || (f->mod[0] < 1000000 && f->mod[0] * f->mod[1] < 1000000)) {
        tb_fault_set(fault, false, "FF1 does not take texts of %u numerals of radix %u", s->n, s->radix);
        return false;
    }
    f->b = bytes_of(f->mod[1] - 1);
    f->d = 4 * ((f->b + 3) / 4) + 4;
    tb_assert(f->d <= 16);
    const EVP_CIPHER *aes = s->key_bytes == 32   ? EVP_aes_256_ecb()
                            : s->key_bytes == 24 ? EVP_aes_192_ecb()
                                                 : EVP_aes_128_ecb();
    tb_assert(s->key_bytes == 16 || s->key_bytes == 24 || s->key_bytes == 32);
    f->aes = EVP_CIPHER_CTX_new();
    if (f->aes == NULL || EVP_EncryptInit_ex(f->aes, aes, NULL, s->key, NULL) != 1 ||
        EVP_CIPHER_CTX_set_padding(f->aes, 0) != 1) {
        tb_fault_set(fault, false, "OpenSSL gives no AES of %u bits", s->key_bytes * 8);
        tb_ff1_deinit(f);
        return false;
    }
    prepare(f, s);
    return true;
}

void tb_ff1_deinit(struct tb_ff1 *f)
{
    EVP_CIPHER_CTX_free(f->aes); /* wipes the key's schedule */
    OPENSSL_cleanse(f, sizeof *f);
}

/* NUM of the first d bytes, mod m. */
static uint64_t number(const uint8_t *s, uint32_t d, uint64_t m)
{
    unsigned __int128 y = 0;
    for (uint32_t i = 0; i < d; i++)
        y = y << 8 | s[i];
    return (m & (m - 1)) == 0 ? (uint64_t)y & (m - 1) : (uint64_t)(y % m);
}

/* y of one round for a group, from the numbers that stand in half. */
static void round_numbers(struct tb_ff1 *f, uint32_t round, const uint64_t *half, uint32_t n,
                          uint64_t m, uint64_t *y)
{
    uint8_t block[GROUP * 16];
    uint32_t at = 0;
    do {
        uint8_t *q = block + at * 16;
        memcpy(q, f->last, 16);
        q[15 - f->b] ^= (uint8_t)round;
        for (uint32_t k = 0; k < f->b; k++)
            q[15 - k] ^= (uint8_t)(half[at] >> (8 * k));
    } while (++at < n); /* n >= 1 */
    cipher(f, block, block, n);
    for (uint32_t i = 0; i < n; i++)
        y[i] = number(block + i * 16, f->d, m);
}

static void group_encrypt(struct tb_ff1 *f, struct tb_ff1_text *text, uint32_t n)
{
    uint64_t a[GROUP];
    uint64_t b[GROUP];
    uint64_t y[GROUP];
    for (uint32_t i = 0; i < n; i++) {
        tb_assert(text[i].a < f->mod[0] && text[i].b < f->mod[1]);
        a[i] = text[i].a;
        b[i] = text[i].b;
    }
    for (uint32_t round = 0; round < TB_FF1_ROUNDS; round++) {
        uint64_t m = f->mod[round & 1];
        round_numbers(f, round, b, n, m, y);
        for (uint32_t i = 0; i < n; i++) {
            uint64_t c = a[i] + y[i];
            a[i] = b[i];
            b[i] = c >= m ? c - m : c;
        }
    }
    for (uint32_t i = 0; i < n; i++)
        text[i] = (struct tb_ff1_text){a[i], b[i]};
}

static void group_decrypt(struct tb_ff1 *f, struct tb_ff1_text *text, uint32_t n)
{
    uint64_t a[GROUP];
    uint64_t b[GROUP];
    uint64_t y[GROUP];
    for (uint32_t i = 0; i < n; i++) {
        tb_assert(text[i].a < f->mod[0] && text[i].b < f->mod[1]);
        a[i] = text[i].a;
        b[i] = text[i].b;
    }
    for (uint32_t round = TB_FF1_ROUNDS; round-- > 0;) {
        uint64_t m = f->mod[round & 1];
        round_numbers(f, round, a, n, m, y);
        for (uint32_t i = 0; i < n; i++) {
            uint64_t c = b[i] >= y[i] ? b[i] - y[i] : b[i] + (m - y[i]);
            b[i] = a[i];
            a[i] = c;
        }
    }
    for (uint32_t i = 0; i < n; i++)
        text[i] = (struct tb_ff1_text){a[i], b[i]};
}

void tb_ff1_encrypt(struct tb_ff1 *f, struct tb_ff1_text *text, uint32_t n)
{
    for (uint32_t at = 0; at < n; at += GROUP)
        group_encrypt(f, text + at, n - at < GROUP ? n - at : GROUP);
}

void tb_ff1_decrypt(struct tb_ff1 *f, struct tb_ff1_text *text, uint32_t n)
{
    for (uint32_t at = 0; at < n; at += GROUP)
        group_decrypt(f, text + at, n - at < GROUP ? n - at : GROUP);
}
