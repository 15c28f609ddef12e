package Http::Wrong;

# From a schema of api/openapi.yaml to values it refuses, each wrong in one place only.

use v5.36;
use Cpanel::JSON::XS ();
use Http::Operation;

my %of_type = (
    null    => undef,
    boolean => Cpanel::JSON::XS::true(),
    number  => 1.5,
    string  => 'x',
    array   => [],
    object  => {},
);

# values($schema): ([value, JSON pointer to what is wrong, why], ...). $good is a value that is right,
# which the wrong ones are made from.
sub values ($class, $node, $good = Http::Operation->sample($node)) {
    my $schema = Http::Operation->resolve($node);
    if (my $any = $schema->{anyOf}) {
        my %accepted = map { $_ => 1 } Http::Operation->types($schema);
        return $class->_of_wrong_type(%accepted),
            map { $class->_inside($_, Http::Operation->sample($_)) } @$any;
    }
    return $class->_of_wrong_type(map { $_ => 1 } Http::Operation->types($schema)),
        $class->_inside($schema, $good);
}

sub _of_wrong_type ($class, %accepted) {
    return map { [$of_type{$_}, '', "of type $_"] }
        grep { !$accepted{$_} } sort keys %of_type;
}

# Values of the right type that break a limit, and what is wrong further inside.
sub _inside ($class, $node, $good) {
    my $schema = Http::Operation->resolve($node);
    if ($schema->{anyOf}) {
        return map { $class->_inside($_, Http::Operation->sample($_)) } @{ $schema->{anyOf} };
    }
    my %type = map { $_ => 1 } Http::Operation->types($schema);
    return (
        $type{integer} || $type{number} ? $class->_numbers($schema)        : (),
        $type{string}                   ? $class->_strings($schema)        : (),
        $type{array}                    ? $class->_arrays($schema)         : (),
        $type{object}                   ? $class->_objects($schema, $good) : (),
    );
}

sub _numbers ($class, $schema) {
    return (
        defined $schema->{minimum} ? [$schema->{minimum} - 1, '', 'below the minimum'] : (),
        defined $schema->{maximum} && $schema->{maximum} < 1e15 ? [$schema->{maximum} + 1, '', 'above the maximum'] : (),
    );
}

sub _strings ($class, $schema) {
    return ['nonsense', '', 'not one of the list'] if $schema->{enum};
    my %bad = (uuid => 'not-a-uuid', 'date-time' => '2026-02-30T00:00:00Z', timezone => 'Europe/', date => '2026-13-01');
    return ($bad{ $schema->{format} // '' } ? [$bad{ $schema->{format} }, '', "no $schema->{format}"] : ()),
        ($schema->{maxLength} && !$schema->{format} ? ["\x{e9}" x ($schema->{maxLength} + 1), '', 'too long'] : ()),
        ($schema->{minLength} ? ['x' x ($schema->{minLength} - 1), '', 'too short'] : ());
}

sub _arrays ($class, $schema) {
    my $item = $schema->{items} ? Http::Operation->sample($schema->{items}) : 1;
    my $least = $schema->{minItems} // 0;
    return (
        $schema->{maxItems} ? [[($item) x ($schema->{maxItems} + 1)], '', 'too many items'] : (),
        $least ? [[($item) x ($least - 1)], '', 'too few items'] : (),
        $schema->{items}
        ? map { [[($item) x ($least || 1), $_->[0]], '/' . ($least || 1) . $_->[1], "item $_->[2]"] }
            $class->values($schema->{items})
        : (),
    );
}

sub _objects ($class, $schema, $good) {
    my @found;
    my %property = %{ $schema->{properties} // {} };
    for my $name (sort keys %property) {
        push @found, map { [{%$good, $name => $_->[0]}, "/$name$_->[1]", "$name $_->[2]"] }
            $class->values($property{$name});
    }
    for my $name (@{ $schema->{required} // [] }) {
        my %less = %$good;
        delete $less{$name};
        push @found, [\%less, "/$name", "without $name"];
    }
    my $more = $schema->{additionalProperties} // 1;
    if (ref $more eq 'HASH') {
        push @found, map { [{%$good, 'a/b~c' => $_->[0]}, "/a~1b~0c$_->[1]", "member $_->[2]"] }
            $class->values($more);
    }
    elsif (!$more) {
        push @found, [{%$good, nonsense => 1}, '/nonsense', 'with an unknown member'];
    }
    push @found, [{}, '', 'without members'] if $schema->{minProperties};
    push @found, [{map { ("n$_" => 1) } 0 .. $schema->{maxProperties}}, '', 'with too many members']
        if $schema->{maxProperties} && $more;
    return @found;
}

# parameters($schema): ([text, where in it, why], ...) for a path or query parameter, which is text.
sub texts ($class, $node) {
    my $schema = Http::Operation->resolve($node);
    my ($type) = Http::Operation->types($schema);
    return (['x', '', 'no number'], ['', '', 'empty'], ['1.5', '', 'no integer'], ['99999999999999999999', '', 'too big'],
        map { [$_->[0], '', $_->[2]] } $class->_numbers($schema)) if $type eq 'integer';
    return ['maybe', '', 'no boolean'], ['', '', 'empty'], ['TRUE', '', 'upper case'] if $type eq 'boolean';
    return $class->_strings($schema) if $type eq 'string';

    my $item = Http::Operation->sample($schema->{items});
    return (
        $schema->{maxItems} ? [join(',', ($item) x ($schema->{maxItems} + 1)), '', 'too many items'] : (),
        $schema->{minItems} ? ['', '', 'too few items'] : (),
        map { ["$item,$_->[0]", '/1', "second item $_->[2]"] } grep { $_->[0] ne '' } $class->texts($schema->{items})
    );
}

1;
