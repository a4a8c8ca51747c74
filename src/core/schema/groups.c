// SPDX-License-Identifier: Apache-2.0
/* Which events belong together: what a webhook may ask for. See schema.h. */
#include "core/schema/schema.h"

/* In the order of a webhook's bits: names are added at the end. */
static const char *const names[] = {"catalog", "identity",  "consent", "ledger", "order", "membership",
                                    "code",    "promotion", "play",    "mall",   "card"};
enum { CATALOG, IDENTITY, CONSENT, LEDGER, ORDER, MEMBERSHIP, CODE, PROMOTION, PLAY, MALL, CARD, GROUPS };
_Static_assert(TB_COUNT_OF(names) == GROUPS, "a name for each group");

static const struct {
    uint32_t from, to, group;
} ranges[] = {
    {10, 39, CATALOG},     {40, 69, IDENTITY},    {70, 99, LEDGER},      {100, 119, ORDER},
    {120, 139, MEMBERSHIP}, {140, 149, CONSENT},  {150, 159, CODE},      {161, 161, CODE},
    {190, 193, PROMOTION}, {194, 195, ORDER},     {196, 196, PROMOTION}, {197, 199, ORDER},
    {210, 219, PLAY},      {220, 222, MALL},      {223, 224, CARD},      {225, 225, PROMOTION},
    {230, 239, PROMOTION}, {240, 249, PLAY},      {253, 255, PROMOTION}, {256, 259, LEDGER},
};

const char *tb_event_group_name(uint32_t group)
{
    return group < GROUPS ? names[group] : NULL;
}

uint64_t tb_event_group(uint32_t type)
{
    for (uint32_t i = 0; i < TB_COUNT_OF(ranges); i++)
        if (type >= ranges[i].from && type <= ranges[i].to)
            return UINT64_C(1) << ranges[i].group;
    return 0;
}
