# api/openapi.yaml: what its readers may rely on.

use v5.36;
use FindBin;
use JSON::PP ();
use JSON::Validator::Schema::Draft201909;
use Test::More;
use YAML::XS ();

my $root = "$FindBin::Bin/../..";
my $document = do {
    local $YAML::XS::Boolean = 'JSON::PP';
    YAML::XS::LoadFile("$root/api/openapi.yaml");
};
my $schemas = $document->{components}{schemas};

# All operations: {at, method, path, node}.
my @operations;
for my $path (sort keys %{ $document->{paths} }) {
    for my $method (qw(get post put patch delete)) {
        my $node = $document->{paths}{$path}{$method} or next;
        push @operations, {at => uc($method) . " $path", method => $method, path => $path, node => $node};
    }
}

# Calls $visit with every hash of a structure and its place.
sub walk ($node, $at, $visit) {
    if (ref $node eq 'HASH') {
        $visit->($node, $at);
        walk($node->{$_}, "$at/" . s/~/~0/gr =~ s{/}{~1}gr, $visit) for sort keys %$node;
    }
    elsif (ref $node eq 'ARRAY') {
        walk($node->[$_], "$at/$_", $visit) for 0 .. $#$node;
    }
    return;
}

# What a node means, $ref followed; nothing when it points at nothing.
sub resolve ($node) {
    while (ref $node eq 'HASH' && exists $node->{'$ref'}) {
        my ($here, @steps) = split m{/}, $node->{'$ref'};
        return if $here ne '#';
        $node = $document;
        for my $step (@steps) {
            my $key = $step =~ s{~1}{/}gr =~ s/~0/~/gr;
            $node = ref $node eq 'HASH' ? $node->{$key} : undef;
        }
    }
    return $node;
}

# What is wrong with a value, by a schema.
sub problems ($schema, $value) {
    my $validator = JSON::Validator::Schema::Draft201909->new(
        {%$schema, components => $document->{components}});
    return map {"$_"} $validator->validate($value);
}

sub component ($name) { return {'$ref' => "#/components/schemas/$name"} }

subtest 'src/api/routes.def and openapi.inc are current' => sub {
    is system("$root/api/generate.pl", '--check'), 0, 'generate.pl --check';
};

subtest 'every $ref resolves, and every component is used' => sub {
    my %used;
    walk($document, '#', sub ($node, $at) {
        my $ref = $node->{'$ref'} // return;
        ok defined resolve($node), "$at: $ref";
        $used{$ref} = 1;
    });
    for my $kind (sort keys %{ $document->{components} }) {
        next if $kind eq 'securitySchemes';
        ok $used{"#/components/$kind/$_"}, "$kind/$_ is used" for sort keys %{ $document->{components}{$kind} };
    }
};

