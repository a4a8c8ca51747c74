// SPDX-License-Identifier: Apache-2.0
/* http/event_json.c - see event_json.h; what each field means: event_rules.h. */
#include "http/event_json.h"

#include <string.h>

#include "core/promotion/campaign.h"
#include "http/event_rules.h"

#define DEPTH_MAX 3u

/* An event on its way out. */
struct printing {
    struct tb_work *w;
    struct tb_json_out *o;
    bool coupons; /* its lots are coupons: they are named as such */
};

/* A batch and a serial of the same message are a code. */
static const struct {
    const char *batch, *serial, *as;
} pairs[] = {{"batch", "serial", "code"},
             {"parent_batch", "parent_serial", "parent"},
             {"new_batch", "new_serial", "new_code"}};

static void out_id(struct printing *p, const struct tb_feed_rule *r, const char *key, int64_t v)
{
    char text[TB_ID_BYTES];
    enum tb_id_kind kind = (enum tb_id_kind)r->what;
    bool coupon = p->coupons && kind == TB_ID_LOT;
    if (v <= 0)
        return;
    if (key != NULL)
        tb_json_out_key(p->o, coupon ? "coupon" : key);
    tb_id_print(&p->w->app->hash_key, coupon ? TB_ID_COUPON : kind, p->w->tenant, (uint64_t)v, text);
    tb_json_out_str(p->o, (struct tb_str){text, sizeof text});
}

/* A word inside an array. */
static void out_item(struct tb_json_out *o, struct tb_feed_words words, uint64_t v)
{
    if (v < words.n && words.word[v] != NULL)
        tb_json_out_str(o, tb_str_of(words.word[v]));
}

static void out_bits(struct tb_json_out *o, const char *key, struct tb_feed_words words, uint64_t v)
{
    tb_json_out_key_open(o, key, '[');
    for (uint32_t i = 0; i < words.n; i++)
        if (v >> i & 1)
            out_item(o, words, i);
    tb_json_out_close(o, ']');
}

/* One value; key NULL inside an array. */
static void out_number(struct printing *p, const struct tb_feed_rule *r, const char *key, int64_t v)
{
    struct tb_json_out *o = p->o;
    if (r->meaning == TB_FEED_ID) {
        out_id(p, r, key, v);
    } else if (key == NULL && r->meaning == TB_FEED_WORD) {
        out_item(o, tb_feed_words_of(r->what), (uint64_t)v);
    } else if (key == NULL) {
        tb_json_out_i64(o, v);
    } else if (r->meaning == TB_FEED_CODE_OF) {
        tb_out_code(p->w, o, key, (enum tb_kind)r->what, (uint64_t)v);
    } else if (r->meaning == TB_FEED_MS || r->meaning == TB_FEED_SECONDS) {
        tb_out_time(o, key, r->meaning == TB_FEED_MS ? v : v * 1000);
    } else if (r->meaning == TB_FEED_DAY) {
        tb_json_out_key(o, key);
        tb_json_out_date(o, (int32_t)v);
    } else if (r->meaning == TB_FEED_WORD) {
        struct tb_feed_words words = tb_feed_words_of(r->what);
        tb_out_word(o, key, words.word, words.n, (uint64_t)v);
    } else if (r->meaning == TB_FEED_BITS) {
        out_bits(o, key, tb_feed_words_of(r->what), (uint64_t)v);
    } else {
        tb_json_out_key_i64(o, key, v);
    }
}

static void out_message(struct printing *p, uint32_t message, struct tb_str body, uint32_t depth);

/* The numbers of a packed field, walked as a message of its own would not be. */
static void out_packed(struct printing *p, const struct tb_feed_rule *r, struct tb_str s)
{
    uint64_t v = 0;
    uint32_t shift = 0;
    for (uint32_t i = 0; i < s.n && shift < 64; i++) {
        v |= (uint64_t)((uint8_t)s.p[i] & 127) << shift;
        shift += 7;
        if ((uint8_t)s.p[i] < 128) {
            out_number(p, r, NULL, (int64_t)v);
            v = 0;
            shift = 0;
        }
    }
}

static uint32_t number_of(uint32_t message, const char *name)
{
    const struct tb_event_field *f = tb_event_messages[message];
    while (f->name != NULL && strcmp(f->name, name) != 0)
        f++;
    return f->name ? f->no : 0;
}

/* A store, a touchpoint or the number of a channel, as the message's `by` says. */
static void out_place(struct printing *p, uint32_t message, struct tb_str body, uint64_t v)
{
    switch (tb_wire_u64(body, number_of(message, "by"))) {
    case TB_PLACE_STORE:
        tb_out_code(p->w, p->o, "store", TB_KIND_STORE, v);
        break;
    case TB_PLACE_TOUCHPOINT:
        tb_out_code(p->w, p->o, "touchpoint", TB_KIND_TOUCHPOINT, v);
        break;
    default:
        tb_json_out_key_i64(p->o, "channel", (int64_t)v);
        break;
    }
}

