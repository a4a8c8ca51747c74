// SPDX-License-Identifier: Apache-2.0
/* What the webhooks follow: which there are (published table `webhooks`, secrets from the
 * cell), and the feed of their tenants as HTTP prints it.                                 */
#include "cli/webhooks.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "channel/webhook/outbox.h"
#include "channel/webhook/webhook.h"
#include "core/catalog/catalog.h"
#include "core/ops.h"
#include "core/schema/schema.h"
#include "engine/entry.h"
#include "http/app.h"
#include "http/facts.h"

#define READERS 64u
#define LOOK_ENTRIES 500u    /* of the feed in one go */
#define BIRTH_ENTRIES 20000u /* looked through for a new webhook's own entry */
#define ANSWER_BYTES 16384u

struct known {
    struct known *next;
    struct tb_webhook_target target;
    bool seen;
};

struct tb_node_webhooks {
    struct tb_node *n;
    struct tb_app *app;
    struct tb_webhooks *webhooks;
    struct tb_state_reader *state;
    const struct tb_table *table; /* webhooks */
    const struct tb_table *mark;  /* feed_mark */
    struct known *known;
    struct {
        uint32_t tenant;
        uint64_t used;
        struct tb_feed_reader *r;
    } reader[READERS];
    uint64_t clock;
};

static void on_log(void *user, const char *sentence)
{
    struct tb_node_webhooks *w = user;
    const struct tb_cell_options *o = &w->n->cell_options;
    if (o->log != NULL)
        o->log(o->log_user, sentence);
}

static bool leads(void *user)
{
    struct tb_node_webhooks *w = user;
    return tb_cell_state(w->n->cell) == TB_CELL_LEADING && tb_cell_may_answer(w->n->cell);
}

static uint64_t newest(void *user)
{
    struct tb_node_webhooks *w = user;
    return tb_cell_wait_durable(w->n->cell, UINT64_MAX, 0);
}

/* ---- which there are ------------------------------------------------------------------------ */

static bool copy_text(struct tb_str s, char *out, size_t cap)
{
    if (s.n >= cap || memchr(s.p, 0, s.n) != NULL)
        return false;
    memcpy(out, s.p, s.n);
    out[s.n] = 0;
    return true;
}

/* URL, groups and the opened secret. */
static bool fill(struct tb_node_webhooks *w, struct tb_webhook_target *t, const struct tb_view *v)
{
    const struct tb_webhook *h = v->head;
    struct tb_buf secret;
    tb_buf_init(&secret, t->secret, sizeof t->secret - 1);
    t->version = h->c.version;
    t->events = h->events;
    return copy_text(tb_view_text(v, h->url), t->url, sizeof t->url) &&
           tb_vault_open_secret(&w->n->vault, t->tenant, tb_view_text(v, h->c.code),
                                tb_view_text(v, h->secret), &secret) &&
           copy_text(tb_buf_as_str(&secret), t->secret, sizeof t->secret);
}

static struct tb_str field(struct tb_str in, uint32_t wanted)
{
    uint32_t number;
    uint64_t v;
    struct tb_str s;
    bool bad;
    while (tb_wire_next(&in, &number, &v, &s, &bad))
        if (number == wanted)
            return s;
    return TB_STR_NONE;
}

static bool ask(struct tb_node_webhooks *w, struct tb_webhook_target *t, struct tb_fault *f)
{
    uint8_t region[ANSWER_BYTES], views[ANSWER_BYTES];
    struct tb_answer a;
    struct tb_view v;
    struct tb_arena arena;
    struct tb_cmd_object_get get = {.kind = TB_KIND_WEBHOOK, .id = t->webhook};
    memset(t->secret, 0, sizeof t->secret);
    tb_arena_init(&arena, views, sizeof views);
    if (!tb_node_ask(w->n, t->tenant, TB_OP_OBJECT_GET, &get, &a, region, sizeof region, f))
        return false;
    struct tb_str packed = field(field(tb_buf_as_str(&a.body), 1), 2);
    return a.code == TB_CODE_OK && tb_view_read(TB_KIND_WEBHOOK, packed, &arena, &v) && fill(w, t, &v);
}

