// SPDX-License-Identifier: Apache-2.0
/* The stack machine. Invariant: the compiler proved the types and the depth of the
 * stack at every instruction, so the machine checks only what comes from resolve and
 * what arithmetic yields. Errors are values only where code.h says so.              */
#include "core/expr/vm.h"

#include <string.h>

/* ---- what resolve and lists supply ---- */

/* A value that came from outside: its kind is the caller's promise, its size not. */
static enum tb_expr_code accept(const struct tb_expr_value *v, uint8_t kind, uint32_t size_max)
{
    tb_assert(v->kind == kind);
    switch ((int)kind) {
    case TB_EXPR_STRING:
    case TB_EXPR_LIST:
    case TB_EXPR_MAP:
        return v->n <= size_max ? TB_EXPR_OK : TB_EXPR_TOO_LARGE;
    case TB_EXPR_DECIMAL:
        tb_assert(v->scale <= TB_EXPR_SCALE_MAX);
        return TB_EXPR_OK;
    case TB_EXPR_TIMESTAMP:
    case TB_EXPR_DURATION:
        return tb_expr_time_fits(kind, v->as.i) ? TB_EXPR_OK : TB_EXPR_OVERFLOW;
    default:
        return TB_EXPR_OK;
    }
}

/* Kind ANY: elements of an empty list's type are never taken. */
static inline enum tb_expr_code accept_element(const struct tb_expr_value *v, uint8_t kind)
{
    return accept(v, kind, TB_EXPR_SIZE_DEFAULT);
}

static const struct tb_expr_value null_value = {.kind = TB_EXPR_NULL};

/* What a load leaves on the stack when there is a value, or none. */
static enum tb_expr_code loaded(const struct tb_expr_insn *in, bool there,
                                enum tb_expr_code missing, uint32_t size_max,
                                struct tb_expr_value *v)
{
    if (in->mode == MODE_HAS) {
        *v = tb_expr_of_bool(there);
        return TB_EXPR_OK;
    }
    if (TB_LIKELY(there))
        return accept(v, in->kind, size_max);
    if (in->mode != MODE_OR_NULL)
        return missing;
    *v = null_value;
    return TB_EXPR_OK;
}

static inline enum tb_expr_code call(struct tb_expr_vm *vm, const struct tb_expr_insn *in,
                                     struct tb_expr_value *args, uint32_t argc)
{
    struct tb_expr_value v = {0};
    bool there = vm->run->resolve(vm->run->user, in->b, args, argc, &v);
    enum tb_expr_code code = loaded(in, there, TB_EXPR_ABSENT, in->c, &v);
    args[0] = v;
    return code;
}

static enum tb_expr_code key_of_map(struct tb_expr_vm *vm, const struct tb_expr_insn *in,
                                    struct tb_expr_value *map, struct tb_str key)
{
    vm->steps += TB_EXPR_KEYS_COST(map->n);
    const struct tb_expr_value *hit = tb_expr_lookup(map, key);
    struct tb_expr_value v = hit ? *hit : null_value;
    enum tb_expr_code code = loaded(in, hit != NULL, TB_EXPR_NO_SUCH_KEY, TB_EXPR_SIZE_DEFAULT, &v);
    *map = v;
    return code;
}

static enum tb_expr_code index_list(const struct tb_expr_insn *in, struct tb_expr_value *list,
                                    int64_t i)
{
    if (i < 0 || i >= list->n)
        return TB_EXPR_INDEX;
    *list = tb_expr_element(list, (uint32_t)i);
    return accept_element(list, in->kind);
}

/* ---- arithmetic ---- */

static inline enum tb_expr_code arith_int(uint8_t op, struct tb_expr_value *a, int64_t y)
{
    int64_t x = a->as.i;
    bool ok = true;
    switch (op) {
    case OP_ADD_INT:
        ok = tb_add(x, y, &a->as.i);
        break;
    case OP_SUB_INT:
        ok = tb_sub(x, y, &a->as.i);
        break;
    case OP_MUL_INT:
        ok = tb_mul(x, y, &a->as.i);
        break;
    default: /* / and % */
        if (y == 0)
            return TB_EXPR_DIVISION_BY_ZERO;
        if (x == INT64_MIN && y == -1)
            return TB_EXPR_OVERFLOW;
        a->as.i = op == OP_DIV_INT ? x / y : x % y;
    }
    return TB_LIKELY(ok) ? TB_EXPR_OK : TB_EXPR_OVERFLOW;
}

