# SPDX-License-Identifier: Apache-2.0
"""At the till: every bad input that the issue of checkout names has a stable code and changes nothing; gifts of single
stores; gift cards on a receipt; the mall paid out of stored value."""
import time

HER = {"ns": "phone", "value": "13812345001"}
HIM = {"ns": "phone", "value": "13812345002"}
MANY = 10 ** 9


def feed(t):
    """The last entry that had an effect: refusals stand in the feed too, with nothing."""
    after, last = 0, 0
    while True:
        r = t.get(f"/v1/events?after={after}&limit=1000").json
        if not r["items"]:
            return last
        last = max([last] + [x["sequence"] for x in r["items"] if x["data"]])
        after = r["next"]


def ready(c, t):
    for who in (HER, HIM):
        t.post("/v1/contacts", {"identifiers": [{**who, "verified": True}]})
    c.status(t.put("/v1/stores/T1", {"name": "T1"}), 200, "store")
    c.status(t.put("/v1/stores/T2", {"name": "T2"}), 200, "store")
    c.status(t.put("/v1/products/till-tea", {"name": "tea", "price": 10000}), 200, "tea")
    c.status(t.put("/v1/products/till-cup", {"name": "cup", "price": 1000}), 200, "cup")
    c.status(t.put("/v1/units/five-off", {"kind": "coupon", "stock": 9, "claim_code": "FIVEOFF"}), 200, "coupon")
    live(c, t, "till-five", {"mechanic": "amount", "level": "order", "amount": 500, "coupon": "five-off"})


def live(c, t, code, campaign):
    c.status(t.put(f"/v1/campaigns/{code}", campaign), 200, code)
    found = [x["finding"] for x in t.get(f"/v1/campaigns/{code}/check").json["findings"]]
    for state in ("review", "live"):
        c.status(t.post(f"/v1/campaigns/{code}/moves", {"state": state, "acknowledged": found}), 200, state)


def story(c, s):
    """In a tenant of its own, so that no other campaign has a say."""
    t = s.tenant("till")
    bad(c, t)
    stock(c, t)
    receipt(c, t)
    purse(c, t)


def basket(**more):
    return {"identifiers": [HER], "lines": [{"sku": "till-tea", "quantity": 2}], **more}


def line(**more):
    return basket(lines=[{"sku": "till-tea", "quantity": 1, **more}])


