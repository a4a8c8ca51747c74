// SPDX-License-Identifier: Apache-2.0
/* Random expressions: written as text, compiled and run by the engine, and judged by a
 * plain evaluator that walks a tree, keeps every number in millionths as a 128-bit
 * integer and carries errors as values. Two different structures, one language.
 *
 * usage: test_expr_random [SEED [COUNT]]; a difference prints the seed that repeats it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "test_expr_env.h"

#define MICRO 1000000
#define NODES 400

enum what { W_BOOL, W_INT, W_DECIMAL, W_STRING, W_LIST }; /* W_LIST: of int */

enum node_kind {
    N_LITERAL,
    N_NET,     /* order.net */
    N_RATE,    /* order.rate */
    N_GONE,    /* member.gone: never there */
    N_TIER,
    N_SCORES,
    N_LOCAL,
    N_OR,
    N_AND,
    N_NOT,
    N_COND,
    N_COMPARE, /* op: 0 == 1 != 2 < 3 <= 4 > 5 >= */
    N_ARITH,   /* op: + - * / % */
    N_NEG,
    N_JOIN,    /* string + string */
    N_SIZE,
    N_LIST_LITERAL,
    N_IN,
    N_INDEX,
    N_MACRO, /* op: all exists exists_one filter map */
    N_HAS,
    N_IS_NULL,
};

struct node {
    enum node_kind kind;
    enum what what;
    int op;
    int child[3];
    int64_t number; /* literal: in its own unit; local: its number */
    char text[4];
};

struct tree {
    struct node node[NODES];
    int n;
    uint64_t random;
    int locals;
};

/* ---- making ---- */

static uint64_t next_random(struct tree *t)
{
    t->random ^= t->random << 13;
    t->random ^= t->random >> 7;
    t->random ^= t->random << 17;
    return t->random;
}

static int pick(struct tree *t, int n)
{
    return (int)(next_random(t) % (uint64_t)n);
}

static int make(struct tree *t, enum what what, int depth);

static int add(struct tree *t, enum node_kind kind, enum what what, int op)
{
    tb_assert(t->n < NODES);
    t->node[t->n] = (struct node){.kind = kind, .what = what, .op = op, .child = {-1, -1, -1}};
    return t->n++;
}

static int make_with(struct tree *t, enum node_kind kind, enum what what, int op, int depth,
                     int count, const enum what *child)
{
    int at = add(t, kind, what, op);
    for (int i = 0; i < count; i++)
        t->node[at].child[i] = make(t, child[i], depth - 1);
    return at;
}

#define MAKE(kind, type, op, ...)                                                              \
    make_with(t, kind, type, op, depth,                                                        \
              (int)TB_COUNT_OF(((const enum what[]){__VA_ARGS__})),                            \
              (const enum what[]){__VA_ARGS__})

static int make_literal(struct tree *t, enum what what)
{
    static const int64_t edge[] = {0,  1,         2,         3,        -1,           -2, 7,
                                   10, INT64_MAX, INT64_MIN, 1000000, 999999999999, 60, 100};
    int at = add(t, N_LITERAL, what, 0);
    struct node *n = &t->node[at];
    n->number = what == W_BOOL ? pick(t, 2) : edge[pick(t, TB_COUNT_OF(edge))];
    if (what == W_DECIMAL && n->number > -MICRO && n->number < MICRO)
        n->number = n->number * 250000 + pick(t, 3);
    for (int i = 0; what == W_STRING && i < pick(t, 4); i++)
        n->text[i] = (char)('a' + pick(t, 2));
    return at;
}

