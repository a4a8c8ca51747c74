#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A busy hour of the demonstration: shoppers play, claim, buy with coupons, collect, scan.

usage: demo_hour.py URL KEY-OF-HELIN KEY-OF-CHENGDIAN

The simulated year ends where campaigns and games begin, since those are configuration (examples/). So that
their pages have something to show, some of its members now do what members do, through the same API as everybody
and by the same rules: who may not, does not, and nothing is told twice (idempotency keys are fixed, so a second
run changes nothing). Those answers are counted by code at the end: what a hundred shoppers are refused for is a
figure that somebody should look at. What it shows of campaigns' effect is the generator's doing, not a proof.
"""
import collections
import concurrent.futures
import http.client
import json
import random
import sys
import threading
import urllib.parse

WORKERS = 8
MEMBERS = 320
SCANS = 3000
CARTON = 24
EAST, SOUTH = "cn/east", "cn/south"
BUSINESS = {403, 404, 409, 422}  # she may not, it is used up, she has one: answers, not failures


class Shop:
    """One tenant's API; a connection for each thread."""

    def __init__(self, url, key):
        self.address = urllib.parse.urlparse(url).netloc
        self.key = key
        self.local = threading.local()
        self.lock = threading.Lock()
        self.calls = 0
        self.refused = collections.Counter()  # (operation, code)

    def call(self, method, path, body=None, idem=None):
        headers = {"Authorization": f"Bearer {self.key}"}
        if idem:
            headers["Idempotency-Key"] = f"demo-{idem}"
        if body is not None:
            headers["Content-Type"] = "application/json"
        if not hasattr(self.local, "connection"):
            self.local.connection = http.client.HTTPConnection(self.address, timeout=60)
        self.local.connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        r = self.local.connection.getresponse()
        text = r.read()
        if r.status >= 400 and r.status not in BUSINESS:
            raise SystemExit(f"{method} {path}: {r.status} {text[:300].decode()}")
        answer = json.loads(text) if text else None
        with self.lock:
            self.calls += 1
            if r.status >= 400:
                self.refused[kind(path), answer.get("code", str(r.status))] += 1
        return r.status, answer

    def get(self, path):
        return self.call("GET", path)[1]

    def post(self, path, body, idem):
        return self.call("POST", path, body, idem)

    def put(self, path, body, idem):
        return self.call("PUT", path, body, idem)

    def open_games(self):
        for game in self.get("/v1/games?limit=100")["items"]:
            if game["state"] == "draft":
                self.post(f"/v1/games/{game['code']}/state", {"state": "open"}, f"open-{game['code']}")

    def members(self, n):
        """Who bought last, with the stores they go to."""
        found, after = [], ""
        while len(found) < n:
            page = self.get(f"/v1/reports/members?class=member&sort=seen&limit=100{after}")
            found += page["items"]
            if not page.get("next") or not page["items"]:
                break
            after = "&after=" + urllib.parse.quote(str(page["next"]))
        return [m for m in found if m.get("id")][:n]


def kind(path):
    """What was asked for, without whose: the last word of the path, behind it the mechanic's name if it has one."""
    words = path.partition("?")[0].strip("/").split("/")
    return f"{words[2]} {words[-1]}" if len(words) > 3 and words[1] == "games" else words[-1]


def tell(name, shop):
    n = sum(shop.refused.values())
    print(f"{name}: {shop.calls} calls, {n} refused")
    for (what, code), times in sorted(shop.refused.items(), key=lambda x: (-x[1], x[0])):
        print(f"  {times:5d}  {code:<24} {what}")


def play(shop, number, member):
    """Check-in, the wheel, a task, the mall: each does some of it."""
    r = random.Random(number)
    me, who = member["id"], {"member": {"id": member["id"]}}
    if r.random() < 0.6:
        shop.post("/v1/games/checkin/checkins", who, f"checkin-{me}")
    if r.random() < 0.3:
        shop.post("/v1/games/profile/done", who, f"profile-{me}")
    for i in range(r.choice((0, 0, 1, 1, 2, 3))):
        shop.post("/v1/games/wheel/draws", who, f"draw-{me}-{i}")
    for i in range(r.choice((0, 0, 0, 1, 3, 5))):
        shop.post("/v1/games/coffee/stamps", who, f"stamp-{me}-{i}")
    if r.random() < 0.15:
        goods = r.choice(("tote", "fruit-coupon", "fruit-coupon"))
        shop.post("/v1/mall/exchanges", {**who, "goods": goods}, f"mall-{me}")


