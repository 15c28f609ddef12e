# One name for a request: in the answer's header, in its error, in the audit, in nginx's log and in the
# variables that log_format uses; and W3C trace context beside it.

use lib 't/lib', 't/http/lib';
use Dashboard::Test;
use Dashboard::Util qw(lines_of);
use Http::Fixture qw(audit id refused);

my $t = Dashboard::Test->new(
    as   => 'analyst',
    http => q{log_format names escape=none '$dashboard_correlation_id|$dashboard_traceparent|$status|$dashboard_operation|$dashboard_user|'
        '$dashboard_workspace|$dashboard_role|$dashboard_error_code|$dashboard_subject|$dashboard_db_time|$dashboard_db_wait';},
    server => 'access_log %%PREFIX%%/names.log names;',
)->start;

my $path = '/api/v1/dashboards/' . id('operations');

# What the log says of the request with this id, as a hash.
sub logged ($correlation_id) {
    my ($line) = wait_for(sub { grep {/^\Q$correlation_id\E\|/} lines_of($t->prefix . '/names.log') }, 5) or return {};
    ($line) = grep {/^\Q$correlation_id\E\|/} lines_of($t->prefix . '/names.log');
    my %value;
    @value{qw(id traceparent status operation user workspace role code subject db_time db_wait)} = split /\|/, $line, -1;
    return \%value;
}

subtest 'one that is fit is taken over' => sub {
    for my $given ('a', 'x' x 128, 'ABC.def_0-9', '-', '...', 'req_1') {
        for my $name ('X-Correlation-ID', 'X-Request-ID', 'x-correlation-id') {
            is $t->get($path, headers => {$name => $given})->header('X-Correlation-ID'), $given, "$name: " . substr $given, 0, 20;
        }
    }
    is $t->get($path, headers => {'X-Correlation-ID' => 'mine', 'X-Request-ID' => 'other'})->header('X-Correlation-ID'), 'mine',
        'X-Correlation-ID before X-Request-ID';
    is $t->get($path, headers => {'X-Correlation-ID' => 'not fit', 'X-Request-ID' => 'other'})->header('X-Correlation-ID'), 'other',
        'unless it is unfit';
};

subtest 'one that is not is replaced by a new one' => sub {
    my %seen;
    for my $given ('', 'x' x 129, 'a b', 'a/b', "caf\xe9", '<script>', 'a;b', '"', '{}', 'a,b', '%0a', undef) {
        my $id = $t->get($path, headers => {'X-Correlation-ID' => $given})->header('X-Correlation-ID');
        like $id, qr/^req_[0-9A-HJKMNP-TV-Z]{26}$/, 'made: req_ and 26 characters';
        ok !$seen{$id}++, 'and never twice';
    }
    my ($first, $second) = map { $t->get($path)->header('X-Correlation-ID') } 1, 2;
    cmp_ok substr($first, 0, 14), 'le', substr($second, 0, 14), 'it begins with the time';
};

subtest 'every answer has it, whoever made it' => sub {
    my %header = (headers => {'X-Correlation-ID' => 'everywhere'});
    my @answers = (
        $t->get($path, %header), $t->head($path, %header), $t->get($path, %header, if_none_match => '"v1"'),
        $t->get('/health/live', %header), $t->get('/health/ready', %header), $t->get('/api/v1/openapi.json', %header),
        $t->post('/api/v1/widgets/query', {widgets => [id('kpi')]}, %header),
        $t->post('/api/v1/widgets/query', {widgets => [id('kpi')]}, %header, accept => 'application/x-ndjson'),
        $t->request(OPTIONS => $path, %header), $t->delete("$path/nothing", %header), $t->post($path, {}, %header),
        $t->patch($path, {name => 1}, %header), $t->patch($path, {name => 'x'}, %header), $t->get($path, %header, token => undef),
        $t->get($path, %header, accept => 'text/html'), $t->get('/api/' . 'x' x 5000, %header),
        $t->delete('/api/v1/widgets/' . id('note'), %header, if_match => '"v1"'),
    );
    my %status = map { $_->status => 1 } @answers;
    cmp_ok scalar(keys %status), '>=', 9, 'of statuses ' . join ' ', sort keys %status;
    is $_->header('X-Correlation-ID'), 'everywhere', 'status ' . $_->status for @answers;
    is $_->error->{correlation_id}, 'everywhere', 'in the error of ' . $_->status for grep { $_->status >= 400 } @answers;
};

