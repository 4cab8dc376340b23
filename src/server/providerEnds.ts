import { ATTEMPT_MS } from './attempts.ts'
import type { Found } from './foundSession.ts'
import type { Keyring } from './keyring.ts'
import type { ServerSettings } from './readServerOptions.ts'
import type { SessionEnds } from './sessionEnds.ts'
import type { SessionTagMaker, SessionTags } from './sessionTags.ts'

/** The user that logged out at the provider, and when, by the provider's clock. */
export interface ProviderLogout {
  readonly sub?: string
  readonly sid?: string
  /** Milliseconds since the Unix epoch, in whole seconds. */
  readonly issuedAt: number
}

/** The remembered logouts, by the tag that they name. */
interface Remembered {
  /** For all sessions with the tag. */
  readonly all?: Told
  /** For the sessions without a `sid`. */
  readonly withoutSid?: Told
}

/** The newest logout: when it was issued by the provider's clock, and when it arrived by ours. */
interface Told {
  readonly issuedAt: number
  readonly cameAt: number
}

interface Parts {
  readonly settings: ServerSettings
  readonly keyring: Keyring
  readonly ends: SessionEnds
  readonly tags: SessionTagMaker
  /** The living sessions of the login `via` that have one of these tags. */
  readonly tagged: (via: string, macs: readonly string[]) => Promise<readonly Found[]>
}

const PURPOSE = 'provider logout of'
const WRITES = 10

/** `iat` counts seconds, so a grant of the same second ends too. */
const isBefore = (at: number, issuedAt: number) => at < issuedAt + 1_000

/**
 * Ends sessions that the identity provider ends (OpenID Connect Back-Channel Logout 1.0 section 2.7). It remembers each
 * logout as long as a login may take: a session that is written later, but was granted before, ends at once.
 */
export function createProviderEnds({ settings, keyring, ends, tags, tagged }: Parts) {
  const { store, clock } = settings

  const contextOf = (key: string) => `${PURPOSE} ${key}`
  const keyOf = (mac: string) => `logout ${mac}`

  async function read(key: string): Promise<{ readonly was: Remembered; readonly revision: number | null }> {
    const entry = await store.read(key)
    if (!entry) return { was: {}, revision: null }
    const opened = await keyring.unseal(entry.value, contextOf(key))
    return { was: 'plain' in opened ? JSON.parse(opened.plain) : {}, revision: entry.revision }
  }

  async function remember(mac: string, kind: keyof Remembered, issuedAt: number): Promise<void> {
    const key = keyOf(mac)
    for (let writes = 0; writes < WRITES; writes++) {
      const { was, revision } = await read(key)
      const cameAt = clock.wall()
      const told: Told = { issuedAt: Math.max(was[kind]?.issuedAt ?? 0, issuedAt), cameAt }
      const next: Remembered = { ...was, [kind]: told }
      const value = await keyring.seal(JSON.stringify(next), contextOf(key))
      const entry = { value, expiresAt: clock.wall() + ATTEMPT_MS }
      if ((await store.compareAndSet(key, revision, entry)) !== null) return
    }
    throw new Error('Others kept writing what is remembered of a logout.')
  }

  async function endOf(
    via: string,
    macs: readonly string[],
    kind: keyof Remembered,
    issuedAt: number,
  ): Promise<{ readonly isKnown: boolean; readonly isDone: boolean }> {
    // This comes first, so that either the logout finds the session or the session finds the logout. It uses the tags
    // of every secret, because during a rotation another process uses an older one.
    await Promise.all(macs.map((mac) => remember(mac, kind, issuedAt)))
    const found = await tagged(via, macs)
    const over = found.filter(({ record }) => {
      const { sid, at = 0 } = record.tags ?? {}
      return isBefore(at, issuedAt) && (kind === 'all' || sid === undefined)
    })
    return { isKnown: found.length > 0, isDone: await ends.endAll(via, over, 'backChannel') }
  }

  return {
    /**
     * Ends the sessions of a logout: the session of its `sid`; if no session has it, the sessions of its `sub` without
     * a `sid`; without `sid` all sessions of its `sub`. Only earlier grants end. Returns whether all processes know.
     */
    async end(via: string, { sub, sid, issuedAt }: ProviderLogout): Promise<boolean> {
      const bySid =
        sid === undefined ? undefined : await endOf(via, await tags.macs('sid', via, sid), 'all', issuedAt)
      if (sub === undefined || bySid?.isKnown) return bySid?.isDone ?? true
      const kind = bySid ? 'withoutSid' : 'all'
      const bySub = await endOf(via, await tags.macs('sub', via, sub), kind, issuedAt)
      return bySub.isDone && (bySid?.isDone ?? true)
    },

    /**
     * Whether the provider has ended the grant of a session that was just written. `askedAt`: when the login began. A
     * provider's session that has ended does not come back, but its user may.
     */
    async isOver({ sub, sid, at }: SessionTags, askedAt: number): Promise<boolean> {
      const isOf = (told: Told | undefined) =>
        told !== undefined && askedAt <= told.cameAt && isBefore(at, told.issuedAt)
      const [ofSid, ofSub] = await Promise.all(
        [sid, sub].map(async (mac) => (mac ? (await read(keyOf(mac))).was : {})),
      )
      return ofSid?.all !== undefined || isOf(ofSub?.all) || (sid === undefined && isOf(ofSub?.withoutSid))
    },
  }
}

export type ProviderEnds = ReturnType<typeof createProviderEnds>
