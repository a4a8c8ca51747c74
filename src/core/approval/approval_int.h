// SPDX-License-Identifier: Apache-2.0
/* core/approval/approval_int.h - what the room's files share. */
#ifndef TB_CORE_APPROVAL_INT_H
#define TB_CORE_APPROVAL_INT_H

#include "core/approval/approval.h"

/* Place of a profile's newest request to be erased in TB_MAP_ERASURE. */
static inline uint64_t tb_erasure_key(uint32_t tenant, uint32_t profile)
{
    return tb_key_number(tenant, profile | UINT64_C(1) << 42);
}

#endif
