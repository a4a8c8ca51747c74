// SPDX-License-Identifier: Apache-2.0
/* The grammar (langdef.md, "Syntax"), from ?: down to literals. Recursion is bounded by
 * TB_EXPR_DEPTH_MAX: every way into tb_expr_parse counts.                            */
#include "core/expr/compile.h"

bool tb_expr_advance(struct tb_expr_compiler *c)
{
    if (tb_expr_lex_next(&c->x))
        return true;
    return tb_expr_fail(c, c->x.error, c->x.error_pos, "%s", c->x.error_text);
}

static bool unexpected(struct tb_expr_compiler *c, const char *what)
{
    const struct tb_expr_token *t = &c->x.token;
    if (t->type == T_END)
        return tb_expr_fail(c, TB_EXPR_SYNTAX, t->pos, "%s was expected, but the text ends", what);
    if (t->type == T_STRING)
        return tb_expr_fail(c, TB_EXPR_SYNTAX, t->pos, "%s was expected, not a string", what);
    int n = t->text.n < 40 ? (int)t->text.n : 40;
    return tb_expr_fail(c, TB_EXPR_SYNTAX, t->pos, "%s was expected, not '%.*s'", what, n,
                        t->text.p);
}

bool tb_expr_expect(struct tb_expr_compiler *c, int type, const char *what)
{
    return c->x.token.type == type ? tb_expr_advance(c) : unexpected(c, what);
}

/* ---- literals ---- */

static bool push_const(struct tb_expr_compiler *c, uint16_t constant, tb_expr_type type,
                       uint32_t offset, struct tb_expr_operand *out)
{
    *out = tb_expr_operand_at(c, type, offset);
    out->constant = constant;
    if (type == TB_EXPR_STRING)
        out->size = c->e.constant[constant].n;
    tb_expr_emit(&c->e, OP_CONST, 1, offset)->b = constant;
    return true;
}

/* Not inlined: its text must not stand in the frames of the recursion. */
__attribute__((noinline)) static bool
string_literal(struct tb_expr_compiler *c, struct tb_expr_operand *out)
{
    char text[TB_EXPR_SOURCE_MAX];
    struct tb_expr_token t = c->x.token;
    uint32_t n;
    if (!tb_expr_lex_string(&c->x, &t, text, &n))
        return tb_expr_fail(c, c->x.error, c->x.error_pos, "%s", c->x.error_text);
    uint16_t k = tb_expr_emit_text(&c->e, (struct tb_str){text, n});
    return tb_expr_advance(c) && push_const(c, k, TB_EXPR_STRING, t.pos, out);
}

/* negative: a minus sign at offset stands before the number. */
static bool number_literal(struct tb_expr_compiler *c, bool negative, uint32_t offset,
                           struct tb_expr_operand *out)
{
    struct tb_expr_token t = c->x.token;
    if (!negative && t.number > INT64_MAX)
        return tb_expr_fail(c, TB_EXPR_BAD_NUMBER, t.pos, "the number does not fit into 64 bits");
    int64_t v = negative ? (int64_t)(0 - t.number) : (int64_t)t.number;
    uint8_t kind = t.type == T_INT ? TB_EXPR_INT : TB_EXPR_DECIMAL;
    uint16_t k = tb_expr_emit_number(&c->e, kind, t.scale, v);
    return tb_expr_advance(c) && push_const(c, k, kind, offset, out);
}

static bool word_literal(struct tb_expr_compiler *c, struct tb_expr_operand *out)
{
    struct tb_expr_token t = c->x.token;
    uint8_t kind = t.type == T_NULL ? TB_EXPR_NULL : TB_EXPR_BOOL;
    uint16_t k = tb_expr_emit_number(&c->e, kind, 0, t.type == T_TRUE);
    return tb_expr_advance(c) && push_const(c, k, kind, t.pos, out);
}

