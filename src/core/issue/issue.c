// SPDX-License-Identifier: Apache-2.0
/* core/issue/issue.c - starting, stopping and stepping a run over the tenant's persons. */
#include "core/issue/issue.h"

#include "core/catalog/put.h"
#include "core/catalog/rule_env.h"
#include "core/issue/audience.h"
#include "core/ledger/ledger_int.h"
#include "core/ops.h"

#define COUNT_PREFIX "audience:"
#define STEP_BYTES_MAX (128u << 10) /* of events in one step */

static const struct tb_issue *head_of(const struct tb_txn *t, uint64_t issue)
{
    return tb_block_head_const(tb_read(t, TB_KIND_ISSUE, issue));
}

/* ---- starting ------------------------------------------------------------------------------- */

static struct tb_str count_code(struct tb_txn *t, struct tb_str campaign)
{
    struct tb_buf b;
    char *at = tb_arena_alloc(t->scratch, TB_CODE_MAX + 16);
    tb_assert(at != NULL);
    tb_buf_init(&b, at, TB_CODE_MAX + 16);
    tb_buf_c(&b, COUNT_PREFIX);
    tb_buf_str(&b, campaign);
    return tb_buf_as_str(&b);
}

static void check_template(struct tb_put_run *p, struct tb_ev_issue_put *ev, const struct tb_cmd_issue *in)
{
    ev->unit = tb_check_named(p, "unit", TB_KIND_UNIT, in->unit, in->verb == TB_ISSUE_COUNT, TB_CODE_UNKNOWN_UNIT);
    const struct tb_unit *u = ev->unit ? tb_catalog_find(p->t, TB_KIND_UNIT, ev->unit) : NULL;
    if (u != NULL && u->kind != TB_UNIT_COUPON)
        tb_put_refuse(p, TB_CODE_UNKNOWN_UNIT, "unit");
}

static void check_open(struct tb_put_run *p, const struct tb_ev_issue_put *ev)
{
    const struct tb_unit *u = ev->unit && !p->refused ? tb_catalog_find(p->t, TB_KIND_UNIT, ev->unit) : NULL;
    if (u != NULL && u->valid_until_ms && p->t->now_ms >= u->valid_until_ms)
        tb_put_refuse(p, TB_CODE_NOT_OPEN, "unit");
}

static void check_audience(struct tb_put_run *p, struct tb_ev_issue_put *ev)
{
    _Alignas(8) uint8_t region[TB_EXPR_PROGRAM_MAX];
    struct tb_rule_env env;
    struct tb_expr_problem problem;
    uint32_t window_days = 0;
    if (p->refused || ev->audience.n == 0)
        return;
    tb_rule_env_init(&env, p->t, p->tenant, TB_RULE_TIER, UINT32_MAX);
    tb_rule_check_condition(p, &env, "audience", ev->audience, region);
    if (!p->refused && tb_rule_compile(&env, TB_RULE_PART_CONDITION, ev->audience, region, &problem, &window_days))
        ev->window_days = window_days;
}

static uint32_t running(const struct tb_txn *t)
{
    uint32_t n = 0;
    for (uint64_t id = 1; id <= t->store->counter[TB_COUNTER_JOB]; id++) {
        const struct tb_block *b = tb_read(t, TB_KIND_JOB, id);
        const struct tb_job *job = b ? tb_block_head_const(b) : NULL;
        n += job != NULL && job->tenant == t->tenant && job->kind == TB_JOB_ISSUE;
    }
    return n;
}

