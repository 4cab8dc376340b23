import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  type Clock,
  createSession,
  memoryStore,
  type Session,
  type SessionOptions,
  type SessionRecord,
  type SessionStore,
  systemClock,
} from 'xstate-session'
import { type DpopKeyOptions, dpopKey } from 'xstate-session/dpop'
import { oauthProvider } from 'xstate-session/oauth'
import { createDatabase, type Database } from '../../src/browser/database.ts'
import { fakeDatabase } from '../coordination/fakeDatabase.ts'
import { type StrictParty, startStrictParty } from './strictParty.ts'

vi.mock('../../src/browser/database.ts', () => ({ createDatabase: vi.fn() }))

const CALLBACK = 'http://localhost:5173/callback'
const line = () => ({ signal: new AbortController().signal })

let party: StrictParty
beforeAll(async () => {
  party = await startStrictParty()
  vi.stubGlobal('indexedDB', {})
})
afterAll(async () => {
  vi.unstubAllGlobals()
  await party.close()
})

/** What IndexedDB does in the browser of a test. */
let disk: Database
let browsers = 0
beforeEach(() => {
  party.reset()
  disk = fakeDatabase(`dpop-${++browsers}`)
  vi.mocked(createDatabase).mockImplementation(() => disk)
})
const open: Session[] = []
afterEach(() => {
  for (const session of open.splice(0)) session.dispose()
  vi.restoreAllMocks()
})

let passedMs = 0
/** Renewals keep a distance of five seconds. */
const pass = () => {
  passedMs += 6_000
}
const clock: Clock = {
  ...systemClock,
  wall: () => systemClock.wall() + passedMs,
  monotonic: () => systemClock.monotonic() + passedMs,
}

/** What a page of another origin sees of an answer. */
const acrossOrigins: typeof fetch = async (input, init) => {
  const { body, status, headers } = await fetch(input, init)
  return new Response(body, { status, headers })
}

/** One page of that browser. */
function page(
  store: SessionStore = memoryStore(),
  options: DpopKeyOptions = {},
  more: Partial<SessionOptions> = {},
) {
  const provider = oauthProvider({
    server: party.metadata,
    clientId: 'panel',
    redirectUri: CALLBACK,
    dpop: dpopKey(options),
  })
  const notices: unknown[] = []
  const session = createSession({
    baseUrl: `${party.url}/api/`,
    strategies: { provider },
    store,
    clock,
    observe: (notice) => notices.push(notice),
    ...more,
  })
  open.push(session)
  return { provider, session, store, notices }
}

type Page = ReturnType<typeof page>

/** The way to the provider and back: the page that comes back is another one. */
async function begin({ provider }: Page) {
  const { location, attempt } = await provider.logins.begin({}, line())
  return { location, attempt, parameters: party.authorize(location) }
}

async function logIn(at: Page, begun?: Awaited<ReturnType<typeof begin>>, refused = vi.fn()) {
  const { attempt, parameters } = begun ?? (await begin(at))
  const grant = await at.provider.logins.finish(attempt, parameters, line(), refused)
  await at.session.login(grant, { provider: 'provider' })
  return at
}

const ok = async ({ session }: Page, init?: RequestInit) => {
  const answer = await session.fetch('/api/rows?page=2', init)
  expect(answer.status).toBe(200)
  return answer.json()
}

const failed = (reason: string) => expect.objectContaining({ code: 'login_failed', reason })
const deferred = (text: string) =>
  expect.objectContaining({
    type: 'refreshDeferred',
    outcome: 'refused',
    cause: 'misconfigured',
    problem: expect.stringContaining(text),
  })
const misconfigured = (text: string) =>
  expect.objectContaining({ code: 'misconfigured', message: expect.stringContaining(text) })

