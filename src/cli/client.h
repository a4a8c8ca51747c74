// SPDX-License-Identifier: Apache-2.0
/* cli/client.h - asking a server of the HTTP API, for verbs of the command line.
 *
 * The server is another process (--server URL --key KEY), or this one: where a verb has the folder open, it
 * answers its own HTTP on a port of this machine, to a key that nobody else has and that is in no journal. So a
 * verb that speaks the API's language has one way, whether it has the folder or not.
 *
 * Requests that nobody answered, or that were told to come again, are sent again: give an idempotency key where
 * that matters. One thread. Not here: what is asked.                                              */
#ifndef TB_CLI_CLIENT_H
#define TB_CLI_CLIENT_H

#include "cli/cli.h"

struct tb_app;

struct tb_client {
    struct tb_cli *cli;
    void *easy;
    void *headers;
    struct tb_app *app; /* NULL: another process answers */
    char server[300];
    char *answer; /* zero-terminated */
    size_t n;
    size_t cap;
    long status; /* 0: nobody answered */
    char error[256];
};

/* Each returns an exit code; a sentence was printed. Close it in either case. */
int tb_client_open(struct tb_client *c, struct tb_cli *cli, const char *server, const char *key);
/* The folder that the verb has open, as the owner of that tenant. */
int tb_client_open_here(struct tb_client *c, struct tb_cli *cli, uint32_t tenant);
void tb_client_close(struct tb_client *c);

/* A header of every request from now on. False: no memory. */
bool tb_client_header(struct tb_client *c, const char *text);
/* body NULL: none. key NULL: no Idempotency-Key. False: nobody answered, or the verb was cancelled. */
TB_MUST_USE bool tb_client_ask(struct tb_client *c, const char *method, const char *path, const char *body, size_t n,
                               const char *key);
/* Says what the last answer was; the exit code for it. */
int tb_client_refused(struct tb_client *c);

#endif
