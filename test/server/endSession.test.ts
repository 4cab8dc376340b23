import { expect, test } from 'vitest'
import { createEndSessionUrls } from '../../src/server/endSessionUrls.ts'
import { world } from './world.ts'

async function logout(more: (providerUrl: string) => object) {
  const { backend, serve } = await world()
  backend.knobs.endSession = true
  const { page } = serve(more(backend.providerUrl))
  await page.navigate('/session/openid/start')
  const answer = await page.post('/session/logout')
  expect([answer.status, page.cookies.size]).toEqual([200, 0])
  return { providerUrl: backend.providerUrl, told: (await answer.json()) as { redirect?: string } }
}

test('a logout leads to the logout of the provider where its origin is allowed', async () => {
  const { told, providerUrl } = await logout((origin) => ({
    openidBackendLogout: true,
    endSessionOrigins: [origin],
  }))
  expect(new URL(told.redirect ?? '').origin).toBe(new URL(providerUrl).origin)
})

test.each([
  ['no origin is allowed', () => ({ openidBackendLogout: true })],
  ['another origin is', () => ({ openidBackendLogout: true, endSessionOrigins: ['https://other.example'] })],
  ['the backend is not to be asked', (origin: string) => ({ endSessionOrigins: [origin] })],
])('it leads nowhere where %s', async (_, more) => {
  expect((await logout(more)).told).toEqual({})
})

test('where nobody waits for it, it is not kept', () => {
  const urls = createEndSessionUrls()
  urls.put('idle', 'https://provider.example/end')
  expect(urls.take('idle')).toBeUndefined()
  urls.ask('user')
  urls.put('user', 'https://provider.example/end')
  expect(urls.take('user')).toBe('https://provider.example/end')
  urls.put('user', 'https://provider.example/late')
  expect(urls.take('user')).toBeUndefined()
})
