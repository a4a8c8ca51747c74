// SPDX-License-Identifier: Apache-2.0
/* core/code/code.h - one item, one code: batches, binding, packing, scans.
 *
 * A batch is a number of serials, printed before anybody knows what they will be on. Core sees
 * (batch, serial) alone; the border turns that into symbols and back (border/code/serial.h).
 *
 *   blank -> bound -> active -> scanned -> redeemed         void and frozen from any of them
 *
 * Blank, bound and active, frozen, void and packed are ranges, kept as runs: a batch that was
 * treated alike costs the same for ten codes and for a billion. Scanned and redeemed are sets
 * of single codes, kept as compressed bitmaps of 4,096 serials (bits.h). Where, when and by
 * whom a code was scanned first stands in blocks of 256 serials that leave memory with age.
 *
 * Memory     a batch nobody touched: one block, under 1 KB for any number of codes, and so
 *            after binding or activating it whole. A run: 16 bytes. A piece of 4,096 with a
 *            scanned code: about 200 bytes and at most 512 a set; dense, under 2 bits a
 *            redeemed code. A scanned code: 24 bytes more until its block goes cold.
 * Limits     below. Pure; the cell's thread alone; inputs are borrowed for the call.
 * Not here   symbols and keys (border/code), what a scan is worth (the play room: it calls
 *            tb_code_scanned, then books, then tb_code_redeem).                            */
#ifndef TB_CORE_CODE_CODE_H
#define TB_CORE_CODE_CODE_H

#include "core/catalog/catalog.h"
#include "core/identity/identity.h"

/* ---- bounds ------------------------------------------------------------------------------ */

#define TB_CODE_BATCHES_MAX 100000u           /* a tenant's */
#define TB_CODE_SERIALS_MAX UINT64_C(4294967295) /* a batch's */
#define TB_CODE_LEVELS_MAX 4u                 /* 0 item, 1 carton, 2 pallet ... */
#define TB_CODE_PAGES_MAX 30000u  /* of runs in a batch: 4 to 8 million runs */
#define TB_CODE_RUNS_MAX 4000u    /* that one command may change or reach */
#define TB_CODE_CHILD_RUNS_MAX 4000u /* in one package */
#define TB_CODE_FIELD_MAX 64u     /* bytes of a binding's campaign and lot */
/* Wrong codes after which the answer is SCAN_LIMITED until the window is over, unless the tenant
 * has limits of its own (struct tb_tenant guess_caller, guess_tenant). A wrong code is whatever
 * is not in force. Over the tenant's limit only persons known before may scan.     */
#define TB_GUESS_WINDOW_MS INT64_C(3600000)
#define TB_GUESS_CALLER_MAX 10u
#define TB_GUESS_TENANT_MAX 10000u
#define TB_GUESS_CALLERS 1024u /* remembered a tenant: the newest windows */

/* ---- blocks ------------------------------------------------------------------------------ */

enum tb_code_scene {
    TB_SCENE_OUTSIDE = 0, /* on the item; anybody in the shop can see it */
    TB_SCENE_INSIDE,      /* inside the cap or under the scratch layer: whoever bought it */
    TB_SCENE_CARTON,
    TB_SCENE_RECEIPT,
    TB_SCENE_STORE,     /* on the wall of a store: scanned by everybody, credits the store */
    TB_SCENE_ASSOCIATE, /* likewise an associate's */
};
#define TB_CODE_SCENES 6u

enum tb_code_state { TB_CODE_IS_BLANK = 0, TB_CODE_IS_BOUND, TB_CODE_IS_ACTIVE };
enum tb_code_mark { TB_CODE_IS_FROZEN = 1, TB_CODE_IS_VOID = 2 }; /* bits */

