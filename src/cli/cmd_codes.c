// SPDX-License-Identifier: Apache-2.0
/* tongbao codes - item codes for the printer, and what stands behind one of them.
 *
 * Codes are computed as they are printed: a hundred million lines need the memory of one
 * group. Not here: binding, packing and scans, which are the API's.                        */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "border/code/qr.h"
#include "border/code/serial.h"
#include "border/keystore.h"
#include "cli/cli.h"
#include "cli/sheet.h"
#include "core/code/code.h"
#include "core/ops.h"
#include "events.gen.h"
#include "http/facts.h"

#define GROUP 1024u
#define REGION_BYTES (256u << 10)
#define PREFIX_MAX 512u
#define COLUMNS TB_SHEET_COLUMNS
#define QUIET TB_SHEET_QUIET
#define CAPTION 4u

enum format { FORMAT_CSV = 0, FORMAT_PLAIN, FORMAT_SVG, FORMAT_PNG };

struct sheet {
    struct tb_cli *cli;
    struct tb_serial_coder coder;
    uint32_t batch;
    enum format format;
    uint64_t from;    /* first serial of the sheet */
    uint32_t modules; /* SVG, PNG: on a side */
    struct tb_sheet *picture; /* PNG */
    struct tb_str prefix; /* before each code: the address that a phone opens */
};

static bool open_coder(struct tb_cli *cli, uint32_t tenant, struct tb_serial_coder *coder)
{
    uint8_t key[TB_SERIAL_KEY_BYTES];
    struct tb_fault fault;
    tb_keystore_code_key(cli->node->keys, tenant, key);
    bool ok = tb_serial_open(coder, key, tenant, &fault);
    memset(key, 0, sizeof key);
    if (!ok)
        (void)tb_cli_say(cli, TB_EXIT_FAULT, "%s", fault.text);
    return ok;
}

/* A spreadsheet takes a leading = + - @ for a formula; codes never begin with one, and a
 * prefix is an address.                                                                   */
static bool prefix_fits(struct tb_str s)
{
    static const char bad[] = "\",;\r\n\t ";
    for (uint32_t i = 0; i < s.n; i++)
        if ((uint8_t)s.p[i] < 33 || s.p[i] == 127 || strchr(bad, s.p[i]) != NULL)
            return false;
    return s.n <= PREFIX_MAX && tb_utf8_valid(s) && (s.n == 0 || strchr("=+-@", s.p[0]) == NULL);
}

/* The check digit of a GTIN: from the right digits weigh 1, 3, 1, 3 ...; 10 divides the sum. */
static bool gtin_holds(struct tb_str digits)
{
    uint32_t sum = 0;
    if (digits.n != 8 && (digits.n < 12 || digits.n > 14))
        return false;
    for (uint32_t i = 0; i < digits.n; i++) {
        if (digits.p[i] < '0' || digits.p[i] > '9')
            return false;
        sum += (uint32_t)(digits.p[i] - '0') * ((digits.n - i) % 2 ? 1 : 3);
    }
    return sum % 10 == 0;
}

/* GS1 Digital Link: what follows "/01/" is a GTIN. False: it is none. */
static bool link_holds(struct tb_str s)
{
    for (uint32_t i = 0; i + 4 <= s.n; i++) {
        if (memcmp(s.p + i, "/01/", 4) != 0)
            continue;
        uint32_t end = i + 4;
        while (end < s.n && s.p[end] != '/' && s.p[end] != '?')
            end++;
        return gtin_holds((struct tb_str){s.p + i + 4, end - i - 4});
    }
    return true;
}

static bool make_qr(const struct sheet *s, const char *code, struct tb_qr *qr)
{
    char text[PREFIX_MAX + TB_SERIAL_SYMBOLS];
    memcpy(text, s->prefix.p, s->prefix.n);
    memcpy(text + s->prefix.n, code, TB_SERIAL_SYMBOLS);
    return tb_qr_make((struct tb_str){text, s->prefix.n + TB_SERIAL_SYMBOLS}, qr);
}

