import { deriveKey, mac, seal, unseal } from '#crypto'
import { Misconfigured } from '../base/errors.ts'
import { whereFrom } from '../base/whereFrom.ts'

/** The contents of a sealed text, or why it could not be opened. */
export type Unsealed =
  /** `isOld`: not sealed with the newest secret; seal it again when it is written next. */
  | { readonly plain: string; readonly isOld: boolean }
  /**
   * `format`: this is no sealed text. `newer`: a later release sealed it; leave it alone. `unknownKey`: its secret is
   * not on this ring. `tampered`: it was changed, cut short, or sealed for another context.
   */
  | { readonly reason: 'format' | 'newer' | 'unknownKey' | 'tampered' }

/** Seals and hashes with keys that are derived from the server's secrets. Each purpose has its own key. */
export interface Keyring {
  /** `v1.<key id>.<base64url>`, with the newest secret. `context` is authenticated, but not stored. */
  seal(plain: string, context: string): Promise<string>
  unseal(text: string, context: string): Promise<Unsealed>
  /**
   * The MACs of `text` for `purpose`, 43 characters each, the newest secret first. Write under the first one, and look
   * for older entries under the others too.
   */
  macs(purpose: string, text: string): Promise<readonly string[]>
}

type Bytes = Uint8Array<ArrayBuffer>

interface Key {
  readonly id: string
  readonly sealing: Bytes
  readonly macs: Map<string, Promise<Bytes> | Bytes>
  readonly secret: string
}

const MIN_LENGTH = 32
const VERSION = 'v1'

/**
 * Rotate in two steps, so that no server meets a seal that it cannot open. First add the new secret at the end on all
 * servers. Then move it to the front on all servers. Remove the old secret when the last session that it sealed has
 * ended.
 *
 * @param secrets the newest first: it seals, and all can open. Each has at least 32 random characters.
 * @throws {Misconfigured} if there is none, one is shorter, or two are equal
 */
export function createKeyring(secrets: readonly string[]): Keyring {
  check(secrets)
  const ring = Promise.all(secrets.map(keyOf))
  // A failure reaches the code that uses the ring.
  ring.catch(() => {})

  return {
    async seal(plain, context) {
      const [newest] = (await ring) as [Key]
      // One string in memory and not three: a store in memory keeps many of them.
      return [VERSION, newest.id, await seal(newest.sealing, plain, context)].join('.')
    },

    async unseal(text, context) {
      const [version = '', id, sealed, ...rest] = text.split('.')
      if (version !== VERSION) return { reason: /^v[1-9]\d{0,5}$/.test(version) ? 'newer' : 'format' }
      if (!id || sealed === undefined || rest.length > 0) return { reason: 'format' }
      const keys = await ring
      // The id has few bits, so more than one secret could have it.
      const candidates = keys.filter((key) => key.id === id)
      if (candidates.length === 0) return { reason: 'unknownKey' }
      for (const key of candidates) {
        const plain = await unseal(key.sealing, sealed, context)
        if (plain !== undefined) return { plain, isOld: key !== keys[0] }
      }
      return { reason: 'tampered' }
    },

    async macs(purpose, text) {
      const found: string[] = []
      for (const key of await ring) {
        let derived = key.macs.get(purpose)
        if (!derived) {
          derived = deriveKey(key.secret, `mac ${purpose}`)
          key.macs.set(purpose, derived)
        }
        found.push(await mac(derived instanceof Uint8Array ? derived : await derived, text))
      }
      return found
    },
  }
}

function check(secrets: readonly string[]): void {
  if (secrets !== undefined && !Array.isArray(secrets))
    throw new Misconfigured('`secrets` must be a list: secrets: [process.env.SESSION_SECRET].')
  if (secrets === undefined || secrets.length === 0) {
    throw new Misconfigured('`secrets` is empty: give at least one secret of 32 characters or more.')
  }
  secrets.forEach((secret: unknown, i) => {
    if (typeof secret !== 'string' || secret.length < MIN_LENGTH) {
      throw new Misconfigured(
        `secrets[${i}] is not a text of at least ${MIN_LENGTH} characters: make one with \`openssl rand -base64 32\`.${whereFrom(secret)}`,
      )
    }
    if (secrets.indexOf(secret) !== i) {
      throw new Misconfigured(`secrets[${i}] is the same as secrets[${secrets.indexOf(secret)}]: remove one.`)
    }
  })
}

/** The id tells which key sealed a text. It is derived separately and reveals nothing about the key. */
async function keyOf(secret: string): Promise<Key> {
  const naming = await deriveKey(secret, 'key id')
  const id = (await mac(naming, 'id')).slice(0, 8)
  return { id, sealing: await deriveKey(secret, 'seal'), macs: new Map(), secret }
}
