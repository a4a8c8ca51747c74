// SPDX-License-Identifier: Apache-2.0
/* core/catalog/attribute.c - purposes, and the attributes that may be asked for them.
 *
 * The "earned data" rule begins here: an attribute is declared with a purpose, with what
 * the member gets for telling, and with a time after which it is forgotten.             */
#include "core/catalog/put.h"

#define CHOICE_BYTES_MAX 100u

/* ---- purposes ---------------------------------------------------------------------------- */

static void check_purpose(struct tb_put_run *p, const struct tb_cmd_purpose_put *in)
{
    tb_check_text(p, "text", in->text, 1, 4000);
    tb_check_range(p, "text_version", in->text_version, 1, 1000000);
    const struct tb_purpose *old = tb_put_old(p);
    if (old == NULL || p->refused)
        return;
    /* who agreed agreed to those words: other words have a higher number */
    bool same = tb_str_eq(tb_put_old_text(p, old->text), in->text);
    tb_check(p, same ? in->text_version >= old->text_version : in->text_version > old->text_version,
             "text_version");
}

enum tb_outcome tb_catalog_purpose_put(struct tb_txn *t, const struct tb_command *cmd,
                                       struct tb_answer *a)
{
    const struct tb_cmd_purpose_put *in = cmd->input;
    struct tb_put_run p = tb_put_begin(t, a, TB_KIND_PURPOSE, t->tenant, &in->put);
    check_purpose(&p, in);
    struct tb_ev_purpose_put ev = {.code = in->put.code,
                                   .text = in->text,
                                   .text_version = (uint64_t)in->text_version,
                                   .marketing = in->marketing};
    TB_PUT_EMIT(&p, purpose_put, &ev);
    return tb_put_end(&p);
}

void tb_catalog_apply_purpose_put(struct tb_txn *t, const struct tb_ev_purpose_put *ev)
{
    const enum tb_kind kind = TB_KIND_PURPOSE;
    struct tb_config c = tb_config_fold(t, &(struct tb_config_fold){.kind = kind,
                                                                   .id = ev->id,
                                                                   .tenant = ev->tenant,
                                                                   .version = ev->version,
                                                                   .content = ev->content,
                                                                   .code = ev->code});
    struct tb_text text = tb_config_add_text(t, kind, ev->id, ev->text);
    struct tb_purpose *head = tb_block_head(tb_write(t, kind, ev->id));
    *head = (struct tb_purpose){.c = c,
                                .text = text,
                                .text_version = (uint32_t)ev->text_version,
                                .marketing = ev->marketing != 0};
}

/* ---- attributes -------------------------------------------------------------------------- */

static void check_choices(struct tb_put_run *p, const struct tb_cmd_attribute_put *in)
{
    bool wanted = in->type == TB_ATTRIBUTE_CHOICE;
    if (in->choice_n > TB_CHOICES_MAX)
        tb_put_refuse(p, TB_CODE_TOO_MANY, "choices");
    tb_check(p, wanted == (in->choice_n > 0), "choices");
    for (uint32_t i = 0; i < in->choice_n && !p->refused; i++) {
        tb_check_text(p, "choices", in->choice[i], 1, CHOICE_BYTES_MAX);
        for (uint32_t k = 0; k < i; k++)
            if (tb_str_eq(in->choice[i], in->choice[k]))
                tb_put_refuse_at(p, TB_CODE_INVALID, "choices", i, NULL);
    }
}

/* Members' values are read by these: they stay. */
static void check_unchanged(struct tb_put_run *p, const struct tb_cmd_attribute_put *in)
{
    const struct tb_attribute_decl *old = tb_put_old(p);
    if (old == NULL || p->refused)
        return;
    tb_check(p, old->type == in->type, "type");
    tb_check(p, old->personal == in->personal, "personal");
    uint32_t n = p->old->n[TB_ATTRIBUTE_CHOICES];
    const struct tb_text *choice = tb_section(p->t, p->old, TB_ATTRIBUTE_CHOICES);
    tb_check(p, in->choice_n >= n, "choices");
    for (uint32_t i = 0; i < n && !p->refused; i++)
        if (!tb_str_eq(tb_put_old_text(p, choice[i]), in->choice[i]))
            tb_put_refuse_at(p, TB_CODE_INVALID, "choices", i, NULL);
}

