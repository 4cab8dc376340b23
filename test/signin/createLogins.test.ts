import type { AuthorizationServer } from 'oauth4webapi'
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  onTestFinished,
  test,
  vi,
} from 'vitest'
import { startPageProvider } from '../../examples/embed/provider.ts'
import { systemClock } from '../../src/base/clock.ts'
import { LoginFailed, Misconfigured } from '../../src/base/errors.ts'
import { type OauthProvider, oauthProvider } from '../../src/oauth/oauthProvider.ts'
import type { OauthProviderOptions } from '../../src/oauth/oauthProviderOptions.ts'
import { userinfo } from '../../src/oauth/userinfo.ts'
import { createSession } from '../../src/session/createSession.ts'
import { createLogins } from '../../src/signin/createLogins.ts'
import { memoryAttempts } from './memoryAttempts.ts'
import { CALLBACK, SIGNED_OUT, wayBack } from './wayBack.ts'

const HOME = 'http://localhost:5173/orders?page=2'
const startRealProvider = (isPushed = false) =>
  startPageProvider({ redirectUri: CALLBACK, postLogoutRedirectUri: SIGNED_OUT, isPushed })

let provider: Awaited<ReturnType<typeof startRealProvider>>
beforeAll(async () => {
  provider = await startRealProvider()
})
afterAll(() => provider.close())

let passedMs = 0
beforeEach(() => {
  passedMs = 0
  const { wall } = systemClock
  vi.spyOn(systemClock, 'wall').mockImplementation(() => wall() + passedMs)
})
afterEach(() => {
  vi.restoreAllMocks()
})
const pass = (ms: number) => {
  passedMs += ms
}

/** A browser with tabs, over one store of attempts. */
function browser(of = provider, more: Partial<OauthProviderOptions> = {}, fetching = fetch) {
  const attempts = memoryAttempts()
  /** `memory`: what the tab remembers while it is away. */
  function tab(href = HOME, memory = new Map<string, string>()) {
    const keycloak = oauthProvider({
      server: of.issuer,
      clientId: 'panel',
      redirectUri: CALLBACK,
      scope: 'openid profile email offline_access',
      postLogoutRedirectUri: SIGNED_OUT,
      ...more,
    })
    const session = createSession({
      baseUrl: 'http://localhost:5173/api',
      strategies: { keycloak },
      fetch: fetching,
    })
    const page = {
      href,
      left: '',
      revoked: 0,
      /** At which providers a logout has ended nothing. */
      local: [] as string[],
      during: async () => {},
      end: keycloak.logins.endSession,
    }
    const slow: OauthProvider = {
      ...keycloak,
      revoke: async (end) => {
        page.revoked++
        return (await keycloak.revoke?.(end)) ?? false
      },
      logins: {
        ...keycloak.logins,
        endSession: (...asked) => page.end(...asked),
        async finish(...asked: Parameters<typeof keycloak.logins.finish>) {
          const grant = await keycloak.logins.finish(...asked)
          await page.during()
          return grant
        },
      },
    }
    const logins = createLogins(
      session,
      { keycloak: slow },
      {
        attempts,
        onLocalLogout: (of) => page.local.push(of),
        page: {
          href: () => page.href,
          leave: (url) => {
            page.left = url
          },
          rename: (url) => {
            page.href = new URL(url, page.href).href
          },
          open: () => null,
          close: () => {},
          recall: (key) => memory.get(key),
          remember(key, value) {
            if (value === undefined) memory.delete(key)
            else memory.set(key, value)
          },
        },
      },
    )
    return { session, logins, page }
  }
  return { tab, attempts }
}

const failed = (reason: string, more: object = {}) =>
  expect.objectContaining({ code: 'login_failed', reason, ...more })

test('L6: a window without the option `popups` is refused with what to give, and nothing begins', async () => {
  const { logins, page } = browser().tab()
  await expect(logins.signIn('keycloak', { popup: true })).rejects.toThrow(
    /`popup` needs the option `popups`/,
  )
  expect(page.left).toBe('')
})

test('a login at a real provider: there, back, a session whose token is renewed by the provider', async () => {
  const { tab, attempts } = browser()
  const begun = tab()
  await begun.logins.signIn('keycloak', { loginHint: 'ada' })
  const url = new URL(begun.page.left)
  expect(Object.fromEntries(url.searchParams)).toMatchObject({
    client_id: 'panel',
    response_type: 'code',
    redirect_uri: CALLBACK,
    code_challenge_method: 'S256',
    scope: 'openid profile email offline_access',
  })
  const back = tab(await wayBack(url.href))
  expect(back.logins.isCallback()).toBe(true)
  expect(await back.logins.handleCallback()).toEqual({ returnTo: '/orders?page=2' })
  expect(back.page.href).toBe(CALLBACK)
  expect(back.session.getSnapshot()).toMatchObject({
    state: 'active',
    provider: 'keycloak',
    user: { id: 'ada', email: 'ada@example.com', name: 'Ada' },
  })
  expect(attempts.kept()).toMatchObject([{ verifier: '', takenAt: expect.any(Number) }])
  const first = await back.session.getToken()
  await back.session.refresh()
  expect(await back.session.getToken()).not.toBe(first)
})

test('a pushed request, where the provider asks for one (RFC 9126): the address carries nothing but its name', async () => {
  const pushing = await startRealProvider(true)
  try {
    const { tab } = browser(pushing)
    const begun = tab()
    await begun.logins.signIn('keycloak', { loginHint: 'ada' })
    expect([...new URL(begun.page.left).searchParams.keys()].sort()).toEqual(['client_id', 'request_uri'])
    expect(pushing.counts.pushed).toBe(1)
    const back = tab(await wayBack(begun.page.left))
    await back.logins.handleCallback()
    expect(back.session.getSnapshot().user?.id).toBe('ada')
  } finally {
    await pushing.close()
  }
})