/* One label of a sheet: in SVG a square of rows of dark modules, the code below it. */
static bool print_label(struct sheet *s, uint64_t number, const char *code, const char *grouped)
{
    struct tb_qr qr;
    if (!make_qr(s, code, &qr))
        return false;
    tb_assert(qr.size == s->modules);
    if (s->format == FORMAT_PNG)
        return tb_sheet_add(s->picture, &qr);
    uint64_t width = s->modules + 2 * QUIET;
    fprintf(s->cli->out, "<g transform=\"translate(%" PRIu64 ",%" PRIu64 ")\"><path d=\"",
            number % COLUMNS * width + QUIET, number / COLUMNS * (width + CAPTION) + QUIET);
    for (uint32_t y = 0; y < qr.size; y++)
        for (uint32_t x = 0; x < qr.size; x++) {
            uint32_t from = x;
            while (x < qr.size && qr.dark[y * qr.size + x])
                x++;
            if (x > from)
                fprintf(s->cli->out, "M%u %uh%uv1h-%uz", from, y, x - from, x - from);
        }
    fprintf(s->cli->out, "\"/><text x=\"%u\" y=\"%u\">%.*s</text></g>\n", qr.size / 2, qr.size + CAPTION,
            (int)TB_SERIAL_GROUPED, grouped);
    return true;
}

static void begin_svg(const struct sheet *s, uint64_t n)
{
    uint64_t width = s->modules + 2 * QUIET;
    fprintf(s->cli->out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %" PRIu64 " %" PRIu64 "\" "
            "font-family=\"monospace\" font-size=\"3\" text-anchor=\"middle\">\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
            COLUMNS * width, (n + COLUMNS - 1) / COLUMNS * (width + CAPTION));
}

/* The sheet's size is known before its first label: every text is as long as the others. */
static int begin_sheet(struct sheet *s, uint64_t n)
{
    struct tb_qr qr;
    if (s->format == FORMAT_CSV)
        fprintf(s->cli->out, "serial,code,scan\r\n");
    if (s->format != FORMAT_SVG && s->format != FORMAT_PNG)
        return TB_EXIT_OK;
    if (!make_qr(s, "ZZZZZZZZZZZZZZZ", &qr))
        return tb_cli_say(s->cli, TB_EXIT_FAULT, "no QR symbol can be made");
    s->modules = qr.size;
    if (s->format == FORMAT_SVG) {
        begin_svg(s, n);
        return TB_EXIT_OK;
    }
    if (n > tb_sheet_most(qr.size))
        return tb_cli_say(s->cli, TB_EXIT_USAGE, "a picture holds %" PRIu64 " codes: print parts with --after and "
                          "--limit", tb_sheet_most(qr.size));
    s->picture = tb_sheet_open(s->cli->out, qr.size, n);
    return s->picture ? TB_EXIT_OK : tb_cli_say(s->cli, TB_EXIT_FAULT, "the picture cannot be begun");
}

static bool print_group(struct sheet *s, uint64_t from, uint32_t n)
{
    struct tb_serial serial[GROUP] = {{0, 0}};
    char code[GROUP][TB_SERIAL_SYMBOLS];
    for (uint32_t i = 0; i < n; i++)
        serial[i] = (struct tb_serial){s->batch, (uint32_t)(from + i)};
    tb_serial_print(&s->coder, serial, n, code);
    FILE *out = s->cli->out;
    for (uint32_t i = 0; i < n; i++) {
        char grouped[TB_SERIAL_GROUPED];
        tb_serial_group(code[i], grouped);
        bool symbols = s->format == FORMAT_SVG || s->format == FORMAT_PNG;
        if (symbols && !print_label(s, from + i - s->from, code[i], grouped))
            return false;
        if (s->format == FORMAT_CSV)
            fprintf(out, "%" PRIu64 ",%.*s,%.*s%.*s\r\n", from + i, (int)sizeof grouped, grouped, TB_STR_ARG(s->prefix),
                    (int)TB_SERIAL_SYMBOLS, code[i]);
        else if (s->format == FORMAT_PLAIN)
            fprintf(out, "%.*s%.*s\n", TB_STR_ARG(s->prefix), (int)TB_SERIAL_SYMBOLS, code[i]);
    }
    return !ferror(out);
}

