// SPDX-License-Identifier: Apache-2.0
/* http/event_rules.h - what each field of an event means to a reader outside. Private to event_json.c.
 *
 * A rule is found by the field's name, or by its message and name where one name means several things; what
 * has no rule is a plain number or text, and "x_ms" an instant "x_at". */
#ifndef TB_HTTP_EVENT_RULES_H
#define TB_HTTP_EVENT_RULES_H

#include "http/app_int.h"
#include "http/event_json.h"

enum tb_feed_meaning {
    TB_FEED_PLAIN = 0,
    TB_FEED_HIDDEN,
    TB_FEED_ID,      /* what: enum tb_id_kind */
    TB_FEED_CODE_OF, /* what: enum tb_kind, of an object */
    TB_FEED_MS,
    TB_FEED_SECONDS,
    TB_FEED_DAY,
    TB_FEED_WORD,   /* what: enum tb_feed_words */
    TB_FEED_BITS,   /* a word for each bit, as an array */
    TB_FEED_PLACE,  /* number of what the message's field `by` says */
};

struct tb_feed_rule {
    const char *in; /* message; NULL: any */
    const char *name;
    enum tb_feed_meaning meaning;
    uint32_t what;
    const char *as;
};

/* as: room for a name that is made. */
struct tb_feed_rule tb_feed_rule_of(uint32_t message, const struct tb_event_field *f, char as[48]);

/* Words of a rule's number; [i] may be NULL. */
struct tb_feed_words {
    const char *const *word;
    uint32_t n;
};
struct tb_feed_words tb_feed_words_of(uint32_t what);

#endif
