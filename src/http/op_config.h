// SPDX-License-Identifier: Apache-2.0
/* http/op_config.h - the fields of what a tenant declares, once each: the name outside, where it stands in
 * the put's input struct and where in the block's head. Between op_config.c and its tables alone.   */
#ifndef TB_HTTP_OP_CONFIG_H
#define TB_HTTP_OP_CONFIG_H

#include "http/app_int.h"

enum tb_config_type {
    TB_CONFIG_STR,  /* struct tb_str <-> struct tb_text */
    TB_CONFIG_INT,  /* int64 <-> unsigned of width bytes; SINT signed */
    TB_CONFIG_SINT,
    TB_CONFIG_BOOL,
    TB_CONFIG_WORD, /* int64 <-> index of a word */
    TB_CONFIG_TIME, /* int64 ms; 0 or INT64_MAX: left out */
    TB_CONFIG_CODE, /* struct tb_str, a code <-> uint32 number of an object of kind `more` */
    TB_CONFIG_JSON, /* struct tb_str, an object kept as given */
};

struct tb_config_field {
    const char *name;
    enum tb_config_type type;
    bool need;
    uint32_t width; /* in the head */
    size_t in;      /* offset in the input struct */
    size_t head;    /* offset in the head */
    int64_t min, max;
    const char *const *words;
    uint32_t more; /* WORD: how many; CODE: the kind */
};

struct tb_config_shape {
    enum tb_kind kind;
    const struct tb_config_field *field;
    uint32_t n;
};

/* By kind; n is 0 of kinds that are not declared this way. */
extern const struct tb_config_shape tb_config_shapes[TB_KINDS];

#endif
