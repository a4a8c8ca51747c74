// SPDX-License-Identifier: Apache-2.0
/* core/catalog/put.c - deciding and applying what all puts have in common.
 *
 * Invariant: one map entry, one place in the tenant's list and one count per object.
 * Not here: the fields of each kind.                                                   */
#include "core/catalog/put.h"

#include "core/code/code.h"
#include "core/mall/mall.h"
#include "core/issue/issue.h"
#include "core/play/play.h"

#include <string.h>

/* Fixed, so that a fingerprint means the same in every cell. */
static const struct tb_hash_key content_key = {UINT64_C(0x746f6e6762616f31),
                                               UINT64_C(0x636f6e74656e7431)};

static uint32_t bound_of(enum tb_kind kind)
{
    static const uint32_t bound[TB_KINDS] = {
        [TB_KIND_UNIT] = TB_UNITS_MAX,           [TB_KIND_NAMESPACE] = TB_NAMESPACES_MAX,
        [TB_KIND_STORE] = TB_STORES_MAX,         [TB_KIND_PRODUCT] = TB_PRODUCTS_MAX,
        [TB_KIND_ASSOCIATE] = TB_ASSOCIATES_MAX, [TB_KIND_TOUCHPOINT] = TB_TOUCHPOINTS_MAX,
        [TB_KIND_ATTRIBUTE] = TB_ATTRIBUTES_MAX, [TB_KIND_PURPOSE] = TB_PURPOSES_MAX,
        [TB_KIND_RULE] = TB_RULES_MAX,           [TB_KIND_TIER_SCHEME] = TB_SCHEMES_MAX,
        [TB_KIND_KEY] = TB_KEYS_MAX,             [TB_KIND_WEBHOOK] = TB_WEBHOOKS_MAX,
        [TB_KIND_TENANT] = TB_TENANTS_MAX,       [TB_KIND_CODE_BATCH] = TB_CODE_BATCHES_MAX,
        [TB_KIND_CAMPAIGN] = TB_CAMPAIGNS_MAX,
        [TB_KIND_ISSUE] = TB_ISSUES_MAX,         [TB_KIND_COUPON_CODE] = TB_COUPON_CODES_MAX,
        [TB_KIND_GAME] = TB_GAMES_MAX,           [TB_KIND_CHANNEL] = TB_CHANNELS_MAX,
        [TB_KIND_GOODS] = TB_GOODS_MAX,
    };
    tb_assert(kind < TB_KINDS && bound[kind] > 0);
    return bound[kind];
}

static uint32_t counter_of(enum tb_kind kind)
{
    return kind == TB_KIND_TENANT ? TB_COUNTER_TENANT : TB_COUNTER_CONFIG;
}

static uint64_t map_key(const struct tb_txn *t, uint32_t tenant, enum tb_kind kind,
                        struct tb_str code, uint32_t *map)
{
    *map = kind == TB_KIND_KEY ? TB_MAP_KEY : TB_MAP_CODE;
    if (kind == TB_KIND_KEY)
        return tb_key_text(t, 0, TB_MAP_KEY, code);
    return tb_key_code(t, kind == TB_KIND_TENANT ? 0 : tenant, kind, code);
}

/* Whatever has the code's key, also when the code differs. */
static uint32_t by_key(const struct tb_txn *t, uint32_t tenant, enum tb_kind kind,
                       struct tb_str code)
{
    uint32_t map;
    uint64_t key = map_key(t, tenant, kind, code, &map);
    uint64_t id;
    return tb_map_find(t, map, key, &id) ? (uint32_t)id : 0;
}

uint32_t tb_catalog_code(const struct tb_txn *t, uint32_t tenant, enum tb_kind kind,
                         struct tb_str code)
{
    uint32_t id = by_key(t, tenant, kind, code);
    if (id == 0)
        return 0;
    struct tb_block *b = tb_read(t, kind, id);
    tb_assert(b != NULL);
    return tb_str_eq(tb_config_text(t, b, tb_config_of(b)->code), code) ? id : 0;
}

/* ---- deciding ---------------------------------------------------------------------------- */

static void refuse(struct tb_put_run *p, enum tb_code code)
{
    tb_assert(code != TB_CODE_OK);
    p->refused = true;
    p->a->code = code;
}

void tb_put_refuse(struct tb_put_run *p, enum tb_code code, const char *field)
{
    if (p->refused)
        return;
    refuse(p, code);
    size_t n = strlen(field);
    tb_assert(n < sizeof p->a->field);
    memcpy(p->a->field, field, n + 1);
}

