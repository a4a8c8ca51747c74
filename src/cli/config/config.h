// SPDX-License-Identifier: Apache-2.0
/* cli/config/config.h - a tenant's configuration as files: what differs, making it so, going back.
 *
 * A file is {"units": [{"code": .., ..}, ..], "rules": [..], ..}: objects as the PUT operations of the API take
 * them, with their code beside. A folder is all its *.json files together. Which fields an operation takes, of what
 * type, is read from the server's own /v1/openapi.json: so a field that the program gains needs nothing here.
 *
 *   equal      a field that is left out is its operation's default: 0, false, "", [], the first word of an
 *              enumeration, and the few exceptions of compare.c. Instants are compared as instants; lists whose
 *              order means nothing (places, prices, limits, hours, scopes) as sets
 *   absent     what the server has and no file names is told and left alone: nothing is ever deleted
 *   campaigns  may have "state" and "acknowledged" (findings): apply moves them there; without, it leaves
 *              them in the state that the put gives
 *
 * Every apply first writes a numbered file into a history folder: the objects it will touch as they are, and as it
 * will leave them. A rollback puts the first back where the second still stands, and refuses where somebody changed
 * one since. So going back needs no journal (the feed, all that there is over HTTP, has no whole objects), and works
 * step by step. Nothing is ever deleted: what was new is taken out of use where its kind can be, and said.  */
#ifndef TB_CLI_CONFIG_H
#define TB_CLI_CONFIG_H

#include "cli/client.h"
#include "cli/config/tree.h"

/* One kind of object: its member in a file, and its path. In the order in which they may name each other. */
struct tb_conf_kind {
    const char *name;
    const char *path;    /* "/v1/units" */
    bool exported;       /* by --export without words: catalogs of goods are not */
    const char *switch_off; /* the field that takes an object out of use, which a rollback sets; NULL: none */
};
extern const struct tb_conf_kind tb_conf_kinds[];
extern const uint32_t tb_conf_kind_n;

/* An object that a file wants. */
struct tb_conf_want {
    uint32_t kind;
    struct tb_str code;
    struct tb_place object;
    struct tb_tree now;   /* as the server has it; empty: it has none */
    int64_t version;      /* 0: it has none */
    uint32_t differences; /* fields */
    bool moves;           /* a campaign's state */
};

struct tb_conf {
    struct tb_cli *cli;
    struct tb_client http;
    struct tb_tree api;   /* openapi.json */
    struct tb_tree *file;
    uint32_t file_n;
    struct tb_conf_want *want;
    uint32_t want_n;
    uint32_t want_cap;
    char history[4200];   /* folder */
};

/* compare.c --------------------------------------------------------------------------------------- */

/* The schema of what PUT takes; none: the server has no such operation. */
struct tb_place tb_conf_schema(const struct tb_conf *c, uint32_t kind);
/* Compares the object with the server's field by field; prints each difference to out unless it is NULL. */
uint32_t tb_conf_compare(const struct tb_conf *c, const struct tb_conf_want *w, FILE *out);
/* The first field of the object that the operation does not take; empty: all are fine. */
struct tb_str tb_conf_unknown(const struct tb_conf *c, const struct tb_conf_want *w);
/* Writes the members of an object that PUT takes, as one object; code: in front of them when it is not empty. */
void tb_conf_write(const struct tb_conf *c, uint32_t kind, struct tb_place object, struct tb_str code,
                   int64_t expected_version, bool with_state, struct tb_buf *out);

/* files.c ----------------------------------------------------------------------------------------- */

/* Reads a file or a folder into c->file and c->want. */
int tb_conf_read(struct tb_conf *c, const char *name);
/* Asks the server for one object, and for each that is wanted. */
int tb_conf_look(struct tb_conf *c, struct tb_conf_want *w);
int tb_conf_fetch(struct tb_conf *c);
/* Every object of a kind that the server has, as its list tells it; stops at another code than OK. */
typedef int tb_conf_each_fn(struct tb_conf *c, uint32_t kind, struct tb_place one, void *user);
int tb_conf_each(struct tb_conf *c, uint32_t kind, tb_conf_each_fn *each, void *user);
/* "/v1/units/points" */
int tb_conf_path(const struct tb_conf *c, const struct tb_conf_want *w, char *path, size_t cap);
int tb_conf_open(struct tb_conf *c, struct tb_cli *cli);
void tb_conf_close(struct tb_conf *c);
/* Prints the present configuration; words: kinds, none: those that are exported. */
int tb_conf_export(struct tb_conf *c, const char *const *words, uint32_t n);

/* apply.c ------------------------------------------------------------------------------------------ */

/* Prints what differs; how many objects. Names what the files do not. */
int tb_conf_plan(struct tb_conf *c, uint32_t *differ);
int tb_conf_apply(struct tb_conf *c);
/* number 0: the newest of the history. */
int tb_conf_rollback(struct tb_conf *c, uint32_t number);

#endif
