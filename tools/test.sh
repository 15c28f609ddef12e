#!/usr/bin/env bash
# Runs the tests with prove, its summary last: tools/test.sh [file or folder ...], all without one.
# JOBS says how many files at once (2).
set -euo pipefail
cd "$(dirname "$0")/.."

folders=(t/core t/api t/sql t/http t/pg t/cache t/live t/life t/demo t/lib)
files=()
add_folder() {
    local file
    for file in "$1"/*.t "$1"/*.sql; do
        # fixture.sql is data, not a test.
        if [ -e "$file" ] && [ "$file" != t/sql/fixture.sql ]; then
            files+=("$file")
        fi
    done
}

if [ "$#" -eq 0 ]; then
    for folder in "${folders[@]}"; do
        add_folder "$folder"
    done
    files+=(t/lib/last/coverage.t)
else
    for argument in "$@"; do
        if [ -d "$argument" ]; then
            add_folder "${argument%/}"
        else
            files+=("$argument")
        fi
    done
fi

exec perl t/lib/run.pl -j "${JOBS:-2}" "${files[@]}"
