#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every operation of the table, once and well, on a real cell; what it answers is checked
against the description that the server serves.

    happy.py APP_SERVER
"""
import datetime
import hashlib
import hmac
import json
import socket
import struct
import sys
import threading
import time
import urllib.parse

import approvals
import campaigns
import prepaid
import till
from client import Checks, Client, Server, Shapes

T0 = "2026-11-20T10:00:00+08:00"


def configure(c, t, op):
    c.status(op.get("/v1/tenants"), 200, "tenants")
    c.status(op.get("/v1/tenants/acme"), 200, "tenant")
    own = c.status(t.get("/v1/tenant"), 200, "own tenant")
    c.that(own["currency"] == "CNY" and own["zone"] == "Asia/Shanghai", "the tenant's currency and zone")
    bodies = {
        "units/points": {"kind": "points", "name": "Points", "expiry": "rolling_months", "expiry_n": 12,
                         "rounding": "month", "negative": "within_balance"},
        "units/growth": {"kind": "qualifying"},
        "units/late": {"kind": "points", "release": "on_event"},
        "namespaces/openid:app1": {"class": "strong", "priority": 30, "limit": 1},
        "stores/S01": {"name": "人民广场店", "latitude_e7": 312300000, "longitude_e7": 1214700000,
                       "trade_radius_m": 3000, "region": "SH"},
        "products/X1": {"name": "奶粉", "category": "food/baby/formula", "brand": "B", "price": 1999,
                        "attributes": {"stage": 2, "tags": ["a", {"b": None}]}},
        "associates/E7": {"name": "Li", "store": "S01"},
        "touchpoints/door": {"kind": "probe", "store": "S01", "visit_gap_s": 600},
        "purposes/marketing": {"text": "We may send offers.", "text_version": 1, "marketing": True},
        "attributes/city": {"type": "choice", "purpose": "marketing", "benefit": "Local offers",
                            "retention_days": 365, "choices": ["sh", "bj"]},
        "attributes/nick": {"type": "text", "purpose": "marketing", "benefit": "A greeting",
                            "retention_days": 365, "personal": True},
        "attributes/born": {"type": "date", "purpose": "marketing", "benefit": "A birthday gift",
                            "retention_days": 365, "personal": True},
        "tier-schemes/main": {"measure": "qualifying", "unit": "growth", "window": "rolling",
                              "window_months": 12, "tiers": [
                                  {"code": "base", "reach": 0},
                                  {"code": "gold", "reach": 10, "benefits": {"free_parking": True}}]},
        "rules/base": {"kind": "earn", "unit": "points", "amount": "int(order.net)"},
        "rules/grow": {"kind": "earn", "unit": "growth", "amount": "int(order.net)"},
        "rules/wait": {"kind": "earn", "unit": "late", "amount": "5", "until": "2030-01-01T00:00:00Z"},
        "webhooks/erp": {"url": "https://example.com/hook", "secret": "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3",
                         "events": ["ledger", "order"]},
    }
    for path, body in bodies.items():
        first = c.status(t.put("/v1/" + path, body), 200, f"put {path}")
        c.that(first["created"] and first["version"] == 1, f"{path} is new: {first}")
        again = c.status(t.put("/v1/" + path, body), 200, f"put {path} again")
        if not path.startswith("webhooks"):
            c.that(again["version"] == 1 and not again["changed"], f"{path} is the same: {again}")
        got = c.status(t.get("/v1/" + path), 200, f"get {path}")
        for key, value in body.items():
            if key not in ("secret", "tiers", "latitude", "rules"):
                same = got.get(key) == value or (key == "until" and got[key].startswith("2030"))
                c.that(same, f"{path}.{key} is {got.get(key)}, put was {value}")
        listed = c.status(t.get("/v1/" + path.split("/")[0]), 200, f"list {path}")
        c.that(got["code"] in [x["code"] for x in listed["items"]], f"{path} is listed")
    r = c.status(t.get("/v1/webhooks/erp/dead-letters"), 200, "dead letters")
    c.that(r == {"items": []}, f"nobody sends here: {r}")
    r = c.status(t.post("/v1/webhooks/erp/replays", {}), 200, "replay")
    c.that(r == {"waiting": 0}, f"nothing to send again: {r}")
    r = t.put("/v1/stores/S01", {"name": "x", "expected_version": 7})
    c.status(r, 409, "another version", "version_conflict")
    c.status(t.put("/v1/tenants/acme", {"name": "x", "zone": "UTC", "currency": "CNY"}), 403, "role",
             "forbidden_role")
    c.status(t.put("/v1/namespaces/phone", {**phone(t), "blocked": ["13900000000"]}), 200, "block a value")
    r = t.post("/v1/contacts", {"identifiers": [{"ns": "phone", "value": "13900000000"}]})
    c.status(r, 422, "a blocked value", "identifier_blocked")


def phone(t):
    got = t.get("/v1/namespaces/phone").json
    return {k: v for k, v in got.items() if k not in ("code", "version", "blocked")}


def page(c, t):
    """Small pages with a cursor give everything once."""
    seen, after = [], 0
    for _ in range(50):
        r = c.status(t.get(f"/v1/namespaces?limit=3&after={after}"), 200, "a page")
        seen += [x["code"] for x in r["items"]]
        after = r.get("next")
        if after is None:
            break
    c.that(len(seen) == len(set(seen)) and "phone" in seen and "openid:app1" in seen, f"pages: {seen}")


def people(c, t):
    who = [{"ns": "phone", "value": "139 1234 5678", "verified": True},
           {"ns": "openid:app1", "value": "oABC"}]
    r = c.status(t.post("/v1/contacts", {"identifiers": who, "touchpoint": "till", "store": "S01",
                                         "occurred_at": T0}), 200, "contact")
    c.that(r["member"]["new"] and not r["member"]["enrolled"], f"a new person: {r}")
    mid = r["member"]["id"]
    r = t.get("/v1/members?ns=phone&value=" + urllib.parse.quote("+8613912345678"))
    c.that(c.status(r, 200, "find")["id"] == mid, "the same person")
    for path in (f"/v1/members/{mid}", "/v1/members/phone:13912345678", "/v1/members/openid:app1:oABC"):
        r = c.status(t.get(path), 200, path)
        c.that(r["id"] == mid, f"{path} is {r['id']}")
    shown = [i["value"] for i in r["identifiers"] if i["ns"] == "phone"]
    c.that(shown == ["139****5678"], f"the phone is masked: {shown}")
    c.that("5678" not in str([i for i in r["identifiers"] if i["ns"] != "phone"]), "nothing else shows it")
    r = c.status(t.post(f"/v1/members/{mid}/enrolment", {"touchpoint": "till", "terms_version": 3}), 200, "enrol")
    c.that(r["id"] == mid, "enrolled herself")
    c.status(t.post(f"/v1/members/{mid}/enrolment", {"terms_version": 3}), 409, "twice", "already_enrolled")
    c.status(t.patch(f"/v1/members/{mid}/attributes",
                     {"attributes": {"city": "sh", "nick": "小明", "born": "1990-02-03"}}), 200, "attributes")
    c.status(t.patch(f"/v1/members/{mid}/attributes", {"attributes": {"shoe": 42}}), 422, "undeclared",
             "unknown_attribute")
    c.status(t.patch(f"/v1/members/{mid}/attributes", {"attributes": {"city": "nowhere"}}), 400,
             "no such choice", "invalid_value")
    r = c.status(t.post(f"/v1/members/{mid}/consents", {"purpose": "marketing", "channel": "sms",
                                                        "state": "granted", "text_version": 1}), 200, "consent")
    c.that(r["effective"] == "granted", f"consent: {r}")
    r = c.status(t.post(f"/v1/members/{mid}/roles", {"role": "guardian_of", "subject": "child",
                                                     "birth_month": "2024-05"}), 200, "role")
    view = c.status(t.get(f"/v1/members/{mid}"), 200, "the whole view")
    c.that(view["enrolled"] and view["attributes"]["city"]["value"] == "sh", "attributes show")
    c.that(view["attributes"]["nick"]["value"] == "****", "a personal one is masked")
    c.that(view["consents"][0]["state"] == "granted" and view["roles"][0]["birth_month"] == "2024-05",
           f"consents and roles show: {view['consents']} {view['roles']}")
    return mid


def values(c, t, mid):
    order = {"order": "A-1", "receipt": {"store": "S01", "till": "3", "number": "000123"},
             "identifiers": [{"ns": "phone", "value": "13912345678", "verified": True}], "store": "S01",
             "associate": "E7", "touchpoint": "till", "occurred_at": T0, "currency": "CNY",
             "lines": [{"sku": "X1", "quantity": 1, "net": 1999}, {"sku": "loose", "quantity_milli": 1250, "net": 1001,
                                                                   "gross": 1200}],
             "tenders": [{"kind": "wechat", "amount": 3000}]}
    r = c.status(t.post("/v1/orders", order), 201, "order")
    c.that(r["member"]["id"] == mid and not r["repeated"], f"her order: {r}")
    earned = {e["unit"]: e for e in r["earned"]}
    c.that(earned["points"]["amount"] == 30 and earned["points"]["available"] == 30, f"30 points: {earned}")
    c.that(earned["late"]["pending"] == 5, f"5 wait: {earned}")
    c.that(r["tier"] == {"scheme": "main", "code": "gold"}, f"gold: {r.get('tier')}")
    again = c.status(t.post("/v1/orders", order), 201, "the same order")
    c.that(again["repeated"] and again["id"] == r["id"], "it is the same one")
    c.status(t.post("/v1/orders", {**order, "store": "S01", "tenders": []}), 400, "no tender", "too_short")
    other = {**order, "lines": order["lines"][:1], "tenders": [{"kind": "cash", "amount": 1999}]}
    c.status(t.post("/v1/orders", other), 409, "another order of that number", "order_exists")
    got = c.status(t.get("/v1/orders/A-1"), 200, "get by number")
    c.that(c.status(t.get("/v1/orders/" + got["id"]), 200, "get by id")["order"] == "A-1", "one order")
    c.that([x["sku"] for x in got["lines"]] == ["X1", "loose"], f"lines: {got['lines']}")
    back = {"return": "R-1", "lines": [{"line": 0, "quantity": 1}]}
    r = c.status(t.post("/v1/orders/A-1/returns", back), 201, "return")
    c.that(r["net"] == 1999 and not r["repeated"], f"paid back: {r}")
    c.that(c.status(t.post("/v1/orders/A-1/returns", back), 201, "again")["repeated"], "the same return")
    c.status(t.post("/v1/orders/A-1/returns", {"return": "R-2", "lines": [{"sku": "X1", "quantity": 1}]}), 422,
             "more than was bought", "return_exceeds")
    r = c.status(t.post("/v1/orders/A-1/cancel"), 200, "cancel")
    c.that(r["net"] == 1001, f"the rest: {r}")
    ledger(c, t, mid)


def ledger(c, t, mid):
    her = {"id": mid}
    other = t.post("/v1/contacts", {"identifiers": [{"ns": "phone", "value": "13812345678"}]}).json["member"]["id"]
    r = c.status(t.post("/v1/ledger/adjustments", {"member": her, "unit": "points", "amount": 100,
                                                   "reason": "sorry"}), 201, "adjust")
    c.that(r["available"] == 100 and r["member"] == mid, f"100: {r}")
    c.status(t.post("/v1/ledger/adjustments", {"member": her, "unit": "points", "amount": 1}), 422,
             "no reason", "reason_required")
    h = c.status(t.post("/v1/ledger/holds", {"member": her, "unit": "points", "amount": 60}), 201, "hold")
    c.that(h["available"] == 40, f"40 left: {h}")
    p = c.status(t.post(f"/v1/ledger/holds/{h['hold']}/post", {"amount": 20, "final": False}), 200, "post")
    c.that(p["amount"] == 20 and p["left"] == 40, f"40 still held: {p}")
    v = c.status(t.post(f"/v1/ledger/holds/{h['hold']}/void"), 200, "void")
    c.that(v["amount"] == 40 and v["available"] == 80, f"80 again: {v}")
    x = c.status(t.post("/v1/ledger/transfers", {"from": her, "to": {"id": other}, "unit": "points",
                                                 "amount": 30}), 201, "transfer")
    c.that(x["available"] == 50 and x["available_to"] == 30, f"moved: {x}")
    u = c.status(t.post(f"/v1/ledger/transfers/{x['transfer']}/reverse", {"reason": "mistake"}), 201, "reverse")
    c.that(u["amount"] == 30, f"back: {u}")
    c.status(t.post(f"/v1/ledger/transfers/{x['transfer']}/reverse", {"reason": "mistake"}), 409, "twice",
             "already_reversed")
    t.post("/v1/orders", {"order": "L-1", "member": her, "lines": [{"sku": "X1", "quantity": 1, "net": 100}]})
    r = c.status(t.post("/v1/ledger/releases", {"member": her, "unit": "late"}), 200, "release")
    c.that(r["amount"] == 5, f"released: {r}")
    r = c.status(t.get("/v1/ledger/trial-balance?unit=points"), 200, "trial balance")
    books = sum(a["credits"] - a["debits"] for a in r["accounts"])
    held = sum(b["available"] + b["held"] + b["pending"] for m in (mid, other)
               for b in t.get(f"/v1/members/{m}").json["balances"] if b["unit"] == "points")
    c.that(books + held == 0, f"the books close: {books} {held}")
    c.that(r["days"][-1]["closing"] == held, f"the roll-forward closes: {r['days'][-1]} {held}")


def identity(c, t, mid):
    """Two persons joined by evidence, parted again, and by hand."""
    a = t.post("/v1/contacts", {"identifiers": [{"ns": "phone", "value": "13700000001", "verified": True}]}).json
    b = t.post("/v1/contacts", {"identifiers": [{"ns": "card", "value": "C-1", "verified": True}]}).json
    a, b = a["member"]["id"], b["member"]["id"]
    t.post("/v1/contacts", {"identifiers": [{"ns": "phone", "value": "13700000001", "verified": True},
                                            {"ns": "card", "value": "C-1", "verified": True}]})
    ids = {x: t.get(f"/v1/members/{x}").json["id"] for x in (a, b)}
    c.that(len(set(ids.values())) == 1, f"one person now: {ids}")
    r = c.status(t.post(f"/v1/members/{a}/unmerge", {"identifiers": [b], "reason": "two sisters"}), 200, "unmerge")
    c.that(t.get(f"/v1/members/{a}").json["id"] != t.get(f"/v1/members/{b}").json["id"], "two again")
    c.status(t.post("/v1/links", {"a": a, "b": b, "kind": "cleared", "reason": "asked"}), 200, "cleared")
    c.status(t.post("/v1/links", {"a": a, "b": b, "kind": "always", "reason": "asked"}), 200, "linked")
    c.that(t.get(f"/v1/members/{a}").json["id"] == t.get(f"/v1/members/{b}").json["id"], "one by hand")
    r = c.status(t.post(f"/v1/members/{a}/reveal", {"reason": "she called"}), 200, "reveal")
    c.that(r["value"] == "+8613700000001", f"revealed: {r}")
    r = c.status(t.post(f"/v1/members/{a}/unfreeze", {"reason": "reviewed"}), 200, "unfreeze")
    c.that(r["lifted"] is False, f"she was not frozen: {r}")
    c.status(t.post(f"/v1/members/{a}/reveal", {}), 422, "without a reason", "reason_required")
    r = c.status(t.post(f"/v1/members/{mid}/export", {"reason": "she asked"}), 200, "export")
    c.that("+8613912345678" in [i.get("value") for i in r["identifiers"]], "export shows the phone")
    c.that(r["attributes"]["nick"]["value"] == "小明" and r["attributes"]["born"]["value"] == "1990-02-03",
           f"export shows what she told: {r['attributes']}")
    r = c.status(t.post(f"/v1/members/{a}/erase", {"reason": "she asked"}), 200, "erase")
    gone = t.get(f"/v1/members/{a}")
    c.that(gone.status in (200, 410) and "13700000001" not in gone.bytes.decode(), f"erased: {gone}")
    found = t.get("/v1/members?ns=phone&value=13700000001")
    c.status(found, 404, "an erased one is not found", "unknown_member")


def probes(c, t, op):
    body = {"identifier": {"ns": "wifi_mac", "value": "3C:22:FB:01:02:03"}, "touchpoint": "door"}
    c.status(t.post("/v1/probes", body), 422, "probes are off", "disabled")
    op.put("/v1/tenants/acme", {"name": "acme", "zone": "Asia/Shanghai", "currency": "CNY", "probes": True})
    r = c.status(t.post("/v1/probes", body), 200, "probe")
    c.that(r["device"] == c.status(t.post("/v1/probes", body), 200, "again")["device"], "the same device")
    body["identifier"]["value"] = "3A:22:FB:01:02:03"
    c.status(t.post("/v1/probes", body), 422, "a made-up address", "identifier_blocked")


def keys(c, s, t):
    r = c.status(t.post("/v1/keys", {"name": "till 1", "roles": ["till"], "store": "S01",
                                     "scopes": ["members:read"]}), 201, "make a key")
    k = s.client(r["key"])
    c.status(k.get("/v1/members?ns=phone&value=13912345678"), 200, "it works at once")
    c.status(k.get("/v1/units"), 403, "without the scope", "forbidden_scope")
    got = c.status(t.get("/v1/keys/" + r["code"]), 200, "get the key")
    c.that(got["roles"] == ["till"] and "key" not in got and "hash" not in got, f"no secret: {got}")
    c.that(r["code"] in [x["code"] for x in t.get("/v1/keys").json["items"]], "listed")
    c.status(t.post(f"/v1/keys/{r['code']}/revoke"), 200, "revoke")
    c.status(k.get("/v1/members?ns=phone&value=13912345678"), 401, "revoked at once", "key_invalid")
    c.status(s.client(r["key"][:-1] + "0").get("/v1/units"), 401, "another secret", "key_invalid")
    c.status(s.client("tb_nobody_0123456789abcdef0123").get("/v1/units"), 401, "no such key", "key_invalid")
    c.status(s.client().get("/v1/units"), 401, "no key", "key_missing")
    old = t.post("/v1/keys", {"roles": ["till"], "expires_at": "2020-01-01T00:00:00Z"}).json
    c.status(s.client(old["key"]).get("/v1/members?ns=phone&value=1"), 401, "expired", "key_invalid")


def feed(c, s, t, mid):
    seen, after = [], 0
    for _ in range(200):
        r = c.status(t.get(f"/v1/events?after={after}&limit=7"), 200, "events")
        if not r["items"]:
            break
        seen += r["items"]
        after = r["next"]
    numbers = [e["sequence"] for e in seen]
    c.that(numbers == list(range(1, len(numbers) + 1)), f"gap-free from 1: {numbers[:5]} .. {numbers[-3:]}")
    orders = [d for e in seen for d in e["data"] if d["type"] == "order_placed"]
    c.that(orders[0]["key"] == "A-1" and orders[0]["member"] == mid, f"the order: {orders[:1]}")
    text = str(seen)
    c.that("13912345678" not in text and "小明" not in text and "key_hi" not in text, "no personal data")
    result = {}

    def wait():
        begin = time.monotonic()
        result["reply"] = s.client(t.key).get(f"/v1/events?after={after}&wait=10")
        result["after"] = time.monotonic() - begin
    waiter = threading.Thread(target=wait)
    waiter.start()
    time.sleep(0.3)
    t.put("/v1/stores/S99", {"name": "new"})
    waiter.join()
    c.that(result["reply"].json["items"][0]["type"] == "store_put" and result["after"] < 5,
           f"a waiting reader is told: {result}")
    r = c.status(t.get(f"/v1/members/{mid}/timeline?limit=3"), 200, "timeline")
    total, before = list(r["items"]), r.get("next")
    while before:
        r = t.get(f"/v1/members/{mid}/timeline?limit=3&before={before}").json
        total += r["items"]
        before = r.get("next")
    kinds = [e["type"] for e in total]
    c.that(kinds[-1] == "contact" and "order" in kinds and kinds.count("return") == 1, f"timeline: {kinds}")
    r = c.status(t.get(f"/v1/members/{mid}/statement?unit=points"), 200, "statement")
    amounts = [(m["cause"], m["amount"]) for m in r["items"]]
    c.that(("earn", 30) in amounts and ("adjust", 100) in amounts, f"statement: {amounts}")
    now = [b["available"] for b in t.get(f"/v1/members/{mid}").json["balances"] if b["unit"] == "points"]
    c.that(sum(m["amount"] for m in r["items"]) == now[0], f"the statement adds up: {amounts} {now}")


def bulk(c, t):
    line = {"op": "order", "body": {"store": "S01", "occurred_at": T0,
                                    "lines": [{"sku": "X1", "quantity": 1, "net": 100}],
                                    "identifiers": [{"ns": "phone", "value": "13600000000"}]}}
    lines = [{**line, "body": {**line["body"], "order": f"N{i}"}} for i in range(1500)]
    lines.insert(700, {"op": "order", "body": {"order": "bad"}})
    lines.insert(701, {"op": "fly", "body": {}})
    lines.insert(702, {"op": "adjust", "body": {"member": {"id": "mbr_0"}, "unit": "points", "amount": 1}})
    lines.insert(703, {"op": "adjust", "key": "b1", "body": {"member": {"ns": "phone", "value": "13600000000"},
                                                             "unit": "points", "amount": 7, "reason": "x"}})
    lines.insert(704, {"op": "product", "key": "b2", "body": {"code": "P9", "name": "new"}})
    r, out = t.bulk(lines)
    c.status(r, 200, "bulk")
    c.that([x["line"] for x in out] == list(range(1, len(lines) + 1)), "a result a line, in order")
    wrong = {x["line"]: (x["status"], x["body"].get("code")) for x in out if x["status"] >= 300}
    c.that(wrong == {701: (400, "missing_field"), 702: (400, "not_an_option"),
                     703: (400, "idempotency_key_required"), 705: (403, "forbidden_role")} or
           wrong == {701: (400, "missing_field"), 702: (400, "not_an_option"),
                     703: (400, "idempotency_key_required")}, f"refused lines: {wrong}")
    c.that(out[0]["body"]["member"]["new"] and not out[1]["body"]["member"]["new"], "one new person")
    again, second = t.bulk(lines)
    c.that(all(x["body"].get("repeated", True) for x in second if x["status"] == 201), "again changes nothing")
    r = t.post("/v1/bulk", raw=b"", headers={"Content-Type": "application/x-ndjson"}, idem="")
    c.that(r.status in (200, 400), f"an empty body: {r}")
    r = t.post("/v1/bulk", raw=b'{"op":"order"\n\n[1]\r\n' + b"x" * 70000, idem="",
               headers={"Content-Type": "application/x-ndjson"})
    codes = [(x["line"], x["body"]["code"]) for x in map(json.loads, r.bytes.splitlines())]
    c.that(codes == [(1, "invalid_json"), (3, "wrong_type"), (4, "line_too_long")], f"broken lines: {codes}")


def codes(c, t):
    """Blank codes, bound at the packing line, scanned by a shopper and by somebody after her."""
    c.status(t.put("/v1/code-batches/box", {"scene": "inside", "count": 100, "name": "Mouse boxes"}), 200, "batch")
    c.status(t.put("/v1/code-batches/carton", {"scene": "carton", "level": 1, "count": 4}), 200, "cartons")
    box = t.get("/v1/code-batches/box/codes?limit=40").json
    c.that(len(box["codes"]) == 40 == len(set(box["codes"])) and box["next"] == 40, "codes for the printer")
    box = box["codes"]
    c.that(t.get("/v1/code-batches/box/codes?from=99&limit=9").json.get("next") is None, "the last of them")
    carton = t.get("/v1/code-batches/carton/codes").json["codes"]
    scan = {"code": box[3], "identifiers": [{"ns": "phone", "value": "13712340001"}], "store": "S01", "caller": "a"}
    for text in (box[3], box[3][:-1]):
        c.status(t.post("/v1/codes/scan", {"code": text}), 404 if text == box[3] else 400, "blank, or too short")
    wrong = ("0" if box[3][5] != "0" else "1")
    c.status(t.post("/v1/codes/scan", {"code": box[3][:5] + wrong + box[3][6:]}), 400, "mistyped", "invalid_value")
    c.that(c.status(t.post("/v1/codes/pack", {"parent": carton[0], "ranges": [{"batch": "box", "from": 0, "n": 24}],
                                              "children": [box[30]]}), 200, "pack")["children"] == 25, "in it")
    c.that(c.status(t.post("/v1/codes/bind", {"parent": carton[0], "product": "X1", "region": "SH", "lot": "L7",
                                              "activate": True}), 200, "bind")["codes"] == 26, "carton and items")
    twice = {"batch": "box", "from": 20, "n": 10, "product": "X1"}
    c.status(t.post("/v1/codes/bind", twice), 409, "twice", "code_bound")
    c.status(t.post("/v1/codes/receive", {"parent": carton[0], "store": "S01", "associate": "E7"}), 200, "receive")
    first = c.status(t.post("/v1/codes/scan", {**scan, "code": f"https://a.b/01/09506000134352/21/{box[3]}?x=1"}),
                     200, "scan")
    c.that(first["verdict"] == "first" and first["product"] == "X1" and first["credited_store"] == "S01"
           and first["member"]["new"] and not first["outside_region"], f"first: {first}")
    low = "-".join((box[3][:4], box[3][4:8], box[3][8:])).lower()
    again = c.status(t.post("/v1/codes/scan", {**scan, "code": low}), 200, "again")
    c.that(again["verdict"] == "seen_by_you" and again["first"]["store"] == "S01" and again["scans"] == 2, f"{again}")
    someone = [{"ns": "phone", "value": "13712340002"}]
    other = c.status(t.post("/v1/codes/scan", {"code": box[3], "identifiers": someone}), 200, "other")
    c.that(other["verdict"] == "seen_by_others", f"{other}")
    use = {"code": box[3], "member": {"ns": "phone", "value": "13712340001"}}
    c.status(t.post("/v1/codes/redeem", use), 200, "use")
    c.status(t.post("/v1/codes/redeem", {"code": box[3]}), 409, "used", "code_redeemed")
    one = c.status(t.get("/v1/codes/" + box[3]), 200, "look up")
    c.that(one["state"] == "redeemed" and one["serial"] == 3 and one["packed_in"][0]["code"] == carton[0]
           and one["by_others"] and one["lot"] == "L7", f"{one}")
    c.status(t.post("/v1/codes/replace", {"old": box[5], "new": box[35], "reason": "wet"}), 200, "replace")
    c.that(t.get("/v1/codes/" + box[35]).json["packed_in"][0]["code"] == carton[0], "in its place")
    c.status(t.post("/v1/codes/move", {"parent": carton[0], "verb": "freeze", "reason": "recall"}), 200, "freeze")
    c.that(t.post("/v1/codes/scan", {"code": box[7]}).json["verdict"] == "frozen", "all that is in it")
    c.that(c.status(t.post("/v1/codes/unpack", {"parent": carton[0]}), 200, "unpack")["children"] == 0, "empty")
    for i in range(10):
        t.post("/v1/codes/scan", {"code": box[38], "caller": "guesser"})
    c.status(t.post("/v1/codes/scan", {"code": box[7], "caller": "guesser"}), 429, "guesser", "scan_limited")
    figures = c.status(t.get("/v1/code-batches/box"), 200, "figures")
    c.that((figures["scanned"], figures["scans"], figures["redeemed"]) == (1, 3, 1), f"{figures}")


def checkout(c, t):
    who = [{"ns": "phone", "value": "13700001111", "verified": True}]
    cart = {"identifiers": who, "lines": [{"sku": "loose-tea", "quantity": 2, "amount": 5000}], "shipping": 600}
    q = c.status(t.post("/v1/quotes", cart), 200, "quote")
    c.that(q["payable"] == 5600 and q["due"] == 5600 and q["proven"], f"quote: {q}")
    c.that(q["lines"][0]["net"] == 5000 and q["offers"] == [], f"no campaign is live: {q}")
    c.status(t.post("/v1/quotes", {**cart, "lines": [{"sku": "loose-tea", "quantity": 1}]}), 422, "no price",
             "unknown_product")
    b = c.status(t.post("/v1/baskets", {**cart, "lifetime_s": 60}), 201, "basket")
    c.that(b["payable"] == 5600 and b["basket"].startswith("bsk_"), f"basket: {b}")
    c.status(t.post(f"/v1/baskets/{b['basket']}/release"), 200, "release")
    c.status(t.post(f"/v1/baskets/{b['basket']}/release"), 404, "twice", "unknown_basket")
    b = c.status(t.post("/v1/baskets", cart), 201, "another basket")
    short = {"order": "C-1", "basket": b["basket"], "tenders": [{"kind": "cash", "amount": 5000}]}
    c.status(t.post("/v1/checkout", short), 422, "too little money", "tenders_differ")
    done = {**short, "tenders": [{"kind": "cash", "amount": 600}, {"kind": "card", "amount": 5000}]}
    o = c.status(t.post("/v1/checkout", done), 201, "confirm")
    c.that(o["payable"] == 5600 and not o["repeated"], f"order: {o}")
    c.that(c.status(t.post("/v1/checkout", done), 201, "again")["repeated"], "the same confirmation")
    c.status(t.post("/v1/checkout", {**done, "tenders": short["tenders"] * 2}), 409, "paid otherwise", "order_exists")
    changed = {**cart, "order": "C-2", "payable": 5500, "offers": []}
    c.status(t.post("/v1/checkout", changed), 409, "another price", "quote_changed")
    r = c.status(t.post("/v1/orders/C-1/return-quotes", {"lines": [{"line": 0, "quantity": 1}]}), 200, "return quote")
    c.that(r["net"] == 2500 and sum(x["amount"] for x in r["tenders"]) == 2500, f"half: {r}")
    r = c.status(t.post("/v1/orders/C-1/cancel"), 200, "cancel")
    c.that(r["net"] == 5000, f"all of the goods: {r}")
def issues(c, t):
    """Coupons to an audience, and words that are worth one."""
    c.status(t.put("/v1/units/issued", {"kind": "coupon", "name": "Ten off", "stock": 1000}), 200, "a template")
    run = {"unit": "issued", "audience": "orders() >= 1", "reason": "spring", "limit": 500}
    r = c.status(t.put("/v1/coupon-issues/spring", run), 202, "a run")
    c.that(r["created"] and r["version"] == 1, f"a run: {r}")
    c.that(not c.status(t.put("/v1/coupon-issues/spring", run), 202, "the same again")["changed"], "starts nothing")
    c.status(t.put("/v1/coupon-issues/spring", {**run, "limit": 1}), 409, "another content", "issue_started")
    for _ in range(200):
        now = c.status(t.get("/v1/coupon-issues/spring"), 200, "how far it is")
        if now["state"] != "running":
            break
        time.sleep(0.02)
    c.that(now["state"] == "done" and now["looked"] >= now["matched"] == now["issued"] > 0, f"a run: {now}")
    c.that(not c.status(t.post("/v1/coupon-issues/spring/stop"), 200, "stop")["stopped"], "it had ended")
    c.that(any(x["code"] == "spring" for x in c.status(t.get("/v1/coupon-issues"), 200, "runs")["items"]), "listed")
    c.status(t.put("/v1/coupon-issues/bad", {**run, "audience": "nonsense("}), 422, "an expression", "expression")
    c.status(t.get("/v1/coupon-issues/none"), 404, "no such run", "not_found")
    word = {"unit": "issued", "uses_max": 2, "until": "2030-01-01T00:00:00Z"}
    c.that(c.status(t.put("/v1/coupon-codes/WEIBO", word), 200, "a word")["created"], "a word")
    c.status(t.put("/v1/coupon-codes/weibo", word), 422, "in capitals", "invalid")
    now = c.status(t.get("/v1/coupon-codes/WEIBO"), 200, "the word")
    c.that(now["uses"] == 0 and not now["unique"] and now["until"].startswith("2030"), f"the word: {now}")
    c.that(len(c.status(t.get("/v1/coupon-codes?limit=10"), 200, "words")["items"]) == 1, "words")
    who = [{"ns": "phone", "value": "13700001111", "verified": True}]
    cart = {"identifiers": who, "lines": [{"sku": "loose-tea", "quantity": 2, "amount": 5000}]}
    r = c.status(t.post("/v1/quotes/shown", cart), 200, "a quote was shown")
    c.that(r["open"] == 0 and r["member"].startswith("mbr_"), f"shown: {r}")
    claims(c, t)
    reach(c, t, cart)
    c.status(t.put("/v1/channels/wechat", {"name": "WeChat", "forbid_sharing": True}), 200, "a channel")
    now = c.status(t.get("/v1/channels/wechat"), 200, "the channel")
    c.that(now["forbid_sharing"] and not now["forbid_packets"], f"the channel: {now}")
    c.that(any(x["code"] == "wechat" for x in c.status(t.get("/v1/channels"), 200, "channels")["items"]), "channels")


def claims(c, t):
    """A word in any case of letters, a printed code in any spelling, and a guess."""
    who = "/v1/members/phone:13700001111/coupon-claims"
    r = c.status(t.post(who, {"claim_code": "weibo", "caller": "till-1"}), 201, "a word")
    c.that(r["unit"] == "issued" and r["coupon"].startswith("cpn_"), f"a word: {r}")
    c.status(t.put("/v1/code-batches/LEAFLET", {"scene": "inside", "count": 1000}), 200, "a batch")
    bind = {"batch": "LEAFLET", "from": 0, "n": 500, "campaign": "spring", "activate": True}
    c.status(t.post("/v1/codes/bind", bind), 200, "in force")
    c.status(t.put("/v1/coupon-codes/LEAFLET", {"unit": "issued", "unique": True}), 200, "unique codes")
    printed = t.get("/v1/code-batches/LEAFLET/codes?limit=10&from=495").json["codes"]
    spelt = "-".join(printed[0][i:i + 5] for i in range(0, 15, 5)).lower()
    c.status(t.post(who, {"claim_code": spelt, "caller": "till-1"}), 201, "a printed code")
    c.status(t.post(who, {"claim_code": printed[0], "caller": "till-1"}), 409, "once", "code_redeemed")
    c.status(t.post(who, {"claim_code": printed[9], "caller": "till-1"}), 404, "not in force", "unknown_code")
    for i in range(9):
        c.status(t.post(who, {"claim_code": f"GUESS{i}", "caller": "till-1"}), 404, "a guess", "unknown_code")
    c.status(t.post(who, {"claim_code": printed[1], "caller": "till-1"}), 429, "too many", "scan_limited")
    c.status(t.post(who, {"claim_code": printed[1], "caller": "till-2"}), 201, "another till")
    c.that(t.get("/v1/coupon-codes/LEAFLET").json["uses"] == 2, "two were used")


def reach(c, t, cart):
    """Whom a campaign means, what it did for whom, and who pays for it."""
    campaign = {"mechanic": "percent", "level": "order", "ppm": 100000, "audience": "orders() >= 1", "holdout_ppm": 1,
                "cost_cap": 100000, "funding": [{"payer": "brand", "ppm": 600000}, {"payer": "us", "ppm": 400000}]}
    c.status(t.put("/v1/campaigns/reach", campaign), 200, "a campaign")
    c.status(t.post("/v1/campaigns/reach/audience", {}), 202, "count it")
    for _ in range(200):
        now = c.status(t.get("/v1/campaigns/reach/audience"), 200, "the count")
        if now["state"] != "running":
            break
        time.sleep(0.02)
    c.that(now["state"] == "done" and now["matched"] == now["eligible"] > 0 and "issued" not in now, f"counted: {now}")
    found = [x["finding"] for x in t.get("/v1/campaigns/reach/check").json["findings"]]
    for state in ("review", "live"):
        c.status(t.post("/v1/campaigns/reach/moves", {"state": state, "acknowledged": found}), 200, state)
    c.status(t.post("/v1/quotes/shown", cart), 200, "shown")
    for i in range(3):
        sold = {**cart, "order": f"R-{i}", "lines": [{"sku": "loose-tea", "quantity": 1, "amount": 1005 + i}]}
        c.status(t.post("/v1/checkout", sold), 201, "sold")
    c.status(t.post("/v1/orders/R-0/cancel"), 200, "one comes back")
    up = c.status(t.get("/v1/campaigns/reach/uplift"), 200, "uplift")
    saw, held = up["arms"]
    c.that(saw["arm"] == "shown" and saw["persons"] == saw["buyers"] == 1 and saw["orders"] == 2, f"an arm: {up}")
    c.that(saw["cost"] == 101 + 101 and saw["net"] == 1006 + 1007 - 202 and held["persons"] == 0, f"an arm: {up}")
    owed = c.status(t.get("/v1/campaigns/reach/settlement"), 200, "settlement")
    shares = {x["payer"]: (x["amount"], x["orders"]) for x in owed["shares"]}
    c.that(shares == {"brand": (122, 2), "us": (80, 2)}, f"60.6 each is 61 of 101: {owed}")
    c.that({x["payer"]: x["amount"] for x in owed["totals"]} == {"brand": 122, "us": 80}, f"totals: {owed}")
    c.that(t.get("/v1/campaigns/reach/settlement?from=2030-01").json["shares"] == [], "another month")
    c.status(t.get("/v1/campaigns/reach/settlement?from=2026-13"), 400, "no month", "invalid_value")
    c.status(t.get("/v1/campaigns/none/uplift"), 422, "no such campaign", "unknown_campaign")


def ticket_of(seed, proof):
    """The draw worked out again by the description in src/core/play/chance.h, with nothing of ours."""
    block = 0
    while True:
        text = b"tongbao1" + struct.pack(">IQQI", proof["edition"], int(proof["player"], 16), proof["draw"], block)
        for word in struct.unpack(">4Q", hmac.new(bytes.fromhex(seed), text, hashlib.sha256).digest()):
            if word < 2**64 - 2**64 % 10**6:
                return word % 10**6
        block += 1


def play(c, t):
    """Short of points, shown how to earn them, checked in daily, a wheel that can be checked, a card, a packet."""
    one = {"ns": "phone", "value": "13712341001"}
    t.post("/v1/contacts", {"identifiers": [one]})
    two = {"ns": "phone", "value": "13712341002"}
    t.post("/v1/contacts", {"identifiers": [two]})
    for code in ("coins", "cups"):
        c.status(t.put(f"/v1/units/{code}", {"kind": "points", "negative": "unlimited"}), 200, code)
    wheel = {"kind": "draw", "cost_unit": "coins", "cost": 30, "fallback": "none", "per_day": 20, "prizes": [
        {"code": "mug", "ppm": 50000, "unit": "cups", "amount": 1, "stock": 2, "value": 2000},
        {"code": "few", "ppm": 350000, "unit": "coins", "amount": 10}, {"code": "none", "ppm": 600000}]}
    c.status(t.put("/v1/games/wheel", {**wheel, "prizes": wheel["prizes"][1:]}), 422, "odds", "invalid")
    c.status(t.put("/v1/games/wheel", wheel), 200, "wheel")
    c.that(not t.put("/v1/games/wheel", wheel).json["changed"], "the same wheel keeps its seed")
    c.status(t.post("/v1/games/wheel/draws", {"member": one}), 409, "draft", "game_closed")
    daily = {"kind": "checkin", "window_days": 7, "cost_unit": "coins", "cost": 5, "rewards": [
        {"kind": "step", "at": 1, "unit": "coins", "amount": 20},
        {"kind": "milestone", "at": 2, "unit": "cups", "amount": 3}]}
    task = {"kind": "task", "period": "day", "per_member": 1, "rewards": [
        {"kind": "step", "at": 1, "unit": "coins", "amount": 500}]}
    card = {"kind": "stamps", "unit": "cups", "size": 5, "rewards": [
        {"kind": "milestone", "at": 5, "unit": "coins", "amount": 1000}]}
    for code, body in (("daily", daily), ("review", task), ("card", card)):
        c.status(t.put(f"/v1/games/{code}", body), 200, code)
    for code in ("wheel", "daily", "review", "card"):
        c.status(t.post(f"/v1/games/{code}/state", {"state": "open"}), 200, f"open {code}")
    open_wheel = c.status(t.get("/v1/games/wheel"), 200, "wheel, open")
    listed = c.status(t.get("/v1/games"), 200, "games")["items"]
    c.that(open_wheel in listed, f"the wheel is listed as it is told alone: {[x['code'] for x in listed]}")
    c.that("seed" not in open_wheel and len(open_wheel["seed_hash"]) == 64, f"the seed is a secret: {open_wheel}")
    c.that(hashlib.sha256(open_wheel["rules_text"].encode()).hexdigest() == open_wheel["rules_hash"], "rules' hash")
    worse = [{**wheel["prizes"][0], "ppm": 40000}, {**wheel["prizes"][1], "ppm": 360000}, wheel["prizes"][2]]
    c.status(t.put("/v1/games/wheel", {**wheel, "prizes": worse}), 409, "worse odds", "game_opened")

    r = t.post("/v1/games/wheel/draws", {"member": one})
    c.status(r, 422, "no points", "insufficient")
    c.that(r.json["short_by"] == 30 and r.json["unit"] == "coins"
           and {x["game"]: x["amount"] for x in r.json["tasks"]} == {"daily": 20, "review": 500}, f"{r.json}")
    tasks = c.status(t.get("/v1/members/phone:13712341001/tasks?unit=coins"), 200, "tasks")["tasks"]
    c.that([x["game"] for x in tasks] == ["daily", "review"], f"{tasks}")
    c.that(c.status(t.post("/v1/games/daily/checkins", {"member": one}), 200, "check-in")["amount"] == 20, "a day")
    c.status(t.post("/v1/games/daily/checkins", {"member": one}), 409, "twice", "already_done")
    c.that(c.status(t.post("/v1/games/review/done", {"member": one}), 200, "task")["left"] == 0, "done")
    c.status(t.post("/v1/games/review/done", {"member": one}), 409, "task twice", "play_limit")
    c.that(t.get("/v1/members/phone:13712341001/tasks").json["tasks"] == [], "nothing left to do today")
    today = t.get("/v1/members/phone:13712341001/games/daily").json
    c.that(today["checked_in"] and today["streak"] == 1, f"{today}")
    zone = datetime.timezone(datetime.timedelta(hours=8))
    day = (datetime.datetime.now(zone) - datetime.timedelta(days=1)).date().isoformat()
    made = t.post("/v1/games/daily/makeups", {"member": one, "day": day})
    c.that(made.status == 200 and made.json["streak"] == 2 and made.json["milestones"][0]["amount"] == 3, f"{made}")

    draws = [c.status(t.post("/v1/games/wheel/draws", {"member": one}), 200, f"draw {i}") for i in range(10)]
    again = t.post("/v1/games/wheel/draws", {"member": one}, idem="draw-once")
    c.that(t.post("/v1/games/wheel/draws", {"member": one}, idem="draw-once").json == again.json, "the same draw")
    draws.append(again.json)
    c.status(t.post("/v1/games/wheel/state", {"state": "ended", "reason": "over"}), 200, "end")
    seed = c.status(t.get("/v1/games/wheel"), 200, "wheel, ended")["seed"]
    c.that(hashlib.sha256(bytes.fromhex(seed)).hexdigest() == open_wheel["seed_hash"], "the seed that was published")
    for n, d in enumerate(draws, 1):
        c.that(d["proof"]["draw"] == n and ticket_of(seed, d["proof"]) == d["proof"]["ticket"], f"draw {n}: {d}")
        drawn = "mug" if d["proof"]["ticket"] < 50000 else "few" if d["proof"]["ticket"] < 400000 else "none"
        c.that(d["prize"] == drawn or (d["prize"], d["why"]) == ("none", "out_of_stock"), f"draw {n}: {d}")

    cups = c.status(t.post("/v1/games/card/stamps", {"member": two, "count": 7}), 200, "stamps")
    c.that((cups["stamps"], cups["filled"], cups["rewards"][0]["amount"]) == (2, 1, 1000), f"{cups}")
    gift = {"member": two, "unit": "coins", "total": 100, "shares": 3, "mode": "random"}
    packet = c.status(t.post("/v1/packets", gift), 200, "packet")["packet"]
    first = c.status(t.post(f"/v1/packets/{packet}/claims", {"member": one}), 200, "claim")
    again = c.status(t.post(f"/v1/packets/{packet}/claims", {"member": one}), 200, "claim again")
    c.that(again["again"] and again["amount"] == first["amount"] and first["shares_left"] == 2, f"{first} {again}")
    view = c.status(t.get(f"/v1/packets/{packet}"), 200, "look")
    c.that(view["left"] == 100 - first["amount"] and len(view["claims"]) == 1 and not view["closed"], f"{view}")
    other = packet[:-1] + "01"[packet[-1] == "0"]
    c.status(t.post(f"/v1/packets/{other}/claims", {"member": one}), 404, "no packet", "unknown_packet")
    c.status(t.put("/v1/channels/wechat", {"forbid_packets": True, "prize_ceiling": 1000}), 200, "channel")
    c.status(t.post("/v1/packets", {**gift, "channel": "wechat"}), 422, "forbidden", "channel_forbids")
    feed, after = "", 0
    while rows := t.get(f"/v1/events?after={after}&limit=200").json["items"]:
        feed += json.dumps(rows)
        after = rows[-1]["sequence"]
    c.that("game_drawn" in feed and "packet_claimed" in feed, "draws and claims are in the feed")
    c.that(seed not in feed and "secret" not in feed, "seeds are not in the feed")


def scan_gives(c, t):
    """What a scan gives, and to whom beside her; first messages."""
    keeper = t.post("/v1/contacts", {"identifiers": [{"ns": "phone", "value": "13712342001"}]}).json["member"]["id"]
    c.status(t.put("/v1/code-batches/caps", {"scene": "inside", "count": 9}), 200, "caps")
    caps = t.get("/v1/code-batches/caps/codes").json["codes"]
    c.status(t.post("/v1/codes/bind", {"batch": "caps", "from": 0, "n": 9, "product": "X1", "store": "S01",
                                       "associate": "E7", "activate": True}), 200, "bind caps")
    c.that(c.status(t.post("/v1/stores/S01/payee", {"member": {"id": keeper}}), 200, "payee")["member"] == keeper, "he")
    c.status(t.post("/v1/stores/none/payee", {"member": {"id": keeper}}), 404, "no store", "not_found")
    c.status(t.post("/v1/associates/E7/payee", {"member": {"id": keeper}}), 200, "and hers")
    game = {"kind": "scan", "per_day": 1, "targets": [{"by": "batch", "value": "caps"}], "rewards": [
        {"kind": "step", "unit": "coins", "amount": 8}, {"kind": "store", "unit": "coins", "amount": 2},
        {"kind": "associate", "unit": "cups", "amount": 1}]}
    none = [{"by": "batch", "value": "none"}]
    c.status(t.put("/v1/games/caps", {**game, "targets": none}), 404, "no such batch", "not_found")
    c.status(t.put("/v1/games/caps", game), 200, "caps game")
    c.status(t.post("/v1/games/caps/state", {"state": "open"}), 200, "open")
    told = c.status(t.get("/v1/games/caps"), 200, "game")
    c.that(told["targets"] == game["targets"] and told["rewards"][2]["kind"] == "associate", f"{told}")
    scan = {"identifiers": [{"ns": "phone", "value": "13712342002"}]}
    given = c.status(t.post("/v1/codes/scan", {**scan, "code": caps[0]}), 200, "scan that gives")
    c.that((given["award"], given["redeemed"], given["game"]) == ("given", True, "caps")
           and [(g["unit"], g["amount"]) for g in given["given"]] == [("coins", 8)], f"{given}")
    has = {b["unit"]: b["available"] for b in t.get(f"/v1/members/{keeper}").json["balances"]}
    c.that(has == {"coins": 2, "cups": 1}, f"store and associate are paid: {has}")
    c.that(t.post("/v1/codes/scan", {**scan, "code": caps[1]}).json["award"] == "limit", "one a day")
    c.status(t.post("/v1/associates/E7/payee", {}), 200, "nobody from now on")
    hello = {"kind": "sequence", "prizes": [{"code": "a", "name": "Welcome."},
                                            {"code": "b", "name": "Take this.", "unit": "coins", "amount": 1}]}
    c.status(t.put("/v1/games/hello", hello), 200, "hello")
    c.status(t.post("/v1/games/hello/state", {"state": "open"}), 200, "open")
    steps = [c.status(t.post("/v1/games/hello/next", {"member": {"id": keeper}}), 200, "next") for _ in range(2)]
    c.that([(s["code"], s.get("amount")) for s in steps] == [("a", None), ("b", 1)], f"{steps}")
    c.status(t.post("/v1/games/hello/next", {"member": {"id": keeper}}), 409, "all shown", "already_done")
    c.that([g["code"] for g in t.get("/v1/games?limit=100").json["items"]][-2:] == ["caps", "hello"], "all games")


def left_alone(c, s, t):
    """Clients that leave in the middle of a body, while others go on."""
    line = json.dumps({"op": "contact", "key": "g", "body": {"identifiers": [{"ns": "card", "value": "G1"}]}})
    head = (f"POST /v1/bulk HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {t.key}\r\n"
            "Content-Type: application/x-ndjson\r\nContent-Length: 10000000\r\n\r\n")
    for i in range(12):
        with socket.create_connection(("127.0.0.1", s.port)) as leaver:
            leaver.sendall((head + (line + "\n") * (50 * (i * i + 1)) + line[:20]).encode())
            if i % 3 == 0:
                time.sleep(0.05)
    done = []

    def go_on(k, n):
        rows = [{"op": "contact", "key": f"p{n}-{i}", "body": {"identifiers": [{"ns": "card", "value": f"P{n}-{i}"}]}}
                for i in range(3000)]
        done.append([x["status"] for x in k.bulk(rows)[1]] == [200] * 3000)
    threads = [threading.Thread(target=go_on, args=(s.client(t.key), n)) for n in range(4)]
    for x in threads:
        x.start()
    for x in threads:
        x.join()
    c.that(done == [True] * 4, f"four at once: {done}")
    c.status(s.client().get("/readyz"), 200, "still there")


def main():
    c = Checks()
    s = Server(sys.argv[1])
    try:
        op = s.operator()
        Client.shapes = Shapes(op.get("/v1/openapi.json").json)
        for path in ("/healthz", "/readyz", "/metrics", "/v1/openapi.json"):
            c.status(s.client().get(path), 200, path)
        t = s.tenant("acme")
        configure(c, t, op)
        page(c, t)
        mid = people(c, t)
        values(c, t, mid)
        identity(c, t, mid)
        probes(c, t, op)
        keys(c, s, t)
        feed(c, s, t, mid)
        bulk(c, t)
        codes(c, t)
        checkout(c, t)
        issues(c, t)
        campaigns.story(c, t)
        for part in (play, scan_gives, prepaid.mall, prepaid.cards):
            part(c, t)
        till.story(c, s)
        approvals.story(c, s, t)
        left_alone(c, s, t)
        # those of people in browsers have a whole server with pages: tests/browser
        rows = {r[3]["operationId"] for r in Client.shapes.rows
                if r[3]["tags"][0] not in ("session", "me", "reports", "imports")}
        Client.shapes.seen &= rows
        c.that(rows == Client.shapes.seen, f"operations without a good answer: {rows - Client.shapes.seen}")
        for text in sorted(set(Client.shapes.wrong)):
            c.that(False, "shape: " + text)
    finally:
        code = s.stop()
    c.that(code == 0, f"the server ended with {code}")
    sys.exit(c.end())


if __name__ == "__main__":
    main()
