# Nobody's work is lost: the table of preconditions, for dashboards and widgets alike (RFC 9110, 13; 428
# of RFC 6585), and what caches ask on reading.

use lib 't/lib', 't/http/lib';
use Compress::Raw::Zlib ();
use Dashboard::Test;
use Http::Fixture qw(audit id refused);

my $t = Dashboard::Test->new(
    as     => 'analyst',
    server => 'gzip on; gzip_types application/json; gzip_min_length 1; gzip_proxied any;'
)->start;

# Each kind with what makes one, and good bodies.
my %kind = (
    dashboard => {
        make  => sub { $t->post('/api/v1/dashboards', {name => 'One', visibility => 'workspace'})->header('Location') },
        put   => {name => 'Other'},
        patch => {name => 'Other'},
        back  => {name => 'One', visibility => 'workspace'},
        at    => '/name',
    },
    widget => {
        make  => sub { $t->post('/api/v1/widgets', {dashboard_id => id('operations'), type => 'note', title => 'One'})->header('Location') },
        put   => {type => 'note', title => 'Other'},
        patch => {title => 'Other'},
        back  => {title => 'One'},
        at    => '/title',
    },
);

sub write_to ($path, $method, $kind, %option) {
    my %body = (PUT => $kind{$kind}{put}, PATCH => $kind{$kind}{patch});
    return $t->request($method, $path, $body{$method} ? (json => $body{$method}) : (), %option);
}

# What is in the database, to see that nothing changed.
sub state () {
    return join ' ', map { $t->sql("select md5(string_agg(x::text, '' order by x::text)) from dashboard.$_ as x") }
        qw(dashboard widget dashboard_version event);
}

for my $kind (sort keys %kind) {
    for my $method (qw(PUT PATCH DELETE)) {
        subtest "$method of a $kind takes the tag it has" => sub {
            my $good = $method eq 'DELETE' ? 204 : 200;
            for my $tag ('"v1"', 'W/"v1"', '*', ' * ', '"v9", "v1"', '"v1","v9"', '"x" , W/"v1", "y"', ',, "v1" ,,', "\t\"v1\"") {
                my $path   = $kind{$kind}{make}->();
                my $answer = write_to($path, $method, $kind, if_match => $tag);
                is $answer->status, $good, "If-Match: $tag" or diag $answer->body;
                is $answer->etag, $method eq 'DELETE' ? undef : '"v2"', 'the new tag';
            }
        };

        subtest "$method of a $kind without If-Match is 428" => sub {
            my $path   = $kind{$kind}{make}->();
            my $before = state();
            refused(write_to($path, $method, $kind), 428, 'PRECONDITION_REQUIRED', 'none');
            refused(write_to($path, $method, $kind, if_none_match => '"v9"'), 428, 'PRECONDITION_REQUIRED', 'If-None-Match is another question')
                if $method eq 'PUT';
            is state(), $before, 'nothing is left of it';
        };

        subtest "$method of a $kind with another tag is 412 and changes nothing" => sub {
            my $path = $kind{$kind}{make}->();
            $t->patch($path, $kind{$kind}{patch}, if_match => '"v1"');
            my $now    = $t->get($path)->data;
            my $before = state();
            for my $tag ('"v1"', 'W/"v1"', '"v3"', '"v1", "v3"', '"2"', '"v02"', '"V2"', '""', '"v99999999999999999999"', '"*"') {
                my $answer = write_to($path, $method, $kind, if_match => $tag);
                refused($answer, 412, 'CONFLICT', "If-Match: $tag");
                my $details = $answer->error->{details};
                is $details->{currentEtag}, '"v2"', 'currentEtag';
                is $details->{providedEtag}, $tag, 'providedEtag';
                is_deeply $details->{current}, $now, 'current is what GET shows';
                is_deeply $details->{changed}, $tag =~ /"v1"/ ? [$kind{$kind}{at}] : undef, 'changed, where the version is known';
                my ($row) = audit($t, 'correlation_id = ?', $answer->header('X-Correlation-ID'));
                is "$row->{outcome} $row->{resource_type} $row->{actor_id}", "conflict $kind " . $t->user_id('analyst'), 'audit row';
            }
            is state(), $before, 'no version, no event, not a byte';
            my $tag = write_to($path, 'PATCH', $kind, if_match => '"v1"')->error->{details}{currentEtag};
            cmp_ok write_to($path, $method, $kind, if_match => $tag)->status, '<', 300, 'currentEtag lets it through';
        };
    }
}

