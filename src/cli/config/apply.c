// SPDX-License-Identifier: Apache-2.0
/* cli/config/apply.c - telling what differs, making it so, and going back. */
#include "cli/config/config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define OBJECT_BYTES (2u << 20)
#define HISTORY_MAX 9999u
#define MOVES_MAX 6u

static bool is_campaign(const struct tb_conf_want *w)
{
    return strcmp(tb_conf_kinds[w->kind].name, "campaigns") == 0;
}

static struct tb_str state_of(struct tb_place object)
{
    return tb_place_text(tb_place_member(object, TB_STR("state")));
}

/* ---- planning -------------------------------------------------------------------------------------------- */

struct absent {
    uint32_t n;
};

static int tell_absent(struct tb_conf *c, uint32_t kind, struct tb_place one, void *user)
{
    struct absent *x = user;
    struct tb_str code = tb_place_text(tb_place_member(one, TB_STR("code")));
    for (uint32_t i = 0; i < c->want_n; i++)
        if (c->want[i].kind == kind && tb_str_eq(c->want[i].code, code))
            return TB_EXIT_OK;
    fprintf(c->cli->out, "  . %s %.*s: in no file; it stays as it is\n", tb_conf_kinds[kind].name, TB_STR_ARG(code));
    x->n++;
    return TB_EXIT_OK;
}

/* What the files say nothing about, of kinds that they speak of. */
static int tell_rest(struct tb_conf *c, uint32_t *absent)
{
    struct absent x = {0};
    int code = TB_EXIT_OK;
    for (uint32_t kind = 0; kind < tb_conf_kind_n && code == TB_EXIT_OK; kind++) {
        bool spoken = false;
        for (uint32_t i = 0; i < c->want_n && !spoken; i++)
            spoken = c->want[i].kind == kind;
        if (spoken && tb_conf_kinds[kind].exported)
            code = tb_conf_each(c, kind, tell_absent, &x);
    }
    *absent = x.n;
    return code;
}

static void judge(struct tb_conf *c, struct tb_conf_want *w)
{
    struct tb_str state = is_campaign(w) ? state_of(w->object) : TB_STR_NONE;
    struct tb_str now = w->version ? state_of(tb_tree_root(&w->now)) : TB_STR("draft");
    w->differences = tb_conf_compare(c, w, NULL);
    if (w->version == 0 && w->differences == 0)
        w->differences = 1; /* all of it is as left out */
    w->moves = state.n > 0 && !tb_str_eq(state, now);
    /* what is in force changes only by a move to it */
    w->moves = w->moves || (w->differences > 0 && tb_str_eq_c(state, "live") && w->version > 0);
}

static void tell(struct tb_conf *c, const struct tb_conf_want *w)
{
    FILE *out = c->cli->out;
    struct tb_str now = w->version ? state_of(tb_tree_root(&w->now)) : TB_STR("draft");
    fprintf(out, "  %c %s %.*s\n", w->version ? '~' : '+', tb_conf_kinds[w->kind].name, TB_STR_ARG(w->code));
    (void)tb_conf_compare(c, w, out);
    if (w->moves)
        fprintf(out, "      state: %.*s -> %.*s\n", TB_STR_ARG(now), TB_STR_ARG(state_of(w->object)));
}

int tb_conf_plan(struct tb_conf *c, uint32_t *differ)
{
    uint32_t added = 0, changed = 0, absent = 0;
    int code = tb_conf_fetch(c);
    if (code != TB_EXIT_OK)
        return code;
    for (uint32_t i = 0; i < c->want_n; i++) {
        judge(c, &c->want[i]);
        if (c->want[i].differences == 0 && !c->want[i].moves)
            continue;
        tell(c, &c->want[i]);
        added += c->want[i].version == 0;
        changed += c->want[i].version != 0;
    }
    code = tell_rest(c, &absent);
    fprintf(c->cli->out, "%u objects: %u to add, %u to change, %u as they are; %u in no file\n", c->want_n, added,
            changed, c->want_n - added - changed, absent);
    *differ = added + changed;
    return code;
}

