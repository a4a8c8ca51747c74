// SPDX-License-Identifier: Apache-2.0
/* What the two retailers declare before their first day: namespaces, units, places, goods,
 * attributes with what a member gets for telling, purposes, tiers, rules.
 *
 * Stage 0 makes the tenants; the others need them to stand.                               */
#include "sim/world.h"

#include <string.h>

const char *const sim_attribute_code[ATTRIBUTES] = {
    "name", "birthday", "birth_month", "city", "child_birth_month",
    "taste", "taste_spicy", "taste_sweet", "taste_coffee", "diet"};
const char *const sim_purpose_code[PURPOSES] = {"service", "marketing_sms", "marketing_wechat",
                                                "child_profile", "preferences"};
const char *const sim_taste[TASTES] = {"清淡", "咸鲜", "麻辣", "酸甜", "烘焙", "咖啡", "生鲜", "零食"};

/* The input stands in the arena; the wave's clock is its time. */
#define PUT(s, tenant, op, type, ...)                                   \
    do {                                                                \
        struct type *in_ = TB_NEW(&(s)->arena, struct type);            \
        tb_assert(in_ != NULL);                                         \
        *in_ = (struct type){__VA_ARGS__};                              \
        sim_add(s, tenant, op, in_, sim_day_ms(s, 0));                  \
    } while (0)

#define WORD(literal) {(literal), sizeof(literal) - 1}

static struct tb_put code(const char *text)
{
    return (struct tb_put){.code = tb_str_of(text)};
}

static void tenants(struct tb_sim *s)
{
    PUT(s, TENANTS, TB_OP_TENANT_PUT, tb_cmd_tenant_put, .put = code("helin"), .name = TB_STR("禾邻生活"),
        .zone = TB_STR("Asia/Shanghai"), .currency = TB_STR("CNY"), .switches = TB_TENANT_PROBES,
        .accept_days = 400, .claim_policy = TB_CLAIM_FORGIVE, .regular_orders = 10);
    PUT(s, TENANTS, TB_OP_TENANT_PUT, tb_cmd_tenant_put, .put = code("chengdian"), .name = TB_STR("澄电"),
        .zone = TB_STR("Asia/Shanghai"), .currency = TB_STR("CNY"), .accept_days = 400,
        .claim_policy = TB_CLAIM_FORGIVE, .regular_orders = 3);
}

/* An openid joins; two, because some people have a second account. A number that nobody
 * verified (a parcel's, one said at the till) finds its owner but joins nobody.            */
static void namespaces(struct tb_sim *s, enum sim_tenant t)
{
    static const char *const app[2] = {"openid:account", "openid:mini"};
    for (uint32_t i = 0; i < 2; i++)
        PUT(s, t, TB_OP_NAMESPACE_PUT, tb_cmd_namespace_put, .put = code(app[i]), .class_no = TB_CLASS_STRONG,
            .priority = 6, .limit = 2, .window_days = 365);
    PUT(s, t, TB_OP_NAMESPACE_PUT, tb_cmd_namespace_put, .put = code("phone"), .class_no = TB_CLASS_STRONG,
        .priority = 3, .limit = 3, .window_days = 365, .tenure_gap_days = 90,
        .normaliser = TB_NORMALISE_PHONE, .needs_verification = true);
}

static void units(struct tb_sim *s, enum sim_tenant t)
{
    PUT(s, t, TB_OP_UNIT_PUT, tb_cmd_unit_put, .put = code("points"), .name = TB_STR("积分"),
        .kind = TB_UNIT_POINTS, .negative = TB_NEGATIVE_WITHIN_BALANCE, .release = TB_RELEASE_AT_ONCE,
        .expiry = TB_EXPIRY_ROLLING_MONTHS, .expiry_n = 12, .rounding = TB_ROUNDING_MONTH,
        .face_ppm = 10000);
    PUT(s, t, TB_OP_UNIT_PUT, tb_cmd_unit_put, .put = code("growth"), .name = TB_STR("成长值"),
        .kind = TB_UNIT_QUALIFYING, .negative = TB_NEGATIVE_WITHIN_BALANCE);
    if (t == HELIN)
        PUT(s, t, TB_OP_UNIT_PUT, tb_cmd_unit_put, .put = code("stored_value"), .name = TB_STR("储值"),
            .kind = TB_UNIT_STORED_VALUE, .negative = TB_NEGATIVE_WITHIN_BALANCE, .face_ppm = 1000000);
}

