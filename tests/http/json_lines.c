// SPDX-License-Identifier: Apache-2.0
/* tests/http/json_lines.c - the JSON reader as a filter, for json_differential.py.
 *
 * Input: records of 4 bytes length (little-endian) and that many bytes. Output: a line
 * each: the code of the problem, or "ok " and the document written back by our writer
 * (numbers with fraction or exponent as strings "#<text>", so that nothing is rounded). */
#include <stdio.h>
#include <stdlib.h>

#include "http/json.h"

#define BODY_MAX (1u << 20)

static uint8_t arena_region[16 << 20];
static uint8_t out_region[8 << 20];
static char body[BODY_MAX];

static void write_scalar(struct tb_json_out *o, const struct tb_json_node *d)
{
    struct tb_str text = {d->text, d->n};
    if (d->kind == TB_JSON_NULL)
        tb_json_out_null(o);
    else if (d->kind == TB_JSON_TRUE || d->kind == TB_JSON_FALSE)
        tb_json_out_bool(o, d->kind == TB_JSON_TRUE);
    else if (d->kind == TB_JSON_INT)
        tb_json_out_i64(o, d->i);
    else if (d->kind == TB_JSON_STRING)
        tb_json_out_str(o, text);
    else {
        tb_json_out_open(o, '[');
        tb_json_out_str(o, TB_STR("#"));
        tb_json_out_str(o, text);
        tb_json_out_close(o, ']');
    }
}

/* Non-recursive: a container is closed when its end is reached. */
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
            break;
        const struct tb_json_node *d = &doc->node[i];
        if (d->kind == TB_JSON_KEY) {
            tb_json_out_key_escaped(o, (struct tb_str){d->text, d->n});
        } else if (d->kind == TB_JSON_OBJECT || d->kind == TB_JSON_ARRAY) {
            tb_json_out_open(o, d->kind == TB_JSON_OBJECT ? '{' : '[');
            open[depth++] = i;
        } else {
            write_scalar(o, d);
        }
    }
}

int main(void)
{
    struct tb_json_index *x = tb_json_index_create();
    uint8_t head[4];
    if (x == NULL)
        return 1;
    while (fread(head, 1, 4, stdin) == 4) {
        uint32_t n = head[0] | (uint32_t)head[1] << 8 | (uint32_t)head[2] << 16;
        struct tb_arena a;
        struct tb_json_doc doc;
        struct tb_refusal refusal = {.problem = TB_PROBLEM_NONE};
        if (n > BODY_MAX || fread(body, 1, n, stdin) != n)
            return 2;
        tb_arena_init(&a, arena_region, sizeof arena_region);
        if (!tb_json_parse(x, (struct tb_str){body, n}, BODY_MAX, &a, &doc, &refusal)) {
            (void)printf("%s\n", tb_problem_code(refusal.problem));
            continue;
        }
        struct tb_buf b;
        struct tb_json_out o;
        tb_buf_init(&b, out_region, sizeof out_region);
        tb_json_out_init(&o, &b);
        write_back(&o, &doc);
        if (b.overflowed)
            return 3;
        (void)printf("ok %.*s\n", TB_STR_ARG(tb_buf_as_str(&b)));
    }
    tb_json_index_destroy(x);
    return 0;
}
