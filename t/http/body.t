# However a body arrives, in one piece, byte by byte, in chunks, through a temporary file, it is the
# same body; and one that is too large, or never arrives, changes nothing.

use lib 't/lib', 't/http/lib';
use Dashboard::Test;
use Http::Fixture qw(id refused statements watch_statements);
use Http::Operation;

# nginx reads the method of a request that follows another as a word, wherever it stands: UBSan says so.
my $t = Dashboard::Test->new(
    as     => 'analyst',
    allow  => [qr/ngx_http_parse\.c:\d+:\d+: runtime error: load of misaligned address/],
    server => 'client_max_body_size 64k; client_body_buffer_size 1k; keepalive_requests 100000;'
);
watch_statements($t);
$t->start;

my $path  = '/api/v1/dashboards';
my %header = (Authorization => 'Bearer ' . $t->token('analyst'), 'Content-Type' => 'application/json');
my $small  = '{"name":"Arrived"}';
my $large  = '{"name":"Arrived","metadata":{"text":"' . 'abcdefgh' x 5000 . '"}}';

sub chunked ($body, $size) {
    my $text = '';
    $text .= sprintf "%x\r\n%s\r\n", length, $_ for unpack "(a$size)*", $body;
    return "${text}0\r\n\r\n";
}

sub head (%more) {
    return Dashboard::Raw->text(POST => $path, {%header, %more});
}

# What came back on the connection, checked against the document.
sub answer ($raw, $method = 'POST', $target = $path) {
    my $answer = $raw->read_response // Dashboard::Response->new(problem => 'none came');
    return $t->check($method, $target, $answer);
}

sub arrived ($raw, $body, $name) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $answer = answer($raw);
    is $answer->status, 201, $name;
    my $sent = Dashboard::Response->new(body => $body)->json;
    is_deeply $answer->data->{metadata}, $sent->{metadata} // {}, 'whole' if $answer->status == 201;
    return;
}

my $raw = $t->raw;

subtest 'a body may come in any pieces' => sub {
    my $length = length $small;
    $raw->write(head('Content-Length' => $length) . $small, 'POST');
    arrived($raw, $small, 'with its head');
    $raw->write(head('Content-Length' => $length), 'POST');
    $raw->write($small);
    arrived($raw, $small, 'behind its head');
    $raw->write_slowly(head('Content-Length' => $length) . $small, 1, 'POST');
    arrived($raw, $small, 'byte by byte');
    $raw->write_slowly(head('Content-Length' => length $large) . $large, 700, 'POST');
    arrived($raw, $large, 'in many pieces, larger than the buffer: through a temporary file');
    $raw->write(head('Content-Length' => length $large) . $large, 'POST');
    arrived($raw, $large, 'the same at once');
};

subtest 'a body may come in chunks (RFC 9112, 7.1)' => sub {
    my %te = ('Transfer-Encoding' => 'chunked');
    $raw->write(head(%te) . chunked($small, 7), 'POST');
    arrived($raw, $small, 'with its head');
    $raw->write_slowly(head(%te) . chunked($small, 1), 1, 'POST');
    arrived($raw, $small, 'of one byte, byte by byte');
    $raw->write(head(%te) . chunked($large, 1000), 'POST');
    arrived($raw, $large, 'larger than the buffer');
    $raw->write_slowly(head(%te) . chunked($large, 333), 900, 'POST');
    arrived($raw, $large, 'larger than the buffer, in pieces');
};

subtest 'a client may wait to be asked for the body' => sub {
    $raw->write(head('Content-Length' => length $small, Expect => '100-continue'), 'POST');
    ok $raw->read_until(qr/\AHTTP\/1\.1 100 Continue\r\n\r\n/), '100 Continue';
    $raw->{buffer} = '';
    $raw->write($small);
    arrived($raw, $small, 'then it is sent');
};

