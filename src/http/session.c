// SPDX-License-Identifier: Apache-2.0
#include "http/session.h"

#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

#define STAFF_IDLE_MS (INT64_C(2) * 3600 * 1000)
#define STAFF_LIFE_MS (INT64_C(12) * 3600 * 1000)
#define MEMBER_LIFE_MS (INT64_C(24) * 3600 * 1000)
#define SECRET_BYTES 20u /* 160 bits, 32 characters */
#define TRIES 4096u
#define CODES 4096u
#define KNOWN 4096u
#define KNOWN_MS (INT64_C(30) * 24 * 3600 * 1000)
#define WAIT_MAX_S 900u
#define FORGET_MS (INT64_C(3600) * 1000)
#define CODE_TRIES 5u
#define CODE_PAUSE_MS 30000

struct slot {
    struct tb_session who;
    uint8_t hash[32];
    int64_t seen_ms; /* 0: free */
};

struct tries {
    uint64_t name;
    uint32_t failed;
    int64_t until_ms;
};

/* Somebody signed in by that name from that address. */
struct known {
    uint64_t pair;
    int64_t at_ms;
};

struct code {
    uint64_t name;
    int64_t made_ms;
    uint32_t left;
    char digits[6];
};

struct tb_sessions {
    struct tb_hash_key key;
    pthread_mutex_t lock;
    struct slot slot[TB_SESSIONS_MAX];
    struct tries tries[TRIES];
    struct known known[KNOWN];
    struct code code[CODES];
};

struct tb_sessions *tb_sessions_create(const struct tb_hash_key *key)
{
    struct tb_sessions *s = sodium_init() < 0 ? NULL : calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->key = *key;
    (void)pthread_mutex_init(&s->lock, NULL);
    return s;
}

void tb_sessions_destroy(struct tb_sessions *s)
{
    if (s == NULL)
        return;
    (void)pthread_mutex_destroy(&s->lock);
    sodium_memzero(s, sizeof *s);
    free(s);
}

/* ---- sessions ------------------------------------------------------------------------------- */

static void random_text(char *to, uint32_t n)
{
    static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";
    randombytes_buf(to, n);
    for (uint32_t i = 0; i < n; i++)
        to[i] = alphabet[(uint8_t)to[i] & 31];
    to[n] = 0;
}

static bool over(const struct slot *t, int64_t now_ms)
{
    return t->seen_ms == 0 || now_ms >= t->who.expires_ms ||
           (t->who.person == 0 && now_ms - t->seen_ms >= STAFF_IDLE_MS);
}

static uint32_t free_slot(const struct tb_sessions *s, bool member, int64_t now_ms)
{
    uint32_t oldest = member ? TB_SESSIONS_STAFF : 0;
    for (uint32_t i = oldest; i < (member ? TB_SESSIONS_MAX : TB_SESSIONS_STAFF); i++) {
        if (over(&s->slot[i], now_ms))
            return i;
        if (s->slot[i].seen_ms < s->slot[oldest].seen_ms)
            oldest = i;
    }
    return oldest;
}

void tb_sessions_open(struct tb_sessions *s, struct tb_session *who, int64_t now_ms,
                      char cookie[TB_SESSION_TEXT])
{
    char secret[SECRET_BYTES * 8 / 5 + 1];
    random_text(secret, sizeof secret - 1);
    random_text(who->csrf, 32);
    who->expires_ms = now_ms + (who->person ? MEMBER_LIFE_MS : STAFF_LIFE_MS);
    (void)pthread_mutex_lock(&s->lock);
    uint32_t at = free_slot(s, who->person != 0, now_ms);
    struct slot *t = &s->slot[at];
    *t = (struct slot){.who = *who, .seen_ms = now_ms};
    (void)crypto_hash_sha256(t->hash, (const unsigned char *)secret, sizeof secret - 1);
    (void)pthread_mutex_unlock(&s->lock);
    (void)snprintf(cookie, TB_SESSION_TEXT, "%u.%s", at, secret);
    sodium_memzero(secret, sizeof secret);
}

/* The slot of a good cookie; NULL otherwise. With the lock. */
static struct slot *slot_of(struct tb_sessions *s, struct tb_str cookie, int64_t now_ms)
{
    const char *dot = cookie.n ? memchr(cookie.p, '.', cookie.n) : NULL;
    int64_t at;
    uint8_t hash[32];
    if (dot == NULL || !tb_str_to_i64((struct tb_str){cookie.p, (uint32_t)(dot - cookie.p)}, &at) ||
        at < 0 || at >= (int64_t)TB_SESSIONS_MAX)
        return NULL;
    uint32_t n = cookie.n - (uint32_t)(dot + 1 - cookie.p);
    struct slot *t = &s->slot[at];
    (void)crypto_hash_sha256(hash, (const unsigned char *)dot + 1, n);
    return sodium_memcmp(hash, t->hash, sizeof hash) == 0 && !over(t, now_ms) ? t : NULL;
}

bool tb_sessions_find(struct tb_sessions *s, struct tb_str cookie, int64_t now_ms,
                      struct tb_session *out)
{
    (void)pthread_mutex_lock(&s->lock);
    struct slot *t = slot_of(s, cookie, now_ms);
    if (t != NULL) {
        t->seen_ms = now_ms;
        *out = t->who;
    }
    (void)pthread_mutex_unlock(&s->lock);
    return t != NULL;
}

void tb_sessions_close(struct tb_sessions *s, struct tb_str cookie)
{
    (void)pthread_mutex_lock(&s->lock);
    struct slot *t = slot_of(s, cookie, 0);
    if (t != NULL)
        sodium_memzero(t, sizeof *t);
    (void)pthread_mutex_unlock(&s->lock);
}

