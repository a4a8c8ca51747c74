#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Random and mutated documents: our reader accepts exactly what an independent strict
reader accepts (Python's json with the rules of json.h on top), and means the same.

    json_differential.py JSON_LINES [DOCUMENTS [SEED]]
"""
import json
import random
import re
import struct
import subprocess
import sys

PIECES = [b'{', b'}', b'[', b']', b',', b':', b'"', b'\\', b'\\u0041', b'\\ud83d\\ude42', b'\\ud800',
          b'\\u0000', b'1', b'-', b'0', b'.', b'e', b'E+', b'true', b'null', b'false', b' ', b'\n',
          b'\t', b'\x00', b'\x1f', b'\x7f', b'\xc3\xa9', b'\xe9\x80\x9a', b'\xff', b'\xc0\xaf',
          b'\xf0\x9f\x99\x82', b'\xed\xa0\x80', b'"a"', b'"a":1', b'NaN', b'Infinity', b'/*x*/',
          b'9007199254740993', b'123456789012345678901', b'\xef\xbb\xbf', b'1.50', b'-0']


class Refused(Exception):
    pass


def no_duplicates(pairs):
    keys = [k for k, _ in pairs]
    if len(set(keys)) != len(keys) or len(keys) > 4096:
        raise Refused
    return dict(pairs)


def big_or_int(text):
    v = int(text)
    return v if -(1 << 63) <= v < 1 << 63 else ["#", text]


def refuse(_):
    raise Refused


DECODER = json.JSONDecoder(object_pairs_hook=no_duplicates, parse_float=lambda t: ["#", t],
                           parse_int=big_or_int, parse_constant=refuse, strict=True)


def strings_of(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for v in value:
            yield from strings_of(v)
    elif isinstance(value, dict):
        for k, v in value.items():
            yield k
            yield from strings_of(v)


def depth_of(data):
    """Of an accepted document: brackets outside strings."""
    bare = re.sub(rb'"(?:[^"\\]|\\.)*"', b'', data, flags=re.S)
    deep = most = 0
    for ch in bare:
        deep += (ch in b"[{") - (ch in b"]}")
        most = max(most, deep)
    return most


def reference(data):
    """The value, or Refused."""
    try:
        text = data.decode("utf-8")
        stripped = text.strip(" \n\r\t")
        value, end = DECODER.raw_decode(stripped)
    except (UnicodeDecodeError, ValueError, RecursionError, IndexError) as e:
        raise Refused from e
    if end != len(stripped) or depth_of(data) > 32:
        raise Refused
    for s in strings_of(value):
        if "\0" in s or any(0xD800 <= ord(c) <= 0xDFFF for c in s):
            raise Refused
    return value


def random_value(rng, depth):
    kind = rng.randrange(8 if depth < 5 else 5)
    if kind == 0:
        return rng.choice([True, False, None])
    if kind in (1, 2):
        return rng.choice([0, 1, -1, 2**53, -2**63, 2**63 - 1, 2**63, 10**20, 1.5, -0.001, 1e300])
    if kind in (3, 4):
        return "".join(rng.choice("ab\"\\/\b\n\x1fé通🙂\u2028") for _ in range(rng.randrange(8)))
    if kind in (5, 6):
        return {f"{rng.choice('abcé')}{i}": random_value(rng, depth + 1) for i in range(rng.randrange(6))}
    return [random_value(rng, depth + 1) for _ in range(rng.randrange(6))]


def document(rng):
    if rng.random() < 0.2:
        return b"".join(rng.choice(PIECES) for _ in range(rng.randrange(12)))
    data = bytearray(json.dumps(random_value(rng, 0), ensure_ascii=rng.random() < 0.5,
                                indent=rng.choice([None, None, 1])).encode())
    if rng.random() < 0.3:
        n = rng.choice((10, 31, 32, 33))
        data = bytearray(b"[" * n + bytes(data) + b"]" * n)
    for _ in range(rng.choice((0, 0, 1, 1, 2, 3))):
        at = rng.randrange(len(data) + 1)
        what = rng.randrange(4)
        if what == 0:
            data[at:at] = rng.choice(PIECES)
        elif what == 1:
            del data[at:at + rng.randrange(1, 4)]
        elif what == 2 and at < len(data):
            data[at] = rng.randrange(256)
        else:
            other = rng.randrange(len(data) + 1)
            data[at:at] = data[min(at, other):max(at, other)][:40]
    return bytes(data)


def main():
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 20000
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.SystemRandom().randrange(1 << 30)
    print(f"repeat with: json_differential.py {sys.argv[1]} {count} {seed}")
    rng = random.Random(seed)
    documents = [document(rng) for _ in range(count)]
    got = subprocess.run([sys.argv[1]], input=b"".join(struct.pack("<I", len(d)) + d for d in documents),
                         stdout=subprocess.PIPE, check=True).stdout.split(b"\n")
    failed = accepted = 0
    for data, line in zip(documents, got):
        try:
            want = reference(data)
            accepted += 1
            good = line.startswith(b"ok ") and json.loads(line[3:]) == want
        except Refused:
            good = not line.startswith(b"ok ") and line != b""
        if not good:
            failed += 1
            if failed <= 5:
                print(f"differs on {data!r}: {line[:100]!r}")
    print(f"{count} documents, {accepted} accepted by both, {failed} differ")
    sys.exit(1 if failed or not 0.2 < accepted / count < 0.8 else 0)


if __name__ == "__main__":
    main()
