// SPDX-License-Identifier: Apache-2.0
#include "http/side.h"

#include <pthread.h>
#include <stdlib.h>

struct task {
    tb_side_fn *fn;
    struct tb_call *call;
};

struct tb_side {
    void *app;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct task ring[TB_SIDE_CALLS_MAX];
    uint32_t first;
    uint32_t n;
    bool stop;
};

static void *side_main(void *user)
{
    struct tb_side *s = user;
    (void)pthread_mutex_lock(&s->lock);
    for (;;) {
        while (s->n == 0 && !s->stop)
            (void)pthread_cond_wait(&s->wake, &s->lock);
        if (s->n == 0)
            break;
        struct task t = s->ring[s->first];
        s->first = (s->first + 1) % TB_SIDE_CALLS_MAX;
        s->n--;
        (void)pthread_mutex_unlock(&s->lock);
        t.fn(s->app, t.call);
        (void)pthread_mutex_lock(&s->lock);
    }
    (void)pthread_mutex_unlock(&s->lock);
    return NULL;
}

struct tb_side *tb_side_start(void *app, struct tb_fault *fault)
{
    struct tb_side *s = calloc(1, sizeof *s);
    if (s == NULL) {
        tb_fault_set(fault, true, "out of memory");
        return NULL;
    }
    s->app = app;
    (void)pthread_mutex_init(&s->lock, NULL);
    (void)pthread_cond_init(&s->wake, NULL);
    if (pthread_create(&s->thread, NULL, side_main, s) != 0) {
        tb_fault_set(fault, true, "no thread beside the server");
        free(s);
        return NULL;
    }
    return s;
}

void tb_side_stop(struct tb_side *s)
{
    if (s == NULL)
        return;
    (void)pthread_mutex_lock(&s->lock);
    s->stop = true;
    (void)pthread_cond_signal(&s->wake);
    (void)pthread_mutex_unlock(&s->lock);
    (void)pthread_join(s->thread, NULL);
    (void)pthread_mutex_destroy(&s->lock);
    (void)pthread_cond_destroy(&s->wake);
    free(s);
}

void tb_side_push(struct tb_side *s, tb_side_fn *fn, struct tb_call *call)
{
    (void)pthread_mutex_lock(&s->lock);
    bool room = s->n < TB_SIDE_CALLS_MAX && !s->stop;
    if (room) {
        s->ring[(s->first + s->n) % TB_SIDE_CALLS_MAX] = (struct task){fn, call};
        s->n++;
        (void)pthread_cond_signal(&s->wake);
    }
    (void)pthread_mutex_unlock(&s->lock);
    if (!room)
        tb_http_refuse_code(call->req, TB_PROBLEM_OVERLOADED, NULL);
}
