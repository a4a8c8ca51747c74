// SPDX-License-Identifier: Apache-2.0
/* tests/unit/identity_kit.h - contacts in one line, for the tests of identity. */
#ifndef TB_TESTS_IDENTITY_KIT_H
#define TB_TESTS_IDENTITY_KIT_H

#include "core_fixture.h"

#define DAYS(n) ((n) * FX_DAY)

static inline bool one(struct fx *f, uint32_t x, uint32_t y)
{
    return fx_person_no(f, x) == fx_person_no(f, y);
}

static inline uint32_t seen(struct fx *f, const char *ns, const char *value, bool verified, int64_t at_ms)
{
    struct tb_identifier id = fx_id(f, ns, value, verified);
    return fx_contact(f, &id, 1, at_ms);
}

static inline uint32_t seen2(struct fx *f, const char *ns1, const char *v1, const char *ns2,
                      const char *v2, int64_t at_ms)
{
    struct tb_identifier ids[2] = {fx_id(f, ns1, v1, true), fx_id(f, ns2, v2, true)};
    return fx_contact(f, ids, 2, at_ms);
}

static inline uint32_t profile_of(struct fx *f, const char *ns, const char *value)
{
    struct tb_identifier id = fx_id(f, ns, value, true);
    f->txn.tenant = f->tenant;
    return tb_identity_find(&f->txn, &id);
}

static inline void enrol(struct fx *f, uint32_t profile, uint32_t flags)
{
    struct tb_cmd_enrol in = {.who = {.profile = profile}, .terms_version = 1, .flags = flags,
                              .occurred_ms = f->now_ms};
    fx_done(f, TB_OP_ENROL, &in);
}

#endif
