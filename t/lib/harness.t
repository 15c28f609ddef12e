# The harness itself: that it notices what it promises to notice. With a plain nginx, no module.

use lib 't/lib';
use Dashboard::Test;
use Dashboard::OpenAPI;
use Dashboard::Response;
use Dashboard::Token;

my $locations = <<'CONF';
        location = /small { return 200 "small\n"; }
        location = /slow { limit_rate 1k; return 200 "%%SLOW%%"; }
        location = /echo { return 200 "$request_method $http_authorization $http_if_none_match $content_type"; }
        location /api/ { default_type application/json; return 200 "{}"; }
CONF

sub plain_nginx (%option) {
    return Dashboard::Test->new(module => 0, locations => $locations, values => {SLOW => 'x' x 4000},
        %option)->start;
}

my $t = plain_nginx(workers => 2, daemon => 1);

subtest 'a response has status, headers and body' => sub {
    my $answer = $t->get('/small');
    is $answer->status, 200, 'status';
    is $answer->body, "small\n", 'body';
    like $answer->header('server'), qr/nginx/, 'header, whatever its case';
};

subtest 'options become headers' => sub {
    is $t->put('/echo', {a => 1}, token => 'abc', if_none_match => '"v1"')->body,
        'PUT Bearer abc "v1" application/json', 'token, if_none_match, type';
    is $t->delete('/echo', token => undef)->body, 'DELETE   ', 'no token';
};

subtest 'a token is a JSON Web Token with exp' => sub {
    my @parts = split /\./, Dashboard::Token::token({sub => 'x'}, 'k' x 32);
    is @parts, 3, 'three parts';
    like MIME::Base64::decode_base64url($parts[1]), qr/"exp":\d+,"sub":"x"/, 'claims';
};

subtest 'parallel requests are under way at once' => sub {
    my @answers = $t->parallel(map { [GET => '/small'] } 1 .. 50);
    is scalar(grep { $_->status == 200 } @answers), 50, 'all answered';
    my %connections = map { $_ => 1 } map { /(\d+)$/ } $t->nginx->access_lines;
    cmp_ok scalar(keys %connections), '>=', 50, 'each on a connection of its own';
};

subtest 'the raw client sends bytes, pipelines, and goes away' => sub {
    my $raw = $t->raw;
    $raw->write_slowly(Dashboard::Raw->text(GET => '/small'), 1, 'GET');
    is $raw->read_response->body, "small\n", 'byte by byte';
    $raw->send(GET  => '/small');
    $raw->send(HEAD => '/small');
    $raw->send(GET  => '/echo', {Authorization => 'x'});
    is $raw->read_response->body, "small\n", 'first of three';
    is $raw->read_response->body, '', 'HEAD';
    is $raw->read_response->body, 'GET x  ', 'third';
    $raw->send(GET => '/slow');
    ok $raw->read_until(qr/x/), 'has begun';
    $raw->abort;
    ok wait_for(sub { grep { m{ /slow } } $t->nginx->access_lines }), 'nginx notices';
};

subtest 'forked clients return what they found' => sub {
    is_deeply [$t->fork_clients(5, sub ($n) { [$n, $t->get('/small')->status] })],
        [map { [$_, 200] } 0 .. 4], 'in order';
};

subtest 'load goes on while nginx is reloaded, upgraded, and loses a worker' => sub {
    my $count = $t->under_load(
        sub {
            ok $t->nginx->reload, 'reload' for 1 .. 2;
            $t->nginx->kill_worker;
            $t->nginx->upgrade;
        },
        request => [GET => '/small']
    );
    cmp_ok $count->{status}{200}, '>', 0, 'answers came';
    is $count->{status}{200} + List::Util::sum0(values %{ $count->{failed} }), $count->{requests}, 'all counted';
};

