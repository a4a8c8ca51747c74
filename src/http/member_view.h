// SPDX-License-Identifier: Apache-2.0
/* http/member_view.h - a member as JSON. Not for others than the app's files. */
#ifndef TB_HTTP_MEMBER_VIEW_H
#define TB_HTTP_MEMBER_VIEW_H

#include "http/app_int.h"

struct tb_view_note {
    bool brief; /* for look-ups at the till: no history of consents, devices, roles */
    bool whole; /* unmasked */
};

/* write of operations whose answer is MEMBER_GET's with detail; w->note begins with a
 * struct tb_view_note, or is NULL: everything, masked.                                    */
void tb_member_view_write(struct tb_work *w, struct tb_json_out *out);

#endif