/* What the elements of a literal have in common so far. last_put chains their PUT
 * instructions so that ints met before the first decimal can be promoted.          */
struct gathered {
    tb_expr_type type;
    uint32_t n;
    uint16_t last_put;
};

static bool gather(struct tb_expr_compiler *c, struct gathered *g, enum tb_expr_op put, int grow,
                   const struct tb_expr_operand *v)
{
    bool promote_old;
    bool promote_new;
    if (!tb_expr_join(g->type, v->type, &g->type, &promote_old, &promote_new))
        return tb_expr_wrong_types(c, "a list or map of one type", v->offset, g->type, v->type);
    uint32_t at = c->e.n_code;
    struct tb_expr_insn *in = tb_expr_emit(&c->e, put, grow, v->offset);
    if (c->e.full) /* the chain would run through the scratch place */
        return tb_expr_fail(c, TB_EXPR_PROGRAM_TOO_LARGE, v->offset, "the expression is too large");
    in->mode = promote_new;
    in->c = g->last_put;
    if (promote_old)
        for (uint16_t i = g->last_put; i != 0; i = c->e.code[i].c)
            c->e.code[i].mode = 1;
    g->last_put = (uint16_t)at;
    g->n++;
    return true;
}

static bool too_deep_type(struct tb_expr_compiler *c, uint32_t offset)
{
    return tb_expr_fail(c, TB_EXPR_TOO_DEEP, offset, "lists and maps are nested too deeply");
}

static bool list_literal(struct tb_expr_compiler *c, struct tb_expr_operand *out)
{
    *out = tb_expr_operand_at(c, TB_EXPR_LIST, c->x.token.pos);
    struct tb_expr_emit *e = &c->e;
    tb_expr_emit(e, OP_LIST_NEW, 1, out->offset);
    struct gathered g = {0};
    bool constant = true;
    if (!tb_expr_advance(c))
        return false;
    while (c->x.token.type != ']') {
        struct tb_expr_operand v;
        if (!tb_expr_parse(c, &v) || !gather(c, &g, OP_LIST_PUT, -1, &v))
            return false;
        constant = constant && v.constant >= 0;
        if (c->x.token.type != ',')
            break;
        if (!tb_expr_advance(c))
            return false;
    }
    if (g.type >> 28)
        return too_deep_type(c, out->offset);
    e->code[out->first].b = (uint16_t)g.n;
    out->type = TB_EXPR_LIST_OF(g.type);
    out->size = g.n;
    out->const_list = constant && !e->full;
    return tb_expr_expect(c, ']', "] or a comma");
}

static bool map_literal(struct tb_expr_compiler *c, struct tb_expr_operand *out)
{
    *out = tb_expr_operand_at(c, TB_EXPR_MAP, c->x.token.pos);
    tb_expr_emit(&c->e, OP_MAP_NEW, 1, out->offset);
    struct gathered g = {0};
    if (!tb_expr_advance(c))
        return false;
    while (c->x.token.type != '}') {
        struct tb_expr_operand key;
        struct tb_expr_operand v;
        if (!tb_expr_parse(c, &key))
            return false;
        if (key.type != TB_EXPR_STRING)
            return tb_expr_fail(c, TB_EXPR_WRONG_TYPE, key.offset, "the keys of maps are strings");
        if (!tb_expr_expect(c, ':', "a colon") || !tb_expr_parse(c, &v) ||
            !gather(c, &g, OP_MAP_PUT, -2, &v))
            return false;
        c->e.place[c->e.n_code - 1].offset = (uint16_t)key.offset; /* of DUPLICATE_KEY */
        tb_expr_emit_cost(&c->e, TB_EXPR_KEYS_COST(g.n));
        if (c->x.token.type != ',')
            break;
        if (!tb_expr_advance(c))
            return false;
    }
    if (g.type >> 28)
        return too_deep_type(c, out->offset);
    c->e.code[out->first].b = (uint16_t)g.n;
    out->type = TB_EXPR_MAP_OF(g.type);
    out->size = g.n;
    return tb_expr_expect(c, '}', "} or a comma");
}