void tb_put_refuse_at(struct tb_put_run *p, enum tb_code code, const char *list, uint32_t index,
                      const char *name)
{
    if (p->refused)
        return;
    refuse(p, code);
    struct tb_buf b;
    tb_buf_init(&b, p->a->field, sizeof p->a->field - 1);
    tb_buf_c(&b, list);
    tb_buf_byte(&b, '/');
    tb_buf_i64(&b, index);
    if (name != NULL) {
        tb_buf_byte(&b, '/');
        tb_buf_c(&b, name);
    }
    tb_assert(!b.overflowed);
    p->a->field[b.n] = 0;
}

void tb_check(struct tb_put_run *p, bool ok, const char *field)
{
    if (!ok)
        tb_put_refuse(p, TB_CODE_INVALID, field);
}

void tb_check_range(struct tb_put_run *p, const char *field, int64_t v, int64_t min, int64_t max)
{
    tb_check(p, v >= min && v <= max, field);
}

static bool text_valid(struct tb_str s, bool lines)
{
    if (!tb_utf8_valid(s))
        return false;
    for (uint32_t i = 0; i < s.n; i++) {
        uint8_t c = (uint8_t)s.p[i];
        bool line = c == '\n' || c == '\r' || c == '\t';
        if ((c < 32 && !(lines && line)) || c == 127)
            return false;
    }
    return true;
}

void tb_check_text(struct tb_put_run *p, const char *field, struct tb_str s, uint32_t min,
                   uint32_t max)
{
    tb_check(p, s.n >= min && s.n <= max && text_valid(s, true), field);
}

bool tb_month_day_valid(int64_t v)
{
    struct tb_date d = {2023, (int32_t)(v / 100), (int32_t)(v % 100)}; /* not a leap year */
    return v >= 101 && v <= 1231 && tb_date_valid(d);
}

static bool word_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool identifier_valid(struct tb_str code)
{
    for (uint32_t i = 0; i < code.n; i++) {
        char c = code.p[i];
        bool letter = c >= 'a' && c <= 'z';
        if (!letter && (i == 0 || !((c >= '0' && c <= '9') || c == '_')))
            return false;
    }
    return code.n >= 1 && code.n <= 40;
}

bool tb_code_valid(enum tb_kind kind, struct tb_str code)
{
    if (code.n == 0 || code.n > TB_CODE_MAX)
        return false;
    if (kind == TB_KIND_ATTRIBUTE)
        return identifier_valid(code);
    if (kind == TB_KIND_STORE || kind == TB_KIND_PRODUCT || kind == TB_KIND_ASSOCIATE)
        return code.p[0] != ' ' && code.p[code.n - 1] != ' ' && text_valid(code, false);
    if (!word_character(code.p[0]))
        return false;
    for (uint32_t i = 1; i < code.n; i++)
        if (!word_character(code.p[i]) && memchr("._:-", code.p[i], 4) == NULL)
            return false;
    return true;
}

uint32_t tb_check_named(struct tb_put_run *p, const char *field, enum tb_kind kind,
                        struct tb_str code, bool optional, enum tb_code unknown)
{
    if (p->refused || (code.n == 0 && optional))
        return 0;
    uint32_t id = code.n ? tb_catalog_code(p->t, p->tenant, kind, code) : 0;
    if (id == 0)
        tb_put_refuse(p, unknown, field);
    return id;
}

const void *tb_put_old(const struct tb_put_run *p)
{
    return p->old ? tb_block_head_const(p->old) : NULL;
}

struct tb_str tb_put_old_text(const struct tb_put_run *p, struct tb_text text)
{
    tb_assert(p->old != NULL);
    return tb_config_text(p->t, p->old, text);
}

static bool version_expected(const struct tb_put_run *p, uint64_t expected)
{
    if (expected == TB_VERSION_ANY)
        return true;
    return expected == TB_VERSION_NONE ? p->old == NULL : p->version == expected;
}

