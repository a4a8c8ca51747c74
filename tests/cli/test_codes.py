# SPDX-License-Identifier: Apache-2.0
"""tongbao codes: what the printer gets is what the server scans, also after a restore."""
import pathlib
import subprocess
import tempfile
import xml.etree.ElementTree

from common import Served, check, equal, finish, good, run

work = pathlib.Path(tempfile.mkdtemp(prefix="tongbao-codes-"))
data = work / "data"
key = good("key", "create", "--data", data, "--tenant", "shop", "--role", "owner", "--create-tenant").stdout.strip()
N = 50000
shop = ("--data", data, "--tenant", "shop")


def batch(s, count):
    return s.send("PUT", "/v1/code-batches/box", {"scene": "inside", "count": count}, key)


with Served(data) as s:
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
    feed = [e for item in s.get("/v1/events?limit=1000", key)[1]["items"] for e in item["data"]]
    scans = [e for e in feed if e["type"] == "code_scanned"]
    equal("the feed names codes", [(e["code"], e["batch"], e["verdict"]) for e in scans],
          [(live[0], "box", "first"), (live[N - 1], "box", "first")])
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
for words, want in ((("print", "none"), 1), (("print", "box", "=cmd"), 2), (("print", "box", "a,b"), 2),
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
