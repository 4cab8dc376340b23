import { expect, test } from 'vitest'
import { createProviderStore } from '../../examples/backend/provider/adapter.ts'
import { openidRefresh, testBackend } from './harness.ts'

test('it does not forget', async () => {
  const store = createProviderStore()
  const tokens = store.adapter('RefreshToken')
  for (let index = 0; index < 5000; index += 1)
    await tokens.upsert(`t${index}`, { grantId: `g${index}` }, 3600)
  expect(await tokens.find('t0')).toEqual({ grantId: 'g0' })
  expect(store.count('RefreshToken')).toBe(5000)
})

test('entries expire, and models are apart', async () => {
  let time = 0
  const store = createProviderStore({ now: () => time })
  await store.adapter('AccessToken').upsert('one', { jti: 'one' }, 10)
  expect(await store.adapter('RefreshToken').find('one')).toBeUndefined()
  time = 9_999
  expect(await store.adapter('AccessToken').find('one')).toEqual({ jti: 'one' })
  time = 10_000
  expect(await store.adapter('AccessToken').find('one')).toBeUndefined()
  expect(store.count('AccessToken')).toBe(0)
})

test('consume marks, with a grace window for refresh tokens only', async () => {
  let time = 5000
  let graceMs = 0
  const store = createProviderStore({ now: () => time, reuseGraceMs: () => graceMs })
  for (const model of ['RefreshToken', 'AuthorizationCode']) {
    await store.adapter(model).upsert('one', {}, 60)
    await store.adapter(model).consume('one')
    expect(await store.adapter(model).find('one')).toEqual({ consumed: 5 })
  }
  graceMs = 1000
  time = 5999
  expect(await store.adapter('RefreshToken').find('one')).toEqual({})
  expect(await store.adapter('AuthorizationCode').find('one')).toEqual({ consumed: 5 })
  await store.adapter('RefreshToken').consume('one')
  time = 6000
  expect(await store.adapter('RefreshToken').find('one')).toHaveProperty('consumed')
})

test("a grant takes all its tokens along, and nobody else's", async () => {
  const store = createProviderStore()
  await store.adapter('Grant').upsert('g1', { accountId: 'olga' }, 60)
  await store.adapter('Grant').upsert('g2', { accountId: 'olga' }, 60)
  await store.adapter('Grant').upsert('g3', { accountId: 'udo' }, 60)
  for (const grantId of ['g1', 'g2', 'g3']) {
    await store.adapter('RefreshToken').upsert(`r-${grantId}`, { grantId }, 60)
    await store.adapter('AccessToken').upsert(`a-${grantId}`, { grantId }, 60)
  }
  await store.adapter('Interaction').upsert('i1', { grantId: 'g1' }, 60)
  await store.adapter('RefreshToken').revokeByGrantId('g1')
  expect(store.count('Interaction')).toBe(1)
  expect(store.count('RefreshToken')).toBe(2)
  expect(store.count('AccessToken')).toBe(2)
  expect(store.revokeAccount('olga')).toBe(2)
  expect(await store.adapter('RefreshToken').find('r-g2')).toBeUndefined()
  expect(await store.adapter('Grant').find('g2')).toBeUndefined()
  expect(await store.adapter('RefreshToken').find('r-g3')).toBeDefined()
})

test('lookups by uid and user code follow destroy and replacement', async () => {
  const store = createProviderStore()
  const sessions = store.adapter('Session')
  await sessions.upsert('s1', { uid: 'u1' }, 60)
  await sessions.upsert('s2', { uid: 'u1' }, 60)
  await sessions.destroy('s1')
  expect(await sessions.findByUid('u1')).toEqual({ uid: 'u1' })
  await sessions.destroy('s2')
  expect(await sessions.findByUid('u1')).toBeUndefined()
  const codes = store.adapter('DeviceCode')
  await codes.upsert('d1', { userCode: 'ABCD' }, 60)
  expect(await codes.findByUserCode('ABCD')).toEqual({ userCode: 'ABCD' })
  await codes.destroy('d1')
  expect(await codes.findByUserCode('ABCD')).toBeUndefined()
})

test('a stored entry is not changed through what was handed in or out', async () => {
  const tokens = createProviderStore().adapter('RefreshToken')
  const payload = { accountId: 'olga' }
  await tokens.upsert('one', payload, 60)
  payload.accountId = 'udo'
  const found = await tokens.find('one')
  if (found) found.accountId = 'udo'
  expect(await tokens.find('one')).toEqual({ accountId: 'olga' })
})

test('a session that rotated hundreds of times lives on', async () => {
  const backend = await testBackend()
  const { refreshToken, user } = await backend.loginOpenid('openidAdmin')
  const quiet = await backend.loginOpenid('openidAcme')
  let current = refreshToken
  for (let turn = 0; turn < 350; turn += 1) {
    const answer = await (await openidRefresh(backend, { refresh_token: current, user_id: user.id })).json()
    current = answer.refreshToken
  }
  // Some 1050 entries later, the one that nobody used is still there.
  expect(
    (await openidRefresh(backend, { refresh_token: quiet.refreshToken, user_id: quiet.user.id })).status,
  ).toBe(200)
})
