// SPDX-License-Identifier: Apache-2.0
/* tongbao check - proves the folder, served or not:
 *
 *   journal   every batch's hash and the chain, from the first one held to the last
 *   state     the records in SQL are, byte for byte, what folding the journal gives
 *   published what people read by SQL is, row by row, what records and history give (engine/publish_check.h)
 *   books     every invariant of core over what is in memory, and over the folded journal
 *
 * The records are read in one statement, so they are of one instant; their first row says
 * up to which batch they go, and the journal is folded up to there.                      */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "backtest/replay.h"
#include "cli/cli.h"
#include "cli/publishing.h"
#include "engine/publish_check.h"

#define QUERY_MS 3600000u
#define BLOCK_BYTES (4u << 20)
#define FINDINGS_MAX 100u
#define PUBLISHED_TRIES 20u

struct proof {
    struct tb_cli *cli;
    struct tb_replay *replay;
    bool whole; /* the journal goes back to batch 1 */
    uint64_t records;
    uint64_t by_kind[TB_KINDS];
    uint64_t breaks;
    uint8_t *mine;
    uint8_t *theirs;
    bool failed;
    struct tb_fault fault;
};

static void found(void *user, const char *sentence)
{
    struct proof *p = user;
    if (++p->breaks <= FINDINGS_MAX)
        fprintf(p->cli->out, "  break: %s\n", sentence);
}

static void found_fmt(struct proof *p, const char *what, uint64_t kind, uint64_t id)
{
    char text[160];
    (void)snprintf(text, sizeof text, "record (%s %" PRIu64 ") %s",
                   kind < TB_KINDS && tb_shapes[kind].name ? tb_shapes[kind].name : "?", id, what);
    found(p, text);
}

