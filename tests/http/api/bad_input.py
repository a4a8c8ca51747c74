#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Bad input for every route, made from the description: wrong types, unknown fields, broken
JSON, odd path and query values. Each gets a described 4xx problem, and nothing changes.

    bad_input.py APP_SERVER OPERATIONS_TOML
"""
import re
import sys

from client import Checks, Server

RAW = [(b"", "body_required"), (b"{", "invalid_json"), (b"[]", "wrong_type"), (b"null", "wrong_type"),
       (b'{"a":1,"a":2}', "duplicate_key"), (b'{"a":"\xff"}', "invalid_utf8"), (b"[" * 40 + b"]" * 40, "json_too_deep"),
       (b'{"a":1}}', "invalid_json"), (b"\xef\xbb\xbf{}", "invalid_json")]
WRONG = {"string": [1, True, None, [], {}], "integer": ["1", 1.5, True, None, [], 2 ** 53],
         "boolean": [0, "true", None], "array": [{}, "x", None], "object": [[], "x", None]}
PATHS = ["x", "mbr_", "mbr_0000000000000", "ord_ZZZZZZZZZZZZZ", "a%2Fb", "%E9%80%9A", "x" * 300, "phone:", ":1",
         "a:b:c", "phone:abc",
         "mbr_" + "Z" * 13, "%20", "-1", "0"]


class Routes:
    def __init__(self, api):
        self.api = api
        self.rows = [(m.upper(), p, op) for p, item in api["paths"].items() for m, op in item.items()
                     if op["security"] and op["x-roles"] != ["member"]]  # a member has no key

    def resolve(self, schema):
        while "$ref" in schema:
            schema = self.api["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        return schema

    def body(self, op):
        content = op.get("requestBody", {}).get("content", {})
        return self.resolve(content["application/json"]["schema"]) if "application/json" in content else None


def codes_of(op):
    out = {}
    for status, said in op["responses"].items():
        schema = said.get("content", {}).get("application/problem+json", {}).get("schema")
        if schema:
            for code in schema["allOf"][1]["properties"]["code"]["enum"]:
                out[code] = int(status)
    return out


class Tester:
    def __init__(self, c, t, op_client, routes):
        self.c, self.t, self.operator, self.routes = c, t, op_client, routes

    def client(self, op):
        return self.operator if op["x-roles"] == ["operator"] else self.t

    def refused(self, op, r, what, allowed=None):
        """A problem whose code the operation describes (or one of these)."""
        name = f"{op['operationId']} {what}"
        good = 400 <= r.status < 500 and r.headers.get("content-type") == "application/problem+json"
        self.c.that(good, f"{name}: {r}")
        if good:
            same = r.json["status"] == r.status and r.json["request_id"] == r.headers.get("request-id")
            self.c.that(same, f"{name}: status and id differ: {r}")
            described = codes_of(op)
            ok = r.code in allowed if allowed else described.get(r.code, r.status) == r.status
            self.c.that(ok, f"{name}: code {r.code} {r}")

    def path(self, template, value="x"):
        return re.sub(r"\{[a-z_]+\}", value, template)

    def bodies(self, method, path, op, schema):
        k = self.client(op)
        p = self.path(path)
        for raw, code in RAW:
            self.refused(op, k.call(method, p, raw=raw), repr(raw[:20]), {code})
        self.refused(op, k.call(method, p, raw=b" " * (1 << 20) + b"{}"), "1 MiB", {"body_too_large"})
        self.refused(op, k.call(method, p, raw=b"{}", headers={"Content-Type": "text/plain"}), "text",
                     {"unsupported_media_type"})
        described = codes_of(op)
        for name, prop in schema.get("properties", {}).items():
            kind = self.routes.resolve(prop).get("type")
            for v in WRONG.get(kind, []):
                r = k.call(method, p, {name: v})
                self.refused(op, r, f"{name}={v!r}")
                self.c.that(r.code != "internal", f"{op['operationId']} {name}={v!r}: {r}")
        r = k.call(method, p, {"zzz": 1})
        self.refused(op, r, "unknown field")
        self.c.that("wrong_type" in described, f"{op['operationId']} describes wrong_type")

    def params(self, method, path, op, schema):
        k = self.client(op)
        if "{" not in path or op["operationId"].startswith("put_"):
            return
        for value in PATHS:
            r = k.call(method, self.path(path, value), {} if schema is not None else None)
            # reports ask tables that this small server does not publish: tests/cli asks them
            if op["tags"][0] != "reports" or r.code != "unavailable":
                self.refused(op, r, f"at {value[:30]}")

    def queries(self, method, path, op):
        k = self.client(op)
        p = self.path(path, "phone:13912345678")
        for q in [x for x in op.get("parameters", []) if x["in"] == "query"]:
            bad = {"integer": ["x", "-1", "1.0", "", "99999999999999999999", "%00"]}.get(q["schema"].get("type"), [])
            if "maxLength" in q["schema"]:
                bad = ["x" * (q["schema"]["maxLength"] + 1)]
            if "enum" in q["schema"] or q["schema"].get("format") == "date":
                bad = ["nonsense", "2026-02-30"]
            for v in bad:
                self.refused(op, k.call(method, f"{p}?{q['name']}={v}"), f"{q['name']}={v[:20]}")
        self.refused(op, k.call(method, p + "?zzz=1"), "zzz=1", {"unknown_parameter"})


FIELDS = [  # path, body, status, code
    ("/v1/contacts", {"identifiers": []}, 400, "too_short"),
    ("/v1/contacts", {"identifiers": [{"ns": "phone", "value": "123"}]}, 400, "invalid_value"),
    ("/v1/contacts", {"identifiers": [{"ns": "nothing", "value": "123"}]}, 422, "unknown_namespace"),
    ("/v1/contacts", {"identifiers": [{"ns": "card", "value": "undefined"}]}, 422, "identifier_blocked"),
    ("/v1/contacts", {}, 422, "no_identifier"),
    ("/v1/contacts", {"identifiers": [{"ns": "card", "value": "1"}], "touchpoint": "moon"}, 422, "unknown_touchpoint"),
    ("/v1/contacts", {"identifiers": [{"ns": "card", "value": "1"}], "store": "moon"}, 422, "unknown_store"),
    ("/v1/contacts", {"identifiers": [{"ns": "card", "value": "1"}] * 17}, 400, "too_long"),
    ("/v1/contacts", {"identifiers": [{"ns": "card", "value": "1"}], "occurred_at": "2026-02-30T00:00:00Z"}, 400,
     "invalid_time"),
    ("/v1/contacts", {"identifiers": [{"ns": "card", "value": "1"}], "occurred_at": "2199-01-01T00:00:00Z"}, 422,
     "time_in_future"),
    ("/v1/contacts", {"identifiers": [{"ns": "card", "value": "1"}], "kind": "fly"}, 400, "not_an_option"),
    ("/v1/orders", {"order": "q", "lines": []}, 400, "too_short"),
    ("/v1/orders", {"order": "q", "lines": [{"sku": "x", "net": 1}]}, 400, "missing_field"),
    ("/v1/orders", {"order": "q", "lines": [{"sku": "x", "quantity": 0, "net": 1}]}, 400, "out_of_range"),
    ("/v1/orders", {"order": "q", "lines": [{"sku": "x", "quantity": 1, "net": -1}]}, 400, "out_of_range"),
    ("/v1/orders", {"order": "q", "lines": [{"sku": "x", "quantity": 1, "net": 2 ** 53}]}, 400, "out_of_range"),
    ("/v1/orders", {"order": "q", "lines": [{"sku": "x", "quantity": 1, "net": 2 ** 53 - 1}] * 2}, 422,
     "amount_overflow"),
    ("/v1/orders", {"order": "q", "lines": [{"sku": "x", "quantity": 1, "quantity_milli": 5, "net": 1}]}, 400,
     "invalid_value"),
    ("/v1/orders", {"order": "q", "currency": "USD", "lines": [{"sku": "x", "quantity": 1, "net": 1}]}, 422,
     "unknown_currency"),
    ("/v1/orders", {"order": "q", "lines": [{"sku": "x", "quantity": 1, "net": 1}],
                    "tenders": [{"kind": "cash", "amount": 2}]}, 422, "tenders_differ"),
    ("/v1/orders", {"order": "q", "lines": [{"sku": "x", "quantity": 1, "net": 1}],
                    "tenders": [{"kind": "gold", "amount": 1}]}, 400, "not_an_option"),
    ("/v1/orders", {"order": "q", "member": {"id": "mbr_0"}, "identifiers": [{"ns": "card", "value": "1"}],
                    "lines": [{"sku": "x", "quantity": 1, "net": 1}]}, 400, "invalid_value"),
    ("/v1/orders", {"order": "q", "lines": [{"sku": "x", "quantity": 1, "net": 1}],
                    "occurred_at": "2199-01-01T00:00:00Z"}, 422, "time_in_future"),
    ("/v1/orders/none/returns", {"return": "r", "lines": [{"quantity": 1}]}, 400, "missing_field"),
    ("/v1/orders/none/returns", {"return": "r", "lines": [{"line": 0, "sku": "x", "quantity": 1}]}, 400,
     "invalid_value"),
    ("/v1/orders/none/returns", {"return": "r", "lines": [{"line": 0, "quantity": 1}]}, 404, "unknown_order"),
    ("/v1/ledger/adjustments", {"member": {}, "unit": "points", "amount": 1}, 400, "missing_field"),
    ("/v1/ledger/adjustments", {"member": {"id": "mbr_0"}, "unit": "points", "amount": 1, "reason": "r"}, 404,
     "unknown_member"),
    ("/v1/ledger/adjustments", {"member": {"ns": "phone", "value": "13912345678"}, "unit": "gems", "amount": 1,
                                "reason": "r"}, 422, "unknown_unit"),
    ("/v1/ledger/adjustments", {"member": {"ns": "phone", "value": "13912345678"}, "unit": "points", "amount": 0,
                                "reason": "r"}, 422, "amount_not_positive"),
    ("/v1/ledger/holds", {"member": {"ns": "phone", "value": "13912345678"}, "unit": "points", "amount": 5}, 422,
     "insufficient"),
    ("/v1/ledger/holds/hld_0/post", {}, 404, "unknown_hold"),
    ("/v1/ledger/transfers/trf_0/reverse", {"reason": "r"}, 404, "unknown_transfer"),
    ("/v1/keys", {"roles": []}, 400, "too_short"),
    ("/v1/keys", {"roles": ["king"]}, 400, "not_an_option"),
    ("/v1/keys", {"roles": ["operator"]}, 422, "invalid"),
    ("/v1/keys", {"roles": ["till"], "store": "moon"}, 422, "unknown_store"),
]
PUTS = [
    ("/v1/units/points", {"kind": "qualifying"}, 422, "invalid"),
    ("/v1/units/" + "x" * 65, {"kind": "points"}, 400, "too_long"),
    ("/v1/units/a%20b", {"kind": "points"}, 422, "invalid"),
    ("/v1/rules/r", {"kind": "earn", "unit": "points", "amount": "1 +"}, 422, "expression"),
    ("/v1/rules/r", {"kind": "earn", "unit": "points", "amount": "'text'"}, 422, "expression"),
    ("/v1/rules/r", {"kind": "earn", "unit": "gems", "amount": "1"}, 422, "unknown_unit"),
    ("/v1/attributes/a", {"type": "int", "purpose": "none", "benefit": "b", "retention_days": 1}, 422,
     "unknown_purpose"),
    ("/v1/tier-schemes/s", {"measure": "visits", "window": "lifetime", "tiers": []}, 400, "too_short"),
    ("/v1/webhooks/w", {"url": "ftp://x.example.com/"}, 422, "invalid"),
    ("/v1/webhooks/w", {"url": "https://x.example.com/", "secret": "whsec_this is not base 64"}, 400, "invalid_value"),
    ("/v1/products/p", {"name": "p", "attributes": []}, 400, "wrong_type"),
]


def main():
    c = Checks()
    s = Server(sys.argv[1])
    try:
        t = s.tenant("acme")
        t.put("/v1/units/points", {"kind": "points"})
        t.post("/v1/contacts", {"identifiers": [{"ns": "phone", "value": "13912345678"}]})
        routes = Routes(t.get("/v1/openapi.json").json)
        tester = Tester(c, t, s.operator(), routes)
        person = t.get("/v1/members/phone:13912345678").json
        for method, path, op in routes.rows:
            schema = routes.body(op)
            if schema is not None:
                tester.bodies(method, path, op, schema)
            tester.params(method, path, op, schema)
            if method == "GET":
                tester.queries(method, path, op)
        for rows, method in ((FIELDS, "POST"), (PUTS, "PUT")):
            for path, body, status, code in rows:
                c.status(t.call(method, path, body), status, f"{path} {str(body)[:80]}", code)
        c.status(s.client().get("/healthz"), 200, "still there")
        c.that(t.get("/v1/members/phone:13912345678").json["balances"] == person["balances"], "nothing moved")
        c.that(t.get("/v1/tenant").json["counts"]["orders"] == 0, "no order came of it")
    finally:
        code = s.stop()
    c.that(code == 0, f"the server ended with {code}")
    sys.exit(c.end())


if __name__ == "__main__":
    main()
