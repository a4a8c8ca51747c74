#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""api/operations.toml -> operations.gen.h, operations.gen.c, openapi.json.

    gen_operations.py TABLE PROBLEM_H [CODES_H] OUT_H OUT_C OUT_JSON

The table is the source of truth: the router, the access table and the description of the
API come from here and are never edited. What is unclear is refused with the row's name.
The notation is described at the head of the table.  Python's standard library only.
"""
import json
import re
import sys
import tomllib

AMOUNT_MAX = 9007199254740991
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
ROW_KEYS = {"name", "method", "path", "tag", "summary", "command", "roles", "scope",
            "idempotency", "rate", "body", "body_limit", "reply", "status", "query", "answers", "asks"}
# What a row answers without saying so.
ALWAYS = ["overloaded", "internal"]
WITH_KEY = ["key_missing", "key_invalid", "forbidden_role", "forbidden_scope"]
WITH_CELL = ["not_leading", "unavailable", "queue_full", "tenant_busy"]
WITH_WRITE = ["outcome_unknown", "read_only", "lagging"]
WITH_BODY = ["unsupported_media_type", "unsupported_encoding", "body_too_large"]
WITH_JSON = ["body_required", "invalid_json", "invalid_utf8", "duplicate_key", "unknown_field",
             "missing_field", "wrong_type"]


class TableError(Exception):
    pass


def need(condition, where, text):
    if not condition:
        raise TableError(f"{where}: {text}")


# ---- problem.h ------------------------------------------------------------------------------

def read_problems(path):
    with open(path, encoding="utf-8") as f:
        rows = re.findall(r'X\((\w+), "([a-z0-9_]+)", (\d{3}), "((?:[^"\\]|\\.)*)"\)', f.read())
    need(rows, path, "no problems found")
    problems = {code: (name, int(status), title) for name, code, status, title in rows}
    need(len(problems) == len(rows), path, "a code appears twice")
    return problems


def read_codes(path):
    """Core's refusals: X(NAME, status, "Text."); outside the code is the name in lower case."""
    with open(path, encoding="utf-8") as f:
        rows = re.findall(r'X\((\w+), (\d{3}), "((?:[^"\\]|\\.)*)"\)', f.read())
    need(rows, path, "no codes found")
    return {name.lower(): (name, int(status), text) for name, status, text in rows if name != "OK"}


# ---- the schema notation ----------------------------------------------------------------------

def bounds(text, where, low=0):
    m = re.fullmatch(r"(-?\d+)\.\.(-?\d+)?", text.strip())
    need(m, where, f"bounds are written LOW..HIGH, not '{text}'")
    high = int(m[2]) if m[2] else AMOUNT_MAX
    need(low is None or int(m[1]) >= low, where, "the lower bound is too low")
    need(high >= int(m[1]), where, "the bounds are swapped")
    return int(m[1]), high


def parse_type(text, where, names):
    """One type of the notation as a JSON Schema (without ? and description)."""
    text = text.strip()
    m = re.fullmatch(r"\[(.+)\]\s*(\S+)", text)
    if m:
        low, high = bounds(m[2], where)
        return {"type": "array", "items": parse_type(m[1], where, names), "minItems": low,
                "maxItems": high}
    word, _, rest = text.partition(" ")
    simple = {
        "bool": {"type": "boolean"},
        "time": {"type": "string", "format": "date-time"},
        "date": {"type": "string", "format": "date"},
        "money": {"type": "integer", "format": "int64", "minimum": 0, "maximum": AMOUNT_MAX,
                  "description": "minor units of the currency"},
        "points": {"type": "integer", "format": "int64", "minimum": -AMOUNT_MAX,
                   "maximum": AMOUNT_MAX},
        "any": {},
    }
    if word in simple:
        need(rest == "", where, f"'{word}' takes nothing more")
        return dict(simple[word])
    if word == "string":
        low, high = bounds(rest, where)
        return {"type": "string", "minLength": low, "maxLength": high}
    if word == "int":
        low, high = bounds(rest, where, None)
        return {"type": "integer", "format": "int64", "minimum": low, "maximum": high}
    if word == "enum":
        options = [o.strip() for o in rest.split("|")]
        need(all(re.fullmatch(r"[a-z0-9_.+-]+", o) for o in options), where, "bad option")
        return {"type": "string", "enum": options}
    if word == "map":
        inner = parse_type(rest, where, names)
        return {"type": "object", "additionalProperties": inner if inner else True}
    need(re.fullmatch(r"[A-Z]\w*", text) and text in names, where, f"unknown type '{text}'")
    return {"$ref": f"#/components/schemas/{text}"}


