// SPDX-License-Identifier: Apache-2.0
#include "channel/webhook/rules.h"

#include <netinet/in.h>
#include <sodium.h>
#include <string.h>
#include <sys/socket.h>

#define DAY_S 86400

/* ---- signature --------------------------------------------------------------------------- */

static bool key_of(struct tb_str secret, uint8_t *key, size_t *n)
{
    if (secret.n == 0 || secret.n > TB_WEBHOOK_SECRET_MAX)
        return false;
    if (tb_str_starts(secret, TB_STR("whsec_")))
        return sodium_base642bin(key, TB_WEBHOOK_SECRET_MAX, secret.p + 6, secret.n - 6, NULL, n,
                                 NULL, sodium_base64_VARIANT_ORIGINAL) == 0 &&
               *n > 0;
    memcpy(key, secret.p, secret.n);
    *n = secret.n;
    return true;
}

bool tb_webhook_sign(struct tb_str secret, struct tb_str id, int64_t timestamp_s,
                     struct tb_str body, char *out, size_t cap)
{
    crypto_auth_hmacsha256_state state;
    uint8_t key[TB_WEBHOOK_SECRET_MAX], mac[crypto_auth_hmacsha256_BYTES];
    char stamp[24];
    size_t key_n = 0;
    struct tb_buf number;
    tb_buf_init(&number, stamp, sizeof stamp);
    tb_buf_byte(&number, '.');
    tb_buf_i64(&number, timestamp_s);
    tb_buf_byte(&number, '.');
    if (cap < 48 || sodium_init() < 0 || !key_of(secret, key, &key_n))
        return false;
    (void)crypto_auth_hmacsha256_init(&state, key, key_n);
    (void)crypto_auth_hmacsha256_update(&state, (const uint8_t *)id.p, id.n);
    (void)crypto_auth_hmacsha256_update(&state, number.p, number.n);
    (void)crypto_auth_hmacsha256_update(&state, (const uint8_t *)body.p, body.n);
    (void)crypto_auth_hmacsha256_final(&state, mac);
    sodium_memzero(key, sizeof key);
    memcpy(out, "v1,", 3);
    return sodium_bin2base64(out + 3, cap - 3, mac, sizeof mac, sodium_base64_VARIANT_ORIGINAL) != NULL;
}

/* ---- outcomes and times -------------------------------------------------------------------- */

enum tb_webhook_outcome tb_webhook_judge(long status, bool forbidden)
{
    if (forbidden)
        return TB_WEBHOOK_DEAD;
    if (status >= 200 && status < 300)
        return TB_WEBHOOK_DELIVERED;
    if (status == 410)
        return TB_WEBHOOK_DISABLE;
    if (status < 200 || status >= 500 || status == 408 || status == 425 || status == 429)
        return TB_WEBHOOK_RETRY;
    return TB_WEBHOOK_DEAD;
}

int64_t tb_webhook_delay_ms(uint32_t attempt, uint64_t chance, int64_t retry_after_s,
                            int64_t second_ms)
{
    static const int32_t seconds[TB_WEBHOOK_ATTEMPTS - 1] = {
        5, 300, 1800, 7200, 18000, 36000, 50400, 72000, DAY_S};
    tb_assert(attempt > 0 && second_ms > 0);
    if (attempt >= TB_WEBHOOK_ATTEMPTS)
        return 0;
    int64_t most = seconds[attempt - 1] * second_ms;
    int64_t wait = (int64_t)(chance % (uint64_t)most) + 1;
    if (wait < most / 10)
        wait = most / 10;
    int64_t asked = retry_after_s < 0 ? 0 : retry_after_s > DAY_S ? DAY_S : retry_after_s;
    return asked * second_ms > wait ? asked * second_ms : wait;
}

/* ---- addresses -------------------------------------------------------------------------------- */

struct net4 {
    uint32_t base;
    uint32_t bits;
};

/* RFC 6890 and its updates. */
static bool forbidden4(uint32_t a, bool loopback_ok)
{
    static const struct net4 nets[] = {
        {0x00000000, 8},  {0x0a000000, 8},  {0x64400000, 10}, {0x7f000000, 8},  {0xa9fe0000, 16},
        {0xac100000, 12}, {0xc0000000, 24}, {0xc0000200, 24}, {0xc0586300, 24}, {0xc0a80000, 16},
        {0xc6120000, 15}, {0xc6336400, 24}, {0xcb007100, 24}, {0xe0000000, 4},  {0xf0000000, 4}};
    if (loopback_ok && a >> 24 == 127)
        return false;
    for (uint32_t i = 0; i < TB_COUNT_OF(nets); i++)
        if ((a ^ nets[i].base) >> (32 - nets[i].bits) == 0)
            return true;
    return false;
}

static uint32_t word_at(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool forbidden6(const uint8_t *p, bool loopback_ok)
{
    static const uint8_t zero[16];
    static const uint8_t nat64[12] = {0x00, 0x64, 0xff, 0x9b};
    if (memcmp(p, zero, 15) == 0 && p[15] == 1)
        return !loopback_ok;
    if (memcmp(p, zero, 10) == 0 && p[10] == 0xff && p[11] == 0xff)
        return forbidden4(word_at(p + 12), loopback_ok); /* ::ffff:a.b.c.d */
    if (memcmp(p, nat64, sizeof nat64) == 0) /* the well-known /96 alone: a network's own may embed elsewhere */
        return forbidden4(word_at(p + 12), loopback_ok);
    if (p[0] == 0x20 && p[1] == 0x02)
        return forbidden4(word_at(p + 2), loopback_ok); /* 6to4 */
    if (p[0] == 0x20 && p[1] == 0x01 && ((p[2] == 0x0d && p[3] == 0xb8) || p[2] < 2))
        return true; /* documentation; Teredo and other protocols' own */
    return (p[0] & 0xe0) != 0x20; /* only 2000::/3 is public */
}

bool tb_webhook_forbidden(const struct sockaddr *a, bool loopback_ok)
{
    if (a->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, a, sizeof v4);
        return forbidden4(ntohl(v4.sin_addr.s_addr), loopback_ok);
    }
    if (a->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, a, sizeof v6);
        return forbidden6(v6.sin6_addr.s6_addr, loopback_ok);
    }
    return true;
}
