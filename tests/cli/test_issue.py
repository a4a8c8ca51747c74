#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A run over all members, killed in the middle: it goes on, and nobody gets two."""
import pathlib
import signal
import tempfile
import time

from common import Served, check, equal, finish, good, sql

MEMBERS = 12000
work = pathlib.Path(tempfile.mkdtemp(prefix="tb-issue-"))
data = work / "data"
key = good("key", "create", "--data", data, "--tenant", "shop", "--role", "owner", "--create-tenant").stdout.strip()
lines = work / "members.ndjson"
line = '{"op":"contact","key":"m%d","body":{"identifiers":[{"ns":"phone","value":"139%08d"}]}}'
lines.write_text("\n".join(line % (i, i) for i in range(MEMBERS)) + "\n")


def progress(s):
    status, body = s.get("/v1/coupon-issues/all", key)
    return body if status == 200 else {"state": "unknown", "issued": 0}


with Served(data) as s:
    good("import", "lines", lines, "--server", s.base, "--key", key)
    s.send("PUT", "/v1/units/ten", {"kind": "coupon", "stock": MEMBERS - 500}, key)
    status, body = s.send("PUT", "/v1/coupon-issues/all", {"unit": "ten", "reason": "spring"}, key)
    equal("answered at once", (status, body["created"]), (202, True))
    kills = 0
    seen = []
    while kills < 3:
        now = progress(s)
        if now["state"] != "running":
            break
        seen.append(now["issued"])
        s.process.send_signal(signal.SIGKILL)
        s.process.wait()
        kills += 1
        s.__enter__()
    check("killed while it ran", kills > 0, f"{kills}")
    check("it never goes back", seen == sorted(seen), f"{seen}")
    status, body = s.send("PUT", "/v1/coupon-issues/all", {"unit": "ten", "reason": "spring"}, key)
    equal("the same again starts nothing", (status, body["changed"]), (202, False))
    end = time.time() + 120
    while time.time() < end and progress(s)["state"] == "running":
        time.sleep(0.05)
    now = progress(s)
    equal("the stock ends it", (now["state"], now["issued"]), ("out_of_stock", MEMBERS - 500))
    equal("everybody was looked at once", now["looked"] - 1, MEMBERS - 500)
good("check", "--data", data)
rows = sql(data, "SELECT count(*) AS n, count(DISTINCT profile) AS m FROM coupons WHERE state = 0")
equal("a coupon each, and no more", rows, [{"n": MEMBERS - 500, "m": MEMBERS - 500}])
finish()
