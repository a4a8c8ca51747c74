// SPDX-License-Identifier: Apache-2.0
#include "channel/webhook/webhook.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "channel/webhook/outbox.h"

#define LANES_MAX 256u
#define ANSWER_MAX (64u << 10)
#define CONNECT_MS 5000L
#define LOOK_MS 1000
#define POLL_MS 20
#define FAULT_PAUSE_MS 2000

struct lane {
    struct lane *next;
    struct tb_webhook_target target;
    struct tb_outbox_lane at;
    struct tb_outbox_dead replay; /* what is under way, when replaying */
    struct tb_webhooks *owner;
    bool wanted; /* the last look still found it */
    bool replaying;
    bool looked;       /* nothing was there at `newest` */
    uint64_t newest;
    int64_t pause_ms;  /* not before: something here failed */
    uint64_t sequence; /* under way */
    CURL *easy;
    struct curl_slist *headers;
    uint8_t *body;
    uint32_t answer_n;
    bool forbidden;
};

struct tb_webhooks {
    struct tb_webhook_options o;
    struct tb_outbox *outbox;
    CURLM *multi;
    struct lane *lanes;
    uint32_t lane_n;
    uint32_t open; /* transfers */
    bool full_said;
    int64_t looked_ms;
    uint64_t chance;
    pthread_t thread;
    _Atomic bool stop;
};

static int64_t wall_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static uint64_t chance(struct tb_webhooks *w)
{
    uint64_t x = w->chance += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

static void say(struct tb_webhooks *w, const struct lane *l, const char *what)
{
    char text[400];
    (void)snprintf(text, sizeof text, "webhook %" PRIu64 " of tenant %" PRIu32 ": %s", l->target.webhook,
                   l->target.tenant, what);
    w->o.source.log(w->o.source.user, text);
}

/* ---- one transfer --------------------------------------------------------------------------- */

static curl_socket_t open_socket(void *user, curlsocktype purpose, struct curl_sockaddr *a)
{
    struct lane *l = user;
    if (purpose != CURLSOCKTYPE_IPCXN || tb_webhook_forbidden(&a->addr, l->owner->o.loopback)) {
        l->forbidden = true;
        return CURL_SOCKET_BAD;
    }
    return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

/* Reads no more than the limit: the status line has been there. */
static size_t take_answer(char *p, size_t size, size_t n, void *user)
{
    struct lane *l = user;
    (void)p;
    l->answer_n += (uint32_t)(size * n);
    return l->answer_n > ANSWER_MAX ? 0 : size * n;
}

static bool add_header(struct lane *l, const char *name, const char *value)
{
    char line[200];
    int n = snprintf(line, sizeof line, "%s:%s%s", name, value[0] ? " " : "", value);
    struct curl_slist *more = n > 0 && (size_t)n < sizeof line ? curl_slist_append(l->headers, line) : NULL;
    if (more != NULL)
        l->headers = more;
    return more != NULL;
}

static bool sign(struct lane *l, struct tb_str body)
{
    char id[64], stamp[24], signature[64];
    int64_t now_s = wall_ms() / 1000;
    int n = snprintf(id, sizeof id, "msg_%" PRIu64 "_%" PRIu64, l->target.webhook, l->sequence);
    (void)snprintf(stamp, sizeof stamp, "%" PRId64, now_s);
    if (!tb_webhook_sign(tb_str_of(l->target.secret), (struct tb_str){id, (uint32_t)n}, now_s, body, signature,
                         sizeof signature))
        return false;
    return add_header(l, "webhook-id", id) && add_header(l, "webhook-timestamp", stamp) &&
           add_header(l, "webhook-signature", signature) &&
           add_header(l, "content-type", "application/json") && add_header(l, "expect", "");
}

static bool set_up(struct tb_webhooks *w, struct lane *l, struct tb_str body)
{
    CURL *e = l->easy;
    bool ok = curl_easy_setopt(e, CURLOPT_URL, l->target.url) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_PROXY, "") == CURLE_OK; /* none, whatever the environment says */
    ok = ok && curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)w->o.timeout_ms) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, open_socket) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, l) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, take_answer) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_WRITEDATA, l) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_USERAGENT, "Tongbao-Webhooks/1") == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_HTTPHEADER, l->headers) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_POST, 1L) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_POSTFIELDS, body.p) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE, (long)body.n) == CURLE_OK;
    return ok && curl_easy_setopt(e, CURLOPT_PRIVATE, l) == CURLE_OK;
}

