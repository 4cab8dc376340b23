// @vitest-environment jsdom
import fc from 'fast-check'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { bffStrategy, createSession, type Session, type SessionStrategy } from 'xstate-session'
import { browserOptions } from 'xstate-session/browser'
import { createTabs } from '../../src/browser/tabs.ts'
import { fakeClock } from '../fakeClock.ts'
import { flush, MINUTE, SECOND, stubStrategy } from '../session/fixture.ts'
import { dispatchTrusted } from './trusted.ts'

/** Channels within this process, delivered at once, and counted. */
function channels() {
  const open = new Set<FakeChannel>()
  class FakeChannel {
    onmessage: ((event: { data: unknown }) => void) | undefined
    readonly name: string
    constructor(name: string) {
      this.name = name
      open.add(this)
    }
    postMessage(data: unknown) {
      for (const other of open)
        if (other !== this && other.name === this.name) other.onmessage?.({ data: structuredClone(data) })
    }
    close() {
      open.delete(this)
    }
  }
  vi.stubGlobal('BroadcastChannel', FakeChannel)
  onTestFinished(() => void vi.unstubAllGlobals())
  return open
}

/** Locks of this process, one after the other, and who holds or waits. */
function locks() {
  const used = new Set<unknown>()
  let last: Promise<unknown> = Promise.resolve()
  const request = async (_: string, { signal }: { signal: AbortSignal }, task: () => Promise<unknown>) => {
    used.add(task)
    const before = last
    let release = () => {}
    last = new Promise<void>((resolve) => {
      release = resolve
    })
    try {
      await before
      signal.throwIfAborted()
      return await task()
    } finally {
      release()
      used.delete(task)
    }
  }
  Object.defineProperty(navigator, 'locks', { value: { request }, configurable: true })
  onTestFinished(() => void Reflect.deleteProperty(navigator, 'locks'))
  return used
}

const user = { id: 'ada' }

describe('messages of other tabs', () => {
  test('X23: ten thousand of them cost one look, and one more for all that came with it', () => {
    channels()
    const clock = fakeClock()
    const looks: number[] = []
    const stop = createTabs('flood', clock).listen({ changed: () => looks.push(clock.monotonic()) })
    onTestFinished(stop)
    const other = new BroadcastChannel('flood')
    for (let n = 0; n < 10_000; n++) other.postMessage({ v: 1, hint: 'changed' })
    expect(looks).toEqual([0])
    clock.advance(10 * SECOND)
    expect(looks).toEqual([0, 2 * SECOND])
    for (let n = 0; n < 10 * SECOND; n++) {
      other.postMessage({ v: 1, hint: 'changed' })
      clock.advance(1)
    }
    expect(looks.length).toBeLessThanOrEqual(2 + 6)
  })

  test('what cannot be read is worth one look, and what is known by another name is nothing', () => {
    channels()
    const heard: string[] = []
    const stop = createTabs('odd', fakeClock()).listen({
      changed: () => heard.push('changed'),
      active: () => heard.push('active'),
    })
    onTestFinished(stop)
    const other = new BroadcastChannel('odd')
    for (const hint of ['toString', '__proto__', 'renewed', '', 7, null]) other.postMessage({ v: 1, hint })
    expect(heard).toEqual([])
    other.postMessage({ v: 2, hint: 'active' })
    expect(heard).toEqual(['changed'])
  })
})

