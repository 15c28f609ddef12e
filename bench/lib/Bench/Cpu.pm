package Bench::Cpu;

# Processor time: what a group of processes has used, and what the whole machine has.

use v5.36;
use Exporter qw(import);
use POSIX ();

our @EXPORT_OK = qw(children_of load_time machine_time tree_time);

my $ticks = POSIX::sysconf(POSIX::_SC_CLK_TCK());

sub first_line ($file) {
    open my $handle, '<', $file or return '';
    return scalar(<$handle>) // '';
}

# utime, stime, cutime and cstime of proc(5), in seconds; zeros for a process that is gone.
sub times_of ($pid) {
    my $line = first_line("/proc/$pid/stat");
    # the command's name may hold anything, also brackets
    $line =~ s/^.*\) //s or return (0, 0, 0, 0);
    return map { $_ / $ticks } (split ' ', $line)[11 .. 14];
}

# The ids of a process' children now.
sub children_of ($pid) {
    return split ' ', first_line("/proc/$pid/task/$pid/children");
}

# Seconds that a process, its children that have ended and those that are running have used so far.
sub tree_time ($pid) {
    my $sum = 0;
    $sum += $_ for times_of($pid);
    $sum += tree_time($_) for children_of($pid);
    return $sum;
}

# Seconds that the programs run by us and waited for have used: the load generators.
sub load_time () {
    my @times = times;
    return $times[2] + $times[3];
}

# Seconds that all processors together were busy (with whatever) or taken away by the hypervisor.
sub machine_time () {
    my (undef, @spent) = split ' ', first_line('/proc/stat');
    my ($user, $nice, $system, undef, undef, $irq, $softirq, $steal) = @spent;
    return ($user + $nice + $system + $irq + $softirq + $steal) / $ticks;
}

1;
