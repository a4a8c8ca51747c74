// SPDX-License-Identifier: Apache-2.0
#include "core/core.h"

#include <stdarg.h>

#include "core/approval/approval.h"
#include "core/card/card.h"
#include "core/catalog/rule_env.h"
#include "core/checkout/checkout.h"
#include "core/code/code.h"
#include "core/consent/consent.h"
#include "core/identity/identity.h"
#include "core/ledger/ledger.h"
#include "core/issue/issue.h"
#include "core/mall/mall.h"
#include "core/promotion/book.h"
#include "core/membership/membership.h"
#include "core/ops.h"
#include "core/order/order.h"
#include "core/promotion/promotion.h"
#include "core/promotion/commands.h"
#include "core/play/play.h"
#include "events.gen.h"

const char *tb_code_name(enum tb_code code)
{
    static const char *const name[] = {
#define NAME(id, status, text) #id,
        TB_CODES(NAME)
#undef NAME
    };
    tb_assert(code < TB_CODE_COUNT);
    return name[code];
}

int tb_code_status(enum tb_code code)
{
    static const int status[] = {
#define STATUS(id, http, text) http,
        TB_CODES(STATUS)
#undef STATUS
    };
    tb_assert(code < TB_CODE_COUNT);
    return status[code];
}

const char *tb_code_text(enum tb_code code)
{
    static const char *const text[] = {
#define TEXT(id, status, sentence) sentence,
        TB_CODES(TEXT)
#undef TEXT
    };
    tb_assert(code < TB_CODE_COUNT);
    return text[code];
}

void tb_core_init(struct tb_core *c, struct tb_mem mem, const struct tb_core_env *env)
{
    tb_store_init(&c->store, mem, tb_shapes, TB_KINDS);
    c->store.fact_maps = 1u << TB_MAP_ORDER | 1u << TB_MAP_RECEIPT | 1u << TB_MAP_RETURN |
                         1u << TB_MAP_TRANSFER;
    c->env = *env;
    memset(&c->cache, 0, sizeof c->cache);
}

enum tb_outcome tb_refuse(struct tb_answer *a, enum tb_code code, const char *field)
{
    tb_assert(code != TB_CODE_OK);
    a->code = code;
    struct tb_buf b;
    tb_buf_init(&b, a->field, sizeof a->field - 1);
    tb_buf_c(&b, field);
    a->field[b.n] = 0;
    return TB_REFUSED;
}

/* ---- commands ------------------------------------------------------------------------ */

enum { READ = 0, WRITE = 1 };

const char *tb_op_name(uint32_t op)
{
    switch (op) {
#define OP_NAME(number, name, mode, fn, input) \
    case number:                               \
        return #name;
        TB_OPS(OP_NAME)
#undef OP_NAME
    default:
        return NULL;
    }
}

bool tb_op_reads(uint32_t op)
{
    static const bool reads[] = {
#define OP_READS(number, name, mode, fn, input) [number] = (mode) == READ,
        TB_OPS(OP_READS)
#undef OP_READS
    };
    return op < TB_COUNT_OF(reads) && reads[op];
}

enum tb_outcome tb_core_run(struct tb_core *c, struct tb_txn *t, const struct tb_command *cmd,
                            struct tb_answer *answer)
{
    t->core = c;
    t->env = &c->env;
    answer->code = TB_CODE_OK;
    answer->field[0] = 0;
    answer->body.n = 0;
    answer->body.overflowed = false;
    enum tb_outcome outcome;
    switch (cmd->op) {
#define OP_RUN(number, name, mode, fn, input) \
    case number:                              \
        outcome = fn(t, cmd, answer);         \
        break;
        TB_OPS(OP_RUN)
#undef OP_RUN
    default:
        tb_assert(!"an operation of core/ops.h");
        return TB_REFUSED;
    }
    if (outcome == TB_DONE && (t->events.overflowed || answer->body.overflowed))
        return tb_refuse(answer, TB_CODE_TOO_LARGE, "");
    /* DONE with a refusal's code: a refusal that leaves a record */
    tb_assert(outcome != TB_REFUSED || answer->code != TB_CODE_OK);
    return outcome;
}

