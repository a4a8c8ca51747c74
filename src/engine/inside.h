// SPDX-License-Identifier: Apache-2.0
/* engine/inside.h - the parts of a cell and who may touch them. Not for other folders.
 *
 *   cell's thread     core, txn, fair, idem, due, jobs, picked, flight under construction
 *   journal thread    writer (on a standby: the cell's thread, before the journal thread
 *                     is there)
 *   flusher           flush
 *   store.lock        tail and image sets: journal thread adds, flusher and feed take
 * Everything else is atomic or under the lock that is named beside it.                  */
#ifndef TB_ENGINE_INSIDE_H
#define TB_ENGINE_INSIDE_H

#include <pthread.h>
#include <stdatomic.h>

#include "core/job/job.h"
#include "engine/bell.h"
#include "engine/cell.h"
#include "engine/due.h"
#include "engine/entry.h"
#include "engine/heap.h"
#include "engine/idem.h"
#include "engine/images.h"
#include "engine/queue.h"

/* Records of the engine's own stand beside those of core. */
#define TB_KIND_ENGINE 0u /* id 0: the cell; id n + 1: tenant n */

#define ENTROPY_SETS 128u

/* inside: what a request is to the cell */
enum { REQUEST_OUTSIDE = 0, REQUEST_FIRE, REQUEST_JOB, REQUEST_CALL };

/* One batch on its way. */
struct tb_flight {
    struct tb_flight *next;
    struct tb_batch_writer writer;
    uint8_t *body;
    struct tb_image_list images;
    struct tb_job_request **done; /* [batch_commands], in their order */
    uint32_t done_n;
    uint64_t first_seq; /* of its entries; meaningless without */
    uint64_t last_seq;  /* newest entry when it was closed */
    int64_t at_ms;
    int64_t handed_ns;
    bool has_batch; /* numbered and hashed */
    struct tb_batch batch;
};

struct tb_flight_list {
    struct tb_flight *first;
    struct tb_flight *last;
};

/* A durable body. */
struct tb_tail {
    struct tb_tail *next; /* newer */
    uint32_t refs;
    uint32_t n;
    bool kept; /* in the cell's list, as long as its batch is not dropped */
    uint64_t batch;
    uint64_t first_seq;
    uint64_t last_seq;
    char bytes[];
};

struct tb_load {
    struct tb_load *next;
    struct tb_load *older;         /* of the same tenant; cell's thread */
    struct tb_job_request *first;  /* wait for it, in their order; cell's thread */
    struct tb_job_request *last;
    uint32_t tenant;
    uint32_t need_n;
    struct tb_need need[TB_NEEDS_MAX];
    uint64_t history_seq; /* an entry instead of blocks */
    struct {
        uint8_t *p; /* malloc'd; NULL = there is none */
        uint32_t n;
    } got[TB_NEEDS_MAX];
    bool failed;
};

struct tb_internal {
    struct tb_job_request request;
    struct tb_internal *next;
    struct tb_internal *made;
    struct tb_cell *cell;
    struct tb_cmd_fire fire;
    struct tb_cmd_job_step step;
    bool wrote;
    uint8_t region[TB_ANSWER_BYTES_MAX];
};

struct tb_call {
    struct tb_job_request request;
    void (*fn)(struct tb_core *core, void *user);
    void *user;
    _Atomic uint32_t done; /* 1 = ran, 2 = did not; not touched afterwards */
};

struct tb_writer {
    uint64_t epoch;
    uint64_t writer;
    uint64_t number; /* of the last batch that is durable */
    uint8_t hash[TB_HASH_BYTES];
    struct tb_flight_list held;    /* taken over, not yet durable */
    struct tb_flight_list durable; /* durable, answers not yet released */
    struct tb_batch beat;          /* a sign of life whose outcome is open */
    bool beat_open;
    bool unknown;         /* the last append's outcome is not known */
    int64_t failing_ns;   /* since when the journal does not answer; 0 = it does */
    int64_t retry_ns;     /* not before */
    int64_t last_append_ns; /* boot clock, before it was sent */
    int64_t space_ns;     /* next look at the free space */
};

struct tb_store_side {
    pthread_mutex_t lock;
    struct tb_image_spare spare; /* its own lock, taken after this one */
    struct tb_image_set *oldest; /* sealed ones, then the one that grows */
    struct tb_image_set *newest;
    struct tb_image_set *flushing;
    struct tb_tail *tail_first;
    struct tb_tail *tail_last;
    uint64_t tail_bytes;
    uint64_t tail_dropped_batch; /* newest batch that is no longer in the tail */
    uint64_t tail_dropped_seq;
};

