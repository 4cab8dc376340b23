import type { SessionUser } from '../../machines/session.types.ts'
import { readUser } from '../base/readUser.ts'
import type { BffFacts } from '../bff/facts.ts'
import type { LibrechatLoginOptions } from '../librechat/login/librechatLogin.ts'
import type { SessionServerOptions } from '../server/options.ts'
import { MODEL_START } from './createSessionModel.ts'
import { drivenBrowser } from './drivenBrowser.ts'
import { openidAnswers } from './openidAnswers.ts'
import type { DrivenBackend } from './sessionDriver.ts'
import { type VirtualClock, virtualClock } from './virtualClock.ts'

/** The options that the driver gives to the server under test. You give the secrets. */
export type DrivenServerOptions = Required<
  Pick<
    SessionServerOptions,
    'publicUrl' | 'clock' | 'fetch' | 'random' | 'patienceMs' | 'idleTimeoutMs' | 'absoluteLifetimeMs'
  >
> & {
  /** For `librechatLogin`. */
  readonly librechat: Required<Pick<LibrechatLoginOptions, 'baseUrl' | 'rateLimit' | 'backChannelLogout'>>
}

/** Makes the server under test. */
export type ServerOf = (driven: DrivenServerOptions) => { handle(request: Request): Promise<Response> }

export const PANEL = 'https://panel.example'
/** The limits of the server's session. They are far away, because the model tests the limits in the page. */
const FAR_MS = 2 ** 40

/**
 * The server of a path over `backend`, and the browser that holds its cookies. The timers of the server never fire: it
 * acts on requests only. `clock` is the clock of the page; the server's clock is ahead of it. `lifeMs` is the life of a
 * bearer.
 */
export async function drivenServer(
  backend: DrivenBackend,
  serverOf: ServerOf,
  clock: VirtualClock,
  lifeMs: number,
) {
  const ahead = virtualClock(MODEL_START)
  await backend.start(ahead)
  let isApiClosed = false
  /** `false`: the API answers the page's next call with 401, so the server's own refresh decides the answer. */
  let isApiOpen = false
  let subject = ''
  let user: SessionUser | undefined
  const browser = drivenBrowser(PANEL)

  /** The `fetch` with which the server calls its backend. */
  async function upstream(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const request = new Request(input, init)
    const { pathname } = new URL(request.url)
    if (pathname.endsWith('/oauth/exchange')) {
      const { user: document, ...tokens } = await backend.login()
      user = readUser(document)
      subject = user?.id ?? ''
      return Response.json({ ...tokens, user: { ...document, openidId: subject } })
    }
    if (!isApiClosed) return globalThis.fetch(request)
    return pathname === backend.apiPath
      ? new Response(null, { status: 401 })
      : openidAnswers['refresh.refused']()
  }

  const server = serverOf({
    librechat: {
      baseUrl: backend.baseUrl,
      rateLimit: false,
      backChannelLogout: async () => ({ ok: true, sub: subject, issuedAt: ahead.wall() }),
    },
    publicUrl: PANEL,
    clock: ahead,
    fetch: upstream,
    random: () => 0,
    // Its timers never fire, so it must not wait for one.
    patienceMs: 1,
    idleTimeoutMs: FAR_MS,
    absoluteLifetimeMs: FAR_MS,
  })
  const ask = browser.open((request) => server.handle(request))

  return {
    browser,
    /** Sends a request of another window of the browser. */
    ask,
    /** Sends a POST of a window that shows who is logged in. */
    async post(path: string, ofSomebody: object = {}) {
      const shown = await ask('/session/')
      const login = shown.ok ? ((await shown.json()) as BffFacts).login : undefined
      const headers = { 'x-csrf': login ?? '1', 'content-type': 'application/json' }
      const body = JSON.stringify(login === undefined ? {} : ofSomebody)
      return ask(path, { method: 'POST', headers, body })
    },
    /** Moves the server's clock by the life of a bearer, so that the next refresh is due. */
    outlive() {
      ahead.sleepUntil(Math.max(clock.wall(), ahead.wall()) + lifeMs)
    },
    /** Lets the backend answer the next call of the API, instead of 401. */
    openApi() {
      isApiOpen = true
    },
    /** Handles a request of the page under test. */
    async handle(request: Request): Promise<Response> {
      isApiClosed = new URL(request.url).pathname === backend.apiPath && !isApiOpen
      isApiOpen = false
      try {
        return await server.handle(request)
      } finally {
        isApiClosed = false
      }
    },
    user: () => user,
  }
}
