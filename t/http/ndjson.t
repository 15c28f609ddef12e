# A batch as application/x-ndjson: each widget's line is sent the moment it is complete, then a summary.

use lib 't/lib', 't/http/lib';
use Socket qw(SOL_SOCKET SO_RCVBUF);
use Dashboard::Test;
use Dashboard::Util qw(free_port);
use Http::Fixture qw(add_gate add_query add_widget at_gate close_gate id open_gate refused);

# The second server's sockets take little at a time.
my $narrow = free_port();
my $t      = Dashboard::Test->new(
    as      => 'analyst',
    api     => 'dashboard_widget_timeout 60s;',
    values  => {NARROW => $narrow},
    servers => 'server { listen 127.0.0.1:%%NARROW%% sndbuf=64k; location /api/ { dashboard_api; } }'
)->start;
add_gate($t);

my $path   = '/api/v1/widgets/query';
my $ndjson = 'application/x-ndjson';
my $gated  = add_widget($t, add_query($t, 'gated', 'select data.gate() as gate'));

sub batch (@widgets) {
    return $t->post($path, {widgets => \@widgets}, accept => $ndjson);
}

# Sends a batch on a raw connection.
sub begin ($accept, @widgets) {
    return send_batch($t->raw, $accept, @widgets);
}

sub send_batch ($raw, $accept, @widgets) {
    $raw->send(POST => $path,
        {Authorization => 'Bearer ' . $t->token('analyst'), 'Content-Type' => 'application/json', Accept => $accept},
        Cpanel::JSON::XS::encode_json({widgets => \@widgets}));
    return $raw;
}

subtest 'a line for each widget, then the summary' => sub {
    my $answer = batch(id('kpi'), id('table'), id('note'));
    is $answer->status, 200, 'answered';
    is $answer->header('Content-Type'), $ndjson, 'Content-Type';
    is $answer->header('Cache-Control'), 'private, no-cache', 'Cache-Control';
    is $answer->header('Vary'), 'Authorization, Accept-Encoding, Accept, Origin', 'Vary';
    like $answer->header('X-Correlation-ID'), qr/^req_/, 'correlation id';
    like $answer->body, qr/\A(?:\{[^\n]*\}\n){4}\z/, 'four lines, each ended';
    my @lines = $answer->lines;
    is_deeply [sort map { $_->{id} } @lines[0 .. 2]], [id('kpi'), id('table'), id('note')], 'each widget once';
    is_deeply [keys %{ $lines[3] }], ['summary'], 'the summary last';
    is_deeply [@{ $lines[3]{summary} }{qw(widgets failed)}], [3, 0], 'three, none failed';
    my $dictionary = $t->post($path, {widgets => [id('kpi'), id('table'), id('note')]})->data;
    for my $line (@lines[0 .. 2]) {
        my ($entry, $same) = map { my %copy = %$_; delete @copy{qw(id)}; delete $copy{meta}{duration_ms}; \%copy } $line, $dictionary->{ $line->{id} };
        is_deeply $entry, $same, 'a line is the entry of the dictionary, and its id';
    }
};

subtest 'a line does not wait for others' => sub {
    close_gate($t);
    my $raw = begin($ndjson, $gated, id('kpi'), id('failing'), id('unknown'));
    for my $id (id('kpi'), id('failing'), id('unknown')) {
        ok $raw->read_until(qr/^\{"id":"$id".*\}\n/m), "the line of $id is there";
    }
    ok wait_for(sub { at_gate($t) == 1 }), 'while one waits at the gate';
    unlike $raw->read_until(qr/./), qr/$gated|summary/, 'of which nothing is sent, and no summary';
    open_gate($t);
    my $answer = $t->check(POST => $path, $raw->read_response);
    my @lines = $answer->lines;
    is $lines[-2]{id}, $gated, 'then its line';
    is_deeply [@{ $lines[-1]{summary} }{qw(widgets failed)}], [4, 2], 'and the summary: two failed';
    is $answer->status, 200, 'the status was sent first';
    is_deeply {map { $_->{id} => $_->{status} } @lines[0 .. 3]},
        {$gated => 200, id('kpi') => 200, id('failing') => 502, id('unknown') => 404}, 'each has its own';
};

subtest 'the connection serves the next request afterwards' => sub {
    my $raw = $t->raw;
    for my $accept ($ndjson, 'application/json', $ndjson) {
        send_batch($raw, $accept, id('kpi'));
        is $t->check(POST => $path, $raw->read_response)->status, 200, $accept;
    }
};

subtest 'which form is sent follows Accept' => sub {
    my %form = (
        'application/x-ndjson, application/json;q=0.9' => $ndjson,
        'application/x-ndjson;q=0.5, application/json' => 'application/json',
        '*/*'                              => 'application/json',
        'application/*'                    => 'application/json',
        'APPLICATION/X-NDJSON'             => $ndjson,
        'application/json'                 => 'application/json',
    );
    is $t->post($path, {widgets => [id('kpi')]}, accept => $_)->header('Content-Type'), $form{$_}, $_ for sort keys %form;
    refused($t->get('/api/v1/dashboards', accept => $ndjson), 406, 'NOT_ACCEPTABLE', 'only where there are lines');
};

