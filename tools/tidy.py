#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""House rules that a machine can see; each finding names its mend.

usage: tidy.py [--self-test]
Looks at the files git tracks. Not here: who may include whom (check_includes.py).
"""
import pathlib
import re
import subprocess
import sys

import planted

ROOT = pathlib.Path(__file__).resolve().parent.parent

FILE_LINES = 700
FUNCTION_LINES = 100
COLUMNS = 120
# Known longer ones, path -> lines. It may only shrink, and is empty today.
LONG_FILES = {}

C_LIKE = {".c", ".h", ".cpp", ".hpp"}
CODE = C_LIKE | {".py", ".sh", ".ts", ".tsx", ".proto"}
TEXT = CODE | {".md", ".build", ".txt", ".toml", ".yml", ".yaml", ".html", ".css", ".sql"}
NO_EXTENSION = {"run", "check", ".ci/run"}
# Words and paths are put together here so that this file does not find itself.
UNFINISHED = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X:", "HA" + "CK"]) + r")(?!\w)")
MACHINE = re.compile(r"(?<![\w.])/(" + "|".join(["wo" + "rk", "ro" + "ot", "ho" + "me", "Us" + "ers"]) + r")/[a-z]")


def tracked(root):
    out = subprocess.run(["git", "-C", str(root), "ls-files", "-z"], capture_output=True, check=False)
    names = [n for n in out.stdout.decode().split("\0") if n]
    return [n for n in names if (root / n).is_file()]


def long_functions(lines):
    """(first line, length) of functions over the limit: body from '{' to '}' in column 1."""
    start = None
    for number, line in enumerate(lines, 1):
        if line.rstrip() == "{":
            start = number
        elif line.startswith("}") and start is not None:
            if number - start + 1 > FUNCTION_LINES:
                yield start, number - start + 1
            start = None


def check_c(name, lines):
    for number, line in enumerate(lines, 1):
        if "\t" in line:
            yield f"{name}:{number}: tab in C source: four spaces"
    for start, length in long_functions(lines):
        yield f"{name}:{start}: function of {length} lines (limit {FUNCTION_LINES}): split it by what it does"


def check_file(name, text):
    suffix = pathlib.PurePosixPath(name).suffix
    lines = text.splitlines()
    code = suffix in CODE or name in NO_EXTENSION
    if code:
        if not any("SPDX-License-Identifier: Apache-2.0" in line for line in lines[:3]):
            yield f"{name}:1: no SPDX line: start with SPDX-License-Identifier: Apache-2.0"
        limit = LONG_FILES.get(name, FILE_LINES)
        if len(lines) > limit:
            yield f"{name}:1: {len(lines)} lines (limit {limit}): one idea a file, split it"
        for number, line in enumerate(lines, 1):
            if len(line) > COLUMNS:
                yield f"{name}:{number}: {len(line)} columns (limit {COLUMNS}): break the line"
    for number, line in enumerate(lines, 1):
        if UNFINISHED.search(line):
            yield f"{name}:{number}: unfinished mark: finish it, or write the limit down in the header"
        if MACHINE.search(line):
            yield f"{name}:{number}: path of one machine: make it relative or an argument"
    if suffix in C_LIKE:
        yield from check_c(name, lines)


def listed(root, name):
    """True when a build file beside or above names this .c file (test_a_b.c also as 'a_b' or 'b'),
    or one in a neighbouring folder names it with its folder."""
    path = pathlib.PurePosixPath(name)
    parts = path.stem.split("_")
    names = [path.name] + [f"'{'_'.join(parts[i:])}'" for i in range(len(parts))]
    for folder in path.parents:
        for build in ("meson.build", "build.sh"):
            file = root / folder / build
            wanted = names + ([path.stem] if build == "build.sh" else [])
            if file.is_file() and any(n in file.read_text() for n in wanted):
                return True
    with_folder = f"{path.parent.name}/{path.name}"
    return any(with_folder in file.read_text() for file in (root / path.parts[0]).rglob("meson.build"))


def check_tree(root, names):
    found = []
    for name in names:
        path = root / name
        if path.suffix not in TEXT and name not in NO_EXTENSION:
            continue
        found += check_file(name, path.read_text(encoding="utf-8", errors="replace"))
        if path.suffix in (".c", ".cpp") and not listed(root, name):
            found.append(f"{name}:1: in no meson.build: list it, or delete it")
    for name, limit in LONG_FILES.items():
        if not (root / name).is_file() or len((root / name).read_text().splitlines()) < limit:
            found.append(f"{name}: shorter than its entry in LONG_FILES: lower the entry")
    return found


SPDX = "// SPDX-License-Identifier: Apache-2.0\n"
PLANTED = [
    ("src/a.c", "int x;\n", "no SPDX"),
    ("src/a.c", SPDX + "int x;\n" * FILE_LINES, "one idea a file"),
    ("src/a.c", SPDX + "int f(void)\n{\n" + "    x();\n" * FUNCTION_LINES + "}\n", "function of"),
    ("src/a.c", SPDX + "\tint x;\n", "tab"),
    ("src/a.c", SPDX + "int x; /* " + "y" * COLUMNS + " */\n", "columns"),
    ("src/a.c", SPDX + "/* TO" + "DO later */\n", "unfinished"),
    ("src/a.c", SPDX + 'char *p = "/ho' + 'me/me/x";\n', "one machine"),
    ("src/unlisted.c", SPDX, "in no meson.build"),
    ("doc.md", "see /wo" + "rk/main\n", "one machine"),
]
CLEAN = [
    ("src/a.c", SPDX + "int f(void)\n{\n" + "    x();\n" * (FUNCTION_LINES - 2) + "}\n"),
    ("doc.md", "curl https://example.com/home/x and a long line " + "z" * 200 + "\n"),
]


def self_test():
    LONG_FILES.clear()  # the planted trees have none of them

    def found_in(root, name):
        (root / "src").mkdir(exist_ok=True)
        (root / "src" / "meson.build").write_text("lib = static_library('x', 'a.c')\n")
        return check_tree(root, [name])

    return planted.self_test(PLANTED, CLEAN, found_in)


def main():
    if "--self-test" in sys.argv:
        return self_test()
    names = tracked(ROOT)
    if not names:
        print("tidy: no files: run it inside the git repository")
        return 1
    found = check_tree(ROOT, names)
    for finding in found:
        print(finding)
    print(f"tidy: {len(names)} files, {len(found)} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
