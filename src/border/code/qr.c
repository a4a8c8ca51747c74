// SPDX-License-Identifier: Apache-2.0
/* border/code/qr.c - see qr.h. */
#include "border/code/qr.h"

#include <qrencode.h>

bool tb_qr_make(struct tb_str text, struct tb_qr *out)
{
    char copy[TB_QR_TEXT_MAX + 1];
    if (text.n == 0 || text.n > TB_QR_TEXT_MAX || memchr(text.p, 0, text.n) != NULL)
        return false;
    memcpy(copy, text.p, text.n);
    copy[text.n] = 0;
    QRcode *q = QRcode_encodeString(copy, 0, QR_ECLEVEL_M, QR_MODE_8, 1);
    if (q == NULL)
        return false;
    uint32_t size = (uint32_t)q->width;
    tb_assert(size <= TB_QR_MODULES_MAX);
    out->size = size;
    for (uint32_t i = 0; i < size * size; i++)
        out->dark[i] = q->data[i] & 1;
    QRcode_free(q);
    return true;
}
