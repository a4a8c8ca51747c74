// SPDX-License-Identifier: Apache-2.0
#include "keys.h"

#include "border/keystore.h"

struct tb_keystore *keys_open(const char *folder, struct tb_fault *f)
{
    struct tb_keystore *k = NULL;
    return tb_keystore_open(folder, 0, &k, f) == TB_KEYSTORE_DONE ? k : NULL;
}

void keys_close(struct tb_keystore *k)
{
    tb_keystore_close(k);
}