static int print_groups(struct sheet *s, uint64_t from, uint64_t until)
{
    while (from < until) {
        uint32_t n = until - from < GROUP ? (uint32_t)(until - from) : GROUP;
        if (atomic_load(s->cli->cancel))
            return tb_cli_say(s->cli, TB_EXIT_FAULT, "stopped before serial %" PRIu64, from);
        if (!print_group(s, from, n))
            return tb_cli_say(s->cli, TB_EXIT_FAULT, "the output takes no more; %" PRIu64 " was not printed", from);
        from += n;
    }
    return TB_EXIT_OK;
}

static int print_range(struct sheet *s, uint64_t from, uint64_t until)
{
    s->from = from;
    int code = begin_sheet(s, until - from);
    if (code != TB_EXIT_OK)
        return code;
    code = print_groups(s, from, until);
    if (s->format == FORMAT_SVG && code == TB_EXIT_OK)
        fprintf(s->cli->out, "</svg>\n");
    if (s->picture != NULL && !tb_sheet_close(s->picture) && code == TB_EXIT_OK)
        code = tb_cli_say(s->cli, TB_EXIT_FAULT, "the output takes no more; the picture is not complete");
    return code;
}

static int print(struct tb_cli *cli, uint32_t tenant, char *region)
{
    struct tb_fault fault = {0};
    struct tb_str packed;
    struct sheet s = {.cli = cli, .prefix = TB_STR("")};
    int64_t from;
    int64_t n;
    static const char *const formats[] = {"csv", "plain", "svg", "png"};
    const char *format = tb_args_text(&cli->args, TB_OPT_FORMAT, NULL, "csv");
    uint32_t f = 0;
    while (f < TB_COUNT_OF(formats) && strcmp(format, formats[f]) != 0)
        f++;
    if (cli->args.n < 2 || cli->args.n > 3 || f == TB_COUNT_OF(formats))
        return tb_cli_say(cli, TB_EXIT_USAGE, "codes print BATCH [PREFIX] --tenant T [--format csv|plain|svg|png]");
    s.format = (enum format)f;
    if (!tb_args_number(&cli->args, TB_OPT_AFTER, 0, UINT32_MAX, 0, &from, cli->err) ||
        !tb_args_number(&cli->args, TB_OPT_LIMIT, 1, UINT32_MAX, UINT32_MAX, &n, cli->err))
        return TB_EXIT_USAGE;
    if (cli->args.n == 3)
        s.prefix = tb_str_of(cli->args.positional[2]);
    if (!prefix_fits(s.prefix))
        return tb_cli_say(cli, TB_EXIT_USAGE, "the prefix is not an address");
    if (!link_holds(s.prefix))
        return tb_cli_say(cli, TB_EXIT_USAGE, "after /01/ comes a GTIN of 8, 12, 13 or 14 digits with its check digit");
    if (!tb_node_find(cli->node, tenant, TB_KIND_CODE_BATCH, cli->args.positional[1], &s.batch, region,
                      REGION_BYTES, &packed, &fault))
        return fault.text[0] ? tb_cli_say(cli, TB_EXIT_FAULT, "%s", fault.text)
                             : tb_cli_say(cli, TB_EXIT_REFUSED, "there is no batch %s", cli->args.positional[1]);
    struct tb_arena arena;
    struct tb_view view;
    tb_arena_init(&arena, region + REGION_BYTES, REGION_BYTES);
    if (!tb_view_read(TB_KIND_CODE_BATCH, packed, &arena, &view))
        return tb_cli_say(cli, TB_EXIT_FAULT, "the batch cannot be read");
    uint64_t count = ((const struct tb_code_batch *)view.head)->count;
    if ((uint64_t)from >= count)
        return tb_cli_say(cli, TB_EXIT_REFUSED, "the batch has %" PRIu64 " codes", count);
    if (!open_coder(cli, tenant, &s.coder))
        return TB_EXIT_FAULT;
    uint64_t until = (uint64_t)from + (uint64_t)n;
    int code = print_range(&s, (uint64_t)from, until < count ? until : count);
    tb_serial_close(&s.coder);
    return code;
}

