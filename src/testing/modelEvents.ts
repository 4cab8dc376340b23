import type { SessionContext, SessionFacts } from '../../machines/session.context.ts'
import { deadlinesOf, endOfDoubt, nextSend } from '../../machines/session.deadlines.ts'
import type { EventOf, SessionEvent } from '../../machines/session.events.ts'
import { NEVER } from '../../machines/session.instants.ts'
import type { RejectedReason, ResendPolicy, SessionUser } from '../../machines/session.types.ts'

/** The context of the chart, and the time of the model; milliseconds since the Unix epoch, on the model's timeline. */
export interface ModelContext extends SessionContext {
  /** The present. */
  readonly now: number
  /** When the last refresh was sent; absent: at the instant of its answer. */
  readonly sentAt?: number
}

/** The settings of the system that the model stands for. */
export interface ModelSettings {
  readonly resend: ResendPolicy
  readonly lifeMs: number
  readonly leadTimeMs: number
  readonly user: SessionUser
}

/** The meaning of a named event of the model: an event of the chart. */
interface Meaning {
  readonly stands: SessionEvent['type']
  readonly says: string
  /** It is the outcome of a flight, so it only happens in the state that runs a flight. */
  readonly ofFlight: boolean
  /** The event of the chart, at `c.now` or later; `undefined`: it cannot happen. */
  read(c: ModelContext, settings: ModelSettings): SessionEvent | undefined
}

type Payload<T extends SessionEvent['type']> = Omit<EventOf<T>, 'type' | 'at'> & { readonly at?: number }

/** It is curried, so that the type checker compares the payload with the one event. */
const means =
  <T extends SessionEvent['type']>(stands: T, ofFlight = false) =>
  (says: string, payload: (c: ModelContext, settings: ModelSettings) => Payload<T> | undefined): Meaning => ({
    stands,
    says,
    ofFlight,
    read(c, settings) {
      const told = payload(c, settings)
      return told && ({ at: c.now, ...told, type: stands } as unknown as SessionEvent)
    },
  })

const outcome = <T extends SessionEvent['type']>(stands: T) => means(stands, true)

/** Time passes until `instant`, and then the session checks the clock once, even if it missed several deadlines. */
const until = (says: string, instant: (c: ModelContext) => number) =>
  means('time.checked')(says, (c) => {
    const at = instant(c)
    return at > c.now && at < NEVER ? { at } : undefined
  })

const RETRY_AFTER_MS = 30_000
const SHORT_LIFE_MS = 1_000
const FOUND_WAIT_MS = 10_000

const facts = (c: ModelContext, { leadTimeMs, user }: ModelSettings, lifeMs: number): SessionFacts => ({
  epoch: c.epoch,
  version: c.version + 1,
  user: c.user ?? user,
  provider: 'openid',
  bearer: lifeMs > 0 ? 'good' : 'none',
  refreshable: true,
  startedAt: c.now,
  ...deadlinesOf(c.now, lifeMs, leadTimeMs, 0),
})

const login = (says: string, more: (c: ModelContext, s: ModelSettings) => Partial<SessionFacts>) =>
  means('session.started')(says, (c, s) => ({
    facts: { ...facts(c, s, s.lifeMs), epoch: c.epoch + 1, version: 1, user: s.user, ...more(c, s) },
  }))

/** The facts of a record whose last refresh has no known answer. */
const inDoubt = ({ now }: ModelContext, { resend }: ModelSettings): Partial<SessionFacts> => ({
  doubt: { sends: 1, since: now, answers: 0, answeredSince: NEVER, resend },
  retryAt: now + FOUND_WAIT_MS,
})

type Renew = (c: ModelContext, s: ModelSettings) => Payload<'session.renewed'>
const good: Renew = (c, s) => ({ facts: facts(c, s, s.lifeMs) })
const final: Renew = (c, s) => ({ facts: { ...facts(c, s, s.lifeMs), refreshable: false } })
const shortLived: Renew = (c, s) => ({ facts: facts(c, s, SHORT_LIFE_MS) })
const useless: Renew = (c, s) => ({ facts: facts(c, s, 0) })
const uselessAndFinal: Renew = (c, s) => ({ facts: { ...facts(c, s, 0), refreshable: false } })

