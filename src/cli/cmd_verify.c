// SPDX-License-Identifier: Apache-2.0
/* tongbao verify draw - works a draw out again, from what everybody may know.
 *
 * Needs no folder and no server: the seed (told when a game has ended), the published rules
 * and a draw's proof. Whoever trusts neither this program nor us finds the construction in
 * core/play/chance.h.                                                                      */
#include <inttypes.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "core/play/play.h"

struct rules {
    char text[TB_RULES_TEXT_MAX + 1];
    size_t n;
    struct {
        const char *code;
        int code_n;
    } prize[TB_PRIZES_MAX];
    uint32_t ppm[TB_PRIZES_MAX];
    uint32_t prize_n;
};

static bool read_hex(const char *hex, uint8_t *bytes, uint32_t n)
{
    if (strlen(hex) != 2 * (size_t)n)
        return false;
    for (uint32_t i = 0; i < n; i++) {
        char pair[3] = {hex[2 * i], hex[2 * i + 1], 0};
        char *end;
        unsigned long v = strtoul(pair, &end, 16);
        if (end != pair + 2 || pair[0] == '+' || pair[0] == '-' || pair[0] == ' ')
            return false;
        bytes[i] = (uint8_t)v;
    }
    return true;
}

static bool read_number(const char *text, int base, uint64_t *out)
{
    char *end;
    if (text[0] == '-' || text[0] == 0)
        return false;
    *out = strtoull(text, &end, base);
    return *end == 0;
}

/* The lines "prize <code> <ppm> ..."; false: the weights do not add up to 1,000,000. */
static bool read_prizes(struct rules *r)
{
    uint64_t sum = 0;
    for (char *line = r->text; line != NULL && *line != 0;) {
        char *next = strchr(line, '\n');
        if (strncmp(line, "prize ", 6) == 0 && r->prize_n < TB_PRIZES_MAX) {
            const char *code = line + 6;
            const char *space = strchr(code, ' ');
            if (space == NULL || (next != NULL && space > next))
                return false;
            r->prize[r->prize_n].code = code;
            r->prize[r->prize_n].code_n = (int)(space - code);
            r->ppm[r->prize_n] = (uint32_t)strtoul(space + 1, NULL, 10);
            sum += r->ppm[r->prize_n++];
        }
        line = next ? next + 1 : NULL;
    }
    return sum == TB_PPM;
}

static bool read_rules(struct tb_cli *cli, const char *name, struct rules *r)
{
    char path[4096];
    bool from_in = strcmp(name, "-") == 0;
    const char *full = from_in ? name : tb_cli_path(cli, name, path, sizeof path);
    FILE *f = from_in ? stdin : full != NULL ? fopen(full, "rb") : NULL;
    if (f == NULL)
        return false;
    r->n = fread(r->text, 1, TB_RULES_TEXT_MAX, f);
    r->text[r->n] = 0;
    if (!from_in)
        (void)fclose(f);
    return strlen(r->text) == r->n;
}

static void print_hash(FILE *out, const char *what, const void *bytes, size_t n)
{
    uint8_t hash[TB_SHA256_BYTES];
    tb_sha256((struct tb_str){bytes, (uint32_t)n}, hash);
    fprintf(out, "%s ", what);
    for (uint32_t i = 0; i < sizeof hash; i++)
        fprintf(out, "%02x", hash[i]);
    fprintf(out, "\n");
}

/* RULES EDITION PLAYER DRAW [TICKET] */
static int verify_draw(struct tb_cli *cli, const char *const *word, int n)
{
    static struct rules rules; /* 16 KiB; one verb a process */
    uint8_t seed[TB_SEED_BYTES];
    uint64_t edition;
    uint64_t player;
    uint64_t draw;
    uint64_t claimed = 0;
    if (!read_hex(tb_args_text(&cli->args, TB_OPT_SEED, NULL, ""), seed, sizeof seed))
        return tb_cli_say(cli, TB_EXIT_USAGE, "--seed takes 64 hexadecimal digits");
    if (!read_number(word[1], 10, &edition) || edition > UINT32_MAX || !read_number(word[2], 16, &player) ||
        !read_number(word[3], 10, &draw) || (n == 5 && !read_number(word[4], 10, &claimed)))
        return tb_cli_say(cli, TB_EXIT_USAGE, "edition, draw and ticket are numbers, the player is hexadecimal");
    rules = (struct rules){.n = 0};
    if (!read_rules(cli, word[0], &rules))
        return tb_cli_say(cli, TB_EXIT_FAULT, "%s cannot be read", word[0]);
    if (!read_prizes(&rules))
        return tb_cli_say(cli, TB_EXIT_REFUSED, "the rules' weights do not add up to 1,000,000");
    uint32_t ticket = tb_chance_ticket(seed, (uint32_t)edition, player, draw);
    uint32_t prize = tb_chance_pick(rules.ppm, rules.prize_n, ticket);
    print_hash(cli->out, "seed_hash", seed, sizeof seed);
    print_hash(cli->out, "rules_hash", rules.text, rules.n);
    fprintf(cli->out, "ticket %" PRIu32 "\nprize %.*s\n", ticket, rules.prize[prize].code_n, rules.prize[prize].code);
    if (n == 5 && claimed != ticket)
        return tb_cli_say(cli, TB_EXIT_REFUSED, "ticket %" PRIu64 " was not drawn", claimed);
    return TB_EXIT_OK;
}

int tb_cmd_verify(struct tb_cli *cli)
{
    const struct tb_args *a = &cli->args;
    if (a->n < 5 || a->n > 6 || strcmp(a->positional[0], "draw") != 0)
        return tb_cli_say(cli, TB_EXIT_USAGE, "verify draw --seed HEX RULES EDITION PLAYER DRAW [TICKET]");
    return verify_draw(cli, a->positional + 1, a->n - 1);
}
