# SPDX-License-Identifier: Apache-2.0
"""Good answers of the points mall; the bad ones that no description tells."""

ONE = {"ns": "phone", "value": "13612341001"}
TWO = {"ns": "phone", "value": "13612341002"}


def mall(c, t):
    """A member looks, takes two things, one comes back; a coupon is had at once."""
    for who in (ONE, TWO):
        t.post("/v1/contacts", {"identifiers": [who]})
    c.status(t.put("/v1/units/beans", {"kind": "points"}), 200, "beans")
    c.status(t.put("/v1/units/tea-coupon", {"kind": "coupon", "stock": 5}), 200, "coupon")
    c.status(t.put("/v1/tier-schemes/guests", {"measure": "visits", "window": "lifetime", "tiers": [
        {"code": "guest", "reach": 0}, {"code": "regular", "reach": 5}]}), 200, "tiers")
    cup = {"name": "Cup", "unit": "beans", "points": 300, "cash": 990, "stock": 2, "per_member": 2, "period": "month"}
    c.that(c.status(t.put("/v1/mall/goods/cup", cup), 200, "cup")["created"], "a new thing")
    c.that(not t.put("/v1/mall/goods/cup", cup).json["changed"], "the same again")
    c.status(t.put("/v1/mall/goods/pin", {**cup, "scheme": "guests", "tiers": ["regular"]}), 200, "pin")
    c.status(t.put("/v1/mall/goods/tea", {"unit": "beans", "points": 10, "gives": "tea-coupon"}), 200, "tea")
    c.status(t.put("/v1/mall/goods/x", {**cup, "unit": "gems"}), 422, "no unit", "unknown_unit")
    c.status(t.put("/v1/mall/goods/x", {**cup, "scheme": "guests", "tiers": ["iron"]}), 422, "no tier", "invalid")
    c.that(c.status(t.get("/v1/mall/goods/pin"), 200, "pin")["tiers"] == ["regular"], "its tiers")
    seen = c.status(t.get("/v1/members/phone:13612341001/mall"), 200, "as she sees it")["items"]
    c.that([(x["code"], x["state"], x.get("left")) for x in seen]
           == [("cup", "insufficient", 2), ("pin", "not_eligible", 2), ("tea", "insufficient", None)], f"{seen}")
    r = t.post("/v1/mall/exchanges", {"member": ONE, "goods": "cup"})
    c.that(r.status == 422 and r.code == "insufficient" and r.json["short_by"] == 300, f"no beans: {r}")
    t.post("/v1/ledger/adjustments", {"member": ONE, "unit": "beans", "amount": 1000, "reason": "r"})
    one = c.status(t.post("/v1/mall/exchanges", {"member": ONE, "goods": "cup", "store": "S01"}), 200, "a cup")
    c.that((one["state"], one["due"], one["balance"]) == ("ordered", 990, 700), f"{one}")
    again = t.post("/v1/mall/exchanges", {"member": ONE, "goods": "cup"}, idem="cup-2")
    c.that(t.post("/v1/mall/exchanges", {"member": ONE, "goods": "cup"}, idem="cup-2").json == again.json, "once")
    c.status(t.post("/v1/mall/exchanges", {"member": ONE, "goods": "cup"}), 409, "her limit", "play_limit")
    t.post("/v1/ledger/adjustments", {"member": TWO, "unit": "beans", "amount": 1000, "reason": "r"})
    c.status(t.post("/v1/mall/exchanges", {"member": TWO, "goods": "cup"}), 409, "sold out", "out_of_stock")
    way = f"/v1/mall/exchanges/{one['exchange']}/state"
    c.status(t.post(way, {"state": "ready"}), 200, "ready")
    c.status(t.post(way, {"state": "collected"}), 422, "unpaid", "tenders_differ")
    c.status(t.post(way, {"state": "collected", "paid": 990, "tender": "cash"}), 200, "collected")
    c.status(t.post(way, {"state": "ready"}), 409, "back", "exchange_state")
    c.status(t.post(way, {"state": "done"}), 200, "done")
    other = f"/v1/mall/exchanges/{again.json['exchange']}"
    c.status(t.post(other + "/state", {"state": "cancelled"}), 422, "why", "reason_required")
    back = c.status(t.post(other + "/state", {"state": "cancelled", "reason": "broken"}), 200, "cancel")
    c.that((back["points_back"], back["money_back"]) == (300, 0), f"{back}")
    c.that(c.status(t.get(other), 200, "one")["state"] == "cancelled", "it says so")
    tea = c.status(t.post("/v1/mall/exchanges", {"member": ONE, "goods": "tea", "quantity": 2}), 200, "tea")
    c.that(tea["state"] == "done" and len(tea["coupons"]) == 2 and tea["balance"] == 680, f"{tea}")
    mine = c.status(t.get("/v1/members/phone:13612341001/exchanges?limit=2"), 200, "hers")
    c.that([x["goods"] for x in mine["items"]] == ["tea", "cup"] and mine["next"], f"{mine}")
    rest = t.get(f"/v1/members/phone:13612341001/exchanges?after={mine['next']}").json["items"]
    c.that([(x["goods"], x["state"], x["paid"]) for x in rest] == [("cup", "done", 990)], f"{rest}")
    shelf = c.status(t.get("/v1/mall/goods?limit=1"), 200, "list")
    c.that(len(shelf["items"]) == 1 and shelf["items"][0]["left"] == 1 and shelf["next"], f"{shelf}")
    c.status(t.post("/v1/mall/exchanges/exc_0/state", {"state": "ready"}), 404, "none", "unknown_exchange")
    c.status(t.post("/v1/mall/exchanges", {"member": ONE, "goods": "boat"}), 404, "none", "unknown_goods")
