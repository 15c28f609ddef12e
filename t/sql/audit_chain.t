#!/usr/bin/perl
# The audit trail's chain under many writers, its partitions and their retention, and the script that
# verifies all of it for operators.
use v5.36;
use lib 't/lib';
use Test::More;
use Cpanel::JSON::XS qw(encode_json);
use DBD::Pg  qw(:async);
use Dashboard::Run;
use Dashboard::Util qw(file_content project_root scratch_dir wait_for write_file);

my $postgres = Dashboard::Run->current->{postgres};
my $database = $postgres->create_database("audit_chain_$$");
my $dbh      = $postgres->dbh($database);
my $dir      = scratch_dir('audit');
my $bindir   = Dashboard::Postgres::bindir();
my @server   = ('-h', $postgres->{dir}, '-p', $postgres->port);

sub id ($digits) {
    return "00000000-0000-4000-8000-000000000$digits";
}

sub value ($sql, @values) {
    return ($dbh->selectrow_array($sql, undef, @values))[0];
}

# Runs a program; its exit status, standard output and standard error.
sub run (@command) {
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        open STDOUT, '>', "$dir/out" or die "$dir/out: $!\n";
        open STDERR, '>', "$dir/err" or die "$dir/err: $!\n";
        exec { $command[0] } @command;
        die "$command[0]: $!\n";
    }
    waitpid $pid, 0;
    return ($? >> 8, map { file_content("$dir/$_") } qw(out err));
}

sub verify (%environment) {
    local @ENV{keys %environment} = values %environment;
    return run("$bindir/psql", '-X', '-q', @server, '-U', 'postgres', '-d', $database, '-f',
        project_root() . '/sql/audit_verify.sql');
}

sub whole ($promise) {
    my ($status, $heads, $said) = verify();
    is($status, 0, $promise) or diag($said);
    return $heads;
}

# What one refuses who may not: its SQLSTATE.
sub sqlstate ($sql, @values) {
    return eval { $dbh->do($sql, undef, @values); 1 } ? 'done' : $dbh->state;
}

# An audit row of an organisation in the transaction that $dbh is in.
my $audit = q{select dashboard.audit(dashboard.nobody_in(?), '{"operation": "x"}', 'read', 'x',
    null, null, null, '[]', 'success')};

# Many writers --------------------------------------------------------------------------------------

# Each transaction leaves rows of both organisations and of none, in any order, and some fail.
write_file("$dir/script.sql", <<'SQL');
\set first random(0, 2)
\set second random(0, 2)
\set fails random(0, 9)
begin;
select dashboard.audit(dashboard.nobody_in((array[:a, :b, null])[:first + 1]::uuid),
                       '{"operation": "x"}', 'read', 'x', null, null, null, '[]', 'success');
savepoint undone;
select dashboard.audit(dashboard.nobody_in((array[:a, :b, null])[:second + 1]::uuid),
                       '{"operation": "undone"}', 'read', 'x', null, null, null, '[]', 'success');
rollback to undone;
select dashboard.audit(dashboard.nobody_in((array[:a, :b, null])[:second + 1]::uuid),
                       '{"operation": "x"}', 'read', 'x', null, null, null, '[]', 'success');
