// SPDX-License-Identifier: Apache-2.0
/* journal/postgres/journal_postgres.h - the journal as a PostgreSQL table.
 *
 *   CREATE TABLE <table>(number bigint PRIMARY KEY, epoch bigint, writer bigint,
 *                        at_ms bigint, prev bytea, hash bytea, body bytea)
 *
 * Invariant: the primary key lets one writer have a number; the insert also asks that
 * batch number - 1 is held with the hash that the batch names, so two writers can never
 * both extend the same history, whatever they believe. Batches of one append travel in
 * one pipeline and become durable in one transaction.
 *
 * UNKNOWN   the connection broke (or COMMIT failed) after something was sent. The next
 *           call connects again. Append the same batches again: DONE when they are
 *           there, TAKEN when another's are. A transaction of the broken connection that
 *           is still open at the server makes that append wait, then fail retryably.
 * Frozen    a writer stopped (SIGSTOP) in the middle of sending may leave a transaction
 *           open. An append that waits for its lock longer than 1 s ends that session
 *           (pg_terminate_backend, same role) and tries once more; the frozen process
 *           sees a broken connection, that is UNKNOWN.
 * Requires  fsync=on and synchronous_commit=on or remote_apply, checked at every connect;
 *           a direct connection or a session-pooling proxy.
 * Limits    the times of struct tb_journal_postgres_options; one batch 512 KiB.
 * What is not here: leases and take-over (the engine), hashing (journal/hash.h).     */
#ifndef TB_JOURNAL_POSTGRES_H
#define TB_JOURNAL_POSTGRES_H

#include "engine/port_journal.h"

struct tb_journal_postgres_options {
    const char *table;           /* NULL = "tongbao_journal"; [a-z0-9_], at most 48 */
    uint32_t answer_timeout_ms;  /* of one append or read, then the connection is given up:
                                    UNKNOWN or FAULT; 0 = 5000                             */
    uint32_t connect_timeout_ms; /* 0 = 3000 */
};

/* conninfo: a URI or key=value list for libpq; several hosts are allowed (the one that
 * takes writes is used). Makes the table when it is missing. options may be NULL.
 *   FAULT    no connection (retryable), unsafe settings, bad table name
 *   CORRUPT  the table is there with other columns                                     */
TB_MUST_USE enum tb_journal_answer
tb_journal_postgres_open(const char *conninfo, const struct tb_journal_postgres_options *options,
                         struct tb_journal **out, struct tb_fault *f);

#endif
