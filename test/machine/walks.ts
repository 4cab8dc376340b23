import fc from 'fast-check'
import type { SessionInput } from '../../machines/session.context.ts'
import { clampDelay, deadlinesOf } from '../../machines/session.deadlines.ts'
import type { SessionEvent } from '../../machines/session.events.ts'
import { NEVER } from '../../machines/session.instants.ts'
import type { ResendPolicy } from '../../machines/session.types.ts'
import { factsOf, LOGIN } from './chart.ts'

/** What happens next: told relative to where the chart is when it comes. */
export interface Move {
  readonly after: number | 'deadline' | 'lead' | 'end' | 'floor'
  readonly make: (at: number, position: { epoch: number; version: number }) => SessionEvent
}

const life = fc.oneof(
  fc.integer({ min: -5_000, max: 1_200_000 }),
  fc.constantFrom(0, 1, 999, 1_000, 1_001, 5_000, 40 * 86_400_000, Infinity),
)
const roll = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const resend = fc.constantFrom<ResendPolicy>(
  'afterBearerEnds',
  'never',
  { withinMs: 10_000 },
  { withinMs: 200 },
)
/** Mostly the position at hand, sometimes one of the past or of the future. */
const aside = fc.constantFrom(
  [0, 0],
  [0, 0],
  [0, 0],
  [0, 0],
  [0, -1],
  [0, 1],
  [-1, 0],
  [1, 0],
) as fc.Arbitrary<[number, number]>

const facts = fc
  .record({
    life,
    roll,
    refreshable: fc.boolean(),
    bearer: fc.constantFrom('good' as const, 'none' as const),
  })
  .map(
    (given) => (at: number, epoch: number, version: number) =>
      factsOf({
        epoch,
        version,
        refreshable: given.refreshable,
        bearer: given.bearer,
        startedAt: at,
        ...deadlinesOf(at, given.bearer === 'none' ? 0 : given.life, 30_000, given.roll),
      }),
  )

/** What a coordinator knows. */
const row = fc.option(
  fc
    .record({
      sends: fc.integer({ min: 1, max: 6 }),
      sinceMs: fc.integer({ min: 0, max: 400_000 }),
      answers: fc.integer({ min: 0, max: 6 }),
      waitMs: fc.oneof(fc.integer({ min: 0, max: 300_000 }), fc.constant(NEVER)),
    })
    .map(({ sends, sinceMs, answers, waitMs }) => (at: number) => ({
      sends,
      since: at - sinceMs,
      answers,
      answeredSince: answers > 0 ? at - sinceMs : NEVER,
      retryAt: Math.min(at + waitMs, NEVER),
    })),
  { nil: undefined, freq: 4 },
)

type Make = Move['make']
const maker: fc.Arbitrary<Make> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Make>((at) => ({ type: 'time.checked', at })) },
  {
    weight: 3,
    arbitrary: fc.constantFrom('caller' as const, 'user' as const, 'force' as const).map(
      (by): Make =>
        (at) => ({ type: 'refresh.asked', by, at }),
    ),
  },
  {
    weight: 2,
    arbitrary: aside.map(
      ([e, v]): Make =>
        (at, { epoch, version }) => ({ type: 'bearer.rejected', epoch: epoch + e, version: version + v, at }),
    ),
  },
  {
    weight: 2,
    arbitrary: aside.map(
      ([e, v]): Make =>
        (at, { epoch, version }) => ({ type: 'bearer.accepted', epoch: epoch + e, version: version + v, at }),
    ),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(facts, aside).map(
      ([make, [e, v]]): Make =>
        (at, { epoch, version }) => ({
          type: 'session.renewed',
          at,
          facts: make(at, epoch + e, version + 1 + v),
        }),
    ),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(roll, aside, fc.option(fc.integer({ min: -10, max: 90_000 }), { nil: undefined }), fc.boolean())
      .map(
        ([r, [e, v], wait, misconfigured]): Make =>
          (at, { epoch, version }) => ({
            type: 'refresh.refused',
            epoch: epoch + e,
            version: version + v,
            roll: r,
            at,
            misconfigured,
            ...(wait !== undefined && { notBefore: at + wait }),
          }),
      ),
  },
  {
    weight: 5,
    arbitrary: fc.tuple(roll, aside, resend, fc.boolean(), row).map(
      ([r, [e, v], policy, answered, told]): Make =>
        (at, { epoch, version }) => ({
          type: 'refresh.unknown',
          epoch: epoch + e,
          version: version + v,
          roll: r,
          at,
          resend: policy,
          answered,
          ...(told && { row: told(at) }),
        }),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(aside, fc.boolean()).map(
      ([[e, v], forGood]): Make =>
        (at, { epoch, version }) => ({
          type: 'refresh.unsupported',
          epoch: epoch + e,
          version: version + v,
          forGood,
          at,
        }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(aside, fc.constantFrom('refreshRejected' as const, 'accessRevoked' as const)).map(
      ([[e, v], reason]): Make =>
        (at, { epoch, version }) => ({
          type: 'refresh.rejected',
          epoch: epoch + e,
          version: version + v,
          reason,
          at,
        }),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.boolean().map(
      (idle): Make =>
        (at) => ({ type: 'user.changed', idle, at }),
    ),
  },
  { weight: 1, arbitrary: fc.constant<Make>((at) => ({ type: 'network.restored', at })) },
  {
    weight: 1,
    arbitrary: facts.map(
      (make): Make =>
        (at, { epoch }) => ({ type: 'session.started', at, facts: make(at, epoch + 1, 1) }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('user' as const, 'elsewhere' as const).map(
      (reason): Make =>
        (at) => ({ type: 'session.ended', reason, at }),
    ),
  },
)

export const moves: fc.Arbitrary<Move[]> = fc.array(
  fc.record({
    after: fc.oneof(
      fc.constantFrom(
        'deadline' as const,
        'deadline' as const,
        'lead' as const,
        'end' as const,
        'floor' as const,
      ),
      fc.integer({ min: 0, max: 5_000 }),
      fc.integer({ min: 0, max: 2_000_000 }),
    ),
    make: maker,
  }),
  { maxLength: 40, size: 'max' },
)

export const inputs: fc.Arbitrary<SessionInput> = fc.record({
  facts: fc.oneof(
    facts.map((make) => make(LOGIN, 1, 1)),
    fc.constant(null),
  ),
  policy: fc.constantFrom('eager' as const, 'onDemand' as const, 'prompt' as const),
  idleTimeoutMs: fc.constantFrom(Infinity, 60_000, 900_000),
  absoluteLifetimeMs: fc.constantFrom(Infinity, 1_000_000),
  shared: fc.boolean(),
})

/** The instant of a move: never before `now`, whole milliseconds, as the session's timeline gives them. */
export const instantOf = (after: Move['after'], now: number, known: Record<string, number>): number => {
  const at = typeof after === 'number' ? now + after : (known[after] ?? now)
  return at < NEVER ? Math.max(now, now + Math.ceil(clampDelay(at - now))) : now
}
