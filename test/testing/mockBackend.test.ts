import { setupServer } from 'msw/node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { BaseSession, Session, SessionState } from 'xstate-session'
import { type DrivenUiOptions, modelSuite, sessionDriver } from 'xstate-session/testing'
import { bffOver, driven, mock, mockSuite, policies, resends } from './drivers.ts'

const server = setupServer(...mock.handlers)
beforeAll(() => server.listen({ onUnhandledFrame: 'error' }))
afterAll(() => server.close())

describe('every row and every reason pass', () => {
  // The paths of every kind are walked in mockHandlers.test.ts, without what MSW does to intercept a request.
  test.each(policies.map((policy, at) => ({ policy, resend: resends[at] })))(
    '$policy, resend $resend',
    async ({ policy, resend }) => {
      const suite = mockSuite({ ...driven, policy, ...(resend && { resend }), paths: 'tours' })
      for (const { run } of suite.paths) await run()
      expect(suite.walked()).toEqual(suite.planned())
    },
  )
})

describe.each(['sessionDriver', 'bffDriver'])('a session of %s', (which) => {
  test('lives as long as the model says, and tells its instants', async () => {
    let session: BaseSession | undefined
    const instants = ({ expiresAt, retryAt, idleEndsAt }: Partial<SessionState> = {}) => ({
      expiresAt,
      retryAt,
      idleEndsAt,
    })
    const ui: DrivenUiOptions<BaseSession> = {
      mount(given) {
        session = given
      },
      shows: ({ to }) => expect(instants(session?.getSnapshot())).toEqual(instants(to)),
    }
    const options = { ...driven, lifeMs: 90_000, leadTimeMs: 20_000, paths: 'tours' } as const
    const suite =
      which === 'sessionDriver'
        ? modelSuite(sessionDriver({ backend: mock, ...ui }), options)
        : modelSuite(bffOver(mock, ui), { ...options, shared: false })
    for (const { run } of suite.paths) await run()
  })
})

test.each(['sessionDriver', 'bffDriver'])(
  'U53: %s tells the UI under test the user whom its backend logged in',
  async (which) => {
    let session: BaseSession | undefined
    let told = 0
    const ui: DrivenUiOptions<BaseSession> = {
      mount(given) {
        session = given
      },
      shows({ to }) {
        if (to.reason !== null) return
        told += 1
        expect(to.user?.email).toContain('@')
        expect(to.user).toEqual(session?.getSnapshot().user)
      },
    }
    const suite =
      which === 'sessionDriver'
        ? modelSuite(sessionDriver({ backend: mock, ...ui }), driven)
        : modelSuite(bffOver(mock, ui), { ...driven, shared: false })
    for (const { run } of suite.paths.slice(0, 30)) await run()
    expect(told).toBeGreaterThan(5)
  },
)

describe('the driver notices', () => {
  const endingWith = (backend: typeof mock, event: string) =>
    modelSuite(sessionDriver({ backend, patienceMs: 50 }), driven).paths.find(
      ({ steps }) => steps.at(-1)?.event === event,
    )

  test('a backend that does not do as it is told', async () => {
    const deaf = { ...mock, failRefresh() {} }
    await expect(endingWith(deaf, 'refresh.accessRevoked')?.run()).rejects.toThrow(
      /^Expected expired \(accessRevoked\), .*; it is active, /,
    )
  })

  // A suite is made before its tests run.
  const late = sessionDriver({ backend: { ...mock, failRefresh() {} } })
  const path = modelSuite(late, driven).paths.find(({ name }) => name.endsWith('(accessRevoked)'))

  test('and says where, before the usual limit of a test runner is over', { timeout: 5_000 }, async () => {
    await expect(path?.run()).rejects.toThrow('refresh.accessRevoked -> expired (accessRevoked)  <- here')
  })

  test('a UI that is not taken down, and lets its session go all the same', async () => {
    let shown: Session | undefined
    const mount = async (session: Session) => {
      shown = session
      return () => Promise.reject(new Error('The root is gone'))
    }
    const [path] = modelSuite(sessionDriver({ backend: mock, mount }), driven).paths
    await expect(path?.run()).rejects.toThrow('The root is gone')
    await expect(shown?.getToken()).rejects.toMatchObject({ code: 'disposed' })
  })

  test('a UI that shows something else', async () => {
    const shows = () => {
      throw new Error('No users to be seen')
    }
    const [path] = modelSuite(sessionDriver({ backend: mock, shows }), driven).paths.filter(
      ({ steps }) => steps.length > 2,
    )
    await expect(path?.run()).rejects.toThrow('No users to be seen')
  })
})
