// SPDX-License-Identifier: Apache-2.0
/* core/catalog/key.c - who may call, and where events are sent to: keys and webhooks.
 *
 * Invariant: no secret is here; a key's secret part is known by its SHA-256 alone, a
 * webhook's secret is sealed by the border.                                            */
#include "core/catalog/put.h"

#include <string.h>

/* ---- keys -------------------------------------------------------------------------------- */

static bool roles_valid(uint64_t roles, uint32_t tenant)
{
    bool known = roles != 0 && (roles & ~(uint64_t)TB_KEY_ROLES_ALL) == 0;
    return known && ((roles & TB_KEY_OPERATOR) == 0 || tenant == 0);
}

/* The key as it stands, but for its secret and the end of it. */
static enum tb_outcome put_again(struct tb_txn *t, struct tb_answer *a, struct tb_block *b, struct tb_str code,
                                 struct tb_str hash, int64_t revoked_ms)
{
    const struct tb_key *key = tb_block_head(b);
    const struct tb_str own = {(const char *)key->hash, sizeof key->hash};
    struct tb_put_run p = {.t = t, .a = a, .old = b, .id = (uint32_t)b->id, .version = key->c.version};
    p.changed = revoked_ms != key->revoked_ms || (hash.n > 0 && memcmp(hash.p, own.p, own.n) != 0);
    if (p.changed) { /* copies of texts: the block is about to change */
        struct tb_ev_key_put ev = {.id = p.id,
                                   .tenant = key->c.tenant,
                                   .code = code,
                                   .hash = hash.n > 0 ? hash : tb_str_copy(t->scratch, own),
                                   .role = key->roles,
                                   .scopes = key->scopes,
                                   .name = tb_str_copy(t->scratch, tb_config_text(t, b, key->c.name)),
                                   .expires_ms = (uint64_t)key->expires_ms,
                                   .revoked_ms = (uint64_t)revoked_ms,
                                   .created_ms = (uint64_t)key->created_ms,
                                   .store = key->store,
                                   .made_by = key->made_by,
                                   .version = ++p.version,
                                   .content = key->c.content};
        tb_emit_key_put(t, &ev);
    }
    return tb_put_end(&p);
}

/* The tenant's key of that code; NULL: none. The cell's own tenant sees all. */
static struct tb_block *key_of(struct tb_txn *t, struct tb_str code)
{
    uint32_t id = tb_catalog_code(t, t->tenant, TB_KIND_KEY, code);
    struct tb_block *b = id ? tb_read(t, TB_KIND_KEY, id) : NULL;
    return b != NULL && (t->tenant == 0 || tb_config_of(b)->tenant == t->tenant) ? b : NULL;
}

static enum tb_outcome no(struct tb_answer *a, enum tb_code code)
{
    a->code = code;
    return TB_REFUSED;
}

static enum tb_outcome key_renew(struct tb_txn *t, const struct tb_cmd_key_put *in, struct tb_answer *a)
{
    struct tb_block *b = key_of(t, in->put.code);
    const struct tb_key *key = b ? tb_block_head(b) : NULL;
    if (key == NULL || key->revoked_ms != 0)
        return no(a, TB_CODE_NOT_FOUND);
    if (in->hash.n != sizeof key->hash)
        return no(a, TB_CODE_INVALID);
    return put_again(t, a, b, in->put.code, in->hash, 0);
}

enum tb_outcome tb_catalog_key_put(struct tb_txn *t, const struct tb_command *cmd,
                                   struct tb_answer *a)
{
    const struct tb_cmd_key_put *in = cmd->input;
    if (in->renew)
        return key_renew(t, in, a);
    struct tb_put_run p = tb_put_begin(t, a, TB_KIND_KEY, t->tenant, &in->put);
    tb_check(&p, in->hash.n == sizeof((struct tb_key *)0)->hash, "hash");
    tb_check(&p, roles_valid(in->roles, t->tenant), "roles");
    tb_check_text(&p, "name", in->name, 0, TB_NAME_MAX);
    tb_check_range(&p, "expires", in->expires_ms, 0, TB_MS_MAX);
    uint32_t store =
        tb_check_named(&p, "store", TB_KIND_STORE, in->store, true, TB_CODE_UNKNOWN_STORE);
    const struct tb_key *old = tb_put_old(&p);
    tb_check(&p, p.refused || old == NULL || memcmp(old->hash, in->hash.p, in->hash.n) == 0,
             "hash");
    struct tb_ev_key_put ev = {.code = in->put.code,
                               .hash = in->hash,
                               .role = in->roles,
                               .scopes = in->scopes,
                               .name = in->name,
                               .expires_ms = (uint64_t)in->expires_ms,
                               .store = store};
    struct tb_buf content = tb_put_content_open(&p, tb_ev_key_put_size(&ev));
    tb_ev_key_put_encode(&content, &ev);
    if (tb_put_content_close(&p, &content)) {
        ev.id = p.id;
        ev.version = p.version;
        ev.content = p.content;
        ev.tenant = t->tenant;
        ev.created_ms = (uint64_t)(old ? old->created_ms : t->now_ms);
        ev.made_by = old ? old->made_by : cmd->actor;
        tb_emit_key_put(t, &ev);
    }
    return tb_put_end(&p);
}

