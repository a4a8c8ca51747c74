// SPDX-License-Identifier: Apache-2.0
/* http/json_index.h - the C face of simdjson's first stage; used by json_parse.c only.
 *
 * Answers offsets of the first byte of every token of a body. What it does not check:
 * grammar, numbers, literals, escapes, duplicates, depth (json_parse.c does).
 * Threads: an index belongs to one thread at a time.                                  */
#ifndef TB_HTTP_JSON_INDEX_H
#define TB_HTTP_JSON_INDEX_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tb_json_index;

enum tb_json_stage1 {
    TB_JSON_STAGE1_DONE = 0,
    TB_JSON_STAGE1_MEMORY,
    TB_JSON_STAGE1_UTF8,
    TB_JSON_STAGE1_EMPTY,
    TB_JSON_STAGE1_TEXT, /* unclosed string, raw control character in a string */
};

/* The working memory of the first stage; grows to the largest body seen.
 * NULL: out of memory.                                                                */
struct tb_json_index *tb_json_index_create(void);
void tb_json_index_destroy(struct tb_json_index *x);

/* A random number made at creation, for hashing keys. */
uint64_t tb_json_index_seed(const struct tb_json_index *x);

/* *token stays valid until the next call. */
enum tb_json_stage1 tb_json_index_run(struct tb_json_index *x, const char *body, size_t n,
                                      const uint32_t **token, uint32_t *token_n);

#ifdef __cplusplus
}
#endif

#endif
