// SPDX-License-Identifier: Apache-2.0
/* state/postgres/state_postgres.h - the SQL state as tables of a PostgreSQL schema.
 *
 * Invariant: a transaction of the flusher carries the checkpoint row, and its UPDATE is
 * guarded, so a deposed leader's transaction is rolled back. put() buffers; rows travel
 * as binary arrays (INSERT ... SELECT unnest ... ON CONFLICT), some thousand a statement,
 * all statements of a transaction in one pipeline. Of several puts of one key within a
 * transaction the last wins (the first in an insert_only table).
 *
 * Durability: synchronous_commit=off. A commit is atomic and visible at once; a crash of
 * the server may take the last ones away, whole transactions from the end. The journal
 * is the truth; sync() makes everything committed durable before it is pruned.
 *
 * Frozen    a flusher stopped in the middle of a transaction keeps its locks. One that
 *           waits longer than 5 s for them ends that session and answers FAULT, retryable.
 * Integers are bigint, texts text (keys COLLATE "C": byte order as everywhere else), blobs
 * bytea without compression. Remarks become COMMENT ON.
 * query() runs with the rights of the connection's role, in a READ ONLY transaction and
 * with a time limit: give people a role of their own if the server is shared.
 * Limits    64 columns a table.
 * What is not here: snapshots (pg_dump and pg_basebackup do that).                    */
#ifndef TB_STATE_POSTGRES_H
#define TB_STATE_POSTGRES_H

#include "engine/port_state.h"

struct tb_state_postgres_options {
    const char *schema;          /* NULL = "tongbao"; [a-z0-9_], at most 48; made if missing */
    uint32_t connect_timeout_ms; /* 0 = 3000 */
};

/* conninfo as libpq takes it. options may be NULL. FAULT: no connection (retryable), bad
 * schema name, no right to make the schema.                                             */
TB_MUST_USE enum tb_state_answer
tb_state_postgres_open(const char *conninfo, const struct tb_state_postgres_options *options,
                       struct tb_state **out, struct tb_fault *f);

#endif
