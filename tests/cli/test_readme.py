#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The first session of README.md and README.zh-CN.md, run as it stands there."""
import json
import pathlib
import re
import subprocess
import tempfile

from common import ROOT, Served, check, equal, finish, good

work = pathlib.Path(tempfile.mkdtemp(prefix="tb-readme-"))


def session(page, title):
    """The block of shell lines below a title."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.search(rf"^## {title}\n+```\n(.*?)^```$", text, re.M | re.S)[1]


def replies(text):
    """What curl printed, one reply after the other."""
    out, at = [], 0
    while at < len(text.rstrip()):
        value, at = json.JSONDecoder().raw_decode(text, at)
        out.append(value)
        while at < len(text) and text[at].isspace():
            at += 1
    return out


def try_page(page, title):
    folder = work / page
    folder.mkdir()
    good("demo", "--data", folder / "data", "--divide", "500")
    key = good("key", "create", "--data", folder / "data", "--tenant", "helin", "--role", "owner").stdout
    (folder / "data" / "demo.key").write_text(key)
    script = session(page, title)
    equal(f"{page}: five requests", script.count("curl -s "), 5)
    with Served(folder / "data") as s:
        address = "api=http://127.0.0.1:8780/v1\n"
        check(f"{page}: the address of ./run", address in script)
        script = script.replace(address, f"api={s.base}/v1\n")
        r = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=folder, capture_output=True, text=True,
                           timeout=60, check=False)
        check(f"{page}: runs", r.returncode == 0, r.stderr)
        check(f"{page}: nothing is refused", "problem" not in r.stdout, r.stdout)
        joined, order, member, events = replies(r.stdout)
        check(f"{page}: she joined", joined["id"].startswith("mbr_"), f"{joined}")
        earned = {e["unit"]: e["amount"] for e in order["earned"]}
        check(f"{page}: the order earns points", earned.get("points") in (585, 1170), f"{earned}")  # on the 8th twice
        equal(f"{page}: and she has them", {b["unit"]: b["available"] for b in member["balances"]}.get("points"),
              earned.get("points"))
        equal(f"{page}: the feed begins at its beginning", [e["sequence"] for e in events["items"]],
              list(range(1, 11)))


try_page("README.md", "A first session")
try_page("README.zh-CN.md", "第一次调用")
subprocess.run(["rm", "-rf", str(work)], check=False)
finish()
