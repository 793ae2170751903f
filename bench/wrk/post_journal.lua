-- Posts journals of two lines, each with an idempotency key of its own, and prints one JSON line.
--
--   wrk -s post_journal.lua URL -- RUN BUSINESS KEY SEED HOT DAY...
--
-- RUN    start of every idempotency key; unique for each run
-- HOT    code of an account that is in every journal, or - for two random ones
-- DAY    dates to post on, drawn at random
--
-- Accounts have the codes 10000 to 10999.

local accounts, first = 1000, 10000
local run, head, hot, days, posted

function init(args)
  run = args[1]
  math.randomseed(tonumber(args[4]))
  hot = args[5]
  days = {}
  for i = 6, #args do days[#days + 1] = args[i] end
  posted = 0
  head = 'POST ' .. wrk.path .. '?businessId=' .. args[2] .. ' HTTP/1.1\r\nHost: ' .. wrk.host
    .. '\r\nAuthorization: Bearer ' .. args[3] .. '\r\nContent-Type: application/json\r\n'
end

function request()
  posted = posted + 1
  local debit = first + math.random(0, accounts - 1)
  local credit = hot
  if hot == '-' then credit = first + (debit - first + math.random(1, accounts - 1)) % accounts end
  local amount = math.random(1, 1000000)
  local body = '{"transactionDate":"' .. days[math.random(#days)]
    .. '","description":"Sale of the day","post":true,"lines":[{"accountId":"' .. debit
    .. '","debitKobo":' .. amount .. '},{"accountId":"' .. credit
    .. '","creditKobo":' .. amount .. '}]}'
  return head .. 'Idempotency-Key: ' .. run .. '-' .. posted
    .. '\r\nContent-Length: ' .. #body .. '\r\n\r\n' .. body
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"seconds":%.6f,"requests":%d,"refused":%d,"broken":%d,"cpuSeconds":%.3f,"p50":%.3f,"p95":%.3f,"p99":%.3f}\n',
    summary.duration / 1e6, summary.requests, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout, os.clock(),
    latency:percentile(50) / 1e3, latency:percentile(95) / 1e3, latency:percentile(99) / 1e3))
end