/* ---- names ---- */

static uint32_t size_of(uint16_t size_max)
{
    return size_max ? size_max : TB_EXPR_SIZE_DEFAULT;
}

static void emit_load(struct tb_expr_compiler *c, enum tb_expr_op op, int grow,
                      const struct tb_expr_decl *d, uint32_t offset, struct tb_expr_operand *out)
{
    out->load = (int)c->e.n_code;
    out->type = d->type;
    out->size = size_of(d->size_max);
    struct tb_expr_insn *in = tb_expr_emit(&c->e, op, grow, offset);
    in->kind = (uint8_t)tb_expr_kind_of(d->type);
    in->b = d->slot;
    in->c = (uint16_t)out->size;
    tb_expr_emit_use(&c->e, d->slot, TB_EXPR_NO_WINDOW, UINT16_MAX);
}

static bool variable(struct tb_expr_compiler *c, struct tb_str name, uint32_t offset,
                     struct tb_expr_operand *out)
{
    *out = tb_expr_operand_at(c, TB_EXPR_ANY, offset);
    for (uint32_t i = c->n_locals; i-- > 0;) {
        if (tb_str_eq(c->local[i].name, name)) {
            out->type = c->local[i].type;
            tb_expr_emit(&c->e, OP_LOCAL, 1, offset)->b = c->local[i].place;
            return true;
        }
    }
    for (uint32_t i = 0; i < c->env->n_variables; i++) {
        if (tb_str_eq(c->env->variable[i].name, name)) {
            emit_load(c, OP_LOAD, 1, &c->env->variable[i], offset, out);
            return true;
        }
    }
    if (tb_expr_lex_reserved(name))
        return tb_expr_fail(c, TB_EXPR_SYNTAX, offset, "'%.*s' is a reserved word",
                            TB_STR_ARG(name));
    return tb_expr_fail(c, TB_EXPR_UNKNOWN_NAME, offset, "there is no variable '%.*s'",
                        name.n < 80 ? (int)name.n : 80, name.p);
}

static bool declared(const struct tb_expr_compiler *c, struct tb_str name)
{
    for (uint32_t i = 0; i < c->n_locals; i++)
        if (tb_str_eq(c->local[i].name, name))
            return true;
    for (uint32_t i = 0; i < c->env->n_variables; i++)
        if (tb_str_eq(c->env->variable[i].name, name))
            return true;
    return false;
}

/* math.round( ... ): the one namespace there is; the current token is the point. */
static bool math_call(struct tb_expr_compiler *c, struct tb_expr_token math,
                      struct tb_expr_operand *out)
{
    if (!tb_expr_advance(c))
        return false;
    struct tb_expr_token t = c->x.token;
    char full[48];
    struct tb_buf b;
    tb_buf_init(&b, full, sizeof full);
    tb_buf_c(&b, "math.");
    tb_buf_str(&b, t.text);
    if (t.type != T_NAME || b.overflowed)
        return tb_expr_fail(c, TB_EXPR_UNKNOWN_FUNCTION, math.pos, "there is no such function");
    return tb_expr_advance(c) && tb_expr_expect(c, '(', "(") &&
           tb_expr_call_global(c, tb_buf_as_str(&b), math.pos, out);
}

static bool name_or_call(struct tb_expr_compiler *c, struct tb_expr_operand *out)
{
    struct tb_expr_token t = c->x.token;
    if (!tb_expr_advance(c))
        return false;
    if (c->x.token.type == '.' && tb_str_eq_c(t.text, "math") && !declared(c, t.text))
        return math_call(c, t, out);
    if (c->x.token.type != '(')
        return variable(c, t.text, t.pos, out);
    if (!tb_expr_advance(c))
        return false;
    if (tb_str_eq_c(t.text, "has"))
        return tb_expr_parse_has(c, t.pos, out);
    return tb_expr_call_global(c, t.text, t.pos, out);
}

