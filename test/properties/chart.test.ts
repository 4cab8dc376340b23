import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isSpent, nextDeadline } from '../../machines/session.deadlines.ts'
import type { SessionEvent } from '../../machines/session.events.ts'
import { NEVER } from '../../machines/session.instants.ts'
import { begin, LOGIN, type Snapshot, step } from '../machine/chart.ts'
import { inputs, instantOf, type Move, moves } from '../machine/walks.ts'

interface Step {
  readonly before: Snapshot
  readonly event: SessionEvent
  readonly after: Snapshot
}

const isSame = ({ before, after }: Step) =>
  before.value === after.value && isDeepStrictEqual(before.context, after.context)

/** Walks the chart; between two moves the alarm rings whenever it would, if `alarm`. */
function* walk(start: Snapshot, way: readonly Move[], alarm: boolean): Generator<Step> {
  let now = LOGIN
  let snapshot = start
  const go = (event: SessionEvent): Step => {
    const before = snapshot
    snapshot = step(before, event).after
    return { before, event, after: snapshot }
  }
  const next = () => nextDeadline(snapshot.value, snapshot.context)
  for (const { after, make } of way) {
    const { context: c } = snapshot
    const known = { deadline: next(), lead: c.leadAt, end: c.endsAt, floor: c.floorAt }
    const at = instantOf(after, now, known)
    while (alarm && next() <= at) {
      now = Math.max(now, Math.ceil(next()))
      const rung = go({ type: 'time.checked', at: now })
      yield rung
      if (isSame(rung) && next() <= now)
        throw new Error(`The alarm rings without end in ${rung.after.value}.`)
    }
    now = Math.max(now, at)
    yield go(make(now, snapshot.context))
  }
}

const RUNS = Number(process.env.PROPERTY_RUNS ?? 1)

/** Every walk under test, with and without the alarm. */
const everyWalk = (check: (steps: Iterable<Step>, start: Snapshot) => void, numRuns = 1_000) =>
  fc.assert(
    fc.property(inputs, moves, fc.boolean(), (input, way, alarm) => {
      const start = begin(input)
      check(walk(start, way, alarm), start)
    }),
    { numRuns: Math.ceil(numRuns * RUNS) },
  )

const LEGAL: Record<string, Record<string, readonly string[]>> = {
  'session.started': { '*': ['active', 'retrying'] },
  'session.ended': { '*': ['loggedOut'] },
  'session.renewed': {
    active: ['active', 'retrying', 'expired'],
    nearingExpiry: ['active', 'retrying', 'expired'],
    refreshing: ['active', 'retrying', 'expired'],
    retrying: ['active', 'retrying', 'expired'],
    expired: ['active', 'retrying'],
  },
  'refresh.asked': { active: ['refreshing'], nearingExpiry: ['refreshing'], retrying: ['refreshing'] },
  'bearer.rejected': {
    active: ['refreshing', 'retrying', 'expired'],
    nearingExpiry: ['refreshing', 'retrying', 'expired'],
    retrying: ['expired'],
  },
  'bearer.accepted': { retrying: ['active'] },
  'time.checked': {
    active: ['refreshing', 'nearingExpiry', 'expired'],
    nearingExpiry: ['refreshing', 'expired'],
    refreshing: ['expired'],
    retrying: ['refreshing', 'expired'],
  },
  'user.changed': { nearingExpiry: ['refreshing'] },
  'network.restored': { retrying: ['refreshing'] },
  'refresh.refused': { refreshing: ['retrying'] },
  'refresh.unknown': { refreshing: ['retrying', 'expired'] },
  'refresh.rejected': {
    active: ['expired'],
    nearingExpiry: ['expired'],
    refreshing: ['expired'],
    retrying: ['expired'],
  },
  'refresh.unsupported': { refreshing: ['active', 'nearingExpiry', 'expired'] },
}