describe('attempts', () => {
  test('L1: ten logins begun at once, finished in any order, all land where they wanted', async () => {
    const { tab } = browser()
    const tabs = Array.from({ length: 10 }, (_, n) => tab(`http://localhost:5173/page/${n}`))
    for (const { logins } of tabs) await logins.signIn('keycloak', { loginHint: 'ada' })
    for (const n of [3, 9, 0, 1, 2, 4, 5, 6, 7, 8]) {
      const back = tab(await wayBack(tabs[n]?.page.left ?? ''))
      expect(await back.logins.handleCallback()).toEqual({ returnTo: `/page/${n}` })
    }
  })

  test('L2: two hundred begun and none finished: their number stays bounded, and the next one works', async () => {
    const { tab, attempts } = browser()
    const { logins, page, session } = tab()
    for (let n = 0; n < 200; n++) await logins.signIn('keycloak')
    expect(attempts.kept().length).toBeLessThanOrEqual(20)
    await logins.signIn('keycloak', { loginHint: 'ada' })
    const back = tab(await wayBack(page.left))
    await back.logins.handleCallback()
    await back.session.logout()
    expect(attempts.kept()).toEqual([])
    session.dispose()
  })

  test('L10: a strict React handles the callback twice: one exchange, and both get the answer', async () => {
    const { tab } = browser()
    const begun = tab()
    await begun.logins.signIn('keycloak', { loginHint: 'ada' })
    const { logins } = tab(await wayBack(begun.page.left))
    const before = provider.counts.tokenRequests
    const both = await Promise.all([logins.handleCallback(), logins.handleCallback()])
    expect(both).toEqual([{ returnTo: '/orders?page=2' }, { returnTo: '/orders?page=2' }])
    expect(await logins.handleCallback()).toEqual({ returnTo: '/orders?page=2' })
    expect(provider.counts.tokenRequests).toBe(before + 1)
  })

  test('L11: the address of a callback, opened again, costs a living session nothing and asks nobody', async () => {
    const { tab } = browser()
    const begun = tab()
    await begun.logins.signIn('keycloak', { loginHint: 'ada' })
    const address = await wayBack(begun.page.left)
    const back = tab(address)
    await back.logins.handleCallback()
    const before = provider.counts.tokenRequests
    back.page.href = address
    expect(await back.logins.handleCallback()).toEqual({ returnTo: '/orders?page=2' })
    pass(60_000)
    back.page.href = address
    expect(await back.logins.handleCallback()).toEqual({ returnTo: '/' })
    expect(back.session.getSnapshot().user?.id).toBe('ada')
    // Where nobody is logged in, the login begins anew: that is no error of the provider.
    await expect(tab(address).logins.handleCallback()).rejects.toEqual(
      failed('unknown_attempt', { returnTo: '/' }),
    )
    expect(provider.counts.tokenRequests).toBe(before)
  })

  test('L12: of two tabs with one callback, one sends the code', async () => {
    const { tab } = browser()
    const begun = tab()
    await begun.logins.signIn('keycloak', { loginHint: 'ada' })
    const address = await wayBack(begun.page.left)
    const before = provider.counts.tokenRequests
    const [first, second] = [tab(address), tab(address)]
    expect(await first.logins.handleCallback()).toEqual({ returnTo: '/orders?page=2' })
    const told = second.logins.handleCallback()
    // Tabs share the session by their vault; these two do not.
    await second.session.login({ token: 'T', user: { id: 'ada' } }, { provider: 'keycloak' })
    expect(await told).toEqual({ returnTo: '/orders?page=2' })
    expect(provider.counts.tokenRequests).toBe(before + 1)
  })

  test('L66: a tab that waits for the exchange of another learns at once that it has failed, and why', async () => {
    const { tab } = browser()
    const begun = tab()
    await begun.logins.signIn('keycloak', { loginHint: 'ada' })
    const address = await wayBack(begun.page.left)
    const [first, second] = [tab(address), tab(address)]
    const reached = Promise.withResolvers<void>()
    const answer = Promise.withResolvers<void>()
    first.page.during = async () => {
      reached.resolve()
      await answer.promise
      throw new LoginFailed('not_admitted')
    }
    const failing = first.logins.handleCallback()
    await reached.promise
    // Whoever waits for a time now waits for ever.
    vi.spyOn(systemClock, 'setTimer').mockImplementation(() => () => {})
    const waiting = second.logins.handleCallback()
    answer.resolve()
    const told = failed('not_admitted', { returnTo: '/orders?page=2' })
    await expect(failing).rejects.toEqual(told)
    await expect(waiting).rejects.toEqual(told)
    // Later it is an old address, as any other.
    pass(60_000)
    await expect(tab(address).logins.handleCallback()).rejects.toEqual(
      failed('unknown_attempt', { returnTo: '/' }),
    )
  })

  test('L69: a callback that was taken by a clock that ran ahead is waited for no longer than any other', async () => {
    const { tab } = browser()
    const begun = tab()
    await begun.logins.signIn('keycloak', { loginHint: 'ada' })
    const address = await wayBack(begun.page.left)
    pass(3 * 3_600_000)
    const first = tab(address)
    first.page.during = () => Promise.reject(new LoginFailed('not_admitted'))
    await expect(first.logins.handleCallback()).rejects.toMatchObject({ code: 'login_failed' })
    pass(-3 * 3_600_000)
    const waits = vi.spyOn(systemClock, 'setTimer')
    await expect(tab(address).logins.handleCallback()).rejects.toMatchObject({ code: 'login_failed' })
    expect(Math.max(...waits.mock.calls.map(([, ms]) => ms))).toBeLessThanOrEqual(25_000)
  })

  test('L66: that another tab could not log in silently is no failure here either', async () => {
    const { tab } = browser()
    const begun = tab()
    await begun.logins.signIn('keycloak', { prompt: 'none' })
    const address = await wayBack(begun.page.left)
    expect(address).toContain('error=login_required')
    expect(await tab(address).logins.handleCallback()).toEqual({ returnTo: '/orders?page=2' })
    vi.spyOn(systemClock, 'setTimer').mockImplementation(() => () => {})
    expect(await tab(address).logins.handleCallback()).toEqual({ returnTo: '/orders?page=2' })
  })

  test('L3: a slow login is finished after half an hour, whatever other tabs do meanwhile; after more than an hour it is told so', async () => {
    const { tab } = browser()
    const [slow, other, slowest] = [tab(), tab(), tab()]
    await slow.logins.signIn('keycloak', { loginHint: 'ada' })
    await slowest.logins.signIn('keycloak', { loginHint: 'ada' })
    const [one, two] = [await wayBack(slow.page.left), await wayBack(slowest.page.left)]
    pass(30 * 60_000)
    await other.logins.signIn('keycloak')
    const back = tab(one)
    expect(await back.logins.handleCallback()).toEqual({ returnTo: '/orders?page=2' })
    pass(40 * 60_000)
    await expect(tab(two).logins.handleCallback()).rejects.toEqual(
      failed('attempt_expired', { returnTo: '/orders?page=2' }),
    )
  })

  test('L1, L14: of two logins of one user at once the second goes home, and takes nothing from the first', async () => {
    const { tab } = browser()
    const begun = tab()
    await begun.logins.signIn('keycloak', { loginHint: 'ada' })
    const { logins, session, page } = tab(await wayBack(begun.page.left))
    // What the other tab has brought reaches this one by their vault, while the provider is asked.
    page.during = () => session.login({ token: 'T', user: { id: 'ada' } }, { provider: 'keycloak' })
    expect(await logins.handleCallback()).toEqual({ returnTo: '/orders?page=2' })
    expect(await session.getToken()).toBe('T')
    expect(page.revoked).toBe(0)
  })

  test('another user who has logged in meanwhile stays, and the tokens of the second are revoked', async () => {
    const { tab } = browser()
    const begun = tab()
    await begun.logins.signIn('keycloak', { loginHint: 'ada' })
    const { logins, session, page } = tab(await wayBack(begun.page.left))
    const { revocations } = provider.counts
    page.during = () => session.login({ token: 'T', user: { id: 'bob' } }, { provider: 'keycloak' })
    expect(await logins.handleCallback()).toEqual({ returnTo: '/orders?page=2' })
    expect(session.getSnapshot().user?.id).toBe('bob')
    await expect.poll(() => provider.counts.revocations).toBe(revocations + 1)
  })

  test('while a callback is handled a guard hears that it is one', async () => {
    const { tab } = browser()
    const begun = tab()
    await begun.logins.signIn('keycloak', { loginHint: 'ada' })
    const { logins, page } = tab(await wayBack(begun.page.left))
    const seen: boolean[] = [logins.isCallback()]
    page.during = async () => void seen.push(logins.isCallback())
    await logins.handleCallback()
    expect([...seen, logins.isCallback()]).toEqual([true, true, false])
  })

  test('a browser that keeps nothing is told so before the page leaves', async () => {
    const { tab, attempts } = browser()
    const { logins, page } = tab()
    attempts.change = async () => {
      throw new DOMException('full', 'QuotaExceededError')
    }
    await expect(logins.signIn('keycloak')).rejects.toEqual(failed('storage_unavailable'))
    expect(page.left).toBe('')
  })

  test('L18: an answer at the callback of another provider is sent to nobody', async () => {
    const ways = { 'https://a.example': '/cb/a', 'https://b.example': '/cb/b' }
    const asked: string[] = []
    const [a, b] = Object.entries(ways).map(([issuer, path]) =>
      oauthProvider({
        server: {
          issuer,
          authorization_endpoint: `${issuer}/auth`,
          token_endpoint: `${issuer}/token`,
        },
        clientId: 'panel',
        redirectUri: `http://localhost:5173${path}`,
      }),
    ) as [OauthProvider, OauthProvider]
    const session = createSession({ baseUrl: 'http://localhost:5173/api', strategies: { a, b } })
    const page = { href: HOME, left: '' }
    const pages = {
      href: () => page.href,
      leave(url: string) {
        page.left = url
      },
      rename: () => {},
      open: () => null,
      close: () => {},
      recall: () => undefined,
      remember: () => {},
    }
    vi.stubGlobal('fetch', async (url: unknown) => {
      asked.push(String(url))
      return new Response(null, { status: 500 })
    })
    const logins = createLogins(session, { a, b }, { attempts: memoryAttempts(), page: pages })
    await logins.signIn('b')
    const state = new URL(page.left).searchParams.get('state')
    page.href = `http://localhost:5173/cb/a?code=of-a&state=${state}`
    await expect(logins.handleCallback()).rejects.toEqual(failed('other_issuer'))
    expect(asked).toEqual([])
    vi.unstubAllGlobals()
    expect(() => createLogins(session, { a, b: { ...b, redirectUri: a.redirectUri } })).toThrow(/its own/)
  })

  test('L13: a code on another page is nobody’s business here', async () => {
    const { logins, page } = browser().tab('http://localhost:5173/orders?code=42&state=x')
    expect(logins.isCallback()).toBe(false)
    await expect(logins.handleCallback()).rejects.toEqual(failed('unknown_attempt'))
    expect(page.href).toBe('http://localhost:5173/orders?code=42&state=x')
  })

  test('L21, L67: the callback of another browser is no login here, and names the page to begin at', async () => {
    const begun = browser().tab()
    await begun.logins.signIn('keycloak', { loginHint: 'mallory' })
    const { logins, session } = browser().tab(await wayBack(begun.page.left))
    await expect(logins.handleCallback()).rejects.toEqual(failed('unknown_attempt', { returnTo: '/' }))
    expect(session.getSnapshot().isAuthenticated).toBe(false)
  })

  test('L64: a login that would come back to another origin does not begin', async () => {
    const { logins, page } = browser().tab('http://127.0.0.1:5173/orders')
    await expect(logins.signIn('keycloak')).rejects.toThrow(
      /this page is at http:\/\/127\.0\.0\.1:5173, and `redirectUri` at http:\/\/localhost:5173/,
    )
    expect(page.left).toBe('')
  })
})

