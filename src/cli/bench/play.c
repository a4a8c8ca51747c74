// SPDX-License-Identifier: Apache-2.0
/* A wheel that costs points, and item codes whose first scan gives some. */
#include <stdatomic.h>
#include <stdio.h>

#include "cli/bench/bench.h"
#include "core/ledger/ledger.h"
#include "core/ops.h"
#include "core/play/play.h"

#define PURSE 100000000 /* points of each member: nobody runs out */
#define COST 10

static bool open_game(struct tb_bench_world *w, uint32_t t, const struct tb_cmd_game_put *in)
{
    struct tb_cmd_game_move move = {.game = in->put.code, .state = TB_GAME_OPEN};
    return tb_bench_command(w->node, w->tenant[t], TB_OP_GAME_PUT, in, NULL) &&
           tb_bench_command(w->node, w->tenant[t], TB_OP_GAME_MOVE, &move, NULL);
}

/* Eight prizes from one in ten thousand to a half, two of them with a stock that does not last. */
static bool wheel(struct tb_bench_world *w, uint32_t t)
{
    const struct tb_prize_input prize[] = {
        {.code = TB_STR("p1"), .ppm = 100, .unit = TB_STR("points"), .amount = 10000, .stock = 10},
        {.code = TB_STR("p2"), .ppm = 900, .unit = TB_STR("points"), .amount = 2000, .stock = 100},
        {.code = TB_STR("p3"), .ppm = 9000, .unit = TB_STR("points"), .amount = 500},
        {.code = TB_STR("p4"), .ppm = 40000, .unit = TB_STR("points"), .amount = 100},
        {.code = TB_STR("p5"), .ppm = 50000, .unit = TB_STR("points"), .amount = 50},
        {.code = TB_STR("p6"), .ppm = 150000, .unit = TB_STR("points"), .amount = 20},
        {.code = TB_STR("p7"), .ppm = 250000, .unit = TB_STR("points"), .amount = 5},
        {.code = TB_STR("none"), .ppm = 500000}};
    struct tb_cmd_game_put in = {.put = {.code = TB_STR("wheel")},
                                 .name = TB_STR("wheel"),
                                 .kind = TB_GAME_DRAW,
                                 .cost_unit = TB_STR("points"),
                                 .cost = COST,
                                 .fallback = TB_STR("none"),
                                 .prize = prize,
                                 .prize_n = TB_COUNT_OF(prize)};
    return open_game(w, t, &in);
}

/* Everybody's purse, one after the other. */
static bool fill_purse(struct tb_bench_world *w, const struct tb_bench_visit *v, void *area, struct tb_command *out)
{
    struct tb_cmd_adjust *in = area;
    (void)v;
    if (w->purses == w->member_n)
        return false;
    uint32_t member = w->purses++;
    uint32_t t = member % w->tenant_n;
    *in = (struct tb_cmd_adjust){.unit = TB_STR("points"), .amount = PURSE, .reason = TB_STR("bench")};
    tb_bench_key(member, 0, in->member.identifier.key);
    in->member.identifier.ns = w->phone[t];
    out->tenant = w->tenant[t];
    out->op = TB_OP_ADJUST;
    out->input = in;
    return true;
}

static bool fill_draw(struct tb_bench_world *w, const struct tb_bench_visit *v, void *area, struct tb_command *out)
{
    struct tb_cmd_play *in = area;
    *in = (struct tb_cmd_play){.game = TB_STR("wheel")};
    tb_bench_key(v->member, 0, in->who.identifier.key);
    in->who.identifier.ns = w->phone[v->t];
    out->op = TB_OP_DRAW;
    out->input = in;
    return true;
}

static bool scan_game(struct tb_bench_world *w, uint32_t t)
{
    const struct tb_target_input target[] = {{.by = TB_TARGET_PRODUCT, .text = TB_STR("6901234567892")},
                                                    {.by = TB_TARGET_REGION, .text = TB_STR("cn")}};
    const struct tb_reward_input reward[] = {
        {.kind = TB_REWARD_STEP, .at = 1, .unit = TB_STR("points"), .amount = 20}};
    struct tb_cmd_game_put in = {.put = {.code = TB_STR("cap")},
                                 .name = TB_STR("under the cap"),
                                 .kind = TB_GAME_SCAN,
                                 .per_day = 100000,
                                 .reward = reward,
                                 .reward_n = TB_COUNT_OF(reward),
                                 .target = target,
                                 .target_n = TB_COUNT_OF(target)};
    return open_game(w, t, &in);
}

#define AREA(type) ((sizeof(type) + 15) / 16 * 16)

bool tb_bench_games(struct tb_bench_world *w)
{
    static const struct tb_bench_kind purse = {.what = "purses",
                                               .things = "purses",
                                               .area_bytes = AREA(struct tb_cmd_adjust),
                                               .answer_bytes = TB_ANSWER_BYTES_MAX,
                                               .slots = 4096,
                                               .fill = fill_purse};
    struct tb_bench_load all = {.kind = &purse, .first = 0, .n = w->tenant_n, .orders = UINT64_MAX};
    struct tb_bench_result r;
    for (uint32_t t = 0; t < w->tenant_n; t++)
        if (!wheel(w, t))
            return false;
    tb_bench_run_load(w, &all, &r);
    return r.refused == 0;
}

bool tb_bench_scan_games(struct tb_bench_world *w)
{
    for (uint32_t t = 0; t < w->tenant_n; t++)
        if (!scan_game(w, t))
            return false;
    return true;
}

const struct tb_bench_kind tb_bench_draw = {.what = "a wheel that costs points",
                                            .things = "draws",
                                            .area_bytes = AREA(struct tb_cmd_play),
                                            .answer_bytes = TB_ANSWER_BYTES_MAX,
                                            .slots = 16384,
                                            .fill = fill_draw};
