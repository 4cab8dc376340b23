import { expect, test } from 'vitest'
import { librechatLogin } from 'xstate-session/librechat-login'
import { createSessionServer } from 'xstate-session/server'

test.each([
  ['/', '/session'],
  ['/', '/session/'],
  ['/panel/', '/panel/session'],
  ['/panel/', '/panel/session/'],
])('U79: a server below %s answers at %s', async (base, path) => {
  const server = createSessionServer({
    publicUrl: `https://admin.example${base}`,
    secrets: ['s'.repeat(32)],
    logins: { librechat: librechatLogin({ baseUrl: 'http://librechat.example' }) },
  })
  const answer = await server.handle(new Request(`https://admin.example${path}`))
  expect([answer.status, await answer.json()]).toEqual([401, { error: 'no_session' }])
})
