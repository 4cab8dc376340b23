import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { LoginFailed } from '../../src/base/errors.ts'
import type { CodeAttempt, GrantedTokens, ProviderGrant } from '../../src/oauth/codeGrant.ts'
import type { OauthProvider } from '../../src/oauth/oauthProvider.ts'
import { createSession } from '../../src/session/createSession.ts'
import { createLogins } from '../../src/signin/createLogins.ts'
import { memoryAttempts } from '../signin/memoryAttempts.ts'

const ORIGIN = 'https://panel.example'
const CALLBACK = `${ORIGIN}/callback`
const TABS = 3
const USERS = ['ada', 'bob'] as const
/** What becomes of an exchange: the answer arrives, or is lost after the provider has granted, or the provider refuses. */
const ENDS = ['granted', 'lost', 'refused'] as const
const PURPOSES = ['signIn', 'stepUp', 'switchUser'] as const

const tabOf = fc.nat({ max: TABS - 1 })
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('begin' as const), tab: tabOf, as: fc.constantFrom(...PURPOSES) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('callback' as const),
      tab: tabOf,
      which: fc.nat({ max: 5 }),
      user: fc.constantFrom(...USERS),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('answer' as const),
      which: fc.nat({ max: 3 }),
      end: fc.constantFrom('granted' as const, ...ENDS),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('logout' as const), tab: tabOf }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reload' as const), tab: tabOf }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(1_000, 20_000) }),
  },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** Exchanges that are under way. */
interface Exchange {
  readonly state: string
  readonly code: string
  readonly user: string
  settle(end: (typeof ENDS)[number]): void
}

/** One browser with tabs, whose sessions live in memory, and the provider of all. */
function createWorld() {
  const attempts = memoryAttempts()
  /** How often each code has left. */
  const exchanged = new Map<string, number>()
  /** Tokens that have reached the browser, and whether they were taken back. */
  const arrived = new Map<string, 'held' | 'revoked'>()
  const inAir: Exchange[] = []
  const begun: string[] = []
  let count = 0

  const provider = (): OauthProvider => ({
    kind: 'oauth',
    needsRefreshToken: true,
    refresh: async () => ({ kind: 'refused', cause: 'unavailable' }),
    async revoke({ refreshToken }) {
      if (refreshToken) arrived.set(refreshToken, 'revoked')
      return true
    },
    redirectUri: CALLBACK,
    logins: {
      async begin() {
        count++
        const attempt = { state: `state${count}`, verifier: 'v', nonce: 'n', beganAt: systemClock.wall() }
        return { location: new URL(`https://id.example/auth?state=${attempt.state}`), attempt }
      },
      finish: (attempt: CodeAttempt, parameters: URLSearchParams) =>
        new Promise<ProviderGrant>((resolve, reject) => {
          const code = parameters.get('code') ?? ''
          const [user = ''] = code.split('.')
          exchanged.set(attempt.state, (exchanged.get(attempt.state) ?? 0) + 1)
          inAir.push({
            state: attempt.state,
            code,
            user,
            settle(end) {
              if (end === 'lost') return reject(new LoginFailed('provider_unavailable'))
              if (end === 'refused') return reject(new LoginFailed('invalid_grant'))
              const tokens: GrantedTokens = { token: `B${code}`, refreshToken: `R${code}` }
              arrived.set(`R${code}`, 'held')
              resolve({ ...tokens, expiresIn: 86_400, user: { id: user }, claims: {} as never, idToken: 'i' })
            },
          })
        }),
      endSession: async () => undefined,
      onLogout: () => {},
      onIdToken: () => {},
    },
  })

  function openTab() {
    const idp = provider()
    const session = createSession({ baseUrl: ORIGIN, strategies: { idp } })
    const page = { href: `${ORIGIN}/orders` }
    const memory = new Map<string, string>()
    const logins = createLogins(
      session,
      { idp },
      {
        attempts,
        page: {
          href: () => page.href,
          leave: (url) => void begun.push(new URL(url).searchParams.get('state') ?? ''),
          open: () => null,
          close: () => {},
          rename(url) {
            page.href = new URL(url, page.href).href
          },
          recall: (key) => memory.get(key),
          remember: (key, value) => void (value === undefined ? memory.delete(key) : memory.set(key, value)),
        },
      },
    )
    return { session, logins, page }
  }

  return { tabs: Array.from({ length: TABS }, openTab), openTab, inAir, begun, exchanged, arrived, attempts }
}

