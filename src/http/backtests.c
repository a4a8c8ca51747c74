// SPDX-License-Identifier: Apache-2.0
/* The thread that runs back-tests, and what it remembers. See backtests.h. */
#include "http/backtests.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "backtest/backtest.h"
#include "border/zone.h"
#include "engine/port_state.h"

#define TENANTS_MAX 64u
#define ARENA_BYTES ((size_t)16 << 20) /* the draft's tree and what is read of it */
#define BODY_BYTES_MAX (1u << 20)
#define NICE 10
#define QUERY_MS 5000u
#define KEEP_TRIES 100u
#define KEEP_PAUSE_US 100000u

enum state { FREE = 0, QUEUED, RUNNING, DONE, STOPPED, FAILED, STATES };
static const char *const states[STATES] = {"", "queued", "running", "done", "stopped", "failed"};

struct run {
    enum state state;
    uint32_t tenant;
    uint32_t actor;
    uint64_t id;
    char campaign[TB_CODE_MAX + 1];
    uint32_t offer_version;
    int32_t from_day;
    int32_t to_day;
    bool today;
    int64_t started_ms;
    char *body; /* until it is over */
    uint32_t body_n;
    _Atomic uint32_t progress_ppm;
    atomic_bool stop;
    char problem[48];
    char field[160];
    uint8_t *result; /* DONE */
    uint32_t result_n;
};

struct tb_backtests {
    struct tb_app *app;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct run run[TENANTS_MAX];
    uint64_t newest;
    bool ending;
};

/* ---- one run --------------------------------------------------------------------------------------------- */

/* Of the thread, while it works on one. */
struct work {
    struct tb_backtests *all;
    struct run *run;
    struct tb_arena arena;
    struct tb_cmd_campaign_put put;
    struct tb_bt_options o;
    struct tb_bt_print print;
    struct tb_fault fault;
    char zone[48];
    char code[TB_CODE_MAX + 1];
    char currency[8];
    uint32_t part;  /* folding for the state of then, of today, showing the orders once more */
    uint32_t parts;
    struct tb_cmd_backtest_keep keep;
    struct tb_buf result;
};

static void failed(struct run *r, const char *problem, const char *field)
{
    (void)snprintf(r->problem, sizeof r->problem, "%s", problem);
    (void)snprintf(r->field, sizeof r->field, "%s", field);
}

/* The draft, as the command line reads a file; what only GET says is passed over. */
static bool read_draft(struct work *w)
{
    struct tb_json_doc *doc = TB_NEW(&w->arena, struct tb_json_doc);
    struct tb_json_index *index = tb_json_index_create();
    struct tb_refusal refusal = {0};
    struct tb_json_read read = {.doc = doc, .refusal = &refusal};
    struct tb_work work = {.arena = &w->arena, .refusal = &refusal, .input = &w->put, .bulk = true};
    tb_assert(doc != NULL && index != NULL);
    const struct tb_str body = {w->run->body, w->run->body_n};
    if (tb_json_parse(index, body, BODY_BYTES_MAX, &w->arena, doc, &refusal)) {
        struct tb_json_object root = tb_json_root(&read);
        tb_work_campaign_put.read(&work, &root);
    }
    tb_json_index_destroy(index);
    if (refusal.problem != TB_PROBLEM_NONE)
        failed(w->run, tb_problem_code(refusal.problem), refusal.field);
    return refusal.problem == TB_PROBLEM_NONE;
}

static bool on_tenant(void *user, const struct tb_value *v, uint32_t n)
{
    struct work *w = user;
    tb_assert(n == 4);
    tb_str_put_c(w->zone, sizeof w->zone, v[0].str);
    tb_str_put_c(w->code, sizeof w->code, v[1].str);
    tb_str_put_c(w->currency, sizeof w->currency, v[2].str);
    w->print.digits = (uint32_t)v[3].i64;
    return false;
}

