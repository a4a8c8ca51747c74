// SPDX-License-Identifier: Apache-2.0
/* tongbao webhooks - how far each webhook is, its dead letters, and sending them again. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "channel/webhook/outbox.h"
#include "cli/cli.h"

#define DEAD_ROWS 10000u

struct listing {
    struct tb_cli *cli;
    uint64_t rows;
};

static void print_time(FILE *to, int64_t ms)
{
    char text[32];
    struct tb_buf b;
    tb_buf_init(&b, text, sizeof text);
    tb_time_print(&b, ms);
    fprintf(to, "%.*s", (int)b.n, text);
}

static void print_lane(void *user, const struct tb_outbox_lane *l, uint64_t dead)
{
    struct listing *x = user;
    FILE *to = x->cli->out;
    if (x->rows++ == 0)
        fprintf(to, "webhook tenant up-to delivered dead state\n");
    fprintf(to, "%" PRIu64 " %" PRIu32 " %" PRIu64 " %" PRIu64 " %" PRIu64 " ", l->webhook, l->tenant, l->after,
            l->delivered, dead);
    if (l->gone) {
        fprintf(to, "off: it answered 410\n");
    } else if (l->attempts > 0) {
        fprintf(to, "failing: %" PRIu32 " attempts, next at ", l->attempts);
        print_time(to, l->next_ms);
        fprintf(to, "\n");
    } else {
        fprintf(to, "following\n");
    }
}

static void print_dead(void *user, const struct tb_outbox_dead *d)
{
    struct listing *x = user;
    FILE *to = x->cli->out;
    if (x->rows++ == 0)
        fprintf(to, "webhook sequence attempts at reason\n");
    fprintf(to, "%" PRIu64 " %" PRIu64 " %" PRIu32 " ", d->webhook, d->sequence, d->attempts);
    print_time(to, d->at_ms);
    fprintf(to, " %s%s\n", d->reason, d->replay ? " (to be sent again)" : "");
}

/* The number-th positional; 0 when it is absent. */
static bool number_at(struct tb_cli *cli, int at, uint64_t *out)
{
    int64_t v = 0;
    if (at < cli->args.n && (!tb_str_to_i64(tb_str_of(cli->args.positional[at]), &v) || v <= 0))
        return false;
    *out = (uint64_t)v;
    return true;
}

static int run(struct tb_cli *cli, struct tb_outbox *o, const char *what, uint64_t webhook, uint64_t sequence)
{
    struct tb_fault f = {0};
    struct listing x = {.cli = cli};
    bool ok;
    if (strcmp(what, "list") == 0) {
        ok = tb_outbox_each_lane(o, print_lane, &x, &f);
    } else if (strcmp(what, "dead") == 0) {
        ok = tb_outbox_each_dead(o, webhook, DEAD_ROWS, print_dead, &x, &f);
    } else {
        int64_t n = tb_outbox_mark_replay(o, webhook, sequence, &f);
        ok = n >= 0;
        if (ok)
            fprintf(cli->out, "%" PRId64 " to be sent again\n", n);
    }
    return ok ? TB_EXIT_OK : tb_cli_say(cli, TB_EXIT_FAULT, "%s", f.text);
}

int tb_cmd_webhooks(struct tb_cli *cli)
{
    static const char *const words[] = {"list", "dead", "replay"};
    const char *what = cli->args.n > 0 ? cli->args.positional[0] : "list";
    char path[4096];
    uint64_t webhook, sequence;
    struct tb_fault f;
    struct tb_outbox *o;
    bool known = false;
    for (uint32_t i = 0; i < TB_COUNT_OF(words); i++)
        known |= strcmp(what, words[i]) == 0;
    if (!known || !number_at(cli, 1, &webhook) || !number_at(cli, 2, &sequence)) {
        tb_verb_usage(tb_verb_find("webhooks"), cli->err);
        return TB_EXIT_USAGE;
    }
    if (tb_node_path(cli->node->data, "webhooks.db", path, sizeof path) == NULL || !tb_outbox_open(path, &o, &f))
        return tb_cli_say(cli, TB_EXIT_FAULT, "%s", f.text);
    int code = run(cli, o, what, webhook, sequence);
    tb_outbox_close(o);
    return code;
}
