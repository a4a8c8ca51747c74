#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The Starbucks offers, replayed: a rule of Tongbao completes them, the data set says what happened.

    python3 examples/starbucks/replay.py --tongbao build/tongbao --archive starbucks.tar.zst [--members N] [--data DIR]

Imports members, mailings and transactions by the maps, makes a campaign of every offer in every mailing, lets
`tongbao backtest` run all of them over the transactions, and compares completion by completion with the file.
Ends with 1 when a difference belongs to no class below. README.md explains the classes.
"""
import argparse
import collections
import csv
import json
import pathlib
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta, timezone

HERE = pathlib.Path(__file__).resolve().parent
START = datetime(2018, 7, 26, 4, tzinfo=timezone.utc)  # hour 0: midnight in New York
MAILINGS = (0, 168, 336, 408, 504, 576)


def at(hour):
    return (START + timedelta(hours=hour)).strftime("%Y-%m-%dT%H:%M:%SZ")


def member_of(archive, name, keep=None):
    """The objects of one file of the archive, its blank lines skipped; with keep of these persons alone."""
    zstd = subprocess.Popen(["zstd", "-dc", archive], stdout=subprocess.PIPE)
    tar = subprocess.run(["tar", "-xO", "-f", "-", "starbucks/" + name], stdin=zstd.stdout, capture_output=True,
                         check=True)
    zstd.stdout.close()
    zstd.wait()
    lines = (line for line in tar.stdout.splitlines() if line.strip())
    person = len('{"person": "')
    if keep is not None:  # every line begins with the person: no need to parse those of others
        lines = (line for line in lines if line[person:person + 32].decode() in keep)
    return [json.loads(line) for line in lines]


def spent_since(start, days):
    """Spent in this order and before it, from the mailing's midnight on: a window of whole days that grows daily."""
    branches = [f'now < timestamp("{at(start + 24 * d)}") ? spent("{d}d") : ' for d in range(1, days + 1)]
    return "order.net + (" + "".join(branches) + f'spent("{days + 1}d"))'


def campaign(offer, start):
    """One offer in one mailing. A completion at the last hour still counts, as it does in the file."""
    days = int(offer["duration"])
    body = {
        "code": f"{offer['id']}.{start}",
        "name": f"{offer['offer_type']} {offer['difficulty']}/{offer['reward']}/{days}d",
        "from": at(start),
        "until": at(start + 24 * days + 1),
        "audience": f'attr.mailing_{start} == "{offer["id"]}"',
        "mechanic": "gift",
        "level": "order",
        "get": offer["reward"],
        "gift_unit": "rewards",
        "limits": [{"scope": "member", "period": "lifetime", "uses": 1}],
    }
    if offer["offer_type"] == "bogo":  # one purchase of that much
        body["min_amount"] = offer["difficulty"] * 100
    else:  # a discount counts every purchase since the mailing
        body["condition"] = f"{spent_since(start, days)} >= {offer['difficulty']}.0"
    return body


class Replay:
    def __init__(self, args):
        self.args = args
        self.tmp = tempfile.TemporaryDirectory(prefix="tb-starbucks-")
        self.work = pathlib.Path(self.tmp.name)
        self.data = pathlib.Path(args.data or self.work / "data")
        self.offers = {o["id"]: o for o in member_of(args.archive, "portfolio.json")}
        self.profile = member_of(args.archive, "profile.json")
        self.profile = self.profile[:args.members]
        keep = {m["id"] for m in self.profile} if args.members else None
        self.transcript = member_of(args.archive, "transcript.json", keep)

    def tongbao(self, *words):
        subprocess.run([self.args.tongbao, *map(str, words), "--data", self.data], check=True,
                       stdout=subprocess.DEVNULL)

    def write(self, name, rows):
        path = self.work / name
        path.write_text("".join(json.dumps(r) + "\n" for r in rows))
        return path

    def load(self):
        profile = self.write("profile.json", self.profile)
        transcript = self.write("transcript.json", self.transcript)
        self.tongbao("import", "members", "--quiet", "--map", HERE.parent / "starbucks.map", profile)
        self.tongbao("import", "members", "--quiet", "--map", HERE / "received.map", transcript)
        self.tongbao("import", "orders", "--quiet", "--map", HERE.parent / "starbucks.map", transcript)

    def run_campaigns(self):
        files = []
        for offer in self.offers.values():
            for start in MAILINGS:
                if offer["offer_type"] != "informational":
                    files.append(self.work / f"{offer['id']}.{start}.json")
                    files[-1].write_text(json.dumps(campaign(offer, start)))
        out = self.work / "completions.csv"
        subprocess.run([self.args.tongbao, "backtest", *files, "--tenant", "starbucks", "--from", "2018-07-26",
                        "--to", "2018-09-01", "--orders", out, "--data", self.data], check=True)
        made = collections.Counter()
        rewards = 0
        with open(out, newline="") as f:
            for row in csv.DictReader(f):
                person, hour = row["order"].split("/")
                offer = row["campaign"].split(".")[0]
                made[person, int(hour), offer] += 1
                rewards += int(row["gift_units"])
        return made, rewards


