// SPDX-License-Identifier: Apache-2.0
/* sim/sim.h - the demonstration retailer and its shoppers, generated.
 *
 * Two tenants: helin (禾邻生活, a chain of 24 stores in three cities) and chengdian (澄电, a
 * mouse and keyboard brand). The generator knows the truth - who owns which phone, card, WeChat
 * account and device, what everybody likes, who buys for whom - and tells the product only what
 * tills, probes and mini-programs would have seen. A year of it ends at options.now_ms; after
 * that the same world goes on live.
 *
 *   create .. next .. next (NULL: the year is over) .. live .. live .. destroy
 *
 * What it gives is a wave: commands in order of time, with inputs of core. Before the next wave
 * is asked for, every command of this one must have its answer, because later waves name what
 * earlier ones made; answers go to tb_sim_answered (holds are posted by their number; who does
 * not report them gets a year without redemptions).
 *
 * Invariants   the same options give the same waves, byte for byte, if the border gives the
 *              same numbers. A command is never given before it happened: at_ms >= the
 *              input's occurred time (they differ for late receipts), and at_ms rises.
 * Counts       at divide 1: 12,000 persons seen, 4,000 who follow the account in the end, 2,000
 *              members (150 of them anonymous cards), 260 households with a baby; at
 *              divide n a n-th of it. tb_sim_census says what was made.
 * Ownership    the sim owns waves and inputs until the next call of next or live.
 * Threads      one at a time. No clock, chance or I/O of its own; memory: malloc at create.
 * Claims       what reports show of this world follows from the tastes it was given. It
 *              demonstrates; it proves no effect.
 * Not here     running the commands (sim/load.h), files.                                     */
#ifndef TB_SIM_SIM_H
#define TB_SIM_SIM_H

#include "core/catalog/commands.h"
#include "core/core.h"
#include "core/identity/identity.h"

#define TB_SIM_DAYS 365u /* of history, before the day of now_ms */
#define TB_SIM_DIVIDE_MAX 60u /* smaller there would be too few members for the scenes */
#define TB_SIM_SEED UINT64_C(20260808) /* what ./run shows everywhere */

struct tb_sim_options {
    uint64_t seed;
    int64_t now_ms;        /* where the history ends; > 2020 (asserted) */
    uint32_t divide;       /* 1 = the whole retailer, 20 = a twentieth for tests; 0 = 1, above
                              TB_SIM_DIVIDE_MAX = that */
    uint32_t wave_minutes; /* simulated time in a wave; 0 = 180, at most 1440 (asserted) */
};

/* What stands between plain values and core; the functions of border/open.h fit. */
struct tb_sim_border {
    void *user;
    /* Number of the object with that code, 0 = there is none. tenant 0: tenants. */
    uint32_t (*find)(void *user, uint32_t tenant, enum tb_kind kind, struct tb_str code);
    /* Normalises (appended to out) and makes the blind key. False: the value is impossible or
     * identifies nobody, and is left out as a door would leave it out.                     */
    bool (*identifier)(void *user, uint32_t tenant, uint32_t ns, enum tb_normaliser normaliser,
                       struct tb_str given, struct tb_buf *out, uint64_t key[2]);
};

/* An identifier as the outside would send it. */
struct tb_sim_plain {
    struct tb_str ns;
    struct tb_str value;
    bool verified;
};

struct tb_sim_command {
    struct tb_command command; /* op, tenant, input */
    int64_t at_ms;             /* when the command comes in */
    uint32_t ticket;           /* the sim's: which hold the answer is about; 0 = none */
    uint32_t plain_n;
    const struct tb_sim_plain *plain; /* the input's identifiers, for tb_sim_print */
    struct tb_str touchpoint;         /* code; "" = none */
};

struct tb_sim_wave {
    const struct tb_sim_command *command;
    uint32_t n;
    int64_t now_ms; /* the clock that these commands want: not before any of them */
};

struct tb_sim;

/* NULL: no memory. border NULL: for printing only (identifiers get no keys, objects no
 * numbers). The border must outlive the sim.                                              */
struct tb_sim *tb_sim_create(const struct tb_sim_options *options, const struct tb_sim_border *border);
void tb_sim_destroy(struct tb_sim *s); /* NULL is fine */

/* The next wave of the history; NULL when it is over. A wave may be empty. The first ones
 * declare tenants, stores, products and rules.                                            */
const struct tb_sim_wave *tb_sim_next(struct tb_sim *s);

