// SPDX-License-Identifier: Apache-2.0
/* border/zone.h - IANA time zones from ICU, as tables that core can read.
 *
 * A zone is loaded once a process and stays for its whole life, so the pointer may be
 * kept anywhere and read from any thread (struct tb_zone, base/civil.h). The table
 * holds every change of the total offset in 1900-2199; about 6 KB for a zone with
 * summer time, some hundred bytes for Asia/Shanghai.
 *
 * Threads   tb_zone_load may be called from any thread.
 * Limits    names as IANA writes them ("Asia/Shanghai", "UTC"), at most 39 bytes;
 *           "GMT+8" and three-letter inventions are unknown.
 * Caveat    the answer depends on ICU's edition of the data base (tb_zone_edition):
 *           a zone whose government changes its mind needs a library update and a
 *           restart. Recorded events hold instants and stay as they are.              */
#ifndef TB_BORDER_ZONE_H
#define TB_BORDER_ZONE_H

#include "base/civil.h"
#include "base/fault.h"

enum tb_zone_answer {
    TB_ZONE_DONE = 0,
    TB_ZONE_UNKNOWN, /* no such name in the data base */
    TB_ZONE_FAULT,   /* ICU's data cannot be read, or no memory */
};

TB_MUST_USE enum tb_zone_answer tb_zone_load(struct tb_str name, const struct tb_zone **out,
                                             struct tb_fault *fault);

/* ICU's edition of the IANA data base, as "2024a"; "unknown" when ICU cannot say. */
const char *tb_zone_edition(void);

#endif
