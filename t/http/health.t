# What a load balancer asks: is the worker running, can it do its work.

use lib 't/lib', 't/http/lib';
use Dashboard::Test;
use Http::Fixture qw(id refused);

my $t = Dashboard::Test->new(as => 'analyst', postgres => 'own', timeout => '1s')->start;

sub health ($name, %option) {
    return $t->get("/health/$name", token => undef, %option);
}

subtest 'with a database both say so, to everybody' => sub {
    for my $name (qw(live ready)) {
        my $answer = health($name);
        is $answer->status, 200, $name;
        is_deeply $answer->json, {data => {status => $name}}, 'and how it is';
        is health($name, token => 'nonsense')->status, 200, 'a token is not looked at';
        is $t->head("/health/$name", token => undef)->status, 200, 'HEAD';
        my $post = $t->post("/health/$name", undef, token => undef);
        refused($post, 405, 'METHOD_NOT_ALLOWED', 'POST');
        is $post->header('Allow'), 'GET, HEAD, OPTIONS', 'Allow';
        refused(health("$name?verbose=1"), 400, 'VALIDATION_ERROR', 'a parameter', 'verbose');
    }
};

subtest 'without one it lives but is not ready' => sub {
    $t->postgres->stop('immediate');
    is health('live')->status, 200, 'live';
    my $ready = health('ready');
    refused($ready, 503, 'UNAVAILABLE', 'not ready');
    like $ready->header('Retry-After'), qr/^[1-9]\d*$/, 'Retry-After';
    refused($t->get('/api/v1/dashboards/' . id('operations'), token => $t->token({sub => '00000000-0000-4000-8000-000000000102'})), 503, 'UNAVAILABLE', 'nor does anything else answer');
    is $t->get('/api/v1/openapi.json', token => undef)->status, 200, 'but what needs no database';
    refused($t->get('/api/v1/nothing', token => undef), 404, 'NOT_FOUND', 'and what is wrong with a request is still told');
};

subtest 'with one again it is ready again' => sub {
    $t->postgres->start;
    ok wait_for(sub { health('ready')->status == 200 }, 5), 'ready';
    is $t->get('/api/v1/dashboards/' . id('operations'))->status, 200, 'and answers';
};

subtest 'one that stands still is not ready, and others wait no longer than they must' => sub {
    $t->postgres->freeze;
    my $ready = health('ready');
    cmp_ok $ready->status, '>=', 503, 'not ready: ' . $ready->status;
    is health('live')->status, 200, 'live';
    $t->postgres->thaw;
    ok wait_for(sub { health('ready')->status == 200 }, 5), 'ready again';
};

done_testing;
