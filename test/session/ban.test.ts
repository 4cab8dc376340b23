import { expect, onTestFinished, test } from 'vitest'
import { createSession, type SessionNotice } from 'xstate-session'
import { openidStrategy } from 'xstate-session/librechat'
import { testBackend } from '../backend/harness.ts'
import { fakeClock } from '../fakeClock.ts'
import { flush, LEAD, MINUTE } from './fixture.ts'

/** An OpenID admin at the reference backend; time passes for both in steps of five seconds. */
async function loggedIn() {
  const backend = await testBackend()
  const clock = fakeClock(backend.now())
  const notices: SessionNotice[] = []
  const session = createSession({
    baseUrl: backend.url,
    strategies: { openid: openidStrategy() },
    clock,
    refresh: 'onDemand',
    observe: (notice) => notices.push(notice),
  })
  onTestFinished(() => session.dispose())
  await session.login(await backend.loginOpenid('openidAdmin'), { provider: 'openid' })
  return {
    backend,
    session,
    async pass(ms: number) {
      for (let left = ms; left > 0; left -= 5_000) {
        backend.advance(5_000)
        clock.advance(5_000)
        await flush()
        // Somebody is at work, and waits for nothing.
        session.fetch('/api/admin/users').then(
          (answer) => answer.body?.cancel(),
          () => {},
        )
        for (const before = backend.log.requests.length; session.getSnapshot().state === 'refreshing'; )
          await new Promise((resolve) => setImmediate(resolve, before))
      }
    },
    causes: () =>
      notices.flatMap((notice) =>
        notice.type === 'refreshDeferred' ? [`${notice.outcome} ${notice.cause}`] : [],
      ),
    presented: () => backend.log.presentations.map(({ outcome }) => outcome),
  }
}

test('U20: a ban of the address for twenty minutes ends no session, is told apart, and is asked about every five minutes', async () => {
  const { backend, session, pass, causes, presented } = await loggedIn()
  backend.knobs.banned = true
  await pass(15 * MINUTE - LEAD + 20 * MINUTE)
  expect(session.getSnapshot().isAuthenticated).toBe(true)
  expect(new Set(causes())).toEqual(new Set(['refused banned']))
  expect(presented().length).toBeLessThanOrEqual(5)
  backend.knobs.banned = false
  await pass(6 * MINUTE)
  expect(session.getSnapshot()).toMatchObject({ state: 'active', isUsable: true })
  expect(presented().at(-1)).toBe('ok-rotated')
})

test('U20: a ban of the user, found after the grant, is held alike; what the backend then says of the token ends it', async () => {
  const { backend, session, pass, causes, presented } = await loggedIn()
  backend.operator.updateUser('openidAdmin', { isBanned: true })
  await pass(15 * MINUTE)
  expect(causes()[0]).toBe('refused banned')
  expect(presented()[0]).toBe('unknown-to-client')
  expect(session.getSnapshot().isAuthenticated).toBe(true)
  // The provider has rotated the token: whoever sends it again is told so, by the backend itself.
  await pass(10 * MINUTE)
  expect(causes()).toContain('unknown refreshFailed')
})
