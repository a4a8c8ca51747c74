// SPDX-License-Identifier: Apache-2.0
/* http/session.h - people in browsers: who is signed in, who tries too often, one-time codes.
 *
 * Sessions    a cookie "<slot>.<secret>"; here stands the SHA-256 of the secret and a token
 *             against forged requests (CSRF), which the page sends back with every write.
 *             A member of the staff is the key block whose code is "<tenant>:<login>"; her
 *             roles are looked up anew with every request, so a revoked key ends its sessions.
 * Attempts    after TB_TRIES_FREE failures a name waits 2, 4, 8 ... seconds, up to 15 minutes;
 *             an hour after the last wait they are forgotten. At an address from
 *             which she signed in within 30 days her name has a count of its own.
 * Codes       six digits, five minutes, five tries; a new one every 30 seconds at most.
 * Invariant   nothing of a secret can be read back; all of it is memory: a restart signs
 *             everybody out, a stand-by process knows nobody.
 * Limits      TB_SESSIONS_STAFF of the staff, the rest of TB_SESSIONS_MAX for members, who so drive out nobody
 *             at work; when a part is full, the one of it that was silent longest goes. Codes and attempts
 *             share fixed tables; a collision makes it stricter, never looser.
 * Threads     any; one short lock.                                                       */
#ifndef TB_HTTP_SESSION_H
#define TB_HTTP_SESSION_H

#include "base/siphash.h"
#include "base/text.h"

#define TB_SESSIONS_MAX 8192u
#define TB_SESSIONS_STAFF 1024u
#define TB_SESSION_TEXT 48u /* cookie value and token, with the zero */
#define TB_TRIES_FREE 5u
#define TB_CODE_LIFE_S 300u

struct tb_session {
    uint32_t tenant; /* of a member; the staff's is its key's */
    uint64_t person; /* a member's profile; 0: one of the staff */
    char code[64];   /* the staff's key */
    uint32_t code_n;
    int64_t expires_ms;
    char csrf[TB_SESSION_TEXT];
};

struct tb_sessions;
TB_MUST_USE struct tb_sessions *tb_sessions_create(const struct tb_hash_key *key); /* NULL: no memory */
void tb_sessions_destroy(struct tb_sessions *s);

/* Opens one for who (csrf and expires are filled in) and writes the cookie's value. */
void tb_sessions_open(struct tb_sessions *s, struct tb_session *who, int64_t now_ms,
                      char cookie[TB_SESSION_TEXT]);
/* False: unknown or over. */
TB_MUST_USE bool tb_sessions_find(struct tb_sessions *s, struct tb_str cookie, int64_t now_ms,
                                  struct tb_session *out);
void tb_sessions_close(struct tb_sessions *s, struct tb_str cookie);
/* All of the staff member whose key is code, but the one of this cookie. */
void tb_sessions_close_others(struct tb_sessions *s, struct tb_str code, struct tb_str cookie, int64_t now_ms);

/* Seconds to wait before name may try again from that peer (tb_shell_peer); 0: now. */
uint32_t tb_sessions_wait_s(struct tb_sessions *s, struct tb_str name, uint64_t peer, int64_t now_ms);
void tb_sessions_tried(struct tb_sessions *s, struct tb_str name, uint64_t peer, bool ok, int64_t now_ms);

/* A new code for name into digits; false: the last one is too young. */
TB_MUST_USE bool tb_sessions_code_make(struct tb_sessions *s, struct tb_str name, int64_t now_ms,
                                       char digits[7]);
/* True once: the code is used up. */
TB_MUST_USE bool tb_sessions_code_take(struct tb_sessions *s, struct tb_str name,
                                       struct tb_str digits, int64_t now_ms);

/* The value of the cookie `name` in a Cookie header; empty when there is none. */
struct tb_str tb_cookie_find(struct tb_str header, const char *name);

#endif
