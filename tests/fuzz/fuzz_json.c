// SPDX-License-Identifier: Apache-2.0
/* Arbitrary bytes as a JSON body. Oracles: no finding of the sanitisers; a refusal leaves
 * the arena as it was; the tape is well-formed; written back and read again it is the same
 * document; every node has a path; typed readers answer or refuse with a field. The first
 * byte chooses the arena, so that a full one is met as well.                            */
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "http/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static uint8_t region[2][1 << 20];
static uint8_t text[2][1 << 20];

static void write_back(struct tb_json_out *o, const struct tb_json_doc *doc)
{
    uint32_t open[TB_JSON_DEPTH_MAX];
    uint32_t depth = 0;
    for (uint32_t i = 0; i <= doc->n; i++) {
        while (depth > 0 && i == doc->node[open[depth - 1]].end) {
            depth--;
            tb_json_out_close(o, doc->node[open[depth]].kind == TB_JSON_OBJECT ? '}' : ']');
        }
        if (i == doc->n)
            return;
        const struct tb_json_node *d = &doc->node[i];
        struct tb_str s = {d->text, d->n};
        tb_assert(d->end > i && d->end <= doc->n);
        if (d->kind == TB_JSON_KEY)
            tb_json_out_key_escaped(o, s);
        else if (d->kind == TB_JSON_OBJECT || d->kind == TB_JSON_ARRAY) {
            tb_json_out_open(o, d->kind == TB_JSON_OBJECT ? '{' : '[');
            open[depth++] = i;
        } else if (d->kind == TB_JSON_STRING)
            tb_json_out_str(o, s);
        else if (d->kind == TB_JSON_NUMBER)
            tb_json_out_raw(o, s);
        else if (d->kind == TB_JSON_INT)
            tb_json_out_i64(o, d->i);
        else if (d->kind == TB_JSON_NULL)
            tb_json_out_null(o);
        else
            tb_json_out_bool(o, d->kind == TB_JSON_TRUE);
    }
}

static struct tb_str written(const struct tb_json_doc *doc, int which)
{
    struct tb_buf b;
    struct tb_json_out o;
    tb_buf_init(&b, text[which], sizeof text[which]);
    tb_json_out_init(&o, &b);
    write_back(&o, doc);
    tb_assert(!b.overflowed);
    return tb_buf_as_str(&b);
}

static void read_fields(struct tb_json_doc *doc)
{
    struct tb_refusal refusal = {.problem = TB_PROBLEM_NONE};
    struct tb_json_read read = {doc, &refusal};
    struct tb_json_object o = tb_json_root(&read);
    struct tb_json_array a;
    struct tb_json_object in;
    struct tb_str s;
    const struct tb_json_node *value;
    int64_t v = 0;
    uint32_t e;
    static const char *const option[] = {"a", "b"};
    (void)tb_json_may_i64(&o, TB_STR("i"), -5, 5, &v);
    tb_assert(v >= -5 && v <= 5);
    (void)tb_json_may_str(&o, TB_STR("s"), 1, 3, &s);
    (void)tb_json_may_time(&o, TB_STR("t"), &v);
    (void)tb_json_may_enum(&o, TB_STR("e"), option, 2, &e);
    if (tb_json_may_array(&o, TB_STR("a"), 0, 4, &a))
        while (tb_json_next_object(&a, &in)) {
            (void)tb_json_need_i64(&in, TB_STR("i"), 0, TB_AMOUNT_MAX);
            tb_json_end(&in);
        }
    if (tb_json_may_object(&o, TB_STR("o"), &in))
        while (tb_json_next_member(&in, &s, &value))
            tb_assert(value->kind <= TB_JSON_OBJECT);
    tb_json_end(&o);
    tb_assert(refusal.field[0] == 0 || refusal.field[0] == '/');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct tb_json_index *x;
    struct tb_arena a[2];
    struct tb_json_doc doc[2];
    struct tb_refusal refusal = {.problem = TB_PROBLEM_NONE};
    char field[24];
    if (x == NULL && (x = tb_json_index_create()) == NULL)
        abort();
    if (n == 0 || n > 65536)
        return 0;
    size_t size = data[0] < 64 ? (size_t)data[0] * 16 : sizeof region[0];
    /* a copy of exactly n bytes, so that reading past the body is seen */
    char *body = malloc(n);
    memcpy(body, data + 1, n - 1);
    tb_arena_init(&a[0], region[0], size);
    if (!tb_json_parse(x, (struct tb_str){body, (uint32_t)n - 1}, 65536, &a[0], &doc[0], &refusal)) {
        tb_assert(refusal.problem != TB_PROBLEM_NONE && a[0].used == 0 && doc[0].n == 0);
        free(body);
        return 0;
    }
    for (uint32_t i = 0; i < doc[0].n; i++)
        tb_json_path(&doc[0], i, field, sizeof field);
    struct tb_str first = written(&doc[0], 0);
    tb_arena_init(&a[1], region[1], sizeof region[1]);
    tb_assert(tb_json_parse(x, first, 1 << 20, &a[1], &doc[1], &refusal));
    tb_assert(tb_str_eq(first, written(&doc[1], 1)));
    read_fields(&doc[0]);
    free(body);
    return 0;
}