describe('a login whose tokens are bound to a key', () => {
  test('proves the key at the token endpoint, at each refresh and to the API, by each method, and after a reload', async () => {
    const first = page()
    const begun = await begin(first)
    expect(begun.location.searchParams.get('dpop_jkt')).toBe(begun.attempt.keyId)
    const back = await logIn(page(first.store), begun)
    expect(await ok(back)).toEqual({ method: 'GET' })
    expect(await ok(back, { method: 'POST', body: 'x' })).toEqual({ method: 'POST' })
    const request = new Request(`${party.url}/api/rows`, {
      method: 'PUT',
      body: 'x',
      headers: { accept: 'a/b' },
    })
    expect(await (await back.session.fetch(request)).json()).toEqual({ method: 'PUT' })
    await back.session.refresh()
    await ok(back)
    pass()
    const reloaded = page(first.store)
    await ok(reloaded)
    await reloaded.session.refresh()
    await ok(reloaded)
    expect(party.counts).toEqual({ token: 3, api: 6 })
  })

  test('a private key cannot be read out', async () => {
    await logIn(page())
    const [row] = (await disk.read([`${party.url}/ panel`])) as [{ keys: CryptoKeyPair }]
    expect(row.keys.privateKey.extractable).toBe(false)
    await expect(crypto.subtle.exportKey('jwk', row.keys.privateKey)).rejects.toThrow()
  })

  test('a provider that binds nothing in spite of the proof logs nobody in, and what it gave is let go', async () => {
    party.knobs.tokenType = 'Bearer'
    const refused = vi.fn()
    await expect(logIn(page(), undefined, refused)).rejects.toEqual(failed('not_bound'))
    expect(refused).toHaveBeenCalledWith(
      { token: expect.any(String), refreshToken: expect.any(String) },
      undefined,
    )
  })

  test('a token that is not bound any more after a renewal is not used', async () => {
    const at = await logIn(page())
    party.knobs.tokenType = 'Bearer'
    const before = await at.session.getToken()
    await at.session.refresh().catch(() => {})
    expect(await at.session.getToken()).toBe(before)
  })
})

describe('nonces', () => {
  test('L53: the nonce of every answer is kept, for the provider and for an API of its origin apart', async () => {
    party.as.nonces = 'rotating'
    party.api.nonces = 'rotating'
    const at = await logIn(page())
    expect(party.counts.token).toBe(2)
    for (let call = 0; call < 100; call++) await ok(at)
    expect(party.counts.api).toBe(101)
    await at.session.refresh()
    pass()
    await at.session.refresh()
    expect(party.counts.token).toBe(4)
    await ok(at)
    expect(party.counts.api).toBe(102)
    for (const { at, nonce } of party.log) expect(String(nonce ?? at)).toContain(at)
  })

  test('L54: a nonce that has ended costs one retry, also of a body', async () => {
    party.api.nonces = 'rotating'
    const at = await logIn(page())
    await ok(at)
    party.counts.api = 0
    // Somebody else's call has used it up.
    await page(at.store).session.fetch('/api/other')
    party.counts.api = 0
    expect(await ok(at, { method: 'POST', body: 'x' })).toEqual({ method: 'POST' })
    expect(party.counts.api).toBe(2)
    await page(at.store).session.fetch('/api/other')
    party.counts.api = 0
    const request = new Request(`${party.url}/api/rows`, { method: 'PUT', body: 'x' })
    expect((await at.session.fetch(request)).status).toBe(200)
    expect(party.counts.api).toBe(2)
  })

  test('L54: twenty calls at once with a nonce that has ended are all served, by forty requests at most', async () => {
    party.api.nonces = 'recent'
    const at = await logIn(page())
    await ok(at)
    party.expireNonces()
    party.counts.api = 0
    await Promise.all(Array.from({ length: 20 }, () => ok(at)))
    expect(party.counts.api).toBeGreaterThan(20)
    expect(party.counts.api).toBeLessThanOrEqual(40)
    expect(party.counts.token).toBe(1)
  })

  test.each(['always', 'repeated'] as const)(
    'L54: an API that is never content (%s) is asked twice, and the error says so',
    async (nonces) => {
      const at = await logIn(page())
      party.api.nonces = nonces
      await expect(at.session.fetch('/api/rows')).rejects.toEqual(misconfigured('refuses the DPoP nonce'))
      expect(party.counts).toEqual({ token: 1, api: 2 })
      // Nothing new to try.
      if (nonces === 'repeated')
        await expect(at.session.fetch('/api/rows')).rejects.toEqual(misconfigured('nonce'))
      if (nonces === 'repeated') expect(party.counts.api).toBe(3)
    },
  )

  test.each(['always', 'repeated'] as const)(
    'L54: a provider that is never content (%s) is asked twice: the token is unspent, and serves once it is',
    async (nonces) => {
      const at = await logIn(page())
      party.as.nonces = nonces
      party.counts.token = 0
      await at.session.refresh()
      expect(party.counts.token).toBe(2)
      expect(at.session.getSnapshot()).toMatchObject({ isAuthenticated: true })
      const stored = await at.store.read()
      expect(stored).not.toHaveProperty('doubt')
      expect(at.notices).toContainEqual(deferred('refuses the DPoP nonce'))
      await expect(logIn(page())).rejects.toEqual(misconfigured('refuses the DPoP nonce'))
      party.as.nonces = 'none'
      await at.session.refresh({ by: 'user' })
      await ok(at)
    },
  )

  test('L55: a nonce that the page does not see is named in the error, and nothing is asked in a loop', async () => {
    const at = await logIn(page())
    party.as.nonces = 'rotating'
    party.as.hidden = ['dpop-nonce']
    party.counts.token = 0
    await at.session.refresh()
    expect(at.notices).toContainEqual(deferred('DPoP-Nonce in Access-Control-Expose-Headers'))
    await expect(logIn(page())).rejects.toEqual(misconfigured('DPoP-Nonce in Access-Control-Expose-Headers'))
    expect(party.counts.token).toBe(2)
    party.as.nonces = 'none'
    party.api.nonces = 'rotating'
    party.api.hidden = ['dpop-nonce']
    await expect(at.session.fetch('/api/rows')).rejects.toEqual(
      misconfigured('Access-Control-Expose-Headers'),
    )
    expect(party.counts.api).toBe(1)
  })

  test('L55: an API that shows neither why nor its nonce: one renewal, and then the error says what to expose', async () => {
    const at = await logIn(page(undefined, {}, { fetch: acrossOrigins }))
    party.api.nonces = 'rotating'
    party.api.hidden = ['dpop-nonce', 'www-authenticate']
    for (let call = 0; call < 3; call++)
      await expect(at.session.fetch('/api/rows')).rejects.toEqual(
        misconfigured('neither its WWW-Authenticate nor its DPoP-Nonce'),
      )
    expect(party.counts).toEqual({ token: 2, api: 4 })
    // Shown the nonce alone, the page finds out.
    party.api.hidden = ['www-authenticate']
    await ok(at)
  })
})

