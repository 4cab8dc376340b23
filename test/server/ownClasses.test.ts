import { expect, test } from 'vitest'
import { type Coordinator, inProcessCoordinator } from 'xstate-session'
import { world } from './world.ts'

class OwnCoordinator implements Coordinator {
  #coordinator = inProcessCoordinator()
  ended = 0
  run(...flight: Parameters<Coordinator['run']>) {
    return this.#coordinator.run(...flight)
  }
  end(...identity: Parameters<Coordinator['end']>) {
    this.ended++
    this.#coordinator.end(...identity)
  }
}

test('U31: a coordinator that is an instance of a class keeps its methods on a server, too', async () => {
  const coordinator = new OwnCoordinator()
  const { serve, backend, pass } = await world()
  const { page } = serve({ coordinator })
  await page.openid()
  pass(14.8 * 60_000)
  expect((await page.get('/api/admin/users')).status).toBe(200)
  expect(backend.log.presentations).toHaveLength(1)
  expect((await page.post('/session/logout')).status).toBe(200)
  expect((await page.get('/session/')).status).toBe(401)
  expect(coordinator.ended).toBe(1)
})
