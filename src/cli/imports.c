// SPDX-License-Identifier: Apache-2.0
/* Imports over HTTP: what is asked of them. See imports.h; the worker is imports_run.c. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/import/map.h"
#include "cli/imports_int.h"
#include "http/json.h"

#define SMALL_BYTES_MAX (600u << 10) /* a map, a report */
#define TEXT_BYTES_MAX (1 << 20) /* of rejects in one answer */

const char *const import_kinds[4] = {"orders", "members", "products", "contacts"};
static const char *const state_words[IMPORT_STATES] = {"uploading", "ready",   "waiting", "running",
                                                       "done",      "stopped", "failed"};

/* ---- the folder ------------------------------------------------------------------------------------------ */

const char *import_path(const struct tb_imports *x, uint32_t tenant, const char *code, const char *file,
                        char path[IMPORT_PATH_BYTES])
{
    int n = snprintf(path, IMPORT_PATH_BYTES, "%s/%" PRIu32 "%s%s%s%s", x->folder, tenant, code[0] ? "/" : "", code,
                     file[0] ? "/" : "", file);
    tb_assert(n > 0 && n < (int)IMPORT_PATH_BYTES);
    return path;
}

bool import_meta_load(const struct tb_imports *x, uint32_t tenant, const char *code, struct import_meta *m)
{
    char path[IMPORT_PATH_BYTES];
    *m = (struct import_meta){0};
    FILE *f = fopen(import_path(x, tenant, code, "state", path), "re");
    if (f == NULL)
        return false;
    bool ok = fscanf(f, "1 %" SCNu32 " %" SCNu32 " %" SCNu32 " %" SCNu32 " %" SCNd64 " %" SCNd64 " %" SCNd64
                        " %" SCNd64 " %" SCNd64 " %" SCNd64,
                     &m->kind, &m->state, &m->dry, &m->by, &m->size, &m->made_ms, &m->asked_ms, &m->started_ms,
                     &m->ended_ms, &m->rows) == 10 &&
              m->kind < TB_COUNT_OF(import_kinds) && m->state < IMPORT_STATES && fgetc(f) == '\n' &&
              fgets(m->name, sizeof m->name, f) != NULL && fgets(m->message, sizeof m->message, f) != NULL;
    if (ok && fgets(m->sum, sizeof m->sum, f) == NULL) /* written before there was one */
        m->sum[0] = 0;
    (void)fclose(f);
    m->name[strcspn(m->name, "\n")] = 0;
    m->message[strcspn(m->message, "\n")] = 0;
    m->sum[strcspn(m->sum, "\n")] = 0;
    return ok;
}

bool import_meta_save(const struct tb_imports *x, uint32_t tenant, const char *code, const struct import_meta *m)
{
    char path[IMPORT_PATH_BYTES], fresh[IMPORT_PATH_BYTES + 8];
    (void)import_path(x, tenant, code, "state", path);
    (void)snprintf(fresh, sizeof fresh, "%s.new", path);
    FILE *f = fopen(fresh, "we");
    if (f == NULL)
        return false;
    bool ok = fprintf(f,
        "1 %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64
                         " %" PRId64 " %" PRId64 "\n%s\n%s\n%s\n",
                      m->kind, m->state, m->dry, m->by, m->size, m->made_ms, m->asked_ms, m->started_ms, m->ended_ms,
                      m->rows, m->name, m->message, m->sum) > 0;
    ok = fflush(f) == 0 && fdatasync(fileno(f)) == 0 && ok;
    return fclose(f) == 0 && ok && rename(fresh, path) == 0;
}

static int64_t size_of(const char *path)
{
    struct stat s;
    return stat(path, &s) == 0 ? (int64_t)s.st_size : 0;
}

static bool make_folder(const char *path)
{
    return mkdir(path, 0700) == 0 || errno == EEXIST;
}

static uint32_t count_of(const struct tb_imports *x, uint32_t tenant)
{
    char path[IMPORT_PATH_BYTES];
    uint32_t n = 0;
    DIR *d = opendir(import_path(x, tenant, "", "", path));
    for (struct dirent *e = d ? readdir(d) : NULL; e != NULL; e = readdir(d))
        n += e->d_name[0] != '.';
    if (d != NULL)
        (void)closedir(d);
    return n;
}

/* ---- answers ----------------------------------------------------------------------------------------------- */