static void touchpoint(struct tb_sim *s, enum sim_tenant t, struct tb_str at, struct tb_str name,
                       enum tb_touchpoint_kind kind, struct tb_str store, int64_t gap_s)
{
    PUT(s, t, TB_OP_TOUCHPOINT_PUT, tb_cmd_touchpoint_put, .put = {.code = at}, .name = name, .kind = kind,
        .store = store, .visit_gap_s = gap_s);
}

static void store(struct tb_sim *s, uint32_t i)
{
    static const uint8_t kind[TOUCHES] = {TB_TOUCH_TILL, TB_TOUCH_PROBE, TB_TOUCH_WIFI,
                                          TB_TOUCH_GATE, TB_TOUCH_ASSOCIATE, TB_TOUCH_SCAN};
    static const char *const name[TOUCHES] = {"收银台", "客流探针", "店内WiFi", "入口感应", "导购平板", "扫码购"};
    static const uint16_t radius_m[3] = {5000, 1500, 500};
    const struct sim_store *st = &s->store[i];
    struct tb_str at = sim_store_code(&s->arena, i);
    if (st->opens == 0)
        PUT(s, HELIN, TB_OP_STORE_PUT, tb_cmd_store_put, .put = {.code = at}, .name = tb_str_of(st->name),
            .latitude_e7 = st->latitude_e7, .longitude_e7 = st->longitude_e7,
            .trade_radius_m = radius_m[st->kind], .region = tb_str_of(sim_city(st->city)));
    else /* not there yet: closed until it opens */
        PUT(s, HELIN, TB_OP_STORE_PUT, tb_cmd_store_put, .put = {.code = at}, .name = tb_str_of(st->name),
            .latitude_e7 = st->latitude_e7, .longitude_e7 = st->longitude_e7,
            .trade_radius_m = radius_m[st->kind], .region = tb_str_of(sim_city(st->city)), .closed = true);
    for (uint32_t k = 0; k < TOUCHES; k++)
        if (sim_has_touch(st, (enum sim_touch)k))
            touchpoint(s, HELIN, sim_touch_code(&s->arena, i, (enum sim_touch)k), tb_str_of(name[k]),
                       (enum tb_touchpoint_kind)kind[k], at, k == TOUCH_PROBE ? 1800 : 0);
}

static void associates(struct tb_sim *s)
{
    static const char *const family[20] = {"王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴",
                                           "徐", "孙", "胡", "朱", "高", "林", "何", "郭", "马", "罗"};
    static const char *const given[16] = {"芳", "敏", "静", "丽娟", "伟", "磊", "洋", "秀英",
                                          "建国", "雪", "婷", "浩然", "梓涵", "晓东", "海燕", "思远"};
    for (uint32_t i = 0; i < STORES; i++)
        for (uint32_t k = 0; k < s->store[i].associate_n; k++) {
            uint32_t no = s->store[i].associate + k;
            struct tb_rng r = tb_rng_of(s->o.seed, 0xa550c, no);
            char text[32];
            struct tb_buf b;
            tb_buf_init(&b, text, sizeof text);
            tb_buf_c(&b, family[tb_rng_below(&r, 20)]);
            tb_buf_c(&b, given[tb_rng_below(&r, 16)]);
            PUT(s, HELIN, TB_OP_ASSOCIATE_PUT, tb_cmd_associate_put,
                .put = {.code = sim_associate_code(&s->arena, no)},
                .name = tb_str_copy(&s->arena, tb_buf_as_str(&b)), .store = sim_store_code(&s->arena, i));
        }
}

