// @vitest-environment jsdom
import { expect, onTestFinished, test } from 'vitest'
import {
  createSession,
  type RefreshOutcome,
  type ResendPolicy,
  type RevokeRequest,
  type SessionOptions,
  type SessionStrategy,
} from 'xstate-session'
import { browserOptions } from 'xstate-session/browser'
import { fakeClock } from '../fakeClock.ts'
import { ada, BASE_URL, flush, HOUR, LIFE, openid } from './fixture.ts'

/** A strategy as somebody writes one who likes classes: all of it is on the prototype. */
class OwnStrategy implements SessionStrategy {
  #ended: (string | undefined)[] = []
  get needsRefreshToken() {
    return true
  }
  get resend(): ResendPolicy {
    return 'never'
  }
  async refresh(): Promise<RefreshOutcome> {
    return { kind: 'unknown', cause: 'network', answered: this.#ended.length > 9 }
  }
  async revoke({ refreshToken }: RevokeRequest) {
    this.#ended.push(refreshToken)
    return true
  }
  ended() {
    return this.#ended
  }
}

test.each([
  ['a session', (options: SessionOptions) => options],
  ['a session in a browser', (options: SessionOptions) => browserOptions({ ...options, idleAfterMs: HOUR })],
])('U31: %s keeps every method of a strategy that is an instance of a class', async (_, optionsOf) => {
  const strategy = new OwnStrategy()
  const clock = fakeClock()
  const session = createSession(
    optionsOf({ baseUrl: BASE_URL, strategies: { openid: strategy }, clock, random: () => 0 }),
  )
  onTestFinished(() => session.dispose())
  const login = () =>
    session.login({ token: 'B1', refreshToken: 'R1', user: ada, expiresAt: clock.wall() + LIFE }, openid)
  await login()
  await session.logout()
  expect(strategy.ended()).toEqual(['R1'])
  await login()
  clock.advance(LIFE)
  await flush()
  // What its policy says.
  expect(session.getSnapshot()).toMatchObject({ state: 'expired', reason: 'refreshOutcomeUnknown' })
})
