import { delay, HttpResponse, http } from 'msw'
import { setupServer } from 'msw/node'
import { expect, onTestFinished, test } from 'vitest'
import { cookieStrategy } from '../../src/librechat/cookieStrategy.ts'
import { openidStrategy } from '../../src/librechat/openidStrategy.ts'
import { attempt, TOKEN } from '../strategies/attempt.ts'

// An import by name would have taken `request` before MSW replaces it.
test('MSW sees a refresh, although it goes out on a connection of its own', async () => {
  const server = setupServer(
    http.post('https://chat.example/api/admin/oauth/refresh', async ({ request }) => {
      const body = (await request.json()) as { refresh_token: string }
      return HttpResponse.json({ token: body.refresh_token, refreshToken: 'R2' })
    }),
    http.post('https://chat.example/api/auth/refresh', ({ cookies }) =>
      HttpResponse.json({ token: cookies.refreshToken }, { headers: { 'set-cookie': 'refreshToken=R2' } }),
    ),
  )
  server.listen({ onUnhandledFrame: 'error' })
  onTestFinished(() => server.close())
  const renewed = { kind: 'ok', bearer: TOKEN, refreshToken: 'R2' }
  expect(await openidStrategy().refresh(attempt())).toMatchObject(renewed)
  expect(await cookieStrategy().refresh(attempt())).toMatchObject(renewed)
})

test('failures that MSW plays: an error is unknown, a handler that hangs is a connection that never stands', async () => {
  const controller = new AbortController()
  let answer = async (): Promise<Response> => HttpResponse.error()
  const server = setupServer(http.post('https://chat.example/api/admin/oauth/refresh', () => answer()))
  server.listen({ onUnhandledFrame: 'error' })
  onTestFinished(() => server.close())
  const refresh = () => openidStrategy().refresh(attempt({ signal: controller.signal }))
  expect(await refresh()).toEqual({ kind: 'unknown', cause: 'network', answered: false })
  answer = async () => {
    setImmediate(() => controller.abort())
    await delay('infinite')
    return HttpResponse.json({})
  }
  // MSW lets a socket connect when its handler has answered. Whoever plays a lost answer injects `fetch`.
  expect(await refresh()).toEqual({ kind: 'refused', cause: 'network' })
})