/** The server and the page have the same bearer. */
const isUntried = (c: ModelContext) => c.bearer === 'good' && c.attempts + c.useless === 0 && !c.doubt

/** A caller that asks while the session is `pending` waits, and asks again later. That later request is another event. */
const asks = (by: EventOf<'refresh.asked'>['by']) => (c: ModelContext) => (c.pending ? undefined : { by })

const position = ({ epoch, version }: SessionContext) => ({ epoch, version })

const refused = (says: string, more: (c: ModelContext) => Partial<Payload<'refresh.refused'>>) =>
  outcome('refresh.refused')(says, (c) => ({ ...position(c), roll: 0, ...more(c) }))

const unknown = (says: string, answered: boolean, resend?: ResendPolicy) =>
  outcome('refresh.unknown')(says, (c, s) => ({
    ...position(c),
    roll: 0,
    ...(c.sentAt !== undefined && { sentAt: c.sentAt }),
    answered,
    resend: resend ?? s.resend,
  }))

const rejected = (says: string, reason: RejectedReason) =>
  outcome('refresh.rejected')(says, (c) => ({ ...position(c), reason }))

/** Everything that may happen to a session. Each event has a name and no payload. */
export const modelEvents = {
  'login.completed': login('Somebody logs in, or a stored session is found.', () => ({})),
  'login.withoutRefresh': login('Somebody logs in, and there is nothing to refresh with.', () => ({
    refreshable: false,
  })),
  'login.inDoubt': login('A stored session is found, whose last refresh nobody saw the answer of.', inDoubt),
  'session.absent': means('session.ended')('A look into the store finds no session.', (c) =>
    c.pending ? { reason: 'never' } : undefined,
  ),
  'user.loggedOut': means('session.ended')('The user logs out.', () => ({ reason: 'user' })),
  'peer.loggedOut': means('session.ended')('The user logs out in another tab or process.', () => ({
    reason: 'elsewhere',
  })),
  'provider.loggedOut': means('session.ended')(
    'The provider ends the session, over the back channel.',
    () => ({
      reason: 'backChannel',
    }),
  ),

  'server.ended': means('refresh.rejected')(
    'The server that keeps the session says that its backend has ended it.',
    (c) => ({ ...position(c), reason: 'refreshRejected' }),
  ),

  'time.refreshDue': until('The timer of an eager session is due.', (c) => c.refreshAt),
  'time.leadReached': until('The lead time begins.', (c) => c.leadAt),
  'time.bearerEnded': until('The bearer ends.', (c) => c.endsAt),
  'time.floorPassed': until('The least distance between two refreshes has passed.', (c) => c.floorAt),
  'time.retryDue': until('In `retrying`: the next send is permitted, or none ever will be.', (c) =>
    c.attempts > 0 || c.useless > 0 || c.doubt || c.bearer === 'rejected'
      ? Math.min(nextSend(c), endOfDoubt(c))
      : NEVER,
  ),
  'time.graceOver': until("The provider's grace window closes.", ({ doubt }) =>
    typeof doubt?.resend === 'object' ? doubt.since + doubt.resend.withinMs + 1 : NEVER,
  ),
  'time.rereadDue': until("It is time to look for a peer's newer version.", (c) => c.rereadAt),
  'time.idledOut': until('The user was away for too long.', (c) => c.idleEndsAt),
  'time.lifetimeOver': until('The session is as old as it may become.', (c) => c.absoluteEndsAt),
  'time.woke': means('time.checked')('Somebody looks, and no time has passed.', () => ({})),

  'caller.asked': means('refresh.asked')('A caller wants a bearer.', asks('caller')),
  'caller.forced': means('refresh.asked')('A caller wants a refresh, due or not.', asks('force')),
  'user.stayed': means('refresh.asked')('The user stays signed in.', asks('user')),
  'user.wentIdle': means('user.changed')('The user goes away.', () => ({ idle: true })),
  'user.cameBack': means('user.changed')('The user is back.', () => ({ idle: false })),
  'network.restored': means('network.restored')('The network is back.', () => ({})),
  'bearer.acceptedByApi': means('bearer.accepted')('The API answers a call with the current bearer.', (c) =>
    c.bearer === 'none' || c.now >= c.endsAt ? undefined : position(c),
  ),
  'bearer.rejectedByApi': means('bearer.rejected')('The API answers 401 to the current bearer.', (c) =>
    c.bearer === 'none' ? undefined : position(c),
  ),

  'refresh.succeeded': outcome('session.renewed')('The refresh brings a bearer.', good),
  'refresh.succeededLast': outcome('session.renewed')(
    'It brings a bearer, and no refresh can follow.',
    final,
  ),
  'refresh.shortLived': outcome('session.renewed')('It brings a bearer that lives for a second.', shortLived),
  'refresh.uselessRenewal': outcome('session.renewed')('It is answered without a bearer.', useless),
  'refresh.uselessLast': outcome('session.renewed')(
    'It is answered without a bearer, and no refresh can follow.',
    uselessAndFinal,
  ),
  'refresh.notDue': outcome('session.renewed')(
    'A server that keeps the bearer says that none was due.',
    (c, s) => (isUntried(c) ? { facts: { ...facts(c, s, s.lifeMs), ...position(c) } } : undefined),
  ),
  'refresh.refused': refused('It provably was not processed.', () => ({})),
  'refresh.limited': refused('The backend asks to wait (`Retry-After`).', (c) => ({
    notBefore: c.now + RETRY_AFTER_MS,
  })),
  'refresh.misconfigured': refused('The backend does not accept this client.', () => ({
    misconfigured: true,
  })),
  'refresh.unknown': unknown('No answer: nobody knows whether the token was spent.', false),
  'refresh.failed': unknown('The backend answers, and it proves nothing (`REFRESH_FAILED`).', true),
  'refresh.consumed': unknown('The token is spent, and what it brought is lost.', true, 'never'),
  'refresh.rejected': rejected('The refresh token is not valid any more.', 'refreshRejected'),
  'refresh.missingCredential': rejected('There is no refresh token to send.', 'missingCredential'),
  'refresh.accessRevoked': rejected('The user is no admin any more.', 'accessRevoked'),
  'refresh.identityMismatch': rejected('The answer names another user.', 'identityMismatch'),
  'refresh.stepUpRequired': rejected('The user has to enrol a second factor.', 'stepUpRequired'),
  'refresh.unsupported': outcome('refresh.unsupported')('The backend has no route to refresh.', (c) => ({
    ...position(c),
    forGood: false,
  })),
  'refresh.disabled': outcome('refresh.unsupported')('The backend does not refresh, by policy.', (c) => ({
    ...position(c),
    forGood: true,
  })),

  'peer.renewed': means('session.renewed')('A peer has renewed the session.', good),
  'peer.renewedUselessly': means('session.renewed')("A peer's renewal brought no bearer.", useless),
  'peer.renewedUselessLast': means('session.renewed')(
    "A peer's renewal brought no bearer, and no refresh can follow.",
    uselessAndFinal,
  ),
} satisfies Record<string, Meaning>

/** The name of an event of a model. */
export type ModelEventType = keyof typeof modelEvents

/**
 * The instant to which an event of time moves the clock; `undefined`: the event cannot happen, or no time passes.
 *
 * @example
 * const at = instantOf('time.refreshDue', snapshot.context)
 */
export function instantOf(type: ModelEventType, c: ModelContext): number | undefined {
  if (!type.startsWith('time.')) return undefined
  return modelEvents[type].read(c, { resend: 'never', lifeMs: 0, leadTimeMs: 0, user: { id: '' } })?.at
}
