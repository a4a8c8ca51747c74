// SPDX-License-Identifier: Apache-2.0
/* core/catalog/put.h - the common course of all puts. Private to core/catalog.
 *
 * A put is decided by a row of checks; the first that fails is the answer and the
 * later ones then do nothing, so the row in the source is the order of precedence.
 *
 *   struct tb_put_run p = tb_put_begin(...)      tenant, code, version
 *   tb_check_...(&p, ...)                        fields, references, what may not change
 *   struct tb_ev_unit_put ev = {...}
 *   TB_PUT_EMIT(&p, unit_put, &ev)               equal? bounds? then emits
 *   return tb_put_end(&p)                        writes the answer
 *
 * The other half, tb_config_fold, is what every apply does first.                       */
#ifndef TB_CORE_CATALOG_PUT_H
#define TB_CORE_CATALOG_PUT_H

#include "base/num.h"
#include "core/catalog/catalog.h"

struct tb_put_run {
    struct tb_txn *t;
    struct tb_answer *a;
    struct tb_block *old; /* NULL: it is new */
    struct tb_str code;
    uint64_t content;
    enum tb_kind kind;
    uint32_t tenant; /* the owner; of a tenant 0 */
    uint32_t id;
    uint32_t version;
    bool refused;
    bool changed;
    bool unlisted; /* a unit that does not stand in the tenant's list */
};

/* ---- deciding ---------------------------------------------------------------------------- */

/* Refuses with NOT_FOUND, INVALID "code", KEY_REVOKED or VERSION_CONFLICT. */
struct tb_put_run tb_put_begin(struct tb_txn *t, struct tb_answer *a, enum tb_kind kind,
                               uint32_t tenant, const struct tb_put *put);
void tb_put_refuse(struct tb_put_run *p, enum tb_code code, const char *field);
/* field "<list>/<index>/<name>"; name NULL: "<list>/<index>" */
void tb_put_refuse_at(struct tb_put_run *p, enum tb_code code, const char *list, uint32_t index,
                      const char *name);

void tb_check(struct tb_put_run *p, bool ok, const char *field);
void tb_check_range(struct tb_put_run *p, const char *field, int64_t v, int64_t min, int64_t max);
/* UTF-8 without control characters but line ends and tabs, min .. max bytes. */
void tb_check_text(struct tb_put_run *p, const char *field, struct tb_str s, uint32_t min,
                   uint32_t max);
/* Month * 100 + day of a day that every year has. */
bool tb_month_day_valid(int64_t v);
/* The tenant's object with that code; 0 and a refusal when there is none, or when the
 * code is empty and not optional. */
uint32_t tb_check_named(struct tb_put_run *p, const char *field, enum tb_kind kind,
                        struct tb_str code, bool optional, enum tb_code unknown);
bool tb_code_valid(enum tb_kind kind, struct tb_str code);

/* Head of the object as it stands; NULL when it is new. */
const void *tb_put_old(const struct tb_put_run *p);
struct tb_str tb_put_old_text(const struct tb_put_run *p, struct tb_text text);

/* A region for the event's bytes; refuses with TOO_LARGE. */
struct tb_buf tb_put_content_open(struct tb_put_run *p, size_t bytes);
/* Fingerprint; true when the event must be emitted: not refused, something differs. Refuses
 * with TOO_MANY and CODE_TAKEN. Names id and version. */
bool tb_put_content_close(struct tb_put_run *p, struct tb_buf *b);

/* ev has id, version, tenant and content 0 and everything else filled. */
#define TB_PUT_EMIT(p, event, ev)                                                \
    do {                                                                         \
        struct tb_buf content_ = tb_put_content_open((p), tb_ev_##event##_size(ev)); \
        tb_ev_##event##_encode(&content_, (ev));                                 \
        if (tb_put_content_close((p), &content_)) {                              \
            (ev)->id = (p)->id;                                                  \
            (ev)->version = (p)->version;                                        \
            (ev)->content = (p)->content;                                        \
            TB_PUT_OWNER((p), (ev));                                             \
            tb_emit_##event((p)->t, (ev));                                       \
        }                                                                        \
    } while (0)
/* The event says whose it is only where the frame does not. */
#define TB_PUT_OWNER(p, ev) ((ev)->tenant = (p)->tenant == (p)->t->tenant ? 0 : (p)->tenant)

enum tb_outcome tb_put_end(struct tb_put_run *p);

struct tb_rule_env;
/* Refuses with EXPRESSION when source is no condition of that environment, or names by a literal
 * what is not declared. region: TB_EXPR_PROGRAM_MAX bytes, 8-byte aligned, left with the program. */
void tb_rule_check_condition(struct tb_put_run *p, const struct tb_rule_env *env, const char *field,
                             struct tb_str source, void *region);
/* The same for a formula: a number. */
void tb_rule_check_amount(struct tb_put_run *p, const struct tb_rule_env *env, const char *field,
                          struct tb_str source, void *region);

/* Decide and emit without ending: for the defaults. */
void tb_namespace_decide(struct tb_put_run *p, const struct tb_cmd_namespace_put *in);
void tb_touchpoint_decide(struct tb_put_run *p, const struct tb_cmd_touchpoint_put *in);

/* The number of that code; 0 when the tenant has none. */
uint32_t tb_catalog_code(const struct tb_txn *t, uint32_t tenant, enum tb_kind kind,
                         struct tb_str code);
/* Place of a public claim code in TB_MAP_CODE. */
uint64_t tb_claim_key(const struct tb_txn *t, uint32_t tenant, struct tb_str code);

/* ---- applying ---------------------------------------------------------------------------- */

struct tb_config_fold {
    enum tb_kind kind;
    uint64_t id;
    uint64_t tenant; /* of the event; 0 = the frame's */
    uint64_t version;
    uint64_t content;
    struct tb_str code;
    uint32_t tag; /* for the tenant's list */
};

/* Creates the block or empties its texts; the maps, the tenant's list and its count follow.
 * Returns the head's beginning, without name. */
struct tb_config tb_config_fold(struct tb_txn *t, const struct tb_config_fold *f);
struct tb_text tb_config_add_text(struct tb_txn *t, enum tb_kind kind, uint64_t id,
                                  struct tb_str s);
void tb_config_empty(struct tb_txn *t, enum tb_kind kind, uint64_t id, uint32_t section);
/* Remembers that somebody asks for that many days of history. */
void tb_tenant_window(struct tb_txn *t, uint32_t tenant, uint32_t days);

#endif
