# A thing of another organisation, or of somebody else, is word for word a thing that does not exist: on
# every operation with an id in its path, and wherever else an id can stand.

use lib 't/lib', 't/http/lib';
use Dashboard::Test;
use Http::Fixture qw(id refused same_answer words);
use Http::Operation;

my $t = Dashboard::Test->new(as => 'analyst')->start;

# By what stands before {id} in a path: what there is, what is another organisation's, what is private to
# somebody of the own.
my $key_of = sub ($who) { $t->post('/api/v1/api-keys', {name => 'robot'}, as => $who)->data->{id} };
my $mine = $t->post('/api/v1/dashboards', {name => 'Mine', workspace_id => id('flights')}, as => 'colleague')->data->{id};
my %things = (
    dashboards => {own => $mine, foreign => [id('elsewhere'), id('private')]},
    widgets    => {own => id('kpi'), foreign => [id('elsewhere_widget'), id('private_widget')]},
    users      => {own => $t->user_id('colleague'), foreign => [$t->user_id('outsider')]},
    'api-keys' => {own => $key_of->('colleague'), foreign => [map { $key_of->($_) } qw(outsider analyst)]},
    'public-link' => {
        own     => $t->post("/api/v1/dashboards/$mine/public-link", {}, as => 'colleague')->data->{id},
        foreign => [
            $t->post('/api/v1/dashboards/' . id('elsewhere') . '/public-link', {}, as => 'outsider')->data->{id},
            $t->post('/api/v1/dashboards/' . id('private') . '/public-link')->data->{id},
        ],
    },
    share      => {own => $t->user_id('viewer'), foreign => [$t->user_id('outsider'), $t->user_id('admin')]},
);

subtest 'on every operation with an id in its path' => sub {
    for my $operation (Http::Operation->all) {
        my @places = $operation->template =~ m{/([\w-]+)/\{(\w*id)\}}g or next;
        my %kind   = reverse @places;
        my %own    = (version => 1);
        for my $name (sort keys %kind) {
            my $thing = $things{ $kind{$name} };
            ok $thing, "there are things to test /$kind{$name}/{$name} with" or return;
            $own{$name} = $thing->{own};
        }
        for my $name (sort keys %kind) {
            my $ask = sub ($id) {
                $t->request($operation->method, $operation->path(%own, $name => $id) . $operation->query, $operation->options, as => 'colleague');
            };
            my $missing = $ask->(id('unknown'));
            refused($missing, 404, 'NOT_FOUND', $operation->label . ": no such $name");
            same_answer($ask->($_), $missing, "$name of somebody else") for @{ $things{ $kind{$name} }{foreign} };
        }
    }
};

subtest 'whatever precondition is sent with it' => sub {
    for my $operation (grep { $_->answers(428) } Http::Operation->canonical) {
        my ($kind, $name) = $operation->template =~ m{/(\w+)/\{(\w*id)\}};
        for my $condition (['none'], ['If-Match: "v1"', if_match => '"v1"'], ['If-None-Match: "v1"', if_none_match => '"v1"']) {
            my ($why, %header) = @$condition;
            my ($missing, @foreign) = map {
                $t->request($operation->method, $operation->path($name => $_), $operation->options, if_match => undef, %header, as => 'colleague')
            } id('unknown'), @{ $things{$kind}{foreign} };
            refused($missing, 404, 'NOT_FOUND', $operation->label . ": $why");
            same_answer($_, $missing, 'the same words') for @foreign;
        }
    }
};

subtest 'an id that another organisation uses is free here' => sub {
    my @made = (
        $t->put('/api/v1/dashboards/' . id('elsewhere'), {name => 'Ours'}, if_none_match => '*'),
        $t->put('/api/v1/widgets/' . id('elsewhere_widget'), {type => 'note', dashboard_id => id('operations')}, if_none_match => '*'),
        $t->post('/api/v1/dashboards', {name => 'x', widgets => [{type => 'note', id => '00000000-0000-4000-8000-00000000c001'}]}),
    );
    is $_->status, 201, 'created: whether it is used elsewhere is not told' for @made;
    is $t->get('/api/v1/dashboards/' . id('elsewhere'), as => 'outsider')->data->{name}, 'Elsewhere', 'theirs is theirs';
    is $t->get('/api/v1/dashboards/' . id('elsewhere'))->data->{name}, 'Ours', 'ours is ours';
    is $t->get('/api/v1/widgets/' . id('elsewhere_widget'), as => 'outsider')->data->{type}, 'kpi', 'their widget, too';
    is $t->delete('/api/v1/dashboards/' . id('elsewhere'), if_match => '*')->status, 204, 'deleting ours';
    is $t->get('/api/v1/dashboards/' . id('elsewhere'), as => 'outsider')->status, 200, 'leaves theirs';
};

