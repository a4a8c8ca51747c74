// SPDX-License-Identifier: Apache-2.0
/* http/server_head.c - from request line and headers to struct tb_request, strictly.
 *
 * Framing (RFC 9112 section 6): a request gives the length of its body exactly once, as
 * one Content-Length of digits or as one Transfer-Encoding: chunked; everything else is
 * a smuggling attempt or a broken proxy and is refused with the connection.             */
#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "http/server_int.h"

static const char *const method_name[TB_HTTP_METHOD_N] = {
    [TB_HTTP_GET] = "GET",       [TB_HTTP_POST] = "POST",     [TB_HTTP_PUT] = "PUT",
    [TB_HTTP_PATCH] = "PATCH",   [TB_HTTP_DELETE] = "DELETE", [TB_HTTP_OPTIONS] = "OPTIONS",
};

const char *tb_http_method_name(enum tb_http_method m)
{
    tb_assert(m < TB_HTTP_METHOD_N);
    return method_name[m];
}

static bool method_of(const char *text, enum tb_http_method *m)
{
    if (strcmp(text, "HEAD") == 0) {
        *m = TB_HTTP_GET;
        return true;
    }
    for (int i = 0; i < TB_HTTP_METHOD_N; i++)
        if (strcmp(text, method_name[i]) == 0) {
            *m = (enum tb_http_method)i;
            return true;
        }
    return false;
}

/* ---- Target ------------------------------------------------------------------------- */

static int hex_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Undoes %xx (and + where plus is set) into the arena. Refuses broken escapes, control
 * characters and what is not UTF-8.                                                     */
static bool decode(struct tb_arena *a, struct tb_str in, bool plus, struct tb_str *out)
{
    if (memchr(in.p, '%', in.n) == NULL && (!plus || memchr(in.p, '+', in.n) == NULL)) {
        *out = in;
    } else {
        char *to = tb_arena_alloc(a, in.n ? in.n : 1);
        uint32_t n = 0;
        if (to == NULL)
            return false;
        for (uint32_t i = 0; i < in.n; i++) {
            char c = in.p[i];
            if (c == '%') {
                int hi = i + 2 < in.n ? hex_of(in.p[i + 1]) : -1;
                int lo = i + 2 < in.n ? hex_of(in.p[i + 2]) : -1;
                if (hi < 0 || lo < 0)
                    return false;
                c = (char)(hi * 16 + lo);
                i += 2;
            } else if (c == '+' && plus) {
                c = ' ';
            }
            to[n++] = c;
        }
        *out = (struct tb_str){to, n};
    }
    for (uint32_t i = 0; i < out->n; i++)
        if ((uint8_t)out->p[i] < 0x20 || out->p[i] == 0x7f)
            return false;
    return tb_utf8_valid(*out);
}

/* Cuts the text before the first c off *rest; *rest moves behind c. */
static struct tb_str cut(struct tb_str *rest, char c)
{
    const char *hit = rest->n ? memchr(rest->p, c, rest->n) : NULL;
    struct tb_str head = {rest->p, hit ? (uint32_t)(hit - rest->p) : rest->n};
    uint32_t skip = hit ? head.n + 1 : head.n;
    rest->p += skip;
    rest->n -= skip;
    return head;
}

static bool read_path(struct req *r, struct tb_str path)
{
    struct tb_request *q = &r->pub;
    q->path = path;
    if (path.n == 0 || path.p[0] != '/')
        return false;
    struct tb_str rest = {path.p + 1, path.n - 1};
    bool last = path.n == 1; /* "/" has no segments */
    while (!last) {
        last = memchr(rest.p, '/', rest.n) == NULL;
        struct tb_str s;
        if (q->segment_n == TB_HTTP_SEGMENTS_MAX || !decode(&r->arena, cut(&rest, '/'), false, &s))
            return false;
        if (tb_str_eq_c(s, ".") || tb_str_eq_c(s, ".."))
            return false;
        q->segment[q->segment_n++] = s;
        if (!last && rest.n == 0) { /* a trailing slash is an empty last segment */
            if (q->segment_n == TB_HTTP_SEGMENTS_MAX)
                return false;
            q->segment[q->segment_n++] = (struct tb_str){rest.p, 0};
            last = true;
        }
    }
    return true;
}

