package Dashboard::Postgres;

# A private PostgreSQL server: on 127.0.0.1 and on a Unix socket, everybody trusted, nothing synced to
# disk. Made from a seed (Dashboard::Run), joined when another process of the run started it.

use v5.36;
use DBI;
use Dashboard::Util qw(alive free_port process_state reap server_user spawn wait_for);

# Settings that tests may rely on. The check interval lets the server notice a closed socket while a
# query runs (docs/operating); without fsync a crash of the machine, not of the server, loses data.
my %setting = (
    max_connections                  => 300,
    fsync                            => 'off',
    synchronous_commit               => 'off',
    full_page_writes                 => 'off',
    client_connection_check_interval => '500ms',
    log_min_messages                 => 'warning',
    log_line_prefix                  => '%m [%p] %u@%d ',
);

# The folder of initdb, postgres and psql.
sub bindir () {
    my ($bindir) = map { chomp; $_ } qx(pg_config --bindir 2>/dev/null);
    return $bindir if defined $bindir && -x "$bindir/postgres";
    my ($newest) = sort { ($b =~ m{/(\d+)/})[0] <=> ($a =~ m{/(\d+)/})[0] }
        grep { -x "$_/postgres" } glob '/usr/lib/postgresql/*/bin';
    return $newest // die "no PostgreSQL server is installed (make packages)\n";
}

# A new, empty cluster in $dir/data, not started.
sub create ($class, $dir) {
    my $self = $class->_new($dir);
    my $log  = "$dir/initdb.log";
    my $pid  = spawn(
        command => [
            bindir() . '/initdb', '-D', $self->{data}, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8',
            '--locale=C.UTF-8', '--no-sync'
        ],
        log  => $log,
        user => $self->{user},
    );
    my $status = reap($pid, 60);
    die "initdb failed, see $log\n" if !defined $status || $status != 0;
    return $self;
}

# A cluster in $dir/data from the archive a former one was kept in, not started.
sub unpack_into ($class, $dir, $archive) {
    my $self = $class->_new($dir);
    system('tar', '-C', $dir, '-xf', $archive) == 0 or die "cannot unpack $archive\n";
    return $self;
}

# A server that another process of the run owns: description() of it.
sub attach ($class, $description) {
    return bless {%$description, joined => 1}, $class;
}

sub description ($self) {
    return {map { $_ => $self->{$_} } qw(dir data port)};
}

sub _new ($class, $dir) {
    my $self = bless {dir => $dir, data => "$dir/data", user => server_user('postgres', 'nobody')}, $class;
    chown $self->{user}{uid}, $self->{user}{gid}, $dir if $self->{user};
    return $self;
}

sub port ($self) {
    return $self->{port};
}

sub start ($self) {
    $self->{port} //= free_port();
    $self->{pid} = spawn(
        command => [
            bindir() . '/postgres', '-D', $self->{data}, '-p', $self->{port}, '-k', $self->{dir},
            '-c', 'listen_addresses=127.0.0.1', map { ('-c', "$_=$setting{$_}") } sort keys %setting
        ],
        log    => "$self->{dir}/postgres.log",
        user   => $self->{user},
        signal => 'INT',
    );
    my $up = wait_for(
        sub { !alive($self->{pid}) || $self->_connect('postgres', PrintError => 0, RaiseError => 0) }, 30);
    die "PostgreSQL does not start, see $self->{dir}/postgres.log\n" if !ref $up;
    $up->disconnect;
    return $self;
}

# stop(): the shutdown modes of the PostgreSQL manual, 19.5: smart, fast, immediate (as after a crash).
sub stop ($self, $mode = 'fast') {
    return if !$self->{pid};
    my %signal = (smart => 'TERM', fast => 'INT', immediate => 'QUIT');
    kill $signal{$mode} // die("no shutdown mode $mode\n"), $self->{pid};
    if (!defined reap($self->{pid}, 30)) {
        kill 'KILL', $self->{pid};
        reap($self->{pid}, 10);
    }
    delete $self->{pid};
    return;
}

sub restart ($self, $mode = 'fast') {
    $self->stop($mode);
    return $self->start;
}

# All processes of the server stand still until thaw(): connections stay open, nothing answers.
sub freeze ($self) {
    my @processes = $self->_processes;
    kill 'STOP', @processes;
    for my $pid (@processes) {
        # A backend may just have ended instead.
        wait_for(sub { (process_state($pid) // 'Z') =~ /[TZ]/ }, 5) or die "process $pid does not stop\n";
    }
    return;
}

# Harmless when nothing is frozen, or the server is down.
sub thaw ($self) {
    kill 'CONT', $self->_processes if $self->{pid};
    return;
}

sub _processes ($self) {
    die "only the process that started PostgreSQL may freeze it\n" if !$self->{pid};
    open my $handle, '<', "/proc/$self->{pid}/task/$self->{pid}/children" or die "children: $!\n";
    return ($self->{pid}, split ' ', readline($handle) // '');
}

# A libpq connection string of a user for a database, over TCP as nginx would have it.
sub conninfo ($self, $database, $user) {
    return "host=127.0.0.1 port=$self->{port} dbname=$database user=$user sslmode=disable";
}

# A URI for sqitch and psql, as superuser over the Unix socket.
sub uri ($self, $database) {
    return "db:pg://postgres\@/$database?host=$self->{dir}&port=$self->{port}";
}

# A DBI handle of the superuser.
sub dbh ($self, $database) {
    return $self->_connect($database, PrintError => 0, RaiseError => 1);
}

sub _connect ($self, $database, %attribute) {
    return DBI->connect(
        "dbi:Pg:dbname=$database;host=$self->{dir};port=$self->{port}",
        'postgres', '',
        {AutoCommit => 1, AutoInactiveDestroy => 1, PrintWarn => 0, pg_enable_utf8 => 1, %attribute}
    );
}

# A database like its template. PostgreSQL copies everything but the grants on the database itself
# (manual, CREATE DATABASE), which are part of what is tested: they are made again here.
sub create_database ($self, $name, $template = 'dashboard_template') {
    my $dbh = $self->dbh('postgres');
    my ($new, $old) = map { $dbh->quote_identifier($_) } $name, $template;
    $dbh->do("create database $new template $old");
    my $grants = $dbh->selectcol_arrayref(q{
        select format('grant %s on database %I to %s', privilege_type, ?::text,
                      case when grantee = 0 then 'public' else quote_ident(grantee::regrole::text) end)
        from pg_database, aclexplode(datacl) where datname = ?}, undef, $name, $template);
    $dbh->do($_) for @$grants ? ("revoke all on database $new from public", @$grants) : ();
    $dbh->disconnect;
    return $name;
}

sub drop_database ($self, $name) {
    my $dbh = $self->dbh('postgres');
    $dbh->do('drop database if exists ' . $dbh->quote_identifier($name) . ' with (force)');
    $dbh->disconnect;
    return;
}

1;
