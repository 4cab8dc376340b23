import { NEVER } from '../../machines/session.instants.ts'
import { PACE } from '../coordination/pace.ts'
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
local f = redis.call('HMGET', KEYS[1], 'state', 'owner', 'at', 'result', 'lease', 'row', 'place')
if f[1] == 'ended' then return {'ended'} end
if f[1] == 'done' then return {'done', f[4], now - tonumber(f[3])} end
local told = redis.call('GET', KEYS[3])
if not f[6] and not told and ARGV[6] ~= '' then
  redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'lease', now + ARGV[4], 'waiters', 0, 'place', 'inf', 'before', '',
    'row', string.format('1 %.17g 0 ${NEVER} %.17g %.17g 0 %.17g -', now, now, now + ARGV[6], now + ARGV[3]))
  redis.call('PEXPIRE', KEYS[1], ARGV[5])
  return {'lead', 0}
end
${LEDGER}${PACING}
local ask, row = readAsk(ARGV[2], now), readRow(f[6])
if row and row.openUntil and f[2] == ARGV[1] then return {'lead'} end
if row then row = asOf(row, now) end
local kind, waitMs = decide(row, ask, now)
if kind == 'open' then
  redis.call('HINCRBY', KEYS[1], 'waiters', 1)
  return {'pending', tonumber(f[5]) - now, math.ceil(waitMs)}
end
if kind ~= 'send' then return {'held', rowText(raised(row or blank(now), ask.known)), number(now)} end
if told then
  local pace = readPace(told, now)
  local wait = enter(pace, tonumber(f[7] or 'inf'), ask.isEarly, now)
  redis.call('SET', KEYS[3], paceText(pace), 'PX', ${PACE.memoryMs})
  if wait > 0 then
    redis.call('HSET', KEYS[1], 'place', number(now + wait))
    redis.call('PEXPIRE', KEYS[1], row and ARGV[5] or ${PACE.memoryMs})
    return {'limited', math.ceil(wait)}
  end
end
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'lease', now + ARGV[4], 'waiters', 0,
  'place', 'inf', 'row', rowText(opened(row, ask, now, tonumber(ARGV[3]))), 'before', row and rowText(row) or '')
redis.call('PEXPIRE', KEYS[1], ARGV[5])
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
local f = redis.call('HMGET', KEYS[1], 'state', 'owner', 'row', 'before', 'waiters')
local kind, detail = ARGV[8], ARGV[9]
local function spent()
  redis.call('HSET', KEYS[1], 'state', 'done', 'at', now, 'result', detail, 'row', '', 'before', '')
  redis.call('PEXPIRE', KEYS[1], ARGV[10])
end
local function settle(text)
  -- Whoever waits has been counted.
  if f[5] ~= '0' then redis.call('PUBLISH', ARGV[2], ARGV[3] .. ' ' .. kind .. ' ' .. (kind == 'done' and detail or '')) end
  return {'settled', tonumber(f[5]), text, string.format('%.17g', now)}
end
if kind == 'done' and ARGV[4] == '' and not f[1] and f[2] == ARGV[1] and
  string.find(f[3] or '', '^1 %d+ 0 ${NEVER} %d+ %d+ 0 %d+ %-$') then
  spent()
  return settle('')
end
${LEDGER}${PACING}
if ARGV[4] ~= '' then
  local pace = readPace(redis.call('GET', KEYS[2]), now)
  learned(pace, ARGV[4], now - tonumber(ARGV[11]), now)
  redis.call('SET', KEYS[2], paceText(pace), 'PX', ${PACE.memoryMs})
end
if f[1] == 'ended' then return {'ended'} end
local row = readRow(f[3])
if not row or not row.openUntil or f[2] ~= ARGV[1] then return {'lost'} end
local left
if kind == 'done' then
  spent()
else
  left = settled(row, readRow(f[4]), kind, detail, readAsk(ARGV[6], now), now, tonumber(ARGV[7]))
  if left then
    redis.call('HSET', KEYS[1], 'row', rowText(left))
    redis.call('PEXPIRE', KEYS[1], ARGV[5])
  else
    redis.call('DEL', KEYS[1])
  end
end
return settle(left and rowText(left) or '')`

/** KEYS: the flight. ARGV: owner, life of the lease. Answers 1 while the intent is the owner's. */
export const RENEW = `${NOW}
local f = redis.call('HMGET', KEYS[1], 'state', 'owner')
if f[1] or f[2] ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'lease', now + ARGV[2])
return 1`

/**
 * KEYS: the flight, the tombstone of its session. ARGV: channel, name of the flight, life of what is written, whether
 * the whole session ends.
 */
export const END = `
if ARGV[4] == '1' then redis.call('SET', KEYS[2], '1', 'PX', ARGV[3]) end
if ARGV[2] ~= '' then
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'state', 'ended')
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
  redis.call('PUBLISH', ARGV[1], ARGV[2] .. ' ended ')
end
return 1`
