// SPDX-License-Identifier: Apache-2.0
/* Sending groups and reading answers. See send.h, orders.c. */
#include "cli/import/send.h"

#include <stdlib.h>
#include <string.h>

#include "core/ops.h"
#include "events.gen.h"
#include "http/app.h"

#define BATCH_BYTES (64u << 20)
#define DRY_WAVE 256u
#define DRY_ANSWER_BYTES (64u << 10)

static struct tb_str text_of(const struct tb_group *g, struct tb_text t)
{
    return (struct tb_str){g->bytes + t.at, t.n};
}

bool tb_send_open(struct tb_import *imp)
{
    struct tb_orders *o = imp->kind;
    o->batch_memory = malloc(BATCH_BYTES);
    if (o->batch_memory == NULL)
        return false;
    tb_arena_init(&o->batch, o->batch_memory, BATCH_BYTES);
    if (!imp->dry)
        return true;
    o->regions = calloc(1, sizeof *o->regions);
    o->pool = calloc(1, sizeof *o->pool);
    if (o->regions == NULL || o->pool == NULL)
        return false;
    tb_regions_init(o->regions);
    tb_pool_init(o->pool, tb_regions_mem(o->regions));
    return true;
}

void tb_send_close(struct tb_import *imp)
{
    struct tb_orders *o = imp->kind;
    while (o->done != NULL) {
        struct tb_group *g = o->done;
        o->done = g->next;
        tb_group_free(g);
    }
    if (o->regions != NULL)
        tb_regions_deinit(o->regions);
    free(o->regions);
    free(o->pool);
    free(o->batch_memory);
}

void tb_matches_add(struct tb_orders *o, const struct tb_match *m)
{
    if (o->match_n == o->match_cap) {
        o->match_cap = o->match_cap ? o->match_cap * 2 : 1024;
        struct tb_match *bigger = realloc(o->match, o->match_cap * sizeof *bigger);
        tb_assert(bigger != NULL);
        o->match = bigger;
    }
    o->match[o->match_n++] = *m;
}

static void *batch_new(struct tb_import *imp, size_t n, size_t size)
{
    struct tb_orders *o = imp->kind;
    void *p = tb_arena_array(&o->batch, n, size);
    tb_assert(p != NULL); /* BATCH_BYTES holds BATCH_LINES and one group more, see orders.c */
    return p;
}

struct tb_str tb_orders_part_key(struct tb_import *imp, const struct tb_group *g, uint32_t part)
{
    struct tb_str key = tb_group_key(g);
    if (part == 1)
        return key;
    struct tb_buf b;
    tb_buf_init(&b, batch_new(imp, 1, TB_ORDER_KEY_MAX + 12), TB_ORDER_KEY_MAX + 12);
    tb_buf_str(&b, key);
    tb_buf_printf(&b, "#%u", part);
    return tb_buf_as_str(&b);
}

/* ---- answers ------------------------------------------------------------------------------------- */

/* Dry run: does the order that stands say the same? */
static bool same_order(struct tb_orders *o, const struct tb_sent *s, const struct tb_job_request *r)
{
    struct tb_str packed;
    if (r->finish == TB_FINISH_TOO_LARGE || !tb_answer_bytes(&r->answer, 2, &packed))
        return true;
    const struct tb_shape *shape = &tb_shapes[TB_KIND_ORDER];
    struct tb_block *b = tb_block_unpack(o->pool, shape, TB_KIND_ORDER, 1, packed);
    if (b == NULL)
        return true;
    bool same = ((const struct tb_order *)tb_block_head_const(b))->input_hash == s->input_hash;
    tb_block_destroy(o->pool, shape, b);
    return same;
}

static void refuse_lines(const struct tb_sent *s, struct tb_orders *o, enum tb_code code, const char *field)
{
    for (uint32_t i = s->from; i < s->to; i++) {
        uint32_t at = s->kind == TB_SENT_SALE ? i : o->match[i].line;
        s->group->line[at].refused = true;
        s->group->line[at].code = (uint8_t)code;
        memcpy(s->group->line[at].field, field, sizeof s->group->line[at].field);
    }
}

static void read_sale(struct tb_import *imp, struct tb_sent *s, const struct tb_job_request *r)
{
    struct tb_orders *o = imp->kind;
    int64_t *n = imp->tally.n;
    uint64_t v;
    if (imp->dry && r->finish == TB_FINISH_DONE && r->answer.code == TB_CODE_UNKNOWN_ORDER) {
        n[TB_N_ORDERS]++;
    } else if (imp->dry && (r->finish == TB_FINISH_TOO_LARGE || r->answer.code == TB_CODE_OK)) {
        bool same = same_order(o, s, r);
        n[same ? TB_N_ORDERS_STOOD : TB_N_ORDERS_REFUSED]++;
        if (!same)
            refuse_lines(s, o, TB_CODE_ORDER_EXISTS, r->answer.field);
    } else if (r->answer.code != TB_CODE_OK) {
        n[TB_N_ORDERS_REFUSED]++;
        refuse_lines(s, o, r->answer.code, r->answer.field);
    } else if (tb_answer_uint(&r->answer, 3, &v) && v == 1) {
        n[TB_N_ORDERS_STOOD]++;
    } else {
        n[TB_N_ORDERS]++;
        n[TB_N_PERSONS] += tb_answer_uint(&r->answer, 7, &v) && v == 1;
    }
}

