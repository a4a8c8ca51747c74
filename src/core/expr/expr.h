// SPDX-License-Identifier: Apache-2.0
/* core/expr/expr.h - the expression language: compile once, evaluate for one member.
 *
 * A subset of CEL (github.com/google/cel-spec, langdef.md): its names, precedence,
 * types and error semantics. A text is type-checked against an environment that the
 * caller declares and becomes a small program without pointers (it may be copied and
 * stored); the program is then evaluated as often as wanted.
 *
 * What is there
 *   types      bool, int (int64), decimal, string (UTF-8), timestamp and duration
 *              (milliseconds), null, list(T), map(string, T), records of the caller
 *   operators  ?: || && == != < <= > >= in + - * / % ! - . [] as in CEL, with CEL's
 *              commutative errors: true || error is true whichever side fails
 *   macros     has(r.f), l.all(x, p), exists, exists_one, filter, map(x, e),
 *              map(x, p, e); over a map they see its keys
 *   functions  size contains startsWith endsWith indexOf substring trim lowerAscii
 *              upperAscii · int decimal string bool timestamp duration · min max
 *              (math.least, math.greatest) math.round floor ceil trunc abs ·
 *              getFullYear getMonth getDate getDayOfMonth getDayOfWeek getDayOfYear
 *              getHours getMinutes getSeconds getMilliseconds
 *
 * Where it is not CEL
 *   - CEL's double is an exact decimal: int64 mantissa, 0-6 digits after the point.
 *     + - * are exact; a product with more than 6 digits and every quotient are
 *     rounded half-even to 6; what does not fit is an overflow error. An int meeting
 *     a decimal is promoted (CEL would refuse), which loses nothing. string(1.50) is
 *     "1.5". Literals have no exponent.
 *   - Lists and maps hold one type; there is no dyn, uint, bytes, type, matches().
 *   - Instants lie in 1900-2199 and count milliseconds; finer digits are refused.
 *   - get…() without a zone argument asks in run->zone, not in UTC; the argument is
 *     an offset ("+08:00"), "UTC" or the name of one of run->zones.
 *   - A variable, field or function that has no value for this member is an error
 *     (has() tells), but r.f == null is true then, as for CEL's wrapper fields.
 *   - A function argument may be declared a window: only a literal like "90d".
 *
 * Limits: source 4096 bytes, nesting 32, program <= 48 KiB, a value <= 65535 bytes or
 * elements, and a cost: the number of steps that no evaluation can exceed, computed
 * when compiling. Elements of lists count as at most 1024 bytes or elements long.
 * Pure: no clock, chance, I/O or allocation. Nothing here is shared between threads;
 * a program is read-only and may be evaluated by many at once. Compiling takes about
 * 70 KiB of stack, evaluating 4.                                                   */
#ifndef TB_CORE_EXPR_H
#define TB_CORE_EXPR_H

#include "base/civil.h"
#include "base/num.h"

#define TB_EXPR_SOURCE_MAX 4096u
#define TB_EXPR_DEPTH_MAX 32u
#define TB_EXPR_PROGRAM_MAX (48u * 1024)
#define TB_EXPR_SIZE_MAX 65535u
#define TB_EXPR_SIZE_DEFAULT 1024u
#define TB_EXPR_ARGS_MAX 4u
#define TB_EXPR_NO_WINDOW UINT16_MAX

/* ---- values ---------------------------------------------------------------- */

enum tb_expr_kind {
    TB_EXPR_ANY = 0, /* in types only: "whatever" */
    TB_EXPR_NULL,
    TB_EXPR_BOOL,
    TB_EXPR_INT,
    TB_EXPR_DECIMAL,
    TB_EXPR_STRING,
    TB_EXPR_TIMESTAMP,
    TB_EXPR_DURATION,
    TB_EXPR_LIST,
    TB_EXPR_MAP,
    TB_EXPR_RECORD,
    TB_EXPR_ERROR = 15, /* inside an evaluation only */
};

