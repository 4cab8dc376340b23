import fc from 'fast-check'
import { expect } from 'vitest'
import type { RefreshPolicy, ResendPolicy, SessionSignal } from 'xstate-session'
import { replayTrace } from 'xstate-session/testing'
import { OUTCOMES, type Outcome } from '../proof/world/provider.ts'
import { type Call, createWorld, flush, MARK, nameOf, type World, type WorldOptions } from './world.ts'

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
  | { readonly do: 'answer'; readonly which: number; readonly kind: Outcome }
  | { readonly do: 'store'; readonly fails: boolean }
  | { readonly do: 'signal'; readonly by: number; readonly signal: SessionSignal }

const by = fc.nat(2)
const which = fc.nat(3)
const kinds = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom<Outcome>('ok', 'unknown', 'refused', 'lost') },
  { weight: 2, arbitrary: fc.constantFrom<Outcome>(...OUTCOMES) },
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
      const sent = () => history.sends.filter(({ send }) => send.by === nameOf(waiting.by)).length
      const sends = sent()
      waiting.release(given.status)
      await settle()
      // Without a store nobody tells a copy of what another has renewed, and what the process remembers ends.
      const renewedAt = Math.max(
        0,
        ...history.sends.map(({ outcome, send }) => (outcome === 'ok' ? (send.closedAt ?? 0) : 0)),
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
      world.jumpWall(given.ms)
      members[one]?.report('woke')
      break
    case 'jump':
      history.shocks.push({ kind: 'jump', at })
      world.jumpWall(given.ms)
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
    urls: world.history.urls.length,
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
    if (!member.isDisposed && session.actorRef.getSnapshot().status !== 'active')
      expect.fail('I17: the chart has stopped')
    const shown = JSON.stringify([snapshot, session.actorRef.getSnapshot().context])
    if (shown.includes(MARK)) expect.fail(`I15: ${shown}`)
  }
  const told = JSON.stringify(history.notices.slice(before.notices))
  if (told.includes(MARK)) expect.fail(`I15: ${told}`)
  expectNone(history.listenerErrors)
  expectNone(world.violations())
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
  for (const url of history.urls.slice(before.urls))
    expect(new URL(url).origin, 'I16').toBe('https://chat.example')
}

/** What must hold over the whole history, beside what the judge watches. */
export function checkHistory({ history, options }: World): void {
  for (const { error } of history.calls) {
    if (error === undefined) continue
    const { name, message, stack, ...rest } = error as Error
    expect(`${name} ${message} ${stack} ${JSON.stringify(rest)}`, 'I15').not.toContain(MARK)
  }
  if (options.sessions === 1 && !options.stored)
    for (const token of history.orphans) expect(history.revoked, 'I6: a late token lives on').toContain(token)
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
  expectNone(world.violations())
}
