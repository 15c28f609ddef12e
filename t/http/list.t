# GET /dashboards: what one can see, searched, filtered, in every order, page by page, without a gap
# whatever others do meanwhile.

use lib 't/lib', 't/http/lib';
use utf8;
use Dashboard::Test;
use Http::Fixture qw(id refused);

my $t    = Dashboard::Test->new(as => 'analyst')->start;
my $base = '/api/v1/dashboards';

sub names ($query = {}, %option) {
    my $answer = $t->get($base, query => $query, %option);
    is $answer->status, 200, 'listed' or diag $answer->body;
    return map { $_->{name} } @{ $answer->data };
}

# All pages, followed by their cursors. between is called before each.
sub walk ($query, $between = sub { }) {
    my (@seen, $cursor);
    for (1 .. 100) {
        my $answer = $t->get($base, query => {%$query, $cursor ? (cursor => $cursor) : ()});
        return fail 'page' if $answer->status != 200;
        push @seen, @{ $answer->data };
        $cursor = $answer->json->{page}{next} // return @seen;
        $between->();
    }
    return fail 'the list does not end';
}

my %made;
my @tags = (['red'], ['blue', 'red'], [], ['green']);
for my $n (1 .. 11) {
    my $name = sprintf 'Item %02d', $n % 7;    # names repeat, so that ties are broken
    my $answer = $t->post($base, {name => $name, description => "number $n of them", tags => $tags[$n % 4],
        visibility => (qw(private workspace org))[$n % 3], widgets => [map { {type => 'note'} } 1 .. $n % 3]});
    $made{ $answer->data->{id} } = $answer->data;
}
my @ids = keys %made;
$t->post("$base/$ids[$_]/publish") for 0 .. 2;
%made = map { $_->{id} => $_ } walk({search => 'number'});

subtest 'an item is the dashboard without its widgets' => sub {
    my ($item) = values %made;
    my $whole = $t->get("$base/$item->{id}")->data;
    my $widgets = delete $whole->{widgets};
    is delete $item->{widget_count}, scalar @$widgets, 'but with their number';
    is_deeply $item, $whole, 'everything else';
    ok !exists $item->{widgets}, 'no widgets';
    is $t->get($base)->etag, undef, 'a list has no ETag';
};

subtest 'every order is total, and pages follow it' => sub {
    for my $sort (qw(name -name created_at -created_at updated_at -updated_at)) {
        my ($minus, $key) = $sort =~ /^(-?)(.*)/;
        my @expected = sort { $made{$a}{$key} cmp $made{$b}{$key} || $a cmp $b } @ids;
        @expected = reverse @expected if $minus;
        for my $limit (1, 3, 11, 200) {
            my @seen = walk({sort => $sort, limit => $limit, search => 'number'});
            is_deeply [map { $_->{id} } @seen], \@expected, "sort=$sort in pages of $limit";
        }
    }
    is_deeply [map { $_->{id} } walk({search => 'number'})], [map { $_->{id} } walk({search => 'number', sort => '-updated_at'})],
        'the newest change first when none is given';
};

subtest 'page says what it is' => sub {
    my $answer = $t->get("$base?limit=2");
    is scalar @{ $answer->data }, 2, 'two';
    is $answer->json->{page}{limit}, 2, 'limit';
    like $answer->json->{page}{next}, qr/^[A-Za-z0-9_-]+$/, 'next can stand in a URL as it is';
    is $t->get($base)->json->{page}{limit}, 50, 'fifty unless said';
    is_deeply $t->get("$base?search=nothing+like+it")->json, {data => [], page => {limit => 50, next => undef}}, 'nothing is an empty page';
};

subtest 'whatever is created meanwhile, nothing is skipped or shown twice' => sub {
    for my $sort (qw(name -updated_at)) {
        my @seen = walk({sort => $sort, limit => 2, search => 'number'},
            sub { $t->post($base, {name => $_, description => 'number, meanwhile'}) for 'AAA', 'ZZZ' });
        my @known = grep { $made{ $_->{id} } } @seen;
        my %once = map { $_->{id} => 1 } @known;
        is_deeply [scalar @known, scalar keys %once], [11, 11], "sort=$sort";
    }
};

subtest 'a cursor belongs to the list it came from' => sub {
    my $next = $t->get("$base?limit=1&sort=name")->json->{page}{next};
    is $t->get("$base?limit=1&sort=name&cursor=$next")->status, 200, 'there it is good';
    refused($t->get("$base?sort=$_&cursor=$next"), 400, 'VALIDATION_ERROR', "sort=$_", 'cursor') for qw(-name created_at -updated_at);
    refused($t->get("$base?sort=name&deleted=true&cursor=$next"), 400, 'VALIDATION_ERROR', 'the trash', 'cursor');
    my ($forged) = map { MIME::Base64::encode_base64url($_) } qq(["dashboards:name:asc:false",["x'; drop table dashboard.dashboard; --","y"]]);
    refused($t->get("$base?sort=name&cursor=$_"), 400, 'VALIDATION_ERROR', "cursor=$_", 'cursor')
        for 'x', "${next}x", substr($next, 0, -4), 'AAAA', $forged, '%00', '%27', '-', '____';
};

