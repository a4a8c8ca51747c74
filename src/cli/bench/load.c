// SPDX-License-Identifier: Apache-2.0
/* Purchases through tb_cell_submit_many, from one thread that keeps a ring of requests
 * full, as the border would. Latency is submit to release, counted by the cell.          */
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
    struct tb_identifier id;
    struct tb_order_line_input line[2];
    struct tb_order_tender_input tender;
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
};

static struct ring the_ring;

static void released(struct tb_job_request *r)
{
    struct slot *s = r->user;
    struct ring *ring = &the_ring;
    if (r->finish != TB_FINISH_DONE || r->answer.code != TB_CODE_OK)
        ring->refused++;
    /* the journal thread alone writes here */
    uint64_t n = ring->back_n;
    ring->back[n % SLOTS] = (uint32_t)(s - ring->slot);
    ring->back_n = n + 1;
    ring->done++;
}

static double now_s(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
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

static void fill(struct tb_bench_world *w, struct slot *s, uint64_t *seed, uint32_t first, uint32_t n,
                 int64_t now_ms)
{
    /* members are spread over tenants: member m belongs to tenant m % tenant_n */
    uint32_t t = first + (uint32_t)(random_next(seed) % n);
    uint32_t per_tenant = w->member_n / w->tenant_n;
    uint32_t member = (uint32_t)(random_next(seed) % per_tenant) * w->tenant_n + t;
    tb_bench_key(member, 0, s->id.key);
    s->id.ns = w->phone[t];
    s->id.verified = false;
    uint64_t no = ++w->orders;
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
    s->r = (struct tb_job_request){.command = {.op = TB_OP_ORDER,
                                               .tenant = w->tenant[t],
                                               .input = &s->order},
                                   .done = released,
                                   .user = s};
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

struct lag {
    int64_t *sample;
    uint32_t n;
};

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

void tb_bench_purchases(struct tb_bench_world *w, uint32_t seconds, uint32_t rate, uint32_t first,
                        uint32_t n, struct tb_bench_result *out)
{
    struct ring *ring = &the_ring;
    if (ring->slot == NULL)
        ring->slot = calloc(SLOTS, sizeof *ring->slot);
    tb_assert(ring->slot != NULL);
    struct tb_cell *cell = w->node->cell;
    ring->free_n = 0;
    ring->back_n = ring->back_taken = 0;
    ring->done = 0;
    for (uint32_t i = 0; i < SLOTS; i++)
        ring->free_list[ring->free_n++] = i;
    static struct tb_cell_figures before;
    static struct tb_cell_figures after;
    static int64_t lag[100000];
    uint32_t lag_n = 0;
    tb_cell_figures(cell, &before);
    uint64_t disk = written_bytes();
    *out = (struct tb_bench_result){.memory_before = tb_bench_resident()};
    uint64_t seed = 42 + w->orders;
    uint64_t sent = 0;
    double start = now_s();
    double next_look = start;
    while (now_s() - start < seconds) {
        collect(ring);
        double t = now_s();
        uint64_t allowed = rate ? (uint64_t)((t - start) * rate) : UINT64_MAX;
        uint32_t want = ring->free_n < CHUNK ? 0 : CHUNK;
        if (rate && sent + want > allowed)
            want = allowed > sent ? (uint32_t)(allowed - sent) : 0;
        if (t >= next_look && lag_n < TB_COUNT_OF(lag)) {
            tb_cell_figures(cell, &after);
            lag[lag_n++] = after.lag_ms;
            next_look = t + .05;
        }
        if (want == 0) {
            (void)nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
            continue;
        }
        int64_t now_ms = (int64_t)time(NULL) * 1000;
        struct tb_job_request *list[CHUNK];
        for (uint32_t i = 0; i < want; i++) {
            struct slot *s = &ring->slot[ring->free_list[--ring->free_n]];
            fill(w, s, &seed, first, n, now_ms);
            list[i] = &s->r;
        }
        push(cell, list, want);
        sent += want;
    }
    while (ring->done < sent)
        (void)nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
    out->seconds = now_s() - start;
    tb_cell_figures(cell, &after);
    out->done = sent;
    if (ring->refused)
        (void)fprintf(stderr, "bench: %llu purchases were refused\n",
                      (unsigned long long)ring->refused);
    out->bytes_each = (double)(after.bytes - before.bytes) / (double)sent;
    out->engine_us = (double)(after.engine_ns - before.engine_ns) / 1e3 / (double)sent;
    for (uint32_t i = 0; i < TB_LATENCY_BUCKETS; i++)
        after.latency[i] -= before.latency[i];
    out->p50_ms = (double)tb_latency_quantile_ns(after.latency, 500000) / 1e6;
    out->p99_ms = (double)tb_latency_quantile_ns(after.latency, 990000) / 1e6;
    qsort(lag, lag_n, sizeof *lag, by_size);
    out->lag_max_ms = lag_n ? lag[lag_n - 1] : 0;
    out->lag_p99_ms = lag_n ? lag[(uint32_t)((uint64_t)lag_n * 99 / 100)] : 0;
    out->disk_bytes = written_bytes() - disk;
    out->memory_after = tb_bench_resident();
}
