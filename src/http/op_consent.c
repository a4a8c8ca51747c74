// SPDX-License-Identifier: Apache-2.0
/* http/op_consent.c - what a member told us (attributes) and allows us (consents). */
#include <string.h>

#include "base/num.h"
#include "core/consent/consent.h"
#include "http/app_int.h"

static const char *const channels[] = {"all",   "sms",      "email", "push", "wechat_template",
                                       "phone", "associate", "post"};
static const char *const states[] = {"granted", "denied", "withdrawn"};
static const char *const actors[] = {"self", "guardian", "staff", "import"};

/* ---- attributes -------------------------------------------------------------------------------- */

static bool choice_of(const struct tb_known *k, struct tb_str text, int64_t *v)
{
    for (uint32_t i = 0; i < k->part_n; i++)
        if (tb_str_eq(k->part[i], text)) {
            *v = i;
            return true;
        }
    return false;
}

/* False: the value is not of the declared type. */
static bool typed_value(const struct tb_known *k, const struct tb_json_node *n,
                        struct tb_attribute_input *out)
{
    struct tb_str text = n->kind == TB_JSON_STRING ? (struct tb_str){n->text, n->n} : TB_STR_NONE;
    int32_t day = 0;
    switch ((enum tb_attribute_type)k->type) {
    case TB_ATTRIBUTE_INT:
        out->value = n->kind == TB_JSON_INT ? n->i : 0;
        return n->kind == TB_JSON_INT && tb_amount_ok(n->i);
    case TB_ATTRIBUTE_BOOL:
        out->value = n->kind == TB_JSON_TRUE;
        return n->kind == TB_JSON_TRUE || n->kind == TB_JSON_FALSE;
    case TB_ATTRIBUTE_TEXT:
        out->text = text;
        return n->kind == TB_JSON_STRING && text.n <= TB_PERSONAL_MAX;
    case TB_ATTRIBUTE_DATE:
        if (n->kind != TB_JSON_STRING || !tb_date_parse(text, &day))
            return false;
        out->value = day;
        return true;
    case TB_ATTRIBUTE_TIME:
        return n->kind == TB_JSON_STRING && tb_time_parse(text, &out->value);
    case TB_ATTRIBUTE_CHOICE:
        return n->kind == TB_JSON_STRING && choice_of(k, text, &out->value);
    }
    return false;
}

static void one_attribute(struct tb_work *w, struct tb_json_object *o, struct tb_str key,
                          const struct tb_json_node *n, struct tb_attribute_input *out)
{
    static const char *const wanted[] = {"an integer", "a bool", "a text", "a date", "a time",
                                         "a declared choice"};
    uint32_t id = tb_work_id(w, TB_KIND_ATTRIBUTE, key);
    const struct tb_known *k = tb_facts_code(w->app->facts, w->tenant, TB_KIND_ATTRIBUTE, key);
    out->attribute = id == UINT32_MAX ? 0 : id;
    if (n->kind == TB_JSON_NULL) {
        out->removed = true;
        return;
    }
    char detail[64] = "Declared as ";
    if (k == NULL || typed_value(k, n, out))
        return;
    if (k->type < TB_COUNT_OF(wanted))
        (void)strncat(detail, wanted[k->type], sizeof detail - 16);
    tb_json_refuse(o, key, TB_PROBLEM_INVALID_VALUE, detail);
}

static void attributes_read(struct tb_work *w, struct tb_json_object *o)
{
    static const char *const sources[] = {"declared", "verified", "observed", "imported",
                                          "inferred"};
    struct tb_cmd_attributes_set *in = w->input;
    struct tb_json_object list;
    struct tb_str key;
    const struct tb_json_node *value;
    uint32_t source = 0;
    bool given;
    tb_path_who(w, o, &in->who);
    (void)tb_json_may_enum(o, TB_STR("source"), sources, 5, &source);
    in->source = source + 1;
    in->occurred_ms = tb_read_occurred(w, o, &given);
    list = tb_json_need_object(o, TB_STR("attributes"));
    struct tb_attribute_input *a =
        TB_NEW_ARRAY(w->arena, struct tb_attribute_input, TB_ATTRIBUTES_SET_MAX + 1);
    in->attribute = a;
    if (a == NULL || list.index == UINT32_MAX)
        return;
    while (in->attribute_n <= TB_ATTRIBUTES_SET_MAX && tb_json_next_member(&list, &key, &value))
        one_attribute(w, &list, key, value, &a[in->attribute_n++]);
    if (in->attribute_n > TB_ATTRIBUTES_SET_MAX)
        tb_json_refuse(o, TB_STR("attributes"), TB_PROBLEM_TOO_LONG, "At most 64 at once.");
}

static void attributes_write(struct tb_work *w, struct tb_json_out *o)
{
    struct tb_wire f = tb_wire_of(tb_work_answer(w));
    tb_json_out_open(o, '{');
    tb_out_id(w, o, "id", TB_ID_MEMBER, tb_wire_u64(tb_work_answer(w), 1));
    tb_json_out_key_open(o, "unchanged", '[');
    while (tb_wire_step(&f))
        if (f.field == 2)
            tb_json_out_i64(o, (int64_t)f.v);
    tb_json_out_close(o, ']');
    tb_json_out_close(o, '}');
}

/* ---- consents ------------------------------------------------------------------------------------ */

static void consent_read(struct tb_work *w, struct tb_json_object *o)
{
    struct tb_cmd_consent_put *in = w->input;
    uint32_t channel = 0, actor = 0;
    bool given;
    tb_path_who(w, o, &in->who);
    in->purpose =
        tb_work_id(w, TB_KIND_PURPOSE, tb_json_need_str(o, TB_STR("purpose"), 1, TB_CODE_MAX));
    (void)tb_json_may_enum(o, TB_STR("channel"), channels, TB_COUNT_OF(channels), &channel);
    in->channel = channel;
    in->state = tb_json_need_enum(o, TB_STR("state"), states, 3) + 1;
    (void)tb_json_may_enum(o, TB_STR("actor"), actors, 4, &actor);
    in->actor = actor + 1;
    in->text_version = (uint32_t)tb_may_i64(o, "text_version", 0, 1000000, 0);
    in->occurred_ms = tb_read_occurred(w, o, &given);
    (void)tb_json_may_time(o, TB_STR("expires_at"), &in->expires_ms);
    in->person_wide = tb_may_bool(o, "person_wide");
    in->proof = tb_may_str(o, "proof", TB_PROOF_MAX);
    in->touchpoint = tb_work_id(w, TB_KIND_TOUCHPOINT, tb_may_str(o, "touchpoint", TB_CODE_MAX));
}

static void consent_write(struct tb_work *w, struct tb_json_out *o)
{
    tb_json_out_open(o, '{');
    tb_out_id(w, o, "id", TB_ID_MEMBER, tb_wire_u64(tb_work_answer(w), 1));
    tb_out_word(o, "effective", tb_words_effective, 6, tb_wire_u64(tb_work_answer(w), 2));
    tb_json_out_close(o, '}');
}

TB_WORK(attributes_set, TB_OP_ATTRIBUTES_SET, tb_cmd_attributes_set, attributes_read, attributes_write);
TB_WORK(consent_put, TB_OP_CONSENT_PUT, tb_cmd_consent_put, consent_read, consent_write);
