# A forgotten password: the mail in the outbox, the token that is good once, the sessions that end; and
# five attempts in a quarter of an hour.

use lib 't/lib', 't/http/lib';
use Dashboard::Test;
use Http::Fixture qw(audit id refused same_answer words);
use Http::Login qw(login login_server password read_status);

my $t = login_server(workers => 2)->start;

sub forgot ($address, %option) {
    return ($option{server} // $t)->post('/api/v1/auth/forgot-password', {email => $address}, token => undef);
}

sub reset_password ($token, $password) {
    return $t->post('/api/v1/auth/reset-password', {token => $token, password => $password}, token => undef);
}

# The token of the newest mail.
sub mailed ($server = $t) {
    return $server->sql(q{select payload ->> 'token' from dashboard.outbox order by id desc limit 1});
}

subtest 'asking for a mail is answered alike for everybody' => sub {
    my $known = forgot('analyst@demo.example');
    is $known->status, 202, 'accepted';
    is $known->header('Cache-Control'), 'no-store', 'no-store';
    my %other = map { $_ => forgot($_) } 'unknown@demo.example', 'disabled@demo.example', 'not an address';
    same_answer($other{$_}, $known, $_) for sort keys %other;
    my @mails = $t->rows('select * from dashboard.outbox');
    is scalar(@mails), 1, 'one mail is written';
    is "$mails[0]{kind} $mails[0]{recipient}", 'password_reset analyst@demo.example', 'to the one that is known';
    my ($row) = audit($t, 'correlation_id = ?', $known->header('X-Correlation-ID'));
    is "$row->{action} $row->{outcome}", 'forgot_password success', 'on record';
    unlike join(' ', map { $_ // '' } values %$row), qr/\Q${\ mailed() }\E/, 'without the token';
};

subtest 'the token sets a password, once, and ends all sessions' => sub {
    my @sessions = map { login($t, 'analyst')->data } 1 .. 2;
    forgot('analyst@demo.example');
    my $token = mailed();
    refused(reset_password($token, 'x' x $_), 400, 'VALIDATION_ERROR', "a password of $_ characters", '/password') for 7, 1025;
    my $answer = reset_password($token, 'a password of mine');
    is $answer->status, 204, 'set';
    is read_status($t, $_->{access_token}), 401, 'a session has ended' for @sessions;
    refused($t->post('/api/v1/auth/refresh', {refresh_token => $_->{refresh_token}}, token => undef), 401, 'UNAUTHENTICATED', 'its refresh token, too') for @sessions;
    refused(login($t, 'analyst'), 401, 'UNAUTHENTICATED', 'the old password is none');
    is login($t, 'analyst', password => 'a password of mine')->status, 200, 'the new one is';
    my $again = reset_password($token, 'another password');
    refused($again, 400, 'VALIDATION_ERROR', 'a second time', '/token');
    is words(reset_password('A' x 43, 'another password')), words($again), 'is as one that never was';
    my ($row) = audit($t, 'correlation_id = ?', $answer->header('X-Correlation-ID'));
    is "$row->{action} $row->{outcome} $row->{actor_id}", 'reset_password success ' . $t->user_id('analyst'), 'on record';
};

subtest 'of many resets at once with one token one wins' => sub {
    forgot('viewer@demo.example');
    my $token   = mailed();
    my @answers = $t->parallel(map { [POST => '/api/v1/auth/reset-password', json => {token => $token, password => "password $_"}, token => undef] } 1 .. 8);
    is scalar(grep { $_->status == 204 } @answers), 1, 'one';
    is scalar(grep { $_->status == 400 } @answers), 7, 'the others come late';
    my ($winner) = grep { $answers[$_]->status == 204 } 0 .. 7;
    is login($t, 'viewer', password => 'password ' . ($winner + 1))->status, 200, 'and it is that password';
};

subtest 'after half an hour it is too late' => sub {
    forgot('viewer@demo.example');
    $t->sql(q{update dashboard.password_reset set expires_at = expires_at - interval '30 minutes'});
    refused(reset_password(mailed(), 'too late, too late'), 400, 'VALIDATION_ERROR', 'refused', '/token');
};

subtest 'a development server shows the mail' => sub {
    my $debug = login_server(http => 'dashboard_debug on;')->start;
    my $mails = forgot('viewer@demo.example', server => $debug)->data->{debug};
    is_deeply $mails, [{organisation_id => id('demo'), recipient => 'viewer@demo.example', token => mailed($debug)}], 'whom to, and the token';
    is_deeply forgot('unknown@demo.example', server => $debug)->data->{debug}, [], 'or that there is none';
    ok !exists forgot('viewer@demo.example')->data->{debug}, 'no other server does';
};

subtest 'five attempts in fifteen minutes for an address, over all workers' => sub {
    my $limited = login_server(
        workers => 2,
        http    => 'dashboard_zone quotas:64k; map $dashboard_limit_class $who { default ""; auth $binary_remote_addr; }'
            . 'dashboard_quota auth 5/15m $who;',
    )->start;
    my @login   = (POST => '/api/v1/auth/login', token => undef);
    my @answers = $limited->parallel(map { [@login, json => {email => "u$_\@demo.example", password => 'wrong'}] } 1 .. 20);
    is scalar(grep { $_->status == 401 } @answers), 5, 'five are tried';
    my @late = grep { $_->status == 429 } @answers;
    is scalar(@late), 15, 'no more';
    refused($late[0], 429, 'RATE_LIMITED', 'in the envelope');
    cmp_ok $late[0]->header('Retry-After'), '>', 800, 'come back in a quarter of an hour';
    cmp_ok $late[0]->header('Retry-After'), '<=', 900, '... and not later';
    is login($limited, 'analyst')->status, 429, 'the right password comes too late as well';
    is forgot('analyst@demo.example', server => $limited)->status, 429, 'and so does forgetting it';
    is $limited->post('/api/v1/auth/reset-password', {token => 'x', password => 'x' x 8}, token => undef)->status, 429, 'and resetting it';
    is $limited->post('/api/v1/auth/login', {email => 'a@b', password => 'x'}, token => undef, headers => {'X-Forwarded-For' => '10.9.8.7'})->status,
        429, 'whoever the client says it is';
    is $limited->get('/api/v1/dashboards', as => 'analyst')->status, 200, 'who is logged in works on';
    is $limited->post('/api/v1/auth/refresh', {refresh_token => 'x'}, token => undef)->status, 401, 'and may refresh';
};

done_testing;
