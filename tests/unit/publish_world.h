// SPDX-License-Identifier: Apache-2.0
/* A whole cell in steps over a state, with published tables, and a shop in it. */
#ifndef TB_TEST_PUBLISH_WORLD_H
#define TB_TEST_PUBLISH_WORLD_H

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/catalog/catalog.h"
#include "core/code/code.h"
#include "core/consent/consent.h"
#include "core/ledger/ledger.h"
#include "core/ops.h"
#include "core/order/order.h"
#include "engine/publish.h"

#define PW_MEMBERS_MAX 100000u
#define PW_CODES 400u

struct pw {
    struct tb_host host;
    int64_t now_ms;
    int64_t mono_ns;
    int64_t tick_ns; /* that a turn of pw_run takes [100,000] */
    bool bare;       /* without published tables */
    bool running;    /* the machine's clock runs on top of mono_ns */
    struct tb_journal *journal;
    struct tb_state *state;
    struct tb_cell_tables tables;
    struct tb_publish_options publish_options;
    struct tb_publish *publish;
    struct tb_core_env env;
    struct tb_cell *cell;
    uint32_t tenant;
    uint32_t phone;
    uint32_t card;
    uint32_t mac;
    uint32_t attribute[4]; /* integer, text, personal text, choice */
    uint32_t purpose;
    uint32_t touchpoint;
    uint32_t code_batch; /* CODES items, the first half of them active */
    uint32_t carton_batch; /* 8 cartons, active */
    int64_t coupon_unit;   /* of publish_shop.h */
    uint64_t orders;
    uint8_t region[65536];
    struct tb_answer answer;
    bool done;
};

/* state: the world's from now on. */
void pw_open(struct pw *w, struct tb_state *state, const struct tb_publish_options *o);
void pw_open_bare(struct pw *w, struct tb_state *state);
/* The process dies and starts again on the same journal and state. */
void pw_crash(struct pw *w);
void pw_stop(struct pw *w); /* with the last flush; the state stays open */
void pw_close(struct pw *w);

/* Runs to the end; the code is in w->answer. */
enum tb_code pw_run(struct pw *w, uint32_t op, const void *input);
void pw_steps(struct pw *w);
void pw_flush(struct pw *w);
uint64_t pw_uint(struct pw *w, uint32_t field);
struct tb_identifier pw_id(uint32_t ns, uint32_t number);
enum tb_code pw_buy(struct pw *w, uint32_t member, int64_t net, uint64_t *order);

/* Every row of every published table as text, malloc'd. */
char *pw_dump(struct tb_state *s, const struct tb_table *t, uint32_t n);

#endif
