#!/usr/bin/env bash
# Measures what docs/performance.md reports, in one run, and prints it as tables; `make bench` calls this.
#
# From the environment, all with defaults:
#   BENCH_PARTS        a GET beside pgbench and Fastify, b PATCH, c batch of widgets, d health,
#                      i ways to say who is asking, j the audit trail ("a b c d i j")
#   BENCH_WORKERS      processes of nginx and of Fastify, threads of the load generators ("1 2")
#   BENCH_CLIENTS      HTTP connections of the load generators ("16")
#   BENCH_CONNECTIONS  database connections of nginx, Fastify and pgbench, all processes together (16)
#   BENCH_ROUNDS       times that every contender gets its turn (5)
#   BENCH_SECONDS      length of one turn (3)
#
# The servers are private ones below build/bench: a demo of its own, kept for the next run and stopped
# at the end, and an nginx and Fastify processes on free ports. The exit status is 0 when everything
# could be measured, whether or not the aims were met.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
folder=$root/build/bench

mkdir -p "$folder"
exec 9>"$folder/.lock"
flock -n 9 || {
    echo 'bench: another make bench is at work' >&2
    exit 1
}

demo() {
    DEMO_DIR=$folder/demo PORT=$port USER='' "$root/tools/demo.sh" "$1" 9>&-
}

# The first port from 8600 on that nobody listens on.
port=8600
while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
    port=$((port + 1))
done

trap 'demo stop >/dev/null' EXIT
trap 'exit 130' INT TERM
# The migrations are edited in place until the first release, and sqitch does not see that: a demo made by
# others than these is made anew.
made_by=$(cd "$root/sql" && find . -type f -not -path './revert/*' -not -path './verify/*' -print0 |
    sort -z | xargs -0 sha256sum | sha256sum)
if [ -e "$folder/demo" ] && [ "$made_by" != "$(cat "$folder/demo.made_by" 2>/dev/null)" ]; then
    echo 'The migrations have changed: making the demo anew'
    demo clean >"$folder/demo.out"
fi
echo "$made_by" >"$folder/demo.made_by"
demo start >"$folder/demo.out" || {
    cat "$folder/demo.out" >&2
    exit 1
}
state=$folder/demo
[ ! -L "$state/state" ] || state=$(readlink -- "$state/state")

# The peer and its packages, installed anew when one of them changed.
mkdir -p "$folder/fastify"
cp "$root/bench/fastify/server.js" "$folder/fastify/"
for file in package.json package-lock.json; do
    if ! cmp -s "$root/bench/fastify/$file" "$folder/fastify/$file"; then
        rm -rf "$folder/fastify/node_modules"
        cp "$root/bench/fastify/$file" "$folder/fastify/"
    fi
done
if [ ! -e "$folder/fastify/node_modules/.package-lock.json" ]; then
    echo 'Fetching Fastify, pg and fast-jwt (npm)'
    npm ci --prefix "$folder/fastify" --ignore-scripts --no-audit --no-fund >"$folder/npm.out" 2>&1 || {
        rm -rf "$folder/fastify/node_modules"
        cat "$folder/npm.out" >&2
        exit 1
    }
fi

perl "$root/bench/measure.pl" "$folder" "$state" 9>&-
