// SPDX-License-Identifier: Apache-2.0
/* The publisher's life and what the flusher hands it. See publish.h; what is put off and
 * found again: publish_sweep.c. What is not here: rows (publish_config, _person, _entry). */
#include "engine/publish.h"

#include <stdlib.h>
#include <string.h>

#include "core/kinds.h"
#include "core/store/txn.h"
#include "engine/heap.h"
#include "engine/publish_int.h"

#define SCHEMA 1u
#define ARENA_BYTES (TB_ENTRY_BYTES_MAX * 8u) /* structs of an entry's largest event */

static void use(struct tb_publish *p, struct tb_state *s, struct tb_fault *f)
{
    p->state = s;
    p->fault = f;
    p->answer = TB_STATE_DONE;
}

static void on_bind(void *user, const struct tb_table *table, const struct tb_table *engine)
{
    struct tb_publish *p = user;
    p->table = table;
    p->engine = engine;
}

/* Frees all but one chunk. */
static void forget_texts(struct tb_publish *p)
{
    while (p->text != NULL && p->text->next != NULL) {
        struct text_chunk *c = p->text;
        p->text = c->next;
        free(c);
    }
    if (p->text != NULL)
        p->text->used = 0;
}

static void on_begin(void *user)
{
    struct tb_publish *p = user;
    forget_texts(p);
    p->quiet_used = 0;
    p->done_persons.n = 0;
    p->done_profiles.n = 0;
    p->done_ranges.n = 0;
    p->mark_next = 0;
    p->names_next = p->names_have;
    p->names_put = false;
    p->rows_next = p->rows_upto;
}

static void on_committed(void *user)
{
    struct tb_publish *p = user;
    for (uint64_t i = 0; i < p->done_persons.n; i++) {
        bits_clear(&p->dirty, p->done_persons.v[i]);
        bits_clear(&p->full, p->done_persons.v[i]);
    }
    for (uint64_t i = 0; i < p->done_profiles.n; i++) {
        bits_clear(&p->slow, p->done_profiles.v[i]);
        bits_clear(&p->lots, p->done_profiles.v[i]);
        bits_clear(&p->renamed, p->done_profiles.v[i]);
    }
    for (uint64_t i = 0; i < p->done_ranges.n; i += 2) {
        uint64_t range = p->done_ranges.v[i];
        if (range >= p->lot_upto_n) {
            uint64_t n = range + range / 2 + 64;
            p->lot_upto = tb_heap_resize(p->lot_upto, n * sizeof *p->lot_upto);
            memset(p->lot_upto + p->lot_upto_n, 0, (n - p->lot_upto_n) * sizeof *p->lot_upto);
            p->lot_upto_n = n;
        }
        p->lot_upto[range] = p->done_ranges.v[i + 1];
    }
    p->done_persons.n = p->done_profiles.n = p->done_ranges.n = 0;
    if (p->mark_next != 0)
        p->mark_batch = p->mark_next;
    p->mark_next = 0;
    p->names_have = p->names_next;
    p->names_busy = p->names_busy && !p->names_put;
    p->rows_upto = p->rows_next;
    if (p->rows_upto == ROWS_ALL)
        atomic_store(&p->rows_since_ms, 0);
    if (p->dirty.n == 0)
        atomic_store(&p->persons_since_ms, 0);
}

void publish_mark(struct tb_publish *p, uint64_t person)
{
    if (p->dirty.n == 0) {
        p->marked_ns = publish_mono_ns(p);
        atomic_store(&p->persons_since_ms, p->o.host->now_ms(p->o.host->user));
    }
    bits_set(&p->dirty, person);
}

static void on_pace(void *user, bool late, int64_t slice_ns)
{
    struct tb_publish *p = user;
    p->late = late;
    p->slice = slice_ns ? slice_ns : (int64_t)p->o.slice_ms * 1000000;
}

/* A few persons of a flush are written at once, while nobody waits. */
static bool at_once(const struct tb_publish *p)
{
    return p->started && !p->late && p->dirty.n == 0 && p->scan == SCAN_NONE &&
           p->quiet_used < p->o.quiet_persons && !tb_aside_lives(&p->aside);
}

static bool on_notes(void *user, enum tb_kind kind, uint64_t id)
{
    struct tb_publish *p = user;
    if (kind != TB_KIND_PERSON || at_once(p))
        return false;
    publish_mark(p, id);
    return true;
}

static int64_t age_ms(int64_t at, int64_t now_ms)
{
    return at == 0 || at > now_ms ? 0 : now_ms - at;
}

static void on_lags(const void *user, int64_t now_ms, int64_t *rows_ms, int64_t *persons_ms)
{
    const struct tb_publish *p = user;
    *rows_ms = age_ms(atomic_load(&p->rows_since_ms), now_ms);
    *persons_ms = age_ms(atomic_load(&p->persons_since_ms), now_ms);
}

