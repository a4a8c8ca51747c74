// SPDX-License-Identifier: Apache-2.0
/* Waves of commands. See wave.h. */
#include "cli/wave.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "events.gen.h"

#define PAUSE_NS 2000000 /* before a full queue is asked again */

bool tb_wave_init(struct tb_wave *w, struct tb_cell *cell, uint32_t tenant, uint32_t cap,
                  uint32_t answer_bytes)
{
    tb_assert(answer_bytes >= TB_ANSWER_BYTES_MAX && cap > 0);
    *w = (struct tb_wave){.cell = cell, .tenant = tenant, .cap = cap, .answer_bytes = answer_bytes};
    w->request = calloc(cap, sizeof *w->request);
    w->order = calloc(cap, sizeof(struct tb_job_request *));
    w->region = malloc((size_t)cap * answer_bytes);
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->rung, NULL);
    return w->request != NULL && w->order != NULL && w->region != NULL;
}

void tb_wave_deinit(struct tb_wave *w)
{
    free(w->request);
    free(w->order);
    free(w->region);
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->rung);
}

static void ring(struct tb_wave *w, uint32_t answered)
{
    if (atomic_fetch_sub(&w->left, answered) != answered)
        return;
    pthread_mutex_lock(&w->lock);
    w->all = true;
    pthread_cond_signal(&w->rung);
    pthread_mutex_unlock(&w->lock);
}

static void done(struct tb_job_request *r)
{
    ring(r->user, 1);
}

uint32_t tb_wave_add(struct tb_wave *w, uint32_t op, const void *input)
{
    tb_assert(w->n < w->cap);
    struct tb_job_request *r = &w->request[w->n];
    *r = (struct tb_job_request){.command = {.op = op, .tenant = w->tenant, .input = input},
                                 .done = done,
                                 .user = w};
    tb_buf_init(&r->answer.body, w->region + (size_t)w->n * w->answer_bytes, w->answer_bytes);
    w->order[w->n] = r;
    return w->n++;
}

void tb_wave_clear(struct tb_wave *w)
{
    w->n = 0;
}

static void pause_ns(long ns)
{
    struct timespec t = {.tv_nsec = ns};
    (void)nanosleep(&t, NULL);
}

/* Submits the rest; false when the cell takes nothing more. */
static uint32_t submit_all(struct tb_wave *w, struct tb_fault *fault)
{
    uint32_t sent = 0;
    while (sent < w->n) {
        enum tb_submit why;
        sent += tb_cell_submit_many(w->cell, w->order + sent, w->n - sent, &why);
        if (sent == w->n)
            break;
        bool later = why == TB_SUBMIT_QUEUE_FULL || why == TB_SUBMIT_TENANT_FULL || why == TB_SUBMIT_LAGGING;
        if (!later || (w->cancel != NULL && atomic_load(w->cancel))) {
            tb_fault_set(fault, true, "the engine takes no more commands: %s", tb_submit_name(why));
            break;
        }
        pause_ns(PAUSE_NS);
    }
    return sent;
}

bool tb_wave_run(struct tb_wave *w, struct tb_fault *fault)
{
    if (w->n == 0)
        return true;
    w->all = false;
    atomic_store(&w->left, w->n);
    uint32_t sent = submit_all(w, fault);
    if (sent < w->n)
        ring(w, w->n - sent);
    pthread_mutex_lock(&w->lock);
    while (!w->all)
        pthread_cond_wait(&w->rung, &w->lock);
    pthread_mutex_unlock(&w->lock);
    for (uint32_t i = 0; i < sent; i++) {
        if (w->request[i].finish == TB_FINISH_DONE || w->request[i].finish == TB_FINISH_TOO_LARGE)
            continue;
        tb_fault_set(fault, true, "a command was not decided: %s", tb_finish_name(w->request[i].finish));
        return false;
    }
    return sent == w->n;
}

static bool find_field(const struct tb_answer *a, uint32_t field, uint64_t *v, struct tb_str *s)
{
    struct tb_str in = tb_buf_as_str(&a->body);
    uint32_t at;
    bool bad = false;
    while (tb_wire_next(&in, &at, v, s, &bad))
        if (at == field)
            return true;
    return false;
}

bool tb_answer_uint(const struct tb_answer *a, uint32_t field, uint64_t *v)
{
    struct tb_str s;
    uint64_t got;
    if (!find_field(a, field, &got, &s))
        return false;
    *v = got;
    return true;
}

bool tb_answer_bytes(const struct tb_answer *a, uint32_t field, struct tb_str *s)
{
    uint64_t v;
    return find_field(a, field, &v, s);
}
