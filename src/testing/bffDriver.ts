import type { SessionUser } from '../../machines/session.types.ts'
import { readUser } from '../base/readUser.ts'
import { bffSessionOf, createBffSessionLogic } from '../bff/createBffSessionLogic.ts'
import type { BffFacts } from '../bff/facts.ts'
import type { BffSession } from '../bff/session.ts'
import type { SessionServerOptions } from '../server/options.ts'
import { MODEL_START, type SessionModelOptions, settingsOf } from './createSessionModel.ts'
import { drivenBrowser } from './drivenBrowser.ts'
import {
  type DrivenParts,
  type DrivenUiOptions,
  type DrivenWorld,
  driverOfSession,
} from './driverOfSession.ts'
import { heldRequests } from './heldRequests.ts'
import type { ModelDriver, ModelPlace } from './modelDriver.ts'
import type { ModelEventType } from './modelEvents.ts'
import { openidAnswers } from './openidAnswers.ts'
import type { DrivenBackend } from './sessionDriver.ts'
import { virtualClock } from './virtualClock.ts'

/** What the driver gives to the server under test. The secrets are yours. */
export type DrivenServerOptions = Required<
  Pick<
    SessionServerOptions,
    | 'baseUrl'
    | 'publicUrl'
    | 'clock'
    | 'fetch'
    | 'random'
    | 'pace'
    | 'patienceMs'
    | 'idleTimeoutMs'
    | 'absoluteLifetimeMs'
    | 'backChannelLogout'
  >
>

/** The server, the backend behind it, the UI under test where there is one, and what none of them can do. */
export interface BffDriverOptions extends DrivenUiOptions<BffSession> {
  /** What answers the server. It is started anew for each path. */
  readonly backend: DrivenBackend
  /**
   * Makes the server of a path: `(driven) => createSessionServer({ ...driven, secrets })`, with its own endpoints where
   * they are by default.
   */
  readonly server: (driven: DrivenServerOptions) => { handle(request: Request): Promise<Response> }
}

const PANEL = 'https://panel.example'
/** So far that the server outlives whatever the page goes through: how long a session lasts is walked in the page. */
const FAR_MS = 2 ** 40

const NOTHING_SPENT =
  'What a page sends to its server spends nothing: whatever comes back, or not, it asks again.'
const ALWAYS_BEARER = 'Facts of a server are of a session that has a bearer, and may ask for the next.'
const OVER = 'A page whose session is over asks who is logged in, and not what became of it.'

const unreachable: Partial<Record<ModelPlace, string>> = {
  'login.inDoubt': NOTHING_SPENT,
  'bearer.acceptedByApi': 'A page behind its server has no bearer, and nobody accepts it.',
  'refresh.misconfigured': 'Whatever stands in the place of the server is an outage to its page.',
  'refresh.unknown': NOTHING_SPENT,
  'refresh.failed': NOTHING_SPENT,
  'refresh.consumed': NOTHING_SPENT,
  'refresh.unsupported': 'That the backend cannot refresh ends the session at the server, as a rejection.',
  'refresh.disabled': 'That the backend does not refresh ends the session at the server, as a rejection.',
  'login.withoutRefresh': ALWAYS_BEARER,
  'refresh.succeededLast': ALWAYS_BEARER,
  'refresh.uselessLast': ALWAYS_BEARER,
  'refresh.shortLived': 'A bearer that ends at once is none to the server: its page is told to come back.',
  'refresh.uselessRenewal': ALWAYS_BEARER,
  'peer.renewedUselessly': ALWAYS_BEARER,
  'peer.renewedUselessLast': ALWAYS_BEARER,
  'caller.asked': 'A page behind its server has no bearer to hand out, and its calls wait for none.',
  'expired: provider.loggedOut': OVER,
  'expired: peer.loggedOut': OVER,
  'expired: peer.renewed': 'What the server has ended it renews no more.',
  'refreshing: session.renewed [isNewerUseless] -> expired':
    'The server counts too, and ends the session before its page would.',
}

/** What the server answers a refresh of the page by itself. */
const ANSWERED: readonly ModelEventType[] = ['refresh.succeeded', 'refresh.notDue']

/** What comes back to the page's refresh, where it is no answer of the server. */
const between: Partial<Record<ModelEventType, () => Response>> = {
  'refresh.refused': () => {
    throw new TypeError('The network is gone.')
  },
}

/**
 * A driver for a page behind its own server: a session of `createBffSession` on a virtual clock, and behind it your
 * `createSessionServer` over the backend that you give. An outcome is brought about where it comes from: the network
 * between page and server fails, the backend refuses, the provider logs out over the back channel. Each refresh of the page
 * that gets through is one of the server, whose clock is ahead of the page's.
 *
 * It checks what `sessionDriver` checks. For models that are not `shared` and start `pending`.
 */
export function bffDriver({ backend, server, ...ui }: BffDriverOptions): ModelDriver {
  return driverOfSession((model) => begin(backend, server, model), {
    ...ui,
    unreachable: { ...unreachable, ...ui.unreachable },
  })
}

