import type { ServerContext } from './context.ts'
import { randomId } from './randomId.ts'

/** LibreChat's temporary token lives as long. */
const PENDING_MS = 300_000
const PURPOSE = 'two factor'

/**
 * What the backend gave for a correct password, until the second factor comes: the temporary token. It stays in the
 * store; with sealed cookies, which have none, it is sealed into a cookie of its own.
 */
export function pendingLogin({ settings, cookies, keyring }: ServerContext) {
  const { store, clock } = settings
  const slot = cookies.twoFactor

  /** Resolves to the `Set-Cookie` line that leads back to it. */
  async function put(tempToken: string): Promise<string> {
    const expiresAt = clock.wall() + PENDING_MS
    const text = JSON.stringify({ tempToken, expiresAt })
    if (settings.sealedCookies) return slot.set(await keyring.seal(text, PURPOSE), PENDING_MS)
    const id = randomId()
    const [key = ''] = await keyring.macs(PURPOSE, id)
    const value = await keyring.seal(text, `${PURPOSE} ${key}`)
    if ((await store.compareAndSet(key, null, { value, expiresAt })) === null)
      throw new Error('A new id was taken already.')
    return slot.set(id, PENDING_MS)
  }

  /** The token, and `use`: resolves to whether this is the first use. `undefined`: there is none, or not any more. */
  async function find(request: Request) {
    const sent = slot.read(request)
    if (sent === undefined) return undefined
    if (settings.sealedCookies) {
      const tempToken = await opened(sent, PURPOSE)
      return tempToken === undefined ? undefined : { tempToken, use: async () => true }
    }
    for (const key of await keyring.macs(PURPOSE, sent)) {
      const entry = await store.read(key)
      const tempToken = entry && (await opened(entry.value, `${PURPOSE} ${key}`))
      if (!entry || !tempToken) continue
      const gone = { value: 'used', expiresAt: clock.wall() + 1_000 }
      return { tempToken, use: async () => (await store.compareAndSet(key, entry.revision, gone)) !== null }
    }
    return undefined
  }

  async function opened(sealed: string, context: string): Promise<string | undefined> {
    const unsealed = await keyring.unseal(sealed, context)
    if ('reason' in unsealed) return undefined
    const { tempToken, expiresAt } = JSON.parse(unsealed.plain) as { tempToken: string; expiresAt: number }
    return clock.wall() < expiresAt ? tempToken : undefined
  }

  return { put, find, clear: () => slot.clear() }
}
