// SPDX-License-Identifier: Apache-2.0
#include "http/side.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct task {
    tb_side_fn *fn;
    struct tb_call *call;
};

struct tb_side {
    void *app;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct task task[TB_SIDE_CALLS_MAX]; /* in their order */
    uint32_t n;
    uint64_t last; /* turn_of the one that ran before */
    bool stop;
};

/* Who takes turns: tenants; of those who have no key yet, addresses. */
static uint64_t turn_of(const struct tb_call *call)
{
    return call->who.tenant != 0 || call->req == NULL ? call->who.tenant : tb_shell_peer(&call->req->peer);
}

/* The first of another than the last one; where all are its own, the first. */
static struct task take_next(struct tb_side *s)
{
    uint32_t at = 0;
    while (at < s->n && turn_of(s->task[at].call) == s->last)
        at++;
    at = at < s->n ? at : 0;
    struct task t = s->task[at];
    s->last = turn_of(t.call);
    s->n--;
    memmove(&s->task[at], &s->task[at + 1], (s->n - at) * sizeof s->task[0]);
    return t;
}

static void *side_main(void *user)
{
    struct tb_side *s = user;
    (void)pthread_mutex_lock(&s->lock);
    for (;;) {
        while (s->n == 0 && !s->stop)
            (void)pthread_cond_wait(&s->wake, &s->lock);
        if (s->n == 0)
            break;
        struct task t = take_next(s);
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

/* Who asks without a key is nobody in particular, and has no bound: addresses may be a proxy's. */
static bool room_for(const struct tb_side *s, const struct tb_principal *who)
{
    uint32_t own = 0;
    uint32_t tenant = 0;
    for (uint32_t i = 0; i < s->n; i++) {
        const struct tb_principal *w = &s->task[i].call->who;
        own += w->key == who->key && w->person == who->person;
        tenant += w->tenant == who->tenant;
    }
    bool known = who->key != 0 || who->person != 0;
    return s->n < TB_SIDE_CALLS_MAX && !s->stop &&
           (!known || (own < TB_SIDE_OWN_MAX && tenant < TB_SIDE_TENANT_MAX));
}

bool tb_side_take(struct tb_side *s, tb_side_fn *fn, struct tb_call *call)
{
    (void)pthread_mutex_lock(&s->lock);
    bool room = room_for(s, &call->who);
    if (room) {
        s->task[s->n++] = (struct task){fn, call};
        (void)pthread_cond_signal(&s->wake);
    }
    (void)pthread_mutex_unlock(&s->lock);
    return room;
}

void tb_side_push(struct tb_side *s, tb_side_fn *fn, struct tb_call *call)
{
    if (!tb_side_take(s, fn, call))
        tb_http_refuse_code(call->req, TB_PROBLEM_OVERLOADED, NULL);
}