struct tb_put_run tb_put_begin(struct tb_txn *t, struct tb_answer *a, enum tb_kind kind,
                               uint32_t tenant, const struct tb_put *put)
{
    struct tb_put_run p = {.t = t, .a = a, .code = put->code, .kind = kind, .tenant = tenant};
    bool owned = kind == TB_KIND_TENANT || (kind == TB_KIND_KEY && tenant == 0) ||
                 tb_read(t, TB_KIND_TENANT, tenant) != NULL;
    if (!owned) {
        tb_put_refuse(&p, TB_CODE_NOT_FOUND, "");
        return p;
    }
    tb_check(&p, tb_code_valid(kind, put->code), "code");
    if (p.refused)
        return p;
    p.id = tb_catalog_code(t, tenant, kind, put->code);
    p.old = p.id ? tb_read(t, kind, p.id) : NULL;
    p.version = p.old ? tb_config_of(p.old)->version : 0;
    if (p.old != NULL && kind == TB_KIND_KEY) {
        const struct tb_key *key = tb_put_old(&p);
        if (key->c.tenant != tenant)
            tb_put_refuse(&p, TB_CODE_CODE_TAKEN, "code");
        else if (key->revoked_ms)
            tb_put_refuse(&p, TB_CODE_KEY_REVOKED, "code");
    }
    if (!version_expected(&p, put->expected_version))
        tb_put_refuse(&p, TB_CODE_VERSION_CONFLICT, "expected_version");
    return p;
}

struct tb_buf tb_put_content_open(struct tb_put_run *p, size_t bytes)
{
    struct tb_buf b = {0};
    if (p->refused)
        return b;
    void *region = bytes <= TB_ENTRY_BYTES_MAX ? tb_arena_alloc(p->t->scratch, bytes + 1) : NULL;
    if (region == NULL) {
        tb_put_refuse(p, TB_CODE_TOO_LARGE, "");
        return b;
    }
    tb_buf_init(&b, region, bytes + 1);
    return b;
}

/* Where tb_tenant.objects counts it. */
static uint32_t counted_at(enum tb_kind kind, bool unlisted)
{
    uint32_t at = kind == TB_KIND_CAMPAIGN  ? TB_OBJECTS_CAMPAIGN
                  : kind == TB_KIND_GAME    ? TB_OBJECTS_GAME
                  : kind == TB_KIND_CHANNEL ? TB_OBJECTS_CHANNEL
                  : kind == TB_KIND_GOODS   ? TB_OBJECTS_GOODS
                  : kind == TB_KIND_ISSUE   ? TB_OBJECTS_ISSUE
                  : kind == TB_KIND_COUPON_CODE ? TB_OBJECTS_COUPON_CODE
                                            : (uint32_t)kind;
    tb_assert(at < 32);
    return unlisted ? TB_OBJECTS_COUPON_UNIT : at;
}

static uint32_t objects_of(const struct tb_put_run *p)
{
    if (p->kind == TB_KIND_TENANT)
        return (uint32_t)p->t->store->counter[TB_COUNTER_TENANT];
    const struct tb_block *tenant = tb_read(p->t, TB_KIND_TENANT, p->tenant);
    if (tenant == NULL)
        return 0; /* an operator's key: few, and only an operator makes them */
    return ((const struct tb_tenant *)tb_block_head_const(tenant))->objects[counted_at(p->kind, p->unlisted)];
}

bool tb_put_content_close(struct tb_put_run *p, struct tb_buf *b)
{
    if (p->refused)
        return false;
    tb_assert(!b->overflowed);
    p->content = tb_siphash(&content_key, b->p, b->n);
    if (p->old != NULL && tb_config_of(p->old)->content == p->content)
        return false;
    if (p->old == NULL) {
        if (objects_of(p) >= (p->unlisted ? TB_COUPON_UNITS_MAX : bound_of(p->kind)))
            tb_put_refuse(p, TB_CODE_TOO_MANY, "");
        else if (by_key(p->t, p->tenant, p->kind, p->code) != 0)
            tb_put_refuse(p, TB_CODE_CODE_TAKEN, "code");
        if (p->refused)
            return false;
        uint64_t id = tb_counter_next(p->t, counter_of(p->kind));
        tb_assert(id <= UINT32_MAX);
        p->id = (uint32_t)id;
    }
    p->version++;
    p->changed = true;
    return true;
}

enum tb_outcome tb_put_end(struct tb_put_run *p)
{
    if (p->refused)
        return TB_REFUSED;
    tb_assert(p->id != 0 && p->version != 0);
    tb_wire_put_uint(&p->a->body, 1, p->id);
    tb_wire_put_uint(&p->a->body, 2, p->version);
    if (p->old == NULL)
        tb_wire_put_uint(&p->a->body, 3, 1);
    if (p->changed)
        tb_wire_put_uint(&p->a->body, 4, 1);
    return TB_DONE;
}

/* ---- applying ---------------------------------------------------------------------------- */

struct tb_text tb_config_add_text(struct tb_txn *t, enum tb_kind kind, uint64_t id,
                                  struct tb_str s)
{
    if (s.n == 0)
        return (struct tb_text){0, 0};
    return (struct tb_text){tb_push_bytes(t, kind, id, TB_CONFIG_BYTES, s), s.n};
}

