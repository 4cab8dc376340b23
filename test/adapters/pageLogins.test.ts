import { describe, expect, expectTypeOf, test } from 'vitest'
import { createSession, LoginFailed } from 'xstate-session'
import type { Logins } from 'xstate-session/oauth'
import { type PageLogins, reactAdminAuthProvider } from 'xstate-session/react-admin'
import { refineAuthProvider } from 'xstate-session/refine'
import { requireSession } from 'xstate-session/tanstack-router'

/** A page whose logins are of a provider. */
function page(fails?: string) {
  const asked: unknown[] = []
  const session = createSession({
    baseUrl: 'http://panel.example',
    strategies: {
      keycloak: { needsRefreshToken: true, refresh: async () => ({ kind: 'refused', cause: 'network' }) },
    },
  })
  const logins: PageLogins = {
    async signIn(provider, options) {
      asked.push([provider, options])
      if (fails) throw new LoginFailed(fails)
    },
    async handleCallback() {
      const answer = { token: 'bearer', refreshToken: 'refresh', expiresIn: 600, user: { id: 'ada' } }
      await session.login(answer, { provider: 'keycloak' })
      return { returnTo: '/users' }
    },
  }
  return { session, at: { logins, provider: 'keycloak' }, logins, asked }
}

test('what createLogins makes is what the adapters take', () => {
  expectTypeOf<Logins<'keycloak'>>().toExtend<PageLogins>()
})

describe('react-admin', () => {
  test('a login leaves for the provider, and its callback leads to where it began', async () => {
    const { session, at, asked } = page()
    const authProvider = reactAdminAuthProvider(session, { login: at })
    expect(await authProvider.login({ redirectTo: '/users' })).toEqual({ redirectTo: false })
    expect(asked).toEqual([['keycloak', { returnTo: '/users' }]])
    await expect(authProvider.checkAuth()).rejects.toThrow()
    expect(await authProvider.handleCallback?.()).toEqual({ redirectTo: '/users' })
    await authProvider.checkAuth()
    expect((await authProvider.getIdentity()).id).toBe('ada')
  })

  test('a form logs in as before, and has no callback; a provider that is away is told', async () => {
    const { session, at } = page('provider_unavailable')
    expect(reactAdminAuthProvider(session, { login: async () => 1 })).not.toHaveProperty('handleCallback')
    const failed = reactAdminAuthProvider(session, { login: at }).login({})
    await expect(failed).rejects.toMatchObject({ reason: 'provider_unavailable' })
  })
})

test('refine: a login leaves for the provider; one that cannot begin is told', async () => {
  const { session, at, asked } = page()
  expect(await refineAuthProvider(session, { login: at, homePath: '/home' }).login({})).toEqual({
    success: true,
  })
  expect(asked).toEqual([['keycloak', { returnTo: '/home' }]])
  const away = page('provider_unavailable')
  expect(await refineAuthProvider(away.session, { login: away.at }).login({})).toMatchObject({
    success: false,
    error: { message: 'The login has failed (provider_unavailable).' },
  })
})

describe('TanStack Router', () => {
  const location = { href: '/users?page=2' }
  const toLogin = (returnTo: string) => ({ login: returnTo })

  test('a guarded route begins a login and shows nothing meanwhile', async () => {
    const { session, at, asked } = page()
    let isOver = false
    void requireSession(session, { toLogin, signIn: at })({ location }).finally(() => {
      isOver = true
    })
    await expect.poll(() => asked).toEqual([['keycloak', { returnTo: location.href, isUnasked: true }]])
    expect(isOver).toBe(false)
  })

  test('L9: a login that comes to nothing, and a user who has logged out, are shown the login page', async () => {
    const failing = page('too_many_logins')
    const guard = requireSession(failing.session, { toLogin, signIn: failing.at })
    await expect(guard({ location })).rejects.toEqual({ login: location.href })
    const { session, at, logins, asked } = page()
    await logins.handleCallback()
    await requireSession(session, { toLogin, signIn: at })({ location })
    await session.logout()
    const left = requireSession(session, { toLogin, signIn: at })({ location })
    await expect(left).rejects.toEqual({ login: location.href })
    expect(asked).toEqual([])
  })
})
