// SPDX-License-Identifier: Apache-2.0
/* border/blocked.c - values that identify nobody (normalise.h). Invariant: only values
 * that no system gives to a person are in the list. Not here: a tenant's own blocked
 * values and values that turn out hot (core/identity).                                 */
#include "border/normalise.h"

#include <string.h>

#define SAME_DIGITS_MIN 6u
/* Longer ones are never in the list. */
#define BLOCKED_BYTES_MAX 64u

static const char *const words[] = {
    "-1",      "null",   "undefined", "none", "nan",   "nil",  "n/a",     "na",      "test",        "guest",
    "anonymous", "unknown", "true",   "false", "void", "(null)", "[object object]", "13800138000", "12345678901",
};

/* Phones give this address to applications instead of their own; FF.. is everybody. */
static const char *const macs[] = {"020000000000", "FFFFFFFFFFFF"};

static bool one_of(const char *const *list, size_t n, const char *p)
{
    for (size_t i = 0; i < n; i++)
        if (list[i][0] == p[0] && strcmp(list[i], p) == 0)
            return true;
    return false;
}

static bool only_zeros(const char *p, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (!strchr("0-:. +_", p[i]))
            return false;
    return true;
}

static bool one_digit(const char *p, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (p[i] != p[0] || p[i] < '0' || p[i] > '9')
            return false;
    return n >= SAME_DIGITS_MIN;
}

bool tb_identifier_blocked(enum tb_identifier_kind kind, struct tb_str value)
{
    char text[BLOCKED_BYTES_MAX + 1];
    uint32_t n = 0;
    while (value.n && value.p[0] == ' ')
        value = (struct tb_str){value.p + 1, value.n - 1};
    while (value.n && value.p[value.n - 1] == ' ')
        value.n--;
    if (value.n == 0)
        return true;
    if (value.n > BLOCKED_BYTES_MAX)
        return false;
    for (; n < value.n; n++) {
        char c = value.p[n];
        text[n] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
        if (c == 0)
            return true; /* a zero byte is in nobody's name */
    }
    text[n] = 0;
    const char *p = text;
    if (kind == TB_IDENTIFIER_PHONE && strncmp(p, "+86", 3) == 0) {
        p += 3;
        n -= 3;
    }
    if (only_zeros(p, n) || one_digit(p, n) || one_of(words, TB_COUNT_OF(words), p))
        return true;
    if (kind != TB_IDENTIFIER_MAC)
        return false;
    struct tb_buf b;
    char mac[BLOCKED_BYTES_MAX];
    tb_buf_init(&b, mac, sizeof mac - 1);
    if (tb_normalise(TB_IDENTIFIER_MAC, value, NULL, &b) != TB_NORMAL_DONE)
        return false;
    mac[b.n] = 0;
    return one_of(macs, TB_COUNT_OF(macs), mac);
}

bool tb_mac_is_random(struct tb_str mac)
{
    return mac.n == 12 && strchr("2367ABEF", mac.p[1]) != NULL;
}
