# SPDX-License-Identifier: Apache-2.0
"""tongbao verify draw against the same draw worked out by Python's library."""
import hashlib
import hmac
import pathlib
import struct
import tempfile

from common import check, equal, finish, good, run

SEED = bytes(range(32))
RULES = ("tongbao draw 1\ngame wheel\nprize a 250000 5 0 0 0 0 1\nprize b 0 0 0 0 0 0 1\n"
         "prize c 750000 0 0 0 0 0 0\nfallback c\n")
rules = pathlib.Path(tempfile.mkdtemp(prefix="tongbao-verify-")) / "rules.txt"
rules.write_text(RULES)


def ticket(edition, player, draw):
    text = b"tongbao1" + struct.pack(">IQQI", edition, player, draw, 0)
    word = struct.unpack(">4Q", hmac.new(SEED, text, hashlib.sha256).digest())[0]
    assert word < 2**64 - 2**64 % 10**6  # else the next: once in 10^13
    return word % 10**6


for draw in range(1, 40):
    player = draw * 0x123456789ABCDEF % 2**64
    want = ticket(draw % 3, player, draw)
    words = ("verify", "draw", "--seed", SEED.hex(), rules, draw % 3, f"{player:016x}", draw)
    lines = dict(x.split(" ") for x in good(*words, want).stdout.splitlines())
    equal("ticket", (int(lines["ticket"]), lines["prize"]), (want, "a" if want < 250000 else "c"))
    equal("hashes", (lines["seed_hash"], lines["rules_hash"]),
          (hashlib.sha256(SEED).hexdigest(), hashlib.sha256(RULES.encode()).hexdigest()))
    equal("another ticket", run(*words, (want + 1) % 10**6).returncode, 1)
base = ["verify", "draw", "--seed", SEED.hex(), rules, 1, "ff", 1]
for i, bad, code in ((3, "00", 2), (3, "zz" * 32, 2), (4, "none.txt", 3), (5, "x", 2), (6, "xyz", 2), (7, "-1", 2),
                     (1, "coin", 2)):
    equal(f"{bad}", run(*(base[:i] + [bad] + base[i + 1:])).returncode, code)
rules.write_text(RULES.replace("750000", "750001"))
equal("weights", run(*base).returncode, 1)
check("usage", "RULES" in run("verify", "--help").stdout)
finish()
