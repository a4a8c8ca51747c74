// SPDX-License-Identifier: Apache-2.0
/* tests/model/cell_int.h - what the parts of the cell share. */
#ifndef TB_MODEL_CELL_INT_H
#define TB_MODEL_CELL_INT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cell.h"

extern const char *const cell_zone_name[3];
extern const char *const cell_unit_code[UNITS];

void cell_side_open(struct core_side *s);
void cell_side_close(struct core_side *s);
/* Keeps the first thing that went wrong. */
void cell_trouble(struct cell *c, const char *what);
/* Brings a cold row back; false = there is none, or it does not unpack. */
bool cell_thaw(struct cell *c, uint32_t kind, uint64_t id);
/* Runs as the engine does; the answer stands in c->a. */
enum tb_code cell_command(struct cell *c, enum tb_op op, const void *input);
void cell_must(struct cell *c, enum tb_op op, const void *input);
bool cell_field(const struct tb_buf *body, uint32_t wanted, uint64_t *v, struct tb_str *s);
void cell_put_unit(struct cell *c, uint32_t no, uint32_t variant);
void cell_put_rule(struct cell *c, uint32_t no, uint32_t variant);
void cell_put_scheme(struct cell *c, uint32_t variant);

#endif
