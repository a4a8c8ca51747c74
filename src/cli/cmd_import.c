// SPDX-License-Identifier: Apache-2.0
/* tongbao import - a file's rows through the real pipeline (cli/import/import.h).
 *
 * Order of things: the map is read and compiled; the tenant is prepared as its "setup" says;
 * the codes that the map names become numbers; then the files, row by row. A dry run reads
 * the same rows, asks instead of telling, and writes nothing.                             */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "border/open.h"
#include "cli/import/import.h"
#include "cli/imports.h"
#include "cli/remote.h"
#include "core/ops.h"

#define REGION_BYTES (256u << 10)
#define ROW_ARENA_BYTES (4u << 20)
#define DRY_WAVE 256u
#define DRY_ANSWER_BYTES (64u << 10)

static const char *const kind_name[] = {"orders", "members", "products", "contacts"};
static const struct tb_import_kind_ops *const kind_ops[] = {&tb_import_orders, &tb_import_people,
                                                            &tb_import_products, &tb_import_people};

static int fault(struct tb_import *imp)
{
    return tb_cli_say(imp->cli, TB_EXIT_FAULT, "%s", imp->fault.text);
}

/* ---- the tenant ------------------------------------------------------------------------------ */

static int put(struct tb_import *imp, uint32_t tenant, uint32_t op, const void *input, struct tb_str code,
               char *region)
{
    struct tb_answer a;
    if (!tb_node_ask(imp->cli->node, tenant, op, input, &a, region, REGION_BYTES, &imp->fault))
        return fault(imp);
    if (a.code == TB_CODE_OK)
        return TB_EXIT_OK;
    struct tb_str sentence = TB_STR_NONE;
    (void)(a.code == TB_CODE_EXPRESSION && tb_answer_bytes(&a, 4, &sentence));
    return tb_cli_say(imp->cli, TB_EXIT_REFUSED, "setup of %.*s: %s %s %.*s", TB_STR_ARG(code),
                      tb_code_text(a.code), a.field, TB_STR_ARG(sentence));
}

/* The packed object of a code; NULL with id 0: there is none. */
static struct tb_block *object(struct tb_import *imp, enum tb_kind kind, struct tb_str code, struct tb_pool *pool,
                               char *region, uint32_t *id)
{
    char text[TB_CODE_MAX + 1] = {0};
    struct tb_str packed;
    struct tb_fault f;
    memcpy(text, code.p, code.n < TB_CODE_MAX ? code.n : TB_CODE_MAX);
    *id = 0;
    if (!tb_node_find(imp->cli->node, kind == TB_KIND_TENANT ? 0 : imp->tenant, kind, text, id, region,
                      REGION_BYTES, &packed, &f))
        return NULL;
    return tb_block_unpack(pool, &tb_shapes[kind], (uint8_t)kind, *id, packed);
}

static int find_tenant(struct tb_import *imp, struct tb_pool *pool, char *region)
{
    const struct tb_import_map *m = imp->map;
    struct tb_block *b = object(imp, TB_KIND_TENANT, m->tenant, pool, region, &imp->tenant);
    if (b == NULL && imp->dry && m->tenant_put != NULL) {
        fprintf(imp->cli->err, "tongbao: the tenant %.*s would be made\n", TB_STR_ARG(m->tenant));
        imp->tenant = 0;
        imp->digits = 2;
        return TB_EXIT_OK;
    }
    if (b == NULL)
        return tb_cli_say(imp->cli, TB_EXIT_REFUSED, "there is no tenant %.*s, and the map has no setup of it",
                          TB_STR_ARG(m->tenant));
    if (imp->cli->only_tenant != 0 && imp->tenant != imp->cli->only_tenant)
        return tb_cli_say(imp->cli, TB_EXIT_REFUSED, "the map names another tenant than yours");
    imp->digits = ((const struct tb_tenant *)tb_block_head_const(b))->currency_digits;
    return TB_EXIT_OK;
}