static int make_leaf(struct tree *t, enum what what)
{
    if (what == W_INT && t->locals > 0 && pick(t, 2)) {
        int at = add(t, N_LOCAL, what, 0);
        t->node[at].number = pick(t, t->locals);
        return at;
    }
    if (what == W_LIST)
        return add(t, N_SCORES, what, 0);
    int r = pick(t, 8);
    if (r == 0 && what == W_INT)
        return add(t, N_NET, what, 0);
    if (r == 1 && what == W_INT)
        return add(t, N_GONE, what, 0);
    if (r < 3 && what == W_DECIMAL)
        return add(t, N_RATE, what, 0);
    if (r < 3 && what == W_STRING)
        return add(t, N_TIER, what, 0);
    return make_literal(t, what);
}

static int make_macro(struct tree *t, enum what what, int op, int depth)
{
    int at = add(t, N_MACRO, what, op);
    t->node[at].child[0] = make(t, W_LIST, depth - 1);
    t->node[at].number = t->locals++;
    t->node[at].child[1] = make(t, op == 4 ? W_INT : W_BOOL, depth - 1);
    t->locals--;
    return at;
}

static int make_bool(struct tree *t, int depth)
{
    static const enum what kinds[] = {W_INT, W_DECIMAL, W_STRING, W_BOOL};
    switch (pick(t, 9)) {
    case 0:
        return MAKE(N_OR, W_BOOL, 0, W_BOOL, W_BOOL);
    case 1:
        return MAKE(N_AND, W_BOOL, 0, W_BOOL, W_BOOL);
    case 2:
        return MAKE(N_NOT, W_BOOL, 0, W_BOOL);
    case 3:
        return MAKE(N_IN, W_BOOL, 0, W_INT, W_LIST);
    case 4:
        return make_macro(t, W_BOOL, pick(t, 3), depth);
    case 5:
        return add(t, pick(t, 2) ? N_HAS : N_IS_NULL, W_BOOL, 0);
    case 6: /* int against decimal */
        return MAKE(N_COMPARE, W_BOOL, pick(t, 6), W_INT, W_DECIMAL);
    default: {
        enum what k = kinds[pick(t, 4)];
        return MAKE(N_COMPARE, W_BOOL, pick(t, 6), k, k);
    }
    }
}

static int make_number(struct tree *t, enum what what, int depth)
{
    if (what == W_DECIMAL) {
        if (pick(t, 5) == 0)
            return MAKE(N_NEG, what, 0, what);
        enum what other = pick(t, 2) ? W_INT : W_DECIMAL;
        if (pick(t, 2))
            return MAKE(N_ARITH, what, pick(t, 4), other, W_DECIMAL);
        return MAKE(N_ARITH, what, pick(t, 4), W_DECIMAL, other);
    }
    switch (pick(t, 6)) {
    case 0:
        return MAKE(N_NEG, what, 0, what);
    case 1:
        return pick(t, 2) ? MAKE(N_SIZE, what, 0, W_STRING) : MAKE(N_SIZE, what, 0, W_LIST);
    case 2:
        return MAKE(N_INDEX, what, 0, W_LIST, W_INT);
    default:
        return MAKE(N_ARITH, what, pick(t, 5), W_INT, W_INT);
    }
}

static int make(struct tree *t, enum what what, int depth)
{
    if (depth <= 0 || t->n > NODES - 100)
        return make_leaf(t, what);
    if (pick(t, 6) == 0)
        return MAKE(N_COND, what, 0, W_BOOL, what, what);
    switch (what) {
    case W_BOOL:
        return make_bool(t, depth);
    case W_STRING:
        return MAKE(N_JOIN, what, 0, W_STRING, W_STRING);
    case W_LIST:
        if (pick(t, 2))
            return make_macro(t, W_LIST, 3 + pick(t, 2), depth);
        return MAKE(N_LIST_LITERAL, W_LIST, 0, W_INT, W_INT);
    case W_INT:
    case W_DECIMAL:
        break;
    }
    return make_number(t, what, depth);
}

/* ---- writing ---- */

static void write_number(struct tb_buf *b, int64_t v, bool decimal)
{
    if (!decimal) {
        tb_buf_printf(b, "%" PRId64, v);
        return;
    }
    uint64_t m = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    tb_buf_printf(b, "%s%" PRIu64 ".%06" PRIu64, v < 0 ? "-" : "", m / MICRO, m % MICRO);
}

