package Http::Login;

# Servers that users log in to, and what a client does with them.

use v5.36;
use Cpanel::JSON::XS qw(decode_json);
use Dashboard::Test ();
use Dashboard::Util qw(write_file);
use Exporter qw(import);
use MIME::Base64 qw(decode_base64url);

our @EXPORT_OK = qw(claims login login_server password read_status);

# A server with dashboard_login, not started: login_server(access => '15m', %options of Dashboard::Test).
sub login_server (%option) {
    my $access = delete $option{access} // '15m';
    my $http   = join ' ', "dashboard_login %%PREFIX%%/login.key access=$access;", delete $option{http} // ();
    my $t      = Dashboard::Test->new(%option, http => $http);
    $t->{login_key} = 'key of logins, ' . $t->{key};
    chmod 0600, write_file($t->prefix . '/login.key', $t->{login_key});
    return $t;
}

# The fixture's password of a user, named by what stands before the @ of the address.
sub password ($who) {
    return "password of $who\@demo.example";
}

# The answer to a login; %member overrides the body's.
sub login ($t, $who, %member) {
    return $t->post('/api/v1/auth/login',
        {email => "$who\@demo.example", password => password($who), %member}, token => undef);
}

# The claims of an access token.
sub claims ($token) {
    return decode_json(decode_base64url((split /\./, $token)[1]));
}

# The status of a read with an access token.
sub read_status ($t, $token) {
    return $t->get('/api/v1/dashboards', token => $token)->status;
}

1;
