// SPDX-License-Identifier: Apache-2.0
/* http/json_parse.c - from token offsets to the tape: grammar, literals, numbers,
 * escapes, depth and duplicate keys. No recursion: containers wait on a stack of 32.
 *
 * Invariant of a finished tape: node[i].end > i, a container's children tile
 * [i + 1, end), an object's children alternate key and value.                         */
#include <stdio.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "http/json.h"

struct parse {
    const char *body;
    uint32_t body_n;
    const uint32_t *token;
    uint32_t token_n;
    struct tb_json_node *node;
    uint32_t n;
    uint32_t cap;
    uint32_t open[TB_JSON_DEPTH_MAX]; /* node indexes of the open containers */
    uint32_t depth;
    uint64_t seed;
    bool has_backslash; /* somewhere in the body */
    bool any_escape;
    struct tb_refusal *refusal;
    struct tb_json_doc *doc;
};

static bool fail(struct parse *p, enum tb_problem problem, uint32_t at)
{
    char detail[48];
    (void)snprintf(detail, sizeof detail, "At byte %u of the body.", at);
    tb_refusal_set(p->refusal, problem, NULL, detail);
    return false;
}

static inline struct tb_json_node *push(struct parse *p, enum tb_json_kind kind, uint32_t at)
{
    if (p->n == p->cap) {
        (void)fail(p, TB_PROBLEM_JSON_TOO_LARGE, at);
        return NULL;
    }
    struct tb_json_node *d = &p->node[p->n++];
    *d = (struct tb_json_node){.kind = (uint8_t)kind, .at = at, .end = p->n};
    return d;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* The token that starts at token[t]: up to the next one, without white space. */
static struct tb_str token_text(const struct parse *p, uint32_t t)
{
    uint32_t from = p->token[t];
    uint32_t to = t + 1 < p->token_n ? p->token[t + 1] : p->body_n;
    while (to > from + 1 && is_space(p->body[to - 1]))
        to--;
    return (struct tb_str){p->body + from, to - from};
}

static bool string_node(struct parse *p, enum tb_json_kind kind, uint32_t t)
{
    struct tb_str s = token_text(p, t);
    uint32_t at = p->token[t];
    if (s.p[0] != '"' || s.n < 2 || s.p[s.n - 1] != '"')
        return fail(p, TB_PROBLEM_INVALID_JSON, at);
    struct tb_json_node *d = push(p, kind, at);
    if (d == NULL)
        return false;
    d->text = s.p + 1;
    d->n = s.n - 2;
    if (TB_UNLIKELY(p->has_backslash)) {
        d->escaped = memchr(d->text, '\\', d->n) != NULL;
        p->any_escape |= d->escaped;
    }
    return true;
}

static uint32_t digits(struct tb_str s, uint32_t i)
{
    while (i < s.n && s.p[i] >= '0' && s.p[i] <= '9')
        i++;
    return i;
}

/* RFC 8259 section 6. *integer: without fraction and exponent. */
static bool number_grammar(struct tb_str s, bool *integer)
{
    uint32_t i = s.p[0] == '-';
    uint32_t first = i;
    i = digits(s, i);
    if (i == first || (s.p[first] == '0' && i > first + 1))
        return false;
    *integer = i == s.n;
    if (i < s.n && s.p[i] == '.') {
        first = ++i;
        i = digits(s, i);
        if (i == first)
            return false;
    }
    if (i < s.n && (s.p[i] == 'e' || s.p[i] == 'E')) {
        i++;
        i += i < s.n && (s.p[i] == '+' || s.p[i] == '-');
        first = i;
        i = digits(s, i);
        if (i == first)
            return false;
    }
    return i == s.n;
}

static bool number_node(struct parse *p, uint32_t t)
{
    struct tb_str s = token_text(p, t);
    bool integer;
    if (!number_grammar(s, &integer))
        return fail(p, TB_PROBLEM_INVALID_JSON, p->token[t]);
    struct tb_json_node *d = push(p, TB_JSON_NUMBER, p->token[t]);
    if (d == NULL)
        return false;
    int64_t v;
    if (integer && tb_str_to_i64(s, &v)) {
        d->kind = TB_JSON_INT;
        d->i = v;
    } else {
        d->text = s.p;
        d->n = s.n;
    }
    return true;
}

static bool literal_node(struct parse *p, uint32_t t)
{
    struct tb_str s = token_text(p, t);
    enum tb_json_kind kind = s.p[0] == 't'   ? TB_JSON_TRUE
                             : s.p[0] == 'f' ? TB_JSON_FALSE
                                             : TB_JSON_NULL;
    const char *want = kind == TB_JSON_TRUE ? "true" : kind == TB_JSON_FALSE ? "false" : "null";
    if (!tb_str_eq_c(s, want))
        return fail(p, TB_PROBLEM_INVALID_JSON, p->token[t]);
    return push(p, kind, p->token[t]) != NULL;
}

static bool open_node(struct parse *p, uint32_t t)
{
    if (p->depth == TB_JSON_DEPTH_MAX)
        return fail(p, TB_PROBLEM_JSON_TOO_DEEP, p->token[t]);
    enum tb_json_kind kind = p->body[p->token[t]] == '{' ? TB_JSON_OBJECT : TB_JSON_ARRAY;
    if (push(p, kind, p->token[t]) == NULL)
        return false;
    p->open[p->depth++] = p->n - 1;
    return true;
}

/* A value other than a container's close. */
static bool value_node(struct parse *p, uint32_t t)
{
    char c = p->body[p->token[t]];
    if (c == '"')
        return string_node(p, TB_JSON_STRING, t);
    if (c == '-' || (c >= '0' && c <= '9'))
        return number_node(p, t);
    if (c == '{' || c == '[')
        return open_node(p, t);
    if (c == 't' || c == 'f' || c == 'n')
        return literal_node(p, t);
    return fail(p, TB_PROBLEM_INVALID_JSON, p->token[t]);
}

static char char_at(const struct parse *p, uint32_t t)
{
    return t < p->token_n ? p->body[p->token[t]] : 0;
}

static uint32_t offset_at(const struct parse *p, uint32_t t)
{
    return t < p->token_n ? p->token[t] : p->body_n;
}

/* Reads `"key" :` of the innermost object; *t moves to the value. */
static bool member_key(struct parse *p, uint32_t *t)
{
    struct tb_json_node *object = &p->node[p->open[p->depth - 1]];
    if (char_at(p, *t) != '"' || char_at(p, *t + 1) != ':')
        return fail(p, TB_PROBLEM_INVALID_JSON, offset_at(p, *t));
    if (++object->n > TB_JSON_MEMBERS_MAX)
        return fail(p, TB_PROBLEM_JSON_TOO_LARGE, offset_at(p, *t));
    if (!string_node(p, TB_JSON_KEY, *t))
        return false;
    *t += 2;
    return true;
}

/* After a value: closes what closes here; *t moves to the next value's token.
 * *more is false when the root is complete.                                          */
static bool after_value(struct parse *p, uint32_t *t, bool *more)
{
    while (p->depth > 0) {
        struct tb_json_node *c = &p->node[p->open[p->depth - 1]];
        bool object = c->kind == TB_JSON_OBJECT;
        char ch = char_at(p, *t);
        if (ch == ',') {
            ++*t;
            if (object)
                return member_key(p, t);
            c->n++;
            return true;
        }
        if (ch != (object ? '}' : ']'))
            return fail(p, TB_PROBLEM_INVALID_JSON, offset_at(p, *t));
        c->end = p->n;
        p->depth--;
        ++*t;
    }
    *more = false;
    return true;
}

static bool build(struct parse *p)
{
    uint32_t t = 0;
    for (bool more = true; more;) {
        if (t >= p->token_n)
            return fail(p, TB_PROBLEM_INVALID_JSON, p->body_n);
        uint32_t depth = p->depth;
        if (!value_node(p, t))
            return false;
        t++;
        if (p->depth > depth) { /* a container was opened */
            struct tb_json_node *c = &p->node[p->n - 1];
            bool object = c->kind == TB_JSON_OBJECT;
            if (char_at(p, t) != (object ? '}' : ']')) {
                if (object ? !member_key(p, &t) : (c->n++, false))
                    return false;
                continue;
            }
        }
        if (!after_value(p, &t, &more))
            return false;
    }
    return t == p->token_n || fail(p, TB_PROBLEM_INVALID_JSON, offset_at(p, t));
}

static bool hex4(struct tb_str s, uint32_t at, uint32_t *out)
{
    uint32_t v = 0;
    if (s.n - at < 4)
        return false;
    for (uint32_t i = at; i < at + 4; i++) {
        char c = s.p[i];
        uint32_t h;
        if (c >= '0' && c <= '9')
            h = (uint32_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            h = (uint32_t)(c - 'a' + 10);
        else if (c >= 'A' && c <= 'F')
            h = (uint32_t)(c - 'A' + 10);
        else
            return false;
        v = v << 4 | h;
    }
    *out = v;
    return true;
}

static uint32_t utf8_put(char *to, uint32_t cp)
{
    if (cp < 0x80) {
        to[0] = (char)cp;
        return 1;
    }
    if (cp < 0x800) {
        to[0] = (char)(0xc0 | cp >> 6);
        to[1] = (char)(0x80 | (cp & 0x3f));
        return 2;
    }
    if (cp < 0x10000) {
        to[0] = (char)(0xe0 | cp >> 12);
        to[1] = (char)(0x80 | (cp >> 6 & 0x3f));
        to[2] = (char)(0x80 | (cp & 0x3f));
        return 3;
    }
    to[0] = (char)(0xf0 | cp >> 18);
    to[1] = (char)(0x80 | (cp >> 12 & 0x3f));
    to[2] = (char)(0x80 | (cp >> 6 & 0x3f));
    to[3] = (char)(0x80 | (cp & 0x3f));
    return 4;
}

/* \uXXXX, with its second half where it is a pair; *i is at the first hex digit. */
static bool unicode_escape(struct tb_str s, uint32_t *i, uint32_t *cp)
{
    uint32_t low;
    if (!hex4(s, *i, cp))
        return false;
    *i += 4;
    if (*cp == 0 || (*cp >= 0xdc00 && *cp <= 0xdfff))
        return false;
    if (*cp < 0xd800 || *cp > 0xdbff)
        return true;
    if (s.n - *i < 6 || s.p[*i] != '\\' || s.p[*i + 1] != 'u' || !hex4(s, *i + 2, &low) ||
        low < 0xdc00 || low > 0xdfff)
        return false;
    *i += 6;
    *cp = 0x10000 + ((*cp - 0xd800) << 10) + (low - 0xdc00);
    return true;
}

/* An escaped text is never shorter than what it means, so `to` of s.n bytes is enough. */
static bool unescape(struct tb_str s, char *to, uint32_t *n)
{
    static const char from_letter[] = "\"\\/bfnrt";
    static const char to_char[] = "\"\\/\b\f\n\r\t";
    uint32_t out = 0;
    for (uint32_t i = 0; i < s.n;) {
        if (s.p[i] != '\\') {
            to[out++] = s.p[i++];
            continue;
        }
        if (++i == s.n)
            return false;
        char c = s.p[i++];
        if (c == 'u') {
            uint32_t cp;
            if (!unicode_escape(s, &i, &cp))
                return false;
            out += utf8_put(to + out, cp);
            continue;
        }
        const char *hit = c ? strchr(from_letter, c) : NULL;
        if (hit == NULL)
            return false;
        to[out++] = to_char[hit - from_letter];
    }
    *n = out;
    return true;
}

static bool unescape_all(struct parse *p, struct tb_arena *a)
{
    for (uint32_t i = 0; i < p->n; i++) {
        struct tb_json_node *d = &p->node[i];
        if (!d->escaped)
            continue;
        char *to = tb_arena_alloc(a, d->n);
        if (to == NULL)
            return fail(p, TB_PROBLEM_JSON_TOO_LARGE, d->at);
        uint32_t n;
        if (!unescape((struct tb_str){d->text, d->n}, to, &n))
            return fail(p, TB_PROBLEM_INVALID_JSON, d->at);
        d->text = to;
        d->n = n;
        d->escaped = false;
    }
    return true;
}

/* Seeded, so that nobody can prepare keys that all meet in one slot. */
static uint32_t key_hash(const struct tb_json_node *k, uint64_t seed)
{
    return (uint32_t)XXH3_64bits_withSeed(k->text, k->n, seed);
}

static bool same_key(const struct tb_json_node *a, const struct tb_json_node *b)
{
    return a->n == b->n && memcmp(a->text, b->text, a->n) == 0;
}

static bool duplicate(struct parse *p, uint32_t key)
{
    char field[TB_PROBLEM_FIELD_MAX];
    char detail[48];
    p->doc->node = p->node;
    p->doc->n = p->n;
    tb_json_path(p->doc, key, field, sizeof field);
    (void)snprintf(detail, sizeof detail, "At byte %u of the body.", p->node[key].at);
    tb_refusal_set(p->refusal, TB_PROBLEM_DUPLICATE_KEY, field, detail);
    return false;
}

/* Few members: a 64-bit sieve over (length, first, last byte) leaves nearly no compare. */
static bool unique_small(struct parse *p, uint32_t object)
{
    uint64_t seen = 0;
    uint32_t end = p->node[object].end;
    for (uint32_t k = object + 1; k < end; k = p->node[k + 1].end) {
        const struct tb_json_node *key = &p->node[k];
        uint32_t mix = key->n * 7;
        if (key->n > 0)
            mix += (uint8_t)key->text[0] * 5u + (uint8_t)key->text[key->n - 1] * 11u;
        uint64_t bit = UINT64_C(1) << (mix & 63);
        if (seen & bit)
            for (uint32_t j = object + 1; j < k; j = p->node[j + 1].end)
                if (same_key(&p->node[j], key))
                    return duplicate(p, k);
        seen |= bit;
    }
    return true;
}

static bool unique_large(struct parse *p, uint32_t object, struct tb_arena *a)
{
    uint32_t slots = 64;
    while (slots < p->node[object].n * 2)
        slots *= 2;
    size_t mark = tb_arena_mark(a);
    uint32_t *slot = TB_NEW_ARRAY(a, uint32_t, slots);
    if (slot == NULL)
        return fail(p, TB_PROBLEM_JSON_TOO_LARGE, p->node[object].at);
    uint32_t end = p->node[object].end;
    bool unique = true;
    for (uint32_t k = object + 1; k < end && unique; k = p->node[k + 1].end) {
        uint32_t s = key_hash(&p->node[k], p->seed) & (slots - 1);
        for (; slot[s] != 0 && unique; s = (s + 1) & (slots - 1))
            if (same_key(&p->node[slot[s]], &p->node[k]))
                unique = duplicate(p, k);
        if (unique)
            slot[s] = k; /* never 0: a key follows its object */
    }
    tb_arena_release(a, mark);
    return unique;
}

static bool unique_keys(struct parse *p, struct tb_arena *a)
{
    for (uint32_t i = 0; i < p->n; i++) {
        if (p->node[i].kind != TB_JSON_OBJECT || p->node[i].n < 2)
            continue;
        if (p->node[i].n <= 24 ? !unique_small(p, i) : !unique_large(p, i, a))
            return false;
    }
    return true;
}

static bool stage1(struct tb_json_index *x, struct tb_str body, struct parse *p)
{
    static const enum tb_problem answer[] = {
        [TB_JSON_STAGE1_MEMORY] = TB_PROBLEM_JSON_TOO_LARGE,
        [TB_JSON_STAGE1_UTF8] = TB_PROBLEM_INVALID_UTF8,
        [TB_JSON_STAGE1_EMPTY] = TB_PROBLEM_BODY_REQUIRED,
        [TB_JSON_STAGE1_TEXT] = TB_PROBLEM_INVALID_JSON,
    };
    enum tb_json_stage1 s = tb_json_index_run(x, body.p, body.n, &p->token, &p->token_n);
    if (s == TB_JSON_STAGE1_DONE)
        return true;
    tb_refusal_set(p->refusal, answer[s], NULL, NULL);
    return false;
}

bool tb_json_parse(struct tb_json_index *x, struct tb_str body, size_t limit, struct tb_arena *a,
                   struct tb_json_doc *doc, struct tb_refusal *refusal)
{
    *doc = (struct tb_json_doc){NULL, 0};
    if (body.n > limit || body.n > TB_JSON_BYTES_MAX) {
        tb_refusal_set(refusal, TB_PROBLEM_BODY_TOO_LARGE, NULL, NULL);
        return false;
    }
    struct parse p = {.body = body.p, .body_n = body.n, .refusal = refusal, .doc = doc,
                      .seed = tb_json_index_seed(x)};
    if (!stage1(x, body, &p))
        return false;
    p.has_backslash = memchr(body.p, '\\', body.n) != NULL;
    /* The tape grows at the arena's end; its final size is taken afterwards. */
    size_t mark = tb_arena_mark(a);
    p.node = tb_arena_alloc(a, 0);
    if (p.node != NULL) {
        size_t room = (a->size - a->used) / sizeof *p.node;
        p.cap = room > UINT32_MAX ? UINT32_MAX : (uint32_t)room;
        if (build(&p)) {
            a->used += p.n * sizeof *p.node;
            if ((!p.any_escape || unescape_all(&p, a)) && unique_keys(&p, a)) {
                *doc = (struct tb_json_doc){p.node, p.n};
                return true;
            }
        }
    } else {
        tb_refusal_set(refusal, TB_PROBLEM_JSON_TOO_LARGE, NULL, NULL);
    }
    *doc = (struct tb_json_doc){NULL, 0};
    tb_arena_release(a, mark);
    return false;
}
