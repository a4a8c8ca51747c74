// SPDX-License-Identifier: Apache-2.0
/* Rows to persons: members (contact, enrolment, attributes, consents) and contacts.
 *
 * A batch of rows asks first whom its identifiers lead to. A member's row whose identifiers
 * all lead to one person already sends no contact; what is then sent changes nothing when it
 * stands (enrolment, attributes) or carries a key that makes it count once (consents).
 * A contact's row is a fact of its own; it carries such a key too.                      */
#include <stdlib.h>
#include <string.h>

#include "cli/import/import.h"
#include "core/consent/consent.h"
#include "core/ops.h"

#define ROWS 512u
#define BATCH_BYTES (32u << 20)

struct person_row {
    int64_t row;
    int64_t line;
    int64_t at_ms;
    int64_t enrol_ms;
    struct tb_identifier identifier[TB_MAP_IDENTIFIERS_MAX];
    uint32_t identifier_n;
    uint32_t touchpoint;
    uint32_t store;
    bool enrols;
    struct tb_attribute_input *attribute;
    uint32_t attribute_n;
    struct tb_cmd_consent_put *consent;
    uint32_t consent_n;
    uint64_t hash;
    bool contact; /* is to be sent */
    bool known;
    bool rejected;
};

struct sent {
    uint32_t at; /* row of the batch */
    uint32_t op;
};

struct people {
    struct person_row row[ROWS];
    uint32_t n;
    struct sent sent[TB_IMPORT_WAVE];
    void *memory;
    struct tb_arena batch;
};

/* ---- rows ------------------------------------------------------------------------------------ */

static void *batch_new(struct people *p, size_t n, size_t size)
{
    void *got = tb_arena_array(&p->batch, n ? n : 1, size);
    tb_assert(got != NULL); /* flushed when half is used; a row takes some kilobytes */
    return got;
}

static bool read_choice(const struct tb_map_attribute *x, struct tb_str s, int64_t *v)
{
    for (*v = 0; *v < (int64_t)x->choice_n; (*v)++)
        if (tb_str_eq(x->choice[*v], s))
            return true;
    return false;
}

static bool read_attribute(struct tb_import *imp, const struct tb_map_attribute *x, const struct tb_row *row,
                           struct tb_attribute_input *out)
{
    struct people *p = imp->kind;
    struct tb_str s = tb_template_fill(&x->value, row, &imp->arena);
    int64_t v;
    *out = (struct tb_attribute_input){.attribute = x->id};
    switch ((enum tb_attribute_type)x->type) {
    case TB_ATTRIBUTE_INT:
        if (!tb_decimal_micro(s, &v) || v % 1000000 != 0)
            return false;
        out->value = v / 1000000;
        return true;
    case TB_ATTRIBUTE_BOOL:
        out->value = tb_str_eq_c(s, "true") || tb_str_eq_c(s, "1");
        return out->value == 1 || tb_str_eq_c(s, "false") || tb_str_eq_c(s, "0");
    case TB_ATTRIBUTE_TEXT:
        out->text = tb_str_copy(&p->batch, s);
        return s.n <= TB_PERSONAL_MAX && (out->text.p != NULL || s.n == 0);
    case TB_ATTRIBUTE_DATE:
        if (!tb_time_fill(&x->time, row, &imp->arena, &v))
            return false;
        out->value = tb_zone_day_of(x->time.zone, v);
        return true;
    case TB_ATTRIBUTE_TIME:
        return tb_time_fill(&x->time, row, &imp->arena, &out->value);
    case TB_ATTRIBUTE_CHOICE:
        return read_choice(x, s, &out->value);
    }
    return false;
}

static bool read_attributes(struct tb_import *imp, const struct tb_row *row, struct person_row *r)
{
    const struct tb_import_map *m = imp->map;
    r->attribute = batch_new(imp->kind, m->attribute_n, sizeof *r->attribute);
    for (uint32_t i = 0; i < m->attribute_n; i++) {
        const struct tb_map_attribute *x = &m->attribute[i];
        if (tb_template_fill(&x->value, row, &imp->arena).n == 0 ||
            !tb_conditions_hold(x->when, x->when_n, row, &imp->arena))
            continue;
        if (!read_attribute(imp, x, row, &r->attribute[r->attribute_n]))
            return false;
        r->attribute_n++;
    }
    return true;
}

static void read_consents(struct tb_import *imp, const struct tb_row *row, struct person_row *r)
{
    struct people *p = imp->kind;
    const struct tb_import_map *m = imp->map;
    r->consent = batch_new(p, m->consent_n, sizeof *r->consent);
    for (uint32_t i = 0; i < m->consent_n; i++) {
        const struct tb_map_consent *x = &m->consent[i];
        if (!tb_conditions_hold(x->when, x->when_n, row, &imp->arena))
            continue;
        struct tb_str proof = tb_template_fill(&x->proof, row, &imp->arena);
        r->consent[r->consent_n++] =
            (struct tb_cmd_consent_put){.who = {.identifier = r->identifier[0]},
                                        .purpose = x->id,
                                        .channel = x->channel,
                                        .state = x->state,
                                        .actor = TB_ACTOR_IMPORT,
                                        .text_version = x->text_version,
                                        .occurred_ms = r->at_ms,
                                        .person_wide = x->state != TB_CONSENT_GRANTED,
                                        .proof = proof.n ? tb_str_copy(&p->batch, proof) : TB_STR_NONE,
                                        .touchpoint = r->touchpoint};
    }
}

