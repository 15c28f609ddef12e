# What nginx refuses to start with, and what it says: a mistake shows before anything is served, names
# the directive, and gives no secret away.

use lib 't/lib';
use Dashboard::Test;
use Cpanel::JSON::XS qw(encode_json);
use Crypt::PK::ECC;
use Crypt::PK::RSA;
use Dashboard::Util qw(write_file);
use MIME::Base64 qw(encode_base64url);

my $t = Dashboard::Test->new(as => 'analyst')->start;
my $prefix = $t->prefix;
my $secret = 'not-to-be-seen-' . 'x' x 32;

# The directive as a test would write it wrong, a part of nginx's words.
sub refused ($changes, $words, $name) {
    my ($accepted, $said) = $t->nginx->check_configuration(%$changes);
    subtest $name => sub {
        ok !$accepted, 'refused';
        like $said, $words, 'says why';
        like $said, qr/\[emerg\].* in \S+:\d+\n/, 'and where';
        unlike $said, qr/\Q$secret\E/, 'without a secret';
    };
    return;
}

sub key_refused ($arguments, $words, $name) {
    return refused({key => "dashboard_jwt_key $arguments;"}, $words, $name);
}

sub database_refused ($arguments, $words, $name) {
    return refused({database => "dashboard_database $arguments;"}, $words, $name);
}

ok +($t->nginx->check_configuration)[0], 'the usual configuration is accepted';

write_file("$prefix/short.key", substr $secret, 0, 31);
write_file("$prefix/empty.key", '');
write_file("$prefix/ends.key",  substr($secret, 0, 31) . "\n\r\n");
write_file("$prefix/good.key",  $secret);

