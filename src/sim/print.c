// SPDX-License-Identifier: Apache-2.0
/* A command as a line of the bulk API. */
#include "sim/world.h"

static void put_time(struct tb_buf *b, int64_t ms)
{
    tb_buf_c(b, ",\"occurred_at\":\"");
    tb_time_print(b, ms);
    tb_buf_c(b, "\"");
}

/* Codes, names and values of this world hold no quotes, backslashes or control characters. */
static void put_str(struct tb_buf *b, const char *name, struct tb_str value)
{
    if (value.n > 0)
        tb_buf_printf(b, ",\"%s\":\"%.*s\"", name, TB_STR_ARG(value));
}

static void put_plain(struct tb_buf *b, const struct tb_sim_plain *p)
{
    tb_buf_printf(b, "{\"ns\":\"%.*s\",\"value\":\"%.*s\"%s}", TB_STR_ARG(p->ns), TB_STR_ARG(p->value),
                  p->verified ? ",\"verified\":true" : "");
}

static void put_identifiers(struct tb_buf *b, const struct tb_sim_command *c)
{
    tb_buf_c(b, "\"identifiers\":[");
    for (uint32_t i = 0; i < c->plain_n; i++) {
        tb_buf_c(b, i ? "," : "");
        put_plain(b, &c->plain[i]);
    }
    tb_buf_c(b, "]");
}

static void put_member(struct tb_buf *b, const struct tb_sim_command *c)
{
    tb_buf_c(b, "\"member\":");
    put_plain(b, &c->plain[0]);
}

static void put_contact(struct tb_buf *b, const struct tb_sim_command *c)
{
    static const char *const kind[TB_CONTACT_KINDS] = {"seen", "follow", "unfollow"};
    const struct tb_cmd_contact *in = c->command.input;
    put_identifiers(b, c);
    put_str(b, "touchpoint", c->touchpoint);
    put_str(b, "kind", tb_str_of(kind[in->facts.kind]));
    put_time(b, in->facts.occurred_ms);
}

static void put_probe(struct tb_buf *b, const struct tb_sim_command *c)
{
    const struct tb_cmd_probe *in = c->command.input;
    tb_buf_c(b, "\"identifier\":");
    put_plain(b, &c->plain[0]);
    put_str(b, "touchpoint", c->touchpoint);
    put_time(b, in->occurred_ms);
}

static void put_enrol(struct tb_buf *b, const struct tb_sim_command *c)
{
    const struct tb_cmd_enrol *in = c->command.input;
    put_member(b, c);
    put_str(b, "touchpoint", c->touchpoint);
    tb_buf_printf(b, ",\"terms_version\":%u", in->terms_version);
    if (in->flags & TB_ENROL_ANONYMOUS)
        tb_buf_c(b, ",\"anonymous\":true");
    put_time(b, in->occurred_ms);
}

static void put_consent(struct tb_buf *b, const struct tb_sim_command *c)
{
    static const char *const channel[] = {"all", "sms", "email", "push", "wechat_template"};
    static const char *const state[] = {"", "granted", "denied", "withdrawn"};
    const struct tb_cmd_consent_put *in = c->command.input;
    put_member(b, c);
    put_str(b, "purpose", c->touchpoint);
    put_str(b, "channel", tb_str_of(channel[in->channel]));
    put_str(b, "state", tb_str_of(state[in->state]));
    tb_buf_printf(b, ",\"actor\":\"self\",\"text_version\":%u", in->text_version);
    put_str(b, "proof", in->proof);
    put_time(b, in->occurred_ms);
}

static void put_value(struct tb_buf *b, uint32_t attribute, const struct tb_attribute_input *a)
{
    switch ((enum sim_attribute)attribute) {
    case A_NAME:
    case A_DIET:
        tb_buf_printf(b, "\"%.*s\"", TB_STR_ARG(a->text));
        break;
    case A_BIRTHDAY:
    case A_CHILD_BIRTH_MONTH:
        tb_buf_c(b, "\"");
        tb_date_print(b, (int32_t)a->value);
        tb_buf_c(b, "\"");
        break;
    case A_CITY:
        tb_buf_printf(b, "\"%s\"", sim_city((uint32_t)a->value));
        break;
    case A_TASTE:
        tb_buf_printf(b, "\"%s\"", sim_taste[a->value]);
        break;
    case A_BIRTH_MONTH:
        tb_buf_i64(b, a->value);
        break;
    case A_TASTE_SPICY:
    case A_TASTE_SWEET:
    case A_TASTE_COFFEE:
    case ATTRIBUTES:
    default:
        tb_buf_c(b, a->value ? "true" : "false");
        break;
    }
}

static void put_attributes(struct tb_buf *b, const struct tb_sim *s, const struct tb_sim_command *c)
{
    const struct tb_cmd_attributes_set *in = c->command.input;
    put_member(b, c);
    tb_buf_c(b, ",\"attributes\":{");
    for (uint32_t i = 0; i < in->attribute_n; i++)
        for (uint32_t k = 0; k < ATTRIBUTES; k++) {
            if (s->ids[HELIN].attribute[k] != in->attribute[i].attribute)
                continue;
            tb_buf_printf(b, "%s\"%s\":", i ? "," : "", sim_attribute_code[k]);
            put_value(b, k, &in->attribute[i]);
        }
    tb_buf_c(b, "},\"source\":\"declared\"");
    put_time(b, in->occurred_ms);
}