static void read_return(struct tb_import *imp, struct tb_sent *s, const struct tb_job_request *r)
{
    int64_t *n = imp->tally.n;
    uint64_t v;
    if (r->answer.code != TB_CODE_OK) {
        n[TB_N_RETURNS_REFUSED]++;
        refuse_lines(s, imp->kind, r->answer.code, r->answer.field);
    } else if (tb_answer_uint(&r->answer, 3, &v) && v == 1) {
        n[TB_N_RETURNS_STOOD]++;
    } else {
        n[TB_N_RETURNS]++;
    }
}

/* True: the person is not known; the caller sends a contact. */
static bool read_enrol(struct tb_import *imp, const struct tb_sent *s, const struct tb_job_request *r)
{
    int64_t *n = imp->tally.n;
    uint64_t v;
    if (imp->dry) {
        bool known = r->answer.code == TB_CODE_OK;
        bool member = known && tb_answer_uint(&r->answer, 5, &v) && (v >> TB_COUNT_MEMBERS & 1);
        n[member ? TB_N_ENROLLED_STOOD : TB_N_ENROLLED]++;
        n[TB_N_PERSONS] += !known;
        return false;
    }
    if (r->answer.code == TB_CODE_OK)
        n[TB_N_ENROLLED]++;
    else if (r->answer.code == TB_CODE_ALREADY_ENROLLED)
        n[TB_N_ENROLLED_STOOD]++;
    else if (r->answer.code == TB_CODE_UNKNOWN_MEMBER && s->kind == TB_SENT_ENROL)
        return true;
    else
        n[TB_N_ENROLLED_REFUSED]++;
    return false;
}

static void read_contact(struct tb_import *imp, const struct tb_job_request *r)
{
    uint64_t v;
    imp->tally.n[TB_N_CONTACTS]++;
    imp->tally.n[TB_N_PERSONS] += r->answer.code == TB_CODE_OK && tb_answer_uint(&r->answer, 3, &v) && v == 1;
}

static void add(struct tb_import *imp, const struct tb_sent *s, uint32_t op, const void *input)
{
    struct tb_orders *o = imp->kind;
    o->sent[tb_wave_add(&imp->wave, op, input)] = *s;
}

static const struct tb_cmd_enrol *enrol_input(struct tb_import *imp, const struct tb_group *g)
{
    struct tb_cmd_enrol *in = batch_new(imp, 1, sizeof *in);
    in->who.identifier = g->identifier[0];
    in->touchpoint = tb_import_object(imp, TB_KIND_TOUCHPOINT, text_of(g, g->touchpoint));
    in->terms_version = imp->map->enrol_terms;
    in->occurred_ms = g->enrol_ms;
    return in;
}

/* A contact first, then the enrolment again. */
static void add_stranger(struct tb_import *imp, struct tb_group *g)
{
    struct tb_cmd_contact *in = batch_new(imp, 1, sizeof *in);
    in->identifier = g->identifier;
    in->identifier_n = g->identifier_n;
    in->facts = (struct tb_contact_facts){
        .occurred_ms = g->occurred_ms,
        .touchpoint = tb_import_object(imp, TB_KIND_TOUCHPOINT, text_of(g, g->touchpoint)),
        .store = tb_import_object(imp, TB_KIND_STORE, text_of(g, g->store))};
    add(imp, &(struct tb_sent){.kind = TB_SENT_CONTACT, .group = g}, TB_OP_CONTACT, in);
    add(imp, &(struct tb_sent){.kind = TB_SENT_ENROL_AGAIN, .group = g}, TB_OP_ENROL, enrol_input(imp, g));
}

static void read_answers(struct tb_import *imp, struct tb_group **stranger, uint32_t *strangers)
{
    struct tb_orders *o = imp->kind;
    *strangers = 0;
    for (uint32_t i = 0; i < imp->wave.n; i++) {
        const struct tb_job_request *r = &imp->wave.request[i];
        switch (o->sent[i].kind) {
        case TB_SENT_SALE:
            read_sale(imp, &o->sent[i], r);
            break;
        case TB_SENT_RETURN:
            read_return(imp, &o->sent[i], r);
            break;
        case TB_SENT_CONTACT:
            read_contact(imp, r);
            break;
        case TB_SENT_ENROL:
        case TB_SENT_ENROL_AGAIN:
            if (read_enrol(imp, &o->sent[i], r))
                stranger[(*strangers)++] = o->sent[i].group;
            break;
        }
    }
}

