package Bench::Batch;

# The data of all widgets of the demo's dashboard in one batch, nothing cached: as the demo has it, its
# sums over days read from materialised views, and by copies of its queries that scan the flights.

use v5.36;
use HTTP::Tiny ();
use JSON::PP ();
use Time::HiRes ();
use Bench::Load qw(h2load);
use Bench::Report qw(quantile);

# Seconds that a cell of the table may take in a round, about.
my $budget = 4;

# The days looked at: the demo's default, and what a quarter's review asks for.
my @ranges = (7, 90);

# url: nginx's. token: of a user who may create dashboards. dashboard: the demo's.
sub new ($class, %self) {
    my $self = bless {%self, client => HTTP::Tiny->new(timeout => 120)}, $class;
    $self->remove;
    my $copy = $self->ask('POST', "/api/v1/dashboards/$self->{dashboard}/clone", {name => 'Benchmark 1'})->{id};
    $self->{database}->ask(scalar read_file("$self->{root}/bench/raw.sql"), dashboard => $copy);
    my %dashboard = ('materialised views' => $self->{dashboard}, 'raw scans' => $copy);
    for my $source (keys %dashboard) {
        my $document = $self->ask('GET', "/api/v1/dashboards/$dashboard{$source}");
        $self->{ids}{$source} = [map { $_->{id} } grep { $_->{query} } @{$document->{widgets}}];
    }
    $self->{widgets} = @{$self->{ids}{'raw scans'}};
    $self->{newest} = $self->{database}->ask(
        q{select to_char(max(date) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') from data.flights});
    return $self;
}

sub read_file ($file) {
    open my $handle, '<', $file or die "bench: $file: $!\n";
    local $/ = undef;
    return scalar <$handle>;
}

# Sends one request that must succeed, and wholly so, and returns the answer's data.
sub ask ($self, $method, $path, $body = undef) {
    my $answer = $self->{client}->request($method, "$self->{url}$path", {
        headers => {Authorization => "Bearer $self->{token}", 'Content-Type' => 'application/json'},
        !$body ? () : (content => ref $body ? JSON::PP::encode_json($body) : $body),
    });
    die "bench: $method $path: $answer->{status}\n" . substr($answer->{content}, 0, 2000) . "\n"
        if $answer->{status} != 200 && $answer->{status} != 201;
    return JSON::PP::decode_json($answer->{content})->{data};
}

# The batch of a source for the last days.
sub body ($self, $source, $days) {
    my $from = $self->{database}->ask(
        q{select to_char((:'to'::timestamptz - make_interval(days => :days)) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')},
        to => $self->{newest}, days => $days);
    return JSON::PP->new->utf8->canonical->encode({
        widgets => $self->{ids}{$source},
        timerange => {from => $from, to => $self->{newest}},
        refresh => JSON::PP::true,
    });
}

# What a batch answers, without ids and times, and the seconds it took.
sub try ($self, $source, $days) {
    my $start = Time::HiRes::time();
    my $entries = $self->ask('POST', '/api/v1/widgets/query', $self->body($source, $days));
    my $took = Time::HiRes::time() - $start;
    my @data = map { $entries->{$_}{data} } @{$self->{ids}{$source}};
    return (JSON::PP->new->canonical->encode(\@data), $took);
}

# Requests for about the budget, and enough of them to speak of a percentile where that is affordable.
sub count ($took, $clients) {
    my $count = int($budget / $took);
    my $least = $took < 1 ? 10 * $clients : 2 * $clients;
    $count = $least if $count < $least;
    return $count > 400 ? 400 : $count;
}

# All cells of the table: {name, clients, count, p50, p95, p99, worst, aim, each_p95}, ms; each_p95 are
# those of the single rounds.
sub measure ($self, $rounds) {
    my @cells;
    for my $days (@ranges) {
        my %answer;
        my %body;
        my %took;
        for my $source ('materialised views', 'raw scans') {
            # the second time: the first one also fills PostgreSQL's buffers and prepares
            ($answer{$source}, $took{$source}) = $self->try($source, $days) for 1, 2;
            $body{$source} = $self->body($source, $days);
        }
        die "bench: raw scans of $days days give other data than materialised views\n"
            if $answer{'materialised views'} ne $answer{'raw scans'};
        for my $clients (1, 8) {
            for my $source ('materialised views', 'raw scans') {
                push @cells, {
                    name => "$days days, $source",
                    clients => $clients,
                    body => $body{$source},
                    each => count($took{$source}, $clients),
                    aim => $source eq 'raw scans' || $days != $ranges[0] ? ''
                        : $clients == 1 ? '< 100' : '< 300',
                };
            }
        }
    }
    for my $round (1 .. $rounds) {
        for my $cell (@cells) {
            my $times = h2load(url => "$self->{url}/api/v1/widgets/query", clients => $cell->{clients},
                count => $cell->{each}, body => $cell->{body},
                headers => ["Authorization: Bearer $self->{token}", 'Content-Type: application/json'])->{times};
            push @{$cell->{times}}, @$times;
            push @{$cell->{each_p95}}, quantile(0.95, @$times);
        }
    }
    for my $cell (@cells) {
        my @times = @{delete $cell->{times}};
        delete @$cell{qw(body each)};
        $cell->{count} = @times;
        @$cell{qw(p50 p95 p99 worst)} = map { quantile($_, @times) } 0.5, 0.95, 0.99, 1;
    }
    return \@cells;
}

# Deletes the copy, also that of an earlier run, and the queries and functions made for it.
sub remove ($self) {
    $self->{database}->ask(<<'SQL');
begin;
set local session_replication_role = replica;
delete from dashboard.widget where dashboard_id in (select id from dashboard.dashboard where name = 'Benchmark 1');
delete from dashboard.dashboard_version where dashboard_id in (select id from dashboard.dashboard where name = 'Benchmark 1');
delete from dashboard.dashboard where name = 'Benchmark 1';
delete from dashboard.query where name ~ '^Benchmark: ';
drop function if exists data.raw_traffic_between, data.raw_airports_between, data.raw_routes_between;
commit;
SQL
    return;
}

1;
