// SPDX-License-Identifier: Apache-2.0
/* What the chain and the brand sell: 600 products made from a table of 56 kinds, and 24
 * mice and keyboards. And what one shopper puts into her basket.
 *
 * Stage 1 of infant formula (0-6 months) is never promoted: 广告法 article 20 forbids it.
 * Prices are fen. A barcode is EAN-13: 69 for goods, 2 for what the scale labels.          */
#include "sim/world.h"

#include <string.h>

enum { CONV = 1, WEIGHED = 2, SUMMER = 4, WINTER = 8, FESTIVAL = 16, AUTUMN = 32, ONLINE = 64, BABY = 128 };

struct kind_row {
    const char *path;
    const char *item;  /* words separated by | */
    const char *brand; /* words separated by | */
    uint16_t low;      /* price in 10 fen */
    uint16_t high;
    uint8_t margin; /* percent */
    uint8_t weight; /* how often it is bought */
    uint8_t n;      /* products */
    uint16_t supply; /* days that one lasts */
    uint16_t flags;
};

static const struct kind_row kind_row[] = {
    {"food/baby/formula/stage-1", "婴儿配方奶粉1段 800g", "禾贝|爱尔|悠蓝", 2680, 3580, 22, 0, 3, 8, BABY},
    {"food/baby/formula/stage-2", "较大婴儿配方奶粉2段 800g", "禾贝|爱尔|悠蓝", 2580, 3480, 22, 0, 3, 9, BABY},
    {"food/baby/formula/stage-3", "幼儿配方奶粉3段 800g", "禾贝|爱尔|悠蓝", 2280, 3180, 20, 0, 3, 14, BABY},
    {"food/baby/formula/stage-4", "儿童配方奶粉4段 800g", "禾贝|爱尔|悠蓝", 1980, 2780, 20, 0, 3, 20, BABY},
    {"baby/diapers", "纸尿裤NB码|纸尿裤S码|纸尿裤M码|纸尿裤L码|拉拉裤XL码", "柔棉|安芽|小袋鼠", 690, 1690, 25, 0, 15, 12, BABY},
    {"baby/wipes", "婴儿手口湿巾80抽", "柔棉|安芽|植护", 90, 290, 30, 0, 6, 10, BABY},
    {"baby/food", "高铁米粉|果泥|磨牙棒|南瓜米粉", "禾贝|小米苗", 150, 690, 35, 0, 12, 10, BABY},
    {"baby/care", "婴儿沐浴露|婴儿润肤霜|护臀膏", "安芽|植护|贝润", 290, 990, 40, 0, 9, 45, BABY},
    {"fresh/fruit", "红富士苹果|砂糖橘|香蕉|巨峰葡萄|麒麟西瓜|奇异果|沃柑|雪梨|蓝莓|草莓", "产地直供", 40, 390, 30, 90, 10, 4, WEIGHED},
    {"fresh/vegetable", "上海青|西红柿|土豆|黄瓜|西兰花|生菜|菠菜|胡萝卜|茄子|山药", "产地直供", 20, 120, 32, 95, 10, 3, WEIGHED},
    {"fresh/meat", "五花肉|里脊肉|排骨|牛腩|鸡胸肉|羊肉卷", "双汇源|本地牧场", 160, 790, 22, 60, 12, 3, WEIGHED},
    {"fresh/seafood", "鲈鱼|基围虾|带鱼|花蛤|梭子蟹", "舟山渔港", 180, 1290, 25, 30, 10, 2, WEIGHED},
    {"fresh/eggs", "鲜鸡蛋10枚|土鸡蛋15枚|鹌鹑蛋", "圣农庄|本地牧场", 120, 360, 18, 50, 6, 8, 0},
    {"fresh/tofu", "嫩豆腐|老豆腐|豆干|腐竹", "祖名|清美", 25, 120, 35, 35, 8, 3, 0},
    {"fresh/dairy", "鲜牛奶950ml|酸奶原味|纯牛奶整箱|低温酸奶|奶酪棒", "新希|光明山|每日源", 60, 690, 20, 80, 20, 4, CONV},
    {"food/rice", "东北大米5kg|泰国香米5kg|糯米1kg", "北大荒|禾稻", 250, 890, 14, 25, 9, 30, 0},
    {"food/oil", "花生油5L|菜籽油5L|玉米油4L|橄榄油750ml", "福临|鲁花园", 590, 1690, 12, 20, 12, 45, 0},
    {"food/noodles", "挂面1kg|方便面五连包|螺蛳粉|意大利面", "康师|今麦|好欢", 45, 290, 25, 40, 16, 12, CONV},
    {"food/sauces", "生抽|老抽|香醋|料酒|蚝油|豆瓣酱", "海天下|李记|恒顺", 60, 260, 28, 35, 12, 40, 0},
    {"food/frozen", "速冻水饺|汤圆|手抓饼|鸡块|馄饨", "湾仔|思念园", 120, 420, 28, 35, 10, 10, 0},
    {"food/hotpot", "火锅底料|牛油锅底|鱼丸|撒尿牛丸", "小肥|德庄园", 90, 390, 30, 15, 12, 20, WINTER},
    {"food/bakery", "吐司面包|蛋糕卷|牛角包|菠萝包", "禾邻烘焙|桃李园", 50, 220, 40, 55, 8, 2, CONV},
    {"food/breakfast", "豆浆|茶叶蛋|肉包|饭团|三明治", "禾邻鲜食", 20, 140, 45, 75, 10, 1, CONV},
    {"food/snacks/crisps", "原味薯片|烧烤味薯片|锅巴|虾条", "乐味|可比", 40, 160, 35, 70, 16, 5, CONV},
    {"food/snacks/nuts", "每日坚果|巴旦木|瓜子|夏威夷果", "三只果|洽洽香", 90, 890, 38, 35, 14, 10, ONLINE},
    {"food/snacks/sweets", "牛奶巧克力|黑巧克力|水果软糖|棉花糖", "德芙莱|徐福", 40, 390, 40, 40, 14, 8, CONV},
    {"food/snacks/spicy", "辣条|鸭脖|泡椒凤爪|魔芋爽", "卫龙源|绝味坊", 30, 260, 38, 45, 12, 4, CONV},
    {"food/gift", "年货坚果礼盒|糕点礼盒|红酒礼盒|海味礼盒", "禾邻甄选|稻香", 680, 3990, 35, 4, 12, 0, FESTIVAL},
    {"food/mooncake", "蛋黄莲蓉月饼|五仁月饼|流心奶黄月饼礼盒", "杏花|稻香", 80, 2680, 42, 4, 9, 0, AUTUMN},
    {"food/ice-cream", "雪糕|甜筒|冰棍|盒装冰淇淋", "蒙雪|和路", 30, 390, 38, 12, 12, 2, CONV | SUMMER},
    {"drinks/water", "矿泉水550ml|矿泉水1.5L|苏打水", "农夫泉|怡岭", 15, 60, 35, 90, 9, 1, CONV},
    {"drinks/tea", "无糖绿茶|乌龙茶|茉莉花茶|冰红茶", "东方叶|茶里", 30, 90, 38, 75, 12, 1, CONV},
    {"drinks/coffee", "即饮拿铁|美式咖啡|挂耳咖啡|咖啡豆227g", "瑞雀|三顿", 60, 990, 42, 50, 14, 3, CONV | ONLINE},
    {"drinks/juice", "橙汁|苹果汁|椰汁|混合果蔬汁", "汇源山|椰树湾", 45, 260, 35, 40, 12, 3, CONV},
    {"drinks/soda", "可乐330ml|无糖可乐|气泡水|柠檬汽水", "元森|百氏", 25, 90, 33, 75, 12, 1, CONV},
    {"drinks/beer", "拉格啤酒六罐|精酿白啤|果味啤酒", "青岛湾|乌苏里", 60, 490, 25, 30, 12, 6, CONV},
    {"drinks/baijiu", "浓香型白酒500ml|酱香型白酒500ml|黄酒1.5L", "古越|泸窖", 390, 9990, 30, 5, 10, 30, FESTIVAL},
    {"household/paper", "抽纸整提|卷纸12卷|厨房纸|湿厕纸", "洁云|维达山", 120, 490, 24, 55, 14, 25, ONLINE},
    {"household/laundry", "洗衣液3kg|洗衣凝珠|柔顺剂|洗衣粉", "蓝月湾|立白云", 190, 790, 28, 30, 14, 40, ONLINE},
    {"household/clean", "洗洁精|洁厕液|地板清洁剂|垃圾袋", "威猛|净安", 60, 290, 32, 35, 14, 35, 0},
    {"household/kitchen", "保鲜膜|不粘锅|菜刀|保鲜盒|砧板", "苏泊|乐扣", 90, 2990, 40, 8, 14, 200, 0},
    {"household/textile", "纯棉毛巾|浴巾|四件套|夏凉被", "洁丽|水星园", 120, 3990, 45, 7, 12, 200, 0},
    {"personal/shampoo", "去屑洗发水|护发素|控油洗发水", "清扬湾|滋源", 290, 990, 38, 28, 12, 45, ONLINE},
    {"personal/body", "沐浴露|香皂|身体乳", "力士安|六神湖", 90, 690, 38, 28, 12, 40, 0},
    {"personal/oral", "牙膏|电动牙刷|牙线|漱口水", "云南白|舒客里", 90, 2990, 42, 26, 12, 45, 0},
    {"personal/skin", "面膜5片|爽肤水|精华液|乳液", "珀莱雅湖|百雀园|自然堂里", 390, 3990, 55, 16, 15, 40, ONLINE},
    {"personal/makeup", "口红|气垫粉底|睫毛膏|卸妆水", "花西|完美湖", 590, 3290, 60, 10, 12, 120, ONLINE},
    {"personal/sun", "防晒霜SPF50|防晒喷雾", "安热山|碧柔湾", 490, 1990, 50, 6, 6, 60, SUMMER},
    {"personal/women", "卫生巾日用|卫生巾夜用|护垫", "苏菲湖|七度", 90, 390, 35, 30, 10, 25, CONV},
    {"health/vitamins", "维生素C|钙片|鱼油|益生菌", "汤臣山|善存里", 590, 2990, 50, 8, 12, 60, ONLINE},
    {"health/mask", "医用口罩50只|消毒湿巾|酒精喷雾|创可贴", "稳健|海氏", 90, 490, 40, 14, 8, 30, CONV},
    {"pet/cat", "猫粮2kg|猫条|猫砂6L|猫罐头", "皇家园|麦富", 60, 1690, 35, 12, 12, 20, ONLINE},
    {"pet/dog", "狗粮2.5kg|磨牙棒|狗零食", "皇家园|麦富", 90, 1790, 35, 8, 8, 25, ONLINE},
    {"stationery", "中性笔|笔记本A5|便利贴|文件夹", "晨光里|得力山", 20, 290, 45, 18, 10, 60, CONV},
    {"electronics/small", "充电线|充电宝|耳机|插线板", "品胜|公牛园", 190, 1990, 40, 8, 8, 365, CONV},
    {"season/umbrella", "折叠雨伞|一次性雨衣|暖宝宝", "天堂湖|禾邻", 50, 690, 45, 8, 6, 0, CONV}};