describe('L8: the way back stays on this site', () => {
  test.each([
    '//evil.example',
    '/\\evil.example',
    '/%5Cevil.example',
    '/%5c/evil.example',
    'https://evil.example/',
    'http:evil.example',
    'javascript:alert(1)',
    '/a\tb',
    '/a\nb',
    ' /orders',
    'orders',
    '',
    '/.//evil.example',
    '\\\\evil.example',
    'data:text/html,x',
  ])('not %j', async (returnTo) => {
    const { tab } = browser()
    const begun = tab()
    await begun.logins.signIn('keycloak', { loginHint: 'ada', returnTo })
    const back = tab(await wayBack(begun.page.left))
    expect(await back.logins.handleCallback()).toEqual({ returnTo: '/' })
  })
})

describe('answers of the provider', () => {
  test('L15: an error is told in the provider’s word, no code is asked for, and a reload says no more', async () => {
    const { tab } = browser()
    const begun = tab()
    await begun.logins.signIn('keycloak', { loginHint: 'nobody' })
    const back = tab(await wayBack(begun.page.left))
    const before = provider.counts.tokenRequests
    const refused = back.logins.handleCallback()
    await expect(refused).rejects.toEqual(failed('access_denied', { returnTo: '/orders?page=2' }))
    await expect(back.logins.handleCallback()).rejects.toEqual(failed('access_denied'))
    expect(back.page.href).toBe(CALLBACK)
    expect(provider.counts.tokenRequests).toBe(before)
  })

  test.each(['#', '?'])(
    'L15, L16: an error behind %s, with markup in what describes it, is a word or none',
    async (at) => {
      const { tab } = browser()
      const begun = tab()
      await begun.logins.signIn('keycloak')
      const state = new URL(begun.page.left).searchParams.get('state') ?? ''
      const answer = new URLSearchParams({
        error: '<img src=x onerror=alert(1)>',
        error_description: '<script>',
        state,
      })
      const { logins, page } = tab(`${CALLBACK}${at}${answer}`)
      const error = await logins.handleCallback().catch((reason: unknown) => reason)
      expect(error).toEqual(failed('invalid_answer'))
      expect(String(error)).not.toContain('<')
      expect(page.href).toBe(CALLBACK)
    },
  )

  test('L17, L18: an answer of another issuer is refused, and nothing is sent for it', async () => {
    const { tab } = browser()
    const begun = tab()
    await begun.logins.signIn('keycloak', { loginHint: 'ada' })
    const address = new URL(await wayBack(begun.page.left))
    expect(address.searchParams.get('iss')).toBe(provider.issuer)
    address.searchParams.set('iss', 'https://evil.example')
    const before = provider.counts.tokenRequests
    await expect(tab(address.href).logins.handleCallback()).rejects.toEqual(failed('other_issuer'))
    expect(provider.counts.tokenRequests).toBe(before)
  })

  test('L17: an error without its issuer stays an error; a code without it is refused', async () => {
    const { tab } = browser()
    const begun = tab()
    await begun.logins.signIn('keycloak', { loginHint: 'nobody' })
    const denied = new URL(await wayBack(begun.page.left))
    denied.searchParams.delete('iss')
    await expect(tab(denied.href).logins.handleCallback()).rejects.toEqual(failed('access_denied'))
    await begun.logins.signIn('keycloak', { loginHint: 'ada' })
    const coded = new URL(await wayBack(begun.page.left))
    coded.searchParams.delete('iss')
    const before = provider.counts.tokenRequests
    await expect(tab(coded.href).logins.handleCallback()).rejects.toEqual(failed('invalid_answer'))
    expect(provider.counts.tokenRequests).toBe(before)
  })

  test('L19: a provider that has gone since is told as such, with the way back', async () => {
    const gone = await startRealProvider()
    const { tab } = browser(gone)
    const begun = tab()
    await begun.logins.signIn('keycloak', { loginHint: 'ada' })
    const back = tab(await wayBack(begun.page.left))
    await gone.close()
    await expect(back.logins.handleCallback()).rejects.toEqual(
      failed('provider_unavailable', { retryable: true, returnTo: '/orders?page=2' }),
    )
  })
})

