#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Campaigns and coupons over HTTP: from draft to receipt and back, every mechanic said and read again, every
refusal with its field, and nothing of another tenant's.

    campaigns.py APP_SERVER
"""
import sys

import forgotten
from client import Checks, Client, Server, Shapes

READ_ONLY = {"code", "version", "state", "versions", "live_offer", "offer", "offer_version", "made_at", "figures"}
ANY = [{"slot": "scope", "by": "all", "excluded": False}]


def goods(t):
    for code, price in (("tea", 10000), ("cup", 3000), ("pot", 20000)):
        t.put(f"/v1/products/{code}", {"name": code, "price": price, "category": f"home/{code}", "brand": "B"})
    t.put("/v1/stores/C01", {"name": "C01"})
    t.put("/v1/units/coins", {"kind": "points", "negative": "unlimited"})


def template(t, code, **more):
    return t.put(f"/v1/units/{code}", {"kind": "coupon", "name": code, **more})


def live(c, t, code, body, **more):
    """Puts a campaign and brings it into force, with every finding acknowledged."""
    c.status(t.put(f"/v1/campaigns/{code}", body), 200, f"put {code}")
    found = c.status(t.get(f"/v1/campaigns/{code}/check"), 200, f"check {code}")["findings"]
    c.status(t.post(f"/v1/campaigns/{code}/moves", {"state": "review"}), 200, f"review {code}")
    words = sorted({f["finding"] for f in found})
    r = t.post(f"/v1/campaigns/{code}/moves", {"state": "live", "acknowledged": words, **more})
    return c.status(r, 200, f"{code} goes live")


def member(t, phone):
    return t.post("/v1/contacts", {"identifiers": [{"ns": "phone", "value": phone}]}).json["member"]["id"]


def story(c, t):
    """A campaign that takes a coupon, from the draft to the receipt, and what comes back."""
    goods(t)
    r = template(t, "ten-off", stock=3, earn_cap=1, earn_cap_rejects=True,
                 earn_cap_period="lifetime", claim_code="TENOFF", givable=True,
                 expiry="rolling_days", expiry_n=30)
    c.status(r, 200, "template")
    body = {"name": "Ten off", "mechanic": "amount", "level": "order", "amount": 1000, "min_amount": 5000,
            "coupon": "ten-off", "coupon_rule": "single", "cap_order": 1000, "budget": 2000, "budget_rule": "strict",
            "holdout_ppm": 0, "limits": [{"scope": "member", "period": "day", "uses": 1}],
            "funding": [{"payer": "brand-b", "ppm": 700000}, {"payer": "head-office", "ppm": 300000}]}
    first = c.status(t.put("/v1/campaigns/ten", body), 200, "draft")
    c.that(first["created"] and first["version"] == 1 and first["offer_version"] == 1, f"{first}")
    c.that(not c.status(t.put("/v1/campaigns/ten", body), 200, "the same")["changed"], "nothing new was said")
    c.status(t.put("/v1/campaigns/ten", {**body, "expected_version": 9}), 409, "another editor", "version_conflict")
    c.status(t.post("/v1/campaigns/ten/moves", {"state": "live"}), 409, "from a draft", "campaign_state")
    found = c.status(t.get("/v1/campaigns/ten/check"), 200, "check")["findings"]
    c.status(t.post("/v1/campaigns/ten/moves", {"state": "review", "reason": "please look"}), 200, "review")
    if found:
        c.status(t.post("/v1/campaigns/ten/moves", {"state": "live"}), 422, "unread findings", "campaign_findings")
    words = sorted({f["finding"] for f in found})
    moved = c.status(t.post("/v1/campaigns/ten/moves", {"state": "live", "acknowledged": words, "offer_version": 1}),
                     200, "live")
    c.that(moved["state"] == "live" and moved["offer"] == first["offer"], f"{moved}")
    view = c.status(t.get("/v1/campaigns/ten"), 200, "campaign")
    c.that(all(view[k] == v for k, v in body.items() if k != "limits"), f"said and read: {view}")
    c.that(view["figures"] == {"uses": 0, "amount": 0, "pieces": 0, "shown": 0, "held_out": 0, "granted": 2000,
                               "left": 2000, "held": 0, "spent": 0}, f"{view['figures']}")
    one, two = member(t, "13755550001"), member(t, "13755550002")
    coupon = c.status(t.post(f"/v1/members/{one}/coupon-claims", {"claim_code": "TENOFF"}), 201, "claim")["coupon"]
    c.status(t.post(f"/v1/members/{one}/coupon-claims", {"unit": "ten-off"}), 422, "a second one", "cap_exceeded")
    mine = c.status(t.get(f"/v1/members/{one}/coupons"), 200, "coupons")
    c.that([(x["coupon"], x["state"], x["unit"]) for x in mine["coupons"]] == [(coupon, "usable", "ten-off")],
           f"{mine}")
    pay(c, t, one, two, coupon)
    spare(c, t, two)


def pay(c, t, one, two, coupon):
    cart = {"member": {"id": one}, "lines": [{"sku": "tea", "quantity": 1}, {"sku": "cup", "quantity": 1}],
            "coupons": [coupon]}
    q = c.status(t.post("/v1/quotes", cart), 200, "quote")
    c.that(q["payable"] == 12000 and q["offers"][0]["campaign"] == "ten" and q["offers"][0]["coupon"] == coupon, f"{q}")
    theirs = c.status(t.post("/v1/quotes", {**cart, "member": {"id": two}}), 200, "another member's coupon")
    c.that(theirs["payable"] == 13000 and theirs["refused"][0]["reason"] == "coupon_unknown", f"{theirs}")
    b = c.status(t.post("/v1/baskets", cart), 201, "basket")
    c.that(t.get(f"/v1/members/{one}/coupons").json["coupons"][0]["state"] == "locked", "an open basket has it")
    c.that(t.get("/v1/campaigns/ten").json["figures"]["held"] == 1000, "and of the budget")
    give = t.post(f"/v1/members/{one}/coupons/{coupon}/give", {"to": {"id": two}})
    c.status(give, 404, "a locked one", "unknown_coupon")
    done = {"order": "CP-1", "basket": b["basket"], "payable": 12000, "tenders": [{"kind": "cash", "amount": 12000}]}
    o = c.status(t.post("/v1/checkout", done), 201, "confirm")
    c.that((o["payable"], o["saving"], o["coupons_given"]) == (12000, 1000, []), f"{o}")
    figures = t.get("/v1/campaigns/ten").json["figures"]
    c.that((figures["uses"], figures["amount"], figures["held"], figures["spent"]) == (1, 1000, 0, 1000), f"{figures}")
    c.that(t.get(f"/v1/members/{one}/coupons").json["coupons"] == [], "it is used")
    sold = c.status(t.get("/v1/orders/CP-1"), 200, "order")["offers"]
    c.that([(x["campaign"], x["saving"], x["coupon"]) for x in sold] == [("ten", 1000, coupon)], f"{sold}")
    # all of the tea: by the order's own id, as the till's receipt shows it
    part = {"lines": [{"sku": "tea", "quantity": 1}]}
    told = c.status(t.post(f"/v1/orders/{o['id']}/return-quotes", part), 200, "return quote by id")
    c.that(told == t.post("/v1/orders/CP-1/return-quotes", part).json, "the same by the caller's code")
    back = c.status(t.post(f"/v1/orders/{o['id']}/returns", {"return": "CR-1", **part}), 201, "return by id")
    paid = sum(x["amount"] for x in back["tenders"])
    c.that(back["net"] == told["net"] == paid and back["order"] == "CP-1", f"{back}")
    again = c.status(t.post("/v1/orders/CP-1/returns", {"return": "CR-1", **part}), 201, "again, by the code")
    c.that(again["repeated"] and again["return_id"] == back["return_id"], f"one return: {again}")
    rest = c.status(t.post(f"/v1/orders/{o['id']}/cancel"), 200, "the rest, by id")
    c.that(back["net"] + rest["net"] == 12000 and rest["coupons"] == [coupon], f"{rest}")
    figures = t.get("/v1/campaigns/ten").json["figures"]
    c.that((figures["uses"], figures["amount"], figures["left"]) == (0, 0, 2000), f"all is back: {figures}")
    c.that(t.get(f"/v1/members/{one}/coupons").json["coupons"][0]["state"] == "usable", "and the coupon too")
    gift = c.status(t.post(f"/v1/members/{one}/coupons/{coupon}/give", {"to": {"id": two}}), 201, "give")
    c.that(gift["coupon"] != coupon, "hers has a number of its own")
    names = {x["coupon"]: x for x in t.get(f"/v1/members/{two}/coupons").json["coupons"]}
    c.that(list(names) == [gift["coupon"]] and t.get(f"/v1/members/{one}/coupons").json["coupons"] == [], f"{names}")
    gone = {"reason": "given in error", "restock": True}
    c.status(t.post(f"/v1/members/{two}/coupons/{gift['coupon']}/void", gone), 200, "void")
    c.that(t.get(f"/v1/members/{two}/coupons").json["coupons"] == [], "it is gone")


def spare(c, t, two):
    """A second version beside the first, its runs, the list; issuing by hand until the stock is empty."""
    v1 = t.get("/v1/campaigns/ten").json
    change = {k: v for k, v in v1.items() if k not in READ_ONLY}
    r = c.status(t.put("/v1/campaigns/ten", {**change, "amount": 900}), 200, "read, changed and put again")
    c.that(r["changed"] and r["offer_version"] == 2, f"{r}")
    c.that(t.get("/v1/campaigns/ten").json["state"] == "live", "what is in force stays")
    found = sorted({f["finding"] for f in t.get("/v1/campaigns/ten/check").json["findings"]})
    c.status(t.post("/v1/campaigns/ten/moves", {"state": "live", "acknowledged": found}), 200, "takes the new one")
    versions = c.status(t.get("/v1/campaigns/ten/versions"), 200, "versions")
    c.that([x["offer_version"] for x in versions["items"]] == [1, 2] and len(versions["runs"]) == 2
           and "until" in versions["runs"][0] and "until" not in versions["runs"][1], f"{versions}")
    old = c.status(t.get("/v1/campaigns/ten?version=1"), 200, "the first version")
    c.that(old["amount"] == 1000 and old["offer_version"] == 1, "versions never change")
    c.status(t.get("/v1/campaigns/ten?version=7"), 422, "no such version", "invalid")
    c.status(t.post("/v1/campaigns/ten/moves", {"state": "paused", "reason": "rain"}), 200, "pause")
    rows = c.status(t.get("/v1/campaigns?limit=100"), 200, "list")["items"]
    c.that({"code": "ten", "state": "paused"}.items() <= next(x for x in rows if x["code"] == "ten").items(), f"{rows}")
    c.status(t.post(f"/v1/members/{two}/coupons", {"unit": "ten-off"}), 422, "for no reason", "reason_required")
    template(t, "thanks", stock=2)
    for i in range(2):
        c.status(t.post(f"/v1/members/{two}/coupons", {"unit": "thanks", "reason": "sorry"}), 201, f"issue {i}")
    thanks = {"unit": "thanks", "reason": "sorry"}
    c.status(t.post(f"/v1/members/{two}/coupons", thanks), 409, "the third", "out_of_stock")
    out = t.bulk([{"op": "coupon_claim", "key": "bc1", "body": {"member": {"id": two}, "unit": "ten-off"}},
                  {"op": "coupon_issue", "key": "bc2", "body": {"member": {"id": two}, **thanks}}])
    # she has had hers: a gift counts as hers, what was voided does not come back
    c.that([x["status"] for x in out[1]] in ([201, 409], [422, 409]), f"in bulk: {out[1]}")


# ---- everything that can be said ---------------------------------------------------------------------

MECHANICS = {
    "amount": {"amount": 500}, "amount_each": {"amount": 10, "max_units": 3},
    "percent": {"ppm": 100000, "initial": True, "formula": "0.05"}, "fixed": {"amount": 100, "one_per_product": True},
    "table": {"prices": [{"sku": "tea", "price": 9000}, {"sku": "cup", "price": 0}]},
    "ladder": {"steps": [{"at": 10000, "off": 500}, {"at": 20000, "off": 1500}], "level": "order"},
    "cheapest": {"need": 3, "get": 1, "ppm": 1000000, "overall": True},
    "n_for": {"need": 3, "amount": 9900, "same_line": True, "max_applications": 2},
    "buy_get": {"need": 2, "get": 1, "ppm": 1000000, "scope": [
        {"slot": "scope", "by": "product", "value": "tea", "excluded": False},
        {"slot": "other", "by": "category", "value": "home/cup", "excluded": False}]},
    "bundle": {"amount": 25000, "slots": [1, 2], "scope": [
        {"slot": "slot_0", "by": "product", "value": "pot", "excluded": False},
        {"slot": "slot_1", "by": "brand", "value": "B", "excluded": False},
        {"slot": "slot_1", "by": "product", "value": "pot", "excluded": True}]},
    "gift": {"get": 1, "min_amount": 30000, "every": True, "gift_product": "cup", "worth": 3000},
    "points": {"ppm": 2000000, "gift_unit": "coins"},
}
PLAIN = {"name": "n", "level": "item", "audience": "member.enrolled", "condition": "order.net > 1.00",
         "from": "2026-01-01T00:00:00Z", "until": "2030-01-01T00:00:00Z", "members_only": True, "first_order": True,
         "holdout_ppm": 100000, "rounding": "half_even", "sequence": -7, "group": "g", "group_rule": "best_of",
         "cap_order": 5000, "times": [
             {"kind": "weekly", "weekdays": ["mon", "sun"], "from_s": 28800, "until_s": 72000},
             {"kind": "black_out", "from": "2026-12-24T00:00:00Z", "until": "2026-12-26T00:00:00Z"}],
         "places": [{"by": "store", "code": "C01"}, {"by": "touchpoint", "code": "till"},
                    {"by": "channel", "channel": 3}],
         "limits": [{"scope": "store", "period": "iso_week", "uses": 5, "amount": 100, "pieces": 2},
                    {"scope": "device", "period": "lifetime", "uses": 1}],
         "funding": [{"payer": "brand-b", "ppm": 1}, {"payer": "store", "ppm": 999999}], "cost_cap": 77}


def mechanics(c, t):
    for name, body in MECHANICS.items():
        said = {**PLAIN, **body, "mechanic": name}
        c.status(t.put(f"/v1/campaigns/m-{name}", said), 200, f"put {name}")
        got = c.status(t.get(f"/v1/campaigns/m-{name}"), 200, f"get {name}")
        for key, value in said.items():
            c.that(got.get(key) == value, f"{name}.{key} is {got.get(key)}, put was {value}")
        again = t.put(f"/v1/campaigns/m-{name}", {k: v for k, v in got.items() if k not in READ_ONLY})
        c.that(again.status == 200 and not again.json["changed"], f"{name} read and put is the same: {again}")
        c.status(t.get(f"/v1/campaigns/m-{name}/check"), 200, f"check {name}")


BASE = {"mechanic": "amount", "amount": 100}
REFUSED = [  # body, status, code, field
    ({}, 400, "missing_field", "/mechanic"),
    ({"mechanic": "magic"}, 400, "not_an_option", "/mechanic"),
    ({"mechanic": "amount"}, 422, "invalid", "/amount"),
    ({"mechanic": "percent"}, 422, "invalid", "/ppm"),
    ({"mechanic": "percent", "ppm": 1000001}, 422, "invalid", "/ppm"),
    ({"mechanic": "ladder"}, 422, "invalid", "/steps"),
    ({"mechanic": "ladder", "steps": [{"at": 5, "off": 1}, {"at": 4, "off": 2}]}, 422, "invalid", "/steps"),
    ({"mechanic": "ladder", "every": True, "steps": [{"at": 5, "ppm": 1}]}, 422, "invalid", "/every"),
    ({"mechanic": "cheapest", "ppm": 1, "need": 2, "get": 2}, 422, "invalid", "/get"),
    ({"mechanic": "cheapest", "ppm": 1, "need": 2, "get": 1, "overall": True, "same_line": True}, 422, "invalid",
     "/same_line"),
    ({"mechanic": "n_for", "amount": 1}, 422, "invalid", "/need"),
    ({"mechanic": "buy_get", "need": 1, "get": 1}, 422, "invalid", "/ppm"),
    ({"mechanic": "bundle", "amount": 1}, 422, "invalid", "/slots"),
    ({"mechanic": "gift", "gift_product": "cup"}, 422, "invalid", "/get"),
    ({"mechanic": "gift", "get": 1}, 422, "invalid", "/gift_product"),
    ({"mechanic": "table"}, 422, "invalid", "/prices"),
    ({**BASE, "prices": [{"sku": "tea", "price": 1}]}, 422, "invalid", "/prices"),
    ({**BASE, "slots": [1]}, 422, "invalid", "/slots"),
    ({**BASE, "slots": [0]}, 400, "out_of_range", "/slots/0"),
    ({**BASE, "every": True}, 422, "invalid", "/every"),
    ({**BASE, "by_pieces": True}, 422, "invalid", "/by_pieces"),
    ({**BASE, "worth": 5}, 422, "invalid", "/worth"),
    ({**BASE, "level": "shipping", "cap_unit": 1}, 422, "invalid", "/cap_unit"),
    ({**BASE, "max_applications": 1}, 422, "invalid", "/max_applications"),
    ({**BASE, "amount": -1}, 400, "out_of_range", "/amount"),
    ({**BASE, "amount": "1"}, 400, "wrong_type", "/amount"),
    ({**BASE, "price": 1}, 400, "unknown_field", "/price"),
    ({**BASE, "scope": [{"by": "all"}, {"by": "product", "value": "nothing"}]}, 422, "unknown_product", "/scope/1"),
    ({**BASE, "scope": [{"by": "product"}]}, 400, "missing_field", "/scope/0/value"),
    ({**BASE, "scope": [{"by": "all", "value": "x"}]}, 400, "unknown_field", "/scope/0/value"),
    ({**BASE, "scope": [{"by": "all", "slot": "other"}]}, 422, "invalid", "/scope/0"),
    ({**BASE, "places": [{"by": "store", "code": "moon"}]}, 422, "unknown_store", "/places/0"),
    ({**BASE, "places": [{"by": "touchpoint", "code": "moon"}]}, 422, "unknown_touchpoint", "/places/0"),
    ({**BASE, "places": [{"by": "channel"}]}, 400, "missing_field", "/places/0/channel"),
    ({**BASE, "times": [{"kind": "weekly", "weekdays": ["mon"], "from_s": 9, "until_s": 9}]}, 422, "invalid",
     "/times/0"),
    ({**BASE, "times": [{"kind": "weekly", "weekdays": ["someday"]}]}, 400, "too_long", "/times/0/weekdays/0"),
    ({**BASE, "times": [{"kind": "weekly", "weekdays": ["xyz"]}]}, 400, "not_an_option", "/times/0/weekdays"),
    ({**BASE, "times": [{"kind": "black_out", "from": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z"}]}, 422,
     "invalid", "/times/0"),
    ({**BASE, "from": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, 422, "invalid", "/until"),
    ({**BASE, "limits": [{"scope": "member", "period": "day"}]}, 422, "invalid", "/limits/0"),
    ({**BASE, "limits": [{"scope": "member", "period": "day", "uses": 1}] * 2}, 422, "invalid", "/limits/1"),
    ({**BASE, "funding": [{"payer": "b", "ppm": 1}]}, 422, "invalid", "/funding"),
    ({**BASE, "coupon": "coins"}, 422, "invalid", "/coupon"),
    ({**BASE, "coupon": "nothing"}, 422, "unknown_unit", "/coupon"),
    ({**BASE, "coupon_rule": "joint"}, 422, "invalid", "/coupon_rule"),
    ({**BASE, "gift_unit": "coins"}, 422, "invalid", "/gift_unit"),
    ({**BASE, "audience": "member.enrolled &&"}, 422, "expression", "/audience"),
    ({**BASE, "condition": "1 + 1"}, 422, "expression", "/condition"),
    ({**BASE, "audience": "order.net > 1.0"}, 422, "expression", "/audience"),
    ({**BASE, "group": "a b"}, 422, "invalid", "/group"),
]


def refusals(c, t):
    for body, status, code, field in REFUSED:
        r = t.put("/v1/campaigns/bad", body)
        c.that((r.status, r.code, r.json.get("field")) == (status, code, field),
               f"{body}: wanted {status} {code} {field}, got {r}")
    c.status(t.get("/v1/campaigns/bad"), 422, "nothing came of it", "unknown_campaign")
    c.status(t.put("/v1/campaigns/" + "x" * 57, BASE), 422, "a long code", "invalid")
    for path in ("/v1/campaigns/none/check", "/v1/campaigns/none/versions"):
        c.status(t.get(path), 422, path, "unknown_campaign")
    c.status(t.post("/v1/campaigns/none/moves", {"state": "live"}), 422, "no campaign", "unknown_campaign")
    c.status(t.put("/v1/campaigns/once", BASE), 200, "a draft")
    for state in ("scheduled", "live", "paused", "draft"):
        c.status(t.post("/v1/campaigns/once/moves", {"state": state}), 409, f"draft to {state}", "campaign_state")
    c.status(t.post("/v1/campaigns/once/moves", {"state": "review", "offer_version": 3}), 409, "not the newest",
             "version_conflict")
    c.status(t.post("/v1/campaigns/once/moves", {"state": "review", "acknowledged": ["all"]}), 400, "no finding",
             "not_an_option")
    c.status(t.post("/v1/campaigns/once/moves", {"state": "ended"}), 200, "ended")
    c.status(t.put("/v1/campaigns/once", {**BASE, "amount": 5}), 409, "after its end", "campaign_state")
    coupons(c, t)


def coupons(c, t):
    her = member(t, "13755550009")
    way = f"/v1/members/{her}/coupon-claims"
    c.status(t.post(way, {}), 400, "neither", "missing_field")
    c.status(t.post(way, {"unit": "ten-off", "claim_code": "TENOFF"}), 400, "both", "invalid_value")
    c.status(t.post(way, {"claim_code": "GUESS"}), 404, "a guess", "unknown_code")
    c.status(t.post(way, {"unit": "coins"}), 422, "no template", "unknown_unit")
    template(t, "later", claim_from="2030-01-01T00:00:00Z")
    c.status(t.post(way, {"unit": "later"}), 409, "too early", "not_open")
    template(t, "club", members_only=True)
    c.status(t.post(way, {"unit": "club"}), 422, "no member", "not_enrolled")
    template(t, "kept")
    mine = c.status(t.post(way, {"unit": "kept"}), 201, "claim")["coupon"]
    other = member(t, "13755550008")
    c.status(t.post(f"/v1/members/{her}/coupons/{mine}/give", {"to": {"id": other}}), 409, "to keep", "not_givable")
    c.status(t.post(f"/v1/members/{other}/coupons/{mine}/void", {"reason": "r"}), 404, "not hers", "unknown_coupon")
    c.status(t.post(f"/v1/members/{her}/coupons/{mine}/void", {}), 422, "for no reason", "reason_required")
    c.status(t.post(f"/v1/members/{her}/coupons/cpn_0000000000000/void", {"reason": "r"}), 404, "a guess",
             "unknown_coupon")
    c.that(len(t.get(f"/v1/members/{her}/coupons").json["coupons"]) == 1, "she has it still")
    once = t.post(way, {"unit": "kept"}, idem="one-claim")
    again = t.post(way, {"unit": "kept"}, idem="one-claim")
    c.that(once.bytes == again.bytes and again.headers.get("idempotent-replayed") == "true", f"{once} {again}")
    c.status(t.post(way, {"unit": "club"}, idem="one-claim"), 422, "the key elsewhere", "idempotency_key_reused")


def apart(c, s, t):
    """Another tenant sees nothing of it, by code or by id."""
    u = s.tenant("other")
    her = member(t, "13755550001")
    mine = t.post(f"/v1/members/{her}/coupons", {"unit": "kept", "reason": "r"}).json["coupon"]
    offer = t.get("/v1/campaigns/ten").json["offer"]
    theirs = member(u, "13755550001")
    c.that(theirs != her, "another person there")
    c.status(u.get("/v1/campaigns/ten"), 422, "campaign", "unknown_campaign")
    c.that(u.get("/v1/campaigns").json["items"] == [], "none is listed")
    c.status(u.get(f"/v1/members/{her}/coupons"), 404, "member", "unknown_member")
    c.status(u.post(f"/v1/members/{theirs}/coupons/{mine}/void", {"reason": "r"}), 404, "coupon", "unknown_coupon")
    c.status(u.post(f"/v1/members/{theirs}/coupon-claims", {"claim_code": "TENOFF"}), 404, "its code", "unknown_code")
    cart = {"lines": [{"sku": "x", "quantity": 1, "amount": 100}], "member": {"id": theirs}}
    gift = {"unit": "kept", "reason": "r"}
    foreign = [t.post(f"/v1/members/{her}/coupons", gift).json["coupon"] for _ in range(12)]
    for coupon in [mine, *foreign, "cpn_0000000000000", "no id at all"]:  # whether it could be one of theirs is chance
        r = c.status(u.post("/v1/quotes", {**cart, "coupons": [coupon]}), 200, f"in a quote: {coupon}")
        c.that((r["payable"], r["refused"]) == (100, [{"coupon": coupon, "reason": "coupon_unknown"}]),
               f"{coupon}: {r}")
    c.status(u.post("/v1/checkout", {**cart, "order": "u1", "offers": [offer]}), 422, "in a sale", "unknown_offer")
    c.status(u.post("/v1/orders/" + t.get("/v1/orders/CP-1").json["id"] + "/cancel"), 404, "an order", "unknown_order")
    kept = [x["coupon"] for x in t.get(f"/v1/members/{her}/coupons").json["coupons"]]
    c.that(kept.count(mine) == 1, "still hers")


def herself(c, s, t):
    """A member who signed in on her phone: her coupons, one more by its public code, nobody else's."""
    k = s.client()
    phone = {"tenant": "acme", "phone": "13755550004"}
    c.status(k.post("/v1/session/code", phone), 202, "ask for a code")
    code = next(x["code"] for x in k.get("/v1/demo/inbox").json["items"] if x["to"].endswith("55550004"))
    r = k.post("/v1/session/member", {**phone, "code": code})
    her = c.status(r, 200, "sign in")
    mine = {"Cookie": r.headers["set-cookie"].split(";")[0], "X-Page": "member"}
    write = {**mine, "X-CSRF-Token": her["csrf"]}
    template(t, "hers", claim_code="HERS", stock=1)
    c.that(c.status(k.get("/v1/me/coupons", headers=mine), 200, "none yet")["coupons"] == [], "she has none")
    got = c.status(k.post("/v1/me/coupon-claims", {"claim_code": "HERS"}, headers=write), 201, "claim")
    c.that(got["member"] == her["member"] and got["unit"] == "hers", f"{got}")
    c.status(k.post("/v1/me/coupon-claims", {"claim_code": "HERS"}, headers=write), 409, "the last one", "out_of_stock")
    r = k.post("/v1/me/coupon-claims", {"claim_code": "HERS"}, headers=mine)
    c.status(r, 403, "without the token", "csrf_token")
    c.status(k.post("/v1/me/coupon-claims", {"member": {"id": her["member"]}, "unit": "hers"}, headers=write), 400,
             "for another", "unknown_field")
    listed = c.status(k.get("/v1/me/coupons", headers=mine), 200, "her coupons")["coupons"]
    c.that([x["coupon"] for x in listed] == [got["coupon"]], f"{listed}")
    other = t.get("/v1/members/phone:13755550001").json["id"]
    c.status(k.get(f"/v1/members/{other}/coupons", headers=mine), 403, "another's", "forbidden_role")
    c.status(k.put("/v1/campaigns/ten", BASE, headers=write), 403, "a campaign", "forbidden_role")


