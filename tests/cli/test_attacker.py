#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What somebody from outside, or with less than she wants, tries: the server under her hands."""
import http.client
import itertools
import json
import os
import pathlib
import socket
import subprocess
import tempfile
import urllib.request

import common
from common import Served, check, equal, finish, good, run, wait_for

work = pathlib.Path(tempfile.mkdtemp(prefix="tb-attacker-"))
data = work / "data"
numbers = itertools.count(1)
ORDER = {"lines": [{"sku": "X", "quantity": 1, "net": 1000}]}


def member_session(s, phone, more=None):
    """Headers of a signed-in member, and her id."""
    equal("a one-time code", s.send("POST", "/v1/session/code", {"tenant": "shop", "phone": phone})[0], 202)
    letters = s.get("/v1/demo/inbox")[1]["items"]
    sent = next(x["code"] for x in letters if x["to"].endswith(phone[-4:]))
    words = json.dumps({"tenant": "shop", "phone": phone, "code": sent}).encode()
    asked = urllib.request.Request(s.base + "/v1/session/member", data=words, method="POST",
                                   headers={"Content-Type": "application/json", **(more or {})})
    with urllib.request.urlopen(asked, timeout=20) as r:
        session = json.load(r)
        return {"X-Page": "member", "Cookie": r.headers["Set-Cookie"].split(";")[0],
                "X-CSRF-Token": session["csrf"]}, session["member"]


def write(s, method, path, body, who, idem=None):
    """who: a key, or a session's headers."""
    h = {"Idempotency-Key": idem or f"k{next(numbers)}"}
    if isinstance(who, str):
        return s.send(method, path, body, who, h)
    return s.send(method, path, body, None, {**who, **h})


def keys_of_others(s, owner, anna, bert, carla_phone):
    """An Idempotency-Key is the member's own: nobody reads her answer with it, nobody takes a till's."""
    equal("a unit", write(s, "PUT", "/v1/units/mug", {"kind": "coupon"}, owner)[0], 200)
    a, a_id = anna
    b, b_id = bert
    one = write(s, "POST", "/v1/me/enrolment", {"terms_version": 1}, a, "1")
    two = write(s, "POST", "/v1/me/enrolment", {"terms_version": 1}, b, "1")
    equal("both enrol", (one[0], two[0]), (200, 200))
    equal("each is answered about herself", (one[1]["id"], two[1]["id"]), (a_id, b_id))
    again = write(s, "POST", "/v1/me/enrolment", {"terms_version": 1}, a, "1")
    equal("hers again", again, one)
    write(s, "POST", "/v1/me/enrolment", {"terms_version": 1}, a, "order-1001")
    member_session(s, carla_phone, {"Idempotency-Key": "order-1002"})
    for no in ("1001", "1002"):
        sold = write(s, "POST", "/v1/orders", {"order": no, **ORDER}, owner, f"order-{no}")
        equal(f"the till sells {no}", sold[0], 201)


def guesses(s, owner, anna):
    """Who guesses codes is who is signed in, whatever she says."""
    a, a_id = anna
    for i in range(10):
        got = write(s, "POST", "/v1/me/coupon-claims", {"claim_code": f"GUESS{i}"}, a)
        equal("a guess", (got[0], got[1]["code"]), (404, "unknown_code"))
    got = write(s, "POST", "/v1/me/coupon-claims", {"claim_code": "GUESS10"}, a)
    equal("enough", (got[0], got[1]["code"]), (429, "scan_limited"))
    got = write(s, "POST", "/v1/me/coupon-claims", {"claim_code": "GUESS11", "caller": "somebody else"}, a)
    equal("and nobody else", (got[0], got[1]["code"]), (400, "unknown_field"))
    got = write(s, "POST", f"/v1/members/{a_id}/coupon-claims", {"claim_code": "GUESS12", "caller": "till 7"}, owner)
    equal("a till names whom it serves", (got[0], got[1]["code"]), (404, "unknown_code"))


def scopes(s, owner):
    """A key makes no key that may more than itself."""
    made = write(s, "POST", "/v1/keys", {"roles": ["owner"], "scopes": ["keys:write", "config:read"]}, owner)[1]["key"]
    got = write(s, "POST", "/v1/keys", {"roles": ["owner"], "scopes": ["keys:write", "ledger:write"]}, made)
    equal("more than itself", (got[0], got[1]["code"]), (403, "forbidden_scope"))
    got = write(s, "POST", "/v1/keys", {"roles": ["owner"]}, made)
    equal("as much as itself", got[0], 201)
    held = write(s, "POST", "/v1/ledger/releases", {"member": {"ns": "phone", "value": "13900000001"}, "unit": "mug"},
                 got[1]["key"])
    equal("and no more", (held[0], held[1]["code"]), (403, "forbidden_scope"))
    got = write(s, "POST", "/v1/users", {"login": "eve", "roles": ["owner"]}, made)
    equal("a user", got[0], 201)
    signed = s.send("POST", "/v1/session", {"user": "eve@shop", "password": got[1]["password"]})
    equal("signs in", signed[0], 200)
    listed = s.get("/v1/keys", owner)[1]["items"]
    equal("with the same scopes", next(x["scopes"] for x in listed if x["code"] == "shop:eve"),
          ["config:read", "keys:write"])
    short = write(s, "POST", "/v1/keys", {"roles": ["owner"], "expires_at": "2099-01-01T00:00:00Z"}, owner)[1]["key"]
    got = write(s, "POST", "/v1/keys", {"roles": ["owner"], "expires_at": "2099-01-02T00:00:00Z"}, short)
    equal("a longer life", (got[0], got[1]["code"], got[1]["field"]), (400, "out_of_range", "/expires_at"))
    child = write(s, "POST", "/v1/keys", {"roles": ["till"]}, short)[1]["code"]
    equal("its own", s.get(f"/v1/keys/{child}", owner)[1]["expires_at"], "2099-01-01T00:00:00Z")
    equal("the owner's own has no bounds", write(s, "POST", "/v1/keys", {"roles": ["till"]}, owner)[0], 201)