describe('whoever is logged in', () => {
  async function loggedIn(who = 'ada') {
    const { tab, attempts } = browser()
    const begun = tab()
    await begun.logins.signIn('keycloak', { loginHint: who })
    const back = tab(await wayBack(begun.page.left))
    await back.logins.handleCallback()
    return { ...back, tab, attempts }
  }

  test('L14: goes home from a second login, and nothing is exchanged', async () => {
    const { logins, page, session } = await loggedIn()
    page.href = 'http://localhost:5173/users'
    await logins.signIn('keycloak', { loginHint: 'bob' })
    page.href = await wayBack(page.left)
    const before = provider.counts.tokenRequests
    expect(await logins.handleCallback()).toEqual({ returnTo: '/users' })
    expect(session.getSnapshot().user?.id).toBe('ada')
    expect(provider.counts.tokenRequests).toBe(before)
  })

  test('is replaced by a login that was begun for that', async () => {
    const { logins, page, session } = await loggedIn()
    await logins.switchUser('keycloak', { loginHint: 'bob', prompt: 'login' })
    page.href = await wayBack(page.left)
    await logins.handleCallback()
    expect(session.getSnapshot().user?.id).toBe('bob')
  })

  test('L30: stays as they are where another user, or a weaker sign-in, comes from a step-up', async () => {
    const { logins, page, session } = await loggedIn()
    const token = await session.getToken()
    await logins.stepUp('keycloak', { loginHint: 'bob', prompt: 'login' })
    page.href = await wayBack(page.left)
    await expect(logins.handleCallback()).rejects.toEqual(failed('other_user'))
    await logins.stepUp('keycloak', { loginHint: 'ada', prompt: 'login', acrValues: ['phishing-resistant'] })
    page.href = await wayBack(page.left)
    await expect(logins.handleCallback()).rejects.toEqual(failed('step_up_failed'))
    expect(session.getSnapshot().user?.id).toBe('ada')
    expect(await session.getToken()).toBe(token)
    // Those of the other user: what ada's own have in common with her session would end with them.
    expect(page.revoked).toBe(1)
    await logins.stepUp('keycloak', { loginHint: 'ada', prompt: 'login', maxAge: 0 })
    page.href = await wayBack(page.left)
    await logins.handleCallback()
    expect(session.getSnapshot().user?.id).toBe('ada')
    expect(await session.getToken()).not.toBe(token)
  })
})

