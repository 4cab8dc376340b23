import { expect, test } from 'vitest'
import { bothWays } from './bothWays.ts'
import { panelBefore } from './onPort.ts'
import { API, call } from './proxied.ts'
import { world } from './world.ts'

const USERS = '/api/admin/users'
const LIMITED = {
  kind: 'respond',
  status: 429,
  headers: { 'retry-after': '120', 'content-type': 'application/json' },
  body: '{"message":"Too many login attempts, please try again after 5 minutes."}',
} as const

/** An OpenID session whose bearer the backend refuses from now on. */
async function refused() {
  const { backend, serve, pass, sends, calls } = await world()
  const { page, server } = serve({ revalidateMs: 1e-3, patienceMs: 300 })
  await page.navigate('/session/login/start')
  // Else the login itself has verified it just now.
  pass(1)
  backend.operator.invalidateBearers()
  return { backend, pass, sends, calls, page, server }
}

bothWays(() => {
  test.each([
    ['limited', LIMITED],
    ['refused by a gateway', { kind: 'respond', status: 503, headers: { 'retry-after': '120' } }],
    ['answered by nobody who can be understood', { kind: 'reset' }],
  ] as const)('U69: a 401 whose refresh is %s reaches the page as refresh_unavailable', async (_, fault) => {
    const { backend, page } = await refused()
    backend.faults.inject('openidRefresh', fault, { times: 2 })
    for (const ask of [() => page.get(USERS), () => page.post('/api/admin/echo', { a: 1 })]) {
      const answer = await ask()
      expect([answer.status, await answer.json()]).toEqual([
        503,
        { error: 'refresh_unavailable', retryAt: expect.any(Number) },
      ])
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    }
  })

  test('U69: a refresh that the page asks for brings nobody a bearer that was refused', async () => {
    const { backend, page } = await refused()
    backend.faults.inject('openidRefresh', LIMITED, { times: 2 })
    await page.get(USERS)
    const answer = await page.post('/session/refresh')
    expect([answer.status, await answer.json()]).toMatchObject([503, { error: 'refresh_unavailable' }])
  })

  test('U69: nor does verifying call that a refusal by the backend', async () => {
    const { backend, page } = await refused()
    backend.faults.inject('openidRefresh', LIMITED)
    const answer = await page.get('/session/verify')
    expect(await answer.json()).toMatchObject({ unverified: 'unavailable' })
  })

  test('U69: code of the server hears of it as of an ended bearer', async () => {
    const { backend, page, server } = await refused()
    backend.faults.inject('openidRefresh', LIMITED)
    const cookie = [...page.cookies].map(([n, v]) => `${n}=${v}`).join('; ')
    const session = await server.getSession(new Request('https://admin.example/', { headers: { cookie } }))
    await expect(session.fetch(USERS)).rejects.toMatchObject({ code: 'refresh_unavailable' })
  })

  test('U69: a 401 of a session that ends with it is no_session, with its reason', async () => {
    const { backend, page } = await refused()
    backend.faults.inject('openidRefresh', {
      kind: 'respond',
      status: 401,
      headers: { 'content-type': 'application/json' },
      body: '{"error":"gone","error_code":"USER_NOT_FOUND"}',
    })
    const answer = await page.get(USERS)
    expect([answer.status, await answer.json()]).toMatchObject([401, { error: 'no_session' }])
  })

  test('U69: a 401 to a bearer that was renewed for it is the backend’s own', async () => {
    const { backend, page, sends } = await refused()
    backend.faults.inject('data', { kind: 'respond', status: 401, body: 'Unauthorized' }, { times: 2 })
    const answer = await page.get(USERS)
    expect([answer.status, await answer.text()]).toEqual([401, 'Unauthorized'])
    expect(sends()).toBe(1)
  })
})

test('U69: the connection of a 401 that nobody is given serves the next call', async () => {
  const sockets = new Set<unknown>()
  const panel = await panelBefore(
    (incoming, outgoing) => {
      if (incoming.url !== API) return outgoing.writeHead(429, { 'retry-after': '120' }).end()
      sockets.add(incoming.socket)
      outgoing.writeHead(401, { 'content-length': 12 }).end('Unauthorized')
    },
    { patienceMs: 300 },
  )
  for (let n = 0; n < 4; n++) expect((await call(panel)).status).toBe(503)
  expect(sockets.size).toBe(1)
})
