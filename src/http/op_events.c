// SPDX-License-Identifier: Apache-2.0
/* http/op_events.c - the feed, a member's timeline, a member's statement: what of history they show.
 *
 * They read history, which may be in SQL, so one side thread does it and IO threads never
 * wait. A question with `wait` stays on the thread's list until something is there or its
 * time is over.
 * A timeline follows the chain of entries backwards from the member's newest one; where
 * persons came together the entry names the chains of the others, and from there all are
 * followed, newest first. Every entry is checked to be of this tenant and of this person
 * before it is shown.
 * Not here: how an entry is printed (event_json.c, statement.c).                           */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/cell.h"
#include "http/app_int.h"
#include "http/event_json.h"

#define PAGE_BYTES (4u << 20)
#define ENTRY_BYTES_MAX (2u << 20)
#define READERS 16u
#define CHAIN_MAX 2000u  /* entries looked at for one page */
#define AGAIN_MAX 20000u /* entries passed over on the way to a page of several chains */
#define CHAINS_MAX 1024u /* of one person; further ones are left out */

enum asks { FEED, TIMELINE, STATEMENT };

struct question {
    struct question *next;
    struct tb_work *w;
    enum asks asks;
    uint64_t after; /* FEED: tenant_seq; else: where the page before ended, see cursor_of */
    uint64_t newest; /* the person's newest entry */
    uint32_t limit;
    uint32_t unit;
    int64_t until_ns;
    const uint32_t *profile; /* of the person */
    uint32_t profile_n;
};

struct reader {
    uint32_t tenant;
    uint64_t used;
    struct tb_feed_reader *r;
};

struct tb_feeds {
    struct tb_app *app;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct question *fresh;
    bool stop;
    uint64_t clock;
    struct reader reader[READERS];
};

struct page {
    struct question *q;
    struct tb_buf b;
    struct tb_json_out o;
    uint32_t n;
    uint64_t last;
    bool full;
    struct tb_entry seen; /* its numbers; strings are not kept */
    uint64_t below;       /* several chains: entries from here on were shown before */
    uint32_t chains;      /* under way, by falling seq */
    uint64_t chain[CHAINS_MAX];
};

static int64_t now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* ---- printing ------------------------------------------------------------------------ */

/* False: none of them exists. */
static bool learn_wants(struct tb_work *w)
{
    bool learnt = false;
    for (uint32_t i = 0; w->wants != NULL && i < w->wants->n; i++) {
        const struct tb_want *want = &w->wants->want[i];
        learnt |= tb_facts_wait(w->app, w->tenant, (enum tb_kind)want->kind, want->id);
    }
    free(w->wants);
    w->wants = NULL;
    return learnt;
}

/* Prints one entry, or leaves the page as it was and says full. */
static void print(struct page *p, const struct tb_entry *e)
{
    struct tb_work *w = p->q->w;
    uint32_t added = 0;
    bool enough = false;
    for (uint32_t round = 0;; round++) { /* each brings TB_WANTS_MAX names more */
        struct tb_buf before = p->b;
        struct tb_json_out out = p->o;
        tb_facts_enter();
        if (p->q->asks == STATEMENT) {
            added = tb_statement_print(w, &p->o, e, p->q->unit);
        } else {
            tb_feed_print(w, &p->o, e, p->q->asks == FEED ? e->tenant_seq : e->seq);
            added = 1;
        }
        tb_facts_leave();
        bool missing = w->wants != NULL && w->wants->n > 0;
        p->full = p->b.overflowed;
        if (!p->full && (!missing || enough))
            break; /* what has no name now has none */
        p->b = before;
        p->o = out;
        if (p->full)
            added = 0;
        if (p->full)
            break;
        enough = !learn_wants(w) || round >= TB_WANTS_ROUNDS_MAX;
    }
    free(w->wants);
    w->wants = NULL;
    p->n += added;
}

static void page_open(struct page *p, struct question *q)
{
    *p = (struct page){.q = q, .last = q->after};
    void *region = malloc(PAGE_BYTES);
    tb_buf_init(&p->b, region, region ? PAGE_BYTES - 64 : 0);
    tb_json_out_init(&p->o, &p->b);
    tb_json_out_open(&p->o, '{');
    tb_json_out_key_open(&p->o, "items", '[');
}

static void page_send(struct page *p, uint64_t next)
{
    struct tb_work *w = p->q->w;
    p->b.cap += 64;
    tb_json_out_close(&p->o, ']');
    if (next != 0 || p->q->asks == FEED)
        tb_json_out_key_i64(&p->o, "next", (int64_t)next);
    tb_json_out_close(&p->o, '}');
    tb_work_done(w);
    if (p->b.overflowed || p->b.p == NULL) {
        free(p->b.p);
        tb_http_refuse_code(w->req, TB_PROBLEM_OVERLOADED, NULL);
        return;
    }
    tb_http_reply_owned(w->req, 200, TB_JSON, p->b.p, p->b.n);
}

