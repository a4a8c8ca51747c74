// SPDX-License-Identifier: Apache-2.0
#include "code_kit.h"

struct fx *kit_new(bool mirrored)
{
    struct fx *f = mirrored ? fx_new() : fx_bench();
    struct tb_cmd_store_put gz = {
        .put.code = S("gz"), .name = S("Guangzhou"), .region = S("cn/south/guangdong")};
    struct tb_cmd_store_put bj = {
        .put.code = S("bj"), .name = S("Beijing"), .region = S("cn/north/beijing")};
    struct tb_cmd_product_put mouse = {.put.code = S("mouse"), .name = S("Mouse")};
    struct tb_cmd_associate_put ann = {.put.code = S("ann"), .name = S("Ann"), .store = S("gz")};
    struct tb_cmd_touchpoint_put scan = {
        .put.code = S("scan"), .name = S("Scan"), .kind = TB_TOUCH_SCAN, .store = S("gz")};
    fx_done(f, TB_OP_STORE_PUT, &gz);
    fx_done(f, TB_OP_STORE_PUT, &bj);
    fx_done(f, TB_OP_PRODUCT_PUT, &mouse);
    fx_done(f, TB_OP_ASSOCIATE_PUT, &ann);
    fx_done(f, TB_OP_TOUCHPOINT_PUT, &scan);
    return f;
}

uint32_t kit_batch(struct fx *f, const char *code, int64_t level, int64_t count)
{
    struct tb_cmd_code_batch_put in = {.put.code = tb_str_of(code),
                                       .scene = level ? TB_SCENE_CARTON : TB_SCENE_INSIDE,
                                       .level = level,
                                       .count = count,
                                       .divert_scans = 3,
                                       .divert_persons = 2,
                                       .divert_days = 30};
    fx_done(f, TB_OP_CODE_BATCH_PUT, &in);
    return (uint32_t)fx_uint(f, 1, 0);
}

uint32_t kit_scene(struct fx *f, const char *code, enum tb_code_scene scene, int64_t count)
{
    struct tb_cmd_code_batch_put in = {.put.code = tb_str_of(code), .scene = scene, .count = count};
    fx_done(f, TB_OP_CODE_BATCH_PUT, &in);
    return (uint32_t)fx_uint(f, 1, 0);
}

struct tb_cmd_codes_bind kit_bind(const char *batch, uint64_t from, uint64_t n)
{
    return (struct tb_cmd_codes_bind){.target = {.batch = tb_str_of(batch), .from = from, .n = n},
                                      .product = S("mouse"),
                                      .region = S("cn/south")};
}

struct tb_cmd_codes_move kit_move(const char *batch, uint64_t from, uint64_t n, enum tb_code_verb verb)
{
    return (struct tb_cmd_codes_move){.target = {.batch = tb_str_of(batch), .from = from, .n = n},
                                      .verb = verb,
                                      .reason = S("test")};
}

void kit_activate(struct fx *f, const char *batch, uint64_t from, uint64_t n)
{
    struct tb_cmd_codes_bind in = kit_bind(batch, from, n);
    in.activate = true;
    fx_done(f, TB_OP_CODES_BIND, &in);
}

void kit_pack(struct fx *f, struct tb_code_ref parent, struct tb_code_ref from, uint32_t n)
{
    struct tb_code_children child = {from.batch, from.serial, n, 0};
    struct tb_cmd_codes_pack in = {.parent = parent, .child = &child, .child_n = 1};
    fx_done(f, TB_OP_CODES_PACK, &in);
}

uint64_t kit_get(struct fx *f, struct tb_code_ref code, uint32_t field)
{
    struct tb_cmd_code_get in = {.code = code};
    fx_done(f, TB_OP_CODE_GET, &in);
    return fx_uint(f, field, 0);
}

struct tb_cmd_code_scan kit_scan(struct fx *f, struct tb_code_ref code, const struct tb_identifier *who)
{
    return (struct tb_cmd_code_scan){
        .code = code, .identifier = who, .identifier_n = who != NULL, .occurred_ms = f->now_ms};
}

uint64_t kit_scanned(struct fx *f, struct tb_code_ref code, const struct tb_identifier *who)
{
    struct tb_cmd_code_scan in = kit_scan(f, code, who);
    fx_done(f, TB_OP_CODE_SCAN, &in);
    return fx_uint(f, 1, 0);
}

uint64_t kit_rng(uint64_t *state)
{
    uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}