static int prepare(struct tb_import *imp, struct tb_pool *pool, char *region)
{
    struct tb_import_map *m = imp->map;
    int code = TB_EXIT_OK;
    if (imp->cli->only_tenant != 0 && (m->tenant_put != NULL || m->put_n > 0))
        return tb_cli_say(imp->cli, TB_EXIT_REFUSED, "this map may have no setup");
    if (m->tenant_put != NULL && !imp->dry)
        code = put(imp, 0, TB_OP_TENANT_PUT, m->tenant_put, m->tenant, region);
    if (code == TB_EXIT_OK)
        code = find_tenant(imp, pool, region);
    for (uint32_t i = 0; i < m->put_n && code == TB_EXIT_OK && !imp->dry; i++)
        code = put(imp, imp->tenant, m->put[i].op, m->put[i].input, m->put[i].code, region);
    return code;
}

/* ---- codes of the map become numbers ------------------------------------------------------------ */

static int missing(struct tb_import *imp, const char *what, struct tb_str code)
{
    return tb_cli_say(imp->cli, TB_EXIT_REFUSED, "the tenant has no %s %.*s, which the map names", what,
                      TB_STR_ARG(code));
}

static void keep_choices(struct tb_import *imp, struct tb_map_attribute *x, struct tb_block *b)
{
    const struct tb_shape *shape = &tb_shapes[TB_KIND_ATTRIBUTE];
    const struct tb_text *text = tb_block_section(shape, b, TB_ATTRIBUTE_CHOICES);
    const char *bytes = tb_block_section(shape, b, TB_ATTRIBUTE_BYTES);
    uint32_t n = b->n[TB_ATTRIBUTE_CHOICES];
    struct tb_str *choice = TB_NEW_ARRAY(&imp->map->arena, struct tb_str, n + 1);
    tb_assert(choice != NULL);
    for (uint32_t i = 0; i < n; i++)
        choice[i] = tb_str_copy(&imp->map->arena, (struct tb_str){bytes + text[i].at, text[i].n});
    x->choice = choice;
    x->choice_n = n;
}

static int resolve(struct tb_import *imp, struct tb_pool *pool, char *region)
{
    struct tb_import_map *m = imp->map;
    struct tb_block *b;
    if (imp->tenant == 0)
        return TB_EXIT_OK;
    for (uint32_t i = 0; i < m->identifier_n; i++) {
        struct tb_map_identifier *x = &m->identifier[i];
        b = object(imp, TB_KIND_NAMESPACE, x->ns, pool, region, &x->id);
        if (b == NULL)
            return missing(imp, "namespace", x->ns);
        x->normaliser = ((const struct tb_namespace *)tb_block_head_const(b))->normaliser;
    }
    for (uint32_t i = 0; i < m->attribute_n; i++) {
        struct tb_map_attribute *x = &m->attribute[i];
        b = object(imp, TB_KIND_ATTRIBUTE, x->code, pool, region, &x->id);
        if (b == NULL)
            return missing(imp, "attribute", x->code);
        x->type = ((const struct tb_attribute_decl *)tb_block_head_const(b))->type;
        keep_choices(imp, x, b);
    }
    for (uint32_t i = 0; i < m->consent_n; i++)
        if (object(imp, TB_KIND_PURPOSE, m->consent[i].purpose, pool, region, &m->consent[i].id) == NULL)
            return missing(imp, "purpose", m->consent[i].purpose);
    return TB_EXIT_OK;
}

static int prepare_tenant(struct tb_import *imp)
{
    struct tb_regions regions;
    struct tb_pool pool;
    tb_regions_init(&regions);
    tb_pool_init(&pool, tb_regions_mem(&regions));
    char *region = malloc(REGION_BYTES);
    tb_assert(region != NULL);
    int code = prepare(imp, &pool, region);
    if (code == TB_EXIT_OK)
        code = resolve(imp, &pool, region);
    free(region);
    tb_regions_deinit(&regions);
    return code;
}

/* ---- files ---------------------------------------------------------------------------------------- */