/* ---- history --------------------------------------------------------------------------------------------- */

static bool make_folders(const char *path)
{
    char part[4300];
    size_t n = strlen(path);
    if (n == 0 || n >= sizeof part)
        return false;
    for (size_t i = 1; i <= n; i++) {
        if (path[i] != '/' && path[i] != 0)
            continue;
        memcpy(part, path, i);
        part[i] = 0;
        if (mkdir(part, 0700) != 0 && errno != EEXIST)
            return false;
    }
    return true;
}

static void history_name(const struct tb_conf *c, uint32_t number, const char *end, char *name, size_t cap)
{
    (void)snprintf(name, cap, "%s/%04u.json%s", c->history, number, end);
}

/* The newest number that is there, or was and is undone; 0: none. */
static uint32_t newest(const struct tb_conf *c, bool undone_too)
{
    char name[4300];
    for (uint32_t n = HISTORY_MAX; n > 0; n--) {
        history_name(c, n, "", name, sizeof name);
        if (access(name, F_OK) == 0)
            return n;
        history_name(c, n, ".undone", name, sizeof name);
        if (undone_too && access(name, F_OK) == 0)
            return n;
    }
    return 0;
}

static bool write_before(const struct tb_conf *c, const struct tb_conf_want *w, FILE *f, char *region, bool first)
{
    struct tb_buf b;
    fprintf(f, "%s\n {\"kind\": \"%s\", \"code\": ", first ? "" : ",", tb_conf_kinds[w->kind].name);
    struct tb_json_out o;
    tb_buf_init(&b, region, OBJECT_BYTES);
    tb_json_out_init(&o, &b);
    tb_json_out_str(&o, w->code);
    fprintf(f, "%.*s, \"version\": %" PRId64, (int)b.n, (const char *)b.p, w->version);
    if (w->version > 0) {
        tb_buf_init(&b, region, OBJECT_BYTES);
        tb_conf_write(c, w->kind, tb_tree_root(&w->now), TB_STR_NONE, -1, is_campaign(w), &b);
        fprintf(f, ", \"before\": %.*s", (int)b.n, (const char *)b.p);
    }
    bool fits = !b.overflowed;
    tb_buf_init(&b, region, OBJECT_BYTES);
    tb_conf_write(c, w->kind, w->object, TB_STR_NONE, -1, false, &b);
    fprintf(f, ", \"after\": %.*s}", (int)b.n, (const char *)b.p);
    return fits && !b.overflowed;
}

/* What stands before anything is changed; on disk when this returns. */
static int keep(struct tb_conf *c, uint32_t *number)
{
    char name[4300];
    char *region = malloc(OBJECT_BYTES);
    bool first = true;
    tb_assert(region != NULL);
    *number = newest(c, true) + 1;
    history_name(c, *number, "", name, sizeof name);
    bool may = make_folders(c->history) && *number <= HISTORY_MAX;
    int fd = may ? open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
    FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
    bool ok = f != NULL;
    if (ok)
        fprintf(f, "{\"objects\": [");
    for (uint32_t i = 0; i < c->want_n && ok; i++) {
        if (c->want[i].differences == 0 && !c->want[i].moves)
            continue;
        ok = write_before(c, &c->want[i], f, region, first);
        first = false;
    }
    free(region);
    if (f != NULL) {
        fprintf(f, "\n]}\n");
        ok = ok && fflush(f) == 0 && fsync(fileno(f)) == 0;
        ok = fclose(f) == 0 && ok;
    } else if (fd >= 0) {
        (void)close(fd);
    }
    return ok ? TB_EXIT_OK
              : tb_cli_say(c->cli, TB_EXIT_FAULT, "%s cannot be written: %s", name, strerror(errno));
}

/* ---- applying --------------------------------------------------------------------------------------------- */

