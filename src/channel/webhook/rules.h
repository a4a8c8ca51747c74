// SPDX-License-Identifier: Apache-2.0
/* channel/webhook/rules.h - what is decided about a delivery, without network and clock.
 *
 * Standard Webhooks 1.0.0: what is signed, the headers, which statuses count, how often
 * and how late it is tried again. Addresses: a webhook's URL is a stranger's word, so that
 * nobody may point it at what only this machine can reach (OWASP: server-side request
 * forgery); names are checked by the address that they lead to, at the moment of connecting.
 * Pure. Any thread.                                                                        */
#ifndef TB_CHANNEL_WEBHOOK_RULES_H
#define TB_CHANNEL_WEBHOOK_RULES_H

#include "base/text.h"

#define TB_WEBHOOK_SECRET_MAX 256u
#define TB_WEBHOOK_ATTEMPTS 10u

/* "v1,<base64 of HMAC-SHA256 over id.timestamp.body>", zero-terminated. secret: "whsec_"
 * and base64 of the key; without that prefix its bytes are the key. False: the base64 is not one,
 * or it does not fit (64 bytes do).                                                        */
TB_MUST_USE bool tb_webhook_sign(struct tb_str secret, struct tb_str id, int64_t timestamp_s,
                                 struct tb_str body, char *out, size_t cap);

/* In order of precedence. */
enum tb_webhook_outcome {
    TB_WEBHOOK_DELIVERED = 0, /* 2xx */
    TB_WEBHOOK_RETRY,         /* no answer, 408, 425, 429, 5xx */
    TB_WEBHOOK_DISABLE,       /* 410: this message and the endpoint are given up */
    TB_WEBHOOK_DEAD,          /* 3xx, other 4xx, a forbidden address: will not get better */
};
/* status 0: there was none. forbidden: the address was refused. */
enum tb_webhook_outcome tb_webhook_judge(long status, bool forbidden);

/* How long to wait after the attempt-th try failed (1 = the first): 5 s, 5 min, 30 min, 2, 5,
 * 10, 14, 20, 24 h, each with full jitter (chance: any number) but no less than a tenth, and
 * no less than what Retry-After asked for (0 = nothing), up to a day. second_ms: 1000; tests
 * make time run faster. 0: there is no next try.                                           */
int64_t tb_webhook_delay_ms(uint32_t attempt, uint64_t chance, int64_t retry_after_s,
                            int64_t second_ms);

struct sockaddr;
/* True for addresses that belong to no public host: loopback, private, link-local (the
 * clouds' metadata), shared, multicast, documentation, and IPv6 forms of them.
 * loopback_ok: a test's receiver on this machine is allowed.                               */
bool tb_webhook_forbidden(const struct sockaddr *a, bool loopback_ok);

#endif
