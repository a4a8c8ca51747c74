#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The pages' client in TypeScript from the operation table: a type for every schema, a function
and a row (method, path, roles, idempotency) for every operation. No path is written by hand.

    gen_client.py api/operations.toml client.gen.ts
"""
import re
import sys
import tomllib

import gen_operations as table_rules


def ts_type(schema):
    if "$ref" in schema:
        return schema["$ref"].rsplit("/", 1)[1]
    if "enum" in schema:
        return " | ".join(f'"{v}"' for v in schema["enum"])
    kind = schema.get("type")
    if kind == "array":
        inner = ts_type(schema["items"])
        return f"({inner})[]" if "|" in inner else f"{inner}[]"
    if kind == "object":
        more = schema.get("additionalProperties")
        return f"Record<string, {ts_type(more) if isinstance(more, dict) else 'Json'}>"
    return {"string": "string", "integer": "number", "boolean": "boolean"}.get(kind, "Json")


def name_of(text):
    return text if re.fullmatch(r"[A-Za-z_]\w*", text) else f'"{text}"'


def interface(name, schema):
    needed = set(schema.get("required", []))
    lines = [f"export interface {name} {{"]
    for field, inner in schema["properties"].items():
        remark = f"  // {inner['description']}" if "description" in inner else ""
        mark = "" if field in needed else "?"
        lines.append(f"  {name_of(field)}{mark}: {ts_type(inner)};{remark}")
    return lines + ["}", ""]


def camel(text):
    head, *rest = text.split("_")
    return head + "".join(w.capitalize() for w in rest)


def body_type(text):
    if text in ("", "text", "json"):
        return {"": "void", "text": "string", "json": "Json"}[text]
    return "string" if text.startswith("ndjson ") else text


def function(row, names):
    fields = [f"{p}: string" for p in re.findall(r"\{([a-z_]+)\}", row["path"])]
    for query, text in row["query"].items():
        schema, _ = table_rules.parse_field(text, row["name"], names)
        fields.append(f"{query}?: {ts_type(schema)}")
    needs = "{" in row["path"]
    params = f"p: {{ {'; '.join(fields)} }}" + ("" if needs else " = {}") if fields else "p: Record<string, never> = {}"
    body = f", body: {body_type(row['body'])}" if row["body"] else ""
    pass_body = ", body" if row["body"] else ""
    return (f"  /** {row['summary']} */\n"
            f"  {camel(row['name'])}: ({params}{body}) =>\n"
            f"    call<{body_type(row['reply'])}>(operations.{row['name']}, p{pass_body}),")


def main():
    source, target = sys.argv[1:]
    with open(source, "rb") as f:
        table = tomllib.load(f)
    schemas = table_rules.parse_schemas(table)
    rows = table["operation"]
    for row in rows:
        for key, default in (("body", ""), ("reply", ""), ("query", {}), ("idempotency", "none")):
            row.setdefault(key, default)
    names = set(table["schema"])
    out = ["// SPDX-License-Identifier: Apache-2.0",
           "// Generated from api/operations.toml by tools/gen_client.py; do not edit.",
           'import { call, type Json, type Operation } from "./http";', "",
           "export type Role = " + " | ".join(f'"{r}"' for r in table["roles"]) + ";", ""]
    for name, schema in schemas.items():
        if name != "Problem":
            out += interface(name, schema)
    out.append("export const operations = {")
    for row in rows:
        roles = ", ".join(f'"{r}"' for r in row["roles"])
        queries = ", ".join(f'"{q}"' for q in row["query"])
        out.append(f'  {row["name"]}: {{ name: "{row["name"]}", method: "{row["method"]}", path: "{row["path"]}", '
                   f'roles: [{roles}], query: [{queries}], idempotency: "{row["idempotency"]}", '
                   f'body: {"true" if row["body"] else "false"} }},')
    out += ["} as const satisfies Record<string, Operation>;", "", "export const api = {"]
    out += [function(row, names) for row in rows]
    out += ["};", ""]
    with open(target, "w", encoding="utf-8") as f:
        f.write("\n".join(out))


if __name__ == "__main__":
    main()
