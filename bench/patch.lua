-- For wrk -s: PATCH of one dashboard after the other, each thread with dashboards of its own, twice as
-- many as it has connections, so that no two requests under way touch the same one. Each request says
-- something else than the one before, or nothing would change.
--
-- From the environment: BENCH_IDS, the dashboards, by comma; BENCH_WRK_THREADS; BENCH_TOKEN;
-- BENCH_BODY_1 and BENCH_BODY_2, the two bodies. At the end one line of numbers as in report.lua.

local started = 0

function setup(thread)
    thread:set("number", started)
    started = started + 1
end

function init()
    local threads = tonumber(os.getenv("BENCH_WRK_THREADS"))
    local headers = {
        ["Authorization"] = "Bearer " .. os.getenv("BENCH_TOKEN"),
        ["Content-Type"] = "application/merge-patch+json",
        ["If-Match"] = "*",
    }
    local ids = {}
    local position = 0
    for id in os.getenv("BENCH_IDS"):gmatch("[^,]+") do
        if position % threads == number then
            ids[#ids + 1] = id
        end
        position = position + 1
    end
    requests = {}
    for turn = 1, 2 do
        for _, id in ipairs(ids) do
            requests[#requests + 1] = wrk.format("PATCH", "/api/v1/dashboards/" .. id, headers,
                os.getenv("BENCH_BODY_" .. turn))
        end
    end
    at = 0
end

function request()
    at = at % #requests + 1
    return requests[at]
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format("RESULT %d %d %d %d %d %d %.3f %.3f\n",
        summary.requests, summary.duration,
        errors.connect, errors.read + errors.write, errors.timeout, errors.status,
        latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
