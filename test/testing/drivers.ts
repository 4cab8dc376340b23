import { createActor, fromCallback } from 'xstate'
import { drivenMockBackend } from 'xstate-session/msw'
import { createSessionServer } from 'xstate-session/server'
import {
  bffDriver,
  type DrivenBackend,
  type DrivenUiOptions,
  type ModelDriver,
  type ModelEventType,
  type ModelSuiteOptions,
  modelEvents,
  modelSuite,
  sessionDriver,
} from 'xstate-session/testing'
import { type Backend, startBackend } from '../../examples/backend/startBackend.ts'
import { sessionMachine } from '../../machines/session.machine.ts'
import { selectSession } from '../../machines/session.select.ts'
import type { EventOf, SessionEvent } from '../../machines/session.types.ts'

const limits = { idleTimeoutMs: 3_600_000, absoluteLifetimeMs: 8 * 3_600_000 }

/** What a session with a store is driven through. */
export const driven = { ...limits, shared: true, start: 'pending' } as const satisfies ModelSuiteOptions

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
  }: DrivenUiOptions & { readonly spoil?: (answer: Response) => Response } = {},
) =>
  bffDriver({
    backend,
    patienceMs,
    server(given) {
      const secrets = ['a secret that is long enough for a test of this']
      const server = createSessionServer({ ...given, secrets })
      return { handle: async (request) => spoil(await server.handle(request)) }
    },
    ...ui,
  })
export const bffSuite = (driver: ModelDriver = bffOver(reference)) => modelSuite(driver, behindServer)

/** The chart itself with ports of one's own, as a parent machine would run it. */
export function chartDriver(): ModelDriver {
  const quiet = fromCallback(() => {})
  const machine = sessionMachine.provide({
    actors: { alarm: quiet, refresh: quiet } as never,
    actions: { reread() {} },
  })
  let actor = createActor(machine)
  let now = 0
  const settings = { resend: 'afterBearerEnds', lifeMs: 600_000, leadTimeMs: 30_000 } as const
  const read = (type: ModelEventType) =>
    modelEvents[type].read({ ...actor.getSnapshot().context, now }, settings) as SessionEvent
  const check: NonNullable<ModelDriver['states']['active']> = ({ to }) => {
    const found = JSON.stringify(selectSession(actor.getSnapshot()))
    if (found !== JSON.stringify(to)) throw new Error(`${found}, not ${JSON.stringify(to)}`)
  }
  return {
    start({ start, policy, idleTimeoutMs, absoluteLifetimeMs, shared }) {
      now = Date.UTC(2026, 0, 1)
      const given = { policy, idleTimeoutMs, absoluteLifetimeMs, shared, at: now } as object
      const begin = (facts?: EventOf<'session.started'>['facts'] | null) => {
        actor = createActor(machine, { input: { ...given, ...(facts !== undefined && { facts }) } })
      }
      begin(start === 'pending' ? undefined : null)
      if (start === 'loggedIn') begin((read('login.completed') as EventOf<'session.started'>).facts)
      actor.start()
    },
    stop: () => void actor.stop(),
    isChart: true,
    events: Object.fromEntries(
      (Object.keys(modelEvents) as ModelEventType[]).map((type) => [
        type,
        () => {
          const event = read(type)
          now = event.at
          actor.send(event)
        },
      ]),
    ),
    states: Object.fromEntries(Object.keys(machine.states).map((name) => [name, check])),
  }
}

export const chartSuite = () => modelSuite(chartDriver(), [driven, { ...limits, start: 'loggedIn' }])
