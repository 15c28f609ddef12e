#!/usr/bin/perl
#
# Writes src/api/routes.def (the route table) and src/api/openapi.inc (the document as it is served)
# from api/openapi.yaml. Both are committed; CI runs this with --check.
#
#   api/generate.pl [--check] [--document FILE] [--out DIRECTORY]
#
# --check writes nothing and exits 1 when a file is not what the document says.
#
# To add an endpoint:
#   1. api/openapi.yaml: the path below "paths", the method with operationId (snake_case), summary,
#      tags, x-permission (resource:action, or security: [] for everybody), parameters, requestBody
#      and responses. Further keys of an operation: x-cache (class of its answers in the cache),
#      x-limit (class of quotas that count it; read or write unless said), x-aliases (further full
#      paths), x-handler (only where C has work of its own). A path parameter called token is a
#      secret: C keeps it out of nginx's logs.
#   2. make routes
#   3. sql/: the function api.<operationId>(request jsonb, body jsonb) returns api.answer.
#   4. A test of each answer the operation declares.
#
# What C checks is the part of JSON Schema that src/core/schema.h can say. A request whose schema
# needs more is refused here, with its place in the document, rather than checked in half. Schemas
# of answers are for readers, SDKs and tests: they may use all of JSON Schema.

use v5.36;

use B ();
use FindBin;
use Getopt::Long;
use JSON::PP ();
use YAML::XS ();

my %METHOD = map { $_ => 'NGX_HTTP_' . uc } qw(get post put patch delete);
my @METHODS = qw(get post put patch delete);
my %HANDLER = map { $_ => 'DASH_HANDLER_' . uc } qw(sql widgets widget session openapi live ready);
my %ASKS_SQL = map { $_ => 1 } qw(sql widgets widget session ready);
my %BODY_TYPE = (
    'application/json'             => 'DASH_TYPE_JSON',
    'application/merge-patch+json' => 'DASH_TYPE_MERGE_PATCH',
);
my %FORMAT = (
    'uuid'      => 'DASH_FORMAT_UUID',
    'date-time' => 'DASH_FORMAT_DATE_TIME',
    'date'      => 'DASH_FORMAT_DATE',
    'timezone'  => 'DASH_FORMAT_TIMEZONE',
);
my @TYPES = qw(null boolean integer number string array object);
my %TYPE = map { $_ => 'DASH_JSON_' . uc } @TYPES;

# Which types a keyword speaks of; everything else that may stand in a schema says nothing to C.
my %KEYWORD = (
    minimum => ['integer', 'number'], maximum => ['integer', 'number'],
    minLength     => ['string'], maxLength            => ['string'],
    minItems      => ['array'],  maxItems             => ['array'],
    minProperties => ['object'], maxProperties        => ['object'],
    format        => ['string'], enum                 => ['string'],
    items         => ['array'],  properties           => ['object'],
    required      => ['object'], additionalProperties => ['object'],
);
my %ANNOTATION = map { $_ => 1 } qw(title description default example examples readOnly deprecated);

my %OPERATION_KEY = map { $_ => 1 }
    qw(tags summary description operationId parameters requestBody responses deprecated security
    x-permission x-cache x-limit x-handler x-aliases);
my %PARAMETER_KEY = map { $_ => 1 }
    qw(name in required description schema style explode example examples deprecated);

my $SIMPLE = qr/^(?:boolean|integer|number|string)$/;

my $MAX_PATH_PARAMETERS  = 4;   # DASH_URI_MAX_PARAMS of src/core/uri.h
my $MAX_QUERY_PARAMETERS = 32;  # what src/http/input.c has room for
my $MAX_OPERATIONS = 254;       # DASH_PG_MAX_STATEMENTS of src/pg/pg.h, less those C calls by itself
my $MAX_NAME       = 63;        # PostgreSQL cuts longer names off

my $document = "$FindBin::Bin/openapi.yaml";
my $out      = "$FindBin::Bin/../src/api";
my $check    = 0;

GetOptions('check' => \$check, 'document=s' => \$document, 'out=s' => \$out) && !@ARGV
    or die "usage: $0 [--check] [--document FILE] [--out DIRECTORY]\n";

