// SPDX-License-Identifier: Apache-2.0
/* The worker of imports.h: the next one that waits, through the verb `import`. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/imports_int.h"

#define LOOK_S 1
#define SWEEP_MS (3600 * 1000)

static int64_t now_ms(void)
{
    return tb_host_real.now_ms(tb_host_real.user);
}

/* ---- which --------------------------------------------------------------------------------------------- */

struct next {
    uint32_t tenant;
    char code[TB_CODE_MAX + 1];
    struct import_meta meta;
};

static void look_at(const struct tb_imports *x, uint32_t tenant, const char *code, struct next *best)
{
    struct import_meta m;
    if (strlen(code) > TB_CODE_MAX || code[0] == '.' || !import_meta_load(x, tenant, code, &m) ||
        (m.state != WAITING && m.state != RUNNING) || (best->tenant != 0 && m.asked_ms >= best->meta.asked_ms))
        return;
    best->tenant = tenant;
    (void)snprintf(best->code, sizeof best->code, "%s", code);
    best->meta = m;
}

static void look_into(const struct tb_imports *x, const char *tenant, struct next *best)
{
    char path[IMPORT_PATH_BYTES];
    int64_t number;
    if (!tb_str_to_i64(tb_str_of(tenant), &number) || number < 1 || number > UINT32_MAX)
        return;
    (void)import_path(x, (uint32_t)number, "", "", path);
    DIR *d = opendir(path);
    for (struct dirent *e = d ? readdir(d) : NULL; e != NULL; e = readdir(d))
        look_at(x, (uint32_t)number, e->d_name, best);
    if (d != NULL)
        (void)closedir(d);
}

/* The one asked for first; what a process before us did not end comes with its old time. */
static bool find_next(const struct tb_imports *x, struct next *best)
{
    best->tenant = 0;
    DIR *d = opendir(x->folder);
    for (struct dirent *e = d ? readdir(d) : NULL; e != NULL; e = readdir(d))
        look_into(x, e->d_name, best);
    if (d != NULL)
        (void)closedir(d);
    return best->tenant != 0;
}

/* ---- running it ------------------------------------------------------------------------------------------ */

static int run_verb(struct tb_imports *x, const struct next *n, FILE *out, FILE *err)
{
    char file[IMPORT_PATH_BYTES], map[IMPORT_PATH_BYTES], rejects[IMPORT_PATH_BYTES], report[IMPORT_PATH_BYTES];
    const char *word[9] = {import_kinds[n->meta.kind],
                           import_path(x, n->tenant, n->code, "file", file),
                           "--map",
                           import_path(x, n->tenant, n->code, "map", map),
                           "--rejects",
                           import_path(x, n->tenant, n->code, n->meta.dry ? "dry.csv" : "rejects.csv", rejects),
                           "--report",
                           import_path(x, n->tenant, n->code, "report.json", report),
                           "--dry-run"};
    const struct tb_verb *verb = tb_verb_find("import");
    struct tb_cli *cli = calloc(1, sizeof *cli);
    int code = TB_EXIT_FAULT;
    tb_assert(cli != NULL && verb != NULL);
    (void)remove(report);
    if (tb_args_read(&cli->args, n->meta.dry ? 9 : 8, word, verb->options, err)) {
        cli->verb = verb->name;
        cli->out = out;
        cli->err = err;
        cli->node = x->node;
        cli->cancel = &x->cancel;
        cli->only_tenant = n->tenant;
        cli->progress = &x->progress;
        code = verb->run(cli);
    }
    free(cli);
    return code;
}

/* The last sentence, without the program's name. */
static void keep_sentence(struct import_meta *m, char *text)
{
    size_t n = text ? strlen(text) : 0;
    while (n > 0 && text[n - 1] == '\n')
        text[--n] = 0;
    const char *line = n > 0 ? strrchr(text, '\n') : NULL;
    line = line != NULL ? line + 1 : n > 0 ? text : "";
    if (strncmp(line, "tongbao: ", 9) == 0)
        line += 9;
    (void)snprintf(m->message, sizeof m->message - 2, "%s", line);
}

/* False: what became of it could not be written, and it will be tried again. */
static bool run_one(struct tb_imports *x, struct next *n)
{
    char *text = NULL, *said = NULL;
    size_t text_n, said_n;
    n->meta.state = RUNNING;
    n->meta.started_ms = now_ms();
    n->meta.message[0] = 0;
    atomic_store(&x->cancel, false);
    x->stopped_by_hand = false;
    x->tenant = n->tenant;
    memcpy(x->code, n->code, sizeof x->code);
    x->progress = (struct tb_cli_progress){0};
    bool ok = import_meta_save(x, n->tenant, n->code, &n->meta);
    (void)pthread_mutex_unlock(&x->lock);
    FILE *out = open_memstream(&text, &text_n);
    FILE *err = open_memstream(&said, &said_n);
    tb_assert(out != NULL && err != NULL);
    int code = ok ? run_verb(x, n, out, err) : TB_EXIT_FAULT;
    bool imported = code == TB_EXIT_OK && n->meta.dry == 0;
    char file[IMPORT_PATH_BYTES];
    (void)import_path(x, n->tenant, n->code, "file", file);
    if (imported)
        import_file_sum(file, n->meta.sum);
    (void)fclose(out);
    (void)fclose(err);
    (void)pthread_mutex_lock(&x->lock);
    bool cut = atomic_load(&x->cancel);
    n->meta.rows = atomic_load(&x->progress.rows);
    n->meta.ended_ms = now_ms();
    n->meta.state = code == TB_EXIT_OK ? ENDED : cut && x->stopped_by_hand ? STOPPED : FAILED;
    if (n->meta.state == FAILED)
        keep_sentence(&n->meta, said);
    bool goes_on = cut && code != TB_EXIT_OK && !x->stopped_by_hand; /* at the next start */
    ok = goes_on || import_meta_save(x, n->tenant, n->code, &n->meta);
    if (imported && ok)
        (void)unlink(file);
    x->tenant = 0;
    free(text);
    free(said);
    return ok;
}

void *import_worker(void *imports)
{
    struct tb_imports *x = imports;
    struct next *n = calloc(1, sizeof *n);
    tb_assert(n != NULL);
    int64_t swept = 0; /* at the start, then by the hour */
    (void)pthread_mutex_lock(&x->lock);
    while (!x->stop) {
        if (now_ms() - swept >= SWEEP_MS) {
            swept = now_ms();
            import_sweep(x, swept);
        }
        if (tb_cell_state(x->node->cell) == TB_CELL_LEADING && find_next(x, n) && run_one(x, n))
            continue;
        struct timespec t;
        (void)clock_gettime(CLOCK_REALTIME, &t);
        t.tv_sec += LOOK_S;
        (void)pthread_cond_timedwait(&x->wake, &x->lock, &t);
    }
    (void)pthread_mutex_unlock(&x->lock);
    free(n);
    return NULL;
}
