import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type PageProvider, startPageProvider } from '../../examples/embed/provider.ts'
import { runSample } from './samples.ts'

const ORIGIN = 'http://localhost:5173'

let provider: PageProvider
const memory = new Map<string, string>()
const left: string[] = []
beforeAll(async () => {
  provider = await startPageProvider({
    redirectUri: `${ORIGIN}/callback`,
    postLogoutRedirectUri: `${ORIGIN}/`,
  })
  vi.stubGlobal('location', {
    origin: ORIGIN,
    href: `${ORIGIN}/orders`,
    assign: (url: string) => left.push(url),
  })
  vi.stubGlobal('sessionStorage', {
    getItem: (key: string) => memory.get(key) ?? null,
    setItem: (key: string, value: string) => memory.set(key, value),
    removeItem: (key: string) => memory.delete(key),
  })
})
afterAll(async () => {
  vi.unstubAllGlobals()
  await provider.close()
})

interface Guide {
  readonly authProvider?: { login(parameters: object): Promise<unknown> }
  readonly beforeLoad?: (route: never) => Promise<unknown>
}

test.each(['ra-core', 'refine', 'tanstack'])('the guide of %s leads to any OpenID provider', async (name) => {
  const { authProvider, beforeLoad } = await runSample<Guide>(
    `docs/embed-${name}.md`,
    '// provider.ts: replaces session.ts',
    { 'https://id.example.com/realms/staff': provider.issuer },
  )
  left.length = 0
  if (authProvider) authProvider.login({}).catch(() => {})
  else
    beforeLoad?.({ location: { href: '/orders' }, abortController: new AbortController() } as never).catch(
      () => {},
    )
  await expect.poll(() => left[0]).toContain(`${provider.issuer}/auth?`)
  expect(new URL(left[0] ?? '').searchParams.get('client_id')).toBe('panel')
})