static bool read_tenant(struct work *w)
{
    char sql[128];
    struct tb_state_reader *reader;
    struct tb_state *state = w->all->app->o.state;
    const struct tb_state_ops *ops = state != NULL ? state->ops : NULL;
    bool ok = ops != NULL && ops->reader_open(state, &reader, &w->fault) == TB_STATE_DONE;
    if (ok) {
        int n = snprintf(sql, sizeof sql, "SELECT zone, code, currency, currency_digits FROM tenants WHERE tenant = %u",
                         w->run->tenant);
        ok = ops->query(reader, (struct tb_str){sql, (uint32_t)n}, QUERY_MS, NULL, on_tenant, w, &w->fault) ==
             TB_STATE_DONE;
        ops->reader_close(reader);
    }
    ok = ok && w->zone[0] != 0 && tb_zone_load(tb_str_of(w->zone), &w->o.zone, &w->fault) == TB_ZONE_DONE;
    if (!ok)
        failed(w->run, "unavailable", "");
    return ok;
}

/* done and of are batches of one part; a part that starts anew begins with a smaller number. */
static bool go_on(void *user, uint64_t done, uint64_t of)
{
    struct work *w = user;
    uint64_t part = of ? done * 1000000 / of : 1000000;
    uint64_t all = (w->part * UINT64_C(1000000) + part) / w->parts;
    uint32_t had = atomic_load(&w->run->progress_ppm);
    if (part == 1000000 && w->part + 1 < w->parts)
        w->part++;
    atomic_store(&w->run->progress_ppm, all > had ? (uint32_t)all : had);
    return !atomic_load(&w->run->stop);
}

static bool ran(struct work *w, struct tb_backtest *b, enum tb_bt_answer answer)
{
    struct run *r = w->run;
    if (answer == TB_BT_PRUNED)
        failed(r, "journal_pruned", "");
    else if (answer == TB_BT_FAULT)
        failed(r, "unavailable", "");
    else if (answer == TB_BT_DONE && b->f.orders > 0 && b->draft[0].campaign == 0)
        failed(r, tb_code_name(b->draft[0].not_put), b->draft[0].not_put_field);
    return answer == TB_BT_DONE && r->problem[0] == 0;
}

static void note_then(struct work *w, const struct tb_backtest *b)
{
    w->keep.orders = b->f.orders;
    w->keep.in_force = b->f.fate[TB_BT_IN_FORCE];
    w->keep.members = b->f.members;
    w->keep.saving = b->f.saving;
    w->keep.cost = b->f.before - b->f.after;
}

/* The same orders with the state that members have today: what a question of SQL would have said. */
static void out_today(struct tb_json_out *o, const struct tb_backtest *b)
{
    tb_json_out_key_open(o, "today", '{');
    tb_json_out_key_i64(o, "in_force", b->f.fate[TB_BT_IN_FORCE]);
    tb_json_out_key_i64(o, "members", b->f.members);
    tb_json_out_key_i64(o, "saving", b->f.saving);
    tb_json_out_key_i64(o, "cost", b->f.before - b->f.after);
    tb_json_out_close(o, '}');
}

static bool run_both(struct work *w)
{
    struct tb_backtest *b = calloc(1, sizeof *b);
    struct tb_json_out o;
    tb_assert(b != NULL);
    tb_json_out_init(&o, &w->result);
    tb_json_out_open(&o, '{');
    bool ok = ran(w, b, tb_backtest_run(b, &w->o, &w->fault));
    if (ok) {
        note_then(w, b);
        tb_json_out_key(&o, "then");
        struct tb_buf part;
        uint8_t *region = malloc(TB_BACKTEST_RESULT_MAX);
        tb_assert(region != NULL);
        tb_buf_init(&part, region, TB_BACKTEST_RESULT_MAX);
        tb_backtest_json(b, &w->print, &part);
        tb_json_out_raw(&o, tb_buf_as_str(&part));
        w->result.overflowed = w->result.overflowed || part.overflowed;
        free(region);
    }
    tb_backtest_close(b);
    if (ok && w->run->today) {
        w->o.today = true;
        ok = ran(w, b, tb_backtest_run(b, &w->o, &w->fault));
        if (ok)
            out_today(&o, b);
        tb_backtest_close(b);
    }
    free(b);
    tb_json_out_close(&o, '}');
    if (ok && w->result.overflowed)
        failed(w->run, "answer_too_large", "");
    return ok && !w->result.overflowed;
}