test('L33: a logout tells the provider by the newest ID token', async () => {
  const { tab, attempts } = browser()
  const begun = tab()
  await begun.logins.signIn('keycloak', { loginHint: 'ada' })
  const { session, logins } = tab(await wayBack(begun.page.left))
  await logins.handleCallback()
  const first = await attempts.readHint('keycloak')
  pass(1000)
  await session.refresh()
  const second = await attempts.readHint('keycloak')
  expect(second).toMatch(/^ey/)
  expect(second).not.toBe(first)
  expect(session.getSnapshot().user?.name).toBe('Ada')
})

/** Changes what the ID token of an answer says. */
const about =
  (claims: object) =>
  (answer: { id_token?: string }): { id_token?: string } => {
    const [head, payload = '', signature] = `${answer.id_token}`.split('.')
    const whole = { ...JSON.parse(atob(payload.replace(/-/g, '+').replace(/_/g, '/'))), ...claims }
    return {
      ...answer,
      id_token: `${head}.${Buffer.from(JSON.stringify(whole)).toString('base64url')}.${signature}`,
    }
  }

test('L32: renewals without an ID token leave the user and the logout as they were, its end ends nothing; one about another user ends the session', async () => {
  type Answer = { id_token?: string }
  let edit = (answer: Answer): Answer => answer
  const { tab, attempts } = browser(provider, {}, async (input, init) => {
    const answer = await fetch(input, init)
    return String(input).endsWith('/token') ? Response.json(edit((await answer.json()) as Answer)) : answer
  })
  const begun = tab()
  await begun.logins.signIn('keycloak', { loginHint: 'ada' })
  const { session, logins } = tab(await wayBack(begun.page.left))
  await logins.handleCallback()
  const { user } = session.getSnapshot()
  const hint = await attempts.readHint('keycloak')
  edit = ({ id_token: _, ...rest }) => rest
  for (let renewal = 0; renewal < 3; renewal++) {
    // By then the ID token of the login has ended.
    pass(700_000)
    await session.refresh()
    expect(session.getSnapshot()).toMatchObject({ state: 'active', user })
    expect(await attempts.readHint('keycloak')).toBe(hint)
  }
  edit = about({ name: 'Ada L.' })
  pass(700_000)
  await session.refresh()
  expect(session.getSnapshot().user).toEqual({ ...user, name: 'Ada L.' })
  expect(await attempts.readHint('keycloak')).not.toBe(hint)
  edit = about({ sub: 'bob' })
  pass(700_000)
  await expect(session.refresh()).rejects.toMatchObject({ reason: 'identityMismatch' })
  expect(session.getSnapshot().isAuthenticated).toBe(false)
})

test.each([
  ['issuer', { iss: 'https://other.example' }],
  ['audience', { aud: 'another-panel' }],
])('L32: a renewal whose ID token has another %s ends the session', async (_, claims) => {
  let edit = (answer: { id_token?: string }) => answer
  const { tab } = browser(provider, {}, async (input, init) => {
    const answer = await fetch(input, init)
    return String(input).endsWith('/token') ? Response.json(edit(await answer.json())) : answer
  })
  const begun = tab()
  await begun.logins.signIn('keycloak', { loginHint: 'ada' })
  const { session, logins } = tab(await wayBack(begun.page.left))
  await logins.handleCallback()
  edit = about(claims)
  pass(700_000)
  await expect(session.refresh()).rejects.toMatchObject({ reason: 'identityMismatch' })
  expect(session.getSnapshot()).toMatchObject({ state: 'expired', isAuthenticated: false })
})

test('L28: no signing key is asked for: the code flow’s ID token comes from the provider itself', async () => {
  const { tokenRequests } = provider.counts
  const { tab } = browser()
  const begun = tab()
  await begun.logins.signIn('keycloak', { loginHint: 'ada' })
  const { session, logins } = tab(await wayBack(begun.page.left))
  await logins.handleCallback()
  pass(1000)
  await session.refresh()
  expect(provider.counts).toMatchObject({ tokenRequests: tokenRequests + 2, keys: 0 })
})

