#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Files sent over HTTP: pieces, trial, import, rejected rows, interruption, whose they are."""
import base64
import csv
import ctypes
import datetime
import hashlib
import io
import json
import os
import pathlib
import signal
import tempfile
import time

from common import Served, check, equal, finish, good, sql

PIECE = 300_000
work = pathlib.Path(tempfile.mkdtemp(prefix="tb-imports-"))
data = work / "data"


def key(tenant, role, *more):
    return good("key", "create", "--data", data, "--tenant", tenant, "--role", role, *more).stdout.strip()


def packed(raw):
    """zstd, by the library that the program is linked with."""
    z = ctypes.CDLL("libzstd.so.1")
    z.ZSTD_compressBound.restype = z.ZSTD_compress.restype = ctypes.c_size_t
    out = ctypes.create_string_buffer(z.ZSTD_compressBound(ctypes.c_size_t(len(raw))))
    n = z.ZSTD_compress(out, ctypes.c_size_t(len(out)), raw, ctypes.c_size_t(len(raw)), 3)
    return out.raw[:n]


def member_map(columns=("phone", "since", "name"), tenant="shop"):
    phone, since, name = columns
    return {"tenant": tenant, "members": {
        "file": {"format": "csv"}, "occurred_at": {"value": f"{{{since}}}", "format": "%Y-%m-%d",
                                                   "zone": "Asia/Shanghai"},
        "identifiers": [{"ns": "phone", "value": f"{{{phone}}}", "verified": True}], "enrol": {"terms_version": 1},
        "attributes": [{"code": "called", "value": f"{{{name}}}"}]}}


class Sender:
    def __init__(self, s, key):
        self.s, self.key = s, key

    def ask(self, method, path, body=None):
        return self.s.send(method, "/v1/imports" + path, body, self.key)

    def put(self, code, raw, kind="members", name="a.csv"):
        return self.ask("PUT", "/" + code, {"kind": kind, "size": len(raw), "name": name})

    def piece(self, code, raw, offset, n=PIECE):
        return self.ask("POST", f"/{code}/pieces", {
            "offset": offset, "data": base64.b64encode(raw[offset:offset + n]).decode()})

    def send(self, code, raw, **more):
        equal("the import is made", self.put(code, raw, **more)[0], 200)
        for offset in range(0, len(raw), PIECE):
            status, r = self.piece(code, raw, offset)
            equal("a piece", (status, r.get("received")), (200, min(offset + PIECE, len(raw))))
        equal("complete", r["state"], "ready")

    def start(self, code, m, dry=False):
        return self.ask("POST", f"/{code}/runs", {"map": m if isinstance(m, str) else json.dumps(m), "dry_run": dry})

    def ended(self, code, seconds=60):
        end = time.time() + seconds
        while time.time() < end:
            status, r = self.ask("GET", "/" + code)
            if status == 200 and r["state"] not in ("waiting", "running"):
                return r
            time.sleep(0.05)
        return r

    def run(self, code, m, dry=False):
        status, r = self.start(code, m, dry)
        equal("the run is taken", (status, r.get("state")), (200, "waiting"))
        return self.ended(code)

    def rejects(self, code):
        status, text = self.ask("GET", f"/{code}/rejects")
        equal("rejected rows", status, 200)
        return list(csv.DictReader(io.StringIO(text.decode() if isinstance(text, bytes) else "")))


owner = key("shop", "owner", "--create-tenant", "--name", "Shop")
marketer, till = key("shop", "marketer"), key("shop", "till")
stranger = key("other", "owner", "--create-tenant", "--name", "Other")


def folder(code):
    return next((data / "imports" / "http").glob("*/first")).parent / code


def kept(code):
    return (folder(code) / "file").exists()


def week(until, since):
    until, since = (datetime.datetime.fromisoformat(t.replace("Z", "+00:00")) for t in (until, since))
    return until - since == datetime.timedelta(days=7)


def persons():
    return sql(data, "SELECT count(*) AS n FROM persons p JOIN tenants t ON t.tenant = p.tenant WHERE t.code = 'shop' "
                     "AND p.enrolled_ms > 0")[0]["n"]


