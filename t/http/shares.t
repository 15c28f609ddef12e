# Sharing over HTTP: with users and roles, for a time, until it is taken back, which counts at once on
# every worker; giving a dashboard away; a user's dashboards.

use lib 't/lib', 't/http/lib';
use Dashboard::Test;
use Http::Fixture qw(audit dashboard_now id refused same_answer);

my $t    = Dashboard::Test->new(as => 'analyst', workers => 2)->start;
my $path = '/api/v1/dashboards/' . id('private');
my %user = map { $_ => $t->user_id($_) } qw(admin analyst viewer colleague neighbour super outsider);

sub share (%member) {
    return $t->post("$path/share", \%member);
}

# How many of forty reads at once, over both workers, are answered 200.
sub good_reads ($who) {
    return scalar grep { $_->status == 200 } $t->parallel(map { [GET => $path, as => $who] } 1 .. 40);
}

subtest 'a share with a user counts at once, on every worker, and so does its end' => sub {
    is good_reads('viewer'), 0, 'nothing so far';
    my $answer = share(user_id => $user{viewer}, permission => 'view');
    is $answer->status, 200, 'shared';
    is $answer->header('Cache-Control'), 'no-store', 'nobody keeps the answer';
    my $share = $answer->data;
    is "$share->{user_id} $share->{user_name} $share->{permission}", "$user{viewer} Vic Viewer view", 'the answer shows it';
    is_deeply [@$share{qw(role expires_at)}], [undef, undef], 'no role, no end';
    is good_reads('viewer'), 40, 'every read';
    is $t->delete("$path/share/$user{viewer}")->status, 204, 'taken back';
    is good_reads('viewer'), 0, 'no read';
    refused($t->delete("$path/share/$user{viewer}"), 404, 'NOT_FOUND', 'it is gone');
};

subtest 'withdrawn under load: every read that begins later is refused' => sub {
    share(user_id => $user{viewer}, permission => 'edit');
    my $after;
    my $load = $t->under_load(
        sub {
            wait_for(sub { good_reads('viewer') == 40 });
            $t->delete("$path/share/$user{viewer}");
            $after = good_reads('viewer');
        },
        request => [GET => $path, as => 'viewer'], clients => 2
    );
    is $after, 0, 'none succeeds';
    is_deeply [sort keys %{ $load->{status} }], [200, 404], 'and nothing else was ever answered';
};

subtest 'sharing again replaces' => sub {
    share(user_id => $user{viewer}, permission => 'manage', expires_at => '2100-01-01T00:00:00Z');
    is dashboard_now($t, id('private'), as => 'viewer')->{permissions}[0], 'dashboard:delete', 'manage';
    share(user_id => $user{viewer}, permission => 'view');
    is_deeply dashboard_now($t, id('private'), as => 'viewer')->{permissions}, [qw(dashboard:read data:read widget:read)], 'view';
    my $shares = $t->get("$path/shares")->data;
    is scalar(@$shares), 1, 'there is one';
    is $shares->[0]{expires_at}, undef, 'without the end of the former';
    is $shares->[0]{user_email}, 'viewer@demo.example', 'with whom';
    my $before = audit($t);
    is share(user_id => $user{viewer}, permission => 'view')->status, 200, 'the same again';
    my ($row) = (audit($t))[-1];
    is "$row->{action} $row->{changes}", 'share []', 'changes nothing, which is on record';
};

subtest 'with a role, for those who hold it in the workspace' => sub {
    is good_reads('colleague'), 0, 'a private dashboard';
    is share(role => 'analyst', permission => 'edit')->data->{role}, 'analyst', 'shared with analysts';
    is good_reads('colleague'), 40, 'an analyst of the workspace';
    is good_reads('neighbour'), 0, 'not one of another';
    is $t->delete("$path/share/role/analyst")->status, 204, 'taken back';
    is good_reads('colleague'), 0, 'and gone';
    refused($t->delete("$path/share/role/analyst"), 404, 'NOT_FOUND', 'for good');
};

