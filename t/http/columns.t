# How PostgreSQL's values look in widget data, by the type of their column.

use lib 't/lib', 't/http/lib';
use Dashboard::Test;
use Http::Fixture qw(add_query add_widget id);

my $t = Dashboard::Test->new(as => 'analyst')->start;

# The JSON text of the one row that a select list makes, and the type of its first column.
sub row ($select) {
    my $widget = add_widget($t, add_query($t, 'row', "select $select"));
    my $answer = $t->get("/api/v1/widgets/$widget/data");
    is $answer->status, 200, $select or diag $answer->body;
    my ($text) = $answer->body =~ /"rows":\[\[(.*)\]\],"row_count"/s;
    $t->delete("/api/v1/widgets/$widget", if_match => '*');
    return ($text, $answer->json->{data}{columns}[0]{type});
}

# value of PostgreSQL => [its type's name, its JSON text]
my @cases = (
    ['7::smallint'                => 'smallint',         '7'],
    ['-7'                         => 'integer',          '-7'],
    ['9007199254740993::bigint'   => 'bigint',           '9007199254740993'],
    ['-9223372036854775808'       => 'bigint',           '-9223372036854775808'],
    ['1.50'                       => 'numeric',          '1.50'],
    ['12345678901234567890.123456789012345678901234567890' => 'numeric', '12345678901234567890.123456789012345678901234567890'],
    [q{'NaN'::numeric}            => 'numeric',          'null'],
    [q{'Infinity'::numeric}       => 'numeric',          'null'],
    ['0.1::double precision'      => 'double precision', '0.1'],
    ['1e300::double precision'    => 'double precision', '1e+300'],
    ['0.1::real'                  => 'real',             '0.1'],
    [q{'NaN'::double precision}   => 'double precision', 'null'],
    [q{'Infinity'::double precision}  => 'double precision', 'null'],
    [q{'-Infinity'::double precision} => 'double precision', 'null'],
    [q{'-0'::double precision}    => 'double precision', '-0'],
    ['true'                       => 'boolean',          'true'],
    ['false'                      => 'boolean',          'false'],
    ['null::boolean'              => 'boolean',          'null'],
    ['null'                       => 'text',             'null'],
    [q{''}                        => 'text',             '""'],
    [q{'say "x" \\ / it''s'}      => 'text',             q{"say \"x\" \\\\ / it's"}],
    [q{E'a\\nb\\tc\\rd\\u0001'}   => 'text',             q{"a\nb\tc\rd\u0001"}],
    [q{E'\\u00e9 \\u6f22 \\U0001f600'} => 'text',        qq{"\xc3\xa9 \xe6\xbc\xa2 \xf0\x9f\x98\x80"}],
    [q{'<script>'}                => 'text',             '"<script>"'],
    [q{'x'::varchar(5)}           => 'character varying', '"x"'],
    [q{'x'::char(3)}              => 'character',        '"x  "'],
    [q{'x'::name}                 => 'name',             '"x"'],
    [q{date '2026-01-31'}         => 'date',             '"2026-01-31"'],
    [q{date 'infinity'}           => 'date',             '"infinity"'],
    [q{time '12:30:15.25'}        => 'time without time zone', '"12:30:15.25"'],
    [q{timestamp '2026-01-31 12:30:15'}      => 'timestamp without time zone', '"2026-01-31T12:30:15"'],
    [q{timestamptz '2026-01-31 12:30:15+00'} => 'timestamp with time zone', '"2026-01-31T12:30:15+00:00"'],
    [q{timestamptz '2026-01-31 12:30:15.123456+00'} => 'timestamp with time zone', '"2026-01-31T12:30:15.123456+00:00"'],
    [q{timestamptz 'infinity'}    => 'timestamp with time zone', '"infinity"'],
    [q{interval '1 day 2 hours'}  => 'interval',         '"1 day 02:00:00"'],
    [q{'00000000-0000-4000-8000-00000000ABCD'::uuid} => 'uuid', '"00000000-0000-4000-8000-00000000abcd"'],
    [q{'{"b": [1, null], "a": "x"}'::jsonb} => 'jsonb',  '{"a": "x", "b": [1, null]}'],
    [q{'{"b":1,  "a":2}'::json}   => 'json',             '{"b":1,  "a":2}'],
    [q{'null'::jsonb}             => 'jsonb',            'null'],
    [q{'"text"'::json}            => 'json',             '"text"'],
    [q{'\\x0001ff'::bytea}        => 'bytea',            q{"\\\\x0001ff"}],
    [q{inet '127.0.0.1/8'}        => 'inet',             '"127.0.0.1/8"'],
    ['array[1, null, 3]'          => 'integer[]',        '[1,null,3]'],
    ['array[[1, 2], [3, 4]]'      => 'integer[]',        '[[1,2],[3,4]]'],
    [q{'[0:1]={5,6}'::integer[]}  => 'integer[]',        '[5,6]'],
    [q{'{}'::integer[]}           => 'integer[]',        '[]'],
    [q{array['a', 'b,c', '{d}', 'say "x"', '\\', '', 'NULL', null]} => 'text[]', q{["a","b,c","{d}","say \"x\"","\\\\","","NULL",null]}],
    ['array[true, false]'         => 'boolean[]',        '[true,false]'],
    [q{array[1.5, 'NaN']::double precision[]} => 'double precision[]', '[1.5,null]'],
    [q{array[timestamptz '2026-01-31 12:00+00']} => 'timestamp with time zone[]', '["2026-01-31T12:00:00+00:00"]'],
    [q{array['{"a": 1}'::jsonb]}  => 'jsonb[]',          '[{"a": 1}]'],
    [q{tstzrange('2026-01-01 00:00+00', '2026-02-01 00:00+00')} => undef, q{"[\"2026-01-01 00:00:00+00\",\"2026-02-01 00:00:00+00\")"}],
    ['point(1, 2)'                => undef,              '"(1,2)"'],
    [q{row(1, 'x')}               => undef,              '"(1,x)"'],
);

subtest 'a value looks like its type' => sub {
    for my $case (@cases) {
        my ($select, $type, $text) = @$case;
        my ($seen, $named) = row($select);
        is $seen, $text, 'its JSON';
        is $named, $type, 'its type' if defined $type;
    }
};

subtest 'columns keep their order and names, equal ones too' => sub {
    my $widget = add_widget($t, add_query($t, 'names', q{select 1 as "b", 2 as "a", 3 as "say ""x""", 4 as "?column?", 5 as "b", 6 as U&"\\00e9"}));
    my $data = $t->get("/api/v1/widgets/$widget/data")->json->{data};
    is_deeply [map { $_->{name} } @{ $data->{columns} }], ['b', 'a', 'say "x"', '?column?', 'b', "\x{e9}"], 'names';
    is_deeply $data->{rows}, [[1 .. 6]], 'order';
};

subtest 'a hundred columns, and none' => sub {
    my $widget = add_widget($t, add_query($t, 'wide', 'select ' . join ', ', map {"$_ as c$_"} 1 .. 100));
    is_deeply $t->get("/api/v1/widgets/$widget/data")->json->{data}{rows}, [[1 .. 100]], 'a hundred';
    my $none = add_widget($t, add_query($t, 'none', 'select from generate_series(1, 3)'));
    my $data = $t->get("/api/v1/widgets/$none/data")->json->{data};
    is_deeply [$data->{columns}, $data->{rows}, $data->{row_count}], [[], [[], [], []], 3], 'none';
};

done_testing;
