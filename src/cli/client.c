// SPDX-License-Identifier: Apache-2.0
/* cli/client.c - see client.h. */
#include "cli/client.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/catalog/catalog.h"
#include "http/app.h"

#define ANSWER_BYTES ((size_t)256 << 20)
#define TRIES 60u
#define WAIT_S 1u

static size_t take(char *p, size_t size, size_t count, void *user)
{
    struct tb_client *c = user;
    size_t n = size * count;
    if (c->n + n + 1 > c->cap) {
        size_t cap = (c->n + n + 1) * 2;
        char *more = cap <= ANSWER_BYTES ? realloc(c->answer, cap) : NULL;
        if (more == NULL)
            return 0;
        c->answer = more;
        c->cap = cap;
    }
    memcpy(c->answer + c->n, p, n);
    c->n += n;
    c->answer[c->n] = 0;
    return n;
}

bool tb_client_header(struct tb_client *c, const char *text)
{
    struct curl_slist *more = curl_slist_append(c->headers, text);
    if (more != NULL)
        c->headers = more;
    return more != NULL;
}

int tb_client_open(struct tb_client *c, struct tb_cli *cli, const char *server, const char *key)
{
    char header[400];
    struct tb_app *app = c->app;
    *c = (struct tb_client){.cli = cli, .app = app, .easy = curl_easy_init()};
    size_t length = strlen(server);
    while (length > 0 && server[length - 1] == '/')
        length--;
    if (length >= sizeof c->server)
        return tb_cli_say(cli, TB_EXIT_USAGE, "--server is too long");
    memcpy(c->server, server, length);
    int n = snprintf(header, sizeof header, "Authorization: Bearer %s", key);
    if (*key == 0 || n < 0 || (size_t)n >= sizeof header)
        return tb_cli_say(cli, TB_EXIT_USAGE, "--server needs a key: --key KEY, or TONGBAO_KEY");
    bool ok = c->easy != NULL && tb_client_header(c, header) && tb_client_header(c, "Expect:");
    memset(header, 0, sizeof header);
    return ok ? TB_EXIT_OK : tb_cli_say(cli, TB_EXIT_FAULT, "no memory");
}

int tb_client_open_here(struct tb_client *c, struct tb_cli *cli, uint32_t tenant)
{
    struct tb_node *node = cli->node;
    struct tb_key_made made;
    struct tb_fault fault;
    char server[64];
    *c = (struct tb_client){.cli = cli};
    tb_key_make(&made);
    struct tb_app_guest guest = {.code = made.code, .tenant = tenant, .roles = TB_KEY_OWNER};
    memcpy(guest.hash, made.hash, sizeof guest.hash);
    struct tb_app_options o = {.cell = node->cell,
                               .env = &node->env,
                               .keys = node->keys,
                               .http = {.threads = 1},
                               .guest = &guest,
                               .unlimited = true};
    c->app = tb_app_start(&o, &fault);
    if (c->app == NULL)
        return tb_cli_say(cli, TB_EXIT_FAULT, "%s", fault.text);
    (void)snprintf(server, sizeof server, "http://127.0.0.1:%u", (unsigned)tb_app_port(c->app));
    int code = tb_client_open(c, cli, server, made.text);
    memset(&made, 0, sizeof made);
    return code;
}

void tb_client_close(struct tb_client *c)
{
    curl_slist_free_all(c->headers);
    if (c->easy != NULL)
        curl_easy_cleanup(c->easy);
    if (c->app != NULL)
        tb_app_stop(c->app);
    free(c->answer);
    *c = (struct tb_client){0};
}

/* False: nobody answered. */
static bool request(struct tb_client *c, const char *method, const char *path, const char *body, size_t n,
                    struct curl_slist *headers)
{
    char url[1500];
    c->n = 0;
    c->status = 0;
    c->error[0] = 0;
    if (snprintf(url, sizeof url, "%s%s", c->server, path) >= (int)sizeof url)
        return false;
    CURL *e = c->easy;
    bool ok = curl_easy_setopt(e, CURLOPT_URL, url) == CURLE_OK &&
              curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
              curl_easy_setopt(e, CURLOPT_HTTPHEADER, headers) == CURLE_OK &&
              curl_easy_setopt(e, CURLOPT_ERRORBUFFER, c->error) == CURLE_OK &&
              curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT, 10L) == CURLE_OK &&
              curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, take) == CURLE_OK &&
              curl_easy_setopt(e, CURLOPT_WRITEDATA, c) == CURLE_OK;
    if (body != NULL)
        ok = ok && curl_easy_setopt(e, CURLOPT_POST, 1L) == CURLE_OK &&
             curl_easy_setopt(e, CURLOPT_POSTFIELDS, body) == CURLE_OK &&
             curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)n) == CURLE_OK;
    else
        ok = ok && curl_easy_setopt(e, CURLOPT_HTTPGET, 1L) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, method) == CURLE_OK && curl_easy_perform(e) == CURLE_OK;
    return ok && curl_easy_getinfo(e, CURLINFO_RESPONSE_CODE, &c->status) == CURLE_OK;
}

static bool may_try_again(bool answered, long status)
{
    return !answered || status == 408 || status == 429 || status >= 500;
}

/* The headers of every request, and the one of this one. NULL: no memory. */
static struct curl_slist *headers_with(struct tb_client *c, const char *key, bool body)
{
    char text[120];
    struct curl_slist *all = NULL;
    bool typed = false;
    for (const struct curl_slist *h = c->headers; h != NULL; h = h->next) {
        struct curl_slist *more = curl_slist_append(all, h->data);
        typed = typed || strncmp(h->data, "Content-Type", 12) == 0;
        if (more == NULL)
            goto none;
        all = more;
    }
    (void)snprintf(text, sizeof text, "Idempotency-Key: %s", key ? key : "");
    for (uint32_t i = 0; i < 2; i++) {
        bool wanted = i == 0 ? key != NULL : body && !typed;
        const char *line = i == 0 ? text : "Content-Type: application/json";
        struct curl_slist *more = wanted ? curl_slist_append(all, line) : all;
        if (more == NULL)
            goto none;
        all = more;
    }
    return all;
none:
    curl_slist_free_all(all);
    return NULL;
}

bool tb_client_ask(struct tb_client *c, const char *method, const char *path, const char *body, size_t n,
                   const char *key)
{
    struct curl_slist *headers = headers_with(c, key, body != NULL);
    bool done = false;
    for (uint32_t i = 0; headers != NULL && i < TRIES && !done && !atomic_load(c->cli->cancel); i++) {
        bool answered = request(c, method, path, body, n, headers);
        done = !may_try_again(answered, c->status);
        if (done)
            break;
        if (i == 0)
            fprintf(c->cli->err, "tongbao: %s; trying again\n", c->error[0] ? c->error : "the server is busy");
        (void)nanosleep(&(struct timespec){.tv_sec = WAIT_S}, NULL);
    }
    curl_slist_free_all(headers);
    return done;
}

int tb_client_refused(struct tb_client *c)
{
    if (c->status == 0)
        return tb_cli_say(c->cli, TB_EXIT_FAULT, "%s", c->error[0] ? c->error : "the server does not answer");
    return tb_cli_say(c->cli, c->status >= 500 ? TB_EXIT_FAULT : TB_EXIT_REFUSED, "%ld: %.*s", c->status,
                      c->n < 600 ? (int)c->n : 600, c->n ? c->answer : "");
}
