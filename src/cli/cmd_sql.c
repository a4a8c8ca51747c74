// SPDX-License-Identifier: Apache-2.0
/* tongbao sql - one read-only statement on the SQL state, as of now: what is durable is
 * flushed first. A table is held in memory to be aligned; CSV and JSON lines are not.    */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/remote.h"
#include "http/json_write.h"

#define TABLE_ROWS_MAX 10000u
#define CELL_MAX 60u
#define QUERY_MS 60000u
#define JSON_BYTES (16u << 20)

enum format { FORMAT_TABLE = 0, FORMAT_CSV, FORMAT_JSON };

struct output {
    struct tb_cli *cli;
    enum format format;
    uint32_t columns;
    char **name;
    char **cell; /* of the table: columns * rows, NULL = null */
    uint64_t rows;
    uint64_t kept;
    int64_t limit;
    uint8_t *json;
    bool cut;
};

static char *copy(struct tb_str s)
{
    char *text = malloc((size_t)s.n + 1);
    tb_assert(text != NULL);
    memcpy(text, s.p, s.n);
    text[s.n] = 0;
    return text;
}

static void write_csv(FILE *to, const char *p, size_t n)
{
    if (n == 0 || memchr(p, '"', n) == NULL) {
        bool quote = n > 0 && (memchr(p, ',', n) != NULL || memchr(p, '\n', n) != NULL || memchr(p, '\r', n) != NULL);
        fprintf(to, "%s%.*s%s", quote ? "\"" : "", (int)n, p, quote ? "\"" : "");
        return;
    }
    (void)fputc('"', to);
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '"')
            (void)fputc('"', to);
        (void)fputc(p[i], to);
    }
    (void)fputc('"', to);
}

static void head(void *user, const char *const *name, uint32_t n)
{
    struct output *o = user;
    o->columns = n;
    o->name = calloc(n ? n : 1, sizeof *o->name);
    tb_assert(o->name != NULL);
    for (uint32_t i = 0; i < n; i++)
        o->name[i] = copy(tb_str_of(name[i]));
    for (uint32_t i = 0; i < n && o->format == FORMAT_CSV; i++) {
        fputs(i ? "," : "", o->cli->out);
        write_csv(o->cli->out, name[i], strlen(name[i]));
    }
    if (o->format == FORMAT_CSV)
        (void)fputc('\n', o->cli->out);
}

static bool is_integer(struct tb_str s, int64_t *v)
{
    return tb_str_to_i64(s, v) && !(s.n > 1 && s.p[0] == '0') && s.p[0] != '+';
}

static void json_row(struct output *o, const struct tb_value *v)
{
    struct tb_buf b;
    struct tb_json_out out;
    tb_buf_init(&b, o->json, JSON_BYTES);
    tb_json_out_init(&out, &b);
    tb_json_out_open(&out, '{');
    for (uint32_t i = 0; i < o->columns; i++) {
        int64_t number;
        tb_json_out_key_escaped(&out, tb_str_of(o->name[i]));
        if (v[i].null)
            tb_json_out_null(&out);
        else if (is_integer(v[i].str, &number))
            tb_json_out_i64(&out, number);
        else
            tb_json_out_str(&out, v[i].str);
    }
    tb_json_out_close(&out, '}');
    if (!b.overflowed)
        fprintf(o->cli->out, "%.*s\n", (int)b.n, (const char *)b.p);
    o->cut = o->cut || b.overflowed;
}

static void csv_row(struct output *o, const struct tb_value *v)
{
    for (uint32_t i = 0; i < o->columns; i++) {
        fputs(i ? "," : "", o->cli->out);
        if (!v[i].null)
            write_csv(o->cli->out, v[i].str.p, v[i].str.n);
    }
    (void)fputc('\n', o->cli->out);
}

static bool row(void *user, const struct tb_value *v, uint32_t n)
{
    struct output *o = user;
    tb_assert(n == o->columns);
    if ((int64_t)o->rows >= o->limit || atomic_load(o->cli->cancel)) {
        o->cut = true;
        return false;
    }
    o->rows++;
    if (o->format == FORMAT_JSON) {
        json_row(o, v);
    } else if (o->format == FORMAT_CSV) {
        csv_row(o, v);
    } else {
        o->cell = realloc(o->cell, o->rows * n * sizeof *o->cell);
        tb_assert(o->cell != NULL);
        for (uint32_t i = 0; i < n; i++)
            o->cell[(o->rows - 1) * n + i] = v[i].null ? NULL : copy(v[i].str);
    }
    return true;
}

