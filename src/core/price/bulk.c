// SPDX-License-Identifier: Apache-2.0
/* Lines that move as one part. See bulk.h. */
#include "core/price/bulk.h"

#include "core/price/price_int.h"

static int64_t pieces_of(const struct tb_basket_line *l)
{
    return l->whole ? 1 : l->quantity / 1000;
}

/* It tells the pieces of its lines apart, or how many there are. */
static bool counts(const struct tb_offer *o)
{
    if (o->max_units || o->min_pieces || o->cap_unit)
        return true;
    switch (o->mechanic) {
    case TB_PRICE_AMOUNT:
    case TB_PRICE_PERCENT:
    case TB_PRICE_FIXED:
    case TB_PRICE_TABLE:
    case TB_PRICE_GIFT:
    case TB_PRICE_POINTS:
        return false;
    case TB_PRICE_LADDER:
        return o->by_pieces;
    case TB_PRICE_AMOUNT_EACH:
    case TB_PRICE_CHEAPEST:
    case TB_PRICE_N_FOR:
    case TB_PRICE_BUY_GET:
    case TB_PRICE_BUNDLE:
        break;
    }
    return true;
}

static bool divides(const struct tb_offer *o, uint32_t line)
{
    bool in = tb_price_in(o->scope, line) || (o->mechanic == TB_PRICE_BUY_GET && tb_price_in(o->scope_y, line));
    return in && counts(o);
}

static bool may_move(const struct tb_basket_line *l, uint32_t line, const struct tb_offer *offer, uint32_t offer_n)
{
    if (l->whole || l->quantity / 1000 < 2 || l->quantity / 1000 >= TB_PRICE_BULK_MAX)
        return false;
    for (uint32_t i = 0; i < offer_n; i++)
        if (divides(&offer[i], line))
            return false;
    return true;
}

void tb_price_bulk(struct tb_basket_line *line, uint32_t line_n, const struct tb_offer *offer, uint32_t offer_n)
{
    int64_t parts = 0;
    tb_assert(line_n <= TB_PRICE_LINES_MAX);
    for (uint32_t i = 0; i < line_n; i++)
        parts += pieces_of(&line[i]);
    while (parts > TB_PRICE_PARTS_MAX) {
        uint32_t most = line_n;
        for (uint32_t i = 0; i < line_n; i++)
            if ((most == line_n || pieces_of(&line[i]) > pieces_of(&line[most])) &&
                may_move(&line[i], i, offer, offer_n))
                most = i;
        if (most == line_n)
            return;
        parts -= pieces_of(&line[most]) - 1;
        line[most].whole = true;
    }
}
