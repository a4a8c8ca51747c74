// SPDX-License-Identifier: Apache-2.0
/* tests/model/step.h - one command of a random history, as both sides read it.
 *
 * Values name things that survive when other steps are dropped: identifiers by (namespace,
 * value), orders by the number in their key, holds and transfers by the step that made
 * them. So any sub-series of a history is a history, which is what shrinking needs.     */
#ifndef TB_MODEL_STEP_H
#define TB_MODEL_STEP_H

#include <stdbool.h>
#include <stdint.h>

enum step_op {
    STEP_CONTACT = 0,
    STEP_ENROL,
    STEP_ORDER,
    STEP_RETURN,
    STEP_CANCEL,
    STEP_ADJUST,
    STEP_HOLD,
    STEP_POST,
    STEP_VOID,
    STEP_TRANSFER,
    STEP_REVERSE,
    STEP_RELEASE,
    STEP_UNMERGE,
    STEP_LINK,
    STEP_ERASE,
    STEP_UNIT,   /* unit `unit` takes its variant number `amount` */
    STEP_RULE,   /* rule `unit` takes its variant number `amount` */
    STEP_SCHEME, /* the scheme takes its variant number `amount` */
    STEP_FIRE,   /* everything due is fired */
    STEP_EVICT,  /* orders and transfers leave memory */
    STEPS
};

#define STEP_IDS 4
#define STEP_LINES 4
#define NAMESPACES 4 /* unionid (unique), card (unique), phone (strong), email (strong) */

struct step_id {
    uint8_t ns;
    uint8_t verified;
    uint16_t value;
};

struct step_line {
    uint16_t sku; /* 0-3 food, 4-7 toys */
    uint16_t line; /* of a return */
    int64_t quantity;
    int64_t net;   /* INT64_MIN in a return: its share */
};

struct step {
    enum step_op op;
    uint32_t no; /* its place in the whole history, kept when others are dropped */
    int64_t now_ms;
    uint32_t id_n;
    struct step_id id[STEP_IDS]; /* member: [0]; transfer: [0] to [1] */
    uint32_t unit;
    int64_t amount;
    uint32_t ref; /* step that made the hold or transfer */
    uint32_t key; /* of the order */
    uint32_t key2; /* of the return; of an order: its receipt, 0 = none */
    uint32_t kind; /* link; post: 1 = final; hold: lifetime in minutes */
    int64_t occurred_ms;
    uint32_t line_n;
    struct step_line line[STEP_LINES];
};

/* What both sides answer; amounts by the number of the field in the answer's body. */
#define REPLY_FIELDS 10
struct reply {
    uint32_t code; /* enum tb_code */
    int64_t v[REPLY_FIELDS];
    int64_t unit[4][5]; /* order, return: per unit 2 amount, 3 available, 4 pending or shortfall */
};

#endif
