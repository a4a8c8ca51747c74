// SPDX-License-Identifier: Apache-2.0
/* Columns of what tenants declare; publish_tables.c includes it once, behind its short names. */
#ifndef TB_ENGINE_PUBLISH_CONFIG_COLUMNS_H
#define TB_ENGINE_PUBLISH_CONFIG_COLUMNS_H

static const struct tb_column tenants[] = {
    TENANT, CODE, NAME, VERSION,
    T("zone", "IANA name; days are days there"),
    T("currency", "ISO 4217"),
    I("currency_digits", "amounts are in minor units: 2 = hundredths"),
    I("accept_days", "oldest event that is accepted; 0 = any age"),
    I("regular_orders", "a buyer with that many orders is a regular; 0 = nobody"),
    I("persons", "everybody who was recognised"),
    I("followers", "persons who follow the official account"),
    I("members", "persons who enrolled"),
    I("buyers", "persons with an order"),
    I("regulars", ""),
    I("anonymous_cards", "members known by a card alone"),
    I("devices", ""),
    I("frozen", "persons that wait for a review"),
    I("refused_attributes", "how often an undeclared attribute was refused"),
};
static const struct tb_column units[] = {
    I("unit", "number"), TENANT, CODE, NAME, VERSION,
    I("kind", "0 points, 1 qualifying points, 2 stored value"),
    I("negative", "claw-backs: 0 only pending, 1 within the balance, 2 unlimited"),
    I("release", "0 at once, 1 after days, 2 on a date, 3 on an event"),
    I("release_n", "days, or month * 100 + day"),
    I("expiry", "0 none, 1 rolling days, 2 rolling months, 3 calendar date, 4 sliding days"),
    I("expiry_n", "days, months, or month * 100 + day"),
    I("rounding", "usable until the end of the: 0 instant, 1 day, 2 ISO week, 3 month, 4 quarter, "
                  "5 half-year, 6 year"),
    I("face_ppm", "minor currency units that one unit is worth, parts per million"),
};
static const struct tb_column namespaces[] = {
    I("namespace", "number"), TENANT, CODE, VERSION,
    I("class", "0 unique, 1 strong, 2 weak, 3 ephemeral"),
    I("scope", "0 person, 1 device, 2 household"),
    I("priority", "1 = highest"),
    I("retention_days", "device scope: forgotten after that silence; 0 = kept"),
};
static const struct tb_column stores[] = {
    I("store", "number"), TENANT, CODE, NAME, VERSION,
    T("region", ""),
    I("latitude_e7", "degrees * 10,000,000"),
    I("longitude_e7", ""),
    I("trade_radius_m", "metres"),
    I("closed", "1 = it is"),
};
static const struct tb_column products[] = {
    I("product", "number"), TENANT, CODE, NAME, VERSION,
    T("category", "path: food/baby/formula"),
    T("brand", ""),
    T("barcode", ""),
    I("price", "list price, minor units"),
    I("cost", "minor units"),
    I("weighed", "1: quantities are thousandths of the measure"),
    I("supply_days", "one piece lasts"),
    I("life_from_months", ""),
    I("life_to_months", "inclusive; 0 = no stage of life"),
    I("never_promoted", ""),
    T("attributes", "JSON object, as given"),
};
static const struct tb_column associates[] = {
    I("associate", "number"), TENANT, CODE, NAME, VERSION,
    I("store", ""),
    I("left_store", "1: no longer there"),
};
static const struct tb_column touchpoints[] = {
    I("touchpoint", "number"), TENANT, CODE, NAME, VERSION,
    I("kind", "0 other, 1 till, 2 probe, 3 face, 4 gate, 5 Wi-Fi, 6 scan, 7 web, 8 mini-program, "
              "9 app, 10 official account, 11 delivery, 12 associate, 13 service desk, 14 import"),
    I("store", ""),
};
static const struct tb_column attribute_declarations[] = {
    I("attribute", "number"), TENANT, CODE, VERSION,
    I("type", "0 integer, 1 boolean, 2 text, 3 date, 4 instant, 5 choice"),
    I("personal", "1: sealed; its values are not published"),
    I("purpose", ""),
    T("benefit", "what the member gets for it"),
    I("retention_days", "0 = kept"),
    I("is_name", "1: members are found by it (member_names)"),
};
static const struct tb_column attribute_choices[] = {
    I("attribute", ""), I("choice", "the value in table attributes"), TENANT, T("value", ""),
};
static const struct tb_column purposes[] = {
    I("purpose", "number"), TENANT, CODE, VERSION,
    T("text", "what the member was told"),
    I("text_version", ""),
    I("marketing", ""),
};
static const struct tb_column rules[] = {
    I("rule", "number"), TENANT, CODE, NAME, VERSION,
    I("kind", "0 an order earns, 1 tier, 2 an enrolment earns"),
    I("unit", ""),
    I("scheme", ""),
    T("condition", "expression; none = always"),
    T("amount", "expression"),
    I("from_ms", "in force from here"),
    I("until_ms", "up to, not including; none = open"),
    I("priority", "smaller first"),
    I("disabled", ""),
};
static const struct tb_column tier_schemes[] = {
    I("scheme", "number"), TENANT, CODE, NAME, VERSION,
    I("measure", "0 qualifying points, 1 spend, 2 visits"),
    I("time_window", "0 rolling months, 1 calendar year, 2 member's year, 3 lifetime"),
    I("window_months", ""),
    I("validity_months", ""),
    I("grace_days", ""),
    I("downgrade", "0 one down, 1 by the measure, 2 never"),
    I("on_refund", "0 sticky, 1 evaluated again"),
    I("unit", ""),
};
static const struct tb_column tiers[] = {
    I("scheme", ""), I("tier", "0 = base, then rising"), TENANT, CODE, NAME,
    I("reach", "measure needed to enter"),
    I("keep", "measure needed to stay"),
    T("benefits", "JSON, as given"),
};
static const struct tb_column api_keys[] = {
    I("key_no", "number: the actor of other tables"), TENANT,
    T("code", "public part of the key"), NAME, VERSION,
    I("roles", "bits: 1 owner, 2 marketer, 4 store, 8 associate, 16 service, 32 auditor, "
               "64 developer, 128 operator"),
    I("store", ""),
    I("created_ms", ""),
    I("expires_ms", "none = never"),
    I("revoked_ms", "none = it is not"),
};
static const struct tb_column webhooks[] = {
    I("webhook", "number"), TENANT, CODE, VERSION,
    T("url", ""),
    I("events", "bits of the event groups; 0 = all"),
    I("disabled", ""),
};

#endif
