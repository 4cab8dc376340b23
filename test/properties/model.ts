import fc from 'fast-check'
import { expect } from 'vitest'
import type { RefreshPolicy, ResendPolicy, SessionSignal } from 'xstate-session'
import { replayTrace } from 'xstate-session/testing'
import { againstResend } from '../proof/judge/againstResend.ts'
import { againstRetry } from '../proof/judge/againstRetry.ts'
import { EDGES } from '../proof/judge/edges.ts'
import {
  ANSWERS,
  type AnswerKind,
  type Call,
  createWorld,
  flush,
  MARK,
  type Send,
  type World,
  type WorldOptions,
} from './world.ts'

/** What can happen to a world. `by`: which session, `which`: which of those that wait. */
export type Command =
  | { readonly do: 'getToken'; readonly by: number; readonly times: number }
  | { readonly do: 'refresh'; readonly by: number; readonly how: 'user' | 'force' }
  | { readonly do: 'fetch'; readonly by: number; readonly api: 'ok' | 'once401' | 'always401' | 'hold' }
  | { readonly do: 'release'; readonly status: number }
  | { readonly do: 'abort'; readonly which: number }
  | { readonly do: 'login'; readonly by: number; readonly user: string }
  | { readonly do: 'logout'; readonly by: number }
  | { readonly do: 'dispose'; readonly by: number }
  | { readonly do: 'tick'; readonly ms: number }
  | { readonly do: 'next' }
  | { readonly do: 'sleep'; readonly ms: number }
  | { readonly do: 'jump'; readonly ms: number }
  | { readonly do: 'answer'; readonly which: number; readonly kind: AnswerKind }
  | { readonly do: 'store'; readonly fails: boolean }
  | { readonly do: 'signal'; readonly by: number; readonly signal: SessionSignal }

const by = fc.nat(2)
const which = fc.nat(3)
const kinds = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom<AnswerKind>('ok', 'unknown', 'refused', 'lost') },
  { weight: 2, arbitrary: fc.constantFrom<AnswerKind>(...ANSWERS) },
)
const times = fc.oneof(fc.integer({ min: 0, max: 3_000 }), fc.integer({ min: 0, max: 700_000 }))

export const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('getToken' as const), by, times: fc.integer({ min: 1, max: 4 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('refresh' as const),
      by,
      how: fc.constantFrom('user' as const, 'force' as const),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('fetch' as const),
      by,
      api: fc.constantFrom('ok' as const, 'once401' as const, 'always401' as const, 'hold' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('release' as const), status: fc.constantFrom(200, 401, 401) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('abort' as const), which }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('login' as const), by, user: fc.constantFrom('ada', 'bob') }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('logout' as const), by }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('dispose' as const), by: fc.constantFrom(1, 2, 2) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('tick' as const), ms: times }) },
  { weight: 6, arbitrary: fc.constant({ do: 'next' as const }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('sleep' as const), ms: times }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('jump' as const),
      ms: fc.integer({ min: -4_000_000, max: 4_000_000 }),
    }),
  },
  { weight: 9, arbitrary: fc.record({ do: fc.constant('answer' as const), which, kind: kinds }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('store' as const), fails: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('signal' as const),
      by,
      signal: fc.constantFrom<SessionSignal>('userIdle', 'userActive', 'networkRestored', 'woke'),
    }),
  },
)

export const commands = (maxLength = 30) => fc.array(command, { maxLength, size: 'max' })

export const worldOptions = (more: Partial<Record<keyof WorldOptions, fc.Arbitrary<unknown>>> = {}) =>
  fc.record({
    lifeMs: fc.constantFrom(2_000, 20_000, 60_000, 600_000),
    policy: fc.constantFrom<RefreshPolicy>('eager', 'eager', 'onDemand', 'prompt'),
    resend: fc.constantFrom<ResendPolicy>('afterBearerEnds', 'afterBearerEnds', 'never', {
      withinMs: 20_000,
    }),
    sessions: fc.constant(1),
    coordinated: fc.boolean(),
    stored: fc.boolean(),
    lateMs: fc.constantFrom(0, 0, 0, 1_000, 60_000),
    ...more,
  }) as fc.Arbitrary<WorldOptions>

