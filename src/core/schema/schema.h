// SPDX-License-Identifier: Apache-2.0
/* core/schema/schema.h - the journal's events as data: names, types, and printing them.
 *
 * tools/gen_codec.py makes the tables from api/events.proto; here is what walks them.
 * Used by the events feed, webhooks and exports. Hidden fields (sealed values, secrets,
 * blind indexes, fingerprints) are in no table, so that nobody can print them by mistake.
 * Pure; any thread.                                                                    */
#ifndef TB_CORE_SCHEMA_H
#define TB_CORE_SCHEMA_H

#include "base/text.h"

enum tb_schema_type {
    TB_SCHEMA_UINT = 0,
    TB_SCHEMA_SINT, /* zigzag */
    TB_SCHEMA_FIXED64,
    TB_SCHEMA_STRING,
    TB_SCHEMA_BYTES,
    TB_SCHEMA_MESSAGE,
};

/* What a number in a field names. */
enum tb_schema_ref {
    TB_REF_NONE = 0,
    TB_REF_MEMBER, /* a profile */
    TB_REF_PERSON, /* a person block: inside only */
    TB_REF_ORDER,
    TB_REF_RETURN,
    TB_REF_LOT,
    TB_REF_HOLD,
    TB_REF_TRANSFER,
    TB_REF_DEVICE,
    TB_REF_JOB,
    TB_REF_TENANT,
    TB_REF_UNIT,
    TB_REF_NAMESPACE,
    TB_REF_STORE,
    TB_REF_PRODUCT,
    TB_REF_ASSOCIATE,
    TB_REF_TOUCHPOINT,
    TB_REF_ATTRIBUTE,
    TB_REF_PURPOSE,
    TB_REF_RULE,
    TB_REF_SCHEME,
    TB_REF_KEY,
    TB_REFS
};

struct tb_schema_message;
struct tb_schema_field {
    const char *name; /* as in the .proto */
    uint32_t number;
    uint8_t type; /* enum tb_schema_type */
    uint8_t ref;  /* enum tb_schema_ref */
    bool repeated;
    const struct tb_schema_message *message; /* of TB_SCHEMA_MESSAGE */
};
struct tb_schema_message {
    const char *name;
    const struct tb_schema_field *field;
    uint32_t field_n;
};

/* The event with that number; NULL when unknown. Made by tools/gen_codec.py. */
const struct tb_schema_message *tb_schema_event(uint32_t type);

enum tb_event_value {
    TB_EVENT_VALUE_NUMBER = 0, /* print the number as it is */
    TB_EVENT_VALUE_PRINTED,    /* a whole JSON value was written to b */
    TB_EVENT_VALUE_HIDDEN,     /* leave the field (or the element) out */
};
struct tb_event_names {
    void *user;
    enum tb_event_value (*ref)(void *user, struct tb_buf *b, enum tb_schema_ref kind,
                               uint64_t number);
};

/* Prints an event's fields as one JSON object, {} when it has none: names as in the .proto,
 * in its order; zeros and empty texts are left out; amounts, instants (milliseconds) and
 * days are integers, enumerations their numbers, fixed64 sixteen hex digits, bytes base64.
 * names turns internal numbers into what the outside knows; NULL = numbers.
 * False: the number is unknown or the body is malformed (b then holds a part of it).     */
TB_MUST_USE bool tb_event_print(struct tb_buf *b, uint32_t type, struct tb_str body,
                                const struct tb_event_names *names);

/* The group that an event belongs to, as one bit: bit i is tb_event_group_name(i). 0: none, because nobody
 * outside waits for it (the progress of a job).                                          */
uint64_t tb_event_group(uint32_t type);
/* "catalog", "identity" .. in the order of the bits, which is kept; NULL past the last. */
const char *tb_event_group_name(uint32_t group);

#endif
