export const CALLBACK = 'http://localhost:5173/callback'
export const SIGNED_OUT = 'http://localhost:5173/signed-out'

/** A browser that follows the provider's pages from `url`, until it is sent back to the application: that address. */
export async function wayBack(
  url: string,
  jar = new Map<string, string>(),
  callback = CALLBACK,
): Promise<string> {
  let at = new URL(url)
  for (let step = 0; step < 15; step++) {
    if (at.href.startsWith(callback)) return at.href
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(at, { redirect: 'manual', headers: { cookie } })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      jar.set(name, value)
    }
    const next = response.headers.get('location')
    if (next === null) throw new Error(`${at.pathname} answered ${response.status}: ${await response.text()}`)
    await response.body?.cancel()
    at = new URL(next, at)
  }
  throw new Error('The login went in circles.')
}