def bad(c, t):
    ready(c, t)
    his = c.status(t.post("/v1/members/phone:13812345002/coupon-claims", {"unit": "five-off"}), 201, "his")["coupon"]
    gone = c.status(t.post("/v1/baskets", basket(lifetime_s=1)), 201, "a basket for a second")["basket"]
    q = c.status(t.post("/v1/quotes", basket()), 200, "quote")
    offer = t.get("/v1/campaigns/till-five").json["offer"]
    c.status(t.post("/v1/checkout", basket(order="TB-1", payable=q["payable"])), 201, "an order")
    one = {"lines": [{"line": 0, "quantity": 1}]}
    c.status(t.post("/v1/orders/TB-1/returns", {"return": "TB-R1", **one}), 201, "one of two")
    c.status(t.put("/v1/products/till-tea", {"name": "tea", "price": 9900}), 200, "another price")
    c.status(t.put("/v1/campaigns/till-deep", {"mechanic": "percent", "level": "order", "ppm": 900000}), 200, "deep")
    c.status(t.post("/v1/campaigns/till-deep/moves", {"state": "review"}), 200, "review")
    time.sleep(1.5)  # its timer has fired
    before = feed(t)
    quote = [  # what, body, status, code: of a quote, and the same of a basket and of an order
        ("unknown product", basket(lines=[{"sku": "till-none", "quantity": 1}]), 422, "unknown_product"),
        ("unknown store", basket(store="moon"), 422, "unknown_store"),
        ("quantity 0", line(quantity=0), 400, "out_of_range"),
        ("quantity below 0", line(quantity=-1), 400, "out_of_range"),
        ("quantity 10^9", line(quantity=MANY), 422, "too_large"),
        ("10^9 of what nobody knows", line(quantity=MANY, amount=1), 422, "too_large"),
        ("another currency", basket(currency="EUR"), 422, "unknown_currency"),
        ("a member that is none", {"member": {"id": "mbr_0000000000000"}, "lines": basket()["lines"]}, 404,
         "unknown_member"),
    ]
    for what, body, status, code in quote:
        c.status(t.post("/v1/quotes", body), status, f"quote: {what}", code)
        c.status(t.post("/v1/baskets", body), status, f"basket: {what}", code)
        c.status(t.post("/v1/checkout", {**body, "order": "TB-X"}), status, f"order: {what}", code)
    back = "/v1/orders/TB-1/returns"
    twice = {"lines": [{"line": 0, "quantity": 1}, {"line": 0, "quantity": 1}]}
    rows = [
        ("an expired quote", "/v1/checkout", basket(order="TB-X", offers=[], payable=q["payable"]), 409,
         "quote_changed"),
        ("an expired basket", "/v1/checkout", {"order": "TB-X", "basket": gone}, 404, "unknown_basket"),
        ("a guessed basket", "/v1/checkout", {"order": "TB-X", "basket": "bsk_0000000000000"}, 404, "unknown_basket"),
        ("a guessed offer", "/v1/checkout", basket(order="TB-X", offers=["ofr_0000000000000"]), 422, "unknown_offer"),
        ("his coupon", "/v1/checkout", basket(order="TB-X", coupons=[his], offers=[offer]), 409, "quote_changed"),
        ("a guessed coupon", "/v1/checkout", basket(order="TB-X", coupons=["cpn_0000000000000"], offers=[offer]), 409,
         "quote_changed"),
        ("more than was bought", back, {"return": "TB-R2", "lines": [{"line": 0, "quantity": 2}]}, 422,
         "return_exceeds"),
        ("10^9 of it", back, {"return": "TB-R2", "lines": [{"line": 0, "quantity": MANY}]}, 422, "return_exceeds"),
        ("twice in one", back, {"return": "TB-R2", **twice}, 422, "return_exceeds"),
        ("twice under one name", back, {"return": "TB-R1", **twice}, 409, "order_exists"),
        ("nothing of it", back, {"return": "TB-R2", "lines": [{"line": 0, "quantity": 0}]}, 400, "out_of_range"),
        ("of no order", "/v1/orders/TB-none/returns", {"return": "TB-R2", **one}, 404, "unknown_order"),
        ("a campaign that fails its check", "/v1/campaigns/till-deep/moves", {"state": "live"}, 422,
         "campaign_findings"),
    ]
    for what, path, body, status, code in rows:
        c.status(t.post(path, body), status, what, code)
    r = c.status(t.post("/v1/quotes", basket(coupons=[his, "cpn_0000000000000"])), 200, "his coupon in her quote")
    c.that([(x.get("coupon"), x["reason"]) for x in r["refused"] if "coupon" in x]
           == [(his, "coupon_unknown"), ("cpn_0000000000000", "coupon_unknown")], f"{r['refused']}")
    c.that(feed(t) == before, "nothing of all that left an effect")
    again = c.status(t.post("/v1/orders/TB-1/returns", {"return": "TB-R1", **one}), 201, "the same return again")
    c.that(again["repeated"], "is told as it was")
    guess = t.post("/v1/members/phone:13812345001/coupon-claims", {"claim_code": "GUESSED", "caller": "till-9"})
    c.status(guess, 404, "a guessed code", "unknown_code")