static void write_node(struct tb_buf *b, const struct tree *t, int at);

static void write_infix(struct tb_buf *b, const struct tree *t, const struct node *n,
                        const char *op)
{
    tb_buf_byte(b, '(');
    write_node(b, t, n->child[0]);
    tb_buf_printf(b, " %s ", op);
    write_node(b, t, n->child[1]);
    tb_buf_byte(b, ')');
}

static void write_literal(struct tb_buf *b, const struct node *n)
{
    if (n->what == W_BOOL)
        tb_buf_c(b, n->number ? "true" : "false");
    else if (n->what == W_STRING)
        tb_buf_printf(b, "'%s'", n->text);
    else
        write_number(b, n->number, n->what == W_DECIMAL);
}

static void write_macro(struct tb_buf *b, const struct tree *t, const struct node *n)
{
    static const char *const name[] = {"all", "exists", "exists_one", "filter", "map"};
    write_node(b, t, n->child[0]);
    tb_buf_printf(b, ".%s(x%d, ", name[n->op], (int)n->number);
    write_node(b, t, n->child[1]);
    tb_buf_byte(b, ')');
}

/* Calls with one operand, and what has no operator between its children. */
static void write_form(struct tb_buf *b, const struct tree *t, const struct node *n)
{
    static const char *const form[] = {
        [N_NOT] = "!(@0)",          [N_COND] = "(@0 ? @1 : @2)", [N_NEG] = "-(@0)",
        [N_SIZE] = "size(@0)",      [N_INDEX] = "@0[@1]",        [N_LIST_LITERAL] = "[@0, @1]",
        [N_NET] = "order.net",      [N_RATE] = "order.rate",     [N_GONE] = "member.gone",
        [N_HAS] = "has(member.gone)", [N_IS_NULL] = "(member.gone == null)",
        [N_TIER] = "tier",          [N_SCORES] = "scores"};
    for (const char *p = form[n->kind]; *p; p++) {
        if (*p == '@')
            write_node(b, t, n->child[*++p - '0']);
        else
            tb_buf_byte(b, (uint8_t)*p);
    }
}

static void write_node(struct tb_buf *b, const struct tree *t, int at)
{
    static const char *const compare[] = {"==", "!=", "<", "<=", ">", ">="};
    static const char *const arith[] = {"+", "-", "*", "/", "%"};
    const struct node *n = &t->node[at];
    if (n->kind == N_LITERAL)
        write_literal(b, n);
    else if (n->kind == N_LOCAL)
        tb_buf_printf(b, "x%d", (int)n->number);
    else if (n->kind == N_MACRO)
        write_macro(b, t, n);
    else if (n->kind == N_COMPARE)
        write_infix(b, t, n, compare[n->op]);
    else if (n->kind == N_ARITH)
        write_infix(b, t, n, arith[n->op]);
    else if (n->kind == N_OR || n->kind == N_AND)
        write_infix(b, t, n, n->kind == N_OR ? "||" : "&&");
    else if (n->kind == N_IN || n->kind == N_JOIN)
        write_infix(b, t, n, n->kind == N_IN ? "in" : "+");
    else
        write_form(b, t, n);
}

/* ---- judging: numbers in millionths, errors as values, memory never given back ---- */

struct result {
    enum tb_expr_code error;
    enum what what;
    __int128 v; /* bool; int; decimal in millionths */
    struct tb_str s;
    int64_t *list;
    uint32_t n;
};

static uint8_t heap[1 << 22];
static size_t heap_used;

static void *grab(size_t n)
{
    tb_assert(heap_used + n + 16 <= sizeof heap);
    void *p = heap + heap_used;
    heap_used += (n + 15) & ~(size_t)15;
    return p;
}

static struct result failure(enum tb_expr_code code)
{
    return (struct result){.error = code};
}

