// SPDX-License-Identifier: Apache-2.0
/* sim/world.h - what the files of the generator share. Not for anybody else.
 *
 * The world is places (places.c), goods (goods.c) and people (people.c). A day of it
 * (day.c, scenes.c) puts events into a heap by time; build.c turns an event into a
 * command when its time comes. Everything about an event follows from its numbers and the
 * seed, so a receipt that is sent again is built again, with the same bytes.              */
#ifndef TB_SIM_WORLD_H
#define TB_SIM_WORLD_H

#include "core/consent/consent.h"
#include "core/identity/identity.h"
#include "core/ledger/ledger.h"
#include "core/ops.h"
#include "core/order/order.h"
#include "sim/rng.h"
#include "sim/sim.h"

/* ---- names ------------------------------------------------------------------------------ */

enum sim_tenant { HELIN = 0, CHENGDIAN, TENANTS };
extern const char *const sim_tenant_code[TENANTS];

enum sim_ns { /* the first eight are of person scope and the truth is about them */
    NS_PHONE = 0,
    NS_UNIONID,
    NS_ACCOUNT, /* openid of the official account */
    NS_MINI,    /* openid of the mini-program and of payments */
    NS_ALIPAY,
    NS_CARD,
    NS_TOKEN,
    NS_EMAIL,
    NS_PERSONAL,
    NS_DEVICE = NS_PERSONAL,
    NS_MAC,
    NS_COOKIE,
    NS_ITEM,
    NS_COUNT
};
extern const char *const sim_ns_code[NS_COUNT];
extern const uint8_t sim_ns_normaliser[NS_COUNT]; /* enum tb_normaliser */

/* ---- places ------------------------------------------------------------------------------- */

enum { STORES = 24, HYPERS = 2, SUPERS = 6, ASSOCIATES_MAX = 120, OPENING_STORE = 23, CLOSING_STORE = 22 };
enum sim_store_kind { HYPER = 0, SUPER, CONVENIENCE };

struct sim_store {
    const char *name;
    uint8_t city;
    uint8_t kind;
    uint8_t tills;
    int16_t opens; /* day of the history from which it is open */
    int16_t closes;
    int32_t latitude_e7;
    int32_t longitude_e7;
    uint16_t associate; /* first */
    uint16_t associate_n;
};

enum sim_touch { /* one of each per store, where the store has it */
    TOUCH_TILL = 0,
    TOUCH_PROBE,
    TOUCH_WIFI,
    TOUCH_GATE,
    TOUCH_DESK, /* an associate's tablet */
    TOUCH_SCAN_AND_GO,
    TOUCHES
};
enum sim_place { /* of a tenant, not of a store */
    PLACE_MINI = 0,
    PLACE_WEB,
    PLACE_ACCOUNT,
    PLACE_DELIVERY,
    PLACE_SHELF,   /* probe at the shelf of the first hypermarket */
    PLACE_SCAN_E,  /* item codes, region by region */
    PLACE_SCAN_S,
    PLACES
};
extern const char *const sim_place_code[PLACES];

bool sim_has_touch(const struct sim_store *st, enum sim_touch touch);
struct tb_str sim_touch_code(struct tb_arena *a, uint32_t store, enum sim_touch touch);
struct tb_str sim_store_code(struct tb_arena *a, uint32_t store);
struct tb_str sim_associate_code(struct tb_arena *a, uint32_t associate);
const char *sim_city(uint32_t city);
void sim_places_make(struct tb_sim *s);

/* ---- goods -------------------------------------------------------------------------------- */

enum { PRODUCTS = 600, GADGETS = 24, GOODS_ROWS_MAX = 64 };

struct sim_product {
    uint16_t row;    /* of the table of goods */
    uint8_t weighed;
    uint8_t stage;   /* infant formula 1-4, 0 = none */
    uint16_t supply_days;
    uint16_t life_from;
    uint16_t life_to;
    int32_t price; /* fen; of a kilogram when weighed */
    int32_t cost;
    char sku[12];
    char barcode[14];
    char name[80];
    char brand[32];
};

