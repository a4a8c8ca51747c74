// SPDX-License-Identifier: Apache-2.0
/* Forms of names. See name.h.
 *
 * Invariant  a query that is written as a part of a name in one of the ways of name.h gives forms
 *            that the name has: both are folded by the same function and cut by the same rules.
 * Not here: tokens, keys (http/names.c).                                                        */
#include "border/name.h"

#include <stdlib.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>
#include <unicode/utrans.h>

#define WIDE 512u          /* UChars of a name that is being folded */
#define UNITS 32u          /* syllables and words of a name */
#define SYLLABLE 12u       /* letters kept of one: what a form has at most */
#define READINGS 8u        /* of a whole name */
#define STARTS 3u          /* syllables that a form may begin at */
#define LETTERS_MAX 12u
#define HAN_MAX 4u
#define HAN_FROM 0x4E00u   /* the block in which readings are remembered */
#define HAN_TO 0x9FFFu

/* ---- folding ------------------------------------------------------------------------------------------ */

/* A letter or digit, or the end of a word. */
struct folded {
    UChar32 c[WIDE];
    uint32_t n;
};

static bool is_han(UChar32 c)
{
    return u_hasBinaryProperty(c, UCHAR_IDEOGRAPHIC);
}

/* Blanks and punctuation become one 0 between words; marks go. */
static void fold(struct tb_str s, struct folded *out)
{
    UErrorCode e = U_ZERO_ERROR;
    UChar wide[WIDE], plain[WIDE];
    int32_t n = 0;
    uint32_t cut = s.n, at = 0;
    out->n = 0;
    if (cut > TB_NAME_BYTES_MAX)
        for (cut = 0; at < s.n && at <= TB_NAME_BYTES_MAX; (void)tb_utf8_next(s, &at))
            cut = at;
    u_strFromUTF8(wide, WIDE, &n, s.p, (int32_t)cut, &e);
    const UNormalizer2 *nfkd = unorm2_getNFKDInstance(&e);
    n = unorm2_normalize(nfkd, wide, n, plain, WIDE, &e);
    n = u_strFoldCase(wide, WIDE, plain, n, U_FOLD_CASE_DEFAULT, &e);
    if (U_FAILURE(e))
        return;
    for (int32_t i = 0; i < n && out->n < WIDE;) {
        UChar32 c;
        U16_NEXT(wide, i, n, c);
        if (u_getIntPropertyValue(c, UCHAR_GENERAL_CATEGORY_MASK) & (int32_t)U_GC_M_MASK)
            continue;
        if (u_isalnum(c) || is_han(c))
            out->c[out->n++] = c;
        else if (out->n > 0 && out->c[out->n - 1] != 0)
            out->c[out->n++] = 0;
    }
}

static bool put_char(struct tb_name_form *f, UChar32 c)
{
    char bytes[4];
    UBool bad = false;
    int32_t n = 0;
    U8_APPEND(bytes, n, 4, c, bad);
    if (bad || f->n + n > (int32_t)TB_NAME_FORM_BYTES)
        return false;
    memcpy(f->p + f->n, bytes, (size_t)n);
    f->n = (uint8_t)(f->n + n);
    return true;
}

static void add(struct tb_name_form *form, uint32_t *n, const struct tb_name_form *f)
{
    for (uint32_t i = 0; i < *n; i++)
        if (form[i].n == f->n && memcmp(form[i].p, f->p, f->n) == 0)
            return;
    if (*n < TB_NAME_FORMS_MAX)
        form[(*n)++] = *f;
}

/* ---- pinyin ---------------------------------------------------------------------------------------------- */

struct tb_pinyin {
    UTransliterator *latin;
    char syllable[HAN_TO - HAN_FROM + 1][8]; /* "" = not asked yet; "?" = none */
};

