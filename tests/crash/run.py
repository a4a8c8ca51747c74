#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kills crash_load with SIGKILL at random moments and starts it again on the same folder.

usage: run.py PROGRAM [KILLS [SEED]]

Without a number TB_CHECK says how long: fast 15, full 40, long 1,000 kills.

Every start proves that each acknowledged command is there and none is there twice. Some
kills hit the start itself (recovery), most the load. Prints what it saw and
"N passed, N failed"; a failing folder is kept and named.
"""
import array
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time

WORKERS = 3
READY = 2**64 - 1
A_FOLDER = 100  # kills; each start reads a day of keys, and there are more with every life


class Run:
    """One life of the program: collects acknowledgements until the pipe ends."""

    def __init__(self, program, folder, seconds, acked):
        args = [program, folder, str(seconds)] + [str(a) for a in acked]
        self.child = subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.bytes = bytearray()
        self.ready = threading.Event()
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        while True:
            part = os.read(self.child.stdout.fileno(), 1 << 16)
            if not part:
                break
            self.bytes += part
            self.ready.set()

    def finish(self, acked):
        """Waits; returns (exit code, what it said) and moves acked on."""
        self.child.wait()
        self.reader.join()
        said = self.child.stderr.read().decode(errors="replace").strip()
        self.child.stdout.close()
        self.child.stderr.close()
        records = array.array("Q")
        records.frombytes(bytes(self.bytes[: len(self.bytes) // 8 * 8]))
        got = [set() for _ in range(WORKERS)]
        for r in records:
            if r != READY:
                got[r >> 48].add(r & 0xFFFFFFFFFFFF)
        for w in range(WORKERS):
            # only what is acknowledged without a hole counts; the rest is sent again
            while acked[w] + 1 in got[w]:
                acked[w] += 1
        return self.child.returncode, said


def killed_often(program, folder, chance, kills):
    """(lives that ended as they should, kills before it served, acknowledged, what went wrong)"""
    acked = [0] * WORKERS
    in_recovery = 0
    for kill in range(kills + 1):
        last = kill == kills
        run = Run(program, folder, 0.2 if last else 60, acked)
        if not last:
            if chance.random() < 0.15:
                time.sleep(chance.random() * 0.03)
            else:
                run.ready.wait(30)
                time.sleep(chance.random() ** 2 * 0.4)
            in_recovery += not run.ready.is_set()
            run.child.kill()
        code, said = run.finish(acked)
        if code != (0 if last else -9):
            return kill, in_recovery, sum(acked), f"kill {kill}: exit {code}: {said}"
    return kills + 1, in_recovery, sum(acked), ""


def main():
    long = {"fast": 15, "full": 40, "long": 1000}[os.environ.get("TB_CHECK", "full")]
    program, kills = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else long
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else int(time.time())
    chance = random.Random(seed)
    passed = in_recovery = acked = 0
    began = time.time()
    for done in range(0, kills, A_FOLDER):
        folder = tempfile.mkdtemp(prefix="tb-crash-")
        good, early, certain, why = killed_often(program, folder, chance, min(kills - done, A_FOLDER))
        passed, in_recovery, acked = passed + good, in_recovery + early, acked + certain
        if why:
            print(f"folder {done // A_FOLDER} of seed {seed}, {why}\nfolder kept: {folder}")
            print(f"repeat with: tests/crash/run.py {program} {kills} {seed}")
            print(f"{passed} passed, 1 failed")
            return 1
        shutil.rmtree(folder)
    print(f"seed {seed}: {kills} kills, {in_recovery} of them before it served; {acked} acknowledged "
          f"commands, each there exactly once; {time.time() - began:.0f} s")
    print(f"{passed} passed, 0 failed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
