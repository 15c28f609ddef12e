#!/usr/bin/perl

# Builds the unit tests of src/core and runs each binary as a subtest.

use strict;
use warnings;

use FindBin;
use Test::More;

my @list = split /\n/, `make -s -C '$FindBin::Bin' list`;
die "the unit tests of src/core do not build\n" if $? != 0 || !@list;

chdir $FindBin::Bin or die "$FindBin::Bin: $!\n";

for my $binary (@list) {
    my ($name) = $binary =~ m{([^/]+)$};

    subtest $name => sub { run($binary) };
}

done_testing();

sub run {
    my ($binary) = @_;

    open my $tap, '-|', "$binary 2>&1" or return fail("$binary starts: $!");

    my $planned = 0;
    my $seen = 0;
    while (my $line = <$tap>) {
        chomp $line;

        if ($line =~ /^\s*1\.\.(\d+)/) {
            $planned = $1;
        } elsif ($line =~ /^(not )?ok \d+ - (.*)/) {
            $seen++;
            ok(!$1, $2);
        } elsif ($line ne '') {
            diag($line) if $line !~ /^# (?:ok|not ok|Tests)/;
        }
    }

    ok(close($tap), 'exits well');
    is($seen, $planned, 'ran every test');
}
