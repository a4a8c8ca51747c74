#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Who may do what, made from the operation table: every operation with every role, without
its scope, and with another tenant's ids. A new row is tested by being there.

    access.py APP_SERVER OPERATIONS_TOML
"""
import re
import sys
import tomllib

from client import Checks, Server

ORDER = {"lines": [{"sku": "X", "quantity": 1, "net": 1000}]}


def world(s, code):
    """A tenant with one of everything; returns its client and its ids by path parameter."""
    t = s.tenant(code)
    t.put("/v1/units/points", {"kind": "points"})
    t.put("/v1/purposes/news", {"text": "News.", "text_version": 1})
    t.put("/v1/stores/S1", {"name": code})
    t.put("/v1/products/P1", {"name": code})
    t.put("/v1/associates/E1", {"name": code})
    t.put("/v1/attributes/n", {"type": "int", "purpose": "news", "benefit": "b", "retention_days": 9})
    t.put("/v1/rules/r", {"kind": "earn", "unit": "points", "amount": "1"})
    t.put("/v1/tier-schemes/main", {"measure": "visits", "window": "lifetime", "tiers": [{"code": "b", "reach": 0}]})
    t.put("/v1/webhooks/w", {"url": "https://example.com/", "secret": "0123456789abcdef01234567"})
    m = t.post("/v1/contacts", {"identifiers": [{"ns": "phone", "value": "13912345678"}]}).json["member"]["id"]
    who = {"member": {"id": m}, "unit": "points", "reason": "r"}
    move = t.post("/v1/ledger/adjustments", {**who, "amount": 100}).json["transfer"]
    t.put("/v1/units/capped", {"kind": "points", "by_hand_max": 1})
    asked = t.post("/v1/ledger/adjustments", {**who, "unit": "capped", "amount": 2}).json["request"]
    del who["reason"]
    hold = t.post("/v1/ledger/holds", {**who, "amount": 10}).json["hold"]
    order = t.post("/v1/orders", {"order": f"ORDER-{code}", **ORDER, "member": {"id": m}}).json
    key = t.post("/v1/keys", {"roles": ["till"]}).json["code"]
    return t, {"member": m, "hold": hold, "transfer": move, "order": order["id"], "order_key": f"ORDER-{code}",
               "key": key, "request": asked}


def path_of(row, ids):
    codes = {"units": "points", "purposes": "news", "stores": "S1", "products": "P1", "associates": "E1",
             "attributes": "n", "rules": "r", "tier-schemes": "main", "webhooks": "w", "namespaces": "phone",
             "touchpoints": "till", "code-batches": "box", "games": "wheel", "channels": "wechat",
             "keys": ids["key"], "tenants": "alpha"}
    group = row["path"].split("/")[2] if row["path"].count("/") > 1 else ""
    return re.sub(r"\{([a-z_]+)\}", lambda m: ids.get(m[1], codes.get(group, "x")), row["path"])


def ask(k, row, ids):
    body = {} if row.get("body") and not row["body"].startswith("ndjson") else None
    if row.get("body", "").startswith("ndjson"):
        return k.call(row["method"], path_of(row, ids), raw=b"",
                      headers={"Content-Type": "application/x-ndjson"})
    return k.call(row["method"], path_of(row, ids), body)


def roles(c, s, table, ids):
    for role in table["roles"]:
        if role == "member":
            continue  # a session's role, no key has it: tests/browser
        key = s.operator_key if role == "operator" else s.key("alpha", [role])
        k = s.client(key)
        for row in table["operation"]:
            if row["roles"] == ["public"]:
                continue
            r = ask(k, row, ids)
            refused = (r.status, r.code) == (403, "forbidden_role")
            c.that(refused == (role not in row["roles"]), f"{role} {row['name']}: {r}")
            # reports ask tables that this small server does not publish: tests/browser asks them
            c.that(r.status < 500 or row["tag"] == "reports", f"{role} {row['name']}: {r}")


def scopes(c, s, table, ids):
    for scope in table["scopes"]:
        rest = [x for x in table["scopes"] if x != scope]
        k = s.client(s.key("alpha", ["owner", "marketer", "till", "associate", "service_desk", "auditor",
                                     "developer"], scopes=rest))
        for row in table["operation"]:
            if row["roles"] in (["public"], ["operator"], ["member"]) or row["scope"] != scope:
                continue
            r = ask(k, row, ids)
            c.that((r.status, r.code) == (403, "forbidden_scope"), f"without {scope}: {row['name']}: {r}")


def without_key(c, s, table, ids):
    for row in table["operation"]:
        public = row["roles"] == ["public"]
        r = ask(s.client(), row, ids)
        c.that((r.status == 401) != public, f"without a key: {row['name']}: {r}")
        c.that(public or "www-authenticate" in r.headers, f"{row['name']} says how")


def state_of(t, ids):
    view = t.get(f"/v1/members/{ids['member']}").json
    order = t.get(f"/v1/orders/{ids['order']}").json
    return (view["balances"], view["identifiers"], view.get("erased"), order["state"],
            t.get("/v1/keys/" + ids["key"]).json.get("revoked_at"), t.get("/v1/stores/S1").json["name"])


GOOD = {
    "post_enrolment": {"terms_version": 1}, "patch_attributes": {"attributes": {"n": 1}},
    "post_consent": {"purpose": "news", "state": "granted", "text_version": 1},
    "post_role": {"role": "buyer_for", "subject": "pet"}, "post_erase": {"reason": "r"},
    "post_unfreeze": {"reason": "r"}, "post_reveal": {"reason": "r"}, "post_export": {"reason": "r"},
    "post_return": {"return": "R1", "lines": [{"line": 0, "quantity": 1}]}, "post_hold_post": {},
    "post_return_quote": {"lines": [{"line": 0, "quantity": 1}]},
    "post_reverse": {"reason": "r"}, "post_request_decision": {"decision": "approve"},
    "post_coupon": {"unit": "points", "reason": "r"}, "post_coupon_claim": {"unit": "points"},
    "post_coupon_void": {"reason": "r"}, "post_coupon_give": {"to": {"ns": "phone", "value": "13912345678"}},
}


def other_tenant(c, table, a, ids, b):
    """b, an owner, uses a's ids everywhere: nothing is found, nothing changes."""
    before = state_of(a, ids)
    for row in table["operation"]:
        params = re.findall(r"\{([a-z_]+)\}", row["path"])
        if row["roles"] in (["public"], ["operator"], ["member"]) or row["tag"] == "reports":
            continue
        if not set(params) & {"member", "hold", "transfer", "order", "request"}:
            continue
        body = dict(GOOD.get(row["name"], {})) if row.get("body") else None
        if row["name"] == "post_unmerge":
            body = {"identifiers": [ids["member"]], "reason": "r"}
        for path in (path_of(row, ids), path_of(row, {**ids, "order": ids["order_key"]})):
            r = b.call(row["method"], path, body)
            c.that(r.status in (404, 422) and r.code.startswith("unknown"), f"b's {row['name']} on a's id: {r}")
    who = {"member": {"id": ids["member"]}, "unit": "points"}
    tries = [("/v1/ledger/adjustments", {**who, "amount": 1, "reason": "r"}),
             ("/v1/ledger/holds", {**who, "amount": 1}),
             ("/v1/ledger/releases", who), ("/v1/orders", {"order": "Z1", **ORDER, "member": who["member"]}),
             ("/v1/ledger/transfers", {"from": who["member"], "to": {"ns": "phone", "value": "13912345678"},
                                       "unit": "points", "amount": 1}),
             ("/v1/links", {"a": ids["member"], "b": ids["member"], "kind": "always", "reason": "r"})]
    for path, body in tries:
        r = b.post(path, body)
        c.that(r.status in (404, 422) and r.code == "unknown_member", f"b's {path} on a's member: {r}")
    r = b.post(f"/v1/keys/{ids['key']}/revoke")
    c.status(r, 404, "b revokes a's key", "not_found")
    c.status(b.get(f"/v1/keys/{ids['key']}"), 404, "b reads a's key", "not_found")
    b.put("/v1/stores/S1", {"name": "b's"})
    c.that(state_of(a, ids) == before, "nothing of a changed")
    c.that(b.get("/v1/members/phone:13912345678").json["id"] != ids["member"], "the same phone is another person")
    listed = str(b.get("/v1/stores").json) + str(b.get("/v1/keys").json) + str(b.get("/v1/events?limit=1000").json)
    c.that(all(x not in listed for x in ("alpha", ids["key"], ids["member"], ids["order"])), "lists are apart")


def main():
    c = Checks()
    with open(sys.argv[2], "rb") as f:
        table = tomllib.load(f)
    s = Server(sys.argv[1])
    try:
        a, ids = world(s, "alpha")
        b, _ = world(s, "beta")
        without_key(c, s, table, ids)
        other_tenant(c, table, a, ids, b)
        scopes(c, s, table, ids)
        roles(c, s, table, ids)
    finally:
        code = s.stop()
    c.that(code == 0, f"the server ended with {code}")
    sys.exit(c.end())


if __name__ == "__main__":
    main()
