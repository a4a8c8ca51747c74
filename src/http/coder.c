// SPDX-License-Identifier: Apache-2.0
/* Item codes of requests and replies: (batch, serial) <-> symbols, see app_int.h.
 *
 * Setting a cipher up costs more than a code does. An IO thread (it serves one app, and ends
 * before it) keeps those of the last tenants; they are wiped when it ends. Other threads set
 * one up each time: they print codes for people, not for scanners.                         */
#include <pthread.h>
#include <stdlib.h>

#include <sodium.h>

#include "border/keystore.h"
#include "http/app_int.h"

#define CODERS 16u

struct kept {
    struct {
        uint32_t tenant; /* 0 = free: there is no such tenant */
        struct tb_serial_coder coder;
    } of[CODERS];
};

static pthread_key_t kept_key;
static pthread_once_t kept_once = PTHREAD_ONCE_INIT;

static void kept_free(void *user)
{
    struct kept *k = user;
    for (uint32_t i = 0; i < CODERS; i++)
        if (k->of[i].tenant != 0)
            tb_serial_close(&k->of[i].coder);
    free(k);
}

static void kept_make_key(void)
{
    int failed = pthread_key_create(&kept_key, kept_free);
    tb_assert(failed == 0);
}

static struct kept *kept_here(void)
{
    (void)pthread_once(&kept_once, kept_make_key);
    struct kept *k = pthread_getspecific(kept_key);
    if (k != NULL)
        return k;
    k = calloc(1, sizeof *k);
    if (k != NULL && pthread_setspecific(kept_key, k) != 0) {
        free(k);
        k = NULL;
    }
    return k;
}

static void coder_open(struct tb_work *w, struct tb_serial_coder *c)
{
    uint8_t key[TB_SERIAL_KEY_BYTES];
    struct tb_fault fault;
    tb_keystore_code_key(w->app->vault.keys, w->tenant, key);
    bool ok = tb_serial_open(c, key, w->tenant, &fault);
    tb_assert(ok); /* the keystore has opened with the same library */
    sodium_memzero(key, sizeof key);
}

struct tb_serial_coder *tb_coder_begin(struct tb_work *w, struct tb_serial_coder *own)
{
    bool on_io = w->req != NULL && tb_http_on_io(w->req);
    struct kept *k = on_io ? kept_here() : NULL;
    uint32_t at = w->tenant % CODERS;
    if (k == NULL) {
        coder_open(w, own);
        return own;
    }
    if (k->of[at].tenant == w->tenant)
        return &k->of[at].coder;
    if (k->of[at].tenant != 0)
        tb_serial_close(&k->of[at].coder);
    coder_open(w, &k->of[at].coder);
    k->of[at].tenant = w->tenant;
    return &k->of[at].coder;
}

void tb_coder_end(struct tb_serial_coder *c, const struct tb_serial_coder *own)
{
    if (c == own)
        tb_serial_close(c);
}

void tb_out_item_code(struct tb_work *w, struct tb_json_out *o, const char *key, uint64_t batch, uint64_t serial)
{
    char code[1][TB_SERIAL_SYMBOLS];
    struct tb_serial one = {(uint32_t)batch, (uint32_t)serial};
    struct tb_serial_coder own, *c;
    if (batch == 0 || batch > TB_SERIAL_BATCH_MAX || serial > UINT32_MAX)
        return;
    c = tb_coder_begin(w, &own);
    tb_serial_print(c, &one, 1, code);
    tb_coder_end(c, &own);
    tb_json_out_key_str(o, key, (struct tb_str){code[0], TB_SERIAL_SYMBOLS});
}
