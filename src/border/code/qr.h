// SPDX-License-Identifier: Apache-2.0
/* border/code/qr.h - a text as a QR symbol (ISO/IEC 18004), error correction level M.
 *
 * By libqrencode. Rows are bits, 1 = dark; the quiet zone is the caller's. Allocates within
 * the call only. Threads: any.                                                            */
#ifndef TB_BORDER_CODE_QR_H
#define TB_BORDER_CODE_QR_H

#include "base/text.h"

#define TB_QR_MODULES_MAX 177u
#define TB_QR_TEXT_MAX 640u /* bytes */

struct tb_qr {
    uint32_t size; /* modules on a side */
    uint8_t dark[TB_QR_MODULES_MAX * TB_QR_MODULES_MAX]; /* [y * size + x] */
};

/* False: empty, longer than TB_QR_TEXT_MAX, a zero byte in it, or no memory. */
TB_MUST_USE bool tb_qr_make(struct tb_str text, struct tb_qr *out);

#endif
