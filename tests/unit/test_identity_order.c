// SPDX-License-Identifier: Apache-2.0
/* Any order of the same evidence gives the same persons.
 *
 * A history is up to 12 contacts with up to 4 identifiers out of small pools: unique values
 * that conflict, phones that change hands with and without silence, limits, unverified and
 * late evidence. It is played in its own order, then shuffled with duplicates; after each:
 *   - stored persons are exactly those that solving the whole set of evidence gives
 *     (incremental = rebuild), and those are the same for every order;
 *   - playing all contacts once more changes no person, and then writes nothing: evidence
 *     that came before a number's change of hands was known moves to its own profile once;
 *   - contacts that belong to one person in one order do so in every order;
 *   - no person has two values of a unique namespace, or more than a limit.
 * A failing history is printed with its seed:  test_identity_order SEED [HISTORIES]       */
#include "core_fixture.h"

#include "core/identity/component.h"

#define CONTACTS_MAX 12u
#define NAMESPACES 6u
#define SHUFFLES 4u

static const char *const ns_code[NAMESPACES] = {"unionid", "alipay", "phone",
                                                "email",   "card",   "erp_id"};
static const uint32_t pool_size[NAMESPACES] = {3, 2, 4, 3, 4, 2};

struct contact {
    uint32_t n;
    struct {
        uint8_t ns;
        uint8_t value;
        bool verified;
    } id[4];
    int64_t at_ms;
};

struct history {
    uint64_t seed;
    uint32_t n;
    struct contact contact[CONTACTS_MAX];
};

struct cell {
    struct fx *f;
    uint32_t ns[NAMESPACES];
    uint64_t world; /* makes the values of each playing their own */
};

static uint64_t next(uint64_t *seed)
{
    *seed += UINT64_C(0x9e3779b97f4a7c15);
    return tb_mix(*seed);
}

static uint32_t below(uint64_t *seed, uint32_t n)
{
    return (uint32_t)(next(seed) % n);
}

static void make_history(struct history *h, uint64_t seed)
{
    uint64_t s = seed;
    h->seed = seed;
    h->n = 2 + below(&s, CONTACTS_MAX - 1);
    uint32_t flavour = below(&s, 4); /* 0: anything; 1: phones and unions; 2: cards; 3: close in time */
    for (uint32_t i = 0; i < h->n; i++) {
        struct contact *c = &h->contact[i];
        c->n = 1 + below(&s, flavour == 1 ? 3 : 4);
        for (uint32_t k = 0; k < c->n; k++) {
            static const uint8_t often[2][4] = {{0, 2, 2, 1}, {4, 4, 3, 0}};
            c->id[k].ns = flavour == 1 || flavour == 2 ? often[flavour - 1][below(&s, 4)]
                                                       : (uint8_t)below(&s, NAMESPACES);
            c->id[k].value = (uint8_t)below(&s, pool_size[c->id[k].ns]);
            c->id[k].verified = below(&s, 3) != 0;
        }
        int64_t day = flavour == 3 ? below(&s, 5) : below(&s, 12) * 50 + below(&s, 3);
        c->at_ms = FX_NOW - 1000 * FX_DAY + day * FX_DAY + below(&s, 4) * 1000;
    }
}

static struct tb_identifier identifier(const struct cell *c, uint32_t ns, uint32_t value,
                                       bool verified)
{
    /* the first half is the same for all values of a world, so their order is the second's */
    return (struct tb_identifier){.ns = c->ns[ns],
                                  .verified = verified,
                                  .key = {c->world, tb_mix(value * 8 + ns + 1)}};
}

static void play(struct cell *c, const struct contact *x)
{
    struct tb_identifier ids[4];
    for (uint32_t i = 0; i < x->n; i++)
        ids[i] = identifier(c, x->id[i].ns, x->id[i].value, x->id[i].verified);
    (void)fx_contact(c->f, ids, x->n, x->at_ms);
}

static void print_history(const struct history *h, const struct contact *order, uint32_t n)
{
    fprintf(stderr, "repeat with: test_identity_order %llu 1\n", (unsigned long long)h->seed);
    for (uint32_t i = 0; i < n; i++) {
        fprintf(stderr, "  day %lld.%lld:", (long long)((order[i].at_ms - FX_NOW) / FX_DAY + 1000),
                (long long)(order[i].at_ms / 1000 % 10));
        for (uint32_t k = 0; k < order[i].n; k++)
            fprintf(stderr, " %s/%u%s", ns_code[order[i].id[k].ns], order[i].id[k].value,
                    order[i].id[k].verified ? "!" : "");
        fprintf(stderr, "\n");
    }
}

