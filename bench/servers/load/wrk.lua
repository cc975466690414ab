-- Sends the tokens of a file in turn; says what it saw as one line of JSON. Parameters: file of tokens or "-",
-- requests of earlier turns, then pairs of header name and value.

local requests = {}
local following = 0

function init(parameters)
  local headers = {}
  following = tonumber(parameters[2])
  for index = 3, #parameters, 2 do
    headers[parameters[index]] = parameters[index + 1]
  end
  if parameters[1] == "-" then
    requests[1] = wrk.format("GET", nil, headers)
    return
  end
  for token in io.lines(parameters[1]) do
    headers["Authorization"] = "Bearer " .. token
    requests[#requests + 1] = wrk.format("GET", nil, headers)
  end
end

function request()
  following = following % #requests + 1
  return requests[following]
end

function done(summary, latency)
  local failures = summary.errors
  io.write(string.format(
    '{"requests":%d,"wallMicros":%d,"p50Micros":%d,"p99Micros":%d,"above399":%d,"broken":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), failures.status,
    failures.connect + failures.read + failures.write + failures.timeout))
end