static struct result of_bool(bool v)
{
    return (struct result){.what = W_BOOL, .v = v};
}

static struct result of_int(__int128 v)
{
    if (v > INT64_MAX || v < INT64_MIN)
        return failure(TB_EXPR_OVERFLOW);
    return (struct result){.what = W_INT, .v = v};
}

/* A decimal exists when dropping zeros leaves a mantissa of 64 bits. */
static struct result of_decimal(__int128 micro)
{
    __int128 m = micro;
    for (int i = 0; i < 6 && m % 10 == 0; i++)
        m /= 10;
    if (m > INT64_MAX || m < INT64_MIN)
        return failure(TB_EXPR_OVERFLOW);
    return (struct result){.what = W_DECIMAL, .v = micro};
}

/* n / d to the nearest, ties to even; by trying the two neighbours. */
static __int128 nearest(__int128 n, __int128 d)
{
    if (d < 0) {
        n = -n;
        d = -d;
    }
    __int128 low = n >= 0 ? n / d : -((-n + d - 1) / d);
    __int128 below = n - low * d;
    __int128 above = d - below;
    if (below != above)
        return below < above ? low : low + 1;
    return low % 2 == 0 ? low : low + 1;
}

static __int128 micro_of(struct result r)
{
    return r.what == W_INT ? r.v * MICRO : r.v;
}

static struct result judge_decimal(int op, struct result a, struct result b)
{
    __int128 x = micro_of(a);
    __int128 y = micro_of(b);
    __int128 product;
    switch (op) {
    case 0:
        return of_decimal(x + y);
    case 1:
        return of_decimal(x - y);
    case 2:
        /* what does not even fit 128 bits is past 10^26 */
        if (__builtin_mul_overflow(x, y, &product))
            return failure(TB_EXPR_OVERFLOW);
        return of_decimal(nearest(product, MICRO));
    default:
        if (y == 0)
            return failure(TB_EXPR_DIVISION_BY_ZERO);
        return of_decimal(nearest(x * MICRO, y));
    }
}

static struct result judge_arith(int op, struct result a, struct result b)
{
    if (a.what == W_DECIMAL || b.what == W_DECIMAL)
        return judge_decimal(op, a, b);
    if (op >= 3 && b.v == 0)
        return failure(TB_EXPR_DIVISION_BY_ZERO);
    if (op == 4 && a.v == INT64_MIN && b.v == -1)
        return failure(TB_EXPR_OVERFLOW);
    return of_int(op == 0   ? a.v + b.v
                  : op == 1 ? a.v - b.v
                  : op == 2 ? a.v * b.v
                  : op == 3 ? a.v / b.v
                            : a.v % b.v);
}

static struct result judge_compare(int op, struct result a, struct result b)
{
    int c;
    if (a.what == W_STRING) {
        uint32_t n = a.s.n < b.s.n ? a.s.n : b.s.n;
        c = n ? memcmp(a.s.p, b.s.p, n) : 0;
        if (c == 0)
            c = (a.s.n > b.s.n) - (a.s.n < b.s.n);
    } else {
        __int128 x = a.what == W_BOOL ? a.v : micro_of(a);
        __int128 y = b.what == W_BOOL ? b.v : micro_of(b);
        c = (x > y) - (x < y);
    }
    const bool truth[] = {c == 0, c != 0, c < 0, c <= 0, c > 0, c >= 0};
    return of_bool(truth[op]);
}

static struct result judge(const struct tree *t, int at, int64_t *local);

static struct result judge_logic(const struct tree *t, const struct node *n, int64_t *local)
{
    bool decides = n->kind == N_OR;
    struct result a = judge(t, n->child[0], local);
    if (!a.error && a.v == decides)
        return a;
    struct result b = judge(t, n->child[1], local);
    if (!b.error && b.v == decides)
        return b;
    return a.error ? a : b;
}

