// SPDX-License-Identifier: Apache-2.0
#include "cli/demo.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "sim/load.h"

bool tb_demo_remember(const struct tb_node *n, const struct tb_sim_options *o,
                      struct tb_fault *fault)
{
    char path[4096];
    (void)tb_node_path(n->data, "demo.world", path, sizeof path);
    FILE *f = fopen(path, "we");
    bool ok = f != NULL &&
              fprintf(f, "%" PRIu64 " %" PRId64 " %" PRIu32 "\n", o->seed, o->now_ms, o->divide) > 0;
    if (f != NULL && fclose(f) != 0)
        ok = false;
    if (!ok)
        tb_fault_set(fault, false, "%.200s cannot be written", path);
    return ok;
}

bool tb_demo_recall(const struct tb_node *n, struct tb_sim_options *o)
{
    char path[4096];
    (void)tb_node_path(n->data, "demo.world", path, sizeof path);
    FILE *f = fopen(path, "re");
    if (f == NULL)
        return false;
    *o = (struct tb_sim_options){0};
    int got = fscanf(f, "%" SCNu64 " %" SCNd64 " %" SCNu32, &o->seed, &o->now_ms, &o->divide);
    (void)fclose(f);
    return got == 3;
}

struct tb_live {
    struct tb_node *node;
    struct tb_sim_loader *loader;
    struct tb_sim *sim;
    uint32_t shoppers;
    pthread_t thread;
    _Atomic bool stop;
};

static void *live_on(void *user)
{
    struct tb_live *l = user;
    const struct timespec second = {.tv_sec = 1};
    struct tb_fault fault;
    while (!l->stop) {
        (void)nanosleep(&second, NULL);
        if (l->stop || tb_cell_state(l->node->cell) != TB_CELL_LEADING)
            continue;
        struct timespec now;
        (void)clock_gettime(CLOCK_REALTIME, &now);
        int64_t now_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
        const struct tb_sim_wave *wave = tb_sim_live(l->sim, now_ms, l->shoppers);
        if (wave != NULL && !tb_sim_loader_run(l->loader, l->sim, wave, &fault))
            return NULL; /* the cell ends; whoever watches it says why */
    }
    return NULL;
}

static void live_free(struct tb_live *l)
{
    tb_sim_destroy(l->sim);
    tb_sim_loader_destroy(l->loader);
    free(l);
}

struct tb_live *tb_live_start(struct tb_node *n, uint32_t shoppers, struct tb_fault *fault)
{
    struct tb_sim_options o;
    if (!tb_demo_recall(n, &o)) {
        tb_fault_set(fault, false, "%.200s holds no demonstration: `tongbao demo` loads one", n->data);
        return NULL;
    }
    struct tb_live *l = calloc(1, sizeof *l);
    if (l == NULL) {
        tb_fault_set(fault, true, "no memory");
        return NULL;
    }
    l->node = n;
    l->shoppers = shoppers;
    l->loader = tb_sim_loader_create(n->cell, n->desk, NULL, false);
    if (l->loader != NULL)
        l->sim = tb_sim_create(&o, tb_sim_loader_border(l->loader));
    if (l->sim == NULL || pthread_create(&l->thread, NULL, live_on, l) != 0) {
        tb_fault_set(fault, true, "no memory for the live shoppers");
        live_free(l);
        return NULL;
    }
    return l;
}

void tb_live_stop(struct tb_live *l)
{
    if (l == NULL)
        return;
    l->stop = true;
    (void)pthread_join(l->thread, NULL);
    live_free(l);
}
