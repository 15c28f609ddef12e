#!/usr/bin/perl
# Several hosts: the first that answers, and takes writes, is used; the others cost their time-out at most.
use lib 't/lib';
use Dashboard::Test;
use IO::Socket::INET;

my $path = '/api/v1/dashboards/00000000-0000-4000-8000-000000000401';

# Accepts and never says a word.
my $silent = IO::Socket::INET->new(Listen => 64, LocalAddr => '127.0.0.1') or die "listen: $!\n";
# Nobody listens here.
my $closed = do {
    my $socket = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1') or die "listen: $!\n";
    $socket->sockport;
};

sub served_by ($hosts, $ports) {
    my $t = Dashboard::Test->new(as => 'analyst');
    $t->nginx->set(database => qq(dashboard_database "host=$hosts port=$ports dbname=$t->{database} )
            . q(user=dashboard_app sslmode=disable" pool=4 connect_timeout=1s;));
    $t->start;
    ok wait_for(sub { $t->get($path)->status == 200 }, 10), 'answered';
    is scalar(grep { $_->status == 200 } $t->parallel(map { [GET => $path] } 1 .. 20)), 20, 'and goes on';
    return;
}

my $port = Dashboard::Run->current->{postgres}->port;

subtest 'a host that refuses is passed over' => sub {
    served_by('127.0.0.1,127.0.0.1', "$closed,$port");
};

subtest 'a host that never answers is passed over after connect_timeout' => sub {
    served_by('127.0.0.1,127.0.0.1', $silent->sockport . ",$port");
};

subtest 'a name is resolved when the configuration is read' => sub {
    served_by('localhost', $port);
};

subtest 'an unknown name is refused then' => sub {
    my $t = Dashboard::Test->new->start;
    my ($accepted, $said)
        = $t->nginx->check_configuration(database => 'dashboard_database "host=no-such-host.invalid dbname=x password=hunter2";');
    ok !$accepted, 'nginx does not start';
    like $said, qr/no-such-host\.invalid/, 'it names the host';
    unlike $said, qr/hunter2/, 'and no password';
};

done_testing;
