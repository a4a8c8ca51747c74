// SPDX-License-Identifier: Apache-2.0
/* tests/crash/ops.h - the random commands of the load, made again from their intents.
 *
 * Every command is a pure function of its intent record, so that a second sending has the
 * same key and the same input.                                                          */
#ifndef TB_TESTS_CRASH_OPS_H
#define TB_TESTS_CRASH_OPS_H

#include "book.h"
#include "folder.h"

#include "core/catalog/catalog.h"
#include "core/ledger/ledger.h"
#include "core/ops.h"
#include "core/order/order.h"

#define TENANTS 2u
#define MEMBERS 400u /* the even ones are tenant 0's, the odd ones tenant 1's */

enum op_kind {
    OP_ORDER = 1,
    OP_ORDER_AGAIN, /* an order that stands already, with another Idempotency-Key */
    OP_CONTACT,     /* card and phone together: two persons become one */
    OP_ADJUST,
    OP_HOLD,
    OP_POST,
    OP_VOID,
};

struct world {
    struct folder *folder;
    uint32_t tenant[TENANTS];
    uint32_t card[TENANTS]; /* namespace blocks */
    uint32_t phone[TENANTS];
};

/* One command under way. Owned by the main thread but between submit and done. */
struct slot {
    struct tb_job_request r;
    struct record intent;
    struct record result;
    struct tb_identifier id[2];
    struct tb_cmd_order order;
    struct tb_order_line_input line;
    struct tb_cmd_contact contact;
    struct tb_cmd_adjust adjust;
    struct tb_cmd_hold hold;
    struct tb_cmd_hold_post post;
    struct tb_cmd_hold_void release;
    struct tb_cmd_member_get get;
    char text[2][24];
    char key[32];
    uint8_t region[64 << 10];
    uint64_t floor; /* reads: newest seq known when it was sent */
    _Atomic uint32_t state;
    const struct books *books;
    struct world *world;
};

/* Puts tenants, units and rules; the same words every time. False: said on stderr. */
bool world_make(struct world *w, struct folder *f);

/* Prepares the request of s->intent; done and user stay the caller's. */
void op_fill(struct world *w, struct slot *s);
/* A read of one member. */
void op_fill_read(struct world *w, struct slot *s, uint32_t member);
/* Fills s->result from the answer. False: the answer contradicts what was asked (said). */
bool op_read_answer(struct slot *s);

/* The Idempotency-Key's hash of a command, and back. */
uint64_t op_key(uint32_t book, uint64_t n);
void op_of_key(uint64_t key, uint32_t *book, uint64_t *n);

/* The identifiers of a member, as written on the card. */
void member_card(uint32_t member, char text[24]);
void member_phone(uint32_t member, char text[24]);
void member_key(struct world *w, uint32_t member, bool phone, uint64_t key[2]);

#endif
