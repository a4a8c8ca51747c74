// SPDX-License-Identifier: Apache-2.0
/* Answering who somebody is, indexing at start-up, proving the invariants. */
#include <string.h>

#include "core/approval/approval.h"
#include "core/identity/component.h"

static void put_part(struct tb_buf *body, uint32_t field, const struct tb_buf *part)
{
    tb_wire_put_bytes(body, field, tb_buf_as_str(part));
}

static void put_device(const struct tb_txn *t, struct tb_buf *body, struct tb_block *device,
                       uint32_t person)
{
    const struct tb_device *d = tb_block_head(device);
    uint8_t bytes[80];
    struct tb_buf b;
    tb_buf_init(&b, bytes, sizeof bytes);
    tb_wire_put_uint(&b, 1, device->id);
    tb_wire_put_uint(&b, 2, d->ns);
    tb_wire_put_uint(&b, 3, (uint64_t)d->first_ms);
    tb_wire_put_uint(&b, 4, (uint64_t)d->last_ms);
    tb_wire_put_uint(&b, 5, d->visits);
    tb_wire_put_uint(&b, 6, d->touchpoint);
    if (tb_identity_device_sole(t, device, person))
        tb_wire_put_uint(&b, 7, 1);
    put_part(body, 3, &b);
}

/* Others who were seen with the same weak value. */
static void put_suggestions(const struct tb_txn *t, struct tb_buf *body, struct tb_block *device,
                            uint32_t person)
{
    const struct tb_device *d = tb_block_head(device);
    const struct tb_attached *a = tb_section(t, device, TB_DEVICE_ATTACH);
    for (uint32_t i = 0; i < device->n[TB_DEVICE_ATTACH]; i++) {
        uint32_t other = tb_person_by_profile(t, a[i].profile);
        bool again = other == person;
        for (uint32_t k = 0; k < i && !again; k++)
            again = tb_person_by_profile(t, a[k].profile) == other;
        if (again)
            continue;
        uint8_t bytes[24];
        struct tb_buf b;
        tb_buf_init(&b, bytes, sizeof bytes);
        tb_wire_put_uint(&b, 1, tb_person_id(tb_read(t, TB_KIND_PERSON, other)));
        tb_wire_put_uint(&b, 2, d->ns);
        put_part(body, 4, &b);
    }
}

/* Her request to be erased. */
static void put_asked(const struct tb_txn *t, struct tb_buf *body, struct tb_block *b)
{
    uint8_t bytes[TB_REASON_MAX + 64];
    struct tb_buf asked;
    tb_buf_init(&asked, bytes, sizeof bytes);
    tb_erasure_put(t, b, &asked);
    if (asked.n > 0)
        put_part(body, 8, &asked);
}

static void put_detail(struct tb_txn *t, struct tb_buf *body, struct tb_block *b)
{
    const struct tb_shape *shape = &t->store->shape[TB_KIND_PERSON];
    size_t size = tb_block_packed_size(shape, b);
    void *bytes = tb_arena_alloc(t->scratch, size);
    if (bytes == NULL) {
        body->overflowed = true;
        return;
    }
    struct tb_buf packed;
    tb_buf_init(&packed, bytes, size);
    tb_block_pack(shape, b, &packed);
    put_part(body, 2, &packed);
    put_asked(t, body, b);
    const struct tb_edge *e = tb_section(t, b, TB_PERSON_EDGE);
    for (uint32_t i = b->n[TB_PERSON_EDGE]; i-- > 0 && (e[i].flags & TB_EDGE_DEVICE);) {
        struct tb_block *device =
            e[i].flags & TB_EDGE_EXPIRED ? NULL : tb_read(t, TB_KIND_DEVICE, e[i].b);
        if (device == NULL)
            continue;
        if (((const struct tb_device *)tb_block_head(device))->flags & TB_DEVICE_WEAK)
            put_suggestions(t, body, device, (uint32_t)b->id);
        else
            put_device(t, body, device, (uint32_t)b->id);
    }
}

