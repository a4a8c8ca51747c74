// SPDX-License-Identifier: Apache-2.0
/* core/play/check.c - the room's invariants, over everything in memory. */
#include "core/play/play_int.h"

static void check_game(struct tb_audit *a, struct tb_block *b)
{
    const struct tb_game *g = tb_block_head(b);
    const struct tb_prize *prize = tb_block_section(&tb_shapes[TB_KIND_GAME], b, TB_GAME_PRIZE);
    uint64_t ppm = 0;
    int64_t given = 0;
    for (uint32_t i = 0; i < b->n[TB_GAME_PRIZE]; i++) {
        ppm += prize[i].ppm;
        given += prize[i].given;
        if (prize[i].given < 0 || (prize[i].stock > 0 && prize[i].given > prize[i].stock))
            tb_audit_broken(a, "game", b->id, "more of a prize was given than there is");
    }
    if (g->kind != TB_GAME_DRAW)
        return;
    uint8_t hash[TB_SHA256_BYTES];
    tb_sha256((struct tb_str){(const char *)g->seed, TB_SEED_BYTES}, hash);
    if (ppm != TB_PPM)
        tb_audit_broken(a, "game", b->id, "the odds do not add up to 1,000,000");
    if (given != g->plays)
        tb_audit_broken(a, "game", b->id, "prizes given and draws differ");
    if (memcmp(hash, g->seed_hash, sizeof hash) != 0)
        tb_audit_broken(a, "game", b->id, "the seed is not the one that was published");
}

static void check_seat(struct tb_audit *a, struct tb_block *b)
{
    const struct tb_seat *s = tb_block_head(b);
    const struct tb_seat_run *run = tb_block_section(&tb_shapes[TB_KIND_SEAT], b, TB_SEAT_RUN);
    for (uint32_t i = 0; i < b->n[TB_SEAT_RUN]; i++)
        if (run[i].from > run[i].to || (i > 0 && run[i].from <= run[i - 1].to + 1))
            tb_audit_broken(a, "seat", b->id, "days are not sorted and joined");
    if (tb_store_get(&a->core->store, TB_KIND_GAME, s->game) == NULL)
        tb_audit_broken(a, "seat", b->id, "has no game");
    if (tb_store_column(&a->core->store, TB_COLUMN_PROFILE_PERSON, s->profile) == 0)
        tb_audit_broken(a, "seat", b->id, "has no person");
}

static void check_packet(struct tb_audit *a, struct tb_block *b)
{
    const struct tb_packet *p = tb_block_head(b);
    const struct tb_packet_claim *c = tb_block_section(&tb_shapes[TB_KIND_PACKET], b, TB_PACKET_CLAIM);
    uint32_t n = b->n[TB_PACKET_CLAIM];
    int64_t sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        sum += c[i].amount;
        if (c[i].amount < 1)
            tb_audit_broken(a, "packet", b->id, "a share is below one unit");
    }
    if (sum + p->left != p->total || n > p->shares || (n == p->shares && p->left != 0) ||
        p->left < (int64_t)(p->shares - n))
        tb_audit_broken(a, "packet", b->id, "shares and the rest do not add up");
}

void tb_play_check(struct tb_audit *a)
{
    const struct tb_store *s = &a->core->store;
    struct tb_block *b;
    for (uint64_t id = 1; id <= s->counter[TB_COUNTER_CONFIG]; id++)
        if ((b = tb_store_get(s, TB_KIND_GAME, id)) != NULL)
            check_game(a, b);
    for (uint64_t id = 1; id <= s->counter[TB_COUNTER_SEAT]; id++)
        if ((b = tb_store_get(s, TB_KIND_SEAT, id)) != NULL)
            check_seat(a, b);
    for (uint64_t id = 1; id <= s->counter[TB_COUNTER_PACKET]; id++)
        if ((b = tb_store_get(s, TB_KIND_PACKET, id)) != NULL)
            check_packet(a, b);
}
