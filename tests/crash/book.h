// SPDX-License-Identifier: Apache-2.0
/* tests/crash/book.h - what a client knows: every command it sent, every answer it got.
 *
 * An append-only file of fixed records. An intent is written before its command is given
 * to the engine, a result once the answer was released; a command without a result is
 * unknown and is sent again with the same key. Records of any book may stand in any file
 * (whoever takes over settles what another left unknown). The file lies outside of the
 * folder that the engine keeps, so nothing that happens to that folder changes it.
 *
 * Threads   books_append: any. Everything else: the main thread.
 * Not here: what the commands are (ops.h), what must be true afterwards (verify.h).      */
#ifndef TB_TESTS_CRASH_BOOK_H
#define TB_TESTS_CRASH_BOOK_H

#include "base/text.h"

#define BOOKS 4u

enum record_type { RECORD_INTENT = 1, RECORD_RESULT, RECORD_READ, RECORD_VERIFIED };

struct record {
    uint32_t type; /* enum record_type */
    uint32_t book;
    uint64_t n;      /* number within the book: the key of the command */
    uint32_t kind;   /* enum op_kind */
    uint32_t member;
    int64_t amount;  /* intent: asked for; result: how the member's sum changed */
    uint64_t other;  /* intent: the hold, or the order that is repeated; result: the hold */
    int64_t at_ms;
    uint32_t code;
    uint32_t repeated;
    uint64_t seq;
    uint64_t tenant_seq; /* RECORD_VERIFIED: the feed of tenant `member` was proved up to it */
    uint64_t digest;     /* of the answer's bytes */
    uint64_t check;      /* of everything above */
};

/* One command and, when it is known, its answer. */
struct known {
    struct record intent;
    struct record result;
    uint32_t seen; /* how often the feed shows it */
    bool acked;
};

struct books {
    int fd; /* of the file that this process appends to */
    struct {
        struct known *op;
        uint64_t n;
        uint64_t cap;
    } book[BOOKS];
    uint64_t verified[2]; /* per tenant */
    uint64_t newest_seq;  /* of all results */
    uint64_t contradictions; /* two results of one command that differ */
};

/* Opens own for appending and reads it and others. False: said on stderr. */
bool books_open(struct books *b, const char *own, const char *const *others, uint32_t other_n);
void books_close(struct books *b);
/* Writes to the file alone. Ends the process when that fails. */
void books_append(const struct books *b, struct record *r);
/* Takes the record into memory. */
void books_note(struct books *b, const struct record *r);

#endif
