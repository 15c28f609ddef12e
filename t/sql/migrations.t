#!/usr/bin/perl
# bootstrap.sql and the migrations: from nothing and back, every change by itself, run twice, and what
# the roles they make can do when they really log in.
use v5.36;
use lib 't/lib';
use Test::More;
use DBI;
use Dashboard::Run;
use Dashboard::Util qw(project_root);

my $postgres = Dashboard::Run->current->{postgres};
my $root     = project_root();
my $database = $postgres->create_database("migrations_$$", 'template1');

# A command's exit status and everything it said.
sub run_in ($dir, @command) {
    my $pid = open(my $output, '-|') // die "fork: $!\n";
    if (!$pid) {
        open STDERR, '>&', \*STDOUT;
        chdir $dir && exec { $command[0] } @command;
        exit 127;
    }
    local $/ = undef;
    my $text = readline($output) // '';
    close $output;
    return ($? >> 8, $text);
}

sub succeeds ($promise, $dir, @command) {
    my ($status, $text) = run_in($dir, @command);
    is($status, 0, $promise) or diag($text);
    return $text;
}

sub sqitch ($promise, @arguments) {
    local @ENV{qw(SQITCH_FULLNAME SQITCH_EMAIL)} = ('Test', 'test@localhost');
    return succeeds($promise, "$root/sql", 'sqitch', '--quiet', @arguments, '--target',
        $postgres->uri($database));
}

sub script ($promise, $file) {
    return succeeds($promise, $root, Dashboard::Postgres::bindir() . '/psql',
        '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-h', $postgres->{dir}, '-p', $postgres->port, '-U', 'postgres',
        '-d', $database, '-f', "sql/$file.sql");
}

my $dbh = $postgres->dbh($database);

# Everything in the database that is not PostgreSQL's, sqitch's or an extension's, with its grants.
sub inventory () {
    return $dbh->selectcol_arrayref(q{
        select format('%s %s', kind, name) from (
            select 'schema' as kind, nspname || coalesce(nspacl::text, '') as name from pg_namespace
            where nspname !~ '^pg_' and nspname not in ('information_schema', 'sqitch', 'public')
            union all
            select 'relation', oid::regclass || coalesce(relacl::text, '') from pg_class
            where relnamespace::regnamespace::text in ('dashboard', 'api', 'data', 'data_private')
            union all
            select 'function', oid::regprocedure || coalesce(proacl::text, '') || md5(prosrc) from pg_proc
            where pronamespace::regnamespace::text in ('dashboard', 'api', 'data', 'data_private')
            union all
            select 'default', defaclobjtype::text || defaclacl::text from pg_default_acl) as i
        order by 1});
}

script('bootstrap.sql runs on an empty database', 'bootstrap');
script('and again', 'bootstrap');
my $empty = inventory();
sqitch('all changes deploy and verify', 'deploy', '--verify');
my $full = inventory();
cmp_ok(scalar @$full, '>', 50, 'there is something now');
sqitch('deployed changes verify', 'verify');
script('bootstrap.sql runs on a database that is in use', 'bootstrap');
is_deeply(inventory(), $full, 'and changes nothing');
sqitch('all changes revert', 'revert', '-y');
is_deeply(inventory(), $empty, 'and leave nothing');

# Each by itself: deployed, verified, reverted, and deployed again before the next.
my @changes = map { /^([^\s%#]+)/ ? $1 : () } split /\n/, do {
    open my $plan, '<', "$root/sql/sqitch.plan" or die "sqitch.plan: $!\n";
    local $/ = undef;
    readline $plan;
};
for my $change (@changes) {
    my $was = inventory();
    script("$change deploys", "deploy/$change");
    script("$change verifies", "verify/$change");
    script("$change reverts", "revert/$change");
    is_deeply(inventory(), $was, "$change leaves nothing");
    script("$change deploys again", "deploy/$change");
}
is_deeply(inventory(), $full, 'one by one comes to the same');

# Roles that log in --------------------------------------------------------------------------------

my $app = DBI->connect("dbi:Pg:dbname=$database;host=$postgres->{dir};port=" . $postgres->port,
    'dashboard_app', '', {AutoCommit => 1, RaiseError => 0, PrintError => 0});
ok($app, 'dashboard_app can connect');
for my $statement (
    'set role dashboard_owner',
    'create temporary table x ()',
    'create schema x',
    'create table public.x ()',
    'create table data.x ()',
    'select * from dashboard.audit',
    'select pg_advisory_lock(1)',
    q{select pg_notify('dashboard_event', '{}')},
    q{select lo_create(0)},
    )
{
    ok(!$app->do($statement) && $app->state eq '42501', "dashboard_app may not: $statement");
}
ok($app->do('select * from api.health_ready(null, null)'), 'but may ask whether the server is ready');

# A stored query's transaction, as the server runs it, tries to get out.
for my $escape (
    q{select set_config('role', 'none', true)},
    q{select set_config('role', 'dashboard_app', false)},
    q{select query_to_xml('reset role', true, true, '')},
    q{select api.health_ready(null, null)::text},
    q{select api.enter_query(1, 'UTC')::text},
    )
{
    $app->begin_work;
    ok($app->do(q{select api.enter_query(1000, 'UTC')}), 'the role is entered');
    ok(!$app->do("select * from (\n$escape\n) as q limit 10") && $app->state eq '42501',
        "a stored query may not: $escape");
    $app->rollback;
}
$app->begin_work;
$app->do(q{select api.enter_query(50, 'UTC')});
ok(!$app->do('select * from (select pg_sleep(60)) as q') && $app->state eq '57014',
    'the statement time-out holds');
$app->rollback;
is_deeply(
    [
        $app->selectrow_array(
            q{select current_user, current_setting('transaction_read_only'), current_setting('statement_timeout')}
        )
    ],
    ['dashboard_app', 'off', '0'],
    'the next transaction is itself again'
);
ok(!DBI->connect("dbi:Pg:dbname=$database;host=$postgres->{dir};port=" . $postgres->port,
        $_, '', {RaiseError => 0, PrintError => 0}), "$_ cannot log in")
    for qw(dashboard_owner dashboard_query);

$_->disconnect for $app, $dbh;
$postgres->drop_database($database);
done_testing;
