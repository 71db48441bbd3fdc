-- wrk -s wrk.lua URL -- HEADERS BODY [BODY ...]    files; the bodies are sent in turn
-- The last line it prints is JSON.
function read(path)
  local file = assert(io.open(path, "rb"))
  local content = file:read("*a")
  file:close()
  return content
end

function init(args)
  wrk.method = "POST"
  for name, value in read(args[1]):gmatch("([^\n:]+): ([^\n]*)") do
    wrk.headers[name] = value
  end
  wrk.body = read(args[2])
  if #args > 2 then
    local requests, at = {}, 0
    for place = 2, #args do
      requests[place - 1] = wrk.format(nil, nil, nil, read(args[place]))
    end
    function request()
      at = at % #requests + 1
      return requests[at]
    end
  end
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '{"requests": %d, "seconds": %.6f, "p50_ms": %.4f, "p99_ms": %.4f, "broken": %d, "refused": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.connect + errors.read + errors.write + errors.timeout, errors.status))
end
