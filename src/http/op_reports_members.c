// SPDX-License-Identifier: Apache-2.0
/* http/op_reports_members.c - lists of members, and members found by name.
 *
 * A name is looked for by tokens (names.h); what comes back of it is masked, opened from the copy of
 * the cell for those on the page alone. Where the keys are gone there is neither.
 * Limits      tables of persons are read whole, member_names too when a name is asked for.      */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/person.h"
#include "http/names.h"
#include "http/report.h"

#define WHERE_BYTES 1280u
#define QUERY_BYTES 96u
#define PAGE_MAX 200u

/* ---- found by name -------------------------------------------------------------------------------------------- */

/* Appends what "q" asks for; false without it, or when it says too little (then it is refused). */
static bool named(struct tb_report *r, char *to, size_t cap)
{
    uint8_t blind[TB_BLIND_KEY_BYTES];
    char token[TB_NAME_QUERY_FORMS_MAX][TB_NAME_TOKEN_BYTES + 1];
    struct tb_str q = tb_call_query_str(r->call, TB_STR("q"), QUERY_BYTES);
    if (q.n == 0)
        return false;
    tb_keystore_blind_key(r->app->o.keys, r->tenant, blind);
    uint32_t n = tb_names_query(blind, q, token);
    if (n == 0) {
        tb_refusal_set(&r->call->refusal, TB_PROBLEM_INVALID_VALUE, "q",
                       "A Chinese character or two letters at least.");
        return false;
    }
    int at = snprintf(to, cap, " AND p.erased = 0 AND p.person IN (SELECT f.person FROM member_names m "
                      "JOIN profiles f ON f.profile = m.profile WHERE m.tenant = %u", r->tenant);
    for (uint32_t i = 0; i < n; i++)
        at += snprintf(to + at, cap - (size_t)at, " AND m.tokens LIKE '%% %s%%'", token[i]);
    at += snprintf(to + at, cap - (size_t)at, ")");
    tb_assert(at > 0 && (size_t)at < cap);
    return true;
}

struct sealed_name {
    uint32_t profile;
    uint32_t number; /* 0: it stands open */
    uint32_t n;
    uint8_t bytes[TB_PERSONAL_MAX + TB_SEAL_OVERHEAD];
};

struct page {
    uint32_t tenant;
    uint32_t n;
    int64_t kept[PAGE_MAX][2]; /* person; member, her id */
    struct sealed_name name[PAGE_MAX];
};

/* The better source, then the newer; a removed one is none. */
static bool counts_more(const struct tb_attribute *a, const struct tb_attribute *b)
{
    return b == NULL || (a->source != b->source ? a->source < b->source : a->at_s > b->at_s);
}

static void copy_name(struct tb_core *core, const struct page *x, uint32_t i, struct sealed_name *out)
{
    uint64_t person = (uint64_t)x->kept[i][0];
    struct tb_block *b = (struct tb_block *)(uintptr_t)tb_store_get(&core->store, TB_KIND_PERSON, person);
    const struct tb_attribute *best = NULL;
    if (b == NULL || tb_person_of(b)->tenant != x->tenant)
        return;
    const struct tb_shape *shape = &core->store.shape[TB_KIND_PERSON];
    const struct tb_attribute *v = tb_block_section(shape, b, TB_PERSON_ATTRIBUTE);
    const char *bytes = tb_block_section(shape, b, TB_PERSON_BYTES);
    for (uint32_t k = 0; k < b->n[TB_PERSON_ATTRIBUTE]; k++) {
        const struct tb_block *decl = tb_store_get(&core->store, TB_KIND_ATTRIBUTE, v[k].attribute);
        const struct tb_attribute_decl *d = decl ? tb_block_head_const(decl) : NULL;
        if (d != NULL && d->is_name && (v[k].flags & TB_ATTRIBUTE_IN_BYTES) && counts_more(&v[k], best))
            best = &v[k];
    }
    uint32_t n = best ? (uint32_t)(best->value & 0xffff) : 0;
    if (n == 0 || n > sizeof out->bytes)
        return;
    *out = (struct sealed_name){.profile = best->profile, .number = best->number, .n = n};
    memcpy(out->bytes, bytes + (best->value >> 16), n);
}

/* On the cell's thread, between two batches. */
static void copy_names(struct tb_core *core, void *user)
{
    struct page *x = user;
    for (uint32_t i = 0; i < x->n; i++)
        copy_name(core, x, i, &x->name[i]);
}

/* The first character, and a star for each of the others, three at most. */
static void mask_name(struct tb_buf *out, struct tb_str name)
{
    uint32_t at = 0;
    if (name.n > 0)
        (void)tb_utf8_next(name, &at);
    tb_buf_put(out, name.p, at);
    for (uint32_t stars = 0; at < name.n && stars < 3; stars++) {
        (void)tb_utf8_next(name, &at);
        tb_buf_byte(out, '*');
    }
}

static void out_name(struct tb_report *r, const struct page *x, uint32_t i)
{
    uint8_t plain[TB_PERSONAL_MAX + TB_SEAL_OVERHEAD], text[16];
    const struct sealed_name *s = &x->name[i];
    struct tb_str sealed = {(const char *)s->bytes, s->n};
    struct tb_buf b, masked;
    char id[TB_ID_BYTES];
    tb_buf_init(&b, plain, sizeof plain);
    if (s->number == 0)
        tb_buf_str(&b, sealed);
    else if (!tb_vault_open(&r->app->vault, x->tenant, s->profile, s->number, sealed, &b))
        return;
    tb_buf_init(&masked, text, sizeof text);
    mask_name(&masked, tb_buf_as_str(&b));
    tb_id_print(&r->app->hash_key, TB_ID_MEMBER, x->tenant, (uint64_t)x->kept[i][1], id);
    tb_json_out_open(&r->o, '{');
    tb_json_out_key_str(&r->o, "id", (struct tb_str){id, sizeof id});
    tb_json_out_key_str(&r->o, "name", tb_buf_as_str(&masked));
    tb_json_out_close(&r->o, '}');
}