subtest 'a refused configuration is told' => sub {
    my ($accepted, $said) = $t->nginx->check_configuration(http => 'nonsense;');
    ok !$accepted, 'nginx -t';
    like $said, qr/unknown directive "nonsense"/, 'its words';
    $t->nginx->allow(qr/unknown directive "nonsense"/);
    $t->nginx->set(http => 'nonsense;');
    ok !$t->nginx->reload, 'reload';
    $t->nginx->set(http => '');
};

subtest 'an alert in the log is a problem, unless allowed' => sub {
    my $other = plain_nginx();
    kill 'KILL', $other->nginx->workers;
    ok wait_for(sub { $other->nginx->grep_log(qr/exited on signal 9/) }), 'logged';
    like join("\n", $other->finish), qr/\[alert\].*exited on signal 9/, 'reported';
    my $third = plain_nginx(allow => [qr/exited on signal 9/]);
    kill 'KILL', $third->nginx->workers;
    ok wait_for(sub { $third->nginx->grep_log(qr/exited on signal 9/) }), 'logged';
    is_deeply [$third->finish], [], 'allowed';
};

subtest 'a connection that is left is a problem' => sub {
    my $other = plain_nginx();
    my $left  = DBI->connect("dbi:Pg:" . $other->conninfo =~ tr/ /;/r, undef, undef);
    like join("\n", $other->finish), qr/connection left/, 'reported';
};

subtest 'every database is its own, with the grants of the template' => sub {
    my $other = plain_nginx();
    isnt $other->database, $t->database, 'another name';
    my $public = q{select has_database_privilege('public', current_database(), 'connect')};
    ok !$t->sql($public), 'PUBLIC may not connect';
    is_deeply [$other->finish], [], 'ends';
};

subtest 'a server of its own can be stopped, started and frozen' => sub {
    my $other = plain_nginx(postgres => 'own');
    is $other->sql('select 1'), 1, 'serves';
    $other->postgres->stop;
    ok !eval { $other->sql('select 1') }, 'stopped';
    $other->postgres->start;
    is $other->sql('select 2'), 2, 'started';
    $other->postgres->freeze;
    $other->postgres->thaw;
    is $other->sql('select 3'), 3, 'thawed';
    is_deeply [$other->finish], [], 'ends';
};

subtest 'an answer that is not as declared is a problem' => sub {
    my $api = Dashboard::OpenAPI->instance;
    my $ask = sub ($method, $path, %field) {
        return join "\n", $api->problems($method, $path, Dashboard::Response->new(%field));
    };
    my $json  = [['Content-Type', 'application/json'], ['X-Correlation-ID', 'a']];
    my $error = '{"error":{"code":"NOT_FOUND","message":"m","details":{},"correlation_id":"a",'
        . '"timestamp":"2026-03-04T16:20:31.412Z"}}';
    my $path = '/api/v1/dashboards/00000000-0000-4000-8000-000000000401';
    is $ask->(GET => $path, status => 404, headers => $json, body => $error), '', 'a good one';
    like $ask->(GET => $path, status => 418, headers => $json, body => $error), qr/status 418 is not declared/, 'status';
    like $ask->(GET => $path, status => 404, headers => $json, body => $error =~ s/"a"/"b"/r), qr/correlation id/, 'id';
    like $ask->(GET => $path, status => 404, headers => [['Content-Type', 'text/html']], body => '<html>'), qr/content type "text\/html"/, 'type';
    like $ask->(GET => $path, status => 200, headers => $json, body => '{"data":{}}'), qr/header ETag is missing/, 'header';
    like $ask->(GET => $path, status => 200, headers => $json, body => '{"data":{}}'), qr{/data/id: Missing}, 'body';
    like $ask->(GET => '/api/nowhere', status => 200, headers => $json, body => '{}'), qr/not declared/, 'path';
    like $ask->(GET => '/api/nowhere', status => 404, headers => $json, body => '{"error":{}}'), qr/envelope/, 'envelope';
    is $ask->(GET => '/api/nowhere', status => 404, headers => $json, body => $error), '', 'a good one elsewhere';
};

done_testing;
