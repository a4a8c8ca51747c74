// SPDX-License-Identifier: Apache-2.0
/* cli/config/files.c - reading what is wanted and what there is; writing what there is. */
#include "cli/config/config.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILES_MAX 1000u
#define FILE_BYTES_MAX ((size_t)TB_JSON_BYTES_MAX)
#define OBJECT_BYTES (1u << 20)

const struct tb_conf_kind tb_conf_kinds[] = {
    {"purposes", "/v1/purposes", true, NULL},
    {"units", "/v1/units", true, NULL},
    {"namespaces", "/v1/namespaces", true, NULL},
    {"attributes", "/v1/attributes", true, NULL},
    {"stores", "/v1/stores", true, "closed"},
    {"touchpoints", "/v1/touchpoints", true, NULL},
    {"associates", "/v1/associates", false, "left"},
    {"tier_schemes", "/v1/tier-schemes", true, NULL},
    {"rules", "/v1/rules", true, "disabled"},
    {"channels", "/v1/channels", true, NULL},
    {"products", "/v1/products", false, NULL},
    {"code_batches", "/v1/code-batches", false, NULL},
    {"coupon_codes", "/v1/coupon-codes", true, "disabled"},
    {"campaigns", "/v1/campaigns", true, NULL},
    {"games", "/v1/games", true, NULL},
    {"mall_goods", "/v1/mall/goods", true, NULL},
};
const uint32_t tb_conf_kind_n = TB_COUNT_OF(tb_conf_kinds);

/* ---- opening ---------------------------------------------------------------------------------------- */

static int load_api(struct tb_conf *c)
{
    char why[400];
    if (!tb_client_ask(&c->http, "GET", "/v1/openapi.json", NULL, 0, NULL) || c->http.status != 200)
        return tb_client_refused(&c->http);
    if (!tb_tree_load(&c->api, c->http.answer, c->http.n, why, sizeof why))
        return tb_cli_say(c->cli, TB_EXIT_FAULT, "the server's description cannot be read: %s", why);
    return TB_EXIT_OK;
}

static void find_history(struct tb_conf *c, const char *tenant)
{
    const char *given = c->cli->args.value[TB_OPT_HISTORY];
    if (given != NULL)
        (void)tb_cli_path(c->cli, given, c->history, sizeof c->history);
    else if (c->cli->node != NULL)
        (void)snprintf(c->history, sizeof c->history, "%s/config/%s", c->cli->node->data, tenant);
    else
        (void)tb_cli_path(c->cli, "tongbao-history", c->history, sizeof c->history);
}

int tb_conf_open(struct tb_conf *c, struct tb_cli *cli)
{
    *c = (struct tb_conf){.cli = cli};
    const char *tenant = tb_args_text(&cli->args, TB_OPT_TENANT, NULL, "");
    int code;
    find_history(c, tenant);
    if (tb_args_has(&cli->args, TB_OPT_SERVER)) {
        code = tb_client_open(&c->http, cli, cli->args.value[TB_OPT_SERVER],
                              tb_args_text(&cli->args, TB_OPT_KEY, "TONGBAO_KEY", ""));
    } else {
        uint32_t id = tenant[0] ? tb_cli_tenant(cli, tenant) : 0;
        if (id == 0)
            return tenant[0] ? TB_EXIT_REFUSED
                             : tb_cli_say(cli, TB_EXIT_USAGE, "--tenant T, or --server URL --key KEY");
        code = tb_client_open_here(&c->http, cli, id);
    }
    return code == TB_EXIT_OK ? load_api(c) : code;
}

void tb_conf_close(struct tb_conf *c)
{
    for (uint32_t i = 0; i < c->want_n; i++)
        tb_tree_free(&c->want[i].now);
    for (uint32_t i = 0; i < c->file_n; i++)
        tb_tree_free(&c->file[i]);
    tb_tree_free(&c->api);
    free(c->want);
    free(c->file);
    tb_client_close(&c->http);
}

/* ---- what is wanted ----------------------------------------------------------------------------------- */

static int bad_file(struct tb_conf *c, const char *name, const char *why)
{
    return tb_cli_say(c->cli, TB_EXIT_REFUSED, "%s: %s", name, why);
}

static bool known_before(const struct tb_conf *c, uint32_t kind, struct tb_str code)
{
    for (uint32_t i = 0; i < c->want_n; i++)
        if (c->want[i].kind == kind && tb_str_eq(c->want[i].code, code))
            return true;
    return false;
}

