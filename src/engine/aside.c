// SPDX-License-Identifier: Apache-2.0
#include "engine/aside.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "engine/heap.h"

#define CODES 255u
#define LIVE_MAX 250u

void tb_aside_init(struct tb_aside *a)
{
    memset(a, 0, sizeof *a);
    a->oldest = a->open = 1; /* 0 is no generation */
}

void tb_aside_free(struct tb_aside *a)
{
    free(a->mark);
    free(a->note);
    memset(a, 0, sizeof *a);
}

static uint8_t code_of(uint64_t generation)
{
    return (uint8_t)(1 + generation % CODES);
}

uint64_t tb_aside_find(const struct tb_aside *a, uint64_t person)
{
    uint8_t code = person < a->mark_n ? a->mark[person] : 0;
    if (code == 0)
        return 0;
    uint64_t back = (a->newest % CODES + CODES - (code - 1u)) % CODES;
    tb_assert(back <= a->newest - a->oldest);
    return a->newest - back;
}

static void set(struct tb_aside *a, uint64_t person, uint8_t code)
{
    if (person >= a->mark_n && code == 0)
        return;
    if (person >= a->mark_n) {
        uint64_t n = person + person / 2 + 4096;
        a->mark = tb_heap_resize(a->mark, n);
        memset(a->mark + a->mark_n, 0, n - a->mark_n);
        a->mark_n = n;
    }
    a->waiting += (code != 0) - (uint64_t)(a->mark[person] != 0);
    a->mark[person] = code;
}

void tb_aside_begin(struct tb_aside *a)
{
    a->note_n = 0;
    a->dropped = 0;
    a->put = false;
}

static void note(struct tb_aside *a, uint64_t person, uint8_t mark)
{
    if (a->note_n == a->note_cap) {
        a->note_cap = a->note_cap ? a->note_cap * 2 : 1024;
        a->note = tb_heap_resize(a->note, a->note_cap * sizeof *a->note);
    }
    a->note[a->note_n++] = (struct tb_aside_note){person, mark};
}

uint64_t tb_aside_put(struct tb_aside *a, uint64_t person)
{
    note(a, person, code_of(a->open));
    a->put = true;
    return a->open;
}

void tb_aside_moved(struct tb_aside *a, uint64_t person)
{
    note(a, person, 0);
}

void tb_aside_drop(struct tb_aside *a, uint64_t generation)
{
    tb_assert(generation == a->oldest && generation <= a->passed);
    a->dropped = generation;
}

void tb_aside_committed(struct tb_aside *a)
{
    if (a->put)
        a->newest = a->open;
    for (uint64_t i = 0; i < a->note_n; i++)
        set(a, a->note[i].person, a->note[i].mark);
    if (a->dropped != 0)
        a->oldest = a->dropped + 1;
    tb_aside_begin(a);
}

void tb_aside_next(struct tb_aside *a)
{
    if (a->open == a->newest && a->newest - a->oldest < LIVE_MAX)
        a->open++;
}

uint64_t tb_aside_sweep(struct tb_aside *a)
{
    tb_aside_next(a);
    return a->open - 1;
}

void tb_aside_passed(struct tb_aside *a, uint64_t generation)
{
    a->passed = generation > a->passed ? generation : a->passed;
}

uint64_t tb_aside_idle(const struct tb_aside *a)
{
    return tb_aside_lives(a) && a->oldest <= a->passed ? a->oldest : 0;
}

void tb_aside_found(struct tb_aside *a, uint64_t generation, uint64_t person, bool gone)
{
    if (!tb_aside_lives(a))
        a->oldest = generation;
    tb_assert(generation >= a->oldest && generation - a->oldest <= LIVE_MAX);
    a->newest = generation;
    a->open = generation + 1;
    set(a, person, gone ? 0 : code_of(generation));
}
