# GET /dashboards/{id}: one dashboard through every layer.

use lib 't/lib';
use Dashboard::Test;

my $operations = '00000000-0000-4000-8000-000000000401';
my $private    = '00000000-0000-4000-8000-000000000402';
my $elsewhere  = '00000000-0000-4000-8000-000000000403';
my $unknown    = '00000000-0000-4000-8000-0000000004ff';
my $path       = "/api/v1/dashboards/$operations";

my $t = Dashboard::Test->new(as => 'analyst')->start;

subtest 'the dashboard comes with its widgets and its version as ETag' => sub {
    my $answer = $t->get($path);
    is $answer->status, 200, 'status 200';
    is $answer->data->{id}, $operations, 'the one asked for';
    is $answer->data->{name}, 'Operations', 'its name';
    is $answer->data->{version}, 1, 'its version';
    is scalar @{ $answer->data->{widgets} }, 6, 'its widgets';
    is $answer->etag, '"v1"', 'ETag';
    is $answer->data->{etag}, $answer->etag, 'the same tag in the body';
    is $answer->header('Content-Type'), 'application/json', 'content type';
    is $answer->header('Cache-Control'), 'private, no-cache', 'only the client keeps it';
    is $answer->header('Vary'), 'Authorization, Accept-Encoding, Accept, Origin', 'what it depends on';
};

subtest 'the unversioned base and the alias answer the same' => sub {
    my $answer = $t->get($path);
    for my $other ("/api/dashboards/$operations", "/api/v1/dashboard/dashboards/$operations") {
        is $t->get($other)->body, $answer->body, $other;
    }
};

subtest 'HEAD has the headers and no body' => sub {
    my ($get, $head) = ($t->get($path), $t->head($path));
    is $head->status, 200, 'status 200';
    is $head->body, '', 'no body';
    is $head->header($_), $get->header($_), $_ for qw(ETag Content-Type Content-Length Cache-Control Vary);
};

subtest 'what the client has is not sent again' => sub {
    for my $tag ('"v1"', 'W/"v1"', '"v7", "v1"', '*') {
        my $answer = $t->get($path, if_none_match => $tag);
        is $answer->status, 304, "If-None-Match: $tag";
        is $answer->etag, '"v1"', 'ETag';
        is $answer->header('Cache-Control'), 'private, no-cache', 'Cache-Control';
        is $answer->header('Vary'), 'Authorization, Accept-Encoding, Accept, Origin', 'Vary';
    }
    is $t->get($path, if_none_match => '"v2"')->status, 200, 'another tag is no match';
};

subtest 'If-Match on a read is honoured' => sub {
    is $t->get($path, if_match => '"v1"')->status, 200, 'the tag it has';
    my $answer = $t->get($path, if_match => '"v2"');
    is $answer->status, 412, 'another tag';
    is $answer->code, 'CONFLICT', 'code';
};

subtest 'without a valid token there is nothing to see' => sub {
    my %bad = (
        'no token'        => undef,
        'no JWT'          => 'abc',
        'another key'     => $t->token('analyst', key => 'x' x 32),
        'expired'         => $t->token({sub => $t->user_id('analyst'), exp => time - 3600}),
        'without exp'     => $t->token({sub => $t->user_id('analyst'), exp => undef}),
        'without sub'     => $t->token({}),
        'not yet valid'   => $t->token({sub => $t->user_id('analyst'), nbf => time + 3600}),
        'alg none'        => $t->token('analyst', header => {alg => 'none'}, signature => ''),
        'another alg'     => $t->token('analyst', header => {alg => 'HS512'}),
        'critical header' => $t->token('analyst', header => {crit => ['exp']}),
        'unknown user'    => $t->token({sub => $unknown}),
        'disabled user'   => $t->token('disabled'),
    );
    for my $why (sort keys %bad) {
        my $answer = $t->get($path, token => $bad{$why});
        is $answer->status, 401, "$why: 401";
        is $answer->code, 'UNAUTHENTICATED', 'code';
        like $answer->header('WWW-Authenticate'), qr/^Bearer\b/, 'WWW-Authenticate';
    }
    is $t->get("$path?access_token=" . $t->token('analyst'), token => undef)->status, 401,
        'a token in the URL is not looked at';
};

subtest 'what one may not see is word for word what does not exist' => sub {
    my $strip = sub ($answer) { $answer->body =~ s/"(?:correlation_id|timestamp)":"[^"]*"//gr };
    my $missing = $t->get("/api/v1/dashboards/$unknown");
    is $missing->status, 404, 'unknown: 404';
    is $missing->code, 'NOT_FOUND', 'code';
    for my $case ([$elsewhere, 'analyst', 'of another organisation'], [$private, 'viewer', 'private to somebody'],
        [$operations, 'neighbour', 'of another workspace']) {
        my ($id, $who, $what) = @$case;
        my $answer = $t->get("/api/v1/dashboards/$id", as => $who);
        is $answer->status, 404, "$what: 404";
        is $strip->($answer), $strip->($missing), 'the same words';
    }
    is $t->get("/api/v1/dashboards/$private")->status, 200, 'the owner sees it';
};

subtest 'a malformed id is named' => sub {
    for my $id ('x', '123', "$operations-1", substr($operations, 1), '%27%3B--') {
        my $answer = $t->get("/api/v1/dashboards/$id");
        is $answer->status, 400, "$id: 400";
        is $answer->code, 'VALIDATION_ERROR', 'code';
        is $answer->error->{details}{field}, 'id', 'field';
    }
};

subtest 'a parameter that is not declared is named' => sub {
    my $answer = $t->get("$path?nonsense=1");
    is $answer->status, 400, 'status 400';
    is $answer->error->{details}{field}, 'nonsense', 'field';
};

subtest 'a method the path does not have is 405 with Allow' => sub {
    my $answer = $t->post($path, {});
    is $answer->status, 405, 'status 405';
    is $answer->code, 'METHOD_NOT_ALLOWED', 'code';
    like $answer->header('Allow'), qr/\bGET\b.*\bHEAD\b.*\bDELETE\b/, 'Allow';
};

subtest 'what the client cannot take is 406' => sub {
    is $t->get($path, accept => 'text/html')->code, 'NOT_ACCEPTABLE', 'text/html';
    is $t->get($path, accept => $_)->status, 200, $_
        for 'application/json', '*/*', 'application/*;q=0.5', 'text/html, application/json;q=0.1';
};

subtest 'the correlation id is taken over when it is well-formed' => sub {
    is $t->get($path, headers => {'X-Correlation-ID' => 'abc.DEF_1-2'})->header('X-Correlation-ID'),
        'abc.DEF_1-2', 'X-Correlation-ID';
    is $t->get($path, headers => {'X-Request-ID' => 'r-1'})->header('X-Correlation-ID'), 'r-1', 'X-Request-ID';
    like $t->get($path, headers => {'X-Correlation-ID' => $_})->header('X-Correlation-ID'),
        qr/^req_[0-9A-Z]{26}$/, 'else made'
        for 'a b', '<script>', 'x' x 129;
    isnt $t->get($path)->header('X-Correlation-ID'), $t->get($path)->header('X-Correlation-ID'), 'each another';
};

subtest 'a hundred at once are all answered' => sub {
    my @answers = $t->parallel(map { [GET => $path] } 1 .. 100);
    is scalar(grep { $_->status == 200 } @answers), 100, '100 times 200';
    cmp_ok scalar($t->backends), '<=', 8, 'over no more connections than the pools have';
};

done_testing;
