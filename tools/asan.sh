#!/usr/bin/env bash
# The tests under nginx built from Debian's source with the module in it, AddressSanitizer, UBSan and
# NGX_DEBUG_PALLOC (each allocation of a pool its own, so that overruns show): tools/asan.sh [file ...].
# `tools/asan.sh build` only builds. Everything is kept under build/asan.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
tree=$root/build/asan
mkdir -p "$tree"
exec 9>"$tree/.lock"
flock 9
unset MAKEFLAGS MAKELEVEL MFLAGS

# apt-get source needs deb-src entries, which a machine usually lacks: apt gets a configuration of its
# own here, with the sources of the same places, and the system's stays as it is.
fetch() {
    local keyring=/usr/share/keyrings/debian-archive-keyring.gpg apt
    apt=(-o "Dir::Etc::sourcelist=$tree/sources.list" -o Dir::Etc::sourceparts=- -q
        -o "Dir::State::lists=$tree/lists" -o "Dir::Cache=$tree/cache" -o APT::Sandbox::User=root)
    # shellcheck disable=SC2016 # apt's names, not the shell's
    apt-get indextargets --format '$(SITE) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian' |
        sort -u | sed "s|^|deb-src [signed-by=$keyring] |" >"$tree/sources.list"
    if [ ! -s "$tree/sources.list" ]; then
        echo "tools/asan.sh: apt knows no Debian archive; run apt-get update first" >&2
        return 1
    fi
    mkdir -p "$tree/lists/partial" "$tree/cache/archives/partial"
    apt-get "${apt[@]}" update
    cd "$tree"
    apt-get "${apt[@]}" source --only-source "nginx=$1"
}

version=$(dpkg-query -W -f '${source:Version}' nginx)
source_dir=$tree/nginx-${version%%-*}
if [ "$(cat "$tree/version" 2>/dev/null)" != "$version" ]; then
    rm -rf "$source_dir"
    if ! (fetch "$version") >"$tree/fetch.log" 2>&1 9>&-; then
        tail -n 20 "$tree/fetch.log" >&2
        exit 1
    fi
    echo "$version" >"$tree/version"
fi

sanitize='-fsanitize=address,undefined -fno-omit-frame-pointer'
stamp=$({ echo "$root" "$version"; cat config tools/asan.sh; } | sha256sum)
if [ "$(cat "$tree/stamp" 2>/dev/null)" != "$stamp" ]; then
    rm -rf "$source_dir/objs"
    # Configure's own test programs leak, which is none of our business.
    if ! (
        cd "$source_dir"
        ASAN_OPTIONS=detect_leaks=0 ./configure --with-debug --with-compat --with-threads \
            --with-http_ssl_module --with-http_v2_module --with-http_realip_module \
            --with-http_stub_status_module --with-http_auth_request_module \
            --with-cc-opt="-g -O1 $sanitize -DNGX_DEBUG_PALLOC=1" --with-ld-opt="$sanitize" \
            --add-module="$root"
    ) >"$tree/configure.log" 2>&1 9>&-; then
        tail -n 20 "$tree/configure.log" >&2
        exit 1
    fi
    echo "$stamp" >"$tree/stamp"
fi
make -C "$source_dir" -s --no-print-directory -f objs/Makefile -j"$(nproc)" binary 9>&-
exec 9>&-

[ "${1:-}" != build ] || exit 0

cat >"$tree/ubsan.supp" <<'END'
# nginx copies zero bytes from and to NULL in many places.
nonnull-attribute:*
# nginx compares methods four letters at a time, wherever they stand in the buffer.
alignment:ngx_http_parse.c
END

# nginx ends without freeing what lives as long as it does: leaks say nothing there.
export TEST_NGINX_BINARY=$source_dir/objs/nginx
export ASAN_OPTIONS=detect_odr_violation=0:detect_leaks=0:abort_on_error=0
export UBSAN_OPTIONS=print_stacktrace=1:suppressions=$tree/ubsan.supp

if [ "$#" -gt 0 ]; then
    exec tools/test.sh "$@"
fi
env -u ASAN_OPTIONS -u UBSAN_OPTIONS make -s -C t/core asan
folders=()
for folder in t/http t/pg t/cache t/live t/life; do
    [ ! -d "$folder" ] || folders+=("$folder")
done
exec tools/test.sh "${folders[@]}"
