// SPDX-License-Identifier: Apache-2.0
/* core/play/channel.c - what platforms allow, as data: a row a channel, asked at every play. */
#include "core/catalog/put.h"
#include "core/play/play_int.h"

enum tb_outcome tb_play_channel_put(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_channel_put *in = cmd->input;
    struct tb_put_run p = tb_put_begin(t, a, TB_KIND_CHANNEL, t->tenant, &in->put);
    tb_check_text(&p, "name", in->name, 0, TB_NAME_MAX);
    tb_check(&p, (in->forbids & ~(uint64_t)TB_FORBIDS_ALL) == 0, "forbids");
    tb_check_range(&p, "prize_ceiling", in->prize_ceiling, 0, TB_AMOUNT_MAX);
    struct tb_ev_channel_put ev = {.code = in->put.code,
                                   .name = in->name,
                                   .forbids = in->forbids,
                                   .prize_ceiling = (uint64_t)in->prize_ceiling};
    TB_PUT_EMIT(&p, channel_put, &ev);
    return tb_put_end(&p);
}

void tb_play_apply_channel_put(struct tb_txn *t, const struct tb_ev_channel_put *ev)
{
    const enum tb_kind kind = TB_KIND_CHANNEL;
    struct tb_config c = tb_config_fold(t, &(struct tb_config_fold){.kind = kind,
                                                                   .id = ev->id,
                                                                   .tenant = ev->tenant,
                                                                   .version = ev->version,
                                                                   .content = ev->content,
                                                                   .code = ev->code});
    c.name = tb_config_add_text(t, kind, ev->id, ev->name);
    struct tb_channel *head = tb_block_head(tb_write(t, kind, ev->id));
    *head = (struct tb_channel){
        .c = c, .prize_ceiling = (int64_t)ev->prize_ceiling, .forbids = (uint32_t)ev->forbids};
}

static bool over_ceiling(const struct tb_txn *t, struct tb_block *game, int64_t ceiling)
{
    const struct tb_prize *prize = game->n[TB_GAME_PRIZE] ? tb_section(t, game, TB_GAME_PRIZE) : NULL;
    for (uint32_t i = 0; i < game->n[TB_GAME_PRIZE]; i++)
        if (prize[i].value > ceiling)
            return true;
    return false;
}

/* A forbidden prize closes the whole game there: odds are never changed for a channel. */
enum tb_code tb_play_channel(const struct tb_txn *t, struct tb_str channel, struct tb_block *game)
{
    if (channel.n == 0)
        return TB_CODE_OK;
    uint32_t id = tb_find_code(t, TB_KIND_CHANNEL, channel);
    if (id == 0)
        return TB_CODE_UNKNOWN_CHANNEL;
    const struct tb_channel *c = tb_block_head_const(tb_read(t, TB_KIND_CHANNEL, id));
    if (game == NULL)
        return c->forbids & TB_FORBIDS_PACKETS ? TB_CODE_CHANNEL_FORBIDS : TB_CODE_OK;
    const struct tb_game *g = tb_block_head_const(game);
    bool forbidden = (g->flags & TB_GAME_FOR_SHARING && c->forbids & TB_FORBIDS_SHARING) ||
                     (g->flags & TB_GAME_ODDS_HIDDEN && c->forbids & TB_FORBIDS_HIDDEN_ODDS) ||
                     (c->prize_ceiling > 0 && over_ceiling(t, game, c->prize_ceiling));
    return forbidden ? TB_CODE_CHANNEL_FORBIDS : TB_CODE_OK;
}