def shared_browser(s, anna):
    """What a session shows stays in no cache, and says so once."""
    for path in ("/v1/me", "/v1/me/code", "/v1/session", "/v1/units"):
        c = http.client.HTTPConnection("127.0.0.1", s.port, timeout=20)
        c.request("GET", path, headers=anna[0])
        r = c.getresponse()
        r.read()
        equal(path, (r.status, r.headers.get_all("Cache-Control")), (200, ["no-store"]))
        c.close()


def flood(s, owner, bert):
    """One phone asks as fast as it can, or for much: it waits, the shop does not."""
    b, _ = bert
    got = write(s, "POST", "/v1/me/scans", {"code": "x" * 65536}, b)
    equal("more than a form holds", (got[0], got[1]["code"]), (413, "body_too_large"))
    seen = [200]
    while seen[-1] == 200 and len(seen) < 2000:
        seen.append(s.send("GET", "/v1/me/code", None, None, b)[0])
    equal("she is slowed down", seen[-1], 429)
    check("not at once", len(seen) > 150, len(seen))
    equal("the till is not", write(s, "POST", "/v1/orders", {"order": "2001", **ORDER}, owner)[0], 201)


def strangers(s, asked_for, want, said="198.51.100.7"):
    """Sign-ins that fail, as a proxy in front passes them on; and whether one more is let in."""
    h = {"X-Forwarded-For": asked_for}
    seen = [s.send("POST", "/v1/session/member", {"tenant": "shop", "phone": f"139{i:08}", "code": "000000"}, None,
                   {"X-Forwarded-For": said})[0] for i in range(80)]
    check("a stranger is slowed down", seen[:10] == [401] * 10 and 429 in seen, set(seen))
    asked = s.send("POST", "/v1/session/code", {"tenant": "shop", "phone": "13988887777"}, None, h)
    equal(f"{asked_for} behind the proxy", asked[0], want)


def behind_a_proxy():
    """Who is limited by address is who stands before the proxy; nobody else says where she comes from."""
    with Served(data, "--inbox", "--proxy", "127.0.0.1") as s:
        strangers(s, "203.0.113.9, 198.51.100.7", 429)  # she may write what she likes before it
        strangers(s, "198.51.100.8", 202, "10.0.0.1,198.51.100.9")
    with Served(data, "--inbox") as s:
        strangers(s, "198.51.100.8", 429)
    r = run("serve", "--data", data, "--listen", "127.0.0.1:0", "--proxy", "example.com")
    check("a name is no address", r.returncode != 0 and "numeric address" in r.stderr, r.stderr)


def many_connections(owner):
    """Who opens connections and says nothing takes none of the descriptors that reports and the feed need."""
    program = common.TONGBAO
    small = work / "small"
    small.write_text(f'#!/bin/sh\nulimit -n 200\nulimit -Sn 100\nexec "{program}" "$@"\n')
    small.chmod(0o755)
    common.TONGBAO = str(small)
    with Served(data) as s:
        c = http.client.HTTPConnection("127.0.0.1", s.port, timeout=20)

        def ask(path):
            c.request("GET", path, headers={"Authorization": f"Bearer {owner}"})
            r = c.getresponse()
            r.read()
            return r.status
        equal("a report", ask("/v1/reports/today"), 200)
        idle, refused = [], 0
        for _ in range(220):
            one = socket.create_connection(("127.0.0.1", s.port), timeout=20)
            one.sendall(b"G")
            idle.append(one)
        for one in idle[150:]:
            refused += b" 503 " in one.recv(100)
        equal("what is too much is told so", refused, 70)
        for path in ("/v1/events?limit=5", "/v1/reports/members", "/v1/reports/today"):
            equal(path, ask(path), 200)
        for one in idle:
            one.close()
        check("then there is room again", wait_for(lambda: s.get("/v1/units", owner)[0] == 200))
    common.TONGBAO = program


def files():
    """In a folder that all may enter, and under a umask that hides nothing, no file is everybody's."""
    found = [p for p in data.rglob("*") if p.lstat().st_mode & 0o007 and not p.is_symlink()]
    check("there are files", sum(p.is_file() for p in data.rglob("*")) > 5)
    equal("open to all", [str(p.relative_to(data)) for p in found], [])


def main():
    data.mkdir()
    os.umask(0o022)
    data.chmod(0o755)
    owner = good("key", "create", "--data", data, "--tenant", "shop", "--role", "owner", "--create-tenant", "--name",
                 "Shop").stdout.strip()
    with Served(data, "--inbox") as s:
        anna = member_session(s, "13900000001")
        bert = member_session(s, "13900000002")
        keys_of_others(s, owner, anna, bert, "13900000003")
        guesses(s, owner, anna)
        scopes(s, owner)
        shared_browser(s, anna)
        flood(s, owner, bert)
        files()
    behind_a_proxy()
    many_connections(owner)
    subprocess.run(["rm", "-rf", str(work)], check=False)
    finish()


if __name__ == "__main__":
    main()
