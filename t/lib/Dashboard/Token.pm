package Dashboard::Token;

# Bearer tokens (RFC 7519), good ones and, on request, bad ones.

use v5.36;
use Cpanel::JSON::XS ();
use Digest::SHA qw(hmac_sha256);
use Exporter qw(import);
use MIME::Base64 qw(encode_base64url);

our @EXPORT_OK = qw(signature token);

my $encoder = Cpanel::JSON::XS->new->utf8->canonical;

# How each sort of key signs, by its class: a text by HMAC, CryptX's objects by what they are for.
my %signer = (
    ''                  => [HS256 => sub ($key, $text) { hmac_sha256($text, $key) }],
    'Crypt::PK::RSA'     => [RS256 => sub ($key, $text) { $key->sign_message($text, 'SHA256', 'v1.5') }],
    'Crypt::PK::ECC'     => [ES256 => sub ($key, $text) { $key->sign_message_rfc7518($text, 'SHA256') }],
    'Crypt::PK::Ed25519' => [EdDSA => sub ($key, $text) { $key->sign_message($text) }],
);

# The bytes of a signature over a text, by the algorithm that goes with the key.
sub signature ($text, $key) {
    return $signer{ ref $key }[1]->($key, $text);
}

# token(\%claims, $key, %option): claims are completed with exp in an hour unless they name it (undef:
# leave it out). Options: header => {members of the header, added or replacing}, payload => text instead
# of the claims, signature => base64url text instead of the right one, raw_header => text instead of the
# header.
sub token ($claims, $key, %option) {
    my %claims = (exp => time + 3600, %$claims);
    delete $claims{$_} for grep { !defined $claims{$_} } keys %claims;
    my %header = (alg => $signer{ ref $key }[0], typ => 'JWT', %{ $option{header} // {} });
    my $text   = join '.', encode_base64url($option{raw_header} // $encoder->encode(\%header)),
        encode_base64url($option{payload} // $encoder->encode(\%claims));
    return join '.', $text, $option{signature} // encode_base64url(signature($text, $key));
}

1;