async function begin(
  backend: DrivenBackend,
  serverOf: BffDriverOptions['server'],
  model: SessionModelOptions,
): Promise<DrivenParts<BffSession>> {
  const { shared, start } = model
  const { lifeMs } = settingsOf(model)
  if (shared || start !== 'pending')
    throw new Error("The driver needs { start: 'pending' }, and no `shared`.")
  const clock = virtualClock(MODEL_START)
  /** Of the server and its backend. Its timers never fire: the server acts when it is asked. */
  const ahead = virtualClock(MODEL_START)
  await backend.start(ahead)
  let isApiClosed = false
  /** The server's own refresh decides what a call of the page is answered. */
  let isApiOpen = false
  let subject = ''
  let user: SessionUser | undefined
  const browser = drivenBrowser(PANEL)

  /** Time passes at the server, as much as a bearer lives: the next refresh that reaches it is due. */
  function outlive() {
    ahead.sleepUntil(Math.max(clock.wall(), ahead.wall()) + lifeMs)
  }

  /** The way from the server to its backend. */
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
    baseUrl: backend.baseUrl,
    publicUrl: PANEL,
    clock: ahead,
    fetch: upstream,
    random: () => 0,
    pace: false,
    // It waits for none of its timers either.
    patienceMs: 1,
    idleTimeoutMs: FAR_MS,
    absoluteLifetimeMs: FAR_MS,
    backChannelLogout: async () => ({ ok: true, subject }),
  })
  const ask = browser.open((request) => server.handle(request))
  /** What another window of the browser asks for, which shows who is logged in. */
  async function post(path: string, ofSomebody: object = {}) {
    const found = await ask('/session/')
    const login = found.ok ? ((await found.json()) as BffFacts).login : undefined
    const headers = { 'x-csrf': login ?? '1', 'content-type': 'application/json' }
    return ask(path, { method: 'POST', headers, body: JSON.stringify(login === undefined ? {} : ofSomebody) })
  }

  /** What comes back to the next refresh of the page. */
  let answer: (() => Response) | undefined
  /** Looks of the page, from when they are sent until they are answered. */
  let looks = 0
  let isLookWorth = false
  let isKnown = false

  const held = heldRequests(
    (request) => {
      const { pathname } = new URL(request.url)
      if (pathname === '/session/refresh') return 'refresh'
      if (pathname === backend.apiPath) return 'api'
      return pathname === '/session/' && !isKnown ? 'look' : undefined
    },
    async (request) => {
      const { pathname } = new URL(request.url)
      if (pathname === '/session/refresh' && answer) return answer()
      // Between the events of a path nobody tells the page anything.
      if (pathname === '/session/' && !isLookWorth) return new Response(null, { status: 503 })
      isApiClosed = pathname === backend.apiPath && !isApiOpen
      isApiOpen = false
      try {
        return await server.handle(request)
      } finally {
        isApiClosed = false
      }
    },
  )
  const fromPage = browser.open(held.fetch)

  async function fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const request = new Request(input, init)
    const isLook = new URL(request.url).pathname === '/session/'
    if (isLook) looks += 1
    try {
      return await fromPage(request)
    } finally {
      if (isLook) looks -= 1
    }
  }

  async function bringAbout(type: ModelEventType, { session, signal, until }: DrivenWorld<BffSession>) {
    /** Lets the page's look go, and waits until it is over. */
    const look = async () => {
      isLookWorth = true
      held.release('look')
      await until(
        () => looks === 0,
        () => 'the answer to a look',
      )
      isLookWorth = false
    }
    /** Something has happened at the server, and the page is looked at. */
    const wake = () => {
      isLookWorth = true
      signal('woke')
      return look()
    }
    const learn = async () => {
      if (!isKnown) await look()
      isKnown = true
    }
    const failure = openidAnswers[type as keyof typeof openidAnswers]
    answer = between[type]
    if (answer || failure || ANSWERED.includes(type)) {
      await until(
        () => held.has('refresh'),
        () => 'a refresh to answer',
      )
      backend.setBearerLife(lifeMs)
      if (!answer && type !== 'refresh.notDue') outlive()
      if (!answer && failure) await backend.failRefresh(failure())
      return held.release('refresh')
    }
    switch (type) {
      case 'login.completed': {
        // Logins of one browser are told apart by their instant.
        outlive()
        backend.setBearerLife(lifeMs)
        await learn()
        await post('/session/openid/start', { purpose: 'switchUser' })
        await ask(`/auth/openid/callback?code=${'0'.repeat(64)}`)
        return wake()
      }
      case 'session.absent':
        return learn()
      case 'user.loggedOut':
        return Promise.all([session.logout(), learn()])
      case 'peer.loggedOut':
        await post('/session/logout')
        signal('loggedOut')
        return learn()
      case 'provider.loggedOut':
        await post('/session/backchannel-logout')
        return wake()
      case 'peer.renewed':
        outlive()
        backend.setBearerLife(lifeMs)
        await post('/session/refresh')
        return wake()
      case 'server.ended':
        // The server's refresh for a call of the page is rejected: the answer to the call says so.
        await until(
          () => held.has('api'),
          () => 'a call of the API in the air',
        )
        outlive()
        await backend.failRefresh(openidAnswers['refresh.rejected']())
        isApiOpen = true
        return held.release('api')
      case 'bearer.rejectedByApi':
        await until(
          () => held.has('api'),
          () => 'a call of the API in the air',
        )
        return held.release('api')
      default:
        throw new Error(`No way to ${type}.`)
    }
  }

  const logins: number[] = []
  return {
    logicOf: (settings) => createBffSessionLogic({ ...settings, baseUrl: PANEL }),
    sessionOf: bffSessionOf,
    clock,
    held,
    fetch,
    apiPath: backend.apiPath,
    user: () => user,
    /** A server numbers its logins by their instant. */
    loginsOf(epoch) {
      if (epoch > 0 && !logins.includes(epoch)) logins.push(epoch)
      return logins.indexOf(epoch) + 1
    },
    bringAbout,
  }
}
