// SPDX-License-Identifier: Apache-2.0
/* Rows to PRODUCT_PUT. The first row of a code counts, later ones with the same code are
 * ignored ("code_again"): a sales file names a product once a line.                     */
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "cli/import/import.h"
#include "core/ops.h"

#define BATCH_BYTES (16u << 20)

struct products {
    struct tb_seen codes;
    void *memory;
    struct tb_arena batch;
    struct {
        int64_t row;
        int64_t line;
    } from[TB_IMPORT_WAVE];
};

static bool money(struct tb_import *imp, const struct tb_template *t, const struct tb_row *row, int64_t *out)
{
    int64_t micro;
    int64_t per = 1000000;
    *out = 0;
    if (t->n == 0)
        return true;
    struct tb_str s = tb_template_fill(t, row, &imp->arena);
    for (uint32_t i = 0; i < imp->digits; i++)
        per /= 10;
    return s.n == 0 || (tb_decimal_micro(s, &micro) && micro >= 0 && per > 0 &&
                        tb_mul_div(micro, 1, per, TB_ROUND_HALF_EVEN, out));
}

static struct tb_str keep(struct products *p, struct tb_str s)
{
    struct tb_str copy = tb_str_copy(&p->batch, s);
    tb_assert(copy.p != NULL || s.n == 0);
    return s.n ? copy : (struct tb_str){"", 0};
}

static bool flush(struct tb_import *imp, bool all)
{
    struct products *p = imp->kind;
    (void)all;
    if (!tb_wave_run(&imp->wave, &imp->fault))
        return false;
    for (uint32_t i = 0; i < imp->wave.n; i++) {
        const struct tb_answer *a = &imp->wave.request[i].answer;
        uint64_t v;
        if (imp->dry) {
            imp->tally.n[a->code == TB_CODE_OK ? TB_N_PRODUCTS_STOOD : TB_N_PRODUCTS]++;
            imp->tally.n[TB_N_ACCEPTED]++;
            continue;
        }
        if (a->code != TB_CODE_OK) {
            tb_import_reject_code(imp, p->from[i].row, p->from[i].line, a);
            continue;
        }
        imp->tally.n[TB_N_ACCEPTED]++;
        bool created = tb_answer_uint(a, 3, &v) && v == 1;
        bool changed = tb_answer_uint(a, 4, &v) && v == 1;
        imp->tally.n[created ? TB_N_PRODUCTS : changed ? TB_N_PRODUCTS_CHANGED : TB_N_PRODUCTS_STOOD]++;
    }
    tb_wave_clear(&imp->wave);
    tb_arena_reset(&p->batch);
    return tb_import_checkpoint(imp);
}

static bool row(struct tb_import *imp, const struct tb_row *row)
{
    static const struct tb_hash_key key = {0x70726f64, 0x75637473};
    struct products *p = imp->kind;
    const struct tb_import_map *m = imp->map;
    struct tb_str code = tb_template_fill(&m->code, row, &imp->arena);
    if (!tb_seen_add(&p->codes, tb_siphash(&key, code.p, code.n))) {
        if (!imp->skipping)
            tb_tally_reason(&imp->tally, TB_STR("code_again"), true, 1);
        return true;
    }
    if (imp->skipping)
        return true;
    struct tb_cmd_product_put *in = TB_NEW(&p->batch, struct tb_cmd_product_put);
    tb_assert(in != NULL);
    if (!money(imp, &m->list_price, row, &in->price) || !money(imp, &m->cost, row, &in->cost)) {
        tb_import_reject(imp, (int64_t)row->number, (int64_t)row->line, TB_STR("price_invalid"), "");
        return true;
    }
    in->put.code = keep(p, code);
    in->name = keep(p, tb_template_fill(&m->name, row, &imp->arena));
    in->category = keep(p, tb_template_fill(&m->category, row, &imp->arena));
    in->brand = keep(p, tb_template_fill(&m->brand, row, &imp->arena));
    in->barcode = keep(p, tb_template_fill(&m->barcode, row, &imp->arena));
    p->from[imp->wave.n].row = (int64_t)row->number;
    p->from[imp->wave.n].line = (int64_t)row->line;
    if (imp->dry) {
        struct tb_cmd_object_get *get = TB_NEW(&p->batch, struct tb_cmd_object_get);
        tb_assert(get != NULL);
        get->kind = TB_KIND_PRODUCT;
        get->code = in->put.code;
        (void)tb_wave_add(&imp->wave, TB_OP_OBJECT_GET, get);
    } else {
        (void)tb_wave_add(&imp->wave, TB_OP_PRODUCT_PUT, in);
    }
    bool full = tb_wave_full(&imp->wave) || p->batch.used > BATCH_BYTES / 2;
    return !full || flush(imp, false);
}

static bool open(struct tb_import *imp)
{
    struct products *p = calloc(1, sizeof *p);
    imp->kind = p;
    p->memory = malloc(BATCH_BYTES);
    tb_assert(p->memory != NULL);
    tb_arena_init(&p->batch, p->memory, BATCH_BYTES);
    return true;
}

static void close(struct tb_import *imp)
{
    struct products *p = imp->kind;
    if (p == NULL)
        return;
    tb_seen_free(&p->codes);
    free(p->memory);
    free(p);
}

const struct tb_import_kind_ops tb_import_products = {open, row, flush, close};
