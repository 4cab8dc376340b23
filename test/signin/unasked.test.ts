import { expect, test } from 'vitest'
import { LoginFailed } from 'xstate-session'
import type { LoginPage } from '../../src/signin/loginPage.ts'
import { createUnasked } from '../../src/signin/unasked.ts'

/** Pages of one tab, one after the other: they share what the tab remembers. */
function tab() {
  const memory = new Map<string, string>()
  let now = 0
  const pass = (ms: number) => {
    now += ms
  }
  const page = (app = 'app') =>
    createUnasked(
      {
        recall: (key) => memory.get(key),
        remember: (key, value) => void (value === undefined ? memory.delete(key) : memory.set(key, value)),
      } as LoginPage,
      app,
      () => now,
    )
  return { memory, page, pass }
}

const failed = (reason: string) => expect.objectContaining({ reason, returnTo: '/here' })

test('a tab begins two logins that nobody asked for, and no third until somebody asks or one has lasted', () => {
  const { page, pass } = tab()
  page().begin('/here')
  page().begin('/here')
  pass(3_600_000)
  expect(() => page().begin('/here')).toThrow(failed('too_many_logins'))
  page('other').begin('/here')
  page().asked()
  page().begin('/here')
})

test('logins that end well count for a minute each', () => {
  const { page, pass } = tab()
  page().begin('/here')
  page().ended()
  pass(1_000)
  page().begin('/here')
  page().ended()
  pass(58_999)
  expect(() => page().begin('/here')).toThrow(failed('too_many_logins'))
  pass(1)
  page().begin('/here')
  page().ended()
  expect(() => page().begin('/here')).toThrow(failed('too_many_logins'))
})

test('after a failure only the user begins a login, in that page', () => {
  const { page } = tab()
  const one = page()
  one.ended(new LoginFailed('not_admitted'))
  expect(() => one.begin('/here')).toThrow(expect.objectContaining({ reason: 'not_admitted' }))
  one.ended(new TypeError('x'))
  expect(() => one.begin('/here')).toThrow(expect.objectContaining({ reason: 'invalid_answer' }))
  page().begin('/here')
  one.ended()
  one.begin('/here')
})

test.each(['unknown_attempt', 'attempt_expired', 'invalid_request_uri', 'key_lost'])(
  'a fresh login mends %s, at most twice',
  (reason) => {
    const one = tab().page()
    for (let n = 0; n < 2; n++) {
      one.begin('/here')
      one.ended(new LoginFailed(reason))
    }
    expect(() => one.begin('/here')).toThrow(expect.objectContaining({ reason }))
  },
)

test('L38: after a logout at the provider the user begins', () => {
  const { page } = tab()
  page().signedOut()
  expect(() => page().begin('/here')).toThrow(failed('signed_out'))
  page().asked()
  page().begin('/here')
})

test('L60: a tab tries one silent login, until somebody asks', () => {
  const { page } = tab()
  expect([page().silent(), page().silent(), page('other').silent()]).toEqual([true, false, true])
  page().asked()
  expect(page().silent()).toBe(true)
})

test.each(['{', 'null', '{}', '{"begunAt":1}', '[]'])(
  'what the tab remembers may be anything: %s',
  (text) => {
    const { memory, page } = tab()
    memory.set('app-unasked', text)
    page().begin('/here')
    expect(JSON.parse(memory.get('app-unasked') ?? '')).toEqual({ begunAt: [0], isOver: false })
  },
)

test('without storage nobody can count, so nothing begins', () => {
  const nowhere = createUnasked({ recall: () => undefined, remember: () => {} } as never, 'app', () => 0)
  expect(() => nowhere.begin('/here')).toThrow(failed('storage_unavailable'))
  expect(nowhere.silent()).toBe(false)
})
