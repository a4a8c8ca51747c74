// SPDX-License-Identifier: Apache-2.0
/* Who lives in the world: the hidden truth. Named members come first, then anonymous cards,
 * followers, those known by what they pay with, those known by a device only; last the
 * brand's customers. A value of an identifier follows from seed and owner; phones are made
 * so that no two owners share one unless a scene says that the number moved on.           */
#include "sim/world.h"

#include <string.h>

const char *const sim_ns_code[NS_COUNT] = {"phone", "unionid", "openid:account", "openid:mini",
                                           "alipay", "card", "payment_token", "email", "device",
                                           "wifi_mac", "cookie", "item_code"};
const uint8_t sim_ns_normaliser[NS_COUNT] = {[NS_PHONE] = TB_NORMALISE_PHONE,
                                             [NS_EMAIL] = TB_NORMALISE_EMAIL,
                                             [NS_MAC] = TB_NORMALISE_MAC,
                                             [NS_CARD] = TB_NORMALISE_CARD};

/* ---- values of identifiers ---------------------------------------------------------------- */

static void put_random(struct tb_buf *b, struct tb_rng *r, const char *alphabet, uint32_t n)
{
    uint32_t letters = (uint32_t)strlen(alphabet);
    for (uint32_t i = 0; i < n; i++)
        tb_buf_byte(b, (uint8_t)alphabet[tb_rng_below(r, letters)]);
}

/* Different for every person, and without order: n * odd + offset is a bijection. */
static uint32_t scattered(const struct tb_sim *s, uint32_t person, uint32_t what)
{
    uint64_t offset = tb_rng_mix(s->o.seed + what) % 100000000;
    return (uint32_t)((person * UINT64_C(61803397) + offset) % 100000000);
}

static void put_phone(const struct tb_sim *s, uint32_t person, struct tb_buf *b)
{
    static const char *const prefix[12] = {"139", "150", "151", "152", "158", "159",
                                           "176", "178", "186", "187", "188", "189"};
    tb_buf_printf(b, "%s%08u", prefix[tb_rng_mix(person * 31 + s->o.seed) % 12], scattered(s, person, 1));
}

static void put_mac(const struct tb_sim *s, uint32_t person, uint64_t visit, struct tb_buf *b)
{
    static const uint32_t maker[6] = {0xacbc32, 0x3c5ab4, 0x001a11, 0x94652d, 0xe0191d, 0x8c8590};
    bool random = s->person[person].flags & P_RANDOM_MAC;
    struct tb_rng r = tb_rng_of(s->o.seed, 0x3ac00000u + person, random ? visit : 0);
    uint32_t high = random ? (tb_rng_below(&r, 1u << 24) & 0xfcffffu) | 0x020000u
                           : maker[tb_rng_below(&r, 6)];
    uint32_t low = random ? tb_rng_below(&r, 1u << 24) : scattered(s, person, 5) % (1u << 24);
    tb_buf_printf(b, "%02x:%02x:%02x:%02x:%02x:%02x", high >> 16, high >> 8 & 255, high & 255, low >> 16,
                  low >> 8 & 255, low & 255);
}

uint32_t sim_value(const struct tb_sim *s, uint32_t person, enum sim_ns ns, uint64_t visit,
                   char out[SIM_VALUE_MAX])
{
    static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    struct tb_rng r = tb_rng_of(s->o.seed, 0x1d000000u + (uint32_t)ns, person);
    struct tb_buf b;
    tb_buf_init(&b, out, SIM_VALUE_MAX - 1);
    switch (ns) {
    case NS_PHONE:
        put_phone(s, s->person[person].phone, &b);
        break;
    case NS_UNIONID:
        tb_buf_c(&b, "oHL6");
        put_random(&b, &r, base64, 24);
        break;
    case NS_ACCOUNT:
    case NS_MINI:
        tb_buf_c(&b, ns == NS_MINI ? "oM5" : "oA8");
        put_random(&b, &r, base64, 25);
        break;
    case NS_ALIPAY:
        tb_buf_printf(&b, "2088%04u%08u", tb_rng_below(&r, 10000), scattered(s, person, 2));
        break;
    case NS_CARD:
        tb_buf_printf(&b, "HL%02u%08u", tb_rng_below(&r, 100), scattered(s, person, 3));
        break;
    case NS_TOKEN:
        tb_buf_c(&b, "pt_");
        put_random(&b, &r, "0123456789abcdef", 24);
        break;
    case NS_EMAIL:
        tb_buf_printf(&b, "u%08u@example.com", scattered(s, person, 4));
        break;
    case NS_DEVICE:
        put_random(&b, &r, "0123456789abcdef", 32);
        break;
    case NS_MAC:
        put_mac(s, person, visit, &b);
        break;
    case NS_COOKIE:
        tb_buf_printf(&b, "c1.%09u.", tb_rng_below(&r, 1000000000));
        put_random(&b, &r, "0123456789abcdef", 12);
        break;
    case NS_ITEM:
        tb_buf_printf(&b, "CD%07u", (uint32_t)visit);
        break;
    case NS_COUNT:
    default:
        tb_assert(!"a namespace");
    }
    tb_assert(!b.overflowed);
    out[b.n] = 0;
    return (uint32_t)b.n;
}

