// SPDX-License-Identifier: Apache-2.0
/* core/issue/code.c - words and unique codes that are worth a coupon. */
#include "core/issue/issue.h"

#include "core/catalog/put.h"
#include "core/code/code_int.h"
#include "core/ledger/ledger_int.h"

#define WORD_MAX 56u

/* ---- putting ----------------------------------------------------------------------------------- */

static bool word_valid(struct tb_str s)
{
    for (uint32_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.'))
            return false;
    }
    return s.n > 0 && s.n <= WORD_MAX;
}

enum tb_outcome tb_coupon_code_put(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_coupon_code_put *in = cmd->input;
    struct tb_put_run p = tb_put_begin(t, a, TB_KIND_COUPON_CODE, t->tenant, &in->put);
    tb_check(&p, in->unique || word_valid(in->put.code), "code");
    struct tb_ev_coupon_code_put ev = {.code = in->put.code,
                                       .unique = in->unique,
                                       .disabled = in->disabled,
                                       .uses_max = (uint64_t)in->uses_max,
                                       .member_max = (uint64_t)in->member_max,
                                       .from_ms = (uint64_t)in->from_ms,
                                       .until_ms = (uint64_t)in->until_ms};
    ev.unit = tb_check_named(&p, "unit", TB_KIND_UNIT, in->unit, false, TB_CODE_UNKNOWN_UNIT);
    const struct tb_unit *u = ev.unit ? tb_catalog_find(t, TB_KIND_UNIT, ev.unit) : NULL;
    if (u != NULL && u->kind != TB_UNIT_COUPON)
        tb_put_refuse(&p, TB_CODE_UNKNOWN_UNIT, "unit");
    tb_check_range(&p, "uses_max", in->uses_max, 0, TB_AMOUNT_MAX);
    tb_check_range(&p, "member_max", in->member_max, 0, TB_AMOUNT_MAX);
    tb_check_range(&p, "from", in->from_ms, 0, TB_MS_MAX);
    tb_check(&p, in->until_ms == 0 || (in->until_ms > in->from_ms && in->until_ms <= TB_MS_MAX), "until");
    if (in->unique && !p.refused && tb_catalog_code(t, p.tenant, TB_KIND_CODE_BATCH, in->put.code) == 0)
        tb_put_refuse(&p, TB_CODE_NOT_FOUND, "unique");
    const struct tb_coupon_code *old = p.refused ? NULL : tb_put_old(&p);
    if (old != NULL && (old->unit != ev.unit || old->unique != (uint8_t)in->unique))
        tb_put_refuse(&p, TB_CODE_UNIT_MISMATCH, old->unit != ev.unit ? "unit" : "unique");
    TB_PUT_EMIT(&p, coupon_code_put, &ev);
    return tb_put_end(&p);
}

void tb_issue_apply_coupon_code_put(struct tb_txn *t, const struct tb_ev_coupon_code_put *ev)
{
    const enum tb_kind kind = TB_KIND_COUPON_CODE;
    struct tb_config c = tb_config_fold(t, &(struct tb_config_fold){.kind = kind,
                                                                   .id = ev->id,
                                                                   .tenant = ev->tenant,
                                                                   .version = ev->version,
                                                                   .content = ev->content,
                                                                   .code = ev->code});
    struct tb_coupon_code *head = tb_block_head(tb_write(t, kind, ev->id));
    int64_t uses = head->uses;
    *head = (struct tb_coupon_code){.c = c,
                                    .unit = (uint32_t)ev->unit,
                                    .unique = ev->unique != 0,
                                    .disabled = ev->disabled != 0,
                                    .uses_max = (int64_t)ev->uses_max,
                                    .member_max = (int64_t)ev->member_max,
                                    .from_ms = (int64_t)ev->from_ms,
                                    .until_ms = ev->until_ms ? (int64_t)ev->until_ms : INT64_MAX,
                                    .uses = uses};
}

/* ---- claiming ------------------------------------------------------------------------------------ */

static const struct tb_coupon_code *head_of(const struct tb_txn *t, uint32_t object)
{
    return tb_block_head_const(tb_read(t, TB_KIND_COUPON_CODE, object));
}

/* The uses of a person: rows of her profiles under the object's number, as a campaign's (promotion/limit.c). */
enum { USES_OF_CODE = 60 };

static int64_t used_by(const struct tb_txn *t, uint32_t profile, uint32_t object)
{
    struct tb_block *b = tb_read(t, TB_KIND_PERSON, tb_person_by_profile(t, profile));
    const struct tb_cap_use *use = tb_section(t, b, TB_PERSON_CAP);
    int64_t sum = 0;
    for (uint32_t i = 0; i < b->n[TB_PERSON_CAP]; i++)
        if (use[i].unit == object && use[i].kind == USES_OF_CODE)
            sum += use[i].amount;
    return sum;
}

static enum tb_outcome wrong(struct tb_txn *t, const struct tb_cmd_coupon_claim *in, struct tb_answer *a)
{
    tb_code_missed(t, in->caller);
    (void)tb_refuse(a, TB_CODE_UNKNOWN_CODE, "claim_code");
    return TB_DONE; /* final: the guess is counted */
}

