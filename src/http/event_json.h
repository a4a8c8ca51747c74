// SPDX-License-Identifier: Apache-2.0
/* http/event_json.h - any journaled event as JSON for people and webhooks.
 *
 * Numbers of members, orders, holds, transfers and devices become public ids; numbers of
 * configuration become codes; instants become times; what is secret, sealed or a keyed
 * hash is left out. So an event shows no personal data.                                   */
#ifndef TB_HTTP_EVENT_JSON_H
#define TB_HTTP_EVENT_JSON_H

#include "engine/entry.h"
#include "http/json_write.h"

struct tb_event_field {
    uint16_t no;
    char type; /* U S F B T X M, as in tools/gen_event_fields.py */
    bool repeated;
    uint16_t message;
    const char *name;
};
struct tb_event_kind {
    uint16_t no;
    uint16_t message;
    const char *name; /* "order_placed" */
};
extern const struct tb_event_field *const tb_event_messages[];
extern const char *const tb_event_message_names[]; /* "OrderPlaced" */
extern const struct tb_event_kind tb_event_kinds[];

struct tb_work;
/* {"sequence":..,"time":..,"type":"order","member":..,"data":[{"type":"order_placed",..}]}.
 * sequence: what the reader goes on with. Names that are not known yet are asked for in
 * w->wants; print again when they are there. Between tb_facts_enter and tb_facts_leave.   */
void tb_feed_print(struct tb_work *w, struct tb_json_out *o, const struct tb_entry *e,
                    uint64_t sequence);
/* statement.c. The entry's movements as objects of the open array: all, or of one unit; how many. Likewise. */
uint32_t tb_statement_print(struct tb_work *w, struct tb_json_out *o, const struct tb_entry *e, uint32_t unit);

#endif
