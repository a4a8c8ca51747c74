// SPDX-License-Identifier: Apache-2.0
/* What shoppers scan: a batch in each tenant, its codes in an order of their own. */
#include <stdatomic.h>
#include <stdlib.h>

#include "cli/bench/bench.h"
#include "core/ops.h"

#define CODES 10000000u /* in all tenants together */
#define LATELY 5000u

bool tb_bench_batches(struct tb_bench_world *w)
{
    w->batch = calloc(w->tenant_n, sizeof *w->batch);
    w->code_n = CODES / w->tenant_n;
    for (uint32_t t = 0; w->batch != NULL && t < w->tenant_n; t++) {
        struct tb_cmd_code_batch_put batch = {.put = {.code = TB_STR("items")},
                                              .scene = TB_SCENE_INSIDE,
                                              .count = w->code_n,
                                              .divert_scans = 3,
                                              .divert_persons = 2,
                                              .divert_days = 30};
        struct tb_cmd_codes_bind bind = {.target = {.batch = TB_STR("items"), .n = w->code_n},
                                         .product = TB_STR("6901234567892"),
                                         .region = TB_STR("cn/south"),
                                         .campaign = TB_STR("spring"),
                                         .activate = true};
        if (!tb_bench_command(w->node, w->tenant[t], TB_OP_CODE_BATCH_PUT, &batch, &w->batch[t]) ||
            !tb_bench_command(w->node, w->tenant[t], TB_OP_CODES_BIND, &bind, NULL))
            return false;
    }
    return w->batch != NULL;
}

/* A bijection of 0 .. n - 1 (a multiplier that is prime to every n below it). */
static uint32_t place(uint64_t at, uint32_t n)
{
    return (uint32_t)(at % n * UINT64_C(2654435761) % n);
}

struct scan {
    struct tb_cmd_code_scan in;
    struct tb_identifier id;
};

/* Four of five meet a code that nobody scanned before (until all were), one of five a code
 * scanned lately. */
static bool fill(struct tb_bench_world *w, const struct tb_bench_visit *v, void *area, struct tb_command *out)
{
    struct scan *s = area;
    bool again = v->chance % 5 == 0;
    uint64_t at = again ? atomic_load(&w->scans) : atomic_fetch_add(&w->scans, 1);
    if (again)
        at -= v->chance / 5 % (at < LATELY ? at + 1 : LATELY);
    tb_bench_key(v->member, 0, s->id.key);
    s->id.ns = w->phone[v->t];
    s->in = (struct tb_cmd_code_scan){.code = {w->batch[v->t], place(at, w->code_n)},
                                      .caller = s->id.key[0],
                                      .identifier = &s->id,
                                      .identifier_n = 1,
                                      .occurred_ms = v->now_ms,
                                      .store = TB_STR("S1"),
                                      .region = v->chance >> 32 & 15 ? TB_STR("cn/south/gd") : TB_STR("cn/north")};
    out->op = TB_OP_CODE_SCAN;
    out->input = &s->in;
    return true;
}

const struct tb_bench_kind tb_bench_scan = {.what = "item codes",
                                            .things = "scans",
                                            .area_bytes = (sizeof(struct scan) + 15) / 16 * 16,
                                            .answer_bytes = TB_ANSWER_BYTES_MAX,
                                            .slots = 16384,
                                            .fill = fill};
