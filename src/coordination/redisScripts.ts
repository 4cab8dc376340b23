import { NEVER } from '../../machines/session.instants.ts'
import {
  EARLIEST_MS,
  FIRST_WAIT_IN_WINDOW_MS,
  MAX_ANSWERS,
  MAX_HOLD_MS,
  WAITS_MS,
} from '../../machines/session.ledger.ts'

/**
 * The functions of `machines/session.ledger.ts` in Lua, under the same names; a test compares them case by case. A
 * row and an ask are one text each, of `ledgerText.ts`. Numbers keep all their digits.
 */
export const LEDGER = `
local NEVER, WAITS = ${NEVER}, {${WAITS_MS.join(', ')}}
local NAMES = {'sends', 'since', 'answers', 'answeredSince', 'sentAt', 'notBefore', 'heldUntil', 'openUntil'}

local function number(n) return string.format('%.17g', n) end

local function words(text)
  local list = {}
  for word in string.gmatch(text, '%S+') do list[#list + 1] = word ~= '-' and word end
  return list
end

local function readRow(text)
  if not text or text == '' then return nil end
  local list, row = words(text), {}
  for i, name in ipairs(NAMES) do row[name] = list[i] and tonumber(list[i]) or nil end
  row.closed = list[9] or nil
  return row
end

local function rowText(row)
  local list = {}
  for i, name in ipairs(NAMES) do list[i] = row[name] and number(row[name]) or '-' end
  list[9] = row.closed or '-'
  return table.concat(list, ' ')
end

local function readAsk(text, now)
  local list = words(text)
  local ask = {resend = list[1], withinMs = tonumber(list[1]), isSpent = list[2] == '1', isEarly = list[3] == '1'}
  if list[4] then
    ask.known = {
      sends = tonumber(list[4]),
      since = now - tonumber(list[5]),
      answers = tonumber(list[6]),
      answeredSince = list[7] and now - tonumber(list[7]) or NEVER
    }
  end
  return ask
end

local function copy(row)
  local made = {}
  for name, value in pairs(row) do made[name] = value end
  return made
end

local function blank(now)
  return {sends = 0, since = now, answers = 0, answeredSince = NEVER, sentAt = now, notBefore = 0, heldUntil = 0}
end

local function raised(row, known)
  if not known then return row end
  local made = copy(row)
  made.sends = math.max(row.sends, known.sends)
  made.since = math.min(row.since, known.since)
  made.answers = math.max(row.answers, known.answers)
  made.answeredSince = math.min(row.answeredSince, known.answeredSince)
  return made
end

local function asOf(row, now)
  local ahead = row.sentAt - now
  if not (ahead > 0) then return row end
  local made = copy(row)
  for _, name in ipairs({'since', 'answeredSince', 'notBefore', 'heldUntil', 'openUntil'}) do
    if row[name] and row[name] < NEVER then made[name] = row[name] - ahead end
  end
  made.sentAt = now
  return made
end

local function mayResend(doubt, ask, now)
  if ask.resend == 'never' then return false end
  if ask.withinMs then return doubt.sends < 2 and now <= doubt.since + ask.withinMs end
  return ask.isSpent and doubt.answers < ${MAX_ANSWERS}
end

local function waitAfter(row, ask, roll)
  if ask.withinMs then return math.min(${FIRST_WAIT_IN_WINDOW_MS} * (1 + roll), ask.withinMs / 2) end
  return WAITS[math.min(math.max(row.sends, 1), #WAITS)] * (1 + roll / 4)
end

local function dueAt(row, isEarly)
  local due = isEarly and math.min(row.notBefore, row.sentAt + ${EARLIEST_MS}) or row.notBefore
  return math.max(due, row.heldUntil)
end

local function decide(row, ask, now)
  if row and row.closed then return row.closed == 'consumed' and 'consumed' or 'rejected' end
  if row and row.openUntil and now < row.openUntil then return 'open', row.openUntil - now end
  local doubt = row and raised(row, ask.known) or ask.known
  if not doubt or doubt.sends == 0 then return 'send' end
  if not mayResend(doubt, ask, now) then return 'doubt', NEVER end
  local waitMs = row and dueAt(row, ask.isEarly) - now or 0
  if waitMs > 0 then return 'doubt', waitMs end
  return 'send'
end

local function opened(row, ask, now, openForMs)
  local made = copy(raised(row or blank(now), ask.known))
  made.sends = made.sends + 1
  made.sentAt = now
  made.notBefore = now + waitAfter(made, ask, 0)
  made.openUntil = now + openForMs
  return made
end

local function settled(row, before, kind, detail, ask, now, roll)
  if kind == 'renewed' then return nil end
  if kind == 'unsent' then return before end
  local made = copy(row)
  made.openUntil = nil
  if kind == 'consumed' then made.closed = 'consumed'
  elseif kind == 'rejected' then made.closed = detail
  else
    local list = words(detail)
    local isAnswered, retryAfterMs = list[1] == '1', tonumber(list[2])
    made.answers = row.answers + (isAnswered and 1 or 0)
    made.answeredSince = math.min(row.answeredSince, isAnswered and now or NEVER)
    made.notBefore = now + waitAfter(row, ask, roll)
    made.heldUntil = now + (retryAfterMs > 0 and math.min(retryAfterMs, ${MAX_HOLD_MS}) or 0)
  end
  return made
end
`

