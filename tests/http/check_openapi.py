#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks openapi.json against what OpenAPI 3.1 demands and what we promise.

    check_openapi.py OPENAPI_JSON OPERATIONS_TOML PROBLEM_H CODES_H

Every $ref resolves; every schema is JSON Schema that we know; path parameters are declared
exactly; operation ids are unique and those of the table; every 4xx and 5xx is a problem
document whose codes exist with that status; a key is needed unless the row says public.
Python's standard library only.
"""
import json
import re
import sys
import tomllib

SCHEMA_KEYS = {"type", "properties", "required", "additionalProperties", "items", "minItems",
               "maxItems", "minLength", "maxLength", "minimum", "maximum", "enum", "format",
               "description", "$ref", "allOf", "pattern"}
TYPES = {"object", "array", "string", "integer", "boolean"}


class Check:
    def __init__(self):
        self.done = 0
        self.failed = 0

    def that(self, condition, text):
        self.done += 1
        if not condition:
            self.failed += 1
            print(f"openapi: {text}")


def check_schema(c, api, schema, where):
    c.that(isinstance(schema, dict), f"{where} is no schema")
    c.that(set(schema) <= SCHEMA_KEYS, f"{where} has {set(schema) - SCHEMA_KEYS}")
    if "$ref" in schema:
        at = api
        for part in schema["$ref"].removeprefix("#/").split("/"):
            at = at.get(part) if isinstance(at, dict) else None
        c.that(at is not None, f"{where}: {schema['$ref']} leads nowhere")
    c.that(schema.get("type", "object") in TYPES, f"{where}: type {schema.get('type')}")
    for key in schema.get("required", []):
        c.that(key in schema.get("properties", {}) or "allOf" in schema, f"{where}: {key} required")
    for low, high in (("minLength", "maxLength"), ("minItems", "maxItems"), ("minimum", "maximum")):
        if low in schema and high in schema:
            c.that(schema[low] <= schema[high], f"{where}: {low} above {high}")
    for name, inner in schema.get("properties", {}).items():
        check_schema(c, api, inner, f"{where}.{name}")
    if isinstance(schema.get("additionalProperties"), dict):
        check_schema(c, api, schema["additionalProperties"], f"{where}.*")
    if "items" in schema:
        check_schema(c, api, schema["items"], f"{where}[]")
    for i, inner in enumerate(schema.get("allOf", [])):
        check_schema(c, api, inner, f"{where}&{i}")


def check_content(c, api, content, where):
    for kind, media in content.items():
        c.that(re.fullmatch(r"[a-z]+/[a-z+.-]+", kind), f"{where}: media type {kind}")
        check_schema(c, api, media["schema"], f"{where} {kind}")


def check_operation(c, api, path, method, op, row, problems):
    where = op.get("operationId", "?")
    names = set(re.findall(r"\{(\w+)\}", path))
    declared = {p["name"] for p in op.get("parameters", []) if p["in"] == "path"}
    c.that(names == declared, f"{where}: path parameters {names} and {declared}")
    for p in op.get("parameters", []):
        c.that(p["in"] in ("path", "query", "header"), f"{where}: parameter in {p['in']}")
        c.that(p["in"] != "path" or p["required"] is True, f"{where}: {p['name']} not required")
        check_schema(c, api, p["schema"], f"{where} {p['name']}")
    c.that(method == row["method"].lower() and path == row["path"], f"{where}: not the row's path")
    c.that((op["security"] == []) == (row["roles"] == ["public"]), f"{where}: wrong security")
    headers = [p for p in op.get("parameters", []) if p["name"] == "Idempotency-Key"]
    c.that(bool(headers) == (row.get("idempotency", "none") != "none"), f"{where}: idempotency")
    c.that(("requestBody" in op) == bool(row.get("body")), f"{where}: body")
    if "requestBody" in op:
        check_content(c, api, op["requestBody"]["content"], f"{where} body")
    c.that(str(row["status"]) in op["responses"], f"{where}: success is missing")
    for status, response in op["responses"].items():
        c.that(re.fullmatch(r"[1-5]\d\d", status), f"{where}: status {status}")
        c.that(bool(response.get("description")), f"{where} {status}: no description")
        check_content(c, api, response.get("content", {}), f"{where} {status}")
        if int(status) >= 400:
            schema = response["content"]["application/problem+json"]["schema"]
            for code in schema["allOf"][1]["properties"]["code"]["enum"]:
                c.that(problems.get(code) == int(status), f"{where}: {code} is not {status}")


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        api = json.load(f)
    with open(sys.argv[2], "rb") as f:
        table = tomllib.load(f)
    with open(sys.argv[3], encoding="utf-8") as f:
        problems = {p: int(s) for p, s in re.findall(r'X\(\w+, "([a-z0-9_]+)", (\d{3})', f.read())}
    with open(sys.argv[4], encoding="utf-8") as f:
        codes = {n.lower(): int(s) for n, s in re.findall(r'X\((\w+), (\d{3}), "', f.read())}
    problems = codes | problems
    c = Check()
    rows = {r["name"]: r for r in table["operation"]}
    c.that(api["openapi"] == "3.1.0", "not 3.1.0")
    c.that({"title", "version"} <= set(api["info"]), "info is incomplete")
    seen = []
    for path, item in api["paths"].items():
        c.that(path.startswith("/"), f"path {path}")
        for method, op in item.items():
            c.that(op["operationId"] in rows, f"{op['operationId']} is not in the table")
            seen.append(op["operationId"])
            check_operation(c, api, path, method, op, rows[op["operationId"]], problems)
    c.that(sorted(seen) == sorted(rows), "operations and rows differ")
    for name, schema in api["components"]["schemas"].items():
        check_schema(c, api, schema, name)
    used = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(api)))
    c.that(used == set(api["components"]["schemas"]),
           f"schemas nobody uses: {set(api['components']['schemas']) - used}")
    print(f"{c.done} checks, {c.failed} failed")
    sys.exit(1 if c.failed else 0)


if __name__ == "__main__":
    main()
