// SPDX-License-Identifier: Apache-2.0
/* Which operator takes which types, and what it emits and costs. */
#include "core/expr/compile.h"

#include <stdarg.h>
#include <stdio.h>

bool tb_expr_fail(struct tb_expr_compiler *c, enum tb_expr_code code, uint32_t offset,
                  const char *fmt, ...)
{
    struct tb_expr_problem *p = c->problem;
    p->code = code;
    p->offset = offset;
    tb_expr_locate(c->x.source, offset, &p->line, &p->column);
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(p->text, sizeof p->text, fmt, args);
    va_end(args);
    return false;
}

bool tb_expr_wrong_types(struct tb_expr_compiler *c, const char *op, uint32_t offset,
                         tb_expr_type a, tb_expr_type b)
{
    char text[2][64];
    for (int i = 0; i < 2; i++) {
        struct tb_buf buf;
        tb_buf_init(&buf, text[i], sizeof text[i] - 1);
        tb_expr_print_type(&buf, i ? b : a, c->env);
        text[i][buf.n] = '\0';
    }
    return tb_expr_fail(c, TB_EXPR_WRONG_TYPE, offset, "%s does not take %s and %s", op, text[0],
                        text[1]);
}

struct tb_expr_operand tb_expr_operand_at(const struct tb_expr_compiler *c, tb_expr_type type,
                                          uint32_t offset)
{
    return (struct tb_expr_operand){.type = type,
                                    .size = TB_EXPR_SIZE_DEFAULT,
                                    .offset = offset,
                                    .first = c->e.n_code,
                                    .load = -1,
                                    .constant = -1};
}

void tb_expr_promote(struct tb_expr_compiler *c, struct tb_expr_operand *o, uint32_t under)
{
    tb_assert(o->type == TB_EXPR_INT);
    o->type = TB_EXPR_DECIMAL;
    if (o->constant >= 0) {
        int64_t v = c->e.constant[o->constant].i;
        o->constant = tb_expr_emit_number(&c->e, TB_EXPR_DECIMAL, 0, v);
        c->e.code[o->first].b = (uint16_t)o->constant;
        return;
    }
    o->load = -1;
    tb_expr_emit(&c->e, OP_TO_DEC, 0, o->offset)->b = (uint16_t)under;
}

bool tb_expr_join(tb_expr_type a, tb_expr_type b, tb_expr_type *out, bool *promote_a,
                  bool *promote_b)
{
    *promote_a = a == TB_EXPR_INT && b == TB_EXPR_DECIMAL;
    *promote_b = a == TB_EXPR_DECIMAL && b == TB_EXPR_INT;
    if (*promote_a || *promote_b) {
        *out = TB_EXPR_DECIMAL;
        return true;
    }
    return tb_expr_unify(a, b, out);
}

static const char *op_text(int op)
{
    static const struct {
        int op;
        const char *text;
    } row[] = {{T_EQ, "=="}, {T_NE, "!="}, {T_LE, "<="}, {T_GE, ">="}, {'<', "<"}, {'>', ">"},
               {'+', "+"},   {'-', "-"},   {'*', "*"},   {'/', "/"},   {'%', "%"}, {T_IN, "in"},
               {T_OR, "||"}, {T_AND, "&&"}};
    for (size_t i = 0; i < TB_COUNT_OF(row); i++)
        if (row[i].op == op)
            return row[i].text;
    return "?";
}

/* Promotes so that both are int or both decimal; false: they are not both numbers. */
static bool both_numbers(struct tb_expr_compiler *c, struct tb_expr_operand *left,
                         struct tb_expr_operand *right)
{
    bool ok = (left->type == TB_EXPR_INT || left->type == TB_EXPR_DECIMAL) &&
              (right->type == TB_EXPR_INT || right->type == TB_EXPR_DECIMAL);
    if (ok && left->type != right->type) {
        if (left->type == TB_EXPR_INT)
            tb_expr_promote(c, left, 1);
        else
            tb_expr_promote(c, right, 0);
    }
    return ok;
}

/* Emits the operator; left becomes its result. */
static struct tb_expr_insn *result(struct tb_expr_compiler *c, enum tb_expr_op op,
                                   uint32_t offset, struct tb_expr_operand *left,
                                   tb_expr_type type)
{
    left->type = type;
    left->load = -1;
    left->constant = -1;
    left->const_list = false;
    struct tb_expr_insn *in = tb_expr_emit(&c->e, op, -1, offset);
    in->kind = (uint8_t)tb_expr_kind_of(type);
    return in;
}

