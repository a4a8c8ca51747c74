// SPDX-License-Identifier: Apache-2.0
/* border/master.h - the master key file and wrapping under it. Of the key store alone.
 *
 * A wrapped value is nonce (24 bytes, random) then ciphertext (as long as the plaintext)
 * then tag (16 bytes): XChaCha20-Poly1305, bound to the place where it stands (a label and
 * a number), so that no two blocks can change places.                                    */
#ifndef TB_BORDER_MASTER_H
#define TB_BORDER_MASTER_H

#include "border/keystore.h"

#define TB_WRAP_OVERHEAD 40u

struct tb_master {
    uint8_t key[TB_SEAL_KEY_BYTES];
};

/* Reads folder/master.key, or makes it when it is absent and may_create. */
enum tb_keystore_answer tb_master_open(const char *folder, bool may_create, struct tb_master *m,
                                       struct tb_fault *fault);
void tb_master_wipe(struct tb_master *m);

/* out: n + TB_WRAP_OVERHEAD bytes. */
void tb_master_wrap(const struct tb_master *m, const char label[8], uint64_t place, const void *plain, size_t n,
                    uint8_t *out);
/* n: bytes of the plaintext. False when it was not wrapped with this key for this place. */
TB_MUST_USE bool tb_master_unwrap(const struct tb_master *m, const char label[8], uint64_t place,
                                  const uint8_t *wrapped, size_t n, void *plain);

/* Makes a name in a folder durable. */
TB_MUST_USE bool tb_folder_sync(const char *folder, struct tb_fault *fault);

#endif