/* ---- making them ----------------------------------------------------------------------------- */

static uint8_t preferred(struct tb_rng *r, const uint16_t weight[4])
{
    static const uint8_t kind[4] = {TB_TENDER_WECHAT, TB_TENDER_ALIPAY, TB_TENDER_UNIONPAY, TB_TENDER_CASH};
    return kind[tb_rng_pick(r, weight, 4)];
}

/* Home and second store: the second in the same city. Few near a hypermarket, many near a
 * convenience store. */
static void settle(struct tb_sim *s, struct sim_person *p, struct tb_rng *r)
{
    static const uint16_t pull[3] = {130, 62, 24};
    uint16_t weight[STORES];
    for (uint32_t i = 0; i < STORES; i++)
        weight[i] = pull[s->store[i].kind];
    p->home = (uint8_t)tb_rng_pick(r, weight, STORES);
    for (uint32_t i = 0; i < STORES; i++) {
        bool same = s->store[i].city == s->store[p->home].city && i != p->home && i < CLOSING_STORE;
        weight[i] = same ? pull[s->store[i].kind] : 0;
    }
    p->second = (uint8_t)tb_rng_pick(r, weight, STORES);
}

static int16_t early(struct tb_rng *r, uint32_t permille, int32_t early_days, int32_t late_day)
{
    return (int16_t)(tb_rng_permille(r, permille) ? tb_rng_range(r, 0, early_days)
                                                  : tb_rng_range(r, early_days, late_day));
}

static void make(struct tb_sim *s, uint32_t i)
{
    static const uint16_t pays_known[4] = {585, 300, 62, 53};
    struct sim_person *p = &s->person[i];
    struct tb_rng r = tb_rng_of(s->o.seed, 0x9e0913, i);
    *p = (struct sim_person){.enrol_day = -1, .follow_day = -1, .last_day = INT16_MAX, .phone = i, .truth = i};
    settle(s, p, &r);
    p->flags = i < s->named_n          ? P_MEMBER
               : i < s->member_n       ? P_MEMBER | P_ANONYMOUS
               : i < s->follower_end   ? P_FOLLOWER
               : i < s->payer_end      ? P_PAYER
                                       : P_DEVICE;
    static const uint8_t mean[4] = {36, 13, 7, 6}; /* visits a year */
    uint32_t usual = mean[p->flags & P_MEMBER ? 0 : p->flags & P_FOLLOWER ? 1 : p->flags & P_PAYER ? 2 : 3];
    if (s->store[p->home].kind == CONVENIENCE)
        usual = usual * 3 / 2;
    p->visits = (uint16_t)(usual * (uint32_t)tb_rng_range(&r, 25, 175) / 100 + 1);
    p->pays = preferred(&r, pays_known);
    if ((p->flags & P_PAYER) && p->pays == TB_TENDER_CASH)
        p->pays = TB_TENDER_WECHAT; /* cash tells nothing */
    p->sensitive = (uint8_t)tb_rng_range(&r, 0, 100);
    p->online = (uint8_t)(tb_rng_below(&r, 60) + tb_rng_below(&r, 41));
    p->basket = (uint16_t)tb_rng_range(&r, 60, 150);
    for (uint32_t k = 0; k < 4; k++) {
        p->likes[k] = (uint8_t)tb_rng_pick(&r, s->row_weight, sim_rows());
        if (tb_rng_permille(&r, 350)) /* a passion that few share */
            p->likes[k] = (uint8_t)(8 + tb_rng_below(&r, sim_rows() - 8));
    }
    p->first_day = early(&r, 680, 55, (int32_t)TB_SIM_DAYS - 12);
    if (tb_rng_permille(&r, 740) || (p->flags & P_DEVICE))
        p->flags |= P_WIFI;
    if (tb_rng_permille(&r, 850))
        p->flags |= P_RANDOM_MAC;
    if (tb_rng_permille(&r, 60))
        p->last_day = (int16_t)tb_rng_range(&r, p->first_day, (int32_t)TB_SIM_DAYS);
    if (tb_rng_permille(&r, 250))
        p->flags |= P_NO_ALIPAY;
}

