import { describe, expect, test } from 'vitest'
import {
  Disposed,
  LoggedOut,
  memoryStore,
  RefreshUnavailable,
  SessionChanged,
  SessionExpired,
  type SessionRecord,
} from 'xstate-session'
import type { SessionState } from '../../machines/session.select.ts'
import { Alarm } from '../../src/session/alarm.ts'
import { Notifier } from '../../src/session/notifier.ts'
import { replaceStored } from '../../src/session/replaceStored.ts'
import { revoke } from '../../src/session/revoke.ts'
import { Waiters } from '../../src/session/waiters.ts'
import { fakeClock } from '../fakeClock.ts'
import { flush, outcomeOf, start } from './fixture.ts'

test.each([
  [new SessionExpired('idle'), 'session_expired', false, /expired \(idle\).*Log in/],
  [new LoggedOut('never'), 'logged_out', false, /^Nobody is logged in/],
  [new LoggedOut('user'), 'logged_out', false, /logged out \(user\)/],
  [new SessionChanged(), 'session_changed', false, /Another login/],
  [new RefreshUnavailable(7), 'refresh_unavailable', true, /keeps trying/],
  [new Disposed(), 'disposed', false, /disposed/],
])('%s says what happened', (error, code, retryable, message) => {
  expect(error).toMatchObject({ code, retryable })
  expect(error.message).toMatch(message)
})

describe('the alarm', () => {
  test('has one timer for the nearest instant, which keeps a process alive only while somebody waits', () => {
    const clock = fakeClock()
    const rung: string[] = []
    const alarm = new Alarm({ ...clock, now: clock.wall }, { settle: () => rung.push('patience') })
    alarm.remind = ({ type }) => rung.push(type)
    alarm.set('deadline', clock.wall() + 7)
    expect(clock.pending()).toEqual([{ inMs: 7, kind: 'background' }])
    alarm.set('patience', clock.wall() + 9)
    expect(clock.pending()).toEqual([{ inMs: 7, kind: 'foreground' }])
    clock.advance(7)
    expect([rung, clock.pending()]).toEqual([['time.checked'], [{ inMs: 2, kind: 'foreground' }]])
    alarm.set('patience', Infinity)
    expect(clock.pending()).toEqual([])
  })
})

describe('the notifier', () => {
  const states = [{ version: 1 }, { version: 2 }] as unknown as SessionState[]

  function notifying() {
    const reading = { state: states[0] as SessionState }
    const errors: unknown[] = []
    const settings = { observe: undefined, onListenerError: (error: unknown) => errors.push(error) }
    const notifier = new Notifier(settings as never, reading)
    return {
      notifier,
      errors,
      change() {
        reading.state = states[1] as SessionState
        notifier.changed()
        return flush()
      },
    }
  }

  test('needs nobody who observes', async () => {
    const { notifier, errors, change } = notifying()
    notifier.notify({ type: 'refreshed' } as never)
    await change()
    expect(errors).toEqual([])
  })

  test('tells nobody who was unsubscribed a moment before', async () => {
    const { notifier, change } = notifying()
    const told: string[] = []
    let leave = () => {}
    notifier.subscribe(() => {
      told.push('first')
      leave()
    })
    leave = notifier.subscribe(() => told.push('second'))
    await change()
    expect(told).toEqual(['first'])
  })
})

test('all who wait share one promise and one deadline, and ask for the most that one of them asks for', async () => {
  const waiters = new Waiters()
  expect(waiters.waiting()).toBeUndefined()
  const wish = (bearerVersion: number) => ({ epoch: 1, bearerVersion, floorAt: 0, at: 100 })
  const joined = waiters.join(1, 'caller', 8_100, wish(1))
  const others = [waiters.join(1, 'user', 9_000, wish(2)), waiters.join(1, 'caller', 9_000, wish(3))]
  expect(others).toEqual([joined, joined])
  expect(waiters.waiting()).toMatchObject({ epoch: 1, until: 8_100, by: 'user', wish: wish(2) })
  waiters.settle(() => 'B1')
  expect(await joined).toBe('B1')
  expect(waiters.waiting()).toBeUndefined()
})

describe('ending a grant', () => {
  const request = (signal: AbortSignal) => ({ signal }) as never

  test('that the strategy cannot end takes no time, and says so', async () => {
    const clock = fakeClock()
    expect(await revoke({} as never, request, clock, 25_000)).toBe(false)
    expect(clock.pending()).toEqual([])
  })

  test('is tried three times, two seconds apart', async () => {
    const clock = fakeClock()
    let tries = 0
    const strategy = {
      async revoke() {
        tries++
        throw new Error('down')
      },
    }
    const ending = outcomeOf(revoke(strategy as never, request, clock, 25_000))
    for (const expected of [1, 2, 3]) {
      await flush()
      expect(tries).toBe(expected)
      expect(clock.pending().map(({ kind }) => kind)).toEqual(
        expected < 3 ? ['foreground', 'foreground'] : [],
      )
      clock.advance(1_999)
      await flush()
      expect(tries).toBe(expected)
      clock.advance(1)
    }
    await flush()
    expect(ending.value).toBe(false)
  })
})

describe('replacing what is stored', () => {
  const record = { v: 1, epoch: 1, version: 1 } as SessionRecord

  test('is tried five times where peers are always faster, and then told', async () => {
    let tries = 0
    let failures = 0
    const store = { ...memoryStore(), compareAndSet: async () => ++tries === 0 }
    expect(
      await replaceStored(
        store,
        () => failures++,
        () => record,
      ),
    ).toBe(0)
    expect([tries, failures]).toEqual([5, 1])
  })

  test('by nothing writes nothing, and is no failure', async () => {
    let failures = 0
    const store = memoryStore()
    expect(
      await replaceStored(
        store,
        () => failures++,
        () => undefined,
      ),
    ).toBe(0)
    expect([await store.read(), failures]).toEqual([null, 0])
  })
})

test('a session looks for peers only where it has a store', () => {
  const shared = (more: object) => start(more).session.actorRef.getSnapshot().context.shared
  expect([shared({}), shared({ store: memoryStore() })]).toEqual([false, true])
})
