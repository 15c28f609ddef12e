# Copying a dashboard: for oneself, and, for administrators, for others.

use lib 't/lib', 't/http/lib';
use Dashboard::Test;
use Http::Fixture qw(audit dashboard_now id refused);

my $t        = Dashboard::Test->new(as => 'analyst')->start;
my $original = '/api/v1/dashboards/' . id('operations');

sub for_user ($who, $path = "dashboards/@{[id('operations')]}") {
    return '/api/v1/users/' . $t->user_id($who) . "/$path/clone";
}

subtest 'a copy is one\'s own, private, a draft, with the same widgets under new ids' => sub {
    $t->post("$original/publish");
    my $answer = $t->post("$original/clone");
    is $answer->status, 201, 'it is made';
    my ($copy, $source) = ($answer->data, $t->get($original)->data);
    is $answer->header('Location'), "/api/v1/dashboards/$copy->{id}", 'Location';
    is "$copy->{etag} " . $answer->etag, '"v1" "v1"', 'it begins at version 1';
    isnt $copy->{id}, $source->{id}, 'another id';
    is_deeply {%$copy{qw(name visibility status published_version owner_id workspace_id is_default)}},
        {name => 'Copy of Operations', visibility => 'private', status => 'draft', published_version => undef,
            owner_id => $t->user_id('analyst'), workspace_id => id('flights'), is_default => $source->{is_default}}, 'one\'s own';
    my @same = qw(description layout filters variables tags metadata facility_id);
    is_deeply {%$copy{@same}}, {%$source{@same}}, 'the same members';
    my @content = qw(type title x y width height config query drill_through cross_filter refresh_interval cache_ttl);
    is_deeply [map { {%$_{@content}} } @{ $copy->{widgets} }], [map { {%$_{@content}} } @{ $source->{widgets} }], 'the same widgets';
    my %old = map { $_->{id} => 1 } @{ $source->{widgets} };
    is scalar(grep { $old{ $_->{id} } } @{ $copy->{widgets} }), 0, 'under new ids';
    is_deeply [map { $_->{dashboard_id} } @{ $copy->{widgets} }], [($copy->{id}) x @{ $copy->{widgets} }], 'on the copy';
    my ($row) = audit($t, 'resource_id = ?', $copy->{id});
    is "$row->{action} $row->{outcome}", 'clone success', 'audit row';
};

subtest 'a copy and its original go their own ways' => sub {
    my $copy = $t->post("$original/clone")->data;
    $t->patch("/api/v1/dashboards/$copy->{id}", {name => 'Mine'}, if_match => '"v1"');
    $t->delete("/api/v1/widgets/$copy->{widgets}[0]{id}", if_match => '"v1"');
    is scalar @{ dashboard_now($t, id('operations'))->{widgets} }, 6, 'the original keeps its widgets';
};

subtest 'the body may name it and its workspace' => sub {
    my $answer = $t->post("$original/clone", {name => 'Named', workspace_id => id('other')}, as => 'colleague');
    is $answer->status, 201, 'it is made';
    is_deeply [@{ $answer->data }{qw(name workspace_id)}], ['Named', id('other')], 'as said';
    is $t->post("$original/clone", {}, as => 'colleague')->data->{workspace_id}, id('flights'), 'left out: the original\'s';
    refused($t->post("$original/clone", {workspace_id => id('other')}), 404, 'NOT_FOUND', 'a workspace one does not belong to');
    refused($t->post("$original/clone", {workspace_id => id('abroad')}), 404, 'NOT_FOUND', 'one of another organisation');
    my $long = $t->post('/api/v1/dashboards', {name => "\x{e9}" x 255})->data->{id};
    is length $t->post("/api/v1/dashboards/$long/clone")->data->{name}, 255, 'a name made from a long one is cut';
};

subtest 'whoever sees it may copy it, if they may create at all' => sub {
    is $t->post("$original/clone", undef, as => 'colleague')->status, 201, 'another analyst';
    refused($t->post("$original/clone", undef, as => 'viewer'), 403, 'FORBIDDEN', 'not a viewer');
    refused($t->post("$original/clone", undef, as => $_), 404, 'NOT_FOUND', "not $_, who does not see it") for qw(neighbour outsider);
    my $open = $t->post('/api/v1/dashboards', {name => 'Open', visibility => 'org'})->data->{id};
    my $answer = $t->post("/api/v1/dashboards/$open/clone", undef, as => 'neighbour');
    is $answer->status, 201, 'somebody of another workspace, when the organisation sees it';
    is $answer->data->{workspace_id}, id('other'), 'into their own';
};

subtest 'for oneself, and for others by an administrator' => sub {
    is $t->post(for_user('analyst'))->status, 201, 'oneself';
    my $answer = $t->post(for_user('analyst'), {name => 'For you'}, as => 'admin');
    is $answer->status, 201, 'an administrator for a member';
    is $answer->data->{owner_id}, $t->user_id('analyst'), 'whose it is';
    is $answer->data->{name}, 'For you', 'named';
    my ($row) = audit($t, 'resource_id = ?', $answer->data->{id});
    is $row->{actor_id}, $t->user_id('admin'), 'the audit row says who did it';
    refused($t->post(for_user('colleague')), 403, 'FORBIDDEN', 'not an analyst for another');
    refused($t->post(for_user('neighbour'), undef, as => 'admin'), 403, 'FORBIDDEN', 'nor for somebody who is no member there');
};

subtest 'users that are not there, or not for the caller, are the same' => sub {
    refused($t->post("/api/v1/users/$_/dashboards/" . id('operations') . '/clone', undef, as => 'admin'), 404, 'NOT_FOUND', $_)
        for id('unknown'), $t->user_id('outsider'), $t->user_id('disabled');
};

done_testing;
