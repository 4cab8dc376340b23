import { RANDOM_ID, randomId } from '../base/randomId.ts'
import { redirect } from './answers.ts'
import type { Endpoint, ServerContext } from './context.ts'
import { isWindow } from './isWindow.ts'

/** A page has this long to follow. */
const KEPT_MS = 60_000
const PURPOSE = 'provider logout'
/** The bytes that a cookie can hold besides its name and attributes. */
const MAX_BYTES = 3_800

interface Kept {
  readonly url: string
  /** Wall clock, milliseconds since the Unix epoch. */
  readonly until: number
}

/**
 * Keeps the address of the provider's own logout for the browser that has just logged out. The address may hold an ID
 * token (`id_token_hint`), which no page of ours may see. Returns an address of ours that leads there once, and the
 * `Set-Cookie` line that it needs; `undefined`: with sealed cookies, the address is too long for a cookie.
 */
export async function keepProviderLogout({ settings, cookies, keyring }: ServerContext, url: string) {
  const { store, clock, paths, publicUrl, sealedCookies } = settings
  const until = clock.wall() + KEPT_MS
  const text = JSON.stringify({ url, until } satisfies Kept)
  const location = new URL(paths.providerLogout, publicUrl).href
  if (sealedCookies) {
    const sealed = await keyring.seal(text, PURPOSE)
    if (sealed.length > MAX_BYTES) return undefined
    return { location, cookie: cookies.providerLogout.set(sealed, KEPT_MS) }
  }
  const id = randomId()
  const [key = ''] = await keyring.macs(PURPOSE, id)
  const value = await keyring.seal(text, `${PURPOSE} ${key}`)
  if ((await store.compareAndSet(key, null, { value, expiresAt: until })) === null)
    throw new Error('A new id was taken already.')
  return { location, cookie: cookies.providerLogout.set(id, KEPT_MS) }
}

/** `GET logout/provider`: redirects to the provider's own logout, once; to the login page if there is none. */
export const providerLogout: Endpoint = async (context, request) => {
  const { settings, cookies } = context
  const url = await takeProviderLogout(context, request)
  return redirect(url ?? settings.paths.login, [cookies.providerLogout.clear()])
}

async function takeProviderLogout(
  { settings, cookies, keyring }: ServerContext,
  request: Request,
): Promise<string | undefined> {
  const { store, clock, sealedCookies } = settings
  // A script of a page that follows the redirect could read its target.
  if (!isWindow(request)) return undefined

  async function opened(sealed: string, context: string): Promise<string | undefined> {
    const unsealed = await keyring.unseal(sealed, context)
    if ('reason' in unsealed) return undefined
    const { url, until } = JSON.parse(unsealed.plain) as Kept
    return clock.wall() < until ? url : undefined
  }

  for (const sent of cookies.providerLogout.values(request)) {
    if (sealedCookies) {
      const url = await opened(sent, PURPOSE)
      if (url) return url
      continue
    }
    if (!RANDOM_ID.test(sent)) continue
    for (const key of await keyring.macs(PURPOSE, sent)) {
      const entry = await store.read(key)
      const url = entry && (await opened(entry.value, `${PURPOSE} ${key}`))
      if (!url) continue
      const used = { value: 'used', expiresAt: clock.wall() + KEPT_MS }
      return (await store.compareAndSet(key, entry.revision, used)) === null ? undefined : url
    }
  }
  return undefined
}