struct sim_row {
    uint16_t first; /* product */
    uint16_t n;
};

void sim_goods_make(struct tb_sim *s);
const char *sim_row_path(uint32_t row);
uint32_t sim_rows(void);

struct sim_event;
struct sim_basket {
    struct tb_order_line_input *line;
    uint32_t n;
    int64_t net;
};
/* False: the arena is full. */
bool sim_basket(const struct tb_sim *s, const struct sim_event *e, struct tb_arena *a,
                struct sim_basket *out);

/* ---- people ---------------------------------------------------------------------------------- */

enum sim_person_flag {
    P_MEMBER = 1,
    P_ANONYMOUS = 2,
    P_FOLLOWER = 4,
    P_UNFOLLOWS = 8,   /* followed, and thought better of it */
    P_PAYER = 16,      /* known by what she pays with only */
    P_DEVICE = 32,     /* known by a device only */
    P_BABY = 64,
    P_WIFI = 128,      /* carries a phone that probes see */
    P_RANDOM_MAC = 256,
    P_STORED_VALUE = 512,
    P_SCENE = 1024,    /* has a part in a scene: does not pay with other accounts */
    P_FARM = 2048,     /* one of the coupon farmer's accounts */
    P_CASHIER = 4096,  /* the dishonest one's card */
    P_TABLET = 8192,   /* enrols at the shared tablet on its day */
    P_EMAIL = 16384,
    P_NO_ALIPAY = 32768,
};

struct sim_person {
    uint16_t flags;
    uint8_t tenant;
    uint8_t home;   /* store */
    uint8_t second;
    uint8_t pays;      /* enum tb_tender_kind that she prefers */
    uint8_t sensitive; /* to prices, percent */
    uint8_t online;    /* leans to the mini-program, percent */
    uint16_t visits;   /* a year, on average */
    uint16_t basket;   /* percent of the usual size */
    uint8_t likes[4];  /* rows of goods */
    int16_t first_day;
    int16_t enrol_day; /* -1 = never */
    int16_t follow_day;
    int16_t last_day; /* the last on which she shops here */
    int32_t baby_born; /* day since 1970, 0 = none */
    uint32_t household; /* 0 = alone */
    uint32_t phone;  /* whose number she has: her own index, or the former owner's */
    uint32_t truth;  /* the natural person */
    int32_t points;  /* what she may have, roughly */
    uint8_t told;    /* bit per personal namespace: it was in a command */
    bool seen;
    bool follows;
    bool enrolled;
    uint8_t pair[NS_PERSONAL]; /* bit per namespace that was told together with it */
};

#define NOBODY UINT32_MAX
#define SIM_VALUE_MAX 48u

void sim_people_make(struct tb_sim *s);
/* The value, zero-terminated; day matters for made-up MACs (visit serial) only. */
uint32_t sim_value(const struct tb_sim *s, uint32_t person, enum sim_ns ns, uint64_t visit,
                   char out[SIM_VALUE_MAX]);

/* ---- events -------------------------------------------------------------------------------- */

enum sim_event_kind {
    EV_PROBE = 0,
    EV_WIFI,
    EV_GATE,
    EV_MINI,
    EV_WEB,
    EV_LOGIN,
    EV_FOLLOW,
    EV_UNFOLLOW,
    EV_ENROL_CONTACT,
    EV_ENROL,
    EV_ATTRIBUTES,
    EV_CONSENT,
    EV_ROLE,
    EV_ORDER,
    EV_RETURN,
    EV_HOLD,
    EV_POST,
    EV_TOP_UP,
    EV_ITEM,     /* an item code is scanned */
    EV_STORE_OPENS,
    EV_STORE_CLOSES,
    EV_KINDS
};