static struct tb_ev_choice *choices_of(struct tb_put_run *p, const struct tb_cmd_attribute_put *in)
{
    if (p->refused || in->choice_n == 0)
        return NULL;
    struct tb_ev_choice *out = TB_NEW_ARRAY(p->t->scratch, struct tb_ev_choice, in->choice_n);
    if (out == NULL) {
        tb_put_refuse(p, TB_CODE_TOO_LARGE, "choices");
        return NULL;
    }
    for (uint32_t i = 0; i < in->choice_n; i++)
        out[i].value = in->choice[i];
    return out;
}

enum tb_outcome tb_catalog_attribute_put(struct tb_txn *t, const struct tb_command *cmd,
                                         struct tb_answer *a)
{
    const struct tb_cmd_attribute_put *in = cmd->input;
    struct tb_put_run p = tb_put_begin(t, a, TB_KIND_ATTRIBUTE, t->tenant, &in->put);
    tb_check_range(&p, "type", in->type, 0, TB_ATTRIBUTE_TYPES - 1);
    tb_check_text(&p, "benefit", in->benefit, 1, 500);
    tb_check_range(&p, "retention_days", in->retention_days, 1, 36500);
    check_choices(&p, in);
    tb_check(&p, !in->is_name || in->type == TB_ATTRIBUTE_TEXT, "is_name");
    uint32_t purpose = tb_check_named(&p, "purpose", TB_KIND_PURPOSE, in->purpose, false,
                                      TB_CODE_UNKNOWN_PURPOSE);
    check_unchanged(&p, in);
    struct tb_ev_attribute_put ev = {.code = in->put.code,
                                     .type = (uint64_t)in->type,
                                     .purpose = in->purpose,
                                     .benefit = in->benefit,
                                     .retention_days = (uint64_t)in->retention_days,
                                     .personal = in->personal,
                                     .is_name = in->is_name,
                                     .purpose_id = purpose};
    ev.choice = choices_of(&p, in);
    ev.choice_n = ev.choice ? in->choice_n : 0;
    TB_PUT_EMIT(&p, attribute_put, &ev);
    return tb_put_end(&p);
}

/* Its place in the tenant's list, which never changes. */
static uint32_t ordinal_of(struct tb_txn *t, uint32_t tenant, uint64_t id)
{
    struct tb_block *b = tb_read(t, TB_KIND_TENANT, tenant);
    tb_assert(b != NULL);
    const struct tb_listed *list = tb_section(t, b, TB_TENANT_ATTRIBUTE);
    uint32_t n = b->n[TB_TENANT_ATTRIBUTE];
    for (uint32_t i = 0; i < n; i++)
        if (list[i].id == id)
            return i;
    tb_assert(!"a declared attribute is in its tenant's list");
    return n;
}

void tb_catalog_apply_attribute_put(struct tb_txn *t, const struct tb_ev_attribute_put *ev)
{
    const enum tb_kind kind = TB_KIND_ATTRIBUTE;
    struct tb_config c = tb_config_fold(t, &(struct tb_config_fold){.kind = kind,
                                                                   .id = ev->id,
                                                                   .tenant = ev->tenant,
                                                                   .version = ev->version,
                                                                   .content = ev->content,
                                                                   .code = ev->code,
                                                                   .tag = (uint32_t)ev->type});
    struct tb_text benefit = tb_config_add_text(t, kind, ev->id, ev->benefit);
    tb_config_empty(t, kind, ev->id, TB_ATTRIBUTE_CHOICES);
    for (uint32_t i = 0; i < ev->choice_n; i++) {
        struct tb_text text = tb_config_add_text(t, kind, ev->id, ev->choice[i].value);
        (void)tb_push(t, kind, ev->id, TB_ATTRIBUTE_CHOICES, &text);
    }
    uint32_t ordinal = ordinal_of(t, c.tenant, ev->id);
    struct tb_attribute_decl *head = tb_block_head(tb_write(t, kind, ev->id));
    *head = (struct tb_attribute_decl){.c = c,
                                       .benefit = benefit,
                                       .purpose = (uint32_t)ev->purpose_id,
                                       .retention_days = (uint32_t)ev->retention_days,
                                       .ordinal = ordinal,
                                       .type = (uint8_t)ev->type,
                                       .personal = ev->personal != 0,
                                       .is_name = ev->is_name != 0};
}
