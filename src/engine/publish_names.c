// SPDX-License-Identifier: Apache-2.0
/* Table member_names: tokens by which members are found (docs/design/0021).
 *
 * Invariant  a row holds tokens of the profile's present names. The row of `published` says for which
 *            choice of attributes the table is complete; when another is declared, or the table is new,
 *            every person is looked at once more.
 * A row goes with the event that takes the name or erases the profile, not with the sweep.
 * Not here: what a token is (http/names.c).                                                    */
#include "core/kinds.h"
#include "core/person.h"
#include "core/catalog/objects.h"
#include "engine/publish_int.h"

#define TOKENS_BYTES 2048u

/* ---- which attributes are names ------------------------------------------------------------------------- */

/* The same for the same set, whatever the order. */
static void count_named(struct tb_publish *p)
{
    p->names_want = 0;
    for (uint64_t id = bits_next(&p->named, 0); id != UINT64_MAX; id = bits_next(&p->named, id + 1))
        p->names_want += (id * UINT64_C(0x9E3779B97F4A7C15) >> 8) | 1;
}

static void note(struct tb_publish *p, const struct tb_block *b)
{
    const struct tb_attribute_decl *a = tb_block_head_const(b);
    if (a->is_name)
        bits_set(&p->named, b->id);
    else
        bits_clear(&p->named, b->id);
}

static bool know_attribute(void *user, const struct tb_value *v, uint32_t n)
{
    extern const struct tb_shape tb_shapes[];
    struct tb_publish *p = user;
    const struct tb_shape *shape = &tb_shapes[TB_KIND_ATTRIBUTE];
    (void)n;
    if (v[0].i64 != TB_KIND_ATTRIBUTE)
        return false;
    struct tb_block *b = tb_block_unpack(&p->pool, shape, TB_KIND_ATTRIBUTE, (uint64_t)v[1].i64, v[4].str);
    tb_assert(b != NULL); /* the cell was loaded from it */
    note(p, b);
    tb_block_destroy(&p->pool, shape, b);
    return true;
}

void publish_names_load(struct tb_publish *p)
{
    const struct tb_state_ops *ops = p->state->ops;
    struct tb_value key[2] = {{.i64 = TB_KIND_ATTRIBUTE}, {.i64 = 0}};
    if (p->named_known ||
        (p->reader == NULL && publish_failed(p, ops->reader_open(p->state, &p->reader, p->fault))))
        return;
    p->named_known = !publish_failed(
        p, ops->scan(p->reader, &p->engine[TB_TABLE_RECORD], key, know_attribute, p, p->fault));
    count_named(p);
}

void publish_names_declared(struct tb_publish *p, struct tb_block *b)
{
    publish_names_load(p);
    note(p, b);
    count_named(p);
}

/* ---- how far the table is ------------------------------------------------------------------------------- */

static bool take_have(void *user, const struct tb_value *v, uint32_t n)
{
    struct tb_publish *p = user;
    tb_assert(n == 5);
    p->names_have = (uint64_t)v[4].i64;
    return false;
}

void publish_names_start(struct tb_publish *p)
{
    struct tb_value key = {.i64 = WHAT_NAMES};
    if (p->o.names == NULL || p->answer != TB_STATE_DONE)
        return;
    publish_names_load(p);
    (void)publish_failed(p, p->state->ops->get(p->reader, &p->table[T_PUBLISHED], &key, take_have, p, p->fault));
    if (p->o.names_again && p->names_have != 0)
        p->names_have = UINT64_MAX;
    p->names_busy = p->rebuild; /* the scan that begins anyway looks at everybody */
    p->names_scanning = p->names_want;
    p->names_next = p->names_have;
}

bool publish_names_due(const struct tb_publish *p)
{
    return p->o.names != NULL && p->started && p->scan == SCAN_NONE && p->names_have != p->names_want &&
           (!p->names_busy || p->names_scanning != p->names_want);
}

void publish_names_begin(struct tb_publish *p)
{
    p->names_busy = true;
    p->names_scanning = p->names_want;
    p->scan = SCAN_PERSONS;
    p->scan_kind = TB_KIND_PERSON;
    p->scan_id = 0;
    p->scan_after = 0;
}

static void put_have(struct tb_publish *p)
{
    struct row r;
    row_begin(&r, p, T_PUBLISHED);
    row_i64(&r, WHAT_NAMES);
    row_null(&r);
    row_null(&r);
    row_i64(&r, LAYOUT);
    row_i64(&r, (int64_t)p->names_scanning);
    row_put(&r);
    p->names_next = p->names_scanning;
    p->names_put = true;
}

void publish_names_end(struct tb_publish *p)
{
    bool there = p->scan == SCAN_NONE && (p->dirty.n == 0 || p->sweeps >= p->names_sweeps);
    if (p->o.names != NULL && p->started && p->answer == TB_STATE_DONE && p->names_busy && there)
        put_have(p);
}

/* ---- rows ------------------------------------------------------------------------------------------------- */

void publish_names_drop(struct tb_publish *p, uint64_t profile)
{
    struct row r;
    row_begin(&r, p, T_MEMBER_NAMES);
    row_i64(&r, (int64_t)profile);
    row_drop(&r);
}

static void tokens_of(struct tb_publish *p, struct tb_block *b, uint32_t profile, struct tb_buf *out)
{
    const struct tb_name_port *names = p->o.names;
    const struct tb_attribute *v = section_of(b, TB_PERSON_ATTRIBUTE);
    const char *bytes = section_of(b, TB_PERSON_BYTES);
    for (uint32_t i = 0; i < b->n[TB_PERSON_ATTRIBUTE]; i++) {
        struct tb_str value = {bytes + (v[i].value >> 16), (uint32_t)(v[i].value & 0xffff)};
        if (v[i].profile == profile && (v[i].flags & TB_ATTRIBUTE_IN_BYTES) && bits_get(&p->named, v[i].attribute))
            names->tokens(names->user, tb_person_of(b)->tenant, profile, v[i].number, value, out);
    }
}

void publish_names(struct tb_publish *p, struct tb_block *b, bool full)
{
    const struct tb_profile *f = section_of(b, TB_PERSON_PROFILE);
    if (p->o.names == NULL || (p->named.n == 0 && p->names_have == 0))
        return;
    for (uint32_t i = 0; i < b->n[TB_PERSON_PROFILE]; i++) {
        uint8_t text[TOKENS_BYTES];
        struct tb_buf out;
        struct row r;
        if (!full && !bits_get(&p->renamed, f[i].no))
            continue;
        tb_buf_init(&out, text, sizeof text);
        tokens_of(p, b, f[i].no, &out);
        if (out.n == 0) {
            publish_names_drop(p, f[i].no);
            continue;
        }
        row_begin(&r, p, T_MEMBER_NAMES);
        row_i64(&r, f[i].no);
        row_i64(&r, tb_person_of(b)->tenant);
        row_text(&r, tb_buf_as_str(&out));
        row_put(&r);
    }
}