def long_history(c, t):
    """A member with hundreds of orders has a timeline, a statement and a view."""
    lines = [{"op": "order", "body": {"order": f"LONG-{i}", "identifiers": [{"ns": "phone", "value": "13755557777"}],
                                      "lines": [{"sku": "tea", "quantity": 1, "net": 100}]}} for i in range(600)]
    t.put("/v1/rules/coins", {"kind": "earn", "unit": "coins", "amount": "int(order.net)"})
    r, out = t.bulk(lines)
    c.that(all(x["status"] == 201 for x in out), "six hundred orders")
    page = c.status(t.get("/v1/members/phone:13755557777/timeline?limit=8"), 200, "timeline")
    c.that(len(page["items"]) == 8 and page["next"], f"its newest: {len(page['items'])}")
    page = c.status(t.get("/v1/members/phone:13755557777/statement?limit=8"), 200, "statement")
    c.that(len(page["items"]) >= 8, "movements")
    c.status(t.get("/v1/members/phone:13755557777"), 200, "the whole view")


def many_names(c, t):
    """A reply names hundreds of products that nobody has asked for yet."""
    rows = [{"op": "product", "key": f"mp{i}", "body": {"code": f"MANY{i}", "price": 100}} for i in range(300)]
    t.bulk(rows)
    lines = [{"sku": f"MANY{i}", "quantity": 1, "net": 100} for i in range(300)]
    c.status(t.post("/v1/orders", {"order": "MANY", "lines": lines}), 201, "an order of 300 products")
    told = c.status(t.get("/v1/orders/MANY"), 200, "the order")["lines"]
    c.that([x["sku"] for x in told] == [x["sku"] for x in lines], "every line has its name")
    rows = [{"op": "product", "key": f"mq{i}", "body": {"code": f"MUCH{i}", "price": 100}} for i in range(300)]
    t.bulk(rows)
    table = [{"sku": f"MUCH{i}", "price": i} for i in range(300)]
    c.status(t.put("/v1/campaigns/much", {"mechanic": "table", "prices": table}), 200, "a table of 300 prices")
    c.that(c.status(t.get("/v1/campaigns/much"), 200, "read")["prices"] == table, "every price has its product")
    after, made = 0, None
    while items := t.get(f"/v1/events?after={after}&limit=500").json["items"]:
        made = next((e for x in items for e in x["data"] if e.get("campaign") == "much"), made)
        after = items[-1]["sequence"]
    c.that([x.get("sku") for x in made["price"]] == [x["sku"] for x in table], f"in the feed too: {made['price'][:3]}")


