// SPDX-License-Identifier: Apache-2.0
/* base/currency.h - the currencies of ISO 4217 and the digits of their minor unit.
 *
 * Source: ISO 4217:2015 list one, active codes that are legal tender, and BGN for old
 * orders; funds, precious metals and testing codes are left out. Read-only, any thread. */
#ifndef TB_BASE_CURRENCY_H
#define TB_BASE_CURRENCY_H

#include "base/text.h"

/* code: three upper-case letters. False when there is no such currency; *digits (0-4)
 * then stays. CNY has 2, JPY 0, KWD 3.                                                */
TB_MUST_USE bool tb_currency_digits(struct tb_str code, uint32_t *digits);

#endif