static void page_refuse(struct page *p, enum tb_problem problem)
{
    free(p->b.p);
    tb_work_done(p->q->w);
    tb_http_refuse_code(p->q->w->req, problem, NULL);
}

/* ---- readers ------------------------------------------------------------------------- */

static struct tb_feed_reader *reader_of(struct tb_feeds *f, uint32_t tenant)
{
    struct reader *oldest = &f->reader[0];
    struct tb_fault fault;
    for (uint32_t i = 0; i < READERS; i++) {
        struct reader *r = &f->reader[i];
        if (r->r != NULL && r->tenant == tenant) {
            r->used = ++f->clock;
            return r->r;
        }
        if (r->used < oldest->used)
            oldest = r;
    }
    if (oldest->r != NULL)
        tb_feed_close(oldest->r);
    *oldest = (struct reader){.tenant = tenant, .used = ++f->clock};
    if (!tb_feed_open(f->app->cell, tenant, &oldest->r, &fault)) {
        *oldest = (struct reader){0};
        return NULL;
    }
    return oldest->r;
}

/* ---- the feed ------------------------------------------------------------------------ */

static bool feed_entry(void *user, const struct tb_entry *e)
{
    struct page *p = user;
    print(p, e);
    if (!p->full)
        p->last = e->tenant_seq;
    return !p->full;
}

/* False: nothing yet, and there is time. */
static bool feed_answer(struct tb_feeds *f, struct question *q)
{
    struct page p;
    struct tb_fault fault;
    struct tb_feed_reader *r = reader_of(f, q->w->tenant);
    page_open(&p, q);
    enum tb_feed a = r == NULL || p.b.p == NULL
                         ? TB_FEED_FAULT
                         : tb_feed_read(r, q->after, q->limit, feed_entry, &p, &fault);
    if (a != TB_FEED_DONE) {
        page_refuse(&p, a == TB_FEED_BEHIND ? TB_PROBLEM_HISTORY_GONE : TB_PROBLEM_UNAVAILABLE);
        return true;
    }
    if (p.n == 0 && q->until_ns > now_ns() && !f->stop &&
        tb_cell_state(f->app->cell) == TB_CELL_LEADING) {
        free(p.b.p);
        return false;
    }
    page_send(&p, p.last);
    return true;
}

/* ---- one member's chain -------------------------------------------------------------- */

static bool of_person(const struct question *q, uint64_t profile)
{
    for (uint32_t i = 0; i < q->profile_n; i++)
        if (q->profile[i] == profile)
            return true;
    return false;
}

/* Keeps the chains in order, each entry once. */
static void follow(struct page *p, uint64_t seq)
{
    uint32_t at = p->chains;
    while (at > 0 && p->chain[at - 1] < seq)
        at--;
    if (seq == 0 || p->chains == CHAINS_MAX || (at > 0 && p->chain[at - 1] == seq))
        return;
    memmove(&p->chain[at + 1], &p->chain[at], (p->chains - at) * sizeof p->chain[0]);
    p->chain[at] = seq;
    p->chains++;
}

/* Persons came together here: the chains of all of them go on. */
static void follow_joined(struct page *p, const struct tb_entry *e)
{
    struct tb_str list = e->bytes;
    struct tb_str body;
    uint32_t type;
    bool bad = false;
    while (tb_event_next(&list, &type, &body, &bad)) {
        uint8_t scratch[32768]; /* a person has 1,000 profiles at most */
        struct tb_ev_joined ev;
        struct tb_arena a;
        tb_arena_init(&a, scratch, sizeof scratch);
        if (type != TB_EVENT_JOINED || !tb_ev_joined_decode(body, &a, &ev))
            continue;
        for (uint32_t i = 0; i < ev.chain_n; i++)
            if (ev.chain[i] < e->seq)
                follow(p, ev.chain[i]);
    }
}

static bool chain_entry(void *user, const struct tb_entry *e)
{
    struct page *p = user;
    p->seen = *e;
    if (e->tenant != p->q->w->tenant) {
        p->seen.prev_seq = 0;
        return false;
    }
    if (e->seq < p->below && of_person(p->q, e->member))
        print(p, e);
    if (!p->full)
        follow_joined(p, e);
    return true;
}

/* What the next page begins with: one chain goes on at its entry; several begin again at the
 * newest entry and pass over what was shown. 0: nothing is left within AGAIN_MAX.         */
static uint64_t cursor_of(const struct page *p)
{
    if (p->chains == 0 || p->chain[0] >= p->below)
        return 0;
    return p->chain[0] * 2 + (p->chains > 1);
}