/* ---- on record ---------------------------------------------------------------------------------------------- */

struct keeping {
    struct tb_job_request job; /* first: the two pointers convert */
    pthread_mutex_t lock;
    pthread_cond_t over;
    bool done;
};

static void on_kept(struct tb_job_request *job)
{
    struct keeping *k = (struct keeping *)job;
    (void)pthread_mutex_lock(&k->lock);
    k->done = true;
    (void)pthread_cond_signal(&k->over);
    (void)pthread_mutex_unlock(&k->lock);
}

static bool submit(struct work *w, struct keeping *k)
{
    k->done = false;
    if (tb_cell_submit(w->all->app->cell, &k->job) != TB_SUBMIT_TAKEN)
        return false;
    (void)pthread_mutex_lock(&k->lock);
    while (!k->done)
        (void)pthread_cond_wait(&k->over, &k->lock);
    (void)pthread_mutex_unlock(&k->lock);
    return k->job.finish == TB_FINISH_DONE;
}

/* True when its entry is durable. A run is repeated for nothing that passes. */
static bool put_on_record(struct work *w)
{
    const struct run *r = w->run;
    struct keeping k = {.lock = PTHREAD_MUTEX_INITIALIZER, .over = PTHREAD_COND_INITIALIZER};
    void *region = malloc(TB_ANSWER_BYTES_MAX);
    bool answered = false;
    tb_assert(region != NULL);
    w->keep.campaign = tb_str_of(r->campaign);
    w->keep.backtest = r->id;
    w->keep.offer_version = r->offer_version;
    w->keep.from_day = r->from_day;
    w->keep.to_day = r->to_day;
    w->keep.started_ms = r->started_ms;
    w->keep.result = tb_buf_as_str(&w->result);
    for (uint32_t i = 0; i < KEEP_TRIES && !answered && !atomic_load(&r->stop); i++) {
        if (i > 0)
            (void)usleep(KEEP_PAUSE_US);
        k.job = (struct tb_job_request){.command = {TB_OP_BACKTEST_KEEP, r->tenant, r->actor, &w->keep},
                                        .key_hash = r->id,
                                        .input_hash = r->id,
                                        .done = on_kept};
        tb_buf_init(&k.job.answer.body, region, TB_ANSWER_BYTES_MAX);
        answered = submit(w, &k);
    }
    bool ok = answered && k.job.answer.code == TB_CODE_OK;
    if (!ok)
        failed(w->run, answered ? tb_code_name(k.job.answer.code) : "unavailable", "");
    free(region);
    return ok;
}

/* ---- the thread ------------------------------------------------------------------------------------------------ */

static bool work_on(struct work *w)
{
    struct run *r = w->run;
    if (!read_draft(w) || !read_tenant(w))
        return false;
    w->print.tenant = tb_str_of(w->code);
    w->print.currency = tb_str_of(w->currency);
    w->print.campaign = r->campaign;
    w->o.journal = w->all->app->o.journal;
    w->o.env = w->all->app->o.env;
    w->o.tenant = r->tenant;
    w->o.from_ms = tb_zone_day_start_ms(w->o.zone, r->from_day);
    w->o.to_ms = tb_zone_day_start_ms(w->o.zone, r->to_day);
    w->o.campaign = &w->put;
    w->o.campaign_n = 1;
    w->o.go_on = go_on;
    w->o.user = w;
    w->parts = r->today ? 3 : 1;
    return run_both(w) && put_on_record(w);
}

static void over(struct tb_backtests *b, struct work *w, bool ok)
{
    struct run *r = w->run;
    (void)pthread_mutex_lock(&b->lock);
    r->state = ok ? DONE : atomic_load(&r->stop) && r->problem[0] == 0 ? STOPPED : FAILED;
    if (ok && (r->result = malloc(w->result.n)) != NULL) {
        memcpy(r->result, w->result.p, w->result.n);
        r->result_n = (uint32_t)w->result.n;
    }
    free(r->body);
    r->body = NULL;
    (void)pthread_mutex_unlock(&b->lock);
}

