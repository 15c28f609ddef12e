# Refresh tokens rotate, and one that comes twice ends its session; logout and administrators end sessions
# on every worker at once.

use lib 't/lib', 't/http/lib';
use Dashboard::Test;
use Http::Fixture qw(audit id refused same_answer);
use Http::Login qw(claims login login_server read_status);

my $t = login_server(workers => 2)->start;

sub refresh ($token) {
    return $t->post('/api/v1/auth/refresh', {refresh_token => $token}, token => undef);
}

sub sessions_of ($who, %option) {
    return '/api/v1/users/' . $t->user_id($who) . '/sessions';
}

# How many of forty reads at once, over both workers, a token opens.
sub good_reads ($token) {
    my @answers = $t->parallel(map { [GET => '/api/v1/dashboards', token => $token] } 1 .. 40);
    return scalar grep { $_->status == 200 } @answers;
}

subtest 'a refresh token gives the next ones' => sub {
    my $first  = login($t, 'analyst')->data;
    my $answer = refresh($first->{refresh_token});
    is $answer->status, 200, 'refreshed';
    is $answer->header('Cache-Control'), 'no-store', 'no-store';
    my $second = $answer->data;
    isnt $second->{$_}, $first->{$_}, "another $_" for qw(access_token refresh_token);
    is claims($second->{access_token})->{sid}, claims($first->{access_token})->{sid}, 'of the same session';
    is read_status($t, $_->{access_token}), 200, 'both access tokens are good' for $first, $second;
    is refresh($second->{refresh_token})->status, 200, 'and so on';
};

subtest 'a refresh token that comes again ends its session at once, on every worker' => sub {
    my $other  = login($t, 'analyst')->data;
    my $first  = login($t, 'analyst')->data;
    my $second = refresh($first->{refresh_token})->data;
    is good_reads($second->{access_token}), 40, 'so far it is good';
    my $reuse = refresh($first->{refresh_token});
    refused($reuse, 401, 'UNAUTHENTICATED', 'the used one');
    is good_reads($second->{access_token}), 0, 'the newest access token is good nowhere';
    same_answer(refresh($second->{refresh_token}), $reuse, 'nor is the newest refresh token');
    is read_status($t, $other->{access_token}), 200, 'the user\'s other session goes on';
    my @rows = audit($t, q{action = 'refresh' and outcome = 'denied' and resource_id = ?}, claims($first->{access_token})->{sid});
    is scalar(@rows), 1, 'on record once';
    is $rows[0]{actor_id}, undef, 'by nobody knows whom';
    is $rows[0]{correlation_id}, $reuse->header('X-Correlation-ID'), 'with the request';
};

subtest 'of many refreshes at once with one token one wins, and the session ends all the same' => sub {
    for my $round (1 .. 3) {
        my $token   = login($t, 'analyst')->data->{refresh_token};
        my @answers = $t->parallel(map { [POST => '/api/v1/auth/refresh', json => {refresh_token => $token}, token => undef] } 1 .. 12);
        my @won     = grep { $_->status == 200 } @answers;
        is scalar(@won), 1, 'one';
        is scalar(grep { $_->status == 401 } @answers), 11, 'the others are reuse';
        is read_status($t, $won[0]->data->{access_token}), 401, 'what it won is worth nothing';
        refused(refresh($won[0]->data->{refresh_token}), 401, 'UNAUTHENTICATED', 'nor is its next one');
    }
};

subtest 'what is no refresh token is refused alike' => sub {
    my $access = login($t, 'analyst')->data->{access_token};
    my $wrong  = refresh('x');
    refused($wrong, 401, 'UNAUTHENTICATED', 'x');
    same_answer(refresh(substr $access, 0, 200), $wrong, 'a part of an access token');
    same_answer(refresh('A' x 43), $wrong, 'one of the right length');
    refused($t->post('/api/v1/auth/refresh', $_, token => undef), 400, 'VALIDATION_ERROR', 'not said', '/refresh_token') for {}, {refresh_token => undef};
};

subtest 'a disabled user\'s session stands still' => sub {
    my $data = login($t, 'neighbour')->data;
    $t->sql('update dashboard.user_account set disabled_at = now() where id = ?', $t->user_id('neighbour'));
    is good_reads($data->{access_token}), 0, 'no access';
    refused(refresh($data->{refresh_token}), 401, 'UNAUTHENTICATED', 'no refresh');
};

