import type { SessionEvent } from '../../machines/session.events.ts'
import type { SessionState } from '../../machines/session.select.ts'
import type {
  ExpiredReason,
  LoggedOutReason,
  RejectedReason,
  SessionUser,
  UserIdentity,
} from '../../machines/session.types.ts'
import { systemClock } from '../base/clock.ts'
import { LONGEST_TIMER_MS } from '../base/durations.ts'
import { optionsOf } from '../base/optionsOf.ts'
import type { UserSchema } from '../base/userReader.ts'
import { createSession } from '../session/createSession.ts'
import type { Session } from '../session/session.ts'
import { sessionStore } from '../session/sessionStore.ts'
import type { SessionStrategy } from '../session/strategy.ts'

interface FakeLife<User extends UserIdentity> {
  /** @default { id: 'ada', name: 'Ada Lovelace', email: 'ada@example.com', role: 'ADMIN' } */
  readonly user?: User
  /** @default 'openid' */
  readonly provider?: string
  /**
   * The time until the bearer ends; milliseconds, above 0.
   * @default 600_000; 25_000 in `nearingExpiry`
   */
  readonly expiresInMs?: number
  /**
   * The time until the session ends if the user stays inactive; milliseconds, above 0.
   * @default Infinity: it does not end
   */
  readonly idleInMs?: number
}

interface Unsure<User extends UserIdentity> extends FakeLife<User> {
  /**
   * Whether the old bearer can still be used.
   * @default true
   */
  readonly isUsable?: boolean
}

export type FakeSessionState<User extends UserIdentity = SessionUser> =
  | ({ readonly state: 'active' } & FakeLife<User>)
  | ({ readonly state: 'nearingExpiry' } & FakeLife<User>)
  | ({ readonly state: 'refreshing' } & Unsure<User>)
  | ({
      readonly state: 'retrying'
      /**
       * The time until the next attempt; milliseconds, at least 250.
       * @default 5_000
       */
      readonly retryInMs?: number
    } & Unsure<User>)
  | ({
      readonly state: 'expired'
      /** @default 'refreshRejected' */
      readonly reason?: ExpiredReason
    } & FakeLife<User>)
  | {
      readonly state: 'loggedOut'
      /** @default 'never' */
      readonly reason?: LoggedOutReason
      /**
       * It is not known whether there is a session, and it stays unknown.
       * @default false
       */
      readonly isPending?: boolean
    }

/** The state of a fake session, its API and its clock. */
export type FakeSessionOptions<User extends UserIdentity = SessionUser> = FakeSessionState<User> & {
  /**
   * The API behind `session.fetch`.
   * @default 200 and `{}`
   */
  readonly fetch?: typeof globalThis.fetch
  /**
   * The time of the session, which stands still; milliseconds since the Unix epoch.
   * @default the time of the platform's clock
   */
  readonly now?: number
}

const ada: SessionUser = { id: 'ada', name: 'Ada Lovelace', email: 'ada@example.com', role: 'ADMIN' }
const never = new Promise<never>(() => {})

/**
 * A session in the state of your choice, for component tests and stories. It is a real session: it has the whole chart,
 * `fetch`, `subscribe`, `logout` and `actorRef`. No timer runs and nothing is sent, so it keeps its state until your test
 * changes it. A refresh that your test asks for succeeds. A call that must wait never ends.
 *
 * @example
 * const session = createFakeSession({ state: 'retrying', isUsable: false })
 * expect(session.getSnapshot().shouldOfferLogin).toBe(true)
 */
