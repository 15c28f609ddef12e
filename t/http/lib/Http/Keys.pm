package Http::Keys;

# Keys that issuers sign tokens with, made for a test, and how they are written down.

use v5.36;
use Cpanel::JSON::XS ();
use Crypt::PK::ECC;
use Crypt::PK::Ed25519;
use Crypt::PK::RSA;
use Exporter qw(import);
use MIME::Base64 qw(encode_base64url);

our @EXPORT_OK = qw(keys_of pem set_of);

my $json = Cpanel::JSON::XS->new->utf8->canonical;

# New keys by name: of each algorithm one of our own, one of an identity provider, and one of a stranger;
# secrets are texts.
sub keys_of () {
    state $made = 0;
    $made++;
    my %key;
    for my $whose ('', 'idp_', 'other_') {
        $key{"${whose}rsa"} = Crypt::PK::RSA->new->generate_key(256);
        $key{"${whose}ec"}  = Crypt::PK::ECC->new->generate_key('secp256r1');
        $key{"${whose}ed"}  = Crypt::PK::Ed25519->new->generate_key;
        $key{"${whose}oct"} = "${whose}secret $made of at least 32 bytes, $$";
    }
    return \%key;
}

# A public key in PEM (SubjectPublicKeyInfo, the curve by its name).
sub pem ($key) {
    my %format = ('Crypt::PK::RSA' => 'public_x509', 'Crypt::PK::ECC' => 'public_short', 'Crypt::PK::Ed25519' => 'public');
    return $key->export_key_pem($format{ ref $key });
}

# A JWK set of keys: set_of(kid => key, ...).
sub set_of (%key) {
    my @jwks = map {
        my $jwk = ref $key{$_} ? $key{$_}->export_key_jwk('public', 1) : {kty => 'oct', k => encode_base64url($key{$_})};
        +{%$jwk, kid => $_, use => 'sig'}
    } sort keys %key;
    return $json->encode({keys => \@jwks});
}

1;
