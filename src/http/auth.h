// SPDX-License-Identifier: Apache-2.0
/* http/auth.h - who calls: the interface between the shell and the keeper of keys.
 *
 * The shell cuts the token out of "Authorization: Bearer <token>", asks the keeper, and
 * enforces the roles and the scope of the operation table itself. The keeper (keys hashed
 * at rest, looked up in constant time) is not here.                                     */
#ifndef TB_HTTP_AUTH_H
#define TB_HTTP_AUTH_H

#include "http/operations.gen.h"
#include "base/text.h"
#include "http/problem.h"

#define TB_TOKEN_BYTES_MAX 256

struct tb_principal {
    uint64_t tenant;
    uint64_t key;    /* id of the key, for limits and the audit record */
    uint32_t roles;  /* 1u << enum tb_api_role */
    uint64_t scopes; /* 1 << enum tb_api_scope */
    int64_t expires_ms; /* of the key; 0: never */
    uint64_t person; /* the profile of a member who signed in; 0: a key or one of the staff */
};

/* False when the token is unknown, revoked or expired; *out is read only when true.
 * Called on IO threads, several at a time; must not block. op is what is asked for.     */
typedef bool tb_auth_check(void *user, struct tb_str token, enum tb_api op,
                           struct tb_principal *out);

/* The same for a request without Authorization: a person in a browser, known by her cookie.
 * NONE when it is good; else what to answer.                                            */
struct tb_request;
typedef enum tb_problem tb_session_check(void *user, const struct tb_request *req, bool writes,
                                         struct tb_principal *out);

#endif
