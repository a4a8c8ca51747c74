// SPDX-License-Identifier: Apache-2.0
/* border/code/serial.c - see serial.h. */
#include "border/code/serial.h"

#include <string.h>

#define SYMBOLS 14u /* without the check symbol */
#define HALF_BITS 35u
#define SERIAL_BITS 40u
#define GROUP 64u

static const char alphabet[32] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* Symbol's value + 1 by ASCII character, 0 = none; look-alikes as Crockford reads them. */
static const uint8_t value_of[128] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9,  ['9'] = 10, ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
    ['G'] = 17, ['H'] = 18, ['J'] = 19, ['K'] = 20, ['M'] = 21, ['N'] = 22, ['P'] = 23, ['Q'] = 24,
    ['R'] = 25, ['S'] = 26, ['T'] = 27, ['V'] = 28, ['W'] = 29, ['X'] = 30, ['Y'] = 31, ['Z'] = 32,
    ['I'] = 2,  ['L'] = 2,  ['O'] = 1,
};

/* v * g in GF(32). */
static uint32_t times_g(uint32_t v)
{
    uint32_t d = v << 1;
    return d & 32 ? d ^ 0x25 : d;
}

bool tb_serial_open(struct tb_serial_coder *c, const uint8_t key[TB_SERIAL_KEY_BYTES],
                    uint32_t tenant, struct tb_fault *fault)
{
    uint8_t tweak[8] = {'t', 'b', 'c', '1', (uint8_t)(tenant >> 24), (uint8_t)(tenant >> 16),
                        (uint8_t)(tenant >> 8), (uint8_t)tenant};
    struct tb_ff1_setup setup = {.key = key,
                                 .key_bytes = TB_SERIAL_KEY_BYTES,
                                 .tweak = tweak,
                                 .tweak_n = sizeof tweak,
                                 .radix = 32,
                                 .n = SYMBOLS};
    return tb_ff1_init(&c->ff1, &setup, fault);
}

void tb_serial_close(struct tb_serial_coder *c)
{
    tb_ff1_deinit(&c->ff1);
}

static void print_symbols(const struct tb_ff1_text *text, char out[TB_SERIAL_SYMBOLS])
{
    uint32_t check = 0;
    for (uint32_t i = 0; i < SYMBOLS; i++) {
        uint64_t half = i < SYMBOLS / 2 ? text->a : text->b;
        uint32_t v = (uint32_t)(half >> (HALF_BITS - 5 - 5 * (i % (SYMBOLS / 2)))) & 31;
        check = times_g(check) ^ v;
        out[i] = alphabet[v];
    }
    out[SYMBOLS] = alphabet[times_g(check)];
}

void tb_serial_print(struct tb_serial_coder *c, const struct tb_serial *serial, uint32_t n,
                     char (*out)[TB_SERIAL_SYMBOLS])
{
    struct tb_ff1_text text[GROUP];
    for (uint32_t at = 0; at < n; at += GROUP) {
        uint32_t part = n - at < GROUP ? n - at : GROUP;
        for (uint32_t i = 0; i < part; i++) {
            uint64_t batch = serial[at + i].batch;
            tb_assert(batch >= 1 && batch <= TB_SERIAL_BATCH_MAX);
            text[i].a = batch << (SERIAL_BITS - HALF_BITS);
            text[i].b = serial[at + i].serial;
        }
        tb_ff1_encrypt(&c->ff1, text, part);
        for (uint32_t i = 0; i < part; i++)
            print_symbols(&text[i], out[at + i]);
    }
}

void tb_serial_group(const char code[TB_SERIAL_SYMBOLS], char out[TB_SERIAL_GROUPED])
{
    for (uint32_t i = 0, to = 0; i < TB_SERIAL_SYMBOLS; i++) {
        if (i > 0 && i % 4 == 0)
            out[to++] = '-';
        out[to++] = code[i];
    }
}

/* What people put between symbols. */
static bool separates(uint32_t c)
{
    return c == '-' || c == ' ' || c == '\t' || (c >= 0x2010 && c <= 0x2015) || c == 0x2212 ||
           c == 0x3000 || c == 0xa0;
}

enum tb_serial_answer tb_serial_spell(struct tb_str text, char code[TB_SERIAL_SYMBOLS])
{
    if (text.n > TB_SERIAL_TEXT_MAX)
        return TB_SERIAL_LENGTH;
    if (!tb_utf8_valid(text))
        return TB_SERIAL_SYMBOL;
    uint32_t n = 0;
    uint32_t check = 0;
    for (uint32_t at = 0; at < text.n;) {
        uint32_t c = tb_utf8_next(text, &at);
        if (c >= 0xff01 && c <= 0xff5e) /* full-width forms of ! to ~ */
            c -= 0xff01 - '!';
        if (separates(c))
            continue;
        if (c >= 'a' && c <= 'z')
            c -= 'a' - 'A';
        if (c >= 128 || value_of[c] == 0)
            return TB_SERIAL_SYMBOL;
        uint32_t v = value_of[c] - 1u;
        check = times_g(check) ^ v;
        if (n < TB_SERIAL_SYMBOLS)
            code[n] = alphabet[v];
        n++;
    }
    if (n != TB_SERIAL_SYMBOLS)
        return TB_SERIAL_LENGTH;
    return check == 0 ? TB_SERIAL_READ : TB_SERIAL_CHECK;
}

static uint64_t half_of(const char *symbol)
{
    uint64_t v = 0;
    for (uint32_t i = 0; i < SYMBOLS / 2; i++) {
        uint8_t s = (uint8_t)symbol[i];
        tb_assert(s < 128 && value_of[s] > 0);
        v = v << 5 | (value_of[s] - 1u);
    }
    return v;
}

void tb_serial_decode(struct tb_serial_coder *c, const char (*code)[TB_SERIAL_SYMBOLS], uint32_t n,
                      struct tb_serial *out)
{
    struct tb_ff1_text text[GROUP];
    for (uint32_t at = 0; at < n; at += GROUP) {
        uint32_t part = n - at < GROUP ? n - at : GROUP;
        for (uint32_t i = 0; i < part; i++)
            text[i] = (struct tb_ff1_text){half_of(code[at + i]), half_of(code[at + i] + SYMBOLS / 2)};
        tb_ff1_decrypt(&c->ff1, text, part);
        for (uint32_t i = 0; i < part; i++) {
            uint64_t beyond = (text[i].a & ((1u << (SERIAL_BITS - HALF_BITS)) - 1)) | text[i].b >> 32;
            uint32_t batch = (uint32_t)(text[i].a >> (SERIAL_BITS - HALF_BITS));
            out[at + i] = beyond ? (struct tb_serial){0, 0}
                                 : (struct tb_serial){batch, (uint32_t)text[i].b};
        }
    }
}
