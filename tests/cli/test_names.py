#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Members are found by name, part, pinyin and initials; erased ones and those of others are not."""
import json
import pathlib
import random
import sqlite3
import tempfile
import time
import urllib.parse

from common import Served, check, equal, finish, good, sql

MEMBERS = 1000
SURNAMES = {"张": ["zhang"], "王": ["wang"], "李": ["li"], "刘": ["liu"], "陈": ["chen"], "单": ["shan", "dan", "chan"],
            "曾": ["zeng", "ceng"], "解": ["xie", "jie"], "仇": ["qiu", "chou"], "欧阳": ["ouyang"], "吕": ["lv", "lu"]}
GIVEN = {"伟": "wei", "芳": "fang", "敏": "min", "静": "jing", "强": "qiang", "磊": "lei", "洋": "yang", "艳": "yan",
         "勇": "yong", "杰": "jie", "涛": "tao", "明": "ming"}
work = pathlib.Path(tempfile.mkdtemp(prefix="tb-names-"))
data = work / "data"
rng = random.Random(5)


def tenant(code):
    return good("key", "create", "--data", data, "--tenant", code, "--role", "owner", "--create-tenant", "--name",
                code).stdout.strip()


def declare(s, key, is_name=True):
    s.send("PUT", "/v1/purposes/service", {"text": "Service", "text_version": 1}, key)
    status, r = s.send("PUT", "/v1/attributes/called", {
        "type": "text", "purpose": "service", "benefit": "Receipts", "retention_days": 3650, "personal": True,
        "is_name": is_name}, key)
    equal("the name is declared", status, 200)
    return r


def bulk(s, key, lines):
    import urllib.request
    body = b"".join(json.dumps(x).encode() + b"\n" for x in lines)
    request = urllib.request.Request(s.base + "/v1/bulk", data=body, method="POST", headers={
        "Content-Type": "application/x-ndjson", "Authorization": "Bearer " + key})
    with urllib.request.urlopen(request, timeout=60) as r:
        out = [json.loads(x) for x in r.read().splitlines()]
    bad = [x for x in out if not 200 <= x["status"] <= 299]
    check("every line is taken", not bad, str(bad[:2]))
    return out


def fill(s, key, prefix, names):
    """One member a name; her id."""
    out = bulk(s, key, [{"op": "contact", "key": f"{prefix}{i}", "body": {
        "identifiers": [{"ns": "card", "value": f"{prefix}{i:05d}", "verified": True}]}} for i in range(len(names))])
    ids = [x["body"]["member"]["id"] for x in out]
    bulk(s, key, [{"op": "attributes", "key": f"a{prefix}{i}", "body": {"member": {"id": ids[i]},
                                                                        "attributes": {"called": name}}}
                  for i, name in enumerate(names)])
    return ids


def ask(s, key, q, **more):
    path = "/v1/reports/members?" + urllib.parse.urlencode({"q": q, "class": "all", "limit": 200, **more})
    return s.get(path, key)


def found(s, key, q):
    ids, total, after = [], None, 0
    while total is None or after < total:
        status, r = ask(s, key, q, after=after)
        check(f"{q} answers", status == 200, f"{status} {r}")
        if status != 200:
            return set()
        total, after = r["total"], after + 200
        ids += [x["id"] for x in r["items"]]
        check("the page's names are masked", all(n["name"].count("*") == min(len(by_id[n["id"]]) - 1, 3) and
                                                 n["name"][0] == by_id[n["id"]][0] for n in r["names"]),
              str(r["names"][:3]))
        named, there = {n["id"] for n in r["names"]}, {x["id"] for x in r["items"]}
        # a person who was joined to another has a row until the tables have followed, and no name any more
        check("a name for each", named <= there and len(there - named) <= 1, str(there - named))
    equal("no one twice", len(ids), len(set(ids)))
    return set(ids)


def until(what, fn, seconds=20):
    """The tables are a little behind: what they say in the end."""
    end = time.time() + seconds
    while not (got := fn()) and time.time() < end:
        time.sleep(0.1)
    check(what, got)


def made():
    surname = rng.choice(list(SURNAMES))
    return surname, "".join(rng.choices(list(GIVEN), k=rng.choice((1, 2))))


def matches(surname, given, q):
    """The model: q is a piece of the name, or begins its letters or initials at one of three syllables."""
    if not q.isascii():
        return (surname + given).startswith(q) if len(q) == 1 else q in surname + given
    heads = [["ou", "yang"]] if surname == "欧阳" else [[p] for p in SURNAMES[surname]]
    for syllables in (h + [GIVEN[c] for c in given] for h in heads):
        for start in range(min(3, len(syllables))):
            rest = syllables[start:]
            if "".join(rest).startswith(q) or "".join(x[0] for x in rest).startswith(q):
                return True
    return False


