#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A private PostgreSQL server for tests: initdb in DIR, a unix socket in DIR, a random
# port, no TCP; runs as the user postgres when called by root.
#
#   tools/pg_for_tests.sh start DIR     makes and starts it, prints its conninfo
#   tools/pg_for_tests.sh restart DIR   pg_ctl restart -m immediate (as a crash would)
#   tools/pg_for_tests.sh kill DIR      pg_ctl stop -m immediate, files stay
#   tools/pg_for_tests.sh again DIR     starts it again after kill
#   tools/pg_for_tests.sh stop DIR      stops it and removes DIR
#
# Ends with 77 (meson's "skipped") and one line when PostgreSQL is not installed.
# Durability settings are left on (fsync, full_page_writes): the journal refuses less.
set -eu

if [ $# -ne 2 ]; then
    sed -n '3,13p' "$0"
    exit 2
fi
verb=$1
dir=$2

bin=
for b in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -rV) $(dirname "$(command -v initdb || echo /none/x)"); do
    if [ -x "$b/initdb" ] && [ -x "$b/pg_ctl" ]; then
        bin=$b
        break
    fi
done
if [ -z "$bin" ]; then
    echo "skipped: PostgreSQL server binaries are not installed (apt install postgresql)"
    exit 77
fi

as_owner() {
    if [ "$(id -u)" = 0 ]; then
        setpriv --reuid=postgres --regid=postgres --init-groups -- "$@"
    else
        "$@"
    fi
}

case $verb in
start)
    mkdir -p "$dir"
    [ "$(id -u)" != 0 ] || chown postgres: "$dir"
    cd "$dir"
    as_owner "$bin/initdb" -D "$dir/data" -A trust -U tongbao --no-locale -E UTF8 >"$dir/initdb.log" 2>&1 ||
        { cat "$dir/initdb.log"; exit 1; }
    port=$(awk -v seed="$$" 'BEGIN { srand(seed); print 20000 + int(rand() * 20000) }')
    cat >>"$dir/data/postgresql.conf" <<CONF
listen_addresses = ''
unix_socket_directories = '$dir'
port = $port
max_connections = 40
shared_buffers = 256MB
max_wal_size = 2GB
logging_collector = off
CONF
    as_owner "$bin/pg_ctl" -D "$dir/data" -w -t 30 -l "$dir/server.log" start >/dev/null ||
        { cat "$dir/server.log"; exit 1; }
    echo "host=$dir port=$port user=tongbao dbname=postgres" >"$dir/conninfo"
    cat "$dir/conninfo"
    ;;
restart)
    cd "$dir"
    as_owner "$bin/pg_ctl" -D "$dir/data" -w -t 30 -m immediate -l "$dir/server.log" restart >/dev/null
    ;;
kill)
    cd "$dir"
    as_owner "$bin/pg_ctl" -D "$dir/data" -w -t 30 -m immediate stop >/dev/null
    ;;
again)
    cd "$dir"
    as_owner "$bin/pg_ctl" -D "$dir/data" -w -t 30 -l "$dir/server.log" start >/dev/null
    ;;
stop)
    if [ -d "$dir/data" ]; then
        (cd "$dir" && as_owner "$bin/pg_ctl" -D "$dir/data" -w -t 30 -m immediate stop >/dev/null 2>&1) || true
        rm -rf "$dir"
    fi
    ;;
*)
    echo "unknown verb $verb"
    exit 2
    ;;
esac