static bool primary(struct tb_expr_compiler *c, struct tb_expr_operand *out)
{
    switch (c->x.token.type) {
    case T_NAME:
        return name_or_call(c, out);
    case T_INT:
    case T_DECIMAL:
        return number_literal(c, false, c->x.token.pos, out);
    case T_STRING:
        return string_literal(c, out);
    case T_TRUE:
    case T_FALSE:
    case T_NULL:
        return word_literal(c, out);
    case '(':
        return tb_expr_advance(c) && tb_expr_parse(c, out) && tb_expr_expect(c, ')', ")");
    case '[':
        return list_literal(c, out);
    case '{':
        return map_literal(c, out);
    default:
        return unexpected(c, "a value");
    }
}

/* ---- .field  .method()  [index] ---- */

static bool select_field(struct tb_expr_compiler *c, struct tb_str name, uint32_t offset,
                         struct tb_expr_operand *o)
{
    const struct tb_expr_env *env = c->env;
    enum tb_expr_kind kind = tb_expr_kind_of(o->type);
    o->constant = -1;
    o->const_list = false;
    if (kind == TB_EXPR_MAP) {
        tb_expr_emit_cost(&c->e, TB_EXPR_KEYS_COST(o->size));
        o->type = tb_expr_inner(o->type);
        o->size = TB_EXPR_SIZE_DEFAULT;
        o->load = (int)c->e.n_code;
        uint16_t key = tb_expr_emit_text(&c->e, name);
        struct tb_expr_insn *in = tb_expr_emit(&c->e, OP_MAP_FIELD, 0, offset);
        in->kind = (uint8_t)tb_expr_kind_of(o->type);
        in->b = key;
        return true;
    }
    if (kind != TB_EXPR_RECORD)
        return tb_expr_fail(c, TB_EXPR_WRONG_TYPE, offset, "only records and maps have fields");
    tb_assert(tb_expr_inner(o->type) < env->n_records);
    const struct tb_expr_record *r = &env->record[tb_expr_inner(o->type)];
    for (uint32_t i = 0; i < r->n; i++) {
        if (tb_str_eq(r->field[i].name, name)) {
            emit_load(c, OP_FIELD, 0, &r->field[i], offset, o);
            return true;
        }
    }
    int n = name.n < 80 ? (int)name.n : 80;
    return tb_expr_fail(c, TB_EXPR_UNKNOWN_FIELD, offset, "'%.*s' has no field '%.*s'",
                        TB_STR_ARG(r->name), n, name.p);
}

static bool index_into(struct tb_expr_compiler *c, uint32_t offset, struct tb_expr_operand *o)
{
    struct tb_expr_operand i;
    if (!tb_expr_parse(c, &i) || !tb_expr_expect(c, ']', "]"))
        return false;
    enum tb_expr_kind kind = tb_expr_kind_of(o->type);
    bool list = kind == TB_EXPR_LIST && i.type == TB_EXPR_INT;
    if (!list && !(kind == TB_EXPR_MAP && i.type == TB_EXPR_STRING))
        return tb_expr_wrong_types(c, "[]", offset, o->type, i.type);
    if (!list)
        tb_expr_emit_cost(&c->e, TB_EXPR_KEYS_COST(o->size));
    o->type = tb_expr_inner(o->type);
    o->size = TB_EXPR_SIZE_DEFAULT;
    o->load = o->constant = -1;
    o->const_list = false;
    struct tb_expr_insn *in =
        tb_expr_emit(&c->e, list ? OP_INDEX_LIST : OP_INDEX_MAP, -1, offset);
    in->kind = (uint8_t)tb_expr_kind_of(o->type);
    return true;
}

