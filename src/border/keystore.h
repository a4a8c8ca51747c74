// SPDX-License-Identifier: Apache-2.0
/* border/keystore.h - the mutable pool of keys under which personal values are sealed.
 *
 * Personal values stand in the journal, encrypted under a key per profile. The journal is
 * never rewritten; the keys live here, outside of it, and overwriting a key is what
 * erasure does to every copy of the value, past backups of the journal included. Whether
 * that satisfies the law is a question for lawyers, not for this file.
 *
 * Shape      keys numbered from 1, random, 32 bytes. A folder holds keys.db (SQLite), the
 *            keys in blocks wrapped under a master key, and master.key (0400, 64 hex
 *            digits), made at the first open. Keep a copy of master.key apart from the
 *            backups of keys.db: together they open everything, one alone nothing.
 * Durable    reserve, erase and reapply return DONE only after the disk has it
 *            (journal_mode=DELETE, synchronous=EXTRA: the directory is synced too, or a
 *            power cut could bring a rollback journal and with it an erased key back).
 * Erasing    rewrites the block with zeros in the key's place, under a new nonce;
 *            secure_delete=ON leaves no old block in free pages. Bytes that the file system
 *            or the drive has not reused yet may survive, wrapped under the master key.
 * Threads    every function, from any thread; one mutex.
 * Processes  several may share a folder on one machine: a standby, a leader that was stopped
 *            and woke up, a command. A key number never gets two keys; what one process
 *            erases the others stop giving out within 50 ms.
 * Ownership  the handle is the caller's to close; keys are copied out.
 * Limits     2^31 keys; memory: cache_blocks * 8 KB.
 * Caveat     back this store up after the journal, not before it: a journal may name only
 *            keys that its key store has. After a restore, reapply the newest erasure list.
 *            Keys beyond a restored store are made anew and do not open old values.      */
#ifndef TB_BORDER_KEYSTORE_H
#define TB_BORDER_KEYSTORE_H

#include "base/fault.h"

#define TB_SEAL_KEY_BYTES 32
#define TB_BLIND_KEY_BYTES 16

/* In order of precedence. */
enum tb_keystore_answer {
    TB_KEYSTORE_DONE = 0,
    TB_KEYSTORE_BUSY,         /* another process was writing for more than 5 s */
    TB_KEYSTORE_NO_MASTER,    /* keys.db is there, master.key is not */
    TB_KEYSTORE_LOOSE_MASTER, /* master.key may be read by group or others */
    TB_KEYSTORE_WRONG_MASTER, /* master.key does not open keys.db */
    TB_KEYSTORE_NEWER,        /* keys.db was written by a newer Tongbao */
    TB_KEYSTORE_ABSENT,       /* no such number: 0, or not reserved */
    TB_KEYSTORE_ERASED,       /* the key was erased */
    TB_KEYSTORE_DAMAGED,      /* a block does not verify */
    TB_KEYSTORE_FAULT,        /* disk or memory; the fault says which */
};

struct tb_keystore;

struct tb_erasure {
    uint64_t no;
    int64_t at_ms;
};

/* folder must exist. cache_blocks 0 = 4,096 (a million keys, 32 MB when all are used). */
TB_MUST_USE enum tb_keystore_answer tb_keystore_open(const char *folder, uint32_t cache_blocks,
                                                     struct tb_keystore **out, struct tb_fault *fault);
void tb_keystore_close(struct tb_keystore *ks); /* NULL is fine; wipes what is in memory */

/* Makes keys 1..upto (and some thousand more) durable. Cheap when they are already. */
TB_MUST_USE enum tb_keystore_answer tb_keystore_reserve(struct tb_keystore *ks, uint64_t upto,
                                                        struct tb_fault *fault);
uint64_t tb_keystore_reserved(struct tb_keystore *ks);

/* DONE, ERASED, ABSENT, DAMAGED, BUSY or FAULT; key is written only when DONE. */
TB_MUST_USE enum tb_keystore_answer tb_keystore_get(struct tb_keystore *ks, uint64_t no,
                                                    uint8_t key[TB_SEAL_KEY_BYTES], struct tb_fault *fault);

/* Erases all n or none (ABSENT when one was never reserved). An erased one stays as it is,
 * with its first time.                                                                   */
TB_MUST_USE enum tb_keystore_answer tb_keystore_erase(struct tb_keystore *ks, const uint64_t *no, uint32_t n,
                                                      int64_t now_ms, struct tb_fault *fault);

/* Calls fn for every erased key by rising number; false stops. fn may not call back here. */
typedef bool (*tb_erasure_fn)(void *user, const struct tb_erasure *erasure);
TB_MUST_USE enum tb_keystore_answer tb_keystore_erased(struct tb_keystore *ks, tb_erasure_fn fn, void *user,
                                                       struct tb_fault *fault);
/* Erases what a list says, reserving numbers that a restored store does not reach. */
TB_MUST_USE enum tb_keystore_answer tb_keystore_reapply(struct tb_keystore *ks, const struct tb_erasure *list,
                                                        uint32_t n, struct tb_fault *fault);
/* The same with the list that another keys.db holds (the one that was in use before a
 * restore). Needs no master key of it.                                                  */
TB_MUST_USE enum tb_keystore_answer tb_keystore_reapply_file(struct tb_keystore *ks, const char *keys_db,
                                                             struct tb_fault *fault);

/* After a restore to an earlier instant the numbers above `above` are given out once more, to
 * others: those of them that were erased get a fresh key and leave the list. What was sealed
 * under the old one stays closed. Only for a folder that nobody else has open.            */
TB_MUST_USE enum tb_keystore_answer tb_keystore_renew(struct tb_keystore *ks, uint64_t above,
                                                      struct tb_fault *fault);

/* Writes a consistent copy of keys.db while in use; path must not exist. The master key is
 * not part of it.                                                                        */
TB_MUST_USE enum tb_keystore_answer tb_keystore_backup(struct tb_keystore *ks, const char *path,
                                                       struct tb_fault *fault);

/* The key of a tenant's blind indexes (border/seal.h): derived, the same for ever. */
void tb_keystore_blind_key(struct tb_keystore *ks, uint32_t tenant, uint8_t key[TB_BLIND_KEY_BYTES]);
/* The key of a tenant's item codes (border/code/serial.h): likewise. It is nowhere else: who
 * loses keys.db or master.key loses every printed code.                                   */
void tb_keystore_code_key(struct tb_keystore *ks, uint32_t tenant, uint8_t key[TB_SEAL_KEY_BYTES]);

#endif
