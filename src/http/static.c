// SPDX-License-Identifier: Apache-2.0
#include "http/static.h"

#include <dirent.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define FILE_BYTES_MAX (16u << 20)
#define ALL_BYTES_MAX (64u << 20)
#define PATH_BYTES 128u
#define ETAG_BYTES 20u /* with quotes and zero */

/* antd and antd-mobile write <style> elements, so styles may stand inline; scripts may not. */
#define POLICY                                                                                  \
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' "   \
    "data: blob:; font-src 'self' data:; connect-src 'self'; manifest-src 'self'; base-uri "     \
    "'none'; form-action 'self'; frame-ancestors 'none'"

struct bytes {
    uint8_t *p;
    size_t n;
    char etag[ETAG_BYTES];
};

struct file {
    char path[PATH_BYTES]; /* "/assets/x.js" */
    const char *type;
    struct bytes plain;
    struct bytes gzip; /* p NULL: none */
    bool for_ever;     /* its name holds its hash */
};

struct tb_static {
    struct file file[TB_STATIC_FILES_MAX];
    uint32_t n;
    size_t bytes;
};

static const struct {
    const char *end;
    const char *type;
} types[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".txt", "text/plain; charset=utf-8"},
};

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);
    return n >= m && strcmp(s + n - m, end) == 0;
}

static const char *type_of(const char *name)
{
    for (uint32_t i = 0; i < TB_COUNT_OF(types); i++)
        if (ends_with(name, types[i].end))
            return types[i].type;
    return NULL;
}

/* ---- reading the folder ----------------------------------------------------------------------- */

static bool read_bytes(struct tb_static *s, const char *path, struct bytes *out)
{
    struct stat st;
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        return false;
    bool ok = fstat(fileno(f), &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= (off_t)FILE_BYTES_MAX &&
              s->bytes + (size_t)st.st_size <= ALL_BYTES_MAX;
    out->n = ok ? (size_t)st.st_size : 0;
    out->p = ok ? malloc(out->n + 1) : NULL;
    ok = out->p != NULL && fread(out->p, 1, out->n, f) == out->n;
    (void)fclose(f);
    if (!ok) {
        free(out->p);
        out->p = NULL;
        return false;
    }
    uint8_t hash[32];
    (void)crypto_hash_sha256(hash, out->p, out->n);
    char text[17];
    (void)sodium_bin2hex(text, sizeof text, hash, 8);
    (void)snprintf(out->etag, sizeof out->etag, "\"%s\"", text);
    s->bytes += out->n;
    return true;
}

static bool add_file(struct tb_static *s, const char *folder, const char *below, const char *name)
{
    char disk[4096];
    const char *type = type_of(name);
    if (type == NULL || name[0] == '.')
        return true; /* .gz and what nobody asks for */
    struct file *f = &s->file[s->n];
    if (s->n == TB_STATIC_FILES_MAX ||
        (size_t)snprintf(f->path, sizeof f->path, "/%s%s", below, name) >= sizeof f->path ||
        (size_t)snprintf(disk, sizeof disk - 4, "%s/%s%s", folder, below, name) >= sizeof disk - 4)
        return false;
    f->type = type;
    f->for_ever = strncmp(f->path, "/assets/", 8) == 0;
    if (!read_bytes(s, disk, &f->plain))
        return false;
    strcat(disk, ".gz");
    (void)read_bytes(s, disk, &f->gzip);
    s->n++;
    return true;
}

static bool read_folder(struct tb_static *s, const char *folder, const char *below)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s", folder, below);
    DIR *d = opendir(path);
    bool ok = d != NULL;
    for (struct dirent *e; ok && (e = readdir(d)) != NULL;)
        ok = add_file(s, folder, below, e->d_name);
    if (d != NULL)
        (void)closedir(d);
    return ok;
}

