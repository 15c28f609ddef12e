# POST /auth/login: what a login gives, that every refusal is the same, which tokens count as our own,
# and that no secret is written down anywhere.

use lib 't/lib', 't/http/lib';
use Dashboard::Test;
use Dashboard::Util qw(lines_of write_file);
use Http::Fixture qw(audit id refused same_answer);
use Http::Login qw(claims login login_server password read_status);

my $t    = login_server(workers => 2)->start;
my $user = $t->user_id('analyst');

subtest 'a login gives an access token and a refresh token' => sub {
    my $answer = login($t, 'analyst');
    is $answer->status, 200, 'logged in';
    is $answer->header('Cache-Control'), 'no-store', 'nobody keeps them (RFC 6749, 5.1)';
    my $data = $answer->data;
    is_deeply [sort keys %$data], [qw(access_token expires_in refresh_token token_type)], 'these four';
    is $data->{token_type}, 'Bearer', 'a bearer token';
    is $data->{expires_in}, 900, 'of fifteen minutes';
    is read_status($t, $data->{access_token}), 200, 'which is good';
    my $claims = claims($data->{access_token});
    is_deeply [sort keys %$claims], [qw(exp iat jti sid sub)], 'it says';
    is $claims->{sub}, $user, 'whose it is';
    is $claims->{exp} - $claims->{iat}, 900, 'how long';
    cmp_ok abs(time - $claims->{iat}), '<', 60, 'since when';
    isnt claims(login($t, 'analyst')->data->{access_token})->{$_}, $claims->{$_}, "another login has another $_" for qw(sid jti);
};

