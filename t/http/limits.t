# The limits on widget data: time, rows, widgets of a batch, and what happens when all connections are
# taken. Only the widget that breaks a limit says so.

use lib 't/lib', 't/http/lib';
use Dashboard::Test;
use Dashboard::Util qw(free_port);
use Http::Fixture qw(add_gate add_query add_widget at_gate close_gate id open_gate refused);

my $t = Dashboard::Test->new(
    as   => 'analyst',
    query_pool => 3,
    api  => 'dashboard_widget_timeout 1s; dashboard_widget_rows 100; dashboard_batch_max 6;',
)->start;
add_gate($t);

my $path  = '/api/v1/widgets/query';
my $n     = '[{"name": "n", "type": "integer"}]';
my @gated = map { add_widget($t, add_query($t, 'gated', 'select data.gate() as gate, :n as n', $n), params => {n => $_}) } 1 .. 7;
my $plain = add_widget($t, add_query($t, 'plain', 'select 1 as one'));
my $rows  = add_query($t, 'rows', 'select i from generate_series(1, :n) as i', $n);

sub batch (@widgets) {
    return $t->post($path, {widgets => \@widgets});
}

subtest 'a widget that takes too long is 504, and only that one' => sub {
    close_gate($t);
    my $answer = batch($gated[0], $plain);
    is $answer->status, 207, 'answered';
    is "$answer->{json}{data}{$gated[0]}{status} $answer->{json}{data}{$gated[0]}{error}{code}", '504 QUERY_TIMEOUT', 'the slow one';
    is $answer->data->{$plain}{status}, 200, 'the other has its data';
    ok wait_for(sub { !at_gate($t) }, 2), 'its query does not go on';
    refused($t->get("/api/v1/widgets/$gated[0]/data"), 504, 'QUERY_TIMEOUT', 'alone it is the answer itself');
    open_gate($t);
    is batch($gated[0])->status, 200, 'and when it is quick again it answers';
};

subtest 'a stored query may have a time of its own, which only shortens' => sub {
    close_gate($t);
    my ($short, $long) = map { add_widget($t, add_query($t, 'own', "select data.gate(), $_ as n", '[]', timeout_ms => $_)) } 50, 60_000;
    my $data = batch($short, $long)->data;
    is $data->{$_}{error}{code}, 'QUERY_TIMEOUT', 'both end' for $short, $long;
    open_gate($t);
};

subtest 'more rows than the limit are cut, and that is said' => sub {
    my $ask = sub ($count) { batch({id => add_widget($t, $rows), params => {n => $count}}) };
    for my $case ([0, 0, ''], [99, 99, ''], [100, 100, ''], [101, 100, 1], [100_000, 100, 1]) {
        my ($count, $expected, $truncated) = @$case;
        my ($entry) = values %{ $ask->($count)->data };
        is $entry->{data}{row_count}, $expected, "$count rows: row_count";
        is scalar @{ $entry->{data}{rows} }, $expected, 'as many rows';
        is $entry->{data}{truncated} ? 1 : '', $truncated, 'truncated';
    }
};

# Holds the row of Operations until it is released, so that whoever wants to write it waits.
sub hold_row ($test) {
    my $holder = $test->postgres->dbh($test->database);
    $holder->begin_work;
    $holder->do('select from dashboard.dashboard where id = ? for update', undef, id('operations'));
    return $holder;
}

sub waiting ($test) {
    return scalar $test->backends(q{wait_event_type = 'Lock'});
}

subtest 'an operation that takes too long is 504 and leaves nothing' => sub {
    my $busy = Dashboard::Test->new(as => 'analyst', pool => 1, timeout => '1s')->start;
    my $path = '/api/v1/dashboards/' . id('operations');
    is $busy->get($path)->status, 200, 'at first it is quick';
    my $holder = hold_row($busy);
    refused($busy->patch($path, {name => 'Late'}, if_match => '"v1"'), 504, 'QUERY_TIMEOUT', 'then somebody is in the way');
    ok wait_for(sub { !waiting($busy) }, 2), 'nobody waits for the row any more';
    $holder->rollback;
    $holder->disconnect;
    my $answer = $busy->get($path);
    is $answer->status, 200, 'afterwards the connection serves';
    is $answer->etag, '"v1"', 'and nothing was written';
    is $busy->sql('select count(*) from dashboard.audit'), 0, 'nor recorded';
};

