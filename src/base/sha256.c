// SPDX-License-Identifier: Apache-2.0
#include "base/sha256.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

#define BLOCK 64u

static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                  0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

static const uint32_t round_constant[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t turn(uint32_t x, uint32_t n)
{
    return x >> n | x << (32 - n);
}

static void compress_plain(uint32_t state[8], const uint8_t *block)
{
    uint32_t w[64];
    for (uint32_t i = 0; i < 16; i++)
        w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
               (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
    for (uint32_t i = 16; i < 64; i++) {
        uint32_t s0 = turn(w[i - 15], 7) ^ turn(w[i - 15], 18) ^ w[i - 15] >> 3;
        uint32_t s1 = turn(w[i - 2], 17) ^ turn(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
#pragma GCC unroll 8
    for (uint32_t i = 0; i < 64; i++) { /* eight at once: the moves below become names */
        uint32_t s1 = turn(e, 6) ^ turn(e, 11) ^ turn(e, 25);
        uint32_t t1 = h + s1 + ((e & f) ^ (~e & g)) + round_constant[i] + w[i];
        uint32_t s0 = turn(a, 2) ^ turn(a, 13) ^ turn(a, 22);
        uint32_t t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
        h = g;
        g = f;
        f = e;
        e = d + t1;
        d = c;
        c = b;
        b = a;
        a = t1 + t2;
    }
    const uint32_t v[8] = {a, b, c, d, e, f, g, h};
    for (uint32_t i = 0; i < 8; i++)
        state[i] += v[i];
}

/* ---- the processor's own instructions, where it has them ---------------------------------------- */

typedef void compress_fn(uint32_t state[8], const uint8_t *block);
static compress_fn *compress = compress_plain;

#if defined(__x86_64__)
/* Intel's SHA extensions: two rounds an instruction, the state as ABEF and CDGH. */
__attribute__((target("sha,sse4.1"))) static void compress_native(uint32_t state[8], const uint8_t *block)
{
    const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    __m128i abcd = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(const void *)state), 0xb1);
    __m128i efgh = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(const void *)(state + 4)), 0x1b);
    __m128i abef = _mm_alignr_epi8(abcd, efgh, 8);
    __m128i cdgh = _mm_blend_epi16(efgh, abcd, 0xf0);
    const __m128i abef_before = abef;
    const __m128i cdgh_before = cdgh;
    __m128i w[4];
#pragma GCC unroll 16
    for (uint32_t i = 0; i < 16; i++) {
        if (i < 4) {
            w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)(block + 16 * i)), big_endian);
        } else {
            __m128i t = _mm_sha256msg1_epu32(w[i % 4], w[(i + 1) % 4]);
            t = _mm_add_epi32(t, _mm_alignr_epi8(w[(i + 3) % 4], w[(i + 2) % 4], 4));
            w[i % 4] = _mm_sha256msg2_epu32(t, w[(i + 3) % 4]);
        }
        __m128i k = _mm_loadu_si128((const __m128i *)(const void *)(round_constant + 4 * i));
        __m128i m = _mm_add_epi32(w[i % 4], k);
        cdgh = _mm_sha256rnds2_epu32(cdgh, abef, m);
        abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(m, 0x0e));
    }
    abef = _mm_shuffle_epi32(_mm_add_epi32(abef, abef_before), 0x1b);
    cdgh = _mm_shuffle_epi32(_mm_add_epi32(cdgh, cdgh_before), 0xb1);
    _mm_storeu_si128((__m128i *)(void *)state, _mm_blend_epi16(abef, cdgh, 0xf0));
    _mm_storeu_si128((__m128i *)(void *)(state + 4), _mm_alignr_epi8(cdgh, abef, 8));
}

/* Before main, so that no thread ever sees it change. */
__attribute__((constructor)) static void choose(void)
{
    uint32_t a, b, c, d;
    bool sse41 = __get_cpuid(1, &a, &b, &c, &d) && (c & bit_SSE4_1) != 0;
    if (sse41 && __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA) != 0)
        compress = compress_native;
}
#endif

/* Hashes bytes behind `before` bytes (whole blocks) that state has taken in already. */
static void finish(uint32_t state[8], uint64_t before, struct tb_str s, uint8_t out[TB_SHA256_BYTES])
{
    uint8_t last[2 * BLOCK] = {0};
    const uint8_t *p = (const uint8_t *)s.p;
    uint32_t left = s.n;
    for (; left >= BLOCK; left -= BLOCK, p += BLOCK)
        compress(state, p);
    if (left)
        memcpy(last, p, left);
    last[left] = 0x80;
    uint32_t end = left < BLOCK - 8 ? BLOCK : 2 * BLOCK;
    uint64_t bits = (before + s.n) * 8;
    for (uint32_t i = 0; i < 8; i++)
        last[end - 1 - i] = (uint8_t)(bits >> 8 * i);
    compress(state, last);
    if (end > BLOCK)
        compress(state, last + BLOCK);
    for (uint32_t i = 0; i < TB_SHA256_BYTES; i++)
        out[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
}

void tb_sha256_plain(uint32_t state[8], const uint8_t block[64])
{
    compress_plain(state, block);
}

void tb_sha256_block(uint32_t state[8], const uint8_t block[64])
{
    compress(state, block);
}

void tb_sha256(struct tb_str bytes, uint8_t out[TB_SHA256_BYTES])
{
    uint32_t state[8];
    memcpy(state, start, sizeof state);
    finish(state, 0, bytes, out);
}

void tb_hmac_key_init(struct tb_hmac_key *k, struct tb_str key)
{
    uint8_t pad[BLOCK];
    tb_assert(key.n <= BLOCK);
    for (uint32_t i = 0; i < BLOCK; i++)
        pad[i] = (uint8_t)((i < key.n ? (uint8_t)key.p[i] : 0) ^ 0x36);
    memcpy(k->inner, start, sizeof start);
    compress(k->inner, pad);
    for (uint32_t i = 0; i < BLOCK; i++)
        pad[i] ^= 0x36 ^ 0x5c;
    memcpy(k->outer, start, sizeof start);
    compress(k->outer, pad);
}

void tb_hmac(const struct tb_hmac_key *k, struct tb_str message, uint8_t out[TB_SHA256_BYTES])
{
    uint32_t state[8];
    uint8_t digest[TB_SHA256_BYTES];
    memcpy(state, k->inner, sizeof state);
    finish(state, BLOCK, message, digest);
    memcpy(state, k->outer, sizeof state);
    finish(state, BLOCK, (struct tb_str){(const char *)digest, sizeof digest}, out);
}
