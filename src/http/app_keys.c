// SPDX-License-Identifier: Apache-2.0
/* http/app_keys.c - API keys: making them, and knowing all of them without a lock.
 *
 * A side thread copies the key blocks of the cell into an immutable table whenever a key
 * may have changed, and at least every 30 s; IO threads read the newest table inside
 * tb_facts_enter's protection (epochs). A key operation replies after the copy, so what it
 * did is in force at once. The same thread does what may block: the key store's disk.
 * Invariant   the table holds every key of the cell as of some instant after the last
 *             refresh began; a key that is not in it is not valid.                       */
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "http/people.h"

#define PERIOD_S 30
#define TICK_MS 500
#define CODE_BYTES 13u
#define SECRET_BYTES 40u /* 200 bits */

/* ---- the table ---------------------------------------------------------------------------- */

struct row {
    char code[TB_CODE_MAX];
    uint32_t code_n; /* 0: an empty place */
    uint32_t id;
    uint32_t tenant;
    uint32_t roles;
    uint64_t scopes;
    int64_t expires_ms;
    bool revoked;
    uint8_t hash[32];
    _Atomic uint64_t seen[2]; /* keyed hashes of the secret that was right; 0: none yet */
};

struct table {
    struct table *next; /* retired */
    uint64_t epoch;
    uint32_t mask;
    uint32_t n;
    struct row row[];
};

struct task {
    struct task *next;
    struct tb_work *w;
    void (*slow)(struct tb_work *w); /* NULL: a refresh is all */
    tb_work_fn *then;
};

struct tb_keyring {
    struct tb_app *app;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_cond_t fresh;
    struct task *first;
    struct task *last;
    uint64_t asked; /* refreshes asked for, and done */
    uint64_t done;
    bool stop;
    struct tb_hash_key seen_key[2]; /* of this process alone */
    _Atomic(struct table *) table;
    struct table *retired; /* until its readers have left */
    enum tb_cell_state seen_state;
    uint64_t seen_configs;
};

static uint32_t hash_of(struct tb_str code)
{
    uint64_t h = UINT64_C(1469598103934665603);
    for (uint32_t i = 0; i < code.n; i++)
        h = (h ^ (uint8_t)code.p[i]) * UINT64_C(1099511628211);
    return (uint32_t)(h ^ h >> 32);
}

static struct row *place_of(struct table *t, struct tb_str code)
{
    uint32_t at = hash_of(code) & t->mask;
    while (t->row[at].code_n != 0 &&
           !(t->row[at].code_n == code.n && memcmp(t->row[at].code, code.p, code.n) == 0))
        at = (at + 1) & t->mask;
    return &t->row[at];
}

static void table_add(struct table *t, struct tb_core *core, struct tb_block *b)
{
    const struct tb_key *key = tb_block_head_const(b);
    const char *bytes = tb_block_section(&core->store.shape[TB_KIND_KEY], b, TB_CONFIG_BYTES);
    struct tb_str code = {bytes + key->c.code.at, key->c.code.n};
    if (code.n == 0 || code.n > TB_CODE_MAX || t->n * 2 > t->mask)
        return;
    struct row *r = place_of(t, code);
    *r = (struct row){.code_n = code.n,
                      .id = (uint32_t)b->id,
                      .tenant = key->c.tenant,
                      .roles = key->roles,
                      .scopes = key->scopes,
                      .expires_ms = key->expires_ms,
                      .revoked = key->revoked_ms != 0};
    memcpy(r->code, code.p, code.n);
    memcpy(r->hash, key->hash, sizeof r->hash);
    t->n++;
}

struct copy {
    struct table *table;
    uint64_t configs;
};

static struct table *table_make(uint64_t keys)
{
    uint32_t size = 64;
    while (size < keys * 2 + 2)
        size *= 2;
    struct table *t = calloc(1, sizeof *t + (size_t)size * sizeof t->row[0]);
    tb_assert(t != NULL);
    t->mask = size - 1;
    return t;
}

