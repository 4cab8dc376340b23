import { ATTEMPT_MS } from './attempts.ts'
import type { Found } from './foundSession.ts'
import type { Keyring } from './keyring.ts'
import type { ServerSettings } from './readServerOptions.ts'
import type { SessionEnds } from './sessionEnds.ts'
import type { SessionTagMaker, SessionTags } from './sessionTags.ts'

/** Who has logged out at the provider, and when, by the provider's clock. */
export interface ProviderLogout {
  readonly sub?: string
  readonly sid?: string
  /** Milliseconds since the Unix epoch; of whole seconds. */
  readonly issuedAt: number
}

/** What is remembered of logouts, by the tag that they name. */
interface Remembered {
  /** Of all sessions with the tag. */
  readonly all?: Told
  /** Of those without a `sid`. */
  readonly withoutSid?: Told
}

/** The newest logout: when it was issued by the provider's clock, and when it came by ours. */
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

/** `iat` counts seconds: what was granted in the same one is over, too. */
const isBefore = (at: number, issuedAt: number) => at < issuedAt + 1_000

/**
 * Ends sessions at the word of the identity provider (OpenID Connect Back-Channel Logout 1.0 section 2.7), and remembers it
 * for as long as a login may be under way: a session that is written only then is over at once.
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
    // First, so that either this finds a session or the session finds this. Under every secret's: while secrets are rotated,
    // another process tags by an older one.
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
     * Ends what a logout means: the session of its `sid`; where nobody knows that, the sessions of its `sub` that have none;
     * without `sid` all of its `sub`. Only what was granted before it. Answers whether all processes know.
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
     * Whether the provider has ended what a session was granted by that was just written; `askedAt`: when the login was on
     * its way already. A provider's session that is over does not come back; its user may.
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
