# SPDX-License-Identifier: Apache-2.0
"""Four eyes over HTTP: above a unit's limit nothing moves until another person has agreed, whoever's key asks."""

WHO = {"ns": "phone", "value": "13612349901"}


class Person:
    """Somebody who signed in with a password."""

    def __init__(self, c, s, owner, login, roles):
        made = c.status(owner.post("/v1/users", {"login": login, "roles": roles}), 201, f"user {login}")
        self.client = s.client()
        r = self.client.post("/v1/session", {"user": made["user"], "password": made["password"]}, idem="")
        c.status(r, 200, f"{login} signs in")
        self.headers = {"Cookie": r.headers["set-cookie"].split(";")[0], "X-CSRF-Token": r.json["csrf"]}

    def post(self, path, body, **k):
        return self.client.post(path, body, headers=self.headers, **k)

    def get(self, path):
        return self.client.get(path, headers=self.headers)


def story(c, s, t):
    t.post("/v1/contacts", {"identifiers": [WHO]})
    unit = {"kind": "points", "negative": "within_balance", "by_hand_max": 100}
    c.status(t.put("/v1/units/goodwill", unit), 200, "a unit with a limit")
    c.that(t.get("/v1/units/goodwill").json["by_hand_max"] == 100, "its limit is told")
    give = {"member": WHO, "unit": "goodwill", "reason": "late parcel"}
    small = c.status(t.post("/v1/ledger/adjustments", {**give, "amount": 100}), 201, "up to the limit")
    c.that("request" not in small and small["available"] == 100, f"{small}")
    asked = c.status(t.post("/v1/ledger/adjustments", {**give, "amount": 101}, idem="four-1"), 202, "above it")
    c.that("transfer" not in asked and asked["available"] == 100 and asked["amount"] == 101, f"{asked}")
    again = t.post("/v1/ledger/adjustments", {**give, "amount": 101}, idem="four-1")
    c.that(again.status == 202 and again.json == asked, f"the same request, the same answer: {again}")
    way = f"/v1/ledger/requests/{asked['request']}"
    c.status(t.post(way + "/decision", {"decision": "approve"}), 403, "her own", "own_request")
    # a key that the asking key made is in the same hands
    other = s.client(t.post("/v1/keys", {"roles": ["owner"]}).json["key"])
    c.status(other.post(way + "/decision", {"decision": "approve"}), 403, "her other key", "own_request")
    till = s.client(t.post("/v1/keys", {"roles": ["till"]}).json["key"])
    c.status(till.post(way + "/decision", {"decision": "approve"}), 403, "a till", "forbidden_role")
    c.that(c.status(t.get("/v1/ledger/requests?state=waiting"), 200, "list")["waiting"] == 1, "one waits")
    ann = Person(c, s, t, "ann", ["service_desk"])
    bob = Person(c, s, t, "bob", ["service_desk"])
    one = c.status(ann.post(way + "/decision", {"decision": "approve", "note": "called her"}), 200, "ann agrees")
    c.that((one["state"], one["amount"], one["available"]) == ("approved", 101, 201), f"{one}")
    c.status(bob.post(way + "/decision", {"decision": "approve"}), 409, "twice", "request_closed")
    seen = c.status(t.get(way), 200, "one")
    c.that((seen["state"], seen["decided_by"], seen["made"], seen["note"], seen["reason"])
           == ("approved", "acme:ann", one["transfer"], "called her", "late parcel"), f"{seen}")
    entry = t.get("/v1/members/phone:13612349901/statement?unit=goodwill").json["items"][0]
    c.that((entry["transfer"], entry["by"], entry["asked_by"]) == (one["transfer"], "acme:ann", seen["asked_by"]),
           f"both names on the entry: {entry}")
    # undoing that much is asked for as well; who asks may take it back, another may decline
    undo = f"/v1/ledger/transfers/{one['transfer']}/reverse"
    back = c.status(ann.post(undo, {"reason": "wrong member"}), 202, "an undoing")
    way = f"/v1/ledger/requests/{back['request']}/decision"
    c.status(ann.post(way, {"decision": "approve"}), 403, "ann asked", "own_request")
    c.that(ann.post(way, {"decision": "decline"}).json["state"] == "withdrawn", "ann takes it back")
    back = c.status(ann.post(undo, {"reason": "wrong member"}), 202, "once more")
    way = f"/v1/ledger/requests/{back['request']}/decision"
    c.that(bob.post(way, {"decision": "decline", "note": "no"}).json["state"] == "declined", "bob declines")
    # who was deactivated decides nothing
    back = c.status(ann.post(undo, {"reason": "wrong member"}), 202, "and again")
    way = f"/v1/ledger/requests/{back['request']}/decision"
    c.status(t.post("/v1/keys/acme:bob/revoke"), 200, "bob leaves")
    c.status(bob.post(way, {"decision": "approve"}), 401, "bob", "session_ended")
    c.status(t.post(way, {"decision": "approve"}), 200, "the owner agrees")
    # lines of a bulk body as well
    r, lines = t.bulk([{"op": "adjust", "key": f"four-{n}", "body": {**give, "amount": n}} for n in (100, 1000)])
    c.that([x["status"] for x in lines] == [201, 202], f"bulk: {r} {lines}")
    c.status(t.get("/v1/ledger/requests?state=lost"), 400, "no such state", "not_an_option")
    c.status(t.get("/v1/ledger/requests?asked_by=ann"), 400, "another's are not asked for", "not_an_option")
    hers = c.status(ann.get("/v1/ledger/requests?asked_by=me"), 200, "her own")["items"]
    c.that(hers and {x["asked_by"] for x in hers} == {"acme:ann"}, f"{hers}")
    c.status(t.get("/v1/ledger/requests/req_0000000000000"), 404, "none", "unknown_request")
    c.status(t.post("/v1/ledger/requests/req_0/decision", {"decision": "approve"}), 404, "none", "unknown_request")
    # many small ones: the day's limit of one person, whichever of her keys asks
    c.status(t.put("/v1/units/patience", {**unit, "by_hand_day_max": 150}), 200, "a unit with a day's limit")
    c.that(t.get("/v1/units/patience").json["by_hand_day_max"] == 150, "its limit is told")
    small = {**give, "unit": "patience", "amount": 80}
    c.status(ann.post("/v1/ledger/adjustments", small), 201, "ann's first")
    full = c.status(ann.post("/v1/ledger/adjustments", small), 202, "ann's second")
    moved = c.status(ann.get("/v1/ledger/requests?asked_by=me&limit=1"), 200, "what is left of her day")["moved_today"]
    c.that(moved == [{"unit": "patience", "amount": 80}], f"what waits counts for nothing: {moved}")
    c.that("moved_today" not in t.get("/v1/ledger/requests").json, "only of who asks for her own")
    one = c.status(t.get(f"/v1/ledger/requests/{full['request']}"), 200, "it waits")
    c.that((one["over"], one["amount"]) == ("day", 80), f"why: {one}")
    c.that(c.status(t.get(f"/v1/ledger/requests/{asked['request']}"), 200, "the first")["over"] == "act", "of one act")
    c.status(t.post("/v1/ledger/adjustments", small), 201, "another person's first")
    way = f"/v1/ledger/requests/{full['request']}/decision"
    c.status(ann.post(way, {"decision": "approve"}), 403, "her own", "own_request")
    c.status(t.post(way, {"decision": "decline"}), 200, "declined")
    some = c.status(t.get("/v1/ledger/requests?limit=2"), 200, "a page")
    c.that(len(some["items"]) == 2 and some["next"], f"{some}")
    rest = t.get(f"/v1/ledger/requests?before={some['next']}&limit=50").json
    c.that(len(some["items"] + rest["items"]) == 6 and "next" not in rest, f"{rest}")
    told = [x for e in t.get("/v1/members/phone:13612349901/timeline").json["items"] for x in e["data"]
            if x["type"] == "request_moved"]
    c.that([x["state"] for x in reversed(told)] == ["approved", "withdrawn", "declined", "approved", "declined"]
           and told[0]["asked_by"] == "acme:ann", f"her timeline tells: {told}")