/** Time passes from timer to timer, and what waits for one of them runs before the next. */
export async function pass(world: World, ms: number, settle: () => Promise<void> = flush): Promise<void> {
  const { clock } = world
  const end = clock.monotonic() + ms
  while (clock.monotonic() < end) {
    clock.advance(Math.min(clock.pending()[0]?.inMs ?? Infinity, end - clock.monotonic()))
    await settle()
  }
}

/** Carries out one command, as far as the world allows it. */
export async function carryOut(
  world: World,
  given: Command,
  settle: () => Promise<void> = flush,
): Promise<void> {
  const { clock, members, history } = world
  const at = clock.monotonic()
  const one = 'by' in given ? given.by % members.length : 0
  const before = snapshotOf(world)
  switch (given.do) {
    case 'getToken':
      for (let count = 0; count < given.times; count++) world.getToken(one)
      break
    case 'refresh':
      world.refresh(one, given.how)
      break
    case 'fetch':
      world.api(given.api)
      world.fetch(one)
      await settle()
      world.api('ok')
      break
    case 'release': {
      const [waiting] = world.held.splice(0, 1)
      if (!waiting) break
      const { session } = members[waiting.by] as (typeof members)[number]
      const isStale = world.newestBearer(waiting.by) !== waiting.bearer
      const isQuiet = session.getSnapshot().state === 'active'
      const sent = () => history.sends.filter((send) => send.by === waiting.by).length
      const sends = sent()
      waiting.release(given.status)
      await settle()
      // Without a store nobody tells a copy of what another has renewed, and what the process remembers ends.
      const renewedAt = Math.max(
        0,
        ...history.sends.map(({ answer, closedAt = 0 }) => (answer === 'ok' ? closedAt : 0)),
      )
      const isForgotten = !world.options.stored && members.length > 1 && at - renewedAt >= 60_000
      if (isStale && isQuiet && !isForgotten && given.status === 401)
        expect(sent(), 'I11: a 401 for an old bearer refreshes nothing').toBe(sends)
      break
    }
    case 'abort': {
      const open = history.calls.filter((call) => call.settledAt === undefined)
      open[given.which % Math.max(open.length, 1)]?.aborted.abort()
      break
    }
    case 'login':
      if (members[one]?.isDisposed) break
      history.shocks.push({ kind: 'login', at })
      for (const done of world.login(one, given.user)) done.catch(() => {})
      break
    case 'logout':
      history.shocks.push({ kind: 'logout', at })
      void world.logout(one)
      break
    case 'dispose':
      if (members.length > 1 || given.by === 1) world.dispose(one)
      break
    case 'tick':
      await pass(world, given.ms, settle)
      break
    case 'next':
      clock.advance(clock.pending()[0]?.inMs ?? 1_000)
      break
    case 'sleep':
      history.shocks.push({ kind: 'jump', at })
      clock.jumpWall(given.ms)
      members[one]?.report('woke')
      break
    case 'jump':
      history.shocks.push({ kind: 'jump', at })
      clock.jumpWall(given.ms)
      break
    case 'answer':
      world.answer(given.which, given.kind)
      break
    case 'store':
      world.failStore(given.fails)
      break
    case 'signal':
      history.shocks.push({ kind: given.signal, at })
      members[one]?.report(given.signal)
      break
  }
  await settle()
  checkStep(world, before)
}

function snapshotOf(world: World) {
  return {
    waiting: world.history.calls.filter((call) => call.settledAt === undefined),
    wire: world.history.wire.length,
    notices: world.history.notices.length,
  }
}

const resultOf = ({ result, error }: Call) =>
  error instanceof Error && 'code' in error ? `error ${error.code}` : error ? 'error' : (result ?? '')

/** After millions of commands `expect` costs seconds, so it is asked only where something is there. */
const expectNone = (found: readonly unknown[], message?: string) => {
  if (found.length > 0) expect(found, message).toEqual([])
}

