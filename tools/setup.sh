# SPDX-License-Identifier: Apache-2.0
# tools/setup.sh - sourced by ./run and ./check: installs what tools/packages.txt names and
# this machine lacks, saying what and why; silent when nothing is missing.
# Not here: building (./run, ./check).

# setup_missing PACKAGE... : prints those that are not installed
setup_missing() {
    local p
    for p in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$p" 2>/dev/null)" = "ii " ] || echo "$p"
    done
}

# setup_packages ROLE... : installs the groups of these roles
setup_packages() {
    local want=" $* " role packages why missing all=() as_root=()
    command -v dpkg-query >/dev/null || {
        echo "Not a Debian or Ubuntu system: install the packages of tools/packages.txt by hand." >&2
        return 0
    }
    while IFS='|' read -r role packages why; do
        role=${role// /}
        [[ -z $role || $role == \#* || $want != *" $role "* ]] && continue
        # shellcheck disable=SC2086
        missing=$(setup_missing $packages | tr '\n' ' ')
        [ -z "$missing" ] && continue
        echo "installing ${missing% } -${why}"
        # shellcheck disable=SC2206
        all+=($missing)
    done <"$TB_ROOT/tools/packages.txt"
    [ ${#all[@]} -eq 0 ] && return 0
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || {
            echo "Please install as root: apt-get install ${all[*]}" >&2
            return 1
        }
        echo "apt-get needs root: asking sudo"
        as_root=(sudo)
    fi
    setup_apt update && setup_apt install -y --no-install-recommends "${all[@]}"
}

# setup_apt ARGUMENT... : apt-get, quiet unless it fails (as_root comes from the caller)
setup_apt() {
    local log
    log=$(mktemp)
    if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq "$@" >"$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        return 1
    fi
    rm -f "$log"
}
