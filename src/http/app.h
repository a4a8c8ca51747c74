// SPDX-License-Identifier: Apache-2.0
/* http/app.h - the product's API: operations of api/operations.toml on a cell.
 *
 *   HTTP -> shell (route, key, role, rate) -> read JSON into the room's input struct
 *        -> tb_cell_submit -> durable -> on the IO thread: print the answer -> HTTP
 *
 * Invariant   nothing is decided here: what an operation may do is the table's, what it
 *             does is core's. Personal values are opened here and nowhere else, masked
 *             unless the operation is a reveal or an export, which leave a record.
 * Keys        "tb_<public>_<secret>": the public part finds the key block, of the secret
 *             only a SHA-256 is kept. All keys stand in a snapshot that IO threads read
 *             without locks; a key operation answers when its effect is in force here.
 * Order       create and start the cell, tb_app_start, ..., tb_app_stop, tb_cell_stop.
 * Threads     start and stop: one; tb_app_keys_changed: any but IO threads.
 * Not here    the folder, the journal, the command line (cli), TLS.                     */
#ifndef TB_HTTP_APP_H
#define TB_HTTP_APP_H

#include "base/fault.h"
#include "core/env.h"
#include "core/order/order.h"
#include "engine/cell.h"
#include "http/server.h"
#include "http/vault.h"

/* What a webhook could not deliver, asked of whoever sends: on a side thread, may block. */
struct tb_app_letter {
    uint64_t sequence; /* of the entry in the tenant's feed */
    int64_t at_ms;     /* given up */
    uint32_t attempts;
    int32_t status; /* of the last answer, 0 = none */
    bool replay;    /* it is to be sent again */
    const char *reason;
};
struct tb_app_sent {
    uint64_t webhooks; /* that are served now */
    uint64_t delivered;
    uint64_t failed; /* attempts */
    uint64_t dead;
};
struct tb_app_letters {
    void *user;
    /* What was sent since the process began; any thread, at once. */
    void (*sent)(void *user, struct tb_app_sent *out);
    /* By rising sequence, at most limit of those behind `after`. */
    bool (*list)(void *user, uint64_t webhook, uint64_t after, uint32_t limit,
                 void (*each)(void *arg, const struct tb_app_letter *l), void *arg, struct tb_fault *f);
    /* sequence 0 = all. The number marked; -1 with *f. */
    int64_t (*replay)(void *user, uint64_t webhook, uint64_t sequence, struct tb_fault *f);
};

/* Files that come in pieces and are imported in the background (cli/imports.h). On a side thread, may block. */
enum tb_app_import_act {
    TB_APP_IMPORT_PUT = 0, /* kind, size, name */
    TB_APP_IMPORT_PIECE,   /* offset, bytes */
    TB_APP_IMPORT_HEAD,
    TB_APP_IMPORT_RUN,     /* map, dry */
    TB_APP_IMPORT_STOP,
    TB_APP_IMPORT_DROP,
    TB_APP_IMPORT_GET,
    TB_APP_IMPORT_REJECTS, /* offset; text into out */
    TB_APP_IMPORT_LIST,
};
struct tb_app_import {
    enum tb_app_import_act act;
    uint32_t tenant;
    uint32_t by;        /* number of the caller's key */
    uint32_t kinds;     /* bits of the kinds that the caller may import */
    struct tb_str code; /* which, as it stands in the path */
    uint32_t kind;      /* 0 orders, 1 members, 2 products, 3 contacts */
    bool dry;
    int64_t size;
    int64_t offset;
    struct tb_str name;
    struct tb_str map;  /* the text of a map file (docs/import.md) */
    const void *bytes;
    uint32_t n;
    struct tb_buf *out; /* JSON */
    enum tb_problem problem; /* NONE: out is the answer */
    const char *field;
    char detail[256];
};
struct tb_app_imports {
    void *user;
    void (*act)(void *user, struct tb_app_import *x);
};

/* A key of this process alone: in no journal and no list, gone with the app. For the command line. */
struct tb_app_guest {
    struct tb_str code; /* the public part */
    uint8_t hash[32];   /* SHA-256 of the secret one */
    uint32_t tenant;
    uint32_t roles;     /* bits of enum tb_key_role */
};

struct tb_app_options {
    struct tb_cell *cell;          /* started */
    const struct tb_core_env *env; /* the cell's; its seal is tb_vault_seal over keys */
    struct tb_keystore *keys;
    struct tb_http_options http;   /* host, port, threads, limits; handler stays empty */
    const char *country;           /* for phones without one; NULL = "86" */
    bool unlimited;                /* no rate limits (benchmarks) */
    const struct tb_app_letters *letters; /* NULL: nobody sends, so there are none */
    struct tb_journal *journal; /* the cell's, for back-tests; NULL: they answer 503 */
    const struct tb_app_imports *imports; /* NULL: there are none, 404 */
    struct tb_state *state; /* for reports; NULL: they answer 503 */
    const char *web;        /* folder of the pages (http/static.h); NULL: none are served */
    bool inbox;             /* one-time codes are shown to everybody (demonstrations) */
    const struct tb_app_guest *guest; /* NULL: there is none; copied */
    bool plain_cookies;     /* without Secure: browsers that come over plain HTTP from elsewhere */
};

struct tb_app;

/* NULL with *fault. Everything in options stays the caller's and outlives the app. */
TB_MUST_USE struct tb_app *tb_app_start(const struct tb_app_options *options,
                                        struct tb_fault *fault);
uint16_t tb_app_port(const struct tb_app *app);
/* Waits until everything is answered, then frees. */
void tb_app_stop(struct tb_app *app);
/* Keys were made or revoked past HTTP (the command line): in force when this returns. */
void tb_app_keys_changed(struct tb_app *app);

/* An entry as GET /v1/events prints it, appended to out. May wait for the cell: any thread
 * that is neither the cell's nor an IO thread. False: it did not fit.                    */
struct tb_entry;
TB_MUST_USE bool tb_app_print_entry(struct tb_app *app, const struct tb_entry *e,
                                    struct tb_buf *out);

/* ---- for whoever makes the same commands without HTTP (imports, the command line) ------- */

/* A new secret: writes the whole key, "tb_<public>_<secret>", zero-terminated; what core
 * keeps is code (the public part, inside text) and hash.                                */
#define TB_KEY_TEXT_MAX 80u
struct tb_key_made {
    char text[TB_KEY_TEXT_MAX];
    struct tb_str code;
    uint8_t hash[32];
};
void tb_key_make(struct tb_key_made *out);

/* A new user of a tenant: her key's code "<tenant>:<login>", a password to be shown once, and the
 * hash that core keeps of it. Takes a tenth of a second and 64 MiB. False: login is not 1-30 of
 * [a-z0-9._-], the two are too long together, or no memory.                              */
#define TB_USER_PASSWORD_BYTES 14u
struct tb_user_made {
    char code[65]; /* ends with zero */
    uint32_t code_n;
    char password[TB_USER_PASSWORD_BYTES + 1];
    uint8_t hash[32];
};
TB_MUST_USE bool tb_user_make(struct tb_keystore *keys, struct tb_str tenant, struct tb_str login,
                              struct tb_user_made *out);

/* The fingerprint of an order's, or a return's, facts: tells the same one from another.
 * Everything in the struct counts but input_hash; occurred_given false: the time was made
 * up here and does not count.                                                           */
uint64_t tb_order_facts(const struct tb_hash_key *key, const struct tb_cmd_order *order,
                        bool occurred_given);
uint64_t tb_return_facts(const struct tb_hash_key *key, const struct tb_cmd_return *r,
                         bool occurred_given);

#endif
