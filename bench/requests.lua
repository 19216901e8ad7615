-- Sends the requests of a file, one after another, from the first again after the last. All are formatted before the
-- load begins, so that the load generator is slowed as little as can be. A line is: path, tab, Accept header.
local requests, count, at = {}, 0, 0
local connection = os.getenv("BENCH_CONNECTION")

init = function()
  for line in io.lines(os.getenv("BENCH_REQUESTS")) do
    local path, accept = line:match("^([^\t]+)\t(.*)$")
    local headers = { ["User-Agent"] = "bench", Accept = accept, Connection = connection }
    count = count + 1
    requests[count] = wrk.format("GET", path, headers)
  end
end

request = function()
  at = at % count + 1
  return requests[at]
end

-- Times are in microseconds.
done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"seconds":%f,"requests":%d,"refused":%d,"broken":%d,"cut":%d,"p50":%f,"p90":%f,"p99":%f,"p999":%f,"max":%f}\n',
    summary.duration / 1e6, summary.requests, errors.status,
    errors.connect + errors.write + errors.timeout, errors.read,
    latency:percentile(50), latency:percentile(90), latency:percentile(99), latency:percentile(99.9), latency.max))
end
