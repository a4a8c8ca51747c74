// SPDX-License-Identifier: Apache-2.0
/* http/static.h - the pages: files of one folder, read once, served from memory.
 *
 * A request's path is looked up in the table of what was read; no path ever reaches the file
 * system, so none can leave the folder. x.gz beside x is what a browser gets that takes gzip.
 * Pages (index.html, member.html, till.html, associate.html) also answer for paths below them
 * that a browser asks for as a page, so that an address in the bar can be opened again.
 * Not here     making the files (web/), ranges, compression at run time.
 * Limits       TB_STATIC_FILES_MAX files, 64 MiB.
 * Threads      serve: any, nothing changes after open.                                   */
#ifndef TB_HTTP_STATIC_H
#define TB_HTTP_STATIC_H

#include "base/fault.h"
#include "http/server.h"

#define TB_STATIC_FILES_MAX 512u

struct tb_static;
/* Reads folder and one level of folders in it. NULL with *fault. */
TB_MUST_USE struct tb_static *tb_static_open(const char *folder, struct tb_fault *fault);
void tb_static_close(struct tb_static *s); /* NULL is fine */
/* True: answered. Only GET is. */
TB_MUST_USE bool tb_static_serve(const struct tb_static *s, struct tb_request *req);

#endif
