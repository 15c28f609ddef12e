package Dashboard::Response;

# An answer as a test looks at it, whichever client fetched it.

use v5.36;
use Cpanel::JSON::XS ();

my $decoder = Cpanel::JSON::XS->new->utf8->allow_nonref->allow_dupkeys(0);

# new(status => 200, headers => [[name, value], ...], body => bytes). status 0: no answer came, and
# problem says why.
sub new ($class, %field) {
    return bless {status => 0, headers => [], body => '', %field}, $class;
}

sub status ($self) {
    return $self->{status};
}

sub body ($self) {
    return $self->{body};
}

sub problem ($self) {
    return $self->{problem};
}

# The value of a header, its lines joined by ", "; undef without one.
sub header ($self, $name) {
    my @values = map { $_->[1] } grep { lc $_->[0] eq lc $name } @{ $self->{headers} };
    return @values ? join(', ', @values) : undef;
}

sub headers ($self) {
    return $self->{headers};
}

# The body decoded. Dies when it is no JSON, or has a member twice.
sub json ($self) {
    return $self->{json} //= $decoder->decode($self->{body});
}

# The member "data" of a success.
sub data ($self) {
    return $self->json->{data};
}

# The member "error" of a failure.
sub error ($self) {
    return $self->json->{error};
}

sub code ($self) {
    return $self->error->{code};
}

sub etag ($self) {
    return $self->header('ETag');
}

# The lines of application/x-ndjson, decoded.
sub lines ($self) {
    return map { $decoder->decode($_) } split /\n/, $self->{body};
}

# From the bytes of one HTTP/1.1 answer (RFC 9112). Returns nothing while it is incomplete, else
# (response, how many bytes it took). closed: the server has closed, which ends a body without length.
sub parse ($class, $bytes, $method, $closed) {
    return if $bytes !~ /\A(HTTP\/1\.[01] (\d{3})[^\r\n]*\r\n(.*?\r\n)?)\r\n/s;
    my ($head, $status, $fields) = ($1, $2, $3 // '');
    my @headers = map { [split /:[ \t]*/, $_, 2] } split /\r\n/, $fields;
    my $self    = $class->new(status => $status + 0, headers => \@headers);
    my $start   = length($head) + 2;

    return ($self, $start) if $method eq 'HEAD' || $status =~ /^(?:1..|204|304)$/;
    if (($self->header('Transfer-Encoding') // '') =~ /chunked/i) {
        my $at = $start;
        while (substr($bytes, $at) =~ /\A([0-9a-fA-F]+)[^\r\n]*\r\n/) {
            my ($size, $line) = (hex $1, length $&);
            return if length($bytes) < $at + $line + $size + 2;
            $self->{body} .= substr $bytes, $at + $line, $size;
            $at += $line + $size + 2;
            return ($self, $at) if $size == 0;
        }
        return;
    }
    my $length = $self->header('Content-Length');
    return if !defined $length && !$closed;
    $length //= length($bytes) - $start;
    return if length($bytes) < $start + $length;
    $self->{body} = substr $bytes, $start, $length;
    return ($self, $start + $length);
}

1;
