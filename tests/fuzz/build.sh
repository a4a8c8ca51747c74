#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tests/fuzz/build.sh [DIR] - builds every fuzzer with clang into DIR (build-fuzz), with
# the address and undefined-behaviour sanitisers. A fuzzer is one line at the end:
# build_target NAME SOURCE...   (NAME.c lies here; sources are relative to the root).
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
out=${1:-$root/build-fuzz}
mkdir -p "$out"
out=$(cd "$out" && pwd)
cd "$root"
flags=(-std=gnu17 -D_GNU_SOURCE -g -O1 -fno-omit-frame-pointer -Isrc -Itests
    -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all)

# Rebuilds only when a source or a header is newer.
build_target() {
    local name=$1
    shift
    if [ -e "$out/$name" ] &&
        [ -z "$(find src tests/fuzz tests/unit -name '*.[ch]' -newer "$out/$name" -print -quit)" ]; then
        return
    fi
    "${CC_FUZZ:-clang}" "${flags[@]}" -o "$out/$name" "tests/fuzz/$name.c" "$@" ${LIBS:-}
    echo "built $name"
}

base=(src/base/*.c)
small() {
    build_target fuzz_expr src/core/expr/*.c "${base[@]}"
    build_target fuzz_csv src/border/csv.c "${base[@]}"
}

# simdjson's first stage is C++; its object is linked to the C fuzzer.
json() {
    if [ ! -e "$out/json_simdjson.o" ] || [ src/http/json_simdjson.cpp -nt "$out/json_simdjson.o" ]; then
        "${CXX_FUZZ:-clang++}" -std=c++17 -g -O1 -Isrc -fsanitize=fuzzer-no-link,address,undefined \
            -fno-sanitize=vptr -c src/http/json_simdjson.cpp -o "$out/json_simdjson.o"
    fi
    LIBS="$out/json_simdjson.o -lsimdjson -lstdc++" build_target fuzz_json src/http/json_parse.c \
        src/http/json_read.c src/http/json_write.c src/http/problem.c "${base[@]}"
}

# The journal's codec is made from the schema, without the functions that emit and apply
# events: those would bring all of core.
journal() {
    local gen=$out/gen
    if [ -n "$(find api/events.proto api/events -newer "$gen/event_list.gen.h" 2>&1)" ] ||
        [ tools/gen_codec.py -nt "$gen/event_list.gen.h" ]; then
        mkdir -p "$gen"
        python3 tools/gen_codec.py api/events.proto "$gen/events.gen.h" "$gen/events.gen.c"
        sed -i -e '/^void tb_emit_/,/^}/d' -e '/^bool tb_event_apply/,/^}/d' "$gen/events.gen.c"
        python3 tests/unit/event_list.py tools api/events.proto "$gen/event_list.gen.h"
        rm -f "$out/fuzz_journal"
    fi
    # NULL + 0, the end of an empty string, is no finding (C23 defines it).
    LIBS="-I$gen -fno-sanitize=pointer-overflow" build_target fuzz_journal "$gen/events.gen.c" \
        src/core/schema/print.c src/core/shapes.c src/core/store/block.c src/core/store/pool.c \
        src/engine/entry.c "${base[@]}"
}

# Side by side: a compiler takes one core. Each in a shell of its own, where -e still ends it.
building=()
for part in journal json small; do
    (set -e; $part) &
    building+=($!)
done
for one in "${building[@]}"; do wait "$one"; done