static enum tb_expr_code arith_dec(uint8_t op, struct tb_expr_value *a,
                                   const struct tb_expr_value *b)
{
    struct tb_expr_decimal x = tb_expr_decimal_from(a);
    struct tb_expr_decimal y = tb_expr_decimal_from(b);
    bool ok;
    if (op == OP_ADD_DEC)
        ok = tb_expr_decimal_add(x, y, &x);
    else if (op == OP_SUB_DEC)
        ok = tb_expr_decimal_sub(x, y, &x);
    else if (op == OP_MUL_DEC)
        ok = tb_expr_decimal_mul(x, y, &x);
    else if (y.mantissa == 0)
        return TB_EXPR_DIVISION_BY_ZERO;
    else
        ok = tb_expr_decimal_div(x, y, &x);
    *a = tb_expr_of_decimal(x.mantissa, x.scale);
    return ok ? TB_EXPR_OK : TB_EXPR_OVERFLOW;
}

static enum tb_expr_code arith_time(const struct tb_expr_insn *in, struct tb_expr_value *a,
                                    const struct tb_expr_value *b)
{
    int64_t v;
    bool ok = in->op == OP_ADD_TIME ? tb_add(a->as.i, b->as.i, &v) : tb_sub(a->as.i, b->as.i, &v);
    if (!ok || !tb_expr_time_fits(in->kind, v))
        return TB_EXPR_OVERFLOW;
    *a = (struct tb_expr_value){.kind = in->kind, .as.i = v};
    return TB_EXPR_OK;
}

static enum tb_expr_code join_strings(struct tb_expr_vm *vm, struct tb_expr_value *a,
                                      const struct tb_expr_value *b)
{
    uint64_t n = (uint64_t)a->n + b->n;
    vm->steps += TB_EXPR_BYTES_COST(n);
    if (n > TB_EXPR_SIZE_MAX)
        return TB_EXPR_TOO_LARGE;
    char *out = tb_expr_take(vm, n);
    if (out == NULL)
        return TB_EXPR_MEMORY;
    if (a->n)
        memcpy(out, a->as.s, a->n);
    if (b->n)
        memcpy(out + a->n, b->as.s, b->n);
    *a = tb_expr_of_str((struct tb_str){out, (uint32_t)n});
    return TB_EXPR_OK;
}

static enum tb_expr_code join_lists(struct tb_expr_vm *vm, struct tb_expr_value *a,
                                    const struct tb_expr_value *b)
{
    uint64_t n = (uint64_t)a->n + b->n;
    vm->steps += n;
    if (n > TB_EXPR_SIZE_MAX)
        return TB_EXPR_TOO_LARGE;
    struct tb_expr_value *out = tb_expr_take(vm, n * sizeof *out);
    if (out == NULL)
        return TB_EXPR_MEMORY;
    for (uint32_t i = 0; i < n; i++)
        out[i] = i < a->n ? tb_expr_element(a, i) : tb_expr_element(b, i - a->n);
    *a = (struct tb_expr_value){.kind = TB_EXPR_LIST, .n = (uint32_t)n, .as.list = out};
    return TB_EXPR_OK;
}

static inline bool holds(uint8_t mode, int64_t x, int64_t y)
{
    switch (mode) {
    case CMP_EQ:
        return x == y;
    case CMP_NE:
        return x != y;
    case CMP_LT:
        return x < y;
    case CMP_LE:
        return x <= y;
    case CMP_GT:
        return x > y;
    default:
        return x >= y;
    }
}

/* Bools share their byte with the low byte of as.i but not the rest of it. */
static inline int64_t scalar(const struct tb_expr_value *v)
{
    return v->kind == TB_EXPR_BOOL ? v->as.b : v->as.i;
}

