# Columns tagged as personal data: clear for who has pii:read, masks for all others, in every way out.

use lib 't/lib', 't/http/lib';
use Dashboard::Test;
use Http::Fixture qw(add_query add_widget audit id);

my $t      = Dashboard::Test->new(as => 'analyst')->start;
my $widget = add_widget($t, id('people'));
my $email  = qr/people\.example|111-22-3333|1985-06-15/;

sub data_of ($id, $who, %option) {
    my $answer = $t->get("/api/v1/widgets/$id/data", as => $who, %option);
    is $answer->status, 200, "$who is answered" or diag $answer->body;
    return $answer;
}

subtest 'admins see values, analysts and viewers masks' => sub {
    for my $who (qw(admin super)) {
        is_deeply data_of($widget, $who)->json->{data}{rows}[0],
            [1, 'Ada', 'ada@people.example', '111-22-3333', '1985-06-15', 1000], $who;
    }
    for my $who (qw(analyst viewer colleague)) {
        my $row = data_of($widget, $who)->json->{data}{rows}[0];
        like $row->[2], qr/^[0-9a-f]{64}$/, "$who: hash";
        is_deeply [@$row[0, 1, 3, 4, 5]], [1, 'Ada', '****3333', '1985-01-01', undef], 'last four, year, null; the rest as it is';
    }
};

subtest 'in every way out' => sub {
    my $list   = {widgets => [$widget]};
    my %answer = (
        'a batch'     => $t->post('/api/v1/widgets/query', $list, as => 'viewer'),
        'lines'       => $t->post('/api/v1/widgets/query', $list, as => 'viewer', accept => 'application/x-ndjson'),
        'GET'         => $t->get("/api/dashboard/widgets/batch?ids=$widget", as => 'viewer'),
        'a dashboard' => $t->get('/api/v1/dashboards/' . id('operations') . '/data', as => 'viewer'),
        'a widget'    => $t->get("/api/v1/widgets/$widget/data", as => 'viewer'),
    );
    for my $way (sort keys %answer) {
        like $answer{$way}->body, qr/\*{4}3333/, "$way has the mask";
        unlike $answer{$way}->body, $email, 'and no value';
    }
};

subtest 'expressions see masks, too' => sub {
    my @texts = (
        'select upper(email) as e, to_jsonb(p) as whole from people as p',
        'select string_agg(email || ssn, \',\') as e, max(birth_date) as latest from people',
        'select a.email from people as a join people as b on a.email = b.email',
        'select email::integer from people', 'select 1 / (length(ssn) - 8) from people',
    );
    for my $text (@texts) {
        my $expression = add_widget($t, add_query($t, 'expression', $text));
        unlike $t->get("/api/v1/widgets/$expression/data", as => 'viewer')->body, $email, $text;
    }
    my $search = add_widget($t, add_query($t, 'search', 'select id from people where email = :email',
        '[{"name": "email", "type": "text"}]'));
    my %body = (widgets => [{id => $search, params => {email => 'ada@people.example'}}]);
    my $found = sub ($who) { $t->post('/api/v1/widgets/query', \%body, as => $who)->data->{$search}{data}{row_count} };
    is $found->('viewer'), 0, 'nothing is found by a value';
    is $found->('admin'),  1, 'but by who may see it';
};

subtest 'masked and clear answers have different entity tags' => sub {
    my ($clear, $masked) = map { data_of($widget, $_)->header('ETag') } qw(admin viewer);
    isnt $clear, $masked, 'they differ';
    is data_of($widget, 'analyst')->header('ETag'), $masked, 'the same masks have the same';
    isnt $t->get("/api/v1/widgets/$widget/data", as => 'viewer', if_none_match => $clear)->status, 304, 'a clear one does not hold for a mask';
    is data_of($widget, 'admin')->header('Cache-Control'), 'no-store', 'nobody stores either';
};

subtest 'one batch can have a query both masked and clear' => sub {
    my $other = $t->post('/api/v1/dashboards', {name => 'Other', workspace_id => id('other')}, as => 'colleague')->data->{id};
    my $there = add_widget($t, id('people'), dashboard_id => $other, as => 'colleague');
    my $role  = q{update dashboard.membership set role = ? where user_id = '00000000-0000-4000-8000-000000000104' and workspace_id = ?};
    $t->sql($role, 'admin', id('other'));
    my $data = $t->post('/api/v1/widgets/query', {widgets => [$widget, $there]}, as => 'colleague')->data;
    is $data->{$widget}{data}{rows}[0][3], '****3333', 'masked where the reader is an analyst';
    is $data->{$there}{data}{rows}[0][3], '111-22-3333', 'clear where an admin';
    isnt $data->{$widget}{meta}{etag}, $data->{$there}{meta}{etag}, 'with different tags';
    $t->sql($role, 'analyst', id('other'));
};

subtest 'a role is looked up with every request' => sub {
    my $role = q{update dashboard.membership set role = ? where user_id = '00000000-0000-4000-8000-000000000101'};
    $t->sql($role, 'analyst');
    unlike data_of($widget, 'admin')->body, $email, 'who is no admin any more sees masks';
    $t->sql($role, 'admin');
    like data_of($widget, 'admin')->body, $email, 'who is again does not';
};

subtest 'reading tagged columns is on record' => sub {
    my $before = $t->sql('select coalesce(max(id), 0) from dashboard.audit');
    my $twin   = add_widget($t, id('people'));
    my $broken = add_widget($t, add_query($t, 'broken', 'select * from people where id = :id', '[{"name": "id", "type": "integer"}]'));
    my $answer = $t->post('/api/v1/widgets/query', {widgets => [$widget, $twin, id('kpi'), {id => $broken, params => {id => 'x'}}]}, as => 'viewer');
    is $answer->status, 207, 'a batch with two widgets of one query';
    my @rows = audit($t, q{id > ? and action = 'read'}, $before);
    is @rows, 1, 'is one row: one a query, none for what did not run';
    is $rows[0]{resource_id}, id('people'), 'it names the query';
    is $rows[0]{actor_id}, '00000000-0000-4000-8000-000000000103', 'the reader';
    is $rows[0]{workspace_id}, id('flights'), 'the workspace';
    is $rows[0]{correlation_id}, $answer->header('X-Correlation-ID'), 'and the request';
    like $rows[0]{details}, qr/"masked": true/, 'and that it was masked';
    data_of($widget, 'admin');
    like((audit($t, q{id > ? and action = 'read'}, $before))[-1]{details}, qr/"masked": false/, 'or was not');
};

subtest 'what is behind the masks cannot be read' => sub {
    for my $text ('select * from data_private.people', 'select value from dashboard.setting',
        q{select set_config('dashboard.context', '{"pii": true}', true), email from people},
        q{select api.enter_query(1000, 'UTC', '{"pii": true}')}, 'select data_private.mask_hash(\'x\')')
    {
        my $around = add_widget($t, add_query($t, 'around', $text));
        my $answer = $t->get("/api/v1/widgets/$around/data", as => 'viewer');
        cmp_ok $answer->status, '>=', 400, $text;
        unlike $answer->body, $email, 'and shows nothing';
    }
};

done_testing;