subtest 'who may: those who manage it' => sub {
    my @tries = (
        [POST => "$path/share", json => {user_id => $user{neighbour}, permission => 'view'}], [GET => "$path/shares"],
        [DELETE => "$path/share/$user{viewer}"], [DELETE => "$path/share/role/viewer"],
        [POST => "$path/transfer", json => {owner_id => $user{colleague}}],
        [POST => "$path/public-link"], [GET => "$path/public-link"], [DELETE => "$path/public-link/" . id('unknown')],
    );
    for my $try (@tries) {
        my ($method, $target, %option) = @$try;
        my $label = "$method $target";
        refused($t->request($method, $target, %option, as => 'viewer'), 403, 'FORBIDDEN', "$label: who only views");
        my $unseen = $t->request($method, $target, %option, as => 'neighbour');
        refused($unseen, 404, 'NOT_FOUND', "$label: who does not see it");
        same_answer($unseen, $t->request($method, $target =~ s/402/999/r, %option, as => 'neighbour'), 'as if it were not there');
        refused($t->request($method, $target, %option, token => undef), 401, 'UNAUTHENTICATED', "$label: nobody");
    }
    is $t->get("$path/shares", as => 'admin')->status, 200, 'an administrator does';
    my ($row) = audit($t, q{action = 'share' and outcome = 'denied'});
    is $row->{actor_id}, $user{viewer}, 'a refusal is on record';
};

subtest 'what is wrong is named' => sub {
    refused(share(permission => 'view'), 400, 'VALIDATION_ERROR', 'with nobody', '/user_id');
    refused(share(user_id => $user{viewer}, role => 'viewer', permission => 'view'), 400, 'VALIDATION_ERROR', 'with two', '/user_id');
    refused(share(user_id => id('unknown'), permission => 'view'), 400, 'VALIDATION_ERROR', 'with no user', '/user_id');
    refused(share(user_id => $user{viewer}, permission => 'own'), 400, 'VALIDATION_ERROR', 'no permission', '/permission');
    refused(share(user_id => $user{viewer}), 400, 'VALIDATION_ERROR', 'without one', '/permission');
    refused(share(user_id => $user{viewer}, permission => 'view', expires_at => '2020-01-01T00:00:00Z'), 400, 'VALIDATION_ERROR',
        'in the past', '/expires_at');
    refused($t->delete("$path/share/x"), 400, 'VALIDATION_ERROR', 'no id', 'user_id');
    refused($t->delete("$path/share/role/owner"), 400, 'VALIDATION_ERROR', 'no role', 'role');
    refused($t->get("$path/share"), 405, 'METHOD_NOT_ALLOWED', 'they are listed elsewhere');
    refused($t->post("$path/share", {user_id => $user{viewer}, permission => 'view'}, if_match => '"v99"'), 412, 'CONFLICT', 'another version');
};

subtest 'a share that has run out counts for nothing' => sub {
    share(user_id => $user{viewer}, permission => 'edit', expires_at => '2100-01-01T00:00:00Z');
    is good_reads('viewer'), 40, 'before';
    $t->sql(q{update dashboard.dashboard_share set expires_at = now() where user_id = ?}, $user{viewer});
    is good_reads('viewer'), 0, 'after';
    is scalar(@{ $t->get("$path/shares")->data }), 1, 'it is listed until it is taken back';
};

subtest 'shares come in pages, each once' => sub {
    my $id = $t->post('/api/v1/dashboards', {name => 'Shared'})->data->{id};
    my @with = map { $user{$_} } qw(viewer colleague neighbour admin super);
    $t->post("/api/v1/dashboards/$id/share", {user_id => $_, permission => 'view'}) for @with;
    my (@seen, $next);
    for (1 .. 3) {
        my $page = $t->get("/api/v1/dashboards/$id/shares?limit=2" . ($next ? "&cursor=$next" : ''))->json;
        push @seen, map { $_->{user_id} } @{ $page->{data} };
        $next = $page->{page}{next};
    }
    is_deeply \@seen, \@with, 'in the order in which they were given';
    is $next, undef, 'the last page says so';
    refused($t->get("/api/v1/dashboards/$id/shares?cursor=W10"), 400, 'VALIDATION_ERROR', 'no cursor', 'cursor');
    my $other = $t->get("$path/shares?limit=1")->json->{page}{next};
    share(role => 'viewer', permission => 'view');
    $other = $t->get("$path/shares?limit=1")->json->{page}{next};
    refused($t->get("/api/v1/dashboards/$id/shares?cursor=$other"), 400, 'VALIDATION_ERROR', 'another list\'s', 'cursor');
};