describe('L41: a logout while twenty calls and a renewal are under way', () => {
  test.each([0, 10, 20])(
    'stays one, and the renewal’s tokens are revoked: it is answered after %i calls',
    async (place) => {
      const waiting: (() => void)[] = []
      const renewed: { access_token: string }[] = []
      let isHeld = false
      const hold = () => new Promise<void>((resolve) => waiting.push(resolve))
      const { tab, attempts } = browser(provider, {}, async (input, init) => {
        const { pathname } = new URL(String(input instanceof Request ? input.url : input))
        if (pathname.startsWith('/api')) {
          await hold()
          return Response.json({})
        }
        const answer = await fetch(input, init)
        if (pathname !== '/token' || !isHeld) return answer
        const body = (await answer.json()) as { access_token: string }
        renewed.push(body)
        await hold()
        return Response.json(body)
      })
      const begun = tab()
      await begun.logins.signIn('keycloak', { loginHint: 'ada' })
      const { session, logins, page } = tab(await wayBack(begun.page.left))
      await logins.handleCallback()
      const settled: Promise<unknown>[] = []
      const call = async (count: number) => {
        const before = waiting.length
        for (let n = 0; n < count; n++) settled.push(session.fetch('/api/orders').catch(() => {}))
        await expect.poll(() => waiting.length).toBe(before + count)
      }
      await call(place)
      isHeld = true
      settled.push(session.refresh().catch(() => {}))
      await expect.poll(() => renewed.length).toBe(1)
      isHeld = false
      const inFlight = waiting.length
      const { revocations } = provider.counts
      const loggingOut = session.logout()
      expect(session.getSnapshot()).toMatchObject({ state: 'loggedOut', reason: 'user' })
      expect(inFlight).toBe(place + 1)
      for (const answer of waiting.splice(0)) {
        answer()
        await new Promise(setImmediate)
        expect(session.getSnapshot()).toMatchObject({ state: 'loggedOut', reason: 'user', user: null })
      }
      await Promise.all([...settled, loggingOut])
      await expect(session.getToken()).rejects.toMatchObject({ code: 'logged_out' })
      expect(await attempts.readHint('keycloak')).toBeUndefined()
      await expect.poll(() => page.left).toContain('/session/end')
      // The token of the session, and that of the renewal.
      await expect.poll(() => provider.counts.revocations).toBe(revocations + 2)
      await expect.poll(() => provider.subjectOf(renewed[0]?.access_token ?? '')).toBeUndefined()
    },
  )

  test('a step-up that is answered after it begins no session, and its tokens are revoked', async () => {
    const { tab } = browser()
    const begun = tab()
    await begun.logins.signIn('keycloak', { loginHint: 'ada' })
    const { session, logins, page } = tab(await wayBack(begun.page.left))
    await logins.handleCallback()
    await logins.stepUp('keycloak', { loginHint: 'ada', prompt: 'login' })
    page.href = await wayBack(page.left)
    page.during = () => session.logout()
    const { revoked } = page
    await expect(logins.handleCallback()).rejects.toEqual(failed('login_cancelled'))
    expect(session.getSnapshot()).toMatchObject({ state: 'loggedOut', reason: 'user' })
    await expect.poll(() => page.revoked).toBe(revoked + 1)
  })
})

test('L60: a silent login is one a tab, and an answer that is no login is no error', async () => {
  const silent = await startPageProvider({
    redirectUri: CALLBACK,
    postLogoutRedirectUri: HOME,
    isSilent: true,
  })
  onTestFinished(() => silent.close())
  const { tab } = browser(silent)
  const memory = new Map<string, string>()
  const first = tab(HOME, memory)
  await first.logins.signIn('keycloak', { prompt: 'none' })
  expect(new URL(first.page.left).searchParams.get('prompt')).toBe('none')
  const back = tab(await wayBack(first.page.left), memory)
  expect(await back.logins.handleCallback()).toEqual({ returnTo: '/orders?page=2' })
  expect(back.session.getSnapshot()).toMatchObject({ state: 'loggedOut', reason: 'never' })
  for (let start = 0; start < 3; start++) {
    const { logins, page } = tab(HOME, memory)
    await logins.signIn('keycloak', { prompt: 'none' })
    expect(page.left).toBe('')
  }
  // Where nothing is kept nothing is tried.
  const forgetful = tab(HOME, new Proxy(memory, { get: () => () => undefined }))
  await forgetful.logins.signIn('keycloak', { prompt: 'none' })
  expect(forgetful.page.left).toBe('')
  // A login that the user asks for begins, and so does a silent one after that.
  const jar = new Map<string, string>()
  await back.logins.signIn('keycloak', { loginHint: 'ada' })
  await tab(await wayBack(back.page.left, jar), memory).logins.handleCallback()
  const again = tab(HOME, memory)
  await again.logins.signIn('keycloak', { prompt: 'none' })
  const known = tab(await wayBack(again.page.left, jar), memory)
  await known.logins.handleCallback()
  expect(known.session.getSnapshot()).toMatchObject({ state: 'active', user: { id: 'ada' } })
  const windowed = tab(HOME, new Map())
  await expect(windowed.logins.signIn('keycloak', { prompt: 'none', popup: true })).rejects.toThrow(
    /`popup` and `prompt: 'none'`/,
  )
  await windowed.logins.signIn('keycloak', { prompt: 'none' })
  expect(windowed.page.left).not.toBe('')
  // Of a login that is not silent it is an error.
  await known.logins.stepUp('keycloak', { prompt: 'none' })
  const stepped = tab(await wayBack(known.page.left), memory)
  await expect(stepped.logins.handleCallback()).rejects.toEqual(failed('login_required'))
})

describe('who may in', () => {
  test('is asked at the login: the session never begins, and its tokens are revoked', async () => {
    const seen: unknown[] = []
    for (const refusal of [() => false, async () => true, () => ({}) as never, thrower] as never[]) {
      const admit = (...asked: unknown[]) => {
        seen.push(asked)
        return (refusal as () => boolean)()
      }
      const { tab } = browser(provider, { admit })
      const begun = tab()
      await begun.logins.signIn('keycloak', { loginHint: 'ada' })
      const back = tab(await wayBack(begun.page.left))
      await expect(back.logins.handleCallback()).rejects.toEqual(failed('not_admitted'))
      expect(back.session.getSnapshot().isAuthenticated).toBe(false)
      expect(back.page.revoked).toBe(1)
    }
    expect(seen).toHaveLength(4)
    const known = expect.objectContaining({ id: 'ada', name: 'Ada' })
    expect(seen[0]).toEqual([
      known,
      { claims: expect.objectContaining({ sub: 'ada', iss: provider.issuer }) },
    ])
  })

  test.each([{}, { userinfo }])('is asked at each renewal, which ends the session, with %o', async (more) => {
    let isIn = true
    let asked = 0
    const admit = () => {
      asked++
      return isIn
    }
    const { tab } = browser(provider, { admit, ...more })
    const begun = tab()
    await begun.logins.signIn('keycloak', { loginHint: 'ada' })
    const { session, logins } = tab(await wayBack(begun.page.left))
    await logins.handleCallback()
    isIn = false
    const revoked = provider.counts.revocations
    await expect(session.refresh()).rejects.toMatchObject({
      code: 'session_expired',
      reason: 'accessRevoked',
    })
    expect(asked).toBe(2)
    await expect.poll(() => provider.counts.revocations).toBe(revoked + 1)
  })
})

