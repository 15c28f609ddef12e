# What nginx refuses to start with, and what it says: a mistake shows before anything is served, names
# the directive, and gives no secret away.

use lib 't/lib';
use Dashboard::Test;
use Dashboard::Util qw(write_file);

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
