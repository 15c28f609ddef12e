package Dashboard::OpenAPI;

# Checks an answer against api/openapi.yaml, and remembers which operations were seen to answer what.
#
# JSON::Validator knows JSON Schema up to 2019-09; the document's dialect is 2020-12 (OpenAPI 3.1), and
# what it uses of it means the same in both.

use v5.36;
use Fcntl qw(O_APPEND O_CREAT O_WRONLY);
use JSON::PP ();
use JSON::Validator::Schema::Draft201909;
use YAML::XS ();
use Dashboard::Util qw(lines_of project_root);

# What any operation may answer without listing it: nginx answers these before an operation is known
# (info.description, "Answers").
my %anywhere = map { $_ => 1 } qw(405 408 413 414 431);

# The document is read once a process.
sub instance ($class) {
    state $instance = $class->_load(project_root() . '/api/openapi.yaml');
    return $instance;
}

sub _load ($class, $path) {
    local $YAML::XS::Boolean = 'JSON::PP';
    my $document = YAML::XS::LoadFile($path);
    my $self     = bless {document => $document, routes => [], schemas => {}}, $class;
    my %method   = map { $_ => 1 } qw(get put post patch delete);

    for my $template (sort keys %{ $document->{paths} }) {
        my $item = $document->{paths}{$template};
        my @bases = map { $_->{url} =~ s{/$}{}r } @{ $item->{servers} // $document->{servers} };
        for my $name (grep { $method{$_} } sort keys %$item) {
            my $operation = $item->{$name};
            for my $full ((map {"$_$template"} @bases), @{ $operation->{'x-aliases'} // [] }) {
                $self->_add_route(uc $name, $full, $operation);
            }
        }
    }

    # A literal segment beats a parameter: more specific templates first.
    @{ $self->{routes} } = sort { $a->{rank} cmp $b->{rank} } @{ $self->{routes} };
    return $self;
}

sub _add_route ($self, $method, $template, $operation) {
    my $rank    = join '/', map { /^\{/ ? '~' : '!' } split m{/}, $template;
    my $pattern = join '/', map { /^\{/ ? '[^/]+' : quotemeta } split m{/}, $template;
    push @{ $self->{routes} },
        {method => $method, template => $template, operation => $operation, rank => $rank, pattern => qr/\A$pattern\z/};
    return;
}

# All operationIds.
sub operations ($self) {
    my %seen = map { $_->{operation}{operationId} => 1 } @{ $self->{routes} };
    return sort keys %seen;
}

# The operation that answers a method and path (HEAD as GET), and whether the path has any at all.
sub find ($self, $method, $path) {
    $path =~ s/[?#].*//s;
    $method = 'GET' if $method eq 'HEAD';
    my $known = 0;
    for my $route (@{ $self->{routes} }) {
        next if $path !~ $route->{pattern};
        return ($route->{operation}, 1) if $route->{method} eq $method;
        $known = 1;
    }
    return (undef, $known);
}

# What is wrong with an answer, as lines of text; nothing when it is as declared.
sub problems ($self, $method, $path, $response) {
    my ($operation) = $self->find($method, $path);
    my $status = $response->status;
    _record("$operation->{operationId} $status") if $operation;

    my @problems;
    my $declared = $operation && $self->_resolve($operation->{responses}{$status});
    if ($declared) {
        @problems = (
            $self->_header_problems($declared, $response),
            $self->_body_problems($method, $declared, $response)
        );
    }
    elsif ($operation && !$anywhere{$status}) {
        @problems = "status $status is not declared for $operation->{operationId}";
    }
    elsif ($method eq 'OPTIONS' && $status == 204) {
        push @problems, 'OPTIONS without Allow' if !defined $response->header('Allow');
        push @problems, 'OPTIONS with a body' if length $response->body;
    }
    elsif (!$operation && $path =~ m{^/(?:api|health)(?:/|$)} && $status < 400) {
        @problems = "status $status for a path that is not declared";
    }
    push @problems, $self->_envelope_problems($response)
        if $status >= 400 && $method ne 'HEAD' && $path =~ m{^/(?:api|health)/};
    return map {"$method $path: $_"} @problems;
}

# Follows a $ref inside the document.
sub _resolve ($self, $node) {
    while (ref $node eq 'HASH' && defined $node->{'$ref'}) {
        my (undef, @steps) = split m{/}, $node->{'$ref'};
        $node = $self->{document};
        $node = $node->{ $_ =~ s{~1}{/}gr =~ s{~0}{~}gr } for @steps;
    }
    return $node;
}

sub _schema_errors ($self, $schema, $value) {
    my $validator = $self->{schemas}{$schema} //= JSON::Validator::Schema::Draft201909->new(
        {%$schema, components => $self->{document}{components}});
    return map {"$_"} $validator->validate($value);
}

sub _header_problems ($self, $declared, $response) {
    my @problems;
    for my $name (sort keys %{ $declared->{headers} // {} }) {
        my $header = $self->_resolve($declared->{headers}{$name});
        my $schema = $header->{schema} // {};
        my $value  = $response->header($name);
        if (!defined $value) {
            # In every answer, unless the document takes the trouble to say "required: false".
            push @problems, "header $name is missing" if $header->{required} // 1;
            next;
        }
        $value += 0 if ($schema->{type} // '') eq 'integer' && $value =~ /^\d+$/;
        push @problems, map {"header $name: $value: $_"} $self->_schema_errors($schema, $value);
    }
    return @problems;
}

sub _body_problems ($self, $method, $declared, $response) {
    my $content = $declared->{content};
    if (!$content) {
        return length $response->body ? 'there is a body, and none is declared' : ();
    }
    my $type = ($response->header('Content-Type') // '') =~ s/\s*;.*//sr;
    my $media = $content->{$type} or return "content type \"$type\" is not declared";
    if ($method eq 'HEAD') {
        return length $response->body ? 'HEAD has a body' : ();
    }
    return if !$media->{schema};
    my @values = eval { $type =~ /ndjson/ ? $response->lines : $response->json };
    return "the body is not JSON: $@" if $@;
    return map { $self->_schema_errors($media->{schema}, $_) } @values;
}

# Whoever made the error, it comes in the envelope and carries the correlation id of its header.
sub _envelope_problems ($self, $response) {
    my $answer = eval { $response->json };
    return "status @{[ $response->status ]} without JSON: $@" if $@;
    state $schema = {'$ref' => '#/components/schemas/ErrorAnswer'};
    my @problems = map {"error envelope: $_"} $self->_schema_errors($schema, $answer);
    my $header   = $response->header('X-Correlation-ID') // '';
    my $body     = eval { $answer->{error}{correlation_id} } // '';
    push @problems, "correlation id \"$body\" in the body, \"$header\" in the header" if $header ne $body;
    return @problems;
}

# Coverage: one line a time, appended as a whole, so that tests running at once do not mix theirs.
sub _record ($line) {
    state %known;
    my $path = $ENV{DASHBOARD_TEST_COVERAGE} // return;
    return if $known{$line}++;
    sysopen my $handle, $path, O_WRONLY | O_APPEND | O_CREAT or die "cannot write $path: $!\n";
    syswrite $handle, "$line\n";
    close $handle;
    return;
}

# {operationId => {status => 1}} of what the run saw so far.
sub seen ($class, $path) {
    my %seen;
    for my $line (lines_of($path)) {
        my ($operation, $status) = split ' ', $line;
        $seen{$operation}{$status} = 1;
    }
    return \%seen;
}

1;