with Served(data) as s:
    s.send("PUT", "/v1/purposes/service", {"text": "Service", "text_version": 1}, owner)
    s.send("PUT", "/v1/attributes/called", {"type": "text", "purpose": "service", "benefit": "b",
                                            "retention_days": 3650,
                                            "personal": True, "is_name": True}, owner)
    m, o, x = Sender(s, marketer), Sender(s, owner), Sender(s, stranger)

    # A spreadsheet's file: a mark, CRLF, newlines and delimiters in quotes, rows that cannot be.
    raw = ("\ufeffphone,since,name,remark\r\n"
           "13911110001,2024-05-01,张伟,\"likes, \"\"tea\"\"\r\nand rain\"\r\n"
           "13911110002,2024-05-02,李娜,\r\n"
           "12,2024-05-03,短号,\r\n"
           "13911110003,yesterday,王强,\r\n"
           "13911110004,2024-05-05\r\n"
           "13911110001,2024-06-01,张伟,again\r\n").encode()
    m.send("first", raw)
    status, head = m.ask("GET", "/first/head")
    equal("the head", (status, head["format"], head["columns"], head["rows"][0]),
          (200, "csv", ["phone", "since", "name", "remark"],
           ["13911110001", "2024-05-01", "张伟", 'likes, "tea"\r\nand rain']))
    trial = m.run("first", member_map(), dry=True)
    equal("the trial is done", (trial["state"], trial["dry_run"], trial["rows"]), ("done", True, 6))
    figures = trial["report"]
    equal("what it would do", (figures["rows"], figures["accepted"], figures["rejected"]), (6, 3, 3))
    why = [(r["row"], r["line"], r["reason"]) for r in m.rejects("first")]
    equal("which rows and why", [w[:2] for w in why], [("3", "5"), ("4", "6"), ("5", "7")])
    equal("nothing was written", persons(), 0)
    done = m.run("first", member_map())
    equal("the import is done", (done["state"], done["dry_run"], done["report"]["members_new"]), ("done", False, 2))
    equal("the same rows are rejected", [(r["row"], r["line"], r["reason"]) for r in m.rejects("first")], why)
    equal("two members", persons(), 2)

    # A few KB that hold half a million bad rows fill no disk.
    bad = 500_000
    small = packed(b"phone,since,name\n" + b"1,x,\n" * bad)
    check("it is small", len(small) < 4000, len(small))
    m.send("bomb", small)
    figures = m.run("bomb", member_map(), dry=True)["report"]
    equal("all are counted", (figures["rows"], figures["rejected"]), (bad, bad))
    kept_bytes = (folder("bomb") / "dry.csv").stat().st_size
    check("not all are kept", 15 << 20 < kept_bytes < (16 << 20) + 200, kept_bytes)
    equal("they go with it", m.ask("DELETE", "/bomb")[0], 200)
    end = time.time() + 20  # the tables are a little behind
    while (n := s.get("/v1/reports/members?q=zhangwei&class=all", marketer)[1]["total"]) != 1 and time.time() < end:
        time.sleep(0.1)
    equal("found by name", n, 1)
    equal("its hash is kept", done["sha256"], hashlib.sha256(raw).hexdigest())
    check("the file is gone", not kept("first") and "file_until" not in done, str(done))
    check("the trial said how long it would be kept", week(trial["file_until"], trial["ended_at"]), str(trial))
    equal("all of it had come", (done["received"], m.piece("first", raw, 0)[1]["received"]), (len(raw), len(raw)))
    for what, (status, r) in (("runs", m.start("first", member_map())), ("is read", m.ask("GET", "/first/head"))):
        equal(f"nothing {what} that is gone", (status, r["code"], r["field"]), (400, "invalid_value", "file"))
    m.send("again", raw)
    twice = m.run("again", member_map())
    equal("once more changes nothing", (twice["report"]["members_new"],
                                        twice["report"]["members_unchanged"] > 0, persons()),
          (0, True, 2))
    equal("the map is kept", json.loads(m.ask("GET", "/first")[1]["map"]), member_map())

    # Pieces out of order, twice, too many; the same announcement again.
    equal("announced again", m.put("first", raw)[1]["received"], len(raw))
    many = b"phone,since,name\n" + b"".join(b"139%08d,2024-01-01,n%d\n" % (i, i) for i in range(20000))
    m.put("many", many)
    status, r = m.piece("many", many, PIECE)
    equal("a piece that is too early", (status, r["code"], r["field"]), (400, "invalid_value", "/offset"))
    m.piece("many", many, 0)
    equal("twice", m.piece("many", many, 0)[1]["received"], PIECE)
    equal("not complete", m.start("many", member_map())[0], 400)
    equal("beyond the end", m.ask("POST", "/many/pieces", {"offset": len(many), "data": "AAAA"})[1]["code"],
          "out_of_range")
    equal("no base64", m.ask("POST", "/many/pieces", {"offset": PIECE, "data": "!!!!"})[1]["code"], "invalid_value")

    # Orders make points: who may not record one sends no file of them.
    for who, want in ((m, (403, "forbidden_scope")), (o, (200, "sales"))):
        got = who.ask("PUT", "/sales", {"kind": "orders", "size": 10, "name": "a.csv"})
        equal("a file of orders", (got[0], got[1].get("code")), want)
    equal("it is forgotten", o.ask("DELETE", "/sales")[0], 200)

    # What a map and a file may not be.
    m.send("maps", raw)
    for text, what in (("{]", "no JSON"), (json.dumps({**member_map(), "setup": {"units": []}}), "a setup"),
                       (json.dumps({"tenant": "shop", "orders": {}}), "another section"),
                       (json.dumps({**member_map(), "more": 1}), "an unknown field")):
        status, r = m.start("maps", text)
        equal(f"a map with {what}", (status, r["code"], r["field"]), (400, "invalid_value", "/map"))
    for wrong, what in ((member_map(("Phone", "since", "name")), "no column Phone"),
                        (member_map(tenant="other"), "another tenant")):
        r = m.run("maps", wrong)
        check(f"a map with {what} fails and says so", r["state"] == "failed" and what in r.get("message", ""), str(r))
    check("what failed keeps its file", kept("maps") and week(r["file_until"], r["ended_at"]), str(r))
    m.send("gbk", "电话,日期\n13911110009,2024-05-01\n".encode("gbk"))
    status, r = m.ask("GET", "/gbk/head")
    equal("a file in another encoding", (status, r["field"], "UTF-8" in r["detail"]), (400, "file", True))
    equal("does not run", m.start("gbk", member_map())[0], 400)
    m.send("empty", b"\n")
    check("an empty file fails", m.run("empty", member_map())["state"] == "failed")
    equal("too long", m.ask("PUT", "/huge", {"kind": "members", "size": 1 << 30, "name": "x"})[1]["code"],
          "out_of_range")
    for code in ("..", ".x", "a%2Fb", "x" * 65):
        check(f"no folder {code}", m.ask("PUT", "/" + code, {"kind": "members", "size": 1})[0] in (400, 404))

    # NDJSON, packed.
    lines = b"".join(json.dumps({"tel": f"138{i:08d}", "at": "2024-03-01T10:00:00Z",
                                 "who": {"name": f"N{i}"}}).encode() + b"\n"
                     for i in range(500))
    m.send("packed", packed(lines), name="x.ndjson.zst")
    status, head = m.ask("GET", "/packed/head")
    equal("columns of NDJSON", (head["format"], head["columns"]), ("ndjson", ["tel", "at", "who.name"]))
    j = {"tenant": "shop", "members": {"file": {"format": "ndjson"}, "occurred_at": {"value": "{at}"},
                                       "identifiers": [{"ns": "phone", "value": "{tel}"}],
                                       "enrol": {"terms_version": 1},
                                       "attributes": [{"code": "called", "value": "{who.name}"}]}}
    equal("packed lines", m.run("packed", j)["report"]["members_new"], 500)

    # Whose they are.
    equal("a till imports nothing", s.send("GET", "/v1/imports", None, till)[0], 403)
    equal("others see none", x.ask("GET", "")[1], {"items": []})
    equal("nor one", x.ask("GET", "/first")[0], 404)
    equal("nor stop it", x.ask("POST", "/first/stop")[0], 404)
    equal("others' map cannot name us", x.put("theirs", raw)[0], 200)
    x.piece("theirs", raw, 0)
    r = x.run("theirs", member_map())
    check("whoever names another tenant is refused",
          r["state"] == "failed" and "another tenant" in r["message"], str(r))
    equal("the list", {i["code"] for i in m.ask("GET", "")[1]["items"]},
          {"first", "again", "maps", "many", "gbk", "empty", "packed"})
    before = persons()
    equal("deleted", m.ask("DELETE", "/gbk")[0], 200)
    equal("and gone", (m.ask("GET", "/gbk")[0], persons()), (404, before))

    # Stopped by hand, then on.
    for offset in range(PIECE, len(many), PIECE):
        m.piece("many", many, offset)
    m.start("many", member_map())
    m.ask("POST", "/many/stop")
    r = m.ended("many")
    check("stopped, or done before", r["state"] in ("stopped", "done"), str(r))
    if r["state"] == "stopped":
        r = m.run("many", member_map())
    equal("all of them", (r["state"], persons() - before), ("done", 20000))

