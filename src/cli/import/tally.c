// SPDX-License-Identifier: Apache-2.0
/* Counting, reporting, going on. See tally.h. */
#include "cli/import/tally.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAGIC "tongbao import 1\n"
#define NANO 1000000000

static const char *const count_name[TB_N_COUNT] = {
#define TB_COUNT_NAME(name, text) text,
    TB_COUNTS(TB_COUNT_NAME)
#undef TB_COUNT_NAME
};
static const char *const sum_name[TB_SUM_COUNT] = {
#define TB_SUM_NAME(name, text) text,
    TB_SUMS(TB_SUM_NAME)
#undef TB_SUM_NAME
};

void tb_tally_reason(struct tb_tally *t, struct tb_str reason, bool ignored, int64_t rows)
{
    if (rows == 0)
        return;
    if (reason.n > TB_REASON_CHARS)
        reason.n = TB_REASON_CHARS;
    t->n[ignored ? TB_N_IGNORED : TB_N_REJECTED] += rows;
    uint32_t i = 0;
    while (i < t->reason_n &&
           !(t->reason[i].ignored == ignored && tb_str_eq_c(reason, t->reason[i].name)))
        i++;
    if (i == t->reason_n) {
        if (i == TB_REASONS_MAX)
            i--; /* the last one takes the rest */
        else
            t->reason_n++;
        memcpy(t->reason[i].name, reason.p, reason.n);
        t->reason[i].name[reason.n] = 0;
        t->reason[i].ignored = ignored;
    }
    t->reason[i].rows += rows;
}

/* "1234.567": no more decimals than needed, at least `digits`. */
static void buf_nano(struct tb_buf *b, tb_nano v, uint32_t digits)
{
    if (v < 0)
        tb_buf_byte(b, '-');
    unsigned __int128 u = v < 0 ? -(unsigned __int128)v : (unsigned __int128)v;
    uint64_t rest = (uint64_t)(u % NANO);
    char decimals[12];
    (void)snprintf(decimals, sizeof decimals, "%09" PRIu64, rest);
    uint32_t n = 9;
    while (n > digits && decimals[n - 1] == '0')
        n--;
    tb_buf_printf(b, "%" PRIu64, (uint64_t)(u / NANO));
    if (n > 0)
        tb_buf_printf(b, ".%.*s", (int)n, decimals);
}

/* ---- progress ---------------------------------------------------------------------------------- */

/* Same program, same machine: the struct as it is, behind a magic and its size. */
bool tb_progress_load(const char *path, struct tb_tally *t)
{
    char magic[sizeof MAGIC - 1];
    struct tb_tally got;
    FILE *f = fopen(path, "rbe");
    if (f == NULL)
        return false;
    bool ok = fread(magic, 1, sizeof magic, f) == sizeof magic && memcmp(magic, MAGIC, sizeof magic) == 0 &&
              fread(&got, 1, sizeof got, f) == sizeof got && fgetc(f) == EOF &&
              got.reason_n <= TB_REASONS_MAX;
    (void)fclose(f);
    if (ok)
        *t = got;
    return ok;
}

bool tb_progress_save(const char *path, const struct tb_tally *t, struct tb_fault *fault)
{
    char fresh[4200];
    int n = snprintf(fresh, sizeof fresh, "%s.new", path);
    FILE *f = n > 0 && (size_t)n < sizeof fresh ? fopen(fresh, "wbe") : NULL;
    bool ok = f != NULL && fwrite(MAGIC, 1, sizeof MAGIC - 1, f) == sizeof MAGIC - 1 &&
              fwrite(t, 1, sizeof *t, f) == sizeof *t && fflush(f) == 0 && fdatasync(fileno(f)) == 0;
    if (f != NULL)
        ok = fclose(f) == 0 && ok;
    ok = ok && rename(fresh, path) == 0;
    if (!ok)
        tb_fault_set(fault, false, "the progress file cannot be written: %s", strerror(errno));
    return ok;
}

