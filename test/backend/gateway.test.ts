import { expect, test } from 'vitest'
import { gatewayAnswers } from '../../src/testing/gatewayAnswers.ts'
import { bearer, send, testBackend } from './harness.ts'

test.each(Object.keys(gatewayAnswers) as (keyof typeof gatewayAnswers)[])(
  '%s: the gateway answers, and the backend sees nothing',
  async (mode) => {
    const backend = await testBackend()
    await backend.gateway.set(mode)
    const expected = gatewayAnswers[mode]()
    const answer = await send(`${backend.url}/api/admin/users`, { headers: bearer('x') })
    expect(answer.status).toBe(expected.status)
    for (const [name, value] of expected.headers) expect(answer.headers.get(name)).toBe(value)
    expect(await answer.text()).toBe(await expected.text())
    const turnedAway = [{ path: '/api/admin/users', status: expected.status, attemptId: undefined }]
    expect([backend.gateway.turnedAway, backend.log.requests.length]).toEqual([turnedAway, 0])
    await backend.gateway.set('open')
    expect((await send(`${backend.url}/api/admin/users`)).status).toBe(401)
    expect([backend.gateway.turnedAway, backend.log.requests.length]).toEqual([turnedAway, 1])
  },
)

test('gone: nobody listens, and connections that stood are cut; then somebody does, at the same port', async () => {
  const backend = await testBackend()
  const users = `${backend.url}/api/admin/users`
  const hanging = backend.faults.inject('data', { kind: 'hang' })
  const cut = send(users).catch((error: Error) => (error.cause as { code?: string }).code)
  await expect.poll(() => hanging.hits).toBe(1)
  await backend.gateway.set('gone')
  expect(await cut).toMatch(/UND_ERR_SOCKET|ECONNRESET/)
  const refused = await send(users).catch((error: Error) => (error.cause as { code?: string }).code)
  expect(refused).toBe('ECONNREFUSED')
  await backend.gateway.set('open')
  expect((await send(users)).status).toBe(401)
})

test('slow: passed on after a while', async () => {
  const backend = await testBackend()
  await backend.gateway.set('slow', { delayMs: 50 })
  const before = performance.now()
  expect((await send(`${backend.url}/api/admin/users`)).status).toBe(401)
  expect(performance.now() - before).toBeGreaterThan(45)
})

test('a restart ends by itself, unless something else is set meanwhile', async () => {
  const backend = await testBackend()
  const restarted = backend.gateway.restart(20)
  expect(backend.gateway.mode).toBe('badGateway')
  await restarted
  expect(backend.gateway.mode).toBe('open')
  const again = backend.gateway.restart(20, 'gone')
  await backend.gateway.set('noRouter')
  await again
  expect(backend.gateway.mode).toBe('noRouter')
})
