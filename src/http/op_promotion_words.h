// SPDX-License-Identifier: Apache-2.0
/* http/op_promotion_words.h - words and field tables of a campaign, shared by what reads one (op_promotion.c)
 * and what prints one (op_promotion_view.c). Words stand in the order of the enums in core. Private to them. */
#ifndef TB_HTTP_OP_PROMOTION_WORDS_H
#define TB_HTTP_OP_PROMOTION_WORDS_H

#include "core/promotion/commands.h"
#include "http/app_int.h"

/* A number of a campaign: where it stands in the put's input and in the version's head. */
struct tb_promotion_number {
    const char *name;
    size_t in; /* int64_t */
    size_t head;
    uint32_t width; /* in the head */
    int64_t min;
    int64_t max;
};
/* A switch of the offer that is a bit on both sides. */
struct tb_promotion_switch {
    const char *name;
    uint32_t bit;
};
/* A choice; its first word stands for 0 and is what absence means. */
struct tb_promotion_choice {
    const char *name;
    size_t in; /* int64_t */
    size_t head; /* uint8_t */
    const char *const *words;
    uint32_t n;
};

#define TB_PROMOTION_NUMBERS 17u
#define TB_PROMOTION_SWITCHES 11u
#define TB_PROMOTION_CHOICES 4u
#define TB_PROMOTION_DAYS 7u

extern const struct tb_promotion_number tb_promotion_numbers[TB_PROMOTION_NUMBERS];
extern const struct tb_promotion_switch tb_promotion_switches[TB_PROMOTION_SWITCHES];
extern const struct tb_promotion_choice tb_promotion_choices[TB_PROMOTION_CHOICES];
extern const char *const tb_promotion_states[TB_CAMPAIGN_STATES];
extern const char *const tb_promotion_mechanics[TB_PRICE_POINTS + 1];
extern const char *const tb_promotion_roundings[TB_ROUND_UP + 1];
extern const char *const tb_promotion_slots[TB_SCOPE_SLOTS];
extern const char *const tb_promotion_scope_bys[TB_SCOPE_BYS];
extern const char *const tb_promotion_place_bys[TB_PLACE_BYS];
extern const char *const tb_promotion_limit_scopes[TB_LIMIT_SCOPES];
extern const char *const tb_promotion_periods[TB_CAP_PERIODS]; /* [0] is not used */
extern const char *const tb_promotion_days[TB_PROMOTION_DAYS];
extern const char *const tb_promotion_time_kinds[2];
extern const char *const tb_promotion_findings[TB_FINDINGS]; /* [0] is not used */

#endif
