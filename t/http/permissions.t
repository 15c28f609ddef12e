# Who may do what over HTTP: every writing operation refuses those who may only look with 403, and leaves
# a row in the audit; sharing, facilities and roles open and close as sql/deploy/functions/access.sql says.

use lib 't/lib', 't/http/lib';
use Dashboard::Test;
use Http::Fixture qw(add_query audit id refused);

my $t    = Dashboard::Test->new(as => 'analyst')->start;
my $path = '/api/v1/dashboards/' . id('operations');
my $user = $t->user_id('viewer');

# Every operation that writes, on what a viewer can see.
my @writes = (
    ['put_dashboard'     => PUT    => $path, json => {name => 'x'}, if_match => '*'],
    ['patch_dashboard'   => PATCH  => $path, json => {name => 'x'}, if_match => '*'],
    ['delete_dashboard'  => DELETE => $path, if_match => '*'],
    ['restore_dashboard' => POST   => "$path/restore"],
    ['publish_dashboard' => POST   => "$path/publish"],
    ['unpublish_dashboard'       => POST => "$path/unpublish"],
    ['restore_dashboard_version' => POST => "$path/versions/1/restore"],
    ['clone_dashboard'      => POST   => "$path/clone"],
    ['clone_user_dashboard' => POST   => "/api/v1/users/$user/dashboards/" . id('operations') . '/clone'],
    ['create_dashboard'     => POST   => '/api/v1/dashboards', json => {name => 'x'}],
    ['create_widget'        => POST   => '/api/v1/widgets', json => {dashboard_id => id('operations'), type => 'note'}],
    ['put_widget'           => PUT    => '/api/v1/widgets/' . id('kpi'), json => {type => 'note'}, if_match => '*'],
    ['patch_widget'         => PATCH  => '/api/v1/widgets/' . id('kpi'), json => {x => 9}, if_match => '*'],
    ['delete_widget'        => DELETE => '/api/v1/widgets/' . id('kpi'), if_match => '*'],
    ['share_dashboard'    => POST => "$path/share", json => {user_id => $user, permission => 'view'}],
    ['unshare_dashboard'  => DELETE => "$path/share/$user"],
    ['unshare_dashboard_role' => DELETE => "$path/share/role/viewer"],
    ['transfer_dashboard' => POST => "$path/transfer", json => {owner_id => $user}],
    ['create_public_link' => POST => "$path/public-link"],
    ['delete_public_link' => DELETE => "$path/public-link/" . id('unknown')],
    ['put_preferences'    => PUT => '/api/v1/users/' . $t->user_id('admin') . '/preferences', json => {preferences => {}}, if_match => '*'],
    ['revoke_user_sessions' => DELETE => '/api/v1/users/' . $t->user_id('admin') . '/sessions'],
);

subtest 'who may only look is refused every write, and that is on record' => sub {
    my $before = $t->get($path, as => 'viewer');
    is $before->status, 200, 'the viewer sees it';
    for my $write (@writes) {
        my ($operation, $method, $target, %option) = @$write;
        my $answer = $t->request($method, $target, %option, as => 'viewer');
        refused($answer, 403, 'FORBIDDEN', $operation);
        my ($row) = audit($t, 'correlation_id = ?', $answer->header('X-Correlation-ID'));
        is "$row->{operation} $row->{outcome} $row->{actor_id}", "$operation denied $user", 'audit row';
    }
    is $t->get($path, as => 'viewer')->body, $before->body, 'and nothing changed';
};

subtest 'no operation that writes is missing above' => sub {
    my %tested = map { $_->[0] => 1 } @writes;
    # What anybody may do: read, and have sessions and keys of one's own.
    my %anybody = map { $_ => 1 } qw(query_widgets login refresh logout forgot_password reset_password
        create_api_key delete_api_key rotate_api_key);
    require Http::Operation;
    for my $operation (Http::Operation->canonical) {
        ok $tested{ $operation->name } || $anybody{ $operation->name }, $operation->name if $operation->method ne 'GET';
    }
};

