// SPDX-License-Identifier: Apache-2.0
/* core/catalog/namespace.c - which identifiers there are and how far each is trusted.
 *
 * Invariant: a namespace's blocked keys are sorted and all different.                   */
#include "core/catalog/put.h"

static bool key_less(const struct tb_blocked *a, const struct tb_blocked *b)
{
    return a->key[0] != b->key[0] ? a->key[0] < b->key[0] : a->key[1] < b->key[1];
}

static void swap(struct tb_blocked *a, struct tb_blocked *b)
{
    struct tb_blocked c = *a;
    *a = *b;
    *b = c;
}

static void sift(struct tb_blocked *v, uint32_t at, uint32_t n)
{
    for (uint32_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && key_less(&v[child], &v[child + 1]))
            child++;
        if (!key_less(&v[at], &v[child]))
            return;
        swap(&v[at], &v[child]);
    }
}

/* Heap sort (Williams 1964): bounded, in place, libc's may allocate. */
static void sort(struct tb_blocked *v, uint32_t n)
{
    for (uint32_t i = n / 2; i-- > 0;)
        sift(v, i, n);
    for (uint32_t i = n; i-- > 1;) {
        swap(&v[0], &v[i]);
        sift(v, 0, i);
    }
}

static void check_fields(struct tb_put_run *p, const struct tb_cmd_namespace_put *in)
{
    bool device = in->class_no == TB_CLASS_EPHEMERAL;
    tb_check_range(p, "class", in->class_no, 0, TB_NAMESPACE_CLASSES - 1);
    tb_check_range(p, "scope", in->scope, 0, TB_NAMESPACE_SCOPES - 1);
    tb_check(p, device == (in->scope == TB_SCOPE_DEVICE), "scope");
    tb_check_range(p, "priority", in->priority, 1, 1000);
    tb_check_range(p, "limit", in->limit, 0, 1000);
    tb_check(p, in->class_no != TB_CLASS_UNIQUE || in->limit <= 1, "limit");
    tb_check_range(p, "window_days", in->window_days, 0, 36500);
    tb_check_range(p, "tenure_gap_days", in->tenure_gap_days, 0, 36500);
    tb_check_range(p, "normaliser", in->normaliser, 0, TB_NORMALISERS - 1);
    tb_check_range(p, "retention_days", in->retention_days, device ? 1 : 0, 3660);
    if (in->blocked_n > TB_BLOCKED_MAX)
        tb_put_refuse(p, TB_CODE_TOO_MANY, "blocked");
    const struct tb_namespace *old = tb_put_old(p);
    if (old == NULL)
        return;
    tb_check(p, old->class_no == in->class_no, "class");
    tb_check(p, old->scope == in->scope, "scope");
    tb_check(p, old->normaliser == in->normaliser, "normaliser");
    tb_check(p, old->hashed_only == in->hashed_only, "hashed_only");
}

/* Sorted, without doubles, as events want them; n is set to how many are left. */
static struct tb_ev_blocked_value *blocked_sorted(struct tb_put_run *p,
                                                  const struct tb_cmd_namespace_put *in,
                                                  uint32_t *n)
{
    *n = 0;
    if (p->refused || in->blocked_n == 0)
        return NULL;
    struct tb_blocked *keys = TB_NEW_ARRAY(p->t->scratch, struct tb_blocked, in->blocked_n);
    struct tb_ev_blocked_value *out =
        TB_NEW_ARRAY(p->t->scratch, struct tb_ev_blocked_value, in->blocked_n);
    if (keys == NULL || out == NULL) {
        tb_put_refuse(p, TB_CODE_TOO_LARGE, "blocked");
        return NULL;
    }
    for (uint32_t i = 0; i < in->blocked_n; i++)
        keys[i] = in->blocked[i];
    sort(keys, in->blocked_n);
    for (uint32_t i = 0; i < in->blocked_n; i++)
        if (i == 0 || key_less(&keys[i - 1], &keys[i]))
            out[(*n)++] = (struct tb_ev_blocked_value){keys[i].key[0], keys[i].key[1]};
    return out;
}

