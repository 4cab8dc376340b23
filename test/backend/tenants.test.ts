import { expect, test } from 'vitest'
import { accounts } from '../../examples/backend/accounts.ts'
import { parseTenant } from '../../examples/backend/tenant.ts'
import { cookieRefresh, openidRefresh, password, send, statusAndBody, testBackend } from './harness.ts'

const { openidAcme, openidAdmin, openidGlobex, tenantAdmin } = accounts

test.each([
  ['acme', 'acme'],
  ['  acme\t', 'acme'],
  ['A-z_0.9', 'A-z_0.9'],
  ['a'.repeat(128), 'a'.repeat(128)],
  ['a'.repeat(129), undefined],
  ['acme, globex', undefined],
  ['a/b', undefined],
  ['__SYSTEM__', undefined],
  ['   ', undefined],
  ['', undefined],
  [undefined, undefined],
])('tenant header %j stands for %j', (header, tenant) => {
  expect(parseTenant(header)).toBe(tenant)
})

type Row = { user_id?: string; tenant?: string; answer: string }

// Acme's record was updated last: the login touched it.
test.each<Row>([
  { user_id: openidAcme.id, answer: openidAcme.id },
  { user_id: openidGlobex.id, answer: openidGlobex.id },
  { user_id: openidAcme.id, tenant: 'acme', answer: openidAcme.id },
  { user_id: openidAcme.id, tenant: 'globex', answer: 'TENANT_MISMATCH' },
  { user_id: openidAcme.id, tenant: '__SYSTEM__', answer: openidAcme.id },
  { user_id: openidAcme.id, tenant: 'not a tenant', answer: openidAcme.id },
  { user_id: openidAdmin.id, answer: 'USER_ID_MISMATCH' },
  { user_id: openidAdmin.id, tenant: 'globex', answer: 'USER_ID_MISMATCH' },
  { answer: openidAcme.id },
  { tenant: 'globex', answer: openidGlobex.id },
  { tenant: 'elsewhere', answer: 'USER_NOT_FOUND' },
  { user_id: 'no-object-id', answer: openidAcme.id },
  { user_id: 'f'.repeat(24), answer: openidAcme.id },
  { user_id: 'f'.repeat(24), tenant: 'globex', answer: openidGlobex.id },
])('who is refreshed: $user_id in $tenant', async ({ user_id, tenant, answer }) => {
  const backend = await testBackend()
  const { refreshToken: refresh_token } = await backend.loginOpenid('openidAcme')
  const response = await openidRefresh(
    backend,
    { refresh_token, user_id },
    tenant === undefined ? {} : { 'X-Tenant-Id': tenant },
  )
  const body = await response.json()
  expect(response.status).toBe(body.user ? 200 : 401)
  expect(body.user?.id ?? body.error_code).toBe(answer)
  expect(backend.log.presentations[0]).toMatchObject({
    tenant,
    spent: true,
    outcome: body.user ? 'ok-rotated' : 'rejected',
  })
})

test('the newest record wins, whichever it is', async () => {
  const backend = await testBackend()
  const { refreshToken: refresh_token } = await backend.loginOpenid('openidAcme')
  backend.operator.touchUser('openidGlobex')
  expect((await (await openidRefresh(backend, { refresh_token })).json()).user.id).toBe(openidGlobex.id)
})

test('a record with another issuer is another user; one without an issuer belongs to the configured one', async () => {
  const backend = await testBackend()
  const login = async () => ({
    refresh_token: (await backend.loginOpenid('openidAdmin')).refreshToken,
    user_id: openidAdmin.id,
  })
  const first = await login()
  backend.operator.updateUser('openidAdmin', { openidIssuer: undefined })
  expect((await openidRefresh(backend, first)).status).toBe(200)
  const second = await login()
  backend.operator.updateUser('openidAdmin', { openidIssuer: 'https://other.example' })
  expect(await statusAndBody(openidRefresh(backend, second))).toEqual([
    401,
    expect.objectContaining({ error_code: 'USER_ID_MISMATCH' }),
  ])
})

test('strict isolation: without a tenant the lookup throws, after the token was spent', async () => {
  const backend = await testBackend({ strictTenant: true })
  const { refreshToken: refresh_token } = await backend.loginOpenid('openidAcme')
  expect(await statusAndBody(openidRefresh(backend, { refresh_token }))).toEqual([
    500,
    expect.objectContaining({ error_code: 'INTERNAL_ERROR' }),
  ])
  expect(backend.log.presentations[0]).toMatchObject({ outcome: 'unknown-to-client', spent: true })
  const again = await backend.loginOpenid('openidAcme')
  expect(
    (await openidRefresh(backend, { refresh_token: again.refreshToken }, { 'X-Tenant-Id': 'acme' })).status,
  ).toBe(200)
})

test('the cookie route scopes by tenant too', async () => {
  const backend = await testBackend()
  const { cookie } = await backend.loginLocal(tenantAdmin.email, password)
  const refresh = async (tenant: string) =>
    (
      await send(`${backend.url}/api/auth/refresh`, {
        method: 'POST',
        headers: { Cookie: cookie, 'X-Tenant-Id': tenant },
      })
    ).status
  expect(await refresh('acme')).toBe(200)
  expect(await refresh('globex')).toBe(302)
  backend.knobs.strictTenant = true
  expect((await cookieRefresh(backend, cookie)).status).toBe(403)
  expect(await refresh('acme')).toBe(200)
})
