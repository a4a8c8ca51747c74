// SPDX-License-Identifier: Apache-2.0
/* base/ids.h - numbers as the outside sees them: "mbr_4ZQ9M1T0A7KXD".
 *
 * A prefix that names the kind, then 13 characters of Crockford's base 32: the number
 * enciphered by a keyed bijection (a Feistel network of four rounds), with
 * tenant and kind in the key. So an id tells neither how many there are nor which came
 * first, and an id of another tenant or kind, or a guessed one, decodes to a number that
 * nobody has (all but 1 in 2^31 guesses are refused here already).
 * Invariant  print and parse are inverse for 1 .. TB_ID_NUMBER_MAX.
 * Not a secret: whoever has the key can count.
 * Parsing takes lower case too, but not Crockford's look-alikes (O for 0): one id has one
 * spelling but for case.                                                                */
#ifndef TB_BASE_IDS_H
#define TB_BASE_IDS_H

#include "base/siphash.h"

enum tb_id_kind {
    TB_ID_MEMBER = 0, /* mbr_: a profile, and so the person that it belongs to */
    TB_ID_ORDER,      /* ord_ */
    TB_ID_HOLD,       /* hld_ */
    TB_ID_TRANSFER,   /* trf_ */
    TB_ID_RETURN,     /* ret_ */
    TB_ID_DEVICE,     /* dev_ */
    TB_ID_LOT,        /* lot_ */
    TB_ID_BASKET,     /* bsk_ */
    TB_ID_OFFER,      /* ofr_: one version of a campaign */
    TB_ID_COUPON,     /* cpn_: its lot */
    TB_ID_PACKET,     /* pkt_ */
    TB_ID_EXCHANGE,   /* exc_: in the mall */
    TB_ID_GIFT,       /* gft_ */
    TB_ID_REQUEST,    /* req_: waits for a second person */
    TB_ID_CARD,       /* crd_: a gift card that was sold; tells nothing of its code */
    TB_ID_KINDS
};

#define TB_ID_BYTES 17u /* without a terminating zero */
/* Numbers inside are 63 bits; those of members are 32. */
#define TB_ID_NUMBER_MAX INT64_MAX

/* number: 1 .. TB_ID_NUMBER_MAX (asserted). */
void tb_id_print(const struct tb_hash_key *key, enum tb_id_kind kind, uint32_t tenant,
                 uint64_t number, char out[TB_ID_BYTES]);
/* False: another prefix, length or alphabet, or a number that is never given. */
TB_MUST_USE bool tb_id_parse(const struct tb_hash_key *key, enum tb_id_kind kind, uint32_t tenant,
                             struct tb_str text, uint64_t *number);

#endif
