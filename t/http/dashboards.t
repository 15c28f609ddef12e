# Dashboards are created, replaced, changed and deleted as api/openapi.yaml says, and each change leaves a
# version, an audit row and an event.

use lib 't/lib', 't/http/lib';
use Dashboard::Test;
use Http::Fixture qw(audit dashboard_now id refused);

my $t    = Dashboard::Test->new(as => 'analyst')->start;
my $base = '/api/v1/dashboards';

# A new dashboard with these members; its id.
sub create (%member) {
    my $answer = $t->post($base, {name => 'New', %member});
    is $answer->status, 201, 'created' or diag $answer->body;
    return $answer->data->{id};
}

# How many rows of each kind a piece of work left behind.
sub traces ($work) {
    my $count = sub {
        return map { $t->sql("select count(*) from dashboard.$_") } qw(dashboard_version audit event);
    };
    my @before = $count->();
    $work->();
    my @after = $count->();
    return join ' ', map { $after[$_] - $before[$_] } 0 .. 2;
}

my %whole = (
    name        => 'Whole',
    description => 'With everything',
    visibility  => 'workspace',
    layout      => {columns => 12, row_height => 80},
    filters     => [{name => 'carrier', label => 'Carrier'}],
    variables   => [{name => 'airport', default => 'SEA'}],
    tags        => ['flights', 'live'],
    metadata    => {theme => {dark => 1}},
    facility_id => id('sea'),
);

subtest 'a name is enough to create one' => sub {
    my $answer = $t->post($base, {name => 'Small'});
    is $answer->status, 201, 'it is made';
    my $made = $answer->data;
    is_deeply {%$made{qw(name description visibility status published_version layout filters variables tags
        metadata is_default facility_id deleted_at widgets version etag)}}, {
        name => 'Small', description => undef, visibility => 'private', status => 'draft',
        published_version => undef, layout => {}, filters => [], variables => [], tags => [], metadata => {},
        is_default => Cpanel::JSON::XS::false(), facility_id => undef, deleted_at => undef, widgets => [],
        version => 1, etag => '"v1"'
    }, 'the rest is as declared';
    is $made->{owner_id}, $t->user_id('analyst'), 'it is its creator\'s';
    is $made->{workspace_id}, id('flights'), 'in the only workspace they have';
    is $answer->etag, '"v1"', 'ETag';
    is $answer->header('Location'), "$base/$made->{id}", 'Location';
    is_deeply $t->get($answer->header('Location'))->data, $made, 'where it can be read';
};

subtest 'all members and widgets can be given at once' => sub {
    my @widgets = (
        {type => 'kpi', title => 'One', x => 1, y => 2, width => 3, height => 4, config => {a => 1},
            query => {query_id => id('by_carrier'), params => {carrier => 'AA'}}, drill_through => {to => 'x'},
            cross_filter => {on => 'y'}, refresh_interval => 60, cache_ttl => 0},
        {type => 'note', id => '00000000-0000-4000-8000-00000000a001'},
    );
    my $id;
    is traces(sub { $id = create(%whole, widgets => \@widgets) }), '1 1 1', 'one version, one audit row, one event';
    my $now = dashboard_now($t, $id);
    is_deeply {%$now{keys %whole}}, \%whole, 'the members';
    my ($note, $kpi) = @{ $now->{widgets} };
    is_deeply {%$kpi{keys %{ $widgets[0] }}}, $widgets[0], 'a widget';
    is $note->{id}, $widgets[1]{id}, 'one under the id of its choice, first by its place';
    is $_->{dashboard_id}, $id, 'on this dashboard' for $note, $kpi;
    my ($row) = audit($t, 'resource_id = ?', $id);
    is "$row->{action} $row->{outcome} $row->{actor_id}", 'create success ' . $t->user_id('analyst'), 'audit row';
};

subtest 'a workspace is named by those who have several' => sub {
    refused($t->post($base, {name => 'x'}, as => 'colleague'), 400, 'VALIDATION_ERROR', 'two', '/workspace_id');
    my $answer = $t->post($base, {name => 'x', workspace_id => id('other')}, as => 'colleague');
    is $answer->status, 201, 'named';
    is $answer->data->{workspace_id}, id('other'), 'and taken';
};