/* Readings beside the one that ICU gives. ICU's own may stand here too. */
static const struct {
    const char *han;
    const char *reading;
} others[] = {
    {"单", "shan dan chan"}, {"曾", "zeng ceng"}, {"解", "xie jie"}, {"仇", "qiu chou"}, {"查", "zha cha"},
    {"盖", "ge gai"}, {"朴", "piao pu"}, {"区", "ou qu"}, {"尉", "yu wei"}, {"万", "wan mo"}, {"俟", "qi si"},
    {"乐", "yue le"}, {"覃", "qin tan"}, {"翟", "zhai di"}, {"缪", "miao mou"}, {"种", "chong zhong"},
    {"折", "she zhe"}, {"黑", "he hei"}, {"郗", "xi chi"}, {"员", "yun yuan"}, {"宓", "mi fu"}, {"秘", "bi mi"},
    {"繁", "po fan"}, {"隗", "wei kui"}, {"召", "shao zhao"}, {"车", "che ju"}, {"谌", "chen shen"},
    {"牟", "mou mu"}, {"沈", "shen chen"}, {"洗", "xian xi"}, {"贾", "jia gu"}, {"柏", "bai bo"},
    {"薄", "bo bao"}, {"俞", "yu shu"}, {"长", "zhang chang"}, {"行", "xing hang"}, {"晟", "sheng cheng"},
    {"茜", "qian xi"}, {"娜", "na nuo"}, {"朝", "chao zhao"}, {"重", "chong zhong"}, {"祭", "zhai ji"},
    {"佴", "nai er"}, {"乜", "nie mie"}, {"能", "nai neng"}, {"句", "gou ju"}, {"都", "du dou"},
    {"会", "hui kuai"}, {"藏", "zang cang"}, {"卜", "bu bo"}, {"大", "da dai"}, {"圈", "juan quan"},
    {"适", "kuo shi"}, {"传", "chuan zhuan"}, {"调", "diao tiao"}, {"参", "can shen"}, {"弹", "dan tan"},
    {"降", "jiang xiang"}, {"系", "xi ji"}, {"没", "mei mo"}, {"还", "huan hai"}, {"觉", "jue jiao"},
    {"阿", "a e"}, {"莞", "wan guan"},
};

struct tb_pinyin *tb_pinyin_open(struct tb_fault *fault)
{
    UErrorCode e = U_ZERO_ERROR;
    UChar id[16];
    struct tb_pinyin *p = calloc(1, sizeof *p);
    u_uastrcpy(id, "Han-Latin");
    if (p != NULL)
        p->latin = utrans_openU(id, -1, UTRANS_FORWARD, NULL, 0, NULL, &e);
    if (p != NULL && U_SUCCESS(e))
        return p;
    tb_fault_set(fault, p == NULL, "no pinyin: %s", p == NULL ? "no memory" : u_errorName(e));
    free(p);
    return NULL;
}

void tb_pinyin_close(struct tb_pinyin *p)
{
    if (p == NULL)
        return;
    utrans_close(p->latin);
    free(p);
}

/* What ICU says of one character: its letters, ü as v; "?" when it has none. */
static void ask(struct tb_pinyin *p, UChar32 c, char out[8])
{
    UErrorCode e = U_ZERO_ERROR;
    UChar text[32], plain[32];
    int32_t n = 0, limit;
    uint32_t k = 0;
    U16_APPEND_UNSAFE(text, n, c);
    limit = n;
    utrans_transUChars(p->latin, text, &n, 32, 0, &limit, &e);
    const UNormalizer2 *nfd = unorm2_getNFDInstance(&e);
    n = unorm2_normalize(nfd, text, n, plain, 32, &e);
    for (int32_t i = 0; U_SUCCESS(e) && i < n && k < 7; i++) {
        UChar letter = plain[i] >= 'A' && plain[i] <= 'Z' ? (UChar)(plain[i] | 32) : plain[i];
        if (letter >= 'a' && letter <= 'z')
            out[k++] = (char)letter;
        else if (letter == 0x308 && k > 0 && out[k - 1] == 'u')
            out[k - 1] = 'v';
    }
    if (k == 0)
        out[k++] = '?';
    out[k] = 0;
}

