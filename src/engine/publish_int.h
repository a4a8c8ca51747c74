// SPDX-License-Identifier: Apache-2.0
/* engine/publish_int.h - the parts of publish*.c. Not for other files. */
#ifndef TB_ENGINE_PUBLISH_INT_H
#define TB_ENGINE_PUBLISH_INT_H

#include <stdatomic.h>

#include "engine/aside.h"
#include "engine/entry.h"
#include "engine/publish.h"

/* In the order of publish_tables.c. */
enum publish_table {
    T_PUBLISHED = 0,
    T_TENANTS,
    T_UNITS,
    T_TRIAL_BALANCE,
    T_ROLL_FORWARD,
    T_NAMESPACES,
    T_STORES,
    T_PRODUCTS,
    T_ASSOCIATES,
    T_TOUCHPOINTS,
    T_ATTRIBUTE_DECLARATIONS,
    T_ATTRIBUTE_CHOICES,
    T_PURPOSES,
    T_RULES,
    T_TIER_SCHEMES,
    T_TIERS,
    T_API_KEYS,
    T_WEBHOOKS,
    T_JOBS,
    T_PERSONS,
    T_PROFILES,
    T_BALANCES,
    T_LOTS,
    T_HOLDS,
    T_ATTRIBUTES,
    T_MEMBER_NAMES,
    T_CONSENTS,
    T_MEMBER_TIERS,
    T_ENROLMENTS,
    T_ORDERS,
    T_ORDER_RECEIPTS,
    T_ORDER_LINES,
    T_ORDER_TENDERS,
    T_ORDER_EARNINGS,
    T_RETURNS,
    T_RETURN_LINES,
    T_TRANSFERS,
    T_CONTACTS,
    T_DEVICES,
    T_DEVICE_VISITS,
    T_DEVICE_PERSONS,
    T_CONSENT_RECORDS,
    T_TIER_CHANGES,
    T_MERGES,
    T_REVEALS,
    T_CODE_BATCHES,
    T_CODE_BINDINGS,
    T_CODE_PACKAGES,
    T_CODE_SCANS,
    T_CODE_REDEMPTIONS,
    T_CODE_ALARMS,
    T_MALL_GOODS,
    T_MALL_EXCHANGES,
    T_CARDS,
    T_REQUESTS,
    T_CAMPAIGNS,
    T_OFFERS,
    T_OFFER_FUNDERS,
    T_CAMPAIGN_USES,
    T_CAMPAIGN_BACKTESTS,
    T_COUPONS,
    T_COUPON_LOCKS,
    T_ORDER_EFFECTS,
    T_GAMES,
    T_GAME_PRIZES,
    T_GAME_DRAWS,
    T_GAME_CHECKINS,
    T_GAME_STAMPS,
    T_GAME_TASKS,
    T_SCAN_REWARDS,
    T_PACKETS,
    T_PACKET_CLAIMS,
    PUBLISH_TABLES
};

struct bits {
    uint64_t *word;
    uint64_t words;
    uint64_t n; /* set */
};

struct numbers {
    uint64_t *v;
    uint64_t n;
    uint64_t cap;
};

struct text_chunk {
    struct text_chunk *next;
    size_t used;
    size_t size;
    char bytes[];
};

/* Packed records copied out of a reader. */
struct copied {
    uint8_t *p;
    size_t n;
    size_t cap;
};
struct copied_head {
    uint64_t kind;
    uint64_t id;
    uint64_t n;
    uint64_t tenant;
    uint64_t batch; /* of an image that was put aside; else 0 */
};

enum scan_what { SCAN_NONE = 0, SCAN_PERSONS, SCAN_RECORDS };

/* Of an entry: what is appended, what it says about rows that come from blocks, or both. */
enum entry_part { ENTRY_ALL = 0, ENTRY_NOTES, ENTRY_ROWS };

#define ROWS_ALL UINT64_MAX /* nothing that is appended was put off */
#define LAYOUT 3            /* of the tables: another number publishes all of them anew */

/* In table `published`. */
enum what { WHAT_PERSONS = 1, WHAT_ROWS = 2, WHAT_NAMES = 3 };

struct tb_publish {
    struct tb_publisher face;
    struct tb_publish_options o;
    const struct tb_table *table;  /* [PUBLISH_TABLES], as ensured */
    const struct tb_table *engine; /* TB_TABLE_... */
    struct tb_aside aside;

    /* set for each call */
    struct tb_state *state;
    struct tb_fault *fault;
    enum tb_state_answer answer; /* of the first put that failed */

