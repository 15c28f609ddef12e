-- For wrk -s. Prints one line of numbers for bench/lib/Bench/Load.pm at the end. Asks for the URL of the
-- command line, or, when BENCH_IDS is set, changes one dashboard after the other by PATCH: each thread
-- has dashboards of its own, twice as many as it has connections, so that no two requests under way
-- touch the same one; each request says something else than the one before, or nothing would change. When
-- BENCH_HEADERS is set, each request carries another header: each thread has lines of its own, which it
-- takes one after the other, over and over; a single line is everybody's.
--
-- From the environment, for headers: BENCH_HEADERS, a file of lines "name: value"; BENCH_WRK_THREADS.
-- From the environment, for PATCH: BENCH_IDS, the dashboards, by comma; BENCH_WRK_THREADS; BENCH_TOKEN;
-- BENCH_BODY_1 and BENCH_BODY_2, the two bodies.

local started = 0

function setup(thread)
    thread:set("number", started)
    started = started + 1
end

if os.getenv("BENCH_IDS") then
    function init()
        local threads = tonumber(os.getenv("BENCH_WRK_THREADS"))
        local headers = {
            ["Authorization"] = "Bearer " .. os.getenv("BENCH_TOKEN"),
            ["Content-Type"] = "application/merge-patch+json",
            ["If-Match"] = "*",
        }
        local paths = {}
        local position = 0
        for id in os.getenv("BENCH_IDS"):gmatch("[^,]+") do
            if position % threads == number then
                paths[#paths + 1] = "/api/v1/dashboards/" .. id
            end
            position = position + 1
        end
        requests = {}
        for turn = 1, 2 do
            for _, path in ipairs(paths) do
                requests[#requests + 1] =
                    wrk.format("PATCH", path, headers, os.getenv("BENCH_BODY_" .. turn))
            end
        end
        at = 0
    end
elseif os.getenv("BENCH_HEADERS") then
    function init()
        local threads = tonumber(os.getenv("BENCH_WRK_THREADS"))
        local lines = {}
        for line in io.lines(os.getenv("BENCH_HEADERS")) do
            lines[#lines + 1] = line
        end
        requests = {}
        for position, line in ipairs(lines) do
            if #lines == 1 or position % threads == number then
                local name, value = line:match("^([^:]+): (.*)$")
                requests[#requests + 1] = wrk.format(nil, nil, {[name] = value})
            end
        end
        at = 0
    end
end

if os.getenv("BENCH_IDS") or os.getenv("BENCH_HEADERS") then
    function request()
        at = at % #requests + 1
        return requests[at]
    end
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format("RESULT %d %d %d %d %d %d %.3f %.3f\n",
        summary.requests, summary.duration,
        errors.connect, errors.read + errors.write, errors.timeout, errors.status,
        latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
