package Dashboard::Test;

use v5.36;
use Cpanel::JSON::XS qw(decode_json encode_json);
use Digest::SHA ();
use POSIX ();
use Scalar::Util qw(weaken);
use Test::More ();
use Dashboard::Client;
use Dashboard::Nginx;
use Dashboard::OpenAPI;
use Dashboard::Raw;
use Dashboard::Run;
use Dashboard::Token ();
use Dashboard::Util qw(wait_for write_file);

my @exported = qw(ok is isnt like unlike is_deeply cmp_ok subtest note diag pass fail plan explain can_ok
    isa_ok BAIL_OUT);

my @instances;

# A test that hangs is killed, servers and all (Dashboard::Util::spawn), and fails the run: nobody waits
# for it. The signal is left to the system, because Perl would not notice it inside a library's call.
alarm($ENV{DASHBOARD_TEST_TIMEOUT} // 300);

# What `use Dashboard::Test` gives a test file: strict, warnings, signatures, Test::More, wait_for, and a
# done_testing that first looks how everything ended.
sub import ($class) {
    strict->import;
    warnings->import;
    feature->import(':5.36');
    warnings->unimport('experimental::for_list');
    my $caller = caller;
    Test::More->export_to_level(1, $class, @exported);
    no strict 'refs';
    *{"${caller}::wait_for"}     = \&wait_for;
    *{"${caller}::done_testing"} = \&done_testing;
    return;
}

sub new ($class, %option) {
    my $self = bless {option => \%option, problems => [], owner => $$}, $class;
    my $run  = Dashboard::Run->current;
    $self->{postgres}
        = ($option{postgres} // '') eq 'own' ? Dashboard::Run->own_postgres : $run->{postgres};
    my ($name) = $0 =~ m{([\w-]+)\.\w+$};
    $self->{database} = $self->{postgres}->create_database(substr(lc($name // 'test'), 0, 40) . "_${$}_" . @instances);

    my %nginx = map { $_ => $option{$_} } grep { exists $option{$_} }
        qw(workers http server servers api locations globals events conf module log_level allow env values daemon);
    $self->{nginx} = Dashboard::Nginx->new(%nginx);
    $self->{key}   = unpack 'H*', Digest::SHA::sha256(join ' ', $$, rand, time, $self->{database});
    if ($option{module} // 1) {
        $self->{key_file} = write_file($self->{nginx}->prefix . '/jwt.key', $self->{key});
        chmod 0600, $self->{key_file};
        $self->{nginx}->set(database => $self->database_directive, key => $self->key_directive);
    }

    weaken(my $weak = $self);
    $self->{client} = Dashboard::Client->new(
        port  => sub { $weak->port },
        token => sub ($who) { $weak->token($who // $weak->{option}{as} // return) },
        check => sub ($method, $path, $response) { $weak->_check($method, $path, $response) },
    );
    push @instances, $self;

    # Now: later the test may have stopped its database.
    $self->user_id($option{as}) if defined $option{as};
    return $self;
}

# dashboard_database as new() was told, or with other parameters.
sub database_directive ($self, %changed) {
    my $conninfo  = $self->{option}{conninfo} // $self->conninfo;
    my %option    = (pool => 4, query_pool => 4, %{ $self->{option} }, %changed);
    my %parameter = map { $_ => $option{$_} } qw(pool query_pool queue timeout connect_timeout);
    return join ' ', qq(dashboard_database "$conninfo"),
        (map {"$_=$parameter{$_}"} grep { defined $parameter{$_} } sort keys %parameter), ';';
}

sub key_directive ($self) {
    return "dashboard_jwt_key HS256 $self->{key_file};";
}

# ---- what a test has ------------------------------------------------------------------------------

sub nginx ($self)    { return $self->{nginx} }
sub postgres ($self) { return $self->{postgres} }
sub database ($self) { return $self->{database} }
sub port ($self)     { return $self->{nginx}->port }
sub prefix ($self)   { return $self->{nginx}->prefix }
sub redis_port ($self) { return Dashboard::Run->current->{redis_port} }

sub conninfo ($self, $user = 'dashboard_app') {
    return $self->{postgres}->conninfo($self->{database}, $user);
}

sub start ($self) {
    $self->{nginx}->start;
    return $self;
}

# ---- requests -------------------------------------------------------------------------------------

sub request ($self, $method, $path, %option) {
    return $self->{client}->request($method, $path, %option);
}

sub get ($self, $path, %option)    { return $self->request('GET',    $path, %option) }
sub head ($self, $path, %option)   { return $self->request('HEAD',   $path, %option) }
sub delete ($self, $path, %option) { return $self->request('DELETE', $path, %option) }

sub post ($self, $path, $json = undef, %option) {
    return $self->request('POST', $path, defined $json ? (json => $json) : (), %option);
}

sub put ($self, $path, $json, %option) {
    return $self->request('PUT', $path, json => $json, %option);
}

sub patch ($self, $path, $json, %option) {
    return $self->request('PATCH', $path, json => $json, %option);
}

sub parallel ($self, @requests) {
    return $self->{client}->parallel(@requests);
}

sub raw ($self) {
    return Dashboard::Raw->new($self->port);
}

# An answer read from raw() is checked when it is handed to this.
sub check ($self, $method, $path, $response) {
    $self->_check($method, $path, $response);
    return $response;
}

sub _check ($self, $method, $path, $response) {
    my @problems = Dashboard::OpenAPI->instance->problems($method, $path, $response);
    return if !@problems;
    if ($self->{owner} != $$) {
        push @{ $self->{problems} }, @problems;
        return;
    }
    # Reported at the line of the test that asked; the same breach again only fails, in one line.
    my $level = 0;
    $level++ while (caller $level)[0] =~ /^(?:Dashboard|Mojo)::/;
    local $Test::Builder::Level = $level + 2;
    Test::More::fail("the answer to $method $path is as api/openapi.yaml says");
    my @new = grep { !$self->{told}{ s/^\S+ \S+ //r }++ } @problems;
    Test::More::diag(join "\n", @new, 'the answer: ' . substr $response->body, 0, 1000) if @new;
    return;
}

# ---- identity -------------------------------------------------------------------------------------

sub token ($self, $who, %option) {
    my $claims = ref $who ? $who : {sub => $self->user_id($who)};
    return Dashboard::Token::token($claims, $option{key} // $self->{key}, %option);
}

sub user_id ($self, $who) {
    return $who if $who =~ /^[0-9a-f]{8}-/;
    return $self->{user_id}{$who} //= $self->sql(
        q{select id from dashboard.user_account where ? in (email, split_part(email, '@', 1))}, $who)
        // die "the fixture has no user $who\n";
}

# ---- the database, as superuser -------------------------------------------------------------------

sub dbh ($self) {
    if (!$self->{dbh} || ($self->{dbh_process} // 0) != $$ || !$self->{dbh}->ping) {
        $self->{dbh}         = $self->{postgres}->dbh($self->{database});
        $self->{dbh_process} = $$;
    }
    return $self->{dbh};
}

sub sql ($self, $statement, @values) {
    my $handle = $self->dbh->prepare($statement);
    $handle->execute(@values);
    return if !$handle->{NUM_OF_FIELDS};
    my $row = $handle->fetchrow_arrayref;
    my $value = $row ? $row->[0] : undef;
    $handle->finish;
    return $value;
}

sub rows ($self, $statement, @values) {
    return $self->dbh->selectall_arrayref($statement, {Slice => {}}, @values)->@*;
}

# nginx's connections to this test's database.
sub backends ($self, $condition = 'true') {
    return $self->rows(
        "select pid, state, wait_event, query, application_name from pg_stat_activity
         where datname = ? and usename = 'dashboard_app' and ($condition) order by pid", $self->{database});
}

# ---- many clients ---------------------------------------------------------------------------------

# Runs $work->($n) in $count processes at once and returns what each returned (data that JSON holds),
# in order. What the answers' check found is a failure of the test, as anywhere.
sub fork_clients ($self, $count, $work) {
    my @children = map { $self->_fork_client($_, $work) } 0 .. $count - 1;
    return map { $self->_join_client($_) } @children;
}

sub _fork_client ($self, $n, $work) {
    pipe my $reader, my $writer or die "pipe: $!\n";
    my $pid = fork // die "fork: $!\n";
    if ($pid) {
        close $writer;
        return {pid => $pid, reader => $reader};
    }
    close $reader;
    srand;
    my $result = eval { $work->($n) };
    my $died   = $@;
    print {$writer} encode_json({result => $result, died => $died, problems => $self->{problems}});
    close $writer;
    POSIX::_exit(0);
}

sub _join_client ($self, $child) {
    local $/ = undef;
    my $text = readline $child->{reader};
    waitpid $child->{pid}, 0;
    my $answer = decode_json(length($text // '') ? $text : '{"died":"a client process was killed"}');
    if (@{ $answer->{problems} // [] }) {
        Test::More::fail('answers are as api/openapi.yaml says');
        Test::More::diag(join "\n", @{ $answer->{problems} }[0 .. ($#{ $answer->{problems} } > 9 ? 9 : $#{ $answer->{problems} })]);
    }
    die $answer->{died} if $answer->{died};
    return $answer->{result};
}

# Keeps clients (4) busy with request => [METHOD, path, %option] or sub ($self, $n) returning a response,
# while $during runs. Returns {requests => n, status => {200 => n, ...}, failed => {problem => n}}, where
# failed counts requests that got no answer at all.
sub under_load ($self, $during, %option) {
    my $request = $option{request};
    my $once    = ref $request eq 'CODE' ? $request : sub ($test, $n) { $test->request(@$request) };
    pipe my $stop_reader, my $stop_writer or die "pipe: $!\n";
    my @children = map {
        $self->_fork_client(
            $_,
            sub ($n) {
                close $stop_writer;
                my %count = (requests => 0, status => {}, failed => {});
                while (!_readable($stop_reader)) {
                    my $response = $once->($self, $n);
                    $count{requests}++;
                    $response->status
                        ? $count{status}{ $response->status }++
                        : $count{failed}{ $response->problem }++;
                }
                return \%count;
            }
        )
    } 0 .. ($option{clients} // 4) - 1;
    close $stop_reader;
    my $ok    = eval { $during->(); 1 };
    my $error = $@;
    close $stop_writer;

    my %sum = (requests => 0, status => {}, failed => {});
    for my $count (map { $self->_join_client($_) } @children) {
        $sum{requests} += $count->{requests};
        for my $kind (qw(status failed)) {
            $sum{$kind}{$_} += $count->{$kind}{$_} for keys %{ $count->{$kind} };
        }
    }
    die $error if !$ok;
    return \%sum;
}

sub _readable ($handle) {
    my $ready = '';
    vec($ready, fileno $handle, 1) = 1;
    return select $ready, undef, undef, 0;
}

# ---- the end --------------------------------------------------------------------------------------

# Ends this test's nginx and says what is wrong with its end, as lines; nothing when all is well.
sub finish ($self) {
    return if $self->{finished}++ || $self->{owner} != $$;
    $self->{postgres}->thaw;
    my @problems = $self->{nginx}->end_problems;
    if (eval { $self->dbh }) {
        my $gone = wait_for(sub { !$self->backends }, 5);
        push @problems, map {"connection left: $_->{pid} $_->{state} $_->{query}"} $self->backends
            if !$gone;
        delete($self->{dbh})->disconnect;
        $self->{postgres}->drop_database($self->{database});
    }
    $self->{nginx}->clean;
    return @problems;
}

sub done_testing {
    for my $instance (grep { $_->{owner} == $$ && !$_->{finished} } @instances) {
        my @problems = $instance->finish;
        Test::More::ok(!@problems, 'nginx ends cleanly: no process, connection or alert left')
            or Test::More::diag(join "\n", @problems);
    }
    return Test::More::done_testing();
}

# A test that died or was interrupted leaves nothing running; its own failure is what counts.
@SIG{qw(INT TERM HUP)} = (sub { exit 1 }) x 3;

END {
    my $status = $?;
    for my $instance (grep { $_->{owner} == $$ && !$_->{finished} } @instances) {
        my @problems = eval { $instance->finish };
        print {*STDERR} map {"# $_\n"} @problems;
        $status ||= 1;
    }
    $? = $status;
}

1;

__END__

=encoding utf8

=head1 NAME

Dashboard::Test - one nginx with the module and one database, for one test file

=head1 SYNOPSIS

    use lib 't/lib';
    use Dashboard::Test;

    my $t = Dashboard::Test->new(as => 'analyst', workers => 2)->start;

    my $answer = $t->get("/api/v1/dashboards/$id");
    is $answer->status, 200, 'a member reads a dashboard';
    is $answer->data->{etag}, $answer->etag, 'the tag in the body is the one in the header';

    is $t->patch("/api/v1/dashboards/$id", {name => 'x'}, if_match => '"v1"', as => 'viewer')
        ->code, 'FORBIDDEN', 'who may only look cannot rename';

    done_testing;

C<use Dashboard::Test> brings strict, warnings, signatures, Test::More's functions, C<wait_for> and
C<done_testing>, which ends nginx and fails the test when something was left behind.

Run one with C<make test T=t/http/etag.t>, or, after C<make build>, C<prove t/http/etag.t>.

=head1 WHAT IS CHECKED WITHOUT ASKING

Every answer that comes through a client is compared with F<api/openapi.yaml>: status declared, content
type, declared headers there, body as its schema says, errors in the envelope with the correlation id of
the header. A breach is a failing test. (C<< check => 0 >> leaves one request out; say why.) The operations
and statuses seen are written down, and the last step of a full run fails for operations nobody called.

At the end: nginx and its workers exit within 10 s of QUIT with status 0, the log has no C<[alert]>,
C<[emerg]> or sanitizer line (C<< allow => [qr/.../] >>, C<< $t->nginx->allow(qr/.../) >> for those a test
provokes), no connection of dashboard_app is left, no core dump.

=head1 CONSTRUCTOR

C<< Dashboard::Test->new(%options)->start >>. Each object has its own database, a copy of the fixture's
(F<t/sql/fixture.sql>), and its own nginx on a free port. Several may live in one file.

=over

=item as

Who the requests come from unless they say otherwise: a user of the fixture by e-mail address, by what
stands before its @ (C<analyst>), or by id. Without it requests carry no token.

=item workers, pool, query_pool, queue, timeout

Number of workers (1), parameters of dashboard_database (pool=4 query_pool=4).

=item conninfo

Instead of the usual connection string.

=item api, server, http, globals, events, servers, locations

Directives put into C<location /api/>, the server, http, the top, events; further servers; all locations
instead of the usual two. C<%%PORT%%>, C<%%PREFIX%%>, C<%%DATABASE%%>, C<%%KEY%%> and names in
C<< values => {NAME => text} >> are replaced. C<database> and C<key> are not options of new() but of
C<< $t->nginx->set >>.

=item conf

A whole configuration instead of the usual one, with the same names to replace.

=item postgres => 'own'

A PostgreSQL server of this test's own: C<< $t->postgres->stop >> (C<fast>, C<smart>, C<immediate>),
C<start>, C<restart>, C<freeze>, C<thaw>.

=item daemon => 1, log_level, env, allow, module => 0

As C<< $t->nginx->upgrade >> needs it; level of error.log (info), environment of nginx, allowed log lines, an nginx without the module.

=back

=head1 REQUESTS

C<get head delete> ($path, %option), C<post put patch> ($path, $json, %option), C<request> ($method, $path,
%option). Options: C<as>, C<token> (text, or undef for none), C<if_match>, C<if_none_match>, C<accept>,
C<type> (Content-Type), C<headers> ({name => value or undef}), C<query> ({name => value}), C<json>, C<body>
(bytes as they are), C<check>.

The answer (L<Dashboard::Response>): C<status> (0: none came, C<problem> says why), C<header($name)>,
C<body>, C<json>, C<data>, C<error>, C<code>, C<etag>, C<lines> (ndjson).

C<< $t->parallel([GET => $path, %option], ...) >> sends all before waiting for any and returns the answers
in that order. C<< $t->fork_clients($n, sub ($i) { ... }) >> runs n processes and returns what they
returned. C<< $t->under_load(sub { ... }, clients => 4, request => [GET => $path, %option]) >> keeps clients
busy while the sub runs and returns the counts.

C<< $t->raw >> (L<Dashboard::Raw>): C<send>, C<write>, C<write_slowly>, C<read_response>, C<read_until>,
C<closed>, C<close>, C<abort>, C<shut_write>. C<< $t->check($method, $path, $response) >> checks what it
read.

=head1 IDENTITY

C<< $t->token($user or \%claims, header => {...}, key => ..., signature => ..., payload => ...) >>:
a token, exp in an hour unless C<exp> is given (undef: none). C<key> is a secret for HS256, or a
Crypt::PK::RSA, ECC or Ed25519. C<< $t->user_id('analyst') >>.

=head1 DATABASE

C<< $t->sql($statement, @values) >>: first column of the first row. C<< $t->rows(...) >>: hashes.
C<< $t->backends($condition) >>: nginx's connections as pg_stat_activity shows them. All as superuser.

=head1 NGINX

C<< $t->nginx >> (L<Dashboard::Nginx>): C<start stop reload upgrade kill_worker workers set allow grep_log
log_lines check_configuration configuration port prefix>. C<< set(workers => 2) >> and then C<reload>
serves with changed options; C<< check_configuration(http => '...') >> returns (accepted, what nginx -t said).

C<wait_for($condition, $seconds)> polls; nothing here sleeps for a guess.

=head1 ENVIRONMENT

C<TEST_NGINX_BINARY>, C<TEST_NGINX_MODULES> (folder or .so), C<TEST_NGINX_GLOBALS>,
C<TEST_NGINX_GLOBALS_HTTP>, C<TEST_NGINX_VERBOSE> (requests and answers as diagnostics),
C<TEST_NGINX_LEAVE> (keep files), C<TEST_NGINX_CATLOG> (print error.log at the end).
C<DASHBOARD_TEST_TIMEOUT>: seconds after which a test file that hangs is killed (300).
C<DASHBOARD_TEST_RUN>, C<DASHBOARD_TEST_COVERAGE>: set by F<t/lib/run.pl>.

=cut
