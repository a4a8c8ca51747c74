// SPDX-License-Identifier: Apache-2.0
/* core/catalog/place.c - where a shopper is met: stores, associates, touchpoints. */
#include "core/catalog/put.h"

/* ---- stores ------------------------------------------------------------------------------ */

enum tb_outcome tb_catalog_store_put(struct tb_txn *t, const struct tb_command *cmd,
                                     struct tb_answer *a)
{
    const struct tb_cmd_store_put *in = cmd->input;
    struct tb_put_run p = tb_put_begin(t, a, TB_KIND_STORE, t->tenant, &in->put);
    tb_check_text(&p, "name", in->name, 1, TB_NAME_MAX);
    tb_check_range(&p, "latitude", in->latitude_e7, -900000000, 900000000);
    tb_check_range(&p, "longitude", in->longitude_e7, -1800000000, 1800000000);
    tb_check_range(&p, "trade_radius_m", in->trade_radius_m, 0, 1000000);
    tb_check_text(&p, "region", in->region, 0, TB_NAME_MAX);
    struct tb_ev_store_put ev = {.code = in->put.code,
                                 .name = in->name,
                                 .latitude_e7 = in->latitude_e7,
                                 .longitude_e7 = in->longitude_e7,
                                 .trade_radius_m = (uint64_t)in->trade_radius_m,
                                 .region = in->region,
                                 .closed = in->closed};
    TB_PUT_EMIT(&p, store_put, &ev);
    return tb_put_end(&p);
}

void tb_catalog_apply_store_put(struct tb_txn *t, const struct tb_ev_store_put *ev)
{
    const enum tb_kind kind = TB_KIND_STORE;
    struct tb_config c = tb_config_fold(t, &(struct tb_config_fold){.kind = kind,
                                                                   .id = ev->id,
                                                                   .tenant = ev->tenant,
                                                                   .version = ev->version,
                                                                   .content = ev->content,
                                                                   .code = ev->code});
    c.name = tb_config_add_text(t, kind, ev->id, ev->name);
    struct tb_text region = tb_config_add_text(t, kind, ev->id, ev->region);
    struct tb_store_place *head = tb_block_head(tb_write(t, kind, ev->id));
    *head = (struct tb_store_place){.c = c,
                                    .payee = head->payee,
                                    .region = region,
                                    .latitude_e7 = (int32_t)ev->latitude_e7,
                                    .longitude_e7 = (int32_t)ev->longitude_e7,
                                    .trade_radius_m = (uint32_t)ev->trade_radius_m,
                                    .closed = ev->closed != 0};
}

/* ---- associates -------------------------------------------------------------------------- */

enum tb_outcome tb_catalog_associate_put(struct tb_txn *t, const struct tb_command *cmd,
                                         struct tb_answer *a)
{
    const struct tb_cmd_associate_put *in = cmd->input;
    struct tb_put_run p = tb_put_begin(t, a, TB_KIND_ASSOCIATE, t->tenant, &in->put);
    tb_check_text(&p, "name", in->name, 1, TB_NAME_MAX);
    uint32_t store =
        tb_check_named(&p, "store", TB_KIND_STORE, in->store, true, TB_CODE_UNKNOWN_STORE);
    struct tb_ev_associate_put ev = {
        .code = in->put.code, .name = in->name, .store = store, .left = in->left};
    TB_PUT_EMIT(&p, associate_put, &ev);
    return tb_put_end(&p);
}

void tb_catalog_apply_associate_put(struct tb_txn *t, const struct tb_ev_associate_put *ev)
{
    const enum tb_kind kind = TB_KIND_ASSOCIATE;
    struct tb_config c = tb_config_fold(t, &(struct tb_config_fold){.kind = kind,
                                                                   .id = ev->id,
                                                                   .tenant = ev->tenant,
                                                                   .version = ev->version,
                                                                   .content = ev->content,
                                                                   .code = ev->code});
    c.name = tb_config_add_text(t, kind, ev->id, ev->name);
    struct tb_associate *head = tb_block_head(tb_write(t, kind, ev->id));
    *head = (struct tb_associate){
        .c = c, .payee = head->payee, .store = (uint32_t)ev->store, .left = ev->left != 0};
}

/* ---- touchpoints ------------------------------------------------------------------------- */

void tb_touchpoint_decide(struct tb_put_run *p, const struct tb_cmd_touchpoint_put *in)
{
    tb_check_text(p, "name", in->name, 0, TB_NAME_MAX);
    tb_check_range(p, "kind", in->kind, 0, TB_TOUCHPOINT_KINDS - 1);
    tb_check_range(p, "visit_gap_s", in->visit_gap_s, 0, 86400);
    uint32_t store =
        tb_check_named(p, "store", TB_KIND_STORE, in->store, true, TB_CODE_UNKNOWN_STORE);
    struct tb_ev_touchpoint_put ev = {.code = in->put.code,
                                      .name = in->name,
                                      .kind = (uint64_t)in->kind,
                                      .store = store,
                                      .visit_gap_s = (uint64_t)in->visit_gap_s};
    TB_PUT_EMIT(p, touchpoint_put, &ev);
}

enum tb_outcome tb_catalog_touchpoint_put(struct tb_txn *t, const struct tb_command *cmd,
                                          struct tb_answer *a)
{
    const struct tb_cmd_touchpoint_put *in = cmd->input;
    struct tb_put_run p = tb_put_begin(t, a, TB_KIND_TOUCHPOINT, t->tenant, &in->put);
    tb_touchpoint_decide(&p, in);
    return tb_put_end(&p);
}

void tb_catalog_apply_touchpoint_put(struct tb_txn *t, const struct tb_ev_touchpoint_put *ev)
{
    const enum tb_kind kind = TB_KIND_TOUCHPOINT;
    struct tb_config c = tb_config_fold(t, &(struct tb_config_fold){.kind = kind,
                                                                   .id = ev->id,
                                                                   .tenant = ev->tenant,
                                                                   .version = ev->version,
                                                                   .content = ev->content,
                                                                   .code = ev->code});
    c.name = tb_config_add_text(t, kind, ev->id, ev->name);
    struct tb_touchpoint *head = tb_block_head(tb_write(t, kind, ev->id));
    *head = (struct tb_touchpoint){.c = c,
                                   .kind = (uint32_t)ev->kind,
                                   .store = (uint32_t)ev->store,
                                   .visit_gap_s = (uint32_t)ev->visit_gap_s};
}