subtest 'an operation that finds the queue full is 503 at once' => sub {
    my $busy   = Dashboard::Test->new(as => 'analyst', pool => 1, queue => 1, timeout => '60s')->start;
    my $path   = '/api/v1/dashboards/' . id('operations');
    my %header = (Authorization => 'Bearer ' . $busy->token('analyst'), 'Content-Type' => 'application/json', 'If-Match' => '*');
    is $busy->get($path)->status, 200, 'at first there is room';
    my $holder = hold_row($busy);
    my ($runs, @others) = map { $busy->raw } 1 .. 3;
    $runs->send(PATCH => $path, \%header, '{"name":"First"}');
    ok wait_for(sub { waiting($busy) == 1 }), 'one has the connection';
    $_->send(GET => $path, \%header) for @others;

    my $early;
    ok wait_for(sub { ($early) = grep { $_->read_until(qr/\n/, 0.02) } @others; $early }), 'one of the next two is answered while it has';
    my $answer = $busy->check(GET => $path, $early->read_response);
    refused($answer, 503, 'UNAVAILABLE', 'that there is no room');
    like $answer->header('Retry-After'), qr/^[1-9]\d*$/, 'Retry-After';
    is waiting($busy), 1, 'still';
    $holder->rollback;
    $holder->disconnect;
    my ($late) = grep { $_ != $early } @others;
    is $busy->check(PATCH => $path, $runs->read_response)->status, 200, 'the first is done';
    is $busy->check(GET => $path, $late->read_response)->data->{name}, 'First', 'then the one that waited';
};

subtest 'a server may allow fewer widgets' => sub {
    is batch(@gated[0 .. 5])->status, 200, 'six';
    refused(batch(@gated), 400, 'VALIDATION_ERROR', 'seven', '/widgets');
    refused($t->get('/api/dashboard/widgets/batch?ids=' . join ',', @gated), 400, 'VALIDATION_ERROR', 'by GET', 'ids');
};

subtest 'when connections and queue are full, what has no place is 503 and the rest goes on' => sub {
    # From now on there is time enough; what counts is room: three run, three wait.
    $t->nginx->set(
        api      => 'dashboard_widget_timeout 20s;',
        database => 'dashboard_database "' . $t->conninfo . '" query_pool=3 queue=3;'
    );
    $t->nginx->reload;
    my $send = sub ($accept, @widgets) {
        my $raw = $t->raw;
        $raw->send(POST => $path, {Authorization => 'Bearer ' . $t->token('analyst'), 'Content-Type' => 'application/json', Accept => $accept},
            Cpanel::JSON::XS::encode_json({widgets => \@widgets}));
        ok wait_for(sub { at_gate($t) == 3 }), 'three run';
        return $raw;
    };
    my $begin = sub (@widgets) {
        my $raw = $send->('application/json', @widgets);
        open_gate($t);
        return $t->check(POST => $path, $raw->read_response);
    };

    # First the connections are made, for which queries wait, too.
    close_gate($t);
    is $begin->(@gated[0 .. 2])->status, 200, 'three are answered';
    close_gate($t);
    my $answer = $begin->(@gated);
    is $answer->status, 207, 'of seven not all';
    my %count;
    $count{ $_->{status} . ' ' . ($_->{error}{code} // '') }++ for values %{ $answer->data };
    is_deeply \%count, {'200 ' => 6, '503 UNAVAILABLE' => 1}, 'six have their data, one had no place';
    is batch(@gated[0 .. 5])->status, 200, 'afterwards there is room again';

    my $short = add_widget($t, add_query($t, 'short', 'select 1 as one', '[]', timeout_ms => 50));
    close_gate($t);
    my $raw = $send->('application/x-ndjson', @gated[0 .. 2], $short);
    ok $raw->read_until(qr/"id":"$short","status":503,.*"UNAVAILABLE"/), 'one whose time is over before its turn came is 503, too';
    is scalar at_gate($t), 3, 'while the others run';
    open_gate($t);
    is(($t->check(POST => $path, $raw->read_response)->lines)[-1]{summary}{failed}, 1, 'and end well');
};

done_testing;
