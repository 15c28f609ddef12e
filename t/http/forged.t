# Forged tokens, by the hundred and by system: each is refused with invalid_token, none reaches the
# database or a file, and nothing of any of them is written down.

use lib 't/lib', 't/http/lib';
use Dashboard::Test;
use Dashboard::Token qw(signature);
use Dashboard::Util qw(file_content write_file);
use Http::Fixture qw(refused statements watch_statements);
use Http::Keys qw(keys_of pem set_of);
use Cpanel::JSON::XS qw(encode_json);
use Math::BigInt;
use MIME::Base64 qw(decode_base64 decode_base64url encode_base64url);

my $key = keys_of();
my $t   = Dashboard::Test->new(http => <<'CONF');
    large_client_header_buffers 4 64k;
    dashboard_jwt_key RS256 %%PREFIX%%/rsa.pem kid=rsa;
    dashboard_jwt_key ES256 %%PREFIX%%/ec.pem kid=ec;
    dashboard_jwt_key EdDSA %%PREFIX%%/ed.pem kid=ed;
    dashboard_jwks %%PREFIX%%/idp.json issuer=https://idp.example audience=dash;
    dashboard_login %%PREFIX%%/login.key;
CONF
write_file($t->prefix . "/$_.pem", pem($key->{$_})) for qw(rsa ec ed);
write_file($t->prefix . '/idp.json', set_of(map { $_ => $key->{"idp_$_"} } qw(rsa ec ed oct)));
my $login_key = 'the secret that logins are signed with';
write_file($t->prefix . '/login.key', $login_key);
$key->{hs} = $t->{key};
watch_statements($t);
$t->start;

my $path = '/api/v1/dashboards';
my $user = $t->user_id('admin');
my $now  = time;
my %alg  = (hs => 'HS256', rsa => 'RS256', ec => 'ES256', ed => 'EdDSA');
my @names = sort keys %alg;