static enum tb_expr_code in_list(struct tb_expr_vm *vm, struct tb_expr_value *a,
                                 const struct tb_expr_value *list)
{
    bool found = false;
    for (uint32_t i = 0; i < list->n && !found && vm->steps <= vm->limit; i++) {
        struct tb_expr_value e = tb_expr_element(list, i);
        found = tb_expr_equal(a, &e, &vm->steps, vm->limit);
    }
    *a = tb_expr_of_bool(found);
    return vm->steps <= vm->limit ? TB_EXPR_OK : TB_EXPR_STEPS;
}

static enum tb_expr_code equal_any(struct tb_expr_vm *vm, uint8_t mode, struct tb_expr_value *a,
                                   const struct tb_expr_value *b)
{
    bool same = tb_expr_equal(a, b, &vm->steps, vm->limit);
    *a = tb_expr_of_bool(same == (mode == CMP_EQ));
    return vm->steps <= vm->limit ? TB_EXPR_OK : TB_EXPR_STEPS;
}

static enum tb_expr_code builtin(struct tb_expr_vm *vm, const struct tb_expr_insn *in,
                                 struct tb_expr_value *arg)
{
    const struct tb_expr_builtin *row = tb_expr_builtin_at(in->b);
    if (row->scans) {
        for (uint32_t i = 0; i < in->argc; i++) {
            if (arg[i].kind == TB_EXPR_STRING)
                vm->steps += TB_EXPR_BYTES_COST(arg[i].n);
            else if (arg[i].kind == TB_EXPR_LIST)
                vm->steps += arg[i].n;
        }
    }
    return row->fn(vm, arg, in->argc, row->which);
}

/* ---- building lists and maps ---- */

static enum tb_expr_code new_list(struct tb_expr_vm *vm, uint32_t room, struct tb_expr_value *out)
{
    *out = (struct tb_expr_value){.kind = TB_EXPR_LIST};
    out->as.build = tb_expr_take(vm, room * sizeof(struct tb_expr_value));
    return out->as.build ? TB_EXPR_OK : TB_EXPR_MEMORY;
}

static void put_element(struct tb_expr_value *list, const struct tb_expr_value *v)
{
    ((struct tb_expr_value *)list->as.build)[list->n++] = *v;
}

static enum tb_expr_code new_map(struct tb_expr_vm *vm, uint32_t room, struct tb_expr_value *out)
{
    *out = (struct tb_expr_value){.kind = TB_EXPR_MAP};
    out->as.build = tb_expr_take(vm, room * sizeof(struct tb_expr_entry));
    return out->as.build ? TB_EXPR_OK : TB_EXPR_MEMORY;
}

static enum tb_expr_code put_entry(struct tb_expr_vm *vm, struct tb_expr_value *map)
{
    struct tb_str key = tb_expr_str(map + 1);
    vm->steps += TB_EXPR_KEYS_COST(map->n);
    if (tb_expr_lookup(map, key))
        return TB_EXPR_DUPLICATE_KEY;
    ((struct tb_expr_entry *)map->as.build)[map->n++] = (struct tb_expr_entry){key, map[2]};
    return TB_EXPR_OK;
}

/* ---- macros: r[0] range, r[1] index, r[2] what was gathered, r[3] element ---- */

static struct tb_expr_value loop_element(const struct tb_expr_value *r, uint32_t i)
{
    if (r->kind == TB_EXPR_LIST)
        return tb_expr_element(r, i);
    tb_assert(r->kind == TB_EXPR_MAP);
    return tb_expr_of_str(r->as.map[i].key);
}

static enum tb_expr_code loop_begin(struct tb_expr_vm *vm, const struct tb_expr_insn *in,
                                    struct tb_expr_value *r)
{
    r[1] = tb_expr_of_int(0);
    if (in->mode == MACRO_FILTER || in->mode == MACRO_MAP) {
        enum tb_expr_code code = new_list(vm, r->n, &r[2]);
        if (code != TB_EXPR_OK)
            return code;
    } else if (in->mode == MACRO_EXISTS_ONE) {
        r[2] = tb_expr_of_int(0);
    } else {
        r[2] = tb_expr_of_bool(in->mode == MACRO_ALL);
    }
    if (r->n == 0)
        return TB_EXPR_OK;
    r[3] = loop_element(r, 0);
    return accept_element(&r[3], in->kind);
}

