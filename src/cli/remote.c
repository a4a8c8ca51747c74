// SPDX-License-Identifier: Apache-2.0
/* Verbs over HTTP. See remote.h. */
#include "cli/remote.h"

#include "cli/client.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PAGE_EVENTS 1000u
#define CHUNK_BYTES ((size_t)4 << 20)
#define CHUNK_LINES 5000u
#define LINE_BYTES ((size_t)1 << 20)
#define TRIES 60u
#define WAIT_S 1u
#define SHOWN 20u /* refused lines on the terminal; all go to --rejects */

struct remote {
    struct tb_client http;
    FILE *rejects;
    uint64_t line; /* lines of the file sent before this chunk */
    uint64_t accepted;
    uint64_t refused;
};

static int open_remote(struct tb_cli *cli, struct remote *r)
{
    *r = (struct remote){0};
    return tb_client_open(&r->http, cli, cli->args.value[TB_OPT_SERVER],
                          tb_args_text(&cli->args, TB_OPT_KEY, "TONGBAO_KEY", ""));
}

static void close_remote(struct remote *r)
{
    tb_client_close(&r->http);
    if (r->rejects != NULL)
        (void)fclose(r->rejects);
}

/* ---- events out ------------------------------------------------------------------------------------- */

/* The end of the JSON object that begins at p; NULL: it does not end. */
static const char *object_end(const char *p, const char *end)
{
    uint32_t depth = 0;
    bool text = false;
    for (; p < end; p++) {
        if (text && *p == '\\')
            p++;
        else if (*p == '"')
            text = !text;
        else if (!text && (*p == '{' || *p == '['))
            depth++;
        else if (!text && (*p == '}' || *p == ']') && --depth == 0)
            return p + 1;
    }
    return NULL;
}

/* {"items":[{..},..],"next":N} as lines; how many, and *next. */
static uint32_t print_items(struct remote *r, uint64_t *next)
{
    static const char head[] = "{\"items\":[";
    const char *end = r->http.answer + r->http.n;
    const char *p = r->http.answer + sizeof head - 1;
    uint32_t n = 0;
    if (r->http.n < sizeof head || memcmp(r->http.answer, head, sizeof head - 1) != 0)
        return 0;
    while (p < end && *p == '{') {
        const char *over = object_end(p, end);
        if (over == NULL)
            return n;
        (void)fwrite(p, 1, (size_t)(over - p), r->http.cli->out);
        (void)fputc('\n', r->http.cli->out);
        n++;
        p = over + (over < end && *over == ',');
    }
    (void)sscanf(p, "],\"next\":%" SCNu64, next);
    return n;
}

int tb_remote_export(struct tb_cli *cli, const char *what)
{
    struct remote r;
    char path[100];
    int64_t from;
    if (strcmp(what, "events") != 0)
        return tb_cli_say(cli, TB_EXIT_USAGE, "over HTTP there are events; %s are exported where the data folder is",
                          what);
    if (!tb_args_number(&cli->args, TB_OPT_AFTER, 0, INT64_MAX, 0, &from, cli->err))
        return TB_EXIT_USAGE;
    int code = open_remote(cli, &r);
    uint64_t after = (uint64_t)from;
    uint32_t n = PAGE_EVENTS;
    while (code == TB_EXIT_OK && n > 0 && !atomic_load(cli->cancel)) {
        (void)snprintf(path, sizeof path, "/v1/events?after=%" PRIu64 "&limit=%u", after, PAGE_EVENTS);
        if (!tb_client_ask(&r.http, "GET", path, NULL, 0, NULL) || r.http.status != 200)
            code = tb_client_refused(&r.http);
        else
            n = print_items(&r, &after);
    }
    close_remote(&r);
    return code;
}

/* ---- lines in ------------------------------------------------------------------------------------------ */

/* The line's own number and status; what came back is told when it is no 2xx. */
static void count_line(struct remote *r, const char *p, size_t n)
{
    uint64_t line;
    uint32_t status;
    if (sscanf(p, "{\"line\":%" SCNu64 ",\"status\":%" SCNu32, &line, &status) != 2)
        return;
    if (status >= 200 && status < 300) {
        r->accepted++;
        return;
    }
    r->refused++;
    const char *rest = memchr(p, ',', n);
    if (r->rejects != NULL)
        fprintf(r->rejects, "{\"line\":%" PRIu64 "%.*s\n", r->line + line, (int)(n - (size_t)(rest - p)), rest);
    if (r->refused <= SHOWN)
        fprintf(r->http.cli->err, "line %" PRIu64 ": %.*s\n", r->line + line, (int)(n - (size_t)(rest - p) - 1),
                rest + 1);
}

