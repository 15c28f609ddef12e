package Dashboard::Run;

# The servers of one test run: a PostgreSQL whose database dashboard_template has everything in sql/
# deployed and t/sql/fixture.sql loaded, and a Redis. `make test` starts them once (t/lib/run.pl) and
# says where by DASHBOARD_TEST_RUN; a test started alone starts its own.

use v5.36;
use Cpanel::JSON::XS qw(decode_json encode_json);
use Digest::SHA;
use Fcntl qw(:flock);
use File::Find ();
use File::Path ();
use Dashboard::Postgres;
use Dashboard::Util qw(alive file_content free_port project_root reap scratch_dir spawn wait_for write_file);

my $run;

# The run this process belongs to, joined or started: {dir, postgres, redis_port}.
sub current ($class) {
    return $run //= $ENV{DASHBOARD_TEST_RUN} ? $class->_join($ENV{DASHBOARD_TEST_RUN}) : $class->start;
}

# What a run keeps for its other processes.
sub _join ($class, $dir) {
    my $description = decode_json(file_content("$dir/run.json"));
    return bless {
        dir        => $dir,
        postgres   => Dashboard::Postgres->attach($description->{postgres}),
        redis_port => $description->{redis_port},
    }, $class;
}

sub start ($class) {
    my $self = $run = bless {dir => scratch_dir('run'), owner => $$}, $class;
    mkdir "$self->{dir}/postgres";
    $self->{postgres} = unpacked_seed("$self->{dir}/postgres")->start;
    $self->_start_redis;
    write_file("$self->{dir}/run.json",
        encode_json({postgres => $self->{postgres}->description, redis_port => $self->{redis_port}}));
    return $self;
}

sub _start_redis ($self) {
    $self->{redis_port} = free_port();
    $self->{redis_pid}  = spawn(
        command => [
            'redis-server', '--port', $self->{redis_port}, '--bind', '127.0.0.1', '--save', '',
            '--appendonly', 'no', '--dir', $self->{dir}
        ],
        log => "$self->{dir}/redis.log",
    );
    my $up = wait_for(
        sub {
            return 'dead' if !alive($self->{redis_pid});
            return IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $self->{redis_port});
        },
        10
    );
    die "Redis does not start, see $self->{dir}/redis.log\n" if !ref $up;
    return;
}

# A server of one test's own, which it may stop, kill and freeze. Ends with the test.
my @own;

sub own_postgres ($class) {
    my $dir = scratch_dir('postgres');
    my $own = unpacked_seed($dir);
    push @own, {process => $$, dir => $dir, postgres => $own};
    return $own->start;
}

# A copy in $dir of a cluster that is ready for tests, not started. Its archive is made when anything in
# it changed and kept in build/: initdb and sqitch take seconds, unpacking does not.
sub unpacked_seed ($dir) {
    my $root = project_root();
    mkdir "$root/build";
    open my $lock, '>>', "$root/build/.seed.lock" or die "build/.seed.lock: $!\n";
    flock $lock, LOCK_EX or die "build/.seed.lock: $!\n";
    return Dashboard::Postgres->unpack_into($dir, _seed($root));
}

sub _seed ($root) {
    my $digest = Digest::SHA->new(256);
    $digest->add(Dashboard::Postgres::bindir());
    for my $path (_seed_sources($root)) {
        $digest->add("\0$path\0", file_content($path));
    }
    my $archive = "$root/build/test-seed-" . substr($digest->hexdigest, 0, 16) . '.tar';
    return $archive if -e $archive;

    unlink glob "$root/build/test-seed-*.tar";
    my $dir      = scratch_dir('seed');
    my $postgres = Dashboard::Postgres->create($dir)->start;
    my $ok       = eval { _fill($postgres, $root); 1 };
    my $error    = $@;
    $postgres->stop;
    if ($ok) {
        system('tar', '-C', $dir, '-cf', "$archive.new", 'data') == 0 or die "cannot write $archive.new\n";
        rename "$archive.new", $archive or die "cannot write $archive: $!\n";
    }
    File::Path::remove_tree($dir);
    die $error if !$ok;
    return $archive;
}

sub _seed_sources ($root) {
    my @sources = (__FILE__, "$root/t/sql/fixture.sql");
    File::Find::find({no_chdir => 1, wanted => sub { push @sources, $_ if -f && !m{/sql/demo/} }},
        "$root/sql");
    return sort grep { -f } @sources;
}

sub _fill ($postgres, $root) {
    $postgres->create_database('dashboard_template', 'template1');
    my @psql = (
        Dashboard::Postgres::bindir() . '/psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-h', $postgres->{dir},
        '-p', $postgres->port, '-U', 'postgres', '-d', 'dashboard_template'
    );
    _run_in($root, @psql, '-f', 'sql/bootstrap.sql') if -e "$root/sql/bootstrap.sql";
    if (-e "$root/sql/sqitch.conf") {
        local $ENV{SQITCH_FULLNAME} = 'Test';
        local $ENV{SQITCH_EMAIL}    = 'test@localhost';
        _run_in("$root/sql", 'sqitch', '--quiet', 'deploy', '--verify',
            '--target', $postgres->uri('dashboard_template'));
    }
    _run_in($root, @psql, '-f', 't/sql/fixture.sql') if -e "$root/t/sql/fixture.sql";
    return;
}

# Runs a command in a folder; dies with all it said when it fails.
sub _run_in ($dir, @command) {
    my $pid = open(my $output, '-|') // die "fork: $!\n";
    if (!$pid) {
        open STDERR, '>&', \*STDOUT;
        chdir $dir && exec { $command[0] } @command;
        POSIX::_exit(127);
    }
    my $said = do { local $/ = undef; readline $output };
    close $output or die "@command failed:\n$said";
    return;
}

sub stop ($self) {
    return if ($self->{owner} // 0) != $$;
    delete $self->{owner};
    $self->{postgres}->stop if $self->{postgres};
    if ($self->{redis_pid}) {
        kill 'TERM', $self->{redis_pid};
        reap($self->{redis_pid}, 10);
    }
    if ($ENV{TEST_NGINX_LEAVE}) {
        say {*STDERR} "# the run's servers left their files in $self->{dir}";
    }
    else {
        File::Path::remove_tree($self->{dir});
    }
    return;
}

END {
    my $status = $?;
    for my $own (grep { $_->{process} == $$ } @own) {
        $own->{postgres}->thaw;
        $own->{postgres}->stop('immediate');
        File::Path::remove_tree($own->{dir}) if !$ENV{TEST_NGINX_LEAVE};
    }
    $run->stop if $run;
    $? = $status;
}

1;