static bool run_wave(struct tb_import *imp)
{
    struct tb_group *stranger[TB_IMPORT_WAVE];
    uint32_t strangers;
    if (!tb_wave_run(&imp->wave, &imp->fault))
        return false;
    read_answers(imp, stranger, &strangers);
    tb_wave_clear(&imp->wave);
    for (uint32_t i = 0; i < strangers;) {
        while (i < strangers && imp->wave.n + 2 <= imp->wave.cap)
            add_stranger(imp, stranger[i++]);
        uint32_t none;
        if (!tb_wave_run(&imp->wave, &imp->fault))
            return false;
        read_answers(imp, stranger, &none);
        tb_assert(none == 0);
        tb_wave_clear(&imp->wave);
    }
    return true;
}

static bool make_room(struct tb_import *imp)
{
    return !tb_wave_full(&imp->wave) || run_wave(imp);
}

/* ---- commands -------------------------------------------------------------------------------------- */

bool tb_send_order(struct tb_import *imp, struct tb_group *g, uint32_t from, uint32_t n, struct tb_str key,
                   uint32_t part)
{
    const struct tb_import_map *m = imp->map;
    struct tb_cmd_order *in = batch_new(imp, 1, sizeof *in);
    struct tb_order_line_input *line = batch_new(imp, n, sizeof *line);
    struct tb_order_tender_input *tender = batch_new(imp, 1, sizeof *tender);
    for (uint32_t i = 0; i < n; i++) {
        const struct tb_sale_line *l = &g->line[from + i];
        line[i] = (struct tb_order_line_input){
            .sku = {g->bytes + l->sku_at, l->sku_n}, .quantity = l->milli, .net = l->net};
        tender->amount += l->net;
    }
    tender->kind = m->tender;
    *in = (struct tb_cmd_order){.key = key,
                                .receipt = part == 1 ? text_of(g, g->receipt) : TB_STR_NONE,
                                .till = text_of(g, g->till),
                                .identifier = g->identifier,
                                .identifier_n = g->identifier_n,
                                .store = text_of(g, g->store),
                                .associate = text_of(g, g->associate),
                                .touchpoint = text_of(g, g->touchpoint),
                                .occurred_ms = g->occurred_ms,
                                .line = line,
                                .line_n = n,
                                .tender = tender,
                                .tender_n = m->has_tender ? 1 : 0};
    in->input_hash = tb_order_facts(&imp->hash_key, in, true);
    struct tb_sent s = {.kind = TB_SENT_SALE, .group = g, .from = from, .to = from + n, .input_hash = in->input_hash};
    if (imp->dry && imp->tenant == 0) {
        imp->tally.n[TB_N_ORDERS]++;
        return true;
    }
    if (!make_room(imp))
        return false;
    if (imp->dry) {
        struct tb_cmd_order_get *get = batch_new(imp, 1, sizeof *get);
        get->order = key;
        add(imp, &s, TB_OP_ORDER_GET, get);
    } else {
        add(imp, &s, TB_OP_ORDER, in);
    }
    return true;
}

bool tb_send_return(struct tb_import *imp, struct tb_group *g, uint32_t from, uint32_t to, uint32_t part)
{
    struct tb_orders *o = imp->kind;
    struct tb_cmd_return *in = batch_new(imp, 1, sizeof *in);
    struct tb_return_line_input *line = batch_new(imp, to - from, sizeof *line);
    for (uint32_t i = from; i < to; i++) {
        const struct tb_match *x = &o->match[i];
        line[i - from] = (struct tb_return_line_input){
            .line = o->purchases.p[x->purchase].line, .quantity = x->milli, .net = x->net};
    }
    struct tb_buf key;
    tb_buf_init(&key, batch_new(imp, 1, TB_ORDER_KEY_MAX + 12), TB_ORDER_KEY_MAX + 12);
    tb_buf_str(&key, tb_group_key(g));
    if (part > 1)
        tb_buf_printf(&key, "/%u", part);
    /* the key pool may move: the order's key is copied */
    struct tb_str order = tb_purchase_key(&o->purchases, &o->purchases.p[o->match[from].purchase]);
    char *copy = batch_new(imp, order.n, 1);
    memcpy(copy, order.p, order.n);
    *in = (struct tb_cmd_return){.order = {copy, order.n},
                                 .key = tb_buf_as_str(&key),
                                 .line = line,
                                 .line_n = to - from,
                                 .occurred_ms = g->occurred_ms};
    in->input_hash = tb_return_facts(&imp->hash_key, in, true);
    if (imp->dry) {
        imp->tally.n[TB_N_RETURNS]++;
        return true;
    }
    if (!make_room(imp))
        return false;
    add(imp, &(struct tb_sent){.kind = TB_SENT_RETURN, .group = g, .from = from, .to = to}, TB_OP_RETURN, in);
    return true;
}

