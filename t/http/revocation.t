#!/usr/bin/perl
# What was taken from somebody is gone with their next request, on every worker, while others go on.
use lib 't/lib', 't/http/lib';
use Dashboard::Test;
use Http::Fixture qw(id);

my $t    = Dashboard::Test->new(workers => 2, http => 'dashboard_zone keys:256k;')->start;
my $path = '/api/v1/dashboards/' . id('operations');

# The statuses of enough requests, each on a connection of its own, that every worker answers some.
sub everywhere ($method, $where, %option) {
    my %seen;
    $seen{ $_->status }++
        for $t->parallel(map { [$method => $where, %option, headers => {%{ $option{headers} // {} }, Connection => 'close'}] } 1 .. 16);
    return join ' ', sort keys %seen;
}

# Before and after something is taken away, under the load of somebody else.
sub loses ($name, $before, $after, $take, $give, @request) {
    subtest $name => sub {
        my $count = $t->under_load(
            sub {
                is everywhere(@request), $before, "$before before";
                $take->();
                is everywhere(@request), $after, "$after in the very next requests, on every worker";
                $give->();
                is everywhere(@request), $before, 'and back';
            },
            clients => 4,
            request => [GET => $path, as => 'admin']
        );
        is_deeply [keys %{ $count->{status} }], [200], 'nobody else notices';
    };
    return;
}

my $analyst = $t->user_id('analyst');
sub membership ($role) {
    return sub { $t->sql('update dashboard.membership set role = ? where user_id = ? and workspace_id = ?', $role, $t->user_id('colleague'), id('flights')) };
}
my @save = (PATCH => $path, as => 'colleague', json => {tags => ['x']}, if_match => '"v99"');

loses 'a demoted user', 412, 403, membership('viewer'), membership('analyst'), @save;

loses 'a user removed from the workspace', 412, 404,
    sub { $t->sql('delete from dashboard.membership where user_id = ? and workspace_id = ?', $t->user_id('colleague'), id('flights')) },
    sub { $t->sql(q{insert into dashboard.membership (organisation_id, workspace_id, user_id, role)
                    select organisation_id, id, ?, 'analyst' from dashboard.workspace where id = ?}, $t->user_id('colleague'), id('flights')) },
    @save;

loses 'a disabled user', 200, 401,
    sub { $t->sql('update dashboard.user_account set disabled_at = now() where id = ?', $analyst) },
    sub { $t->sql('update dashboard.user_account set disabled_at = null where id = ?', $analyst) },
    (GET => $path, as => 'analyst');

my $private = '/api/v1/dashboards/' . id('private');
sub share () { $t->post("$private/share", {user_id => $t->user_id('neighbour'), permission => 'view'}, as => 'analyst') }
share();
loses 'a withdrawn share', 200, 404,
    sub { $t->delete("$private/share/" . $t->user_id('neighbour'), as => 'analyst') }, \&share,
    (GET => $private, as => 'neighbour');

my $made = $t->post('/api/v1/api-keys', {name => 'robot'}, as => 'analyst')->data;
loses 'a revoked key', 200, 401,
    sub { $t->sql('update dashboard.api_key set revoked_at = now() where id = ?', $made->{id}) },
    sub { $t->sql('update dashboard.api_key set revoked_at = null where id = ?', $made->{id}) },
    (GET => $path, token => undef, headers => {'X-API-Key' => $made->{key}});

loses 'a facility grant taken back', 200, 404,
    sub { $t->sql('delete from dashboard.facility_grant where user_id = ? and facility_id = ?', $t->user_id('viewer'), id('sea')) },
    sub { $t->sql('insert into dashboard.facility_grant (organisation_id, user_id, facility_id) values (?, ?, ?)',
            id('demo'), $t->user_id('viewer'), id('sea')) },
    do {
        my $bound = $t->post('/api/v1/dashboards', {name => 'Seattle', visibility => 'workspace', facility_id => id('sea')}, as => 'admin')
            ->header('Location');
        (GET => $bound, as => 'viewer');
    };

done_testing;
