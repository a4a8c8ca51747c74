#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""256 shoppers scan the same code at once, over HTTP, while the server is killed (clients.py).

usage: one_code.py TONGBAO [ROUNDS [SEED]]        a round is one code

Without a number TB_CHECK says how long: fast 3, full 6, long 100 rounds.

Every code must have exactly one first scan and 255 later ones, each scan must be counted
once, and of 256 who want to redeem it exactly one may. Prints "N passed, N failed".
"""
import collections
import sys
import time

from clients import CLIENTS, Run, drive, length, winners


class Codes(Run):
    async def round(self, n, code):
        phones = [f"138{n:04d}{i:04d}" for i in range(CLIENTS)]
        scans = [{"code": code, "identifiers": [{"ns": "phone", "value": p}]} for p in phones]
        answers = await self.burst_one("/v1/codes/scan", scans, f"s{n}")
        self.equal("every scan is answered", collections.Counter(s for s, _ in answers), {200: CLIENTS})
        verdicts = collections.Counter(a.get("verdict") for _, a in answers)
        self.equal("one first scan", verdicts, {"first": 1, "seen_by_others": CLIENTS - 1})
        self.equal("each scan has its number", sorted(a.get("scans", 0) for _, a in answers),
                   list(range(1, CLIENTS + 1)))
        self.equal("a member each", len({a["member"]["id"] for _, a in answers}), CLIENTS)
        status = await self.must("GET", f"/v1/codes/{code}")
        self.equal("scans counted", (status["state"], status["scans"]), ("scanned", CLIENTS))
        won, lost = winners(await self.burst_one("/v1/codes/redeem", [{"code": code}] * CLIENTS, f"r{n}"))
        self.equal("one redeems", (len(won), lost), (1, {"code_redeemed": CLIENTS - 1}))

    async def all(self, rounds):
        await self.server.ready()
        await self.must("PUT", "/v1/code-batches/box", {"scene": "inside", "count": rounds})
        await self.must("POST", "/v1/codes/bind",
                        {"batch": "box", "from": 0, "n": rounds, "lot": "L", "activate": True})
        codes = (await self.must("GET", f"/v1/code-batches/box/codes?limit={rounds}"))["codes"]
        for n, code in enumerate(codes):
            await self.round(n, code)
        figures = await self.must("GET", "/v1/code-batches/box")
        self.equal("figures of the batch", [figures[k] for k in ("scans", "scanned", "redeemed")],
                   [rounds * CLIENTS, rounds, rounds])

    def after(self, rounds, rows):
        self.equal("published scans", rows("SELECT verdict, count(*) AS n FROM code_scans GROUP BY 1 ORDER BY 1"),
                   [{"verdict": 4, "n": rounds}, {"verdict": 6, "n": rounds * (CLIENTS - 1)}])
        self.equal("published codes", rows("SELECT count(DISTINCT serial) AS n FROM code_scans"), [{"n": rounds}])
        self.equal("published redemptions", rows("SELECT count(*) AS n FROM code_redemptions"), [{"n": rounds}])


def main():
    rounds = length(sys.argv[2] if len(sys.argv) > 2 else None, 3, 6, 100)
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else int(time.time())
    passed, failed = drive(sys.argv[1], Codes, rounds, seed, "one code")
    if failed:
        print(f"repeat with: {sys.argv[0]} {sys.argv[1]} {rounds} {seed}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