static const char *read_row(struct tb_import *imp, const struct tb_row *row, struct person_row *r)
{
    const struct tb_import_map *m = imp->map;
    struct people *p = imp->kind;
    const char *reason = NULL;
    *r = (struct person_row){.row = (int64_t)row->number, .line = (int64_t)row->line};
    if (!tb_time_fill(&m->occurred, row, &imp->arena, &r->at_ms))
        return "time_invalid";
    if (!tb_import_identifiers(imp, row, &p->batch, r->identifier, &r->identifier_n, &reason))
        return reason;
    if (r->identifier_n == 0)
        return "no_identifier";
    struct tb_str touchpoint = tb_template_fill(&m->touchpoint, row, &imp->arena);
    struct tb_str store = tb_template_fill(&m->store, row, &imp->arena);
    r->touchpoint = tb_import_object(imp, TB_KIND_TOUCHPOINT, touchpoint);
    r->store = tb_import_object(imp, TB_KIND_STORE, store);
    if (touchpoint.n > 0 && r->touchpoint == 0 && imp->tenant != 0)
        return "unknown_touchpoint";
    if (store.n > 0 && r->store == 0 && imp->tenant != 0)
        return "unknown_store";
    r->enrols = m->enrols && tb_conditions_hold(m->enrol_when, m->enrol_when_n, row, &imp->arena);
    r->enrol_ms = r->at_ms;
    if (r->enrols && m->enrol_at.value.n > 0 && !tb_time_fill(&m->enrol_at, row, &imp->arena, &r->enrol_ms))
        return "enrol_time_invalid";
    if (!read_attributes(imp, row, r))
        return "attribute_invalid";
    read_consents(imp, row, r);
    uint64_t facts[4] = {r->identifier[0].key[0], (uint64_t)r->at_ms, r->touchpoint, imp->tenant};
    r->hash = tb_siphash(&imp->hash_key, facts, sizeof facts);
    return NULL;
}

/* ---- commands -------------------------------------------------------------------------------- */

static struct tb_job_request *add(struct tb_import *imp, uint32_t at, uint32_t op, const void *input)
{
    struct people *p = imp->kind;
    uint32_t i = tb_wave_add(&imp->wave, op, input);
    p->sent[i] = (struct sent){at, op};
    return &imp->wave.request[i];
}

static bool ask_who(struct tb_import *imp)
{
    struct people *p = imp->kind;
    if (imp->tenant == 0)
        return true;
    for (uint32_t i = 0; i < p->n; i++)
        for (uint32_t k = 0; k < p->row[i].identifier_n; k++) {
            struct tb_cmd_member_get *get = batch_new(p, 1, sizeof *get);
            get->who.identifier = p->row[i].identifier[k];
            (void)add(imp, i, TB_OP_MEMBER_GET, get);
        }
    return tb_wave_run(&imp->wave, &imp->fault);
}

/* What the look-ups said: who is new, who is joined, for whom a contact teaches something. */
static void judge(struct tb_import *imp)
{
    struct people *p = imp->kind;
    uint32_t at = 0;
    for (uint32_t i = 0; i < p->n; i++) {
        struct person_row *r = &p->row[i];
        uint64_t first = 0;
        bool joins = false;
        bool unknown = imp->tenant == 0;
        for (uint32_t k = 0; k < r->identifier_n && imp->tenant != 0; k++, at++) {
            const struct tb_answer *a = &imp->wave.request[at].answer;
            uint64_t id = 0;
            if (a->code != TB_CODE_OK || !tb_answer_uint(a, 1, &id))
                unknown = true;
            joins = joins || (first != 0 && id != 0 && id != first);
            first = first ? first : id;
        }
        r->known = first != 0;
        r->contact = unknown || joins || imp->map->kind == TB_IMPORT_CONTACTS;
        imp->tally.n[TB_N_MERGES] += joins;
        imp->tally.n[TB_N_PERSONS] += imp->dry && !r->known;
    }
    tb_wave_clear(&imp->wave);
}