static bool read_query(struct req *r, struct tb_str query)
{
    struct tb_request *q = &r->pub;
    while (query.n > 0) {
        struct tb_str pair = cut(&query, '&');
        if (pair.n == 0)
            continue;
        struct tb_http_param p;
        if (q->query_n == TB_HTTP_QUERY_MAX || !decode(&r->arena, cut(&pair, '='), true, &p.name) ||
            !decode(&r->arena, pair, true, &p.value) || p.name.n == 0)
            return false;
        for (uint32_t i = 0; i < q->query_n; i++)
            if (tb_str_eq(q->query[i].name, p.name))
                return false;
        q->query[q->query_n++] = p;
    }
    return true;
}

/* The absolute form of RFC 9112 section 3.2.2: the authority is dropped. */
static struct tb_str without_authority(struct tb_str uri)
{
    uint32_t skip = tb_str_starts(uri, TB_STR("http://"))    ? 7
                    : tb_str_starts(uri, TB_STR("https://")) ? 8
                                                             : 0;
    if (skip == 0)
        return uri;
    uint32_t i = skip;
    while (i < uri.n && uri.p[i] != '/' && uri.p[i] != '?')
        i++;
    if (i == uri.n || i == skip)
        return i == skip ? TB_STR("") : TB_STR("/");
    return (struct tb_str){uri.p + i, uri.n - i};
}

static enum tb_problem read_target(struct req *r)
{
    if (r->uri_too_long)
        return TB_PROBLEM_URI_TOO_LONG;
    struct tb_str uri = without_authority(r->pub.path); /* put there by tb_http_mhd_uri */
    if (uri.n > 0 && memchr(uri.p, '#', uri.n) != NULL)
        return TB_PROBLEM_BAD_PATH;
    struct tb_str path = cut(&uri, '?');
    if (!read_path(r, path))
        return TB_PROBLEM_BAD_PATH;
    return read_query(r, uri) ? TB_PROBLEM_NONE : TB_PROBLEM_BAD_QUERY;
}

/* ---- Headers ------------------------------------------------------------------------ */

static bool is_name(struct tb_str name, const char *lower)
{
    return strncasecmp(name.p, lower, name.n) == 0;
}

static void read_length(struct req *r, struct tb_str v)
{
    int64_t n;
    r->length_n++;
    if (v.n == 0 || v.n > 18 || v.p[0] < '0' || v.p[0] > '9' || !tb_str_to_i64(v, &n)) {
        r->head_problem = TB_PROBLEM_AMBIGUOUS_FRAMING;
        return;
    }
    r->has_length = true;
    r->length = (uint64_t)n;
}

static void read_coding(struct req *r, struct tb_str v)
{
    r->coding_n++;
    if (v.n == 7 && is_name(v, "chunked"))
        r->chunked = true;
    else
        r->head_problem = TB_PROBLEM_AMBIGUOUS_FRAMING;
}

static void read_header(struct req *r, struct tb_str name, struct tb_str v)
{
    struct tb_request *q = &r->pub;
    switch (name.n) {
    case 4:
        if (is_name(name, "host"))
            r->host_n++;
        break;
    case 6:
        if (is_name(name, "accept"))
            q->accept = v;
        else if (is_name(name, "expect")) {
            r->expects = true;
            if (v.n != 12 || !is_name(v, "100-continue"))
                r->head_problem = TB_PROBLEM_EXPECTATION_FAILED;
        } else if (is_name(name, "origin"))
            q->origin = v;
        else if (is_name(name, "cookie"))
            q->cookie = v;
        else if (is_name(name, "x-page"))
            q->page = v;
        break;
    case 11:
        if (is_name(name, "traceparent"))
            q->traceparent = v;
        break;
    case 12:
        if (is_name(name, "content-type"))
            q->content_type = v;
        else if (is_name(name, "x-csrf-token"))
            q->csrf_token = v;
        break;
    case 13:
        if (is_name(name, "authorization")) {
            q->authorization = v;
            q->authorization_n++;
        } else if (is_name(name, "if-none-match"))
            q->if_none_match = v;
        break;
    case 14:
        if (is_name(name, "content-length"))
            read_length(r, v);
        break;
    case 15:
        if (is_name(name, "idempotency-key")) {
            q->idempotency_key = v;
            q->idempotency_key_n++;
        } else if (is_name(name, "accept-encoding"))
            q->accept_encoding = v;
        else if (is_name(name, "x-forwarded-for"))
            q->forwarded_for = v;
        break;
    case 16:
        if (is_name(name, "content-encoding"))
            r->coded |= v.n != 8 || !is_name(v, "identity");
        break;
    case 17:
        if (is_name(name, "transfer-encoding"))
            read_coding(r, v);
        break;
    default:
        break;
    }
}

