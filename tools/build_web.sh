#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tools/build_web.sh - makes web/dist from web/ when anything that it is made of has changed;
# installs nodejs and npm when this machine has none. Ends with 1, saying why, when it cannot:
# the server then runs without pages.
set -euo pipefail
TB_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$TB_ROOT"
. tools/setup.sh

command -v node >/dev/null && command -v npm >/dev/null || setup_packages web
node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 18 ? 0 : 1)' || {
    echo "The pages need Node.js 18 or newer; this is $(node --version)." >&2
    exit 1
}

# what the pages are made of, as one number
stamp=$({
    find web -type f -not -path 'web/node_modules/*' -not -path 'web/dist/*' -not -name client.gen.ts -print0
    printf '%s\0' api/operations.toml tools/gen_client.py tools/gen_operations.py
} | sort -z | xargs -0 sha256sum | sha256sum | cut -c1-32)
[ "$(cat web/dist/.stamp 2>/dev/null)" = "$stamp" ] && exit 0

cd web
locked=$(sha256sum package-lock.json | cut -c1-32)
if [ "$(cat node_modules/.locked 2>/dev/null)" != "$locked" ]; then
    echo "fetching what the pages are built with"
    npm ci --no-audit --no-fund --loglevel=error >/dev/null
    echo "$locked" >node_modules/.locked
fi
echo "building the pages"
log=$(mktemp)
if ! npm run --silent build >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    exit 1
fi
rm -f "$log"
echo "$stamp" >dist/.stamp
