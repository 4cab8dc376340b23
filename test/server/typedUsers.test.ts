import { expect, test } from 'vitest'
import { createBffSession } from 'xstate-session/bff'
import { memoryServerStore, type ServerNotice } from 'xstate-session/server'
import * as z from 'zod'
import { fakeClock } from '../fakeClock.ts'
import { browser } from './browser.ts'
import { librechatServer } from './librechatServer.ts'
import { JSON_TYPE, onPort } from './onPort.ts'
import { PANEL, SECRET } from './world.ts'

const user = z.object({ id: z.string(), roles: z.array(z.string()) })
const eve = { _id: 'ada', email: 'ada@chat.example', roles: ['ADMIN'], apiKey: 'S3CRET' }
const shown = { id: 'ada', roles: ['ADMIN'] }
const logIn = { email: 'ada@chat.example', password: 'p' }
const LIFE = 900_000

/** A backend whose user is `state.user`, and servers before it that share one store. */
async function serving(options: object = { user }) {
  const state = { user: eve as object, revoked: 0 }
  let issued = 0
  const { url } = await onPort((incoming, outgoing) => {
    if (incoming.url?.includes('logout')) state.revoked++
    const token = `e30.${btoa(JSON.stringify({ iat: ++issued, exp: issued + 900 })).replaceAll('=', '')}.c2ln`
    outgoing.writeHead(200, { ...JSON_TYPE, 'set-cookie': `refreshToken=r${issued}; Path=/` })
    outgoing.end(
      JSON.stringify(incoming.url?.includes('verify') ? { user: state.user } : { token, user: state.user }),
    )
  })
  const clock = fakeClock(Date.now())
  const store = memoryServerStore({ clock })
  const notices: ServerNotice[] = []
  /** A release of the panel's server: the store, and the browser's cookie, outlive it. */
  function release(more: object = options) {
    return librechatServer({
      baseUrl: url,
      publicUrl: PANEL,
      secrets: [SECRET],
      rateLimit: false,
      clock,
      store,
      observe: (notice) => notices.push(notice),
      ...more,
    })
  }
  let server = release()
  const page = browser((request) => server.handle(request), PANEL)
  return {
    state,
    page,
    clock,
    notices,
    session() {
      const cookie = [...page.cookies].map((pair) => pair.join('=')).join('; ')
      return server.getSession(new Request(`${PANEL}/`, { headers: { cookie } }))
    },
    deploy(more: object) {
      server = release(more)
    },
  }
}

test('U50: page and server code see what the schema makes of the user, and nothing that it leaves out', async () => {
  const { page, session } = await serving()
  const login = await page.post('/session/login', logIn)
  const text = await login.text()
  expect([login.status, JSON.parse(text).user]).toEqual([200, shown])
  expect(text).not.toContain('S3CRET')
  expect((await session()).user).toEqual(shown)
  expect(await (await page.get('/session/')).text()).not.toContain('S3CRET')
})

test('U50: a refresh brings another user of the same id', async () => {
  const { page, clock, state } = await serving()
  await page.post('/session/login', logIn)
  state.user = { ...eve, roles: ['OPS'] }
  clock.advance(LIFE - 1_000)
  const renewed = await (await page.post('/session/refresh')).json()
  expect(renewed).toMatchObject({ version: 2, user: { id: 'ada', roles: ['OPS'] } })
})

test('U50: a login whose user misfits is refused, told with its place, and ended at the backend', async () => {
  const { page, state, notices } = await serving()
  state.user = { _id: 'ada', email: 'S3CRET' }
  const login = await page.post('/session/login', logIn)
  expect([login.status, await login.json()]).toEqual([502, { error: 'user_misfit' }])
  expect((await page.get('/session/')).status).toBe(401)
  await expect.poll(() => state.revoked).toBe(1)
  expect(notices).toContainEqual({
    type: 'loginRefused',
    status: 502,
    code: 'user_misfit',
    backendStatus: 200,
    problem: expect.stringContaining('roles'),
  })
  expect(JSON.stringify(notices)).not.toContain('S3CRET')
})

