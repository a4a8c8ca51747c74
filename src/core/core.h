// SPDX-License-Identifier: Apache-2.0
/* core/core.h - the whole of core as the engine sees it.
 *
 *   decide(state, command, now, entropy) -> answer + events      tb_core_run
 *   apply(state, event)                                          tb_core_replay
 *
 * The engine owns the clock, the journal and the queue; core owns every rule. One
 * thread. A command is an operation number and a pointer to the room's input struct
 * (core/<room>/<room>.h); inputs are borrowed for the call.
 *
 * Reads are commands without events. Their answers may carry a packed block, which
 * the border unpacks, opens sealed values of, and prints.                            */
#ifndef TB_CORE_CORE_H
#define TB_CORE_CORE_H

#include "core/cache.h"
#include "core/codes.h"
#include "core/env.h"
#include "core/kinds.h"

enum tb_outcome {
    TB_DONE = 0, /* events (perhaps none) stand; the answer is final. A refusal that leaves
                    a record is DONE with its code */
    TB_REFUSED,  /* the engine undoes; answer.code says why */
    TB_NEED,     /* the engine undoes, loads txn->need[] and runs the command again */
};

/* body: protobuf wire fields that the operation's room documents (tb_wire_put_*), kept
 * with the idempotency key so that a repeated command gets the same answer. It holds no
 * personal data, except for reads, whose answers are never kept.                      */
struct tb_answer {
    enum tb_code code;
    struct tb_buf body;
    char field[48]; /* which field of the input is meant, "" = none: "lines/3/quantity" */
};

/* Fills a refusal and returns TB_REFUSED. */
enum tb_outcome tb_refuse(struct tb_answer *a, enum tb_code code, const char *field);

/* Longest kept answer of a write. */
#define TB_ANSWER_BYTES_MAX 512u

struct tb_command {
    uint32_t op; /* enum tb_op, core/ops.h */
    uint32_t tenant;
    uint32_t actor; /* key block of the caller, 0 = the engine itself */
    const void *input;
};

struct tb_core {
    struct tb_store store;
    struct tb_core_env env;
    struct tb_core_cache cache;
};

/* env.zone and env.seal must stay callable for the core's life. */
void tb_core_init(struct tb_core *c, struct tb_mem mem, const struct tb_core_env *env);

/* Touches what the command will read, so that cache misses of several commands overlap:
 * every pass goes one pointer deeper, and carries on what the one before has found. Only a
 * hint: it may be stale or left out. carry: zeroed before pass 0.                         */
#define TB_PREFETCH_PASSES 6u
struct tb_identifier;
struct tb_cmd_order;
struct tb_prefetch {
    const struct tb_identifier *id; /* from pass 0 on: whom the command names; NULL: by number, or nobody */
    const struct tb_cmd_order *in;  /* and the order that it places or would place; or NULL */
    uint64_t found; /* key, then profile, then person of the first identifier; 0 = none */
    uint64_t order; /* key of the order's number, or of the seat, then the seat; 0 = not asked for */
};
void tb_core_prefetch(struct tb_core *c, const struct tb_command *cmd, uint32_t pass,
                      struct tb_prefetch *carry);
/* Before the command runs: what its own passes have computed need not be computed again. */
void tb_core_ahead(struct tb_core *c, const struct tb_command *cmd, const struct tb_prefetch *carry);
/* keys.c: the text's key, for the next who asks tb_key_text for it. */
void tb_key_known(struct tb_core *core, uint32_t tenant, enum tb_map_name map, struct tb_str text,
                  uint64_t key);
/* The block that the code, or one of the same place, led to the last time; its number, 0 = none. */
uint32_t tb_core_prefetch_code(const struct tb_core *c, uint32_t tenant, enum tb_kind kind,
                           struct tb_str code);

/* Between tb_txn_begin and tb_txn_commit / tb_txn_undo, which the engine calls. */
enum tb_outcome tb_core_run(struct tb_core *c, struct tb_txn *t, const struct tb_command *cmd,
                            struct tb_answer *answer);

/* Folds one journaled event. False: the bytes are not a known event (a newer program
 * wrote them, or they are damaged); the engine stops and says so.                     */
TB_MUST_USE bool tb_core_replay(struct tb_core *c, struct tb_txn *t, uint32_t type,
                                struct tb_str body);

/* Start-up: takes a block from the SQL state. False: it does not unpack. Call
 * tb_core_loaded once after the last one.                                             */
TB_MUST_USE bool tb_core_load(struct tb_core *c, enum tb_kind kind, uint64_t id,
                              struct tb_str packed);
void tb_core_loaded(struct tb_core *c);

/* Timers: when the block next wants to be fired; INT64_MAX = not at all. A pure
 * function of the block, so the due-queue can be rebuilt at any time.                 */
int64_t tb_core_due_ms(const struct tb_core *c, const struct tb_block *b);
/* Input of TB_OP_FIRE: does what is due in that block at t->now_ms. */
struct tb_cmd_fire {
    enum tb_kind kind;
    uint64_t id;
};

/* Proves the invariants (DESIGN 3.1) over everything in memory; calls back with one
 * sentence per break. Returns the number of breaks. Reads only.                       */
typedef void (*tb_finding_fn)(void *user, const char *sentence);
uint64_t tb_core_check(struct tb_core *c, tb_finding_fn found, void *user);
/* What the rooms' proofs (tb_<room>_check) share. */
struct tb_audit {
    struct tb_core *core;
    tb_finding_fn found;
    void *user;
    uint64_t breaks;
};
/* One break: the sentence, at most 199 bytes. */
void tb_audit_found(struct tb_audit *a, const char *sentence, ...) TB_PRINTF(2, 3);
/* The same of one object: "what id: why". */
void tb_audit_broken(struct tb_audit *a, const char *what, uint64_t id, const char *why);

#endif
