// SPDX-License-Identifier: Apache-2.0
/* core/catalog/object.c - finding, reading and listing what was declared. */
#include "core/catalog/put.h"

#include <string.h>

/* What one LIST may look at: a free number costs 1, a block 8. */
#define LIST_WORK_MAX 200000u
#define LIST_BLOCK_WORK 8u

const void *tb_catalog_find(const struct tb_txn *t, enum tb_kind kind, uint64_t id)
{
    tb_assert(tb_catalog_owns(kind));
    const struct tb_block *b = id && id <= UINT32_MAX ? tb_read(t, kind, id) : NULL;
    return b && tb_config_of(b)->tenant == t->tenant ? tb_block_head_const(b) : NULL;
}

/* The tenant's line in the cache when it stands there; else NULL. */
static struct tb_cached_tenant *kept_line(const struct tb_txn *t)
{
    struct tb_core *core = t->core;
    const struct tb_tenant *tenant = tb_tenant_of(t);
    if (core == NULL || tenant == NULL)
        return NULL;
    struct tb_cached_tenant *c = &core->cache.tenant[t->tenant % TB_CACHE_TENANTS];
    return c->tenant == t->tenant && c->content == tenant->c.content && c->zone != NULL ? c : NULL;
}

/* The line made anew: its place in the cache, or without a cache or a tenant spare. */
static struct tb_cached_tenant *fresh_line(const struct tb_txn *t, struct tb_cached_tenant *spare)
{
    struct tb_core *core = t->core;
    struct tb_block *b = tb_read(t, TB_KIND_TENANT, t->tenant);
    if (b == NULL) {
        *spare = (struct tb_cached_tenant){.zone = &tb_zone_utc};
        return spare;
    }
    const struct tb_tenant *tenant = tb_block_head(b);
    struct tb_cached_tenant *c = core ? &core->cache.tenant[t->tenant % TB_CACHE_TENANTS] : spare;
    const struct tb_zone *z = t->env->zone(t->env->user, tb_config_text(t, b, tenant->zone));
    *c = (struct tb_cached_tenant){
        .tenant = t->tenant, .content = tenant->c.content, .zone = z ? z : &tb_zone_utc};
    return c;
}

static __attribute__((noinline)) const struct tb_zone *find_zone(const struct tb_txn *t)
{
    struct tb_cached_tenant spare;
    return fresh_line(t, &spare)->zone;
}

const struct tb_zone *tb_tenant_zone(const struct tb_txn *t)
{
    const struct tb_cached_tenant *c = kept_line(t);
    return TB_LIKELY(c != NULL) ? c->zone : find_zone(t);
}

/* The instants around at_ms that share its day and its offset. */
static void find_day(struct tb_cached_tenant *c, int64_t at_ms)
{
    const struct tb_zone *z = c->zone;
    c->day = tb_zone_day_of(z, at_ms);
    c->from_ms = (int64_t)c->day * TB_DAY_MS - tb_zone_offset_ms(z, at_ms);
    c->until_ms = c->from_ms + TB_DAY_MS;
    uint32_t low = 0;
    uint32_t high = z->n; /* the first change of offset after at_ms */
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (z->at_ms[middle] <= at_ms)
            low = middle + 1;
        else
            high = middle;
    }
    if (low > 0 && z->at_ms[low - 1] > c->from_ms)
        c->from_ms = z->at_ms[low - 1];
    if (low < z->n && z->at_ms[low] < c->until_ms)
        c->until_ms = z->at_ms[low];
    tb_assert(c->from_ms <= at_ms && at_ms < c->until_ms);
}

static int32_t tell_day(const struct tb_cached_tenant *c, int64_t *from_ms, int64_t *until_ms)
{
    if (from_ms != NULL)
        *from_ms = c->from_ms;
    if (until_ms != NULL)
        *until_ms = c->until_ms;
    return c->day;
}

static __attribute__((noinline)) int32_t another_day(const struct tb_txn *t, int64_t at_ms, int64_t *from_ms,
                                                     int64_t *until_ms)
{
    struct tb_cached_tenant spare;
    struct tb_cached_tenant *c = kept_line(t);
    if (c == NULL)
        c = fresh_line(t, &spare);
    find_day(c, at_ms);
    return tell_day(c, from_ms, until_ms);
}

int32_t tb_tenant_day(const struct tb_txn *t, int64_t at_ms, int64_t *from_ms, int64_t *until_ms)
{
    const struct tb_cached_tenant *c = kept_line(t);
    if (TB_UNLIKELY(c == NULL || at_ms < c->from_ms || at_ms >= c->until_ms))
        return another_day(t, at_ms, from_ms, until_ms);
    return tell_day(c, from_ms, until_ms);
}

