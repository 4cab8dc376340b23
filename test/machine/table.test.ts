import { describe, expect, test } from 'vitest'
import type { SessionFacts, SessionInput } from '../../machines/session.context.ts'
import { isSpent, nextDeadline } from '../../machines/session.deadlines.ts'
import type { SessionEvent } from '../../machines/session.events.ts'
import { sessionMachine } from '../../machines/session.machine.ts'
import type { SessionStateName } from '../../machines/session.types.ts'
import { ada, begin, factsOf, type Instant, instants, LOGIN, play, renewalAt, step, told } from './chart.ts'
import { type Setting, type Situation, settings, variants } from './situations.ts'
import { tables } from './tables.ts'

interface Table {
  readonly name: string
  readonly states: SessionStateName[]
  readonly rows: { readonly event: string; readonly cells: string[] }[]
}

function read(text: string): Table {
  const [head = [], , ...rows] = text.split('\n').map((line) => line.split('|').map((cell) => cell.trim()))
  return {
    name: head[0] ?? '',
    states: head.slice(1) as SessionStateName[],
    rows: rows.map(([event = '', ...cells]) => ({ event, cells })),
  }
}

const published = tables.trim().split('\n\n').map(read)
const byName: Record<string, Setting> = settings
const eager = published[0] as Table

/** `refresh.asked caller @early`: the event, its variant, the instant. */
function readRow(row: string) {
  const [name = '', instant = ''] = row.split(' @')
  const [type = '', ...words] = name.split(' ')
  const known: Record<string, Record<string, object>> = variants
  const fields = known[type]?.[words.join(' ')]
  if (!fields || !(instant in instants)) throw new Error(`No such event: ${row}`)
  return { type, event: { type, ...fields, at: instants[instant as Instant] } as SessionEvent }
}

function cellOf(setting: Setting, state: SessionStateName, row: string): string {
  const { event } = readRow(row)
  const situation = setting[state]
  return situation && event.at >= situation.since ? told(situation.snapshot, event) : '-'
}

describe('every event in every state (I17)', () => {
  for (const { name, states, rows } of published)
    test(name, () => {
      const setting = byName[name] as Setting
      for (const state of states) expect(setting[state]?.snapshot.value ?? state).toBe(state)
      for (const { event, cells } of rows) {
        expect(cells, `${name}: the cells of ${event}`).toHaveLength(states.length)
        for (const [index, cell] of cells.entries()) {
          const state = states[index] as SessionStateName
          expect.soft(cellOf(setting, state, event), `${name}: ${event} in ${state}`).toBe(cell)
        }
      }
    })

  test('the table has a column for every state and a row for every event', () => {
    expect(eager.states.toSorted()).toEqual(Object.keys(sessionMachine.states).toSorted())
    const events = sessionMachine.events.filter((type) => !type.startsWith('xstate.'))
    expect(Object.keys(variants).toSorted()).toEqual(events.toSorted())
    const named = new Set(eager.rows.map(({ event }) => event.split(' @')[0]))
    for (const [type, ways] of Object.entries(variants))
      for (const way of Object.keys(ways)) expect(named).toContain(`${type} ${way}`.trim())
    expect(published.map(({ name }) => name)).toEqual(Object.keys(settings))
  })

  test('in the usual setting every state is reached, and no cell is left out but for time', () => {
    for (const { event, cells } of eager.rows) {
      const { at } = readRow(event).event
      for (const [index, cell] of cells.entries()) {
        const state = eager.states[index] as SessionStateName
        expect(cell === '-', `${event} in ${state}`).toBe(at < (settings.eager[state]?.since ?? Infinity))
      }
    }
  })

  test('what a table does not name happens nowhere: every variant at every instant stays on its edges', () => {
    const edges = new Set<string>()
    for (const setting of Object.values(byName))
      for (const [state, situation] of Object.entries(setting))
        for (const [type, ways] of Object.entries(variants))
          for (const fields of Object.values(ways))
            for (const at of Object.values(instants)) {
              if (at < situation.since) continue
              const { after } = step(situation.snapshot, { type, ...fields, at } as SessionEvent)
              if (after.value !== state || after.context.version !== situation.snapshot.context.version)
                edges.add(`${type}: ${state} > ${after.value}`)
            }
    expect([...edges].toSorted()).toEqual(EDGES)
  })
})