#define ROWS ((uint32_t)TB_COUNT_OF(kind_row))
_Static_assert(TB_COUNT_OF(kind_row) <= GOODS_ROWS_MAX, "rows of goods");

uint32_t sim_rows(void)
{
    return ROWS;
}

const char *sim_row_path(uint32_t row)
{
    return row < ROWS ? kind_row[row].path : "input-devices";
}

/* The n-th of words separated by |, counted around. */
static struct tb_str word_of(const char *words, uint32_t n)
{
    uint32_t count = 1;
    for (const char *p = words; *p; p++)
        count += *p == '|';
    const char *from = words;
    for (n %= count; n > 0; n--)
        from = strchr(from, '|') + 1;
    const char *end = strchr(from, '|');
    return (struct tb_str){from, (uint32_t)(end ? (size_t)(end - from) : strlen(from))};
}

static void put_barcode(struct sim_product *p, bool weighed, uint32_t number)
{
    struct tb_buf b;
    tb_buf_init(&b, p->barcode, sizeof p->barcode - 1);
    tb_buf_printf(&b, "%s%05u%05u", weighed ? "21" : "69", 10000 + number % 7919, number);
    uint32_t sum = 0;
    for (uint32_t i = 0; i < 12; i++)
        sum += (uint32_t)(p->barcode[i] - '0') * (i % 2 ? 3 : 1);
    tb_buf_byte(&b, (uint8_t)('0' + (10 - sum % 10) % 10));
    tb_assert(b.n == 13);
}

