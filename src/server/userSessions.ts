import type { SessionUser, UserIdentity } from '../../machines/session.types.ts'
import { Misconfigured } from '../base/errors.ts'
import { readUser } from '../base/readUser.ts'
import type { Trace } from '../session/trace.ts'
import type { ServerContext } from './context.ts'
import { nameOf } from './entries.ts'
import type { Found } from './foundSession.ts'
import { shownUserOf } from './shownUserOf.ts'

/** The user whose sessions are meant. */
export interface UserOfLogin {
  /** The name of the login in the option `logins`. */
  readonly via: string
  /** The `id` of the user, as the login returned it. */
  readonly userId: string
}

/** One session of a user, without tokens. */
export interface ListedSession<User extends UserIdentity = SessionUser> {
  /** Its name here and in notices (`session`). Nobody can take it over with this name. */
  readonly id: string
  /** The name of its login. */
  readonly via: string
  /** The login's strategy that renews it. */
  readonly provider: string
  /** The user as the schema of the option `user` shows it. */
  readonly user: User
  /** When it began. This and the fields below: the server's wall clock, milliseconds since the Unix epoch. */
  readonly beganAt: number
  /** When its user was last active; up to half a minute may be missing. */
  readonly lastUsedAt: number
  /** When the backend last confirmed it. */
  readonly verifiedAt: number
  /** When it ends if its user does nothing. */
  readonly endsAt: number
}

/** The actor that ends sessions of a user. */
export interface EndedBy {
  /** Names the actor, for the notice `ended`: an id of yours, 1 to 200 characters, nothing personal. */
  readonly by: string
}

/**
 * The sessions of a server by their users. There is no endpoint: your code must check who may list and end what. Every
 * call rejects if the store does not answer, and with `Misconfigured` with `sealedCookies`.
 */
export interface UserSessions<User extends UserIdentity = SessionUser> {
  /** The living sessions of a user, the newest first. */
  list(of: UserOfLogin): Promise<readonly ListedSession<User>[]>
  /**
   * Ends one of them: at once in all processes, and its grant at the backend, if the backend permits that. Resolves to
   * whether there was one.
   */
  end(of: UserOfLogin & { readonly id: string }, how: EndedBy): Promise<boolean>
  /** Ends all of them, or all but one: `id` of `getSession` names that of a request. Resolves to their number. */
  endAll(of: UserOfLogin & { readonly except?: string | undefined }, how: EndedBy): Promise<number>
  /**
   * What this process recorded of the session `id`, also of one that has ended. Play it with `npx xstate-session
   * replay`. `undefined`: it has nothing, or no longer. Throws `Misconfigured` without the option `recorder`.
   */
  trace(id: string): Trace | undefined
}

/** `sessions` of a server. */
export function createUserSessions(context: ServerContext): UserSessions<UserIdentity> {
  const { settings, sessions, logins } = context

  async function found({ via, userId }: UserOfLogin): Promise<readonly Found[]> {
    if (settings.sealedCookies)
      throw new Misconfigured(
        'With `sealedCookies` sessions exist only in browsers, so the server cannot list or end them. Keep sessions in a `store`.',
      )
    if (!logins.get(via))
      throw new Misconfigured(
        `\`via\` must be one of the logins: ${logins.all.map(([name]) => name).join(', ')}.`,
      )
    if (typeof userId !== 'string' || userId === '') throw new Misconfigured('`userId` must be a text.')
    return sessions.ofUser(via, userId)
  }

  function listed({ key, record, session }: Found): ListedSession<UserIdentity> {
    return {
      id: nameOf(key),
      via: record.via[0],
      provider: session.provider,
      user: shownUserOf(settings, session.user, readUser) as UserIdentity,
      beganAt: session.startedAt,
      lastUsedAt: record.activeAt,
      verifiedAt: record.verifiedAt,
      endsAt: Math.min(
        session.startedAt + settings.absoluteLifetimeMs,
        record.activeAt + settings.idleTimeoutMs,
      ),
    }
  }

  async function end(via: string, all: readonly Found[], { by }: EndedBy): Promise<number> {
    if (all.length > 0 && !(await sessions.endAll(via, all, 'revoked', by)))
      throw new Error(
        'The store does not answer. This process keeps trying to end the sessions; other processes do not know of it yet.',
      )
    return all.length
  }

  return {
    trace(id) {
      if (!settings.recorder)
        throw new Misconfigured(
          'The server has no recorder: give it `recorder: createRecorder()` of xstate-session/recorder.',
        )
      return settings.recorder.trace(id)
    },
    list: async (of) => (await found(of)).map(listed),
    async end({ id, ...of }, how) {
      checkActor(how)
      const named = (await found(of)).filter(({ key }) => nameOf(key) === id)
      return (await end(of.via, named, how)) > 0
    },
    async endAll({ except, ...of }, how) {
      checkActor(how)
      const all = (await found(of)).filter(({ key }) => nameOf(key) !== except)
      return end(of.via, all, how)
    },
  }
}

function checkActor(how: EndedBy | undefined): void {
  const by: unknown = how?.by
  if (typeof by !== 'string' || by.length < 1 || by.length > 200)
    throw new Misconfigured('`by` must name who ends the sessions, in 1 to 200 characters.')
}
