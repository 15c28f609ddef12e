#!/usr/bin/perl
# dashboard_quota: so many in a window, exactly, whoever of the workers counts; who is counted cannot
# be chosen by the client; conf/limits.conf as it stands.
use lib 't/lib';
use Dashboard::Test;
use Dashboard::Util qw(project_root);

my $root = project_root();
my $path = '/api/v1/dashboards/00000000-0000-4000-8000-000000000401';

my $t = Dashboard::Test->new(
    workers => 2,
    http    => 'dashboard_zone quotas:64k;',
    api     => 'dashboard_quota few 3/1h $dashboard_subject; dashboard_quota many 100/1d $dashboard_subject;',
)->start;

subtest 'a used-up quota is 429 with when to come back' => sub {
    my @answers = map { $t->get($path, as => 'viewer') } 1 .. 4;
    is join(' ', map { $_->status } @answers), '200 200 200 429', 'three, then no more';
    is $answers[3]->code, 'RATE_LIMITED', 'in the envelope';
    cmp_ok $answers[3]->header('Retry-After'), '>', 3500, 'Retry-After is what is left of the hour';
    cmp_ok $answers[3]->header('Retry-After'), '<=', 3600, '... and no more';
    is $answers[0]->header('RateLimit-Policy'), '"few";q=3;w=3600, "many";q=100;w=86400', 'all policies';
    like $answers[0]->header('RateLimit'), qr/^"few";r=2;t=3(?:600|5\d\d)$/, 'what is left of the tightest';
};

subtest 'what was refused is counted nowhere' => sub {
    is $t->get($path, as => 'viewer')->status, 429, 'still refused' for 1 .. 3;
    my $left = $t->get($path, as => 'admin');
    like $left->header('RateLimit'), qr/^"few";r=2;/, 'and nobody else pays for it';
};

subtest 'all workers count together' => sub {
    my @answers = $t->parallel(map { [GET => $path, as => 'colleague'] } 1 .. 40);
    is scalar(grep { $_->status == 200 } @answers), 3, 'three of forty at once';
    is scalar(grep { $_->status == 429 } @answers), 37, 'the others are told to wait';
};

subtest 'a client cannot choose whom to be counted as' => sub {
    my $last  = 0;
    my @tries = map { [GET => $_, as => 'viewer', headers => {'X-Forwarded-For' => '10.0.0.' . $last++}, check => 0] }
        ($path, '/api//v1/dashboards/00000000-0000-4000-8000-000000000401', $path =~ s{dashboards}{%64ashboards}r,
        "/api/v1/./dashboards/x/../00000000-0000-4000-8000-000000000401", $path =~ s{/v1}{}r);
    is $_->status, 429, 'refused all the same' for $t->parallel(@tries);
};

subtest 'counters outlive a reload' => sub {
    $t->nginx->reload;
    is $t->get($path, as => 'viewer')->status, 429, 'the viewer still has nothing left';
};

subtest 'the zone forgets the least recently counted when it is full, and never stops serving' => sub {
    my $tiny = Dashboard::Test->new(
        as   => 'viewer',
        http => 'dashboard_zone quotas:32k;',
        api  => 'dashboard_quota few 2/1h $http_x_who;',
    )->start;
    my @answers = $tiny->parallel(map { [GET => $path, headers => {'X-Who' => "w$_"}] } 1 .. 600);
    is scalar(grep { $_->status == 200 } @answers), 600, 'everybody is served';
};

subtest 'a configuration that makes no sense is refused' => sub {
    for my $case (
        ['', 'dashboard_quota few 3/1h x;', qr/needs dashboard_zone/],
        ['dashboard_zone q:64k;', 'dashboard_quota few 3 x;', qr{needs <count>/<period>}],
        ['dashboard_zone q:64k;', 'dashboard_quota few 0/1h x;', qr/at least 1/],
        ['dashboard_zone q:1k;', '', qr/at least 32k/],
        ['dashboard_zone q;', '', qr/needs <name>:<size>/])
    {
        my ($http, $api, $message) = @$case;
        my ($accepted, $said) = $t->nginx->check_configuration(http => $http, api => $api);
        ok !$accepted, "\"$http $api\" is refused";
        like $said, $message, 'and it says why';
    }
};

subtest 'conf/limits.conf: data 100 a minute, changes 200 an hour, deletes 50' => sub {
    my $limits = Dashboard::Test->new(as => 'analyst', workers => 2, http => "include $root/conf/limits.conf;")->start;
    my $data = '/api/v1/widgets/00000000-0000-4000-8000-000000000503/data';
    my %seen;
    $seen{ $_->status }++ for map { $limits->parallel(map { [GET => $data] } 1 .. 53) } 1 .. 2;
    is_deeply \%seen, {200 => 100, 429 => 6}, 'the 101st is refused';
    like $limits->get($path)->header('RateLimit-Policy'), qr/^"read";q=1000;w=3600$/, 'reading has a quota of its own';
    like $limits->patch($path, {name => 'x'}, if_match => '"v9"')->header('RateLimit-Policy'),
        qr/^"change";q=200;w=3600$/, 'changes have';
    like $limits->delete($path, if_match => '"v9"')->header('RateLimit-Policy'), qr/^"delete";q=50;w=3600$/,
        'deletes have';
    like $limits->post('/api/v1/dashboards', {name => 'new'})->header('RateLimit-Policy'),
        qr/^"create";q=100;w=3600$/, 'creating has';
};

subtest 'conf/limits.conf: a burst beyond limit_req is 429 in the envelope' => sub {
    my $limits = Dashboard::Test->new(as => 'analyst', workers => 2, http => "include $root/conf/limits.conf;",
        log_level => 'crit')->start;
    my @answers = $limits->parallel(map { [GET => '/api/v1/dashboards'] } 1 .. 200);
    my @refused = grep { $_->status != 200 } @answers;
    ok @refused > 0, 'not all of 200 at once are served';
    is_deeply [sort keys %{ { map { ($_->status . ' ' . $_->code => 1) } @refused } }], ['429 RATE_LIMITED'],
        'the others hear RATE_LIMITED';
    ok !(grep { !defined $_->header('Retry-After') } @refused), 'with Retry-After';
};

done_testing;
