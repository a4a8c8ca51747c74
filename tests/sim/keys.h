// SPDX-License-Identifier: Apache-2.0
/* The key store for tests of the generator: opened, or a fault; closed. */
#ifndef TB_TEST_SIM_KEYS_H
#define TB_TEST_SIM_KEYS_H

#include "base/fault.h"

struct tb_keystore;
struct tb_keystore *keys_open(const char *folder, struct tb_fault *f); /* NULL: see *f */
void keys_close(struct tb_keystore *k);

#endif
