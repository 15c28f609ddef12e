#!/usr/bin/perl
# TLS to PostgreSQL is as the connection string says, and nobody in between is talked to.
use lib 't/lib';
use Dashboard::Test;
use Dashboard::Util qw(scratch_dir);

my $path = '/api/v1/dashboards/00000000-0000-4000-8000-000000000401';
my $dir  = scratch_dir('tls');

# A self-made authority and a server certificate for localhost by it; another authority for nothing.
sub openssl (@arguments) {
    system("openssl @arguments >$dir/openssl.log 2>&1") == 0 or die "openssl @arguments: see $dir/openssl.log\n";
    return;
}
for my $authority ('ca', 'other') {
    openssl("req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=$authority -keyout $dir/$authority.key -out $dir/$authority.crt");
}
openssl("req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout $dir/server.key -out $dir/server.csr");
openssl("x509 -req -in $dir/server.csr -CA $dir/ca.crt -CAkey $dir/ca.key -CAcreateserial -days 2 -out $dir/server.crt");

my $t = Dashboard::Test->new(as => 'analyst', postgres => 'own', pool => 2);
my $data = $t->sql('show data_directory');
my (undef, undef, $uid, $gid) = (stat $data)[2 .. 5];
for my $file ('server.key', 'server.crt') {
    system('cp', "$dir/$file", "$data/$file") == 0 or die "cannot copy $file\n";
    chown $uid, $gid, "$data/$file";
    chmod 0600, "$data/$file";
}
$t->sql('alter system set ssl = on');
$t->postgres->restart;

sub directive ($host, $tls) {
    my $port = $t->postgres->port;
    return qq(dashboard_database "host=$host hostaddr=127.0.0.1 port=$port dbname=$t->{database} user=dashboard_app $tls" pool=2;);
}

$t->nginx->set(database => directive('localhost', 'sslmode=require'));
$t->start;

subtest 'sslmode=require encrypts' => sub {
    ok wait_for(sub { $t->get($path)->status == 200 }, 5), 'answered';
    is $t->sql(q{select count(*) from pg_stat_ssl join pg_stat_activity using (pid)
                 where usename = 'dashboard_app' and not ssl}), 0, 'no connection is plain';
    my @answers = $t->parallel(map { [GET => $path] } 1 .. 50);
    is scalar(grep { $_->status == 200 } @answers), 50, 'under load, too';
};

sub reload_with ($host, $tls) {
    $t->nginx->set(database => directive($host, $tls));
    $t->nginx->reload;
    return;
}

subtest 'verify-full accepts the right certificate' => sub {
    reload_with('localhost', "sslmode=verify-full sslrootcert=$dir/ca.crt");
    ok wait_for(sub { $t->get($path)->status == 200 }, 5), 'answered';
};

subtest 'verify-full refuses another authority, and another name' => sub {
    for my $case (['localhost', "$dir/other.crt"], ['db.example.com', "$dir/ca.crt"]) {
        my ($host, $authority) = @$case;
        reload_with($host, "sslmode=verify-full sslrootcert=$authority");
        my $answer = $t->get($path);
        is $answer->status, 503, "$host, $authority: nobody is talked to";
        is $answer->code, 'UNAVAILABLE', 'and the answer says as much';
    }
};

done_testing;
