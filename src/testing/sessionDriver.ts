import type { SessionUser } from '../../machines/session.types.ts'
import { optionsOf } from '../base/optionsOf.ts'
import { readUser } from '../base/readUser.ts'
import { openidStrategy } from '../librechat/openidStrategy.ts'
import { createSessionLogic, sessionOf } from '../session/createSessionLogic.ts'
import type { LoginAnswer } from '../session/login.ts'
import type { Session } from '../session/session.ts'
import { MODEL_START, type SessionModelOptions, settingsOf } from './createSessionModel.ts'
import { drivenStore } from './drivenStore.ts'
import {
  type DrivenParts,
  type DrivenUiOptions,
  type DrivenWorld,
  driverOfSession,
} from './driverOfSession.ts'
import { heldRequests } from './heldRequests.ts'
import type { ModelDriver, ModelPlace } from './modelDriver.ts'
import type { ModelEventType } from './modelEvents.ts'
import { openidAnswers, type RefreshFailure } from './openidAnswers.ts'
import { type VirtualClock, virtualClock } from './virtualClock.ts'

/**
 * A backend with LibreChat's OpenID route that a driver controls: `drivenMockBackend` of `xstate-session/msw`, or your
 * own.
 */
export interface DrivenBackend {
  /** An absolute URL. */
  readonly baseUrl: string
  /** The path of any route of the API that needs a bearer. */
  readonly apiPath: string
  /** Resets the backend, and gives it this clock. */
  start(clock: VirtualClock): void | Promise<void>
  /** Logs a user in, and resolves to the answer. */
  login(): LoginAnswer | Promise<LoginAnswer>
  /** Sets the life of all bearers that it issues from now on; milliseconds. */
  setBearerLife(ms: number): void
  /** Makes the next refresh fail like this, without processing it. */
  failRefresh(failure: RefreshFailure): void | Promise<void>
  /** Answers all bearers that were issued so far with 401. */
  expireBearers(): void
}

/** The backend, the UI under test, if there is one, and their limits. */
export interface SessionDriverOptions extends DrivenUiOptions {
  /** The backend that answers the session. It starts again for each path. */
  readonly backend: DrivenBackend
}

const PROVIDER = 'driven'

const ENDED = 'A session that has expired looks whether a peer logs out only where its end is in doubt.'

const unreachable: Partial<Record<ModelPlace, string>> = {
  'login.inDoubt': 'The driver starts without a session, and a login is in no doubt.',
  'refresh.succeededLast': 'The OpenID route cannot say it: without a new refresh token the old one stays.',
  'refresh.uselessLast': 'The OpenID route cannot say it: without a new refresh token the old one stays.',
  'refresh.notDue': 'A session that holds its tokens hears that from nobody.',
  'server.ended': 'A session that holds its tokens hears that from its own refresh only.',
  'refresh.misconfigured': 'Takes a TLS failure, which an answer cannot be.',
  'active: caller.asked': 'A call in `active` is served without asking the chart.',
  'refreshing: caller.asked':
    'A call asks the chart only where it is the first without a bearer; else it is served, or waits.',
  'expired: peer.loggedOut': ENDED,
  'expired: provider.loggedOut': ENDED,
}

/**
 * A driver for a session of `createSession` on a virtual clock, over the backend that you give. After each step it checks
 * that the session has the state of the model, and that its chart took the same row as the model. Then `shows` checks your
 * UI. The model must be `shared` and start `pending`.
 *
 * @example
 * const driver = sessionDriver({ backend, mount: openPanel, shows: ({ to }) => expect.poll(shown).toContain(to.state) })
 */
export function sessionDriver(options: SessionDriverOptions): ModelDriver {
  const { backend, ...ui } = optionsOf('sessionDriver', options)
  return driverOfSession((model) => begin(backend, model), {
    ...ui,
    unreachable: { ...unreachable, ...ui.unreachable },
  })
}

/** The parts of a new session. The driver controls everything around it. */
async function begin(backend: DrivenBackend, model: SessionModelOptions): Promise<DrivenParts<Session>> {
  const { resend, shared, start } = model
  const { lifeMs } = settingsOf(model)
  if (!shared || start !== 'pending') throw new Error("The driver needs { shared: true, start: 'pending' }.")
  const clock = virtualClock(MODEL_START)
  await backend.start(clock)
  const store = drivenStore()
  const seen = new Set<string>()
  let user: SessionUser | undefined
  let isAccepted = false
  const held = heldRequests(
    ({ url }) => {
      const { pathname, search } = new URL(url)
      if (pathname !== backend.apiPath) return 'refresh'
      // The retry after a 401 gets no answer: the API's answer to the newer bearer is another event.
      if (seen.has(search)) return 'retry'
      seen.add(search)
      return 'api'
    },
    async (request) => {
      const isTaken = isAccepted && new URL(request.url).pathname === backend.apiPath
      const answer = await globalThis.fetch(request)
      // A bearer can only be accepted after its 401 on another route, and the driver knows only one route.
      return isTaken && answer.status === 401 ? new Response(null, { status: 204 }) : answer
    },
  )

  async function bringAbout(type: ModelEventType, { session, signal, until }: DrivenWorld<Session>) {
    const answer = openidAnswers[type as keyof typeof openidAnswers]
    if (answer || type === 'refresh.succeeded' || type === 'refresh.shortLived') {
      backend.setBearerLife(type === 'refresh.shortLived' ? 1_000 : lifeMs)
      await until(
        () => held.has('refresh'),
        () => 'a refresh to answer',
      )
      if (answer) await backend.failRefresh(answer(store.refreshToken()))
      return held.release('refresh')
    }
    switch (type) {
      case 'login.completed':
      case 'login.withoutRefresh': {
        backend.setBearerLife(lifeMs)
        const { refreshToken, ...rest } = await backend.login()
        user = readUser(rest.user)
        store.grant(refreshToken)
        const login = type === 'login.completed' ? { ...rest, refreshToken } : rest
        return session.login(login as LoginAnswer, { provider: PROVIDER })
      }
      case 'session.absent':
        return store.open()
      case 'user.loggedOut':
        store.open()
        return session.logout()
      case 'peer.loggedOut':
      case 'provider.loggedOut':
        store.open()
        store.end(type === 'provider.loggedOut' ? 'backChannel' : 'user')
        return signal('woke')
      case 'peer.renewed':
      case 'peer.renewedUselessly':
      case 'peer.renewedUselessLast':
        store.renew(type === 'peer.renewed' ? lifeMs : 0, clock.wall(), type === 'peer.renewedUselessLast')
        return signal('woke')
      case 'bearer.acceptedByApi':
      case 'bearer.rejectedByApi':
        await until(
          () => held.has('api'),
          () => 'a call of the API in the air',
        )
        isAccepted = type === 'bearer.acceptedByApi'
        if (!isAccepted) backend.expireBearers()
        return held.release('api')
      case 'caller.asked':
        return void session.getToken().catch(() => {})
      default:
        throw new Error(`No way to ${type}.`)
    }
  }

  return {
    logicOf: (settings) =>
      createSessionLogic({
        ...settings,
        baseUrl: backend.baseUrl,
        strategies: { [PROVIDER]: openidStrategy(resend && { resend }) },
        store,
      }),
    sessionOf,
    clock,
    held,
    fetch: held.fetch,
    apiPath: backend.apiPath,
    user: () => user,
    bringAbout,
  }
}
