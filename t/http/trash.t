# What is deleted goes into the trash, where those who may restore it find it, and comes back whole.

use lib 't/lib', 't/http/lib';
use Dashboard::Test;
use Http::Fixture qw(audit dashboard_now id refused);

my $t    = Dashboard::Test->new(as => 'analyst')->start;
my $base = '/api/v1/dashboards';

# The ids in the trash, or in the list.
sub trash (%option)  { return map { $_->{id} } @{ $t->get("$base?deleted=true", %option)->data } }
sub listed (%option) { return map { $_->{id} } @{ $t->get("$base?deleted=false", %option)->data } }

sub has ($id, @ids) {
    return scalar grep { $_ eq $id } @ids;
}

my $id = $t->post($base, {name => 'Doomed', visibility => 'workspace', is_default => \1,
    widgets => [{type => 'note', title => 'Kept'}]})->data->{id};
my $widget = dashboard_now($t, $id)->{widgets}[0]{id};
$t->patch("$base/$id", {name => 'Doomed soon'}, if_match => '*');
my $before = dashboard_now($t, $id);

subtest 'deleting moves it from the list to the trash' => sub {
    ok has($id, listed()) && !has($id, trash()), 'before';
    is $t->delete("$base/$id", if_match => $before->{etag})->status, 204, 'deleted';
    ok !has($id, listed()) && has($id, trash()), 'after';
    my ($item) = grep { $_->{id} eq $id } @{ $t->get("$base?deleted=true")->data };
    like $item->{deleted_at}, qr/^\d{4}-\d\d-\d\dT/, 'the trash says since when';
    is $item->{etag}, '"v3"', 'and its tag';
};

subtest 'in the trash it does not exist for any operation but restore' => sub {
    my $path = "$base/$id";
    my @requests = (
        [GET => $path], [HEAD => $path], [PUT => $path, json => {name => 'x'}], [PATCH => $path, json => {name => 'x'}],
        [DELETE => $path], [POST => "$path/publish"], [POST => "$path/unpublish"], [POST => "$path/clone"],
        [GET => "$path/versions"], [GET => "$path/versions/1"], [POST => "$path/versions/1/restore"],
        [GET => "$path/widgets"], [GET => "$path/data"],
        [POST => '/api/v1/widgets', json => {type => 'note', dashboard_id => $id}],
        [GET => "/api/v1/widgets/$widget"], [GET => "/api/v1/widgets/$widget/data"],
        [PATCH => "/api/v1/widgets/$widget", json => {x => 1}], [DELETE => "/api/v1/widgets/$widget"],
    );
    for my $request (@requests) {
        my ($method, $target, %option) = @$request;
        is $t->request($method, $target, %option, if_match => $method =~ /^P[UA]|DEL/ ? '*' : undef)->status, 404, "$method $target";
    }
    my $entry = $t->post('/api/v1/widgets/query', {widgets => [$widget]})->data->{$widget};
    is $entry->{status}, 404, 'its widgets have no data';
};

subtest 'creating under its id does not bring it back' => sub {
    cmp_ok $t->put("$base/$id", {name => 'Other'}, if_none_match => '*')->status, '>=', 400, 'the id is taken';
    my ($item) = grep { $_->{id} eq $id } @{ $t->get("$base?deleted=true")->data };
    is "$item->{name} $item->{etag}", 'Doomed soon "v3"', 'it is in the trash as it was';
};

subtest 'only those who may restore it see it there' => sub {
    ok has($id, trash(as => 'admin')), 'an admin of the workspace';
    ok !has($id, trash(as => 'colleague')), 'not another analyst, who could edit it';
    ok !has($id, trash(as => $_)), "not $_" for qw(viewer neighbour outsider);
    refused($t->post("$base/$id/restore", undef, as => $_), 404, 'NOT_FOUND', "$_ cannot restore it")
        for qw(colleague viewer neighbour outsider);
};

subtest 'restore may carry a precondition' => sub {
    my $answer = $t->post("$base/$id/restore", undef, if_match => '"v2"');
    refused($answer, 412, 'CONFLICT', 'another version');
    is $answer->error->{details}{currentEtag}, '"v3"', 'the tag it has';
    ok has($id, trash()), 'nothing was done';
};

subtest 'restore brings it back with its widgets and history' => sub {
    my $answer = $t->post("$base/$id/restore", undef, if_match => '"v3"');
    is $answer->status, 200, 'it is done';
    is $answer->etag, '"v4"', 'as a new version';
    my $after = dashboard_now($t, $id);
    is_deeply $answer->data, $after, 'the answer shows it';
    ok !$after->{is_default}, 'it is nobody\'s default any more';
    is_deeply {%$after, map { $_ => $before->{$_} } qw(etag version updated_at is_default)}, $before, 'everything else is as it was';
    is_deeply [map { $_->{version} } @{ $t->get("$base/$id/versions")->data }], [4, 3, 2, 1], 'every version is there';
    ok has($id, listed()) && !has($id, trash()), 'it is in the list, not in the trash';
    my @actions = map {"$_->{action} $_->{outcome}"} audit($t, 'resource_id = ?', $id);
    is_deeply [@actions[-3 .. -1]], ['delete success', 'restore conflict', 'restore success'], 'audit rows';
};

subtest 'restoring what is not in the trash changes nothing' => sub {
    my $answer = $t->post("$base/$id/restore");
    is $answer->status, 200, 'a client that lost the answer may ask again';
    is $answer->etag, '"v4"', 'the version stays';
    refused($t->post("$base/" . id('unknown') . '/restore'), 404, 'NOT_FOUND', 'unknown');
};

done_testing;