\if :fails
commit;
\else
rollback;
\endif
SQL
my ($status, undef, $said) = run(
    "$bindir/pgbench", '-n', '-c', 40, '-j', 2, '-t', 25, '-f', "$dir/script.sql", @server, '-U', 'postgres',
    '-D', "a='" . id('001') . q('), '-D', "b='" . id('002') . q('), $database
);
is($status, 0, '40 writers of three chains at once, each of two in any order: nobody waits in a circle') or diag($said);
whole('what they left is whole');
is(value(q{select count(*) from dashboard.audit where operation = 'undone'}), 0, 'what was undone left nothing');
is(value('select sum(sequence) from dashboard.audit_head'), value('select count(*) from dashboard.audit'),
    'and no gap');
cmp_ok(value('select count(distinct lane) from dashboard.audit'), '>', 1, 'several lanes were used');

# All lanes taken: the next one waits for its own, which is as good as any.
my @holders = map { $postgres->dbh($database) } 1 .. 32;
for my $holder (@holders) {
    $holder->begin_work;
    $holder->do($audit, undef, id('001'));
}
is(value('select count(distinct objid) from pg_locks where locktype = ? and database = (select oid from pg_database
    where datname = current_database())', 'advisory'), 32, '32 transactions at once take 32 lanes, and none waits');
my $late = $postgres->dbh($database);
$late->do($audit, undef, id('002'));
pass('another organisation has its own');
my $pid = $late->{pg_pid};
$late->begin_work;
my $waiting = $late->prepare($audit, {pg_async => PG_ASYNC});
$waiting->execute(id('001'));
ok(wait_for(sub { value(q{select wait_event = 'advisory' from pg_stat_activity where pid = ?}, $pid) }),
    'the 33rd writer waits');
$_->rollback for @holders;
ok($late->pg_result, 'until a lane is free');
$waiting->finish;
$late->commit;
$_->disconnect for @holders, $late;
whole('which left it whole');

# A row without its organisation's lanes is refused, and with it what it would have told of.
is(sqlstate($audit, id('999')), 'P0001', 'no row goes into a chain that there is not');
$dbh->do(q{insert into dashboard.organisation (id, name) values (?, 'New')}, undef, id('999'));
is(sqlstate($audit, id('999')), 'done', 'a new organisation has one');

# The operator's script -----------------------------------------------------------------------------

my $heads = whole('a whole trail verifies');
is($heads, join('', map {"$_\n"} @{ $dbh->selectcol_arrayref('select * from dashboard.audit_heads()') }), 'the heads are printed');
is(scalar(grep { !/^[0-9a-f-]{36} \d+ [1-9]\d* [0-9a-f]{64}$/ } split /\n/, $heads), 0, 'organisation, lane, sequence, hash');
write_file("$dir/heads", $heads);
$dbh->do($audit, undef, id('001'));
is((verify(HEADS => "$dir/heads"))[0], 0, 'the chain has gone on from kept heads');
write_file("$dir/other", $heads =~ s/[0-9a-f]$/0/mgr =~ s/0$/1/mr);
($status, my $out, $said) = verify(HEADS => "$dir/other");
is($status, 3, 'a chain without the kept heads is no whole one');
like($said, qr/^head rewritten: organisation \S+ lane \d+ sequence \d+$/m, 'and says which');
is($out, '', 'no heads are printed to be kept instead');
is((verify(HEADS => "$dir/none"))[0], 3, 'a file that is not there is no proof');

my $middle = value(q{select id from dashboard.audit where organisation_id = ? order by sequence limit 1}, id('001'));
$dbh->do('set session_replication_role = replica');
$dbh->do('update dashboard.audit set correlation_id = ? where id = ?', undef, 'forged', $middle);
($status, $out, $said) = verify();
is($status, 3, 'an altered row is found');
my $organisation = id('001');
like($said, qr/^altered: organisation \Q$organisation\E lane \d+ sequence 1 row $middle$/m, 'and named');
$dbh->do('update dashboard.audit set correlation_id = null where id = ?', undef, $middle);
$dbh->do('set session_replication_role = origin');
whole('put back, it is whole');

# Partitions ----------------------------------------------------------------------------------------

my $month = value(q{select to_char(now() at time zone 'UTC', 'YYYY_MM')});
is(value('select count(*) from pg_inherits where inhparent = ?::regclass', 'dashboard.audit'), 26,
    'there are partitions for this month, two years to come, and the rest');
is(value("select count(*) from dashboard.audit_$month") - value('select count(*) from dashboard.audit'), 0,
    'rows are in their month\'s');
is(value('select dashboard.audit_partitions()'), 0, 'nothing is to be made');
is(value('select dashboard.audit_partitions(26)'), 2, 'but for months further ahead');
is(value(q{select count(*) from pg_class as c join pg_trigger as t on t.tgrelid = c.oid
    where c.relname ~ '^audit_\d{4}' and tgfoid = 'dashboard.refuse_change()'::regprocedure}), 27 * 2,
    'each is append-only');

# Rows of past months: of two in partitions, of one in the default partition. The chain is written for
# them as it would have been.
my @past = map { value(q{select date_trunc('month', now() at time zone 'UTC')::date - ? * interval '1 month'}, $_) =~ s/ .*//r } 0 .. 4;
sub backdate ($rows_per_month, @months) {
    $dbh->begin_work;
    $dbh->do('set local session_replication_role = replica');
    $dbh->do(q{
        with numbered as (select id, row_number() over (order by id) - 1 as n from dashboard.audit)
        update dashboard.audit as a
        set created_at = ((?::date[])[n.n / ?::integer + 1] + time '12:00') at time zone 'UTC' + n.n * interval '1 second'
        from numbered as n
        where n.id = a.id and n.n < ?::integer}, undef, \@months, $rows_per_month, $rows_per_month * @months);
    $dbh->do(q{
        do $do$
        declare
            a    dashboard.audit;
            last dashboard.audit_head;
        begin
            -- Along a lane ids pass as sequence did.
            for a in select * from dashboard.audit as b order by b.organisation_id, b.lane, b.sequence loop
                if (a.organisation_id, a.lane) is distinct from (last.organisation_id, last.lane) then
                    last.hash := '';
                end if;
                last := row(a.organisation_id, a.lane, a.sequence, dashboard.audit_hash(last.hash, a.sequence, a));
                update dashboard.audit as b set hash = last.hash where b.id = a.id;
                update dashboard.audit_head as h set hash = last.hash
                where h.organisation_id = a.organisation_id and h.lane = a.lane;
            end loop;
        end
        $do$});
    $dbh->commit;
    return;
}
for my $n (2, 3) {
    my ($name, $to) = ($past[$n] =~ s/^(\d+)-(\d+).*/audit_$1_$2/r, $past[$n - 1]);
    $dbh->do("create table dashboard.$name (like dashboard.audit including defaults including constraints)");
    $dbh->do("alter table dashboard.audit attach partition dashboard.$name for values from ('$past[$n] 00:00+00') to ('$to 00:00+00')");
    $dbh->do("alter table dashboard.$name owner to dashboard_owner");
    $dbh->do("select dashboard.make_append_only('dashboard.$name')");
}
my $total = value('select count(*) from dashboard.audit');
backdate(100, @past[4, 3, 2]);
$heads = whole('a trail of several months is whole');
write_file("$dir/heads", $heads);
is(value('select count(*) from dashboard.audit_default'), 100, 'what no month\'s partition takes is in the default one');

is(sqlstate('select dashboard.audit_detach(?)', $_), '22023', "not detached before: $_")
    for value(q{select now()::date + 40}), $past[2] =~ s/01$/02/r;
is(sqlstate('select dashboard.audit_detach(null)'), '22023', 'nor without saying when');
is(value('select count(*) from dashboard.audit'), $total, 'which takes off nothing');

my ($fourth, $third, $second) = map {s/^(\d+)-(\d+).*/$1_$2/r} @past[4, 3, 2];
is_deeply(
    $dbh->selectcol_arrayref('select * from dashboard.audit_detach(?) order by 1', undef, $past[2]),
    ["dashboard.audit_$third", "dashboard.audit_until_$fourth"],
    'what is older than two months is detached'
);
is(value('select count(*) from dashboard.audit'), $total - 200 + value('select count(distinct organisation_id)
    from dashboard.audit_checkpoint'), 'its rows are gone from the trail, which tells so');
is(value(q{select count(*) from dashboard.audit where action = 'detach' and details ->> 'before' = ?}, "$past[2]T00:00:00.000000Z"),
    value('select count(distinct organisation_id) from dashboard.audit_checkpoint'), 'for each organisation');
whole('the rest verifies from the checkpoints');
is((verify(HEADS => "$dir/heads"))[0], 0, 'with the heads kept before, too');
is(value("select count(*) from dashboard.audit_$third"), 100, 'what was detached is a table of its own');
is(sqlstate("truncate dashboard.audit_$third"), '42501', 'append-only still');
$dbh->do($audit, undef, id('001'));
whole('and the chain goes on');

$dbh->begin_work;
$dbh->do('set local session_replication_role = replica');
$dbh->do("delete from dashboard.audit where id = (select id from dashboard.audit_$second order by sequence limit 1)");
isnt(value('select count(*) from dashboard.audit_verify()'), 0, 'the first row after the checkpoint is missed');
$dbh->rollback;
$dbh->begin_work;
$dbh->do('set local session_replication_role = replica');
$dbh->do('update dashboard.audit_checkpoint set hash = sha256(hash)');
isnt(value('select count(*) from dashboard.audit_verify()'), 0, 'another checkpoint is found');
$dbh->rollback;

$dbh->do("alter table dashboard.audit attach partition dashboard.$_->[0] for values from ('$_->[1] 00:00+00') to ('$_->[2] 00:00+00')")
    for ["audit_until_$fourth", @past[4, 3]], ["audit_$third", @past[3, 2]];
is(value('select count(*) from dashboard.audit'), $total + value(q{select count(*) from dashboard.audit where action = 'detach'}) + 1, 'attached again, all is there');
whole('and verifies from the first row on');
$dbh->do("alter table dashboard.audit detach partition dashboard.$_") for "audit_until_$fourth", "audit_$third";
$dbh->do("drop table dashboard.audit_$third, dashboard.audit_until_$fourth");
whole('detached by hand after that, and dropped, it is not missed');

# With everything detached but what was written since.
$dbh->do('select dashboard.audit_detach(?)', undef, $past[1]);
whole('month after month');

is_deeply($dbh->selectcol_arrayref('select * from dashboard.audit_detach(?)', undef, $past[1]), [], 'and again it takes off nothing');

$dbh->disconnect;
$postgres->drop_database($database);
done_testing;