def stock(c, t):
    """Every store began with one cup; one got two more and hands them out."""
    cups = {"mechanic": "gift", "level": "order", "get": 1, "min_amount": 9000, "gift_product": "till-cup",
            "limits": [{"scope": "store", "period": "lifetime", "pieces": 1}]}
    live(c, t, "till-cups", cups)
    way = "/v1/campaigns/till-cups/stock"

    def cup(store, order):
        o = c.status(t.post("/v1/checkout", line() | {"order": order, "store": store}), 201, order)
        return [x["product"] for x in o["gifts"]]
    c.that(cup("T1", "TS-1") == ["till-cup"] and cup("T1", "TS-2") == [], "one cup and no more")
    c.status(t.post(way, {"store": "T1", "reason": "r"}), 400, "neither", "missing_field")
    c.status(t.post(way, {"store": "T1", "add": 1, "set": 1, "reason": "r"}), 400, "both", "invalid_value")
    c.status(t.post(way, {"store": "moon", "add": 1, "reason": "r"}), 422, "no store", "unknown_store")
    c.status(t.post(way, {"store": "T1", "add": 2}), 422, "for no reason", "reason_required")
    c.status(t.post(way, {"store": "T2", "add": -2, "reason": "r"}), 422, "more than it has", "insufficient")
    none = t.post("/v1/campaigns/till-five/stock", {"store": "T1", "add": 2, "reason": "r"})
    c.status(none, 422, "no gifts", "invalid")
    more = {"store": "T1", "add": 2, "reason": "delivery 7"}
    first = t.post(way, more, idem="cups-7")
    c.that(c.status(first, 200, "two more") == {"store": "T1", "added": 2, "handed_out": 1, "left": 2}, f"{first}")
    c.that(t.post(way, more, idem="cups-7").bytes == first.bytes, "a delivery once")
    c.that(cup("T1", "TS-3") == ["till-cup"], "one of them")
    counted = c.status(t.post(way, {"store": "T2", "set": 0, "reason": "count"}), 200, "counted")
    c.that((counted["left"], cup("T2", "TS-4")) == (0, []), f"{counted}")
    all_of = c.status(t.get(way), 200, "all stores")
    c.that((all_of["each_store"], all_of["items"]) == (1, [
        {"store": "T1", "added": 2, "handed_out": 2, "left": 1},
        {"store": "T2", "added": -1, "handed_out": 0, "left": 0}]), f"{all_of}")
    page = t.get(way + "?limit=1").json
    c.that([x["store"] for x in t.get(f"{way}?after={page['next']}").json["items"]] == ["T2"], f"{page}")
    c.that(c.status(t.get("/v1/campaigns/till-five/stock"), 200, "none")["items"] == [], "no gifts, no stock")
    c.status(t.get("/v1/campaigns/none/stock"), 422, "no campaign", "unknown_campaign")


