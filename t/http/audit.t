# GET /audit and GET /audit/verify: who sees what happened, found by every filter, page by page, and the
# proof that it is as it was written.

use lib 't/lib', 't/http/lib';
use Dashboard::Test;
use Dashboard::Util qw(free_port);
use Http::Fixture qw(audit id refused);
use Http::Login qw(login login_server);

my $shared = free_port();
my $t      = login_server(
    as      => 'admin',
    workers => 2,
    timeout => '60s',
    values  => {SHARED => $shared},
    servers => <<'CONF',
    server {
        listen 127.0.0.1:%%SHARED%% reuseport;
        location /api/ { dashboard_api; add_header X-Worker $pid always; }
    }
CONF
)->start;

my $path = '/api/v1/dashboards/' . id('operations');

# The entries that a user sees, oldest first; each as '<operation> <outcome>'.
sub seen ($as, %query) {
    my $answer = $t->get('/api/v1/audit', as => $as, query => {limit => 200, %query});
    return $answer->status if $answer->status != 200;
    return [map {"$_->{operation} $_->{outcome}"} grep { $_->{resource_type} ne 'audit' } reverse @{ $answer->data }];
}

sub verified ($as = 'admin') {
    return $t->get('/api/v1/audit/verify', as => $as)->data;
}

# What happens in each place, by those who work there.
my $name = 0;
sub patch_as ($as, $of = $path, %option) {
    return $t->patch($of, {name => 'Name ' . ++$name}, as => $as, if_match => '*', %option);
}
my $changed = patch_as('analyst', $path, headers => {'X-Correlation-ID' => 'changed'});
patch_as('analyst', $path, if_match => '"v1"', headers => {'X-Correlation-ID' => 'conflicted'});
patch_as('viewer', $path, headers => {'X-Correlation-ID' => 'refused'});
my $other = $t->post('/api/v1/dashboards', {name => 'Other'}, as => 'neighbour')->data;
patch_as('outsider', '/api/v1/dashboards/' . id('elsewhere'));
login($t, 'analyst', password => 'wrong');
my $session = login($t, 'analyst')->data;
$t->patch($path, {name => 'By session'}, token => $session->{access_token}, if_match => '*');

my @flights = ('patch_dashboard success', 'patch_dashboard conflict', 'patch_dashboard denied', 'patch_dashboard success');
my @other   = ('create_dashboard success');
my @logins  = ('login failure', 'login success');

subtest 'an admin sees what happened in their workspaces, a super_admin what happened in the organisation' => sub {
    is_deeply seen('admin'), \@flights, 'an admin';
    is_deeply seen('super'), [@flights[0 .. 2], @other, @logins, $flights[3]], 'a super_admin';
    is_deeply seen('outsider'), ['patch_dashboard success'], 'another organisation sees its own';
    is_deeply seen('super', workspace_id => id('flights')), \@flights, 'one workspace of the organisation';
    is_deeply seen('super', workspace_id => id('other')), \@other, 'another one';
    is_deeply seen('admin', workspace_id => id('flights')), \@flights, 'the admin\'s own';
};

subtest 'nobody else does, and that is on record' => sub {
    for my $as (qw(analyst viewer colleague neighbour)) {
        for my $target ('/api/v1/audit', '/api/v1/audit/verify', '/api/v1/audit?workspace_id=' . id('flights')) {
            my $answer = $t->get($target, as => $as);
            refused($answer, 403, 'FORBIDDEN', "$as: $target");
            my ($row) = audit($t, 'correlation_id = ?', $answer->header('X-Correlation-ID'));
            is "$row->{resource_type} $row->{outcome} $row->{actor_id}", 'audit denied ' . $t->user_id($as), 'on record';
        }
    }
    refused($t->get('/api/v1/audit?workspace_id=' . id('other'), as => 'admin'), 403, 'FORBIDDEN', 'an admin of another workspace');
    refused($t->get('/api/v1/audit?workspace_id=' . id($_), as => 'super'), 404, 'NOT_FOUND', "a workspace that is not there: $_")
        for qw(abroad unknown);
    for my $target ('/api/v1/audit', '/api/v1/audit/verify') {
        refused($t->get($target, as => 'disabled'), 401, 'UNAUTHENTICATED', "a disabled user: $target");
        refused($t->get($target, token => undef), 401, 'UNAUTHENTICATED', "nobody: $target");
        is $t->get($target)->header('Cache-Control'), 'no-store', "nobody keeps $target";
        refused($t->post($target, {}), 405, 'METHOD_NOT_ALLOWED', "nobody adds to $target");
    }
};

