// SPDX-License-Identifier: Apache-2.0
/* http/op_play_config.c - declaring games and what channels allow; a game as everybody may see it.
 *
 * A seed leaves here once the game has ended and never before.                             */
#include <string.h>

#include "base/num.h"
#include "core/play/play.h"
#include "http/app_int.h"

#define HEX_BYTES 64u

static const char *const kinds[] = {"", "checkin", "draw", "stamps", "task", "scan", "sequence"};
static const char *const states[] = {"draft", "open", "paused", "ended"};
static const char *const reward_kinds[] = {"", "step", "milestone", "store", "associate"};
static const char *const targets[] = {"", "product", "category", "brand", "region", "campaign", "lot", "batch"};

/* ---- hexadecimal ------------------------------------------------------------------------------ */

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 32);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static struct tb_str read_seed(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_str hex = TB_STR_NONE;
    if (!tb_json_may_str(o, TB_STR("seed"), HEX_BYTES, HEX_BYTES, &hex) || hex.n != HEX_BYTES)
        return TB_STR_NONE;
    uint8_t *bytes = tb_arena_alloc(w->arena, TB_SEED_BYTES);
    for (uint32_t i = 0; i < TB_SEED_BYTES && bytes != NULL; i++) {
        int high = digit(hex.p[2 * i]);
        int low = digit(hex.p[2 * i + 1]);
        if (high < 0 || low < 0) {
            tb_json_refuse(o, TB_STR("seed"), TB_PROBLEM_INVALID_VALUE, "Not hexadecimal.");
            return TB_STR_NONE;
        }
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return (struct tb_str){(const char *)bytes, bytes ? TB_SEED_BYTES : 0};
}

static void out_hex(struct tb_json_out *o, const char *key, const uint8_t bytes[32])
{
    static const char digits[] = "0123456789abcdef";
    char hex[HEX_BYTES];
    for (uint32_t i = 0; i < 32; i++) {
        hex[2 * i] = digits[bytes[i] >> 4];
        hex[2 * i + 1] = digits[bytes[i] & 15];
    }
    tb_json_out_key_str(o, key, (struct tb_str){hex, HEX_BYTES});
}

/* ---- putting ------------------------------------------------------------------------------------ */

static void read_prizes(struct tb_work *w, struct tb_json_object *o, struct tb_cmd_game_put *in)
{
    struct tb_json_array list;
    struct tb_json_object p;
    if (!tb_json_may_array(o, TB_STR("prizes"), 0, TB_PRIZES_MAX, &list))
        return;
    struct tb_prize_input *prize = TB_NEW_ARRAY(w->arena, struct tb_prize_input, list.n + 1);
    in->prize = prize;
    while (prize != NULL && tb_json_next_object(&list, &p)) {
        struct tb_prize_input *x = &prize[in->prize_n++];
        x->code = tb_json_need_str(&p, TB_STR("code"), 1, TB_CODE_MAX);
        x->name = tb_may_str(&p, "name", TB_NAME_MAX);
        x->ppm = tb_may_i64(&p, "ppm", 0, TB_PPM, 0);
        x->unit = tb_may_str(&p, "unit", TB_CODE_MAX);
        x->amount = tb_may_i64(&p, "amount", 0, TB_AMOUNT_MAX, 0);
        x->value = tb_may_i64(&p, "value", 0, TB_AMOUNT_MAX, 0);
        x->stock = tb_may_i64(&p, "stock", 0, TB_AMOUNT_MAX, 0);
        x->per_member = tb_may_i64(&p, "per_member", 0, UINT32_MAX, 0);
        x->unlock = tb_may_i64(&p, "unlock", 0, UINT32_MAX, 0);
        x->release_every_ms = tb_may_i64(&p, "release_every_s", 0, 366 * INT64_C(86400), 0) * 1000;
        x->release_n = tb_may_i64(&p, "release_n", 0, UINT32_MAX, 0);
        tb_json_end(&p);
    }
}

static void read_rewards(struct tb_work *w, struct tb_json_object *o, struct tb_cmd_game_put *in)
{
    struct tb_json_array list;
    struct tb_json_object p;
    if (!tb_json_may_array(o, TB_STR("rewards"), 0, TB_REWARDS_MAX, &list))
        return;
    struct tb_reward_input *reward = TB_NEW_ARRAY(w->arena, struct tb_reward_input, list.n + 1);
    in->reward = reward;
    while (reward != NULL && tb_json_next_object(&list, &p)) {
        struct tb_reward_input *x = &reward[in->reward_n++];
        x->kind = 1 + (int64_t)tb_json_need_enum(&p, TB_STR("kind"), reward_kinds + 1, TB_REWARD_KINDS - 1);
        x->at = tb_may_i64(&p, "at", 1, 3660, 1);
        x->unit = tb_json_need_str(&p, TB_STR("unit"), 1, TB_CODE_MAX);
        x->amount = tb_json_need_i64(&p, TB_STR("amount"), 1, TB_AMOUNT_MAX);
        x->monthly = tb_may_bool(&p, "monthly");
        tb_json_end(&p);
    }
}

static void read_targets(struct tb_work *w, struct tb_json_object *o, struct tb_cmd_game_put *in)
{
    struct tb_json_array list;
    struct tb_json_object p;
    if (!tb_json_may_array(o, TB_STR("targets"), 0, TB_TARGETS_MAX, &list))
        return;
    struct tb_target_input *target = TB_NEW_ARRAY(w->arena, struct tb_target_input, list.n + 1);
    in->target = target;
    while (target != NULL && tb_json_next_object(&list, &p)) {
        struct tb_target_input *x = &target[in->target_n++];
        x->by = 1 + (int64_t)tb_json_need_enum(&p, TB_STR("by"), targets + 1, TB_TARGET_BYS - 1);
        x->text = tb_json_need_str(&p, TB_STR("value"), 1, TB_NAME_MAX);
        tb_json_end(&p);
    }
}

static void game_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_game_put *in = w->input;
    uint32_t period = 0;
    tb_read_put(w, o, &in->put);
    in->name = tb_may_str(o, "name", TB_NAME_MAX);
    in->kind = 1 + (int64_t)tb_json_need_enum(o, TB_STR("kind"), kinds + 1, TB_GAME_KINDS - 1);
    in->condition = tb_may_str(o, "condition", TB_CONDITION_MAX);
    (void)tb_json_may_time(o, TB_STR("from"), &in->from_ms);
    (void)tb_json_may_time(o, TB_STR("until"), &in->until_ms);
    in->flags = (tb_may_bool(o, "for_sharing") ? TB_GAME_FOR_SHARING : 0u) |
                (tb_may_bool(o, "odds_hidden") ? TB_GAME_ODDS_HIDDEN : 0u) |
                (tb_may_bool(o, "wraps") ? TB_GAME_WRAPS : 0u) |
                (tb_may_bool(o, "member_zone") ? TB_GAME_MEMBER_ZONE : 0u) |
                (tb_may_bool(o, "inside_only") ? TB_GAME_INSIDE_ONLY : 0u);
    in->per_day = tb_may_i64(o, "per_day", 0, 100000, 0);
    in->per_member = tb_may_i64(o, "per_member", 0, UINT32_MAX, 0);
    in->cost_unit = tb_may_str(o, "cost_unit", TB_CODE_MAX);
    in->cost = tb_may_i64(o, "cost", 0, TB_AMOUNT_MAX, 0);
    in->free_day = tb_may_i64(o, "free_day", 0, 1000, 0);
    in->pity_after = tb_may_i64(o, "pity_after", 0, 1000000, 0);
    in->pity = tb_may_str(o, "pity", TB_CODE_MAX);
    in->fallback = tb_may_str(o, "fallback", TB_CODE_MAX);
    in->seed = read_seed(w, o);
    in->unit = tb_may_str(o, "unit", TB_CODE_MAX);
    in->size = tb_may_i64(o, "size", 0, TB_CARD_SIZE_MAX, 0);
    in->window_days = tb_may_i64(o, "window_days", 0, TB_MAKEUP_DAYS_MAX, 0);
    (void)tb_json_may_enum(o, TB_STR("period"), tb_words_period, TB_CAP_PERIODS, &period);
    in->period = period;
    read_prizes(w, o, in);
    read_rewards(w, o, in);
    read_targets(w, o, in);
}