/* ---- syllables and words ------------------------------------------------------------------------------------ */

/* One place of a name and the ways to read it. */
struct unit {
    char reading[4][SYLLABLE];
    uint8_t length[4];
    uint32_t n;
};

static void add_reading(struct unit *u, const char *p, uint32_t n)
{
    n = n > SYLLABLE ? SYLLABLE : n;
    for (uint32_t i = 0; i < u->n; i++)
        if (u->length[i] == n && memcmp(u->reading[i], p, n) == 0)
            return;
    if (u->n == TB_COUNT_OF(u->reading) || n == 0)
        return;
    memcpy(u->reading[u->n], p, n);
    u->length[u->n++] = (uint8_t)n;
}

/* lv: also lu. */
static void add_syllable(struct unit *u, const char *s, uint32_t n)
{
    char plain[SYLLABLE];
    bool has_v = false;
    add_reading(u, s, n);
    for (uint32_t i = 0; i < n && i < SYLLABLE; i++) {
        plain[i] = s[i] == 'v' ? 'u' : s[i];
        has_v = has_v || s[i] == 'v';
    }
    if (has_v)
        add_reading(u, plain, n);
}

static void read_han(struct tb_pinyin *p, UChar32 c, struct unit *u)
{
    char own[8] = "";
    char *known = c >= (UChar32)HAN_FROM && c <= (UChar32)HAN_TO ? p->syllable[(uint32_t)c - HAN_FROM] : own;
    struct tb_name_form f = {0};
    u->n = 0;
    if (known[0] == 0)
        ask(p, c, known);
    if (known[0] != '?')
        add_syllable(u, known, (uint32_t)strlen(known));
    (void)put_char(&f, c);
    for (uint32_t i = 0; i < TB_COUNT_OF(others); i++) {
        const char *r = others[i].reading;
        if (strlen(others[i].han) != f.n || memcmp(others[i].han, f.p, f.n) != 0)
            continue;
        while (*r != 0) {
            uint32_t n = (uint32_t)strcspn(r, " ");
            add_syllable(u, r, n);
            r += n + (r[n] == ' ');
        }
    }
}

/* A word's letters, as UTF-8. */
static uint32_t read_word(const struct folded *s, uint32_t from, struct unit *u)
{
    struct tb_name_form f = {0};
    uint32_t i = from;
    for (; i < s->n && s->c[i] != 0 && !is_han(s->c[i]); i++)
        if (f.n < SYLLABLE)
            (void)put_char(&f, s->c[i]);
    u->n = 0;
    add_reading(u, f.p, f.n);
    return i;
}

static uint32_t read_units(struct tb_pinyin *p, const struct folded *s, struct unit *u)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->n && n < UNITS;) {
        if (s->c[i] == 0) {
            i++;
        } else if (!is_han(s->c[i])) {
            i = read_word(s, i, &u[n]);
            n += u[n].n > 0;
        } else {
            if (p != NULL) {
                read_han(p, s->c[i], &u[n]);
                n += u[n].n > 0;
            }
            i++;
        }
    }
    return n;
}

/* ---- forms --------------------------------------------------------------------------------------------------- */

/* Whole characters of p: every beginning of 2 to LETTERS_MAX bytes. */
static void add_beginnings(struct tb_name_form *form, uint32_t *n, const char *p, uint32_t length)
{
    struct tb_name_form f = {0};
    uint32_t points = 0;
    for (uint32_t i = 0; i < length && i < LETTERS_MAX; i++) {
        f.p[f.n++] = p[i];
        if (i + 1 < length && ((uint8_t)p[i + 1] & 0xC0) == 0x80)
            continue;
        if (++points >= 2)
            add(form, n, &f);
    }
}

