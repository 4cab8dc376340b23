import { describe, expect, test } from 'vitest'
import { createActor } from 'xstate'
import { createSession, createSessionLogic, inProcessCoordinator, memoryStore } from 'xstate-session'
import { browserOptions, browserSignals } from 'xstate-session/browser'
import { systemClock } from '../../src/base/clock.ts'
import { lifeOf } from '../../src/session/lifetime.ts'
import { readOptions, type SessionOptions } from '../../src/session/options.ts'
import { BASE_URL, error, stubStrategy } from './fixture.ts'

const { strategy } = stubStrategy()
const coordinator = inProcessCoordinator({ hash: (text) => text })
const store = memoryStore()
const LONGEST = 2 ** 31 - 1

const read = (more: object = {}) =>
  readOptions({ baseUrl: BASE_URL, strategies: { openid: strategy }, ...more } as SessionOptions)

describe('what cannot work is refused, by name and with what it must be', () => {
  const wait = `milliseconds above 0 and at most ${LONGEST}`
  const lifetime = 'milliseconds above 0'
  const url = 'an absolute http(s) URL without user, query and fragment'
  const strategies = 'an object with a strategy for each provider'
  const factory = 'the result of its factory'
  const ownStore = `a store: ${factory}, or sessionStore({ read, compareAndSet })`
  const waits = ['leadTimeMs', 'patienceMs', 'attemptTimeoutMs'].flatMap((name) =>
    [0, -1, NaN, Infinity, LONGEST + 1, '8000', null].map((value) => [name, value, wait] as const),
  )
  const lifetimes = ['lifetimeMs', 'maxLifetimeMs', 'idleTimeoutMs', 'absoluteLifetimeMs'].flatMap((name) =>
    [0, -1, NaN, '8000', null].map((value) => [name, value, lifetime] as const),
  )
  test.each([
    ...waits,
    ...lifetimes,
    ['refresh', 'sometimes', '"eager", "onDemand" or "prompt"'],
    ['expiresAtUnit', 'minutes', '"auto", "ms", "seconds" or "iso"'],
    ['strategies', undefined, strategies],
    ['strategies', null, strategies],
    ['strategies', {}, strategies],
    ['store', {}, ownStore],
    ['store', { read: store.read }, ownStore],
    ['store', { read: store.read, compareAndSet: store.compareAndSet }, ownStore],
    ['store', memoryStore, ownStore],
    ['coordinator', {}, `a coordinator: ${factory}`],
    ['coordinator', { run: coordinator.run }, `a coordinator: ${factory}`],
    ['coordinator', { end: coordinator.end }, `a coordinator: ${factory}`],
    ...['fetch', 'random', 'signals', 'observe', 'onListenerError'].flatMap((name) =>
      [null, {}, 'fetch'].map((value) => [name, value, 'a function'] as const),
    ),
    ...[null, {}, Date, { ...systemClock, setTimer: undefined }].map(
      (value) => ['clock', value, 'a clock: an object with "wall", "monotonic" and "setTimer"'] as const,
    ),
    ['allowedOrigins', 'https://files.example', 'a list of origins'],
    ['allowedOrigins', ['https://files.example', 'files.example'], url],
    ['baseUrl', undefined, `${url}. It is undefined: set the environment variable that it comes from.`],
    ['baseUrl', '/api', url],
    ['baseUrl', 'ftp://chat.example', url],
    ['baseUrl', 'web+http://chat.example', url],
    ['baseUrl', 'https://user@chat.example', url],
    ['baseUrl', 'https://:pass@chat.example', url],
    ['baseUrl', 'https://chat.example?a=b', url],
    ['baseUrl', 'https://chat.example#a', url],
  ] as const)('%s: %j', (name, value, what) => {
    expect(() => read({ [name]: value })).toThrow(
      expect.objectContaining(
        error('misconfigured', {
          message: `Option "${name}" must be ${what}${what.endsWith('.') ? '' : '.'}`,
        }),
      ),
    )
  })

  test.each([null, {}, () => strategy])('a provider with %j for its strategy', (wrong) => {
    expect(() => read({ strategies: { openid: strategy, saml: wrong } })).toThrow(
      'Option "strategies.saml" must be a strategy: the result of its factory.',
    )
  })
})