void tb_config_empty(struct tb_txn *t, enum tb_kind kind, uint64_t id, uint32_t section)
{
    uint32_t n = tb_read(t, kind, id)->n[section];
    if (n > 0)
        tb_cut(t, kind, id, section, 0, n);
}

static void list_in_tenant(struct tb_txn *t, uint32_t tenant, const struct tb_config_fold *f,
                           bool created)
{
    struct tb_block *b = tb_read(t, TB_KIND_TENANT, tenant);
    if (f->kind == TB_KIND_TENANT || b == NULL)
        return;
    bool unlisted = f->kind == TB_KIND_UNIT && f->tag >= TB_UNIT_KINDS_LISTED;
    uint32_t section = unlisted ? UINT32_MAX : tb_catalog_list_section(f->kind);
    if (created) {
        struct tb_tenant *head = tb_block_head(tb_write(t, TB_KIND_TENANT, tenant));
        head->objects[counted_at(f->kind, unlisted)]++;
        struct tb_listed listed = {(uint32_t)f->id, f->tag};
        if (section != UINT32_MAX)
            (void)tb_push(t, TB_KIND_TENANT, tenant, section, &listed);
        return;
    }
    if (section == UINT32_MAX)
        return;
    const struct tb_listed *list = tb_section(t, b, section);
    for (uint32_t i = 0; i < b->n[section]; i++) {
        if (list[i].id != f->id || list[i].tag == f->tag)
            continue;
        b = tb_write(t, TB_KIND_TENANT, tenant);
        ((struct tb_listed *)tb_section(t, b, section))[i].tag = f->tag;
        return;
    }
}

struct tb_config tb_config_fold(struct tb_txn *t, const struct tb_config_fold *f)
{
    uint32_t tenant = f->kind == TB_KIND_TENANT ? (uint32_t)f->id
                      : f->tenant               ? (uint32_t)f->tenant
                                                : t->tenant;
    bool created = tb_read(t, f->kind, f->id) == NULL;
    if (created) {
        uint32_t map;
        uint64_t key = map_key(t, tenant, f->kind, f->code, &map);
        (void)tb_create(t, f->kind, f->id);
        tb_counter_used(t, counter_of(f->kind), f->id);
        tb_map_set(t, map, key, f->id);
    } else {
        tb_config_empty(t, f->kind, f->id, TB_CONFIG_BYTES);
    }
    list_in_tenant(t, tenant, f, created);
    return (struct tb_config){.tenant = tenant,
                              .version = (uint32_t)f->version,
                              .content = f->content,
                              .code = tb_config_add_text(t, f->kind, f->id, f->code)};
}

void tb_tenant_window(struct tb_txn *t, uint32_t tenant, uint32_t days)
{
    const struct tb_block *b = tb_read(t, TB_KIND_TENANT, tenant);
    tb_assert(b != NULL);
    if (((const struct tb_tenant *)tb_block_head_const(b))->window_days >= days)
        return;
    struct tb_tenant *head = tb_block_head(tb_write(t, TB_KIND_TENANT, tenant));
    head->window_days = days;
}

/* ---- start-up ---------------------------------------------------------------------------- */

bool tb_catalog_owns(enum tb_kind kind)
{
    return kind == TB_KIND_TENANT || kind == TB_KIND_WEBHOOK || kind == TB_KIND_CODE_BATCH ||
           kind == TB_KIND_ISSUE || kind == TB_KIND_COUPON_CODE ||
           kind == TB_KIND_CAMPAIGN || kind == TB_KIND_GAME || kind == TB_KIND_CHANNEL || kind == TB_KIND_GOODS ||
           (kind >= TB_KIND_UNIT && kind <= TB_KIND_KEY);
}

void tb_catalog_index(struct tb_core *c, struct tb_block *b)
{
    enum tb_kind kind = (enum tb_kind)b->kind;
    if (!tb_catalog_owns(kind))
        return;
    struct tb_txn t = {.store = &c->store, .env = &c->env};
    const struct tb_config *head = tb_config_of(b);
    uint32_t map;
    uint64_t key = map_key(&t, head->tenant, kind, tb_config_text(&t, b, head->code), &map);
    tb_map_put(&c->store.map[map], key, b->id);
    const struct tb_unit *u = kind == TB_KIND_UNIT ? tb_block_head_const(b) : NULL;
    if (u != NULL && u->claim_code.n)
        tb_map_put(&c->store.map[TB_MAP_CODE],
                   tb_claim_key(&t, u->c.tenant, tb_config_text(&t, b, u->claim_code)), b->id);
}
