-- For wrk -s: a plain GET, and at the end one line of numbers for bench/lib/Bench/Load.pm.

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format("RESULT %d %d %d %d %d %d %.3f %.3f\n",
        summary.requests, summary.duration,
        errors.connect, errors.read + errors.write, errors.timeout, errors.status,
        latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
