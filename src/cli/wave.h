// SPDX-License-Identifier: Apache-2.0
/* cli/wave.h - many commands of one tenant through the cell, a bounded number in flight.
 *
 *   add .. add, run (submits all, waits for all), look at request[i].answer, clear
 *
 * Invariant   run returns only when every request has its answer, or none of the rest was
 *             submitted. A full or lagging queue is waited out.
 * Ownership   the wave owns requests and answer regions; inputs are the caller's and stay
 *             valid until run has returned.
 * Threads     one; callbacks of the cell only count.                                     */
#ifndef TB_CLI_WAVE_H
#define TB_CLI_WAVE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/num.h"
#include "engine/cell.h"

struct tb_wave {
    struct tb_cell *cell;
    uint32_t tenant;
    uint32_t cap;
    uint32_t answer_bytes;
    uint32_t n;
    struct tb_job_request *request;
    struct tb_job_request **order; /* for tb_cell_submit_many */
    uint8_t *region;
    const _Atomic bool *cancel; /* may be NULL */
    _Atomic uint32_t left;
    pthread_mutex_t lock;
    pthread_cond_t rung;
    bool all;
};

/* False: no memory. answer_bytes: per request, at least TB_ANSWER_BYTES_MAX. */
TB_MUST_USE bool tb_wave_init(struct tb_wave *w, struct tb_cell *cell, uint32_t tenant, uint32_t cap,
                              uint32_t answer_bytes);
void tb_wave_deinit(struct tb_wave *w);
/* The index of the new request; there must be room (asserted). */
uint32_t tb_wave_add(struct tb_wave *w, uint32_t op, const void *input);
static inline bool tb_wave_full(const struct tb_wave *w)
{
    return w->n == w->cap;
}
/* False: the cell stopped, does not lead, or its journal fails; what was answered before
 * stands. An answer of a request that was not decided is a fault too; but a read whose
 * answer does not fit its region is the caller's to see (finish TOO_LARGE).              */
TB_MUST_USE bool tb_wave_run(struct tb_wave *w, struct tb_fault *fault);
void tb_wave_clear(struct tb_wave *w);

/* Walks the wire fields of an answer's body: the value of the first such field. */
bool tb_answer_uint(const struct tb_answer *a, uint32_t field, uint64_t *v);
bool tb_answer_bytes(const struct tb_answer *a, uint32_t field, struct tb_str *s);
#endif