my $doc = load($document);
my (@schemas, %schema_of_ref, %schema_of_text, %name_taken, @open_refs);

my %files = ('routes.def' => routes_def(), 'openapi.inc' => openapi_inc());
my @stale = grep { slurp("$out/$_") ne $files{$_} } sort keys %files;

if ($check) {
    print STDERR "$out/$_ is stale: run make routes\n" for @stale;
    exit(@stale ? 1 : 0);
}

for my $file (@stale) {
    open my $handle, '>', "$out/$file" or die "$out/$file: $!\n";
    print {$handle} $files{$file};
    close $handle or die "$out/$file: $!\n";
}

# ---- the document ----------------------------------------------------------------------------

sub slurp ($file) {
    open my $handle, '<', $file or return '';
    local $/;
    return scalar <$handle>;
}

sub refuse ($at, $message) {
    print STDERR "$document: $at: $message\n";
    exit 1;
}

sub load ($file) {
    -r $file or die "$file: $!\n";
    no warnings 'once';
    local $YAML::XS::Boolean              = 'JSON::PP';
    local $YAML::XS::ForbidDuplicateKeys  = 1;
    my $loaded = eval { YAML::XS::LoadFile($file) } or refuse('#', "is not YAML: $@");
    ref $loaded eq 'HASH' && ($loaded->{openapi} // '') =~ /^3\.1\./
        or refuse('#', 'is not an OpenAPI 3.1 document');
    return $loaded;
}

# One more step of a JSON pointer.
sub below ($at, @steps) {
    for my $step (@steps) {
        (my $escaped = $step) =~ s/~/~0/g;
        $escaped =~ s{/}{~1}g;
        $at .= "/$escaped";
    }
    return $at;
}

# What a node means: itself, or what its $ref points at, and the place of that.
sub resolve ($node, $at) {
    return ($node, $at) if ref $node ne 'HASH' || !exists $node->{'$ref'};

    my $ref = $node->{'$ref'};
    $ref =~ m{^#/} or refuse($at, "\$ref \"$ref\" leads out of the document");

    my $target = $doc;
    for my $step (split m{/}, substr($ref, 2)) {
        $step =~ s{~1}{/}g;
        $step =~ s/~0/~/g;
        $target = ref $target eq 'HASH' ? $target->{$step} : undef;
        defined $target or refuse($at, "\$ref \"$ref\" points at nothing");
    }
    return resolve($target, $ref);
}

sub resolve_all ($node, $at) {
    if (ref $node eq 'HASH') {
        resolve($node, $at);
        resolve_all($node->{$_}, below($at, $_)) for sort keys %$node;
    }
    elsif (ref $node eq 'ARRAY') {
        resolve_all($node->[$_], below($at, $_)) for 0 .. $#$node;
    }
    return;
}

# Whether a scalar was written as a number in YAML: quoted ones have no numeric flag.
sub is_number ($value) {
    return defined $value && !ref $value
        && (B::svref_2object(\$value)->FLAGS & (B::SVf_IOK | B::SVf_NOK)) != 0;
}

sub is_true ($value) {
    return JSON::PP::is_bool($value) && $value;
}

# ---- schemas ---------------------------------------------------------------------------------

sub snake ($text) {
    $text =~ s/([a-z0-9])([A-Z])/$1_$2/g;
    $text =~ s/\W+/_/g;
    return lc $text;
}

# A schema as C: {name, types, any_of, items}; types is a hash, empty when any value will do. What
# a $ref names is written once under that name; equal ones that stand in place share one table.
sub schema ($node, $at, $name) {
    ref $node eq 'HASH' or refuse($at, 'is not a schema');
    return table($node, $at, $name) if !exists $node->{'$ref'};

    my @more = grep { $_ ne '$ref' && !is_note($_) } sort keys %$node;
    refuse(below($at, $more[0]), 'beside $ref only notes for readers are possible') if @more;

    my ($target, $place) = resolve($node, $at);
    refuse($at, "$place contains itself") if grep { $_ eq $place } @open_refs;

    my ($last) = $place =~ m{([^/]+)$};
    push @open_refs, $place;
    $schema_of_ref{$place} //= table($target, $place, snake($last), 1);
    pop @open_refs;
    return $schema_of_ref{$place};
}

sub table ($node, $at, $name, $named = 0) {
    my $made = exists $node->{anyOf} ? any_of($node, $at, $name) : plain($node, $at, $name);
    my $text = join '', map { "    .$_->[0] = $_->[1],\n" } @{$made->{lines}};
    return $schema_of_text{$text} if $schema_of_text{$text} && !$named;

    my $count = $name_taken{$name}++;
    $made->{name} = "schema_$name" . ($count ? "_$count" : '');
    push @schemas, {name => $made->{name}, at => $at, text => $text};
    $schema_of_text{$text} //= $made;
    return $made;
}

# Keywords that say something to readers only.
sub is_note ($keyword) {
    return $ANNOTATION{$keyword} || $keyword =~ /^x-/;
}

sub types_text ($types) {
    my @names = grep { $types->{$_} && !($_ eq 'integer' && $types->{number}) } @TYPES;
    return join(' | ', map { $TYPE{$_} } @names) || '0';
}

sub any_of ($node, $at, $name) {
    my @more = grep { $_ ne 'anyOf' && !is_note($_) } sort keys %$node;
    refuse(below($at, $more[0]), 'cannot be checked beside anyOf') if @more;
    ref $node->{anyOf} eq 'ARRAY' && @{$node->{anyOf}} or refuse($at, 'anyOf needs alternatives');

    my (@alternatives, %union);
    for my $i (0 .. $#{$node->{anyOf}}) {
        my $place = below($at, 'anyOf', $i);
        my $schema = schema($node->{anyOf}[$i], $place, "$name\_$i");
        my %types = %{$schema->{types}} or refuse($place, 'overlaps others: it accepts any type');
        my %covers = (%types, $types{number} ? (integer => 1) : ());
        my @twice = grep { $union{$_} } grep { $covers{$_} } @TYPES;
        refuse($place, "overlaps an alternative before it: both accept $twice[0]") if @twice;
        %union = (%union, %covers);
        push @alternatives, $schema->{any_of} ? @{$schema->{any_of}} : $schema->{name};
    }

    return {
        types  => \%union,
        any_of => \@alternatives,
        lines  => [
            [types  => types_text(\%union)],
            [any_of => c_list('const dash_schema_t *const', (map { "&$_" } @alternatives), 'NULL')],
        ],
    };
}

sub plain ($node, $at, $name) {
    my %types = types_of($node, $at);

    for my $keyword (sort keys %$node) {
        next if $keyword eq 'type' || is_note($keyword);
        my $place = below($at, $keyword);
        my $speaks_of = $KEYWORD{$keyword}
            or refuse($place, "keyword \"$keyword\" cannot be checked by src/core/schema.h");
        grep { $types{$_} } @$speaks_of
            or refuse($place, "keyword \"$keyword\" says nothing about this type");
    }

    my %made = (types => \%types, lines => [[types => types_text(\%types)]]);
    my $lines = $made{lines};

    if (defined(my $format = $node->{format})) {
        $FORMAT{$format} or refuse(below($at, 'format'), "format \"$format\" is not known");
        push @$lines, [format => $FORMAT{$format}];
    }

    for my $limit (qw(minimum maximum)) {
        next if !exists $node->{$limit};
        my $n = integer($node->{$limit}, below($at, $limit));
        push @$lines, ["has_$limit" => 1], [$limit => $n];
    }

    push @$lines, counts($node, $at, \%types);
    push @$lines, [values => values_of($node, $at, \%types)] if exists $node->{enum};

    if (exists $node->{items}) {
        $made{items} = schema($node->{items}, below($at, 'items'), "$name\_item");
        push @$lines, [items => "&$made{items}{name}"];
    }

    push @$lines, members($node, $at, $name) if $types{object};
    return \%made;
}

sub types_of ($node, $at) {
    return if !exists $node->{type};

    my @types = ref $node->{type} eq 'ARRAY' ? @{$node->{type}} : $node->{type};
    my %types;
    for my $type (@types) {
        $TYPE{$type // ''} or refuse(below($at, 'type'), 'is not a type of JSON Schema');
        refuse(below($at, 'type'), "names \"$type\" twice") if $types{$type}++;
    }
    refuse(below($at, 'type'), 'names no type') if !%types;
    return %types;
}

sub integer ($value, $at) {
    is_number($value) && $value =~ /^-?\d+$/ && abs $value < 2**53
        or refuse($at, 'must be an integer that every JSON parser holds exactly (below 2^53)');
    return $value;
}

# C has one pair of bounds for characters, items and members.
sub counts ($node, $at, $types) {
    my @lines;
    my %counted = (Length => 'string', Items => 'array', Properties => 'object');
    for my $what (sort keys %counted) {
        for my $side (qw(min max)) {
            my $keyword = $side . $what;
            next if !exists $node->{$keyword};
            my $place = below($at, $keyword);
            my @others = grep { $types->{$_} && $_ ne $counted{$what} } values %counted;
            refuse($place, "would bind $others[0] too: use anyOf") if @others;
            my $n = integer($node->{$keyword}, $place);
            refuse($place, 'must not be negative') if $n < 0;
            refuse($place, 'must be positive: 0 means no bound in C') if $side eq 'max' && $n == 0;
            push @lines, ["$side\_count" => $n];
        }
    }
    return @lines;
}

sub values_of ($node, $at, $types) {
    my $place = below($at, 'enum');
    my @others = grep { $types->{$_} && $_ ne 'string' && $_ ne 'null' } @TYPES;
    refuse($place, "is only possible for strings, not for $others[0]") if @others;

    my @values = @{$node->{enum}};
    my $nulls = grep { !defined } @values;
    refuse($place, 'must have null exactly when the type has') if !$nulls != !$types->{null};

    @values = grep { defined } @values;
    @values or refuse($place, 'has no strings');
    for my $value (@values) {
        refuse($place, 'must hold strings') if ref $value || is_number($value);
    }
    return c_list('const char *const', (map { c_string($_) } @values), 'NULL');
}

sub members ($node, $at, $name) {
    my $properties = $node->{properties} // {};
    my %required = map { $_ => 1 } @{$node->{required} // []};
    for my $member (sort keys %required) {
        exists $properties->{$member}
            or refuse(below($at, 'required'), "names \"$member\", which properties does not");
    }

    my (@rows, @lines);
    for my $member (sort keys %$properties) {
        my $schema = schema($properties->{$member}, below($at, 'properties', $member),
            "$name\_" . snake($member));
        push @rows, '{.name = ' . c_string($member) . ", .schema = &$schema->{name}"
            . ($required{$member} ? ', .required = 1' : '') . '}';
    }
    push @lines, [properties => c_list('const dash_property_t', @rows, '{.name = NULL}')] if @rows;

    my $others = $node->{additionalProperties};
    defined $others
        or refuse($at, 'an object must say additionalProperties: true, false or a schema');
    if (ref $others eq 'HASH') {
        my $schema = schema($others, below($at, 'additionalProperties'), "$name\_member");
        push @lines, [additional => "&$schema->{name}"];
    }
    elsif (!is_true($others)) {
        push @lines, [closed => 1];
    }
    return @lines;
}

# ---- operations ------------------------------------------------------------------------------

sub servers ($list, $at) {
    ref $list eq 'ARRAY' && @$list or refuse($at, 'must name a server');
    my @bases;
    for my $i (0 .. $#$list) {
        my $url = $list->[$i]{url} // '';
        $url =~ m{^/$|^(?:/[\w.~-]+)+$}
            or refuse(below($at, $i, 'url'), 'must be a path such as /api/v1');
        push @bases, $url eq '/' ? '' : $url;
    }
    return @bases;
}

# The names of a template's parameters, in order.
sub placeholders ($template, $at) {
    $template =~ m{^(?:/(?:[\w.~-]+|\{\w+\}))+$}
        or refuse($at, "\"$template\" is not a path template");
    my @names = $template =~ /\{(\w+)\}/g;
    refuse($at, "\"$template\" has more than $MAX_PATH_PARAMETERS parameters")
        if @names > $MAX_PATH_PARAMETERS;
    return @names;
}

sub operations () {
    my @bases = servers($doc->{servers}, '#/servers');
    my (@operations, %named, %claimed);

    for my $path (sort keys %{$doc->{paths}}) {
        my $at   = below('#/paths', $path);
        my $item = $doc->{paths}{$path};
        my @own  = $item->{servers} ? servers($item->{servers}, below($at, 'servers')) : @bases;

        for my $key (sort keys %$item) {
            next if $METHOD{$key} || $key =~ /^(?:parameters|servers|summary|description)$/;
            refuse(below($at, $key), 'is not known in a path; HEAD is answered by get');
        }

        for my $method (grep { exists $item->{$_} } @METHODS) {
            my $operation = operation($path, $method, $item, below($at, $method), @own);
            my $name = $operation->{name};
            refuse($operation->{at}, "operationId \"$name\" is taken by $named{$name}")
                if $named{$name};
            $named{$name} = $operation->{at};

            for my $full (@{$operation->{paths}}) {
                (my $shape = "$method $full") =~ s/\{\w+\}/{}/g;
                refuse($operation->{at}, "\"$method $full\" is claimed by $claimed{$shape}, too")
                    if $claimed{$shape};
                $claimed{$shape} = $operation->{at};
            }
            push @operations, $operation;
        }
    }

    refuse('#/paths', "has more than $MAX_OPERATIONS operations") if @operations > $MAX_OPERATIONS;
    return @operations;
}

sub operation ($path, $method, $item, $at, @bases) {
    my $node = $item->{$method};
    for my $key (sort keys %$node) {
        $OPERATION_KEY{$key} or refuse(below($at, $key), 'is not known in an operation');
    }

    my $name = $node->{operationId} // refuse($at, 'has no operationId');
    $name =~ /^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/ && length $name <= $MAX_NAME
        or refuse(below($at, 'operationId'), "must be snake_case of at most $MAX_NAME characters");

    my @placeholders = placeholders($path, $at);
    my @aliases = @{$node->{'x-aliases'} // []};
    for my $i (0 .. $#aliases) {
        my $place = below($at, 'x-aliases', $i);
        "@{[placeholders($aliases[$i], $place)]}" eq "@placeholders"
            or refuse($place, "must have the parameters of \"$path\" in the same order");
    }

    my $handler = $node->{'x-handler'} // 'sql';
    $HANDLER{$handler} or refuse(below($at, 'x-handler'), "handler \"$handler\" is not known");

    my $cache = $node->{'x-cache'};
    !defined $cache || $cache =~ /^[a-z]+(?:_[a-z]+)*$/
        or refuse(below($at, 'x-cache'), 'must be the name of a class');

    my $limit = $node->{'x-limit'} // ($method eq 'get' ? 'read' : 'write');
    $limit =~ /^[a-z]+(?:_[a-z]+)*$/
        or refuse(below($at, 'x-limit'), 'must be the name of a class');

    return {
        at         => $at,
        title      => uc($method) . " $path",
        name       => $name,
        method     => $METHOD{$method},
        paths      => [(map { $_ . $path } @bases), @aliases],
        parameters => parameters($item, $node, $at, $name, @placeholders),
        body       => body($method, $node, $at, $name),
        permission => permission($node, $at),
        cache      => $cache,
        limit      => $limit,
        handler    => $handler,
        ndjson     => ndjson($node, $at),
    };
}

sub permission ($node, $at) {
    my $permission = $node->{'x-permission'};
    if (exists $node->{security}) {
        ref $node->{security} eq 'ARRAY' && !@{$node->{security}}
            or refuse(below($at, 'security'), 'must be [] (everybody) or left out');
        refuse(below($at, 'x-permission'), 'is not asked where security is []')
            if defined $permission;
        return undef;
    }

    $permission // refuse($at, 'needs an identity, but has no x-permission');
    $permission =~ /^[a-z_]+:[a-z_]+$/
        or refuse(below($at, 'x-permission'), 'must be resource:action');
    return $permission;
}

# All parameters of an operation that C reads: those of the path first, in the template's order.
sub parameters ($item, $node, $at, $operation, @placeholders) {
    my (%path, @query, %seen);
    for my $owner ([$node, $at], [$item, $at =~ s{/[^/]+$}{}r]) {
        my $list = $owner->[0]{parameters} // [];
        for my $i (0 .. $#$list) {
            my ($parameter, $place) = resolve($list->[$i], below($owner->[1], 'parameters', $i));
            my ($name, $in) = @$parameter{qw(name in)};
            defined $name && defined $in or refuse($place, 'needs name and in');
            next if $seen{"$in $name"}++;  # an operation's own stands before its path's
            next if $in eq 'header';       # those C reads, it reads the same way everywhere

            my $row = parameter($parameter, $place, "$operation\_" . snake($name));
            if ($in eq 'path') {
                $path{$name} = $row;
            }
            elsif ($in eq 'query') {
                push @query, $row;
            }
            else {
                refuse(below($place, 'in'), "parameters in \"$in\" are not read");
            }
        }
    }

    my @rows;
    for my $name (@placeholders) {
        push @rows, delete $path{$name} // refuse($at, "path parameter \"$name\" is not declared");
    }
    my ($stray) = sort keys %path;
    refuse($at, "path parameter \"$stray\" is not in the template") if defined $stray;
    refuse($at, "has more than $MAX_QUERY_PARAMETERS query parameters")
        if @query > $MAX_QUERY_PARAMETERS;
    return [@rows, @query];
}

sub parameter ($node, $at, $hint) {
    for my $key (sort keys %$node) {
        $PARAMETER_KEY{$key} or refuse(below($at, $key), 'is not known in a parameter');
    }
    exists $node->{schema} or refuse($at, 'needs a schema');
    refuse($at, 'a path parameter must say required: true')
        if $node->{in} eq 'path' && !is_true($node->{required});

    $hint = snake($1) if $at =~ m{^#/components/parameters/([^/]+)$};
    my $place  = below($at, 'schema');
    my $schema = schema($node->{schema}, $place, $hint);
    my $single = $schema;

    if ($schema->{types}{array}) {
        $single = $schema->{items} // refuse($place, 'a list needs items');
        refuse($at, 'a list must say style: form, explode: false: it is split at commas')
            if ($node->{style} // '') ne 'form' || is_true($node->{explode} // JSON::PP::true);
    }
    elsif (defined $node->{style} || defined $node->{explode}) {
        refuse($at, 'style and explode are only for lists');
    }

    refuse($place, 'a parameter arrives as text, so it can be of one simple type only')
        if keys %{$schema->{types}} != 1 || "@{[keys %{$single->{types}}]}" !~ $SIMPLE;

    return '{.name = ' . c_string($node->{name}) . ', .in = DASH_IN_' . uc($node->{in})
        . (is_true($node->{required}) ? ', .required = 1' : '') . ", .schema = &$schema->{name}}";
}

sub body ($method, $node, $at, $operation) {
    return {kind => 'DASH_BODY_NONE'} if !exists $node->{requestBody};
    refuse(below($at, 'requestBody'), "has no meaning for $method (RFC 9110, 9.3)")
        if $method eq 'get' || $method eq 'delete';

    my ($body, $place) = resolve($node->{requestBody}, below($at, 'requestBody'));
    my (@types, $schema);
    for my $type (sort keys %{$body->{content}}) {
        my $inside = below($place, 'content', $type);
        push @types, $BODY_TYPE{$type} // refuse($inside, 'is no content type that C parses');
        my $found = schema($body->{content}{$type}{schema} // refuse($inside, 'has no schema'),
            below($inside, 'schema'), "$operation\_body");
        $schema //= $found;
        refuse($inside, 'must have the schema of the other content types') if $schema != $found;
    }
    @types or refuse($place, 'has no content');

    return {
        kind   => is_true($body->{required}) ? 'DASH_BODY_REQUIRED' : 'DASH_BODY_OPTIONAL',
        types  => join(' | ', @types),
        schema => $schema->{name},
    };
}

sub ndjson ($node, $at) {
    my $responses = $node->{responses} // refuse($at, 'has no responses');
    for my $status (sort keys %$responses) {
        my ($response) = resolve($responses->{$status}, below($at, 'responses', $status));
        return 1 if exists(($response->{content} // {})->{'application/x-ndjson'});
    }
    return 0;
}

# ---- C ---------------------------------------------------------------------------------------

# The inside of a C string. A question mark is escaped because two of them could begin a trigraph.
sub c_escaped ($text) {
    utf8::encode($text);
    return $text =~ s/(["\\?])/\\$1/gr =~ s/([^ -~])/sprintf '\\%03o', ord $1/ger;
}

sub c_string ($text) {
    return '"' . c_escaped($text) . '"';
}

# An array as the value of a member: on the member's line when it is short.
sub c_list ($type, @items) {
    my $short = "($type\[]) {" . join(', ', @items) . '}';
    return length $short <= 70 ? $short
        : "($type\[]) {\n" . join(",\n", map { "        $_" } @items) . '}';
}

sub routes_def () {
    resolve_all($doc, '#');

    my @operations = operations();
    my $rows  = join '', map { row($operations[$_], $_) } 0 .. $#operations;
    my @bases = sort { length $b <=> length $a || $a cmp $b } servers($doc->{servers}, '#/servers');

    return "/* Written by api/generate.pl from api/openapi.yaml. To change it: make routes. */\n\n"
        . schemas($rows)
        . "const ngx_str_t dash_bases[] = {\n"
        . join('', map { "    ngx_string(\"$_\"),\n" } @bases)
        . "    ngx_null_string,\n};\n"
        . "\nconst dash_route_t dash_routes[] = {\n$rows};\n";
}

# The tables that the rows need, directly or through one another: an anyOf within an anyOf leaves one
# that nobody does. A table stands behind those it needs.
sub schemas ($rows) {
    my $texts = '';
    for my $schema (reverse @schemas) {
        my ($name, $text) = @$schema{qw(name text)};
        next if "$texts$rows" !~ /&$name\b/;
        $texts = "/* $schema->{at} */\nstatic const dash_schema_t $name = {\n$text};\n\n$texts";
    }
    return $texts;
}

sub row ($operation, $index) {
    my ($name, $body) = (c_string($operation->{name}), $operation->{body});
    my @paths      = map { c_string($_) } @{$operation->{paths}};
    my @parameters = @{$operation->{parameters}};
    my @lines = (
        [name       => $name],
        [method     => $operation->{method}],
        [paths      => c_list('const char *const', @paths, 'NULL')],
        [parameters => c_list('const dash_parameter_t', @parameters, '{.name = NULL}')],
        [body       => $body->{kind}],
    );
    push @lines, [types => $body->{types}], [schema => "&$body->{schema}"] if $body->{schema};
    for my $optional (qw(permission cache limit)) {
        my $value = $operation->{$optional} // next;
        push @lines, [$optional => c_string($value)];
    }
    push @lines, [handler => $HANDLER{$operation->{handler}}];
    push @lines, [ndjson => 1] if $operation->{ndjson};
    push @lines, [statement => "STATEMENT($name, $index)"] if $ASKS_SQL{$operation->{handler}};

    my $text = join '', map { "    .$_->[0] = $_->[1],\n" } @lines;
    $text =~ s/^/    /mg;
    return "    /* $operation->{title} */\n    {\n$text    },\n";
}

# The document for JSON::PP, which would take YAML's numbers for strings.
sub plain_data ($node) {
    return {map { $_ => plain_data($node->{$_}) } keys %$node} if ref $node eq 'HASH';
    return [map { plain_data($_) } @$node] if ref $node eq 'ARRAY';
    return is_number($node) ? 0 + $node : $node;
}

sub openapi_inc () {
    my $json = JSON::PP->new->ascii->canonical->encode(plain_data($doc));

    # Cut where no escape is torn; JSON in ASCII needs none longer than two characters.
    my @lines = c_escaped($json) =~ /\G((?:\\.|[^\\]){1,80})/g;
    return join '', map { "    \"$_\"\n" } @lines;
}
