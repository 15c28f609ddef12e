package Dashboard::Nginx;

# One nginx of a test's own: its configuration, its life (start, reload, upgrade, kill, quit), and what
# must be true when it has ended.

use v5.36;
use Cwd ();
use File::Path ();
use IO::Socket::INET ();
use Dashboard::Util qw(alive file_content free_port lines_of project_root reap scratch_dir server_user
    spawn wait_for write_file);

# %%NAME%% is replaced by what Dashboard::Test and configuration() know under that name.
my $template = <<'CONF';
%%MODULES%%
daemon %%DAEMON%%;
worker_processes %%WORKERS%%;
worker_shutdown_timeout 5s;
%%USER%%
pid %%PREFIX%%/nginx.pid;
error_log %%ERROR_LOG%% %%LOG_LEVEL%%;
working_directory %%PREFIX%%;
%%GLOBALS%%

events {
    worker_connections 2048;
    %%EVENTS%%
}

http {
    log_format test '$remote_addr $request_method $request_uri $status $body_bytes_sent '
                    '$request_time $connection';
    access_log %%PREFIX%%/access.log test;

    client_body_temp_path %%PREFIX%%/client_body;
    proxy_temp_path %%PREFIX%%/proxy;
    fastcgi_temp_path %%PREFIX%%/fastcgi;
    uwsgi_temp_path %%PREFIX%%/uwsgi;
    scgi_temp_path %%PREFIX%%/scgi;

    %%DATABASE%%
    %%KEY%%
    %%HTTP%%

    server {
        listen 127.0.0.1:%%PORT%%;
        server_name localhost;
        %%SERVER%%
        %%LOCATIONS%%
    }
    %%SERVERS%%
}
CONF

my $locations = <<'CONF';
        location /api/ {
            dashboard_api;
            %%API%%
        }
        location /health/ {
            dashboard_health;
        }
CONF

sub binary () {
    return $ENV{TEST_NGINX_BINARY} if $ENV{TEST_NGINX_BINARY};
    my ($found) = grep { -x } '/usr/sbin/nginx', map { "$_/nginx" } split /:/, $ENV{PATH};
    return $found // die "no nginx is installed (make packages)\n";
}

# The load_module directives: none for a binary that was built with the module in it.
sub modules () {
    state $lines;
    return $lines if defined $lines;
    return $lines = '' if qx(@{[ binary() ]} -V 2>&1) =~ /--add-module=/;
    my $default = project_root() . '/build/ngx_http_dashboard_module.so';
    my $found   = $ENV{TEST_NGINX_MODULES} // $default;
    $found = "$found/ngx_http_dashboard_module.so" if -d $found;
    $found = Cwd::abs_path($found) // $found;
    die "there is no $found (make build)\n" if !-e $found;
    return $lines = "load_module $found;\n";
}

