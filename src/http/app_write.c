// SPDX-License-Identifier: Apache-2.0
/* http/app_write.c - what many operations print: wire fields, ids, codes, masked values. */
#include <ctype.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "border/normalise.h"
#include "http/app_int.h"

/* ---- protobuf wire fields ----------------------------------------------------------------------- */

bool tb_wire_step(struct tb_wire *w)
{
    bool bad = false;
    w->s = TB_STR_NONE;
    w->v = 0;
    return w->rest.n > 0 && tb_wire_next(&w->rest, &w->field, &w->v, &w->s, &bad) && !bad;
}

uint64_t tb_wire_u64(struct tb_str body, uint32_t field)
{
    struct tb_wire w = tb_wire_of(body);
    while (tb_wire_step(&w))
        if (w.field == field)
            return w.v;
    return 0;
}

void tb_wire_numbers(struct tb_str body, uint64_t *v, uint32_t n)
{
    struct tb_wire w = tb_wire_of(body);
    memset(v, 0, n * sizeof *v);
    while (tb_wire_step(&w))
        if (w.field < n && v[w.field] == 0)
            v[w.field] = w.v;
}

int64_t tb_wire_i64(struct tb_str body, uint32_t field)
{
    return tb_unzigzag(tb_wire_u64(body, field));
}

struct tb_str tb_wire_str(struct tb_str body, uint32_t field)
{
    struct tb_wire w = tb_wire_of(body);
    while (tb_wire_step(&w))
        if (w.field == field)
            return w.s;
    return TB_STR_NONE;
}

/* ---- ids, codes, times, words ---------------------------------------------------------------------- */

void tb_out_code(struct tb_work *w, struct tb_json_out *o, const char *key, enum tb_kind kind,
                 uint64_t id)
{
    if (id == 0)
        return;
    tb_json_out_key_str(o, key, tb_work_name(w, kind, id));
}

void tb_out_amounts(struct tb_work *w, struct tb_json_out *o, const char *key, struct tb_str body, uint32_t field)
{
    struct tb_wire f = tb_wire_of(body);
    tb_json_out_key_open(o, key, '[');
    while (tb_wire_step(&f)) {
        if (f.field != field)
            continue;
        tb_json_out_open(o, '{');
        tb_out_code(w, o, "unit", TB_KIND_UNIT, tb_wire_u64(f.s, 1));
        tb_json_out_key_i64(o, "amount", (int64_t)tb_wire_u64(f.s, 2));
        tb_json_out_close(o, '}');
    }
    tb_json_out_close(o, ']');
}

void tb_out_id(struct tb_work *w, struct tb_json_out *o, const char *key, enum tb_id_kind kind,
               uint64_t number)
{
    char text[TB_ID_BYTES];
    if (number == 0 || number > TB_ID_NUMBER_MAX)
        return;
    tb_id_print(&w->app->hash_key, kind, w->tenant, number, text);
    tb_json_out_key_str(o, key, (struct tb_str){text, sizeof text});
}

bool tb_work_out_object(struct tb_work *w, struct tb_json_out *o, enum tb_kind kind, struct tb_str object,
                        tb_object_out_fn one)
{
    struct tb_view v;
    size_t mark = tb_arena_mark(w->arena);
    if (!tb_view_read(kind, tb_wire_str(object, 2), w->arena, &v)) {
        o->b->overflowed = true;
        return false;
    }
    one(w, o, kind, &v);
    tb_arena_release(w->arena, mark);
    return true;
}

void tb_work_out_list(struct tb_work *w, struct tb_json_out *o, enum tb_kind kind, tb_object_out_fn one)
{
    struct tb_wire f = tb_wire_of(tb_work_answer(w));
    uint64_t cursor = 0;
    tb_json_out_open(o, '{');
    tb_json_out_key_open(o, "items", '[');
    while (tb_wire_step(&f)) {
        if (f.field == 2)
            cursor = f.v;
        else if (f.field == 1 && !tb_work_out_object(w, o, kind, f.s, one))
            return;
    }
    tb_json_out_close(o, ']');
    if (cursor != 0)
        tb_json_out_key_i64(o, "next", (int64_t)cursor);
    tb_json_out_close(o, '}');
}

void tb_out_put(struct tb_work *w, struct tb_json_out *o)
{
    struct tb_str body = tb_work_answer(w);
    tb_json_out_key_str(o, "code", ((const struct tb_put *)w->input)->code);
    tb_json_out_key_i64(o, "version", (int64_t)tb_wire_u64(body, 2));
    tb_json_out_key_bool(o, "created", tb_wire_u64(body, 3) != 0);
    tb_json_out_key_bool(o, "changed", tb_wire_u64(body, 4) != 0);
}

void tb_work_out_put(struct tb_work *w, struct tb_json_out *o)
{
    tb_json_out_open(o, '{');
    tb_out_put(w, o);
    tb_json_out_close(o, '}');
}

void tb_out_text(struct tb_json_out *o, const char *key, struct tb_str s)
{
    if (s.n > 0)
        tb_json_out_key_str(o, key, s);
}

