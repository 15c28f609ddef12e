# Public links: whoever has the token reads the dashboard and its data, and nothing else; without it, or
# when it was withdrawn, nobody does; and it stands in no log.

use lib 't/lib', 't/http/lib';
use Dashboard::Test;
use File::Find ();
use Http::Fixture qw(add_widget audit id public_token refused same_answer);
use Dashboard::Util qw(file_content project_root);

my $root = project_root();
my $t    = Dashboard::Test->new(
    as        => 'analyst',
    workers   => 2,
    log_level => 'info',
    http      => "include $root/conf/includes/log_format.conf;\n",
    api       => 'access_log %%PREFIX%%/dashboard.log dashboard; access_log %%PREFIX%%/combined.log combined;',
)->start;
my $links = '/api/v1/dashboards/' . id('operations') . '/public-link';
my @tokens;

# One for paths that lead nowhere: only our own log format knows what they were meant to be.
my $stray = public_token($t, id('operations'));

# A new link's token, remembered for the search through the logs below.
sub token ($id, %member) {
    push @tokens, public_token($t, $id, %member);
    return $tokens[-1];
}

# A request without identity.
sub public ($path, %option) {
    return $t->get("/api/v1/public/$path", token => undef, %option);
}

sub good_reads ($token) {
    return scalar grep { $_->status == 200 } $t->parallel(map { [GET => "/api/v1/public/$token", token => undef] } 1 .. 40);
}

subtest 'a link is created, shows its token once, and is listed without it' => sub {
    my $answer = $t->post($links, {expires_at => '2100-01-01T00:00:00Z'});
    is $answer->status, 201, 'created';
    my $link = $answer->data;
    push @tokens, $link->{token};
    like $link->{token}, qr/^[A-Za-z0-9_-]{43}$/, '256 bits';
    is $answer->header('Location'), "/api/v1/public/$link->{token}", 'Location is what it leads to';
    is $answer->header('Cache-Control'), 'no-store', 'nobody keeps the answer';
    is public($link->{token})->etag, $answer->etag, 'with the tag it has there';
    my $list = $t->get($links);
    is $list->data->[-1]{id}, $link->{id}, 'listed';
    unlike $list->body, qr/\Q$link->{token}\E|"token"/, 'without the token';
    isnt $t->post($links)->data->{token}, $link->{token}, 'the next is another';
    my ($row) = audit($t, q{action = 'create_public_link'});
    is "$row->{resource_id} $row->{actor_id}", join(' ', id('operations'), $t->user_id('analyst')), 'on record';
};

subtest 'it shows the dashboard, and no more than the public need see' => sub {
    my $token  = token(id('operations'));
    my $answer = public($token);
    is $answer->status, 200, 'without identity';
    my $data = $answer->data;
    is $data->{name}, 'Operations', 'the dashboard';
    is scalar(@{ $data->{widgets} }), 6, 'with its widgets';
    ok !exists $data->{$_}, "not $_" for qw(owner_id workspace_id facility_id visibility is_default created_at);
    ok !exists $data->{widgets}[0]{$_}, "not $_ of widgets" for qw(query dashboard_id);
    is_deeply $data->{permissions}, ['dashboard:read', 'data:read'], 'what may be done with it';
    is $answer->header('Cache-Control'), 'private, no-cache', 'kept as other reads are';
    is public($token, if_none_match => $answer->etag)->status, 304, 'while it is current, 304';
    $t->patch('/api/v1/dashboards/' . id('operations'), {description => 'Newer'}, if_match => '*');
    is public($token, if_none_match => $answer->etag)->data->{description}, 'Newer', 'it shows the dashboard as it is now';
    is public($token, token => 'x.y.z')->status, 200, 'whatever token of an identity comes with it';
    my $data_of = public("$token/data");
    is $data_of->status, 207, 'its data, one widget of which fails';
    is $data_of->data->{ id('kpi') }{data}{rows}[0][0], 'AA', 'as it is';
    is scalar(keys %{ $data_of->data }), 6, 'of all widgets';
    is public("$token/data?timerange=1h&filters=carrier:BB")->status, 207, 'with a range and filters';
    refused(public("$token/data?refresh=true"), 400, 'VALIDATION_ERROR', 'but not past a cache', 'refresh');
};