static void end_transfer(struct tb_webhooks *w, struct lane *l)
{
    if (l->easy != NULL) {
        (void)curl_multi_remove_handle(w->multi, l->easy);
        curl_easy_cleanup(l->easy);
        w->open--;
    }
    curl_slist_free_all(l->headers);
    free(l->body);
    l->easy = NULL;
    l->headers = NULL;
    l->body = NULL;
}

/* body: malloc'd, the lane's from now on. */
static void begin_transfer(struct tb_webhooks *w, struct lane *l, struct tb_str body)
{
    l->answer_n = 0;
    l->forbidden = false;
    l->easy = curl_easy_init();
    w->open += l->easy != NULL;
    if (l->easy != NULL && sign(l, body) && set_up(w, l, body) &&
        curl_multi_add_handle(w->multi, l->easy) == CURLM_OK)
        return;
    say(w, l, "its secret or URL cannot be used");
    end_transfer(w, l);
    l->pause_ms = wall_ms() + FAULT_PAUSE_MS * 30;
}

/* ---- what came of it ---------------------------------------------------------------------------- */

static void store_failed(struct tb_webhooks *w, struct lane *l, const struct tb_fault *f)
{
    say(w, l, f->text);
    l->pause_ms = wall_ms() + FAULT_PAUSE_MS;
}

static void explain(char *out, size_t cap, const struct lane *l, long status, CURLcode code)
{
    if (l->forbidden)
        (void)snprintf(out, cap, "the address is not a public one");
    else if (status >= 300 && status < 400)
        (void)snprintf(out, cap, "status %ld: redirects are not followed", status);
    else if (status > 0)
        (void)snprintf(out, cap, "status %ld", status);
    else
        (void)snprintf(out, cap, "%s", curl_easy_strerror(code));
}

static void came_again(struct tb_webhooks *w, struct lane *l, enum tb_webhook_outcome outcome, long status,
                       CURLcode code)
{
    struct tb_fault f;
    struct tb_outbox_dead d = l->replay;
    l->replaying = false;
    d.replay = false;
    d.attempts++;
    d.at_ms = wall_ms();
    d.status = (int32_t)status;
    explain(d.reason, sizeof d.reason, l, status, code);
    if (!tb_outbox_replay_done(w->outbox, &d, outcome == TB_WEBHOOK_DELIVERED, &f))
        store_failed(w, l, &f);
}

static void give_up(struct tb_webhooks *w, struct lane *l, const struct tb_outbox_lane *next, uint32_t attempts,
                    long status, CURLcode code)
{
    struct tb_fault f;
    struct tb_outbox_dead d = {.webhook = l->target.webhook, .sequence = l->sequence, .tenant = l->target.tenant,
                               .at_ms = wall_ms(), .attempts = attempts, .status = (int32_t)status};
    explain(d.reason, sizeof d.reason, l, status, code);
    if (!tb_outbox_give_up(w->outbox, next, &d, &f)) {
        store_failed(w, l, &f);
        return;
    }
    l->at = *next;
    w->o.counts->dead++;
    say(w, l, d.reason);
}

static void judge(struct tb_webhooks *w, struct lane *l, CURLcode code)
{
    struct tb_fault f;
    long status = 0;
    curl_off_t after_s = 0;
    (void)curl_easy_getinfo(l->easy, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(l->easy, CURLINFO_RETRY_AFTER, &after_s);
    bool answered = code == CURLE_OK || (code == CURLE_WRITE_ERROR && l->answer_n > ANSWER_MAX);
    status = answered ? status : 0;
    l->forbidden = l->forbidden && status == 0; /* else another address of the name took it */
    enum tb_webhook_outcome outcome = tb_webhook_judge(status, l->forbidden);
    struct tb_outbox_lane next = l->at;
    end_transfer(w, l);
    w->o.counts->failed += outcome != TB_WEBHOOK_DELIVERED;
    w->o.counts->delivered += outcome == TB_WEBHOOK_DELIVERED;
    if (l->replaying) {
        came_again(w, l, outcome, status, code);
        return;
    }
    uint32_t attempts = ++next.attempts;
    int64_t delay = outcome == TB_WEBHOOK_RETRY
                        ? tb_webhook_delay_ms(attempts, chance(w), after_s, w->o.second_ms)
                        : 0;
    if (delay > 0) {
        next.next_ms = wall_ms() + delay;
    } else { /* done with this message, one way or another */
        next.after = l->sequence;
        next.attempts = 0;
        next.next_ms = 0;
        next.gone = outcome == TB_WEBHOOK_DISABLE;
        next.delivered += outcome == TB_WEBHOOK_DELIVERED;
    }
    if (delay == 0 && outcome != TB_WEBHOOK_DELIVERED)
        give_up(w, l, &next, attempts, status, code);
    else if (tb_outbox_put_lane(w->outbox, &next, &f))
        l->at = next;
    else
        store_failed(w, l, &f);
}

static void collect(struct tb_webhooks *w)
{
    CURLMsg *m;
    int left;
    while ((m = curl_multi_info_read(w->multi, &left)) != NULL) {
        char *lane;
        CURLcode code = m->data.result;
        if (m->msg == CURLMSG_DONE && curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &lane) == CURLE_OK)
            judge(w, (struct lane *)(void *)lane, code);
    }
}

