// SPDX-License-Identifier: Apache-2.0
/* Tokens of the CEL grammar (langdef.md, "Syntax"), without bytes, uint and exponents. */
#include "core/expr/lex.h"

#include <string.h>

static bool fail(struct tb_expr_lexer *x, enum tb_expr_code code, uint32_t pos, const char *text)
{
    x->error = code;
    x->error_pos = pos;
    x->error_text = text;
    return false;
}

static int peek(const struct tb_expr_lexer *x, uint32_t ahead)
{
    return x->at + ahead < x->source.n ? (uint8_t)x->source.p[x->at + ahead] : -1;
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static int hex_value(int c)
{
    if (is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

void tb_expr_lex_init(struct tb_expr_lexer *x, struct tb_str source)
{
    *x = (struct tb_expr_lexer){.source = source};
}

static void skip_blank(struct tb_expr_lexer *x)
{
    for (;;) {
        int c = peek(x, 0);
        if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f') {
            x->at++;
        } else if (c == '/' && peek(x, 1) == '/') {
            while (peek(x, 0) >= 0 && peek(x, 0) != '\n')
                x->at++;
        } else {
            return;
        }
    }
}

static bool hex_number(struct tb_expr_lexer *x, uint32_t start)
{
    x->at += 2;
    uint64_t v = 0;
    uint32_t n = 0;
    for (int d; (d = hex_value(peek(x, 0))) >= 0; x->at++, n++) {
        if (v >> 59)
            return fail(x, TB_EXPR_BAD_NUMBER, start, "the number does not fit into 64 bits");
        v = v << 4 | (uint64_t)d;
    }
    if (n == 0)
        return fail(x, TB_EXPR_BAD_NUMBER, start, "digits must follow 0x");
    x->token.number = v;
    return true;
}

static bool take_digits(struct tb_expr_lexer *x, uint32_t start, uint32_t *count)
{
    *count = 0;
    for (; is_digit(peek(x, 0)); x->at++, ++*count) {
        uint64_t *v = &x->token.number;
        if (__builtin_mul_overflow(*v, 10, v) ||
            __builtin_add_overflow(*v, (uint64_t)(peek(x, 0) - '0'), v))
            return fail(x, TB_EXPR_BAD_NUMBER, start, "the number does not fit into 64 bits");
    }
    return true;
}

static bool number(struct tb_expr_lexer *x)
{
    uint32_t start = x->at;
    uint32_t digits;
    x->token.type = T_INT;
    if (peek(x, 0) == '0' && (peek(x, 1) == 'x' || peek(x, 1) == 'X')) {
        if (!hex_number(x, start))
            return false;
    } else if (!take_digits(x, start, &digits)) {
        return false;
    }
    if (peek(x, 0) == '.' && is_digit(peek(x, 1))) {
        x->at++;
        if (!take_digits(x, start, &digits))
            return false;
        if (digits > 6)
            return fail(x, TB_EXPR_BAD_NUMBER, start, "at most 6 digits after the point");
        x->token.type = T_DECIMAL;
        x->token.scale = (uint8_t)digits;
    }
    int c = peek(x, 0);
    if (c == 'u' || c == 'U')
        return fail(x, TB_EXPR_UNSUPPORTED, start, "unsigned numbers are not supported");
    if (c == 'e' || c == 'E')
        return fail(x, TB_EXPR_UNSUPPORTED, start, "exponents are not supported");
    if (is_letter(c))
        return fail(x, TB_EXPR_BAD_NUMBER, start, "a letter follows the number");
    if (x->token.number > (uint64_t)INT64_MAX + 1) /* the last one with a minus only */
        return fail(x, TB_EXPR_BAD_NUMBER, start, "the number does not fit into 64 bits");
    return true;
}

/* Finds the end of a string literal whose quote is at x->at. */
static bool string(struct tb_expr_lexer *x, bool raw)
{
    uint32_t start = x->token.pos;
    int quote = peek(x, 0);
    bool triple = peek(x, 1) == quote && peek(x, 2) == quote;
    x->token.type = T_STRING;
    x->at += triple ? 3 : 1;
    for (;;) {
        int c = peek(x, 0);
        if (c < 0 || (!triple && (c == '\n' || c == '\r')))
            return fail(x, TB_EXPR_BAD_STRING, start, "the string has no end");
        if (c == '\\' && !raw) {
            if (peek(x, 1) < 0)
                return fail(x, TB_EXPR_BAD_STRING, start, "the string has no end");
            x->at += 2;
        } else if (c == quote && (!triple || (peek(x, 1) == quote && peek(x, 2) == quote))) {
            x->at += triple ? 3 : 1;
            return true;
        } else {
            x->at++;
        }
    }
}

static void name(struct tb_expr_lexer *x)
{
    static const struct {
        const char *text;
        int type;
    } word[] = {{"true", T_TRUE}, {"false", T_FALSE}, {"null", T_NULL}, {"in", T_IN}};
    uint32_t start = x->at;
    while (is_letter(peek(x, 0)) || is_digit(peek(x, 0)))
        x->at++;
    struct tb_str s = {x->source.p + start, x->at - start};
    x->token.type = T_NAME;
    for (size_t i = 0; i < TB_COUNT_OF(word); i++)
        if (tb_str_eq_c(s, word[i].text))
            x->token.type = word[i].type;
}

static bool operator(struct tb_expr_lexer *x)
{
    static const struct {
        char text[3];
        int type;
    } two[] = {{"||", T_OR}, {"&&", T_AND}, {"==", T_EQ}, {"!=", T_NE}, {"<=", T_LE}, {">=", T_GE}};
    int c = peek(x, 0);
    for (size_t i = 0; i < TB_COUNT_OF(two); i++) {
        if (c == two[i].text[0] && peek(x, 1) == two[i].text[1]) {
            x->token.type = two[i].type;
            x->at += 2;
            return true;
        }
    }
    if (c == '=')
        return fail(x, TB_EXPR_BAD_CHARACTER, x->at, "write == to compare");
    if (c == '&' || c == '|')
        return fail(x, TB_EXPR_BAD_CHARACTER, x->at, "write && or ||");
    if (c <= 0 || strchr("+-*/%!<>?:.,()[]{}", c) == NULL)
        return fail(x, TB_EXPR_BAD_CHARACTER, x->at, "this character means nothing here");
    x->token.type = c;
    x->at++;
    return true;
}

bool tb_expr_lex_next(struct tb_expr_lexer *x)
{
    skip_blank(x);
    x->token = (struct tb_expr_token){.pos = x->at};
    int c = peek(x, 0);
    int after = peek(x, 1);
    bool ok = true;
    if (c < 0) {
        x->token.type = T_END;
    } else if (c == '"' || c == '\'') {
        ok = string(x, false);
    } else if ((c == 'r' || c == 'R') && (after == '"' || after == '\'')) {
        x->at++;
        ok = string(x, true);
    } else if ((c == 'b' || c == 'B') && (after == '"' || after == '\'')) {
        ok = fail(x, TB_EXPR_UNSUPPORTED, x->at, "bytes are not supported");
    } else if (is_digit(c) || (c == '.' && is_digit(after))) {
        ok = number(x);
    } else if (is_letter(c)) {
        name(x);
    } else {
        ok = operator(x);
    }
    x->token.text = (struct tb_str){x->source.p + x->token.pos, x->at - x->token.pos};
    return ok;
}

static uint32_t put_utf8(char *out, uint32_t cp)
{
    if (cp < 0x80) {
        out[0] = (char)cp;
        return 1;
    }
    uint32_t more = cp < 0x800 ? 1 : cp < 0x10000 ? 2 : 3;
    static const uint8_t lead[4] = {0, 0xc0, 0xe0, 0xf0};
    out[0] = (char)(lead[more] | cp >> (6 * more));
    for (uint32_t i = 1; i <= more; i++)
        out[i] = (char)(0x80 | (cp >> (6 * (more - i)) & 0x3f));
    return more + 1;
}

/* \x41 \u00e9 \U0001F600 \101: reads n digits of the base at s.p[at]. */
static bool code_point(struct tb_str s, uint32_t at, uint32_t n, int base, uint32_t *cp)
{
    *cp = 0;
    for (uint32_t i = 0; i < n; i++) {
        int d = at + i < s.n ? hex_value((uint8_t)s.p[at + i]) : -1;
        if (d < 0 || d >= base)
            return false;
        *cp = *cp * (uint32_t)base + (uint32_t)d;
    }
    return *cp <= 0x10ffff && !(*cp >= 0xd800 && *cp <= 0xdfff) && !(base == 8 && *cp > 255);
}

/* One escape at s.p[*at] == '\\'. */
static bool escape(struct tb_str s, uint32_t *at, char *out, uint32_t *n)
{
    static const char from[] = "abfnrtv\\?\"'`";
    static const char to[] = "\a\b\f\n\r\t\v\\?\"'`";
    char c = s.p[*at + 1];
    const char *simple = c ? strchr(from, c) : NULL;
    if (simple) {
        out[(*n)++] = to[simple - from];
        *at += 2;
        return true;
    }
    uint32_t skip = 2;
    uint32_t digits = 0;
    int base = 16;
    if (c == 'x' || c == 'X') {
        digits = 2;
    } else if (c == 'u') {
        digits = 4;
    } else if (c == 'U') {
        digits = 8;
    } else if (c >= '0' && c <= '3') {
        digits = 3;
        base = 8;
        skip = 1;
    }
    uint32_t cp;
    if (digits == 0 || !code_point(s, *at + skip, digits, base, &cp))
        return false;
    *n += put_utf8(out + *n, cp);
    *at += skip + digits;
    return true;
}

bool tb_expr_lex_string(struct tb_expr_lexer *x, const struct tb_expr_token *t, char *out,
                        uint32_t *n)
{
    tb_assert(t->type == T_STRING && t->text.n >= 2);
    struct tb_str s = t->text;
    bool raw = s.p[0] == 'r' || s.p[0] == 'R';
    uint32_t at = raw;
    uint32_t quotes = s.n - at >= 6 && s.p[at + 1] == s.p[at] && s.p[at + 2] == s.p[at] ? 3 : 1;
    at += quotes;
    s.n -= quotes; /* the closing ones */
    *n = 0;
    while (at < s.n) {
        if (s.p[at] == '\\' && !raw) {
            if (!escape(s, &at, out, n))
                return fail(x, TB_EXPR_BAD_STRING, t->pos + at, "there is no such escape");
        } else {
            out[(*n)++] = s.p[at++];
        }
    }
    tb_assert(*n <= t->text.n);
    return true;
}

bool tb_expr_lex_reserved(struct tb_str s)
{
    static const char *const word[] = {
        "as",        "break",  "const",   "continue", "else", "for",  "function", "if",   "import",
        "let",       "loop",   "package", "return",   "var",  "void", "while",    "namespace"};
    for (size_t i = 0; i < TB_COUNT_OF(word); i++)
        if (tb_str_eq_c(s, word[i]))
            return true;
    return false;
}