/* Map and files: name, size, and the first and last 64 KiB. */
static uint64_t fingerprint(struct tb_import *imp)
{
    static const struct tb_hash_key key = {0x66696c6573, 0x6f66206d6170};
    struct tb_cli *cli = imp->cli;
    uint64_t h[3] = {imp->map->hash, (uint64_t)imp->map->kind, 0};
    char path[4200];
    char *bytes = malloc(64u << 10);
    tb_assert(bytes != NULL);
    for (int i = 1; i < cli->args.n; i++) {
        const char *name = cli->args.positional[i];
        h[2] ^= tb_siphash(&key, name, strlen(name)) * (uint64_t)(2 * i + 1);
        struct stat s;
        int fd = tb_cli_path(cli, name, path, sizeof path) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
        if (fd < 0)
            continue; /* a member of an archive: its name tells; a missing file is said later */
        if (fstat(fd, &s) == 0) {
            ssize_t n = pread(fd, bytes, 64u << 10, 0);
            h[2] = h[2] * 31 + (uint64_t)s.st_size + (n > 0 ? tb_siphash(&key, bytes, (size_t)n) : 0);
            n = pread(fd, bytes, 64u << 10, s.st_size > (64 << 10) ? s.st_size - (64 << 10) : 0);
            h[2] = h[2] * 31 + (n > 0 ? tb_siphash(&key, bytes, (size_t)n) : 0);
        }
        (void)close(fd);
    }
    free(bytes);
    return tb_siphash(&key, h, sizeof h);
}

static bool open_rejects(struct tb_import *imp, const char *path, bool going_on)
{
    imp->rejects = fopen(path, going_on ? "r+e" : "we");
    imp->rejects_most = imp->cli->only_tenant != 0 ? TB_IMPORT_REJECTS_BYTES_MAX : 0;
    if (imp->rejects != NULL && going_on)
        going_on = ftruncate(fileno(imp->rejects), imp->tally.rejects_bytes) == 0 &&
                   fseek(imp->rejects, 0, SEEK_END) == 0;
    if (imp->rejects == NULL) {
        tb_fault_set(&imp->fault, false, "%.150s cannot be written: %s", path, strerror(errno));
        return false;
    }
    if (!going_on)
        fprintf(imp->rejects, "file,row,line,reason,detail\n");
    return true;
}

/* Where the import goes on, and where its rejects go. */
static bool open_progress(struct tb_import *imp, char *rejects, size_t cap)
{
    char folder[4100];
    struct tb_cli *cli = imp->cli;
    (void)tb_node_path(cli->node->data, "imports", folder, sizeof folder);
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
        tb_fault_set(&imp->fault, false, "the folder %.150s cannot be made: %s", folder, strerror(errno));
        return false;
    }
    uint64_t id = fingerprint(imp);
    (void)snprintf(imp->progress, sizeof imp->progress, "%s/%016" PRIx64 ".progress", folder, id);
    const char *named = cli->args.value[TB_OPT_REJECTS];
    if (named != NULL)
        (void)tb_cli_path(cli, named, rejects, cap);
    else
        (void)snprintf(rejects, cap, "%s/%016" PRIx64 ".rejects.csv", folder, id);
    bool going_on = !tb_args_has(&cli->args, TB_OPT_RESTART) && access(rejects, W_OK) == 0 &&
                    tb_progress_load(imp->progress, &imp->tally);
    if (!going_on)
        imp->tally = (struct tb_tally){0};
    imp->skip_row = imp->tally.row;
    imp->skip_groups = imp->tally.groups;
    if (going_on)
        fprintf(cli->err, "tongbao: going on after row %" PRId64 " of file %" PRId64 "\n", imp->tally.row,
                imp->tally.file + 1);
    return open_rejects(imp, rejects, going_on);
}

/* A dry run says why only where it was told to. */
static bool open_dry_rejects(struct tb_import *imp, char *rejects, size_t cap)
{
    const char *named = imp->cli->args.value[TB_OPT_REJECTS];
    if (named == NULL)
        return true;
    (void)tb_cli_path(imp->cli, named, rejects, cap);
    return open_rejects(imp, rejects, false);
}

static bool ignored(struct tb_import *imp, const struct tb_row *row)
{
    const struct tb_import_map *m = imp->map;
    for (uint32_t i = 0; i < m->ignore_n; i++) {
        if (!tb_conditions_hold(m->ignore[i].when, m->ignore[i].when_n, row, &imp->arena))
            continue;
        if (!imp->skipping)
            tb_tally_reason(&imp->tally, m->ignore[i].reason, true, 1);
        return true;
    }
    return false;
}

/* Orders judge the map's own reject rules themselves: they also count the value. */
static bool rejected(struct tb_import *imp, const struct tb_row *row)
{
    const struct tb_import_map *m = imp->map;
    for (uint32_t i = 0; i < m->reject_n && m->kind != TB_IMPORT_ORDERS; i++) {
        if (!tb_conditions_hold(m->reject[i].when, m->reject[i].when_n, row, &imp->arena))
            continue;
        tb_import_reject(imp, (int64_t)row->number, (int64_t)row->line, m->reject[i].reason, "");
        return true;
    }
    return false;
}

