# Widgets are created, replaced, changed and deleted as api/openapi.yaml says; each has a version of its
# own, and each change of one raises its dashboard's.

use lib 't/lib', 't/http/lib';
use Dashboard::Test;
use Http::Fixture qw(audit dashboard_now id refused);

my $t    = Dashboard::Test->new(as => 'analyst')->start;
my $base = '/api/v1/widgets';
my $home = id('operations');

# The version of the dashboard that the widgets stand on.
sub version () {
    return $t->sql('select version from dashboard.dashboard where id = ?', $home);
}

# Whether a piece of work raised that version, and by how much.
sub raised ($work) {
    my $before = version();
    $work->();
    return version() - $before;
}

sub create (%member) {
    my $answer = $t->post($base, {dashboard_id => $home, type => 'note', %member});
    is $answer->status, 201, 'created' or diag $answer->body;
    return $answer->data->{id};
}

my %whole = (
    type          => 'line',
    title         => 'Delays',
    x             => 1,
    y             => 20,
    width         => 5,
    height        => 6,
    config        => {unit => 'min'},
    query         => {query_id => id('by_carrier'), params => {carrier => 'BB', min_delay => 3}},
    drill_through => {dashboard => 'x'},
    cross_filter  => {on => 'carrier'},
    refresh_interval => 0,
    cache_ttl        => 3600,
);

subtest 'a dashboard and a type are enough to create one' => sub {
    my $answer;
    is raised(sub { $answer = $t->post($base, {dashboard_id => $home, type => 'note'}) }), 1,
        'the dashboard goes up by one version';
    is $answer->status, 201, 'it is made';
    my $made = $answer->data;
    is $answer->header('Location'), "$base/$made->{id}", 'Location';
    is "$made->{etag} " . $answer->etag, '"v1" "v1"', 'ETag, in the body too';
    is_deeply $t->get($answer->header('Location'))->data, $made, 'where it can be read';
    ok scalar(grep { $_->{id} eq $made->{id} } @{ dashboard_now($t, $home)->{widgets} }), 'on its dashboard';
};

subtest 'members left out get the defaults the document names' => sub {
    my $declared = Dashboard::OpenAPI->instance->{document}{components}{schemas}{WidgetCreate}{properties};
    my $made     = $t->post($base, {dashboard_id => $home, type => 'note'})->data;
    for my $name (grep { exists $declared->{$_}{default} } sort keys %$declared) {
        is_deeply $made->{$name}, $declared->{$name}{default}, $name;
    }
};

subtest 'all members can be given' => sub {
    my $id = create(%whole);
    is_deeply {%{ $t->get("$base/$id")->data }{keys %whole}}, \%whole, 'and come back';
    my ($row) = audit($t, 'resource_id = ?', $id);
    is "$row->{action} $row->{resource_type} $row->{operation} $row->{outcome}", 'create widget create_widget success', 'audit row';
};

subtest 'every type of widget is taken' => sub {
    for my $type (qw(kpi line area bar table heatmap map note chart)) {
        is $t->get("$base/" . create(type => $type))->data->{type}, $type, $type;
    }
};

subtest 'what only the database knows is named' => sub {
    my @cases = (
        ['/query/query_id'        => {query_id => id('unknown')}],
        ['/query/query_id'        => {query_id => id('elsewhere_query')}],
        ['/query'                 => {params   => {}}],
        ['/query'                 => {query_id => id('by_carrier'), metric => 'x'}],
        ['/query/params/nonsense' => {query_id => id('by_carrier'), params => {nonsense => 1}}],
        ['/query/params/carrier'  => {query_id => id('by_carrier'), params => {carrier  => 'ZZ'}}],
        ['/query/params/carrier'  => {query_id => id('by_carrier'), params => {carrier  => ['AA']}}],
        ['/query/params/a_date'   => {query_id => id('every_type'), params => {a_date   => '2026-02-30'}}],
        ['/query/params/a_uuid'   => {query_id => id('every_type'), params => {a_uuid   => 'x'}}],
    );
    my $work = sub {
        for my $case (@cases) {
            my ($field, $query) = @$case;
            refused($t->post($base, {dashboard_id => $home, type => 'kpi', query => $query}),
                400, 'VALIDATION_ERROR', "POST: $field", $field);
            refused($t->put("$base/" . id('kpi'), {type => 'kpi', query => $query}, if_match => '*'),
                400, 'VALIDATION_ERROR', "PUT: $field", $field);
            refused($t->patch("$base/" . id('note'), {query => $query}, if_match => '*'),
                400, 'VALIDATION_ERROR', "PATCH: $field", $field);
        }
    };
    is raised($work), 0, 'and nothing is left of it';
};

subtest 'a dashboard that one cannot see, or may not change, takes no widget' => sub {
    my $on = sub ($dashboard, %option) { $t->post($base, {dashboard_id => $dashboard, type => 'note'}, %option) };
    refused($on->(id('unknown')), 404, 'NOT_FOUND', 'unknown');
    refused($on->(id('elsewhere')), 404, 'NOT_FOUND', 'another organisation\'s');
    refused($on->(id('private'), as => 'viewer'), 404, 'NOT_FOUND', 'somebody\'s own');
    refused($on->($home, as => 'viewer'), 403, 'FORBIDDEN', 'who may only look');
};