    struct text_chunk *text; /* what rows borrow until the commit */
    struct tb_arena arena;   /* of one entry's events */
    void *arena_region;
    bool copy_texts; /* entries come out of a reader: their bytes do not stay */
    uint64_t rows;
    uint64_t rows_at_begin;

    struct bits dirty; /* persons with rows to write */
    struct bits full;  /* persons whose every row is to be written */
    struct bits slow;  /* profiles: more than amounts, orders and new lots changed */
    struct bits lots;  /* profiles: lots that were published changed or went */
    struct bits templates; /* units that are coupons */
    bool templates_known;
    struct bits renamed;      /* profiles: an attribute changed, perhaps a name */
    struct bits named;        /* attributes that are names */
    bool named_known;
    uint64_t names_want;      /* which attributes are names, in one number; 0 = none */
    uint64_t names_have;      /* the same of table member_names, as committed */
    uint64_t names_next;      /* the same in the open transaction */
    uint64_t names_scanning;  /* what the scan or the sweep after it brings, while names_busy */
    bool names_busy;
    bool names_put;           /* in the open transaction */
    uint64_t names_sweeps;    /* so many sweeps, and it is there */
    uint64_t *lot_upto; /* per 256 persons: lots up to that one are published */
    uint64_t lot_upto_n;
    uint64_t newest_lot;  /* seen in an event */
    uint32_t quiet_used;  /* of this transaction */
    int64_t marked_ns;    /* the first of the marks */

    bool sweeping;
    uint64_t sweep_at; /* next person */
    int64_t sweep_ns;  /* its beginning */
    int64_t sweep_ms;
    struct tb_checkpoint sweep_from; /* every mark that is older goes with this sweep */
    uint64_t sweep_aside;            /* the generations that it empties */
    uint64_t seen_lot; /* newest in the person's block that was written last */

    /* written in the open transaction; marks go with its commit */
    struct numbers done_persons;
    struct numbers done_profiles;
    struct numbers done_ranges; /* pairs: range, newest lot in it */

    bool started;
    enum scan_what scan;
    uint64_t scan_kind;
    uint64_t scan_id;
    bool rebuild;
    uint64_t scan_after; /* only records of later batches */

    bool late;        /* the checkpoint is behind: put off what can be */
    bool rows_turn;   /* of two things put off, the rows are next */
    int64_t slice;    /* ns; how long the next catch_up may take */
    uint64_t rows_upto; /* committed: entries up to that one have their rows, or ROWS_ALL */
    uint64_t rows_next; /* the same in the open transaction */
    _Atomic int64_t rows_since_ms;    /* when the oldest entry without rows was decided; 0 = none */
    _Atomic int64_t persons_since_ms; /* the same of the oldest mark */

    uint64_t mark_batch; /* in the row of `published` */
    uint64_t mark_next;  /* written, not committed; 0 = none */
    int64_t mark_ns;

    struct tb_state_reader *reader;
    struct copied copied;
    struct tb_pool pool;
    struct tb_regions regions;
    uint64_t persons_written;
    uint64_t sweeps;
    uint64_t put_off;
};

/* ---- rows ------------------------------------------------------------------------------- */

#define ROW_COLUMNS_MAX 32u
struct row {
    struct tb_publish *p;
    const struct tb_table *table;
    uint32_t n;
    struct tb_value v[ROW_COLUMNS_MAX];
};

void row_begin(struct row *r, struct tb_publish *p, enum publish_table t);
void row_i64(struct row *r, int64_t v);
/* 0 = NULL: there is none. */
void row_ref(struct row *r, uint64_t v);
/* INT64_MAX = NULL: never. */
void row_due(struct row *r, int64_t v);
/* Copied; empty = NULL. What is not UTF-8 becomes '?'. */
void row_text(struct row *r, struct tb_str s);
/* The same, borrowed until the commit. */
void row_borrow(struct row *r, struct tb_str s);
void row_null(struct row *r);
/* Bytes that stay until the commit. */
struct tb_str publish_keep(struct tb_publish *p, struct tb_str s);
/* Puts it: every column must have been given (asserted). */
void row_put(struct row *r);
/* Drops the row whose key was given. */
void row_drop(struct row *r);
void drop_prefix(struct tb_publish *p, enum publish_table t, uint64_t first);

void numbers_add(struct numbers *l, uint64_t v);

