# A user's preferences: their own, as a versioned resource that begins empty.

use lib 't/lib', 't/http/lib';
use Dashboard::Test;
use Http::Fixture qw(audit refused same_answer id);

my $t    = Dashboard::Test->new(as => 'viewer')->start;
my $path = '/api/v1/users/' . $t->user_id('viewer') . '/preferences';

sub put ($preferences, %option) {
    return $t->put($path, {preferences => $preferences}, %option);
}

subtest 'before the first time they are empty' => sub {
    my $answer = $t->get($path);
    is $answer->status, 200, 'there is something to read';
    is $answer->etag, '"v0"', 'at version 0';
    is_deeply $answer->data->{preferences}, {}, 'empty';
    is $answer->data->{etag}, '"v0"', 'the tag is in the body, too';
    is $t->get($path, if_none_match => '"v0"')->status, 304, 'which is known already';
};

subtest 'they are written under a condition' => sub {
    refused(put({a => 1}), 428, 'PRECONDITION_REQUIRED', 'without one');
    refused(put({a => 1}, if_match => '"v1"'), 412, 'CONFLICT', 'at a version they are not');
    my $answer = put({theme => 'dark', nested => {list => [1, undef, 'x']}}, if_match => '"v0"');
    is $answer->status, 201, 'from empty';
    is $answer->etag, '"v1"', 'version 1';
    is $t->get($answer->header('Location'))->body, $answer->body, 'where Location says';
    is_deeply $answer->data->{preferences}, {theme => 'dark', nested => {list => [1, undef, 'x']}}, 'as sent';
    my $conflict = put({}, if_match => '"v0"');
    refused($conflict, 412, 'CONFLICT', 'once');
    is_deeply $conflict->error->{details}{current}, $answer->data, 'which shows what is there';
    refused(put({}, if_none_match => '*'), 412, 'CONFLICT', 'and creates no more');
    is $t->get($path)->body, $answer->body, 'nothing was written';
};

subtest 'what GET gave can be sent back' => sub {
    my $data = $t->get($path)->data;
    is $t->put($path, $data, if_match => $data->{etag})->etag, '"v1"', 'nothing changes';
    $data->{preferences}{theme} = 'light';
    my $answer = $t->put($path, $data, if_match => $data->{etag});
    is $answer->status, 200, 'changed';
    is $answer->etag, '"v2"', 'a new version';
    my ($row) = (audit($t, q{action = 'update_preferences' and outcome = 'success'}))[-1];
    like $row->{changes}, qr{"/preferences/theme"}, 'on record';
    refused($t->get($path, if_match => '"v1"'), 412, 'CONFLICT', 'reading at an old version');
};

subtest 'If-None-Match: * creates' => sub {
    my $other = '/api/v1/users/' . $t->user_id('colleague') . '/preferences';
    is $t->put($other, {preferences => {}}, if_none_match => '*', as => 'colleague')->status, 201, 'once';
    is $t->get($other, as => 'colleague')->etag, '"v1"', 'empty ones count';
};

subtest 'of two at once with one tag, one wins' => sub {
    my @answers = $t->parallel(map { [PUT => $path, json => {preferences => {n => $_}}, if_match => '"v2"'] } 1 .. 20);
    is scalar(grep { $_->status == 200 } @answers), 1, 'one';
    is scalar(grep { $_->status == 412 } @answers), 19, 'the others conflict';
    is $t->get($path)->etag, '"v3"', 'one version';
};

subtest 'what is wrong is named' => sub {
    refused($t->put($path, {preferences => $_->[0]}, if_match => '*'), 400, 'VALIDATION_ERROR', $_->[1], '/preferences')
        for [[], 'an array'], ['x', 'a string'], [undef, 'null'], [{a => 'x' x 65536}, 'more than 64 KB'];
    refused($t->put($path, {}, if_match => '*'), 400, 'VALIDATION_ERROR', 'none', '/preferences');
    refused($t->put($path, {preferences => {}, theme => 'x'}, if_match => '*'), 400, 'VALIDATION_ERROR', 'beside them', '/theme');
    my $deep = '{"preferences":' . '{"a":' x 70 . '1' . '}' x 70 . '}';
    refused($t->request(PUT => $path, body => $deep, type => 'application/json', if_match => '*'), 400, 'INVALID_JSON', 'too deep');
    refused($t->get('/api/v1/users/x/preferences'), 400, 'VALIDATION_ERROR', 'no id', 'user_id');
    refused($t->patch($path, {preferences => {}}), 405, 'METHOD_NOT_ALLOWED', 'they are replaced, not patched');
};

subtest 'they are one\'s own' => sub {
    refused($t->get($path, token => undef), 401, 'UNAUTHENTICATED', 'nobody\'s');
    refused($t->get($path, as => $_), 403, 'FORBIDDEN', "not $_\'s") for qw(admin colleague);
    is $t->get($path, as => 'super')->status, 200, 'a super administrator reads them';
    refused($t->put($path, {preferences => {}}, if_match => '*', as => $_), 403, 'FORBIDDEN', "$_ does not write them") for qw(super admin);
    my $foreign = $t->get($path, as => 'outsider');
    refused($foreign, 404, 'NOT_FOUND', 'another organisation knows nothing of them');
    same_answer($foreign, $t->get('/api/v1/users/' . id('unknown') . '/preferences', as => 'outsider'), 'as of a user who is not there');
};

done_testing;
