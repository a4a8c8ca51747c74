// SPDX-License-Identifier: Apache-2.0
/* cli/args.h - the options of every verb, read once into a table.
 *
 * "--name value", "--name=value" and switches "--name"; everything else is positional;
 * "--" ends the options. An option that the verb does not take is refused. Strings borrow
 * from argv.                                                                             */
#ifndef TB_CLI_ARGS_H
#define TB_CLI_ARGS_H

#include <stdio.h>

#include "base/text.h"

/*    NAME, "--name", takes a value */
#define TB_OPTIONS(X)                  \
    X(DATA, "--data", true)            \
    X(LISTEN, "--listen", true)        \
    X(JOURNAL, "--journal", true)      \
    X(STATE, "--state", true)          \
    X(SERVER, "--server", true)        \
    X(KEY, "--key", true)              \
    X(TENANT, "--tenant", true)        \
    X(ROLE, "--role", true)            \
    X(NAME, "--name", true)            \
    X(STORE, "--store", true)          \
    X(MAP, "--map", true)              \
    X(DRY_RUN, "--dry-run", false)     \
    X(REJECTS, "--rejects", true)      \
    X(REPORT, "--report", true)        \
    X(RESTART, "--restart", false)     \
    X(QUIET, "--quiet", false)         \
    X(FORMAT, "--format", true)        \
    X(LIMIT, "--limit", true)          \
    X(AFTER, "--after", true)          \
    X(TO_SEQ, "--to-seq", true)        \
    X(TO_TIME, "--to-time", true)      \
    X(MASTER, "--master", true)        \
    X(ERASED, "--erased", true)        \
    X(WITH_MASTER, "--with-master", false) \
    X(CREATE_TENANT, "--create-tenant", false) \
    X(CURRENCY, "--currency", true)    \
    X(ZONE, "--zone", true)            \
    X(THREADS, "--threads", true)      \
    X(LIVE, "--live", false)           \
    X(SEED, "--seed", true)            \
    X(DIVIDE, "--divide", true)        \
    X(RATE, "--rate", true)            \
    X(TENANTS, "--tenants", true)      \
    X(MEMBERS, "--members", true)      \
    X(SECONDS, "--seconds", true)      \
    X(SUSTAIN, "--sustain", true)      \
    X(ORDERS, "--orders", true)        \
    X(TAIL, "--tail", true)            \
    X(UNLIMITED, "--unlimited", false) \
    X(SCANS, "--scans", false)         \
    X(CHECKOUT, "--checkout", false)   \
    X(PLAY, "--play", false)           \
    X(ACCOUNTS, "--accounts", false)   \
    X(NO_SUPERVISOR, "--no-supervisor", false) \
    X(PRUNE, "--prune", false)         \
    X(WEB, "--web", true)              \
    X(INBOX, "--inbox", false)         \
    X(PLAIN_COOKIES, "--plain-cookies", false) \
    X(PROXY, "--proxy", true)          \
    X(WEBHOOKS_LOCAL, "--webhooks-local", false) \
    X(FROM, "--from", true)            \
    X(TO, "--to", true)                \
    X(BY, "--by", true)                \
    X(TODAY, "--today", false)         \
    X(HISTORY, "--history", true)      \
    X(ROLLBACK, "--rollback", false)   \
    X(EXPORT, "--export", false)       \
    X(HELP, "--help", false)

enum tb_option {
#define TB_OPTION_ENUM(name, text, value) TB_OPT_##name,
    TB_OPTIONS(TB_OPTION_ENUM)
#undef TB_OPTION_ENUM
    TB_OPTION_COUNT
};
#define TB_OPT_BIT(name) (UINT64_C(1) << TB_OPT_##name)

#define TB_POSITIONALS_MAX 1000

struct tb_args {
    const char *value[TB_OPTION_COUNT]; /* NULL = not given; "" for a switch */
    const char *positional[TB_POSITIONALS_MAX];
    int n;
};

/* allowed: bits of enum tb_option. False: a sentence was printed to err. */
TB_MUST_USE bool tb_args_read(struct tb_args *a, int argc, const char *const *argv, uint64_t allowed,
                              FILE *err);
static inline bool tb_args_has(const struct tb_args *a, enum tb_option o)
{
    return a->value[o] != NULL;
}
/* The option's value, the environment variable's (env may be NULL), or fallback. */
const char *tb_args_text(const struct tb_args *a, enum tb_option o, const char *env,
                         const char *fallback);
/* Absent: fallback. False: not a number within the bounds; a sentence was printed to err. */
TB_MUST_USE bool tb_args_number(const struct tb_args *a, enum tb_option o, int64_t min, int64_t max,
                                int64_t fallback, int64_t *out, FILE *err);

#endif
