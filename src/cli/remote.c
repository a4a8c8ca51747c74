// SPDX-License-Identifier: Apache-2.0
/* Verbs over HTTP. See remote.h. */
#include "cli/remote.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PAGE_EVENTS 1000u
#define CHUNK_BYTES ((size_t)4 << 20)
#define CHUNK_LINES 5000u
#define LINE_BYTES ((size_t)1 << 20)
#define ANSWER_BYTES ((size_t)256 << 20)
#define TRIES 60u
#define WAIT_S 1u
#define SHOWN 20u /* refused lines on the terminal; all go to --rejects */

struct remote {
    struct tb_cli *cli;
    CURL *easy;
    struct curl_slist *headers;
    char *answer;
    size_t n;
    size_t cap;
    long status;
    char error[CURL_ERROR_SIZE];
    FILE *rejects;
    uint64_t line; /* lines of the file sent before this chunk */
    uint64_t accepted;
    uint64_t refused;
};

static size_t take(char *p, size_t size, size_t count, void *user)
{
    struct remote *r = user;
    size_t n = size * count;
    if (r->n + n + 1 > r->cap) {
        size_t cap = (r->n + n + 1) * 2;
        char *more = cap <= ANSWER_BYTES ? realloc(r->answer, cap) : NULL;
        if (more == NULL)
            return 0;
        r->answer = more;
        r->cap = cap;
    }
    memcpy(r->answer + r->n, p, n);
    r->n += n;
    r->answer[r->n] = 0;
    return n;
}

static bool add_header(struct remote *r, const char *text)
{
    struct curl_slist *more = curl_slist_append(r->headers, text);
    if (more != NULL)
        r->headers = more;
    return more != NULL;
}

static int open_remote(struct tb_cli *cli, struct remote *r)
{
    char header[400];
    const char *key = tb_args_text(&cli->args, TB_OPT_KEY, "TONGBAO_KEY", "");
    *r = (struct remote){.cli = cli, .easy = curl_easy_init()};
    int n = snprintf(header, sizeof header, "Authorization: Bearer %s", key);
    if (*key == 0 || n < 0 || (size_t)n >= sizeof header)
        return tb_cli_say(cli, TB_EXIT_USAGE, "--server needs a key: --key KEY, or TONGBAO_KEY");
    if (r->easy == NULL || !add_header(r, header) || !add_header(r, "Expect:"))
        return tb_cli_say(cli, TB_EXIT_FAULT, "no memory");
    return TB_EXIT_OK;
}

static void close_remote(struct remote *r)
{
    curl_slist_free_all(r->headers);
    if (r->easy != NULL)
        curl_easy_cleanup(r->easy);
    if (r->rejects != NULL)
        (void)fclose(r->rejects);
    free(r->answer);
}

/* One request; body NULL: GET. False: nobody answered. */
static bool request(struct remote *r, const char *path, const char *body, size_t n)
{
    char url[1200];
    const char *server = r->cli->args.value[TB_OPT_SERVER];
    size_t length = strlen(server);
    while (length > 0 && server[length - 1] == '/')
        length--;
    r->n = 0;
    r->status = 0;
    r->error[0] = 0;
    if (snprintf(url, sizeof url, "%.*s%s", (int)length, server, path) >= (int)sizeof url)
        return false;
    CURL *e = r->easy;
    bool ok = curl_easy_setopt(e, CURLOPT_URL, url) == CURLE_OK &&
              curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
              curl_easy_setopt(e, CURLOPT_HTTPHEADER, r->headers) == CURLE_OK &&
              curl_easy_setopt(e, CURLOPT_ERRORBUFFER, r->error) == CURLE_OK &&
              curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT, 10L) == CURLE_OK &&
              curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, take) == CURLE_OK &&
              curl_easy_setopt(e, CURLOPT_WRITEDATA, r) == CURLE_OK;
    if (body != NULL)
        ok = ok && curl_easy_setopt(e, CURLOPT_POST, 1L) == CURLE_OK &&
             curl_easy_setopt(e, CURLOPT_POSTFIELDS, body) == CURLE_OK &&
             curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)n) == CURLE_OK;
    ok = ok && curl_easy_perform(e) == CURLE_OK;
    return ok && curl_easy_getinfo(e, CURLINFO_RESPONSE_CODE, &r->status) == CURLE_OK;
}