/* ---- the canonical form ----------------------------------------------------------------- */

struct form {
    char text[8192];
    size_t n;
};

TB_PRINTF(2, 0)
static void add_list(struct form *form, const char *fmt, va_list list)
{
    form->n += (size_t)vsnprintf(form->text + form->n, sizeof form->text - form->n, fmt, list);
    assert_true(form->n < sizeof form->text);
}

TB_PRINTF(2, 3)
static void add(struct form *form, const char *fmt, ...)
{
    va_list list;
    va_start(list, fmt);
    add_list(form, fmt, list);
    va_end(list);
}

static const char *rules_hold(const struct tb_graph *g)
{
    for (uint32_t r = 0; r < g->tenure_n; r++) {
        for (uint32_t x = r; g->tenure[r].root == r && x != TB_GRAPH_NONE; x = g->tenure[x].next)
            for (uint32_t y = g->tenure[x].next; y != TB_GRAPH_NONE; y = g->tenure[y].next) {
                const struct tb_graph_value *vx = &g->value[g->group[g->tenure[x].group].value];
                const struct tb_graph_value *vy = &g->value[g->group[g->tenure[y].group].value];
                if (vx->ns == vy->ns && vx != vy && g->ns[vx->ns].unique)
                    return "two values of a unique namespace";
            }
    }
    return NULL;
}

/* Tenures in canonical order with the number of their person by first appearance. */
static const char *canonical(struct cell *c, struct form *form)
{
    struct tb_txn *t = &c->f->txn;
    t->tenant = c->f->tenant;
    tb_arena_reset(t->scratch);
    struct tb_component k;
    tb_component_init(&k, t);
    for (uint32_t ns = 0; ns < NAMESPACES; ns++)
        for (uint32_t v = 0; v < pool_size[ns]; v++) {
            struct tb_identifier id = identifier(c, ns, v, true);
            struct tb_found found = tb_identity_lookup(t, id.ns, id.key);
            if (found.p != NULL)
                tb_component_add_value(&k, found.p);
        }
    tb_component_close(&k);
    assert_int_equal(k.state, TB_COMPONENT_OK);
    assert_true(tb_graph_solve(&k.g));
    const struct tb_graph *g = &k.g;
    uint32_t number[128] = {0};
    uint32_t numbers = 0;
    assert_true(g->tenure_n < 128);
    for (uint32_t i = 0; i < g->tenure_n; i++) {
        const struct tb_graph_tenure *x = &g->tenure[i];
        const struct tb_graph_value *v = &g->value[g->group[x->group].value];
        const struct tb_graph_value *anchor = x->anchor == TB_GRAPH_NONE ? NULL : &g->value[x->anchor];
        if (number[x->root] == 0)
            number[x->root] = ++numbers;
        add(form, "%u:%llx@%lld", g->ns[v->ns].id,
            (unsigned long long)g->element[g->order[v->element]].key[1],
            (long long)(x->start_ms / 1000));
        add(form, "(%llx)=%u%c ",
            anchor ? (unsigned long long)g->element[g->order[anchor->element]].key[1] : 0,
            number[x->root], v->hot ? '!' : '.');
    }
    for (uint32_t i = 0; i < g->element_n; i++)
        for (uint32_t j = 0; j < i; j++) {
            bool stored = g->element[i].person == g->element[j].person;
            bool solved = g->tenure[g->element[i].tenure].root == g->tenure[g->element[j].tenure].root;
            if (stored != solved)
                return "incremental differs from rebuild";
        }
    return rules_hold(g);
}

