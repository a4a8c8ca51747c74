// SPDX-License-Identifier: Apache-2.0
/* engine/aside.h - images of persons that wait beside their place in the SQL state.
 *
 * A person's record lies at a random place: among a million, nearly every purchase would write a
 * page of its own, and a disk takes fewer pages at random than a cell makes purchases. So the
 * flusher appends images of persons that have a record already to `record_aside`, one generation
 * after the other, and the sweep that writes a person's published rows moves her image to its
 * place: in the order of the persons' numbers, many to a page (publish_sweep.c). A generation
 * that a whole sweep has passed is dropped.
 *
 * Invariant  of one person the image in the latest generation is the newest, and newer than her
 *            record or equal to it: while any generation is there, no image of a person that has a
 *            record goes straight to its place. An image of no bytes says that she is gone.
 *            `mark` names the generation of every image that is still to be moved.
 * Who looks  starting (recover_state.c), the sweep; whoever reads `record` by SQL asks for a flush first,
 *            which leaves nothing aside.
 * Threads    the flusher's, or while it does not run.
 * Limits     a byte a person; 250 generations, then the last takes more.
 * What is not here: when a sweep runs (publish_sweep.c).                                       */
#ifndef TB_ENGINE_ASIDE_H
#define TB_ENGINE_ASIDE_H

#include <stdbool.h>
#include <stdint.h>

struct tb_aside_note {
    uint64_t person;
    uint8_t mark;
};

struct tb_aside {
    uint8_t *mark; /* of a person: 0 = nothing waits, else 1 + generation % 255 */
    uint64_t mark_n;
    uint64_t waiting; /* marks */
    uint64_t newest;  /* the last generation that has rows */
    uint64_t oldest;  /* not dropped; above newest: no generation is there */
    uint64_t open;    /* takes what is put: newest, or the one after it */
    uint64_t passed;  /* generations up to that one hold nothing that is to be moved */
    uint64_t placed;  /* persons up to that number have a record */

    /* of the open transaction */
    struct tb_aside_note *note;
    uint64_t note_n;
    uint64_t note_cap;
    uint64_t dropped; /* generation, 0 = none */
    bool put;
};

void tb_aside_init(struct tb_aside *a);
void tb_aside_free(struct tb_aside *a);

/* Some generation is there. */
static inline bool tb_aside_lives(const struct tb_aside *a)
{
    return a->oldest <= a->newest;
}

/* The generation of the person's image that waits; 0 = none does. */
uint64_t tb_aside_find(const struct tb_aside *a, uint64_t person);

/* A flush: its images go to the generation that is answered. Transactions end with committed or begin again. */
void tb_aside_begin(struct tb_aside *a);
uint64_t tb_aside_put(struct tb_aside *a, uint64_t person);
/* The person's newest image is in its place (or she is gone): nothing waits. */
void tb_aside_moved(struct tb_aside *a, uint64_t person);
void tb_aside_drop(struct tb_aside *a, uint64_t generation);
void tb_aside_committed(struct tb_aside *a);
/* What was put is committed as a whole flush: the next one may take another generation. */
void tb_aside_next(struct tb_aside *a);

/* A sweep begins; the answer is for tb_aside_passed when it has ended: every generation up to it holds nothing more. */
uint64_t tb_aside_sweep(struct tb_aside *a);
void tb_aside_passed(struct tb_aside *a, uint64_t generation);
/* The oldest generation that can be dropped; 0 = none. */
uint64_t tb_aside_idle(const struct tb_aside *a);

/* Starting: each row, in the order of generations. gone: an image of no bytes. */
void tb_aside_found(struct tb_aside *a, uint64_t generation, uint64_t person, bool gone);

#endif
