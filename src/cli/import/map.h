// SPDX-License-Identifier: Apache-2.0
/* cli/import/map.h - what a map file says, compiled. docs/import.md is its manual.
 *
 * A map is strict JSON: an unknown field, a wrong type or an impossible combination is
 * refused with the field's path, before anything is read or written.
 *
 * Ownership  the map owns its memory (one arena); rows and commands borrow from it.
 * Threads    read-only after tb_import_map_load but for `setup` inputs and resolved numbers,
 *            which the import that owns the map fills.                                   */
#ifndef TB_CLI_IMPORT_MAP_H
#define TB_CLI_IMPORT_MAP_H

#include "base/num.h"
#include "cli/import/rows.h"
#include "core/catalog/catalog.h"
#include "http/json.h"

enum tb_import_kind { TB_IMPORT_ORDERS = 0, TB_IMPORT_MEMBERS, TB_IMPORT_PRODUCTS, TB_IMPORT_CONTACTS };

/* Conditions with a name: the reason. */
struct tb_map_rule {
    struct tb_condition *when;
    uint32_t when_n;
    struct tb_str reason;
};

struct tb_map_identifier {
    struct tb_str ns;
    struct tb_template value;
    bool verified;
    uint32_t id;     /* resolved: namespace block */
    uint32_t normaliser;
};
#define TB_MAP_IDENTIFIERS_MAX 8u

struct tb_map_attribute {
    struct tb_str code;
    struct tb_template value;
    struct tb_time_spec time; /* types date and time */
    struct tb_condition *when;
    uint32_t when_n;
    uint32_t id; /* resolved */
    uint32_t type;
    const struct tb_str *choice; /* resolved, CHOICE */
    uint32_t choice_n;
};
#define TB_MAP_ATTRIBUTES_MAX 32u

struct tb_map_consent {
    struct tb_str purpose;
    struct tb_template proof;
    struct tb_condition *when;
    uint32_t when_n;
    uint32_t channel;
    uint32_t state; /* enum tb_consent_state */
    uint32_t text_version;
    uint32_t id; /* resolved */
};
#define TB_MAP_CONSENTS_MAX 16u

struct tb_map_put {
    uint32_t op;
    const void *input;
    struct tb_str code;
};
#define TB_MAP_PUTS_MAX 256u

struct tb_import_map {
    enum tb_import_kind kind;
    struct tb_str tenant;
    struct tb_str country; /* for phones without one; zero-terminated */
    const struct tb_cmd_tenant_put *tenant_put; /* NULL: the tenant must be there */
    struct tb_map_put put[TB_MAP_PUTS_MAX];
    uint32_t put_n;

    struct tb_rows_spec rows;
    struct tb_slots slots;
    struct tb_map_rule *reject;
    uint32_t reject_n;
    struct tb_map_rule *ignore;
    uint32_t ignore_n;

    struct tb_map_identifier identifier[TB_MAP_IDENTIFIERS_MAX];
    uint32_t identifier_n;
    struct tb_time_spec occurred;
    struct tb_template touchpoint;
    struct tb_template store;
    struct tb_template associate;
    bool enrols;
    struct tb_condition *enrol_when;
    uint32_t enrol_when_n;
    uint32_t enrol_terms;
    struct tb_time_spec enrol_at; /* not given: occurred */

    /* orders */
    struct tb_template key;   /* rows with one key are one order */
    uint32_t group_window;    /* rows that a group stays open after its last one */
    struct tb_template receipt;
    struct tb_template till;
    struct tb_template sku;
    struct tb_template quantity;
    struct tb_template price; /* of one; or: */
    struct tb_template net;   /* of the line */
    enum tb_rounding rounding;
    bool has_tender;
    uint32_t tender;
    bool cancels;
    struct tb_condition *cancel_when;
    uint32_t cancel_when_n;

    /* members */
    struct tb_map_attribute attribute[TB_MAP_ATTRIBUTES_MAX];
    uint32_t attribute_n;
    struct tb_map_consent consent[TB_MAP_CONSENTS_MAX];
    uint32_t consent_n;

    /* products */
    struct tb_template code, name, category, brand, barcode;
    struct tb_template list_price, cost;

    uint64_t hash; /* of the file's bytes */
    struct tb_arena arena;
};

/* NULL with a sentence in fault. */
struct tb_import_map *tb_import_map_load(const char *path, enum tb_import_kind kind, struct tb_fault *fault);
void tb_import_map_free(struct tb_import_map *m);

/* map_setup.c: reads "setup" and "tenant" into puts. */
struct tb_map_reading {
    struct tb_import_map *map;
    struct tb_json_read *read;
    struct tb_fault *fault; /* for what JSON alone cannot judge */
};
void tb_map_read_setup(struct tb_map_reading *r, struct tb_json_object *root);
void *tb_map_new(struct tb_map_reading *r, size_t n, size_t size);

#endif
