// SPDX-License-Identifier: Apache-2.0
/* engine/cell.h - the cell: commands in, durable answers out.
 *
 *   submit (any thread) -> fair queue -> batch (cell's thread: decide, apply, encode)
 *     -> journal thread: append, then the answers are released -> flusher: SQL state
 *
 * Invariants   An answer leaves only when its batch, and everything it saw, is durable;
 *              that holds for reads too. What is in memory is what the journal says, in
 *              its order, or is about to be said by it. The SQL state holds exactly the
 *              batches up to its checkpoint.
 * Life         create (recovers) .. start .. stop .. destroy. With options.stepping there
 *              are no threads: tb_cell_step does all of it, in the same code.
 * Threads      submit, feed, figures, call: any thread. done callbacks run on the journal
 *              thread (or the cell's thread when a request is answered without having
 *              run, or has only read while nothing else was under way); one at a time; they
 *              must be short and may submit. Never inside submit itself.
 * Order        requests of one tenant run in the order of their submission, by one thread
 *              or under the caller's own order. Tenants share by measured cost. A command
 *              that needs cold rows waits for them (one look-up in SQL, well under a
 *              millisecond when it is cached), and with it, in their order, those that need
 *              the same rows; the tenant's other commands go on. Whoever wants another
 *              order waits for the answer first.
 * Leading      on a shared journal only the leader runs commands. A cell that was deposed
 *              or has failed answers everything with that and stays so: the process
 *              starts again (its memory may hold what the journal never took).
 * What is not here: the tables people read (struct tb_publisher is given), HTTP, files. */
#ifndef TB_ENGINE_CELL_H
#define TB_ENGINE_CELL_H

#include "core/core.h"
#include "engine/host.h"
#include "engine/port_state.h"

/* ---- requests ------------------------------------------------------------------------ */

/* How a request ended. Only DONE was decided by core; the others are HTTP 422 (mismatch),
 * 500 (fault) or 503. After UNKNOWN the command may or may not stand: the caller repeats
 * it with the same key. After all the others it does not stand.                        */
enum tb_finish {
    TB_FINISH_DONE = 0,             /* answer.code says OK or the refusal */
    TB_FINISH_IDEMPOTENCY_MISMATCH, /* the key was used with another input */
    TB_FINISH_TOO_LARGE,            /* a read's answer does not fit its buffer */
    TB_FINISH_STOPPING,
    TB_FINISH_NOT_LEADING,
    TB_FINISH_NO_SPACE, /* the journal's device is full: reads only, heals by itself */
    TB_FINISH_UNAVAILABLE, /* the journal does not answer */
    TB_FINISH_UNKNOWN,
    TB_FINISH_FAULT, /* cold rows could not be read */
    TB_FINISHES
};
const char *tb_finish_name(enum tb_finish f);

struct tb_job_request;
typedef void (*tb_done_fn)(struct tb_job_request *r);

/* Owned by the caller; the cell's between submit and done. Zero it, then fill what is the
 * caller's. input must stay valid until done. Three threads hand it on, so what each of them
 * wants lies together.                                                                    */
struct tb_job_request {
    /* the caller's */
    struct tb_command command;
    uint64_t key_hash;   /* of the Idempotency-Key; 0 = none. Ignored for reads. */
    uint64_t input_hash; /* of method, path and body */
    /* the cell's */
    struct tb_job_request *next;
    struct tb_job_request *ahead; /* in the inbox: will be next in a while; or NULL */
    int64_t submitted_ns;
    /* the caller's */
    tb_done_fn done;
    void *user;
    /* body: a region of the caller; for writes at least TB_ANSWER_BYTES_MAX */
    struct tb_answer answer;

    /* set before done */
    enum tb_finish finish;
    uint32_t inside;     /* the cell's */
    uint64_t seq;        /* cell-wide number of the entry; reads: of the newest entry seen */
    uint64_t tenant_seq; /* its number in the tenant's feed; 0 when nothing was written */
    uint32_t tries;      /* the cell's */
    bool repeated;       /* the answer was given before, for the same key and input */
};

