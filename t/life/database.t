# PostgreSQL stops, crashes, freezes, runs out of connections, turns read-only, and comes back.

use lib 't/lib', 't/http/lib';
use Dashboard::Test;
use Http::Fixture qw(audit dashboard_now id);
use Time::HiRes qw(time);

my $t = Dashboard::Test->new(
    as       => 'analyst',
    postgres => 'own',
    pool     => 2,
    timeout  => '4s',
    api      => 'dashboard_widget_timeout 2s;'
)->start;
my $dashboard = id('operations');
my $path      = "/api/v1/dashboards/$dashboard";

sub unavailable ($answer, $name) {
    subtest $name => sub {
        is $answer->status, 503, 'status 503';
        is $answer->code, 'UNAVAILABLE', 'code';
        like $answer->header('Retry-After'), qr/^[1-9]\d*$/, 'Retry-After';
    };
    return;
}

# Back to normal without a restart.
sub recovers () {
    ok wait_for(sub { $t->get($path)->status == 200 }, 10), 'answers again';
    is $t->get('/health/ready')->status, 200, 'ready';
    ok wait_for(sub { $t->backends <= 2 + 4 + 1 }, 5), 'with no more connections than the pools may have';
    return;
}

for my $mode ('fast', 'immediate') {
    subtest "PostgreSQL stopped ($mode) and started under load" => sub {
        my $count = $t->under_load(
            sub {
                $t->postgres->stop($mode);
                ok wait_for(sub { $t->get($path)->status == 503 }, 5), 'it is noticed';
                my $begin = time;
                unavailable($t->get($path), 'a read');
                unavailable($t->patch($path, {name => 'x'}, if_match => '*'), 'a write');
                unavailable($t->get("$path/data"), 'data');
                unavailable($t->get('/health/ready'), 'ready');
                cmp_ok time - $begin, '<', 4, 'at once, not after the deadline';
                is $t->get('/health/live')->status, 200, 'live';
                $t->postgres->start;
                my $ready = time;
                recovers();

                # When the connections of both pools and the one to cancel by were there, as PostgreSQL
                # saw it: how busy this machine and this test are does not count.
                my ($last) = (map { $_->{began} } $t->rows(
                    "select extract(epoch from backend_start) as began from pg_stat_activity
                     where usename = 'dashboard_app' order by backend_start limit 3"))[-1];
                cmp_ok $last - $ready, '<', 2, 'within 2 s of its being ready nginx is connected';
            },
            request => [GET => $path]
        );
        is_deeply [sort keys %{ $count->{status} }], [200, 503], 'every answer is 200 or 503';
        is_deeply $count->{failed}, {}, 'and every request has one';
    };
}

subtest 'a frozen server is a time-out, and nothing else waits for it' => sub {
    $t->get($path);
    $t->postgres->freeze;
    my $begin = time;
    my $answer = $t->get($path);
    like $answer->status, qr/^50[34]$/, 'answered';
    is $answer->code, $answer->status == 504 ? 'QUERY_TIMEOUT' : 'UNAVAILABLE', 'code';
    cmp_ok time - $begin, '<', 8, 'by the deadline';
    is $t->get('/health/live')->status, 200, 'live';
    $t->postgres->thaw;
    recovers();
};

subtest 'a backend killed under a read: the client does not notice' => sub {
    my $locks = $t->postgres->dbh($t->database);
    $locks->begin_work;
    $locks->do('lock table dashboard.dashboard in access exclusive mode');
    my $raw = $t->raw;
    $raw->send(GET => $path, {Authorization => 'Bearer ' . $t->token('analyst')});
    my $waiting = wait_for(sub { ($t->backends(q{wait_event_type = 'Lock'}))[0] });
    ok $waiting, 'it runs';
    $t->sql('select pg_terminate_backend(?)', $waiting->{pid});
    ok wait_for(sub { my ($again) = $t->backends(q{wait_event_type = 'Lock'}); $again && $again->{pid} != $waiting->{pid} }),
        'it runs again';
    $locks->rollback;
    is $t->check(GET => $path, $raw->read_response)->status, 200, 'answered';
};

subtest 'a backend killed under a write: 503, and the write is not done twice' => sub {
    my $before = dashboard_now($t, $dashboard)->{version};
    my $locks  = $t->postgres->dbh($t->database);
    $locks->begin_work;
    $locks->do('select * from dashboard.dashboard where id = ? for update', undef, $dashboard);
    my $raw = $t->raw;
    $raw->send(
        PATCH => $path,
        {
            Authorization  => 'Bearer ' . $t->token('analyst'),
            'Content-Type' => 'application/json',
            'If-Match'     => '*'
        },
        '{"name":"Never"}'
    );
    my $waiting = wait_for(sub { ($t->backends(q{wait_event_type = 'Lock'}))[0] });
    ok $waiting, 'it runs';
    $t->sql('select pg_terminate_backend(?)', $waiting->{pid});
    unavailable($t->check(PATCH => $path, $raw->read_response), 'answered');
    ok !$t->backends(q{wait_event_type = 'Lock'}), 'nobody tries again';
    $locks->rollback;
    is dashboard_now($t, $dashboard)->{version}, $before, 'nothing was written';
    is $t->patch($path, {name => 'Now'}, if_match => qq("v$before"))->status, 200, 'the next write is done';
};

subtest 'a read-only server: writes are 503, and the pool looks for a writable one' => sub {
    $t->sql(q{alter role dashboard_app set default_transaction_read_only = on});
    $t->nginx->reload;
    unavailable($t->patch($path, {name => 'x'}, if_match => '*'), 'a write');
    $t->sql(q{alter role dashboard_app reset default_transaction_read_only});
    ok wait_for(sub { $t->patch($path, {name => 'y'}, if_match => '*')->status == 200 }, 5), 'written when it is writable';
    recovers();
};

subtest 'too many connections' => sub {
    # One for each pool, one to cancel by: less than the pools would have.
    $t->sql('alter role dashboard_app connection limit 3');
    $t->nginx->reload;
    ok wait_for(sub { $t->get($path)->status == 200 }, 5), 'the new worker has connections';
    my @answers = $t->parallel(map { [GET => $path] } 1 .. 50);
    is_deeply [grep { !/^(?:200|503)$/ } map { $_->status } @answers], [], 'every answer is 200 or 503';
    cmp_ok scalar(grep { $_->status == 200 } @answers), '>', 0, 'it goes on serving';
    $t->sql('alter role dashboard_app connection limit -1');
    recovers();
};

done_testing;