/* One row of the table: known before in that version, or asked for. */
static void take_row(struct tb_node_webhooks *w, uint64_t webhook, uint32_t tenant, uint32_t version,
                     struct tb_fault *f)
{
    struct known *k = w->known;
    while (k != NULL && k->target.webhook != webhook)
        k = k->next;
    if (k == NULL && (k = calloc(1, sizeof *k)) != NULL) {
        k->target.webhook = webhook;
        k->target.tenant = tenant;
        k->next = w->known;
        w->known = k;
    }
    if (k == NULL)
        return;
    k->seen = k->target.version == version || ask(w, &k->target, f);
}

struct rows {
    struct tb_node_webhooks *w;
    struct row {
        uint64_t webhook;
        uint32_t tenant;
        uint32_t version;
    } *row;
    uint32_t n;
    uint32_t cap;
};

static bool on_row(void *user, const struct tb_value *v, uint32_t n)
{
    struct rows *x = user;
    (void)n; /* webhook, tenant, code, version, url, events, disabled */
    if (v[6].i64 != 0)
        return true;
    if (x->n == x->cap) {
        uint32_t cap = x->cap ? x->cap * 2 : 64;
        struct row *more = realloc(x->row, cap * sizeof *more);
        if (more == NULL)
            return false;
        x->row = more;
        x->cap = cap;
    }
    x->row[x->n++] = (struct row){(uint64_t)v[0].i64, (uint32_t)v[1].i64, (uint32_t)v[3].i64};
    return true;
}

static bool targets(void *user, void (*each)(void *arg, const struct tb_webhook_target *t), void *arg,
                    struct tb_fault *f)
{
    struct tb_node_webhooks *w = user;
    struct rows x = {.w = w};
    const struct tb_state_ops *ops = w->n->state->ops;
    bool ok = w->state != NULL || ops->reader_open(w->n->state, &w->state, f) == TB_STATE_DONE;
    ok = ok && ops->scan(w->state, w->table, NULL, on_row, &x, f) == TB_STATE_DONE;
    for (struct known *k = w->known; k != NULL; k = k->next)
        k->seen = false;
    for (uint32_t i = 0; ok && i < x.n; i++)
        take_row(w, x.row[i].webhook, x.row[i].tenant, x.row[i].version, f);
    for (struct known *k = w->known; ok && k != NULL; k = k->next)
        if (k->seen)
            each(arg, &k->target);
    free(x.row);
    return ok;
}

/* ---- the feed ---------------------------------------------------------------------------------- */

static struct tb_feed_reader *reader_of(struct tb_node_webhooks *w, uint32_t tenant, struct tb_fault *f)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < READERS; i++) {
        if (w->reader[i].r != NULL && w->reader[i].tenant == tenant) {
            w->reader[i].used = ++w->clock;
            return w->reader[i].r;
        }
        if (w->reader[i].used < w->reader[at].used)
            at = i;
    }
    if (w->reader[at].r != NULL)
        tb_feed_close(w->reader[at].r);
    w->reader[at].r = NULL;
    w->reader[at].tenant = tenant;
    w->reader[at].used = ++w->clock;
    return tb_feed_open(w->n->cell, tenant, &w->reader[at].r, f) ? w->reader[at].r : NULL;
}

struct last_mark {
    uint32_t tenant;
    uint64_t seq;
};

static bool on_mark(void *user, const struct tb_value *v, uint32_t n)
{
    struct last_mark *m = user;
    (void)n;
    if ((uint32_t)v[0].i64 != m->tenant)
        return false;
    m->seq = (uint64_t)v[1].i64;
    return true;
}

/* About the newest entry of a tenant's feed: at most a flush and 64 entries behind. */
static uint64_t about_newest(struct tb_node_webhooks *w, uint32_t tenant)
{
    struct tb_fault f;
    struct last_mark m = {tenant, 0};
    struct tb_value from[2] = {{.i64 = tenant}, {.i64 = 0}};
    if (w->state != NULL)
        (void)w->n->state->ops->scan(w->state, w->mark, from, on_mark, &m, &f);
    return m.seq;
}

struct birth {
    uint64_t webhook;
    uint64_t at;
    uint64_t last;
};