subtest 'nothing but reading' => sub {
    my $token = token(id('operations'));
    for my $method (qw(POST PUT PATCH DELETE)) {
        refused($t->request($method, "/api/v1/public/$token$_", token => undef), 405, 'METHOD_NOT_ALLOWED', "$method $_") for '', '/data';
    }
    refused(public("$stray/$_"), 404, 'NOT_FOUND', $_) for qw(versions widgets shares);
    refused($t->get('/api/v1/dashboards/' . id('operations'), token => $token), 401, 'UNAUTHENTICATED', 'the token is no identity');
};

subtest 'whatever is no good token is the same 404' => sub {
    my $unknown = public('A' x 43);
    refused($unknown, 404, 'NOT_FOUND', 'unknown');
    my $good = token(id('private'));
    for my $token ('x', '%25', 'a' x 2000, substr($good, 0, 42), "${good}A", uc $good, '00000000-0000-4000-8000-000000000402', '%22%27--') {
        same_answer(public($token), $unknown, "malformed: " . substr $token, 0, 20);
        same_answer(public("$token/data"), $unknown, 'its data');
    }
    my $expired = token(id('private'), expires_at => '2100-01-01T00:00:00Z');
    is public($expired)->status, 200, 'until it expires';
    $t->sql('update dashboard.public_link set expires_at = now() where expires_at is not null');
    same_answer(public($expired), $unknown, 'expired');
    my $lost = token(id('private'));
    $t->delete('/api/v1/dashboards/' . id('private'), if_match => '*');
    same_answer(public($_), $unknown, 'of a deleted dashboard') for $good, $lost;
    $t->post('/api/v1/dashboards/' . id('private') . '/restore');
    is public($good)->status, 200, 'until that is restored';
};

subtest 'withdrawn: at once, on every worker' => sub {
    my $token = token(id('operations'));
    is good_reads($token), 40, 'every read';
    my $last = $t->get($links)->data->[-1]{id};
    is $t->delete("$links/$last")->status, 204, 'withdrawn';
    is good_reads($token), 0, 'no read';
    same_answer(public($token), public('A' x 43), 'as if it had never been');
    refused($t->delete("$links/$last"), 404, 'NOT_FOUND', 'it is gone');
    my $other = $t->get('/api/v1/dashboards/' . id('private') . '/public-link')->data->[0]{id};
    refused($t->delete("$links/$other"), 404, 'NOT_FOUND', 'another dashboard\'s link is none of this one');
};

subtest 'what is wrong is named' => sub {
    refused($t->post($links, {expires_at => '2020-01-01T00:00:00Z'}), 400, 'VALIDATION_ERROR', 'over already', '/expires_at');
    refused($t->post($links, {token => 'x'}), 400, 'VALIDATION_ERROR', 'one\'s own token', '/token');
    refused($t->delete("$links/x"), 400, 'VALIDATION_ERROR', 'no id', 'link_id');
    my $bound = $t->post('/api/v1/dashboards', {name => 'At SEA', facility_id => id('sea')})->data->{id};
    refused($t->post("/api/v1/dashboards/$bound/public-link"), 400, 'VALIDATION_ERROR', 'of a facility', 'id');
};

subtest 'a dashboard that becomes a facility\'s is no longer public' => sub {
    my $id    = $t->post('/api/v1/dashboards', {name => 'For now'})->data->{id};
    my $token = token($id);
    is public($token)->status, 200, 'before';
    $t->patch("/api/v1/dashboards/$id", {facility_id => id('sea')}, if_match => '*');
    refused(public($token), 404, 'NOT_FOUND', 'after');
    refused(public("$token/data"), 404, 'NOT_FOUND', 'nor its data');
};

