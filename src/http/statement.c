// SPDX-License-Identifier: Apache-2.0
/* http/statement.c - what one entry of history moved on a member's accounts, as a statement shows it.
 *
 * Invariant   a member is never told which key acted; crossings within one person are no movements.
 * Not here    which entries and which page (op_events.c).                                      */
#include "core/approval/approval.h"
#include "core/ledger/ledger.h"
#include "http/app_int.h"
#include "http/event_json.h"

/* The key that asked for what another person approved, when the entry made that transfer; 0 = none. */
static uint64_t asker_of(const struct tb_entry *e, uint64_t transfer)
{
    struct tb_str list = e->bytes;
    struct tb_str body;
    uint32_t type;
    bool bad = false;
    while (transfer != 0 && tb_event_next(&list, &type, &body, &bad)) {
        struct tb_ev_request_moved ev;
        struct tb_arena none = {0}; /* the message holds no lists */
        if (type == TB_EVENT_REQUEST_MOVED && tb_ev_request_moved_decode(body, &none, &ev) && ev.made == transfer)
            return ev.asked_by;
    }
    return 0;
}

static void movement(struct tb_work *w, struct tb_json_out *o, const struct tb_entry *e,
                     const struct tb_ev_posted *ev)
{
    static const char *const causes[] = {NULL,     "earn",   "clawback", "spend",   "refund",
                                         "expire", "adjust", "cross",    "transfer"};
    tb_json_out_open(o, '{');
    tb_json_out_key_i64(o, "sequence", (int64_t)e->seq);
    tb_json_out_key_time(o, "time", e->now_ms);
    tb_out_code(w, o, "unit", TB_KIND_UNIT, ev->unit);
    tb_out_word(o, "cause", causes, TB_COUNT_OF(causes), ev->cause);
    tb_json_out_key_i64(o, "amount", ev->amount);
    if (ev->pending)
        tb_json_out_key_bool(o, "pending", true);
    tb_out_id(w, o, "order", TB_ID_ORDER, ev->order);
    tb_out_id(w, o, "transfer", TB_ID_TRANSFER, ev->transfer);
    if (ev->reason.n > 0)
        tb_json_out_key_str(o, "reason", ev->reason);
    tb_out_id(w, o, "reverses", TB_ID_TRANSFER, ev->reverses);
    if ((w->roles & 1u << TB_API_ROLE_MEMBER) == 0) {
        tb_out_code(w, o, "by", TB_KIND_KEY, ev->actor);
        tb_out_code(w, o, "asked_by", TB_KIND_KEY, asker_of(e, ev->transfer));
    }
    tb_json_out_close(o, '}');
}

uint32_t tb_statement_print(struct tb_work *w, struct tb_json_out *o, const struct tb_entry *e, uint32_t unit)
{
    struct tb_str list = e->bytes;
    struct tb_str body;
    uint32_t type, n = 0;
    bool bad = false;
    uint8_t scratch[8192];
    while (tb_event_next(&list, &type, &body, &bad)) {
        struct tb_ev_posted ev;
        struct tb_arena a;
        tb_arena_init(&a, scratch, sizeof scratch);
        if (type != TB_EVENT_POSTED || !tb_ev_posted_decode(body, &a, &ev) ||
            ev.cause == TB_CAUSE_CROSS || (unit != 0 && ev.unit != unit))
            continue;
        movement(w, o, e, &ev);
        n++;
    }
    return n;
}