subtest 'what cannot be known before the database looks is named, too' => sub {
    my $known = {query_id => id('by_carrier')};
    my @cases = (
        ['/facility_id' => facility_id => id('unknown')],
        ['/facility_id' => facility_id => id('lhr')],
        ['/widgets/0/query/query_id' => widgets => [{type => 'kpi', query => {query_id => id('unknown')}}]],
        ['/widgets/0/query/query_id' => widgets => [{type => 'kpi', query => {query_id => id('elsewhere_query')}}]],
        ['/widgets/0/query' => widgets => [{type => 'kpi', query => {}}]],
        ['/widgets/0/query' => widgets => [{type => 'kpi', query => {%$known, metric => 'x'}}]],
        ['/widgets/1/query/params/nonsense' => widgets => [{type => 'note'}, {type => 'kpi', query => {%$known, params => {nonsense => 1}}}]],
        ['/widgets/0/query/params/carrier' => widgets => [{type => 'kpi', query => {%$known, params => {carrier => 'ZZ'}}}]],
        ['/widgets/0/query/params/min_delay' => widgets => [{type => 'kpi', query => {%$known, params => {min_delay => 'x'}}}]],
        ['/widgets/1/id' => widgets => [map { {type => 'note', id => id('unknown')} } 1, 2]],
    );
    my $work = sub {
        for my $case (@cases) {
            my ($field, @member) = @$case;
            refused($t->post($base, {name => 'x', @member}), 400, 'VALIDATION_ERROR', "POST: $field", $field);
            refused($t->put("$base/" . id('operations'), {name => 'x', @member}, if_match => '*'),
                400, 'VALIDATION_ERROR', "PUT: $field", $field);
        }
    };
    is traces($work), '0 0 0', 'and nothing is left of it';
    refused($t->post($base, {name => 'x', widgets => [{type => 'note', id => id('kpi')}]}), 409, 'ALREADY_EXISTS',
        'an id that another dashboard\'s widget has', '/widgets/0/id');
};

subtest 'PATCH is a merge patch (RFC 7396)' => sub {
    my $id = create(%whole, metadata => {keep => 1, drop => 2, deep => {a => 1, b => 2}});
    my $answer;
    my $work = sub {
        $answer = $t->patch("$base/$id", {name => 'Renamed', description => undef, tags => ['x'],
            metadata => {drop => undef, deep => {b => 3, c => [undef]}, more => 4}}, if_match => '"v1"');
    };
    is traces($work), '1 1 1', 'one version, one audit row, one event';
    is $answer->status, 200, 'it is done';
    is $answer->etag, '"v2"', 'ETag';
    my $now = $answer->data;
    is $now->{version}, 2, 'version';
    is $now->{name}, 'Renamed', 'what is given is taken';
    is $now->{description}, undef, 'null removes';
    is_deeply $now->{tags}, ['x'], 'arrays are replaced';
    is_deeply $now->{metadata}, {keep => 1, deep => {a => 1, b => 3, c => [undef]}, more => 4}, 'objects are merged';
    is_deeply $now->{layout}, $whole{layout}, 'the rest stays';
    is_deeply dashboard_now($t, $id), $now, 'and GET says the same';
    cmp_ok $now->{updated_at}, 'gt', $now->{created_at}, 'updated_at';

    is $t->patch("$base/$id", {visibility => 'org'}, if_match => '"v2"', type => 'application/merge-patch+json')->status,
        200, 'under its own media type';
    my $reset = $t->patch("$base/$id", {map { $_ => undef } qw(layout filters variables tags metadata facility_id)},
        if_match => '"v3"')->data;
    is_deeply {%$reset{qw(layout filters variables tags metadata facility_id)}},
        {layout => {}, filters => [], variables => [], tags => [], metadata => {}, facility_id => undef},
        'null resets to the default';
    my ($row) = reverse audit($t, 'resource_id = ? and version = 2', $id);
    my $changes = Cpanel::JSON::XS::decode_json($row->{changes});
    is_deeply [sort map { $_->{path} } @$changes],
        [qw(/description /metadata/deep/b /metadata/deep/c /metadata/drop /metadata/more /name /tags)],
        'the audit row says which members changed';
};

subtest 'PUT replaces, and what is left out gets its default' => sub {
    my $id = create(%whole, widgets => [{type => 'note', title => 'Stays'}]);
    my $answer = $t->put("$base/$id", {name => 'Replaced'}, if_match => '"v1"');
    is $answer->status, 200, 'it is done';
    my $now = $answer->data;
    is_deeply {%$now{qw(name description visibility layout filters variables tags metadata facility_id)}},
        {name => 'Replaced', description => undef, visibility => 'private', layout => {}, filters => [],
            variables => [], tags => [], metadata => {}, facility_id => undef}, 'defaults';
    is $now->{widgets}[0]{title}, 'Stays', 'widgets that are left out stay';
    is_deeply $t->put("$base/$id", {name => 'Replaced', widgets => []}, if_match => '"v2"')->data->{widgets}, [],
        'an empty list takes them off';
};