/* On the cell's thread, between two batches: only reads. */
static void copy_keys(struct tb_core *core, void *user)
{
    struct copy *c = user;
    const struct tb_directory *d = &core->store.dense[TB_KIND_KEY];
    c->configs = core->store.counter[TB_COUNTER_CONFIG];
    c->table = table_make(core->store.blocks[TB_KIND_KEY]);
    for (uint32_t p = 0; p < d->pages; p++)
        for (uint32_t i = 0; d->page[p] != NULL && i < 4096; i++)
            if (d->page[p][i] != NULL)
                table_add(c->table, core, d->page[p][i]);
}

static void count_configs(struct tb_core *core, void *user)
{
    *(uint64_t *)user = core->store.counter[TB_COUNTER_CONFIG];
}

static void retire_table(struct tb_keyring *k, struct table *old)
{
    if (old == NULL)
        return;
    old->epoch = tb_facts_epoch();
    old->next = k->retired;
    k->retired = old;
}

static void free_retired(struct tb_keyring *k, bool all)
{
    struct table **at = &k->retired;
    while (*at != NULL) {
        struct table *t = *at;
        if (all || tb_facts_passed(t->epoch)) {
            *at = t->next;
            free(t);
        } else {
            at = &t->next;
        }
    }
}

static bool refresh(struct tb_keyring *k)
{
    struct copy c = {0};
    if (!tb_cell_call(k->app->cell, copy_keys, &c))
        return false;
    k->seen_configs = c.configs;
    struct table *old = atomic_load(&k->table);
    atomic_store(&k->table, c.table);
    retire_table(k, old);
    free_retired(k, false);
    return true;
}

/* ---- the side thread ------------------------------------------------------------------------ */

static void on_io(void *user, struct tb_request *req)
{
    struct tb_work *w = user;
    (void)req;
    w->then(w);
}

static bool due(struct tb_keyring *k, uint32_t ticks)
{
    enum tb_cell_state state = tb_cell_state(k->app->cell);
    uint64_t configs = k->seen_configs;
    bool changed = state != k->seen_state;
    k->seen_state = state;
    (void)tb_cell_call(k->app->cell, count_configs, &configs);
    return changed || configs != k->seen_configs || ticks * TICK_MS >= PERIOD_S * 1000;
}

static void run_tasks(struct task *first)
{
    while (first != NULL) {
        struct task *next = first->next;
        if (first->slow != NULL)
            first->slow(first->w);
        first->w->then = first->then;
        tb_http_call(first->w->req, on_io, first->w);
        free(first);
        first = next;
    }
}

static void wait_tick(struct tb_keyring *k)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_nsec += TICK_MS * 1000000L;
    t.tv_sec += t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    if (k->asked == k->done && k->first == NULL && !k->stop)
        (void)pthread_cond_timedwait(&k->wake, &k->lock, &t);
}

static void *side_main(void *user)
{
    struct tb_keyring *k = user;
    uint32_t ticks = 0;
    (void)pthread_mutex_lock(&k->lock);
    while (!k->stop || k->first != NULL) {
        wait_tick(k);
        uint64_t asked = k->asked;
        bool wanted = asked != k->done;
        struct task *tasks = k->first;
        k->first = k->last = NULL;
        (void)pthread_mutex_unlock(&k->lock);
        ticks++;
        if ((wanted || due(k, ticks)) && refresh(k))
            ticks = 0;
        run_tasks(tasks);
        (void)pthread_mutex_lock(&k->lock);
        k->done = asked;
        (void)pthread_cond_broadcast(&k->fresh);
    }
    (void)pthread_mutex_unlock(&k->lock);
    return NULL;
}