static bool is_birth(struct tb_str list, uint64_t webhook)
{
    uint8_t scratch[4096];
    struct tb_str body;
    uint32_t type;
    bool bad;
    while (tb_event_next(&list, &type, &body, &bad)) {
        struct tb_ev_webhook_put ev;
        struct tb_arena a;
        tb_arena_init(&a, scratch, sizeof scratch);
        if (type == TB_EVENT_WEBHOOK_PUT && tb_ev_webhook_put_decode(body, &a, &ev) && ev.id == webhook)
            return true;
    }
    return false;
}

static bool on_birth(void *user, const struct tb_entry *e)
{
    struct birth *b = user;
    b->last = e->tenant_seq;
    if (e->command == TB_OP_WEBHOOK_PUT && is_birth(e->bytes, b->webhook))
        b->at = e->tenant_seq;
    return b->at == 0;
}

static uint64_t birth(void *user, const struct tb_webhook_target *t)
{
    struct tb_node_webhooks *w = user;
    struct tb_fault f;
    struct tb_feed_reader *r = reader_of(w, t->tenant, &f);
    uint64_t newest_seq = about_newest(w, t->tenant);
    struct birth b = {.webhook = t->webhook,
                      .last = newest_seq > BIRTH_ENTRIES ? newest_seq - BIRTH_ENTRIES : 0};
    for (uint64_t before = UINT64_MAX; r != NULL && b.at == 0 && b.last != before;) {
        before = b.last;
        if (tb_feed_read(r, b.last, 1000, on_birth, &b, &f) != TB_FEED_DONE)
            break;
    }
    return b.at ? b.at : b.last;
}

/* ---- a message ------------------------------------------------------------------------------------ */

struct looking {
    struct tb_node_webhooks *w;
    const struct tb_webhook_target *t;
    struct tb_webhook_message *m;
    bool found;
};

static bool wanted(const struct tb_entry *e, uint64_t groups)
{
    struct tb_str list = e->bytes, body;
    uint32_t type;
    bool bad;
    while (tb_event_next(&list, &type, &body, &bad))
        if (tb_event_group(type) & (groups ? groups : UINT64_MAX))
            return true;
    return false;
}

static void print_message(struct looking *x, const struct tb_entry *e)
{
    struct tb_buf *b = &x->m->body;
    tb_buf_c(b, "{\"type\":\"");
    for (const char *name = tb_op_name(e->command); name != NULL && *name; name++)
        tb_buf_byte(b, (uint8_t)(*name >= 'A' && *name <= 'Z' ? *name + 32 : *name));
    tb_buf_c(b, "\",\"timestamp\":\"");
    tb_time_print(b, e->now_ms);
    tb_buf_c(b, "\",\"data\":");
    if (!tb_app_print_entry(x->w->app, e, b))
        b->overflowed = true;
    tb_buf_byte(b, '}');
}

static bool on_entry(void *user, const struct tb_entry *e)
{
    struct looking *x = user;
    x->m->sequence = e->tenant_seq;
    if (!wanted(e, x->t->events))
        return true;
    print_message(x, e);
    x->found = true;
    return false;
}

static enum tb_webhook_next next(void *user, const struct tb_webhook_target *t, uint64_t after,
                                 struct tb_webhook_message *m, struct tb_fault *f)
{
    struct tb_node_webhooks *w = user;
    struct looking x = {w, t, m, false};
    struct tb_feed_reader *r = reader_of(w, t->tenant, f);
    m->sequence = after;
    enum tb_feed a = r != NULL ? tb_feed_read(r, after, LOOK_ENTRIES, on_entry, &x, f) : TB_FEED_FAULT;
    if (a == TB_FEED_BEHIND) {
        m->sequence = about_newest(w, t->tenant);
        return TB_WEBHOOK_NEXT_GONE;
    }
    return a == TB_FEED_FAULT ? TB_WEBHOOK_NEXT_FAULT : TB_WEBHOOK_NEXT_DONE;
}

/* ---- dead letters for HTTP ---------------------------------------------------------------------------- */

struct listing {
    uint64_t after;
    uint32_t left;
    void (*each)(void *arg, const struct tb_app_letter *l);
    void *arg;
};