static void make(struct tb_sim *s, uint32_t row, uint32_t i, uint32_t number)
{
    static const char *const size[6] = {"", " 家庭装", " 量贩装", " 经典款", " 甄选", " 小包装"};
    const struct kind_row *k = &kind_row[row];
    struct sim_product *p = &s->product[number];
    struct tb_rng r = tb_rng_of(s->o.seed, 0x600d5, number);
    uint32_t items = 1;
    for (const char *c = k->item; *c; c++)
        items += *c == '|';
    uint32_t brands = 1;
    for (const char *c = k->brand; *c; c++)
        brands += *c == '|';
    struct tb_str brand = word_of(k->brand, i / items);
    struct tb_buf b;
    tb_buf_init(&b, p->name, sizeof p->name - 1);
    tb_buf_printf(&b, "%.*s %.*s%s", TB_STR_ARG(brand), TB_STR_ARG(word_of(k->item, i)),
                  size[i / items / brands % TB_COUNT_OF(size)]);
    tb_assert(!b.overflowed);
    tb_buf_init(&b, p->brand, sizeof p->brand - 1);
    tb_buf_str(&b, brand);
    tb_buf_init(&b, p->sku, sizeof p->sku - 1);
    tb_buf_printf(&b, "%u", 100001 + number);
    put_barcode(p, k->flags & WEIGHED, number);
    p->row = (uint16_t)row;
    p->weighed = (k->flags & WEIGHED) != 0;
    p->stage = row < 4 ? (uint8_t)(row + 1) : 0;
    p->supply_days = k->supply;
    static const uint16_t from[4] = {0, 6, 12, 36};
    static const uint16_t to[4] = {6, 12, 36, 72};
    if (p->stage) {
        p->life_from = from[row];
        p->life_to = to[row];
    } else if (k->flags & BABY) {
        p->life_to = 36;
    }
    p->price = tb_rng_range(&r, k->low, k->high) * 10;
    p->price = p->price > 2000 ? p->price / 100 * 100 + 90 : p->price; /* ...9.90 */
    p->cost = p->price / 100 * (100 - k->margin);
}