subtest 'search finds a text in name or description, whatever its case' => sub {
    my @odd = ('100% of it', 'under_score', 'back\\slash', "quote's", 'Ünïcödé', 'a"b', '日本の便', 'semi;colon--');
    $t->post($base, {name => $_, description => 'odd'}) for @odd;
    for my $n (0 .. $#odd) {
        is_deeply [names({search => $odd[$n]})], [$odd[$n]], "the text number $n, and only that";
    }
    is_deeply [names({search => 'ÜNÏ'})], ['Ünïcödé'], 'upper case finds lower case';
    is_deeply [names({search => $_})], [], "$_ is no pattern" for '100%of', 'under?score', '.*', '%score', 'u_der';
    is_deeply [names({search => '%'})], ['100% of it'], '% is a text';
    is_deeply [names({search => '_'})], ['under_score'], '_ is a text';
    is scalar(names({search => 'odd', limit => 200})), scalar @odd, 'in the description';
};

subtest 'SQL in a parameter is a text, or refused' => sub {
    for my $text (q{'; drop table dashboard.dashboard; --}, q{' or '1'='1}, q{$$}, q{\'},
        q{") union select}, q{:from}, q{$1}, q{%s}) {
        is_deeply [names({search => $text})], [], "search=$text";
        is_deeply [names({tag => $text})], [], "tag=$text";
        for my $name (qw(sort status visibility deleted workspace_id limit cursor)) {
            refused($t->get($base, query => {$name => $text}), 400, 'VALIDATION_ERROR', "$name=$text", $name);
        }
    }
    is $t->sql('select count(*) > 0 from dashboard.dashboard'), 1, 'the table is there';
};

subtest 'conditions add up' => sub {
    my $expect = sub ($query, $keep) {
        my @found = sort map { $_->{id} } walk({%$query, search => 'number', limit => 200});
        @found = grep { $made{$_} } @found;
        is_deeply \@found, [sort grep { $keep->($made{$_}) } @ids], join ' ', map {"$_=$query->{$_}"} sort keys %$query;
    };
    my $tagged = sub ($item, $tag) { grep { $_ eq $tag } @{ $item->{tags} } };
    $expect->({tag => 'red'}, sub ($item) { $tagged->($item, 'red') });
    $expect->({tag => 'nobody'}, sub ($item) { 0 });
    for my $status (qw(draft published)) {
        $expect->({status => $status}, sub ($item) { $item->{status} eq $status });
    }
    for my $visibility (qw(private workspace org)) {
        $expect->({visibility => $visibility}, sub ($item) { $item->{visibility} eq $visibility });
    }
    $expect->({visibility => 'org', tag => 'red', status => 'draft'},
        sub ($item) { $item->{visibility} eq 'org' && $tagged->($item, 'red') && $item->{status} eq 'draft' });
    $expect->({workspace_id => id('flights')}, sub ($item) { 1 });
};

subtest 'only what one can see is listed' => sub {
    my $seen = sub ($who, %query) { my %names = map { $_ => 1 } names({limit => 200, %query}, as => $who); \%names };
    is_deeply [map { $seen->($_)->{'Operations'} // 0 } qw(analyst viewer colleague admin super neighbour outsider)],
        [1, 1, 1, 1, 1, 0, 0], 'a dashboard of the workspace';
    is_deeply [map { $seen->($_)->{'Private notes'} // 0 } qw(analyst viewer colleague admin super neighbour outsider)],
        [1, 0, 0, 1, 1, 0, 0], 'a private one';
    is_deeply [map { $seen->($_)->{'Elsewhere'} // 0 } qw(analyst viewer colleague admin super neighbour outsider)],
        [0, 0, 0, 0, 0, 0, 1], 'one of another organisation';
    is_deeply [sort { $a cmp $b } grep { $made{$_}{visibility} eq 'org' } @ids],
        [sort { $a cmp $b } map { $_->{id} } grep { $made{ $_->{id} } } @{ $t->get("$base?limit=200&search=number", as => 'neighbour')->data }],
        'what the organisation may see, from another workspace of it';
};

subtest 'a workspace that one cannot know of is 404' => sub {
    refused($t->get("$base?workspace_id=$_"), 404, 'NOT_FOUND', $_) for id('unknown'), id('abroad');
    is_deeply [names({workspace_id => id('other')})], [], 'one of the own organisation is only empty';
};

done_testing;
