import { PACE } from '../coordination/pace.ts'
import { FLIGHT } from './flightScript.ts'
import { LEDGER } from './ledgerScript.ts'
import { PACING } from './paceScript.ts'

/** The clock of Redis, in milliseconds: the processes' own may differ. */
const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)`

/**
 * KEYS: the flight, the tombstone of its session, the pace of its origin.
 * ARGV: owner, ask, life of the intent, of the lease, of the row, the wait after a first send (empty: the session knows of
 * earlier ones); all in milliseconds.
 *
 * Answers `lead`, and whether a pace is kept; or `ended`; `done`, the sealed result and its age; `held`, the row and the
 * present instant; `pending`, the rest of the lease and of the intent; `limited`, and for how long.
 *
 * Almost every token is new and is sent once. For such a token the script does not even define the ledger's functions,
 * because that is most of its work. A test compares this way with the ledger, too.
 */
export const ACQUIRE = `${NOW}
if redis.call('EXISTS', KEYS[2]) == 1 then return {'ended'} end
local text, told = redis.call('GET', KEYS[1]), redis.call('GET', KEYS[3])
if not text and not told and ARGV[6] ~= '' then
  local spans = ARGV[6] .. '|' .. ARGV[3] .. '|' .. ARGV[4]
  redis.call('SET', KEYS[1], 'first|' .. ARGV[1] .. '|' .. now .. '|' .. spans, 'PX', ARGV[5])
  return {'lead', 0}
end
if text == 'ended' then return {'ended'} end
local doneAt, result = string.match(text or '', '^done|([^|]*)|(.*)$')
if doneAt then return {'done', result, now - doneAt} end
${LEDGER}${FLIGHT}${PACING}
local f = flightOf(text)
local ask, row = readAsk(ARGV[2], now), readRow(f.row)
if row and row.openUntil and f.owner == ARGV[1] then return {'lead'} end
if row then row = asOf(row, now) end
local kind, waitMs = decide(row, ask, now)
if kind == 'open' then
  f.waiters = f.waiters + 1
  redis.call('SET', KEYS[1], flightText(f), 'KEEPTTL')
  return {'pending', f.lease - now, math.ceil(waitMs)}
end
if kind ~= 'send' then return {'held', rowText(raised(row or blank(now), ask.known)), number(now)} end
if told then
  local pace = readPace(told, now)
  local wait = enter(pace, f.place, ask.isEarly, now)
  redis.call('SET', KEYS[3], paceText(pace), 'PX', ${PACE.memoryMs})
  if wait > 0 then
    f.place = now + wait
    redis.call('SET', KEYS[1], flightText(f), 'PX', row and ARGV[5] or ${PACE.memoryMs})
    return {'limited', math.ceil(wait)}
  end
end
local sent = {owner = ARGV[1], lease = now + ARGV[4], waiters = 0, place = math.huge,
  row = rowText(opened(row, ask, now, tonumber(ARGV[3]))), before = row and rowText(row) or ''}
redis.call('SET', KEYS[1], flightText(sent), 'PX', ARGV[5])
return {'lead', told and 1 or 0}`

/**
 * KEYS: the flight, the pace of its origin.
 * ARGV: owner, channel, name of the flight, what the send says about the pace, life of the row, ask, roll, the end of the
 * flight (`done`, or a `SendResult`), the sealed result or the details of the end, life of the result, how long ago the
 * token was sent.
 *
 * Answers `lost` if the intent now belongs to another; `ended`; or `settled`: how many others waited, the row (empty: none
 * is left), and the present instant.
 *
 * As in `ACQUIRE`, the ledger's functions are not defined for the first send of a token that is spent.
 */
export const FINISH = `${NOW}
local text = redis.call('GET', KEYS[1])
local kind, detail, first = ARGV[8], ARGV[9], 'first|' .. ARGV[1] .. '|'
local function spent()
  redis.call('SET', KEYS[1], 'done|' .. now .. '|' .. detail, 'PX', ARGV[10])
end
if kind == 'done' and ARGV[4] == '' and text and string.sub(text, 1, #first) == first then
  spent()
  return {'settled', 0, '', now}
end
${LEDGER}${FLIGHT}${PACING}
if ARGV[4] ~= '' then
  local pace = readPace(redis.call('GET', KEYS[2]), now)
  learned(pace, ARGV[4], now - tonumber(ARGV[11]), now)
  redis.call('SET', KEYS[2], paceText(pace), 'PX', ${PACE.memoryMs})
end
if text == 'ended' then return {'ended'} end
local f = flightOf(text)
local row = readRow(f.row)
if not row or not row.openUntil or f.owner ~= ARGV[1] then return {'lost'} end
local left = ''
if kind == 'done' then
  spent()
else
  local kept = settled(row, readRow(f.before), kind, detail, readAsk(ARGV[6], now), now, tonumber(ARGV[7]))
  if kept then
    left = rowText(kept)
    f.row = left
    redis.call('SET', KEYS[1], flightText(f), 'PX', ARGV[5])
  else
    redis.call('DEL', KEYS[1])
  end
end
-- Whoever waits has been counted.
if f.waiters > 0 then
  redis.call('PUBLISH', ARGV[2], ARGV[3] .. ' ' .. kind .. ' ' .. (kind == 'done' and detail or ''))
end
return {'settled', f.waiters, left, number(now)}`

/** KEYS: the flight. ARGV: owner, life of the lease. Answers 1 while the intent is the owner's. */
export const RENEW = `${NOW}
${LEDGER}${FLIGHT}
local f = flightOf(redis.call('GET', KEYS[1]))
if f.owner ~= ARGV[1] then return 0 end
f.lease = now + ARGV[2]
redis.call('SET', KEYS[1], flightText(f), 'KEEPTTL')
return 1`

/**
 * KEYS: the flight, the tombstone of its session. ARGV: channel, name of the flight, life of what is written, whether
 * the whole session ends.
 */
export const END = `
if ARGV[4] == '1' then redis.call('SET', KEYS[2], '1', 'PX', ARGV[3]) end
if ARGV[2] ~= '' then
  redis.call('SET', KEYS[1], 'ended', 'PX', ARGV[3])
  redis.call('PUBLISH', ARGV[1], ARGV[2] .. ' ended ')
end
return 1`
