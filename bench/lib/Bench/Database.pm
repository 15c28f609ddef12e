package Bench::Database;

# The demo's PostgreSQL as the benchmarks see it: questions asked as the superuser, settings and the
# processor time of its processes, and the very call that the module sends.

use v5.36;
use Bench::Cpu qw(place tree_time);
use File::Temp ();
use JSON::PP ();
use Time::HiRes ();

# state: the folder of the demo's servers. port: PostgreSQL's.
sub new ($class, $state) {
    open my $file, '<', "$state/run/postgres.port" or die "bench: $state/run/postgres.port: $!\n";
    chomp(my $port = <$file>);
    open my $pidfile, '<', "$state/pg/postmaster.pid" or die "bench: $state/pg/postmaster.pid: $!\n";
    chomp(my $pid = <$pidfile>);
    return bless {
        state => $state,
        pid => $pid,
        # what libpq and pg read, for everybody who connects as the module does
        environment => {
            PGHOST => "$state/run",
            PGPORT => $port,
            PGDATABASE => 'dashboard',
            PGUSER => 'dashboard_app',
            PGPASSFILE => "$state/secrets/app.pgpass",
        },
    }, $class;
}

sub environment ($self) { return $self->{environment} }

# Another database of the same server. Only superusers may connect to it: what libpq reads makes one who
# takes the module's role.
sub other ($self, $name) {
    return bless {%$self, environment => {
        %{$self->{environment}},
        PGDATABASE => $name,
        PGUSER => 'postgres',
        PGOPTIONS => '-c role=dashboard_app',
    }}, ref $self;
}

# Copies the schemas with all functions and grants to another one, an empty database, and all rows but
# those that widgets show.
sub copy_to ($self, $other) {
    local %ENV = (%ENV, %{$self->{environment}}, PGUSER => 'postgres');
    my $file = File::Temp->new(SUFFIX => '.sql');
    system('pg_dump', '--exclude-table-data=data.*', '-f', "$file") == 0 or die "bench: pg_dump failed\n";
    system('psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', '-f', "$file",
        $other->{environment}{PGDATABASE}) == 0 or die "bench: the copy failed\n";
    return;
}

# Seconds of processor time used by the postmaster and all its backends so far.
sub time ($self) { return tree_time($self->{pid}) }

# Lets the server's processes run on these processors only.
sub place_on ($self, @processors) { return place($self->{pid}, @processors) }

# Runs SQL as the superuser and returns what it prints, without the last line's end. Values are given
# as psql variables: :'name' in the text.
sub ask ($self, $sql, %values) {
    my $file = File::Temp->new(SUFFIX => '.sql');
    print {$file} $sql;
    close $file;
    my @variables = map { ('-v', "$_=$values{$_}") } sort keys %values;
    local %ENV = (%ENV, %{$self->{environment}}, PGUSER => 'postgres',
        PGOPTIONS => '-c client_min_messages=warning');
    open my $psql, '-|', 'psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', @variables, '-f', "$file"
        or die "bench: psql: $!\n";
    my $output = do { local $/ = undef; <$psql> // '' };
    close $psql or die "bench: psql failed\n";
    chomp $output;
    return $output;
}

# The statement that the module sent for one request, and its parameters (undef for NULL), as the
# server saw them: the log is switched on while send, a function, makes that request. The log shows
# jsonb as the server writes it; without its spaces it is as long as what came, its members in another
# order.
sub capture ($self, $function, $send) {
    my $log = "$self->{state}/log/postgresql.log";
    $self->ask(q{alter system set log_statement = 'all'; select pg_reload_conf();});
    my @found;
    my $deadline = Time::HiRes::time() + 10;
    while (!@found) {
        die "bench: no call of api.$function in $log\n" if Time::HiRes::time() > $deadline;
        my $start = -s $log;
        $send->();
        @found = find_call($log, $start, $function);
    }
    $self->be_silent;
    return @found;
}

# Switches the log of statements off, also when an earlier run was stopped in the middle.
sub be_silent ($self) {
    $self->ask('alter system reset log_statement; select pg_reload_conf();');
    return;
}

# Lets later sessions of the module's role log parameters when statements are logged. sql/bootstrap.sql,
# which every start of a demo runs, takes that back.
sub log_parameters ($self) {
    $self->ask('alter role dashboard_app reset log_parameter_max_length');
    return;
}

# The first statement in the log from $start on that calls the function, with its parameters.
sub find_call ($log, $start, $function) {
    open my $handle, '<', $log or die "bench: $log: $!\n";
    seek $handle, $start, 0;
    my $statement;
    while (my $line = <$handle>) {
        if ($line =~ /LOG:  execute [^:]+: (.* api\.\Q$function\E\(.*)/) {
            $statement = $1;
        } elsif (defined $statement && $line =~ /DETAIL:  parameters: (.*)/) {
            return ($statement, parameters($1));
        }
    }
    return;
}

# $1 = 'JSON', $2 = NULL, as PostgreSQL writes it: quotes doubled.
sub parameters ($list) {
    my $json = JSON::PP->new->canonical;
    my @values;
    while ($list =~ /\G(?:, )?\$\d+ = (?:NULL|'((?:[^']|'')*)')/gc) {
        my $text = $1;
        push @values, defined $text ? $json->encode($json->decode($text =~ s/''/'/gr)) : undef;
    }
    return @values;
}

# The settings that say how sure a commit is and how much is held in memory.
sub settings ($self) {
    my %settings;
    for (split /\n/, $self->ask(<<'SQL')) {
select name || '=' || current_setting(name)
from unnest(array['server_version', 'fsync', 'synchronous_commit', 'full_page_writes', 'wal_level',
                  'shared_buffers', 'work_mem', 'max_parallel_workers_per_gather', 'jit']) as name
SQL
        my ($name, $value) = split /=/, $_, 2;
        $settings{$name} = $value;
    }
    return \%settings;
}

1;
