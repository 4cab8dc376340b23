import { createSession, type SessionOptions, type SessionStrategy } from 'xstate-session'
import { LIFE_SECONDS, type Peer, type Start, type World } from './peer.ts'

/** A running session whose strategy is nothing but the refresh of `world`. */
export function openSession(world: World, start: Start, options: Partial<SessionOptions> = {}) {
  const bench: SessionStrategy = {
    needsRefreshToken: true,
    refresh: async () => ({
      kind: 'ok',
      bearer: await world.refresh(),
      refreshToken: 'next',
      life: { expiresIn: LIFE_SECONDS },
    }),
  }
  const session = createSession({
    baseUrl: world.baseUrl,
    strategies: { bench },
    refresh: 'onDemand',
    ...(world.send !== globalThis.fetch && { fetch: world.send }),
    ...options,
  })
  // Without a store a login takes effect at once.
  void session.login(
    { token: start.token, refreshToken: 'first', user: { id: 'u1' }, expiresAt: start.endsAt },
    { provider: 'bench' },
  )
  return session
}

export const ours: Peer = {
  name: 'xstate-session',
  open(world, start) {
    const session = openSession(world, start)
    return { fetch: session.fetch, token: session.getToken, stop: session.dispose }
  },
}