static void make_member(struct tb_sim *s, uint32_t i, uint32_t followers)
{
    struct sim_person *p = &s->person[i];
    struct tb_rng r = tb_rng_of(s->o.seed, 0x3e3be4, i);
    p->enrol_day = (int16_t)(p->first_day + tb_rng_range(&r, 0, 6));
    if (p->last_day <= p->enrol_day)
        p->last_day = INT16_MAX;
    if (p->flags & P_ANONYMOUS)
        return;
    if (i < followers) {
        p->flags |= P_FOLLOWER;
        p->follow_day = (int16_t)(p->enrol_day + tb_rng_range(&r, 0, 3));
        if (p->last_day <= p->follow_day)
            p->last_day = INT16_MAX;
    }
    if (tb_rng_permille(&r, 140))
        p->flags |= P_STORED_VALUE;
    if (tb_rng_permille(&r, 120))
        p->flags |= P_EMAIL;
}

static void make_household(struct tb_sim *s, uint32_t member, uint32_t number)
{
    struct sim_person *p = &s->person[member];
    struct tb_rng r = tb_rng_of(s->o.seed, 0xbab1e5, number);
    int32_t today = s->day0 + (int32_t)TB_SIM_DAYS;
    p->flags |= P_BABY;
    p->household = number + 1;
    p->baby_born = today - tb_rng_range(&r, 50, 1200);
    p->last_day = INT16_MAX;
    if (s->store[p->home].kind == CONVENIENCE) { /* tins are bought where there is a choice */
        p->home = p->second < HYPERS + SUPERS ? p->second : (uint8_t)(2 + number % SUPERS);
        p->visits = p->visits > 45 ? 45 : p->visits;
    }
    if (p->visits < 20)
        p->visits = 20;
}

/* 陈妈妈 with a baby of five months, 外婆 who pays, 张先生 and 李小姐 at one shelf. */
static void make_people_to_meet(struct tb_sim *s)
{
    struct sim_person *chen = &s->person[0];
    int32_t today = s->day0 + (int32_t)TB_SIM_DAYS;
    make_household(s, 0, 0);
    *chen = (struct sim_person){.flags = P_MEMBER | P_FOLLOWER | P_BABY | P_WIFI | P_SCENE | P_NO_ALIPAY,
                                .home = 0, .second = 2, .pays = TB_TENDER_WECHAT, .sensitive = 40,
                                .online = 30, .visits = 48, .basket = 100,
                                .likes = {8, 14, 5, 37}, .first_day = 2, .enrol_day = 4, .follow_day = 5,
                                .last_day = INT16_MAX, .baby_born = today - 158, .household = 1};
    for (uint32_t i = 1; i < 3; i++) {
        struct sim_person *p = &s->person[i];
        p->flags = (uint16_t)((p->flags | P_WIFI | P_SCENE | P_NO_ALIPAY) & ~(P_RANDOM_MAC | P_BABY));
        p->home = 0;
        p->second = 2;
        p->first_day = 6;
        p->enrol_day = 9;
        p->follow_day = 9;
        p->last_day = INT16_MAX;
        p->pays = TB_TENDER_WECHAT;
        p->visits = 40;
    }
    s->grandmother = s->follower_end;
    struct sim_person *grandmother = &s->person[s->grandmother];
    grandmother->flags = (uint16_t)((grandmother->flags | P_SCENE | P_NO_ALIPAY));
    grandmother->pays = TB_TENDER_WECHAT;
    grandmother->home = 0;
    grandmother->second = 2;
    grandmother->first_day = 20;
    grandmother->last_day = INT16_MAX;
    grandmother->visits = 22;
    grandmother->household = 1;
    s->card_holder = s->named_n;
    struct sim_person *card = &s->person[s->card_holder];
    card->home = 4;
    card->first_day = 10;
    card->enrol_day = 10;
    card->last_day = INT16_MAX;
    card->visits = 60;
    card->pays = TB_TENDER_CASH;
}

