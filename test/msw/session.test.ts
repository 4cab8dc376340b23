import { describe, expect, test } from 'vitest'
import { createSession } from 'xstate-session'
import { cookieStrategy, openidStrategy } from 'xstate-session/librechat'
import { origin, servedBackend } from './backend.ts'

const { backend, clock } = servedBackend()

describe('a session against the mock backend', () => {
  const opened = (provider: 'openid' | 'librechat') => {
    const session = createSession({
      baseUrl: origin,
      clock,
      strategies: { openid: openidStrategy(), librechat: cookieStrategy() },
    })
    session.login(backend.issueLogin({ provider }), { provider })
    return session
  }

  test.each(['openid', 'librechat'] as const)(
    '%s: a dead bearer costs ten callers one refresh (C5)',
    async (provider) => {
      const session = opened(provider)
      // A refresh has its least distance from the login; a local token changes by the second.
      clock.advance(60_000)
      backend.expireBearers()
      const answers = await Promise.all(Array.from({ length: 10 }, () => session.fetch('/api/admin/users')))
      expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200))
      expect(backend.presentations).toMatchObject([{ status: 200 }])
      expect(session.getSnapshot()).toMatchObject({ state: 'active', version: 2 })
      session.dispose()
    },
  )

  test('a revoked admin is logged out, with the reason', async () => {
    const session = opened('librechat')
    clock.advance(60_000)
    backend.expireBearers()
    backend.revoke()
    await session.fetch('/api/admin/users').catch(() => {})
    expect(session.getSnapshot()).toMatchObject({ state: 'expired', reason: 'refreshRejected' })
    session.dispose()
  })
})
