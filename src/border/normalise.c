// SPDX-License-Identifier: Apache-2.0
/* border/normalise.c - see normalise.h. Invariant: normalising a normalised value gives
 * it again. Not here: limits, windows and learned hot values (core/identity).           */
#include "border/normalise.h"

#include <string.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

#define GIVEN_BYTES_MAX 1024u
#define GENERIC_BYTES_MAX 128u
#define E164_DIGITS_MIN 7u
#define E164_DIGITS_MAX 15u

/* Folded text while it is worked on. */
struct work {
    char p[GIVEN_BYTES_MAX + 4];
    uint32_t n;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
}

/* White space that people paste: Unicode White_Space, and the zero-width ones and the mark. */
static bool is_blank(uint32_t c)
{
    return c == ' ' || (c >= 9 && c <= 13) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200D) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
           c == 0x2060 || c == 0x3000 || c == 0xFEFF;
}

static bool is_control(uint32_t c)
{
    return c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

/* Visible ASCII and nothing else: what nearly everybody sends, and nothing to fold. */
static bool is_plain(struct tb_str s)
{
    for (uint32_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~')
            return false;
    return s.n > 0;
}

/* Folds U+FF01-FF5E to ASCII (three bytes to one, so it always fits) and trims. */
static enum tb_normal_answer fold(struct tb_str s, struct work *w)
{
    w->n = 0;
    uint32_t keep = 0;
    bool control = false;
    if (s.n <= GIVEN_BYTES_MAX && is_plain(s)) {
        memcpy(w->p, s.p, s.n);
        w->n = s.n;
        return TB_NORMAL_DONE;
    }
    if (!tb_utf8_valid(s))
        return TB_NORMAL_NOT_UTF8;
    if (s.n > GIVEN_BYTES_MAX)
        return TB_NORMAL_TOO_LONG;
    for (uint32_t at = 0; at < s.n;) {
        uint32_t start = at;
        uint32_t c = tb_utf8_next(s, &at);
        if (is_blank(c)) {
            if (w->n == 0)
                continue;
            if (c == 0x3000)
                w->p[w->n++] = ' ';
            else
                while (start < at)
                    w->p[w->n++] = s.p[start++];
            continue;
        }
        control = control || is_control(c);
        if (c >= 0xFF01 && c <= 0xFF5E)
            w->p[w->n++] = (char)(c - 0xFF01 + '!');
        else
            while (start < at)
                w->p[w->n++] = s.p[start++];
        keep = w->n;
    }
    /* A tab or newline inside a value is no blank that anybody typed. */
    for (uint32_t i = 0; i < keep; i++)
        control = control || ((uint8_t)w->p[i] < 0x20);
    w->n = keep;
    if (keep == 0)
        return TB_NORMAL_EMPTY;
    return control ? TB_NORMAL_IMPOSSIBLE : TB_NORMAL_DONE;
}

static bool is_ascii(const struct work *w)
{
    for (uint32_t i = 0; i < w->n; i++)
        if ((uint8_t)w->p[i] >= 0x80)
            return false;
    return true;
}

/* NFC, and lower case of the root locale when asked; what does not fit is too long. */
static enum tb_normal_answer compose(struct work *w, bool lower_case)
{
    UErrorCode e = U_ZERO_ERROR;
    UChar wide[2 * GIVEN_BYTES_MAX];
    UChar composed[2 * GIVEN_BYTES_MAX];
    int32_t n = 0;
    int32_t bytes = 0;
    u_strFromUTF8(wide, TB_COUNT_OF(wide), &n, w->p, (int32_t)w->n, &e);
    if (lower_case) {
        n = u_strToLower(composed, TB_COUNT_OF(composed), wide, n, "", &e);
        if (U_SUCCESS(e))
            u_memcpy(wide, composed, n);
    }
    const UNormalizer2 *nfc = unorm2_getNFCInstance(&e);
    n = unorm2_normalize(nfc, wide, n, composed, TB_COUNT_OF(composed), &e);
    u_strToUTF8(w->p, GIVEN_BYTES_MAX, &bytes, composed, n, &e);
    w->n = U_SUCCESS(e) ? (uint32_t)bytes : 0;
    return U_SUCCESS(e) ? TB_NORMAL_DONE : TB_NORMAL_TOO_LONG;
}

/* Length of the country code that the digits begin with; 0 when none is assigned so.
 * ITU-T E.164, list of assigned codes: one digit 1 and 7, two digits below, else three.  */
static uint32_t country_code_length(const char *d, uint32_t n)
{
    static const char two[] = "20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 "
                              "60 61 62 63 64 65 66 81 82 84 90 91 92 93 94 95 98";
    static const char three[] = "21 22 23 24 25 26 29 35 37 38 42 50 59 67 68 69 80 85 87 88 96 97 99";
    if (n < 3)
        return 0;
    if (d[0] == '1' || d[0] == '7')
        return 1;
    if (d[0] == '8' && d[1] == '6') /* first, as it is asked most */
        return 2;
    for (size_t i = 0; i + 1 < sizeof two; i += 3)
        if (two[i] == d[0] && two[i + 1] == d[1])
            return 2;
    for (size_t i = 0; i + 1 < sizeof three; i += 3)
        if (three[i] == d[0] && three[i + 1] == d[1])
            return 3;
    return 0;
}

/* National part of +86: 1[3-9] and nine digits, or area code (10, 2x, or three digits) and
 * a subscriber number of seven or eight.                                                */
static bool possible_in_china(const char *d, uint32_t n)
{
    if (n == 11 && d[0] == '1')
        return d[1] >= '3';
    if (d[0] == '2' || (d[0] == '1' && d[1] == '0'))
        return n == 10 && d[2] >= '2';
    return d[0] >= '3' && (n == 10 || n == 11) && d[3] >= '2';
}

static bool possible(const char *d, uint32_t n)
{
    uint32_t code = country_code_length(d, n);
    if (code == 0 || n < E164_DIGITS_MIN || n > E164_DIGITS_MAX || n < code + 4)
        return false;
    if (code == 2 && d[0] == '8' && d[1] == '6')
        return possible_in_china(d + 2, n - 2);
    if (d[0] == '1')
        return n == 11 && d[1] >= '2' && d[4] >= '2';
    return true;
}

/* Leaves digits alone; *plus tells an international number. False on anything else. */
static bool phone_digits(struct work *w, bool *plus)
{
    struct tb_str s = {w->p, w->n};
    uint32_t n = 0;
    *plus = false;
    for (uint32_t at = 0; at < s.n;) {
        if (is_digit(s.p[at])) {
            w->p[n++] = s.p[at++];
            continue;
        }
        uint32_t c = tb_utf8_next(s, &at);
        if (c == '+' && n == 0 && !*plus)
            *plus = true;
        else if (!is_blank(c) && c != '-' && c != '.' && c != '(' && c != ')' && c != '/' &&
                 !(c >= 0x2010 && c <= 0x2015) && c != 0x2212)
            return false;
    }
    w->n = n;
    if (!*plus && n > 2 && w->p[0] == '0' && w->p[1] == '0') {
        *plus = true;
        w->n = n - 2;
        memmove(w->p, w->p + 2, w->n);
    }
    return w->n > 0;
}

static enum tb_normal_answer phone(struct work *w, const char *country)
{
    bool plus;
    char full[GIVEN_BYTES_MAX + 8];
    uint32_t code = (uint32_t)strlen(country);
    tb_assert(code >= 1 && code <= 3);
    if (!phone_digits(w, &plus) || w->n > 2 * E164_DIGITS_MAX)
        return TB_NORMAL_IMPOSSIBLE;
    bool in_china = strcmp(country, "86") == 0;
    /* "86" then a whole mobile number: somebody left out the plus. No number of 13 digits
     * exists inside China, so nothing is mistaken.                                       */
    if (!plus && in_china && w->n == 13 && memcmp(w->p, "861", 3) == 0)
        plus = true;
    uint32_t n = 0;
    if (!plus) {
        /* The trunk prefix 0 falls away; Italy's is part of the number. */
        uint32_t skip = w->p[0] == '0' && strcmp(country, "39") != 0;
        memcpy(full, country, code);
        memcpy(full + code, w->p + skip, w->n - skip);
        n = code + w->n - skip;
        /* Within North America people also write the 1. */
        if (strcmp(country, "1") == 0 && w->n == 11 && w->p[0] == '1') {
            memcpy(full, w->p, w->n);
            n = w->n;
        }
    } else {
        memcpy(full, w->p, w->n);
        n = w->n;
    }
    if (!possible(full, n))
        return TB_NORMAL_IMPOSSIBLE;
    w->p[0] = '+';
    memcpy(w->p + 1, full, n);
    w->n = n + 1;
    return TB_NORMAL_DONE;
}

static bool email_local_ok(const char *p, uint32_t n)
{
    if (n == 0 || n > 64 || p[0] == '.' || p[n - 1] == '.')
        return false;
    for (uint32_t i = 0; i < n; i++)
        if (p[i] <= ' ' && (uint8_t)p[i] < 0x80)
            return false;
        else if (memchr("\"(),:;<>@[]\\", p[i], 12) || (p[i] == '.' && i + 1 < n && p[i + 1] == '.'))
            return false;
    return true;
}

static bool email_domain_ok(const char *p, uint32_t n)
{
    uint32_t label = 0;
    bool dot = false;
    for (uint32_t i = 0; i <= n; i++) {
        if (i == n || p[i] == '.') {
            if (label == 0 || label > 63 || p[i - 1] == '-' || p[i - label] == '-')
                return false;
            dot = dot || i < n;
            label = 0;
            continue;
        }
        bool plain = is_digit(p[i]) || (p[i] >= 'a' && p[i] <= 'z') || p[i] == '-' || (uint8_t)p[i] >= 0x80;
        if (!plain)
            return false;
        label++;
    }
    return dot;
}

static enum tb_normal_answer email(struct work *w)
{
    enum tb_normal_answer answer = TB_NORMAL_DONE;
    if (!is_ascii(w))
        answer = compose(w, true);
    if (answer != TB_NORMAL_DONE)
        return answer;
    for (uint32_t i = 0; i < w->n; i++)
        w->p[i] = lower(w->p[i]);
    if (w->n > TB_IDENTIFIER_BYTES_MAX)
        return TB_NORMAL_TOO_LONG;
    const char *at = memchr(w->p, '@', w->n);
    if (!at)
        return TB_NORMAL_IMPOSSIBLE;
    uint32_t local = (uint32_t)(at - w->p);
    bool ok = email_local_ok(w->p, local) && email_domain_ok(at + 1, w->n - local - 1);
    return ok ? TB_NORMAL_DONE : TB_NORMAL_IMPOSSIBLE;
}

static enum tb_normal_answer mac(struct work *w)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < w->n; i++) {
        char c = upper(w->p[i]);
        if (is_digit(c) || (c >= 'A' && c <= 'F'))
            w->p[n++] = c;
        else if (c != ':' && c != '-' && c != '.' && c != ' ')
            return TB_NORMAL_IMPOSSIBLE;
    }
    w->n = n;
    return n == 12 ? TB_NORMAL_DONE : TB_NORMAL_IMPOSSIBLE;
}