/* True when a line asks to be sent again: then the whole chunk is, as nothing happens twice. */
static bool any_busy(const struct remote *r)
{
    for (const char *p = r->http.answer; p != NULL && p < r->http.answer + r->http.n; p = strchr(p, '\n')) {
        uint32_t status;
        p += *p == '\n';
        if (sscanf(p, "{\"line\":%*u,\"status\":%" SCNu32, &status) == 1 && (status == 429 || status >= 500))
            return true;
    }
    return false;
}

static int send_chunk(struct remote *r, const char *body, size_t n, uint32_t lines)
{
    uint32_t i = 0;
    do {
        if (i > 0)
            (void)nanosleep(&(struct timespec){.tv_sec = WAIT_S}, NULL);
        if (!tb_client_ask(&r->http, "POST", "/v1/bulk", body, n, NULL) || r->http.status != 200)
            return tb_client_refused(&r->http);
    } while (any_busy(r) && ++i < TRIES);
    uint64_t before = r->accepted + r->refused;
    for (const char *p = r->http.answer; p < r->http.answer + r->http.n;) {
        const char *end = memchr(p, '\n', (size_t)(r->http.answer + r->http.n - p));
        size_t length = end != NULL ? (size_t)(end - p) : (size_t)(r->http.answer + r->http.n - p);
        count_line(r, p, length);
        p += length + 1;
    }
    r->line += lines;
    if (r->accepted + r->refused - before != lines)
        return tb_cli_say(r->http.cli, TB_EXIT_FAULT, "the server did not answer every line up to %" PRIu64, r->line);
    return TB_EXIT_OK;
}

static int send_file(struct remote *r, FILE *f)
{
    char *body = malloc(CHUNK_BYTES + LINE_BYTES);
    size_t n = 0;
    uint32_t lines = 0;
    int code = TB_EXIT_OK;
    tb_assert(body != NULL);
    while (code == TB_EXIT_OK && !atomic_load(r->http.cli->cancel) && fgets(body + n, (int)LINE_BYTES, f) != NULL) {
        size_t length = strlen(body + n);
        if (body[n + length - 1] != '\n' && !feof(f)) {
            code = tb_cli_say(r->http.cli, TB_EXIT_REFUSED, "line %" PRIu64 " is longer than a MiB",
                              r->line + lines + 1);
            break;
        }
        n += length;
        lines++;
        if (n >= CHUNK_BYTES || lines == CHUNK_LINES) {
            code = send_chunk(r, body, n, lines);
            n = lines = 0;
        }
    }
    if (code == TB_EXIT_OK && n > 0 && !atomic_load(r->http.cli->cancel))
        code = send_chunk(r, body, n, lines);
    free(body);
    return code;
}

static int send_named(struct remote *r, const char *name)
{
    if (strcmp(name, "-") == 0)
        return send_file(r, stdin);
    FILE *f = fopen(name, "re");
    if (f == NULL)
        return tb_cli_say(r->http.cli, TB_EXIT_FAULT, "%s cannot be read", name);
    int code = send_file(r, f);
    (void)fclose(f);
    return code;
}

int tb_remote_import(struct tb_cli *cli, const char *what)
{
    struct remote r;
    const char *rejects = cli->args.value[TB_OPT_REJECTS];
    if (strcmp(what, "lines") != 0)
        return tb_cli_say(cli, TB_EXIT_USAGE,
                          "over HTTP lines of POST /v1/bulk go: import lines FILE; a map needs the data folder");
    int code = open_remote(cli, &r);
    if (code == TB_EXIT_OK && !tb_client_header(&r.http, "Content-Type: application/x-ndjson"))
        code = tb_cli_say(cli, TB_EXIT_FAULT, "no memory");
    if (code == TB_EXIT_OK && rejects != NULL && (r.rejects = fopen(rejects, "we")) == NULL)
        code = tb_cli_say(cli, TB_EXIT_FAULT, "%s cannot be written", rejects);
    for (int i = 1; i < cli->args.n && code == TB_EXIT_OK; i++) {
        r.line = 0;
        code = send_named(&r, cli->args.positional[i]);
    }
    fprintf(cli->out, "%" PRIu64 " lines accepted, %" PRIu64 " refused\n", r.accepted, r.refused);
    if (code == TB_EXIT_OK && r.refused > 0)
        code = TB_EXIT_REFUSED;
    close_remote(&r);
    return code;
}

int tb_remote_sql(struct tb_cli *cli)
{
    return tb_cli_say(cli, TB_EXIT_USAGE,
                      "no SQL over HTTP: the tables hold every tenant, a key is of one. Run it where the data folder "
                      "is, or keep the state in PostgreSQL and give your BI a role there");
}