struct tb_keyring *tb_keyring_start(struct tb_app *app, struct tb_fault *fault)
{
    struct tb_keyring *k = calloc(1, sizeof *k);
    pthread_condattr_t monotonic;
    if (k == NULL || sodium_init() < 0) {
        tb_fault_set(fault, true, "out of memory");
        free(k);
        return NULL;
    }
    k->app = app;
    randombytes_buf(k->seen_key, sizeof k->seen_key);
    (void)pthread_mutex_init(&k->lock, NULL);
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&k->wake, &monotonic);
    (void)pthread_cond_init(&k->fresh, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    k->seen_state = tb_cell_state(app->cell);
    (void)refresh(k);
    if (pthread_create(&k->thread, NULL, side_main, k) != 0) {
        tb_fault_set(fault, true, "no thread for keys");
        free_retired(k, true);
        free(atomic_load(&k->table));
        free(k);
        return NULL;
    }
    return k;
}

void tb_keyring_stop(struct tb_keyring *k)
{
    (void)pthread_mutex_lock(&k->lock);
    k->stop = true;
    (void)pthread_cond_signal(&k->wake);
    (void)pthread_mutex_unlock(&k->lock);
    (void)pthread_join(k->thread, NULL);
    free_retired(k, true);
    free(atomic_load(&k->table));
    (void)pthread_mutex_destroy(&k->lock);
    (void)pthread_cond_destroy(&k->wake);
    (void)pthread_cond_destroy(&k->fresh);
    free(k);
}

void tb_keyring_refresh(struct tb_keyring *k)
{
    (void)pthread_mutex_lock(&k->lock);
    uint64_t mine = ++k->asked;
    (void)pthread_cond_signal(&k->wake);
    while (k->done < mine && !k->stop)
        (void)pthread_cond_wait(&k->fresh, &k->lock);
    (void)pthread_mutex_unlock(&k->lock);
}

static void add_task(struct tb_keyring *k, struct tb_work *w, void (*slow)(struct tb_work *w),
                     tb_work_fn *then)
{
    struct task *t = calloc(1, sizeof *t);
    tb_assert(t != NULL);
    *t = (struct task){.w = w, .slow = slow, .then = then};
    (void)pthread_mutex_lock(&k->lock);
    if (k->last != NULL)
        k->last->next = t;
    else
        k->first = t;
    k->last = t;
    k->asked += slow == NULL;
    (void)pthread_cond_signal(&k->wake);
    (void)pthread_mutex_unlock(&k->lock);
}

void tb_keyring_after(struct tb_keyring *k, struct tb_work *w, tb_work_fn *then)
{
    add_task(k, w, NULL, then);
}

void tb_keyring_slow(struct tb_keyring *k, struct tb_work *w, void (*slow)(struct tb_work *w),
                     tb_work_fn *then)
{
    add_task(k, w, slow, then);
}

/* ---- who calls -------------------------------------------------------------------------------- */

/* "tb_<public>_<secret>" */
static bool token_parts(struct tb_str token, struct tb_str *code, struct tb_str *secret)
{
    if (token.n < 3 + 1 + 1 + 16 || memcmp(token.p, "tb_", 3) != 0)
        return false;
    uint32_t at = token.n;
    while (at > 3 && token.p[at - 1] != '_')
        at--;
    if (at < 5)
        return false;
    *code = (struct tb_str){token.p + 3, at - 4};
    *secret = (struct tb_str){token.p + at, token.n - at};
    return code->n <= TB_CODE_MAX && secret->n >= 16;
}

/* SHA-256 takes as long as all the rest of reading a request. A secret that was right is
 * known again by 128 bits under keys that nobody outside can have; a new table (a key was
 * revoked) has seen nothing.                                                             */
static bool secret_right(const struct tb_keyring *k, struct row *r, struct tb_str secret)
{
    static const uint8_t nobody[32];
    uint8_t hash[32];
    uint64_t print[2];
    bool seen = r != NULL;
    for (uint32_t i = 0; i < 2; i++) {
        print[i] = tb_siphash(&k->seen_key[i], secret.p, secret.n) | 1;
        seen = seen && atomic_load_explicit(&r->seen[i], memory_order_relaxed) == print[i];
    }
    if (seen)
        return true;
    (void)crypto_hash_sha256(hash, (const unsigned char *)secret.p, secret.n);
    bool same = sodium_memcmp(hash, r ? r->hash : nobody, sizeof hash) == 0;
    for (uint32_t i = 0; same && r != NULL && i < 2; i++)
        atomic_store_explicit(&r->seen[i], print[i], memory_order_relaxed);
    return same;
}

