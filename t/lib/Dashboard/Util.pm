package Dashboard::Util;

# What the harness's other modules share: waiting, files, ports, processes.

use v5.36;
use Exporter qw(import);
use Fcntl qw(:flock);
use File::Temp ();
use IO::Socket::INET ();
use POSIX ();
use Time::HiRes qw(time);

our @EXPORT_OK = qw(alive file_content free_port lines_of process_state project_root reap scratch_dir
    server_user spawn wait_for write_file);

# wait_for($condition, $seconds = 10): calls $condition until it returns something true, and returns
# that; returns nothing when it never did within $seconds.
sub wait_for ($condition, $seconds = 10) {
    my $end = time + $seconds;
    while (1) {
        my $result = $condition->();
        return $result if $result;
        return if time > $end;
        select undef, undef, undef, 0.01;
    }
}

# The checkout's folder: the tests may be started from anywhere.
sub project_root () {
    my ($root) = __FILE__ =~ m{^(.*?)/?t/lib/Dashboard/[^/]+$};
    return POSIX::getcwd() if $root eq '';
    return $root =~ m{^/} ? $root : POSIX::getcwd() . "/$root";
}

sub file_content ($path) {
    open my $handle, '<:raw', $path or die "cannot read $path: $!\n";
    local $/ = undef;
    return scalar readline $handle;
}

sub lines_of ($path) {
    return -e $path ? split(/\n/, file_content($path)) : ();
}

sub write_file ($path, $content) {
    open my $handle, '>:raw', $path or die "cannot write $path: $!\n";
    print {$handle} $content;
    close $handle or die "cannot write $path: $!\n";
    return $path;
}

# A new folder that nginx's workers and PostgreSQL, which run as somebody else, may enter.
sub scratch_dir ($name) {
    my $dir = File::Temp::tempdir("dashboard-$name-XXXXXXXX", TMPDIR => 1);
    chmod 0755, $dir or die "chmod $dir: $!\n";
    return $dir;
}

# A TCP port of 127.0.0.1 that nobody has. Ports below the kernel's ephemeral range (32768 and up), so
# that no outgoing connection takes it meanwhile; each is handed out once among all test processes of
# this machine by a lock that is kept until this process ends.
my @port_locks;

sub free_port () {
    my $dir = File::Spec->tmpdir . "/dashboard-ports-$>";
    mkdir $dir, 0700;
    for my $attempt (1 .. 1000) {
        my $port = 20000 + int rand 12000;
        open my $lock, '>>', "$dir/$port" or die "cannot write $dir/$port: $!\n";
        next if !flock $lock, LOCK_EX | LOCK_NB;
        my $socket = IO::Socket::INET->new(
            LocalAddr => '127.0.0.1',
            LocalPort => $port,
            Proto     => 'tcp',
            Listen    => 1
        ) or next;
        close $socket;
        push @port_locks, $lock;
        return $port;
    }
    die "no free port between 20000 and 32000\n";
}

# Whom servers run as: nothing when we are not root, else the first of these users that exists.
sub server_user (@names) {
    return undef if $> != 0;
    for my $name (@names) {
        my @entry = getpwnam $name;
        return {name => $name, uid => $entry[2], gid => $entry[3], group => scalar getgrgid $entry[3]}
            if @entry;
    }
    die "none of the users @names exists\n";
}

# spawn(command => [...], log => $path, user => server_user(...) or undef, signal => 'TERM', env => {})
# starts a process whose output goes to log, and returns its pid. It gets `signal` when the process
# that started it dies, so that a killed test leaves no server behind.
sub spawn (%option) {
    my @command = ('setpriv', '--pdeathsig', $option{signal} // 'TERM');
    push @command, '--reuid', $option{user}{uid}, '--regid', $option{user}{gid}, '--clear-groups'
        if $option{user};
    push @command, '--', @{ $option{command} };

    my $pid = fork // die "fork: $!\n";
    return $pid if $pid;

    my $ready = open(STDIN, '<', '/dev/null')
        && open(STDOUT, '>>', $option{log})
        && open(STDERR, '>&', \*STDOUT);
    $ENV{$_} = $option{env}{$_} for keys %{ $option{env} // {} };
    chdir '/';
    exec { $command[0] } @command if $ready;
    POSIX::_exit(127);
}

# The letter ps shows (R, S, T, Z ...), or nothing when there is no such process.
sub process_state ($pid) {
    open my $handle, '<', "/proc/$pid/stat" or return;
    my $stat = readline $handle;
    return defined $stat && $stat =~ /\)\s+(\S)/ ? $1 : undef;
}

# Whether the process runs. A zombie that nobody fetched does not.
sub alive ($pid) {
    my $state = process_state($pid);
    return defined $state && $state ne 'Z';
}

# reap($pid, $seconds): waits for a child's end and returns its wait status; nothing when it still runs.
sub reap ($pid, $seconds) {
    my $status;
    wait_for(
        sub {
            my $ended = waitpid $pid, POSIX::WNOHANG();
            $status = $ended == $pid ? $? : 0 if $ended != 0;
            return $ended != 0;
        },
        $seconds
    );
    return $status;
}

1;
