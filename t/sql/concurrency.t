#!/usr/bin/perl
# Many writers at once: no update is lost, none is refused that need not be, nobody waits for each other
# in a circle. The clients are pgbench's, each with a connection of its own as dashboard_app.
use v5.36;
use lib 't/lib';
use Test::More;
use Cpanel::JSON::XS qw(encode_json);
use DBD::Pg  qw(:async);
use Dashboard::Run;
use Dashboard::Util qw(scratch_dir wait_for write_file);

my $clients  = 50;
my $postgres = Dashboard::Run->current->{postgres};
my $database = $postgres->create_database("concurrency_$$");
my $dbh      = $postgres->dbh($database);
my $dir      = scratch_dir('pgbench');

sub id ($digits) {
    return "00000000-0000-4000-8000-000000000$digits";
}

my %any = (raw => '*', any => \1, versions => []);

# A request as the server makes it.
sub request ($operation, %members) {
    return encode_json({
        operation      => $operation,
        correlation_id => 'req_race',
        address        => '127.0.0.1',
        issuer         => '',
        subject        => id('101'),
        if_match       => \%any,
        %members
    });
}

# Runs the script's statements by all clients at once, each so many times; requests are pgbench's variables.
sub race ($promise, $times, $script, %request) {
    my @variables;
    for my $name (sort keys %request) {
        push @variables, '-D', "$name=" . request($name, %{$request{$name}});
    }
    write_file("$dir/script.sql", $script);
    my $output = "$dir/output";
    my $pid    = fork // die "fork: $!\n";
    if (!$pid) {
        open STDOUT, '>', $output or die "$output: $!\n";
        open STDERR, '>&', \*STDOUT;
        exec Dashboard::Postgres::bindir() . '/pgbench', '-n', '-M', 'prepared', '-c', $clients, '-j', 2, '-t',
            $times, '-f', "$dir/script.sql", '-h', $postgres->{dir}, '-p', $postgres->port, '-U',
            'dashboard_app', @variables, $database;
        die "pgbench: $!\n";
    }
    waitpid $pid, 0;
    is($?, 0, $promise) or diag(do { open my $text, '<', $output; local $/ = undef; readline $text });
    return;
}

sub value ($sql, @values) {
    return ($dbh->selectrow_array($sql, undef, @values))[0];
}

sub version ($digits) {
    return value('select version from dashboard.dashboard where id = ?', id($digits));
}

sub outcomes ($digits, $outcome) {
    return value('select count(*) from dashboard.audit where resource_id = ? and outcome = ?', id($digits), $outcome);
}

# One ETag, 200 PATCHes -----------------------------------------------------------------------------

my $one = {path => {id => id('401')}, if_match => {raw => '"v1"', any => \0, versions => [1]}};
race('200 PATCHes with one ETag are all answered',
    4, "select status from api.patch_dashboard(:patch, jsonb_build_object('metadata', jsonb_build_object('by', (:client_id)::integer)));\n",
    patch => $one);
is(version('401'),              2,   'one of them wrote');
is(outcomes('401', 'success'),  1,   'which left one audit row');
is(outcomes('401', 'conflict'), 199, 'and 199 conflicts left theirs');
is(value('select count(*) from dashboard.dashboard_version where dashboard_id = ?', id('401')), 2, 'one new version');
is(value(q{select count(*) from dashboard.event where payload ->> 'dashboard_id' = ?}, id('401')), 1, 'one event');

# If-Match: * ---------------------------------------------------------------------------------------

race('200 PATCHes of different members with If-Match: * are all answered',
    4,
    "\\set n random(1, 1000000000)\n"
        . "select status from api.patch_dashboard(:patch, jsonb_build_object('metadata', jsonb_build_object((:client_id)::text || '.' || (:n)::text, 1)));\n",
    patch => {path => {id => id('402')}});
is(version('402'), 201, 'each was a version');
is(value('select count(*) from dashboard.dashboard, jsonb_object_keys(metadata) where id = ?', id('402')),
    200, 'and nothing was lost');

# Widgets of one dashboard, and the dashboard itself ---------------------------------------------------

