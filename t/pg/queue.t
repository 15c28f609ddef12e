#!/usr/bin/perl
# The queue in front of a pool is bounded, in length and in time, and first come is first served.
use lib 't/lib', 't/http/lib';
use Dashboard::Test;
use Http::Fixture qw(id);

my $t = Dashboard::Test->new(as => 'analyst', pool => 1, query_pool => 1, queue => 2, timeout => '2s')->start;
my $path = '/api/v1/dashboards/' . id('operations');

# Everything that wants a dashboard waits while this is held.
my $locks = $t->postgres->dbh($t->database);

sub hold () {
    $locks->begin_work;
    $locks->do('lock table dashboard.dashboard in access exclusive mode');
    return;
}

# Sends without waiting; the answers come when they are read.
sub send_all ($n) {
    return map {
        my $raw = $t->raw;
        $raw->send(GET => $path, {Authorization => 'Bearer ' . $t->token('analyst')});
        $raw;
    } 1 .. $n;
}

sub is_running () {
    return scalar $t->backends(q{wait_event_type = 'Lock'});
}

subtest 'what finds the queue full is refused at once, the others are served in the end' => sub {
    hold();
    my ($first) = send_all(1);
    ok wait_for(\&is_running), 'one runs';
    my @waiting = send_all(2);
    my @refused;
    ok wait_for(sub {
        # The two may still be on their way to the worker: what is refused is whoever came third.
        my $answer = $t->get($path);
        push @refused, $answer;
        return $answer->status == 503;
    }, 10), 'a third waiter is refused';
    is $refused[-1]->code, 'UNAVAILABLE', 'in the envelope';
    like $refused[-1]->header('Retry-After'), qr/^[1-9]/, 'with Retry-After';
    $locks->rollback;
    is $t->check(GET => $path, $_->read_response)->status, 200, 'served' for $first, @waiting;
};

subtest 'who waits longer than the deadline is told so, whoever runs is cancelled' => sub {
    hold();
    my ($running) = send_all(1);
    ok wait_for(\&is_running), 'one runs';
    my ($waiting) = send_all(1);
    is $t->check(GET => $path, $running->read_response)->status, 504, 'QUERY_TIMEOUT for what ran';
    like $t->check(GET => $path, $waiting->read_response)->status, qr/^50[34]$/, 'no endless waiting for what did not';
    $locks->rollback;
    ok wait_for(sub { $t->get($path)->status == 200 }, 5), 'the same connection serves on';
    cmp_ok scalar($t->backends), '<=', 3, 'and no other was made';
};

done_testing;
