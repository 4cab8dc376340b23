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

/** The server, the backend behind it, the UI under test, if there is one, and their limits. */
export interface BffDriverOptions extends DrivenUiOptions<BffSession> {
  /** The backend that answers the server. It starts again for each path. */
  readonly backend: DrivenBackend
  /**
   * Makes the server of a path: `({ librechat, ...driven }) => createSessionServer({ ...driven, secrets, logins: { librechat: librechatLogin(librechat) } })`. Its
   * endpoints must have their default paths.
   */
  readonly server: ServerOf
}

/** The answers to a refresh of the page that the server gives by itself. */
const ANSWERED: readonly ModelEventType[] = ['refresh.succeeded', 'refresh.notDue']

/** The results of a page's refresh that the server does not answer. */
const between: Partial<Record<ModelEventType, () => Response>> = {
  'refresh.refused': () => {
    throw new TypeError('The network is gone.')
  },
}

/**
 * A driver for a page behind its own server. The page has a session of `createBffSession` on a virtual clock. Behind it is
 * your `createSessionServer`, over the backend that you give. The driver causes each outcome at its real place: the network
 * between page and server fails, the backend refuses, or the provider logs out over the back channel. Each refresh of the
 * page that reaches the server makes the server refresh, because the server's clock is ahead of the page's.
 *
 * It checks the same as `sessionDriver`. The model must start `pending` and must not be `shared`.
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

  /** The answer to the next refresh of the page. */
  let answer: (() => Response) | undefined
  /** The number of looks of the page that have no answer yet. */
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
      // Between the events of a path the page must learn nothing.
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
    /** Releases the page's look, and waits for its answer. */
    const look = async () => {
      isLookWorth = true
      held.release('look')
      await until(
        () => looks === 0,
        () => 'the answer to a look',
      )
      isLookWorth = false
    }
    /** Wakes the page, so that it learns what has happened at the server. */
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
        // The instant of a login tells it from the other logins of the browser.
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
        // The backend rejects the server's refresh for a call of the page, and the answer to that call says so.
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
    /** A server uses the instant of a login as its number. */
    loginsOf(epoch) {
      if (epoch > 0 && !logins.includes(epoch)) logins.push(epoch)
      return logins.indexOf(epoch) + 1
    },
    bringAbout,
  }
}