/* Takes the body's value v. True: the loop is decided and r[2] is its result. */
static bool loop_take(uint8_t macro, struct tb_expr_value *r, const struct tb_expr_value *v)
{
    switch (macro) {
    case MACRO_ALL:
    case MACRO_EXISTS:
        if (v->kind == TB_EXPR_ERROR) {
            if (r[2].kind != TB_EXPR_ERROR)
                r[2] = *v;
        } else if (v->as.b == (macro == MACRO_EXISTS)) {
            r[2] = *v;
            return true;
        }
        return false;
    case MACRO_EXISTS_ONE:
        r[2].as.i += v->as.b;
        return false;
    case MACRO_FILTER:
        if (v->as.b)
            put_element(&r[2], &r[3]);
        return false;
    default:
        put_element(&r[2], v);
        return false;
    }
}

static inline void loop_result(uint8_t macro, struct tb_expr_value *r)
{
    r[0] = macro == MACRO_EXISTS_ONE ? tb_expr_of_bool(r[2].as.i == 1) : r[2];
}

/* ---- the machine ---- */

static struct tb_expr_value load_const(const struct tb_expr_program *p, uint16_t i)
{
    const struct tb_expr_const *k = &p->constant[i];
    struct tb_expr_value v = {.kind = k->kind, .scale = k->scale, .n = k->n};
    if (k->kind == TB_EXPR_STRING)
        v.as.s = tb_expr_text_of(p) + k->i;
    else if (k->kind == TB_EXPR_BOOL)
        v.as.b = k->i != 0;
    else
        v.as.i = k->i;
    return v;
}

static enum tb_expr_code in_consts(struct tb_expr_vm *vm, const struct tb_expr_program *p,
                                   const struct tb_expr_insn *in, struct tb_expr_value *a)
{
    bool found = false;
    for (uint32_t i = 1; i <= in->b && !found; i++) {
        struct tb_expr_value e = load_const(p, in[i].b);
        found = tb_expr_equal(a, &e, &vm->steps, vm->limit);
    }
    *a = tb_expr_of_bool(found);
    return vm->steps <= vm->limit ? TB_EXPR_OK : TB_EXPR_STEPS;
}

static inline void to_decimal(struct tb_expr_value *v)
{
    v->kind = TB_EXPR_DECIMAL;
    v->scale = 0;
}

/* The instructions that make values. Answers the new top; *failed says what went wrong. */
static inline struct tb_expr_value *make(struct tb_expr_vm *vm, const struct tb_expr_program *p,
                                         const struct tb_expr_insn *in,
                                         const struct tb_expr_value *stack,
                                         struct tb_expr_value *sp, enum tb_expr_code *failed)
{
    struct tb_expr_value key;
    switch (in->op) {
    case OP_CONST:
        *sp++ = load_const(p, in->b);
        break;
    case OP_LOCAL:
        *sp++ = stack[in->b];
        break;
    case OP_LOAD:
        *failed = call(vm, in, sp++, 0);
        break;
    case OP_FIELD:
        *failed = call(vm, in, sp - 1, 1);
        break;
    case OP_CALL:
        sp = sp - in->argc + 1;
        *failed = call(vm, in, sp - 1, in->argc);
        break;
    case OP_CHARGE:
        vm->steps += in->b;
        *failed = vm->steps > vm->limit ? TB_EXPR_STEPS : TB_EXPR_OK;
        break;
    case OP_MAP_FIELD:
        key = load_const(p, in->b);
        *failed = key_of_map(vm, in, sp - 1, tb_expr_str(&key));
        break;
    case OP_INDEX_MAP:
        sp--;
        *failed = key_of_map(vm, in, sp - 1, tb_expr_str(sp));
        break;
    case OP_INDEX_LIST:
        sp--;
        *failed = index_list(in, sp - 1, sp->as.i);
        break;
    case OP_LIST_NEW:
        *failed = new_list(vm, in->b, sp++);
        break;
    case OP_LIST_PUT:
        sp--;
        if (in->mode)
            to_decimal(sp);
        put_element(sp - 1, sp);
        break;
    case OP_MAP_NEW:
        *failed = new_map(vm, in->b, sp++);
        break;
    case OP_MAP_PUT:
        sp -= 2;
        if (in->mode)
            to_decimal(sp + 1);
        *failed = put_entry(vm, sp - 1);
        break;
    default:
        tb_assert(in->op == OP_BUILTIN);
        sp = sp - in->argc + 1;
        *failed = builtin(vm, in, sp - 1);
    }
    return sp;
}