subtest 'changed points into the document, widgets included' => sub {
    my $made = $t->post('/api/v1/dashboards', {name => 'One', tags => ['a'], metadata => {'x/y~z' => 1, same => 1},
        widgets => [map { {type => 'note', y => $_} } 0, 1]});
    my $path = $made->header('Location');
    my $widget = '/api/v1/widgets/' . $made->data->{widgets}[1]{id};
    $t->patch($path, {tags => ['a', 'b'], metadata => {'x/y~z' => 2}}, if_match => '"v1"');
    $t->patch($widget, {x => 7, config => {a => 1}}, if_match => '"v1"');
    my $since = sub ($tag) { $t->patch($path, {name => 'x'}, if_match => $tag)->error->{details} };
    is_deeply [sort @{ $since->('"v1"')->{changed} }],
        ['/metadata/x~1y~0z', '/tags', '/widgets/1/config/a', '/widgets/1/x'], 'since the first version';
    is_deeply [sort @{ $since->('"v2"')->{changed} }], ['/widgets/1/config/a', '/widgets/1/x'], 'since the second';
    is_deeply [sort @{ $since->('"v1", "v2"')->{changed} }], ['/widgets/1/config/a', '/widgets/1/x'], 'of a list, since the newest';
    ok !exists $since->('"v77"')->{changed}, 'since one that never was: not known';
};

subtest 'a write that succeeds is not turned into a 304 or 412 by nginx' => sub {
    for my $kind (sort keys %kind) {
        my $path = $kind{$kind}{make}->();
        my $answer = $t->patch($path, $kind{$kind}{patch}, if_match => '"v1"');
        is $answer->status, 200, "PATCH of a $kind whose new tag is not the one sent";
        ok length $answer->body, 'with its body';
        my $again = $t->patch($path, $kind{$kind}{patch}, if_match => '"v2"');
        is $again->status, 200, 'PATCH that changes nothing, and so has the tag sent';
        is $again->etag, '"v2"', 'the same tag';
    }
    my $id = '00000000-0000-4000-8000-00000000d001';
    is $t->put("/api/v1/dashboards/$id", {name => 'x'}, if_none_match => '*')->status, 201, 'PUT with If-None-Match: *';
    my %dates = ('If-Modified-Since' => 'Fri, 31 Dec 2100 00:00:00 GMT', 'If-Unmodified-Since' => 'Sat, 01 Jan 2000 00:00:00 GMT');
    is $t->patch("/api/v1/dashboards/$id", {name => 'y'}, if_match => '"v1"', headers => {%dates})->status, 200, 'dates mean nothing here';
    is $t->get("/api/v1/dashboards/$id", headers => {%dates})->status, 200, 'nor on reading';
};