static enum tb_expr_op arith_op(int op, bool decimal)
{
    switch (op) {
    case '+':
        return decimal ? OP_ADD_DEC : OP_ADD_INT;
    case '-':
        return decimal ? OP_SUB_DEC : OP_SUB_INT;
    case '*':
        return decimal ? OP_MUL_DEC : OP_MUL_INT;
    case '/':
        return decimal ? OP_DIV_DEC : OP_DIV_INT;
    default:
        return OP_MOD_INT;
    }
}

/* timestamp and duration under + and -; ANY: CEL has no such operator. */
static tb_expr_type time_result(int op, tb_expr_type a, tb_expr_type b)
{
    bool at = a == TB_EXPR_TIMESTAMP;
    bool bt = b == TB_EXPR_TIMESTAMP;
    if ((!at && a != TB_EXPR_DURATION) || (!bt && b != TB_EXPR_DURATION))
        return TB_EXPR_ANY;
    if (op == '+')
        return at && bt ? TB_EXPR_ANY : at || bt ? TB_EXPR_TIMESTAMP : TB_EXPR_DURATION;
    if (op == '-')
        return at == bt ? TB_EXPR_DURATION : at ? TB_EXPR_TIMESTAMP : TB_EXPR_ANY;
    return TB_EXPR_ANY;
}

static uint32_t sum_of_sizes(const struct tb_expr_operand *a, const struct tb_expr_operand *b)
{
    uint32_t n = a->size + b->size;
    return n < TB_EXPR_SIZE_MAX ? n : TB_EXPR_SIZE_MAX;
}

static bool check_arith(struct tb_expr_compiler *c, int op, uint32_t offset,
                        struct tb_expr_operand *left, struct tb_expr_operand *right)
{
    tb_expr_type time = time_result(op, left->type, right->type);
    tb_expr_type joined;
    if (op != '%' || (left->type == TB_EXPR_INT && right->type == TB_EXPR_INT)) {
        if (both_numbers(c, left, right)) {
            result(c, arith_op(op, left->type == TB_EXPR_DECIMAL), offset, left, left->type);
            return true;
        }
    }
    if (time != TB_EXPR_ANY) {
        result(c, op == '+' ? OP_ADD_TIME : OP_SUB_TIME, offset, left, time);
        return true;
    }
    if (op == '+' && left->type == TB_EXPR_STRING && right->type == TB_EXPR_STRING) {
        /* a sum past 65535 fails at run, but only after it was counted in full */
        tb_expr_emit_cost(&c->e, TB_EXPR_BYTES_COST((uint64_t)left->size + right->size));
        left->size = sum_of_sizes(left, right);
        result(c, OP_ADD_STR, offset, left, TB_EXPR_STRING);
        return true;
    }
    if (op == '+' && tb_expr_kind_of(left->type) == TB_EXPR_LIST &&
        tb_expr_unify(left->type, right->type, &joined)) {
        tb_expr_emit_cost(&c->e, (uint64_t)left->size + right->size);
        left->size = sum_of_sizes(left, right);
        result(c, OP_ADD_LIST, offset, left, joined);
        return true;
    }
    return tb_expr_wrong_types(c, op_text(op), offset, left->type, right->type);
}

static enum tb_expr_cmp cmp_of(int op)
{
    switch (op) {
    case T_EQ:
        return CMP_EQ;
    case T_NE:
        return CMP_NE;
    case '<':
        return CMP_LT;
    case T_LE:
        return CMP_LE;
    case '>':
        return CMP_GT;
    default:
        return CMP_GE;
    }
}

/* r.f == null: an absent r.f is null here. */
static void bear_absence(struct tb_expr_compiler *c, const struct tb_expr_operand *o)
{
    if (o->load >= 0 && c->e.code[o->load].op != OP_MAP_FIELD)
        c->e.code[o->load].mode = MODE_OR_NULL;
}

static bool check_equality(struct tb_expr_compiler *c, int op, uint32_t offset,
                           struct tb_expr_operand *left, struct tb_expr_operand *right)
{
    tb_expr_type joined = TB_EXPR_NULL;
    bool null = left->type == TB_EXPR_NULL || right->type == TB_EXPR_NULL;
    if (null) {
        bear_absence(c, left->type == TB_EXPR_NULL ? right : left);
    } else if (!tb_expr_unify(left->type, right->type, &joined)) {
        return tb_expr_wrong_types(c, op_text(op), offset, left->type, right->type);
    }
    uint64_t size = left->size < right->size ? left->size : right->size;
    tb_expr_emit_cost(&c->e, tb_expr_equal_cost(joined, size));
    result(c, OP_EQ_ANY, offset, left, TB_EXPR_BOOL)->mode = (uint8_t)cmp_of(op);
    return true;
}

