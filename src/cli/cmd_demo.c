// SPDX-License-Identifier: Apache-2.0
/* tongbao demo: loads the demonstration retailer into a fresh folder, a year of it, under
 * the generator's clock.   tongbao sim: prints the same stream as lines of POST /v1/bulk. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "cli/cli.h"
#include "cli/demo.h"
#include "sim/load.h"

static int64_t hour_now_ms(void)
{
    return (int64_t)time(NULL) / 3600 * 3600 * 1000;
}

static bool world_options(struct tb_cli *cli, struct tb_sim_options *o)
{
    int64_t seed;
    int64_t divide;
    if (!tb_args_number(&cli->args, TB_OPT_SEED, 1, INT64_MAX, (int64_t)TB_SIM_SEED, &seed, cli->err) ||
        !tb_args_number(&cli->args, TB_OPT_DIVIDE, 1, 1000, 1, &divide, cli->err))
        return false;
    *o = (struct tb_sim_options){
        .seed = (uint64_t)seed, .now_ms = hour_now_ms(), .divide = (uint32_t)divide};
    return true;
}

static void progress(struct tb_cli *cli, const struct tb_sim_options *o, const struct tb_sim_wave *w,
                     int *shown)
{
    int64_t from = o->now_ms - (int64_t)TB_SIM_DAYS * TB_DAY_MS;
    int done = (int)((w->now_ms - from) * 100 / (o->now_ms - from));
    if (done <= *shown || done > 100 || !cli->tty)
        return;
    *shown = done;
    fprintf(cli->err, "\rtongbao: the year of the demonstration: %d %%", done);
    (void)fflush(cli->err);
}

static void print_census(struct tb_cli *cli, struct tb_sim *sim, struct tb_sim_loader *loader)
{
    struct tb_sim_census c;
    struct tb_sim_loaded l;
    struct tb_sim_score s;
    tb_sim_census(sim, &c);
    tb_sim_loader_figures(loader, &l);
    fprintf(cli->out,
            "persons seen %" PRIu32 ", followers %" PRIu32 ", members %" PRIu32 " (%" PRIu32
            " anonymous cards), households with a baby %" PRIu32 "\n",
            c.persons, c.followers, c.members, c.anonymous, c.households);
    fprintf(cli->out,
            "stores %" PRIu32 ", products %" PRIu32 ", orders %" PRIu64 " (%" PRIu64
            " sent again, %" PRIu64 " late), returns %" PRIu64 ", contacts %" PRIu64 ", probes %" PRIu64
            "; %" PRIu64 " commands, %" PRIu64 " refused\n",
            c.stores, c.products, c.orders, c.orders_sent_again, c.orders_late, c.returns, c.contacts,
            c.probes, l.commands, l.refused);
    if (tb_sim_score(sim, tb_sim_loader_who, loader, &s))
        fprintf(cli->out,
                "recognition: precision %.3f %%, recall %.2f %% of what was shown; %" PRIu32 " of %" PRIu32
                " tempting wrong merges taken; %" PRIu32 " of %" PRIu32 " recycled numbers moved\n",
                s.precision_ppm / 1e4, s.recall_shown_ppm / 1e4, s.temptations_taken, s.temptations,
                s.recycled_moved, s.recycled);
    const struct tb_sim_person_to_meet *p = tb_sim_people(sim);
    for (uint32_t i = 0; i < TB_SIM_PEOPLE; i++)
        fprintf(cli->out, "meet %.*s (%.*s %.*s): %.*s\n", TB_STR_ARG(p[i].name), TB_STR_ARG(p[i].id.ns),
                TB_STR_ARG(p[i].id.value), TB_STR_ARG(p[i].note));
}

static int load_year(struct tb_cli *cli, struct tb_node *n, struct tb_sim_clock *clock,
                     const struct tb_sim_options *o)
{
    struct tb_fault fault;
    int code = TB_EXIT_FAULT;
    struct tb_sim *sim = NULL;
    struct tb_sim_loader *loader = tb_sim_loader_create(n->cell, n->desk, clock, false);
    if (loader != NULL)
        sim = tb_sim_create(o, tb_sim_loader_border(loader));
    if (sim == NULL) {
        (void)tb_cli_say(cli, TB_EXIT_FAULT, "no memory");
        goto done;
    }
    int shown = -1;
    const struct tb_sim_wave *wave;
    while ((wave = tb_sim_next(sim)) != NULL) {
        if (!tb_sim_loader_run(loader, sim, wave, &fault)) {
            (void)tb_cli_say(cli, TB_EXIT_FAULT, "%s", fault.text);
            goto done;
        }
        progress(cli, o, wave, &shown);
    }
    if (cli->tty)
        fprintf(cli->err, "\n");
    if (!tb_demo_remember(n, o, &fault)) {
        (void)tb_cli_say(cli, TB_EXIT_FAULT, "%s", fault.text);
        goto done;
    }
    print_census(cli, sim, loader);
    code = TB_EXIT_OK;
done:
    tb_sim_destroy(sim);
    tb_sim_loader_destroy(loader);
    return code;
}

int tb_cmd_demo(struct tb_cli *cli)
{
    struct tb_sim_options o;
    struct tb_sim_options before;
    struct tb_node_options options;
    struct tb_node *n;
    struct tb_fault fault;
    struct tb_sim_clock clock;
    if (!world_options(cli, &o))
        return TB_EXIT_USAGE;
    tb_sim_clock_init(&clock, o.now_ms - (int64_t)(TB_SIM_DAYS + 1) * TB_DAY_MS);
    tb_cli_node_options(cli, &options);
    options.host = &clock.host;
    if (tb_node_open(&options, &n, &fault) != TB_NODE_DONE)
        return tb_cli_say(cli, TB_EXIT_FAULT, "%s", fault.text);
    int code = TB_EXIT_FAULT;
    if (tb_demo_recall(n, &before))
        code = tb_cli_say(cli, TB_EXIT_REFUSED, "%s holds a demonstration already", n->data);
    else if (tb_node_lead(n, 10000, &fault))
        code = load_year(cli, n, &clock, &o);
    else
        (void)tb_cli_say(cli, TB_EXIT_FAULT, "%s", fault.text);
    tb_node_close(n);
    return code;
}

/* A file goes to one tenant, as the key does that it is sent with. */
int tb_cmd_sim(struct tb_cli *cli)
{
    struct tb_sim_options o;
    const char *tenant = tb_args_text(&cli->args, TB_OPT_TENANT, NULL, "helin");
    int64_t limit;
    static char line[1 << 20];
    if (!world_options(cli, &o) ||
        !tb_args_number(&cli->args, TB_OPT_LIMIT, 1, INT64_MAX, INT64_MAX, &limit, cli->err))
        return TB_EXIT_USAGE;
    if (strcmp(tenant, "helin") != 0 && strcmp(tenant, "chengdian") != 0)
        return tb_cli_say(cli, TB_EXIT_USAGE, "the demonstration's tenants are helin and chengdian");
    struct tb_sim *sim = tb_sim_create(&o, NULL);
    if (sim == NULL)
        return tb_cli_say(cli, TB_EXIT_FAULT, "no memory");
    const struct tb_sim_wave *wave;
    while (limit > 0 && (wave = tb_sim_next(sim)) != NULL)
        for (uint32_t i = 0; i < wave->n && limit > 0; i++) {
            struct tb_buf out;
            tb_buf_init(&out, line, sizeof line);
            if (!tb_str_eq_c(tb_sim_tenant(sim, &wave->command[i]), tenant) ||
                !tb_sim_print(sim, &wave->command[i], &out))
                continue;
            tb_buf_byte(&out, '\n');
            (void)fwrite(line, 1, out.n, cli->out);
            limit--;
        }
    tb_sim_destroy(sim);
    return TB_EXIT_OK;
}
