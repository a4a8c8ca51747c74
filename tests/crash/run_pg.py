#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A leader and a standby of crash_load on one PostgreSQL server, and what can happen to them.

usage: run_pg.py PROGRAM PG_SCRIPT [ROUNDS [SEED]]

Without a number TB_CHECK says how long: fast 3, full 6, long 51 rounds.

Each round one of: the leader is killed; the leader is frozen (SIGSTOP), the standby takes
over, the old one wakes and must acknowledge nothing more; the server is restarted at once
(pg_ctl -m immediate) under load. A process that meets an outcome it cannot know ends with 3
and counts as dead. Every process that leads proves what is there; at the end
one process proves everything that was ever acknowledged. Take-over must take <= 5 s.
"""
import array
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time

WORKERS = 3
READY = 2**64 - 1
FOLLOWING = 2**64 - 2  # has loaded and reads the journal
TAKE_OVER_S = 5.0
PATIENCE_S = 60  # for what has no limit of its own


class Process:
    """One life of the program; acknowledgements are read as they come."""

    def __init__(self, program, conninfo, acked, seconds=600):
        args = [program, "pg:" + conninfo, str(seconds)] + [str(a) for a in acked.lowest()]
        self.child = subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.acked = acked
        self.count = 0
        self.following = threading.Event()
        self.ready = threading.Event()
        self.said = ""
        self.threads = [threading.Thread(target=self.read), threading.Thread(target=self.listen)]
        for t in self.threads:
            t.start()

    def read(self):
        rest = b""
        while True:
            part = os.read(self.child.stdout.fileno(), 1 << 16)
            if not part:
                return
            rest += part
            records = array.array("Q")
            records.frombytes(rest[: len(rest) // 8 * 8])
            rest = rest[len(rest) // 8 * 8:]
            self.count += len(records)
            for mark, event in ((FOLLOWING, self.following), (READY, self.ready)):
                if mark in records:
                    self.count -= 1
                    event.set()
            self.acked.add(records)

    def listen(self):
        self.said = self.child.stderr.read().decode(errors="replace")

    def finish(self):
        code = self.child.wait()
        for t in self.threads:
            t.join()
        self.child.stdout.close()
        self.child.stderr.close()
        return code


class Acked:
    """What was acknowledged, by worker: everything up to a number, and some beyond it."""

    def __init__(self):
        self.lock = threading.Lock()
        self.upto = [0] * WORKERS
        self.beyond = [set() for _ in range(WORKERS)]

    def add(self, records):
        with self.lock:
            for r in records:
                if r >= FOLLOWING:
                    continue
                w, n = r >> 48, r & 0xFFFFFFFFFFFF
                if n == self.upto[w] + 1:
                    self.upto[w] = n
                    while self.beyond[w] and self.upto[w] + 1 in self.beyond[w]:
                        self.upto[w] += 1
                        self.beyond[w].discard(self.upto[w])
                elif n > self.upto[w]:
                    self.beyond[w].add(n)

    def lowest(self):
        with self.lock:
            return list(self.upto)


class Failed(Exception):
    pass


def ended_well(process, what, allowed):
    code = process.finish()
    if code not in allowed:
        raise Failed(f"{what}: exit {code}: {process.said.strip()}")


class Pair:
    """The two processes; a standby that is ready has become the leader."""

    def __init__(self, program, script, folder, chance):
        self.program, self.script, self.folder, self.chance = program, script, folder, chance
        self.conninfo = open(os.path.join(folder, "conninfo")).read().strip()
        self.acked = Acked()
        self.leader = self.start()
        self.worst = 0.0
        if not self.leader.ready.wait(PATIENCE_S):
            raise Failed("nobody leads at the start: " + self.leader.said)
        self.standby = self.start()
        self.standby.following.wait(PATIENCE_S)

    def start(self):
        return Process(self.program, self.conninfo, self.acked)

    def work(self):
        time.sleep(0.1 + self.chance.random() * 0.6)

    def wait_for_standby(self, since):
        if not self.standby.ready.wait(PATIENCE_S):
            raise Failed("the standby does not take over: " + self.standby.said)
        took = time.time() - since
        self.worst = max(self.worst, took)
        if took > TAKE_OVER_S:
            raise Failed(f"take-over took {took:.1f} s")

    def turn(self):
        """The standby leads; a new one joins."""
        self.leader, self.standby = self.standby, self.start()
        self.standby.following.wait(PATIENCE_S)

    def kill(self):
        self.work()
        since = time.time()
        self.leader.child.kill()
        ended_well(self.leader, "killed leader", (-9, 3))
        self.wait_for_standby(since)
        self.turn()

    def freeze(self):
        self.work()
        since = time.time()
        self.leader.child.send_signal(signal.SIGSTOP)
        self.wait_for_standby(since)
        time.sleep(0.3)
        before = self.leader.count
        self.leader.child.send_signal(signal.SIGCONT)
        ended_well(self.leader, "woken leader", (3,))
        if self.leader.count != before:
            raise Failed(f"the woken leader acknowledged {self.leader.count - before} commands")
        self.turn()

    def restart_server(self):
        self.work()
        subprocess.run([self.script, "restart", self.folder], check=True, stdout=subprocess.DEVNULL)
        time.sleep(1.0)
        # Either may give up when its data base goes away; whoever does starts again.
        for _ in range(40):
            if self.leader.child.poll() is not None:
                ended_well(self.leader, "leader without a server", (3,))
                self.leader = self.standby
                self.standby = self.start()
            if self.standby.child.poll() is not None:
                ended_well(self.standby, "standby without a server", (3,))
                self.standby = self.start()
            if self.standby.ready.is_set():
                self.leader, self.standby = self.standby, self.leader
            before = self.leader.count
            time.sleep(0.25)
            if self.leader.ready.is_set() and self.leader.count > before:
                return
        raise Failed(f"nobody serves after the restart: {self.leader.said} {self.standby.said}")

    def end(self):
        for p in (self.standby, self.leader):
            p.child.kill()
            p.finish()
        last = Process(self.program, self.conninfo, self.acked, 6)
        ended_well(last, "last proof", (0,))
        if not last.ready.is_set():
            raise Failed("the last proof did not run")


def main():
    long = {"fast": 3, "full": 6, "long": 51}[os.environ.get("TB_CHECK", "full")]
    program, script, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else long
    seed = int(sys.argv[4]) if len(sys.argv) > 4 else int(time.time())
    chance = random.Random(seed)
    folder = tempfile.mkdtemp(prefix="tb-crash-pg-")
    os.chmod(folder, 0o755)
    began = subprocess.run([script, "start", folder], stdout=subprocess.PIPE, text=True, check=False)
    if began.returncode == 77:
        print(began.stdout.strip())
        return 77
    if began.returncode:
        print(began.stdout)
        return 1
    passed = 0
    pair = None
    try:
        pair = Pair(program, script, folder, chance)
        for i in range(rounds):
            what = [pair.kill, pair.freeze, pair.restart_server][i % 3]
            what()
            passed += 1
        pair.end()
        passed += 1
        print(f"seed {seed}: {rounds} rounds, {sum(pair.acked.lowest())} acknowledged commands, each there "
              f"exactly once; slowest take-over {pair.worst:.1f} s")
    except Failed as failure:
        print(f"round {passed} of seed {seed}: {failure}")
    finally:
        if pair is not None:
            for p in (pair.leader, pair.standby):
                if p.child.poll() is None:
                    p.child.kill()
        subprocess.run([script, "stop", folder], check=False)
    print(f"{passed} passed, {int(passed != rounds + 1)} failed")
    return int(passed != rounds + 1)


if __name__ == "__main__":
    sys.exit(main())