/** The clock of Redis, in milliseconds: the processes' own may differ. */
const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)`

/**
 * KEYS: the flight, the tombstone of its session, the breaker of its origin.
 * ARGV: owner, ask, life of the intent, of the lease, of the row; all in milliseconds.
 *
 * Answers `lead`, or what is known: `ended`; `done`, the sealed result and its age; `held`, the row and the instant it
 * is told at; `pending`, what is left of the lease and of the intent; `limited` and for how long.
 */
export const ACQUIRE = `${LEDGER}${NOW}
if redis.call('EXISTS', KEYS[2]) == 1 then return {'ended'} end
local f = redis.call('HMGET', KEYS[1], 'state', 'owner', 'at', 'result', 'lease', 'row')
if f[1] == 'ended' then return {'ended'} end
if f[1] == 'done' then return {'done', f[4], now - tonumber(f[3])} end
local ask, row = readAsk(ARGV[2], now), readRow(f[6])
if row and row.openUntil and f[2] == ARGV[1] then return {'lead'} end
if row then row = asOf(row, now) end
local kind, waitMs = decide(row, ask, now)
if kind == 'open' then
  redis.call('HINCRBY', KEYS[1], 'waiters', 1)
  return {'pending', tonumber(f[5]) - now, math.ceil(waitMs)}
end
if kind ~= 'send' then return {'held', rowText(raised(row or blank(now), ask.known)), number(now)} end
local limit = redis.call('PTTL', KEYS[3])
if limit > 0 then return {'limited', limit} end
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'lease', now + ARGV[4], 'waiters', 0,
  'row', rowText(opened(row, ask, now, tonumber(ARGV[3]))), 'before', row and rowText(row) or '')
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return {'lead'}`

/**
 * KEYS: the flight, the breaker of its origin.
 * ARGV: owner, channel, name of the flight, how long the origin is closed, life of the row, ask, roll, what became of
 * the flight (`done`, or a `SendResult`), the sealed result or what else there is to tell, life of the result.
 *
 * Answers `lost` where the intent is another's by now, `ended`, or `settled`: how many others waited, the row (empty:
 * none is left) and the instant it is told at.
 */
export const FINISH = `${LEDGER}${NOW}
local f = redis.call('HMGET', KEYS[1], 'state', 'owner', 'row', 'before', 'waiters')
if tonumber(ARGV[4]) > 0 then redis.call('SET', KEYS[2], '1', 'PX', ARGV[4]) end
if f[1] == 'ended' then return {'ended'} end
local row, kind, detail = readRow(f[3]), ARGV[8], ARGV[9]
if not row or not row.openUntil or f[2] ~= ARGV[1] then return {'lost'} end
local left
if kind == 'done' then
  redis.call('HSET', KEYS[1], 'state', 'done', 'at', now, 'result', detail)
  redis.call('HDEL', KEYS[1], 'row', 'before')
  redis.call('PEXPIRE', KEYS[1], ARGV[10])
else
  left = settled(row, readRow(f[4]), kind, detail, readAsk(ARGV[6], now), now, tonumber(ARGV[7]))
  if left then
    redis.call('HSET', KEYS[1], 'row', rowText(left))
    redis.call('PEXPIRE', KEYS[1], ARGV[5])
  else
    redis.call('DEL', KEYS[1])
  end
end
redis.call('PUBLISH', ARGV[2], ARGV[3] .. ' ' .. kind .. ' ' .. (kind == 'done' and detail or ''))
return {'settled', tonumber(f[5]), left and rowText(left) or '', number(now)}`

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
