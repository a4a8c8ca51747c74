# SPDX-License-Identifier: Apache-2.0
"""tongbao codes: what the printer gets is what the server scans, also after a restore."""
import json
import pathlib
import re
import subprocess
import tempfile
import urllib.request
import xml.etree.ElementTree
import zlib

from common import TONGBAO, Served, check, equal, finish, good, run

work = pathlib.Path(tempfile.mkdtemp(prefix="tongbao-codes-"))
data = work / "data"
key = good("key", "create", "--data", data, "--tenant", "shop", "--role", "owner", "--create-tenant").stdout.strip()
N = 50000
shop = ("--data", data, "--tenant", "shop")


def pixels(raw):
    """(width, height, rows of 1 = black) of a PNG of one bit a pixel; checks its sums."""
    equal("a PNG", raw[:8], b"\x89PNG\r\n\x1a\n")
    at, packed = 8, b""
    while at < len(raw):
        n = int.from_bytes(raw[at:at + 4], "big")
        kind, body = raw[at + 4:at + 8], raw[at + 8:at + 8 + n]
        equal("sum of a chunk", zlib.crc32(kind + body), int.from_bytes(raw[at + 8 + n:at + 12 + n], "big"))
        if kind == b"IHDR":
            w, h = int.from_bytes(body[:4], "big"), int.from_bytes(body[4:8], "big")
            equal("grey, one bit", tuple(body[8:10]), (1, 0))
        if kind == b"IDAT":
            packed += body
        at += 12 + n
    flat, line = zlib.decompress(packed), (w + 7) // 8 + 1
    equal("rows", len(flat), line * h)
    check("no filter", all(flat[i * line] == 0 for i in range(h)))
    bits = (bin(int.from_bytes(b"\1" + flat[i * line + 1:(i + 1) * line], "big"))[3:][:w] for i in range(h))
    return w, h, [[b == "0" for b in row] for row in bits]


def batch(s, count):
    return s.send("PUT", "/v1/code-batches/box", {"scene": "inside", "count": count}, key)


