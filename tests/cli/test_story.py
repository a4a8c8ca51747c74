#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A mouse's box, from blank codes to a gift and a tier: the whole of it over HTTP, as it happens.

A brand prints codes before it knows what they will be on. At the packing line they become mouse boxes in a
carton; a shop takes the carton in. Miss Li buys a mouse, signs in on her phone and scans what is inside of the box. She
is recognised, spins the wheel, is short of points and is told how to earn them, checks in, takes a cup from
the mall, and has become a silver member on the way. The shop's owner is paid for her scan. In the end the
brand ends the wheel, tells its seed, and anybody can work her draws out again.
"""
import http.client
import http.cookies
import itertools
import json
import pathlib
import subprocess
import tempfile

from common import Served, check, equal, finish, good, run, sql

work = pathlib.Path(tempfile.mkdtemp(prefix="tb-story-"))
data = work / "data"
owner = good("key", "create", "--data", data, "--tenant", "a4tech", "--role", "owner", "--create-tenant").stdout.strip()
numbers = itertools.count(1)
MOUSE = "6901234567892"


class Person:
    """Somebody with a phone, signed in to the member page."""

    def __init__(self, server, phone):
        self.port, self.cookie, self.csrf = server.port, None, None
        self.ask("POST", "/v1/session/code", {"tenant": "a4tech", "phone": phone}, 202)
        letters = server.get("/v1/demo/inbox")[1]["items"]
        code = next(x["code"] for x in letters if x["to"].endswith(phone[-4:]))
        session = self.ask("POST", "/v1/session/member", {"tenant": "a4tech", "phone": phone, "code": code})
        self.id, self.csrf = session["member"], session["csrf"]

    def ask(self, method, path, body=None, status=200):
        """What she is answered; another status than the one expected is told."""
        words = {"Content-Type": "application/json"} if body is not None else {}
        if self.cookie:
            words |= {"Cookie": self.cookie, "X-Page": "member"}
        if self.csrf and method != "GET":
            words |= {"X-CSRF-Token": self.csrf, "Idempotency-Key": f"p{next(numbers)}"}
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        c.request(method, path, json.dumps(body) if body is not None else None, words)
        r = c.getresponse()
        text = r.read()
        for header in r.msg.get_all("Set-Cookie") or []:
            jar = http.cookies.SimpleCookie(header)
            self.cookie = "; ".join(f"{k}={v.value}" for k, v in jar.items())
        c.close()
        answer = json.loads(text) if text else None
        check(f"{method} {path}", r.status == status, f"{r.status} instead of {status}: {answer}")
        return answer

    def scan(self, code, status=200):
        return self.ask("POST", "/v1/me/scans", {"code": code, "region": "cn/south/guangdong"}, status)

    def points(self):
        return {b["unit"]: b["available"] for b in self.ask("GET", "/v1/me")["balances"]}


with Served(data, "--inbox", "--unlimited") as shop:
    def brand(method, path, body=None, status=200):
        answered, answer = shop.send(method, path, body, owner, {"Idempotency-Key": f"b{next(numbers)}"})
        check(f"{method} {path}", answered == status, f"{answered} instead of {status}: {answer}")
        return answer

    # ---- What there is to win ----------------------------------------------------------------------------
    brand("PUT", "/v1/units/points", {"kind": "points"})
    brand("PUT", "/v1/units/growth", {"kind": "qualifying"})
    brand("PUT", "/v1/units/pad", {"kind": "coupon", "name": "A mouse pad", "stock": 100})
    brand("PUT", "/v1/tier-schemes/club", {
        "measure": "qualifying", "unit": "growth", "window": "lifetime",
        "tiers": [{"code": "basic", "reach": 0}, {"code": "silver", "reach": 100}, {"code": "gold", "reach": 1000}]})
    brand("PUT", f"/v1/products/{MOUSE}", {"name": "Wireless mouse", "category": "mouse/wireless", "brand": "A4",
                                           "price": 5900})
    brand("PUT", "/v1/stores/GZ1", {"name": "A shop in Guangzhou", "region": "cn/south/guangdong"})
    brand("PUT", "/v1/mall/goods/cup", {"name": "A cup", "unit": "points", "points": 30, "stock": 10})

    # ---- Blank codes are printed: a key and a range, nothing is stored -----------------------------------
    brand("PUT", "/v1/code-batches/boxes", {"scene": "inside", "count": 1000})
    brand("PUT", "/v1/code-batches/cartons", {"scene": "carton", "level": 1, "count": 100})
    printed = good("codes", "print", "boxes", "https://a4.example/c/", "--tenant", "a4tech", "--limit", 24,
                   "--data", data).stdout.splitlines()[-24:]
    labels = [line.split(",")[-1] for line in printed]
    carton = brand("GET", "/v1/code-batches/cartons/codes?limit=1")["codes"][0]
    check("24 labels, all different", len(set(labels)) == 24 and labels[0].startswith("https://a4.example/c/"),
          str(printed[:2]))
    stranger = Person(shop, "13800000001")
    equal("a blank code is nobody's business", stranger.scan(labels[0], 404)["code"], "unknown_code")

    # ---- The packing line: now they are on something -----------------------------------------------------
    brand("POST", "/v1/codes/pack", {"parent": carton, "ranges": [{"batch": "boxes", "from": 0, "n": 24}]})
    bound = brand("POST", "/v1/codes/bind", {"parent": carton, "product": MOUSE, "region": "cn/south",
                                             "campaign": "spring", "activate": True})
    equal("a carton and its boxes are bound at once", bound["codes"], 25)
    brand("POST", "/v1/codes/receive", {"parent": carton, "store": "GZ1"})
    keeper = Person(shop, "13700000001")
    brand("POST", "/v1/stores/GZ1/payee", {"member": {"id": keeper.id}})

    # ---- The campaign: what a scan gives, a wheel, ways to earn ------------------------------------------
    def game(code, **rules):
        brand("PUT", f"/v1/games/{code}", rules)
        brand("POST", f"/v1/games/{code}/state", {"state": "open"})

    game("box", kind="scan", per_day=5, inside_only=True,
         targets=[{"by": "product", "value": MOUSE}, {"by": "region", "value": "cn/south"}],
         rewards=[{"kind": "step", "unit": "points", "amount": 20}, {"kind": "step", "unit": "growth", "amount": 100},
                  {"kind": "store", "unit": "points", "amount": 5}])
    game("wheel", kind="draw", cost_unit="points", cost=10, fallback="thanks", pity_after=1, pity="pad",
         prizes=[{"code": "pad", "ppm": 0, "unit": "pad", "amount": 1}, {"code": "thanks", "ppm": 1000000}])
    game("daily", kind="checkin", rewards=[{"kind": "step", "at": 1, "unit": "points", "amount": 30},
                                           {"kind": "step", "at": 2, "unit": "points", "amount": 40}])

    game("hello", kind="sequence", prizes=[
        {"code": "genuine", "name": "Your mouse is genuine. Here is your member card."},
        {"code": "wheel", "name": "Spin the wheel with your points.", "unit": "points", "amount": 1}])

    # ---- Miss Li opens the box ---------------------------------------------------------------------------
    li = Person(shop, "13912345678")
    li.ask("POST", "/v1/me/enrolment", {"terms_version": 1})
    published = li.ask("GET", "/v1/me/games/wheel/rules")
    check("odds and the seed's hash are told before the first draw",
          "seed_hash" in published and "seed" not in published and published["plays"] == 0, str(published))
    first = li.scan(labels[3])
    equal("it is genuine, and hers", [first[k] for k in ("verdict", "product", "campaign", "award", "redeemed")],
          ["first", MOUSE, "spring", "given", True])
    equal("points, and growth", {(g["unit"], g["amount"]) for g in first["given"]}, {("points", 20), ("growth", 100)})
    again = li.scan(labels[3])
    equal("it gives once", (again["verdict"], again["award"], again["scans"]), ("seen_by_you", "taken", 2))
    photo = stranger.scan(labels[3])
    equal("a photograph of it gives nothing", (photo["verdict"], photo["award"]), ("seen_by_others", "taken"))
    equal("the shop earned by her scan", keeper.points()["points"], 5)
    tiers = li.ask("GET", "/v1/me")["tiers"]
    equal("she has become a silver member", [(t["scheme"], t["code"]) for t in tiers], [("club", "silver")])

    # ---- First messages, one after the other ------------------------------------------------------------
    hello = [li.ask("POST", "/v1/me/games/hello/next", {}) for _ in range(2)]
    equal("each once", [(m["step"], m["code"], m.get("amount", 0)) for m in hello],
          [(1, "genuine", 0), (2, "wheel", 1)])
    equal("then no more", li.ask("POST", "/v1/me/games/hello/next", {}, 409)["code"], "already_done")

    # ---- The wheel ---------------------------------------------------------------------------------------
    spins = [li.ask("POST", "/v1/me/games/wheel/draws", {}) for _ in range(2)]
    equal("a miss, then what is due after it", [(s["prize"], s["pity"]) for s in spins],
          [("thanks", False), ("pad", True)])
    coupons = li.ask("GET", "/v1/me/coupons")["coupons"]
    equal("the prize is a coupon of hers", [c["unit"] for c in coupons], ["pad"])
    short = li.ask("POST", "/v1/me/games/wheel/draws", {}, 422)
    equal("short of points: by how much", (short["code"], short["short_by"], short["unit"]),
          ("insufficient", 9, "points"))
    equal("and what would fill it", {(t["game"], t["amount"]) for t in short["tasks"]}, {("daily", 30), ("box", 20)})

    # ---- She earns them, and takes a cup -----------------------------------------------------------------
    shelf = {g["code"]: g["state"] for g in li.ask("GET", "/v1/me/mall")["items"]}
    equal("the cup is out of reach", shelf, {"cup": "insufficient"})
    day = li.ask("POST", "/v1/me/games/daily/checkins", {})
    equal("a day in a row", (day["streak"], day["amount"]), (1, 30))
    equal("once a day", li.ask("POST", "/v1/me/games/daily/checkins", {}, 409)["code"], "already_done")
    todo = {t["game"] for t in li.ask("GET", "/v1/me/tasks?unit=points")["tasks"]}
    equal("what is left to do", todo, {"box"})
    cup = li.ask("POST", "/v1/me/mall/exchanges", {"goods": "cup", "store": "GZ1"})
    equal("the cup is ordered", (cup["state"], cup["points"], cup["balance"]), ("ordered", 30, 1))
    for state in ("ready", "collected"):
        brand("POST", f"/v1/mall/exchanges/{cup['exchange']}/state", {"state": state})
    equal("she has it", [(x["goods"], x["state"]) for x in li.ask("GET", "/v1/me/mall/exchanges")["items"]],
          [("cup", "collected")])
    equal("and one point", li.points()["points"], 1)

    # ---- What the brand knows ----------------------------------------------------------------------------
    seen = brand("GET", f"/v1/codes/{labels[3].rsplit('/', 1)[-1]}")
    equal("the box", [seen[k] for k in ("state", "product", "region")], ["redeemed", MOUSE, "cn/south"])
    equal("by whom, out of whose carton", (seen["first"]["member"], seen["packed_in"][0]["received_by"]),
          (li.id, "GZ1"))

    # ---- The wheel ends: anybody can check it ------------------------------------------------------------
    brand("POST", "/v1/games/wheel/state", {"state": "ended", "reason": "spring is over"})
    over = li.ask("GET", "/v1/me/games/wheel/rules")
    equal("the seed is the one that was announced", over["seed_hash"], published["seed_hash"])
    (work / "rules.txt").write_text(over["rules_text"])
    for s in spins:
        p = s["proof"]
        r = run("verify", "draw", "--seed", over["seed"], work / "rules.txt", p["edition"], p["player"], p["draw"],
                p["ticket"])
        check("her draw, worked out again", r.returncode == 0 and f"seed_hash {published['seed_hash']}" in r.stdout
              and f"rules_hash {published['rules_hash']}" in r.stdout, r.stdout + r.stderr)

equal("scans", sql(data, "SELECT verdict, count(*) AS n FROM code_scans GROUP BY 1 ORDER BY 1"),
      [{"verdict": 4, "n": 1}, {"verdict": 5, "n": 1}, {"verdict": 6, "n": 1}])
equal("who got what", sql(data, "SELECT r.receiver, u.code, r.amount FROM scan_rewards r JOIN units u ON "
                                "u.unit = r.unit ORDER BY r.part"),
      [{"receiver": 1, "code": "points", "amount": 20}, {"receiver": 1, "code": "growth", "amount": 100},
       {"receiver": 3, "code": "points", "amount": 5}])
equal("draws", sql(data, "SELECT p.code, d.amount FROM game_draws d JOIN game_prizes p ON p.game = d.game AND "
                         "p.prize = d.prize ORDER BY d.draw"),
      [{"code": "thanks", "amount": 0}, {"code": "pad", "amount": 1}])
check("0 breaks", good("check", "--data", data).stdout.endswith("\n0 breaks\n"))
subprocess.run(["rm", "-rf", str(work)], check=False)
finish()
