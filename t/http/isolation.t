# Two organisations with two workspaces each: every operation of the document, asked by somebody with every
# right in one place, for what is in another. Nothing is shown and nothing changes there. An operation
# that the walk does not know fails the test.

use lib 't/lib', 't/http/lib';
use Dashboard::Test;
use Http::Fixture qw(id);
use Http::Operation;

my $t = Dashboard::Test->new(http => 'dashboard_zone isolation:1m;')->start;

# A second workspace for Elsewhere, with an administrator of its own.
$t->sql(q{insert into dashboard.workspace (id, organisation_id, name) values (?, ?, 'Overseas')},
    '00000000-0000-4000-8000-000000000022', id('elsewhere_organisation'));
$t->sql(q{insert into dashboard.user_account (id, organisation_id, email) values (?, ?, 'overseas@other.example')},
    '00000000-0000-4000-8000-000000000202', id('elsewhere_organisation'));
$t->sql(q{insert into dashboard.membership (organisation_id, workspace_id, user_id, role)
          values ($1, '00000000-0000-4000-8000-000000000022', '00000000-0000-4000-8000-000000000202', 'admin'),
                 ($2, $3, $4, 'admin')
          on conflict on constraint membership_pkey do update set role = 'admin'},
    id('elsewhere_organisation'), id('demo'), id('other'), $t->user_id('neighbour'));

# One administrator for each workspace, and what is in it, private to them.
my %place = (
    flights  => {who => 'admin',    workspace => id('flights')},
    other    => {who => 'neighbour', workspace => id('other')},
    abroad   => {who => 'outsider', workspace => id('abroad')},
    overseas => {who => 'overseas', workspace => '00000000-0000-4000-8000-000000000022'},
);
for my $name (sort keys %place) {
    my $place = $place{$name};
    my %as    = (as => $place->{who});
    $place->{dashboards} = $t->post('/api/v1/dashboards', {name => "Secret of $name", workspace_id => $place->{workspace},
        visibility => 'private', widgets => [{type => 'note', title => "Secret of $name"}]}, %as)->data->{id};
    $place->{widgets} = $t->get("/api/v1/dashboards/$place->{dashboards}/widgets", %as)->data->[0]{id};
    $place->{'api-keys'} = $t->post('/api/v1/api-keys', {name => "Secret of $name"}, %as)->data->{id};
    $place->{'public-link'} = $t->post("/api/v1/dashboards/$place->{dashboards}/public-link", {}, %as)->data->{id};
    $place->{$_} = $t->user_id($place->{who}) for qw(users share);
}

# Operations that can name nothing of anybody's.
my %without_ids = map { $_ => 1 } qw(login refresh logout forgot_password reset_password get_openapi
    health_live health_ready list_api_keys create_api_key list_permissions verify_audit
    get_public_dashboard get_public_dashboard_data);
# Ids in bodies and in query strings.
my %elsewhere = (
    create_widget       => sub ($p) { (json => {dashboard_id => $p->{dashboards}, type => 'note'}) },
    query_widgets       => sub ($p) { (json => {widgets => [$p->{widgets}]}) },
    query_widgets_batch => sub ($p) { (query => {ids => $p->{widgets}}) },
    create_dashboard    => sub ($p) { (json => {name => 'x', workspace_id => $p->{workspace}}) },
    list_dashboards     => sub ($p) { (query => {workspace_id => $p->{workspace}}) },
    list_audit          => sub ($p) { (query => {workspace_id => $p->{workspace}}) },
);

# All that is in an organisation but for what is written about requests.
sub checksum ($organisation) {
    return join ' ', map {
        "$_=" . $t->sql("select md5(coalesce(string_agg(t::text, E'\\n' order by t::text), '')) from $_ as t where organisation_id = ?", $organisation)
    } grep { !/audit|event/ } map { $_->{name} } $t->rows(q{
        select attrelid::regclass::text as name from pg_attribute join pg_class as c on c.oid = attrelid
        where relnamespace = 'dashboard'::regnamespace and relkind = 'r' and attname = 'organisation_id' order by 1});
}