static const char *again(struct cell *c, const struct history *h, struct form *form)
{
    uint32_t person[CONTACTS_MAX];
    uint32_t number[CONTACTS_MAX];
    for (uint32_t i = 0; i < h->n; i++) {
        play(c, &h->contact[i]);
        if (c->f->event_bytes != 0) {
            c->f->txn.events.n = c->f->event_bytes;
            struct tb_str list = tb_buf_as_str(&c->f->txn.events);
            uint32_t type;
            struct tb_str body;
            bool bad;
            while (tb_event_next(&list, &type, &body, &bad))
                fprintf(stderr, "contact %u wrote %s\n", i, tb_event_name(type));
            return "evidence that is known already wrote events";
        }
        person[i] = fx_person_no(c->f, fx_uint(c->f, 2, 0));
        number[i] = i;
        for (uint32_t k = 0; k < i; k++)
            if (person[k] == person[i]) {
                number[i] = k;
                break;
            }
        add(form, "%u ", number[i]);
    }
    return NULL;
}

static void verify(struct cell *c, const struct history *h, const struct contact *order, uint32_t n,
                   struct form *form)
{
    struct form before;
    before.n = form->n = 0;
    const char *wrong = canonical(c, &before);
    for (uint32_t i = 0; i < h->n; i++)
        play(c, &h->contact[i]);
    if (wrong == NULL)
        wrong = canonical(c, form);
    if (wrong == NULL && (before.n != form->n || memcmp(before.text, form->text, form->n) != 0))
        wrong = "the same evidence once more changed persons";
    if (wrong == NULL)
        wrong = again(c, h, form);
    if (wrong != NULL) {
        print_history(h, order, n);
        fail_msg("%s", wrong);
    }
}

static void run_history(struct cell *c, uint64_t seed)
{
    struct history h;
    struct form first;
    struct form other;
    make_history(&h, seed);
    c->world++;
    for (uint32_t i = 0; i < h.n; i++)
        play(c, &h.contact[i]);
    verify(c, &h, h.contact, h.n, &first);
    uint64_t s = seed ^ 77;
    for (uint32_t shuffle = 0; shuffle < SHUFFLES; shuffle++) {
        struct contact order[CONTACTS_MAX * 2];
        uint32_t n = 0;
        for (uint32_t i = 0; i < h.n; i++) {
            order[n++] = h.contact[i];
            if (below(&s, 3) == 0)
                order[n++] = h.contact[i];
        }
        for (uint32_t i = n - 1; i > 0; i--) {
            uint32_t k = shuffle == 0 ? i - i / 2 : below(&s, i + 1);
            struct contact keep = order[i];
            order[i] = order[k];
            order[k] = keep;
        }
        c->world++;
        for (uint32_t i = 0; i < n; i++)
            play(c, &order[i]);
        verify(c, &h, order, n, &other);
        if (first.n != other.n || memcmp(first.text, other.text, first.n) != 0) {
            print_history(&h, h.contact, h.n);
            fprintf(stderr, "played as:\n");
            print_history(&h, order, n);
            fail_msg("other persons:\n%s\n%s", first.text, other.text);
        }
    }
}

static struct cell new_cell(uint64_t world)
{
    struct cell c = {.f = fx_new(), .world = world};
    /* a unique namespace needs no limit to stay unique */
    fx_namespace(c.f, "unionid", TB_CLASS_UNIQUE, 2, 0, 0, 0);
    fx_namespace(c.f, "alipay", TB_CLASS_UNIQUE, 5, 0, 0, 0);
    fx_namespace(c.f, "erp_id", TB_CLASS_UNIQUE, 1, 0, 0, 0);
    fx_namespace(c.f, "phone", TB_CLASS_STRONG, 3, 2, 365, 90);
    fx_namespace(c.f, "email", TB_CLASS_STRONG, 4, 5, 365, 0);
    fx_namespace(c.f, "card", TB_CLASS_STRONG, 7, 2, 100, 200);
    for (uint32_t i = 0; i < NAMESPACES; i++)
        c.ns[i] = fx_code(c.f, TB_KIND_NAMESPACE, ns_code[i]);
    return c;
}

static uint64_t first_seed = 1;
static uint32_t histories = 3000;

static void test_order_does_not_matter(void **state)
{
    (void)state;
    struct cell c = new_cell(1);
    for (uint32_t i = 0; i < histories; i++) {
        run_history(&c, first_seed + i);
        if (i % 500 == 499) {
            uint64_t world = c.world;
            fx_free(c.f);
            c = new_cell(world);
        }
    }
    fx_free(c.f);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        first_seed = strtoull(argv[1], NULL, 10);
    if (argc > 2)
        histories = (uint32_t)strtoul(argv[2], NULL, 10);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_order_does_not_matter)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
