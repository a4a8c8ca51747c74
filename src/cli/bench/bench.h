// SPDX-License-Identifier: Apache-2.0
/* cli/bench/bench.h - measuring the engine through its real face, beside a limit of the disk.
 *
 * Every figure is printed together with the program's own limit measured in the same run
 * (the same bytes appended to a growing file, one fdatasync per 256 operations), because
 * a figure without its machine says little. Nothing here is a test; nothing asserts a time.
 *
 * The world: tenants, each with two units of points, a rule of one point per whole
 * currency unit, a store, and members with a phone and a card and five attributes.              */
#ifndef TB_CLI_BENCH_H
#define TB_CLI_BENCH_H

#include <stdio.h>

#include "cli/node.h"
#include "core/code/code.h"
#include "core/identity/identity.h"
#include "core/order/order.h"

/* A coupon that somebody holds (checkout.c). */
struct tb_bench_coupon {
    uint32_t t;
    uint32_t member;
    uint64_t lot;
};

struct tb_bench_world {
    struct tb_node *node;
    uint32_t tenant_n;
    uint32_t member_n; /* in all tenants together */
    uint32_t *tenant;  /* block numbers */
    uint32_t *phone;   /* namespace blocks, per tenant */
    uint32_t *card;
    uint32_t (*attribute)[5];
    _Atomic uint64_t orders; /* numbers given so far */
    uint32_t *batch;         /* of item codes, per tenant; NULL = without */
    uint32_t code_n;         /* in each batch */
    _Atomic uint64_t scans;  /* so far */
    uint32_t *offer;         /* that takes a coupon, per tenant; NULL = without campaigns */
    struct tb_bench_coupon *coupon; /* claimed and not used yet; a ring of TB_BENCH_COUPONS */
    _Atomic uint64_t coupons_in;
    uint64_t coupons_out;
    uint32_t purses; /* members whose points were filled */
};
#define TB_BENCH_COUPONS (1u << 21)

struct tb_bench_options {
    const char *data;  /* an empty folder's path, for the limit's file */
    uint32_t tenants;
    uint32_t members;
    uint32_t seconds;  /* of each measured part */
    uint32_t rate;     /* purchases a second of the sustained part; 0 = leave it out */
    uint32_t sustain;  /* seconds of that part */
    uint32_t orders;   /* purchases before anything is measured */
    bool accounts;     /* members begin with points in a lot, and with stars of which nothing is left */
    bool scans;        /* also scans of item codes */
    bool checkout;     /* also quotes, coupons claimed, orders confirmed with them */
    bool play;         /* also draws, and scans that give something */
    bool restart;      /* also measure starting: as stopped, and with a tail of operations to replay */
    uint32_t tail;     /* operations in that tail */
};

/* The threads of this process at one moment (threads.c). */
#define TB_BENCH_THREADS_MAX 16u
struct tb_bench_threads {
    uint32_t n;
    uint64_t stolen_ticks; /* of all cores: ready to run, and the host ran something else */
    uint64_t ticks;        /* of all cores, with what they idled */
    struct tb_bench_thread {
        char name[16];
        uint64_t task;
        uint64_t ran_ns;    /* on a processor */
        uint64_t waited_ns; /* ready to run, without one */
    } thread[TB_BENCH_THREADS_MAX];
};
void tb_bench_threads_read(struct tb_bench_threads *to);
/* What they used between the two for each of `done` commands, and what the host of a virtual machine took from all its
 * cores meanwhile, which no thread's times say; one line. */
void tb_bench_threads_print(FILE *out, const struct tb_bench_threads *before, const struct tb_bench_threads *after,
                            uint64_t done);

/* Fills an empty cell; false when something was refused (said on stderr). */
bool tb_bench_fill(struct tb_bench_world *w, const struct tb_bench_options *o);

struct tb_bench_result {
    uint64_t done;
    double seconds;
    double bytes_each; /* of the journal */
    double engine_us;  /* of the cell's thread, each */
    double p50_ms;
    double p99_ms;
    int64_t lag_max_ms;
    int64_t lag_p99_ms;
    int64_t rows_lag_max_ms;    /* of the published tables: rows put off */
    int64_t persons_lag_max_ms; /* and persons */
    double flusher_us;          /* CPU of the flusher, each */
    uint64_t refused;
    enum tb_code first_refusal;
    uint64_t disk_bytes;
    uint64_t memory_before;
    uint64_t memory_after;
    uint64_t appends; /* of the journal, each with its own fdatasync */
    uint64_t batches;
    struct tb_bench_threads threads_before;
    struct tb_bench_threads threads_after;
};

