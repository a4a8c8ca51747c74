// SPDX-License-Identifier: Apache-2.0
/* What the tests of the code room share: a cell with batches, and short forms of commands. */
#ifndef TB_TEST_CODE_KIT_H
#define TB_TEST_CODE_KIT_H

#include "core/code/code.h"
#include "core_fixture.h"

/* A cell with stores "gz" (cn/south/guangdong) and "bj" (cn/north/beijing), product "mouse",
 * associate "ann", touchpoint "scan". */
struct fx *kit_new(bool mirrored);
/* Returns the batch's number. */
uint32_t kit_batch(struct fx *f, const char *code, int64_t level, int64_t count);
uint32_t kit_scene(struct fx *f, const char *code, enum tb_code_scene scene, int64_t count);

struct tb_cmd_codes_bind kit_bind(const char *batch, uint64_t from, uint64_t n);
struct tb_cmd_codes_move kit_move(const char *batch, uint64_t from, uint64_t n, enum tb_code_verb verb);
/* Binds to the product and activates. */
void kit_activate(struct fx *f, const char *batch, uint64_t from, uint64_t n);
void kit_pack(struct fx *f, struct tb_code_ref parent, struct tb_code_ref from, uint32_t n);

/* CODE_GET, then reads fields of the answer. */
uint64_t kit_get(struct fx *f, struct tb_code_ref code, uint32_t field);

struct tb_cmd_code_scan kit_scan(struct fx *f, struct tb_code_ref code, const struct tb_identifier *who);
/* DONE and OK; the verdict. */
uint64_t kit_scanned(struct fx *f, struct tb_code_ref code, const struct tb_identifier *who);

uint64_t kit_rng(uint64_t *state);

#endif
