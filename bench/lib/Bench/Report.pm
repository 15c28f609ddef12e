package Bench::Report;

# What the figures say: medians, spreads, quantiles; the tables, and results.json.

use v5.36;
use Exporter qw(import);
use JSON::PP ();
use POSIX ();

our @EXPORT_OK = qw(machine median quantile spread table write_json);

sub median (@values) { return quantile(0.5, @values) }

# The value that a share of all values does not exceed (nearest rank); undef of none.
sub quantile ($share, @values) {
    return undef if !@values;
    my @sorted = sort { $a <=> $b } @values;
    my $rank = POSIX::ceil($share * @sorted);
    return $sorted[$rank < 1 ? 0 : $rank - 1];
}

# "lowest-highest" in a format of sprintf.
sub spread ($format, @values) {
    return '' if !@values;
    my @sorted = sort { $a <=> $b } @values;
    return sprintf "$format-$format", $sorted[0], $sorted[-1];
}

# Prints a title and rows in columns, the first one to the left, the others to the right. The first
# row is the columns' names; undef is an empty cell.
sub table ($title, @rows) {
    my @width;
    for my $row (@rows) {
        for my $i (0 .. $#$row) {
            my $length = length($row->[$i] // '');
            $width[$i] = $length if $length >= ($width[$i] // 0);
        }
    }
    say "\n$title";
    for my $row (@rows) {
        my @cells = map { sprintf $_ ? '%*s' : '%-*s', $_ ? $width[$_] : $width[0], $row->[$_] // '' }
            0 .. $#$row;
        say '  ', join('  ', @cells) =~ s/ +$//r;
    }
    STDOUT->flush;
    return;
}

sub first_match ($pattern, $text) { return $text =~ $pattern ? $1 : undef }

sub read_file ($file) {
    open my $handle, '<', $file or return '';
    local $/ = undef;
    return scalar(<$handle>) // '';
}

# What was measured on, and with which versions.
sub machine () {
    my (undef, undef, $kernel) = POSIX::uname();
    my $memory = first_match(qr/^MemTotal:\s+(\d+) kB/m, read_file('/proc/meminfo')) // 0;
    my $processor = read_file('/proc/cpuinfo');
    my @processors = $processor =~ /^processor\s*:/mg;
    return {
        processor => first_match(qr/^model name\s*:\s*(.*)$/m, $processor),
        processors => scalar @processors,
        memory_mib => int($memory / 1024),
        kernel => $kernel,
        distribution => first_match(qr/^PRETTY_NAME="?([^"\n]*)/m, read_file('/etc/os-release')),
        nginx => first_match(qr{nginx/(\S+)}, scalar `nginx -v 2>&1`),
        node => first_match(qr/v(\S+)/, scalar `node --version`),
        wrk => first_match(qr/^wrk (\S+)/, scalar `wrk -v 2>&1`),
    };
}

sub write_json ($file, $results) {
    open my $handle, '>', "$file.new" or die "bench: $file: $!\n";
    print {$handle} JSON::PP->new->utf8->canonical->pretty->encode($results);
    close $handle or die "bench: $file: $!\n";
    rename "$file.new", $file or die "bench: $file: $!\n";
    return;
}

1;
