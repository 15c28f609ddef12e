# api/generate.pl: what it makes of a document, and that it refuses what C could not check.

use v5.36;
use File::Temp ();
use FindBin;
use JSON::PP ();
use Test::More;
use YAML::XS ();

my $generator = "$FindBin::Bin/../../api/generate.pl";
my $scratch   = File::Temp->newdir;

# A small document with one of everything; a test changes its own copy.
sub document () {
    local $YAML::XS::Boolean = 'JSON::PP';
    return YAML::XS::Load(<<'YAML');
openapi: 3.1.0
info: {title: T, version: 1.0.0}
servers: [{url: /api/v1}, {url: /api}]
paths:
  /things/{id}/parts/{part}:
    parameters:
      - {name: part, in: path, required: true, schema: {type: integer, minimum: 1}}
      - {name: id, in: path, required: true, schema: {$ref: '#/components/schemas/Id'}}
      - {name: If-Match, in: header, schema: {type: string, pattern: x}}
    post:
      operationId: change_part
      x-permission: thing:write
      x-cache: thing
      x-aliases: ['/old/{id}/{part}']
      parameters:
        - {name: tags, in: query, style: form, explode: false, schema: {type: array, items: {type: string}}}
        - {name: deep, in: query, required: true, schema: {type: boolean}}
      requestBody:
        required: true
        content:
          application/json: {schema: {$ref: '#/components/schemas/Part'}}
          application/merge-patch+json: {schema: {$ref: '#/components/schemas/Part'}}
      responses:
        '200': {description: Done., content: {application/x-ndjson: {schema: {type: object, minimum: 1}}}}
  /ready:
    servers: [{url: /}]
    get:
      operationId: ready
      security: []
      x-handler: live
      responses: {'200': {description: "Yes, \"really\" \\ ??/."}}
components:
  schemas:
    Id: {type: string, format: uuid, description: Read me.}
    Size:
      anyOf: [{type: [integer, 'null'], minimum: -3, maximum: 7}, {$ref: '#/components/schemas/Unit'}]
    Unit:
      anyOf: [{type: string, enum: [small, big]}, {type: array, maxItems: 2, items: {type: number}}]
    Part:
      type: object
      additionalProperties: false
      required: [size]
      properties:
        size: {$ref: '#/components/schemas/Size', description: How big.}
        more: {type: [object, 'null'], additionalProperties: {$ref: '#/components/schemas/Id'}}
        free: {}
YAML
}

# Runs the generator on a document (a structure or YAML text): its exit code, what it said, where it
# wrote.
sub generate ($document, @options) {
    local $YAML::XS::Boolean = 'JSON::PP';
    my $dir = File::Temp::tempdir(DIR => "$scratch");
    open my $handle, '>', "$dir/document.yaml" or die "$dir: $!";
    print {$handle} ref $document ? YAML::XS::Dump($document) : $document;
    close $handle or die "$dir: $!";
    my $said = qx($^X $generator --document $dir/document.yaml --out $dir @options 2>&1);
    return ($? >> 8, $said, $dir);
}

sub content ($file) {
    open my $handle, '<', $file or return;
    local $/ = undef;
    return scalar readline $handle;
}

sub post ($document) { return $document->{paths}{'/things/{id}/parts/{part}'}{post} }

sub part ($document) { return $document->{components}{schemas}{Part} }

# The change that a test makes: to the body's member "free".
sub member ($schema) {
    return sub ($document) { part($document)->{properties}{free} = $schema };
}