static struct result judge_macro(const struct tree *t, const struct node *n, int64_t *local)
{
    struct result range = judge(t, n->child[0], local);
    if (range.error)
        return range;
    struct result out = {.what = W_LIST, .list = grab(range.n * sizeof(int64_t) + 1)};
    struct result absorbed = {0};
    int64_t hits = 0;
    for (uint32_t i = 0; i < range.n; i++) {
        local[n->number] = range.list[i];
        struct result r = judge(t, n->child[1], local);
        if (n->op < 2) {
            if (!r.error && r.v == (n->op == 1))
                return r;
            if (r.error && !absorbed.error)
                absorbed = r;
        } else if (r.error) {
            return r;
        } else if (n->op == 4 || r.v) {
            hits++;
            out.list[out.n++] = n->op == 4 ? (int64_t)r.v : range.list[i];
        }
    }
    if (n->op >= 3)
        return out;
    if (absorbed.error)
        return absorbed;
    return of_bool(n->op == 0 || (n->op == 2 && hits == 1));
}

static struct result judge_leaf(const struct node *n, const int64_t *local)
{
    static const int64_t scores[] = {-1, 0, 1, 2};
    switch ((int)n->kind) {
    case N_LITERAL:
        return (struct result){.what = n->what, .v = n->number, .s = tb_str_of(n->text)};
    case N_NET:
        return of_int(12345);
    case N_RATE:
        return of_decimal(1250000);
    case N_GONE:
        return failure(TB_EXPR_ABSENT);
    case N_TIER:
        return (struct result){.what = W_STRING, .s = TB_STR("gold")};
    case N_LOCAL:
        return of_int(local[n->number]);
    case N_HAS:
        return of_bool(false);
    case N_IS_NULL:
        return of_bool(true);
    default: {
        struct result r = {.what = W_LIST, .n = 4, .list = grab(sizeof scores)};
        memcpy(r.list, scores, sizeof scores);
        return r;
    }
    }
}

static struct result judge_join(struct result a, struct result b)
{
    char *p = grab(a.s.n + b.s.n + 1);
    memcpy(p, a.s.p, a.s.n);
    memcpy(p + a.s.n, b.s.p, b.s.n);
    return (struct result){.what = W_STRING, .s = {p, a.s.n + b.s.n}};
}

static struct result judge_pair(const struct node *n, struct result a, struct result b)
{
    struct result r = of_bool(false);
    switch ((int)n->kind) {
    case N_COMPARE:
        return judge_compare(n->op, a, b);
    case N_ARITH:
        return judge_arith(n->op, a, b);
    case N_JOIN:
        return judge_join(a, b);
    case N_IN:
        for (uint32_t i = 0; i < b.n; i++)
            r.v |= b.list[i] == a.v;
        return r;
    case N_INDEX:
        return b.v < 0 || b.v >= a.n ? failure(TB_EXPR_INDEX) : of_int(a.list[b.v]);
    default: /* N_LIST_LITERAL */
        r = (struct result){.what = W_LIST, .n = 2, .list = grab(2 * sizeof(int64_t))};
        r.list[0] = (int64_t)a.v;
        r.list[1] = (int64_t)b.v;
        return r;
    }
}

static struct result judge(const struct tree *t, int at, int64_t *local)
{
    const struct node *n = &t->node[at];
    if (n->child[0] < 0)
        return judge_leaf(n, local);
    if (n->kind == N_OR || n->kind == N_AND)
        return judge_logic(t, n, local);
    if (n->kind == N_MACRO)
        return judge_macro(t, n, local);
    struct result a = judge(t, n->child[0], local);
    if (a.error)
        return a;
    if (n->kind == N_COND)
        return judge(t, n->child[a.v ? 1 : 2], local);
    if (n->kind == N_NOT)
        return of_bool(!a.v);
    if (n->kind == N_NEG)
        return a.what == W_INT ? of_int(-a.v) : of_decimal(-a.v);
    if (n->kind == N_SIZE)
        return of_int(a.what == W_STRING ? a.s.n : a.n);
    struct result b = judge(t, n->child[1], local);
    return b.error ? b : judge_pair(n, a, b);
}

