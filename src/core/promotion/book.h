// SPDX-License-Identifier: Apache-2.0
/* core/promotion/book.h - what a campaign did: its two arms, and who owes what for it.
 *
 * HOLD-OUT. A campaign with a hold-out shows itself to one arm and not to the other. Whoever passes every
 * other gate for the first time is put on record with her arm (Exposed), at the quote that was shown, the
 * checkout and the confirmation alike; what she buys from then on while the campaign is in force counts for
 * that arm, whatever she buys. So both arms are judged by the same rule (intention to treat).
 *   The record is a pair of rows TB_PERSON_CAP of the profile that was exposed: first day, orders kept. It
 *   stays with the profile, so a merge keeps both sides' records; a person with two is judged by the older.
 *   An order remembers in which arms it was counted (order.h: ARM): a return finds exactly those again.
 *
 * SETTLEMENT. Of an offer with funders each order's saving is split by the largest remainder, so the shares
 * add up to the cent, and a funder's total is the sum over the orders. What comes back is the difference of
 * two such splits, in the month of the sale: a full return leaves nothing.
 *
 * Kind CAMPAIGN_BOOK: one block a campaign that has either; id = the campaign's. Money in minor units,
 * months by their first day in the tenant's zone. Pure; the cell's thread alone.
 * Not here: uses and budgets (promotion.h), which have their own accounts.                        */
#ifndef TB_CORE_PROMOTION_BOOK_H
#define TB_CORE_PROMOTION_BOOK_H

#include "core/promotion/campaign.h"

enum tb_arm { TB_ARM_NONE = 0, TB_ARM_SHOWN, TB_ARM_HELD_OUT };
#define TB_ARMS 2u /* [arm - 1] */

struct tb_book_arm {
    int64_t persons; /* exposed */
    int64_t buyers;  /* of them with an order that was kept */
    int64_t orders;
    int64_t net;
    int64_t cost; /* savings of this campaign granted to them */
};

struct tb_campaign_book {
    uint32_t tenant;
    uint32_t reserved;
    struct tb_book_arm arm[TB_ARMS];
};

enum tb_book_section { TB_BOOK_BYTES = 0, TB_BOOK_SHARE, TB_BOOK_SECTIONS };
#define TB_BOOK_SHARES_MAX 20000u /* then the oldest month's go */

/* What one funder owes for the sales of one month; sorted by month. */
struct tb_book_share {
    struct tb_text payer;
    int32_t month;
    uint32_t reserved;
    int64_t amount;
    int64_t orders; /* with a saving that was kept */
};

#define TB_CAMPAIGN_BOOK_SHAPE                                                                  \
    {                                                                                           \
        .name = "campaign_book", .version = 1, .head_bytes = sizeof(struct tb_campaign_book),   \
        .section_n = TB_BOOK_SECTIONS, .elem_bytes = {1, sizeof(struct tb_book_share)}          \
    }

/* True when some live campaign has a hold-out: an exact confirmation then looks who is held out. */
bool tb_promotion_any_holdout(struct tb_txn *t);
/* Counts that the open offers were shown, and the held out ones were not; the first time also her record. */
void tb_promotion_show(struct tb_txn *t, const struct tb_promotion_set *set, uint32_t profile, uint32_t store,
                       uint32_t touchpoint);

/* The order stands, priced or not: her arms and the funders. */
void tb_promotion_book_sale(struct tb_txn *t, uint64_t order);
/* net has come back; the order knows it already. */
void tb_promotion_book_return(struct tb_txn *t, uint64_t order, int64_t net);
/* Of an effect `before` had been given back in all, now `after`. */
void tb_promotion_book_back(struct tb_txn *t, uint64_t order, const struct tb_order_effect *effect, int32_t sale_day,
                            int64_t before, int64_t after);

/* READ. UNKNOWN_CAMPAIGN. Body: 1 packed book (absent: nothing is on record), 2 hold-out of the newest version
 * (ppm), 3 exposures of the arm that sees it, 4 of the other, 5 campaign.                        */
struct tb_cmd_campaign_figures {
    struct tb_str campaign;
};

/* Rows of persons and books agree. */
void tb_promotion_book_check(struct tb_audit *a);

#endif