/* The operators of one operand. */
static inline enum tb_expr_code operate_one(const struct tb_expr_insn *in,
                                            struct tb_expr_value *top)
{
    if (in->op == OP_NOT)
        top->as.b = !top->as.b;
    else if (in->op == OP_NEG)
        return tb_sub(0, top->as.i, &top->as.i) ? TB_EXPR_OK : TB_EXPR_OVERFLOW;
    else if (in->op == OP_TO_DEC)
        to_decimal(top - in->b);
    else
        tb_assert(in->op == OP_NOP);
    return TB_EXPR_OK;
}

/* The operators of two operands, a and a + 1; the result goes to a. */
static inline enum tb_expr_code operate(struct tb_expr_vm *vm, const struct tb_expr_insn *in,
                                        struct tb_expr_value *a)
{
    const struct tb_expr_value *b = a + 1;
    switch (in->op) {
    case OP_ADD_INT:
    case OP_SUB_INT:
    case OP_MUL_INT:
    case OP_DIV_INT:
    case OP_MOD_INT:
        return arith_int(in->op, a, b->as.i);
    case OP_ADD_DEC:
    case OP_SUB_DEC:
    case OP_MUL_DEC:
    case OP_DIV_DEC:
        return arith_dec(in->op, a, b);
    case OP_ADD_TIME:
    case OP_SUB_TIME:
        return arith_time(in, a, b);
    case OP_ADD_STR:
        return join_strings(vm, a, b);
    case OP_ADD_LIST:
        return join_lists(vm, a, b);
    case OP_CMP_I64:
        *a = tb_expr_of_bool(holds(in->mode, scalar(a), scalar(b)));
        return TB_EXPR_OK;
    case OP_CMP_STR:
        vm->steps += TB_EXPR_BYTES_COST(a->n < b->n ? a->n : b->n);
        __attribute__((fallthrough));
    case OP_CMP_DEC:
        *a = tb_expr_of_bool(holds(in->mode, tb_expr_compare(a, b), 0));
        return TB_EXPR_OK;
    case OP_EQ_ANY:
        return equal_any(vm, in->mode, a, b);
    case OP_IN_LIST:
        return in_list(vm, a, b);
    default:
        tb_assert(in->op == OP_IN_MAP);
        vm->steps += TB_EXPR_KEYS_COST(b->n);
        *a = tb_expr_of_bool(tb_expr_lookup(b, tb_expr_str(a)) != NULL);
        return TB_EXPR_OK;
    }
}

static inline bool is(const struct tb_expr_value *v, bool truth)
{
    return v->kind == TB_EXPR_BOOL && v->as.b == truth;
}

/* a || b, a && b with both there: the left one is an error or leaves it to the right. */
static inline void weigh(uint8_t op, struct tb_expr_value *a)
{
    if (a[0].kind != TB_EXPR_ERROR || is(&a[1], op == OP_OR))
        a[0] = a[1];
}

/* The instructions that decide where to go on (*next). An error that is already a
 * value is left on top with *failed = ERROR_ON_TOP.                                  */