subtest 'its reader has no facility and sees masks' => sub {
    my $id   = $t->post('/api/v1/dashboards', {name => 'Protected data'})->data->{id};
    my %made = map { $_ => add_widget($t, id($_), dashboard_id => $id) } qw(shipments people);
    my $rows = sub ($answer, $kind) { $answer->data->{ $made{$kind} }{data}{rows} };
    my $own  = $t->get("/api/v1/dashboards/$id/data");
    is scalar(@{ $rows->($own, 'shipments') }), 2, 'its owner sees rows of facilities';
    my $answer = public(token($id) . '/data');
    is $answer->status, 200, 'the public';
    is_deeply $rows->($answer, 'shipments'), [], 'sees none';
    is $rows->($answer, 'people')[0][3], '****3333', 'and of people what is not personal';
    is $answer->header('Cache-Control'), 'no-store', 'nobody keeps it';
    my ($row) = (audit($t, q{operation = 'get_public_dashboard_data' and action = 'read'}))[-1];
    is $row->{actor_id}, undef, 'on record, by nobody knows whom';
};

subtest 'conf/limits.conf: readers of public links are limited by their address' => sub {
    my $limits = Dashboard::Test->new(as => 'analyst', workers => 2, http => "include $root/conf/limits.conf;", log_level => 'warn')->start;
    my $token  = public_token($limits, id('private'));
    my @answers = $limits->parallel(map { [GET => "/api/v1/public/$token", $_ % 2 ? (token => undef) : (as => 'viewer')] } 1 .. 120);
    my %seen;
    $seen{ $_->status }++ for @answers;
    cmp_ok $seen{200}, '>=', 50, 'a burst is served';
    cmp_ok $seen{429}, '>', 20, 'more is not, whoever one says to be';
    is $seen{200} + $seen{429}, 120, 'and nothing else happens';
    is $limits->get('/api/v1/dashboards')->status, 200, 'others go on';
    unlike file_content($limits->prefix . '/error.log'), qr/\Q$token\E/, 'refusals leave no token in the log';
};

subtest 'however a path is spelt, the token stands in no log' => sub {
    my $token = token(id('operations'));
    my $raw   = sub ($path) {
        my $answer = $t->request(GET => $path, token => undef, check => 0);
        return $answer->status;
    };
    is $raw->($_), 200, "$_ is read" for map {"$_$token"} '/api/v1/public/', '/api/public/', '/api//v1/./public/', '/api/v1/%70ublic/', '/api/v1/x/../public/';
    is $raw->($_), 404, 'and is not' for "/api/v1/public/x$token", "/api/v1//public/%20$token/data";
    is $t->request(OPTIONS => "/api/v1/public/$token", token => undef)->status, 204, 'OPTIONS';
    is public($token, accept => 'text/html')->status, 406, 'nor what cannot be sent';
    public("$token/data");

    is $raw->($_), 404, 'no path' for map {"$_$stray/"} '/api/v1/public/', '/api/public//', '/api/v1/%70ublic/x/', '/api//v1/public/';

    my (@files, %leaks);
    File::Find::find({no_chdir => 1, wanted => sub { push @files, $_ if -f && /\.log$/ }}, $t->prefix);
    push @files, $t->postgres->{dir} . '/postgres.log';
    for my $file (@files) {
        my $content = file_content($file);
        $leaks{"$file: $_"} = 1 for grep { $content =~ /\Q$_\E/i } @tokens, $file =~ /combined/ ? () : $stray;
    }
    is_deeply [sort keys %leaks], [], 'none of ' . @tokens . ' tokens';
    my $access = file_content($t->prefix . '/dashboard.log');
    like $access, qr{"path":"/api/v1/public/\*\*\*".*"operation":"get_public_dashboard"}, 'its place is taken by ***';
    like file_content($t->prefix . '/combined.log'), qr{"GET /api/v1/public/\*\*\*/data HTTP/1\.1"}, 'also in nginx\'s own format';
    like file_content((grep {m{/error\.log$}} @files)[0]), qr{a widget's query failed.*request: "GET /api/v1/public/\*\*\*/data HTTP/1\.1"},
        'and behind the module\'s own lines';
};

done_testing;
