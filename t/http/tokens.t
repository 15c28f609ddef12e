# Tokens by every algorithm, with several keys of several issuers: which key counts for which token, how
# keys are changed, and that no token is remembered for longer than it is good.

use lib 't/lib', 't/http/lib';
use Dashboard::Test;
use Dashboard::Util qw(write_file);
use Http::Fixture qw(id refused);
use Http::Keys qw(keys_of pem set_of);

my $key = keys_of();
my $t   = Dashboard::Test->new(workers => 2, http => <<'CONF');
    dashboard_jwt_key RS256 %%PREFIX%%/rsa.pem kid=rsa audience=dash;
    dashboard_jwt_key ES256 %%PREFIX%%/ec.pem  kid=ec;
    dashboard_jwt_key EdDSA %%PREFIX%%/ed.pem  kid=ed;
    dashboard_jwks %%PREFIX%%/idp.json issuer=https://idp.example audience=dash;
    dashboard_jwks %%PREFIX%%/idp.json issuer=https://idp.example audience=reports;
    dashboard_jwt_key ES256 %%PREFIX%%/other.pem issuer=https://other.example;
CONF
write_file($t->prefix . "/$_.pem", pem($key->{$_})) for qw(rsa ec ed);
write_file($t->prefix . '/other.pem', pem($key->{other_ec}));
write_file($t->prefix . '/idp.json', set_of(rsa => $key->{idp_rsa}, ec => $key->{idp_ec}, ed => $key->{idp_ed}, oct => $key->{idp_oct}));
$t->start;

