// SPDX-License-Identifier: Apache-2.0
/* http/op_config_words.h - the words of op_config.c's tables for journaled numbers, in the order of the
 * enums in core. Private to op_config.c; words that several files need are in words.c. */
#ifndef TB_HTTP_OP_CONFIG_WORDS_H
#define TB_HTTP_OP_CONFIG_WORDS_H

static const char *const unit_kinds[] = {"points", "qualifying", "stored_value", "coupon", "gift_card", "budget"};
static const char *const negatives[] = {"only_pending", "within_balance", "unlimited"};
static const char *const releases[] = {"at_once", "after_days", "on_date", "on_event"};
static const char *const expiries[] = {"none", "rolling_days", "rolling_months", "calendar_date",
                                       "sliding_days"};
static const char *const roundings[] = {"none",  "day",     "iso_week", "month",
                                        "quarter", "half_year", "year"};
static const char *const periods[] = {"none", "day", "iso_week", "month", "year", "lifetime"};
static const char *const ns_classes[] = {"unique", "strong", "weak", "ephemeral"};
static const char *const ns_scopes[] = {"person", "device", "household"};
static const char *const normalisers[] = {"generic", "phone", "email", "mac", "card"};
static const char *const claims[] = {"forgive", "collect", "block"};
static const char *const touch_kinds[] = {"other",        "till",       "probe",   "face",
                                          "gate",         "wifi",       "scan",    "web",
                                          "mini_program", "app",        "account", "delivery",
                                          "associate",    "service_desk", "import"};
static const char *const attribute_types[] = {"int", "bool", "text", "date", "time", "choice"};
static const char *const rule_kinds[] = {"earn", "tier", "enrol", "pay"};
static const char *const measures[] = {"qualifying", "spend", "visits"};
static const char *const windows[] = {"rolling", "calendar_year", "member_year", "lifetime"};
static const char *const downgrades[] = {"one_down", "balance", "none"};
static const char *const refunds[] = {"sticky", "reevaluated"};

#endif
