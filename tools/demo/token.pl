#!/usr/bin/perl
# Prints a bearer token (JWT, RFC 7519, HS256 of RFC 7518 section 3.2) for one of the demo's users:
#
#     tools/demo/token.pl <key file> <subject>
#
# The file's bytes are the key, as dashboard_jwt_key takes them. The token is good for twelve hours.
use strict;
use warnings;

use Digest::SHA qw(hmac_sha256);
use MIME::Base64 qw(encode_base64url);

use constant LIFETIME => 12 * 3600;

my ($file, $subject) = @ARGV;
die "usage: token.pl <key file> <subject>\n" if @ARGV != 2;
die "token.pl: \"$subject\" is not a user's id\n" if $subject !~ /\A[0-9a-f-]{36}\z/;

open my $handle, '<:raw', $file or die "token.pl: $file: $!\n";
my $key = do { local $/ = undef; <$handle> };
close $handle;
die "token.pl: the key in $file is shorter than 32 bytes\n" if length $key < 32;

my $now = time;
my $expires = $now + LIFETIME;
my $head = encode_base64url('{"alg":"HS256","typ":"JWT"}');
my $claims = encode_base64url(qq({"sub":"$subject","iat":$now,"exp":$expires}));
print "$head.$claims.", encode_base64url(hmac_sha256("$head.$claims", $key)), "\n";