/* A type is a kind in the low four bits; above it the element type or the record's
 * index in the environment. At most seven levels.                                  */
typedef uint32_t tb_expr_type;
#define TB_EXPR_LIST_OF(element) ((tb_expr_type)TB_EXPR_LIST | (tb_expr_type)(element) << 4)
#define TB_EXPR_MAP_OF(value) ((tb_expr_type)TB_EXPR_MAP | (tb_expr_type)(value) << 4)
#define TB_EXPR_RECORD_OF(index) ((tb_expr_type)TB_EXPR_RECORD | (tb_expr_type)(index) << 4)

struct tb_expr_entry;

/* Borrowed like struct tb_str: strings, lists and maps point to somebody's memory. */
struct tb_expr_value {
    uint8_t kind;
    uint8_t scale; /* decimal: digits after the point, 0-6 */
    uint16_t zero;
    uint32_t n; /* string: bytes; list, map: elements */
    union {
        bool b;
        int64_t i; /* int; decimal mantissa; timestamp and duration in milliseconds */
        const char *s;
        /* NULL with n > 0: n records with the handles 0 .. n-1 */
        const struct tb_expr_value *list;
        const struct tb_expr_entry *map; /* keys differ; order is kept */
        uint64_t record;                 /* the caller's handle */
        void *build;                     /* inside an evaluation only */
    } as;
};

struct tb_expr_entry {
    struct tb_str key;
    struct tb_expr_value value;
};

static inline struct tb_expr_value tb_expr_of_int(int64_t v)
{
    return (struct tb_expr_value){.kind = TB_EXPR_INT, .as.i = v};
}

static inline struct tb_expr_value tb_expr_of_bool(bool v)
{
    return (struct tb_expr_value){.kind = TB_EXPR_BOOL, .as.b = v};
}

/* mantissa / 10^scale, scale <= 6: money of 2 digits is (minor units, 2). */
static inline struct tb_expr_value tb_expr_of_decimal(int64_t mantissa, uint8_t scale)
{
    return (struct tb_expr_value){.kind = TB_EXPR_DECIMAL, .scale = scale, .as.i = mantissa};
}

static inline struct tb_expr_value tb_expr_of_str(struct tb_str s)
{
    return (struct tb_expr_value){.kind = TB_EXPR_STRING, .n = s.n, .as.s = s.p};
}

static inline struct tb_expr_value tb_expr_of_time(int64_t utc_ms)
{
    return (struct tb_expr_value){.kind = TB_EXPR_TIMESTAMP, .as.i = utc_ms};
}

static inline struct tb_expr_value tb_expr_of_duration(int64_t ms)
{
    return (struct tb_expr_value){.kind = TB_EXPR_DURATION, .as.i = ms};
}

static inline struct tb_expr_value tb_expr_of_record(uint64_t handle)
{
    return (struct tb_expr_value){.kind = TB_EXPR_RECORD, .as.record = handle};
}

/* A formula's result in whole units: int as it is, decimal rounded as named.
 * Requires kind int or decimal (asserted). false: does not fit.                     */
TB_MUST_USE bool tb_expr_to_units(const struct tb_expr_value *v, enum tb_rounding mode,
                                  int64_t *out);

/* The same in units of 10^-digits, digits 0 - 6: money in minor units, a rate in parts per million. */
TB_MUST_USE bool tb_expr_to_scaled(const struct tb_expr_value *v, uint8_t digits, enum tb_rounding mode,
                                   int64_t *out);

/* ---- what can go wrong ------------------------------------------------------ */

