import type { Position, SessionUser, UserDocument, UserIdentity } from '../../machines/session.types.ts'
import { documentOf } from '../base/readUser.ts'

/** The facts that a page may know of the session on its server, in the form of the server's answer. */
export interface BffFacts<User extends UserIdentity = SessionUser> extends Position {
  /** The user who is logged in, as the server returned it. */
  readonly user: User
  /** A random name of the login. Every call of the page names its login with it. */
  readonly login: string
  /** When the bearer ends, by the server's clock; milliseconds since the Unix epoch. Absent: unknown. */
  readonly expiresAt?: number
  /** The server's clock at the answer; milliseconds since the Unix epoch. */
  readonly serverNow: number
}

/** The same in the form of a page: a span replaces the instants, because the page's clock may be wrong. */
export interface KnownFacts extends Position {
  readonly user: UserDocument
  readonly login: string
  /** How long the bearer lives from now on; milliseconds, `Infinity`: unknown. */
  readonly lifeMs: number
}

/** A header can carry this, and it is not the word for "nobody". */
const LOGIN = /^[\w-]{8,128}$/

/** The facts of an answer; `undefined` for anything else. The user's schema is applied later. */
export function readFacts(value: unknown): KnownFacts | undefined {
  const { user, login, epoch, version, expiresAt, serverNow } = Object(value) as Record<string, unknown>
  const document = documentOf(user)
  const isSound =
    document &&
    typeof login === 'string' &&
    LOGIN.test(login) &&
    [epoch, version].every(Number.isSafeInteger) &&
    Number.isFinite(serverNow) &&
    (expiresAt === undefined || Number.isFinite(expiresAt))
  if (!isSound) return undefined
  const lifeMs = expiresAt === undefined ? Infinity : Number(expiresAt) - Number(serverNow)
  return { user: document, login, epoch: Number(epoch), version: Number(version), lifeMs }
}