#define ERROR_ON_TOP TB_EXPR_CODE_COUNT
static inline struct tb_expr_value *control(struct tb_expr_vm *vm, const struct tb_expr_program *p,
                                            const struct tb_expr_insn *in,
                                            struct tb_expr_value *sp, uint32_t *next,
                                            enum tb_expr_code *failed)
{
    switch (in->op) {
    case OP_IN_CONSTS:
        *failed = in_consts(vm, p, in, sp - 1);
        *next += in->b;
        return sp;
    case OP_OR_ELSE:
    case OP_AND_ELSE:
        if (is(sp - 1, in->op == OP_OR_ELSE))
            *next = in->c;
        return sp;
    case OP_OR:
    case OP_AND:
        weigh(in->op, --sp - 1);
        break;
    case OP_JUMP:
        *next = in->c;
        return sp;
    case OP_JUMP_FALSE:
    case OP_LOOP_SKIP:
        if (!(--sp)->as.b)
            *next = in->c;
        return sp;
    case OP_LOOP_BEGIN:
        *failed = loop_begin(vm, in, sp - 1);
        if (sp[-1].n > 0 || *failed != TB_EXPR_OK)
            return sp + 3;
        loop_result(in->mode, sp - 1);
        *next = in->c;
        return sp;
    case OP_LOOP_TAKE:
        if (!loop_take(in->mode, sp - 5, sp - 1))
            return sp - 1;
        sp -= 4;
        sp[-1] = sp[1];
        *next = in->c;
        return sp;
    default:
        tb_assert(in->op == OP_LOOP_STEP);
        *failed = vm->steps > vm->limit ? TB_EXPR_STEPS : TB_EXPR_OK;
        if (*failed != TB_EXPR_OK)
            return sp;
        if ((uint32_t)++sp[-3].as.i < sp[-4].n) {
            sp[-1] = loop_element(sp - 4, (uint32_t)sp[-3].as.i);
            *failed = accept_element(sp - 1, in->kind);
            *next = in->c;
            return sp;
        }
        sp -= 3;
        loop_result(in->mode, sp - 1);
    }
    if (sp[-1].kind == TB_EXPR_ERROR)
        *failed = ERROR_ON_TOP;
    return sp;
}

/* sp points past the top of the stack. False: *out is the error. */
static bool machine(const struct tb_expr_program *p, struct tb_expr_vm *vm,
                    struct tb_expr_value *out)
{
    const struct tb_expr_insn *code = tb_expr_code_of(p);
    const struct tb_expr_place *place = tb_expr_places_of(p);
    struct tb_expr_value stack[TB_EXPR_STACK_CAP];
    struct tb_expr_value *sp = stack;
    uint32_t next = 0;

    for (;;) {
        uint32_t at = next++;
        const struct tb_expr_insn *in = &code[at];
        enum tb_expr_code failed = TB_EXPR_OK;
        vm->steps++;
        if (in->op <= OP_LAST_LOAD) {
            sp = make(vm, p, in, stack, sp, &failed);
        } else if (in->op <= OP_NOP) {
            failed = operate_one(in, sp - 1);
        } else if (in->op <= OP_LAST_OPERATOR) {
            failed = operate(vm, in, --sp - 1);
        } else if (in->op == OP_END) {
            *out = sp[-1];
            return true;
        } else {
            sp = control(vm, p, in, sp, &next, &failed);
        }
        if (TB_LIKELY(failed == TB_EXPR_OK))
            continue;
        struct tb_expr_value error = {
            .kind = TB_EXPR_ERROR, .n = failed, .as.i = place[at].offset};
        if (failed == ERROR_ON_TOP)
            error = sp[-1];
        /* nothing absorbs the end of memory or of steps: the answer would depend on them */
        if (place[at].handler == TB_EXPR_NO_HANDLER || error.n == TB_EXPR_MEMORY ||
            error.n == TB_EXPR_STEPS) {
            *out = error;
            return false;
        }
        const struct tb_expr_handler *h = &tb_expr_handlers_of(p)[place[at].handler];
        sp = stack + h->depth;
        *sp++ = error;
        next = h->target;
    }
}

bool tb_expr_eval(const struct tb_expr_program *p, struct tb_expr_run *run,
                  struct tb_expr_value *out)
{
    tb_assert(p->format == TB_EXPR_FORMAT && p->n_code > 0);
    uint64_t limit = run->step_max && run->step_max < p->cost ? run->step_max : p->cost;
    struct tb_expr_vm vm = {.run = run, .limit = limit};
    struct tb_expr_value v;
    bool ok = machine(p, &vm, &v);
    run->steps = vm.steps;
    if (ok && vm.steps > vm.limit) {
        ok = false;
        v = (struct tb_expr_value){.n = TB_EXPR_STEPS};
    }
    run->error = ok ? TB_EXPR_OK : (enum tb_expr_code)v.n;
    run->error_offset = ok ? 0 : (uint32_t)v.as.i;
    if (ok)
        *out = v;
    return ok;
}
