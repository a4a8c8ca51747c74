// SPDX-License-Identifier: Apache-2.0
/* cli/archive.h - a backup folder, and what backup and restore share.
 *
 *   DIR/journal/          a journal of its own: every batch from the first that the source
 *                         still held at the first backup, appended to by each later one
 *   DIR/state-<batch>.db  a copy of the SQL state as of that batch; the newest two stay
 *   DIR/keys/keys.db      the key store (without its master key, unless --with-master)
 *   DIR/backup.json       what it holds, for people
 *
 * Order       state, journal, keys: a journal names only keys that its key store has.
 * Not here    the master key: keep it apart, together they open everything.              */
#ifndef TB_CLI_ARCHIVE_H
#define TB_CLI_ARCHIVE_H

#include "cli/node.h"

struct tb_copy_figures {
    uint64_t first;
    uint64_t last;
    uint64_t copied;
    int64_t last_ms; /* of the last batch */
};

/* Where a copy ends: the first that is reached. */
struct tb_copy_end {
    uint64_t batch; /* UINT64_MAX: all */
    uint64_t seq;   /* entries up to this one; the last batch is cut behind it */
    int64_t at_ms;  /* entries decided up to then */
};

/* Appends what `to` lacks of `from`. True: done, *out says; both journals' chains verified. */
TB_MUST_USE bool tb_journal_copy(struct tb_journal *from, struct tb_journal *to, const struct tb_copy_end *end,
                                 struct tb_copy_figures *out, struct tb_fault *fault);
/* Erases what the Erased events of a journal name, whatever came after them. */
TB_MUST_USE bool tb_journal_erase(struct tb_journal *j, struct tb_keystore *ks, struct tb_fault *fault);
/* Copies a file and syncs it; to must not exist. */
TB_MUST_USE bool tb_file_copy(const char *from, const char *to, unsigned mode, struct tb_fault *fault);
/* Makes a folder (0700); fine when it is there. */
TB_MUST_USE bool tb_folder_make(const char *path, struct tb_fault *fault);

#endif