static void move_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_game_move *in = w->input;
    in->game = tb_path_text(w, o, 0, TB_STR("code"), TB_CODE_MAX);
    in->state = tb_json_need_enum(o, TB_STR("state"), states, TB_COUNT_OF(states));
    in->reason = tb_may_str(o, "reason", TB_REASON_MAX);
}

static void move_write(struct tb_work *w, struct tb_json_out *o)
{
    tb_json_out_open(o, '{');
    tb_out_word(o, "state", states, TB_COUNT_OF(states), tb_wire_u64(tb_work_answer(w), 1));
    tb_json_out_close(o, '}');
}

static void channel_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_channel_put *in = w->input;
    tb_read_put(w, o, &in->put);
    in->name = tb_may_str(o, "name", TB_NAME_MAX);
    in->forbids = (tb_may_bool(o, "forbid_sharing") ? TB_FORBIDS_SHARING : 0u) |
                  (tb_may_bool(o, "forbid_hidden_odds") ? TB_FORBIDS_HIDDEN_ODDS : 0u) |
                  (tb_may_bool(o, "forbid_packets") ? TB_FORBIDS_PACKETS : 0u);
    in->prize_ceiling = tb_may_i64(o, "prize_ceiling", 0, TB_AMOUNT_MAX, 0);
}

