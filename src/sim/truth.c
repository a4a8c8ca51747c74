// SPDX-License-Identifier: Apache-2.0
/* The truth as NDJSON: one line a natural person, then what was made to be hard. For people
 * who want to measure recognition with their own tools. Values hold nothing that JSON would
 * want escaped.                                                                            */
#include "sim/world.h"

static const char *kind_of(const struct sim_person *p)
{
    return p->flags & P_ANONYMOUS  ? "anonymous_card"
           : p->flags & P_MEMBER   ? "member"
           : p->flags & P_FOLLOWER ? "follower"
           : p->flags & P_PAYER    ? "payer"
                                   : "device";
}

static void put_identifiers(const struct tb_sim *s, uint32_t person, struct tb_buf *b)
{
    char text[SIM_VALUE_MAX];
    const char *comma = "";
    tb_buf_c(b, ",\"identifiers\":[");
    for (uint32_t ns = 0; ns < NS_PERSONAL; ns++) {
        if (!(s->person[person].told >> ns & 1))
            continue;
        sim_value(s, person, (enum sim_ns)ns, 0, text);
        tb_buf_printf(b, "%s{\"ns\":\"%s\",\"value\":\"%s\"}", comma, sim_ns_code[ns], text);
        comma = ",";
    }
    tb_buf_c(b, "]");
}

static void put_person(const struct tb_sim *s, uint32_t i, struct tb_buf *b)
{
    const struct sim_person *p = &s->person[i];
    tb_buf_printf(b, "{\"person\":%u,\"account\":%u,\"tenant\":\"%s\",\"kind\":\"%s\",\"visits_a_year\":%u",
                  p->truth, i, sim_tenant_code[p->tenant], kind_of(p), p->visits);
    if (p->tenant == HELIN)
        tb_buf_printf(b, ",\"store\":\"store-%u\",\"price_sensitive_percent\":%u,\"likes\":[\"%s\",\"%s\"]",
                      p->home + 1u, p->sensitive, sim_row_path(p->likes[0]), sim_row_path(p->likes[1]));
    if (p->household != 0)
        tb_buf_printf(b, ",\"household\":%u", p->household);
    if (p->baby_born != 0) {
        tb_buf_c(b, ",\"baby_born\":\"");
        tb_date_print(b, p->baby_born);
        tb_buf_c(b, "\"");
    }
    if (p->flags & P_FARM)
        tb_buf_c(b, ",\"part\":\"coupon_farmer\"");
    if (p->flags & P_CASHIER)
        tb_buf_c(b, ",\"part\":\"dishonest_cashier\"");
    if (p->flags & P_TABLET)
        tb_buf_c(b, ",\"part\":\"shared_tablet\"");
    put_identifiers(s, i, b);
    tb_buf_c(b, "}");
}

bool tb_sim_truth(const struct tb_sim *s, tb_sim_write_fn write, void *user)
{
    char line[2048];
    struct tb_buf b;
    for (uint32_t i = 0; i < s->person_n; i++) {
        if (!s->person[i].seen)
            continue;
        tb_buf_init(&b, line, sizeof line);
        put_person(s, i, &b);
        tb_assert(!b.overflowed);
        if (!write(user, tb_buf_as_str(&b)))
            return false;
    }
    for (uint32_t i = 0; i < s->temptation_n; i++) {
        const struct sim_temptation *t = &s->temptation[i];
        tb_buf_init(&b, line, sizeof line);
        tb_buf_printf(&b, "{\"temptation\":\"%s\",\"accounts\":[%u,%u]}", sim_temptation_name[t->kind], t->a, t->b);
        if (!write(user, tb_buf_as_str(&b)))
            return false;
    }
    for (uint32_t i = 0; i < s->recycled_n; i++) {
        tb_buf_init(&b, line, sizeof line);
        tb_buf_printf(&b, "{\"recycled_number\":[%u,%u]}", s->recycled[i].old_owner, s->recycled[i].new_owner);
        if (!write(user, tb_buf_as_str(&b)))
            return false;
    }
    tb_buf_init(&b, line, sizeof line);
    tb_buf_printf(&b, "{\"diverted_carton\":\"CD0005000 .. CD0005023\",\"sold\":\"scan-east\"}");
    return write(user, tb_buf_as_str(&b));
}
