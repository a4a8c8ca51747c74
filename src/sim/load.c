// SPDX-License-Identifier: Apache-2.0
#include "sim/load.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/identity/identity.h"
#include "core/ops.h"
#include "sim/rng.h"

enum { ASK_BYTES = 1 << 20, WAIT_NS = 2000000 };

struct tb_sim_loader {
    struct tb_cell *cell;
    struct tb_desk *desk;
    struct tb_sim_clock *clock;
    struct tb_sim_border border;
    struct tb_job_request *request;
    struct tb_job_request **order;
    uint8_t *region;
    uint32_t cap;
    uint8_t *ask;
    atomic_uint left;
    pthread_mutex_t lock;
    pthread_cond_t rung;
    struct tb_sim_loaded loaded;
    bool stepping;
};

/* ---- the clock ------------------------------------------------------------------------- */

static int64_t clock_now(void *user)
{
    struct tb_sim_clock *c = user;
    return atomic_load_explicit(&c->now_ms, memory_order_relaxed);
}

static int64_t clock_mono(void *user)
{
    (void)user;
    return tb_host_real.mono_ns(tb_host_real.user);
}

static int64_t clock_boot(void *user)
{
    (void)user;
    return tb_host_real.boot_ns(tb_host_real.user);
}

static void clock_entropy(void *user, void *out, size_t n)
{
    (void)user;
    tb_host_real.entropy(tb_host_real.user, out, n);
}

void tb_sim_clock_init(struct tb_sim_clock *c, int64_t now_ms)
{
    atomic_init(&c->now_ms, now_ms);
    c->host = (struct tb_host){c, clock_now, clock_mono, clock_boot, clock_entropy};
}

/* ---- requests ------------------------------------------------------------------------------ */

static void done(struct tb_job_request *r)
{
    struct tb_sim_loader *l = r->user;
    if (atomic_fetch_sub(&l->left, 1) != 1)
        return;
    (void)pthread_mutex_lock(&l->lock);
    (void)pthread_cond_signal(&l->rung);
    (void)pthread_mutex_unlock(&l->lock);
}

static void pause_a_little(void)
{
    struct timespec t = {.tv_nsec = WAIT_NS};
    (void)nanosleep(&t, NULL);
}

static void wait_all(struct tb_sim_loader *l)
{
    while (l->stepping && atomic_load(&l->left) > 0)
        (void)tb_cell_step(l->cell);
    (void)pthread_mutex_lock(&l->lock);
    while (atomic_load(&l->left) > 0)
        (void)pthread_cond_wait(&l->rung, &l->lock);
    (void)pthread_mutex_unlock(&l->lock);
}

static bool submit_all(struct tb_sim_loader *l, uint32_t n, struct tb_fault *fault)
{
    uint32_t sent = 0;
    atomic_store(&l->left, n);
    while (sent < n) {
        enum tb_submit why = TB_SUBMIT_TAKEN;
        sent += tb_cell_submit_many(l->cell, l->order + sent, n - sent, &why);
        if (sent == n)
            break;
        if (why < TB_SUBMIT_UNAVAILABLE || why == TB_SUBMIT_NO_SPACE) {
            tb_fault_set(fault, false, "the cell takes no commands: %s", tb_submit_name(why));
            atomic_fetch_sub(&l->left, n - sent);
            wait_all(l);
            return false;
        }
        if (l->stepping)
            (void)tb_cell_step(l->cell);
        else
            pause_a_little();
    }
    wait_all(l);
    return true;
}

static bool make_room(struct tb_sim_loader *l, uint32_t n)
{
    if (n <= l->cap)
        return true;
    uint32_t cap = n + n / 2 + 64;
    free(l->request);
    free(l->order);
    free(l->region);
    l->request = calloc(cap, sizeof *l->request);
    l->order = calloc(cap, sizeof(struct tb_job_request *));
    l->region = malloc((size_t)cap * TB_ANSWER_BYTES_MAX);
    l->cap = l->request && l->order && l->region ? cap : 0;
    return l->cap != 0;
}

static bool took(struct tb_sim_loader *l, const struct tb_sim_command *c, const struct tb_job_request *r,
                 struct tb_fault *fault)
{
    if (r->finish != TB_FINISH_DONE) {
        tb_fault_set(fault, false, "%s was not decided: %s", tb_op_name(c->command.op), tb_finish_name(r->finish));
        return false;
    }
    l->loaded.commands++;
    l->loaded.refused += r->answer.code != TB_CODE_OK;
    l->loaded.refusal[r->answer.code]++;
    return true;
}

