// SPDX-License-Identifier: Apache-2.0
#include "core/play/chance.h"

#include "base/assert.h"

static void put_be(uint8_t *p, uint64_t v, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++)
        p[i] = (uint8_t)(v >> 8 * (bytes - 1 - i));
}

void tb_chance_init(struct tb_chance *c, const uint8_t seed[TB_SEED_BYTES], uint32_t edition,
                    uint64_t player, uint64_t n)
{
    tb_hmac_key_init(&c->key, (struct tb_str){(const char *)seed, TB_SEED_BYTES});
    memcpy(c->message, "tongbao1", 8);
    put_be(c->message + 8, edition, 4);
    put_be(c->message + 12, player, 8);
    put_be(c->message + 20, n, 8);
    c->block = 0;
    c->used = 4;
}

uint64_t tb_chance_word(struct tb_chance *c)
{
    if (c->used == 4) {
        put_be(c->message + 28, c->block++, 4);
        tb_hmac(&c->key, (struct tb_str){(const char *)c->message, sizeof c->message}, c->words);
        c->used = 0;
    }
    uint64_t v = 0;
    for (uint32_t i = 0; i < 8; i++)
        v = v << 8 | c->words[8 * c->used + i];
    c->used++;
    return v;
}

uint64_t tb_chance_below(struct tb_chance *c, uint64_t below)
{
    tb_assert(below >= 1);
    uint64_t over = (UINT64_MAX % below + 1) % below; /* 2^64 mod below */
    uint64_t word = tb_chance_word(c);
    while (word > UINT64_MAX - over)
        word = tb_chance_word(c);
    return word % below;
}

uint32_t tb_chance_ticket(const uint8_t seed[TB_SEED_BYTES], uint32_t edition, uint64_t player,
                          uint64_t n)
{
    struct tb_chance c;
    tb_chance_init(&c, seed, edition, player, n);
    return (uint32_t)tb_chance_below(&c, TB_PPM);
}

uint32_t tb_chance_pick(const uint32_t *ppm, uint32_t n, uint32_t ticket)
{
    tb_assert(ticket < TB_PPM);
    uint32_t end = 0;
    for (uint32_t i = 0; i < n; i++) {
        end += ppm[i];
        if (ticket < end)
            return i;
    }
    tb_assert(!"weights that add up to 1,000,000");
    return 0;
}

int64_t tb_chance_packet(struct tb_chance *c, int64_t rest, uint32_t m)
{
    tb_assert(m >= 1 && rest >= (int64_t)m && rest <= INT64_MAX / 2);
    if (m == 1)
        return rest;
    int64_t bound = 2 * rest / m - 1;
    if (tb_chance_below(c, m) < (uint64_t)(2 * rest % m))
        bound++;
    int64_t got = 1 + (int64_t)tb_chance_below(c, (uint64_t)bound);
    tb_assert(rest - got >= (int64_t)m - 1);
    return got;
}