test('U50: a release that reads more finds it in the record, and one that narrows the schema logs nobody out', async () => {
  const { page, session, clock, deploy, state, notices } = await serving({
    user: z.object({ id: z.string() }),
  })
  const login = await page.post('/session/login', logIn)
  expect((await login.json()).user).toEqual({ id: 'ada' })
  deploy({ user })
  expect((await session()).user).toEqual(shown)
  deploy({ user: z.object({ id: z.string(), team: z.string() }) })
  expect((await session()).user).toMatchObject({ id: 'ada', roles: ['ADMIN'] })
  // The whole document is for the server alone.
  const facts = await (await page.get('/session/')).text()
  expect(JSON.parse(facts).user).toEqual({ id: 'ada', email: 'ada@chat.example' })
  expect(facts).not.toContain('S3CRET')
  clock.advance(LIFE - 1_000)
  const renewed = await page.post('/session/refresh')
  expect([renewed.status, await renewed.json()]).toMatchObject([200, { version: 2, user: { id: 'ada' } }])
  expect(notices).toContainEqual(expect.objectContaining({ type: 'warning', code: 'userMisfit' }))
  state.user = { ...eve, team: 'blue' }
  clock.advance(LIFE - 1_000)
  expect(await (await page.post('/session/refresh')).json()).toMatchObject({
    version: 3,
    user: { id: 'ada', team: 'blue' },
  })
})

test('U50: without a schema the known fields are told, as ever', async () => {
  const { page, session } = await serving({})
  const login = await page.post('/session/login', logIn)
  expect((await login.json()).user).toEqual({ id: 'ada', email: 'ada@chat.example' })
  expect((await session()).user).toEqual({ id: 'ada', email: 'ada@chat.example' })
})

test('U50: a schema that answers with a Promise is misconfigured', async () => {
  const late = z.object({ id: z.string().refine(async () => true) })
  const { page, notices, state } = await serving({ user: late })
  const login = await page.post('/session/login', logIn)
  expect([login.status, await login.json()]).toEqual([503, { error: 'misconfigured' }])
  await expect.poll(() => state.revoked).toBe(1)
  expect(notices).toContainEqual(
    expect.objectContaining({ code: 'misconfigured', problem: expect.any(String) }),
  )
  expect(JSON.stringify(notices)).not.toContain('S3CRET')
})

test('U50: sealed cookies hold a session whose user has fields that nobody reads and no cookie could hold', async () => {
  const { page, state } = await serving({ user, sealedCookies: true, store: undefined })
  state.user = { ...eve, history: ['x'.repeat(70_000)] }
  const login = await page.post('/session/login', logIn)
  expect([login.status, (await login.json()).user]).toEqual([200, shown])
  expect((await (await page.get('/session/')).json()).user).toEqual(shown)
})

test('U50: a page with the same schema carries the type on', async () => {
  const { page } = await serving()
  await page.post('/session/login', logIn)
  const facts = await (await page.get('/session/')).json()
  const session = createBffSession({ baseUrl: PANEL, facts, user })
  expect(session.getSnapshot().user?.roles).toEqual(['ADMIN'])
  session.dispose()
})

test('U50: what code of the server does to the user that it was given changes no session', async () => {
  const asItIs = { '~standard': { version: 1, vendor: 'test', validate: (value: unknown) => ({ value }) } }
  const { page, session } = await serving({
    user: asItIs,
    admit: (_: unknown, { claims }: { claims: object }) => Boolean(Object.assign(claims, { roles: ['x'] })),
  })
  await page.post('/session/login', logIn)
  for (let n = 0; n < 3; n++) {
    const { user: given } = await session()
    expect(given).toMatchObject({ roles: ['ADMIN'] })
    const { roles } = given as unknown as { roles: string[] }
    roles.push('OWNER')
    Object.assign(given ?? {}, { id: 'somebody else' })
  }
})
