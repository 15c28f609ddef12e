package Bench::Servers;

# The HTTP servers that are measured, nginx with the module and Fastify: started, ready, stopped.
# A server is {name, url, pid, environment of its clients}; stop() ends it.

use v5.36;
use Bench::Cpu qw(tree_time);
use File::Copy ();
use File::Path ();
use HTTP::Tiny ();
use IO::Socket::INET ();
use Time::HiRes ();

my $start_limit = 20;    # seconds

# root: the checkout. folder: where files are written. database: a Bench::Database. key: the file with
# the HS256 secret.
sub new ($class, %self) {
    return bless {%self, running => []}, $class;
}

sub free_port () {
    my $socket = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1')
        or die "bench: no free port: $!\n";
    return $socket->sockport;
}

# Waits until url answers at all.
sub wait_for ($server, $url) {
    my $deadline = Time::HiRes::time() + $start_limit;
    my $client = HTTP::Tiny->new(timeout => 2);
    while ($client->get($url)->{status} == 599) {
        waitpid($server->{pid}, POSIX::WNOHANG()) == 0 or die "bench: $server->{name} does not start\n";
        Time::HiRes::time() < $deadline or die "bench: $server->{name} does not answer\n";
        Time::HiRes::sleep(0.05);
    }
    return;
}

# Starts a command of ours in the background, what it says going to a file of its own.
sub start ($self, $name, $environment, @command) {
    my $log = "$self->{folder}/" . ($name =~ s/[^a-z0-9]+/-/gr) . '.out';
    my $pid = fork // die "bench: fork: $!\n";
    if ($pid == 0) {
        open STDOUT, '>', $log or die "bench: $log: $!\n";
        open STDERR, '>&', \*STDOUT or die "bench: $log: $!\n";
        %ENV = (%ENV, %$environment);
        exec @command or die "bench: $command[0]: $!\n";
    }
    my $server = {name => $name, pid => $pid};
    push @{$self->{running}}, $server;
    return $server;
}

# nginx with the module. workers: processes. pool: database connections of each. more: directives.
sub nginx ($self, $workers, $pool, $more = '') {
    my $folder = "$self->{folder}/nginx";
    File::Path::make_path($folder);
    # a copy, so that a build meanwhile does not change what is measured
    File::Copy::copy("$self->{root}/build/ngx_http_dashboard_module.so", "$folder/module.so.new")
        or die "bench: build/ngx_http_dashboard_module.so: $!\n";
    rename "$folder/module.so.new", "$folder/module.so" or die "bench: $folder/module.so: $!\n";

    my $port = free_port();
    my %values = (
        %{$self->{database}->environment},
        MODULE => "$folder/module.so",
        FOLDER => $folder,
        WORKERS => $workers,
        POOL => $pool,
        PORT => $port,
        KEY => $self->{key},
        MORE => $more,
    );
    open my $template, '<', "$self->{root}/bench/nginx.conf" or die "bench: bench/nginx.conf: $!\n";
    my $text = do { local $/ = undef; <$template> };
    $text =~ s/\@([A-Z]+)\@/$values{$1} \/\/ die "bench: nothing is known as $1\n"/ge;
    open my $conf, '>', "$folder/nginx.conf" or die "bench: $folder/nginx.conf: $!\n";
    print {$conf} $text;
    close $conf;

    my $globals = 'daemon off;' . ($> == 0 ? ' user www-data;' : '');
    my $server = $self->start("nginx $workers", {}, 'nginx', '-p', "$folder/", '-e', "$folder/error.log",
        '-c', "$folder/nginx.conf", '-g', $globals);
    $server->{url} = "http://127.0.0.1:$port";
    wait_for($server, "$server->{url}/health/live");
    return $server;
}

# Fastify with processes as nginx has workers. sql: the statement to prepare. cache: fast-jwt's, on or
# off.
sub fastify ($self, $processes, $pool, $sql, $cache) {
    my $port = free_port();
    my $server = $self->start("fastify $processes $cache", {
        %{$self->{database}->environment},
        NODE_ENV => 'production',
        BENCH_PORT => $port,
        BENCH_PROCESSES => $processes,
        BENCH_POOL => $pool,
        BENCH_KEY => $self->{key},
        BENCH_JWT_CACHE => $cache,
        BENCH_SQL => $sql,
    }, 'node', "$self->{folder}/fastify/server.js");
    $server->{url} = "http://127.0.0.1:$port";
    wait_for($server, "$server->{url}/");
    return $server;
}

# Seconds of processor time that the server and its workers have used.
sub time_of ($server) { return tree_time($server->{pid}) }

# Ends every server that was started here.
sub stop ($self) {
    for my $server (splice @{$self->{running}}) {
        kill 'TERM', $server->{pid};
        waitpid $server->{pid}, 0;
    }
    return;
}

1;
