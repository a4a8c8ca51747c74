// SPDX-License-Identifier: Apache-2.0
/* http/words.c - the words that stand for journaled numbers, where several files need them.
 * Order: that of the enums in core.                                                      */
#include "http/app_int.h"

const char *const tb_words_unit_kind[TB_UNIT_KINDS] = {"points",    "qualifying", "stored_value",
                                                         "coupon",    "gift_card",  "budget"};
const char *const tb_words_tender[TB_TENDER_KINDS] = {
    "other",        "cash",   "card",      "wechat", "alipay", "unionpay",
    "stored_value", "points", "gift_card", "voucher"};
const char *const tb_words_period[TB_CAP_PERIODS] = {"none", "day", "week", "month", "year", "lifetime"};
const char *const tb_words_source[TB_SOURCES + 1] = {NULL,       "declared", "verified",
                                                     "observed", "imported", "inferred"};
const char *const tb_words_consent[4] = {NULL, "granted", "denied", "withdrawn"};
const char *const tb_words_effective[6] = {"unknown",   "granted", "denied",
                                           "withdrawn", "expired", "closed"};
const char *const tb_words_scan[TB_SCAN_VERDICTS] = {"",      "void",        "frozen",        "open",
                                                     "first", "seen_by_you", "seen_by_others"};
const char *const tb_words_scene[TB_CODE_SCENES] = {"outside", "inside", "carton", "receipt", "store", "associate"};
const char *const tb_words_code_verb[5] = {NULL, "activate", "freeze", "thaw", "void"};
