# Every path that leads to an operation leads to the same one: the unversioned base, and what R2 and R3
# called it (api/openapi.yaml: servers, x-aliases).

use lib 't/lib', 't/http/lib';
use Dashboard::Test;
use Http::Fixture qw(id public_token refused);
use Http::Operation;

my $t = Dashboard::Test->new(as => 'analyst')->start;

my %paths;    # by operation, its canonical path first
push @{ $paths{ $_->name }{all} }, $_ for Http::Operation->all;
$paths{ $_->name }{first} = $_ for Http::Operation->canonical;

my %there = (
    dashboards => id('private'),
    widgets    => id('kpi'),
    users      => $t->user_id('analyst'),
    'api-keys' => $t->post('/api/v1/api-keys', {name => 'robot'})->data->{id},
);
my $public = public_token($t, id('private'));

sub target ($operation) {
    my ($kind) = $operation->template =~ m{/([\w-]+)/\{id\}};
    return $operation->path($kind ? (id => $there{$kind}) : (), user_id => $there{users}, token => $public, version => 1) . $operation->query(ids => id('kpi'));
}

# A body without what differs from one moment to the next.
sub steady ($answer) {
    return $answer->body =~ s/"duration_ms":[0-9.]+//gr;
}

subtest 'the paths that the requirements name are there' => sub {
    my %wanted = (
        list_dashboards     => [qw(/api/v1/dashboards /api/dashboards /api/v1/dashboard/dashboards)],
        create_dashboard    => [qw(/api/v1/dashboards /api/dashboards /api/v1/dashboard/dashboards)],
        get_dashboard       => [qw(/api/v1/dashboards/{id} /api/dashboards/{id} /api/v1/dashboard/dashboards/{id})],
        patch_dashboard     => [qw(/api/v1/dashboards/{id} /api/dashboards/{id} /api/v1/dashboard/dashboards/{id})],
        publish_dashboard   => [qw(/api/v1/dashboards/{id}/publish /api/dashboards/{id}/publish /api/v1/dashboard/dashboards/{id}/publish)],
        create_widget       => [qw(/api/v1/widgets /api/widgets /api/v1/dashboard/widgets)],
        patch_widget        => [qw(/api/v1/widgets/{id} /api/widgets/{id} /api/v1/dashboard/widgets/{id})],
        share_dashboard     => [qw(/api/v1/dashboards/{id}/share /api/dashboards/{id}/share /api/v1/dashboard/dashboards/{id}/share)],
        unshare_dashboard   => [map {"$_/share/{user_id}"} qw(/api/v1/dashboards/{id} /api/dashboards/{id} /api/v1/dashboard/dashboards/{id})],
        query_widgets       => [qw(/api/v1/widgets/query /api/widgets/query /api/v1/widgets/data /api/widgets/data
            /api/v1/dashboard/widgets/data /api/v1/dashboard/widgets/query /api/dashboard/widgets/batch)],
        query_widgets_batch => [qw(/api/dashboard/widgets/batch)],
        get_openapi         => [qw(/api/v1/openapi.json /api/openapi.json)],
        health_live         => [qw(/health/live)],
        health_ready        => [qw(/health/ready)],
    );
    for my $name (sort keys %wanted) {
        is_deeply [sort map { $_->template } @{ $paths{$name}{all} }], [sort @{ $wanted{$name} }], $name;
    }
};

subtest 'what is read is the same on every path' => sub {
    for my $name (sort grep { $paths{$_}{first}->method eq 'GET' } keys %paths) {
        # An audit trail is its administrators' to read, and has a row more after each reading.
        my $audit = $name =~ /_audit$/;
        my @as    = $audit ? (as => 'admin') : ();
        my $first = $t->get(target($paths{$name}{first}), @as);
        is $first->status, 200, $paths{$name}{first}->label;
        for my $other (@{ $paths{$name}{all} }) {
            my $answer = $t->get(target($other), @as);
            is $answer->status, 200, $other->template;
            next if $audit;
            is steady($answer), steady($first), $other->template;
            is $answer->etag, $first->etag, 'ETag';
        }
    }
};

subtest 'a batch is the same on every path' => sub {
    my $body  = {widgets => [id('kpi'), id('failing')], filters => {carrier => 'BB'}};
    my $first = $t->post('/api/v1/widgets/query', $body);
    is steady($t->post($_->template, $body)), steady($first), $_->template for @{ $paths{query_widgets}{all} };
};

subtest 'Location begins with the base that was used' => sub {
    for my $operation (map { @{ $paths{$_}{all} } } qw(create_dashboard create_widget clone_dashboard clone_user_dashboard)) {
        my %body = $operation->name eq 'create_dashboard' ? (json => {name => 'x'})
            : $operation->name eq 'create_widget' ? (json => {type => 'note', dashboard_id => id('operations')}) : ();
        my $answer = $t->request(POST => target($operation), %body);
        is $answer->status, 201, $operation->label;
        my ($base) = $operation->template =~ m{^(/api(?:/v1)?)/};
        like $answer->header('Location'), qr{^$base/(?:dashboards|widgets)/[0-9a-f-]{36}$}, "below $base";
        is $t->get($answer->header('Location'))->data->{id}, $answer->data->{id}, 'where it can be read';
    }
};

subtest 'a precondition holds on every path' => sub {
    for my $operation (map { @{ $paths{$_}{all} } } qw(patch_dashboard put_dashboard delete_dashboard patch_widget put_widget delete_widget)) {
        my %body = $operation->body_schema ? (json => {name => 'x'}) : ();
        $body{json} = {type => 'note', title => 'x'} if %body && $operation->name =~ /widget/;
        refused($t->request($operation->method, target($operation), %body), 428, 'PRECONDITION_REQUIRED', $operation->label);
        refused($t->request($operation->method, target($operation), %body, if_match => '"v99"'), 412, 'CONFLICT', 'and 412');
    }
};

subtest 'an alias goes no further than it says' => sub {
    refused($t->get($_), 404, 'NOT_FOUND', $_)
        for '/api/dashboard/dashboards', '/api/v1/dashboard/dashboards/' . id('private') . '/versions',
        '/api/v1/dashboard/widgets/' . id('kpi') . '/data', '/api/v1/dashboard/openapi.json';
    is $t->get('/api/v1/dashboard/widgets/batch?ids=' . id('kpi'))->status, 400, 'a word where an id is due is a malformed id';
};

subtest 'the document is served as it is in api/openapi.yaml' => sub {
    my $answer = $t->get('/api/v1/openapi.json', token => undef);
    is $answer->status, 200, 'without a token';
    my $served = $answer->json;
    is $served->{openapi}, '3.1.0', 'OpenAPI 3.1';
    my $source = Dashboard::OpenAPI->instance->{document};
    is_deeply [sort keys %{ $served->{paths} }], [sort keys %{ $source->{paths} }], 'every path';
    is_deeply $served->{components}{schemas}, $source->{components}{schemas}, 'every schema';
};

done_testing;
