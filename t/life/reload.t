# HUP, USR2 and QUIT under load: nobody notices.

use lib 't/lib', 't/http/lib';
use Dashboard::Test;
use Http::Fixture qw(add_gate add_query add_widget at_gate close_gate dashboard_now id open_gate);

my $t = Dashboard::Test->new(as => 'analyst', workers => 2, daemon => 1, timeout => '20s',
    api => 'dashboard_widget_timeout 20s;')->start;
my $path = '/api/v1/dashboards/' . id('operations');

# A connection for each request: on a kept one a request may cross the old worker's closing it, which
# HTTP lets a client send again (RFC 9112, 9.3.1) and a test could not tell from a failure.
my @request = (GET => $path, headers => {Connection => 'close'});

sub all_well ($count, $name) {
    cmp_ok $count->{requests}, '>', 0, 'there was load';
    is_deeply [$count->{status}, $count->{failed}], [{200 => $count->{requests}}, {}], $name or diag explain $count;
    return;
}

subtest 'ten reloads under load fail no request' => sub {
    my $count = $t->under_load(
        sub {
            $t->nginx->reload || die "not reloaded\n" for 1 .. 10;
        },
        request => \@request
    );
    all_well($count, 'all answered');
    ok wait_for(sub { $t->backends <= 2 * 9 }, 5), 'the old workers left no connections';
};

subtest 'a binary upgrade under load fails no request' => sub {
    my $count = $t->under_load(sub { $t->nginx->upgrade }, request => \@request);
    all_well($count, 'all answered');
    ok wait_for(sub { $t->backends <= 2 * 9 }, 5), 'the old workers left no connections';
};

subtest 'a bad configuration keeps the old one' => sub {
    $t->nginx->allow(qr/\[emerg\] .* in \S+nginx\.conf:\d+$/);
    for my $bad ('nonsense;', 'dashboard_api on;', 'dashboard_batch_max 51;', 'dashboard_jwt_key HS256 /nowhere;') {
        $t->nginx->set(api => $bad);
        my $before = join ' ', $t->nginx->workers;
        my $count  = $t->under_load(sub { ok !$t->nginx->reload, "$bad is refused" }, request => \@request);
        all_well($count, 'all answered');
        is join(' ', $t->nginx->workers), $before, 'by the same workers';
    }
    $t->nginx->set(api => 'dashboard_widget_timeout 20s;');
    ok $t->nginx->reload, 'a good one is taken again';
};

subtest 'a request under way when nginx is reloaded is answered by the old worker' => sub {
    add_gate($t);
    my $widget = add_widget($t, add_query($t, 'gated', 'select data.gate() as gate'));
    close_gate($t);
    my $raw = $t->raw;
    $raw->send(GET => "/api/v1/widgets/$widget/data", {Authorization => 'Bearer ' . $t->token('analyst')});
    ok wait_for(sub { at_gate($t) }), 'its query runs';
    ok $t->nginx->reload(wait => 0), 'reloaded';
    is $t->request(@request)->status, 200, 'the new workers serve';
    open_gate($t);
    my $answer = $t->check(GET => "/api/v1/widgets/$widget/data", $raw->read_response);
    is $answer->status, 200, 'answered';
    is_deeply $answer->data->{rows}, [['passed']], 'with its data';
    ok $raw->closed, 'and the connection is closed after it';
};

# A request of which only the first half has been sent: the worker that has it must answer it, however
# late the second half comes.
sub half_sent ($test) {
    my @workers = $test->nginx->workers;
    my $before  = $test->nginx->connections(@workers);
    my $text    = Dashboard::Raw->text(GET => $path, {Authorization => 'Bearer ' . $test->token('analyst')});
    my $raw     = $test->raw;
    $raw->write(substr($text, 0, 100), 'GET');
    ok wait_for(sub { $test->nginx->connections(@workers) > $before }), 'a worker has the connection';
    my $rest = substr $text, 100;
    return sub { $raw->write($rest); return $test->check(GET => $path, $raw->read_response) };
}

subtest 'a request that ends after the reload is answered by the old worker' => sub {
    my $request = half_sent($t);
    ok $t->nginx->reload(wait => 0), 'reloaded';
    is $request->()->status, 200, 'answered';
};

subtest 'also by a worker that was still connecting to PostgreSQL when it was told to exit' => sub {
    my $own = Dashboard::Test->new(as => 'analyst', postgres => 'own', timeout => '20s')->start;
    $own->postgres->freeze;
    ok $own->nginx->reload, 'a new worker connects';
    my $request = half_sent($own);
    ok $own->nginx->reload(wait => 0), 'told to exit';
    $own->postgres->thaw;
    ok wait_for(sub { $own->get($path, headers => {Connection => 'close'})->status == 200 }), 'the next worker serves';
    is $request->()->status, 200, 'answered';
    is_deeply [$own->finish], [], 'and it exits';
};

subtest 'another number of workers and other pools are taken over by a reload' => sub {
    $t->nginx->set(workers => 1, database => $t->database_directive(pool => 1, query_pool => 1));
    ok $t->nginx->reload, 'reloaded';
    is scalar(my @workers = $t->nginx->workers), 1, 'one worker';
    is scalar(grep { $_->status == 200 } $t->parallel(map { [@request] } 1 .. 20)), 20, 'serves';
    ok wait_for(sub { $t->backends <= 3 }, 5), 'with one connection a pool';
};

subtest 'QUIT lets what is under way end' => sub {
    my $widget = add_widget($t, add_query($t, 'gated again', 'select data.gate() as gate'));
    close_gate($t);
    my $raw = $t->raw;
    $raw->send(GET => "/api/v1/widgets/$widget/data", {Authorization => 'Bearer ' . $t->token('analyst')});
    ok wait_for(sub { at_gate($t) }), 'its query runs';
    my ($worker) = $t->nginx->workers;
    kill 'QUIT', $t->nginx->master;
    ok wait_for(sub { !$t->nginx->workers }), 'nginx takes no more';
    open_gate($t);
    is $raw->read_response->status, 200, 'answered';
    ok wait_for(sub { !Dashboard::Util::alive($worker) }), 'and the worker has gone';
};

done_testing;