static void start(struct tb_put_run *p, const struct tb_cmd_issue *in, struct tb_ev_issue_put *ev)
{
    bool counts = in->verb == TB_ISSUE_COUNT;
    struct tb_buf content = tb_put_content_open(p, tb_ev_issue_put_size(ev));
    tb_ev_issue_put_encode(&content, ev);
    if (!tb_put_content_close(p, &content))
        return;
    const struct tb_issue *old = tb_put_old(p);
    if (old != NULL && !counts)
        tb_put_refuse(p, TB_CODE_ISSUE_STARTED, "code");
    if ((old == NULL || old->state != TB_ISSUE_RUNNING) && running(p->t) >= TB_ISSUES_RUNNING_MAX)
        tb_put_refuse(p, TB_CODE_BUSY, "");
    if (p->refused)
        return;
    bool again = old != NULL && old->state == TB_ISSUE_RUNNING;
    struct tb_ev_job_moved job = {.job = again ? old->job : tb_counter_next(p->t, TB_COUNTER_JOB),
                                  .kind = TB_JOB_ISSUE,
                                  .last = p->t->store->counter[TB_COUNTER_PERSON],
                                  .object = p->id};
    ev->id = p->id;
    ev->version = p->version;
    ev->content = p->content;
    ev->last = job.last;
    ev->job = job.last ? job.job : 0;
    tb_emit_issue_put(p->t, ev);
    if (job.last)
        tb_emit_job_moved(p->t, &job);
}

static enum tb_outcome stop(struct tb_txn *t, struct tb_str code, struct tb_answer *a);

enum tb_outcome tb_issue_run(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    const struct tb_cmd_issue *in = cmd->input;
    if (in->verb == TB_ISSUE_STOP)
        return stop(t, in->put.code, a);
    bool counts = in->verb == TB_ISSUE_COUNT;
    struct tb_put put = in->put;
    if (counts)
        put = (struct tb_put){.code = count_code(t, in->campaign)};
    struct tb_put_run p = tb_put_begin(t, a, TB_KIND_ISSUE, t->tenant, &put);
    tb_check_text(&p, "name", in->name, 0, TB_NAME_MAX);
    struct tb_ev_issue_put ev = {.code = put.code,
                                 .name = in->name,
                                 .audience = in->audience,
                                 .reason = in->reason,
                                 .limit = (uint64_t)in->limit,
                                 .actor = cmd->actor,
                                 .counted_ms = counts ? (uint64_t)t->now_ms : 0};
    check_template(&p, &ev, in);
    ev.campaign = tb_check_named(&p, "campaign", TB_KIND_CAMPAIGN, in->campaign, !counts, TB_CODE_UNKNOWN_CAMPAIGN);
    tb_check(&p, in->audience.n <= TB_EXPR_SOURCE_MAX && !(in->audience.n && ev.campaign), "audience");
    ev.purpose = tb_check_named(&p, "purpose", TB_KIND_PURPOSE, in->purpose, true, TB_CODE_UNKNOWN_PURPOSE);
    if (!counts && in->reason.n == 0)
        tb_put_refuse(&p, TB_CODE_REASON_REQUIRED, "reason");
    tb_check_text(&p, "reason", in->reason, 0, TB_REASON_MAX);
    tb_check_range(&p, "limit", in->limit, 0, TB_AMOUNT_MAX);
    check_audience(&p, &ev);
    check_open(&p, &ev);
    if (!p.refused && ev.campaign)
        ev.offer = ((const struct tb_campaign *)tb_block_head_const(tb_read(t, TB_KIND_CAMPAIGN, ev.campaign)))->newest;
    start(&p, in, &ev);
    return tb_put_end(&p);
}

