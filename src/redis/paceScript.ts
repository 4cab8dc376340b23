import { PACE } from '../coordination/pace.ts'

/** After a failover the clock may be an earlier one, and nobody must wait until it reaches the previous time. */
const AHEAD_MS = 5_000

/**
 * The functions of `coordination/pace.ts` in Lua, under the same names; a test compares them case by case. A pace is one
 * text, of `paceText.ts`. Needs `number` and `words` of the ledger's script.
 */
export const PACING = `
local UNLIMITED = ${PACE.unlimited}
local FIELDS = {'rate', 'threshold', 'tokens', 'at', 'queueAt', 'closedUntil', 'cutAt', 'wins', 'wonAt'}

local function freshPace(now)
  return {rate = UNLIMITED, threshold = UNLIMITED, tokens = 0, at = now, queueAt = 0, closedUntil = 0, cutAt = 0, wins = 0,
    wonAt = now}
end

local function readPace(text, now)
  if not text or text == '' then return freshPace(now) end
  local list, pace = words(text), {}
  for i, name in ipairs(FIELDS) do pace[name] = tonumber(list[i]) end
  if pace.at - now > ${AHEAD_MS} then return freshPace(now) end
  return pace
end

local function paceText(pace)
  local list = {}
  for i, name in ipairs(FIELDS) do list[i] = number(pace[name]) end
  return table.concat(list, ' ')
end

local function burst(rate) return math.max(1, rate / 10) end

local function enter(pace, placeAt, isEarly, now)
  local rate, closedUntil, queueAt = pace.rate, pace.closedUntil, pace.queueAt
  local function filled(at) return math.min(burst(rate), pace.tokens + (rate * math.max(at - pace.at, 0)) / 1000) end
  local tokens = filled(now)
  if now >= closedUntil then
    if rate >= UNLIMITED then return 0 end
    local isFree = queueAt <= now or tokens >= burst(rate)
    if isEarly or (tokens >= 1 and (placeAt <= now or isFree)) then
      pace.tokens, pace.at = math.max(tokens - 1, 0), now
      return 0
    end
  end
  if placeAt > now and placeAt >= closedUntil and placeAt <= queueAt then return placeAt - now end
  local opens, gap = math.max(now, closedUntil), 1000 / rate
  local first = opens + math.max(1 - filled(opens), 0) * gap
  local place = math.max(queueAt + gap, first)
  if place > opens + ${PACE.maxClosedMs} then place = opens + ${PACE.maxPlaceMs} end
  local behind, half = place - opens, ${PACE.maxPlaceMs / 2}
  if behind > ${PACE.maxPlaceMs} then behind = half + math.fmod(behind, half) end
  pace.tokens, pace.at, pace.queueAt = tokens, now, place
  return math.max(opens - now + behind, 1)
end

local function learned(pace, news, sentAt, now)
  local list = words(news)
  local wins = pace.wins * math.exp(-math.max(now - pace.wonAt, 0) / ${PACE.recentMs})
  if list[1] == 'won' then
    local grown = pace.rate + (pace.rate < pace.threshold and ${PACE.recovery} or ${PACE.increase})
    pace.rate = now - pace.cutAt > ${PACE.memoryMs} and UNLIMITED or math.min(grown, UNLIMITED)
    pace.wins, pace.wonAt = wins + 1, now
    return
  end
  local told = list[3] and tonumber(list[3])
  local closedMs = told or (list[2] == '1' and wins < 2 and ${PACE.untoldMs} or 0)
  pace.closedUntil = math.max(pace.closedUntil, now + math.min(closedMs, ${PACE.maxClosedMs}))
  if sentAt < pace.cutAt then return end
  pace.rate = math.max(${PACE.minRate}, math.min(pace.rate, wins) * ${PACE.decrease})
  pace.threshold = wins >= 1 and wins * ${PACE.decrease} or pace.threshold
  pace.tokens, pace.at, pace.cutAt, pace.wins, pace.wonAt = 0, now, now, wins, now
end
`
