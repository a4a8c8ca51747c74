// SPDX-License-Identifier: Apache-2.0
/* What the flusher costs, with and without the published tables, on SQLite.
 *
 * usage: bench_publish DIR MEMBERS PURCHASES RATE [bare]
 * Time of the flusher is CPU time of its own turns, so a busy machine changes it little. The
 * load comes RATE purchases to a second of the cell's clock, members at random, and a turn
 * of the flusher every 250 ms; two lines and one tender each, two units earned.           */
#include "publish_world.h"

#include <time.h>

#include "state/sqlite/state_sqlite.h"

static double cpu_s(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double written_mb(void)
{
    FILE *f = fopen("/proc/self/io", "re");
    char line[128];
    unsigned long long v = 0;
    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        if (sscanf(line, "wchar: %llu", &v) == 1)
            break;
    if (f != NULL)
        fclose(f);
    return (double)v / 1e6;
}

/* A flush, and nothing else. */
static double turn(struct pw *w)
{
    double from = cpu_s();
    w->mono_ns += 250000000;
    (void)tb_cell_step(w->cell);
    return cpu_s() - from;
}

static uint64_t chance = 42;

static uint32_t pick(uint32_t n)
{
    return (uint32_t)(tb_mix(chance += UINT64_C(0x9e3779b97f4a7c15)) % n);
}

static double load(struct pw *w, uint32_t members, uint32_t purchases, uint32_t rate, bool each)
{
    double flusher = 0;
    uint64_t order;
    for (uint32_t i = 0; i < purchases; i++) {
        if (pw_buy(w, each ? i % members : pick(members), 1000 + i % 9000, &order) != TB_CODE_OK)
            fail_msg("%s %s", tb_code_name(w->answer.code), w->answer.field);
        if ((i + 1) % (rate / 4) == 0) {
            flusher += turn(w);
            w->now_ms += 250;
        }
    }
    return flusher + turn(w);
}

int main(int argc, char **argv)
{
    static struct pw w;
    struct tb_state *state;
    struct tb_fault f;
    char path[300];
    if (argc < 5)
        return 2;
    uint32_t members = (uint32_t)atol(argv[2]), purchases = (uint32_t)atol(argv[3]), rate = (uint32_t)atol(argv[4]);
    snprintf(path, sizeof path, "%s/state.db", argv[1]);
    if (tb_state_sqlite_open(path, NULL, &state, &f) != TB_STATE_DONE) {
        fprintf(stderr, "%s\n", f.text);
        return 1;
    }
    if (argc > 5)
        pw_open_bare(&w, state);
    else
        pw_open(&w, state, &(struct tb_publish_options){0});
    w.tick_ns = 0;
    w.running = true; /* else a slice of a sweep would never end */
    (void)load(&w, members, members, members < 20000 ? members : 20000, true); /* everybody buys once */
    pw_flush(&w);
    struct tb_publish_figures before, after;
    tb_publish_figures(w.publish, &before);
    double mb = written_mb();
    double cpu = load(&w, members, purchases, rate, false);
    double mb_load = written_mb() - mb;
    tb_publish_figures(w.publish, &after);
    double from = cpu_s();
    pw_flush(&w);
    double rest = cpu_s() - from;
    printf("%s: %u members, %u purchases at %u/s: flusher %.1f us each (%.0f/s on a core), %.2f KB written each\n",
           argc > 5 ? "bare" : "published", members, purchases, rate, cpu * 1e6 / purchases, purchases / cpu,
           mb_load * 1e3 / purchases);
    printf("  %.2f rows each, %.2f persons written each, %llu sweeps, %llu persons put off at the "
           "end (%.2f s, %.0f MB to write them)\n",
           (double)(after.rows - before.rows) / purchases,
           (double)(after.persons_written - before.persons_written) / purchases,
           (unsigned long long)(after.sweeps - before.sweeps), (unsigned long long)after.marked,
           rest, written_mb() - mb - mb_load);
    pw_close(&w);
    return 0;
}
