// SPDX-License-Identifier: Apache-2.0
/* border/source.h - a file to import, read as a stream: plain, zstd, or a member of an
 * archive.
 *
 *   orders.csv                       plain
 *   orders.ndjson.zst                zstd, known by its first bytes, not by its name
 *   year.tar.zst:2024/orders.csv     the member of that name (also year.tar:...); a name
 *                                    without its leading folders finds the first match
 *
 * A path that exists as it stands is never split at its colon. Sizes count bytes of the
 * file as it lies on disk, so done / total is a progress bar whatever the packing.
 *
 * Threads   one at a time; done and total too.
 * Memory    about 300 KB, and what the zstd frame asks for up to 128 MiB of window; a
 *           frame that asks for more is refused.
 * Limits    tar: regular files in ustar, GNU and pax form; names up to 1,023 bytes.     */
#ifndef TB_BORDER_SOURCE_H
#define TB_BORDER_SOURCE_H

#include "border/pull.h"

enum tb_source_answer {
    TB_SOURCE_DONE = 0,
    TB_SOURCE_ABSENT,    /* no such file, or it may not be read; the fault says which */
    TB_SOURCE_NO_MEMBER, /* the archive holds no such file */
    TB_SOURCE_FAULT,     /* damaged, a folder, or no memory */
};

struct tb_source;

TB_MUST_USE enum tb_source_answer tb_source_open(const char *path, struct tb_source **out,
                                                 struct tb_fault *fault);
/* A tb_pull_fn: user is the struct tb_source. */
int64_t tb_source_pull(void *source, void *into, size_t cap, struct tb_fault *fault);
int64_t tb_source_total_bytes(const struct tb_source *s);
int64_t tb_source_done_bytes(const struct tb_source *s);
void tb_source_close(struct tb_source *s); /* NULL is fine */

#endif