static bool row_valid(const struct tb_keyring *k, struct row *r, struct tb_str secret)
{
    bool same = secret_right(k, r, secret);
    return same && r != NULL && !r->revoked && (r->expires_ms == 0 || r->expires_ms > tb_now_ms());
}

/* a key of the cell is the operator's and nobody else's */
static void principal_of(const struct row *r, struct tb_principal *out)
{
    uint32_t roles = r->tenant == 0 ? r->roles & TB_KEY_OPERATOR : r->roles & ~(uint32_t)TB_KEY_OPERATOR;
    *out = (struct tb_principal){.tenant = r->tenant,
                                 .key = r->id,
                                 .roles = roles,
                                 .scopes = r->scopes ? r->scopes : UINT64_MAX,
                                 .expires_ms = r->expires_ms};
}

bool tb_keyring_find(struct tb_app *app, struct tb_str code, struct tb_principal *out)
{
    tb_facts_enter();
    struct table *t = atomic_load_explicit(&app->keyring->table, memory_order_acquire);
    const struct row *r = t ? place_of(t, code) : NULL;
    bool ok = r != NULL && r->code_n != 0 && !r->revoked && (r->expires_ms == 0 || r->expires_ms > tb_now_ms());
    if (ok)
        principal_of(r, out);
    tb_facts_leave();
    return ok;
}

/* The key that this process made for itself. */
static bool guest_check(const struct tb_app *app, struct tb_str code, struct tb_str secret, struct tb_principal *out)
{
    const struct tb_app_guest *g = &app->guest;
    uint8_t hash[32];
    if (g->tenant == 0 || g->code.n != code.n || memcmp(g->code.p, code.p, code.n) != 0)
        return false;
    (void)crypto_hash_sha256(hash, (const unsigned char *)secret.p, secret.n);
    if (sodium_memcmp(hash, g->hash, sizeof hash) != 0)
        return false;
    *out = (struct tb_principal){.tenant = g->tenant, .roles = g->roles, .scopes = UINT64_MAX};
    return true;
}

bool tb_keyring_check(void *user, struct tb_str token, enum tb_api op, struct tb_principal *out)
{
    struct tb_app *app = user;
    struct tb_str code, secret;
    (void)op;
    if (!token_parts(token, &code, &secret))
        return false;
    if (guest_check(app, code, secret, out))
        return true;
    tb_facts_enter();
    struct table *t = atomic_load_explicit(&app->keyring->table, memory_order_acquire);
    struct row *r = t ? place_of(t, code) : NULL;
    if (r != NULL && r->code_n == 0)
        r = NULL;
    bool ok = row_valid(app->keyring, r, secret);
    if (ok)
        principal_of(r, out);
    tb_facts_leave();
    return ok;
}

/* ---- making keys -------------------------------------------------------------------------------- */

static void random_text(char *to, uint32_t n)
{
    static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";
    randombytes_buf(to, n);
    for (uint32_t i = 0; i < n; i++)
        to[i] = alphabet[(uint8_t)to[i] & 31];
}

void tb_key_make(struct tb_key_made *out)
{
    char *p = out->text;
    memcpy(p, "tb_", 3);
    random_text(p + 3, CODE_BYTES);
    p[3 + CODE_BYTES] = '_';
    random_text(p + 4 + CODE_BYTES, SECRET_BYTES);
    p[4 + CODE_BYTES + SECRET_BYTES] = 0;
    out->code = (struct tb_str){p + 3, CODE_BYTES};
    (void)crypto_hash_sha256(out->hash, (const unsigned char *)p + 4 + CODE_BYTES, SECRET_BYTES);
}
