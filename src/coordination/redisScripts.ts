/** The clock of Redis, in milliseconds: the processes' own may differ. */
const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)`

/**
 * KEYS: the flight, the tombstone of its session, the breaker of its origin.
 * ARGV: owner, doubtful sends, life of the intent, of the lease, of the entry; all in milliseconds.
 *
 * Answers `lead`, or what is known: `ended`; `done`, the sealed result and its age; `unknown`, the sends, the age and
 * what is known of the answer; `pending`, what is left of the lease and of the intent; `limited` and for how long.
 */
export const ACQUIRE = `${NOW}
local owner, known = ARGV[1], tonumber(ARGV[2])
if redis.call('EXISTS', KEYS[2]) == 1 then return {'ended'} end
local f = redis.call('HMGET', KEYS[1], 'state', 'owner', 'at', 'until', 'lease', 'sends', 'result')
local state, sends = f[1], tonumber(f[6] or '0')
if state == 'ended' then return {'ended'} end
if state == 'done' then return {'done', f[7], now - tonumber(f[3])} end
if state == 'open' then
  if f[2] == owner then return {'lead'} end
  if now < tonumber(f[4]) then
    redis.call('HINCRBY', KEYS[1], 'waiters', 1)
    return {'pending', tonumber(f[5]) - now, tonumber(f[4]) - now}
  end
end
if state and (f[7] == 'consumed' or known < sends) then
  return {'unknown', sends, now - tonumber(f[3]), f[7] or ''}
end
local limit = redis.call('PTTL', KEYS[3])
if limit > 0 then return {'limited', limit} end
redis.call('HSET', KEYS[1], 'state', 'open', 'owner', owner, 'at', now, 'until', now + ARGV[3],
  'lease', now + ARGV[4], 'sends', known + 1, 'before', state and sends or 0, 'waiters', 0)
redis.call('HDEL', KEYS[1], 'result')
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return {'lead'}`

/**
 * KEYS: the flight, the breaker of its origin.
 * ARGV: owner, channel, name of the flight, what became of it (`done`, `alive`, `unknown`, `refused`), the sealed
 * result or what is known of the answer, life of the entry, how long the origin is closed.
 *
 * Answers `lost` where the intent is another's by now, `ended`, or how many others waited.
 */
export const FINISH = `${NOW}
local f = redis.call('HMGET', KEYS[1], 'state', 'owner', 'before', 'waiters')
if tonumber(ARGV[7]) > 0 then redis.call('SET', KEYS[2], '1', 'PX', ARGV[7]) end
if f[1] == 'ended' then return 'ended' end
if f[1] ~= 'open' or f[2] ~= ARGV[1] then return 'lost' end
local kind = ARGV[4]
if kind == 'done' then
  redis.call('HSET', KEYS[1], 'state', 'done', 'at', now, 'result', ARGV[5])
  redis.call('PEXPIRE', KEYS[1], ARGV[6])
elseif kind == 'unknown' then
  redis.call('HSET', KEYS[1], 'state', 'unknown', 'result', ARGV[5])
elseif kind == 'refused' and tonumber(f[3]) > 0 then
  redis.call('HSET', KEYS[1], 'state', 'unknown', 'sends', f[3])
else
  redis.call('DEL', KEYS[1])
end
redis.call('PUBLISH', ARGV[2], ARGV[3] .. ' ' .. kind .. ' ' .. ARGV[5])
return tonumber(f[4])`

/** KEYS: the flight. ARGV: owner, life of the lease. Answers 1 while the intent is the owner's. */
export const RENEW = `${NOW}
local f = redis.call('HMGET', KEYS[1], 'state', 'owner')
if f[1] ~= 'open' or f[2] ~= ARGV[1] then return 0 end
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