/* In order of precedence. */
enum tb_submit {
    TB_SUBMIT_TAKEN = 0,
    TB_SUBMIT_STOPPING,    /* 503 */
    TB_SUBMIT_NOT_LEADING, /* 503 + Retry-After */
    TB_SUBMIT_FAILED,      /* 503: the process is about to start again */
    TB_SUBMIT_UNAVAILABLE, /* 503 + Retry-After: the journal does not answer */
    TB_SUBMIT_NO_SPACE,    /* 503: writes only */
    TB_SUBMIT_LAGGING,     /* 429 + Retry-After: writes only; the SQL state is too far behind */
    TB_SUBMIT_QUEUE_FULL,  /* 429 + Retry-After */
    TB_SUBMIT_TENANT_FULL, /* 429 + Retry-After: this tenant's share of the queue */
    TB_SUBMITS
};
const char *tb_submit_name(enum tb_submit s);

struct tb_cell;

/* On anything but TAKEN the request stays the caller's and done is not called. */
TB_MUST_USE enum tb_submit tb_cell_submit(struct tb_cell *c, struct tb_job_request *r);
/* Takes the longest prefix that fits, in order, with one hand-over; returns its length
 * and why the next one was not taken. Cheaper than n calls of tb_cell_submit.          */
uint32_t tb_cell_submit_many(struct tb_cell *c, struct tb_job_request *const *r, uint32_t n,
                             enum tb_submit *why);

/* ---- life ----------------------------------------------------------------------------- */

/* Made by engine/publish.c: keeps the tables that people read. Called by the flusher
 * inside its transactions. Entries come with rising seq, exactly those that become rows of
 * the history in the same transaction, and before the images of their batches; entries of
 * one flush may be spread over several transactions. After a crash some come again.      */
struct tb_entry; /* engine/entry.h */
struct tb_aside;
struct tb_publisher {
    void *user;
    const struct tb_table *table; /* ensured together with the engine's own */
    uint32_t table_n;
    uint32_t schema; /* added to the engine's schema number */
    /* The tables as they were ensured, in the order of `table`: put and drop take these.
     * engine: the engine's own (TB_TABLE_...).                                            */
    void (*bind)(void *user, const struct tb_table *table, const struct tb_table *engine);
    /* block NULL: it was dropped. Valid during the call. */
    enum tb_state_answer (*on_image)(void *user, struct tb_state *s, uint32_t tenant,
                                     enum tb_kind kind, uint64_t id, struct tb_block *block,
                                     struct tb_fault *f);
    enum tb_state_answer (*on_entry)(void *user, struct tb_state *s, const struct tb_entry *e,
                                     struct tb_fault *f);
    /* All of the following may be NULL. begin: a transaction starts, nothing of the one
     * before is borrowed any more; committed: it stands. */
    void (*begin)(void *user);
    void (*committed)(void *user);
    /* What on_image put off: while waits is true, catch_up is called in transactions of their
     * own, between flushes, and with `all` until nothing waits (a flush that somebody asked
     * for, a snapshot, the end). A reader of s sees everything up to *c.                   */
    bool (*waits)(void *user, const struct tb_checkpoint *c, bool all);
    enum tb_state_answer (*catch_up)(void *user, struct tb_state *s, const struct tb_checkpoint *c,
                                     bool all, struct tb_fault *f);
    /* True: on_image need not be called for that block, which is still there. */
    bool (*notes)(void *user, enum tb_kind kind, uint64_t id);
    /* Before begin. late: the checkpoint is behind, put off all that can be put off;
     * slice_ns: how long the next catch_up may take, 0 = as it likes. */
    void (*pace)(void *user, bool late, int64_t slice_ns);
    /* Ages of what is put off, 0 = nothing is: appended rows, persons. Any thread. */
    void (*lags)(const void *user, int64_t now_ms, int64_t *rows_ms, int64_t *persons_ms);
    /* Not NULL: images of that kind that were noted are put aside, and catch_up moves them to
     * their place (engine/aside.h). */
    struct tb_aside *aside;
    uint32_t aside_kind;
};

/* Every table of a state: the engine's own five, then the publisher's. Ensure it once for
 * each opened state, before anything else; it outlives the state and serves every cell
 * that is made on it. `tongbao sql` and the like need no more than this.                */
#define TB_TABLES_MAX 128u
#define TB_TABLE_RECORD 0u
#define TB_TABLE_ASIDE 4u
struct tb_cell_tables {
    struct tb_table table[TB_TABLES_MAX];
    uint32_t n;
};
TB_MUST_USE bool tb_cell_tables_ensure(struct tb_cell_tables *t, struct tb_state *s,
                                       const struct tb_publisher *p, struct tb_fault *fault);