def buy(shop, number, member, goods, stores):
    """A coupon claimed, a basket, paid; now and then a piece comes back."""
    r = random.Random(1000 + number)
    me = member["id"]
    if r.random() < 0.7:
        shop.post(f"/v1/members/{me}/coupon-claims", {"claim_code": "HELLO"}, f"hello-{me}")
    if r.random() < 0.3:
        shop.post(f"/v1/members/{me}/coupon-claims", {"claim_code": "FRUIT"}, f"fruit-{me}")
    lines = [{"sku": p["code"], **({"quantity_milli": r.randrange(300, 1500, 50)} if p.get("weighed")
                                   else {"quantity": r.choice((1, 1, 1, 2, 3))})}
             for p in r.sample(goods, r.randrange(2, 8))]
    place = r.choice(stores)
    basket = {"member": {"id": me}, "store": place, "touchpoint": place, "lines": lines, "best_coupons": True}
    status, quote = shop.post("/v1/quotes", basket, None)
    if status != 200:
        return
    paid = {"kind": r.choice(("wechat", "wechat", "alipay", "cash")), "amount": quote["payable"]}
    chosen = [o for o in quote["offers"] if o["state"] == "in_force"]
    order = f"D{number:06d}"
    body = {k: v for k, v in basket.items() if k != "best_coupons"}
    status, _ = shop.post("/v1/checkout", {**body, "order": order, "payable": quote["payable"],
                                           "offers": [o["id"] for o in chosen],
                                           "coupons": [o["coupon"] for o in chosen if o.get("coupon")],
                                           "tenders": [paid]}, f"buy-{number}")
    if status == 201 and r.random() < 0.04:
        back = {"return": f"R{order}", "lines": [{"line": 0, "quantity": 1}]}
        shop.post(f"/v1/orders/{order}/returns", back, f"back-{number}")


def packets(shop, members):
    for i in range(3):
        packet = {"unit": "points", "total": 500, "shares": 20, "mode": "random"}
        _, made = shop.post("/v1/packets", packet, f"packet-{i}")
        for m in members[i * 12:i * 12 + 12 + i]:
            shop.post(f"/v1/packets/{made['packet']}/claims", {"member": {"id": m["id"]}}, f"claim-{i}-{m['id']}")


def cards(shop):
    codes = shop.get("/v1/code-batches/gift-cards-2026/codes?limit=20")["codes"]
    bound = {"batch": "gift-cards-2026", "from": 0, "n": 500, "lot": "2026", "activate": True}
    shop.post("/v1/codes/bind", bound, "card-bind")
    for i, code in enumerate(codes):
        shop.post("/v1/cards", {"code": code, "unit": "gift-card", "amount": (10000, 20000, 50000)[i % 3]}, f"card-{i}")


def helin(shop, pool):
    shop.open_games()
    members = shop.members(MEMBERS)
    goods = [p for p in shop.get("/v1/products?limit=100")["items"] if not p.get("never_promoted")]
    stores = [s["code"] for s in shop.get("/v1/stores?limit=100")["items"] if not s.get("closed")][:12]
    shop.put("/v1/coupon-issues/wake-nov", {"unit": "wake-20", "name": "沉睡会员唤醒", "reason": "九十天没有来过",
                                            "audience": "spent(\"90d\") == 0", "limit": 300}, "wake")
    list(pool.map(lambda x: play(shop, *x), enumerate(members)))
    list(pool.map(lambda x: buy(shop, *x, goods, stores), enumerate(members)))
    packets(shop, members)
    cards(shop)
    for code in ("ladder", "dairy-12"):
        shop.post(f"/v1/campaigns/{code}/audience", {}, f"audience-{code}")
    shop.post("/v1/ledger/adjustments", {"member": {"id": members[0]["id"]}, "unit": "points", "amount": 100,
                                         "reason": "门店致歉"}, "sorry")


def chengdian(shop, pool):
    """Cartons packed and sold to the east; shoppers scan; one carton turns up in the south."""
    shop.open_games()
    for i, (start, region) in enumerate(((0, EAST), (50000, SOUTH))):
        shop.post("/v1/codes/bind", {"batch": "mouse-2026", "from": start, "n": 50000, "region": region,
                                     "lot": f"2026-{i + 1}", "activate": True}, f"bind-{i}")
    boxes = shop.get("/v1/code-batches/carton-2026/codes?limit=40")["codes"]
    for i, box in enumerate(boxes):
        shop.post("/v1/codes/pack", {"parent": box, "ranges": [{"batch": "mouse-2026", "from": i * CARTON,
                                                                "n": CARTON}]}, f"pack-{i}")
    phones = [f"137{88000000 + i:08d}" for i in range(900)]
    codes = []
    while len(codes) < SCANS:
        page = shop.get(f"/v1/code-batches/mouse-2026/codes?from={len(codes)}&limit=1000")
        codes += page["codes"]

    def scan(i):
        r = random.Random(i)
        region = SOUTH if CARTON <= i < 2 * CARTON else EAST
        body = {"code": codes[i], "identifiers": [{"ns": "phone", "value": r.choice(phones), "verified": True}],
                "region": region, "caller": f"demo-{i % 50}"}
        status, seen = shop.post("/v1/codes/scan", body, f"scan-{i}")
        if status == 200 and seen.get("award") == "given" and r.random() < 0.3:
            shop.post("/v1/games/wheel/draws", {"member": {"id": seen["member"]["id"]}}, f"draw-{i}")

    list(pool.map(scan, range(SCANS)))


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__.split("\n\n")[1])
    url, key, brand = sys.argv[1:]
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        for name, hour, secret in (("helin", helin, key), ("chengdian", chengdian, brand)):
            shop = Shop(url, secret)
            hour(shop, pool)
            tell(name, shop)


if __name__ == "__main__":
    main()
