// SPDX-License-Identifier: Apache-2.0
/* http/event_json.c - see event_json.h. */
#include "http/event_json.h"

#include <ctype.h>
#include <string.h>

#include "http/app_int.h"

#define DEPTH_MAX 3u

enum meaning { PLAIN = 0, HIDDEN, ID, CODE_OF, MS, SECONDS, DAY, WORD };
enum vocabulary { VERDICT = 0, SCENE, VERB };

struct rule {
    const char *name;
    enum meaning meaning;
    uint32_t what; /* enum tb_id_kind or enum tb_kind */
    const char *as;
};

static const struct rule rules[] = {
    {"profile", ID, TB_ID_MEMBER, "member"},
    {"a", ID, TB_ID_MEMBER, "a"},
    {"b", ID, TB_ID_MEMBER, "b"},
    {"more", ID, TB_ID_MEMBER, "more"},
    {"ring", HIDDEN, 0, NULL},
    {"anchor", ID, TB_ID_MEMBER, "anchor"},
    {"subject_profile", ID, TB_ID_MEMBER, "subject"},
    {"order", ID, TB_ID_ORDER, "order"},
    {"hold", ID, TB_ID_HOLD, "hold"},
    {"transfer", ID, TB_ID_TRANSFER, "transfer"},
    {"reverses", ID, TB_ID_TRANSFER, "reverses"},
    {"return_no", ID, TB_ID_RETURN, "return_id"},
    {"device", ID, TB_ID_DEVICE, "device"},
    {"lot", ID, TB_ID_LOT, "lot"},
    {"unit", CODE_OF, TB_KIND_UNIT, "unit"},
    {"store", CODE_OF, TB_KIND_STORE, "store"},
    {"associate", CODE_OF, TB_KIND_ASSOCIATE, "associate"},
    {"touchpoint", CODE_OF, TB_KIND_TOUCHPOINT, "touchpoint"},
    {"product", CODE_OF, TB_KIND_PRODUCT, "sku"},
    {"rule", CODE_OF, TB_KIND_RULE, "rule"},
    {"scheme", CODE_OF, TB_KIND_TIER_SCHEME, "scheme"},
    {"ns", CODE_OF, TB_KIND_NAMESPACE, "ns"},
    {"purpose", CODE_OF, TB_KIND_PURPOSE, "purpose"},
    {"attribute", CODE_OF, TB_KIND_ATTRIBUTE, "attribute"},
    {"game", CODE_OF, TB_KIND_GAME, "game"},
    {"cost_unit", CODE_OF, TB_KIND_UNIT, "cost_unit"},
    {"packet", ID, TB_ID_PACKET, "packet"},
    {"goods", CODE_OF, TB_KIND_GOODS, "goods"},
    {"exchange", ID, TB_ID_EXCHANGE, "exchange"},
    {"gives", CODE_OF, TB_KIND_UNIT, "gives"},
    {"coupon_lot", ID, TB_ID_COUPON, "coupons"},
    {"stock_unit", HIDDEN, 0, NULL},
    {"prev", HIDDEN, 0, NULL},
    {"won_lot", ID, TB_ID_LOT, "lot"},
    {"secret", HIDDEN, 0, NULL},
    {"seat", HIDDEN, 0, NULL},
    {"cleared", HIDDEN, 0, NULL},
    {"runs_from", HIDDEN, 0, NULL},
    {"milestones_from", HIDDEN, 0, NULL},
    {"period_start", DAY, 0, "period_start"},
    {"milestone_day", DAY, 0, "milestone_day"},
    {"person", HIDDEN, 0, NULL},
    {"salt", HIDDEN, 0, NULL},
    {"id", HIDDEN, 0, NULL},
    {"tenant", HIDDEN, 0, NULL},
    {"purpose_id", HIDDEN, 0, NULL},
    {"actor", HIDDEN, 0, NULL},
    {"value", HIDDEN, 0, NULL}, /* of an attribute: ask for the member */
    {"day", DAY, 0, "day"},
    {"earned_day", DAY, 0, "earned_on"},
    {"sale_day", DAY, 0, "sale_day"},
    {"cap_start", HIDDEN, 0, NULL},
    {"cap", HIDDEN, 0, NULL},
    {"at_s", SECONDS, 0, "at"},
    {"until_s", SECONDS, 0, "until"},
    {"batch", CODE_OF, TB_KIND_CODE_BATCH, "batch"},
    {"serial", HIDDEN, 0, NULL}, /* the code says it */
    {"parent_batch", HIDDEN, 0, NULL},
    {"parent_serial", HIDDEN, 0, NULL},
    {"new_batch", HIDDEN, 0, NULL},
    {"new_serial", HIDDEN, 0, NULL},
    {"set", HIDDEN, 0, NULL},
    {"firsts", HIDDEN, 0, NULL},
    {"verdict", WORD, VERDICT, "verdict"},
    {"scene", WORD, SCENE, "scene"},
    {"verb", WORD, VERB, "verb"},
};

