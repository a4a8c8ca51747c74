#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The idempotency cases over HTTP: for every operation that writes, and for races.

    idempotency.py APP_SERVER OPERATIONS_TOML
"""
import sys
import threading
import tomllib

from client import Checks, Server

ORDER = {"lines": [{"sku": "X", "quantity": 1, "net": 1000}]}


def world(s):
    t = s.tenant("acme")
    t.put("/v1/units/points", {"kind": "points"})
    t.put("/v1/rules/base", {"kind": "earn", "unit": "points", "amount": "10"})
    t.put("/v1/units/mug", {"kind": "coupon"})
    t.put("/v1/purposes/news", {"text": "News.", "text_version": 1})
    t.put("/v1/attributes/n", {"type": "int", "purpose": "news", "benefit": "b", "retention_days": 9})
    for i in range(3):
        t.post("/v1/contacts", {"identifiers": [{"ns": "phone", "value": f"1391234567{i}"}]})
    ids = [t.get(f"/v1/members/phone:1391234567{i}").json["id"] for i in range(3)]
    for i in ids:
        t.post("/v1/ledger/adjustments", {"member": {"id": i}, "unit": "points", "amount": 1000, "reason": "r"})
    return t, ids


def cases(t, ids):
    """operation -> (path, body, another body); every one succeeds the first time."""
    a, b, e = ids
    who = {"id": a}
    hold = [t.post("/v1/ledger/holds", {"member": who, "unit": "points", "amount": 5}).json["hold"]
            for _ in range(2)]
    move = t.post("/v1/ledger/adjustments", {"member": who, "unit": "points", "amount": 3,
                                             "reason": "r"}).json["transfer"]
    t.post("/v1/orders", {"order": "O1", **ORDER, "member": who})
    t.post("/v1/orders", {"order": "O2", **ORDER, "member": who})
    key = t.post("/v1/keys", {"roles": ["till"]}).json["code"]
    other = t.post("/v1/contacts", {"identifiers": [{"ns": "phone", "value": "13888888888"}]}).json["member"]["id"]
    t.post("/v1/contacts", {"identifiers": [{"ns": "phone", "value": "13888888888", "verified": True},
                                            {"ns": "card", "value": "K1", "verified": True}]})
    card = t.get("/v1/members/card:K1").json
    part = [i["id"] for i in card["identifiers"] if i["ns"] == "card"]
    reason = {"reason": "r"}
    return {
        "post_contact": ("/v1/contacts", {"identifiers": [{"ns": "phone", "value": "13777777777"}]},
                         {"identifiers": [{"ns": "phone", "value": "13777777770"}]}),
        "post_enrolment": (f"/v1/members/{a}/enrolment", {"terms_version": 1}, {"terms_version": 2}),
        "patch_attributes": (f"/v1/members/{a}/attributes", {"attributes": {"n": 1}}, {"attributes": {"n": 2}}),
        "post_consent": (f"/v1/members/{a}/consents", {"purpose": "news", "state": "granted", "text_version": 1},
                         {"purpose": "news", "state": "denied"}),
        "post_role": (f"/v1/members/{a}/roles", {"role": "buyer_for", "subject": "pet"},
                      {"role": "user_of", "subject": "pet"}),
        "post_link": ("/v1/links", {"a": a, "b": b, "kind": "never", **reason},
                      {"a": a, "b": b, "kind": "cleared", **reason}),
        "post_unmerge": (f"/v1/members/{other}/unmerge", {"identifiers": part, **reason},
                         {"identifiers": part, "reason": "s"}),
        "post_unfreeze": (f"/v1/members/{a}/unfreeze", reason, {"reason": "s"}),
        "post_reveal": (f"/v1/members/{a}/reveal", reason, {"reason": "s"}),
        "post_erase": (f"/v1/members/{e}/erase", reason, {"reason": "s"}),
        "post_order": ("/v1/orders", {"order": "O3", **ORDER}, {"order": "O4", **ORDER}),
        "post_return": ("/v1/orders/O1/returns", {"return": "R1", "lines": [{"line": 0, "quantity": 1}]},
                        {"return": "R2", "lines": [{"line": 0, "quantity": 1}]}),
        "post_adjustment": ("/v1/ledger/adjustments", {"member": who, "unit": "points", "amount": 1, **reason},
                            {"member": who, "unit": "points", "amount": 2, **reason}),
        "post_hold": ("/v1/ledger/holds", {"member": who, "unit": "points", "amount": 1},
                      {"member": who, "unit": "points", "amount": 2}),
        "post_hold_post": (f"/v1/ledger/holds/{hold[0]}/post", {}, {"amount": 1}),
        "post_transfer": ("/v1/ledger/transfers", {"from": who, "to": {"id": b}, "unit": "points", "amount": 1},
                          {"from": who, "to": {"id": b}, "unit": "points", "amount": 2}),
        "post_reverse": (f"/v1/ledger/transfers/{move}/reverse", reason, {"reason": "s"}),
        "post_release": ("/v1/ledger/releases", {"member": who, "unit": "points"},
                         {"member": {"id": b}, "unit": "points"}),
        "post_key": ("/v1/keys", {"roles": ["till"]}, {"roles": ["associate"]}),
        "post_coupon": (f"/v1/members/{a}/coupons", {"unit": "mug", **reason}, {"unit": "mug", "reason": "s"}),
        "post_coupon_claim": (f"/v1/members/{a}/coupon-claims", {"unit": "mug"}, {"unit": "points"}),
        "put_campaign": ("/v1/campaigns/c2", {"mechanic": "amount", "amount": 1}, {"mechanic": "amount", "amount": 2}),
        "put_unit": ("/v1/units/u2", {"kind": "points"}, {"kind": "points", "name": "x"}),
        "put_store": ("/v1/stores/s2", {"name": "a"}, {"name": "b"}),
        # no body: another path is another request
        "post_hold_void": (f"/v1/ledger/holds/{hold[1]}/void", None, None),
        "post_cancel": ("/v1/orders/O2/cancel", None, None),
        "revoke_key": (f"/v1/keys/{key}/revoke", None, None),
    }


def changes(t):
    """How many entries with effects there are."""
    n, after = 0, 0
    while True:
        r = t.get(f"/v1/events?after={after}&limit=1000").json
        if not r["items"]:
            return n
        n += len(r["items"])
        after = r["next"]


def same_key(c, t, name, method, path, body, other):
    first = t.call(method, path, body, idem="K-" + name)
    c.that(first.status in (200, 201) and "idempotent-replayed" not in first.headers, f"{name} first: {first}")
    before = changes(t)
    again = t.call(method, path, body, idem="K-" + name)
    c.that(again.headers.get("idempotent-replayed") == "true", f"{name} says that it is a replay: {again}")
    if name == "post_key":
        c.that(again.status == first.status and "key" not in again.json, f"no secret twice: {again}")
    else:
        c.that((again.status, again.bytes) == (first.status, first.bytes), f"{name} again: {first} {again}")
    if other is not None:
        r = t.call(method, path, other, idem="K-" + name)
        c.status(r, 422, f"{name} with another body", "idempotency_key_reused")
    r = t.call("POST", "/v1/ledger/releases", {"member": {"ns": "phone", "value": "13912345670"}, "unit": "points"},
               idem="K-" + name)
    if name != "post_release":
        c.status(r, 422, f"{name}'s key elsewhere", "idempotency_key_reused")
    c.that(changes(t) == before, f"{name}: nothing was done again")


def matrix(c, s, t, ids, rows):
    done = cases(t, ids)
    for name, (path, body, other) in done.items():
        same_key(c, t, name, rows[name]["method"], path, body, other)
    for row in rows.values():
        if row.get("idempotency", "none") != "required":
            continue
        path = row["path"].replace("{", "").replace("}", "")
        who = s.operator() if row["roles"] == ["operator"] else t
        r = who.call(row["method"], path, {} if row.get("body") else None, idem="")
        c.status(r, 400, f"{row['name']} without a key", "idempotency_key_required")
        for bad in ("a b", "x" * 256, "é"):
            r = who.call(row["method"], path, {} if row.get("body") else None,
                         idem=bad.encode().decode("latin-1"))
            c.status(r, 400, f"{row['name']} with {bad[:5]!r}", "idempotency_key_invalid")


def refusals(c, s, t, ids):
    body = {"member": {"id": ids[1]}, "unit": "points", "amount": 100000}
    r = t.post("/v1/ledger/holds", body, idem="poor")
    c.status(r, 422, "too poor", "insufficient")
    t.post("/v1/ledger/adjustments", {"member": {"id": ids[1]}, "unit": "points", "amount": 200000, "reason": "r"})
    again = t.post("/v1/ledger/holds", body, idem="poor")
    c.that(again.status == 422 and again.code == "insufficient", f"decided once: {again}")
    c.status(t.post("/v1/ledger/holds", body, idem="rich"), 201, "a new key asks anew")
    # what was never decided is not kept
    c.status(t.post("/v1/ledger/holds", {"nothing": 1}, idem="free"), 400, "invalid", "missing_field")
    c.status(t.post("/v1/ledger/holds", raw=b"{", idem="free"), 400, "malformed", "invalid_json")
    c.status(s.client("tb_x_0123456789abcdef").post("/v1/ledger/holds", body, idem="free"), 401, "no such key")
    c.status(t.post("/v1/ledger/holds", {**body, "amount": 1}, idem="free"), 201, "the key is still free")
    # the scope is the tenant, not the API key; another tenant's keys are apart
    second = s.client(t.post("/v1/keys", {"roles": ["owner"]}).json["key"])
    r = second.post("/v1/ledger/holds", {**body, "amount": 1}, idem="free")
    c.that(r.headers.get("idempotent-replayed") == "true", "a rotated API key still matches")
    u = s.tenant("other")
    u.put("/v1/units/points", {"kind": "points"})
    r = u.post("/v1/contacts", {"identifiers": [{"ns": "phone", "value": "13912345670"}]}, idem="free")
    c.status(r, 200, "another tenant's same key")
    # the natural key stands when the header's is another one
    first = t.post("/v1/orders", {"order": "N1", **ORDER}, idem="n1")
    later = t.post("/v1/orders", {"order": "N1", **ORDER}, idem="n2")
    c.that(later.status == 201 and later.json["repeated"] and later.json["id"] == first.json["id"],
           f"the same order: {later}")
    spelled = b'{ "lines" : [ {"net":1000,"sku":"\\u0058","quantity":1} ], "order":"N1" }'
    c.that(t.post("/v1/orders", raw=spelled, idem="").json["repeated"], "however it is spelled")
    # after an erasure the kept answer holds nothing personal, and nothing is done again
    r = t.post("/v1/contacts", {"identifiers": [{"ns": "phone", "value": "13655555555"}]}, idem="seen")
    t.post(f"/v1/members/{r.json['member']['id']}/erase", {"reason": "r"})
    again = t.post("/v1/contacts", {"identifiers": [{"ns": "phone", "value": "13655555555"}]}, idem="seen")
    c.that(again.headers.get("idempotent-replayed") == "true" and "1365555" not in again.bytes.decode(),
           f"a replay after the erasure: {again}")
    c.status(t.get("/v1/members/phone:13655555555"), 404, "and she is still erased", "unknown_member")


def race(c, s, t, ids):
    """Many at once with one key: one effect, equal answers."""
    body = {"member": {"id": ids[2]}, "unit": "points", "amount": 1, "reason": "r"}
    replies, lock = [], threading.Lock()

    def one(k, n):
        for i in range(n):
            r = k.post("/v1/ledger/adjustments", body, idem=f"race{i}")
            with lock:
                replies.append((i, r.status, r.bytes, r.headers.get("idempotent-replayed")))
    before = [x["available"] for x in t.get(f"/v1/members/{ids[2]}").json["balances"]][0]
    threads = [threading.Thread(target=one, args=(s.client(t.key), 10)) for _ in range(20)]
    for x in threads:
        x.start()
    for x in threads:
        x.join()
    after = [x["available"] for x in t.get(f"/v1/members/{ids[2]}").json["balances"]][0]
    c.that(after - before == 10, f"10 effects of 200 requests: {after - before}")
    for i in range(10):
        mine = [r for r in replies if r[0] == i]
        c.that(len({r[2] for r in mine}) == 1 and {r[1] for r in mine} == {201}, f"race {i}: {mine[:3]}")
        c.that(sum(r[3] is None for r in mine) == 1, f"one of race {i} was the first")


def main():
    c = Checks()
    with open(sys.argv[2], "rb") as f:
        rows = {r["name"]: r for r in tomllib.load(f)["operation"] if r["roles"] != ["member"]}
    s = Server(sys.argv[1])
    try:
        t, ids = world(s)
        race(c, s, t, ids)
        refusals(c, s, t, ids)
        matrix(c, s, t, ids, rows)
    finally:
        code = s.stop()
    c.that(code == 0, f"the server ended with {code}")
    sys.exit(c.end())


if __name__ == "__main__":
    main()
