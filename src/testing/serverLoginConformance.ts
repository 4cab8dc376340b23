import { LoginFailed, Misconfigured } from '../base/errors.ts'
import { optionsOf } from '../base/optionsOf.ts'
import type { LoginGrant, LoginRefusal, LoginStep } from '../server/serverLogin.ts'
import { type ConformanceCase, expectSame } from './conformanceCase.ts'
import {
  type LoginSubject,
  loginRequestOf,
  type ServerLoginConformanceOptions,
  throughJson,
  withLogin,
} from './loginUnderTest.ts'

/**
 * The contract of a `ServerLogin` as a list of cases for any test runner. Use it if you write a login. Cases for parts
 * that the login does not have (`submit`, `begin`, `verify`, …) are left out.
 *
 * @example
 * const cases = serverLoginConformance({ create: async () => ({ login: serverLogin, credentials }) })
 * for (const { name, run } of cases) test(name, run)
 */
export function serverLoginConformance(options: ServerLoginConformanceOptions): readonly ConformanceCase[] {
  const { create } = optionsOf('serverLoginConformance', options)
  return Object.entries(cases).map(([name, check]) => ({ name, run: () => withLogin(create, check) }))
}

/** `code` must be one word, because it stands in addresses and answers. */
const CODE = /^[a-z_]{1,60}$/
const MAX_DATA = 4_096
/** The longest text of an attempt that fits into a cookie. Sealed, it is longer. */
const MAX_KEEP = 2_000
const STATE = /^[\w-]{16,256}$/

/** Answers that are not the backend's, as gateways send them. */
const GARBAGE: Readonly<Record<string, () => Promise<Response>>> = {
  'no connection': () => Promise.reject(new TypeError('fetch failed')),
  'a page with 200': async () => html(200),
  'a page with 404': async () => html(404),
  'a page with 502': async () => html(502),
  '503 in JSON': async () => Response.json({ error: 'unavailable' }, { status: 503 }),
  'an empty object': async () => Response.json({}),
  null: async () => Response.json(null),
  'half of an object': async () =>
    new Response('{"token":"a', { headers: { 'content-type': 'application/json' } }),
  'a token of another type': async () => Response.json({ token: 1, access_token: {}, user: 'ada' }),
}

const html = (status: number) =>
  new Response('<title>gateway</title>', { status, headers: { 'content-type': 'text/html' } })