/* A batch and a serial of the same message are a code. */
static const struct {
    const char *batch, *serial, *as;
} pairs[] = {{"batch", "serial", "code"},
             {"parent_batch", "parent_serial", "parent"},
             {"new_batch", "new_serial", "new_code"}};

static struct rule rule_of(const struct tb_event_field *f, char as[48])
{
    for (uint32_t i = 0; i < TB_COUNT_OF(rules); i++)
        if (strcmp(rules[i].name, f->name) == 0)
            return rules[i];
    size_t n = strnlen(f->name, 40);
    memcpy(as, f->name, n + 1);
    if (n > 3 && strcmp(f->name + n - 3, "_ms") == 0) {
        memcpy(as + n - 3, "_at", 4);
        return (struct rule){f->name, MS, 0, strcmp(f->name, "at_ms") == 0 ? "at" : as};
    }
    return (struct rule){f->name, PLAIN, 0, f->name};
}

static void out_cause(struct tb_json_out *o, const char *key, uint64_t v)
{
    static const char *const causes[] = {NULL,     "earn",   "clawback", "spend",   "refund",
                                         "expire", "adjust", "cross",    "transfer"};
    tb_out_word(o, key, causes, TB_COUNT_OF(causes), v);
}

static void out_vocabulary(struct tb_json_out *o, const char *key, uint32_t which, uint64_t v)
{
    static const struct {
        const char *const *words;
        uint32_t n;
    } all[] = {[VERDICT] = {tb_words_scan, TB_SCAN_VERDICTS},
               [SCENE] = {tb_words_scene, TB_CODE_SCENES},
               [VERB] = {tb_words_code_verb, 5}};
    tb_out_word(o, key, all[which].words, all[which].n, v);
}

/* One value; key NULL inside an array. */
static void out_number(struct tb_work *w, struct tb_json_out *o, const struct rule *r,
                       const char *key, int64_t v)
{
    char text[TB_ID_BYTES];
    if (r->meaning == ID) {
        if (v <= 0)
            return;
        if (key != NULL)
            tb_json_out_key(o, key);
        tb_id_print(&w->app->hash_key, (enum tb_id_kind)r->what, w->tenant, (uint64_t)v, text);
        tb_json_out_str(o, (struct tb_str){text, sizeof text});
    } else if (key == NULL) {
        tb_json_out_i64(o, v);
    } else if (r->meaning == CODE_OF) {
        tb_out_code(w, o, key, (enum tb_kind)r->what, (uint64_t)v);
    } else if (r->meaning == MS || r->meaning == SECONDS) {
        tb_out_time(o, key, r->meaning == MS ? v : v * 1000);
    } else if (r->meaning == DAY) {
        tb_json_out_key(o, key);
        tb_json_out_date(o, (int32_t)v);
    } else if (r->meaning == WORD) {
        out_vocabulary(o, key, r->what, (uint64_t)v);
    } else if (strcmp(key, "cause") == 0) {
        out_cause(o, key, (uint64_t)v);
    } else {
        tb_json_out_key_i64(o, key, v);
    }
}

static void out_message(struct tb_work *w, struct tb_json_out *o, uint32_t message,
                        struct tb_str body, uint32_t depth);

/* The numbers of a packed field, walked as a message of its own would not be. */
static void out_packed(struct tb_work *w, struct tb_json_out *o, const struct rule *r, struct tb_str s)
{
    uint64_t v = 0;
    uint32_t shift = 0;
    for (uint32_t i = 0; i < s.n && shift < 64; i++) {
        v |= (uint64_t)((uint8_t)s.p[i] & 127) << shift;
        shift += 7;
        if ((uint8_t)s.p[i] < 128) {
            out_number(w, o, r, NULL, (int64_t)v);
            v = 0;
            shift = 0;
        }
    }
}

static void out_one(struct tb_work *w, struct tb_json_out *o, const struct tb_event_field *f,
                    const struct tb_wire *x, uint32_t depth)
{
    char as[48];
    struct rule r = rule_of(f, as);
    if (f->type == 'X' || f->type == 'F' || (r.meaning == HIDDEN && f->type != 'T'))
        return;
    if (f->type == 'M') {
        out_message(w, o, f->message, x->s, depth + 1);
    } else if (f->type == 'T') {
        if (r.meaning == HIDDEN && strcmp(f->name, "value") != 0)
            return;
        tb_json_out_key_str(o, f->name, x->s);
    } else if (f->type == 'B') {
        tb_json_out_key_bool(o, r.as, x->v != 0);
    } else {
        out_number(w, o, &r, r.as, f->type == 'S' ? tb_unzigzag(x->v) : (int64_t)x->v);
    }
}

