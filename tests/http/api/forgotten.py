# SPDX-License-Identifier: Apache-2.0
"""A member asks to be erased, takes it back, is declined with a reason, and is erased by who has the right."""


def story(c, s, t):
    k = s.client()
    phone = {"tenant": "acme", "phone": "13755550009"}
    c.status(k.post("/v1/session/code", phone), 202, "ask for a code")
    code = next(x["code"] for x in k.get("/v1/demo/inbox").json["items"] if x["to"].endswith("55550009"))
    r = k.post("/v1/session/member", {**phone, "code": code})
    her = c.status(r, 200, "sign in")
    mine = {"Cookie": r.headers["set-cookie"].split(";")[0], "X-Page": "member"}
    write = {**mine, "X-CSRF-Token": her["csrf"]}
    way = "/v1/me/erasure"
    c.status(k.call("DELETE", way, headers=write), 409, "nothing to take back", "request_closed")
    c.status(k.post(way, None, headers=mine), 403, "without the token", "csrf_token")
    c.status(t.post(way), 403, "staff", "forbidden_role")
    asked = c.status(k.post(way, None, headers=write), 202, "she asks")
    c.that(asked["waiting"] and asked["state"] == "waiting" and asked["deadline"] > asked["asked_at"], f"{asked}")
    again = c.status(k.post(way, None, headers=write), 202, "again")
    c.that(again["asked_at"] == asked["asked_at"], "it waits already")
    told = k.get("/v1/me?view=full", headers=mine).json["erasure"]
    c.that((told["state"], told["asked_at"]) == ("waiting", asked["asked_at"]), f"herself: {told}")
    one = c.status(t.get("/v1/ledger/requests?state=waiting"), 200, "the desk")["items"][0]
    c.that((one["request"], one["act"], one["member"]) == (told["request"], "erase", her["member"])
           and not {"asked_by", "unit", "amount", "reason", "over"} & set(one), f"{one}")
    c.that(not c.status(k.call("DELETE", way, headers=write), 200, "taken back")["waiting"], "nothing waits")
    c.that("erasure" not in k.get("/v1/me?view=full", headers=mine).json, "nothing is told")
    c.status(k.post(way, None, headers=write), 202, "asked again")
    decide = f"/v1/ledger/requests/{told['request']}/decision"
    c.status(t.post(decide, {"decision": "approve"}), 422, "erasing is another operation", "invalid")
    c.status(t.post(decide, {"decision": "decline"}), 422, "without a reason", "reason_required")
    c.status(t.post(decide, {"decision": "decline", "note": "a refund is under way"}), 200, "declined")
    told = k.get("/v1/me?view=full", headers=mine).json["erasure"]
    c.that((told["state"], told["note"]) == ("declined", "a refund is under way"), f"{told}")
    c.status(k.post(way, None, headers=write), 202, "she asks once more")
    c.status(t.post(f"/v1/members/{her['member']}/erase", {"reason": "her wish"}), 200, "erased")
    last = t.get("/v1/ledger/requests?limit=1").json["items"][0]
    c.that(last["state"] == "approved" and last["decided_by"] and "made" not in last, f"{last}")
    c.status(k.post(way, None, headers=write), 410, "she is gone", "erased")
