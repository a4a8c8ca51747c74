#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Does to crash_retail what machines do to programs, and lets it prove itself afterwards.

usage: drive.py PROGRAM MODE COUNT [--shim SO] [--pg SCRIPT] [--seed N]

  kills      SIGKILL at random moments, 1-200 ms after it serves or while it recovers
  kills-pg   the same with journal and SQL state on a PostgreSQL server of its own, and every
             other round the server restarts at once (pg_ctl -m immediate) under load
  power      the power goes: what was not synced is lost in part (shim_lost_writes.c); some
             processes are killed before, so that the next one starts on a cache that is ahead
             of the disk
  power-new  the power goes while the folder is made, at each of the first COUNT changes, and
             once more at the second start
  normal     power with synchronous=NORMAL: must find lost commands, or the test is worthless
  syncs      the k-th sync fails, for k = 1 .. COUNT; the process must stop serving; then the
             power goes under its successor
  full       the disk fills up (a tmpfs): writes are refused, reads go on, it heals by itself
  take-over  two processes on one PostgreSQL journal: the leader is killed, or frozen and woken

Every start of the program sends again what is not known, proves that each acknowledged
command is there exactly once, that all sums agree, and that core's audit finds nothing.
Prints figures and "N passed, N failed"; a folder that failed is kept and named.
"""
import argparse
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

POWER_LOST, KILLED_BY_SHIM = 97, 98
TAKE_OVER_S = 5.0


class Failed(Exception):
    pass


class Life:
    """One run of the program; its lines are collected as they come."""

    def __init__(self, rig, *words, env=None, data=None, log=None):
        args = [rig.program, "--data", str(data or rig.data), "--log", str(log or rig.log),
                "--seed", str(rig.chance.getrandbits(60)), *words, *rig.words]
        self.child = subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                      env={**os.environ, **(env or {})})
        self.lines, self.times = [], []
        self.errors = ""
        self.changed = threading.Condition()
        self.ended = False
        self.threads = [threading.Thread(target=self.read), threading.Thread(target=self.listen)]
        for t in self.threads:
            t.start()

    def read(self):
        for line in self.child.stdout:
            with self.changed:
                self.lines.append(line.strip())
                self.times.append(time.monotonic())
                self.changed.notify_all()
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def listen(self):
        self.errors = self.child.stderr.read()

    def when(self, word):
        """Instant of the first line that starts so; None when there is none yet."""
        for line, at in zip(self.lines, self.times):
            if line.startswith(word):
                return at
        return None

    def wait_for(self, word, timeout):
        """True when the line came; False when the program ended or the time is over."""
        with self.changed:
            self.changed.wait_for(lambda: self.ended or self.when(word) is not None, timeout)
            return self.when(word) is not None

    def end(self, *allowed, timeout=60):
        try:
            code = self.child.wait(timeout)
        except subprocess.TimeoutExpired:
            self.child.kill()
            code = "no end"
        for t in self.threads:
            t.join()
        self.child.stdout.close()
        self.child.stderr.close()
        if code not in allowed:
            raise Failed(f"exit {code}: {'; '.join(self.lines[-4:])}\n{self.errors[-3000:]}")
        return code

    def figures(self, word="verified"):
        """{name: number} of the newest such line."""
        for line in reversed(self.lines):
            if line.startswith(word):
                return {k: int(v) for k, v in re.findall(r"([a-z_]+)[ =](-?\d+)", line)}
        return {}


class Rig:
    def __init__(self, options):
        self.program, self.chance = options.program, random.Random(options.seed)
        self.shim, self.pg = os.path.abspath(options.shim or ""), options.pg
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tb-crash-"))
        self.data, self.log = self.folder / "data", self.folder / "log"
        self.data.mkdir()
        self.words = []
        self.passed = 0
        self.said = []

    def note(self, life):
        self.passed += 1
        for name, n in life.figures().items():
            if name == "unknown":
                self.unknown = getattr(self, "unknown", 0) + n

    def final(self):
        """The whole feed against the whole log."""
        life = Life(self, "--seconds", "0", "--full")
        life.end(0, timeout=300)
        self.passed += 1
        return life.figures()

    def pg_verb(self, verb):
        done = subprocess.run(["sh", self.pg, verb, str(self.server)], capture_output=True, text=True, check=False)
        if done.returncode == 77:
            print(done.stdout.strip())
            print("0 passed, 0 failed")
            shutil.rmtree(self.folder)
            sys.exit(77)
        if done.returncode != 0:
            raise Failed(f"{verb}: {done.stdout}{done.stderr}")

    def pg_start(self, state=True):
        # The server runs as another user when we are root: a folder of its own under /tmp.
        self.server = pathlib.Path(tempfile.mkdtemp(prefix="tb-crash-pg-"))
        self.server.chmod(0o755)
        self.pg_verb("start")
        conninfo = (self.server / "conninfo").read_text().strip()
        self.words += ["--journal", conninfo] + (["--state", conninfo] if state else [])

    def clean(self, keep):
        if getattr(self, "server", None):
            subprocess.run(["sh", self.pg, "stop", str(self.server)], check=False)
        if keep:
            print(f"folder kept: {self.folder}")
        else:
            shutil.rmtree(self.folder, ignore_errors=True)


def some_time(rig, longest=0.2):
    time.sleep(0.001 + rig.chance.random() * longest)


# ---- kills --------------------------------------------------------------------------------------


def kill_once(rig, life, longest=0.2):
    """Kills in recovery or under load; True when it served."""
    if rig.chance.random() < 0.25:
        some_time(rig)
    else:
        life.wait_for("serving", 60)
        some_time(rig, longest)
    served = life.when("serving") is not None
    life.child.kill()
    life.end(-signal.SIGKILL)
    rig.note(life)
    return served


def summary(rig, what, extra=""):
    f = rig.final()
    rig.said.append(f"{what}; {f['acked']} acknowledged commands, {getattr(rig, 'unknown', 0)} settled after a "
                    f"restart: {f['lost']} lost, {f['doubled']} doubled, {f['sums']} sums differ, "
                    f"{f['breaks']} broken invariants{extra}")


def kills(rig, count):
    served = sum(kill_once(rig, Life(rig)) for _ in range(count))
    summary(rig, f"{count} kills, {count - served} of them before it served")


def kills_pg(rig, count):
    rig.pg_start()
    restarts = stopped = 0
    worst = 0.0
    for i in range(count):
        life = Life(rig, "--report")
        if i % 2 == 0:
            kill_once(rig, life)
            continue
        life.wait_for("serving", 60)
        some_time(rig)
        rig.pg_verb("restart")
        some_time(rig, 1.5)
        # It goes on by itself, or stops because it could not know.
        restarts += 1
        after = wait_grown(life, time.monotonic(), "written", 20)
        if after is None:
            stopped += 1
            life.end(3)
        else:
            worst = max(worst, after)
            life.child.kill()
            life.end(-signal.SIGKILL)
        rig.note(life)
    summary(rig, f"{count} rounds on PostgreSQL, {restarts} of them server restarts ({stopped} times it had to start "
                 f"again, else it wrote again within {worst:.1f} s)")


# ---- power --------------------------------------------------------------------------------------


def lossy(rig, **more):
    env = {"LD_PRELOAD": rig.shim, "LOST_DIR": str(rig.data), "LOST_SEED": str(rig.chance.getrandbits(40)),
           "LOST_HANDOVER": str(rig.folder / "handover")}
    env.update({f"LOST_{k.upper()}": str(v) for k, v in more.items()})
    return env


def power_once(rig, **more):
    """One process that ends by a loss of power, or by a kill that leaves its cache to the next."""
    dice = rig.chance.random()
    if dice < 0.4:  # at some change, in recovery or soon after
        at = int(10 ** (rig.chance.random() * 3.5))
        life = Life(rig, "--seconds", "3", env=lossy(rig, at=at, **more))
        if life.end(POWER_LOST, 0) == 0:
            return power_once(rig, **more)
    else:
        kill = dice > 0.8
        life = Life(rig, env=lossy(rig, **more))
        life.wait_for("serving", 60)
        some_time(rig)
        life.child.send_signal(signal.SIGUSR1 if kill else signal.SIGUSR2)
        life.end(KILLED_BY_SHIM if kill else POWER_LOST)
    rig.note(life)
    return life


def power(rig, count):
    lost = 0
    before = 0
    while lost < count:
        life = power_once(rig)
        lost += life.child.returncode == POWER_LOST
        before += life.when("serving") is None
    (rig.folder / "handover").unlink(missing_ok=True)
    summary(rig, f"{lost} losses of power, {before} of them before it served")


def power_new(rig, count):
    for k in range(1, count + 1):
        rig.data, rig.log = rig.folder / f"data{k}", rig.folder / f"log{k}"
        rig.data.mkdir()
        for at in (k, 1 + rig.chance.randrange(count)):
            life = Life(rig, "--seconds", "0.02", env=lossy(rig, at=at))
            life.end(POWER_LOST, 0)
            (rig.folder / "handover").unlink(missing_ok=True)
            rig.note(life)
        rig.final()
        shutil.rmtree(rig.data)
    rig.said.append(f"{2 * count} losses of power while a folder is made: it opens every time")


def normal(rig, count):
    for i in range(count):
        try:
            power_once(rig, normal=1)
            (rig.folder / "handover").unlink(missing_ok=True)  # the next one runs without the shim
            life = Life(rig, "--seconds", "0", "--full")
            life.end(0)
        except Failed as found:
            first = re.search(r"(command|member|audit|fault).*", str(found))
            rig.passed = 1
            rig.said.append(f"synchronous=NORMAL is found out in round {i + 1}: {first.group(0) if first else found}")
            return
    raise Failed(f"{count} losses of power with synchronous=NORMAL lost nothing: this test proves nothing")


# ---- failing syncs --------------------------------------------------------------------------------


def syncs(rig, count):
    """Every other one is counted from the start of the process, the rest from when it serves."""
    aborted = -signal.SIGABRT  # the key store: no answer would be right
    ends = {0: 0, 3: 0, 4: 0, aborted: 0}
    for k in range(1, count + 1):
        serving = k % 2
        life = Life(rig, "--seconds", "1", env=lossy(rig, fail_at=k // 2 + 1, fail_waits=serving))
        if serving and life.wait_for("serving", 30):
            life.child.send_signal(signal.SIGHUP)
        ends[life.end(*ends)] += 1
        rig.note(life)
        power_once(rig)
    (rig.folder / "handover").unlink(missing_ok=True)
    if count > 3 and (ends[3] == 0 or ends[4] == 0):
        raise Failed(f"no failing sync stopped it, or none its start: {ends}")
    summary(rig, f"{count} failing syncs: {ends[3] + ends[aborted]} times it stopped serving, {ends[4]} times it did "
                 f"not start, {ends[0]} times it went on (not a sync of the journal)")


# ---- a full disk ----------------------------------------------------------------------------------


def grown(life, frm, word):
    """How far a figure of the reports has come since an instant."""
    seen = []
    with life.changed:
        for line, at in zip(life.lines, life.times):
            found = re.search(word + r" (\d+)", line)
            if line.startswith("t ") and at >= frm and found:
                seen.append(int(found.group(1)))
    return seen[-1] - seen[0] if len(seen) > 1 else 0


def wait_grown(life, frm, word, timeout):
    """Seconds until the figure grows; None when it does not, or the program ended."""
    while time.monotonic() < frm + timeout and life.child.poll() is None:
        time.sleep(0.1)
        if grown(life, frm, word) > 0:
            return time.monotonic() - frm
    return None


def fill(rig, leave):
    """In pieces: an allocation that does not fit wholly takes nothing."""
    piece = 4 << 20
    with open(rig.data / "filler", "ab") as f:
        while piece >= 4096:
            space = os.statvfs(rig.data)
            piece = min(piece, max(space.f_bavail * space.f_frsize - leave, 0))
            try:
                if piece > 0:
                    os.posix_fallocate(f.fileno(), os.fstat(f.fileno()).st_size, piece)
            except OSError:
                piece //= 2


def full_once(rig, leave):
    """Read-only below 48 MiB; below 16 MiB the journal takes what its prefilled log holds. So what was
    under way mostly becomes durable even when nothing at all is left at once, and reads go on: always
    with 32 MiB left; with less, batches under way that exceed what the live segment still holds hold up
    everything behind them until there is space."""
    life = Life(rig, "--report")
    if not life.wait_for("serving", 30):
        life.end(0)
    time.sleep(0.5)
    fill(rig, leave)
    time.sleep(0.7)
    frm = time.monotonic()
    time.sleep(0.8)
    written, read = grown(life, frm, "written"), grown(life, frm, "read")
    (rig.data / "filler").unlink()
    freed = time.monotonic()
    healed = wait_grown(life, freed, "written", 5)
    flushed = wait_grown(life, freed, "flushed", 5)
    life.child.kill()
    life.end(-signal.SIGKILL)
    rig.note(life)
    held = read == 0 and leave >= 32 << 20
    if written > 0 or held or healed is None or flushed is None:
        raise Failed(f"{leave} bytes left: {written} written and {read} read while full; writes healed after "
                     f"{healed} s, the SQL state after {flushed} s\n" + "\n".join(life.lines[-3:]) + life.errors)
    return read, max(healed, flushed)


def full(rig, count):
    if os.geteuid() != 0:
        print("skipped: a full disk needs root to mount a tmpfs")
        return
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256m", "tmpfs", str(rig.data)], check=True)
    rig.words = ["--space-low", str(48 << 20), "--reserve", str(16 << 20)]
    try:
        worst = reads = 0
        for i in range(count):
            read, healed = full_once(rig, (32 << 20, 8 << 20, 0)[i % 3])
            reads += read
            worst = max(worst, healed)
        summary(rig, f"{count} full disks: no write accepted, {reads} reads answered, writes and the SQL state go "
                     f"on at most {worst:.1f} s after there is space")
    finally:
        subprocess.run(["umount", "-l", str(rig.data)], check=True)


# ---- take-over ------------------------------------------------------------------------------------


def answers(log, size=88):
    """Records of answers (results and reads) that a process wrote."""
    raw = log.read_bytes() if log.exists() else b""
    return sum(raw[i] in (2, 3) for i in range(0, len(raw) // size * size, size))


def node(rig, book, logs):
    words = ["--book", str(book), "--reads"]
    for other, log in enumerate(logs):
        if other != book:
            words += ["--also", str(log)]
    return Life(rig, *words, data=rig.data, log=logs[book])


def take_over(rig, count):
    rig.pg_start()
    logs = [rig.folder / "log0", rig.folder / "log1"]
    rig.log = logs[0]
    lives = [node(rig, 0, logs), None]
    if not lives[0].wait_for("serving", 30):
        lives[0].end(0)
    leader, worst = 0, {"killed": 0.0, "frozen": 0.0}
    for i in range(count):
        follower = 1 - leader
        lives[follower] = node(rig, follower, logs)
        if not lives[follower].wait_for("following", 30):
            lives[follower].end(0)
        time.sleep(0.3 + rig.chance.random() * 0.5)
        how = "frozen" if i % 2 else "killed"
        lives[leader].child.send_signal(signal.SIGSTOP if how == "frozen" else signal.SIGKILL)
        gone = time.monotonic()
        if not lives[follower].wait_for("leading", 20):
            raise Failed(f"nobody leads 20 s after the leader was {how}: {lives[follower].lines[-3:]}")
        after = lives[follower].when("leading") - gone
        worst[how] = max(worst[how], after)
        if after > TAKE_OVER_S:
            raise Failed(f"take-over took {after:.1f} s after the leader was {how}")
        if not lives[follower].wait_for("serving", 60):
            lives[follower].end(0)
        some_time(rig, 0.5)
        if how == "frozen":
            before = answers(logs[leader])
            lives[leader].child.send_signal(signal.SIGCONT)
            lives[leader].end(3, timeout=30)
            if answers(logs[leader]) != before:
                raise Failed(f"the woken leader gave {answers(logs[leader]) - before} more answers")
        else:
            lives[leader].end(-signal.SIGKILL)
        rig.note(lives[follower])
        leader = follower
    lives[leader].child.kill()
    lives[leader].end(-signal.SIGKILL)
    rig.words += ["--also", str(logs[1])]
    summary(rig, f"{count} take-overs, the longest {worst['killed']:.1f} s after a kill, {worst['frozen']:.1f} s "
                 "after a freeze; a woken leader answered nothing")


MODES = {"kills": kills, "kills-pg": kills_pg, "power": power, "power-new": power_new, "normal": normal,
         "syncs": syncs, "full": full, "take-over": take_over}


def main():
    p = argparse.ArgumentParser(usage=__doc__)
    p.add_argument("program")
    p.add_argument("mode", choices=MODES)
    p.add_argument("count", type=int)
    p.add_argument("--shim")
    p.add_argument("--pg")
    p.add_argument("--seed", type=int, default=int(time.time()))
    options = p.parse_args()
    fast = os.environ.get("TB_CHECK") == "fast" and options.mode != "normal"
    count = max(options.count // 5, 1) if fast else options.count
    rig = Rig(options)
    began = time.monotonic()
    failed = 0
    try:
        MODES[options.mode](rig, count)
    except Failed as why:
        failed = 1
        print(why)
        print(f"repeat with: {' '.join(sys.argv)} --seed {options.seed}")
    finally:
        rig.clean(keep=failed)
    for line in rig.said:
        print(f"{options.mode}, seed {options.seed}: {line}; {time.monotonic() - began:.0f} s")
    print(f"{rig.passed} passed, {failed} failed")
    return failed


if __name__ == "__main__":
    sys.exit(main())
