# shellcheck shell=bash disable=SC2154 # some variables are those of tools/demo.sh
# Starting and stopping the demo's three servers: sourced by tools/demo.sh, after place.sh.

postgres_bin=/usr/lib/postgresql/15/bin
PATH=$PATH:$postgres_bin:/usr/sbin:/sbin

# Made once; the demo's servers keep them until make demo-clean.
secrets_make() {
    (
        umask 077
        cd -- "$state/secrets" || exit
        local key
        for key in jwt.key login.key; do
            [ -s "$key" ] || {
                openssl rand -hex 32 | tr -d '\n' >"$key.new"
                mv "$key.new" "$key"
            }
        done
        # libpq's password file; nginx's workers read it at every connect
        [ -s app.pgpass ] || {
            printf '*:*:*:dashboard_app:%s\n' "$(openssl rand -hex 24)" >app.pgpass.new
            give www-data app.pgpass.new
            mv app.pgpass.new app.pgpass
        }
    )
}

# Writes a configuration from its template: @DEMO@ is the state folder, @PORT@ nginx's port, and so on.
# 1 when the file was there and the same.
render() {
    local template=$1 target=$2 new=$2.new
    shift 2
    local text name
    text=$(<"$template")
    for name in "DEMO=$state" "PORT=$port" "$@"; do
        text=${text//@${name%%=*}@/"${name#*=}"}
    done
    printf '%s\n' "$text" >"$new"
    if cmp -s "$new" "$target"; then
        rm -f -- "$new"
        return 1
    fi
    chmod 644 "$new"
    mv -- "$new" "$target"
}

# The process id in a pid file, provided that it is a process whose command line names our folder:
# the number may have been given to another one since.
pid_of() {
    local pid
    pid=$(cat "$1" 2>/dev/null) && [ -n "$pid" ] || return 1
    tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF -- "$state/" || return 1
    echo "$pid"
}

# A process that nobody has reaped yet (in a container without an init) has no command line any more.
is_gone() {
    [ -z "$(tr -d '\0' 2>/dev/null <"/proc/$1/cmdline")" ]
}

# PostgreSQL ------------------------------------------------------------------------------------------

postgres_runs() {
    local pg_port
    pg_port=$(cat "$state/run/postgres.port" 2>/dev/null) || return 1
    pg_isready -q -h "$state/run" -p "$pg_port" -U postgres -d postgres
}

# psql as the superuser, without the caller's ~/.psqlrc, ended by the first error.
sql() {
    psql -X -q -v ON_ERROR_STOP=1 -h "$state/run" -p "$(cat "$state/run/postgres.port")" -U postgres "$@"
}

postgres_start() {
    if [ ! -e "$state/pg/PG_VERSION" ]; then
        say "Making a PostgreSQL cluster in $state/pg"
        rm -rf -- "$state/pg" "$state/pg.new"
        mkdir -m 700 -- "$state/pg.new"
        give postgres "$state/pg.new"
        # lc-collate C is the order of C.UTF-8, too, but found by comparing bytes: indexes build faster.
        run_as postgres initdb -D "$state/pg.new" -U postgres --auth-local=peer \
            --auth-host=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 --lc-collate=C >"$state/log/initdb.log" 2>&1 ||
            fail "initdb failed; see $state/log/initdb.log"
        mv -- "$state/pg.new" "$state/pg"
    fi
    if postgres_runs; then
        return 0
    fi
    # Below the range of outgoing connections; another demo's PORT leads to another one.
    local pg_port
    pg_port=$(place_free_port $((20000 + port % 10000)))
    render "$root/tools/demo/postgresql.conf" "$state/pg/postgresql.conf" "PG_PORT=$pg_port" || :
    render "$root/tools/demo/pg_hba.conf" "$state/pg/pg_hba.conf" || :
    render "$root/tools/demo/pg_ident.conf" "$state/pg/pg_ident.conf" "LOGIN=$(id -un)" || :
    touch "$state/log/postgresql.log"
    give postgres "$state/log/postgresql.log" "$state"/pg/*.conf
    # After a crash it is refused until the last process of the old server has seen that it is gone.
    wait_until 30 postgres_launch || fail "PostgreSQL does not start; see $state/log/postgresql.log"
    echo "$pg_port" >"$state/run/postgres.port"
    say "PostgreSQL runs on 127.0.0.1:$pg_port and in $state/run"
}

postgres_launch() {
    run_as postgres pg_ctl start -w -t 120 -s -D "$state/pg" -l "$state/log/postgresql.log" \
        9>&- 2>>"$state/log/pg_ctl.log"
}

postgres_stop() {
    [ -e "$state/pg/postmaster.pid" ] || return 0
    # Status 3 is "not running": a crash left the file behind.
    run_as postgres pg_ctl status -D "$state/pg" >/dev/null || return 0
    run_as postgres pg_ctl stop -w -t 60 -s -m fast -D "$state/pg" ||
        fail "PostgreSQL does not stop; see $state/log/postgresql.log"
}

# Redis -----------------------------------------------------------------------------------------------

redis_answers() {
    [ "$(run_as www-data redis-cli -s "$state/redis/redis.sock" ping 2>/dev/null)" = PONG ]
}

redis_start() {
    if redis_answers; then
        return 0
    fi
    render "$root/tools/demo/redis.conf" "$state/redis/redis.conf" || :
    give www-data "$state/redis/redis.conf"
    run_as www-data redis-server "$state/redis/redis.conf" >/dev/null 9>&-
    wait_until 10 redis_answers || fail "Redis does not start; see $state/redis/redis.log"
}

redis_stop() {
    local pid
    pid=$(pid_of "$state/redis/redis.pid") || return 0
    kill "$pid"
    wait_until 10 is_gone "$pid" || fail "Redis ($pid) does not stop"
}

# nginx -----------------------------------------------------------------------------------------------

# nginx with the demo's files and the rest of the arguments.
nginx_run() {
    local account=()
    [ -z "$as_root" ] || account=(-g 'user www-data;')
    nginx -e "$state/log/error.log" -p "$state/nginx/" "${account[@]}" "$@"
}

# Puts nginx's configuration in place; 1 when it was there and the same.
nginx_configure() {
    local file changed=1
    mkdir -p "$state/nginx/includes" "$state/nginx/tmp"
    chmod 711 "$state/nginx/tmp"
    for file in "$root"/conf/includes/*; do
        cmp -s "$file" "$state/nginx/includes/${file##*/}" && continue
        cp -- "$file" "$state/nginx/includes/"
        changed=0
    done
    render "$root/conf/nginx.conf" "$state/nginx/nginx.conf" \
        "PG_PORT=$(cat "$state/run/postgres.port")" && changed=0
    return "$changed"
}