with Served(data, "--inbox", "--plain-cookies") as s:
    equal("a batch", batch(s, N)[0], 200)
    live = good("codes", "print", "box", "--format", "plain", *shop).stdout.split()
    equal("as many", len(live), N)
    equal("no code twice", len(set(live)), N)
    equal("bound", s.send("POST", "/v1/codes/bind", {"batch": "box", "from": 0, "n": N, "lot": "L", "activate": True},
                          key, {"Idempotency-Key": "b"})[0], 200)
    for i in (0, N - 1):
        code, answer = s.send("POST", "/v1/codes/scan", {"code": live[i]}, key, {"Idempotency-Key": f"s{i}"})[:2]
        equal("scanned", (code, answer["verdict"]), (200, "first"))
    shown = good("codes", "show", live[0].lower(), *shop).stdout
    check("shown", "serial 0\nstate scanned\nfirst scanned 20" in shown, shown)
    check("shown", "serial 1\nstate active\n" in good("codes", "show", live[1], *shop).stdout)
    # a member who signed in with a one-time code
    code = s.send("POST", "/v1/session/code", {"tenant": "shop", "phone": "13900000001"})
    equal("a one-time code", code[0], 202)
    sent = s.get("/v1/demo/inbox")[1]["items"][0]["code"]
    words = json.dumps({"tenant": "shop", "phone": "13900000001", "code": sent}).encode()
    asked = urllib.request.Request(s.base + "/v1/session/member", data=words, method="POST",
                                   headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(asked, timeout=20) as r:
        me = {"X-Page": "member", "Cookie": r.headers["Set-Cookie"].split(";")[0], "X-CSRF-Token": json.load(r)["csrf"]}
    for i, (item, status, verdict) in enumerate(((live[2], 200, "first"), (live[2], 200, "seen_by_you"),
                                                 (live[0], 200, "seen_by_others"), ("0" * 15, 404, None))):
        got = s.send("POST", "/v1/me/scans", {"code": item}, None, {**me, "Idempotency-Key": f"m{i}"})
        equal("her scan", (got[0], got[1].get("verdict")), (status, verdict))
        check("no word of what the brand watches", "outside_region" not in got[1], got)
    equal("not with a key", s.send("POST", "/v1/me/scans", {"code": live[2]}, key, {"Idempotency-Key": "x"})[0], 403)
    feed = [e for item in s.get("/v1/events?limit=1000", key)[1]["items"] for e in item["data"]]
    scans = [e for e in feed if e["type"] == "code_scanned"]
    equal("the feed names codes", [(e["code"], e["batch"], e["verdict"]) for e in scans[:3]],
          [(live[0], "box", "first"), (live[N - 1], "box", "first"), (live[2], "box", "first")])
    check("and no numbers of theirs", not any(k in e for e in feed for k in ("serial", "set", "firsts")), scans)
    equal("scene", [e["scene"] for e in feed if e["type"] == "code_batch_put"], ["inside"])
    hook = {"url": "https://a.example/x", "events": ["code"], "secret": "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"}
    equal("a webhook of codes", s.send("PUT", "/v1/webhooks/w", hook, key)[0], 200)
    equal("its groups", s.get("/v1/webhooks/w", key)[1]["events"], ["code"])
    copy = work / "copy"
    good("backup", copy, "--data", data, "--with-master")

equal("the same when nobody serves", good("codes", "print", "box", "--format", "plain", *shop).stdout.split(), live)
sheet = good("codes", "print", "box", "https://a.b/01/09506000134352/21/", "--after", 10, "--limit", 3, *shop).stdout
rows = sheet.splitlines()
equal("csv", rows[0], "serial,code,scan")
equal("csv rows", [r.split(",")[0] for r in rows[1:]], ["10", "11", "12"])
equal("csv address", [r.split(",")[2] for r in rows[1:]],
      ["https://a.b/01/09506000134352/21/" + c for c in live[10:13]])
equal("csv groups", rows[1].split(",")[1].replace("-", ""), live[10])
svg = good("codes", "print", "box", "https://a.b/21/", "--limit", 23, "--format", "svg", *shop).stdout
root = xml.etree.ElementTree.fromstring(svg)
labels = root.findall("{http://www.w3.org/2000/svg}g")
equal("labels", [g[1].text.replace("-", "") for g in labels], live[:23])
check("ten a row", labels[10].get("transform").startswith("translate(4,") and labels[0].get("transform") ==
      "translate(4,4)", labels[10].get("transform"))
check("a finder pattern in the corner", all(g[0].get("d").startswith("M0 0h7v1h-7z") for g in labels))
png = work / "sheet.png"
with png.open("wb") as f:
    done = subprocess.run([TONGBAO, "codes", "print", "box", "https://a.b/21/", "--limit", "23", "--format", "png",
                           *map(str, shop)], stdout=f, check=False)
equal("a picture", done.returncode, 0)
width, height, dark = pixels(png.read_bytes())
side = 4 * (int(root.get("viewBox").split()[2]) // 10)
equal("its size", (width, height), (10 * side, 3 * side))
for n, g in enumerate(labels):
    at = 4 * sum(int(a) for _, _, a in re.findall(r"M(\d+) (\d+)h(\d+)", g[0].get("d"))) * 4
    x, y = n % 10 * side, n // 10 * side
    equal("as many dark pixels as the SVG has", sum(sum(r[x:x + side]) for r in dark[y:y + side]), at)
    for mx, my, run_n in re.findall(r"M(\d+) (\d+)h(\d+)", g[0].get("d")):
        row = dark[y + 16 + 4 * int(my) + 1]
        if not all(row[x + 16 + 4 * int(mx):x + 16 + 4 * (int(mx) + int(run_n))]):
            check("a run of the SVG is dark", False, (n, mx, my))
equal("white where no label is", sum(sum(r[3 * side:]) for r in dark[2 * side:]), 0)
for words, want in ((("print", "box", "https://a.b/01/09506000134353/21/"), 2),
                    (("print", "box", "https://a.b/01/9506000134352/21/", "--limit", 1), 0),
                    (("print", "box", "https://a.b/01/123/21/"), 2),
                    (("print", "none"), 1), (("print", "box", "=cmd"), 2), (("print", "box", "a,b"), 2),
                    (("print",), 2), (("print", "box", "--after", N), 1), (("print", "box", "--format", "json"), 2),
                    (("show", live[0][:-1]), 1), (("show", "U" + live[0][1:]), 1), (("show", live[0], "x"), 2),
                    (("show", live[1][0] + live[0][1:] if live[1][0] != live[0][0] else "0" * 14 + "1"), 1),
                    (("draw",), 2)):
    equal(f"codes {words}", run("codes", *words, *shop).returncode, want)
equal("another tenant", run("codes", "print", "box", "--data", data, "--tenant", "none").returncode, 1)

# The key of the codes is in the backup; without it no printed code could be read again.
again = ("--data", work / "again", "--tenant", "shop")
good("restore", copy, "--data", work / "again")
equal("the same codes after a restore", good("codes", "print", "box", "--format", "plain", *again).stdout.split(), live)

subprocess.run(["rm", "-rf", str(work)], check=False)
finish()
