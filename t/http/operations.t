# What every operation of api/openapi.yaml promises on every one of its paths, whatever it does: who is
# asked for, which methods, which media types. The document is walked, so a new operation is tested as
# soon as it is declared.

use lib 't/lib', 't/http/lib';
use Dashboard::Test;
use Http::Fixture qw(id public_token refused statements watch_statements);
use Http::Operation;

my $t = Dashboard::Test->new(as => 'analyst');
watch_statements($t);
$t->start;

my $table = Http::Operation->by_template;

# What a path answers to OPTIONS, and with a 405.
sub allowed ($template) {
    return join ', ', (map { $_ eq 'GET' ? qw(GET HEAD) : $_ }
        grep { $table->{$template}{$_} } qw(GET POST PUT PATCH DELETE)), 'OPTIONS';
}

subtest 'without a token nothing that takes one is told or done' => sub {
    for my $operation (grep { $_->protected } Http::Operation->all) {
        my $answer = $t->request($operation->method, $operation->path . $operation->query,
            $operation->options, token => undef);
        refused($answer, 401, 'UNAUTHENTICATED', $operation->label);
        is $answer->header('WWW-Authenticate'), 'Bearer realm="dashboard"', 'asks for one, without an error';
    }
    is scalar(statements($t)), 0, 'the database was not asked';
};

subtest 'a token that is not valid is told so (RFC 6750, 3)' => sub {
    for my $operation (grep { $_->protected } Http::Operation->all) {
        my $answer = $t->request($operation->method, $operation->path . $operation->query,
            $operation->options, token => 'x.y.z');
        refused($answer, 401, 'UNAUTHENTICATED', $operation->label);
        like $answer->header('WWW-Authenticate'),
            qr/^Bearer realm="dashboard", error="invalid_token", error_description="[^"]+"$/, 'and why';
    }
    is scalar(statements($t)), 0, 'the database was not asked';
};

subtest 'who asks comes before what is wrong with the request' => sub {
    for my $operation (grep { $_->protected } Http::Operation->canonical) {
        my %nonsense = map { $_->{name} => 'x' } $operation->parameters('path');
        refused($t->request($operation->method, $operation->path(%nonsense) . '?nonsense=1', token => undef,
            $operation->body_schema ? (body => '{', type => 'application/json') : ()),
            401, 'UNAUTHENTICATED', $operation->label);
    }
};

subtest 'a method the path does not have is 405 and Allow is exact' => sub {
    for my $template (sort keys %$table) {
        my ($any) = values %{ $table->{$template} };
        for my $method (grep { !$table->{$template}{$_} } qw(GET POST PUT PATCH DELETE PROPFIND TRACE QUERY)) {
            # What nginx refuses itself is in the envelope below the API's prefix, which /health is not.
            next if $method eq 'TRACE' && $template !~ m{^/api/};
            my $answer = $t->request($method, $any->path);
            refused($answer, 405, 'METHOD_NOT_ALLOWED', "$method $template");
            is $answer->header('Allow'), allowed($template), 'Allow';
        }
    }
};

subtest 'HEAD is allowed where GET is, and nowhere else' => sub {
    for my $template (grep { !$table->{$_}{GET} } sort keys %$table) {
        my ($any) = values %{ $table->{$template} };
        my $answer = $t->head($any->path);
        is $answer->status, 405, $template;
        is $answer->header('Allow'), allowed($template), 'Allow';
        is $answer->body, '', 'no body';
    }
};

subtest 'OPTIONS tells the methods, to everybody' => sub {
    for my $template (sort keys %$table) {
        my ($any) = values %{ $table->{$template} };
        my $answer = $t->request(OPTIONS => $any->path, token => undef);
        is $answer->status, 204, $template;
        is $answer->header('Allow'), allowed($template), 'Allow';
        is $answer->body, '', 'no body';
    }
};

subtest 'what the client cannot take is 406 before anything is done' => sub {
    for my $operation (Http::Operation->canonical) {
        refused($t->request($operation->method, $operation->path . $operation->query, $operation->options,
            accept => $_), 406, 'NOT_ACCEPTABLE', $operation->label . ": $_")
            for 'text/html', 'application/json;q=0', 'application/*;q=0.0, text/*', 'application/jsonp';
    }
};

subtest 'a body of another media type is 415' => sub {
    for my $operation (grep { $_->body_schema } Http::Operation->all) {
        my %known = map { $_ => 1 } $operation->body_types;
        for my $type (grep { !$known{$_} } 'text/plain', 'application/x-www-form-urlencoded',
            'application/jsonx', 'application/merge-patch+json', 'multipart/form-data; boundary=x') {
            refused($t->request($operation->method, $operation->path, $operation->options, type => $type),
                415, 'UNSUPPORTED_MEDIA_TYPE', $operation->label . ": $type");
        }
        my %option = $operation->options;
        delete $option{json};
        refused($t->request($operation->method, $operation->path, %option, body => '{}'),
            415, 'UNSUPPORTED_MEDIA_TYPE', $operation->label . ': none named');
    }
};

subtest 'a media type is known by its name, whatever its case and parameters' => sub {
    for my $operation (grep { $_->body_schema } Http::Operation->canonical) {
        for my $type (map { ($_, uc, "$_;charset=utf-8", "$_ ; charset=UTF-8") } $operation->body_types) {
            my $answer = $t->request($operation->method, $operation->path, token => $t->token('analyst'),
                headers => {'Content-Type' => $type}, body => '[');
            refused($answer, 400, 'INVALID_JSON', $operation->label . ": $type is read");
        }
    }
};

is scalar(statements($t)), 0, 'nothing of all this reached the database';

# A path parameter called token is what lets the public in.
my $public = public_token($t, id('private'));

subtest 'what takes no token takes none' => sub {
    for my $operation (grep { !$_->protected } Http::Operation->all) {
        # This server has no dashboard_login, so what takes a body is not there.
        is $t->request($operation->method, $operation->path(token => $public), $operation->options, token => $_)->status,
            $operation->body_schema ? 404 : 200, $operation->label for undef, 'x.y.z';
    }
};

subtest 'HEAD answers as GET does, without the body' => sub {
    my %there = (
        dashboards => id('private'),
        widgets    => id('kpi'),
        'api-keys' => $t->post('/api/v1/api-keys', {name => 'robot'})->data->{id},
    );
    for my $operation (grep { $_->method eq 'GET' } Http::Operation->all) {
        my ($kind) = $operation->template =~ m{/([\w-]+)/\{id\}};
        my $path = $operation->path($kind ? (id => $there{$kind}, version => 1) : (),
            user_id => $t->user_id('analyst'), token => $public)
            . $operation->query(ids => id('kpi'));
        # An audit trail is its administrators' to read, and has a row more after each reading.
        my $audit = $operation->template =~ m{/audit\b};
        my ($get, $head) = map { $t->request($_, $path, $audit ? (as => 'admin') : ()) } qw(GET HEAD);
        is $get->status,  200, $operation->label;
        is $head->status, 200, 'the same status';
        is $head->body,   '',  'no body';

        # How long a widget took is in its body, so its length differs.
        my $different = qr/^(?:date|x-correlation-id)$/i;
        $different = qr/$different|^content-length$/i if $audit || $operation->answers(502) || $operation->answers(207);
        my ($of_get, $of_head) = map {
            my $answer = $_;
            [map {"$_->[0]: $_->[1]"} grep { $_->[0] !~ $different } @{ $answer->headers }]
        } $get, $head;
        is_deeply $of_head, $of_get, 'the same headers';
        ok defined $head->header('Content-Length'), 'and the length';
    }
};

done_testing;