static const struct tb_event_field *field_of(uint32_t message, uint32_t no)
{
    const struct tb_event_field *f = tb_event_messages[message];
    while (f->name != NULL && f->no != no)
        f++;
    return f->name ? f : NULL;
}

static void out_list(struct tb_work *w, struct tb_json_out *o, const struct tb_event_field *f,
                     struct tb_str body, uint32_t depth)
{
    char as[48];
    struct rule r = rule_of(f, as);
    struct tb_wire x = tb_wire_of(body);
    if (r.meaning == HIDDEN)
        return;
    tb_json_out_key(o, f->type == 'M' ? f->name : r.as);
    tb_json_out_open(o, '[');
    while (tb_wire_step(&x)) {
        if (x.field != f->no)
            continue;
        if (f->type == 'M')
            out_message(w, o, f->message, x.s, depth + 1);
        else
            out_packed(w, o, &r, x.s);
    }
    tb_json_out_close(o, ']');
}

static uint32_t number_of(uint32_t message, const char *name)
{
    const struct tb_event_field *f = tb_event_messages[message];
    while (f->name != NULL && strcmp(f->name, name) != 0)
        f++;
    return f->name ? f->no : 0;
}

/* Serial 0 is not on the wire: a code is printed when its batch is there. */
static void out_item_codes(struct tb_work *w, struct tb_json_out *o, uint32_t message, struct tb_str body)
{
    for (uint32_t i = 0; i < TB_COUNT_OF(pairs); i++) {
        uint32_t batch = number_of(message, pairs[i].batch);
        uint32_t serial = number_of(message, pairs[i].serial);
        if (batch != 0 && serial != 0)
            tb_out_item_code(w, o, pairs[i].as, tb_wire_u64(body, batch), tb_wire_u64(body, serial));
    }
}

/* Bounded by DEPTH_MAX: the schema nests two deep. */
static void out_fields(struct tb_work *w, struct tb_json_out *o, uint32_t message, struct tb_str body,
                       uint32_t depth)
{
    struct tb_wire x = tb_wire_of(body);
    uint64_t listed = 0;
    while (depth < DEPTH_MAX && tb_wire_step(&x)) {
        const struct tb_event_field *f = field_of(message, x.field);
        if (f == NULL)
            continue;
        if (!f->repeated) {
            out_one(w, o, f, &x, depth);
        } else if (!(listed >> (f->no & 63) & 1)) {
            listed |= UINT64_C(1) << (f->no & 63);
            out_list(w, o, f, body, depth);
        }
    }
    out_item_codes(w, o, message, body);
}

static void out_message(struct tb_work *w, struct tb_json_out *o, uint32_t message,
                        struct tb_str body, uint32_t depth)
{
    tb_json_out_open(o, '{');
    out_fields(w, o, message, body, depth);
    tb_json_out_close(o, '}');
}

static void out_events(struct tb_work *w, struct tb_json_out *o, const struct tb_entry *e)
{
    struct tb_str list = e->bytes;
    struct tb_str body;
    uint32_t type;
    bool bad = false;
    while (tb_event_next(&list, &type, &body, &bad)) {
        const struct tb_event_kind *k = tb_event_kinds;
        while (k->name != NULL && k->no != type)
            k++;
        if (k->name == NULL)
            continue;
        tb_json_out_open(o, '{');
        tb_json_out_key_str(o, "type", tb_str_of(k->name));
        out_fields(w, o, k->message, body, 0);
        tb_json_out_close(o, '}');
    }
}

static void out_lower(struct tb_json_out *o, const char *key, const char *name)
{
    char text[48];
    uint32_t n = 0;
    for (; name != NULL && name[n] != 0 && n < sizeof text; n++)
        text[n] = (char)tolower((unsigned char)name[n]);
    tb_json_out_key_str(o, key, (struct tb_str){text, n});
}

void tb_feed_print(struct tb_work *w, struct tb_json_out *o, const struct tb_entry *e,
                    uint64_t sequence)
{
    tb_json_out_open(o, '{');
    tb_json_out_key_i64(o, "sequence", (int64_t)sequence);
    tb_json_out_key_time(o, "time", e->now_ms);
    out_lower(o, "type", tb_op_name(e->command));
    if (e->code != TB_CODE_OK && e->code < TB_CODE_COUNT)
        out_lower(o, "refused", tb_code_name((enum tb_code)e->code));
    tb_out_id(w, o, "member", TB_ID_MEMBER, e->member);
    tb_json_out_key(o, "data");
    tb_json_out_open(o, '[');
    out_events(w, o, e);
    tb_json_out_close(o, ']');
    tb_json_out_close(o, '}');
}
