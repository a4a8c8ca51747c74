// SPDX-License-Identifier: Apache-2.0
/* http/facts.c - see facts.h. Invariant: an object is retired exactly when neither table
 * leads to it any more; it is freed only when no reader can still hold it.               */
#include "http/facts.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/catalog/catalog.h"

#define SLOTS 65536u
#define WAYS 2u
#define READERS_MAX 1024u

struct object {
    struct tb_known known; /* first */
    struct object *next;   /* retired */
    uint64_t epoch;
    uint32_t places; /* tables that lead here */
};

typedef _Atomic(struct object *) place;

struct tb_facts {
    pthread_mutex_t lock; /* writers */
    uint64_t seed;
    struct object *retired;
    place *by_code; /* SLOTS */
    place *by_id;
};

/* ---- epochs ------------------------------------------------------------------------------ */

static _Atomic uint64_t epoch_now = 1;
/* 0: outside. A line of the cache each: a reader writes its own with every request. */
static struct {
    _Alignas(64) _Atomic uint64_t at;
} epoch_of[READERS_MAX];
static atomic_uint readers;
static _Thread_local uint32_t self; /* place + 1 */
static _Thread_local uint32_t depth;

void tb_facts_enter(void)
{
    if (depth++ > 0)
        return;
    if (self == 0) {
        self = atomic_fetch_add(&readers, 1) + 1;
        tb_assert(self <= READERS_MAX);
    }
    atomic_store(&epoch_of[self - 1].at, atomic_load(&epoch_now));
}

void tb_facts_leave(void)
{
    tb_assert(depth > 0);
    if (--depth == 0)
        atomic_store_explicit(&epoch_of[self - 1].at, 0, memory_order_release);
}

static uint64_t oldest_reader(void)
{
    uint64_t oldest = UINT64_MAX;
    uint32_t n = atomic_load(&readers);
    for (uint32_t i = 0; i < n && i < READERS_MAX; i++) {
        uint64_t e = atomic_load(&epoch_of[i].at);
        if (e != 0 && e < oldest)
            oldest = e;
    }
    return oldest;
}

uint64_t tb_facts_epoch(void)
{
    return atomic_fetch_add(&epoch_now, 1);
}

bool tb_facts_passed(uint64_t stamp)
{
    return stamp < oldest_reader();
}

static void collect(struct tb_facts *f)
{
    uint64_t oldest = oldest_reader();
    struct object **at = &f->retired;
    while (*at != NULL) {
        struct object *o = *at;
        if (o->epoch < oldest) {
            *at = o->next;
            free(o);
        } else {
            at = &o->next;
        }
    }
}

static void retire(struct tb_facts *f, struct object *o)
{
    o->epoch = tb_facts_epoch();
    o->next = f->retired;
    f->retired = o;
}

/* ---- tables ------------------------------------------------------------------------------ */

static uint64_t mix(uint64_t h)
{
    h ^= h >> 32;
    h *= UINT64_C(0x9E3779B97F4A7C15);
    return h ^ h >> 29;
}

static uint32_t slot_of_id(enum tb_kind kind, uint64_t id)
{
    return (uint32_t)(mix(id << 8 | (uint64_t)kind) % (SLOTS / WAYS)) * WAYS;
}

static uint32_t slot_of_code(uint32_t tenant, enum tb_kind kind, struct tb_str code)
{
    uint64_t h = mix((uint64_t)tenant << 8 | (uint64_t)kind);
    for (uint32_t i = 0; i < code.n; i++)
        h = (h ^ (uint8_t)code.p[i]) * UINT64_C(0x100000001B3);
    return (uint32_t)(mix(h) % (SLOTS / WAYS)) * WAYS;
}

struct tb_facts *tb_facts_create(void)
{
    struct tb_facts *f = calloc(1, sizeof *f);
    if (f == NULL)
        return NULL;
    f->by_code = calloc(SLOTS, sizeof *f->by_code);
    f->by_id = calloc(SLOTS, sizeof *f->by_id);
    if (f->by_code == NULL || f->by_id == NULL) {
        free(f->by_code);
        free(f->by_id);
        free(f);
        return NULL;
    }
    (void)pthread_mutex_init(&f->lock, NULL);
    return f;
}

static void leave_place(struct tb_facts *f, struct object *o)
{
    if (o != NULL && --o->places == 0)
        retire(f, o);
}

