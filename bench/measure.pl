#!/usr/bin/perl
# Measures what docs/performance.md reports and prints it as tables: bench/measure.pl <folder> <state>.
#
# folder: where files are written, results.json among them; fastify/ in it has the peer and its
# packages. state: the folder of the running demo's servers. Called by bench/run.sh, which names the
# settings that come from the environment.
use v5.36;
use FindBin ();
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use Time::HiRes ();
use Bench::Audit ();
use Bench::Batch ();
use Bench::Client ();
use Bench::Cpu qw(load_time machine_time place processors);
use Bench::Database ();
use Bench::Identity ();
use Bench::Load qw(pgbench wrk);
use Bench::Report qw(machine median spread table write_json);
use Bench::Servers ();
use Bench::Write ();

my $dashboard = '0d000000-0000-4000-8000-000000000001';    # "Flight operations"
# The share of the machine that others may take before a run's figures say little.
my $quiet = 0.15;

my %subject = (
    admin => '0c000000-0000-4000-8000-000000000001',
    analyst => '0c000000-0000-4000-8000-000000000002',
);

# The numbers in an environment variable, separated by spaces.
sub numbers ($name, $default) {
    my $text = $ENV{$name} // $default;
    $text =~ /^\s*[1-9]\d*(\s+[1-9]\d*)*\s*$/ or die "bench: $name is not a list of numbers: $text\n";
    return split ' ', $text;
}

