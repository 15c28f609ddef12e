package Dashboard::Token;

# Bearer tokens (RFC 7519, HS256), good ones and, on request, bad ones.

use v5.36;
use Cpanel::JSON::XS ();
use Digest::SHA qw(hmac_sha256);
use Exporter qw(import);
use MIME::Base64 qw(encode_base64url);

our @EXPORT_OK = qw(token);

my $encoder = Cpanel::JSON::XS->new->utf8->canonical;

# token(\%claims, $key, %options): claims are completed with exp in an hour unless they name it (undef:
# leave it out). Options: header => {members of the header, added or replacing}, payload => text instead
# of the claims, signature => base64url text instead of the right one.
sub token ($claims, $key, %option) {
    my %claims = (exp => time + 3600, %$claims);
    delete $claims{$_} for grep { !defined $claims{$_} } keys %claims;
    my %header = (alg => 'HS256', typ => 'JWT', %{ $option{header} // {} });
    my $text   = join '.', encode_base64url($encoder->encode(\%header)),
        encode_base64url($option{payload} // $encoder->encode(\%claims));
    return join '.', $text, $option{signature} // encode_base64url(hmac_sha256($text, $key));
}

1;
