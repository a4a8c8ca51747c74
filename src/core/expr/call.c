// SPDX-License-Identifier: Apache-2.0
/* Calls: built-in functions by their table, the caller's functions by declaration. */
#include "core/expr/compile.h"

struct args {
    struct tb_expr_operand arg[TB_EXPR_CALL_ARGS];
    tb_expr_type type[TB_EXPR_CALL_ARGS];
    uint32_t n;
};

static void add_arg(struct args *a, const struct tb_expr_operand *v)
{
    a->type[a->n] = v->type;
    a->arg[a->n++] = *v;
}

/* Reads "a, b)" behind what a already holds. */
static bool parse_args(struct tb_expr_compiler *c, struct args *a)
{
    while (c->x.token.type != ')') {
        struct tb_expr_operand v;
        if (a->n == TB_EXPR_CALL_ARGS)
            return tb_expr_fail(c, TB_EXPR_WRONG_ARGUMENTS, c->x.token.pos,
                                "there are too many arguments");
        if (!tb_expr_parse(c, &v))
            return false;
        add_arg(a, &v);
        if (c->x.token.type != ',')
            break;
        if (!tb_expr_advance(c))
            return false;
    }
    return tb_expr_expect(c, ')', ") or a comma");
}

static bool wrong_arguments(struct tb_expr_compiler *c, struct tb_str name, uint32_t offset,
                            const struct args *a)
{
    char text[128];
    struct tb_buf b;
    tb_buf_init(&b, text, sizeof text);
    for (uint32_t i = 0; i < a->n; i++) {
        tb_buf_c(&b, i ? ", " : "");
        tb_expr_print_type(&b, a->type[i], c->env);
    }
    return tb_expr_fail(c, TB_EXPR_WRONG_ARGUMENTS, offset, "%.*s() does not take (%.*s)",
                        TB_STR_ARG(name), (int)b.n, text);
}

static bool unknown_function(struct tb_expr_compiler *c, struct tb_str name, uint32_t offset)
{
    static const char *const known[] = {"matches", "dyn",   "type",   "uint",
                                        "double",  "bytes", "replace", "split", "join"};
    for (size_t i = 0; i < TB_COUNT_OF(known); i++)
        if (tb_str_eq_c(name, known[i]))
            return tb_expr_fail(c, TB_EXPR_UNSUPPORTED, offset, "%s() is not supported%s", known[i],
                                tb_str_eq_c(name, "double") ? ", use decimal()" : "");
    return tb_expr_fail(c, TB_EXPR_UNKNOWN_FUNCTION, offset, "there is no function '%.*s'",
                        name.n < 80 ? (int)name.n : 80, name.p);
}

/* Emits row for the arguments on the stack; out becomes the result. */
static void emit_builtin(struct tb_expr_compiler *c, int row, struct args *a, uint32_t offset,
                         struct tb_expr_operand *out)
{
    const struct tb_expr_builtin *b = tb_expr_builtin_at((uint32_t)row);
    for (uint32_t i = 0; i < a->n; i++) {
        if (a->type[i] == TB_EXPR_INT && b->arg[i] == TB_EXPR_DECIMAL)
            tb_expr_promote(c, &a->arg[i], a->n - 1 - i);
        enum tb_expr_kind k = tb_expr_kind_of(a->type[i]);
        if (b->scans && k == TB_EXPR_STRING)
            tb_expr_emit_cost(&c->e, TB_EXPR_BYTES_COST(a->arg[i].size));
        else if (b->scans && k == TB_EXPR_LIST)
            tb_expr_emit_cost(&c->e, a->arg[i].size);
    }
    out->type = b->result;
    out->size = b->result_max ? b->result_max : a->arg[0].size;
    out->load = out->constant = -1;
    out->const_list = false;
    struct tb_expr_insn *in = tb_expr_emit(&c->e, OP_BUILTIN, 1 - (int)a->n, offset);
    in->b = (uint16_t)row;
    in->argc = (uint8_t)a->n;
}

