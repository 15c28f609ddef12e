# shellcheck shell=bash disable=SC2154 # some variables are those of tools/demo.sh
# Where a demo lives: sourced by tools/demo.sh, which sets root and asked_dir.
#
# demo is the folder that was asked for, state the one that holds the servers' files. They are one and
# the same unless the servers could not work there.

demo=$(realpath -m -- "$asked_dir")
state=$demo
mark=.dashboard-demo

as_root=
[ "$(id -u)" -ne 0 ] || as_root=yes

# Runs a command as a service account when we are root, as ourselves otherwise. The account gets none
# of our environment, and no folder it cannot enter.
run_as() {
    local account=$1
    shift
    if [ -n "$as_root" ]; then
        (cd / && runuser -u "$account" -- env -i PATH="$PATH" LC_ALL=C.UTF-8 TZ=UTC "$@")
    else
        "$@"
    fi
}

# Gives a file or folder to a service account, when there is one.
give() {
    local account=$1
    shift
    [ -z "$as_root" ] || chown "$account:" "$@"
}

# Finds a demo made earlier; 1 when there is none.
place_find() {
    [ -e "$demo/$mark" ] || return 1
    if [ -L "$demo/state" ]; then
        state=$(readlink -- "$demo/state")
    fi
}

# A folder below one that only root may enter (/root, a mktemp -d) is closed to the service accounts, a
# Unix socket's name has at most 107 bytes, and configuration files want plain names: where it is
# otherwise, the servers' files live in /var/tmp.
place_is_usable() {
    [ "${#demo}" -le 80 ] && [[ $demo != *[^A-Za-z0-9._/@%+=-]* ]] || return 1
    local account
    for account in postgres www-data; do
        run_as "$account" test -x "$demo" || return 1
    done
}

place_make() {
    if ! place_find; then
        if [ -e "$demo" ] && [ -n "$(ls -A -- "$demo")" ]; then
            fail "$demo is neither empty nor a demo: choose another DEMO_DIR"
        fi
        mkdir -p -- "$demo"
        chmod 711 -- "$demo"
        place_is_usable || place_elsewhere
        echo 'A demo of ngx_http_dashboard_module; make demo-clean deletes this folder.' >"$demo/$mark"
    fi
    (
        cd -- "$state" || exit
        mkdir -p run secrets nginx log redis
        chmod 711 run secrets nginx
        chmod 755 log
        chmod 700 redis
    )
    give postgres "$state/run"
    give www-data "$state/redis"
}

place_elsewhere() {
    state=/var/tmp/dashboard-demo-$(printf '%s' "$demo" | sha256sum | cut -c 1-12)
    mkdir -m 711 -- "$state" 2>/dev/null || place_is_ours "$state" ||
        fail "$state exists and is not ours"
    ln -sn -- "$state" "$demo/state"
    say "The servers cannot work in $demo (closed to their accounts, or its name is too long or" \
        "unusual): their files are in $state."
}

# Nobody else may have prepared the folder under its guessable name.
place_is_ours() {
    [ -d "$1" ] && [ ! -L "$1" ] && [ -O "$1" ]
}

# One command at a time for each demo. Servers started meanwhile must not inherit the lock: 9>&-.
place_lock() {
    exec 9>"$demo/$mark.lock"
    flock -w 600 9 || fail "another make demo is at work in $demo"
}

place_remove() {
    rm -rf -- "$state"
    rm -rf -- "$demo"
}

place_port_is_free() {
    ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# First port from $1 on that nobody listens on.
place_free_port() {
    local candidate
    for ((candidate = $1; candidate < $1 + 500; candidate++)); do
        if place_port_is_free "$candidate"; then
            echo "$candidate"
            return 0
        fi
    done
    fail "no free port from $1 to $((candidate - 1))"
}

# Waits up to $1 seconds until the rest of the arguments, a command, succeeds.
wait_until() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$deadline" ] || return 1
        sleep 0.05
    done
}
