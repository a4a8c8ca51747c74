// SPDX-License-Identifier: Apache-2.0
/* Tokens of names. See names.h. */
#include "http/names.h"

#include <stdio.h>
#include <stdlib.h>

#include "border/seal.h"

#define NO_NAMESPACE UINT32_MAX /* blind indexes of identifiers have the number of a namespace */
#define OPENED_BYTES 1024u      /* of a sealed value: TB_PERSONAL_MAX and its overhead */

struct tb_names {
    struct tb_name_port port;
    struct tb_vault vault;
    struct tb_pinyin *pinyin;
    bool asked; /* for pinyin, once */
    struct tb_name_form form[TB_NAME_FORMS_MAX];
};

static void print_token(const uint8_t blind[TB_BLIND_KEY_BYTES], const struct tb_name_form *f,
                        char token[TB_NAME_TOKEN_BYTES])
{
    static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";
    struct tb_blind b = tb_blind_index(blind, NO_NAMESPACE, (struct tb_str){f->p, f->n});
    uint64_t bits = 0;
    for (uint32_t i = 0; i < 5; i++)
        bits = bits << 8 | b.b[i];
    for (uint32_t i = 0; i < TB_NAME_TOKEN_BYTES; i++)
        token[i] = alphabet[bits >> (5 * (TB_NAME_TOKEN_BYTES - 1 - i)) & 31];
}

static void put_tokens(struct tb_names *n, uint32_t tenant, struct tb_str name, struct tb_buf *out)
{
    uint8_t blind[TB_BLIND_KEY_BYTES];
    struct tb_fault fault = {.text = ""};
    if (!n->asked) {
        n->pinyin = tb_pinyin_open(&fault);
        if (n->pinyin == NULL)
            fprintf(stderr, "tongbao: names are found as they are written, not by pinyin: %s\n", fault.text);
    }
    n->asked = true;
    uint32_t count = tb_name_forms(n->pinyin, name, n->form);
    tb_keystore_blind_key(n->vault.keys, tenant, blind);
    for (uint32_t i = 0; i < count && out->n + 1 + TB_NAME_TOKEN_BYTES <= out->cap; i++) {
        char token[TB_NAME_TOKEN_BYTES];
        print_token(blind, &n->form[i], token);
        tb_buf_byte(out, ' ');
        tb_buf_put(out, token, sizeof token);
    }
}

static void on_tokens(void *user, uint32_t tenant, uint32_t profile, uint32_t number, struct tb_str value,
                      struct tb_buf *out)
{
    struct tb_names *n = user;
    uint8_t plain[OPENED_BYTES];
    struct tb_buf b;
    if (number == 0) {
        put_tokens(n, tenant, value, out);
        return;
    }
    tb_buf_init(&b, plain, sizeof plain);
    if (value.n <= sizeof plain && tb_vault_open(&n->vault, tenant, profile, number, value, &b))
        put_tokens(n, tenant, tb_buf_as_str(&b), out);
}

struct tb_names *tb_names_open(struct tb_keystore *keys)
{
    struct tb_names *n = calloc(1, sizeof *n);
    if (n == NULL)
        return NULL;
    n->vault.keys = keys;
    n->port = (struct tb_name_port){n, on_tokens};
    return n;
}

void tb_names_close(struct tb_names *n)
{
    if (n == NULL)
        return;
    tb_pinyin_close(n->pinyin);
    free(n);
}

const struct tb_name_port *tb_names_port(struct tb_names *n)
{
    return &n->port;
}

uint32_t tb_names_query(const uint8_t blind[TB_BLIND_KEY_BYTES], struct tb_str query,
                        char token[TB_NAME_QUERY_FORMS_MAX][TB_NAME_TOKEN_BYTES + 1])
{
    struct tb_name_form form[TB_NAME_QUERY_FORMS_MAX];
    uint32_t n = tb_name_query(query, form);
    for (uint32_t i = 0; i < n; i++) {
        print_token(blind, &form[i], token[i]);
        token[i][TB_NAME_TOKEN_BYTES] = 0;
    }
    return n;
}