/* The page that the items' rows are kept on. */
static struct page *page_begin(struct tb_report *r)
{
    struct page *x = calloc(1, sizeof *x);
    tb_assert(x != NULL);
    x->tenant = r->tenant;
    r->kept = x->kept[0];
    r->kept_max = 2 * PAGE_MAX;
    return x;
}

/* "names": of those on the page, masked. */
static void names(struct tb_report *r, struct page *x)
{
    x->n = r->kept_n / 2;
    r->kept = NULL;
    r->failed = r->failed || !tb_cell_call(r->app->cell, copy_names, x);
    tb_json_out_key_open(&r->o, "names", '[');
    for (uint32_t i = 0; i < x->n && !r->failed; i++)
        if (x->name[i].n > 0)
            out_name(r, x, i);
    tb_json_out_close(&r->o, ']');
    free(x);
}

/* ---- the list ------------------------------------------------------------------------------------------------- */

static const char *const classes[] = {"all",       "member", "prospect",  "buyer",  "regular",
                                      "follower",  "frozen", "anonymous", "merged", NULL};
static const char *const class_sql[] = {
    "1 = 1",
    "p.enrolled_ms > 0",
    "coalesce(p.orders, 0) = 0",
    "p.orders > 0",
    "n.regular_orders > 0 AND p.orders >= n.regular_orders",
    "p.follower = 1",
    "p.frozen = 1",
    "p.anonymous_card = 1",
    "p.profiles > 1"};
static const char *const sorts[] = {"seen", "spend", "orders", "joined", "points", NULL};
static const char *const sort_sql[] = {"p.last_seen_ms DESC, coalesce(p.last_order_ms, 0) DESC", "p.spend DESC",
                                       "p.orders DESC", "p.enrolled_ms DESC", "coalesce(b.points, 0) DESC"};

void tb_report_members(struct tb_report *r)
{
    char store[TB_CODE_MAX + 3], associate[TB_CODE_MAX + 3], tier[TB_CODE_MAX + 3], where[WHERE_BYTES];
    uint32_t class = tb_report_word(r, "class", classes);
    uint32_t sort = tb_report_word(r, "sort", sorts);
    int64_t after = tb_report_after(r), limit = tb_report_limit(r);
    const uint32_t t = r->tenant;
    tb_report_chosen(r, "store", store);
    tb_report_chosen(r, "associate", associate);
    tb_report_chosen(r, "tier", tier);
    int n = snprintf(where, sizeof where, "%s", class_sql[class]);
    if (store[1] != '\'')
        n += snprintf(where + n, sizeof where - (size_t)n, " AND s.code = %s", store);
    if (tier[1] != '\'')
        n += snprintf(where + n, sizeof where - (size_t)n, " AND l.code = %s", tier);
    if (associate[1] != '\'')
        n += snprintf(where + n, sizeof where - (size_t)n,
                       " AND p.person IN (SELECT f.person FROM orders o JOIN associates a ON a.associate = o.associate "
                       "JOIN profiles f ON f.profile = o.profile WHERE a.tenant = %u AND a.code = %s)", t, associate);
    struct page *page = named(r, where + n, sizeof where - (size_t)n) ? page_begin(r) : NULL;
    static const char from[] = "FROM persons p JOIN tenants n ON n.tenant = p.tenant "
                               "LEFT JOIN stores s ON s.store = p.last_store "
                               "LEFT JOIN tiers l ON l.scheme = p.tier_scheme AND l.tier = p.tier ";
    tb_report_as_of(r);
    tb_report_columns(r, "SELECT count(*) AS total %s WHERE p.tenant = %u AND %s", from, t, where);
    tb_report_rows(r, "items",
         "SELECT p.person AS \"person$k\", p.member AS \"member$k\", "
         "p.member AS \"id$m\", p.profiles AS identifiers, p.enrolled_ms AS \"joined_at$t\", "
         "p.follower AS \"follower$b\", p.anonymous_card AS \"anonymous$b\", p.frozen AS \"frozen$b\", "
         "p.erased AS \"erased$b\", p.orders AS orders, p.spend AS spend, p.visits AS visits, "
         "p.first_seen_ms AS \"first_seen$t\", p.last_seen_ms AS \"last_seen$t\", "
         "p.last_order_ms AS \"last_order_at$t\", "
         "l.code AS \"tier$s\", l.name AS \"tier_name$s\", s.code AS \"store$s\", s.name AS \"store_name$s\", "
         "coalesce(b.points, 0) AS points %s"
         "LEFT JOIN (SELECT person, sum(available) AS points FROM balances WHERE unit = "
         "(SELECT min(unit) FROM units WHERE tenant = %u AND kind = 0) GROUP BY person) b ON b.person = p.person "
         "WHERE p.tenant = %u AND %s ORDER BY %s, p.person DESC LIMIT %lld OFFSET %lld",
         from, t, t, where, sort_sql[sort], (long long)limit, (long long)after);
    if (page != NULL)
        names(r, page);
}