enum tb_outcome tb_catalog_key_revoke(struct tb_txn *t, const struct tb_command *cmd,
                                      struct tb_answer *a)
{
    const struct tb_cmd_key_revoke *in = cmd->input;
    struct tb_block *b = key_of(t, in->code);
    if (b == NULL)
        return no(a, TB_CODE_NOT_FOUND);
    const struct tb_key *key = tb_block_head(b);
    return put_again(t, a, b, in->code, TB_STR_NONE, key->revoked_ms ? key->revoked_ms : t->now_ms);
}

void tb_catalog_apply_key_put(struct tb_txn *t, const struct tb_ev_key_put *ev)
{
    const enum tb_kind kind = TB_KIND_KEY;
    struct tb_config c = tb_config_fold(t, &(struct tb_config_fold){.kind = kind,
                                                                   .id = ev->id,
                                                                   .tenant = ev->tenant,
                                                                   .version = ev->version,
                                                                   .content = ev->content,
                                                                   .code = ev->code});
    c.name = tb_config_add_text(t, kind, ev->id, ev->name);
    struct tb_key *head = tb_block_head(tb_write(t, kind, ev->id));
    struct tb_key fresh = {.c = c,
                           .roles = (uint32_t)ev->role,
                           .store = (uint32_t)ev->store,
                           .scopes = ev->scopes,
                           .created_ms = (int64_t)ev->created_ms,
                           .expires_ms = (int64_t)ev->expires_ms,
                           .revoked_ms = (int64_t)ev->revoked_ms,
                           .made_by = (uint32_t)ev->made_by};
    memcpy(fresh.hash, ev->hash.p, ev->hash.n < sizeof fresh.hash ? ev->hash.n : sizeof fresh.hash);
    *head = fresh;
}

static bool of_a_user(const struct tb_txn *t, struct tb_block *b)
{
    struct tb_str code = tb_config_text(t, b, tb_config_of(b)->code);
    for (uint32_t i = 0; i < code.n; i++)
        if (code.p[i] == ':')
            return true;
    return false;
}

uint32_t tb_key_hands(const struct tb_txn *t, uint32_t key)
{
    for (uint32_t i = 0; i < TB_KEY_MAKERS_MAX; i++) {
        struct tb_block *b = tb_read(t, TB_KIND_KEY, key);
        uint32_t maker = b ? ((const struct tb_key *)tb_block_head_const(b))->made_by : 0;
        if (maker == 0 || of_a_user(t, b))
            break;
        key = maker;
    }
    return key;
}

/* ---- webhooks ---------------------------------------------------------------------------- */

static bool url_valid(struct tb_str url)
{
    bool known = tb_str_starts(url, TB_STR("https://")) || tb_str_starts(url, TB_STR("http://"));
    for (uint32_t i = 0; i < url.n; i++)
        if (url.p[i] <= ' ' || url.p[i] == 127)
            return false;
    return known && url.n >= 10 && url.n <= 512;
}

enum tb_outcome tb_catalog_webhook_put(struct tb_txn *t, const struct tb_command *cmd,
                                       struct tb_answer *a)
{
    const struct tb_cmd_webhook_put *in = cmd->input;
    struct tb_put_run p = tb_put_begin(t, a, TB_KIND_WEBHOOK, t->tenant, &in->put);
    const struct tb_webhook *old = tb_put_old(&p);
    struct tb_str secret = in->secret;
    if (secret.n == 0 && old != NULL) /* a copy: the block is about to change */
        secret = tb_str_copy(t->scratch, tb_put_old_text(&p, old->secret));
    tb_check(&p, url_valid(in->url), "url");
    tb_check(&p, secret.n >= 16 && secret.n <= 256, "secret");
    struct tb_ev_webhook_put ev = {.code = in->put.code,
                                   .url = in->url,
                                   .secret = secret,
                                   .events = in->events,
                                   .disabled = in->disabled};
    TB_PUT_EMIT(&p, webhook_put, &ev);
    return tb_put_end(&p);
}

void tb_catalog_apply_webhook_put(struct tb_txn *t, const struct tb_ev_webhook_put *ev)
{
    const enum tb_kind kind = TB_KIND_WEBHOOK;
    struct tb_config c = tb_config_fold(t, &(struct tb_config_fold){.kind = kind,
                                                                   .id = ev->id,
                                                                   .tenant = ev->tenant,
                                                                   .version = ev->version,
                                                                   .content = ev->content,
                                                                   .code = ev->code});
    struct tb_text url = tb_config_add_text(t, kind, ev->id, ev->url);
    struct tb_text secret = tb_config_add_text(t, kind, ev->id, ev->secret);
    struct tb_webhook *head = tb_block_head(tb_write(t, kind, ev->id));
    *head = (struct tb_webhook){.c = c,
                                .url = url,
                                .secret = secret,
                                .events = ev->events,
                                .disabled = ev->disabled != 0};
}
