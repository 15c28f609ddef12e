package Bench::Write;

# PATCH of dashboards made for it, copies of the demo's, through nginx by wrk and as the function's
# call by pgbench. No two connections work on the same dashboard at the same time, so that neither
# side waits for row locks. Every run is checked: each dashboard's version counts its changes.

use v5.36;
use Bench::Copies ();
use Bench::Load ();

# The two bodies that a run sends in turn, unlike those of any other run: saying again what is there
# already would change nothing.
sub bodies ($self) {
    my $run = sprintf '%04d', $self->{runs}++;
    return map { qq({"description":"Run $run, $_ turn: as long as such texts are."}) } qw(odd even);
}

# root, folder, database: as in Bench::Servers. client: a Bench::Client whose user may create
# dashboards. dashboard: the one to copy. count: copies.
sub new ($class, %self) {
    my $self = bless {%self}, $class;
    $self->remove;
    $self->{ids} = [Bench::Copies::make($self->{client}, $self->{dashboard}, $self->{count})];
    my ($sent) = $self->bodies;
    my ($statement, $request, $body) = $self->{database}->capture('patch_dashboard', sub {
        $self->{client}->send('PATCH', "/api/v1/dashboards/$self->{ids}[0]", $sent, 'If-Match' => '*');
    });
    die "bench: the module sends another body than it was sent\n" if $body ne $sent;
    $request =~ s/\Q$self->{ids}[0]\E/{id}/ or die "bench: the request names no dashboard: $request\n";
    $self->{request} = $request;
    $self->{script} = "$self->{folder}/patch.pgbench";
    open my $file, '>', $self->{script} or die "bench: $self->{script}: $!\n";
    # A client's first transaction makes its request; all others are the call alone.
    say {$file} q{\if :ready = 0};
    say {$file} q{select replace(:template, '{id}', split_part(:ids, ',', :client_id + 1))}
        . q{ as request \gset};
    say {$file} q{\set ready 1};
    say {$file} q{\endif};
    say {$file} q{\set turn 1 - :turn};
    for my $turn (1, 2) {
        say {$file} $turn == 1 ? q{\if :turn = 0} : q{\else};
        say {$file} $statement =~ s/\$1/:request/r =~ s/\$2/:body_$turn/r, ';';
    }
    say {$file} q{\endif};
    close $file;
    return $self;
}

# The same in another database that holds the same dashboards; for pgbench only.
sub in ($self, $database) { return bless {%$self, database => $database}, ref $self }

# Changes made to the copies so far.
sub changes ($self) {
    return $self->{database}->ask(<<'SQL', ids => join(',', @{$self->{ids}}));
select sum(version) from dashboard.dashboard where id = any (string_to_array(:'ids', ',')::uuid[])
SQL
}

# Runs load and holds its count of requests against the changes made, of which the last ones may have
# been made after the load generator stopped counting.
sub checked ($self, $late, $load) {
    $self->{database}->ask('vacuum dashboard.dashboard, dashboard.dashboard_version');
    my $before = $self->changes;
    my $result = $load->();
    my $made = $self->changes - $before;
    if ($made < $result->{requests} || $made > $result->{requests} + $late) {
        die "bench: $result->{requests} requests made $made changes\n";
    }
    return $result;
}

sub pgbench ($self, $connections, $threads, $seconds) {
    my ($first, $second) = $self->bodies;
    return $self->checked(0, sub {
        return Bench::Load::pgbench(
            environment => $self->{database}->environment,
            script => $self->{script},
            clients => $connections,
            threads => $threads,
            seconds => $seconds,
            variables => {
                ready => 0,
                turn => 0,
                template => $self->{request},
                ids => join(',', @{$self->{ids}}),
                body_1 => $first,
                body_2 => $second,
            },
        );
    });
}

sub wrk ($self, $clients, $threads, $seconds) {
    my ($first, $second) = $self->bodies;
    return $self->checked($clients, sub {
        return Bench::Load::wrk(
            url => $self->{client}{url},
            script => "$self->{root}/bench/wrk.lua",
            clients => $clients,
            threads => $threads,
            seconds => $seconds,
            environment => {
                BENCH_IDS => join(',', @{$self->{ids}}),
                BENCH_TOKEN => $self->{client}{token},
                BENCH_WRK_THREADS => $threads,
                BENCH_BODY_1 => $first,
                BENCH_BODY_2 => $second,
            },
        );
    });
}

# Deletes the copies.
sub remove ($self) { return Bench::Copies::remove($self->{database}) }

1;