void tb_sessions_close_others(struct tb_sessions *s, struct tb_str code, struct tb_str cookie, int64_t now_ms)
{
    (void)pthread_mutex_lock(&s->lock);
    const struct slot *own = slot_of(s, cookie, now_ms);
    for (uint32_t i = 0; i < TB_SESSIONS_MAX; i++) {
        struct slot *t = &s->slot[i];
        if (t != own && t->seen_ms != 0 && t->who.person == 0 &&
            tb_str_eq((struct tb_str){t->who.code, t->who.code_n}, code))
            sodium_memzero(t, sizeof *t);
    }
    (void)pthread_mutex_unlock(&s->lock);
}

/* ---- attempts ---------------------------------------------------------------------------------- */

static uint64_t name_of(const struct tb_sessions *s, struct tb_str name)
{
    uint64_t h = tb_siphash(&s->key, name.p, name.n);
    return h ? h : 1;
}

static uint64_t pair_of(const struct tb_sessions *s, uint64_t name, uint64_t peer)
{
    const uint64_t pair[2] = {name, peer};
    uint64_t h = tb_siphash(&s->key, pair, sizeof pair);
    return h ? h : 1;
}

/* Under what attempts are counted: the name; where she was known before, the name at that address alone, so that
 * strangers who fail elsewhere keep her waiting there no more. With the lock.                                   */
static uint64_t counted_as(const struct tb_sessions *s, uint64_t name, uint64_t peer, int64_t now_ms)
{
    uint64_t pair = pair_of(s, name, peer);
    const struct known *k = &s->known[pair % KNOWN];
    return k->pair == pair && now_ms - k->at_ms < KNOWN_MS ? pair : name;
}

uint32_t tb_sessions_wait_s(struct tb_sessions *s, struct tb_str name, uint64_t peer, int64_t now_ms)
{
    (void)pthread_mutex_lock(&s->lock);
    uint64_t h = counted_as(s, name_of(s, name), peer, now_ms);
    const struct tries *t = &s->tries[h % TRIES];
    int64_t left = t->until_ms - now_ms;
    (void)pthread_mutex_unlock(&s->lock);
    return left > 0 ? (uint32_t)((left + 999) / 1000) : 0;
}

static void forgive(struct tb_sessions *s, uint64_t name)
{
    struct tries *t = &s->tries[name % TRIES];
    if (t->name == name)
        *t = (struct tries){.name = 0};
}

void tb_sessions_tried(struct tb_sessions *s, struct tb_str name, uint64_t peer, bool ok, int64_t now_ms)
{
    (void)pthread_mutex_lock(&s->lock);
    uint64_t own = name_of(s, name);
    uint64_t h = counted_as(s, own, peer, now_ms);
    struct tries *t = &s->tries[h % TRIES];
    if (ok) {
        uint64_t pair = pair_of(s, own, peer);
        s->known[pair % KNOWN] = (struct known){pair, now_ms};
        forgive(s, h);
        forgive(s, own);
    } else {
        t->name = h;
        t->failed = now_ms - t->until_ms < FORGET_MS ? t->failed + 1 : 1;
        uint32_t extra = t->failed > TB_TRIES_FREE ? t->failed - TB_TRIES_FREE : 0;
        uint32_t wait = extra == 0 ? 0 : extra < 10 ? 1u << extra : WAIT_MAX_S;
        t->until_ms = now_ms + (int64_t)(wait < WAIT_MAX_S ? wait : WAIT_MAX_S) * 1000;
    }
    (void)pthread_mutex_unlock(&s->lock);
}

/* ---- one-time codes -------------------------------------------------------------------------------- */

bool tb_sessions_code_make(struct tb_sessions *s, struct tb_str name, int64_t now_ms, char digits[7])
{
    uint64_t h = name_of(s, name);
    (void)pthread_mutex_lock(&s->lock);
    struct code *c = &s->code[h % CODES];
    bool ok = now_ms - c->made_ms >= CODE_PAUSE_MS;
    if (ok) {
        *c = (struct code){.name = h, .made_ms = now_ms, .left = CODE_TRIES};
        (void)snprintf(digits, 7, "%06u", randombytes_uniform(1000000));
        memcpy(c->digits, digits, sizeof c->digits);
    }
    (void)pthread_mutex_unlock(&s->lock);
    return ok;
}

bool tb_sessions_code_take(struct tb_sessions *s, struct tb_str name, struct tb_str digits,
                           int64_t now_ms)
{
    uint64_t h = name_of(s, name);
    (void)pthread_mutex_lock(&s->lock);
    struct code *c = &s->code[h % CODES];
    bool live = c->name == h && c->left > 0 && now_ms - c->made_ms < (int64_t)TB_CODE_LIFE_S * 1000;
    bool ok = live && digits.n == sizeof c->digits &&
              sodium_memcmp(digits.p, c->digits, sizeof c->digits) == 0;
    if (live)
        c->left = ok ? 0 : c->left - 1;
    if (ok)
        c->made_ms = 0; /* the next visit may ask at once */
    (void)pthread_mutex_unlock(&s->lock);
    return ok;
}

/* ---- cookies --------------------------------------------------------------------------------------- */

struct tb_str tb_cookie_find(struct tb_str header, const char *name)
{
    uint32_t n = (uint32_t)strlen(name);
    uint32_t at = 0;
    while (at < header.n) {
        while (at < header.n && (header.p[at] == ' ' || header.p[at] == ';'))
            at++;
        uint32_t end = at;
        while (end < header.n && header.p[end] != ';')
            end++;
        if (end - at > n && memcmp(header.p + at, name, n) == 0 && header.p[at + n] == '=')
            return (struct tb_str){header.p + at + n + 1, end - at - n - 1};
        at = end;
    }
    return TB_STR_NONE;
}