describe('the key', () => {
  const keyless = (more: Partial<Database>) => {
    disk = { ...fakeDatabase(`none-${++browsers}`), ...more }
  }
  const broken: [string, Partial<Database>][] = [
    ['throws', { change: () => Promise.reject(new DOMException('', 'DataCloneError')) }],
    ['hangs', { change: () => new Promise(() => {}) }],
  ]

  test.each(broken)(
    'L56: where storage %s, the login is the tab’s, or is refused, and that is known in time',
    async (_, more) => {
      const waits: number[] = []
      vi.spyOn(systemClock, 'setTimer').mockImplementation((fire, ms) => {
        waits.push(ms)
        const timer = setTimeout(fire, 20)
        return () => clearTimeout(timer)
      })
      keyless(more)
      const first = page()
      const begun = await begin(first)
      expect(begun.location.searchParams.has('dpop_jkt')).toBe(false)
      await expect(begin(page(undefined, { whenNotKept: 'refuse' }))).rejects.toEqual(
        failed('key_unavailable'),
      )
      const at = page(first.store)
      const grant = await at.provider.logins.finish(begun.attempt, begun.parameters, line(), vi.fn())
      for (const wait of waits) expect(wait).toBeLessThanOrEqual(5_000)
      vi.mocked(systemClock.setTimer).mockRestore()
      await at.session.login(grant, { provider: 'provider' })
      await ok(at)
      await at.session.refresh()
      await ok(at)
      party.counts.api = 0
      party.counts.token = 0
      const reloaded = page(at.store)
      await expect(reloaded.session.fetch('/api/rows')).rejects.toMatchObject({ reason: 'keyLost' })
      expect(party.counts).toEqual({ token: 0, api: 0 })
    },
  )

  test('L56: without WebCrypto there is no login, and it is said', async () => {
    vi.spyOn(crypto.subtle, 'generateKey').mockRejectedValue(new TypeError())
    await expect(begin(page())).rejects.toEqual(failed('key_unavailable'))
  })

  test('L56: a key that is evicted while its user is at the provider: the login says so, and the code is not sent', async () => {
    const first = page()
    const begun = await begin(first)
    disk = fakeDatabase(`evicted-${++browsers}`)
    await expect(logIn(page(), begun)).rejects.toEqual(failed('key_lost'))
    expect(party.counts.token).toBe(0)
  })

  test('L57: a key that a newer version of the page has written is left alone, and ends nothing', async () => {
    const row = `${party.url}/ panel`
    const { store } = await logIn(page())
    await disk.change([row], (found) => ({ write: { [row]: { ...(found as object), v: 2 } }, answer: 0 }))
    const [newer] = await disk.read([row])
    const reloaded = page(store)
    await expect(reloaded.session.fetch('/api/rows')).rejects.toMatchObject({ code: 'refresh_unavailable' })
    expect(reloaded.session.getSnapshot()).toMatchObject({ state: 'active' })
    // A login has a key of this page alone, or none.
    await ok(await logIn(page(memoryStore(), { whenNotKept: 'memory' })))
    await expect(logIn(page(memoryStore(), { whenNotKept: 'refuse' }))).rejects.toEqual(
      failed('key_unavailable'),
    )
    expect(await disk.read([row])).toEqual([newer])
  })

  const rows: [string, (row: string) => Promise<unknown>][] = [
    ['is gone', (row) => disk.change([row], () => ({ write: { [row]: undefined }, answer: 0 }))],
    [
      'is of version 0',
      (row) =>
        disk.change([row], (found) => ({ write: { [row]: { ...(found as object), v: 0 } }, answer: 0 })),
    ],
    [
      'is half there',
      (row) => disk.change([row], () => ({ write: { [row]: { v: 1, keys: {} } }, answer: 0 })),
    ],
    [
      'is that of another session',
      async (row) => {
        await disk.change([row], () => ({ write: { [row]: undefined }, answer: 0 }))
        await begin(page())
      },
    ],
  ]
  test.each(rows)(
    'L57: a key that %s ends its session, for that reason and without a request; a login begins anew',
    async (what, lose) => {
      for (const touch of [
        ({ session }: Page) => session.fetch('/api/rows'),
        ({ session }: Page) => session.refresh(),
      ]) {
        const { store } = await logIn(page())
        await lose(`${party.url}/ panel`)
        party.counts.token = 0
        const reloaded = page(store)
        await expect(touch(reloaded)).rejects.toMatchObject({ code: 'session_expired', reason: 'keyLost' })
        expect(reloaded.session.getSnapshot()).toMatchObject({ state: 'expired', reason: 'keyLost' })
        await vi.waitFor(async () =>
          expect(await store.read()).toMatchObject({ ended: true, reason: 'keyLost' }),
        )
        expect(party.counts).toEqual({ token: 0, api: 0 })
        const [row] = await disk.read([`${party.url}/ panel`])
        expect(row === undefined).toBe(what !== 'is that of another session')
        await ok(await logIn(reloaded))
        party.counts.api = 0
      }
    },
  )

  test('L57: a session that nothing can renew ends for the same reason', async () => {
    const { store } = await logIn(page())
    const { refreshToken: _, ...rest } = (await store.read()) as SessionRecord
    const alone = memoryStore()
    await alone.compareAndSet(null, rest)
    await disk.change([`${party.url}/ panel`], () => ({
      write: { [`${party.url}/ panel`]: undefined },
      answer: 0,
    }))
    await expect(page(alone).session.fetch('/api/rows')).rejects.toMatchObject({ reason: 'keyLost' })
    expect(party.counts.api).toBe(0)
  })

  test('L57: tokens from before the key was asked for end the same', async () => {
    const at = await logIn(page())
    const { keyId: _, ...older } = (await at.store.read()) as SessionRecord
    const store = memoryStore()
    await store.compareAndSet(null, older)
    party.counts.token = 0
    await expect(page(store).session.fetch('/api/rows')).rejects.toMatchObject({ reason: 'keyLost' })
    expect(party.counts).toEqual({ token: 0, api: 0 })
  })

  test('L57: a storage that does not answer has lost nothing: the session stays, and goes on when it does', async () => {
    const { store } = await logIn(page())
    const good = disk
    disk = { ...good, read: () => Promise.reject(new Error('busy')) }
    const reloaded = page(store)
    await expect(reloaded.session.fetch('/api/rows')).rejects.toMatchObject({ code: 'refresh_unavailable' })
    expect(reloaded.session.getSnapshot().isAuthenticated).toBe(true)
    disk.read = good.read
    await ok(reloaded)
  })
})

