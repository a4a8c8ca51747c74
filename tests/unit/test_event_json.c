// SPDX-License-Identifier: Apache-2.0
/* Every event of api/events.proto has a JSON form: each one, with every field set, prints as one JSON object;
 * numbers of objects leave as ids or codes; what is secret does not leave. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "border/keystore.h"
#include "engine/entry.h"
#include "events.gen.h"
#include "http/event_rules.h"
#include "http/json.h"

#define NEST_MAX 3u
#define BODY_MAX 4096u

static struct tb_app app = {.hash_key = {1, 2}};

/* A line has a product or the text of one that nobody knows. */
static bool told_otherwise(uint32_t message, const struct tb_event_field *f)
{
    bool product = false;
    for (const struct tb_event_field *x = tb_event_messages[message]; x->name != NULL; x++)
        product = product || strcmp(x->name, "product") == 0;
    return product && strcmp(f->name, "sku") == 0;
}

/* One of everything. Bounded by NEST_MAX. */
static void fill(struct tb_buf *b, uint32_t message, uint32_t nest)
{
    assert_true(nest < NEST_MAX);
    for (const struct tb_event_field *f = tb_event_messages[message]; f->name != NULL; f++) {
        uint8_t region[BODY_MAX];
        struct tb_buf inner;
        tb_buf_init(&inner, region, sizeof region);
        if (told_otherwise(message, f))
            continue;
        if (f->type == 'M') {
            fill(&inner, f->message, nest + 1);
            tb_wire_put_bytes(b, f->no, tb_buf_as_str(&inner));
        } else if (f->type == 'T' || f->type == 'X') {
            tb_wire_put_bytes(b, f->no, f->type == 'T' ? tb_str_of(f->name) : TB_STR("SECRET"));
        } else if (f->type != 'F') {
            if (f->repeated)
                tb_wire_put_bytes(b, f->no, TB_STR("\x01\x02"));
            else /* zigzag of 1 */
                tb_wire_put_uint(b, f->no, f->type == 'S' ? 2 : 1);
        }
    }
    assert_false(b->overflowed);
}

static struct tb_str print(uint32_t kind, struct tb_buf *out)
{
    static uint8_t body[BODY_MAX], event[BODY_MAX + 16], entry[BODY_MAX + 32];
    struct tb_buf b, e, all;
    struct tb_json_out o;
    struct tb_work w = {.app = &app, .tenant = 1};
    tb_buf_init(&b, body, sizeof body);
    tb_buf_init(&e, event, sizeof event);
    tb_buf_init(&all, entry, sizeof entry);
    fill(&b, tb_event_kinds[kind].message, 0);
    tb_wire_put_bytes(&e, tb_event_kinds[kind].no, tb_buf_as_str(&b));
    tb_wire_put_bytes(&all, TB_ENTRY_EVENT_FIELD, tb_buf_as_str(&e));
    struct tb_entry x = {.tenant = 1, .seq = 1, .now_ms = 1, .command = 1, .member = 1, .bytes = tb_buf_as_str(&all)};
    tb_json_out_init(&o, out);
    tb_facts_enter();
    tb_feed_print(&w, &o, &x, 1);
    tb_facts_leave();
    free(w.wants);
    assert_false(out->overflowed);
    return tb_buf_as_str(out);
}

static bool has(struct tb_str s, const char *part)
{
    size_t n = strlen(part);
    for (uint32_t i = 0; i + n <= s.n; i++)
        if (memcmp(s.p + i, part, n) == 0)
            return true;
    return false;
}

static void test_every_event(void **state)
{
    static uint8_t text[65536], memory[1u << 20];
    struct tb_json_index *index = tb_json_index_create();
    (void)state;
    assert_non_null(index);
    for (uint32_t i = 0; tb_event_kinds[i].name != NULL; i++) {
        struct tb_buf out;
        struct tb_arena a;
        struct tb_json_doc doc;
        struct tb_refusal refusal = {0};
        char type[80];
        tb_buf_init(&out, text, sizeof text);
        tb_arena_init(&a, memory, sizeof memory);
        struct tb_str json = print(i, &out);
        if (!tb_json_parse(index, json, sizeof text, &a, &doc, &refusal))
            fail_msg("%s: %.*s", tb_event_kinds[i].name, (int)json.n, json.p);
        (void)snprintf(type, sizeof type, "\"type\":\"%s\"", tb_event_kinds[i].name);
        if (!has(json, type) || has(json, "SECRET"))
            fail_msg("%s prints as %.*s", tb_event_kinds[i].name, (int)json.n, json.p);
    }
    tb_json_index_destroy(index);
}

/* Fields that hold the number of something, by name. */
static const char *const references[] = {
    "profile",     "offer",       "campaign",    "unit",          "coupon",      "basket",     "order",
    "hold",        "transfer",    "store",       "product",       "touchpoint",  "associate",  "game",
    "packet",      "rule",        "scheme",      "ns",            "purpose",     "attribute",  "lot",
    "budget",      "gift_unit",   "gift_product", "coupon_unit",  "budget_unit", "coupon_profile",
    "seat",        "id",          "person",      "tenant",        "salt",        "binding",    "package",
    "set",         "serial",      "batch"};

static void test_no_bare_numbers(void **state)
{
    (void)state;
    for (uint32_t m = 0; tb_event_message_names[m] != NULL; m++)
        for (const struct tb_event_field *f = tb_event_messages[m]; f->name != NULL; f++) {
            char as[48];
            bool reference = false;
            for (uint32_t i = 0; i < TB_COUNT_OF(references); i++)
                reference = reference || strcmp(f->name, references[i]) == 0;
            struct tb_feed_rule r = tb_feed_rule_of(m, f, as);
            bool named = r.meaning == TB_FEED_ID || r.meaning == TB_FEED_CODE_OF || r.meaning == TB_FEED_HIDDEN ||
                         r.meaning == TB_FEED_PLACE;
            if (reference && (f->type == 'U' || f->type == 'S') && !named)
                fail_msg("%s.%s leaves as a number of ours", tb_event_message_names[m], f->name);
        }
}

/* Words: every number of an enumeration that a rule names prints as one. */
static void test_words(void **state)
{
    (void)state;
    for (uint32_t m = 0; tb_event_message_names[m] != NULL; m++)
        for (const struct tb_event_field *f = tb_event_messages[m]; f->name != NULL; f++) {
            char as[48];
            struct tb_feed_rule r = tb_feed_rule_of(m, f, as);
            if (r.meaning != TB_FEED_WORD && r.meaning != TB_FEED_BITS)
                continue;
            struct tb_feed_words words = tb_feed_words_of(r.what);
            assert_true(words.n > 1 && words.word[words.n - 1] != NULL);
        }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_event),
        cmocka_unit_test(test_no_bare_numbers),
        cmocka_unit_test(test_words),
    };
    char folder[] = "/tmp/event_json_XXXXXX", command[64];
    struct tb_fault fault = {.text = "?"};
    if (mkdtemp(folder) == NULL || tb_keystore_open(folder, 0, &app.vault.keys, &fault) != TB_KEYSTORE_DONE)
        return 1;
    app.facts = tb_facts_create();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    tb_facts_destroy(app.facts);
    tb_keystore_close(app.vault.keys);
    (void)snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command) != 0 ? 1 : failed;
}