void tb_issue_apply_issue_put(struct tb_txn *t, const struct tb_ev_issue_put *ev)
{
    const enum tb_kind kind = TB_KIND_ISSUE;
    struct tb_config c = tb_config_fold(t, &(struct tb_config_fold){.kind = kind,
                                                                   .id = ev->id,
                                                                   .tenant = ev->tenant,
                                                                   .version = ev->version,
                                                                   .content = ev->content,
                                                                   .code = ev->code});
    struct tb_text audience = tb_config_add_text(t, kind, ev->id, ev->audience);
    struct tb_text reason = tb_config_add_text(t, kind, ev->id, ev->reason);
    c.name = tb_config_add_text(t, kind, ev->id, ev->name);
    tb_tenant_window(t, c.tenant, (uint32_t)ev->window_days);
    *(struct tb_issue *)tb_block_head(tb_write(t, kind, ev->id)) =
        (struct tb_issue){.c = c,
                          .audience = audience,
                          .reason = reason,
                          .unit = (uint32_t)ev->unit,
                          .campaign = (uint32_t)ev->campaign,
                          .offer = (uint32_t)ev->offer,
                          .purpose = (uint32_t)ev->purpose,
                          .actor = (uint32_t)ev->actor,
                          .state = ev->job ? TB_ISSUE_RUNNING : TB_ISSUE_DONE,
                          .job = ev->job,
                          .last = ev->last,
                          .limit = (int64_t)ev->limit,
                          .started_ms = t->now_ms,
                          .ended_ms = ev->job ? 0 : t->now_ms};
}

/* ---- moving ------------------------------------------------------------------------------------ */

/* Everything that an event says is how it stands afterwards. */
static void emit_moved(struct tb_txn *t, uint64_t id, const struct tb_issue *now)
{
    uint64_t skipped[TB_ISSUE_SKIPS];
    for (uint32_t i = 0; i < TB_ISSUE_SKIPS; i++)
        skipped[i] = (uint64_t)now->skipped[i];
    struct tb_ev_issue_moved ev = {.issue = id,
                                   .state = now->state,
                                   .looked = (uint64_t)now->looked,
                                   .matched = (uint64_t)now->matched,
                                   .eligible = (uint64_t)now->eligible,
                                   .consented = (uint64_t)now->consented,
                                   .held_out = (uint64_t)now->held_out,
                                   .issued = (uint64_t)now->issued,
                                   .skipped = skipped,
                                   .skipped_n = TB_ISSUE_SKIPS};
    tb_emit_issue_moved(t, &ev);
}

void tb_issue_apply_issue_moved(struct tb_txn *t, const struct tb_ev_issue_moved *ev)
{
    struct tb_issue *i = tb_block_head(tb_write(t, TB_KIND_ISSUE, ev->issue));
    i->state = (uint32_t)ev->state;
    i->looked = (int64_t)ev->looked;
    i->matched = (int64_t)ev->matched;
    i->eligible = (int64_t)ev->eligible;
    i->consented = (int64_t)ev->consented;
    i->held_out = (int64_t)ev->held_out;
    i->issued = (int64_t)ev->issued;
    for (uint32_t k = 0; k < ev->skipped_n && k < TB_ISSUE_SKIPS; k++)
        i->skipped[k] = (int64_t)ev->skipped[k];
    if (ev->state != TB_ISSUE_RUNNING)
        i->ended_ms = t->now_ms;
}

static enum tb_outcome stop(struct tb_txn *t, struct tb_str code, struct tb_answer *a)
{
    uint32_t id = tb_find_code(t, TB_KIND_ISSUE, code);
    if (id == 0)
        return tb_refuse(a, TB_CODE_NOT_FOUND, "");
    struct tb_issue now = *head_of(t, id);
    tb_wire_put_uint(&a->body, 1, id);
    tb_wire_put_uint(&a->body, 2, now.c.version);
    if (now.state != TB_ISSUE_RUNNING)
        return TB_DONE;
    struct tb_ev_job_moved job = {.job = now.job, .kind = TB_JOB_ISSUE, .done = 1};
    now.state = TB_ISSUE_STOPPED;
    emit_moved(t, id, &now);
    tb_emit_job_moved(t, &job);
    tb_wire_put_uint(&a->body, 4, 1);
    return TB_DONE;
}

/* ---- a step -------------------------------------------------------------------------------------- */