static bool take(struct tb_import *imp, const struct tb_row *row, enum tb_rows_answer answer, const char *reason)
{
    tb_arena_reset(&imp->arena);
    if (!imp->skipping) {
        imp->tally.row = (int64_t)row->number;
        imp->tally.n[TB_N_ROWS]++;
    }
    if (answer == TB_ROWS_BROKEN)
        tb_import_reject(imp, (int64_t)row->number, (int64_t)row->line, tb_str_of(reason), "");
    else if (!ignored(imp, row) && !rejected(imp, row))
        return imp->ops->row(imp, row);
    return true;
}

/* done < 0: as before. */
static void say_progress(const struct tb_import *imp, int64_t rows, int64_t done)
{
    struct tb_cli_progress *p = imp->cli->progress;
    if (p == NULL)
        return;
    atomic_store(&p->rows, rows);
    atomic_store(&p->rows_before, imp->skip_row);
    if (done >= 0)
        atomic_store(&p->done, done);
}

static int read_file(struct tb_import *imp, int64_t index, const char *path)
{
    static const uint32_t look_every = 1024;
    struct tb_rows *rows;
    struct tb_row row = {0};
    int64_t resume_file = imp->tally.file;
    enum tb_rows_answer a = tb_rows_open(path, &imp->map->rows, &imp->map->slots, &rows, &imp->fault);
    if (a != TB_ROWS_ROW)
        return tb_cli_say(imp->cli, a == TB_ROWS_COLUMN ? TB_EXIT_REFUSED : TB_EXIT_FAULT, "%s", imp->fault.text);
    bool ok = true;
    bool stop = false;
    for (uint32_t n = 0; ok && !stop; n++) {
        const char *reason = "";
        int64_t done;
        int64_t total;
        a = tb_rows_next(rows, &row, &reason, &imp->fault);
        if (a != TB_ROWS_ROW && a != TB_ROWS_BROKEN)
            break;
        imp->skipping = index < resume_file || (index == resume_file && (int64_t)row.number <= imp->skip_row);
        ok = take(imp, &row, a, reason);
        if (n % look_every != 0)
            continue;
        tb_rows_bytes(rows, &done, &total);
        say_progress(imp, (int64_t)row.number, done);
        tb_bar_draw(&imp->bar, (int64_t)row.number, done, total, false);
        stop = atomic_load(imp->cli->cancel);
    }
    bool ended = ok && !stop && a == TB_ROWS_END;
    imp->skipping = imp->skipping && index < resume_file;
    imp->last_checkpoint = true;
    ok = ok && imp->ops->flush(imp, ended);
    imp->last_checkpoint = false;
    tb_bar_draw(&imp->bar, (int64_t)row.number, 1, 1, true);
    say_progress(imp, (int64_t)row.number, -1);
    tb_rows_close(rows);
    if (!ok || a == TB_ROWS_FAULT)
        return fault(imp);
    return ended ? TB_EXIT_OK : TB_EXIT_RESTART;
}

static int read_files(struct tb_import *imp)
{
    struct tb_cli *cli = imp->cli;
    char path[4200];
    for (int i = 1; i < cli->args.n; i++) {
        const char *name = cli->args.positional[i];
        const char *slash = strrchr(name, '/');
        imp->file = slash ? slash + 1 : name;
        if (tb_cli_path(cli, name, path, sizeof path) == NULL)
            return tb_cli_say(cli, TB_EXIT_USAGE, "the name of a file is too long");
        int code = read_file(imp, i - 1, path);
        if (code != TB_EXIT_OK)
            return code;
        if (i > imp->tally.file) {
            imp->tally.file = i;
            imp->tally.row = 0;
            imp->skip_row = 0;
            imp->last_checkpoint = true;
            if (!tb_import_checkpoint(imp))
                return fault(imp);
            imp->last_checkpoint = false;
        }
    }
    return TB_EXIT_OK;
}

/* ---- the verb ----------------------------------------------------------------------------------------- */