static bool may_try_again(bool answered, long status)
{
    return !answered || status == 408 || status == 429 || status >= 500;
}

/* Until it is answered: every request made here may come twice. */
static bool ask(struct remote *r, const char *path, const char *body, size_t n)
{
    for (uint32_t i = 0; i < TRIES && !atomic_load(r->cli->cancel); i++) {
        bool answered = request(r, path, body, n);
        if (!may_try_again(answered, r->status))
            return true;
        if (i == 0)
            fprintf(r->cli->err, "tongbao: %s; trying again\n", r->error[0] ? r->error : "the server is busy");
        (void)nanosleep(&(struct timespec){.tv_sec = WAIT_S}, NULL);
    }
    return false;
}

static int refuse(struct remote *r)
{
    if (r->status == 0)
        return tb_cli_say(r->cli, TB_EXIT_FAULT, "%s", r->error[0] ? r->error : "the server does not answer");
    return tb_cli_say(r->cli, r->status >= 500 ? TB_EXIT_FAULT : TB_EXIT_REFUSED, "%ld: %.*s", r->status,
                      r->n < 600 ? (int)r->n : 600, r->n ? r->answer : "");
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
    const char *end = r->answer + r->n;
    const char *p = r->answer + sizeof head - 1;
    uint32_t n = 0;
    if (r->n < sizeof head || memcmp(r->answer, head, sizeof head - 1) != 0)
        return 0;
    while (p < end && *p == '{') {
        const char *over = object_end(p, end);
        if (over == NULL)
            return n;
        (void)fwrite(p, 1, (size_t)(over - p), r->cli->out);
        (void)fputc('\n', r->cli->out);
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
        if (!ask(&r, path, NULL, 0) || r.status != 200)
            code = refuse(&r);
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
        fprintf(r->cli->err, "line %" PRIu64 ": %.*s\n", r->line + line, (int)(n - (size_t)(rest - p) - 1), rest + 1);
}

/* True when a line asks to be sent again: then the whole chunk is, as nothing happens twice. */
static bool any_busy(const struct remote *r)
{
    for (const char *p = r->answer; p != NULL && p < r->answer + r->n; p = strchr(p, '\n')) {
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
        if (!ask(r, "/v1/bulk", body, n) || r->status != 200)
            return refuse(r);
    } while (any_busy(r) && ++i < TRIES);
    uint64_t before = r->accepted + r->refused;
    for (const char *p = r->answer; p < r->answer + r->n;) {
        const char *end = memchr(p, '\n', (size_t)(r->answer + r->n - p));
        size_t length = end != NULL ? (size_t)(end - p) : (size_t)(r->answer + r->n - p);
        count_line(r, p, length);
        p += length + 1;
    }
    r->line += lines;
    if (r->accepted + r->refused - before != lines)
        return tb_cli_say(r->cli, TB_EXIT_FAULT, "the server did not answer every line up to %" PRIu64, r->line);
    return TB_EXIT_OK;
}

static int send_file(struct remote *r, FILE *f)
{
    char *body = malloc(CHUNK_BYTES + LINE_BYTES);
    size_t n = 0;
    uint32_t lines = 0;
    int code = TB_EXIT_OK;
    tb_assert(body != NULL);
    while (code == TB_EXIT_OK && !atomic_load(r->cli->cancel) && fgets(body + n, (int)LINE_BYTES, f) != NULL) {
        size_t length = strlen(body + n);
        if (body[n + length - 1] != '\n' && !feof(f)) {
            code = tb_cli_say(r->cli, TB_EXIT_REFUSED, "line %" PRIu64 " is longer than a MiB", r->line + lines + 1);
            break;
        }
        n += length;
        lines++;
        if (n >= CHUNK_BYTES || lines == CHUNK_LINES) {
            code = send_chunk(r, body, n, lines);
            n = lines = 0;
        }
    }
    if (code == TB_EXIT_OK && n > 0 && !atomic_load(r->cli->cancel))
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
        return tb_cli_say(r->cli, TB_EXIT_FAULT, "%s cannot be read", name);
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
    if (code == TB_EXIT_OK && !add_header(&r, "Content-Type: application/x-ndjson"))
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