static enum tb_state_answer on_image(void *user, struct tb_state *s, uint32_t tenant,
                                     enum tb_kind kind, uint64_t id, struct tb_block *block,
                                     struct tb_fault *f)
{
    struct tb_publish *p = user;
    use(p, s, f);
    if (kind != TB_KIND_PERSON) {
        publish_config(p, tenant, kind, id, block);
        return p->answer;
    }
    if (block == NULL) /* at once: nothing could find her row after a crash */
        publish_person(p, id, NULL, false);
    else if (at_once(p)) {
        p->quiet_used++;
        publish_person(p, id, block, false);
    } else {
        publish_mark(p, id);
    }
    return p->answer;
}

static enum tb_state_answer on_entry(void *user, struct tb_state *s, const struct tb_entry *e,
                                     struct tb_fault *f)
{
    struct tb_publish *p = user;
    use(p, s, f);
    if (p->late && p->rows_next == ROWS_ALL)
        publish_later_put_off(p, e);
    publish_entry(p, e, p->rows_next == ROWS_ALL ? ENTRY_ALL : ENTRY_NOTES);
    return p->answer;
}

void publish_record(struct tb_publish *p, const struct copied_head *h, const uint8_t *body,
                    bool full)
{
    extern const struct tb_shape tb_shapes[];
    struct tb_block *b = tb_block_unpack(&p->pool, &tb_shapes[h->kind], (uint8_t)h->kind, h->id,
                                         (struct tb_str){(const char *)body, (uint32_t)h->n});
    tb_assert(b != NULL); /* the cell was loaded from it */
    if (h->kind == TB_KIND_PERSON)
        publish_person(p, h->id, b, full);
    else
        publish_config(p, (uint32_t)h->tenant, (enum tb_kind)h->kind, h->id, b);
    tb_block_destroy(&p->pool, &tb_shapes[h->kind], b);
}

/* ---- life ---------------------------------------------------------------------------------- */

static uint32_t or_default(uint32_t v, uint32_t otherwise)
{
    return v ? v : otherwise;
}

struct tb_publish *tb_publish_create(const struct tb_publish_options *options)
{
    struct tb_publish *p = tb_heap_zeroed(sizeof *p);
    struct tb_publish_options o = options ? *options : (struct tb_publish_options){0};
    p->o = (struct tb_publish_options){.host = o.host ? o.host : &tb_host_real,
                                       .quiet_persons = or_default(o.quiet_persons, 64),
                                       .lag_ms = or_default(o.lag_ms, 30000),
                                       .full_persons = or_default(o.full_persons, 50000),
                                       .slice_ms = or_default(o.slice_ms, 100),
                                       .names = o.names,
                                       .names_again = o.names_again};
    p->face = (struct tb_publisher){.user = p,
                                    .schema = SCHEMA,
                                    .bind = on_bind,
                                    .on_image = on_image,
                                    .on_entry = on_entry,
                                    .begin = on_begin,
                                    .committed = on_committed,
                                    .waits = publish_waits,
                                    .catch_up = publish_catch_up,
                                    .notes = on_notes,
                                    .pace = on_pace,
                                    .lags = on_lags,
                                    .aside = &p->aside,
                                    .aside_kind = TB_KIND_PERSON};
    tb_aside_init(&p->aside);
    p->rows_upto = p->rows_next = ROWS_ALL;
    on_pace(p, false, 0);
    p->face.table = tb_publish_tables(&p->face.table_n);
    p->arena_region = tb_heap_take(ARENA_BYTES);
    tb_arena_init(&p->arena, p->arena_region, ARENA_BYTES);
    tb_regions_init(&p->regions);
    tb_pool_init(&p->pool, tb_regions_mem(&p->regions));
    return p;
}

const struct tb_publisher *tb_publish_of(const struct tb_publish *p)
{
    return &p->face;
}

void tb_publish_destroy(struct tb_publish *p)
{
    if (p == NULL)
        return;
    if (p->reader != NULL)
        p->state->ops->reader_close(p->reader);
    forget_texts(p);
    free(p->text);
    free(p->arena_region);
    free(p->dirty.word);
    free(p->full.word);
    free(p->slow.word);
    free(p->lots.word);
    free(p->templates.word);
    free(p->renamed.word);
    free(p->named.word);
    free(p->lot_upto);
    free(p->done_persons.v);
    free(p->done_profiles.v);
    free(p->done_ranges.v);
    free(p->copied.p);
    tb_aside_free(&p->aside);
    tb_regions_deinit(&p->regions);
    free(p);
}

void tb_publish_figures(const struct tb_publish *p, struct tb_publish_figures *out)
{
    *out = (struct tb_publish_figures){.persons_written = p->persons_written,
                                       .rows = p->rows,
                                       .marked = p->dirty.n,
                                       .sweeps = p->sweeps,
                                       .complete_batch = p->mark_batch,
                                       .put_off = p->put_off,
                                       .rows_upto = p->rows_upto == ROWS_ALL ? 0 : p->rows_upto};
}