static int show(struct tb_cli *cli, uint32_t tenant, char *region)
{
    static const char *const states[] = {"blank", "bound", "active"};
    struct tb_serial_coder coder;
    struct tb_serial serial;
    struct tb_answer a;
    struct tb_fault fault;
    char spelt[1][TB_SERIAL_SYMBOLS];
    if (cli->args.n != 2)
        return tb_cli_say(cli, TB_EXIT_USAGE, "codes show CODE --tenant T");
    switch (tb_serial_spell(tb_str_of(cli->args.positional[1]), spelt[0])) {
    case TB_SERIAL_READ:
        break;
    case TB_SERIAL_SYMBOL:
        return tb_cli_say(cli, TB_EXIT_REFUSED, "that has characters which no code has");
    case TB_SERIAL_LENGTH:
        return tb_cli_say(cli, TB_EXIT_REFUSED, "a code has %u symbols", TB_SERIAL_SYMBOLS);
    case TB_SERIAL_CHECK:
        return tb_cli_say(cli, TB_EXIT_REFUSED, "the code is mistyped");
    }
    if (!open_coder(cli, tenant, &coder))
        return TB_EXIT_FAULT;
    tb_serial_decode(&coder, (const char(*)[TB_SERIAL_SYMBOLS])spelt, 1, &serial);
    tb_serial_close(&coder);
    struct tb_cmd_code_get in = {.code = {serial.batch, serial.serial}};
    if (!tb_node_ask(cli->node, tenant, TB_OP_CODE_GET, &in, &a, region, REGION_BYTES, &fault))
        return tb_cli_say(cli, TB_EXIT_FAULT, "%s", fault.text);
    if (a.code != TB_CODE_OK)
        return tb_cli_say(cli, TB_EXIT_REFUSED, "the code was never printed");
    uint64_t v[24] = {0};
    struct tb_str body = tb_buf_as_str(&a.body);
    struct tb_str text;
    uint32_t field;
    uint64_t number;
    bool bad = false;
    while (tb_wire_next(&body, &field, &number, &text, &bad))
        if (field < TB_COUNT_OF(v))
            v[field] = number;
    fprintf(cli->out, "batch %" PRIu32 " serial %" PRIu32 "\nstate %s%s%s\n", serial.batch, serial.serial,
            v[15]   ? "redeemed"
            : v[14] ? "scanned"
                    : states[v[3] % TB_COUNT_OF(states)],
            v[4] & TB_CODE_IS_FROZEN ? ", frozen" : "", v[4] & TB_CODE_IS_VOID ? ", void" : "");
    if (v[14]) {
        uint8_t at[40];
        struct tb_buf time;
        tb_buf_init(&time, at, sizeof at);
        tb_time_print(&time, (int64_t)v[16]);
        fprintf(cli->out, "first scanned %.*s, %" PRIu64 " scans%s\n", (int)time.n, (const char *)at, v[20],
                v[21] ? ", another person too" : "");
    }
    return TB_EXIT_OK;
}

int tb_cmd_codes(struct tb_cli *cli)
{
    const char *what = cli->args.n > 0 ? cli->args.positional[0] : "";
    bool prints = strcmp(what, "print") == 0;
    if (!prints && strcmp(what, "show") != 0)
        return tb_cli_say(cli, TB_EXIT_USAGE, "codes print or codes show (tongbao codes --help)");
    uint32_t tenant = tb_cli_tenant(cli, tb_args_text(&cli->args, TB_OPT_TENANT, NULL, ""));
    if (tenant == 0)
        return TB_EXIT_REFUSED;
    char *region = malloc(2 * REGION_BYTES); /* an answer, and what is made of it */
    if (region == NULL)
        return tb_cli_say(cli, TB_EXIT_FAULT, "no memory");
    int code = prints ? print(cli, tenant, region) : show(cli, tenant, region);
    free(region);
    return code;
}
