// SPDX-License-Identifier: Apache-2.0
/* The chain's 24 stores in three cities and what stands in them. Positions are those of the
 * districts; the stores are invented.                                                     */
#include "sim/world.h"

#include <string.h>

const char *const sim_tenant_code[TENANTS] = {"helin", "chengdian"};
const char *const sim_place_code[PLACES] = {"mini_program", "web",    "official-account", "delivery",
                                            "store-1-shelf-cosmetics", "scan-east", "scan-south"};

struct site {
    const char *name;
    uint8_t city;
    uint8_t kind;
    uint8_t tills;
    int32_t latitude_e7;
    int32_t longitude_e7;
};

static const struct site site[STORES] = {
    {"禾邻生活 · 杭州城西大卖场", 0, HYPER, 12, 302990000, 1201060000},
    {"禾邻生活 · 宁波鄞州大卖场", 1, HYPER, 10, 298170000, 1215470000},
    {"禾邻超市 · 西湖文三店", 0, SUPER, 5, 302760000, 1201280000},
    {"禾邻超市 · 滨江江陵店", 0, SUPER, 5, 302080000, 1202110000},
    {"禾邻超市 · 余杭临平店", 0, SUPER, 4, 304210000, 1203010000},
    {"禾邻超市 · 宁波海曙店", 1, SUPER, 5, 298680000, 1215500000},
    {"禾邻超市 · 宁波江北店", 1, SUPER, 4, 298870000, 1215550000},
    {"禾邻超市 · 绍兴越城店", 2, SUPER, 4, 299990000, 1205830000},
    {"禾邻便利 · 文一路店", 0, CONVENIENCE, 2, 302890000, 1201270000},
    {"禾邻便利 · 武林广场店", 0, CONVENIENCE, 2, 302750000, 1201630000},
    {"禾邻便利 · 下沙大学城店", 0, CONVENIENCE, 2, 303150000, 1203440000},
    {"禾邻便利 · 钱江新城店", 0, CONVENIENCE, 2, 302460000, 1202090000},
    {"禾邻便利 · 拱宸桥店", 0, CONVENIENCE, 2, 303200000, 1201330000},
    {"禾邻便利 · 未来科技城店", 0, CONVENIENCE, 2, 302860000, 1200180000},
    {"禾邻便利 · 萧山市心店", 0, CONVENIENCE, 2, 301850000, 1202640000},
    {"禾邻便利 · 宁波天一店", 1, CONVENIENCE, 2, 298690000, 1215560000},
    {"禾邻便利 · 宁波南部商务区店", 1, CONVENIENCE, 2, 298010000, 1215500000},
    {"禾邻便利 · 宁波高新区店", 1, CONVENIENCE, 2, 298890000, 1216300000},
    {"禾邻便利 · 宁波大学店", 1, CONVENIENCE, 2, 299090000, 1216310000},
    {"禾邻便利 · 绍兴鲁迅中路店", 2, CONVENIENCE, 2, 299950000, 1205900000},
    {"禾邻便利 · 绍兴镜湖店", 2, CONVENIENCE, 2, 300560000, 1205630000},
    {"禾邻便利 · 绍兴柯桥店", 2, CONVENIENCE, 2, 300830000, 1204930000},
    {"禾邻便利 · 宁波城隍庙店", 1, CONVENIENCE, 1, 298640000, 1215450000},
    {"禾邻便利 · 杭州东站店", 0, CONVENIENCE, 2, 302930000, 1202120000}};

const char *sim_city(uint32_t city)
{
    static const char *const name[CITIES] = {"杭州", "宁波", "绍兴"};
    return name[city];
}

void sim_places_make(struct tb_sim *s)
{
    static const uint8_t staff[3] = {8, 5, 3};
    for (uint32_t i = 0; i < STORES; i++) {
        const struct site *from = &site[i];
        s->store[i] = (struct sim_store){.name = from->name,
                                         .city = from->city,
                                         .kind = from->kind,
                                         .tills = from->tills,
                                         .closes = INT16_MAX,
                                         .latitude_e7 = from->latitude_e7,
                                         .longitude_e7 = from->longitude_e7,
                                         .associate = (uint16_t)s->associates,
                                         .associate_n = staff[from->kind]};
        s->associates += staff[from->kind];
    }
    tb_assert(s->associates <= ASSOCIATES_MAX);
    s->store[OPENING_STORE].opens = TB_SIM_DAYS - 200;
    s->store[CLOSING_STORE].closes = TB_SIM_DAYS - 60;
    s->census.stores = STORES;
}

bool sim_has_touch(const struct sim_store *st, enum sim_touch touch)
{
    switch (touch) {
    case TOUCH_PROBE:
    case TOUCH_WIFI:
    case TOUCH_DESK:
        return st->kind != CONVENIENCE;
    case TOUCH_GATE:
        return st->kind == HYPER;
    case TOUCH_SCAN_AND_GO:
    case TOUCH_TILL:
        return true;
    case TOUCHES:
    default:
        return false;
    }
}

static struct tb_str code_of(struct tb_arena *a, const char *before, uint32_t number, const char *after)
{
    char text[48];
    struct tb_buf b;
    tb_buf_init(&b, text, sizeof text);
    tb_buf_printf(&b, "%s%u%s", before, number, after);
    return tb_str_copy(a, tb_buf_as_str(&b));
}

struct tb_str sim_store_code(struct tb_arena *a, uint32_t store)
{
    return code_of(a, "store-", store + 1, "");
}

struct tb_str sim_touch_code(struct tb_arena *a, uint32_t store, enum sim_touch touch)
{
    static const char *const after[TOUCHES] = {"", "-probe", "-wifi", "-gate", "-desk", "-scan-and-go"};
    return code_of(a, "store-", store + 1, after[touch]);
}

struct tb_str sim_associate_code(struct tb_arena *a, uint32_t associate)
{
    return code_of(a, "a", 1001 + associate, "");
}