enum tb_outcome tb_identity_member_get(struct tb_txn *t, const struct tb_command *cmd,
                                       struct tb_answer *a)
{
    const struct tb_cmd_member_get *in = cmd->input;
    uint32_t profile = 0;
    uint32_t person = tb_identity_who(t, &in->who, &profile, a);
    if (person == 0 && a->code == TB_CODE_ERASED) {
        a->code = TB_CODE_OK;
        person = tb_person_by_profile(t, in->who.profile);
    }
    if (person == 0)
        return TB_REFUSED;
    struct tb_block *b = tb_read(t, TB_KIND_PERSON, person);
    tb_wire_put_uint(&a->body, 1, tb_person_id(b));
    tb_wire_put_uint(&a->body, 5, tb_person_classes(t, b));
    tb_wire_put_uint(&a->body, 6, person);
    tb_wire_put_uint(&a->body, 7, profile);
    if (in->detail)
        put_detail(t, &a->body, b);
    return a->body.overflowed ? tb_refuse(a, TB_CODE_TOO_LARGE, "") : TB_DONE;
}

static void used(struct tb_store *s, enum tb_counter counter, uint64_t n)
{
    if (s->counter[counter] < n)
        s->counter[counter] = n;
}

/* The first free map key of the value: 0..3 as at run time, in whatever order blocks come. */
static void index_value(struct tb_store *s, enum tb_map_name map, uint32_t tenant, uint32_t ns,
                        const uint64_t key[2], uint32_t salt, uint64_t to)
{
    uint64_t there;
    uint64_t slot = tb_key_identifier(tenant, ns, key, salt);
    while (tb_map_get(&s->map[map], slot, &there) && there != to) {
        salt++;
        tb_assert(salt < 4);
        slot = tb_key_identifier(tenant, ns, key, salt);
    }
    tb_map_put(&s->map[map], slot, to);
}

void tb_identity_index(struct tb_core *c, struct tb_block *b)
{
    struct tb_store *s = &c->store;
    if (b->kind == TB_KIND_DEVICE) {
        const struct tb_device *d = tb_block_head(b);
        index_value(s, TB_MAP_DEVICE, d->tenant, d->ns, d->key, 0, b->id);
        used(s, TB_COUNTER_DEVICE, b->id);
        return;
    }
    tb_assert(b->kind == TB_KIND_PERSON);
    const struct tb_profile *p = tb_block_section(&s->shape[TB_KIND_PERSON], b, TB_PERSON_PROFILE);
    for (uint32_t i = 0; i < b->n[TB_PERSON_PROFILE]; i++) {
        tb_store_column_set(s, TB_COLUMN_PROFILE_PERSON, p[i].no, (uint32_t)b->id);
        used(s, TB_COUNTER_PROFILE, p[i].no);
        if (p[i].flags & TB_PROFILE_CURRENT)
            index_value(s, TB_MAP_IDENTIFIER, tb_person_of(b)->tenant, p[i].ns, p[i].key, 0,
                        p[i].no);
    }
    used(s, TB_COUNTER_PERSON, b->id);
}

/* ---- proving ------------------------------------------------------------------------------ */

struct check {
    struct tb_txn t; /* for reading */
    struct tb_audit *all;
};

static void finding(struct check *c, uint32_t person, const char *what)
{
    tb_audit_broken(c->all, "person", person, what);
}

static bool same_value(const struct tb_profile *x, const struct tb_profile *y)
{
    return x->ns == y->ns && x->key[0] == y->key[0] && x->key[1] == y->key[1];
}

static void check_profile(struct check *c, struct tb_block *b, const struct tb_profile *p,
                          uint32_t i)
{
    uint32_t person = (uint32_t)b->id;
    if (tb_person_by_profile(&c->t, p[i].no) != person)
        finding(c, person, "a profile's number leads to another person");
    if (i > 0 && p[i - 1].no >= p[i].no)
        finding(c, person, "profiles are not sorted");
    if (p[i].sealed_n != 0 && (uint32_t)p[i].sealed_at + p[i].sealed_n > b->n[TB_PERSON_BYTES])
        finding(c, person, "a sealed value lies outside its bytes");
    struct tb_found head = tb_identity_lookup(&c->t, p[i].ns, p[i].key);
    if (head.profile == 0)
        finding(c, person, "an identifier is not in the map");
    else if ((p[i].flags & TB_PROFILE_CURRENT) && head.profile != p[i].no)
        finding(c, person, "an identifier leads to another profile than its current one");
    const struct tb_namespace *ns = tb_head_of(&c->t, TB_KIND_NAMESPACE, p[i].ns);
    if (ns == NULL || ns->class_no != TB_CLASS_UNIQUE)
        return;
    for (uint32_t k = 0; k < i; k++)
        if (p[k].ns == p[i].ns && !same_value(&p[k], &p[i]) &&
            !((p[k].flags | p[i].flags) & TB_PROFILE_ERASED))
            finding(c, person, "two values of a unique namespace");
}

