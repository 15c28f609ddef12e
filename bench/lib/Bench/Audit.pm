package Bench::Audit;

# Two scratch databases beside the demo's, alike but for the audit trail: in one of them dashboard.audit(),
# which every operation calls to have its row written, does nothing. How it writes one is its own affair.

use v5.36;

my %name = (with => 'bench_audit', without => 'bench_no_audit');

# database: a Bench::Database. Makes the copies, with all that is in it but the flights.
sub new ($class, %self) {
    my $self = bless {%self}, $class;
    $self->remove;
    for my $which (sort keys %name) {
        $self->{database}->ask("create database $name{$which}");
        $self->{$which} = $self->{database}->other($name{$which});
        $self->{database}->copy_to($self->{$which});
    }
    $self->{without}->ask(<<'SQL');
do $do$
declare
    f regprocedure;
begin
    for f in select p.oid from pg_proc as p
             where p.pronamespace = 'dashboard'::regnamespace and p.proname = 'audit'
    loop
        execute format('create or replace function dashboard.audit(%s) returns void '
                       'language plpgsql volatile as $audit$ begin end $audit$',
                       pg_get_function_arguments(f));
    end loop;
    assert found, 'there is no dashboard.audit()';
end
$do$;
SQL
    $self->{$_}->ask('vacuum analyze') for keys %name;
    return $self;
}

# The copy with, and the one without audit trail: Bench::Database.
sub with ($self) { return $self->{with} }
sub without ($self) { return $self->{without} }

# Runs load and holds the audit rows it left against its requests: one each, or none.
sub checked ($self, $database, $load) {
    my $before = rows($database);
    my $result = $load->();
    my $made = rows($database) - $before;
    my $expected = $database == $self->{with} ? $result->{requests} : 0;
    die "bench: $result->{requests} requests left $made audit rows\n" if $made != $expected;
    return $result;
}

sub rows ($database) { return $database->ask('select count(*) from dashboard.audit') }

# Drops the copies, also those of an earlier run.
sub remove ($self) {
    $self->{database}->ask("drop database if exists $_ with (force)") for sort values %name;
    return;
}

1;
