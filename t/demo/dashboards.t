#!/usr/bin/perl
# What the demo's dashboards promise: every widget's query runs as dashboard_query, nothing overlaps, every
# type of widget is there, and nobody sees another organisation's.
use lib 't/lib';
use Dashboard::Test;
use Cpanel::JSON::XS qw(decode_json encode_json);
use Dashboard::Run;
use Dashboard::Util qw(file_content project_root);

my $postgres = Dashboard::Run->current->{postgres};
my $database = $postgres->create_database("demo_dashboards_$$");
my $demo     = project_root() . '/sql/demo';
my $dbh      = $postgres->dbh($database);
$dbh->do(q{set timezone = 'UTC'});

# The template has the other tests' data in it.
$dbh->do('truncate dashboard.organisation cascade');
$dbh->begin_work;
$dbh->do(file_content("$demo/$_")) for qw(01_people.sql 02_flights.sql);
$dbh->do(q{
    insert into data.airports (iata, name, city, state, country, latitude, longitude)
    values ('ORD', 'O''Hare', 'Chicago', 'IL', 'USA', 42, -88), ('SFO', 'SFO', 'San Francisco', 'CA', 'USA', 38, -122)});
$dbh->do(q{
    insert into data.flights (date, delay, distance, origin, destination)
    select now() - n * interval '1 hour', n % 40 - 10, 1846,
           case n % 2 when 0 then 'ORD' else 'SFO' end, case n % 2 when 0 then 'SFO' else 'ORD' end
    from generate_series(1, 800) as n});
$dbh->do(file_content("$demo/$_"))
    for qw(03_rollups.sql 04_queries.sql 05_flight_operations.sql 06_airport.sql 07_other.sql);
$dbh->commit;

my %user = (analyst => 2, viewer => 3, outsider => 4);

# What the operation answers to a user: (status, its body decoded).
sub operate ($operation, $who, $path, $query = {}) {
    my $request = {
        operation => $operation, correlation_id => 'test', address => '127.0.0.1', issuer => '',
        subject => "0c000000-0000-4000-8000-00000000000$user{$who}",
        path => $path, query => $query, if_match => undef, if_none_match => undef,
        limits => {batch_max => 50, widget_timeout_ms => 5000, widget_rows => 10000},
    };
    my ($status, $body)
        = $dbh->selectrow_array("select status, body from api.$operation(?, null)", undef, encode_json($request));
    return ($status, decode_json($body));
}

# Runs one entry of a plan as the server does; its rows.
sub run_entry ($entry) {
    $dbh->begin_work;
    $dbh->do('set local role dashboard_app');
    $dbh->selectrow_array('select api.enter_query(?, ?)', undef, $entry->{timeout_ms}, $entry->{timezone});
    my $statement = $dbh->prepare("SELECT * FROM (\n$entry->{sql}\n) AS q LIMIT 10001", {pg_placeholder_dollaronly => 1});
    my $rows = eval { $statement->execute(@{ $entry->{params} }); $statement->fetchall_arrayref };
    $dbh->rollback;
    return $rows;
}

my ($operations, $airport, $other) = map {"0d000000-0000-4000-8000-00000000000$_"} 1 .. 3;
my %types;

for my $case ([$operations, 'analyst', 12], [$airport, 'viewer', 10], [$other, 'outsider', 1]) {
    my ($id, $who, $queries) = @$case;
    my ($status, $body) = operate('get_dashboard', $who, {id => $id});
    is($status, 200, "$who sees the dashboard") or next;
    my $dashboard = $body->{data};
    my $name      = $dashboard->{name};
    is($dashboard->{status}, 'published', "$name is published");

    my %taken;
    for my $widget (@{ $dashboard->{widgets} }) {
        $types{ $widget->{type} } = 1;
        cmp_ok($widget->{x} + $widget->{width}, '<=', $dashboard->{layout}{columns}, "$widget->{title} fits the grid");
        for my $x ($widget->{x} .. $widget->{x} + $widget->{width} - 1) {
            push @{ $taken{"$x,$_"} }, $widget->{title} for $widget->{y} .. $widget->{y} + $widget->{height} - 1;
        }
    }
    is_deeply([grep { @$_ > 1 } values %taken], [], "no widgets of $name overlap");

    for my $timerange ('1h', '24h', '7d', '30d', '90d') {
        my ($planned, $plan)
            = operate('get_dashboard_data', $who, {id => $id}, {timerange => $timerange, timezone => 'America/Chicago'});
        is($planned, 200, "the data of $name over $timerange are planned") or next;
        my @entries = grep { defined $_->{sql} } @{ $plan->{widgets} };
        is(scalar @entries, $queries, "with as many queries as $name has widgets with one");
        for my $entry (@entries) {
            my $rows = run_entry($entry);
            ok($rows, "widget $entry->{id} runs over $timerange") or diag $dbh->errstr;
            ok($rows && @$rows, "and has rows") if $timerange ne '1h';
        }
    }
}
is_deeply(
    [sort keys %types],
    [sort qw(kpi line area bar table heatmap map note chart)],
    'every type of widget is shown'
);

my (undef, $plan) = operate('get_dashboard_data', 'viewer', {id => $airport}, {filters => ['airport:SFO']});
my ($named) = grep { $_->{id} =~ /202$/ } @{ $plan->{widgets} };
is(run_entry($named)->[0][0], 'SFO', 'the variable airport, given as a filter, reaches the queries');

is((operate('get_dashboard', 'outsider', {id => $operations}))[0], 404, 'the outsider does not see Demo\'s');
is((operate('get_dashboard', 'analyst', {id => $other}))[0], 404, 'and Demo does not see the outsider\'s');

$dbh->disconnect;
$postgres->drop_database($database);
done_testing();
