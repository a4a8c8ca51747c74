// SPDX-License-Identifier: Apache-2.0
/* core/card/apply.c - folding the room's events, filling its map at start-up, and its invariants. */
#include "core/card/card_int.h"
#include "core/order/order.h"

/* A card owns value and is nobody: it is not counted, and its holder keeps her own id. */
static void make_thing(struct tb_txn *t, uint32_t profile)
{
    uint32_t person = tb_person_by_profile(t, profile);
    struct tb_block *b = tb_write(t, TB_KIND_PERSON, person);
    uint32_t before = tb_person_classes(t, b);
    tb_person_profile(t, b, profile)->flags |= TB_PROFILE_THING;
    tb_person_refresh(t, person);
    tb_person_recount(t, before, tb_person_classes(t, tb_read(t, TB_KIND_PERSON, person)));
}

void tb_card_apply_card_made(struct tb_txn *t, const struct tb_ev_card_made *ev)
{
    struct tb_block *b = tb_create(t, TB_KIND_CARD, ev->card);
    struct tb_card card = {.tenant = t->tenant,
                           .kind = (uint32_t)ev->kind,
                           .state = (uint32_t)ev->state,
                           .unit = (uint32_t)ev->unit,
                           .profile = (uint32_t)ev->profile,
                           .batch = (uint32_t)ev->batch,
                           .serial = (uint32_t)ev->serial,
                           .hold = ev->hold,
                           .amount = (int64_t)ev->amount,
                           .made_ms = t->now_ms,
                           .moved_ms = t->now_ms,
                           .deadline_ms = ev->deadline_ms,
                           .face_n = ev->face.n,
                           .order = ev->order,
                           .tender = (uint32_t)ev->tender};
    *(struct tb_card *)tb_block_head(b) = card;
    tb_counter_used(t, TB_COUNTER_CARD, ev->card);
    if (ev->face.n)
        (void)tb_push_bytes(t, TB_KIND_CARD, ev->card, TB_CARD_BYTES, ev->face);
    if (card.kind == TB_CARD_PLASTIC) {
        tb_map_set(t, TB_MAP_CARD, tb_card_key((struct tb_code_ref){card.batch, card.serial}), ev->card);
        tb_map_set(t, TB_MAP_CARD, tb_card_profile_key(card.profile), ev->card);
        make_thing(t, card.profile);
    }
    if (card.order != 0) {
        struct tb_order_card row = {
            .card = ev->card, .amount = card.amount, .unit = card.unit, .tender = card.tender};
        (void)tb_push(t, TB_KIND_ORDER, card.order, TB_ORDER_CARD, &row);
    }
    tb_person_touch(t, card.profile);
}

/* Its line on the receipt. */
static void mark_returned(struct tb_txn *t, uint64_t order, uint64_t card)
{
    struct tb_block *b = tb_write(t, TB_KIND_ORDER, order);
    struct tb_order_card *row = tb_section(t, b, TB_ORDER_CARD);
    for (uint32_t i = 0; i < b->n[TB_ORDER_CARD]; i++)
        if (row[i].card == card)
            row[i].returned = 1;
}

void tb_card_apply_card_moved(struct tb_txn *t, const struct tb_ev_card_moved *ev)
{
    struct tb_card *card = tb_block_head(tb_write(t, TB_KIND_CARD, ev->card));
    card->state = (uint32_t)ev->state;
    card->other = (uint32_t)ev->other;
    card->hold = ev->hold;
    card->moved_ms = t->now_ms;
    if (card->state == TB_CARD_RETURNED && card->order != 0)
        mark_returned(t, card->order, ev->card);
    tb_person_touch(t, (uint32_t)ev->profile);
}

/* ---- start-up ------------------------------------------------------------------------------------ */

void tb_card_index(struct tb_core *c, struct tb_block *b)
{
    const struct tb_card *card = tb_block_head_const(b);
    if (c->store.counter[TB_COUNTER_CARD] < b->id)
        c->store.counter[TB_COUNTER_CARD] = b->id;
    if (card->kind != TB_CARD_PLASTIC)
        return;
    struct tb_map *map = &c->store.map[TB_MAP_CARD];
    uint64_t newest = 0;
    tb_map_put(map, tb_card_key((struct tb_code_ref){card->batch, card->serial}), b->id);
    if (!tb_map_get(map, tb_card_profile_key(card->profile), &newest) || newest < b->id)
        tb_map_put(map, tb_card_profile_key(card->profile), b->id);
}

/* ---- invariants ------------------------------------------------------------------------------------ */

static const struct tb_account *account_of(struct tb_core *c, const struct tb_card *card)
{
    uint32_t person = tb_store_column(&c->store, TB_COLUMN_PROFILE_PERSON, card->profile);
    struct tb_block *b = person ? tb_store_get(&c->store, TB_KIND_PERSON, person) : NULL;
    if (b == NULL)
        return NULL;
    const struct tb_account *account = tb_block_section(&tb_shapes[TB_KIND_PERSON], b, TB_PERSON_ACCOUNT);
    for (uint32_t i = 0; i < b->n[TB_PERSON_ACCOUNT]; i++)
        if (account[i].profile == card->profile && account[i].unit == card->unit)
            return &account[i];
    return NULL;
}

/* What it had is its replacement's, under the same profile (older journals handed it over to another one). */
static bool lives_on(struct tb_core *c, const struct tb_card *card)
{
    const struct tb_block *b = tb_store_get(&c->store, TB_KIND_CARD, card->other);
    return card->state == TB_CARD_REPLACED && b != NULL &&
           ((const struct tb_card *)tb_block_head_const(b))->profile == card->profile;
}

static const char *fault_of(struct tb_core *c, const struct tb_card *card)
{
    const struct tb_account *account = account_of(c, card);
    int64_t own = account ? account->credits - account->debits : 0;
    int64_t held = account ? account->held : 0;
    if (tb_store_column(&c->store, TB_COLUMN_PROFILE_PERSON, card->profile) == 0)
        return "has no person";
    if ((card->state == TB_CARD_REPLACED || card->state == TB_CARD_RETURNED) && own > 0 && !lives_on(c, card))
        return "was replaced or returned and has something";
    if (card->state == TB_CARD_BLOCKED && own > held)
        return "is blocked and has something that is not pinned";
    if ((card->kind == TB_CARD_GIFT) != (card->state >= TB_CARD_OFFERED && card->state <= TB_CARD_LAPSED))
        return "has a state of another kind";
    return NULL;
}

void tb_card_check(struct tb_audit *a)
{
    struct tb_core *c = a->core;
    for (uint64_t id = 1; id <= c->store.counter[TB_COUNTER_CARD]; id++) {
        const struct tb_block *b = tb_store_get(&c->store, TB_KIND_CARD, id);
        const char *why = b ? fault_of(c, tb_block_head_const(b)) : NULL;
        if (why != NULL)
            tb_audit_broken(a, "card", id, why);
    }
}