def parse_field(text, where, names):
    text, _, remark = text.partition(" -- ")
    optional = text.startswith("?")
    schema = parse_type(text.lstrip("?"), where, names)
    if remark:
        schema["description"] = remark.strip()
    return schema, not optional


def parse_schemas(table):
    out = {}
    names = set(table.get("schema", {}))
    for name, fields in table.get("schema", {}).items():
        where = f"schema {name}"
        need(re.fullmatch(r"[A-Z]\w*", name), where, "names start with a capital letter")
        properties, required = {}, []
        for field, text in fields.items():
            need(re.fullmatch(r"[a-z][a-z0-9_]*", field), where, f"bad field name '{field}'")
            properties[field], is_needed = parse_field(text, f"{where}.{field}", names)
            if is_needed:
                required.append(field)
        out[name] = {"type": "object", "additionalProperties": False, "properties": properties}
        if required:
            out[name]["required"] = required
    out["Problem"] = {
        "type": "object",
        "required": ["type", "title", "status", "code", "request_id"],
        "properties": {
            "type": {"type": "string"}, "title": {"type": "string"},
            "status": {"type": "integer"}, "code": {"type": "string"},
            "detail": {"type": "string"},
            "field": {"type": "string", "description": "JSON pointer, header or parameter"},
            "request_id": {"type": "string"}}}
    return out


# ---- rows --------------------------------------------------------------------------------------

def check_row(row, table, problems):
    where = f"operation {row.get('name', '?')}"
    unknown = set(row) - ROW_KEYS
    need(not unknown, where, f"unknown keys {sorted(unknown)}")
    for key in ("name", "method", "path", "tag", "summary", "roles", "rate", "status"):
        need(key in row, where, f"'{key}' is missing")
    need(re.fullmatch(r"[a-z][a-z0-9_]*", row["name"]), where, "bad name")
    need(row["method"] in METHODS, where, "unknown method")
    need(re.fullmatch(r"(/(\{[a-z_]+\}|[a-z0-9_.-]+))+", row["path"]), where, "bad path")
    for key, default in (("command", ""), ("scope", ""), ("idempotency", "none"), ("body", ""),
                         ("reply", ""), ("query", {}), ("answers", []), ("body_limit", 1 << 20), ("asks", False)):
        row.setdefault(key, default)
    row["public"] = row["roles"] == ["public"]
    need(row["roles"], where, "somebody must be allowed")
    if not row["public"]:
        for role in row["roles"]:
            need(role in table["roles"], where, f"unknown role '{role}'")
        need(row["scope"] in table["scopes"], where, f"unknown scope '{row['scope']}'")
    else:
        need(row["scope"] == "", where, "a public operation has no scope")
    need(row["idempotency"] in ("required", "natural", "none"), where, "unknown idempotency")
    need(row["rate"] in table["rates"], where, f"unknown rate '{row['rate']}'")
    need(row["method"] != "GET" or (not row["body"] and row["idempotency"] == "none"), where,
         "a GET has neither body nor idempotency key")
    need(row["idempotency"] != "none" or not row["command"], where,
         "what becomes a command needs idempotency")
    need(200 <= row["status"] <= 299, where, "status is that of success")
    need(0 < row["body_limit"] <= 1 << 30, where, "bad body_limit")
    need(len(re.findall(r"\{", row["path"])) <= 4, where, "at most 4 parameters")
    need(row["path"].count("/") <= 10, where, "at most 10 segments")
    for code in row["answers"]:
        need(code in problems, where, f"'{code}' is not in problem.h")


