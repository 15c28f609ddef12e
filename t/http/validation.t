# What api/openapi.yaml says of parameters and bodies is checked, for every operation, before the
# database is asked: the document is walked, and each limit in it broken, one at a time.

use lib 't/lib', 't/http/lib';
use Dashboard::Test;
use Http::Fixture qw(id refused statements watch_statements);
use Http::Operation;
use Http::Wrong;

my $t = Dashboard::Test->new(as => 'analyst', server => 'large_client_header_buffers 4 32k;');
watch_statements($t);
$t->start;

# A request that is good but for what %change says: path, query, json.
sub ask ($operation, %change) {
    my %option = $operation->options;
    $option{json} = $change{json} if exists $change{json};
    return $t->request($operation->method,
        ($change{path} // $operation->path) . ($change{query} // $operation->query), %option);
}

sub fields ($answer) {
    my $errors = eval { $answer->error->{details}{errors} };
    return [map { $_->{field} } @{ $errors // [] }];
}

# A test that exactly these are named, the first of them in field and issue, too.
sub named ($answer, $expected, $name) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    refused($answer, 400, 'VALIDATION_ERROR', $name, $expected->[0]) or return;
    is_deeply fields($answer), $expected, 'nothing else';
    my $details = $answer->error->{details};
    is $details->{issue}, $details->{errors}[0]{issue}, 'the first in field and issue';
    return;
}

sub escaped ($text) {
    utf8::encode($text);
    return $text =~ s/([^A-Za-z0-9._~,:-])/sprintf '%%%02X', ord $1/ger;
}

subtest 'a malformed part of the path is named, as are all of them' => sub {
    for my $operation (Http::Operation->canonical) {
        my @parameters = $operation->parameters('path') or next;
        for my $parameter (@parameters) {
            for my $wrong (Http::Wrong->texts($parameter->{schema})) {
                my ($text, undef, $why) = @$wrong;
                next if $text eq '';
                named(ask($operation, path => $operation->path($parameter->{name} => escaped($text))),
                    [$parameter->{name}], $operation->label . ": $parameter->{name}: $why");
            }
        }
        next if @parameters < 2;
        my $answer = ask($operation, path => $operation->path(map { $_->{name} => 'x' } @parameters));
        is_deeply [sort @{ fields($answer) }], [sort map { $_->{name} } @parameters], 'all at once';
    }
};

subtest 'a query parameter that is not declared, or given twice, is named' => sub {
    for my $operation (Http::Operation->canonical) {
        my $query = $operation->query;
        my $next  = $query ? "$query&" : '?';
        named(ask($operation, query => "${next}nonsense=1"), ['nonsense'], $operation->label);
        named(ask($operation, query => "${next}a=1&b&=2"), ['a', 'b', ''], 'each of several');
        my ($any) = $operation->parameters('query') or next;
        my $pair = "$any->{name}=" . escaped(text_of($any->{schema}));
        named(ask($operation, query => "?$pair&$pair" . ($any->{required} ? '' : $query =~ s/^\?/&/r)),
            [$any->{name}], "$any->{name} twice");
    }
};

sub text_of ($schema) {
    my $value = Http::Operation->sample($schema);
    return ref $value eq 'ARRAY' ? join ',', @$value : ref $value ? 'true' : $value;
}

subtest 'every limit of every query parameter holds' => sub {
    for my $operation (Http::Operation->canonical) {
        for my $parameter ($operation->parameters('query')) {
            for my $wrong (Http::Wrong->texts($parameter->{schema})) {
                my ($text, $within, $why) = @$wrong;
                my $pair  = "$parameter->{name}=" . escaped($text);
                my $query = $parameter->{required} ? '' : $operation->query;
                named(ask($operation, query => $query ? "$query&$pair" : "?$pair"),
                    ["$parameter->{name}$within"], $operation->label . ": $parameter->{name}: $why");
            }
            named(ask($operation, query => ''), [$parameter->{name}], "$parameter->{name}: left out")
                if $parameter->{required};
        }
    }
};

subtest 'a query string that is no UTF-8 is refused' => sub {
    for my $operation (Http::Operation->canonical) {
        refused(ask($operation, query => '?' . $_), 400, 'VALIDATION_ERROR', $operation->label . ": $_")
            for '%ff=1', '%00=1';
    }
    refused($t->get("/api/v1/dashboards?search=$_"), 400, 'VALIDATION_ERROR', "search=$_", 'search')
        for '%c3%28', '%ed%a0%80', 'a%00b';
};

subtest 'every limit of every body holds' => sub {
    for my $operation (grep { $_->body_schema } Http::Operation->canonical) {
        my @wrong = Http::Wrong->values($operation->body_schema);
        cmp_ok scalar(@wrong), '>', 5, $operation->label . ': ' . @wrong . ' of them';
        for my $wrong (@wrong) {
            my ($value, $pointer, $why) = @$wrong;
            named(ask($operation, json => $value), [$pointer], $operation->label . ": $pointer: $why");
        }
    }
};

subtest 'what must have a body is told when there is none' => sub {
    for my $operation (grep { $_->body_required } Http::Operation->all) {
        my %option = $operation->options;
        delete $option{json};
        named($t->request($operation->method, $operation->path, %option), ['body'], $operation->label);
        named($t->request($operation->method, $operation->path, %option, body => '', type => 'application/json'),
            ['body'], 'an empty one is none');
    }
};

subtest 'all problems come in one answer, path and query before the body' => sub {
    my $answer = $t->patch('/api/v1/dashboards/x?limit=1',
        {name => '', visibility => 'secret', tags => ['good', ''], nonsense => 1, layout => []}, if_match => '*');
    is_deeply [sort @{ fields($answer) }],
        [sort qw(id limit /name /visibility /tags/1 /nonsense /layout)], 'seven';
    is_deeply [@{ fields($answer) }[0, 1]], ['id', 'limit'], 'in the order of the request';
    my %issue = map { $_->{field} => $_->{issue} } @{ $answer->error->{details}{errors} };
    is $issue{'/name'}, 'must not be empty', 'in words for people';
    is $issue{'/visibility'}, 'must be one of: private, workspace, org', 'that say what would do';
};

subtest 'an answer does not grow with what is wrong' => sub {
    my $answer = $t->post('/api/v1/dashboards', {name => 'x', map { ("n$_" => 1) } 1 .. 1000});
    is scalar @{ fields($answer) }, 20, 'twenty problems at most';
    my $long = $t->post('/api/v1/dashboards', {name => 'x', 'k' x 10_000 => 1});
    cmp_ok length $long->body, '<', 2000, 'a key is cut';
    like fields($long)->[0], qr{^/k+\.\.\.$}, 'and that is seen';
};

subtest 'a precondition that is no list of entity tags is named' => sub {
    for my $operation (grep { $_->answers(428) } Http::Operation->canonical) {
        for my $list ('v1', '"v1', 'v1"', '"v1" "v2"', '"v1", x', '*, "v1"', "w/\"v1\"", '""v1""', "'v1'") {
            named($t->request($operation->method, $operation->path, $operation->options, if_match => $list),
                ['If-Match'], $operation->label . ": If-Match: $list");
        }
    }
    for my $operation (grep { $_->method eq 'PUT' } Http::Operation->canonical) {
        named($t->request(PUT => $operation->path, $operation->options, if_match => undef, if_none_match => $_),
            ['If-None-Match'], $operation->label . ": If-None-Match: $_") for '**', 'v1';
    }
};

is scalar(statements($t)), 0, 'nothing of all this reached the database';

done_testing;
