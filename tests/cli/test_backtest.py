#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tongbao backtest against figures reckoned here by other means: states as of each order, limits and budgets that run
out and come back, coupons, margin, orders that were priced with other campaigns in force; and that it reads only."""
import collections
import datetime
import json
import pathlib
import random
import tempfile
import time
import urllib.request

from common import Served, check, equal, finish, good, run, sql

work = pathlib.Path(tempfile.mkdtemp(prefix="tb-backtest-"))
data = work / "shop"


def write(name, text):
    path = work / name
    path.write_text(text if isinstance(text, str) else json.dumps(text))
    return path


SETUP = {
    "tenant": "shop",
    "setup": {
        "tenant": {"name": "Shop", "zone": "Asia/Shanghai", "currency": "CNY"},
        "units": [{"code": "points", "kind": "points", "negative": "unlimited"}],
        "rules": [{"code": "r", "kind": "earn", "unit": "points", "amount": "order.net"}],
    },
    "orders": {
        "file": {"format": "csv"},
        "order": "{no}",
        "occurred_at": {"value": "{at}", "format": "%Y-%m-%d %H:%M", "zone": "Asia/Shanghai"},
        "identifiers": [{"ns": "phone", "value": "{phone}"}],
        "touchpoint": "import",
        "line": {"sku": "{sku}", "quantity": "{qty}", "price": "{price}"},
        "cancellation": {"when": [{"value": "{no}", "starts": "C"}]},
    },
    "products": {"file": {"format": "csv"}, "code": "{sku}", "name": "{sku}", "price": "{price}", "cost": "{cost}"},
}
PRICE = {"tea": 3000, "pot": 12000, "cup": 2500}
COST = {"tea": 1000, "pot": 11500, "cup": 0}


class Order:
    def __init__(self, no, day, phone, lines):
        self.no, self.day, self.phone, self.lines = no, day, phone, lines  # lines: [sku, pieces]
        self.net = sum(PRICE[s] * q for s, q in lines)


def history(seed=7):
    """Two orders a day, of four members and of nobody."""
    dice = random.Random(seed)
    orders, rows = [], ["no,at,phone,sku,qty,price"]
    for i in range(120):
        phone = dice.choice(["", "13900000001", "13900000002", "13900000003", "13900000004"])
        skus = dice.sample(sorted(PRICE), dice.randint(1, 3))
        o = Order(f"A{i}", i // 2, phone, [(s, dice.randint(1, 3)) for s in skus])
        at = f"{datetime.date(2026, 1, 1) + datetime.timedelta(o.day)} {10 + i % 2}:00"
        rows += [f"{o.no},{at},{o.phone},{s},{q},{PRICE[s] / 100:.2f}" for s, q in o.lines]
        orders.append(o)
    return orders, rows


def window(*more):
    return ["--tenant", "shop", "--from", "2026-01-01", "--to", "2026-06-01", "--data", data, *more]


def backtest(*bodies, words=()):
    files = [write(f"{b['code']}.json", b) for b in bodies]
    return json.loads(good("backtest", *files, *window("--format", "json", *words)).stdout)


def draft(code, **more):
    return {"code": code, "name": code, "mechanic": "amount", "level": "order", **more}


def load():
    orders, rows = history()
    write("products.csv", "sku,price,cost\n" + "".join(
        f"{s},{p / 100:.2f},{COST[s] / 100:.2f}\n" for s, p in PRICE.items()))
    m = write("shop.map", SETUP)
    good("import", "products", "--map", m, "--data", data, "--quiet", work / "products.csv")
    good("import", "orders", "--map", m, "--data", data, "--quiet", write("orders.csv", "\n".join(rows) + "\n"))
    return orders


def test_state_as_of(orders):
    """A first order is a first order on its day alone; a month's spending is what it was then."""
    seen, first = set(), []
    for o in orders:
        if o.phone and o.phone not in seen:
            seen.add(o.phone)
            first.append(o)
    body = draft("first", amount=500, first_order=True)
    then, today = backtest(body), backtest(body, words=["--today"])
    equal("orders", then["orders"], len(orders))
    equal("first orders then", (then["fates"]["in_force"], then["saving"]), (len(first), 500 * len(first)))
    equal("nobody's first order today", today["fates"].get("in_force", 0), 0)
    equal("members", then["members"], len(seen))
    spent = collections.defaultdict(lambda: collections.Counter())
    want = 0
    for o in orders:
        if not o.phone:
            continue
        past = sum(n for d, n in spent[o.phone].items() if o.day - 9 <= d <= o.day)
        want += past + o.net >= 60000
        spent[o.phone][o.day] += o.net
    got = backtest(draft("month", amount=100, condition='spent("10d") + order.net >= 600.0'))
    equal("a window of ten days as of each order", got["fates"]["in_force"], want)