struct gadget {
    const char *name;
    int32_t yuan;
};
static const struct gadget gadget[GADGETS] = {
    {"澄电 M1 无线鼠标", 129},        {"澄电 M1 Pro 无线鼠标", 199},   {"澄电 M2 静音鼠标", 99},
    {"澄电 M3 人体工学鼠标", 259},    {"澄电 M5 电竞鼠标", 349},       {"澄电 M5 Pro 电竞鼠标", 499},
    {"澄电 M7 轻量化鼠标", 399},      {"澄电 M9 旗舰鼠标", 699},       {"澄电 K1 薄膜键盘", 119},
    {"澄电 K2 无线键盘", 169},        {"澄电 K3 机械键盘 红轴", 329},  {"澄电 K3 机械键盘 茶轴", 329},
    {"澄电 K5 三模机械键盘", 459},    {"澄电 K68 客制化键盘", 599},    {"澄电 K87 客制化键盘", 799},
    {"澄电 K98 全配列键盘", 899},     {"澄电 G1 键鼠套装", 229},       {"澄电 G3 键鼠套装", 399},
    {"澄电 P1 鼠标垫", 39},           {"澄电 P2 皮质桌垫", 99},        {"澄电 R1 键帽 PBT", 149},
    {"澄电 R2 轴体 70颗", 119},       {"澄电 H1 掌托", 79},            {"澄电 C1 航插线", 63}};

static void make_gadgets(struct tb_sim *s)
{
    for (uint32_t i = 0; i < GADGETS; i++) {
        struct sim_product *p = &s->gadget[i];
        struct tb_buf b;
        p->row = GOODS_ROWS_MAX;
        p->price = gadget[i].yuan * 100;
        p->cost = p->price / 100 * 55;
        tb_buf_init(&b, p->name, sizeof p->name - 1);
        tb_buf_c(&b, gadget[i].name);
        tb_buf_init(&b, p->brand, sizeof p->brand - 1);
        tb_buf_c(&b, "澄电");
        tb_buf_init(&b, p->sku, sizeof p->sku - 1);
        tb_buf_printf(&b, "CD-%03u", i + 1);
        put_barcode(p, false, 70000 + i);
    }
}

