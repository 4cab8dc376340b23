import { describe, expect, test } from 'vitest'
import type { RefreshOutcome } from 'xstate-session'
import { createRecorder } from 'xstate-session/recorder'
import { createSessionServer, type ServerNotice, type SessionServerOptions } from 'xstate-session/server'
import { replayTrace } from 'xstate-session/testing'
import { bearer, leaksOf, person, refreshToken } from '../inspect/life.ts'
import { browser } from './browser.ts'
import { movableClock, PANEL, SECRET } from './world.ts'

const MINUTE = 60_000
/** An embedder's own word, which may be a customer's name. */
const LOGIN = person.username.slice(0, 30)

/** A server whose login hands out canaries; `outcomes`: what its refreshes come to. */
function world(outcomes: RefreshOutcome[], more: Partial<SessionServerOptions> = {}) {
  const clock = movableClock()
  const notices: ServerNotice[] = []
  const server = createSessionServer({
    publicUrl: PANEL,
    secrets: [SECRET],
    logins: {
      [LOGIN]: () => ({
        identity: 'here',
        apiUrl: 'https://api.example/',
        strategies: {
          own: {
            needsRefreshToken: true,
            refresh: async () => outcomes.shift() ?? { kind: 'refused', cause: 'unavailable' },
          },
        },
        submit: async () => ({
          done: {
            answer: { token: bearer(1), refreshToken: refreshToken(1), user: person, expiresIn: 600 },
            strategy: 'own',
          },
        }),
      }),
    },
    api: { '/api/': { target: 'https://api.example/', logins: [LOGIN] } },
    clock,
    fetch: async () => Response.json({}),
    observe: (notice) => notices.push(notice),
    ...more,
  })
  const page = browser((request) => server.handle(request), PANEL)
  return { server, clock, notices, page }
}

const renewed = (n: number): RefreshOutcome => ({
  kind: 'ok',
  bearer: bearer(n),
  refreshToken: refreshToken(n),
  user: person,
  life: { expiresIn: 600 },
})

describe('the trace of a session of a server', () => {
  test('X1 and X2: says how it came to its end, when it is over, too, and holds no part of a token or a person', async () => {
    const outcomes: RefreshOutcome[] = [renewed(2), { kind: 'rejected', reason: 'accessRevoked' }]
    const { server, clock, notices, page } = world(outcomes, { recorder: createRecorder() })
    await page.post('/session/login', {})
    const { session } = notices.find(({ type }) => type === 'login') as { session: string }
    const statuses: number[] = []
    for (let n = 0; n < 2; n++) {
      clock.pass(11 * MINUTE)
      statuses.push((await page.get('/api/users')).status)
    }
    expect(statuses).toEqual([200, 401])
    const trace = JSON.parse(JSON.stringify(server.sessions.trace(session)))
    const { steps, divergence } = replayTrace(trace)
    expect(divergence).toBeUndefined()
    const told = steps.map(({ entry, row }) => ('notice' in entry ? entry.notice.type : row))
    expect(told).toEqual(
      expect.arrayContaining([
        'login',
        'refreshSent',
        'refreshed',
        'renewed, here or by a peer',
        'rejected for good',
        'expired',
      ]),
    )
    const text = JSON.stringify(trace)
    expect(text.length).toBeLessThan(8_500)
    expect(leaksOf(text)).toEqual([])
    expect(server.sessions.trace('nobody')).toBeUndefined()
  })

  test('is not there without a recorder', () => {
    const { server } = world([])
    expect(() => server.sessions.trace('x')).toThrow(/recorder: createRecorder\(\)/)
    expect(() => world([], { recorder: {} as never })).toThrow(
      /Option "recorder" must be what createRecorder/,
    )
  })
})
