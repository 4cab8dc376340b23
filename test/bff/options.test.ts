import { describe, expect, test } from 'vitest'
import { type BffSessionOptions, createBffSession } from 'xstate-session/bff'
import { fakeClock } from '../fakeClock.ts'
import { flush } from '../session/fixture.ts'
import { behind } from './fixture.ts'

const made = (options: object) => () => {
  createBffSession({
    baseUrl: 'https://chat.example/',
    fetch: async () => new Response(),
    clock: fakeClock(),
    ...options,
  } as BffSessionOptions).dispose()
}

describe('options that cannot work are refused by name', () => {
  test.each([
    ['ftp://chat.example/'],
    ['xhttp://chat.example/'],
    ['httpsx://chat.example/'],
    ['https://ada@chat.example/'],
    ['https://:secret@chat.example/'],
    ['https://chat.example/?page=1'],
    ['https://chat.example/#top'],
    ['/panel'],
    [''],
  ])('the baseUrl %j', (baseUrl) => {
    expect(made({ baseUrl })).toThrow('"baseUrl"')
  })

  test.each([['https://elsewhere.example/session'], ['//elsewhere.example'], ['session?x'], ['session#x']])(
    'the path %j',
    (path) => {
      expect(made({ path })).toThrow('"path"')
    },
  )

  test.each(['attemptTimeoutMs', 'patienceMs'])('a wait without an end, or with none to come: %s', (name) => {
    for (const ms of [0, -1, Number.NaN, Infinity, 2 ** 31, '1000'])
      expect(made({ [name]: ms })).toThrow(`"${name}"`)
    for (const ms of [1, 2 ** 31 - 1]) expect(made({ [name]: ms })).not.toThrow()
  })

  test.each(['idleTimeoutMs', 'absoluteLifetimeMs', 'leadTimeMs'])(
    'a limit that is over at once: %s',
    (name) => {
      const signals = () => () => {}
      for (const ms of [0, -1, Number.NaN, '1000']) expect(made({ signals, [name]: ms })).toThrow(`"${name}"`)
      expect(made({ signals, [name]: 1 })).not.toThrow()
    },
  )

  test('a policy that there is not', () => {
    for (const refresh of ['eager', 'onDemand', 'prompt']) expect(made({ refresh })).not.toThrow()
    expect(made({ refresh: 'always' })).toThrow('"refresh"')
  })

  test('an idle limit where nobody reports what the user does', () => {
    expect(made({ idleTimeoutMs: 1_000 })).toThrow('"idleTimeoutMs"')
    expect(made({ idleTimeoutMs: Infinity })).not.toThrow()
  })

  test('a page, a recorder and facts that are none', () => {
    expect(made({ page: {} })).toThrow('"page"')
    expect(made({ recorder: {} })).toThrow('"recorder"')
    expect(made({ facts: { user: { id: 'ada' } } })).toThrow('"facts"')
  })

  test.each([
    ['user', {}],
    ['login', 'short'],
    ['login', 1],
    ['login', ['a'.repeat(8)]],
    ['login', 'a b'.repeat(5)],
    ['login', 'a'.repeat(129)],
    ['epoch', '5'],
    ['version', 1.5],
    ['expiresAt', null],
    ['serverNow', undefined],
  ])('facts of a page with the %s %j', (name, value) => {
    const facts = { user: { id: 'ada' }, login: 'a'.repeat(8), epoch: 5, version: 1, serverNow: 0 }
    expect(made({ facts })).not.toThrow()
    expect(made({ facts: { ...facts, [name]: value } })).toThrow('"facts"')
  })

  test('but what is undefined is left out', () => {
    expect(made({ path: undefined, refresh: undefined, patienceMs: undefined })).not.toThrow()
  })
})

test.each([
  [{}, 'https://chat.example/session'],
  [{ baseUrl: 'https://chat.example/panel' }, 'https://chat.example/panel/session'],
  [{ baseUrl: 'https://chat.example/panel/', path: '/auth/' }, 'https://chat.example/auth'],
  [{ baseUrl: 'https://chat.example/panel', path: 'auth' }, 'https://chat.example/panel/auth'],
  [{ baseUrl: 'https://chat.example/panel/', path: 'auth/' }, 'https://chat.example/panel/auth'],
  [{ path: 'auth' }, 'https://chat.example/auth'],
  [{ path: '/auth/' }, 'https://chat.example/auth'],
])('the endpoints of %j are at %s', async (options, url) => {
  const { api } = behind(options)
  await flush()
  expect(api.calls[0]?.url).toBe(url)
})