struct tb_flusher {
    struct tb_checkpoint checkpoint; /* committed */
    uint64_t history_batch;          /* history rows are written up to here */
    uint32_t *mark_stamp;            /* [TB_TENANTS_MAX]: flush that marked the tenant */
    uint32_t stamp;
    struct tb_pool pool; /* for the publisher's blocks */
    struct tb_regions regions;
    bool pool_made;
    int64_t next_ns;
    int64_t failing_ns;
    struct tb_image_set *set; /* being written; kept over a failure */
    bool begun;
    struct tb_tail *near;     /* the last body whose rows are committed; or NULL */
};

/* Something that the flusher or the journal thread does for another thread. */
struct tb_errand {
    struct tb_errand *next;
    enum { ERRAND_FLUSH, ERRAND_SNAPSHOT, ERRAND_PRUNE, ERRAND_PRUNE_JOURNAL } what;
    const char *path;
    uint64_t keep_from;
    struct tb_snapshot snapshot;
    uint64_t wanted_batch;
    bool ok;
    struct tb_fault fault;
    _Atomic uint32_t done; /* not touched afterwards */
};

struct tb_cell {
    struct tb_cell_options o;
    const struct tb_host *host;
    _Atomic uint32_t state; /* enum tb_cell_state */
    _Atomic bool read_only;
    _Atomic bool lagging;
    _Atomic bool pressed;   /* more waits than the batch under way takes */
    _Atomic bool stalled;   /* the journal has not answered for hold_ms */
    _Atomic bool quit;      /* threads end when they have nothing left */
    _Atomic bool engine_gone;
    _Atomic bool writer_gone;
    _Atomic bool flush_at_end;
    pthread_mutex_t fault_lock;
    struct tb_fault fault;
    pthread_t engine_thread;
    pthread_t journal_thread;
    pthread_t flusher_thread;
    pthread_t loader_thread;
    bool threads;
    bool journal_started;
    bool flusher_started;

    /* submit */
    struct tb_inbox inbox;
    _Atomic uint32_t queued;
    _Atomic uint32_t *queued_of; /* [TB_TENANTS_MAX] */
    struct tb_bell engine_bell;

    /* the cell's thread */
    struct tb_regions regions;
    struct tb_pool pool; /* maps of the engine's own */
    struct tb_regions idem_regions; /* the idempotency table's: it is loaded beside the rest */
    struct tb_pool idem_pool;
    struct tb_core core;
    struct tb_txn txn;
    struct tb_arena scratch;
    uint8_t *scratch_region;
    uint8_t *events_region;
    uint8_t *entropy;    /* [ENTROPY_SETS] for commands that look at them */
    uint32_t entropy_at; /* the first set that nobody has seen */
    struct tb_fair fair;
    struct tb_idem idem;
    struct tb_due_queue due;
    struct tb_job_request **picked;
    uint32_t picked_n;
    uint32_t picked_at;
    struct tb_flight *flight; /* under construction */
    uint32_t shared_batches;  /* still to be kept short */
    int64_t run_ns;           /* of a batch, moving average */
    uint32_t *dirty_tenant;   /* beside store.dirty */
    uint32_t dirty_tenant_cap;
    uint32_t *touched; /* tenants with new entries in this batch */
    struct tb_gone { /* sparse blocks dropped in batches that may be under way */
        uint64_t id;
        uint32_t kind;
        uint32_t batch;
    } *gone;
    uint32_t gone_n;
    uint32_t gone_cap;
    uint32_t touched_n;
    uint32_t touched_cap;
    uint64_t seq; /* newest entry */
    int64_t now_ms;
    uint32_t sample;
    struct tb_live_job {
        uint64_t id;
        uint32_t tenant;
        bool queued;
    } *jobs;
    uint32_t jobs_n;
    uint32_t jobs_cap;
    struct tb_internal *internal_free;
    struct tb_internal *internal_all; /* chained by made */
    _Atomic(struct tb_internal *) internal_back; /* given back by callbacks */
    uint32_t internal_n;
    int64_t covered_ms; /* every instant before this is armed */
    int64_t sweep_ms;   /* horizon of the sweep under way */
    uint32_t sweep_kind;
    uint64_t sweep_at; /* 0 with sweep_kind 0: no sweep */
    uint32_t evict_kind;
    uint64_t evict_at;
    struct tb_image_list replayed;
    uint64_t sparse_max[TB_KINDS_MAX]; /* at load: the highest number in SQL */
    uint64_t sets_from; /* a standby's sets hold every image after this batch */
    bool hash_unknown; /* at load: the checkpoint's hash is to be taken from the journal */
    struct tb_journal_reader *follow; /* a standby's */
    uint64_t follow_last;             /* the newest batch known to be there */
    int64_t follow_seen_ns;           /* boot clock: since when it is known */
    int64_t follow_look_ns;
    int64_t follow_rotate_ns;