static void run_one(struct tb_backtests *b, struct run *r)
{
    struct work *w = calloc(1, sizeof *w);
    uint8_t *region = malloc(ARENA_BYTES);
    uint8_t *result = malloc(TB_BACKTEST_RESULT_MAX);
    tb_assert(w != NULL && region != NULL && result != NULL);
    w->all = b;
    w->run = r;
    tb_arena_init(&w->arena, region, ARENA_BYTES);
    tb_buf_init(&w->result, result, TB_BACKTEST_RESULT_MAX);
    over(b, w, work_on(w));
    free(result);
    free(region);
    free(w);
}

static struct run *next_queued(struct tb_backtests *b)
{
    struct run *next = NULL;
    for (uint32_t i = 0; i < TENANTS_MAX; i++)
        if (b->run[i].state == QUEUED && (next == NULL || b->run[i].id < next->id))
            next = &b->run[i];
    return next;
}

static void *backtests_main(void *user)
{
    struct tb_backtests *b = user;
    struct run *r;
    (void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), NICE); /* of this thread alone, on Linux */
    (void)pthread_mutex_lock(&b->lock);
    while (!b->ending) {
        r = next_queued(b);
        if (r == NULL) {
            (void)pthread_cond_wait(&b->wake, &b->lock);
            continue;
        }
        r->state = RUNNING;
        (void)pthread_mutex_unlock(&b->lock);
        run_one(b, r);
        (void)pthread_mutex_lock(&b->lock);
    }
    (void)pthread_mutex_unlock(&b->lock);
    return NULL;
}

struct tb_backtests *tb_backtests_start(struct tb_app *app, struct tb_fault *fault)
{
    struct tb_backtests *b = calloc(1, sizeof *b);
    if (b == NULL) {
        tb_fault_set(fault, true, "out of memory");
        return NULL;
    }
    b->app = app;
    (void)pthread_mutex_init(&b->lock, NULL);
    (void)pthread_cond_init(&b->wake, NULL);
    if (pthread_create(&b->thread, NULL, backtests_main, b) != 0) {
        tb_fault_set(fault, true, "no thread for back-tests");
        free(b);
        return NULL;
    }
    return b;
}

static void forget(struct run *r)
{
    free(r->body);
    free(r->result);
    *r = (struct run){0};
}

void tb_backtests_stop(struct tb_backtests *b)
{
    if (b == NULL)
        return;
    (void)pthread_mutex_lock(&b->lock);
    b->ending = true;
    for (uint32_t i = 0; i < TENANTS_MAX; i++)
        atomic_store(&b->run[i].stop, true);
    (void)pthread_cond_signal(&b->wake);
    (void)pthread_mutex_unlock(&b->lock);
    (void)pthread_join(b->thread, NULL);
    for (uint32_t i = 0; i < TENANTS_MAX; i++)
        forget(&b->run[i]);
    (void)pthread_mutex_destroy(&b->lock);
    (void)pthread_cond_destroy(&b->wake);
    free(b);
}

/* ---- asking ----------------------------------------------------------------------------------------------------- */

static bool is_over(const struct run *r)
{
    return r->state != QUEUED && r->state != RUNNING;
}

/* The tenant's place, else a free one, else the oldest that is over; NULL: all are at work. */
static struct run *place_for(struct tb_backtests *b, uint32_t tenant)
{
    struct run *best = NULL;
    for (uint32_t i = 0; i < TENANTS_MAX; i++) {
        struct run *r = &b->run[i];
        if (r->state != FREE && r->tenant == tenant)
            return is_over(r) ? r : NULL;
        if (is_over(r) && (best == NULL || r->id < best->id))
            best = r;
    }
    return best;
}

