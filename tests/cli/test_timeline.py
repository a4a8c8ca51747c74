#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A member's timeline after persons came together, and after they parted again."""
import pathlib
import subprocess
import tempfile

from common import Served, check, equal, finish, good

work = pathlib.Path(tempfile.mkdtemp(prefix="tb-timeline-"))
data = work / "data"
key = good("key", "create", "--data", data, "--tenant", "shop", "--role", "owner", "--create-tenant",
           "--name", "Shop").stdout.strip()
PHONE = {"ns": "phone", "value": "13911112222", "verified": True}
CARD = {"ns": "card", "value": "C-100", "verified": True}
MAIL = {"ns": "email", "value": "a@example.com", "verified": True}
sent = 0


def send(s, method, path, body):
    global sent
    sent += 1
    status, r = s.send(method, path, body, key, {"Idempotency-Key": f"k-{sent}"})
    check(f"{path} {sent}", status in (200, 201), f"{status} {r}")
    return r


def contact(s, *identifiers):
    return send(s, "POST", "/v1/contacts", {"identifiers": list(identifiers)})["member"]["id"]


def order(s, number, identifier):
    send(s, "POST", "/v1/orders", {"order": number, "identifiers": [identifier],
                                   "lines": [{"sku": "tea", "quantity": 1, "net": 1000}]})


def timeline(s, member, limit, what="timeline"):
    """Every page, as (sequence, command)."""
    out, before = [], ""
    for _ in range(100):
        status, page = s.get(f"/v1/members/{member}/{what}?limit={limit}{before}", key)
        equal(f"a page of {limit}", status, 200)
        check("no page is longer", len(page["items"]) <= limit)
        out += [e["sequence"] for e in page["items"]]
        if "next" not in page:
            break
        before = f"&before={page['next']}"
    return out


with Served(data) as s:
    # Three histories that mix in time: 1 3 6 | 2 4 | 5 7, then 8 joins two and 9 the third.
    a = contact(s, PHONE)
    b = contact(s, CARD)
    order(s, "A-1", PHONE)
    order(s, "B-1", CARD)
    c = contact(s, MAIL)
    order(s, "A-2", PHONE)
    order(s, "C-1", MAIL)
    alone = {m: timeline(s, m, 50) for m in (a, b, c)}
    equal("each has her own", [len(alone[m]) for m in (a, b, c)], [3, 2, 2])
    contact(s, PHONE, CARD)
    contact(s, CARD, MAIL)
    order(s, "A-3", PHONE)
    equal("one person", len({s.get(f"/v1/members/{m}", key)[1]["id"] for m in (a, b, c)}), 1)
    whole = timeline(s, a, 50)
    first = sorted(x for m in (a, b, c) for x in alone[m])
    equal("what was there before", [x for x in whole if x <= first[-1]], first[::-1])
    equal("and what came after", len(whole), 10)
    equal("newest first, each once", whole, sorted(set(whole), reverse=True))
    for limit in (1, 2, 3, 4, 7):
        equal(f"the same in pages of {limit}", timeline(s, b, limit), whole)
    send(s, "POST", f"/v1/members/{a}/unmerge", {"identifiers": [c], "reason": "two sisters"})
    apart = timeline(s, c, 2)
    check("who parted keeps hers", set(alone[c]) <= set(apart), f"{apart}")
    check("and takes nobody's with her", not set(apart) & set(alone[a] + alone[b]), f"{apart}")
    rest = timeline(s, a, 3)
    check("who stays keeps hers", set(alone[a] + alone[b]) <= set(rest) and not set(rest) & set(alone[c]), f"{rest}")

subprocess.run(["rm", "-rf", str(work)], check=False)
finish()