/* libmicrohttpd takes a lone CR or LF for the end of a line and cuts a value at NUL: the
 * ways to smuggle a header past a proxy (RFC 9112 section 2.2). It splits lines in place,
 * writing NUL over CR and LF, so the distance from one line's end to the next one's start
 * shows what stood there: 2 is CR LF. A folded line is joined elsewhere and shows as well.
 * Distances beyond one buffer mean that it moved; then nothing can be said.             */
static void judge_line_end(struct req *r, const char *next)
{
    if (r->line_end != NULL && next > r->line_end) {
        ptrdiff_t gap = next - r->line_end;
        if (gap != 2 && gap < 4096)
            r->head_problem = TB_PROBLEM_BAD_REQUEST;
    }
}

static enum MHD_Result each_header(void *user, enum MHD_ValueKind kind, const char *key,
                                   size_t key_n, const char *value, size_t value_n)
{
    struct req *r = user;
    (void)kind;
    r->header_n++;
    if (value == NULL)
        value = "";
    judge_line_end(r, key);
    r->line_end = value + value_n;
    read_header(r, (struct tb_str){key, (uint32_t)key_n}, (struct tb_str){value, (uint32_t)value_n});
    if (memchr(value, 0, value_n) != NULL || memchr(value, '\r', value_n) != NULL ||
        memchr(value, '\n', value_n) != NULL)
        r->head_problem = TB_PROBLEM_BAD_REQUEST;
    return MHD_YES;
}

bool tb_http_address(struct tb_str text, uint8_t out[16])
{
    char z[INET6_ADDRSTRLEN];
    uint8_t v4[4];
    if (text.n == 0 || text.n >= sizeof z)
        return false;
    memcpy(z, text.p, text.n);
    z[text.n] = 0;
    if (inet_pton(AF_INET, z, v4) != 1)
        return inet_pton(AF_INET6, z, out) == 1;
    memset(out, 0, 10);
    memset(out + 10, 0xff, 2);
    memcpy(out + 12, v4, sizeof v4);
    return true;
}

/* The last entry: those before it are what the client says of itself. */
static void believe_proxy(struct req *r)
{
    struct tb_http_peer *peer = &r->pub.peer;
    const struct tb_http *h = r->pub.io->h;
    struct tb_str rest = r->pub.forwarded_for;
    struct tb_str last = TB_STR_NONE;
    if (!h->has_proxy || memcmp(peer->address, h->proxy, sizeof peer->address) != 0)
        return;
    while (rest.n > 0)
        last = cut(&rest, ',');
    while (last.n > 0 && last.p[0] == ' ') {
        last.p++;
        last.n--;
    }
    uint8_t address[16];
    if (tb_http_address(last, address))
        memcpy(peer->address, address, sizeof address);
}

enum tb_problem tb_http_head_read(struct req *r, const char *method, const char *version)
{
    r->http10 = strcmp(version, "HTTP/1.0") == 0;
    r->line_end = version + strlen(version);
    (void)MHD_get_connection_values_n(r->mhd, MHD_HEADER_KIND, each_header, r);
    believe_proxy(r);
    if (!r->http10 && strcmp(version, "HTTP/1.1") != 0)
        return TB_PROBLEM_BAD_REQUEST;
    bool ambiguous = r->length_n > 1 || r->coding_n > 1 || (r->length_n > 0 && r->coding_n > 0) ||
                     (r->http10 && r->coding_n > 0);
    if (ambiguous)
        return TB_PROBLEM_AMBIGUOUS_FRAMING;
    if (r->head_problem != TB_PROBLEM_NONE)
        return r->head_problem;
    if (r->host_n > 1 || (r->host_n == 0 && !r->http10))
        return TB_PROBLEM_BAD_HOST;
    if (r->header_n > r->pub.io->h->o.headers_max)
        return TB_PROBLEM_TOO_MANY_HEADERS;
    enum tb_problem p = read_target(r);
    if (p != TB_PROBLEM_NONE)
        return p;
    return method_of(method, &r->pub.method) ? TB_PROBLEM_NONE : TB_PROBLEM_METHOD_NOT_IMPLEMENTED;
}
