package Bench::Batch;

# The data of all widgets of the demo's dashboard in one batch, nothing cached: as the demo has it, its
# sums over days read from materialised views, and by copies of its queries that scan the flights.

use v5.36;
use JSON::PP ();
use Time::HiRes ();
use Bench::Copies ();
use Bench::Load qw(h2load);
use Bench::Report qw(quantile);

# Seconds that a cell of the table may take in a round, about.
my $budget = 4;

# The days looked at: the demo's default, and what a quarter's review asks for.
my @ranges = (7, 90);

# root: the checkout. database: a Bench::Database. client: a Bench::Client whose user may create
# dashboards. dashboard: the demo's.
sub new ($class, %self) {
    my $self = bless {%self}, $class;
    my ($client, $database) = @$self{qw(client database)};
    $self->remove;
    my ($copy) = Bench::Copies::make($client, $self->{dashboard}, 1);
    $database->ask(read_file("$self->{root}/bench/raw.sql"), dashboard => $copy);
    my %dashboard = ('materialised views' => $self->{dashboard}, 'raw scans' => $copy);
    for my $source (keys %dashboard) {
        my $document = $client->data('GET', "/api/v1/dashboards/$dashboard{$source}");
        $self->{ids}{$source} = [map { $_->{id} } grep { $_->{query} } @{$document->{widgets}}];
    }
    $self->{widgets} = @{$self->{ids}{'raw scans'}};
    $self->{newest} = $database->ask(<<'SQL');
select to_char(max(date) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') from data.flights
SQL
    return $self;
}

sub read_file ($file) {
    open my $handle, '<', $file or die "bench: $file: $!\n";
    local $/ = undef;
    return scalar <$handle>;
}

# The batch of a source for the last days.
sub body ($self, $source, $days) {
    my $from = $self->{database}->ask(<<'SQL', to => $self->{newest}, days => $days);
select to_char((:'to'::timestamptz - make_interval(days => :days)) at time zone 'UTC',
               'YYYY-MM-DD"T"HH24:MI:SS"Z"')
SQL
    return JSON::PP->new->utf8->canonical->encode({
        widgets => $self->{ids}{$source},
        timerange => {from => $from, to => $self->{newest}},
        refresh => JSON::PP::true,
    });
}

# What a batch answers, without ids and times, and the seconds it took.
sub try ($self, $source, $days) {
    my $start = Time::HiRes::time();
    my $entries = $self->{client}->data('POST', '/api/v1/widgets/query', $self->body($source, $days));
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
            my $times = h2load(
                url => "$self->{client}{url}/api/v1/widgets/query",
                clients => $cell->{clients},
                count => $cell->{each},
                body => $cell->{body},
                headers => [
                    "Authorization: Bearer $self->{client}{token}",
                    'Content-Type: application/json',
                ],
            )->{times};
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

# Deletes the copy and what was made for it.
sub remove ($self) { return Bench::Copies::remove($self->{database}) }

1;