def test_limits(orders):
    """Two uses a member, and a budget that ends in the middle of an order."""
    uses, saved = collections.Counter(), 0
    for o in orders:
        if o.phone and o.net >= 20000 and uses[o.phone] < 2:
            uses[o.phone] += 1
            saved += 700
    got = backtest(draft("twice", amount=700, min_amount=20000,
                         limits=[{"scope": "member", "period": "lifetime", "uses": 2}], audience="!member.frozen"))
    equal("two uses a member", (got["fates"]["in_force"], got["saving"]), (sum(uses.values()), saved))
    budget = 10 * 700 + 300
    got = backtest(draft("money", amount=700, min_amount=20000, budget=budget, budget_rule="partial"))
    eligible = [o for o in orders if o.net >= 20000]
    check("the budget is the bound", len(eligible) > 11)
    equal("a partial budget", (got["fates"]["in_force"], got["saving"]), (11, budget))
    equal("afterwards it is closed", got["closed_by"]["budget"], len(orders) - orders.index(eligible[10]) - 1)


def test_margin(orders):
    got = backtest(draft("deep", mechanic="percent", ppm=100000, scope=[{"by": "product", "value": "pot"}]))
    pots = sum(q for o in orders for s, q in o.lines if s == "pot")
    touched = [o for o in orders if any(s == "pot" for s, _ in o.lines)]
    equal("a tenth of the pots", got["saving"], pots * 1200)
    equal("every pot goes below its cost", got["below_cost_lines"], len(touched))
    known = [(s, q) for o in touched for s, q in o.lines if COST[s]]
    before = sum((PRICE[s] - COST[s]) * q for s, q in known)
    equal("margin before", got["margin_before"], before)
    equal("margin after", got["margin_after"], before - pots * 1200)
    rate = got["units"][0]
    # a point a yuan, of less money: what is earned falls by what the discount takes, order by order
    net = [(o.net, sum(q for s, q in o.lines if s == "pot")) for o in touched if o.phone]
    equal("points before", rate["before"], sum(n // 100 for n, _ in net))
    equal("points after", rate["after"], sum((n - 1200 * p) // 100 for n, p in net))


def test_side_by_side(orders):
    """Two drafts of one group: the better one is in force, never both."""
    a = draft("three", amount=300, group="g", group_rule="best_of")
    b = draft("five", mechanic="percent", ppm=50000, group="g", group_rule="best_of")
    got = backtest(a, b)
    want = sum(max(300, (o.net * 5 + 50) // 100) for o in orders if o.net)
    equal("the better of both", got["saving"], want)
    by = {d["code"]: d for d in got["drafts"]}
    equal("no order has both", by["three"]["orders"] + by["five"]["orders"], len(orders))


class Api:
    def __init__(self, base, key, n=0):
        self.base, self.key, self.n = base, key, n  # of the idempotency keys, which a tenant has once

    def __call__(self, method, path, body):
        self.n += 1
        head = {"Authorization": "Bearer " + self.key, "Content-Type": "application/json",
                "Idempotency-Key": f"k{self.n}"}
        req = urllib.request.Request(self.base + path, method=method, headers=head, data=json.dumps(body).encode())
        with urllib.request.urlopen(req) as r:
            return json.loads(r.read())


def live(api, body):
    api("PUT", "/v1/campaigns/" + body["code"], {k: v for k, v in body.items() if k != "code"})
    api("POST", f"/v1/campaigns/{body['code']}/moves", {"state": "review"})
    api("POST", f"/v1/campaigns/{body['code']}/moves",
        {"state": "live", "acknowledged": ["no_cap", "no_limit", "depth", "below_cost", "stack", "overlap"]})


def served():
    """Orders priced with a campaign in force, a coupon template, returns; everything while the folder is served."""
    key = good("key", "create", "--tenant", "shop", "--role", "owner", "--data", data).stdout.split()[-1]
    with Served(data) as s:
        api = Api(s.base, key)
        live(api, draft("five-off", amount=500, group="g", group_rule="best_of"))
        api("PUT", "/v1/units/ten", {"name": "ten", "kind": "coupon", "earn_cap": 1, "earn_cap_period": "lifetime",
                                     "earn_cap_rejects": True})
        for i in range(6):
            api("POST", "/v1/checkout", {
                "order": f"P{i}", "identifiers": [{"ns": "phone", "value": f"1390000000{1 + i % 2}", "verified": True}],
                "lines": [{"sku": "pot", "quantity": 1}, {"sku": "tea", "quantity": 2}]})
        day = sql(data, "SELECT max(day) AS day FROM orders")[0]["day"]  # today, in the shop's zone
        today = datetime.date(1970, 1, 1) + datetime.timedelta(days=day)
        span = ["--tenant", "shop", "--from", today, "--to", today + datetime.timedelta(1), "--data", data, "--format",
                "json"]

        def ask(body):
            return json.loads(good("backtest", write(body["code"] + ".json", body), *span).stdout)

        got = ask(draft("nine-off", amount=900, group="g", group_rule="best_of"))
        equal("paid with five off", got["paid_before"], 6 * (18000 - 500))
        equal("nine instead of five", (got["saving"], got["paid_after"]), (6 * 900, 6 * (18000 - 900)))
        equal("the other one is displaced", got["others"],
              [{"campaign": "five-off", "together": 0, "displaced": 6, "displaced_saving": 3000}])
        got = ask(draft("beside", amount=900))
        equal("beside it both stand", (got["stacked_orders"], got["paid_after"]), (6, 6 * (18000 - 1400)))
        got = ask(draft("five-off", amount=600))
        equal("a new version of the same campaign replaces it", got["paid_after"], 6 * (18000 - 600))
        got = ask(draft("coupon", amount=1000, coupon="ten"))
        equal("a coupon once a member", (got["fates"]["in_force"], got["coupons_used"]), (2, 2))
        api("POST", "/v1/orders/P0/returns", {
            "return": "R0", "lines": [{"line": 0, "quantity": 1}, {"line": 1, "quantity": 2}]})
        got = ask(draft("back", amount=1000, budget=2000, budget_rule="strict"))
        equal("what came back of it", got["saving_returned"], 1000)
        equal("before any was back the budget was empty", got["fates"]["in_force"], 2)


def test_reads_only():
    before = sql(data, "SELECT max(seq) AS n FROM history")
    backtest(draft("again", amount=100, limits=[{"scope": "campaign", "period": "lifetime", "uses": 3}]))
    equal("the history did not grow", sql(data, "SELECT max(seq) AS n FROM history"), before)
    good("check", "--data", data)


def test_refusals():
    def refused(what, body, code):
        r = run("backtest", write("bad.json", body), *window())
        equal(what, r.returncode, code)
        return r.stderr

    refused("an unknown field", {**draft("bad"), "colour": 1}, 1)
    said = refused("an unknown product", draft("bad", amount=1, scope=[{"by": "product", "value": "nothing"}]), 1)
    check("which says so", "UNKNOWN_PRODUCT" in said.upper(), said)
    refused("not JSON", "{", 1)
    equal("no file", run("backtest", work / "absent.json", *window()).returncode, 1)
    words = ["--tenant", "shop", "--from", "2026-06-01", "--to", "2026-01-01", "--data", data]
    equal("an empty window", run("backtest", write("ok.json", draft("ok", amount=1)), *words).returncode, 2)
    words[1] = "nobody"
    equal("an unknown tenant", run("backtest", write("ok.json", draft("ok", amount=1)), *words).returncode, 1)


def over(s, key, path):
    """The run when it is over; what it showed on the way never went back."""
    seen = 0
    for _ in range(3000):
        status, run_ = s.get(path, key)
        equal("a run that is looked at", (status, run_["progress_ppm"] >= seen), (200, True))
        seen = run_["progress_ppm"]
        if run_["state"] not in ("queued", "running"):
            return run_
        time.sleep(0.02)
    return run_


def test_http(orders):
    """The pages' way: the same figures as the command line, kept over a restart; one run at a time; refusals."""
    key = good("key", "create", "--tenant", "shop", "--role", "owner", "--data", data).stdout.split()[-1]
    other = good("key", "create", "--tenant", "else", "--role", "owner", "--create-tenant", "--name", "Else", "--data",
                 data).stdout.split()[-1]
    auditor = good("key", "create", "--tenant", "shop", "--role", "auditor", "--data", data).stdout.split()[-1]
    body = draft("first", amount=500, first_order=True)
    ask = {"from": "2026-01-01", "to": "2026-06-01", "today": True}
    at = "/v1/campaigns/first/backtests"
    with Served(data) as s:
        api = Api(s.base, key, 1000)
        equal("no campaign", s.send("POST", at, ask, key)[1]["code"], "unknown_campaign")
        api("PUT", "/v1/campaigns/first", {k: v for k, v in body.items() if k != "code"})
        for wrong, code in (({**ask, "to": "2026-01-01"}, "invalid_value"),
                            ({**ask, "to": "2027-06-01"}, "invalid_value"),
                            ({**ask, "from": "never"}, "invalid_value"), ({"from": "2026-01-01"}, "missing_field"),
                            ({**ask, "offer_version": 9}, "invalid")):
            equal(str(wrong), s.send("POST", at, wrong, key)[1]["code"], code)
        equal("an auditor looks only", s.send("POST", at, ask, auditor)[0], 403)
        equal("nothing yet", s.get(at, key)[1], {"items": []})
        status, begun = s.send("POST", at, ask, key)
        equal("it begins", (status, begun["campaign"], begun["offer_version"]), (202, "first", 1))
        one = f"{at}/{begun['id']}"
        got = over(s, auditor, one)
        equal("it ends", (got["state"], got["progress_ppm"]), ("done", 1000000))
        equal("as the command line says", got["result"]["then"], backtest(body))
        today = backtest(body, words=["--today"])
        equal("and with the state of today", got["result"]["today"],
              {"in_force": today["fates"].get("in_force", 0), "members": today["members"], "saving": today["saving"],
               "cost": today["paid_before"] - today["paid_after"]})
        equal("another tenant sees none of it", s.get(one, other)[0], 404)
        equal("nor another campaign", s.get(f"/v1/campaigns/second/backtests/{begun['id']}", key)[0], 404)
        for wrong in ("0", "x", "9999999999999999999", str(begun["id"] + 1)):
            equal(f"run {wrong}", s.get(f"{at}/{wrong}", key)[0], 404)
        equal("one that is over stays", s.send("POST", one + "/stop", None, key)[1]["state"], "done")
        # a run that is stopped at once has either ended before or leaves nothing; a second one waits for it
        begun2 = s.send("POST", at, ask, key)[1]
        third = s.send("POST", at, ask, key)
        check("one at a time", third[1].get("code") == "busy" or
              s.get(f"{at}/{begun2['id']}", key)[1]["state"] == "done", third)
        if third[0] == 202:
            over(s, key, f"{at}/{third[1]['id']}")
        s.send("POST", f"{at}/{begun2['id']}/stop", None, key)
        second = over(s, key, f"{at}/{begun2['id']}")
        check("stopped, or it had ended", second["state"] in ("stopped", "done"), second)
        good("sql", "--data", data, "SELECT 1")  # flushed
        kept = {b["id"]: b for b in s.get(at, key)[1]["items"]}
        equal("what was stopped is not on record", begun2["id"] in kept, second["state"] == "done")
        equal("the record", {k: kept[begun["id"]][k] for k in ("orders", "in_force", "members", "saving", "cost")},
              {"orders": len(orders), "in_force": got["result"]["then"]["fates"]["in_force"], "members": 4,
               "saving": got["result"]["then"]["saving"], "cost": got["result"]["then"]["saving"]})
    with Served(data) as s:
        again = s.get(one, key)[1]
        equal("the same after a restart", again["result"], got["result"])
        equal("with who asked", again["by"] is not None and again["state"], "done")
        listed = s.get(at, key)[1]
        check("none is remembered as the current one", "current" not in listed)
    good("check", "--data", data)


ORDERS = load()
test_state_as_of(ORDERS)
test_limits(ORDERS)
test_margin(ORDERS)
test_side_by_side(ORDERS)
test_reads_only()
test_refusals()
test_http(ORDERS)
served()
finish()
