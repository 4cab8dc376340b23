import type { Keyring } from './keyring.ts'
import type { RunningLogins } from './runLogins.ts'
import type { LoginGrant } from './serverLogin.ts'

/** The tags by which a session is found, besides its key: MACs, each bound to the panel and to the login. */
export interface SessionTags {
  /** Of the user's id, with the identity of the login. */
  readonly user: string
  /** Of the identity provider's name of the user, with the issuer. */
  readonly sub?: string
  /** Of the provider's own session, with the issuer. */
  readonly sid?: string
  /** When the provider granted it, by the provider's clock if it says so; milliseconds since the Unix epoch. */
  readonly at: number
}

/** The kind of a tag. */
export type TagKind = 'user' | 'sub' | 'sid'

/** 132 bits: a record holds up to three, and a server many records. */
const LENGTH = 22

/**
 * Makes the tags of sessions. `app`: their panel. Another panel may share store and secrets, and finds nothing by these
 * tags.
 */
export function createSessionTags(keyring: Keyring, app: string, logins: RunningLogins) {
  /**
   * The tags of `text`, the one of the newest secret first. `sub` and `sid` have a meaning only at their issuer, and a
   * user's id only at its backend.
   */
  async function macs(kind: TagKind, via: string, text: string): Promise<readonly string[]> {
    const at = kind === 'user' ? await logins.identityOf(via) : logins.get(via)?.issuer
    const all = await keyring.macs(`tag ${kind}`, JSON.stringify([app, via, at ?? '', text]))
    // As JSON: a substring would keep the whole text in memory.
    return all.map((mac) => JSON.parse(JSON.stringify(mac.slice(0, LENGTH))) as string)
  }

  const first = async (kind: TagKind, via: string, text: string) => (await macs(kind, via, text))[0] ?? ''

  return {
    macs,
    /** The tags of a session of `userId` that was granted by the login `via`. */
    async of(
      via: string,
      userId: string,
      { sub, sid, issuedAt }: LoginGrant,
      askedAt: number,
    ): Promise<SessionTags> {
      return {
        user: await first('user', via, userId),
        ...(sub && { sub: await first('sub', via, sub) }),
        ...(sid && { sid: await first('sid', via, sid) }),
        at: issuedAt ?? askedAt,
      }
    },
  }
}

export type SessionTagMaker = ReturnType<typeof createSessionTags>

/** The same in the form of a store. */
export const listOfTags = ({ user, sub, sid }: SessionTags): readonly string[] =>
  [user, sub, sid].filter((tag) => tag !== undefined)
