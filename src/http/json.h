// SPDX-License-Identifier: Apache-2.0
/* http/json.h - reading a JSON body strictly.
 *
 * Purpose    tb_json_parse turns the bytes of a body into a tape (nodes in document
 *            order) in the caller's arena; the tb_json_need_* and tb_json_may_* readers
 *            take typed fields out of it and name the first thing that is wrong as
 *            {code, JSON pointer}.
 * Strict     RFC 8259 and more: UTF-8 checked, no byte order mark, no second document,
 *            no duplicate key (after unescaping), no lone surrogate, no U+0000, depth
 *            <= 32, <= 4096 members an object. Integers are kept exactly; a number with
 *            fraction or exponent, or beyond int64, is kept as its text and refused by
 *            every integer reader. Integers beyond +-(2^53-1) are refused by the readers.
 * Fast       simdjson's first stage (SIMD) finds the tokens and checks UTF-8; a loop of
 *            ours makes the tape. A field look-up starts where the last one ended, so
 *            fields read in the order in which they were sent cost one compare each.
 * Ownership  nodes and unescaped strings live in the arena; plain strings point into the
 *            body. Both must outlive the reading. The body is not changed.
 * Threads    a tb_json_index belongs to one thread at a time (make one per IO thread).
 * Not here   writing (json_write.h), schemas, floating point.                        */
#ifndef TB_HTTP_JSON_H
#define TB_HTTP_JSON_H

#include "base/arena.h"
#include "base/text.h"
#include "http/json_index.h"
#include "http/json_write.h"
#include "http/problem.h"

#define TB_JSON_BYTES_MAX (10u << 20)
#define TB_JSON_MEMBERS_MAX 4096u

enum tb_json_kind {
    TB_JSON_NULL = 0,
    TB_JSON_FALSE,
    TB_JSON_TRUE,
    TB_JSON_INT,    /* i */
    TB_JSON_NUMBER, /* text: fraction, exponent or beyond int64 */
    TB_JSON_STRING, /* text, unescaped */
    TB_JSON_ARRAY,  /* n elements */
    TB_JSON_OBJECT, /* n members: key node, value node, ... */
    TB_JSON_KEY,    /* text, unescaped */
};

struct tb_json_node {
    uint8_t kind;
    bool escaped; /* only while parsing */
    bool taken;   /* key: a reader asked for it */
    uint32_t n;   /* bytes of text, or elements, or members */
    uint32_t end; /* index one past this node's subtree */
    uint32_t at;  /* byte offset in the body, for messages */
    union {
        int64_t i;
        const char *text;
    };
};

struct tb_json_doc {
    struct tb_json_node *node; /* node[0] is the root */
    uint32_t n;
};

/* Parses body (at most limit bytes, and never more than TB_JSON_BYTES_MAX).
 * Needs about 12 bytes of arena per byte of the most hostile body, 4-8 usually.
 * Answers  BODY_TOO_LARGE, BODY_REQUIRED (nothing but white space), INVALID_UTF8,
 *          INVALID_JSON, JSON_TOO_DEEP, JSON_TOO_LARGE (arena full, members), DUPLICATE_KEY;
 *          refusal->detail names the byte offset, field the path of a duplicate.
 * The tape is complete or not there: false leaves doc empty and the arena as it was. */
TB_MUST_USE bool tb_json_parse(struct tb_json_index *x, struct tb_str body, size_t limit,
                               struct tb_arena *a, struct tb_json_doc *doc,
                               struct tb_refusal *refusal);

/* Writes the JSON pointer of node index into field, cut at its size. */
void tb_json_path(const struct tb_json_doc *doc, uint32_t index, char *field, size_t cap);

/* ---- Readers -----------------------------------------------------------------------
 * All share one struct tb_refusal: the first error stays, and from then on every reader
 * answers 0 / empty / false at once. So a handler reads all fields, ends all objects and
 * looks at refusal->problem once.                                                      */
struct tb_json_read {
    struct tb_json_doc *doc;
    struct tb_refusal *refusal;
};