static void chain_begin(struct page *p, const struct question *q)
{
    bool several = (q->after & 1) != 0;
    p->below = several ? q->after / 2 + 1 : UINT64_MAX;
    follow(p, several || q->after == 0 ? q->newest : q->after / 2);
}

static void chain_answer(struct tb_feeds *f, struct question *q)
{
    struct page *p = malloc(sizeof *p);
    tb_assert(p != NULL);
    struct tb_fault fault;
    struct tb_feed_reader *r = reader_of(f, q->w->tenant);
    uint32_t passed = 0, looked = 0;
    page_open(p, q);
    chain_begin(p, q);
    while (r != NULL && p->chains > 0 && p->n < q->limit && looked < CHAIN_MAX && passed < AGAIN_MAX) {
        uint64_t at = p->chain[0];
        p->seen.prev_seq = 0; /* stays so when the entry was taken away with its segment */
        (void)tb_feed_entry(r, at, chain_entry, p, &fault);
        if (p->full)
            break;
        if (at < p->below)
            looked++;
        else
            passed++;
        p->chains--;
        memmove(&p->chain[0], &p->chain[1], p->chains * sizeof p->chain[0]);
        follow(p, p->seen.prev_seq);
    }
    if (r == NULL || p->b.p == NULL)
        page_refuse(p, TB_PROBLEM_UNAVAILABLE);
    else
        page_send(p, cursor_of(p));
    free(p);
}

/* ---- the thread ---------------------------------------------------------------------- */

static struct question *take_fresh(struct tb_feeds *f, bool may_sleep)
{
    (void)pthread_mutex_lock(&f->lock);
    while (may_sleep && f->fresh == NULL && !f->stop)
        (void)pthread_cond_wait(&f->wake, &f->lock);
    struct question *q = f->fresh;
    f->fresh = NULL;
    (void)pthread_mutex_unlock(&f->lock);
    return q;
}

static struct question *answer_all(struct tb_feeds *f, struct question *list)
{
    struct question *kept = NULL;
    while (list != NULL) {
        struct question *next = list->next;
        bool over = true;
        if (list->asks == FEED)
            over = feed_answer(f, list);
        else
            chain_answer(f, list);
        if (!over) { /* else it went with the request's arena */
            list->next = kept;
            kept = list;
        }
        list = next;
    }
    return kept;
}

static void *feeds_main(void *user)
{
    struct tb_feeds *f = user;
    struct question *waiting = NULL;
    uint64_t seen = 0;
    for (;;) {
        struct question *fresh = take_fresh(f, waiting == NULL);
        if (fresh == NULL && waiting == NULL)
            break; /* stop */
        uint64_t durable = tb_cell_wait_durable(f->app->cell, seen, fresh || f->stop ? 0 : 10);
        struct question *old = NULL;
        if (durable != seen || f->stop) {
            old = waiting;
            waiting = NULL;
        } else { /* only those whose time is over */
            struct question **at = &waiting;
            while (*at != NULL) {
                struct question *q = *at;
                if (q->until_ns > now_ns()) {
                    at = &q->next;
                    continue;
                }
                *at = q->next;
                q->next = old;
                old = q;
            }
        }
        seen = durable;
        struct question *kept = answer_all(f, fresh);
        struct question *more = answer_all(f, old);
        struct question **end = &kept;
        while (*end != NULL)
            end = &(*end)->next;
        *end = more;
        while (*end != NULL)
            end = &(*end)->next;
        *end = waiting;
        waiting = kept;
    }
    return NULL;
}

struct tb_feeds *tb_feeds_start(struct tb_app *app, struct tb_fault *fault)
{
    struct tb_feeds *f = calloc(1, sizeof *f);
    if (f == NULL) {
        tb_fault_set(fault, true, "out of memory");
        return NULL;
    }
    f->app = app;
    (void)pthread_mutex_init(&f->lock, NULL);
    (void)pthread_cond_init(&f->wake, NULL);
    if (pthread_create(&f->thread, NULL, feeds_main, f) != 0) {
        tb_fault_set(fault, true, "no thread for the feed");
        free(f);
        return NULL;
    }
    return f;
}

void tb_feeds_stop(struct tb_feeds *f)
{
    (void)pthread_mutex_lock(&f->lock);
    f->stop = true;
    (void)pthread_cond_signal(&f->wake);
    (void)pthread_mutex_unlock(&f->lock);
    (void)pthread_join(f->thread, NULL);
    for (uint32_t i = 0; i < READERS; i++)
        if (f->reader[i].r != NULL)
            tb_feed_close(f->reader[i].r);
    (void)pthread_mutex_destroy(&f->lock);
    (void)pthread_cond_destroy(&f->wake);
    free(f);
}

