#!/usr/bin/env bash
# The demo: a private PostgreSQL, Redis and nginx with three million flights, on 127.0.0.1 only.
#
#     tools/demo.sh start|stop|clean|reload|psql|token|audit-verify
#
# From the environment: DEMO_DIR, the folder everything lives in (.demo); PORT, nginx's (the one it had
# last, at first 8080); USER, for token: whose. `make demo` and its sisters call this. start picks up where it was: it starts what
# is down, migrates what is new, and leaves alone what runs. Started by root, PostgreSQL runs as
# postgres, Redis and nginx's workers as www-data; started by anyone else, everything runs as they.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
asked_dir=${DEMO_DIR:-$root/.demo}
port=${PORT:-}
user=${USER:-}
module=$root/build/ngx_http_dashboard_module.so
database=dashboard

# Nothing of the caller's own PostgreSQL settings may lead to another server.
unset "${!PG@}"
export LC_ALL=C.UTF-8 TZ=UTC

say() { printf '%s\n' "$*"; }

fail() {
    printf 'demo: %s\n' "$*" >&2
    exit 1
}

# shellcheck source=tools/demo/place.sh
. "$root/tools/demo/place.sh"
# shellcheck source=tools/demo/servers.sh
. "$root/tools/demo/servers.sh"
# shellcheck source=tools/demo/data.sh
. "$root/tools/demo/data.sh"

usage() {
    sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" >&2
    exit 2
}

check_tools() {
    local tool
    for tool in initdb:postgresql-15 psql:postgresql-client-15 redis-server:redis-server nginx:nginx \
        sqitch:sqitch node:nodejs npm:npm curl:curl openssl:openssl perl:perl flock:util-linux; do
        command -v "${tool%%:*}" >/dev/null ||
            fail "${tool%%:*} is missing: install the package ${tool##*:}, or run make packages"
    done
    [ -f "$module" ] || fail "$module is missing: run make build"
}

start() {
    check_tools
    place_make
    place_lock
    nginx_port
    nginx_check_port
    secrets_make
    postgres_start
    redis_start
    database_prepare
    data_load
    nginx_start
    say
    tell
}

stop() {
    place_find || {
        say "There is no demo in $asked_dir."
        return 0
    }
    place_lock
    nginx_stop
    redis_stop
    postgres_stop
    say "The demo in $demo is stopped; make demo starts it again, make demo-clean deletes it."
}

clean() {
    place_find || {
        say "There is no demo in $asked_dir."
        return 0
    }
    place_lock
    nginx_stop
    redis_stop
    postgres_stop
    place_remove
    say "The demo in $demo is deleted."
}

reload() {
    place_find || fail "there is no demo in $asked_dir: make demo starts one"
    place_lock
    nginx_port
    nginx_reload
}

open_psql() {
    place_find || fail "there is no demo in $asked_dir: make demo starts one"
    postgres_runs || fail "the demo's PostgreSQL is down: make demo starts it"
    local options=()
    # What a script sends must not go on after its first error; a person may want to.
    [ -t 0 ] || options=(-v ON_ERROR_STOP=1)
    exec psql -h "$state/run" -p "$(cat "$state/run/postgres.port")" -U postgres -d "$database" "${options[@]}"
}

# Prints what sql/audit_verify.sql prints, which reads the file that HEADS names; 1 when the trail is not whole.
audit_verify() {
    place_find || fail "there is no demo in $asked_dir: make demo starts one"
    postgres_runs || fail "the demo's PostgreSQL is down: make demo starts it"
    sql -d "$database" -f "$root/sql/audit_verify.sql" || exit 1
}

# The token names the user by the id that sql/demo/01_people.sql gives them, so no server is asked.
token() {
    local subject
    subject=$(awk -F "'" -v email="$user" '
        email != "" { for (i = 4; i <= NF; i += 2) if ($i == email) { print $2; exit } }
    ' "$root/sql/demo/01_people.sql")
    if [ -z "$subject" ]; then
        printf 'demo: make demo-token USER=<email>, one of: %s\n' \
            "$(grep -o "[a-z]*@[a-z]*\.example" "$root/sql/demo/01_people.sql" | sort -u | xargs)" >&2
        exit 2
    fi
    place_find || fail "there is no demo in $asked_dir: make demo starts one"
    perl "$root/tools/demo/token.pl" "$state/secrets/jwt.key" "$subject"
}

# What to try; made to be copied and pasted as it is.
tell() {
    local in=''
    [ "$demo" = "$root/.demo" ] || in=" DEMO_DIR='$demo'"
    cat <<END
The demo answers on http://127.0.0.1:$port: 3,000,000 real flights of 2001, shifted by whole weeks
so that the newest is now.

    TOKEN=\$(make -s -C '$root' demo-token$in USER=analyst@demo.example)
    curl -H "Authorization: Bearer \$TOKEN" http://127.0.0.1:$port/api/v1/dashboards
    curl -H "Authorization: Bearer \$TOKEN" '$(data_url)'

Users: admin, analyst and viewer @demo.example; outsider@other.example sees another organisation.
Everybody's password is demo-password, for POST /api/v1/auth/login.
make demo-psql$in opens psql on its database; make demo-stop$in ends it, make demo-clean$in deletes it.
Logs: $state/log
END
}

case ${1:-} in
    start | stop | clean | reload | token) "$1" ;;
    psql) open_psql ;;
    audit-verify) audit_verify ;;
    *) usage ;;
esac