my $was = version('401');
my $before = value('select max(id) from dashboard.audit');
race('writers of a dashboard and of its widgets are all answered',
    6,
    join("\n",
    '\set x random(0, 1000)',
    'select status from api.patch_widget(:first, jsonb_build_object(\'x\', (:x)::integer));',
    'select status from api.patch_widget(:second, jsonb_build_object(\'x\', (:x)::integer));',
    'select status from api.patch_dashboard(:patch, jsonb_build_object(\'layout\', jsonb_build_object(\'x\', (:x)::integer)));',
    'select status from api.put_dashboard(:whole, jsonb_build_object(\'name\', \'n\', \'visibility\', \'workspace\', \'widgets\', jsonb_build_array('
        . 'jsonb_build_object(\'id\', \'' . id('501') . '\', \'type\', \'kpi\', \'y\', (:x)::integer), jsonb_build_object(\'id\', \'' . id('502')
        . '\', \'type\', \'kpi\', \'y\', (:x)::integer))));',
    'select status from api.create_widget(:add, jsonb_build_object(\'dashboard_id\', \'' . id('401') . '\', \'type\', \'note\'));',
    ''),
    first  => {path => {id => id('501')}},
    second => {path => {id => id('502')}},
    patch  => {path => {id => id('401')}},
    whole  => {path => {id => id('401')}},
    add    => {path => {}, if_match => undef});
is(
    version('401') - $was,
    value(q{select count(*) from dashboard.audit where id > ? and outcome = 'success' and changes <> '[]'}, $before),
    'each change is one version of the dashboard'
);
is(
    value(q{
        select count(*) from dashboard.dashboard as d
        join dashboard.dashboard_version as v
          on v.organisation_id = d.organisation_id and v.dashboard_id = d.id and v.version = d.version
        where v.document::jsonb is distinct from dashboard.document(d)::jsonb}),
    0,
    'the last version of every dashboard is what is in the tables'
);

# Two writers that each lock what the other needs next would wait for ever: all lock the dashboard first.
for my $case (
    ['patch_widget',  {path => {id => id('501')}}, '{"x": 999}'],
    ['put_widget',    {path => {id => id('501')}}, '{"type": "bar"}'],
    ['delete_widget', {path => {id => id('501')}}, undef],
    ['put_dashboard', {path => {id => id('401')}}, '{"name": "n", "widgets": []}'],
    )
{
    my ($operation, $members, $body) = @$case;
    my ($holder, $writer) = map { $postgres->dbh($database) } 1 .. 2;
    $holder->begin_work;
    $holder->do('select from dashboard.dashboard where id = ? for no key update', undef, id('401'));
    $writer->begin_work;
    $writer->do(sprintf('select status from api.%s(%s, %s)',
            $operation, map { $dbh->quote($_) } request($operation, %$members), $body),
        {pg_async => PG_ASYNC});
    ok(
        wait_for(
            sub {
                value(q{select wait_event_type = 'Lock' from pg_stat_activity where pid = ?}, $writer->{pg_pid});
            }
        ),
        "$operation waits for the dashboard"
    );
    ok(eval { $dbh->do('select from dashboard.widget where id = ? for update nowait', undef, id('501')) },
        'and holds no widget meanwhile');
    $holder->rollback;
    $writer->pg_result;
    $writer->rollback;
    $_->disconnect for $holder, $writer;
}

# The default mark ------------------------------------------------------------------------------------

$dbh->do(q{
    insert into dashboard.dashboard (organisation_id, id, workspace_id, owner_id, name)
    select ?, ('22222222-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, ?, ?, 'd' || n
    from generate_series(1, 5) as n}, undef, id('001'), id('011'), id('104'));
$dbh->do(q{select dashboard.save_version(d, 'create', d.owner_id) from dashboard.dashboard as d where d.owner_id = ?},
    undef, id('104'));
race('many who each make another dashboard the default are all answered',
    10,
    join("\n",
    '\set n random(1, 5)',
    q{select status from api.patch_dashboard(jsonb_set((:patch)::jsonb, '{path,id}', to_jsonb('22222222-0000-4000-8000-00000000000' || (:n)::text)),}
        . q{ '{"is_default": true}');},
    ''),
    patch => {path => {}, subject => id('104')});
is(value('select count(*) from dashboard.dashboard where owner_id = ? and is_default', id('104')),
    1, 'and one of them is');

# Creating under one id -------------------------------------------------------------------------------

race('50 PUTs that create under one id are all answered',
    1, "select status from api.put_dashboard(:put, '{\"name\": \"x\"}');\n",
    put => {path => {id => id('4dd')}, if_match => undef, if_none_match => \%any, subject => id('102')});
is(version('4dd'), 1, 'one created it');
is(outcomes('4dd', 'conflict'), $clients - 1, 'the others met a conflict');

$dbh->disconnect;
$postgres->drop_database($database);
done_testing;