static void unique_key(char *key, size_t cap)
{
    static _Atomic uint32_t count;
    struct timespec t;
    (void)clock_gettime(CLOCK_REALTIME, &t);
    (void)snprintf(key, cap, "config-%lld-%09ld-%u", (long long)t.tv_sec, t.tv_nsec, atomic_fetch_add(&count, 1));
}

static int refused_object(struct tb_conf *c, const struct tb_conf_want *w)
{
    (void)tb_cli_say(c->cli, TB_EXIT_REFUSED, "%s %.*s was refused", tb_conf_kinds[w->kind].name, TB_STR_ARG(w->code));
    return tb_client_refused(&c->http);
}

static int put(struct tb_conf *c, struct tb_conf_want *w, struct tb_place object)
{
    char path[400], key[64];
    char *region = malloc(OBJECT_BYTES);
    struct tb_buf b;
    tb_assert(region != NULL);
    tb_buf_init(&b, region, OBJECT_BYTES);
    tb_conf_write(c, w->kind, object, TB_STR_NONE, w->version, false, &b);
    int code = b.overflowed ? tb_cli_say(c->cli, TB_EXIT_REFUSED, "%.*s is too large", TB_STR_ARG(w->code))
                            : tb_conf_path(c, w, path, sizeof path);
    unique_key(key, sizeof key);
    if (code == TB_EXIT_OK && !tb_client_ask(&c->http, "PUT", path, region, b.n, key))
        code = tb_client_refused(&c->http);
    else if (code == TB_EXIT_OK && c->http.status != 200)
        code = refused_object(c, w);
    free(region);
    return code;
}

/* The next state on the way; NULL: there is no way. */
static const char *next_state(struct tb_str now, struct tb_str wanted)
{
    if (tb_str_eq_c(wanted, "ended"))
        return "ended";
    if (tb_str_eq_c(now, "draft"))
        return "review";
    if (tb_str_eq_c(now, "review"))
        return tb_str_eq_c(wanted, "draft") ? "draft" : tb_str_eq_c(wanted, "scheduled") ? "scheduled" : "live";
    if (tb_str_eq_c(now, "scheduled"))
        return tb_str_eq_c(wanted, "draft") ? "draft" : tb_str_eq_c(wanted, "paused") ? "paused" : "live";
    if (tb_str_eq_c(now, "live"))
        return tb_str_eq_c(wanted, "paused") ? "paused" : tb_str_eq_c(wanted, "live") ? "live" : NULL;
    return tb_str_eq_c(now, "paused") && tb_str_eq_c(wanted, "live") ? "live" : NULL;
}

static int move_once(struct tb_conf *c, struct tb_conf_want *w, const char *state, struct tb_place acknowledged)
{
    char path[420], body[4096], key[64];
    struct tb_buf b;
    struct tb_json_out o;
    int code = tb_conf_path(c, w, path, sizeof path - 8);
    if (code != TB_EXIT_OK)
        return code;
    (void)strcat(path, "/moves");
    tb_buf_init(&b, body, sizeof body);
    tb_json_out_init(&o, &b);
    tb_json_out_open(&o, '{');
    tb_json_out_key_str(&o, "state", tb_str_of(state));
    tb_json_out_key_str(&o, "reason", TB_STR("configuration file"));
    if (tb_place_is(acknowledged)) {
        tb_json_out_key(&o, "acknowledged");
        tb_place_write(acknowledged, &o);
    }
    tb_json_out_close(&o, '}');
    unique_key(key, sizeof key);
    if (!tb_client_ask(&c->http, "POST", path, body, b.n, key))
        return tb_client_refused(&c->http);
    return c->http.status == 200 ? TB_EXIT_OK : refused_object(c, w);
}