test('C10: tabs behind a server whose timers ring at the same instant ask it once', async () => {
  channels()
  locks()
  localStorage.clear()
  const clock = fakeClock()
  const asked: string[] = []
  let version = 1
  const facts = () => ({
    user,
    epoch: 1,
    version,
    serverNow: clock.wall(),
    expiresAt: clock.wall() + MINUTE,
  })
  const tabs = Array.from({ length: 5 }, () =>
    createSession(
      browserOptions({
        baseUrl: 'https://admin.example',
        strategies: { server: bffStrategy({ facts: facts() }) },
        clock,
        random: () => 0,
        async fetch(input, init) {
          asked.push(`${init?.method ?? 'GET'} ${new URL(String(input)).pathname}`)
          await flush()
          version++
          return Response.json(facts())
        },
      }),
    ),
  )
  onTestFinished(() => {
    for (const tab of tabs) tab.dispose()
  })
  await flush()
  clock.advance(30 * SECOND)
  for (let turns = 0; turns < 20; turns++) await flush()
  expect(tabs.map((tab) => `${tab.getSnapshot().state} ${tab.getSnapshot().version}`)).toEqual(
    tabs.map(() => 'active 2'),
  )
  expect(asked).toEqual(['POST /session/refresh'])
})

describe('the end', () => {
  type Step = 'start' | 'stop' | 'dispose' | 'login' | 'refresh' | 'logout' | 'pass' | 'press'
  const step = fc.constantFrom<Step>(
    'start',
    'stop',
    'dispose',
    'login',
    'refresh',
    'logout',
    'pass',
    'press',
  )
  const kinds: readonly (readonly [string, () => SessionStrategy])[] = [
    ['its own tokens', () => Object.assign(stubStrategy(), {}).strategy],
    ['a server', () => bffStrategy({ facts: null })],
  ]

  test.each(kinds)(
    'C31: started, used and ended in any order, a page with %s leaves nothing behind',
    async (_, create) => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
          const open = channels()
          const used = locks()
          const clock = fakeClock()
          const sessions: Session[] = []
          const strategy = create()
          const make = () =>
            createSession(
              browserOptions({
                baseUrl: 'https://chat.example',
                strategies: { it: strategy },
                clock,
                random: () => 0,
                fetch: async () => Response.json({ user, epoch: 1, version: 2, serverNow: clock.wall() }),
              }),
            )
          const answer = strategy.keep
            ? { user, epoch: 1, version: 1, serverNow: clock.wall(), expiresAt: clock.wall() + MINUTE }
            : { token: 'B1', refreshToken: 'R1', user, expiresAt: clock.wall() + MINUTE }
          for (const what of steps) {
            const session = sessions.at(-1)
            if (what === 'start') sessions.push(make())
            if (what === 'stop') session?.actorRef.stop()
            if (what === 'dispose') session?.dispose()
            if (what === 'login') await session?.login(answer as never, { provider: 'it' }).catch(() => {})
            if (what === 'refresh') void session?.refresh().catch(() => {})
            if (what === 'logout') void session?.logout()
            if (what === 'pass') clock.advance(20 * SECOND)
            if (what === 'press') dispatchTrusted(document.body, 'keyup')
            await flush()
          }
          for (const session of sessions) session.dispose()
          await flush()
          // What is in the air ends by its own deadline.
          clock.advance(2 * MINUTE)
          await flush()
          clock.advance(2 * MINUTE)
          await flush()
          expect(clock.pending()).toEqual([])
          expect([open.size, used.size]).toEqual([0, 0])
          for (const type of ['online', 'focus', 'storage']) window.dispatchEvent(new Event(type))
          for (const type of ['keydown', 'keyup']) dispatchTrusted(document.body, type)
          document.dispatchEvent(new Event('resume'))
          await flush()
          expect(clock.pending()).toEqual([])
        }),
        { numRuns: 50 },
      )
    },
  )
})

test('a mistake in the options is told by its name', () => {
  const strategies = { it: stubStrategy().strategy }
  const options = { baseUrl: 'https://chat.example', strategies }
  expect(() => browserOptions({ ...options, name: '' })).toThrow('"name"')
  expect(() => browserOptions({ ...options, idleAfterMs: 0 })).toThrow('"idleAfterMs"')
  expect(() => browserOptions({ ...options, vault: 'cookie' as never })).toThrow('"vault"')
  expect(() => browserOptions({ ...options, strategies: { it: bffStrategy() }, vault: 'shared' })).toThrow(
    'bffStrategy',
  )
})
