import { describe, expect, test } from 'vitest'
import {
  memoryStore,
  type RefreshOutcome,
  type ResendPolicy,
  type SessionRecord,
  sessionStore,
} from 'xstate-session'
import { fakeClock } from '../fakeClock.ts'
import { ada, error, flush, LEAD, LIFE, MINUTE, SECOND, start, stubStrategy } from './fixture.ts'

const answered: RefreshOutcome = { kind: 'unknown', cause: 'refreshFailed', answered: true }
const silent: RefreshOutcome = { kind: 'unknown', cause: 'network', answered: false }
const consumed: RefreshOutcome = { kind: 'unknown', cause: 'consumed', answered: true, consumed: true }
const rejected: RefreshOutcome = { kind: 'rejected', reason: 'refreshRejected' }

/** A session in a store, whose process ends and is started again as often as the test likes. */
async function restartable(resend?: ResendPolicy) {
  const clock = fakeClock()
  const store = memoryStore()
  const strategy = stubStrategy(resend && { resend })
  const begin = () => start({ clock, store, strategy, refresh: 'onDemand' })
  let running = begin()
  await flush()
  await running.login()
  return {
    clock,
    store,
    strategy,
    running: () => running,
    async restart() {
      running.session.dispose()
      running = begin()
      await flush()
      return running
    },
    /** A caller asks, once `ms` have passed. */
    async ask(ms: number) {
      await running.pass(ms)
      const asked = running.session.getToken().catch((failure: unknown) => failure)
      return Promise.race([asked, flush()])
    },
    record: async () => (await store.read()) as SessionRecord,
  }
}

describe('U36: a doubt survives a restart', () => {
  test('U36: of a process that dies after each send, the backend gets four answered sends and no fifth', async () => {
    const { ask, restart, strategy, running } = await restartable()
    strategy.always(answered)
    await ask(LIFE - LEAD)
    for (let i = 0; i < 12; i++) {
      await restart()
      await ask(i === 0 ? MINUTE : 2 * MINUTE)
    }
    expect(strategy.sent()).toEqual(['R1', 'R1', 'R1', 'R1'])
    expect(running().session.getSnapshot()).toMatchObject({ state: 'expired', reason: 'refreshRejected' })
  })

  test('U36: it is retrying, serves the good bearer, and sends nothing while that lives', async () => {
    const { ask, restart, strategy, record } = await restartable()
    strategy.always(silent)
    await ask(LIFE - LEAD)
    expect((await record()).doubt).toMatchObject({ sends: 1, answers: 0 })
    const { session, state } = await restart()
    expect(state()).toBe('retrying')
    expect(await session.getToken()).toBe('B1')
    await ask(LEAD - 2 * SECOND)
    expect(strategy.sent()).toEqual(['R1'])
  })

  test('U36: the wait after a send that nobody answered goes on', async () => {
    const { ask, restart, strategy, running } = await restartable()
    strategy.always(silent)
    await ask(LIFE)
    expect(strategy.sent()).toEqual(['R1'])
    await restart()
    await ask(5 * SECOND)
    expect(strategy.sent()).toEqual(['R1'])
    await ask(6 * SECOND)
    expect(strategy.sent()).toEqual(['R1', 'R1'])
    expect(running().state()).toBe('retrying')
  })

  test('U60: what nobody answered ends no session, however often its process is started again', async () => {
    const { ask, restart, strategy, running } = await restartable()
    strategy.always(silent)
    await ask(LIFE)
    for (let i = 0; i < 20; i++) {
      await restart()
      await ask(7 * MINUTE)
    }
    expect(running().state()).toBe('retrying')
    strategy.always(running().ok())
    expect(await ask(7 * MINUTE)).toBe('B2')
  })

  test('U36: a renewal leaves no doubt behind', async () => {
    const { ask, strategy, running, record } = await restartable()
    strategy.always(answered)
    await ask(LIFE)
    strategy.always(running().ok())
    await ask(MINUTE)
    expect(await record()).toMatchObject({ version: 2, refreshToken: 'R2' })
    expect(await record()).not.toHaveProperty('doubt')
  })
})

describe('U37: a token that is known to be dead', () => {
  test.each([
    ['rejected', rejected, 'refreshRejected'],
    ['consumed', consumed, 'refreshOutcomeUnknown'],
  ] as const)(
    'U37: one that was %s is not sent after a restart, and why is told',
    async (_, outcome, reason) => {
      const { ask, restart, strategy, running } = await restartable()
      strategy.always(outcome)
      await ask(LIFE)
      const { session } = await restart()
      await running().pass(MINUTE)
      await expect(session.getToken()).rejects.toMatchObject(error('session_expired', { reason }))
      expect(strategy.sent()).toEqual(['R1'])
    },
  )
})

describe('U36: a row that is damaged', () => {
  test.each<[string, unknown]>([
    ['a text', 'doubt'],
    ['a number', 7],
    ['a list', []],
    ['an empty object', {}],
    ['sends that are none', { sends: -1 }],
    ['an instant that is a text', { since: 'long ago' }],
    ['an end that nobody knows', { closed: 'whatever' }],
    ['a wait that is NaN', { notBefore: NaN }],
  ])(
    'U36: %s loses nothing: the bearer is served, and then the token is sent as one in doubt',
    async (_, row) => {
      const clock = fakeClock()
      const sound = {
        sends: 1,
        since: 0,
        answers: 0,
        answeredSince: 8.64e15,
        sentAt: 0,
        notBefore: 0,
        heldUntil: 0,
      }
      const isPart = typeof row === 'object' && row !== null && Object.keys(row).length > 0
      const record = {
        v: 1,
        epoch: 1,
        version: 1,
        provider: 'openid',
        user: ada,
        bearer: 'B1',
        refreshToken: 'R1',
        startedAt: clock.wall(),
        endsAt: clock.wall() + LIFE,
        lifeMs: LIFE,
        doubt: isPart ? { ...sound, ...row } : row,
      } as unknown as SessionRecord
      const store = sessionStore({ read: async () => record, compareAndSet: async () => true })
      const started = start({ clock, store, refresh: 'onDemand' })
      await flush()
      expect(await started.session.getToken()).toBe('B1')
      await started.pass(LIFE - LEAD)
      expect(await started.session.getToken()).toBe('B1')
      expect(started.strategy.sent()).toEqual([])
      started.strategy.always(started.ok())
      await started.pass(LEAD)
      expect(await started.session.getToken()).toBe('B2')
    },
  )
})
