package Bench::Copies;

# Copies of the demo's dashboard, made through the API and removed without a trace.

use v5.36;
use Exporter qw(import);

our @EXPORT_OK = qw(make remove);

# Makes count copies by a Bench::Client whose user may, and returns their ids.
sub make ($client, $dashboard, $count) {
    return map {
        $client->data('POST', "/api/v1/dashboards/$dashboard/clone", {name => "Benchmark $_"})->{id}
    } 1 .. $count;
}

# Deletes the copies, also those of an earlier run, the queries and functions made for them, and what
# was recorded of them.
sub remove ($database) {
    $database->ask(<<'SQL');
begin;
-- past the triggers that keep the records: this database is the benchmark's own
set local session_replication_role = replica;
create temporary table gone on commit drop as
    select organisation_id, id from dashboard.dashboard where name ~ '^Benchmark [0-9]+$';
delete from dashboard.widget as w using gone as g
    where w.organisation_id = g.organisation_id and w.dashboard_id = g.id;
delete from dashboard.dashboard_version as v using gone as g
    where v.organisation_id = g.organisation_id and v.dashboard_id = g.id;
delete from dashboard.dashboard as d using gone as g
    where d.organisation_id = g.organisation_id and d.id = g.id;
delete from dashboard.query where name ~ '^Benchmark: ';
drop function if exists
    data.raw_traffic_between, data.raw_airports_between, data.raw_routes_between;
truncate dashboard.event, dashboard.audit;
commit;
vacuum analyze dashboard.dashboard, dashboard.widget, dashboard.dashboard_version,
    dashboard.event, dashboard.audit;
SQL
    return;
}

1;
