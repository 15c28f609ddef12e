package Dashboard::Raw;

# A connection under a test's full control: half requests, single bytes, several requests at once,
# going away in the middle.

use v5.36;
use IO::Socket::INET;
use Socket qw(IPPROTO_TCP SOL_SOCKET SO_LINGER TCP_NODELAY);
use Time::HiRes qw(time);
use Dashboard::Response;

sub new ($class, $port) {
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port, Proto => 'tcp')
        or die "cannot connect to port $port: $!\n";
    setsockopt $socket, IPPROTO_TCP, TCP_NODELAY, 1;
    binmode $socket;
    return bless {socket => $socket, buffer => '', sent => []}, $class;
}

# The text of a request: request('GET', '/path', {Header => value or [values]}, body). Host,
# Content-Length and nothing else are added when they are not given.
sub text ($class, $method, $target, $headers = {}, $body = undef) {
    my %given = (Host => 'localhost', %$headers);
    $given{'Content-Length'} //= length $body if defined $body && !$given{'Transfer-Encoding'};
    my $head = "$method $target HTTP/1.1\r\n";
    for my $name (sort keys %given) {
        $head .= "$name: $_\r\n" for ref $given{$name} ? @{ $given{$name} } : $given{$name};
    }
    return "$head\r\n" . ($body // '');
}

# Sends bytes as they are. method is what read_response() shall expect an answer to.
sub write ($self, $bytes, $method = undef) {
    push @{ $self->{sent} }, $method if defined $method;
    local $SIG{PIPE} = 'IGNORE';
    while (length $bytes) {
        my $written = syswrite $self->{socket}, $bytes;
        return 0 if !defined $written;
        substr $bytes, 0, $written, '';
    }
    return 1;
}

# Sends a whole request.
sub send ($self, $method, @request) {
    return $self->write(ref($self)->text($method, @request), $method);
}

# Sends bytes in pieces of size bytes, each as a TCP segment of its own.
sub write_slowly ($self, $bytes, $size = 1, $method = undef) {
    push @{ $self->{sent} }, $method if defined $method;
    for (my $at = 0; $at < length $bytes; $at += $size) {
        $self->write(substr $bytes, $at, $size) or return 0;
    }
    return 1;
}

# The next answer on this connection, or nothing when the server closed without one or $seconds passed.
sub read_response ($self, $seconds = 10) {
    my $method = shift(@{ $self->{sent} }) // 'GET';
    my $end    = time + $seconds;
    while (1) {
        my ($response, $taken) = Dashboard::Response->parse($self->{buffer}, $method, $self->{closed});
        if ($response) {
            substr $self->{buffer}, 0, $taken, '';
            return $response;
        }
        return if $self->{closed} || !$self->_fill($end);
    }
}

# All that has come and comes until $pattern matches; nothing when it does not within $seconds.
sub read_until ($self, $pattern, $seconds = 10) {
    my $end = time + $seconds;
    while (1) {
        return $self->{buffer} if $self->{buffer} =~ $pattern;
        return if $self->{closed} || !$self->_fill($end);
    }
}

# Whether the server closes the connection within $seconds.
sub closed ($self, $seconds = 10) {
    my $end = time + $seconds;
    while (!$self->{closed}) {
        $self->_fill($end) or return 0;
    }
    return 1;
}

sub _fill ($self, $end) {
    my $ready = '';
    vec($ready, fileno $self->{socket}, 1) = 1;
    my $left = $end - time;
    return 0 if $left <= 0 || !select $ready, undef, undef, $left;
    my $got = sysread $self->{socket}, $self->{buffer}, 65536, length $self->{buffer};
    $self->{closed} = 1 if !$got;
    return 1;
}

# Closes in order (FIN).
sub close ($self) {
    CORE::close($self->{socket});
    return;
}

# Closes at once (RST), as a client that crashed or lost its network.
sub abort ($self) {
    setsockopt $self->{socket}, SOL_SOCKET, SO_LINGER, pack 'II', 1, 0;
    CORE::close($self->{socket});
    return;
}

# No more will be sent, but answers are still read (FIN of one direction).
sub shut_write ($self) {
    shutdown $self->{socket}, 1;
    return;
}

1;