const cases: Record<string, (subject: LoginSubject) => Promise<void>> = {
  async 'it says what its sessions are bound to, and where their refreshes go, the same each time'(subject) {
    const { running } = subject
    const again = subject.answered(() => Promise.reject(new TypeError('not asked')))
    holds('`identity` is a text', typeof running.identity === 'string' && running.identity !== '')
    expectSame('`identity` of the same login', again.identity, running.identity)
    const urls = [running.apiUrl, running.providerUrl].filter((url) => url !== undefined)
    holds('`apiUrl` or `providerUrl` is there', urls.length > 0)
    for (const url of urls)
      holds(`${url} is absolute and ends with /`, URL.parse(url)?.href === url && url.endsWith('/'))
    expectSame('calls when it is made', subject.sent, [])
  },

  async 'it has a strategy at least, by a name'({ running }) {
    const strategies = Object.entries(running.strategies)
    holds('there is a strategy', strategies.length > 0)
    for (const [name, strategy] of strategies)
      holds(`"${name}" refreshes`, name !== '' && typeof strategy.refresh === 'function')
  },

  async 'its parts are complete: a begin has a callback with a path, a submit says what it takes'({
    running,
  }) {
    const { begin, callback, callbackPaths = [], submit, expected } = running
    holds('`begin` and `callback` come together', !begin === !callback)
    holds('`callback` has `callbackPaths`', !callback || callbackPaths.length > 0)
    for (const path of callbackPaths)
      holds(`${path} is a pathname`, path.startsWith('/') && !/[?#]/.test(path))
    holds('there is a way to log in', Boolean(begin ?? submit))
    holds('`expected` says what `submit` takes', !submit || (expected?.() ?? '') !== '')
  },

  async 'the right credentials are granted a session that its strategy renews'(subject) {
    if (!subject.running.submit) return
    await holdsGrant(subject, await subject.submitted())
  },

  async 'wrong credentials are refused with a word of their own, which repeats nothing of them'(subject) {
    const { running, credentials } = subject
    if (!running.submit || !credentials) return
    const step = await running.submit(loginRequestOf(), credentials.wrong)
    const { status } = refusalOf(step, 'wrong credentials')
    holds(`a status from 400 to 499, not ${status}`, status >= 400 && status < 500)
    for (const value of Object.values(credentials.wrong))
      if (typeof value === 'string' && value.length > 3)
        holds('nothing of the credentials in the refusal', !JSON.stringify(step).includes(value))
  },

  async 'what is no input of a step is none, and nothing is sent for it'({ running, sent }) {
    if (!running.submit) return
    for (const input of [{}, { email: 1, password: [] }, { name: null, password: {} }, { constructor: 'x' }])
      expectSame(
        `the step of ${JSON.stringify(input)}`,
        (await running.submit(loginRequestOf(), input)) ?? null,
        null,
      )
    expectSame('calls', sent, [])
  },

  async 'whatever answers in place of its backend, credentials are refused, and nothing is thrown'(subject) {
    const { running, answered, credentials } = subject
    if (!running.submit || !credentials) return
    for (const [what, answer] of Object.entries(GARBAGE)) {
      const step = await answered(answer).submit?.(loginRequestOf(), credentials.right)
      const { status, code } = refusalOf(step, what)
      holds(
        `${what} says nothing of the password, but "${code}"`,
        status >= 500 || code !== 'invalid_credentials',
      )
    }
  },

  async 'a login by redirect is granted a session that its strategy renews'(subject) {
    if (!subject.running.begin) return
    holdsProviderNames(subject, await holdsGrant(subject, await subject.redirected()))
  },

  async 'a login by redirect begins at an address, and keeps little, as JSON'({ running }) {
    if (!running.begin) return
    const begun = await running.begin({ ...loginRequestOf(), input: {} })
    holds('an http(s) address', /^https?:$/.test(begun.location.protocol))
    expectSame('what is kept, as JSON', throughJson(begun.keep), begun.keep)
    holds('it fits into a cookie', JSON.stringify(begun.keep).length <= MAX_KEEP)
    if (!running.bindsCallback) return
    const other = await running.begin({ ...loginRequestOf(), input: {} })
    for (const { state = '' } of [begun, other]) holds(`"${state}" names the attempt`, STATE.test(state))
    holds('each attempt has a `state` of its own', begun.state !== other.state)
  },

  async 'a provider that is away begins no login, or begins it without being asked'({ running, answered }) {
    if (!running.begin) return
    for (const answer of Object.values(GARBAGE))
      await answered(answer)
        .begin?.({ ...loginRequestOf(), input: {} })
        .catch((error: unknown) =>
          holds(
            '`begin` rejects with LoginFailed or Misconfigured',
            error instanceof LoginFailed || error instanceof Misconfigured,
          ),
        )
  },

  async 'a callback of nobody exchanges nothing'({ running, sent }) {
    const [path] = running.callbackPaths ?? []
    // With a wrong `state` the server does not even call the login.
    if (!running.callback || !path || running.bindsCallback) return
    const url = new URL(`${path}?code=${'a'.repeat(64)}&state=x`, 'https://admin.example/')
    refusalOf(await running.callback(loginRequestOf(url), undefined), 'a callback without an attempt')
    expectSame('calls', sent, [])
  },

  async 'an error of the provider is refused in a word, and repeats nothing of the address'({ running }) {
    const [path] = running.callbackPaths ?? []
    if (!running.callback || !running.begin || !path) return
    for (const error of ['access_denied', '<img src=x>', 'x'.repeat(10_000)]) {
      const { state = '', keep } = await running.begin({ ...loginRequestOf(), input: {} })
      const url = new URL(path, 'https://admin.example/')
      url.search = new URLSearchParams({ error, error_description: '<b>text</b>', state }).toString()
      const step = await running.callback(loginRequestOf(url), throughJson(keep))
      refusalOf(step, `the error ${error.slice(0, 20)}`)
      holds('no text of the address', !/<|x{100}/.test(JSON.stringify(step)))
    }
  },

  async 'the provider’s own logout is an address or none, whatever was kept'({ running }) {
    for (const data of [undefined, null, {}, { idToken: 1 }, 'text', [1]]) {
      const url = await running.endSession?.(data).catch((error: unknown) => {
        holds(
          '`endSession` rejects with errors of this package',
          error instanceof LoginFailed || error instanceof Misconfigured,
        )
        return undefined
      })
      holds(`${url} is an http(s) address`, url === undefined || /^https?:$/.test(url.protocol))
    }
  },

  async 'whether a path hands out tokens is said of every path'({ running }) {
    for (const segments of [[], [''], ['api'], ['__proto__'], ['a'.repeat(5_000)], ['é', '%2f']])
      holds('`isTokenRoute` answers', typeof (running.isTokenRoute?.(segments) ?? false) === 'boolean')
  },
}

function holds(what: string, isSo: boolean): void {
  if (!isSo) throw new Error(`It does not hold: ${what}.`)
}

/** Checks that a step is refused, and that the text of the refusal may stand in an answer. */
function refusalOf(step: LoginStep | undefined, what: string): LoginRefusal {
  if (!step || !('refused' in step)) throw new Error(`Not refused: ${what}.`)
  const { refused } = step
  holds(`a status of HTTP for ${what}, not ${refused.status}`, refused.status >= 400 && refused.status < 600)
  holds(`a word for ${what}, not "${refused.code}"`, CODE.test(refused.code))
  return refused
}

/** Checks that a grant can become a session, and that the login has the strategy that renews it. */
async function holdsGrant({ running }: LoginSubject, step: LoginStep): Promise<LoginGrant> {
  if ('next' in step) throw new Error(`Not granted, but a further step is asked for: "${step.next}".`)
  // The value may hold tokens, and no token may stand in the log of a test.
  if ('refused' in step) throw new Error(`Not granted: ${JSON.stringify(step.refused)}.`)
  const { answer, strategy: name, data, tenantId, sub, sid }: LoginGrant = step.done
  const user = answer.user as { readonly id?: unknown; readonly _id?: unknown }
  holds('a bearer', typeof answer.token === 'string' && answer.token !== '')
  holds('a user with an id', typeof (user.id ?? user._id) === 'string')
  for (const [what, value] of Object.entries({ sub, sid }))
    holds(`\`${what}\` is a text, or absent`, value === undefined || isText(value))
  const strategy = running.strategies[name]
  if (!strategy) throw new Error(`There is no strategy "${name}".`)
  const text = JSON.stringify(data ?? null)
  holds('what is kept is short', text.length <= MAX_DATA)
  for (const token of [answer.token, answer.refreshToken])
    if (token) holds('what is kept holds no token of the session', !text.includes(token))
  if (strategy.needsRefreshToken && !answer.refreshToken) return step.done
  const { signal } = new AbortController()
  const outcome = await strategy.refresh({
    baseUrl: running.apiUrl ?? `${running.providerUrl}`,
    ...(answer.refreshToken && { refreshToken: answer.refreshToken }),
    userId: String(user.id ?? user._id),
    ...(tenantId !== undefined && { tenantId }),
    attemptId: 'conformance',
    signal,
  })
  holds(`its strategy renews it, not "${outcome.kind}"`, outcome.kind === 'ok')
  return step.done
}

/** A logout of the provider finds the session by these. Not every provider names its sessions. */
function holdsProviderNames({ running }: LoginSubject, { sub, sid }: LoginGrant): void {
  const isFindable = running.bringsSid || running.backChannel !== undefined
  holds('with `bringsSid` or `backChannel` a grant has `sub` or `sid`', !isFindable || isText(sub ?? sid))
}

const isText = (value: unknown) => typeof value === 'string' && value !== ''
