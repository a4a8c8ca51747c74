#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the C codec of api/events.proto.

The wire format is protobuf (any language can read the journal with the .proto file); the
code is ours because the hot path packs and unpacks half a million entries a second and
owns no memory. The grammar understood is the part of proto3 that the file uses: scalar
fields (uint32, uint64, sint64, fixed64, bool, string, bytes), repeated messages, repeated
uint64 (packed), `reserved`, and one message `Event` whose oneof lists every event.

A comment `// room: ledger` before the oneof field names the room that applies it.
"""
import re
import sys

import schema_text

SCALARS = {"uint32": "uint32_t", "uint64": "uint64_t", "sint64": "int64_t", "fixed64": "uint64_t",
           "bool": "bool", "string": "struct tb_str", "bytes": "struct tb_str"}


def snake(name):
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class Field:
    def __init__(self, repeated, kind, name, number):
        self.repeated, self.kind, self.name, self.number = repeated, kind, name, number

    @property
    def scalar(self):
        return self.kind in SCALARS


def parse(text):
    messages, events, current, in_oneof, room = {}, [], None, False, None
    for raw in text.splitlines():
        line, _, comment = raw.partition("//")
        line = line.strip()
        m = re.match(r"\s*room:\s*(\w+)", comment)
        if m:
            room = m.group(1)
        if not line or line.startswith(("syntax", "package", "option", "reserved")):
            continue
        if m := re.match(r"message (\w+) \{$", line):
            current = m.group(1)
            messages[current] = []
        elif line.startswith("oneof"):
            in_oneof = True
        elif line == "}":
            if in_oneof:
                in_oneof = False
            else:
                current = None
        elif m := re.match(r"(repeated )?(\w+) (\w+) = (\d+);$", line):
            f = Field(bool(m.group(1)), m.group(2), m.group(3), int(m.group(4)))
            if in_oneof:
                events.append((f, room))
            messages[current].append(f)
        else:
            sys.exit(f"events.proto: cannot read: {raw!r}")
    return messages, events

# What never leaves: sealed values, secrets, blind indexes, fingerprints, inner book-keeping.
HIDDEN = {"sealed", "secret", "hash", "key_hi", "key_lo", "salt", "ring", "anchor", "content", "input_hash",
          "blocked"}
REFS = {"profile": "MEMBER", "subject_profile": "MEMBER", "more": "MEMBER", "a": "MEMBER", "b": "MEMBER",
        "person": "PERSON", "order": "ORDER", "return_no": "RETURN", "lot": "LOT", "won_lot": "LOT", "hold": "HOLD",
        "transfer": "TRANSFER", "reverses": "TRANSFER", "device": "DEVICE", "job": "JOB", "tenant": "TENANT",
        "unit": "UNIT", "ns": "NAMESPACE", "store": "STORE", "product": "PRODUCT", "associate": "ASSOCIATE",
        "touchpoint": "TOUCHPOINT", "attribute": "ATTRIBUTE", "purpose": "PURPOSE", "purpose_id": "PURPOSE",
        "rule": "RULE", "scheme": "SCHEME", "actor": "KEY", "asked_by": "KEY",
        "decided_by": "KEY", "hands": "KEY", "made_by": "KEY", "made": "TRANSFER"}
SCHEMA_TYPES = {"uint32": "UINT", "uint64": "UINT", "bool": "UINT", "sint64": "SINT", "fixed64": "FIXED64",
                "string": "STRING", "bytes": "BYTES"}


def gen_schema(names, fields, events):
    """The tables that core/schema/schema.h describes; names come leaves first."""
    out = []
    for n in names:
        rows = []
        for f in fields[n]:
            if f.name in HIDDEN or (f.name == "id" and n.endswith("Put")):
                continue
            kind = SCHEMA_TYPES.get(f.kind, "MESSAGE")
            ref = REFS.get(f.name, "NONE") if f.kind == "uint64" else "NONE"
            message = "NULL" if f.scalar else f"&schema_{snake(f.kind)}"
            rows.append(f'    {{"{f.name}", {f.number}, TB_SCHEMA_{kind}, TB_REF_{ref}, '
                        f'{"true" if f.repeated else "false"}, {message}}},')
        out += [f"static const struct tb_schema_field schema_{snake(n)}_fields[] = {{", *(rows or ["    {0},"]), "};",
                f"__attribute__((unused)) static const struct tb_schema_message schema_{snake(n)} = {{",
                f'    "{n}", schema_{snake(n)}_fields, {len(rows)}}};', ""]
    out += ["const struct tb_schema_message *tb_schema_event(uint32_t type)", "{", "    switch (type) {"]
    out += [f"    case {f.number}:\n        return &schema_{snake(f.kind)};" for f, _ in events]
    out += ["    default:\n        return NULL;", "    }", "}", ""]
    return out


def tag(f):
    wire = {"fixed64": 1, "string": 2, "bytes": 2}.get(f.kind, 0 if f.scalar else 2)
    if f.repeated:
        wire = 2
    return f.number << 3 | wire


def ctype(f):
    return SCALARS[f.kind] if f.scalar else f"struct tb_ev_{snake(f.kind)}"


def varint_len(v):
    n = 1
    while v > 127:
        v >>= 7
        n += 1
    return n


def put_tag(f):
    v, out = tag(f), []
    while v > 127:
        out.append(v & 127 | 128)
        v >>= 7
    out.append(v)
    return "".join(f"*p++ = {x}; " for x in out)


VARINT_MAX = {"uint32": 5, "bool": 1, "fixed64": 8}


def room_fixed(fields):
    """Bytes that a message takes at most, strings and repeated fields aside."""
    n = 0
    for f in fields:
        if not f.repeated:
            n += varint_len(tag(f)) + (5 if f.kind in ("string", "bytes") else VARINT_MAX.get(f.kind, 10))
    return n


def gen_struct(name, fields):
    out = [f"struct tb_ev_{snake(name)} {{"]
    for f in fields:
        if f.repeated:
            out.append(f"    const {ctype(f)} *{f.name};")
            out.append(f"    uint32_t {f.name}_n;")
        else:
            out.append(f"    {ctype(f)} {f.name};")
    out.append("};")
    return "\n".join(out)


def gen_size(name, fields):
    s = snake(name)
    out = [f"size_t tb_ev_{s}_size(const struct tb_ev_{s} *m)", "{", "    size_t n = 0;"]
    if not fields:
        out.append("    (void)m;")
    for f in fields:
        t = varint_len(tag(f))
        x = f"m->{f.name}"
        if f.repeated and f.scalar:
            out.append(f"    if ({x}_n)\n        n += {t} + len_prefixed(packed_size({x}, {x}_n));")
        elif f.repeated:
            out.append(f"    for (uint32_t i = 0; i < {x}_n; i++)\n"
                       f"        n += {t} + len_prefixed(tb_ev_{snake(f.kind)}_size(&{x}[i]));")
        elif f.kind in ("string", "bytes"):
            out.append(f"    if ({x}.n)\n        n += {t} + len_prefixed({x}.n);")
        elif f.kind == "fixed64":
            out.append(f"    if ({x})\n        n += {t} + 8;")
        elif f.kind == "sint64":
            out.append(f"    if ({x})\n        n += {t} + varint_size(tb_zigzag({x}));")
        elif f.kind == "bool":
            out.append(f"    if ({x})\n        n += {t} + 1;")
        else:
            out.append(f"    if ({x})\n        n += {t} + varint_size({x});")
    out += ["    return n;", "}"]
    return "\n".join(out)


def gen_room(name, fields, messages):
    """An upper bound that costs less than the size: what is written below it needs no look."""
    s = snake(name)
    body = []
    for f in fields:
        x = f"m->{f.name}"
        t = varint_len(tag(f))
        if f.repeated and f.scalar:
            body.append(f"    n += {t + 5} + (size_t){x}_n * 10;")
        elif f.repeated:
            inner = messages[f.kind]
            if all(g.scalar and not g.repeated and g.kind not in ("string", "bytes") for g in inner):
                body.append(f"    n += (size_t){x}_n * {t + 5 + room_fixed(inner)};")
            else:
                body.append(f"    for (uint32_t i = 0; i < {x}_n; i++)\n"
                            f"        n += {t + 5} + room_{snake(f.kind)}(&{x}[i]);")
        elif f.kind in ("string", "bytes"):
            body.append(f"    n += {x}.n;")
    out = [f"__attribute__((unused)) static inline size_t room_{s}(const struct tb_ev_{s} *m)", "{",
           f"    size_t n = {room_fixed(fields)};", *(body or ["    (void)m;"]), "    return n;", "}"]
    return "\n".join(out)


def gen_write(name, fields):
    s = snake(name)
    out = [f"static uint8_t *write_{s}(uint8_t *p, const struct tb_ev_{s} *m)", "{"]
    if not fields:
        out.append("    (void)m;")
    for f in fields:
        x = f"m->{f.name}"
        if f.repeated and f.scalar:
            out.append(f"    if ({x}_n) {{\n        {put_tag(f)}p = write_packed(p, {x}, {x}_n);\n    }}")
        elif f.repeated:
            k = snake(f.kind)
            out.append(f"    for (uint32_t i = 0; i < {x}_n; i++) {{\n        {put_tag(f)}\n"
                       f"        uint8_t *part = ++p;\n"
                       f"        p = close_part(part, write_{k}(p, &{x}[i]));\n    }}")
        elif f.kind in ("string", "bytes"):
            out.append(f"    if ({x}.n) {{\n        {put_tag(f)}p = write_bytes(p, {x});\n    }}")
        elif f.kind == "fixed64":
            out.append(f"    if ({x}) {{\n        {put_tag(f)}p = write_fixed64(p, {x});\n    }}")
        elif f.kind == "sint64":
            out.append(f"    if ({x}) {{\n        {put_tag(f)}p = write_varint(p, tb_zigzag({x}));\n    }}")
        else:
            out.append(f"    if ({x}) {{\n        {put_tag(f)}p = write_varint(p, {x});\n    }}")
    out += ["    return p;", "}"]
    return "\n".join(out)


def gen_encode(name):
    s = snake(name)
    return f"""void tb_ev_{s}_encode(struct tb_buf *b, const struct tb_ev_{s} *m)
{{
    size_t left = b->overflowed ? 0 : b->cap - b->n;
    if (left < room_{s}(m) && (b->overflowed || left < tb_ev_{s}_size(m))) {{
        b->overflowed = true;
        return;
    }}
    b->n = (size_t)(write_{s}(b->p + b->n, m) - b->p);
}}"""


def gen_decode(name, fields):
    s = snake(name)
    out = [f"bool tb_ev_{s}_decode(struct tb_str in, struct tb_arena *a, struct tb_ev_{s} *m)", "{",
           f"    *m = (struct tb_ev_{s}){{0}};", "    (void)a;"]
    repeated = [f for f in fields if f.repeated and not f.scalar]
    for f in repeated:
        out.append(f"    {ctype(f)} *{f.name} = NULL;")
        out.append(f"    if (!count_field(in, {tag(f)}, &m->{f.name}_n))\n        return false;")
        out.append(f"    if (m->{f.name}_n) {{\n        {f.name} = TB_NEW_ARRAY(a, {ctype(f)}, m->{f.name}_n);\n"
                   f"        if ({f.name} == NULL)\n            return false;\n    }}")
        out.append(f"    m->{f.name} = {f.name};\n    uint32_t {f.name}_at = 0;")
    out += ["    struct cursor c = {(const uint8_t *)in.p, (const uint8_t *)in.p + in.n};",
            "    while (c.p < c.end) {", "        uint64_t key;",
            "        if (!get_varint(&c, &key))\n            return false;",
            "        switch (key) {"]
    for f in fields:
        out.append(f"        case {tag(f)}: {{")
        if f.repeated and f.scalar:
            out.append(f"            if (!get_packed(&c, a, &m->{f.name}, &m->{f.name}_n))\n"
                       "                return false;")
        elif f.repeated:
            out.append("            struct tb_str part;\n"
                       f"            if (!get_bytes(&c, &part) || {f.name}_at >= m->{f.name}_n ||\n"
                       f"                !tb_ev_{snake(f.kind)}_decode(part, a, &{f.name}[{f.name}_at++]))\n"
                       "                return false;")
        elif f.kind in ("string", "bytes"):
            out.append(f"            if (!get_bytes(&c, &m->{f.name}))\n                return false;")
        elif f.kind == "fixed64":
            out.append(f"            if (!get_fixed64(&c, &m->{f.name}))\n                return false;")
        else:
            out.append("            uint64_t v;\n            if (!get_varint(&c, &v))\n                return false;")
            if f.kind == "sint64":
                out.append(f"            m->{f.name} = tb_unzigzag(v);")
            elif f.kind == "bool":
                out.append(f"            m->{f.name} = v != 0;")
            elif f.kind == "uint32":
                out.append("            if (v > UINT32_MAX)\n                return false;\n"
                           f"            m->{f.name} = (uint32_t)v;")
            else:
                out.append(f"            m->{f.name} = v;")
        out.append("            break;\n        }")
    out += ["        default:", "            if (!skip_field(&c, key))\n                return false;", "        }",
            "    }",
            "    return true;", "}"]
    return "\n".join(out)


RUNTIME = r'''
struct cursor {
    const uint8_t *p;
    const uint8_t *end;
};

static inline size_t varint_size(uint64_t v)
{
    return (size_t)(70 - __builtin_clzll(v | 1)) / 7;
}

static inline size_t len_prefixed(size_t n)
{
    return varint_size(n) + n;
}

__attribute__((unused)) static size_t packed_size(const uint64_t *v, uint32_t n)
{
    size_t size = 0;
    for (uint32_t i = 0; i < n; i++)
        size += varint_size(v[i]);
    return size;
}

/* A number of more than seven bits; most have no more than three times as many. */
static uint8_t *write_more(uint8_t *p, uint64_t v)
{
    p[0] = (uint8_t)(v | 128);
    if (v < 1u << 14) {
        p[1] = (uint8_t)(v >> 7);
        return p + 2;
    }
    p[1] = (uint8_t)(v >> 7 | 128);
    if (v < 1u << 21) {
        p[2] = (uint8_t)(v >> 14);
        return p + 3;
    }
    p += 2;
    for (v >>= 14; v > 127; v >>= 7)
        *p++ = (uint8_t)(v | 128);
    *p++ = (uint8_t)v;
    return p;
}

static inline uint8_t *write_varint(uint8_t *p, uint64_t v)
{
    if (v > 127)
        return write_more(p, v);
    *p = (uint8_t)v;
    return p + 1;
}

static inline uint8_t *write_fixed64(uint8_t *p, uint64_t v)
{
    memcpy(p, &v, sizeof v); /* little-endian hosts */
    return p + sizeof v;
}

static inline uint8_t *write_bytes(uint8_t *p, struct tb_str s)
{
    p = write_varint(p, s.n);
    if (s.n)
        memcpy(p, s.p, s.n);
    return p + s.n;
}

__attribute__((unused)) static uint8_t *write_packed(uint8_t *p, const uint64_t *v, uint32_t n)
{
    p = write_varint(p, packed_size(v, n));
    for (uint32_t i = 0; i < n; i++)
        p = write_varint(p, v[i]);
    return p;
}

/* Puts the length of a part, [part, end), before it: one byte is kept for it, and a part that
 * needs more moves up. Returns the end.                                                   */
static inline uint8_t *close_part(uint8_t *part, uint8_t *end)
{
    size_t n = (size_t)(end - part);
    if (TB_LIKELY(n < 128)) {
        part[-1] = (uint8_t)n;
        return end;
    }
    size_t more = varint_size(n) - 1;
    memmove(part + more, part, n);
    (void)write_varint(part - 1, n);
    return end + more;
}

/* What stands before an event's body, at most: two tags of up to five bytes, two lengths. */
#define FRAME_MAX 32u

/* Ends Event { number: body }: the body was written where it stands when it is short, and
 * moves up when its lengths take more than a byte each.                                   */
static void close_event(struct tb_buf *b, uint32_t inner_tag, uint8_t *body, uint8_t *end)
{
    size_t tag_n = inner_tag < 128 ? 1 : varint_size(inner_tag);
    size_t n = (size_t)(end - body);
    size_t outer = tag_n + (n < 128 ? 1 : varint_size(n)) + n;
    size_t more = 0;
    if (outer > 127) {
        more = varint_size(n) + varint_size(outer) - 2;
        memmove(body + more, body, n);
    }
    uint8_t *p = b->p + b->n;
    *p++ = TB_ENTRY_EVENT_TAG;
    p = write_varint(p, outer);
    p = write_varint(p, inner_tag);
    (void)write_varint(p, n);
    b->n = (size_t)(end + more - b->p);
}

/* The usual case: there is room for anything up to the bound. */
static inline bool has_room(const struct tb_buf *b, size_t bound)
{
    return !b->overflowed && b->cap - b->n >= bound + FRAME_MAX;
}

/* The other one: an event of exactly that size fits, or the list overflows. */
__attribute__((unused)) static bool fits(struct tb_buf *b, uint32_t inner_tag, size_t size)
{
    size_t framed = 1 + len_prefixed(varint_size(inner_tag) + len_prefixed(size));
    if (!b->overflowed && framed <= b->cap - b->n)
        return true;
    b->overflowed = true;
    return false;
}

static inline void put_varint(struct tb_buf *b, uint64_t v)
{
    if (TB_UNLIKELY(b->overflowed || b->cap - b->n < 10)) {
        for (; v > 127; v >>= 7)
            tb_buf_byte(b, (uint8_t)(v | 128));
        tb_buf_byte(b, (uint8_t)v);
        return;
    }
    b->n = (size_t)(write_varint(b->p + b->n, v) - b->p);
}

static bool get_varint(struct cursor *c, uint64_t *out)
{
    uint64_t v = 0;
    for (uint32_t shift = 0; shift < 64; shift += 7) {
        if (c->p == c->end)
            return false;
        uint8_t byte = *c->p++;
        if (shift == 63 && byte > 1)
            return false;
        v |= (uint64_t)(byte & 127) << shift;
        if (byte < 128) {
            *out = v;
            return true;
        }
    }
    return false;
}

static bool get_fixed64(struct cursor *c, uint64_t *out)
{
    if (c->end - c->p < 8)
        return false;
    uint64_t v = 0;
    for (uint32_t i = 0; i < 8; i++)
        v |= (uint64_t)c->p[i] << (8 * i);
    c->p += 8;
    *out = v;
    return true;
}

static bool get_bytes(struct cursor *c, struct tb_str *out)
{
    uint64_t n;
    if (!get_varint(c, &n) || n > (uint64_t)(c->end - c->p))
        return false;
    *out = (struct tb_str){(const char *)c->p, (uint32_t)n};
    c->p += n;
    return true;
}

static bool skip_field(struct cursor *c, uint64_t key)
{
    uint64_t v;
    struct tb_str s;
    switch (key & 7) {
    case 0:
        return get_varint(c, &v);
    case 1:
        return get_fixed64(c, &v);
    case 2:
        return get_bytes(c, &s);
    case 5:
        if (c->end - c->p < 4)
            return false;
        c->p += 4;
        return true;
    default:
        return false;
    }
}

__attribute__((unused)) static bool count_field(struct tb_str in, uint64_t wanted, uint32_t *n)
{
    struct cursor c = {(const uint8_t *)in.p, (const uint8_t *)in.p + in.n};
    *n = 0;
    while (c.p < c.end) {
        uint64_t key;
        if (!get_varint(&c, &key) || !skip_field(&c, key))
            return false;
        *n += key == wanted;
    }
    return true;
}

__attribute__((unused)) static bool get_packed(struct cursor *c, struct tb_arena *a,
                                               const uint64_t **out, uint32_t *n)
{
    struct tb_str all;
    if (!get_bytes(c, &all))
        return false;
    struct cursor in = {(const uint8_t *)all.p, (const uint8_t *)all.p + all.n};
    uint64_t *v = TB_NEW_ARRAY(a, uint64_t, all.n ? all.n : 1);
    if (v == NULL)
        return false;
    *n = 0;
    while (in.p < in.end)
        if (!get_varint(&in, &v[(*n)++]))
            return false;
    *out = v;
    return true;
}
'''


def order(messages):
    done, out = set(), []

    def visit(name):
        if name in done:
            return
        done.add(name)
        for f in messages[name]:
            if not f.scalar:
                visit(f.kind)
        out.append(name)

    for name in messages:
        if name != "Event":
            visit(name)
    return [n for n in out if n != "Event"]


def main(proto, header, source):
    messages, events = parse(schema_text.read(proto))
    # Entry holds repeated Event, which is read with tb_event_next; it is framing, not a struct
    names = order({k: [f for f in v if f.kind != "Event"] for k, v in messages.items()})
    fields = {k: [f for f in v if f.kind != "Event"] for k, v in messages.items()}
    h = ["/* Made by tools/gen_codec.py from api/events.proto. Do not edit. */", "#ifndef TB_EVENTS_GEN_H",
         "#define TB_EVENTS_GEN_H", "", '#include "base/text.h"', ""]
    for n in names:
        h += [gen_struct(n, fields[n]), ""]
    for n in names:
        s = snake(n)
        h += [f"size_t tb_ev_{s}_size(const struct tb_ev_{s} *m);",
              f"void tb_ev_{s}_encode(struct tb_buf *b, const struct tb_ev_{s} *m);",
              f"TB_MUST_USE bool tb_ev_{s}_decode(struct tb_str in, struct tb_arena *a, struct tb_ev_{s} *m);"]
    h += ["", "enum tb_event_type {"]
    h += [f"    TB_EVENT_{f.name.upper()} = {f.number}," for f, _ in events]
    h += ["};", "", "/* \"OrderPlaced\"; NULL when the number is unknown. */",
          "const char *tb_event_name(uint32_t type);", ""]
    h += ["struct tb_txn;", "", "/* Written by the rooms: folds one event into the state. Never refuses. */"]
    for f, room in events:
        h.append(f"void tb_{room}_apply_{f.name}(struct tb_txn *t, const struct tb_ev_{snake(f.kind)} *ev);")
    h += ["", "/* Appends the event to the command's list and applies it. */"]
    for f, room in events:
        h.append(f"void tb_emit_{f.name}(struct tb_txn *t, const struct tb_ev_{snake(f.kind)} *ev);")
    h += ["", "/* Decodes and applies one event; false when the bytes do not decode. */",
          "TB_MUST_USE bool tb_event_apply(struct tb_txn *t, uint32_t type, struct tb_str body, struct tb_arena *a);",
          "/* Splits the next Event off *list; false at its end or when malformed (*bad set). */",
          "bool tb_event_next(struct tb_str *list, uint32_t *type, struct tb_str *body, bool *bad);",
          "/* Generic framing: one length-delimited field of any message. */",
          "void tb_wire_put_bytes(struct tb_buf *b, uint32_t field, struct tb_str s);",
          "void tb_wire_put_uint(struct tb_buf *b, uint32_t field, uint64_t v);",
          "/* Walks any message: field number, its varint or bytes. False at the end. */",
          "bool tb_wire_next(struct tb_str *in, uint32_t *field, uint64_t *v, struct tb_str *s, bool *bad);",
          "", "#endif", ""]
    open(header, "w").write("\n".join(h))

    c = ["/* Made by tools/gen_codec.py from api/events.proto. Do not edit. */", '#include "events.gen.h"', "",
         "#include <string.h>", "", '#include "base/num.h"',
         '#include "core/schema/schema.h"', '#include "core/store/txn.h"', "", RUNTIME]
    for n in names:
        c += [gen_size(n, fields[n]), "", gen_room(n, fields[n], fields), "", gen_write(n, fields[n]), ""]
        c += [gen_encode(n), "", gen_decode(n, fields[n]), ""]
    c += ["const char *tb_event_name(uint32_t type)", "{", "    switch (type) {"]
    c += [f"    case {f.number}:\n        return \"{f.kind}\";" for f, _ in events]
    c += ["    default:\n        return NULL;", "    }", "}", ""]
    for f, room in events:
        k = snake(f.kind)
        c.append(f"""void tb_emit_{f.name}(struct tb_txn *t, const struct tb_ev_{k} *ev)
{{
    struct tb_buf *b = tb_txn_events(t);
    if (TB_LIKELY(has_room(b, room_{k}(ev))) || fits(b, {tag(f)}, tb_ev_{k}_size(ev))) {{
        uint8_t *body = b->p + b->n + {3 + varint_len(tag(f))};
        close_event(b, {tag(f)}, body, write_{k}(body, ev));
    }}
    tb_{room}_apply_{f.name}(t, ev);
}}
""")
    c += ["bool tb_event_apply(struct tb_txn *t, uint32_t type, struct tb_str body, struct tb_arena *a)", "{",
          "    switch (type) {"]
    for f, room in events:
        k = snake(f.kind)
        c.append(f"""    case {f.number}: {{
        struct tb_ev_{k} ev;
        if (!tb_ev_{k}_decode(body, a, &ev))
            return false;
        tb_{room}_apply_{f.name}(t, &ev);
        return true;
    }}""")
    c += ["    default:\n        return false;", "    }", "}", ""]
    c.append("""bool tb_wire_next(struct tb_str *in, uint32_t *field, uint64_t *v, struct tb_str *s, bool *bad)
{
    *v = 0;
    *s = TB_STR_NONE;
    if (in->n == 0)
        return false;
    struct cursor c = {(const uint8_t *)in->p, (const uint8_t *)in->p + in->n};
    uint64_t key;
    *bad = !get_varint(&c, &key) || key >> 3 > UINT32_MAX;
    if (!*bad) {
        *field = (uint32_t)(key >> 3);
        *bad = (key & 7) == 0   ? !get_varint(&c, v)
               : (key & 7) == 1 ? !get_fixed64(&c, v)
               : (key & 7) == 2 ? !get_bytes(&c, s)
                                : !skip_field(&c, key);
    }
    if (*bad)
        return false;
    *in = (struct tb_str){(const char *)c.p, (uint32_t)(c.end - c.p)};
    return true;
}