/* One way to read the name: which reading of each unit. */
static void add_letters(struct tb_name_form *form, uint32_t *n, const struct unit *u, uint32_t units,
                        const uint8_t *way)
{
    for (uint32_t start = 0; start < STARTS && start < units; start++) {
        char joined[UNITS * SYLLABLE], first[UNITS * 4];
        uint32_t j = 0, k = 0;
        for (uint32_t i = start; i < units; i++) {
            const char *r = u[i].reading[way[i]];
            uint32_t one = 1;
            while (one < u[i].length[way[i]] && ((uint8_t)r[one] & 0xC0) == 0x80)
                one++;
            memcpy(joined + j, r, u[i].length[way[i]]);
            j += u[i].length[way[i]];
            memcpy(first + k, r, one);
            k += one;
        }
        add_beginnings(form, n, first, k);
        add_beginnings(form, n, joined, j);
    }
}

static void add_han(struct tb_name_form *form, uint32_t *n, const struct folded *s)
{
    UChar32 han[WIDE];
    uint32_t count = 0;
    for (uint32_t i = 0; i < s->n; i++)
        if (is_han(s->c[i]))
            han[count++] = s->c[i];
    for (uint32_t i = 0; i < count; i++) {
        struct tb_name_form f = {0};
        for (uint32_t k = i; k < count && k < i + HAN_MAX && put_char(&f, han[k]); k++)
            if (k > i || i == 0)
                add(form, n, &f);
    }
}

/* The next way, like a number whose digits are the units'; false after the last. */
static bool next_way(const struct unit *u, uint32_t units, uint8_t *way)
{
    for (uint32_t i = 0; i < units; i++) {
        if (++way[i] < u[i].n)
            return true;
        way[i] = 0;
    }
    return false;
}

uint32_t tb_name_forms(struct tb_pinyin *pinyin, struct tb_str name, struct tb_name_form *form)
{
    struct folded s;
    struct unit u[UNITS];
    uint8_t way[UNITS] = {0};
    uint32_t n = 0, ways = 0;
    fold(name, &s);
    add_han(form, &n, &s);
    uint32_t units = read_units(pinyin, &s, u);
    do
        add_letters(form, &n, u, units, way);
    while (++ways < READINGS && next_way(u, units, way));
    return n;
}

/* ---- queries ------------------------------------------------------------------------------------------------- */

/* The beginning of a run of letters, blanks within it left out. */
static uint32_t query_letters(const struct folded *s, uint32_t at, struct tb_name_form *f, uint32_t *points)
{
    *points = 0;
    for (; at < s->n && !is_han(s->c[at]); at++) {
        struct tb_name_form longer = *f;
        if (s->c[at] == 0)
            continue;
        if (put_char(&longer, s->c[at]) && longer.n <= LETTERS_MAX)
            *f = longer;
        (*points)++;
    }
    return at;
}

/* Four characters at a time: the last piece overlaps the one before. */
static uint32_t query_han(const struct folded *s, uint32_t at, struct tb_name_form *form, uint32_t *n)
{
    UChar32 run[WIDE];
    uint32_t count = 0;
    for (; at < s->n && (s->c[at] == 0 || is_han(s->c[at])); at++)
        if (s->c[at] != 0)
            run[count++] = s->c[at];
    for (uint32_t from = 0; from < count && *n < TB_NAME_QUERY_FORMS_MAX; from += HAN_MAX) {
        uint32_t i = from + HAN_MAX > count && count >= HAN_MAX ? count - HAN_MAX : from;
        struct tb_name_form f = {0};
        for (uint32_t k = i; k < count && k < i + HAN_MAX; k++)
            if (!put_char(&f, run[k]))
                break;
        form[(*n)++] = f;
    }
    return at;
}

uint32_t tb_name_query(struct tb_str query, struct tb_name_form *form)
{
    struct folded s;
    uint32_t n = 0;
    fold(query, &s);
    for (uint32_t at = 0; at < s.n && n < TB_NAME_QUERY_FORMS_MAX;) {
        struct tb_name_form f = {0};
        uint32_t points = 0;
        if (is_han(s.c[at])) {
            at = query_han(&s, at, form, &n);
            continue;
        }
        at = query_letters(&s, at, &f, &points);
        if (points >= 2) /* one letter alone has no form */
            form[n++] = f;
    }
    return n;
}