/* Kind CODE_BATCH: a configuration object. Its number is the batch in the code. */
struct tb_code_batch {
    struct tb_config c;
    uint64_t count; /* serials 0 .. count - 1 */
    uint32_t root;  /* page; 0 = every serial is blank */
    uint32_t pages;
    uint8_t scene; /* enum tb_code_scene */
    uint8_t level; /* of packing */
    uint16_t divert_persons; /* an alarm wants that many different persons ... */
    uint32_t divert_scans;   /* ... and that many scans outside of the bound region; 0 = none */
    uint32_t divert_days;    /* within that time */
    uint32_t reserved;
    int64_t created_ms;
    uint64_t scans; /* of codes in force */
    uint64_t firsts; /* codes scanned */
    uint64_t redeemed;
    uint64_t outside; /* scans outside of the bound region */
    uint64_t alarms;
};
enum tb_code_batch_section { TB_CODE_BATCH_BYTES = TB_CONFIG_BYTES, TB_CODE_BATCH_SECTIONS };

/* Kind CODE_PAGE: a leaf of runs, or the one root above leaves. */
struct tb_code_page {
    uint32_t batch;
    uint32_t zero;
};
enum tb_code_page_section { TB_CODE_PAGE_RUN = 0, TB_CODE_PAGE_CHILD, TB_CODE_PAGE_SECTIONS };

/* Serials from here to the next run, or to the end of the batch. Neighbours in a page differ. */
struct tb_code_run {
    uint32_t from;
    uint32_t binding; /* 0 = none */
    uint32_t package; /* that they are packed in, 0 = none */
    uint8_t state;    /* enum tb_code_state */
    uint8_t marks;    /* enum tb_code_mark */
    uint16_t zero;
};
struct tb_code_child {
    uint32_t from;
    uint32_t page;
};

/* Scans outside of the region; since_ms 0 = none. */
struct tb_code_outside {
    int64_t since_ms; /* of the running window */
    int64_t alarm_ms; /* newest alarm, 0 = none */
    uint32_t scans;
    uint32_t persons; /* different ones, to TB_CODE_OUTSIDE_PERSONS */
    uint32_t profile[8];
};
#define TB_CODE_OUTSIDE_PERSONS 8u

/* Kind CODE_BINDING: what codes are on. Equal ones are one block; never changed. */
struct tb_code_binding {
    uint32_t tenant;
    uint32_t product;
    uint32_t store; /* credited */
    uint32_t associate;
    struct tb_text region; /* "cn/south/guangdong": where it is meant to be sold */
    struct tb_text campaign;
    struct tb_text lot;
    int64_t made_ms;
    struct tb_code_outside outside; /* of codes that are not packed */
};
enum tb_code_binding_section { TB_CODE_BINDING_BYTES = 0, TB_CODE_BINDING_SECTIONS };

/* Kind CODE_PACKAGE: a carton or pallet that was packed. */
struct tb_code_package {
    uint32_t tenant;
    uint32_t batch; /* its own code */
    uint32_t serial;
    uint32_t level;
    uint32_t store; /* that received it: credited when its items are scanned */
    uint32_t associate;
    int64_t received_ms;
    int64_t packed_ms;
    struct tb_code_outside outside;
};
enum tb_code_package_section { TB_CODE_PACKAGE_CHILD = 0, TB_CODE_PACKAGE_SECTIONS };
struct tb_code_children { /* sorted by batch, from; neighbours are joined */
    uint32_t batch;
    uint32_t from;
    uint32_t n;
    uint32_t zero;
};

/* Kind CODE_SET: what was scanned and redeemed of serials piece * 4096 .. + 4095. */
struct tb_code_set {
    uint32_t batch;
    uint32_t piece;
    uint16_t scanned_n; /* and not redeemed */
    uint16_t redeemed_n;
    uint8_t scanned_form; /* enum tb_bits_form */
    uint8_t redeemed_form;
    uint16_t scanned_runs; /* neighbours that are members together */
    uint32_t first[16]; /* CODE_FIRST block by (serial >> 8) & 15; 0 = none was scanned */
    uint16_t redeemed_runs;
    uint16_t zero[3];
};
enum tb_code_set_section { TB_CODE_SET_SCANNED = 0, TB_CODE_SET_REDEEMED, TB_CODE_SET_SECTIONS };