struct tb_json_object {
    struct tb_json_read *r;
    uint32_t index; /* of the object node; UINT32_MAX: none (a refused or absent one) */
    uint32_t hint;  /* where the next look-up starts */
};

struct tb_json_array {
    struct tb_json_read *r;
    uint32_t index;
    uint32_t next; /* node index of the next element */
    uint32_t left; /* elements not yet taken */
    uint32_t n;
};

/* The root as an object (WRONG_TYPE otherwise). */
struct tb_json_object tb_json_root(struct tb_json_read *r);
/* Refuses the first field that no reader asked for: UNKNOWN_FIELD. Call it for every
 * object, after its fields.                                                           */
void tb_json_end(struct tb_json_object *o);
/* True when the field is there, null included; does not take it. */
bool tb_json_has(struct tb_json_object *o, struct tb_str name);

/* need_: MISSING_FIELD when absent; null is WRONG_TYPE.
 * may_:  false when absent, and then *out is left alone; null counts as WRONG_TYPE.
 * Bounds are inclusive. Text lengths are in code points.                             */
int64_t tb_json_need_i64(struct tb_json_object *o, struct tb_str name, int64_t min, int64_t max);
bool tb_json_may_i64(struct tb_json_object *o, struct tb_str name, int64_t min, int64_t max,
                     int64_t *out);
struct tb_str tb_json_need_str(struct tb_json_object *o, struct tb_str name, uint32_t min,
                               uint32_t max);
bool tb_json_may_str(struct tb_json_object *o, struct tb_str name, uint32_t min, uint32_t max,
                     struct tb_str *out);
bool tb_json_need_bool(struct tb_json_object *o, struct tb_str name);
bool tb_json_may_bool(struct tb_json_object *o, struct tb_str name, bool *out);
/* RFC 3339 with a zone; milliseconds UTC within TB_MS_MIN .. TB_MS_MAX. */
int64_t tb_json_need_time(struct tb_json_object *o, struct tb_str name);
bool tb_json_may_time(struct tb_json_object *o, struct tb_str name, int64_t *out);
/* YYYY-MM-DD; days since 1970-01-01. */
int32_t tb_json_need_date(struct tb_json_object *o, struct tb_str name);
bool tb_json_may_date(struct tb_json_object *o, struct tb_str name, int32_t *out);
/* The index of the text among option[0 .. n-1] (NOT_AN_OPTION otherwise). */
uint32_t tb_json_need_enum(struct tb_json_object *o, struct tb_str name,
                           const char *const *option, uint32_t n);
bool tb_json_may_enum(struct tb_json_object *o, struct tb_str name, const char *const *option,
                      uint32_t n, uint32_t *out);
struct tb_json_object tb_json_need_object(struct tb_json_object *o, struct tb_str name);
bool tb_json_may_object(struct tb_json_object *o, struct tb_str name, struct tb_json_object *out);
/* Element counts: TOO_SHORT / TOO_LONG. */
struct tb_json_array tb_json_need_array(struct tb_json_object *o, struct tb_str name,
                                        uint32_t min, uint32_t max);
bool tb_json_may_array(struct tb_json_object *o, struct tb_str name, uint32_t min, uint32_t max,
                       struct tb_json_array *out);

/* Elements in order; false when there are none left or something was refused. */
bool tb_json_next_object(struct tb_json_array *a, struct tb_json_object *out);
bool tb_json_next_str(struct tb_json_array *a, uint32_t min, uint32_t max, struct tb_str *out);
bool tb_json_next_i64(struct tb_json_array *a, int64_t min, int64_t max, int64_t *out);

/* Free-form objects (attributes): members in order, their nodes as they are. */
bool tb_json_next_member(struct tb_json_object *o, struct tb_str *key,
                         const struct tb_json_node **value);

/* Refuses a value that only the caller can judge, naming the field (absent: the object). */
void tb_json_refuse(struct tb_json_object *o, struct tb_str name, enum tb_problem p,
                    const char *detail);

#endif