/* ---- reports ----------------------------------------------------------------------------------- */

static void print_nano(FILE *to, tb_nano v, uint32_t digits)
{
    uint8_t region[64];
    struct tb_buf b;
    tb_buf_init(&b, region, sizeof region);
    buf_nano(&b, v, digits);
    fprintf(to, "%.*s", (int)b.n, (const char *)region);
}

void tb_tally_print(const struct tb_tally *t, uint32_t digits, bool money, FILE *to)
{
    for (uint32_t i = 0; i < TB_N_COUNT; i++)
        if (t->n[i] != 0 || i <= TB_N_IGNORED)
            fprintf(to, "  %-38s %12" PRId64 "\n", count_name[i], t->n[i]);
    for (uint32_t i = 0; i < t->reason_n; i++)
        fprintf(to, "    %s: %-*s %12" PRId64 "\n", t->reason[i].ignored ? "ignored" : "rejected",
                t->reason[i].ignored ? 27 : 26, t->reason[i].name, t->reason[i].rows);
    for (uint32_t i = 0; money && i < TB_SUM_COUNT; i++) {
        fprintf(to, "  value %-36s ", sum_name[i]);
        print_nano(to, t->sum[i], digits);
        fprintf(to, "\n");
    }
}

void tb_tally_json(const struct tb_tally *t, uint32_t digits, bool money, FILE *to)
{
    fprintf(to, "{");
    for (uint32_t i = 0; i < TB_N_COUNT; i++)
        fprintf(to, "\"%s\":%" PRId64 ",", count_name[i], t->n[i]);
    for (uint32_t ignored = 0; ignored < 2; ignored++) {
        const char *comma = "";
        fprintf(to, "\"%s_by_reason\":{", ignored ? "ignored" : "rejected");
        for (uint32_t i = 0; i < t->reason_n; i++) {
            if (t->reason[i].ignored != (ignored == 1))
                continue;
            fprintf(to, "%s\"%s\":%" PRId64, comma, t->reason[i].name, t->reason[i].rows);
            comma = ",";
        }
        fprintf(to, "}%s", ignored && !money ? "" : ",");
    }
    if (money) {
        fprintf(to, "\"value\":{");
        for (uint32_t i = 0; i < TB_SUM_COUNT; i++) {
            fprintf(to, "%s\"%s\":\"", i ? "," : "", sum_name[i]);
            print_nano(to, t->sum[i], digits);
            fprintf(to, "\"");
        }
        fprintf(to, "}");
    }
    fprintf(to, "}\n");
}

/* ---- the bar ------------------------------------------------------------------------------------- */

static int64_t mono_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void tb_bar_draw(struct tb_bar *b, int64_t rows, int64_t done, int64_t total, bool last)
{
    enum { WIDTH = 24 };
    if (b->to == NULL)
        return;
    int64_t now = mono_ms();
    if (b->start_ms == 0) {
        b->start_ms = now;
        b->start_done = rows;
    }
    if (!last && now - b->drawn_ms < 200)
        return;
    b->drawn_ms = now;
    int64_t spent = now - b->start_ms + 1;
    int64_t percent = total > 0 ? (last ? total : done) * 100 / total : 100;
    int64_t left_s = done > 0 && !last ? (total - done) * spent / done / 1000 : 0;
    char bar[WIDTH + 1];
    for (int i = 0; i < WIDTH; i++)
        bar[i] = i * 100 < percent * WIDTH ? '#' : '.';
    bar[WIDTH] = 0;
    fprintf(b->to, "\r[%s] %3" PRId64 " %%  %" PRId64 " rows  %" PRId64 "/s  %" PRId64 ":%02" PRId64 " left   %s", bar,
            percent, rows, (rows - b->start_done) * 1000 / spent, left_s / 60, left_s % 60, last ? "\n" : "");
    (void)fflush(b->to);
}
