#!/usr/bin/env bash
# Everything that can be said about the code without running it: tools/check.sh [check ...], all
# without one. Goes on after a failure and names all that failed at the end. Needs make build.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2

checks=(format sources cppcheck analyzer shell perl length marks routes openapi duplicates)

# What git knows and what it will know, so that a new file is checked before it is committed.
files() {
    git ls-files --cached --others --exclude-standard -- "$@" | sort -u | while read -r file; do
        [ ! -f "$file" ] || echo "$file"
    done
}

mapfile -t c_sources < <(files 'ngx_http_dashboard_module.c' 'src/*.c')
includes=()
for folder in src/core src/event src/event/modules src/os/unix objs src/http src/http/modules src/http/v2; do
    includes+=(-I "build/nginx/$folder")
done
includes+=(-I "$(pg_config --includedir)")

check_format() {
    files '*.c' '*.h' | xargs clang-format --dry-run --Werror
}

# The build file lists every source by hand.
check_sources() {
    diff <(grep -oE '[a-z]+/[a-z0-9_]+\.c\b' config | sort) <(files 'src/*.c' | sed 's|^src/||' | sort) |
        sed -n 's/^< /config lists what is not there: /p; s/^> /config does not list: /p' | grep . && return 1
    return 0
}

# The way this platform's compiler sees the headers, once, instead of cppcheck's guesses.
check_cppcheck() {
    cppcheck -q --enable=warning,performance,portability --inline-suppr --error-exitcode=1 --std=c11 \
        --max-configs=1 -D__linux__=1 -D__x86_64__=1 -D__GNUC__=12 \
        --suppress='*:build/*' --suppress='*:/usr/*' -j "$(nproc)" "${includes[@]}" "${c_sources[@]}"
}

check_analyzer() {
    printf '%s\n' "${c_sources[@]}" | xargs -P "$(nproc)" -n 1 \
        gcc -fanalyzer -O0 -W -Wall -Wpointer-arith -Wno-unused-parameter -Werror -c -o /dev/null "${includes[@]}"
}

check_shell() {
    { files '*.sh'; files .ci/run; } | xargs shellcheck -x
}

check_perl() {
    local file said status=0
    while read -r file; do
        # Warnings count, too: perl -c exits 0 with them.
        said=$(perl -It/lib -It/http/lib -Ibench/lib -c "$file" 2>&1) || status=1
        said=$(grep -v ' syntax OK$' <<<"$said") && {
            echo "$said"
            status=1
        }
    done < <(files '*.pl' '*.pm' '*.t')
    return "$status"
}

# Generated files are as long as they are.
check_length() {
    files '*.c' '*.h' '*.sql' '*.t' '*.pm' '*.pl' '*.sh' '*.js' '*.mjs' '*.ts' Makefile config | xargs wc -l |
        awk '$2 != "total" && $1 > 800 {print $2 " has " $1 " lines; more than 800 is two files"; bad = 1}
             END {exit bad}'
}

check_marks() {
    local marks='TO''DO|FIX''ME|XX''X|HA''CK'
    ! files '*.c' '*.h' '*.sql' '*.t' '*.pm' '*.pl' '*.sh' '*.js' '*.mjs' '*.ts' '*.yaml' '*.yml' Makefile config |
        xargs grep -nEw "$marks"
}

check_routes() {
    api/generate.pl --check
}

# npm's packages, exactly those of the lock file, kept in build/.
npm_packages() {
    (
        flock 9
        cmp -s tools/check/package-lock.json build/check/installed && exit 0
        rm -rf build/check
        mkdir -p build/check
        cp tools/check/package.json tools/check/package-lock.json build/check/
        npm ci --prefix build/check --no-audit --no-fund --loglevel=error 9>&- </dev/null &&
            cp tools/check/package-lock.json build/check/installed
    ) 9>build/.check.lock
}

check_openapi() {
    npm_packages || return 1
    cp tools/check/openapi.mjs build/check/
    node build/check/openapi.mjs api/openapi.yaml
}

# Up to one line in a hundred may look like another: rows of a table do.
check_duplicates() {
    local said status
    npm_packages || return 1
    said=$(build/check/node_modules/.bin/jscpd --min-tokens 50 --min-lines 6 --threshold 1 --gitignore \
        --ignore '**/node_modules/**,build/**,.demo/**' --reporters console \
        --format c,c-header,perl,sql,bash,javascript . 2>&1)
    status=$?
    [ "$status" -eq 0 ] || echo "$said"
    return "$status"
}

if [ "$#" -gt 0 ]; then
    checks=("$@")
fi
failed=()
for check in "${checks[@]}"; do
    if said=$("check_$check" 2>&1); then
        echo "ok      $check"
    else
        echo "FAILED  $check"
        printf '%s\n' "$said" | head -n 60 | sed 's/^/        /'
        failed+=("$check")
    fi
done
if [ "${#failed[@]}" -gt 0 ]; then
    echo "make check failed: ${failed[*]}"
    exit 1
fi