void tb_facts_destroy(struct tb_facts *f)
{
    if (f == NULL)
        return;
    for (uint32_t i = 0; i < SLOTS; i++) {
        leave_place(f, atomic_load(&f->by_code[i]));
        leave_place(f, atomic_load(&f->by_id[i]));
    }
    while (f->retired != NULL) {
        struct object *o = f->retired;
        f->retired = o->next;
        free(o);
    }
    (void)pthread_mutex_destroy(&f->lock);
    free(f->by_code);
    free(f->by_id);
    free(f);
}

static bool has_code(const struct tb_known *k, uint32_t tenant, enum tb_kind kind,
                     struct tb_str code)
{
    return k->tenant == tenant && k->kind == kind && tb_str_eq(k->code, code);
}

const struct tb_known *tb_facts_code(const struct tb_facts *f, uint32_t tenant, enum tb_kind kind,
                                     struct tb_str code)
{
    tb_assert(depth > 0);
    uint32_t at = slot_of_code(tenant, kind, code);
    for (uint32_t i = at; i < at + WAYS; i++) {
        const struct object *o = atomic_load_explicit(&f->by_code[i], memory_order_acquire);
        if (o != NULL && has_code(&o->known, tenant, kind, code))
            return &o->known;
    }
    return NULL;
}

const struct tb_known *tb_facts_id(const struct tb_facts *f, enum tb_kind kind, uint64_t id)
{
    tb_assert(depth > 0);
    uint32_t at = slot_of_id(kind, id);
    for (uint32_t i = at; i < at + WAYS; i++) {
        const struct object *o = atomic_load_explicit(&f->by_id[i], memory_order_acquire);
        if (o != NULL && o->known.kind == kind && o->known.id == id)
            return &o->known;
    }
    return NULL;
}

/* Takes the place of the same object, else of nobody, else of the first way. */
static void put(struct tb_facts *f, place *table, uint32_t at, struct object *o)
{
    uint32_t to = at;
    for (uint32_t i = at + WAYS; i-- > at;) {
        const struct object *there = atomic_load(&table[i]);
        if (there == NULL)
            to = i;
    }
    for (uint32_t i = at; i < at + WAYS; i++) {
        const struct object *there = atomic_load(&table[i]);
        if (there != NULL && there->known.id == o->known.id && there->known.kind == o->known.kind)
            to = i;
    }
    struct object *old = atomic_load(&table[to]);
    o->places++;
    atomic_store_explicit(&table[to], o, memory_order_release);
    leave_place(f, old);
}

/* ---- learning ------------------------------------------------------------------------------ */

static uint32_t parts_of(enum tb_kind kind, const struct tb_view *v, struct tb_str *part)
{
    uint32_t n = 0;
    if (kind == TB_KIND_ATTRIBUTE) {
        const struct tb_text *choice = v->section[TB_ATTRIBUTE_CHOICES];
        for (; n < v->n[TB_ATTRIBUTE_CHOICES] && n < TB_KNOWN_PARTS_MAX; n++)
            part[n] = tb_view_text(v, choice[n]);
    } else if (kind == TB_KIND_TIER_SCHEME) {
        const struct tb_tier *tier = v->section[TB_SCHEME_TIER];
        for (; n < v->n[TB_SCHEME_TIER] && n < TB_KNOWN_PARTS_MAX; n++)
            part[n] = tb_view_text(v, tier[n].code);
    }
    return n;
}

static void traits_of(const struct tb_view *v, struct tb_known *k)
{
    if (k->kind == TB_KIND_NAMESPACE) {
        const struct tb_namespace *ns = v->head;
        k->class_no = ns->class_no;
        k->normaliser = ns->normaliser;
        k->hashed_only = ns->hashed_only;
    } else if (k->kind == TB_KIND_ATTRIBUTE) {
        const struct tb_attribute_decl *decl = v->head;
        k->type = decl->type;
        k->personal = decl->personal;
    } else if (k->kind == TB_KIND_UNIT) {
        const struct tb_unit *unit = v->head;
        k->type = unit->kind;
    }
}

static struct object *object_make(enum tb_kind kind, uint64_t id, const struct tb_view *v)
{
    struct tb_str part[TB_KNOWN_PARTS_MAX];
    const struct tb_config *c = v->head;
    struct tb_str code = tb_view_text(v, c->code);
    uint32_t n = parts_of(kind, v, part);
    size_t bytes = code.n;
    for (uint32_t i = 0; i < n; i++)
        bytes += part[i].n;
    struct object *o = calloc(1, sizeof *o + n * sizeof(struct tb_str) + bytes + 1);
    if (o == NULL)
        return NULL;
    struct tb_str *list = (struct tb_str *)(o + 1);
    char *text = (char *)(list + n);
    o->known = (struct tb_known){.tenant = kind == TB_KIND_TENANT ? 0 : c->tenant,
                                 .id = (uint32_t)id,
                                 .kind = (uint8_t)kind,
                                 .part_n = n,
                                 .code = {text, code.n},
                                 .part = list};
    memcpy(text, code.p, code.n);
    text += code.n;
    for (uint32_t i = 0; i < n; i++) {
        list[i] = (struct tb_str){text, part[i].n};
        memcpy(text, part[i].p, part[i].n);
        text += part[i].n;
    }
    traits_of(v, &o->known);
    return o;
}