/* Kind CODE_FIRST, sparse: first scans of serials piece * 256 .. + 255. */
struct tb_code_firsts {
    uint32_t batch;
    uint32_t piece;
};
enum tb_code_firsts_section { TB_CODE_FIRSTS_SCAN = 0, TB_CODE_FIRSTS_SECTIONS };
struct tb_code_first { /* sorted by serial */
    uint32_t at_s;     /* seconds since 1970 */
    uint32_t profile;  /* 0 = nobody was recognised */
    uint32_t store;    /* of the scan */
    uint32_t touchpoint;
    uint32_t scans; /* so far, this one too */
    uint8_t serial; /* its low 8 bits */
    uint8_t flags;  /* 1: a later scan was another person's */
    uint16_t zero;
};

/* Kind CODE_GUESS: wrong codes. Number of a tenant: (tenant - 1) * 32 + 1 its totals, then 16
 * blocks of callers.                                                                        */
struct tb_code_guess {
    uint32_t tenant;
    uint32_t misses; /* totals alone */
    int64_t since_ms;
};
enum tb_code_guess_section { TB_CODE_GUESS_CALLER = 0, TB_CODE_GUESS_SECTIONS };
struct tb_code_caller { /* sorted by caller */
    uint64_t caller;
    int64_t since_ms;
    uint32_t misses;
    uint32_t zero;
};

/* ---- commands ------------------------------------------------------------------------------ */

struct tb_code_ref {
    uint32_t batch;
    uint32_t serial;
};

/* Either a range of a batch or, n 0, a code with everything packed in it. */
struct tb_code_target {
    struct tb_str batch; /* code of the batch */
    uint64_t from;
    uint64_t n;
    struct tb_code_ref parent; /* when n is 0 */
};

/* CODE_BATCH_PUT: a put (core/catalog/commands.h) with its answer. scene and level stay as
 * they were; count never falls; new serials are blank. INVALID, TOO_MANY as every put.      */
struct tb_cmd_code_batch_put {
    struct tb_put put;
    struct tb_str name;
    int64_t scene;
    int64_t level; /* 0 .. TB_CODE_LEVELS_MAX - 1 */
    int64_t count; /* 1 .. TB_CODE_SERIALS_MAX */
    int64_t divert_scans;   /* 0 = no alarms */
    int64_t divert_persons; /* 1 .. TB_CODE_OUTSIDE_PERSONS */
    int64_t divert_days;    /* 1 .. 366 */
};

/* CODES_BIND: blank codes get their meaning, all of them or none. Answer body: 1 binding,
 * 2 codes bound, 3 runs. Refusals in order: NOT_FOUND (batch), UNKNOWN_CODE (parent, or a
 * range outside of the batch), UNKNOWN_PRODUCT, UNKNOWN_STORE, UNKNOWN_ASSOCIATE, INVALID
 * (a text), TOO_MANY, CODE_VOID, CODE_BOUND (one is not blank).                             */
struct tb_cmd_codes_bind {
    struct tb_code_target target;
    struct tb_str product; /* codes of objects; all may be empty, not all of them */
    struct tb_str store;
    struct tb_str associate;
    struct tb_str region;
    struct tb_str campaign;
    struct tb_str lot;
    bool activate;
};

enum tb_code_verb { TB_CODE_ACTIVATE = 1, TB_CODE_FREEZE, TB_CODE_THAW, TB_CODE_VOID_FOR_GOOD };

/* CODES_MOVE. What is as wanted already stays so. Answer body: 2 codes reached, 3 runs.
 * Refusals: INVALID (verb), REASON_REQUIRED (all but ACTIVATE), NOT_FOUND, UNKNOWN_CODE,
 * TOO_MANY, CODE_VOID (of ACTIVATE, FREEZE, THAW), CODE_NOT_BOUND (of ACTIVATE).            */
