import { describe, expect, test } from 'vitest'
import type { SessionContext, SessionFacts, SessionInput } from '../../machines/session.context.ts'
import type { SessionEvent } from '../../machines/session.events.ts'
import { guards } from '../../machines/session.guards.ts'
import type { SessionStateName } from '../../machines/session.types.ts'
import { begin, factsOf, instants, LOGIN, play, step } from './chart.ts'

const { mid, lead, early, later, end, long } = instants
const flight = { epoch: 1, version: 1 }
const checked = (at: number): SessionEvent => ({ type: 'time.checked', at })
const asked = (by: 'caller' | 'user' | 'force', at: number): SessionEvent => ({
  type: 'refresh.asked',
  by,
  at,
})
const user = (idle: boolean, at: number): SessionEvent => ({ type: 'user.changed', idle, at })
const refused = (at: number, notBefore = 0): SessionEvent => ({
  type: 'refresh.refused',
  ...flight,
  roll: 1,
  notBefore,
  at,
})
const unknown = (at: number): SessionEvent => ({
  type: 'refresh.unknown',
  ...flight,
  roll: 0,
  resend: 'afterBearerEnds',
  answered: true,
  at,
})
const restored = (at: number): SessionEvent => ({ type: 'network.restored', at })
const after = (input: SessionInput, ...events: SessionEvent[]) =>
  play({ facts: factsOf(), ...input }, ...events).value
/** A login that was renewed: its floor ends five seconds after it. */
const renewed = (more: Partial<SessionFacts> = {}): SessionInput => ({
  facts: factsOf({ version: 2, ...more }),
})

describe('the instant itself counts', () => {
  test.each<[string, number, SessionInput, ((at: number) => SessionEvent)[]]>([
    ['the end of the floor', LOGIN + 5_000, renewed(), [(at) => asked('force', at)]],
    ['the lead, for a caller under onDemand', lead, { policy: 'onDemand' }, [(at) => asked('caller', at)]],
    ['the end of the backoff', mid + 1_000, {}, [() => asked('force', mid), () => refused(mid), checked]],
    [
      'the end of the backoff, for the user',
      mid + 1_000,
      {},
      [() => asked('force', mid), () => refused(mid), (at) => asked('user', at)],
    ],
    [
      'the end of Retry-After, for a network that is back',
      later,
      {},
      [() => asked('force', mid), () => refused(mid, later), restored],
    ],
  ])('%s', (_, at, input, way) => {
    const until = (instant: number) => after(input, ...way.map((make) => make(instant)))
    expect(until(at - 1)).not.toBe('refreshing')
    expect(until(at)).toBe('refreshing')
  })

  test('the next look into the store, after which the next but one is later', () => {
    const held = play({ facts: factsOf(), shared: true }, asked('force', mid), refused(mid, long))
    const { rereadAt, attempts } = held.context
    const looks = (at: number) => step(held, checked(at)).actions.some(({ type }) => type === 'reread')
    expect([looks(rereadAt - 1), looks(rereadAt)]).toEqual([false, true])
    const { context } = step(held, checked(rereadAt)).after
    expect(context).toMatchObject({ attempts: attempts + 1, rereadAt: rereadAt + 2_000 })
  })
})

describe('what does not refresh', () => {
  test.each<[string, SessionStateName, SessionInput, SessionEvent[]]>([
    [
      'a caller under prompt, inside the lead',
      'nearingExpiry',
      { policy: 'prompt' },
      [checked(lead), asked('caller', later)],
    ],
    [
      'a user who is back, under onDemand',
      'nearingExpiry',
      { policy: 'onDemand' },
      [checked(lead), user(false, later)],
    ],
    [
      'a user who is back, under prompt',
      'nearingExpiry',
      { policy: 'prompt' },
      [checked(lead), user(false, later)],
    ],
    [
      'a network that is back before Retry-After has passed',
      'retrying',
      {},
      [checked(lead), refused(lead, later), restored(early)],
    ],
    [
      'a network that is back, in a doubt that waits for the end',
      'retrying',
      {},
      [checked(lead), unknown(lead), restored(later)],
    ],
    [
      'time, once the lead has begun, before the bearer has ended',
      'nearingExpiry',
      // A floor that ends inside the lead holds back the user who returns.
      renewed({ floorAt: early + 100 }),
      [user(true, mid), checked(lead), user(false, early), checked(later), checked(end - 1)],
    ],
  ])('%s', (_, state, input, events) => {
    expect(after(input, ...events)).toBe(state)
  })
})

