package Bench::Cpu;

# Processors: the time that a group of processes has used and that the whole machine has, and which
# processes may run on which.

use v5.36;
use Exporter qw(import);
use POSIX ();

our @EXPORT_OK = qw(load_time machine_time place processors tree_time);

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

# The numbers of the processors that we may use.
sub processors () {
    open my $status, '<', '/proc/self/status' or die "bench: /proc/self/status: $!\n";
    my ($list) = map { /^Cpus_allowed_list:\s*(\S+)/ ? $1 : () } <$status>;
    return map { /^(\d+)-(\d+)$/ ? $1 .. $2 : $_ } split /,/, $list;
}

# Lets a process and its children, those that are there and those to come, run on these only.
sub place ($pid, @processors) {
    for my $each ($pid, children_of($pid)) {
        # a child may have ended since
        system('taskset -c -p ' . join(',', @processors) . " $each >/dev/null 2>&1") == 0
            or $each != $pid
            or die "bench: taskset failed\n";
    }
    return;
}

1;
