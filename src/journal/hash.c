// SPDX-License-Identifier: Apache-2.0
#include "journal/hash.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <string.h>

static void put_le64(uint8_t *p, uint64_t v)
{
    for (int i = 0; i < 8; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

void tb_batch_hash(const struct tb_batch *b, uint8_t out[TB_HASH_BYTES])
{
    uint8_t head[32 + TB_HASH_BYTES];
    put_le64(head, b->number);
    put_le64(head + 8, b->epoch);
    put_le64(head + 16, b->writer);
    put_le64(head + 24, (uint64_t)b->at_ms);
    memcpy(head + 32, b->prev_hash, TB_HASH_BYTES);

    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    tb_assert(ctx != NULL);
    unsigned int n = 0;
    int ok = EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) &&
             EVP_DigestUpdate(ctx, head, sizeof head) &&
             EVP_DigestUpdate(ctx, b->body.p, b->body.n) && EVP_DigestFinal_ex(ctx, out, &n);
    EVP_MD_CTX_free(ctx);
    /* Without its hash a batch can be neither written nor believed. */
    tb_assert(ok && n == TB_HASH_BYTES);
}

void tb_chain_init(struct tb_chain *c, uint64_t from)
{
    tb_assert(from > 0);
    memset(c, 0, sizeof *c);
    c->next = from;
    c->linked = from == 1; /* batch 1 names zeros */
}

enum tb_journal_answer tb_chain_check(struct tb_chain *c, const struct tb_batch *b,
                                      struct tb_fault *f)
{
    uint8_t hash[TB_HASH_BYTES];
    if (b->number != c->next) {
        tb_fault_set(f, false, "journal: batch %" PRIu64 " is missing, found %" PRIu64, c->next,
                     b->number);
        return TB_JOURNAL_CORRUPT;
    }
    tb_batch_hash(b, hash);
    if (memcmp(hash, b->hash, TB_HASH_BYTES) != 0) {
        tb_fault_set(f, false, "journal: batch %" PRIu64 " does not match its hash", b->number);
        return TB_JOURNAL_CORRUPT;
    }
    if (c->linked && memcmp(c->hash, b->prev_hash, TB_HASH_BYTES) != 0) {
        tb_fault_set(f, false, "journal: batch %" PRIu64 " does not follow batch %" PRIu64,
                     b->number, b->number - 1);
        return TB_JOURNAL_CORRUPT;
    }
    c->next++;
    c->linked = true;
    memcpy(c->hash, b->hash, TB_HASH_BYTES);
    return TB_JOURNAL_DONE;
}

void tb_append_assert(const struct tb_batch *b, uint32_t n)
{
    tb_assert(b != NULL && n > 0);
    for (uint32_t i = 0; i < n; i++) {
        tb_assert(b[i].number > 0 && b[i].number <= INT64_MAX);
        tb_assert(b[i].body.n <= TB_BATCH_BYTES_MAX);
        tb_assert(i == 0 || b[i].number == b[i - 1].number + 1);
        tb_assert(i == 0 || memcmp(b[i].prev_hash, b[i - 1].hash, TB_HASH_BYTES) == 0);
    }
}

enum tb_journal_answer tb_append_check(const struct tb_batch *first, uint64_t last_number,
                                       const uint8_t last_hash[TB_HASH_BYTES],
                                       struct tb_fault *f)
{
    static const uint8_t zeros[TB_HASH_BYTES];
    if (first->number <= last_number) {
        tb_fault_set(f, false, "journal: batch %" PRIu64 " exists", first->number);
        return TB_JOURNAL_TAKEN;
    }
    if (first->number > last_number + 1) {
        tb_fault_set(f, false, "journal: batch %" PRIu64 " would leave a gap after %" PRIu64,
                     first->number, last_number);
        return TB_JOURNAL_FAULT;
    }
    if (memcmp(first->prev_hash, last_number == 0 ? zeros : last_hash, TB_HASH_BYTES) != 0) {
        tb_fault_set(f, false, "journal: batch %" PRIu64 " is another one than the writer knows",
                     last_number);
        return TB_JOURNAL_TAKEN;
    }
    return TB_JOURNAL_DONE;
}