describe('a user who stays away ends the session as idle, whatever else would have ended it', () => {
  const input = { idleTimeoutMs: long - LOGIN }
  const gone = { ...input, facts: factsOf({ refreshable: false, endsAt: Infinity, leadAt: lead }) }
  test.each<[SessionStateName, SessionInput, SessionEvent[]]>([
    ['active', { ...input, facts: factsOf({ refreshable: false, leadAt: Infinity }) }, []],
    ['nearingExpiry', gone, [checked(lead)]],
    ['refreshing', input, [checked(lead), unknown(lead), checked(end)]],
    ['retrying', input, [checked(lead), unknown(lead)]],
  ])('%s', (state, start, events) => {
    const before = play({ facts: factsOf(), ...start }, ...events)
    expect(before.value).toBe(state)
    expect(step(before, checked(long)).after).toMatchObject({ value: 'expired', context: { reason: 'idle' } })
  })
})

describe('an answer to a call with the present bearer', () => {
  const fresh = begin({ facts: factsOf({ version: 2 }) }).context
  const answer = (type: 'bearer.rejected' | 'bearer.accepted', at: number, more: object = {}) =>
    ({ type, epoch: 1, version: 2, at, ...more }) as SessionEvent
  type Guard = 'isRejectedForGood' | 'isRejectedPastFloor' | 'isCleared'
  const judged = (guard: Guard, change: Partial<SessionContext>, at = mid) =>
    guards[guard]({
      context: { ...fresh, ...change },
      event: answer(guard === 'isCleared' ? 'bearer.accepted' : 'bearer.rejected', at),
    })

  test.each<[Guard, Partial<SessionContext>, boolean]>([
    ['isRejectedForGood', {}, false],
    ['isRejectedForGood', { refreshable: false }, true],
    ['isRejectedForGood', { refreshable: false, accepted: true }, false],
    ['isRejectedForGood', { refreshable: false, accepted: true, bearer: 'ended' }, true],
    ['isRejectedForGood', { refreshable: false, reason: 'idle' }, false],
    ['isRejectedPastFloor', {}, true],
    ['isRejectedPastFloor', { floorAt: mid }, true],
    ['isRejectedPastFloor', { floorAt: mid + 1 }, false],
    ['isRejectedPastFloor', { rejectFloorAt: mid }, true],
    ['isRejectedPastFloor', { rejectFloorAt: mid + 1 }, false],
    ['isRejectedPastFloor', { refreshable: false }, false],
    ['isCleared', {}, false],
    ['isCleared', { bearer: 'none' }, false],
    ['isCleared', { bearer: 'rejected' }, true],
    ['isCleared', { bearer: 'rejected', endsAt: mid }, false],
    ['isCleared', { bearer: 'rejected', attempts: 1 }, false],
    ['isCleared', { bearer: 'rejected', useless: 1 }, false],
    ['isCleared', { bearer: 'rejected', attempts: 1, useless: 1 }, false],
  ])('%s with %j: %s', (guard, change, is) => {
    expect(judged(guard, change)).toBe(is)
  })

  test.each([
    [{ epoch: 2 }, false],
    [{ version: 1 }, false],
    [{ version: 3 }, false],
    [{}, true],
  ])('is one of its version: %j', (more, is) => {
    expect(guards.isAnswer({ context: fresh, event: answer('bearer.accepted', mid, more) })).toBe(is)
  })
})
