import { isDevelopment } from '#development'
import { Disposed, LoginRefused, SessionChanged } from '../base/errors.ts'
import { parseUrl } from '../base/parseUrl.ts'
import type { Parts } from './parts.ts'
import { type Body, type ServerAnswer, within } from './serverCalls.ts'
import type { BffLoginStep, BffSession } from './session.ts'

const LOGOUT_WAIT_MS = 1_000
const LOGOUT_TRIES = 3
const LOGOUT_PAUSE_MS = 2_000
/** A login waits this long for an earlier one. */
const TURN_MS = 5_000
/** No server keeps a longer `returnTo`; the login goes on without it. */
const MAX_WAY_BACK = 8_000
/** So much is said again of what a server says. */
const MAX_SAID = 300

interface StepParts extends Omit<Parts, 'heed'> {
  readonly look: () => Promise<void>
}

type Steps = Pick<BffSession, 'login' | 'secondFactor' | 'loginWithRedirect' | 'logout'>

/** How a login begins and ends. */
export function createLoginSteps({ chart, login, call, settings, page, look, replaced }: StepParts): Steps {
  const { clock, navigate, attemptTimeoutMs } = settings
  /** Counts the user's requests: if a login and a logout overlap, the later one counts. */
  let steps = 0
  /** Names the login that waits for its second factor. */
  let attempt: unknown
  /** The last login that was asked for. */
  let turn: Promise<unknown> = Promise.resolve()

  /**
   * The browser keeps the cookie of the answer that comes last, so logins come one after the other, and after the
   * answers to the logouts and refreshes of all tabs.
   */
  function inTurn<T>(task: () => Promise<T>): Promise<T> {
    const before = turn
    const mine = within(clock, TURN_MS, () => before)
      .catch(() => {})
      .then(() => page()?.lock(task) ?? task())
    turn = mine.catch(() => {})
    return mine
  }

  function take(name: string, fields: object): Promise<BffLoginStep> {
    const mine = ++steps
    return inTurn(() => takeNow(name, fields, mine))
  }

  async function takeNow(name: string, fields: object, mine: number): Promise<BffLoginStep> {
    if (mine !== steps) throw new SessionChanged()
    const answer = await ask(name, fields)
    const { status, body, facts } = answer
    if (status === 200 && body?.next === 'twoFactor') {
      attempt = body.attempt
      return { next: 'twoFactor' }
    }
    if (!facts) throw refusalOf(answer)
    try {
      if (!chart.isRunning()) throw new Disposed()
      if (mine !== steps) throw new SessionChanged()
      // A user that does not match the schema is refused before anything changes.
      settings.users.read(facts.user)
    } catch (error) {
      void endAtServer(facts.login)
      throw error
    }
    forgetFailure()
    login.adopt(facts)
    return { next: undefined }
  }

  async function ask(name: string, fields: object): Promise<ServerAnswer> {
    if (!chart.isRunning()) throw new Disposed()
    const believed = login.name()
    const answer = await call(name, believed, attemptTimeoutMs, fields)
    if (answer.word === 'other_login') {
      replaced(believed)
      throw new SessionChanged()
    }
    return answer
  }

  async function leave(): Promise<void> {
    const mine = ++steps
    // A session that is not yet known cannot be ended.
    if (chart.read().isPending) await look()
    if (mine !== steps) return
    const name = login.name()
    login.close('user')
    page()?.leave(name)
    if (name !== undefined) await endAtServer(name, () => mine === steps)
  }

  /** Ends a login at the server, in several tries. `isLast`: the user has asked for nothing else since. */
  async function endAtServer(name: string, isLast = () => false): Promise<void> {
    const until = chart.now() + attemptTimeoutMs
    for (let tries = 1; chart.now() < until; tries++) {
      const calling = call('logout', name, until - chart.now())
      // Logins of other tabs wait for the answer.
      void page()?.lock(() => calling)
      const { status, body, word } = await calling
      // Another user is logged in now, and the page shows that.
      if (word === 'other_login') return void look()
      // A page of a gateway may have the status of a success.
      if ((status === 200 && body) || word) {
        const target = addressOf(body?.redirect, settings.baseUrl)
        if (target && isLast()) navigate(target)
        return
      }
      if (tries === LOGOUT_TRIES) break
      await pause(LOGOUT_PAUSE_MS)
      await turn
    }
    chart.notify({ type: 'warning', code: 'notRevoked' })
  }

  const pause = (ms: number) => new Promise<void>((resolve) => void clock.setTimer(resolve, ms, 'background'))

  return {
    async login(credentials) {
      return take('login', fieldsOf(credentials))
    },
    async secondFactor(factor) {
      return take('login/next', { ...fieldsOf(factor), attempt })
    },
    async loginWithRedirect({ returnTo = addressHere(), ...rest } = {}) {
      const wayBack = returnTo.length > MAX_WAY_BACK ? undefined : returnTo
      const answer = await inTurn(() => ask('login/start', { ...rest, returnTo: wayBack }))
      const target = answer.status === 200 && addressOf(answer.body?.location, settings.baseUrl)
      if (!target) throw refusalOf(answer)
      navigate(target)
    },
    async logout() {
      const left = leave()
      await Promise.race([left, pause(LOGOUT_WAIT_MS)])
    },
  }
}

const fieldsOf = (given: object): Record<string, unknown> =>
  given instanceof FormData ? Object.fromEntries(given) : { ...given }

/** Why a login failed, in the server's word. */
function refusalOf({ status, body, retryAfterMs }: ServerAnswer): LoginRefused {
  const reason = typeof body?.error === 'string' ? body.error : 'unavailable'
  return new LoginRefused(
    reason,
    status,
    retryAfterMs,
    isDevelopment && reason === 'csrf' ? originsOf(body) : '',
  )
}

/** Nobody but a developer meets it: the page is at another origin than the server believes. */
function originsOf({ expected, came }: Body = {}): string {
  if (typeof expected !== 'string' || typeof came !== 'string') return ''
  return ` The server wants ${expected.slice(0, MAX_SAID)}; what came was ${came.slice(0, MAX_SAID)}.`
}

/** Where a browser may be sent: to a page, not to a script. */
function addressOf(value: unknown, baseUrl: string): string | undefined {
  const url = typeof value === 'string' ? parseUrl(value, baseUrl) : null
  return url && /^https?:/.test(url.protocol) ? url.href : undefined
}

/** The server names the cause of a failed login in the address of the page. A later login makes that wrong. */
function forgetFailure(): void {
  const { location, history } = globalThis
  const url = history && new URL(location.href)
  if (!url?.searchParams.has('error')) return
  url.searchParams.delete('error')
  history.replaceState(history.state, '', url)
}

function addressHere(): string {
  const { pathname, search, hash } = globalThis.location
  return `${pathname}${search}${hash}`
}
