import { describe, expect, test } from 'vitest'
import { memoryServerStore } from 'xstate-session/server'
import { PANEL, world } from './world.ts'

const MINUTE = 60_000
const VERIFY = '/api/auth/2fa/verify-temp'
const RIGHT = '123456'

type Page = ReturnType<ReturnType<Awaited<ReturnType<typeof world>>['serve']>['open']>

/** A browser whose password was right. */
async function halfway(more: object = {}) {
  const all = await world()
  const served = all.serve(more)
  const { page } = served
  const password = async (one: Page = page) =>
    (
      (await (await one.post('/session/login', all.backend.accounts.twoFactorAdmin)).json()) as {
        attempt: string
      }
    ).attempt
  const factor = async (fields: object, one: Page = page) => {
    const answer = await one.post('/session/login/next', fields)
    return [answer.status, ((await answer.json()) as { error?: string }).error]
  }
  return { ...all, ...served, password, factor, tries: () => all.calls(VERIFY) }
}

describe.each([[false], [true]])('sealed cookies: %s', (sealedCookies) => {
  test('U4: five wrong second factors end a login, and the right one comes too late', async () => {
    const { password, factor, tries, page, notices } = await halfway({ sealedCookies })
    await password()
    const cookies = new Map(page.cookies)
    for (let n = 0; n < 4; n++) expect(await factor({ code: `90000${n}` })).toEqual([401, 'invalid_code'])
    expect(await factor({ backupCode: 'wrong' })).toEqual([401, 'too_many_attempts'])
    expect(notices).toContainEqual({ type: 'loginRefused', status: 401, code: 'too_many_attempts' })
    expect(page.cookies.size).toBe(0)
    for (const fields of [{ code: RIGHT }, { backupCode: 'backup-0001' }]) {
      // A browser that keeps its cookie gets no further.
      for (const [name, value] of cookies) page.cookies.set(name, value)
      expect(await factor(fields)).toEqual([401, 'login_expired'])
    }
    expect(tries()).toBe(5)
    await password()
    expect(await factor({ code: RIGHT })).toEqual([200, undefined])
  })

  test('U4: nor do many at once get further', async () => {
    const { password, factor, tries } = await halfway({ sealedCookies })
    const attempt = await password()
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, n) => factor({ attempt, code: String(900_000 + n) })),
    )
    expect(tries()).toBe(5)
    expect(answers.filter(([, error]) => error === 'invalid_code').length).toBeLessThanOrEqual(5)
    expect(await factor({ attempt, code: RIGHT })).toEqual([401, 'login_expired'])
  })

  test('U4: the fifth may be the right one; what the backend has not judged does not count', async () => {
    const { password, factor, backend } = await halfway({ sealedCookies })
    await password()
    for (let n = 0; n < 4; n++) await factor({ code: '000000' })
    const limited = { kind: 'respond', status: 429, body: '{"message":"x"}' } as const
    backend.faults.inject('verifyTwoFactor', limited, { times: 3 })
    for (let n = 0; n < 3; n++) expect((await factor({ code: RIGHT }))[0]).toBe(429)
    backend.faults.inject('verifyTwoFactor', { kind: 'reset' }, { times: 3 })
    for (let n = 0; n < 3; n++) expect((await factor({ code: RIGHT }))[0]).toBe(503)
    expect(await factor({ code: RIGHT })).toEqual([200, undefined])
  })

  test('U15: two tabs that wait for their second factors do not spoil each other', async () => {
    const { password, factor, page, pass } = await halfway({ sealedCookies })
    const one = await password()
    const two = await password()
    expect(one).not.toBe(two)
    // Whose tries are spent is one of them.
    for (let n = 0; n < 5; n++) await factor({ attempt: two, code: '000000' })
    expect(await factor({ attempt: two, code: RIGHT })).toEqual([401, 'login_expired'])
    expect(await factor({ attempt: 'A'.repeat(43), code: RIGHT })).toEqual([401, 'login_expired'])
    expect(await factor({ attempt: one, code: RIGHT })).toEqual([200, undefined])
    expect([...page.cookies.keys()].join()).not.toContain('2fa')
    const late = await password()
    pass(5 * MINUTE)
    expect(await factor({ attempt: late, code: RIGHT })).toEqual([401, 'login_expired'])
    expect([...page.cookies.keys()].join()).not.toContain('2fa')
  })

  test('U15: of many the oldest goes; what names none of them means the newest', async () => {
    const { password, factor, page } = await halfway({ sealedCookies })
    const attempts: string[] = []
    for (let n = 0; n < 6; n++) attempts.push(await password())
    expect(await factor({ attempt: attempts[0], code: RIGHT })).toEqual([401, 'login_expired'])
    expect(await factor({ code: RIGHT })).toEqual([200, undefined])
    expect(await factor({ attempt: attempts[5], code: RIGHT })).toEqual([401, 'login_expired'])
    expect(await factor({ attempt: attempts[4], code: RIGHT })).toEqual([200, undefined])
    expect([...page.cookies.values()].every((value) => value.length < 4_000)).toBe(true)
  })
})

test('U4: the count is kept where the login is: another process goes on from it', async () => {
  const { serve, backend, calls } = await world()
  const store = memoryServerStore()
  const servers = [serve({ store }), serve({ store })]
  await servers[0]?.page.post('/session/login', backend.accounts.twoFactorAdmin)
  for (const [name, value] of servers[0]?.page.cookies ?? []) servers[1]?.page.cookies.set(name, value)
  for (let n = 0; n < 8; n++) await servers[n % 2]?.page.post('/session/login/next', { code: '000000' })
  expect(calls(VERIFY)).toBe(5)
})

test('U1: a grant of a second factor that brings no session is not left lying about', async () => {
  const { password, factor, backend, server } = await halfway()
  await password()
  const headers = { 'content-type': 'application/json' }
  backend.faults.inject('verify', { kind: 'respond', status: 403, headers, body: '{"message":"Forbidden"}' })
  expect(await factor({ code: RIGHT })).toEqual([403, 'forbidden'])
  await server.drain()
  expect(backend.log.requests.filter(({ path }) => path === '/api/auth/logout')).toMatchObject([
    { status: 200 },
  ])
})

describe('U12: what keeps a session from going idle', () => {
  test.each([
    ['a link of another site', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }, false],
    ['a link of a sibling domain', { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'navigate' }, false],
    ['a browser that does not say', { 'sec-fetch-mode': 'navigate' }, false],
    ['a link of ours', { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'navigate' }, true],
    ['an address that was typed', { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' }, true],
    ['a read of ours', { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' }, false],
    ['a page at work', { 'sec-fetch-site': 'same-origin', 'x-user-activity': '1' }, true],
  ])('U12: %s', async (_, headers, isActive) => {
    const { serve, pass, backend } = await world()
    const { page, server } = serve({ idleTimeoutMs: 30 * MINUTE })
    await page.post('/session/login', backend.accounts.localAdmin)
    for (let n = 0; n < 4; n++) {
      pass(10 * MINUTE)
      const cookie = [...page.cookies].map((pair) => pair.join('=')).join('; ')
      await server.handle(
        new Request(`${PANEL}/api/admin/users`, {
          headers: { ...(headers as unknown as Record<string, string>), cookie },
        }),
      )
    }
    expect((await page.get('/session/')).status).toBe(isActive ? 200 : 401)
  })
})