static int report(struct tb_import *imp, const char *rejects)
{
    struct tb_cli *cli = imp->cli;
    bool money = imp->map->kind == TB_IMPORT_ORDERS;
    const char *named = cli->args.value[TB_OPT_REPORT];
    char path[4200];
    fprintf(cli->out, "%s%s\n", kind_name[imp->map->kind], imp->dry ? " (dry run: nothing was written)" : "");
    tb_tally_print(&imp->tally, imp->digits, money, cli->out);
    if (imp->tally.n[TB_N_REJECTED] > 0 && imp->rejects != NULL)
        fprintf(cli->out, "  reasons, one line a row: %s\n", rejects);
    if (named == NULL)
        return TB_EXIT_OK;
    FILE *to = tb_cli_path(cli, named, path, sizeof path) ? fopen(path, "we") : NULL;
    if (to == NULL)
        return tb_cli_say(cli, TB_EXIT_FAULT, "%s cannot be written: %s", named, strerror(errno));
    tb_tally_json(&imp->tally, imp->digits, money, to);
    return fclose(to) == 0 ? TB_EXIT_OK : tb_cli_say(cli, TB_EXIT_FAULT, "%s cannot be written", named);
}

static int run(struct tb_import *imp)
{
    char rejects[4300] = "";
    int code = prepare_tenant(imp);
    if (code != TB_EXIT_OK)
        return code;
    imp->hash_key = imp->cli->node->env.hash_key;
    if (!imp->dry && !open_progress(imp, rejects, sizeof rejects))
        return fault(imp);
    if (imp->dry && !open_dry_rejects(imp, rejects, sizeof rejects))
        return fault(imp);
    uint32_t cap = imp->dry ? DRY_WAVE : TB_IMPORT_WAVE;
    bool ok = tb_wave_init(&imp->wave, imp->cli->node->cell, imp->tenant, cap,
                           imp->dry ? DRY_ANSWER_BYTES : TB_ANSWER_BYTES_MAX);
    imp->wave.cancel = imp->cli->cancel;
    code = TB_EXIT_FAULT;
    if (ok && imp->ops->open(imp))
        code = read_files(imp);
    imp->ops->close(imp);
    tb_wave_deinit(&imp->wave);
    if (imp->rejects != NULL && fclose(imp->rejects) != 0 && code == TB_EXIT_OK)
        code = tb_cli_say(imp->cli, TB_EXIT_FAULT, "the rejects cannot be written: %s", strerror(errno));
    if (code == TB_EXIT_RESTART) {
        fprintf(imp->cli->err, "tongbao: stopped; the same words go on from here\n");
        return TB_EXIT_REFUSED;
    }
    if (code != TB_EXIT_OK)
        return code;
    if (!imp->dry)
        (void)unlink(imp->progress);
    return report(imp, rejects);
}

int tb_cmd_import(struct tb_cli *cli)
{
    char path[4200];
    uint32_t kind = 0;
    const char *what = cli->args.n > 0 ? cli->args.positional[0] : "";
    while (kind < TB_COUNT_OF(kind_name) && strcmp(kind_name[kind], what) != 0)
        kind++;
    if (cli->args.n > 1 && tb_args_has(&cli->args, TB_OPT_SERVER))
        return tb_remote_import(cli, what);
    if (kind == TB_COUNT_OF(kind_name) || cli->args.n < 2 || !tb_args_has(&cli->args, TB_OPT_MAP)) {
        tb_verb_usage(tb_verb_find("import"), cli->err);
        return TB_EXIT_USAGE;
    }
    struct tb_import *imp = calloc(1, sizeof *imp);
    void *row_memory = malloc(ROW_ARENA_BYTES);
    tb_assert(imp != NULL && row_memory != NULL);
    tb_arena_init(&imp->arena, row_memory, ROW_ARENA_BYTES);
    imp->cli = cli;
    imp->ops = kind_ops[kind];
    imp->desk = cli->node->desk;
    imp->dry = tb_args_has(&cli->args, TB_OPT_DRY_RUN);
    imp->bar.to = cli->tty && !tb_args_has(&cli->args, TB_OPT_QUIET) ? cli->err : NULL;
    const char *map = tb_cli_path(cli, cli->args.value[TB_OPT_MAP], path, sizeof path);
    imp->map = tb_import_map_load(map ? map : "", (enum tb_import_kind)kind, &imp->fault);
    int code = imp->map != NULL ? run(imp) : tb_cli_say(cli, TB_EXIT_REFUSED, "%s", imp->fault.text);
    tb_import_map_free(imp->map);
    free(imp->known);
    free(row_memory);
    free(imp);
    return code;
}