/* ---- comparing ---- */

static bool same(const struct result *want, const struct tb_expr_value *v)
{
    switch (want->what) {
    case W_BOOL:
        return v->kind == TB_EXPR_BOOL && v->as.b == want->v;
    case W_INT:
        return v->kind == TB_EXPR_INT && v->as.i == want->v;
    case W_DECIMAL: {
        __int128 micro = v->as.i;
        for (int i = v->scale; i < 6; i++)
            micro *= 10;
        return v->kind == TB_EXPR_DECIMAL && micro == want->v;
    }
    case W_STRING:
        return v->kind == TB_EXPR_STRING && v->n == want->s.n &&
               memcmp(v->as.s, want->s.p, v->n) == 0;
    case W_LIST:
        break;
    }
    bool ok = v->kind == TB_EXPR_LIST && v->n == want->n;
    for (uint32_t i = 0; ok && i < v->n; i++)
        ok = v->as.list[i].as.i == want->list[i];
    return ok;
}

struct tally {
    uint64_t equal;
    uint64_t errors;
    uint64_t too_large;
};

/* false: the two differ. */
static bool try_one(uint64_t seed, struct tally *tally, char *text, size_t cap)
{
    static struct tree t;
    static uint64_t region[TB_EXPR_PROGRAM_MAX / 8];
    static uint64_t memory[1 << 16];
    t.n = t.locals = 0;
    t.random = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
    for (int i = 0; i < 5; i++)
        (void)next_random(&t);
    int root = make(&t, (enum what)pick(&t, 5), 2 + pick(&t, 4));
    struct tb_buf b;
    tb_buf_init(&b, text, cap - 1);
    write_node(&b, &t, root);
    text[b.n] = '\0';
    struct tb_expr_problem problem;
    struct tb_expr_options options = {.cost_max = 1000000};
    const struct tb_expr_program *p =
        tb_expr_compile(&test_env, tb_buf_as_str(&b), &options, region, sizeof region, &problem);
    if (p == NULL) {
        bool limit = problem.code == TB_EXPR_SOURCE_TOO_LONG || problem.code == TB_EXPR_COST ||
                     problem.code == TB_EXPR_PROGRAM_TOO_LARGE || problem.code == TB_EXPR_TOO_DEEP;
        if (!limit)
            printf("%s at %u: ", problem.text, problem.offset);
        tally->too_large++;
        return limit;
    }
    struct tb_arena arena;
    tb_arena_init(&arena, memory, sizeof memory);
    struct tb_expr_run run = {.resolve = test_resolve, .arena = &arena};
    struct tb_expr_value v;
    bool ok = tb_expr_eval(p, &run, &v);
    int64_t local[8];
    heap_used = 0;
    struct result want = judge(&t, root, local);
    if (run.steps > tb_expr_program_cost(p))
        return false;
    tally->errors += !ok;
    tally->equal++;
    return ok ? want.error == TB_EXPR_OK && same(&want, &v) : want.error == run.error;
}

int main(int argc, char **argv)
{
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : argc > 1 ? 1 : 200000;
    struct tally tally = {0};
    static char text[8192];
    for (uint64_t i = 0; i < count; i++) {
        if (!try_one(seed + i, &tally, text, sizeof text)) {
            printf("%s\nthe two differ; repeat with: test_expr_random %" PRIu64 "\n", text,
                   seed + i);
            return 1;
        }
    }
    printf("%" PRIu64 " expressions agree, %" PRIu64 " of them on an error; %" PRIu64
           " were too large\n",
           tally.equal, tally.errors, tally.too_large);
    /* a generator that makes only errors or only refusals proves nothing */
    return count > 1000 && (tally.errors * 10 > tally.equal * 8 || tally.too_large * 5 > count);
}
