// SPDX-License-Identifier: Apache-2.0
/* http/erasing.c - see erasing.h. Not here: erasing itself (core/identity/manage.c). */
#include "http/erasing.h"

#include <stdlib.h>

#include "border/keystore.h"
#include "core/identity/identity.h"

#define LIST_MAX 4096u
#define PERSONS_A_CALL 100000u

struct erasing {
    uint32_t profile; /* this one's person alone; 0 = all */
    uint64_t person;  /* the next to look at, and where in it */
    uint32_t at;
    bool over;
    uint32_t n;
    struct tb_erasure list[LIST_MAX];
};

/* False: the list is full, go on at e->at. */
static bool list_person(struct erasing *e, const struct tb_store *s, struct tb_block *b)
{
    const struct tb_profile *p = tb_block_section(&s->shape[TB_KIND_PERSON], b, TB_PERSON_PROFILE);
    for (; e->at < b->n[TB_PERSON_PROFILE]; e->at++) {
        if (!(p[e->at].flags & TB_PROFILE_ERASED))
            continue;
        if (e->n == LIST_MAX)
            return false;
        e->list[e->n++] = (struct tb_erasure){p[e->at].no, (int64_t)p[e->at].until_s * 1000};
    }
    e->at = 0;
    return true;
}

/* On the cell's thread. */
static void list_some(struct tb_core *core, void *user)
{
    struct erasing *e = user;
    const struct tb_store *s = &core->store;
    uint64_t last = s->counter[TB_COUNTER_PERSON];
    if (e->profile != 0) {
        struct tb_txn t = {.store = &core->store, .env = &core->env};
        e->person = last = tb_person_by_profile(&t, e->profile);
    }
    for (uint32_t i = 0; i < PERSONS_A_CALL && e->person <= last; i++, e->person++) {
        struct tb_block *b = tb_store_get(s, TB_KIND_PERSON, e->person);
        if (b != NULL && !list_person(e, s, b))
            return;
    }
    e->over = e->person > last;
}

static bool key_fault(enum tb_keystore_answer a)
{
    return a != TB_KEYSTORE_DONE && a != TB_KEYSTORE_ERASED && a != TB_KEYSTORE_ABSENT;
}

/* Keeps those whose key is there. One that was never reserved has sealed nothing. */
static bool keep_live(struct erasing *e, struct tb_keystore *keys, struct tb_fault *fault)
{
    uint8_t key[TB_SEAL_KEY_BYTES] = {0};
    uint32_t kept = 0;
    enum tb_keystore_answer a = TB_KEYSTORE_DONE;
    for (uint32_t i = 0; i < e->n && !key_fault(a); i++) {
        a = tb_keystore_get(keys, e->list[i].no, key, fault);
        if (a == TB_KEYSTORE_DONE)
            e->list[kept++] = e->list[i];
    }
    explicit_bzero(key, sizeof key);
    e->n = kept;
    return !key_fault(a);
}

static bool run(struct erasing *e, struct tb_cell *cell, struct tb_keystore *keys, uint64_t *destroyed,
                struct tb_fault *fault)
{
    while (!e->over) {
        e->n = 0;
        if (!tb_cell_call(cell, list_some, e)) {
            tb_fault_set(fault, true, "the cell does not run: erased keys are destroyed at the next start");
            return false;
        }
        if (!keep_live(e, keys, fault) || tb_keystore_reapply(keys, e->list, e->n, fault) != TB_KEYSTORE_DONE)
            return false;
        *destroyed += e->n;
    }
    return true;
}

static bool start(uint32_t profile, struct tb_cell *cell, struct tb_keystore *keys, uint64_t *destroyed,
                  struct tb_fault *fault)
{
    struct erasing *e = calloc(1, sizeof *e);
    tb_assert(e != NULL);
    e->profile = profile;
    e->person = 1;
    *destroyed = 0;
    bool ok = run(e, cell, keys, destroyed, fault);
    free(e);
    return ok;
}

bool tb_erasing_person(struct tb_cell *cell, struct tb_keystore *keys, uint32_t profile, struct tb_fault *fault)
{
    uint64_t destroyed;
    tb_assert(profile != 0);
    return start(profile, cell, keys, &destroyed, fault);
}

bool tb_erasing_all(struct tb_cell *cell, struct tb_keystore *keys, uint64_t *destroyed, struct tb_fault *fault)
{
    return start(0, cell, keys, destroyed, fault);
}