def feed(c, t):
    """Events of campaigns and checkouts show ids, codes and words, and no secrets."""
    rows, after = [], 0
    while items := t.get(f"/v1/events?after={after}&limit=500").json["items"]:
        rows += [e for x in items for e in x["data"]]
        after = items[-1]["sequence"]
    one = {e["type"]: e for e in rows}
    for name in ("campaign_put", "offer_made", "campaign_moved", "campaign_used", "basket_opened", "basket_closed",
                 "order_priced", "order_unwound", "moved", "held"):
        c.that(name in one, f"{name} is in the feed")
    made = next(e for e in rows if e["type"] == "offer_made" and e["campaign"] == "m-bundle")
    c.that(made["mechanic"] == "bundle" and made["group_rule"] == "best_of" and made["offer"].startswith("ofr_")
           and made["time"][0]["weekdays"] == ["mon", "sun"] and made["place"][0] == {"store": "C01"}
           and "members_only" in made["flags"] and made["scope"][0]["sku"] == "pot", f"{made}")
    c.that(one["campaign_moved"]["state"] in ("ended", "live", "paused", "review"), f"{one['campaign_moved']}")
    opened = one["basket_opened"]
    c.that(opened["basket"].startswith("bsk_") and opened["offer"][0]["coupon"].startswith("cpn_")
           and opened["offer"][0]["coupon_unit"] == "ten-off", f"{opened}")
    c.that(one["moved"]["unit"] == "budget:ten" and one["moved"]["from"] in ("issuer", "fund", "held", "spent"),
           f"{one['moved']}")
    posted = [e for e in rows if e["type"] == "posted" and e["unit"] == "ten-off"]
    c.that(posted and all(x["coupon"].startswith("cpn_") for e in posted for x in e["lot"]), f"{posted[:1]}")
    c.that(not any("salt" in e or "drops" in e for e in rows), "no salt")