export function createFakeSession<User extends UserIdentity = SessionUser>(
  options: FakeSessionOptions<User>,
): Session<User> {
  const { fetch = async () => Response.json({}), now = systemClock.wall() } = optionsOf(
    'createFakeSession',
    options,
  )
  const life: FakeLife<UserIdentity> = options.state === 'loggedOut' ? {} : options
  const isNearing = options.state === 'nearingExpiry'
  const { user = ada, provider = 'openid', idleInMs = Infinity } = life
  const { expiresInMs = isNearing ? 25_000 : 600_000 } = life
  if (!(expiresInMs > 0)) throw new TypeError(`"expiresInMs" is above 0, not ${expiresInMs}.`)
  const isSpent = options.state !== 'loggedOut' && 'isUsable' in options && options.isUsable === false
  // Nobody gets a bearer after its end, but a bearer that one call rejected may serve another call.
  let wall = isNearing || isSpent ? now - expiresInMs : now
  let refresh: SessionStrategy['refresh'] = () => never
  const session = createSession({
    baseUrl: 'https://session.invalid',
    strategies: { [provider]: { needsRefreshToken: true, refresh: (request) => refresh(request) } },
    refresh: isNearing ? 'prompt' : 'eager',
    // The lead is half of the life at most, and half of this life has passed.
    ...(isNearing && { leadTimeMs: LONGEST_TIMER_MS }),
    idleTimeoutMs: idleInMs,
    signals: () => () => {},
    maxLifetimeMs: Infinity,
    expiresAtUnit: 'ms',
    clock: { wall: () => wall, monotonic: () => wall, setTimer: () => () => {} },
    random: () => 0,
    user: asGiven(user),
    fetch,
    ...(options.state === 'loggedOut' &&
      options.isPending && { store: sessionStore({ read: () => never, compareAndSet: async () => true }) }),
  })
  const way = wayTo(options, now)
  if (way.length > 0) {
    void session.login(
      { token: 'fake', refreshToken: 'fake', user, expiresAt: isSpent ? now : now + expiresInMs },
      { provider },
    )
    wall = now
  }
  for (const event of way) session.actorRef.send({ ...event, at: now } as SessionEvent)
  assertSo(session, options)
  refresh = async () => ({ kind: 'ok', bearer: 'fake-renewed', life: { expiresIn: 600 } })
  return session as Session<UserIdentity> as Session<User>
}

/** Returns the user object of the test itself, and the document of any other user. */
const asGiven = (user: UserIdentity): UserSchema => ({
  '~standard': {
    version: 1,
    vendor: 'xstate-session',
    validate: (value) => ({ value: (value as UserIdentity).id === user.id ? user : (value as UserIdentity) }),
  },
})

/** Refuses options whose state the chart does not reach. */
function assertSo(session: Session<UserIdentity>, options: object): void {
  const found = session.getSnapshot()
  const wanted = { isUsable: found.isAuthenticated, ...options }
  for (const [name, value] of Object.entries(wanted)) {
    const told = found[name as keyof SessionState]
    const isAsked = ['state', 'reason', 'isPending', 'isUsable'].includes(name) && value !== undefined
    if (isAsked && told !== value)
      throw new TypeError(`No session is ${JSON.stringify(options)}: ${name} is ${told}.`)
  }
}

type Timeless<E = SessionEvent> = E extends SessionEvent ? Omit<E, 'at'> : never

/** The events between a login and the state; none if nobody ever logged in. */
function wayTo(options: FakeSessionState<UserIdentity>, now: number): Timeless[] {
  if (options.state === 'loggedOut')
    return options.reason === undefined || options.reason === 'never'
      ? []
      : [{ type: 'session.ended', reason: options.reason }]
  const position = { epoch: 1, version: 1 }
  const seen: Timeless = { type: 'user.changed', idle: false }
  if (options.state === 'active') return [seen]
  if (options.state === 'nearingExpiry') return [seen, { type: 'time.checked' }]
  const asked: Timeless[] = [seen, { type: 'refresh.asked', by: 'force' }, { type: 'time.checked' }]
  if (options.state === 'expired') {
    // The chart accepts any reason from a flight.
    const reason = (options.reason ?? 'refreshRejected') as RejectedReason
    return [...asked, { type: 'refresh.rejected', ...position, reason }]
  }
  if (options.state === 'refreshing') return asked
  const notBefore = now + (options.retryInMs ?? 5_000)
  return [...asked, { type: 'refresh.refused', ...position, roll: 0, notBefore }]
}