static bool check_compare(struct tb_expr_compiler *c, int op, uint32_t offset,
                          struct tb_expr_operand *left, struct tb_expr_operand *right)
{
    enum tb_expr_op emit = OP_CMP_I64;
    bool equality = op == T_EQ || op == T_NE;
    if (both_numbers(c, left, right)) {
        emit = left->type == TB_EXPR_DECIMAL ? OP_CMP_DEC : OP_CMP_I64;
    } else if (left->type == right->type &&
               (left->type == TB_EXPR_BOOL || left->type == TB_EXPR_TIMESTAMP ||
                left->type == TB_EXPR_DURATION)) {
        emit = OP_CMP_I64;
    } else if (equality) {
        return check_equality(c, op, offset, left, right);
    } else if (left->type == TB_EXPR_STRING && right->type == TB_EXPR_STRING) {
        emit = OP_CMP_STR;
        uint32_t shorter = left->size < right->size ? left->size : right->size;
        tb_expr_emit_cost(&c->e, TB_EXPR_BYTES_COST(shorter));
    } else {
        return tb_expr_wrong_types(c, op_text(op), offset, left->type, right->type);
    }
    result(c, emit, offset, left, TB_EXPR_BOOL)->mode = (uint8_t)cmp_of(op);
    return true;
}

/* x in ["a", "b"]: turns the code of the list, LIST_NEW (CONST LIST_PUT)*, into one
 * instruction with its constants behind it, so that no list is built.              */
static void inline_constants(struct tb_expr_compiler *c, uint32_t offset,
                             const struct tb_expr_operand *list)
{
    struct tb_expr_emit *e = &c->e;
    uint32_t at = list->first;
    uint32_t n = e->code[at].b;
    tb_assert(e->code[at].op == OP_LIST_NEW && e->n_code == at + 1 + 2 * n);
    e->code[at] = (struct tb_expr_insn){.op = OP_IN_CONSTS, .b = (uint16_t)n};
    e->place[at].offset = (uint16_t)offset;
    for (uint32_t i = 0; i < n; i++)
        e->code[at + 1 + i] = e->code[at + 1 + 2 * i];
    e->n_code = at + 1 + n;
    e->depth--;
}

static bool check_in(struct tb_expr_compiler *c, uint32_t offset, struct tb_expr_operand *left,
                     struct tb_expr_operand *right)
{
    enum tb_expr_kind kind = tb_expr_kind_of(right->type);
    tb_expr_type joined;
    bool pa;
    bool pb;
    if (kind == TB_EXPR_MAP && left->type == TB_EXPR_STRING) {
        tb_expr_emit_cost(&c->e, TB_EXPR_KEYS_COST(right->size));
        result(c, OP_IN_MAP, offset, left, TB_EXPR_BOOL);
        return true;
    }
    if (kind != TB_EXPR_LIST ||
        !tb_expr_join(left->type, tb_expr_inner(right->type), &joined, &pa, &pb))
        return tb_expr_wrong_types(c, "in", offset, left->type, right->type);
    uint64_t each = tb_expr_equal_cost(joined, left->size);
    tb_expr_emit_cost(&c->e, tb_expr_cost_mul(right->size, each));
    if (right->const_list && !c->e.full) {
        inline_constants(c, offset, right);
        left->type = TB_EXPR_BOOL;
        left->load = left->constant = -1;
    } else {
        result(c, OP_IN_LIST, offset, left, TB_EXPR_BOOL);
    }
    return true;
}

bool tb_expr_check_binary(struct tb_expr_compiler *c, int op, uint32_t offset,
                          struct tb_expr_operand *left, struct tb_expr_operand *right)
{
    switch (op) {
    case T_OR:
    case T_AND:
        if (left->type != TB_EXPR_BOOL || right->type != TB_EXPR_BOOL)
            return tb_expr_wrong_types(c, op_text(op), offset, left->type, right->type);
        result(c, op == T_OR ? OP_OR : OP_AND, offset, left, TB_EXPR_BOOL);
        return true;
    case T_IN:
        return check_in(c, offset, left, right);
    case '+':
    case '-':
    case '*':
    case '/':
    case '%':
        return check_arith(c, op, offset, left, right);
    default:
        return check_compare(c, op, offset, left, right);
    }
}
