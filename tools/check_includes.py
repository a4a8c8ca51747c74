#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Who may use whom: the folder table of the design, checked from #include lines.

Also: base, core and brain call no clock, chance, file, socket or allocator of their own.
usage: check_includes.py [--self-test]      Prints every violation with its mend.

To add a room: a row in ROOMS. To add a library: a row in LIBRARIES.
"""
import pathlib
import re
import sys

import planted

ROOT = pathlib.Path(__file__).resolve().parent.parent

# room -> what its quoted includes may start with (its own folder is always allowed)
ROOMS = {
    "base": [],
    "core": ["base/"],
    "brain": ["base/"],
    "engine": ["base/", "core/", "brain/"],
    "journal": ["base/", "core/", "engine/port_"],
    "state": ["base/", "core/", "engine/port_"],
    "channel": ["base/", "core/", "engine/port_"],
    "sink": ["base/", "core/", "engine/port_"],
    "border": ["base/"],
    # the demonstration retailer: makes inputs of core, and hands them to a cell
    "sim": ["base/", "core/", "engine/", "border/"],
    # the journal folded again, and what is asked of it on the way
    "backtest": ["base/", "core/", "engine/", "border/", "http/json_write.h"],
    "http": ["base/", "core/", "engine/", "border/", "backtest/"],
    "cli": [""],
}

# start of a <header> -> folders that may include it; everything not listed is libc or the kernel
LIBRARIES = {
    "sqlite3": ["journal/sqlite", "state/sqlite", "border", "channel"],
    "libpq": ["journal/postgres", "state/postgres"],
    "postgres": ["journal/postgres", "state/postgres"],
    "nats": ["journal/nats"],
    "microhttpd": ["http"],
    "simdjson": ["http"],
    "protobuf-c": ["engine"],
    "roaring": ["brain"],
    "cblas": ["brain"],
    "lapacke": ["brain"],
    "unicode/": ["border", "channel"],
    "sodium": ["border", "http", "channel"],
    "openssl/": ["journal", "border", "http", "channel"],
    "curl/": ["channel", "sink", "cli"],
    "qrencode": ["border"],
    "png.h": ["border"],
    "zstd": ["border", "journal", "sink"],
    "xxhash": ["border", "journal", "engine", "http"],
}

PURE = ("base", "core", "brain")
PURE_HEADERS = {
    "assert.h", "float.h", "inttypes.h", "iso646.h", "limits.h", "stdalign.h", "stdarg.h",
    "stdbool.h", "stddef.h", "stdint.h", "stdio.h", "stdlib.h", "stdnoreturn.h", "string.h",
}
# The compiler's names of the processor's instructions: in base alone, behind a function that works without them.
BASE_HEADERS = PURE_HEADERS | {"cpuid.h", "immintrin.h"}
BRAIN_HEADERS = PURE_HEADERS | {"math.h"}

# identifier called in a pure folder -> what to do instead
BANNED = {
    "take `now` as an argument": "time clock clock_gettime gettimeofday localtime localtime_r gmtime "
                                 "gmtime_r mktime timegm strftime nanosleep usleep sleep",
    "take entropy as an argument": "rand srand random srandom rand_r drand48 arc4random getrandom "
                                   "getentropy",
    "take an arena or a workspace (base/arena.h)": "malloc calloc realloc reallocarray free strdup "
                                                   "strndup asprintf vasprintf aligned_alloc "
                                                   "posix_memalign mmap munmap alloca qsort",
    "answer to the caller; only the border prints": "printf fprintf vprintf vfprintf puts fputs putchar "
                                                    "perror fwrite fflush",
    "only the border does input and output": "fopen fdopen freopen fread fgets getline fclose open "
                                             "openat creat read write pread pwrite close unlink rename "
                                             "fsync fdatasync socket connect send recv ioctl stat "
                                             "getenv system popen fork",
    "use the bounded writer of base/text.h": "sprintf vsprintf strcpy strcat strncpy strncat gets scanf "
                                             "sscanf strtok",
    "use tb_str_to_i64": "atoi atol atoll strtol strtoll strtoul strtoull strtod atof",
    "use tb_assert": "assert abort exit",
}
BANNED_BY_NAME = {name: mend for mend, names in BANNED.items() for name in names.split()}
# base/assert.c prints and aborts: that is its purpose.
EXCEPTED = {"base/assert.c"}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
CALL = re.compile(r"(?<![\w.>])(" + "|".join(sorted(BANNED_BY_NAME)) + r")\s*\(")
NOISE = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def blank(match):
    """A comment or literal as white space, so that line numbers stay."""
    return re.sub(r"[^\n]", " ", match.group(0))


def allowed_quoted(room, folder, target):
    if "/" not in target:
        return True  # the same folder, as generated headers are
    if target.startswith(room + "/"):
        return True
    return any(target.startswith(prefix) for prefix in ROOMS[room])


def check_library(room, folder, header):
    """None, or what is wrong with <header> in this folder."""
    for start, folders in LIBRARIES.items():
        if header.startswith(start):
            if room == "cli" or any(folder == f or folder.startswith(f + "/") for f in folders):
                return None
            return f"<{header}> belongs in {', '.join(folders)}: go through their header instead"
    if room in ("base", "core") and header not in (BASE_HEADERS if room == "base" else PURE_HEADERS):
        return f"<{header}> is not for {room}: take the value as an argument"
    if room == "brain" and header not in BRAIN_HEADERS:
        return f"<{header}> is not for brain: take the value as an argument"
    return None


def check_file(src, path):
    rel = path.relative_to(src).as_posix()
    room = rel.split("/")[0]
    folder = rel.rsplit("/", 1)[0] if "/" in rel else ""
    if "/" not in rel:
        return [f"src/{rel}: a source file belongs in a room"]
    if room not in ROOMS:
        return [f"src/{rel}: no row for {room}: add one to ROOMS in tools/check_includes.py, with a reason"]
    text = path.read_text(encoding="utf-8", errors="replace")
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        if match.group(1) == "<":
            wrong = check_library(room, folder, match.group(2))
        elif allowed_quoted(room, folder, match.group(2)):
            wrong = None
        else:
            wrong = (f'"{match.group(2)}": {room} may include only '
                     f"{', '.join(ROOMS[room] + [room + '/']) or 'itself'}; pass it in from cli or through a port")
        if wrong:
            found.append(f"src/{rel}:{number}: {wrong}")
    if room in PURE and rel not in EXCEPTED:
        bare = NOISE.sub(blank, text)
        for number, line in enumerate(bare.splitlines(), 1):
            for name in CALL.findall(line):
                found.append(f"src/{rel}:{number}: {name}() in {room}: {BANNED_BY_NAME[name]}")
    return found


def check_tree(root):
    src = root / "src"
    files = sorted(p for p in src.rglob("*") if p.suffix in (".c", ".h", ".cpp", ".hpp", ".inc"))
    return files, [violation for path in files for violation in check_file(src, path)]


PLANTED = [
    ("core/x/a.c", '#include "engine/cell.h"\n', "may include only"),
    ("base/a.c", '#include "core/x/a.h"\n', "may include only"),
    ("journal/sqlite/a.c", '#include "engine/cell.h"\n', "may include only"),
    ("state/sqlite/a.c", "#include <libpq-fe.h>\n", "belongs in"),
    ("engine/a.c", "#include <sqlite3.h>\n", "belongs in"),
    ("core/x/b.c", "#include <time.h>\n", "is not for core"),
    ("core/x/c.c", "int f(void)\n{\n    return (int)time(0);\n}\n", "now"),
    ("core/x/d.c", "void *f(void)\n{\n    return malloc(3);\n}\n", "arena"),
    ("base/b.c", "void f(void)\n{\n    printf(\"x\");\n}\n", "prints"),
    ("brain/a.c", "int f(void)\n{\n    return rand();\n}\n", "entropy"),
    ("attic/a.c", "int x;\n", "no row"),
]
CLEAN = [
    ("core/x/ok.c", '#include "base/num.h"\n/* time(0) and malloc(3) in words */\nchar *s = "open(";\n'),
    ("base/ok.c", "int f(struct o *o)\n{\n    return o->read(o) + o->x.open(1) + tb_time(3);\n}\n"),
    ("journal/sqlite/ok.c", '#include <sqlite3.h>\n#include "engine/port_journal.h"\n'),
    ("base/assert.c", "void f(void)\n{\n    abort();\n}\n"),
    ("cli/ok.c", '#include <sqlite3.h>\n#include "journal/sqlite/journal.h"\n'),
]


def self_test():
    src = [("src/" + rel, text, want) for rel, text, want in PLANTED]
    return planted.self_test(src, [("src/" + rel, text) for rel, text in CLEAN],
                             lambda folder, _: check_tree(folder)[1])


def main():
    if "--self-test" in sys.argv:
        return self_test()
    files, found = check_tree(ROOT)
    for violation in found:
        print(violation)
    print(f"include rule: {len(files)} files, {len(found)} violations")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