subtest 'permission comes before the precondition' => sub {
    for my $write (grep { $_->[1] =~ /^(?:PUT|PATCH|DELETE)$/ && exists {@$_[3 .. $#$_]}->{if_match} } @writes) {
        my ($operation, $method, $target, %option) = @$write;
        refused($t->request($method, $target, %option, if_match => $_, as => 'viewer'), 403, 'FORBIDDEN',
            "$operation: " . ($_ // 'none')) for undef, '"v99"';
    }
};

subtest 'what takes the right to manage is more than editing' => sub {
    is $t->patch($path, {description => 'by another'}, if_match => '*', as => 'colleague')->status, 200, 'an analyst of the workspace edits';
    refused($t->delete($path, if_match => '*', as => 'colleague'), 403, 'FORBIDDEN', 'but does not delete');
    refused($t->patch($path, $_, if_match => '*', as => 'colleague'), 403, 'FORBIDDEN', 'nor changes ' . join ', ', keys %$_)
        for {visibility => 'org'}, {facility_id => id('sea')}, {is_default => \1};
    is $t->patch($path, {visibility => 'workspace', name => 'Same'}, if_match => '*', as => 'colleague')->status, 200,
        'naming what it is already takes no more';
};

# Gives, or takes away, a share of the private dashboard.
sub share ($permission, %to) {
    $t->sql('delete from dashboard.dashboard_share');
    return if !$permission;
    $t->sql('insert into dashboard.dashboard_share (organisation_id, dashboard_id, user_id, role, permission, expires_at)
             values (?, ?, ?, ?, ?, ?)',
        id('demo'), id('private'), $to{user} ? $t->user_id($to{user}) : undef, $to{role}, $permission, $to{expires});
    return;
}

# Status of looking, editing, deleting (which never happens: the tag is wrong).
sub may ($who) {
    my $private = '/api/v1/dashboards/' . id('private');
    return join ' ', $t->get($private, as => $who)->status,
        $t->patch($private, {name => 'x'}, if_match => '"v0"', as => $who)->status,
        $t->delete($private, if_match => '"v0"', as => $who)->status;
}

subtest 'a share opens a private dashboard as far as it goes' => sub {
    is may('viewer'), '404 404 404', 'none';
    share('view', user => 'viewer');
    is may('viewer'), '200 403 403', 'view';
    share('edit', user => 'viewer');
    is may('viewer'), '200 412 403', 'edit';
    share('manage', user => 'viewer');
    is may('viewer'), '200 412 412', 'manage';
    is may('colleague'), '404 404 404', 'to nobody else';
    share('edit', role => 'analyst');
    is may('colleague'), '200 412 403', 'to a role of the workspace';
    is may('neighbour'), '404 404 404', 'not to that role elsewhere';
    share('view', user => 'neighbour');
    is may('neighbour'), '200 403 403', 'to somebody of another workspace';
    share('manage', user => 'viewer', expires => '2020-01-01');
    is may('viewer'), '404 404 404', 'one that has run out is none';
    share(undef);
    is may('viewer'), '404 404 404', 'taken back';
};

subtest 'a share opens the widgets and their data, too' => sub {
    my $widget = '/api/v1/widgets/' . id('private_widget');
    my $status = sub { join ' ', map { $t->get("$widget$_", as => 'viewer')->status } '', '/data' };
    is $status->(), '404 404', 'none';
    share('view', user => 'viewer');
    is $status->(), '200 200', 'view';
    share(undef);
};

subtest 'a dashboard of a facility is for those who are granted it' => sub {
    my $id = $t->post('/api/v1/dashboards', {name => 'At JFK', facility_id => id('jfk'), visibility => 'workspace'})->data->{id};
    my $seen = sub ($who) { $t->get("/api/v1/dashboards/$id", as => $who)->status };
    is $seen->('analyst'), 200, 'granted';
    is $seen->('viewer'), 404, 'granted another';
    is $seen->('colleague'), 404, 'granted none';
    is $seen->('admin'), 200, 'an administrator of the workspace';
    $t->sql('delete from dashboard.facility_grant where facility_id = ?', id('jfk'));
    is $seen->('analyst'), 404, 'withdrawn: at once, for its owner too';
};

subtest 'a role that is taken away counts at once' => sub {
    is $t->get($path, as => 'colleague')->status, 200, 'a member';
    $t->sql('delete from dashboard.membership where user_id = ? and workspace_id = ?', $t->user_id('colleague'), id('flights'));
    refused($t->get($path, as => 'colleague'), 404, 'NOT_FOUND', 'no member any more');
    $t->sql('update dashboard.user_account set disabled_at = now() where id = ?', $t->user_id('colleague'));
    refused($t->get($path, as => 'colleague'), 401, 'UNAUTHENTICATED', 'disabled');
};

subtest 'a super administrator manages the organisation, and nothing beyond it' => sub {
    is $t->get('/api/v1/dashboards/' . id('private'), as => 'super')->status, 200, 'a private one of another workspace';
    refused($t->get('/api/v1/dashboards/' . id('elsewhere'), as => 'super'), 404, 'NOT_FOUND', 'another organisation\'s');
};

subtest 'every permission that api/openapi.yaml names is a role\'s' => sub {
    my %known = map { $_->{permission} => 1 } $t->rows('select distinct permission from dashboard.role_permission');
    for my $operation (Http::Operation->canonical) {
        my $permission = $operation->{operation}{'x-permission'} // next;
        ok $known{$permission}, $operation->name . ": sql/deploy/permissions.sql has $permission";
    }
};

subtest 'everybody may read what roles may do, and nobody else' => sub {
    my $answer = $t->get('/api/v1/permissions', as => 'viewer');
    is $answer->status, 200, 'a viewer';
    my %of = map { $_->{role} => {map { $_ => 1 } @{ $_->{permissions} }} } @{ $answer->data };
    is_deeply [sort keys %of], [qw(admin analyst super_admin viewer)], 'the four roles';
    ok !$of{viewer}{'dashboard:write'} && $of{analyst}{'dashboard:write'}, 'an analyst writes';
    ok !$of{analyst}{'dashboard:share'} && $of{admin}{'dashboard:share'}, 'an admin shares';
    is $t->get('/api/v1/permissions', as => 'outsider')->body, $answer->body, 'the same in every organisation';
    refused($t->get('/api/v1/permissions', token => undef), 401, 'UNAUTHENTICATED', 'without a token');
};

subtest 'a dashboard says what the caller may do with it' => sub {
    my $id = $t->post('/api/v1/dashboards', {name => 'Whose', visibility => 'workspace'})->data->{id};
    my $may = sub ($who) { join ' ', @{ $t->get("/api/v1/dashboards/$id", as => $who)->data->{permissions} } };
    is $may->('viewer'), 'dashboard:read data:read widget:read', 'a viewer';
    is $may->('analyst'), 'dashboard:delete dashboard:read dashboard:share dashboard:write data:read widget:delete widget:read widget:write',
        'its owner';
    my ($as_owner, $as_viewer) = map { $t->get("/api/v1/dashboards/$id", as => $_) } 'analyst', 'viewer';
    is $as_owner->etag, $as_viewer->etag, 'the tag is the version\'s, whoever asks';
    my ($listed) = grep { $_->{id} eq $id } @{ $t->get('/api/v1/dashboards', as => 'viewer')->data };
    is_deeply $listed->{permissions}, $as_viewer->data->{permissions}, 'the list says the same';
    is_deeply $t->patch("/api/v1/dashboards/$id", {name => 'Mine'}, if_match => '*')->data, $t->get("/api/v1/dashboards/$id")->data,
        'and what a write answers';
    my $conflict = $t->patch("/api/v1/dashboards/$id", {name => 'Late'}, if_match => '"v1"')->error->{details};
    is_deeply $conflict->{current}, $t->get("/api/v1/dashboards/$id")->data, 'and a conflict';
    is_deeply $conflict->{changed}, ['/name'], 'where they are no change';
};

done_testing;
