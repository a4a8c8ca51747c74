#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tests/fuzz/run.sh SECONDS [NAME...] - builds the fuzzers and lets each (or the named
# ones) run for so long. A finding stays in build-fuzz/NAME.crash-*, the corpus in
# build-fuzz/corpus/NAME. Seeds: seed/NAME/, words: dict/NAME.dict. Ends with
# "N passed, N failed".
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
out=$root/build-fuzz
seconds=${1:?usage: tests/fuzz/run.sh SECONDS [NAME...]}
shift
bash "$here/build.sh" "$out" || exit 1

passed=0
failed=0
fuzz() {
    local name=$1 corpus=$out/corpus/$1 dict=()
    mkdir -p "$corpus"
    [ -e "$here/dict/$name.dict" ] && dict=("-dict=$here/dict/$name.dict")
    if "$out/$name" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=1024 -max_len=4096 \
        -artifact_prefix="$out/$name." -print_final_stats=1 "${dict[@]}" "$corpus" \
        $([ -d "$here/seed/$name" ] && echo "$here/seed/$name") >"$out/$name.log" 2>&1; then
        echo "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$out/$name.log") inputs, no finding"
    else
        tail -n 40 "$out/$name.log"
        echo "$name: failed; repeat with $out/$name FILE (log: $out/$name.log)"
        return 1
    fi
}

if [ $# -eq 0 ]; then
    for file in "$out"/fuzz_*; do
        [ -x "$file" ] && [ -f "$file" ] && set -- "$@" "$(basename "$file")"
    done
fi
# As many at once as there are cores: each has its time of the clock.
while [ $# -gt 0 ]; do
    running=()
    for _ in $(seq "$(nproc)"); do
        [ $# -gt 0 ] || break
        fuzz "$1" &
        running+=($!)
        shift
    done
    for one in "${running[@]}"; do
        if wait "$one"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
    done
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
