#!/usr/bin/perl
# Runs prove with the servers of a test run up: t/lib/run.pl [prove's options] FILE ... Exits as prove
# does. Which operations of the API the tests saw is in build/coverage.txt afterwards.

use v5.36;
use FindBin;
use lib $FindBin::Bin;
use Dashboard::Run;
use Dashboard::Util qw(project_root);

my $coverage = project_root() . '/build/coverage.txt';
unlink $coverage;

my $run      = Dashboard::Run->start;
my $postgres = $run->{postgres};

# pgTAP files get a database between them; each rolls back what it did.
my $database = $postgres->create_database('dashboard_sql');
my $dbh      = $postgres->dbh($database);
$dbh->do("create extension if not exists $_") for qw(pgtap plpgsql_check);
$dbh->disconnect;
my %pgtap = (
    suffix   => '.sql',
    psql     => Dashboard::Postgres::bindir() . '/psql',
    dbname   => $database,
    username => 'postgres',
    host     => $postgres->{dir},
    port     => $postgres->port,
);

my @prove = (
    'prove', '--source', 'Perl', '--source', 'pgTAP',
    (map { ('--pgtap-option', "$_=$pgtap{$_}") } sort keys %pgtap), @ARGV
);

my $child = fork // die "fork: $!\n";
if (!$child) {
    $ENV{DASHBOARD_TEST_RUN}      = $run->{dir};
    $ENV{DASHBOARD_TEST_COVERAGE} = $coverage;
    $ENV{HARNESS_RULESFILE}       = "$FindBin::Bin/testrules.yml";
    exec { $prove[0] } @prove or die "cannot run prove: $!\n";
}

# The terminal's interrupt reaches prove, too; this process waits for it and then cleans up.
@SIG{qw(INT TERM HUP)} = (sub ($signal) { kill $signal, $child }) x 3;
1 while waitpid($child, 0) == -1 && $!{EINTR};
my $status = $?;
exit($status & 127 ? 128 + ($status & 127) : $status >> 8);
