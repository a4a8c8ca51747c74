// SPDX-License-Identifier: Apache-2.0
/* engine/entry.h - the body of a batch: Batch { Frame { Entry } } of api/events.proto.
 *
 * Written in one pass into the batch's buffer; lengths are padded to three bytes, which
 * every protobuf reader accepts. Read back as borrowed strings. Pure.                   */
#ifndef TB_ENGINE_ENTRY_H
#define TB_ENGINE_ENTRY_H

#include "base/text.h"

/* One command that was carried out, as it stands in a batch. */
struct tb_entry {
    uint32_t tenant;
    uint64_t tenant_seq; /* 1, 2, 3 ... without gaps */
    uint64_t seq;        /* cell-wide, rising */
    int64_t now_ms;
    uint32_t command;    /* enum tb_op */
    uint32_t code;       /* enum tb_code */
    uint32_t actor;
    uint64_t member;     /* profile whose timeline it belongs to, 0 = none */
    uint64_t prev_seq;   /* that timeline's entry before, 0 = none */
    uint64_t key_hash;
    uint64_t input_hash;
    struct tb_str answer;
    struct tb_str field;
    /* Reading: the whole Entry message, for tb_event_next. Writing: the events alone. */
    struct tb_str bytes;
};

/* What an Entry takes besides its events, answer and field. */
#define TB_ENTRY_HEAD_MAX 128u

struct tb_batch_writer {
    struct tb_buf out;
    size_t frame_at; /* of the open frame's length; 0 = none is open */
    uint32_t tenant;
    uint64_t next_seq; /* tenant_seq that continues the frame */
    uint32_t entries;
};

/* region outlives the writer; the body is w->out after tb_batch_end. */
void tb_batch_begin(struct tb_batch_writer *w, void *region, size_t cap);
/* There must be room: TB_ENTRY_HEAD_MAX + the strings (asserted). */
void tb_batch_entry(struct tb_batch_writer *w, const struct tb_entry *e);
void tb_batch_end(struct tb_batch_writer *w);

struct tb_batch_walk {
    struct tb_str body;
    struct tb_str frame;
    uint32_t tenant;
    uint64_t next_seq;
    bool bad; /* the bytes are not a batch */
};
void tb_batch_walk(struct tb_batch_walk *w, struct tb_str body);
/* False at the end or when w->bad. */
bool tb_batch_next(struct tb_batch_walk *w, struct tb_entry *e);
/* Reads one Entry message; tenant and tenant_seq stay the caller's. */
TB_MUST_USE bool tb_entry_read(struct tb_str bytes, struct tb_entry *e);

#endif
