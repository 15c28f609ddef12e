# What a widget's query is given: time range, time zone, and parameters from the request, the filters, the
# widget and the query, in this order; and the data of one widget or of a whole dashboard.

use lib 't/lib', 't/http/lib';
use Dashboard::Test;
use Http::Fixture qw(add_query add_widget id refused);

my $t = Dashboard::Test->new(as => 'analyst')->start;
$t->sql(q{update data.test_flight set at = now() - n.id * interval '1 hour' + interval '30 minutes' from data.test_flight as n where n.id = test_flight.id});

my $query = '/api/v1/widgets/query';

# The one entry of a batch of one widget: entry($widget, params => ..., further members of the body).
sub entry ($widget, %body) {
    my %asked = (id => $widget, exists $body{params} ? (params => delete $body{params}) : ());
    my $answer = $t->post($query, {widgets => [\%asked], %body});
    is $answer->status, 200, 'answered' or diag $answer->body;
    return $answer->data->{$widget};
}

sub rows ($widget, %body) {
    return entry($widget, %body)->{data}{rows};
}

# The entry's error as text: status, code, field.
sub issue ($widget, %body) {
    my %asked = (id => $widget, params => delete $body{params} // {});
    my $entry = $t->post($query, {widgets => [\%asked], %body})->data->{$widget};
    return join ' ', $entry->{status}, $entry->{error}{code} // '', $entry->{error}{details}{field} // '';
}

# ---- time -----------------------------------------------------------------------------------------

subtest 'a relative timerange goes back from now' => sub {
    my %count = ('1h' => 1, '24h' => 24, '7d' => 100, '30d' => 100, '90d' => 100);
    for my $range (sort keys %count) {
        is scalar @{ rows(id('table'), timerange => $range) }, $count{$range}, $range;
        is scalar @{ $t->get('/api/v1/widgets/' . id('table') . "/data?timerange=$range")->json->{data}{rows} }, $count{$range}, 'by GET';
    }
    is scalar @{ rows(id('table')) }, 24, '24 hours unless said';
};

subtest 'an absolute one includes its beginning and not its end' => sub {
    my $at = sub ($n) { $t->sql(q{select to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') from data.test_flight where id = ?}, $n) };
    my $ids = sub (%range) { [map { $_->[0] } @{ rows(id('table'), timerange => \%range) }] };
    is_deeply $ids->(from => $at->(10), to => $at->(5)), [6 .. 10], 'from and to';
    is_deeply $ids->(from => $at->(10) =~ s/Z/+00:00/r, to => $at->(5)), [6 .. 10], 'an offset is a way to write it';
    my $berlin = $t->sql(q{select to_char(at at time zone 'UTC' + interval '2 hours', 'YYYY-MM-DD"T"HH24:MI:SS.US') from data.test_flight where id = 10}) . '+02:00';
    is_deeply $ids->(from => $berlin, to => $at->(5)), [6 .. 10], 'whichever offset';
    for my $wrong ({from => $at->(5), to => $at->(10)}, {from => $at->(5), to => $at->(5)}) {
        refused($t->post($query, {widgets => [id('table')], timerange => $wrong}), 400, 'VALIDATION_ERROR', 'one that ends before it begins', '/timerange');
    }
};

subtest 'a time zone is what days, and times of day, are counted in' => sub {
    my $widget = add_widget($t, add_query($t, 'zones', q{
        select :timezone as zone, timestamptz '2026-07-01 12:00:00+00' as moment, timestamp '2026-07-01 12:00:00' as clock,
               date_trunc('day', timestamptz '2026-07-01 23:00:00+00') as day, timestamptz '2026-01-01 12:00:00.5+00' as winter}));
    my %expected = (
        'UTC'           => ['2026-07-01T12:00:00+00:00', '2026-07-01T00:00:00+00:00', '2026-01-01T12:00:00.5+00:00'],
        'Europe/Berlin' => ['2026-07-01T14:00:00+02:00', '2026-07-02T00:00:00+02:00', '2026-01-01T13:00:00.5+01:00'],
        'Asia/Kolkata'  => ['2026-07-01T17:30:00+05:30', '2026-07-02T00:00:00+05:30', '2026-01-01T17:30:00.5+05:30'],
        'America/New_York' => ['2026-07-01T08:00:00-04:00', '2026-07-01T00:00:00-04:00', '2026-01-01T07:00:00.5-05:00'],
        'Etc/GMT+5'     => ['2026-07-01T07:00:00-05:00', '2026-07-01T00:00:00-05:00', '2026-01-01T07:00:00.5-05:00'],
    );
    for my $zone (sort keys %expected) {
        my ($moment, $day, $winter) = @{ $expected{$zone} };
        is_deeply rows($widget, timezone => $zone), [[$zone, $moment, '2026-07-01T12:00:00', $day, $winter]], $zone;
    }
    is rows($widget)->[0][0], 'UTC', 'UTC unless said';
    is $t->get("/api/v1/widgets/$widget/data?timezone=Asia%2FKolkata")->json->{data}{rows}[0][0], 'Asia/Kolkata', 'by GET';
    for my $unknown ('Europe/Atlantis', 'XYZ5', 'posixrules2', 'America', 'utc+1') {
        refused($t->post($query, {widgets => [$widget], timezone => $unknown}), 400, 'VALIDATION_ERROR', $unknown, '/timezone');
        refused($t->get("/api/v1/widgets/$widget/data", query => {timezone => $unknown}), 400, 'VALIDATION_ERROR', 'by GET', 'timezone');
    }
};

# ---- parameters -----------------------------------------------------------------------------------

sub carrier (%body) {
    return join ',', map { $_->[0] } @{ rows(id('kpi'), %body) };
}

subtest 'a parameter comes from the request, else the filters, else the widget, else the query' => sub {
    is carrier(), 'AA', 'the widget\'s';
    is carrier(filters => {carrier => 'BB'}), 'BB', 'the filters before it';
    is carrier(filters => {carrier => 'BB'}, params => {carrier => 'CC'}), 'CC', 'the request\'s before those';
    is carrier(params => {carrier => undef}), 'AA,BB,CC,DD', 'null is a value';
    is carrier(filters => {nothing => 'x', carrier => 'DD'}), 'DD', 'filters the query does not have do not matter';
    is carrier(params => {min_delay => 0}), 'AA', 'a parameter that is not given keeps what it had';
    my $bare = add_widget($t, id('by_carrier'));
    is scalar @{ rows($bare) }, 4, 'the query\'s default last';
    is rows(add_widget($t, id('sleep'), params => {seconds => 0}))->[0][1], 0, 'a number that is 0 is a value';
};

subtest 'filters in a query string are name:value' => sub {
    my $path = '/api/v1/widgets/' . id('kpi') . '/data';
    my $ask  = sub ($filters) { join ',', map { $_->[0] } @{ $t->get("$path?filters=$filters")->json->{data}{rows} } };
    is $ask->('carrier:BB'), 'BB', 'one';
    is $ask->('carrier:CC,min_delay:-1000,other:x'), 'CC', 'several';
    is $ask->('carrier%3ADD'), 'DD', 'encoded';
    refused($t->get("$path?filters=$_"), 400, 'VALIDATION_ERROR', "filters=$_", 'filters') for 'carrier', ':AA', 'carrier:AA,xx';
    refused($t->get("$path?filters=carrier:ZZ"), 400, 'VALIDATION_ERROR', 'a value the query does not take', 'carrier');
    my $lists = '/api/v1/widgets/' . id('private_widget') . '/data';
    my $texts = sub ($filters) { $t->get("$lists?filters=$filters")->json->{data}{rows}[0][8] };
    is_deeply $texts->('texts:a'), ['a'], 'one value will do for a list';
    is_deeply $texts->('texts:a,texts:b:c,texts:'), ['a', 'b:c', ''], 'a name given more than once is a list';
};

subtest 'every type of parameter arrives as it was sent' => sub {
    my $widget = id('private_widget');
    my %param = (
        a_text => q{it's "quoted" \ $1 :from; -- }, an_integer => -7, a_number => 1.25, a_boolean => \1, a_date => '2026-02-28',
        a_timestamp => '2026-02-28T12:00:00.123456+02:00', a_uuid => '00000000-0000-4000-8000-00000000ABCD',
        texts => ['a,b', '{c}', '"d"', '\\', '', 'NULL', "\x{1f600}"], integers => [1, -2, 3],
        a_timerange => {from => '2026-01-01T00:00:00Z', to => '2026-02-01T00:00:00Z'},
    );
    my ($entry) = entry($widget, params => \%param);
    my %row;
    @row{map { $_->{name} } @{ $entry->{data}{columns} }} = @{ $entry->{data}{rows}[0] };
    is $row{$_}, $param{$_}, $_ for qw(a_text an_integer a_number a_date);
    ok $row{a_boolean}, 'a_boolean';
    is $row{a_timestamp}, '2026-02-28T10:00:00.123456+00:00', 'a_timestamp';
    is $row{a_uuid}, lc $param{a_uuid}, 'a_uuid';
    is_deeply $row{$_}, $param{$_}, $_ for qw(texts integers);
    is $row{a_timerange}, '["2026-01-01 00:00:00+00","2026-02-01 00:00:00+00")', 'a_timerange';
    my @nothing = grep { defined } @{ rows($widget)->[0] };
    is_deeply \@nothing, ['UTC'], 'left out, all are null';
    is rows($widget, params => {a_timestamp => '2026-02-28T12:00:00'})->[0][5], '2026-02-28T12:00:00+00:00', 'a time without an offset is UTC';
};

subtest 'a value of another type is that widget\'s error, and named' => sub {
    my %wrong = (
        an_integer  => ['x', 1.5, '1e3', 2147483648, \1, [1]],
        a_number    => ['x', \1, [1], 'NaN'],
        a_boolean   => ['yes', 1, [\1]],
        a_date      => ['2026-02-30', '2026-02-28 and more', 20260228, 'today'],
        a_timestamp => ['2026-02-28T25:00:00Z', 'now', 5],
        a_timerange => ['1y', '2026-01-01', {from => '2026-02-01T00:00:00Z', to => '2026-01-01T00:00:00Z'}],
        a_uuid      => ['x', 1],
        a_text      => [['a', 'b']],
        texts       => [],
        integers    => [['x'], [1, 'x'], 'x'],
    );
    for my $name (sort keys %wrong) {
        is issue(id('private_widget'), params => {$name => $_}), "400 VALIDATION_ERROR $name", "$name: " . Cpanel::JSON::XS->new->allow_nonref->encode($_)
            for @{ $wrong{$name} };
    }
    is issue(id('kpi'), params => {nonsense => 1}), '400 VALIDATION_ERROR nonsense', 'a parameter there is not';
    is issue(id('kpi'), params => {carrier => 'ZZ'}), '400 VALIDATION_ERROR carrier', 'a value that is not on the list';
    is issue(id('kpi'), filters => {carrier => 'ZZ'}), '400 VALIDATION_ERROR carrier', 'from the filters, too';
    my $required = add_widget($t, id('required'));
    is issue($required), '400 VALIDATION_ERROR name', 'one that is required';
    is issue($required, params => {name => undef}), '400 VALIDATION_ERROR name', 'null is not enough';
    is rows($required, params => {name => 'x'})->[0][0], 'x', 'given';
};

# ---- one widget, a whole dashboard ----------------------------------------------------------------

subtest 'the data of one widget is the answer itself' => sub {
    my $answer = $t->get('/api/v1/widgets/' . id('kpi') . '/data');
    is $answer->status, 200, 'answered';
    my $entry = entry(id('kpi'));
    is_deeply $answer->json->{data}, $entry->{data}, 'the data of the entry';
    is_deeply [sort keys %{ $answer->json->{meta} }], [sort keys %{ $entry->{meta} }], 'and its meta';
    is $answer->etag, $entry->{meta}{etag}, 'the etag is the header\'s, too';
    is $answer->header('Cache-Control'), 'private, no-cache', 'Cache-Control';
    is $t->get('/api/v1/widgets/' . id('kpi') . '/data', if_none_match => $answer->etag)->status, 304, 'If-None-Match';
    is $t->get('/api/v1/widgets/' . id('kpi') . '/data?filters=carrier:BB', if_none_match => $answer->etag)->status, 200, 'other data has another';
    is $t->get('/api/v1/widgets/' . id('kpi') . '/data?refresh=true')->status, 200, 'refresh';
};

subtest 'its failure is the answer\'s' => sub {
    my $at = sub ($id) { $t->get("/api/v1/widgets/$id/data") };
    refused($at->(id('failing')), 502, 'QUERY_FAILED', 'a query that fails');
    is_deeply $at->(id('failing'))->error->{details}, {}, 'without a word of why';
    refused($at->(add_widget($t, id('required'))), 400, 'VALIDATION_ERROR', 'a parameter that is missing', 'name');
    refused($at->(id('unknown')), 404, 'NOT_FOUND', 'a widget there is not');
    my $note = $at->(id('note'));
    is_deeply $note->json->{data}{rows}, [], 'a note has no rows';
    is $note->etag, undef, 'and no etag';
    my $metric = $t->post('/api/v1/widgets', {dashboard_id => id('operations'), type => 'line', query => {metric => 'delay'}})->data->{id};
    refused($at->($metric), 400, 'VALIDATION_ERROR', 'metrics are not there yet', 'metric');
};

subtest 'in development it has the database\'s words' => sub {
    $t->nginx->set(api => 'dashboard_debug on;');
    ok $t->nginx->reload, 'dashboard_debug on';
    my $debug = $t->get('/api/v1/widgets/' . id('failing') . '/data')->error->{details}{debug};
    is_deeply $debug, {sqlstate => '22012', message => 'division by zero'}, 'alone';
    my $entry = $t->post($query, {widgets => [id('failing')]})->data->{ id('failing') };
    is_deeply $entry->{error}{details}{debug}, $debug, 'in a batch';
    $t->nginx->set(api => '');
    ok $t->nginx->reload, 'dashboard_debug off';
};

subtest 'the data of a dashboard is that of its widgets, in the order they stand' => sub {
    my $answer = $t->get('/api/v1/dashboards/' . id('operations') . '/data?timerange=1h&filters=carrier:BB&timezone=Asia%2FTokyo');
    is $answer->status, 207, 'one of them fails';
    my @order = $answer->body =~ /"([0-9a-f]{8}-[0-9a-f-]{27})":\{"status"/g;
    is_deeply \@order, [map { $_->{id} } @{ $t->get('/api/v1/dashboards/' . id('operations') . '/widgets')->data }], 'order';
    is $answer->data->{ id('failing') }{error}{code}, 'QUERY_FAILED', 'that one says so';
    is $answer->data->{ id('kpi') }{data}{rows}[0][0], 'BB', 'filters';
    is scalar @{ $answer->data->{ id('table') }{data}{rows} }, 1, 'timerange';
    like $answer->data->{ id('table') }{data}{rows}[0][1], qr/\+09:00$/, 'timezone';
    is $t->get('/api/v1/dashboards/' . id('private') . '/data')->status, 200, '200 when none does';
    my $empty = $t->post('/api/v1/dashboards', {name => 'Empty'})->data->{id};
    is_deeply $t->get("/api/v1/dashboards/$empty/data")->json, {data => {}}, 'none: an empty dictionary';
    my $full = $t->post('/api/v1/dashboards', {name => 'Full', widgets => [map { {type => 'note', y => $_} } 1 .. 100]})->data->{id};
    is scalar keys %{ $t->get("/api/v1/dashboards/$full/data")->data }, 100, 'all of a hundred';
};

done_testing;