subtest 'requests on one connection do not mix' => sub {
    my $names = sub (@names) { join '', map { my $body = qq({"name":"$_"}); head('Content-Length' => length $body) . $body } @names };
    $raw->write($names->(map {"Number $_"} 1 .. 20));
    push @{ $raw->{sent} }, ('POST') x 20;
    is join(' ', map { answer($raw)->data->{name} =~ s/Number //r } 1 .. 20), join(' ', 1 .. 20), 'twenty at once, in order';

    for my $operation (grep { !$_->body_schema && $_->protected } Http::Operation->canonical) {
        my $target = $operation->path . $operation->query;
        for my $body ('{"x":1}', $large) {
            $raw->send($operation->method, $target, {%header, 'If-Match' => '*'}, $body);
            my $first = answer($raw, $operation->method, $target);
            $raw->send(POST => $path, {%header}, $small);
            is answer($raw)->status, 201, $operation->label . ' ignores a body of ' . length($body) . ' bytes; the next request is read right';
        }
    }
};

my $before = statements($t);

subtest 'a body that is too large is 413, whoever said so' => sub {
    my $huge = '{"name":"' . 'x' x 70_000 . '"}';
    for my $operation (grep { $_->body_schema } Http::Operation->all) {
        my $target = $operation->path;
        my %sent   = (%header, 'If-Match' => '*');
        my $announced = $t->raw;
        $announced->send($operation->method, $target, \%sent, $huge);
        refused(answer($announced, $operation->method, $target), 413, 'PAYLOAD_TOO_LARGE', $operation->label . ': by its length');
        my $surprise = $t->raw;
        $surprise->write(Dashboard::Raw->text($operation->method, $target, {%sent, 'Transfer-Encoding' => 'chunked'})
            . chunked($huge, 9000), $operation->method);
        refused(answer($surprise, $operation->method, $target), 413, 'PAYLOAD_TOO_LARGE', 'in chunks');
    }
    my $claimed = $t->raw;
    $claimed->write(head('Content-Length' => 10_000_000_000), 'POST');
    refused(answer($claimed), 413, 'PAYLOAD_TOO_LARGE', 'ten gigabytes are refused before they are sent');
};

subtest 'framing that is wrong is 400 in the envelope' => sub {
    my %wrong = (
        'a length that is no number' => head('Content-Length' => 'abc'),
        'a negative length'          => head('Content-Length' => '-1'),
        'two lengths'                => head('Content-Length' => [5, 6]) . 'x' x 6,
        'length and chunks'          => head('Content-Length' => 5, 'Transfer-Encoding' => 'chunked') . chunked($small, 5),
        'a chunk that is no chunk'   => head('Transfer-Encoding' => 'chunked') . "zz\r\nabc\r\n0\r\n\r\n",
        'a chunk longer than it said' => head('Transfer-Encoding' => 'chunked') . "2\r\nabcdef\r\n0\r\n\r\n",
    );
    for my $why (sort keys %wrong) {
        my $connection = $t->raw;
        $connection->write($wrong{$why}, 'POST');
        my $answer = answer($connection);
        refused($answer, 400, 'VALIDATION_ERROR', $why);
        ok $connection->closed, 'and the connection is closed, as nobody knows where the next request begins';
    }
    my $coding = $t->raw;
    $coding->write(head('Transfer-Encoding' => 'gzip') . $small, 'POST');
    # The one status of nginx that the document leaves out.
    refused($coding->read_response, 501, 'INTERNAL_ERROR', 'a transfer coding there is not: 501 (RFC 9112, 6.1)');
};

subtest 'a body that never comes changes nothing' => sub {
    for my $part (head('Content-Length' => length $small), head('Content-Length' => length $large) . substr($large, 0, 30_000),
        head('Transfer-Encoding' => 'chunked') . "5\r\n{\"nam\r\n") {
        my $gone = $t->raw;
        $gone->write($part, 'POST');
        $gone->shut_write;
        ok $gone->closed, 'a client that stops sending is left';
        my $lost = $t->raw;
        $lost->write($part, 'POST');
        $lost->abort;
    }
};

is scalar(statements($t)), $before, 'nothing of this reached the database';
is $t->get('/health/live')->status, 200, 'and others are served';

done_testing;