static bool member(struct tb_expr_compiler *c, struct tb_expr_operand *out)
{
    for (;;) {
        uint32_t offset = c->x.token.pos;
        if (c->x.token.type == '[') {
            if (!tb_expr_advance(c) || !index_into(c, offset, out))
                return false;
            continue;
        }
        if (c->x.token.type != '.')
            return true;
        if (!tb_expr_advance(c))
            return false;
        struct tb_expr_token t = c->x.token;
        if (t.type != T_NAME)
            return unexpected(c, "a name");
        if (!tb_expr_advance(c))
            return false;
        bool ok = c->x.token.type != '('
                      ? select_field(c, t.text, t.pos, out)
                      : tb_expr_advance(c) && tb_expr_call_member(c, t.text, t.pos, out);
        if (!ok)
            return false;
    }
}

/* ---- operators ---- */

static bool apply_sign(struct tb_expr_compiler *c, int sign, uint32_t count, uint32_t offset,
                       struct tb_expr_operand *out)
{
    bool fits = sign == '!' ? out->type == TB_EXPR_BOOL
                            : out->type == TB_EXPR_INT || out->type == TB_EXPR_DECIMAL;
    if (!fits)
        return tb_expr_fail(c, TB_EXPR_WRONG_TYPE, offset,
                            sign == '!' ? "! takes a bool" : "- takes a number");
    enum tb_expr_op op = sign == '!' ? OP_NOT : OP_NEG;
    for (uint32_t i = 0; i < count; i++)
        tb_expr_emit(&c->e, op, 0, offset);
    if (count > 0)
        out->load = out->constant = -1;
    return true;
}

static bool unary(struct tb_expr_compiler *c, struct tb_expr_operand *out)
{
    int sign = c->x.token.type;
    if (sign != '!' && sign != '-')
        return primary(c, out) && member(c, out);
    uint32_t offset = c->x.token.pos;
    uint32_t last = offset;
    uint32_t count = 0;
    for (; c->x.token.type == sign; count++) {
        last = c->x.token.pos;
        if (!tb_expr_advance(c))
            return false;
    }
    int type = c->x.token.type;
    bool ok;
    if (sign == '-' && (type == T_INT || type == T_DECIMAL)) {
        count--; /* the number's own sign: so the smallest int can be written */
        ok = number_literal(c, true, last, out) && member(c, out);
    } else {
        ok = primary(c, out) && member(c, out);
    }
    return ok && apply_sign(c, sign, count, offset, out);
}

static int level_of(int token)
{
    switch (token) {
    case T_OR:
        return 1;
    case T_AND:
        return 2;
    case T_EQ:
    case T_NE:
    case T_LE:
    case T_GE:
    case '<':
    case '>':
    case T_IN:
        return 3;
    case '+':
    case '-':
        return 4;
    case '*':
    case '/':
    case '%':
        return 5;
    default:
        return 0;
    }
}

static bool binary(struct tb_expr_compiler *c, int level, struct tb_expr_operand *out);

/* a || b: errors of either side become values until OP_OR weighs both. */
static bool logical(struct tb_expr_compiler *c, int op, uint32_t offset,
                    struct tb_expr_operand *out)
{
    struct tb_expr_emit *e = &c->e;
    struct tb_expr_operand right;
    if (out->type != TB_EXPR_BOOL)
        return tb_expr_fail(c, TB_EXPR_WRONG_TYPE, out->offset, "%s takes bools",
                            op == T_OR ? "||" : "&&");
    tb_expr_emit_handler(e, out->first, e->n_code, e->depth - 1);
    uint32_t skip = e->n_code;
    tb_expr_emit(e, op == T_OR ? OP_OR_ELSE : OP_AND_ELSE, 0, offset);
    uint32_t first = e->n_code;
    if (!binary(c, level_of(op) + 1, &right))
        return false;
    if (right.type != TB_EXPR_BOOL)
        return tb_expr_fail(c, TB_EXPR_WRONG_TYPE, right.offset, "%s takes bools",
                            op == T_OR ? "||" : "&&");
    tb_expr_emit_handler(e, first, e->n_code, e->depth - 1);
    bool ok = tb_expr_check_binary(c, op, offset, out, &right);
    e->code[skip].c = (uint16_t)e->n_code;
    return ok;
}