subtest 'logout ends the session at once, on every worker' => sub {
    my $data  = login($t, 'analyst')->data;
    my $other = login($t, 'analyst')->data;
    is good_reads($data->{access_token}), 40, 'before';
    my $answer = $t->post('/api/v1/auth/logout', undef, token => $data->{access_token});
    is $answer->status, 204, 'logged out';
    is $answer->header('Cache-Control'), 'no-store', 'no-store';
    is good_reads($data->{access_token}), 0, 'after';
    refused(refresh($data->{refresh_token}), 401, 'UNAUTHENTICATED', 'its refresh token');
    is read_status($t, $other->{access_token}), 200, 'another session goes on';
    refused($t->post('/api/v1/auth/logout', undef, token => $data->{access_token}), 401, 'UNAUTHENTICATED', 'again');
    my ($row) = audit($t, 'correlation_id = ?', $answer->header('X-Correlation-ID'));
    is "$row->{action} $row->{outcome} $row->{actor_id}", 'logout success ' . $t->user_id('analyst'), 'on record';

    is $t->post('/api/v1/auth/logout', {refresh_token => $other->{refresh_token}}, as => 'viewer')->status, 204, 'somebody else\'s refresh token';
    is read_status($t, $other->{access_token}), 200, 'ends nothing';
    is $t->post('/api/v1/auth/logout', {refresh_token => $other->{refresh_token}}, as => 'analyst')->status, 204, 'one\'s own, with another token';
    is read_status($t, $other->{access_token}), 401, 'ends its session';
};

subtest 'users see their sessions, and administrators those of their users' => sub {
    my @data = map { login($t, 'viewer')->data } 1 .. 3;
    my $mine = $t->get(sessions_of('viewer'), token => $data[1]{access_token});
    is $mine->status, 200, 'one\'s own';
    is $mine->header('Cache-Control'), 'no-store', 'no-store';
    is join(' ', map { $_->{current} ? 1 : 0 } @{ $mine->data }), '0 1 0', 'the current one is marked';
    is_deeply [map { $_->{id} } @{ $mine->data }], [map { claims($_->{access_token})->{sid} } reverse @data], 'the newest first';
    my $page = $t->get(sessions_of('viewer') . '?limit=2', as => 'admin');
    is scalar(@{ $page->data }), 2, 'a page, for an admin';
    is scalar(@{ $t->get(sessions_of('viewer'), as => 'admin', query => {limit => 2, cursor => $page->json->{page}{next}})->data }), 1, 'and the last';
    refused($t->get(sessions_of('viewer') . '?cursor=x', as => 'viewer'), 400, 'VALIDATION_ERROR', 'no cursor', 'cursor');
};

subtest 'an administrator\'s word counts on every worker at once, under load' => sub {
    my $data = login($t, 'viewer')->data;
    my ($revoked, %status);
    $t->under_load(
        sub {
            is good_reads($data->{access_token}), 40, 'before';
            $revoked = $t->delete(sessions_of('viewer'), as => 'admin');
            is good_reads($data->{access_token}), 0, 'after: not one read of forty';
        },
        request => [GET => '/api/v1/dashboards', as => 'analyst'], clients => 4
    );
    is $revoked->status, 204, 'revoked';
    refused(refresh($data->{refresh_token}), 401, 'UNAUTHENTICATED', 'its refresh token');
    is scalar(@{ $t->get(sessions_of('viewer'), as => 'viewer')->data }), 0, 'none is left';
    my ($row) = audit($t, 'correlation_id = ?', $revoked->header('X-Correlation-ID'));
    is "$row->{action} $row->{outcome} $row->{actor_id} $row->{resource_id}",
        join(' ', 'revoke_sessions success', map { $t->user_id($_) } qw(admin viewer)), 'on record';
    is read_status($t, login($t, 'viewer')->data->{access_token}), 200, 'the user may log in again';
};

subtest 'nobody else may, and what cannot be seen does not exist' => sub {
    my $token = login($t, 'viewer')->data->{access_token};
    for my $method (qw(GET DELETE)) {
        refused($t->request($method, sessions_of('viewer'), as => $_), 403, 'FORBIDDEN', "$method by $_") for qw(analyst colleague);
        refused($t->request($method, sessions_of('neighbour'), as => 'admin'), 403, 'FORBIDDEN', "$method by another workspace's admin");
        my $foreign = $t->request($method, sessions_of('viewer'), as => 'outsider');
        refused($foreign, 404, 'NOT_FOUND', "$method by another organisation's admin");
        same_answer($foreign, $t->request($method, '/api/v1/users/' . id('unknown') . '/sessions', as => 'outsider'), 'as if there were none');
    }
    is read_status($t, $token), 200, 'and nothing ended';
    is $t->delete(sessions_of('viewer'), token => $token)->status, 204, 'but the user may';
    is read_status($t, $token), 401, 'which ends the session that asked, too';
    is $t->delete(sessions_of('viewer'), as => 'super')->status, 204, 'as may a super administrator of any workspace';
};

done_testing;