def receipt(c, t):
    """A card on a receipt: in no net of it, void again while it is unused."""
    c.status(t.put("/v1/namespaces/gift_card", {"class": "strong", "priority": 900}), 200, "namespace")
    c.status(t.put("/v1/code-batches/gc", {"scene": "inside", "count": 10}), 200, "batch")
    c.status(t.post("/v1/codes/bind", {"batch": "gc", "from": 0, "n": 9, "campaign": "gift cards"}), 200, "bind")
    c.status(t.put("/v1/units/gift", {"kind": "gift_card", "anonymous_max": 50000}), 200, "unit")
    a, b = t.get("/v1/code-batches/gc/codes?limit=10").json["codes"][:2]
    cards = [{"code": a, "unit": "gift", "amount": 5000, "tender": "cash"},
             {"code": b, "unit": "gift", "amount": 20000, "tender": "wechat"}]
    done = line() | {"order": "TC-1", "cards": cards}
    wrong = t.post("/v1/checkout", {**done, "cards": [cards[0], cards[0]]})
    c.status(wrong, 409, "one code twice", "card_sold")
    c.that(wrong.json["field"] == "/cards/1/code", f"{wrong}")
    o = c.status(t.post("/v1/checkout", done), 201, "goods and cards")
    c.that(o["payable"] == 9900, f"{o}")
    c.that(c.status(t.post("/v1/checkout", done), 201, "again")["repeated"], "sold once")
    c.status(t.post("/v1/checkout", {**done, "cards": cards[:1]}), 409, "with other cards", "order_exists")
    view = c.status(t.get("/v1/orders/TC-1"), 200, "order")
    ids = [x.pop("card") for x in view["cards"]]
    seen = [c.status(t.post("/v1/cards/balance", {"card": x}), 200, "by its id")["sold_for"] for x in ids]
    c.that(seen == [5000, 20000], f"a lost card is found by its receipt: {seen}")
    c.that((view["net"], view["cards"]) == (9900, [
        {"unit": "gift", "amount": 5000, "tender": "cash", "returned": False},
        {"unit": "gift", "amount": 20000, "tender": "wechat", "returned": False}]), f"{view}")
    pay = {"order": "TC-2", "tenders": [{"kind": "gift_card", "code": b, "amount": 100},
                                        {"kind": "cash", "amount": 9800}]}
    c.status(t.post("/v1/checkout", line() | pay), 201, "a card pays")
    c.status(t.post("/v1/cards/acts", {"verb": "return", "code": b, "reason": "r"}), 422, "it was used", "insufficient")
    c.status(t.post("/v1/cards/acts", {"verb": "return", "code": a}), 422, "why", "reason_required")
    r = c.status(t.post("/v1/cards/acts", {"verb": "return", "code": a, "reason": "not wanted"}), 200, "unused")
    c.that((r["amount"], r["tender"], r["order"]) == (5000, "cash", view["id"]), f"{r}")
    c.that(t.post("/v1/cards/balance", {"code": a}).json["state"] == "returned", "it is void")
    c.status(t.post("/v1/orders/TC-1/cancel"), 409, "the other is out", "card_state")
    c.that([x["returned"] for x in t.get("/v1/orders/TC-1").json["cards"]] == [True, False], "the receipt says so")


def purse(c, t):
    """The mall's money out of stored value, and back."""
    c.status(t.put("/v1/units/beans", {"kind": "points"}), 200, "beans")
    c.status(t.put("/v1/units/purse", {"kind": "stored_value", "spend_order": 3}), 200, "purse")
    c.status(t.put("/v1/mall/goods/pot", {"unit": "beans", "points": 100, "cash": 3000}), 200, "pot")
    for unit in ("beans", "purse"):
        t.post("/v1/ledger/adjustments", {"member": HER, "unit": unit, "amount": 5000, "reason": "r"})
    pot = {"member": HER, "goods": "pot"}
    c.status(t.post("/v1/mall/exchanges", {**pot, "stored_value": 3001}), 422, "too much", "tenders_differ")
    one = c.status(t.post("/v1/mall/exchanges", {**pot, "stored_value": 2000}), 200, "a part of it")
    c.that(one["due"] == 1000, f"{one}")
    way = f"/v1/mall/exchanges/{one['exchange']}"
    c.status(t.post(way + "/state", {"state": "collected", "stored_value": 400}), 422, "not all", "tenders_differ")
    both = {"state": "collected", "stored_value": 400, "paid": 600, "tender": "cash"}
    c.status(t.post(way + "/state", both), 200, "collected")
    view = c.status(t.get(way), 200, "one")
    c.that((view["paid"], view["stored_value"], view["due"]) == (600, 2400, 0), f"{view}")
    back = {"state": "cancelled", "reason": "broken", "goods_back": True}
    r = c.status(t.post(way + "/state", back), 200, "cancelled")
    c.that((r["points_back"], r["money_back"], r["stored_value_back"]) == (100, 600, 2400), f"{r}")
    has = {x["unit"]: x["available"] for x in t.get("/v1/members/phone:13812345001").json["balances"]}
    c.that((has["beans"], has["purse"]) == (5000, 5000), f"{has}")
    c.status(t.post("/v1/mall/exchanges", {**pot, "quantity": 2, "stored_value": 5001}), 422, "not hers",
             "insufficient")
