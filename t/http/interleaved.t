# Requests of four identities, interleaved at concurrency 64 over few connections: every answer belongs to
# whoever asked. ISOLATION_REQUESTS says how many for each pool (3000); 100000 take about a minute.

use lib 't/lib', 't/http/lib';
use Dashboard::Test;
use Http::Fixture qw(id);

my $requests = $ENV{ISOLATION_REQUESTS} // 3000;

# What each identity can ask, and the status and a pattern of what it must be told.
my @asking = (
    [analyst  => '/api/v1/dashboards/' . id('operations'), 200, qr/"Operations"/],
    [analyst  => '/api/v1/dashboards/' . id('private'), 200, qr/"Private notes"/],
    [colleague => '/api/v1/dashboards/' . id('private'), 404, qr/NOT_FOUND/],
    [colleague => '/api/v1/dashboards/' . id('operations'), 200, qr/"Operations"/],
    [outsider => '/api/v1/dashboards/' . id('elsewhere'), 200, qr/"Elsewhere"/],
    [outsider => '/api/v1/dashboards/' . id('operations'), 404, qr/NOT_FOUND/],
    [neighbour => '/api/v1/dashboards/' . id('operations'), 404, qr/NOT_FOUND/],
);
my @lists = map { [$_ => '/api/v1/dashboards?limit=200', 200, qr/"data"/], [$_ => '/api/v1/api-keys', 200, qr/"data"/] }
    qw(analyst colleague outsider neighbour);

for my $pool (1, 8) {
    subtest "$requests requests over a pool of $pool" => sub {
        my $t = Dashboard::Test->new(pool => $pool, query_pool => 1, timeout => '60s')->start;
        my %organisation = (analyst => 'demo', colleague => 'demo', neighbour => 'demo', outsider => 'elsewhere_organisation');
        $t->post('/api/v1/api-keys', {name => "key of $_"}, as => $_) for sort keys %organisation;
        my %bearer = map { $_ => 'Bearer ' . $t->token($_) } keys %organisation;
        my %other  = map { my $who = $_; $who => join '|', map { $t->user_id($_) } grep { $_ ne $who } keys %organisation } keys %organisation;

        my @connections = map { $t->raw } 1 .. 64;
        my @cases       = (@asking, @lists);
        my (%wrong, $answers);
        my $send = sub ($n) {
            my $case = $cases[ int rand @cases ];
            $connections[$n]->send(GET => $case->[1], {Authorization => $bearer{ $case->[0] }});
            return $case;
        };
        my $left  = $requests - @connections;
        my @asked = map { $send->($_) } 0 .. $#connections;
        while (grep {defined} @asked) {
            for my $n (grep { defined $asked[$_] } 0 .. $#connections) {
                my ($who, $path, $status, $pattern) = @{ $asked[$n] };
                my $answer = $connections[$n]->read_response(60);
                my $body   = $answer ? $answer->body : '';
                my ($key)  = $body =~ /"name" ?: ?"key of (\w+)"/;
                my $foreign = $organisation{$who} eq 'demo' ? id('elsewhere') : id('demo') . '|' . $t->user_id('analyst');
                $answers++;
                $wrong{"$who $path"}++
                    if !$answer || $answer->status != $status || $body !~ $pattern
                    || $body =~ /"$foreign"/ || $path =~ /api-keys/ && (($key // '') ne $who || $body =~ /$other{$who}/);
                $asked[$n] = $left-- > 0 ? $send->($n) : undef;
            }
        }
        is $answers, $requests, 'as many answers';
        is_deeply \%wrong, {}, 'not one belongs to another';
        # Besides the pool one for widgets' queries and one to cancel them.
        cmp_ok scalar($t->backends), '<=', $pool + 2, 'over as few connections';
    };
}

# What stays behind in a connection when a transaction is over.
subtest 'the next transaction of a connection has no context' => sub {
    my $t   = Dashboard::Test->new;
    my $app = DBI->connect($t->conninfo =~ s/^|(?<!^) (?=host|port|dbname|user|sslmode)/;/gr =~ s/^;/dbi:Pg:/r, 'dashboard_app', '',
        {RaiseError => 1, PrintError => 0});
    my $context = q{select concat(current_setting('dashboard.organisation', true), current_setting('dashboard.user', true),
                                  current_setting('dashboard.role', true))};
    my $call = $app->prepare('select status from api.get_dashboard($1::jsonb, null)');
    for my $who (qw(analyst outsider admin outsider analyst)) {
        my $own = id($who eq 'outsider' ? 'elsewhere' : 'operations');
        my $not = id($who eq 'outsider' ? 'operations' : 'elsewhere');
        for ([$own, 200], [$not, 404]) {
            my ($id, $status) = @$_;
            $call->execute(Cpanel::JSON::XS::encode_json({issuer => '', subject => $t->user_id($who), path => {id => $id}}));
            is $call->fetchall_arrayref->[0][0], $status, "$who is answered $status";
            is $app->selectrow_array($context), '', 'and nothing is left of it';
        }
    }
    eval { $app->selectrow_array('select status from api.get_dashboard($1::jsonb, null)', undef,
        Cpanel::JSON::XS::encode_json({issuer => '', subject => $t->user_id('analyst'), path => {id => 'none'}})) };
    like $@, qr/uuid/, 'a call fails when the context is set';
    is $app->selectrow_array($context), '', 'nothing is left of that either';
    $app->disconnect;
};

done_testing;