key_refused("HS256 $prefix/none.key",  qr/none\.key.*No such file/,   'a key file that is not there');
key_refused("HS256 $prefix",           qr/\Q$prefix\E/,               'a folder for a key');
key_refused("HS256 $prefix/short.key", qr/short\.key" holds \d+ bytes, at least 32/,      'a key of 31 bytes');
key_refused("HS256 $prefix/empty.key", qr/empty\.key" holds \d+ bytes, at least 32/,      'an empty key');
key_refused("HS256 $prefix/ends.key",  qr/ends\.key" holds \d+ bytes, at least 32/,       'a key of 31 bytes and line ends');
key_refused("none $prefix/good.key",   qr/unknown algorithm "none"/,  'the algorithm none');
key_refused("hs256 $prefix/good.key",  qr/unknown algorithm "hs256"/, 'an algorithm in other letters');
key_refused('HS256',                   qr/number of arguments/,       'no file');
key_refused("HS256 $prefix/good.key nonsense=1", qr/"nonsense=1"/,    'an unknown parameter');
key_refused("HS256 $prefix/good.key $_",         qr/invalid parameter "\Q$_\E"/, "the parameter $_")
    for 'kid=', 'issuer=', 'audience=', 'login=1', 'Issuer=x';
key_refused("HS256 $prefix/good.key kid=a kid=b", qr/invalid parameter "kid=b"/, 'two kids');
key_refused("HS256 $prefix/good.key kid=login",   qr/"login" is dashboard_login's/, 'the kid of logins');

my $rsa = Crypt::PK::RSA->new->generate_key(256);
my $ec  = Crypt::PK::ECC->new->generate_key('secp256r1');
write_file("$prefix/rsa.pem",     $rsa->export_key_pem('public_x509'));
write_file("$prefix/private.pem", $rsa->export_key_pem('private'));
write_file("$prefix/short.pem",   Crypt::PK::RSA->new->generate_key(128)->export_key_pem('public_x509'));
write_file("$prefix/two.pem",     $rsa->export_key_pem('public_x509') x 2);
write_file("$prefix/ec.pem",      $ec->export_key_pem('public_short'));
write_file("$prefix/p384.pem",    Crypt::PK::ECC->new->generate_key('secp384r1')->export_key_pem('public_short'));

key_refused("HS256 $prefix/rsa.pem",     qr/rsa\.pem" holds a key in PEM, which is no secret/, 'a public key as a secret');
key_refused("RS256 $prefix/good.key",    qr/good\.key" needs one public key in PEM/,  'a secret as a public key');
key_refused("RS256 $prefix/private.pem", qr/private\.pem" holds a private key/,       'a private key');
key_refused("RS256 $prefix/two.pem",     qr/two\.pem" needs one public key/,          'two keys in a file');
key_refused("RS256 $prefix/short.pem",   qr/short\.pem" needs an RSA key of 2048/,    'an RSA key of 1024 bits');
key_refused("RS256 $prefix/ec.pem",      qr/ec\.pem" needs an RSA key/,               'an EC key for RS256');
key_refused("ES256 $prefix/p384.pem",    qr/p384\.pem" needs an EC key on the curve P-256/, 'another curve');
key_refused("EdDSA $prefix/rsa.pem",     qr/rsa\.pem" needs an Ed25519 key/,          'an RSA key for EdDSA');
key_refused("RS256 $prefix/none.pem",    qr/none\.pem.*No such file/,                 'a public key that is not there');

sub set_refused ($text, $words, $name) {
    write_file("$prefix/set.json", $text);
    return refused({key => "dashboard_jwks $prefix/set.json;"}, $words, $name);
}

my $oct  = encode_json({kty => 'oct', kid => 'a', k => encode_base64url($secret)});
my $jwk  = $rsa->export_key_jwk('public');
set_refused('',                                qr/set\.json" is not JSON/,                'an empty set');
set_refused($jwk,                              qr/set\.json" has no list of keys/,        'a key that is no set');
set_refused('{"keys":[]}',                     qr/set\.json" has no key to verify/,       'a set without keys');
set_refused(qq({"keys":[$oct,$oct]}),          qr/key 2 of .*set\.json" has the kid of/,  'two keys of a kid');
set_refused(qq({"keys":[$oct,@{[ $rsa->export_key_jwk('private') ]}]}), qr/key 2 of .*set\.json" is a private key/, 'a private key in a set');
set_refused('{"keys":[{"kty":"oct","k":"AAAA"}]}', qr/key 1 of .*set\.json" needs a secret of at least 32/, 'a short secret in a set');
set_refused($oct =~ s/"a"/"login"/r =~ s/(.*)/{"keys":[$1]}/r, qr/"login" is dashboard_login's/, 'the kid of logins in a set');
refused({key => "dashboard_jwks $prefix/none.json;"}, qr/none\.json.*No such file/, 'a set that is not there');
refused({key => "dashboard_jwks $prefix/set.json $_;"}, qr/invalid parameter "$_"/, "a set with $_") for 'kid=a', 'issuer=', 'x';
refused({api => "dashboard_jwt_leeway $_;"}, qr/dashboard_jwt_leeway.* (?:invalid value|is more than 5m)/, "dashboard_jwt_leeway $_") for '6m', 'soon', '-1';

write_file("$prefix/set.json", qq({"keys":[$oct,{"kty":"AKP"},{"kty":"RSA","use":"enc"}]}));
my ($accepted, $said) = $t->nginx->check_configuration(key => "dashboard_jwks $prefix/set.json;");
ok $accepted, 'a set with keys of no use is accepted';
like $said, qr/\[warn\].*key 2 of the JWK set ".*set\.json" is skipped: its kty is not supported/, 'and says of one why';
like $said, qr/\[warn\].*key 3 of .* is skipped: its use is not sig/, 'and of the other';

database_refused('"nonsense=1"',                 qr/nonsense/,             'a keyword libpq does not know');
database_refused('"host=name.invalid dbname=x"', qr/name\.invalid/,        'a host that has no address');
database_refused('"host=127.0.0.1 port=70000"',  qr/70000/,                'a port there is not');
database_refused(qq("password=$secret port=0"),  qr/port/,                 'a password beside a mistake');
database_refused(qq("postgres://u:$secret\@127.0.0.1:x/d"), qr/dashboard_database/, 'a mistake in a URI');
database_refused("\"dbname=x\" $_",              qr/"\Q$_\E"/,             "the parameter $_")
    for 'pool=0', 'pool=x', 'query_pool=-1', 'queue=1.5', 'timeout=soon', 'nonsense=1';
refused({http => $t->database_directive}, qr/"dashboard_database" directive is duplicate/, 'two databases');

refused({database => ''}, qr/dashboard_database/, 'an API without a database');
refused({api => "dashboard_batch_max $_;"}, qr/between 1 and 50|invalid/, "dashboard_batch_max $_") for 0, 51, 'x';
refused({api => "dashboard_widget_rows $_;"}, qr/between 1 and 1000000|invalid/, "dashboard_widget_rows $_") for 0, 1000001;
refused({api => "dashboard_$_;"}, qr/dashboard_/, "dashboard_$_") for 'widget_timeout x', 'debug maybe', 'api on';

done_testing;
