import { expect, test } from 'vitest'
import { accounts } from '../../examples/backend/accounts.ts'
import { bearer, password, send, statusAndBody, testBackend } from './harness.ts'

test('verify answers with the user, and knows good from expired, forged and missing bearers', async () => {
  const backend = await testBackend({ sessionMs: 3000 })
  const { token } = await backend.loginLocal(accounts.localAdmin.email, password)
  const verify = (headers: Record<string, string>) =>
    statusAndBody(send(`${backend.url}/api/admin/verify`, { headers }))

  expect(await verify(bearer(token))).toEqual([
    200,
    { user: expect.objectContaining({ id: accounts.localAdmin.id }) },
  ])
  expect(await verify({})).toEqual([401, { message: 'No auth token' }])
  expect(await verify(bearer(`${token.slice(0, -4)}AAAA`))).toEqual([401, { message: 'invalid signature' }])
  expect(await verify(bearer('x'))).toEqual([401, { message: 'jwt malformed' }])
  backend.advance(2000)
  expect((await verify(bearer(token)))[0]).toBe(200)
  backend.advance(1000)
  expect(await verify(bearer(token))).toEqual([401, { message: 'jwt expired' }])
})

test('an older backend answers 401 with a text and no content type', async () => {
  const backend = await testBackend({ unauthorizedBody: 'text' })
  const response = await send(`${backend.url}/api/admin/verify`)
  expect(response.status).toBe(401)
  expect(response.headers.has('content-type')).toBe(false)
  expect(response.headers.has('www-authenticate')).toBe(false)
  expect(await response.text()).toBe('Unauthorized')
})

test('what an operator does shows in the next call', async () => {
  const backend = await testBackend()
  const { token } = await backend.loginLocal(accounts.localAdmin.email, password)
  const verify = () => statusAndBody(send(`${backend.url}/api/admin/verify`, { headers: bearer(token) }))

  backend.operator.revokeAdmin('localAdmin')
  expect(await verify()).toEqual([403, { message: 'Forbidden' }])
  backend.operator.grantAdmin(accounts.localAdmin.email)
  expect((await verify())[0]).toBe(200)
  backend.knobs.capabilityLookupFails = true
  expect(await verify()).toEqual([500, { message: 'Internal Server Error' }])
  backend.knobs.capabilityLookupFails = false
  backend.knobs.strictTenant = true
  expect(await verify()).toEqual([403, { error: 'Tenant context required in strict isolation mode' }])
  backend.knobs.strictTenant = false
  backend.knobs.requireTwoFactor = true
  expect((await verify())[0]).toBe(403)
  backend.knobs.requireTwoFactor = false

  backend.operator.updateUser('localAdmin', { twoFactorEnabledAt: backend.now() + 1 })
  expect((await verify())[0]).toBe(401)
  backend.operator.updateUser('localAdmin', { twoFactorEnabledAt: undefined })
  expect((await verify())[0]).toBe(200)
  backend.operator.deleteUser(accounts.localAdmin.id)
  expect(await verify()).toEqual([401, { message: 'Unauthorized' }])
  expect(() => backend.operator.deleteUser('nobody')).toThrow('no such user')
})

test('invalidated bearers are refused at once, and the next one is good, within the same second', async () => {
  const backend = await testBackend()
  const ada = await backend.loginLocal(accounts.localAdmin.email, password)
  const tess = await backend.loginLocal(accounts.tenantAdmin.email, password)
  const status = async (token: string) =>
    (await send(`${backend.url}/api/admin/users`, { headers: bearer(token) })).status

  backend.operator.invalidateBearers('localAdmin')
  expect([await status(ada.token), await status(tess.token)]).toEqual([401, 200])
  backend.operator.invalidateBearers()
  expect(await status(tess.token)).toBe(401)
  expect(await status((await backend.loginLocal(accounts.localAdmin.email, password)).token)).toBe(200)
})

test('the data endpoints', async () => {
  const backend = await testBackend()
  const { token } = await backend.loginLocal(accounts.tenantAdmin.email, password)
  const headers = bearer(token)

  const users = await (
    await send(`${backend.url}/api/admin/users`, { headers: { ...headers, 'X-Tenant-Id': 'globex' } })
  ).json()
  // The tenant is the user's; the header has no say after the bearer check.
  expect(users.users.map((user: { id: string }) => user.id)).toEqual([
    accounts.tenantAdmin.id,
    accounts.openidAcme.id,
  ])

  const put = await send(`${backend.url}/api/admin/settings`, {
    method: 'PUT',
    json: { theme: 'dark' },
    headers,
  })
  expect(await statusAndBody(put)).toEqual([200, { registration: 'closed', theme: 'dark' }])
  expect((await send(`${backend.url}/api/admin/settings`, { method: 'PUT', json: [], headers })).status).toBe(
    400,
  )
  expect(await (await send(`${backend.url}/api/admin/settings`, { headers })).json()).toHaveProperty(
    'theme',
    'dark',
  )
  const echo = await send(`${backend.url}/api/admin/echo`, { json: { a: 1 }, headers })
  expect(await echo.json()).toEqual({ contentType: 'application/json', body: '{"a":1}' })
  expect((await send(`${backend.url}/api/admin/nothing`, { headers })).status).toBe(404)
})

test("the Date header tells the backend's time", async () => {
  const backend = await testBackend()
  backend.knobs.clockOffsetMs = 3_600_000
  const response = await send(`${backend.url}/api/admin/oauth/openid/check`)
  expect(response.headers.get('date')).toBe(new Date(backend.now()).toUTCString())
  expect(backend.now()).toBe(Date.UTC(2027, 0, 15, 13, 0, 0, 250))
})