/* Who sends the next command, and what else may depend on chance. */
struct tb_bench_visit {
    uint32_t t; /* tenant, from 0 */
    uint32_t member;
    uint64_t chance;
    int64_t now_ms;
};

/* One kind of work. fill makes a command (its tenant is set): the input and all it points to lie in
 * area (area_bytes, aligned to 16, kept from the slot's last command) or live as long as the world;
 * false: nothing is left to send. answered, when there is one, sees what came back, on the journal's
 * thread. */
struct tb_bench_kind {
    const char *what;
    const char *things;
    uint32_t area_bytes;
    uint32_t answer_bytes; /* of a write at least TB_ANSWER_BYTES_MAX */
    uint32_t slots;        /* commands under way at most */
    bool (*fill)(struct tb_bench_world *w, const struct tb_bench_visit *v, void *area, struct tb_command *out);
    void (*answered)(struct tb_bench_world *w, const struct tb_bench_visit *v, const struct tb_answer *a);
};
extern const struct tb_bench_kind tb_bench_purchase;
extern const struct tb_bench_kind tb_bench_scan;    /* after tb_bench_batches */
extern const struct tb_bench_kind tb_bench_quote;   /* this and the next two: after tb_bench_campaigns */
extern const struct tb_bench_kind tb_bench_claim;   /* of one coupon */
extern const struct tb_bench_kind tb_bench_confirm; /* with the coupons that were claimed, until none is left */
extern const struct tb_bench_kind tb_bench_draw;    /* after tb_bench_games */

/* Commands of tenants [first, first + n), at a rate or as fast as they are taken (0), until the first of:
 * stop is set (when given), `orders` are sent (when not 0), nothing is left, the seconds are over.       */
struct tb_bench_load {
    const struct tb_bench_kind *kind; /* NULL: purchases */
    uint32_t first;
    uint32_t n;
    uint32_t rate;
    uint32_t seconds;
    uint64_t orders;
    _Atomic bool *stop;
    bool timed; /* latencies of this load alone, not of all the cell */
};
void tb_bench_run_load(struct tb_bench_world *w, const struct tb_bench_load *l, struct tb_bench_result *out);
/* A batch of active codes in each tenant, bound to a product and a region. */
bool tb_bench_batches(struct tb_bench_world *w);
/* A hundred products, twenty live campaigns of all kinds, one of them with a coupon. */
bool tb_bench_campaigns(struct tb_bench_world *w);
/* A wheel of eight prizes that costs points, and points for everybody. */
bool tb_bench_games(struct tb_bench_world *w);
/* From now on the first scan of a code gives points. */
bool tb_bench_scan_games(struct tb_bench_world *w);
/* For the parts that fill a world: one command; false when it was refused (said). number: the
 * answer's field 1, or NULL.                                                              */
bool tb_bench_command(struct tb_node *node, uint32_t tenant, uint32_t op, const void *input, uint32_t *number);
/* The same; told[field] of fields 1 .. n - 1 that are numbers. */
bool tb_bench_answers(struct tb_node *node, uint32_t tenant, uint32_t op, const void *input, uint64_t *told,
                      uint32_t n);
/* A number in a packed answer, 0 = absent. */
uint64_t tb_bench_field(struct tb_str body, uint32_t field);
/* The quiet tenants' latencies alone, and while the first tenant sends as fast as it can. */
void tb_bench_flood(struct tb_bench_world *w, uint32_t seconds, FILE *out);
/* Closes and opens the node: when all is flushed, and when `tail` operations are not. */
bool tb_bench_restart(struct tb_bench_world *w, const struct tb_node_options *node, uint32_t tail, FILE *out);

/* Appends bytes_each * 256 a turn to a growing file, with fdatasync; operations a second. */
double tb_bench_limit(const char *path, double bytes_each, uint32_t seconds);

/* The p99 that no program passes on this machine at this moment: of a thread that only looks at the clock, by the
 * pauses in which it did not run (others on its core, the host of a virtual machine). */
double tb_bench_pause_p99_ms(double seconds);

/* One line: how fast this machine's core and memory are just now (machine.c). */
void tb_bench_machine(FILE *out);

/* One line: what the store's memory holds, for each member (memory.c). */
void tb_bench_memory(struct tb_node *node, FILE *out);

/* Resident bytes of this process. */
uint64_t tb_bench_resident(void);

/* All parts that the options name; prints a table. 0 = ok. */
int tb_bench_run(struct tb_bench_world *w, const struct tb_node_options *node, const struct tb_bench_options *o,
                 FILE *out);

/* Blind keys of member i, without a key store: a bijection is enough here. */
void tb_bench_key(uint32_t member, uint32_t which, uint64_t key[2]);

#endif