static void skip_for(struct tb_issue *now, enum tb_code code)
{
    enum tb_issue_skip why = code == TB_CODE_NOT_ENROLLED   ? TB_SKIP_NOT_ENROLLED
                             : code == TB_CODE_CAP_EXCEEDED ? TB_SKIP_HAS_HERS
                                                            : TB_SKIP_FULL;
    now->skipped[why]++;
}

/* Gives her one; false: the run is over. */
static bool give(struct tb_txn *t, struct tb_issue *now, uint32_t person, struct tb_str reason)
{
    const struct tb_unit *u = tb_unit_head(t, now->unit);
    if (u->valid_until_ms && t->now_ms >= u->valid_until_ms)
        now->state = TB_ISSUE_OVER;
    else if (now->limit && now->issued >= now->limit)
        now->state = TB_ISSUE_LIMIT;
    if (now->state != TB_ISSUE_RUNNING)
        return false;
    struct tb_coupon c;
    uint32_t profile = tb_person_id(tb_read(t, TB_KIND_PERSON, person));
    tb_ledger_settle(t, person);
    enum tb_code code = tb_coupon_issue(t, profile, now->unit, 0, now->actor, reason, &c);
    if (code == TB_CODE_OK)
        now->issued++;
    else if (code == TB_CODE_OUT_OF_STOCK)
        now->state = TB_ISSUE_OUT_OF_STOCK;
    else
        skip_for(now, code);
    return now->state == TB_ISSUE_RUNNING;
}

/* False: the run is over. */
static bool visit(struct tb_txn *t, const struct tb_audience *who, struct tb_issue *now, uint32_t person,
                  struct tb_str reason)
{
    struct tb_block *b = tb_read(t, TB_KIND_PERSON, person);
    enum tb_standing s = tb_audience_ask(who, b);
    now->looked++;
    if (s == TB_STANDS_OUTSIDE)
        return true;
    bool consented = tb_audience_consented(t, b, now->purpose);
    now->matched++;
    now->eligible += s != TB_STANDS_INELIGIBLE;
    now->held_out += s == TB_STANDS_HELD_OUT;
    now->consented += s != TB_STANDS_INELIGIBLE && consented;
    if (now->unit == 0)
        return true;
    if (now->purpose != 0 && !consented) {
        now->skipped[TB_SKIP_NO_CONSENT]++;
        return true;
    }
    return give(t, now, person, reason);
}

void tb_issue_step(struct tb_txn *t, struct tb_job *job)
{
    uint32_t id = job->object;
    struct tb_block *b = tb_read(t, TB_KIND_ISSUE, id);
    tb_assert(b != NULL);
    struct tb_issue now = *(const struct tb_issue *)tb_block_head_const(b);
    struct tb_str reason = tb_str_copy(t->scratch, tb_config_text(t, b, now.reason));
    struct tb_audience who;
    if (!tb_audience_open(&who, t, tb_config_text(t, b, now.audience), now.offer))
        now.state = TB_ISSUE_STOPPED; /* this program's compiler refuses what another took */
    for (uint32_t n = 0; n < TB_JOB_SLICE && job->cursor < job->last && now.state == TB_ISSUE_RUNNING; n++) {
        if (t->events.n > STEP_BYTES_MAX)
            break;
        struct tb_block *person = tb_read(t, TB_KIND_PERSON, job->cursor + 1);
        bool hers = person != NULL && tb_person_of(person)->tenant == t->tenant &&
                    !(tb_person_of(person)->flags & (TB_PERSON_ERASED | TB_PERSON_THING)); /* a gift card is nobody */
        if (hers && !visit(t, &who, &now, (uint32_t)job->cursor + 1, reason))
            break;
        job->cursor++;
    }
    if (now.state == TB_ISSUE_RUNNING && job->cursor >= job->last)
        now.state = TB_ISSUE_DONE;
    if (now.state != TB_ISSUE_RUNNING)
        job->cursor = job->last;
    emit_moved(t, id, &now);
}