/* timestamp("...") and duration("...") of a literal become constants, checked now. */
static bool time_literal(struct tb_expr_compiler *c, bool timestamp, const struct args *a,
                         struct tb_expr_operand *out)
{
    struct tb_str s = tb_expr_emit_text_at(&c->e, (uint16_t)a->arg[0].constant);
    int64_t ms;
    bool ok = timestamp ? tb_expr_timestamp_parse(s, &ms) : tb_expr_duration_parse(s, &ms);
    if (!ok)
        return tb_expr_fail(c, TB_EXPR_BAD_LITERAL, a->arg[0].offset,
                            timestamp ? "not an instant like 2026-11-22T10:00:00Z of 1900-2199"
                                      : "not a duration like 1h30m or 1.5s");
    uint8_t kind = timestamp ? TB_EXPR_TIMESTAMP : TB_EXPR_DURATION;
    uint16_t k = tb_expr_emit_number(&c->e, kind, 0, ms);
    c->e.code[a->arg[0].first].b = k;
    *out = a->arg[0];
    out->type = kind;
    out->constant = k;
    return true;
}

/* min and max take any number of values: each is met with the best so far. */
static bool parse_pick(struct tb_expr_compiler *c, struct tb_str name, uint32_t offset,
                       struct tb_expr_operand *out)
{
    struct args a = {0};
    bool named;
    if (!tb_expr_parse(c, out))
        return false;
    add_arg(&a, out);
    if (c->x.token.type == ',') {
        while (c->x.token.type == ',') {
            struct tb_expr_operand v;
            if (!tb_expr_advance(c) || !tb_expr_parse(c, &v))
                return false;
            a.n = 0;
            add_arg(&a, out);
            add_arg(&a, &v);
            int row = tb_expr_builtin_find(name, STYLE_GLOBAL, a.type, 2, &named);
            if (row < 0)
                return wrong_arguments(c, name, offset, &a);
            emit_builtin(c, row, &a, offset, out);
        }
    } else if (tb_expr_kind_of(out->type) == TB_EXPR_LIST) {
        int row = tb_expr_builtin_find(name, STYLE_GLOBAL, a.type, 1, &named);
        if (row < 0)
            return wrong_arguments(c, name, offset, &a);
        emit_builtin(c, row, &a, offset, out);
    } else {
        a.type[1] = out->type; /* a single value: only its type is checked */
        if (tb_expr_builtin_find(name, STYLE_GLOBAL, a.type, 2, &named) < 0)
            return wrong_arguments(c, name, offset, &a);
        out->load = -1;
    }
    return tb_expr_expect(c, ')', ") or a comma");
}

/* ---- functions of the environment ---- */

/* ^[0-9]{1,4}d$ */
static bool window_days(struct tb_str s, uint16_t *days)
{
    int64_t v;
    if (s.n < 2 || s.n > 5 || s.p[s.n - 1] != 'd' || s.p[0] == '-' ||
        !tb_str_to_i64((struct tb_str){s.p, s.n - 1}, &v))
        return false;
    *days = (uint16_t)v;
    return true;
}

/* A window's literal becomes an int in place; false: it is none. */
static bool take_window(struct tb_expr_compiler *c, struct tb_expr_operand *o, uint16_t *days)
{
    bool literal = o->type == TB_EXPR_STRING && o->constant >= 0;
    if (!literal || !window_days(tb_expr_emit_text_at(&c->e, (uint16_t)o->constant), days))
        return tb_expr_fail(c, TB_EXPR_BAD_LITERAL, o->offset,
                            "a window like \"90d\" must stand here");
    c->e.code[o->first].b = tb_expr_emit_number(&c->e, TB_EXPR_INT, 0, *days);
    return true;
}

static bool check_arg(struct tb_expr_compiler *c, const struct tb_expr_function *f,
                      struct args *a, uint32_t i)
{
    tb_expr_type joined;
    if (a->type[i] == TB_EXPR_INT && f->arg[i].type == TB_EXPR_DECIMAL) {
        tb_expr_promote(c, &a->arg[i], a->n - 1 - i);
        return true;
    }
    if (tb_expr_unify(a->type[i], f->arg[i].type, &joined))
        return true;
    return wrong_arguments(c, f->name, a->arg[i].offset, a);
}

