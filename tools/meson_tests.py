#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs one meson suite and counts cases instead of executables.

usage: meson_tests.py BUILD_FOLDER SUITE
       meson_tests.py --targets BUILD_FOLDER SUITE...     what ninja must build for them, one line

A test program that prints cmocka's summary, "N passed, N failed" or "N cases, N failed" counts as
that many, any other as one. Exit code 77 is a skip and is said. The output of a failing program is printed.
With TB_CHECK=long a program's own line of totals ("seed 7: 1000 kills ...", "5000000 steps ...") is printed too.
"""
import json
import os
import pathlib
import re
import subprocess
import sys

OWN = re.compile(r"^(\d+) (passed|cases|checks), (\d+) failed", re.M)
CMOCKA_OK = re.compile(r"^\[  PASSED  \] (\d+) test", re.M)
CMOCKA_BAD = re.compile(r"^\[  FAILED  \] +(\d+) test", re.M)
TOTALS = re.compile(r"^(?:seed \d+: .*|\d+ steps in .*|.*acknowledged commands.*)", re.M)
WAITING = ("contract", "http", "cli", "crash")  # for disks, servers and each other: twice as many at once as cores
SKIP = re.compile(r"^skipped.*", re.M)


def count(result):
    """(passed, failed) of one finished program."""
    text = result.get("stdout", "") + "\n" + result.get("stderr", "")
    own = OWN.findall(text)
    good = sum(int(n) for n in CMOCKA_OK.findall(text))
    bad = sum(int(n) for n in CMOCKA_BAD.findall(text))
    if own:
        good, what, bad = own[-1]
        good, bad = int(good), int(bad)
        good -= bad if what != "passed" else 0
    if result["result"] == "SKIP":
        return 0, 0
    if result["result"] == "OK":
        return (good, bad) if good + bad else (1, 0)
    return good, max(bad, 1)


def tests_of(build, suites):
    out = subprocess.run(["meson", "introspect", "--tests", build], capture_output=True, text=True, check=True)
    return [test for test in json.loads(out.stdout)
            if any(label.split(":")[-1] in suites for label in test["suite"])]


def targets(build, suites):
    """What the tests start or are given, as ninja names it."""
    out = subprocess.run(["meson", "introspect", "--targets", build], capture_output=True, text=True, check=True)
    root = os.path.abspath(build) + "/"
    made = {one["id"]: one["filename"] for one in json.loads(out.stdout)}
    wanted = {os.path.normpath(name) for test in tests_of(build, suites)
              for one in test["depends"] for name in made[one]}
    return sorted(name[len(root):] for name in wanted if name.startswith(root))


def main():
    if sys.argv[1] == "--targets":
        print(*targets(sys.argv[2], sys.argv[3:]))
        return 0
    build, suite = sys.argv[1:3]
    if not tests_of(build, [suite]):
        print(f"skipped: no tests in suite {suite}\n0 passed, 0 failed")
        return 0
    log = pathlib.Path(build, "meson-logs", "testlog.json")
    log.unlink(missing_ok=True)
    command = ["meson", "test", "-C", build, "--no-rebuild", "--suite", suite]
    if suite in WAITING:
        command += ["--num-processes", str(2 * (os.cpu_count() or 1)), "--timeout-multiplier", "2"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if not log.exists():
        print(ran.stdout, ran.stderr)
        return 1
    passed = failed = 0
    for line in log.read_text().splitlines():
        result = json.loads(line)
        good, bad = count(result)
        passed += good
        failed += bad
        text = result.get("stdout", "") + "\n" + result.get("stderr", "")
        for reason in SKIP.findall(text):
            print(reason)
        if result["result"] == "SKIP" and not SKIP.search(text):
            print(f"skipped: {result['name']}")
        totals = TOTALS.findall(text)
        if totals and os.environ.get("TB_CHECK") == "long":
            print(f"totals {result['name']}: {totals[-1]}")
        if bad:
            print(f"==== {result['name']} {result['result']} {result.get('command')}\n{text}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or ran.returncode else 0


if __name__ == "__main__":
    sys.exit(main())