subtest 'who is refused is not told why' => sub {
    my $wrong = login($t, 'analyst', password => 'wrong');
    refused($wrong, 401, 'UNAUTHENTICATED', 'a wrong password');
    is $wrong->header('Cache-Control'), 'no-store', 'no-store';
    is_deeply $wrong->error->{details}, {}, 'no details';
    my %other = (
        'an unknown address'              => login($t, 'unknown'),
        'a disabled user'                 => login($t, 'disabled'),
        'a disabled user, wrong password' => login($t, 'disabled', password => 'wrong'),
        'another organisation\'s user'    => login($t, 'analyst', organisation => 'elsewhere'),
        'an organisation there is not'    => login($t, 'analyst', organisation => 'nowhere'),
        'what is no address'              => login($t, 'x', email => 'analyst'),
        'SQL for an address'              => login($t, 'x', email => q{' or '1'='1' --}),
    );
    same_answer($other{$_}, $wrong, $_) for sort keys %other;
    is login($t, 'analyst', organisation => $_)->status, 200, "but with $_ it is found" for 'demo', id('demo');
    is login($t, 'analyst', email => 'ANALYST@demo.example')->status, 200, 'whatever the case of its letters';
};

subtest 'a login that says too little, or too much, is told what' => sub {
    refused($t->post('/api/v1/auth/login', $_->[0], token => undef), 400, 'VALIDATION_ERROR', $_->[1], $_->[1])
        for [{email => 'a@b'}, '/password'], [{password => 'x'}, '/email'],
        [{email => 'a@b', password => 'x' x 1025}, '/password'], [{email => 'x' x 321, password => 'x'}, '/email'],
        [{email => 'a@b', password => 'x', remember => \1}, '/remember'], [{email => 'a@b', password => ''}, '/password'];
};

subtest 'only what the server signed itself is its own token' => sub {
    my $sid  = claims(login($t, 'analyst')->data->{access_token})->{sid};
    my $good = {sub => $user, sid => $sid};
    is read_status($t, $t->token($good, key => $t->{login_key}, header => {kid => 'login'})), 200, 'its key, with a session';
    is read_status($t, $t->token($good, key => $t->{login_key})), 200, 'named or not';
    my %bad = (
        'without a session'             => $t->token({sub => $user}, key => $t->{login_key}),
        'with a session of no text'     => $t->token({sub => $user, sid => 7}, key => $t->{login_key}),
        'with a session there is not'   => $t->token({sub => $user, sid => id('unknown')}, key => $t->{login_key}),
        'with another user\'s session'  => $t->token({sub => $t->user_id('viewer'), sid => $sid}, key => $t->{login_key}),
        'whose kid is the other key\'s' => $t->token($good, header => {kid => 'login'}),
        'of an issuer there is not'     => $t->token({%$good, iss => 'https://elsewhere.example'}),
    );
    is read_status($t, $bad{$_}), 401, $_ for sort keys %bad;
    is read_status($t, $t->token({sub => $user, sid => $_})), 200, 'in others\' tokens sid means nothing' for id('unknown'), 'x';
    $t->sql('update dashboard.session set ended_at = now(), ended_by = ? where id = ?', 'revoked', $sid);
    my $ended = $t->get('/api/v1/dashboards', token => $t->token($good, key => $t->{login_key}));
    refused($ended, 401, 'UNAUTHENTICATED', 'a session that has ended');
    like $ended->header('WWW-Authenticate'), qr/error="invalid_token"/, 'is told so (RFC 6750, 3.1)';
};

subtest 'access tokens last as long as the configuration says' => sub {
    my $short = login_server(access => '1s')->start;
    my $token = login($short, 'analyst')->data->{access_token};
    is claims($token)->{exp} - claims($token)->{iat}, 1, 'a second';
    # beyond it there are five seconds for clocks that differ
    ok wait_for(sub { read_status($short, $token) == 401 }, 15), 'and not for ever';
};

subtest 'logins and failed logins are on record, with the address and without the password' => sub {
    my $good = login($t, 'viewer');
    my ($row) = audit($t, 'correlation_id = ?', $good->header('X-Correlation-ID'));
    is "$row->{action} $row->{outcome} $row->{actor_id} $row->{address}", 'login success ' . $t->user_id('viewer') . ' 127.0.0.1', 'a login';
    my $bad = login($t, 'viewer', password => 'not the password');
    ($row) = audit($t, 'correlation_id = ?', $bad->header('X-Correlation-ID'));
    is "$row->{action} $row->{outcome} $row->{resource_id}", 'login failure ' . $t->user_id('viewer'), 'a failed one';
    is $row->{actor_id}, undef, 'by nobody';
    like $row->{details}, qr/"viewer\@demo\.example"/, 'with the address';
};

subtest 'a server without dashboard_login has no logins' => sub {
    my $without = Dashboard::Test->new->start;
    refused($without->post("/api/v1/auth/$_->[0]", $_->[1]), 404, 'NOT_FOUND', $_->[0])
        for [login => {email => 'a@b', password => 'x'}], [refresh => {refresh_token => 'x'}],
        ['forgot-password' => {email => 'a@b'}], ['reset-password' => {token => 'x', password => 'x' x 8}];
    is $without->post('/api/v1/auth/logout', undef, as => 'analyst')->status, 204, 'a logout has nothing to end';
};

subtest 'a directive that makes no sense is refused' => sub {
    write_file($t->prefix . '/short.key', 'x' x 31);
    my $file = $t->prefix . '/login.key';
    for my $case (
        ["$file access=0", qr/"access=0"/],       ["$file access=x", qr/"access=x"/],
        ["$file lifetime=1h", qr/"lifetime=1h"/], ["$file access=", qr/"access="/],
        ["$file access=2h refresh=1h", qr/longer than refresh/],
        ["$file.none", qr/No such file/], [$t->prefix . '/short.key', qr/at least 32/],
        ["$file; dashboard_login $file", qr/duplicate/], [$t->{key_file}, qr/a key of its own/])
    {
        my ($arguments, $words) = @$case;
        my ($accepted, $said) = $t->nginx->check_configuration(http => "dashboard_login $arguments;");
        ok !$accepted, "\"dashboard_login $arguments\" is refused" =~ s/\Q${\ $t->prefix}\E//gr;
        like $said, $words, 'and it says why';
        unlike $said, qr/\Q$t->{login_key}\E|$t->{key}/, 'without the key';
    }
};

subtest 'no secret is in any log' => sub {
    my $data = login($t, 'analyst')->data;
    is read_status($t, $data->{access_token}), 200, 'tokens are used';
    login($t, 'analyst', password => 'a wrong password');
    $t->post('/api/v1/auth/refresh', {refresh_token => $data->{refresh_token}}, token => undef);
    # What PostgreSQL logs of statements, and of one that fails.
    $t->sql(q{alter database } . $t->database . q{ set log_statement = 'all'});
    $t->sql(q{create or replace function api.reset_password(request jsonb, body jsonb) returns api.answer
              language plpgsql as $$ begin raise exception 'broken'; end $$});
    $t->nginx->reload;
    refused($t->post('/api/v1/auth/reset-password', {token => 'token of a mail', password => 'a new password'}, token => undef),
        500, 'INTERNAL_ERROR', 'something breaks');
    login($t, 'analyst');
    my %log = (
        'error.log'    => [$t->nginx->log_lines],
        'access.log'   => [$t->nginx->access_lines],
        'PostgreSQL\'s' => [grep {/\@\Q${\ $t->database}\E /} lines_of($t->postgres->{dir} . '/postgres.log')],
    );
    ok scalar(grep {/api\.login/} @{ $log{'PostgreSQL\'s'} }), 'the statement is logged';
    for my $name (sort keys %log) {
        ok scalar(@{ $log{$name} }), "$name has lines";
        for my $secret (password('analyst'), 'a wrong password', 'a new password', 'token of a mail',
            $data->{refresh_token}, $data->{access_token}, $t->{login_key}) {
            is scalar(grep { index($_, $secret) >= 0 } @{ $log{$name} }), 0, "$name: not " . substr $secret, 0, 8;
        }
    }
};

done_testing;
