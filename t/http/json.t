# A body that is not the JSON it should be is a 400 before the database (FAULTS), and what is good JSON
# comes back as it was sent.

use lib 't/lib', 't/http/lib';
use Dashboard::Test;
use Http::Fixture qw(id refused statements watch_statements);

my $t = Dashboard::Test->new(as => 'analyst');
watch_statements($t);
$t->start;

my $dashboards = '/api/v1/dashboards';

# Everything with a body, each with a good one that can be spoiled where %s stands.
my @operations = (
    [POST  => $dashboards,                       '{"name":"x","metadata":%s}'],
    [PUT   => "$dashboards/" . id('operations'), '{"name":"x","metadata":%s}'],
    [PATCH => "$dashboards/" . id('operations'), '{"metadata":%s}'],
    [POST  => '/api/v1/widgets',                 '{"dashboard_id":"' . id('operations') . '","type":"note","config":%s}'],
    [PATCH => '/api/v1/widgets/' . id('kpi'),    '{"config":%s}'],
    [POST  => '/api/v1/widgets/query',           '{"widgets":["' . id('kpi') . '"],"filters":%s}'],
);

sub send_text ($operation, $body) {
    my ($method, $path) = @$operation;
    return $t->request($method, $path, body => $body, type => 'application/json', if_match => '*');
}

sub nested ($depth) {
    return '[' x $depth . ']' x $depth;
}

my %not_json = (
    'cut off in an object'              => '{"a":1',
    'cut off in a string'               => '"abc',
    'cut off in a word'                 => 'tru',
    'cut off in an escape'              => '"\u12',
    'nothing'                           => '',
    'something behind it'               => '{} {}',
    'a closing bracket too many'        => '{}]',
    'a comma too many'                  => '[1,]',
    'a comma too many in an object'     => '{"a":1,}',
    'a comma too few'                   => '[1 2]',
    'a colon too few'                   => '{"a" 1}',
    'a key without quotes'              => '{a:1}',
    'single quotes'                     => q({'a':1}),
    'a comment'                         => '/* a */ 1',
    'a comment to the end of the line'  => "1 // a\n",
    'a word of another language'        => 'None',
    'upper case'                        => 'TRUE',
    'undefined'                         => 'undefined',
    'NaN'                               => 'NaN',
    'Infinity'                          => '-Infinity',
    'a leading zero'                    => '01',
    'a plus'                            => '+1',
    'a point without digits behind'     => '1.',
    'a point without digits before'     => '.5',
    'an exponent without digits'        => '1e',
    'a minus alone'                     => '-',
    'a hexadecimal number'              => '0x10',
    'a line break in a string'          => "\"a\nb\"",
    'a tab in a string'                 => "\"a\tb\"",
    'a control character in a string'   => "\"a\x01b\"",
    'an escape there is not'            => '"\x41"',
    'an escaped quote of another kind'  => q("\'"),
    'NUL in a string'                   => "\"a\0b\"",
    'NUL between values'                => "\0",
    'NUL as an escape'                  => '"\u0000"',
    'NUL as an escape in a key'         => '{"a\u0000":1}',
    'a lone high surrogate'             => '"\ud83d"',
    'a lone low surrogate'              => '"\ude00"',
    'surrogates the wrong way round'    => '"\ude00\ud83d"',
    'a high surrogate before text'      => '"\ud83dx"',
    'a lone surrogate in a key'         => '{"\ud800":1}',
    'a byte that is no UTF-8'           => "\"\xff\"",
    'UTF-8 cut off'                     => "\"\xe2\x82\"",
    'a continuation byte alone'         => "\"\x80\"",
    'an overlong slash'                 => "\"\xc0\xaf\"",
    'an overlong NUL'                   => "\"\xc0\x80\"",
    'a surrogate in UTF-8'              => "\"\xed\xa0\x80\"",
    'beyond the last code point'        => "\"\xf4\x90\x80\x80\"",
    'bad UTF-8 in a key'                => "{\"\xff\":1}",
    'Latin-1'                           => "\"caf\xe9\"",
    'a key twice'                       => '{"a":1,"a":2}',
    'a key twice further inside'        => '{"a":[{"b":1,"b":1}]}',
    'a key twice, once escaped'         => '{"a":1,"\u0061":2}',
    'a key twice among many'            => '{' . join(',', map {"\"k$_\":1"} 1 .. 100, 50) . '}',
    'sixty-five levels'                 => nested(64),
    'a hundred thousand levels'         => nested(100_000),
    'a hundred thousand open brackets'  => '[' x 100_000,
    'more digits than the database has' => '1e131073',
    'an exponent beyond all bounds'     => '1e999999999999999999999',
    'digits behind the point beyond'    => '1e-16384',
);

