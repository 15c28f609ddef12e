package Bench::Load;

# The load generators, each run once with its numbers read: wrk, pgbench, h2load. What goes wrong under
# load ends the benchmark: a fast wrong answer is no result.
#
# Every function returns {requests, seconds, rate (1/s), and where known p50, p99, average (ms)}.

use v5.36;
use Exporter qw(import);
use File::Temp ();

our @EXPORT_OK = qw(h2load pgbench wrk);

# What a command says on both its outputs; the benchmark ends when it fails.
sub output_of ($environment, @command) {
    my $pid = open(my $pipe, '-|') // die "bench: fork: $!\n";
    if ($pid == 0) {
        open STDERR, '>&', \*STDOUT or die "bench: $!\n";
        %ENV = (%ENV, %$environment);
        exec @command or die "bench: $command[0]: $!\n";
    }
    my $output = do { local $/ = undef; <$pipe> // '' };
    close $pipe or die "bench: $command[0] failed:\n$output\n";
    return $output;
}

# url for seconds by clients keeping their connections open, on threads. script: bench/wrk.lua.
sub wrk (%o) {
    my @headers = map { ('-H', $_) } @{$o{headers} // []};
    my $output = output_of($o{environment} // {}, 'wrk', '-t', $o{threads}, '-c', $o{clients},
        '-d', $o{seconds}, '--timeout', '10s', '-s', $o{script}, @headers, $o{url});
    my ($requests, $duration, $connect, $io, $timeout, $status, $p50, $p99) =
        $output =~ /^RESULT (\d+) (\d+) (\d+) (\d+) (\d+) (\d+) ([\d.]+) ([\d.]+)$/m
        or die "bench: wrk said nothing that is known:\n$output\n";
    if ($connect + $io + $timeout + $status > 0) {
        die "bench: $o{url}: of $requests requests $status were errors, $timeout too late, "
            . "$connect could not connect, $io were cut off\n";
    }
    my $seconds = $duration / 1e6;
    return {requests => $requests, seconds => $seconds, rate => $requests / $seconds,
        p50 => $p50, p99 => $p99};
}

# script: a file for pgbench. variables: name => value. The first second is left out of the rate: a
# new backend has no plans and no catalogue in its cache, which the servers' have had for long; so is
# the last one, of which pgbench does not always tell.
sub pgbench (%o) {
    my @variables = map { ('-D', "$_=$o{variables}{$_}") } sort keys %{$o{variables}};
    my $output = output_of($o{environment}, 'pgbench', '-n', '-M', 'prepared', '-c', $o{clients},
        '-j', $o{threads}, '-T', $o{seconds} + 2, '-P', 1, '-f', $o{script}, @variables);
    my ($requests) = $output =~ /^number of transactions actually processed: (\d+)/m
        or die "bench: pgbench said nothing that is known:\n$output\n";
    my ($failed) = $output =~ /^number of failed transactions: (\d+)/m;
    die "bench: $failed transactions of pgbench failed:\n$output\n" if $failed;
    my ($average) = $output =~ /^latency average = ([\d.]+) ms/m;
    my @rates = $output =~ /^progress: [\d.]+ s, ([\d.]+) tps/mg;
    shift @rates;
    splice @rates, $o{seconds} if @rates > $o{seconds};
    die "bench: pgbench reported no progress:\n$output\n" if !@rates;
    my $sum = 0;
    $sum += $_ for @rates;
    return {requests => $requests, seconds => $o{seconds} + 2, rate => $sum / @rates,
        average => $average};
}

# POSTs body count times by clients that keep one request under way each. Returns besides the rate the
# times of all requests in ms.
sub h2load (%o) {
    my $body = File::Temp->new(SUFFIX => '.json');
    print {$body} $o{body};
    close $body;
    my $log = File::Temp->new(SUFFIX => '.log');
    my @headers = map { ('-H', $_) } @{$o{headers}};
    my $output = output_of({}, 'h2load', '--h1', '-n', $o{count}, '-c', $o{clients}, '-t', 1,
        '-d', "$body", "--log-file=$log", @headers, $o{url});
    my ($seconds) = $output =~ /^finished in ([\d.]+m?s)/m
        or die "bench: h2load said nothing that is known:\n$output\n";
    my @times;
    while (my $line = <$log>) {
        my (undef, $status, $microseconds) = split ' ', $line;
        die "bench: $o{url} answered $status\n" if $status != 200;
        push @times, $microseconds / 1000;
    }
    die "bench: $o{url}: $o{count} requests, " . @times . " answers\n" if @times != $o{count};
    $seconds = $seconds =~ /^(.*)ms$/ ? $1 / 1000 : $seconds =~ s/s$//r;
    return {requests => $o{count}, seconds => $seconds, rate => $o{count} / $seconds, times => \@times};
}

1;