bool tb_event_next(struct tb_str *list, uint32_t *type, struct tb_str *body, bool *bad)
{
    uint32_t field;
    uint64_t v;
    struct tb_str event;
    *bad = false;
    while (tb_wire_next(list, &field, &v, &event, bad)) {
        if (field != TB_ENTRY_EVENT_FIELD)
            continue;
        *bad = !tb_wire_next(&event, type, &v, body, bad) || body->p == NULL;
        return !*bad;
    }
    return false;
}

void tb_wire_put_bytes(struct tb_buf *b, uint32_t field, struct tb_str s)
{
    put_varint(b, (uint64_t)field << 3 | 2);
    put_varint(b, s.n);
    tb_buf_str(b, s);
}

void tb_wire_put_uint(struct tb_buf *b, uint32_t field, uint64_t v)
{
    if (TB_UNLIKELY(b->overflowed || b->cap - b->n < 20)) {
        put_varint(b, (uint64_t)field << 3);
        put_varint(b, v);
        return;
    }
    uint8_t *p = write_varint(b->p + b->n, (uint64_t)field << 3);
    b->n = (size_t)(write_varint(p, v) - b->p);
}
""")
    c += gen_schema(names, fields, events)
    open(source, "w").write("\n".join(c))


if __name__ == "__main__":
    main(*sys.argv[1:4])