static bool emit_call(struct tb_expr_compiler *c, const struct tb_expr_function *f,
                      struct args *a, uint32_t offset, struct tb_expr_operand *out)
{
    uint16_t window = TB_EXPR_NO_WINDOW;
    uint16_t text = UINT16_MAX;
    for (uint32_t i = 0; i < a->n; i++) {
        uint16_t days = 0;
        if (!f->arg[i].window) {
            if (!check_arg(c, f, a, i))
                return false;
            if (text == UINT16_MAX && a->type[i] == TB_EXPR_STRING && a->arg[i].constant >= 0)
                text = (uint16_t)a->arg[i].constant;
        } else if (!take_window(c, &a->arg[i], &days)) {
            return false;
        } else if (window == TB_EXPR_NO_WINDOW) {
            window = days;
        }
    }
    if (f->cost > 1) {
        tb_expr_emit(&c->e, OP_CHARGE, 0, offset)->b = f->cost;
        tb_expr_emit_cost(&c->e, f->cost);
    }
    out->type = f->result;
    out->size = f->size_max ? f->size_max : TB_EXPR_SIZE_DEFAULT;
    out->load = (int)c->e.n_code;
    struct tb_expr_insn *in = tb_expr_emit(&c->e, OP_CALL, 1 - (int)a->n, offset);
    in->kind = (uint8_t)tb_expr_kind_of(f->result);
    in->argc = (uint8_t)a->n;
    in->b = f->slot;
    in->c = (uint16_t)out->size;
    tb_expr_emit_use(&c->e, f->slot, window, text);
    return true;
}

static bool call_declared(struct tb_expr_compiler *c, struct tb_str name, uint32_t offset,
                          struct args *a, struct tb_expr_operand *out)
{
    bool named = false;
    for (uint32_t i = 0; i < c->env->n_functions; i++) {
        const struct tb_expr_function *f = &c->env->function[i];
        if (!tb_str_eq(f->name, name))
            continue;
        tb_assert(f->n_args <= TB_EXPR_ARGS_MAX);
        named = true;
        if (f->n_args == a->n)
            return emit_call(c, f, a, offset, out);
    }
    return named ? wrong_arguments(c, name, offset, a) : unknown_function(c, name, offset);
}

static bool is_pick(struct tb_str *name)
{
    if (tb_str_eq_c(*name, "math.least"))
        *name = TB_STR("min");
    else if (tb_str_eq_c(*name, "math.greatest"))
        *name = TB_STR("max");
    return tb_str_eq_c(*name, "min") || tb_str_eq_c(*name, "max");
}

bool tb_expr_call_global(struct tb_expr_compiler *c, struct tb_str name, uint32_t offset,
                         struct tb_expr_operand *out)
{
    if (is_pick(&name))
        return parse_pick(c, name, offset, out);
    struct args a = {0};
    bool named;
    *out = tb_expr_operand_at(c, TB_EXPR_ANY, offset);
    if (!parse_args(c, &a))
        return false;
    int row = tb_expr_builtin_find(name, STYLE_GLOBAL, a.type, a.n, &named);
    if (!named)
        return call_declared(c, name, offset, &a, out);
    if (row < 0)
        return wrong_arguments(c, name, offset, &a);
    bool timestamp = tb_str_eq_c(name, "timestamp");
    if (a.arg[0].constant >= 0 && a.type[0] == TB_EXPR_STRING &&
        (timestamp || tb_str_eq_c(name, "duration")))
        return time_literal(c, timestamp, &a, out);
    emit_builtin(c, row, &a, offset, out);
    return true;
}

bool tb_expr_call_member(struct tb_expr_compiler *c, struct tb_str name, uint32_t offset,
                         struct tb_expr_operand *receiver)
{
    int macro = tb_expr_macro_named(name);
    if (macro >= 0)
        return tb_expr_parse_macro(c, macro, offset, receiver);
    struct args a = {0};
    bool named;
    add_arg(&a, receiver);
    if (!parse_args(c, &a))
        return false;
    int row = tb_expr_builtin_find(name, STYLE_MEMBER, a.type, a.n, &named);
    if (row < 0)
        return named ? wrong_arguments(c, name, offset, &a) : unknown_function(c, name, offset);
    emit_builtin(c, row, &a, offset, receiver);
    return true;
}