enum sim_event_flag {
    F_CARD = 1,  /* shows her card */
    F_PHONE = 2, /* says her number */
    F_CASH_FRAUD = 4, /* a walk-in's purchase on the cashier's card */
    F_AGAIN = 8, /* the same receipt again */
    F_RESENT = 16, /* ... under another key */
    F_LATE = 32,
    F_SHELF = 64,
    F_FORMULA = 128, /* 陈妈妈's tins */
    F_LIVE = 256,
    F_POINTS = 512, /* a hold of points, not of stored value */
    F_SENTINEL = 1024, /* the till types the number that everybody types */
    F_FIRST = 2048, /* the first purchase: paid as she likes best, at a till */
};

struct sim_event {
    int64_t at_ms; /* comes in */
    int64_t occurred_ms;
    uint64_t serial; /* unique: order among equal times */
    uint64_t no;     /* of the purchase, visit or hold that it is about: its chance */
    uint32_t person; /* NOBODY = a walk-in */
    uint32_t other;  /* pays, or whose phone is given; NOBODY = herself */
    uint32_t aux;
    uint16_t flags;
    uint8_t store;
    uint8_t kind;
    uint8_t channel;
    uint8_t pays;
};

struct sim_heap {
    struct sim_event *e;
    uint32_t n;
    uint32_t cap;
};
/* Gives it serial. False: no memory; the sim remembers that. */
bool sim_push(struct tb_sim *s, const struct sim_event *e);
bool sim_pop(struct tb_sim *s, int64_t before_ms, struct sim_event *out);

/* ---- calendar ------------------------------------------------------------------------------------ */

/* How busy the day is, 1,000 = as usual. */
uint32_t sim_busy(const struct tb_sim *s, uint32_t store, int32_t day);
/* Days until (+) or since (-) the nearest Spring Festival. */
int32_t sim_spring_festival(int32_t day);
enum sim_weather { FINE = 0, RAIN, STORM, HEAT, COLD };
enum sim_weather sim_weather(const struct tb_sim *s, uint32_t city, int32_t day);
/* Percent by which promoted goods are cheaper that day; 0 on most days. */
uint32_t sim_festival_percent(int32_t day);
int64_t sim_clock_ms(struct tb_rng *r, int64_t day_start_ms, enum sim_store_kind kind);

#define ZONE_MS (8 * TB_HOUR_MS) /* both tenants live in Asia/Shanghai: no summer time since 1991 */
static inline int32_t sim_day_of(int64_t ms)
{
    int64_t local = ms + ZONE_MS;
    return (int32_t)(local >= 0 ? local / TB_DAY_MS : -1);
}

/* ---- scenes ---------------------------------------------------------------------------------------- */

enum sim_temptation_kind {
    T_PAYER = 0, /* pays with her own account for the other's card */
    T_GRANDMOTHER, /* the same, and nothing says that she is another person */
    T_RECYCLED,
    T_TABLET,
    T_SENTINEL,
    T_COUPLE, /* one bank card, two persons */
    T_DELIVERY, /* one's parcel, the other's number */
    T_KINDS
};
extern const char *const sim_temptation_name[T_KINDS];

struct sim_temptation {
    uint32_t a;
    uint32_t b;
    uint8_t kind;
    int16_t day;
};
struct sim_recycled {
    uint32_t old_owner;
    uint32_t new_owner;
};
enum { TEMPTATIONS_MAX = 40, RECYCLED_MAX = 30, TABLET_DAY = 140, TABLET_STORE = 3, CASHIER_STORE = 5 };

/* Gives parts to members from *next on. */
void sim_scenes_make(struct tb_sim *s, uint32_t *next);
/* The scenes' events of history day d (0 .. TB_SIM_DAYS). */
void sim_scenes_day(struct tb_sim *s, int32_t d, int64_t start_ms);

/* ---- the whole ---------------------------------------------------------------------------------------- */

struct sim_hold {
    uint64_t number; /* of the product; 0 = none */
    uint32_t person;
    bool answered;
};
enum { HOLDS_MAX = 16384 };