const char *tb_tender_name(uint32_t kind)
{
    static const char *const name[TB_TENDER_KINDS] = {
        [TB_TENDER_OTHER] = "other",
        [TB_TENDER_CASH] = "cash",
        [TB_TENDER_CARD] = "card",
        [TB_TENDER_WECHAT] = "wechat",
        [TB_TENDER_ALIPAY] = "alipay",
        [TB_TENDER_UNIONPAY] = "unionpay",
        [TB_TENDER_STORED_VALUE] = "stored_value",
        [TB_TENDER_POINTS] = "points",
        [TB_TENDER_GIFT_CARD] = "gift_card",
        [TB_TENDER_VOUCHER] = "voucher",
    };
    return kind < TB_TENDER_KINDS ? name[kind] : NULL;
}

/* ---- commands ---------------------------------------------------------------------------- */

static bool visible(const struct tb_txn *t, const struct tb_block *b)
{
    return t->tenant == 0 || tb_config_of(b)->tenant == t->tenant;
}

static uint32_t varint_bytes(uint64_t v)
{
    uint32_t n = 1;
    for (; v > 127; v >>= 7)
        n++;
    return n;
}

/* The head of a length-delimited field. */
static void put_length(struct tb_buf *b, uint32_t field, uint64_t bytes)
{
    tb_buf_byte(b, (uint8_t)(field << 3 | 2));
    for (; bytes > 127; bytes >>= 7)
        tb_buf_byte(b, (uint8_t)(bytes | 128));
    tb_buf_byte(b, (uint8_t)bytes);
}

/* Field 1 = {1 = number, 2 = packed}. False when it does not fit any more. */
static bool put_object(const struct tb_txn *t, struct tb_buf *out, struct tb_block *b)
{
    const struct tb_shape *shape = &t->store->shape[b->kind];
    size_t packed = tb_block_packed_size(shape, b);
    size_t inner = 1 + varint_bytes(b->id) + 1 + varint_bytes(packed) + packed;
    if (out->cap - out->n < 1 + varint_bytes(inner) + inner)
        return false;
    put_length(out, 1, inner);
    tb_wire_put_uint(out, 1, b->id);
    put_length(out, 2, packed);
    tb_block_pack(shape, b, out);
    return true;
}

static enum tb_outcome refuse(struct tb_answer *a, enum tb_code code, const char *field)
{
    a->code = code;
    memcpy(a->field, field, strlen(field) + 1);
    return TB_REFUSED;
}

enum tb_outcome tb_catalog_object_get(struct tb_txn *t, const struct tb_command *cmd,
                                      struct tb_answer *a)
{
    const struct tb_cmd_object_get *in = cmd->input;
    if (!tb_catalog_owns(in->kind))
        return refuse(a, TB_CODE_INVALID, "kind");
    uint64_t id = in->code.n ? tb_catalog_code(t, t->tenant, in->kind, in->code) : in->id;
    struct tb_block *b = id && id <= UINT32_MAX ? tb_read(t, in->kind, id) : NULL;
    if (b == NULL || !visible(t, b))
        return refuse(a, TB_CODE_NOT_FOUND, "");
    return put_object(t, &a->body, b) ? TB_DONE : refuse(a, TB_CODE_TOO_LARGE, "");
}

/* The next number above *id that has a block; false when there is none or the work is done. */
static bool next_block(const struct tb_store *s, enum tb_kind kind, uint64_t *id, uint32_t *work)
{
    const struct tb_directory *d = &s->dense[kind];
    for (uint64_t at = *id + 1; at >> 12 < d->pages && *work < LIST_WORK_MAX; (*work)++) {
        if (d->page[at >> 12] == NULL) {
            at = ((at >> 12) + 1) << 12;
            *id = at - 1;
            continue;
        }
        *id = at;
        if (d->page[at >> 12][at & 4095] != NULL)
            return true;
        at++;
    }
    return false;
}

enum tb_outcome tb_catalog_object_list(struct tb_txn *t, const struct tb_command *cmd,
                                       struct tb_answer *a)
{
    const struct tb_cmd_object_list *in = cmd->input;
    if (!tb_catalog_owns(in->kind))
        return refuse(a, TB_CODE_INVALID, "kind");
    if (in->after > UINT32_MAX)
        return refuse(a, TB_CODE_INVALID, "after");
    if (in->limit < 1 || in->limit > 100)
        return refuse(a, TB_CODE_INVALID, "limit");
    uint64_t id = in->after;
    uint64_t cursor = 0; /* the last number that was dealt with, when there may be more */
    uint32_t work = 0;
    uint32_t n = 0;
    const size_t room = 16; /* for the cursor */
    struct tb_buf body = a->body;
    tb_assert(body.cap - body.n > room);
    body.cap -= room;
    for (uint64_t last = id; next_block(t->store, in->kind, &id, &work); last = id) {
        struct tb_block *b = tb_read(t, in->kind, id);
        work += LIST_BLOCK_WORK;
        if (!visible(t, b))
            continue;
        if (n == in->limit || !put_object(t, &body, b)) {
            if (n == 0)
                return refuse(a, TB_CODE_TOO_LARGE, "");
            cursor = last;
            break;
        }
        n++;
    }
    if (cursor == 0 && work >= LIST_WORK_MAX)
        cursor = id;
    a->body.n = body.n;
    if (cursor != 0)
        tb_wire_put_uint(&a->body, 2, cursor);
    return TB_DONE;
}
