# A client that goes away in the middle: what ran for it is cancelled, and the connection it ran on serves
# the next request.

use lib 't/lib', 't/http/lib';
use Dashboard::Test;
use Http::Fixture qw(add_gate add_query add_widget at_gate close_gate dashboard_now id open_gate);

my $t = Dashboard::Test->new(as => 'analyst', pool => 2, query_pool => 3, timeout => '60s', api => 'dashboard_widget_timeout 60s;')->start;
add_gate($t);

my $path  = '/api/v1/widgets/query';
my $query = add_query($t, 'gated', 'select data.gate() as gate, :n as n', '[{"name": "n", "type": "integer"}]');
my @gated = map { add_widget($t, $query, params => {n => $_}) } 1 .. 6;

sub begin ($accept, @widgets) {
    my $raw = $t->raw;
    $raw->send(POST => $path,
        {Authorization => 'Bearer ' . $t->token('analyst'), 'Content-Type' => 'application/json', Accept => $accept},
        Cpanel::JSON::XS::encode_json({widgets => \@widgets}));
    return $raw;
}

sub pids (@backends) {
    return join ' ', sort map { $_->{pid} } @backends;
}

# The connections that ran gated queries: their last one still shows.
sub gated_backends () {
    return $t->backends(q{query like '%data.gate()%'});
}

my %going = (
    'that resets the connection' => sub ($raw) { $raw->abort },
    'that closes it'             => sub ($raw) { $raw->close },
);

for my $accept ('application/json', 'application/x-ndjson') {
    for my $how (sort keys %going) {
        subtest "a client $how, waiting for $accept" => sub {
            close_gate($t);
            my $raw = begin($accept, @gated);
            ok wait_for(sub { at_gate($t) == 3 }), 'three queries run, three wait for a connection';
            my $before = pids(at_gate($t));
            $going{$how}->($raw);
            ok wait_for(sub { !at_gate($t) }, 2), 'within 2 s none of them is in pg_stat_activity';
            ok wait_for(sub { !$t->backends(q{state <> 'idle'}) }, 2), 'nor one of those that waited';
            open_gate($t);
            my $answer = $t->post($path, {widgets => [@gated[0 .. 2]]});
            is $answer->status, 200, 'the next request is answered';
            is_deeply [map { $answer->data->{ $gated[$_] }{data}{rows} } 0 .. 2], [map { [['passed', $_]] } 1 .. 3], 'with its own rows';
            is pids(gated_backends()), $before, 'by the same backends';
        };
    }
}

subtest 'one client\'s going leaves another\'s query alone' => sub {
    close_gate($t);
    my $stays = begin('application/json', $gated[0]);
    ok wait_for(sub { at_gate($t) == 1 }), 'one waits';
    my $goes = begin('application/json', $gated[1]);
    ok wait_for(sub { at_gate($t) == 2 }), 'two wait';
    $goes->abort;
    ok wait_for(sub { at_gate($t) == 1 }, 2), 'one is cancelled';
    open_gate($t);
    is $t->check(POST => $path, $stays->read_response)->status, 200, 'the other is answered';
};

subtest 'one that goes while its query waits for a connection takes nobody\'s turn' => sub {
    close_gate($t);
    my $first  = begin('application/json', @gated[0 .. 2]);
    ok wait_for(sub { at_gate($t) == 3 }), 'all connections are taken';
    my $waits  = begin('application/json', $gated[3]);
    my $second = begin('application/json', $gated[4]);
    $waits->abort;
    open_gate($t);
    is $t->check(POST => $path, $first->read_response)->status,  200, 'those before it are answered';
    is $t->check(POST => $path, $second->read_response)->status, 200, 'and those behind it';
};

subtest 'a write whose client goes is done as a whole or not at all' => sub {
    my $target = '/api/v1/dashboards/' . id('operations');
    my $before = dashboard_now($t, id('operations'));

    # Somebody holds the row: the write waits for it.
    my $holder = $t->postgres->dbh($t->database);
    $holder->begin_work;
    $holder->do('select from dashboard.dashboard where id = ? for update', undef, id('operations'));
    my $raw = $t->raw;
    $raw->send(PATCH => $target, {Authorization => 'Bearer ' . $t->token('analyst'), 'Content-Type' => 'application/json', 'If-Match' => $before->{etag}}, '{"name":"Gone"}');
    ok wait_for(sub { $t->backends(q{wait_event_type = 'Lock'}) }), 'it waits for the row';
    my $pid = pids($t->backends(q{wait_event_type = 'Lock'}));
    $raw->abort;
    ok wait_for(sub { !$t->backends(q{wait_event_type = 'Lock'}) }, 2), 'within 2 s it does not';
    $holder->rollback;
    $holder->disconnect;
    is_deeply dashboard_now($t, id('operations')), $before, 'nothing was written';
    is $t->sql('select count(*) from dashboard.audit'), 0 + $t->sql(q{select count(*) from dashboard.audit where operation = 'create_widget'}), 'nor recorded';
    is $t->patch($target, {name => 'Here'}, if_match => $before->{etag})->status, 200, 'the next write succeeds';
    ok scalar(grep { $_->{pid} == $pid } $t->backends), 'the backend is still there';
};

subtest 'a thousand clients that come and go leave nothing behind' => sub {
    my $descriptors = sub { my ($worker) = $t->nginx->workers; scalar(my @files = glob "/proc/$worker/fd/*") };
    my $round = sub {
        my @clients = map { begin('application/json', id('kpi'), $gated[ $_ % 6 ]) } 1 .. 50;
        $_->abort for @clients;
        return wait_for(sub { !$t->backends(q{state <> 'idle'}) }, 5);
    };
    $round->();

    # The pools open connections as they need them: five, and the one that cancels.
    ok wait_for(sub { $t->parallel(map { [POST => $path, json => {widgets => \@gated}] } 1 .. 10); $t->backends == 6 }), 'all connections are open';
    my $before = $descriptors->();
    $round->() for 1 .. 20;
    ok wait_for(sub { $descriptors->() == $before }, 5), 'descriptors are as before';
    is $t->post($path, {widgets => [@gated]})->status, 200, 'and requests are answered';
};

done_testing;