# The demo runs a copy of the module, so that a build in the checkout does not touch what is running.
# 1 when it was there and the same.
nginx_copy_module() {
    local copy=$state/nginx/${module##*/}
    cmp -s "$module" "$copy" && return 1
    cp -- "$module" "$copy.new"
    mv -- "$copy.new" "$copy"
}

# The port that was asked for, else the one this demo had last, else 8080.
nginx_port() {
    if [ -z "$port" ]; then
        port=$(sed -n 's/^ *listen 127\.0\.0\.1:\([0-9]*\);.*/\1/p' "$state/nginx/nginx.conf" 2>/dev/null | head -n 1)
        port=${port:-8080}
    fi
}

# Before anything that takes long: another program on our port is said now, and by its number.
nginx_check_port() {
    if [[ ! $port =~ ^[1-9][0-9]{0,4}$ ]] || [ "$port" -gt 65535 ]; then
        fail "PORT=$port is not a port"
    fi
    if pid_of "$state/nginx/nginx.pid" >/dev/null &&
        grep -qF "listen 127.0.0.1:$port;" "$state/nginx/nginx.conf"; then
        return 0
    fi
    place_port_is_free "$port" || fail "port $port is taken: make demo PORT=<another>"
}

nginx_is_ready() {
    curl -fs -o /dev/null --max-time 2 "http://127.0.0.1:$port/health/ready"
}

nginx_start() {
    local new_module='' new_configuration=''
    ! nginx_copy_module || new_module=yes
    ! nginx_configure || new_configuration=yes
    # Under the same file name a module is loaded anew by a new master only.
    [ -z "$new_module" ] || nginx_stop
    if ! pid_of "$state/nginx/nginx.pid" >/dev/null; then
        nginx_run -c nginx.conf 9>&- || fail "nginx does not start; see $state/log/error.log"
    elif [ -n "$new_configuration" ]; then
        nginx_hup
    fi
    wait_until 30 nginx_is_ready ||
        fail "http://127.0.0.1:$port/health/ready does not answer 200; see $state/log/error.log"
}

nginx_stop() {
    local pid
    pid=$(pid_of "$state/nginx/nginx.pid") || return 0
    kill -QUIT "$pid"
    if ! wait_until 15 is_gone "$pid"; then
        kill -TERM "$pid"
        wait_until 5 is_gone "$pid" || fail "nginx ($pid) does not stop"
    fi
}

nginx_reload() {
    nginx_configure || :
    nginx_hup
}

# A configuration that does not pass nginx -t is not sent to the master: it goes on with the old one.
nginx_hup() {
    local pid
    pid=$(pid_of "$state/nginx/nginx.pid") || fail "nginx is not running: make demo starts it"
    nginx_run -t -q -c nginx.conf || fail "the configuration is bad: nginx goes on with the old one"
    kill -HUP "$pid"
    say "nginx ($pid) reads its configuration again"
}