bool tb_core_replay(struct tb_core *c, struct tb_txn *t, uint32_t type, struct tb_str body)
{
    t->core = c;
    t->env = &c->env;
    return tb_event_apply(t, type, body, t->scratch);
}

/* The passes stand apart, so that none saves registers for another. */
static __attribute__((noinline)) void prefetch_key(struct tb_core *c, uint32_t tenant, const struct tb_identifier *id,
                                                   struct tb_prefetch *carry)
{
    carry->found = tb_key_identifier(tenant, id->ns, id->key, 0);
    tb_map_prefetch(&c->store.map[TB_MAP_IDENTIFIER], carry->found);
}

static __attribute__((noinline)) void prefetch_profile(struct tb_core *c, struct tb_prefetch *carry)
{
    uint64_t profile = 0;
    (void)tb_map_get(&c->store.map[TB_MAP_IDENTIFIER], carry->found, &profile);
    carry->found = profile;
    tb_store_prefetch_column(&c->store, TB_COLUMN_PROFILE_PERSON, profile);
}

static void prefetch_member(struct tb_core *c, uint32_t tenant, const struct tb_identifier *id,
                            uint32_t pass, struct tb_prefetch *carry)
{
    const struct tb_store *s = &c->store;
    if (pass == 0) {
        __builtin_prefetch(id);
    } else if (pass == 1) {
        prefetch_key(c, tenant, id, carry);
    } else if (carry->found == 0) {
        return;
    } else if (pass == 2) {
        prefetch_profile(c, carry);
    } else if (pass == 3) {
        carry->found = tb_store_column(s, TB_COLUMN_PROFILE_PERSON, carry->found);
        tb_store_prefetch_slot(s, TB_KIND_PERSON, carry->found);
    } else if (pass == 4) {
        tb_store_prefetch(s, TB_KIND_PERSON, carry->found);
    } else {
        tb_store_prefetch_rest(s, TB_KIND_PERSON, carry->found);
    }
}

#define PREFETCH_LINES 8u /* of an order: its products */

static __attribute__((noinline)) void prefetch_order(struct tb_core *c, uint32_t tenant, const struct tb_cmd_order *in,
                           uint32_t pass, struct tb_prefetch *carry)
{
    uint32_t lines = in->line_n < PREFETCH_LINES ? in->line_n : PREFETCH_LINES;
    if (pass == 0) {
        __builtin_prefetch(in->key.p);
        for (uint32_t i = 0; i < lines; i += 2)
            __builtin_prefetch(&in->line[i]);
    } else if (pass == 1) {
        carry->order = tb_hash_text(&c->env.hash_key, tenant, TB_MAP_ORDER, in->key);
        tb_map_prefetch(&c->store.map[TB_MAP_ORDER], carry->order);
        for (uint32_t i = 0; i < lines; i++)
            __builtin_prefetch(in->line[i].sku.p);
    } else if (pass == 2) {
        for (uint32_t i = 0; i < lines; i++)
            (void)tb_core_prefetch_code(c, tenant, TB_KIND_PRODUCT, in->line[i].sku);
    }
}

/* Whom the command, no order, names by an identifier; NULL: by number, or nobody. */
static const struct tb_identifier *named(const struct tb_command *cmd)
{
    const struct tb_who *who = NULL;
    switch (cmd->op) {
    case TB_OP_CONTACT: {
        const struct tb_cmd_contact *in = cmd->input;
        return in->identifier_n > 0 ? in->identifier : NULL;
    }
    case TB_OP_MEMBER_GET:
        who = &((const struct tb_cmd_member_get *)cmd->input)->who;
        break;
    case TB_OP_DRAW:
    case TB_OP_TASK_DO:
    case TB_OP_SEQUENCE_NEXT:
        who = &((const struct tb_cmd_play *)cmd->input)->who;
        break;
    case TB_OP_CHECKIN:
        who = &((const struct tb_cmd_checkin *)cmd->input)->who;
        break;
    case TB_OP_STAMP:
        who = &((const struct tb_cmd_stamp *)cmd->input)->who;
        break;
    case TB_OP_COUPON_CLAIM:
        who = &((const struct tb_cmd_coupon_claim *)cmd->input)->member;
        break;
    default:
        break;
    }
    return who != NULL && who->profile == 0 && who->identifier.ns != 0 ? &who->identifier : NULL;
}

