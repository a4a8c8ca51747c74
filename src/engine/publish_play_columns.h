// SPDX-License-Identifier: Apache-2.0
/* Columns of the play room's tables; publish_tables.c includes it once, behind its short names. */
#ifndef TB_ENGINE_PUBLISH_PLAY_COLUMNS_H
#define TB_ENGINE_PUBLISH_PLAY_COLUMNS_H

#define PLAYED                                                                                    \
    I("seq", "entry of the history"), I("part", "0, 1, 2 ... within it"), TENANT, I("game", ""), \
        I("profile", "who played"), I("at_ms", "")

static const struct tb_column games[] = {
    I("game", "number"), TENANT, CODE, NAME, VERSION,
    I("kind", "1 check-in, 2 draw, 3 stamp card, 4 task, 5 scan, 6 first messages"),
    I("state", "0 draft, 1 open, 2 paused, 3 ended"),
    I("from_ms", ""), I("until_ms", "none = open"),
    I("opened_ms", "none = never yet"), I("ended_ms", ""),
    I("plays", "by everybody"),
    I("cost_unit", ""), I("cost", "of a draw, of a day that is made up"),
    I("edition", "of a draw: version that was opened, part of every proof"),
};
static const struct tb_column game_prizes[] = {
    I("game", ""), I("prize", "1, 2 ... in the order of the rules"), TENANT, CODE, NAME,
    I("ppm", "weight; all of a game add up to 1,000,000"),
    I("unit", "none = nothing"), I("amount", ""),
    I("stock", "0 = without end"), I("given", ""),
};
static const struct tb_column game_draws[] = {
    PLAYED,
    I("draw", "the profile's draw of that number"),
    I("prize", "that was given"), I("drawn", "prize that the ticket fell on"),
    I("why", "0 as drawn; why the fallback was given: 1 locked, 2 member's cap, 3 out of stock, 4 not released, "
             "5 the unit's rules"),
    I("amount", ""), I("free", "1: it cost nothing"),
};
static const struct tb_column game_checkins[] = {
    PLAYED,
    I("day", "filled, days since 1970-01-01"), I("made_up", "1: afterwards, for its price"),
    I("streak", "days in a row with it"), I("amount", "of the ladder"),
};
static const struct tb_column game_stamps[] = {
    PLAYED,
    I("stamps", "given; below 0: taken back"), I("cards", "full ones of the profile, ever"),
};
static const struct tb_column game_tasks[] = {
    PLAYED,
    I("period_start", "first day of the period, days since 1970-01-01"),
    I("times", "done by the profile in it, with this one"),
};
static const struct tb_column scan_rewards[] = {
    PLAYED,
    I("batch", ""), I("serial", "of the code"),
    I("receiver", "1 who scanned, 3 the store's payee, 4 the associate's payee"),
    I("receiver_profile", ""), I("unit", ""), I("amount", ""),
    I("store", "credited"), I("associate", "credited"),
};
static const struct tb_column packets[] = {
    I("packet", "number"), TENANT,
    I("unit", ""), I("profile", "who gave it; none = the shop"),
    I("total", ""), I("left_over", "not claimed; with the claims it is the total"),
    I("shares", ""), I("claimed", "shares"),
    I("mode", "1 equal, 2 random"),
    I("made_ms", ""), I("deadline_ms", ""), I("closed_ms", "none = open"),
};
static const struct tb_column packet_claims[] = {
    I("seq", "entry of the history"), I("part", "0, 1, 2 ... within it"), TENANT,
    I("packet", ""), I("profile", "who claimed"), I("amount", ""), I("at_ms", ""),
};

#endif