static void places(struct tb_sim *s)
{
    for (uint32_t i = 0; i < STORES; i++)
        store(s, i);
    associates(s);
    touchpoint(s, HELIN, tb_str_of(sim_place_code[PLACE_ACCOUNT]), TB_STR("微信公众号"), TB_TOUCH_ACCOUNT,
               TB_STR_NONE, 0);
    touchpoint(s, HELIN, tb_str_of(sim_place_code[PLACE_DELIVERY]), TB_STR("送货到家"), TB_TOUCH_DELIVERY,
               TB_STR_NONE, 0);
    touchpoint(s, HELIN, tb_str_of(sim_place_code[PLACE_SHELF]), TB_STR("美妆货架探针"), TB_TOUCH_PROBE,
               TB_STR("store-1"), 300);
    touchpoint(s, CHENGDIAN, tb_str_of(sim_place_code[PLACE_SCAN_E]), TB_STR("扫码 · 华东"), TB_TOUCH_SCAN,
               TB_STR_NONE, 0);
    touchpoint(s, CHENGDIAN, tb_str_of(sim_place_code[PLACE_SCAN_S]), TB_STR("扫码 · 华南"), TB_TOUCH_SCAN,
               TB_STR_NONE, 0);
}

static void purposes(struct tb_sim *s)
{
    static const char *const text[PURPOSES] = {
        "为您提供会员服务：积分、等级、小票与售后。", "通过短信向您发送优惠与活动信息，可随时回复T退订。",
        "通过微信向您发送优惠与活动信息，可随时在设置中关闭。",
        "用孩子的月龄为您推荐适龄商品；由监护人同意，可随时撤回。",
        "按您告诉我们的口味与偏好安排优惠，不用于其他目的。"};
    for (uint32_t i = 0; i < PURPOSES; i++)
        PUT(s, HELIN, TB_OP_PURPOSE_PUT, tb_cmd_purpose_put, .put = code(sim_purpose_code[i]),
            .text = tb_str_of(text[i]), .text_version = 1, .marketing = i == PU_SMS || i == PU_WECHAT);
    PUT(s, CHENGDIAN, TB_OP_PURPOSE_PUT, tb_cmd_purpose_put, .put = code("service"),
        .text = TB_STR("为您提供会员服务：积分、质保与防伪查询。"), .text_version = 1);
}

static void attributes(struct tb_sim *s)
{
    static const struct {
        uint8_t type;
        uint8_t purpose;
        bool personal;
        uint16_t days;
        const char *benefit;
    } a[ATTRIBUTES] = {
        {TB_ATTRIBUTE_TEXT, PU_SERVICE, true, 3650, "电子小票与售后按姓名办理"},
        {TB_ATTRIBUTE_DATE, PU_SERVICE, true, 3650, "生日当天赠蛋糕一份"},
        {TB_ATTRIBUTE_INT, PU_PREFERENCES, false, 3650, "生日月双倍积分"},
        {TB_ATTRIBUTE_CHOICE, PU_SERVICE, false, 3650, "附近门店的活动提前通知"},
        {TB_ATTRIBUTE_DATE, PU_CHILD, false, 1460, "适龄奶粉与纸尿裤的换段提醒"},
        {TB_ATTRIBUTE_CHOICE, PU_PREFERENCES, false, 730, "每月一次按口味选的试吃"},
        {TB_ATTRIBUTE_BOOL, PU_PREFERENCES, false, 730, "辣味新品试吃"},
        {TB_ATTRIBUTE_BOOL, PU_PREFERENCES, false, 730, "烘焙新品试吃"},
        {TB_ATTRIBUTE_BOOL, PU_PREFERENCES, false, 730, "咖啡第二杯半价"},
        {TB_ATTRIBUTE_TEXT, PU_PREFERENCES, true, 365, "过敏原提醒印在小票上"}};
    struct tb_str *city = TB_NEW_ARRAY(&s->arena, struct tb_str, CITIES);
    struct tb_str *taste = TB_NEW_ARRAY(&s->arena, struct tb_str, TASTES);
    tb_assert(city != NULL && taste != NULL);
    for (uint32_t i = 0; i < CITIES; i++)
        city[i] = tb_str_of(sim_city(i));
    for (uint32_t i = 0; i < TASTES; i++)
        taste[i] = tb_str_of(sim_taste[i]);
    for (uint32_t i = 0; i < ATTRIBUTES; i++)
        PUT(s, HELIN, TB_OP_ATTRIBUTE_PUT, tb_cmd_attribute_put, .put = code(sim_attribute_code[i]),
            .type = a[i].type, .purpose = tb_str_of(sim_purpose_code[a[i].purpose]),
            .benefit = tb_str_of(a[i].benefit), .retention_days = a[i].days, .personal = a[i].personal,
            .is_name = i == A_NAME,
            .choice = i == A_CITY ? city : i == A_TASTE ? taste : NULL,
            .choice_n = i == A_CITY ? CITIES : i == A_TASTE ? TASTES : 0);
}

