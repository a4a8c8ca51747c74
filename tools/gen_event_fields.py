#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tables of api/events.proto's messages, so that the feed can print any event as JSON.

    gen_event_fields.py EVENTS_PROTO OUT_C
"""
import re
import sys

import schema_text

TYPES = {"uint32": "U", "uint64": "U", "sint64": "S", "fixed64": "F", "bool": "B", "string": "T",
         "bytes": "X"}


def parse(text):
    messages, events, current = {}, [], None
    in_oneof = False
    for raw in text.splitlines():
        line = raw.partition("//")[0].strip()
        if m := re.match(r"message (\w+) \{$", line):
            current = m[1]
            messages[current] = []
        elif line.startswith("oneof"):
            in_oneof = True
        elif line == "}":
            if in_oneof:
                in_oneof = False
            else:
                current = None
        elif m := re.match(r"(repeated )?(\w+) (\w+) = (\d+);$", line):
            if in_oneof:
                events.append((int(m[4]), m[2], m[3]))
            else:
                messages[current].append((bool(m[1]), m[2], m[3], int(m[4])))
    return messages, events


def main(proto, out):
    messages, events = parse(schema_text.read(proto))
    wanted = [m for m in messages if m not in ("Batch", "Frame", "Entry", "Event")]
    number = {m: i for i, m in enumerate(wanted)}
    lines = ["// SPDX-License-Identifier: Apache-2.0",
             "/* Made by tools/gen_event_fields.py from api/events.proto. Do not edit. */",
             '#include "http/event_json.h"', ""]
    for m in wanted:
        lines.append(f"static const struct tb_event_field fields_{m}[] = {{")
        for repeated, kind, name, no in messages[m]:
            t = TYPES.get(kind, "M")
            lines.append(f'    {{{no}, \'{t}\', {"true" if repeated else "false"}, '
                         f'{number.get(kind, 0)}, "{name}"}},')
        lines += ["    {0, 0, false, 0, NULL},", "};"]
    lines.append("const struct tb_event_field *const tb_event_messages[] = {")
    lines += [f"    fields_{m}," for m in wanted] + ["};"]
    lines.append("const char *const tb_event_message_names[] = {")
    lines += [f'    "{m}",' for m in wanted] + ["    NULL,", "};"]
    lines.append("const struct tb_event_kind tb_event_kinds[] = {")
    lines += [f'    {{{no}, {number[kind]}, "{name}"}},' for no, kind, name in events]
    lines += ["    {0, 0, NULL},", "};", ""]
    open(out, "w", encoding="utf-8").write("\n".join(lines))


if __name__ == "__main__":
    main(*sys.argv[1:])
