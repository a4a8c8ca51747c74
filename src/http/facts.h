// SPDX-License-Identifier: Apache-2.0
/* http/facts.h - what the border knows of a tenant's configuration: codes and numbers.
 *
 * Only what never changes is kept (a code, a namespace's normaliser, an attribute's type)
 * or what only grows (choices, tiers), so nothing here can be out of date; what is not
 * known is asked of the cell (work.h) and learnt. Bounded: 2 x 65,536 places, a newer
 * object takes the place of an older one.
 * Threads     any. Readers take no lock: between tb_facts_enter and tb_facts_leave what
 *             they were given stays; a replaced object is freed when every reader that was
 *             inside has left (epochs: Fraser 2004).                                      */
#ifndef TB_HTTP_FACTS_H
#define TB_HTTP_FACTS_H

#include "core/kinds.h"

#define TB_KNOWN_PARTS_MAX 256u

struct tb_known {
    uint32_t tenant; /* of a tenant: itself */
    uint32_t id;
    uint8_t kind;        /* enum tb_kind */
    uint8_t class_no;    /* namespace: enum tb_namespace_class */
    uint8_t normaliser;  /* namespace: enum tb_normaliser */
    uint8_t hashed_only; /* namespace */
    uint8_t type;        /* attribute: enum tb_attribute_type; unit: enum tb_unit_kind */
    uint8_t personal;    /* attribute */
    uint32_t part_n;
    struct tb_str code;
    const struct tb_str *part; /* attribute: choices; scheme: codes of tiers */
};

struct tb_facts;
TB_MUST_USE struct tb_facts *tb_facts_create(void); /* NULL: out of memory */
void tb_facts_destroy(struct tb_facts *f);

void tb_facts_enter(void);
void tb_facts_leave(void);
/* For others who replace what readers may hold: stamp what was unlinked, free it when its
 * stamp has passed.                                                                     */
uint64_t tb_facts_epoch(void);
bool tb_facts_passed(uint64_t stamp);
/* NULL: not known here (perhaps it does not exist). Only between enter and leave. */
const struct tb_known *tb_facts_code(const struct tb_facts *f, uint32_t tenant, enum tb_kind kind,
                                     struct tb_str code);
const struct tb_known *tb_facts_id(const struct tb_facts *f, enum tb_kind kind, uint64_t id);
/* Takes a packed block of the catalog. False: it does not unpack, or no memory. Not
 * between enter and leave (it may wait for readers only in the sense of keeping memory). */
bool tb_facts_learn(struct tb_facts *f, enum tb_kind kind, uint64_t id, struct tb_str packed);

/* ---- packed blocks --------------------------------------------------------------------- */

/* A packed block, unpacked into an arena: head and sections as the structs of its kind. */
struct tb_view {
    const void *head;
    const void *section[TB_SECTIONS_MAX];
    uint32_t n[TB_SECTIONS_MAX];
};
TB_MUST_USE bool tb_view_read(enum tb_kind kind, struct tb_str packed, struct tb_arena *a,
                              struct tb_view *out);
/* The same with memory of its own, for blocks that may be larger than a request's arena. *region: for
 * the caller to free, in either case.                                                             */
TB_MUST_USE bool tb_view_read_apart(enum tb_kind kind, struct tb_str packed, void **region, struct tb_view *out);
struct tb_text;
/* A text of a configuration block. */
struct tb_str tb_view_text(const struct tb_view *v, struct tb_text text);

#endif
