import { expect, test } from 'vitest'
import { createEndSessionUrls } from '../../src/server/endSessionUrls.ts'
import { PANEL, world } from './world.ts'

const MINUTE = 60_000

async function logout(more: (providerUrl: string) => object) {
  const { backend, serve, pass } = await world()
  backend.knobs.endSession = true
  const { page, open } = serve(more(backend.providerUrl))
  await page.openid()
  const answer = await page.post('/session/logout')
  expect([answer.status, page.cookies.has('__Host-session')]).toEqual([200, false])
  const text = await answer.text()
  return {
    providerUrl: backend.providerUrl,
    page,
    open,
    pass,
    text,
    told: JSON.parse(text) as { redirect?: string },
  }
}

const allowed = (origin: string) => ({ openidBackendLogout: true, endSessionOrigins: [origin] })
const sealed = (origin: string) => ({ ...allowed(origin), sealedCookies: true })

test.each([
  ['in a store', allowed],
  ['in sealed cookies', sealed],
])(
  'U77: the page of a logout is told a path of ours, which leads to the provider once: %s',
  async (_, more) => {
    const { told, text, page, providerUrl } = await logout(more)
    expect(text).not.toContain(new URL(providerUrl).origin)
    expect(text).not.toContain('hint')
    const { origin, pathname, search } = new URL(told.redirect ?? '')
    expect([origin, search]).toEqual([PANEL, ''])
    const copy = new Map(page.cookies)
    const gone = await page.get(pathname, { headers: { 'sec-fetch-mode': 'navigate' } })
    expect(gone.status).toBe(302)
    expect(new URL(gone.headers.get('location') ?? '').origin).toBe(new URL(providerUrl).origin)
    expect(gone.headers.get('referrer-policy')).toBe('no-referrer')
    expect(page.cookies.size).toBe(0)
    const location = async () =>
      (await page.get(pathname, { headers: { 'sec-fetch-mode': 'navigate' } })).headers.get('location')
    expect(await location()).toBe('/login')
    // Sealed, it is one browser's word whether it has been used.
    for (const [name, value] of copy) page.cookies.set(name, value)
    if (more === allowed) expect(await location()).toBe('/login')
  },
)

test('U77: the path leads nowhere for a script that would read where, for another browser, and after a minute', async () => {
  const { told, page, open, pass } = await logout(allowed)
  const path = new URL(told.redirect ?? '').pathname
  const location = async (who: typeof page, dest: string) =>
    (
      await who.get(path, { headers: { 'sec-fetch-dest': dest, 'sec-fetch-site': 'same-origin' } })
    ).headers.get('location')
  const copy = new Map(page.cookies)
  expect(await location(page, 'empty')).toBe('/login')
  expect(await location(open(), 'document')).toBe('/login')
  for (const [name, value] of copy) page.cookies.set(name, value)
  pass(2 * MINUTE)
  expect(await location(page, 'document')).toBe('/login')
})

test.each([
  ['no origin is allowed', () => ({ openidBackendLogout: true })],
  ['another origin is', () => ({ openidBackendLogout: true, endSessionOrigins: ['https://other.example'] })],
  ['the backend is not to be asked', (origin: string) => ({ endSessionOrigins: [origin] })],
])('it leads nowhere where %s', async (_, more) => {
  const { told, page } = await logout(more)
  expect([told, page.cookies.size]).toEqual([{}, 0])
})

test('where nobody waits for it, it is not kept', () => {
  const urls = createEndSessionUrls()
  urls.put('idle', 'https://provider.example/end')
  expect(urls.take('idle')).toBeUndefined()
  urls.ask('user')
  urls.put('user', 'https://provider.example/end')
  expect(urls.take('user')).toBe('https://provider.example/end')
  urls.put('user', 'https://provider.example/late')
  expect(urls.take('user')).toBeUndefined()
})
