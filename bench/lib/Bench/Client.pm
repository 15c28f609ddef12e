package Bench::Client;

# Requests outside of what is measured: preparing, and checking that answers are right.

use v5.36;
use HTTP::Tiny ();
use JSON::PP ();

# url: a server's. token: of the user who asks.
sub new ($class, %self) { return bless {%self, http => HTTP::Tiny->new(timeout => 120)}, $class }

# Sends a request whose answer must be 200 or 201 and returns it as HTTP::Tiny has it.
# body: text or something for JSON.
sub send ($self, $method, $path, $body = undef, %headers) {
    my %request = (headers => {
        Authorization => "Bearer $self->{token}",
        'Content-Type' => 'application/json',
        %headers,
    });
    if (defined $body) {
        $request{content} = ref $body ? JSON::PP::encode_json($body) : $body;
    } else {
        delete $request{headers}{'Content-Type'};
    }
    my $answer = $self->{http}->request($method, "$self->{url}$path", \%request);
    if ($answer->{status} != 200 && $answer->{status} != 201) {
        my $said = substr $answer->{content}, 0, 2000;
        die "bench: $method $self->{url}$path: $answer->{status}\n$said\n";
    }
    return $answer;
}

# The data in the answer to such a request.
sub data ($self, @request) {
    return JSON::PP::decode_json($self->send(@request)->{content})->{data};
}

1;
