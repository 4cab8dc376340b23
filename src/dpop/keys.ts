import { generateKeyPair } from 'oauth4webapi'
import { systemClock } from '../base/clock.ts'
import { LoginFailed } from '../base/errors.ts'
import { within } from '../base/within.ts'
import { createDatabase } from '../browser/database.ts'
import type { ProofKey, Prover } from './prover.ts'

/** What a login does if the browser cannot store a key. */
export type WhenNotKept = 'memory' | 'refuse'

interface KeyRow {
  readonly v: 1
  readonly keys: CryptoKeyPair
}

/** By then it is known whether the browser stores a key; otherwise it counts as storing none. */
const PATIENCE_MS = 5_000
/** The prefix of the name of a key that the browser does not store. */
const TAB = 'tab '

/** The keys of one client in this browser: the one in IndexedDB, and those of this tab alone. */
export function createKeys(name: string, row: string, whenNotKept: WhenNotKept, { keyOf }: Prover) {
  const database = createDatabase(name, systemClock, () => {})
  const known = new Map<string, ProofKey>()
  let reading: Promise<void> | undefined

  async function remember(keys: CryptoKeyPair, prefix = ''): Promise<ProofKey> {
    const made = await keyOf(keys, prefix)
    const key = known.get(made.id) ?? made
    known.set(key.id, key)
    return key
  }

  /**
   * The stored key, made if there is none. An unusable value in its place is replaced, unless a newer version of the
   * page has written it: then this version has no stored key.
   */
  function keep(made: CryptoKeyPair): Promise<CryptoKeyPair | undefined> {
    const keeping = () =>
      database.change([row], (found) => {
        const keys = keysOf(found)
        return keys || isNewer(found)
          ? { answer: keys }
          : { write: { [row]: { v: 1, keys: made } satisfies KeyRow }, answer: made }
      })
    return within(systemClock, PATIENCE_MS, keeping, () => new Error('The key was not kept in time.'))
  }

  async function read(): Promise<void> {
    const [found] = await database.read([row])
    const keys = keysOf(found)
    if (keys) await remember(keys)
    // This version cannot judge a value of a newer version of the page.
    else if (isNewer(found)) throw new Error('The key is kept by a newer version of this page.')
    // The value is of an older version, or incomplete.
    else if (found !== undefined)
      await database.change([row], (now) => ({
        ...(!keysOf(now) && !isNewer(now) && { write: { [row]: undefined } }),
        answer: undefined,
      }))
  }

  /**
   * The key for a login that begins or ends; `undefined`: none outlives the way to the provider.
   *
   * @throws LoginFailed where there may be none
   */
  async function make(isOver: boolean): Promise<ProofKey | undefined> {
    // A platform without WebCrypto, such as a page over plain HTTP, has no keys at all.
    const made = await generateKeyPair('ES256').catch(() => undefined)
    if (!made) throw new LoginFailed('key_unavailable')
    const kept = await keep(made).catch(() => undefined)
    if (kept) return remember(kept)
    if (whenNotKept === 'refuse') throw new LoginFailed('key_unavailable')
    return isOver ? remember(made, TAB) : undefined
  }

  /** The key of this name; `undefined`: it is lost. Rejects if that is unknown. */
  async function find(id: string | undefined): Promise<ProofKey | undefined> {
    // A store may hold anything.
    if (typeof id !== 'string') return undefined
    const key = known.get(id)
    if (key || id.startsWith(TAB) || !('indexedDB' in globalThis)) return key
    reading ??= read().finally(() => {
      reading = undefined
    })
    await reading
    return known.get(id)
  }

  return { make, find }
}

export type Keys = ReturnType<typeof createKeys>

const isNewer = (found: unknown): boolean => Number((found as Partial<KeyRow> | undefined)?.v) > 1

function keysOf(found: unknown): CryptoKeyPair | undefined {
  const { v, keys } = (found ?? {}) as Partial<KeyRow>
  const isWhole = v === 1 && keys?.privateKey instanceof CryptoKey && keys.publicKey instanceof CryptoKey
  return isWhole ? keys : undefined
}
