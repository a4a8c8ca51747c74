// SPDX-License-Identifier: Apache-2.0
/* core/checkout/show.c - offers were shown: what a quote, being a read, cannot put on record. */
#include "core/checkout/checkout_int.h"

void tb_checkout_expose_all(struct tb_checkout *c)
{
    struct tb_promotion_ask ask = tb_checkout_ask(c);
    struct tb_promotion_set set;
    tb_promotion_eligible(c->t, &ask, &set);
    tb_promotion_show(c->t, &set, c->who.profile, c->facts.store, c->facts.touchpoint);
    c->set = set;
}

enum tb_outcome tb_checkout_show(struct tb_txn *t, const struct tb_command *cmd, struct tb_answer *a)
{
    struct tb_checkout c;
    enum tb_outcome outcome = tb_checkout_begin(&c, t, cmd, cmd->input, a);
    if (outcome == TB_DONE)
        outcome = tb_checkout_look(&c);
    if (outcome != TB_DONE)
        return outcome;
    tb_checkout_expose_all(&c);
    if (c.who.person)
        tb_wire_put_uint(&a->body, 1, tb_person_id(tb_read(t, TB_KIND_PERSON, c.who.person)));
    tb_wire_put_uint(&a->body, 2, c.set.n);
    return TB_DONE;
}