static int add_want(struct tb_conf *c, const char *name, uint32_t kind, struct tb_place object)
{
    struct tb_str code = tb_place_text(tb_place_member(object, TB_STR("code")));
    char why[200];
    if (code.n == 0) {
        (void)snprintf(why, sizeof why, "an object of %s has no code", tb_conf_kinds[kind].name);
        return bad_file(c, name, why);
    }
    if (known_before(c, kind, code)) {
        (void)snprintf(why, sizeof why, "%s %.*s is there twice", tb_conf_kinds[kind].name, TB_STR_ARG(code));
        return bad_file(c, name, why);
    }
    if (c->want_n == c->want_cap) {
        c->want_cap = c->want_cap ? c->want_cap * 2 : 256;
        struct tb_conf_want *more = realloc(c->want, c->want_cap * sizeof *more);
        tb_assert(more != NULL);
        c->want = more;
    }
    c->want[c->want_n] = (struct tb_conf_want){.kind = kind, .code = code, .object = object};
    struct tb_str field = tb_place_is(tb_conf_schema(c, kind)) ? tb_conf_unknown(c, &c->want[c->want_n]) : TB_STR_NONE;
    c->want_n++;
    if (field.n == 0)
        return TB_EXIT_OK;
    (void)snprintf(why, sizeof why, "%s %.*s: there is no field %.*s", tb_conf_kinds[kind].name, TB_STR_ARG(code),
                   TB_STR_ARG(field));
    return bad_file(c, name, why);
}

static int take_members(struct tb_conf *c, const char *name, const struct tb_tree *t)
{
    struct tb_place root = tb_tree_root(t);
    struct tb_place list = {t, TB_TREE_NONE};
    struct tb_str key, none;
    int code = TB_EXIT_OK;
    if (tb_place_node(root)->kind != TB_JSON_OBJECT)
        return bad_file(c, name, "a file is an object of lists");
    while (code == TB_EXIT_OK && tb_place_next(root, &key, &list)) {
        uint32_t kind = 0;
        while (kind < tb_conf_kind_n && !tb_str_eq_c(key, tb_conf_kinds[kind].name))
            kind++;
        struct tb_place object = {t, TB_TREE_NONE};
        if (kind == tb_conf_kind_n || tb_place_node(list)->kind != TB_JSON_ARRAY) {
            char why[160];
            (void)snprintf(why, sizeof why, "%.*s is no list of something that can be configured", TB_STR_ARG(key));
            return bad_file(c, name, why);
        }
        if (tb_place_node(list)->n > 0 && !tb_place_is(tb_conf_schema(c, kind)))
            return bad_file(c, name, "the server does not take some of this: it is older than the file");
        while (code == TB_EXIT_OK && tb_place_next(list, &none, &object))
            code = add_want(c, name, kind, object);
    }
    return code;
}

static int read_file(struct tb_conf *c, const char *path)
{
    char why[400] = "";
    FILE *f = fopen(path, "re");
    char *bytes = malloc(FILE_BYTES_MAX + 1);
    tb_assert(bytes != NULL);
    size_t n = f != NULL ? fread(bytes, 1, FILE_BYTES_MAX + 1, f) : 0;
    bool read = f != NULL && !ferror(f);
    int error = errno;
    if (f != NULL)
        (void)fclose(f);
    struct tb_tree *more = read ? realloc(c->file, (c->file_n + 1) * sizeof *more) : NULL;
    if (!read || more == NULL) {
        free(bytes);
        return tb_cli_say(c->cli, TB_EXIT_FAULT, "%s cannot be read: %s", path, strerror(error));
    }
    c->file = more;
    bool ok = tb_tree_load(&c->file[c->file_n], bytes, n, why, sizeof why);
    free(bytes);
    c->file_n++;
    return ok ? TB_EXIT_OK : bad_file(c, path, why);
}

static int is_json(const struct dirent *e)
{
    size_t n = strlen(e->d_name);
    return n > 5 && e->d_name[0] != '.' && strcmp(e->d_name + n - 5, ".json") == 0;
}

