# POST /widgets/query: many widgets in one request, side by side, each answering for itself.

use lib 't/lib', 't/http/lib';
use Time::HiRes qw(time);
use Dashboard::Test;
use Http::Fixture qw(add_gate add_query add_widget at_gate close_gate id open_gate refused statements watch_statements);

my $t = Dashboard::Test->new(as => 'analyst', pool => 2, query_pool => 12, api => 'dashboard_widget_timeout 60s;');
watch_statements($t);
$t->start;
add_gate($t);

my $path  = '/api/v1/widgets/query';
my $sleep = add_query($t, 'nap', 'select pg_sleep(0.2)::text as slept, :n as n', '[{"name": "n", "type": "integer"}]');
my $gated = add_query($t, 'gated', 'select data.gate() as gate, :n as n', '[{"name": "n", "type": "integer"}]');
my $plain = add_query($t, 'plain', 'select :n as n', '[{"name": "n", "type": "integer"}]');

my @sleeping = map { add_widget($t, $sleep, params => {n => $_}) } 1 .. 12;
my @gated    = map { add_widget($t, $gated, params => {n => $_}) } 1 .. 12;
my @plain    = map { add_widget($t, $plain, params => {n => $_}) } 1 .. 12;

sub batch ($widgets, %option) {
    my %body = map { $_ => delete $option{$_} } grep { exists $option{$_} } qw(timerange filters timezone refresh);
    return $t->post($path, {widgets => $widgets, %body}, %option);
}

# The rows of a widget's entry.
sub rows_of ($answer, $id) {
    return $answer->data->{$id}{data}{rows};
}

