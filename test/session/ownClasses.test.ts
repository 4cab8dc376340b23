// @vitest-environment jsdom
import { expect, onTestFinished, test } from 'vitest'
import {
  type Clock,
  type Coordinator,
  createSession,
  inProcessCoordinator,
  memoryStore,
  type RefreshOutcome,
  type ResendPolicy,
  type RevokeRequest,
  type SessionOptions,
  type SessionStoreCalls,
  type SessionStrategy,
  sessionStore,
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

class OwnClock implements Clock {
  #clock = fakeClock()
  wall() {
    return this.#clock.wall()
  }
  monotonic() {
    return this.#clock.monotonic()
  }
  setTimer(...timer: Parameters<Clock['setTimer']>) {
    return this.#clock.setTimer(...timer)
  }
}

class OwnStore implements SessionStoreCalls {
  #store = memoryStore()
  read() {
    return this.#store.read()
  }
  compareAndSet(...change: Parameters<SessionStoreCalls['compareAndSet']>) {
    return this.#store.compareAndSet(...change)
  }
}

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

test('U31: nor do a clock, a store and a coordinator lose theirs', async () => {
  const [clock, store, coordinator] = [new OwnClock(), sessionStore(new OwnStore()), new OwnCoordinator()]
  const strategies = { openid: new OwnStrategy() }
  const session = createSession({ baseUrl: BASE_URL, strategies, clock, store, coordinator })
  onTestFinished(() => session.dispose())
  await flush()
  await session.login({ token: 'B1', refreshToken: 'R1', user: ada, expiresAt: clock.wall() + LIFE }, openid)
  expect(await session.getToken()).toBe('B1')
  await session.logout()
  expect([await store.read(), coordinator.ended]).toMatchObject([{ ended: true }, 1])
})