struct asked {
    struct tb_imports *x;
    struct tb_app_import *in;
    char code[TB_CODE_MAX + 1];
    struct import_meta m;
    bool there;
};

static void no(struct asked *a, enum tb_problem problem, const char *field, const char *detail)
{
    a->in->problem = problem;
    a->in->field = field;
    (void)snprintf(a->in->detail, sizeof a->in->detail, "%s", detail);
}

static void no_disk(struct asked *a)
{
    no(a, TB_PROBLEM_UNAVAILABLE, NULL, strerror(errno));
}

static bool runs(const struct asked *a)
{
    return a->x->tenant == a->in->tenant && strcmp(a->x->code, a->code) == 0;
}

static bool busy(const struct asked *a)
{
    return a->m.state == WAITING || a->m.state == RUNNING;
}

/* What has come of the file: all of it, once it was complete, whether or not it is still here. */
static int64_t received(const struct asked *a)
{
    char path[IMPORT_PATH_BYTES];
    return a->m.state == UPLOADING ? size_of(import_path(a->x, a->in->tenant, a->code, "file", path)) : a->m.size;
}

/* False with a refusal: no file is here to be read. */
static bool file_here(struct asked *a)
{
    char path[IMPORT_PATH_BYTES];
    bool here = access(import_path(a->x, a->in->tenant, a->code, "file", path), R_OK) == 0;
    if (!here)
        no(a, TB_PROBLEM_INVALID_VALUE, "file",
           a->m.state == ENDED ? "It was imported, and its file is gone: send it under another code."
                               : "The file is not here: send it.");
    return here;
}

/* A small file of the folder, whole; NULL: there is none. The caller frees it. */
static char *small_file(const struct asked *a, const char *name, size_t *n)
{
    char path[IMPORT_PATH_BYTES];
    FILE *f = fopen(import_path(a->x, a->in->tenant, a->code, name, path), "re");
    if (f == NULL)
        return NULL;
    char *text = malloc(SMALL_BYTES_MAX);
    tb_assert(text != NULL);
    *n = fread(text, 1, SMALL_BYTES_MAX, f);
    (void)fclose(f);
    return text;
}

/* What was asked for last, and what became of it. */
static void out_files(struct asked *a, struct tb_json_out *o)
{
    size_t n = 0;
    char *map = small_file(a, "map", &n);
    if (map != NULL && n < SMALL_BYTES_MAX)
        tb_json_out_key_str(o, "map", (struct tb_str){map, (uint32_t)n});
    free(map);
    char *report = a->m.state == ENDED ? small_file(a, "report.json", &n) : NULL;
    if (report != NULL && n > 2 && n < SMALL_BYTES_MAX && memcmp(report + n - 2, "}\n", 2) == 0) {
        tb_json_out_key(o, "report");
        tb_json_out_raw(o, (struct tb_str){report, (uint32_t)n - 1});
    }
    free(report);
}

static void out_time(struct tb_json_out *o, const char *key, int64_t ms)
{
    if (ms > 0)
        tb_json_out_key_time(o, key, ms);
}

static void out_import(struct asked *a, struct tb_json_out *o, bool whole)
{
    char path[IMPORT_PATH_BYTES];
    const struct import_meta *m = &a->m;
    bool running = m->state == RUNNING && runs(a);
    const struct tb_cli_progress *p = &a->x->progress;
    tb_json_out_open(o, '{');
    tb_json_out_key_str(o, "code", tb_str_of(a->code));
    tb_json_out_key_str(o, "name", tb_str_of(m->name));
    tb_json_out_key_str(o, "kind", tb_str_of(import_kinds[m->kind]));
    tb_json_out_key_str(o, "state", tb_str_of(state_words[m->state]));
    tb_json_out_key_bool(o, "dry_run", m->dry != 0);
    tb_json_out_key_i64(o, "size", m->size);
    tb_json_out_key_i64(o, "received", received(a));
    tb_json_out_key_i64(o, "rows", running ? atomic_load(&p->rows) : m->rows);
    if (running) {
        tb_json_out_key_i64(o, "rows_before", atomic_load(&p->rows_before));
        tb_json_out_key_i64(o, "read", atomic_load(&p->done));
    }
    out_time(o, "made_at", m->made_ms);
    out_time(o, "started_at", m->started_ms);
    out_time(o, "ended_at", m->state == RUNNING ? 0 : m->ended_ms);
    out_time(o, "file_until", import_file_until(import_path(a->x, a->in->tenant, a->code, "file", path), m));
    if (m->sum[0] != 0)
        tb_json_out_key_str(o, "sha256", tb_str_of(m->sum));
    if (m->message[0] != 0)
        tb_json_out_key_str(o, "message", tb_str_of(m->message));
    if (whole)
        out_files(a, o);
    tb_json_out_close(o, '}');
}