void sim_goods_make(struct tb_sim *s)
{
    uint32_t number = 0;
    for (uint32_t row = 0; row < ROWS; row++) {
        s->row[row].first = (uint16_t)number;
        for (uint32_t i = 0; i < kind_row[row].n; i++)
            make(s, row, i, number++);
        s->row[row].n = kind_row[row].n;
        s->row_weight[row] = kind_row[row].weight;
    }
    tb_assert(number == PRODUCTS);
    make_gadgets(s);
    s->census.products = PRODUCTS;
}

/* ---- baskets ------------------------------------------------------------------------------ */

static bool in_season(const struct kind_row *k, int32_t day)
{
    struct tb_date d = tb_date_from_days(day);
    int32_t until = sim_spring_festival(day);
    if (k->flags & SUMMER)
        return d.month >= 5 && d.month <= 9;
    if (k->flags & WINTER)
        return d.month >= 10 || d.month <= 3;
    if (k->flags & AUTUMN)
        return (d.month == 8 && d.day > 20) || d.month == 9 || (d.month == 10 && d.day < 8);
    return !(k->flags & FESTIVAL) || (until > 0 && until <= 25) || d.month == 9;
}

static uint32_t pick_row(const struct tb_sim *s, const struct sim_person *p, enum sim_store_kind kind,
                         uint32_t channel, int32_t day, struct tb_rng *r)
{
    for (uint32_t tries = 0; tries < 8; tries++) {
        uint32_t row = p != NULL && tb_rng_permille(r, 420) ? p->likes[tb_rng_below(r, 4)]
                                                            : tb_rng_pick(r, s->row_weight, ROWS);
        const struct kind_row *k = &kind_row[row];
        bool here = kind != CONVENIENCE || (k->flags & CONV) || channel == TB_SIM_MINI_PROGRAM;
        bool liked = channel != TB_SIM_MINI_PROGRAM || (k->flags & ONLINE) || tb_rng_permille(r, 500);
        if (here && liked && in_season(k, day))
            return row;
    }
    return 30; /* water is always there */
}

/* The first products of a row sell most; everybody has a brand of her own all the same. */
static const struct sim_product *pick_product(const struct tb_sim *s, uint32_t row, uint32_t who,
                                              struct tb_rng *r)
{
    uint32_t n = s->row[row].n;
    uint32_t at = tb_rng_below(r, n);
    uint32_t other = tb_rng_below(r, n);
    at = other < at ? other : at;
    if (tb_rng_permille(r, 450))
        at = (uint32_t)(tb_rng_mix(who + row * UINT64_C(977)) % n);
    return &s->product[s->row[row].first + at];
}

static void put_line(const struct tb_sim *s, const struct sim_event *e, const struct sim_product *p,
                     uint32_t pieces, struct tb_rng *r, struct sim_basket *out)
{
    const struct sim_person *who = e->person == NOBODY ? NULL : &s->person[e->person];
    struct tb_order_line_input *line = &out->line[out->n++];
    line->sku = (struct tb_str){p->sku, (uint32_t)strlen(p->sku)};
    line->quantity = p->weighed ? tb_rng_range(r, 15, 220) * INT64_C(10) : (int64_t)pieces * 1000;
    int64_t gross = (p->price * line->quantity + 500) / 1000;
    uint32_t festival = sim_festival_percent(sim_day_of(e->occurred_ms));
    uint32_t wish = 90 + (who ? who->sensitive * 3u : 60u) + festival * 15;
    int64_t net = gross;
    if (p->stage != 1 && e->person != s->student && tb_rng_permille(r, wish))
        net = gross * (100 - (int64_t)(festival ? festival : 5 + tb_rng_below(r, 4) * 5)) / 100;
    line->net = net;
    line->gross = gross == net ? 0 : gross;
    out->net += net;
}