const thrower = () => {
  throw new Error('no groups')
}

describe('logout', () => {
  async function loggedIn(more?: Partial<OauthProviderOptions>) {
    const { tab, attempts } = browser(provider, more)
    const begun = tab()
    const jar = new Map<string, string>()
    await begun.logins.signIn('keycloak', { loginHint: 'ada' })
    const back = tab(await wayBack(begun.page.left, jar))
    await back.logins.handleCallback()
    return { ...back, attempts, jar }
  }

  test('ends the session here, revokes its token, and then leads to the provider, which ends its own', async () => {
    const { session, page, attempts, jar } = await loggedIn()
    const revoked = provider.counts.revocations
    await session.logout()
    expect(session.getSnapshot()).toMatchObject({ state: 'loggedOut', reason: 'user' })
    await expect.poll(() => page.left).toContain('/session/end')
    expect(provider.counts.revocations).toBe(revoked + 1)
    const url = new URL(page.left)
    expect(Object.fromEntries(url.searchParams)).toEqual({
      client_id: 'panel',
      post_logout_redirect_uri: SIGNED_OUT,
      id_token_hint: expect.stringMatching(/^ey/),
    })
    expect(await attempts.readHint('keycloak')).toBeUndefined()
    // The provider knows the session, and its own page asks the user.
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await fetch(url, { headers: { cookie } })
    expect(answer.status).toBe(200)
    expect(await answer.text()).toContain('/session/end/confirm')
  })

  test('L39: names the client to the provider, with an ID token and without one', async () => {
    const { session, page, attempts } = await loggedIn()
    await attempts.keepHint('keycloak', undefined)
    await session.logout()
    await expect.poll(() => page.left).toContain('/session/end')
    const url = new URL(page.left)
    expect(Object.fromEntries(url.searchParams)).toEqual({
      client_id: 'panel',
      post_logout_redirect_uri: SIGNED_OUT,
    })
    expect((await fetch(url)).status).toBe(200)
  })

  test('L42: leaves the token to the provider’s own logout where a revocation would take its session from it', async () => {
    const { session, page } = await loggedIn({ revokesAtLogout: false, scope: 'openid profile' })
    const revoked = provider.counts.revocations
    await session.logout()
    await expect.poll(() => page.left).toContain('/session/end')
    expect(provider.counts.revocations).toBe(revoked)
  })

  test('L42: a token of `offline_access` outlives the provider’s logout, so that it is revoked all the same', async () => {
    const { session, page } = await loggedIn({ revokesAtLogout: false })
    const revoked = provider.counts.revocations
    await session.logout()
    await expect.poll(() => page.left).toContain('/session/end')
    expect(provider.counts.revocations).toBe(revoked + 1)
  })

  test('L38: a page that comes back from there begins no login that nobody asked for, until somebody does', async () => {
    const memory = new Map<string, string>()
    const { tab } = browser()
    const begun = tab(HOME, memory)
    await begun.logins.signIn('keycloak', { loginHint: 'ada' })
    const back = tab(await wayBack(begun.page.left), memory)
    await back.logins.handleCallback()
    await back.session.logout()
    await expect.poll(() => back.page.left).toContain('/session/end')
    const again = tab(SIGNED_OUT, memory)
    await expect(again.logins.signIn('keycloak', { isUnasked: true })).rejects.toEqual(failed('signed_out'))
    expect(again.page.left).toBe('')
    await again.logins.signIn('keycloak')
    expect(again.page.left).toContain('/auth')
    await tab(HOME, memory).logins.signIn('keycloak', { isUnasked: true })
  })
})

