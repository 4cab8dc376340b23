import { describe, expect, test } from 'vitest'
import { createBffSession } from 'xstate-session/bff'
import { fakeClock } from '../fakeClock.ts'
import { ada, flush, outcomeOf, stubApi } from '../session/fixture.ts'
import { loginOf } from './fixture.ts'

const facts = { user: ada, login: loginOf('A'), epoch: 5, version: 2, serverNow: 0, expiresAt: 1_000 }

/** As a module makes it that the server of a page loads, too: nobody says what the page's origin is. */
function rendered(given?: typeof facts | null) {
  const clock = fakeClock()
  const api = stubApi(() => new Response('{}'))
  const session = createBffSession({
    ...(given !== undefined && { facts: given }),
    clock,
    fetch: api.fetch,
    signals: () => expect.unreachable('there is nobody to hear'),
  })
  return { clock, api, session }
}

describe('U80: where there is no page, and no `baseUrl`', () => {
  test.each([
    ['its facts', facts, { state: 'active', isAuthenticated: true, version: 2 }],
    ['that nobody is logged in', null, { state: 'loggedOut', reason: 'never', isPending: false }],
    ['that it is not known', undefined, { isPending: true }],
  ])('a session shows %s, and neither sends nor sets a timer', async (_, given, state) => {
    const { clock, api, session } = rendered(given)
    expect(session.getSnapshot()).toMatchObject(state)
    await flush()
    clock.advance(60_000)
    await flush()
    expect(session.getSnapshot()).toMatchObject(state)
    expect(api.calls).toEqual([])
    expect(clock.pending()).toEqual([])
    expect(session.clock.now()).toBe(clock.wall())
  })

  test('what needs the page is refused, and says what to give', async () => {
    const { session } = rendered(facts)
    const calls: Record<string, () => Promise<unknown>> = {
      fetch: () => session.fetch('/api/x'),
      login: () => session.login({ email: '', password: '' }),
      secondFactor: () => session.secondFactor({ code: '' }),
      loginWithRedirect: () => session.loginWithRedirect(),
      refresh: () => session.refresh(),
      look: () => session.look(),
      url: async () => session.url('/api/x'),
    }
    for (const [name, call] of Object.entries(calls)) {
      const outcome = outcomeOf(call())
      await flush()
      expect(outcome.error).toMatchObject({
        code: 'misconfigured',
        message: expect.stringMatching(new RegExp(`session\\.${name}\\b.*baseUrl`)),
      })
    }
    await session.logout()
  })
})