bool tb_sim_loader_run(struct tb_sim_loader *l, struct tb_sim *sim, const struct tb_sim_wave *wave,
                       struct tb_fault *fault)
{
    if (!make_room(l, wave->n)) {
        tb_fault_set(fault, false, "no memory for %u commands", wave->n);
        return false;
    }
    if (l->clock != NULL)
        atomic_store(&l->clock->now_ms, wave->now_ms);
    for (uint32_t i = 0; i < wave->n; i++) {
        struct tb_job_request *r = &l->request[i];
        *r = (struct tb_job_request){.command = wave->command[i].command, .done = done, .user = l};
        tb_buf_init(&r->answer.body, l->region + (size_t)i * TB_ANSWER_BYTES_MAX, TB_ANSWER_BYTES_MAX);
        l->order[i] = r;
    }
    if (!submit_all(l, wave->n, fault))
        return false;
    for (uint32_t i = 0; i < wave->n; i++) {
        if (!took(l, &wave->command[i], &l->request[i], fault))
            return false;
        tb_sim_answered(sim, &wave->command[i], &l->request[i].answer);
    }
    return true;
}

void tb_sim_loader_figures(const struct tb_sim_loader *l, struct tb_sim_loaded *out)
{
    *out = l->loaded;
}

/* ---- questions ---------------------------------------------------------------------------------- */

/* The first unsigned of field in the answer to one read; 0 when refused. */
static uint64_t ask(struct tb_sim_loader *l, uint32_t tenant, uint32_t op, const void *input,
                    uint32_t field, struct tb_str *bytes)
{
    struct tb_job_request r = {.command = {.op = op, .tenant = tenant, .input = input}, .done = done, .user = l};
    struct tb_job_request *one[1] = {&r};
    struct tb_job_request **order = l->order;
    struct tb_fault fault;
    tb_buf_init(&r.answer.body, l->ask, ASK_BYTES);
    l->order = one;
    bool ok = submit_all(l, 1, &fault);
    l->order = order;
    if (!ok || r.finish != TB_FINISH_DONE || r.answer.code != TB_CODE_OK)
        return 0;
    struct tb_str in = tb_buf_as_str(&r.answer.body);
    uint32_t at;
    uint64_t v;
    struct tb_str s;
    bool bad = false;
    while (tb_wire_next(&in, &at, &v, &s, &bad)) {
        if (at != field)
            continue;
        *bytes = s;
        return v;
    }
    return 0;
}

static uint32_t find(void *user, uint32_t tenant, enum tb_kind kind, struct tb_str code)
{
    struct tb_cmd_object_get in = {.kind = kind, .code = code};
    struct tb_str found = TB_STR_NONE;
    struct tb_str s;
    uint32_t field;
    uint64_t v;
    bool bad = false;
    (void)ask(user, tenant, TB_OP_OBJECT_GET, &in, 1, &found);
    while (tb_wire_next(&found, &field, &v, &s, &bad))
        if (field == 1)
            return (uint32_t)v;
    return 0;
}

uint64_t tb_sim_loader_who(void *loader, uint32_t tenant, const struct tb_identifier *id)
{
    struct tb_cmd_member_get in = {.who = {.identifier = *id}};
    struct tb_str none;
    return ask(loader, tenant, TB_OP_MEMBER_GET, &in, 1, &none);
}

static bool identifier(void *user, uint32_t tenant, uint32_t ns, enum tb_normaliser normaliser,
                       struct tb_str given, struct tb_buf *out, uint64_t key[2])
{
    struct tb_sim_loader *l = user;
    bool blocked = false;
    size_t from = out->n;
    enum tb_normal_answer a = tb_desk_identifier(l->desk, tenant, ns, (enum tb_identifier_kind)normaliser, given,
                                                 NULL, out, key, &blocked);
    /* an address that the phone made up for this network names nobody: every door drops it */
    if (a != TB_NORMAL_DONE || blocked)
        return false;
    struct tb_str value = {(const char *)out->p + from, (uint32_t)(out->n - from)};
    return normaliser != TB_NORMALISE_MAC || !tb_mac_is_random(value);
}

/* ---- life ------------------------------------------------------------------------------------------- */

struct tb_sim_loader *tb_sim_loader_create(struct tb_cell *cell, struct tb_desk *desk,
                                           struct tb_sim_clock *clock, bool stepping)
{
    struct tb_sim_loader *l = calloc(1, sizeof *l);
    uint8_t *region = malloc(ASK_BYTES);
    if (l == NULL || region == NULL) {
        free(l);
        free(region);
        return NULL;
    }
    l->cell = cell;
    l->desk = desk;
    l->clock = clock;
    l->stepping = stepping;
    l->ask = region;
    l->border = (struct tb_sim_border){l, find, identifier};
    (void)pthread_mutex_init(&l->lock, NULL);
    (void)pthread_cond_init(&l->rung, NULL);
    return l;
}

void tb_sim_loader_destroy(struct tb_sim_loader *l)
{
    if (l == NULL)
        return;
    (void)pthread_mutex_destroy(&l->lock);
    (void)pthread_cond_destroy(&l->rung);
    free(l->request);
    free(l->order);
    free(l->region);
    free(l->ask);
    free(l);
}

const struct tb_sim_border *tb_sim_loader_border(struct tb_sim_loader *l)
{
    return &l->border;
}
