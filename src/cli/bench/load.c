// SPDX-License-Identifier: Apache-2.0
/* Purchases, or scans, through tb_cell_submit_many, from one thread that keeps a ring of requests
 * full, as the border would. Latency is submit to release, counted by the cell; of a part of the
 * tenants (a flood beside quiet ones) by the ring itself. Two loads may run at once.       */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "cli/bench/bench.h"
#include "core/ops.h"

#define SLOTS 16384u
#define CHUNK 256u

struct slot {
    struct tb_job_request r;
    struct tb_cmd_order order;
    struct tb_cmd_code_scan scan;
    struct tb_identifier id;
    struct tb_order_line_input line[2];
    struct tb_order_tender_input tender;
    struct ring *ring;
    double sent_s; /* of a timed ring */
    char key[24];
    uint8_t region[TB_ANSWER_BYTES_MAX];
};

struct ring {
    struct slot *slot;
    uint32_t free_list[SLOTS]; /* of the submitting thread */
    uint32_t free_n;
    uint32_t back[SLOTS]; /* given back by the journal thread */
    _Atomic uint64_t back_n;
    uint64_t back_taken;
    _Atomic uint64_t done;
    _Atomic uint64_t refused;
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
    if (ring->timed)
        ring->took_us[ring->done % SAMPLES] = (uint32_t)((now_s() - s->sent_s) * 1e6);
    if (r->finish != TB_FINISH_DONE || r->answer.code != TB_CODE_OK)
        ring->refused++;
    /* the journal thread alone writes here */
    uint64_t n = ring->back_n;
    ring->back[n % SLOTS] = (uint32_t)(s - ring->slot);
    ring->back_n = n + 1;
    ring->done++;
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

static void fill_order(struct tb_bench_world *w, struct slot *s, uint64_t *seed, uint32_t t, uint32_t member,
                       int64_t now_ms)
{
    tb_bench_key(member, 0, s->id.key);
    s->id.ns = w->phone[t];
    s->id.verified = false;
    uint64_t no = atomic_fetch_add(&w->orders, 1) + 1;
    int len = snprintf(s->key, sizeof s->key, "B%llu", (unsigned long long)no);
    int64_t a = 100 + (int64_t)(random_next(seed) % 9900);
    int64_t b = 100 + (int64_t)(random_next(seed) % 9900);
    s->line[0] = (struct tb_order_line_input){
        .sku = TB_STR("6901234567892"), .quantity = 1000, .net = a};
    s->line[1] = (struct tb_order_line_input){
        .sku = TB_STR("6909876543210"), .quantity = 2000, .net = b};
    s->tender = (struct tb_order_tender_input){.kind = 3, .amount = a + b};
    s->order = (struct tb_cmd_order){.key = {s->key, (uint32_t)len},
                                     .identifier = &s->id,
                                     .identifier_n = 1,
                                     .store = TB_STR("S1"),
                                     .occurred_ms = now_ms,
                                     .line = s->line,
                                     .line_n = 2,
                                     .tender = &s->tender,
                                     .tender_n = 1,
                                     .input_hash = tb_mix(no)};
    s->r.command = (struct tb_command){.op = TB_OP_ORDER, .tenant = w->tenant[t], .input = &s->order};
}

static void fill(struct tb_bench_world *w, struct slot *s, uint64_t *seed, const struct tb_bench_load *l,
                 int64_t now_ms)
{
    /* members are spread over tenants: member m belongs to tenant m % tenant_n */
    uint32_t t = l->first + (uint32_t)(random_next(seed) % l->n);
    uint32_t per_tenant = w->member_n / w->tenant_n;
    uint32_t member = (uint32_t)(random_next(seed) % per_tenant) * w->tenant_n + t;
    s->r = (struct tb_job_request){.done = released, .user = s};
    if (l->scans) {
        tb_bench_scan(w, t, member, random_next(seed), now_ms, &s->id, &s->scan);
        s->r.command = (struct tb_command){.op = TB_OP_CODE_SCAN, .tenant = w->tenant[t], .input = &s->scan};
    } else {
        fill_order(w, s, seed, t, member, now_ms);
    }
    tb_buf_init(&s->r.answer.body, s->region, sizeof s->region);
}

static void collect(struct ring *ring)
{
    uint64_t n = ring->back_n;
    for (; ring->back_taken < n; ring->back_taken++)
        ring->free_list[ring->free_n++] = ring->back[ring->back_taken % SLOTS];
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
    uint64_t n = ring->done < SAMPLES ? ring->done : SAMPLES;
    if (n == 0)
        return;
    qsort(ring->took_us, n, sizeof *ring->took_us, by_time);
    out->p50_ms = (double)ring->took_us[n / 2] / 1e3;
    out->p99_ms = (double)ring->took_us[n * 99 / 100] / 1e3;
}

static struct ring *ring_make(bool timed)
{
    struct ring *ring = calloc(1, sizeof *ring);
    tb_assert(ring != NULL);
    ring->slot = calloc(SLOTS, sizeof *ring->slot);
    ring->timed = timed;
    ring->took_us = timed ? calloc(SAMPLES, sizeof *ring->took_us) : NULL;
    tb_assert(ring->slot != NULL && (!timed || ring->took_us != NULL));
    for (uint32_t i = 0; i < SLOTS; i++) {
        ring->slot[i].ring = ring;
        ring->free_list[ring->free_n++] = i;
    }
    return ring;
}

static void ring_free(struct ring *ring)
{
    free(ring->slot);
    free(ring->took_us);
    free(ring);
}

/* Prepares and submits so many. */
static void send(struct tb_bench_world *w, struct ring *ring, uint64_t *seed, const struct tb_bench_load *l,
                 uint32_t want)
{
    int64_t now_ms = (int64_t)time(NULL) * 1000;
    double t = now_s();
    struct tb_job_request *list[CHUNK];
    for (uint32_t i = 0; i < want; i++) {
        struct slot *s = &ring->slot[ring->free_list[--ring->free_n]];
        fill(w, s, seed, l, now_ms);
        s->sent_s = t;
        list[i] = &s->r;
    }
    push(w->node->cell, list, want);
}

static bool goes_on(const struct tb_bench_load *l, double t, uint64_t sent)
{
    if (l->stop != NULL)
        return !atomic_load(l->stop);
    return l->orders ? sent < l->orders : t < l->seconds;
}

void tb_bench_purchases(struct tb_bench_world *w, const struct tb_bench_load *l, struct tb_bench_result *out)
{
    struct ring *ring = ring_make(l->timed);
    struct tb_cell *cell = w->node->cell;
    struct tb_cell_figures *before = calloc(2, sizeof *before);
    struct tb_cell_figures *after = before + 1;
    int64_t *lag = calloc(LAGS, sizeof *lag);
    tb_assert(before != NULL && lag != NULL);
    uint32_t lag_n = 0;
    tb_cell_figures(cell, before);
    uint64_t disk = written_bytes();
    *out = (struct tb_bench_result){.memory_before = tb_bench_resident()};
    tb_bench_threads_read(&out->threads_before);
    uint64_t seed = 42 + w->orders + w->scans + l->first;
    uint64_t sent = 0;
    double start = now_s();
    double next_look = start;
    for (double t = start; goes_on(l, t - start, sent); t = now_s()) {
        collect(ring);
        uint64_t allowed = l->rate ? (uint64_t)((t - start) * l->rate) : UINT64_MAX;
        uint32_t want = ring->free_n < CHUNK ? 0 : CHUNK;
        if (l->rate && sent + want > allowed)
            want = allowed > sent ? (uint32_t)(allowed - sent) : 0;
        if (t >= next_look && lag_n < LAGS) {
            tb_cell_figures(cell, after);
            lag[lag_n++] = after->lag_ms;
            if (after->rows_lag_ms > out->rows_lag_max_ms)
                out->rows_lag_max_ms = after->rows_lag_ms;
            if (after->persons_lag_ms > out->persons_lag_max_ms)
                out->persons_lag_max_ms = after->persons_lag_ms;
            next_look = t + .05;
        }
        if (want == 0)
            (void)nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
        else
            send(w, ring, &seed, l, want);
        sent += want;
    }
    while (ring->done < sent)
        (void)nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
    out->seconds = now_s() - start;
    tb_cell_figures(cell, after);
    tb_bench_threads_read(&out->threads_after);
    out->done = sent;
    out->appends = after->appends - before->appends;
    out->batches = after->batches - before->batches;
    out->refused = ring->refused;
    out->bytes_each = (double)(after->bytes - before->bytes) / (double)sent;
    out->engine_us = (double)(after->engine_ns - before->engine_ns) / 1e3 / (double)sent;
    out->flusher_us = (double)(after->flusher_ns - before->flusher_ns) / 1e3 / (double)sent;
    for (uint32_t i = 0; i < TB_LATENCY_BUCKETS; i++)
        after->latency[i] -= before->latency[i];
    out->p50_ms = (double)tb_latency_quantile_ns(after->latency, 500000) / 1e6;
    out->p99_ms = (double)tb_latency_quantile_ns(after->latency, 990000) / 1e6;
    if (l->timed)
        latencies(ring, out);
    qsort(lag, lag_n, sizeof *lag, by_size);
    out->lag_max_ms = lag_n ? lag[lag_n - 1] : 0;
    out->lag_p99_ms = lag_n ? lag[(uint32_t)((uint64_t)lag_n * 99 / 100)] : 0;
    out->disk_bytes = written_bytes() - disk;
    out->memory_after = tb_bench_resident();
    free(lag);
    free(before);
    ring_free(ring);
}
