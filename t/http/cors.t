#!/usr/bin/perl
# dashboard_cors: scripts of exactly the named origins may use the API.
use lib 't/lib';
use Dashboard::Test;

my $path = '/api/v1/dashboards/00000000-0000-4000-8000-000000000401';
my $app  = 'https://app.example.com';

my $t = Dashboard::Test->new(
    as  => 'analyst',
    api => "dashboard_cors $app http://localhost:5173 credentials=on max_age=1h;",
)->start;

sub preflight ($origin, $method = 'PATCH') {
    return $t->request('OPTIONS', $path, token => undef,
        headers => {Origin => $origin, 'Access-Control-Request-Method' => $method});
}

subtest 'a preflight needs no token and may be kept' => sub {
    my $answer = preflight($app);
    is $answer->status, 204, 'no content';
    is $answer->header('Access-Control-Allow-Origin'),      $app,   'the origin itself, never *';
    is $answer->header('Access-Control-Allow-Credentials'), 'true', 'credentials as configured';
    is $answer->header('Access-Control-Allow-Methods'), 'GET, HEAD, PUT, PATCH, DELETE, OPTIONS',
        'the methods this path has';
    like $answer->header('Access-Control-Allow-Headers'), qr/\bIf-Match\b/, 'If-Match may be sent';
    is $answer->header('Access-Control-Max-Age'), 3600, 'for an hour';
    like $answer->header('Vary'), qr/\bOrigin\b/, 'caches are told';
};

subtest 'no other origin is let in' => sub {
    for my $origin ('https://evil.example', 'https://app.example.com.evil.example', 'http://app.example.com', 'null',
        'https://APP.example.com', "$app/", 'https://app.example.com:443', '*')
    {
        my $answer = preflight($origin);
        is $answer->header('Access-Control-Allow-Origin'), undef, "not $origin";
        is $answer->header('Access-Control-Allow-Methods'), undef, '... nor what it might do';
        is $t->get($path, headers => {Origin => $origin})->header('Access-Control-Allow-Origin'), undef,
            '... nor in the answer itself';
    }
};

subtest 'scripts may read answers, errors among them' => sub {
    for my $case (['200', $path, 'analyst'], ['404', '/api/v1/nothing', 'analyst'], ['401', $path, undef]) {
        my ($status, $where, $who) = @$case;
        my $answer = $t->get($where, headers => {Origin => $app}, $who ? (as => $who) : (token => undef));
        is $answer->status, $status, "a $status";
        is $answer->header('Access-Control-Allow-Origin'), $app, 'may be read';
        like $answer->header('Access-Control-Expose-Headers'), qr/\bETag\b.*\bX-Correlation-ID\b/, 'with its headers';
    }
    my $page = $t->get('/api/v1/dashboards?' . 'x' x 40000, headers => {Origin => $app}, check => 0);
    is $page->status, 414, 'a page of nginx itself';
    like $page->header('Content-Type'), qr/json/, '... comes as JSON';
};

subtest 'without an Origin nothing is said' => sub {
    my $answer = $t->get($path);
    is $answer->header($_), undef, $_ for 'Access-Control-Allow-Origin', 'Access-Control-Expose-Headers';
};

subtest 'what is no origin is refused in the configuration' => sub {
    for my $bad ('*', 'app.example.com', 'https://app.example.com/', 'https://*.example.com', 'credentials=on',
        "$app max_age=soon")
    {
        my ($accepted, $said) = $t->nginx->check_configuration(api => "dashboard_cors $bad;");
        ok !$accepted, "dashboard_cors $bad";
        like $said, qr/dashboard_cors/, 'names the directive';
    }
};

done_testing;