bool tb_send_enrol(struct tb_import *imp, struct tb_group *g)
{
    struct tb_sent s = {.kind = TB_SENT_ENROL, .group = g};
    if (imp->dry && imp->tenant == 0) {
        imp->tally.n[TB_N_ENROLLED]++;
        imp->tally.n[TB_N_PERSONS]++;
        return true;
    }
    if (!make_room(imp))
        return false;
    if (imp->dry) {
        struct tb_cmd_member_get *get = batch_new(imp, 1, sizeof *get);
        get->who.identifier = g->identifier[0];
        add(imp, &s, TB_OP_MEMBER_GET, get);
    } else {
        add(imp, &s, TB_OP_ENROL, enrol_input(imp, g));
    }
    return true;
}

/* ---- counting ---------------------------------------------------------------------------------------- */

static void count_sale(struct tb_import *imp, const struct tb_sale_line *l)
{
    tb_nano *sum = imp->tally.sum;
    tb_nano booked = tb_orders_minor_nano(imp, l->net);
    imp->tally.n[TB_N_ACCEPTED]++;
    imp->tally.n[TB_N_LINES]++;
    sum[TB_SUM_SOLD] += booked;
    sum[TB_SUM_ROUNDING] += l->nano - booked;
}

static void count_back(struct tb_import *imp, const struct tb_group *g, const struct tb_sale_line *l)
{
    tb_nano *sum = imp->tally.sum;
    sum[TB_SUM_UNMATCHED] -= (tb_nano)(l->milli - l->matched) * l->micro;
    if (l->matched == 0) {
        tb_import_reject(imp, l->row, l->line,
                         g->customer == 0 ? TB_STR("cancellation_without_customer") : TB_STR("no_earlier_purchase"),
                         "");
        return;
    }
    imp->tally.n[TB_N_ACCEPTED]++;
    imp->tally.n[l->matched == l->milli ? TB_N_LINES_BACK : TB_N_LINES_PART]++;
}

/* The money of the matches whose line stands. */
static void count_matches(struct tb_import *imp, const struct tb_group *g, uint32_t from, uint32_t to)
{
    struct tb_orders *o = imp->kind;
    tb_nano *sum = imp->tally.sum;
    for (uint32_t i = from; i < to; i++) {
        const struct tb_match *x = &o->match[i];
        if (g->line[x->line].refused)
            continue;
        tb_nano booked = tb_orders_minor_nano(imp, x->net);
        bool dearer = x->nano - booked >= tb_orders_minor_nano(imp, 1);
        sum[TB_SUM_BACK] -= booked;
        sum[dearer ? TB_SUM_DEARER : TB_SUM_ROUNDING] -= x->nano - booked;
    }
}

static void count_group(struct tb_import *imp, const struct tb_group *g)
{
    for (uint32_t i = 0; i < g->line_n; i++) {
        const struct tb_sale_line *l = &g->line[i];
        if (l->refused) {
            struct tb_answer a = {.code = (enum tb_code)l->code};
            memcpy(a.field, l->field, sizeof a.field);
            imp->tally.sum[TB_SUM_REFUSED] += g->cancels ? -l->nano : l->nano;
            tb_import_reject_code(imp, l->row, l->line, &a);
        } else if (g->cancels) {
            count_back(imp, g, l);
        } else {
            count_sale(imp, l);
        }
    }
}

static struct tb_group *in_order(struct tb_group *newest_first)
{
    struct tb_group *list = NULL;
    while (newest_first != NULL) {
        struct tb_group *g = newest_first;
        newest_first = g->next;
        g->next = list;
        list = g;
    }
    return list;
}

bool tb_send_finish(struct tb_import *imp)
{
    struct tb_orders *o = imp->kind;
    if (!run_wave(imp))
        return false;
    o->done = in_order(o->done);
    bool was_skipping = imp->skipping;
    imp->skipping = false; /* rows of a group count when it closes */
    while (o->done != NULL) {
        struct tb_group *g = o->done;
        o->done = g->next;
        if (!g->reported) {
            count_group(imp, g);
            count_matches(imp, g, g->match_from, g->match_to);
        }
        tb_group_free(g);
    }
    imp->skipping = was_skipping;
    o->done_n = 0;
    o->done_lines = 0;
    o->match_n = 0;
    tb_arena_reset(&o->batch);
    /* stopped while it still skips, an import is no further back than it was */
    if (o->open.closed > imp->tally.groups)
        imp->tally.groups = o->open.closed;
    return tb_import_checkpoint(imp);
}