/** What must hold after every command. */
export function checkStep(world: World, before: ReturnType<typeof snapshotOf>): void {
  const { history, members, clock, options } = world
  const { lateMs = 0 } = options
  for (const member of members) {
    const { session } = member
    const snapshot = session.getSnapshot()
    expectNone(member.failures, 'I17: the chart never fails')
    if (!member.isDisposed && session.actorRef.getSnapshot().status !== 'active')
      expect.fail('I17: the chart has stopped')
    const shown = JSON.stringify([snapshot, session.actorRef.getSnapshot().context])
    if (shown.includes(MARK)) expect.fail(`I15: ${shown}`)
  }
  const told = JSON.stringify(history.notices.slice(before.notices))
  if (told.includes(MARK)) expect.fail(`I15: ${told}`)
  expectNone(history.listenerErrors)
  expectNone(history.dishonest, 'I13: a bearer that had ended was handed out')

  // I24: everyone who waited for one flight gets the same, their own signals aside.
  for (const [by] of members.entries()) {
    const settled = before.waiting.filter(
      (call) =>
        call.by === by &&
        call.kind === 'getToken' &&
        call.settledAt !== undefined &&
        !call.aborted.signal.aborted,
    )
    const results = new Set(settled.map(resultOf))
    if (results.size > 1) expect.fail(`I24: waiters of one flight settle alike: ${[...results].join(', ')}`)
  }
  // I23: nobody waits longer than patience allows.
  for (const call of history.calls) {
    if (call.kind === 'fetch') continue
    if (call.settledAt !== undefined) continue
    const waitedMs = clock.monotonic() - call.at
    if (waitedMs > 8_000 + lateMs) expect.fail(`I23: a caller still waits, after ${waitedMs} ms`)
  }
  expectNone(history.cutShort, 'I1: a flight was cut short, and what it brings is lost')
  expectNone(history.afterLogout, 'I5: a refresh of a session that was logged out')
  for (const wire of history.wire.slice(before.wire)) {
    expect(wire.isDead, 'I5: a request left with a token of a session that was logged out').toBe(false)
    expect(new URL(wire.url).origin, 'I16').toBe('https://chat.example')
  }
}

/** What must hold over the whole history. */
export function checkHistory(world: World): void {
  const { history, members, options } = world
  checkSends(world)

  for (const call of history.calls) {
    if (call.kind !== 'getToken' || call.result === undefined) continue
    const family = world.familyOfBearer(call.result)
    expect(family, 'a token from nowhere').toBeDefined()
    const { left } = members[call.by] as (typeof members)[number]
    const lefts = call.familiesLeft
    if (family && left.has(family)) expect(lefts.has(family), 'I5: a token after logout').toBe(false)
    if (family && call.family) expect(family, 'I7: a token of another login').toBe(call.family)
  }
  for (const { error } of history.calls) {
    if (error === undefined) continue
    const { name, message, stack, ...rest } = error as Error
    expect(`${name} ${message} ${stack} ${JSON.stringify(rest)}`, 'I15').not.toContain(MARK)
  }
  checkRequests(world)
  checkNotices(world)

  for (const [by, { edges }] of members.entries())
    for (const [from, to] of edges)
      expect(EDGES.has(`${from} ${to}`), `I17: ${from} to ${to} (${by})`).toBe(true)

  if (options.sessions === 1 && !options.stored)
    for (const token of history.orphans) expect(history.revoked, 'I6: a late token lives on').toContain(token)
}

/**
 * I1 and I9: no two sends of one token overlap, and what may follow an answer follows its policy and its budget,
 * which all copies of a session share.
 */
