// @vitest-environment jsdom
import { describe, expect, test } from 'vitest'
import type { ExpiredReason, LoggedOutReason } from 'xstate-session'
import { SessionProvider, useSession, useUser } from 'xstate-session/react'
import { createFakeSession, type FakeSessionOptions } from 'xstate-session/testing'
import { open, settle } from '../react/page.tsx'

const now = Date.UTC(2026, 0, 1)
const expired = {
  refreshRejected: 1,
  refreshUnsupported: 1,
  refreshOutcomeUnknown: 1,
  notRefreshable: 1,
  missingCredential: 1,
  accessRevoked: 1,
  identityMismatch: 1,
  keyLost: 1,
  stepUpRequired: 1,
  idle: 1,
  absoluteLifetime: 1,
  unusableLifetime: 1,
  internal: 1,
} satisfies Record<ExpiredReason, 1>
const loggedOut = { user: 1, elsewhere: 1, backChannel: 1, never: 1 } satisfies Record<LoggedOutReason, 1>

const every: FakeSessionOptions[] = [
  { state: 'active' },
  { state: 'nearingExpiry' },
  { state: 'refreshing' },
  { state: 'refreshing', isUsable: false },
  { state: 'retrying' },
  { state: 'retrying', isUsable: false },
  ...Object.keys(expired).map((reason) => ({ state: 'expired', reason: reason as ExpiredReason }) as const),
  ...Object.keys(loggedOut).map(
    (reason) => ({ state: 'loggedOut', reason: reason as LoggedOutReason }) as const,
  ),
]

describe('a fake session', () => {
  test.each(every)('is where it is told to be: %j', async (options) => {
    const session = createFakeSession({ ...options, now })
    const { state, reason, isUsable, isAuthenticated } = session.getSnapshot()
    const isLive = options.state !== 'expired' && options.state !== 'loggedOut'
    expect({ state, reason }).toEqual({ state: options.state, reason: isLive ? null : options.reason })
    expect(isAuthenticated).toBe(isLive)
    expect(isUsable).toBe(isLive && !('isUsable' in options))
    expect(session.actorRef.getSnapshot().value).toBe(options.state)
    // And there it stays.
    await new Promise((resolve) => setImmediate(resolve))
    expect(session.getSnapshot().state).toBe(options.state)
    session.dispose()
  })

  test('has a default for every reason', () => {
    expect(createFakeSession({ state: 'expired' }).getSnapshot().reason).toBe('refreshRejected')
    expect(createFakeSession({ state: 'loggedOut' }).getSnapshot().reason).toBe('never')
  })

  test.each([
    { state: 'nope' },
    { state: 'nearingExpiry', expiresInMs: Infinity },
    { state: 'nearingExpiry', expiresInMs: 40 * 86_400_000 },
    { state: 'refreshing', isUsable: false, reason: 'idle' },
    { state: 'active', reason: 'idle' },
    { state: 'loggedOut', isPending: true, reason: 'user' },
    { state: 'expired', isUsable: true },
  ])('is refused where no session is so: %j', (options) => {
    expect(() => createFakeSession({ ...options, now } as FakeSessionOptions)).toThrow(/^No session is /)
  })

  test.each([0, -1, Number.NaN])('has a bearer that lives: not %d ms', (expiresInMs) => {
    expect(() => createFakeSession({ state: 'active', expiresInMs, now })).toThrow('"expiresInMs" is above 0')
  })

  test('may be waiting to know', () => {
    const session = createFakeSession({ state: 'loggedOut', isPending: true })
    expect(session.getSnapshot()).toMatchObject({ state: 'loggedOut', isPending: true })
  })

  test('has the instants that it is told', () => {
    const facts = (options: FakeSessionOptions) => createFakeSession({ ...options, now }).getSnapshot()
    expect(facts({ state: 'active', expiresInMs: 90_000, idleInMs: 60_000 })).toMatchObject({
      expiresAt: now + 90_000,
      idleEndsAt: now + 60_000,
    })
    expect(facts({ state: 'nearingExpiry', idleInMs: 5_000 })).toMatchObject({
      state: 'nearingExpiry',
      expiresAt: now + 25_000,
      idleEndsAt: now + 5_000,
    })
    expect(facts({ state: 'retrying', retryInMs: 12_000 }).retryAt).toBe(now + 12_000)
    expect(facts({ state: 'active', user: { id: 'grace' }, provider: 'librechat' })).toMatchObject({
      user: { id: 'grace' },
      provider: 'librechat',
    })
  })

  test('answers its calls without a network, and as the state says', async () => {
    const ok = createFakeSession({ state: 'active', fetch: async () => Response.json(['ada']) })
    expect(await (await ok.fetch('/api/admin/users')).json()).toEqual(['ada'])
    expect(await ok.getToken()).toBe('fake')
    await expect(createFakeSession({ state: 'expired', reason: 'idle' }).getToken()).rejects.toMatchObject({
      code: 'session_expired',
      reason: 'idle',
    })
    const dead = createFakeSession({ state: 'retrying', isUsable: false, retryInMs: 60_000, now })
    await expect(dead.fetch('/')).rejects.toMatchObject({
      code: 'refresh_unavailable',
      retryAt: now + 60_000,
    })
  })

  test('lives on from there: the user stays, logs out, logs in', async () => {
    const session = createFakeSession({ state: 'nearingExpiry' })
    const told: string[] = []
    session.subscribe(({ state }) => told.push(state))
    await session.refresh({ by: 'user' })
    expect(session.getSnapshot()).toMatchObject({ state: 'active', version: 2 })
    await session.logout()
    expect(session.getSnapshot()).toMatchObject({ state: 'loggedOut', reason: 'user' })
    await session.login({ token: 't', user: { id: 'grace' } }, { provider: 'openid' })
    expect(session.getSnapshot()).toMatchObject({ state: 'active', user: { id: 'grace' } })
    expect(told).toContain('active')
  })

  test('shows in React', async () => {
    function Name() {
      const { state } = useSession()
      return <p>{`${useUser()?.name} ${state}`}</p>
    }
    const session = createFakeSession({ state: 'refreshing' })
    const shown = await open(
      <SessionProvider session={session}>
        <Name />
      </SessionProvider>,
    )
    expect(shown.text()).toBe('Ada Lovelace refreshing')
    await settle(() => session.logout())
    expect(shown.text()).toBe('undefined loggedOut')
  })
})