/* Through the states to the one wanted; changed: a version that is in force must be taken over. */
static int move(struct tb_conf *c, struct tb_conf_want *w, struct tb_str wanted, struct tb_place acknowledged,
                bool changed)
{
    for (uint32_t i = 0; i < MOVES_MAX; i++) {
        int code = tb_conf_look(c, w);
        if (code != TB_EXIT_OK)
            return code;
        struct tb_str now = state_of(tb_tree_root(&w->now));
        bool there = tb_str_eq(now, wanted);
        if (there && !(changed && tb_str_eq_c(wanted, "live")))
            return TB_EXIT_OK;
        const char *next = next_state(now, wanted);
        if (next == NULL)
            return tb_cli_say(c->cli, TB_EXIT_REFUSED, "campaigns %.*s: there is no way from %.*s to %.*s",
                              TB_STR_ARG(w->code), TB_STR_ARG(now), TB_STR_ARG(wanted));
        changed = changed && !tb_str_eq_c(tb_str_of(next), "live");
        code = move_once(c, w, next, acknowledged);
        if (code != TB_EXIT_OK)
            return code;
    }
    return TB_EXIT_OK;
}

static int make_so(struct tb_conf *c, struct tb_conf_want *w)
{
    bool live = is_campaign(w) && w->version && tb_str_eq_c(state_of(tb_tree_root(&w->now)), "live");
    int code = w->differences ? put(c, w, w->object) : TB_EXIT_OK;
    if (code == TB_EXIT_OK && w->moves)
        code = move(c, w, state_of(w->object), tb_place_member(w->object, TB_STR("acknowledged")),
                    live && w->differences > 0);
    return code;
}

int tb_conf_apply(struct tb_conf *c)
{
    uint32_t differ = 0, number = 0, done = 0;
    int code = tb_conf_plan(c, &differ);
    if (code != TB_EXIT_OK || differ == 0)
        return code;
    code = keep(c, &number);
    for (uint32_t i = 0; i < c->want_n && code == TB_EXIT_OK; i++) {
        struct tb_conf_want *w = &c->want[i];
        if (w->differences == 0 && !w->moves)
            continue;
        code = atomic_load(c->cli->cancel) ? TB_EXIT_FAULT : make_so(c, w);
        if (code != TB_EXIT_OK)
            break;
        fprintf(c->cli->out, "done: %s %.*s\n", tb_conf_kinds[w->kind].name, TB_STR_ARG(w->code));
        done++;
    }
    fprintf(c->cli->out, "%u of %u done", done, differ);
    if (number > 0)
        fprintf(c->cli->out, "; back with: tongbao apply --rollback %u%s", number,
                tb_args_has(&c->cli->args, TB_OPT_SERVER) ? " --server .. --key .." : "");
    fprintf(c->cli->out, "\n");
    return code;
}

/* ---- going back --------------------------------------------------------------------------------------------- */

static int load_history(struct tb_conf *c, uint32_t number, struct tb_tree *t)
{
    char name[4300], why[400];
    history_name(c, number, "", name, sizeof name);
    FILE *f = fopen(name, "re");
    char *bytes = malloc(TB_JSON_BYTES_MAX + 1);
    tb_assert(bytes != NULL);
    size_t n = f != NULL ? fread(bytes, 1, TB_JSON_BYTES_MAX + 1, f) : 0;
    bool ok = f != NULL && tb_tree_load(t, bytes, n, why, sizeof why);
    if (f != NULL)
        (void)fclose(f);
    free(bytes);
    return ok ? TB_EXIT_OK : tb_cli_say(c->cli, TB_EXIT_REFUSED, "%s cannot be read", name);
}

