import { NEVER } from '../../machines/session.instants.ts'
import {
  CLOSED,
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
local CLOSED = {${Object.keys(CLOSED)
  .map((word) => `${word} = true`)
  .join(', ')}}

local function number(n) return string.format('%.17g', n) end

local function words(text)
  local list = {}
  for word in string.gmatch(text, '%S+') do list[#list + 1] = word ~= '-' and word end
  return list
end

local function isReadable(row)
  for _, name in ipairs(NAMES) do
    local n = row[name]
    -- Neither infinite nor no number at all.
    if n and n - n ~= 0 or not n and name ~= 'openUntil' then return false end
  end
  for _, count in ipairs({row.sends, row.answers}) do
    if count < 0 or count > ${Number.MAX_SAFE_INTEGER} or count ~= math.floor(count) then return false end
  end
  return not row.closed or CLOSED[row.closed] == true
end

local function readRow(text)
  if not text or text == '' then return nil end
  local list, row = words(text), {}
  row.closed = table.remove(list) or nil
  for i, name in ipairs(NAMES) do row[name] = list[i] and tonumber(list[i]) or nil end
  if row.openUntil and not (row.openUntil >= 0) then row.openUntil = nil end
  if isReadable(row) then return row end
  return {sends = 1, since = 0, answers = 0, answeredSince = NEVER, sentAt = 0, notBefore = 0, heldUntil = 0}
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