static struct tb_outbox *open_outbox(const struct tb_node *n, struct tb_fault *f)
{
    char path[4096];
    struct tb_outbox *o;
    if (tb_node_path(n->data, "webhooks.db", path, sizeof path) != NULL && tb_outbox_open(path, &o, f))
        return o;
    return NULL;
}

static void on_dead(void *user, const struct tb_outbox_dead *d)
{
    struct listing *x = user;
    if (d->sequence <= x->after || x->left == 0)
        return;
    x->left--;
    x->each(x->arg, &(struct tb_app_letter){.sequence = d->sequence, .at_ms = d->at_ms, .attempts = d->attempts,
                                            .status = d->status, .replay = d->replay, .reason = d->reason});
}

static bool list_letters(void *user, uint64_t webhook, uint64_t after, uint32_t limit,
                         void (*each)(void *arg, const struct tb_app_letter *l), void *arg, struct tb_fault *f)
{
    struct listing x = {.after = after, .left = limit, .each = each, .arg = arg};
    struct tb_outbox *o = open_outbox(user, f);
    bool ok = o != NULL && tb_outbox_each_dead(o, webhook, UINT32_MAX, on_dead, &x, f);
    tb_outbox_close(o);
    return ok;
}

static int64_t replay_letters(void *user, uint64_t webhook, uint64_t sequence, struct tb_fault *f)
{
    struct tb_outbox *o = open_outbox(user, f);
    int64_t n = o != NULL && webhook != 0 ? tb_outbox_mark_replay(o, webhook, sequence, f) : -1;
    tb_outbox_close(o);
    return n;
}

static void read_sent(void *user, struct tb_app_sent *out)
{
    const struct tb_webhook_counts *c = &((struct tb_node *)user)->webhooks;
    *out = (struct tb_app_sent){c->lanes, c->delivered, c->failed, c->dead};
}

void tb_node_letters(struct tb_node *n, struct tb_app_letters *out)
{
    *out = (struct tb_app_letters){.user = n, .list = list_letters, .replay = replay_letters, .sent = read_sent};
}

/* ---- life --------------------------------------------------------------------------------------------- */

static const struct tb_table *table_named(const struct tb_node *n, const char *name)
{
    for (uint32_t i = 0; i < n->tables.n; i++)
        if (strcmp(n->tables.table[i].name, name) == 0)
            return &n->tables.table[i];
    return NULL;
}

struct tb_node_webhooks *tb_node_webhooks_open(struct tb_node *n, struct tb_app *app, bool loopback,
                                               struct tb_fault *fault)
{
    char path[4096];
    struct tb_node_webhooks *w = calloc(1, sizeof *w);
    if (w == NULL || tb_node_path(n->data, "webhooks.db", path, sizeof path) == NULL) {
        tb_fault_set(fault, true, "webhooks: no memory, or the folder's name is too long");
        free(w);
        return NULL;
    }
    w->n = n;
    w->app = app;
    w->table = table_named(n, "webhooks");
    w->mark = table_named(n, "feed_mark");
    tb_assert(w->table != NULL && w->mark != NULL);
    struct tb_webhook_options o = {.source = {.user = w, .leads = leads, .newest = newest, .targets = targets,
                                              .birth = birth, .next = next, .log = on_log},
                                   .path = path,
                                   .counts = &n->webhooks,
                                   .loopback = loopback};
    const char *second = getenv("TONGBAO_WEBHOOK_SECOND_MS"); /* tests: pauses pass faster */
    int64_t ms;
    if (second != NULL && tb_str_to_i64(tb_str_of(second), &ms) && ms > 0 && ms <= 1000)
        o.second_ms = (uint32_t)ms;
    if (!tb_webhooks_open(&o, &w->webhooks, fault)) {
        free(w);
        return NULL;
    }
    return w;
}

void tb_node_webhooks_close(struct tb_node_webhooks *w)
{
    if (w == NULL)
        return;
    tb_webhooks_close(w->webhooks);
    for (uint32_t i = 0; i < READERS; i++)
        if (w->reader[i].r != NULL)
            tb_feed_close(w->reader[i].r);
    if (w->state != NULL)
        w->n->state->ops->reader_close(w->state);
    while (w->known != NULL) {
        struct known *k = w->known;
        w->known = k->next;
        free(k);
    }
    free(w);
}