/* It was made by the apply: taken out of use where there is a way. */
static int switch_off(struct tb_conf *c, struct tb_conf_want *w)
{
    const char *field = tb_conf_kinds[w->kind].switch_off;
    if (is_campaign(w)) {
        int ended = move(c, w, TB_STR("ended"), (struct tb_place){NULL, TB_TREE_NONE}, false);
        if (ended == TB_EXIT_OK)
            fprintf(c->cli->out, "ended: campaigns %.*s\n", TB_STR_ARG(w->code));
        return ended;
    }
    if (field == NULL) {
        fprintf(c->cli->out, "stays: %s %.*s was new; nothing is ever deleted\n", tb_conf_kinds[w->kind].name,
                TB_STR_ARG(w->code));
        return TB_EXIT_OK;
    }
    char *region = malloc(OBJECT_BYTES);
    char why[200];
    struct tb_buf b;
    struct tb_tree off = {0};
    tb_assert(region != NULL);
    tb_buf_init(&b, region, OBJECT_BYTES - 64);
    tb_conf_write(c, w->kind, tb_tree_root(&w->now), TB_STR_NONE, -1, false, &b);
    /* the field is false when it is there: it is written again, as true, and the old one left out */
    char needle[64];
    (void)snprintf(needle, sizeof needle, "\"%s\":false", field);
    char *at = b.overflowed ? NULL : memmem(region, b.n, needle, strlen(needle));
    size_t n = b.n;
    if (at != NULL) {
        char *value = at + strlen(needle) - 5;
        memmove(value + 4, value + 5, n - (size_t)(value + 5 - region));
        memcpy(value, "true", 4);
        n--;
    }
    bool ok = at != NULL && tb_tree_load(&off, region, n, why, sizeof why);
    int code = ok ? put(c, w, tb_tree_root(&off))
                  : tb_cli_say(c->cli, TB_EXIT_FAULT, "%.*s cannot be written", TB_STR_ARG(w->code));
    tb_tree_free(&off);
    free(region);
    if (code == TB_EXIT_OK)
        fprintf(c->cli->out, "out of use: %s %.*s\n", tb_conf_kinds[w->kind].name, TB_STR_ARG(w->code));
    return code;
}

/* The findings of what stood in force before: they were acknowledged then. ["no_cap", ..] */
static int findings_of(struct tb_conf *c, const struct tb_conf_want *w, struct tb_tree *out)
{
    char path[420], list[2048], why[400];
    struct tb_tree check = {0};
    struct tb_buf b;
    struct tb_json_out o;
    int code = tb_conf_path(c, w, path, sizeof path - 8);
    if (code != TB_EXIT_OK)
        return code;
    (void)strcat(path, "/check");
    if (!tb_client_ask(&c->http, "GET", path, NULL, 0, NULL) || c->http.status != 200)
        return tb_client_refused(&c->http);
    bool ok = tb_tree_load(&check, c->http.answer, c->http.n, why, sizeof why);
    struct tb_place all = ok ? tb_place_member(tb_tree_root(&check), TB_STR("findings"))
                             : (struct tb_place){&check, TB_TREE_NONE};
    struct tb_place one = {&check, TB_TREE_NONE};
    struct tb_str key;
    tb_buf_init(&b, list, sizeof list);
    tb_json_out_init(&o, &b);
    tb_json_out_open(&o, '[');
    while (tb_place_is(all) && tb_place_next(all, &key, &one))
        tb_json_out_str(&o, tb_place_text(tb_place_member(one, TB_STR("finding"))));
    tb_json_out_close(&o, ']');
    ok = ok && !b.overflowed && tb_tree_load(out, list, b.n, why, sizeof why);
    tb_tree_free(&check);
    return ok ? TB_EXIT_OK : tb_cli_say(c->cli, TB_EXIT_FAULT, "the campaign's check cannot be read: %s", why);
}

static int move_back(struct tb_conf *c, struct tb_conf_want *w, struct tb_str state, bool changed)
{
    struct tb_tree findings = {0};
    int code = findings_of(c, w, &findings);
    if (code == TB_EXIT_OK)
        code = move(c, w, state, tb_tree_root(&findings), changed);
    tb_tree_free(&findings);
    return code;
}

