// SPDX-License-Identifier: Apache-2.0
/* http/app_problem.c - what the engine and core say no with, as problem documents.
 *
 * Not here: the problems of HTTP itself (problem.h).                                    */
#include <string.h>

#include "http/app_int.h"

enum tb_problem tb_finish_problem(enum tb_finish f)
{
    switch (f) {
    case TB_FINISH_IDEMPOTENCY_MISMATCH:
        return TB_PROBLEM_IDEMPOTENCY_KEY_REUSED;
    case TB_FINISH_TOO_LARGE:
        return TB_PROBLEM_ANSWER_TOO_LARGE;
    case TB_FINISH_STOPPING:
        return TB_PROBLEM_STOPPING;
    case TB_FINISH_NOT_LEADING:
        return TB_PROBLEM_NOT_LEADING;
    case TB_FINISH_NO_SPACE:
        return TB_PROBLEM_READ_ONLY;
    case TB_FINISH_UNAVAILABLE:
        return TB_PROBLEM_UNAVAILABLE;
    case TB_FINISH_UNKNOWN:
        return TB_PROBLEM_OUTCOME_UNKNOWN;
    case TB_FINISH_DONE:
    case TB_FINISH_FAULT:
    case TB_FINISHES:
        break;
    }
    return TB_PROBLEM_INTERNAL;
}

enum tb_problem tb_submit_problem(enum tb_submit s)
{
    switch (s) {
    case TB_SUBMIT_STOPPING:
        return TB_PROBLEM_STOPPING;
    case TB_SUBMIT_NOT_LEADING:
        return TB_PROBLEM_NOT_LEADING;
    case TB_SUBMIT_FAILED:
    case TB_SUBMIT_UNAVAILABLE:
        return TB_PROBLEM_UNAVAILABLE;
    case TB_SUBMIT_NO_SPACE:
        return TB_PROBLEM_READ_ONLY;
    case TB_SUBMIT_LAGGING:
        return TB_PROBLEM_LAGGING;
    case TB_SUBMIT_QUEUE_FULL:
        return TB_PROBLEM_QUEUE_FULL;
    case TB_SUBMIT_TENANT_FULL:
        return TB_PROBLEM_TENANT_BUSY;
    case TB_SUBMIT_TAKEN:
    case TB_SUBMITS:
        break;
    }
    return TB_PROBLEM_INTERNAL;
}

static void expression_detail(struct tb_json_out *o, struct tb_str answer)
{
    tb_json_out_key_str(o, "detail", tb_wire_str(answer, 4));
    tb_json_out_key_open(o, "position", '{');
    tb_json_out_key_i64(o, "offset", (int64_t)tb_wire_u64(answer, 1));
    tb_json_out_key_i64(o, "line", (int64_t)tb_wire_u64(answer, 2));
    tb_json_out_key_i64(o, "column", (int64_t)tb_wire_u64(answer, 3));
    tb_json_out_close(o, '}');
}

/* What is missing, and the tasks that would fill it (core/play/play.h). */
static void short_detail(struct tb_json_out *o, struct tb_str answer)
{
    struct tb_wire f = tb_wire_of(answer);
    tb_json_out_key_i64(o, "short_by", (int64_t)tb_wire_u64(answer, 20));
    tb_json_out_key_str(o, "unit", tb_wire_str(answer, 21));
    tb_json_out_key_open(o, "tasks", '[');
    while (tb_wire_step(&f)) {
        if (f.field != 22)
            continue;
        tb_json_out_open(o, '{');
        tb_json_out_key_str(o, "game", tb_wire_str(f.s, 1));
        tb_json_out_key_i64(o, "amount", (int64_t)tb_wire_u64(f.s, 2));
        if (tb_wire_u64(f.s, 3) != 0)
            tb_json_out_key_i64(o, "times", (int64_t)tb_wire_u64(f.s, 3));
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
}

void tb_code_problem(struct tb_buf *b, enum tb_code code, const char *field, struct tb_str answer,
                     bool pointer, struct tb_str request_id)
{
    struct tb_json_out o;
    char path[64] = "/";
    tb_json_out_init(&o, b);
    tb_json_out_open(&o, '{');
    tb_json_out_key_str(&o, "type", TB_STR("about:blank"));
    tb_json_out_key_str(&o, "title", tb_str_of(tb_code_text(code)));
    tb_json_out_key_i64(&o, "status", tb_code_status(code));
    tb_out_lower(&o, "code", tb_code_name(code));
    if (code == TB_CODE_EXPRESSION && answer.n > 0)
        expression_detail(&o, answer);
    if (code == TB_CODE_INSUFFICIENT && tb_wire_u64(answer, 20) != 0)
        short_detail(&o, answer);
    if (field[0] != 0) {
        (void)strncat(path, field, sizeof path - 2);
        tb_json_out_key_str(&o, "field", tb_str_of(path + !pointer));
    }
    if (request_id.n > 0)
        tb_json_out_key_str(&o, "request_id", request_id);
    tb_json_out_close(&o, '}');
}