mine, other = tenant("mine"), tenant("other")
people = [made() for _ in range(MEMBERS)]
names = ["".join(x) for x in people]
with Served(data) as s:
    for k in (mine, other):
        s.send("PUT", "/v1/namespaces/card", {"class": "strong", "priority": 20, "limit": 0}, k)
    declare(s, mine)
    declare(s, other)
    theirs = fill(s, other, "O", ["张伟", "单勇"])
    ids = fill(s, mine, "M", names)
    by_id = dict(zip(ids, names))
    by_id.update(zip(theirs, ["张伟", "单勇"]))
    until("all are there", lambda: sql(data, "SELECT count(*) AS n FROM member_names")[0]["n"] == MEMBERS + 2)

    def equals(q):
        want = {ids[i] for i in range(MEMBERS) if matches(*people[i], q)}
        got = found(s, mine, q)
        check(f"{q} finds {len(want)}", got == want, f"{len(got)} found, {len(got ^ want)} wrong")
        return want

    for surname, given in people[:6]:
        heads = [["ou", "yang"]] if surname == "欧阳" else [[p] for p in SURNAMES[surname]]
        for head in heads:
            syllables = head + [GIVEN[c] for c in given]
            check("somebody", equals("".join(syllables)[:12]))
            equals("".join(x[0] for x in syllables))
            equals("".join(syllables)[:4])
        equals(surname + given)
    for q in ("张", "欧阳", "单", "小", "伟", "zh", "ouy", "shan", "dan", "zeng", "ceng", "xie", "qiu", "chou", "lv",
              "lu", "wei",
              "zw", "yangjie", "张伟", "欧阳伟", "zhangzhang"):
        equals(q)
    equal("with another filter", {x["id"] for x in ask(s, mine, "zh", **{"class": "buyer"})[1]["items"]}, set())
    equal("a name in two scripts", found(s, mine, "张wei"),
          {ids[i] for i in range(MEMBERS) if people[i][0] == "张" and matches(*people[i], "wei")})
    for q in ("z", "·", "%", "_"):
        status, r = ask(s, mine, q)
        equal(f"{q!r} says too little", (status, r.get("code")), (400, "invalid_value"))
    equal("others find their own", found(s, other, "单"), {theirs[1]})
    check("and not ours", not (found(s, mine, "shan") | found(s, mine, "zhangwei")) & set(theirs))

    # Erased: gone at once from the tables, and from every search.
    gone = [i for i in range(MEMBERS) if people[i][0] == "张"][:5]
    for i in gone:
        status, r = s.send("POST", f"/v1/members/{ids[i]}/erase", {"reason": "asked"}, mine,
                           {"Idempotency-Key": f"e{i}"})
        equal("erased", status, 200)
    until("their rows go", lambda: sql(data, "SELECT count(*) AS n FROM member_names")[0]["n"] == MEMBERS + 2 - 5)
    left = found(s, mine, "张")
    check("erased ones are not found", not left & {ids[i] for i in gone} and
          left == {ids[i] for i in range(MEMBERS) if people[i][0] == "张" and i not in gone}, str(len(left)))

    # Another name, and none.
    kept = next(i for i in range(MEMBERS) if people[i][0] == "李")
    s.send("PATCH", f"/v1/members/{ids[kept]}/attributes", {"attributes": {"called": "Zoë O’Hara"}}, mine,
           {"Idempotency-Key": "n1"})
    by_id[ids[kept]] = "Zoë O’Hara"
    until("found by the new name", lambda: found(s, mine, "zoeo") == {ids[kept]} == found(s, mine, "ohara"))
    check("not by the old one", ids[kept] not in found(s, mine, "李"))
    time.sleep(1.1)  # of two values of one second the first stands
    s.send("PATCH", f"/v1/members/{ids[kept]}/attributes", {"attributes": {"called": None}}, mine,
           {"Idempotency-Key": "n2"})
    until("by none", lambda: found(s, mine, "ohara") == set())

    # Two cards of one person: found by the name of either.
    a, b = (next(i for i in range(MEMBERS) if people[i][0] == c) for c in "王陈")
    s.send("POST", "/v1/links", {"a": ids[a], "b": ids[b], "kind": "always", "reason": "one"}, mine,
           {"Idempotency-Key": "l"})
    until("joined", lambda: not {ids[a], ids[b]} <= found(s, mine, "王") | found(s, mine, "陈"))
    one = {ids[a], ids[b]} & found(s, mine, names[a])
    check("one of the two ids answers to both names", len(one) == 1 and one <= found(s, mine, names[b]), str(one))

# No name, no part of one, in the file of the tables or in a row of tokens.
with sqlite3.connect(f"file:{data}/state.db?mode=ro", uri=True) as db:
    tokens = [t for (t,) in db.execute("SELECT tokens FROM member_names")]
    check("tokens are eight letters and digits", all(len(x) == 8 for t in tokens for x in t.split()))
    check("no name stands open", all(db.execute("SELECT count(*) FROM history WHERE instr(body, ?)",
                                                (n.encode(),)).fetchone() == (0,) for n in names[:20]))

# Which attribute is the name is declared: not any more, and once more.
with Served(data) as s:
    declare(s, mine, is_name=False)
    until("the table empties", lambda: sql(data, "SELECT count(*) AS n FROM member_names")[0]["n"] == 2)
    declare(s, mine)
    until("and fills", lambda: sql(data, "SELECT count(*) AS n FROM member_names")[0]["n"] == MEMBERS + 2 - 6)
    equal("as before", len(found(s, mine, "欧阳")), sum(a == "欧阳" for a, _ in people))
    status, r = s.send("PUT", "/v1/attributes/age", {"type": "int", "purpose": "service", "benefit": "b",
                                                     "retention_days": 30, "is_name": True}, mine)
    equal("only a text is a name", (status, r["code"], r["field"]), (422, "invalid", "/is_name"))

# A restore brings back no tokens of somebody whose key is gone.
good("backup", work / "copy", "--data", data)
with Served(data) as s:
    last = next(i for i in range(MEMBERS) if people[i][0] == "欧阳")
    s.send("POST", f"/v1/members/{ids[last]}/erase", {"reason": "asked"}, mine, {"Idempotency-Key": "e-last"})
good("restore", work / "copy", "--data", work / "back", "--master", data / "keys" / "master.key",
     "--erased", data / "keys" / "keys.db")
equal("rows after the restore", sql(work / "back", "SELECT count(*) AS n FROM member_names")[0]["n"], MEMBERS + 2 - 7)
finish()