my %walked;
for my $mine (sort keys %place) {
    for my $theirs (grep { $_ ne $mine } sort keys %place) {
        subtest "$mine asks for what is in $theirs" => sub {
            my ($me, $they) = @place{ $mine, $theirs };
            my $apart  = ($mine =~ /flights|other/) != ($theirs =~ /flights|other/);
            my $owner  = $t->sql('select organisation_id from dashboard.workspace where id = ?', $they->{workspace});
            my $before = checksum($owner);
            for my $operation (Http::Operation->canonical) {
                my $name   = $operation->name;
                my %kind   = reverse $operation->template =~ m{/([\w-]+)/\{(\w*id)\}}g;
                my $given  = $elsewhere{$name};
                $walked{$name}++ if !%kind && $without_ids{$name};
                next if !%kind && !$given || grep { !exists $they->{$_} } values %kind;
                $walked{$name}++;
                my $answer = sub ($place) {
                    $t->request($operation->method, $operation->path(version => 1, map { $_ => $place->{ $kind{$_} } } keys %kind),
                        $operation->options, $given ? $given->($place) : (query => {}), as => $me->{who});
                };
                my $unknown = {map { $_ => id('unknown') } qw(dashboards widgets users api-keys public-link share workspace)};
                my ($got, $missing) = map { $answer->($_) } $they, $unknown;
                unlike $got->body, qr/Secret of (?!$mine)/, "$name shows nothing";
                next if $name =~ /^query_widgets/ && like $got->body, qr/NOT_FOUND/, "$name: none";
                if ($apart || !$kind{user_id} && $name !~ /dashboards$|^list_audit$/ && $name ne 'create_dashboard') {
                    is $got->status, 404, "$name: 404" if $name ne 'create_dashboard' && $name ne 'create_widget';
                    is $got->status, $missing->status, "$name: as for what does not exist";
                }
                else {
                    like $got->status, qr/^(?:403|404)$|^200$/, "$name: known, not shown";
                }
            }
            is checksum($owner), $before, 'nothing is changed there' if $apart;
        };
    }
}
# Within one workspace: somebody with every right of an analyst but the facility.
subtest 'an analyst asks for what is bound to a facility that is not theirs' => sub {
    my $bound = $t->post('/api/v1/dashboards', {name => 'Secret of SEA', visibility => 'workspace', facility_id => id('sea'),
        widgets => [{type => 'note', title => 'Secret of SEA'}]}, as => 'admin')->data;
    my %there = (dashboards => $bound->{id}, widgets => $bound->{widgets}[0]{id},
        users => $t->user_id('colleague'), share => $t->user_id('viewer'));
    my $state  = sub { $t->sql('select md5(string_agg(d::text || w::text, chr(10))) from dashboard.dashboard as d
                                join dashboard.widget as w on w.dashboard_id = d.id where d.id = ?', $bound->{id}) };
    my $before = $state->();
    is $t->get("/api/v1/dashboards/$bound->{id}", as => 'analyst')->status, 200, 'who is granted it sees it';

    for my $operation (Http::Operation->canonical) {
        my $name  = $operation->name;
        my %kind  = reverse $operation->template =~ m{/([\w-]+)/\{(\w*id)\}}g;
        my $given = $name =~ /^(?:create_widget|query_widgets(?:_batch)?)$/ ? $elsewhere{$name} : undef;
        next if !$given && !grep { /^(?:dashboards|widgets)$/ } values %kind;
        next if grep { !exists $there{$_} } values %kind;
        my ($got, $missing) = map {
            my $place = $_;
            $t->request($operation->method, $operation->path(version => 1, map { $_ => $place->{ $kind{$_} } } keys %kind),
                $operation->options, $given ? $given->($place) : (query => {}), as => 'colleague');
        } \%there, {%there, dashboards => id('unknown'), widgets => id('unknown')};
        unlike $got->body, qr/Secret of SEA/, "$name shows nothing";
        is $got->status, $missing->status, "$name: as for what does not exist";
    }
    is $state->(), $before, 'nothing is changed';
};

is_deeply [map { $_->name } grep { !$walked{ $_->name } } Http::Operation->canonical], [], 'every operation is walked';

done_testing;