# new(%options): see Dashboard::Test->new for what the options mean. Does not start yet.
sub new ($class, %option) {
    my $self = bless {
        prefix  => scratch_dir('nginx'),
        port    => free_port(),
        user    => server_user('nobody', 'www-data'),
        option  => \%option,
        allowed => [@{ $option{allow} // [] }],
        owner   => $$,
    }, $class;
    return $self;
}

sub prefix ($self) {
    return $self->{prefix};
}

sub master ($self) {
    return $self->{master};
}

sub port ($self) {
    return $self->{port};
}

# Changes options for the next write of the configuration: set(workers => 2), then start or reload.
sub set ($self, %option) {
    %{ $self->{option} } = (%{ $self->{option} }, %option);
    return $self;
}

# The configuration's text with the given options in place of the usual ones.
sub configuration ($self, %changed) {
    my %option = (%{ $self->{option} }, %changed);
    my %value  = (
        MODULES   => $option{module} // 1 ? modules() : '',
        DAEMON    => $option{daemon} ? 'on' : 'off',
        WORKERS   => $option{workers} // 1,
        USER      => $self->{user} ? "user $self->{user}{name} $self->{user}{group};" : '',
        ERROR_LOG => $option{error_log} // "$self->{prefix}/error.log",
        LOG_LEVEL => $option{log_level} // 'info',
        GLOBALS   => join("\n", map({ "env $_;" } grep { $ENV{$_} } qw(ASAN_OPTIONS UBSAN_OPTIONS)),
            $ENV{TEST_NGINX_GLOBALS} // (), $option{globals} // ()),
        EVENTS    => $option{events} // '',
        HTTP      => join("\n    ", $ENV{TEST_NGINX_GLOBALS_HTTP} // (), $option{http} // ()),
        DATABASE  => $option{database} // '',
        KEY       => $option{key}      // '',
        SERVER    => $option{server}   // '',
        SERVERS   => $option{servers}  // '',
        LOCATIONS => $option{locations} // $locations,
        API       => $option{api} // '',
        PREFIX    => $self->{prefix},
        PORT      => $self->{port},
        %{ $option{values} // {} },
    );
    my $text = $option{conf} // $template;

    # Values may hold names themselves, as %%PORT%% in `servers`.
    for (1 .. 3) {
        $text =~ s/%%(\w+)%%/$value{$1} \/\/ die "the configuration has no value $1\n"/ge;
    }
    return $text;
}

sub write_configuration ($self, %changed) {
    return write_file("$self->{prefix}/nginx.conf", $self->configuration(%changed));
}

sub _command ($self) {
    return (binary(), '-p', "$self->{prefix}/", '-c', "$self->{prefix}/nginx.conf", '-e',
        "$self->{prefix}/error.log");
}

# What `nginx -t` says of a configuration with these options: (true when it is accepted, its words).
sub check_configuration ($self, %changed) {
    my $path = write_file("$self->{prefix}/check.conf",
        $self->configuration(%changed, error_log => "$self->{prefix}/check-error.log"));
    my $log = "$self->{prefix}/check.log";
    unlink $log;
    my $pid = spawn(
        command => [binary(), '-p', "$self->{prefix}/", '-c', $path, '-e', 'stderr', '-t'],
        log     => $log,
        env     => $self->{option}{env} // {},
    );
    my $status = reap($pid, 30);
    return (defined $status && $status == 0, file_content($log));
}

# Starts and waits until the port answers and all workers are there. Usually nginx is this process's child and ends with it at the
# latest. With daemon => 1 it is on its own, as upgrade() needs: a master whose parent still is the one
# that started it ignores USR2.
sub start ($self) {
    for my $attempt (1 .. 3) {
        $self->write_configuration;
        my $child = spawn(
            command => [$self->_command],
            log     => "$self->{prefix}/stderr.log",
            env     => $self->{option}{env} // {},
        );
        my $daemon = $self->{option}{daemon};
        my $failed = sub { $daemon ? (reap($child, 30) // 1) != 0 : !alive($child) };
        wait_for(sub { $self->_answers || $failed->() }, 30);
        if ($self->_answers) {
            $self->{master} = file_content("$self->{prefix}/nginx.pid") + 0;
            $self->{child}  = $child if !$daemon;
            my $workers = $self->{option}{workers} // 1;
            wait_for(sub { $workers <= (my @now = $self->workers) }, 10) or die "nginx has no workers\n";
            return $self;
        }
        my $said = join "\n", $self->log_lines, lines_of("$self->{prefix}/stderr.log");
        kill 'KILL', $child if !$daemon;
        reap($child, 5);
        die "nginx does not start:\n$said\n" if $said !~ /Address already in use/;
        unlink "$self->{prefix}/error.log";
        $self->{port} = free_port();
    }
    die "nginx finds no free port\n";
}

sub _answers ($self) {
    return IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $self->{port})
        && -s "$self->{prefix}/nginx.pid";
}

sub log_lines ($self) {
    return lines_of("$self->{prefix}/error.log");
}

sub access_lines ($self) {
    return lines_of("$self->{prefix}/access.log");
}

# Whether the log has a matching line; grep_log($regex) in list context: the lines.
sub grep_log ($self, $pattern) {
    return grep { /$pattern/ } $self->log_lines;
}

# The pids of the workers that serve new connections (not those shutting down).
sub workers ($self) {
    my @workers;
    for my $pid (_children($self->{master} // return)) {
        next if !open my $handle, '<', "/proc/$pid/cmdline";
        my $title = readline($handle) // '';
        push @workers, $pid if $title =~ /^nginx: worker process/ && $title !~ /is shutting down/;
    }
    @workers = sort { $a <=> $b } @workers;
    return @workers;
}

# How many client connections the given workers have accepted and still hold.
sub connections ($self, @workers) {
    my %ours;
    for my $line (lines_of('/proc/net/tcp')) {
        my (undef, $local, undef, $state, @rest) = split ' ', $line;
        next if $state ne '01' || $local !~ /:(\w+)$/ || hex $1 != $self->{port};
        $ours{"socket:[$rest[5]]"} = 1;
    }
    my $count = 0;
    for my $descriptor (map { glob "/proc/$_/fd/*" } @workers) {
        $count++ if $ours{ readlink($descriptor) // '' };
    }
    return $count;
}

sub _children ($pid) {
    open my $handle, '<', "/proc/$pid/task/$pid/children" or return;
    return split ' ', readline($handle) // '';
}

# Sends HUP with the configuration as the options are now. Waits until new workers serve and, unless
# wait => 0, the old ones have gone. Returns false when nginx kept its old configuration.
sub reload ($self, %option) {
    $self->write_configuration;
    my %old    = map { $_ => 1 } $self->workers;
    my $before = () = $self->grep_log(qr/\[emerg\]/);
    kill 'HUP', $self->{master};
    my $done = wait_for(
        sub {
            return 'refused' if $before < (() = $self->grep_log(qr/\[emerg\]/));
            my @now = $self->workers;
            return @now && !grep({ $old{$_} } @now) && 'reloaded';
        },
        20
    ) // die "nginx does not reload\n";
    return 0 if $done eq 'refused';
    if ($option{wait} // 1) {
        wait_for(sub { !grep { alive($_) } keys %old }, 20) or die "old workers do not exit\n";
    }
    return 1;
}

# Replaces the running binary (nginx manual, "Upgrading Executable on the Fly"): USR2, then QUIT to the
# old master. Waits until the new master serves alone. Needs daemon => 1.
sub upgrade ($self) {
    my $old = $self->{master};
    kill 'USR2', $old;
    my $new = wait_for(
        sub {
            return if !-s "$self->{prefix}/nginx.pid.oldbin" || !-s "$self->{prefix}/nginx.pid";
            my $pid = file_content("$self->{prefix}/nginx.pid") + 0;
            return $pid != $old && _children($pid) && $pid;
        },
        20
    ) // die "the new binary does not start\n";
    kill 'QUIT', $old;
    $self->{master} = $new;
    wait_for(sub { !alive($old) }, 20) or die "the old master does not exit\n";
    return $self;
}

# Kills one worker (the first, or the given pid) and waits until the master has replaced it. Allows
# the alert that the master writes about it.
sub kill_worker ($self, $pid = undef, $signal = 'KILL') {
    my @before = $self->workers;
    $pid //= $before[0];
    push @{ $self->{allowed} }, qr/worker process $pid exited on signal/ if $signal eq 'KILL';
    kill $signal, $pid or die "no process $pid\n";
    wait_for(sub { !alive($pid) && @before == (my @now = $self->workers) }, 20) or die "the worker is not replaced\n";
    return $pid;
}

# Ends nginx: gracefully, or at once with fast => 1. Returns true when all ended within the bound.
sub stop ($self, %option) {
    my $master = delete $self->{master} // return 1;
    my @all    = ($master, _children($master));
    kill $option{fast} ? 'TERM' : 'QUIT', $master;
    my $bound = $option{seconds} // 10;
    my $child = delete $self->{child};
    if ($child) {
        $self->{status} = reap($child, $bound);
    }
    my $ended = wait_for(sub { !grep { alive($_) } @all }, $child && !defined $self->{status} ? 0 : $bound);
    if (!$ended) {
        kill 'KILL', grep { alive($_) } @all;
        reap($child, 5) if $child;
        return 0;
    }
    return 1;
}

# Log lines that these patterns match are expected: allow(qr/.../).
sub allow ($self, @patterns) {
    push @{ $self->{allowed} }, @patterns;
    return;
}

# What went wrong in this nginx's life that no test may leave behind, as lines of text; nothing when
# all is well. Stops nginx first.
sub end_problems ($self) {
    my @problems;
    push @problems, 'a process did not exit within 10 s of QUIT' if !$self->stop;
    push @problems, sprintf 'nginx ended with status %d, signal %d', $self->{status} >> 8, $self->{status} & 127
        if $self->{status};
    for my $line ($self->log_lines, lines_of("$self->{prefix}/stderr.log")) {
        next if $line !~ /\[(?:alert|emerg)\]|(?:Address|Leak|Thread)Sanitizer|runtime error:/;
        next if grep { $line =~ $_ } @{ $self->{allowed} };
        push @problems, $line;
    }
    push @problems, "core dump: $_" for glob "$self->{prefix}/core*";
    return @problems;
}

# Removes the files; prints the log with TEST_NGINX_CATLOG, keeps everything with TEST_NGINX_LEAVE.
sub clean ($self) {
    return if $self->{cleaned}++;
    if ($ENV{TEST_NGINX_CATLOG}) {
        print {*STDERR} map { "# $_\n" } $self->log_lines, lines_of("$self->{prefix}/stderr.log");
    }
    if ($ENV{TEST_NGINX_LEAVE}) {
        say {*STDERR} "# nginx left its files in $self->{prefix}";
    }
    else {
        File::Path::remove_tree($self->{prefix});
    }
    return;
}

1;