subtest 'a widget cannot be taken from another dashboard' => sub {
    my $mine = $t->post('/api/v1/dashboards', {name => 'Mine'}, as => 'colleague', )->status;
    is $mine, 400, 'a colleague of two workspaces must name one';
    my $id = $t->post('/api/v1/dashboards', {name => 'Mine', workspace_id => id('flights')}, as => 'colleague')->data->{id};
    for my $widget (id('kpi'), id('private_widget')) {
        refused($t->put("/api/v1/dashboards/$id", {name => 'Mine', widgets => [{type => 'note', id => $widget}]},
            if_match => '*', as => 'colleague'), 409, 'ALREADY_EXISTS', 'an id that is used is refused', '/widgets/0/id');
    }
    is $t->get('/api/v1/widgets/' . id('kpi'))->data->{dashboard_id}, id('operations'), 'and stays where it was';
};

subtest 'a version belongs to its dashboard' => sub {
    my $other = $t->post('/api/v1/dashboards', {name => 'Other'})->data->{id};
    $t->patch('/api/v1/dashboards/' . id('operations'), {name => 'Now at 2'}, if_match => '*');
    refused($t->get("/api/v1/dashboards/$other/versions/2"), 404, 'NOT_FOUND', 'one that only another has');
    refused($t->post("/api/v1/dashboards/$other/versions/2/restore"), 404, 'NOT_FOUND', 'nor can it be restored');
};

subtest 'in a body' => sub {
    my $on = sub ($dashboard, %option) { $t->post('/api/v1/widgets', {dashboard_id => $dashboard, type => 'note'}, as => 'colleague', %option) };
    same_answer($on->($_), $on->(id('unknown')), 'a dashboard') for id('private'), '00000000-0000-4000-8000-000000000888';
    my $with = sub (%member) { $t->post('/api/v1/dashboards', {name => 'x', workspace_id => id('flights'), %member}, as => 'colleague') };
    same_answer($with->(facility_id => id('lhr')), $with->(facility_id => id('unknown')), 'a facility');
    same_answer($with->(facility_id => id('jfk')), $with->(facility_id => id('unknown')), 'a facility one is not granted');
    my $share = sub ($id) { $t->post("/api/v1/dashboards/$mine/share", {user_id => $id, permission => 'view'}, as => 'colleague') };
    same_answer($share->($t->user_id('outsider')), $share->(id('unknown')), 'a user to share with');
    my $give = sub ($id) { $t->post("/api/v1/dashboards/$mine/transfer", {owner_id => $id}, as => 'colleague') };
    same_answer($give->($t->user_id('outsider')), $give->(id('unknown')), 'a new owner');
    my $query = sub ($id) { $with->(widgets => [{type => 'kpi', query => {query_id => $id}}]) };
    same_answer($query->(id('elsewhere_query')), $query->(id('unknown')), 'a stored query');
    same_answer($with->(workspace_id => id('abroad')), $with->(workspace_id => id('unknown')), 'a workspace');
};

subtest 'in a batch' => sub {
    my @foreign = (id('private_widget'), id('unknown'));
    my $answer = $t->post('/api/v1/widgets/query', {widgets => [@foreign]}, as => 'colleague');
    is $answer->status, 207, 'one answer for all';
    my ($one, @others) = map { $answer->data->{$_} } @foreign;
    is $one->{error}{code}, 'NOT_FOUND', 'NOT_FOUND';
    is_deeply $_, $one, 'the same words' for @others;
    my $abroad = $t->post('/api/v1/widgets/query', {widgets => [id('kpi'), id('unknown')]}, as => 'outsider')->data;
    is_deeply $abroad->{ id('kpi') }, $abroad->{ id('unknown') }, 'another organisation\'s, too';
};

subtest 'in a query string' => sub {
    my $list = sub ($id) { $t->get("/api/v1/dashboards?workspace_id=$id") };
    same_answer($list->(id('abroad')), $list->(id('unknown')), 'a workspace');
    my $batch = $t->get('/api/dashboard/widgets/batch?ids=' . join(',', id('private_widget'), id('unknown')), as => 'colleague')->data;
    is_deeply $batch->{ id('private_widget') }, $batch->{ id('unknown') }, 'a widget';
};

done_testing;
