import { isDeepStrictEqual } from 'node:util'
import { initialTransition, type SnapshotFrom } from 'xstate'
import type { SessionFacts, SessionInput } from '../../machines/session.context.ts'
import { deadlinesOf } from '../../machines/session.deadlines.ts'
import type { SessionEvent } from '../../machines/session.events.ts'
import { sessionMachine } from '../../machines/session.machine.ts'
import { inertScope } from '../../src/testing/inertScope.ts'

export type Snapshot = SnapshotFrom<typeof sessionMachine>

/** Distributes over the union, so that each event keeps its own fields. */
type WithoutTime<E> = E extends SessionEvent ? Omit<E, 'at'> : never
export type Timeless = WithoutTime<SessionEvent>

/** The login of every chart here: ten minutes of life, half a minute of lead, ten seconds of jitter. */
export const LOGIN = 1_000_000
export const ada = { id: 'ada' }
export const instants = {
  /** Before the floor. */
  soon: LOGIN + 1_000,
  mid: LOGIN + 100_000,
  /** The timer of `eager`. */
  due: LOGIN + 560_000,
  lead: LOGIN + 570_000,
  /** Too early for the first retry. */
  early: LOGIN + 570_100,
  later: LOGIN + 572_000,
  end: LOGIN + 600_000,
  long: LOGIN + 3_600_000,
}
export type Instant = keyof typeof instants

export function factsOf(more: Partial<SessionFacts> = {}): SessionFacts {
  return {
    epoch: 1,
    version: 1,
    user: ada,
    provider: 'openid',
    bearer: 'good',
    refreshable: true,
    startedAt: LOGIN,
    endsAt: instants.end,
    leadAt: instants.lead,
    refreshAt: instants.due,
    floorAt: LOGIN + 5_000,
    ...more,
  }
}

/** Facts of a renewal that arrives at `at`. */
export const renewalAt = (at: number, version: number, lifeMs = 600_000, more: Partial<SessionFacts> = {}) =>
  factsOf({ version, ...deadlinesOf(at, lifeMs, 30_000, 0), ...more })

export const begin = (input: SessionInput): Snapshot => initialTransition(sessionMachine, input)[0]

let actions: { readonly type: string; readonly params?: unknown }[] = []
const scope = inertScope(sessionMachine, (action) => actions.push(action))

/** One event, and the actions that an actor would carry out for it. The chart itself touches nothing. */
export function step(before: Snapshot, event: SessionEvent) {
  actions = []
  const after = sessionMachine.transition(before, event, scope)
  return { after, actions }
}

export const play = (input: SessionInput, ...events: SessionEvent[]): Snapshot =>
  events.reduce((snapshot, event) => step(snapshot, event).after, begin(input))

/**
 * What an event did, in the words of the tables: `·` nothing at all, `note` a fact changed and no more, else the
 * state it led to, the reason in brackets, and what became of the bearer.
 */
export function told(before: Snapshot, event: SessionEvent): string {
  const { after, actions } = step(before, event)
  const b = before.context
  const a = after.context
  const looks = actions.some(({ type }) => type === 'reread') ? ' +reread' : ''
  if (after.value === before.value && isDeepStrictEqual(a, b)) return looks || '·'
  const isNote = after.value === before.value && a.version === b.version && a.epoch === b.epoch
  const reason = a.reason !== b.reason && a.reason !== null ? ` (${a.reason})` : ''
  const bearer = a.bearer !== b.bearer ? ` ${a.bearer}` : ''
  return `${isNote ? 'note' : after.value}${reason}${bearer}${looks}`
}