subtest 'reading what one has is 304, with what a cache needs' => sub {
    my %read = (
        '/api/v1/dashboards/' . id('private') => '"v1"',
        '/api/v1/dashboards/' . id('private') . '/widgets' => '"v1"',
        '/api/v1/dashboards/' . id('private') . '/versions/1' => '"v1"',
        '/api/v1/widgets/' . id('private_widget') => '"v1"',
        '/api/v1/widgets/' . id('kpi') . '/data' => undef,
    );
    for my $path (sort keys %read) {
        my $tag = $read{$path} // $t->get($path)->etag;
        for my $method (qw(GET HEAD)) {
            for my $list ($tag, "W/$tag", "\"x\", $tag", '*', ", $tag ,") {
                my $answer = $t->request($method, $path, if_none_match => $list);
                is $answer->status, 304, "$method $path, If-None-Match: $list";
                is $answer->body, '', 'no body';
                is $answer->etag, $tag, 'ETag';
                is $answer->header('Cache-Control'), 'private, no-cache', 'Cache-Control';
                is $answer->header('Vary'), 'Authorization, Accept-Encoding, Accept, Origin', 'Vary';
                is $answer->header('Content-Type') // 'none', 'none', 'nothing about a body';
            }
            for my $list ('"v2"', '"x"', 'v1', '"v1', 'W/', '') {
                is $t->request($method, $path, if_none_match => $list)->status, 200, "$method $path, If-None-Match: $list";
            }
        }
    }
};

subtest 'If-Match on reading, and both together (RFC 9110, 13.2.2)' => sub {
    for my $path ('/api/v1/dashboards/' . id('private'), '/api/v1/widgets/' . id('private_widget')) {
        is $t->get($path, if_match => $_)->status, 200, "If-Match: $_" for '"v1"', 'W/"v1"', '*', '"v2", "v1"';
        for my $tag ('"v2"', '"x"', 'v1') {
            my $answer = $t->get($path, if_match => $tag);
            refused($answer, 412, 'CONFLICT', "If-Match: $tag");
            is_deeply $answer->error->{details}, {currentEtag => '"v1"', providedEtag => $tag}, 'which tags';
            is $t->head($path, if_match => $tag)->status, 412, 'HEAD as GET';
        }
        is $t->get($path, if_match => '"v1"', if_none_match => '"v1"')->status, 304, 'If-Match holds: If-None-Match decides';
        is $t->get($path, if_match => '"v2"', if_none_match => '"v1"')->status, 412, 'If-Match comes first';
    }
    for my $path ('/dashboards/' . id('operations') . '/widgets', '/dashboards/' . id('operations') . '/versions/1',
        '/widgets/' . id('many') . '/data')
    {
        refused($t->get("/api/v1$path", if_match => '"v77"'), 412, 'CONFLICT', $path);
    }
};

subtest 'a part of a document is never sent' => sub {
    my $answer = $t->get('/api/v1/dashboards/' . id('private'), headers => {Range => 'bytes=0-9'});
    is $answer->status, 200, 'Range is not looked at';
    is $answer->header('Accept-Ranges') // 'none', 'none', 'nor offered';
};

subtest 'compression weakens the tag, and the weak tag is good for everything' => sub {
    for my $kind (sort keys %kind) {
        my $path = $kind{$kind}{make}->();
        my $answer = $t->get($path, headers => {'Accept-Encoding' => 'gzip'}, check => 0);
        is $answer->header('Content-Encoding'), 'gzip', "a $kind, compressed";
        is $answer->etag, 'W/"v1"', 'weak in the header';
        my ($inflate) = Compress::Raw::Zlib::Inflate->new(-WindowBits => Compress::Raw::Zlib::WANT_GZIP());
        $inflate->inflate(my $compressed = $answer->body, my $text);
        is(Dashboard::Response->new(body => $text)->data->{etag}, '"v1"', 'strong in the body');
        is $t->get($path, if_none_match => 'W/"v1"', headers => {'Accept-Encoding' => 'gzip'})->status, 304, 'If-None-Match takes it';
        my $written = $t->patch($path, $kind{$kind}{patch}, if_match => 'W/"v1"');
        is $written->status, 200, 'If-Match takes it';
        my $stale = $t->patch($path, $kind{$kind}{back}, if_match => 'W/"v1"');
        refused($stale, 412, 'CONFLICT', 'once');
        is $stale->error->{details}{providedEtag}, 'W/"v1"', 'as it was sent';
    }
};

done_testing;