subtest 'what GET gave can be sent back, changed' => sub {
    my $id  = create(%whole, widgets => [map { {type => 'note', title => "Widget $_", y => $_} } 1 .. 3]);
    my $now = dashboard_now($t, $id);
    my $same;
    is traces(sub { $same = $t->put("$base/$id", $now, if_match => $now->{etag}) }), '0 1 0',
        'unchanged: an audit row, no version, no event';
    is $same->etag, '"v1"', 'the version stays';

    my ($first, $second, $third) = @{ $now->{widgets} };
    my %changed = (%$now, name => 'Changed', owner_id => id('unknown'), id => id('unknown'), version => 99,
        workspace_id => id('other'), status => 'published', deleted_at => '2026-01-01T00:00:00Z',
        widgets => [$first, {%$third, title => 'Other'}, {type => 'kpi', title => 'Added', y => 9}]);
    my $answer = $t->put("$base/$id", \%changed, if_match => '"v1"');
    is $answer->status, 200, 'changed';
    my $after = $answer->data;
    is "$after->{id} $after->{version} $after->{owner_id} $after->{workspace_id} $after->{status}",
        "$id 2 $now->{owner_id} $now->{workspace_id} draft", 'what is read-only has no effect';
    is_deeply [map {"$_->{title} $_->{etag}"} @{ $after->{widgets} }],
        ['Widget 1 "v1"', 'Other "v2"', 'Added "v1"'], 'widgets: one kept, one changed, one new, one gone';
    is $after->{widgets}[1]{id}, $third->{id}, 'a widget keeps its identity by its id';
    refused($t->get("/api/v1/widgets/$second->{id}"), 404, 'NOT_FOUND', 'the one left out is gone');
};

subtest 'PUT with If-None-Match: * creates under an id of one\'s choice, once' => sub {
    my $id     = '00000000-0000-4000-8000-00000000a100';
    my $answer = $t->put("$base/$id", {name => 'Mine', workspace_id => id('flights')}, if_none_match => '*');
    is $answer->status, 201, 'it is made';
    is $answer->header('Location'), "$base/$id", 'Location';
    is "$answer->{status} " . $answer->etag, '201 "v1"', 'ETag';
    my $again = $t->put("$base/$id", {name => 'Again'}, if_none_match => '*');
    refused($again, 412, 'CONFLICT', 'again');
    is $again->error->{details}{currentEtag}, '"v1"', 'with the tag it has';
    is dashboard_now($t, $id)->{name}, 'Mine', 'and nothing changed';
    refused($t->put("$base/" . id('unknown'), {name => 'x'}, if_none_match => '"v1"'), 404, 'NOT_FOUND',
        'a tag in If-None-Match creates nothing');
    my $odd = '00000000-0000-4000-8000-00000000A1FF';
    is $t->put("$base/$odd", {name => 'x'}, if_none_match => '*')->data->{id}, lc $odd, 'ids are told in lower case';
    is $t->get("$base/$odd")->status, 200, 'and found in either';
};

subtest 'an owner has one default in a workspace' => sub {
    my ($first, $second) = (create(is_default => \1), create());
    ok dashboard_now($t, $first)->{is_default}, 'the first';
    is $t->patch("$base/$second", {is_default => \1}, if_match => '"v1"')->status, 200, 'then the second';
    my ($one, $two) = map { dashboard_now($t, $_) } $first, $second;
    ok !$one->{is_default} && $two->{is_default}, 'takes the mark from the first';
    is "$one->{etag} $two->{etag}", '"v2" "v2"', 'which is a change of both';
};

subtest 'DELETE puts it into the trash' => sub {
    my $id = create(widgets => [{type => 'note'}]);
    my $widget = dashboard_now($t, $id)->{widgets}[0]{id};
    my $answer;
    is traces(sub { $answer = $t->delete("$base/$id", if_match => '"v1"') }), '1 1 1', 'one version, one audit row, one event';
    is $answer->status, 204, 'it is done';
    is $answer->body, '', 'no body';
    is $answer->header('Content-Length') // 'none', 'none', 'and no length of one';
    refused($t->get("$base/$id"), 404, 'NOT_FOUND', 'gone');
    refused($t->get("/api/v1/widgets/$widget"), 404, 'NOT_FOUND', 'with its widgets');
    refused($t->delete("$base/$id", if_match => '*'), 404, 'NOT_FOUND', 'and cannot be deleted again');
};

subtest 'events tell what changed, and an event is announced' => sub {
    my $dbh = $t->dbh;
    $dbh->do('listen dashboard_event');
    my $id = create();
    my $note = wait_for(sub { $dbh->ping; $dbh->func('pg_notifies') }) or return fail 'no NOTIFY';
    my $message = Cpanel::JSON::XS::decode_json($note->[2]);
    ok scalar(grep { $_ eq "dashboard:$id" } @{ $message->{tags} }), 'by its tag';
    my ($event) = $t->rows('select * from dashboard.event where id = ?', $message->{id});
    is $event->{kind}, 'dashboard.create', 'what it was';
    $dbh->do('unlisten dashboard_event');
};

done_testing;