/* The order that the command places or would place; NULL: none. */
static const struct tb_cmd_order *order_in(const struct tb_command *cmd)
{
    switch (cmd->op) {
    case TB_OP_ORDER:
        return cmd->input;
    case TB_OP_QUOTE:
    case TB_OP_CHECKOUT:
        return &((const struct tb_cmd_quote *)cmd->input)->order;
    case TB_OP_CONFIRM:
        return &((const struct tb_cmd_confirm *)cmd->input)->quote.order;
    default:
        return NULL;
    }
}

static __attribute__((noinline)) void prefetch_other(struct tb_core *c, const struct tb_command *cmd, uint32_t pass,
                                                     struct tb_prefetch *carry)
{
    if (cmd->op == TB_OP_CODE_SCAN) {
        tb_code_prefetch(&c->store, cmd->input, cmd->tenant, pass);
        return;
    }
    if (pass == 0)
        carry->id = named(cmd);
    if (carry->id != NULL)
        prefetch_member(c, cmd->tenant, carry->id, pass, carry);
    if (cmd->op == TB_OP_DRAW)
        tb_play_prefetch(c, cmd->tenant, ((const struct tb_cmd_play *)cmd->input)->game, pass, carry);
}

void tb_core_prefetch(struct tb_core *c, const struct tb_command *cmd, uint32_t pass,
                      struct tb_prefetch *carry)
{
    if (pass == 0)
        carry->in = order_in(cmd);
    if (carry->in == NULL) {
        prefetch_other(c, cmd, pass, carry);
        return;
    }
    if (pass == 0)
        carry->id = carry->in->identifier_n > 0 ? carry->in->identifier : NULL;
    if (pass <= 2 && carry->in->line_n > 0)
        prefetch_order(c, cmd->tenant, carry->in, pass, carry);
    if (carry->id != NULL)
        prefetch_member(c, cmd->tenant, carry->id, pass, carry);
}

void tb_core_ahead(struct tb_core *c, const struct tb_command *cmd, const struct tb_prefetch *carry)
{
    if ((cmd->op == TB_OP_ORDER || cmd->op == TB_OP_CONFIRM) && carry->order != 0)
        tb_key_known(c, cmd->tenant, TB_MAP_ORDER, carry->in->key, carry->order);
}

/* ---- what is due ---------------------------------------------------------------------- */