struct tb_static *tb_static_open(const char *folder, struct tb_fault *fault)
{
    struct tb_static *s = sodium_init() < 0 ? NULL : calloc(1, sizeof *s);
    if (s == NULL) {
        tb_fault_set(fault, true, "out of memory");
        return NULL;
    }
    if (!read_folder(s, folder, "") || !read_folder(s, folder, "assets/")) {
        tb_fault_set(fault, false, "the pages in %s cannot be read: %s", folder, strerror(errno));
        tb_static_close(s);
        return NULL;
    }
    return s;
}

void tb_static_close(struct tb_static *s)
{
    for (uint32_t i = 0; s != NULL && i < s->n; i++) {
        free(s->file[i].plain.p);
        free(s->file[i].gzip.p);
    }
    free(s);
}

/* ---- serving ------------------------------------------------------------------------------------ */

static const struct file *find(const struct tb_static *s, struct tb_str path)
{
    for (uint32_t i = 0; i < s->n; i++)
        if (tb_str_eq_c(path, s->file[i].path))
            return &s->file[i];
    return NULL;
}

/* A page for a path that is none of the files: what a browser asks for as a document. */
static const struct file *page_of(const struct tb_static *s, const struct tb_request *req)
{
    static const char *const pages[] = {"member", "till", "associate"};
    struct tb_str first = req->segment_n > 0 ? req->segment[0] : TB_STR_NONE;
    struct tb_str last = req->segment_n > 0 ? req->segment[req->segment_n - 1] : TB_STR_NONE;
    bool document = req->accept.n >= 9 && memmem(req->accept.p, req->accept.n, "text/html", 9) != NULL;
    if (tb_str_eq_c(first, "v1") || tb_str_eq_c(first, "assets"))
        return NULL;
    for (uint32_t i = 0; i < TB_COUNT_OF(pages); i++)
        if (tb_str_eq_c(first, pages[i])) {
            char path[32];
            (void)snprintf(path, sizeof path, "/%s.html", pages[i]);
            return find(s, tb_str_of(path));
        }
    if (req->segment_n > 0 && (!document || memchr(last.p, '.', last.n) != NULL))
        return NULL;
    return find(s, TB_STR("/index.html"));
}

static bool takes_gzip(const struct tb_request *req)
{
    struct tb_str a = req->accept_encoding;
    const char *hit = a.n >= 4 ? memmem(a.p, a.n, "gzip", 4) : NULL;
    if (hit == NULL)
        return false;
    size_t left = (size_t)(a.p + a.n - hit);
    return !(left >= 8 && memcmp(hit + 4, ";q=0", 4) == 0 && (left == 8 || hit[8] != '.'));
}

static bool same_tag(struct tb_str have, const char *etag)
{
    return have.n > 0 && memmem(have.p, have.n, etag, strlen(etag)) != NULL;
}

bool tb_static_serve(const struct tb_static *s, struct tb_request *req)
{
    const struct file *f = NULL;
    if (s == NULL || req->method != TB_HTTP_GET)
        return false;
    f = find(s, req->path);
    if (f == NULL)
        f = page_of(s, req);
    if (f == NULL)
        return false;
    bool gzip = f->gzip.p != NULL && takes_gzip(req);
    const struct bytes *b = gzip ? &f->gzip : &f->plain;
    tb_http_header(req, "ETag", tb_str_of(b->etag));
    tb_http_header(req, "Cache-Control",
                   f->for_ever ? TB_STR("public, max-age=31536000, immutable") : TB_STR("no-cache"));
    tb_http_header(req, "Vary", TB_STR("Accept-Encoding"));
    tb_http_header(req, "X-Content-Type-Options", TB_STR("nosniff"));
    tb_http_header(req, "Content-Security-Policy", TB_STR(POLICY));
    tb_http_header(req, "Referrer-Policy", TB_STR("same-origin"));
    if (same_tag(req->if_none_match, b->etag)) {
        tb_http_reply(req, 304, NULL, NULL, 0);
        return true;
    }
    if (gzip)
        tb_http_header(req, "Content-Encoding", TB_STR("gzip"));
    tb_http_reply_static(req, 200, f->type, b->p, b->n);
    return true;
}
