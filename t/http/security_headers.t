#!/usr/bin/perl
# What browsers are told, in every answer of the API, and what caches may keep.
use lib 't/lib', 't/http/lib';
use Dashboard::Test;
use Dashboard::Util qw(project_root);
use Http::Fixture qw(id);

my $root = project_root();
my $path = '/api/v1/dashboards/' . id('operations');
my $t = Dashboard::Test->new(
    as     => 'analyst',
    http   => 'server_tokens off; dashboard_zone keys:64k;',
    server => "include $root/conf/includes/security_headers.conf;"
)->start;

my %wanted = (
    'X-Content-Type-Options'    => 'nosniff',
    'X-Frame-Options'           => 'DENY',
    'Content-Security-Policy'   => q{default-src 'none'; frame-ancestors 'none'},
    'Referrer-Policy'           => 'no-referrer',
    'Strict-Transport-Security' => 'max-age=63072000',
);

subtest 'every answer has the headers of conf/includes/security_headers.conf' => sub {
    my %answer = (
        'a read'                => $t->get($path),
        'a read not modified'   => $t->get($path, if_none_match => '"v1"'),
        'a missing thing'       => $t->get('/api/v1/dashboards/' . id('unknown')),
        'no token'              => $t->get($path, token => undef),
        'a conflict'            => $t->patch($path, {name => 'x'}, if_match => '"v9"'),
        'a preflight'           => $t->request('OPTIONS', $path),
        'a page of nginx'       => $t->get('/api/v1/dashboards?' . 'x' x 40000, check => 0),
        'a batch'               => $t->post('/api/v1/widgets/query', {widgets => [id('note')]}),
    );
    for my $name (sort keys %answer) {
        is $answer{$name}->header($_), $wanted{$_}, "$name: $_" for sort keys %wanted;
        unlike $answer{$name}->header('Server') // '', qr/\d/, "$name: no version of nginx";
    }
};

subtest 'what must not be kept is not, and what may be only by its reader' => sub {
    is $t->get($path)->header('Cache-Control'), 'private, no-cache', 'a dashboard';
    my $key = $t->post('/api/v1/api-keys', {name => 'robot'});
    is $key->header('Cache-Control'), 'no-store', 'a secret';
    is $t->get('/api/v1/api-keys')->header('Cache-Control'), 'no-store', 'a list of credentials';
    is $t->get('/api/v1/dashboards/' . id('unknown'))->header('Cache-Control'), 'no-store', 'an error';
    is $t->get('/api/v1/dashboards?' . 'x' x 40000, check => 0)->header('Cache-Control'), 'no-store', 'a page of nginx';
    like $t->get($path)->header('Vary'), qr/\bAuthorization\b/, 'whose it is counts';
};

done_testing;