/* The object of a code's batch, once the code was scanned and may be used; else 0 with the outcome. */
static uint32_t by_serial(struct tb_txn *t, const struct tb_cmd_coupon_claim *in, uint32_t profile, struct tb_answer *a,
                          enum tb_outcome *outcome)
{
    struct tb_block *batch = tb_code_batch_of(t, in->serial);
    uint32_t object = 0;
    if (batch != NULL)
        object = tb_find_code(t, TB_KIND_COUPON_CODE, tb_config_text(t, batch, tb_code_batch_head(batch)->c.code));
    if (object == 0 || !head_of(t, object)->unique) {
        *outcome = wrong(t, in, a);
        return 0;
    }
    struct tb_cmd_code_scan scan = {
        .code = in->serial, .member = profile, .caller = in->caller, .occurred_ms = t->now_ms};
    struct tb_code_facts f;
    *outcome = tb_code_scanned(t, &scan, &f, a);
    if (*outcome != TB_DONE || a->code != TB_CODE_OK)
        return 0;
    enum tb_code no = f.verdict == TB_SCAN_VOID     ? TB_CODE_CODE_VOID
                      : f.verdict == TB_SCAN_FROZEN ? TB_CODE_CODE_FROZEN
                      : f.redeemed                  ? TB_CODE_CODE_REDEEMED
                                                    : TB_CODE_OK;
    if (no == TB_CODE_OK)
        return object;
    *outcome = tb_refuse(a, no, "claim_code");
    return 0;
}

static struct tb_str capitals(struct tb_txn *t, struct tb_str s)
{
    char *p = tb_arena_alloc(t->scratch, s.n + 1);
    tb_assert(p != NULL);
    for (uint32_t i = 0; i < s.n; i++)
        p[i] = s.p[i] >= 'a' && s.p[i] <= 'z' ? (char)(s.p[i] - 32) : s.p[i];
    return (struct tb_str){p, s.n};
}

/* A public word's object; 0: there is none. */
static uint32_t by_word(struct tb_txn *t, struct tb_str word)
{
    uint32_t object = word.n && word.n <= WORD_MAX ? tb_find_code(t, TB_KIND_COUPON_CODE, capitals(t, word)) : 0;
    return object && !head_of(t, object)->unique ? object : 0;
}

static enum tb_code judge(const struct tb_txn *t, uint32_t object, uint32_t profile)
{
    const struct tb_coupon_code *c = head_of(t, object);
    if (c->disabled || t->now_ms < c->from_ms || t->now_ms >= c->until_ms)
        return TB_CODE_NOT_OPEN;
    if (c->uses_max && c->uses >= c->uses_max)
        return TB_CODE_OUT_OF_STOCK;
    return c->member_max && used_by(t, profile, object) >= c->member_max ? TB_CODE_CAP_EXCEEDED : TB_CODE_OK;
}

enum tb_outcome tb_coupon_code_open(struct tb_txn *t, const struct tb_cmd_coupon_claim *in, uint32_t profile,
                                    struct tb_claimed *out, struct tb_answer *a)
{
    *out = (struct tb_claimed){0};
    if (tb_code_limited(t, in->caller, true))
        return tb_refuse(a, TB_CODE_SCAN_LIMITED, "claim_code");
    out->object = by_word(t, in->claim_code);
    if (out->object == 0)
        out->unit = tb_catalog_claim_code(t, in->claim_code);
    if (out->unit != 0)
        return TB_DONE;
    if (out->object == 0 && in->serial.batch == 0)
        return wrong(t, in, a);
    enum tb_outcome outcome = TB_DONE;
    if (out->object == 0)
        out->object = by_serial(t, in, profile, a, &outcome);
    if (out->object == 0)
        return outcome;
    enum tb_code no = judge(t, out->object, profile);
    out->unit = head_of(t, out->object)->unit;
    return no == TB_CODE_OK ? TB_DONE : tb_refuse(a, no, no == TB_CODE_CAP_EXCEEDED ? "member" : "claim_code");
}

enum tb_outcome tb_coupon_code_use(struct tb_txn *t, const struct tb_cmd_coupon_claim *in, uint32_t profile,
                                   const struct tb_claimed *c, const struct tb_coupon *coupon, struct tb_answer *a)
{
    if (c->object == 0)
        return TB_DONE;
    struct tb_block *b = tb_read(t, TB_KIND_PERSON, tb_person_by_profile(t, profile));
    if (b->n[TB_PERSON_CAP] >= TB_SECTION_ELEMENTS_MAX - 1)
        return tb_refuse(a, TB_CODE_TOO_MANY, "member");
    bool unique = head_of(t, c->object)->unique;
    struct tb_ev_coupon_code_used ev = {.coupon_code = c->object,
                                        .profile = profile,
                                        .lot = coupon->lot,
                                        .unit = c->unit,
                                        .batch = unique ? in->serial.batch : 0,
                                        .serial = unique ? in->serial.serial : 0};
    tb_emit_coupon_code_used(t, &ev);
    if (!unique)
        return TB_DONE;
    enum tb_code code = tb_code_redeem(t, in->serial, profile);
    return code == TB_CODE_OK ? TB_DONE : tb_refuse(a, code, "claim_code");
}

void tb_issue_apply_coupon_code_used(struct tb_txn *t, const struct tb_ev_coupon_code_used *ev)
{
    uint32_t profile = (uint32_t)ev->profile;
    uint32_t person = tb_person_by_profile(t, profile);
    struct tb_block *b = tb_write(t, TB_KIND_PERSON, person);
    struct tb_cap_use *use = tb_section(t, b, TB_PERSON_CAP);
    struct tb_coupon_code *head = tb_block_head(tb_write(t, TB_KIND_COUPON_CODE, ev->coupon_code));
    head->uses++;
    for (uint32_t i = 0; i < b->n[TB_PERSON_CAP]; i++)
        if (use[i].profile == profile && use[i].unit == ev->coupon_code && use[i].kind == USES_OF_CODE) {
            use[i].amount++;
            return;
        }
    struct tb_cap_use fresh = {
        .profile = profile, .unit = (uint32_t)ev->coupon_code, .kind = USES_OF_CODE, .amount = 1};
    (void)tb_push(t, TB_KIND_PERSON, person, TB_PERSON_CAP, &fresh);
}
