// SPDX-License-Identifier: Apache-2.0
/* core/catalog/catalog.h - the whole face of the room.
 *
 *   objects.h    what is declared: blocks, enums, bounds, finding and reading
 *   commands.h   how it is declared, read and listed
 *   rule_env.h   what a rule's expressions may speak of (not included here)             */
#ifndef TB_CORE_CATALOG_H
#define TB_CORE_CATALOG_H

#include "core/catalog/commands.h"
#include "core/catalog/objects.h"

#endif
