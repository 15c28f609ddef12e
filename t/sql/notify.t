#!/usr/bin/perl
# What a listener on channel dashboard_event hears of a write.
use v5.36;
use lib 't/lib';
use Test::More;
use Cpanel::JSON::XS qw(decode_json encode_json);
use Dashboard::Run;

my $postgres = Dashboard::Run->current->{postgres};
my $database = $postgres->create_database("notify_$$");
my ($listener, $writer) = map { $postgres->dbh($database) } 1 .. 2;
$listener->do('listen dashboard_event');

sub id ($digits) {
    return "00000000-0000-4000-8000-000000000$digits";
}

sub call ($operation, $digits, $body, %members) {
    my %request = (
        operation      => $operation,
        correlation_id => 'req_notify',
        address        => '127.0.0.1',
        issuer         => '',
        subject        => id('102'),
        path           => {id => id($digits)},
        if_match       => {raw => '*', any => \1, versions => []},
        %members
    );
    my ($status) = $writer->selectrow_array("select status from api.$operation(?, ?)",
        undef, encode_json(\%request), encode_json($body));
    return $status;
}

# All that came in. A round trip fetches what the server sent before its answer.
sub heard () {
    $listener->do('select 1');
    my @heard;
    while (my $notification = $listener->pg_notifies) {
        push @heard, decode_json($notification->[2]);
    }
    return @heard;
}

is(call('patch_widget', '501', {x => 9}), 200, 'a widget is changed');
my @heard = heard();
is(@heard, 1, 'which is announced once');
is_deeply(
    $heard[0]{tags},
    ['widget:' . id('501'), 'dashboard:' . id('401'), 'dashboards:' . id('001')],
    'with the tags of all that changed'
);
is($heard[0]{id}, $listener->selectrow_array('select max(id) from dashboard.event'), 'and the event to read');

call('patch_dashboard', '401', {is_default => \1});
heard();
is(call('patch_dashboard', '402', {is_default => \1}), 200, 'a write that changes two dashboards');
@heard = heard();
is(@heard, 1, 'is announced once');
is_deeply([grep { /^dashboard:/ } @{$heard[0]{tags}}], ['dashboard:' . id('402'), 'dashboard:' . id('401')], 'for both');

$writer->begin_work;
call('patch_dashboard', '401', {name => 'undone'});
is(heard(), 0, 'nothing is heard before the commit');
$writer->rollback;
is(heard(), 0, 'and nothing of what was undone');
is(call('patch_dashboard', '401', {name => 'x'}, if_match => {raw => '"v1"', any => \0, versions => [1]}),
    412, 'a conflict');
is(heard(), 0, 'is not announced');

# 8000 bytes is what a notification can carry.
my @many = map { {type => 'note', y => $_} } 1 .. 100;
is(call('put_dashboard', '401', {name => 'x', widgets => \@many}), 200, 'a hundred widgets are replaced');
@many = map { {type => 'note', y => $_} } 101 .. 200;
is(call('put_dashboard', '401', {name => 'x', widgets => \@many}), 200, 'twice');
@heard = heard();
is(@heard, 2, 'which is announced each time');
is_deeply([keys %{$heard[1]}], ['id'], q{by the event's id alone: its tags would not fit});
is(
    $listener->selectrow_array('select cardinality(tags) from dashboard.event where id = ?', undef, $heard[1]{id}),
    202, 'they stand in the event'
);

$_->disconnect for $listener, $writer;
$postgres->drop_database($database);
done_testing;