struct tb_cell_options {
    const struct tb_core_env *env;
    struct tb_journal *journal; /* the caller's; outlives the cell */
    struct tb_state *state;     /* the caller's; outlives the cell */
    const struct tb_cell_tables *tables; /* of that state */
    const struct tb_host *host; /* NULL = tb_host_real */
    void (*batch_hash)(const struct tb_batch *b, uint8_t out[TB_HASH_BYTES]); /* journal/hash.h */
    const struct tb_publisher *publisher; /* NULL = none */
    void (*log)(void *user, const char *sentence); /* NULL = nowhere */
    void *log_user;
    bool stepping;

    /* 0 = the value in brackets */
    uint32_t batch_commands;    /* [512] */
    uint32_t flights;           /* batches under way at once, at most [8] */
    uint32_t queue_total;       /* requests waiting [65,536] */
    uint32_t queue_tenant;      /* of one tenant [16,384] */
    uint32_t idem_rows;         /* answers kept in memory whole [1,000,000] */
    uint32_t idem_tenant;       /* older keys of one tenant, beyond those [33,554,432] */
    uint32_t idem_hours;        /* [26] */
    uint32_t flush_ms;          /* [250] */
    uint64_t pending_bytes;     /* images waiting for the flusher; then LAGGING
                                 * [an eighth of the machine's memory, 64 MiB .. 16 GiB] */
    uint64_t tail_bytes;        /* durable entries kept for feed and flusher [64 MiB] */
    uint64_t replay_entries;    /* since the checkpoint; then LAGGING [20,000,000] */
    uint32_t cold_blocks;       /* blocks of a sparse kind kept in memory [500,000] */
    int64_t space_low_bytes;    /* free on the journal's device; below: NO_SPACE [384 MiB] */
    uint32_t hold_ms;           /* answers held while the journal does not answer [3,000] */
    uint32_t lease_ms;          /* shared journals [1,000] */
    uint32_t heartbeat_ms;      /* [500] */
    uint32_t takeover_ms;       /* [2,000] */
};

enum tb_cell_state {
    TB_CELL_FOLLOWING = 0, /* a standby: reads the journal, runs nothing */
    TB_CELL_LEADING,
    TB_CELL_STOPPING, /* takes nothing new, finishes what it has */
    TB_CELL_STOPPED,
    TB_CELL_DEPOSED, /* another process leads: start again */
    TB_CELL_FAILED,  /* see tb_cell_fault: start again, recovery finds the truth */
};

/* Loads the SQL state, replays the journal after its checkpoint. False with
 * *fault: the checkpoint is ahead of the journal, the chain does not fit, a record does
 * not unpack, a newer program wrote them, or the data base does not answer.
 * On a journal of its own the cell then leads; on a shared one it follows.             */
TB_MUST_USE bool tb_cell_create(const struct tb_cell_options *options, struct tb_cell **out,
                                struct tb_fault *fault);
/* Starts the threads (not with stepping). */
TB_MUST_USE bool tb_cell_start(struct tb_cell *c, struct tb_fault *fault);
/* Refuses new requests, answers all that wait, flushes, ends the threads. flush false:
 * leaves the SQL state as it is. Blocks. The state is STOPPED (or DEPOSED, FAILED) then. */
void tb_cell_stop(struct tb_cell *c, bool flush);
/* After stop, or at once with stepping (then nothing is flushed: like a crash; requests
 * that wait are dropped without their callback).                                       */
void tb_cell_destroy(struct tb_cell *c);

enum tb_cell_state tb_cell_state(const struct tb_cell *c);
/* Why the state is DEPOSED or FAILED. */
void tb_cell_fault(struct tb_cell *c, struct tb_fault *out);
/* True while an answer given now could not be stale: leading, and on a shared journal
 * within the lease. Cheap; for the border's last look before it sends a read's answer.  */
bool tb_cell_may_answer(const struct tb_cell *c);

/* ---- stepping -------------------------------------------------------------------------- */

/* One turn without threads: takes what waits, runs one batch, appends it, releases the
 * answers, flushes when it is time. True when there was something to do.               */
bool tb_cell_step(struct tb_cell *c);
/* Flushes everything durable now. With threads: asks the flusher and waits. False: the
 * state does not answer (the fault says why).                                           */
bool tb_cell_flush(struct tb_cell *c, struct tb_fault *fault);

/* ---- looking in ------------------------------------------------------------------------ */

/* Runs fn between two batches on the cell's thread and waits (stepping: at once). For
 * tb_core_check and the like: it stops the cell while it runs and must not change it.
 * False: the cell does not run.                                                        */
