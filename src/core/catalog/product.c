// SPDX-License-Identifier: Apache-2.0
/* core/catalog/product.c - products and category paths. */
#include "core/catalog/put.h"

#define CATEGORY_LEVELS_MAX 8u

bool tb_category_within(struct tb_str path, struct tb_str prefix)
{
    if (prefix.n == 0 || tb_str_eq(path, prefix))
        return true;
    return tb_str_starts(path, prefix) && path.p[prefix.n] == '/';
}

/* Levels between single slashes, none empty or beginning or ending with a space. */
static bool category_valid(struct tb_str path)
{
    uint32_t levels = 0;
    for (uint32_t at = 0; at < path.n;) {
        uint32_t end = at;
        while (end < path.n && path.p[end] != '/')
            end++;
        bool slash_last = end == path.n - 1;
        if (end == at || path.p[at] == ' ' || path.p[end - 1] == ' ' || slash_last ||
            ++levels > CATEGORY_LEVELS_MAX)
            return false;
        at = end + 1;
    }
    return true;
}

static bool barcode_valid(struct tb_str s)
{
    for (uint32_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    return s.n == 0 || (s.n >= 8 && s.n <= 14);
}

static void check_fields(struct tb_put_run *p, const struct tb_cmd_product_put *in)
{
    tb_check_text(p, "name", in->name, 0, TB_NAME_MAX);
    tb_check_text(p, "category", in->category, 0, TB_CATEGORY_MAX);
    tb_check(p, category_valid(in->category), "category");
    tb_check_text(p, "brand", in->brand, 0, TB_NAME_MAX);
    tb_check_range(p, "price", in->price, 0, TB_AMOUNT_MAX);
    tb_check_range(p, "cost", in->cost, 0, TB_AMOUNT_MAX);
    tb_check(p, barcode_valid(in->barcode), "barcode");
    tb_check_range(p, "supply_days", in->supply_days, 0, 3660);
    tb_check_range(p, "life_from_months", in->life_from_months, 0, 1440);
    tb_check_range(p, "life_to_months", in->life_to_months, 0, 1440);
    tb_check(p, in->life_to_months >= in->life_from_months, "life_to_months");
    tb_check_text(p, "attributes", in->attributes, 0, TB_JSON_MAX);
}

enum tb_outcome tb_catalog_product_put(struct tb_txn *t, const struct tb_command *cmd,
                                       struct tb_answer *a)
{
    const struct tb_cmd_product_put *in = cmd->input;
    struct tb_put_run p = tb_put_begin(t, a, TB_KIND_PRODUCT, t->tenant, &in->put);
    check_fields(&p, in);
    struct tb_ev_product_put ev = {.code = in->put.code,
                                   .name = in->name,
                                   .category = in->category,
                                   .brand = in->brand,
                                   .price = in->price,
                                   .cost = in->cost,
                                   .barcode = in->barcode,
                                   .weighed = in->weighed,
                                   .supply_days = (uint64_t)in->supply_days,
                                   .life_from_months = (uint64_t)in->life_from_months,
                                   .life_to_months = (uint64_t)in->life_to_months,
                                   .never_promoted = in->never_promoted,
                                   .attributes = in->attributes};
    TB_PUT_EMIT(&p, product_put, &ev);
    return tb_put_end(&p);
}

void tb_catalog_apply_product_put(struct tb_txn *t, const struct tb_ev_product_put *ev)
{
    const enum tb_kind kind = TB_KIND_PRODUCT;
    struct tb_config c = tb_config_fold(t, &(struct tb_config_fold){.kind = kind,
                                                                   .id = ev->id,
                                                                   .tenant = ev->tenant,
                                                                   .version = ev->version,
                                                                   .content = ev->content,
                                                                   .code = ev->code});
    c.name = tb_config_add_text(t, kind, ev->id, ev->name);
    struct tb_text category = tb_config_add_text(t, kind, ev->id, ev->category);
    struct tb_text brand = tb_config_add_text(t, kind, ev->id, ev->brand);
    struct tb_text barcode = tb_config_add_text(t, kind, ev->id, ev->barcode);
    struct tb_text attributes = tb_config_add_text(t, kind, ev->id, ev->attributes);
    struct tb_product *head = tb_block_head(tb_write(t, kind, ev->id));
    *head = (struct tb_product){.c = c,
                                .category = category,
                                .brand = brand,
                                .barcode = barcode,
                                .attributes = attributes,
                                .price = ev->price,
                                .cost = ev->cost,
                                .supply_days = (uint16_t)ev->supply_days,
                                .life_from_months = (uint16_t)ev->life_from_months,
                                .life_to_months = (uint16_t)ev->life_to_months,
                                .weighed = ev->weighed != 0,
                                .never_promoted = ev->never_promoted != 0};
}