static int read_folder(struct tb_conf *c, const char *path)
{
    struct dirent **entry = NULL;
    int n = scandir(path, &entry, is_json, alphasort);
    int code = n < 0 ? tb_cli_say(c->cli, TB_EXIT_FAULT, "%s cannot be read: %s", path, strerror(errno))
               : n == 0 || n > (int)FILES_MAX
                   ? tb_cli_say(c->cli, TB_EXIT_REFUSED, "%s has %s *.json", path, n == 0 ? "no" : "too many")
                   : TB_EXIT_OK;
    for (int i = 0; i < n; i++) {
        char file[4400];
        bool fits = snprintf(file, sizeof file, "%s/%s", path, entry[i]->d_name) < (int)sizeof file;
        if (code == TB_EXIT_OK && fits)
            code = read_file(c, file);
        free(entry[i]);
    }
    free(entry);
    return code;
}

static int by_kind(const void *a, const void *b)
{
    const struct tb_conf_want *x = a, *y = b;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    return x->object.tree != y->object.tree ? (x->object.tree < y->object.tree ? -1 : 1)
                                            : (x->object.at > y->object.at) - (x->object.at < y->object.at);
}

int tb_conf_read(struct tb_conf *c, const char *name)
{
    char path[4200];
    struct stat s;
    if (tb_cli_path(c->cli, name, path, sizeof path) == NULL || stat(path, &s) != 0)
        return tb_cli_say(c->cli, TB_EXIT_FAULT, "%s cannot be read", name);
    int code = S_ISDIR(s.st_mode) ? read_folder(c, path) : read_file(c, path);
    /* trees no longer move: places may point to them */
    for (uint32_t i = 0; i < c->file_n && code == TB_EXIT_OK; i++)
        code = take_members(c, name, &c->file[i]);
    if (code == TB_EXIT_OK && c->want_n > 1)
        qsort(c->want, c->want_n, sizeof *c->want, by_kind);
    return code;
}

/* ---- what there is -------------------------------------------------------------------------------------- */

/* The code as a segment of a path. */
static bool path_of(const struct tb_conf_want *w, char *path, size_t cap)
{
    size_t n = (size_t)snprintf(path, cap, "%s/", tb_conf_kinds[w->kind].path);
    for (uint32_t i = 0; i < w->code.n; i++) {
        uint8_t ch = (uint8_t)w->code.p[i];
        bool plain = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') ||
                     strchr("-_.~", ch) != NULL;
        if (n + 4 >= cap)
            return false;
        n += (size_t)snprintf(path + n, cap - n, plain ? "%c" : "%%%02X", ch);
    }
    return true;
}

int tb_conf_path(const struct tb_conf *c, const struct tb_conf_want *w, char *path, size_t cap)
{
    return path_of(w, path, cap) ? TB_EXIT_OK : tb_cli_say(c->cli, TB_EXIT_REFUSED, "a code is too long");
}

int tb_conf_look(struct tb_conf *c, struct tb_conf_want *w)
{
    char path[400];
    char why[400];
    int code = tb_conf_path(c, w, path, sizeof path);
    if (code != TB_EXIT_OK)
        return code;
    tb_tree_free(&w->now);
    w->version = 0;
    if (!tb_client_ask(&c->http, "GET", path, NULL, 0, NULL))
        return tb_client_refused(&c->http);
    if (c->http.status == 404 || c->http.status == 422)
        return TB_EXIT_OK;
    if (c->http.status != 200)
        return tb_client_refused(&c->http);
    if (!tb_tree_load(&w->now, c->http.answer, c->http.n, why, sizeof why))
        return tb_cli_say(c->cli, TB_EXIT_FAULT, "the server's answer cannot be read: %s", why);
    struct tb_place version = tb_place_member(tb_tree_root(&w->now), TB_STR("version"));
    w->version = tb_place_is(version) ? tb_place_node(version)->i : 0;
    return TB_EXIT_OK;
}

int tb_conf_fetch(struct tb_conf *c)
{
    int code = TB_EXIT_OK;
    for (uint32_t i = 0; i < c->want_n && code == TB_EXIT_OK; i++)
        code = atomic_load(c->cli->cancel) ? TB_EXIT_FAULT : tb_conf_look(c, &c->want[i]);
    return code;
}

