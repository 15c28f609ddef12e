# Bearer tokens (RFC 6750, RFC 7519): which are good, which are not, and that one that is not touches
# nothing.

use lib 't/lib', 't/http/lib';
use Dashboard::Test;
use Dashboard::Util qw(write_file);
use Http::Fixture qw(id refused statements watch_statements);
use MIME::Base64 qw(encode_base64url);

my $sso = 'another secret, of the single sign-on';
my $t = Dashboard::Test->new(http => 'dashboard_jwt_key HS256 %%PREFIX%%/sso.key issuer=https://sso.example;');
write_file($t->prefix . '/sso.key', $sso);
watch_statements($t);
$t->start;

my $path = '/api/v1/dashboards/' . id('operations');
my $user = $t->user_id('analyst');
my $now  = time;

sub token (%claim) {
    my $key = delete $claim{key};
    return $t->token({sub => $user, %claim}, key => $key);
}

sub ask ($authorization) {
    return $t->get($path, token => undef, headers => {Authorization => $authorization});
}

subtest 'a token that is not valid is 401 before the database' => sub {
    my $good  = token();
    my ($head, $claims, $signature) = split /\./, $good;
    my %bad = (
        'alg none'                => $t->token({sub => $user}, header => {alg => 'none'}, signature => ''),
        'alg None'                => $t->token({sub => $user}, header => {alg => 'None'}, signature => ''),
        'alg none, but signed'    => $t->token({sub => $user}, header => {alg => 'none'}),
        'alg RS256'               => $t->token({sub => $user}, header => {alg => 'RS256'}),
        'alg HS384'               => $t->token({sub => $user}, header => {alg => 'HS384'}),
        'no alg'                  => $t->token({sub => $user}, header => {alg => undef}),
        'alg of another type'     => $t->token({sub => $user}, header => {alg => ['HS256']}),
        'a critical extension'    => $t->token({sub => $user}, header => {crit => ['exp']}),
        'a key in the token'      => $t->token({sub => $user}, header => {jwk => {kty => 'oct', k => 'eA'}}, key => 'x'),
        'a kid there is not'      => $t->token({sub => $user}, header => {kid => 'other'}),
        'a kid that is a path'    => $t->token({sub => $user}, header => {kid => '../../../../dev/null'}, key => ''),
        'a kid that is SQL'       => $t->token({sub => $user}, header => {kid => q{' union select 'x}}, key => 'x'),
        'another key'             => $t->token({sub => $user}, key => 'k' x 64),
        'an empty key'            => $t->token({sub => $user}, key => ''),
        'no signature'            => "$head.$claims.",
        'no signature at all'     => "$head.$claims",
        'a signature cut'         => substr($good, 0, -2),
        'a signature with more'   => "${good}AA",
        'a signature padded'      => "$good=",
        'other claims under it'   => join('.', $head, encode_base64url(qq({"sub":"$user","exp":9999999999,"admin":true})), $signature),
        'four parts'              => "$good.x",
        'line breaks in it'       => join('.', $head, $claims, substr($signature, 0, 5) . '%0a' . substr $signature, 5),
        'expired'                 => token(exp => $now - 60),
        'expired long ago'        => token(exp => 1),
        'expiring never'          => token(exp => undef),
        'exp of another type'     => token(exp => 'tomorrow'),
        'exp as a text'           => token(exp => ($now + 3600) . ''),
        'exp below zero'          => token(exp => -1),
        'exp with a fraction'     => token(exp => $now + 3600.5),
        'an issuer unasked for'   => token(iss => 'https://elsewhere.example'),
        'not valid yet'           => token(nbf => $now + 60),
        'nbf of another type'     => token(nbf => 'x'),
        'nobody'                  => token(sub => undef),
        'nobody, in words'        => token(sub => ''),
        'a number as a subject'   => token(sub => 102),
        'claims that are a list'  => $t->token({}, payload => '["sub"]'),
        'claims that are no JSON' => $t->token({}, payload => qq({"sub":"$user","exp":9999999999)),
        'claims given twice'      => $t->token({}, payload => qq({"sub":"x","sub":"$user","exp":9999999999})),
        'nothing'                 => '',
        'dots'                    => '..',
        'a long one'              => 'x' x 6000,
    );
    for my $why (sort keys %bad) {
        my $answer = ask("Bearer $bad{$why}");
        refused($answer, 401, 'UNAUTHENTICATED', $why);
        like $answer->header('WWW-Authenticate'), qr/^Bearer realm="dashboard"/, 'asks for a good one';
        ok !grep({ length $_ > 5 && index($answer->body . $answer->header('WWW-Authenticate'), $_) >= 0 } split /\./, $bad{$why}), 'and repeats nothing of it';
    }
    is scalar(statements($t)), 0, 'the database was not asked';
};

subtest 'another scheme, or none, is as no token' => sub {
    for my $header ('Basic dXNlcjpwYXNz', 'Digest x', 'Token ' . token(), token(), 'Bearer', 'Negotiate') {
        refused(ask($header), 401, 'UNAUTHENTICATED', substr $header, 0, 12);
    }
    my $basic = ask('Basic dXNlcjpwYXNz');
    is $basic->header('WWW-Authenticate'), 'Bearer realm="dashboard"', 'without an error, as nothing was tried';
    is scalar(statements($t)), 0, 'the database was not asked';
};

subtest 'a token is taken from the header only' => sub {
    my $token = token();
    refused($t->get("$path?access_token=$token"), 401, 'UNAUTHENTICATED', 'not from the URL');
    refused($t->get($path, headers => {Cookie => "access_token=$token", 'X-Access-Token' => $token}), 401, 'UNAUTHENTICATED', 'nor from a cookie');
    refused($t->request(POST => '/api/v1/dashboards', body => "access_token=$token", type => 'application/x-www-form-urlencoded'),
        401, 'UNAUTHENTICATED', 'nor from a form');
    refused($t->get("$path?access_token=$token", token => $token), 400, 'VALIDATION_ERROR', 'and beside a good one it is a mistake', 'access_token');
    ok !$t->nginx->grep_log(qr/\Q$token\E/), 'no token is in the log';
};

subtest 'a good one is good however it is written' => sub {
    is ask('Bearer ' . token())->status, 200, 'Bearer';
    is ask('bearer ' . token())->status, 200, 'the scheme\'s name has no case (RFC 9110, 11.1)';
    is ask('Bearer   ' . token())->status, 200, 'several spaces (RFC 7235, 2.1)';
    is ask('Bearer ' . token(iat => $now, jti => 'x', aud => 'other', roles => ['x'], nested => {a => [1]}))->status, 200, 'claims it does not know';
    is ask('Bearer ' . token(nbf => $now - 10))->status, 200, 'nbf that has passed';
    is ask('Bearer ' . $t->token({sub => $user}, header => {typ => 'at+jwt'}))->status, 200, 'another typ';
};

subtest 'who it names must be known, and not disabled' => sub {
    my %nobody = (
        'an unknown subject'       => token(sub => id('unknown')),
        'a disabled user'          => $t->token('disabled'),
        'another issuer\'s'        => token(iss => 'https://sso.example', key => $sso),
        'a subject that is SQL'    => token(sub => q{' or '1'='1}),
        'a subject that is no id'  => token(sub => 'analyst@demo.example'),
    );
    refused(ask("Bearer $nobody{$_}"), 401, 'UNAUTHENTICATED', $_) for sort keys %nobody;
};

subtest 'a user of another issuer is told by issuer and subject' => sub {
    $t->sql(q{insert into dashboard.user_account (organisation_id, email, name, issuer, subject) values (?, 'sso@demo.example', 'S', 'https://sso.example', 'abc|"x"')}, id('demo'));
    $t->sql(q{insert into dashboard.membership (organisation_id, workspace_id, user_id, role)
        select organisation_id, ?, id, 'viewer' from dashboard.user_account where email = 'sso@demo.example'}, id('flights'));
    my %theirs = (iss => 'https://sso.example', sub => 'abc|"x"');
    is ask('Bearer ' . token(%theirs, key => $sso))->status, 200, 'both';
    is ask('Bearer ' . token(sub => 'abc|"x"'))->status, 401, 'not the subject alone';
    is ask('Bearer ' . token(iss => 'https://sso.example', key => $sso))->status, 401, 'nor the issuer with another';
    is ask('Bearer ' . token(%theirs))->status, 401, 'nor in a token of our own key';
    is ask('Bearer ' . token(key => $sso))->status, 401, 'and their key makes none of our users\' tokens';
};

done_testing;
