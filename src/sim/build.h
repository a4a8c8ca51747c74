// SPDX-License-Identifier: Apache-2.0
/* sim/build.h - between the files that turn events into commands. */
#ifndef TB_SIM_BUILD_H
#define TB_SIM_BUILD_H

#include "sim/world.h"

enum { TOLD_MAX = 8 };

/* Identifiers of one contact. */
struct sim_told {
    struct tb_sim *s;
    enum sim_tenant tenant;
    struct tb_identifier *id;
    struct tb_sim_plain *plain;
    uint32_t n;
    uint32_t plain_n;
    uint32_t owner[TOLD_MAX]; /* of id[i], when its namespace is personal */
    uint8_t ns[TOLD_MAX];
};

struct sim_told sim_told_begin(struct tb_sim *s, enum sim_tenant tenant);
void sim_told_add(struct sim_told *x, uint32_t person, enum sim_ns ns, uint64_t visit, bool verified);
/* A value that belongs to nobody in the truth (owner NOBODY), or is given as it stands. */
void sim_told_value(struct sim_told *x, uint32_t owner, enum sim_ns ns, const char *text, bool verified);
/* They were told together: for recall, of what could be known. A number that nobody verified
 * shows nothing. */
void sim_told_remember(struct sim_told *x);
/* The person by one identifier. */
struct tb_who sim_who_by(struct tb_sim *s, const struct sim_event *e, enum sim_ns ns, struct sim_told *x);

void sim_add_with(struct sim_told *x, const struct sim_event *e, uint32_t op, const void *input,
                  struct tb_str touchpoint);
struct tb_sim_command *sim_newest(struct tb_sim *s);
/* The touchpoint's code, and in *no its number. */
struct tb_str sim_at_store(struct tb_sim *s, uint32_t store, enum sim_touch touch, uint32_t *no);
struct tb_str sim_at_place(struct tb_sim *s, enum sim_tenant tenant, enum sim_place place, uint32_t *no);

/* purchase.c */
void sim_build_order(struct tb_sim *s, const struct sim_event *e);
void sim_build_return(struct tb_sim *s, const struct sim_event *e);
void sim_build_hold(struct tb_sim *s, const struct sim_event *e);
void sim_build_post(struct tb_sim *s, const struct sim_event *e);
void sim_build_top_up(struct tb_sim *s, const struct sim_event *e);

#endif
