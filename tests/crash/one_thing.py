#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""256 clients on the last prize, one red packet, one stamp, a thousand coupons, over HTTP, while the
server is killed in between (clients.py).

usage: one_thing.py TONGBAO THING [ROUNDS [SEED]]        THING: prize packet stamp coupons

Without a number TB_CHECK says how long: fast 1, full 3, long 50 rounds.

  prize    one is left: one wins it, 255 get the fallback and are told why
  packet   a member's, in 200 shares: 200 get one, each at least a unit, their sum is what she gave; 56
           come too late; who asks twice gets the same share
  stamp    one member's card lacks one stamp and she may have one more: one of 256 gives it, the card
           is full once and its reward given once
  coupons  1,000 of a template, four at most a member, and each of 256 asks five times: exactly 1,000 are
           issued, nobody has more than four

The books must agree: what members have is what was won, and `tongbao check` finds nothing. Prints
"N passed, N failed".
"""
import collections
import sys
import time

from clients import CLIENTS, Run, drive, length, winners

SHARES, TOTAL = 200, 100000
COUPONS, LIMIT = 1000, 4


def phones(n=0):
    return [f"138{n:04d}{i:04d}" for i in range(CLIENTS)]


def who(phone):
    return {"ns": "phone", "value": phone}


class Thing(Run):
    async def unit(self, code, **more):
        await self.must("PUT", f"/v1/units/{code}", {"kind": "points", **more})

    async def game(self, code, **rules):
        await self.must("PUT", f"/v1/games/{code}", rules)
        await self.must("POST", f"/v1/games/{code}/state", {"state": "open"})

    async def balance(self, phone, unit):
        found = await self.must("GET", f"/v1/members/phone:{phone}")
        return sum(a["available"] for a in found["balances"] if a["unit"] == unit)

    async def held(self, unit):
        """What all the crowd has of a unit."""
        return sum([await self.balance(p, unit) for p in self.crowd])

    async def all(self, rounds):
        await self.server.ready()
        self.crowd = phones()
        await self.members(self.crowd)
        await self.prepare()
        for n in range(rounds):
            await self.round(n)
        await self.settle(rounds)

    async def settle(self, rounds):
        pass

    def after(self, rounds, rows):
        pass


class Prize(Thing):
    async def prepare(self):
        await self.unit("mug")

    async def round(self, n):
        await self.game(f"wheel{n}", kind="draw", fallback="none",
                        prizes=[{"code": "mug", "ppm": 1000000, "unit": "mug", "amount": 1, "stock": 1},
                                {"code": "none", "ppm": 0}])
        answers = await self.burst_one(f"/v1/games/wheel{n}/draws", [{"member": who(p)} for p in self.crowd], f"d{n}")
        got = collections.Counter((s, a.get("prize"), a.get("why")) for s, a in answers)
        self.equal("one prize", got, {(200, "mug", "as_drawn"): 1, (200, "none", "out_of_stock"): CLIENTS - 1})
        game = await self.must("GET", f"/v1/games/wheel{n}")
        self.equal("counted", ([p["given"] for p in game["prizes"]], game["plays"]), ([1, CLIENTS - 1], CLIENTS))

    async def settle(self, rounds):
        self.equal("mugs that members have", await self.held("mug"), rounds)

    def after(self, rounds, rows):
        self.equal("published draws", rows("SELECT prize, why, count(*) AS n FROM game_draws GROUP BY 1, 2 ORDER BY 1"),
                   [{"prize": 1, "why": 0, "n": rounds}, {"prize": 2, "why": 3, "n": rounds * (CLIENTS - 1)}])


class Packet(Thing):
    async def prepare(self):
        await self.unit("points")

    async def round(self, n):
        sender = f"137{n:08d}"
        await self.members([sender])
        await self.must("POST", "/v1/ledger/adjustments",
                        {"member": who(sender), "unit": "points", "amount": TOTAL, "reason": "test"})
        packet = (await self.must("POST", "/v1/packets", {"member": who(sender), "unit": "points", "total": TOTAL,
                                                          "shares": SHARES, "mode": "random"}))["packet"]
        claims = [{"member": who(p)} for p in self.crowd]
        won, lost = winners(await self.burst_one(f"/v1/packets/{packet}/claims", claims, f"c{n}"))
        self.equal("shares", (len(won), lost), (SHARES, {"packet_empty": CLIENTS - SHARES}))
        self.equal("sum", sum(a["amount"] for a in won), TOTAL)
        self.equal("nobody below one", min(a["amount"] for a in won) >= 1, True)
        self.equal("one share a member", len({a["member"] for a in won}), SHARES)
        first = {a["member"]: a["amount"] for a in won}
        again, lost = winners(await self.burst_one(f"/v1/packets/{packet}/claims", claims, f"a{n}"))
        self.equal("asked again", ({a["member"]: a["amount"] for a in again}, lost),
                   (first, {"packet_empty": CLIENTS - SHARES}))
        self.equal("said so", {a["again"] for a in again}, {True})
        view = await self.must("GET", f"/v1/packets/{packet}")
        self.equal("the packet", (view["left"], view["claimed"]), (0, SHARES))
        self.equal("the sender", await self.balance(sender, "points"), 0)

    async def settle(self, rounds):
        self.equal("what members have", await self.held("points"), rounds * TOTAL)

    def after(self, rounds, rows):
        self.equal("published claims", rows("SELECT count(*) AS n, sum(amount) AS s FROM packet_claims"),
                   [{"n": rounds * SHARES, "s": rounds * TOTAL}])


class Stamp(Thing):
    async def prepare(self):
        await self.unit("mug")
        await self.unit("stamp", earn_cap=2, earn_cap_period="lifetime")
        await self.game("card", kind="stamps", unit="stamp", size=2,
                        rewards=[{"kind": "milestone", "at": 2, "unit": "mug", "amount": 1}])

    async def round(self, n):
        hers = self.crowd[n]
        await self.must("POST", "/v1/games/card/stamps", {"member": who(hers)})
        answers = await self.burst_one("/v1/games/card/stamps", [{"member": who(hers)}] * CLIENTS, f"p{n}")
        won, lost = winners(answers)
        self.equal("one stamp", (len(won), lost), (1, {"play_limit": CLIENTS - 1}))
        self.equal("one card", [(a["stamps"], a["filled"], a["cards"]) for a in won], [(0, 1, 1)])
        self.equal("one reward", await self.balance(hers, "mug"), 1)
        seat = await self.must("GET", f"/v1/members/phone:{hers}/games/card")
        self.equal("her card", (seat["stamps"], seat["cards"]), (0, 1))

    async def settle(self, rounds):
        self.equal("mugs that members have", await self.held("mug"), rounds)

    def after(self, rounds, rows):
        self.equal("published cards", rows("SELECT count(*) AS n FROM game_stamps WHERE cards = 1"), [{"n": rounds}])


class Coupons(Thing):
    async def prepare(self):
        pass

    async def round(self, n):
        unit = f"hot{n}"
        await self.must("PUT", f"/v1/units/{unit}", {
            "kind": "coupon", "stock": COUPONS, "earn_cap": LIMIT, "earn_cap_period": "lifetime",
            "earn_cap_rejects": True, "claim_code": f"HOT{n}"})
        asked = [[(f"/v1/members/phone:{p}/coupon-claims", {"claim_code": f"HOT{n}"})] * (LIMIT + 1)
                 for p in self.crowd]
        answers = await self.burst(asked, f"k{n}")
        won, lost = winners([a for one in answers for a in one])
        self.equal("issued", len(won), COUPONS)
        self.equal("refused", (sum(lost.values()), set(lost) <= {"cap_exceeded", "out_of_stock"}),
                   (CLIENTS * (LIMIT + 1) - COUPONS, True))
        self.equal("all different", len({a["coupon"] for a in won}), COUPONS)
        most = max(sum(s in (200, 201) for s, _ in one) for one in answers)
        self.equal("nobody above the limit", most <= LIMIT, True)
        issued = {a["coupon"] for a in won}
        has = []
        for p in self.crowd:
            found = await self.must("GET", f"/v1/members/phone:{p}/coupons")
            has += [c["coupon"] for c in found["coupons"] if c["unit"] == unit]
        self.equal("members have what was issued", (len(has), set(has)), (COUPONS, issued))


THINGS = {"prize": Prize, "packet": Packet, "stamp": Stamp, "coupons": Coupons}


def main():
    program, thing = sys.argv[1], sys.argv[2]
    rounds = length(sys.argv[3] if len(sys.argv) > 3 else None, 1, 3, 50)
    seed = int(sys.argv[4]) if len(sys.argv) > 4 else int(time.time())
    passed, failed = drive(program, THINGS[thing], rounds, seed, f"one {thing}")
    if failed:
        print(f"repeat with: {sys.argv[0]} {program} {thing} {rounds} {seed}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
