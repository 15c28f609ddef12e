package Http::Operation;

# api/openapi.yaml as the tests walk it: every operation on every path it has, with a request that is
# good as far as the document says. A new operation is tested as soon as it is declared.

use v5.36;
use Cpanel::JSON::XS ();
use Dashboard::OpenAPI;

my $unknown = '00000000-0000-4000-8000-000000000999';

# All of them, a row for each path: Http::Operation->all. canonical: one row for each operation, with its
# first path.
sub all ($class) {
    state $all = [map { $class->_new($_) } @{ Dashboard::OpenAPI->instance->{routes} }];
    return @$all;
}

sub canonical ($class) {
    my %seen;
    return grep { !$seen{ $_->name }++ }
        sort { $a->name cmp $b->name || $a->_rank cmp $b->_rank } $class->all;
}

# {path template => {METHOD => operation}}
sub by_template ($class) {
    my %found;
    $found{ $_->template }{ $_->method } = $_ for $class->all;
    return \%found;
}

sub _new ($class, $route) {
    return bless {%$route}, $class;
}

# /api/v1 before /api, and both before aliases.
sub _rank ($self) {
    my ($own) = grep { $self->template eq "/api/v1$_" } keys %{ _document()->{paths} };
    return ($own ? 0 : 1) . $self->template;
}

sub name ($self)     { return $self->{operation}{operationId} }
sub method ($self)   { return $self->{method} }
sub template ($self) { return $self->{template} }
sub label ($self)    { return "$self->{method} $self->{template}" }

# Whether it takes a token.
sub protected ($self) {
    return !exists $self->{operation}{security} || @{ $self->{operation}{security} } > 0;
}

# Whether it declares an answer with this status.
sub answers ($self, $status) {
    return exists $self->{operation}{responses}{$status};
}

sub _document () {
    return Dashboard::OpenAPI->instance->{document};
}

# What a node means: itself, or what its $ref points at.
sub resolve ($class, $node) {
    return Dashboard::OpenAPI->instance->_resolve($node);
}

# The parameters in 'path' or 'query': [{name, schema, required}, ...].
sub parameters ($self, $in) {
    my ($item) = grep { ref && grep { ref eq 'HASH' && $_ == $self->{operation} } values %$_ }
        values %{ _document()->{paths} };
    my @all = map { $self->resolve($_) } @{ $item->{parameters} // [] },
        @{ $self->{operation}{parameters} // [] };
    return grep { $_->{in} eq $in } @all;
}

# The body's schema, or nothing when the operation takes none.
sub body_schema ($self) {
    my $content = ($self->{operation}{requestBody} // return)->{content};
    my ($first) = sort keys %$content;
    return $self->resolve($content->{$first}{schema});
}

sub body_types ($self) {
    my $body = $self->{operation}{requestBody} // return;
    return sort keys %{ $body->{content} };
}

sub body_required ($self) {
    my $body = $self->{operation}{requestBody} // return;
    return $body->{required};
}

# The path with its parameters replaced: by %value, else by something well-formed that does not exist.
sub path ($self, %value) {
    my %schema = map { $_->{name} => $_->{schema} } $self->parameters('path');
    return $self->{template} =~ s/\{(\w+)\}/$value{$1} \/\/ $self->sample($schema{$1})/ger;
}

# The query string that the operation demands: "?ids=..." or ''.
sub query ($self, %value) {
    my @pairs = map {"$_->{name}=" . ($value{ $_->{name} } // _text($self->sample($_->{schema})))}
        grep { $_->{required} } $self->parameters('query');
    return @pairs ? '?' . join('&', @pairs) : '';
}

sub _text ($value) {
    return ref $value eq 'ARRAY' ? join(',', @$value) : $value;
}

# The rest of a good request, for Dashboard::Test's request(): the body, the precondition.
sub options ($self) {
    my $schema = $self->body_schema;
    return (
        $schema ? (json => $self->sample($schema)) : (),
        $self->answers(428) ? (if_match => '*') : (),
    );
}

# The smallest value that a schema takes.
sub sample ($class, $node) {
    my $schema = $class->resolve($node);
    return $schema->{example} if exists $schema->{example} && !ref $schema->{example} && ($schema->{format} // '') ne 'uuid';
    return (grep {defined} @{ $schema->{enum} })[0] if $schema->{enum};
    return $class->sample(($schema->{anyOf} // $schema->{oneOf})->[0]) if $schema->{anyOf} // $schema->{oneOf};

    my ($type) = grep { $_ ne 'null' } $class->types($schema);
    return undef if !defined $type;    # JSON's null
    return $schema->{minimum} // 1 if $type =~ /^(?:integer|number)$/;
    return Cpanel::JSON::XS::true() if $type eq 'boolean';
    if ($type eq 'string') {
        my %format = (uuid => $unknown, 'date-time' => '2026-01-01T00:00:00Z', timezone => 'UTC', date => '2026-01-01');
        return $format{ $schema->{format} // '' } // 'x' x ($schema->{minLength} // 1);
    }
    if ($type eq 'array') {
        return [map { $class->sample($schema->{items}) } 1 .. $schema->{minItems} // 0];
    }
    my @members = @{ $schema->{required} // [] };
    @members = (sort keys %{ $schema->{properties} })[0] if !@members && $schema->{minProperties};
    return {map { $_ => $class->sample($schema->{properties}{$_}) } @members};
}

# The types that a schema takes; of alternatives those of each; all when it does not say.
sub types ($class, $node) {
    my $schema = $class->resolve($node);
    if (my $any = $schema->{anyOf} // $schema->{oneOf}) {
        return map { $class->types($_) } @$any;
    }
    my $type = $schema->{type} // [qw(null boolean integer number string array object)];
    return ref $type ? @$type : $type;
}

1;