    /* cell's thread <-> journal thread */
    pthread_mutex_t flights_lock;
    struct tb_flight *free_flights;
    struct tb_flight *all_flights; /* array */
    uint32_t flights_n;
    struct tb_flight_list handed;
    _Atomic uint32_t in_flight;
    struct tb_bell journal_bell;
    struct tb_writer writer;
    _Atomic int64_t append_ns; /* of an append, moving average; the journal thread's */
    _Atomic int64_t lease_ns; /* boot clock until which answers may leave */

    /* loads */
    pthread_mutex_t loads_lock;
    struct tb_load *loads_first;
    struct tb_load *loads_last;
    _Atomic(struct tb_load *) loads_back;
    struct tb_bell loader_bell;
    struct tb_state_reader *loader;
    uint32_t loads_open;

    /* journal thread -> flusher, feed */
    struct tb_store_side store;
    struct tb_bell flusher_bell;
    struct tb_bell durable_bell;
    struct tb_bell errand_bell; /* a call or an errand is done */
    _Atomic uint64_t durable_seq;
    _Atomic uint64_t durable_batch;
    _Atomic uint64_t flushed_seq;
    _Atomic uint64_t flushed_batch;
    _Atomic uint64_t pending_bytes;
    _Atomic int64_t pending_since_ms; /* at_ms of the oldest batch not in SQL; 0 = none */
    struct tb_flusher flush;
    pthread_mutex_t errands_lock;
    struct tb_errand *errands;         /* the flusher's */
    struct tb_errand *journal_errands; /* the journal thread's */

    /* counted by the thread that does it, read by any */
    _Atomic uint64_t n_commands, n_entries, n_batches, n_appends, n_bytes, n_refusals, n_repeats;
    _Atomic uint64_t n_fires, n_loads, n_evictions, n_flushes, n_images, n_idem_rows, n_timers;
    _Atomic uint64_t memory_bytes;
    _Atomic uint32_t n_tenants;
    _Atomic int64_t engine_ns;
    _Atomic int64_t flusher_ns;
    _Atomic uint64_t latency[TB_LATENCY_BUCKETS];
};

static inline int64_t cell_mono_ns(const struct tb_cell *c)
{
    return c->host->mono_ns(c->host->user);
}
static inline int64_t cell_boot_ns(const struct tb_cell *c)
{
    return c->host->boot_ns(c->host->user);
}
/* A counter with one writer: no locked instruction. */
static inline void cell_count(_Atomic uint64_t *n, uint64_t by)
{
    atomic_store_explicit(n, atomic_load_explicit(n, memory_order_relaxed) + by,
                          memory_order_relaxed);
}

/* cell.c */
void tb_cell_log(struct tb_cell *c, const char *fmt, ...) TB_PRINTF(2, 3);
/* The first fault stays; the state becomes DEPOSED or FAILED. */
void tb_cell_break(struct tb_cell *c, enum tb_cell_state s, const struct tb_fault *f);
void tb_cell_finish(struct tb_cell *c, struct tb_job_request *r, enum tb_finish f);
enum tb_finish tb_cell_finish_now(const struct tb_cell *c); /* for what cannot run any more */

/* loop.c: one turn of the cell's thread; false when there was nothing to do. */
bool tb_loop_turn(struct tb_cell *c);
/* How long it may sleep. */
int64_t tb_loop_idle_ns(struct tb_cell *c);
/* True when nothing waits any more. */
bool tb_loop_empty(struct tb_cell *c);
void tb_loop_refuse_all(struct tb_cell *c, struct tb_job_request *list);
/* The request no longer counts as waiting. */
void tb_loop_left(struct tb_cell *c, const struct tb_job_request *r);
/* run.c: executes what was picked into the flight. */
void tb_run_batch(struct tb_cell *c, struct tb_flight *f);
/* After replay or a batch: images of the dirty blocks, timers and jobs of them; the next
 * batch starts. */
void tb_run_collect(struct tb_cell *c, struct tb_image_list *to);
void tb_run_note_dirty(struct tb_cell *c, uint32_t from, uint32_t tenant);
/* A block that a batch under way has dropped: images and SQL still have it. */
bool tb_run_is_gone(const struct tb_cell *c, struct tb_need n);
/* The tenant's feed moved. */
void tb_run_touch(struct tb_cell *c, uint32_t tenant);

/* timers.c */
void tb_timers_dirty(struct tb_cell *c, uint32_t kind, uint64_t id, uint32_t tenant,
                     const struct tb_block *b);
void tb_timers_turn(struct tb_cell *c); /* queues what is due, sweeps, evicts */
void tb_timers_rebuild(struct tb_cell *c);
void tb_timers_deinit(struct tb_cell *c);

