// SPDX-License-Identifier: Apache-2.0
/* engine/publish.h - the tables that people read: for BI tools, lists and `tongbao sql`.
 *
 * docs/tables.md describes every table; it is made from the descriptions in
 * publish_tables.c (tools/gen_tables_doc.py), so it cannot say anything else.
 *
 * Three speeds. Orders and configuration are written in the transaction that carries the
 * checkpoint: as new as the state itself. So is what is appended (lines, tenders, transfers,
 * contacts, records of consent), unless the checkpoint is late: then it is put off, and
 * written from the history while there is time between flushes. A person's rows (persons,
 * profiles, balances, lots, holds, attributes,
 * consents, tiers, enrolments) lie at random places, and writing a page for one row
 * would cost more than everything else together. So up to quiet_persons of a flush are
 * written at once; beyond that persons are only marked, and a sweep in the order of
 * their numbers writes many rows of each page it touches: lag_ms after the first mark, or
 * sooner when there are few. Table `published` says up to which batch the persons' tables
 * are complete, and up to which entry the appended ones.
 *
 * Invariant  what is marked is in memory only; the row of `published` is never ahead of
 *            what is written. After a crash the records that changed since then are found
 *            by a scan and marked again; a state of another layout is published anew.
 * Never published: values of identifiers, sealed attributes, secrets, hashes of keys.
 * Threads    those of struct tb_publisher: the flusher's.
 * Limits     memory: 4 bits a person, 3 a profile, 8 bytes per 256 persons.              */
#ifndef TB_ENGINE_PUBLISH_H
#define TB_ENGINE_PUBLISH_H

#include "engine/cell.h"

/* What turns names into tokens: the engine has no keys and no pinyin. The flusher's thread. */
struct tb_name_port {
    void *user;
    /* Appends " token" for each form of the name, as much as fits. value: as it stands in the block,
     * sealed under number when that is not 0. What does not open has none.                     */
    void (*tokens)(void *user, uint32_t tenant, uint32_t profile, uint32_t number, struct tb_str value,
                   struct tb_buf *out);
};

struct tb_publish_options {
    const struct tb_host *host; /* NULL = tb_host_real; its mono_ns is used */
    /* 0 = the value in brackets */
    uint32_t quiet_persons; /* written at once, per transaction [64] */
    uint32_t lag_ms;        /* [30,000] */
    uint32_t full_persons;  /* so many marked wait for lag_ms, fewer for a share of it [50,000] */
    uint32_t slice_ms;      /* of a sweep in one transaction [100] */
    const struct tb_name_port *names; /* NULL: table member_names is left alone */
    bool names_again;                 /* keys may have gone since the tables were written: make it anew */
};

struct tb_publish;

/* options may be NULL. Never fails: out of memory ends the process. */
struct tb_publish *tb_publish_create(const struct tb_publish_options *options);
const struct tb_publisher *tb_publish_of(const struct tb_publish *p);
/* After the cell is destroyed, before its state is closed. NULL is fine. */
void tb_publish_destroy(struct tb_publish *p);

struct tb_publish_figures {
    uint64_t persons_written;
    uint64_t rows;   /* put, all tables */
    uint64_t marked; /* persons waiting */
    uint64_t sweeps; /* ended */
    uint64_t complete_batch;
    uint64_t put_off;   /* times that appended rows were */
    uint64_t rows_upto; /* entry up to which appended rows are written; 0 = none is put off */
};
/* The flusher's thread, or when it does not run. */
void tb_publish_figures(const struct tb_publish *p, struct tb_publish_figures *out);

/* The tables, for documentation. */
const struct tb_table *tb_publish_tables(uint32_t *n);

#endif
