#!/usr/bin/perl
# API keys: shown once, as good as their owner and no better, refused everywhere the moment they end.
use lib 't/lib', 't/http/lib';
use Dashboard::Test;
use Http::Fixture qw(id);

my $path = '/api/v1/dashboards/' . id('operations');
my $t    = Dashboard::Test->new(workers => 2, http => 'dashboard_zone keys:256k;')->start;

sub create ($body = {name => 'robot'}, %option) {
    return $t->post('/api/v1/api-keys', $body, as => 'analyst', %option);
}

sub with ($key, $where = $path, %option) {
    return $t->get($where, token => undef, headers => {'X-API-Key' => $key}, %option);
}

# The answers of enough requests that every worker has had one.
sub everywhere ($key) {
    return [map { $_->status } $t->parallel(map { [GET => $path, token => undef, headers => {'X-API-Key' => $key, Connection => 'close'}] } 1 .. 16)];
}

subtest 'a key is shown once and acts as its owner' => sub {
    my $made = create();
    is $made->status, 201, 'created';
    like $made->data->{key}, qr/^dk_[0-9a-f]{32}_[\w-]{43}$/, 'with its secret';
    like $made->header('Location'), qr{^/api/v1/api-keys/$made->{json}{data}{id}$}, 'Location' if $made->{json};
    is $made->header('Cache-Control'), 'no-store', 'and no copy is kept';
    is with($made->data->{key})->status, 200, 'as X-API-Key';
    is $t->get($path, token => undef, headers => {Authorization => 'ApiKey ' . $made->data->{key}})->status, 200,
        'as Authorization: ApiKey';

    my $shown = $t->get('/api/v1/api-keys/' . $made->data->{id}, as => 'analyst');
    is $shown->status, 200, 'its owner may look at it';
    ok !exists $shown->data->{key}, 'without the secret';
    my ($secret) = $made->data->{key} =~ /_([\w-]{43})$/;
    is $t->sql(q{select count(*) from dashboard.api_key k where to_jsonb(k)::text like '%' || ? || '%'}, $secret), 0,
        'which the database does not have either';
    is $t->sql(q{select count(*) from dashboard.audit a where to_jsonb(a)::text like '%' || ? || '%'}, $secret), 0,
        '... nor the audit trail';
    ok !(grep { index($_, $secret) >= 0 } $t->nginx->log_lines), '... nor the log';
};

subtest 'what is no key is 401, and the database is not asked about nonsense' => sub {
    my $good  = create()->data->{key};
    my $calls = sub { $t->sql(q{select count(*) from dashboard.audit where action = 'authenticate'}) };
    my $before = $calls->();
    for my $bad ('', 'dk_', 'x' x 79, uc $good, $good . 'x', substr($good, 0, -1), $good =~ s/^dk_/dk-/r,
        $good =~ s/.$/=/r, "dk_' or 1=1 --" . 'x' x 64)
    {
        my $answer = with($bad);
        is $answer->status, 401, "\"$bad\"";
        like $answer->header('WWW-Authenticate'), qr/^Bearer /, 'WWW-Authenticate';
    }
    is $calls->(), $before, 'none of them reached the database';

    my $other = $good =~ s/_[\w-]{43}$/'_' . 'A' x 43/er;
    is with($other)->status, 401, 'a real id with a wrong secret';
    is with($good =~ s/^dk_[0-9a-f]{32}/'dk_' . '0' x 32/er)->status, 401, 'an unknown id';
    is $calls->(), $before + 2, 'these two are on record';
    is $t->get($path, as => 'analyst', headers => {'X-API-Key' => $good})->status, 401, 'two credentials are one too many';
};

subtest 'a deleted key is refused on every worker at once' => sub {
    my $made = create();
    my $key  = $made->data->{key};
    is_deeply everywhere($key), [(200) x 16], 'known everywhere';
    is $t->delete('/api/v1/api-keys/' . $made->data->{id}, as => 'analyst')->status, 204, 'deleted';
    is_deeply everywhere($key), [(401) x 16], 'refused everywhere';
    is $t->delete('/api/v1/api-keys/' . $made->data->{id}, as => 'analyst')->status, 404, 'there is no second time';
    ok $t->get('/api/v1/api-keys/' . $made->data->{id}, as => 'analyst')->data->{revoked_at}, 'it stays on record';
};

subtest 'a key ends with its owner, and at its time' => sub {
    my $key = create({name => 'robot'}, as => 'colleague')->data->{key};
    is with($key)->status, 200, 'good';
    $t->sql(q{update dashboard.user_account set disabled_at = now() where email = 'colleague@demo.example'});
    is_deeply everywhere($key), [(401) x 16], 'refused when its owner is disabled';
    $t->sql(q{update dashboard.user_account set disabled_at = null where email = 'colleague@demo.example'});

    my $made = create({name => 'short', expires_at => '2999-01-01T00:00:00Z'});
    is with($made->data->{key})->status, 200, 'good until it expires';
    $t->sql('update dashboard.api_key set expires_at = now() where id = ?', $made->data->{id});
    is_deeply everywhere($made->data->{key}), [(401) x 16], 'refused when it has';
};

