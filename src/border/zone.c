// SPDX-License-Identifier: Apache-2.0
/* border/zone.c - see zone.h. Invariant: a zone in the list is complete and never
 * changed again. Not here: calendar arithmetic (base/civil.c).                       */
#include "border/zone.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/ucal.h>
#include <unicode/ustring.h>

/* Two changes a year for three centuries, and room for the odd double summer time. */
#define CHANGES_MAX 1024
#define NAME_MAX_BYTES (sizeof(((struct tb_zone *)0)->name) - 1)

struct held_zone {
    struct tb_zone zone;
    struct held_zone *next;
    int64_t at_ms[]; /* n of these, then n offsets */
};

struct changes {
    int32_t first_offset_ms;
    uint32_t n;
    int64_t at_ms[CHANGES_MAX];
    int32_t offset_ms[CHANGES_MAX];
};

static pthread_mutex_t zones_lock = PTHREAD_MUTEX_INITIALIZER;
static struct held_zone *zones;

static bool total_offset(UCalendar *cal, int64_t at_ms, int32_t *offset)
{
    UErrorCode e = U_ZERO_ERROR;
    ucal_setMillis(cal, (UDate)at_ms, &e);
    int32_t raw = ucal_get(cal, UCAL_ZONE_OFFSET, &e);
    int32_t summer = ucal_get(cal, UCAL_DST_OFFSET, &e);
    *offset = raw + summer;
    return U_SUCCESS(e);
}

/* Walks from change to change; changes that leave the total alone are dropped. */
static bool collect(UCalendar *cal, struct changes *c)
{
    c->n = 0;
    if (!total_offset(cal, TB_MS_MIN, &c->first_offset_ms))
        return false;
    int32_t last = c->first_offset_ms;
    int64_t at = TB_MS_MIN;
    for (uint32_t guard = 0; guard < 4 * CHANGES_MAX; guard++) {
        UErrorCode e = U_ZERO_ERROR;
        UDate next;
        int32_t offset;
        ucal_setMillis(cal, (UDate)at, &e);
        bool more = ucal_getTimeZoneTransitionDate(cal, UCAL_TZ_TRANSITION_NEXT, &next, &e);
        if (U_FAILURE(e))
            return false;
        if (!more || (int64_t)next > TB_MS_MAX)
            return true;
        at = (int64_t)next;
        if (!total_offset(cal, at, &offset))
            return false;
        if (offset == last)
            continue;
        if (c->n == CHANGES_MAX)
            return false;
        c->at_ms[c->n] = at;
        c->offset_ms[c->n++] = last = offset;
    }
    return false;
}

/* ICU takes "GMT+8" and other inventions too; only names of the data base pass. */
static bool known_name(struct tb_str name, UChar *id)
{
    UChar canonical[128];
    UBool in_data_base = 0;
    UErrorCode e = U_ZERO_ERROR;
    if (name.n == 0 || name.n > NAME_MAX_BYTES)
        return false;
    for (uint32_t i = 0; i < name.n; i++)
        if (name.p[i] <= ' ' || name.p[i] > '~')
            return false;
    u_charsToUChars(name.p, id, (int32_t)name.n);
    id[name.n] = 0;
    ucal_getCanonicalTimeZoneID(id, (int32_t)name.n, canonical, TB_COUNT_OF(canonical), &in_data_base, &e);
    return U_SUCCESS(e) && in_data_base;
}

static struct held_zone *hold(struct tb_str name, const struct changes *c)
{
    struct held_zone *z = calloc(1, sizeof *z + c->n * (sizeof(int64_t) + sizeof(int32_t)));
    if (!z)
        return NULL;
    int32_t *offset = (int32_t *)(z->at_ms + c->n);
    memcpy(z->zone.name, name.p, name.n);
    memcpy(z->at_ms, c->at_ms, c->n * sizeof *c->at_ms);
    memcpy(offset, c->offset_ms, c->n * sizeof *offset);
    z->zone.first_offset_ms = c->first_offset_ms;
    z->zone.n = c->n;
    z->zone.at_ms = z->at_ms;
    z->zone.offset_ms = offset;
    return z;
}

static enum tb_zone_answer read_zone(struct tb_str name, struct held_zone **out, struct tb_fault *fault)
{
    UChar id[NAME_MAX_BYTES + 1];
    if (!known_name(name, id))
        return TB_ZONE_UNKNOWN;
    UErrorCode e = U_ZERO_ERROR;
    UCalendar *cal = ucal_open(id, (int32_t)name.n, "en_US_POSIX", UCAL_GREGORIAN, &e);
    if (U_FAILURE(e)) {
        tb_fault_set(fault, false, "time zone %.*s cannot be read: %s", TB_STR_ARG(name), u_errorName(e));
        return TB_ZONE_FAULT;
    }
    struct changes c;
    *out = collect(cal, &c) ? hold(name, &c) : NULL;
    ucal_close(cal);
    if (!*out) {
        tb_fault_set(fault, false, "time zone %.*s cannot be held", TB_STR_ARG(name));
        return TB_ZONE_FAULT;
    }
    return TB_ZONE_DONE;
}

enum tb_zone_answer tb_zone_load(struct tb_str name, const struct tb_zone **out, struct tb_fault *fault)
{
    enum tb_zone_answer answer = TB_ZONE_DONE;
    pthread_mutex_lock(&zones_lock);
    struct held_zone *z = zones;
    while (z && !tb_str_eq_c(name, z->zone.name))
        z = z->next;
    if (!z) {
        answer = read_zone(name, &z, fault);
        if (answer == TB_ZONE_DONE) {
            z->next = zones;
            zones = z;
        }
    }
    if (answer == TB_ZONE_DONE)
        *out = &z->zone;
    pthread_mutex_unlock(&zones_lock);
    return answer;
}

const char *tb_zone_edition(void)
{
    UErrorCode e = U_ZERO_ERROR;
    const char *edition = ucal_getTZDataVersion(&e);
    return U_SUCCESS(e) && edition ? edition : "unknown";
}
