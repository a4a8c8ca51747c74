// SPDX-License-Identifier: Apache-2.0
/* One kind of work (bench.h) through tb_cell_submit_many, from one thread that keeps a ring of
 * requests full, as the border would. Latency is submit to release, counted by the cell; of a part
 * of the tenants (a flood beside quiet ones) by the ring itself. Two loads may run at once.   */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "cli/bench/bench.h"

#define CHUNK 256u

struct slot {
    struct tb_job_request r;
    struct tb_bench_visit visit;
    struct ring *ring;
    double sent_s; /* of a timed ring */
};

/* Slots, and beside each the inputs of its command and the bytes of its answer. */
struct ring {
    const struct tb_bench_kind *kind;
    struct tb_bench_world *world;
    struct slot *slot;
    uint8_t *area;
    uint8_t *region;
    uint32_t *free_list; /* of the submitting thread */
    uint32_t free_n;
    uint32_t *back; /* given back by the journal thread */
    _Atomic uint64_t back_n; /* so many are done */
    uint64_t back_taken;
    _Atomic uint64_t refused;
    enum tb_code first_refusal;
    bool timed;
    uint32_t *took_us; /* ring buffer of the newest SAMPLES; the journal thread's */
};

#define SAMPLES 1000000u

static double now_s(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void released(struct tb_job_request *r)
{
    struct slot *s = r->user;
    struct ring *ring = s->ring;
    bool ok = r->finish == TB_FINISH_DONE && r->answer.code == TB_CODE_OK;
    if (ring->timed)
        ring->took_us[ring->back_n % SAMPLES] = (uint32_t)((now_s() - s->sent_s) * 1e6);
    if (ok && ring->kind->answered != NULL)
        ring->kind->answered(ring->world, &s->visit, &r->answer);
    if (!ok && ring->refused++ == 0)
        ring->first_refusal = r->answer.code;
    /* one thread at a time comes here: the journal thread, or the cell for reads that nothing is before */
    uint64_t n = atomic_load_explicit(&ring->back_n, memory_order_relaxed);
    ring->back[n % ring->kind->slots] = (uint32_t)(s - ring->slot);
    atomic_store_explicit(&ring->back_n, n + 1, memory_order_release);
}

uint64_t tb_bench_resident(void)
{
    FILE *f = fopen("/proc/self/statm", "re");
    unsigned long size = 0;
    unsigned long resident = 0;
    if (f != NULL) {
        if (fscanf(f, "%lu %lu", &size, &resident) != 2)
            resident = 0;
        (void)fclose(f);
    }
    return (uint64_t)resident * 4096;
}

static uint64_t written_bytes(void)
{
    FILE *f = fopen("/proc/self/io", "re");
    char line[128];
    unsigned long long v = 0;
    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        if (sscanf(line, "write_bytes: %llu", &v) == 1)
            break;
    if (f != NULL)
        (void)fclose(f);
    return v;
}

static uint64_t random_next(uint64_t *state)
{
    *state += UINT64_C(0x9e3779b97f4a7c15);
    return tb_mix(*state);
}

/* False: there is nothing left to send. */
static bool fill(struct tb_bench_world *w, struct slot *s, uint64_t *seed, const struct tb_bench_load *l,
                 int64_t now_ms)
{
    /* members are spread over tenants: member m belongs to tenant m % tenant_n */
    const struct tb_bench_kind *kind = s->ring->kind;
    uint32_t at = (uint32_t)(s - s->ring->slot);
    uint32_t t = l->first + (uint32_t)(random_next(seed) % l->n);
    uint32_t per_tenant = w->member_n / w->tenant_n;
    uint32_t member = (uint32_t)(random_next(seed) % per_tenant) * w->tenant_n + t;
    s->visit = (struct tb_bench_visit){
        .t = t, .member = member, .chance = random_next(seed), .now_ms = now_ms};
    s->r = (struct tb_job_request){.done = released, .user = s};
    s->r.command.tenant = w->tenant[t];
    tb_buf_init(&s->r.answer.body, s->ring->region + (size_t)at * kind->answer_bytes, kind->answer_bytes);
    return kind->fill(w, &s->visit, s->ring->area + (size_t)at * kind->area_bytes, &s->r.command);
}

static void collect(struct ring *ring)
{
    uint64_t n = ring->back_n;
    for (; ring->back_taken < n; ring->back_taken++)
        ring->free_list[ring->free_n++] = ring->back[ring->back_taken % ring->kind->slots];
}

/* Submits what is prepared, waiting where the queue is full. */
static void push(struct tb_cell *cell, struct tb_job_request **list, uint32_t n)
{
    uint32_t at = 0;
    while (at < n) {
        enum tb_submit why = TB_SUBMIT_TAKEN;
        at += tb_cell_submit_many(cell, list + at, n - at, &why);
        if (at < n)
            (void)nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
        if (why == TB_SUBMIT_FAILED || why == TB_SUBMIT_STOPPING || why == TB_SUBMIT_NOT_LEADING)
            return;
    }
}

#define LAGS 100000u

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static int by_time(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* The cell's figures count every request; a timed ring's its own. */
static void latencies(struct ring *ring, struct tb_bench_result *out)
{
    uint64_t n = ring->back_n < SAMPLES ? ring->back_n : SAMPLES;
    if (n == 0)
        return;
    qsort(ring->took_us, n, sizeof *ring->took_us, by_time);
    out->p50_ms = (double)ring->took_us[n / 2] / 1e3;
    out->p99_ms = (double)ring->took_us[n * 99 / 100] / 1e3;
}

static struct ring *ring_make(struct tb_bench_world *w, const struct tb_bench_load *l)
{
    const struct tb_bench_kind *kind = l->kind ? l->kind : &tb_bench_purchase;
    struct ring *ring = calloc(1, sizeof *ring);
    tb_assert(ring != NULL && kind->slots >= CHUNK && kind->area_bytes % 16 == 0);
    ring->kind = kind;
    ring->world = w;
    ring->slot = calloc(kind->slots, sizeof *ring->slot);
    ring->area = calloc(kind->slots, kind->area_bytes);
    ring->region = calloc(kind->slots, kind->answer_bytes);
    ring->free_list = calloc(kind->slots, sizeof *ring->free_list);
    ring->back = calloc(kind->slots, sizeof *ring->back);
    ring->timed = l->timed;
    ring->took_us = l->timed ? calloc(SAMPLES, sizeof *ring->took_us) : NULL;
    tb_assert(ring->slot != NULL && ring->area != NULL && ring->region != NULL && ring->free_list != NULL &&
              ring->back != NULL && (!l->timed || ring->took_us != NULL));
    for (uint32_t i = 0; i < kind->slots; i++) {
        ring->slot[i].ring = ring;
        ring->free_list[ring->free_n++] = i;
    }
    return ring;
}

static void ring_free(struct ring *ring)
{
    free(ring->slot);
    free(ring->area);
    free(ring->region);
    free(ring->free_list);
    free(ring->back);
    free(ring->took_us);
    free(ring);
}

/* Prepares and submits so many, or what is left; how many. */
static uint32_t send(struct tb_bench_world *w, struct ring *ring, uint64_t *seed, const struct tb_bench_load *l,
                     uint32_t want)
{
    int64_t now_ms = (int64_t)time(NULL) * 1000;
    double t = now_s();
    struct tb_job_request *list[CHUNK];
    uint32_t n = 0;
    while (n < want) {
        struct slot *s = &ring->slot[ring->free_list[ring->free_n - 1]];
        if (!fill(w, s, seed, l, now_ms))
            break;
        ring->free_n--;
        s->sent_s = t;
        list[n++] = &s->r;
    }
    push(w->node->cell, list, n);
    return n;
}

static bool goes_on(const struct tb_bench_load *l, double t, uint64_t sent)
{
    if (l->stop != NULL)
        return !atomic_load(l->stop);
    return l->orders ? sent < l->orders : t < l->seconds;
}

/* What happened between the two looks at the cell. */
static void figure(const struct ring *ring, const struct tb_cell_figures *before, struct tb_cell_figures *after,
                   struct tb_bench_result *out)
{
    double n = out->done ? (double)out->done : 1;
    out->appends = after->appends - before->appends;
    out->batches = after->batches - before->batches;
    out->refused = ring->refused;
    out->first_refusal = ring->first_refusal;
    out->bytes_each = (double)(after->bytes - before->bytes) / n;
    out->engine_us = (double)(after->engine_ns - before->engine_ns) / 1e3 / n;
    out->flusher_us = (double)(after->flusher_ns - before->flusher_ns) / 1e3 / n;
    for (uint32_t i = 0; i < TB_LATENCY_BUCKETS; i++)
        after->latency[i] -= before->latency[i];
    out->p50_ms = (double)tb_latency_quantile_ns(after->latency, 500000) / 1e6;
    out->p99_ms = (double)tb_latency_quantile_ns(after->latency, 990000) / 1e6;
}

/* How far the SQL state and the published tables are behind, now and then. */
struct watch {
    double next_s;
    uint32_t n;
    int64_t lag[LAGS];
    struct tb_cell_figures now;
};

static void look(struct watch *v, struct tb_cell *cell, double t, struct tb_bench_result *out)
{
    if (t < v->next_s || v->n == LAGS)
        return;
    tb_cell_figures(cell, &v->now);
    v->lag[v->n++] = v->now.lag_ms;
    if (v->now.rows_lag_ms > out->rows_lag_max_ms)
        out->rows_lag_max_ms = v->now.rows_lag_ms;
    if (v->now.persons_lag_ms > out->persons_lag_max_ms)
        out->persons_lag_max_ms = v->now.persons_lag_ms;
    v->next_s = t + .05;
}

/* Sends until it is over; how many. */
static uint64_t run(struct tb_bench_world *w, struct ring *ring, const struct tb_bench_load *l, struct watch *v,
                    struct tb_bench_result *out)
{
    uint64_t seed = 42 + w->orders + w->scans + l->first;
    uint64_t sent = 0;
    double start = now_s();
    for (double t = start; goes_on(l, t - start, sent); t = now_s()) {
        collect(ring);
        uint64_t allowed = l->rate ? (uint64_t)((t - start) * l->rate) : UINT64_MAX;
        uint32_t want = ring->free_n < CHUNK ? 0 : CHUNK;
        if (l->rate && sent + want > allowed)
            want = allowed > sent ? (uint32_t)(allowed - sent) : 0;
        look(v, w->node->cell, t, out);
        uint32_t n = want ? send(w, ring, &seed, l, want) : 0;
        if (want == 0)
            (void)nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
        sent += n;
        if (n < want)
            break;
    }
    while (ring->back_n < sent)
        (void)nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
    out->seconds = now_s() - start;
    return sent;
}

void tb_bench_run_load(struct tb_bench_world *w, const struct tb_bench_load *l, struct tb_bench_result *out)
{
    struct ring *ring = ring_make(w, l);
    struct tb_cell_figures *before = calloc(2, sizeof *before);
    struct tb_cell_figures *after = before + 1;
    struct watch *v = calloc(1, sizeof *v);
    tb_assert(before != NULL && v != NULL);
    tb_cell_figures(w->node->cell, before);
    uint64_t disk = written_bytes();
    *out = (struct tb_bench_result){.memory_before = tb_bench_resident()};
    tb_bench_threads_read(&out->threads_before);
    out->done = run(w, ring, l, v, out);
    tb_cell_figures(w->node->cell, after);
    tb_bench_threads_read(&out->threads_after);
    figure(ring, before, after, out);
    if (l->timed)
        latencies(ring, out);
    qsort(v->lag, v->n, sizeof *v->lag, by_size);
    out->lag_max_ms = v->n ? v->lag[v->n - 1] : 0;
    out->lag_p99_ms = v->n ? v->lag[(uint32_t)((uint64_t)v->n * 99 / 100)] : 0;
    out->disk_bytes = written_bytes() - disk;
    out->memory_after = tb_bench_resident();
    free(v);
    free(before);
    ring_free(ring);
}