/* ---- state = folded journal --------------------------------------------------------------------- */

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "\x0a1b" */
static bool from_hex(struct tb_str s, uint8_t *out, size_t *n)
{
    if (s.n < 2 || s.p[0] != '\\' || s.p[1] != 'x' || s.n % 2 != 0 || (s.n - 2) / 2 > BLOCK_BYTES)
        return false;
    *n = (s.n - 2) / 2;
    for (size_t i = 0; i < *n; i++) {
        int high = hex(s.p[2 + 2 * i]);
        int low = hex(s.p[3 + 2 * i]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static void compare(struct proof *p, uint64_t kind, uint64_t id, struct tb_str body)
{
    size_t n;
    struct tb_buf b;
    if (kind >= TB_KINDS || tb_shapes[kind].name == NULL || !from_hex(body, p->theirs, &n)) {
        found_fmt(p, "is of no known kind", kind, id);
        return;
    }
    p->by_kind[kind]++;
    if (!p->whole)
        return;
    struct tb_block *mine = tb_store_get(&tb_replay_core(p->replay)->store, (uint32_t)kind, id);
    if (mine == NULL) {
        found_fmt(p, "is not in the journal", kind, id);
        return;
    }
    tb_buf_init(&b, p->mine, BLOCK_BYTES);
    tb_block_pack(&tb_shapes[kind], mine, &b);
    if (b.overflowed || b.n != n || memcmp(p->mine, p->theirs, n) != 0)
        found_fmt(p, "differs from the journal", kind, id);
}

static bool record_row(void *user, const struct tb_value *v, uint32_t n)
{
    struct proof *p = user;
    tb_assert(n == 4);
    uint64_t kind = (uint64_t)v[0].i64;
    uint64_t id = (uint64_t)v[1].i64;
    if (kind == 0) {
        /* the engine's own; the first says how far the records go */
        if (id == 0 && p->whole)
            p->failed = !tb_replay_to(p->replay, (uint64_t)v[2].i64, true, &p->fault);
        return !p->failed;
    }
    p->records++;
    compare(p, kind, id, v[3].str);
    return !atomic_load(p->cli->cancel);
}

static bool check_state(struct proof *p)
{
    struct tb_state *s = p->cli->node->state;
    struct tb_state_reader *reader;
    if (!tb_cell_flush(p->cli->node->cell, &p->fault) ||
        s->ops->reader_open(s, &reader, &p->fault) != TB_STATE_DONE)
        return false;
    enum tb_state_answer a =
        s->ops->query(reader, TB_STR("SELECT kind, id, batch, body FROM record ORDER BY kind, id"), QUERY_MS, NULL,
                      record_row, p, &p->fault);
    s->ops->reader_close(reader);
    if (a != TB_STATE_DONE || p->failed || atomic_load(p->cli->cancel))
        return false;
    if (!p->whole) {
        fprintf(p->cli->out,
                "state     %" PRIu64 " records readable; not compared: the journal begins at batch %" PRIu64 "\n",
                p->records, tb_replay_figures(p->replay)->first);
        return true;
    }
    const struct tb_store *store = &tb_replay_core(p->replay)->store;
    for (uint32_t k = 1; k < TB_KINDS; k++)
        if (store->blocks[k] != p->by_kind[k])
            found_fmt(p, "is missing in SQL (at least one of this kind)", k, store->blocks[k]);
    fprintf(p->cli->out, "state     %" PRIu64 " records, byte for byte what %" PRIu64 " batches of the journal give\n",
            p->records, tb_replay_figures(p->replay)->batches);
    return true;
}

/* ---- what people read ---------------------------------------------------------------------------- */

/* While somebody writes, an instant at which nothing is put off has to be met: right after a flush. */
static bool check_published(struct proof *p)
{
    struct tb_publish_checked c = {.behind = true};
    for (uint32_t i = 0; c.behind && i < PUBLISHED_TRIES; i++)
        if (!tb_cell_flush(p->cli->node->cell, &p->fault) ||
            !tb_node_publishing_check(p->cli->node, found, p, &c, &p->fault))
            return false;
    if (c.behind)
        fprintf(p->cli->out, "published not compared: rows follow at a distance while so much is written\n");
    else
        fprintf(p->cli->out, "published %" PRIu64 " rows in %" PRIu32 " tables against records and history: %" PRIu64
                " differ\n", c.rows, c.tables, c.different);
    return true;
}

/* ---- the rest ---------------------------------------------------------------------------------------- */

static void check_live(struct tb_core *core, void *user)
{
    struct proof *p = user;
    (void)tb_core_check(core, found, p);
}

static bool check_journal(struct proof *p)
{
    if (!tb_replay_to(p->replay, UINT64_MAX, p->whole, &p->fault))
        return false;
    const struct tb_replay_figures *f = tb_replay_figures(p->replay);
    fprintf(p->cli->out,
            "journal   batches %" PRIu64 " to %" PRIu64 ", %" PRIu64 " entries, %" PRIu64 " events, %" PRIu64
            " bytes; hashes and chain verified\n", f->first, f->last, f->entries, f->events, f->bytes);
    return true;
}

static void print_kinds(struct proof *p)
{
    for (uint32_t k = 1; k < TB_KINDS; k++)
        if (p->by_kind[k] > 0)
            fprintf(p->cli->out, "          %-12s %12" PRIu64 "\n", tb_shapes[k].name, p->by_kind[k]);
}

static int prove(struct proof *p)
{
    struct tb_cli *cli = p->cli;
    /* rows are derived from records: from damaged ones nothing is */
    if (!check_state(p) || (p->breaks == 0 && !check_published(p)) || !check_journal(p)) {
        if (atomic_load(cli->cancel))
            return tb_cli_say(cli, TB_EXIT_REFUSED, "stopped before the end");
        return tb_cli_say(cli, TB_EXIT_FAULT, "%s", p->fault.text);
    }
    print_kinds(p);
    uint64_t before = p->breaks;
    if (p->whole)
        (void)tb_core_check(tb_replay_core(p->replay), found, p);
    if (!tb_cell_call(cli->node->cell, check_live, p))
        return tb_cli_say(cli, TB_EXIT_FAULT, "the engine stopped meanwhile");
    fprintf(cli->out, "books     every invariant of core%s: %" PRIu64 " breaks\n",
            p->whole ? ", in memory and over the whole journal" : " in memory", p->breaks - before);
    fprintf(cli->out, "%" PRIu64 " breaks\n", p->breaks);
    return p->breaks == 0 ? TB_EXIT_OK : TB_EXIT_REFUSED;
}

int tb_cmd_check(struct tb_cli *cli)
{
    if (cli->args.n != 0) {
        tb_verb_usage(tb_verb_find("check"), cli->err);
        return TB_EXIT_USAGE;
    }
    struct proof p = {.cli = cli, .mine = malloc(BLOCK_BYTES), .theirs = malloc(BLOCK_BYTES)};
    tb_assert(p.mine != NULL && p.theirs != NULL);
    p.replay = tb_replay_open(cli->node->journal, &cli->node->env, &p.fault);
    int code;
    if (p.replay == NULL) {
        code = tb_cli_say(cli, TB_EXIT_FAULT, "%s", p.fault.text);
    } else {
        p.whole = tb_replay_figures(p.replay)->first <= 1;
        code = prove(&p);
    }
    tb_replay_close(p.replay);
    free(p.mine);
    free(p.theirs);
    return code;
}
