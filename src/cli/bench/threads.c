// SPDX-License-Identifier: Apache-2.0
/* What each of this process' threads used of the processors, and how long it was ready to run
 * and waited for one: on a machine that is shared, or that has fewer cores than threads, this
 * tells what a rate was bounded by. From /proc/self/task and /proc/stat; without them nothing is printed. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "cli/bench/bench.h"

static bool read_line(const char *task, const char *file, char *line, int size)
{
    char path[320];
    (void)snprintf(path, sizeof path, "/proc/self/task/%s/%s", task, file);
    FILE *f = fopen(path, "re");
    bool ok = f != NULL && fgets(line, size, f) != NULL;
    if (f != NULL)
        (void)fclose(f);
    return ok;
}

static bool read_task(const char *task, struct tb_bench_thread *t)
{
    char line[128];
    unsigned long long ran;
    unsigned long long waited;
    if (!read_line(task, "comm", line, sizeof line))
        return false;
    line[strcspn(line, "\n")] = 0;
    (void)snprintf(t->name, sizeof t->name, "%.15s", line);
    if (!read_line(task, "schedstat", line, sizeof line) || sscanf(line, "%llu %llu", &ran, &waited) != 2)
        return false;
    t->task = strtoul(task, NULL, 10);
    t->ran_ns = ran;
    t->waited_ns = waited;
    return true;
}

/* user, nice, system, idle, iowait, irq, softirq, steal (proc(5)). */
static void read_machine(struct tb_bench_threads *to)
{
    unsigned long long t[8] = {0};
    FILE *f = fopen("/proc/stat", "re");
    if (f != NULL && fscanf(f, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &t[0], &t[1], &t[2], &t[3], &t[4], &t[5],
                            &t[6], &t[7]) != 8)
        t[7] = 0;
    if (f != NULL)
        (void)fclose(f);
    to->stolen_ticks = t[7];
    to->ticks = 0;
    for (uint32_t i = 0; i < 8; i++)
        to->ticks += t[i];
}

void tb_bench_threads_read(struct tb_bench_threads *to)
{
    to->n = 0;
    read_machine(to);
    DIR *d = opendir("/proc/self/task");
    if (d == NULL)
        return;
    for (const struct dirent *e; (e = readdir(d)) != NULL && to->n < TB_BENCH_THREADS_MAX;)
        if (e->d_name[0] != '.' && read_task(e->d_name, &to->thread[to->n]))
            to->n++;
    (void)closedir(d);
}

void tb_bench_threads_print(FILE *out, const struct tb_bench_threads *before, const struct tb_bench_threads *after,
                            uint64_t done)
{
    const char *sep = "  us of each thread a command (and ready without a core): ";
    for (uint32_t i = 0; i < after->n && done > 0; i++) {
        const struct tb_bench_thread *a = &after->thread[i];
        uint64_t ran = a->ran_ns;
        uint64_t waited = a->waited_ns;
        for (uint32_t k = 0; k < before->n; k++)
            if (before->thread[k].task == a->task) {
                ran -= before->thread[k].ran_ns;
                waited -= before->thread[k].waited_ns;
            }
        double ran_us = (double)ran / 1e3 / (double)done;
        double waited_us = (double)waited / 1e3 / (double)done;
        if (ran_us < .01)
            continue;
        (void)fprintf(out, "%s%s %.2f (%.2f)", sep, a->name, ran_us, waited_us);
        sep = ", ";
    }
    uint64_t stolen = after->stolen_ticks - before->stolen_ticks;
    if (done > 0 && stolen > 0 && after->ticks > before->ticks)
        (void)fprintf(out, "; the host took %.1f %% of all cores",
                      100. * (double)stolen / (double)(after->ticks - before->ticks));
    (void)fprintf(out, "\n");
}