subtest 'rotation: a new secret, the old one for as long as was asked' => sub {
    my $made = create();
    my $old  = $made->data->{key};
    my $url  = '/api/v1/api-keys/' . $made->data->{id};
    is with($old)->status, 200, 'the first secret';

    my $second = $t->put("$url/rotate", {overlap_seconds => 3600}, as => 'analyst')->data->{key};
    isnt $second, $old, 'another secret';
    is with($_)->status, 200, 'both are good for a while' for $old, $second;

    my $third = $t->request(PUT => "$url/rotate", as => 'analyst')->data->{key};
    is_deeply [map { with($_)->status } $old, $second, $third], [401, 401, 200], 'without overlap only the newest';
    is $t->put("$url/rotate", {}, as => 'admin')->status, 403, 'an admin cannot come by a secret of somebody else';
    is $t->delete($url, as => 'admin')->status, 204, 'but may end the key';
};

subtest 'a key may be for some operations only' => sub {
    my $key = create({name => 'reader', allowed_operations => ['get_dashboard', 'get_widget_data']})->data->{key};
    is with($key)->status, 200, 'one of them';
    my $answer = with($key, '/api/v1/dashboards');
    is $answer->status, 403, 'another one';
    is $answer->code, 'FORBIDDEN', 'in the envelope';
    is with($key)->status, 200, 'it is still good for the first';
    is $t->sql(q{select count(*) from dashboard.audit where outcome = 'denied' and resource_type = 'api_key'
                 and operation = 'list_dashboards'}), 1, 'the denial is on record';
    is create({name => 'x', allowed_operations => ['get_dashboard', 'drop_table']})->error->{details}{field},
        '/allowed_operations/1', 'an operation that does not exist is refused by name';
    is $t->post('/api/v1/api-keys', {name => 'child'}, token => undef,
        headers => {'X-API-Key' => create()->data->{key}})->status, 403, 'a key makes no keys';
};

subtest 'a key has limits of its own, exact over all workers' => sub {
    my $key = create({name => 'slow', limits => {minute => 5, day => 100}})->data->{key};
    my $first = with($key);
    is $first->header('RateLimit-Policy'), '"key-minute";q=5;w=60, "key-day";q=100;w=86400', 'said in every answer';
    my @answers = $t->parallel(map { [GET => $path, token => undef, headers => {'X-API-Key' => $key}] } 1 .. 20);
    is scalar(grep { $_->status == 200 } @answers), 4, 'five in all';
    my ($refused) = grep { $_->status == 429 } @answers;
    is $refused->code, 'RATE_LIMITED', 'then RATE_LIMITED';
    cmp_ok $refused->header('Retry-After'), '<=', 60, 'with Retry-After';
    is with(create()->data->{key})->status, 200, 'another key is not concerned';
};

subtest 'who may see and end keys' => sub {
    my $made = create();
    my $url  = '/api/v1/api-keys/' . $made->data->{id};
    my $mine = $t->get('/api/v1/api-keys?limit=2', as => 'analyst');
    is scalar @{ $mine->data }, 2, 'a page of one\'s own';
    my $next = $t->get('/api/v1/api-keys', as => 'analyst', query => {limit => 2, cursor => $mine->json->{page}{next}});
    is $next->status, 200, 'and the next';
    isnt $next->data->[0]{id}, $mine->data->[1]{id}, '... goes on';
    is $t->get('/api/v1/api-keys?user_id=' . $t->user_id('analyst'), as => 'admin')->status, 200, 'an admin sees them';
    is $t->get('/api/v1/api-keys?user_id=' . $t->user_id('analyst'), as => 'viewer')->status, 403, 'others do not';
    is $t->get($url, as => 'viewer')->status, 404, 'nor a single one';
    is $t->get($url, as => 'outsider')->status, 404, 'least of all another organisation';
    is $t->delete($url, as => 'outsider')->status, 404, 'which cannot end it either';
    is $t->put("$url/rotate", {}, as => 'viewer')->status, 404, 'nor rotate it';
    is $t->get('/api/v1/api-keys?cursor=abc', as => 'analyst')->error->{details}{field}, 'cursor', 'a broken cursor is named';
    is create({name => ''})->error->{details}{field}, '/name', 'a missing name is named';
    is create({name => 'x', expires_at => '2001-01-01T00:00:00Z'})->error->{details}{field}, '/expires_at',
        'a key that has ended already is not made';
};

subtest 'without a zone there are no API keys' => sub {
    my $key   = create()->data->{key};
    my $plain = Dashboard::Test->new->start;
    is $plain->get($path, headers => {'X-API-Key' => $key})->status, 401, 'refused';
};

done_testing;