def facts_of(transcript):
    told, viewed, bought = collections.Counter(), collections.defaultdict(list), collections.defaultdict(dict)
    rewards = 0
    for e in transcript:
        v = e["value"]
        if e["event"] == "offer completed":
            told[e["person"], e["time"], v.get("offer_id") or v.get("offer id")] += 1
            rewards += v["reward"]
        elif e["event"] == "offer viewed":
            viewed[e["person"], v["offer id"]].append(e["time"])
        elif e["event"] == "transaction":
            bought[e["person"]][e["time"]] = round(v["amount"] * 100)
    return told, rewards, viewed, bought


def compare(replay, made, rewards):
    """Every completion of either side falls into one class; the sums must close."""
    told, told_rewards, viewed, bought = facts_of(replay.transcript)
    offers = replay.offers
    both = made & told
    classes = collections.Counter(agreed=sum(both.values()))
    worth = collections.Counter(agreed=sum(n * offers[k[2]]["reward"] for k, n in both.items()))
    explained = collections.Counter()

    def exactly(person, hour, offer):
        o = offers[offer]
        return o["offer_type"] == "bogo" and bought[person].get(hour) == o["difficulty"] * 100

    for key, n in (made - told).items():
        name = "rule_only_price_exactly_the_difficulty" if exactly(*key) else "rule_only_unexplained"
        classes[name] += n
        worth[name] += n * offers[key[2]]["reward"]
        explained[key[0], key[2]] += n if exactly(*key) else 0
    for key, n in (told - made).items():
        later = min(n, explained[key[0], key[2]])  # the rule had completed the same offer by the exact purchase before
        for name, part in (("file_only_completed_by_a_later_purchase", later), ("file_only_unexplained", n - later)):
            classes[name] += part
            worth[name] += part * offers[key[2]]["reward"]
    before = sum(n for (p, t, o), n in both.items() if any(v <= t for v in viewed[p, o]))
    print("completions                                   count   rewards")
    for name in sorted(classes, key=lambda c: (c != "agreed", c)):
        if classes[name]:
            print(f"  {name:<42} {classes[name]:>6} {worth[name]:>9}")
    print(f"  by the rule                                {sum(made.values()):>6} {rewards:>9}")
    print(f"  by the file                                {sum(told.values()):>6} {told_rewards:>9}")
    print(f"of those agreed, the offer had been viewed     {before:>6}")
    print(f"of those agreed, it had not                    {classes['agreed'] - before:>6}")
    rule = [n for n in classes if n.startswith("rule_only") or n == "agreed"]
    file = [n for n in classes if n.startswith("file_only") or n == "agreed"]
    closes = (sum(classes[n] for n in rule) == sum(made.values()) and sum(worth[n] for n in rule) == rewards and
              sum(classes[n] for n in file) == sum(told.values()) and sum(worth[n] for n in file) == told_rewards)
    print("classes add up" if closes else "classes do NOT add up")
    return closes and not classes["rule_only_unexplained"] and not classes["file_only_unexplained"]


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--tongbao", default="build/tongbao")
    p.add_argument("--archive", required=True)
    p.add_argument("--members", type=int, help="the first N members alone")
    p.add_argument("--data", help="a folder that stays")
    replay = Replay(p.parse_args())
    replay.load()
    made, rewards = replay.run_campaigns()
    sys.exit(0 if compare(replay, made, rewards) else 1)


if __name__ == "__main__":
    main()
