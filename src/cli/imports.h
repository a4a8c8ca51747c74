// SPDX-License-Identifier: Apache-2.0
/* cli/imports.h - files that come over HTTP in pieces and are imported in the background.
 *
 * An import is a folder, DATA/imports/http/<tenant>/<code>/: the file as it came, the map, what became of
 * it. One runs at a time, by the same code as `tongbao import`; after a restart the one that ran goes on
 * where it was, and repeating one changes nothing (docs/import.md).
 * The file itself goes once a run for good has ended, and after TB_IMPORT_FILE_KEPT_MS without one (imports_keep.c).
 * Invariant   the state on disk is the truth; in memory is only how far the running one has come.
 * Threads     open and close: one; the port's act: any that may block.
 * Limits      TB_IMPORT_FILE_BYTES_MAX a file, TB_IMPORTS_MAX imports a tenant. Files stay on this machine:
 *             another process that takes over a shared journal knows nothing of them.            */
#ifndef TB_CLI_IMPORTS_H
#define TB_CLI_IMPORTS_H

#include "cli/node.h"
#include "http/app.h"

#define TB_IMPORT_FILE_BYTES_MAX (INT64_C(1) << 29)
#define TB_IMPORT_REJECTS_BYTES_MAX (16l << 20) /* a few KB of zstd may hold billions of bad rows: they are counted */
#define TB_IMPORTS_MAX 100u
#define TB_IMPORT_FILE_KEPT_MS (7 * TB_DAY_MS) /* since the last piece or run */

struct tb_imports;

/* NULL with *fault. */
TB_MUST_USE struct tb_imports *tb_imports_open(struct tb_node *n, struct tb_fault *fault);
/* What runs ends soon and goes on at the next start. NULL is fine. */
void tb_imports_close(struct tb_imports *x);
void tb_imports_port(struct tb_imports *x, struct tb_app_imports *out);

#endif