/** The table of the design, as edges. */
const EDGES = [
  ...['active', 'nearingExpiry', 'refreshing', 'retrying', 'expired', 'loggedOut'].map(
    (state) => `session.started: ${state} > active`,
  ),
  ...['active', 'nearingExpiry', 'refreshing', 'retrying', 'expired'].flatMap((state) => [
    `session.ended: ${state} > loggedOut`,
    `session.restored: ${state} > loggedOut`,
    `session.renewed: ${state} > active`,
  ]),
  ...['active', 'nearingExpiry', 'refreshing', 'retrying', 'expired'].map(
    (state) => `session.renewed: ${state} > retrying`,
  ),
  ...['active', 'nearingExpiry', 'refreshing', 'retrying', 'expired'].map(
    (state) => `session.renewed: ${state} > expired`,
  ),
  'bearer.accepted: retrying > active',
  'bearer.rejected: active > retrying',
  ...['active', 'nearingExpiry', 'retrying'].flatMap((state) => [
    `refresh.asked: ${state} > refreshing`,
    `time.checked: ${state} > refreshing`,
    `time.checked: ${state} > expired`,
    `bearer.rejected: ${state} > expired`,
  ]),
  'time.checked: active > nearingExpiry',
  'time.checked: refreshing > expired',
  'bearer.rejected: active > refreshing',
  'bearer.rejected: nearingExpiry > refreshing',
  'user.changed: nearingExpiry > refreshing',
  'network.restored: retrying > refreshing',
  'refresh.refused: refreshing > retrying',
  'refresh.unknown: refreshing > retrying',
  'refresh.unknown: refreshing > expired',
  ...['active', 'nearingExpiry', 'refreshing', 'retrying'].map(
    (state) => `refresh.rejected: ${state} > expired`,
  ),
  'refresh.unsupported: refreshing > active',
  'refresh.unsupported: refreshing > nearingExpiry',
  'refresh.unsupported: refreshing > expired',
].toSorted()

describe('the start', () => {
  const reading = (input?: SessionInput) => {
    const { value, context } = begin(input ?? {})
    return { value, pending: context.pending, reason: context.reason, user: context.user }
  }

  test('with facts it is active, with null logged out, without either pending', () => {
    expect(reading({ facts: factsOf() })).toEqual({
      value: 'active',
      pending: false,
      reason: null,
      user: ada,
    })
    expect(reading({ facts: null })).toEqual({
      value: 'loggedOut',
      pending: false,
      reason: 'never',
      user: null,
    })
    expect(reading()).toEqual({ value: 'loggedOut', pending: true, reason: 'never', user: null })
  })

  test('a session that is still unknown is settled by an end or by a login', () => {
    const ended = step(begin({}), { type: 'session.ended', reason: 'never', at: LOGIN }).after
    expect(ended.context).toEqual(begin({ facts: null }).context)
    const started = step(begin({}), { type: 'session.started', facts: factsOf(), at: LOGIN }).after
    expect(started.context).toEqual(begin({ facts: factsOf() }).context)
  })

  test('facts that ended long ago start active, and the first look at the clock refreshes (T3)', () => {
    const late = play({ facts: factsOf(), at: instants.long }, { type: 'time.checked', at: instants.long })
    expect(late).toMatchObject({ value: 'refreshing', context: { bearer: 'ended' } })
  })
})