def check_table(table, problems):
    rows = table.get("operation", [])
    need(rows, "table", "no operations")
    unknown = set(table) - {"api", "roles", "scopes", "rates", "operation", "schema"}
    need(not unknown, "table", f"unknown parts {sorted(unknown)}")
    seen_names, seen_paths = set(), set()
    for row in rows:
        check_row(row, table, problems)
        shape = (row["method"], re.sub(r"\{[a-z_]+\}", "{}", row["path"]))
        need(row["name"] not in seen_names, row["name"], "the name is used twice")
        need(shape not in seen_paths, row["name"], "method and path are used twice")
        seen_names.add(row["name"])
        seen_paths.add(shape)
    need(len(table["roles"]) <= 31 and len(table["scopes"]) <= 63, "table", "too many bits")
    return rows


# ---- the trie ------------------------------------------------------------------------------------

def build_trie(rows):
    nodes = [{"literal": {}, "param": None, "op": {}, "rows": []}]
    for row in rows:
        at = 0
        for segment in row["path"].strip("/").split("/"):
            node = nodes[at]
            is_param = segment.startswith("{")
            at = node["param"] if is_param else node["literal"].get(segment)
            if at is None:
                at = len(nodes)
                nodes.append({"literal": {}, "param": None, "op": {}})
                if is_param:
                    node["param"] = at
                else:
                    node["literal"][segment] = at
        nodes[at]["op"][row["method"]] = row["name"]
    refuse_hidden(nodes)
    return nodes


def refuse_hidden(nodes):
    """A literal beside a parameter must offer all the parameter's deeper paths that the
    literal's text could also mean; we allow it only where the parameter is an id that can
    never have the literal's text, which nobody can check here, so: the parameter's subtree
    may go deeper only if the literal is a leaf."""
    for node in nodes:
        if node["param"] is None:
            continue
        deeper = nodes[node["param"]]["literal"] or nodes[node["param"]]["param"] is not None
        for text, child in node["literal"].items():
            inner = nodes[child]["literal"] or nodes[child]["param"] is not None
            need(not (deeper and inner), f"path segment '{text}'",
                 "hides deeper paths of the parameter beside it")


# ---- C -------------------------------------------------------------------------------------------

HEAD = """// SPDX-License-Identifier: Apache-2.0
/* Generated from api/operations.toml by tools/gen_operations.py; do not edit. */
"""


def constant(text):
    return re.sub(r"[^A-Z0-9]", "_", text.upper())


def enum(name, prefix, items, count):
    lines = [f"enum {name} {{"]
    lines += [f"    {prefix}{constant(i)}," for i in items]
    return lines + [f"    {count}", "};", ""]


def make_header(table, rows):
    out = [HEAD, "#ifndef TB_HTTP_OPERATIONS_GEN_H", "#define TB_HTTP_OPERATIONS_GEN_H", ""]
    out += ["enum tb_api {", "    TB_API_NONE = 0,"]
    out += [f"    TB_API_{constant(r['name'])}, /* {r['method']} {r['path']} */" for r in rows]
    out += ["    TB_API_COUNT", "};", ""]
    out += enum("tb_api_role", "TB_API_ROLE_", table["roles"], "TB_API_ROLE_COUNT")
    out += ["/* bit numbers of struct tb_principal.scopes */"]
    out += enum("tb_api_scope", "TB_API_SCOPE_", table["scopes"], "TB_API_SCOPE_COUNT")
    out += enum("tb_rate", "TB_RATE_", table["rates"], "TB_RATE_COUNT")
    return "\n".join(out + ["#endif", ""])


