# SPDX-License-Identifier: Apache-2.0
"""Good answers of the points mall, gift cards, gifts and stored value; the bad ones that no description tells."""

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


def lost(c, t, code):
    """The code went with the card: whose it is, or what it was sold on, still leads to it."""
    hers = [i["id"] for i in t.get("/v1/members/phone:13612341001").json["identifiers"] if i["ns"] == "gift_card"]
    seen = [c.status(t.post("/v1/cards/balance", {"identifier": i}), 200, "by whose it is") for i in hers]
    card = next(x for x in seen if x["state"] == "live")
    c.that(card["available"] == 19500 and card["registered"], f"{card}")
    c.status(t.post("/v1/cards/balance", {"card": card["card"]}), 200, "by its id")
    c.status(t.post("/v1/cards/balance", {}), 400, "neither", "missing_field")
    c.status(t.post("/v1/cards/balance", {"card": "crd_0"}), 404, "none", "unknown_code")
    c.status(t.post("/v1/cards/balance", {"card": card["card"], "caller": "a"}), 400, "not staff", "missing_field")
    act = {"card": card["card"], "reason": "lost"}
    c.status(t.post("/v1/cards/acts", {**act, "verb": "refund"}), 422, "not without the code", "invalid")
    c.status(t.post("/v1/cards/acts", {**act, "verb": "block"}), 200, "block")
    c.status(t.post("/v1/cards/acts", {**act, "verb": "block"}), 409, "twice", "card_state")
    c.status(t.post("/v1/cards/acts", {"code": code[2], "verb": "unblock", "reason": "found"}), 200, "found again")