describe('any walk through the chart', () => {
  test('I17: only edges of the published table; nothing but a login leaves loggedOut; no error', () => {
    everyWalk((steps) => {
      for (const { before, event, after } of steps) {
        expect(after.status).toBe('active')
        if (before.value === after.value) continue
        const rows = LEGAL[event.type] ?? {}
        expect(rows['*'] ?? rows[before.value], `${event.type} in ${before.value}`).toContain(after.value)
        if (before.value === 'loggedOut') expect(event.type).toBe('session.started')
      }
    }, 2_000)
  })

  test('I28: the alarm never rings twice for nothing, and rings a bounded number of times at one instant', () => {
    everyWalk((steps) => {
      let instant = 0
      let rings = 0
      for (const { event, after } of steps) {
        if (event.type !== 'time.checked' || event.at !== instant) rings = 0
        instant = event.at
        if (++rings > 6) throw new Error(`The alarm rings again and again in ${after.value}.`)
      }
    }, 2_000)
  })

  test('U33: every fact survives JSON, and no instant is no number', () => {
    everyWalk((steps) => {
      for (const { after } of steps) {
        const { context } = after
        expect(JSON.parse(JSON.stringify(context))).toEqual(context)
        const wrong = Object.entries(context).filter(
          ([, value]) => typeof value === 'number' && !(value <= NEVER),
        )
        expect(wrong).toEqual([])
      }
    }, 200)
  })

  test('I28: looking at the clock when the deadline comes changes something, or moves the deadline on', () => {
    everyWalk((steps) => {
      for (const { event, after } of steps) {
        const deadline = nextDeadline(after.value, after.context)
        expect(deadline).not.toBeNaN()
        if (deadline === NEVER) continue
        const at = Math.ceil(Math.max(deadline, event.at))
        const rung = step(after, { type: 'time.checked', at }).after
        const isChanged = rung.value !== after.value || !isDeepStrictEqual(rung.context, after.context)
        expect(isChanged || nextDeadline(rung.value, rung.context) > deadline, after.value).toBe(true)
      }
    })
  })

  test('I26: a session that is alive never waits for nobody, unless its policy or its user says so', () => {
    everyWalk((steps) => {
      for (const { event, after } of steps) {
        const { context: c, value } = after
        if (['loggedOut', 'expired', 'refreshing'].includes(value)) continue
        // Under `onDemand` and while idle the next caller decides; an unknown end is told by a 401 alone.
        const isHeld = c.policy === 'onDemand' || c.idle || (c.bearer === 'good' && c.endsAt === NEVER)
        const isHolding = c.doubt?.resend === 'never'
        if (!isHeld && !isHolding)
          expect(nextDeadline(value, c), `${value} at ${event.at}`).toBeLessThan(NEVER)
      }
    })
  })

  test('I14: expired carries a reason whose cause is there', () => {
    everyWalk((steps, start) => {
      let doubts = 0
      let answers = 0
      let resend: unknown
      let unsupported = false
      let version = start.context.version
      for (const { before, event, after } of steps) {
        if (before.value === 'refreshing' && event.type === 'refresh.unknown') {
          const c = before.context
          if (event.epoch === c.epoch && event.version === c.version) {
            doubts += 1
            answers = after.context.doubt?.answers ?? 0
          }
          resend = event.resend
        }
        if (before.value === 'refreshing' && event.type === 'refresh.unsupported')
          unsupported ||= event.version === before.context.version && event.epoch === before.context.epoch
        if (after.value === 'expired' && before.value !== 'expired') {
          const { reason } = after.context
          const c = before.context
          const isRejected = event.type === 'refresh.rejected' && event.reason === reason
          const isLast = event.type === 'session.renewed' && !event.facts.refreshable
          const isGone = isSpent(c, event.at) || event.type === 'bearer.rejected'
          const causes: Record<string, boolean> = {
            refreshRejected: isRejected || (answers > 3 && isGone),
            refreshOutcomeUnknown: doubts > 0 && isGone,
            accessRevoked: isRejected,
            refreshUnsupported: unsupported && isGone,
            notRefreshable: (!c.refreshable || isLast) && isGone,
            idle: event.at >= c.idleEndsAt || (c.policy === 'prompt' && event.at >= c.endsAt),
            absoluteLifetime: event.at >= c.absoluteEndsAt,
            unusableLifetime: (event.type === 'session.renewed' ? c.useless + 1 : c.useless) > 2 && isGone,
          }
          expect(causes[reason ?? 'none'], `${reason} after ${event.type} in ${before.value}`).toBe(true)
          if (doubts > 0 && reason === 'refreshOutcomeUnknown')
            expect(resend, 'given up though it may be sent again').not.toBe('afterBearerEnds')
        }
        if (after.context.version !== version || event.type === 'session.started') {
          version = after.context.version
          doubts = 0
          answers = 0
          unsupported = false
        }
      }
    })
  })

  test('I18: versions of an epoch only grow, and a session that is over stays over but for one newer version', () => {
    everyWalk((steps) => {
      for (const { before, event, after } of steps) {
        const b = before.context
        const a = after.context
        if (event.type !== 'session.started') {
          expect(a.epoch).toBe(b.epoch)
          expect(a.version).toBeGreaterThanOrEqual(b.version)
        }
        if (before.value === 'expired' && after.value !== 'expired' && event.type === 'session.renewed') {
          expect(['refreshRejected', 'refreshOutcomeUnknown']).toContain(b.reason)
          expect(a.version).toBeGreaterThan(b.version)
        }
        if (after.value === 'loggedOut' || after.value === 'expired') {
          expect(a.bearer).toBe('none')
          expect(a.reason).not.toBeNull()
        } else expect(a.reason).toBeNull()
      }
    })
  })

  test('I12: flights of one version keep their floor, their backoff and their Retry-After', () => {
    everyWalk((steps) => {
      for (const { before, event, after } of steps) {
        if (after.value !== 'refreshing' || before.value === 'refreshing') continue
        const c = before.context
        // Five seconds after the last attempt somebody who asks is heard, a network that is back at once.
        const isAsked = c.isHurried || event.type === 'refresh.asked'
        if (before.value === 'retrying' && event.type !== 'network.restored')
          expect(event.at).toBeGreaterThanOrEqual(
            isAsked ? Math.min(c.retryAt, c.triedAt + 5_000) : c.retryAt,
          )
        if (before.value === 'retrying') expect(event.at).toBeGreaterThanOrEqual(c.heldUntil)
        else expect(event.at).toBeGreaterThanOrEqual(Math.min(c.floorAt, c.refreshAt))
      }
    })
  })

  test('I1: in doubt nothing is sent while the bearer is good, under never nothing at all, within a window once', () => {
    everyWalk((steps) => {
      for (const { before, event, after } of steps) {
        if (after.value !== 'refreshing' || before.value === 'refreshing') continue
        const c = event.type === 'bearer.rejected' ? after.context : before.context
        const { doubt } = c
        if (!doubt) continue
        expect(doubt.resend).not.toBe('never')
        if (doubt.resend === 'afterBearerEnds') {
          expect(isSpent(c, event.at)).toBe(true)
          expect(doubt.answers).toBeLessThan(4)
        } else if (typeof doubt.resend === 'object') {
          expect(doubt.sends).toBe(1)
          expect(event.at).toBeLessThanOrEqual(doubt.since + doubt.resend.withinMs)
        }
      }
    })
  })
})
