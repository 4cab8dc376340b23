import { describe, expect, test, vi } from 'vitest'
import type { RefreshOutcome } from 'xstate-session'
import {
  type AuditEntry,
  clientIp,
  createSessionServer,
  type ServerNotice,
  type SessionServerOptions,
} from 'xstate-session/server'
import { bearer, leaksOf, person, refreshToken } from '../inspect/life.ts'
import { browser } from './browser.ts'
import { movableClock, PANEL, SECRET } from './world.ts'

const MINUTE = 60_000
const USER = '6500000000000000000000a1'
const PASSWORD = 'a password that nobody may read'
/** Nothing of it may be told but the id. */
const user = { ...person, id: USER }

/** A server whose login takes `user` and `password`. */
function world(more: Partial<SessionServerOptions> = {}, outcomes: RefreshOutcome[] = []) {
  const clock = movableClock()
  const told: AuditEntry[] = []
  const notices: ServerNotice[] = []
  const server = createSessionServer({
    publicUrl: PANEL,
    secrets: [SECRET],
    logins: {
      staff: () => ({
        identity: 'here',
        apiUrl: 'https://api.example/',
        strategies: {
          own: {
            needsRefreshToken: true,
            refresh: async () => outcomes.shift() ?? { kind: 'refused', cause: 'unavailable' },
          },
        },
        submit: async (_, { id = USER, password }) =>
          password === PASSWORD
            ? {
                done: {
                  answer: {
                    token: bearer(1),
                    refreshToken: refreshToken(1),
                    user: { ...user, id },
                    expiresIn: 600,
                  },
                  strategy: 'own',
                },
              }
            : { refused: { status: 401, code: 'invalid_credentials' } },
      }),
    },
    api: { '/api/': { target: 'https://api.example/', logins: ['staff'] } },
    clock,
    fetch: async () => Response.json({}),
    forwardClientIp: clientIp(1),
    audit: (entry) => told.push(entry),
    observe: (notice) => notices.push(notice),
    ...more,
  })
  const page = browser((request) => server.handle(request), PANEL)
  const headers = { 'x-forwarded-for': '198.51.100.7' }
  const post = (path: string, body?: unknown, own = {}) =>
    page.post(path, body, { headers: { ...headers, ...own } })
  const enter = (id?: string) => post('/session/login', { password: PASSWORD, ...(id && { id }) })
  return { server, clock, told, notices, page, post, enter }
}

const from = { clientIp: '198.51.100.7' }
const who = { via: 'staff', userId: USER }

describe('an audit', () => {
  test('says who did what, from where and when', async () => {
    const { server, clock, told, page, post, enter } = world()
    const at = clock.wall()
    await post('/session/login', { password: 'wrong' })
    await enter()
    const session = told.at(-1)?.session
    await enter()
    await enter('other')
    await post('/session/logout')
    await enter()
    await page.get('/session/', {
      headers: { origin: 'https://evil.example', 'x-forwarded-for': '203.0.113.9' },
    })
    await server.sessions.endAll(who, { by: 'operator-7' })
    const known = expect.any(String)
    expect(told.map(({ at: _, ...entry }) => entry)).toStrictEqual([
      { type: 'loginRefused', code: 'invalid_credentials', via: 'staff', ...from },
      { type: 'login', session, ...who, ...from },
      { type: 'stepUp', session: known, ...who, ...from },
      { type: 'ended', session, reason: 'user', ...who, ...from },
      { type: 'switchUser', session: known, via: 'staff', userId: 'other', ...from },
      { type: 'ended', session: known, reason: 'user', ...who, ...from },
      { type: 'logout', session: known, reason: 'user', via: 'staff', userId: 'other', ...from },
      { type: 'login', session: known, ...who, ...from },
      { type: 'turnedAway', code: 'csrf', clientIp: '203.0.113.9' },
      { type: 'revoked', session: known, reason: 'revoked', by: 'operator-7', ...who },
    ])
    for (const entry of told) {
      expect(entry.at).toBeGreaterThanOrEqual(at)
      expect(entry.at).toBeLessThan(at + MINUTE)
    }
  })

  test('knows whose refresh was rejected, and whose session a limit has ended', async () => {
    const { clock, told, page, enter } = world({}, [{ kind: 'rejected', reason: 'accessRevoked' }])
    await enter()
    clock.pass(11 * MINUTE)
    await page.get('/api/users')
    expect(told.at(-1)).toMatchObject({ type: 'refreshRejected', reason: 'accessRevoked', ...who })
    await enter()
    clock.pass(31 * MINUTE)
    await page.get('/session/')
    expect(told.at(-1)).toMatchObject({ type: 'ended', reason: 'idle', ...who })
  })

  test('a user at work is not away, whichever endpoint learns of it', async () => {
    const { clock, page, enter } = world()
    await enter()
    for (const path of ['/session/', '/session/verify', '/session/refresh', '/session/'])
      for (let n = 0; n < 2; n++) {
        clock.pass(20 * MINUTE)
        const init = { headers: { 'x-user-activity': '1' } }
        const answer = await (path.endsWith('refresh') ? page.post(path, {}, init) : page.get(path, init))
        expect([path, answer.status]).not.toEqual([path, 401])
      }
    clock.pass(30 * MINUTE - 1_000)
    expect((await page.get('/session/')).status).toBe(200)
    clock.pass(1_000)
    expect((await page.get('/session/')).status).toBe(401)
  })

  test('X1 and X2: holds no token, no password, no mail and no name, and the notices hold no user', async () => {
    const { told, notices, page, enter, post } = world()
    await enter()
    await page.get('/api/users')
    await post('/session/logout')
    expect(told).toHaveLength(2)
    const text = JSON.stringify(told)
    expect(leaksOf(text)).toEqual([])
    expect(text).not.toContain(PASSWORD)
    expect(JSON.stringify(notices)).not.toContain(USER)
  })

  test('that throws or rejects changes nothing', async () => {
    const printed = vi.spyOn(console, 'error').mockImplementation(() => {})
    const audits = [
      () => {
        throw new Error('full disk')
      },
      () => Promise.reject(new Error('full disk')),
    ] as NonNullable<SessionServerOptions['audit']>[]
    for (const audit of audits) {
      const { enter, post } = world({ audit })
      expect((await enter()).status).toBe(200)
      expect((await post('/session/logout')).status).toBe(200)
    }
    await vi.waitFor(() => expect(printed).toHaveBeenCalledTimes(4))
    printed.mockRestore()
  })

  test('says no address where that cannot be told', async () => {
    const forwardClientIp = () => {
      throw new Error('no such header')
    }
    const { told, server } = world({ forwardClientIp })
    const request = new Request(`${PANEL}/session/`, { headers: { origin: 'https://evil.example' } })
    expect((await server.handle(request)).status).toBe(403)
    expect(told).toEqual([{ type: 'turnedAway', code: 'csrf', at: expect.any(Number) }])
  })
})