die "usage: bench/measure.pl <folder> <state>\n" if @ARGV != 2;
my ($folder, $state) = @ARGV;
my %setting = (
    workers => [numbers('BENCH_WORKERS', '1 2')],
    clients => [numbers('BENCH_CLIENTS', '16')],
    connections => (numbers('BENCH_CONNECTIONS', '16'))[0],
    rounds => (numbers('BENCH_ROUNDS', '5'))[0],
    seconds => (numbers('BENCH_SECONDS', '3'))[0],
    parts => [split ' ', $ENV{BENCH_PARTS} // 'a b c d i j'],
);
for my $workers (@{$setting{workers}}) {
    die "bench: BENCH_CONNECTIONS must be a multiple of the workers, which are $workers\n"
        if $setting{connections} % $workers;
}
my %wanted = map { $_ => 1 } @{$setting{parts}};
for my $part (keys %wanted) {
    die "bench: BENCH_PARTS has no part $part\n" if $part !~ /^[abcdij]$/;
}

my $key = "$state/secrets/jwt.key";
my $root = "$FindBin::Bin/..";
my $database = Bench::Database->new($state);
my $servers = Bench::Servers->new(root => $root, folder => $folder, database => $database, key => $key);
my %token;
for my $user (keys %subject) {
    chomp($token{$user} = `perl '$root/tools/demo/token.pl' '$key' $subject{$user}`);
    die "bench: no token for $user\n" if $? != 0 || $token{$user} eq '';
}
my %authorization = map { $_ => "Authorization: Bearer $token{$_}" } keys %token;

# Rows of the last table and of results.json: {what, aim, value, low, high, met}
my @findings;
my %results = (settings => \%setting, machine => machine(), postgresql => $database->settings);

# What an aim asks for and what was found. limit: ">= 0.85", "< 100"; values: of all rounds, the median
# counts, unless value is given.
sub find ($what, $limit, $format, $values, $value = median(@$values)) {
    my ($sign, $bound) = $limit =~ /^(>=|<) ([\d.]+)/ ? ($1, $2) : ('', 0);
    my $met = $sign eq '>=' ? $value >= $bound : $sign eq '<' ? $value < $bound : undef;
    push @findings, {
        what => $what, aim => $limit, value => sprintf($format, $value) + 0,
        spread => spread($format, @$values),
        !defined $met ? () : (met => $met ? JSON::PP::true : JSON::PP::false),
    };
    return;
}

# Runs load, a function, and adds to its result what a request cost in microseconds of processor time,
# and which share of the machine others took meanwhile. server: whose time counts, undef for none.
sub costed ($server, $load) {
    my $read = sub {
        return ($server ? Bench::Servers::time_of($server) : 0, $database->time, load_time(),
            machine_time(), Time::HiRes::time());
    };
    my @before = $read->();
    my $result = $load->();
    my @after = $read->();
    my ($served, $asked, $loaded, $busy, $elapsed) = map { $after[$_] - $before[$_] } 0 .. 4;
    my $each = 1e6 / $result->{requests};
    $result->{cost} = {server => $served * $each, database => $asked * $each, load => $loaded * $each};
    my $others = ($busy - $served - $asked - $loaded) / ($elapsed * $results{machine}{processors});
    $result->{others} = $others > 0 ? $others : 0;
    return $result;
}

# Every contender's run in each round, one after the other and each time in another order, so that a
# slow moment of the machine does not always hit the same one. The round before the first is not
# counted. Returns name => [results].
sub rounds ($rounds, @contenders) {
    my %results;
    for my $round (0 .. $rounds) {
        for my $contender (@contenders) {
            my $result = costed($contender->{server}, $contender->{run});
            push @{$results{$contender->{name}}}, $result if $round > 0;
        }
        push @contenders, shift @contenders;
    }
    return \%results;
}

# One table of what rounds() returned. The first name is the reference of the ratios, which are taken
# round by round. Returns name => [ratios].
sub show ($title, $results, @names) {
    my %ratios;
    my @rows = ['', 'requests/s', 'spread', 'ratio', 'spread', 'p50 ms', 'p99 ms', 'CPU us: server',
        'database', 'load', 'others'];
    for my $name (@names) {
        my @runs = @{$results->{$name}};
        $ratios{$name} = [map { $runs[$_]{rate} / $results->{$names[0]}[$_]{rate} } 0 .. $#runs];
        my $middle = sub ($of) { return median(map { $of->($_) } @runs) };
        my $latency = sub ($field) {
            my $value = $middle->(sub ($run) { $run->{$field} // -1 });
            return $value < 0 ? undef : sprintf '%.2f', $value;
        };
        my $cost = sub ($of) { return sprintf '%.0f', $middle->(sub ($run) { $run->{cost}{$of} }) };
        push @rows, [
            $name, sprintf('%.0f', $middle->(sub ($run) { $run->{rate} })),
            spread('%.0f', map { $_->{rate} } @runs),
            sprintf('%.2f', median(@{$ratios{$name}})), spread('%.2f', @{$ratios{$name}}),
            $latency->('p50'), $latency->('p99'),
            $cost->('server'), $cost->('database'), $cost->('load'),
            sprintf('%.0f %%', 100 * $middle->(sub ($run) { $run->{others} })),
        ];
    }
    table($title, @rows);
    push @{$results{runs}}, {title => $title, results => $results, ratios => \%ratios};
    return \%ratios;
}

# What a part is measured with: {workers, clients, apart, name}. apart: the database has one half of the
# processors to itself, as on a machine of its own, and one worker and the load generator the other.
sub cases () {
    my @cases;
    for my $clients (@{$setting{clients}}) {
        my $of = "$clients clients, $setting{connections} connections";
        for my $workers (@{$setting{workers}}) {
            my $plural = $workers > 1 ? 's' : '';
            push @cases, {workers => $workers, clients => $clients, apart => 0,
                name => "$workers worker$plural, $of"};
        }
        next if processors() < 2;
        push @cases, {workers => 1, clients => $clients, apart => 1,
            name => "1 worker, $of, database apart"};
    }
    return @cases;
}

# Runs a function, given the case, on the processors that the case says.
sub placed ($case, $run) {
    my @all = processors();
    if ($case->{apart}) {
        my $half = int(@all / 2);
        $database->place_on(@all[0 .. $half - 1]);
        place($$, @all[$half .. $#all]);
    }
    my $done = eval { $run->($case); 1 };
    my $error = $@;
    if ($case->{apart}) {
        place($$, @all);
        $database->place_on(@all);
    }
    die $error if !$done;
    return;
}

# Runs a part that was asked for, and says how long that took.
sub part ($name, $run) {
    return if !$wanted{$name};
    my $start = Time::HiRes::time();
    $run->();
    $results{seconds}{$name} = int(Time::HiRes::time() - $start + 0.5);
    say "Part $name took $results{seconds}{$name} s.";
    return;
}

# wrk against a path of a server: a short run that is not counted, so that its connections and caches
# are as in the middle of a day, then the one that is.
sub load_of ($server, $path, $workers, $clients, @headers) {
    return sub {
        my %load = (url => "$server->{url}$path", threads => $workers, clients => $clients,
            script => "$root/bench/wrk.lua", headers => \@headers);
        return wrk(%load, seconds => $setting{seconds});
    };
}

# Asks a server as a user.
sub client ($server, $user) {
    return Bench::Client->new(url => $server->{url}, token => $token{$user});
}

# Both servers must say the same in body and headers, or it would not be the same work.
sub compare_answers ($path, $ours, @peers) {
    my $expected = client($ours, 'analyst')->send('GET', $path);
    for my $peer (@peers) {
        my $answer = client($peer, 'analyst')->send('GET', $path);
        die "bench: $peer->{name} answers another body than nginx\n"
            if $answer->{content} ne $expected->{content};
        for my $header (qw(etag cache-control vary)) {
            die "bench: $peer->{name} answers another $header than nginx\n"
                if ($answer->{headers}{$header} // '') ne ($expected->{headers}{$header} // '');
        }
        die "bench: $peer->{name} gives no correlation id\n" if !$answer->{headers}{'x-correlation-id'};
    }
    return $expected;
}

# (a) and (e): GET /dashboards/:id through nginx and through Fastify beside pgbench calling the function.
sub measure_get ($case) {
    my ($workers, $clients) = @$case{qw(workers clients)};
    my $path = "/api/v1/dashboards/$dashboard";
    my $pool = $setting{connections} / $workers;
    my $nginx = $servers->nginx($workers, $pool);
    my ($statement, $request) = $database->capture('get_dashboard', sub {
        client($nginx, 'analyst')->send('GET', $path);
    });
    my %fastify = map { $_ => $servers->fastify($workers, $pool, $statement, $_) } qw(off on);
    my $answer = compare_answers($path, $nginx, values %fastify);

    my $script = "$folder/get.pgbench";
    open my $file, '>', $script or die "bench: $script: $!\n";
    say {$file} $statement =~ s/\$1/:request/r =~ s/\$2/null/r, ';';
    close $file;

    my $load = sub ($server) {
        return load_of($server, $path, $workers, $clients, $authorization{analyst});
    };
    my @contenders = (
        {name => 'pgbench', run => sub {
            return pgbench(environment => $database->environment, script => $script,
                clients => $setting{connections}, threads => $workers,
                seconds => $setting{seconds}, variables => {request => $request});
        }},
        {name => 'nginx + module', server => $nginx, run => $load->($nginx)},
        map {
            {name => "Fastify, JWT cache $_", server => $fastify{$_}, run => $load->($fastify{$_})}
        } qw(off on),
    );
    my $size = length $answer->{content};
    my $ratios = show("(a) (e) GET /dashboards/:id, $size bytes: $case->{name}",
        rounds($setting{rounds}, @contenders), map { $_->{name} } @contenders);
    my @ours = @{$ratios->{'nginx + module'}};
    find("(a) GET / pgbench: $case->{name}", '>= 0.8', '%.2f', \@ours);
    # with a database apart it is the one that is measured, and all keep it busy
    for my $cache ($case->{apart} ? () : qw(off on)) {
        my @theirs = @{$ratios->{"Fastify, JWT cache $cache"}};
        find("(e) GET / Fastify, JWT cache $cache: $case->{name}", '>= 1.5', '%.2f',
            [map { $ours[$_] / $theirs[$_] } 0 .. $#ours]);
    }
    compare_answers($path, $nginx, values %fastify);
    $servers->stop;
    return;
}

# (b): PATCH beside pgbench calling the function, every connection on a dashboard of its own.
sub measure_patch ($case) {
    my ($workers, $clients) = @$case{qw(workers clients)};
    my $nginx = $servers->nginx($workers, $setting{connections} / $workers);
    my $most = $clients > $setting{connections} ? $clients : $setting{connections};
    my $write = Bench::Write->new(root => $root, folder => $folder, database => $database,
        client => client($nginx, 'admin'), dashboard => $dashboard, count => 2 * $most);
    my @contenders = (
        {name => 'pgbench', run => sub {
            return $write->pgbench($setting{connections}, $workers, $setting{seconds});
        }},
        {name => 'nginx + module', server => $nginx, run => sub {
            return $write->wrk($clients, $workers, $setting{seconds});
        }},
    );
    my $ratios = show("(b) PATCH /dashboards/:id: $case->{name}",
        rounds($setting{rounds}, @contenders), 'pgbench', 'nginx + module');
    find("(b) PATCH / pgbench: $case->{name}", '>= 0.85', '%.2f', $ratios->{'nginx + module'});
    $write->remove;
    $servers->stop;
    return;
}

# (c): all data of the dashboard in one batch, nothing cached.
sub measure_batch () {
    my ($workers) = sort { $b <=> $a } @{$setting{workers}};
    my $nginx = $servers->nginx($workers, $setting{connections} / $workers);
    my $batch = Bench::Batch->new(root => $root, database => $database,
        client => client($nginx, 'admin'), dashboard => $dashboard);
    my $cells = $batch->measure($setting{rounds} > 3 ? 3 : $setting{rounds});
    my @rows = ['time range, source', 'at a time', 'batches', 'p50', 'p95', 'p99', 'worst'];
    for my $cell (@$cells) {
        push @rows, [@$cell{qw(name clients count)},
            map { sprintf '%.1f', $_ } @$cell{qw(p50 p95 p99 worst)}];
    }
    table("(c) POST /widgets/query of $batch->{widgets} widgets, in ms: $workers workers, "
        . '12 query connections each', @rows);
    $results{batch} = $cells;
    for my $cell (@$cells) {
        next if $cell->{aim} eq '';
        find("(c) batch of $batch->{widgets}, p95 in ms, $cell->{clients} at a time: $cell->{name}",
            $cell->{aim}, '%.1f', $cell->{each_p95}, $cell->{p95});
    }
    $batch->remove;
    $servers->stop;
    return;
}

# (d): what the module costs when it asks nobody.
sub measure_health ($case) {
    my ($workers, $clients) = @$case{qw(workers clients)};
    my $nginx = $servers->nginx($workers, $setting{connections} / $workers);
    my %path = ('return 200' => '/plain', 'return 200, same headers' => '/static',
        '/health/live' => '/health/live');
    my @names = ('return 200', 'return 200, same headers', '/health/live');
    my @contenders = map {
        {name => $_, server => $nginx, run => load_of($nginx, $path{$_}, $workers, $clients)}
    } @names;
    my $of = "$workers worker" . ($workers > 1 ? 's' : '') . ", $clients clients";
    my $ratios = show("(d) GET /health/live: $of", rounds($setting{rounds}, @contenders), @names);
    my @live = @{$ratios->{'/health/live'}};
    my @same = @{$ratios->{'return 200, same headers'}};
    find("(d) /health/live / return 200: $of", 'none', '%.2f', \@live);
    find("(d) /health/live / return 200 with the same headers: $of", 'none', '%.2f',
        [map { $live[$_] / $same[$_] } 0 .. $#live]);
    $servers->stop;
    return;
}

# (i): GET /dashboards/:id by everybody who may say in different ways who they are.
sub measure_identity ($case) {
    my ($workers, $clients) = @$case{qw(workers clients)};
    my $identity = Bench::Identity->new(root => $root, folder => $folder, database => $database,
        key => $key, subject => $subject{analyst});
    my $nginx = $servers->nginx($workers, $setting{connections} / $workers, $identity->directives);
    my $url = "$nginx->{url}/api/v1/dashboards/$dashboard";
    my @contenders;
    for ($identity->ways(client($nginx, 'analyst'))) {
        my ($name, $file) = @$_;
        push @contenders, {name => $name, server => $nginx, run => sub {
            return $identity->wrk($file, $url, $clients, $workers, $setting{seconds});
        }};
    }
    my @names = map { $_->{name} } @contenders;
    my $results = rounds($setting{rounds}, @contenders);
    my $ratios = show("(i) GET /dashboards/:id: $case->{name}", $results, @names);
    my $cost = sub ($name, $round) { return $results->{$name}[$round]{cost}{server} };
    my ($first, @others) = @names;
    for my $name (@others) {
        my @rounds = 0 .. $#{$ratios->{$name}};
        find("(i) GET, $name / $first: $case->{name}", 'none', '%.2f', $ratios->{$name});
        find("(i) GET, $name, CPU us of nginx beyond $first: $case->{name}", 'none', '%.1f',
            [map { $cost->($name, $_) - $cost->($first, $_) } @rounds]);
    }
    my $alone = $identity->alone;
    find("(i) $_ alone, us: $case->{name}", 'none', '%.2f', [$alone->{$_}]) for sort keys %$alone;
    find("(i) recall (cache) / CPU us of nginx, $first: $case->{name}", 'none', '%.3f',
        [map { $alone->{'recall (cache)'} / $cost->($first, $_) } 0 .. $#{$results->{$first}}]);
    $identity->remove;
    $servers->stop;
    return;
}

# (j): the call that PATCH makes, with the audit trail and without, on 8 connections.
sub measure_audit () {
    my $connections = 8;
    my $nginx = $servers->nginx(1, $connections);
    my $write = Bench::Write->new(root => $root, folder => $folder, database => $database,
        client => client($nginx, 'admin'), dashboard => $dashboard, count => $connections);
    my $audit = Bench::Audit->new(database => $database);
    my %database = ('without audit' => $audit->without, 'with audit' => $audit->with);
    my @names = ('without audit', 'with audit');
    my @contenders;
    for my $name (@names) {
        my $there = $write->in($database{$name});
        push @contenders, {name => $name, run => sub {
            return $audit->checked($database{$name}, sub {
                return $there->pgbench($connections, 1, $setting{seconds});
            });
        }};
    }
    my $results = rounds($setting{rounds}, @contenders);
    my $ratios = show("(j) api.patch_dashboard, pgbench, $connections connections", $results, @names);
    my ($without, $with) = map { [map { $_->{cost}{database} } @{$results->{$_}}] } @names;
    find('(j) PATCH with audit / without', 'none', '%.2f', $ratios->{'with audit'});
    find('(j) PATCH with audit / without, CPU of the database', 'none', '%.2f',
        [map { $with->[$_] / $without->[$_] } 0 .. $#$with]);
    $audit->remove;
    $write->remove;
    $servers->stop;
    return;
}

local $SIG{INT} = local $SIG{TERM} = sub { die "bench: stopped\n" };
my $done = eval {
    $database->be_silent;
    $database->log_parameters;
    # as autovacuum would have by the time that such a load comes
    $database->ask('analyze');
    my @together = grep { !$_->{apart} } cases();
    part('a', sub { placed($_, \&measure_get) for cases() });
    part('b', sub { placed($_, \&measure_patch) for cases() });
    part('c', \&measure_batch);
    part('d', sub { measure_health($_) for @together });
    part('i', sub { measure_identity($_) for @together });
    part('j', \&measure_audit);
    1;
};
my $error = $@;
$servers->stop;
$database->be_silent;
die $error if !$done;

$results{findings} = \@findings;
write_json("$folder/results.json", \%results);
my @rows = ['', 'aim', 'found', 'spread', ''];
for my $finding (@findings) {
    my $verdict = !exists $finding->{met} ? '' : $finding->{met} ? 'met' : 'MISSED';
    push @rows, [@$finding{qw(what aim value spread)}, $verdict];
}
table('Aims', @rows);
my @others = map { $_->{others} } map { map { @$_ } values %{$_->{results}} } @{$results{runs}};
if (@others && median(@others) > $quiet) {
    printf "\nOthers took %.0f %% of the processors meanwhile: these figures say little.\n",
        100 * median(@others);
}
say "\nAll numbers: $folder/results.json";
