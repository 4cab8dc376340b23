import { NEVER } from '../../machines/session.instants.ts'

/**
 * How one flight is kept: as one text, because Redis writes and finds a text in a third of the time of a hash. Its parts
 * are separated by `|`:
 *
 * - `ended`: after a logout.
 * - `done`, since when, the sealed result: its token is spent.
 * - `first`, owner, since when, the wait after it, life of the intent, of the lease: the first send of a new token. All
 *   spans are as they were sent, so that the script need not format a number.
 * - `sent`, owner, end of the lease, waiters, place in the line, row, the row before the send.
 *
 * These functions read and write the last two. Any other text is damaged: it stands for a row that cannot be read, so that
 * its token is not sent as if it were new. Needs `number` of the ledger's script.
 */
export const FLIGHT = `
local function flightOf(text)
  local list = {}
  for part in string.gmatch((text or '') .. '|', '([^|]*)|') do list[#list + 1] = part end
  local at, wait, open, lease = tonumber(list[3]), tonumber(list[4]), tonumber(list[5]), tonumber(list[6])
  if list[1] == 'first' and at and wait and open and lease then
    local row = string.format('1 %.17g 0 ${NEVER} %.17g %.17g 0 %.17g -', at, at, at + wait, at + open)
    return {owner = list[2], lease = at + lease, waiters = 0, place = math.huge, row = row, before = ''}
  end
  return {owner = list[2] or '', lease = tonumber(list[3]) or 0, waiters = tonumber(list[4]) or 0,
    place = tonumber(list[5]) or math.huge, row = list[1] == 'sent' and list[6] or text or '', before = list[7] or ''}
end

local function flightText(f)
  return table.concat({'sent', f.owner, number(f.lease), f.waiters, number(f.place), f.row, f.before}, '|')
end
`