void tb_out_lower(struct tb_json_out *o, const char *key, const char *name)
{
    char text[48];
    uint32_t n = 0;
    for (; name != NULL && name[n] != 0 && n < sizeof text; n++)
        text[n] = (char)tolower((unsigned char)name[n]);
    tb_json_out_key_str(o, key, (struct tb_str){text, n});
}

void tb_out_time(struct tb_json_out *o, const char *key, int64_t ms)
{
    if (ms != 0 && ms >= TB_MS_MIN && ms <= TB_MS_MAX)
        tb_json_out_key_time(o, key, ms);
}

void tb_out_word(struct tb_json_out *o, const char *key, const char *const *words, uint32_t n,
                 uint64_t v)
{
    if (v < n && words[v] != NULL)
        tb_json_out_key_str(o, key, tb_str_of(words[v]));
}

/* ---- personal values ---------------------------------------------------------------------------------- */

bool tb_work_open(struct tb_work *w, uint32_t profile, uint32_t number, struct tb_str sealed,
                  struct tb_buf *out)
{
    return sealed.n > 0 &&
           tb_vault_open(&w->app->vault, w->tenant, profile, number, sealed, out);
}

static void stars(struct tb_buf *b, struct tb_str v, uint32_t first, uint32_t last)
{
    /* whole code points, and never more shown than hidden */
    uint32_t at = 0;
    uint32_t points = 0;
    while (at < v.n) {
        (void)tb_utf8_next(v, &at);
        points++;
    }
    if (first + last > points / 2) {
        first = points > 3 ? 1 : 0;
        last = points > 3 ? 1 : 0;
    }
    at = 0;
    for (uint32_t i = 0; i < first; i++)
        (void)tb_utf8_next(v, &at);
    tb_buf_put(b, v.p, at);
    tb_buf_c(b, "****");
    uint32_t from = 0;
    for (uint32_t i = 0; i < points - last; i++)
        (void)tb_utf8_next(v, &from);
    tb_buf_put(b, v.p + from, v.n - from);
}

void tb_mask(struct tb_buf *b, enum tb_normaliser kind, struct tb_str v)
{
    if (kind == TB_NORMALISE_PHONE && tb_str_starts(v, TB_STR("+86")) && v.n == 14) {
        tb_buf_put(b, v.p + 3, 3);
        tb_buf_c(b, "****");
        tb_buf_put(b, v.p + 10, 4);
        return;
    }
    const char *at = kind == TB_NORMALISE_EMAIL ? memchr(v.p, '@', v.n) : NULL;
    if (at != NULL) {
        uint32_t n = (uint32_t)(at - v.p);
        stars(b, (struct tb_str){v.p, n}, 1, 0);
        tb_buf_put(b, at, v.n - n);
        return;
    }
    stars(b, v, kind == TB_NORMALISE_PHONE ? 4 : 2, kind == TB_NORMALISE_PHONE ? 2 : 4);
}

/* ---- side threads ------------------------------------------------------------------------------------------ */

struct waiting {
    struct tb_job_request job;
    struct tb_cmd_object_get input;
    pthread_mutex_t lock;
    pthread_cond_t done;
    bool over;
};

static void wait_over(struct tb_job_request *job)
{
    struct waiting *x = (struct waiting *)job;
    (void)pthread_mutex_lock(&x->lock);
    x->over = true;
    (void)pthread_cond_signal(&x->done);
    (void)pthread_mutex_unlock(&x->lock);
}

static bool ask(struct tb_app *app, struct waiting *x)
{
    x->over = false;
    x->job.done = wait_over;
    if (tb_cell_submit(app->cell, &x->job) != TB_SUBMIT_TAKEN)
        return false;
    (void)pthread_mutex_lock(&x->lock);
    while (!x->over)
        (void)pthread_cond_wait(&x->done, &x->lock);
    (void)pthread_mutex_unlock(&x->lock);
    return x->job.finish == TB_FINISH_DONE;
}

bool tb_facts_wait(struct tb_app *app, uint32_t tenant, enum tb_kind kind, uint32_t id)
{
    struct waiting x = {.input = {.kind = kind, .id = id}};
    bool known = false;
    (void)pthread_mutex_init(&x.lock, NULL);
    (void)pthread_cond_init(&x.done, NULL);
    for (size_t cap = 8192; cap <= (8u << 20) && !known; cap *= 32) {
        uint8_t *region = malloc(cap);
        if (region == NULL)
            break;
        x.job = (struct tb_job_request){.command = {TB_OP_OBJECT_GET, tenant, 0, &x.input}};
        tb_buf_init(&x.job.answer.body, region, cap);
        bool answered = ask(app, &x);
        if (answered && x.job.answer.code == TB_CODE_OK) {
            struct tb_str object = tb_wire_str(tb_buf_as_str(&x.job.answer.body), 1);
            known = tb_facts_learn(app->facts, kind, tb_wire_u64(object, 1),
                                   tb_wire_str(object, 2));
        }
        free(region);
        if (!answered || x.job.answer.code == TB_CODE_NOT_FOUND)
            break;
    }
    (void)pthread_cond_destroy(&x.done);
    (void)pthread_mutex_destroy(&x.lock);
    return known;
}
