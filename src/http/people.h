// SPDX-License-Identifier: Apache-2.0
/* http/people.h - what the pages need of the app beyond the API of keys: sign-in, the member's
 * own operations, reports on the published tables, the demonstration's inbox. Private to the
 * app's files, as app_int.h.
 *
 * Threads   tb_op_*: IO threads. tb_report_session: a side thread (it asks SQL).          */
#ifndef TB_HTTP_PEOPLE_H
#define TB_HTTP_PEOPLE_H

#include "http/app_int.h"
#include "http/session.h"
#include "http/side.h"

#define TB_USER_TOKEN_MAX 160u

/* ---- sign-in (op_signin.c) --------------------------------------------------------------- */

tb_session_check tb_session_who; /* user = the app */
void tb_op_post_session(void *app, struct tb_call *call);
void tb_op_get_session(void *app, struct tb_call *call);
void tb_op_delete_session(void *app, struct tb_call *call);
void tb_op_post_session_code(void *app, struct tb_call *call);
void tb_op_post_session_member(void *app, struct tb_call *call);
void tb_op_post_user(void *app, struct tb_call *call);
void tb_op_post_password(void *app, struct tb_call *call);
void tb_op_inbox(void *app, struct tb_call *call);
extern const struct tb_work_op tb_work_user, tb_work_password, tb_work_member_sign_in;

/* A key by its code, when it is neither revoked nor expired (app_keys.c). */
TB_MUST_USE bool tb_keyring_find(struct tb_app *app, struct tb_str code, struct tb_principal *out);
/* The list of role names under that key, as bits (op_keys.c). */
uint64_t tb_read_roles(struct tb_json_object *o, const char *name);
/* The scopes of a key that w's key makes; a refusal when more is asked than it has itself. */
uint64_t tb_key_scopes(const struct tb_work *w, struct tb_json_object *o, uint64_t asked);
/* The same of its end: left out, that of w's key. */
int64_t tb_key_expiry(const struct tb_work *w, struct tb_json_object *o, int64_t asked_ms);

/* ---- the demonstration's inbox (inbox.c) --------------------------------------------------- */

struct tb_inbox;
TB_MUST_USE struct tb_inbox *tb_inbox_create(void); /* NULL: no memory */
void tb_inbox_destroy(struct tb_inbox *i);          /* NULL is fine */
void tb_inbox_add(struct tb_inbox *i, struct tb_str tenant, struct tb_str phone, const char *digits,
                  int64_t now_ms);
/* {"items":[{"tenant","to","code","at"}]}, newest first */
void tb_inbox_print(struct tb_inbox *i, struct tb_json_out *o);

/* ---- the member herself (op_me.c) ------------------------------------------------------------ */

void tb_op_me(void *app, struct tb_call *call);
extern const struct tb_work_op tb_work_me_consent, tb_work_me_attributes;
/* She plays (op_my_play.c). */
extern const struct tb_work_op tb_work_my_game, tb_work_my_draw, tb_work_my_checkin, tb_work_my_makeup, tb_work_my_card,
    tb_work_my_packet, tb_work_my_packet_claim, tb_work_my_next;

/* ---- reports (op_reports.c) ---------------------------------------------------------------- */

void tb_op_report(void *app, struct tb_call *call);
void tb_op_imports(void *app, struct tb_call *call);
void tb_op_accounting(void *app, struct tb_call *call); /* op_accounting.c */
/* Adds tenant, tenant_name, currency, currency_digits, zone, user, name, store to an open object. */
void tb_report_session(struct tb_app *app, const struct tb_principal *who, struct tb_json_out *o);

#endif