static void ask(struct tb_app *app, struct question *q)
{
    struct tb_feeds *f = app->feeds;
    (void)pthread_mutex_lock(&f->lock);
    q->next = f->fresh;
    f->fresh = q;
    (void)pthread_cond_signal(&f->wake);
    (void)pthread_mutex_unlock(&f->lock);
}

/* ---- operations ---------------------------------------------------------------------- */

void tb_op_events(void *user, struct tb_call *call)
{
    struct tb_app *app = user;
    int64_t after = tb_call_query_i64(call, TB_STR("after"), 0, INT64_MAX - 1, 0);
    int64_t limit = tb_call_query_i64(call, TB_STR("limit"), 1, 1000, 100);
    int64_t wait = tb_call_query_i64(call, TB_STR("wait"), 0, 30, 0);
    if (!tb_call_ok(call))
        return;
    struct question *q = TB_NEW(call->req->arena, struct question);
    struct tb_work *w = q ? tb_work_new(app, call, NULL) : NULL;
    if (w == NULL) {
        if (q == NULL)
            tb_http_refuse_code(call->req, TB_PROBLEM_OVERLOADED, NULL);
        return;
    }
    if (!tb_cell_may_answer(app->cell)) {
        tb_http_refuse_code(call->req, TB_PROBLEM_NOT_LEADING, NULL);
        return;
    }
    *q = (struct question){.w = w,
                           .asks = FEED,
                           .after = (uint64_t)after,
                           .limit = (uint32_t)limit,
                           .until_ns = wait > 0 ? now_ns() + wait * 1000000000 : 0};
    ask(app, q);
}

/* The person is known: her newest entry and her profiles lead on. */
static void chain_ask(struct tb_work *w)
{
    struct question *q = w->note;
    struct tb_view v;
    void *region;
    if (!tb_view_read_apart(TB_KIND_PERSON, tb_wire_str(tb_work_answer(w), 2), &region, &v)) {
        free(region);
        tb_work_done(w);
        tb_http_refuse_code(w->req, TB_PROBLEM_ANSWER_TOO_LARGE, NULL);
        return;
    }
    const struct tb_profile *f = v.section[TB_PERSON_PROFILE];
    uint32_t n = v.n[TB_PERSON_PROFILE];
    uint32_t *profile = TB_NEW_ARRAY(w->arena, uint32_t, n + 1);
    for (uint32_t i = 0; profile != NULL && i < n; i++)
        profile[i] = f[i].no;
    q->profile = profile;
    q->profile_n = profile ? n : 0;
    q->newest = ((const struct tb_person *)v.head)->last_seq;
    free(region);
    ask(w->app, q);
}

static void chain_read(struct tb_work *w, struct tb_json_object *o, enum asks asks)
{
    struct tb_cmd_member_get *in = w->input;
    struct question *q = TB_NEW(w->arena, struct question);
    in->detail = true;
    tb_path_who(w, o, &in->who);
    if (q == NULL) {
        tb_refusal_set(w->refusal, TB_PROBLEM_OVERLOADED, NULL, NULL);
        return;
    }
    q->w = w;
    q->asks = asks;
    q->after = (uint64_t)tb_call_query_i64(w->call, TB_STR("before"), 1, INT64_MAX - 1, 0);
    q->limit = (uint32_t)tb_call_query_i64(w->call, TB_STR("limit"), 1, 200, 50);
    if (asks == STATEMENT) {
        struct tb_str unit = tb_call_query_str(w->call, TB_STR("unit"), TB_CODE_MAX);
        q->unit = tb_work_id(w, TB_KIND_UNIT, unit);
        if (q->unit == UINT32_MAX)
            tb_work_no(w, TB_CODE_UNKNOWN_UNIT, "unit");
    }
    w->note = q;
}

static void timeline_read(struct tb_work *w, struct tb_json_object *o)
{
    chain_read(w, o, TIMELINE);
}

static void statement_read(struct tb_work *w, struct tb_json_object *o)
{
    chain_read(w, o, STATEMENT);
}

static void chain_run(void *app, struct tb_call *call, const struct tb_work_op *op)
{
    struct tb_work *w = tb_work_new(app, call, op);
    if (w != NULL)
        tb_work_start(w);
}

void tb_op_timeline(void *app, struct tb_call *call)
{
    static const struct tb_work_op op = {
        TB_OP_MEMBER_GET, sizeof(struct tb_cmd_member_get), timeline_read, NULL, chain_ask, 0};
    chain_run(app, call, &op);
}

void tb_op_statement(void *app, struct tb_call *call)
{
    static const struct tb_work_op op = {
        TB_OP_MEMBER_GET, sizeof(struct tb_cmd_member_get), statement_read, NULL, chain_ask, 0};
    chain_run(app, call, &op);
}
