// SPDX-License-Identifier: Apache-2.0
/* core/expr/lex.h - text to tokens, one at a time, borrowing from the source. Private. */
#ifndef TB_CORE_EXPR_LEX_H
#define TB_CORE_EXPR_LEX_H

#include "core/expr/expr.h"

enum tb_expr_token_type {
    T_END,
    T_NAME,
    T_INT,
    T_DECIMAL,
    T_STRING,
    T_TRUE,
    T_FALSE,
    T_NULL,
    T_IN,
    T_OR,
    T_AND,
    T_EQ,
    T_NE,
    T_LE,
    T_GE,
    /* one character: its own code */
};

struct tb_expr_token {
    int type; /* enum tb_expr_token_type or a character > ' ' */
    uint32_t pos;
    struct tb_str text;
    uint64_t number; /* T_INT: value, T_DECIMAL: mantissa; <= 2^63 */
    uint8_t scale;   /* T_DECIMAL */
};

struct tb_expr_lexer {
    struct tb_str source;
    uint32_t at;
    struct tb_expr_token token; /* the current one */
    enum tb_expr_code error;
    uint32_t error_pos;
    const char *error_text; /* static */
};

/* source must be valid UTF-8. Stands before the first token afterwards. */
void tb_expr_lex_init(struct tb_expr_lexer *x, struct tb_str source);
/* Reads the next token into x->token; false: x->error, error_pos, error_text. */
TB_MUST_USE bool tb_expr_lex_next(struct tb_expr_lexer *x);
/* Writes what the T_STRING token stands for; never longer than the token. false as above. */
TB_MUST_USE bool tb_expr_lex_string(struct tb_expr_lexer *x, const struct tb_expr_token *t,
                                    char *out, uint32_t *n);
/* CEL's words that may not be names ("for", "package" ...). */
bool tb_expr_lex_reserved(struct tb_str name);

#endif
