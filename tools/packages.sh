#!/usr/bin/env bash
# Installs the Debian packages that are missing: tools/packages.sh [group ...], all groups without one.
# Says what it installed and nothing when nothing was missing. Leaves no service running, none enabled
# that was not there before, and no PostgreSQL cluster of the system's behind.
set -euo pipefail
cd "$(dirname "$0")/.."

declare -A groups=(
    [build]="gcc make libc6-dev nginx nginx-dev libpq-dev libyajl-dev libssl-dev perl
        libyaml-libyaml-perl libcpanel-json-xs-perl"
    [test]="postgresql-15 postgresql-client-15 postgresql-15-pgtap postgresql-15-plpgsql-check sqitch
        libdbd-pg-perl redis-server libtest-redisserver-perl libmojolicious-perl
        libjson-validator-perl libcryptx-perl libtap-parser-sourcehandler-pgtap-perl libcmocka-dev
        procps"
    [demo]="postgresql-15 postgresql-client-15 sqitch libdbd-pg-perl redis-server curl openssl nodejs npm"
    [check]="clang-format cppcheck shellcheck nodejs npm"
    [asan]="dpkg-dev patch libpcre2-dev zlib1g-dev"
    [bench]="wrk nghttp2-client postgresql-15 nodejs npm"
    [fuzz]="clang libclang-rt-dev"
)

if [ "$#" -eq 0 ]; then
    set -- build test demo check asan bench fuzz
fi

wanted=()
for group in "$@"; do
    if [ -z "${groups[$group]:-}" ]; then
        echo "tools/packages.sh: no group \"$group\"; there are: ${!groups[*]}" >&2
        exit 2
    fi
    for package in ${groups[$group]}; do
        case $package in
            # Node from elsewhere than Debian brings npm along and has no package of that name.
            nodejs | npm) command -v "${package%js}" >/dev/null || wanted+=("$package") ;;
            *) wanted+=("$package") ;;
        esac
    done
done

if ! command -v dpkg-query >/dev/null; then
    echo "tools/packages.sh: not a Debian system; install by hand: ${wanted[*]}" >&2
    exit 1
fi

find_missing() {
    local installed package
    installed=" $(dpkg-query -W -f '${Package} ${db:Status-Status}\n' 2>/dev/null |
        awk '$2 == "installed" {print $1}' | tr '\n' ' ') "
    missing=()
    for package in "${wanted[@]}"; do
        [[ $installed == *" $package "* || " ${missing[*]} " == *" $package "* ]] ||
            missing+=("$package")
    done
}

find_missing
[ "${#missing[@]}" -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "tools/packages.sh: run as root or install sudo; missing: ${missing[*]}" >&2
        exit 1
    fi
    as_root=(sudo)
fi

# Several makes at once take turns, and the later one finds everything there.
mkdir -p build
exec 9>build/.packages.lock
flock 9
find_missing
[ "${#missing[@]}" -gt 0 ] || exit 0

echo "Installing ${missing[*]}"

# While packages are unpacked nothing may be started, and PostgreSQL must not make its cluster "main".
policy=/usr/sbin/policy-rc.d
no_cluster=/etc/postgresql-common/createcluster.d/dashboard-no-cluster.conf
made=()
remove_made() {
    [ "${#made[@]}" -eq 0 ] || "${as_root[@]}" rm -f "${made[@]}"
}
trap remove_made EXIT
if [ ! -e "$policy" ]; then
    made+=("$policy")
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
    "${as_root[@]}" chmod 755 "$policy"
fi
if [[ " ${missing[*]} " == *" postgresql-15 "* ]]; then
    made+=("$no_cluster")
    "${as_root[@]}" mkdir -p "$(dirname "$no_cluster")"
    echo 'create_main_cluster = false' | "${as_root[@]}" tee "$no_cluster" >/dev/null
fi

install() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confold -q "${missing[@]}" </dev/null 9>&-
}

# The lists of a fresh machine are empty and those of an old one name versions that are gone: the
# update is made only when the installation needs it.
log=build/packages.log
if ! install >"$log" 2>&1; then
    if ! { "${as_root[@]}" apt-get update -q && install; } >>"$log" 2>&1 </dev/null; then
        tail -n 30 "$log" >&2
        echo "tools/packages.sh: apt-get failed; everything it said is in $log" >&2
        exit 1
    fi
fi

# What has just come must not listen on ports 80, 5432 and 6379 after the next boot either.
if command -v systemctl >/dev/null; then
    for unit in nginx:nginx redis-server:redis-server postgresql-15:postgresql; do
        if [[ " ${missing[*]} " == *" ${unit%%:*} "* ]]; then
            "${as_root[@]}" systemctl --quiet --no-reload disable "${unit##*:}" >>"$log" 2>&1 ||
                echo "tools/packages.sh: could not disable the service ${unit##*:}" >&2
        fi
    done
fi

echo "Installed:"
dpkg-query -W -f '  ${Package} ${Version}\n' "${missing[@]}"