static int put_back(struct tb_conf *c, struct tb_conf_want *w, struct tb_place before)
{
    w->object = before;
    w->differences = tb_conf_compare(c, w, NULL);
    struct tb_str state = is_campaign(w) ? state_of(before) : TB_STR_NONE;
    bool live = is_campaign(w) && tb_str_eq_c(state_of(tb_tree_root(&w->now)), "live");
    int code = w->differences ? put(c, w, before) : TB_EXIT_OK;
    /* a campaign that was made live cannot become a draft again: it is paused */
    bool early = tb_str_eq_c(state, "draft") || tb_str_eq_c(state, "review") || tb_str_eq_c(state, "scheduled");
    if (code == TB_EXIT_OK && state.n > 0)
        code = move_back(c, w, early && live ? TB_STR("paused") : state, live && w->differences > 0);
    if (code == TB_EXIT_OK)
        fprintf(c->cli->out, "back: %s %.*s%s\n", tb_conf_kinds[w->kind].name, TB_STR_ARG(w->code),
                early && live ? " (paused: what was live is no draft any more)" : "");
    return code;
}

static int back_one(struct tb_conf *c, struct tb_place entry)
{
    struct tb_str kind = tb_place_text(tb_place_member(entry, TB_STR("kind")));
    struct tb_place version = tb_place_member(entry, TB_STR("version"));
    struct tb_place before = tb_place_member(entry, TB_STR("before"));
    struct tb_conf_want w = {.code = tb_place_text(tb_place_member(entry, TB_STR("code")))};
    while (w.kind < tb_conf_kind_n && !tb_str_eq_c(kind, tb_conf_kinds[w.kind].name))
        w.kind++;
    if (w.kind == tb_conf_kind_n || w.code.n == 0 || !tb_place_is(version))
        return tb_cli_say(c->cli, TB_EXIT_REFUSED, "the history is not of this program");
    int64_t was = tb_place_node(version)->i;
    w.object = tb_place_member(entry, TB_STR("after"));
    int code = tb_conf_look(c, &w);
    bool ours = tb_place_is(w.object) && tb_conf_compare(c, &w, NULL) == 0;
    if (code == TB_EXIT_OK && w.version > was && !ours)
        code = tb_cli_say(c->cli, TB_EXIT_REFUSED, "%s %.*s was changed since; nothing of it is put back",
                          tb_conf_kinds[w.kind].name, TB_STR_ARG(w.code));
    else if (code == TB_EXIT_OK && w.version > 0)
        code = was > 0 ? put_back(c, &w, before) : switch_off(c, &w);
    tb_tree_free(&w.now);
    return code;
}

int tb_conf_rollback(struct tb_conf *c, uint32_t number)
{
    struct tb_tree t = {0};
    char name[4300], undone[4300];
    if (number == 0)
        number = newest(c, false);
    if (number == 0)
        return tb_cli_say(c->cli, TB_EXIT_REFUSED, "%s has nothing to go back to", c->history);
    int code = load_history(c, number, &t);
    struct tb_place list = code == TB_EXIT_OK ? tb_place_member(tb_tree_root(&t), TB_STR("objects"))
                                              : (struct tb_place){&t, TB_TREE_NONE};
    uint32_t n = tb_place_is(list) ? tb_place_node(list)->n : 0;
    /* the last that was done goes first */
    for (uint32_t i = n; i-- > 0 && code == TB_EXIT_OK;) {
        struct tb_place entry = {&t, TB_TREE_NONE};
        struct tb_str key;
        for (uint32_t k = 0; k <= i; k++)
            (void)tb_place_next(list, &key, &entry);
        code = back_one(c, entry);
    }
    tb_tree_free(&t);
    if (code != TB_EXIT_OK)
        return code;
    history_name(c, number, "", name, sizeof name);
    history_name(c, number, ".undone", undone, sizeof undone);
    fprintf(c->cli->out, "apply %u is undone\n", number);
    if (rename(name, undone) == 0)
        return TB_EXIT_OK;
    return tb_cli_say(c->cli, TB_EXIT_FAULT, "%s cannot be renamed: %s", name, strerror(errno));
}
