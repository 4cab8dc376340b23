import type { BffSession } from 'xstate-session/bff'
import { librechatLogin } from 'xstate-session/librechat-login'
import { drivenMockBackend } from 'xstate-session/msw'
import { createSessionServer } from 'xstate-session/server'
import {
  bffDriver,
  chartDriver,
  type DrivenBackend,
  type DrivenUiOptions,
  type ModelDriver,
  type ModelSuiteOptions,
  modelSuite,
  sessionDriver,
} from 'xstate-session/testing'
import { type Backend, startBackend } from '../../examples/backend/startBackend.ts'

const limits = { idleTimeoutMs: 3_600_000, absoluteLifetimeMs: 8 * 3_600_000 }

/** What a session with a store is driven through. */
export const driven = { ...limits, shared: true, start: 'pending' } as const satisfies ModelSuiteOptions

export const policies = ['eager', 'onDemand', 'prompt'] as const
export const resends = ['afterBearerEnds', 'never', { withinMs: 20_000 }] as const

export const mock = drivenMockBackend({ baseUrl: 'https://chat.example' })
/** A machine that does other things at the same time is no fault of the code. */
const patienceMs = 20_000
export const mockSuite = (options: ModelSuiteOptions | ModelSuiteOptions[] = driven) =>
  modelSuite(sessionDriver({ backend: mock, patienceMs }), options)

/** The reference backend and its OpenID provider, on loopback ports. */
export function referenceBackend(): DrivenBackend & { close(): Promise<void>; open(): Promise<void> } {
  let now = () => 0
  let backend: Backend | undefined
  const it = () => {
    if (!backend) throw new Error('The backend is not up.')
    return backend
  }
  return {
    async open() {
      backend = await startBackend({ now: () => now() })
    },
    close: async () => backend?.close(),
    get baseUrl() {
      return it().url
    },
    apiPath: '/api/admin/users',
    start(clock) {
      it().faults.clear()
      now = clock.wall
    },
    login: () => it().loginOpenid('openidAdmin'),
    setBearerLife(ms) {
      it().knobs.ssoSessionMs = ms
    },
    async failRefresh(failure) {
      if (failure === 'networkError') it().faults.inject('openidRefresh', { kind: 'reset' })
      else {
        const { status, headers } = failure
        const body = await failure.text()
        it().faults.inject('openidRefresh', { kind: 'respond', status, headers, body })
      }
    },
    expireBearers: () => void it().faults.inject('data', { kind: 'respond', status: 401 }),
  }
}

export const reference = referenceBackend()
export const referenceSuite = () => modelSuite(sessionDriver({ backend: reference, patienceMs }), driven)

/** A page behind its server: without a store of its own, and once with a user who has to be asked. */
const behindServer = [
  { ...limits, start: 'pending' },
  { ...limits, start: 'pending', policy: 'prompt' },
] as const satisfies ModelSuiteOptions[]

export const bffOver = (
  backend: DrivenBackend,
  {
    spoil = (answer) => answer,
    ...ui
  }: DrivenUiOptions<BffSession> & { readonly spoil?: (answer: Response) => Response } = {},
) =>
  bffDriver({
    backend,
    patienceMs,
    server({ librechat, ...given }) {
      const secrets = ['a secret that is long enough for a test of this']
      const server = createSessionServer({
        ...given,
        secrets,
        logins: { librechat: librechatLogin(librechat) },
      })
      return { handle: async (request) => spoil(await server.handle(request)) }
    },
    ...ui,
  })
export const bffSuite = (driver: ModelDriver = bffOver(reference)) => modelSuite(driver, behindServer)

export const chartSuite = () =>
  modelSuite(chartDriver(), [
    driven,
    { ...limits, start: 'loggedIn' },
    { ...limits, start: 'inDoubt' },
    { ...limits, start: 'pending', policy: 'prompt' },
  ])