describe('a logout at a provider of another kind', () => {
  /** The real provider's metadata, with other pages for a logout. */
  async function metadata(more: object) {
    const answer = await fetch(`${provider.issuer}/.well-known/openid-configuration`)
    return { ...((await answer.json()) as AuthorizationServer), ...more }
  }
  async function loggedIn(more: Partial<OauthProviderOptions>) {
    const { tab, attempts } = browser(provider, more)
    const begun = tab()
    const jar = new Map<string, string>()
    await begun.logins.signIn('keycloak', { loginHint: 'ada' })
    const back = tab(await wayBack(begun.page.left, jar))
    await back.logins.handleCallback()
    return { ...back, tab, attempts, jar }
  }
  const asked = (url: string) => Object.fromEntries(new URL(url).searchParams)

  test('L38, L40: without a page for it the page is told, and the next login asks the user anew, once', async () => {
    const server = await metadata({ end_session_endpoint: undefined })
    const { session, logins, page, tab, jar } = await loggedIn({ server })
    await session.logout()
    await expect.poll(() => page.local).toEqual(['keycloak'])
    expect(page.left).toBe('')
    await logins.signIn('keycloak', { loginHint: 'ada' })
    expect(asked(page.left)).toMatchObject({ prompt: 'login' })
    const back = tab(await wayBack(page.left, jar))
    await back.logins.handleCallback()
    await back.logins.switchUser('keycloak')
    expect(asked(back.page.left)).not.toHaveProperty('prompt')
  })

  test('L38: a provider that is away at the logout counts as one without a page for it', async () => {
    const { session, page, logins } = await loggedIn({})
    const ended = vi.spyOn(page, 'end').mockRejectedValue(new LoginFailed('provider_unavailable'))
    await session.logout()
    await expect.poll(() => page.local).toEqual(['keycloak'])
    ended.mockRestore()
    await logins.signIn('keycloak', { prompt: 'select_account' })
    expect(asked(page.left)).toMatchObject({ prompt: 'login select_account' })
    await logins.signIn('keycloak', { prompt: 'select_account login' })
    expect(asked(page.left)).toMatchObject({ prompt: 'login select_account' })
    await logins.signIn('keycloak', { prompt: undefined } as object)
    expect(asked(page.left)).toMatchObject({ prompt: 'login' })
  })

  test('L38: no login begins that asks nothing, in any tab, until somebody has signed in', async () => {
    const { session, page, tab, jar } = await loggedIn({})
    const ended = vi.spyOn(page, 'end').mockResolvedValue(undefined)
    await session.logout()
    await expect.poll(() => page.local).toEqual(['keycloak'])
    ended.mockRestore()
    const memory = new Map<string, string>()
    const next = tab(HOME, memory)
    await next.logins.signIn('keycloak', { prompt: 'none' })
    await expect(next.logins.switchUser('keycloak', { prompt: 'none' })).rejects.toEqual(
      failed('login_required'),
    )
    expect(next.page.left).toBe('')
    await next.logins.signIn('keycloak', { loginHint: 'ada' })
    const back = tab(await wayBack(next.page.left, jar), memory)
    await back.logins.handleCallback()
    // What did not begin has not spent the tab's one.
    const silent = tab(HOME, memory)
    await silent.logins.signIn('keycloak', { prompt: 'none' })
    expect(asked(silent.page.left)).toMatchObject({ prompt: 'none' })
  })

  test('L38: a page that is closed before a slow provider answers leaves the next login to ask anew', async () => {
    const { session, page, tab, attempts } = await loggedIn({})
    let answer = (_: URL) => {}
    const idTokens: unknown[] = []
    page.end = (idToken) => {
      idTokens.push(idToken)
      return new Promise((resolve) => {
        answer = resolve
      })
    }
    await session.logout()
    await expect.poll(() => idTokens).toEqual([expect.stringMatching(/^ey/)])
    const next = tab()
    await next.logins.signIn('keycloak')
    expect(asked(next.page.left)).toMatchObject({ prompt: 'login' })
    expect(page.left).toBe('')
    // It answers: the user goes there, and is asked there.
    answer(new URL('https://id.example/logout'))
    await expect.poll(() => page.left).toBe('https://id.example/logout')
    expect(await attempts.readHint('keycloak')).toBe(undefined)
  })

  test('L38: a logout there asks by the provider’s own word, and no login is asked for anew', async () => {
    const { session, page, logins } = await loggedIn({ logoutParameters: { federated: '' } })
    await session.logout()
    await expect.poll(() => page.left).toContain('/session/end')
    expect(asked(page.left)).toMatchObject({
      client_id: 'panel',
      federated: '',
      id_token_hint: expect.stringMatching(/^ey/),
    })
    expect(page.local).toEqual([])
    await logins.signIn('keycloak')
    expect(asked(page.left)).not.toHaveProperty('prompt')
  })

  test('L40: a page that the metadata leave out, with parameters of its own and no others', async () => {
    const { session, page } = await loggedIn({
      server: await metadata({ end_session_endpoint: undefined }),
      logoutUrl: 'https://panel.auth.eu-central-1.amazoncognito.com/logout',
      logoutParameters: {
        logout_uri: SIGNED_OUT,
        id_token_hint: undefined,
        post_logout_redirect_uri: undefined,
      },
    })
    await session.logout()
    await expect.poll(() => page.left).toContain('amazoncognito.com/logout')
    expect(asked(page.left)).toEqual({ client_id: 'panel', logout_uri: SIGNED_OUT })
    expect(page.local).toEqual([])
    const options = {
      server: provider.issuer,
      clientId: 'panel',
      redirectUri: CALLBACK,
      logoutUrl: '/logout',
    }
    expect(() => oauthProvider(options)).toThrow(/`logoutUrl`/)
  })
})

test('L30: a session that did not survive the way begins anew with the user who was asked for, and no other', async () => {
  const { tab } = browser()
  const begun = tab()
  await begun.logins.signIn('keycloak', { loginHint: 'ada' })
  const first = tab(await wayBack(begun.page.left))
  await first.logins.handleCallback()
  await first.logins.stepUp('keycloak', { loginHint: 'ada', prompt: 'login' })
  const back = tab(await wayBack(first.page.left))
  await back.logins.handleCallback()
  expect(back.session.getSnapshot().user?.id).toBe('ada')
  await first.logins.stepUp('keycloak', { loginHint: 'bob', prompt: 'login' })
  const other = tab(await wayBack(first.page.left))
  await expect(other.logins.handleCallback()).rejects.toEqual(failed('other_user'))
  expect(other.session.getSnapshot().isAuthenticated).toBe(false)
  await expect(tab().logins.stepUp('keycloak')).rejects.toMatchObject({ code: 'logged_out' })
})

test('options that cannot work are named before anything is sent', async () => {
  const session = createSession({
    baseUrl: 'http://localhost:5173/',
    strategies: {
      keycloak: oauthProvider({ server: provider.issuer, clientId: 'panel', redirectUri: CALLBACK }),
    },
  })
  expect(() => createLogins(session, {})).toThrow(Misconfigured)
  expect(() =>
    oauthProvider({ server: provider.issuer, clientId: 'panel', redirectUri: '/callback' }),
  ).toThrow(/`redirectUri` must be an absolute http\(s\) URL/)
  expect(() =>
    oauthProvider({ server: provider.issuer, clientId: 'panel', redirectUri: CALLBACK, scope: 'profile' }),
  ).toThrow(/"openid"/)
  expect(new LoginFailed('access_denied').retryable).toBe(false)
})