def c_string(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def row_c(row):
    roles = " | ".join(f"1u << TB_API_ROLE_{constant(r)}" for r in row["roles"])
    scope = f"UINT64_C(1) << TB_API_SCOPE_{constant(row['scope'])}" if row["scope"] else "0"
    body = "NONE" if not row["body"] else "NDJSON" if row["body"].startswith("ndjson") else "JSON"
    return [
        f"    [TB_API_{constant(row['name'])}] = {{",
        f"        .name = {c_string(row['name'])},",
        f"        .path = {c_string(row['path'])},",
        f"        .command = {c_string(row['command'])},",
        f"        .method = TB_HTTP_{row['method']},",
        f"        .roles = {'0' if row['public'] else roles},",
        f"        .scopes = {scope},",
        f"        .idempotency = TB_IDEMPOTENCY_{row['idempotency'].upper()},",
        f"        .rate = TB_RATE_{constant(row['rate'])},",
        f"        .body = TB_OP_BODY_{body},",
        f"        .body_limit = {row['body_limit']},",
        f"        .status = {row['status']},",
        f"        .query = query_{row['name'] if row['query'] else 'none'},",
        f"        .param_n = {row['path'].count('{')},",
        "    },"]


def trie_c(nodes):
    literals, lines = [], []
    for i, node in enumerate(nodes):
        kids = sorted(node["literal"].items(), key=lambda k: (len(k[0]), k[0].encode()))
        ops = ", ".join(f"[TB_HTTP_{m}] = TB_API_{constant(n)}" for m, n in node["op"].items())
        lines.append(f"    [{i}] = {{{len(literals)}, {len(kids)}, {node['param'] or 0}, "
                     f"{{{ops or '0'}}}}},")
        literals += [f"    {{{c_string(t)}, {len(t)}, {n}}}," for t, n in kids]
    return (["const struct tb_route_literal tb_route_literals[] = {"] +
            (literals or ["    {0}"]) + ["};", "",
            "const struct tb_route_node tb_route_nodes[] = {"] + lines + ["};", ""])


def json_c(text):
    """The description as bytes: string literals have a length limit in ISO C."""
    data = text.encode()
    lines = []
    for i in range(0, len(data), 20):
        lines.append("    " + ", ".join(str(b) for b in data[i:i + 20]) + ",")
    return (["const char tb_openapi_json[] = {"] + lines +
            ["};", f"const size_t tb_openapi_json_n = {len(data)};", ""])


def names_c(declaration, prefix, items):
    return ([f"const char *const {declaration} = {{"] +
            [f"    [{prefix}{constant(i)}] = {c_string(i)}," for i in items] + ["};", ""])


def make_source(table, rows, description):
    out = [HEAD, '#include "http/route.h"', "", "static const char *const query_none[] = {NULL};"]
    for row in rows:
        if row["query"]:
            names = ", ".join(c_string(q) for q in row["query"])
            out.append(f"static const char *const query_{row['name']}[] = {{{names}, NULL}};")
    out += ["", "const struct tb_operation tb_operation_table[TB_API_COUNT] = {"]
    for row in rows:
        out += row_c(row)
    out += ["};", "", "const struct tb_rate_class tb_rate_table[TB_RATE_COUNT] = {"]
    for name, rate in table["rates"].items():
        out.append(f"    [TB_RATE_{constant(name)}] = "
                   f"{{{c_string(name)}, {rate['per_s']}, {rate['burst']}}},")
    out += ["};", ""]
    out += names_c("tb_role_names[TB_API_ROLE_COUNT]", "TB_API_ROLE_", table["roles"])
    out += names_c("tb_scope_names[TB_API_SCOPE_COUNT]", "TB_API_SCOPE_", table["scopes"])
    out += trie_c(build_trie(rows))
    out += json_c(description)
    return "\n".join(out)


# ---- OpenAPI ----------------------------------------------------------------------------------------

def content_of(text, where, names):
    if text == "text":
        return {"text/plain": {"schema": {"type": "string"}}}
    if text == "json":
        return {"application/json": {"schema": {"type": "object"}}}
    if text.startswith("ndjson "):
        return {"application/x-ndjson": {"schema": parse_type(text[7:], where, names)}}
    return {"application/json": {"schema": parse_type(text, where, names)}}


def parameters_of(row, names):
    out = [{"name": p, "in": "path", "required": True, "schema": {"type": "string"}}
           for p in re.findall(r"\{([a-z_]+)\}", row["path"])]
    for name, text in row["query"].items():
        schema, _ = parse_field(text, f"{row['name']}.{name}", names)
        p = {"name": name, "in": "query", "required": False, "schema": schema}
        if "description" in schema:
            p["description"] = schema.pop("description")
        out.append(p)
    if row["idempotency"] != "none":
        out.append({"name": "Idempotency-Key", "in": "header",
                    "required": row["idempotency"] == "required",
                    "schema": {"type": "string", "minLength": 1, "maxLength": 255,
                               "pattern": "^[!-~]+$"}})
    return out


def codes_of(row):
    codes = list(row["answers"]) + ALWAYS + ["rate_limited"]
    if not row["public"]:
        codes += WITH_KEY + WITH_CELL
    if row["idempotency"] == "required":
        codes += ["idempotency_key_required"]
    if row["idempotency"] != "none":
        codes += ["idempotency_key_invalid", "idempotency_key_reused"] + WITH_WRITE
    if row["body"]:
        codes += WITH_BODY
    if row["body"] and not row["body"].startswith("ndjson"):
        codes += WITH_JSON
    if row["query"]:
        codes += ["unknown_parameter", "bad_query"]
    return list(dict.fromkeys(codes))


def responses_of(row, problems, names):
    success = {"description": row["summary"]}
    if row["reply"]:
        success["content"] = content_of(row["reply"], row["name"], names)
    out = {str(row["status"]): success}
    if row["asks"]:
        out["202"] = {**success, "description": "Nothing has moved yet: another person decides on the request."}
    by_status = {}
    for code in codes_of(row):
        by_status.setdefault(problems[code][1], []).append(code)
    for status in sorted(by_status):
        codes = by_status[status]
        text = "; ".join(f"{c}: {problems[c][2]}" for c in codes)
        out[str(status)] = {
            "description": text,
            "content": {"application/problem+json": {"schema": {
                "allOf": [{"$ref": "#/components/schemas/Problem"},
                          {"properties": {"code": {"enum": codes}}}]}}}}
    return out


def make_openapi(table, rows, problems, schemas):
    names = set(table.get("schema", {}))
    paths = {}
    for row in rows:
        op = {"operationId": row["name"], "tags": [row["tag"]], "summary": row["summary"],
              "responses": responses_of(row, problems, names)}
        parameters = parameters_of(row, names)
        if parameters:
            op["parameters"] = parameters
        if row["body"]:
            op["requestBody"] = {"required": True,
                                 "content": content_of(row["body"], row["name"], names)}
        op["security"] = [] if row["public"] else [{"key": []}]
        if not row["public"]:
            op["x-roles"] = row["roles"]
            op["x-scope"] = row["scope"]
        op["x-rate"] = row["rate"]
        op["x-idempotency"] = row["idempotency"]
        if row["command"]:
            op["x-command"] = row["command"]
        paths.setdefault(row["path"], {})[row["method"].lower()] = op
    api = table["api"]
    tags = list(dict.fromkeys(r["tag"] for r in rows))
    return {
        "openapi": "3.1.0",
        "info": {"title": api["title"], "version": api["version"], "summary": api["summary"],
                 "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
        "servers": [{"url": "/"}],
        "tags": [{"name": t} for t in tags],
        "paths": paths,
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": schemas}}


def main():
    table_path, problem_path, *codes_path, out_h, out_c, out_json = sys.argv[1:]
    with open(table_path, "rb") as f:
        table = tomllib.load(f)
    try:
        problems = read_problems(problem_path)
        for path in codes_path:
            problems = read_codes(path) | problems
        rows = check_table(table, problems)
        schemas = parse_schemas(table)
        openapi = make_openapi(table, rows, problems, schemas)
        text = json.dumps(openapi, ensure_ascii=False, separators=(",", ":"))
        header, source = make_header(table, rows), make_source(table, rows, text)
    except (TableError, tomllib.TOMLDecodeError, KeyError) as e:
        sys.exit(f"{table_path}: {e}")
    for path, content in ((out_h, header), (out_c, source), (out_json, text + "\n")):
        with open(path, "w", encoding="utf-8") as f:
            f.write(content)


if __name__ == "__main__":
    main()
