// SPDX-License-Identifier: Apache-2.0
/* What every kind of import shares. See import.h. */
#include "cli/import/import.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "border/open.h"

#define CHECKPOINT_NS 500000000 /* a repeated second of work costs less than a sync a wave */

/* ---- rejects --------------------------------------------------------------------------------- */

static void write_quoted(FILE *to, const char *text)
{
    (void)fputc('"', to);
    for (; *text; text++) {
        if (*text == '"')
            (void)fputc('"', to);
        (void)fputc(*text, to);
    }
    (void)fputc('"', to);
}

void tb_import_reject(struct tb_import *imp, int64_t row, int64_t line, struct tb_str reason,
                      const char *detail)
{
    if (imp->skipping)
        return;
    tb_tally_reason(&imp->tally, reason, false, 1);
    if (imp->rejects == NULL || (imp->rejects_most > 0 && ftell(imp->rejects) >= imp->rejects_most))
        return;
    write_quoted(imp->rejects, imp->file);
    fprintf(imp->rejects, ",%" PRId64 ",%" PRId64 ",%.*s,", row, line, TB_STR_ARG(reason));
    write_quoted(imp->rejects, detail);
    (void)fputc('\n', imp->rejects);
}

void tb_import_reject_code(struct tb_import *imp, int64_t row, int64_t line, const struct tb_answer *a)
{
    char detail[256];
    char reason[64];
    (void)snprintf(detail, sizeof detail, "%s%s%s", a->field, a->field[0] ? ": " : "", tb_code_text(a->code));
    const char *name = tb_code_name(a->code);
    size_t n = 0;
    for (; name[n] != 0 && n + 1 < sizeof reason; n++)
        reason[n] = (char)(name[n] >= 'A' && name[n] <= 'Z' ? name[n] + 32 : name[n]);
    tb_import_reject(imp, row, line, (struct tb_str){reason, (uint32_t)n}, detail);
}

bool tb_import_checkpoint(struct tb_import *imp)
{
    int64_t now = tb_host_real.mono_ns(NULL);
    if (imp->dry || imp->skipping || (!imp->last_checkpoint && now - imp->saved_ns < CHECKPOINT_NS))
        return true;
    imp->saved_ns = now;
    if (imp->rejects != NULL) {
        if (fflush(imp->rejects) != 0 || ferror(imp->rejects)) {
            tb_fault_set(&imp->fault, false, "the rejects cannot be written: %s", strerror(errno));
            return false;
        }
        imp->tally.rejects_bytes = ftell(imp->rejects);
    }
    return tb_progress_save(imp->progress, &imp->tally, &imp->fault);
}

/* ---- identifiers ------------------------------------------------------------------------------- */

bool tb_import_identifiers(struct tb_import *imp, const struct tb_row *row, struct tb_arena *a,
                           struct tb_identifier *out, uint32_t *n, const char **reason)
{
    *n = 0;
    for (uint32_t i = 0; i < imp->map->identifier_n; i++) {
        const struct tb_map_identifier *x = &imp->map->identifier[i];
        struct tb_str given = tb_template_fill(&x->value, row, &imp->arena);
        struct tb_buf text;
        bool blocked = false;
        if (given.n == 0)
            continue;
        char *region = tb_arena_alloc(a, TB_IDENTIFIER_BYTES_MAX + 1);
        *reason = "too_many_identifiers";
        if (region == NULL)
            return false;
        tb_buf_init(&text, region, TB_IDENTIFIER_BYTES_MAX + 1);
        enum tb_normal_answer answer =
            tb_desk_identifier(imp->desk, imp->tenant, x->id, (enum tb_identifier_kind)x->normaliser, given,
                               imp->map->country.p, &text, out[*n].key, &blocked);
        *reason = "identifier_invalid";
        if (answer == TB_NORMAL_EMPTY || blocked)
            continue;
        if (answer != TB_NORMAL_DONE)
            return false;
        out[*n].ns = x->id;
        out[*n].verified = x->verified;
        out[*n].plain = tb_buf_as_str(&text);
        (*n)++;
    }
    return true;
}

/* ---- objects ------------------------------------------------------------------------------------- */

#define OBJECTS_MAX 4096u
#define REGION_BYTES (256u << 10)

struct known {
    uint32_t kind;
    uint32_t id;
    char code[TB_CODE_MAX + 1];
};

uint32_t tb_import_object(struct tb_import *imp, enum tb_kind kind, struct tb_str code)
{
    struct known *k = imp->known;
    if (code.n == 0 || code.n > TB_CODE_MAX || imp->tenant == 0)
        return 0;
    for (uint32_t i = 0; i < imp->known_n; i++)
        if (k[i].kind == (uint32_t)kind && tb_str_eq_c(code, k[i].code))
            return k[i].id;
    struct known fresh = {.kind = kind};
    struct tb_fault fault;
    struct tb_str packed;
    memcpy(fresh.code, code.p, code.n);
    char *region = malloc(REGION_BYTES);
    tb_assert(region != NULL);
    if (!tb_node_find(imp->cli->node, imp->tenant, kind, fresh.code, &fresh.id, region, REGION_BYTES, &packed,
                      &fault))
        fresh.id = 0;
    free(region);
    if (imp->known_n == OBJECTS_MAX)
        imp->known_n = 0; /* start over: a file with that many codes is rare */
    if (imp->known == NULL)
        imp->known = calloc(OBJECTS_MAX, sizeof fresh);
    tb_assert(imp->known != NULL);
    ((struct known *)imp->known)[imp->known_n++] = fresh;
    return fresh.id;
}

/* ---- sets -------------------------------------------------------------------------------------------- */

bool tb_seen_add(struct tb_seen *s, uint64_t key)
{
    if ((s->n + 1) * 2 > s->cap) {
        struct tb_seen old = *s;
        s->cap = old.cap ? old.cap * 2 : 1024;
        s->slot = calloc(s->cap, sizeof *s->slot);
        tb_assert(s->slot != NULL);
        s->n = 0;
        for (uint32_t i = 0; i < old.cap; i++)
            if (old.slot[i] != 0)
                (void)tb_seen_add(s, old.slot[i]);
        free(old.slot);
    }
    key |= key == 0;
    uint32_t at = (uint32_t)(key ^ key >> 32) & (s->cap - 1);
    for (; s->slot[at] != 0; at = (at + 1) & (s->cap - 1))
        if (s->slot[at] == key)
            return false;
    s->slot[at] = key;
    s->n++;
    return true;
}

void tb_seen_free(struct tb_seen *s)
{
    free(s->slot);
}