describe('what works is taken as it is', () => {
  test.each([
    ['refresh', ['eager', 'onDemand', 'prompt']],
    ['expiresAtUnit', ['auto', 'ms', 'seconds', 'iso']],
    ['leadTimeMs', [1, LONGEST]],
    ['patienceMs', [1, LONGEST]],
    ['attemptTimeoutMs', [1, LONGEST]],
    ['lifetimeMs', [1, LONGEST + 1, Infinity]],
    ['maxLifetimeMs', [1, LONGEST + 1, Infinity]],
    ['idleTimeoutMs', [1, LONGEST + 1, Infinity]],
    ['absoluteLifetimeMs', [1, LONGEST + 1, Infinity]],
    ['store', [store]],
    ['coordinator', [coordinator]],
  ])('%s: %j', (name, values) => {
    for (const value of values)
      expect(read({ signals: () => () => {}, [name]: value })).toMatchObject({ [name]: value })
  })

  test.each([
    ['https://chat.example', 'https://chat.example/'],
    ['https://chat.example/', 'https://chat.example/'],
    ['http://chat.example:8080/chat', 'http://chat.example:8080/chat/'],
    ['http://chat.example:8080/chat/', 'http://chat.example:8080/chat/'],
  ])('paths resolve against a base of %s', (baseUrl, base) => {
    expect(read({ baseUrl })).toMatchObject({ baseUrl: base, origin: new URL(base).origin })
  })

  test('the bearer goes to the origin of the base, and to those that are allowed', () => {
    const { origins } = read({ allowedOrigins: ['https://files.example/some/path', 'http://localhost:3000'] })
    expect([...origins]).toEqual(['https://chat.example', 'https://files.example', 'http://localhost:3000'])
  })
})

test.each([
  {},
  Object.fromEntries(['refresh', 'leadTimeMs', 'clock', 'store'].map((name) => [name, undefined])),
])('what is not given, or given as undefined, has its default: %j', (more) => {
  expect(read(more)).toMatchObject({
    refresh: 'eager',
    leadTimeMs: 30_000,
    patienceMs: 8_000,
    attemptTimeoutMs: 25_000,
    lifetimeMs: Infinity,
    maxLifetimeMs: 24 * 60 * 60_000,
    idleTimeoutMs: Infinity,
    absoluteLifetimeMs: Infinity,
    expiresAtUnit: 'auto',
    allowedOrigins: [],
    clock: systemClock,
    random: Math.random,
    onListenerError: console.error,
    origins: ['https://chat.example'],
  })
})

describe('U49: a limit of absence, and nobody who tells of presence', () => {
  const limit = { idleTimeoutMs: 30 * 60_000 }
  const given = { baseUrl: BASE_URL, strategies: { openid: strategy } }
  const refusal = expect.objectContaining(
    error('misconfigured', {
      message: expect.stringMatching(/"idleTimeoutMs" needs "signals".*browserOptions/),
    }),
  )

  test('is refused by createSession, and by createSessionLogic', () => {
    expect(() => createSession({ ...given, ...limit })).toThrow(refusal)
    expect(() => createSessionLogic({ ...given, ...limit })).toThrow(refusal)
  })

  test('is refused in the input of an actor', () => {
    const actor = createActor(createSessionLogic(given), { input: limit })
    const errors: unknown[] = []
    actor.subscribe({ error: (reason) => errors.push(reason) })
    actor.start()
    expect(errors).toEqual([refusal])
  })

  test('is taken with whoever tells, and without a limit nobody has to', () => {
    const signals = () => () => {}
    expect(read({ ...limit, signals })).toMatchObject({ ...limit, signals })
    expect(read({ ...limit, signals: browserSignals() })).toMatchObject(limit)
    // A page that is rendered on a server.
    expect(read(browserOptions({ ...given, ...limit }))).toMatchObject(limit)
    expect(read({ idleTimeoutMs: Infinity })).toMatchObject({ idleTimeoutMs: Infinity })
  })
})

test.each([
  [60_000, 30_000, 30_000],
  [30_000, 60_000, 30_000],
  [Infinity, 30_000, Infinity],
])(
  'U49: a life of %d ms where an answer tells none, and none above %d ms, is one of %d ms',
  (lifetimeMs, maxLifetimeMs, expected) => {
    const settings = read({ lifetimeMs, maxLifetimeMs })
    expect(lifeOf('opaque', {}, 0, true, settings, () => {})).toBe(expected)
  },
)