bool bits_get(const struct bits *b, uint64_t at);
void bits_set(struct bits *b, uint64_t at);
void bits_clear(struct bits *b, uint64_t at);
/* The first one set at or after from; UINT64_MAX = none. */
uint64_t bits_next(const struct bits *b, uint64_t from);

static inline void *section_of(struct tb_block *b, uint32_t section)
{
    extern const struct tb_shape tb_shapes[];
    return tb_block_section(&tb_shapes[b->kind], b, section);
}

/* ---- what makes rows ---------------------------------------------------------------------- */

/* Configuration, unit books and days, jobs, devices, orders; block NULL = dropped. */
void publish_config(struct tb_publish *p, uint32_t tenant, enum tb_kind kind, uint64_t id,
                    struct tb_block *b);
void publish_order(struct tb_publish *p, struct tb_block *b);
/* full: nothing of her rows is taken to be right. */
void publish_person(struct tb_publish *p, uint64_t id, struct tb_block *b, bool full);
void publish_entry(struct tb_publish *p, const struct tb_entry *e, enum entry_part what);
/* publish_promotion.c. b NULL: the version was dropped. */
struct tb_ev_campaign_used;
struct tb_ev_unit_put;
struct tb_ev_posted;
struct tb_ev_held;
struct tb_ev_hold_taken;
void publish_campaign(struct tb_publish *p, struct tb_block *b);
void publish_offer(struct tb_publish *p, uint64_t id, struct tb_block *b);
void publish_order_effects(struct tb_publish *p, struct tb_block *b);
struct tb_ev_backtest_kept;
void publish_backtest(struct tb_publish *p, const struct tb_entry *e, const struct tb_ev_backtest_kept *ev);
/* Ends the row that has its key and tenant. */
void publish_campaign_used(struct row *r, const struct tb_ev_campaign_used *ev, int64_t at_ms);
/* Which units are templates: after a start from the records, then from the events. */
void publish_templates_load(struct tb_publish *p);
void publish_template_put(struct tb_publish *p, const struct tb_ev_unit_put *ev);
/* Rows of coupons that a movement, a lock or its end is about; of other units: nothing. */
void publish_coupons_moved(struct tb_publish *p, const struct tb_entry *e, const struct tb_ev_posted *ev);
void publish_coupons_locked(struct tb_publish *p, const struct tb_entry *e, const struct tb_ev_held *ev);
void publish_coupons_unlocked(struct tb_publish *p, const struct tb_ev_hold_taken *ev);
/* publish_names.c. Which attributes are names: after a start from the records, then from their images. */
void publish_names_load(struct tb_publish *p);
void publish_names_declared(struct tb_publish *p, struct tb_block *b);
void publish_names_start(struct tb_publish *p);
/* Rows of a person's profiles whose attributes changed, or of all of them. */
void publish_names(struct tb_publish *p, struct tb_block *b, bool full);
void publish_names_drop(struct tb_publish *p, uint64_t profile);
/* Another choice of names was declared: everybody is to be looked at. */
bool publish_names_due(const struct tb_publish *p);
void publish_names_begin(struct tb_publish *p);
void publish_names_end(struct tb_publish *p);
/* Games and packets from blocks; what was played from events: true when the type is one of them, and rows
 * written from that part on. */
void publish_game(struct tb_publish *p, struct tb_block *b);
void publish_packet(struct tb_publish *p, struct tb_block *b);
bool publish_is_play(uint32_t type);
uint32_t publish_play(struct tb_publish *p, const struct tb_entry *e, uint32_t part, uint32_t type, struct tb_str body);
/* publish.c: unpacks and writes one record that came from a reader. */
void publish_record(struct tb_publish *p, const struct copied_head *h, const uint8_t *body,
                    bool full);
/* The person waits for a sweep. */
void publish_mark(struct tb_publish *p, uint64_t person);
/* The first fault of a reader; true when there was one. */
bool publish_failed(struct tb_publish *p, enum tb_state_answer a);
static inline int64_t publish_mono_ns(const struct tb_publish *p)
{
    return p->o.host->mono_ns(p->o.host->user);
}
/* publish_later.c: appended rows that were put off */
void publish_later_start(struct tb_publish *p);
void publish_later_put_off(struct tb_publish *p, const struct tb_entry *e);
void publish_later_write(struct tb_publish *p, bool all);
/* publish_sweep.c */
bool publish_waits(void *user, const struct tb_checkpoint *c, bool all);
enum tb_state_answer publish_catch_up(void *user, struct tb_state *s,
                                      const struct tb_checkpoint *c, bool all, struct tb_fault *f);

#endif