static void answer(struct asked *a)
{
    struct tb_json_out o;
    tb_json_out_init(&o, a->in->out);
    out_import(a, &o, true);
}

/* ---- what is asked ------------------------------------------------------------------------------------------ */

static void save(struct asked *a)
{
    if (import_meta_save(a->x, a->in->tenant, a->code, &a->m))
        answer(a);
    else
        no_disk(a);
}

static bool may(struct asked *a, uint32_t kind)
{
    bool ok = (a->in->kinds & 1u << kind) != 0;
    if (!ok)
        no(a, TB_PROBLEM_FORBIDDEN_SCOPE, "/kind", "The key may not write these.");
    return ok;
}

/* The same once more changes nothing: what has come of the file stays. */
static void put(struct asked *a)
{
    struct tb_app_import *in = a->in;
    if (!may(a, in->kind))
        return;
    char path[IMPORT_PATH_BYTES];
    char name[IMPORT_NAME_BYTES + 2];
    (void)snprintf(name, sizeof name - 1, "%.*s", TB_STR_ARG(in->name));
    for (char *c = name; *c != 0; c++)
        *c = (unsigned char)*c < 0x20 ? ' ' : *c;
    if (a->there && a->m.kind == in->kind && a->m.size == in->size && strcmp(a->m.name, name) == 0) {
        answer(a);
        return;
    }
    if (a->there && busy(a)) {
        no(a, TB_PROBLEM_INVALID_VALUE, "state", "It runs: stop it first.");
        return;
    }
    if (in->size > TB_IMPORT_FILE_BYTES_MAX) {
        no(a, TB_PROBLEM_OUT_OF_RANGE, "/size", "At most 512 MiB; pack the file with zstd, or part it.");
        return;
    }
    if (!a->there && count_of(a->x, in->tenant) >= TB_IMPORTS_MAX) {
        no(a, TB_PROBLEM_INVALID_VALUE, "code", "100 imports are kept: delete old ones first.");
        return;
    }
    if (!make_folder(import_path(a->x, in->tenant, "", "", path)) ||
        !make_folder(import_path(a->x, in->tenant, a->code, "", path))) {
        no_disk(a);
        return;
    }
    import_clear(a->x, in->tenant, a->code);
    a->m = (struct import_meta){.kind = in->kind, .size = in->size, .by = in->by,
                                .made_ms = tb_host_real.now_ms(tb_host_real.user)};
    memcpy(a->m.name, name, sizeof name);
    save(a);
}