subtest 'an entry says who changed what, when, from where and by which request' => sub {
    my ($entry) = @{ $t->get('/api/v1/audit?correlation_id=changed')->data };
    my %given = map { $_ => delete $entry->{$_} } qw(id created_at lane sequence hash);
    is_deeply $entry, {
        workspace_id => id('flights'), actor_id => $t->user_id('analyst'), session_id => undef, api_key_id => undef,
        action => 'update', operation => 'patch_dashboard', resource_type => 'dashboard', resource_id => id('operations'),
        version => 2, outcome => 'success', address => '127.0.0.1', correlation_id => 'changed', details => {},
        changes => [{op => 'replace', path => '/name', old => 'Operations', value => 'Name 1'}],
    }, 'the entry';
    like $given{created_at}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/, 'its time';
    is $given{created_at}, $t->sql(q{select dashboard.rfc3339(created_at) from dashboard.audit where correlation_id = 'changed'}), 'as it was';
    my ($by_session) = @{ $t->get('/api/v1/audit', query => {limit => 1, action => 'update'})->data };
    is $by_session->{session_id}, Http::Login::claims($session->{access_token})->{sid}, 'the session by which the actor came';
};

subtest 'every filter finds what it names' => sub {
    my ($middle) = map { $_->{created_at} } @{ $t->get('/api/v1/audit?correlation_id=conflicted')->data };
    for my $case (
        [{actor => $t->user_id('viewer')}, [$flights[2]]],
        [{actor => id('unknown')}, []],
        [{action => 'create'}, \@other],
        [{action => 'login'}, \@logins],
        [{action => 'login', outcome => 'failure'}, ['login failure']],
        [{resource_type => 'user'}, \@logins],
        [{resource_type => 'widget'}, []],
        [{resource_id => $other->{id}}, \@other],
        [{outcome => 'success', resource_id => id('operations')}, [@flights[0, 3]]],
        [{outcome => 'conflict'}, [$flights[1]]],
        [{outcome => 'denied', resource_type => 'dashboard'}, [$flights[2]]],
        [{outcome => 'failure'}, ['login failure']],
        [{correlation_id => 'refused'}, [$flights[2]]],
        [{from => $middle, resource_type => 'dashboard'}, [@flights[1, 2], @other, $flights[3]]],
        [{to => $middle}, [$flights[0]]],
        [{from => $middle, to => $middle}, []],
        [{to => '2001-01-01T00:00:00+02:00'}, []],
        [{workspace_id => id('flights'), actor => $t->user_id('analyst'), outcome => 'conflict'}, [$flights[1]]],
        [{workspace_id => id('other'), correlation_id => 'changed'}, []],
        )
    {
        my ($query, $wanted) = @$case;
        is_deeply seen('super', %$query), $wanted, join ' ', map {"$_=$query->{$_}"} sort keys %$query;
    }
};

subtest 'what makes no sense is refused by its name' => sub {
    for my $case (
        [workspace_id => 'x'], [actor => 'analyst'], [resource_id => '1'], [outcome => 'maybe'], [from => 'yesterday'],
        [to => '2026-02-30T00:00:00Z'], [limit => 0], [limit => 201], [action => ''], [user => 'x'],
        [cursor => 'x'], [cursor => 'WyJhdWRpdCIsWyJ4IiwiMSJdXQ'], [cursor => 'WyJhdWRpdCIsWyIyMDI2LTAxLTAxVDAwOjAwOjAwWiIsIi0xIl1d'],
        )
    {
        my ($parameter, $value) = @$case;
        refused($t->get('/api/v1/audit', query => {$parameter => $value}), 400, 'VALIDATION_ERROR', "$parameter=$value", $parameter);
    }
    refused($t->get('/api/v1/audit?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z'), 400, 'VALIDATION_ERROR', 'from after to', 'from');
    my $dashboards = $t->get('/api/v1/dashboards?limit=1', as => 'analyst')->{json}{page}{next};
    refused($t->get('/api/v1/audit', query => {cursor => $dashboards}), 400, 'VALIDATION_ERROR', 'another list\'s cursor', 'cursor')
        if defined $dashboards;
};

subtest 'pages hold together, whatever happens meanwhile' => sub {
    my @whole = map { $_->{id} } @{ $t->get('/api/v1/audit', query => {limit => 200, resource_type => 'dashboard'})->data };
    cmp_ok scalar @whole, '>=', 4, 'there is something to page through';
    my (@paged, $cursor);
    while (@paged <= @whole) {
        my $answer = $t->get('/api/v1/audit', query => {limit => 1, resource_type => 'dashboard', defined $cursor ? (cursor => $cursor) : ()});
        push @paged, map { $_->{id} } @{ $answer->data };
        $cursor = $answer->json->{page}{next} // last;
        patch_as('analyst');
    }
    is_deeply \@paged, \@whole, 'one by one they are the whole';
    is_deeply [sort { $b <=> $a } @whole], \@whole, 'the newest first';
};