function checkSends({ history, options }: World): void {
  const { resend } = options
  const byToken = new Map<string, Send[]>()
  for (const send of history.sends) byToken.set(send.token, [...(byToken.get(send.token) ?? []), send])
  for (const sends of byToken.values()) {
    let doubts = 0
    let answers = 0
    let firstDoubt = Infinity
    for (const [index, next] of sends.entries()) {
      const last = sends[index - 1]
      if (!last) continue
      expect(last.closed ?? Infinity, 'I1: two sends of one token overlap').toBeLessThan(next.order)
      const result = last.late && last.late.order < next.order ? last.late.result : last.result
      // A late answer that kept the token made a new version, to which older doubts do not belong.
      const isCleared = sends.some(
        ({ late }) => late?.result === 'ok' && late.order > last.order && late.order < next.order,
      )
      if (isCleared) {
        doubts = 0
        answers = 0
        firstDoubt = Infinity
      }
      if (result === 'refused') continue
      // A straggler is remembered for a minute where there is no store to read.
      const isForgotten = next.by !== last.by && next.at - (last.closedAt ?? 0) >= 60_000
      if (isForgotten && !options.stored) {
        doubts = 0
        answers = 0
        firstDoubt = Infinity
        continue
      }
      expect(['ok', 'unknown', 'unsupported'], `I1: sent again after ${result}`).toContain(result)
      if (result === 'unsupported' && next.by === last.by)
        expect(next.spent, 'I1: a last chance before the bearer ended').toBe(true)
      if (result === 'ok') {
        doubts = 0
        answers = 0
        firstDoubt = Infinity
      }
      if (result !== 'unknown' || isCleared) continue
      doubts += 1
      if (last.answer === 'failed' && !last.isGivenUp) answers += 1
      firstDoubt = Math.min(firstDoubt, last.closedAt ?? Infinity)
      const doubtful = { doubts, answers, sinceMs: next.at - firstDoubt, isSpent: next.spent }
      expect(againstResend(resend, doubtful), 'I1: how the token was sent').toEqual([])
    }
  }
  for (const [index, send] of history.sends.entries())
    for (const other of history.sends.slice(index + 1))
      if (other.by === send.by && other.token === send.token)
        expect(send.closed ?? Infinity, 'I9: two flights of one session').toBeLessThan(other.order)
}

/** I10: a request is sent again only with a newer bearer, once. */
function checkRequests({ history, bearers }: World): void {
  const byCall = new Map<string, typeof history.wire>()
  for (const wire of history.wire) byCall.set(wire.call, [...(byCall.get(wire.call) ?? []), wire])
  for (const [call, wires] of byCall) {
    const sent = wires.map(({ bearer, body }) => ({ bearer: bearers.get(bearer ?? ''), body }))
    expectNone(againstRetry(sent), `I10: how request ${call} was sent`)
  }
}

/** I18: what is told is told once, and nothing of a session is told after its logout. */
function checkNotices({ history, members }: World): void {
  for (const [by] of members.entries()) {
    const mine = history.notices.filter((notice) => notice.by === by)
    const seen = new Map<string, number>()
    const over = new Set<number>()
    for (const { type, epoch, version } of mine) {
      if (!['refreshed', 'expired', 'loggedOut', 'nearingExpiry', 'refreshDeferred'].includes(type)) continue
      const key = type === 'loggedOut' ? `${type} ${epoch}` : `${type} ${epoch}.${version}`
      seen.set(key, (seen.get(key) ?? 0) + 1)
      if (type === 'loggedOut' && epoch > 0) over.add(epoch)
      else if (over.has(epoch)) expect.fail(`I18: ${type} of epoch ${epoch} after its logout`)
    }
    for (const [key, count] of seen) {
      const most = /^(refreshed|expired|loggedOut)/.test(key) ? 1 : Infinity
      expect(count, `I18: ${key}`).toBeLessThanOrEqual(most)
    }
  }
}

/** One world from its beginning to its clean end. */
export async function run(options: WorldOptions, way: readonly Command[]): Promise<World> {
  const world = createWorld(options)
  await flush()
  for (const done of world.login(0, 'ada')) await done
  for (const given of way) await carryOut(world, given)
  checkHistory(world)
  await finish(world)
  return world
}

/** Everything is disposed and answered: nothing may be left (I23, I29). */
export async function finish(world: World, settle: () => Promise<void> = flush): Promise<void> {
  for (const [by] of world.members.entries()) world.dispose(by)
  world.heal()
  await settle()
  for (let count = 0; world.clock.pending().length > 0 && count < 50; count++) {
    world.clock.advance(world.clock.pending()[0]?.inMs ?? 0)
    await settle()
  }
  expect(world.clock.pending(), 'I29: a timer is left').toEqual([])
  for (const member of world.members) expect(member.listening, 'I29: a listener is left').toBe(0)
  for (const { recorder } of world.members) {
    const { divergence } = replayTrace(JSON.parse(JSON.stringify(recorder.trace())))
    expect(divergence, 'the trace replays to where the session is').toBeUndefined()
  }
  for (const call of world.history.calls) expect(call.settledAt, 'I23: a caller was forgotten').toBeDefined()
  checkSends(world)
}