static void check_person(struct check *c, struct tb_block *b)
{
    const struct tb_person *head = tb_block_head(b);
    uint32_t person = (uint32_t)b->id;
    c->t.tenant = head->tenant;
    const struct tb_profile *p = tb_section(&c->t, b, TB_PERSON_PROFILE);
    uint32_t n = b->n[TB_PERSON_PROFILE];
    if (n == 0)
        finding(c, person, "no profile");
    for (uint32_t i = 0; i < n; i++)
        check_profile(c, b, p, i);
    if (n != 0 && tb_person_profile(&c->t, b, head->oldest_profile) == NULL)
        finding(c, person, "its oldest profile is not its own");
    const struct tb_edge *e = tb_section(&c->t, b, TB_PERSON_EDGE);
    for (uint32_t i = 0; i < b->n[TB_PERSON_EDGE]; i++) {
        if (e[i].flags & TB_EDGE_DEVICE)
            continue;
        uint32_t pa = tb_person_by_profile(&c->t, e[i].a);
        uint32_t pb = tb_person_by_profile(&c->t, e[i].b);
        uint32_t other = pa == person ? pb : pa;
        uint32_t at;
        struct tb_block *ob = other ? tb_read(&c->t, TB_KIND_PERSON, other) : NULL;
        if (pa != person && pb != person)
            finding(c, person, "an edge of strangers");
        else if (ob == NULL || tb_identity_edge(&c->t, ob, e[i].a, e[i].b, &at) == NULL)
            finding(c, person, "an edge whose other end does not know it");
        else if ((e[i].flags & TB_EDGE_NEVER) && pa == pb)
            finding(c, person, "two profiles that were parted by hand");
    }
}

static void count_all(struct check *c, uint32_t tenant)
{
    int64_t counts[TB_TENANT_COUNTS] = {0};
    const struct tb_tenant *head = tb_head_of(&c->t, TB_KIND_TENANT, tenant);
    for (uint64_t id = 1; id <= c->t.store->counter[TB_COUNTER_PERSON]; id++) {
        struct tb_block *b = tb_read(&c->t, TB_KIND_PERSON, id);
        if (b == NULL || tb_person_of(b)->tenant != tenant)
            continue;
        uint32_t classes = tb_person_classes(&c->t, b);
        for (uint32_t i = 0; i < TB_TENANT_COUNTS; i++)
            counts[i] += classes >> i & 1;
    }
    static const uint8_t kept[] = {TB_COUNT_PERSONS, TB_COUNT_FOLLOWERS, TB_COUNT_MEMBERS,
                                   TB_COUNT_ANONYMOUS_CARDS, TB_COUNT_FROZEN};
    for (uint32_t i = 0; i < TB_COUNT_OF(kept); i++)
        if (head->counts[kept[i]] != counts[kept[i]])
            finding(c, tenant, "(a tenant) a count differs from its persons");
}

void tb_identity_check(struct tb_audit *a)
{
    struct tb_core *core = a->core;
    struct check c = {.t = {.store = &core->store, .env = &core->env}, .all = a};
    for (uint64_t id = 1; id <= core->store.counter[TB_COUNTER_PERSON]; id++) {
        struct tb_block *b = tb_store_get(&core->store, TB_KIND_PERSON, id);
        if (b != NULL)
            check_person(&c, b);
    }
    for (uint64_t id = 1; id <= core->store.counter[TB_COUNTER_TENANT]; id++)
        if (core->store.blocks[TB_KIND_TENANT] <= 4 &&
            tb_store_get(&core->store, TB_KIND_TENANT, id) != NULL)
            count_all(&c, (uint32_t)id);
}