subtest 'what is no JSON, or none the database holds, is INVALID_JSON' => sub {
    for my $why (sort keys %not_json) {
        for my $operation (@operations) {
            my $answer = send_text($operation, sprintf $operation->[2], $not_json{$why});
            refused($answer, 400, 'INVALID_JSON', "$operation->[0] $operation->[1]: $why");
            my $details = $answer->error->{details};
            like $details->{issue}, qr/^\S.*\S$/, 'says what';
            like $details->{offset}, qr/^\d+$/, 'and at which byte';
        }
    }
};

subtest 'so is a whole body that is not one JSON text in UTF-8' => sub {
    my %body = (
        'a byte order mark'       => "\xef\xbb\xbf{\"name\":\"x\"}",
        'UTF-16'                  => "\xff\xfe" . join('', map {"$_\0"} split(//, '{"name":"x"}')),
        'two of them'             => '{"name":"x"}{"name":"y"}',
        'one a line'              => "{\"name\":\"x\"}\n{\"name\":\"y\"}\n",
        'white space'             => " \r\n\t ",
        'a form'                  => 'name=x',
        'a name twice'            => '{"name":"x","name":"y"}',
        'NUL behind it'           => "{\"name\":\"x\"}\0",
        'a vertical tab behind'   => "{\"name\":\"x\"}\x0b",
        'half of it'              => '{"name":"x"',
        'only the end'            => '}',
    );
    refused(send_text([POST => $dashboards], $body{$_}), 400, 'INVALID_JSON', $_) for sort keys %body;
};

subtest 'JSON that is no object is named by an empty pointer' => sub {
    for my $body ('[]', '"x"', '42', 'null', 'true', '[{"name":"x"}]') {
        refused(send_text($_, $body), 400, 'VALIDATION_ERROR', "$_->[0] $_->[1]: $body", '') for @operations;
    }
};

subtest 'where an integer is due, only one the database holds will do' => sub {
    my $widget = '{"dashboard_id":"' . id('operations') . '","type":"note","x":%s}';
    my $post   = [POST => '/api/v1/widgets'];
    for my $number ('9223372036854775808', '-9223372036854775809', '99999999999999999999999', '1e30',
        '1.0', '1e0', '0.5', '-0.0', '-1', '1001', '9223372036854775807', '"1"') {
        refused(send_text($post, sprintf $widget, $number), 400, 'VALIDATION_ERROR', "x = $number", '/x');
    }
    like send_text($post, sprintf $widget, '9223372036854775808')->error->{details}{issue}, qr/64-bit/,
        'one beyond 64 bits is told so';
};

is scalar(statements($t)), 0, 'nothing of all this reached the database';

subtest 'an error never repeats what was sent' => sub {
    my $answer = send_text([POST => $dashboards], '{"name":"<script>alert(1)</script>", oops}');
    unlike $answer->body, qr/script|oops/, 'not the body';
    $answer = $t->post($dashboards, {name => 'x', "<b>\n\"" => 1});
    is $answer->error->{details}{field}, "/<b>\n\"", 'but the name of a member, as JSON';
};

subtest 'good JSON comes back as it was sent' => sub {
    my $text = '{"deep":' . nested(62) . ',"emoji":"\ud83d\ude00 ' . "\xf0\x9f\x98\x80" . '","kanji":"' . "\xe6\xbc\xa2"
        . '","controls":"\u0001\u001f\t\n\"\\\\\/","largest":9223372036854775807,"smallest":-9223372036854775808,'
        . '"beyond":18446744073709551616,"fraction":0.1,"exact":1.50,"huge":1e+300,"tiny":1E-300,"zero":-0,'
        . '"empty":{},"none":[],"nothing":null,"":"empty key","a/b~c":true,"line separators":"' . "\xe2\x80\xa8" . '"}';
    my $created = send_text([POST => $dashboards], "{ \"name\" : \"x\",\r\n\t\"metadata\":$text}");
    is $created->status, 201, 'accepted, with 64 levels';
    my $back = $t->get("$dashboards/" . $created->data->{id});
    my $sent = Dashboard::Response->new(body => $text)->json;
    my $kept = $back->data->{metadata};
    cmp_ok delete $kept->{$_}, '==', delete $sent->{$_}, "$_, however it is written" for qw(huge tiny);
    is_deeply $kept, $sent, 'every other value';
    my %digits = (
        largest  => '9223372036854775807', smallest => '-9223372036854775808', exact => '1.50',
        beyond   => '18446744073709551616', fraction => '0.1',
    );
    like $back->body, qr/"$_": ?\Q$digits{$_}\E\D/, "digit for digit: $_" for sort keys %digits;
};

done_testing;