/* ---- payees ------------------------------------------------------------------------------------ */

static void payee_read(struct tb_work *w, struct tb_json_object *o, enum tb_kind kind)
{
    struct tb_cmd_payee_set *in = w->input;
    in->kind = kind;
    in->code = tb_path_text(w, o, 0, TB_STR("code"), TB_CODE_MAX);
    if (tb_json_has(o, TB_STR("member")))
        tb_read_who(w, o, TB_STR("member"), &in->who);
}

static void store_payee_read(struct tb_work *w, struct tb_json_object *o)
{
    payee_read(w, o, TB_KIND_STORE);
}

static void associate_payee_read(struct tb_work *w, struct tb_json_object *o)
{
    payee_read(w, o, TB_KIND_ASSOCIATE);
}

static void payee_write(struct tb_work *w, struct tb_json_out *o)
{
    tb_json_out_open(o, '{');
    tb_out_id(w, o, "member", TB_ID_MEMBER, tb_wire_u64(tb_work_answer(w), 12));
    tb_json_out_close(o, '}');
}

/* ---- telling -------------------------------------------------------------------------------------- */

static void get_read(struct tb_work *w, struct tb_json_object *o)
{
    tb_read_object(w, o, TB_KIND_GAME);
}

static void out_prizes(struct tb_work *w, struct tb_json_out *o, const struct tb_view *view)
{
    const struct tb_prize *p = view->section[TB_GAME_PRIZE];
    tb_json_out_key_open(o, "prizes", '[');
    for (uint32_t i = 0; i < view->n[TB_GAME_PRIZE]; i++) {
        tb_json_out_open(o, '{');
        tb_json_out_key_str(o, "code", tb_view_text(view, p[i].code));
        tb_json_out_key_str(o, "name", tb_view_text(view, p[i].name));
        tb_json_out_key_i64(o, "ppm", p[i].ppm);
        tb_out_code(w, o, "unit", TB_KIND_UNIT, p[i].unit);
        tb_json_out_key_i64(o, "amount", p[i].amount);
        tb_json_out_key_i64(o, "value", p[i].value);
        tb_json_out_key_i64(o, "stock", p[i].stock);
        tb_json_out_key_i64(o, "given", p[i].given);
        tb_json_out_key_i64(o, "per_member", p[i].per_member);
        tb_json_out_key_i64(o, "unlock", p[i].unlock);
        tb_json_out_key_i64(o, "release_every_s", p[i].release_every_ms / 1000);
        tb_json_out_key_i64(o, "release_n", p[i].release_n);
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
}

static void out_rewards(struct tb_work *w, struct tb_json_out *o, const struct tb_view *view)
{
    const struct tb_reward *r = view->section[TB_GAME_REWARD];
    tb_json_out_key_open(o, "rewards", '[');
    for (uint32_t i = 0; i < view->n[TB_GAME_REWARD]; i++) {
        tb_json_out_open(o, '{');
        tb_out_word(o, "kind", reward_kinds, TB_COUNT_OF(reward_kinds), r[i].kind);
        tb_json_out_key_i64(o, "at", r[i].at);
        tb_out_code(w, o, "unit", TB_KIND_UNIT, r[i].unit);
        tb_json_out_key_i64(o, "amount", r[i].amount);
        tb_json_out_key_bool(o, "monthly", r[i].monthly != 0);
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
}

static void out_targets(struct tb_work *w, struct tb_json_out *o, const struct tb_view *view)
{
    const struct tb_target *x = view->section[TB_GAME_TARGET];
    tb_json_out_key_open(o, "targets", '[');
    for (uint32_t i = 0; i < view->n[TB_GAME_TARGET]; i++) {
        tb_json_out_open(o, '{');
        tb_out_word(o, "by", targets, TB_COUNT_OF(targets), x[i].by);
        if (x[i].id != 0)
            tb_out_code(w, o, "value", x[i].by == TB_TARGET_PRODUCT ? TB_KIND_PRODUCT : TB_KIND_CODE_BATCH, x[i].id);
        else
            tb_json_out_key_str(o, "value", tb_view_text(view, x[i].text));
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
}

/* As they are put; those that are not set are left out. */
static void out_flags(struct tb_json_out *o, uint32_t flags)
{
    static const struct {
        uint32_t flag;
        const char *key;
    } row[] = {{TB_GAME_FOR_SHARING, "for_sharing"},
               {TB_GAME_ODDS_HIDDEN, "odds_hidden"},
               {TB_GAME_WRAPS, "wraps"},
               {TB_GAME_MEMBER_ZONE, "member_zone"},
               {TB_GAME_INSIDE_ONLY, "inside_only"}};
    for (uint32_t i = 0; i < TB_COUNT_OF(row); i++)
        if (flags & row[i].flag)
            tb_json_out_key_bool(o, row[i].key, true);
}

static struct tb_str prize_code(const struct tb_view *view, uint32_t number)
{
    const struct tb_prize *p = view->section[TB_GAME_PRIZE];
    return number > 0 && number <= view->n[TB_GAME_PRIZE] ? tb_view_text(view, p[number - 1].code) : TB_STR_NONE;
}

/* The rules as they stand; until a stock is raised they are what the hash is of. */
static void out_rules(struct tb_work *w, struct tb_json_out *o, const struct tb_view *view)
{
    const struct tb_game *g = view->head;
    const struct tb_prize *p = view->section[TB_GAME_PRIZE];
    uint32_t n = view->n[TB_GAME_PRIZE];
    struct tb_rules_prize *rows = TB_NEW_ARRAY(w->arena, struct tb_rules_prize, n + 1);
    size_t most = 400 + n * 220u; /* a line: a code and seven numbers */
    char *text = tb_arena_alloc(w->arena, most);
    if (rows == NULL || text == NULL)
        return;
    for (uint32_t i = 0; i < n; i++)
        rows[i] = (struct tb_rules_prize){tb_view_text(view, p[i].code), p[i].ppm, p[i].stock, p[i].per_member,
                                          p[i].unlock, p[i].release_every_ms, p[i].release_n, p[i].amount};
    struct tb_rules rules = {.game = tb_view_text(view, g->c.code),
                             .prize = rows,
                             .prize_n = n,
                             .pity_after = g->pity_after,
                             .pity = prize_code(view, g->pity),
                             .fallback = prize_code(view, g->fallback)};
    struct tb_buf b;
    tb_buf_init(&b, text, most);
    tb_play_rules_text(&rules, &b);
    tb_json_out_key_str(o, "rules_text", tb_buf_as_str(&b));
}

static void out_chance(struct tb_work *w, struct tb_json_out *o, const struct tb_view *view)
{
    const struct tb_game *g = view->head;
    if (g->kind != TB_GAME_DRAW)
        return;
    out_hex(o, "seed_hash", g->seed_hash);
    out_hex(o, "rules_hash", g->rules_hash);
    out_rules(w, o, view);
    if (g->state == TB_GAME_ENDED)
        out_hex(o, "seed", g->seed);
    tb_json_out_key_str(o, "fallback", prize_code(view, g->fallback));
    if (g->pity > 0)
        tb_json_out_key_str(o, "pity", prize_code(view, g->pity));
}

/* A member sees what she can play, and what ended so lately that she may want to check it. */
static bool hers(const struct tb_work *w, const struct tb_game *g)
{
    return g->state == TB_GAME_OPEN || (g->state == TB_GAME_ENDED && w->now_ms - g->ended_ms < 30 * TB_DAY_MS);
}

static void out_game(struct tb_work *w, struct tb_json_out *o, enum tb_kind kind, const struct tb_view *view)
{
    const struct tb_game *g = view->head;
    (void)kind;
    tb_json_out_open(o, '{');
    tb_json_out_key_str(o, "code", tb_view_text(view, g->c.code));
    tb_json_out_key_i64(o, "version", g->c.version);
    tb_json_out_key_str(o, "name", tb_view_text(view, g->c.name));
    tb_out_word(o, "kind", kinds, TB_COUNT_OF(kinds), g->kind);
    tb_out_word(o, "state", states, TB_COUNT_OF(states), g->state);
    tb_out_text(o, "condition", tb_view_text(view, g->condition));
    tb_out_time(o, "from", g->from_ms);
    tb_out_time(o, "until", g->until_ms);
    tb_out_time(o, "opened_at", g->opened_ms);
    tb_out_time(o, "ended_at", g->ended_ms);
    if (g->edition > 0)
        tb_json_out_key_i64(o, "edition", g->edition);
    tb_json_out_key_i64(o, "plays", g->plays);
    tb_out_code(w, o, "cost_unit", TB_KIND_UNIT, g->cost_unit);
    tb_json_out_key_i64(o, "cost", g->cost);
    tb_json_out_key_i64(o, "free_day", g->free_day);
    tb_json_out_key_i64(o, "per_day", g->per_day);
    tb_json_out_key_i64(o, "per_member", g->per_member);
    tb_json_out_key_i64(o, "pity_after", g->pity_after);
    tb_out_code(w, o, "unit", TB_KIND_UNIT, g->unit);
    tb_json_out_key_i64(o, "size", g->size);
    tb_json_out_key_i64(o, "window_days", g->window_days);
    if (g->kind == TB_GAME_TASK)
        tb_out_word(o, "period", tb_words_period, TB_CAP_PERIODS, g->period);
    out_flags(o, g->flags);
    out_chance(w, o, view);
    out_prizes(w, o, view);
    out_rewards(w, o, view);
    out_targets(w, o, view);
    tb_json_out_close(o, '}');
}

static void get_write(struct tb_work *w, struct tb_json_out *o)
{
    struct tb_view view;
    if (tb_view_read(TB_KIND_GAME, tb_wire_str(tb_wire_str(tb_work_answer(w), 1), 2), w->arena, &view))
        out_game(w, o, TB_KIND_GAME, &view);
    else
        tb_work_no(w, TB_CODE_TOO_LARGE, "");
}

static void list_read(struct tb_work *w, struct tb_json_object *o)
{
    (void)o;
    tb_read_objects(w, TB_KIND_GAME);
}

static void out_listed(struct tb_work *w, struct tb_json_out *o, enum tb_kind kind, const struct tb_view *view)
{
    if (w->call == NULL || w->call->who.person == 0 || hers(w, view->head))
        out_game(w, o, kind, view);
}

static void list_write(struct tb_work *w, struct tb_json_out *o)
{
    tb_work_out_list(w, o, TB_KIND_GAME, out_listed);
}

TB_WORK(game_put, TB_OP_GAME_PUT, tb_cmd_game_put, game_read, tb_work_out_put);
TB_WORK(game_get, TB_OP_OBJECT_GET, tb_cmd_object_get, get_read, get_write);
TB_WORK(game_list, TB_OP_OBJECT_LIST, tb_cmd_object_list, list_read, list_write);
TB_WORK(game_move, TB_OP_GAME_MOVE, tb_cmd_game_move, move_read, move_write);
TB_WORK(store_payee, TB_OP_PAYEE_SET, tb_cmd_payee_set, store_payee_read, payee_write);
TB_WORK(associate_payee, TB_OP_PAYEE_SET, tb_cmd_payee_set, associate_payee_read, payee_write);
TB_WORK(channel_put, TB_OP_CHANNEL_PUT, tb_cmd_channel_put, channel_read, tb_work_out_put);