static enum tb_normal_answer generic(struct work *w, bool upper_case)
{
    enum tb_normal_answer answer = is_ascii(w) ? TB_NORMAL_DONE : compose(w, false);
    if (answer == TB_NORMAL_DONE && w->n > GENERIC_BYTES_MAX)
        answer = TB_NORMAL_TOO_LONG;
    for (uint32_t i = 0; upper_case && i < w->n; i++)
        w->p[i] = upper(w->p[i]);
    return answer;
}

enum tb_normal_answer tb_normalise(enum tb_identifier_kind kind, struct tb_str given, const char *country,
                                   struct tb_buf *out)
{
    struct work w;
    enum tb_normal_answer answer = fold(given, &w);
    if (answer != TB_NORMAL_DONE)
        return answer;
    switch (kind) {
    case TB_IDENTIFIER_PHONE: answer = phone(&w, country ? country : "86"); break;
    case TB_IDENTIFIER_EMAIL: answer = email(&w); break;
    case TB_IDENTIFIER_MAC: answer = mac(&w); break;
    case TB_IDENTIFIER_CARD: answer = generic(&w, true); break;
    case TB_IDENTIFIER_GENERIC: answer = generic(&w, false); break;
    }
    if (answer != TB_NORMAL_DONE)
        return answer;
    if (out->overflowed || out->cap - out->n < w.n)
        return TB_NORMAL_TOO_LONG;
    tb_buf_put(out, w.p, w.n);
    return TB_NORMAL_DONE;
}