subtest 'a document becomes a route table' => sub {
    my ($code, $said, $dir) = generate(document());
    is $code, 0, 'accepted' or diag $said;
    my $table = content("$dir/routes.def") =~ s/\s+/ /gr;

    like $table, qr/\Q"change_part", .method = NGX_HTTP_POST,\E/, 'operationId and method';
    like $table, qr[\Q{ "/api/v1/things/{id}/parts/{part}", "/api/things/{id}/parts/{part}", "/old/{id}/{part}", NULL}\E],
        'paths: below each server, then the aliases';
    like $table, qr/
        \Q{.name = "id", .in = DASH_IN_PATH, .required = 1, .schema = &schema_id}, \E
        \Q{.name = "part", .in = DASH_IN_PATH, .required = 1, .schema = &\E\w+}[ ,]+
        \Q{.name = "tags", .in = DASH_IN_QUERY, .schema = &\E\w+}[ ,]+
        \Q{.name = "deep", .in = DASH_IN_QUERY, .required = 1, .schema = &\E\w+}[ ,]+
        \Q{.name = NULL}}\E/x, 'parameters: the path\'s in its order, the query\'s; no headers';
    like $table, qr/\Q.body = DASH_BODY_REQUIRED, .types = DASH_TYPE_JSON | DASH_TYPE_MERGE_PATCH, .schema = &schema_part,\E/,
        'body';
    like $table, qr/\Q.permission = "thing:write", .cache = "thing", .limit = "write", .handler = DASH_HANDLER_SQL, .ndjson = 1,\E/,
        'permission, cache class, class of limits by method, handler, ndjson';
    like $table, qr/\Q.statement = STATEMENT("change_part", 1), }\E/, 'statement, with the number of its row';
    like $table, qr[\Q{"/ready", NULL}\E], 'a path with servers of its own';
    unlike $table, qr/STATEMENT\("ready"/, 'no statement where C answers alone';
    like $table, qr[\Qdash_bases[] = { ngx_string("/api/v1"), ngx_string("/api"), ngx_null_string, }\E],
        'base paths, the longest first';
};

subtest 'a schema becomes a table' => sub {
    my (undef, undef, $dir) = generate(document());
    my $table = content("$dir/routes.def") =~ s/\s+/ /gr;

    like $table, qr/schema_id = \{ \.types = DASH_JSON_STRING, \.format = DASH_FORMAT_UUID, \}/, 'format';
    like $table,
        qr/\Q= { .types = DASH_JSON_NULL | DASH_JSON_INTEGER, .has_minimum = 1, .minimum = -3, .has_maximum = 1, .maximum = 7, }\E/,
        'several types, bounds';
    like $table, qr/\Q.values = (const char *const[]) {"small", "big", NULL}, }\E/, 'enum';
    like $table, qr/\Q= { .types = DASH_JSON_ARRAY, .max_count = 2, .items = &\E/, 'list';
    like $table, qr/schema_size = \{ \.types = DASH_JSON_NULL \| DASH_JSON_INTEGER \| DASH_JSON_STRING \| DASH_JSON_ARRAY, \.any_of = [^{]*\{ ?&\w+, &\w+, &\w+, NULL\}/,
        'anyOf, an alternative\'s own alternatives among its own';
    like $table, qr/schema_part = [^;]*\Q.properties = \E[^;]*"free"[^;]*"more"[^;]*\Q{.name = "size", .schema = &schema_size, .required = 1}\E[^;]*\Q.closed = 1, }\E/,
        'closed object with a required member';
    like $table, qr/\Q.types = DASH_JSON_NULL | DASH_JSON_OBJECT, .additional = &schema_id, }\E/, 'other members by schema';
    is scalar(() = $table =~ /schema_id = /g), 1, 'what is shared is written once';
    unlike $table, qr/schema_unit = /, 'what nobody needs is not written';
};

