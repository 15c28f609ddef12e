# Every error below the API's prefix comes in one envelope, whoever made it: the operation, the database,
# or nginx before it knew the location; and none tells more than a client may know.

use lib 't/lib', 't/http/lib';
use Dashboard::Test;
use Dashboard::Util qw(free_port);
use Http::Fixture qw(id refused words);
use Http::Operation;
use Time::Local qw(timegm);

my $t = Dashboard::Test->new(
    as     => 'analyst',
    values => {CLOSED => free_port(), LIMITED => free_port(), DEBUG => free_port()},
    http   => 'limit_req_zone $dashboard_subject zone=one:1m rate=1r/m;',
    servers => <<'CONF',
    server {
        listen 127.0.0.1:%%CLOSED%%;
        location /api/ { dashboard_api; deny all; }
    }
    server {
        listen 127.0.0.1:%%LIMITED%%;
        location /api/ { dashboard_api; limit_req zone=one; limit_req_status 429; }
    }
    server {
        listen 127.0.0.1:%%DEBUG%%;
        location /api/ { dashboard_api; dashboard_debug on; }
    }
CONF
)->start;

my $path = '/api/v1/dashboards/' . id('operations');

# The answer to bytes sent as they are, checked as one to this method and path.
sub raw_answer ($bytes, $port, $method, $target) {
    my $raw = Dashboard::Raw->new($port);
    $raw->write($bytes, $method);
    return $t->check($method, $target, $raw->read_response // Dashboard::Response->new(problem => 'none came'));
}

# An answer of one of the further servers.
sub on_port ($name, $method = 'GET', $target = $path, $header = {}) {
    my %header = (Authorization => 'Bearer ' . $t->token('analyst'), %$header);
    return raw_answer(Dashboard::Raw->text($method, $target, \%header), $t->{option}{values}{$name},
        $method, $target =~ s{//}{/}r);
}

subtest 'a path that does not exist is 404, with a token and without' => sub {
    for my $target ('/api/', '/api/v1', '/api/v1/', '/api/v1/nothing', '/api/v9/dashboards', '/api/v1/dashboards/',
        "$path/", "$path/nothing", "$path/widgets/1/2/3", '/api/v1/dashboards/../nothing', '/api/v1/Dashboards',
        '/api/v1/dashboard/versions', '/api/dashboard/dashboards', '/api/.git/config', '/api/v1/%2e%2e/nothing',
        '/api/health/live', '/health/', '/health/nothing', '/health/live/') {
        refused($t->get($target, token => $_), 404, 'NOT_FOUND', $target) for $t->token('analyst'), undef;
    }
};

subtest 'nginx reads a path once, and that reading counts' => sub {
    for my $target ($path =~ s{^/api/}{/api//}r, $path =~ s{/v1/}{/v1/../v1/}r, $path =~ s{/v1/}{/./v1/}r,
        $path =~ s{/v1/}{%2fv1%2F}r, $path =~ s{api}{%61pi}r, "$path#fragment") {
        my $request = Dashboard::Raw->text(GET => $target, {Authorization => 'Bearer ' . $t->token('analyst')});
        is raw_answer($request, $t->port, GET => $path)->status, 200, $target;
    }
    refused($t->get('/api/v1%252fdashboards'), 404, 'NOT_FOUND', 'twice encoded is not decoded twice');
};

subtest 'what nginx refuses before it knows a location' => sub {
    my %case = (
        'a target that is too long'  => ["GET /api/v1/dashboards?search=@{['x' x 40_000]} HTTP/1.1\r\nHost: x\r\n\r\n", 414, 'URI_TOO_LONG'],
        'a path that is too long'    => ["GET /api/v1/@{['x' x 40_000]} HTTP/1.1\r\nHost: x\r\n\r\n", 414, 'URI_TOO_LONG'],
        'a header that is too large' => ["GET $path HTTP/1.1\r\nHost: x\r\nX: @{['x' x 40_000]}\r\n\r\n", 400, 'VALIDATION_ERROR'],
        'headers that are too many'  => ["GET $path HTTP/1.1\r\nHost: x\r\n" . ("X: @{['x' x 4_000]}\r\n" x 20) . "\r\n", 400, 'VALIDATION_ERROR'],
        'no host'                    => ["GET $path HTTP/1.1\r\n\r\n", 400, 'VALIDATION_ERROR'],
        'two hosts'                  => ["GET $path HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400, 'VALIDATION_ERROR'],
        'out of the root'            => ["GET /api/../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", 400, 'VALIDATION_ERROR'],
        'a percent sign alone'       => ["GET /api/v1/%zz HTTP/1.1\r\nHost: x\r\n\r\n", 400, 'VALIDATION_ERROR'],
        'NUL in the path'            => ["GET /api/v1/%00 HTTP/1.1\r\nHost: x\r\n\r\n", 400, 'VALIDATION_ERROR'],
        'two If-Match lines'         => ["PATCH $path HTTP/1.1\r\nHost: x\r\nIf-Match: \"v1\"\r\nIf-Match: \"v2\"\r\n\r\n", 400, 'VALIDATION_ERROR'],
        'another version of HTTP'    => ["GET $path HTTP/9.1\r\nHost: x\r\n\r\n", 505, 'INTERNAL_ERROR'],
    );
    for my $why (sort keys %case) {
        my ($bytes, $status, $code) = @{ $case{$why} };
        my $raw = $t->raw;
        $raw->write($bytes, 'GET');
        my $answer = $raw->read_response // Dashboard::Response->new(problem => 'none came');
        refused($answer, $status, $code, $why);
        is $answer->header('Content-Type'), 'application/json', 'as JSON';
        is $answer->header('X-Correlation-ID'), eval { $answer->error->{correlation_id} }, 'with its correlation id';
    }
};

subtest 'what nginx\'s own modules refuse' => sub {
    refused(on_port('CLOSED'), 403, 'FORBIDDEN', 'deny');
    is on_port('LIMITED')->status, 200, 'limit_req lets the first pass';
    my $second = on_port('LIMITED');
    refused($second, 429, 'RATE_LIMITED', 'and not the second');
    like $second->header('Retry-After'), qr/^\d+$/, 'Retry-After';
    my $trick = on_port('LIMITED', GET => '/api//v1/openapi.json', {'X-Forwarded-For' => '1.2.3.4'});
    refused($trick, 429, 'RATE_LIMITED', 'whatever the path looks like and the client says it is');
};

subtest 'outside of the prefix the module says nothing' => sub {
    my $answer = $t->get('/nothing', token => undef);
    is $answer->status, 404, 'nginx\'s own 404';
    like $answer->body, qr/<html>/, 'in HTML';
    is $answer->header('X-Correlation-ID'), undef, 'without a correlation id';
    is $t->get('/apiary', token => undef)->header('X-Correlation-ID'), undef, 'also where a name only begins alike';
};

subtest 'the envelope is whole' => sub {
    my $answer = $t->get('/api/v1/nothing');
    is_deeply [sort keys %{ $answer->json }], ['error'], 'one member';
    is_deeply [sort keys %{ $answer->error }], [qw(code correlation_id details message timestamp)], 'with five';
    is_deeply $answer->error->{details}, {}, 'details is an object even without any';
    is $answer->header('Cache-Control'), 'no-store', 'nobody keeps it';
    is $answer->header('Content-Length'), length $answer->body, 'its length is right';
    my ($y, $mo, $d, $h, $mi, $s) = $answer->error->{timestamp} =~ /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.\d{3}Z$/;
    ok defined $s, 'the time is RFC 3339 in UTC';
    cmp_ok abs(timegm($s, $mi, $h, $d, $mo - 1, $y) - time), '<', 60, 'and now';
};

# From here on unpublish_dashboard raises what the correlation id says, and words no client may read.
$t->sql(q{
    create or replace function api.unpublish_dashboard(request jsonb, body jsonb) returns api.answer
    language plpgsql as $$
    begin
        raise exception 'a secret of table dashboard.audit'
            using errcode = request ->> 'correlation_id', detail = 'password', hint = 'hint';
    end $$});

my %mapped = (
    '23505' => [409, 'ALREADY_EXISTS'],
    '25006' => [503, 'UNAVAILABLE'],
    '40001' => [503, 'UNAVAILABLE'],
    '40P01' => [503, 'UNAVAILABLE'],
    '53100' => [503, 'UNAVAILABLE'],
    '53300' => [503, 'UNAVAILABLE'],
    '55P03' => [503, 'UNAVAILABLE'],
    '57014' => [504, 'QUERY_TIMEOUT'],
    '57P03' => [503, 'UNAVAILABLE'],
    '08006' => [503, 'UNAVAILABLE'],
    '22012' => [500, 'INTERNAL_ERROR'],
    '23503' => [500, 'INTERNAL_ERROR'],
    '23514' => [500, 'INTERNAL_ERROR'],
    '42501' => [500, 'INTERNAL_ERROR'],
    'P0001' => [500, 'INTERNAL_ERROR'],
    'XX000' => [500, 'INTERNAL_ERROR'],
);

subtest 'what the database raises is mapped, and its words stay inside' => sub {
    for my $state (sort keys %mapped) {
        my ($status, $code) = @{ $mapped{$state} };
        # A conflict of unique keys is no answer unpublish_dashboard declares.
        my $answer = $t->post("$path/unpublish", undef, headers => {'X-Correlation-ID' => $state}, check => $state ne '23505');
        refused($answer, $status, $code, "SQLSTATE $state");
        unlike $answer->body, qr/secret|audit|password|hint|sqlstate|plpgsql/i, 'says nothing of its inside';
        is_deeply $answer->error->{details}, {}, 'no details';
        like $answer->header('Retry-After'), qr/^[1-9]\d*$/, 'Retry-After' if $status == 503;
        is $answer->header('Retry-After'), undef, 'no Retry-After' if $status != 503;
    }
};

subtest 'whichever operation asked' => sub {
    my %failing = ('57014' => [504, 'QUERY_TIMEOUT'], '40001' => [503, 'UNAVAILABLE'], 'XX000' => [500, 'INTERNAL_ERROR']);
    my $asked = 0;
    for my $operation (Http::Operation->canonical) {
        my $name = $operation->name;
        my ($function) = $t->rows(q{
            select p.oid::regprocedure as name from pg_proc as p
            where p.oid = to_regprocedure('api.' || ? || '(jsonb, jsonb)') and p.prorettype = 'api.answer'::regtype}, $name) or next;
        next if $name eq 'unpublish_dashboard' || !$operation->protected && $name ne 'health_ready';
        $t->sql("drop function $function->{name}");
        $t->sql("create function api.$name(request jsonb, body jsonb) returns api.answer language plpgsql
                 as 'begin return api.unpublish_dashboard(request, body); end'");
        $t->sql("grant execute on function api.$name to dashboard_app");
        for my $state (grep { $operation->answers($failing{$_}[0]) } sort keys %failing) {
            $asked++;
            refused($t->request($operation->method, $operation->path . $operation->query, $operation->options,
                headers => {'X-Correlation-ID' => $state}), @{ $failing{$state} }, "$name: SQLSTATE $state");
        }
    }
    cmp_ok $asked, '>', 60, "$asked requests";
};

subtest 'the log has what the answer leaves out' => sub {
    my ($line) = $t->nginx->grep_log(qr/SQLSTATE XX000/);
    like $line, qr/unpublish_dashboard failed/, 'the operation';
    like $line, qr/a secret of table/, 'the database\'s words';
    like $line, qr/correlation id XX000/, 'the correlation id';
};

subtest 'in development the answer has it, too' => sub {
    my $answer = on_port('DEBUG', POST => "$path/unpublish", {'X-Correlation-ID' => '22012', 'Content-Length' => 0});
    refused($answer, 500, 'INTERNAL_ERROR', 'the same error');
    is_deeply $answer->error->{details}{debug}, {sqlstate => '22012', message => 'a secret of table dashboard.audit'},
        'details.debug';
};

subtest 'a function that is not there, or answers nonsense, is an INTERNAL_ERROR' => sub {
    $t->sql('drop function api.publish_dashboard(jsonb, jsonb)');
    refused($t->post("$path/publish"), 500, 'INTERNAL_ERROR', 'not there');
    my %nonsense = (
        'no status'           => q{(null, null, null, null, null, null, null, null)},
        'a status beyond'     => q{(999, null, null, null, null, null, null, null)},
        'a code there is not' => q{(404, 'NONSENSE', null, null, null, null, null, '{"message":"x","details":{}}')},
    );
    for my $why (sort keys %nonsense) {
        $t->sql(qq{create or replace function api.restore_dashboard(request jsonb, body jsonb) returns api.answer
            language sql as \$\$ select $nonsense{$why}::api.answer \$\$});
        my $answer = $t->post("$path/restore", undef, check => 0);
        is $answer->code, 'INTERNAL_ERROR', $why;
        cmp_ok $answer->status, '>=', 400, 'is a failure';
    }
};

done_testing;