# The ids of an answer in the order in which they stand in its text.
sub order_of ($answer) {
    return $answer->body =~ /"([0-9a-f]{8}-[0-9a-f-]{27})":\{"status"/g;
}

subtest 'twelve queries run at the same time' => sub {
    close_gate($t);
    my $raw = $t->raw;
    $raw->send(POST => $path, {Authorization => 'Bearer ' . $t->token('analyst'), 'Content-Type' => 'application/json'},
        Cpanel::JSON::XS::encode_json({widgets => \@gated}));
    ok wait_for(sub { at_gate($t) == 12 }), 'all twelve wait at the gate together';
    open_gate($t);
    my $answer = $t->check(POST => $path, $raw->read_response);
    is $answer->status, 200, 'and pass it';
    is_deeply rows_of($answer, $gated[$_ - 1]), [['passed', $_]], "widget $_ has its own rows" for 1 .. 12;
};

subtest 'twelve that sleep 0.2 s each take less than 0.4 s' => sub {
    my $best;
    for (1 .. 5) {
        my $start = time;
        is batch(\@sleeping)->status, 200, 'answered';
        my $took = time - $start;
        $best = $took if !defined $best || $took < $best;
    }
    cmp_ok $best, '<', 0.4, 'the best of five, as a busy machine may only slow it down';
    cmp_ok $best, '>=', 0.2, 'and they did sleep';
    note sprintf 'best of five: %.3f s', $best;
};

subtest 'the answer is a dictionary in the order asked' => sub {
    my @order  = reverse @plain;
    my $answer = batch(\@order);
    is $answer->status, 200, 'all went well';
    is_deeply [order_of($answer)], \@order, 'in its text, too';
    is_deeply rows_of($answer, $plain[$_]), [[$_ + 1]], 'each with its rows' for 0 .. 11;
    is $answer->header('Cache-Control'), 'private, no-cache', 'Cache-Control';
    is $answer->header('Vary'), 'Authorization, Accept-Encoding, Accept, Origin', 'Vary';
    is $answer->etag, undef, 'no ETag: each widget has its own';
};

subtest 'an entry has columns, rows and what is known about them' => sub {
    my $entry = batch([id('kpi')])->data->{ id('kpi') };
    is_deeply $entry->{data}, {
        columns => [{name => 'carrier', type => 'text'}, {name => 'flights', type => 'bigint'}, {name => 'delay', type => 'numeric'}],
        rows => [['AA', 25, $entry->{data}{rows}[0][2]]], row_count => 1, truncated => Cpanel::JSON::XS::false()
    }, 'data';
    like $entry->{meta}{etag}, qr/^"[0-9a-f]+"$/, 'its etag';
    is $entry->{meta}{ttl}, 120, 'the query\'s ttl';
    is batch([id('table')])->data->{ id('table') }{meta}{ttl}, 30, 'or the widget\'s own';
    is_deeply batch([id('note')])->data->{ id('note') }{data},
        {columns => [], rows => [], row_count => 0, truncated => Cpanel::JSON::XS::false()}, 'a note has no data, and no error';
    is batch([id('note')])->data->{ id('note') }{meta}{etag}, undef, 'nor an etag';
};

subtest 'one failing, one foreign, one unknown: nine right answers and 207' => sub {
    my @nine = @plain[0 .. 8];
    my $answer = batch([@nine[0 .. 3], id('failing'), @nine[4 .. 6], id('elsewhere_widget'), id('unknown'), @nine[7, 8]]);
    is $answer->status, 207, 'answered';
    is scalar(grep { $answer->data->{$_}{status} == 200 } @nine), 9, 'nine with status 200';
    is_deeply rows_of($answer, $nine[$_]), [[$_ + 1]], 'and the right rows' for 0 .. 8;
    is_deeply [map { my $entry = $answer->data->{$_}; "$entry->{status} $entry->{error}{code}" } id('failing'), id('elsewhere_widget'), id('unknown')],
        ['502 QUERY_FAILED', '404 NOT_FOUND', '404 NOT_FOUND'], 'three with an error';
    ok !exists $answer->data->{ id('failing') }{$_}, "and no $_" for qw(data meta);
    unlike $answer->body, qr/division|22012|select/i, 'which says nothing of its inside';
    is batch([id('failing')])->status, 207, '207 even when nothing went well';
};

subtest 'no SQL a widget may name does more than read its data' => sub {
    my @evil = (
        'delete from data.test_flight', 'insert into data.test_flight values (0)', 'update data.test_flight set delay = 0',
        'select 1) as q; drop table data.test_flight; select * from (select 1', 'drop table data.test_flight',
        'select * from dashboard.user_account', 'select * from dashboard.audit', 'copy data.test_flight to stdout',
        q{select set_config('role', 'dashboard_app', false)}, 'set role dashboard_app', 'reset role', 'commit', 'select pg_advisory_lock(1)',
        q{select api.get_dashboard('{}', null)}, 'with gone as (delete from data.test_flight returning *) select * from gone',
        q{select pg_read_file('/etc/passwd')}, q{select pg_notify('x', 'y')}, 'do $$ begin end $$', 'select nonsense', 'select 1 limit', '', 'select 1;',
    );
    my @widgets = map { add_widget($t, add_query($t, 'evil', $_)) } grep { $_ ne '' } @evil;
    my $answer = batch(\@widgets);
    is $answer->status, 207, 'answered';
    is $answer->data->{ $widgets[$_] }{error}{code}, 'QUERY_FAILED', $evil[$_] for 0 .. $#widgets;
    is $t->sql('select count(*) from data.test_flight where delay <> 0 or id = 50'), 100, 'the data is as it was';
    is batch(\@plain)->status, 200, 'and the connections are good';
    my $comment = add_widget($t, add_query($t, 'comment', 'select 7 as seven -- and no more'));
    is_deeply rows_of(batch([$comment]), $comment), [[7]], 'a comment at the end is none of the wrapping';
};

subtest 'fifty times the same widget: its query runs once' => sub {
    my $widget = add_widget($t, add_query($t, 'counted', q{select 'counted once' as label}));
    my $answer = batch([($widget) x 50]);
    is $answer->status, 200, 'answered';
    is_deeply [keys %{ $answer->data }], [$widget], 'one entry';
    is scalar(statements($t, qr/counted once/)), 1, 'one statement';
    is scalar(order_of(batch([lc $widget, uc $widget]))), 1, 'an id in capitals is the same id';
};

subtest 'equal queries of different widgets run once, different ones each' => sub {
    my $query = add_query($t, 'shared', q{select 'shared run' as label, :n as n}, '[{"name": "n", "type": "integer"}]');
    my @same  = map { add_widget($t, $query, params => {n => 1}, title => "same $_") } 1 .. 5;
    my $other = add_widget($t, $query, params => {n => 2});
    my $answer = batch([@same, $other]);
    is_deeply rows_of($answer, $_), [['shared run', 1]], 'the same rows' for @same;
    is_deeply rows_of($answer, $other), [['shared run', 2]], 'other rows';
    is scalar(statements($t, qr/shared run/)), 2, 'two statements';
};

subtest 'how many may be asked for' => sub {
    my @fifty = map { sprintf '00000000-0000-4000-8000-0000000f%04d', $_ } 1 .. 50;
    is scalar keys %{ batch(\@fifty)->data }, 50, 'fifty';
    refused(batch([@fifty, id('kpi')]), 400, 'VALIDATION_ERROR', 'fifty-one', '/widgets');
    refused(batch([]), 400, 'VALIDATION_ERROR', 'none', '/widgets');
};

subtest 'one widget in two ways is a mistake' => sub {
    my $widget = $plain[0];
    for my $second ({id => $widget, params => {n => 2}}, {id => $widget, etag => '"x"'}) {
        refused(batch([$plain[1], $widget, $second]), 400, 'VALIDATION_ERROR', join(', ', keys %$second), '/widgets/2');
    }
    is batch([$widget, {id => $widget}])->status, 200, 'an object that says no more is the same';
};

subtest 'an etag that still holds is answered 304, and only for that widget' => sub {
    my $first = batch([id('kpi'), $plain[0]]);
    my ($kpi, $other) = map { $first->data->{$_}{meta}{etag} } id('kpi'), $plain[0];
    my $again = batch([{id => id('kpi'), etag => $kpi}, {id => $plain[0], etag => '"another"'}]);
    is $again->status, 200, 'no failure';
    is $again->data->{ id('kpi') }{status}, 304, 'not sent again';
    ok !exists $again->data->{ id('kpi') }{data}, 'without data';
    is $again->data->{ id('kpi') }{meta}{etag}, $kpi, 'with the etag';
    is_deeply [@{ $again->data->{ $plain[0] } }{qw(status)}], [200], 'the other has its data';
    is batch([id('kpi')])->data->{ id('kpi') }{meta}{etag}, $kpi, 'the same data has the same etag';
    $t->sql(q{update data.test_flight set delay = delay + 1 where carrier = 'AA'});
    my $changed = batch([{id => id('kpi'), etag => $kpi}])->data->{ id('kpi') };
    is $changed->{status}, 200, 'other data is sent';
    isnt $changed->{meta}{etag}, $kpi, 'under another etag';
};

subtest 'more widgets than connections wait for their turn' => sub {
    my $home   = $t->post('/api/v1/dashboards', {name => 'Many'})->data->{id};
    my @many   = map { add_widget($t, $plain, params => {n => 100 + $_}, dashboard_id => $home) } 1 .. 38;
    my $answer = batch([@plain, @many]);
    is $answer->status, 200, 'fifty over twelve connections';
    is_deeply rows_of($answer, $many[-1]), [[138]], 'to the last';
};

subtest 'by GET, with the ids in the query string' => sub {
    my $answer = $t->get('/api/dashboard/widgets/batch?ids=' . join ',', reverse @plain);
    is $answer->status, 200, 'answered';
    is_deeply [order_of($answer)], [reverse @plain], 'in the order asked';
    is $t->get('/api/dashboard/widgets/batch?ids=' . join ',', id('kpi'), id('unknown'))->status, 207, '207 when one fails';
    is scalar keys %{ $t->get('/api/dashboard/widgets/batch?ids=' . join ',', ($plain[0]) x 50)->data }, 1, 'the same fifty times';
};

done_testing;