static void put_quantity(struct tb_buf *b, int64_t quantity)
{
    if (quantity % 1000 == 0)
        tb_buf_printf(b, ",\"quantity\":%lld", (long long)(quantity / 1000));
    else
        tb_buf_printf(b, ",\"quantity_milli\":%lld", (long long)quantity);
}

static void put_order(struct tb_buf *b, const struct tb_sim_command *c)
{
    static const char *const tender[TB_TENDER_KINDS] = {"other", "cash", "card", "wechat", "alipay",
                                                        "unionpay", "stored_value", "points", "gift_card", "voucher"};
    const struct tb_cmd_order *in = c->command.input;
    tb_buf_printf(b, "\"order\":\"%.*s\"", TB_STR_ARG(in->key));
    if (in->receipt.n > 0) {
        uint32_t at = in->receipt.n;
        while (in->receipt.p[at - 1] != '/')
            at--;
        tb_buf_printf(b, ",\"receipt\":{\"store\":\"%.*s\",\"till\":\"%.*s\",\"number\":\"%.*s\"}",
                      TB_STR_ARG(in->store), TB_STR_ARG(in->till), (int)(in->receipt.n - at), in->receipt.p + at);
    }
    if (c->plain_n > 0) {
        tb_buf_c(b, ",");
        put_identifiers(b, c);
    }
    put_str(b, "store", in->store);
    put_str(b, "associate", in->associate);
    put_str(b, "touchpoint", in->touchpoint);
    put_str(b, "currency", in->currency);
    put_time(b, in->occurred_ms);
    tb_buf_c(b, ",\"lines\":[");
    for (uint32_t i = 0; i < in->line_n; i++) {
        const struct tb_order_line_input *l = &in->line[i];
        tb_buf_printf(b, "%s{\"sku\":\"%.*s\"", i ? "," : "", TB_STR_ARG(l->sku));
        put_quantity(b, l->quantity);
        tb_buf_printf(b, ",\"net\":%lld", (long long)l->net);
        if (l->gross != 0)
            tb_buf_printf(b, ",\"gross\":%lld", (long long)l->gross);
        tb_buf_c(b, "}");
    }
    tb_buf_c(b, "],\"tenders\":[");
    for (uint32_t i = 0; i < in->tender_n; i++)
        tb_buf_printf(b, "%s{\"kind\":\"%s\",\"amount\":%lld}", i ? "," : "", tender[in->tender[i].kind],
                      (long long)in->tender[i].amount);
    tb_buf_c(b, "]");
}

static void put_return(struct tb_buf *b, const struct tb_sim_command *c)
{
    const struct tb_cmd_return *in = c->command.input;
    tb_buf_printf(b, "\"order\":\"%.*s\",\"return\":\"%.*s\"", TB_STR_ARG(in->order), TB_STR_ARG(in->key));
    put_time(b, in->occurred_ms);
    tb_buf_c(b, ",\"lines\":[");
    for (uint32_t i = 0; i < in->line_n; i++) {
        tb_buf_printf(b, "%s{\"line\":%u", i ? "," : "", in->line[i].line);
        put_quantity(b, in->line[i].quantity);
        tb_buf_c(b, "}");
    }
    tb_buf_c(b, "]");
}

static void put_adjust(struct tb_buf *b, const struct tb_sim_command *c)
{
    const struct tb_cmd_adjust *in = c->command.input;
    put_member(b, c);
    put_str(b, "unit", in->unit);
    tb_buf_printf(b, ",\"amount\":%lld", (long long)in->amount);
    put_str(b, "reason", in->reason);
}

/* The same line again has the same key. */
static void put_key(struct tb_buf *b, const struct tb_sim_command *c, size_t from)
{
    struct tb_hash_key key = {UINT64_C(0x73696d), (uint64_t)c->at_ms};
    uint64_t hash = b->overflowed ? 0 : tb_siphash(&key, b->p + from, b->n - from);
    tb_buf_printf(b, ",\"key\":\"sim-%016llx\"", (unsigned long long)hash);
}

bool tb_sim_print(const struct tb_sim *s, const struct tb_sim_command *c, struct tb_buf *out)
{
    static const struct {
        uint32_t op;
        bool keyed; /* has no natural key */
        const char *name;
        void (*put)(struct tb_buf *b, const struct tb_sim_command *c);
    } line[] = {{TB_OP_CONTACT, true, "contact", put_contact},
                {TB_OP_PROBE, false, "probe", put_probe},
                {TB_OP_ENROL, true, "enrol", put_enrol},
                {TB_OP_CONSENT_PUT, true, "consent", put_consent},
                {TB_OP_ORDER, false, "order", put_order},
                {TB_OP_RETURN, false, "return", put_return},
                {TB_OP_ADJUST, true, "adjust", put_adjust},
                {TB_OP_ATTRIBUTES_SET, true, "attributes", NULL}};
    for (uint32_t i = 0; i < TB_COUNT_OF(line); i++) {
        if (line[i].op != c->command.op)
            continue;
        size_t from = out->n;
        tb_buf_printf(out, "{\"op\":\"%s\",\"body\":{", line[i].name);
        if (line[i].put != NULL)
            line[i].put(out, c);
        else
            put_attributes(out, s, c);
        tb_buf_c(out, "}");
        if (line[i].keyed)
            put_key(out, c, from);
        tb_buf_c(out, "}");
        return !out->overflowed;
    }
    return false;
}
