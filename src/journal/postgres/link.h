// SPDX-License-Identifier: Apache-2.0
/* journal/postgres/link.h - one libpq connection with deadlines. Inside journal/postgres.
 *
 * Every exchange is one pipeline ended by a sync, so its statements are one transaction.
 * A link that meets its deadline or a broken connection is closed at once; the next use
 * connects again. What is not here: SQL of the journal.
 *
 * Threads   a link belongs to one thread at a time.                                   */
#ifndef TB_JOURNAL_POSTGRES_LINK_H
#define TB_JOURNAL_POSTGRES_LINK_H

#include <libpq-fe.h>

#include "base/fault.h"
#include "base/text.h"

#define TB_LINK_PARAM_MAX 8
#define TB_LINK_PREPARED_MAX 8

struct tb_link_statement {
    const char *name;
    const char *sql; /* parameters carry their casts */
};

struct tb_link {
    PGconn *pg; /* NULL: not connected */
    char *conninfo;
    uint32_t connect_timeout_ms;
    uint32_t answer_timeout_ms;
    const struct tb_link_statement *statement; /* prepared at every connect */
    uint32_t statement_n;
};

/* Binary parameters of one call; the bytes stay the caller's until the call returns. */
struct tb_link_call {
    const char *name; /* of a prepared statement */
    uint32_t n;
    const char *value[TB_LINK_PARAM_MAX];
    int length[TB_LINK_PARAM_MAX];
    uint64_t number[TB_LINK_PARAM_MAX]; /* room for the integers, big-endian */
};

enum tb_link_answer {
    TB_LINK_DONE = 0,
    TB_LINK_ERROR,   /* the server refused; the transaction was rolled back */
    TB_LINK_UNSENT,  /* no connection; nothing was sent */
    TB_LINK_BROKEN,  /* something was sent, then the connection or the deadline went */
};

void tb_link_call_init(struct tb_link_call *c, const char *name);
void tb_link_add_i64(struct tb_link_call *c, uint64_t v);
void tb_link_add_bytes(struct tb_link_call *c, const void *p, uint32_t n);

/* conninfo is copied. */
void tb_link_init(struct tb_link *l, const char *conninfo, uint32_t connect_timeout_ms,
                  uint32_t answer_timeout_ms);
/* Ends the connection; the next use makes another. */
void tb_link_hang_up(struct tb_link *l);
void tb_link_close(struct tb_link *l);

/* Connects when there is no connection; verifies the server's settings and prepares the
 * statements. DONE, UNSENT, or ERROR (settings or statements refused, sqlstate set).     */
TB_MUST_USE enum tb_link_answer tb_link_ready(struct tb_link *l, char sqlstate[6],
                                              struct tb_fault *f);

/* Sends the calls as one transaction. results[i] is the i-th one's when DONE and then the
 * caller's to PQclear; else none is left. sqlstate is set with ERROR. The link must be
 * ready (UNSENT otherwise).                                                              */
TB_MUST_USE enum tb_link_answer tb_link_run(struct tb_link *l, const struct tb_link_call *call,
                                            uint32_t n, PGresult **results, char sqlstate[6],
                                            struct tb_fault *f);

/* One statement as text, without results (setup). ERROR fills sqlstate. */
TB_MUST_USE enum tb_link_answer tb_link_text(struct tb_link *l, const char *sql,
                                             char sqlstate[6], struct tb_fault *f);

/* Columns of a binary result. */
uint64_t tb_link_i64(const PGresult *r, int row, int column);

#endif