/* One list: enum, name, text. The first found in reading order is reported. */
#define TB_EXPR_CODES(X)                                                                       \
    X(OK, "no error")                                                                          \
    /* when compiling */                                                                       \
    X(SOURCE_TOO_LONG, "the text is longer than 4096 bytes")                                   \
    X(NOT_UTF8, "the text is not UTF-8")                                                       \
    X(BAD_CHARACTER, "this character means nothing here")                                      \
    X(BAD_STRING, "the string literal is not well-formed")                                     \
    X(BAD_NUMBER, "the number literal is not well-formed or does not fit")                     \
    X(SYNTAX, "this is not an expression")                                                     \
    X(TOO_DEEP, "the expression is nested too deeply")                                         \
    X(UNKNOWN_NAME, "there is no such variable")                                               \
    X(UNKNOWN_FIELD, "the record has no such field")                                           \
    X(UNKNOWN_FUNCTION, "there is no such function")                                           \
    X(UNSUPPORTED, "this part of CEL is not supported")                                        \
    X(WRONG_ARGUMENTS, "the function does not take these arguments")                           \
    X(WRONG_TYPE, "the types do not fit")                                                      \
    X(BAD_LITERAL, "the literal is not a valid value of its type")                             \
    X(PROGRAM_TOO_LARGE, "the expression is too large")                                        \
    X(COST, "the expression may take too many steps")                                          \
    /* when evaluating */                                                                      \
    X(ABSENT, "there is no value")                                                             \
    X(NO_SUCH_KEY, "the map has no such key")                                                  \
    X(INDEX, "the index is outside the list")                                                  \
    X(OVERFLOW, "the number does not fit")                                                     \
    X(DIVISION_BY_ZERO, "division by zero")                                                    \
    X(CONVERSION, "the value cannot be converted")                                             \
    X(DUPLICATE_KEY, "the map names a key twice")                                              \
    X(ZONE, "there is no such time zone")                                                      \
    X(TOO_LARGE, "the value is larger than declared")                                          \
    X(MEMORY, "the evaluation needs more memory than it was given")                            \
    X(STEPS, "the evaluation takes more steps than it was given")

enum tb_expr_code {
#define TB_EXPR_ENUM(name, text) TB_EXPR_##name,
    TB_EXPR_CODES(TB_EXPR_ENUM)
#undef TB_EXPR_ENUM
        TB_EXPR_CODE_COUNT
};

/* "DIVISION_BY_ZERO" and "division by zero"; static, never NULL. */
const char *tb_expr_code_name(enum tb_expr_code code);
const char *tb_expr_code_text(enum tb_expr_code code);

/* Where and why a text was refused. The caller's; complete when compile fails. */
struct tb_expr_problem {
    enum tb_expr_code code;
    uint32_t offset; /* bytes from the start, <= source length */
    uint32_t line;   /* from 1 */
    uint32_t column; /* from 1, in characters */
    char text[192];  /* one sentence, always terminated, valid UTF-8 if the source is */
};

/* Line and column of a byte offset (for errors of an evaluation). */
void tb_expr_locate(struct tb_str source, uint32_t offset, uint32_t *line, uint32_t *column);

/* ---- the environment -------------------------------------------------------- */

/* A variable, or a field of a record. size_max bounds strings (bytes), lists and maps
 * (elements): 0 means TB_EXPR_SIZE_DEFAULT. A longer value at run is TOO_LARGE.     */
struct tb_expr_decl {
    struct tb_str name;
    tb_expr_type type;
    uint16_t slot;
    uint16_t size_max;
};

struct tb_expr_record {
    struct tb_str name; /* for messages */
    const struct tb_expr_decl *field;
    uint32_t n;
};

struct tb_expr_arg {
    tb_expr_type type;
    bool window; /* a literal ^[0-9]{1,4}d$; reaches resolve as an int, in days */
};

/* Functions of one name may differ in their number of arguments. */
struct tb_expr_function {
    struct tb_str name;
    tb_expr_type result;
    uint16_t slot;
    uint16_t size_max; /* of the result, as in tb_expr_decl */
    uint16_t cost;     /* steps that a call costs, 0 means 1 */
    uint16_t n_args;   /* <= TB_EXPR_ARGS_MAX */
    struct tb_expr_arg arg[TB_EXPR_ARGS_MAX];
};

/* Slots are the caller's numbers; variables, fields and functions share one space.
 * Everything is borrowed and only read while compiling. A built-in function of the
 * same name wins over a declared one.                                              */