subtest 'the document is served as it was written' => sub {
    my $document = document();
    my ($code, $said, $dir) = generate($document);
    my $json = join '', map { /^ *"(.*)"$/ ? $1 : die "no C string: $_" } split /\n/, content("$dir/openapi.inc");
    unlike $json, qr/(?<!\\)\?\?/, 'no trigraphs';
    $json =~ s/\\(["\\?])/$1/g;
    is_deeply JSON::PP->new->decode($json), $document, 'equal';
    like $json, qr/"explode":false/, 'booleans stay booleans';
    like $json, qr/"minimum":-3/, 'numbers stay numbers';
    like $json, qr/"version":"1\.0\.0"/, 'strings stay strings';
};

subtest 'the same document gives the same files' => sub {
    my (undef, undef, $one) = generate(document());
    my (undef, undef, $two) = generate(document());
    is content("$one/$_"), content("$two/$_"), $_ for qw(routes.def openapi.inc);
};

subtest '--check notices a stale file and writes nothing' => sub {
    my ($code, $said, $dir) = generate(document());
    my $again = sub { qx($^X $generator --check --document $dir/document.yaml --out $dir 2>&1); $? >> 8 };
    is $again->(), 0, 'current';
    for my $file (qw(routes.def openapi.inc)) {
        my $before = content("$dir/$file");
        open my $handle, '>>', "$dir/$file" or die $!;
        print {$handle} "\n";
        close $handle or die $!;
        is $again->(), 1, "$file changed";
        is content("$dir/$file"), "$before\n", 'left as it was';
        unlink "$dir/$file" or die $!;
        is $again->(), 1, "$file missing";
        open $handle, '>', "$dir/$file" or die $!;
        print {$handle} $before;
        close $handle or die $!;
    }
};

my @refused = (
    ['a document that is not YAML', "openapi: [", qr/#: is not YAML/],
    ['a key given twice', "openapi: 3.1.0\nopenapi: 3.1.1\n", qr/#: is not YAML.*duplicate/si],
    ['another version of OpenAPI', "openapi: 3.0.3\n", qr/is not an OpenAPI 3\.1 document/],

    # schemas
    ['a schema that is no object', member(JSON::PP::true), qr{free: is not a schema}],
    ['an unknown keyword', member({type => 'string', pattern => '^x'}),
        qr{#/components/schemas/Part/properties/free/pattern: keyword "pattern" cannot be checked}],
    ['allOf', member({allOf => [{type => 'string'}]}),
        qr{free/allOf: keyword "allOf" cannot be checked}],
    ['oneOf', member({oneOf => [{type => 'string'}]}),
        qr{free/oneOf: keyword "oneOf" cannot be checked}],
    ['a keyword of another type', member({type => 'integer', minLength => 1}),
        qr{free/minLength: keyword "minLength" says nothing about this type}],
    ['a keyword without a type', member({minimum => 1}), qr{free/minimum: .* says nothing}],
    ['an unknown type', member({type => 'text'}), qr{free/type: is not a type}],
    ['a type named twice', member({type => ['string', 'string']}), qr{free/type: names "string" twice}],
    ['a list of no types', member({type => []}), qr{free/type: names no type}],
    ['an unknown format', member({type => 'string', format => 'email'}),
        qr{free/format: format "email" is not known}],
    ['a bound with a fraction', member({type => 'number', minimum => 0.5}),
        qr{free/minimum: must be an integer}],
    ['a bound as a string', member({type => 'number', minimum => 'one'}),
        qr{free/minimum: must be an integer}],
    ['a bound beyond what JSON parsers hold', member({type => 'integer', maximum => 2**53}),
        qr{free/maximum: must be an integer}],
    ['a negative count', member({type => 'string', minLength => -1}),
        qr{free/minLength: must not be negative}],
    ['a count of at most 0', member({type => 'string', maxLength => 0}),
        qr{free/maxLength: must be positive}],
    ['a count that would bind two types', member({type => ['string', 'array'], maxLength => 3}),
        qr{free/maxLength: would bind array too}],
    ['an enum of numbers', member({type => 'integer', enum => [1]}),
        qr{free/enum: keyword "enum" says nothing}],
    ['an enum of strings and numbers', member({type => 'string', enum => ['a', 1]}),
        qr{free/enum: must hold strings}],
    ['an enum beside other types', member({type => ['string', 'boolean'], enum => ['a']}),
        qr{free/enum: is only possible for strings}],
    ['an enum without null where null is a type', member({type => ['string', 'null'], enum => ['a']}),
        qr{free/enum: must have null exactly}],
    ['an enum with null where null is none', member({type => 'string', enum => ['a', undef]}),
        qr{free/enum: must have null exactly}],
    ['an enum of null alone', member({type => ['string', 'null'], enum => [undef]}),
        qr{free/enum: has no strings}],
    ['an object that leaves open whether it is closed', member({type => 'object'}),
        qr{free: an object must say additionalProperties}],
    ['a required member that is not described',
        member({type => 'object', required => ['a'], additionalProperties => JSON::PP::true}), qr{free/required: names "a"}],
    ['anyOf of nothing', member({anyOf => []}), qr{free: anyOf needs alternatives}],
    ['alternatives of one type', member({anyOf => [{type => 'string'}, {type => ['null', 'string']}]}),
        qr{free/anyOf/1: overlaps an alternative before it: both accept string}],
    ['integer beside number', member({anyOf => [{type => 'integer'}, {type => 'number'}]}),
        qr{free/anyOf/1: overlaps .* integer}],
    ['an alternative of any type', member({anyOf => [{type => 'string'}, {}]}),
        qr{free/anyOf/1: overlaps others}],
    ['a keyword beside anyOf', member({anyOf => [{type => 'string'}], minLength => 1}),
        qr{free/minLength: cannot be checked beside anyOf}],
    ['a keyword beside $ref', member({'$ref' => '#/components/schemas/Id', maxLength => 3}),
        qr{free/maxLength: beside \$ref}],
    ['a $ref that points at nothing', member({'$ref' => '#/components/schemas/Nothing'}),
        qr{free: \$ref "#/components/schemas/Nothing" points at nothing}],
    ['a $ref out of the document', member({'$ref' => 'other.yaml#/X'}),
        qr{free: \$ref "other.yaml#/X" leads out}],
    ['a schema within itself', member({'$ref' => '#/components/schemas/Part'}),
        qr{free: #/components/schemas/Part contains itself}],

           ['a dangling $ref in an answer', sub ($d) { post($d)->{responses}{404}{'$ref'} = '#/components/responses/None' },
        qr{responses/404: \$ref .* points at nothing}],

    # operations
    ['no operationId', sub ($d) { delete post($d)->{operationId} },
        qr{#/paths/~1things~1\{id\}~1parts~1\{part\}/post: has no operationId}],
    ['an operationId that is no SQL name', sub ($d) { post($d)->{operationId} = 'changePart' },
        qr{operationId: must be snake_case}],
    ['an operationId PostgreSQL would cut', sub ($d) { post($d)->{operationId} = 'a' x 64 },
        qr{operationId: must be snake_case of at most 63}],
    ['an operationId given twice', sub ($d) { post($d)->{operationId} = 'ready' },
        qr{operationId "ready" is taken}],
    ['no permission', sub ($d) { delete post($d)->{'x-permission'} },
        qr{post: needs an identity, but has no x-permission}],
    ['a permission that is none', sub ($d) { post($d)->{'x-permission'} = 'write' },
        qr{x-permission: must be resource:action}],
    ['a permission for everybody', sub ($d) { post($d)->{security} = [] },
        qr{x-permission: is not asked where security is \[\]}],
    ['another security', sub ($d) { post($d)->{security} = [{}] }, qr{security: must be \[\]}],
    ['an unknown handler', sub ($d) { post($d)->{'x-handler'} = 'magic' },
        qr{x-handler: handler "magic" is not known}],
    ['a misspelt extension', sub ($d) { post($d)->{'x-permision'} = 'thing:write' },
        qr{post/x-permision: is not known in an operation}],
    ['a class of limits that is no name', sub ($d) { post($d)->{'x-limit'} = '5/15m' },
        qr{x-limit: must be the name of a class}],
    ['a cache class that is no name', sub ($d) { post($d)->{'x-cache'} = '60 s' },
        qr{x-cache: must be the name of a class}],
    ['a method C does not route', sub ($d) { $d->{paths}{'/ready'}{head} = {} },
        qr{#/paths/~1ready/head: is not known}],
    ['no responses', sub ($d) { delete post($d)->{responses} }, qr{post: has no responses}],
    ['a server that is no path', sub ($d) { $d->{servers}[0]{url} = 'https://x.example/api' },
        qr{#/servers/0/url: must be a path}],

    ['no servers', sub ($d) { $d->{servers} = [] }, qr{#/servers: must name a server}],
    ['more operations than a connection prepares', sub ($d) {
        for my $n (1 .. 253) {
            $d->{paths}{"/more$n"}{get} = {operationId => "more_$n", security => [], responses => {}};
        }
    }, qr{#/paths: has more than 254 operations}],

    # paths and parameters
    ['two operations on one path', sub ($d) { $d->{paths}{'/ready'}{get}{'x-aliases'} = ['/ready'] },
        qr{"get /ready" is claimed by .*, too}],
    ['two templates that differ in names only', sub ($d) {
        $d->{paths}{'/things/{thing}/parts/{part}'}{post} = {
            operationId   => 'change_other',
            'x-permission' => 'thing:write',
            parameters    => [map { +{name => $_, in => 'path', required => JSON::PP::true, schema => {type => 'string'}} } qw(thing part)],
            responses     => {},
        };
    }, qr{"post /api/v1/things/\{thing\}/parts/\{part\}" is claimed by}],
    ['a path parameter without declaration', sub ($d) { shift @{ $d->{paths}{'/things/{id}/parts/{part}'}{parameters} } },
        qr{path parameter "part" is not declared}],
    ['a declared path parameter that the path lacks', sub ($d) {
        $d->{paths}{'/ready'}{parameters} = [{name => 'id', in => 'path', required => JSON::PP::true, schema => {type => 'string'}}];
    }, qr{path parameter "id" is not in the template}],
    ['an alias with other parameters', sub ($d) { post($d)->{'x-aliases'} = ['/old/{id}'] },
        qr{x-aliases/0: must have the parameters}],
    ['an alias with its parameters in another order',
        sub ($d) { post($d)->{'x-aliases'} = ['/old/{part}/{id}'] },
        qr{x-aliases/0: must have the parameters}],
    ['a path that is no template', sub ($d) { $d->{paths}{'/ready/{'} = delete $d->{paths}{'/ready'} },
        qr{is not a path template}],
    ['more path parameters than C keeps',
        sub ($d) { post($d)->{'x-aliases'} = ['/{a}/{b}/{c}/{d}/{e}'] },
        qr{has more than 4 parameters}],
    ['more query parameters than C keeps', sub ($d) {
        post($d)->{parameters} = [map { +{name => "p$_", in => 'query', schema => {type => 'string'}} } 1 .. 33];
    }, qr{has more than 32 query parameters}],
    ['an optional path parameter',
        sub ($d) { delete $d->{paths}{'/things/{id}/parts/{part}'}{parameters}[0]{required} },
        qr{must say required: true}],
    ['a cookie', sub ($d) { post($d)->{parameters}[0]{in} = 'cookie' },
        qr{parameters/0/in: parameters in "cookie" are not read}],
    ['a parameter without a place', sub ($d) { delete post($d)->{parameters}[0]{in} },
        qr{parameters/0: needs name and in}],
    ['a parameter without schema', sub ($d) { delete post($d)->{parameters}[1]{schema} },
        qr{parameters/1: needs a schema}],
    ['a parameter with content', sub ($d) { post($d)->{parameters}[1]{content} = {} },
        qr{parameters/1/content: is not known in a parameter}],
    ['a list of anything', sub ($d) { delete post($d)->{parameters}[0]{schema}{items} },
        qr{parameters/0/schema: a list needs items}],
    ['a style for a single value', sub ($d) { post($d)->{parameters}[1]{style} = 'form' },
        qr{parameters/1: style and explode are only for lists}],
    ['a list repeated instead of split',
        sub ($d) { post($d)->{parameters}[0]{explode} = JSON::PP::true },
        qr{parameters/0: a list must say}],
    ['a list of lists', sub ($d) {
        post($d)->{parameters}[0]{schema}{items} = {type => 'array', items => {type => 'string'}};
    }, qr{parameters/0/schema: .* one simple type}],
    ['an object as a parameter', sub ($d) {
        post($d)->{parameters}[1]{schema} = {type => 'object', additionalProperties => JSON::PP::true};
    }, qr{parameters/1/schema: .* one simple type}],
    ['a parameter of two types',
        sub ($d) { post($d)->{parameters}[1]{schema} = {type => ['integer', 'string']} },
        qr{parameters/1/schema: .* one simple type}],
    ['a parameter of any type', sub ($d) { post($d)->{parameters}[1]{schema} = {} },
        qr{parameters/1/schema: .* one simple type}],

    # bodies
    ['a body of GET', sub ($d) {
        $d->{paths}{'/ready'}{get}{requestBody} = {content => {'application/json' => {schema => {}}}};
    }, qr{get/requestBody: has no meaning for get}],
    ['a content type C does not parse',
        sub ($d) { post($d)->{requestBody}{content}{'text/csv'} = {schema => {}} },
        qr{text~1csv: is no content type}],

           ['content types with different schemas', sub ($d) { post($d)->{requestBody}{content}{'application/json'}{schema} = {type => 'string'} },
        qr{must have the schema of the other}],
    ['a body without schema',
        sub ($d) { delete post($d)->{requestBody}{content}{'application/json'}{schema} },
        qr{application~1json: has no schema}],
    ['a body without content', sub ($d) { post($d)->{requestBody}{content} = {} },
        qr{requestBody: has no content}],
);

for my $case (@refused) {
    my ($what, $change, $message) = @$case;
    my $document = ref $change ? document() : $change;
    $change->($document) if ref $change;
    my ($code, $said, $dir) = generate($document);
    subtest "refused: $what" => sub {
        is $code, 1, 'exit code';
        like $said, $message, 'says where and why';
        ok !-e "$dir/routes.def", 'nothing was written';
    };
}

done_testing;