/* ---- lanes ---------------------------------------------------------------------------------------- */

/* Takes what comes after `after`; true when a transfer began. */
static bool take_next(struct tb_webhooks *w, struct lane *l, uint64_t after)
{
    struct tb_fault f = {0};
    struct tb_webhook_message m = {0};
    l->body = malloc(TB_WEBHOOK_BODY_MAX);
    if (l->body == NULL)
        return false;
    tb_buf_init(&m.body, l->body, TB_WEBHOOK_BODY_MAX);
    enum tb_webhook_next a = w->o.source.next(w->o.source.user, &l->target, after, &m, &f);
    l->sequence = m.sequence;
    if (a == TB_WEBHOOK_NEXT_DONE && m.body.n > 0 && !m.body.overflowed) {
        uint8_t *fitting = realloc(l->body, m.body.n);
        l->body = fitting ? fitting : l->body;
        begin_transfer(w, l, (struct tb_str){(const char *)l->body, (uint32_t)m.body.n});
        return true;
    }
    free(l->body);
    l->body = NULL;
    if (a == TB_WEBHOOK_NEXT_FAULT)
        store_failed(w, l, &f);
    if (a == TB_WEBHOOK_NEXT_GONE)
        say(w, l, "history was taken away before it was delivered: going on behind the gap");
    return false;
}

static bool begin_replay(struct tb_webhooks *w, struct lane *l)
{
    struct tb_fault f;
    if (!tb_outbox_replay_next(w->outbox, l->target.webhook, &l->replay, &f)) {
        l->replay = (struct tb_outbox_dead){0};
        return false;
    }
    l->replaying = true;
    if (take_next(w, l, l->replay.sequence - 1) && l->sequence == l->replay.sequence)
        return true;
    end_transfer(w, l);
    l->replaying = false;
    l->replay.replay = false;
    (void)snprintf(l->replay.reason, sizeof l->replay.reason, "the feed no longer holds it");
    (void)tb_outbox_replay_done(w->outbox, &l->replay, false, &f);
    return false;
}

static void turn(struct tb_webhooks *w, struct lane *l, uint64_t newest, bool replays)
{
    int64_t now = wall_ms();
    struct tb_fault f;
    if (l->easy != NULL || now < l->pause_ms)
        return;
    l->replaying = false;
    if (replays && begin_replay(w, l))
        return;
    if (l->at.gone || now < l->at.next_ms || (l->looked && l->newest == newest))
        return;
    if (take_next(w, l, l->at.after)) {
        l->looked = false;
        return;
    }
    l->looked = l->sequence <= l->at.after; /* else there may be more behind what was skipped */
    l->newest = newest;
    if (l->sequence <= l->at.after)
        return;
    l->at.after = l->sequence; /* nothing for this webhook up to there */
    l->at.attempts = 0;
    if (!tb_outbox_put_lane(w->outbox, &l->at, &f))
        store_failed(w, l, &f);
}

static struct lane *lane_of(struct tb_webhooks *w, uint64_t webhook)
{
    struct lane *l = w->lanes;
    while (l != NULL && l->target.webhook != webhook)
        l = l->next;
    return l;
}

static void begin_lane(struct tb_webhooks *w, struct lane *l)
{
    struct tb_fault f;
    const struct tb_webhook_target *t = &l->target;
    if (!tb_outbox_lane(w->outbox, t->webhook, &l->at, &f)) {
        l->at = (struct tb_outbox_lane){.webhook = t->webhook, .tenant = t->tenant, .version = t->version};
        l->at.after = w->o.source.birth(w->o.source.user, t);
    } else if (l->at.version != t->version) {
        l->at.gone = false; /* put again: tried again at once */
        l->at.next_ms = 0;
        l->at.attempts = 0;
    }
    l->at.version = t->version;
    l->looked = false;
    l->pause_ms = 0;
    if (!tb_outbox_put_lane(w->outbox, &l->at, &f))
        store_failed(w, l, &f);
}

