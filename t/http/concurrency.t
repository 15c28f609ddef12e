# Many clients at once: of those that hold the same tag one wins, and nothing of anybody is lost.

use lib 't/lib', 't/http/lib';
use Dashboard::Test;
use Dashboard::Util qw(free_port);
use Http::Fixture qw(audit dashboard_now id);

# The second server's port is shared out between the workers by the kernel, connection by connection.
my $shared = free_port();
my $t      = Dashboard::Test->new(
    as      => 'analyst',
    workers => 2,
    timeout => '60s',
    values  => {SHARED => $shared},
    servers => <<'CONF',
    server {
        listen 127.0.0.1:%%SHARED%% reuseport;
        keepalive_requests 100000;
        location /api/ { dashboard_api; add_header X-Worker $pid always; }
    }
CONF
)->start;

my $path = '/api/v1/dashboards/' . id('operations');
my $bearer = 'Bearer ' . $t->token('analyst');

# Connections to the shared port, by the worker that holds them: as many to each as asked for.
sub connections ($each) {
    my %of_worker;
    for (1 .. 20 * $each) {
        my $raw = Dashboard::Raw->new($shared);
        $raw->send(GET => '/api/v1/openapi.json', {});
        my $worker = $raw->read_response->header('X-Worker');
        push @{ $of_worker{$worker} }, $raw if @{ $of_worker{$worker} // [] } < $each;
        return %of_worker if keys %of_worker == 2 && !grep { @$_ < $each } values %of_worker;
    }
    return;
}

sub send_patch ($raw, $change, $tag, $target = $path) {
    return $raw->send(PATCH => $target,
        {Authorization => $bearer, 'Content-Type' => 'application/json', 'If-Match' => $tag},
        Cpanel::JSON::XS::encode_json($change));
}

subtest '200 PATCHes with one tag, a hundred to each of two workers: one succeeds' => sub {
    my %of_worker = connections(100);
    my @all = map { @$_ } values %of_worker or return fail 'two workers';
    is scalar @all, 200, '200 connections';
    my $before = $t->sql('select coalesce(max(id), 0) from dashboard.audit');

    send_patch($all[$_], {name => "Number $_"}, '"v1"') for 0 .. $#all;
    my @answers = map { $_->read_response(60) } @all;

    my %count;
    $count{ $_->status }++ for @answers;
    is_deeply \%count, {200 => 1, 412 => 199}, '1 x 200, 199 x 412';
    my ($winner) = grep { $answers[$_]->status == 200 } 0 .. $#answers;
    my $now = dashboard_now($t, id('operations'));
    is $now->{version}, 2, 'the version went up by one';
    is $now->{name}, "Number $winner", 'to what the one that succeeded sent';
    is_deeply $answers[$winner]->data, $now, 'which was told so';
    my @conflicts = grep { $_->status == 412 } @answers;
    is scalar(grep { $_->error->{details}{currentEtag} eq '"v2"' && $_->error->{details}{current}{name} eq $now->{name} } @conflicts),
        199, 'the others were told what is there now';
    $t->check(PATCH => $path, $_) for $answers[$winner], $conflicts[0];

    my @rows = audit($t, 'id > ?', $before);
    my %outcome;
    $outcome{ $_->{outcome} }++ for @rows;
    is_deeply \%outcome, {success => 1, conflict => 199}, '199 audit rows of conflicts, one of the success';
    my %asked = map { $_->header('X-Correlation-ID') => $_->status == 200 ? 'success' : 'conflict' } @answers;
    is_deeply {map { $_->{correlation_id} => $_->{outcome} } @rows}, \%asked, 'one for each request';
    is $t->sql('select count(*) from dashboard.event'), 1, 'one event';
    is $t->sql('select count(*) from dashboard.dashboard_version where dashboard_id = ?', id('operations')), 2, 'one version more';
};

subtest '50 clients that retry until they succeed: nothing is lost' => sub {
    my $made   = $t->post('/api/v1/dashboards', {name => 'Counter', metadata => {count => 0}})->data;
    my $target = "/api/v1/dashboards/$made->{id}";
    my %of_worker = connections(25);
    my @waiting = map { {raw => $_} } map { @$_ } values %of_worker or return fail 'two workers';
    is scalar @waiting, 50, '50 clients';

    # Each adds one to what it saw last: two that saw the same would count as one if both got through.
    for my $n (0 .. $#waiting) {
        my $client = $waiting[$n];
        @$client{qw(n tag count)} = ($n, $made->{etag}, 0);
    }
    my ($rounds, $requests) = (0, 0);
    while (@waiting && $rounds++ < 51) {
        for my $client (@waiting) {
            $requests++;
            send_patch($client->{raw}, {metadata => {count => $client->{count} + 1, "client$client->{n}" => \1}}, $client->{tag}, $target);
        }
        my @left;
        for my $client (@waiting) {
            my $answer = $client->{raw}->read_response(60);
            next if $answer->status == 200;
            return fail 'status ' . $answer->status if $answer->status != 412;
            my $current = $answer->error->{details}{current};
            @$client{qw(tag count)} = ($current->{etag}, $current->{metadata}{count});
            push @left, $client;
        }
        @waiting = @left;
    }
    is scalar @waiting, 0, "all got through, after $requests requests";
    my $now = dashboard_now($t, $made->{id});
    is $now->{metadata}{count}, 50, 'every one was counted';
    is scalar(grep {/^client/} keys %{ $now->{metadata} }), 50, 'and left its mark';
    is $now->{version}, 51, 'fifty versions';
    my %outcome = map { $_->{outcome} => $_->{n} }
        $t->rows('select outcome, count(*) as n from dashboard.audit where resource_id = ? group by 1', $made->{id});
    is_deeply \%outcome, {success => 51, conflict => $requests - 50}, 'an audit row for each request';
};

subtest 'changes of different widgets of one dashboard do not hinder one another' => sub {
    my $made = $t->post('/api/v1/dashboards', {name => 'Many', widgets => [map { {type => 'note', y => $_} } 0 .. 29]})->data;
    my @answers = $t->parallel(map { [PATCH => "/api/v1/widgets/$_->{id}", json => {title => "T$_->{y}"}, if_match => '"v1"'] } @{ $made->{widgets} });
    is scalar(grep { $_->status == 200 } @answers), 30, 'all succeed';
    my $now = dashboard_now($t, $made->{id});
    is $now->{version}, 31, 'each is a version of the dashboard';
    is_deeply [map { $_->{title} } @{ $now->{widgets} }], [map {"T$_"} 0 .. 29], 'none is lost';
};

subtest 'a widget added or taken while its dashboard changes is not lost either' => sub {
    my $made = $t->post('/api/v1/dashboards', {name => 'Both', widgets => [map { {type => 'note', y => $_} } 0 .. 9]})->data;
    my @answers = $t->parallel(
        (map { [POST => '/api/v1/widgets', json => {dashboard_id => $made->{id}, type => 'kpi'}] } 1 .. 10),
        (map { [DELETE => "/api/v1/widgets/$_->{id}", if_match => '"v1"'] } @{ $made->{widgets} }),
        (map { [PATCH => "/api/v1/dashboards/$made->{id}", json => {name => "Both $_"}, if_match => '*'] } 1 .. 10),
    );
    is scalar(grep { $_->status < 300 } @answers), 30, 'all succeed';
    my $now = dashboard_now($t, $made->{id});
    is $now->{version}, 31, 'thirty changes';
    is_deeply [map { $_->{type} } @{ $now->{widgets} }], [('kpi') x 10], 'ten widgets came, ten went';
};

subtest 'the same id is created once' => sub {
    my $id = '00000000-0000-4000-8000-00000000e001';
    my @answers = $t->parallel(map { [PUT => "/api/v1/dashboards/$id", json => {name => "From $_"}, if_none_match => '*'] } 1 .. 40);
    my %count;
    $count{ $_->status }++ for @answers;
    is_deeply \%count, {201 => 1, 412 => 39}, '1 x 201, 39 x 412';
    is dashboard_now($t, $id)->{version}, 1, 'at version 1';
};

subtest 'two defaults at once leave one' => sub {
    my @ids = map { $t->post('/api/v1/dashboards', {name => "Default $_"})->data->{id} } 1 .. 10;
    my @answers = $t->parallel(map { [PATCH => "/api/v1/dashboards/$_", json => {is_default => \1}, if_match => '*'] } @ids);
    is scalar(grep { $_->status == 200 } @answers), 10, 'all succeed';
    is scalar(grep { dashboard_now($t, $_)->{is_default} } @ids), 1, 'one is the default';
};

done_testing;