/* writer.c: one turn of the journal thread. */
bool tb_writer_turn(struct tb_cell *c);
struct tb_flight *tb_flight_take(struct tb_cell *c);
void tb_flight_hand_over(struct tb_cell *c, struct tb_flight *f);
/* On the cell's thread. A flight that wrote nothing while no other is under way saw only what is durable: it
 * is answered at once, without the journal thread. False: it is to be handed over.                        */
bool tb_flight_answer(struct tb_cell *c, struct tb_flight *f);
/* True when take-over (or the first batch of a fresh journal) succeeded. */
enum tb_journal_answer tb_writer_take_over(struct tb_cell *c, struct tb_fault *f);
int64_t tb_writer_idle_ns(struct tb_cell *c);

/* keep.c: what became durable, until it is in SQL. */
void tb_keep_init(struct tb_cell *c);
void tb_keep_deinit(struct tb_cell *c);
void tb_keep_body(struct tb_cell *c, const struct tb_batch *b, uint64_t first_seq,
                  uint64_t last_seq);
void tb_keep_images(struct tb_cell *c, const struct tb_batch *b, const struct tb_image_list *images,
                    uint64_t entries, uint64_t last_seq);
/* A copy (malloc'd) of a pending image: 1 = here, 0 = not known, -1 = dropped. */
int tb_keep_find(struct tb_cell *c, uint8_t kind, uint64_t id, uint8_t **p, uint32_t *n);
/* Recomputes the figures and LAGGING; with the lock. */
void tb_keep_note(struct tb_cell *c);
/* The first after that batch, with a share for the caller; NULL when there is none, or
 * something between was dropped. near: one that the caller holds, to look from; or NULL. */
struct tb_tail *tb_tail_after_batch(struct tb_cell *c, uint64_t batch, const struct tb_tail *near,
                                    bool *dropped);
struct tb_tail *tb_tail_holding_seq(struct tb_cell *c, uint64_t seq, bool *dropped);
void tb_tail_release(struct tb_cell *c, struct tb_tail *t);

/* flush.c */
extern const struct tb_table tb_engine_tables[5];
#define TABLE_RECORD(c) (&(c)->o.tables->table[0])
#define TABLE_HISTORY(c) (&(c)->o.tables->table[1])
#define TABLE_MARK(c) (&(c)->o.tables->table[2])
#define TABLE_FACT(c) (&(c)->o.tables->table[3])
#define TABLE_ASIDE(c) (&(c)->o.tables->table[TB_TABLE_ASIDE])
/* Takes the checkpoint to what is durable, in one or more transactions. */
bool tb_flush_checkpoint(struct tb_cell *c, bool all, struct tb_fault *f);
/* One transaction of what the publisher put off; whether there is any. */
bool tb_flush_slice(struct tb_cell *c, int64_t slice_ns, struct tb_fault *f);
bool tb_flush_puts_off(struct tb_cell *c);
/* A flush and a slice. */
bool tb_flush_turn(struct tb_cell *c, bool all, struct tb_fault *f);
/* Brings the published tables up to date with what is flushed. */
bool tb_flush_publish(struct tb_cell *c, struct tb_fault *f);
void tb_flush_deinit(struct tb_cell *c);

/* errand.c: the flusher's turn; puts an errand before a thread and waits (stepping: does it). */
void tb_flush_errands(struct tb_cell *c);
bool tb_errand_run(struct tb_cell *c, struct tb_errand *e);

/* flusher.c: the thread; the flush at the end. */
void *tb_flusher_main(void *user);
void tb_flusher_last(struct tb_cell *c);

/* recover_state.c: the SQL state into memory; c->flush.checkpoint is the batch that it stands for. */
bool tb_recover_state(struct tb_cell *c, struct tb_fault *f);
/* Keeps an entry's answer for its idempotency key; false: it has none. */
bool tb_recover_answer(struct tb_cell *c, const struct tb_entry *e);
/* recover.c */
bool tb_recover(struct tb_cell *c, struct tb_fault *f);
/* Applies one batch of the journal. */
bool tb_recover_batch(struct tb_cell *c, const struct tb_batch *b, struct tb_fault *f);
/* Commands are run from now on. */
void tb_cell_lead(struct tb_cell *c);
/* follow.c: a standby's turn: reads on, takes over when the leader is silent. */
bool tb_follow_turn(struct tb_cell *c);

/* loader.c */
void tb_load_ask(struct tb_cell *c, struct tb_load *l);
bool tb_loader_turn(struct tb_cell *c); /* loader thread */
bool tb_load_enter(struct tb_cell *c);  /* cell's thread: what has come back */
/* Finds the rows; any one thread at a time. */
void tb_load_fetch(struct tb_cell *c, struct tb_load *l);
void tb_load_free(struct tb_load *l);

#endif
