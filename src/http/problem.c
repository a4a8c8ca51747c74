// SPDX-License-Identifier: Apache-2.0
#include "http/problem.h"

#include <stdio.h>

#include "http/json_write.h"

static const struct {
    const char *code;
    const char *title;
    uint32_t status;
} entry[TB_PROBLEM_COUNT] = {
#define TB_X(name, code_, status_, title_) \
    [TB_PROBLEM_##name] = {.code = code_, .title = title_, .status = status_},
    TB_PROBLEM_LIST(TB_X)
#undef TB_X
};

const char *tb_problem_code(enum tb_problem p)
{
    tb_assert(p > TB_PROBLEM_NONE && p < TB_PROBLEM_COUNT);
    return entry[p].code;
}

uint32_t tb_problem_status(enum tb_problem p)
{
    tb_assert(p > TB_PROBLEM_NONE && p < TB_PROBLEM_COUNT);
    return entry[p].status;
}

const char *tb_problem_title(enum tb_problem p)
{
    tb_assert(p > TB_PROBLEM_NONE && p < TB_PROBLEM_COUNT);
    return entry[p].title;
}

static void copy_text(char *to, size_t cap, const char *from)
{
    size_t n = 0;
    for (; from != NULL && from[n] != 0 && n + 1 < cap; n++)
        to[n] = from[n];
    while (n > 0 && from[n] != 0 && ((uint8_t)from[n] & 0xc0) == 0x80)
        n--; /* a cut never splits a code point */
    to[n] = 0;
}

void tb_refusal_set(struct tb_refusal *r, enum tb_problem p, const char *field,
                    const char *detail)
{
    tb_assert(p > TB_PROBLEM_NONE && p < TB_PROBLEM_COUNT);
    if (r->problem != TB_PROBLEM_NONE)
        return;
    r->problem = p;
    copy_text(r->field, sizeof r->field, field);
    copy_text(r->detail, sizeof r->detail, detail);
}

void tb_problem_write(struct tb_buf *b, const struct tb_refusal *r, struct tb_str request_id)
{
    struct tb_json_out o;
    tb_json_out_init(&o, b);
    tb_json_out_open(&o, '{');
    tb_json_out_key_str(&o, "type", TB_STR("about:blank"));
    tb_json_out_key_str(&o, "title", tb_str_of(tb_problem_title(r->problem)));
    tb_json_out_key_i64(&o, "status", tb_problem_status(r->problem));
    tb_json_out_key_str(&o, "code", tb_str_of(tb_problem_code(r->problem)));
    if (r->detail[0] != 0)
        tb_json_out_key_str(&o, "detail", tb_str_of(r->detail));
    if (r->field[0] != 0)
        tb_json_out_key_str(&o, "field", tb_str_of(r->field));
    tb_json_out_key_str(&o, "request_id", request_id);
    tb_json_out_close(&o, '}');
}