bool tb_facts_learn(struct tb_facts *f, enum tb_kind kind, uint64_t id, struct tb_str packed)
{
    if (!tb_catalog_owns(kind) || id == 0 || id > UINT32_MAX)
        return false;
    size_t room = (size_t)packed.n + 8192;
    void *region = malloc(room);
    struct tb_arena a;
    struct tb_view v;
    struct object *o = NULL;
    if (region == NULL)
        return false;
    tb_arena_init(&a, region, room);
    if (tb_view_read(kind, packed, &a, &v))
        o = object_make(kind, id, &v);
    free(region);
    if (o == NULL)
        return false;
    (void)pthread_mutex_lock(&f->lock);
    put(f, f->by_code, slot_of_code(o->known.tenant, kind, o->known.code), o);
    put(f, f->by_id, slot_of_id(kind, id), o);
    collect(f);
    (void)pthread_mutex_unlock(&f->lock);
    return true;
}

/* ---- packed blocks --------------------------------------------------------------------------- */

static bool take(struct tb_str *in, uint32_t bytes, uint32_t *v)
{
    if (in->n < bytes)
        return false;
    *v = 0;
    for (uint32_t i = 0; i < bytes; i++)
        *v |= (uint32_t)(uint8_t)in->p[i] << (8 * i);
    in->p += bytes;
    in->n -= bytes;
    return true;
}

/* have bytes of each of n elements become want bytes each. */
static const void *widen(struct tb_str *in, struct tb_arena *a, uint32_t n, uint32_t have,
                         uint32_t want)
{
    static const uint64_t nothing[1];
    if (n == 0)
        return nothing;
    uint8_t *to = tb_arena_alloc(a, (size_t)n * want);
    if (to == NULL || (uint64_t)n * have > in->n)
        return NULL;
    if (have == want)
        memcpy(to, in->p, (size_t)n * have);
    else
        for (uint32_t i = 0; i < n; i++)
            memcpy(to + (size_t)i * want, in->p + (size_t)i * have, have);
    in->p += (size_t)n * have;
    in->n -= n * have;
    return to;
}

bool tb_view_read(enum tb_kind kind, struct tb_str in, struct tb_arena *a, struct tb_view *v)
{
    tb_assert((uint32_t)kind < TB_KINDS && tb_shapes[kind].name != NULL);
    const struct tb_shape *s = &tb_shapes[kind];
    uint32_t version, head, sections;
    uint32_t elem[TB_SECTIONS_MAX] = {0};
    *v = (struct tb_view){0};
    if (!take(&in, 2, &version) || version > s->version || !take(&in, 2, &head) ||
        head > s->head_bytes || !take(&in, 2, &sections) || sections > s->section_n)
        return false;
    for (uint32_t i = 0; i < sections; i++)
        if (!take(&in, 2, &elem[i]) || !take(&in, 4, &v->n[i]) || elem[i] > s->elem_bytes[i] ||
            v->n[i] > TB_SECTION_ELEMENTS_MAX)
            return false;
    v->head = widen(&in, a, 1, head, s->head_bytes);
    if (v->head == NULL)
        return false;
    for (uint32_t i = 0; i < s->section_n; i++) {
        v->section[i] = widen(&in, a, v->n[i], elem[i], s->elem_bytes[i]);
        if (v->section[i] == NULL)
            return false;
    }
    return in.n == 0;
}

bool tb_view_read_apart(enum tb_kind kind, struct tb_str packed, void **region, struct tb_view *v)
{
    struct tb_arena a;
    /* an element may have been packed shorter than it is now, at least a quarter of it */
    size_t room = (size_t)packed.n * 4 + 8192;
    *region = malloc(room);
    *v = (struct tb_view){0};
    if (*region == NULL)
        return false;
    tb_arena_init(&a, *region, room);
    return tb_view_read(kind, packed, &a, v);
}

struct tb_str tb_view_text(const struct tb_view *v, struct tb_text text)
{
    if ((uint64_t)text.at + text.n > v->n[TB_CONFIG_BYTES])
        return TB_STR_NONE;
    return (struct tb_str){(const char *)v->section[TB_CONFIG_BYTES] + text.at, text.n};
}
