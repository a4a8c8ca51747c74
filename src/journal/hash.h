// SPDX-License-Identifier: Apache-2.0
/* journal/hash.h - the hash of a batch and the chain that the hashes form.
 *
 * Shared by every journal. Pure apart from libcrypto's own state; no I/O. What is
 * not here: where batches are kept.
 *
 * Threads   every function may be called from any thread; values are the caller's. */
#ifndef TB_JOURNAL_HASH_H
#define TB_JOURNAL_HASH_H

#include "engine/port_journal.h"

/* SHA-256 (FIPS 180-4) over number, epoch, writer, at_ms, each 8 bytes little-endian,
 * prev_hash, body. Does not read b->hash. About 1 GB/s with SHA extensions.          */
void tb_batch_hash(const struct tb_batch *b, uint8_t out[TB_HASH_BYTES]);

/* Where a reader stands: the number that must come next and, from its second batch
 * on (or from batch 1), the hash that this batch must name as its predecessor's.     */
struct tb_chain {
    uint64_t next;
    bool linked;
    uint8_t hash[TB_HASH_BYTES];
};

void tb_chain_init(struct tb_chain *c, uint64_t from);

/* Verifies number, hash and link, and advances. DONE or CORRUPT (the fault says what). */
TB_MUST_USE enum tb_journal_answer tb_chain_check(struct tb_chain *c, const struct tb_batch *b,
                                                  struct tb_fault *f);

/* Asserts what a caller of append must keep: n > 0, numbers from 1, contiguous, linked
 * to each other, bodies within TB_BATCH_BYTES_MAX.                                     */
void tb_append_assert(const struct tb_batch *b, uint32_t n);

/* Compares the first batch to be appended with the last one held (number 0: none).
 *   DONE    it follows directly, append it
 *   TAKEN   it names another predecessor than the one held, or its number is held:
 *           the caller compares hashes then (the same bytes again are DONE)
 *   FAULT   it would leave a gap                                                      */
TB_MUST_USE enum tb_journal_answer tb_append_check(const struct tb_batch *first,
                                                   uint64_t last_number,
                                                   const uint8_t last_hash[TB_HASH_BYTES],
                                                   struct tb_fault *f);

#endif
