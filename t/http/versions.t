# Every change of a dashboard leaves a version; versions can be listed, read, restored, and one of them
# is the published one.

use lib 't/lib', 't/http/lib';
use Dashboard::Test;
use Http::Fixture qw(audit dashboard_now id refused);

my $t    = Dashboard::Test->new(as => 'analyst')->start;
my $base = '/api/v1/dashboards';

my $id = $t->post($base, {name => 'First', tags => ['a'], visibility => 'workspace',
    widgets => [{type => 'note', title => 'Note'}]})->data->{id};
my $path   = "$base/$id";
my $widget = dashboard_now($t, $id)->{widgets}[0]{id};
my @shown  = (undef, dashboard_now($t, $id));

# Ten versions: what the dashboard was at each is kept in @shown.
$t->patch($path, {name => 'Second'}, if_match => '*', as => 'colleague');
push @shown, dashboard_now($t, $id);
$t->patch("/api/v1/widgets/$widget", {title => 'Changed', x => 4}, if_match => '*');
push @shown, dashboard_now($t, $id);
$t->post('/api/v1/widgets', {dashboard_id => $id, type => 'kpi', title => 'Added'});
push @shown, dashboard_now($t, $id);
$t->delete("/api/v1/widgets/$widget", if_match => '*');
push @shown, dashboard_now($t, $id);
for my $n (6 .. 10) {
    $t->patch($path, {name => "Number $n"}, if_match => '*');
    push @shown, dashboard_now($t, $id);
}

subtest 'every change is one version, whoever and whatever changed' => sub {
    is_deeply [map { $_->{version} } @shown[1 .. 10]], [1 .. 10], 'of the dashboard or of a widget';
    my $list = $t->get("$path/versions");
    is_deeply [map {"$_->{version} $_->{etag} $_->{name}"} @{ $list->data }],
        [map {"$_->{version} $_->{etag} $_->{name}"} reverse @shown[1 .. 10]], 'the list has them, the newest first';
    my %by = map { $_->{version} => $_->{created_by} } @{ $list->data };
    is $by{1}, $t->user_id('analyst'),   'whose change it was';
    is $by{2}, $t->user_id('colleague'), 'whose change it was';
    is_deeply $list->json->{page}, {limit => 50, next => undef}, 'on one page';
};

subtest 'the list comes in pages' => sub {
    my (@seen, $cursor);
    for my $page (1 .. 4) {
        my $answer = $t->get("$path/versions?limit=3" . ($cursor ? "&cursor=$cursor" : ''));
        is $answer->status, 200, "page $page";
        push @seen, map { $_->{version} } @{ $answer->data };
        $cursor = $answer->json->{page}{next};
        is defined $cursor, $page < 4, 'next';
        last if !defined $cursor;
    }
    is_deeply \@seen, [reverse 1 .. 10], 'each once';
    my $next = $t->get("$path/versions?limit=3")->json->{page}{next};
    my $other = $t->post($base, {name => 'Other'})->data->{id};
    refused($t->get("$base/$other/versions?cursor=$next"), 400, 'VALIDATION_ERROR', 'a cursor belongs to its dashboard', 'cursor');
    refused($t->get("$path/versions?cursor=$_"), 400, 'VALIDATION_ERROR', "cursor $_", 'cursor')
        for 'x', 'AAAA', "$next$next", '%27%3B--', 'WyJ2ZXJzaW9ucyJd';
};

subtest 'a version shows the dashboard as GET showed it then' => sub {
    for my $version (1 .. 10) {
        my $answer = $t->get("$path/versions/$version");
        is $answer->etag, qq("v$version"), "version $version";
        my %then = %{ $shown[$version] };
        delete $then{permissions};    # are the caller's, not the dashboard's
        is_deeply $answer->data->{dashboard}, \%then, 'the whole of it';
    }
    is $t->get("$path/versions/3", if_none_match => '"v3"')->status, 304, 'it never changes';
    refused($t->get("$path/versions/$_"), 404, 'NOT_FOUND', "version $_") for 11, 9007199254740991;
};