describe('the flight', () => {
  test('entering refreshing starts one actor with provider, position and what speaks for the send, and nothing else', () => {
    for (const setting of Object.values(byName))
      for (const situation of Object.values(setting))
        for (const [type, ways] of Object.entries(variants))
          for (const fields of Object.values(ways))
            for (const at of Object.values(instants)) {
              if (at < situation.since) continue
              const { after, actions } = step(situation.snapshot, { type, ...fields, at } as SessionEvent)
              const spawned = actions.filter((action) => action.type === 'xstate.spawnChild')
              // What lives as long as the machine starts anew with it.
              if (type === 'session.restored') expect(spawned).toHaveLength(2)
              if (type === 'session.restored') continue
              const entered = after.value === 'refreshing' && situation.snapshot.value !== 'refreshing'
              expect(spawned).toHaveLength(entered ? 1 : 0)
              if (!entered) continue
              const { input } = spawned.map(({ params }) => params as { input: { session: unknown } })[0] ?? {
                input: { session: 0 },
              }
              const { session, ...rest } = input
              const { provider, kind, epoch, version, doubt, isHurried, rejections } = after.context
              const spent = isSpent(after.context, at)
              expect(rest).toEqual({
                provider,
                kind,
                epoch,
                version,
                doubt,
                isHurried,
                rejections,
                isSpent: spent,
              })
            }
  })

  test('the third useless renewal in a row ends the session, a good one in between starts the count anew (T11)', () => {
    const start = instants.end
    const asked: SessionEvent = { type: 'refresh.asked', by: 'force', at: start }
    const renewed = (version: number, at: number, lifeMs: number): SessionEvent => ({
      type: 'session.renewed',
      facts: renewalAt(at, version, lifeMs),
      at,
    })
    const checked = (at: number): SessionEvent => ({ type: 'time.checked', at })
    const dead = (version: number) => renewed(version, start + 15_000, 1_000)
    const good = renewed(4, start + 15_000, 60_000)
    const input: SessionInput = { facts: factsOf() }
    const first = [asked, renewed(2, start, 1_000), checked(start + 5_000)]
    const twice = play(input, ...first, renewed(3, start + 5_000, 1_000), checked(start + 15_000))
    expect(twice).toMatchObject({ value: 'refreshing', context: { useless: 2 } })
    expect(step(twice, dead(4)).after).toMatchObject({
      value: 'expired',
      context: { reason: 'unusableLifetime', bearer: 'none' },
    })
    expect(step(twice, good).after).toMatchObject({ value: 'active', context: { useless: 0 } })
  })

  /** A renewal that brings a refresh token and nothing else. */
  const bare = (version: number, at: number, more: Partial<SessionFacts> = {}): SessionEvent => ({
    type: 'session.renewed',
    facts: factsOf({ version, bearer: 'none', endsAt: at, floorAt: at + 5_000, ...more }),
    at,
  })
  const askedAt = (at: number): SessionEvent => ({ type: 'refresh.asked', by: 'force', at })
  const checkedAt = (at: number): SessionEvent => ({ type: 'time.checked', at })

  test('U51: three renewals in a row without a usable bearer end the session once the old bearer is spent (A9)', () => {
    const { end, mid } = instants
    const spent = play(
      { facts: factsOf() },
      ...[askedAt(end), bare(2, end), checkedAt(end + 5_000)],
      ...[bare(3, end + 5_000), checkedAt(end + 15_000)],
    )
    expect(spent).toMatchObject({ value: 'refreshing', context: { bearer: 'ended', useless: 2 } })
    expect(step(spent, bare(4, end + 15_000)).after).toMatchObject({
      value: 'expired',
      context: { reason: 'unusableLifetime' },
    })
    const good = play(
      { facts: factsOf() },
      ...[askedAt(mid), bare(2, mid), checkedAt(mid + 5_000)],
      ...[bare(3, mid + 5_000), checkedAt(mid + 15_000), bare(4, mid + 15_000)],
    )
    expect(good).toMatchObject({ value: 'retrying', context: { bearer: 'good', endsAt: end, useless: 3 } })
    expect(step(good, checkedAt(end)).after).toMatchObject({
      value: 'expired',
      context: { reason: 'unusableLifetime' },
    })
  })

  test.each([
    ['by our own flight', 'refreshing'],
    ['by a peer, while all is well', 'active'],
    ['by a peer, while a refresh is due', 'nearingExpiry'],
    ['by a peer, in a backoff', 'retrying'],
  ] as const)('U38: a renewal without a bearer keeps the old one and retries, %s', (_, state) => {
    const { snapshot } = settings.eager[state] as Situation
    const { context: before } = snapshot
    const after = step(snapshot, bare(3, instants.early)).after
    const { bearer, bearerVersion, endsAt, leadAt } = before
    expect(after).toMatchObject({
      value: 'retrying',
      context: { version: 3, bearer, bearerVersion, endsAt, leadAt },
    })
    expect(after.context.retryAt).toBe(instants.early + 5_000)
  })

  test.each(['rejected', 'ended'] as const)('U43: a bearer that is %s is not resurrected', (bearer) => {
    const at = instants.end
    const way: SessionEvent[] = [
      askedAt(instants.lead),
      bearer === 'rejected'
        ? { type: 'bearer.rejected', epoch: 1, version: 1, at: instants.lead }
        : checkedAt(at),
    ]
    const after = play({ facts: factsOf() }, ...way, bare(2, at, { bearer: 'good', bearerVersion: 1 }))
    expect(after).toMatchObject({ value: 'retrying', context: { version: 2, bearer, bearerVersion: 1 } })
  })

  test('U43: a 401 counts for the bearer, whatever renewals there were without one', () => {
    const { mid } = instants
    const kept = play(
      { facts: factsOf() },
      askedAt(mid),
      bare(2, mid),
      checkedAt(mid + 5_000),
      bare(3, mid + 5_000),
    )
    for (const version of [1, 2, 3]) {
      const event: SessionEvent = { type: 'bearer.rejected', epoch: 1, version, at: mid + 6_000 }
      expect(step(kept, event).after.context.bearer).toBe('rejected')
    }
    for (const version of [0, 4]) {
      const event: SessionEvent = { type: 'bearer.rejected', epoch: 1, version, at: mid + 6_000 }
      expect(step(kept, event).after).toEqual(kept)
    }
  })

  test('U43: what leaves nothing to refresh with serves to the end of the old bearer', () => {
    const { mid, end } = instants
    const last = play({ facts: factsOf() }, askedAt(mid), bare(2, mid, { refreshable: false }))
    expect(last).toMatchObject({ value: 'retrying', context: { bearer: 'good' } })
    expect(nextDeadline('retrying', last.context)).toBe(end)
    expect(step(last, checkedAt(end)).after).toMatchObject({
      value: 'expired',
      context: { reason: 'notRefreshable' },
    })
  })

  test('U36: a session that is found in doubt is retrying, and sends when that is permitted', () => {
    const doubt = {
      sends: 2,
      since: LOGIN,
      answers: 1,
      answeredSince: LOGIN,
      resend: 'afterBearerEnds',
    } as const
    const at = instants.end
    const facts = factsOf({ doubt, retryAt: at + 7_000 })
    const found = play({}, { type: 'session.started', facts, at })
    expect(found).toMatchObject({ value: 'retrying', context: { doubt, retryAt: at + 7_000 } })
    expect(begin({ facts, at })).toMatchObject({ value: 'retrying', context: { doubt } })
    expect(step(found, checkedAt(at + 6_999)).after.value).toBe('retrying')
    expect(step(found, checkedAt(at + 7_000)).after.value).toBe('refreshing')
  })

  test('four ambiguous answers over at least two minutes end a session whose bearer ended, not fewer, not sooner', () => {
    let snapshot = play({ facts: factsOf() }, { type: 'time.checked', at: instants.end })
    let at = instants.end
    const sends = [at]
    while (snapshot.value !== 'expired') {
      if (snapshot.value === 'refreshing') {
        const event = { type: 'refresh.unknown', epoch: 1, version: 1, roll: 0, at } as const
        snapshot = step(snapshot, { ...event, resend: 'afterBearerEnds', answered: true }).after
      } else {
        at += 500
        snapshot = step(snapshot, { type: 'time.checked', at }).after
        if (snapshot.value === 'refreshing') sends.push(at)
      }
    }
    expect(sends.map((send) => send - instants.end)).toEqual([0, 10_000, 40_000, 120_000])
    expect(snapshot.context.reason).toBe('refreshRejected')
  })

  test('doubt survives a refusal and ends with a newer version only', () => {
    const at = instants.end
    const flight = { epoch: 1, version: 1, roll: 0, at }
    const unsure = play(
      { facts: factsOf() },
      { type: 'time.checked', at },
      { type: 'refresh.unknown', ...flight, resend: 'afterBearerEnds', answered: false },
      { type: 'time.checked', at: at + 15_000 },
      { type: 'refresh.refused', ...flight, at: at + 15_000 },
    )
    expect(unsure).toMatchObject({ value: 'retrying', context: { doubt: { sends: 1, since: at } } })
    const renewed = step(unsure, {
      type: 'session.renewed',
      facts: renewalAt(at + 15_000, 2),
      at: at + 15_000,
    }).after
    expect(renewed).toMatchObject({ value: 'active', context: { doubt: null, attempts: 0 } })
  })
})