/* Characters, not bytes; wide ones count as two. */
static uint32_t width_of(const char *s)
{
    uint32_t n = 0;
    for (; *s; s++)
        n += ((unsigned char)*s & 0xc0) != 0x80 ? ((unsigned char)*s >= 0xe3 ? 2 : 1) : 0;
    return n;
}

static void print_cell(FILE *to, const char *s, uint32_t width)
{
    fputs(s, to);
    for (uint32_t w = width_of(s); w < width; w++)
        (void)fputc(' ', to);
    fputs("  ", to);
}

static void print_table(struct output *o)
{
    uint32_t *width = calloc(o->columns ? o->columns : 1, sizeof *width);
    tb_assert(width != NULL);
    for (uint32_t i = 0; i < o->columns; i++) {
        width[i] = width_of(o->name[i]);
        for (uint64_t r = 0; r < o->rows; r++) {
            const char *s = o->cell[r * o->columns + i];
            uint32_t w = s ? width_of(s) : 0;
            width[i] = w > width[i] ? (w < CELL_MAX ? w : CELL_MAX) : width[i];
        }
    }
    for (uint32_t i = 0; i < o->columns; i++)
        print_cell(o->cli->out, o->name[i], width[i]);
    (void)fputc('\n', o->cli->out);
    for (uint64_t r = 0; r < o->rows; r++) {
        for (uint32_t i = 0; i < o->columns; i++)
            print_cell(o->cli->out, o->cell[r * o->columns + i] ? o->cell[r * o->columns + i] : "", width[i]);
        (void)fputc('\n', o->cli->out);
    }
    free(width);
}

static void drop(struct output *o)
{
    for (uint64_t i = 0; o->cell != NULL && i < o->rows * o->columns; i++)
        free(o->cell[i]);
    for (uint32_t i = 0; o->name != NULL && i < o->columns; i++)
        free(o->name[i]);
    free(o->cell);
    free(o->name);
    free(o->json);
}

static int query(struct tb_cli *cli, struct output *o, const char *sql)
{
    struct tb_state *s = cli->node->state;
    struct tb_state_reader *reader;
    struct tb_fault fault = {0};
    if (!tb_cell_flush(cli->node->cell, &fault))
        fprintf(cli->err, "tongbao: an older state is shown: %s\n", fault.text);
    if (s->ops->reader_open(s, &reader, &fault) != TB_STATE_DONE)
        return tb_cli_say(cli, TB_EXIT_FAULT, "%s", fault.text);
    enum tb_state_answer a = s->ops->query(reader, tb_str_of(sql), QUERY_MS, head, row, o, &fault);
    s->ops->reader_close(reader);
    if (a == TB_STATE_DONE)
        return TB_EXIT_OK;
    return tb_cli_say(cli, a == TB_STATE_REFUSED ? TB_EXIT_REFUSED : TB_EXIT_FAULT, "%s", fault.text);
}

int tb_cmd_sql(struct tb_cli *cli)
{
    static const char *const format[] = {"table", "csv", "json"};
    struct output o = {.cli = cli};
    uint32_t f = 0;
    const char *named = tb_args_text(&cli->args, TB_OPT_FORMAT, NULL, "table");
    while (f < TB_COUNT_OF(format) && strcmp(format[f], named) != 0)
        f++;
    if (tb_args_has(&cli->args, TB_OPT_SERVER))
        return tb_remote_sql(cli);
    if (cli->args.n != 1 || f == TB_COUNT_OF(format)) {
        tb_verb_usage(tb_verb_find("sql"), cli->err);
        return TB_EXIT_USAGE;
    }
    o.format = (enum format)f;
    int64_t most = f == FORMAT_TABLE ? TABLE_ROWS_MAX : INT64_MAX;
    if (!tb_args_number(&cli->args, TB_OPT_LIMIT, 1, most, most, &o.limit, cli->err))
        return TB_EXIT_USAGE;
    o.json = f == FORMAT_JSON ? malloc(JSON_BYTES) : NULL;
    tb_assert(f != FORMAT_JSON || o.json != NULL);
    int code = query(cli, &o, cli->args.positional[0]);
    if (code == TB_EXIT_OK && o.format == FORMAT_TABLE && o.name != NULL)
        print_table(&o);
    if (code == TB_EXIT_OK && cli->tty)
        fprintf(cli->err, "%" PRIu64 " rows%s\n", o.rows, o.cut ? ", there are more" : "");
    drop(&o);
    return code;
}