subtest 'restoring one gives its content back, as a new version' => sub {
    my $answer = $t->post("$path/versions/3/restore");
    is $answer->status, 200, 'it is done';
    is $answer->etag, '"v11"', 'history is not rewritten';
    my $now = dashboard_now($t, $id);
    is_deeply $answer->data, $now, 'the answer shows it';
    is_deeply {%$now{qw(name description layout filters variables tags metadata)}},
        {%{ $shown[3] }{qw(name description layout filters variables tags metadata)}}, 'its members';
    my @content = qw(id type title x y width height config query);
    is_deeply [map { {%$_{@content}} } @{ $now->{widgets} }], [map { {%$_{@content}} } @{ $shown[3]{widgets} }],
        'its widgets, under their ids';
    isnt $now->{widgets}[0]{etag}, $shown[3]{widgets}[0]{etag}, 'a widget that comes back has a tag of its own';
    my ($row) = reverse audit($t, 'resource_id = ?', $id);
    is "$row->{action} $row->{outcome} $row->{version}", 'restore_version success 11', 'audit row';

    my $again = $t->post("$path/versions/3/restore");
    is $again->etag, '"v11"', 'again: it is so already';
    refused($t->post("$path/versions/99/restore"), 404, 'NOT_FOUND', 'a version there is not');
};

subtest 'a widget that meanwhile stands elsewhere is not taken from there' => sub {
    my $other = $t->post($base, {name => 'Other'})->data->{id};
    $t->delete("/api/v1/widgets/$widget", if_match => '*');
    is $t->put("/api/v1/widgets/$widget", {type => 'note', dashboard_id => $other}, if_none_match => '*')->status, 201, 'its id is used again';
    my $before = dashboard_now($t, $id);
    refused($t->post("$path/versions/3/restore"), 409, 'ALREADY_EXISTS', 'the version cannot come back', '/widgets/0/id');
    is_deeply dashboard_now($t, $id), $before, 'nothing of it does';
    is $t->delete("/api/v1/widgets/$widget", if_match => '*')->status, 204, 'once the id is free';
    is $t->post("$path/versions/3/restore")->status, 200, 'it can';
};

subtest 'who sees it stays, whatever a version said' => sub {
    $t->patch($path, {visibility => 'org'}, if_match => '*');
    is $t->post("$path/versions/1/restore")->data->{visibility}, 'org', 'visibility';
};

subtest 'restoring may carry a precondition' => sub {
    my $answer = $t->post("$path/versions/2/restore", undef, if_match => '"v1"');
    refused($answer, 412, 'CONFLICT', 'another version');
    is $answer->error->{details}{current}{version}, dashboard_now($t, $id)->{version}, 'nothing was done';
};

subtest 'publishing marks a version' => sub {
    my $before = dashboard_now($t, $id);
    my $answer = $t->post("$path/publish");
    is $answer->status, 200, 'it is done';
    my $now = $answer->data;
    is $now->{status}, 'published', 'status';
    is $now->{published_version}, $before->{version}, 'published_version is the one that was';
    is $now->{version}, $before->{version} + 1, 'the mark is a change itself';
    is_deeply $now, dashboard_now($t, $id), 'GET says the same';
    is $t->post("$path/publish")->data->{version}, $now->{version}, 'again: nothing changes';
    my @published = grep { $_->{published} } @{ $t->get("$path/versions")->data };
    is_deeply [map { $_->{version} } @published], [$before->{version}], 'the list says which';

    $t->patch($path, {name => 'Later'}, if_match => '*');
    is dashboard_now($t, $id)->{published_version}, $before->{version}, 'a change leaves it';
    my $later = $t->post("$path/publish")->data;
    is $later->{published_version}, $later->{version} - 1, 'publishing again marks the newer one';
};

subtest 'unpublishing takes the mark away' => sub {
    my $answer = $t->post("$path/unpublish");
    is "$answer->{status} " . $answer->data->{status}, '200 draft', 'a draft again';
    is $answer->data->{published_version}, undef, 'without a published version';
    is $t->post("$path/unpublish")->etag, $answer->etag, 'again: nothing changes';
};

subtest 'both may carry a precondition' => sub {
    for my $action (qw(publish unpublish)) {
        refused($t->post("$path/$action", undef, if_match => '"v1"'), 412, 'CONFLICT', $action);
        is $t->post("$path/$action", undef, if_match => '*')->status, 200, 'If-Match: *';
        is $t->post("$path/$action", undef, if_match => dashboard_now($t, $id)->{etag})->status, 200, 'the tag it has';
    }
};

done_testing;