subtest 'every operation is described' => sub {
    my %tag = map { $_->{name} => 1 } @{ $document->{tags} };
    for my $operation (@operations) {
        my ($at, $node) = @$operation{qw(at node)};
        ok length($node->{$_} // ''), "$at: $_" for qw(operationId summary description);
        is scalar(grep { $tag{$_} } @{ $node->{tags} }), 1, "$at: one tag, a known one";
        for my $parameter (map { resolve($_) } @{ $node->{parameters} // [] }) {
            ok length($parameter->{description} // ''), "$at: parameter $parameter->{name}";
        }
    }
};

subtest 'every operation declares its success and its failures' => sub {
    my %needs_if_match = map { $_ => 1 } qw(put patch delete);
    # What has no entity tag to send back: nothing says "ETag" when it is read.
    my $versioned = sub ($path) {
        my $get = $document->{paths}{$path}{get} or return 0;
        return exists resolve($get->{responses}{200})->{headers}{ETag};
    };
    for my $operation (@operations) {
        my ($at, $method, $node) = @$operation{qw(at method node)};
        my %has = map { $_ => 1 } keys %{ $node->{responses} };
        my @missing;
        push @missing, '2xx' if !grep {/^2/} keys %has;
        push @missing, grep { !$has{$_} } 400, 406, 500;
        push @missing, grep { !$has{$_} } 401, 403, 429, 503, 504 if !$node->{security};
        push @missing, grep { !$has{$_} } 413, 415 if $node->{requestBody};
        push @missing, grep { !$has{$_} } 412, 428 if $needs_if_match{$method} && $versioned->($operation->{path});
        push @missing, 404 if !$has{404} && $operation->{path} =~ /\{/;
        is "@missing", '', $at;
    }
};

subtest 'every answer names its headers' => sub {
    my %status_header = (
        201 => ['Location', 'ETag'], 304 => ['ETag'], 401 => ['WWW-Authenticate'],
        405 => ['Allow'], 429 => ['Retry-After'], 503 => ['Retry-After']
    );
    for my $operation (@operations, {at => 'any path', method => '', node => {responses => $document->{'x-any-path'}}}) {
        my $responses = $operation->{node}{responses};
        for my $status (sort keys %$responses) {
            my $headers = resolve($responses->{$status})->{headers};
            my @wanted = @{ $status_header{$status} // [] };
            # A key has no versions: it is rotated and ended, never edited.
            @wanted = grep { $_ ne 'ETag' } @wanted if ($operation->{path} // '') =~ m{^/api-keys};
            push @wanted, 'X-Correlation-ID' if $status != 414; # read too little to have one
            push @wanted, 'Cache-Control', 'Vary' if $operation->{method} eq 'get' && $status =~ /^(?:2|304)/;
            is "@{[grep { !$headers->{$_} } @wanted]}", '', "$operation->{at} $status";
        }
    }
};

subtest 'every answer with a body has a schema, and errors the envelope' => sub {
    for my $operation (@operations) {
        my $responses = $operation->{node}{responses};
        for my $status (sort keys %$responses) {
            my $content = resolve($responses->{$status})->{content};
            if ($status == 204 || $status == 304) {
                ok !$content, "$operation->{at} $status has no body";
                next;
            }
            ok $content->{'application/json'}{schema}, "$operation->{at} $status has a schema";
            next if $status < 400;
            my $schema = resolve($content->{'application/json'}{schema});
            is_deeply $schema->{required}, ['error'], "$operation->{at} $status is an error";
            is_deeply [sort @{ $schema->{properties}{error}{required} }],
                [qw(code correlation_id details message timestamp)], "$operation->{at} $status: envelope";
        }
    }
};

subtest 'the codes are those of src/http/error_codes.def, each at the answers with its status' => sub {
    open my $handle, '<', "$root/src/http/error_codes.def" or die "error_codes.def: $!";
    my @rows = map { /^DASH_ERROR\((\w+), (\d+),/ ? [$1, $2] : () } readline $handle;
    is_deeply $schemas->{ErrorCode}{enum}, [map { $_->[0] } @rows], 'the same, in the same order';

    my %codes;
    push @{ $codes{ $_->[1] } }, $_->[0] for @rows;
    for my $responses ($document->{'x-any-path'}, map { $_->{node}{responses} } @operations) {
        for my $status (grep { $_ >= 400 } keys %$responses) {
            my $description = resolve($responses->{$status})->{description};
            my @said = $description =~ /`([A-Z_]{8,})`/g;
            is "@{[sort @said]}", "@{[sort @{ $codes{$status} }]}", "answers with status $status";
        }
    }
};

subtest 'what GET gave can be put back' => sub {
    for my $pair (['Dashboard', 'DashboardReplace'], ['Widget', 'WidgetReplace'], ['Widget', 'DashboardReplaceWidget']) {
        my ($answer, $body) = @$pair;
        my @lost = grep { !$schemas->{$body}{properties}{$_} } sort keys %{ $schemas->{$answer}{properties} };
        is "@lost", '', "$body knows every member of $answer";
    }
    my $dashboard = $document->{components}{examples}{Dashboard}{value}{data};
    is_deeply [problems(component('Dashboard'), $dashboard)], [], 'the example is a dashboard';
    is_deeply [problems(component('DashboardReplace'), $dashboard)], [], 'and a body of PUT';
    is_deeply [problems(component('WidgetReplace'), $dashboard->{widgets}[0])], [], 'so is its widget';
};

subtest 'POST and PATCH refuse what only the server writes' => sub {
    my @never = qw(etag version status published_version owner_id created_at updated_at deleted_at permissions);
    for my $name (qw(DashboardCreate DashboardCreateWidget DashboardPatch DashboardClone WidgetCreate WidgetPatch)) {
        my $properties = $schemas->{$name}{properties};
        is "@{[grep { $properties->{$_} } @never]}", '', $name;
        ok !(grep { $_->{readOnly} } values %$properties), "$name has nothing read-only";
    }
};

subtest 'a PATCH can reset what a POST may leave out' => sub {
    for my $pair (['DashboardCreate', 'DashboardPatch'], ['WidgetCreate', 'WidgetPatch']) {
        my ($create, $patch) = map { $schemas->{$_}{properties} } @$pair;
        for my $member (sort keys %$patch) {
            ok $create->{$member}, "$pair->[1]: $member can be set by POST, too";
        }
    }
    for my $member (qw(description layout filters variables tags metadata facility_id)) {
        is_deeply [problems(component('DashboardPatch'), {$member => undef})], [], "$member: null";
    }
    for my $member (qw(title config query drill_through cross_filter refresh_interval cache_ttl)) {
        is_deeply [problems(component('WidgetPatch'), {$member => undef})], [], "$member: null";
    }
    ok problems(component('DashboardPatch'), {name => undef}), 'but a name cannot be removed';
    ok problems(component('WidgetPatch'), {type => undef}), 'nor a type';
};

subtest 'objects say whether they are closed, and what the product defines is' => sub {
    # Open: what front ends keep here, and details, which each error fills its own way.
    my $open = qr{/(?:details|drill_through|cross_filter|info|paths)$|
        ^\#/components/schemas/(?:Layout|Metadata|Config|OptionalConfig|PreferencesObject)$|
        Definitions/items$|
        openapi\.json/get/responses/200/content/application~1json/schema$}x;
    walk($document, '#', sub ($node, $at) {
        return if $at =~ m{/properties$|/examples?/} || !defined $node->{type};
        my @types = ref $node->{type} ? @{ $node->{type} } : $node->{type};
        return if !grep { $_ eq 'object' } @types;
        my $others = $node->{additionalProperties};
        my $closed = ref $others eq 'HASH' || (defined $others && !$others);
        ok $at =~ $open ? defined $others && !$closed : $closed, $at;
    });
};

subtest 'a batch is 1 to 50 widgets' => sub {
    my $id = '3d6f0a52-6c0f-4f5b-9f1e-2a2d1c0b9e01';
    my $check = sub (@widgets) { [problems(component('WidgetsQuery'), {widgets => \@widgets})] };
    is_deeply $check->(($id) x 50), [], '50 ids';
    is_deeply $check->({id => $id, params => {a => 1, b => [1, 'x'], c => undef}, etag => '"x"'}, $id), [], 'objects';
    isnt scalar @{ $check->() }, 0, 'none';
    isnt scalar @{ $check->(($id) x 51) }, 0, '51 ids';
    isnt scalar @{ $check->({id => $id, sql => 'select 1'}) }, 0, 'an unknown member';
};

subtest 'entries are data, unchanged, or an error, and nothing between' => sub {
    my $meta = {cache => 'miss', age => 0, ttl => 60, duration_ms => 3, etag => '"x"'};
    my $data = {columns => [{name => 'n', type => 'integer'}], rows => [[1]], row_count => 1, truncated => JSON::PP::false};
    my $error = {code => 'QUERY_TIMEOUT', message => 'Too slow', details => {}};
    my $id = '3d6f0a52-6c0f-4f5b-9f1e-2a2d1c0b9e01';
    my @good = (
        {status => 200, data => $data, meta => $meta}, {status => 304, meta => $meta},
        {status => 504, error => $error}
    );
    my @bad = (
        {status => 200, meta => $meta}, {status => 304, data => $data, meta => $meta},
        {status => 200, error => $error}, {status => 504, data => $data, meta => $meta}, {status => 304}, {status => 404}
    );
    for my $entry (@good) {
        is_deeply [problems(component('WidgetEntry'), $entry)], [], "entry $entry->{status}";
        is_deeply [problems(component('WidgetLine'), {id => $id, %$entry})], [], "line $entry->{status}";
    }
    for my $entry (@bad) {
        ok problems(component('WidgetEntry'), $entry), "no entry: $entry->{status} @{[sort keys %$entry]}";
        ok problems(component('WidgetLine'), {id => $id, %$entry}), "no line: $entry->{status} @{[sort keys %$entry]}";
    }
    is_deeply [problems(component('WidgetLine'), {summary => {widgets => 3, failed => 1, duration_ms => 12}})], [], 'summary';
};

subtest 'the operations that wave 1 promises are there' => sub {
    my @promised = qw(
        list_dashboards create_dashboard get_dashboard put_dashboard patch_dashboard delete_dashboard
        restore_dashboard publish_dashboard unpublish_dashboard list_dashboard_versions
        get_dashboard_version restore_dashboard_version clone_dashboard clone_user_dashboard
        list_dashboard_widgets create_widget get_widget put_widget patch_widget delete_widget
        query_widgets query_widgets_batch get_dashboard_data get_widget_data
        get_openapi health_live health_ready
    );
    my %there = map { $_->{node}{operationId} => 1 } @operations;
    ok $there{$_}, $_ for @promised;
};

done_testing;