subtest 'a dashboard is given away whole' => sub {
    my $made = $t->post('/api/v1/dashboards', {name => 'Given', visibility => 'workspace', is_default => \1})->data;
    my $own  = "/api/v1/dashboards/$made->{id}";
    my $give = sub ($who, %option) { $t->post("$own/transfer", {owner_id => $user{$who}}, %option) };
    refused($give->($_), 400, 'VALIDATION_ERROR', "not to $_", '/owner_id') for qw(viewer neighbour outsider);
    refused($give->('colleague', as => 'colleague'), 403, 'FORBIDDEN', 'nobody takes it');
    refused($give->('colleague', if_match => '"v9"'), 412, 'CONFLICT', 'another version');
    my $answer = $give->('colleague', if_match => $made->{etag});
    is $answer->status, 200, 'given';
    is $answer->etag, '"v2"', 'a new version';
    is $answer->data->{owner_id}, $user{colleague}, 'whose it is';
    ok !$answer->data->{is_default}, 'nobody\'s default';
    is_deeply $answer->data->{permissions}, dashboard_now($t, $made->{id})->{permissions}, 'what the giver may do now';
    ok !grep({ $_ eq 'dashboard:share' } @{ $answer->data->{permissions} }), 'which is less';
    refused($give->('analyst'), 403, 'FORBIDDEN', 'it does not come back by itself');
    is $give->('analyst', as => 'colleague')->status, 200, 'only by its owner';
    is $give->('admin', as => 'admin')->status, 200, 'or an administrator';
    my @rows = audit($t, q{resource_id = ? and action = 'transfer' and outcome = 'success'}, $made->{id});
    like $rows[0]{changes}, qr{"/owner_id".*$user{colleague}|$user{colleague}.*"/owner_id"}, 'on record';
};

subtest 'a user\'s dashboards are those one can see' => sub {
    my $names = sub ($whose, $as, $query = '') {
        [sort map { $_->{name} } @{ $t->get("/api/v1/users/$user{$whose}/dashboards?sort=name$query", as => $as)->data }];
    };
    is_deeply $names->('analyst', 'analyst'), ['Operations', 'Private notes', 'Shared'], 'one\'s own';
    is_deeply $names->('analyst', 'colleague'), ['Operations', 'Shared'], 'a colleague\'s';
    is_deeply $names->('analyst', 'neighbour'), ['Shared'], 'what is shared';
    is_deeply $names->('viewer', 'analyst'), [], 'who has none';
    is_deeply $names->('analyst', 'analyst', '&search=oper'), ['Operations'], 'the list\'s conditions';
    my $first = $t->get("/api/v1/users/$user{analyst}/dashboards?limit=1")->json->{page}{next};
    my $second = $t->get("/api/v1/users/$user{analyst}/dashboards?limit=1&cursor=$first");
    is scalar(@{ $second->data }), 1, 'a page';
    refused($t->get("/api/v1/dashboards?cursor=$first"), 400, 'VALIDATION_ERROR', 'its cursor is its own', 'cursor');
    same_answer($t->get("/api/v1/users/$user{outsider}/dashboards"), $t->get('/api/v1/users/' . id('unknown') . '/dashboards'),
        'another organisation\'s user is none');
    refused($t->get("/api/v1/users/$user{outsider}/dashboards"), 404, 'NOT_FOUND', 'not found');
};

done_testing;