static int64_t min_ms(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t tb_core_due_ms(const struct tb_core *c, const struct tb_block *b)
{
    if (b->kind == TB_KIND_PERSON)
        return min_ms(min_ms(tb_ledger_due_ms(&c->store, b), tb_membership_due_ms(&c->store, b)),
                      tb_consent_due_ms(&c->store, (struct tb_block *)(uintptr_t)b));
    if (b->kind == TB_KIND_DEVICE)
        return tb_identity_due_ms(&c->store, b);
    if (b->kind == TB_KIND_BASKET)
        return tb_checkout_due_ms(b);
    if (b->kind == TB_KIND_PACKET)
        return tb_play_due_ms(b);
    if (b->kind == TB_KIND_CARD)
        return tb_card_due_ms(b);
    if (b->kind == TB_KIND_REQUEST)
        return tb_request_due_ms(b);
    return INT64_MAX;
}

enum tb_outcome tb_core_fire(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_fire *in = cmd->input;
    if (tb_read(t, in->kind, in->id) == NULL)
        return tb_refuse(a, TB_CODE_NOT_FOUND, "id");
    if (in->kind == TB_KIND_PERSON) {
        tb_ledger_settle(t, (uint32_t)in->id);
        tb_membership_fire(t, (uint32_t)in->id);
        tb_consent_fire(t, (uint32_t)in->id);
    } else if (in->kind == TB_KIND_DEVICE) {
        tb_identity_fire(t, in->id);
    } else if (in->kind == TB_KIND_BASKET) {
        tb_checkout_fire(t, in->id);
    } else if (in->kind == TB_KIND_PACKET) {
        tb_play_fire(t, (uint32_t)in->id);
    } else if (in->kind == TB_KIND_CARD) {
        tb_card_fire(t, in->id);
    } else if (in->kind == TB_KIND_REQUEST) {
        tb_request_fire(t, in->id);
    }
    return TB_DONE;
}

/* ---- start-up --------------------------------------------------------------------------- */

static void index_unit_day(struct tb_core *c, struct tb_block *b)
{
    const struct tb_unit_day *d = tb_block_head_const(b);
    uint64_t key = tb_key_number(d->unit, (uint64_t)(uint32_t)d->day | (uint64_t)1 << 33);
    tb_map_put(&c->store.map[TB_MAP_UNIT_DAY], key, b->id);
}

static void index_holds(struct tb_core *c, struct tb_block *b)
{
    const struct tb_hold *hold =
        tb_block_section(&tb_shapes[TB_KIND_PERSON], b, TB_PERSON_HOLD);
    for (uint32_t i = 0; i < b->n[TB_PERSON_HOLD]; i++)
        tb_map_put(&c->store.map[TB_MAP_HOLD], tb_mix(hold[i].id), hold[i].profile);
}

bool tb_core_load(struct tb_core *c, enum tb_kind kind, uint64_t id, struct tb_str packed)
{
    if ((uint32_t)kind >= TB_KINDS || tb_shapes[kind].name == NULL || id == 0)
        return false;
    struct tb_block *b = tb_block_unpack(&c->store.pool, &tb_shapes[kind], (uint8_t)kind, id, packed);
    if (b == NULL)
        return false;
    tb_store_load(&c->store, b);
    if (kind == TB_KIND_PERSON) {
        tb_identity_index(c, b);
        index_holds(c, b);
    } else if (kind == TB_KIND_DEVICE) {
        tb_identity_index(c, b);
    } else if (kind == TB_KIND_UNIT_DAY) {
        index_unit_day(c, b);
    } else if (kind > TB_KIND_CODE_BATCH && kind <= TB_KIND_CODE_GUESS) {
        tb_code_index(c, b);
    } else if (kind == TB_KIND_SEAT || kind == TB_KIND_PACKET) {
        tb_play_index(c, b);
    } else if (kind == TB_KIND_EXCHANGE) {
        tb_mall_index(c, b);
    } else if (kind == TB_KIND_CARD) {
        tb_card_index(c, b);
    } else if (kind == TB_KIND_REQUEST) {
        tb_request_index(c, b);
    } else if (kind != TB_KIND_BASKET) {
        tb_catalog_index(c, b);
    }
    return true;
}

void tb_core_loaded(struct tb_core *c)
{
    (void)tb_rule_refresh_all(c);
    (void)tb_offer_refresh_all(c);
    tb_play_refresh(c);
}

/* ---- the audit ---------------------------------------------------------------------------- */

void tb_audit_found(struct tb_audit *a, const char *sentence, ...)
{
    char text[200];
    struct tb_buf b;
    va_list args;
    tb_buf_init(&b, text, sizeof text);
    va_start(args, sentence);
    tb_buf_vprintf(&b, sentence, args);
    va_end(args);
    tb_assert(!b.overflowed);
    text[b.n] = 0;
    a->found(a->user, text);
    a->breaks++;
}

void tb_audit_broken(struct tb_audit *a, const char *what, uint64_t id, const char *why)
{
    tb_audit_found(a, "%s %llu: %s", what, (unsigned long long)id, why);
}

/* sums: unit -> credits - debits + pending over all member accounts */
static void audit_person(struct tb_audit *a, struct tb_block *b, struct tb_map *sums)
{
    uint32_t unit;
    if (!tb_ledger_person_sound(&a->core->store, b, &unit))
        tb_audit_found(a, "person %llu: lots, holds and balance of unit %u disagree", (unsigned long long)b->id, unit);
    const struct tb_account *account =
        tb_block_section(&tb_shapes[TB_KIND_PERSON], b, TB_PERSON_ACCOUNT);
    for (uint32_t i = 0; i < b->n[TB_PERSON_ACCOUNT]; i++) {
        uint64_t key = tb_mix(account[i].unit);
        uint64_t net = 0;
        (void)tb_map_get(sums, key, &net);
        net += (uint64_t)(account[i].credits - account[i].debits + account[i].pending);
        tb_map_put(sums, key, net);
    }
}

static bool guard_broken(const struct tb_unit_book *book)
{
    static const enum tb_tenant_account guarded[] = {TB_ACCOUNT_FUND, TB_ACCOUNT_HELD};
    for (uint32_t i = 0; i < TB_COUNT_OF(guarded); i++)
        if (book->account[guarded[i]].credits < book->account[guarded[i]].debits)
            return true;
    return false;
}

static void audit_unit(struct tb_audit *a, uint64_t unit, const struct tb_map *sums)
{
    const struct tb_core *c = a->core;
    const struct tb_block *b = tb_store_get(&c->store, TB_KIND_UNIT_BOOK, unit);
    uint64_t members = 0;
    (void)tb_map_get(sums, tb_mix(unit), &members);
    int64_t books = 0;
    int64_t days = 0;
    if (b != NULL) {
        const struct tb_unit_book *book = tb_block_head_const(b);
        for (uint32_t i = 0; i < TB_TENANT_ACCOUNTS; i++)
            books += book->account[i].credits - book->account[i].debits;
    }
    for (uint64_t id = 1; id <= c->store.counter[TB_COUNTER_UNIT_DAY]; id++) {
        const struct tb_block *day = tb_store_get(&c->store, TB_KIND_UNIT_DAY, id);
        const struct tb_unit_day *d = day ? tb_block_head_const(day) : NULL;
        if (d != NULL && d->unit == unit)
            days += d->earned - d->reversed - d->spent - d->expired + d->adjusted;
    }
    const char *what = NULL;
    if ((int64_t)members + books != 0)
        what = "members' accounts and the tenant's own do not sum to 0";
    else if (days != (int64_t)members)
        what = "the roll-forward does not close at what members hold";
    else if (b != NULL && ((const struct tb_unit_book *)tb_block_head_const(b))
                                  ->account[TB_ACCOUNT_CLEARING]
                                  .credits != ((const struct tb_unit_book *)tb_block_head_const(b))
                                                  ->account[TB_ACCOUNT_CLEARING]
                                                  .debits)
        what = "the clearing account is not at 0";
    else if (b != NULL && guard_broken(tb_block_head_const(b)))
        what = "a guarded account is below 0";
    if (what != NULL)
        tb_audit_found(a, "unit %llu: %s (members %lld, books %lld, days %lld)", (unsigned long long)unit, what,
                       (long long)members, (long long)books, (long long)days);
}

uint64_t tb_core_check(struct tb_core *c, tb_finding_fn found, void *user)
{
    struct tb_audit a = {.core = c, .found = found, .user = user};
    struct tb_map *sums = tb_pool_alloc(&c->store.pool, sizeof *sums);
    tb_map_init(sums, &c->store.pool);
    for (uint64_t id = 1; id <= c->store.counter[TB_COUNTER_PERSON]; id++) {
        struct tb_block *b = tb_store_get(&c->store, TB_KIND_PERSON, id);
        if (b != NULL)
            audit_person(&a, b, sums);
    }
    for (uint64_t id = 1; id <= c->store.counter[TB_COUNTER_CONFIG]; id++)
        if (tb_store_get(&c->store, TB_KIND_UNIT, id) != NULL)
            audit_unit(&a, id, sums);
    tb_map_deinit(sums);
    tb_pool_free(&c->store.pool, sums, sizeof *sums);
    tb_identity_check(&a);
    tb_code_check(&a);
    tb_promotion_check(&a);
    tb_promotion_book_check(&a);
    tb_play_check(&a);
    tb_mall_check(&a);
    tb_card_check(&a);
    tb_request_check(&a);
    return a.breaks;
}
