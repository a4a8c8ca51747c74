// SPDX-License-Identifier: Apache-2.0
/* http/inbox.c - where the demonstration's one-time codes arrive instead of a phone: the newest
 * sixteen, in memory, shown to everybody. It exists only when the server was told to have one;
 * a shop that sends real messages never has it.                                           */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "http/people.h"

#define LETTERS 16u

struct letter {
    int64_t at_ms; /* 0: none */
    char tenant[TB_CODE_MAX];
    uint32_t tenant_n;
    char phone[32];
    uint32_t phone_n;
    char digits[7];
};

struct tb_inbox {
    pthread_mutex_t lock;
    uint32_t next;
    struct letter letter[LETTERS];
};

struct tb_inbox *tb_inbox_create(void)
{
    struct tb_inbox *i = calloc(1, sizeof *i);
    if (i != NULL)
        (void)pthread_mutex_init(&i->lock, NULL);
    return i;
}

void tb_inbox_destroy(struct tb_inbox *i)
{
    if (i != NULL)
        (void)pthread_mutex_destroy(&i->lock);
    free(i);
}

void tb_inbox_add(struct tb_inbox *i, struct tb_str tenant, struct tb_str phone, const char *digits,
                  int64_t now_ms)
{
    (void)pthread_mutex_lock(&i->lock);
    struct letter *l = &i->letter[i->next++ % LETTERS];
    *l = (struct letter){.at_ms = now_ms};
    l->tenant_n = tenant.n < sizeof l->tenant ? tenant.n : sizeof l->tenant;
    memcpy(l->tenant, tenant.p, l->tenant_n);
    l->phone_n = phone.n < sizeof l->phone ? phone.n : sizeof l->phone;
    memcpy(l->phone, phone.p, l->phone_n);
    memcpy(l->digits, digits, sizeof l->digits);
    (void)pthread_mutex_unlock(&i->lock);
}

void tb_inbox_print(struct tb_inbox *i, struct tb_json_out *o)
{
    tb_json_out_open(o, '{');
    tb_json_out_key_open(o, "items", '[');
    (void)pthread_mutex_lock(&i->lock);
    for (uint32_t k = 1; k <= LETTERS; k++) {
        const struct letter *l = &i->letter[(i->next - k) % LETTERS];
        if (l->at_ms == 0)
            continue;
        tb_json_out_open(o, '{');
        tb_json_out_key_str(o, "tenant", (struct tb_str){l->tenant, l->tenant_n});
        tb_json_out_key_str(o, "to", (struct tb_str){l->phone, l->phone_n});
        tb_json_out_key_str(o, "code", tb_str_of(l->digits));
        tb_json_out_key_time(o, "at", l->at_ms);
        tb_json_out_close(o, '}');
    }
    (void)pthread_mutex_unlock(&i->lock);
    tb_json_out_close(o, ']');
    tb_json_out_close(o, '}');
}