static void put_baby_goods(const struct tb_sim *s, const struct sim_event *e, struct tb_rng *r,
                           struct sim_basket *out)
{
    const struct sim_person *p = &s->person[e->person];
    int32_t months = (sim_day_of(e->occurred_ms) - p->baby_born) * 100 / 3044;
    if (months < 0 || months > 60)
        return;
    uint32_t row = months < 6 ? 0 : months < 12 ? 1 : months < 36 ? 2 : 3;
    uint32_t visits = p->visits ? p->visits : 1;
    const struct sim_product *tin = &s->product[s->row[row].first + e->person % s->row[row].n];
    uint32_t chance = 365000 / visits / (tin->supply_days ? tin->supply_days : 1);
    uint32_t tins = chance / 1000 + tb_rng_permille(r, chance % 1000);
    if (tins > 0)
        put_line(s, e, tin, tins > 6 ? 6 : tins, r, out);
    if (months < 30 && tb_rng_permille(r, 365000 / visits / 14 > 1000 ? 1000 : 365000 / visits / 14)) {
        uint32_t size = months < 1 ? 0 : months < 4 ? 1 : months < 9 ? 2 : months < 15 ? 3 : 4;
        put_line(s, e, &s->product[s->row[4].first + size + 5 * (e->person % 3)], 1, r, out);
    }
    if (tb_rng_permille(r, 250))
        put_line(s, e, pick_product(s, 5 + tb_rng_below(r, months >= 6 ? 3 : 1), e->person, r), 1, r, out);
}

/* The student's three purchases make 1,960 yuan, a point for each; a mouse is 2,000. */
static void gadgets(const struct tb_sim *s, const struct sim_event *e, struct tb_rng *r,
                    struct sim_basket *out)
{
    static const uint8_t student[3] = {14, 7, 17};
    if (e->person == s->student && e->aux > 0) {
        put_line(s, e, &s->gadget[student[e->aux - 1]], 1, r, out);
        if (e->aux == 3)
            put_line(s, e, &s->gadget[23], 1, r, out);
        return;
    }
    put_line(s, e, &s->gadget[tb_rng_below(r, GADGETS)], 1, r, out);
    if (tb_rng_permille(r, 250))
        put_line(s, e, &s->gadget[18 + tb_rng_below(r, 6)], 1, r, out);
}

bool sim_basket(const struct tb_sim *s, const struct sim_event *e, struct tb_arena *a,
                struct sim_basket *out)
{
    enum { LINES = 24 };
    static const uint8_t usual[3] = {8, 5, 2};
    *out = (struct sim_basket){.line = TB_NEW_ARRAY(a, struct tb_order_line_input, LINES)};
    if (out->line == NULL)
        return false;
    struct tb_rng r = tb_rng_of(s->o.seed, 0xba5ce7, e->no);
    const struct sim_person *p = e->person == NOBODY ? NULL : &s->person[e->person];
    if (p != NULL && p->tenant == CHENGDIAN) {
        gadgets(s, e, &r, out);
        return true;
    }
    if (e->flags & F_FORMULA) {
        put_line(s, e, &s->product[s->row[0].first], 2, &r, out);
        put_line(s, e, &s->product[s->row[4].first + 1], 1, &r, out);
        return true;
    }
    if (p != NULL && p->baby_born != 0 && !(e->flags & F_CASH_FRAUD))
        put_baby_goods(s, e, &r, out);
    enum sim_store_kind kind = s->store[e->store].kind;
    int32_t day = sim_day_of(e->occurred_ms);
    uint32_t size = usual[kind] * (p ? p->basket : 80u);
    if (e->channel == TB_SIM_MINI_PROGRAM || e->channel == TB_SIM_DELIVERY)
        size = size * 3 / 4 + 100;
    uint32_t n = size / 100;
    n = 1 + tb_rng_below(&r, 2 * n + 1) / 2 + tb_rng_below(&r, n + 1) / 2;
    for (; n > 0 && out->n < LINES; n--) {
        const struct sim_product *x =
            pick_product(s, pick_row(s, p, kind, e->channel, day, &r), p ? e->person : 0, &r);
        put_line(s, e, x, 1 + (tb_rng_permille(&r, 180) ? tb_rng_below(&r, 3) : 0), &r, out);
    }
    return true;
}