static bool binary(struct tb_expr_compiler *c, int level, struct tb_expr_operand *out)
{
    if (!unary(c, out))
        return false;
    for (;;) {
        int op = c->x.token.type;
        uint32_t offset = c->x.token.pos;
        int here = level_of(op);
        if (here == 0 || here < level)
            return true;
        if (!tb_expr_advance(c))
            return false;
        if (op == T_OR || op == T_AND) {
            if (!logical(c, op, offset, out))
                return false;
            continue;
        }
        struct tb_expr_operand right;
        if (!binary(c, here + 1, &right) || !tb_expr_check_binary(c, op, offset, out, &right))
            return false;
    }
}

/* cond ? a : b; the current token is the question mark, cond is on the stack. */
static bool conditional(struct tb_expr_compiler *c, struct tb_expr_operand *out)
{
    struct tb_expr_emit *e = &c->e;
    struct tb_expr_operand a;
    struct tb_expr_operand b;
    uint32_t offset = c->x.token.pos;
    if (out->type != TB_EXPR_BOOL)
        return tb_expr_fail(c, TB_EXPR_WRONG_TYPE, out->offset, "a bool must stand before ?");
    uint32_t to_else = e->n_code;
    tb_expr_emit(e, OP_JUMP_FALSE, -1, offset);
    uint64_t before = e->cost;
    e->cost = 0;
    if (!tb_expr_advance(c) || !tb_expr_parse(c, &a))
        return false;
    uint32_t maybe = e->n_code; /* becomes OP_TO_DEC when b is a decimal */
    if (a.type == TB_EXPR_INT)
        tb_expr_emit(e, OP_NOP, 0, a.offset);
    uint32_t to_end = e->n_code;
    tb_expr_emit(e, OP_JUMP, -1, offset);
    uint64_t cost_a = e->cost;
    e->cost = 0;
    e->code[to_else].c = (uint16_t)e->n_code;
    if (!tb_expr_expect(c, ':', "a colon") || !tb_expr_parse(c, &b))
        return false;
    tb_expr_type type;
    bool promote_a;
    bool promote_b;
    if (!tb_expr_join(a.type, b.type, &type, &promote_a, &promote_b))
        return tb_expr_wrong_types(c, "?:", offset, a.type, b.type);
    if (promote_b)
        tb_expr_promote(c, &b, 0);
    if (promote_a)
        e->code[maybe].op = OP_TO_DEC;
    e->code[to_end].c = (uint16_t)e->n_code;
    e->cost = tb_expr_cost_add(before, e->cost > cost_a ? e->cost : cost_a);
    out->type = type;
    out->size = a.size > b.size ? a.size : b.size;
    out->load = out->constant = -1;
    out->const_list = false;
    return true;
}

bool tb_expr_parse(struct tb_expr_compiler *c, struct tb_expr_operand *out)
{
    if (c->depth == TB_EXPR_DEPTH_MAX)
        return tb_expr_fail(c, TB_EXPR_TOO_DEEP, c->x.token.pos,
                            "the expression is nested more than %u deep", TB_EXPR_DEPTH_MAX);
    c->depth++;
    bool ok = binary(c, 1, out) && (c->x.token.type != '?' || conditional(c, out));
    c->depth--;
    if (ok && (c->e.full || c->e.depth_max >= TB_EXPR_STACK_CAP - 4))
        return tb_expr_fail(c, TB_EXPR_PROGRAM_TOO_LARGE, out->offset,
                            "the expression is too large");
    return ok;
}