static void on_target(void *arg, const struct tb_webhook_target *t)
{
    struct tb_webhooks *w = arg;
    struct lane *l = lane_of(w, t->webhook);
    bool fresh = l == NULL;
    if (fresh && w->lane_n == LANES_MAX) {
        if (!w->full_said)
            w->o.source.log(w->o.source.user, "webhooks: more than 256; the others wait");
        w->full_said = true;
        return;
    }
    if (fresh) {
        l = calloc(1, sizeof *l);
        if (l == NULL)
            return;
        l->owner = w;
        l->next = w->lanes;
        w->lanes = l;
        w->lane_n++;
    }
    l->wanted = true;
    if (!fresh && l->target.version == t->version)
        return;
    if (!fresh)
        end_transfer(w, l);
    l->replaying = false;
    l->target = *t;
    begin_lane(w, l);
}

static void drop_unwanted(struct tb_webhooks *w)
{
    for (struct lane **at = &w->lanes; *at != NULL;) {
        struct lane *l = *at;
        if (l->wanted) {
            at = &l->next;
            continue;
        }
        end_transfer(w, l);
        *at = l->next;
        w->lane_n--;
        free(l);
    }
}

static bool look(struct tb_webhooks *w)
{
    struct tb_fault f;
    int64_t now = wall_ms();
    if (now - w->looked_ms < LOOK_MS && now >= w->looked_ms)
        return false;
    w->looked_ms = now;
    for (struct lane *l = w->lanes; l != NULL; l = l->next)
        l->wanted = false;
    if (w->o.source.targets(w->o.source.user, on_target, w, &f))
        drop_unwanted(w);
    w->o.counts->lanes = w->lane_n;
    return true;
}

/* ---- the thread --------------------------------------------------------------------------------------- */

static void *webhooks_main(void *user)
{
    struct tb_webhooks *w = user;
    const struct tb_webhook_source *s = &w->o.source;
    while (!w->stop) {
        int running;
        if (s->leads(s->user)) {
            bool replays = look(w);
            uint64_t newest = s->newest(s->user);
            for (struct lane *l = w->lanes; l != NULL; l = l->next)
                turn(w, l, newest, replays || l->replay.webhook != 0);
        }
        (void)curl_multi_perform(w->multi, &running);
        collect(w);
        (void)curl_multi_poll(w->multi, NULL, 0, w->open > 0 ? POLL_MS / 2 : POLL_MS, NULL);
    }
    return NULL;
}

bool tb_webhooks_open(const struct tb_webhook_options *o, struct tb_webhooks **out,
                      struct tb_fault *f)
{
    struct tb_webhooks *w = calloc(1, sizeof *w);
    *out = NULL;
    if (w == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        tb_fault_set(f, true, "webhooks: no memory");
        free(w);
        return false;
    }
    w->o = *o;
    w->o.second_ms = o->second_ms ? o->second_ms : 1000;
    w->o.timeout_ms = o->timeout_ms ? o->timeout_ms : 15000;
    w->chance = (uint64_t)wall_ms() ^ (uint64_t)getpid() << 40;
    w->multi = curl_multi_init();
    bool ok = tb_outbox_open(o->path, &w->outbox, f);
    if (ok && (w->multi == NULL || pthread_create(&w->thread, NULL, webhooks_main, w) != 0)) {
        tb_fault_set(f, true, "webhooks: no thread");
        ok = false;
    }
    if (!ok) {
        tb_outbox_close(w->outbox);
        (void)curl_multi_cleanup(w->multi);
        free(w);
        return false;
    }
    *out = w;
    return true;
}

void tb_webhooks_close(struct tb_webhooks *w)
{
    if (w == NULL)
        return;
    w->stop = true;
    (void)curl_multi_wakeup(w->multi);
    (void)pthread_join(w->thread, NULL);
    for (struct lane *l = w->lanes; l != NULL; l = l->next)
        l->wanted = false;
    drop_unwanted(w);
    tb_outbox_close(w->outbox);
    (void)curl_multi_cleanup(w->multi);
    curl_global_cleanup();
    free(w);
}
