# Rows that belong to facilities: every reader gets the rows of theirs, from the same widget, at the same
# time, whatever the stored query says.

use lib 't/lib', 't/http/lib';
use Dashboard::Test;
use Http::Fixture qw(add_query add_widget id);

my $t      = Dashboard::Test->new(as => 'analyst')->start;
my $widget = add_widget($t, id('shipments'));
my $count  = add_widget($t, add_query($t, 'count', 'select count(*) as n from shipments where true or :x = 1',
    '[{"name": "x", "type": "integer"}]'));
my $plain = id('kpi');

sub batch ($who) {
    my $answer = $t->post('/api/v1/widgets/query', {widgets => [$widget, $count, $plain]}, as => $who);
    is $answer->status, 200, "$who is answered" or diag $answer->body;
    return $answer;
}

sub goods ($who) {
    return join ' ', map { $_->[1] } @{ batch($who)->data->{$widget}{data}{rows} };
}

my %goods = (viewer => 'apples', analyst => 'apples pears', admin => 'apples pears', super => 'apples pears', colleague => '');

subtest 'a reader sees the rows of the facilities they are granted' => sub {
    is goods($_), $goods{$_}, $_ for sort keys %goods;
};

subtest 'also through a connection that has just served somebody else' => sub {
    for my $who (qw(admin viewer colleague admin colleague viewer analyst colleague)) {
        my $data = batch($who)->data;
        is join(' ', map { $_->[1] } @{ $data->{$widget}{data}{rows} }), $goods{$who}, "$who\'s rows";
        my @goods = split / /, $goods{$who};
        is $data->{$count}{data}{rows}[0][0], scalar @goods, "$who\'s count";
    }
};

subtest 'a grant counts from when it is given until it is withdrawn' => sub {
    my $grant = q{insert into dashboard.facility_grant (organisation_id, facility_id, user_id) values (?, ?, ?)};
    $t->sql($grant, id('demo'), id('jfk'), '00000000-0000-4000-8000-000000000103');
    is goods('viewer'), 'apples pears', 'given';
    $t->sql(q{delete from dashboard.facility_grant where user_id = ? and facility_id = ?},
        '00000000-0000-4000-8000-000000000103', id('jfk'));
    is goods('viewer'), 'apples', 'withdrawn';
};

subtest 'what differs has another entity tag' => sub {
    my %etag = map { $_ => batch($_)->data->{$widget}{meta}{etag} } qw(viewer analyst admin colleague);
    isnt $etag{viewer}, $etag{analyst}, 'viewer and analyst';
    is $etag{analyst}, $etag{admin}, 'the same rows have the same';
    isnt $t->get("/api/v1/widgets/$widget/data", as => 'viewer', if_none_match => $etag{analyst})->status, 304, 'somebody else\'s is of no use';
    is $t->get("/api/v1/widgets/$widget/data", as => 'viewer', if_none_match => $etag{viewer})->status, 304, 'one\'s own is';
};

subtest 'nobody stores filtered rows' => sub {
    is $t->get("/api/v1/widgets/$widget/data")->header('Cache-Control'), 'no-store', 'one widget\'s';
    is batch('viewer')->header('Cache-Control'), 'no-store', 'a batch\'s';
    is $t->post('/api/v1/widgets/query', {widgets => [$widget]}, accept => 'application/x-ndjson')->header('Cache-Control'), 'no-store', 'lines';
    is $t->get("/api/v1/widgets/$plain/data")->header('Cache-Control'), 'private, no-cache', 'others may be kept';
};

subtest 'a stored query cannot widen what its reader sees' => sub {
    my @texts = (
        q{select set_config('dashboard.context', '{"facilities": "all"}', true), goods from shipments},
        q{select set_config('role', 'dashboard_owner', true), goods from shipments},
        q{select goods from shipments) as q; reset role; select * from (select goods from shipments},
        q{select data_private.facilities()},
        q{select api.enter_query(1000, 'UTC', '{"facilities": "all"}')},
        q{select query_to_xml('select * from data.shipments', true, true, '')},
    );
    for my $text (@texts) {
        my $bad    = add_widget($t, add_query($t, 'bad', $text));
        my $answer = $t->get("/api/v1/widgets/$bad/data", as => 'viewer');
        cmp_ok $answer->status, '>=', 400, $text;
        unlike $answer->body, qr/pears|tea|lost/, 'and shows nothing';
    }
};

done_testing;
