package Dashboard::Client;

# The HTTP client of the tests: keeps connections, can have many requests under way at once, and gives
# every answer to a check (Dashboard::OpenAPI) before the test sees it.

use v5.36;

# One reactor for all: with libev installed a forked client would share its parent's epoll.
BEGIN { $ENV{MOJO_REACTOR} //= 'Mojo::Reactor::Poll' }

use Cpanel::JSON::XS ();
use Mojo::IOLoop;
use Mojo::Promise;
use Mojo::URL;
use Mojo::UserAgent;
use Dashboard::Response;

my $encoder = Cpanel::JSON::XS->new->utf8->canonical->allow_nonref->convert_blessed;

# new(port => sub returning the port, token => sub ($who) returning a token, check => sub ($method, $path,
# $response), called for each answer).
sub new ($class, %field) {
    return bless {%field}, $class;
}

# A user agent belongs to the process that made it: sockets are not shared with forks.
sub _agent ($self) {
    if (($self->{agent_process} // 0) != $$) {
        Mojo::IOLoop->reset if $self->{agent_process};
        $self->{agent_process} = $$;
        $self->{agent}         = Mojo::UserAgent->new(
            max_redirects      => 0,
            max_connections    => 500,
            max_response_size  => 0,
            connect_timeout    => 10,
            inactivity_timeout => 60,
            request_timeout    => 60,
        );
        $self->{agent}->transactor->compressed(0)->name('test');
    }
    return $self->{agent};
}

sub _transaction ($self, $method, $path, %option) {
    my %headers = %{ $option{headers} // {} };
    $headers{'If-Match'}      //= $option{if_match}      if defined $option{if_match};
    $headers{'If-None-Match'} //= $option{if_none_match} if defined $option{if_none_match};
    $headers{Accept}          //= $option{accept}        if defined $option{accept};
    if (!exists $headers{Authorization}) {
        my $token = exists $option{token} ? $option{token} : $self->{token}->($option{as});
        $headers{Authorization} = "Bearer $token" if defined $token;
    }
    my $body = $option{body};
    if (exists $option{json}) {
        $body = $encoder->encode($option{json});
        $headers{'Content-Type'} //= $option{type} // 'application/json';
    }
    $headers{'Content-Type'} //= $option{type} if defined $option{type};
    delete $headers{$_} for grep { !defined $headers{$_} } keys %headers;

    my $url = Mojo::URL->new('http://127.0.0.1:' . $self->{port}->() . $path);
    $url->query(%{ $option{query} }) if $option{query};
    return $self->_agent->build_tx($method => $url => \%headers => defined $body ? $body : ());
}

sub _response ($self, $method, $path, $transaction, %option) {
    my $message = $transaction->res;
    my $failure = $transaction->error;
    if (!$message->code || $failure && !$failure->{code}) {
        return Dashboard::Response->new(problem => $failure ? $failure->{message} : 'no answer');
    }
    my @headers;
    for my $name (@{ $message->headers->names }) {
        push @headers, map { [$name, $_] } @{ $message->headers->every_header($name) };
    }
    my $response
        = Dashboard::Response->new(status => $message->code, headers => \@headers, body => $message->body);
    print {*STDERR} $transaction->req->to_string =~ s/^/# > /gmr, "\n", $message->to_string =~ s/^/# < /gmr, "\n"
        if $ENV{TEST_NGINX_VERBOSE};
    $self->{check}->($method, $path, $response) if $option{check} // 1;
    return $response;
}

# One request and its answer.
sub request ($self, $method, $path, %option) {
    my $transaction = $self->_agent->start($self->_transaction($method, $path, %option));
    return $self->_response($method, $path, $transaction, %option);
}

# Requests [method, path, %option], all sent before the first answer is waited for, each on a connection
# of its own. Answers in the order of the requests.
sub parallel ($self, @requests) {
    my $agent        = $self->_agent;
    my @transactions = map { $self->_transaction(@$_) } @requests;
    my @promises     = map { Mojo::Promise->new } @requests;

    # From inside the loop: outside of it each start() would run the loop a little, and the first
    # answers would be there before the last request is sent.
    Mojo::IOLoop->next_tick(
        sub {
            for my $n (0 .. $#requests) {
                $agent->start($transactions[$n] => sub { $promises[$n]->resolve });
            }
        }
    );
    Mojo::Promise->all(@promises)->wait if @promises;
    return map {
        my ($method, $path, %option) = @{ $requests[$_] };
        $self->_response($method, $path, $transactions[$_], %option);
    } 0 .. $#requests;
}

1;
