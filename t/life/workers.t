# A worker that is killed takes only its own requests with it.

use lib 't/lib', 't/http/lib';
use Dashboard::Test;
use Http::Fixture qw(id);

my $t = Dashboard::Test->new(as => 'analyst', workers => 2, pool => 2, query_pool => 2)->start;
my $path    = '/api/v1/dashboards/' . id('operations');
my $kills   = 50;
my $clients = 4;

subtest "$kills workers killed under load" => sub {
    my $body  = $t->get($path)->body;
    my $after = 0;
    my $count = $t->under_load(
        sub {
            for (1 .. $kills) {
                $t->nginx->kill_worker;
                $after++ if $t->get($path, headers => {Connection => 'close'})->status == 200;
            }
        },
        clients => $clients,
        request => sub ($test, $n) {
            my $answer = $test->get($path, headers => {Connection => 'close'});
            die 'a wrong answer: ' . $answer->body if $answer->status == 200 && $answer->body ne $body;
            return $answer;
        }
    );
    my $failed = List::Util::sum0(values %{ $count->{failed} });
    is $after, $kills, 'after each the next request is served';
    cmp_ok $failed, '<=', $kills * $clients, 'no more requests fail than were under way';
    is_deeply [grep { $_ != 200 } keys %{ $count->{status} }], [], 'what is answered is answered well';
};

subtest 'afterwards all is as before' => sub {
    is scalar(my @workers = $t->nginx->workers), 2, 'as many workers';
    is scalar(grep { $_->status == 200 } $t->parallel(map { [GET => $path] } 1 .. 100)), 100, 'all requests are answered';
    ok wait_for(sub { $t->backends <= 2 * 5 }, 10), 'and PostgreSQL holds no more connections than the pools may have';
};

done_testing;
