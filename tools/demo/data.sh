# shellcheck shell=bash disable=SC2154 # some variables are those of tools/demo.sh
# The demo's database and what is in it: sourced by tools/demo.sh, after servers.sh.

flight_operations=0d000000-0000-4000-8000-000000000001

data_url() {
    echo "http://127.0.0.1:$port/api/v1/dashboards/$flight_operations/data?timerange=7d"
}

# Runs what bootstrap.sql and sqitch have that this database has not.
database_prepare() {
    if [ "$(sql -At -d postgres -c "select count(*) from pg_database where datname = '$database'")" = 0 ]; then
        sql -d postgres -c "create database $database"
    fi
    sql -d "$database" -f "$root/sql/bootstrap.sql"
    # Through standard input, so that the password is on no command line.
    sql -d "$database" <<<"alter role dashboard_app password '$(cut -d : -f 5 "$state/secrets/app.pgpass")'"
    (
        cd -- "$root/sql" || exit
        PGHOST=$state/run PGPORT=$(cat "$state/run/postgres.port") PGUSER=postgres \
            SQITCH_USER_CONFIG=$state/no-such-file SQITCH_FULLNAME=demo SQITCH_EMAIL=demo@localhost \
            sqitch deploy "db:pg:$database" >"$state/log/sqitch.log" 2>&1
    ) || fail "the migrations failed; see $state/log/sqitch.log"
    if grep -q '^  + ' "$state/log/sqitch.log"; then
        say "Migrated: $(grep -c '^  + ' "$state/log/sqitch.log") changes"
    fi
}

# Packages of tools/demo/package-lock.json; several demos at once take turns.
data_packages() {
    local folder=$root/tools/demo
    data_packages_missing || return 0
    (
        flock 8
        data_packages_missing || exit 0
        say "Fetching the flights (npm vega-datasets)"
        npm ci --prefix "$folder" --ignore-scripts --no-audit --no-fund >"$state/log/npm.log" 2>&1 ||
            fail "npm ci failed; see $state/log/npm.log"
    ) 8>"$folder/.npm.lock"
}

data_packages_missing() {
    [ "$root/tools/demo/package-lock.json" -nt "$root/tools/demo/node_modules/.package-lock.json" ]
}

# To COPY, a reader that died looks like one that came to its end.
all_flights_there="do 'begin assert (select count(*) from data.flights) = 3000000, ''flights are missing''; end'"

# All in one transaction: an interrupted load leaves nothing, and COPY into a table of the same
# transaction writes no log and freezes its rows.
data_load() {
    if [ "$(sql -At -d "$database" -c "select to_regclass('data.flights') is not null")" = t ]; then
        data_advance
        return 0
    fi
    data_packages
    say "Loading 3,000,000 flights"
    local airports=$root/tools/demo/node_modules/vega-datasets/data/airports.csv started=$SECONDS
    node "$root/tools/demo/flights.js" | sql -d "$database" -o /dev/null --single-transaction \
        -f "$root/sql/demo/01_people.sql" \
        -f "$root/sql/demo/02_flights.sql" \
        -c "\\copy data.airports (iata, name, city, state, country, latitude, longitude) from '${airports//\'/\'\'}' (format csv, header)" \
        -c '\copy data.flights from pstdin (freeze)' \
        -c "$all_flights_there" \
        -f "$root/sql/demo/03_rollups.sql" \
        -f "$root/sql/demo/04_queries.sql" \
        -f "$root/sql/demo/05_flight_operations.sql" \
        -f "$root/sql/demo/06_airport.sql" \
        -f "$root/sql/demo/07_other.sql" ||
        fail "the demo data could not be loaded"
    data_vacuum
    say "Loaded in $((SECONDS - started)) s"
}

# Index-only scans need the visibility map, the planner its statistics.
data_vacuum() {
    sql -d "$database" -c 'vacuum (analyze) data.flights, data.airports, data.traffic, data.airport_days,
                           data.route_totals'
    # Small tables, which autovacuum leaves alone: without statistics the planner takes them for large.
    sql -d "$database" -c 'analyze'
}

# When nothing has been flown for an hour, the oldest flights come round again as the newest.
data_advance() {
    if [ "$(sql -At -d "$database" -c "
        select now() - max(date) > interval '1 hour'
           and exists (select from data.flights where date <= now() - interval '4368 hours')
        from data.flights")" = t ]; then
        sql -d "$database" --single-transaction -f "$root/sql/demo/advance.sql"
        data_vacuum
        say "Moved the flights on to now"
    fi
}