def sent(c, t):
    """A friend is sent, both are thanked once; points pay with a floor, steps and a ceiling, worth what a rule says."""
    template(t, "thanks")
    gift = {"mechanic": "gift", "level": "order", "get": 1, "gift_unit": "thanks", "first_order": True}
    live(c, t, "for-friends", {**gift, "referred": True})
    live(c, t, "for-senders", {**gift, "referred": True, "to_referrer": True})
    anna, clara = member(t, "13766660001"), member(t, "13766660002")
    cart = {"member": {"id": clara}, "referrer": {"ns": "phone", "value": "13766660001"},
            "lines": [{"sku": "pot", "quantity": 1}]}
    c.status(t.post("/v1/quotes", {**cart, "member": {"id": anna}}), 422, "herself", "same_account")
    b = c.status(t.post("/v1/baskets", cart), 201, "a basket that says who sent her")
    o = c.status(t.post("/v1/checkout", {"order": "SENT-1", "basket": b["basket"]}), 201, "confirmed")
    c.that([g["unit"] for g in o["coupons_given"]] == ["thanks"] and o["gifts"] == [], f"{o}")
    for who in (anna, clara):
        mine = c.status(t.get(f"/v1/members/{who}/coupons"), 200, "coupons")["coupons"]
        c.that([m["unit"] for m in mine] == ["thanks"], f"{mine}")
    c.status(t.post("/v1/orders/SENT-1/cancel"), 200, "all of it comes back")
    for who in (anna, clara):
        mine = c.status(t.get(f"/v1/members/{who}/coupons"), 200, "coupons")["coupons"]
        c.that(mine == [], f"{mine}")
    t.put("/v1/units/bits", {"kind": "points", "face_ppm": 1000000, "pay_min": 100, "pay_step": 50,
                             "pay_share_ppm": 200000})
    c.status(t.put("/v1/rules/bits-double", {"kind": "pay", "unit": "bits", "condition": "order.net >= 150.00",
                                             "amount": "0.02"}), 200, "a rule of paying")
    more = {"member": {"id": clara}, "unit": "bits", "amount": 5000, "reason": "test"}
    c.status(t.post("/v1/ledger/adjustments", more), 201, "bits")
    cart = {"member": {"id": clara}, "lines": [{"sku": "tea", "quantity": 1}],
            "tenders": [{"kind": "points", "unit": "bits", "units": 1990}]}
    q = c.status(t.post("/v1/quotes", cart), 200, "a fifth of 100 yuan")
    c.that(q["due"] == 8050 and q["tenders"][0]["units"] == 1950, f"{q['due']} {q['tenders']}")
    cart["lines"][0]["sku"] = "pot"
    q = c.status(t.post("/v1/quotes", cart), 200, "two cents a bit")
    c.that(q["due"] == 20000 - 3900, f"{q['due']}")
    cart["tenders"][0] = {"kind": "points", "unit": "bits", "units": 99}
    c.status(t.post("/v1/quotes", cart), 422, "below the floor", "cap_exceeded")


def main():
    c = Checks()
    s = Server(sys.argv[1])
    try:
        Client.shapes = Shapes(s.operator().get("/v1/openapi.json").json)
        t = s.tenant("acme")
        story(c, t)
        mechanics(c, t)
        refusals(c, t)
        apart(c, s, t)
        herself(c, s, t)
        forgotten.story(c, s, t)
        long_history(c, t)
        many_names(c, t)
        feed(c, t)
        sent(c, t)
        for text in sorted(set(Client.shapes.wrong)):
            c.that(False, "shape: " + text)
    finally:
        code = s.stop()
    c.that(code == 0, f"the server ended with {code}")
    sys.exit(c.end())


if __name__ == "__main__":
    main()