describe('clocks', () => {
  test.each([-600, 600])(
    'L58: a device that is off by %i s: one retry of the first exchange, and none after it',
    async (seconds) => {
      const real = Date.now
      vi.spyOn(Date, 'now').mockImplementation(() => real() + seconds * 1000)
      const at = await logIn(page())
      expect(party.counts.token).toBe(2)
      for (let call = 0; call < 5; call++) await ok(at)
      await at.session.refresh()
      await ok(at)
      expect(party.counts).toEqual({ token: 3, api: 6 })
    },
  )

  test('L58: where the page sees no Date, the time of the ID token tells', async () => {
    const real = Date.now
    vi.spyOn(Date, 'now').mockImplementation(() => real() + 600_000)
    party.as.nonces = 'rotating'
    party.as.hidden = ['date']
    party.api.hidden = ['date']
    const at = await logIn(page())
    await ok(at)
    expect(party.counts).toEqual({ token: 2, api: 1 })
  })

  test('L58: a clock that is set right later, and a Date that nobody sees: the proof goes by our own clock again', async () => {
    const real = Date.now
    const spy = vi.spyOn(Date, 'now').mockImplementation(() => real() + 600_000)
    const at = await logIn(page())
    spy.mockImplementation(real)
    party.as.hidden = ['date']
    party.counts.token = 0
    await at.session.refresh()
    expect(party.counts.token).toBe(2)
  })
})