subtest 'reading it is on record, too' => sub {
    my $answer = $t->get('/api/v1/audit?action=login');
    my ($row) = audit($t, 'correlation_id = ?', $answer->header('X-Correlation-ID'));
    is "$row->{action} $row->{resource_type} $row->{outcome} $row->{actor_id}", 'read audit success ' . $t->user_id('admin'), 'the list';
    like $row->{details}, qr/"action": "login"/, 'and what was asked for';
    $answer = $t->get('/api/v1/audit/verify');
    ($row) = audit($t, 'correlation_id = ?', $answer->header('X-Correlation-ID'));
    is "$row->{action} $row->{outcome}", 'verify success', 'the verification';
};

# The second server's port is shared out between the workers by the kernel, connection by connection.
sub connections ($each) {
    my %of_worker;
    for (1 .. 20 * $each) {
        my $raw = Dashboard::Raw->new($shared);
        $raw->send(GET => '/api/v1/openapi.json', {});
        my $worker = $raw->read_response->header('X-Worker');
        push @{ $of_worker{$worker} }, $raw if @{ $of_worker{$worker} // [] } < $each;
        return %of_worker if keys %of_worker == 2 && !grep { @$_ < $each } values %of_worker;
    }
    return;
}

subtest '200 PATCHes at once over two workers leave a whole chain' => sub {
    my %of_worker = connections(100);
    my @all       = map { @$_ } values %of_worker or return fail 'two workers';
    my $before    = $t->sql('select max(id) from dashboard.audit');
    my $bearer    = 'Bearer ' . $t->token('analyst');
    my @targets   = map { "/api/v1/dashboards/$_->{id}" } map { $t->post('/api/v1/dashboards', {name => "D$_"}, as => 'analyst')->data } 1 .. 8;
    for my $n (0 .. $#all) {
        $all[$n]->send(
            PATCH => $targets[$n % 8],
            {Authorization => $bearer, 'Content-Type' => 'application/json', 'If-Match' => $n % 2 ? '*' : '"v1"', 'X-Correlation-ID' => "n$n"},
            qq({"name": "N$n"}));
    }
    my %outcome = map { $_ => $all[$_]->read_response(60)->status } 0 .. $#all;
    is scalar(grep { $_ != 200 && $_ != 412 } values %outcome), 0, 'all are answered';
    is_deeply {map { $_->{correlation_id} => $_->{outcome} } audit($t, q{id > ? and operation = 'patch_dashboard'}, $before)},
        {map { ("n$_" => $outcome{$_} == 200 ? 'success' : 'conflict') } keys %outcome}, 'each left one row';
    cmp_ok $t->sql('select count(distinct lane) from dashboard.audit where id > ?', $before), '>', 1, 'in several lanes';
    my $found = verified();
    ok $found->{intact}, 'the chain is whole' or diag explain $found->{problems};
    is_deeply $found->{problems}, [], 'nothing is wrong with it';
    is $found->{organisation_id}, id('demo'), 'the organisation\'s';
    is $t->sql(q{select count(*) from dashboard.audit where organisation_id = ? and operation <> 'verify_audit'}, id('demo')),
        $t->sql(q{select sum(sequence) from dashboard.audit_head where organisation_id = ?}, id('demo'))
        - $t->sql(q{select count(*) from dashboard.audit where organisation_id = ? and operation = 'verify_audit'}, id('demo')),
        'its heads count every row';
};

subtest 'the newest of each lane is named, to be kept elsewhere' => sub {
    my %before = map { $_->{lane} => "$_->{sequence} $_->{hash}" }
        $t->rows(q{select lane, sequence, encode(hash, 'hex') as hash from dashboard.audit_head where organisation_id = ? and sequence > 0}, id('demo'));
    is_deeply {map { $_->{lane} => "$_->{sequence} $_->{hash}" } @{ verified()->{heads} }}, \%before, 'the heads';
};

subtest 'what a superuser changes is found' => sub {
    my ($row) = audit($t, q{correlation_id = 'changed'});
    $t->sql('set session_replication_role = replica');
    $t->sql(q{update dashboard.audit set actor_id = ? where id = ?}, id('unknown'), $row->{id});
    my $answer = $t->get('/api/v1/audit/verify');
    my $found  = $answer->data;
    ok !$found->{intact}, 'not as it was';
    is_deeply $found->{problems}, [{lane => $row->{lane}, sequence => $row->{sequence}, audit_id => $row->{id}, problem => 'altered'}], 'and where';
    my ($told) = audit($t, 'correlation_id = ?', $answer->header('X-Correlation-ID'));
    is $told->{outcome}, 'failure', 'which is on record';
    ok verified('outsider')->{intact}, 'another organisation\'s trail is whole';
    $t->sql(q{update dashboard.audit set actor_id = ? where id = ?}, $row->{actor_id}, $row->{id});
    ok verified()->{intact}, 'put back, it is whole again';
};

done_testing;
