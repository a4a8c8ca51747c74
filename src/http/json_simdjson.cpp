// SPDX-License-Identifier: Apache-2.0
/* http/json_simdjson.cpp - the only C++ of the product: simdjson's first stage behind
 * a C face. It finds where tokens start, checks UTF-8, unclosed strings and raw control
 * characters. The second stage is ours (json_parse.c), because a till's body needs what
 * simdjson's documents do not offer: duplicate keys refused, numbers kept as text,
 * everything in the caller's arena.                                                   */
#include <memory>
#include <new>

#include <sys/random.h>

#include <simdjson.h>

#include "http/json_index.h"

struct tb_json_index {
    std::unique_ptr<simdjson::internal::dom_parser_implementation> impl;
    size_t capacity = 0;
    uint64_t seed = 0;
};

static bool reserve(struct tb_json_index *x, size_t n)
{
    if (x->impl != nullptr && n <= x->capacity)
        return true;
    size_t capacity = x->capacity == 0 ? 16384 : x->capacity;
    while (capacity < n)
        capacity *= 2;
    x->impl.reset();
    x->capacity = 0;
    if (simdjson::get_active_implementation()->create_dom_parser_implementation(
            capacity, 32, x->impl) != simdjson::SUCCESS)
        return false;
    x->capacity = capacity;
    return true;
}

extern "C" struct tb_json_index *tb_json_index_create(void)
{
    struct tb_json_index *x = new (std::nothrow) tb_json_index;
    if (x != nullptr && (getrandom(&x->seed, sizeof x->seed, 0) != sizeof x->seed || !reserve(x, 1))) {
        delete x;
        return nullptr;
    }
    return x;
}

extern "C" uint64_t tb_json_index_seed(const struct tb_json_index *x)
{
    return x->seed;
}

extern "C" void tb_json_index_destroy(struct tb_json_index *x)
{
    delete x;
}

extern "C" enum tb_json_stage1 tb_json_index_run(struct tb_json_index *x, const char *body,
                                                 size_t n, const uint32_t **token,
                                                 uint32_t *token_n)
{
    if (n == 0)
        return TB_JSON_STAGE1_EMPTY;
    if (!reserve(x, n))
        return TB_JSON_STAGE1_MEMORY;
    simdjson::error_code e = x->impl->stage1(reinterpret_cast<const uint8_t *>(body), n,
                                             simdjson::stage1_mode::regular);
    switch (static_cast<int>(e)) {
    case simdjson::SUCCESS:
        break;
    case simdjson::UTF8_ERROR:
        return TB_JSON_STAGE1_UTF8;
    case simdjson::EMPTY:
        return TB_JSON_STAGE1_EMPTY;
    case simdjson::MEMALLOC:
    case simdjson::CAPACITY:
        return TB_JSON_STAGE1_MEMORY;
    default:
        return TB_JSON_STAGE1_TEXT;
    }
    *token = x->impl->structural_indexes.get();
    *token_n = x->impl->n_structural_indexes;
    return TB_JSON_STAGE1_DONE;
}