struct tb_cmd_codes_move {
    struct tb_code_target target;
    uint32_t verb; /* enum tb_code_verb */
    struct tb_str reason;
};

/* CODES_PACK: puts codes into a carton, cartons into a pallet. The package may have children
 * already. Answer body: 1 package, 2 children now. Refusals: INVALID (no child), UNKNOWN_CODE,
 * CODE_VOID, INVALID (a child's level is not below the package's), CODE_PACKED, TOO_MANY.   */
struct tb_cmd_codes_pack {
    struct tb_code_ref parent;
    const struct tb_code_children *child;
    uint32_t child_n;
};
/* CODES_UNPACK: takes children out; child_n 0 = all. Answer as of PACK. Refusals:
 * UNKNOWN_CODE, CODE_NOT_PACKED (the parent has no children, or one is not in it), TOO_MANY. */
struct tb_cmd_codes_unpack {
    struct tb_code_ref parent;
    const struct tb_code_children *child;
    uint32_t child_n;
};
/* CODE_REPLACE: a damaged label. The new code takes the old one's binding, state, place and
 * contents; the old one is void. Refusals: REASON_REQUIRED, UNKNOWN_CODE, INVALID (same code,
 * or the batches' levels differ), CODE_VOID, CODE_FROZEN, CODE_SCANNED (old), CODE_BOUND (new
 * is not blank), CODE_PACKED (new is), TOO_MANY.                                            */
struct tb_cmd_code_replace {
    struct tb_code_ref old;
    struct tb_code_ref fresh;
    struct tb_str reason;
};
/* CODES_RECEIVE: a store takes a package in; from now on it is credited for the items'
 * scans. Refusals: UNKNOWN_CODE, CODE_VOID, CODE_NOT_PACKED (it has no children),
 * UNKNOWN_STORE, UNKNOWN_ASSOCIATE.                                                         */
struct tb_cmd_codes_receive {
    struct tb_code_ref parent;
    struct tb_str store; /* code */
    struct tb_str associate;
};

/* ---- scans -------------------------------------------------------------------------------- */

/* In order of precedence. */
enum tb_scan_verdict {
    TB_SCAN_VOID = 1, /* was active, then withdrawn */
    TB_SCAN_FROZEN,
    TB_SCAN_OPEN,   /* a store's or associate's code: genuine, for everybody */
    TB_SCAN_FIRST,  /* genuine, nobody scanned it before */
    TB_SCAN_AGAIN,  /* seen before, first by the same person */
    TB_SCAN_OTHERS, /* seen before, first by somebody else, or by or for somebody unknown */
};
#define TB_SCAN_VERDICTS 7u

/* CODE_SCAN. Answer body:
 *   1 enum tb_scan_verdict      2 id of the person, 0 = none    3 profile     4 1 = new person
 *   5 first_ms                  6 store of the first scan       7 its touchpoint
 *   8 scans so far              9 binding                      10 product    11 campaign (text)
 *  12 store credited           13 associate credited           14 1 = redeemed
 *  15 1 = outside of the region it was bound to                16 1 = this scan gave an alarm
 *  17 batch                    18 serial                       19 scene      20 package
 * and behind them what it gave (core/play/play.h; field 14 then stands once more).
 * Refusals in order: INVALID (region), UNKNOWN_TOUCHPOINT, UNKNOWN_STORE, TIME_IN_FUTURE, TIME_TOO_OLD,
 * SCAN_LIMITED; UNKNOWN_CODE for whatever is not in force - never printed, blank, not
 * activated - with a record (the outcome is DONE); then those of CONTACT when identifiers were
 * given, UNKNOWN_MEMBER and ERASED when a member was. Nobody is made a person by a wrong code. */