my $user = $t->user_id('analyst');
my $idp  = 'https://idp.example';
for my $issuer ($idp, 'https://other.example') {
    my $id = $t->sql(q{insert into dashboard.user_account (organisation_id, email, name, issuer, subject)
        values (?, ?, 'S', ?, 'sam') returning id}, id('demo'), $issuer =~ s{https://}{sam@}r, $issuer);
    $t->sql(q{insert into dashboard.membership (organisation_id, workspace_id, user_id, role) values (?, ?, ?, 'viewer')},
        id('demo'), id('flights'), $id);
}

my $path = '/api/v1/dashboards';

sub status_of ($token, %option) {
    return $t->get($option{path} // $path, token => $token)->status;
}

# A token of one of our own users, with what the key of that name asks for.
sub ours ($name, %claim) {
    return $t->token({sub => $user, aud => 'dash', %claim}, key => $key->{$name}, header => {kid => $name});
}

# A token of the provider's user sam; kid undef: none.
sub theirs ($name, $kid, %claim) {
    return $t->token({iss => $idp, sub => 'sam', aud => 'dash', %claim}, key => $key->{$name}, header => defined $kid ? {kid => $kid} : {});
}

sub invalid ($token, $why, $name) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $answer = $t->get($path, token => $token);
    refused($answer, 401, 'UNAUTHENTICATED', $name);
    like $answer->header('WWW-Authenticate'), qr/error="invalid_token", error_description="$why"/, 'and why';
    return;
}

subtest 'every algorithm is taken, from PEM and from a set' => sub {
    is status_of($t->token('analyst')), 200, 'HS256 from a file';
    is status_of(ours($_)), 200, "$_ in PEM" for qw(rsa ec ed);
    is status_of(theirs("idp_$_", $_)), 200, "$_ in a set" for qw(rsa ec ed oct);
    is status_of(theirs("idp_$_", $_)), 200, "$_ again" for qw(rsa ec ed oct);
};

subtest 'a kid selects the key, and none tries all of the algorithm' => sub {
    is status_of(theirs("idp_$_", undef)), 200, "$_ without kid" for qw(rsa ec ed oct);
    is status_of(theirs('idp_rsa', 'rsa')), 200, 'a kid that another issuer has, too';
    my $none = q{there is no key for the token's algorithm and kid};
    invalid(theirs('idp_rsa', $_), $none, "the kid $_") for 'ec', 'other', 'RSA', '';
    invalid(theirs('idp_ec', 'other'), $none, 'a name that no key has');
    invalid(theirs('other_ed', 'ed'), q{the token's signature is wrong}, 'a name, and another key');
};

subtest 'a key speaks for its own issuer\'s users only' => sub {
    my $other = q{the token's issuer is not its key's};
    my $none  = 'the token has an issuer, but its key has none';
    is status_of($t->token({iss => 'https://other.example', sub => 'sam'}, key => $key->{other_ec})), 200, 'its own';
    invalid(theirs('idp_rsa', 'rsa', iss => 'https://other.example'), $other, 'another\'s');
    invalid(theirs('idp_rsa', 'rsa', iss => "$idp/"), $other, 'another spelling');
    invalid(theirs('idp_rsa', 'rsa', iss => undef, sub => $user), $other, 'ours');
    invalid(theirs('idp_oct', 'oct', iss => '', sub => $user), $other, 'ours, said with an empty iss');
    invalid($t->token({iss => $idp, sub => 'sam', aud => 'dash'}, key => $key->{other_ec}), $other, 'the other key of the algorithm');
    invalid(ours('ec', iss => $idp, sub => 'sam'), $none, 'and our own key for nobody else\'s');
    invalid(ours('ed', iss => ''), $none, 'however it is said');
    is status_of($t->token({iss => 'https://other.example', sub => $user}, key => $key->{other_ec})), 401, 'the id of our user is a stranger there';
    is status_of(ours('ec', sub => 'sam')), 401, 'and their name is one here';
};

subtest 'aud names us' => sub {
    my $other = 'the token is for another audience';
    is status_of(theirs('idp_rsa', 'rsa', aud => ['x', 'dash'])), 200, 'among others';
    is status_of(theirs('idp_rsa', 'rsa', aud => 'reports')), 200, 'by any name the key is given with';
    is status_of(ours('ed', aud => 'whoever')), 200, 'a key without audience takes any';
    invalid(theirs('idp_rsa', 'rsa', aud => $_->[0]), $other, $_->[1])
        for [undef, 'no aud'], ['Dash', 'other letters'], [[], 'nobody'], [['das', 'dashboard'], 'names that are like it'];
    invalid(theirs('idp_rsa', 'rsa', aud => $_), q{the token's aud is not a string or a list of strings}, 'an aud of another type')
        for 7, {dash => 1}, ['dash', 1], \1;
};

subtest 'times count up to the leeway, which each location sets for itself' => sub {
    my $server = Dashboard::Test->new(locations => <<'CONF')->start;
        location /api/v1/ { dashboard_api; dashboard_jwt_leeway 5m; }
        location /api/    { dashboard_api; }
CONF
    my $status = sub ($base, %claim) { $server->get("$base/dashboards", token => $server->token({sub => $user, %claim}))->status };
    my $now    = time;
    for my $case (['expired', exp => $now - 60], ['not valid yet', nbf => $now + 60], ['issued in the future', iat => $now + 60]) {
        my ($what, @claim) = @$case;
        is $status->('/api/v1', @claim), 200, "$what, within five minutes";
        is $status->('/api', @claim), 401, 'and beyond five seconds, also when the other location knows the token';
        is $status->('/api/v1', $claim[0], $now + ($claim[0] eq 'exp' ? -600 : 600)), 401, "$what by more";
    }
};

subtest 'a location knows no token that another\'s keys verified' => sub {
    my $server = Dashboard::Test->new(locations => <<'CONF');
        location /api/v1/ { dashboard_api; }
        location /api/    { dashboard_api; dashboard_jwt_key HS256 %%PREFIX%%/own.key; }
CONF
    my $own = write_file($server->prefix . '/own.key', 'another location has another secret');
    $server->start;
    my $status = sub ($base, @key) { $server->get("$base/dashboards", token => $server->token({sub => $user}, @key))->status };
    for (1, 2) {
        is $status->('/api/v1'), 200, 'good here';
        is $status->('/api'), 401, 'but not there';
        is $status->('/api', key => 'another location has another secret'), 200, 'and the other way';
        is $status->('/api/v1', key => 'another location has another secret'), 401, 'round';
    }
};

subtest 'a token that was good is refused once it has expired' => sub {
    my $server = Dashboard::Test->new(api => 'dashboard_jwt_leeway 0;')->start;
    my $exp    = time + 3;
    my $token  = $server->token({sub => $user, exp => $exp});
    my $status = sub { $server->get($path, token => $token)->status };
    is $status->(), 200, 'good, and remembered';
    ok wait_for(sub { $status->() == 401 }, 20), 'refused';
    cmp_ok time, '>=', $exp, 'not before its time';
};

subtest 'a remembered token is still asked about in the database' => sub {
    my $token = theirs('idp_ed', 'ed');
    is status_of($token), 200, 'good' for 1 .. 4;
    $t->sql('update dashboard.user_account set disabled_at = now() where issuer = ? and subject = ?', $idp, 'sam');
    is status_of($token), 401, 'its user was disabled' for 1 .. 4;
    $t->sql('update dashboard.user_account set disabled_at = null where issuer = ? and subject = ?', $idp, 'sam');
    is status_of($token), 200, 'and is back';
};

subtest 'a reload brings new keys, and the old ones\' tokens end at once on every worker' => sub {
    my %old = (rsa => ours('rsa'), idp => theirs('idp_ec', 'ec'), oct => theirs('idp_oct', 'oct'), plain => $t->token('analyst'));
    for my $name (sort keys %old) {
        is_deeply [map { $_->status } $t->parallel(map { [GET => $path, token => $old{$name}] } 1 .. 8)], [(200) x 8], "$name: good on both workers";
    }

    my $rsa = keys_of()->{rsa};
    write_file($t->prefix . '/rsa.pem', pem($rsa));
    write_file($t->prefix . '/idp.json', set_of(ed => $key->{idp_ed}, ec => $key->{other_ec}));
    ok $t->nginx->reload, 'reloaded';

    for my $name (qw(rsa idp oct)) {
        is_deeply [map { $_->status } $t->parallel(map { [GET => $path, token => $old{$name}] } 1 .. 8)], [(401) x 8], "$name: refused by both";
    }
    is status_of($old{plain}), 200, 'a key that stayed';
    is status_of(theirs('idp_ed', 'ed')), 200, 'one that stayed in the set';
    is status_of(theirs('other_ec', 'ec')), 200, 'one that took a name over';
    is status_of($t->token({sub => $user, aud => 'dash'}, key => $rsa, header => {kid => 'rsa'})), 200, 'and one in a file';
};

subtest 'a reload with keys that are wrong keeps the old ones' => sub {
    write_file($t->prefix . '/idp.json', '{"keys":[');
    $t->nginx->allow(qr/the JWK set ".*idp\.json" is not JSON/);
    ok !$t->nginx->reload, 'refused';
    is status_of(theirs('idp_ed', 'ed')), 200, 'they still count';
};

done_testing;
