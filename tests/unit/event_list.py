#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes EVENT_LIST(X): X(number, name) for every event of api/events.proto.

usage: event_list.py TOOLS_FOLDER PROTO OUT
For tests that go through all of them (batch_sample.c, fuzz_journal.c).
"""
import pathlib
import sys

tools, proto, out = sys.argv[1:4]
sys.path.insert(0, tools)
import gen_codec  # noqa: E402  (its folder is only known now)
import schema_text  # noqa: E402

_, events = gen_codec.parse(schema_text.read(proto))
lines = [f"    X({field.number}, {gen_codec.snake(field.kind)})" for field, _ in events]
pathlib.Path(out).write_text("#define EVENT_LIST(X) \\\n" + " \\\n".join(lines) + "\n", encoding="utf-8")
