package Http::Fixture;

# What the tests of the HTTP interface share: the fixture's ids (t/sql/fixture.sql), how a refusal
# looks, and what reached the database.

use v5.36;
use Exporter qw(import);
use Test::More ();
use Dashboard::Util qw(lines_of);

our @EXPORT_OK = qw(add_gate add_query add_widget at_gate audit close_gate dashboard_now id open_gate
    public_token refused same_answer statements watch_statements words);

my %id = (
    demo => '001', elsewhere_organisation => '002',
    flights => '011', other => '012', abroad => '021',
    sea => '301', jfk => '302', lhr => '303',
    operations => '401', private => '402', elsewhere => '403',
    kpi => '501', table => '502', note => '503', slow => '504', failing => '505', many => '506',
    private_widget => '507', elsewhere_widget => '508',
    by_carrier => '601', in_range => '602', sleep => '603', division => '604', rows => '605',
    every_type => '606', required => '607', elsewhere_query => '608', column_types => '609', shipments => '60a', people => '60b',
    unknown => '999',
);

# The id of a thing of the fixture, or of one that there is not ('unknown').
sub id ($name) {
    return '00000000-0000-4000-8000-000000000' . ($id{$name} // die "the fixture has no $name\n");
}

# A test that an answer is an error: status, code and, when given, the field it names first.
sub refused ($answer, $status, $code, $name, $field = undef) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $error = eval { $answer->error } // {};
    my $seen  = join ' ', $answer->status, $error->{code} // 'no code', defined $field ? $error->{details}{field} // 'no field' : ();
    my $good  = Test::More::is($seen, join(' ', $status, $code, $field // ()), $name);
    Test::More::diag(substr $answer->body, 0, 500) if !$good;
    return $good;
}

# An answer's body without what differs between any two.
sub words ($answer) {
    return $answer->body =~ s/"(?:correlation_id|timestamp)":\s*"[^"]*"//gr;
}

# A test that two answers do not tell which is which: status, names of headers, body.
sub same_answer ($one, $other, $name) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my @seen = map {
        my $answer = $_;
        join "\n", $answer->status, words($answer), map { lc $_->[0] } @{ $answer->headers };
    } $one, $other;
    return Test::More::is($seen[0], $seen[1], $name);
}

# ---- the database ---------------------------------------------------------------------------------

# From now on PostgreSQL writes every statement of nginx's new connections to its log, before it runs
# it: what is not there has not reached the database. Call it before start().
sub watch_statements ($t) {
    $t->sql(q{alter database } . $t->database . q{ set log_statement = 'all'});
    $t->sql(q{alter role dashboard_app in database } . $t->database . q{ set log_parameter_max_length = -1});
    return;
}

# The statements that nginx sent so far, each with its parameters, as one text; only those that match.
sub statements ($t, $pattern = qr/\bapi\./) {
    my $database = $t->database;
    my (@found, $open);
    for my $line (lines_of($t->postgres->{dir} . '/postgres.log')) {
        if ($line =~ /^\d{4}-\d\d-\d\d .*?\] (\S*) (\w+): +(.*)/) {
            my ($who, $level, $text) = ($1, $2, $3);
            $open = $who eq "dashboard_app\@$database";
            next if !$open;
            push @found, $text =~ s/^(?:execute [^:]*|statement): //r if $level eq 'LOG' && $text =~ /^(?:execute|statement)/;
            $found[-1] .= "\n$text" if @found && $level eq 'DETAIL';
        }
        elsif ($open && @found) {
            $found[-1] .= "\n$line";
        }
    }
    return grep { $_ =~ $pattern } @found;
}

# The audit rows that meet a condition, oldest first.
sub audit ($t, $condition = 'true', @values) {
    return $t->rows("select * from dashboard.audit where $condition order by id", @values);
}

# What GET shows of a dashboard now.
sub dashboard_now ($t, $id, %option) {
    return $t->get("/api/v1/dashboards/$id", %option)->data;
}

# The token of a new public link to a dashboard.
sub public_token ($t, $id, %member) {
    return $t->post("/api/v1/dashboards/$id/public-link", \%member)->data->{token};
}

# Stores a query in organisation Demo and returns its id. params as in dashboard.query: JSON text.
sub add_query ($t, $name, $sql, $params = '[]', %column) {
    return $t->sql(
        q{insert into dashboard.query (organisation_id, name, sql, params, timeout_ms, cache_ttl)
          values (?, ?, ?, ?, ?, ?) returning id},
        id('demo'), $name, $sql, $params, @column{qw(timeout_ms cache_ttl)}
    );
}

# Puts a widget with a query on a dashboard (Operations) through the API and returns its id.
sub add_widget ($t, $query_id, %member) {
    my @as   = exists $member{as} ? (as => delete $member{as}) : ();
    my %body = (
        dashboard_id => id('operations'), type => 'table',
        query => {query_id => $query_id, params => delete $member{params} // {}}, %member
    );
    my $answer = $t->post('/api/v1/widgets', \%body, @as);
    die 'no widget: ' . $answer->body . "\n" if $answer->status != 201;
    return $answer->data->{id};
}

# ---- a gate that queries wait at ------------------------------------------------------------------

my $gate = 4711;

# A function data.gate() for stored queries, which returns when the gate is open. With it closed a test
# knows which queries run at the same time, and nothing depends on how long anything takes.
sub add_gate ($t) {
    $t->sql(qq{
        create function data.gate() returns text language sql security definer as 'select
            pg_catalog.pg_advisory_xact_lock_shared($gate); select ''passed''';
        grant execute on function data.gate() to dashboard_query});
    return;
}

sub close_gate ($t) {
    $t->sql("select pg_advisory_lock($gate)");
    return;
}

sub open_gate ($t) {
    $t->sql("select pg_advisory_unlock($gate)");
    return;
}

# nginx's connections that wait at the gate.
sub at_gate ($t) {
    return $t->backends(q{wait_event_type = 'Lock' and wait_event = 'advisory'});
}

1;