const userOf = ({ session }: { session: ReturnType<typeof createSession> }) => {
  const { isAuthenticated, user } = session.getSnapshot()
  return isAuthenticated ? user?.id : undefined
}

/** Lets everything run that waits for nothing. */
const settle = () => vi.advanceTimersByTimeAsync(0)

async function walk(steps: readonly Step[]) {
  const world = createWorld()
  const { tabs, inAir, begun, exchanged, arrived } = world
  /** How many callbacks have not come to anything yet. */
  let open = 0
  const purposes = new Map<string, (typeof PURPOSES)[number]>()
  const broken: unknown[] = []
  let codes = 0

  /** One step of the history, and what must hold of it alone. */
  async function take(given: Step) {
    if (given.do === 'pass') return void (await vi.advanceTimersByTimeAsync(given.ms))
    if (given.do === 'answer') {
      const [exchange] = inAir.splice(given.which % Math.max(inAir.length, 1), 1)
      const before = tabs.map(userOf)
      exchange?.settle(given.end)
      await settle()
      if (!exchange) return
      const after = tabs.map(userOf)
      if (given.end !== 'granted') expect(after, 'without an answer nothing changes').toEqual(before)
      for (const [index, user] of before.entries())
        if (user !== undefined && after[index] !== user)
          expect(purposes.get(exchange.state), 'who may take the place of somebody').toBe('switchUser')
      // Of a user who is logged in a token is left alone: revoking one may end them all.
      if (given.end === 'granted' && !after.includes(exchange.user))
        expect(arrived.get(`R${exchange.code}`), 'tokens that nobody uses are let go').toBe('revoked')
      return
    }
    const tab = tabs[given.tab] as (typeof tabs)[number]
    const before = userOf(tab)
    if (given.do === 'begin') {
      tab.page.href = `${ORIGIN}/orders`
      const known = begun.length
      await tab.logins[given.as]('idp').catch(() => {})
      if (begun.length > known) purposes.set(begun.at(-1) ?? '', given.as)
      expect(userOf(tab)).toBe(before)
    } else if (given.do === 'logout') {
      await tab.session.logout()
      expect(userOf(tab)).toBeUndefined()
    } else if (given.do === 'reload') {
      // What lived in memory is gone, its tokens with it.
      tab.session.dispose()
      tabs[given.tab] = world.openTab()
    } else {
      const state = begun[given.which % Math.max(begun.length, 1)]
      if (state === undefined) return
      codes++
      tab.page.href = `${CALLBACK}?${new URLSearchParams({ code: `${given.user}.${codes}`, state })}`
      open++
      tab.logins
        .handleCallback()
        .then(
          () => {
            // Somebody is logged in where a login has come to its end; another step may have ended that since.
            const isIn = userOf(tab) !== undefined || tabs[given.tab] !== tab
            expect(isIn).toBe(true)
          },
          (error: unknown) => {
            // A page that is gone tells nobody.
            if (tabs[given.tab] === tab) expect(error).toBeInstanceOf(LoginFailed)
          },
        )
        .catch((error: unknown) => void broken.push(error))
        .finally(() => void open--)
      await settle()
    }
  }

  for (const given of steps) {
    await take(given)
    for (const [state, times] of exchanged) expect(times, `exchanges of ${state}`).toBe(1)
  }
  // Every callback comes to an end.
  while (inAir.length > 0) inAir.pop()?.settle('lost')
  await vi.advanceTimersByTimeAsync(60_000)
  expect(open, 'callbacks without an end').toBe(0)
  expect(broken).toEqual([])
  for (const tab of tabs) tab.session.dispose()
}

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('logins of a page, whose answers may be lost', () => {
  test('L12 and L30: each code leaves once, each callback ends, and a session changes by nothing but its own login', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40, size: 'max' }), async (steps) => {
        await walk(steps)
      }),
      { numRuns: 500 },
    )
  })
})
