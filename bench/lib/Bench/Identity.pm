package Bench::Identity;

# The ways to say who is asking: HS256 and ES256 tokens, each the same one with every request (a worker
# remembers that it was verified) or another one with every request (it is verified), and an API key that
# the shared zone knows. All are the same user, so that the database has the same work.

use v5.36;
use Bench::Load ();

# Tokens of a sort. A worker remembers 4096 (DASH_TOKEN_COUNT), those used last: with these coming one
# after the other, each has been forgotten when its turn comes again, also with two workers that get
# half of them each.
my $count = 20_000;

# What measure_identity() compares: the first one is the reference.
my @ways = (
    ['HS256, same token', 'HS256', 1],
    ['HS256, new tokens', 'HS256', $count],
    ['ES256, same token', 'ES256', 1],
    ['ES256, new tokens', 'ES256', $count],
);

# root, folder, database: as in Bench::Servers. key: the file with the HS256 secret. subject: the user.
sub new ($class, %self) {
    my $self = bless {%self}, $class;
    system('node', "$self->{root}/bench/tokens.mjs", $self->{folder}, $self->{key}, $self->{subject},
        $count) == 0 or die "bench: no tokens\n";
    $self->remove;
    return $self;
}

# What nginx needs to accept the ES256 tokens.
sub directives ($self) { return "dashboard_jwt_key ES256 $self->{folder}/es256.pem;" }

# The ways as [name, file with the lines of headers to send in turn]. client: a Bench::Client of the
# user, who gets an API key without limits.
sub ways ($self, $client) {
    my @files;
    for (@ways) {
        my ($name, $sort, $lines) = @$_;
        my $file = "$self->{folder}/$sort.headers";
        if ($lines == 1) {
            open my $all, '<', $file or die "bench: $file: $!\n";
            $file = $self->write("$sort.header", scalar <$all>);
        }
        push @files, [$name, $file];
    }
    my $key = $client->data('POST', '/api/v1/api-keys', {name => 'Benchmark 1'})->{key};
    return (@files, ['API key', $self->write('key.header', "X-API-Key: $key\n")]);
}

# What a worker does about a token, alone and as fast as this machine can: {what => microseconds}, as
# t/core/bench.c measures it. That is too little to be seen in the requests of a second.
sub alone ($self) {
    open my $make, '-|', 'make', '-s', '-C', "$self->{root}/t/core", 'bench'
        or die "bench: make: $!\n";
    my %cost = map { /^((?:recall|verify) \(\w+\)) .* ([\d.]+) us$/ ? ($1 => $2) : () } <$make>;
    close $make or die "bench: t/core/bench.c failed\n";
    die "bench: t/core/bench.c says nothing of recall (cache)\n" if !$cost{'recall (cache)'};
    return \%cost;
}

sub write ($self, $name, $text) {
    my $file = "$self->{folder}/$name";
    unlink $file;
    my $mask = umask 0077;
    open my $handle, '>', $file or die "bench: $file: $!\n";
    umask $mask;
    print {$handle} $text;
    close $handle or die "bench: $file: $!\n";
    return $file;
}

# GETs url for seconds, with one header of the file after the other. All ways go through the same
# script, so that they cost the load generator the same.
sub wrk ($self, $file, $url, $clients, $threads, $seconds) {
    return Bench::Load::wrk(
        url => $url,
        script => "$self->{root}/bench/wrk.lua",
        clients => $clients,
        threads => $threads,
        seconds => $seconds,
        environment => {BENCH_HEADERS => $file, BENCH_WRK_THREADS => $threads},
    );
}

# Deletes the API keys, also those of an earlier run.
sub remove ($self) {
    $self->{database}->ask(<<'SQL');
delete from dashboard.api_key where name ~ '^Benchmark [0-9]+$';
analyze dashboard.api_key;
SQL
    return;
}

1;