subtest 'what is wrong with the whole request is one error' => sub {
    for my $answer ($t->post($path, {widgets => []}, accept => $ndjson), $t->post($path, {widgets => [id('kpi')], timezone => 'Nowhere/Land'}, accept => $ndjson)) {
        refused($answer, 400, 'VALIDATION_ERROR', 'in the envelope');
        is $answer->header('Content-Type'), 'application/json', 'as JSON';
    }
};

subtest 'by GET, and for a dashboard' => sub {
    for my $target ('/api/dashboard/widgets/batch?ids=' . id('kpi'), '/api/v1/dashboards/' . id('private') . '/data') {
        my $answer = $t->get($target, accept => $ndjson);
        is $answer->header('Content-Type'), $ndjson, $target;
        is scalar(my @lines = $answer->lines), 2, 'a line and the summary';
    }
};

subtest 'HEAD has the headers and not one line' => sub {
    my $target = '/api/v1/dashboards/' . id('private') . '/data';
    my $raw    = $t->raw;
    my %header = (Authorization => 'Bearer ' . $t->token('analyst'), Accept => $ndjson);
    $raw->send(HEAD => $target, \%header);
    is $raw->read_response->header('Content-Type'), $ndjson, 'Content-Type';
    $raw->send(GET => $target, \%header);
    is scalar(my @lines = $t->check(GET => $target, $raw->read_response)->lines), 2, 'the next answer on the connection is whole';
};

subtest 'a body that nobody asked for is not the next request' => sub {
    my $target = '/api/v1/dashboards/' . id('private') . '/data';
    my %header = (Authorization => 'Bearer ' . $t->token('analyst'), Accept => $ndjson);
    my $inner  = "GET /api/v1/openapi.json HTTP/1.1\r\nHost: inner\r\n\r\n";
    my $raw    = $t->raw;
    $raw->send(GET => $target, \%header, $inner);
    is $raw->read_response->status, 200, 'one that came with its head';
    $raw->send(GET => '/health/live', {});
    is $raw->read_response->json->{data}{status}, 'live', 'is gone';
    $raw->write(Dashboard::Raw->text(GET => $target, {%header, 'Content-Length' => length $inner}), 'GET');
    is $raw->read_response->status, 200, 'one that comes after the answer';
    $raw->write($inner);
    $raw->send(GET => '/health/live', {});
    is $raw->read_response->json->{data}{status}, 'live', 'is gone, too';
};

subtest 'an etag that holds is a line with 304' => sub {
    my ($line) = batch(id('kpi'))->lines;
    my ($again) = batch({id => id('kpi'), etag => $line->{meta}{etag}})->lines;
    is $again->{status}, 304, 'not sent again';
    ok !exists $again->{data}, 'without data';
};

subtest 'line breaks in the data do not break lines' => sub {
    my $widget = add_widget($t, add_query($t, 'breaks',
        q{select E'a\nb\r\nc' as "a
b", E'{"x":\n1}'::json as j, E'{"x":\n1}'::jsonb as jb, array[E'\n'] as list}));
    my ($line) = batch($widget)->lines;
    is_deeply $line->{data}{rows}, [["a\nb\r\nc", {x => 1}, {x => 1}, ["\n"]]], 'and come back';
    is $line->{data}{columns}[0]{name}, "a\nb", 'in a name, too';
};

subtest 'a client that reads slowly gets everything' => sub {
    my $wide = add_query($t, 'wide', q{select i, repeat('x', 100) as text from generate_series(1, :n) as i}, '[{"name": "n", "type": "integer"}]');
    my @widgets = map { add_widget($t, $wide, params => {n => 5_000 + $_}) } 1 .. 5;
    for my $accept ($ndjson, 'application/json') {
        my $raw = Dashboard::Raw->new($narrow);
        setsockopt $raw->{socket}, SOL_SOCKET, SO_RCVBUF, 65536;
        send_batch($raw, $accept, @widgets);

        # Nobody reads: nginx holds what the socket does not take, until all queries have answered.
        ok wait_for(sub { !$t->backends(q{state = 'active'}) && $t->backends(q{query like '%repeat%'}) }), 'all queries are done';
        my $answer = $raw->read_response(30);
        is $answer->status, 200, $accept;
        my @entries = $accept eq $ndjson ? grep { $_->{data} } $answer->lines : values %{ $answer->data };
        is_deeply [sort { $a <=> $b } map { $_->{data}{row_count} } @entries], [5_001 .. 5_005], 'every row of three megabytes';
    }
};

done_testing;