# Killed in the middle, twice: the next start goes on by itself, and nobody is there twice.
ROWS = 120000
big = b"phone,since,name\n" + b"".join(b"137%08d,2024-02-%02d,m%d\n" % (i, i % 28 + 1, i) for i in range(ROWS))
first = True
for attempt in range(3):
    with Served(data, "--no-supervisor") as s:
        m = Sender(s, marketer)
        if first:
            before = persons()
            m.send("big", packed(big), name="big.csv.zst")
            m.start("big", member_map())
            first = False
        end = time.time() + 30
        while attempt < 2 and time.time() < end:
            r = m.ask("GET", "/big")[1]
            if r["state"] == "done" or (r["state"] == "running" and r["rows"] > ROWS // 4 * (attempt + 1)):
                break
            time.sleep(0.01)
        if attempt < 2:
            equal("it runs", r["state"], "running")
            s.stop(signal.SIGKILL)
            continue
        r = m.ended("big", 120)
        equal("done after two crashes", (r["state"], r["report"]["rows"], r["report"]["rejected"]), ("done", ROWS, 0))
        equal("everybody once", persons() - before, ROWS)
        check("the figures close", r["report"]["members_new"] + r["report"]["members_unchanged"] == ROWS,
              str(r["report"]))

# Files whose time is over, and what an older process left, go at the start; what is young stays.
def age(code, days, **state):
    """As if the file had come, and the newest run had ended, so long ago."""
    lines = (folder(code) / "state").read_text().split("\n")
    numbers = lines[0].split(" ")
    numbers[9] = str(max(0, int(numbers[9]) - days * 86400 * 1000))
    for place, value in state.items():
        numbers[{"state": 2, "dry": 3}[place]] = str(value)
    (folder(code) / "state").write_text("\n".join([" ".join(numbers), *lines[1:]]))
    there = folder(code) / "file"
    if there.exists():
        os.utime(there, (time.time() - days * 86400,) * 2)


with Served(data) as s:
    m = Sender(s, marketer)
    for code in ("tried", "young", "left"):
        m.send(code, raw)
        m.run(code, member_map(), dry=True)
age("tried", 8)
age("young", 6)
age("left", 0, dry=0)  # a run for good that ended before files went
(folder("half")).mkdir()
(folder("half") / "state.new").write_text("1 1")
before = persons()
with Served(data) as s:
    m = Sender(s, marketer)
    end = time.time() + 20
    while (kept("tried") or kept("left")) and time.time() < end:
        time.sleep(0.05)
    equal("what stays", {c: kept(c) for c in ("tried", "young", "left", "maps")},
          {"tried": False, "young": True, "left": False, "maps": True})
    check("a folder without a state", not folder("half").exists())
    asks = m.ask("GET", "/tried")[1]
    equal("it asks for its file", (asks["state"], asks["received"], json.loads(asks["map"])),
          ("uploading", 0, member_map()))
    equal("left is as it was", m.ask("GET", "/left")[1]["state"], "done")
    m.send("tried", raw)
    equal("and is imported", (m.run("tried", member_map())["state"], persons() - before, kept("tried")),
          ("done", 0, False))
good("check", "--data", data)
finish()
