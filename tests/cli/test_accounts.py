#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tongbao accounts: the books of the demonstration's year against the published tables; a period that is over gives
the same bytes after whatever comes later; the report over HTTP says the same."""
import collections
import csv
import datetime
import io
import json
import pathlib
import tempfile
import urllib.error
import urllib.request

from common import Served, check, equal, finish, good, run, sql

work = pathlib.Path(tempfile.mkdtemp(prefix="tb-accounts-"))
data = work / "demo"
TODAY = datetime.date.today()
LAST = TODAY.replace(day=1)  # the month that runs is not over


def accounts(what, start, end, *words):
    r = good("accounts", what, "--tenant", "helin", "--from", start, "--to", end, "--data", data, *words)
    return r.stdout


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def first_day():
    return LAST.replace(year=LAST.year - 2)


def test_entries():
    """Every entry is balanced; all of them up to a day are the liability of the cohorts on that day."""
    end = TODAY + datetime.timedelta(days=2)
    lines = rows(accounts("entries", first_day(), end))
    check("there are entries", len(lines) > 20)
    by_number = collections.defaultdict(lambda: [0, 0, 0])
    by_account = collections.Counter()
    for line in lines:
        entry = by_number[line["number"]]
        entry[0] += int(line["debit"])
        entry[1] += int(line["credit"])
        entry[2] += 1
        by_account[line["account"]] += int(line["debit"]) - int(line["credit"])
    check("two lines an entry, balanced", all(d == c and d > 0 and n == 2 for d, c, n in by_number.values()))
    equal("the chart sums to 0", sum(by_account.values()), 0)
    cohorts = rows(accounts("cohorts", first_day(), end))
    last = max(c["date"] for c in cohorts)
    liability = sum(int(c["liability"]) for c in cohorts if c["date"] == last)
    check("there is a liability", liability > 0)
    equal("entries add up to it", -by_account["2400"], liability)
    return lines


def test_days():
    """issued = redeemed + expired + clawed + outstanding, of every cohort on every day of a month."""
    start = (LAST - datetime.timedelta(days=1)).replace(day=1)
    days = rows(accounts("cohorts", start, LAST, "--by", "day"))
    equal("a row a day and cohort", len({c["date"] for c in days}), (LAST - start).days)
    broken = [c for c in days if int(c["issued"]) != sum(int(c[k]) for k in ("redeemed", "expired", "clawed",
                                                                            "outstanding"))]
    equal("the identity holds", broken, [])


def test_tables():
    """What cohorts have left is what the published lots and holds have; units agree with the trial balance."""
    end = TODAY + datetime.timedelta(days=2)
    cohorts = rows(accounts("cohorts", first_day(), end))
    last = max(c["date"] for c in cohorts)
    mine = collections.Counter()
    units = collections.Counter()
    for c in cohorts:
        if c["date"] == last:
            mine[c["unit"], c["cohort"]] += int(c["outstanding"])
            units[c["unit"]] += int(c["outstanding"])
    theirs = collections.Counter()
    for lot in sql(data, "SELECT u.code, l.earned_day, sum(l.amount_left) AS n FROM lots l JOIN units u ON u.unit = "
                         "l.unit JOIN tenants t ON t.tenant = l.tenant WHERE t.code = 'helin' GROUP BY 1, 2"):
        day = datetime.date(1970, 1, 1) + datetime.timedelta(days=lot["earned_day"])
        theirs[lot["code"], f"{day.year:04d}-{day.month:02d}"] += lot["n"]
    held = sql(data, "SELECT coalesce(sum(amount), 0) AS n FROM holds")[0]["n"]
    equal("nothing is held in the demonstration", held, 0)
    equal("cohorts are what lots have left", {k: n for k, n in mine.items() if n and k[1] != "debt"},
          {k: n for k, n in theirs.items() if n})
    for row in sql(data, "SELECT u.code, sum(b.debits) - sum(b.credits) AS n FROM trial_balance b JOIN units u ON "
                         "u.unit = b.unit JOIN tenants t ON t.tenant = b.tenant WHERE t.code = 'helin' GROUP BY 1"):
        equal(f"books of {row['code']}", units[row["code"]], row["n"])


def call(base, key, method, path, body=None):
    head = {"Authorization": "Bearer " + key, "Content-Type": "application/json", "Idempotency-Key": "a" + str(path)}
    req = urllib.request.Request(base + path, method=method, headers=head,
                                 data=json.dumps(body).encode() if body is not None else None)
    with urllib.request.urlopen(req) as r:
        return json.loads(r.read())


def refused(base, key, path):
    req = urllib.request.Request(base + path, headers={"Authorization": "Bearer " + key})
    try:
        with urllib.request.urlopen(req) as r:
            return r.status, None
    except urllib.error.HTTPError as e:
        return e.code, json.loads(e.read())["code"]


def test_closed():
    """A new estimate and adjustments of today leave every period that is over as it was, to the byte."""
    start = first_day()
    before = accounts("entries", start, LAST)
    check("they are final", all(r["final"] == "1" for r in rows(before)))
    key = good("key", "create", "--tenant", "helin", "--role", "owner", "--data", data).stdout.split()[-1]
    member = sql(data, "SELECT e.profile FROM enrolments e JOIN tenants t ON t.tenant = e.tenant "
                       "WHERE t.code = 'helin' LIMIT 1")[0]["profile"]
    check("there is a member", member > 0)
    end = TODAY + datetime.timedelta(2)
    with Served(data) as s:
        unit = call(s.base, key, "GET", "/v1/units/points")
        body = {k: v for k, v in unit.items() if k not in ("code", "version")}
        body.update(expected_version=unit["version"], expected_ppm=400000)
        check("the estimate is new", call(s.base, key, "PUT", "/v1/units/points", body)["changed"])
        report = call(s.base, key, "GET", f"/v1/reports/accounting?from={start}&to={end}")
        served = accounts("entries", start, end, "--format", "json")
        equal("HTTP and the command line agree", report, json.loads(served))
        equal("no count breaks", report["breaks"], 0)
        open_ones = [e for e in report["entries"] if not e["final"]]
        check("the estimate is caught up in the open period", any(e["reason"] == "breakage" for e in open_ones))
        for query, problem in (("by=week", "not_an_option"), ("from=2026-13-01", "invalid_value"),
                               ("from=2026-02-01&to=2026-02-01", "invalid_value")):
            equal(query, refused(s.base, key, "/v1/reports/accounting?" + query), (400, problem))
        equal("accounts balance", sum(a["debit"] - a["credit"] for a in report["accounts"]), 0)
    equal("periods that are over did not change", accounts("entries", start, LAST), before)


def test_refusals():
    def code(tenant, start, end, *words):
        return run("accounts", "--tenant", tenant, "--from", start, "--to", end, "--data", data, *words).returncode

    equal("no tenant", code("nobody", "2026-01-01", "2026-02-01"), 1)
    equal("no date", code("helin", "yesterday", "2026-02-01"), 2)
    equal("an empty window", code("helin", "2026-02-01", "2026-02-01"), 2)
    equal("no such period", code("helin", "2026-01-01", "2026-02-01", "--by", "week"), 2)


good("demo", "--data", data, "--divide", "60")
test_entries()
test_days()
test_tables()
test_closed()
test_refusals()
finish()