/* Some shoppers of the same world at now_ms, and what earlier ones left to do. Works
 * without the history having been asked for, on a cell that holds it: create with the
 * options of that history. now_ms may not go back.                                        */
const struct tb_sim_wave *tb_sim_live(struct tb_sim *s, int64_t now_ms, uint32_t shoppers);

void tb_sim_answered(struct tb_sim *s, const struct tb_sim_command *c, const struct tb_answer *a);

/* The command as a line of POST /v1/bulk, without its line end: {"op":"order","body":{...}}.
 * The tenant is the key's there: print the commands of one. False: the command has no such
 * line (set-up, holds whose number the server gives, roles) or out is full.               */
bool tb_sim_print(const struct tb_sim *s, const struct tb_sim_command *c, struct tb_buf *out);

/* Code of the tenant that the command is for; empty: of none (tenants themselves). */
struct tb_str tb_sim_tenant(const struct tb_sim *s, const struct tb_sim_command *c);

/* What was generated so far. */
struct tb_sim_census {
    uint32_t persons;   /* with at least one contact or purchase */
    uint32_t followers; /* who follow now */
    uint32_t members;
    uint32_t anonymous;
    uint32_t households; /* with a baby, known to the product */
    uint32_t stores;
    uint32_t products;
    uint64_t orders; /* different ones */
    uint64_t orders_known; /* with an identifier */
    uint64_t orders_sent_again;
    uint64_t orders_late;
    uint64_t returns;
    uint64_t channel[4]; /* orders by enum tb_sim_channel */
    uint64_t tender[TB_TENDER_KINDS];
    uint64_t probes; /* given to the product */
    uint64_t probe_visits;
    uint64_t probe_visits_random; /* with an address that the phone made up */
    uint64_t contacts;
    uint64_t dropped; /* probes and contacts with nothing but values that a door drops */
    uint64_t holds;
};
enum tb_sim_channel { TB_SIM_TILL = 0, TB_SIM_MINI_PROGRAM, TB_SIM_DELIVERY, TB_SIM_SCAN_AND_GO };
void tb_sim_census(const struct tb_sim *s, struct tb_sim_census *out);

/* People to meet: who they are and by which identifier they are found. */
struct tb_sim_person_to_meet {
    struct tb_str tenant;
    struct tb_str name; /* "陈妈妈" */
    struct tb_str note; /* one sentence */
    struct tb_sim_plain id;
};
#define TB_SIM_PEOPLE 7u
/* Borrowed until destroy. */
const struct tb_sim_person_to_meet *tb_sim_people(const struct tb_sim *s);

/* The truth, a line of NDJSON for every natural person that was seen:
 *   {"person":7,"kind":"member","household":3,"visits_a_year":41,...,"identifiers":[...]}
 * then the temptations and the recycled numbers. write false stops; so returns false.      */
typedef bool (*tb_sim_write_fn)(void *user, struct tb_str line);
bool tb_sim_truth(const struct tb_sim *s, tb_sim_write_fn write, void *user);

/* Recognition, measured: for every identifier of person scope that was told (phones, unionids,
 * openids, alipay, cards, payment tokens; without the coupon farmer's), who is it?
 * Pairs of identifiers of one natural person are what should be joined.                   */
struct tb_sim_score {
    uint64_t identifiers;
    uint64_t unknown; /* the product knows nobody by it */
    uint64_t pairs_true;     /* of one natural person */
    uint64_t pairs_shown;    /* ... that some chain of contacts told of */
    uint64_t pairs_joined;   /* of one person in the product */
    uint64_t pairs_right;    /* both */
    uint32_t precision_ppm;  /* right / joined */
    uint32_t recall_ppm;     /* right / true */
    uint32_t recall_shown_ppm; /* right / shown: what no product could know is left out */
    uint32_t temptations;    /* pairs of strangers that look like one person */
    uint32_t temptations_taken; /* ... and were made one */
    uint32_t recycled;       /* numbers that changed hands */
    uint32_t recycled_moved; /* ... and lead to the new owner, away from the old one */
};
/* Id of the person whom the product knows by this identifier, 0 = nobody. */
typedef uint64_t (*tb_sim_who_fn)(void *user, uint32_t tenant, const struct tb_identifier *id);
/* False: no memory. Needs the border. */
bool tb_sim_score(struct tb_sim *s, tb_sim_who_fn who, void *user, struct tb_sim_score *out);

#endif
