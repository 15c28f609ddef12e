#!/usr/bin/env bash
# Builds build/ngx_http_dashboard_module.so against the headers of Debian's package nginx-dev, so that
# the stock nginx binary loads it. Builds only what changed; several at once take turns.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
tree=build/nginx
module=ngx_http_dashboard_module.so

if [[ $root == *[[:space:]]* ]]; then
    echo "tools/build.sh: nginx's configure cannot work in a folder with white space: $root" >&2
    exit 1
fi

source_dir=$(dirname "$(dpkg -L nginx-dev | grep '/configure$')")

mkdir -p build
exec 9>build/.build.lock
flock 9

# Debian's. The warnings come from nginx itself: -W (gcc's older name of -Wextra) -Wall -Wpointer-arith
# -Wno-unused-parameter -Werror.
hardening='-g -O2 -fstack-protector-strong -D_FORTIFY_SOURCE=2 -Wformat'

# Configured anew when nginx, its flags, the module's config file, its list of headers or this script
# changed: a header that is gone would otherwise still be waited for.
stamp=$({ nginx -V 2>&1; echo "$root"; ls src/*/*.h src/*/*.def; cat "$source_dir/conf_flags" config tools/build.sh; } | sha256sum)
if [ "$(cat "$tree/stamp" 2>/dev/null)" != "$stamp" ]; then
    rm -rf "$tree"
    mkdir -p "$tree"
    ln -s "$source_dir"/* "$tree/"
    (
        cd "$tree"
        # shellcheck disable=SC1091 # comes with nginx-dev
        . ./conf_flags
        ./configure "${NGX_CONF_FLAGS[@]:?}" \
            --with-cc-opt="$hardening" --with-ld-opt='-Wl,-z,relro -Wl,-z,now' \
            --add-dynamic-module="$root" --builddir=objs >configure.log 2>&1 9>&-
    ) || {
        tail -n 20 "$tree/configure.log" >&2
        exit 1
    }
    echo "$stamp" >"$tree/stamp"
fi

unset MAKEFLAGS MAKELEVEL MFLAGS
make -C "$tree" -s --no-print-directory -f objs/Makefile -j"$(nproc)" modules 9>&-

# A running nginx may have the old file mapped: it is replaced, never written into.
if ! cmp -s "$tree/objs/$module" "build/$module"; then
    cp "$tree/objs/$module" "build/$module.new"
    mv "build/$module.new" "build/$module"
    echo "Built build/$module"
fi