static void add_row(struct tb_import *imp, uint32_t i)
{
    struct people *p = imp->kind;
    struct person_row *r = &p->row[i];
    if (r->contact) {
        struct tb_cmd_contact *in = batch_new(p, 1, sizeof *in);
        in->identifier = r->identifier;
        in->identifier_n = r->identifier_n;
        in->facts = (struct tb_contact_facts){
            .occurred_ms = r->at_ms, .touchpoint = r->touchpoint, .store = r->store};
        struct tb_job_request *q = add(imp, i, TB_OP_CONTACT, in);
        q->key_hash = r->hash | 1;
        q->input_hash = r->hash;
    }
    if (r->enrols) {
        struct tb_cmd_enrol *in = batch_new(p, 1, sizeof *in);
        in->who.identifier = r->identifier[0];
        in->touchpoint = r->touchpoint;
        in->terms_version = imp->map->enrol_terms;
        in->occurred_ms = r->enrol_ms;
        (void)add(imp, i, TB_OP_ENROL, in);
    }
    if (r->attribute_n > 0) {
        struct tb_cmd_attributes_set *in = batch_new(p, 1, sizeof *in);
        in->who.identifier = r->identifier[0];
        in->attribute = r->attribute;
        in->attribute_n = r->attribute_n;
        in->source = TB_SOURCE_IMPORTED;
        in->occurred_ms = r->at_ms;
        (void)add(imp, i, TB_OP_ATTRIBUTES_SET, in);
    }
    for (uint32_t k = 0; k < r->consent_n; k++) {
        struct tb_job_request *q = add(imp, i, TB_OP_CONSENT_PUT, &r->consent[k]);
        q->key_hash = (r->hash ^ (0x636f6e73656e7400u + k)) | 1;
        q->input_hash = r->hash;
    }
}

static void read_answer(struct tb_import *imp, const struct sent *s, const struct tb_job_request *q)
{
    struct people *p = imp->kind;
    struct person_row *r = &p->row[s->at];
    const struct tb_answer *a = &q->answer;
    int64_t *n = imp->tally.n;
    uint64_t v;
    if (s->op == TB_OP_ENROL && a->code == TB_CODE_ALREADY_ENROLLED) {
        n[TB_N_ENROLLED_STOOD]++;
        return;
    }
    if (a->code != TB_CODE_OK && a->code != TB_CODE_CONSENT_OLDER) {
        n[TB_N_ENROLLED_REFUSED] += s->op == TB_OP_ENROL;
        if (!r->rejected)
            tb_import_reject_code(imp, r->row, r->line, a);
        r->rejected = true;
        return;
    }
    if (s->op == TB_OP_CONTACT && !q->repeated) {
        n[TB_N_CONTACTS]++;
        n[TB_N_PERSONS] += tb_answer_uint(a, 3, &v) && v == 1;
    }
    n[TB_N_ENROLLED] += s->op == TB_OP_ENROL;
    n[TB_N_ATTRIBUTES] += s->op == TB_OP_ATTRIBUTES_SET && q->tenant_seq != 0 ? r->attribute_n : 0;
    n[TB_N_CONSENTS] += s->op == TB_OP_CONSENT_PUT && !q->repeated && q->tenant_seq != 0;
}

static bool run(struct tb_import *imp)
{
    struct people *p = imp->kind;
    if (!tb_wave_run(&imp->wave, &imp->fault))
        return false;
    for (uint32_t i = 0; i < imp->wave.n; i++)
        read_answer(imp, &p->sent[i], &imp->wave.request[i]);
    tb_wave_clear(&imp->wave);
    return true;
}

static bool flush(struct tb_import *imp, bool all)
{
    struct people *p = imp->kind;
    (void)all;
    if (p->n == 0)
        return tb_import_checkpoint(imp);
    if (!ask_who(imp))
        return false;
    judge(imp);
    for (uint32_t i = 0; i < p->n && !imp->dry; i++) {
        if (imp->wave.n + 3 + p->row[i].consent_n > imp->wave.cap && !run(imp))
            return false;
        add_row(imp, i);
    }
    if (!run(imp))
        return false;
    for (uint32_t i = 0; i < p->n; i++)
        imp->tally.n[TB_N_ACCEPTED] += !p->row[i].rejected;
    p->n = 0;
    tb_arena_reset(&p->batch);
    return tb_import_checkpoint(imp);
}

static bool row(struct tb_import *imp, const struct tb_row *row)
{
    struct people *p = imp->kind;
    if (imp->skipping)
        return true;
    const char *reason = read_row(imp, row, &p->row[p->n]);
    if (reason != NULL) {
        tb_import_reject(imp, (int64_t)row->number, (int64_t)row->line, tb_str_of(reason), "");
        return true;
    }
    p->n++;
    bool full = p->n == ROWS || p->batch.used > BATCH_BYTES / 2 ||
                (p->n + 1) * imp->map->identifier_n > imp->wave.cap;
    return !full || flush(imp, false);
}

static bool open(struct tb_import *imp)
{
    struct people *p = calloc(1, sizeof *p);
    tb_assert(p != NULL);
    imp->kind = p;
    p->memory = malloc(BATCH_BYTES);
    tb_assert(p->memory != NULL);
    tb_arena_init(&p->batch, p->memory, BATCH_BYTES);
    return true;
}

static void close(struct tb_import *imp)
{
    struct people *p = imp->kind;
    if (p == NULL)
        return;
    free(p->memory);
    free(p);
}

const struct tb_import_kind_ops tb_import_people = {open, row, flush, close};