struct tb_cmd_code_scan {
    struct tb_code_ref code;
    uint64_t caller; /* fingerprint of who asks: device, account or address; 0 = unknown */
    const struct tb_identifier *identifier;
    uint32_t identifier_n;
    uint64_t member; /* instead of identifiers: a profile of who signed in; 0 = none */
    int64_t occurred_ms;
    struct tb_str touchpoint; /* codes, may be empty */
    struct tb_str store;
    struct tb_str region; /* where the shopper is; empty = the store's */
};

/* What a scan found; texts are the state's, valid until the next event. */
struct tb_code_facts {
    struct tb_code_ref code;
    enum tb_scan_verdict verdict;
    struct tb_resolved who;
    struct tb_code_first first; /* OPEN, VOID, FROZEN: zeros */
    uint32_t scene;
    uint32_t binding;
    uint32_t product;
    struct tb_str campaign;
    struct tb_str lot;
    struct tb_str region; /* of the shopper, else where the code is meant to be sold */
    uint32_t package; /* nearest, 0 = none */
    uint32_t credit_store;
    uint32_t credit_associate;
    bool redeemed;
    bool outside;
    bool alarm;
};

/* The whole of a scan but its answer: for the play room, inside a command of its own. DONE
 * with a->code OK: facts are filled; with UNKNOWN_CODE: a wrong code, recorded.             */
enum tb_outcome tb_code_scanned(struct tb_txn *t, const struct tb_cmd_code_scan *in,
                                struct tb_code_facts *facts, struct tb_answer *a);
/* Writes fields 1 .. 20 of the answer. */
void tb_code_tell(struct tb_txn *t, const struct tb_code_facts *f, struct tb_buf *out);
/* Redeems a scanned code once and for all. OK, UNKNOWN_CODE, CODE_VOID, CODE_FROZEN,
 * CODE_NOT_SCANNED, CODE_REDEEMED.                                                          */
enum tb_code tb_code_redeem(struct tb_txn *t, struct tb_code_ref code, uint32_t profile);

/* CODE_REDEEM: by hand, without a campaign. Refusals: those of tb_code_redeem, then
 * UNKNOWN_MEMBER, ERASED.                                                                   */
struct tb_cmd_code_redeem {
    struct tb_code_ref code;
    struct tb_who who; /* may be nobody */
};

/* CODE_GET (read), for staff. Answer body: 1 batch, 2 serial, 3 enum tb_code_state, 4 marks,
 * 5 binding, 6 product, 7 store, 8 associate, 9 region, 10 campaign, 11 lot, 12 packages it
 * is in {1 package, 2 batch, 3 serial, 4 store} from the nearest, 13 children when it is a
 * package, 14 1 = scanned, 15 1 = redeemed, 16 first_ms, 17 profile, 18 store, 19 touchpoint,
 * 20 scans, 21 1 = by another person too. Refusal: UNKNOWN_CODE (never printed).            */
struct tb_cmd_code_get {
    struct tb_code_ref code;
};
/* CODE_BATCH_GET (read). Answer body: 1 number, 2 packed block, 3 runs {1 from, 2 n, 3 state,
 * 4 marks, 5 binding, 6 package} from in->from on, at most 500, 4 serial to go on with, 0 = all
 * were told. Refusal: NOT_FOUND.                                                            */
struct tb_cmd_code_batch_get {
    struct tb_str batch;
    uint64_t from;
};

/* ---- for the engine and core.c -------------------------------------------------------------- */

/* Start-up: a block of this room came from the SQL state; fills the maps. */
void tb_code_index(struct tb_core *c, struct tb_block *b);
/* Touches what a scan will read; as tb_core_prefetch. */
void tb_code_prefetch(const struct tb_store *s, const struct tb_cmd_code_scan *in, uint32_t tenant,
                      uint32_t pass);
/* tb_core_check: every invariant of this room. */
void tb_code_check(struct tb_audit *a);

#endif