static void product(struct tb_sim *s, enum sim_tenant t, const struct sim_product *p)
{
    PUT(s, t, TB_OP_PRODUCT_PUT, tb_cmd_product_put, .put = code(p->sku), .name = tb_str_of(p->name),
        .category = tb_str_of(sim_row_path(p->row)), .brand = tb_str_of(p->brand), .price = p->price,
        .cost = p->cost, .barcode = tb_str_of(p->barcode), .weighed = p->weighed,
        .supply_days = p->supply_days, .life_from_months = p->life_from, .life_to_months = p->life_to,
        .never_promoted = p->stage == 1,
        .attributes = t == CHENGDIAN && p == &s->gadget[1] ? TB_STR("{\"points_price\":2000}") : TB_STR_NONE);
}

static void tiers(struct tb_sim *s)
{
    static const struct tb_tier_input tier[4] = {
        {.code = WORD("normal"), .name = WORD("普卡")},
        {.code = WORD("silver"), .name = WORD("银卡"), .reach = 1000, .keep = 800,
         .benefits = WORD("{\"points_rate\":1.0,\"free_delivery\":2}")},
        {.code = WORD("gold"), .name = WORD("金卡"), .reach = 5000, .keep = 4000,
         .benefits = WORD("{\"points_rate\":1.2,\"free_delivery\":6,\"birthday_cake\":true}")},
        {.code = WORD("platinum"), .name = WORD("白金卡"), .reach = 15000, .keep = 12000,
         .benefits = WORD("{\"points_rate\":1.5,\"free_delivery\":12,\"birthday_cake\":true,"
                          "\"parking_hours\":4}")}};
    PUT(s, HELIN, TB_OP_TIER_SCHEME_PUT, tb_cmd_tier_scheme_put, .put = code("card"), .name = TB_STR("会员等级"),
        .measure = TB_MEASURE_QUALIFYING, .window = TB_WINDOW_ROLLING, .window_months = 12,
        .validity_months = 12, .grace_days = 30, .downgrade = TB_DOWNGRADE_ONE_DOWN,
        .on_refund = TB_REFUND_STICKY, .unit = TB_STR("growth"), .tier = tier, .tier_n = 4);
}