# A token of an administrator under the key of that name; %option as Dashboard::Token takes it.
sub token_by ($name, %option) {
    return $t->token({sub => $user, %{ delete $option{claims} // {} }}, key => $key->{$name}, %option);
}

sub json_by ($name, $payload) {
    return token_by($name, payload => $payload);
}

# nginx's connections, and what each did last.
sub connections () {
    return [$t->rows('select pid, backend_start, state_change from pg_stat_activity where datname = ? and usename = ? order by pid',
        $t->database, 'dashboard_app')];
}

my (%sent, $count);

# Sends each of the tokens (name => token) and expects every one to be refused as forged.
sub all_refused ($title, %forged) {
    subtest "$title: " . keys(%forged) . ' tokens' => sub {
        my $before = connections();
        for my $name (sort keys %forged) {
            my $token  = $forged{$name};
            my $answer = $t->get($path, token => undef, headers => {Authorization => "Bearer $token"});
            my $said   = $answer->header('WWW-Authenticate') // '';
            $count++;
            my $good   = $answer->status == 401 && $said =~ /^Bearer realm="dashboard", error="invalid_token", error_description="[\w .,+']+"$/;
            ok $good, $name or diag $answer->status, " $said";
            my ($repeated) = grep { length $_ > 8 && index($answer->body . $said, $_) >= 0 } split /\./, $token;
            is $repeated, undef, 'and nothing of it is repeated' if defined $repeated;
            $sent{$_} = 1 for grep { length $_ > 12 } split /\./, $token;
        }
        is_deeply connections(), $before, 'no connection to the database was made or used';
    };
    return;
}

# The good ones, before: refusing everything would be no proof. Their connection is the one that stays.
for my $name (@names) {
    is $t->get($path, token => token_by($name))->status, 200, "$alg{$name} is good";
}
my @before = statements($t);

my %forged;

# ---- no signature ---------------------------------------------------------------------------------

for my $bits (0 .. 15) {
    my $none = join '', map { $bits & 1 << $_ ? uc substr 'none', $_, 1 : substr 'none', $_, 1 } 0 .. 3;
    $forged{"$none, unsigned"}            = token_by('hs', header => {alg => $none}, signature => '');
    $forged{"$none, signed with the key"} = token_by('hs', header => {alg => $none});
    $forged{"$none, with a kid"}          = token_by('rsa', header => {alg => $none, kid => 'rsa'}, signature => '');
}
$forged{'alg ' . encode_json([$_])} = token_by('hs', header => {alg => $_}, signature => '') for ' none', 'none ', "none\0",
    'n0ne', "no\x{200b}ne", '', 'null', "\x{ff4e}one";
$forged{'no dot behind the claims'} = token_by('hs', header => {alg => 'none'}, signature => '') =~ s/\.$//r;
all_refused('alg none', %forged);

# ---- other algorithms -----------------------------------------------------------------------------

%forged = ();
for my $alg (qw(HS384 HS512 RS384 RS512 ES384 ES512 ES256K PS256 PS384 PS512 Ed25519 Ed448 hs256 Hs256 HS-256 HS2560 HS256\ HS25
    rs256 es256 eddsa EDDSA Eddsa RSA-OAEP A128KW dir RSA1_5 HMAC SHA256), "HS256\0", "RS256\n")
{
    $forged{"$alg under $_"} = token_by($_, header => {alg => $alg}) for qw(hs rsa);
}
$forged{"alg of another type: $_->[0]"} = token_by('hs', header => {alg => $_->[1]})
    for ['a list', ['HS256']], ['an object', {HS256 => 1}], ['a number', 256], ['true', \1], ['two', ['none', 'HS256']];
$forged{'no alg'}   = token_by('hs', header => {alg => undef});
$forged{'no alg 2'} = token_by('hs', raw_header => '{"typ":"JWT"}');
for my $typ ('JWE', 'JOSE', 'logout+jwt', 'dpop+jwt', '', 'at+jwt;x', ['JWT'], 1) {
    $forged{'typ ' . encode_json([$typ])} = token_by('ec', header => {typ => $typ});
}
all_refused('algorithms that are not ours', %forged);

# ---- one key taken for another --------------------------------------------------------------------

%forged = ();
for my $name (qw(rsa ec ed idp_rsa idp_ec idp_ed)) {
    my $public = $key->{$name};
    my $pem    = pem($public);
    my $der    = decode_base64($pem =~ s/-----.*?-----//gr);
    my %jwk    = %{ $public->export_key_jwk('public', 1) };
    my %secret = (
        'PEM'                     => $pem,
        'PEM without its end'     => $pem =~ s/\n\z//r,
        'PEM with CRLF'           => $pem =~ s/\n/\r\n/gr,
        'the PEM\'s base64'       => $pem =~ s/-----.*?-----|\s//gr,
        'DER'                     => $der,
        'DER in hex'              => unpack('H*', $der),
        'JWK'                     => encode_json(\%jwk),
        'its first number'        => decode_base64url($jwk{n} // $jwk{x}),
        'its number in base64url' => $jwk{n} // $jwk{x},
        'the file\'s name'        => $t->prefix . "/$name.pem",
    );
    for my $form (sort keys %secret) {
        for my $kid (undef, $name =~ s/^idp_//r, 'oct', 'login') {
            $forged{"$name: $form as secret, kid " . ($kid // 'none')}
                = $t->token({sub => $user}, key => $secret{$form}, header => {alg => 'HS256', kid => $kid}, defined $kid ? () : (raw_header => '{"alg":"HS256"}'));
        }
    }
}
for my $name (@names) {
    for my $other (grep { $_ ne $name } @names) {
        $forged{"$alg{$other} in the header of a token by $alg{$name}, kid $_"}
            = token_by($name, header => {alg => $alg{$other}, kid => $_}) for $name, $other;
    }
}
for my $name (qw(rsa ec ed)) {
    $forged{"a stranger's $alg{$name}"}             = $t->token({sub => $user}, key => $key->{"other_$name"});
    $forged{"a stranger's $alg{$name}, our kid"}    = $t->token({sub => $user}, key => $key->{"other_$name"}, header => {kid => $name});
    $forged{"the provider's $alg{$name}, for us"}   = $t->token({sub => $user}, key => $key->{"idp_$name"}, header => {kid => $name});
    $forged{"the provider's $alg{$name}, login"}
        = $t->token({sub => $user, sid => 'x'}, key => $key->{"idp_$name"}, header => {kid => 'login'});
    $forged{"ours by $alg{$name}, for theirs"}
        = $t->token({iss => 'https://idp.example', sub => 'x', aud => 'dash'}, key => $key->{$name}, header => {kid => $name});
}
$forged{'a login without a session'} = $t->token({sub => $user}, key => $login_key, header => {kid => 'login'});
$forged{'a login for the provider'}  = $t->token({sub => $user, sid => 'x', iss => 'https://idp.example'}, key => $login_key);
all_refused('a key taken for another', %forged);

# ---- keys named by the token ----------------------------------------------------------------------

%forged = ();
my @kids = (
    '../../etc/passwd', '../../../../../../dev/null', '/dev/null', '/dev/zero', '/proc/self/environ', 'file:///etc/passwd',
    $t->prefix . '/rsa.pem', $t->prefix . '/jwt.key', 'jwt.key', './rsa', 'rsa/', 'rsa.pem', '%2e%2e%2fetc%2fpasswd', "rsa\0", "\0",
        'rsa ', ' rsa', 'RSA',
    q{' or 1=1}, q{' or '1'='1' --}, q{' union select 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' --}, q{x'; drop table dashboard.user_account; --},
    '$(id)', '`id`', '| id', ';id', '${jndi:ldap://127.0.0.1/x}', 'http://127.0.0.1:1/key', '{{7*7}}',
    '%s%s%s%n', "a\nb", "a\r\nSet-Cookie: x=1", "\x{1b}[2J",
    '', ' ', '*', '%', 'null', '0', '-1', 'x' x 4000, "\x{e9}\x{1f600}", 'rsa,ec',
);
for my $n (0 .. $#kids) {
    my $what = encode_json([substr $kids[$n], 0, 60]);
    $forged{"kid $what, no secret"}            = $t->token({sub => $user}, key => '', header => {kid => $kids[$n]});
    $forged{"kid $what, the injected secret"}  = $t->token({sub => $user}, key => 'a' x 32, header => {kid => $kids[$n]});
    $forged{"kid $what, under a good key"}     = token_by('rsa', header => {kid => $kids[$n]});
}
$forged{'kid of another type: ' . encode_json([$_])} = token_by('hs', header => {kid => $_}) for 1, [], {}, \1, \0, ['rsa'], {kid => 'rsa'};
all_refused('kids that are more than names', %forged);

%forged = ();
for my $name (qw(rsa ec ed)) {
    my $stranger = $key->{"other_$name"};
    my $jwk      = $stranger->export_key_jwk('public', 1);
    my $der      = encode_base64url(decode_base64(pem($stranger) =~ s/-----.*?-----//gr));
    my %members  = (
        jwk  => [$jwk, {%$jwk, kid => $name}, {keys => [$jwk]}, encode_json($jwk)],
        jku  => ['http://127.0.0.1:' . $t->port . '/keys.json', 'file://' . $t->prefix . '/idp.json', 'https://idp.example/keys', '//x',
            ''],
        x5u  => ['http://127.0.0.1:' . $t->port . '/cert.pem', 'file:///etc/ssl/certs/ca-certificates.crt', ''],
        x5c  => [[$der], $der, []],
        crit => [['exp'], ['jwk'], [], 'exp', {}],
        b64  => [\0, \1, 'false'],
    );
    for my $member (sort keys %members) {
        my $n = 0;
        for my $value (@{ $members{$member} }) {
            $n++;
            $forged{"$member $n, signed by a stranger's $alg{$name}"}
                = $t->token({sub => $user}, key => $stranger, header => {$member => $value, kid => $name});
            $forged{"$member $n, signed by our $alg{$name}"}          = token_by($name, header => {$member => $value, kid => $name});
        }
    }
}
all_refused('keys brought along', %forged);

# ---- encodings ------------------------------------------------------------------------------------

my $alphabet = join '', 'A' .. 'Z', 'a' .. 'z', 0 .. 9, '-_';

# The same bytes, with bits set behind the last one; nothing when the text has no room for them.
sub with_trailing_bits ($text) {
    my $spare = {2 => 4, 3 => 2}->{ length($text) % 4 } // return;
    my $last  = index $alphabet, substr $text, -1;
    return substr($text, 0, -1) . substr $alphabet, $last | (1 << $spare) - 1, 1;
}

%forged = ();
for my $name (@names) {
    my @part = split /\./, token_by($name);
    my @what = qw(header claims signature);
    for my $i (0 .. 2) {
        my $change = sub ($how, $text) {
            my @changed = @part;
            $changed[$i] = $text;
            $forged{"$alg{$name}: $what[$i] $how"} = join '.', @changed if defined $text && $text ne $part[$i];
        };
        $change->('padded',             "$part[$i]=");
        $change->('padded twice',       "$part[$i]==");
        $change->('in the other base64', $part[$i] =~ tr{-_}{+/}r);
        $change->('with a plus',        '+' . substr $part[$i], 1);
        $change->('with trailing bits', scalar with_trailing_bits($part[$i]));
        $change->('with a character more', "$part[$i]A");
        $change->('with four more',     "$part[$i]AAAA");
        $change->('a character short',  substr $part[$i], 0, -1);
        $change->('with a space',       substr($part[$i], 0, 4) . ' ' . substr $part[$i], 4);
        $change->('with a tab',         substr($part[$i], 0, 4) . "\t" . substr $part[$i], 4);
        $change->('with a %0a',         substr($part[$i], 0, 4) . '%0a' . substr $part[$i], 4);
        $change->('with a letter of UTF-8', "$part[$i]\xc3\xa9");
        $change->('in hex',             unpack 'H*', decode_base64url($part[$i]));
        $change->('in plain text',      decode_base64url($part[$i]) =~ s/[^ -~]/?/gr);
        $change->('empty',              '');
        $change->('doubled',            $part[$i] x 2);
    }
    my @orders = ([0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0], [0, 0, 2], [1, 1, 2], [0, 1, 0], [0, 1, 1]);
    $forged{"$alg{$name}: parts @$_"} = join '.', @part[@$_] for @orders;
    $forged{"$alg{$name}: $_->[0]"} = $_->[1] for ['a fourth part', join('.', @part, 'x')], ['five parts, as a JWE', join('.', @part,
        'eA', 'eA')],
        ['a dot more', join('.', @part) . '.'], ['a dot before', '.' . join '.', @part], ['two dots between', join '..', @part],
        ['no signature', join '.', @part[0, 1]], ['the header alone', $part[0]],
            ['a comma and another', join('.', @part) . ',' . join '.', @part],
        ['in quotes', '"' . join('.', @part) . '"'], ['the scheme twice', 'Bearer ' . join '.', @part];
}
$forged{"only '$_'"} = $_ for '.', '..', '...', 'x', 'null', '{}', 'e30.e30.e30', 'e30.e30.', '.e30.e30';
all_refused('encodings', %forged);

# ---- signatures -----------------------------------------------------------------------------------

%forged = ();
my $order = pack 'H*', 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551';    # of P-256's group (FIPS 186-4, D.1.2.3)
for my $name (@names) {
    my ($head, $claims, $encoded) = split /\./, token_by($name);
    my $bytes  = decode_base64url($encoded);
    my $length = length $bytes;
    my %bytes  = (
        'one byte'       => 'x',
        'a byte short'   => substr($bytes, 0, -1),
        'a byte cut off the front' => substr($bytes, 1),
        'a byte more'    => "$bytes\0",
        'a zero before'  => "\0$bytes",
        'half'           => substr($bytes, 0, $length / 2),
        'twice'          => $bytes x 2,
        'all zeros'      => "\0" x $length,
        'all ones'       => "\xff" x $length,
        'one'            => "\0" x ($length - 1) . "\1",
        'backwards'      => scalar reverse($bytes),
        'halves swapped' => substr($bytes, $length / 2) . substr($bytes, 0, $length / 2),
        '8 KiB'          => $bytes . "\0" x 4000,
        'of other text'  => signature("$head.$claims ", $key->{$name}),
        'of the claims'  => signature($claims, $key->{$name}),
        'of nothing'     => signature('', $key->{$name}),
        (map { ("bit $_ changed" => $bytes ^. ("\0" x int($_ / 8) . chr(1 << $_ % 8) . "\0" x ($length - 1 - int $_ / 8))) } 0, 7, 8 * $length - 1, 4 * $length),
    );
    if ($name eq 'ec') {
        my ($r, $s) = unpack 'a32 a32', $bytes;
        %bytes = (
            %bytes,
            'as ASN.1'     => $key->{ec}->sign_message("$head.$claims", 'SHA256'),
            'r is zero'    => "\0" x 32 . $s,
            's is zero'    => $r . "\0" x 32,
            'r and s are the order' => $order x 2,
            's is the order' => $r . $order,
            'r of 33 bytes' => "\0$r$s",
        );
    }
    if ($name eq 'ed') {
        # S + L is S modulo L, the order of the group: RFC 8032, 5.1.7 asks for the one below L
        my ($r, $s) = unpack 'a32 a32', $bytes;
        my $other = Math::BigInt->from_bytes(scalar reverse $s)->badd(Math::BigInt->new(2)->bpow(252))->badd('27742317777372353535851937790883648493');
        %bytes = (%bytes, 'S beyond the order' => $r . reverse(substr "\0" x 32 . $other->to_bytes, -32),
            'R of zeros' => "\0" x 32 . $s, 'S of zeros' => $r . "\0" x 32);
    }
    $bytes{'by PSS'} = $key->{rsa}->sign_message("$head.$claims", 'SHA256', 'pss') if $name eq 'rsa';
    $bytes{'of SHA-1'} = $key->{rsa}->sign_message("$head.$claims", 'SHA1', 'v1.5') if $name eq 'rsa';
    $forged{"$alg{$name}: $_"} = "$head.$claims." . encode_base64url($bytes{$_}) for keys %bytes;
    $forged{"$alg{$name}: of another token"} = join '.', $head, encode_base64url(qq({"sub":"$user","exp":@{[ $now + 3600 ]},"x":1})), $encoded;
}
all_refused('signatures', %forged);

# ---- claims, rightly signed -----------------------------------------------------------------------

%forged = ();
my $good = qq("sub":"$user");
my $exp  = '"exp":' . ($now + 3600);
my %wrong_time = (
    'a text' => qq("@{[ $now + 3600 ]}"), 'a fraction' => $now + 3600.5, 'a fraction of nothing' => ($now + 3600) . '.0',
    'an exponent' => '9e9', 'a huge exponent' => '1e300',
    'a negative exponent' => '99999999999e-1', 'negative' => -1, 'negative zero and a fraction' => '-0.0',
    'very negative' => '-9223372036854775808', 'beyond 9999' => 253402300800,
    'milliseconds' => ($now + 3600) . '000', 'int64\'s end' => '9223372036854775807', 'beyond int64' => '9223372036854775808',
    'beyond uint64' => '18446744073709551616',
    'a hundred digits' => '9' x 100, 'null' => 'null', 'true' => 'true', 'a list' => "[@{[ $now + 3600 ]}]", 'an object' => '{}',
    'a date' => '"2099-01-01T00:00:00Z"', 'infinite' => '"Infinity"',
    'hexadecimal' => '0x7fffffff', 'with a leading zero' => "0@{[ $now + 3600 ]}", 'NaN' => 'NaN',
);
for my $why (sort keys %wrong_time) {
    $forged{"exp $why"} = json_by('hs', qq({$good,"exp":$wrong_time{$why}}));
    $forged{"nbf $why"} = json_by('ec', qq({$good,$exp,"nbf":$wrong_time{$why}}));
    $forged{"iat $why"} = json_by('ed', qq({$good,$exp,"iat":$wrong_time{$why}}));
}
$forged{"exp $_->[0]"} = json_by('rsa', qq({$good$_->[1]})) for ['missing', ''], ['zero', ',"exp":0'], ['one', ',"exp":1'],
    ['a minute ago', ',"exp":' . ($now - 60)], ['in other letters', ",\"EXP\":9999999999"];
for my $name (@names) {
    my %payload = (
        'nbf in a minute'     => qq({$good,$exp,"nbf":@{[ $now + 60 ]}}),
        'nbf in a year'       => qq({$good,$exp,"nbf":@{[ $now + 31536000 ]}}),
        'iat in a minute'     => qq({$good,$exp,"iat":@{[ $now + 60 ]}}),
        'expired'             => qq({$good,"exp":@{[ $now - 60 ]}}),
        'sub twice'           => qq({"sub":"x",$good,$exp}),
        'exp twice'           => qq({$good,"exp":1,$exp}),
        'sub twice, once escaped' => qq({$good,"s\\u0075b":"x",$exp}),
        'nested twice'        => qq({$good,$exp,"x":{"a":1,"a":2}}),
        'no sub'              => qq({$exp}),
        'an empty sub'        => qq({"sub":"",$exp}),
        'sub of a number'     => qq({"sub":7,$exp}),
        'sub of null'         => qq({"sub":null,$exp}),
        'sub of a list'       => qq({"sub":["$user"],$exp}),
        'sub of an object'    => qq({"sub":{"id":"$user"},$exp}),
        'sub in other letters' => qq({"Sub":"$user",$exp}),
        'sub with NUL'        => qq({"sub":"$user\\u0000",$exp}),
        'sub with a lone surrogate' => qq({"sub":"$user\\ud800",$exp}),
        'sub that is no UTF-8' => qq({"sub":"$user\xff",$exp}),
        'an issuer'           => qq({$good,$exp,"iss":"https://elsewhere.example"}),
        'an empty issuer'     => qq({$good,$exp,"iss":""}),
        'an issuer of null'   => qq({$good,$exp,"iss":null}),
        'a list of issuers'   => qq({$good,$exp,"iss":["https://idp.example"]}),
        'aud of a number'     => qq({$good,$exp,"aud":1}),
        'a list'              => qq([{$good,$exp}]),
        'a text'              => qq("$user"),
        'a number'            => '7',
        'null'                => 'null',
        'nothing'             => '',
        'a token in a token'  => token_by($name),
        'JSON in a text'      => encode_json([qq({$good,$exp})]) =~ s/^\[|\]$//gr,
        'an open brace'       => qq({$good,$exp),
        'more behind it'      => qq({$good,$exp}{}),
        'a comma too many'    => qq({$good,$exp,}),
        'a comment'           => qq({$good,$exp/* x */}),
        'single quotes'       => qq({'sub':'$user',$exp}),
        'a byte order mark'   => qq(\xef\xbb\xbf{$good,$exp}),
        'UTF-16'              => join("\0", '', split //, qq({$good,$exp})),
        'NUL behind it'       => qq({$good,$exp}\0),
        'too deep'            => qq({$good,$exp,"x":) . '[' x 40 . ']' x 40 . '}',
        'far too deep'        => qq({$good,$exp,"x":) . '[' x 1500 . ']' x 1500 . '}',
        'over 8 KiB'          => qq({$good,$exp,"x":") . 'x' x 6200 . '"}',
        'over 16 KiB'         => qq({$good,$exp,"x":") . 'x' x 12500 . '"}',
    );
    $forged{"$alg{$name}: $_"} = json_by($name, $payload{$_}) for keys %payload;
    my %header = (
        'alg twice'          => qq({"alg":"none","alg":"$alg{$name}"}),
        'alg twice, turned'  => qq({"alg":"$alg{$name}","alg":"none"}),
        'kid twice'          => qq({"alg":"$alg{$name}","kid":"x","kid":"$name"}),
        'alg twice, escaped' => qq({"alg":"$alg{$name}","\\u0061lg":"none"}),
        'a header of a list' => qq([{"alg":"$alg{$name}"}]),
        'a header of a text' => qq("$alg{$name}"),
        'an empty header'    => '',
        'a header with more behind it' => qq({"alg":"$alg{$name}"}{"alg":"none"}),
        'a deep header'      => qq({"alg":"$alg{$name}","x":) . '[' x 40 . ']' x 40 . '}',
        'ALG'                => qq({"ALG":"$alg{$name}"}),
    );
    $forged{"$alg{$name}: $_"} = token_by($name, raw_header => $header{$_}) for keys %header;
}
my %idp = (iss => 'https://idp.example', sub => 'sam', aud => 'dash');
for my $name (qw(rsa ec ed oct)) {
    my %claims = (
        'no iss' => {iss => undef}, 'another iss' => {iss => 'https://idp.example.evil.example'},
        'iss with a slash' => {iss => 'https://idp.example/'}, 'iss in other letters' => {iss => 'HTTPS://idp.example'},
        'no aud' => {aud => undef}, 'another aud' => {aud => 'dashboard'}, 'an empty list of aud' => {aud => []},
        'aud in a list in a list' => {aud => [['dash']]}, 'aud as a member' => {aud => {dash => 1}},
        'aud with a space' => {aud => 'dash reports'},
    );
    $forged{"the provider's $name: $_"}
        = $t->token({%idp, %{ $claims{$_} }}, key => $key->{"idp_$name"}, header => {kid => $name, alg => $alg{$name} // 'HS256'}) for keys %claims;
}
all_refused('claims that somebody signed', %forged);

# ---- afterwards -----------------------------------------------------------------------------------

subtest 'a token anywhere but in the header is none' => sub {
    my $before = connections();
    for my $name (@names) {
        my $token = token_by($name);
        $sent{$_} = 1 for split /\./, $token;
        my %answer = (
            'in the URL'  => $t->get("$path?access_token=$token"),
            'in a cookie' => $t->get($path, headers => {Cookie => "access_token=$token; token=$token; Authorization=Bearer%20$token"}),
            'in a form'   => $t->request(POST => $path, body => "access_token=$token", type => 'application/x-www-form-urlencoded'),
            'in a body'   => $t->post($path, {name => 'x', access_token => $token}),
            'in other headers' => $t->get($path, headers => {'X-Access-Token' => $token, 'Proxy-Authorization' => "Bearer $token",
            'X-Authorization' => "Bearer $token"}),
        );
        for my $where (sort keys %answer) {
            refused($answer{$where}, 401, 'UNAUTHENTICATED', "$alg{$name} $where");
            is $answer{$where}->header('WWW-Authenticate'), 'Bearer realm="dashboard"', 'as if there were none';
        }
    }
    is_deeply connections(), $before, 'the database was not asked';
};

subtest 'nothing of them is left' => sub {
    cmp_ok $count, '>', 1000, 'of more than a thousand tokens';
    note "$count tokens";
    is scalar(statements($t)), scalar(@before), 'no statement came of them';
    my $log = file_content($t->prefix . '/error.log');
    like $log, qr/\[info\].*token refused: the token's signature is wrong/, 'the log says that, and why, a token was refused';
    is_deeply [grep { index($log, $_) >= 0 } keys %sent], [], 'and repeats nothing of any';
    is $t->get($path, token => token_by($_))->status, 200, "$alg{$_} is still good" for @names;
};

done_testing;
