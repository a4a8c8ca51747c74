// SPDX-License-Identifier: Apache-2.0
/* Reading options. See args.h. */
#include "cli/args.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *text;
    bool value;
} option[TB_OPTION_COUNT] = {
#define TB_OPTION_ROW(name, text, value) {text, value},
    TB_OPTIONS(TB_OPTION_ROW)
#undef TB_OPTION_ROW
};
_Static_assert(TB_OPTION_COUNT <= 64, "options are bits of a uint64_t");

/* The option that arg names; *inlined: what stands behind '='. */
static int find(const char *arg, const char **inlined)
{
    const char *equals = strchr(arg, '=');
    size_t n = equals ? (size_t)(equals - arg) : strlen(arg);
    *inlined = equals ? equals + 1 : NULL;
    for (int i = 0; i < TB_OPTION_COUNT; i++)
        if (strlen(option[i].text) == n && memcmp(option[i].text, arg, n) == 0)
            return i;
    return -1;
}

static bool read_option(struct tb_args *a, int argc, const char *const *argv, int *at,
                        uint64_t allowed, FILE *err)
{
    const char *inlined;
    const char *arg = argv[*at];
    int o = find(arg, &inlined);
    if (o < 0 || !(allowed >> o & 1)) {
        fprintf(err, "tongbao: %s is not an option %s\n", arg, o < 0 ? "" : "of this verb");
        return false;
    }
    if (!option[o].value) {
        if (inlined != NULL)
            fprintf(err, "tongbao: %s takes no value\n", option[o].text);
        a->value[o] = "";
        return inlined == NULL;
    }
    if (inlined == NULL && *at + 1 < argc)
        inlined = argv[++*at];
    if (inlined == NULL) {
        fprintf(err, "tongbao: %s needs a value\n", option[o].text);
        return false;
    }
    a->value[o] = inlined;
    return true;
}

bool tb_args_read(struct tb_args *a, int argc, const char *const *argv, uint64_t allowed, FILE *err)
{
    bool ended = false;
    memset(a, 0, sizeof *a);
    for (int i = 0; i < argc; i++) {
        if (!ended && strcmp(argv[i], "--") == 0) {
            ended = true;
        } else if (!ended && strcmp(argv[i], "-h") == 0) {
            a->value[TB_OPT_HELP] = "";
        } else if (!ended && argv[i][0] == '-' && argv[i][1] == '-') {
            if (!read_option(a, argc, argv, &i, allowed | TB_OPT_BIT(HELP), err))
                return false;
        } else if (a->n == TB_POSITIONALS_MAX) {
            fprintf(err, "tongbao: more than %d files at once\n", TB_POSITIONALS_MAX);
            return false;
        } else {
            a->positional[a->n++] = argv[i];
        }
    }
    return true;
}

const char *tb_args_text(const struct tb_args *a, enum tb_option o, const char *env,
                         const char *fallback)
{
    if (a->value[o] != NULL)
        return a->value[o];
    const char *from_env = env ? getenv(env) : NULL;
    return from_env != NULL && from_env[0] != 0 ? from_env : fallback;
}

bool tb_args_number(const struct tb_args *a, enum tb_option o, int64_t min, int64_t max,
                    int64_t fallback, int64_t *out, FILE *err)
{
    *out = fallback;
    if (a->value[o] == NULL)
        return true;
    if (tb_str_to_i64(tb_str_of(a->value[o]), out) && *out >= min && *out <= max)
        return true;
    fprintf(err, "tongbao: %s needs a number from %" PRId64 " to %" PRId64 "\n", option[o].text, min, max);
    return false;
}