int tb_conf_each(struct tb_conf *c, uint32_t kind, tb_conf_each_fn *each, void *user)
{
    int64_t after = 0;
    int code = TB_EXIT_OK;
    do {
        char path[200], why[400];
        struct tb_tree page = {0};
        (void)snprintf(path, sizeof path, "%s?limit=100&after=%" PRId64, tb_conf_kinds[kind].path, after);
        if (!tb_client_ask(&c->http, "GET", path, NULL, 0, NULL))
            return tb_client_refused(&c->http);
        if (c->http.status == 404 || c->http.status == 405)
            return TB_EXIT_OK; /* this server keeps no list of them */
        if (c->http.status != 200)
            return tb_client_refused(&c->http);
        if (!tb_tree_load(&page, c->http.answer, c->http.n, why, sizeof why))
            code = tb_cli_say(c->cli, TB_EXIT_FAULT, "the server's answer cannot be read: %s", why);
        struct tb_place list = tb_place_member(tb_tree_root(&page), TB_STR("items"));
        struct tb_place next = tb_place_member(tb_tree_root(&page), TB_STR("next"));
        struct tb_place one = {&page, TB_TREE_NONE};
        struct tb_str key;
        after = tb_place_is(next) ? tb_place_node(next)->i : 0;
        while (code == TB_EXIT_OK && tb_place_is(list) && tb_place_next(list, &key, &one))
            code = each(c, kind, one, user);
        tb_tree_free(&page);
    } while (code == TB_EXIT_OK && after != 0 && !atomic_load(c->cli->cancel));
    return code;
}

/* ---- writing ---------------------------------------------------------------------------------------------- */

struct writing {
    char *region;
    uint32_t n; /* of this kind */
    bool kinds; /* one was written before */
};

/* A campaign's list has less of it than the campaign itself. */
static int whole(struct tb_conf *c, uint32_t kind, struct tb_str code, struct tb_conf_want *w)
{
    *w = (struct tb_conf_want){.kind = kind, .code = code};
    return tb_conf_look(c, w);
}

static int write_one(struct tb_conf *c, uint32_t kind, struct tb_place one, void *user)
{
    struct writing *x = user;
    struct tb_str code = tb_place_text(tb_place_member(one, TB_STR("code")));
    struct tb_str what = tb_place_text(tb_place_member(one, TB_STR("kind")));
    struct tb_conf_want w;
    struct tb_buf b;
    if (strcmp(tb_conf_kinds[kind].name, "units") == 0 && tb_str_eq_c(what, "budget"))
        return TB_EXIT_OK; /* a campaign's own */
    int exit_code = whole(c, kind, code, &w);
    if (exit_code != TB_EXIT_OK)
        return exit_code;
    tb_buf_init(&b, x->region, OBJECT_BYTES);
    tb_conf_write(c, kind, tb_tree_root(&w.now), code, -1, strcmp(tb_conf_kinds[kind].name, "campaigns") == 0, &b);
    if (x->n == 0)
        fprintf(c->cli->out, "%s\n  \"%s\": [", x->kinds ? "," : "", tb_conf_kinds[kind].name);
    fprintf(c->cli->out, "%s\n    %.*s", x->n ? "," : "", (int)b.n, (const char *)b.p);
    x->n++;
    x->kinds = true;
    tb_tree_free(&w.now);
    return b.overflowed ? tb_cli_say(c->cli, TB_EXIT_FAULT, "%.*s is too large", TB_STR_ARG(code)) : TB_EXIT_OK;
}

static bool wanted_kind(uint32_t kind, const char *const *words, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(words[i], tb_conf_kinds[kind].name) == 0)
            return true;
    return n == 0 && tb_conf_kinds[kind].exported;
}

int tb_conf_export(struct tb_conf *c, const char *const *words, uint32_t n)
{
    struct writing x = {.region = malloc(OBJECT_BYTES)};
    int code = TB_EXIT_OK;
    tb_assert(x.region != NULL);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t kind = 0;
        while (kind < tb_conf_kind_n && strcmp(words[i], tb_conf_kinds[kind].name) != 0)
            kind++;
        if (kind == tb_conf_kind_n) {
            free(x.region);
            return tb_cli_say(c->cli, TB_EXIT_USAGE, "%s is nothing that can be configured", words[i]);
        }
    }
    fprintf(c->cli->out, "{");
    for (uint32_t kind = 0; kind < tb_conf_kind_n && code == TB_EXIT_OK; kind++) {
        if (!wanted_kind(kind, words, n) || !tb_place_is(tb_conf_schema(c, kind)))
            continue;
        x.n = 0;
        code = tb_conf_each(c, kind, write_one, &x);
        if (x.n > 0)
            fprintf(c->cli->out, "\n  ]");
    }
    fprintf(c->cli->out, "\n}\n");
    free(x.region);
    return code;
}