static void make_brand(struct tb_sim *s)
{
    for (uint32_t i = s->helin_n; i < s->person_n; i++) {
        struct tb_rng r = tb_rng_of(s->o.seed, 0xc4e6d1, i);
        s->person[i] = (struct sim_person){.flags = P_MEMBER,
                                           .tenant = CHENGDIAN,
                                           .pays = TB_TENDER_WECHAT,
                                           .visits = (uint16_t)tb_rng_range(&r, 1, 7),
                                           .first_day = (int16_t)tb_rng_range(&r, 0, (int32_t)TB_SIM_DAYS - 12),
                                           .follow_day = -1,
                                           .last_day = INT16_MAX,
                                           .phone = i,
                                           .truth = i};
        s->person[i].enrol_day = s->person[i].first_day;
    }
    s->student = s->helin_n;
    s->person[s->student].first_day = s->person[s->student].enrol_day = 200;
    s->person[s->student].visits = 0;
}

static void introduce(struct tb_sim *s)
{
    static const struct {
        const char *name;
        const char *note;
        uint8_t ns;
        uint8_t tenant;
    } who[TB_SIM_PEOPLE] = {
        {"陈妈妈", "baby of five months; buys formula, next month stage 2", NS_PHONE, HELIN},
        {"外婆", "pays for 陈妈妈's card with her own WeChat; taken for her until an unmerge", NS_MINI, HELIN},
        {"张先生", "stands at the cosmetics shelf for a quarter of an hour", NS_PHONE, HELIN},
        {"李小姐", "passes the same shelf in twenty seconds", NS_PHONE, HELIN},
        {"匿名卡会员", "a card without a name, sixty visits a year, cash", NS_CARD, HELIN},
        {"收银员的卡", "collects other people's points; all of them cash, all at one till", NS_CARD, HELIN},
        {"大学生", "1,960 points: 40 short of a mouse", NS_PHONE, CHENGDIAN}};
    const uint32_t person[TB_SIM_PEOPLE] = {0, s->grandmother, 1, 2, s->card_holder, s->cashier, s->student};
    for (uint32_t i = 0; i < TB_SIM_PEOPLE; i++) {
        uint32_t n = sim_value(s, person[i], who[i].ns, 0, s->people_value[i]);
        s->people[i] = (struct tb_sim_person_to_meet){
            .tenant = tb_str_of(sim_tenant_code[who[i].tenant]),
            .name = tb_str_of(who[i].name),
            .note = tb_str_of(who[i].note),
            .id = {tb_str_of(sim_ns_code[who[i].ns]), {s->people_value[i], n}, true}};
    }
}

void sim_people_make(struct tb_sim *s)
{
    uint32_t followers_among_members = sim_part(s, 1450, 1);
    for (uint32_t i = 0; i < s->helin_n; i++)
        make(s, i);
    for (uint32_t i = 0; i < s->member_n; i++)
        make_member(s, i, followers_among_members);
    for (uint32_t i = s->member_n; i < s->follower_end; i++) {
        struct tb_rng r = tb_rng_of(s->o.seed, 0xf0110e, i);
        s->person[i].follow_day = (int16_t)(s->person[i].first_day + tb_rng_range(&r, 0, 9));
        if (s->person[i].last_day <= s->person[i].follow_day)
            s->person[i].last_day = INT16_MAX;
    }
    /* some followed and left again; they are payers, so the number who follow stays */
    for (uint32_t i = 1; i <= sim_part(s, 120, 2); i++) {
        s->person[s->payer_end - i].flags |= P_UNFOLLOWS;
        s->person[s->payer_end - i].follow_day = (int16_t)(s->person[s->payer_end - i].first_day + 1);
        s->person[s->payer_end - i].last_day = INT16_MAX;
    }
    make_people_to_meet(s);
    make_brand(s);
    uint32_t next = 3;
    sim_scenes_make(s, &next);
    uint32_t households = sim_part(s, 260, 2);
    tb_assert(next + households <= s->named_n);
    for (uint32_t i = 1; i < households; i++)
        make_household(s, next++, i);
    introduce(s);
}

const struct tb_sim_person_to_meet *tb_sim_people(const struct tb_sim *s)
{
    return s->people;
}
