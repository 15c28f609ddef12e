#!/usr/bin/perl
# What conf/ promises: nginx takes both configurations, and every request leaves one line of JSON.
use lib 't/lib';
use Dashboard::Test;
use Cpanel::JSON::XS qw(decode_json);
use IO::Socket::INET;
use File::Path qw(remove_tree);
use Dashboard::Nginx;
use Dashboard::Util qw(file_content lines_of project_root scratch_dir write_file);

my $root = project_root();

# A folder with all that the configurations name, and a configuration in it.
sub prepare ($text) {
    my $dir = scratch_dir('conf');
    mkdir "$dir/$_" or die "$dir/$_: $!\n" for qw(log nginx nginx/tmp secrets);
    write_file("$dir/secrets/jwt.key", 'k' x 32);
    write_file("$dir/secrets/login.key", 'l' x 32);
    write_file("$dir/secrets/app.pgpass", "*:*:*:dashboard_app:x\n");
    system("openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost -keyout $dir/secrets/tls.key"
            . " -out $dir/secrets/tls.crt 2>$dir/openssl.log") == 0
        or die "openssl: see $dir/openssl.log\n";
    system('cp', "$dir/secrets/tls.crt", "$dir/secrets/database-ca.crt") == 0 or die "cannot copy\n";
    system('cp', '-r', "$root/conf/includes", "$root/conf/limits.conf", "$dir/nginx/") == 0
        or die "cannot copy conf/\n";

    my $load = Dashboard::Nginx::modules();
    $text =~ s{^load_module .*?;\n}{$load}m;
    $text =~ s{^user .*?;\n}{}m if $> != 0;
    $text =~ s{/etc/nginx/dashboard/pgpass}{$dir/secrets/app.pgpass}g;
    $text =~ s{/etc/nginx/dashboard/}{$dir/secrets/}g;
    $text =~ s{/var/log/nginx/}{$dir/log/}g;
    $text =~ s{/run/nginx\.pid}{$dir/nginx.pid}g;
    $text =~ s{\@DEMO\@}{$dir}g;
    $text =~ s{\@PG_PORT\@}{5432}g;
    $text =~ s{\@PORT\@}{8080}g;
    write_file("$dir/nginx/nginx.conf", $text);
    return $dir;
}

for my $name (qw(nginx.conf production.conf)) {
    my $dir = prepare(file_content("$root/conf/$name"));
    my $out = qx(@{[ Dashboard::Nginx::binary() ]} -t -e $dir/log/error.log -p $dir/nginx -c nginx.conf 2>&1);
    is($?, 0, "nginx takes conf/$name") or diag $out;
    unlike($out, qr/\[(?:warn|error|alert|emerg)\]/, "and has nothing to say of conf/$name");
    remove_tree($dir);
}

my $t = Dashboard::Test->new(
    as   => 'analyst',
    http => "include $root/conf/includes/log_format.conf;\n"
        . "include $root/conf/includes/timeouts.conf;\ninclude $root/conf/includes/compression.conf;",
    locations => <<"CONF")->start;
        access_log %%PREFIX%%/dashboard.log dashboard;
        location /api/ { dashboard_api; }
        location /health/ { dashboard_health; }
        include $root/conf/includes/errors.conf;
CONF

my @requests = (
    ['an answer', "GET /api/v1/dashboards/00000000-0000-4000-8000-000000000401 HTTP/1.1"],
    ['an unknown path', 'GET /api/v1/"%22%0a%1b[31m\\\\ HTTP/1.1'],
    ['a path with bytes that are no UTF-8', "GET /api/v1/\xff%ff HTTP/1.1"],
    ['a path with a NUL', 'GET /api/v1/%00 HTTP/1.1'],
    ['a public link', "GET /api/v1/public/secret/data?timerange=1h HTTP/1.1"],
    ['one spelt otherwise', "GET /api//v1/%70ublic/secret/x HTTP/1.1"],
    ['a token in the query string', "GET /api/v1/dashboards?token=secret HTTP/1.1"],
    ['a path outside the API', 'GET /nothing HTTP/1.1'],
    ['a line that is no request', "\x16\x03\x01\x02\"\x1b"],
    ['a header with an escape', "GET /api/v1/dashboards HTTP/1.1\r\nX-Header: \x1b[31m"],
    ['a method that is none', 'GE"T /api/v1/dashboards HTTP/1.1'],
);
my $token = $t->token('analyst');
for my $request (@requests) {
    my ($name, $line) = @$request;
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $t->port) or die "connect: $!\n";
    print {$socket} "$line\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer $token\r\n"
        . "User-Agent: \"\\\xff{}\r\nX-Correlation-ID: a\"b\r\n\r\n";
    my @answer = readline $socket;
    ok(@answer > 0, "$name is answered");
}

my $log = $t->prefix . '/dashboard.log';
wait_for(sub { my @lines = lines_of($log); @lines >= @requests });
my @lines = lines_of($log);
is(scalar @lines, scalar @requests, 'one line for each request');
my @entries = map { scalar eval { decode_json($_) } } @lines;
for my $n (0 .. $#requests) {
    is(ref $entries[$n], 'HASH', "the line of $requests[$n][0] is JSON") or diag $lines[$n];
}
is($entries[0]{operation}, 'get_dashboard', 'it names the operation');
is($entries[0]{user}, '00000000-0000-4000-8000-000000000102', 'and who asked');
is($entries[0]{status}, 200, 'and the status, as a number');
like($entries[0]{db_time}, qr/\A[0-9.]+\z/, 'and the time the database took');
like($entries[0]{correlation_id}, qr/\Areq_[0-9A-Z]{26}\z/, 'and a correlation id, made where the client\'s is not fit');
is($entries[0]{path}, '/api/v1/dashboards/00000000-0000-4000-8000-000000000401', 'and the path');
is($entries[1]{path}, '/api/v1/"%22%0a%1b[31m\\\\', 'a path is logged as it was sent');
is(scalar(grep { $_->{path} eq '/api/v1/public/***' } @entries), 2, 'but not a public link\'s');
is($entries[0]{user_agent}, '(not ASCII)', 'what is not ASCII is not logged');
unlike(join('', @lines), qr/secret|\Q$token\E/, 'neither the query string nor a token is logged');
unlike(join('', @lines), qr/[\x00-\x08\x0b-\x1f]/, 'no control character is logged');

done_testing();