subtest 'PATCH is a merge patch, down into the query' => sub {
    my $id = create(%whole);
    my $answer;
    is raised(sub {
        $answer = $t->patch("$base/$id", {x => 3, title => undef, config => {more => [1]},
            query => {params => {min_delay => undef, carrier => 'CC'}}}, if_match => '"v1"');
    }), 1, 'the dashboard goes up by one version';
    is $answer->status, 200, 'it is done';
    is $answer->etag, '"v2"', 'ETag';
    my $now = $answer->data;
    is_deeply {%$now{keys %whole}}, {%whole, x => 3, title => undef, config => {unit => 'min', more => [1]},
        query => {query_id => id('by_carrier'), params => {carrier => 'CC'}}}, 'merged member by member';
    is "$now->{id} $now->{dashboard_id} $now->{version}", "$id $home 2", 'it is the same widget at its second version';
    is_deeply $t->get("$base/$id")->data, $now, 'and GET says the same';

    my $reset = $t->patch("$base/$id", {map { $_ => undef } qw(config query drill_through cross_filter refresh_interval cache_ttl)},
        if_match => '"v2"', type => 'application/merge-patch+json')->data;
    is_deeply {%$reset{qw(config query drill_through cross_filter refresh_interval cache_ttl)}},
        {config => {}, query => undef, drill_through => undef, cross_filter => undef, refresh_interval => 300, cache_ttl => undef},
        'null resets to the default';
    my ($row) = reverse audit($t, 'resource_id = ? and version = 2', $id);
    is_deeply [sort map { $_->{path} } @{ Cpanel::JSON::XS::decode_json($row->{changes}) }],
        [qw(/config/more /query/params/carrier /query/params/min_delay /title /x)], 'the audit row says what changed';
};

subtest 'PUT replaces, and what GET gave can be sent back' => sub {
    my $id  = create(%whole);
    my $now = $t->get("$base/$id")->data;
    is raised(sub { is $t->put("$base/$id", $now, if_match => '"v1"')->etag, '"v1"', 'unchanged: the same version' }), 0,
        'nor does the dashboard change';
    my $answer = $t->put("$base/$id", {%$now, type => 'bar', dashboard_id => id('private'), id => id('unknown')}, if_match => '"v1"');
    is $answer->status, 200, 'changed';
    is_deeply $answer->data, {%$now, type => 'bar', etag => '"v2"', version => 2, updated_at => $answer->data->{updated_at}},
        'what is read-only has no effect: it stays on its dashboard';
    is $t->put("$base/$id", {type => 'kpi'}, if_match => '"v2"')->data->{title}, undef, 'what is left out gets its default';
};

subtest 'PUT with If-None-Match: * creates under an id of one\'s choice, once' => sub {
    my $id = '00000000-0000-4000-8000-00000000b001';
    refused($t->put("$base/$id", {type => 'note'}, if_none_match => '*'), 400, 'VALIDATION_ERROR', 'it says where', '/dashboard_id');
    my $answer;
    is raised(sub { $answer = $t->put("$base/$id", {type => 'note', dashboard_id => $home}, if_none_match => '*') }), 1,
        'the dashboard goes up by one version';
    is $answer->status, 201, 'it is made';
    is $answer->header('Location'), "$base/$id", 'Location';
    refused($t->put("$base/$id", {type => 'kpi', dashboard_id => $home}, if_none_match => '*'), 412, 'CONFLICT', 'again');
    is $t->get("$base/$id")->data->{type}, 'note', 'and nothing changed';
};

subtest 'DELETE takes it off its dashboard' => sub {
    my $id = create();
    my $answer;
    is raised(sub { $answer = $t->delete("$base/$id", if_match => '"v1"') }), 1, 'the dashboard goes up by one version';
    is $answer->status, 204, 'it is done';
    is $answer->body, '', 'no body';
    refused($t->get("$base/$id"), 404, 'NOT_FOUND', 'gone');
    ok !grep({ $_->{id} eq $id } @{ dashboard_now($t, $home)->{widgets} }), 'from its dashboard, too';
    my $back = $t->put("$base/$id", {type => 'note', dashboard_id => $home}, if_none_match => '*');
    is $back->status, 201, 'an id can be used again';
    isnt $back->etag, '"v1"', 'but a tag never means two things';
};

subtest 'a dashboard has a hundred widgets at most' => sub {
    my $full = $t->post('/api/v1/dashboards', {name => 'Full', widgets => [map { {type => 'note', y => $_} } 1 .. 100]})->data->{id};
    refused($t->post($base, {type => 'note', dashboard_id => $full}), 400, 'VALIDATION_ERROR', 'one more', '/dashboard_id');
    is scalar @{ $t->get("/api/v1/dashboards/$full/widgets")->data }, 100, 'a hundred it has';
};

subtest 'the list goes by rows, then columns, and carries the dashboard\'s tag' => sub {
    my $id = $t->post('/api/v1/dashboards', {name => 'Grid', widgets => [map { {type => 'note', x => $_->[0], y => $_->[1], title => "@$_"} }
        [5, 0], [0, 3], [0, 0], [2, 1], [0, 1]]})->data->{id};
    my $answer = $t->get("/api/v1/dashboards/$id/widgets");
    is_deeply [map { $_->{title} } @{ $answer->data }], ['0 0', '5 0', '0 1', '2 1', '0 3'], 'order';
    is $answer->etag, '"v1"', 'ETag';
    is_deeply $answer->json->{page}, {limit => 100, next => undef}, 'one page';
    is $t->get("/api/v1/dashboards/$id/widgets", if_none_match => '"v1"')->status, 304, 'If-None-Match';
    is_deeply $t->get("/api/v1/dashboards/$id")->data->{widgets}, $answer->data, 'as on the dashboard itself';
};

done_testing;