static void rules(struct tb_sim *s)
{
    static const struct {
        const char *code;
        const char *name;
        const char *unit;
        const char *condition;
        const char *amount;
    } rule[] = {
        {"base", "每消费1元积1分（1段奶粉除外）", "points", "member.enrolled",
         "order.net - net_of(\"food/baby/formula/stage-1\")"},
        {"member-day", "每月8日会员日双倍积分", "points",
         "member.enrolled && now.getDate(\"Asia/Shanghai\") == 8",
         "order.net - net_of(\"food/baby/formula/stage-1\")"},
        {"birthday-month", "生日月双倍积分", "points",
         "member.enrolled && has(attr.birth_month) && attr.birth_month == now.getMonth(\"Asia/Shanghai\") + 1",
         "order.net - net_of(\"food/baby/formula/stage-1\")"},
        {"gold-plus", "金卡积分多两成", "points", "member.enrolled && in_tier(\"gold\")", "order.net * 0.2"},
        {"growth", "每消费1元1点成长值", "growth", "member.enrolled", "order.net"}};
    for (uint32_t i = 0; i < TB_COUNT_OF(rule); i++)
        PUT(s, HELIN, TB_OP_RULE_PUT, tb_cmd_rule_put, .put = code(rule[i].code), .name = tb_str_of(rule[i].name),
            .kind = TB_RULE_EARN, .unit = tb_str_of(rule[i].unit), .condition = tb_str_of(rule[i].condition),
            .amount = tb_str_of(rule[i].amount), .priority = 10 * (i + 1));
    PUT(s, CHENGDIAN, TB_OP_RULE_PUT, tb_cmd_rule_put, .put = code("base"), .name = TB_STR("每消费1元积1分"),
        .kind = TB_RULE_EARN, .unit = TB_STR("points"), .condition = TB_STR("member.enrolled"),
        .amount = TB_STR("order.net"), .priority = 10);
}

bool sim_setup(struct tb_sim *s, uint32_t stage)
{
    switch (stage) {
    case 0:
        tenants(s);
        return true;
    case 1:
        for (uint32_t t = 0; t < TENANTS; t++) {
            namespaces(s, (enum sim_tenant)t);
            units(s, (enum sim_tenant)t);
        }
        places(s);
        purposes(s);
        attributes(s);
        tiers(s);
        rules(s);
        return true;
    case 2:
        for (uint32_t i = 0; i < PRODUCTS; i++)
            product(s, HELIN, &s->product[i]);
        for (uint32_t i = 0; i < GADGETS; i++)
            product(s, CHENGDIAN, &s->gadget[i]);
        return true;
    default:
        return false;
    }
}

/* ---- numbers of what was declared ------------------------------------------------------------- */

static uint32_t find(struct tb_sim *s, enum sim_tenant t, enum tb_kind kind, struct tb_str text)
{
    return s->border->find(s->border->user, s->ids[t].tenant, kind, text);
}

void sim_ids_find(struct tb_sim *s)
{
    s->ids_known = true;
    for (uint32_t t = 0; t < TENANTS; t++) {
        struct sim_ids *ids = &s->ids[t];
        struct tb_str tenant = tb_str_of(sim_tenant_code[t]);
        ids->tenant = s->border ? s->border->find(s->border->user, 0, TB_KIND_TENANT, tenant) : t + 1;
        for (uint32_t i = 0; i < NS_COUNT; i++)
            ids->ns[i] = s->border ? find(s, (enum sim_tenant)t, TB_KIND_NAMESPACE, tb_str_of(sim_ns_code[i])) : i + 1;
        for (uint32_t i = 0; t == HELIN && i < ATTRIBUTES; i++)
            ids->attribute[i] =
                s->border ? find(s, HELIN, TB_KIND_ATTRIBUTE, tb_str_of(sim_attribute_code[i])) : i + 1;
        if (s->border == NULL)
            continue;
        for (uint32_t i = 0; i < PLACES; i++)
            ids->place[i] = find(s, (enum sim_tenant)t, TB_KIND_TOUCHPOINT, tb_str_of(sim_place_code[i]));
        for (uint32_t i = 0; t == HELIN && i < STORES; i++)
            for (uint32_t k = 0; k < TOUCHES; k++)
                ids->touch[i][k] = sim_has_touch(&s->store[i], (enum sim_touch)k)
                                       ? find(s, HELIN, TB_KIND_TOUCHPOINT,
                                              sim_touch_code(&s->arena, i, (enum sim_touch)k))
                                       : 0;
        for (uint32_t i = 0; t == HELIN && i < PURPOSES; i++)
            ids->purpose[i] = find(s, HELIN, TB_KIND_PURPOSE, tb_str_of(sim_purpose_code[i]));
    }
}
