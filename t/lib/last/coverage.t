# The last step of a full run (t/lib/testrules.yml): the tests called every operation that
# api/openapi.yaml declares, and saw it succeed.

use v5.36;
use lib 't/lib';
use Test::More;
use Dashboard::OpenAPI;

my $path = $ENV{DASHBOARD_TEST_COVERAGE} // plan skip_all => 'only in a run of all tests';
my $seen = Dashboard::OpenAPI->seen($path);

for my $operation (Dashboard::OpenAPI->instance->operations) {
    my @statuses = sort keys %{ $seen->{$operation} // {} };
    ok scalar(grep { $_ < 400 } @statuses), "$operation is tested"
        or diag @statuses ? "seen: @statuses" : 'never called';
}

done_testing;
