// SPDX-License-Identifier: Apache-2.0
/* engine/flusher.c - the flusher's thread: what it does when, and when it steps back.
 *
 * Invariant: the checkpoint comes first. Every pause (flush_ms) a flush takes it as far as
 * the journal is durable; what the publisher put off is written in the time that is left
 * until the next one, so the published tables may fall behind and the checkpoint does not.
 * While requests wait beyond a batch the flusher sleeps, and where it had to wait for a core it
 * takes no more than a part of one, both until a share of pending_bytes is dirty: answers come
 * before tables, and memory before both.
 * What is not here: the transactions (flush.c), how long a rest is (pace.c).             */
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "engine/inside.h"
#include "engine/pace.h"

#define YIELD_NS INT64_C(2000000)  /* until the journal is looked at again */
#define YIELD_SHARE 4u             /* of pending_bytes: dirtier than that it no longer yields */
#define SLICE_NS INT64_C(50000000) /* of what was put off, in one transaction */
#define SLICE_MIN_NS INT64_C(5000000)
#define NICE 5      /* among threads that all want the processor, answers come first */
#define QUIET_LOOKS 10u /* in turn that saw hardly a command */

/* The thread's own; it ends with the thread. */
struct pace {
    int schedstat; /* of this thread; -1: the system does not tell */
    int64_t ran_ns;
    int64_t waited_ns;
    int64_t next_ns; /* the next flush */
    bool scarce;     /* the last one waited for a core */
    uint64_t commands; /* at the last look */
    uint32_t quiet;    /* looks in turn that saw few of them */
};

static bool in_no_hurry(struct tb_cell *c)
{
    return tb_cell_state(c) == TB_CELL_LEADING &&
           atomic_load(&c->pending_bytes) < c->o.pending_bytes / YIELD_SHARE;
}

/* More requests wait than the cell and the journal can take at once. */
static bool yields(struct tb_cell *c)
{
    return atomic_load(&c->pressed) && in_no_hurry(c);
}

/* What this thread ran and how long it was ready without a core since the last look. */
static void look(struct pace *p, int64_t *ran, int64_t *waited)
{
    char line[128];
    long long r, w;
    ssize_t n = p->schedstat < 0 ? -1 : pread(p->schedstat, line, sizeof line - 1, 0);
    *ran = *waited = 0;
    if (n <= 0)
        return;
    line[n] = 0;
    if (sscanf(line, "%lld %lld", &r, &w) != 2)
        return;
    *ran = r - p->ran_ns;
    *waited = w - p->waited_ns;
    p->ran_ns = r;
    p->waited_ns = w;
}

/* When the next flush is due, after one that began then. */
static void set_next(struct tb_cell *c, struct pace *p, int64_t began, bool ok)
{
    uint64_t commands = atomic_load_explicit(&c->n_commands, memory_order_relaxed);
    int64_t since = atomic_load(&c->pending_since_ms);
    struct tb_pace_flush f = {.began_ns = began,
                              .ended_ns = cell_mono_ns(c),
                              .pause_ns = (int64_t)c->o.flush_ms * 1000000,
                              .behind_ns = since != 0 ? (c->host->now_ms(c->host->user) - since) * 1000000 : 0,
                              .commands = commands - p->commands,
                              .ok = ok,
                              .in_no_hurry = in_no_hurry(c)};
    look(p, &f.ran_ns, &f.waited_ns);
    struct tb_pace_next next = tb_pace_next(&f);
    p->scarce = next.scarce;
    p->next_ns = next.at_ns;
    p->commands = commands;
    p->quiet = 0;
}

void tb_flusher_last(struct tb_cell *c)
{
    struct tb_fault f = {0};
    for (uint32_t tries = 0; tries < 3;) {
        uint64_t before = atomic_load(&c->flushed_batch);
        if (!tb_flush_turn(c, true, &f))
            tries++;
        else if (atomic_load(&c->flushed_batch) != before)
            continue;
        else if (tb_flush_publish(c, &f))
            return;
        else
            tries++;
    }
    tb_cell_log(c, "stopped without the last flush (the journal has it): %s", f.text);
}

static void note(struct tb_cell *c, bool ok, const struct tb_fault *f)
{
    if (!ok && c->flush.failing_ns == 0 && f->retryable)
        tb_cell_log(c, "the SQL state does not take a flush: %s", f->text);
    else if (ok && c->flush.failing_ns != 0)
        tb_cell_log(c, "the SQL state takes flushes again");
    c->flush.failing_ns = ok ? 0 : cell_mono_ns(c);
}

static bool broken(const struct tb_cell *c)
{
    enum tb_cell_state s = tb_cell_state(c);
    return s == TB_CELL_DEPOSED || s == TB_CELL_FAILED;
}

/* For the figures alone: nothing is decided by it. */
static int64_t cpu_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* In a rest: there is nobody to leave the cores to. */
static bool nobody_asks(struct tb_cell *c, struct pace *p)
{
    uint64_t n = atomic_load_explicit(&c->n_commands, memory_order_relaxed);
    p->quiet = n - p->commands < TB_PACE_QUIET_COMMANDS ? p->quiet + 1 : 0;
    p->commands = n;
    return p->quiet >= QUIET_LOOKS;
}

/* Does what is due; how long it may sleep then. */
static int64_t turn(struct tb_cell *c, struct pace *p)
{
    int64_t began = cell_mono_ns(c);
    int64_t ran, waited;
    struct tb_fault f = {0};
    if (broken(c))
        return TB_PACE_RETRY_NS;
    if (began >= p->next_ns || (p->scarce && (!in_no_hurry(c) || nobody_asks(c, p)))) {
        if (yields(c))
            return YIELD_NS;
        look(p, &ran, &waited);
        p->commands = atomic_load_explicit(&c->n_commands, memory_order_relaxed);
        bool ok = tb_flush_checkpoint(c, false, &f);
        if (ok && p->scarce && tb_flush_puts_off(c)) /* there will be no time between */
            ok = tb_flush_slice(c, SLICE_NS, &f);
        note(c, ok, &f);
        set_next(c, p, began, ok);
        return 0;
    }
    int64_t left = p->next_ns - began;
    if (p->scarce)
        return left < SLICE_NS ? left : SLICE_NS; /* then memory is looked at again */
    if (left < SLICE_MIN_NS || c->flush.failing_ns != 0 || !tb_flush_puts_off(c))
        return left;
    if (yields(c))
        return YIELD_NS;
    note(c, tb_flush_slice(c, left < SLICE_NS ? left : SLICE_NS, &f), &f);
    return 0;
}

void *tb_flusher_main(void *user)
{
    struct tb_cell *c = user;
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
    struct pace p = {.schedstat = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC),
                     .next_ns = cell_mono_ns(c) + (int64_t)c->o.flush_ms * 1000000};
    while (!atomic_load(&c->writer_gone)) {
        uint32_t ticket = tb_bell_ticket(&c->flusher_bell);
        tb_flush_errands(c);
        int64_t wait = turn(c, &p);
        atomic_store(&c->flusher_ns, cpu_ns());
        if (wait > 0)
            tb_bell_wait(&c->flusher_bell, ticket, wait);
    }
    if (p.schedstat >= 0)
        (void)close(p.schedstat);
    if (atomic_load(&c->flush_at_end) && !broken(c))
        tb_flusher_last(c);
    return NULL;
}