static void take_piece(struct asked *a)
{
    struct tb_app_import *in = a->in;
    char path[IMPORT_PATH_BYTES], detail[64];
    (void)import_path(a->x, in->tenant, a->code, "file", path);
    int64_t have = received(a);
    if (in->offset + in->n > a->m.size) {
        no(a, TB_PROBLEM_OUT_OF_RANGE, "/offset", "Beyond the size that was said.");
        return;
    }
    if (in->offset + in->n <= have) { /* once more, or it is complete */
        answer(a);
        return;
    }
    if (a->m.state != UPLOADING || in->offset > have) {
        (void)snprintf(detail, sizeof detail, "%" PRId64 " bytes have come; go on from there.", have);
        no(a, TB_PROBLEM_INVALID_VALUE, "/offset", detail);
        return;
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && pwrite(fd, in->bytes, in->n, in->offset) == (ssize_t)in->n;
    bool last = in->offset + in->n == a->m.size;
    ok = ok && (!last || fdatasync(fd) == 0);
    ok = (fd < 0 || close(fd) == 0) && ok;
    if (!ok) {
        no_disk(a);
    } else if (last) {
        a->m.state = READY;
        save(a);
    } else {
        answer(a);
    }
}

static bool write_map(struct asked *a, const char *path)
{
    FILE *f = fopen(path, "we");
    bool ok = f != NULL && fwrite(a->in->map.p, 1, a->in->map.n, f) == a->in->map.n;
    ok = f != NULL && fflush(f) == 0 && fdatasync(fileno(f)) == 0 && ok;
    return (f == NULL || fclose(f) == 0) && ok;
}

/* Judged before anything waits; what only the file or the tenant can tell comes as a message. */
static bool map_good(struct asked *a, const char *path)
{
    struct tb_fault fault = {.text = ""};
    struct tb_import_map *m = tb_import_map_load(path, (enum tb_import_kind)a->m.kind, &fault);
    if (m == NULL) {
        const char *colon = strstr(fault.text, ": "); /* behind the file's name */
        no(a, TB_PROBLEM_INVALID_VALUE, "/map", colon != NULL ? colon + 2 : fault.text);
        return false;
    }
    bool has_setup = m->tenant_put != NULL || m->put_n > 0;
    tb_import_map_free(m);
    if (has_setup)
        no(a, TB_PROBLEM_INVALID_VALUE, "/map", "A map that comes over HTTP has no \"setup\".");
    return !has_setup;
}

static void run(struct asked *a)
{
    char fresh[IMPORT_PATH_BYTES], map[IMPORT_PATH_BYTES], file[IMPORT_PATH_BYTES];
    struct tb_app_import head = {.problem = TB_PROBLEM_NONE};
    if (!may(a, a->m.kind))
        return;
    (void)import_path(a->x, a->in->tenant, a->code, "map.new", fresh);
    (void)import_path(a->x, a->in->tenant, a->code, "map", map);
    (void)import_path(a->x, a->in->tenant, a->code, "file", file);
    if (a->m.state == UPLOADING || busy(a)) {
        no(a, TB_PROBLEM_INVALID_VALUE, "state", busy(a) ? "It waits or runs already." : "The file is not complete.");
        return;
    }
    if (!file_here(a))
        return;
    import_head(file, &head);
    if (head.problem != TB_PROBLEM_NONE) {
        no(a, head.problem, head.field, head.detail);
        return;
    }
    if (!write_map(a, fresh)) {
        no_disk(a);
        return;
    }
    if (!map_good(a, fresh))
        return;
    if (rename(fresh, map) != 0) {
        no_disk(a);
        return;
    }
    a->m.state = WAITING;
    a->m.dry = a->in->dry;
    a->m.by = a->in->by;
    a->m.asked_ms = tb_host_real.now_ms(tb_host_real.user);
    a->m.started_ms = a->m.ended_ms = a->m.rows = 0;
    a->m.message[0] = 0;
    save(a);
    (void)pthread_cond_signal(&a->x->wake);
}

static void halt(struct asked *a)
{
    if (a->m.state == RUNNING && runs(a)) {
        a->x->stopped_by_hand = true;
        atomic_store(&a->x->cancel, true);
    } else if (busy(a)) {
        a->m.state = STOPPED;
        save(a);
        return;
    }
    answer(a);
}

static void forget(struct asked *a)
{
    char path[IMPORT_PATH_BYTES];
    if (busy(a)) {
        no(a, TB_PROBLEM_INVALID_VALUE, "state", "It runs: stop it first.");
        return;
    }
    answer(a);
    import_clear(a->x, a->in->tenant, a->code);
    (void)rmdir(import_path(a->x, a->in->tenant, a->code, "", path));
}

static void list(struct asked *a)
{
    char path[IMPORT_PATH_BYTES];
    struct tb_json_out o;
    DIR *d = opendir(import_path(a->x, a->in->tenant, "", "", path));
    tb_json_out_init(&o, a->in->out);
    tb_json_out_open(&o, '{');
    tb_json_out_key_open(&o, "items", '[');
    for (struct dirent *e = d ? readdir(d) : NULL; e != NULL; e = readdir(d)) {
        size_t n = strlen(e->d_name);
        if (e->d_name[0] == '.' || n > TB_CODE_MAX)
            continue;
        memcpy(a->code, e->d_name, n + 1);
        if (import_meta_load(a->x, a->in->tenant, a->code, &a->m))
            out_import(a, &o, false);
    }
    tb_json_out_close(&o, ']');
    tb_json_out_close(&o, '}');
    if (d != NULL)
        (void)closedir(d);
}

/* Lines that were refused by the newest run, from offset on. */
static void rejects(struct asked *a)
{
    char path[IMPORT_PATH_BYTES];
    char *text = malloc(TEXT_BYTES_MAX);
    tb_assert(text != NULL);
    FILE *f = fopen(import_path(a->x, a->in->tenant, a->code, a->m.dry ? "dry.csv" : "rejects.csv", path), "re");
    size_t n = f != NULL && fseeko(f, a->in->offset, SEEK_SET) == 0 ? fread(text, 1, TEXT_BYTES_MAX, f) : 0;
    if (f != NULL)
        (void)fclose(f);
    while (n == TEXT_BYTES_MAX && text[n - 1] != '\n' && memchr(text, '\n', n) != NULL)
        n--;
    tb_buf_put(a->in->out, text, n);
    free(text);
}

/* ---- the port -------------------------------------------------------------------------------------------------- */

static bool code_good(struct tb_str code)
{
    bool ok = code.n >= 1 && code.n <= TB_CODE_MAX && code.p[0] != '.';
    for (uint32_t i = 0; ok && i < code.n; i++) {
        char c = code.p[i];
        ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
             c == '-';
    }
    return ok;
}

static void do_one(struct asked *a)
{
    char path[IMPORT_PATH_BYTES];
    switch (a->in->act) {
    case TB_APP_IMPORT_PUT:
        put(a);
        break;
    case TB_APP_IMPORT_PIECE:
        take_piece(a);
        break;
    case TB_APP_IMPORT_HEAD:
        if (a->m.state != UPLOADING && !file_here(a))
            break;
        import_head(import_path(a->x, a->in->tenant, a->code, "file", path), a->in);
        break;
    case TB_APP_IMPORT_RUN:
        run(a);
        break;
    case TB_APP_IMPORT_STOP:
        halt(a);
        break;
    case TB_APP_IMPORT_DROP:
        forget(a);
        break;
    case TB_APP_IMPORT_GET:
        answer(a);
        break;
    case TB_APP_IMPORT_REJECTS:
        rejects(a);
        break;
    case TB_APP_IMPORT_LIST:
        list(a);
        break;
    }
}

static void act(void *user, struct tb_app_import *in)
{
    struct asked a = {.x = user, .in = in};
    bool of_one = in->act != TB_APP_IMPORT_LIST;
    (void)pthread_mutex_lock(&a.x->lock);
    if (of_one && code_good(in->code)) {
        memcpy(a.code, in->code.p, in->code.n);
        a.there = import_meta_load(a.x, in->tenant, a.code, &a.m);
    } else if (of_one) {
        no(&a, in->act == TB_APP_IMPORT_PUT ? TB_PROBLEM_INVALID_VALUE : TB_PROBLEM_NOT_FOUND, "code",
           "1-64 of A-Z, a-z, 0-9, dot, dash and underscore; not a dot first.");
    }
    if (in->problem == TB_PROBLEM_NONE && of_one && in->act != TB_APP_IMPORT_PUT && !a.there)
        no(&a, TB_PROBLEM_NOT_FOUND, "code", "There is no such import.");
    if (in->problem == TB_PROBLEM_NONE)
        do_one(&a);
    (void)pthread_mutex_unlock(&a.x->lock);
}

void tb_imports_port(struct tb_imports *x, struct tb_app_imports *out)
{
    *out = (struct tb_app_imports){x, act};
}

struct tb_imports *tb_imports_open(struct tb_node *n, struct tb_fault *fault)
{
    struct tb_imports *x = calloc(1, sizeof *x);
    tb_assert(x != NULL);
    x->node = n;
    bool ok = tb_node_path(n->data, "imports", x->folder, sizeof x->folder) != NULL && make_folder(x->folder) &&
              tb_node_path(n->data, "imports/http", x->folder, sizeof x->folder) != NULL && make_folder(x->folder);
    (void)pthread_mutex_init(&x->lock, NULL);
    (void)pthread_cond_init(&x->wake, NULL);
    if (ok && pthread_create(&x->thread, NULL, import_worker, x) == 0)
        return x;
    tb_fault_set(fault, false, "the folder of imports cannot be used: %s", strerror(errno));
    (void)pthread_cond_destroy(&x->wake);
    (void)pthread_mutex_destroy(&x->lock);
    free(x);
    return NULL;
}

void tb_imports_close(struct tb_imports *x)
{
    if (x == NULL)
        return;
    (void)pthread_mutex_lock(&x->lock);
    x->stop = true;
    atomic_store(&x->cancel, true);
    (void)pthread_cond_signal(&x->wake);
    (void)pthread_mutex_unlock(&x->lock);
    (void)pthread_join(x->thread, NULL);
    (void)pthread_cond_destroy(&x->wake);
    (void)pthread_mutex_destroy(&x->lock);
    free(x);
}