bool tb_cell_call(struct tb_cell *c, void (*fn)(struct tb_core *core, void *user), void *user);

#define TB_LATENCY_BUCKETS 256
struct tb_cell_figures {
    uint64_t commands;  /* run, reads included */
    uint64_t entries;   /* written */
    uint64_t batches;   /* appended, signs of life included */
    uint64_t appends;   /* calls; several batches may share one */
    uint64_t bytes;     /* of bodies */
    uint64_t refusals;  /* answers other than OK */
    uint64_t repeats;   /* answered from the idempotency table */
    uint64_t fires;     /* timers */
    uint64_t loads;     /* cold rows */
    uint64_t evictions;
    uint64_t durable_seq;   /* newest entry whose batch is durable */
    uint64_t durable_batch;
    uint64_t flushed_seq;   /* newest entry in the SQL state */
    uint64_t flushed_batch;
    uint64_t flushes;
    uint64_t flushed_images;
    int64_t lag_ms;         /* age of the oldest durable batch that is not in the SQL state */
    uint64_t pending_bytes; /* images waiting */
    int64_t rows_lag_ms;    /* published tables: age of the oldest appended row put off */
    int64_t persons_lag_ms; /* and of the oldest mark of a person */
    uint64_t memory_bytes;  /* of the core's store */
    uint64_t idem_rows;
    uint64_t timers;
    uint32_t queued;
    uint32_t in_flight; /* batches */
    uint32_t tenants;   /* with requests waiting */
    bool read_only;     /* NO_SPACE */
    bool lagging;
    int64_t engine_ns;  /* spent running batches */
    int64_t flusher_ns; /* CPU time of the flusher's thread */
    /* submit to release; bucket 0: below 1,024 ns, then eight steps an octave (12 % each) */
    uint64_t latency[TB_LATENCY_BUCKETS];
};
/* A copy; each figure is exact, together they may be a batch apart. */
void tb_cell_figures(struct tb_cell *c, struct tb_cell_figures *out);
/* Upper bound of the ppm-quantile (990000 = p99); 0 when empty. */
int64_t tb_latency_quantile_ns(const uint64_t latency[TB_LATENCY_BUCKETS], uint32_t ppm);

/* ---- feed -------------------------------------------------------------------------------- */

/* Called for each entry, tenant_seq rising by exactly one. e and its strings are valid
 * during the call. False stops.                                                         */
struct tb_entry;
typedef bool (*tb_feed_fn)(void *user, const struct tb_entry *e);
enum tb_feed {
    TB_FEED_DONE = 0, /* up to max entries were given; perhaps none are there yet */
    TB_FEED_BEHIND,   /* history before this was taken away: start again from the tables */
    TB_FEED_FAULT,
};
/* The durable entries of one tenant with tenant_seq > after, oldest first. Any thread,
 * each with its own reader; may read SQL, so it can block for milliseconds.              */
struct tb_feed_reader;
bool tb_feed_open(struct tb_cell *c, uint32_t tenant, struct tb_feed_reader **out,
                  struct tb_fault *fault);
enum tb_feed tb_feed_read(struct tb_feed_reader *r, uint64_t after, uint32_t max, tb_feed_fn fn,
                          void *user, struct tb_fault *fault);
/* Waits until something became durable after the durable seq `seen`, or the time is over;
 * returns the durable seq.                                                               */
uint64_t tb_cell_wait_durable(struct tb_cell *c, uint64_t seen, uint32_t timeout_ms);
void tb_feed_close(struct tb_feed_reader *r);
/* One entry by its cell-wide seq (a member's timeline: prev_seq leads on). False: not
 * there, or *fault. */
bool tb_feed_entry(struct tb_feed_reader *r, uint64_t seq, tb_feed_fn fn, void *user,
                   struct tb_fault *fault);

/* ---- backup and retention ------------------------------------------------------------------ */

struct tb_snapshot {
    struct tb_checkpoint checkpoint; /* what the copy holds */
    uint64_t durable_batch;          /* the journal when it was made */
};
/* Flushes and writes a consistent copy of the SQL state while serving. Blocks. */
bool tb_cell_snapshot(struct tb_cell *c, const char *path, struct tb_snapshot *out,
                      struct tb_fault *fault);
/* Drops journal segments that hold only batches before keep_from and before what the SQL
 * state has made durable (it is synced first). Blocks.                                   */
bool tb_cell_prune(struct tb_cell *c, uint64_t keep_from, struct tb_fault *fault);

#endif
