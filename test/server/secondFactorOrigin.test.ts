import { expect, test } from 'vitest'
import { world } from './world.ts'

const tom = { email: 'tom@local.example', password: 'demo-password' }

test.each([
  ['that knows only its own pages', ['https://chat.example.com']],
  ['that knows this panel, too', ['https://chat.example.com', 'https://admin.example']],
  ['that knows nobody', []],
])('U19: a login with a second factor passes a same-origin guard %s', async (_, trustedOrigins) => {
  const { serve, backend } = await world()
  backend.knobs.trustedOrigins = trustedOrigins
  const { page } = serve()
  expect(await (await page.post('/session/login', tom)).json()).toMatchObject({ next: 'twoFactor' })
  expect((await page.post('/session/login/next', { code: '123456' })).status).toBe(200)
  const logins = backend.log.requests.filter(({ path }) => /login\/local|verify-temp/.test(path))
  expect(logins.map(({ origin }) => origin)).toEqual([undefined, undefined])
})
