import { optionsOf } from '../base/optionsOf.ts'
import { bffSessionOf, createBffSessionLogic } from '../bff/createBffSessionLogic.ts'
import type { BffSession } from '../bff/session.ts'
import { bffUnreachable } from './bffUnreachable.ts'
import { MODEL_START, type SessionModelOptions, settingsOf } from './createSessionModel.ts'
import { drivenServer, PANEL, type ServerOf } from './drivenServer.ts'
import {
  type DrivenParts,
  type DrivenUiOptions,
  type DrivenWorld,
  driverOfSession,
} from './driverOfSession.ts'
import { heldRequests } from './heldRequests.ts'
import type { ModelDriver } from './modelDriver.ts'
import type { ModelEventType } from './modelEvents.ts'
import { openidAnswers } from './openidAnswers.ts'
import type { DrivenBackend } from './sessionDriver.ts'
import { virtualClock } from './virtualClock.ts'

/** The server, the backend behind it, the UI under test where there is one, and what none of them can do. */
export interface BffDriverOptions extends DrivenUiOptions<BffSession> {
  /** What answers the server. It is started anew for each path. */
  readonly backend: DrivenBackend
  /**
   * Makes the server of a path: `({ librechat, ...driven }) => createSessionServer({ ...driven, secrets, logins: { librechat: librechatLogin(librechat) } })`, with its own endpoints where
   * they are by default.
   */
  readonly server: ServerOf
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
 *
 * @example
 * const driver = bffDriver({
 *   backend,
 *   server: ({ librechat, ...driven }) =>
 *     createSessionServer({ ...driven, secrets: [secret], logins: { librechat: librechatLogin(librechat) } }),
 * })
 * for (const { name, run } of modelSuite(driver, { start: 'pending' }).paths) test(name, run)
 */
export function bffDriver(options: BffDriverOptions): ModelDriver {
  const { backend, server, ...ui } = optionsOf('bffDriver', options)
  return driverOfSession((model) => begin(backend, server, model), {
    ...ui,
    unreachable: { ...bffUnreachable, ...ui.unreachable },
  })
}

async function begin(
  backend: DrivenBackend,
  serverOf: ServerOf,
  model: SessionModelOptions,
): Promise<DrivenParts<BffSession>> {
  const { shared, start } = model
  const { lifeMs } = settingsOf(model)
  if (shared || start !== 'pending')
    throw new Error("The driver needs { start: 'pending' }, and no `shared`.")
  const clock = virtualClock(MODEL_START)
  const server = await drivenServer(backend, serverOf, clock, lifeMs)

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
      return /^\/session\/?$/.test(pathname) && !isKnown ? 'look' : undefined
    },
    async (request) => {
      const { pathname } = new URL(request.url)
      if (pathname === '/session/refresh' && answer) return answer()
      // Between the events of a path nobody tells the page anything.
      if (/^\/session\/?$/.test(pathname) && !isLookWorth) return new Response(null, { status: 503 })
      return server.handle(request)
    },
  )
  const fromPage = server.browser.open(held.fetch)

  async function fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const request = new Request(input, init)
    const isLook = /^\/session\/?$/.test(new URL(request.url).pathname)
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
      if (!answer && type !== 'refresh.notDue') server.outlive()
      if (!answer && failure) await backend.failRefresh(failure())
      return held.release('refresh')
    }
    switch (type) {
      case 'login.completed': {
        // Logins of one browser are told apart by their instant.
        server.outlive()
        backend.setBearerLife(lifeMs)
        await learn()
        await server.post('/session/login/start', { purpose: 'switchUser' })
        await server.ask(`/auth/openid/callback?code=${'0'.repeat(64)}`)
        return wake()
      }
      case 'session.absent':
        return learn()
      case 'user.loggedOut':
        return Promise.all([session.logout(), learn()])
      case 'peer.loggedOut':
        await server.post('/session/logout')
        signal('loggedOut')
        return learn()
      case 'provider.loggedOut':
        await server.post('/session/backchannel-logout')
        return wake()
      case 'peer.renewed':
        server.outlive()
        backend.setBearerLife(lifeMs)
        await server.post('/session/refresh')
        return wake()
      case 'server.ended':
        // The server's refresh for a call of the page is rejected: the answer to the call says so.
        await until(
          () => held.has('api'),
          () => 'a call of the API in the air',
        )
        server.outlive()
        await backend.failRefresh(openidAnswers['refresh.rejected']())
        server.openApi()
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
    user: server.user,
    /** A server numbers its logins by their instant. */
    loginsOf(epoch) {
      if (epoch > 0 && !logins.includes(epoch)) logins.push(epoch)
      return logins.indexOf(epoch) + 1
    },
    bringAbout,
  }
}
