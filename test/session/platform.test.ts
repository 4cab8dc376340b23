import fc from 'fast-check'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createSession, inProcessCoordinator, memoryStore, type RefreshOutcome } from 'xstate-session'
import { LIFE, loggedIn, MINUTE, stubApi, stubStrategy } from './fixture.ts'

/** Everything of the platform that makes a test depend on the time of day, on chance or on a network. */
const platform = [
  [globalThis, 'setTimeout'],
  [globalThis, 'setInterval'],
  [globalThis, 'fetch'],
  [Date, 'now'],
  [performance, 'now'],
  [Math, 'random'],
  [AbortSignal, 'timeout'],
] as const

describe('what tests depend on', () => {
  test('E9: a session that is given a clock, chance and fetch asks the platform for none of them', async () => {
    const { session, clock, strategy, ok, pass, answer } = await loggedIn({ store: memoryStore() })
    const asked: string[] = []
    const spies = platform.map(([owner, name]) => {
      const object = owner as unknown as Record<string, (...args: unknown[]) => unknown>
      const original = object[name]
      // The runner of the tests has a clock and timers of its own.
      return vi.spyOn(object, name).mockImplementation(function (this: unknown, ...args) {
        if (/\/(src|machines)\//.test(new Error().stack ?? '')) asked.push(name)
        return original?.apply(this, args)
      })
    })
    onTestFinished(() => {
      for (const spy of spies) spy.mockRestore()
    })
    const shared = createSession({
      baseUrl: 'https://chat.example/',
      strategies: { openid: strategy.strategy },
      fetch: stubApi().fetch,
      clock,
      random: () => 0,
      coordinator: inProcessCoordinator({ clock }),
    })
    await shared.login(answer(), { provider: 'openid' })
    strategy.always(() => ok())
    await pass(LIFE - MINUTE / 4)
    await session.getToken()
    await session.fetch('/api/users')
    await shared.getToken()
    await session.logout()
    shared.dispose()
    session.dispose()
    expect(strategy.attempts.length).toBeGreaterThan(0)
    expect(asked).toEqual([])
  })

  test('E10: in whatever order the mocks answer, the same calls are served', async () => {
    const CALLS = 5
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        let answer = () => ({ kind: 'refused', cause: 'network' }) as RefreshOutcome
        const strategy = stubStrategy({ refresh: () => scheduler.schedule(Promise.resolve(answer())) })
        const api = stubApi(async (_, index) => {
          await scheduler.schedule(Promise.resolve())
          // The first answers are those to the ended bearer.
          return new Response('', { status: index < CALLS ? 401 : 200 })
        })
        const { session, clock, ok, notices } = await loggedIn({ strategy, fetch: api.fetch })
        answer = () => ok()
        clock.advance(MINUTE)
        const calls = Array.from({ length: CALLS }, () => session.fetch('/api/users').then((it) => it.status))
        expect(new Set(await scheduler.waitFor(Promise.all(calls)))).toEqual(new Set([200]))
        expect(notices.filter(({ type }) => type === 'refreshSent').length).toBe(1)
        expect(new Set(notices.map(({ type }) => type))).toEqual(new Set(['refreshSent', 'refreshed']))
        session.dispose()
      }),
      { numRuns: 60 },
    )
  })
})
