#!/usr/bin/perl
# Input that costs too much, or that only looks harmless: large documents are saved, compared and refused in
# time that grows with their size, not its square; odd bytes in tags and odd time zones are answered as such.
use lib 't/lib', 't/http/lib';
use Dashboard::Test;
use Http::Fixture qw(id refused);

# Far below what the quadratic ways of old would take for the sizes here.
my $t = Dashboard::Test->new(as => 'analyst', timeout => '3s')->start;

my %many = map { ("member $_" => $_) } 1 .. 20_000;

subtest 'a patch of 20,000 members' => sub {
    my $path = $t->post('/api/v1/dashboards', {name => 'Large'})->header('Location');
    is $t->patch($path, {metadata => \%many}, if_match => '*')->status, 200, 'is saved';
    is $t->patch($path, {metadata => { map { ($_ => undef) } keys %many }}, if_match => '*')->status, 200, 'and taken away';
    is_deeply $t->get($path)->data->{metadata}, {}, 'all of it';
    refused($t->patch($path, {metadata => \%many}, if_match => '"v2"'), 412, 'CONFLICT', 'a stale one is refused');
    is $t->post("$path/versions/2/restore", undef)->status, 200, 'the old version can be restored';
};

subtest 'an array in which every item differs' => sub {
    my $made = $t->post('/api/v1/dashboards', {name => 'Large', metadata => {list => [1 .. 3500]}});
    my $path = $made->header('Location');
    my $answer = $t->patch($path, {metadata => {list => [2 .. 3501]}}, if_match => '"v1"');
    is $answer->status, 200, 'is saved';
    is $answer->data->{metadata}{list}[-1], 3501, 'as it was sent';
    my $conflict = $t->patch($path, {name => 'x'}, if_match => '"v1"');
    refused($conflict, 412, 'CONFLICT', 'a stale save is refused');
    is_deeply $conflict->error->{details}{changed}, ['/metadata/list'], 'naming the list as a whole';
};

subtest 'who may not change it costs nothing' => sub {
    my $body = {metadata => \%many};
    refused($t->patch('/api/v1/dashboards/' . id('unknown'), $body, if_match => '*'), 404, 'NOT_FOUND', 'an unknown one');
    refused($t->patch('/api/v1/dashboards/' . id('elsewhere'), $body, if_match => '*'), 404, 'NOT_FOUND', 'a foreign one');
    refused($t->patch('/api/v1/dashboards/' . id('operations'), $body, as => 'viewer', if_match => '*'), 403, 'FORBIDDEN',
        'one that may only be seen');
    refused($t->patch('/api/v1/dashboards/' . id('operations'), $body), 428, 'PRECONDITION_REQUIRED', 'without If-Match');
};

subtest 'tags beyond ASCII are tags like others' => sub {
    my $path = '/api/v1/dashboards/' . id('operations');
    for my $tag ("\"\xff\"", "\"\xff\xfe\", \"v99\"", "\"\xc3\xa9\"") {
        my $answer = $t->patch($path, {name => 'x'}, if_match => $tag);
        refused($answer, 412, 'CONFLICT', 'on writing');
        ok defined $answer->error->{details}{providedEtag}, 'in JSON that can be read';
        refused($t->get($path, if_match => $tag), 412, 'CONFLICT', 'on reading');
    }
};

subtest 'a packed body is 415, not broken JSON' => sub {
    refused($t->post('/api/v1/dashboards', {name => 'x'}, headers => {'Content-Encoding' => 'gzip'}), 415,
        'UNSUPPORTED_MEDIA_TYPE', 'gzip');
    is $t->post('/api/v1/dashboards', {name => 'x'}, headers => {'Content-Encoding' => 'identity'})->status, 201, 'identity';
};

subtest 'If-None-Match counts on every write (RFC 9110, 13.1.2)' => sub {
    for my $path ('/api/v1/dashboards/' . id('private'), '/api/v1/widgets/' . id('private_widget')) {
        my %body = (PATCH => [json => $path =~ /widgets/ ? {title => 'x'} : {name => 'x'}], DELETE => []);
        refused($t->request($_, $path, @{ $body{$_} }, if_match => '*', if_none_match => '*'), 412,
            'CONFLICT', "$_ $path") for 'PATCH', 'DELETE';
    }
    refused($t->request(POST => '/api/v1/dashboards/' . id('private') . '/publish', if_none_match => '"v1"'), 412, 'CONFLICT',
        'publish');
};

subtest 'a time zone is one that PostgreSQL takes as a setting, and the same everywhere' => sub {
    my $path = '/api/v1/widgets/' . id('many') . '/data';
    is $t->get("$path?timezone=$_")->status, 200, $_ for 'UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires', 'Etc/GMT%2B5';
    refused($t->get("$path?timezone=$_"), 400, 'VALIDATION_ERROR', $_, 'timezone')
        for 'BST', 'CEST', 'msk', 'z', 'right/Europe/Berlin', 'posix/Europe/Berlin', 'localtime', 'posixrules', 'Factory',
        'Nowhere/Land';
};

done_testing;
