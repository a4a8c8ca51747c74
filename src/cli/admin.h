// SPDX-License-Identifier: Apache-2.0
/* cli/admin.h - the admin socket: verbs run inside the process that serves the folder.
 *
 * DATA/admin.sock, a unix stream socket, mode 0600, same user only (SO_PEERCRED). A client
 * sends lines "cwd <folder>", "tty <0|1>", then one "arg <word>" for each word of the
 * command line (bytes below 0x20 and '%' as %XX), then an empty line. The server answers with
 * frames: one byte ('o' text for stdout, 'e' for stderr, 'x' the exit code), the length as 8
 * hex digits, the bytes. A client that goes away cancels its verb.
 *
 * Threads   tb_admin_open starts one thread, each client gets one of its own.
 * Limits    8 clients at once, 1,100 words, 64 KiB of words.                            */
#ifndef TB_CLI_ADMIN_H
#define TB_CLI_ADMIN_H

#include "cli/cli.h"

struct tb_admin;

TB_MUST_USE bool tb_admin_open(struct tb_node *n, struct tb_admin **out, struct tb_fault *fault);
/* Takes no new clients, cancels the running verbs and waits for them. NULL is fine. */
void tb_admin_close(struct tb_admin *a);

/* Client. -1: nobody serves the folder. Else a connected socket. */
int tb_admin_connect(const char *data);
/* Sends the words, copies what comes back to stdout and stderr, returns the exit code. */
int tb_admin_run(int fd, int argc, const char *const *argv);

#endif
