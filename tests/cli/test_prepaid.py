#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a member who is signed in may do with the mall, gift cards and gifts - and with nobody else's."""
import itertools
import json
import pathlib
import subprocess
import tempfile
import urllib.request

from common import Served, check, equal, finish, good, sql

work = pathlib.Path(tempfile.mkdtemp(prefix="tb-prepaid-"))
data = work / "data"
key = good("key", "create", "--data", data, "--tenant", "shop", "--role", "owner", "--create-tenant").stdout.strip()
numbers = itertools.count(1)


def sign_in(s, phone):
    """Headers of a session."""
    equal("a one-time code", s.send("POST", "/v1/session/code", {"tenant": "shop", "phone": phone})[0], 202)
    letters = s.get("/v1/demo/inbox")[1]["items"]
    sent = next(x["code"] for x in letters if x["to"].endswith(phone[-4:]))
    words = json.dumps({"tenant": "shop", "phone": phone, "code": sent}).encode()
    asked = urllib.request.Request(s.base + "/v1/session/member", data=words, method="POST",
                                   headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(asked, timeout=20) as r:
        session = json.load(r)
        return {"X-Page": "member", "Cookie": r.headers["Set-Cookie"].split(";")[0],
                "X-CSRF-Token": session["csrf"]}, session["member"]


with Served(data, "--inbox", "--plain-cookies", "--unlimited") as s:
    def ask(what, method, path, body, want, me=None):
        h = {**(me or {}), "Idempotency-Key": f"k{next(numbers)}"}
        status, answer = s.send(method, path, body, None if me else key, h)
        if status != want:
            check(what, False, f"{status}: {answer}")
        return answer

    ask("unit", "PUT", "/v1/units/points", {"kind": "points"}, 200)
    ask("goods", "PUT", "/v1/mall/goods/cup", {"unit": "points", "points": 100, "stock": 3}, 200)
    anna, anna_id = sign_in(s, "13900000001")
    bert, bert_id = sign_in(s, "13900000002")
    ask("points", "POST", "/v1/ledger/adjustments",
        {"member": {"id": anna_id}, "unit": "points", "amount": 250, "reason": "r"}, 201)
    goods = ask("mall", "GET", "/v1/me/mall", None, 200, anna)["items"]
    equal("she may", [(x["code"], x["state"], x["left"]) for x in goods],
          [("cup", "ok", 3)])
    equal("he is short", ask("mall", "GET", "/v1/me/mall", None, 200, bert)["items"][0]["state"], "insufficient")
    one = ask("a cup", "POST", "/v1/me/mall/exchanges", {"goods": "cup"}, 200, anna)
    equal("ordered", (one["state"], one["balance"]), ("ordered", 150))
    ask("money is not hers to say", "POST", "/v1/me/mall/exchanges", {"goods": "cup", "paid": 1}, 400, anna)
    ask("no key", "POST", "/v1/me/mall/exchanges", {"goods": "cup"}, 403)
    equal("hers", [x["exchange"] for x in ask("list", "GET", "/v1/me/mall/exchanges", None, 200, anna)["items"]],
          [one["exchange"]])
    equal("not his", ask("list", "GET", "/v1/me/mall/exchanges", None, 200, bert)["items"], [])
    first = {"exchange": one["exchange"]}
    equal("nor to cancel", ask("cancel", "POST", "/v1/me/mall/cancel", first, 404, bert)["code"],
          "unknown_exchange")
    equal("all is back", ask("cancel", "POST", "/v1/me/mall/cancel", first, 200, anna)["points_back"],
          100)
    two = ask("again", "POST", "/v1/me/mall/exchanges", {"goods": "cup"}, 200, anna)["exchange"]
    ask("packed", "POST", f"/v1/mall/exchanges/{two}/state", {"state": "ready"}, 200)
    late = ask("cancel", "POST", "/v1/me/mall/cancel", {"exchange": two}, 409, anna)
    equal("too late", late["code"], "exchange_state")

    ask("namespace", "PUT", "/v1/namespaces/gift_card", {"class": "strong", "priority": 900}, 200)
    ask("unit", "PUT", "/v1/units/gift", {"kind": "gift_card", "givable": True}, 200)
    ask("batch", "PUT", "/v1/code-batches/gc", {"scene": "inside", "count": 20}, 200)
    ask("bind", "POST", "/v1/codes/bind", {"batch": "gc", "from": 0, "n": 20, "campaign": "gift"}, 200)
    code = s.get("/v1/code-batches/gc/codes?limit=20", key)[1]["codes"]
    ask("sell", "POST", "/v1/cards", {"code": code[0], "unit": "gift", "amount": 10000}, 200)
    equal("she looks", ask("look", "POST", "/v1/me/cards/balance", {"code": code[0]}, 200, anna)["available"], 10000)
    equal("hers", ask("register", "POST", "/v1/me/cards", {"code": code[0]}, 200, anna)["left"], 10000)
    equal("not his", ask("register", "POST", "/v1/me/cards", {"code": code[0]}, 409, bert)["code"], "card_state")
    for i in range(10):
        ask("wrong", "POST", "/v1/me/cards", {"code": code[1 + i]}, 404, bert)
    wrong = ask("wrong", "POST", "/v1/me/cards/balance", {"code": code[0]}, 429, bert)
    equal("guessing ends", wrong["code"], "scan_limited")
    gift = ask("give", "POST", "/v1/me/gifts", {"unit": "gift", "amount": 2500}, 200, anna)["gift"]
    equal("not her own", ask("claim", "POST", "/v1/me/gifts/claim", {"gift": gift}, 422, anna)["code"], "same_account")
    equal("his", ask("claim", "POST", "/v1/me/gifts/claim", {"gift": gift}, 200, bert)["amount"], 2500)
    gift = ask("give", "POST", "/v1/me/gifts", {"unit": "gift", "amount": 2500}, 200, anna)["gift"]
    equal("not his to take back", ask("back", "POST", "/v1/me/gifts/return", {"gift": gift}, 404, bert)["code"],
          "unknown_gift")
    ask("back", "POST", "/v1/me/gifts/return", {"gift": gift}, 200, anna)
    has = {b["unit"]: b["available"] for b in ask("me", "GET", "/v1/me", None, 200, anna)["balances"]}
    equal("what she has", (has["points"], has["gift"]), (150, 7500))
    feed = [e for item in s.get("/v1/events?limit=1000", key)[1]["items"] for e in item["data"]]
    equal("the feed tells", [e["goods"] for e in feed if e["type"] == "mall_exchanged"], ["cup", "cup"])
    check("and no card's number", all("card" not in e for e in feed), feed)

rows = sql(data, "SELECT state, points FROM mall_exchanges ORDER BY exchange")
equal("published exchanges", [(r["state"], r["points"]) for r in rows], [(6, 100), (2, 100)])
rows = sql(data, "SELECT kind, state FROM cards ORDER BY card")
equal("published cards", [(r["kind"], r["state"]) for r in rows], [(1, 1), (2, 5), (2, 6)])
subprocess.run(["rm", "-rf", str(work)], check=False)
finish()