def cards(c, t):
    """Printed, sold, half spent, lost, replaced; given away; stored value with a bonus pays before a card does."""
    c.status(t.put("/v1/namespaces/gift_card", {"class": "strong", "priority": 900}), 200, "namespace")
    c.status(t.put("/v1/code-batches/gc", {"scene": "inside", "count": 40}), 200, "batch")
    c.status(t.post("/v1/codes/bind", {"batch": "gc", "from": 0, "n": 39, "campaign": "gift cards"}), 200, "bind")
    code = t.get("/v1/code-batches/gc/codes?limit=40").json["codes"]
    terms = {"kind": "gift_card", "givable": True, "earned_at_sale": True, "anonymous_max": 50000}
    c.status(t.put("/v1/units/gift", terms), 200, "unit")
    c.that(t.get("/v1/units/gift").json["earned_at_sale"], "its terms")
    sale = {"code": code[0], "unit": "gift", "amount": 20000, "face": "peony", "reason": "receipt 7"}
    c.status(t.post("/v1/cards", {**sale, "code": code[39]}), 409, "not bound", "code_not_bound")
    c.status(t.post("/v1/cards", {**sale, "amount": 50001}), 422, "too much", "cap_exceeded")
    c.status(t.post("/v1/cards", sale), 200, "sold")
    c.status(t.post("/v1/cards", sale), 409, "twice", "card_sold")
    low = "-".join((code[0][:4], code[0][4:8], code[0][8:])).lower()
    view = c.status(t.post("/v1/cards/balance", {"code": low, "caller": "a"}), 200, "look")
    c.that((view["available"], view["face"], view["state"]) == (20000, "peony", "live"), f"{view}")
    cart = {"identifiers": [ONE], "lines": [{"sku": "loose-tea", "quantity": 1, "amount": 12000}]}
    pay = [{"kind": "gift_card", "code": code[0], "amount": 5000}, {"kind": "cash", "amount": 7000}]
    c.status(t.post("/v1/checkout", {**cart, "order": "G-1", "tenders": pay}), 201, "paid in part by the card")
    c.that(t.post("/v1/cards/balance", {"code": code[0]}).json["available"] == 15000, "the rest")
    act = {"code": code[0], "reason": "lost"}
    c.status(t.post("/v1/cards/acts", {**act, "verb": "block"}), 200, "block")
    c.status(t.post("/v1/quotes", {**cart, "tenders": pay[:1]}), 409, "blocked", "card_state")
    moved = c.status(t.post("/v1/cards/acts", {**act, "verb": "replace", "fresh": code[1]}), 200, "replace")
    c.that((moved["amount"], moved["left"]) == (15000, 0), f"{moved}")
    c.status(t.post("/v1/orders/G-1/cancel"), 200, "the order comes back")
    c.that(t.post("/v1/cards/balance", {"code": code[1]}).json["available"] == 20000, "and what the lost card paid")
    c.that(t.post("/v1/cards/balance", {"code": code[0]}).json["available"] == 0, "not to the lost one")
    part = {"code": code[1], "verb": "split", "fresh": code[2], "amount": 19500}
    c.status(t.post("/v1/cards/acts", part), 200, "split")
    c.status(t.post("/v1/cards/acts", {"code": code[2], "verb": "rest"}), 422, "no rest", "rest_too_large")
    rest = c.status(t.post("/v1/cards/acts", {"code": code[1], "verb": "rest"}), 200, "a rest")
    c.that((rest["amount"], rest["left"]) == (500, 0), f"{rest}")
    mine = {"code": code[2], "verb": "register", "member": ONE}
    c.status(t.post("/v1/cards/acts", mine), 200, "register")
    lost(c, t, code)
    gift = {"member": ONE, "unit": "gift", "amount": 4000, "lifetime_s": 600}
    given = c.status(t.post("/v1/gifts", gift), 200, "gift")["gift"]
    c.status(t.post(f"/v1/gifts/{given}/claim", {"member": ONE}), 422, "one's own", "same_account")
    c.that(c.status(t.post(f"/v1/gifts/{given}/claim", {"member": TWO}), 200, "claim")["amount"] == 4000, "all of it")
    c.status(t.post(f"/v1/gifts/{given}/claim", {"member": TWO}), 409, "twice", "hold_ended")
    given = c.status(t.post("/v1/gifts", gift), 200, "another")["gift"]
    c.status(t.post(f"/v1/gifts/{given}/return", {"member": TWO}), 404, "not his", "unknown_gift")
    c.status(t.post(f"/v1/gifts/{given}/return", {"member": ONE}), 200, "taken back")
    for i in range(10):
        t.post("/v1/cards/balance", {"code": code[20 + i], "caller": "guesser"})
    c.status(t.post("/v1/cards/balance", {"code": code[2], "caller": "guesser"}), 429, "guesser", "scan_limited")

    c.status(t.put("/v1/units/extra", {"kind": "stored_value", "spend_order": 2}), 200, "bonus")
    wallet = {"kind": "stored_value", "bonus_unit": "extra", "spend_order": 1,
              "steps": [{"at": 10000, "bonus": 1000}, {"at": 30000, "bonus": 5000}]}
    c.status(t.put("/v1/units/purse", wallet), 200, "purse")
    c.that(t.get("/v1/units/purse").json["steps"] == wallet["steps"], "its table")
    up = c.status(t.post("/v1/top-ups", {"member": TWO, "unit": "purse", "amount": 10000}), 200, "top-up")
    c.that((up["bonus"], up["principal"], up["bonus_left"]) == (1000, 10000, 1000), f"{up}")
    buy = {"identifiers": [TWO], "lines": [{"sku": "loose-tea", "quantity": 1, "amount": 10400}], "order": "G-2",
           "tenders": [{"kind": "stored_value", "wallet": True}]}
    c.status(t.post("/v1/checkout", buy), 201, "principal first, then the bonus")
    has = {b["unit"]: b["available"] for b in t.get("/v1/members/phone:13612341002").json["balances"]}
    c.that((has["purse"], has["extra"], has["gift"]) == (0, 600, 4000), f"{has}")
    c.status(t.post("/v1/orders/G-2/cancel"), 200, "cancel")
    back = {"member": TWO, "unit": "purse", "amount": 5000}
    c.status(t.post("/v1/top-ups/refund", back), 422, "why", "reason_required")
    r = c.status(t.post("/v1/top-ups/refund", {**back, "reason": "moves away"}), 200, "half of it")
    c.that((r["bonus"], r["principal"], r["bonus_left"]) == (500, 5000, 500), f"{r}")
