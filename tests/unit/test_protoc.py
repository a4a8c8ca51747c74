#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The journal's bytes against protoc, which knows nothing but api/events.proto and what it imports.

usage: test_protoc.py BATCH_SAMPLE TOOLS_FOLDER PROTO [SEED]

Random batches are written by protoc, read and written again by the journal's own code, and
read by protoc: every field of every event comes back with its value and its name. A number
that the schema does not name would show as one, and fail.
"""
import pathlib
import random
import re
import shutil
import subprocess
import sys

sample, tools, proto = sys.argv[1:4]
sys.path.insert(0, tools)
import gen_codec  # noqa: E402  (its folder is only known now)
import schema_text  # noqa: E402

BATCHES_EACH = 3
EVENTS_A_BATCH = 16  # protoc reads the schema anew for every batch
ODD = [0, 1, 127, 128, 16383, 16384, 2**31 - 1, 2**32 - 1, 2**53 - 1, 2**63 - 1, 2**64 - 1]
TEXTS = ["", "a", "通宝", 'quote " and \\ back', "line\nbreak", "x" * 200, "🪙"]


def scalar(kind, chance):
    if kind == "uint32":
        return str(min(chance.choice(ODD), 2**32 - 1))
    if kind in ("uint64", "fixed64"):
        return str(chance.choice(ODD + [chance.getrandbits(64)]))
    if kind == "sint64":
        return str(chance.choice([0, 1, -1, 2**63 - 1, -(2**63), chance.getrandbits(63) - 2**62]))
    if kind == "bool":
        return chance.choice(["true", "false"])
    raw = chance.choice(TEXTS).encode() if kind == "string" else chance.randbytes(chance.randrange(40))
    return '"' + "".join(f"\\{b:03o}" for b in raw) + '"'


def message(messages, name, chance, depth=0):
    """Text form of a random message."""
    out = []
    for f in messages[name]:
        for _ in range(chance.randrange(4) if f.repeated else 1):
            if f.scalar:
                out.append(f"{f.name}: {scalar(f.kind, chance)}")
            elif depth < 4:
                out.append(f"{f.name} {{ {message(messages, f.kind, chance, depth + 1)} }}")
    return " ".join(out)


def frames(messages, event, chance, first):
    """Two tenants with one kind of event; values that the engine keeps in 32 bits stay in them."""
    out = []
    for tenant in (first, first + 1):
        entries = []
        for _ in range(2):
            events = f"event {{ {event.name} {{ {message(messages, event.kind, chance)} }} }}"
            entries.append(f"entry {{ command: {chance.getrandbits(31)} seq: {chance.getrandbits(62)} "
                           f"now_ms: {chance.getrandbits(42)} key_hash: {chance.getrandbits(64)} "
                           f"input_hash: {chance.getrandbits(64)} code: {chance.randrange(1 << 16)} "
                           f"answer: {scalar('bytes', chance)} actor: {chance.getrandbits(32)} "
                           f"member: {chance.getrandbits(62)} prev_seq: {chance.getrandbits(62)} "
                           f"field: {scalar('string', chance)} {events} {events} }}")
        out.append(f"frame {{ tenant: {tenant} first_seq: {chance.getrandbits(62)} {' '.join(entries)} }}")
    return " ".join(out)


def run(args, data):
    done = subprocess.run(args, input=data, capture_output=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, args))}: {done.stderr.decode(errors='replace')[-800:]}")
    return done.stdout


def protoc(verb, data):
    path = pathlib.Path(proto)
    return run(["protoc", f"--{verb}=tongbao.Batch", f"-I{path.parent}", str(path)], data)


def problem(text):
    """None, or what is wrong with a batch of these frames."""
    try:
        wire = protoc("encode", f"{text} version: 1".encode())
        again = run([sample], wire)
        one, two = protoc("decode", wire).decode(), protoc("decode", again).decode()
    except RuntimeError as why:
        return str(why)
    if re.search(r"^\s*\d+[ :]", two, re.M):
        return "a field has no name in the schema"
    if one != two:
        pair = next(((a, b) for a, b in zip(one.splitlines(), two.splitlines()) if a != b), ("", "one is longer"))
        return f"{pair[0].strip()[:100]} came back as {pair[1].strip()[:100]}"
    return None


def main():
    if shutil.which("protoc") is None:
        print("skipped: protoc is not installed (apt install protobuf-compiler)")
        return 77
    seed = int(sys.argv[4]) if len(sys.argv) > 4 else random.randrange(2**32)
    chance = random.Random(seed)
    messages, events = gen_codec.parse(schema_text.read(proto))
    passed = failed = 0
    for at in range(0, len(events), EVENTS_A_BATCH):
        kinds = [event for event, _ in events[at:at + EVENTS_A_BATCH]]
        for _ in range(BATCHES_EACH):
            texts = [frames(messages, event, chance, 2 * i + 1) for i, event in enumerate(kinds)]
            together = problem(" ".join(texts))
            wrong = [(event, problem(text)) for event, text in zip(kinds, texts)] if together else []
            wrong = [(event, why) for event, why in wrong if why]
            if together and not wrong:
                wrong = [(kinds[0], f"beside {len(kinds) - 1} other kinds: {together}")]
            failed += len(wrong)
            passed += len(kinds) - len(wrong)
            for event, why in wrong:
                print(f"{event.kind}: {why} (seed {seed})")
    print(f"{len(events)} kinds of events, seed {seed}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