struct sim_ids { /* numbers in the cell */
    uint32_t tenant;
    uint32_t ns[NS_COUNT];
    uint32_t touch[STORES][TOUCHES];
    uint32_t place[PLACES];
    uint32_t attribute[16];
    uint32_t purpose[8];
};

struct tb_sim {
    struct tb_sim_options o;
    const struct tb_sim_border *border;
    int32_t day0; /* first day of the history, since 1970 */
    struct sim_store store[STORES];
    uint32_t associates;
    struct sim_product product[PRODUCTS];
    struct sim_product gadget[GADGETS];
    struct sim_row row[GOODS_ROWS_MAX];
    uint16_t row_weight[GOODS_ROWS_MAX];
    struct sim_person *person;
    uint32_t person_n; /* helin's, then chengdian's */
    uint32_t helin_n;
    uint32_t member_n; /* named ones first, then cards */
    uint32_t named_n;
    uint32_t follower_end;
    uint32_t payer_end;
    uint32_t grandmother;
    uint32_t card_holder;
    uint32_t student;
    uint32_t cashier;
    uint32_t cashier_associate;
    struct sim_temptation temptation[TEMPTATIONS_MAX];
    uint32_t temptation_n;
    struct sim_recycled recycled[RECYCLED_MAX];
    uint32_t recycled_n;
    uint32_t tablet_n;
    struct sim_heap heap;
    uint64_t serial;
    uint64_t number; /* purchases and visits */
    struct sim_hold hold[HOLDS_MAX];
    uint32_t hold_n;
    struct tb_sim_census census;
    struct sim_ids ids[TENANTS];
    bool ids_known;
    bool no_memory;
    uint32_t stage;    /* of setting up */
    int64_t window_ms; /* start of the next wave */
    int32_t made_day;  /* newest day of the history that is in the heap, -1 = none */
    struct tb_arena arena;
    struct tb_sim_command *command;
    uint32_t command_cap;
    struct tb_sim_wave wave;
    struct tb_sim_person_to_meet people[TB_SIM_PEOPLE];
    char people_value[TB_SIM_PEOPLE][SIM_VALUE_MAX];
};

static inline int64_t sim_day_ms(const struct tb_sim *s, int32_t d)
{
    return (int64_t)(s->day0 + d) * TB_DAY_MS - ZONE_MS;
}
static inline uint32_t sim_part(const struct tb_sim *s, uint32_t n, uint32_t least)
{
    uint32_t part = n / s->o.divide;
    return part < least ? least : part;
}

/* Everything that one day brings into the heap. */
void sim_day(struct tb_sim *s, int32_t d);
/* One visit of one person, in the history or live. */
void sim_visit(struct tb_sim *s, uint32_t person, int32_t d, int64_t at_ms, struct tb_rng *r, uint16_t flags);
uint64_t sim_number(struct tb_sim *s);

/* Adds commands to the wave. False: full, ask again with the next wave. */
bool sim_build(struct tb_sim *s, const struct sim_event *e);
/* One command with its input, which stands in the arena. */
void sim_add(struct tb_sim *s, enum sim_tenant tenant, uint32_t op, const void *input, int64_t at_ms);
/* The commands of a stage; false: there is no such stage. */
bool sim_setup(struct tb_sim *s, uint32_t stage);
void sim_ids_find(struct tb_sim *s);

enum sim_attribute {
    A_NAME = 0,
    A_BIRTHDAY,
    A_BIRTH_MONTH,
    A_CITY,
    A_CHILD_BIRTH_MONTH,
    A_TASTE,
    A_TASTE_SPICY,
    A_TASTE_SWEET,
    A_TASTE_COFFEE,
    A_DIET,
    ATTRIBUTES
};
extern const char *const sim_attribute_code[ATTRIBUTES];
enum sim_purpose { PU_SERVICE = 0, PU_SMS, PU_WECHAT, PU_CHILD, PU_PREFERENCES, PURPOSES };
extern const char *const sim_purpose_code[PURPOSES];
enum { TASTES = 8, CITIES = 3 };
extern const char *const sim_taste[TASTES];

#endif
