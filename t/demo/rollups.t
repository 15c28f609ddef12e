#!/usr/bin/perl
# What the demo's rollups promise: the sums over any range are those of the flights themselves.
use v5.36;
use lib 't/lib';
use Test::More;
use Dashboard::Run;
use Dashboard::Util qw(project_root);

my $postgres = Dashboard::Run->current->{postgres};
my $database = $postgres->create_database("demo_rollups_$$");
my $demo     = project_root() . '/sql/demo';
my $dbh      = $postgres->dbh($database);
$dbh->do(q{set timezone = 'UTC'});

# psql's own commands do not occur in these files; pg_temp functions need one session for all of them.
sub run_file ($name) {
    open my $handle, '<:encoding(UTF-8)', "$demo/$name" or die "$demo/$name: $!\n";
    local $/ = undef;
    $dbh->begin_work;
    $dbh->do(readline $handle);
    $dbh->commit;
    return;
}

# The template has the other tests' data in it.
$dbh->do('truncate dashboard.organisation cascade');
run_file('01_people.sql');
run_file('02_flights.sql');
$dbh->do(q{
    insert into data.airports (iata, name, city, state, country, latitude, longitude)
    values ('AAA', 'A', 'A-town', 'AK', 'USA', 1, 2), ('BBB', 'B', 'B-town', 'BK', 'USA', 3, 4),
           ('CCC', 'C', 'C-town', 'CK', 'USA', 5, 6), ('DDD', 'unused', 'D-town', 'DK', 'USA', 7, 8)});
# Half a year with a change to daylight saving time in it, every seven minutes and on whole days and slots.
$dbh->do(q{
    insert into data.flights (date, delay, distance, origin, destination)
    select t, n % 40 - 10, 100 * (n % 3 + 1), (array['AAA', 'BBB', 'CCC'])[n % 3 + 1],
           (array['BBB', 'CCC', 'AAA'])[n % 3 + 1]
    from (
        select timestamptz '2026-01-01Z' + n * interval '7 minutes' as t, n from generate_series(1, 37000) as n
        union all
        select timestamptz '2026-01-01Z' + n * interval '15 minutes', n from generate_series(0, 17000) as n
    ) as f});
run_file('03_rollups.sql');

is_deeply(
    $dbh->selectcol_arrayref('select iata from data.airports order by 1'),
    [qw(AAA BBB CCC)],
    'airports without flights are left out'
);

my @ranges = (
    ['within a slot', '2026-02-03T10:01:00Z', '2026-02-03T10:09:00Z'],
    ['a slot', '2026-02-03T10:00:00Z', '2026-02-03T10:15:00Z'],
    ['across a slot\'s start', '2026-02-03T10:14:00Z', '2026-02-03T10:16:00Z'],
    ['a microsecond on a slot\'s start', '2026-02-03T10:15:00Z', '2026-02-03T10:15:00.000001Z'],
    ['a microsecond before a slot\'s start', '2026-02-03T10:14:59.999999Z', '2026-02-03T10:15:00Z'],
    ['within a day', '2026-02-03T00:07:00Z', '2026-02-03T23:59:00Z'],
    ['a day', '2026-02-03T00:00:00Z', '2026-02-04T00:00:00Z'],
    ['days cut in two', '2026-02-03T17:23:11Z', '2026-03-19T04:01:00Z'],
    ['across a change of the clocks', '2026-03-07T12:00:00Z', '2026-03-09T12:00:00Z'],
    ['that ends within a day of that change', '2026-03-05T12:00:00Z', '2026-03-08T23:30:00Z'],
    ['more than there is', '2020-01-01T00:00:00Z', '2030-01-01T00:00:00Z'],
    ['where nothing is', '2020-01-01T00:00:00Z', '2020-01-02T00:00:00Z'],
);

my $sums = 'coalesce(sum(flights), 0), coalesce(sum(on_time), 0), coalesce(sum(delay_minutes), 0)';
my %rollup = (traffic => [], airports => ['airport'], routes => ['origin', 'destination', 'distance']);

for my $zone ('UTC', 'America/Chicago', 'Asia/Kathmandu') {
    $dbh->do(qq{set timezone = '$zone'});
    for my $range (@ranges) {
        my ($name, @bounds) = @$range;
        for my $rollup (sort keys %rollup) {
            my $group = @{ $rollup{$rollup} } ? 'group by ' . join(', ', @{ $rollup{$rollup} }) : '';
            my $keys  = join '', map {"$_, "} @{ $rollup{$rollup} };
            my $got   = $dbh->selectall_arrayref(
                "select $keys $sums from data.${rollup}_between(?, ?) $group order by 1, 2, 3", undef, @bounds);
            my $expected = $dbh->selectall_arrayref(
                "select $keys $sums from (
                     select origin as airport, origin, destination, distance, 1 as flights,
                            (delay < 15)::integer as on_time, delay as delay_minutes
                     from data.flights where date >= ? and date < ?) as f $group order by 1, 2, 3", undef, @bounds);
            is_deeply($got, $expected, "$rollup of $name ($zone)");
        }
    }
}

$dbh->do(q{set timezone = 'UTC'});
my $slots = $dbh->selectall_arrayref(q{
    select slot, sum(flights)
    from data.traffic_between('2026-02-03T10:01:00Z', '2026-02-03T11:01:00Z') group by 1 order by 1});
my $expected = $dbh->selectall_arrayref(q{
    select date_bin('15 minutes', date, 'epoch'), count(*) from data.flights
    where date >= '2026-02-03T10:01:00Z' and date < '2026-02-03T11:01:00Z' group by 1 order by 1});
is_deeply($slots, $expected, 'flights at the ends of a range are counted in their own slots');

# As dashboard_query reads it: a plan with a function's scan would have read the whole range's flights.
my $plan = join "\n", @{ $dbh->selectcol_arrayref(q{
    explain select sum(flights) from data.traffic_between('2026-01-05Z', '2026-04-05Z')}) };
unlike($plan, qr/Function Scan/, 'the planner sees through the functions');
like($plan, qr/traffic/, 'and reads the rollup');

# The demo started again after a while.
my ($before) = $dbh->selectrow_array('select count(*) from data.flights');
my $days = q{select extract(isodow from date), date::time, count(*) from data.flights group by 1, 2 order by 1, 2};
my $pattern = $dbh->selectall_arrayref($days);
run_file('advance.sql');
my ($after, $oldest, $future) = $dbh->selectrow_array(q{
    select count(*), min(date) > now() - interval '4368 hours', max(date) <= now() from data.flights});
is($after, $before, 'moving on loses no flight and makes up none');
ok($oldest, 'no flight is older than 26 weeks then');
ok($future, 'and none lies in the future');
is_deeply($dbh->selectall_arrayref($days), $pattern, 'weekdays and times of day stay what they were');
is_deeply(
    $dbh->selectall_arrayref("select $sums from data.traffic_between('2020-01-01', '2090-01-01')"),
    $dbh->selectall_arrayref('select count(*), count(*) filter (where delay < 15), sum(delay) from data.flights'),
    'the rollups follow'
);

$dbh->disconnect;
$postgres->drop_database($database);
done_testing();