struct tb_expr_env {
    const struct tb_expr_decl *variable;
    uint32_t n_variables;
    const struct tb_expr_function *function;
    uint32_t n_functions;
    const struct tb_expr_record *record; /* at most 256 */
    uint32_t n_records;
};

/* A fingerprint of all declarations: a stored program belongs to one environment. */
uint64_t tb_expr_env_hash(const struct tb_expr_env *env);

/* ---- compiling -------------------------------------------------------------- */

struct tb_expr_options {
    tb_expr_type result; /* the type wanted; TB_EXPR_ANY: whatever comes */
    uint64_t cost_max;   /* 0: no limit */
};

struct tb_expr_program; /* lies in the caller's region; size by tb_expr_program_size */

/* Compiles source into region (8-byte aligned, cap bytes; TB_EXPR_PROGRAM_MAX always
 * suffices). Returns the program, which is region, or NULL with *problem filled.
 * An int result is promoted when a decimal is wanted.                              */
TB_MUST_USE const struct tb_expr_program *
tb_expr_compile(const struct tb_expr_env *env, struct tb_str source,
                const struct tb_expr_options *options, void *region, size_t cap,
                struct tb_expr_problem *problem);

size_t tb_expr_program_size(const struct tb_expr_program *p);
uint64_t tb_expr_program_cost(const struct tb_expr_program *p);
tb_expr_type tb_expr_program_type(const struct tb_expr_program *p);

/* True when bytes (8-byte aligned) hold an unharmed program of this format, built for
 * env. It tells damage from health, not malice: keep the source and compile again
 * when the bytes come from outside.                                                 */
TB_MUST_USE bool tb_expr_program_valid(const void *bytes, size_t n, const struct tb_expr_env *env);

/* What the program asks of its surroundings: every slot once for each window and each
 * literal text it is called with. window_days is TB_EXPR_NO_WINDOW without one; text
 * is the first literal string argument (borrowed from the program) or p = NULL.     */
struct tb_expr_use {
    uint16_t slot;
    uint16_t window_days;
    struct tb_str text;
};
uint32_t tb_expr_program_uses(const struct tb_expr_program *p);
struct tb_expr_use tb_expr_program_use(const struct tb_expr_program *p, uint32_t index);

/* ---- evaluating ------------------------------------------------------------- */

/* Supplies the value of a variable (argc 0), of a record's field (args[0] is the
 * record) or of a function. false: there is none. The kind must be the declared one
 * (asserted), in lists and maps too. Strings, lists and maps must live until the
 * evaluation's result is used up.                                                  */
typedef bool (*tb_expr_resolve)(void *user, uint16_t slot, const struct tb_expr_value *args,
                                uint32_t argc, struct tb_expr_value *out);

struct tb_expr_run {
    tb_expr_resolve resolve;
    void *user;
    struct tb_arena *arena; /* for new strings, lists, maps; NULL: none may be made */
    const struct tb_zone *zone; /* of get…() without a zone; NULL: UTC */
    const struct tb_zone *const *zones; /* that a text may name */
    uint32_t n_zones;
    uint64_t step_max; /* 0: the program's cost */
    /* filled by tb_expr_eval */
    uint64_t steps;
    enum tb_expr_code error;
    uint32_t error_offset; /* in the source */
};

/* true: *out is the value; it may point into the arena, the program and what resolve
 * supplied. false: run->error and run->error_offset say why and where; *out is left
 * alone. The arena keeps what was allocated; its owner resets it.                   */
TB_MUST_USE bool tb_expr_eval(const struct tb_expr_program *p, struct tb_expr_run *run,
                              struct tb_expr_value *out);

/* Writes the value as string() would; lists, maps and records in CEL's notation
 * (a record as "record"). For messages and traces.                                 */
void tb_expr_print(struct tb_buf *b, const struct tb_expr_value *v);
/* "list(int)"; records by their name. env may be NULL. */
void tb_expr_print_type(struct tb_buf *b, tb_expr_type type, const struct tb_expr_env *env);

#endif
