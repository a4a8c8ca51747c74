// SPDX-License-Identifier: Apache-2.0
#include "core/core.h"

#include "core/ops.h"
#include "events.gen.h"

const char *tb_code_name(enum tb_code code)
{
    static const char *const name[] = {
#define NAME(id, status, text) #id,
        TB_CODES(NAME)
#undef NAME
    };
    tb_assert(code < TB_CODE_COUNT);
    return name[code];
}

int tb_code_status(enum tb_code code)
{
    static const int status[] = {
#define STATUS(id, http, text) http,
        TB_CODES(STATUS)
#undef STATUS
    };
    tb_assert(code < TB_CODE_COUNT);
    return status[code];
}

const char *tb_code_text(enum tb_code code)
{
    static const char *const text[] = {
#define TEXT(id, status, sentence) sentence,
        TB_CODES(TEXT)
#undef TEXT
    };
    tb_assert(code < TB_CODE_COUNT);
    return text[code];
}

void tb_core_init(struct tb_core *c, struct tb_mem mem, const struct tb_core_env *env)
{
    tb_store_init(&c->store, mem, tb_shapes, TB_KINDS);
    c->env = *env;
}