void tb_namespace_decide(struct tb_put_run *p, const struct tb_cmd_namespace_put *in)
{
    check_fields(p, in);
    struct tb_ev_namespace_put ev = {.code = in->put.code,
                                     .class_no = (uint64_t)in->class_no,
                                     .scope = (uint64_t)in->scope,
                                     .priority = (uint64_t)in->priority,
                                     .limit = (uint64_t)in->limit,
                                     .window_days = (uint64_t)in->window_days,
                                     .tenure_gap_days = (uint64_t)in->tenure_gap_days,
                                     .normaliser = (uint64_t)in->normaliser,
                                     .hashed_only = in->hashed_only,
                                     .retention_days = (uint64_t)in->retention_days,
                                     .needs_verification = in->needs_verification};
    ev.blocked = blocked_sorted(p, in, &ev.blocked_n);
    TB_PUT_EMIT(p, namespace_put, &ev);
}

enum tb_outcome tb_catalog_namespace_put(struct tb_txn *t, const struct tb_command *cmd,
                                         struct tb_answer *a)
{
    const struct tb_cmd_namespace_put *in = cmd->input;
    struct tb_put_run p = tb_put_begin(t, a, TB_KIND_NAMESPACE, t->tenant, &in->put);
    tb_namespace_decide(&p, in);
    return tb_put_end(&p);
}

void tb_catalog_apply_namespace_put(struct tb_txn *t, const struct tb_ev_namespace_put *ev)
{
    const enum tb_kind kind = TB_KIND_NAMESPACE;
    struct tb_config c = tb_config_fold(t, &(struct tb_config_fold){.kind = kind,
                                                                   .id = ev->id,
                                                                   .tenant = ev->tenant,
                                                                   .version = ev->version,
                                                                   .content = ev->content,
                                                                   .code = ev->code,
                                                                   .tag = (uint32_t)ev->priority});
    tb_config_empty(t, kind, ev->id, TB_NAMESPACE_BLOCKED);
    for (uint32_t i = 0; i < ev->blocked_n; i++) {
        struct tb_blocked b = {{ev->blocked[i].key_hi, ev->blocked[i].key_lo}};
        (void)tb_push(t, kind, ev->id, TB_NAMESPACE_BLOCKED, &b);
    }
    struct tb_namespace *head = tb_block_head(tb_write(t, kind, ev->id));
    *head = (struct tb_namespace){.c = c,
                                  .class_no = (uint8_t)ev->class_no,
                                  .scope = (uint8_t)ev->scope,
                                  .normaliser = (uint8_t)ev->normaliser,
                                  .hashed_only = ev->hashed_only != 0,
                                  .needs_verification = ev->needs_verification != 0,
                                  .priority = (uint32_t)ev->priority,
                                  .limit = (uint32_t)ev->limit,
                                  .window_days = (uint32_t)ev->window_days,
                                  .tenure_gap_days = (uint32_t)ev->tenure_gap_days,
                                  .retention_days = (uint32_t)ev->retention_days};
}

bool tb_namespace_blocks(const struct tb_txn *t, struct tb_block *ns, const uint64_t key[2])
{
    tb_assert(ns->kind == TB_KIND_NAMESPACE);
    const struct tb_blocked *list = tb_section(t, ns, TB_NAMESPACE_BLOCKED);
    struct tb_blocked wanted = {{key[0], key[1]}};
    uint32_t from = 0;
    uint32_t to = ns->n[TB_NAMESPACE_BLOCKED];
    while (from < to) {
        uint32_t mid = (from + to) / 2;
        if (key_less(&list[mid], &wanted))
            from = mid + 1;
        else
            to = mid;
    }
    return from < ns->n[TB_NAMESPACE_BLOCKED] && !key_less(&wanted, &list[from]);
}