/* body: of the message that the field x is in. */
static void out_one(struct printing *p, uint32_t message, const struct tb_event_field *f, const struct tb_wire *x,
                    struct tb_str body, uint32_t depth)
{
    char as[48];
    struct tb_feed_rule r = tb_feed_rule_of(message, f, as);
    bool hidden = r.meaning == TB_FEED_HIDDEN;
    if (f->type == 'X' || f->type == 'F' || (hidden && f->type != 'T'))
        return;
    if (f->type == 'M') {
        out_message(p, f->message, x->s, depth + 1);
    } else if (f->type == 'T') {
        if (!hidden || strcmp(f->name, "value") == 0)
            tb_json_out_key_str(p->o, f->name, x->s);
    } else if (f->type == 'B') {
        tb_json_out_key_bool(p->o, r.as, x->v != 0);
    } else if (r.meaning == TB_FEED_PLACE) {
        out_place(p, message, body, x->v);
    } else {
        out_number(p, &r, r.as, f->type == 'S' ? tb_unzigzag(x->v) : (int64_t)x->v);
    }
}

static const struct tb_event_field *field_of(uint32_t message, uint32_t no)
{
    const struct tb_event_field *f = tb_event_messages[message];
    while (f->name != NULL && f->no != no)
        f++;
    return f->name ? f : NULL;
}

static void out_list(struct printing *p, uint32_t message, const struct tb_event_field *f, struct tb_str body,
                     uint32_t depth)
{
    char as[48];
    struct tb_feed_rule r = tb_feed_rule_of(message, f, as);
    struct tb_wire x = tb_wire_of(body);
    if (r.meaning == TB_FEED_HIDDEN)
        return;
    tb_json_out_key_open(p->o, f->type == 'M' ? f->name : r.as, '[');
    while (tb_wire_step(&x)) {
        if (x.field != f->no)
            continue;
        if (f->type == 'M')
            out_message(p, f->message, x.s, depth + 1);
        else
            out_packed(p, &r, x.s);
    }
    tb_json_out_close(p->o, ']');
}

/* Serial 0 is not on the wire: a code is printed when its batch is there. */
static void out_item_codes(struct printing *p, uint32_t message, struct tb_str body)
{
    for (uint32_t i = 0; i < TB_COUNT_OF(pairs); i++) {
        uint32_t batch = number_of(message, pairs[i].batch);
        uint32_t serial = number_of(message, pairs[i].serial);
        if (batch != 0 && serial != 0)
            tb_out_item_code(p->w, p->o, pairs[i].as, tb_wire_u64(body, batch), tb_wire_u64(body, serial));
    }
}

/* Bounded by DEPTH_MAX: the schema nests two deep. */
static void out_fields(struct printing *p, uint32_t message, struct tb_str body, uint32_t depth)
{
    struct tb_wire x = tb_wire_of(body);
    uint64_t listed = 0;
    while (depth < DEPTH_MAX && tb_wire_step(&x)) {
        const struct tb_event_field *f = field_of(message, x.field);
        if (f == NULL)
            continue;
        if (!f->repeated) {
            out_one(p, message, f, &x, body, depth);
        } else if (!(listed >> (f->no & 63) & 1)) {
            listed |= UINT64_C(1) << (f->no & 63);
            out_list(p, message, f, body, depth);
        }
    }
    out_item_codes(p, message, body);
}

static void out_message(struct printing *p, uint32_t message, struct tb_str body, uint32_t depth)
{
    tb_json_out_open(p->o, '{');
    out_fields(p, message, body, depth);
    tb_json_out_close(p->o, '}');
}

/* Movements in a template move coupons. */
static bool about_coupons(struct tb_work *w, uint32_t message, struct tb_str body)
{
    uint32_t unit = number_of(message, "unit");
    const struct tb_known *k = unit && number_of(message, "lot") + number_of(message, "piece") > 0
                                   ? tb_work_object(w, TB_KIND_UNIT, tb_wire_u64(body, unit))
                                   : NULL;
    return k != NULL && k->type == TB_UNIT_COUPON;
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
        struct printing p = {w, o, about_coupons(w, k->message, body)};
        out_fields(&p, k->message, body, 0);
        tb_json_out_close(o, '}');
    }
}

void tb_feed_print(struct tb_work *w, struct tb_json_out *o, const struct tb_entry *e,
                    uint64_t sequence)
{
    tb_json_out_open(o, '{');
    tb_json_out_key_i64(o, "sequence", (int64_t)sequence);
    tb_json_out_key_time(o, "time", e->now_ms);
    tb_out_lower(o, "type", tb_op_name(e->command));
    if (e->code != TB_CODE_OK && e->code < TB_CODE_COUNT)
        tb_out_lower(o, "refused", tb_code_name((enum tb_code)e->code));
    tb_out_id(w, o, "member", TB_ID_MEMBER, e->member);
    tb_json_out_key_open(o, "data", '[');
    out_events(w, o, e);
    tb_json_out_close(o, ']');
    tb_json_out_close(o, '}');
}
