# Clients that send a request drop by drop, or never end it, are dropped by nginx's time-outs; meanwhile
# others are served, and the database hears of none of them.

use lib 't/lib', 't/http/lib';
use Dashboard::Test;
use Dashboard::Util qw(free_port);
use Http::Fixture qw(id statements watch_statements);

# The second server, of the same worker, has no patience.
my $strict = free_port();
my $t      = Dashboard::Test->new(
    as      => 'analyst',
    values  => {STRICT => $strict},
    servers => <<'CONF',
    server {
        listen 127.0.0.1:%%STRICT%%;
        client_header_timeout 300ms;
        client_body_timeout 300ms;
        reset_timedout_connection on;
        location /api/ { dashboard_api; }
    }
CONF
);
watch_statements($t);
$t->start;

my $path = '/api/v1/dashboards';
my $head = "POST $path HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer " . $t->token('analyst') . "\r\n";

my %begun = (
    'nothing'                        => '',
    'half a request line'            => 'POST /api/v1/da',
    'half a header'                  => substr($head, 0, 60),
    'a header without its end'       => $head,
    'a head without its body'        => "${head}Content-Length: 100\r\n\r\n",
    'half a body'                    => "${head}Content-Length: 100\r\n\r\n" . '{"name":"',
    'half of a body that goes to disk' => "${head}Content-Length: 1000000\r\n\r\n" . '{"name":"' . 'x' x 300_000,
    'a chunk without its end'        => "${head}Transfer-Encoding: chunked\r\n\r\n5\r\n{\"na",
    'chunks without the last one'    => "${head}Transfer-Encoding: chunked\r\n\r\n5\r\n{\"nam\r\n",
);

subtest 'one that stops is dropped' => sub {
    my %waiting;
    for my $what (sort keys %begun) {
        $waiting{$what} = Dashboard::Raw->new($strict);
        $waiting{$what}->write($begun{$what});
    }
    is $t->get('/health/live')->status, 200, 'others are served';
    ok $waiting{$_}->closed(20), "after $_" for sort keys %waiting;
};

subtest 'two hundred at once hinder nobody' => sub {
    my @slow = map { my $raw = Dashboard::Raw->new($strict); $raw->write($begun{'half a body'}); $raw } 1 .. 200;
    my @answers = $t->parallel(map { [GET => '/api/v1/dashboards/' . id('operations')] } 1 .. 20);
    is scalar(grep { $_->status == 200 } @answers), 20, 'others are answered';
    is scalar(grep { $_->closed(20) } @slow), 200, 'all are dropped';
};

is scalar(statements($t, qr/create_dashboard/)), 0, 'the database heard of none of them';

done_testing;