enum tb_backtest_start tb_backtests_ask(struct tb_backtests *b, const struct tb_backtest_ask *ask, uint64_t *id)
{
    if (b->app->o.journal == NULL)
        return TB_BACKTEST_NO_JOURNAL;
    tb_assert(ask->body.n <= BODY_BYTES_MAX && ask->campaign.n <= TB_CODE_MAX);
    (void)pthread_mutex_lock(&b->lock);
    struct run *r = b->ending ? NULL : place_for(b, ask->tenant);
    if (r != NULL) {
        int64_t now = tb_now_ms();
        forget(r);
        *r = (struct run){.state = QUEUED,
                          .tenant = ask->tenant,
                          .actor = ask->actor,
                          .offer_version = ask->offer_version,
                          .from_day = ask->from_day,
                          .to_day = ask->to_day,
                          .today = ask->today,
                          .started_ms = now,
                          .body = malloc(ask->body.n),
                          .body_n = ask->body.n};
        tb_assert(r->body != NULL);
        memcpy(r->body, ask->body.p, ask->body.n);
        tb_str_put_c(r->campaign, sizeof r->campaign, ask->campaign);
        /* rises with time, so that it is nobody else's after a restart, and a whole number in a browser */
        uint64_t at = (uint64_t)now * 1000;
        r->id = b->newest = at > b->newest ? at : b->newest + 1;
        *id = r->id;
        (void)pthread_cond_signal(&b->wake);
    }
    (void)pthread_mutex_unlock(&b->lock);
    return r != NULL ? TB_BACKTEST_STARTED : TB_BACKTEST_BUSY;
}

static struct run *find(struct tb_backtests *b, uint32_t tenant, struct tb_str campaign, uint64_t id)
{
    for (uint32_t i = 0; i < TENANTS_MAX; i++) {
        struct run *r = &b->run[i];
        if (r->state != FREE && r->tenant == tenant && (id == 0 || r->id == id) &&
            tb_str_eq_c(campaign, r->campaign))
            return r;
    }
    return NULL;
}

static void print(const struct run *r, struct tb_json_out *o)
{
    tb_json_out_key_i64(o, "id", (int64_t)r->id);
    tb_json_out_key_str(o, "campaign", tb_str_of(r->campaign));
    tb_json_out_key_i64(o, "offer_version", r->offer_version);
    tb_json_out_key(o, "from");
    tb_json_out_date(o, r->from_day);
    tb_json_out_key(o, "to");
    tb_json_out_date(o, r->to_day);
    tb_json_out_key_time(o, "started_at", r->started_ms);
    tb_json_out_key_str(o, "state", tb_str_of(states[r->state]));
    tb_json_out_key_i64(o, "progress_ppm", r->state == DONE ? 1000000 : atomic_load(&r->progress_ppm));
    if (r->problem[0] != 0)
        tb_json_out_key_str(o, "problem", tb_str_of(r->problem));
    if (r->field[0] != 0)
        tb_json_out_key_str(o, "field", tb_str_of(r->field));
}

bool tb_backtests_print(struct tb_backtests *b, uint32_t tenant, struct tb_str campaign, uint64_t id, const char *key,
                        struct tb_json_out *o)
{
    (void)pthread_mutex_lock(&b->lock);
    const struct run *r = find(b, tenant, campaign, id);
    if (r != NULL && key != NULL) {
        tb_json_out_key_open(o, key, '{');
    }
    if (r != NULL)
        print(r, o);
    if (r != NULL && key != NULL)
        tb_json_out_close(o, '}');
    (void)pthread_mutex_unlock(&b->lock);
    return r != NULL;
}

void tb_backtests_print_result(struct tb_backtests *b, uint32_t tenant, struct tb_str campaign, uint64_t id,
                               struct tb_json_out *o)
{
    (void)pthread_mutex_lock(&b->lock);
    const struct run *r = find(b, tenant, campaign, id);
    if (r != NULL && r->result != NULL) {
        tb_json_out_key(o, "result");
        tb_json_out_raw(o, (struct tb_str){(const char *)r->result, r->result_n});
    }
    (void)pthread_mutex_unlock(&b->lock);
}

bool tb_backtests_cancel(struct tb_backtests *b, uint32_t tenant, struct tb_str campaign, uint64_t id)
{
    (void)pthread_mutex_lock(&b->lock);
    struct run *r = find(b, tenant, campaign, id);
    if (r != NULL) {
        atomic_store(&r->stop, true);
        if (r->state == QUEUED)
            r->state = STOPPED;
    }
    (void)pthread_mutex_unlock(&b->lock);
    return r != NULL;
}
