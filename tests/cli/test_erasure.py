#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An erased member's keys are gone: all of them, after a crash, an old key store, a restore."""
import pathlib
import shutil
import sqlite3
import subprocess
import tempfile
import time

from common import Served, check, equal, finish, good, sql

PROFILES = 70  # more than an answer names
work = pathlib.Path(tempfile.mkdtemp(prefix="tb-erasure-"))
data = work / "data"
master = data / "keys" / "master.key"


def erased(folder):
    """The numbers of the keys that a key store has destroyed."""
    with sqlite3.connect(f"file:{folder}/keys/keys.db?mode=ro", uri=True) as db:
        return [no for (no,) in db.execute("SELECT no FROM erased ORDER BY no")]


def contact(s, key, value, ns="tag"):
    status, r = s.send("POST", "/v1/contacts", {"identifiers": [{"ns": ns, "value": value, "verified": True}]}, key,
                       {"Idempotency-Key": f"c-{ns}-{value}"})
    check(f"a contact of {value}", status in (200, 201), f"{status} {r}")
    return r["member"]["id"]


def person_of_many(s, key):
    """One person with PROFILES identifiers, joined by hand."""
    ids = [contact(s, key, f"T{i:03d}") for i in range(PROFILES)]
    for i in range(1, PROFILES):
        status, r = s.send("POST", "/v1/links", {"a": ids[0], "b": ids[i], "kind": "always", "reason": "test"}, key,
                           {"Idempotency-Key": f"l-{i}"})
        check(f"link {i}", status == 200, f"{status} {r}")
    return ids[0]


def value_of(s, key, member):
    status, r = s.send("POST", f"/v1/members/{member}/reveal", {"reason": "she asked"}, key,
                       {"Idempotency-Key": f"r-{member}-{time.time()}"})
    return r["value"] if status == 200 else status


def restored(name, *words):
    """A restored folder: its erased numbers, and a server's answers are asked for by the caller."""
    good("restore", work / "copy", "--data", work / name, "--master", master, *words)
    return erased(work / name)


key = good("key", "create", "--data", data, "--tenant", "shop", "--role", "owner", "--create-tenant",
           "--name", "Shop").stdout.strip()
with Served(data) as s:
    s.send("PUT", "/v1/namespaces/tag", {"class": "strong", "priority": 30, "limit": 0}, key)
    contact(s, key, "13911112222", "phone")
    before = sql(data, "SELECT max(seq) AS n FROM history")[0]["n"]
    member = person_of_many(s, key)
    joined = sql(data, "SELECT max(seq) AS n FROM history")[0]["n"]
    equal("her value can be read", value_of(s, key, member), "T000")
shutil.copy(data / "keys" / "keys.db", work / "old.db")

with Served(data) as s:
    equal("erased", s.send("POST", f"/v1/members/{member}/erase", {"reason": "she asked"}, key,
                           {"Idempotency-Key": "e-1"})[1], {"identifiers": PROFILES, "erased": True})
    gone = erased(data)
    equal("every key, also those that no answer names", len(gone), PROFILES)
    good("backup", work / "copy", "--data", data)

# A crash between the commit and the key store, or an old key store in its place: the same bytes.
shutil.copy(work / "old.db", data / "keys" / "keys.db")
equal("the old one knows of no erasure", erased(data), [])
with Served(data) as s:
    equal("destroyed again before anybody is served", erased(data), gone)
    check("and said", f"{PROFILES} keys of erased profiles" in s.text(), s.text())
with Served(data) as s:
    check("once", "keys of erased profiles" not in s.text(), s.text())

# A backup whose key store is older than its journal.
shutil.copy(work / "old.db", work / "copy" / "keys" / "keys.db")
equal("restored whole", restored("r1"), gone)
equal("restored to before the erasure, when she was a member", restored("r2", "--to-seq", joined), gone)
with Served(work / "r2") as s:
    equal("she is a member there, and her value stays closed", value_of(s, key, member), None)
equal("restored to before she came: her numbers are free", restored("r3", "--to-seq", before), [])
with Served(work / "r3") as s:
    other = contact(s, key, "13933334444", "phone")
    equal("whoever gets them now can be read", value_of(s, key, other), "+8613933334444")

subprocess.run(["rm", "-rf", str(work)], check=False)
finish()