subtest 'the audit has it, of success, conflict and denial' => sub {
    $t->patch($path, {name => 'Renamed'}, if_match => '*', headers => {'X-Correlation-ID' => 'success'});
    $t->patch($path, {name => 'Again'}, if_match => '"v1"', headers => {'X-Correlation-ID' => 'conflict'});
    $t->patch($path, {name => 'Mine'}, if_match => '*', as => 'viewer', headers => {'X-Correlation-ID' => 'denied'});
    for my $outcome (qw(success conflict denied)) {
        my @rows = audit($t, 'correlation_id = ?', $outcome);
        is scalar @rows, 1, 'one row';
        is_deeply [@{ $rows[0] }{qw(outcome operation actor_id address)}],
            [$outcome, 'patch_dashboard', $t->user_id($outcome eq 'denied' ? 'viewer' : 'analyst'), '127.0.0.1'], $outcome;
    }
    my ($event) = $t->rows(q{select * from dashboard.event where payload ->> 'correlation_id' = 'success'});
    is $event->{kind}, 'dashboard.update', 'so does the event';
    is $t->sql(q{select count(*) from dashboard.audit where correlation_id = 'everywhere'}), 1, 'nothing else was recorded but the widget deleted above';
};

subtest 'the log\'s variables say what a request was' => sub {
    my $read = logged($t->get($path)->header('X-Correlation-ID'));
    is_deeply {%$read{qw(status operation user workspace role code subject)}}, {
        status => 200, operation => 'get_dashboard', user => $t->user_id('analyst'), workspace => id('flights'),
        role => 'analyst', code => '', subject => 'user:' . $t->user_id('analyst')
    }, 'a success';
    like $read->{db_time}, qr/^\d+\.\d{3}$/, 'seconds in the database';
    like $read->{db_wait}, qr/^\d+\.\d{3}$/, 'and before it';

    my $stale = logged($t->patch($path, {name => 'x'}, if_match => '"v0"')->header('X-Correlation-ID'));
    is "$stale->{status} $stale->{code} $stale->{operation}", '412 CONFLICT patch_dashboard', 'a conflict';
    my $nobody = logged($t->get($path, token => undef)->header('X-Correlation-ID'));
    is "$nobody->{status} $nobody->{code} $nobody->{user} $nobody->{subject}", '401 UNAUTHENTICATED  address:127.0.0.1', 'without a token';
    my $forged = logged($t->get($path, token => $t->token('analyst', key => 'x' x 32))->header('X-Correlation-ID'));
    is "$forged->{user} $forged->{subject}", ' address:127.0.0.1', 'a token that is forged says nothing';
    my $nowhere = logged($t->get('/api/v1/nothing')->header('X-Correlation-ID'));
    is "$nowhere->{status} $nowhere->{code} $nowhere->{operation}", '404 NOT_FOUND ', 'no operation';
    my $long = logged($t->get('/api/v1/' . 'x' x 50_000)->header('X-Correlation-ID'));
    is "$long->{status} $long->{code}", '414 URI_TOO_LONG', 'nginx\'s own error';
};

subtest 'a valid traceparent is passed on, another is not' => sub {
    my $seen = sub ($given) { logged($t->get($path, headers => {traceparent => $given})->header('X-Correlation-ID'))->{traceparent} };
    my $good = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    is $seen->($good), $good, 'valid';
    is $seen->('cc' . substr $good, 2), 'cc' . substr($good, 2), 'of a later version';
    for my $bad ('', 'x', substr($good, 0, -1), "$good-x", 'ff' . substr($good, 2), uc $good, $good =~ s/-b7/_b7/r,
        '00-' . '0' x 32 . '-b7ad6b7169203331-01', '00-0af7651916cd43dd8448eb211c80319c-' . '0' x 16 . '-01', $good =~ s/a/g/r) {
        is $seen->($bad), '', "not \"$bad\"";
    }
};

done_testing;
